"""Runs that start again anywhere: visits to an item come in clusters, and between clusters requests are independent.

With probability j a request jumps, by one law whatever came before, else it takes a local step. An item visited is
visited again before the next jump with a probability r, its local return: a hit for any policy that keeps what just
came. What remains, a share 1 - r of the requests, comes as if drawn independently.
"""

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from .irm import lru_irm, opt_irm
from .shuffled import opt_shuffled


def lru_restarts(fraction: ArrayLike, jump: ArrayLike) -> Floats:
    r"""Hit rate of LRU, and of FIFO and random replacement, on a walk of ±1 steps with uniform jumps (``synth.ring``).

    .. math:: h = r + (1 - r)\,c, \qquad r = 1 - \sqrt{j (2 - j)}

    r is the chance that the walk is back before it jumps. A walk that only goes up (``directed=True``) has r = 0: c, as
    under independent requests.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    jump : array_like
        j, the probability of a jump to any item, in [0, 1].

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
    Limit of many items at a fixed j: the cache must hold many times the 1 / √j items of a stretch between jumps. At
    20,000 items, j from 0.01 to 0.5, C from 200 to 14,000, LRU and FIFO are within 5e-4 of simulation; random
    replacement, which may evict what just came, lies below by up to 3e-3 at C = 200. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_restarts(0.1, [0.01, 0.1, 1]).round(3)  # a jump each time: as independent requests
    array([0.873, 0.608, 0.1  ])
    """
    c, back = _walk(fraction, jump)
    return np.asarray(back + (1 - back) * c)


def opt_restarts(fraction: ArrayLike, jump: ArrayLike) -> Floats:
    r"""Hit rate of OPT on a walk of ±1 steps with uniform jumps (``synth.ring``).

    .. math:: h = r + (1 - r)\,h_u(c), \qquad r = 1 - \sqrt{j (2 - j)}

    with h_u OPT's hit rate for uniform draws, ``opt_shuffled(c, ranks=inf)``. So its lead over `lru_restarts` is that
    of uniform draws times √(j (2 - j)), and at most that over e.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    jump : array_like
        j, the probability of a jump to any item, in [0, 1].

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
    Limit of many items at a fixed j: the cache must hold many times the 1 / √j items of a stretch between jumps.
    Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_restarts(0.1, [0.01, 0.1, 1]).round(3)
    array([0.917, 0.744, 0.412])
    >>> theory.lru_restarts(0.1, [0.01, 0.1, 1]).round(3)
    array([0.873, 0.608, 0.1  ])
    """
    c, back = _walk(fraction, jump)
    return np.asarray(back + (1 - back) * opt_shuffled(c, ranks=np.inf))


def lru_clusters(weights: ArrayLike, capacity: ArrayLike, returns: ArrayLike) -> Floats:
    r"""Hit rate of LRU where item i, once visited, is visited again before the next jump with probability r_i.

    .. math:: h = \sum_i \pi_i r_i + \sum_i \pi_i (1 - r_i)\, h_i

    with h_i the hit rate of item i under independent requests of rates π_i (1 - r_i): `lru_irm`.

    For a chain that jumps with probability j to an item drawn by the law s, else steps by Q, let
    G = (I - (1 - j) Q)^-1: then π = j s G and r_i = 1 - 1 / G_ii.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Shares of all requests π_i, in any scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.
    returns : array_like, a number or shape (n_items,)
        r_i, in [0, 1).

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Notes
    -----
    Limit of many items, like `lru_restarts`, which it gives where all items are alike; FIFO's is the same with
    `fifo_irm`. Chains of 2,000 items with j of 0.1 and 0.3 (walks, drifts, items that stay, blocks of 8; jumps uniform
    or by Zipf 0.8): within 3e-3 of simulation from C = 40 on. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 1001)]
    >>> theory.lru_clusters(weights, [10, 100], 0.5).round(3)
    array([0.605, 0.788])
    >>> theory.lru_irm(weights, [10, 100]).round(3)  # none comes back before a jump
    array([0.209, 0.577])
    """
    share, back = _rates(weights, returns)
    local = share @ back
    return np.asarray(local + (1 - local) * lru_irm(share * (1 - back), capacity))


def opt_clusters(weights: ArrayLike, capacity: ArrayLike, returns: ArrayLike) -> Floats:
    """Hit rate of OPT where item i, once visited, is visited again before the next jump with probability r_i.

    The formula of `lru_clusters`, with `opt_irm` of the same rates in place of `lru_irm`.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Shares of all requests π_i, in any scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape; from the number of requested items on, the hit rate is 1.
    returns : array_like, a number or shape (n_items,)
        r_i, in [0, 1).

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
    Above simulation: on the chains named there by at most 0.025 at C = 40, 0.02 at 100, 0.01 at 400, 5e-3 from 1,000
    on. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 1001)]
    >>> theory.opt_clusters(weights, [10, 100], 0.5).round(3)
    array([0.734, 0.882])
    """
    share, back = _rates(weights, returns)
    local = share @ back
    return np.asarray(local + (1 - local) * opt_irm(share * (1 - back), capacity))


def _walk(fraction: ArrayLike, jump: ArrayLike) -> tuple[Floats, Floats]:
    """Cache sizes and returns of the walk."""
    c, j = np.broadcast_arrays(_check.fractions(fraction), _check.real(jump, "jump", 0, 1))
    return c, 1 - np.sqrt(j * (2 - j))


def _rates(weights: ArrayLike, returns: ArrayLike) -> tuple[Floats, Floats]:
    """Shares of requests and local returns, one for each item."""
    rates = _check.rates(weights)
    back = _check.real(returns, "returns", 0, 1, open_high=True)
    if back.ndim and back.shape != rates.shape:
        raise ValueError(f"returns must be one number, or one for each of {rates.size} items, got shape {back.shape}")
    return rates / rates.sum(), np.broadcast_to(back, rates.shape)
