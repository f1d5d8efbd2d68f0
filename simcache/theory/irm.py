"""Independent requests: each access is to item i with probability p_i, whatever came before.

This is Zipf traffic, uniform sampling with replacement and WeightedRandomSampler(replacement=True). Hit rates are
those of the steady state; `horizon.py` has runs from an empty cache, `zipf.py` limits of endless items.
"""

import numpy as np
from numpy.typing import ArrayLike

from . import _check, _grid
from ._check import Floats
from ._exact import fifo_irm_exact as fifo_irm_exact
from ._exact import lru_irm_exact as lru_irm_exact
from ._layers import opt_irm_exact as opt_irm_exact
from .horizon import fifo_horizon as fifo_horizon
from .horizon import lru_horizon as lru_horizon
from .horizon import opt_horizon as opt_horizon
from .horizon import pin_horizon as pin_horizon
from .horizon import rr_horizon as rr_horizon

SPARE = np.arange(65) / 8  # places left free for fluctuations, in units of the square root of C


def lru_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of LRU under independent requests, by the characteristic time.

    .. math:: C = \sum_i (1 - e^{-p_i T}), \qquad h = \sum_i p_i (1 - e^{-p_i T})

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Fagin, J. Comput. Syst. Sci. 14, 1977; Che, Tung & Wang, IEEE J. Sel. Areas Commun. 20(7), 2002. Error against
    `lru_irm_exact` at its worst capacity, a small one, Zipf exponents 0.4, 0.8, 1.2: 7e-4, 4e-3, 1.0e-2 at N = 20;
    2e-4, 1.7e-3, 8e-3 at N = 100; 3e-5, 6e-4, 5e-3 at N = 1,000. Steeper laws are worse: 0.07 at exponent 3, C = 1.
    Evaluated for all capacities at once, within 1e-6 of the sums (binned items, grid in log T).

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_irm([8, 4, 2, 1, 1], [1, 2, 3, 5]).round(3)
    array([0.319, 0.591, 0.795, 1.   ])
    >>> theory.lru_irm_exact([8, 4, 2, 1, 1], [1, 2, 3, 5]).round(3)
    array([0.336, 0.603, 0.793, 1.   ])
    """
    return _grid.curve(weights, capacity, _grid.lru, lambda n: np.log(np.log(n) + 1))


def qlru_irm(weights: ArrayLike, capacity: ArrayLike, q: ArrayLike) -> Floats:
    r"""Hit rate of q-LRU under independent requests, by the characteristic time.

    .. math:: h_i = \frac{q (1 - e^{-p_i T})}{e^{-p_i T} + q (1 - e^{-p_i T})}, \qquad C = \sum_i h_i,
        \qquad h = \sum_i p_i h_i

    An item that is in stays while requested within the last T; one that is not comes in at one miss of 1 / q. q = 1 is
    `lru_irm`; as q falls the most popular items fill the cache, `lfu_irm`, after ever longer a time.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1; from the number of requested items on, the hit rate is 1.
    q : array_like
        Probability that a missed item enters, in [2^-31, 1].

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
    Martina, Garetto & Leonardi, INFOCOM 2014. A limit of large C: what a cache of one item hits does not
    depend on q, this does. Above simulation at q = 0.5, 0.1, 0.01 by at most 1e-3, 7e-3, 1.6e-2 (Zipf 0.8, N = 1,000,
    C = 10), 1e-3, 2e-3, 4e-3 (C = 100); 4e-3, 1.0e-2, 2.2e-2 (Zipf 1.2, C = 10), 1e-3, 1e-3, 3e-3 (C = 100); 1e-3,
    1e-3, 2e-3 (Zipf 0.8, N = 10,000, C = 100 and 1,000). Evaluated within 1e-6 of the sums, 3e-5 for q below 0.1.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 1001)]
    >>> theory.qlru_irm(weights, 100, [1, 0.1, 0.01]).round(3)  # from LRU's towards LFU's
    array([0.577, 0.637, 0.673])
    """
    size, q = np.broadcast_arrays(_check.whole(capacity, "capacity"), _check.real(q, "q", 2**-31, 1))
    p = _check.probabilities(weights)
    h = np.empty(size.shape)
    for enters in np.unique(q):
        here = q == enters
        h[here] = _qlru(p, size[here].astype(np.float64), enters)
    return h


def _qlru(p: Floats, size: Floats, q: float) -> Floats:
    return _grid.reading(p, size, _grid.qlru(q), lambda n: float(np.log(np.log(n) - np.log(q) + 1)))


def fifo_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of FIFO under independent requests, each miss bringing a stay of T.

    .. math:: C = \sum_i \frac{p_i T}{1 + p_i T}, \qquad h = \sum_i p_i \frac{p_i T}{1 + p_i T}

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Dan & Towsley, SIGMETRICS 1990; Martina, Garetto & Leonardi, INFOCOM 2014. Low at small C: -2.1e-2 (N = 20, C = 2,
    Zipf 1.2; the worst for N from 20 on and exponents up to that), -3.3e-3 (N = 1000, C = 10, Zipf 1), -5e-4 and -5e-5
    (N = 10,000, C = 100 and 1,000, Zipf 1). Steeper laws are worse: -0.13 at exponent 3, C = 1. Exact:
    `fifo_irm_exact`.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 101)]  # Zipf's law, exponent 1
    >>> theory.fifo_irm(weights, [10, 50]).round(3)
    array([0.345, 0.762])
    >>> theory.lru_irm(weights, [10, 50]).round(3)  # never less
    array([0.398, 0.81 ])
    """
    return _grid.curve(weights, capacity, _grid.fifo, lambda n: np.log(n) + 1)


