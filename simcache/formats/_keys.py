"""Keys as item numbers: a dictionary of bytes, equal where every byte is, that holds each key once.

It takes some 30 bytes a key besides the key's own, however many accesses there are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bits import AHEAD, prefetch
from ..jit import compiled

ONE, LOW = np.uint64(1), np.uint64(0xFFFFFFFF)
HIGH = np.uint64(0xFFFFFFFF00000000)
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]


class Keys:
    """The keys seen so far, numbered by first appearance."""

    def __init__(self) -> None:
        self._count = 0
        self._slots = np.zeros(1 << 10, np.uint64)  # half of a key's mark, and its number from 1; 0 is free
        self._marks = np.empty(1 << 9, np.uint64)
        self._starts = np.zeros((1 << 9) + 1, np.int64)
        self._store = np.empty(1 << 11, np.uint64)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, item: int) -> bytes:
        return self._store[self._starts[item] : self._starts[item + 1]].astype("<u8").tobytes().rstrip(b"\0")[:-1]

    def items(self, data: Bytes, begin: Places, end: Places) -> NDArray[np.int32]:
        """The item of each key; key k is ``data[begin[k]:end[k]]``."""
        ids = np.empty(begin.size, np.int32)
        words, at, marks = _spelled(data, begin, end)
        done = 0
        while True:
            done, self._count = _find(
                words, at, marks, ids, done, self._count, self._slots, self._marks, self._starts, self._store
            )
            if done == begin.size:
                return ids
            self._grow(int(at[done + 1] - at[done]))

    def _grow(self, more: int) -> None:
        """Room for the next key, of `more` words."""
        if self._count == self._marks.size:
            self._marks = _doubled(self._marks)
            self._starts = _doubled(self._starts)
            self._slots = np.zeros(2 * self._slots.size, np.uint64)
            _file(self._marks, self._count, self._slots)
        while self._starts[self._count] + more > self._store.size:
            self._store = _doubled(self._store)


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    larger = np.empty(2 * array.size, array.dtype)
    larger[: array.size] = array
    return larger


@compiled
def _spelled(data: Bytes, begin: Places, end: Places) -> tuple[Words, Places, Words]:
    """The keys in words of eight bytes, a byte of 1 behind each; where each begins; and where to look for it.

    The last is murmur's: it need not tell keys apart.
    """
    at = np.empty(begin.size + 1, np.int64)
    at[0] = 0
    for t in range(begin.size):
        at[t + 1] = at[t] + (end[t] - begin[t]) // 8 + 1
    words = np.empty(at[-1], np.uint64)
    marks = np.empty(begin.size, np.uint64)
    for t in range(begin.size):
        p, mark = begin[t], np.uint64(0)
        for w in range(at[t], at[t + 1]):
            word = np.uint64(0)
            if p + 8 <= end[t]:
                for k in range(8):
                    word |= np.uint64(data[p + k]) << np.uint64(8 * k)
                p += 8
            else:
                word = ONE
                for q in range(end[t] - 1, p - 1, -1):
                    word = word << np.uint64(8) | np.uint64(data[q])
            words[w] = word
            mark = (mark ^ word) * np.uint64(0xC6A4A7935BD1E995)
            mark ^= mark >> np.uint64(47)
        mark *= np.uint64(0xC6A4A7935BD1E995)
        marks[t] = mark ^ (mark >> np.uint64(32))
    return words, at, marks


@compiled
def _find(
    words: Words,
    at: Places,
    sought: Words,
    ids: NDArray[np.int32],
    begun: int,
    count: int,
    slots: Words,
    marks: Words,
    starts: Places,
    store: Words,
) -> tuple[int, int]:
    """Fill `ids` from `begun` on, until the end or a new key that has no room; return where, and the keys."""
    mask = np.uint64(slots.size) - ONE
    n = sought.size
    for t in range(begun, n):
        if t + 3 * AHEAD < n:  # what a look at one tells of the next is prefetched in turn
            prefetch(slots, sought[t + 3 * AHEAD] & mask)
            there = slots[sought[t + 2 * AHEAD] & mask] & LOW
            if there:
                prefetch(starts, there - ONE)
            there = slots[sought[t + AHEAD] & mask] & LOW
            if there:
                prefetch(store, starts[there - ONE])
        mark, first, size = sought[t], at[t], at[t + 1] - at[t]
        slot = mark & mask
        found = np.int64(-1)
        while slots[slot]:
            if (slots[slot] ^ mark) & HIGH == np.uint64(0):
                i = np.int64((slots[slot] & LOW) - ONE)
                w = 0 if starts[i + 1] - starts[i] == size else size + 1
                while w < size and store[starts[i] + w] == words[first + w]:
                    w += 1
                if w == size:
                    found = i
                    break
            slot = (slot + ONE) & mask
        if found < 0:
            free = starts[count]
            if count == marks.size or free + size > store.size:
                return t, count
            for w in range(size):
                store[free + w] = words[first + w]
            marks[count], starts[count + 1] = mark, free + size
            found = np.int64(count)
            count += 1
            slots[slot] = mark & HIGH | np.uint64(count)
        ids[t] = found
    return n, count


@compiled
def _file(marks: Words, count: int, slots: Words) -> None:
    """Find every key its place among free slots."""
    mask = np.uint64(slots.size) - ONE
    for i in range(count):
        if i + AHEAD < count:
            prefetch(slots, marks[i + AHEAD] & mask)
        slot = marks[i] & mask
        while slots[slot]:
            slot = (slot + ONE) & mask
        slots[slot] = marks[i] & HIGH | np.uint64(i + 1)
