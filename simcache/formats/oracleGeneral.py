"""libCacheSim's oracleGeneral: records of 24 bytes, little-endian: time, key, size, and the place of the next access.

The last is never trusted; written, it counts from 1, and is -1 where there is none. What has no size is of size 1.
"""

from collections.abc import Iterator
from typing import IO

import numpy as np

from ..bits import next_use
from ..trace import Trace
from ._chunks import CHUNK, chunks, sizes_of
from ._gathering import Part, of_numbers
from ._packed import Broken, Stream, blocks
from ._report import Report

SUFFIXES = (".oraclegeneral", ".oraclegeneral.bin")
RECORD = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")])
TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))


def parts(stream: Stream, report: Report) -> Iterator[Part]:
    """The accesses of a file."""
    report.record = "record"
    for block in blocks(stream, lambda data: len(data) // RECORD.itemsize * RECORD.itemsize):
        if not report.good and TEXT.issuperset(block[:480]):
            raise ValueError("a file of oracleGeneral must hold records of 24 bytes, got text")
        if len(block) < RECORD.itemsize:
            raise Broken("breaks off")
        found = np.frombuffer(block, RECORD)
        report.good += found.size
        report.note_times(found["time"].astype(np.float64))
        yield of_numbers(found["key"], found["size"].astype(np.int64))


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write ids as keys, and positions as times."""
    if trace.sizes is not None and trace.sizes.max() >= 2**32:
        raise ValueError(f"sizes must be below 2^32 in oracleGeneral, got {trace.sizes.max()}")
    n = len(trace)
    after = next_use(np.asarray(trace.ids), trace.n_items)
    for k, ids in enumerate(chunks(trace)):
        place = np.arange(k * CHUNK, k * CHUNK + ids.size)
        found = np.empty(ids.size, RECORD)
        found["time"], found["key"], found["size"] = place, ids, sizes_of(trace, ids)
        following = after[place].astype(np.int64)
        found["next"] = np.where(following == n, -1, following + 1)
        file.write(found.tobytes())
