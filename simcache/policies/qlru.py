"""q-LRU: LRU that lets a missed item in with probability q only, so that items asked for once mostly stay out.

Martina, Garetto & Leonardi, INFOCOM 2014. Rare admission keeps the most popular items: under independent requests they
fill the cache as q falls, but ever more slowly (`theory.qlru_irm`). q = 1 is LRU. Draws come from splitmix64 by counter
(bits.py), one for each miss; q counts in steps of 2^-31. O(1) amortised an access, n / 8 bytes beside one number an
item.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, draw, draw_reference, following, prefetch
from ..jit import compiled
from . import Hits, Ids

RANDOM = True
BYPASS = True
STEPS = 2**31


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, q: float = 0.5) -> Hits:
    if not 0 <= q <= 1:
        raise ValueError("parameter 'q' of policy 'qlru' must be a probability, from 0 to 1")
    one = np.uint64(1)
    last = filled(n_items, -1, np.int32)
    latest = zeros((ids.size >> 6) + 1, np.uint64)  # a bit at the last access of each cached item
    hits = empty(ids.size, np.bool_)
    tail = 0  # last accesses before this position belong to evicted items
    draws = 0
    room = capacity
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(last, ids[min(t + AHEAD, final)])
        i = ids[t]
        before = last[i]
        hit = before >= tail
        hits[t] = hit
        if hit:
            latest[before >> 6] ^= one << np.uint64(before & 63)
        else:
            enters = draw(np.uint64(seed), draws, STEPS) < q * STEPS
            draws += 1
            if not enters:
                continue
            if room:
                room -= 1
            else:
                tail = following(latest, tail) + 1
        last[i] = t
        latest[t >> 6] |= one << np.uint64(t & 63)
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int, *, q: float = 0.5) -> Iterator[bool]:
    stack: list[int] = []  # least recently used first
    draws = 0
    for i in ids:
        yield i in stack
        if i in stack:
            stack.remove(i)
        else:
            enters = draw_reference(seed, draws, STEPS) < q * STEPS
            draws += 1
            if not enters:
                continue
            if len(stack) == capacity:
                stack.pop(0)
        stack.append(i)
