"""Whole curves: all sizes in one pass, 100 sizes, and from a sample, against 100 runs of libcachesim.

`all sizes, one pass` is the pass alone, from the trace to one count of hits per capacity; `hit_curve` rows are what a
user calls, table included. The 100 sizes are 1 %, 2 %, … of the items touched. On the long trace libcachesim replays
every tenth of them, and its time is multiplied by ten: the column `setting` says so.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import _peers
import numpy as np
from _timing import Clocked, clocked, in_turns
from _traces import MILLION, QUICK, REPEATS, annotated, recorded, shuffled, uniform, zipf

from simcache import Trace, hit_curve, simulate
from simcache.pool import threads
from simcache.simulation import choose, dense

POLICIES = ("lru", "opt", "rr")
NESTED = ("lru", "opt")  # any size from one pass; RR at the sizes asked for is run size by size
HASHPOWER = 17
RATES = (0.01, 0.1)
SEEDS = 5 if QUICK else 20
LIMIT_S = 5 if QUICK else 20  # a call that takes longer in all is not repeated further
LONG = MILLION // 5 if QUICK else MILLION  # accesses above which every tenth size stands for all


def rows() -> Iterator[dict[str, Any]]:
    for trace in (zipf(), uniform(), shuffled(), recorded("weighted-replacement")):
        for policy in POLICIES:
            exact = yield from ours(trace, policy)
            if policy in NESTED:
                yield from theirs(trace, policy, exact)
                yield from sampled(trace, policy, exact)


def grid(trace: Trace) -> list[int]:
    """1 %, 2 %, … 100 % of the items touched."""
    return [max(1, round(trace.n_touched * percent / 100)) for percent in range(1, 101)]


def one_pass(trace: Trace, policy: str) -> np.ndarray:
    """Hits at every capacity, by the pass alone; element C is for capacity C."""
    return choose(policy).module.curve(*dense(trace), 0, 0)[0]


def ours(trace: Trace, policy: str) -> Iterator[dict[str, Any]]:
    """Rows of simcache; returns the hit rates on the grid."""
    sizes = grid(trace)
    calls: dict[str, Callable[[], Any]] = {
        "hit_curve, 100 sizes": partial(hit_curve, trace, policy, sizes),
        "all sizes, one pass": partial(one_pass, trace, policy),
    }
    if policy in NESTED:
        calls["hit_curve, all sizes"] = partial(hit_curve, trace, policy, np.arange(1, trace.n_items + 1))
    warm = Trace(trace.ids[:1000], trace.n_items)
    hit_curve(warm, policy, sizes)
    one_pass(warm, policy)
    measured = in_turns({setting: partial(clocked, call) for setting, call in calls.items()}, REPEATS, LIMIT_S)
    exact = measured["hit_curve, 100 sizes"].result["hit_rate"].to_numpy()
    for setting, clock in measured.items():
        check(trace, policy, setting, clock.result, exact)
        several = trace.n_items if "all sizes" in setting else len(sizes)
        yield row(trace, policy, setting, several, clock, 1 if policy in NESTED or "one pass" in setting else threads())
    return exact


def check(trace: Trace, policy: str, setting: str, result: Any, exact: np.ndarray) -> None:
    """Speed counts only where the answer is right: at three sizes against single runs, elsewhere against the grid."""
    sizes = grid(trace)
    if "100 sizes" in setting:
        for at in (0, 49, 98):
            once = np.count_nonzero(simulate(trace, policy, sizes[at])) / len(trace)
            assert abs(once - exact[at]) < 1e-12, f"{setting} must equal single runs of {policy} on {trace.name}"
    else:
        found = result / len(trace) if isinstance(result, np.ndarray) else np.r_[0, result["hit_rate"]]
        error = np.abs(found[sizes] - exact).max()
        allowed = 1e-12 if policy in NESTED else 0.02  # two draws of the same chance
        assert error <= allowed, f"{setting} of {policy} on {trace.name} must equal the 100 sizes, off by {error}"


def theirs(trace: Trace, policy: str, exact: np.ndarray) -> Iterator[dict[str, Any]]:
    """100 runs of libcachesim, or every tenth of them, once."""
    step = 10 if len(trace) > LONG else 1
    chosen = range(step - 1, 100, step)
    seconds = 0.0
    sizes = grid(trace)
    with annotated(trace) as file:
        for at in chosen:
            took, hits = _peers.through_libcachesim(file, len(trace), policy, sizes[at], HASHPOWER)
            assert hits == round(exact[at] * len(trace)), f"libcachesim must agree on {policy} at {sizes[at]} items"
            seconds += took
    setting = f"hashpower={HASHPOWER}, {'10 of 100 sizes x 10' if step > 1 else '100 sizes'}"
    yield row(trace, policy, setting, 100, Clocked([seconds * step], None), 1, "libcachesim")


def sampled(trace: Trace, policy: str, exact: np.ndarray) -> Iterator[dict[str, Any]]:
    """A share of the items stands for all: time, and the mean error on the grid over many seeds."""
    for rate in RATES:
        hit_curve(trace, policy, grid(trace), sample=rate)  # warm-up
        runs = [
            clocked(partial(hit_curve, trace, policy, grid(trace), sample=rate, seed=seed)) for seed in range(SEEDS)
        ]
        clock = Clocked([seconds for seconds, _ in runs], None)
        error = np.mean([np.abs(table["hit_rate"].to_numpy() - exact).mean() for _, table in runs])
        yield {**row(trace, policy, f"hit_curve, sample={rate:g}", 100, clock, 1), "mean_error": error}


def row(
    trace: Trace, policy: str, setting: str, sizes: int, clock: Clocked, used: int, tool: str = "simcache"
) -> dict[str, Any]:
    return {
        "suite": "curve",
        "trace": trace.name,
        "n_accesses": len(trace),
        "n_items": trace.n_items,
        "policy": policy,
        "sizes": sizes,
        "tool": tool,
        "setting": setting,
        "threads": used,
        **clock.row(),
        "maccesses_per_s": len(trace) / min(clock.seconds) / MILLION,
    }
