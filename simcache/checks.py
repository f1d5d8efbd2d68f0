"""What a trace's parts must be, and whole numbers everywhere: checked once, at the door."""

import json
import math
import operator
import os
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import column, whole_numbers
from .text import near as near

LIMIT = 2**31 - 1
CHUNK = 1 << 24  # accesses looked at together: a memory map is never read into memory whole
NAME_LIMIT = 1_000  # characters
SOURCE_LIMIT = 1_000_000  # characters, as JSON
EPOCHS_LIMIT = 1 << 24  # or as many as there are accesses
# The columns that every table has (tables.py); a trace's source keys stand after them, so may not repeat them.
COLUMNS = (
    "trace", "policy", "capacity", "unit", "fraction", "seed", "accesses", "hits", "hit_rate",
    "warmup", "hit_rate_warm", "byte_hit_rate", "low", "high", "exact",
)  # fmt: skip

OWN = (*COLUMNS, "error")  # which a table has where cells failed

Scalar = str | int | float | bool


def whole(value: Any, what: str, low: int, high: int | None = None, where: str = "", unit: str = "") -> int:
    """`value` as an int, or an error that says what must hold, for what, and what came."""
    bounds = f">= {low}" if high is None else f"{low} … {high}"
    message = f"{what} must be a whole number{unit} {bounds}{where}, got {short(value)}"
    if isinstance(value, bool | np.bool_):
        raise TypeError(message)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(message) from None
    if number < low or (high is not None and number > high):
        raise ValueError(message)
    return number


def short(value: object) -> str:
    """`value` in one line as it would be typed, its middle left out where that is long."""
    if isinstance(value, int) and value.bit_length() > 10_000:  # Python refuses to write it out
        return f"a number of {value.bit_length()} bits"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 400 else f"{text[:200]} … {text[-100:]}"


def checked_path(path: object) -> str:
    """The path of a trace file, as text."""
    try:
        return os.fsdecode(path)  # type: ignore[arg-type]
    except TypeError:  # a number would be taken for an open file's
        raise TypeError(f"a trace file must be named by a path, got {short(path)}") from None


def checked_name(given: Any) -> str:
    """A trace's name: text that files can hold."""
    if not isinstance(given, str):
        raise TypeError(f"name must be a string, got {short(given)}")
    if len(given) > NAME_LIMIT or "\0" in given or not _encodes(given):
        rule = f"at most {NAME_LIMIT} characters, none of them NUL or half of a surrogate pair"
        raise ValueError(f"name must have {rule}, got {short(given)}")
    return str(given)


def checked_ids(given: Any, n_items: int, name: str) -> NDArray[np.int32]:
    """A trace's ids as read-only int32: a copy, unless `given` is a read-only map of just that."""
    where = f" for trace {name!r}"
    ids = _integers(given, "ids", where)
    if ids.size > LIMIT:
        raise ValueError(f"a trace must have at most {LIMIT} accesses, got {ids.size}{where}")
    if bad := _outside(ids, 0, n_items - 1):
        rule = f"ids must lie in 0 … n_items - 1 = {n_items - 1}{where}"
        raise ValueError(f"{rule}, got {short(bad[0])} at position {bad[1]}")
    return _kept(given, ids, np.int32)


def checked_sizes(given: Any, n_items: int, name: str) -> NDArray[np.int64] | None:
    """The sizes of a trace's items as read-only int64: a copy, unless `given` is a read-only map of just that."""
    if given is None:
        return None
    where = f" for trace {name!r}"
    sizes = _integers(given, "sizes", where)
    if sizes.size != n_items:
        raise ValueError(f"sizes must be one for each of {n_items} items{where}, got {sizes.size}")
    if bad := _outside(sizes, 1, 2**63 - 1):
        raise ValueError(f"sizes must be whole numbers 1 … 2^63 - 1{where}, got {short(bad[0])} of item {bad[1]}")
    return _kept(given, sizes, np.int64)


def _outside(found: NDArray[Any], low: int, high: int) -> tuple[int, int] | None:
    """The first of the entries that lie farthest outside of a range, and its place."""
    for start in range(0, found.size, CHUNK):
        part = found[start : start + CHUNK]
        least, most = int(part.min()), int(part.max())
        if least < low or most > high:
            bad = least if least < low else most
            return bad, start + int(np.flatnonzero(part == bad)[0])
    return None


