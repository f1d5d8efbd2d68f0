"""What things cost on this machine: an item that is loaded, that is cached, that is made ready; a step."""

from statistics import median
from time import perf_counter
from typing import Any

from torch.utils import data

from simcache.torch import cached_loader

from .loading import Machine, Private, plain
from .running import Training, started
from .sources import Augmented, Source, alike

TIMES = 8


def costs(network: str, source: Source, machine: Machine) -> dict[str, float]:
    """Seconds an item, and a step; to be measured in turns with the runs that they are for.

    Those of loading are of loaders of the runs' own shape that nothing holds up, all their workers at work. Passes are
    sequential: each worker meets the items that it met before, so the second hits in a private cache too.
    """
    items = len(source.dataset)
    order = data.SequentialSampler(source.dataset)
    shared = plain(source, source.dataset, order, machine)
    passes = {
        "t_miss": _last_pass(plain(source, Augmented(source), order, machine), 1),
        "t_shared": _last_pass(cached_loader(shared, items, 2, policy="fifo", transform=source.augment), 2),
        "t_private": _last_pass(plain(source, Private(source, "fifo", items, machine.workers), order, machine), 2),
    }
    prep = _prepared(source)
    each = {name: max(0.0, seconds * machine.workers / items - prep) for name, seconds in passes.items()}
    return {**each, "t_prep": prep, "t_step": _step(network, source, machine)}


def _last_pass(loader: Any, passes: int) -> float:
    started(loader)
    for _ in range(passes):
        start = perf_counter()
        for _ in loader:
            pass
    return perf_counter() - start


def _prepared(source: Source) -> float:
    samples = [source.dataset[k] for k in range(min(source.batch, len(source.dataset)))]
    taken = []
    for _ in range(TIMES):
        start = perf_counter()
        data.default_collate([source.augment(sample) for sample in samples])
        taken.append(perf_counter() - start)
    return median(taken) / len(samples)


def _step(network: str, source: Source, machine: Machine) -> float:
    """Of a batch that is there already, the first steps left out."""
    training = Training(network, source.side, machine.device)
    batch = [it.pin_memory() if machine.device == "cuda" else it for it in alike(source)]
    taken = []
    for _ in range(2 + TIMES):
        start = training.settled()
        training.step(*batch)
        taken.append(training.settled() - start)
    return median(taken[2:])
