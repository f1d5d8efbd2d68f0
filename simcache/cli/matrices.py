"""Matrices in: dense or sparse, of which a file's own words are not believed before they were compared with it."""

import math
import os
import warnings
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import scipy
from numpy.lib import format as npy
from numpy.typing import NDArray

from .. import npz
from . import opening
from .input import BROKEN

MOST = 1 << 28  # bytes of a matrix in memory
TEXT = 1 << 27  # bytes of one in a text


def read_matrix(path: Path) -> Any:
    """The matrix in a .npy, .npz (SciPy's sparse, or one array) or .csv file.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When its suffix is another, or it holds no matrix, or one of over 2^25 entries, or 256 MiB if sparse.
    """
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", ".csv"):
        raise ValueError(f"a matrix must be a file ending in .npy, .npz, .csv; got {str(path)!r}")
    opening.check(path, f"a {suffix} matrix", TEXT if suffix == ".csv" else MOST + (1 << 16))
    try:
        return {".csv": _csv, ".npy": _npy, ".npz": _npz}[suffix](path)
    except BROKEN as error:
        raise ValueError(f"a matrix must be a whole {suffix} file of numbers, got {str(path)!r}: {error}") from error


def _csv(path: Path) -> NDArray[Any]:
    with path.open(encoding=opening.encoding(path)) as file, warnings.catch_warnings(action="ignore"):
        columns = file.readline(1 << 20).count(",") + 1
        file.seek(0)
        most = MOST // 8 // columns  # NumPy's warning is about an empty file, which is refused where it is used
        matrix = np.loadtxt(file, delimiter=",", ndmin=2, max_rows=most + 1)
    _check_array(matrix.shape, matrix.dtype)
    return matrix


def _npy(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        if npy.read_magic(file) != (1, 0):
            raise ValueError("no array of numbers")
        shape, _, dtype = npy.read_array_header_1_0(file)
        _check_array(shape, dtype)
        if file.tell() + math.prod(shape) * dtype.itemsize != os.fstat(file.fileno()).st_size:
            raise ValueError(f"it says {dtype} of shape {shape}, which is not what it holds")
        file.seek(0)
        return np.load(file, allow_pickle=False)  # type: ignore[no-any-return]


def _npz(path: Path) -> Any:
    with ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if len(names) > 10:
            raise ValueError(f"it holds {len(names)} arrays")
        heads = {name: npz.header(archive, name) for name in names}
        if len(names) == 1:
            _check_array(heads[names[0]].shape, heads[names[0]].dtype)
            return npz.read(archive, heads[names[0]])
        if sum(head.size * head.dtype.itemsize for head in heads.values()) > MOST:
            raise ValueError(f"it must take at most {MOST >> 20} MiB")
        return _sparse({name: npz.read(archive, head) for name, head in heads.items()})


def _check_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biuf" or len(shape) > 2 or math.prod(shape) > MOST // 8:
        raise ValueError(f"it must hold at most {MOST // 8} numbers in rows, got {dtype} of shape {shape}")


def _sparse(parts: dict[str, NDArray[Any]]) -> Any:
    """The sparse matrix that SciPy saved as these arrays: compiled code follows them, so all are checked before."""
    if "format" not in parts:
        raise ValueError("it is neither one array nor a sparse matrix of SciPy's")
    kind, given = parts["format"].item(), parts["data"]
    kind = kind.decode() if isinstance(kind, bytes) else kind
    rows, columns = _indices(parts["shape"], 2, 2**31).tolist()
    if given.dtype.kind not in "biuf" or not (0 < rows <= given.size and columns):
        raise ValueError(f"it must hold numbers, one a row or more, got {given.size} {given.dtype} for {rows} rows")
    data = given.astype(given.dtype.newbyteorder("="))
    if kind == "coo":
        row, column = (parts["row"], parts["col"]) if "row" in parts else parts["coords"]
        places = _indices(row, data.size, rows), _indices(column, data.size, columns)
        return scipy.sparse.coo_array((data, places), shape=(rows, columns))
    if kind == "dia":
        offsets = _indices(parts["offsets"] + rows, len(data), rows + columns) - rows
        return scipy.sparse.dia_array((data, offsets), shape=(rows, columns))
    if kind not in ("csr", "csc", "bsr"):
        raise ValueError(f"its format must be csr, csc, bsr, coo or dia, got {kind!r}")
    height, width = data.shape[1:] if kind == "bsr" else (1, 1)
    down, across = (columns, rows) if kind == "csc" else (rows // height, columns // width)
    indices, starts = _indices(parts["indices"], len(data), across), parts["indptr"]
    starts = _indices(starts, down + 1, len(data) + 1)
    if starts[0] != 0 or (np.diff(starts) < 0).any():
        raise ValueError(f"indptr must rise from 0 to at most {len(data)}, got {starts.min()} … {starts.max()}")
    used = int(starts[-1])
    return getattr(scipy.sparse, f"{kind}_array")((data[:used], indices[:used], starts), shape=(rows, columns))


def _indices(part: NDArray[Any], size: int, limit: int) -> NDArray[np.int64]:
    """Whole numbers 0 … limit - 1, as many as there must be."""
    if part.dtype.kind not in "iu" or part.shape != (size,):
        raise ValueError(f"there must be {size} indices in a row, got {part.dtype} of shape {part.shape}")
    if size and (part.min() < 0 or part.max() >= limit):
        raise ValueError(f"indices must lie in 0 … {limit - 1}, got {part.min()} … {part.max()}")
    return part.astype(np.int64)
