"""CLOCK: FIFO that gives an item used since it last came up for eviction a second round.

Corbató, A Paging Experiment with the Multics System, MIT Project MAC, 1968. One bit an item, 0 as it enters, 1 from a
hit, cleared as the hand passes. libCacheSim's is the same. The cache is a ring of slots: an item that stays keeps its
slot, so moving the hand on is putting it back at the end of the queue. O(1) amortised an access, 1 byte an item and 4 a
slot.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    state = np.zeros(n_items, np.uint8)  # 0: not cached, 1: not used since the hand passed, 2: used
    ring = np.empty(capacity, np.int32)
    hits = np.empty(ids.size, np.bool_)
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


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    queue: deque[int] = deque()  # next to be looked at first
    used: dict[int, bool] = {}
    for i in ids:
        yield i in used
        if i in used:
            used[i] = True
            continue
        if len(queue) == capacity:
            while used[queue[0]]:
                used[queue[0]] = False
                queue.rotate(-1)
            del used[queue.popleft()]
        queue.append(i)
        used[i] = False
