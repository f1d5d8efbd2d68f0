"""What a sampler can reach: every object that may hold state it draws from, whatever it is called or wrapped in."""

import argparse
import collections
import dis
import functools
import gc
import itertools
import operator
import queue
import sys
import types
from collections.abc import Iterator
from multiprocessing import sharedctypes
from typing import Any

import numpy as np

Found = tuple[str, Any]  # where it is, as an expression, and the object itself

ATOMS = (bool, int, float, complex, str, bytes, range, type(None), np.generic, types.CodeType, types.ModuleType)
# Data sets are huge, and recording loads none of their items: of these the objects are followed, not the containers.
DATA = (".dataset", ".data_source")
MANY = (dict, list, tuple, set, frozenset, collections.deque, np.ndarray)
# Code that keeps no state of its own but its global generators, which are put back by name, and whose objects keep
# some of theirs in C, where it would no longer agree with what is put back.
KNOWN = frozenset({*sys.stdlib_module_names, "numba", "numpy", "pandas", "torch"})
HOLDERS = (
    argparse.Namespace, collections.UserDict, collections.UserList, queue.Queue, types.SimpleNamespace,
    sharedctypes.SynchronizedBase,
)  # fmt: skip
ITERATION = "utils.data.dataloader._BaseDataLoaderIter"
CODE = (types.FunctionType, type)
MISSING = object()


def reachable(roots: dict[str, Any]) -> Iterator[Found]:
    """Every object that can be reached from `roots` and may hold state, once.

    Followed are attributes, slots, the methods and attributes of classes, items of containers, closures, defaults,
    partial and bound functions, the frames of generators, and globals that a function names. Not followed are models,
    iterations over a loader, functions of packages that are installed, and of data sets what holds many things.
    """
    seen: dict[int, Any] = {}  # holds them, so that no number is used again
    waiting = collections.deque((where, it, False) for where, it in roots.items())
    while waiting:
        where, it, in_data = waiting.pop()
        if isinstance(it, ATOMS) or id(it) in seen or _known_code(it) or (in_data and _holds_many(where, it)):
            continue
        seen[id(it)] = it
        yield where, it
        if of_torch(it, "nn.Module") or of_torch(it, ITERATION):
            continue
        for name, child in _children(where, it):
            if in_data or _is_data(name, child):
                waiting.appendleft((name, child, True))  # after all else: it may be reached from elsewhere too
            else:
                waiting.append((name, child, False))


def _known_code(it: Any) -> bool:
    return isinstance(it, CODE) and known(it)


def _is_data(where: str, it: Any) -> bool:
    return of_torch(it, "utils.data.Dataset") or (where.endswith(DATA) and hasattr(it, "__getitem__"))


def _holds_many(where: str, it: Any) -> bool:
    attributes = isinstance(it, dict) and where.endswith(".")
    return (isinstance(it, MANY) and not attributes) or of_torch(it, "Tensor") or is_iterator(it)


def of_torch(it: Any, name: str) -> bool:
    """Whether it is of that class of PyTorch's. An object of torch's has loaded it; nothing else may."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(it, operator.attrgetter(name)(torch))


def is_iterator(it: Any) -> bool:
    """Whether it is one of Python's own iterators, whose place nobody can set back."""
    return hasattr(type(it), "__next__") and (not hasattr(it, "__dict__") or isinstance(it, types.GeneratorType))


