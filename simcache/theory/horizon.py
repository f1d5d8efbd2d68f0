"""Uniform sampling with replacement from an empty cache: E epochs of N draws each, first sights counted as misses."""

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from .shuffled import opt_reach

SHORT, ENDLESS = 1e-300, 1e100  # epochs: beyond, nothing changes that a float could tell, but products overflow


def lru_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    r"""Hit rate of LRU over E epochs of uniform draws with replacement, from an empty cache.

    .. math:: h = \frac1E \int_0^E \min(c, 1 - e^{-t})\,dt

    The items cached after tN draws are the share 1 - e^{-t} of all until the cache is full, then c; a uniform draw
    hits any C items with the same chance, so FIFO, random replacement and pinning do the same.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1]. At 1 this is the bound by compulsory misses, 1 - (1 - e^{-E}) / E.
    epochs : array_like
        E = draws / N, positive; need not be whole.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of all E N draws that hit, first sights counted as misses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N: the error is of the order 1/N.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_horizon([0.1, 0.5, 1.0], 10).round(3)  # of everything cached, the first sights are missed
    array([0.099, 0.485, 0.9  ])
    """
    c, e = np.broadcast_arrays(_check.fractions(fraction), _check.real(epochs, "epochs", 0, open_low=True))
    full = np.where(c < 1, -np.log1p(-np.where(c < 1, c, 0.5)), np.inf)
    filling = np.minimum(full, e)
    short = np.minimum(filling, 1e-4)
    seen = np.where(filling < 1e-4, short**2 / 2 * (1 - short / 3), filling + np.expm1(-filling))
    return np.asarray(np.clip((seen + c * (e - filling)) / e, 0, 1))


def fifo_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of FIFO over E epochs of uniform draws with replacement, from an empty cache.

    A uniform draw hits any C items with the same chance, so it does not matter which are kept: the formula is that of
    `lru_horizon`.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epochs : array_like
        E = draws / N, positive; need not be whole.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of all E N draws that hit, first sights counted as misses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N: the error is of the order 1/N.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.fifo_horizon(0.5, [1, 2, 10]).round(3)
    array([0.347, 0.423, 0.485])
    """
    return lru_horizon(fraction, epochs)


def rr_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of random replacement over E epochs of uniform draws with replacement, from an empty cache.

    Whatever is evicted, C items are cached, and a uniform draw hits any C items with the same chance: the formula is
    that of `lru_horizon`.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epochs : array_like
        E = draws / N, positive; need not be whole.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of all E N draws that hit, first sights counted as misses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N: the error is of the order 1/N.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.rr_horizon([0.1, 0.5], 4).round(3)
    array([0.099, 0.462])
    """
    return lru_horizon(fraction, epochs)


def pin_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of pinning the first C items over E epochs of uniform draws with replacement.

    The first C items drawn stay. They are hit as often as any other C items would be: the formula is that of
    `lru_horizon`.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epochs : array_like
        E = draws / N, positive; need not be whole.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of all E N draws that hit, first sights counted as misses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N: the error is of the order 1/N.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.pin_horizon(0.5, [10, 1000]).round(3)  # nears C / N
    array([0.485, 0.5  ])
    """
    return lru_horizon(fraction, epochs)


def opt_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    r"""Hit rate of OPT (bypass) over E epochs of uniform draws with replacement, from an empty cache.

    .. math:: h = \frac1E \min_{m \ge 1}\; (m - 1)\,c + m\,g(E/m), \qquad g(w) = w - (1 - e^{-w})

    By the windows of `opt_windows`: OPT's hits are the least, over all cuts of the run, of C for each cut and
    the reuses inside the windows, g(w) N of them in a window of w N draws. As g is convex, equal windows are best.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epochs : array_like
        E = draws / N, positive; need not be whole.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of all E N draws that hit, first sights counted as misses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    m is near E / θ, θ of the steady law (`opt_irm`), to which h rises with E: 0.763 at E = 10 against 0.813 at c = 0.5.
    Grows with c, too. The limit of large C, approached from below as `opt_irm` is: at N = 10^6 simulation lies under it
    by 0.0007 (C = 10), 0.0006 (C = 100), 0.0003 (C = 10^4). libCacheSim's Belady, N = 50,000, E = 10, has 0.402,
    0.593, 0.764, 0.891 at c = 0.1, 0.25, 0.5, 0.9; this 0.402, 0.593, 0.763, 0.891. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_horizon([0.1, 0.5, 0.9], 10).round(3)
    array([0.402, 0.763, 0.891])
    >>> theory.lru_horizon([0.1, 0.5, 0.9], 10).round(3)
    array([0.099, 0.485, 0.833])
    """
    c, e = np.broadcast_arrays(_check.fractions(fraction), _check.real(epochs, "epochs", 0, open_low=True))
    e = np.clip(e, SHORT, ENDLESS)
    below = np.maximum(np.floor(e / opt_reach(c)), 1)
    return np.asarray(np.clip(np.minimum(_windows(c, e, below), _windows(c, e, below + 1)), 0, 1))


def _windows(c: Floats, e: Floats, m: Floats) -> Floats:
    """What m equal windows bound the hit rate by."""
    w = e / m
    small = np.minimum(w, 1e-4)
    inside = np.where(w < 1e-4, small / 2 * (1 - small / 3), 1 + np.expm1(-w) / np.maximum(w, 1e-4))
    return np.asarray(inside + (1 - 1 / m) * (c / w))