def rr_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    """Hit rate of random replacement under independent requests: FIFO's, exactly (Gelenbe, IEEE Trans. Comput. C-22,
    1973).

    Both have the stationary law P(cache = S) proportional to the product of p_i over S. `fifo_irm` says how far the
    number is off, `fifo_irm_exact` gives it exactly.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.rr_irm([8, 4, 2, 1, 1], [1, 3]).round(3)
    array([0.305, 0.734])
    """
    return fifo_irm(weights, capacity)


def opt_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of OPT under independent requests: the fluid law.

    .. math:: C = \sum_i \bigl(1 - (1 + p_i\theta)e^{-p_i\theta}\bigr), \qquad h = \sum_i p_i (1 - e^{-p_i\theta})

    Keep an item iff its next use is within θ: the shortest intervals that the space affords, on average. The rule is
    optimal at equal mean space (VMIN: Prieve & Fabry, Commun. ACM 19, 1976), hence an upper bound in the long run.

    Over the C most popular items, `lfu_irm`, the lead is at most 1/e, whatever the weights and the capacity: these hit
    at least what item i's share 1 - (1 + p_i θ) e^(-p_i θ) of the space would, which leaves the mean of x e^-x,
    x = p_i θ. Equal weights reach it, with many items, at C / N = 1 - 2/e = 0.264.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large C: at a fixed C it stays above, however many the items. Above simulation by 0.060, 0.015, 0.004,
    0.001 for uniform requests at c = 0.1, N = 1e2, 1e3, 1e4, 1e5; by 0.021, 0.005, 0.0014, 0.0004 at c = 0.5. Derived
    for this package. Exact for a few items: `opt_irm_exact`; both ways at any size: `opt_irm_bounds`.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 1001)]
    >>> theory.opt_irm(weights, [10, 100]).round(3)
    array([0.468, 0.763])
    >>> theory.lfu_irm(weights, [10, 100]).round(3)  # the best that is blind to the future
    array([0.391, 0.693])
    """
    return _grid.curve(weights, capacity, _grid.opt, _opt_end)


def _opt_end(n: float) -> float:
    return float(np.log(np.log(n) + 2 * np.log(np.log(n) + 3) + 2))


def opt_irm_bounds(weights: ArrayLike, capacity: ArrayLike) -> tuple[Floats, Floats]:
    r"""Bounds on the long-run hit rate of OPT (bypass) under independent requests at any finite size: (low, high).

    .. math:: F(C')\,\bigl(1 - e^{-(C - C')^2 / 2C}\bigr) \le h \le F(C), \qquad C' < C

    with F the fluid law, `opt_irm`, and the best of 64 C', or the most popular items (`lfu_irm`) where these do better.

    Above, since the space that hits take may be C only on average. Below, since one may keep every interval that the
    law of C' keeps unless C others are kept when it starts: at Poisson times other items are held or not each for
    itself, C' of them at most on average, and Chernoff's bound holds for their sum.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    low, high : ndarray of float64, the shape of `capacity`
        What the hit rate is at least, and at most.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Derived for this package. Forced OPT lies between low at C - 1 and high at C. From an empty cache, `high` holds in
    the mean for runs of any length, cold misses counted; `low` for what follows the first θ requests of the law of C',
    some N for equal items. Within 1e-6, as `opt_irm` is evaluated. N = 10^5, C = 10^4: 0.405 and 0.412 for equal
    items, 0.686 and 0.691 for Zipf 0.8.

    Found, not proved: h lies below F(C) by (0.555 + 0.257 ln(θ/a)) σ^(4/3) f^(-1/3) / θ, with
    f = Σ p_i² e^(-p_i θ), σ² = 2 Σ p_i (e^(-p_i θ) - e^(-2 p_i θ)), a = (σ / f)^(2/3): what moving a cut gains from
    fluctuations; for equal items as ln N / N^(2/3). Both constants were fitted to equal items at N = 10^3 and 10^4.
    Within 10 % of simulation from 10^4 items on: 0.0063, 0.0022 for 0.0065, 0.0023 (Zipf 0.8, N = 10^4, C = 100, 1000),
    0.0036 for 0.0036 (Zipf 1.2, C = 100), 0.00087 for 0.00088 (equal, N = 10^5, C = 10^4).

    Examples
    --------
    >>> from simcache import theory
    >>> low, high = theory.opt_irm_bounds([1] * 10_000, [1_000, 5_000])
    >>> low.round(3), high.round(3)
    (array([0.391, 0.797]), array([0.412, 0.813]))
    """
    size = _check.whole(capacity, "capacity").astype(np.float64)[..., None]
    less = size - SPARE * np.sqrt(size)
    hits = _grid.reading(_check.probabilities(weights), np.maximum(less, 1), _grid.opt, _opt_end)
    kept = np.where(less >= 1, hits, 0) * -np.expm1(-(SPARE**2) / 2)
    high = hits[..., 0]
    return np.clip(kept.max(axis=-1), lfu_irm(weights, capacity), high), high


def lfu_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of the C most probable items, kept for ever: what LFU with perfect counts and bypass tends to.

    .. math:: h = \sum_{i \le C} p_{(i)}

    No policy that ignores the future does better (Aho, Denning & Ullman, J. ACM 18, 1971), and none at all by more than
    1/e in the long run: `opt_irm`. LFU with counts that
    start again after eviction stays well below: 0.521 against 0.571 (Zipf 0.8, N = 10,000, C = 1000).

    Exact.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lfu_irm([4, 2, 1, 1], [1, 2, 4])
    array([0.5 , 0.75, 1.  ])
    """
    size = _check.whole(capacity, "capacity")
    p = _check.probabilities(weights)
    mass = np.minimum(np.cumsum(p), 1)
    mass[-1] = 1
    return np.asarray(mass[np.minimum(size, p.size) - 1])


def pin_irm(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    """Expected hit rate of pinning the first C distinct items that come, blind to how popular they are: LRU's,
    exactly.

    The first C distinct items of an independent sequence have the law of the last C: LRU's content. One run of `pin`
    keeps one draw of that content for ever, so its hit rate scatters around this mean where LRU's averages it out.
    `lru_irm` says how far the number is off, `lru_irm_exact` gives it exactly.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.pin_irm([8, 4, 2, 1, 1], [1, 3]).round(3)
    array([0.319, 0.795])
    >>> theory.lfu_irm([8, 4, 2, 1, 1], [1, 3])  # had it known the most popular
    array([0.5  , 0.875])
    """
    return lru_irm(weights, capacity)
