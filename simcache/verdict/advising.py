"""What would change the hit rate and the time, each change simulated."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import pandas as pd

from ..loader.replay import Shared
from .cases import OPT, Case

WIDER = {"rank": "all workers of a rank", "node": "all ranks"}


def advice(changed: Sequence[tuple[str, Case]]) -> pd.DataFrame:
    """One row for each of `changed`, the present state first, then by what they gain: seconds with costs, else hits.

    Of changes that gain the same, the simpler comes first.
    """
    now, *changes = changed
    changes.sort(key=lambda change: _gain(change[1]), reverse=True)  # stable, and simple ones come first
    return pd.DataFrame([_row(*each) for each in (now, *changes)])


def _gain(case: Case) -> tuple[float, float]:
    return (0.0 if case.costs is None else -case.seconds, case.rate)


def _row(change: str, case: Case) -> dict[str, Any]:
    """A change as it is told."""
    return {
        "change": change,
        "policy": case.label,
        "capacity": case.capacity,
        "caches": case.caches,
        "hit_rate": case.rate,
        "epoch_seconds": case.seconds,
        "call": case.rate_call,
        "seconds_call": case.seconds_call,
        "live_call": case.live_call,
    }


def changed(used: Case) -> list[tuple[str, Case]]:
    """The present state, and what may be better, in words and as cases.

    Changes keep the memory of all caches together as it is, but for the bigger cache; no cache is given more than all
    items.
    """
    return list(_cases(used))


def _cases(used: Case) -> Iterator[tuple[str, Case]]:
    loader, total = used.loader, used.capacity * used.caches
    yield "as it is", used
    yield from _policies("", used, own=False)
    for level in get_args(Shared)[get_args(Shared).index(used.shared) + 1 :]:
        wider = used.but(shared=level)
        if wider.caches < used.caches or used.dying:
            wider = wider.but(capacity=min(total // wider.caches, used.trace.n_items))
            if level == "rank" or loader.world_size > 1:
                yield from _policies(f"share one cache among {WIDER[level]}", wider)
    if used.dying:
        yield from _policies("persistent workers", used.loading(persistent_workers=True))
    yield "twice the workers" if loader.num_workers else "two workers", _more_workers(used)
    if 2 * used.capacity <= used.trace.n_items:
        yield "twice the capacity", used.but(capacity=2 * used.capacity)
    elif used.capacity < used.trace.n_items:
        yield "room for everything", used.but(capacity=used.trace.n_items)
    if loader.num_workers and used.costs is not None:
        yield "twice the prefetch", used.loading(prefetch_factor=2 * loader.prefetch_factor)


def _policies(change: str, case: Case, own: bool = True) -> Iterator[tuple[str, Case]]:
    """The policy in use, pin and OPT, each once."""
    several = [*([case] if own else []), case.but("pin"), case.but(OPT)]
    seen = set() if own else {case.label}
    for one in several:
        if one.label not in seen:
            seen.add(one.label)
            name = {"pin": "pin", "opt(bypass=True)": "plan with OPT"}.get(one.label, "")
            yield ", ".join(part for part in (change, name if one is not case else "") if part), one


def _more_workers(used: Case) -> Case:
    """Twice the workers; private caches share the memory that there is. Without workers: two, and one cache still."""
    loader = used.loader
    if not loader.num_workers:
        shared: Shared = "rank" if used.shared == "worker" else used.shared
        return used.but(shared=shared).loading(num_workers=2)
    more = used.loading(num_workers=2 * loader.num_workers)
    return more.but(capacity=max(1, used.capacity * used.caches // more.caches))
