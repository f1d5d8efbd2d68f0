"""ARC: an LRU list of items used once and one of those used more often, each with a ghost; the ghosts' hits size them.

Megiddo & Modha, FAST 2003, to the letter, with p, the target for the size of T1, a real number: a hit in T1's ghost B1
raises it by max(1, |B2| / |B1|), one in T2's ghost B2 lowers it by max(1, |B1| / |B2|). libCacheSim's is the same.

T1 and B1 are one list in the order of last accesses, parted where items left the cache, as are T2 and B2: an item is
where its position is, past or before the boundaries, which only move up. O(1) amortised an access; 8 bytes an item, a
quarter of a byte an access.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, following, prefetch
from ..jit import compiled
from . import Hits, Ids

WHEN, WHERE = 0, 1  # of an item: the position of its last access; used once or more often, since it became known
ONCE, OFTEN = 0, 1


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    one = np.uint64(1)
    items = zeros((n_items, 2), np.int32)
    items[:, WHEN] = -1
    once = zeros((ids.size >> 6) + 1, np.uint64)  # a bit at the last access of an item of T1 or B1
    often = zeros((ids.size >> 6) + 1, np.uint64)  # and of T2 or B2
    hits = empty(ids.size, np.bool_)
    cut1 = cut2 = 0  # where T1 and T2 begin
    end1 = end2 = 0  # where B1 and B2 begin
    t1 = t2 = b1 = b2 = 0  # their sizes
    target = 0.0
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(items, ids[min(t + AHEAD, final)])
        i = ids[t]
        when = items[i, WHEN]
        first = items[i, WHERE] == ONCE
        hit = when >= (cut1 if first else cut2)
        hits[t] = hit
        known = when >= (end1 if first else end2)
        items[i, WHEN] = t
        if known:
            if first:
                once[when >> 6] ^= one << np.uint64(when & 63)
                items[i, WHERE] = OFTEN
            else:
                often[when >> 6] ^= one << np.uint64(when & 63)
            often[t >> 6] |= one << np.uint64(t & 63)
            if hit:
                t1 -= first
                t2 += first
                continue
            if first:
                target = min(float(capacity), target + max(1.0, b2 / b1))
                b1 -= 1
            else:
                target = max(0.0, target - max(1.0, b1 / b2))
                b2 -= 1
        else:
            items[i, WHERE] = ONCE
            once[t >> 6] |= one << np.uint64(t & 63)
            if t1 == capacity:
                cut1 = end1 = following(once, cut1) + 1
                t1 -= 1
            elif t1 + b1 == capacity:
                end1 = following(once, end1) + 1
                b1 -= 1
            elif t1 + t2 + b1 + b2 == 2 * capacity:
                end2 = following(often, end2) + 1
                b2 -= 1
        if t1 + t2 == capacity:
            if t1 > 0 and (t1 > target or (t1 == target and known and not first)):
                cut1 = following(once, cut1) + 1
                t1 -= 1
                b1 += 1
            else:
                cut2 = following(often, cut2) + 1
                t2 -= 1
                b2 += 1
        t1 += not known
        t2 += known
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    t1: list[int] = []  # least recently used first, as the others
    t2: list[int] = []
    b1: list[int] = []
    b2: list[int] = []
    target = 0.0
    for i in ids:
        home = next((each for each in (t1, t2, b1, b2) if i in each), None)
        yield home is t1 or home is t2
        if home is b1:
            target = min(float(capacity), target + max(1.0, len(b2) / len(b1)))
        elif home is b2:
            target = max(0.0, target - max(1.0, len(b1) / len(b2)))
        elif home is None and len(t1) + len(b1) == capacity:
            (b1 or t1).pop(0)
        elif home is None and len(t1) + len(t2) + len(b1) + len(b2) == 2 * capacity:
            b2.pop(0)
        if home is not None:
            home.remove(i)
        if home is not t1 and home is not t2 and len(t1) + len(t2) == capacity:
            if t1 and (len(t1) > target or (len(t1) == target and home is b2)):
                b1.append(t1.pop(0))
            else:
                b2.append(t2.pop(0))
        (t1 if home is None else t2).append(i)
