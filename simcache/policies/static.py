"""Static: the items of most accesses in the whole trace stay from their first access on, the others bypass the cache.

Of equals, those that come first. The best choice of items that never change, made with the trace known: under
independent requests it tends to `theory.lfu_irm`, what no policy that ignores the future beats (Aho, Denning & Ullman,
JACM 1971). O(1) an access, 8 bytes an item.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from ..allocation import empty, zeros
from ..bits import AHEAD, prefetch
from ..jit import compiled
from . import Hits, Ids

FORESEES = True


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    counts = zeros(n_items, np.int32)
    for t in range(ids.size):
        counts[ids[t]] += 1
    most = 0
    for i in range(n_items):
        most = max(most, counts[i])
    having = zeros(most + 1, np.int32)  # items by their accesses
    for i in range(n_items):
        having[counts[i]] += 1
    fewest, room = having.size, capacity  # all items of at least so many accesses stay
    while fewest > 1 and having[fewest - 1] <= room:
        fewest -= 1
        room -= having[fewest]
    stays = zeros(n_items, np.bool_)
    hits = empty(ids.size, np.bool_)
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(stays, ids[min(t + AHEAD, final)])
        i = ids[t]
        hits[t] = stays[i]
        if not stays[i]:
            if counts[i] >= fewest:
                stays[i] = True
            elif room and counts[i] == fewest - 1:
                stays[i] = True
                room -= 1
    return hits


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    trace = list(ids)
    chosen = {i for i, _ in Counter(trace).most_common(capacity)}  # equals in the order they came
    cached: set[int] = set()
    for i in trace:
        yield i in cached
        if i in chosen:
            cached.add(i)
