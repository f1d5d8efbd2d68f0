"""What reading a file came to: what was counted, what was left out, and which records were bad."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..trace import Scalar

NAMED = 10  # bad records that are named
REASONS = (
    "",
    "a column is missing or empty, or a quote does not end",
    "no number where there must be one",
    "a size or offset below 0",
    "a request of too many blocks",
    "an operation that is none of these logs'",
)
MISSING, NO_NUMBER, NEGATIVE, TOO_MANY, UNKNOWN = 1, 2, 3, 4, 5


@dataclass
class Report:
    """What there was in a file of accesses.

    Attributes
    ----------
    format : str
        The name of its format.
    record : str
        What it calls a record: line or row.
    accesses, items : int
        What the trace has.
    left_out, bad : int
        Records of other operations, and records that are none; the first ten bad ones are `named`.
    resized, zero_sized : int
        Items that came with another size later, of which the first is kept; and items of size 0, which count as 1.
    out_of_order : int
        Records with a time before that of the record before.
    header : bool
        Whether the first line was taken for the names of columns.
    """

    format: str
    record: str = "line"
    accesses: int = 0
    items: int = 0
    left_out: int = 0
    bad: int = 0
    resized: int = 0
    zero_sized: int = 0
    out_of_order: int = 0
    header: bool = False
    named: list[str] = field(default_factory=list)
    good: int = 0  # records that were taken: more than accesses or fewer, where a record is no access
    _latest: float = -np.inf

    @property
    def records(self) -> int:
        """Whole records, of any kind."""
        return self.good + self.left_out + self.bad

    def note(self, faults: NDArray[np.uint8], first: int) -> None:
        """Count bad records by their faults; record r of the array is number `first` + r of the file."""
        bad = np.flatnonzero(faults)
        self.bad += bad.size
        for r in bad[: NAMED - len(self.named)].tolist():
            self.named.append(f"{self.record} {first + r}: {REASONS[faults[r]]}")

    def note_times(self, times: NDArray[np.float64]) -> None:
        """Count times that go back."""
        if times.size:
            self.out_of_order += int(np.count_nonzero(np.diff(times, prepend=self._latest) < 0))
            self._latest = float(times[-1])

    def source(self) -> dict[str, Scalar]:
        """The counts that are not zero, for the trace to keep."""
        names = ("left_out", "bad", "resized", "zero_sized", "out_of_order")
        return {name: int(getattr(self, name)) for name in names if getattr(self, name)}

    def lines(self) -> Iterator[str]:
        """What is worth a word, in words."""
        if self.header:
            yield "the first line was taken for the names of columns"
        if self.left_out:
            yield f"left out: {self.left_out:,} {self.record}s of other operations"
        if self.bad:
            more = f"; and {self.bad - len(self.named):,} more" if self.bad > len(self.named) else ""
            yield f"skipped: {self.bad:,} bad {self.record}s of {self.records:,}: {'; '.join(self.named)}{more}"
        if self.resized:
            yield f"items whose size changes, the first kept: {self.resized:,}"
        if self.zero_sized:
            yield f"items of size 0, counted as 1: {self.zero_sized:,}"
        if self.out_of_order:
            yield f"{self.record}s with a time before that of the {self.record} before: {self.out_of_order:,}"
