"""LFU: evict the item with the fewest accesses; of several, the least recently used.

By default an item's count starts again each time it enters, as in cachetools and libCacheSim; with ``perfect=True`` it
counts every access since the start of the trace, cached or not (Aho, Denning & Ullman, JACM 1971). The two, and the
rule for ties, give very different hit rates.

An item enters the group of its count at its last access, so each group is a queue in order of time, and a queue's
entries are named by position: entry t is item ids[t]. An access appends to the next group and leaves the old entry to
be skipped when its queue is served: an entry is current iff it is its item's last access. With counts that start again
victims are looked for upwards from count 1, which each miss fills anew: O(1) amortised, since the fewest count rises by
at most one a hit. Perfect counts ask a tree of bits for the fewest, O(log n) with base 64. Memory: 4 bytes an access,
8 a count up to the highest reached, 8 an item.

With sizes, victims go until the missed item fits. Without, each is 1, and Numba compiles the code once for either.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, prefetch, tree_clear, tree_empty, tree_lowest, tree_set
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes

LAST, COUNT = 0, 1  # of an item: position of its last access, -1 when it is not cached; its accesses
FIRST, FINAL = 0, 1  # of a queue: 1 + its first entry, 0 when empty (so that pages stay untouched); its final entry


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, perfect: bool = False) -> Hits:
    # Apart, so that neither pays for the other's branches.
    return _perfect(ids, None, n_items, capacity) if perfect else _in_cache(ids, None, n_items, capacity)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int, perfect: bool = False) -> Hits:
    return _perfect(ids, sizes, n_items, capacity) if perfect else _in_cache(ids, sizes, n_items, capacity)


@compiled
def _in_cache(ids: Ids, sizes: Sizes | None, n_items: int, capacity: int) -> Hits:
    n = ids.size
    items = np.zeros((n_items, 2), np.int32)
    items[:, LAST] = -1
    after = np.empty(n, np.int32)  # entry -> the next of its queue
    queues = np.zeros((n + 2, 2), np.int32)  # by count, from 2
    first = final = -1  # the queue of count 1; -1: empty
    hits = np.empty(n, np.bool_)
    room = capacity
    for t in range(n):
        ahead = ids[min(t + AHEAD, n - 1)]
        prefetch(items, ahead)
        if sizes is not None:
            prefetch(sizes, ahead)
        i = ids[t]
        hit = items[i, LAST] >= 0
        hits[t] = hit
        size = 1 if sizes is None or hit else sizes[i]
        if size > capacity:
            continue
        count = items[i, COUNT] + 1
        items[i, LAST] = t
        items[i, COUNT] = count
        if hit:
            if queues[count, FIRST] == 0:
                queues[count, FIRST] = t + 1
            else:
                after[queues[count, FINAL]] = t
            queues[count, FINAL] = t
            continue
        while size > room:
            victim = -1
            while first >= 0 and victim < 0:
                entry = first
                first = -1 if entry == final else after[entry]
                if items[ids[entry], LAST] == entry:
                    victim = ids[entry]
            fewest = 2
            while victim < 0:
                entry = queues[fewest, FIRST] - 1
                if entry < 0:
                    fewest += 1
                    continue
                queues[fewest, FIRST] = 0 if entry == queues[fewest, FINAL] else after[entry] + 1
                if items[ids[entry], LAST] == entry:
                    victim = ids[entry]
            items[victim, LAST] = -1
            items[victim, COUNT] = 0
            room += 1 if sizes is None else sizes[victim]
        room -= size
        if first < 0:
            first = t
        else:
            after[final] = t
        final = t
    return hits


@compiled
def _perfect(ids: Ids, sizes: Sizes | None, n_items: int, capacity: int) -> Hits:
    n = ids.size
    items = np.zeros((n_items, 2), np.int32)
    items[:, LAST] = -1
    after = np.empty(n, np.int32)
    queues = np.zeros((n + 2, 2), np.int32)
    tree = tree_empty(n + 2)  # counts whose queue is not empty
    hits = np.empty(n, np.bool_)
    room = capacity
    for t in range(n):
        ahead = ids[min(t + AHEAD, n - 1)]
        prefetch(items, ahead)
        if sizes is not None:
            prefetch(sizes, ahead)
        i = ids[t]
        hit = items[i, LAST] >= 0
        hits[t] = hit
        size = 1 if sizes is None or hit else sizes[i]
        if size > capacity:
            continue
        count = items[i, COUNT] + 1
        items[i, LAST] = t
        items[i, COUNT] = count
        if not hit:
            while size > room:
                victim = -1
                while victim < 0:
                    fewest = tree_lowest(tree, n + 2)
                    entry = queues[fewest, FIRST] - 1
                    if entry == queues[fewest, FINAL]:
                        queues[fewest, FIRST] = 0
                        tree_clear(tree, n + 2, fewest)
                    else:
                        queues[fewest, FIRST] = after[entry] + 1
                    if items[ids[entry], LAST] == entry:
                        victim = ids[entry]
                items[victim, LAST] = -1
                room += 1 if sizes is None else sizes[victim]
            room -= size
        if queues[count, FIRST] == 0:
            queues[count, FIRST] = t + 1
            tree_set(tree, n + 2, count)
        else:
            after[queues[count, FINAL]] = t
        queues[count, FINAL] = t
    return hits


def sized_reference(
    ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int, *, perfect: bool = False
) -> Iterator[bool]:
    cached: dict[int, int] = {}  # item -> its count, least recently used first
    counts: dict[int, int] = {}
    room = capacity
    for i in ids:
        hit = i in cached
        yield hit
        if sizes[i] > capacity:
            continue
        counts[i] = counts.get(i, 0) + 1
        while not hit and sizes[i] > room:
            victim = min(cached, key=cached.__getitem__)  # min takes the first of equals
            del cached[victim]
            room += sizes[victim]
        if not hit:
            room -= sizes[i]
        cached[i] = cached.pop(i, 0) + 1 if not perfect else counts[i]
        cached[i] = cached.pop(i)


def reference(ids: Iterable[int], capacity: int, seed: int, *, perfect: bool = False) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed, perfect=perfect)
