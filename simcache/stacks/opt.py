"""OPT's hits at every capacity in one pass, O(log m) an access for m distinct items, and no look at the future.

One timeline holds, by slot, the last access of every item (a closing bracket) and the *marker* of every capacity: the
last access that hit at that capacity but at none below (an opening one; a first access opens one for the next
capacity). Read from the newest slot back, the brackets opened never fall short of those closed, and the *slack* of a
slot is by how many they exceed. An access to an item last seen at slot p looks for the oldest slot u after p without
slack: what lies between u and now is taken by the capacities marked there. Its stack distance is the least capacity
marked no later than u. That marker, and the item, move to the present; the slack between p and the marker's old slot
changes by one.

This is the Critical Stack Algorithm of Bilardi, Ekanadham and Pattnaik (Computing Frontiers 2017), which keeps an LRU
stack with a marker for every capacity, retold as brackets on a timeline: a move in the stack is then two range
updates, and both orders, by item and by capacity, are one. Bypass admission is forced admission at one capacity more
on the trace with a new item, never seen again, after every access; those items need no slots of their own, only that
slack be read after an access instead of at it, that every capacity exist from the start, and that slots of first
accesses stay.

Slack has a tree (slack.py), markers another, of least slots. When the timeline is full, slots that hold nothing any
more are dropped. Memory: about 36 bytes an item, the answer included; nothing per access.
"""

import numpy as np
from numpy.typing import NDArray

from ..allocation import filled, zeros
from ..bits import AHEAD, ctz, popcount, prefetch
from ..jit import compiled
from ..lanes import CELLS, LANES, at_most_lanes, cut, equal_cells, replace_lanes
from . import curves, levels
from .slack import ALL, FAR, LOW, NONE, ONE, SHIFT, UNUSED, climb, descend, drop_slots, raise_slack, reach, slack_level


@compiled
def _least_marked(marker: NDArray[np.int32], starts: NDArray[np.int64], u: int) -> int:
    """The least capacity whose marker is at slot `u` or before."""
    x = 0
    for k in range(starts.size - 2, -1, -1):
        x = x * LANES + ctz(at_most_lanes(marker, starts[k] + x * LANES, u))
    return x


@compiled
def _mark(marker: NDArray[np.int32], starts: NDArray[np.int64], capacity: int, slot: int) -> None:
    """Move the marker of `capacity` to `slot`."""
    x, least = capacity, slot
    for k in range(starts.size - 1):
        least = replace_lanes(marker, starts[k] + (x & ~LOW), ONE << np.uint64(x & LOW), least)
        x >>= SHIFT


