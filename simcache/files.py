"""Atomic writes: a file, or a folder of files, appears whole or not at all."""

import ctypes
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    fcntl = import_module("fcntl")
except ImportError:  # Windows: nothing can be locked, so what a killed process left behind stays
    fcntl = None

LONGEST = 64  # bytes of a name that a temporary one repeats: some file systems take 143, most 255


@contextmanager
def replacing(path: str | os.PathLike[str], suffix: str = "") -> Iterator[Path]:
    """A temporary path beside `path`, renamed over it when the block ends well, removed when it does not.

    Where `path` is a link, the file that it points to is written. A file that was there keeps its mode, and its owner
    where the system lets it. What a killed process left behind is removed by the next write to the same path.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written to, or `path` is no file; `path` is as it was.
    """
    target = Path(path)
    if target.is_symlink():
        target = Path(os.path.realpath(target))
    if target.is_dir():
        raise IsADirectoryError(f"a file must be written to a file's path, got the folder {str(target)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder to write to must exist, got {str(target.parent)!r}")
    before = _status(target)
    stem, ending = _stem(target.name), suffix or target.suffix
    _sweep(target.parent, stem)
    try:
        handle, temporary = _made(target.parent, stem, ending if len(ending) <= 16 else "", before is None)
    except PermissionError:
        raise PermissionError(f"the folder to write to must be writable, got {str(target.parent)!r}") from None
    try:
        yield temporary
        if before is not None:
            with suppress(OSError, AttributeError):  # only root may give files away, and Windows cannot
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(stat.S_IMODE(before.st_mode) & 0o777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
        _let_go(handle)


@contextmanager
def replacing_folder(path: str | os.PathLike[str], names: Set[str]) -> Iterator[Path]:
    """As `replacing`, of a folder: one that is there is replaced if it holds files of these names and nothing else.

    Raises
    ------
    OSError
        When that is not so, or the folder around it does not exist or cannot be written to.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"a folder must be written to a folder's path, got the file {str(target)!r}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder to write to must exist, got {str(target.parent)!r}")
    if target.exists() and (other := sorted(set(os.listdir(target)) - names)):
        raise FileExistsError(f"a folder is replaced if it holds {', '.join(sorted(names))} alone, got {other[0]!r}")
    stem = _stem(target.name)
    _sweep(target.parent, stem)
    try:
        handle, temporary = _made_folder(target.parent, stem, not target.exists())
    except PermissionError:
        raise PermissionError(f"the folder to write to must be writable, got {str(target.parent)!r}") from None
    try:
        yield temporary
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            _exchange(temporary, target)
        else:
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _let_go(handle)


def _exchange(new: Path, old: Path) -> None:
    """Let two folders change names, in one step where the system can."""
    swap = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None  # Linux alone
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if swap is None or swap(here, os.fsencode(new), here, os.fsencode(old), exchange):
        aside = new.with_name(f"{new.name}.old")
        old.rename(aside)
        new.rename(old)
        aside.rename(new)


def _status(target: Path) -> os.stat_result | None:
    """What there is to be replaced."""
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"a file must be written to a file's path, got the device, pipe or socket {str(target)!r}")
    return found


def _stem(name: str) -> str:
    """What temporaries of a name begin with."""
    raw = os.fsencode(name)
    return f".{name}." if len(raw) <= LONGEST else f".{sha256(raw).hexdigest()[:16]}."


def _made(folder: Path, stem: str, ending: str, new: bool) -> tuple[int | None, Path]:
    """A new file, locked for as long as its handle is open; one that is to replace another is private until then."""
    while True:
        path = folder / f"{stem}{secrets.token_hex(8)}{ending}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if new else 0o600)
        if not _lock(handle):  # and there what is open cannot be renamed
            os.close(handle)
            return None, path
        if os.fstat(handle).st_nlink:  # else swept away before it was locked
            return handle, path
        os.close(handle)


def _made_folder(around: Path, stem: str, new: bool) -> tuple[int | None, Path]:
    """As `_made`, of a folder."""
    while True:
        path = around / f"{stem}{secrets.token_hex(8)}"
        path.mkdir(0o777 if new else 0o700)
        if fcntl is None:
            return None, path
        with suppress(FileNotFoundError):  # swept away before it was locked
            handle = os.open(path, os.O_RDONLY)
            _lock(handle)
            if path.exists():
                return handle, path
            os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file for this process alone, where its file system can; False where no process can lock."""
    if fcntl is None:
        return False
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def _let_go(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def _sweep(folder: Path, stem: str) -> None:
    """Remove what killed writers left: the temporaries that nobody holds a lock on."""
    if fcntl is None:
        return
    ours = re.compile(re.escape(stem) + r"[0-9a-f]{16}(\.[^.]*)?")
    names: list[str] = []
    with suppress(OSError):  # a folder that may be written to, and not listed
        names = os.listdir(folder)
    for path in (folder / name for name in names if ours.fullmatch(name)):
        with suppress(OSError):  # locked, gone, or another's
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)
