"""Traces to files of any format, and from file to file."""

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .. import mapped
from ..checks import checked_path
from ..files import replacing
from ..trace import Trace
from ._columns import Columns
from ._finding import found, is_own
from ._operations import Ops
from ._packed import packing, zstandard
from ._reading import Reading, whole_trace
from ._report import Report


def write(trace: Trace, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Write a trace for others, its ids as keys.

    Parameters
    ----------
    trace : Trace
        Its items become keys 0 … `n_items` - 1.
    path : path
        Ends as `read` says; npy and txt hold no sizes, and none but .npz and .trace hold epochs, names, and items that
        are never accessed.
    format : str, optional
        One of `names`, where the suffix does not say it.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the format cannot hold the trace's sizes.
    OSError
        When it cannot be written; nothing is left behind.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import formats, synth
    >>> formats.write(synth.loop(3, 4), "loop.txt")
    >>> Path("loop.txt").read_text().split()
    ['0', '1', '2', '0']
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"trace must be a Trace to be written, got {type(trace).__name__}")
    target = Path(checked_path(path))
    if format is None and is_own(target):
        trace.save(target)
        return
    module = found(target, format)
    with _opened(target) as file:
        module.write(trace, file)


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    format: str | None = None,
    *,
    to: str | None = None,
    columns: Columns = None,
    header: bool | None = None,
    ops: Ops = None,
    block: int | None = None,
    allow_bad: bool = False,
    name: str | None = None,
) -> Report:
    r"""Read one file and write another, whole or not at all.

    A target in .trace is written as it comes: memory then grows with the keys, not with the accesses.

    Parameters
    ----------
    source : path
        A file of accesses; it ends as `read` says, or `format` names its format.
    target : path
        The file to write; it ends as `write` says, or `to` names its format.
    format : str, optional
        Of `source`, one of `names`.
    to : str, optional
        Of `target`, one of `names`.
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
    Report
        What was read, what was left out, and which records were bad.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, the source is broken off, empty, or has too many bad records, or the target's
        format cannot hold its sizes.
    OSError
        When a file cannot be read or written; no part of a target is left behind.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import Trace, formats
    >>> _ = Path("log.csv").write_text("key,size\ncat,40\ndog,10\ncat,40\n")
    >>> formats.convert("log.csv", "log.npz").accesses
    3
    >>> Trace.load("log.npz").sizes
    array([40, 10])
    """
    start, end = Path(checked_path(source)), Path(checked_path(target))
    options = {"columns": columns, "header": header, "ops": ops, "block": block}
    if to is None and mapped.named(str(end)) and not (format is None and is_own(start)):
        reading = Reading(start, format, options, allow_bad, name)
        mapped.write(str(end), reading.ids(), reading.rest)
        return reading.report
    if to is None and is_own(end):
        trace, report = whole_trace(start, format, options, allow_bad, name)
        trace.save(end)
        return report
    module = found(end, to)
    with _opened(end) as file:
        trace, report = whole_trace(start, format, options, allow_bad, name)
        module.write(trace, file)
    return report


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, packed as its suffix says; it appears whole or not at all, the same bytes on every run."""
    kind = packing(path)
    pack = zstandard().ZstdCompressor() if kind == ".zst" else None
    with replacing(path) as temporary, temporary.open("wb") as file:
        if kind == ".gz":
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif pack is not None:
            with pack.stream_writer(file, closefd=False) as packed:
                yield packed
        else:
            yield file
