"""Two threads against one: the same sweep, in a process that may use one core, or two."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from _timing import clocked, in_turns
from _traces import MILLION, REPEATS, zipf

from simcache import sweep

POLICIES = ("opt", "lru", "fifo", "lfu", "rr")
FRACTIONS = np.geomspace(0.001, 0.5, 8)


def rows() -> Iterator[dict[str, Any]]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        print("threads: left out, since this process cannot choose between one core and two")
        return
    trace = zipf()
    sweep([trace], POLICIES, FRACTIONS[:1])  # warm-up
    for policy in POLICIES:
        runs = {count: partial(on_cores, cores[:count], trace, policy) for count in (1, 2)}
        for count, clock in in_turns(runs, REPEATS).items():
            yield {
                "suite": "threads",
                "trace": trace.name,
                "n_accesses": len(trace),
                "n_items": trace.n_items,
                "policy": policy,
                "sizes": len(FRACTIONS),
                "tool": "simcache",
                "setting": "sweep",
                "threads": count,
                **clock.row(),
                "maccesses_per_s": len(FRACTIONS) * len(trace) / min(clock.seconds) / MILLION,
            }


def on_cores(cores: list[int], trace: Any, policy: str) -> tuple[float, int]:
    with only(cores):
        seconds, table = clocked(lambda: sweep([trace], [policy], FRACTIONS, progress=False))
    return seconds, int(table["hits"].sum())


@contextmanager
def only(cores: list[int]) -> Iterator[None]:
    """Keep this thread, and the threads it starts, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
