"""Every policy on the recorded PyTorch sampler traces, at 50 cache sizes."""

from pathlib import Path

import numpy as np

from simcache import Trace, sweep
from simcache.files import replacing

NAMES = (
    "random", "weighted", "sequential", "distributed-rank0", "random-replacement", "weighted-replacement", "subset",
)  # fmt: skip
POLICIES = ("opt", "pin", "lru", "lfu", "fifo", "rr")
FRACTIONS = np.arange(1, 51) / 50

here = Path(__file__)
recorded = here.parents[2] / "traces"
traces = [Trace.load(recorded / f"{name}.npz") for name in NAMES]
table = sweep(traces, POLICIES, FRACTIONS, seeds=range(5))
for suffix, write in ((".parquet", table.to_parquet), (".csv", table.to_csv)):
    with replacing(here.with_suffix(suffix)) as path:
        write(path, index=False)
