"""What the live cache costs, and how close it comes to what was simulated: python benchmarks/live_cache.py.

Each row is a ratio of two things measured in turns in one run, or a share, or milliseconds: best against best, median
against median, and the quartiles of single rounds. What is slow sleeps, so loads cost no processor. Starting workers
stays in, once a run. Needs the extra torch; writes results/live_cache.csv and .json.
"""

import json
import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import _machine
import numpy as np
import pandas as pd
import torch
from _timing import clocked, in_turns
from _traces import QUICK, ROOT
from torch.utils import data

from simcache import Trace, simulate, synth
from simcache.files import replacing
from simcache.loader import Costs, Loader, deal, plan, timing
from simcache.torch import CachedDataset, cached_loader

FOLDER = ROOT / "results" / ("quick" if QUICK else "")
SMALLER = 20 if QUICK else 1
ROUNDS = 1 if QUICK else 5
BATCH, SHAPE = 64, (3, 224, 224)
FORK = multiprocessing.get_context("fork")


class Slow(data.Dataset[torch.Tensor]):
    """Small samples that take a while."""

    def __init__(self, n_items: int, seconds: float) -> None:
        self.n_items, self.seconds = n_items, seconds

    def __len__(self) -> int:
        return self.n_items

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(self.seconds)
        return torch.full((16,), index)


class Images(data.Dataset[Any]):
    """Images in memory, alone or each with its label."""

    def __init__(self, n_items: int, labelled: bool) -> None:
        self.images = np.random.default_rng(0).integers(256, size=(n_items, *SHAPE), dtype=np.uint8)
        self.labelled = labelled

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        image = torch.from_numpy(self.images[index])
        return (image, index) if self.labelled else image


def row(what: str, unit: str, bound: str, ours: Sequence[float], theirs: Sequence[float] = ()) -> dict[str, Any]:
    """A line of the table: what we took over what others took, round by round, or what we took alone."""
    each = [a / b for a, b in zip(ours, theirs, strict=True)] if theirs else list(ours)
    best, middle = (min(ours), median(ours)) if not theirs else (min(ours) / min(theirs), median(ours) / median(theirs))
    low, high = np.quantile(each, [0.25, 0.75]).tolist()
    spread = {"best": best, "median": middle, "low": low, "high": high, "rounds": len(each)}
    return {"what": what, "unit": unit, "bound": bound, **spread}


