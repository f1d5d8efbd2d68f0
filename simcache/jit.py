"""The one decorator that compiles every kernel, and a disk cache that never goes stale and never stops a simulation.

Numba's cache notices an edit to a kernel's own file, but not to a function or a constant it uses from
another file. So the cache lives in a folder named by a hash of every package file that holds compiled
code: edit one and all of them compile afresh.
"""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache, _CacheLocator
from numba.np import linalg

from .garbage import unsought
from .kept import fingerprint, place


def _spare_scipy() -> None:
    """Load Numba's array functions without SciPy's linear algebra, which takes .2 s, and which they look for then.

    It is there: we depend on SciPy. Where a product of matrices is compiled it is looked for again, and loaded.
    """
    name = "numba.np.arraymath"
    if name in sys.modules or not hasattr(linalg, "ensure_blas"):
        return
    ensure = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module(name).ensure_blas = ensure  # type: ignore[attr-defined]
    finally:
        linalg.ensure_blas = ensure


_spare_scipy()

Function = TypeVar("Function", bound=Callable[..., Any])
ROOM = 2**20  # bytes; more than any kernel takes


def compiled(function: Function, **more: Any) -> Function:
    """Compile `function` with Numba: no GIL, cached on disk where the package's own hash vouches for it.

    A function from outside the package is compiled uncached, since nothing here sees edits to the
    helpers it calls.

    Raises
    ------
    RuntimeError
        With Numba's compiler switched off: kernels hold instructions that Python does not have.
    """
    if getattr(numba.config, "DISABLE_JIT", 0):  # numba's stubs lack the name
        setting = "NUMBA_DISABLE_JIT=1 (in the environment, or as disable_jit in .numba_config.yaml)"
        raise RuntimeError(
            f"Numba must be free to compile for simcache, whose kernels are no plain Python; got {setting}"
        )
    if function.__module__.partition(".")[0] != __name__.partition(".")[0]:
        return cast(Function, numba.njit(nogil=True)(function))
    # Nothing here divides by what may be 0, nor is called from C: to see to that took a sixth of the time.
    options: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True, **more}
    kernel: Any = numba.njit(nogil=True, **options)(function)
    kernel._cache = _Kept(function) if place().folder else _Unkept()
    kernel.get_call_template = partial(_called, kernel.get_call_template)
    kernel.compile = partial(_made, kernel.compile)
    return cast(Function, kernel)


def inlined(function: Function) -> Function:
    """As `compiled`, for a line or two that kernels share: part of whoever calls it, compiled alone only for Python."""
    return compiled(function, inline="always")


def _made(compile: Callable[[Any], Any], kinds: Any) -> Any:
    """Load or compile without looking for garbage: the looks took a tenth of the time."""
    with unsought():
        return compile(kinds)


def _called(template: Callable[..., Any], args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
    """What compiled code calls: one function for all whole numbers, not one for each literal and width."""
    return template([_wide(kind) for kind in args], {name: _wide(kind) for name, kind in kws.items()})


def _wide(kind: Any) -> Any:
    kind = types.unliteral(kind)
    return types.int64 if kind in types.signed_domain else kind


class _Locator(_CacheLocator):
    """Where Numba finds the files of a kernel: in our folder and, unlike with its own locators, nowhere else."""

    def __init__(self, function: Any, file: str) -> None:
        self._line = function.__code__.co_firstlineno
        self._path = os.path.join(str(place().folder), self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Any, file: str) -> "_Locator":
        return cls(function, file)

    def get_cache_path(self) -> str:
        return self._path

    def get_source_stamp(self) -> str:
        return fingerprint()

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Files(CompileResultCacheImpl):
    def __init__(self, function: Any) -> None:
        self._locator_classes = [_Locator]
        super().__init__(function)


class _Kept(FunctionCache):
    """Numba's cache of one kernel. What cannot be loaded is compiled anew, what cannot be saved is used and dropped."""

    _impl_class = _Files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        folder, refused = place()
        found, damage = None, ""
        try:
            found = super().load_overload(sig, target_context)
        except Exception as error:  # bytes that are no pickle raise what they like
            damage = f"{type(error).__name__}: {error}"
            self._discard()
        if damage:
            _say("load", f"compiled kernels in {str(folder)!r} cannot be loaded and are compiled anew ({damage})")
        elif found is None and (fault := _fault()):
            _say("load", f"kernels are compiled for this process only: {str(folder)!r} takes no file ({fault})")
        elif refused:
            _say("load", f"{refused}; compiled kernels are kept in {str(folder)!r}")
        elif found is None and not any(Path(str(folder)).glob("*/*.nbi")):
            _say("load", f"compiling kernels, each once, when it is first used; they are kept in {str(folder)!r}")
        return found

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        # Numba's own takes a data file that cannot be read for one that another process is about to write.
        name = self._cache_file._load_index().get(self._index_key(sig, target_context.codegen()))
        with suppress(FileNotFoundError):
            return name and self._impl.rebuild(target_context, self._cache_file._load_data(name))

    def _discard(self) -> None:
        """Remove what is there under this kernel's names, so that it can be written again."""
        for path in Path(self.cache_path).glob(f"{glob.escape(self._impl.filename_base)}.*"):
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def save_overload(self, sig: Any, data: Any) -> None:
        if _fault():
            return
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say("save", f"a compiled kernel cannot be kept ({error})")


class _Unkept(NullCache):
    """In place of a disk cache where no folder can hold one: says so."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        why = place().refused or "there is no folder to keep them in"
        _say("load", f"kernels are compiled for this process only: {why}")


@cache
def _fault() -> str:
    """Why a file of a kernel's size cannot be written, a full disk or a quota, if it cannot."""
    try:
        with tempfile.TemporaryFile(dir=place().folder) as file:
            file.write(bytes(ROOM))
    except OSError as error:
        return str(error)
    return ""


_said: dict[str, str] = {}


def _say(kind: str, line: str) -> None:
    """One line on standard error, where there is one: once a process for each kind, not in the workers of one.

    Numba's lock is held while it asks its cache, so no two threads come here at once.
    """
    if kind in _said or parent_process() is not None:
        return
    _said[kind] = line
    with suppress(AttributeError, OSError, ValueError):  # none, broken, closed or too narrow
        sys.stderr.write(f"simcache: {' '.join(line.split())}\n")
        sys.stderr.flush()
