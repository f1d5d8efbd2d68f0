"""sweep(): every trace, policy, size and seed of a grid -> one tidy table."""

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from .pool import run_all
from .simulation import Chosen, Policy, check_seed, check_trace, choose, run
from .tables import row, table, warmup_of
from .trace import Trace

Value = TypeVar("Value")


def sweep(
    traces: Iterable[Trace],
    policies: Iterable[Policy],
    fractions: Iterable[float],
    *,
    seeds: Iterable[int] = (0,),
    warmup: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Simulate every combination of trace, policy, size and seed, on all cores of this process.

    Parameters
    ----------
    traces : iterable of Trace
        No two of the same name and source, none empty.
    policies : iterable
        Each as for `simulate`; parameters go with the name: ``("opt", {"bypass": True})``.
    fractions : iterable of float
        Sizes as shares of each trace's `n_items`, in (0, 1], not in items as for `hit_curve`; capacity is
        ``max(1, round(fraction * n_items))``.
    seeds : iterable of int
        The policies' seeds. A policy that draws no random numbers runs once, with the first.
    warmup : int, optional
        Accesses left out of `hit_rate_warm`; by default each trace's first epoch, where it has two or more.
    progress : bool, optional
        Whether to show a bar; by default on a terminal and in a notebook, for work over a second.

    Returns
    -------
    pandas.DataFrame
        One row per simulation; the columns are those of `tables`, and `fraction` is the one asked for. The order of
        rows and every number are the same on any number of cores.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.
    KeyboardInterrupt
        On Ctrl-C, once the simulations under way have ended. Its attribute `table` has the rows so far: ``except
        KeyboardInterrupt as stop: table = stop.table``, or, in a notebook, ``sys.last_value.table`` afterwards.
    """
    given = _list(traces, "traces")
    check_traces(given)
    selected = _distinct([choose(policy) for policy in _list(policies, "policies")])
    shares = [_fraction(fraction) for fraction in _list(fractions, "fractions")]
    numbers = [check_seed(seed) for seed in _list(seeds, "seeds")]
    jobs = [
        partial(_simulated, trace, chosen, max(1, round(share * trace.n_items)), share, seed, warmup_of(trace, warmup))
        for trace in given
        for chosen in selected
        for share in shares
        for seed in (numbers if chosen.random else numbers[:1])
    ]
    try:
        return table(run_all(jobs, "sweep", progress))
    except KeyboardInterrupt as stop:
        stop.table = table(list(getattr(stop, "done", {}).values()))  # type: ignore[attr-defined]
        stop.add_note("the rows so far are its `table`: sys.last_value.table")
        raise


def _simulated(trace: Trace, chosen: Chosen, capacity: int, fraction: float, seed: int, warmup: int) -> dict[str, Any]:
    return row(trace, chosen.label, capacity, fraction, seed, warmup, run(chosen, trace, capacity, seed))


def _list(values: Iterable[Value], what: str) -> list[Value]:
    alone = isinstance(values, str) or (isinstance(values, tuple) and any(isinstance(v, dict) for v in values))
    if alone or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a list, got {values!r} alone")
    if not (listed := list(values)):
        raise ValueError(f"{what} must name at least one, got none")
    return listed


def check_traces(traces: list[Trace]) -> None:
    """Refuse empty traces, and two whose rows could not be told apart."""
    known = set()
    for trace in traces:
        check_trace(trace)
        if not len(trace):
            raise ValueError(f"a sweep's traces must have accesses, got none in trace {trace.name!r}")
        key = (trace.name, tuple(sorted((trace.source or {}).items())))
        if key in known:
            raise ValueError(
                f"traces must differ in name or source, or their rows could not be told apart, got {trace.name!r} twice"
            )
        known.add(key)


def _distinct(chosen: list[Chosen]) -> list[Chosen]:
    labels = [c.label for c in chosen]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"policies must differ, got {twice!r} twice")
    return chosen


def _fraction(value: object) -> float:
    message = f"fractions must be numbers in (0, 1], got {value!r}"
    if isinstance(value, bool | str) or value is np.ma.masked:
        raise TypeError(message)
    try:
        fraction = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise TypeError(message) from None
    if not 0 < fraction <= 1:  # NaN too
        raise ValueError(message)
    return fraction