@compiled
def _sum_up_markers(marker: NDArray[np.int32], starts: NDArray[np.int64]) -> None:
    for k in range(starts.size - 2):
        for x in range(0, starts[k + 1] - starts[k], LANES):
            marker[starts[k + 1] + x // LANES] = replace_lanes(marker, starts[k] + x, NONE, 0)


@compiled
def _place(kept: NDArray[np.uint64], before: NDArray[np.int32], p: int) -> int:
    """The new number of slot `p`."""
    return int(before[p >> 6]) + popcount(kept[p >> 6] & ((ONE << np.uint64(p & 63)) - ONE))


@compiled
def _close_up(
    last: NDArray[np.int32],
    marker: NDArray[np.int32],
    marker_starts: NDArray[np.int64],
    slack: NDArray[np.int8],
    tree: NDArray[np.int32],
    starts: NDArray[np.int64],
    first: NDArray[np.uint64],
    used: int,
    bypass: bool,
) -> int:
    """Drop the slots that hold neither an item nor a marker; return the new number of the newest."""
    n_words = (used >> 6) + 1
    kept = first[:n_words].copy()
    for i in range(last.size):
        if last[i] >= 0:
            kept[last[i] >> 6] |= ONE << np.uint64(last[i] & 63)
    for c in range(marker_starts[1]):
        if 0 <= marker[c] < FAR:
            kept[marker[c] >> 6] |= ONE << np.uint64(marker[c] & 63)
    before = zeros(n_words, np.int32)
    for w in range(1, n_words):
        before[w] = before[w - 1] + popcount(kept[w - 1])
    for i in range(last.size):
        if last[i] >= 0:
            last[i] = _place(kept, before, last[i])
    for c in range(marker_starts[1]):
        if 0 <= marker[c] < FAR:
            marker[c] = _place(kept, before, marker[c])
    _sum_up_markers(marker, marker_starts)
    for w in range(n_words):
        rest = first[w]
        first[w] = NONE
        while rest:
            x = _place(kept, before, w * 64 + ctz(rest))  # never after the slot read, so never read again
            first[x >> 6] |= ONE << np.uint64(x & 63)
            rest &= rest - ONE
    drop_slots(slack, tree, starts, kept, used, bypass)
    return _place(kept, before, used)


@compiled
def hits(ids: NDArray[np.int32], n_items: int, bypass: bool, start: int) -> NDArray[np.int64]:
    """Hits of OPT at every capacity.

    Parameters
    ----------
    ids : array of int32, shape (n_accesses,)
        Items, 0 ... n_items - 1.
    n_items : int
    bypass : bool
        Whether a missed item may be refused.
    start : int
        Position from which row 1 counts.

    Returns
    -------
    array of int64, shape (2, n_items + 1)
        Column C is for capacity C. Row 0 counts all accesses, row 1 those at positions >= `start`.
    """
    n = ids.size
    found = zeros((2, n_items + 1), np.int32)
    last = filled(n_items, -1, np.int32)
    spread = 4 if bypass else 3  # slots an item; up to one fewer are kept
    room = (min(n, spread * n_items) + 4 * CELLS) // CELLS * CELLS
    starts = levels(room // CELLS)
    slack = cut(filled(room + CELLS, UNUSED, np.int8), room)
    tree = cut(filled(starts[-1] + LANES, FAR, np.int32), starts[-1])
    first = zeros(room // 64, np.uint64)  # slots of first accesses, under bypass
    marker_starts = levels(n_items + 1)
    marker = cut(filled(marker_starts[-1] + LANES, FAR, np.int32), marker_starts[-1])
    if bypass:
        marker[1 : n_items + 1] = -1
        _sum_up_markers(marker, marker_starts)
    after = int(not bypass)  # a slot's slack is read at it, or after it

    seen = 0
    slot = -1
    for t in range(n):
        if t + AHEAD < n:
            prefetch(last, ids[t + AHEAD])
        i = ids[t]
        p = int(last[i])
        if p == slot and t and not bypass:
            found[int(t >= start), 1] += 1
            continue
        if slot + 1 >= min(room, spread * seen + 4 * CELLS):
            slot = _close_up(last, marker, marker_starts, slack, tree, starts, first, slot, bypass)
            p = int(last[i])

        if p < 0:
            seen += 1
            depth = 0 if bypass else seen
        else:
            x = p >> 6
            level = slack_level(tree, starts, x)
            settled = NONE
            if level < 0:
                settled = equal_cells(slack, x * CELLS, 0) & ((ALL << np.uint64(p & 63)) << np.uint64(after))
            if not settled:
                x, level = climb(tree, starts, x, max(level, 0))
                x = descend(tree, starts, x, level)
                settled = equal_cells(slack, x * CELLS, 0)
            depth = _least_marked(marker, marker_starts, x * CELLS + ctz(settled))
            found[int(t >= start), depth] += 1

        slot += 1
        last[i] = slot
        reach(slack, tree, starts, slot)
        if p >= 0:
            q = int(marker[depth])
            by = 1 if q <= p else -1
            low = max(q, 0) if q <= p else p + after
            high = p - 1 + after if q <= p else q - 1
            if low <= high:
                raise_slack(slack, tree, starts, low, high, by)
        elif bypass:
            first[slot >> 6] |= ONE << np.uint64(slot & 63)
        if depth > after:
            _mark(marker, marker_starts, depth, slot)
    return curves(found)
