"""Arrays of any library as plain NumPy's: a tensor, a frame or a masked array is not what it iterates as."""

import math
import operator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ids = NDArray[np.int32]  # what policies take, and give
Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]
Sizes = NDArray[np.int64]
FLOAT64 = 1e-9  # how far probabilities given in float64 may sum from 1


def plain(given: Any, what: str, where: str = "") -> Any:
    """An array of any library as NumPy's own, in this machine's byte order; what is no array, as it is.

    Raises
    ------
    TypeError
        When NumPy cannot read it, as where it lies on a GPU.
    ValueError
        When an entry is masked.
    """
    if isinstance(given, np.ma.MaskedArray):
        masked = np.flatnonzero(np.ma.flatten_mask(np.ma.getmaskarray(given)))
        if masked.size:
            raise ValueError(f"{what} must not be masked{where}, got a masked entry at position {masked[0]}")
        found = np.ma.getdata(given)
    elif isinstance(given, memoryview) or (hasattr(type(given), "__array__") and not isinstance(given, np.generic)):
        try:
            found = np.asarray(given)
        except Exception as error:  # every library has its own
            came = f"{type(given).__name__}: {str(error).partition(chr(10))[0]}"
            raise TypeError(f"{what} must be an array that NumPy can read{where}, got {came}") from error
    else:
        return given
    return found if found.dtype.isnative else found.astype(found.dtype.newbyteorder("="))


def column(given: Any, what: str, where: str = "") -> Any:
    """As `plain`, and a data frame of one column as that column.

    Raises
    ------
    TypeError, ValueError
        As `plain`, and when the array has another number of dimensions than one, or the frame of columns.
    """
    if isinstance(given, pd.DataFrame):
        if given.shape[1] != 1:
            some = f", as in frame[{given.columns[0]!r}]" if given.shape[1] else ""
            raise ValueError(f"{what} must be one column{where}, got a data frame of {given.shape[1]}: take one{some}")
        given = given.iloc[:, 0]
    found = plain(given, what, where)
    if isinstance(found, np.ndarray) and found.ndim != 1:
        raise ValueError(f"{what} must be one-dimensional{where}, got shape {found.shape}")
    return found


def square(given: Any, what: str, where: str = "") -> Any:
    """As `plain`, of a matrix whose rows and columns stand for the same things in the same order.

    Raises
    ------
    TypeError, ValueError
        As `plain`, and when a data frame names its rows and columns alike but orders them otherwise.
    """
    if isinstance(given, pd.DataFrame):
        rows, columns = given.index, given.columns
        if not rows.equals(columns) and len(rows) == len(columns) and set(rows) == set(columns):
            remedy = "frame.loc[:, frame.index] has them so"
            raise ValueError(f"{what} must have its rows and columns in one order{where}, got two: {remedy}")
        if all(map(pd.api.types.is_numeric_dtype, given.dtypes)) and np.asarray(given).dtype == object:
            return given.to_numpy(np.float64, na_value=np.nan)  # columns that may have missing values
    return plain(given, what, where)


def whole_numbers(given: Any) -> NDArray[Any] | None:
    """Whole numbers, exactly: an array of integers, of Python's where 64 bits do not hold them all; None of others.

    NumPy makes floats of a list with int64 and uint64 in it, and objects of what is wider.
    """
    found = np.asarray(given)
    if found.dtype.kind in "iu" or not found.size:
        return found if found.size else np.empty(found.shape, np.int64)
    if not (found.dtype.kind == "O" or (found.dtype.kind == "f" and not isinstance(given, np.ndarray))):
        return None
    each = np.asarray(given, object)
    try:
        exact = [_exact(value) for value in each.ravel().tolist()]
    except TypeError:
        return None
    narrow = min(exact) >= -(2**63) and max(exact) < 2**63
    flat = np.empty(len(exact), np.int64 if narrow else object)
    flat[:] = exact
    return flat.reshape(each.shape)


def saturated(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Whole numbers that are not below int64's, those above it as its largest."""
    if numbers.dtype.kind == "i":
        return numbers.astype(np.int64)
    wide = numbers.astype(np.uint64) if numbers.dtype.kind == "u" else numbers
    return np.asarray(np.minimum(wide, 2**63 - 1)).astype(np.int64)


def tolerance(probabilities: NDArray[Any], n: int) -> float:
    """How far from 1 the sum of `n` of these may lie: what normalising them in their own precision leaves.

    Numbers that float32 holds exactly may come from there, whatever holds them now.
    """
    kind = probabilities.dtype
    with np.errstate(over="ignore"):
        if kind == np.float64 and np.array_equal(probabilities, probabilities.astype(np.float32)):
            kind = np.dtype(np.float32)
    if kind.kind != "f":
        return FLOAT64
    eps = float(np.finfo(kind).eps)
    return max(FLOAT64, min(8 * eps * math.sqrt(n), math.sqrt(eps)))


def _exact(value: Any) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError
    return operator.index(value)
