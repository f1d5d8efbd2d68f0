"""FIFO: evict the item that entered first.

Every miss brings in one item, so the cache holds what the last `capacity` misses brought, and an item is in it iff
it entered that recently. No queue is kept: one number an item, one comparison an access. O(1) an access,
4 bytes an item.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    entered = np.full(n_items, -(2**31), np.int32)  # the number of the miss that brought the item in
    hits = np.empty(ids.size, np.bool_)
    misses = 0
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(entered, ids[min(t + AHEAD, final)])
        i = ids[t]
        came = entered[i]
        hit = came >= misses - capacity
        hits[t] = hit
        entered[i] = came if hit else misses
        misses += not hit
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    queue: deque[int] = deque()  # oldest first
    for i in ids:
        yield i in queue
        if i not in queue:
            if len(queue) == capacity:
                queue.popleft()
            queue.append(i)
