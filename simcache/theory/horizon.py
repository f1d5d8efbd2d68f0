"""Uniform sampling with replacement from an empty cache: E epochs of N draws each, first sights counted as misses."""

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from ._cold import opt_kept
from .shuffled import opt_shuffled

CELLS = 32  # of time per epoch, the coarser of two grids
LONGEST = 24  # epochs run; beyond, every further one is a steady one


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

    Notes
    -----
    Limit of large N: the error is of the order 1/N.
    """
    c, e = np.broadcast_arrays(_check.fractions(fraction), _check.real(epochs, "epochs", 0, open_low=True))
    full = np.where(c < 1, -np.log1p(-np.where(c < 1, c, 0.5)), np.inf)
    filling = np.minimum(full, e)
    short = np.minimum(filling, 1e-4)
    seen = np.where(filling < 1e-4, short**2 / 2 * (1 - short / 3), filling + np.expm1(-filling))
    return np.asarray(np.clip((seen + c * (e - filling)) / e, 0, 1))


def fifo_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of FIFO over E epochs of uniform draws with replacement: see `lru_horizon`."""
    return lru_horizon(fraction, epochs)


def rr_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of random replacement over E epochs of uniform draws with replacement: see `lru_horizon`."""
    return lru_horizon(fraction, epochs)


def pin_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of pinning the first C items over E epochs of uniform draws with replacement: see `lru_horizon`."""
    return lru_horizon(fraction, epochs)


def opt_horizon(fraction: ArrayLike, epochs: ArrayLike) -> Floats:
    """Hit rate of OPT over E epochs of uniform draws with replacement, from an empty cache.

    Belady's rule on the fluid of intervals (density e^-(length), ends cut off at E), in cells of 1/32 and 1/64 epoch,
    extrapolated to none.

    Parameters and returns as for `lru_horizon`.

    Notes
    -----
    The steady law (`opt_irm`) is far too high for short runs: 0.813 against 0.763 at c = 0.5, E = 10.
    libCacheSim's Belady, N = 50,000, E = 10, has 0.402, 0.593, 0.764, 0.891 at c = 0.1, 0.25, 0.5, 0.9; this
    0.402, 0.593, 0.763, 0.891. Derived for this package.
    """
    c, e = np.broadcast_arrays(_check.fractions(fraction), _check.real(epochs, "epochs", 0, open_low=True))
    return np.asarray(_opt(c, e), np.float64)


@np.vectorize(otypes=[np.float64])
def _opt(c: float, epochs: float) -> float:
    bound, steady = float(lru_horizon(1, epochs)), float(opt_shuffled(c, ranks=np.inf))
    if c == 1:
        return bound
    run = min(epochs, LONGEST)
    coarse, fine = (_opt_cells(c, run, max(8, round(cells * run))) for cells in (CELLS, 2 * CELLS))
    hits = fine + (fine - coarse)
    hits += (epochs - run) * steady
    # A cache much smaller than a cell: the steady law, which no run exceeds (it has more intervals).
    return float(np.clip(hits / epochs, lru_horizon(c, epochs), min(bound, steady)))


def _opt_cells(c: float, epochs: float, cells: int) -> float:
    """Hits in units of N, only what crosses from cell to cell taking space."""
    width = epochs / cells
    q = -np.expm1(-width)  # of N draws at random, what a cell touches: cells are epochs of private caches
    return float(opt_kept(c, q, cells) + epochs - cells * q)
