"""How processes share slots without a lock: the word of a slot says who may trust its bytes.

A word is ``(number + 1) << 32 | item << 1 | busy``; 0: empty. To store: load the word, refuse if it is busy or not
older; claim it by compare-and-swap, busy; full fence; copy; release it. To read: load the word, right item and not
busy; copy; acquire fence; load it again, and accept the copy if it is unchanged.

Right, because only the winner of the swap writes a slot, and its numbers only grow: an unchanged word means that nobody
claimed the slot between the two looks. A claim is seen before the bytes that follow it (fence), and these before the
release: who reads a byte of another item sees a changed word at the second look. A process killed while it writes
leaves its slot busy, so lost for the run.

A slot holds a key of 8 bytes (of its description), the description's length in 8, the description, the data.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .atomics import acquire, add, copy, fence, load, release, swap

HEAD = 16  # bytes of a slot before its description
REFUSED, STORED, EVICTED = 0, 1, 2

Words = NDArray[np.int64]


@compiled
def held(word: np.uint64, item: int) -> bool:
    """Whether a word says that the item is there, whole."""
    return bool(word >> np.uint64(32) != 0 and word & np.uint64(0xFFFFFFFF) == np.uint64(item) << np.uint64(1))


@compiled
def store(
    words: int, slots: int, size: int, slot: int, item: int, number: int, head: int, head_size: int, parts: Words
) -> int:
    """Write one sample, unless what is there is newer, or being written; parts are rows of address and bytes."""
    at = words + 8 * slot
    old = load(at)
    mine = np.uint64(number + 1) << np.uint64(32) | np.uint64(item) << np.uint64(1)
    if old & np.uint64(1) != 0 or old >> np.uint64(32) >= mine >> np.uint64(32):
        return REFUSED
    if not swap(at, old, mine | np.uint64(1)):
        return REFUSED
    fence()
    to = slots + size * slot
    copy(to, head, head_size)
    to += head_size
    for part in range(parts.shape[0]):
        copy(to, parts[part, 0], parts[part, 1])
        to += parts[part, 1]
    release(at, mine)
    return STORED if old == 0 or held(old, item) else EVICTED


@compiled
def look(words: int, slots: int, size: int, which: Words, items: Words, keys: Words) -> None:
    """The key in each slot, 0 where the item is not there; `keys` takes them."""
    for k in range(which.size):
        at = words + 8 * which[k]
        word = load(at)
        keys[k] = 0
        if held(word, items[k]):
            copy(keys.ctypes.data + 8 * k, slots + size * which[k], 8)
            acquire()
            if load(at) != word:
                keys[k] = 0


@compiled
def describe(words: int, slots: int, size: int, slot: int, item: int, text: NDArray[np.uint8]) -> int:
    """Copy a slot's description into `text`, of the slot's size; its length, 0 where the item is not there."""
    at = words + 8 * slot
    word = load(at)
    if not held(word, item):
        return 0
    length = np.empty(1, np.int64)
    copy(length.ctypes.data, slots + size * slot + 8, 8)
    if not 0 < length[0] <= size - HEAD:  # not yet known to be this item's
        return 0
    copy(text.ctypes.data, slots + size * slot + HEAD, length[0])
    acquire()
    return length[0] if load(at) == word else 0


@compiled
def gather(
    words: int,
    slots: int,
    size: int,
    which: Words,
    items: Words,
    key: int,
    skip: int,
    sizes: Words,
    targets: Words,
    good: NDArray[np.bool_],
) -> None:
    """Copy samples that are described alike, part by part, to the addresses in their rows of `targets`.

    `good` takes whether each was there, and described by `key`; else its targets hold anything. `skip` is where the
    data begin in a slot.
    """
    found = np.empty(1, np.int64)
    for k in range(which.size):
        at = words + 8 * which[k]
        word = load(at)
        good[k] = held(word, items[k])
        if good[k]:
            start = slots + size * which[k]
            copy(found.ctypes.data, start, 8)
            good[k] = found[0] == key  # else the parts are of other sizes
            if good[k]:
                start += skip
                for part in range(sizes.size):
                    copy(targets[k, part], start, sizes[part])
                    start += sizes[part]
                acquire()
                good[k] = load(at) == word


# Where no plan says which item is in which slot, a table does: a word an item, 0: none; 1: being given one, or too late
# for one; else its slot + 2.


@compiled
def find(table: int, items: Words, which: Words) -> None:
    """The slot of each item, -1 where it has none; `which` takes them."""
    for k in range(items.size):
        which[k] = np.int64(load(table + 8 * items[k])) - 2
        which[k] = max(which[k], -1)


@compiled
def admit(table: int, used: int, capacity: int, item: int) -> int:
    """Give an item a slot, once in its life: the slot, or -1 where it has one or none is left."""
    if load(used) >= np.uint64(capacity) or not swap(table + 8 * item, np.uint64(0), np.uint64(1)):
        return -1
    slot = np.int64(add(used, np.uint64(1)))
    if slot >= capacity:
        return -1
    release(table + 8 * item, np.uint64(slot + 2))
    return slot  # type: ignore[return-value]


@compiled
def count(at: int, amounts: Words) -> None:
    """Add to counters in a row; `amounts` takes what they were."""
    for k in range(amounts.size):
        amounts[k] = np.int64(add(at + 8 * k, np.uint64(amounts[k])))


@compiled
def first(at: int, word: int) -> int:
    """Put a word where there is none yet; the word that is there then."""
    swap(at, np.uint64(0), np.uint64(word))
    return np.int64(load(at))  # type: ignore[return-value]
