"""Atomic writes: a file appears whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str], suffix: str = "") -> Iterator[Path]:
    """A temporary path beside `path`, renamed over it when the block ends well, removed when it does not.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written to; `path` is as it was.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"a file must be written to a file's path, got the folder {str(target)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder to write to must exist, got {str(target.parent)!r}")
    try:
        handle, name = tempfile.mkstemp(suffix=suffix or target.suffix, prefix=f".{target.name}.", dir=target.parent)
    except PermissionError:
        raise PermissionError(f"the folder to write to must be writable, got {str(target.parent)!r}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp makes files private; keep what an ordinary write would give
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
