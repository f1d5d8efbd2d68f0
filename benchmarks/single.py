"""Single sizes: the classical policies, `simulate` as a user calls it, against every peer that has the policy.

simcache's time covers argument checks, OPT's pass for next uses, and the array of hits. libcachesim's does not cover
the file that its Belady needs. The peers that see one access at a time do the first 10^6 accesses, once.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import _peers
import numpy as np
from _timing import Clocked, clocked, in_turns
from _traces import MILLION, REPEATS, annotated, recorded, shuffled, uniform, zipf

from simcache import Trace, policies, simulate

POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "opt": ("opt", {}),
    "opt(bypass=True)": ("opt", {"bypass": True}),
    "lru": ("lru", {}),
    "fifo": ("fifo", {}),
    "lfu": ("lfu", {}),
    "rr": ("rr", {}),
    "pin": ("pin", {}),
    **{name: (name, {}) for name in policies.names() if name not in ("opt", "lru", "fifo", "lfu", "rr", "pin")},
}
CLASSICAL = ("opt", "opt(bypass=True)", "lru", "fifo", "lfu", "rr", "pin")
RANDOM_TOLERANCE = 0.01  # of hit rate, between two fair random replacements: over ten standard errors


def rows() -> Iterator[dict[str, Any]]:
    yield from on_trace(zipf(), [1_000, 10_000, 100_000])
    yield from on_trace(uniform(), [25_000])
    yield from on_trace(shuffled(), [25_000])
    yield from on_trace(recorded("random-replacement"), [5_000])
    yield from on_trace(recorded("weighted-replacement"), [5_000])


def on_trace(trace: Trace, capacities: list[int]) -> Iterator[dict[str, Any]]:
    warm = Trace(trace.ids[:1000], trace.n_items, "warm-up")
    head = Trace(trace.ids[:MILLION], trace.n_items, trace.name)
    plain = head.ids.tolist()
    with annotated(trace) as file:
        for label in CLASSICAL:
            simulate(warm, POLICIES[label], 100)
            for capacity in capacities:
                yield from side_by_side(trace, file, label, capacity)
                yield from one_by_one(head, plain, label, capacity)


def ours(trace: Trace, label: str, capacity: int) -> tuple[float, int]:
    seconds, hits = clocked(lambda: simulate(trace, POLICIES[label], capacity))
    return seconds, int(np.count_nonzero(hits))


def side_by_side(
    trace: Trace, file: Any, label: str, capacity: int, powers: Iterable[int] = _peers.HASHPOWERS, limit_s: float = 60
) -> Iterator[dict[str, Any]]:
    contenders = {("simcache", "simulate"): partial(ours, trace, label, capacity)}
    if label in _peers.LIBCACHESIM:
        for power in powers:
            run = partial(_peers.through_libcachesim, file, len(trace), label, capacity, power)
            contenders["libcachesim", f"hashpower={power}"] = run
    measured = in_turns(contenders, REPEATS, limit_s)
    expected = measured["simcache", "simulate"].result
    for (tool, setting), clock in measured.items():
        check(tool, label, clock.result, expected, len(trace))
        yield row(trace, label, capacity, tool, setting, clock)


def one_by_one(head: Trace, plain: list[int], label: str, capacity: int) -> Iterator[dict[str, Any]]:
    """Peers at Python's pace, once, on the first accesses alone."""
    if not (tools := _peers.python_tools(label)):
        return
    _, expected = ours(head, label, capacity)
    for tool in tools:
        seconds, hits = _peers.in_python(tool, plain, label, capacity)
        check(tool, label, hits, expected, len(head))
        yield row(head, label, capacity, tool, "default", Clocked([seconds], hits))


def check(tool: str, label: str, hits: int, expected: int, n_accesses: int) -> None:
    """Speed counts only where the answer is right."""
    if label in _peers.EQUAL.get(tool, ()) and hits != expected:
        raise AssertionError(f"{tool} must hit as often as simcache under {label}, {expected} times, got {hits}")
    fair = label == "rr" and tool in ("cachetools", "cachebox")
    if fair and abs(hits - expected) > RANDOM_TOLERANCE * n_accesses:
        raise AssertionError(f"{tool} must hit about as often as simcache under rr, {expected} times, got {hits}")


def row(trace: Trace, label: str, capacity: int, tool: str, setting: str, clock: Clocked) -> dict[str, Any]:
    return {
        "suite": "single",
        "trace": trace.name,
        "n_accesses": len(trace),
        "n_items": trace.n_items,
        "policy": label,
        "capacity": capacity,
        "sizes": 1,
        "tool": tool,
        "setting": setting,
        "threads": 1,
        **clock.row(),
        "maccesses_per_s": len(trace) / min(clock.seconds) / MILLION,
        "hit_rate": clock.result / len(trace),
    }
