"""The code that a function reaches, as one hash: two that are equal compute the same from the same arguments.

Code is bytecode with its constants, names and defaults, without docstrings, comments and line numbers: of the function
and of all functions, classes, constants and arrays that it reaches in its own package, in this one, in a notebook, or
in any file that no installer put there. What is installed counts by its name. A list, a dict or an object that the
code itself changes, such as a counter, is no constant.
"""

import copyreg
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path, PurePath
from random import Random
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numba import types

from .bytecode import as_text, read
from .trace import Trace

HERE = __name__.partition(".")[0]
KNOWN = {*sys.stdlib_module_names, "numpy", "scipy"}  # what is of their classes holds no more than it says


def code_key(function: Any) -> str:
    """The hash of a function, a class or a compiled kernel, and of all that it reaches."""
    walk = _Walk(_home(function))
    walk.value(function)
    return walk.digest.hexdigest()


def value_key(value: Any) -> str:
    """The hash of a value: a number, a text, an array (sparse too), a trace, a tuple of them."""
    walk = _Walk(HERE)
    walk.value(value)
    return walk.digest.hexdigest()


class _Walk:
    """A hash that takes in values one by one, each object once and then by its number."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.digest = sha256()
        self.seen: dict[int, tuple[int, Any]] = {}  # the objects too, so that no other takes their place
        self.asked: set[tuple[int, tuple[str, ...]]] = set()  # modules, and what was asked of them

    def add(self, *words: Any) -> None:
        for word in words:
            text = str(word).encode("utf-8", "surrogatepass")
            self.digest.update(b"%d:%b" % (len(text), text))

    def value(self, value: Any, asked: tuple[str, ...] = (), constant: bool = True) -> None:
        """Take in a value; of a module only what is asked for, of what the code changes only its code."""
        value = _bare(value)
        if not constant and not isinstance(value, FunctionType | MethodType | ModuleType | type):
            self.add("changed")
        elif value is None or isinstance(value, bool | int | float | complex | str | bytes | type(...)):
            self.add(as_text(value))
        elif isinstance(value, np.generic):
            self.add(value.dtype.str, value.tobytes().hex() if not value.dtype.hasobject else value)
        elif isinstance(value, PurePath):
            self.add("path", value)
        elif isinstance(value, tuple):  # equal ones may be one object, or not
            self.add("tuple", len(value))
            self._kind(value, tuple)
            self._each(value)
        elif isinstance(value, ModuleType):  # each time for what is asked of it
            self._module(value, asked)
        elif id(value) in self.seen:
            self.add("again", self.seen[id(value)][0])
        else:
            self.seen[id(value)] = (len(self.seen), value)
            self._object(value, constant)

    def _object(self, value: Any, constant: bool) -> None:
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value, constant)
        elif isinstance(value, MethodType):
            self.add("method")
            self.value(value.__func__)
            self.value(value.__self__, (), constant)
        elif isinstance(value, Trace):
            self.add("trace", value.n_items, value.name, value.epochs, sorted((value.source or {}).items()))
            self.value(np.asarray(value.ids))
            if value.sizes is not None:
                self.value(np.asarray(value.sizes))
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif scipy.sparse.issparse(value):
            self._sparse(value)
        elif hasattr(type(value), "__array__"):  # a tensor, a frame
            self.add(type(value).__qualname__)
            labels = [np.asarray(getattr(value, name)) for name in ("index", "columns") if _has_labels(value, name)]
            self._each([*labels, np.asarray(value)])
        elif isinstance(value, partial):
            self._each([value.func, value.args, value.keywords])
        elif isinstance(value, list):
            self.add("list", len(value))
            self._kind(value, list)
            self._each(value)
        elif isinstance(value, Mapping):
            self.add("mapping", len(value))
            self._kind(value, dict)
            self._each([part for pair in value.items() for part in pair])
        elif isinstance(value, set | frozenset):
            self.add("set", *sorted(value_key(part) for part in value))
        else:
            self.value(type(value))
            if self._is_own(type(value).__module__, "") or _root(type(value)) in KNOWN:
                self._state(value)
            elif isinstance(value, types.Type):
                self.add(value)

    def _kind(self, value: Any, plain: type) -> None:
        if type(value) is not plain:
            self.value(type(value))

    def _state(self, value: Any) -> None:
        """Take in what an object would be copied with; what running uses up, such as a generator, is no constant."""
        if isinstance(value, np.random.Generator):
            seeds: Any = value.bit_generator.seed_seq
            self._each([getattr(seeds, "entropy", None), getattr(seeds, "spawn_key", None)])
        if isinstance(value, Iterator | Random | np.random.Generator | np.random.RandomState):
            return
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                copied: Any = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:  # it cannot be copied
            copied = None, getattr(value, "__dict__", None)
        for part in (getattr(value, "__module__", None), copied) if isinstance(copied, str) else copied:
            if isinstance(part, dict):
                cached = {name for name in part if isinstance(getattr(type(value), str(name), None), cached_property)}
                part = {name: part[name] for name in part if name != "__doc__" and name not in cached} or None
            self.value(list(part) if isinstance(part, Iterator) else part)

    def _each(self, values: Any) -> None:
        for value in values:
            self.value(value)

    def _function(self, function: FunctionType) -> None:
        if not self._is_own(function.__module__, function.__code__.co_filename):
            self.add("function", function.__module__, function.__qualname__)
            return
        code = read(function.__code__)
        self.add("code", code.text)
        self._each([function.__defaults__, function.__kwdefaults__])
        reached = {name: function.__globals__[name] for name in code.names if name in function.__globals__}
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                reached[name] = cell.cell_contents
            except ValueError:  # not set yet
                continue
        for name, value in reached.items():
            self.add(name)
            self.value(value, code.attributes, name not in code.changed)
        for name in code.imports:
            if module := self._imported(name, str(function.__globals__.get("__package__") or "")):
                self.value(module, code.attributes)

    def _imported(self, name: str, package: str) -> ModuleType | None:
        """The module that a function imports as it runs, where it is looked into."""
        try:
            whole = resolve_name(name, package)
            if not self._is_own(whole, getattr(find_spec(whole.partition(".")[0]), "origin", None) or "built-in"):
                return None
            return import_module(whole)
        except ImportError:  # so the function will say
            return None

    def _module(self, module: ModuleType, asked: tuple[str, ...]) -> None:
        self.add("module", module.__name__.partition(".")[0])
        new = (id(module), asked) not in self.asked
        self.asked.add((id(module), asked))
        if new and self._is_own(module.__name__, getattr(module, "__file__", None) or ""):
            for name in asked:
                if name in vars(module):
                    self.add(name)
                    self.value(vars(module)[name], asked)

    def _class(self, kind: type, constant: bool) -> None:
        if kind is Trace or not self._is_own(kind.__module__, ""):
            self.add("class", kind.__module__, kind.__qualname__)
            return
        self.add("class", len(kind.__bases__))
        self._each(kind.__bases__)
        for name, value in sorted(vars(kind).items()):
            inner = _bare(value)
            if isinstance(inner, FunctionType | property) or (constant and not name.startswith("__")):
                self.add(name)
                self._each([inner.fget, inner.fset, inner.fdel] if isinstance(inner, property) else [inner])

    def _sparse(self, matrix: Any) -> None:
        rows = matrix.tocsr(copy=True)
        rows.sum_duplicates()
        self.add("sparse", rows.shape)
        self._each([rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data])

    def _array(self, array: Any) -> None:
        self.add("array", array.dtype.str if array.dtype.names is None else array.dtype.descr, array.shape)
        if isinstance(array, np.ma.MaskedArray):
            self.value(np.ma.getmaskarray(array))
            array = array.filled(0)
        if array.dtype.hasobject:
            self.value(array.ravel().tolist())
        else:
            self.digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))  # type: ignore[arg-type]

    def _is_own(self, module: str | None, file: str) -> bool:
        """Whether code is looked into: what an installer put there is known by its name."""
        root = str(module).partition(".")[0]
        if root in (self.home, HERE, "__main__"):
            return True
        return bool(file := file or _file(root)) and not is_installed(file)


def _has_labels(value: Any, name: str) -> bool:
    return isinstance(value, pd.DataFrame) or (isinstance(value, pd.Series) and name == "index")


def _file(module: str) -> str:
    return getattr(sys.modules.get(module), "__file__", None) or ""


@lru_cache(4096)
def is_installed(file: str) -> bool:
    """Whether an installer, or Python's own, put that file there."""
    parts = Path(file).parts
    return (
        file.startswith(("<frozen", "built-in", "frozen", sysconfig.get_path("stdlib")))
        or "site-packages" in parts
        or "dist-packages" in parts
    )


def _home(function: Any) -> str:
    """The package that a function is of."""
    return _root(_bare(function))


def _root(value: Any) -> str:
    return str(getattr(value, "__module__", "")).partition(".")[0]


def _bare(value: Any) -> Any:
    """The Python function behind what compiles, wraps or binds it."""
    if not isinstance(value, type | ModuleType | FunctionType):  # a function in Python's reaches what it wraps
        for name in ("py_func", "_defn", "__wrapped__"):
            if callable(inner := getattr(value, name, None)):
                return _bare(inner)
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value
