"""Keys of any kind as item numbers: equal keys are one item, whatever holds them."""

import io
from collections.abc import Hashable, Iterator, Mapping, Set
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .arrays import column, plain
from .checks import short

# Keys of these types are what they are; the loop over others takes longer.
SIMPLE = frozenset({int, str, float, bool, bytes, type(None)})


def coded(keys: Any, name: str) -> tuple[NDArray[np.int64], int]:
    """The item of each key, numbered by first appearance, and how many there are; errors as `Trace.of` tells them."""
    where = f" for trace {name!r}"
    keys = opened(keys, where)
    if isinstance(keys, np.ndarray):
        codes, uniques = pd.factorize(keys.view(np.int64) if keys.dtype.kind in "mM" else keys)
        return codes, len(uniques)
    ids, known = told(keys, where)
    return ids, len(known)


def opened(keys: Any, where: str) -> Any:
    """Keys in an order: an array of integers or dates as one of NumPy's; others as they are, to be iterated over."""
    _check_order(keys, where)
    keys = column(keys, "keys", where)
    if not isinstance(keys, np.ndarray) or keys.dtype.kind in "iu":
        return keys
    if keys.dtype.kind not in "mM":
        return keys.tolist()
    return list(keys) if np.isnat(keys).any() else keys


def told(keys: Any, where: str) -> tuple[NDArray[np.int64], list[Hashable]]:
    """Which of the distinct keys each key is, and these, in order of first appearance."""
    known: dict[Hashable, int] = {}
    ids = np.fromiter(_codes(keys, known, where), np.int64)
    for key, i in known.items():
        if key is None:
            raise TypeError(f"keys must not be None{where}, got None at position {_first(ids, i)}")
        if _is_nan(key):
            raise ValueError(f"keys must not be NaN{where}, got {short(key)} at position {_first(ids, i)}")
    return ids, list(known)


def _check_order(keys: Any, where: str) -> None:
    """Refuse what has an order that is not one of accesses, and files, which iterate as their lines or letters."""
    rule = f"keys must be a list, an array or another iterable{where}, in order of access"
    if isinstance(keys, str | bytes | bytearray | PathLike):
        raise TypeError(f"{rule}, got {short(keys)}: read the file first; list(keys) has its letters, if meant")
    if isinstance(keys, io.IOBase):
        raise TypeError(f"{rule}, got an open file: [line.strip() for line in file] has its lines")
    if isinstance(keys, Set | Mapping):
        raise TypeError(f"{rule}, got {short(keys)}: a {type(keys).__name__} has each key once, in no such order")


def _codes(keys: Any, known: dict[Hashable, int], where: str) -> Iterator[int]:
    """The number of each key, in order of first appearance; `known` fills up on the way."""
    try:
        each = iter(keys)
    except TypeError:
        rule = f"keys must be a list, an array or another iterable{where}"
        raise TypeError(f"{rule}, got {short(keys)}") from None
    for t, key in enumerate(each):
        try:
            yield known.setdefault(_value(key), len(known))
        except (TypeError, ValueError) as error:
            raise type(error)(f"keys must be hashable{where}, got {short(key)} at position {t}: {error}") from None


def _value(key: Any) -> Any:
    """A key as the value that it stands for; what is hashed by identity would be another item each time."""
    if type(key) in SIMPLE:
        return key
    if isinstance(key, tuple):
        return tuple(map(_value, key))
    if isinstance(key, frozenset):
        return frozenset(map(_value, key))
    if hasattr(type(key), "as_py"):  # a scalar of pyarrow's
        return key.as_py()
    if hasattr(type(key), "__array__") and not isinstance(key, np.generic):
        if np.ma.is_masked(key):
            raise ValueError("it is masked")
        found = plain(key, "keys")
        if found.ndim:
            raise TypeError(f"it is an array of shape {found.shape}")
        return found[()]
    by: Any = type(key).__hash__
    if by is object.__hash__:
        raise TypeError("it is equal to nothing but itself, so give what names it")
    return key


def _is_nan(key: Any) -> bool:
    if isinstance(key, tuple | frozenset):
        return any(_is_nan(part) for part in key if part is not None)
    return bool(pd.api.types.is_scalar(key) and pd.isna(key))


def _first(ids: NDArray[np.int64], i: int) -> int:
    return int(np.flatnonzero(ids == i)[0])
