"""W-TinyLFU: a small LRU window; who leaves it enters the main part if it was asked for more often than who would go.

Einziger, Friedman & Manes, ACM Trans. Storage 13(4), 2017. The window has max(1, C // 100) items; the main part, the
rest, is an SLRU, four fifths of it protected. What the window pushes out, the candidate, enters the main part's
probation while there is room; then only if it was asked for more often, lately, than the least recent there, the
victim; else it goes itself. A hit in probation protects; the least recent of too many protected goes back on probation.

How often is estimated by a count-min sketch of four rows of 4-bit counters, one in each row an item. As in Caffeine, by
one of the authors, a block holds 16 counters of each row, and an item's four are of one block; there are C / 4 blocks,
rounded up. Counters stop at 15; when 10 C accesses have raised one, all are halved, and that number too. There is no
doorkeeper. Hashes are splitmix64 draws of stream 0 (bits.py): for the d-th distinct item of the trace, d = 0, 1, …,
draw 2 d is its block, draw 2 d + 1 four times four bits. So items hash by when they first came, and no name changes a
hit. libCacheSim's filter is another.

O(1) amortised an access; 17 bytes an item, 8 a slot.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..allocation import empty, filled, zeros
from ..bits import AHEAD, draw, draw_reference, prefetch
from ..jit import compiled
from ..links import NEWER, pop, push, queues, unlink
from . import Hits, Ids

Counters = NDArray[np.uint64]
Hashes = NDArray[np.int32]
ROWS = 4
MOST = 15
PERIOD = 10  # raised counters before all are halved, in units of the capacity
WINDOW, PROBATION, PROTECTED = 0, 1, 2
BLOCK, COLUMNS = 0, 1  # of an item: its block of counters, -1 before it first came; where in each row, 4 bits each


@compiled
def kernel(ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    where = filled(n_items, -1, np.int8)  # the list an item is in, -1: none
    links = queues(n_items, 3)
    window, probation, protected = n_items + WINDOW, n_items + PROBATION, n_items + PROTECTED
    blocks = (capacity + 3) // 4
    counters = zeros((blocks, ROWS), np.uint64)  # 16 of 4 bits in each
    hashes = filled((n_items, 2), -1, np.int32)
    room_window = max(1, capacity // 100)
    room_main = capacity - room_window
    room_protected = 4 * room_main // 5
    distinct = raised = 0
    hits = empty(ids.size, np.bool_)
    final = ids.size - 1
    for t in range(ids.size):
        ahead = ids[min(t + AHEAD, final)]
        prefetch(where, ahead)
        prefetch(links, ahead)
        prefetch(hashes, ahead)
        i = ids[t]
        if hashes[i, BLOCK] < 0:
            hashes[i, BLOCK] = draw(np.uint64(0), 2 * distinct, blocks)
            hashes[i, COLUMNS] = draw(np.uint64(0), 2 * distinct + 1, 1 << 16)
            distinct += 1
        if _count(counters, hashes, i):
            raised += 1
            if raised == PERIOD * capacity:
                _halve(counters)
                raised //= 2
        at = where[i]
        hits[t] = at >= 0
        if at == PROBATION:
            unlink(links, i)
            push(links, protected, i)
            where[i] = PROTECTED
            if room_protected:
                room_protected -= 1
            else:
                down = pop(links, protected)
                push(links, probation, down)
                where[down] = PROBATION
            continue
        if at >= 0:
            unlink(links, i)
            push(links, n_items + at, i)
            continue
        push(links, window, i)
        where[i] = WINDOW
        if room_window:
            room_window -= 1
            continue
        candidate = pop(links, window)
        if room_main:
            room_main -= 1
        else:
            victim = links[probation, NEWER]  # a full main part has some on probation; one of no room has none
            if victim >= n_items or _estimate(counters, hashes, candidate) <= _estimate(counters, hashes, victim):
                where[candidate] = -1
                continue
            unlink(links, victim)
            where[victim] = -1
        push(links, probation, candidate)
        where[candidate] = PROBATION
    return hits


@compiled
def _estimate(counters: Counters, hashes: Hashes, item: int) -> int:
    block, columns = hashes[item, BLOCK], hashes[item, COLUMNS]
    least = np.uint64(MOST)
    for row in range(ROWS):
        shift = np.uint64((columns >> (4 * row) & 15) * 4)
        least = min(least, counters[block, row] >> shift & np.uint64(MOST))
    return np.int64(least)  # type: ignore[return-value]


@compiled
def _count(counters: Counters, hashes: Hashes, item: int) -> bool:
    block, columns = hashes[item, BLOCK], hashes[item, COLUMNS]
    raised = False
    for row in range(ROWS):
        shift = np.uint64((columns >> (4 * row) & 15) * 4)
        if counters[block, row] >> shift & np.uint64(MOST) < np.uint64(MOST):
            counters[block, row] += np.uint64(1) << shift
            raised = True
    return raised


@compiled
def _halve(counters: Counters) -> None:
    for block in range(counters.shape[0]):
        for row in range(ROWS):
            counters[block, row] = counters[block, row] >> np.uint64(1) & np.uint64(0x7777777777777777)


def reference(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    blocks = (capacity + 3) // 4
    counters = [[[0] * 16 for _ in range(ROWS)] for _ in range(blocks)]
    most_window = max(1, capacity // 100)
    most_main = capacity - most_window
    most_protected = 4 * most_main // 5
    window: list[int] = []  # least recent first, as the others
    probation: list[int] = []
    protected: list[int] = []
    places: dict[int, list[tuple[list[int], int]]] = {}  # item -> rows of counters, and which of each
    raised = 0

    def estimate(item: int) -> int:
        return min(row[column] for row, column in places[item])

    for i in ids:
        if i not in places:
            d = 2 * len(places)
            block, columns = draw_reference(0, d, blocks), draw_reference(0, d + 1, 1 << 16)
            places[i] = [(row, columns >> 4 * r & 15) for r, row in enumerate(counters[block])]
        if estimate(i) < MOST:
            raised += 1
        for row, column in places[i]:
            row[column] = min(row[column] + 1, MOST)
        if raised == PERIOD * capacity:
            raised //= 2
            for row in (row for block in counters for row in block):
                row[:] = [count // 2 for count in row]
        yield i in window or i in probation or i in protected
        if i in probation:
            probation.remove(i)
            protected.append(i)
            if len(protected) > most_protected:
                probation.append(protected.pop(0))
        elif i in window or i in protected:
            home = window if i in window else protected
            home.remove(i)
            home.append(i)
        else:
            window.append(i)
            if len(window) > most_window:
                candidate = window.pop(0)
                full = len(probation) + len(protected) == most_main
                if full and probation and estimate(candidate) > estimate(probation[0]):
                    probation.pop(0)
                if len(probation) + len(protected) < most_main:
                    probation.append(candidate)
