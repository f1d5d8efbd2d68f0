"""What reading a file came to: what was counted, what was left out, and which records were bad."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..checks import short
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
    r"""What there was in a file of accesses.

    Parameters
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
    named : list of str
        The first bad records, each with its number and what is wrong with it.
    good : int
        Records that were taken: more than accesses or fewer, where a record is no access.
    word : str
        The first line's key, where the line was taken for an access but may name the columns.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import formats
    >>> _ = Path("log.csv").write_text("key,size\ncat,40\ndog,ten\ncat,40\n")
    >>> trace, report = formats.reported("log.csv", allow_bad=True)
    >>> report.accesses, report.bad, report.named
    (2, 1, ['line 3: no number where there must be one'])
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
    word: str = ""
    _latest: float = field(default=-np.inf, init=False)

    @property
    def records(self) -> int:
        """Whole records, of any kind.

        Examples
        --------
        >>> from simcache.formats import Report
        >>> Report("csv", good=98, left_out=1, bad=1).records
        100
        """
        return self.good + self.left_out + self.bad

    def note(self, faults: NDArray[np.uint8], first: int) -> None:
        """Count bad records by their faults; record r of the array is number `first` + r of the file.

        Parameters
        ----------
        faults : ndarray of uint8
            0 for a good record, else what is wrong with it.
        first : int
            The number of the first of them in the file.

        Examples
        --------
        >>> from simcache.formats import Report
        >>> import numpy as np
        >>> report = Report("csv")
        >>> report.note(np.array([0, 2], np.uint8), first=1)
        >>> report.named
        ['line 2: no number where there must be one']
        """
        bad = np.flatnonzero(faults)
        self.bad += bad.size
        for r in bad[: NAMED - len(self.named)].tolist():
            self.named.append(f"{self.record} {first + r}: {REASONS[faults[r]]}")

    def note_times(self, times: NDArray[np.float64]) -> None:
        """Count times that go back.

        Parameters
        ----------
        times : ndarray of float64
            Of the records that follow those noted before.

        Examples
        --------
        >>> from simcache.formats import Report
        >>> import numpy as np
        >>> report = Report("csv")
        >>> report.note_times(np.array([1.0, 3.0, 2.0]))
        >>> report.out_of_order
        1
        """
        if times.size:
            self.out_of_order += int(np.count_nonzero(np.diff(times, prepend=self._latest) < 0))
            self._latest = float(times[-1])

    def source(self) -> dict[str, Scalar]:
        """The counts that are not zero, for the trace to keep.

        Returns
        -------
        dict of str to scalar
            By the names of the columns that tables then have.

        Examples
        --------
        >>> from simcache.formats import Report
        >>> Report("csv", bad=1, good=99).source()
        {'bad': 1}
        """
        names = ("left_out", "bad", "resized", "zero_sized", "out_of_order")
        return {name: int(getattr(self, name)) for name in names if getattr(self, name)}

    def lines(self) -> Iterator[str]:
        """What is worth a word, in words.

        Yields
        ------
        str
            One line each.

        Examples
        --------
        >>> from simcache.formats import Report
        >>> list(Report("csv", header=True, zero_sized=3).lines())
        ['the first line was taken for the names of columns', 'items of size 0, counted as 1: 3']
        """
        if self.header:
            yield "the first line was taken for the names of columns"
        if self.word:
            yield f"the first line, {short(self.word)}, was taken for an access; `header` says if it names columns"
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
