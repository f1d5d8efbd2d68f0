"""LRU's hits at every capacity in one pass, O(log m) an access for m distinct items.

LRU hits at capacity C when fewer than C other items came since the last access to this one. One timeline has a bit
per access, set where an item was last seen (Bennett & Kruskal, IBM J. Res. Dev. 19, 1975); the distance is the bits
set since. Bits are counted by rows of 512; above them stands a tree of rows of 16 counters, each the bits before it
in its row, so that a bit cleared costs one row addition a level. When the timeline is full it is closed up, so it
stays in the processor's cache: 2 to 4 bits an item.
"""

import numpy as np
from numpy.typing import NDArray

from ..allocation import filled, zeros
from ..bits import AHEAD, popcount, prefetch
from ..jit import compiled
from ..lanes import LANES, WORDS, add_lanes, held_bits, put_bit, take_bit
from . import curves, levels

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
ONE = np.uint64(1)
BITS = 64 * WORDS
SHIFT = 4  # log2 of LANES
LOW = LANES - 1


@compiled
def _open_row(bits: NDArray[np.uint64], tree: NDArray[np.int32], starts: NDArray[np.int64], x: int) -> None:
    """Start row `x` of bits: count what its elder sisters hold, at every level where it is the first of its parent."""
    held = held_bits(bits, (x - 1) * WORDS) if x else 0
    for k in range(starts.size - 1):
        if x & LOW:
            tree[starts[k] + x] = tree[starts[k] + x - 1] + held
            return
        tree[starts[k] + x] = 0
        if x == 0:
            held = 0
        else:
            held += tree[starts[k] + x - 1]
        x >>= SHIFT


@compiled
def _close_up(
    last: NDArray[np.int32], bits: NDArray[np.uint64], tree: NDArray[np.int32], starts: NDArray[np.int64], n_words: int
) -> int:
    """Renumber the slots that hold an item 0, 1, ...; return how many there are."""
    before = zeros(n_words + 1, np.int32)
    for w in range(n_words):
        before[w + 1] = before[w] + popcount(bits[w])
    for i in range(last.size):
        p = last[i]
        if p >= 0:
            last[i] = before[p >> 6] + popcount(bits[p >> 6] & ((ONE << np.uint64(p & 63)) - ONE))
    seen = int(before[n_words])
    bits[:n_words] = np.uint64(0)
    bits[: seen >> 6] = ALL
    if seen & 63:
        bits[seen >> 6] = (ONE << np.uint64(seen & 63)) - ONE
    for x in range((seen + BITS - 1) // BITS):
        _open_row(bits, tree, starts, x)
    return seen


@compiled
def hits(ids: NDArray[np.int32], n_items: int, start: int) -> NDArray[np.int64]:
    """Hits of LRU at every capacity.

    Returns
    -------
    array of int64, shape (2, n_items + 1)
        Column C is for capacity C. Row 0 counts all accesses, row 1 those at positions >= `start`.
    """
    n = ids.size
    found = zeros((2, n_items + 1), np.int32)
    last = filled(n_items, -1, np.int32)
    rows = (min(n, 2 * n_items) + 2 * BITS) // BITS + 1
    bits = zeros(rows * WORDS, np.uint64)
    starts = levels(rows)
    tree = zeros(starts[-1], np.int32)
    seen = 0
    slot = 0
    for t in range(n):
        if t + AHEAD < n:
            prefetch(last, ids[t + AHEAD])
        i = ids[t]
        if slot >= min(rows * BITS, 2 * seen + 2 * BITS):
            slot = _close_up(last, bits, tree, starts, (slot + 63) >> 6)
        p = int(last[i])
        if p < 0:
            seen += 1
        else:
            x = p >> 9
            older = take_bit(bits, x * WORDS, p & (BITS - 1))
            for k in range(starts.size - 1):
                older += tree[starts[k] + x]
                add_lanes(tree, starts[k] + (x & ~LOW), (ALL << ONE) << np.uint64(x & LOW), -1)
                x >>= SHIFT
            found[int(t >= start), seen - older] += 1
        if slot & (BITS - 1) == 0:
            _open_row(bits, tree, starts, slot >> 9)
        put_bit(bits, (slot >> 9) * WORDS, slot & (BITS - 1))
        last[i] = slot
        slot += 1
    return curves(found)
