"""The one decorator that compiles every kernel, and the disk cache that never goes stale.

Numba's cache notices an edit to a kernel's own file, but not to a function or a constant it uses from
another file. So the cache lives in a folder named by a hash of every package file that holds compiled
code: edit one and all of them compile afresh.
"""

import os
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

PACKAGE = Path(__file__).parent
Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def _fingerprint() -> str:
    digest = sha256(numba.__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"@compiled" in source:
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def _cache_folder() -> Path | None:
    """The first writable of NUMBA_CACHE_DIR, the package's __pycache__, the user's cache folder."""
    candidates = [PACKAGE / "__pycache__"]
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        candidates.insert(0, Path(chosen))
    try:
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        candidates.append(user / "simcache")
    except RuntimeError:  # no home at all
        pass
    folders = (base / f"simcache-{_fingerprint()}" for base in candidates)
    return next((folder for folder in folders if _writable(folder)), None)


def compiled(function: Function) -> Function:
    """Compile `function` with Numba: no GIL, cached on disk where the package's own hash vouches for it.

    A function from outside the package is compiled uncached, since nothing here sees edits to the
    helpers it calls.
    """
    inside = function.__module__.partition(".")[0] == __name__.partition(".")[0]
    folder = _cache_folder() if inside else None
    if folder is None:
        return cast(Function, numba.njit(nogil=True)(function))
    # The setting is global to the process, and read only while decorating: put it back at once.
    before = getattr(numba.config, "CACHE_DIR", "")
    setattr(numba.config, "CACHE_DIR", str(folder))  # noqa: B010  (numba's stubs lack the name)
    try:
        return cast(Function, numba.njit(nogil=True, cache=True)(function))
    finally:
        setattr(numba.config, "CACHE_DIR", before)  # noqa: B010
