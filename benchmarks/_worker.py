"""A point of cost.py or huge.py, in its own process, as JSON: `_worker.py path accesses items policy capacity repeats`.

The path is an .npy file of ids, or a .trace folder; both are mapped.
"""

import json
import resource
import sys
from functools import partial
from pathlib import Path

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


def rates(trace: Trace, policy: str, capacity: int) -> list[float]:
    """Hit rates of one size, of a curve's, or of a curve's from one item in a hundred."""
    name, _, kind = policy.partition(" ")
    if kind:
        return hit_curve(trace, name, sample=0.01 if kind == "sample" else None)["hit_rate"].tolist()
    return [np.count_nonzero(simulate(trace, policy, capacity)) / len(trace)]


def main(path: str, n: int, m: int, policy: str, capacity: int, repeats: int) -> None:
    ids = Trace.load(path).ids if path.endswith(".trace") else np.load(path, mmap_mode="r")
    starts = [turn * n % (ids.size - n + 1) for turn in range(repeats)]  # other accesses each time, or few stay cached
    traces = [Trace(ids[start : start + n], m) for start in starts]
    rates(Trace(ids[:1000], m), policy, capacity)  # warm-up
    runs = [clocked(partial(rates, trace, policy, capacity)) for trace in traces]
    seconds, (found, *_) = zip(*runs, strict=True)
    told = {"seconds": seconds, "hit_rate": found[-1], "sizes": len(found), "peak_mb": round(peak_mb(), 1)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    path, n, m, policy, capacity, repeats = sys.argv[1:]
    main(path, int(n), int(m), policy, int(capacity), int(repeats))
