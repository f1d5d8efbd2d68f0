"""OPT, Belady's MIN: evict the item whose next use is the furthest; what no policy can beat.

Belady, IBM Systems Journal 1966; Mattson, Gecsei, Slutz & Traiger 1970. Forced by default: a missed item must enter,
as in the textbook. With ``bypass=True`` the missed item may itself be the victim, which never hits less.

With ``window=L`` only the items of the next L accesses are known: an item whose next use is among them is seen, any
other is not. No seen item goes while an unseen one is there, and of the unseen the one that came last goes first,
which asks for nothing but the past; so with ``window=0`` and bypass this is pinning. With ``every=k`` more becomes
known at each k-th access only, L accesses from there on: with epochs of k accesses and ``window=2 * k - 1``, the orders
of this epoch and the next.

Without a window OPT's hits are told as they happen, with no look ahead (`follow`). A hit is an interval from an item's
last access to this one over which it was kept, and a cache of C is C tracks that hold intervals which do not overlap.
Take them by their right ends, each onto the track that became free last before its left end: that keeps the most of
them up to any access (Carlisle & Lloyd, Discrete Appl. Math. 1995; Faigle & Nawijn, same year), as OPT does, so both
keep the same. All that matters of a track is since when it is free, its *boundary*: access t of an item last accessed
at s hits iff a boundary is at or before s, and the newest of those moves to t. Forced, the missed item takes a place
until the next access: one track fewer, which an interval need not hold before s + 1, and the same item twice in a row
hits and moves nothing.

The time axis counts hits, since only there boundaries come to stand, and a bit says where one stands. All bits start
set: those of hits to come are never looked at, so a hit clears one bit and sets none. The axis runs down, so that the
newest boundary at or before s is the lowest bit of a word from there up. `first`, the oldest boundary, tells hits from
misses in one comparison. A word without bits stays so: `beyond` says where to look next, and is shortened as it is
followed. Indices are unsigned where Numba would else ask each whether it counts from the end, which took a quarter of
the time. O(log n) amortised an access, mostly one word. 3/16 of a byte an access, or up to 3/8 for a cache of as
many items as there are accesses, and 4 bytes an item; with a window, 4 bytes an access for the next uses, a bitmap as a
tree, unseen items standing behind the trace's end by when they came, and 12 bytes an item.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty, filled
from ..bits import AHEAD, clz, next_use, prefetch, tree_clear, tree_empty, tree_highest, tree_set
from ..jit import compiled
from ..stacks import opt as stack
from . import Counts, Hits, Ids

FORESEES = True
ALL = 2**31  # a window of more accesses than a trace can have: the whole future
ACCESSES = {"window": 0, "every": 1}


Axis = tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.uint32], NDArray[np.int64]]
ONE, SIX, FULL = np.uint64(1), np.uint64(6), ~np.uint64(0)
FIRST, NEWEST, PREVIOUS = 0, 1, 2


@compiled
def axis(room: int, span: int, n_items: int) -> Axis:
    """A time axis with `room` boundaries at its start, before any access, and places for `span` hits.

    `last` has each item's last access, or what is before all boundaries; `bits` the boundaries; `beyond` words to look
    at after those without any; `now` the oldest boundary, the newest hit and the item accessed last.
    """
    size = room + span
    last = filled(n_items + 1, size, np.uint32)  # one more stands for no item
    bits = filled((size >> 6) + 1, FULL, np.uint64)
    bits[size >> 6] = (ONE << np.uint64(size & 63)) - ONE
    beyond = empty(bits.size, np.uint32)
    for w in range(bits.size):
        beyond[w] = w + 1
    now = empty(3, np.int64)
    now[FIRST], now[NEWEST], now[PREVIOUS] = size - 1, span, n_items
    return last, bits, beyond, now


@compiled
def follow(
    ids: Ids,
    bypass: bool,
    last: NDArray[np.uint32],
    bits: NDArray[np.uint64],
    beyond: NDArray[np.uint32],
    now: NDArray[np.int64],
    hits: Hits,
) -> None:
    """Tell which accesses hit, as `hits`, and move the boundaries; there must be places for as many."""
    first, newest, previous = now[FIRST], now[NEWEST], np.uint32(now[PREVIOUS])
    final = ids.size - 1
    for t in range(ids.size):
        prefetch(last, ids[min(t + AHEAD, final)])
        i = np.uint32(ids[t])
        if i == previous and not bypass:
            hits[t] = True
            continue
        place = np.int64(last[i])
        hits[t] = place <= first
        if place <= first:
            w = np.uint64(place) >> SIX
            word = bits[w]
            found = word & (FULL << np.uint64(place & 63))
            if found == 0:
                far = np.uint64(beyond[w])
                while bits[far] == 0:
                    beyond[w] = beyond[far]
                    w = far
                    far = np.uint64(beyond[w])
                w = far
                word = found = bits[w]
            word ^= found & (~found + ONE)
            bits[w] = word
            if w == np.uint64(first) >> SIX:
                while word == 0:
                    w -= ONE
                    word = bits[w]
                first = np.int64(w << SIX) + 63 - clz(word)
            newest -= 1
        last[i if bypass else previous] = newest  # forced, an item is kept from the next access on
        previous = i
    now[FIRST], now[NEWEST], now[PREVIOUS] = first, newest, previous


@compiled
def hits_within(ids: Ids, n_items: int, capacity: int, bypass: bool, window: int, every: int) -> Hits:
    """Hits of OPT, shape (n_accesses,), where not more than `window` accesses ahead are known."""
    n = ids.size
    after = next_use(ids, n_items)
    places = filled(n_items, -1, np.int64)  # a cached item's bit: its next use if seen, else n + when it came
    came = empty(n_items, np.int32)
    bits = tree_empty(2 * n)
    hits = empty(n, np.bool_)
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
    hits = empty(ids.size, np.bool_)
    last, bits, beyond, now = axis(min(capacity - (not bypass), ids.size), ids.size, n_items)
    follow(ids, bypass, last, bits, beyond, now, hits)
    return hits


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
