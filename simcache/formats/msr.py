"""MSR Cambridge's block traces: time, host, disk, type, offset, size, response time; no header.

Host, disk and offset are the key. With a block size, a request is an access to each block of the disk that it touches.
"""

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..trace import Trace, whole
from . import _lines
from ._chunks import CHUNK, chunks, sizes_of
from ._gathering import Part, of_numbers
from ._keys import Keys
from ._operations import Chosen, Ops
from ._packed import Stream
from ._report import NO_NUMBER, TOO_MANY, Report

SUFFIXES = ()
COLUMNS = {"time": 0, "host": 1, "disk": 2, "operation": 3, "offset": 4, "size": 5}
KNOWN = ("read", "write")
MOST = 1 << 20  # blocks of one request
FAR = 1 << 62  # no disk is as large, so that sums stay within 64 bits
BEGUN = 128166372000000000  # 2007, in ticks of 100 ns since 1601


def parts(stream: Stream, report: Report, *, ops: Ops = None, block: int | None = None) -> Iterator[Part]:
    """The accesses of a file: of the operations in `ops`, by default all; to blocks of so many bytes."""
    block = None if block is None else whole(block, "block", 1, FAR, unit=" of bytes")
    chosen = Chosen(ops, KNOWN, KNOWN)
    disks = Keys()
    line = 1
    for text in _lines.texts(stream):
        found = _lines.rows(text, ",", COLUMNS, quotes=False)
        left_out = chosen.left_out(found, "operation")
        found.text("host")
        found.text("disk")
        times = found.real("time")
        offsets, sizes = found.size("offset"), found.size("size")
        found.blame((offsets > FAR) | (sizes > FAR), NO_NUMBER)
        if block is not None:
            touched = (offsets + np.maximum(sizes, 1) - 1) // block - offsets // block + 1
            found.blame(touched > MOST, TOO_MANY)
        good = _lines.taken(found, report, line, left_out)
        report.note_times(times[good])
        # Host and disk stand side by side: one text.
        disk = disks.items(found.block, found.begin["host"][good], found.end["disk"][good])
        key = np.column_stack([disk.astype(np.int64), offsets[good]])
        if block is None:
            yield of_numbers(key, sizes[good])
        else:
            yield from _blocks(key, touched[good], block)
        line += found.faults.size


def _blocks(key: NDArray[np.int64], touched: NDArray[np.int64], block: int) -> Iterator[Part]:
    """One access for each block of each request, some requests at a time."""
    ends = np.cumsum(touched)
    at = 0
    while at < len(key):
        before = int(ends[at - 1]) if at else 0
        stop = max(at + 1, int(np.searchsorted(ends, before + MOST, "right")))
        many = touched[at:stop]
        within = np.arange(int(ends[stop - 1]) - before) - np.repeat(ends[at:stop] - many - before, many)
        first = np.repeat(key[at:stop], many, axis=0)
        first[:, 1] = first[:, 1] // block + within
        yield of_numbers(first, np.full(len(first), block, np.int64))
        at = stop


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write every access as a read of one disk, on which the items lie one after the other."""
    sizes = np.ones(trace.n_items, np.int64) if trace.sizes is None else np.asarray(trace.sizes)
    if float(sizes.sum(dtype=np.float64)) > FAR:
        raise ValueError(f"sizes must add up to less than 2^62 for msr, got {sizes.sum(dtype=np.float64):g}")
    offsets = np.cumsum(sizes) - sizes
    for k, ids in enumerate(chunks(trace)):
        rows = zip(range(BEGUN + k * CHUNK, BEGUN + len(trace)), offsets[ids], sizes_of(trace, ids), strict=False)
        file.write("".join(f"{time},simcache,0,Read,{at},{size},0\n" for time, at, size in rows).encode())
