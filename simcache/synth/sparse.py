"""Transition matrices as rows of probabilities, checked in full before compiled code, SciPy's too, follows them.

SciPy trusts the arrays of a sparse matrix: indices that lie make it read and write outside of its memory.
"""

import operator
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ..arrays import square, tolerance
from ..checks import LIMIT

PAIRED = "a sparse matrix must have a value for each index"


def transitions(matrix: Any, where: str) -> Any:
    """`matrix`, dense or sparse, as rows of positive probabilities in canonical CSR form, the caller's left as it was.

    Raises
    ------
    TypeError, ValueError
        When it is no transition matrix; of entries and rows that are wrong the first is named.
    """
    if not scipy.sparse.issparse(matrix):
        try:
            dense = np.asarray(square(matrix, "matrix", f" for {where}"))
        except ValueError as error:
            if "inhomogeneous" not in str(error):
                raise
            raise ValueError(f"{_rule(where)}, got ragged rows") from None
        _check_kind(dense.dtype, where)
        _side(dense.shape, where)
        return _probable(scipy.sparse.csr_array(_floats(dense)), dense, where)
    given: Any = matrix
    n = _side(given.shape, where)
    if given.format == "csr":
        return checked_csr(given.data, given.indices, given.indptr, given.shape, where)
    data, rows, columns = _entries(given, n, where)
    # Each row needs an entry: where some are short of one, no memory is taken for all of them.
    some = np.unique(rows)
    if some.size < n:
        lacking = np.flatnonzero(some != np.arange(some.size))
        _refuse_sum(0.0, int(lacking[0]) if lacking.size else some.size, where)
    return _probable(scipy.sparse.csr_array((_floats(data), (rows, columns)), shape=(n, n)), data, where)


def checked_csr(data: Any, indices: Any, indptr: Any, shape: Any, where: str) -> Any:
    """As `transitions`, from the arrays of a matrix in CSR form, of which nothing is known yet."""
    n = _side(shape, where)
    _check_compressed(data, indices, indptr, n, n, where)
    used = int(indptr[-1])
    parts = _floats(data[:used]), indices[:used].astype(np.int64), indptr.astype(np.int64)
    return _probable(scipy.sparse.csr_array(parts, shape=(n, n)), data, where)


def _entries(given: Any, n: int, where: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Values, rows and columns of a sparse matrix in another form than CSR."""
    if given.format == "csc":
        _check_compressed(given.data, given.indices, given.indptr, n, n, where)
        used = int(given.indptr[-1])
        columns = np.repeat(np.arange(n), np.diff(given.indptr.astype(np.int64)))
        return given.data[:used], given.indices[:used].astype(np.int64), columns
    if given.format == "bsr":
        blocks = given.data
        if blocks.ndim != 3 or 0 in blocks.shape[1:] or n % blocks.shape[1] or n % blocks.shape[2]:
            raise ValueError(f"a sparse matrix must have blocks that fill it for {where}, got {blocks.shape} for {n}")
        across, down = n // blocks.shape[1], n // blocks.shape[2]
        _check_compressed(blocks[:, 0, 0], given.indices, given.indptr, across, down, where)
    if given.format == "lil" and list(map(len, given.rows)) != list(map(len, given.data)):
        raise ValueError(f"{PAIRED} for {where}, got others")
    loose = given.tocoo()
    for part in (loose.row, loose.col):
        _check_row(part, "index", "iu", where)
        _check_within(part, n, where)
    _check_row(loose.data, "data", "biuf", where)
    if not loose.row.size == loose.col.size == loose.data.size:
        raise ValueError(f"{PAIRED} for {where}, got others")
    return loose.data, loose.row.astype(np.int64), loose.col.astype(np.int64)


def _check_compressed(data: Any, indices: Any, indptr: Any, rows: int, columns: int, where: str) -> None:
    _check_row(data, "data", "biuf", where)
    _check_row(indices, "indices", "iu", where)
    _check_row(indptr, "indptr", "iu", where)
    if data.size != indices.size:
        raise ValueError(f"{PAIRED} for {where}, got {data.size} for {indices.size}")
    if indptr.size != rows + 1 or indptr[0] != 0 or indptr[-1] > data.size or (indptr[1:] < indptr[:-1]).any():
        rule = f"indptr of a sparse matrix must rise from 0 to at most {data.size} in {rows + 1} numbers for {where}"
        raise ValueError(f"{rule}, got {indptr.size} from {indptr.min()} to {indptr.max()}" if indptr.size else rule)
    _check_within(indices, columns, where)


def _check_row(part: Any, what: str, kinds: str, where: str) -> None:
    if not (isinstance(part, np.ndarray) and part.ndim == 1 and part.dtype.kind in kinds):
        came = f"{part.dtype} of shape {part.shape}" if isinstance(part, np.ndarray) else type(part).__name__
        numbers = "numbers" if "f" in kinds else "whole numbers"
        raise TypeError(f"{what} of a sparse matrix must be a row of {numbers} for {where}, got {came}")


def _check_within(indices: NDArray[Any], n: int, where: str) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= n):
        came = indices.min() if indices.min() < 0 else indices.max()
        raise ValueError(f"indices of a sparse matrix must lie in 0 … {n - 1} for {where}, got {came}")


def _probable(rows: Any, given: NDArray[Any], where: str) -> Any:
    """Rows in CSR form without negative entries, each of sum 1 as far as the precision of `given` allows."""
    rows.sum_duplicates()
    away = tolerance(given, int(np.diff(rows.indptr).max()))
    bad = np.flatnonzero(~((rows.data >= 0) & (rows.data <= 1 + away)))
    if bad.size:
        row = int(np.searchsorted(rows.indptr, bad[0], "right")) - 1
        value, column = rows.data[bad[0]], rows.indices[bad[0]]
        raise ValueError(f"matrix must hold probabilities 0 … 1 for {where}, got {value} in row {row}, column {column}")
    sums = np.asarray(rows.sum(axis=1)).ravel()
    off = np.flatnonzero(np.abs(sums - 1) > away)
    if off.size:
        _refuse_sum(sums[off[0]], int(off[0]), where)
    rows.eliminate_zeros()
    return rows


def _refuse_sum(total: float, row: int, where: str) -> None:
    raise ValueError(f"each row of matrix must sum to 1 for {where}, got {total} in row {row}")


def _side(shape: Any, where: str) -> int:
    """Items of a square matrix."""
    try:
        sides = [operator.index(side) for side in shape]
    except TypeError:
        sides = []
    if len(sides) != 2 or sides[0] != sides[1] or not 0 < sides[0] <= LIMIT:
        raise ValueError(f"{_rule(where)}, got shape {tuple(shape)}")
    return sides[0]


def _check_kind(dtype: np.dtype[Any], where: str) -> None:
    if dtype.kind not in "biuf":
        raise TypeError(f"matrix must hold numbers for {where}, got {dtype}")


def _rule(where: str) -> str:
    return f"matrix must be square, n_items by n_items, for {where}"


def _floats(data: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # of a wider float: refused as infinite
        return data.astype(np.float64)
