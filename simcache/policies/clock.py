"""CLOCK: FIFO that gives an item used since it last came up for eviction a second round.

Corbató, A Paging Experiment with the Multics System, MIT Project MAC, 1968. One bit an item, 0 as it enters, 1 from a
hit, cleared as the hand passes. libCacheSim's is the same. The cache is a ring of slots: an item that stays keeps its
slot, so moving the hand on is putting it back at the end of the queue. O(1) amortised an access, 1 byte an item and 4 a
slot.

With sizes the hand goes on until the missed item fits; as slots come free ahead of it, the queue is one that moves.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    state = zeros(n_items, np.uint8)  # 0: not cached, 1: not used since the hand passed, 2: used
    ring = empty(capacity, np.int32)
    hits = empty(ids.size, np.bool_)
    hand = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(state, ids[min(t + AHEAD, final)])
        i = ids[t]
        hit = state[i] != 0
        hits[t] = hit
        if hit:
            state[i] = 2
            continue
        if room:
            room -= 1
        else:
            while state[ring[hand]] == 2:
                state[ring[hand]] = 1
                hand = hand + 1 if hand + 1 < capacity else 0
            state[ring[hand]] = 0
        ring[hand] = i
        hand = hand + 1 if hand + 1 < capacity else 0
        state[i] = 1
    return hits


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    state = zeros(n_items, np.uint8)
    ring = empty(n_items, np.int32)
    size_in = empty(n_items, np.int64)  # of the item in a slot
    hits = empty(ids.size, np.bool_)
    hand = end = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        ahead = ids[min(t + AHEAD, final)]
        prefetch(state, ahead)
        prefetch(sizes, ahead)
        i = ids[t]
        hit = state[i] != 0
        hits[t] = hit
        if hit:
            state[i] = 2
            continue
        size = sizes[i]
        if size > capacity:
            continue
        while size > room:
            item, freed = ring[hand], size_in[hand]
            hand = hand + 1 if hand + 1 < n_items else 0
            state[item] -= 1
            if state[item]:
                ring[end], size_in[end] = item, freed
                end = end + 1 if end + 1 < n_items else 0
            else:
                room += freed
        ring[end], size_in[end] = i, size
        end = end + 1 if end + 1 < n_items else 0
        room -= size
        state[i] = 1
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    queue: deque[int] = deque()  # next to be looked at first
    used: dict[int, bool] = {}
    room = capacity
    for i in ids:
        yield i in used
        if i in used:
            used[i] = True
        elif sizes[i] <= capacity:
            while sizes[i] > room:
                item = queue.popleft()
                if used[item]:
                    used[item] = False
                    queue.append(item)
                else:
                    del used[item]
                    room += sizes[item]
            queue.append(i)
            used[i] = False
            room -= sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
