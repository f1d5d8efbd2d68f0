"""S3-FIFO: a small FIFO queue that most items leave soon, a main one for those used again, a ghost of who left.

Yang, Zhang, Qiu, Yue & Rashmi, SOSP 2023. New items enter the small queue, a tenth of the cache; those with two hits by
its end move to the main one, with none to their name there; the others leave, and are remembered in the ghost queue,
nine tenths of the cache's size: when they come back they enter the main queue. Hits are counted up to 3; at its end the
main queue puts an item back for each. A victim comes from the main queue if that is over its nine tenths, else from
the small one. Until the first eviction a full small queue overflows into the main one. libCacheSim's is the same from
20 items on; below, it admits nothing, and here the small queue holds one item, the main one the rest: at 1, FIFO.

O(1) amortised an access; 5 bytes an item, 8 a slot, an eighth of a byte an access.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, following, prefetch
from ..jit import compiled
from . import Hits, Ids

ENOUGH = 2  # hits in the small queue
MOST = 3  # hits counted


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    least, most_ghosts = max(1, capacity // 10), 9 * capacity // 10
    state = np.zeros(n_items, np.uint8)  # 0: not cached, else 1 + its hits
    left = np.full(n_items, -1, np.int32)  # the number under which it became a ghost, -1: it is none
    ghost = np.zeros((ids.size >> 6) + 1, np.uint64)  # a bit for the number of each ghost
    small = np.empty(capacity, np.int32)  # two rings
    main = np.empty(capacity, np.int32)
    hits = np.empty(ids.size, np.bool_)
    first = n_small = front = n_main = 0
    number = tail = n_ghosts = 0
    evicted = False
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(state, ids[min(t + AHEAD, final)])
        i = ids[t]
        hits_of = state[i]
        hits[t] = hits_of != 0
        if hits_of != 0:
            state[i] = min(hits_of + 1, 1 + MOST)
            continue
        known = left[i] >= tail
        if known:
            ghost[left[i] >> 6] ^= one << np.uint64(left[i] & 63)
            left[i] = -1
            n_ghosts -= 1
        full = n_small + n_main == capacity
        evicted |= full
        from_main = n_main > capacity - least
        while full:
            if from_main or n_small == 0:
                item = main[front]
                front = front + 1 if front + 1 < capacity else 0
                full = state[item] > 1
                state[item] -= 1
                if full:
                    end = front + n_main - 1
                    main[end if end < capacity else end - capacity] = item
                else:
                    n_main -= 1
                continue
            item = small[first]
            first = first + 1 if first + 1 < capacity else 0
            n_small -= 1
            full = state[item] > ENOUGH
            state[item] = full
            if full:
                end = front + n_main
                main[end if end < capacity else end - capacity] = item
                n_main += 1
            elif most_ghosts:
                if n_ghosts == most_ghosts:
                    tail = following(ghost, tail) + 1
                else:
                    n_ghosts += 1
                ghost[number >> 6] |= one << np.uint64(number & 63)
                left[item] = number
                number += 1
        state[i] = 1
        if known or (n_small >= least and not evicted):
            end = front + n_main
            main[end if end < capacity else end - capacity] = i
            n_main += 1
        else:
            end = first + n_small
            small[end if end < capacity else end - capacity] = i
            n_small += 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    least, most_ghosts = max(1, capacity // 10), 9 * capacity // 10
    small: deque[int] = deque()  # oldest first
    main: deque[int] = deque()
    ghosts: dict[int, None] = {}
    used: dict[int, int] = {}  # cached item -> its hits
    evicted = False
    for i in ids:
        yield i in used
        if i in used:
            used[i] = min(used[i] + 1, MOST)
            continue
        known = i in ghosts
        ghosts.pop(i, None)
        from_main = len(main) > capacity - least
        while len(used) == capacity:
            evicted = True
            if from_main or not small:
                item = main.popleft()
                if used[item]:
                    used[item] -= 1
                    main.append(item)
                else:
                    del used[item]
            elif used[item := small.popleft()] >= ENOUGH:
                used[item] = 0
                main.append(item)
            else:
                del used[item]
                ghosts[item] = None
                if len(ghosts) > most_ghosts:
                    del ghosts[next(iter(ghosts))]
        used[i] = 0
        (main if known or (len(small) >= least and not evicted) else small).append(i)
