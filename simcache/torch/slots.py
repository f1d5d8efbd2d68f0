"""Samples in memory that processes share: a header, a word a slot, the slots."""

import errno
import mmap
import multiprocessing
import os
import weakref
from collections.abc import Sequence
from multiprocessing import reduction, util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import protocol
from .describing import Laid, Layout, laid, layout_of
from .room import check_memory, in_memory, written
from .sharing import MAGIC_BYTES, anonymous, attached, leave

# The header, in words of 8 bytes: what the file is for, then what processes set once, then what they count.
MAGIC, MARK, N_SLOTS, N_ITEMS, SLOT_BYTES, GROWN, USED = range(7)
COUNTERS, HEADER = 8, 512
VERSION = int.from_bytes(MAGIC_BYTES + b"1", "little")
DESCRIPTION = 256  # bytes of each slot, beside its sample's, for a description
LAYOUTS = 4096


class CacheInfo(NamedTuple):
    """What all processes of a cache did together. Every access fetched is counted once it has its sample.

    Parameters
    ----------
    planned : int
        Accesses that were to hit.
    hits : int
        Those that did.
    late : int
        Those that found nothing, and were loaded.
    passed : int
        Loaded and not kept, as planned, or since the sample cannot be stored.
    stored, healed : int
        Samples stored as planned, and those that came late.
    refused : int
        Samples that met a newer one, or one being written.
    too_big : int
        Samples larger than a slot.
    evictions : int
        Samples stored in the place of another item.
    unplanned : int
        Accesses that came without an order.
    slots, bytes : int
        What there is.
    opt_hits, opt_accesses : int or None
        Where there is no plan: of the accesses that the process that asks made itself, its workers not counted, those
        that would have hit with OPT, which may refuse a missed item, in a cache of as many slots. None elsewhere.

    Examples
    --------
    >>> from simcache.torch import CachedDataset
    >>> cached = CachedDataset([10, 11, 12, 13], capacity=2)
    >>> [cached[index] for index in (0, 1, 2, 0)]
    [10, 11, 12, 10]
    >>> info = cached.cache_info()
    >>> info.stored, info.hits
    (2, 1)
    """

    planned: int
    hits: int
    late: int
    passed: int
    stored: int
    healed: int
    refused: int
    too_big: int
    evictions: int
    unplanned: int
    slots: int
    bytes: int
    opt_hits: int | None = None
    opt_accesses: int | None = None


COUNTED = CacheInfo._fields[:10]


