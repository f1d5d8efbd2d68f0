"""RR, random replacement: evict an item drawn uniformly from the cache.

Belady, IBM Systems Journal 1966. Draws come from splitmix64 by counter (bits.py), one for each eviction, so a seed
gives the same hits everywhere. An item is cached iff the slot it last stood in still holds it. O(1) an access.
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
    used = draws = 0
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(slot, ids[min(t + AHEAD, final)])
        i = ids[t]
        hit = held[slot[i]] == i
        hits[t] = hit
        if hit:
            continue
        if used < capacity:
            victim = used
            used += 1
        else:
            victim = draw(np.uint64(seed), draws, capacity)
            draws += 1
        held[victim] = i
        slot[i] = victim
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
