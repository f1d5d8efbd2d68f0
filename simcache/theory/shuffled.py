"""Closed forms for shuffled epochs: one cache, or private caches behind R ranks or workers.

The model: a cache sees the share q = 1/ranks of the items each epoch, without replacement, drawn afresh every epoch.
ranks = 1 is one cache that sees everything (RandomSampler); ranks = R is one rank's cache under a DistributedSampler
with `set_epoch`, or one of R persistent workers'. All forms are limits as n_items grows at fixed C/N; the error at
N = 20,000 is below 1e-3, for OPT behind up to 4 ranks and c from 0.05 below 3e-3. OPT's is larger where few are cached
behind many ranks: .004 for R = 64, C = 200, .005 for R = 256, C = 5. The derivations are for this package (no source
found that states them).
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from ._cold import fill, reuses
from .buffers import lru_buffer as lru_buffer
from .buffers import opt_buffer as opt_buffer
from .loops import lru_loop as lru_loop
from .loops import opt_loop as opt_loop
from .loops import rr_loop as rr_loop

STEPS = 1000  # epochs of `lfu_shuffled` counted one by one


def _arguments(fraction: ArrayLike, ranks: ArrayLike, epochs: ArrayLike | None) -> tuple[Floats, Floats, Floats | None]:
    c = _check.fractions(fraction)
    q = 1 / _check.real(ranks, "ranks", 1, finite=False)
    q = np.where(q < 1e-100, 0.0, q)  # the limit: squares below would underflow
    if epochs is None:
        c, q = np.broadcast_arrays(c, q)
        return c, q, None
    c, q, e = np.broadcast_arrays(c, q, _check.whole(epochs, "epochs").astype(np.float64))
    return c, q, e


def _gaps(q: Floats, upto: Floats, epochs: Floats | None) -> Floats:
    """Probability that the next use comes within `upto` epochs, less what a run of `epochs` cuts off: q > 0."""
    upto = upto if epochs is None else np.minimum(upto, epochs)
    with np.errstate(divide="ignore"):
        log_rest = np.where(upto > 0, upto * np.log1p(-q), 0.0)
    within, rest = -np.expm1(log_rest), np.exp(log_rest)
    return within if epochs is None else within - (within / q - upto * rest) / epochs


def opt_shuffled(fraction: ArrayLike, *, ranks: ArrayLike = 1, epochs: ArrayLike | None = None) -> Floats:
    r"""Hit rate of OPT (bypass) on shuffled epochs.

    One cache: :math:`h = c`, for any order of the epochs, and exact at every N: the N - C others must be missed in
    each (`opt_windows`, windows = epochs); pinning attains it, so knowing the future is worth nothing. R
    private caches: an interval spanning g epochs crosses g epoch boundaries, each of which holds c, so the shortest
    gaps are kept first,

    .. math:: c/q = \sum_{g \le G} g\,q(1-q)^{g-1}, \qquad h = \sum_{g \le G} q(1-q)^{g-1},

    the last term in part; :math:`h = Rc` while :math:`c \le q^2`.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    ranks : array_like
        1 / q, in [1, inf]: so many private caches, each of which sees a share q of every epoch; infinity is uniform
        sampling with replacement.
    epochs : array_like of int, optional
        Length of a run from an empty cache, first sights counted as misses. None: the steady state.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    With `epochs`, by windows of whole epochs. Error against simulation 2e-3 at N = 40,000; R = 8, 90
    epochs, c = 0.1: 0.3644 against 0.3630. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_shuffled([0.1, 0.5, 0.9])  # one cache: C / N, as pinning has it
    array([0.1, 0.5, 0.9])
    >>> theory.opt_shuffled(0.1, ranks=[1, 4, 8]).round(3)  # private caches: here the future is worth something
    array([0.1  , 0.325, 0.372])
    >>> theory.opt_shuffled(0.5, epochs=10)  # of which the first hits nothing
    array(0.45)
    """
    c, q, e = _arguments(fraction, ranks, epochs)
    inner = (q < 1) & (q > 0) & (c < 1)
    qi, ci = np.where(inner, q, 0.5), np.where(inner, c, 0.5)
    log_rest = -np.log1p(-qi)
    whole = np.floor(opt_reach(ci, qi / log_rest) / log_rest)
    if e is not None:
        several = _opt_cold(ci, qi, e, whole + 1)
        full = np.where(q > 0, reuses(np.where(q < 1, q, 0.5), e) / np.where(q > 0, q, 1) / e, 0.0)
        return np.asarray(np.where(q == 1, c * (1 - 1 / e), np.where(inner, several, full)))
    spent = -np.expm1(np.log1p(qi * whole) - whole * log_rest)  # q times the budget of all gaps <= whole
    h = -np.expm1(-whole * log_rest) + (ci - spent) / (qi * (whole + 1))
    uniform = -np.expm1(-opt_reach(c))
    return np.asarray(np.where(c == 1, 1.0, np.where(q == 1, c, np.where(q == 0, uniform, np.clip(h, 0, 1)))))


def opt_reach(c: Floats, slope: Floats | float = 1.0) -> Floats:
    """The root x of 1 - (1 + slope x) exp(-x) = c, for 0 < slope <= 1, by bisection; infinite for c = 1."""
    low, high = np.zeros_like(c), np.full_like(c, 60.0)
    for _ in range(100):
        middle = (low + high) / 2
        below = -np.expm1(np.log1p(slope * middle) - middle) < c
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.where(c < 1, (low + high) / 2, np.inf))


def _opt_cold(c: Floats, q: Floats, e: Floats, length: Floats) -> Floats:
    """Hit rate over e epochs by the windows of ``bounds.opt_windows``: the least over k windows, whose lengths differ
    by one epoch at most since the reuses within a window are convex in its length. Best are about e / length of them,
    `length` the shortest at which a reuse more takes c.
    """

    def bound(k: Floats) -> Floats:
        m = np.floor(e / k)
        longer = e - m * k
        return np.asarray((k - 1) * c + longer * reuses(q, m + 1) + (k - longer) * reuses(q, m))

    k = np.maximum(np.floor(e / length), 1)
    return np.asarray(np.clip(np.minimum(bound(k), bound(k + 1)) / (q * e), 0, 1))


def lru_shuffled(fraction: ArrayLike, *, ranks: ArrayLike = 1, epochs: ArrayLike | None = None) -> Floats:
    r"""Hit rate of LRU on shuffled epochs.

    One cache: :math:`h = c + (1-c)\ln(1-c)`, about :math:`c^2/2` for small c. In general an item at place u of its
    epoch, next used at place v after g epochs, has been overtaken by the share
    :math:`1 - (1 - q(1-u))(1-q)^{g-1}(1 - qv)` of all items, and hits when that is at most c;
    g is geometric(q), u and v are uniform.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    ranks : array_like
        1 / q, in [1, inf]: so many private caches, each of which sees a share q of every epoch; infinity is uniform
        sampling with replacement.
    epochs : array_like of int, optional
        Length of a run from an empty cache, first sights counted as misses. None: the steady state.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Evaluated in closed form: all gaps up to :math:`\ln(1-c)/\ln(1-q) - 1` hit, and at most two more do in part. A
    run from an empty cache weighs gap g by (1 - g / epochs)+, exactly. Exact finite N: `lru_shuffled_exact`.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_shuffled([0.1, 0.5, 0.9]).round(3)
    array([0.005, 0.153, 0.67 ])
    >>> theory.lru_shuffled(0.5, ranks=[1, 4, float("inf")]).round(3)
    array([0.153, 0.425, 0.5  ])
    """
    c, q, e = _arguments(fraction, ranks, epochs)
    once = np.maximum(c + scipy.special.xlog1py(1 - c, -c), 0)
    inner = (q < 1) & (q > 0) & (c < 1)
    qi, ci = np.where(inner, q, 0.5), np.where(inner, c, 0.5)
    step, edge = -np.log1p(-qi), np.log1p(-ci)
    sure = np.maximum(np.floor(-edge / step - 1), 0)
    h = _gaps(qi, sure, e)
    for more in (1, 2):
        gap = sure + more
        weight = qi * np.exp(-(gap - 1) * step) * (1.0 if e is None else np.maximum(1 - gap / e, 0))
        h = h + weight * _product_above(qi, edge + (gap - 1) * step, edge + (gap + 1) * step)
    full = 1.0 if e is None else _gaps(np.where(q > 0, q, 0.5), e, e)
    h = np.where(c == 1, full, np.where(q == 1, once if e is None else once * (1 - 1 / e), h))
    return np.asarray(np.where(q == 0, c if e is None else 0.0, np.clip(h, 0, 1)))


def _product_above(q: Floats, log_z: Floats, log_over: Floats) -> Floats:
    """P(XY >= z) for X, Y uniform on [r, 1], r = 1 - q; given log z and log(z / r^2). Small q keeps its digits."""
    d = np.clip(-np.expm1(np.minimum(log_z, 0)), 0, 1)
    e = np.expm1(np.clip(log_over, 0, 700))
    upper = d + scipy.special.xlog1py(1 - d, -d)
    lower = q**2 - (1 - q) ** 2 * (scipy.special.xlog1py(1 + e, e) - e)
    return np.asarray(np.clip(np.where(d <= q, upper, lower) / q**2, 0, 1))


def fifo_shuffled(fraction: ArrayLike, *, ranks: ArrayLike = 1, epochs: ArrayLike | None = None) -> Floats:
    r"""Hit rate of FIFO on shuffled epochs.

    .. math:: h = \begin{cases} (-\ln(1-c) - c)/q & c \le 1 - e^{-q} \\ 1 - (1-c)(e^q - 1)/q & \text{above.}\end{cases}

    The cache at an epoch's start is independent of the epoch's draw, and an item of this epoch is not asked for again
    in it: after M misses (in units of N) the hit probability is (c - M)+, so M' = q(1 - (c - M)+).

    With `epochs` the same argument runs from an empty cache.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    ranks : array_like
        1 / q, in [1, inf]: so many private caches, each of which sees a share q of every epoch; infinity is uniform
        sampling with replacement.
    epochs : array_like of int, optional
        Length of a run from an empty cache, first sights counted as misses. None: the steady state.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.fifo_shuffled([0.1, 0.5, 0.9]).round(3)
    array([0.005, 0.193, 0.828])
    """
    c, q, e = _arguments(fraction, ranks, epochs)
    return fill(c, q, e, fifo_hits, c)


def fifo_hits(c: Floats, held: Floats, time: Floats) -> Floats:
    """Hits within `time` (in N accesses) of a full FIFO cache, the share `held` of all items being from earlier
    epochs.
    """
    t = np.where(held < 1, np.minimum(time, -np.log1p(-np.where(held < 1, held, 0.5))), time)
    return np.asarray(np.maximum(t - (1 - held) * np.expm1(t), 0))


def rr_shuffled(fraction: ArrayLike, *, ranks: ArrayLike = 1, epochs: ArrayLike | None = None) -> Floats:
    r"""Hit rate of random replacement on shuffled epochs.

    .. math:: h = 1 - \frac{c}{q}\ln\left(c + (1-c)e^{q/c}\right)

    The share x of all items that is still cached since earlier epochs is the hit probability; each miss evicts one of
    C at random, so x' = -q x(1-x)/c from x = c: a logistic.

    With `epochs` the same argument runs from an empty cache.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    ranks : array_like
        1 / q, in [1, inf]: so many private caches, each of which sees a share q of every epoch; infinity is uniform
        sampling with replacement.
    epochs : array_like of int, optional
        Length of a run from an empty cache, first sights counted as misses. None: the steady state.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Measurements of the Linux page cache (Mohan, Phanishayee, Raniwala & Chidambaram, PVLDB 14(5), 2021; shuffled
    reads, files of about one size, whole files as items) agree: ``1 - rr_shuffled(0.35)`` = 0.860 of the data fetched
    with 35 % cached (0.85 measured); ``1 - rr_shuffled(0.65)`` = 0.536 with 65 % (0.53); over the ideal, ``(1 -
    rr_shuffled(0.65)) / (1 - 0.65)`` = 1.53 (340 / 225 GB = 1.51); on two servers with 75 GiB each for 146 GiB, ``146
    / 2 * (1 - rr_shuffled(75 / 146, ranks=2))`` = 44.1 GiB read per server and epoch (45).

    Examples
    --------
    >>> from simcache import theory
    >>> 1 - theory.rr_shuffled([0.35, 0.65]).round(3)  # of the data is read from the disk
    array([0.86 , 0.536])
    """
    c, q, e = _arguments(fraction, ranks, epochs)
    return fill(c, q, e, rr_hits, c)


def rr_hits(c: Floats, held: Floats, time: Floats) -> Floats:
    """Hits within `time` of a full cache with random replacement, as `fifo_hits`."""
    return np.asarray(-c * np.log1p(held * np.expm1(-time / np.maximum(c, 1e-300))))


def pin_shuffled(fraction: ArrayLike, *, ranks: ArrayLike = 1, epochs: ArrayLike | None = None) -> Floats:
    """Hit rate of pinning the first C items on shuffled epochs: c, for any number of ranks.

    Once full, each access finds its item pinned with probability C/N, exactly, at every N. For one cache this is OPT.
    With `epochs`, the mean of min(c, 1 - (1-q)^k) over k = 0 … epochs -
    1.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    ranks : array_like
        1 / q, in [1, inf]: so many private caches, each of which sees a share q of every epoch; infinity is uniform
        sampling with replacement.
    epochs : array_like of int, optional
        Length of a run from an empty cache, first sights counted as misses. None: the steady state.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.pin_shuffled([0.1, 0.5, 0.9])
    array([0.1, 0.5, 0.9])
    >>> theory.pin_shuffled(0.5, epochs=[2, 10])
    array([0.25, 0.45])
    """
    c, q, e = _arguments(fraction, ranks, epochs)
    return fill(c, q, e, pin_hits, c)


def pin_hits(c: Floats, held: Floats, time: Floats) -> Floats:
    """Hits within `time` of a cache that evicts nothing, as `fifo_hits`."""
    return held * time


def lfu_shuffled(fraction: ArrayLike, epoch: ArrayLike) -> Floats:
    r"""Hit rate in epoch 1, 2, … of LFU with in-cache counts, ties to the least recently used, on shuffled epochs.

    .. math:: h_k = c - (1-c)x_k, \quad x_1 = c/(1-c), \quad x_{k+1} = \ln(1 + x_k)

    An item hit once outranks every newcomer for good. With p already protected, the others are evicted oldest first:
    when the share 1 - s of an epoch remains, the oldest 1 - c + a = (1-c)/(1-s) have gone by, so
    c - (1-c) ln((1-p)/(1-c)) are hit and protected. Epoch 2 is LRU's; later ones climb to c like 2(1-c)/k.
    Other tie rules or counts kept after eviction differ widely.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epoch : array_like of int
        Which epoch, counted from 1 (all cold misses: 0).

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N: a cache of few items ends near (C - 1) / N, since one place goes to newcomers. Mean of epochs
    2 … 10 at c = 0.5: 0.32235 (libCacheSim's LFU 0.32337). Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lfu_shuffled(0.5, [1, 2, 3, 10, 100]).round(3)  # climbs to C / N
    array([0.   , 0.153, 0.237, 0.404, 0.49 ])
    """
    c, k = np.broadcast_arrays(_check.fractions(fraction), _check.whole(epoch, "epoch"))
    free = np.where(c < 1, c, 0.5)
    x = free / (1 - free)
    for done in range(1, min(int(k.max(initial=1)), STEPS)):
        x = np.where(done < k, np.log1p(x), x)
    # 1/x grows by 1/2 - x/12 + O(x^2) a step: summed, as x is small by now.
    more = np.maximum(k - float(STEPS), 0) / 2
    x = x / (1 + x * (more - np.log1p(x * more) / 6))
    return np.asarray(np.where(k == 1, 0.0, np.where(c == 1, 1.0, np.clip(c - (1 - free) * x, 0, 1))))


def lru_shuffled_exact(n_items: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of LRU on shuffled epochs, exact at finite N, after the first epoch.

    .. math:: h = \frac1N \sum_{j=0}^{C-1} \frac{C-j}{N-j} = \frac{C - (N-C)(H_N - H_{N-C})}{N}

    After j accesses of an epoch the LRU stack is those j items, then the N - j others; the next is any of the others
    with equal chance, and hits when it is among the C - j topmost.

    Parameters
    ----------
    n_items, capacity : array_like of int
        N and C, at least 1; C above N counts as N.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_shuffled_exact([10, 10_000], [5, 5_000]).round(4)
    array([0.1772, 0.1535])
    >>> theory.lru_shuffled(0.5).round(4)  # the limit of many items
    np.float64(0.1534)
    """
    n = _check.whole(n_items, "n_items").astype(np.float64)
    c = np.minimum(_check.whole(capacity, "capacity").astype(np.float64), n)
    return np.asarray(
        np.clip((c - (n - c) * (scipy.special.digamma(n + 1) - scipy.special.digamma(n - c + 1))) / n, 0, 1)
    )
