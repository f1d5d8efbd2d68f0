"""A user's kernel compiled from what it reaches now: Numba compiles once, and holds to what was reached then.

So a notebook's helper that was edited would have a new key, and the hits of the old code would be stored under it. A
generator runs as it is now, but for the compiled helpers that it calls.
"""

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from types import CellType, FunctionType
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

from ..bytecode import read
from ..codes import is_installed
from ..generators import Generator
from .grid import Grid

PACKAGE = __name__.partition(".")[0]


def afresh(grid: Grid, keys: list[str]) -> Grid:
    """The grid, each kernel that has no curve, which is its module's, compiled for the key of its policy."""
    policies = []
    for chosen, key in zip(grid.policies, keys, strict=True):
        policies.append(chosen if chosen.curve else chosen._replace(kernel=_compiled(chosen.kernel, key)))
    return grid._replace(policies=policies)


@lru_cache(64)
def _compiled(kernel: Any, key: str) -> Any:
    return _again(kernel, {})


def _again(value: Any, made: dict[int, Any]) -> Any:
    """A dispatcher anew, with all that it calls, and a function that reaches one; anything else as it is."""
    if isinstance(value, Generator):
        return replace(value, py_func=_again(value.py_func, made))
    if not _reaches_compiled(value, set()):
        return value
    if id(value) not in made:
        old = getattr(value, "py_func", value)
        names = dict(old.__globals__)
        cells = [CellType() for _ in old.__closure__ or ()]
        new = FunctionType(old.__code__, names, old.__name__, old.__defaults__, tuple(cells))
        new.__kwdefaults__, new.__module__, new.__qualname__ = old.__kwdefaults__, old.__module__, old.__qualname__
        made[id(value)] = numba.jit(**value.targetoptions)(new) if isinstance(value, Dispatcher) else new
        names |= {name: _again(names[name], made) for name in read(old.__code__).names if name in names}
        for cell, before in zip(cells, old.__closure__ or (), strict=True):
            with suppress(ValueError):  # not set yet
                cell.cell_contents = _again(before.cell_contents, made)
    return made[id(value)]


def _reaches_compiled(value: Any, seen: set[int]) -> bool:
    """Whether it is a dispatcher of the user's own, or a function that reaches one."""
    if isinstance(value, Dispatcher):
        return bool(value.py_func.__module__.partition(".")[0] != PACKAGE)
    if not isinstance(value, FunctionType) or is_installed(value.__code__.co_filename) or id(value) in seen:
        return False
    seen.add(id(value))
    reached = [value.__globals__[name] for name in read(value.__code__).names if name in value.__globals__]
    for cell in value.__closure__ or ():
        with suppress(ValueError):
            reached.append(cell.cell_contents)
    return any(_reaches_compiled(each, seen) for each in reached)
