"""RR, random replacement: evict an item drawn uniformly from the cache.

Belady, IBM Systems Journal 1966. Draws come from splitmix64 by counter (bits.py), one for each eviction, so a seed
gives the same hits everywhere. An item is cached iff the slot it last stood in still holds it. O(1) an access,
4 bytes an item and 4 a slot.

With sizes items are drawn until the missed one fits. It takes the slot of the last one drawn; the slots of those before
are filled from the end. So among items of one size the draws are those without sizes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, draw, draw_reference, prefetch
from ..jit import compiled
from ..lanes import LANES
from ..rows import hits as row_hits
from ..rows import row, rows, swap_row
from ..stacks import rr as stack
from . import Counts, Hits, Ids, SizeOf, Sizes

RANDOM = True
SLOT, SIZE = 0, 1  # of an item: where it last stood; its bytes


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    slot = zeros(n_items, np.int32)
    held = filled(capacity, -1, np.int32)
    hits = empty(ids.size, np.bool_)
    used = 0
    full = ids.size  # the first miss that finds the cache full
    for t in range(ids.size):
        i = ids[t]
        hits[t] = held[slot[i]] == i
        if not hits[t]:
            if used == capacity:
                full = t
                break
            held[used] = i
            slot[i] = used
            used += 1
    draws = 0
    victim = draw(np.uint64(seed), draws, capacity)
    final = ids.size - 1
    for t in range(full, ids.size):
        prefetch(slot, ids[min(t + AHEAD, final)])
        i = ids[t]
        own = slot[i]
        hit = held[own] == i
        hits[t] = hit
        # A hit writes what is there already: without a branch, none is mispredicted.
        into = own if hit else victim
        held[into] = i
        slot[i] = into
        draws += not hit
        victim = draw(np.uint64(seed), draws, capacity)
    return hits


def curve(ids: Ids, n_items: int, seed: int, start: int) -> Counts:
    return stack.hits(ids, n_items, np.uint64(seed), start)


MANY_FROM = 8  # sizes from which one pass is cheaper than a run each


@compiled
def many(ids: Ids, n_items: int, capacities: Counts, seed: int, start: int) -> Counts:
    slot = rows(n_items, 0)
    of_item = slot[::LANES]
    room, misses = row(capacities), zeros(LANES, np.int32)
    begins = zeros(LANES + 1, np.int64)  # of each lane's slots
    for k in range(LANES):
        begins[k + 1] = begins[k] + room[k]
    held = filled(begins[LANES], -1, np.int32)
    final = ids.size - 1
    begin = min(start, ids.size)
    for first, end in ((0, begin), (begin, ids.size)):
        early = misses.copy()
        for t in range(first, end):
            prefetch(of_item, ids[min(t + AHEAD, final)])
            i = ids[t]
            swap_row(slot, i * LANES, held, i, begins, misses, room, np.uint64(seed))
    return row_hits(misses, early, ids.size, begin, capacities.size)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    items = zeros((n_items, 2), np.int64)
    for i in range(n_items):
        items[i, SIZE] = sizes[i]
    held = filled(n_items, -1, np.int32)
    size_in = empty(n_items, np.int64)  # of the item in a slot
    hits = empty(ids.size, np.bool_)
    used = draws = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(items, ids[min(t + AHEAD, final)])
        i = ids[t]
        hits[t] = held[items[i, SLOT]] == i
        size = items[i, SIZE]
        if hits[t] or size > capacity:
            continue
        into = used
        while size > room:
            if into < used:
                used -= 1
                held[into], size_in[into] = held[used], size_in[used]
                items[held[into], SLOT] = into
                held[used] = -1
            into = draw(np.uint64(seed), draws, used)
            draws += 1
            room += size_in[into]
        used += into == used
        held[into], size_in[into] = i, size
        items[i, SLOT] = into
        room -= size
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    held: list[int] = []
    draws = 0
    room = capacity
    for i in ids:
        yield i in held
        if i in held or sizes[i] > capacity:
            continue
        into = len(held)
        while sizes[i] > room:
            if into < len(held):
                held[into] = held[-1]
                held.pop()
            into = draw_reference(seed, draws, len(held))
            draws += 1
            room += sizes[held[into]]
        held[into : into + 1] = [i]
        room -= sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
