"""The file behind a cache: anonymous, or named so that unrelated processes find it.

An anonymous file has no name, is not bound by the size of /dev/shm, and is gone with its last user. Whoever has a
named one open holds the kernel's lock on it (`flock`), which the kernel drops when its holder ends, however that ends:
the last one out removes the file, and attaching removes what killed runs left.
"""

import errno
import fcntl
import multiprocessing
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

SHM = Path("/dev/shm")
PREFIX = "simcache-"
MAGIC_BYTES = b"simcach"  # what a cache begins with, before a digit for its layout


def anonymous() -> int:
    """A new file without a name."""
    return os.memfd_create("simcache", os.MFD_CLOEXEC)


def attached(path: Path, lay_out: Callable[[int], None]) -> int:
    """A named file, open and locked; `lay_out` fills a new one, its first eight bytes last.

    Raises
    ------
    OSError
        When the file is another user's, or no plain file, or no cache, or `lay_out` or the folder refuses.
    """
    _tidy(path.parent)
    while True:
        handle = _opened(path)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                fcntl.flock(handle, fcntl.LOCK_SH)  # until whoever made it has laid it out
                if _is(handle, path) and _laid_out(handle):
                    return handle
            else:
                if _laid_out(handle):  # by a run that was killed just now
                    _remove(handle, path)
                elif _is(handle, path):
                    try:
                        lay_out(handle)
                    except BaseException:
                        _remove(handle, path)
                        raise
                    fcntl.flock(handle, fcntl.LOCK_SH)  # lets go for a moment, so:
                    if _is(handle, path):
                        return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def leave(handle: int, path: Path | None, owner: int) -> None:
    """Close a file; the last one out removes it.

    Workers share their parent's lock, so they leave without a word, unless the parent (`owner`) was killed.
    """
    parent = multiprocessing.parent_process()
    orphan = parent is not None and not parent.is_alive()
    if path is not None and (os.getpid() == owner or orphan):
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(handle, path)
    os.close(handle)


def named(name: str, folder: str | os.PathLike[str] | None) -> Path:
    """Where the file of a name is."""
    given: Any = name
    if not isinstance(given, str) or not given or "/" in given or "\0" in given or len(os.fsencode(given)) > 200:
        raise ValueError(f"name must be a file's name of 1 … 200 bytes, without '/', got {name!r}")
    try:
        home = SHM if folder is None else Path(os.fsdecode(folder))
    except TypeError:
        raise TypeError(f"folder must be a path, got {folder!r}") from None
    if not home.is_dir():
        raise FileNotFoundError(f"folder must exist, got {str(home)!r}")
    return home / (PREFIX + name)


def _opened(path: Path) -> int:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        reason = {errno.ELOOP: "a symbolic link", errno.EISDIR: "a folder", errno.EACCES: "one that is closed to it"}
        if error.errno not in reason:
            raise
        raise type(error)(error.errno, _refusal(reason[error.errno]), str(path)) from None
    status = os.fstat(handle)
    plain, mine = stat.S_ISREG(status.st_mode), status.st_uid == os.getuid()
    if plain and mine and not _foreign(handle):
        return handle
    os.close(handle)
    came = "none" if not plain else "one that holds something else" if mine else f"one of user {status.st_uid}"
    raise PermissionError(errno.EACCES, _refusal(came), str(path))


def _refusal(came: str) -> str:
    return f"a cache's name must stand for a plain file of this user ({os.getuid()}) or for none yet, got {came}"


def _laid_out(handle: int) -> bool:
    """Whether `lay_out`, which writes a file's first bytes last, has ended."""
    return any(os.pread(handle, 8, 0))


def _foreign(handle: int) -> bool:
    """Whether a file is none of ours, whatever it is called: it must not be touched."""
    begins = os.pread(handle, 8, 0)
    return any(begins) and not begins.startswith(MAGIC_BYTES)


def _is(handle: int, path: Path) -> bool:
    """Whether the open file still is the one at the path."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    return False


def _remove(handle: int, path: Path) -> None:
    if _is(handle, path):
        path.unlink()


def _tidy(folder: Path) -> None:
    """Remove this user's caches that nobody has open."""
    for path in folder.glob(PREFIX + "*"):
        with suppress(OSError):
            if path.lstat().st_uid != os.getuid() or not stat.S_ISREG(path.lstat().st_mode):
                continue
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _foreign(handle):
                    _remove(handle, path)
            finally:
                os.close(handle)
