"""Slack along a timeline: the least of it, and ranges of it raised, in a few rows of lanes.

Whole numbers, none below 0, one per slot: rows of 64 small counters under a tree of rows of 16, each row relative to
its own least. A slot without slack is one that is 0 at every level, so the oldest in a range is found by a walk up
and a walk down. Neighbours differ by at most one, so a row of cells never holds more than an int8 can.

Functions here that take arrays have one loop and one way out: with more, Numba counts references at every call, at
twice the cost.
"""

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty
from ..bits import ctz
from ..jit import compiled, inlined
from ..lanes import CELLS, LANES, equal_lanes, shift_cells, shift_lanes

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NONE = np.uint64(0)
ONE = np.uint64(1)
SHIFT = 4  # log2 of LANES
LOW = LANES - 1
FAR = 2**31 - 1  # slack of a row not yet reached
UNUSED = 127  # slack of a cell not yet reached


@inlined
def _newer(x: int) -> np.uint64:
    """Mask of the lanes after that of entry `x` in its row."""
    return (ALL << ONE) << np.uint64(x & LOW)


@compiled
def slack_level(tree: NDArray[np.int32], starts: NDArray[np.int64], x: int) -> int:
    """The highest level with slack on the way up from row `x` of cells, -1 for none: what lies below it has slack."""
    level = -1
    for k in range(starts.size - 1):
        if tree[starts[k] + (x >> (SHIFT * k))] != 0:
            level = k
    return level


@compiled
def climb(tree: NDArray[np.int32], starts: NDArray[np.int64], x: int, level: int) -> tuple[int, int]:
    """The oldest entry without slack after `x` in its row at `level`, or after its parent in the next, and so on."""
    x >>= SHIFT * level
    found = equal_lanes(tree, starts[level] + (x & ~LOW), 0) & _newer(x)
    while not found:
        x >>= SHIFT
        level += 1
        found = equal_lanes(tree, starts[level] + (x & ~LOW), 0) & _newer(x)
    return (x & ~LOW) + ctz(found), level


@compiled
def descend(tree: NDArray[np.int32], starts: NDArray[np.int64], x: int, level: int) -> int:
    """The oldest row of cells without slack below entry `x` of `level`."""
    for k in range(level - 1, -1, -1):
        x = x * LANES + ctz(equal_lanes(tree, starts[k] + x * LANES, 0))
    return x


@compiled
def raise_slack(
    slack: NDArray[np.int8], tree: NDArray[np.int32], starts: NDArray[np.int64], low: int, high: int, by: int
) -> None:
    """Add `by` to the slack of slots low ... high."""
    a, b = low >> 6, high >> 6
    left, right = ALL << np.uint64(low & 63), ALL >> np.uint64(63 - (high & 63))
    two = 0
    if a == b:
        one = shift_cells(slack, a * CELLS, left & right, by)
    else:
        one = shift_cells(slack, a * CELLS, left, by)
        two = shift_cells(slack, b * CELLS, right, by)
    k = 0
    while a != b:
        row, last = starts[k] + (a & ~LOW), starts[k] + (b & ~LOW)
        x, y = ONE << np.uint64(a & LOW), ONE << np.uint64(b & LOW)
        older = y - ONE
        if row == last:
            one = shift_lanes(tree, row, x, one, y, two, _newer(a) & older, by)
        else:
            one = shift_lanes(tree, row, x, one, NONE, 0, _newer(a), by)
            two = shift_lanes(tree, last, y, two, NONE, 0, older, by)
        a >>= SHIFT
        b >>= SHIFT
        k += 1
    while one != 0:
        one = shift_lanes(tree, starts[k] + (a & ~LOW), ONE << np.uint64(a & LOW), one, NONE, 0, NONE, 0)
        a >>= SHIFT
        k += 1


@compiled
def reach(slack: NDArray[np.int8], tree: NDArray[np.int32], starts: NDArray[np.int64], slot: int) -> None:
    """A new newest slot, without slack."""
    slack[slot] = 0
    if slot & 63 == 0:
        x = slot >> 6
        for k in range(starts.size - 1):
            tree[starts[k] + x] = 0
            x >>= SHIFT


@compiled
def drop_slots(
    slack: NDArray[np.int8],
    tree: NDArray[np.int32],
    starts: NDArray[np.int64],
    kept: NDArray[np.uint64],
    used: int,
    bypass: bool,
) -> None:
    """Close up the slack of the slots kept.

    Under forced admission a slot keeps its own. Under bypass the gap after it grows by the slots dropped behind it, and
    the newest of these has the least; slot 0 is that of a first access, and kept.
    """
    row = empty(CELLS, np.int32)
    full, leaf = 0, 0
    for w in range(kept.size):
        base = 0
        for k in range(starts.size - 1):
            base += tree[starts[k] + (w >> (SHIFT * k))]
        rest = kept[w]
        if bypass:
            rest >>= ONE
            if w + 1 < kept.size:
                rest |= kept[w + 1] << np.uint64(63)
            else:
                rest |= ONE << np.uint64(used & 63)
        while rest:
            row[full] = base + slack[w * CELLS + ctz(rest)]
            full += 1
            rest &= rest - ONE
            if full == CELLS:
                least = row[0]
                for j in range(1, CELLS):
                    least = min(least, row[j])
                tree[leaf] = least
                for j in range(CELLS):
                    slack[leaf * CELLS + j] = row[j] - least
                leaf += 1
                full = 0
    if full:  # with the newest slot, so the least is 0
        tree[leaf] = 0
        for j in range(CELLS):
            slack[leaf * CELLS + j] = row[j] if j < full else UNUSED
        leaf += 1
    slack[leaf * CELLS : (used | 63) + 1] = UNUSED
    tree[leaf : starts[1]] = FAR
    for k in range(starts.size - 2):
        for x in range(0, starts[k + 1] - starts[k], LANES):
            tree[starts[k + 1] + x // LANES] = shift_lanes(tree, starts[k] + x, NONE, 0, NONE, 0, NONE, 0)
