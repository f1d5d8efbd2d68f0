"""row(): one simulation -> one table row; and how rows become a table.

Columns: ``trace``, ``policy`` (label), ``capacity`` (items), ``fraction`` (of n_items), ``seed`` (the policy's),
``accesses``, ``hits`` (<NA> in an estimate), ``hit_rate`` (of all accesses, cold misses counted), ``warmup``
(accesses left out of the next), ``hit_rate_warm``, ``low`` and ``high`` (equal to hit_rate in an exact row; of an
estimate, a nominal 95 % band), ``exact``; then one column for each key of the traces' `source`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .policies import Hits
from .trace import COLUMNS, Trace, whole

NAN = float("nan")


def warmup_of(trace: Trace, warmup: int | None) -> int:
    """Accesses left out of hit_rate_warm: as given, or the first epoch where there are two or more, or none."""
    if warmup is None:
        return trace.epochs[1] if len(trace.epochs) > 1 else 0
    return whole(warmup, "warmup", 0, where=f" for trace {trace.name!r}", unit=" of accesses")


def row(trace: Trace, label: str, capacity: int, fraction: float, seed: int, warmup: int, hits: Hits) -> dict[str, Any]:
    """The row of one simulation, from its hits, shape (n_accesses,)."""
    total = int(np.count_nonzero(hits))
    warm = int(np.count_nonzero(hits[warmup:]))
    return counted_row(trace, label, capacity, fraction, seed, warmup, total, warm)


def counted_row(
    trace: Trace, label: str, capacity: int, fraction: float, seed: int, warmup: int, total: int, warm: int
) -> dict[str, Any]:
    """The row of one simulation, from its count of hits, and of hits after the warm-up."""
    n = len(trace)
    rate = total / n
    return {
        "trace": trace.name,
        "policy": label,
        "capacity": capacity,
        "fraction": fraction,
        "seed": seed,
        "accesses": n,
        "hits": total,
        "hit_rate": rate,
        "warmup": warmup,
        "hit_rate_warm": warm / (n - warmup) if warmup < n else NAN,
        "low": rate,
        "high": rate,
        "exact": True,
        **(trace.source or {}),
    }


def estimated_row(
    trace: Trace,
    label: str,
    capacity: int,
    fraction: float,
    seed: int,
    warmup: int,
    rate: float,
    half_width: float,
) -> dict[str, Any]:
    """The row of a capacity whose hit rate is estimated from a sample, with a band of that half width."""
    return {
        **counted_row(trace, label, capacity, fraction, seed, warmup, 0, 0),
        "hits": None,
        "hit_rate": min(max(rate, 0.0), 1.0),
        "hit_rate_warm": NAN,
        "low": max(rate - half_width, 0.0),
        "high": min(rate + half_width, 1.0),
        "exact": False,
    }


def table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a tidy table: the columns above, then every source column; what a row lacks is missing."""
    sources = list(dict.fromkeys(key for r in rows for key in r if key not in COLUMNS))
    frame = pd.DataFrame({name: _column([r.get(name) for r in rows], name) for name in (*COLUMNS, *sources)})
    return frame


def _column(values: list[Any], name: str) -> "pd.Series[Any]":
    if name == "hits":
        return pd.Series(values, dtype="Int64")
    if name == "seed":
        return pd.Series(values, dtype="uint64" if max(values, default=0) > 2**63 - 1 else "int64")
    present = [v for v in values if v is not None]
    if len(present) < len(values):
        if all(isinstance(v, int) and not isinstance(v, bool) for v in present):
            return pd.Series(values, dtype="Int64")
        values = [NAN if v is None else v for v in values]
    return pd.Series(values)


def default_capacities(n_items: int, points: int = 100) -> list[int]:
    """About `points` distinct sizes, log-spaced from 1 to n_items."""
    exponents = np.linspace(0, math.log(n_items), points) if n_items > 1 else np.zeros(1)
    sizes = np.unique(np.round(np.exp(exponents)).astype(np.int64))
    return [int(size) for size in np.minimum(sizes, n_items)]
