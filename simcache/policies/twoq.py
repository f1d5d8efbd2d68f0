"""2Q: new items pass through a FIFO queue; only those asked for again after they left it enter the main LRU list.

Johnson & Shasha, VLDB 1994, the full version. The first queue, A1in, has a quarter of the cache, Kin; a hit there moves
nothing. Those that left it last, half as many as the cache holds, Kout, are remembered in A1out; one of them that comes
back enters the main list, Am. A full cache evicts from A1in while that is over its quarter, else from Am. libCacheSim's
is the same from 4 items on; below that it admits nothing, and here both sizes are at least 1.

A1in and A1out are one queue in the order of entry, parted where items left the cache, as is Am with what it evicted: an
item is where its position is, past or before the boundaries, which only move up. O(1) amortised an access; 8 bytes an
item, a quarter of a byte an access.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, following, prefetch
from ..jit import compiled
from . import Hits, Ids

WHEN, WHERE = 0, 1  # of an item: the position of its entry, or in Am of its last access; the list it is or was in
IN, AM = 0, 1


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    k_in, k_out = max(1, capacity // 4), max(1, capacity // 2)
    items = zeros((n_items, 2), np.int32)
    items[:, WHEN] = -1
    entered = zeros((ids.size >> 6) + 1, np.uint64)  # a bit where an item of A1in or A1out entered
    recent = zeros((ids.size >> 6) + 1, np.uint64)  # a bit at the last access of an item of Am
    hits = empty(ids.size, np.bool_)
    tail = front = bottom = 0  # the oldest of A1out, of A1in, of Am
    n_in = n_out = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(items, ids[min(t + AHEAD, final)])
        i = ids[t]
        when = items[i, WHEN]
        if items[i, WHERE] == AM and when >= bottom:
            hits[t] = True
            recent[when >> 6] ^= one << np.uint64(when & 63)
            recent[t >> 6] |= one << np.uint64(t & 63)
            items[i, WHEN] = t
            continue
        hit = items[i, WHERE] == IN and when >= front
        hits[t] = hit
        if hit:
            continue
        known = items[i, WHERE] == IN and when >= tail
        if known:
            entered[when >> 6] ^= one << np.uint64(when & 63)
            n_out -= 1
        if room:
            room -= 1
        elif n_in <= k_in and n_in < capacity:
            bottom = following(recent, bottom) + 1
        else:
            front = following(entered, front) + 1
            n_in -= 1
            if n_out == k_out:
                tail = following(entered, tail) + 1
            else:
                n_out += 1
        items[i, WHEN] = t
        items[i, WHERE] = AM if known else IN
        if known:
            recent[t >> 6] |= one << np.uint64(t & 63)
        else:
            entered[t >> 6] |= one << np.uint64(t & 63)
            n_in += 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    k_in, k_out = max(1, capacity // 4), max(1, capacity // 2)
    a1in: deque[int] = deque()  # oldest first
    a1out: deque[int] = deque()
    am: list[int] = []  # least recently used first
    for i in ids:
        yield i in am or i in a1in
        if i in am:
            am.remove(i)
            am.append(i)
            continue
        if i in a1in:
            continue
        known = i in a1out
        if known:
            a1out.remove(i)
        if len(a1in) + len(am) == capacity:
            if am and len(a1in) <= k_in:
                am.pop(0)
            else:
                a1out.append(a1in.popleft())
                if len(a1out) > k_out:
                    a1out.popleft()
        if known:
            am.append(i)
        else:
            a1in.append(i)
