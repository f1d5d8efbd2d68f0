"""What things cost on this machine: an item that is loaded, that is cached, that is made ready; a step."""

from statistics import median
from time import perf_counter
from typing import Any

from torch.utils import data

from simcache.torch import cached_loader

from .loading import Machine, Private, plain
from .running import Training
from .sources import Augmented, Source, alike

PASSES, STEPS = 3, 8


def loading(source: Source, machine: Machine) -> dict[str, float]:
    """Seconds an item, of loaders of the runs' own shape that nothing holds up: all their workers at work.

    Sequential passes: each worker meets in each the items that it met before, so the second hits in a private cache.
    """
    items = len(source.dataset)
    order = data.SequentialSampler(source.dataset)
    shared = plain(source, source.dataset, order, machine)
    every = {
        "miss": plain(source, Augmented(source), order, machine),
        "shared": cached_loader(shared, items, 1 + PASSES, policy="fifo", transform=source.augment),
        "private": plain(source, Private(source, "fifo", items, machine.workers), order, machine),
    }
    each = {name: _drained(loader) * machine.workers / items for name, loader in every.items()}
    prep = _prepared(source)
    return {"t_prep": prep} | {f"t_{name}": max(0.0, seconds - prep) for name, seconds in each.items()}


def step(network: str, source: Source, machine: Machine) -> float:
    """Seconds a batch that is there already, the first steps left out."""
    training = Training(network, source.side, machine.device)
    batch = [it.pin_memory() if machine.device == "cuda" else it for it in alike(source)]
    taken = []
    for _ in range(2 + STEPS):
        start = training.settled()
        training.step(*batch)
        taken.append(training.settled() - start)
    return median(taken[2:])


def _drained(loader: Any) -> float:
    """Seconds of a pass, once workers are started and caches full."""
    taken = []
    for _ in range(1 + PASSES):
        start = perf_counter()
        for _ in loader:
            pass
        taken.append(perf_counter() - start)
    return median(taken[1:])


def _prepared(source: Source) -> float:
    samples = [source.dataset[k] for k in range(min(source.batch, len(source.dataset)))]
    taken = []
    for _ in range(STEPS):
        start = perf_counter()
        data.default_collate([source.augment(sample) for sample in samples])
        taken.append(perf_counter() - start)
    return median(taken) / len(samples)
