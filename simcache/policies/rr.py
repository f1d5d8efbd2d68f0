"""RR, random replacement: evict an item drawn uniformly from the cache.

Belady, IBM Systems Journal 1966. Draws come from splitmix64 by counter (bits.py), one for each eviction, so a seed
gives the same hits everywhere. An item is cached iff the slot it last stood in still holds it. O(1) an access,
4 bytes an item and 4 a slot.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..bits import AHEAD, draw, draw_reference, prefetch
from ..jit import compiled
from ..stacks import rr as stack
from . import Counts, Hits, Ids

RANDOM = True


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    slot = np.zeros(n_items, np.int32)
    held = np.full(capacity, -1, np.int32)
    hits = np.empty(ids.size, np.bool_)
    used = 0
    full = ids.size  # the first miss that finds the cache full
    for t in range(ids.size):
        i = ids[t]
        hits[t] = held[slot[i]] == i
        if not hits[t]:
            if used == capacity:
                full = t
                break
            held[used] = i
            slot[i] = used
            used += 1
    draws = 0
    victim = draw(np.uint64(seed), draws, capacity)
    final = ids.size - 1
    for t in range(full, ids.size):
        prefetch(slot, ids[min(t + AHEAD, final)])
        i = ids[t]
        own = slot[i]
        hit = held[own] == i
        hits[t] = hit
        # A hit writes what is there already: without a branch, none is mispredicted.
        into = own if hit else victim
        held[into] = i
        slot[i] = into
        draws += not hit
        victim = draw(np.uint64(seed), draws, capacity)
    return hits


def curve(ids: Ids, n_items: int, seed: int, start: int) -> Counts:
    return stack.hits(ids, n_items, np.uint64(seed), start)


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    held: list[int] = []
    draws = 0
    for i in ids:
        yield i in held
        if i in held:
            continue
        if len(held) < capacity:
            held.append(i)
        else:
            held[draw_reference(seed, draws, capacity)] = i
            draws += 1
