"""CPU seconds of compiling every kernel of every policy anew, one-pass curves and those that take sizes too."""

import os
import sys
from tempfile import TemporaryDirectory
from time import process_time


def seconds() -> float:
    import numpy as np

    from simcache import Trace, hit_curve, policies, simulate

    ids = np.random.default_rng(0).integers(0, 100, 1000)
    trace, weighed = Trace(ids, 100), Trace(ids, 100, sizes=np.arange(1, 101))
    start = process_time()
    for name in policies.names():
        simulate(trace, name, 10)
        hit_curve(trace, name)
        hit_curve(trace, name, range(1, 17))
        if hasattr(policies.load(name), "sized"):
            simulate(weighed, name, 100, unit="bytes")
    return process_time() - start


if __name__ == "__main__":
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        sys.stdout.write(f"{seconds()}\n")
