"""What travels as bytes: errors from a worker, one of which may be unreadable; and policies of the user's own.

Those would travel as the name of a module, or reach one by its name, that workers need not have.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numba.cloudpickle
from distributed.protocol.pickle import cloudpickle, dumps, loads

from ..cells import Cell
from ..simulation import Chosen
from .portable import PACKAGE, Named, unpacked
from .tasks import Outcome


class Coded(NamedTuple):
    """A policy as its code."""

    data: bytes


def coded(policy: Chosen | Named) -> Chosen | Named | Coded:
    """A policy as it travels: one that has no name here, with all that it reaches of its module and of those beside."""
    if isinstance(policy, Named):
        return policy
    try:
        with _by_value(_beside(policy.kernel.py_func)):  # type: ignore[attr-defined]
            return Coded(cloudpickle.dumps(policy))  # Dask's own `dumps` would prefer names
    except Exception:  # what they hold cannot be pickled: workers must have them
        return policy


def decoded(policy: Chosen | Named | Coded) -> Chosen | Exception:
    """A policy where it has arrived, or why it is refused."""
    if not isinstance(policy, Coded):
        return unpacked(policy)
    try:
        return _loaded(policy.data)
    except Exception as error:
        return error


@lru_cache(64)
def _loaded(data: bytes) -> Chosen:
    return loads(data)  # type: ignore[no-any-return]


def _beside(function: Any) -> list[ModuleType]:
    """The module of a function, and others of its package or folder."""
    name = str(function.__module__)
    root = name.partition(".")[0]
    if root == PACKAGE or name not in sys.modules:
        return []
    folder = Path(str(getattr(sys.modules[name], "__file__", None) or "/nowhere/none")).parent
    return [
        module
        for other, module in list(sys.modules.items())
        if other.partition(".")[0] == root or Path(str(getattr(module, "__file__", None) or "")).parent == folder
    ]


@contextmanager
def _by_value(modules: list[ModuleType]) -> Iterator[None]:
    """Have these modules pickled as what is in them, by Dask and by Numba, which has a pickle of its own."""
    with ExitStack() as stack:
        for each in (cloudpickle, numba.cloudpickle):
            known = each.list_registry_pickle_by_value()
            for module in modules:
                if module.__name__ not in known:
                    each.register_pickle_by_value(module)
                    stack.callback(each.unregister_pickle_by_value, module)
        yield


def carried(outcome: Outcome) -> Outcome:
    """An outcome as it travels."""
    return _changed(outcome, packed)


def arrived(outcome: Outcome) -> Outcome:
    """An outcome that has arrived."""
    return _changed(outcome, _opened)


def packed(cell: Cell) -> Cell:
    """A cell that failed, its error as bytes, none where it cannot be pickled."""
    try:
        cause: Any = dumps(cell.cause)
    except Exception:
        cause = b""
    return cell._replace(cause=cause)


def _opened(cell: Cell) -> Cell:
    """The cell with its error, or with the error's words alone."""
    try:
        cause: Any = loads(cell.cause)
    except Exception:
        cause = None
    return cell._replace(cause=cause if isinstance(cause, Exception) else RuntimeError(cell.error))


def _changed(outcome: Outcome, change: Callable[[Cell], Cell]) -> Outcome:
    found = [
        each._replace(cells={size: cell if cell.error is None else change(cell) for size, cell in each.cells.items()})
        for each in outcome.found
    ]
    return outcome._replace(found=found)
