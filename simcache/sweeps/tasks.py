"""What is run for a grid: tasks of one trace and a few replays each, the same on a thread and on a worker."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from ..cells import Cell, Facts
from ..counting import count_hits, count_row, has_one_pass, row_length, rows
from ..lanes import LANES
from ..policies import Ids
from ..simulation import Chosen, dense_sized
from ..sums import Sizes
from ..tables import warmup_of
from ..text import printable
from ..trace import Trace
from ..units import capacity_of, everything, unit_of
from .grid import Grid, Source, made

MOST = 32  # replays in a task


class Stop(Protocol):
    """Whether somebody asked to stop, as a `threading.Event`."""

    def is_set(self) -> bool: ...  # noqa: D102
    def set(self) -> None: ...  # noqa: D102


class Part(NamedTuple):
    """Cells of one policy (its number in the grid) and seed: a replay each, a pass for rows of them, or one for all."""

    policy: int
    seed: int
    sizes: list[Any]
    way: Literal["each", "rows", "all"]


class Task(NamedTuple):
    """Parts of one trace, by its number in the grid; `alone` where no other task needs the trace."""

    trace: int
    parts: list[Part]
    alone: bool


class Found(NamedTuple):
    """The cells of a part that have ended, by their sizes."""

    policy: int
    seed: int
    cells: dict[Any, Cell]


class Outcome(NamedTuple):
    """What a task found; no facts where the trace could not be made, or was not, since somebody asked to stop."""

    facts: Facts | None
    found: list[Found]


Ended = tuple[Task, Outcome] | None  # what engines give: a task that has ended, or nothing for a while


def split(grid: Grid, missing: dict[tuple[int, int], list[tuple[Any, int]]], workers: int) -> list[Task]:
    """Tasks for the cells that are missing: (size, seed) by the numbers of trace and policy.

    A task has as many replays as leave each worker a few tasks, and not more than MOST.
    """
    replays: dict[int, list[Part]] = {}
    free = workers // max(1, len(missing))
    for (i, j), cells in missing.items():
        source = grid.sources[i]
        weighed = isinstance(source, Trace) and source.sizes is not None  # of others it is known once they are made
        replays.setdefault(i, []).extend(_parts(grid.policies[j], j, list(dict.fromkeys(cells)), free, weighed))
    total = sum(map(len, replays.values()))
    most = min(MOST, max(1, math.ceil(total / (8 * max(1, workers)))))
    return [
        Task(i, _joined(each[at : at + most]), alone=len(each) <= most)
        for i, each in replays.items()
        for at in range(0, len(each), most)
    ]


def _parts(chosen: Chosen, j: int, cells: Sequence[tuple[Any, int]], workers: int, weighed: bool) -> list[Part]:
    """The least parts of what is missing of one trace and policy."""
    if cells and has_one_pass(chosen, len(cells), sizes_given=True, weighed=weighed):
        return [Part(j, cells[0][1], [size for size, _ in cells], "all")]
    sizes: dict[int, list[Any]] = {}
    for size, seed in cells:
        sizes.setdefault(seed, []).append(size)
    lengths = {seed: row_length(chosen, len(some), workers, weighed) for seed, some in sizes.items()}
    if max(lengths.values(), default=1) == 1:
        return [Part(j, seed, [size], "each") for size, seed in cells]
    return [
        Part(j, seed, sorted(some)[at : at + lengths[seed]], "rows")
        for seed, some in sizes.items()
        for at in range(0, len(some), lengths[seed])
    ]


def _joined(replays: Sequence[Part]) -> list[Part]:
    """Replays of one policy and seed as one part."""
    parts: dict[Any, Part] = {}
    for replay in replays:
        part = parts.setdefault(replay[:2], replay._replace(sizes=[]))
        part.sizes.extend(replay.sizes)
    return list(parts.values())


def work(
    source: Source, task: Task, policies: Mapping[int, Chosen | Exception], of: str, warmup: int | None, stop: Stop
) -> Outcome:
    """Run a task: make its trace and count each part, looking between two replays whether to stop.

    What fails is the outcome of its own cells; an error in place of a policy is that of all of the policy's cells.
    """
    facts, found = None, []
    try:
        if stop.is_set():
            return Outcome(None, [])
        trace = made(source)
        facts = facts_of(trace, warmup)
        every = everything(trace, unit_of(of))
        ids, n_items, sizes = dense_sized(trace)
        for part in task.parts:
            capacities = {size: capacity_of(size, of, every) for size in part.sizes}
            found.append(Found(part.policy, part.seed, {}))
            cells = found[-1].cells
            chosen = policies[part.policy]
            if isinstance(chosen, Exception):
                cells.update({size: failed_cell(chosen, capacity) for size, capacity in capacities.items()})
            elif part.way == "all" and sizes is None:
                cells.update(_in_one_pass(chosen, ids, n_items, capacities, part.seed, facts))
            else:
                length = LANES if part.way == "rows" and sizes is None else 1
                for row in _cut(capacities, length, n_items, len(trace)):
                    if stop.is_set():
                        return Outcome(facts, found)
                    cells.update(_in_a_row(chosen, ids, n_items, row, part.seed, facts, sizes))
    except KeyboardInterrupt:
        stop.set()
    except Exception as error:
        return failed(task, error)
    return Outcome(facts, found)


def facts_of(trace: Trace, warmup: int | None) -> Facts:
    """What rows say of a trace."""
    about = trace.name, trace.n_items, len(trace), warmup_of(trace, warmup), dict(trace.source or {})
    return Facts(*about, trace.n_bytes, trace.bytes_accessed)


def _in_one_pass(
    chosen: Chosen, ids: Ids, n_items: int, capacities: dict[Any, int], seed: int, facts: Facts
) -> dict[Any, Cell]:
    try:
        sizes = np.array(list(capacities.values()), np.int64)
        totals, warms, _ = count_hits(chosen, ids, n_items, sizes, seed, facts.warmup or 0, True, chosen.label)
    except Exception as error:
        return {size: failed_cell(error, capacity) for size, capacity in capacities.items()}
    cells = map(Cell, capacities.values(), totals.tolist(), warms.tolist())
    return dict(zip(capacities, cells, strict=True))


def _cut(capacities: dict[Any, int], length: int, *counts: int) -> list[dict[Any, int]]:
    """Cells that are counted together."""
    asked = list(capacities.items())
    places = rows(np.array([capacity for _, capacity in asked], np.int64), length, *counts)
    return [dict(asked[place] for place in row) for row in places]


def _in_a_row(
    chosen: Chosen, ids: Ids, n_items: int, capacities: dict[Any, int], seed: int, facts: Facts, sizes: Sizes | None
) -> dict[Any, Cell]:
    try:
        row = np.array(list(capacities.values()), np.int64)
        counts = count_row(chosen, ids, n_items, row, seed, facts.warmup or 0, sizes)
    except Exception as error:
        return {size: failed_cell(error, capacity) for size, capacity in capacities.items()}
    return {size: Cell(capacity, *count) for (size, capacity), count in zip(capacities.items(), counts, strict=True)}


def failed(task: Task, error: Exception) -> Outcome:
    """The outcome where no part could begin."""
    return unmade(task, failed_cell(error))


def unmade(task: Task, cell: Cell) -> Outcome:
    """The outcome where a trace could not be made, or no more is known, as `cell` says."""
    return Outcome(None, [Found(part.policy, part.seed, dict.fromkeys(part.sizes, cell)) for part in task.parts])


def failed_cell(error: Exception, capacity: int | None = None) -> Cell:
    """A cell that ended in an error."""
    try:
        first = printable(str(error).strip().partition("\n")[0])
    except Exception:
        first = "it has no words"
    return Cell(capacity, error=f"{type(error).__name__}: {first}"[:1000], cause=error)
