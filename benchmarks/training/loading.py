"""The loader of a case, what it is to hit as simulated, and what it did hit."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import cachetools
import numpy as np
import torch
from torch.utils import data

from simcache import order
from simcache.loader import Deal, Loader, deal, simulate_loader
from simcache.policies import Hits
from simcache.torch import (
    FIFOCacheDecorator,
    LFUCacheDecorator,
    LRUCacheDecorator,
    RRCacheDecorator,
    cached_loader,
)

from .cases import POLICIES, Case
from .sources import Augmented, Sample, Source

SEED = 1
DECORATORS = {
    "lru": LRUCacheDecorator, "lfu": LFUCacheDecorator, "fifo": FIFOCacheDecorator, "rr": RRCacheDecorator,
}  # fmt: skip


class Machine(NamedTuple):
    """What trains, and how many load for it."""

    device: str
    workers: int


class Simulated(NamedTuple):
    """What a case is to do."""

    dealt: Deal
    shape: Loader
    hits: Hits  # aligned with `dealt`


class Opened(NamedTuple):
    """A loader, and a function that says its hits and its late accesses."""

    loader: Any
    counted: Callable[[], tuple[int, int]]


class Private(data.Dataset[Sample]):
    """A data set with a cache in each worker; counts what each loads in memory that they share."""

    def __init__(self, source: Source, policy: str, capacity: int, workers: int) -> None:
        self.source = source
        self.loads = torch.zeros(workers, dtype=torch.int64).share_memory_()
        self._cached = DECORATORS[policy](capacity)(self._load)

    def __len__(self) -> int:
        return len(self.source.dataset)

    def __getitem__(self, index: int) -> Sample:
        return self.source.augment(self._cached(index))

    def _load(self, index: int) -> Sample:
        self.loads[data.get_worker_info().id] += 1
        return self.source.dataset[index]


def plain(source: Source, dataset: Any, sampler: Any, machine: Machine) -> data.DataLoader[Any]:
    """A loader as training would have it."""
    return data.DataLoader(
        dataset,
        source.batch,
        sampler=sampler,
        num_workers=machine.workers,
        persistent_workers=True,
        multiprocessing_context="fork",  # none of them touches an accelerator
        pin_memory=machine.device == "cuda",
        worker_init_fn=seeded,
        generator=torch.Generator().manual_seed(SEED),
    )


def ordered(source: Source, name: str) -> data.RandomSampler:
    """The order of a case, the same each time."""
    generator = torch.Generator().manual_seed(SEED)
    return data.RandomSampler(source.dataset, name == "with replacement", generator=generator)


def seeded(worker: int) -> None:
    """What cachetools draws from, in each worker."""
    random.seed(SEED + worker)


def capacities(case: Case, source: Source, machine: Machine) -> tuple[int, int]:
    """How many caches there are, and how many items each holds: the same number in all."""
    count = max(1, round(case.fraction * len(source.dataset)))
    if case.sharing == "private":
        return machine.workers, max(1, count // machine.workers)
    return (1, count) if case.sharing else (0, 0)


def simulated(case: Case, source: Source, machine: Machine, epochs: int) -> Simulated:
    """What is to hit, access by access."""
    trace = order.of(plain(source, source.dataset, ordered(source, case.order), machine), epochs)
    shape = Loader(source.batch, machine.workers, persistent_workers=True)
    dealt = deal(trace, shape)
    _, capacity = capacities(case, source, machine)
    if case.method == "none":
        hits = np.zeros(len(trace), np.bool_)
    elif (case.method, case.sharing) == ("rr", "private"):
        hits = replayed(dealt, machine.workers, capacity)
    else:
        shared = "worker" if case.sharing == "private" else "rank"
        hits = simulate_loader(trace, shape, POLICIES[case.method], capacity, shared=shared)
    return Simulated(dealt, shape, hits)


def replayed(dealt: Deal, workers: int, capacity: int) -> Hits:
    """Random replacement with cachetools' own draws, which are Python's, seeded in each worker."""
    hits = np.zeros(dealt.ids.size, np.bool_)
    for worker in range(workers):
        cache = cachetools.RRCache(capacity, choice=random.Random(SEED + worker).choice)
        for place in np.flatnonzero(dealt.worker == worker).tolist():
            hits[place] = (item := int(dealt.ids[place])) in cache
            if not hits[place]:
                cache[item] = True
    return hits


def opened(case: Case, source: Source, machine: Machine, epochs: int) -> Opened:
    """The loader of a case, its caches empty."""
    sampler = ordered(source, case.order)
    _, capacity = capacities(case, source, machine)
    if case.method == "none":
        return Opened(plain(source, Augmented(source), sampler, machine), lambda: (0, 0))
    if case.sharing == "private":
        dataset = Private(source, case.method, capacity, machine.workers)
        accesses = epochs * len(source.dataset)
        return Opened(plain(source, dataset, sampler, machine), lambda: (accesses - int(dataset.loads.sum()), 0))
    loader = cached_loader(
        plain(source, source.dataset, sampler, machine),
        capacity,
        epochs,
        policy=POLICIES[case.method],
        transform=source.augment,
    )
    return Opened(loader, lambda: (loader.dataset.cache_info().hits, loader.dataset.cache_info().late))
