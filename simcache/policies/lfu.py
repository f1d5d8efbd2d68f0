"""LFU: evict the item with the fewest accesses; of several, the least recently used.

By default an item's count starts again each time it enters, as in cachetools and libCacheSim; with ``perfect=True`` it
counts every access since the start of the trace, cached or not (Aho, Denning & Ullman, JACM 1971). The two, and the
rule for ties, give very different hit rates.

An item enters the group of its count at its last access, so each group is a queue in order of time, and a queue's
entries are named by position: entry t is item ids[t]. An access appends to the next group and leaves the old entry to
be skipped when its queue is served: an entry is current iff it is its item's last access. With counts that start again
the fewest count is found in O(1) amortised, since each miss sets it to 1 and it rises by one a hit; perfect counts ask
a tree of bits, O(log n) with base 64. Memory: 4 bytes an access and 8 a count, beside 8 an item.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import tree_clear, tree_empty, tree_lowest, tree_set
from ..jit import compiled
from . import Hits, Ids


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, perfect: bool = False) -> Hits:
    n = ids.size
    last = np.full(n_items, -1, np.int32)
    count = np.zeros(n_items, np.int32)
    cached = np.zeros(n_items, np.bool_)
    after = np.empty(n, np.int32)  # entry -> the next of its queue
    first = np.zeros(n + 2, np.int32)  # count -> 1 + its queue's first entry; 0: none (so that pages stay untouched)
    final = np.empty(n + 2, np.int32)  # count -> its queue's final entry
    tree = tree_empty(n + 2 if perfect else 0)
    hits = np.empty(n, np.bool_)
    room = capacity
    fewest = 1
    for t in range(n):
        i = ids[t]
        hit = cached[i]
        hits[t] = hit
        if not hit:
            cached[i] = True
            if room:
                room -= 1
            else:
                while True:
                    if perfect:
                        fewest = tree_lowest(tree, n + 2)
                    entry = first[fewest] - 1
                    if entry < 0:
                        fewest += 1
                        continue
                    first[fewest] = 0 if entry == final[fewest] else after[entry] + 1
                    if perfect and first[fewest] == 0:
                        tree_clear(tree, n + 2, fewest)
                    victim = ids[entry]
                    if last[victim] == entry:
                        break
                cached[victim] = False
                if not perfect:
                    count[victim] = 0
            fewest = 1
        count[i] += 1
        c = count[i]
        last[i] = t
        if first[c] == 0:
            first[c] = t + 1
            if perfect:
                tree_set(tree, n + 2, c)
        else:
            after[final[c]] = t
        final[c] = t
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int, *, perfect: bool = False) -> Iterator[bool]:
    cached: dict[int, int] = {}  # item -> its count, least recently used first
    counts: dict[int, int] = {}
    for i in ids:
        hit = i in cached
        yield hit
        counts[i] = counts.get(i, 0) + 1
        if not hit and len(cached) == capacity:
            del cached[min(cached, key=cached.__getitem__)]  # min takes the first of equals
        cached[i] = cached.pop(i, 0) + 1 if not perfect else counts[i]
        cached[i] = cached.pop(i)
