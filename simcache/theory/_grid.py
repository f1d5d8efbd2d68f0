"""Whole curves of the fluid models at once: bin the items, tabulate on a grid of the one parameter, interpolate."""

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats

BIN = 0.05  # items of one bin differ by at most this in log p
STEP = 0.08  # of the grid, in log T
BLOCK = 1 << 20  # numbers tabulated together

# (p T) -> occupancy, hit probability, d occupancy / d log T, d hit probability / d log T
Model = Callable[[Floats], tuple[Floats, Floats, Floats, Floats]]


def binned(p: Floats) -> tuple[Floats, Floats]:
    """A few points that stand for all items: probabilities and how many items each counts for.

    A bin of items within 5 % of each other becomes two points, one deviation either side of its mean: sums of a
    smooth function of p are then right to third order in the width, whatever the weights. `p` descends.
    """
    reach = int(np.ceil((np.log(p[0]) - np.log(p[-1])) / BIN)) + 1
    if reach < p.size:
        starts = np.unique(np.searchsorted(-p, -p[0] * np.exp(-BIN * np.arange(reach)), side="left"))
    else:
        starts = np.flatnonzero(np.diff(np.floor((np.log(p[0]) - np.log(p)) / BIN), prepend=-1))
    starts = starts[starts < p.size]
    counts = np.diff(starts, append=p.size).astype(np.float64)
    mean = np.add.reduceat(p, starts) / counts
    spread = np.sqrt(np.maximum(np.add.reduceat(p * p, starts) / counts - mean**2, 0))
    lone = (counts == 1) | (spread < 1e-6 * mean)
    points = np.concatenate([mean[lone], (mean - spread)[~lone], (mean + spread)[~lone]])
    number = np.concatenate([counts[lone], counts[~lone] / 2, counts[~lone] / 2])
    return points, number


def curve(weights: ArrayLike, capacity: ArrayLike, model: Model, log_end: Callable[[float], float]) -> Floats:
    """Hit rates of a model at the capacities asked for.

    The model gives occupancy C(T) and hit rate h(T) as sums over the items; the curve h(C) is a cubic Hermite
    interpolation between grid points, with the exact slopes dh/dC. `log_end` of the number of items N is the log of a
    p T at which all but less than one of N equal items is cached.
    """
    size = _check.whole(capacity, "capacity")
    return reading(_check.probabilities(weights), size.astype(np.float64), model, log_end)


def reading(p: Floats, size: Floats, model: Model, log_end: Callable[[float], float]) -> Floats:
    """`curve` of checked probabilities, at sizes >= 1 that need not be whole."""
    n = p.size
    if n == 1:
        return np.ones(size.shape)
    points, number = binned(p)
    # C(T) <= T in every model, so T below 1 is never asked for.
    log_t = np.arange(-2 * STEP, min(log_end(n) - np.log(p[-1]) + 2 * STEP, 700), STEP)
    occupied, hits, d_occupied, d_hits = (np.empty(log_t.size) for _ in range(4))
    rows = max(1, BLOCK // points.size)
    mass = number * points
    for at in range(0, log_t.size, rows):
        block = slice(at, at + rows)
        occupancy, hit, d_occupancy, d_hit = model(np.exp(log_t[block])[:, None] * points)
        occupied[block], hits[block] = occupancy @ number, hit @ mass
        d_occupied[block], d_hits[block] = d_occupancy @ number, d_hit @ mass
    # Where all cached items are sure and the next are far, the occupancy stands still but for rounding.
    most = np.maximum.accumulate(occupied)
    grows = np.flatnonzero((np.diff(most, prepend=-1) > 0) & (d_occupied > 0))
    slope = d_hits[grows] / d_occupied[grows]
    spline = scipy.interpolate.CubicHermiteSpline(occupied[grows], hits[grows], slope)
    inside = np.clip(size, occupied[grows[0]], occupied[grows[-1]])
    return np.asarray(np.where(size >= n, 1.0, np.clip(spline(inside), 0, 1)))


def lru(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Che: cached while requested within the last T."""
    e = np.exp(-x)
    held = 1 - e
    grow = x * e
    return held, held, grow, grow


def qlru(q: float) -> Model:
    """Che's for q-LRU: as `lru`, but a miss starts a stay with probability q only."""

    def model(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        e = np.exp(-x)
        out = e + q * (1 - e)
        held = q * (1 - e) / out
        grow = x * q * e / out**2
        return held, held, grow, grow

    return model


def fifo(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """A stay of T after each miss."""
    e = 1 / (1 + x)
    held = x * e
    grow = held * e
    return held, held, grow, grow


def opt(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Cached while the next use is within T: an interval of at most T that covers now."""
    e = np.exp(-x)
    xe = x * e
    return 1 - e - xe, 1 - e, x * xe, xe
