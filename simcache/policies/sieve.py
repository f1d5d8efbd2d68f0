"""SIEVE: a FIFO queue with one lazy hand, which spares and clears the items used since it passed.

Zhang, Yang, Yue, Vigfusson & Rashmi, NSDI 2024; libCacheSim's is the same. Unlike with CLOCK, an item that is spared
keeps its place among older ones, and new ones come in behind the newest, not behind the hand. The queue is kept as two:
what the hand has spared since it was last at the oldest item, and what it has yet to look at. Past the newest item it
goes back, and the two become one. O(1) amortised an access, 1 byte an item and 8 a slot.

With sizes the hand goes on until the missed item fits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    return _run(ids, None, n_items, capacity, capacity)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    return _run(ids, sizes, n_items, n_items, capacity)


@compiled
def _run(ids: Ids, sizes: Sizes | None, n_items: int, slots: int, capacity: int) -> Hits:
    # Without sizes each is 1: Numba compiles what asks for them twice.
    state = zeros(n_items, np.uint8)  # 0: not cached, 1: not used since the hand passed, 2: used
    queue = empty(2 * slots, np.int32)  # two rings: of the items ahead of the hand, and of those spared
    hits = empty(ids.size, np.bool_)
    ahead, spared = 0, slots  # where the rings lie: arrays that change names are slow in a loop
    hand = waiting = kept = 0  # the hand's place in its ring, and the items in each
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        later = ids[min(t + AHEAD, final)]
        prefetch(state, later)
        if sizes is not None:
            prefetch(sizes, later)
        i = ids[t]
        hit = state[i] != 0
        hits[t] = hit
        if hit:
            state[i] = 2
            continue
        size = 1 if sizes is None else sizes[i]
        if size > capacity:
            continue
        while size > room:
            item = queue[ahead + hand]
            hand = hand + 1 if hand + 1 < slots else 0
            waiting -= 1
            state[item] -= 1
            if state[item]:
                queue[spared + kept] = item
                kept += 1
            else:
                room += 1 if sizes is None else sizes[item]
            if waiting == 0:
                ahead, spared = spared, ahead
                hand, waiting, kept = 0, kept, 0
        end = hand + waiting
        queue[ahead + (end if end < slots else end - slots)] = i
        waiting += 1
        room -= size
        state[i] = 1
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    queue: list[int] = []  # oldest first
    used: set[int] = set()
    hand = 0
    room = capacity
    for i in ids:
        yield i in queue
        if i in queue:
            used.add(i)
        elif sizes[i] <= capacity:
            while sizes[i] > room:
                while queue[hand] in used:
                    used.remove(queue[hand])
                    hand = (hand + 1) % len(queue)
                room += sizes[queue.pop(hand)]
                hand = hand if hand < len(queue) else 0
            queue.append(i)
            room -= sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
