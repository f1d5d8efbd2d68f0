"""hit_curve(): one policy on one trace, at many sizes; exact, or from a sample of the items."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .arrays import column, saturated
from .checks import short
from .counting import count_hits, has_one_pass
from .policies import Counts
from .simulation import Chosen, Policy, check_seed, check_trace, choose, defaults_of, dense
from .spatial import sampled
from .tables import curve_table, default_capacities, estimate_table, warmup_of
from .trace import Trace, whole

MOST_REPEATS = 10_000


def hit_curve(
    trace: Trace,
    policy: Policy,
    capacities: Iterable[int] | None = None,
    *,
    seed: int = 0,
    warmup: int | None = None,
    sample: float | None = None,
    repeats: int = 1,
    **params: Any,
) -> pd.DataFrame:
    """Hit rate of a policy over cache sizes.

    Exact by default: LRU, OPT that knows all the future and, at the default sizes, RR in one pass for all sizes, other
    policies by a run for each size on all cores.

    Parameters
    ----------
    trace : Trace
        At least one access.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        As for `simulate`.
    capacities : iterable of int, optional
        Sizes in items, not shares of them as for `sweep`; by default about 100, log-spaced from 1 to `trace.n_items`.
        Those above 2^63 - 1 are taken for that: all hold everything.
    seed : int
        The policy's seed, and the sample's.
    warmup : int, optional
        Accesses left out of `hit_rate_warm`; by default the first epoch, where there are two or more.
    sample : float, optional
        Share of the items to replay, in (0, 1): an estimate, for any policy, with `low` and `high` a nominal 95 % band.
        Sizes of less than about 10 / `sample` items are below its resolution; OPT's window shrinks with the
        sample. At least eight items are replayed: where that is all of them, nothing is estimated, and the band has no
        width.
    repeats : int
        Samples to average, 1 … 10,000.
    **params
        The policy's own parameters.

    Returns
    -------
    pandas.DataFrame
        One row per size, in the order asked for; columns as in `tables`, with `fraction` = capacity / n_items. Rows
        that are estimated have ``exact`` False, no `hits` and no `hit_rate_warm`.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, the trace is empty, or no size is asked for.
    KeyboardInterrupt
        On Ctrl-C, once the runs under way have ended. Its attribute `table` has the rows so far, none of an estimate
        or of one pass.

    Notes
    -----
    A policy that draws random numbers draws the same at a size named here as in `simulate`; at the default sizes it
    draws once for all of them, so that its curve never falls, and each size has the same law.
    """
    check_trace(trace)
    chosen = choose(policy, params)
    sizes = _check_capacities(trace, capacities)
    number, warm = check_seed(seed), warmup_of(trace, warmup)
    ids, n_items = dense(trace)
    if sample is not None:
        share, times = _check_sample(sample), _check_repeats(repeats)
        estimate = _sampled(chosen, ids, n_items, sizes, share, times, number)
        return estimate_table(trace, chosen.label, sizes, number, warm, *estimate)
    if repeats != 1:
        raise ValueError(f"repeats must be 1 without a sample, got {short(repeats)}")
    one_pass = has_one_pass(chosen, sizes.size, capacities is not None)
    label = f"{chosen.label} on {trace.name}"
    try:
        counts = count_hits(chosen, ids, n_items, sizes, number, warm, one_pass, label)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", {})
        found = np.array(list(done.values()), np.int64).reshape(-1, 2).T
        stop.table = curve_table(trace, chosen.label, sizes[list(done)], number, warm, *found)  # type: ignore[attr-defined]
        stop.add_note("the rows so far are its `table`: sys.last_value.table")
        raise
    return curve_table(trace, chosen.label, sizes, number, warm, *counts)


def _sampled(
    chosen: Chosen, ids: Any, n_items: int, sizes: Counts, share: float, repeats: int, seed: int
) -> tuple[Any, Any]:
    def hits_at(some: Any, held: int, wanted: Counts) -> Counts:
        scaled = _scaled(chosen, some.size / ids.size)
        one_pass = has_one_pass(scaled, wanted.size, sizes_given=False)
        counts: Counts = count_hits(scaled, some, held, wanted, seed, 0, one_pass, chosen.label)[0]
        return counts

    return sampled(ids, n_items, sizes, hits_at, share, seed=seed, repeats=repeats)


def _scaled(chosen: Chosen, share: float) -> Chosen:
    """The policy among a share of the accesses: what it counts in accesses shrinks with them."""
    least = getattr(chosen.module, "ACCESSES", {})
    defaults = defaults_of(chosen.kernel)
    changed = {name: max(low, round(chosen.params[name] * share)) for name, low in least.items()}
    return chosen._replace(
        params={
            name: changed[name] if name in changed and value != defaults[name] else value
            for name, value in chosen.params.items()
        }
    )


def _check_capacities(trace: Trace, capacities: Iterable[int] | None) -> Counts:
    """Sizes as whole numbers; refuses an empty trace and no sizes."""
    where = f" for trace {trace.name!r}"
    if not len(trace):
        raise ValueError(f"a curve must have accesses to count, got none{where.replace(' for', ' in')}")
    if capacities is None:
        return np.array(default_capacities(trace.n_items), np.int64)
    if isinstance(capacities, str | bytes) or not isinstance(capacities, Iterable):
        raise TypeError(f"capacities must be a list of whole numbers of items{where}, got {capacities!r} alone")
    given = column(capacities, "capacities", where)
    if not (isinstance(given, np.ndarray) and given.dtype.kind in "iu"):
        given = np.array([min(_size(c, where), 2**63 - 1) for c in given], np.int64)
    if not given.size:
        raise ValueError(f"capacities must name at least one size{where}, got none")
    if given.min() < 1:
        whole(given.min(), "capacity", 1, None, where, " of items")
    return saturated(given)


def _check_repeats(repeats: object) -> int:
    times = whole(repeats, "repeats", 1)
    if times > MOST_REPEATS:
        raise ValueError(f"repeats must be at most {MOST_REPEATS}, got {short(repeats)}")
    return times


def _size(capacity: object, where: str) -> int:
    try:
        return whole(capacity, "capacity", 1, None, where, " of items")
    except TypeError as error:
        if isinstance(capacity, float | np.floating) and 0 < capacity <= 1:
            raise TypeError(f"{error}; sweep takes fractions") from None
        raise


def _check_sample(sample: object) -> float:
    try:
        refused = isinstance(sample, bool | str) or sample is np.ma.masked
        share = math.nan if refused else float(sample)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not 0 < share < 1:
        raise ValueError(f"sample must be a share of the items in (0, 1), got {short(sample)}")
    return share
