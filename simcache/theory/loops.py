"""Closed forms for cyclic scans: every epoch in the same order."""

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats


def opt_loop(fraction: ArrayLike) -> Floats:
    """Hit rate of OPT (bypass) when every epoch repeats one order: c, exactly C / N.

    Pinning attains it. With forced admission it is (C - 1) / (N - 1).

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].

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
    >>> theory.opt_loop([0.1, 0.5, 1])
    array([0.1, 0.5, 1. ])
    """
    return _check.fractions(fraction).copy()


def lru_loop(fraction: ArrayLike) -> Floats:
    """Hit rate of LRU, and of FIFO, when every epoch repeats one order: 0 below c = 1, where each item leaves just
    before its use.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].

    Returns
    -------
    ndarray of float64, the shape of `fraction`
        Share of the accesses that hit, after the first epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_loop([0.5, 0.99, 1])
    array([0., 0., 1.])
    """
    return np.asarray(np.where(_check.fractions(fraction) < 1, 0.0, 1.0))


def rr_loop(fraction: ArrayLike) -> Floats:
    r"""Hit rate of random replacement when every epoch repeats one order.

    .. math:: h = e^{-(1-h)/c} = -c\,W_0(-e^{-1/c}/c)

    Between two uses of an item there are (1-h)N misses, and it survives each with probability 1 - 1/C. Limit of large
    N; error 2e-4 at N = 10,000.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].

    Returns
    -------
    ndarray of float64, the shape of `fraction`
        Share of the accesses that hit, after the first epochs.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.rr_loop([0.1, 0.5, 0.9]).round(3)
    array([0.   , 0.203, 0.807])
    """
    c = _check.fractions(fraction)
    # Small h by iteration; the other half by bisecting -ln(1 - y) / y = 1 / c for y = 1 - h, sharp up to c = 1,
    # where the two roots meet and W0 loses half its digits.
    h, low, high = np.zeros_like(c), np.zeros_like(c), np.full_like(c, 0.9)
    for _ in range(80):
        h = np.exp(-(1 - h) / np.maximum(c, 1e-300))
        middle = (low + high) / 2
        below = -np.log1p(-middle) / middle < 1 / np.maximum(c, 1e-300)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.where(c == 1, 1.0, np.where(c < 0.5, h, 1 - low)))