def _children(where: str, it: Any) -> Iterator[Found]:
    if isinstance(it, dict):
        yield from _items(where, it)
    elif isinstance(it, MANY):
        if not set(map(type, inside := members(it))) <= set(ATOMS):
            yield from ((f"{where}[{k}]", each) for k, each in enumerate(inside))
    elif isinstance(it, types.FunctionType):
        yield from ((f"{where} {name}", value) for space, name in named(it) for value in [space[name]] if _open(value))
        yield f"{where} closure", it.__closure__
        yield f"{where} defaults", [it.__defaults__, it.__kwdefaults__]
    elif isinstance(it, types.CellType):
        if (value := contents(it)) is not MISSING:
            yield where, value
    elif isinstance(it, functools.partial):
        yield from ((where, it.func), (where, it.args), (where, it.keywords))
    elif isinstance(it, types.MethodType | types.BuiltinMethodType | types.MethodWrapperType):
        yield from ((where, it.__self__), (where, getattr(it, "__func__", None)))
    elif isinstance(it, staticmethod | classmethod):
        yield where, it.__func__
    elif isinstance(it, property):
        yield from ((where, it.fget), (where, it.fset))
    elif isinstance(it, functools.cached_property):
        yield where, it.func
    elif isinstance(it, type):
        yield from ((f"{where}.{name}", value) for name, value in vars(it).items() if not name.startswith("__weakref"))
    elif isinstance(it, np.random.Generator):
        yield where, it.bit_generator
    elif is_iterator(it):
        yield from ((where, each) for each in gc.get_referents(it) if not isinstance(each, CODE))
    if isinstance(it, HOLDERS) or not known(type(it)) or type(it).__module__.startswith("torch.utils.data"):
        yield from _parts(where, it)


def _parts(where: str, it: Any) -> Iterator[Found]:
    """Attributes, slots and classes of an object."""
    if isinstance(own := getattr(it, "__dict__", None), dict):
        yield f"{where}.", own
    yield from ((f"{where}.{slot.__name__}", value) for slot, value in slots(it) if value is not MISSING)
    yield from ((type(it).__name__, each) for each in type(it).__mro__ if not known(each))


def _items(where: str, it: dict[Any, Any]) -> Iterator[Found]:
    for key, value in members(it):
        under_way = key == "_iterator" and of_torch(value, ITERATION)  # a loader's own, left alone
        if not (under_way or isinstance(value, ATOMS)):
            yield f"{where}{key}" if where.endswith(".") else f"{where}[{key!r}]", value


def named(function: types.FunctionType) -> Iterator[tuple[dict[str, Any], str]]:
    """Globals that a function's code names, and of modules of the user's the attributes that it may: (where, name)."""
    known_names: set[str] = set()
    for code in _codes(function.__code__):
        known_names.update(code.co_names)
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_GLOBAL", "STORE_GLOBAL") and step.argval in function.__globals__:
                yield function.__globals__, step.argval
    for name in known_names & set(function.__globals__):
        module = function.__globals__[name]
        if isinstance(module, types.ModuleType) and module.__name__.partition(".")[0] not in KNOWN:
            yield from ((vars(module), each) for each in known_names & set(vars(module)))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    yield from itertools.chain.from_iterable(_codes(each) for each in code.co_consts if isinstance(each, type(code)))


def slots(it: Any) -> Iterator[tuple[types.MemberDescriptorType, Any]]:
    """The slots of an object, and what is in them."""
    for each in type(it).__mro__:
        if "__slots__" in vars(each):
            members = (value for value in vars(each).values() if isinstance(value, types.MemberDescriptorType))
            for slot in members:
                try:
                    yield slot, slot.__get__(it)
                except AttributeError:
                    yield slot, MISSING


def contents(cell: types.CellType) -> Any:
    """What is in a cell, if anything."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def known(it: Any) -> bool:
    """Whether a class or function is one of those that keep no state to be put back."""
    return str(getattr(it, "__module__", "")).partition(".")[0] in KNOWN


def _open(value: Any) -> bool:
    """Whether a global is to be followed: code is not where it is of an installed package."""
    if not isinstance(value, CODE):
        return True
    file = str(getattr(sys.modules.get(str(value.__module__)), "__file__", None))
    return not ("site-packages" in file or "dist-packages" in file)


def members(it: Any) -> list[Any]:
    """What a container holds, of a dict its items, whatever a class of the user's makes of iterating over it."""
    if isinstance(it, np.ndarray):
        return np.asarray(it).ravel().tolist() if it.dtype == object else []
    base: Any = next(kind for kind in (collections.OrderedDict, *MANY) if isinstance(it, kind))
    return list(base.items(it) if isinstance(it, dict) else base.__iter__(it))
