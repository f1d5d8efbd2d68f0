"""hit_curve(): one policy on one trace, at many sizes."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pandas as pd

from .pool import run_all
from .simulation import Chosen, Policy, check_seed, check_trace, choose, run
from .tables import default_capacities, row, table, warmup_of
from .trace import Trace, whole


def hit_curve(
    trace: Trace,
    policy: Policy,
    capacities: Iterable[int] | None = None,
    *,
    seed: int = 0,
    warmup: int | None = None,
    **params: Any,
) -> pd.DataFrame:
    """Hit rate of a policy over cache sizes.

    Parameters
    ----------
    trace : Trace
        At least one access.
    policy : str, (str, dict), module or compiled kernel
        As for `simulate`.
    capacities : iterable of int, optional
        Sizes in items; by default about 100, log-spaced from 1 to `trace.n_items`.
    seed : int
        The policy's seed.
    warmup : int, optional
        Accesses left out of `hit_rate_warm`; by default the first epoch, where there are two or more.
    **params
        The policy's own parameters.

    Returns
    -------
    pandas.DataFrame
        One row per size, in the order asked for; columns as in `tables`, with `fraction` = capacity / n_items.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, the trace is empty, or no size is asked for.
    """
    check_trace(trace)
    chosen = choose(policy, params)
    sizes = check_capacities(trace, capacities)
    number, warm = check_seed(seed), warmup_of(trace, warmup)
    jobs = [partial(simulated_row, trace, chosen, c, c / trace.n_items, number, warm) for c in sizes]
    return table(run_all(jobs, f"{chosen.label} on {trace.name}"))


def check_capacities(trace: Trace, capacities: Iterable[int] | None) -> list[int]:
    """Sizes as whole numbers; refuses an empty trace and no sizes."""
    if not len(trace):
        raise ValueError(f"a curve must have accesses to count, got none in trace {trace.name!r}")
    if capacities is None:
        return default_capacities(trace.n_items)
    if isinstance(capacities, str | bytes) or not isinstance(capacities, Iterable):
        raise TypeError(f"capacities must be whole numbers of items for trace {trace.name!r}, got {capacities!r}")
    where = f" for trace {trace.name!r}"
    sizes = [whole(capacity, "capacity", 1, where=where, unit=" of items") for capacity in capacities]
    if not sizes:
        raise ValueError(f"capacities must name at least one size for trace {trace.name!r}, got none")
    return sizes


def simulated_row(
    trace: Trace, chosen: Chosen, capacity: int, fraction: float, seed: int, warmup: int
) -> dict[str, Any]:
    """One simulation, as a row."""
    return row(trace, chosen.label, capacity, fraction, seed, warmup, run(chosen, trace, capacity, seed))
