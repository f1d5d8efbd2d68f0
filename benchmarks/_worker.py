"""A point of cost.py or huge.py, in its own process, as JSON: `_worker.py path accesses items policy capacity repeats`.

The path is an .npy file of ids, or a .trace folder; both are mapped.
"""

import json
import resource
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _timing import clocked

from simcache import Trace, hit_curve, simulate


def peak_mb() -> float:
    """The most memory that this process held: not what `getrusage` says, which begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


FRESH = 10**8  # results of so many accesses in all are kept, so that each run has memory that none had before


def answer(trace: Trace, policy: str, capacity: int) -> Any:
    """Hits of one size; or hit rates of a curve, or of one from one item in a hundred."""
    name, _, kind = policy.partition(" ")
    if kind:
        return hit_curve(trace, name, sample=0.01 if kind == "sample" else None)["hit_rate"].tolist()
    return simulate(trace, policy, capacity)


def rates(found: Any) -> list[float]:
    return found if isinstance(found, list) else [np.count_nonzero(found) / found.size]


def main(path: str, n: int, m: int, policy: str, capacity: int, repeats: int) -> None:
    ids = Trace.load(path).ids if path.endswith(".trace") else np.load(path, mmap_mode="r")
    starts = [turn * n % (ids.size - n + 1) for turn in range(repeats)]  # other accesses each time: few lie in a cache
    traces = [Trace(ids[start : start + n], m) for start in starts]
    answer(Trace(ids[:1000], m), policy, capacity)  # warm-up
    seconds, kept, told = [], [], []
    for trace in traces:
        took, found = clocked(partial(answer, trace, policy, capacity))
        seconds.append(took)
        told.append(rates(found))
        if n * repeats <= FRESH:
            kept.append(found)
        del found
    first = told[0]
    peak = round(peak_mb(), 1)
    sys.stdout.write(json.dumps({"seconds": seconds, "hit_rate": first[-1], "sizes": len(first), "peak_mb": peak}))


if __name__ == "__main__":
    path, n, m, policy, capacity, repeats = sys.argv[1:]
    main(path, int(n), int(m), policy, int(capacity), int(repeats))
