"""Files in: traces, and tables that the command line or a DataFrame wrote."""

import json
import re
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd

from .. import formats
from ..seeds import RATES
from ..tables import column
from ..trace import Trace
from . import opening
from .output import WRITERS, need_pyarrow

BROKEN = (
    ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, OverflowError, RecursionError,
    NotImplementedError, zipfile.BadZipFile, zlib.error, TokenError,
)  # fmt: skip
# What a file of plain text cannot tell: that these are words even where they look like numbers, and those rates.
WORDS = ("trace", "policy", "unit", "generator", "sampler", "matrix", "torch", "joined", "file")
SHARES = ("fraction", *RATES)
COUNTS = ("capacity", "seed", "accesses", "warmup")
MOST = {".csv": 1 << 25, ".json": 1 << 24, ".parquet": 1 << 27}  # bytes, unpacked: text takes thirty times as many
COLUMNS, CELLS, LONGEST = 1000, 1 << 24, 1 << 17


def read_trace(path: Path) -> Trace:
    """The trace in a .npz file or a .trace folder.

    Raises
    ------
    OSError, ValueError
        When there is none, or it cannot be read; of a log the message says how to make a trace of it.
    """
    opening.check_trace(path)
    try:
        return Trace.load(path)
    except ValueError as error:
        if path.suffix.lower() == ".npz" or not formats.known(path):
            raise
        came = str(error).removesuffix(": File is not a zip file")  # of no help where none was meant
        raise ValueError(f"{came}; of a log, `simcache convert {path} NAME.trace` makes one") from None


def read_table(path: Path) -> pd.DataFrame:
    """The table in a .csv, .parquet or .json file, equal to the one written there.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When its suffix is another, it holds no table, or one of over 1,000 columns, 2^24 cells, or 32 MiB of .csv, 16
        of .json, or 128 of .parquet.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise ValueError(f"a table must be a file ending in {', '.join(WRITERS)}; got {str(path)!r}")
    if suffix == ".parquet":
        need_pyarrow()
    opening.check(path, f"a {suffix} table", MOST[suffix])
    try:
        table = {".csv": _csv, ".json": _json, ".parquet": _parquet}[suffix](path)
        if table.empty:
            raise ValueError("no rows")
    except BROKEN as error:
        message = f"a table must be a whole {suffix} file with rows, got {str(path)!r}"
        raise ValueError(f"{message}: {error}" if isinstance(error, _Refused) else message) from error
    kinds: dict[Any, str] = {name: "float64" for name in SHARES if name in table and suffix != ".parquet"}
    try:
        if "hits" in table and not _of_means(table["hits"]):
            kinds["hits"] = "Int64"
        table = table.astype(kinds)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"rates and hits must be numbers in table {str(path)!r}: {error}") from error
    for name in table.columns:
        _check_numbers(table[name], f" in column {str(name)!r} of table {str(path)!r}")
    return table


def _of_means(hits: "pd.Series[Any]") -> bool:
    """Whether these are finite numbers that are not all whole: what a table holds once its rows were averaged."""
    if hits.dtype.kind != "f":
        return False
    found = hits.dropna().to_numpy("float64")
    return bool(np.isfinite(found).all() and (found % 1).any())


class _Refused(ValueError):
    """What a table holds is not what one may; the message says why."""


def _csv(path: Path) -> pd.DataFrame:
    with path.open("rb") as file:
        head = file.readline(LONGEST)
    if len(head) == LONGEST:
        raise _Refused(f"its first line must be shorter than {LONGEST} bytes")
    _check_size(head.count(b",") + 1, 1)
    most = CELLS // (head.count(b",") + 1)
    words = dict.fromkeys(WORDS, "str")
    table = pd.read_csv(
        path, dtype=words, keep_default_na=False, na_values=[""], encoding=opening.encoding(path), nrows=most + 1
    )
    _check_size(table.shape[1], len(table))
    if not isinstance(table.index, pd.RangeIndex):
        raise _Refused("its rows must not be longer than its first line")
    # A DataFrame's own to_csv writes its index as a column without a name; kept, it would tell every row apart.
    return table.loc[:, [not str(name).startswith("Unnamed: ") for name in table.columns]]


def _json(path: Path) -> pd.DataFrame:
    rows = json.loads(path.read_text(encoding=opening.encoding(path)))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no list of rows")
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_size(len(names), len(rows))
    "".join(names).encode()  # half a surrogate pair is no text
    return pd.DataFrame({name: _values([row.get(name) for row in rows], name) for name in names})


def _values(values: list[Any], name: str) -> "pd.Series[Any]":
    """A column as it was before it was written: "inf" among numbers is one."""
    kinds = {type(value) for value in values}
    if other := kinds - {str, int, float, bool, type(None)}:
        raise _Refused(f"a cell must hold a text, a number, true, false or null, got a {other.pop().__name__}")
    if str in kinds:
        texts = {value for value in values if isinstance(value, str)}
        "".join(texts).encode()
        if name not in WORDS and texts <= {"inf", "-inf"} and bool not in kinds:
            values = [float(value) if isinstance(value, str) else value for value in values]
            return pd.Series([np.nan if value is None else value for value in values], dtype="float64")
    return column(values)


def _parquet(path: Path) -> pd.DataFrame:
    from pyarrow import parquet, types

    try:
        with parquet.ParquetFile(path) as file:
            _check_size(file.metadata.num_columns, file.metadata.num_rows)
            if any(types.is_nested(field.type) for field in file.schema_arrow):
                raise ValueError("no table of scalars")
            size = 0
            for part in file.iter_batches(1 << 10):
                size += part.nbytes
                if size > MOST[".parquet"]:
                    raise _Refused(f"it unpacks to more than {MOST['.parquet'] >> 20} MiB")
        return pd.read_parquet(path)
    except OSError as error:  # pyarrow's, about what the file says
        raise ValueError(str(error)) from error


def _check_size(columns: int, rows: int) -> None:
    if columns > COLUMNS or columns * rows > CELLS:
        raise _Refused(f"at most {COLUMNS} columns and {CELLS} cells, got {columns} columns")


def _check_numbers(values: "pd.Series[Any]", where: str) -> None:
    """Refuse whole numbers that 64 bits cannot hold, and words where there must be numbers."""
    name = str(values.name)
    if values.dtype.kind in "biufM" or name in WORDS:
        return
    found = values.dropna()
    whole = [value for value in found if isinstance(value, int)]
    low, high = min(whole, default=0), max(whole, default=0)
    wide = next((value for value in found if isinstance(value, str) and re.fullmatch(r"[+-]?\d{19,}", value)), None)
    if wide is not None or low < -(2**63) or high >= (2**63 if low < 0 else 2**64):
        came = str(wide if wide is not None else high if high >= 2**63 else low)
        raise ValueError(f"whole numbers must be of 64 bits at most{where}, got {came[:40]}")
    if name in COUNTS and not found.empty:
        raise ValueError(f"there must be numbers{where}, got {str(found.iloc[0])[:40]!r}")
