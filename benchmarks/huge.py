"""A thousand million accesses: time and memory of sizes and curves over a trace that is mapped, never read whole.

Zipf 1.0, a million items, written part by part. Each piece runs in a process of its own, once; single sizes also on
10^6, 10^7 and 10^8 accesses, at several places: the exponent is that of the median times. Accesses and memory are new
to each run, so that none lie in the processor's caches. `huge.py path accesses items` writes.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cost
import numpy as np
from _timing import Clocked, clocked
from _traces import MILLION, QUICK, REPEATS
from _worker import peak_mb
from numpy.typing import NDArray

from simcache import mapped
from simcache.synth.checks import generator
from simcache.synth.draws import independent, laws

N = MILLION if QUICK else 1000 * MILLION
M = N // 1000
PART = 10 * MILLION
SIZES = ("lru", "fifo", "opt")
CURVES = ("lru sample", "lru curve", "opt curve")


def rows() -> Iterator[dict[str, Any]]:
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        path = Path(folder) / "huge.trace"
        yield made(path)
        for policy in SIZES:
            for n in (N // 1000, N // 100, N // 10, N):
                yield row("n grows", path, n, policy, max(REPEATS, N // 10 // n) if n < N else 1)
        for policy in CURVES:
            yield row("whole", path, N, policy, 1)


def row(setting: str, path: Path, n: int, policy: str, repeats: int) -> dict[str, Any]:
    return {**cost.row(setting, path, n, M, policy, repeats), "suite": "huge"}


def made(path: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, str(path), str(N), str(M)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "suite": "huge", "trace": "zipf-1.0", "n_accesses": N, "n_items": M, "policy": "trace written",
        "tool": "simcache", "setting": "whole", "threads": 1, **Clocked([told["seconds"]], None).row(),
        "maccesses_per_s": N / told["seconds"] / MILLION, "peak_mb": told["peak_mb"],
    }  # fmt: skip


def parts(n_accesses: int, n_items: int) -> Iterator[NDArray[np.int32]]:
    """As `synth.zipf` draws, part by part."""
    rng = generator(0)
    items = rng.permutation(n_items).astype(np.int32)
    law = laws(1 / np.arange(1.0, n_items + 1), np.array([0, n_items]))
    for start in range(0, n_accesses, PART):
        yield independent(law, items, min(PART, n_accesses - start), rng)


def main(path: str, n: int, m: int) -> None:
    rest = (m, "zipf-1.0", (0,), {"generator": "zipf", "alpha": 1.0, "trace_seed": 0}, None)
    seconds, _ = clocked(lambda: mapped.write(path, parts(n, m), lambda: rest))
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": round(peak_mb(), 1)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
