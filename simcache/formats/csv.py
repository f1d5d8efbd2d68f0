"""Columns between commas, quoted where they must be; a record is a line.

Keys are texts: 7, 07 and "7 " are three; what stands in quotes is what it quotes. Unless columns are asked for, those
called key, size and time in the first line are used, or the only one.
"""

from collections.abc import Iterator
from typing import IO

from ..trace import Trace
from . import _lines
from ._chunks import chunks
from ._columns import Columns, asked, placed
from ._gathering import Part
from ._packed import Stream
from ._report import Report

SUFFIXES = (".csv",)
SEPARATOR = ","


def parts(
    stream: Stream,
    report: Report,
    separator: str = SEPARATOR,
    *,
    columns: Columns = None,
    header: bool | None = None,
) -> Iterator[Part]:
    """The accesses of a file; `header` says whether its first line names the columns, None: as it looks."""
    wanted = asked(columns)
    places: dict[str, int] | None = None
    line = 1
    for block in _lines.texts(stream):
        if places is None:
            start = len(block) - len(block.lstrip(b"\r\n"))
            stop = (block.find(b"\n", start) + 1) or len(block)
            if start == stop:
                continue  # blank lines alone
            head = block[start:stop]
            names = _fields(head, separator)
            places = placed(wanted, [""] * len(names) if header is False else names)
            if _named(head, wanted, names, places, separator) if header is None else header:
                report.header = header is None and bool(wanted) and str not in map(type, wanted.values())
                line += block.count(b"\n", 0, stop)
                del block[:stop]
        found = _lines.rows(block, separator, places, quotes=True)
        found.text("key")
        sizes = found.size("size") if "size" in places else None
        times = found.real("time") if "time" in places else None
        good = _lines.taken(found, report, line)
        if times is not None:
            report.note_times(times[good])
        yield Part(
            found.block, found.begin["key"][good], found.end["key"][good], None if sizes is None else sizes[good]
        )
        line += found.faults.size


def _named(
    head: bytearray, wanted: dict[str, int | str], names: list[str], places: dict[str, int], separator: str
) -> bool:
    """Whether the first line gives names: some are asked for, or it has none of the numbers that it must have."""
    if any(isinstance(column, str) for column in wanted.values()) or (not wanted and "key" in names):
        return True
    found = _lines.rows(bytearray(head), separator, places, quotes=True)
    for role in set(places) - {"key"}:
        found.real(role)
    return bool(found.faults.any())


def _fields(line: bytearray, separator: str) -> list[str]:
    """Every field of one line."""
    most = line.count(separator.encode()) + 1
    found = _lines.rows(bytearray(line), separator, {str(place): place for place in range(most)}, quotes=True)
    spans = [(int(found.begin[name][0]), int(found.end[name][0])) for name in found.begin if found.blank.size]
    text = found.block.tobytes()
    return [text[low:high].decode("utf-8", "replace").strip() for low, high in spans if low >= 0]


def write(trace: Trace, file: IO[bytes], separator: str = SEPARATOR) -> None:
    """Write a column of ids, the keys, and one of sizes where items have some."""
    file.write(b"key\n" if trace.sizes is None else f"key{separator}size\n".encode())
    for ids in chunks(trace):
        rows = [str(key) for key in ids.tolist()]
        if trace.sizes is not None:
            rows = [f"{key}{separator}{size}" for key, size in zip(rows, trace.sizes[ids].tolist(), strict=True)]
        file.write(("\n".join(rows) + "\n").encode())
