"""Rows of a sweep as its table: blocks of cells, each of one trace and one policy, in whole numbers; rates are derived.

A cell that failed has no counts: its `hits` is <NA>, its rates are NaN, and the column ``error``, there only where a
cell has one, says why.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .tables import column, rates
from .trace import COLUMNS
from .units import of_shares, unit_of


class Facts(NamedTuple):
    """What rows say of a trace: with sizes, also the bytes of its items and those of its accesses.

    Of one that could not be made, its call stands for its name, and the rest is None.
    """

    name: str
    n_items: int | None = None
    accesses: int | None = None
    warmup: int | None = None
    source: Mapping[str, Any] = MappingProxyType({})
    n_bytes: int | None = None
    accessed: int | None = None

    @property
    def is_made(self) -> bool:
        """Whether the trace could be made."""
        return self.n_items is not None

    def all_of(self, unit: str) -> int | None:
        """All that there is, in that unit."""
        return self.n_items if unit == "items" else self.n_bytes


class Cell(NamedTuple):
    """The outcome of one simulation: its capacity and its hits, in all, after the warm-up, in bytes; or an error."""

    capacity: int | None
    hits: int | None = None
    warm: int | None = None
    bytes: int | None = None
    error: str | None = None
    cause: Exception | None = None


class Block(NamedTuple):
    """Rows of one trace and policy: `of` fractions or capacities, `sizes` as they were asked for, and what they hit."""

    facts: Facts
    label: str
    of: str
    sizes: Sequence[Any]
    seeds: Sequence[int]
    capacities: Sequence[int | None]
    hits: Sequence[int | None]
    warm: Sequence[int | None]
    bytes: Sequence[int | None]
    errors: Sequence[str | None] | None = None


def block(
    facts: Facts, label: str, of: str, sizes: Sequence[Any], seeds: Sequence[int], cells: Sequence[Cell]
) -> Block:
    """A block of cells."""
    capacities, hits, warm, weight, errors, _ = zip(*cells, strict=True) if cells else ((),) * 6
    return Block(facts, label, of, sizes, seeds, capacities, hits, warm, weight, errors if any(errors) else None)


def blocks_table(blocks: Iterable[Block]) -> pd.DataFrame:
    """A row for each cell, in order: the columns of `tables`, those of the traces' sources, and ``error`` if needed."""
    columns: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "warm", "bytes", "all", "accessed", "error")}
    sources: dict[str, list[Any]] = {}
    rows = 0
    for facts, label, of, sizes, seeds, capacities, hits, warm, weight, errors in blocks:
        n = len(sizes)
        columns["trace"] += [facts.name] * n
        columns["policy"] += [label] * n
        columns["capacity"] += capacities
        columns["unit"] += [unit_of(of)] * n
        columns["fraction"] += sizes if of_shares(of) else [None] * n
        columns["seed"] += seeds
        columns["hits"] += hits
        columns["warm"] += warm
        columns["bytes"] += weight
        columns["error"] += errors or [None] * n
        columns["accesses"] += [facts.accesses] * n
        columns["warmup"] += [facts.warmup] * n
        columns["accessed"] += [facts.accessed] * n
        columns["all"] += [facts.all_of(unit_of(of))] * n
        for name, value in facts.source.items():
            known = sources.setdefault(name, [])
            known += [None] * (rows - len(known)) + [value] * n
        rows += n
    for known in sources.values():
        known += [None] * (rows - len(known))
    if any(columns["error"]):
        sources["error"] = columns["error"]
    derived = _derived(columns) if rows else {}
    return pd.DataFrame(
        {name: derived[name] if name in derived else column(columns[name], name) for name in COLUMNS}
        | {name: column(values, name) for name, values in sources.items()}
    )


def _derived(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """The columns that follow from the counts."""
    capacity, every, asked = (np.array(columns[name], np.float64) for name in ("capacity", "all", "fraction"))
    return {"fraction": np.where(np.isnan(asked), capacity / every, asked), **rates(columns)}
