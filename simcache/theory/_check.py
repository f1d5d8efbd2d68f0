"""What every closed form asks of its arguments: checked once, at the door, with one wording."""

from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..arrays import plain, saturated, square, tolerance, whole_numbers

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def _numbers(value: ArrayLike, what: str, must: str, kinds: str) -> NDArray[Any]:
    given = np.asarray(plain(value, what))
    if given.size and given.dtype.kind not in kinds:
        raise _kind_error(value, given, what, must)
    return given


def _kind_error(value: ArrayLike, given: NDArray[Any], what: str, must: str) -> TypeError:
    came = checks.short(value) if given.size == 1 else f"{given.dtype} of shape {given.shape}"
    return TypeError(f"{what} must be {must}, got {came}")


def _first(bad: NDArray[np.bool_], given: NDArray[Any]) -> object:
    return given[bad].ravel()[0]


def real(
    value: ArrayLike,
    what: str,
    low: float,
    high: float = np.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    finite: bool = True,
) -> Floats:
    """`value` as float64, every number in [low, high], without an end that is open; infinity only if not `finite`."""
    closed = (np.isfinite(high) or not finite) and not open_high
    interval = f"{'(' if open_low else '['}{low:g}, {high:g}{']' if closed else ')'}"
    must = f"numbers in {interval}"
    given = _numbers(value, what, must, "iuf").astype(np.float64)
    bad = ~((given > low if open_low else given >= low) & (given < high if open_high else given <= high))
    if finite:
        bad |= np.isinf(given)
    if bad.any():
        raise ValueError(f"{what} must be {must}, got {_first(bad, given)}")
    return given


def fractions(value: ArrayLike) -> Floats:
    """Cache sizes as shares of the items: in (0, 1]."""
    return real(value, "fraction", 0, 1, open_low=True)


def whole(value: ArrayLike, what: str, low: int = 1) -> Whole:
    """Whole numbers >= `low` as int64, where those beyond it are its largest; 5.0 is refused, as `simulate` does."""
    must = f"whole numbers >= {low}"
    read = plain(value, what)
    given = whole_numbers(read)
    if given is None:
        raise _kind_error(value, np.asarray(read), what, must)
    bad = np.asarray(given < low)
    if bad.any():
        raise ValueError(f"{what} must be {must}, got {_first(bad, given)}")
    return saturated(given)


def one(value: object, what: str, low: int = 1) -> int:
    """One whole number >= `low`."""
    return checks.whole(value, what, low)


def rates(weights: ArrayLike) -> Floats:
    """Request rates of all items, the largest 1: the sum of huge weights may overflow."""
    must = "a one-dimensional array of finite numbers >= 0 with a positive sum"
    given = _numbers(weights, "weights", must, "iuf")
    if given.ndim != 1:
        raise ValueError(f"weights must be {must}, got shape {given.shape}")
    w = given.astype(np.float64)
    if w.size == 0:
        raise ValueError(f"weights must be {must}, got none")
    # min and max carry NaN, and are cheaper than a mask over a million weights
    low, high = float(w.min()), float(w.max())
    if not (low >= 0 and high < np.inf):
        raise ValueError(f"weights must be {must}, got {_first(~((w >= 0) & (w < np.inf)), w)}")
    if high == 0:
        raise ValueError(f"weights must be {must}, got a sum of 0")
    return np.asarray(w / high)


def probabilities(weights: ArrayLike) -> Floats:
    """Request probabilities of the items that are ever requested, descending; shape (n_positive,)."""
    p = rates(weights)
    if p.min() == 0:
        p = p[p > 0]
    if (p[:-1] < p[1:]).any():
        p = np.sort(p)[::-1]
    p = np.asarray(p / p.sum())
    return p if p[-1] > 0 else p[p > 0]  # dividing may underflow


def stochastic(matrix: ArrayLike) -> Floats:
    """A transition matrix: square, rows summing to 1 (as `tolerance` tells, then normalised), irreducible."""
    must = "a square matrix of numbers >= 0 whose rows sum to 1"
    given = _numbers(square(matrix, "matrix"), "matrix", must, "iuf")
    chain = given.astype(np.float64)
    if chain.ndim != 2 or chain.shape[0] != chain.shape[1] or chain.size == 0:
        raise ValueError(f"matrix must be {must}, got shape {chain.shape}")
    away = tolerance(given, len(given))
    bad = ~((chain >= 0) & (chain <= 1 + away))
    if bad.any():
        raise ValueError(f"matrix must be {must}, got the entry {_first(bad, chain)}")
    sums = chain.sum(axis=1)
    off = int(np.argmax(np.abs(sums - 1)))
    if not abs(sums[off] - 1) <= away:
        raise ValueError(f"matrix must be {must}, got {sums[off]} in row {off}")
    if scipy.sparse.csgraph.connected_components(chain > 0, connection="strong")[0] != 1:
        raise ValueError("matrix must be irreducible (every item can be reached from every other), got one that is not")
    return np.asarray(chain / sums[:, None])
