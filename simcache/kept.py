"""The folder where compiled kernels are kept: one that nobody else can write, since what lies there is run.

It is named by a hash of every package file that holds compiled code: edit one and all of them compile afresh.
"""

import os
import stat
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numba

PACKAGE = Path(__file__).parent


class Place(NamedTuple):
    """Where kernels are kept, None for nowhere, and what was wrong with a folder that would have come first."""

    folder: Path | None
    refused: str = ""


@cache
def fingerprint() -> str:
    """A name for the compiled code of this package: it changes with any file that holds some, and with how."""
    digest = sha256(numba.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if any(mark in source for mark in (b"@compiled", b"@inlined", b"@intrinsic", b"def compiled")):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _name() -> str:
    """With the user's number, so that several may share a NUMBA_CACHE_DIR that is open to all of them, as /tmp is."""
    return f"simcache-{fingerprint()}" + (f"-{os.getuid()}" if hasattr(os, "getuid") else "")


@cache
def place() -> Place:
    """The first that is ours alone of NUMBA_CACHE_DIR, the package's `__pycache__` and the user's cache folder.

    Of a `__pycache__` that is not ours nothing is said: a package that someone else has installed is the common case.
    """
    refused = ""
    candidates = [PACKAGE / "__pycache__", *_user_cache()]
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        if os.path.isabs(chosen):
            candidates.insert(0, Path(chosen))
        else:
            refused = f"NUMBA_CACHE_DIR must be an absolute path, got {chosen!r}"
    for base in candidates:
        folder = Path(os.path.realpath(base)) / _name()
        try:
            fault = _made_private(folder)
        except OSError:  # nothing can be made there
            continue
        if not fault:
            return Place(folder, refused)
        if base.parent != PACKAGE:
            refused = refused or fault
    return Place(None, refused)


def _user_cache() -> list[Path]:
    """Like the XDG specification, without paths that are relative: they would lead elsewhere from each folder."""
    homes = [Path(os.environ.get("XDG_CACHE_HOME", ""))]
    with suppress(RuntimeError):  # no home at all
        homes.append(Path.home() / ".cache")
    return [home / "simcache" for home in homes if home.is_absolute()][:1]


def _made_private(folder: Path) -> str:
    """Make the folder if it is missing, for us alone; what lets others put something there, if anything does.

    Whoever owns a folder on the way, or may write there and no sticky bit forbids to rename, could swap what is below.
    """
    for path in (*reversed(folder.parents), folder):
        try:
            found = path.lstat()
        except FileNotFoundError:
            path.mkdir(0o700 if path == folder else 0o755, exist_ok=True)
            found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            return f"{str(path)!r} is not a folder" + " but a link" * stat.S_ISLNK(found.st_mode)
        if not hasattr(os, "getuid"):
            continue  # Windows: a user's folders are private by what they inherit
        trusted = {os.getuid()} if path == folder else _trusted()
        if found.st_uid not in trusted:
            return f"{str(path)!r} belongs to user {found.st_uid}"
        if path == folder:
            harmless = 0
        elif found.st_mode & stat.S_ISVTX:
            harmless = 0o022
        else:
            harmless = 0o020 * _own_group(found.st_gid)
        if found.st_mode & 0o022 & ~harmless:
            return f"{str(path)!r} may be written by others (mode {stat.S_IMODE(found.st_mode):o})"
    if hasattr(os, "getuid") and stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return ""


@cache
def _trusted() -> set[int]:
    """Us, and those whose word we take anyway: who owns the root of all files, and who owns this code."""
    return {os.getuid(), Path(PACKAGE.anchor).stat().st_uid, PACKAGE.stat().st_uid}


def _own_group(gid: int) -> bool:
    """Whether a group holds its user alone, by the rule that gives such users a umask of 002: both have one name."""
    import grp
    import pwd

    try:
        return gid == os.getgid() and grp.getgrgid(gid).gr_name == pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user or a group without a name
        return False
