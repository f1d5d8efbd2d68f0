"""The traces, at full length or, with QUICK=1, short ones of the same kind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from _peers import write_oracle_general

from simcache import Trace, synth

ROOT = Path(__file__).resolve().parent.parent
QUICK = os.environ.get("QUICK", "0") not in ("", "0")
REPEATS = 3 if QUICK else 5
EPOCHS = 3 if QUICK else 10
MILLION = 10**6


def zipf() -> Trace:
    return synth.zipf(MILLION, 300_000 if QUICK else 10 * MILLION, 1.0, seed=0)


def uniform() -> Trace:
    return replace(synth.uniform(50_000, 50_000 * EPOCHS, seed=0), name="uniform")


def shuffled() -> Trace:
    return replace(synth.shuffled(50_000, EPOCHS, seed=0), name="shuffled")


def recorded(name: str) -> Trace:
    """One of the sampler traces in traces/: 10 epochs of 10,000 accesses."""
    return Trace.load(ROOT / "traces" / f"{name}.npz")


@contextmanager
def annotated(trace: Trace) -> Iterator[Path]:
    """The trace in a file for libcachesim, as long as the block lasts."""
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        path = Path(folder) / "trace.oracleGeneral.bin"
        write_oracle_general(trace, path)
        yield path
