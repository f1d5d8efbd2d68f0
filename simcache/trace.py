"""Trace: the one data type. A sequence of accesses to items 0 … n_items-1, checked once, then never changed."""

import json
import operator
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .files import replacing

LIMIT = 2**31 - 1
CHUNK = 1 << 24  # accesses looked at together: a memory map is never read into memory whole
# The columns that every table has (tables.py); a trace's source keys stand after them, so may not repeat them.
COLUMNS = (
    "trace", "policy", "capacity", "fraction", "seed", "accesses", "hits", "hit_rate",
    "warmup", "hit_rate_warm", "low", "high", "exact",
)  # fmt: skip

Scalar = str | int | float | bool


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A sequence of accesses to items.

    Parameters
    ----------
    ids : array_like of int, shape (n_accesses,)
        The item of each access, 0 … `n_items` - 1. Kept as a contiguous, read-only int32 array: a read-only int32
        memory map is shared, anything else is copied. May be empty. At most 2^31 - 1 accesses.
    n_items : int
        Items there are, 1 … 2^31 - 1, whether or not the trace touches them all.
    name : str
        What tables and figures call it.
    epochs : sequence of int
        Position at which each epoch starts: the first is 0, none decreases, none is past the end.
    source : mapping of str to scalar, optional
        What made the trace, e.g. ``{"generator": "zipf", "alpha": 1.0, "trace_seed": 0}``. Every key becomes a column
        of the tables, so it is an identifier, and not one of the tables' own columns.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message names what must hold and what came.
    """

    ids: NDArray[np.int32]
    n_items: int
    name: str = "trace"
    epochs: tuple[int, ...] = (0,)
    source: Mapping[str, Scalar] | None = None

    if TYPE_CHECKING:  # what the constructor accepts is wider than what the fields hold

        def __init__(
            self,
            ids: ArrayLike,
            n_items: int,
            name: str = "trace",
            epochs: Iterable[int] = (0,),
            source: Mapping[str, Any] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        n_items = whole(self.n_items, "n_items", 1, LIMIT, f" for trace {self.name!r}")
        ids = _checked_ids(self.ids, n_items, self.name)
        for field, value in (
            ("n_items", n_items),
            ("ids", ids),
            ("epochs", _checked_epochs(self.epochs, ids.size, self.name)),
            ("source", _checked_source(self.source, self.name)),
        ):
            object.__setattr__(self, field, value)

    @classmethod
    def of(cls, keys: Iterable[Hashable] | NDArray[Any], name: str = "trace") -> "Trace":
        """A trace of any hashable keys, or of an integer array (fast); ids in order of first appearance.

        Keys that are equal are one item, as in a dict: 1, 1.0 and True are the same. No keys give an empty trace of
        one item.

        Raises
        ------
        TypeError
            When there is nothing to iterate over, or a key is None or cannot be hashed.
        ValueError
            When a key is NaN, or an array has more than one dimension.
        """
        if isinstance(keys, np.ndarray):
            if keys.ndim != 1:
                raise ValueError(f"keys must be one-dimensional for trace {name!r}, got shape {keys.shape}")
            if keys.dtype.kind in "iu":
                codes, uniques = pd.factorize(keys)
                return cls(codes, max(1, len(uniques)), name)
            keys = keys.tolist()
        known: dict[Hashable, int] = {}
        ids = np.fromiter(_codes(keys, known, name), np.int64)
        if None in known:
            raise TypeError(
                f"keys must not be None for trace {name!r}, got None at position {_first(ids, known[None])}"
            )
        for key, i in known.items():
            if _is_nan(key):
                raise ValueError(f"keys must not be NaN for trace {name!r}, got {key!r} at position {_first(ids, i)}")
        return cls(ids, max(1, len(known)), name)

    def __len__(self) -> int:
        return int(self.ids.size)

    @cached_property
    def n_touched(self) -> int:
        """Items accessed at least once."""
        if self.n_items > 8 * len(self):
            return int(np.unique(self.ids).size)
        seen = np.zeros(self.n_items, np.bool_)
        for start in range(0, len(self), CHUNK):
            seen[self.ids[start : start + CHUNK]] = True
        return int(np.count_nonzero(seen))

    @property
    def repeats(self) -> float:
        """Share of accesses to an item accessed before: what a cache of everything would hit. NaN when empty."""
        return 1 - self.n_touched / len(self) if len(self) else float("nan")

    def _facts(self) -> dict[str, str]:
        return {
            "accesses": f"{len(self):,}",
            "items touched": f"{self.n_touched:,} of {self.n_items:,}",
            "epochs": f"{len(self.epochs):,}",
            "repeats": f"{self.repeats:.2%}" if len(self) else "none",
        }

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self._facts().items())
        return f"<Trace {self.name!r}: {facts}>"

    def _repr_html_(self) -> str:
        facts = {**self._facts(), **{key: str(value) for key, value in (self.source or {}).items()}}
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items())
        return f"<table><caption>Trace {escape(self.name)}</caption>{rows}</table>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a .npz file, without pickle; an existing file is replaced only once all is written.

        Raises
        ------
        TypeError, ValueError
            When `path` is no path, or has another suffix than .npz.
        OSError
            When it cannot be written.
        """
        if not _path(path).lower().endswith(".npz"):
            raise ValueError(f"a trace must be written to a file ending in .npz; got {_path(path)!r}")
        ids = np.asarray(self.ids)
        small = next(d for d in (np.uint8, np.uint16, np.int32) if self.n_items - 1 <= np.iinfo(d).max)
        with replacing(path, ".npz") as temporary:
            np.savez_compressed(
                temporary,
                ids=ids.astype(small),
                n_items=np.int64(self.n_items),
                name=np.str_(self.name),
                epochs=np.asarray(self.epochs, np.int64),
                source=np.str_(json.dumps(None if self.source is None else dict(self.source))),
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Trace":
        """Read a trace that `save` wrote.

        Raises
        ------
        TypeError
            When `path` is no path.
        OSError
            When the file cannot be read.
        ValueError
            When it is not a trace file, or is cut short.
        """
        with open(_path(path), "rb") as opened:
            array = opened.read(6) == b"\x93NUMPY"
            opened.seek(0)
            try:
                with np.load(opened, allow_pickle=False) as file:
                    fields = {key: file[key] for key in ("ids", "n_items", "name", "epochs", "source")}
                source = json.loads(str(fields["source"]))
                epochs = tuple(fields["epochs"].tolist())
                n_items, name = int(fields["n_items"]), str(fields["name"])
            except Exception as error:  # a damaged archive fails in many ways
                hint = "; of an array, Trace(np.load(path), n_items) makes a trace" if array else ""
                message = f"a trace file must be one that Trace.save wrote, whole; got {_path(path)!r}{hint}"
                raise ValueError(message) from error
        return cls(fields["ids"], n_items, name, epochs, source)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "ids": np.asarray(self.ids),
            "n_items": self.n_items,
            "name": self.name,
            "epochs": self.epochs,
            "source": None if self.source is None else dict(self.source),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickle and deepcopy hand back a writeable array: freeze it again.
        state["ids"].flags.writeable = False
        if state["source"] is not None:
            state["source"] = MappingProxyType(state["source"])
        self.__dict__.update(state)


def whole(value: Any, what: str, low: int, high: int | None = None, where: str = "", unit: str = "") -> int:
    """`value` as an int, or an error that says what must hold, for what, and what came."""
    bounds = f">= {low}" if high is None else f"{low} … {high}"
    message = f"{what} must be a whole number{unit} {bounds}{where}, got {value!r}"
    if isinstance(value, bool | np.bool_):
        raise TypeError(message)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(message) from None
    if number < low or (high is not None and number > high):
        raise ValueError(message)
    return number


def _path(path: object) -> str:
    try:
        return os.fsdecode(path)  # type: ignore[arg-type]
    except TypeError:  # a number would be taken for an open file's
        raise TypeError(f"a trace file must be named by a path, got {path!r}") from None


def _codes(keys: Any, known: dict[Hashable, int], name: str) -> Iterator[int]:
    """The number of each key, in order of first appearance; `known` fills up on the way."""
    try:
        each = iter(keys)
    except TypeError:
        raise TypeError(f"keys must be a list, an array or another iterable for trace {name!r}, got {keys!r}") from None
    for t, key in enumerate(each):
        try:
            yield known.setdefault(key, len(known))
        except TypeError:
            raise TypeError(f"keys must be hashable for trace {name!r}, got {key!r} at position {t}") from None


def _is_nan(key: Any) -> bool:
    return bool(pd.api.types.is_scalar(key) and pd.isna(key))


def _first(ids: NDArray[np.int64], i: int) -> int:
    return int(np.flatnonzero(ids == i)[0])


def _checked_ids(given: ArrayLike, n_items: int, name: str) -> NDArray[np.int32]:
    try:
        ids = given if isinstance(given, np.ndarray) else np.asarray(given)
    except ValueError:
        raise ValueError(f"ids must be one-dimensional for trace {name!r}, got ragged rows") from None
    if ids.ndim != 1:
        raise ValueError(f"ids must be one-dimensional for trace {name!r}, got shape {ids.shape}")
    if ids.size == 0:
        ids = np.empty(0, np.int32)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids must be whole numbers for trace {name!r}, got {ids.dtype} {_example(ids)}")
    if ids.size > LIMIT:
        raise ValueError(f"a trace must have at most {LIMIT} accesses, got {ids.size} for trace {name!r}")
    for start in range(0, ids.size, CHUNK):
        part = ids[start : start + CHUNK]
        low, high = int(part.min()), int(part.max())
        if low < 0 or high >= n_items:
            bad = low if low < 0 else high
            at = start + int(np.flatnonzero(part == bad)[0])
            raise ValueError(
                f"ids must lie in 0 … n_items - 1 = {n_items - 1} for trace {name!r}, got {bad} at position {at}"
            )
    if isinstance(ids, np.memmap) and ids.dtype == np.int32 and ids.flags.c_contiguous and not ids.flags.writeable:
        return ids
    own = np.array(ids, np.int32)  # always a copy: the caller may write to what it gave
    own.flags.writeable = False
    return own


def _example(ids: NDArray[Any]) -> str:
    """The first value that is no whole number, to show what came."""
    for value in ids[:1000].tolist():
        if not isinstance(value, float) or not value.is_integer():
            return repr(value)
    return repr(ids.tolist()[0])


def _checked_epochs(given: Any, n_accesses: int, name: str) -> tuple[int, ...]:
    rule = f"first 0, non-decreasing, none past {n_accesses}"
    message = f"epochs must be start offsets for trace {name!r}: {rule}; got {given!r}"
    try:
        epochs = tuple(operator.index(start) for start in given)
    except TypeError:
        raise TypeError(message) from None
    if not epochs or epochs[0] != 0 or epochs[-1] > n_accesses or any(a > b for a, b in pairwise(epochs)):
        raise ValueError(message)
    return epochs


def _checked_source(given: Any, name: str) -> Mapping[str, Scalar] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise TypeError(f"source must be a mapping of names to scalars for trace {name!r}, got {given!r}")
    source: dict[str, Scalar] = {}
    for key, value in given.items():
        if not isinstance(key, str) or not key.isidentifier() or key in COLUMNS:
            raise ValueError(
                f"source keys must be identifiers other than the tables' own columns ({', '.join(COLUMNS)}) "
                f"for trace {name!r}, got {key!r}"
            )
        plain = value.item() if isinstance(value, np.generic) else value
        if not isinstance(plain, str | int | float | bool):
            raise TypeError(
                f"source values must be strings, numbers or booleans for trace {name!r}, got {key}={value!r}"
            )
        source[key] = plain
    return MappingProxyType(source)
