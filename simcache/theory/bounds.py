"""Bounds that hold for any trace, and the certificate that OPT's hits cannot be beaten.

All rest on one count: in a window of accesses to d distinct items, a cache of C misses at least d - C times.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..jit import compiled
from ..simulation import check_trace, dense
from ..trace import Trace
from . import _check
from ._check import Floats, Whole

Ids = NDArray[np.int32]


def opt_windows(trace: Trace, capacity: int) -> tuple[Whole, int]:
    r"""Hits of OPT with bypass, and the windows that prove no policy can have more.

    Cut the trace at `cuts` into windows of d_1, d_2, … distinct items. Any cache of C items misses at least

    .. math:: d_1 + \sum_{k > 1} (d_k - C)

    times (it holds nothing before the first window, at most C items at the start of each other), so hits are at most
    the number of accesses less that; and they are exactly that. No cuts when C items are all there are.

    Parameters
    ----------
    trace : Trace
        May be empty.
    capacity : int
        C, at least 1.

    Returns
    -------
    cuts : ndarray of int64
        Positions at which a window starts, ascending, within 1 … n_accesses - 1.
    hits : int
        Of all accesses, from an empty cache.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Notes
    -----
    OPT is the largest set of reuse intervals of which at most C cross any gap between accesses: a linear programme
    over an interval matrix, totally unimodular, so primal and dual have whole optima; the dual is a set of cuts. One
    pass, nearly O(n): C boundaries on the time axis, an access hits iff a boundary is no newer than the item's last
    access; the newest such moves to now. (Occupancy over a reuse interval: Jain & Lin, ISCA 2016.) Walking back from
    the end through the oldest boundary gives the cuts.

    Examples
    --------
    >>> from simcache import Trace, simulate, theory
    >>> trace = Trace([0, 1, 2, 0, 1, 2], n_items=3)
    >>> cuts, hits = theory.opt_windows(trace, capacity=1)
    >>> cuts, hits  # windows of 3 and 3 items: 6 - (3 + (3 - 1)) hits
    (array([3]), 1)
    >>> int(simulate(trace, "opt", 1, bypass=True).sum())
    1
    """
    check_trace(trace)
    c = _check.one(capacity, "capacity")
    if c >= trace.n_touched:
        return np.empty(0, np.int64), len(trace) - trace.n_touched
    cuts, hits = _windows(*dense(trace), c)
    return cuts, int(hits)


@compiled
def _windows(ids: Ids, n_items: int, capacity: int) -> tuple[Whole, int]:
    n = ids.size
    # Slot 0 is before the trace, slot t + 1 is access t. up[s] leads to the newest slot <= s with a boundary, or 0.
    up = np.arange(n + 1).astype(np.int32)
    here = np.zeros(n + 1, np.int32)  # boundaries on a slot: many on slot 0, one elsewhere
    here[0] = capacity
    before = np.zeros(n_items, np.int32)  # slot of the item's last access
    oldest = np.zeros(n + 1, np.int32)  # oldest slot with a boundary, after each access
    hits = 0
    first = 0
    for t in range(n):
        slot = t + 1
        i = ids[t]
        s = before[i]
        before[i] = slot
        found = False
        if s > 0:
            while up[s] != s:
                up[s] = up[up[s]]
                s = up[s]
            found = here[s] > 0
        if found:
            hits += 1
            here[s] -= 1
            if here[s] == 0 and s > 0:
                up[s] = s - 1
            here[slot] = 1
            while here[first] == 0:
                first += 1
        else:
            up[slot] = t
        oldest[slot] = first
    marks = np.empty(n, np.int64)
    number = 0
    end = n
    while end > 0:
        end = oldest[end] - 1  # access of the oldest boundary: a window starts there
        if end > 0:
            marks[number] = end
            number += 1
    return marks[:number][::-1].copy(), hits


def opt_histogram(trace: Trace, capacities: ArrayLike) -> Floats:
    """Upper bound on the hit rate of every policy, at any capacity, from the histogram of reuse times alone.

    Keeping an item over a reuse of x accesses fills one place in x of the n - 1 gaps between accesses, and there are
    C (n - 1) such places: so no more than the k shortest reuses whose sum fits can be hits.

    Parameters
    ----------
    trace : Trace
        At least one access.
    capacities : array_like of int
        C, at least 1, any shape.

    Returns
    -------
    ndarray of float64, the shape of `capacities`
        Largest possible hits / accesses, cold misses counted.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the trace is empty.

    Notes
    -----
    PFOO-L for unit sizes: Berger, Beckmann & Harchol-Balter, Proc. ACM Meas. Anal. Comput. Syst. 2(2), 2018. Tight
    for independent requests as the capacity grows; not for shuffled epochs (0.654 at C/N = 0.5, true 0.5), whose reuses
    all cross the epoch's end.

    Examples
    --------
    >>> from simcache import synth, theory
    >>> theory.opt_histogram(synth.uniform(1_000, 20_000), [100, 500]).round(3)
    array([0.413, 0.804])
    """
    size = _check.whole(capacities, "capacities")
    n = _accesses(trace)
    number = _reuses(*dense(trace))
    lengths = np.flatnonzero(number)
    number = number[lengths]
    if not lengths.size:
        return np.zeros(size.shape)
    space, hits = np.cumsum(number * lengths), np.cumsum(number)
    budget = np.minimum(size, trace.n_items) * (n - 1)
    whole = np.searchsorted(space, budget, side="right")  # lengths that fit with all their reuses
    spent, done = np.append(0, space)[whole], np.append(0, hits)[whole]
    some = (budget - spent) // np.append(lengths, n)[whole]
    return np.asarray(np.minimum(done + some, hits[-1]) / n)


@compiled
def _reuses(ids: Ids, n_items: int) -> Whole:
    """Number of reuses by length in accesses, 0 … n_accesses - 1."""
    before = np.full(n_items, -1, np.int32)
    number = np.zeros(max(ids.size, 1), np.int64)
    for t in range(ids.size):
        i = ids[t]
        if before[i] >= 0:
            number[t - before[i]] += 1
        before[i] = t
    return number


def compulsory(trace: Trace) -> Floats:
    """Upper bound on the hit rate at any capacity: 1 - distinct items / accesses, each first sight being a miss.

    Parameters
    ----------
    trace : Trace
        At least one access.

    Returns
    -------
    ndarray of float64, 0-d
        The bound.

    Raises
    ------
    TypeError, ValueError
        When it is no trace, or empty.

    Examples
    --------
    >>> from simcache import Trace, theory
    >>> float(theory.compulsory(Trace.of(list("abcab"))))
    0.4
    """
    n = _accesses(trace)
    return np.asarray((n - trace.n_touched) / n)


def _accesses(trace: Trace) -> int:
    check_trace(trace)
    if not len(trace):
        raise ValueError(f"a trace must have at least one access to have a hit rate, got none in {trace.name!r}")
    return len(trace)


def working_set(trace: Trace) -> Floats:
    """Mean number of distinct items in a window of w accesses, over all n - w + 1 windows: D(w), w = 0 … n.

    LRU's miss rate is about the slope of D where D = C, and OPT's at least the slope of the tangent to D from (0, C),
    which it nears where the number of distinct items in a window hardly varies (not on shuffled epochs). For every
    trace, w and C, all misses from an empty cache number at least (n - w + 1) (D(w) - C) / w.

    Parameters
    ----------
    trace : Trace
        May be empty.

    Returns
    -------
    ndarray of float64, shape (n_accesses + 1,)
        D(w) for w = 0 … n.

    Raises
    ------
    TypeError
        When it is no trace.

    Notes
    -----
    Denning, Commun. ACM 11, 1968; the count by gaps as in Xiang, Bao, Ding & Gao, PACT 2011: an item is absent
    from a window iff the window lies in one of its gaps. O(n), whole numbers until the last division.

    Examples
    --------
    >>> from simcache import Trace, theory
    >>> theory.working_set(Trace.of(list("abab"))).round(3)
    array([0., 1., 2., 2., 2.])
    """
    check_trace(trace)
    gaps = _gaps(*dense(trace))
    n = len(trace)
    # sum over gaps of (gap - w + 1)+: cumulate twice from the longest
    inside = np.cumsum(np.cumsum(gaps[::-1]))[::-1]
    windows = np.arange(n + 1, 0, -1)
    return np.asarray((trace.n_touched * windows - inside) / windows)


@compiled
def _gaps(ids: Ids, n_items: int) -> Whole:
    """Number of maximal runs of accesses without an item, over all items that occur, by length 0 … n_accesses."""
    n = ids.size
    before = np.full(n_items, -1, np.int32)
    number = np.zeros(n + 1, np.int64)
    for t in range(n):
        i = ids[t]
        number[t - before[i] - 1] += 1
        before[i] = t
    for last in before:
        if last >= 0:
            number[n - 1 - last] += 1
    return number


def sleator_tarjan(capacity: ArrayLike, optimal_capacity: ArrayLike) -> Floats:
    r"""How many times OPT's misses LRU or FIFO may have, OPT's cache being smaller: k / (k - h + 1).

    .. math:: \text{misses}_{k} \le \frac{k}{k - h + 1}\,\text{misses}^{OPT}_{h} + h

    on every trace, and no deterministic policy without lookahead has a smaller factor.

    Parameters
    ----------
    capacity : array_like of int
        k, of LRU or FIFO.
    optimal_capacity : array_like of int
        h, of forced OPT, 1 … k.

    Returns
    -------
    ndarray of float64, broadcast shape
        The factor.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Sleator & Tarjan, Commun. ACM 28, 1985. Far from typical: at h = k the factor is k, where shuffled epochs have 1 +
    ln(1/(1-c)).

    Examples
    --------
    >>> from simcache import theory
    >>> theory.sleator_tarjan(100, [1, 50, 100]).round(2)
    array([  1.  ,   1.96, 100.  ])
    """
    k, h = np.broadcast_arrays(_check.whole(capacity, "capacity"), _check.whole(optimal_capacity, "optimal_capacity"))
    if (h > k).any():
        bad = h > k
        raise ValueError(f"optimal_capacity must be at most capacity, got {h[bad].ravel()[0]} for {k[bad].ravel()[0]}")
    return np.asarray(k / (k - h + 1.0))


def hazard(fraction: ArrayLike) -> Floats:
    r"""Hazard-rate bound on policies that do not know the future, for one cache on shuffled epochs: c - c ln c.

    .. math:: \int_0^1 \min\left(1, \frac{c}{1-s}\right) ds

    An access counts as a hit when its item is among the C most likely to be next. After a share s of an epoch, the (1
    - s)N items to come are equally likely and the others impossible.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].

    Returns
    -------
    ndarray of float64, the shape of `fraction`
        The bound.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Panigrahy, Nain, Neglia & Towsley, arXiv 2106.06457. It lets the cache be refilled for free, so it exceeds even
    OPT, c: so much could prefetching gain that does not know the order; if it does, more. For independent requests the
    bound is `lfu_irm`.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.hazard([0.1, 0.5, 1]).round(3)
    array([0.33 , 0.847, 1.   ])
    """
    c = _check.fractions(fraction)
    return np.asarray(c - scipy.special.xlogy(c, c))
