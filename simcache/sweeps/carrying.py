"""Errors on their way from a worker: as bytes, so that one that cannot be unpickled takes no outcome with it."""

from collections.abc import Callable
from typing import Any

from distributed.protocol.pickle import dumps, loads

from ..cells import Cell
from .tasks import Outcome


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
