"""Numbers of keys that come bit by bit: 0, 1, … in order of first appearance, some forgotten on the way.

Integers are looked up in a table of hashes (open addressing, at most half full, the next free place after a collision),
all else, and integers once there was anything else, in a dict: there 1, 1.0 and True are one key.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import splitmix
from .jit import compiled


@compiled
def _numbers(
    wanted: NDArray[np.int64], keys: NDArray[np.int64], table: NDArray[np.int32], count: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The number of each key; one that is not among the first `count` of `keys` is put there, and counted."""
    last = np.uint64(table.size - 1)
    size = count[0]
    found = np.empty(wanted.size, np.int32)
    for k in range(wanted.size):
        place = splitmix(np.uint64(wanted[k]), 0) & last
        while table[place] >= 0 and keys[table[place]] != wanted[k]:
            place = (place + np.uint64(1)) & last
        if table[place] < 0:
            table[place] = size
            keys[size] = wanted[k]
            size += 1
        found[k] = table[place]
    count[0] = size
    return found


class Numbering:
    """Numbers of keys. Wherever a call is interrupted, each number given so far is of one key, and counted."""

    def __init__(self) -> None:
        self._keys = np.empty(0, np.int64)  # by number
        self._table = np.empty(0, np.int32)
        self._count = np.zeros(1, np.int64)
        self._known: dict[Hashable, int] | None = None  # instead, once a key was no integer

    @property
    def size(self) -> int:
        """How many keys have a number."""
        return int(self._count[0]) if self._known is None else len(self._known)

    def takes(self, keys: Any) -> bool:
        """Whether keys are looked up as an array: of integers that int64 holds, and all were before."""
        if self._known is not None or not isinstance(keys, np.ndarray) or keys.dtype.kind not in "iu":
            return False
        return keys.dtype != np.uint64 or int(keys.max(initial=0)) < 2**63

    def of_integers(self, keys: NDArray[Any]) -> NDArray[np.int32]:
        """The number of each key; new ones get the next."""
        self._make_room(self.size + keys.size)
        return _numbers(np.ascontiguousarray(keys, np.int64), self._keys, self._table, self._count)

    def of(self, keys: list[Hashable]) -> NDArray[np.int32]:
        """The number of each key, of whatever kind; new ones get the next."""
        if self._known is None:
            self._known = {key: k for k, key in enumerate(self._keys[: self.size].tolist())}
            self._keys, self._table = np.empty(0, np.int64), np.empty(0, np.int32)
        known = self._known
        return np.fromiter((known.setdefault(key, len(known)) for key in keys), np.int32, len(keys))

    def only(self, which: NDArray[np.bool_]) -> "Numbering":
        """Of the keys alone whose numbers `which` is true of; these are numbered anew, in their order."""
        some = Numbering()
        if self._known is not None:
            kept = (key for key, stays in zip(self._known, which.tolist(), strict=True) if stays)
            some._known = {key: k for k, key in enumerate(kept)}
        else:
            some._keys = self._keys[: self.size][which]
            some._count[0] = some._keys.size
        return some

    def _make_room(self, size: int) -> None:
        """A table for `size` keys."""
        if 2 * size <= self._table.size:
            return
        table = np.full(1 << (2 * size - 1).bit_length(), -1, np.int32)
        keys = np.empty(table.size // 2, np.int64)
        _numbers(self._keys[: self.size], keys, table, np.zeros(1, np.int64))
        self._keys, self._table = keys, table
