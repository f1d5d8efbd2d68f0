"""Cost against work: time and memory of one size as accesses, or items, grow tenfold; each in a process of its own.

Zipf 1.0, a cache of a tenth of the items; the trace is a memory map of an .npy file. Suite column `setting` says what
grows. `peak_mb` is all that the process ever held, its Python, its libraries and the mapped trace included.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _timing import Clocked
from _traces import MILLION, QUICK, REPEATS

from simcache import synth

POLICIES = ("opt", "lru", "fifo", "lfu", "rr", "lru curve")
MOST_ACCESSES = 6 if QUICK else 8
N = 10 ** (MOST_ACCESSES - 1)  # accesses where items grow
M = 10**5  # items where accesses grow
WORKER = Path(__file__).with_name("_worker.py")


def rows() -> Iterator[dict[str, Any]]:
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        path = written(Path(folder), M, 10**MOST_ACCESSES)
        for n in (10**k for k in range(min(5, MOST_ACCESSES - 1), MOST_ACCESSES + 1)):
            yield from map(partial(row, "n grows", path, n, M), POLICIES)
        path.unlink()
        for m in (10**k for k in range(3, MOST_ACCESSES, 2 if QUICK else 1)):
            path = written(Path(folder), m, N)
            yield from map(partial(row, "m grows", path, N, m), POLICIES)
            path.unlink()


def written(folder: Path, n_items: int, n_accesses: int) -> Path:
    path = folder / "ids.npy"
    np.save(path, synth.zipf(n_items, n_accesses, 1.0, seed=0).ids)
    return path


def row(setting: str, path: Path, n: int, m: int, policy: str, repeats: int = REPEATS) -> dict[str, Any]:
    capacity = m if " " in policy else m // 10
    command = [sys.executable, str(WORKER), str(path), str(n), str(m), policy, str(capacity), str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return {
        "suite": "cost",
        "trace": "zipf-1.0",
        "n_accesses": n,
        "n_items": m,
        "policy": policy,
        "capacity": capacity,
        "sizes": told["sizes"],
        "tool": "simcache",
        "setting": setting,
        "threads": 1,
        **Clocked(told["seconds"], None).row(),
        "maccesses_per_s": n / min(told["seconds"]) / MILLION,
        "hit_rate": told["hit_rate"],
        "peak_mb": told["peak_mb"],
    }
