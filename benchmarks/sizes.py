"""Sizes in bytes: what they cost beside items, libcachesim at log-normal sizes, the bounds beside its BeladySize."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import _peers
import libcachesim
import numpy as np
from _timing import clocked, in_turns
from _traces import MILLION, QUICK, REPEATS, annotated, zipf

from simcache import Trace, policies, simulate, synth, theory

CAPACITIES = (1_000, 10_000, 100_000)  # items, or so many times the mean size
SHARES = (0.01, 0.1, 0.3)
POWERS, LIMIT_S = (17, 20), 10.0  # of libcachesim's hash table sizes the two that are the fastest
AGAINST = ("lru", "fifo", "lfu", "gdsf")  # whose hits libcachesim has too, with sizes
MEDIAN, SIGMA = 4096, 1.0


def rows() -> Iterator[dict[str, Any]]:
    trace = zipf()
    ones = replace(trace, sizes=np.ones(trace.n_items, np.int64))
    for name in (name for name in policies.names() if hasattr(policies.load(name), "sized")):
        for capacity in CAPACITIES:
            contenders = {
                ("simcache", "items"): partial(ours, trace, name, capacity),
                ("simcache", "bytes, all sizes 1"): partial(ours, ones, name, capacity, "bytes"),
            }
            yield from timed(trace, name, capacity, contenders)
    drawn = replace(trace, sizes=synth.lognormal_sizes(trace.n_items, MEDIAN, SIGMA, seed=0), name="zipf, log-normal")
    with annotated(drawn) as file:
        for name in AGAINST:
            for items in CAPACITIES:
                capacity = round(items * float(drawn.sizes.mean()))
                contenders = {("simcache", "bytes"): partial(ours, drawn, name, capacity, "bytes")}
                for power in POWERS:
                    run = partial(_peers.through_libcachesim, file, len(drawn), name, capacity, power)
                    contenders["libcachesim", f"hashpower={power}"] = run
                yield from timed(drawn, name, capacity, contenders)
    yield from bounds()


def bounds() -> Iterator[dict[str, Any]]:
    """The gap between the bounds goes into `mean_error`; a capacity is a share of all bytes."""
    trace = synth.zipf(100_000, MILLION // (10 if QUICK else 1), 0.9, seed=0)
    trace = replace(trace, sizes=synth.lognormal_sizes(trace.n_items, MEDIAN, SIGMA, seed=0), name="zipf-0.9")
    with annotated(trace) as file:
        for share in SHARES:
            capacity = round(share * float(trace.sizes.sum()))
            limits = partial(clocked, partial(theory.sized_bounds, trace, capacity))
            contenders = {("simcache", "sized_bounds"): limits}
            for power in POWERS:
                run = partial(belady_size, file, len(trace), capacity, power)
                contenders["libcachesim", f"BeladySize, hashpower={power}"] = run
            limits()  # compiles
            for (tool, setting), clock in in_turns(contenders, REPEATS, LIMIT_S).items():
                found = {"hit_rate": clock.result / len(trace)} if tool == "libcachesim" else gap(clock.result, trace)
                yield row(trace, "bounds", capacity, tool, setting, clock) | found


def gap(found: Any, trace: Trace) -> dict[str, float]:
    lower, upper = found
    return {"hit_rate": lower.hits / len(trace), "mean_error": (upper.hits - lower.hits) / len(trace)}


def belady_size(path: Any, n_accesses: int, capacity: int, power: int) -> tuple[float, int]:
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    cache = libcachesim.BeladySize(capacity, hashpower=power)
    seconds, (miss_rate, _) = clocked(lambda: cache.process_trace(reader))
    return seconds, round((1 - miss_rate) * n_accesses)


def ours(trace: Trace, name: str, capacity: int, unit: str = "items") -> tuple[float, int]:
    seconds, hits = clocked(lambda: simulate(trace, name, capacity, unit=unit))
    return seconds, int(np.count_nonzero(hits))


def timed(trace: Trace, name: str, capacity: int, contenders: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for (tool, _), run in contenders.items():
        if tool == "simcache":
            run()  # compiles
    measured = in_turns(contenders, REPEATS, LIMIT_S)
    if len({clock.result for clock in measured.values()}) > 1:
        raise AssertionError(f"all must hit equally often under {name} at {capacity}, got {measured}")
    for (tool, setting), clock in measured.items():
        yield row(trace, name, capacity, tool, setting, clock) | {"hit_rate": clock.result / len(trace)}


def row(trace: Trace, name: str, capacity: int, tool: str, setting: str, clock: Any) -> dict[str, Any]:
    return {
        "suite": "sizes", "trace": trace.name, "n_accesses": len(trace), "n_items": trace.n_items, "policy": name,
        "capacity": capacity, "sizes": 1, "tool": tool, "setting": setting, "threads": 1, **clock.row(),
        "maccesses_per_s": len(trace) / min(clock.seconds) / MILLION,
    }  # fmt: skip
