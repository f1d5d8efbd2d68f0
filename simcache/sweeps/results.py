"""The cells of a grid as they come in, from a store and from tasks, and the table that they are in the end."""

import traceback
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..cells import Block, Cell, Facts, block, blocks_table
from ..trace import Trace
from .grid import Grid, described, tell_apart
from .tasks import Found, facts_of


class Results:
    """What is known of each cell of a grid, by the numbers of trace and policy, the seed, and the size as asked for."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._facts: dict[int, Facts] = {}
        self._named: dict[Any, int] = {}
        self._cells: dict[tuple[int, int, int], dict[Any, Cell]] = {}
        for i, source in enumerate(grid.sources):
            if isinstance(source, Trace):
                self.tell(i, facts_of(source, grid.warmup))

    @property
    def n_cells(self) -> int:
        """The cells asked for, each once."""
        return sum(len(set(cells)) for _, _, cells in self._grid.rows())

    def tell(self, i: int, facts: Facts | None) -> None:
        """Say what trace `i` is, now that it is made; refused where another is the same."""
        if facts is not None and i not in self._facts:
            self._facts[i] = facts
            tell_apart(facts.name, facts.source, i, self._named)

    def facts(self, i: int) -> Facts:
        """What is known of trace `i`."""
        return self._facts.get(i) or Facts(described(self._grid.sources[i]))

    def add(self, i: int, found: Found) -> None:
        """Take in cells of trace `i`."""
        for cell in found.cells.values():
            if cell.cause is not None:
                traceback.clear_frames(cell.cause.__traceback__)  # they hold the trace
        self._cells.setdefault((i, found.policy, found.seed), {}).update(found.cells)

    def missing(self) -> dict[tuple[int, int], list[tuple[Any, int]]]:
        """Size and seed of each cell that is not known yet, each once, by trace and policy."""
        return {
            (i, j): [(size, seed) for size, seed in dict.fromkeys(cells) if size not in self._of(i, j, seed)]
            for i, j, cells in self._grid.rows()
        }

    def errors(self) -> list[Cell]:
        """The cells that failed, in order."""
        return [cell for _, _, _, cells in self._there() for cell in cells if cell.error is not None]

    def table(self) -> pd.DataFrame:
        """A row for each cell that is known."""
        return blocks_table(self._blocks())

    def _of(self, i: int, j: int, seed: int) -> dict[Any, Cell]:
        return self._cells.get((i, j, seed), {})

    def _there(self) -> Iterator[tuple[int, int, list[tuple[Any, int]], list[Cell]]]:
        """For each trace and policy, by number, the sizes and seeds of what is known, and the cells."""
        for i, j, cells in self._grid.rows():
            there = [(size, seed) for size, seed in cells if size in self._of(i, j, seed)]
            yield i, j, there, [self._of(i, j, seed)[size] for size, seed in there]

    def _blocks(self) -> Iterator[Block]:
        for i, j, there, cells in self._there():
            sizes, seeds = [size for size, _ in there], [seed for _, seed in there]
            yield block(self.facts(i), self._grid.policies[j].label, self._grid.of, sizes, seeds, cells)
