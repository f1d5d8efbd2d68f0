"""LRU: evict the item whose last access is the oldest.

Mattson, Gecsei, Slutz & Traiger, IBM Systems Journal 1970. No list is kept: a bitmap over positions has a bit where
the last access so far of a cached item stands (all bits start set: those ahead are never looked at), and the victim
is its lowest bit. That bit only ever moves up, so an item is cached iff its last access is not below it. O(1)
amortised an access, n / 8 bytes beside one number an item.

No branch asks for a hit, which at hit rates near one half no predictor can guess and would cost as much as all the
rest. So an access clears its item's bit whether it hits or not (a miss's bit is below the lowest, where nobody looks),
and what a miss changes is selected, not jumped to. The cache starts full, of items that nobody asks for, accessed at
`capacity` positions before the trace, so that a miss always evicts. The word with the lowest bit is held in a
register beside its bound, since reading it each time would put a load on the path from one access to the next; so
nobody reads that word again, and there old bits are cleared: their own words may be in none of the processor's caches.

With sizes, lowest bits go until the missed item fits; the bit of one that does not enter is cleared at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, ctz, prefetch
from ..jit import compiled
from ..stacks import lru as stack
from . import Counts, Hits, Ids, SizeOf, Sizes


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    capacity = min(capacity, ids.size)  # so that positions fit 32 bits
    last = zeros(n_items, np.uint32)  # position of the last access; the trace's first is capacity + 1
    latest = filled((ids.size + capacity >> 6) + 1, ~np.uint64(0), np.uint64)
    hits = empty(ids.size, np.bool_)
    word, held = 0, latest[0]  # where the lowest bit is, and the bits there from it on; the first access clears bit 0
    tail = base = 1  # last accesses before the tail belong to evicted items; base: 1 + the word's first position
    position = capacity
    for t in range(ids.size):
        if t < ids.size - AHEAD:
            prefetch(last, ids[t + AHEAD])
        i = np.uint32(ids[t])  # unsigned: a signed index is first asked whether it counts from the end
        before = np.int64(last[i])
        position += 1
        last[i] = position
        hit = before >= tail
        hits[t] = hit
        others = ~(one << np.uint64(before & 63))
        latest[max(int(before >> 6), word)] &= others
        if before >> 6 == word:
            held &= others
        while held == 0:
            word += 1
            base += 64
            held = latest[word]
        tail = tail if hit else base + ctz(held)
        held = held if hit else held & (held - one)
    return hits


CURVE_FROM = 6  # sizes from which one pass is cheaper than a run each


def curve(ids: Ids, n_items: int, seed: int, start: int) -> Counts:
    return stack.hits(ids, n_items, start)


@compiled
def sized(ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    last = filled(n_items, -1, np.int32)
    latest = filled((ids.size >> 6) + 2, ~np.uint64(0), np.uint64)
    hits = empty(ids.size, np.bool_)
    tail = word = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(last, ids[min(t + AHEAD, final)])
        prefetch(sizes, ids[min(t + AHEAD, final)])
        i = ids[t]
        before = last[i]
        hit = before >= tail
        hits[t] = hit
        if hit:
            latest[before >> 6] ^= one << np.uint64(before & 63)
            last[i] = t
            continue
        size = sizes[i]
        if size > capacity:
            latest[t >> 6] ^= one << np.uint64(t & 63)
            continue
        while size > room:
            while latest[word] == 0:
                word += 1
                soon = latest[word + 1]  # those whose sizes will be asked for
                while soon != 0:
                    prefetch(sizes, ids[min((word + 1 << 6) + ctz(soon), final)])
                    soon &= soon - one
            victim = (word << 6) + ctz(latest[word])
            latest[word] &= latest[word] - one
            room += sizes[ids[victim]]
            tail = victim + 1
        room -= size
        last[i] = t
    return hits


def sized_reference(ids: Iterable[int], sizes: SizeOf, capacity: int, seed: int) -> Iterator[bool]:
    stack: list[int] = []  # least recently used first
    used = 0
    for i in ids:
        yield i in stack
        if i in stack:
            stack.remove(i)
            stack.append(i)
        elif sizes[i] <= capacity:
            while used + sizes[i] > capacity:
                used -= sizes[stack.pop(0)]
            stack.append(i)
            used += sizes[i]


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    return sized_reference(ids, defaultdict(lambda: 1), capacity, seed)
