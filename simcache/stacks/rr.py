"""Random replacement's hits at every capacity in one pass, O(log m) an access for m distinct items.

Mattson's stack (Mattson, Gecsei, Slutz & Traiger, IBM Systems Journal 9, 1970): a cache of capacity C holds the first
C items. An access brings its item to the top; the item displaced there is carried down to the place that was left,
and at level i changes places with the item it finds there with probability 1/i, since each of the i items held may be
the one that leaves. From level i the next change is then at level j or above it with probability i / j, so it is
found by one draw. Every capacity sees a true run of random replacement; runs of different capacities are not
independent.
"""

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty, zeros
from ..bits import AHEAD, prefetch, splitmix
from ..jit import compiled
from . import curves


@compiled
def hits(ids: NDArray[np.int32], n_items: int, seed: np.uint64, start: int) -> NDArray[np.int64]:
    """Hits of random replacement at every capacity, for one seed.

    Returns
    -------
    array of int64, shape (2, n_items + 1)
        Column C is for capacity C. Row 0 counts all accesses, row 1 those at positions >= `start`.
    """
    n = ids.size
    found = zeros((2, n_items + 1), np.int32)
    level = zeros(n_items, np.int32)  # of each item, 0 when not yet seen
    stack = empty(n_items + 2, np.int32)
    seen = 0
    draws = 0
    for t in range(n):
        if t + AHEAD < n:
            prefetch(level, ids[t + AHEAD])
        item = ids[t]
        depth = int(level[item])
        if depth:
            found[int(t >= start), depth] += 1
        else:
            seen += 1
            depth = seen
        if depth == 1:
            stack[1] = item
            level[item] = 1
            continue
        carried = stack[1]
        stack[1] = item
        level[item] = 1
        i = 1
        while True:
            # uniform in (0, 1]: 53 bits, so that the division is the same everywhere
            share = np.float64((splitmix(seed, draws) >> np.uint64(11)) + np.uint64(1)) * 2.0**-53
            draws += 1
            reach = i / share
            if reach >= depth - 1:
                break
            i = int(reach) + 1
            carried, stack[i] = stack[i], carried
            level[stack[i]] = i
        stack[depth] = carried
        level[carried] = depth
    return curves(found)
