"""MRU: evict the item used last, which on a loop is the one used again the latest.

Chou & DeWitt, VLDB 1985, where database queries scan in loops. Admission is forced, so the item used last is that of
the access before, and no order need be kept. O(1) an access, 1 byte an item.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    cached = zeros(n_items, np.bool_)
    hits = empty(ids.size, np.bool_)
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(cached, ids[min(t + AHEAD, final)])
        i = ids[t]
        hits[t] = cached[i]
        if not cached[i]:
            if room:
                room -= 1
            else:
                cached[ids[t - 1]] = False
            cached[i] = True
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    stack: list[int] = []  # least recently used first
    for i in ids:
        yield i in stack
        if i in stack:
            stack.remove(i)
        elif len(stack) == capacity:
            stack.pop()
        stack.append(i)
