"""hit_curve(): one policy on one trace, at many sizes; exact, or from a sample of the items."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from .arrays import column, saturated
from .checks import short
from .counting import Count, Counted, count_hits, gathered, has_one_pass
from .policies import Counts
from .simulation import Chosen, Policy, check_seed, check_trace, choose, counting_in, defaults_of, dense_sized
from .spatial import sampled
from .tables import curve_table, default_capacities, estimate_table, warmup_of
from .trace import Trace, whole
from .units import check_capacity, check_unit, everything

MOST_REPEATS = 10_000


def hit_curve(
    trace: Trace,
    policy: Policy,
    capacities: Iterable[int | str] | None = None,
    *,
    unit: str = "items",
    seed: int = 0,
    warmup: int | None = None,
    sample: float | None = None,
    repeats: int = 1,
    **params: Any,
) -> pd.DataFrame:
    """Hit rate of a policy over cache sizes.

    Exact by default: LRU, OPT that knows all the future and, at the default sizes, RR in one pass for all sizes; FIFO,
    and RR at named sizes, in one pass for 16 of them, other policies, and all on a trace with sizes, by a run for each
    size, on all cores.

    Parameters
    ----------
    trace : Trace
        At least one access.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python; a pair has
        its parameters too.
    capacities : iterable of int or str, optional
        Sizes in items, not shares of them; by default about 100, log-spaced from 1 to `trace.n_items`.
        Those above 2^63 - 1 are taken for that: all hold everything. Sizes in bytes may be texts, "25 GB"; by default
        they are from the smallest item, below which no cache holds anything, to the bytes of all items.
    unit : {"items", "bytes"}
        What `capacities` count. Bytes need a trace with sizes, and a policy that takes them.
    seed : int
        The policy's seed, and the sample's.
    warmup : int, optional
        Accesses left out of `hit_rate_warm`; by default the first epoch, where there are two or more.
    sample : float, optional
        Share of the items to replay, in (0, 1): an estimate, for any policy, with `low` and `high` a nominal 95 % band.
        Sizes of less than about 10 / `sample` items are below its resolution; OPT's window shrinks with the
        sample. At least eight items are replayed: where that is all of them, nothing is estimated, and the band has no
        width. Of items alone: a few large ones are half of all bytes, and no sample of a tenth holds a tenth of them.
    repeats : int
        Samples to average, 1 … 10,000.
    **params
        The policy's own parameters.

    Returns
    -------
    pandas.DataFrame
        One row per size, in the order asked for; columns as `sweep` gives them, with `fraction` = capacity / n_items,
        or / bytes of all items. Rows that are estimated have ``exact`` False, no `hits`, no `hit_rate_warm` and no
        `byte_hit_rate`.

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

    Examples
    --------
    >>> from simcache import hit_curve, synth
    >>> curve = hit_curve(synth.zipf(1_000, 20_000, 0.8), "lru", [10, 100, 500])
    >>> curve[["policy", "capacity", "fraction", "hits", "hit_rate"]]
      policy  capacity  fraction   hits  hit_rate
    0    lru        10      0.01   1572   0.07860
    1    lru       100      0.10   7345   0.36725
    2    lru       500      0.50  15044   0.75220
    """
    check_trace(trace)
    chosen = counting_in(check_unit(unit), choose(policy, params))
    sizes = _check_capacities(trace, capacities, unit)
    number, warm = check_seed(seed), warmup_of(trace, warmup)
    ids, n_items, weights = dense_sized(trace)
    if sample is not None:
        if unit != "items":
            raise ValueError(f"a sample is one of items: unit must be 'items', got sample={short(sample)} and {unit!r}")
        share, times = _check_sample(sample), _check_repeats(repeats)
        estimate = _sampled(chosen, ids, n_items, sizes, share, times, number)
        return estimate_table(trace, chosen.label, sizes, number, warm, *estimate)
    if _check_repeats(repeats) != 1:
        raise ValueError(f"repeats must be 1 without a sample, got {short(repeats)}")
    one_pass = has_one_pass(chosen, sizes.size, capacities is not None, weights is not None)
    label = f"{chosen.label} on {trace.name}"

    def table(sizes: Counts, counted: Counted) -> pd.DataFrame:
        return curve_table(trace, chosen.label, unit, sizes, number, warm, *counted)

    try:
        return table(sizes, count_hits(chosen, ids, n_items, sizes, number, warm, one_pass, label, weights))
    except KeyboardInterrupt as stop:
        done: dict[int, Count] = getattr(stop, "done", {})
        stop.table = table(sizes[list(done)], gathered(done))  # type: ignore[attr-defined]
        stop.add_note("the rows so far are its `table`: sys.last_value.table")
        raise


def _sampled(
    chosen: Chosen, ids: Any, n_items: int, sizes: Counts, share: float, repeats: int, seed: int
) -> tuple[Any, Any]:
    def hits_at(some: Any, held: int, wanted: Counts) -> Counts:
        scaled = _scaled(chosen, some.size / ids.size)
        one_pass = has_one_pass(scaled, wanted.size, sizes_given=False)
        return count_hits(scaled, some, held, wanted, seed, 0, one_pass, chosen.label).hits

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


def _check_capacities(trace: Trace, capacities: Iterable[int | str] | None, unit: str) -> Counts:
    """Sizes as whole numbers of that unit; refuses an empty trace and no sizes."""
    where = f" for trace {trace.name!r}"
    if not len(trace):
        raise ValueError(f"a curve must have accesses to count, got none{where.replace(' for', ' in')}")
    most = everything(trace, unit)
    if capacities is None:
        least = 1 if unit == "items" or trace.sizes is None else int(trace.sizes.min())
        return np.array(default_capacities(most, least=least), np.int64)
    if isinstance(capacities, str | bytes) or not isinstance(capacities, Iterable):
        raise TypeError(f"capacities must be a list of whole numbers of {unit}{where}, got {capacities!r} alone")
    given = column(capacities, "capacities", where)
    if not (isinstance(given, np.ndarray) and given.dtype.kind in "iu"):
        given = np.array([check_capacity(c, unit, where, "sweep takes fractions") for c in given], np.int64)
    if not given.size:
        raise ValueError(f"capacities must name at least one size{where}, got none")
    if given.min() < 1:
        whole(given.min(), "capacity", 1, None, where, f" of {unit}")
    return saturated(given)


def _check_repeats(repeats: object) -> int:
    times = whole(repeats, "repeats", 1)
    if times > MOST_REPEATS:
        raise ValueError(f"repeats must be at most {MOST_REPEATS}, got {short(repeats)}")
    return times


def _check_sample(sample: object) -> float:
    try:
        refused = isinstance(sample, bool | str) or sample is np.ma.masked
        share = math.nan if refused else float(sample)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not 0 < share < 1:
        raise ValueError(f"sample must be a share of the items in (0, 1), got {short(sample)}")
    return share
