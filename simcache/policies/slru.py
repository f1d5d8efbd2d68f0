"""SLRU, segmented LRU: four LRU lists one above the other; a hit moves an item up a list, an overflow one down.

Karedla, Love & Wherry, Computer 27(3), 1994, there with two. Each list has a quarter of the cache, rounded down; the
lowest takes the rest. An item enters the lowest list, or while the cache is filling the lowest that has room. Hit, it
goes to the top of the next list, whose least recent, when it is over its size, goes to the top of the one below.
Evictions are from the lowest. libCacheSim's is the same where 4 divides the capacity. O(1) an access, 9 bytes an item.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled
from ..bits import AHEAD, prefetch
from ..jit import compiled
from ..links import pop, push, queues, unlink
from . import Hits, Ids

LISTS = 4


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    where = filled(n_items, -1, np.int8)  # the list an item is in, -1: none
    links = queues(n_items, LISTS)
    room = filled(LISTS, capacity // LISTS, np.int64)
    room[0] = capacity - (LISTS - 1) * room[1]
    hits = empty(ids.size, np.bool_)
    used = 0
    final = ids.size - 1
    for t in range(ids.size):
        ahead = ids[min(t + AHEAD, final)]
        prefetch(where, ahead)
        prefetch(links, ahead)
        i = ids[t]
        at = where[i]
        hits[t] = at >= 0
        if at >= 0:
            up = min(at + 1, LISTS - 1)
            unlink(links, i)
            push(links, n_items + up, i)
            where[i] = up
            if up == at:
                continue
            room[at] += 1
            room[up] -= 1
            if room[up] < 0:
                down = pop(links, n_items + up)
                push(links, n_items + at, down)
                where[down] = at
                room[up] += 1
                room[at] -= 1
            continue
        into = 0
        if used == capacity:
            where[pop(links, n_items)] = -1
            room[0] += 1
        else:
            used += 1
            while room[into] == 0:
                into += 1
        push(links, n_items + into, i)
        where[i] = into
        room[into] -= 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    sizes = [capacity - (LISTS - 1) * (capacity // LISTS)] + [capacity // LISTS] * (LISTS - 1)
    lists: list[list[int]] = [[] for _ in range(LISTS)]  # least recent first
    for i in ids:
        at = next((k for k in range(LISTS) if i in lists[k]), None)
        yield at is not None
        if at is not None:
            up = min(at + 1, LISTS - 1)
            lists[at].remove(i)
            lists[up].append(i)
            if len(lists[up]) > sizes[up]:
                lists[at].append(lists[up].pop(0))
            continue
        into = next((k for k in range(LISTS) if len(lists[k]) < sizes[k]), None)
        if into is None:
            lists[0].pop(0)
            into = 0
        lists[into].append(i)
