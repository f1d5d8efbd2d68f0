"""Sums of items' sizes, exact where 64 bits do not hold them: units of 2^32 and the rest are counted apart."""

import numpy as np
from numpy.typing import NDArray

from .jit import compiled

Sizes = NDArray[np.int64]


def of_items(sizes: Sizes) -> int:
    """The sizes of all items, each once."""
    high, low = _of_items(np.asarray(sizes))
    return (int(high) << 32) + int(low)


def of_accesses(ids: NDArray[np.int32], sizes: Sizes, hits: NDArray[np.bool_] | None = None) -> int:
    """The size of each access's item, together: of all accesses, or of those that hit."""
    high, low = _of_accesses(np.asarray(ids), np.asarray(sizes), hits)
    return (int(high) << 32) + int(low)


@compiled
def _of_items(sizes: Sizes) -> tuple[int, int]:
    high = low = 0
    for size in sizes:
        high += size >> 32
        low += size & 0xFFFFFFFF
    return high, low


@compiled
def _of_accesses(ids: NDArray[np.int32], sizes: Sizes, hits: NDArray[np.bool_] | None) -> tuple[int, int]:
    high = low = 0
    for t in range(ids.size):
        if hits is None or hits[t]:
            size = sizes[ids[t]]
            high += size >> 32
            low += size & 0xFFFFFFFF
    return high, low
