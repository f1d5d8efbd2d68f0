"""Lines of a text as parts of a trace: fields by column, what is wrong with each line, and its number."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _fields
from ._packed import Stream, begins_as, blocks
from ._report import MISSING, NEGATIVE, NO_NUMBER, Report

MARK = b"\xef\xbb\xbf"  # how a text of a spreadsheet's may begin
Places = NDArray[np.int64]


class Rows(NamedTuple):
    """Lines that stand in one block: where each field is, and the fault of each line, 0 for none."""

    block: NDArray[np.uint8]
    begin: dict[str, Places]
    end: dict[str, Places]
    faults: NDArray[np.uint8]
    blank: NDArray[np.bool_]

    def whole(self, name: str) -> Places:
        """The whole number in a field; where there is none, the line is at fault."""
        wrong = np.zeros(self.faults.size, np.uint8)
        values = _fields.whole_numbers(self.block, self.begin[name], self.end[name], wrong)
        self._blame(wrong)
        return values

    def real(self, name: str) -> NDArray[np.float64]:
        """The number in a field."""
        wrong = np.zeros(self.faults.size, np.uint8)
        values = _fields.real_numbers(self.block, self.begin[name], self.end[name], wrong)
        self._blame(wrong)
        return values

    def size(self, name: str) -> Places:
        """The whole number >= 0 in a field."""
        values = self.whole(name)
        self.blame((values < 0) & (self.faults == 0), NEGATIVE)
        return values

    def text(self, name: str) -> None:
        """Blame lines in which a field is missing or empty."""
        self.blame((self.begin[name] < 0) | (self.end[name] <= self.begin[name]), MISSING)

    def blame(self, lines: NDArray[np.bool_], fault: int) -> None:
        """Give lines a fault, those that have none yet."""
        self.faults[lines & (self.faults == 0)] = fault

    def _blame(self, wrong: NDArray[np.uint8]) -> None:
        self.blame(wrong == _fields.EMPTY, MISSING)
        self.blame(wrong == _fields.NO_NUMBER, NO_NUMBER)


def texts(stream: Stream) -> Iterator[bytearray]:
    """Whole lines, many at a time."""
    first = True
    for block in blocks(stream, lambda data: data.rfind(b"\n") + 1):
        if first:
            if kind := begins_as(block):
                raise ValueError(f"a file of this format must hold text in UTF-8, got one that begins as {kind}")
            if block.startswith(MARK):
                del block[:3]
            first = False
        if 0 in block:
            raise ValueError("a file of this format must hold text, got a byte 0")
        if block:
            yield block


def rows(block: bytearray, separator: str, columns: Mapping[str, int], *, quotes: bool) -> Rows:
    """The fields of every line of a block; columns are numbered from 0."""
    data = np.frombuffer(block, np.uint8)
    most = int(np.count_nonzero(data == 10)) + 1
    # Two names may mean one column: it is split once.
    distinct = sorted(set(columns.values()))
    wanted = np.full(distinct[-1] + 1, -1, np.int64)
    wanted[distinct] = range(len(distinct))
    begin, end = np.zeros((2, len(distinct), most), np.int64)
    count = _fields.split(data, ord(separator), quotes, wanted, begin, end)
    starts = {name: begin[wanted[column], :count] for name, column in columns.items()}
    ends = {name: end[wanted[column], :count] for name, column in columns.items()}
    blank = begin[0, :count] == _fields.BLANK
    return Rows(data, starts, ends, np.zeros(count, np.uint8), blank)


def taken(
    found: Rows, report: Report, first: int, left_out: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_] | slice:
    """Which lines are accesses, as an index; those left out and those at fault are counted, blank ones are not."""
    out = np.zeros(found.blank.size, np.bool_) if left_out is None else left_out & ~found.blank
    found.faults[found.blank | out] = 0
    report.note(found.faults, first)
    report.left_out += int(np.count_nonzero(out))
    good = (found.faults == 0) & ~found.blank & ~out
    count = int(np.count_nonzero(good))
    report.good += count
    return slice(None) if count == good.size else good
