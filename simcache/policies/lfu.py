"""LFU: evict the item with the fewest accesses; of several, the least recently used.

By default an item's count starts again each time it enters, as in cachetools and libCacheSim; with ``perfect=True`` it
counts every access since the start of the trace, cached or not (Aho, Denning & Ullman, JACM 1971). The two, and the
rule for ties, give very different hit rates.

An item enters the group of its count at its last access, so each group is a queue in order of time, and a queue's
entries are named by position: entry t is item ids[t]. An access appends to the next group and leaves the old entry to
be skipped when its queue is served: an entry is current iff it is its item's last access. Perfect counts ask a tree of
bits for the fewest, O(log n) with base 64; 4 bytes an access, 8 a count up to the highest reached, 8 an item.

With counts that start again nearly every victim is of count 1, which each miss fills anew, so nothing else is kept in
order until it must be. The queue of count 1 is the misses in order, numbered, and an item of count 1 is cached iff its
miss is not below the head: count and number in one word make a hit one comparison, and evicting writes nothing. When
count 1 runs out the queues of twice as many counts are lined up, from the last accesses of their items, and kept from
then on; hits above write one word alone. A queue kept for every count would cost three cache misses an access. Items
are read over once for each doubling, at most log2(n / capacity) times, and the search upwards from count 2 is O(1)
amortised, since the fewest count rises by at most one a hit. Memory: 4 bytes a miss and 8 an item; where queues are
kept, 4 bytes an access and 8 a count. The two rare cases stand outside the loop that does the rest, whose numbers
otherwise would not stay in registers.

With sizes, victims go until the missed item fits. Without, each is 1, and Numba compiles the code once for either.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty, zeros
from ..bits import AHEAD, ctz, prefetch, tree_clear, tree_empty, tree_lowest, tree_set
from ..jit import compiled
from . import Hits, Ids, SizeOf, Sizes

LAST, COUNT = 0, 1  # of an item: position of its last access, -1 when it is not cached; its accesses
FIRST, FINAL = 0, 1  # of a queue: 1 + its first entry, 0 when empty (so that pages stay untouched); its final entry
ONE = np.uint64(1)
ONCE = np.uint64(2**32)  # a count of 1, over 32 bits that say when
WHEN = ONCE - ONE
NEAR = np.uint64(8)  # entries between a prefetch and its use


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, perfect: bool = False) -> Hits:
    # Apart, so that neither pays for the other's branches.
    return _perfect(ids, None, n_items, capacity) if perfect else _in_cache(ids, None, n_items, capacity)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int, perfect: bool = False) -> Hits:
    return _perfect(ids, sizes, n_items, capacity) if perfect else _in_cache(ids, sizes, n_items, capacity)


@compiled
def _in_cache(ids: Ids, sizes: Sizes | None, n_items: int, capacity: int) -> Hits:
    n, run = np.uint64(ids.size), np.uint64(max(ids.size - AHEAD, 0))
    items = zeros(n_items, np.uint64)  # count and, of one, the number of the miss, else the last access; 0: evicted
    entered = empty(ids.size, np.uint32)  # by the number of the miss
    after = empty(ids.size, np.uint32)  # entry -> the next of its queue
    queues = zeros((ids.size + 2, 2), np.uint32)  # by count, from 2 to `kept`
    head = end = few = np.uint64(0)  # few: counts from 1 to this, shifted, have a queue to go to
    kept = ONE
    hits = empty(ids.size, np.bool_)
    room = capacity
    t = np.uint64(0)
    while True:
        count = np.uint64(0)  # shifted
        size = 1
        while t < n:
            if t < run:
                prefetch(items, ids[t + np.uint64(AHEAD)])
                if sizes is not None:
                    prefetch(sizes, ids[t + np.uint64(AHEAD)])
            i = np.uint32(ids[t])
            was = items[i]
            hit = was >= ONCE | head
            hits[t] = hit
            if hit:
                count = was & ~WHEN
                items[i] = count + ONCE | t
                if count - ONCE < few:
                    break
                t += ONE
                continue
            size = 1 if sizes is None else sizes[i]
            if size > capacity:
                t += ONE
                continue
            while size > room and head < end:
                if head + NEAR < end:
                    prefetch(items, entered[head + NEAR])
                victim = entered[head]
                if items[victim] == ONCE | head:
                    room += 1 if sizes is None else sizes[victim]
                head += ONE
            if size > room:
                count = np.uint64(0)
                break
            items[i] = ONCE | end
            entered[end] = i
            end += ONE
            room -= size
            t += ONE
        else:
            return hits
        if count > 0:
            _append(t, (count >> np.uint64(32)) + ONE, queues, after)
            t += ONE
            continue
        fewest = np.uint64(2)
        while size > room:  # then the access is done again
            if fewest > kept:
                _line_up(ids, items, queues, after, kept)
                kept += kept
                few = (kept - ONE) * ONCE
            entry = np.uint64(queues[fewest, FIRST])
            if entry == 0:
                fewest += ONE
                continue
            entry -= ONE
            queues[fewest, FIRST] = 0 if entry == queues[fewest, FINAL] else after[entry] + np.uint32(1)
            victim = np.uint32(ids[entry])
            if items[victim] & WHEN == entry:  # one that left has no entries: they were served before it
                items[victim] = 0
                room += 1 if sizes is None else sizes[victim]


@compiled
def _append(entry: np.uint64, count: np.uint64, queues: NDArray[np.uint32], after: NDArray[np.uint32]) -> None:
    if queues[count, FIRST] == 0:
        queues[count, FIRST] = entry + ONE
    else:
        after[queues[count, FINAL]] = entry
    queues[count, FINAL] = entry


@compiled
def _line_up(
    ids: Ids, items: NDArray[np.uint64], queues: NDArray[np.uint32], after: NDArray[np.uint32], kept: np.uint64
) -> None:
    """Fill the queues of the counts above `kept` up to twice as many."""
    latest = zeros((ids.size >> 6) + 1, np.uint64)  # a bitmap, which puts them in order
    for item in items:
        if kept < item >> np.uint64(32) <= kept + kept:
            latest[(item & WHEN) >> np.uint64(6)] |= ONE << (item & np.uint64(63))
    for word in range(latest.size):
        while latest[word] != 0:
            entry = np.uint64((word << 6) + ctz(latest[word]))
            latest[word] &= latest[word] - ONE
            _append(entry, items[ids[entry]] >> np.uint64(32), queues, after)


@compiled
def _perfect(ids: Ids, sizes: Sizes | None, n_items: int, capacity: int) -> Hits:
    n = ids.size
    items = zeros((n_items, 2), np.int32)
    items[:, LAST] = -1
    after = empty(n, np.int32)
    queues = zeros((n + 2, 2), np.int32)
    tree = tree_empty(n + 2)  # counts whose queue is not empty
    hits = empty(n, np.bool_)
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
