"""Files of others, looked at before they are read: a pipe may never end, and a small file may unpack to gigabytes."""

import errno
import os
import stat
from pathlib import Path

# How a text of a spreadsheet's or of PowerShell's may begin.
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def check(path: Path, what: str, most: int | None = None) -> None:
    """Refuse what is no regular file that can be read, or larger than `most` bytes.

    Raises
    ------
    OSError
        When there is none, or it cannot be read.
    ValueError
        When it is a pipe or a device, or too large.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{what} must be a file, got the pipe, socket or device {str(path)!r}")
    if most is not None and status.st_size > most:
        raise ValueError(f"{what} must be at most {most >> 20} MiB, got {status.st_size:,} bytes in {str(path)!r}")
    path.open("rb").close()


def check_trace(path: Path, what: str = "a trace") -> None:
    """As `check`, of a trace, which may be a folder too."""
    if not (path.suffix.lower() == ".trace" and path.is_dir()):
        check(path, what)


def encoding(path: Path) -> str:
    """How a text is encoded, by its byte order mark: in UTF-8 if it has none."""
    with path.open("rb") as file:
        start = file.read(3)
    return next((name for mark, name in MARKS.items() if start.startswith(mark)), "utf-8")
