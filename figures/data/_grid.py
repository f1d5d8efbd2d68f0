"""What the two heatmap figures share: their grid, and how their tables reach the disk."""

from pathlib import Path

import numpy as np
import pandas as pd

from simcache import Trace, sweep
from simcache.files import replacing

N_ITEMS = 20_000
N_ACCESSES = 1_000_000  # 50 per item: an item's first sight, always a miss, is at most one access in 50
POLICIES = ("opt", "lru", "lfu", "fifo", "rr", "pin")
FRACTIONS = np.geomspace(0.01, 0.9, 16)
SEEDS = (0, 1, 2)  # of random replacement


def simulate(traces: list[Trace], warmup: int | None = None) -> pd.DataFrame:
    """Every policy on every trace at every size."""
    return sweep(traces, POLICIES, FRACTIONS, seeds=SEEDS, warmup=warmup)


def write(table: pd.DataFrame, script: str) -> None:
    """The table as .parquet and .csv beside the script that made it."""
    for suffix, to in ((".parquet", table.to_parquet), (".csv", table.to_csv)):
        with replacing(Path(script).with_suffix(suffix)) as path:
            to(path, index=False)
