"""Exact hit rates of LRU and FIFO under independent requests, for all capacities at once."""

import numpy as np
from numpy.typing import ArrayLike

from ..jit import compiled
from . import _check
from ._check import Floats

MOST_LRU, MOST_FIFO = 2_000, 50_000


def lru_irm_exact(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of LRU under independent requests, exact.

    .. math:: h = \sum_i p_i^2 \int_0^\infty e^{-p_i t}\, P\Bigl(\sum_{j \ne i} B_j(t) < C\Bigr)\,dt,
              \qquad B_j(t) \sim \text{Bernoulli}(1 - e^{-p_j t})

    Backwards in time, item i is at age t while fewer than C others are younger.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive, at most 2,000 of them positive.
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
    King, IFIP Congress 1971; integral: Flajolet, Gardy & Thimonier, Discrete Appl. Math. 39, 1992. At some
    30 sqrt(N) times t (error about 1e-13) the Poisson-binomial law of all items, each divided out in turn on its
    stable side: O(N^2.5), a few seconds for N = 2,000.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_irm_exact([2, 1, 1], [1, 2, 3]).round(4)
    array([0.375 , 0.7083, 1.    ])
    """
    size = _check.whole(capacity, "capacity")
    p = _check.probabilities(weights)
    if p.size > MOST_LRU:
        raise ValueError(
            f"weights must have at most {MOST_LRU} positive items for the exact LRU, got {p.size}; use lru_irm"
        )
    # Trapezoid rule in y, t = exp(y - e^-y) / 10; its error falls as exp(-2 pi^2 (s / step)^2): in log t, the law
    # of the number of younger items shifts by its own deviation in s >= 1.24 / sqrt(N), whatever the weights.
    step = min(0.15, 0.85 / p.size**0.5)
    # Weights below 1e-20, of the sum, are hit by no share that a float could show.
    y = np.arange(-3.8, np.log(10 * (40 + np.log(p.size))) - np.log(max(p[-1], 1e-20)), step)
    times = np.exp(y - np.exp(-y)) / 10
    hits = _lru_hits(p, times, step * (1 + np.exp(-y)) * times)
    return np.asarray(np.where(size >= p.size, 1.0, np.clip(hits[np.minimum(size, p.size) - 1], 0, 1)))


@compiled
def _lru_hits(p: Floats, times: Floats, steps: Floats) -> Floats:
    """Hit rate at capacities 1 … N."""
    n = p.size
    hits = np.zeros(n)
    sure = np.zeros(n + 1)  # weight that hits from this capacity - 1 on
    for t, step in zip(times, steps):  # noqa: B905  (Numba's zip has no strict)
        law = np.zeros(n + 1)  # P(k items younger than t)
        law[0] = 1.0
        for j in range(n):
            young, old = -np.expm1(-p[j] * t), np.exp(-p[j] * t)
            for k in range(j + 1, 0, -1):
                law[k] = law[k] * old + law[k - 1] * young
            law[0] *= old
        first, last = 0, n
        while law[first] < 1e-20:
            first += 1
        while law[last] < 1e-20:
            last -= 1
        others = np.zeros(n + 2)  # the same law without item i
        for i in range(n):
            young, old = -np.expm1(-p[i] * t), np.exp(-p[i] * t)
            weight = step * p[i] * p[i] * old
            if weight < 1e-22:
                continue
            low, high = max(first - 1, 0), min(last, n - 1)
            if old >= 0.5:
                inverse, ratio, before = 1 / old, young / old, 0.0
                for k in range(low, high + 1):
                    before = max(law[k] * inverse - ratio * before, 0.0)
                    others[k] = before
            else:
                inverse, ratio, after = 1 / young, old / young, 0.0
                for k in range(high, low - 1, -1):
                    after = max(law[k + 1] * inverse - ratio * after, 0.0)
                    others[k] = after
            below = 0.0
            for k in range(low, high + 1):
                below += others[k]
                hits[k] += weight * below
            sure[high + 1] += weight
    return hits + np.cumsum(sure[:n])


def fifo_irm_exact(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of FIFO, and of random replacement, under independent requests, exact.

    .. math:: 1 - h = (C + 1)\, e_{C+1}(p) / e_C(p), \qquad \sum_i p_i = 1

    with e_k the elementary symmetric sums: P(cache = S) is proportional to the product of p_i over S.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive, at most 50,000 of them positive.
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
    King, IFIP Congress 1971 (FIFO); Gelenbe, IEEE Trans. Comput. C-22, 1973 (random); Fagin & Price, SIAM J. Comput.
    7, 1978 (evaluation). Computed by the ratios r_k = e_k / e_(k-1): adding an item makes r_k(new) = r_(k-1)(r_k + p)
    / (r_(k-1) + p), which neither cancels nor overflows. O(N max C).

    Examples
    --------
    >>> from simcache import theory
    >>> theory.fifo_irm_exact([2, 1, 1], [1, 2, 3]).round(4)  # of one place, the same as LRU's
    array([0.375, 0.7  , 1.   ])
    """
    size = _check.whole(capacity, "capacity")
    p = _check.probabilities(weights)
    if p.size > MOST_FIFO:
        raise ValueError(
            f"weights must have at most {MOST_FIFO} positive items for the exact FIFO, got {p.size}; use fifo_irm"
        )
    ratios = _ratios(p, int(min(size.max(initial=1), p.size)))
    inside = np.minimum(size, ratios.size - 2)
    return np.asarray(np.where(size >= p.size, 1.0, np.clip(1 - (inside + 1) * ratios[inside + 1], 0, 1)))


@compiled
def _ratios(p: Floats, most: int) -> Floats:
    """e_k / e_(k-1) for k = 1 … most + 1; entry 0 unused."""
    r = np.zeros(most + 2)
    for i in range(p.size):
        for k in range(min(i + 1, most + 1), 1, -1):
            r[k] = r[k - 1] * (r[k] + p[i]) / (r[k - 1] + p[i])
        r[1] += p[i]
    return r