class Slots:
    """Slots that processes share; what a slot is asked for is right, or it is not there.

    Parameters
    ----------
    count : int
        Slots.
    items : int
        Items of a table that gives slots out (`find`, `admit`); 0: none.
    mark : int
        What processes that share a name must agree on.
    slot_bytes : int, optional
        Bytes of a sample; else those of the first sample written, by any process.
    path : Path, optional
        The named file; else an anonymous one.
    """

    def __init__(
        self, count: int, items: int = 0, mark: int = 0, slot_bytes: int | None = None, path: Path | None = None
    ) -> None:
        self.count, self.items = count, items
        self._path, self._owner = path, os.getpid()
        header = np.zeros(HEADER, np.uint64)
        header[: SLOT_BYTES + 1] = VERSION, mark, count, items, slot_bytes or 0
        # What the slots begin after: header, words, table, to the end of a page.
        self._start = -(-8 * (HEADER + count + items) // mmap.PAGESIZE) * mmap.PAGESIZE

        def lay_out(handle: int) -> None:
            self._grow(handle, self._start)
            os.pwrite(handle, header.tobytes(), 0)

        if path is None:
            handle = anonymous()
            lay_out(handle)
        else:
            handle = attached(path, lay_out)
            there = np.frombuffer(os.pread(handle, header.nbytes, 0), np.uint64)
            if (there[:SLOT_BYTES] != header[:SLOT_BYTES]).any():
                leave(handle, path, self._owner)
                raise ValueError(
                    f"a cache's name must stand for the same plan in all processes, got another for {str(path)!r}: "
                    f"{there[N_SLOTS]} slots, here {count}; choose another name"
                )
        self._open(handle)
        if slot_bytes:
            self._slots(slot_bytes)
        _warm()

    def _open(self, handle: int) -> None:
        self._handle = handle
        self._end = weakref.finalize(self, leave, handle, self._path, self._owner)
        util.register_after_fork(self, Slots._in_child)
        if multiprocessing.parent_process() is not None:
            self._in_child()
        self._head = mmap.mmap(handle, self._start)
        self._base = _address(self._head)
        self._words, self._table = self._base + 8 * HEADER, self._base + 8 * (HEADER + self.count)
        self._body: mmap.mmap | None = None
        self._at = self._size = 0
        self._layouts: dict[int, Layout] = {}

    def _in_child(self) -> None:
        util.Finalize(None, self._end, exitpriority=0)  # multiprocessing's children end without atexit

    def __getstate__(self) -> dict[str, Any]:
        kept = ("count", "items", "_path", "_start")
        return {"handle": reduction.DupFd(self._alive()), **{name: getattr(self, name) for name in kept}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        handle = state.pop("handle").detach()
        self.__dict__.update(state)
        self._owner = 0  # a copy shares the lock of the one that attached, so it must not remove the file
        self._open(handle)
        _warm()

    def close(self) -> None:
        """Let go of the memory; the last process to do so frees it."""
        if self._end.alive:
            self._end()
            self._head.close()
            if self._body is not None:
                self._body.close()
            self._at = self._size = 0

    def _alive(self) -> int:
        if not self._end.alive:
            raise ValueError("a cache must be open to be used, got one that was closed")
        return self._handle

    # ---------------------------------------------------------------- the file

    def _header(self, word: int) -> int:
        return protocol.first(self._base + 8 * word, 0)

    def _grow(self, handle: int, size: int) -> None:
        remedy = "set a smaller capacity, or slot_bytes where the first sample is larger than others"
        try:
            if self._path is None:
                check_memory(size, remedy)
                os.ftruncate(handle, size)
            else:
                if in_memory(handle):
                    check_memory(size - os.fstat(handle).st_blocks * 512, remedy)
                os.posix_fallocate(handle, 0, size)  # else the first byte that does not fit would kill with SIGBUS
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
                raise
            disk = os.fstatvfs(handle)
            available = disk.f_bavail * disk.f_frsize
            raise OSError(
                error.errno,
                f"a cache must fit in its folder: {written(size)} needed, {written(available)} available; {remedy}, "
                f"or folder=, or no name: an anonymous cache is not bound by /dev/shm",
                str(self._path),
            ) from None

    def _slots(self, wanted: int = 0) -> int:
        """Address of the slots, 0 where no process has written one; `wanted` bytes a sample, if they are to be made."""
        if not self._at:
            handle = self._alive()
            most = protocol.first(self._base + 8 * SLOT_BYTES, wanted)
            if not most or not (wanted or self._header(GROWN)):
                return 0
            size = slot_size(most)
            if not self._header(GROWN):  # each who comes meanwhile does the same again
                self._grow(handle, self._start + size * self.count)
                protocol.first(self._base + 8 * GROWN, 1)
            self._body = mmap.mmap(handle, size * self.count, offset=self._start)
            self._size, self._at = size, _address(self._body)
        return self._at

    # ---------------------------------------------------------------- samples

    def read(self, which: NDArray[np.int64], items: NDArray[np.int64]) -> list[Any]:
        """A copy of each item's sample from the slot it should be in, in a list of one; None where it is not there."""
        found: list[Any] = [None] * which.size
        self._alive()
        if not which.size or not self._slots():
            return found
        place = self._words, self._at, self._size
        keys = np.empty(which.size, np.int64)
        protocol.look(*place, which, items, keys)
        for key in set(keys.tolist()) - {0}:
            mine = np.flatnonzero(keys == key)
            layout = self._layout(key, int(which[mine[0]]), int(items[mine[0]]))
            if layout is None:
                continue
            block, places, targets = layout.block(mine.size)
            good = np.empty(mine.size, np.bool_)
            protocol.gather(*place, which[mine], items[mine], key, layout.head.size, layout.sizes, targets, good)
            for at, start in zip(mine[good].tolist(), places[good].tolist(), strict=True):
                found[at] = [layout.built(block, start)]
        return found

    def _layout(self, key: int, slot: int, item: int) -> Layout | None:
        if key not in self._layouts:
            text = np.empty(self._size, np.uint8)
            length = protocol.describe(self._words, self._at, self._size, slot, item, text)
            if not length:
                return None
            self._note(layout_of(text[:length].tobytes()))
        return self._layouts.get(key)

    def _note(self, layout: Layout) -> None:
        if len(self._layouts) > LAYOUTS:
            self._layouts.clear()
        self._layouts[layout.key] = layout

    def fits(self, it: Laid) -> bool:
        """Whether a slot can hold a sample; the first one asked for, by any process, makes the slots."""
        self._slots(sample_bytes(it))
        return it.layout.head.size + it.layout.bytes <= self._size

    def write(self, slot: int, item: int, number: int, it: Laid) -> int:
        """Store a sample that fits: `protocol.REFUSED`, `STORED` or `EVICTED`."""
        layout = it.layout
        place = self._words, self._at, self._size
        return protocol.store(*place, slot, item, number, layout.head.ctypes.data, layout.head.size, it.parts)

    # ---------------------------------------------------------------- who is where, and what was done

    def find(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Slots that the table gives items, -1 for none."""
        which = np.empty(items.size, np.int64)
        self._alive()
        protocol.find(self._table, items, which)
        return which

    @property
    def full(self) -> bool:
        """Whether the table has given out all slots."""
        return self._header(USED) >= self.count

    def admit(self, item: int) -> int:
        """A slot for an item that the table has none for, -1 where none is left."""
        return protocol.admit(self._table, self._base + 8 * USED, self.count, item)

    def add(self, amounts: Sequence[int]) -> list[int]:
        """Add to the counters of `COUNTED`, in their order, and those after them; what they were."""
        self._alive()
        counts = np.array(amounts, np.int64)
        protocol.count(self._base + 8 * COUNTERS, counts)
        return [int(before) for before in counts]

    def info(self) -> CacheInfo:
        """What the counters say."""
        counts = dict(zip(COUNTED, self.add([0] * len(COUNTED)), strict=True))
        most = self._header(SLOT_BYTES)
        size = slot_size(most) if self._header(GROWN) else 0
        return CacheInfo(**counts, slots=self.count, bytes=self._start + size * self.count)


def sample_bytes(it: Laid) -> int:
    """What a slot must hold for samples like this one: its bytes, and those of a long description."""
    return max(1, it.layout.bytes, it.layout.bytes + it.layout.head.size - DESCRIPTION)


def slot_size(most: int) -> int:
    """Bytes of a slot for samples of so many."""
    return -(-(most + DESCRIPTION) // 64) * 64


def _address(mapped: mmap.mmap) -> int:
    return int(np.frombuffer(mapped, np.uint8, 1).ctypes.data)


def _warm() -> None:
    """Load the kernels, so that a forked worker finds them compiled."""
    memory = np.zeros(256, np.uint64)
    base = memory.ctypes.data
    it = laid(0)
    which = items = np.zeros(1, np.int64)
    place = base, base + 64, 256
    protocol.store(*place, 0, 0, 0, it.layout.head.ctypes.data, it.layout.head.size, it.parts)
    keys, good = np.empty(1, np.int64), np.empty(1, np.bool_)
    protocol.look(*place, which, items, keys)
    protocol.describe(*place, 0, 0, np.empty(256, np.uint8))
    _block, _places, targets = it.layout.block(1)  # the block must live while it is written to
    protocol.gather(*place, which, items, it.layout.key, it.layout.head.size, it.layout.sizes, targets, good)
    protocol.find(base, items, which)
    protocol.admit(base, base + 8, 1, 0)
    protocol.count(base, keys)
    protocol.first(base, 0)