def turns(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[list[float], list[float]]:
    """Processor seconds of both, in turns; not of the first round, which may compile.

    The clock on the wall adds 4 ms whenever another process has its turn, and that is twice what a batch takes.
    """

    def of(function: Callable[[], Any]) -> tuple[float, Any]:
        start = process_time()
        result = function()
        return process_time() - start, result

    found = in_turns({"ours": lambda: of(ours), "theirs": lambda: of(theirs)}, rounds + 1, limit_s=600)
    return found["ours"].seconds[1:], found["theirs"].seconds[1:]


def planning() -> Iterator[dict[str, Any]]:
    n, loader = 10_000_000 // SMALLER, Loader(BATCH, 4)
    for trace in (synth.zipf(n // 10, n, 1.0, seed=1), synth.uniform(n // 10, n, seed=1)):
        capacity = trace.n_items // 10
        seconds = turns(
            lambda trace=trace, capacity=capacity: plan(trace, loader, capacity),
            lambda trace=trace, capacity=capacity: simulate(trace, "opt", capacity, bypass=True),
            ROUNDS,
        )
        what = f"planning OPT, {trace.name}, {n:,} accesses, capacity {capacity:,}"
        yield row(what, "of simulate's time", "<= 3", *seconds)


def copies() -> Iterator[dict[str, Any]]:
    n, rounds = 4_000 // SMALLER, 60 * ROUNDS
    drawn = np.random.default_rng(1).integers(n, size=(rounds + 1, BATCH))
    trace = Trace(np.concatenate([np.arange(n), drawn.ravel()]), n)
    for labelled in (False, True):
        dataset, made = Images(n, labelled), plan(trace, Loader(BATCH), n)
        with CachedDataset(dataset, made) as cached:
            accesses = list(made.sampler())
            for start in range(0, n, BATCH):
                cached.__getitems__(accesses[start : min(n, start + BATCH)])
            batches = iter([accesses[n + k * BATCH : n + (k + 1) * BATCH] for k in range(rounds + 1)])
            indices = iter(drawn.tolist())
            seconds = turns(
                lambda batches=batches, cached=cached: len(cached.__getitems__(next(batches))),
                lambda indices=indices, dataset=dataset: len([dataset.images[i].copy() for i in next(indices)]),
                rounds,
            )
            assert cached.cache_info().hits == drawn.size
        kind = "images and labels" if labelled else "images"
        yield row(f"a batch of {BATCH} cached {kind}, drawn from {n:,}", "of plain copies' time", "<= 1.75", *seconds)


def slow(n_items: int, seconds: float) -> data.DataLoader[Any]:
    dataset = Slow(n_items, seconds)
    drawn = data.RandomSampler(dataset, replacement=True, generator=torch.Generator().manual_seed(1))
    return data.DataLoader(
        dataset, BATCH, sampler=drawn, num_workers=4, multiprocessing_context=FORK, persistent_workers=True
    )


def late() -> Iterator[dict[str, Any]]:
    n, epochs, shares = 50_000 // SMALLER, 2, []
    for _ in range(min(3, ROUNDS)):
        loader = cached_loader(slow(n, 0.001), 0.5, epochs)
        with loader.dataset as cached:
            run(loader, epochs)
            info = cached.cache_info()
        assert info.hits + info.late == info.planned == loader.sampler.plan.hits.sum()
        shares.append(info.late / info.planned)
    what = f"late, {n:,} items, batch {BATCH}, 4 workers, half cached, with replacement, 1 ms a miss"
    yield row(what, "of planned hits", "< 0.01", shares)


def speedup() -> Iterator[dict[str, Any]]:
    n, epochs, cost = 4_000 // SMALLER, 3, 0.005
    plainly, cached = [], []
    for _ in range(min(3, ROUNDS)):
        plainly.append(clocked(lambda: run(slow(n, cost), epochs))[0])
        loader = cached_loader(slow(n, cost), 0.5, epochs)
        with loader.dataset:
            cached.append(clocked(lambda loader=loader: run(loader, epochs))[0])
    made, shape = loader.sampler.plan, Loader(BATCH, 4)
    dealt, costs = deal(made.trace, shape), Costs(0.0, cost, 0.0, 0.0)
    totals = [timing(dealt, shape, hits, costs).total for hits in (np.zeros_like(made.hits), made.hits)]
    predicted = totals[0] / totals[1]
    what = f"speed-up, {n:,} items, batch {BATCH}, 4 workers, half cached, with replacement, 5 ms a miss"
    yield row(what, "of loader.timing's", ">= 0.9", plainly, [seconds * predicted for seconds in cached])


def first_hit() -> Iterator[dict[str, Any]]:
    n = 16
    made = plan(Trace([*range(n), *range(n)], n), Loader(n), n)
    accesses = list(made.sampler())
    with CachedDataset(Images(n, True), made) as cached:
        cached.__getitems__(accesses[:n])
        taken = FORK.SimpleQueue()

        def worker() -> None:
            start = perf_counter()
            cached[accesses[n]]
            taken.put(1000 * (perf_counter() - start))

        seconds = []
        for _ in range(10):
            process = FORK.Process(target=worker)
            process.start()
            seconds.append(taken.get())
            process.join()
    yield row("a forked worker's first hit", "ms", "<= 10", seconds)


def run(loader: Any, epochs: int) -> None:
    for _ in range(epochs):
        for _ in loader:
            pass


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "This DataLoader will create")  # workers that sleep need no core each
    FOLDER.mkdir(parents=True, exist_ok=True)
    about = {**_machine.described(), "torch": torch.__version__}
    table = []
    for measure in (planning, copies, late, speedup, first_hit):
        for line in measure():
            print({name: f"{value:.4g}" if isinstance(value, float) else value for name, value in line.items()})
            table.append(line)
    with replacing(FOLDER / "live_cache.csv") as path:
        pd.DataFrame(table).to_csv(path, index=False, float_format="%.4g")
    with replacing(FOLDER / "live_cache.json") as path:
        Path(path).write_text(json.dumps(about, indent=1) + "\n")
