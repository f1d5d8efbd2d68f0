"""LIRS: keep items that come back soon (LIR); the others (HIR) share a hundredth of the cache, first in first out.

Jiang & Zhang, SIGMETRICS 2002. A stack S orders items by last access, from the last LIR item up, with HIR items
between, cached or not; cached HIR items stand in the queue Q. A HIR item that is accessed while in S becomes LIR in
exchange for the last LIR item, which goes to the end of Q; one accessed outside S enters S and goes to the end of Q.
Misses evict the front of Q. The first items are LIR until these fill their part, C less max(1, C // 100) items. S is
unbounded: an item is in it iff its last access is not older than the last LIR item's, so it costs nothing.

libCacheSim's differs: it demotes a LIR item at each hit outside S, and bounds S to 2 C.

O(1) amortised an access; 8 bytes an item, 4 a miss, an eighth of a byte an access.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, following, prefetch
from ..jit import compiled
from . import Hits, Ids

WHEN, PLACE = 0, 1  # of an item: the position of its last access, -1: none; its place in Q or one of the below
OUT, LIR = -1, -2


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    n = ids.size
    one = np.uint64(1)
    items = filled((n_items, 2), -1, np.int32)
    recent = zeros((n >> 6) + 1, np.uint64)  # a bit at the last access of each LIR item
    queue = empty(n, np.int32)  # Q: its entries so far; one is current iff it is its item's place
    hits = empty(n, np.bool_)
    front = end = 0
    room = capacity
    room_lir = capacity - max(1, capacity // 100)
    bottom = 0 if room_lir else n  # the last access of the last LIR item, where S begins
    for t in range(n):
        prefetch(items, ids[min(t + AHEAD, n - 1)])
        i = ids[t]
        when = items[i, WHEN]
        place = items[i, PLACE]
        items[i, WHEN] = t
        hits[t] = place != OUT
        if place == LIR:
            recent[t >> 6] |= one << np.uint64(t & 63)
            recent[when >> 6] ^= one << np.uint64(when & 63)
            if when == bottom:
                bottom = following(recent, bottom)
            continue
        if place == OUT:
            if room_lir:
                room_lir -= 1
                room -= 1
                recent[t >> 6] |= one << np.uint64(t & 63)
                items[i, PLACE] = LIR
                continue
            if room:
                room -= 1
            else:
                while items[queue[front], PLACE] != front:
                    front += 1
                items[queue[front], PLACE] = OUT
                front += 1
        last = i  # of the HIR items in Q
        if when >= bottom:
            recent[t >> 6] |= one << np.uint64(t & 63)
            items[i, PLACE] = LIR
            last = ids[bottom]
            recent[bottom >> 6] ^= one << np.uint64(bottom & 63)
            bottom = following(recent, bottom)
        queue[end] = last
        items[last, PLACE] = end
        end += 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    most_lir = capacity - max(1, capacity // 100)
    stack: list[int] = []  # S, least recent first
    queue: list[int] = []  # Q
    lir: set[int] = set()
    for i in ids:
        hit = i in lir or i in queue
        yield hit
        known = i in stack
        if known:
            stack.remove(i)
        stack.append(i)
        if i in queue:
            queue.remove(i)
        elif not hit and len(lir) < most_lir:
            lir.add(i)
        elif not hit and len(lir) + len(queue) == capacity:
            queue.pop(0)
        if i not in lir:
            last = i  # of the HIR items in Q
            if known:
                last = stack.pop(0)
                lir.remove(last)
                lir.add(i)
            queue.append(last)
        while stack and stack[0] not in lir:
            stack.pop(0)
