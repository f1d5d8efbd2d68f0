"""Twitter's cache traces: time, key, size of the key, size of the value, client, operation, time to live; no header.

Get and gets are accesses, other operations are left out unless named. An item's size is that of its key and value.
"""

from collections.abc import Iterator
from typing import IO

from ..trace import Trace
from . import _lines
from ._chunks import CHUNK, chunks, sizes_of
from ._gathering import Part
from ._operations import Chosen, Ops
from ._packed import Stream
from ._report import NO_NUMBER, Report

SUFFIXES = ()
COLUMNS = {"time": 0, "key": 1, "key size": 2, "value size": 3, "operation": 5}
KNOWN = (
    "get", "gets", "set", "add", "cas", "replace", "append", "prepend", "delete", "incr", "decr",
)  # fmt: skip


def parts(stream: Stream, report: Report, *, ops: Ops = None) -> Iterator[Part]:
    """The accesses of a file: of the operations in `ops`, names between commas or in a list."""
    chosen = Chosen(ops, ("get", "gets"), KNOWN)
    line = 1
    for block in _lines.texts(stream):
        found = _lines.rows(block, ",", COLUMNS, quotes=False)
        left_out = chosen.left_out(found, "operation")
        found.text("key")
        times = found.real("time")
        keys, values = found.size("key size"), found.size("value size")
        found.blame(values > 2**63 - 1 - keys, NO_NUMBER)
        good = _lines.taken(found, report, line, left_out)
        report.note_times(times[good])
        yield Part(found.block, found.begin["key"][good], found.end["key"][good], keys[good] + values[good])
        line += found.faults.size


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write every access as a get; a size is that of the value."""
    for k, ids in enumerate(chunks(trace)):
        rows = zip(range(k * CHUNK, len(trace)), ids.tolist(), sizes_of(trace, ids).tolist(), strict=False)
        file.write("".join(f"{time},{key},0,{size},0,get,0\n" for time, key, size in rows).encode())
