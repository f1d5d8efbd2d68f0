"""Trace: the one data type. A sequence of accesses to items 0 … n_items-1, checked once, then never changed."""

import os
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import archive, mapped, sums
from .checks import CHUNK, checked_epochs, checked_ids, checked_name, checked_path, checked_sizes, checked_source
from .checks import COLUMNS as COLUMNS
from .checks import LIMIT as LIMIT
from .checks import Scalar as Scalar
from .checks import whole as whole
from .coding import coded


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A sequence of accesses to items.

    Parameters
    ----------
    ids : array_like of int, shape (n_accesses,)
        The item of each access, 0 … `n_items` - 1. Kept as a contiguous, read-only int32 array: a read-only int32
        memory map is shared, anything else is copied. May be empty. At most 2^31 - 1 accesses. Kernels trust what was
        checked here: should the file of a shared map be changed afterwards, they may crash. Where that can happen,
        give a copy, ``np.array(ids)``.
    n_items : int
        Items there are, 1 … 2^31 - 1, whether or not the trace touches them all.
    name : str
        What tables and figures call it, at most 1,000 characters.
    epochs : sequence of int
        Position at which each epoch starts: the first is 0, none decreases, none is past the end.
    source : mapping of str to scalar, optional
        What made the trace, e.g. ``{"generator": "zipf", "alpha": 1.0, "trace_seed": 0}``. Every key becomes a column
        of the tables, so it is an identifier, and not one of the tables' own columns; whole numbers are those of 64
        bits, -2^63 … 2^64 - 1.
    sizes : array_like of int, shape (n_items,), optional
        Bytes of each item, 1 … 2^63 - 1, kept as a read-only int64 array just as `ids` is.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message names what must hold and what came.

    Examples
    --------
    >>> from simcache import Trace
    >>> trace = Trace([0, 2, 0, 1, 2, 0], n_items=3, name="tiny", epochs=[0, 3])
    >>> trace
    <Trace 'tiny': accesses 6, items touched 3 of 3, epochs 2, repeats 50.00%>
    >>> len(trace), trace.ids
    (6, array([0, 2, 0, 1, 2, 0], dtype=int32))
    """

    ids: NDArray[np.int32]
    n_items: int
    name: str = "trace"
    epochs: tuple[int, ...] = (0,)
    source: Mapping[str, Scalar] | None = None
    sizes: NDArray[np.int64] | None = None

    if TYPE_CHECKING:  # what the constructor accepts is wider than what the fields hold

        def __init__(
            self,
            ids: ArrayLike,
            n_items: int,
            name: str = "trace",
            epochs: Iterable[int] = (0,),
            source: Mapping[str, Any] | None = None,
            sizes: ArrayLike | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        name = checked_name(self.name)
        n_items = whole(self.n_items, "n_items", 1, LIMIT, f" for trace {name!r}")
        ids = checked_ids(self.ids, n_items, name)
        for field, value in (
            ("name", name),
            ("n_items", n_items),
            ("ids", ids),
            ("epochs", checked_epochs(self.epochs, ids.size, name)),
            ("source", checked_source(self.source, name)),
            ("sizes", checked_sizes(self.sizes, n_items, name)),
        ):
            object.__setattr__(self, field, value)

    @classmethod
    def of(cls, keys: Iterable[Hashable] | ArrayLike, name: str = "trace") -> "Trace":
        """A trace of keys of any kind; ids in order of first appearance.

        Parameters
        ----------
        keys : iterable of hashable, or array_like, shape (n_accesses,)
            The key of each access, in order: a list, an iterator, an array of NumPy's or of another library, a tensor,
            a Series, or a data frame of one column. Keys that are equal are one item, as in a dict: 1, 1.0 and True
            are the same. No keys give an empty trace of one item. An array of integers is fast.
        name : str
            What tables and figures call it.

        Returns
        -------
        Trace
            Of as many items as there are different keys.

        Raises
        ------
        TypeError
            When `keys` is not in order of access (a set, a mapping), is a text, a path or an open file, or cannot be
            iterated over; or when a key is None, cannot be hashed, or is equal to nothing but itself.
        ValueError
            When a key is NaN or masked, or there are several columns or dimensions.

        Examples
        --------
        >>> from simcache import Trace
        >>> trace = Trace.of(["cat", "dog", "cat", "owl"], name="log")
        >>> trace.ids, trace.n_items
        (array([0, 1, 0, 2], dtype=int32), 3)
        """
        ids, n_items = coded(keys, name)
        return cls(ids, max(1, n_items), name)

    def __len__(self) -> int:
        return int(self.ids.size)

    def __sizeof__(self) -> int:
        """Bytes in memory, the arrays' too: what Dask goes by when it decides where a trace may be."""
        return object.__sizeof__(self) + self.ids.nbytes + (0 if self.sizes is None else self.sizes.nbytes)

    @cached_property
    def n_touched(self) -> int:
        """Items accessed at least once.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 2, 0], n_items=5).n_touched
        2
        """
        if self.n_items > 8 * len(self):
            return int(np.unique(self.ids).size)
        seen = np.zeros(self.n_items, np.bool_)
        for start in range(0, len(self), CHUNK):
            seen[self.ids[start : start + CHUNK]] = True
        return int(np.count_nonzero(seen))

    @property
    def repeats(self) -> float:
        """Share of accesses to an item accessed before: what a cache of everything would hit. NaN when empty.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 2, 0, 0], n_items=5).repeats
        0.5
        """
        return 1 - self.n_touched / len(self) if len(self) else float("nan")

    @cached_property
    def n_bytes(self) -> int | None:
        """Bytes of all items together, each once; None without sizes.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 1, 0], n_items=2, sizes=[40, 10]).n_bytes
        50
        """
        return None if self.sizes is None else sums.of_items(self.sizes)

    @cached_property
    def bytes_accessed(self) -> int | None:
        """Bytes of all accesses together; None without sizes.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 1, 0], n_items=2, sizes=[40, 10]).bytes_accessed
        90
        """
        return None if self.sizes is None else sums.of_accesses(self.ids, self.sizes)

    def _facts(self) -> dict[str, str]:
        return {
            "accesses": f"{len(self):,}",
            "items touched": f"{self.n_touched:,} of {self.n_items:,}",
            "epochs": f"{len(self.epochs):,}",
            "repeats": f"{self.repeats:.2%}" if len(self) else "none",
            **({} if self.sizes is None else {"sizes": f"{self.sizes.min():,} … {self.sizes.max():,}"}),
        }

    def __repr__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self._facts().items())
        return f"<Trace {self.name!r}: {facts}>"

    def _repr_html_(self) -> str:
        facts = {**self._facts(), **{key: str(value) for key, value in (self.source or {}).items()}}
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items())
        return f"<table><caption>Trace {escape(self.name)}</caption>{rows}</table>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a .npz file, without pickle, or to a folder ending in .trace, which `load` maps.

        What there was is replaced only once all is written.

        Parameters
        ----------
        path : path
            Ends in .npz or .trace.

        Raises
        ------
        TypeError, ValueError
            When `path` is no path, or has another suffix.
        OSError
            When it cannot be written.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 2, 0], n_items=3, name="tiny").save("tiny.npz")
        >>> Trace.load("tiny.npz").name
        'tiny'
        """
        target = checked_path(path)
        sizes = None if self.sizes is None else np.asarray(self.sizes)
        rest = (self.n_items, self.name, self.epochs, self.source, sizes)
        if mapped.named(target):
            parts = (np.asarray(self.ids[start : start + CHUNK]) for start in range(0, len(self), CHUNK))
            mapped.write(target, parts, lambda: rest)
        elif target.lower().endswith(".npz"):
            archive.write(target, np.asarray(self.ids), *rest)
        else:
            raise ValueError(f"a trace must be written to a file ending in .npz or a folder in .trace; got {target!r}")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Trace":
        """Read a trace that `save` wrote; the arrays of a .trace folder are mapped, not read into memory.

        Parameters
        ----------
        path : path
            What `save` was given.

        Returns
        -------
        Trace
            As it was saved.

        Raises
        ------
        TypeError
            When `path` is no path.
        OSError
            When the file cannot be read.
        ValueError
            When it is not a trace file, or is cut short. What it says of its sizes is compared before it is unpacked.

        Examples
        --------
        >>> from simcache import Trace
        >>> Trace([0, 2, 0], n_items=3).save("big.trace")
        >>> Trace.load("big.trace").ids  # mapped
        memmap([0, 2, 0], dtype=int32)
        """
        source = checked_path(path)
        return mapped.read(source, cls) if mapped.named(source) else archive.read(source, cls)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "ids": np.asarray(self.ids),
            "n_items": self.n_items,
            "name": self.name,
            "epochs": self.epochs,
            "source": None if self.source is None else dict(self.source),
            "sizes": None if self.sizes is None else np.asarray(self.sizes),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickle and deepcopy hand back writeable arrays: freeze them again.
        for array in (state["ids"], state.get("sizes")):
            if array is not None:
                array.flags.writeable = False
        if state["source"] is not None:
            state["source"] = MappingProxyType(state["source"])
        self.__dict__.update(state)
