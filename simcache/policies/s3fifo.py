"""S3-FIFO: a small FIFO queue that most items leave soon, a main one for those used again, a ghost of who left.

Yang, Zhang, Qiu, Yue & Rashmi, SOSP 2023. New items enter the small queue, a tenth of the cache; those with two hits by
its end move to the main one, with none to their name there; the others leave, and are remembered in the ghost queue,
nine tenths of the cache's size: when they come back they enter the main queue. Hits are counted up to 3; at its end the
main queue puts an item back for each. A victim comes from the main queue if that is over its nine tenths, else from
the small one. Until the first eviction a full small queue overflows into the main one. libCacheSim's is the same from
20 items on; below, it admits nothing, and here the small queue holds one item, the main one the rest: at 1, FIFO.

With sizes all parts are counted in bytes, and where a victim comes from is asked anew for each. An item larger than the
small queue enters the main one, however large that becomes: only the whole cache has a limit. One larger than the ghost
queue is not remembered. libCacheSim's admits nothing as large as the small queue.

O(1) amortised an access; 5 bytes an item, 8 a slot, an eighth of a byte an access.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, following, prefetch
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes

ENOUGH = 2  # hits in the small queue
MOST = 3  # hits counted


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    least, most_ghosts = max(1, capacity // 10), 9 * capacity // 10
    state = zeros(n_items, np.uint8)  # 0: not cached, else 1 + its hits
    left = filled(n_items, -1, np.int32)  # the number under which it became a ghost, -1: it is none
    ghost = zeros((ids.size >> 6) + 1, np.uint64)  # a bit for the number of each ghost
    small = empty(capacity, np.int32)  # two rings
    main = empty(capacity, np.int32)
    hits = empty(ids.size, np.bool_)
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


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    least = max(1, capacity // 10)
    most_ghosts = room_ghosts = capacity - capacity // 10 - (capacity % 10 > 0)
    state = zeros(n_items, np.uint8)
    left = filled(n_items, -1, np.int32)
    ghost = zeros((ids.size >> 6) + 1, np.uint64)
    ghosts = empty(ids.size, np.int32)  # each, by its number
    small = empty(n_items, np.int32)
    main = empty(n_items, np.int32)
    hits = empty(ids.size, np.bool_)
    first = end = front = back = number = tail = 0
    in_small = in_main = 0
    room = capacity
    evicted = False
    final = ids.size - 1
    for t in range(ids.size):
        ahead = ids[min(t + AHEAD, final)]
        prefetch(state, ahead)
        prefetch(sizes, ahead)
        i = ids[t]
        hits_of = state[i]
        hits[t] = hits_of != 0
        if hits_of != 0:
            state[i] = min(hits_of + 1, 1 + MOST)
            continue
        size = sizes[i]
        if size > capacity:
            continue
        known = left[i] >= tail
        if known:
            ghost[left[i] >> 6] ^= one << np.uint64(left[i] & 63)
            left[i] = -1
            room_ghosts += size
        evicted |= size > room
        from_main = in_main > capacity - least
        while size > room:
            if from_main or in_small == 0:
                item = main[front]
                front = front + 1 if front + 1 < n_items else 0
                stays = state[item] > 1
                state[item] -= 1
                if not stays:
                    in_main -= sizes[item]
            else:
                item = small[first]
                first = first + 1 if first + 1 < n_items else 0
                in_small -= sizes[item]
                stays = state[item] > ENOUGH
                state[item] = stays
                if stays:
                    in_main += sizes[item]
                elif sizes[item] <= most_ghosts:
                    while sizes[item] > room_ghosts:
                        tail = following(ghost, tail) + 1
                        room_ghosts += sizes[ghosts[tail - 1]]
                    room_ghosts -= sizes[item]
                    ghost[number >> 6] |= one << np.uint64(number & 63)
                    ghosts[number] = item
                    left[item] = number
                    number += 1
            if stays:
                main[back] = item
                back = back + 1 if back + 1 < n_items else 0
            else:
                room += sizes[item]
                from_main = in_main > capacity - least
        state[i] = 1
        if known or size > least or (not evicted and in_small >= least):
            main[back] = i
            back = back + 1 if back + 1 < n_items else 0
            in_main += size
        else:
            small[end] = i
            end = end + 1 if end + 1 < n_items else 0
            in_small += size
        room -= size
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    most_small, most_ghosts = max(1, capacity // 10), 9 * capacity // 10
    small: deque[int] = deque()  # oldest first
    main: deque[int] = deque()
    ghosts: dict[int, None] = {}
    used: dict[int, int] = {}  # cached item -> its hits
    in_small = in_main = in_ghosts = 0  # bytes
    evicted = False
    for i in ids:
        yield i in used
        if i in used:
            used[i] = min(used[i] + 1, MOST)
            continue
        if sizes[i] > capacity:
            continue
        known = i in ghosts
        if known:
            del ghosts[i]
            in_ghosts -= sizes[i]
        from_main = in_main > capacity - most_small
        while in_small + in_main + sizes[i] > capacity:
            evicted = True
            if from_main or not small:
                item = main.popleft()
                if used[item]:
                    used[item] -= 1
                    main.append(item)
                    continue
                in_main -= sizes[item]
                del used[item]
            else:
                item = small.popleft()
                in_small -= sizes[item]
                if used[item] >= ENOUGH:
                    used[item] = 0
                    main.append(item)
                    in_main += sizes[item]
                    continue
                del used[item]
                if sizes[item] <= most_ghosts:
                    ghosts[item] = None
                    in_ghosts += sizes[item]
                while in_ghosts > most_ghosts:
                    oldest = next(iter(ghosts))
                    del ghosts[oldest]
                    in_ghosts -= sizes[oldest]
            from_main = in_main > capacity - most_small
        used[i] = 0
        if known or sizes[i] > most_small or (in_small >= most_small and not evicted):
            main.append(i)
            in_main += sizes[i]
        else:
            small.append(i)
            in_small += sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
