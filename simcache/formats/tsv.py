"""Columns between tabs; else as csv."""

from collections.abc import Iterator
from typing import IO

from ..trace import Trace
from . import csv
from ._columns import Columns
from ._gathering import Part
from ._packed import Stream
from ._report import Report

SUFFIXES = (".tsv",)


def parts(stream: Stream, report: Report, *, columns: Columns = None, header: bool | None = None) -> Iterator[Part]:
    """The accesses of a file, as those of csv."""
    return csv.parts(stream, report, "\t", columns=columns, header=header)


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write as csv does."""
    csv.write(trace, file, "\t")
