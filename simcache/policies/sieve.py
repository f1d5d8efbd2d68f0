"""SIEVE: a FIFO queue with one lazy hand, which spares and clears the items used since it passed.

Zhang, Yang, Yue, Vigfusson & Rashmi, NSDI 2024; libCacheSim's is the same. Unlike with CLOCK, an item that is spared
keeps its place among older ones, and new ones come in behind the newest, not behind the hand. The queue is kept as two:
what the hand has spared since it was last at the oldest item, and what it has yet to look at. Past the newest item it
goes back, and the two become one. O(1) amortised an access, 1 byte an item and 8 a slot.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    state = np.zeros(n_items, np.uint8)  # 0: not cached, 1: not used since the hand passed, 2: used
    queue = np.empty(2 * capacity, np.int32)  # two rings: of the items ahead of the hand, and of those spared
    hits = np.empty(ids.size, np.bool_)
    ahead, spared = 0, capacity  # where the rings lie: arrays that change names are slow in a loop
    hand = waiting = kept = 0  # the hand's place in its ring, and the items in each
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(state, ids[min(t + AHEAD, final)])
        i = ids[t]
        hit = state[i] != 0
        hits[t] = hit
        if hit:
            state[i] = 2
            continue
        full = waiting + kept == capacity
        while full:
            item = queue[ahead + hand]
            hand = hand + 1 if hand + 1 < capacity else 0
            waiting -= 1
            full = state[item] == 2
            if full:
                queue[spared + kept] = item
                kept += 1
            state[item] -= 1
            if waiting == 0:
                ahead, spared = spared, ahead
                hand, waiting, kept = 0, kept, 0
        end = hand + waiting
        queue[ahead + (end if end < capacity else end - capacity)] = i
        waiting += 1
        state[i] = 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    queue: list[int] = []  # oldest first
    used: set[int] = set()
    hand = 0
    for i in ids:
        yield i in queue
        if i in queue:
            used.add(i)
            continue
        if len(queue) == capacity:
            while queue[hand] in used:
                used.remove(queue[hand])
                hand = (hand + 1) % capacity
            queue.pop(hand)
            hand = hand if hand < len(queue) else 0
        queue.append(i)
