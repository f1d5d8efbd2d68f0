"""Files in: tables that the command line or a DataFrame wrote, and transition matrices."""

import json
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from .output import WRITERS, need_pyarrow

BROKEN = (ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)
# What a file of plain text cannot tell: that these are words even where they look like numbers, and those rates.
WORDS = ("trace", "policy", "generator", "sampler", "matrix", "torch")
RATES = ("fraction", "hit_rate", "hit_rate_warm", "low", "high")


def read_table(path: Path) -> pd.DataFrame:
    """The table in a .csv, .parquet or .json file, equal to the one written there.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When its suffix is another, or it holds no table.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise ValueError(f"a table must be a file ending in {', '.join(WRITERS)}; got {str(path)!r}")
    if suffix == ".parquet":
        need_pyarrow()
    path.open("rb").close()  # a missing file is not a broken one
    try:
        table = _read(path, suffix)
    except BROKEN as error:
        raise ValueError(f"a table must be a whole {suffix} file with rows, got {str(path)!r}") from error
    kinds: dict[Any, str] = {name: "float64" for name in RATES if name in table and suffix != ".parquet"}
    try:
        return table.astype({**kinds, **({"hits": "Int64"} if "hits" in table else {})})
    except (ValueError, TypeError) as error:
        raise ValueError(f"rates and hits must be numbers in table {str(path)!r}: {error}") from error


def _read(path: Path, suffix: str) -> pd.DataFrame:
    if suffix == ".parquet":
        return pd.read_parquet(path)
    if suffix == ".json":
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("no list of rows")
        return pd.DataFrame(rows)
    table = pd.read_csv(path, dtype=dict.fromkeys(WORDS, "str"), keep_default_na=False, na_values=[""])
    # A DataFrame's own to_csv writes its index as a column without a name; kept, it would tell every row apart.
    return table.loc[:, [not str(name).startswith("Unnamed: ") for name in table.columns]]


def read_matrix(path: Path) -> Any:
    """The matrix in a .npy, .npz (SciPy's sparse, or one array) or .csv file.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When its suffix is another, or it holds no matrix.
    """
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", ".csv"):
        raise ValueError(f"a matrix must be a file ending in .npy, .npz, .csv; got {str(path)!r}")
    with path.open("rb") as file:  # opened here: NumPy leaves a broken archive open
        try:
            return _matrix(file, suffix)
        except BROKEN as error:
            raise ValueError(f"a matrix must be a whole {suffix} file of numbers, got {str(path)!r}") from error


def _matrix(file: BinaryIO, suffix: str) -> Any:
    if suffix == ".csv":
        with warnings.catch_warnings(action="ignore"):  # NumPy's about an empty file, which synth refuses
            return np.loadtxt(file, delimiter=",", ndmin=2)
    found = np.load(file, allow_pickle=False)
    if suffix == ".npy":
        return found
    if len(found.files) == 1:
        return found[found.files[0]]
    from scipy import sparse

    file.seek(0)
    return sparse.load_npz(file)
