"""One point of cost.py, in its own process, as JSON: `_worker.py ids.npy accesses items policy capacity repeats`."""

import json
import resource
import sys
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
    """Hit rates of one size, or of a curve's."""
    if policy.endswith(" curve"):
        return hit_curve(trace, policy.removesuffix(" curve"))["hit_rate"].tolist()
    return [np.count_nonzero(simulate(trace, policy, capacity)) / len(trace)]


def main(path: str, n: int, m: int, policy: str, capacity: int, repeats: int) -> None:
    ids = np.load(path, mmap_mode="r")[:n]
    trace = Trace(ids, m)
    rates(Trace(ids[:1000], m), policy, capacity)  # warm-up
    runs = [clocked(lambda: rates(trace, policy, capacity)) for _ in range(repeats)]
    seconds, (found, *_) = zip(*runs, strict=True)
    told = {"seconds": seconds, "hit_rate": found[-1], "sizes": len(found), "peak_mb": round(peak_mb(), 1)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    path, n, m, policy, capacity, repeats = sys.argv[1:]
    main(path, int(n), int(m), policy, int(capacity), int(repeats))
