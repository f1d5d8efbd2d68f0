"""The loader's clock against a real `DataLoader` whose data set sleeps known times: python benchmarks/loader_clock.py.

Each item sleeps as its cache decides: `t_hit` or `t_miss`, told in advance by `simulate_loader`, so that both clocks
mean the same accesses. The consumer sleeps `t_step` for each batch. What starting workers takes is measured with an
empty loader of the same shape and taken off; what Python adds to every batch stays in. Needs the extra torch; writes
results/loader_clock.csv and .json.
"""

import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import _machine
import numpy as np
import pandas as pd
from _traces import QUICK, ROOT
from torch.utils import data

from simcache import order
from simcache.files import replacing
from simcache.loader import Costs, Loader, deal, simulate_loader, timing

N_ITEMS, BATCH, EPOCHS, REPEATS = 640, 16, 2, 1 if QUICK else 3
T_HIT, T_MISS = 0.0005, 0.004
CASES = [  # workers, prefetch, seconds a step
    (workers, prefetch, step) for workers, prefetch in ((0, 2), (1, 2), (4, 1), (4, 2)) for step in (0.002, 0.012, 0.05)
]
FOLDER = ROOT / "results" / ("quick" if QUICK else "")


class Sleeping(data.Dataset[int]):
    """A batch sleeps as long as its items take; an index says which access it is, and so whether it hits."""

    def __init__(self, seconds: np.ndarray) -> None:
        self.seconds = seconds

    def __getitems__(self, accesses: list[int]) -> list[int]:
        time.sleep(float(self.seconds[accesses].sum()))
        return accesses


def measured(batches: list[list[int]], seconds: np.ndarray, loader: Loader, step: float) -> float:
    """Seconds of one epoch of a real loader."""
    workers = {"prefetch_factor": loader.prefetch_factor} if loader.num_workers else {}
    real = data.DataLoader(Sleeping(seconds), batch_sampler=batches, num_workers=loader.num_workers, **workers)
    start = time.perf_counter()
    for _ in real:
        if step:
            time.sleep(step)
    return time.perf_counter() - start


def rows() -> Iterator[dict[str, Any]]:
    trace = order.random(N_ITEMS, EPOCHS, seed=1, replacement=True)
    for workers, prefetch, step in CASES:
        loader = Loader(BATCH, workers, prefetch_factor=prefetch)
        dealt = deal(trace, loader)
        hits = simulate_loader(trace, loader, "lru", N_ITEMS // 2, shared="rank")
        predicted = timing(dealt, loader, hits, Costs(T_HIT, T_MISS, 0.0, step)).total
        seconds = np.where(hits, T_HIT, T_MISS)
        places = np.arange(len(trace)).reshape(EPOCHS, -1, BATCH).tolist()
        totals = []
        for _ in range(REPEATS):
            starting = measured([[0]] * max(1, workers), np.zeros(1), loader, 0.0)
            totals.append(sum(measured(epoch, seconds, loader, step) - starting for epoch in places))
        yield {
            "workers": workers,
            "prefetch": prefetch,
            "step_s": step,
            "hit_rate": hits.mean(),
            "predicted_s": predicted,
            "measured_s": median(totals),
            "repeats": REPEATS,
            "error": median(totals) / predicted - 1,
        }


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "This DataLoader will create")  # workers that sleep need no core each
    FOLDER.mkdir(parents=True, exist_ok=True)
    about = {**_machine.described(), "t_hit_s": T_HIT, "t_miss_s": T_MISS, "batch": BATCH, "items": N_ITEMS}
    table = pd.DataFrame(rows())
    print(table.round(3).to_string(index=False))
    with replacing(FOLDER / "loader_clock.csv") as path:
        table.to_csv(path, index=False, float_format="%.6g")
    with replacing(FOLDER / "loader_clock.json") as path:
        Path(path).write_text(json.dumps(about, indent=1) + "\n")
