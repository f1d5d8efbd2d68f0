"""A file of any format as a trace, and what there was to say of it."""

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import NAME_LIMIT, checked_path
from ..trace import Scalar, Trace
from ._columns import Columns
from ._finding import found, is_own, options_of, stem
from ._gathering import Gathered
from ._operations import Ops
from ._packed import Broken, Stream
from ._report import Report


def read(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    columns: Columns = None,
    header: bool | None = None,
    ops: Ops = None,
    block: int | None = None,
    allow_bad: bool = False,
    name: str | None = None,
) -> Trace:
    r"""Read a file of accesses. Its keys become ids in order of first appearance, keys being equal where all bytes are.

    Parameters
    ----------
    path : path
        A file that ends as its format does: .csv, .tsv, .txt, .parquet, .npy, .oracleGeneral, .oracleGeneral.bin, each
        also with .gz or .zst; or what `Trace.load` reads.
    format : str, optional
        One of `names`, where the suffix does not say it, as with those of Twitter and MSR Cambridge.
    columns : str or dict, optional
        Of csv, tsv, parquet: the columns of the key, and of sizes and times if there are any, by number from 1 or by
        name: ``"key=2,size=4,time=1"``. By default those called key, size and time, or the only one.
    header : bool, optional
        Of csv, tsv: whether the first line names the columns. By default it does if a name is asked for, or if it has
        no number where there must be one.
    ops : str or sequence of str, optional
        Of twitter, msr: the operations that are accesses; by default get and gets, and all.
    block : int, optional
        Of msr: bytes of a block; a request is then an access to each block that it touches.
    allow_bad : bool
        Take a file in which more than 1 record in 100 is bad.
    name : str, optional
        The trace's name, by default the file's without its suffixes.

    Returns
    -------
    Trace
        With sizes where the format has some: the first of each item, at least 1. Its source holds the file's name, the
        format, and what was left out or is odd: the counts of a `Report` that are not zero.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the file is not: broken off, empty, or with too many bad records.
    OSError
        When it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import formats
    >>> _ = Path("log.csv").write_text("key,size\n/cat,40\n/dog,10\n/cat,40\n")
    >>> trace = formats.read("log.csv")
    >>> trace.ids, trace.sizes
    (array([0, 1, 0], dtype=int32), array([40, 10]))
    """
    options = {"columns": columns, "header": header, "ops": ops, "block": block}
    return whole_trace(Path(checked_path(path)), format, options, allow_bad, name)[0]


def reported(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    columns: Columns = None,
    header: bool | None = None,
    ops: Ops = None,
    block: int | None = None,
    allow_bad: bool = False,
    name: str | None = None,
) -> tuple[Trace, Report]:
    r"""Read a file of accesses as `read` does, and say what there was in it.

    Parameters
    ----------
    path : path
        A file that ends as its format does: .csv, .tsv, .txt, .parquet, .npy, .oracleGeneral, .oracleGeneral.bin, each
        also with .gz or .zst; or what `Trace.load` reads.
    format : str, optional
        One of `names`, where the suffix does not say it, as with those of Twitter and MSR Cambridge.
    columns : str or dict, optional
        Of csv, tsv, parquet: the columns of the key, and of sizes and times if there are any, by number from 1 or by
        name: ``"key=2,size=4,time=1"``. By default those called key, size and time, or the only one.
    header : bool, optional
        Of csv, tsv: whether the first line names the columns. By default it does if a name is asked for, or if it has
        no number where there must be one.
    ops : str or sequence of str, optional
        Of twitter, msr: the operations that are accesses; by default get and gets, and all.
    block : int, optional
        Of msr: bytes of a block; a request is then an access to each block that it touches.
    allow_bad : bool
        Take a file in which more than 1 record in 100 is bad.
    name : str, optional
        The trace's name, by default the file's without its suffixes.

    Returns
    -------
    trace : Trace
        What `read` gives.
    report : Report
        What was read, what was left out, and which records were bad.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the file is not: broken off, empty, or with too many bad records.
    OSError
        When it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import formats
    >>> _ = Path("log.csv").write_text("key,size\n/cat,40\n/dog,10\n/cat,60\n")
    >>> trace, report = formats.reported("log.csv")
    >>> report.accesses, list(report.lines())
    (3, ['items whose size changes, the first kept: 1'])
    """
    options = {"columns": columns, "header": header, "ops": ops, "block": block}
    return whole_trace(Path(checked_path(path)), format, options, allow_bad, name)


def whole_trace(
    path: Path, format: str | None, options: Mapping[str, Any], allow_bad: bool, name: str | None
) -> tuple[Trace, Report]:
    """The trace in a file, and what there was to say of it."""
    if format is None and is_own(path):
        trace = Trace.load(path)
        for key, value in options.items():
            if value is not None:
                raise ValueError(f"a trace that was saved takes no options, got {key} for {str(path)!r}")
        return trace if name is None else replace(trace, name=name), _saved(trace, path)
    reading = Reading(path, format, options, allow_bad, name)
    ids = np.concatenate([np.empty(0, np.int32), *reading.ids()])
    n_items, title, epochs, source, sizes = reading.rest()
    return Trace(ids, n_items, title, epochs, source, sizes), reading.report


def _saved(trace: Trace, path: Path) -> Report:
    return Report(path.suffix[1:].lower(), "access", len(trace), trace.n_touched)


class Reading:
    """A file that is being read: first its ids, then the rest of the trace."""

    def __init__(
        self, path: Path, format: str | None, options: Mapping[str, Any], allow_bad: bool, name: str | None
    ) -> None:
        self._path, self._allow_bad = path, allow_bad
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self._module = found(path, format)
        self._given = options_of(self._module, options)
        self._name = os.fsencode(stem(path)).decode("utf-8", "replace")[:NAME_LIMIT] if name is None else name
        self.report = Report(self._module.__name__.rpartition(".")[2])
        self._gathered = Gathered(self.report)

    def ids(self) -> Iterator[NDArray[np.int32]]:
        """The ids, some at a time."""
        stream, report, path = Stream(self._path), self.report, str(self._path)
        try:
            yield from self._gathered.ids(self._module.parts(stream, report, **self._given))
        except Broken as error:
            came = f"got {path!r}, which {error} after {report.records:,} whole {report.record}s"
            raise ValueError(f"a trace file must be whole, {came}") from error
        except ValueError as error:
            raise ValueError(f"{error} (in {path!r})") from None  # its own words: once is enough

    def rest(self) -> tuple[int, str, tuple[int, ...], dict[str, Scalar], NDArray[np.int64] | None]:
        """n_items, name, epochs, source and sizes, once all ids were read and there are not too many bad records."""
        report, path = self.report, str(self._path)
        if 100 * report.bad > report.records and not self._allow_bad:
            rule = f"at most 1 {report.record} in 100 of a file may be bad, unless allow_bad"
            raise ValueError(
                f"{rule}, got {report.bad:,} of {report.records:,} in {path!r}: {'; '.join(report.named[:3])}"
            )
        if not report.accesses:
            other = f", but {report.left_out:,} other operations" if report.left_out else ""
            raise ValueError(f"a trace file must hold accesses, got none{other} in {path!r}")
        file = os.fsencode(self._path.name).decode("utf-8", "replace")
        source: dict[str, Scalar] = {"file": file, "format": report.format, **report.source()}
        return report.items, self._name, (0,), source, self._gathered.sizes
