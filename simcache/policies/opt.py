"""OPT, Belady's MIN: evict the item whose next use is the furthest; what no policy can beat.

Belady, IBM Systems Journal 1966; Mattson, Gecsei, Slutz & Traiger 1970. Forced by default: a missed item must enter,
as in the textbook. With ``bypass=True`` the missed item may itself be the victim, which never hits less.

The cache is a bitmap over positions: a bit stands where a cached item is used next, so access t hits iff bit t is set,
and the victim is the highest bit. Each of three coarser bitmaps says which words of the one below are not zero, and
the highest bit is found by a few `clz`. The furthest next use is held out of the bitmap while it is known, since a
missed item is often the next victim. Bits behind t are never looked at again, so hits need not clear them. Items never
used again are counted, not stored: they go first, and which of them goes changes no hit. O(1) an access for any trace
of at most 2^31 accesses; 4 bytes an access for the next uses and an eighth of a byte for the bitmap.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..bits import clz, next_use
from ..jit import compiled
from ..stacks import opt as stack
from . import Counts, Hits, Ids


@compiled
def hits_from(after: NDArray[np.int32], capacity: int, bypass: bool) -> Hits:
    """Hits of OPT, shape (n_accesses,), from the next use of each access (`bits.next_use`)."""
    n = after.size
    one = np.uint64(1)
    bits0 = np.zeros((n >> 6) + 1, np.uint64)
    bits1 = np.zeros((n >> 12) + 1, np.uint64)
    bits2 = np.zeros((n >> 18) + 1, np.uint64)
    bits3 = np.zeros((n >> 24) + 1, np.uint64)
    hits = np.empty(n, np.bool_)
    furthest = -1  # a next use held out of the bitmap, later than all in it; -1: none is
    bound = -1  # no bit is above this
    room = capacity
    done = 0  # cached items that are never used again
    for t in range(n):
        upcoming = after[t]
        hit = (bits0[t >> 6] >> np.uint64(t & 63)) & one != 0
        if not hit:
            if furthest == t:
                hit, furthest = True, -1
            elif room:
                room -= 1
            elif done:
                done -= 1
            else:
                if furthest < 0:
                    d = bits3.size - 1
                    while bits3[d] == 0:  # of a full cache some bit is ahead of t
                        d -= 1
                    c = (d << 6) + 63 - clz(bits3[d])
                    b = (c << 6) + 63 - clz(bits2[c])
                    a = (b << 6) + 63 - clz(bits1[b])
                    furthest = bound = (a << 6) + 63 - clz(bits0[a])
                    bits0[a] ^= one << np.uint64(furthest & 63)
                    if bits0[a] == 0:
                        bits1[b] ^= one << np.uint64(a & 63)
                        if bits1[b] == 0:
                            bits2[c] ^= one << np.uint64(b & 63)
                            if bits2[c] == 0:
                                bits3[d] ^= one << np.uint64(c & 63)
                if bypass and upcoming > furthest:
                    hits[t] = False
                    continue
                furthest = -1
        hits[t] = hit
        if upcoming == n:
            done += 1
            continue
        if upcoming > bound:
            if upcoming > furthest:
                furthest, upcoming = upcoming, furthest
                if upcoming < 0:
                    continue
            bound = upcoming
        a = upcoming >> 6
        if bits0[a] == 0:
            b = a >> 6
            if bits1[b] == 0:
                c = b >> 6
                if bits2[c] == 0:
                    bits3[c >> 6] |= one << np.uint64(c & 63)
                bits2[c] |= one << np.uint64(b & 63)
            bits1[b] |= one << np.uint64(a & 63)
        bits0[a] |= one << np.uint64(upcoming & 63)
    return hits


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int, bypass: bool = False) -> Hits:
    return hits_from(next_use(ids, n_items), capacity, bypass)


CURVE_FROM = 25  # sizes from which one pass is cheaper than a run each


def curve(ids: Ids, n_items: int, seed: int, start: int, bypass: bool = False) -> Counts:
    return stack.hits(ids, n_items, bypass, start)


def reference(ids: Iterable[int], capacity: int, seed: int, *, bypass: bool = False) -> Iterator[bool]:
    trace = list(ids)
    never = len(trace)
    cached: dict[int, int] = {}  # item -> its next use
    for t, i in enumerate(trace):
        hit = i in cached
        yield hit
        upcoming = next((u for u in range(t + 1, never) if trace[u] == i), never)
        if not hit and len(cached) == capacity:
            victim = max(cached, key=cached.__getitem__)
            if bypass and upcoming >= cached[victim]:
                continue
            del cached[victim]
        cached[i] = upcoming
