"""OPT, Belady's MIN: evict the item whose next use is the furthest; what no policy can beat.

Belady, IBM Systems Journal 1966; Mattson, Gecsei, Slutz & Traiger 1970. Forced by default: a missed item must enter,
as in the textbook. With ``bypass=True`` the missed item may itself be the victim, which never hits less.

With ``window=L`` only the items of the next L accesses are known: an item whose next use is among them is seen, any
other is not. No seen item goes while an unseen one is there, and of the unseen the one that came last goes first,
which asks for nothing but the past; so with ``window=0`` and bypass this is pinning. With ``every=k`` more becomes
known at each k-th access only, L accesses from there on: with epochs of k accesses and ``window=2 * k - 1``, the orders
of this epoch and the next.

The cache is a bitmap over positions: a bit stands where a cached item is used next, so access t hits iff bit t is set,
and the victim is the highest bit. Each of three coarser bitmaps says which words of the one below are not zero, and
the highest bit is found by a few `clz`. The furthest next use is held out of the bitmap while it is known, since a
missed item is often the next victim. Bits behind t are never looked at again, so hits need not clear them. Items never
used again are counted, not stored: they go first, and which of them goes changes no hit. O(1) an access for any trace
of at most 2^31 accesses; 4 bytes an access for the next uses and an eighth of a byte for the bitmap. With a window the
bitmap is twice as long, unseen items standing behind the trace's end by when they came, and there are 12 bytes an item.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..bits import clz, next_use, tree_clear, tree_empty, tree_highest, tree_set
from ..jit import compiled
from ..stacks import opt as stack
from . import Counts, Hits, Ids

FORESEES = True
ALL = 2**31  # a window of more accesses than a trace can have: the whole future
ACCESSES = {"window": 0, "every": 1}


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
def hits_within(ids: Ids, n_items: int, capacity: int, bypass: bool, window: int, every: int) -> Hits:
    """Hits of OPT, shape (n_accesses,), where not more than `window` accesses ahead are known."""
    n = ids.size
    after = next_use(ids, n_items)
    places = np.full(n_items, -1, np.int64)  # a cached item's bit: its next use if seen, else n + when it came
    came = np.empty(n_items, np.int32)
    bits = tree_empty(2 * n)
    hits = np.empty(n, np.bool_)
    room = capacity
    known = -1  # the last access of which the item is known
    for t in range(n):
        new = max(t, known + 1)
        known = min(t - t % every + window, n - 1)
        for u in range(new, known + 1):
            if places[ids[u]] >= n:
                tree_clear(bits, 2 * n, places[ids[u]])
                tree_set(bits, 2 * n, u)
                places[ids[u]] = u
        i = ids[t]
        hits[t] = places[i] >= 0
        if hits[t]:
            tree_clear(bits, 2 * n, places[i])
        else:
            came[i] = t
        place = after[t] if after[t] <= known else n + came[i]
        if not hits[t]:
            if room:
                room -= 1
            else:
                last = tree_highest(bits, 2 * n)
                if bypass and place > last:
                    continue
                tree_clear(bits, 2 * n, last)
                places[ids[last % n]] = -1
        tree_set(bits, 2 * n, place)
        places[i] = place
    return hits


@compiled
def kernel(
    ids: Ids, n_items: int, capacity: int, seed: int, bypass: bool = False, window: int = ALL, every: int = 1
) -> Hits:
    if window < ids.size:
        return hits_within(ids, n_items, capacity, bypass, window, every)
    return hits_from(next_use(ids, n_items), capacity, bypass)


CURVE_FROM = 25  # sizes from which one pass is cheaper than a run each


def curve(ids: Ids, n_items: int, seed: int, start: int, bypass: bool = False) -> Counts:
    return stack.hits(ids, n_items, bypass, start)


def reference(
    ids: Iterable[int], capacity: int, seed: int, *, bypass: bool = False, window: int = ALL, every: int = 1
) -> Iterator[bool]:
    trace = list(ids)
    never = len(trace)
    cached: dict[int, tuple[int, int]] = {}  # item -> its next use, and when it came
    for t, i in enumerate(trace):
        known = min(t - t % every + window, never - 1)
        hit = i in cached
        yield hit
        upcoming = next((u for u in range(t + 1, never) if trace[u] == i), never)
        own = upcoming, cached[i][1] if hit else t
        if not hit and len(cached) == capacity:
            victim = max(cached, key=lambda item: _place(*cached[item], known, never))
            if bypass and _place(*own, known, never) > _place(*cached[victim], known, never):
                continue
            del cached[victim]
        cached[i] = own


def _place(upcoming: int, came: int, known: int, never: int) -> int:
    """Where an item stands among those that may go, the last first: its next use, or past all if that is not known."""
    return upcoming if upcoming <= known else never + came
