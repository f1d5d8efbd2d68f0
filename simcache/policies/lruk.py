"""LRU-K: evict items of fewer than k accesses, first in first out; else the one whose k-th last access is the oldest.

O'Neil, O'Neil & Weikum, SIGMOD 1993, with k = 2. Their history outlives the item's stay and counts accesses in quick
succession as one; here an item starts anew each time it enters, and every access counts, as with libCacheSim. k = 1 is
LRU.

A set of bits over positions holds the k-th last accesses of items that have so many, another the entries of the others;
the victim is the lowest bit. O(k + log n) an access, base 64; 4 k bytes an item, a quarter of a byte an access.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, following, prefetch, tree_clear, tree_empty, tree_lowest, tree_set
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, k: int = 2) -> Hits:
    if k < 1:
        raise ValueError("parameter 'k' of policy 'lruk' must be a whole number of accesses >= 1")
    n = ids.size
    one = np.uint64(1)
    uses = filled((n_items, k), -1, np.int32)  # the last k accesses of a cached item, oldest first, -1: none
    old = tree_empty(n)  # positions of k-th last accesses
    young = zeros((n >> 6) + 1, np.uint64)  # entries of items with fewer accesses than k
    hits = empty(n, np.bool_)
    front = n_young = 0  # no bit of `young` is below
    room = capacity
    for t in range(n):
        prefetch(uses, ids[min(t + AHEAD, n - 1)])
        i = ids[t]
        hit = uses[i, k - 1] >= 0
        hits[t] = hit
        if not hit:
            if room:
                room -= 1
            else:
                if n_young:
                    entry = front = following(young, front)
                    young[entry >> 6] ^= one << np.uint64(entry & 63)
                    n_young -= 1
                else:
                    entry = tree_lowest(old, n)
                    tree_clear(old, n, entry)
                uses[ids[entry]] = -1
        before = uses[i, 0]
        for j in range(k - 1):
            uses[i, j] = uses[i, j + 1]
        uses[i, k - 1] = t
        now = uses[i, 0]
        if now < 0:
            if not hit:
                young[t >> 6] |= one << np.uint64(t & 63)
                n_young += 1
            continue
        if before >= 0:
            tree_clear(old, n, before)
        elif hit:
            young[now >> 6] ^= one << np.uint64(now & 63)
            n_young -= 1
        tree_set(old, n, now)
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int, *, k: int = 2) -> Iterator[bool]:
    uses: dict[int, list[int]] = {}  # cached item -> its last k accesses, oldest first
    for t, i in enumerate(ids):
        yield i in uses
        if i not in uses and len(uses) == capacity:
            del uses[min(uses, key=lambda item: (len(uses[item]) == k, uses[item][0]))]
        uses[i] = [*uses.get(i, []), t][-k:]
