"""Accesses of any format as ids and sizes of items: the one place where keys become items."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..trace import LIMIT
from ._keys import Keys
from ._report import Report


class Part(NamedTuple):
    """Some accesses: where the bytes of each key stand, and the size that came with it, if sizes do."""

    data: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    sizes: NDArray[np.int64] | None = None


def of_numbers(numbers: NDArray[np.generic], sizes: NDArray[np.int64] | None = None) -> Part:
    """Keys that are the entries of an array of one type, or its rows where it has two dimensions."""
    plain = np.ascontiguousarray(numbers)
    width = plain.nbytes // max(1, len(plain))
    begin = np.arange(len(plain), dtype=np.int64) * width
    return Part(plain.reshape(-1).view(np.uint8), begin, begin + width, sizes)


class Gathered:
    """The items of a file as far as it was read."""

    def __init__(self, report: Report) -> None:
        self.keys = Keys()
        self.report = report
        self._first = np.zeros(0, np.int64)  # 0 is no size yet
        self._changed = np.zeros(0, np.bool_)

    def ids(self, parts: Iterator[Part]) -> Iterator[NDArray[np.int32]]:
        """The ids of each part in turn."""
        for part in parts:
            ids = self.keys.items(part.data, part.begin, part.end)
            self.report.accesses += ids.size
            self.report.items = len(self.keys)
            if self.report.accesses > LIMIT:
                raise ValueError(f"a trace must have at most {LIMIT} accesses, got more")
            if part.sizes is not None:
                if (more := len(self.keys) - self._first.size) > 0:
                    more = max(more, self._first.size)
                    self._first = np.concatenate([self._first, np.zeros(more, np.int64)])
                    self._changed = np.concatenate([self._changed, np.zeros(more, np.bool_)])
                self.report.zero_sized += _note(ids, part.sizes, self._first, self._changed)
            yield ids
        self.report.resized = int(np.count_nonzero(self._changed))

    @property
    def sizes(self) -> NDArray[np.int64] | None:
        """The first size of each item, where the format has sizes."""
        return self._first[: len(self.keys)] if self._first.size else None


@compiled
def _note(
    ids: NDArray[np.int32], sizes: NDArray[np.int64], first: NDArray[np.int64], changed: NDArray[np.bool_]
) -> int:
    """Keep the first size of each item and what items come with another; return the items that began with 0."""
    zeros = 0
    for t in range(ids.size):
        i, size = ids[t], sizes[t]
        if first[i] == 0:
            zeros += size == 0
            first[i] = max(size, 1)
        elif first[i] != max(size, 1):
            changed[i] = True
    return zeros
