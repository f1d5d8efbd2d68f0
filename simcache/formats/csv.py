"""Columns between commas, quoted where they must be; a record is a line.

Keys are texts: 7, 07 and "7 " are three; what stands in quotes is what it quotes. Unless columns are asked for, those
called key, size and time in the first line are used, or the only one.
"""

import re
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
WORD = re.compile(r"[^\W\d][\w ;|\t-]*")  # a column's name more likely than a key; several, if divided otherwise
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


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
    names = False
    line = 1
    for block in _lines.texts(stream):
        if places is None:
            start = len(block) - len(block.lstrip(b"\r\n"))
            stop = (block.find(b"\n", start) + 1) or len(block)
            if start == stop:
                continue  # blank lines alone
            first = _fields(block[start:stop], separator)
            places = placed(wanted, [""] * len(first) if header is False else first)
            if header is None:
                names = str in map(type, wanted.values()) or (not wanted and "key" in first)
                after = block[stop : (block.find(b"\n", stop) + 1) or len(block)]
                report.header = not names and _looks_like_names(first, _fields(after, separator), places)
                key = first[places["key"]]
                report.word = key if not (names or report.header) and WORD.fullmatch(key) else ""
            if header or names or report.header:
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


def _looks_like_names(first: list[str], second: list[str], places: dict[str, int]) -> bool:
    """Whether the first line has no number, apart from a key, where there must be one or the second line has one."""
    if any(first[place] == role for role, place in places.items()):
        return True
    others = [k for k in range(len(first)) if k != places["key"]]
    if any(NUMBER.fullmatch(first[k]) for k in others):
        return False
    return len(places) > 1 or any(first[k] and NUMBER.fullmatch(second[k]) for k in others if k < len(second))


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
