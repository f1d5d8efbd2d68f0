"""A key a line, the whole of it; blank lines are none. It holds no sizes."""

from collections.abc import Iterator
from typing import IO

from ..trace import Trace
from . import _lines
from ._chunks import chunks
from ._gathering import Part
from ._packed import Stream
from ._report import Report

SUFFIXES = (".txt",)


def parts(stream: Stream, report: Report) -> Iterator[Part]:
    """The accesses of a file."""
    line = 1
    for block in _lines.texts(stream):
        found = _lines.rows(block, "\n", {"key": 0}, quotes=False)
        good = _lines.taken(found, report, line)
        yield Part(found.block, found.begin["key"][good], found.end["key"][good])
        line += found.faults.size


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write the ids, one a line."""
    for ids in chunks(trace):
        file.write(("\n".join(map(str, ids.tolist())) + "\n").encode())
