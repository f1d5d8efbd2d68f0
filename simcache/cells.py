"""Rows of a sweep as its table: blocks of cells, each of one trace and one policy, in whole numbers; rates are derived.

A cell that failed has no counts: its `hits` is <NA>, its rates are NaN, and the column ``error``, there only where a
cell has one, says why.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .tables import NAN, column
from .trace import COLUMNS


class Facts(NamedTuple):
    """What rows say of a trace. Of one that could not be made, its call stands for its name, and the rest is None."""

    name: str
    n_items: int | None = None
    accesses: int | None = None
    warmup: int | None = None
    source: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_made(self) -> bool:
        """Whether the trace could be made."""
        return self.n_items is not None


class Cell(NamedTuple):
    """The outcome of one simulation: the capacity in items, and its hits, in all and after the warm-up; or an error."""

    capacity: int | None
    hits: int | None
    warm: int | None
    error: str | None = None
    cause: Exception | None = None


class Block(NamedTuple):
    """Rows of one trace and policy: of `sizes`, fractions or capacities as they were asked for, and what they hit."""

    facts: Facts
    label: str
    of: str
    sizes: Sequence[Any]
    seeds: Sequence[int]
    capacities: Sequence[int | None]
    hits: Sequence[int | None]
    warm: Sequence[int | None]
    errors: Sequence[str | None] | None = None


def block(
    facts: Facts, label: str, of: str, sizes: Sequence[Any], seeds: Sequence[int], cells: Sequence[Cell]
) -> Block:
    """A block of cells."""
    capacities, hits, warm, errors, _ = zip(*cells, strict=True) if cells else ((),) * 5
    return Block(facts, label, of, sizes, seeds, capacities, hits, warm, errors if any(errors) else None)


def blocks_table(blocks: Iterable[Block]) -> pd.DataFrame:
    """A row for each cell, in order: the columns of `tables`, those of the traces' sources, and ``error`` if needed."""
    columns: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "warm", "n_items", "error")}
    sources: dict[str, list[Any]] = {}
    rows = 0
    for facts, label, of, sizes, seeds, capacities, hits, warm, errors in blocks:
        n = len(sizes)
        columns["trace"] += [facts.name] * n
        columns["policy"] += [label] * n
        columns["capacity"] += capacities
        columns["fraction"] += sizes if of == "fractions" else [None] * n
        columns["seed"] += seeds
        columns["hits"] += hits
        columns["warm"] += warm
        columns["error"] += errors or [None] * n
        columns["accesses"] += [facts.accesses] * n
        columns["warmup"] += [facts.warmup] * n
        columns["n_items"] += [facts.n_items] * n
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
    """The columns that follow from the counts: NaN where there are none; so is a warm rate after a warm-up of all."""
    hits, warm, accesses, warmup, n_items, capacity, asked = (
        np.array(columns[name], np.float64)
        for name in ("hits", "warm", "accesses", "warmup", "n_items", "capacity", "fraction")
    )
    rate = hits / accesses
    warm_rate = np.divide(warm, accesses - warmup, out=np.full(rate.shape, NAN), where=accesses > warmup)
    fraction = np.where(np.isnan(asked), capacity / n_items, asked)
    return {
        "fraction": fraction,
        "hit_rate": rate,
        "hit_rate_warm": warm_rate,
        "low": rate,
        "high": rate,
        "exact": ~np.isnan(rate),
    }