def _kept(given: Any, found: NDArray[Any], kind: type[np.integer[Any]]) -> NDArray[Any]:
    """`found` read-only and of that type: itself if it is a map that nobody here can write to, else a copy."""
    if isinstance(given, np.memmap) and found.dtype == kind and found.flags.c_contiguous and not found.flags.writeable:
        return given
    own = np.array(found, kind)  # always a copy: the caller may write to what it gave
    own.flags.writeable = False
    return own


def _integers(given: Any, what: str, where: str) -> NDArray[Any]:
    """A row of whole numbers as an array of integers, of Python's where some are wider than 64 bits."""
    row = column(given, what, where)
    try:
        found = row if isinstance(row, np.ndarray) else np.asarray(row)
    except ValueError:
        raise ValueError(f"{what} must be one-dimensional{where}, got ragged rows") from None
    if found.ndim != 1:
        raise ValueError(f"{what} must be one-dimensional{where}, got shape {found.shape}")
    if found.size == 0:
        return np.empty(0, np.int32)
    whole = found if found.dtype.kind in "iu" else whole_numbers(row)
    if whole is None:
        raise TypeError(f"{what} must be whole numbers{where}, got {found.dtype} {_example(found)}")
    return whole


def _example(found: NDArray[Any]) -> str:
    """The first value that is no whole number, to show what came."""
    for value in found[:1000].tolist():
        if not isinstance(value, float | int) or isinstance(value, bool) or not float(value).is_integer():
            return short(value)
    return short(found.tolist()[0])


def checked_epochs(given: Any, n_accesses: int, name: str) -> tuple[int, ...]:
    """Where a trace's epochs start."""
    rule = f"first 0, non-decreasing, none past {n_accesses}"
    message = f"epochs must be start offsets for trace {name!r}: {rule}; got {short(given)}"
    try:
        epochs = tuple(operator.index(start) for start in given)
    except TypeError:
        raise TypeError(message) from None
    if not epochs or epochs[0] != 0 or epochs[-1] > n_accesses or any(a > b for a, b in pairwise(epochs)):
        raise ValueError(message)
    if len(epochs) > (most := max(n_accesses, EPOCHS_LIMIT)):
        raise ValueError(f"a trace must have at most {most} epochs, got {len(epochs)} for trace {name!r}")
    return epochs


def checked_source(given: Any, name: str) -> Mapping[str, Scalar] | None:
    """What made a trace, as plain scalars that cannot be changed."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise TypeError(f"source must be a mapping of names to scalars for trace {name!r}, got {short(given)}")
    source = {_checked_key(key, name): _checked_scalar(key, value, name) for key, value in given.items()}
    if (size := len(source_text(source))) > SOURCE_LIMIT:
        raise ValueError(f"source must have at most {SOURCE_LIMIT} characters for trace {name!r}, got {size}")
    return MappingProxyType(source)


def _checked_key(key: Any, name: str) -> str:
    if not isinstance(key, str) or not key.isidentifier() or key in OWN:
        raise ValueError(
            f"source keys must be identifiers other than the tables' own columns ({', '.join(OWN)}) "
            f"for trace {name!r}, got {short(key)}"
        )
    return str(key)


def _checked_scalar(key: str, value: Any, name: str) -> Scalar:
    plain = value.item() if isinstance(value, np.generic) else value
    came = f"for trace {name!r}, got {key}={short(value)}"
    if not isinstance(plain, str | int | float | bool):
        raise TypeError(f"source values must be strings, numbers or booleans {came}")
    if isinstance(plain, int) and not -(2**63) <= plain < 2**64:
        raise ValueError(f"source values must be whole numbers -2^63 … 2^64 - 1, if whole, {came}")
    if isinstance(plain, str) and not _encodes(plain):
        raise ValueError(f"source values must be text without halves of surrogate pairs, if text, {came}")
    return plain


def source_text(source: Mapping[str, Scalar] | None) -> str:
    """A source as strict JSON."""
    return "null" if source is None else json.dumps(source_plain(source), allow_nan=False)


def source_plain(source: Mapping[str, Scalar]) -> dict[str, Any]:
    """A source in values that strict JSON has, which has no word for infinity and NaN."""
    odd = {key: {"float": repr(v)} for key, v in source.items() if isinstance(v, float) and not math.isfinite(v)}
    return {**source, **odd}


def source_of(text: str) -> Any:
    """What `source_text` wrote."""
    return source_read(json.loads(text))


def source_read(found: Any) -> Any:
    """What `source_plain` made plain."""
    if not isinstance(found, dict):
        return found
    return {key: float(v["float"]) if isinstance(v, dict) and list(v) == ["float"] else v for key, v in found.items()}


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
