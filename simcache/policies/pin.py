"""Pin: the first `capacity` distinct items stay for ever, the rest bypass the cache.

MinIO of CoorDL: Mohan, Phanishayee, Raniwala & Chidambaram, PVLDB 14(5), 2021. On epochs that visit every item once it
reaches what no policy can exceed, `capacity` hits an epoch, and knows nothing of the future. O(1) an access, 1 byte an
item.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    pinned = zeros(n_items, np.bool_)
    hits = empty(ids.size, np.bool_)
    room = capacity
    for t in range(ids.size):
        i = ids[t]
        hits[t] = pinned[i]
        if room and not pinned[i]:
            pinned[i] = True
            room -= 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    pinned: set[int] = set()
    for i in ids:
        yield i in pinned
        if len(pinned) < capacity:
            pinned.add(i)
