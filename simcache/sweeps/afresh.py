"""A user's kernel compiled from what it reaches now: Numba compiles once, and holds to what was reached then.

So a notebook's helper that was edited would have a new key, and the hits of the old code would be stored under it.
"""

from functools import lru_cache
from types import CellType, FunctionType
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

from ..bytecode import read
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
    """A dispatcher anew, with all that it calls; anything else, and what is this package's, as it is."""
    if not isinstance(value, Dispatcher) or value.py_func.__module__.partition(".")[0] == PACKAGE:
        return value
    if id(value) not in made:
        old = value.py_func
        names = dict(old.__globals__)
        cells = [CellType() for _ in old.__closure__ or ()]
        new = FunctionType(old.__code__, names, old.__name__, old.__defaults__, tuple(cells))
        new.__kwdefaults__, new.__module__, new.__qualname__ = old.__kwdefaults__, old.__module__, old.__qualname__
        made[id(value)] = numba.jit(**value.targetoptions)(new)
        names |= {name: _again(names[name], made) for name in read(old.__code__).names if name in names}
        for cell, before in zip(cells, old.__closure__ or (), strict=True):
            cell.cell_contents = _again(before.cell_contents, made)
    return made[id(value)]
