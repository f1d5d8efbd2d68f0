"""FIFO: evict the item that entered first.

Every miss brings in one item, so the cache holds what the last `capacity` misses brought, and an item is in it iff
it entered that recently. No queue is kept: one number an item, one comparison an access. O(1) an access,
4 bytes an item.

With sizes, the cache holds the last misses of at most `capacity` bytes together, and the number is the bytes that
entered before the item. Where they would no longer fit in 63 bits, they are counted afresh.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, prefetch
from ..jit import compiled
from ..lanes import LANES
from ..rows import enter_row, hits, row, rows
from . import Counts, Hits, Ids, SizeOf, Sizes

ENTERED, SIZE = 0, 1  # of an item: the bytes that had entered before it did; its own
MOST = 2**63 - 1
NEVER = -MOST - 1


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    entered = filled(n_items, -(2**31), np.int32)  # the number of the miss that brought the item in
    hits = empty(ids.size, np.bool_)
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


MANY_FROM = 4  # sizes from which one pass is cheaper than a run each


@compiled
def many(ids: Ids, n_items: int, capacities: Counts, seed: int, start: int) -> Counts:
    entered = rows(n_items, -(2**31))
    of_item = entered[::LANES]
    room, misses = row(capacities), zeros(LANES, np.int32)
    final = ids.size - 1
    begin = min(start, ids.size)
    for first, end in ((0, begin), (begin, ids.size)):
        early = misses.copy()
        for t in range(first, end):
            prefetch(of_item, ids[min(t + AHEAD, final)])
            enter_row(entered, ids[t] * LANES, misses, room)
    return hits(misses, early, ids.size, begin, capacities.size)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    items = empty((n_items, 2), np.int64)
    for i in range(n_items):  # by column, Numba compiles two seconds of messages for shapes that differ
        items[i, ENTERED], items[i, SIZE] = NEVER, sizes[i]
    hits = empty(ids.size, np.bool_)
    total = 0
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(items, ids[min(t + 2 * AHEAD, final)])
        i = ids[t]
        size = items[i, SIZE]
        came = items[i, ENTERED]
        hit = came >= total - capacity
        hits[t] = hit
        if size > capacity:
            continue
        if total > MOST - size:
            for j in range(n_items):
                items[j, ENTERED] = items[j, ENTERED] - total if items[j, ENTERED] >= total - capacity else NEVER
            came -= total
            total = 0
        items[i, ENTERED] = came if hit else total
        total += 0 if hit else size
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    queue: deque[int] = deque()  # oldest first
    used = 0
    for i in ids:
        yield i in queue
        if i not in queue and sizes[i] <= capacity:
            while used + sizes[i] > capacity:
                used -= sizes[queue.popleft()]
            queue.append(i)
            used += sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
