"""GDSF, greedy dual size frequency: evict the item of the least L + accesses / size; of several, the least recent.

Cherkasova, HP Laboratories 98-69R1, 1998, after Cao & Irani, USITS 1997. Accesses count from the item's entry, and L,
at first 0, is what the last victim was worth. It is added at each access, so what is no longer used grows old. Victims
are chosen after the missed item has entered, and it may be one of them: libCacheSim's is the same, to the hit, since
worth is a double here too, in millionths. Without sizes each item has one byte.

A heap holds an entry for each cached item. A hit leaves it as it is, since it only makes the item worth more: an entry
that comes to the top and is out of date takes its item's worth and goes down again. O(1) a hit, O(log n) a miss and an
entry out of date; 32 bytes an item, 12 one cached.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, frozen, prefetch
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes

LAST, COUNT, SIZE, WORTH = 0, 1, 2, 3  # of an item: the position of its last access, -1: not cached; worth as a double
SCALE = 1e6
WAYS = 4  # children of a node of the heap, WAYS * node + 1 and on


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    return sized(ids, frozen(filled(n_items, 1, np.int64)), n_items, capacity, seed)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    items = zeros((n_items, 4), np.int64)
    for i in range(n_items):
        items[i, LAST], items[i, SIZE] = -1, sizes[i]
    worth = items.view(np.float64)
    worths = empty(n_items, np.float64)  # the heap: of an item when it was put there, and its last access then
    lasts = empty(n_items, np.int32)
    hits = empty(ids.size, np.bool_)
    used, room, aged = 0, capacity, 0.0
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(items, ids[min(t + AHEAD, final)])
        i = ids[t]
        hit = items[i, LAST] >= 0
        hits[t] = hit
        size = items[i, SIZE]
        if size > capacity:
            continue
        items[i, LAST] = t
        items[i, COUNT] = items[i, COUNT] + 1 if hit else 1
        worth[i, WORTH] = aged + items[i, COUNT] * SCALE / size
        if hit:
            continue
        _up(worths, lasts, used, worth[i, WORTH], t)
        used += 1
        room -= size
        while room < 0:
            victim = ids[lasts[0]]
            if items[victim, LAST] > lasts[0]:
                _down(worths, lasts, used, worth[victim, WORTH], items[victim, LAST])
                continue
            items[victim, LAST] = -1
            room += items[victim, SIZE]
            aged = worths[0]
            used -= 1
            _down(worths, lasts, used, worths[used], lasts[used])
    return hits


@compiled
def _up(worths: NDArray[np.float64], lasts: Ids, node: int, worth: float, last: int) -> None:
    """Put an entry into the heap, at a node without children or nearer the top; none is more recent."""
    while node > 0 and worths[(node - 1) // WAYS] > worth:
        parent = (node - 1) // WAYS
        worths[node], lasts[node] = worths[parent], lasts[parent]
        node = parent
    worths[node], lasts[node] = worth, last


@compiled
def _down(worths: NDArray[np.float64], lasts: Ids, used: int, worth: float, last: int) -> None:
    """Put an entry into a heap of `used` nodes in place of its top, or lower."""
    node, child = 0, 1
    while child < used:
        for other in range(child + 1, min(WAYS * node + 1 + WAYS, used)):
            less = worths[other] < worths[child] or (worths[other] == worths[child] and lasts[other] < lasts[child])
            child = other if less else child
        if worths[child] > worth or (worths[child] == worth and lasts[child] > last):
            break
        worths[node], lasts[node] = worths[child], lasts[child]
        node, child = child, WAYS * child + 1
    worths[node], lasts[node] = worth, last


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    cached: dict[int, tuple[float, int]] = {}  # item -> its worth and its accesses, least recently used first
    room, aged = capacity, 0.0
    for i in ids:
        yield i in cached
        if sizes[i] > capacity:
            continue
        if i not in cached:
            room -= sizes[i]
        count = cached.pop(i, (0.0, 0))[1] + 1
        cached[i] = aged + count * SCALE / sizes[i], count
        while room < 0:
            victim = min(cached, key=lambda item: cached[item][0])  # min takes the first of equals
            aged, _ = cached.pop(victim)
            room += sizes[victim]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
