"""What every table has: its columns, and how those of a curve, or of several tables, are made.

Columns: ``trace``, ``policy`` (label), ``capacity`` and its ``unit`` (items or bytes), ``fraction`` (of all items, or
of the bytes of all), ``seed`` (the policy's), ``accesses``, ``hits`` (<NA> in an estimate), ``hit_rate`` (of all
accesses, cold misses counted), ``warmup`` (accesses left out of the next), ``hit_rate_warm``, ``byte_hit_rate`` (share
of the bytes of all accesses, whichever the unit; NaN without sizes and in an estimate), ``low`` and ``high`` (equal to
hit_rate in an exact row; of an estimate, a nominal 95 % band), ``exact``; then one column for each key of the traces'
`source`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .policies import Counts
from .trace import COLUMNS, LIMIT, Trace, whole
from .units import everything

Rates = NDArray[np.float64]
NAN = float("nan")


def warmup_of(trace: Trace, warmup: int | None) -> int:
    """Accesses left out of hit_rate_warm: as given, or the first epoch where there are two or more, or none.

    Above 2^31 - 1, which is more than any trace has, that.
    """
    if warmup is None:
        return trace.epochs[1] if len(trace.epochs) > 1 else 0
    return min(whole(warmup, "warmup", 0, where=f" for trace {trace.name!r}", unit=" of accesses"), LIMIT)


def rates(counts: Mapping[str, Any]) -> dict[str, Rates]:
    """The columns that follow from counts, NaN where there are none, and of a warm rate after a warm-up of all.

    Parameters
    ----------
    counts : mapping
        For each row, or one for all: ``hits``, ``warm`` (hits after the warm-up), ``bytes`` (of the hits),
        ``accesses``, ``warmup`` and ``accessed`` (bytes of the accesses); None where something is not known.
    """
    hits, warm, weight, accesses, warmup, accessed = (
        np.array(counts[name], np.float64) for name in ("hits", "warm", "bytes", "accesses", "warmup", "accessed")
    )
    rate = hits / accesses
    left = np.broadcast_to(accesses - warmup, rate.shape)
    return {
        "hit_rate": rate,
        "hit_rate_warm": np.divide(warm, left, out=np.full(rate.shape, NAN), where=left > 0),
        "byte_hit_rate": np.broadcast_to(weight / accessed, rate.shape),
        "low": rate,
        "high": rate,
        "exact": ~np.isnan(rate),
    }


def curve_table(
    trace: Trace,
    label: str,
    unit: str,
    sizes: Counts,
    seed: int,
    warmup: int,
    hits: Counts,
    warm: Counts,
    weight: Sequence[int] | None,
) -> pd.DataFrame:
    """The table of a curve, from hits at each size, those after the warm-up, and the bytes of all that hit."""
    counts = {"hits": hits, "warm": warm, "bytes": weight}
    derived = rates({**counts, "accesses": len(trace), "warmup": warmup, "accessed": trace.bytes_accessed})
    place = _place(trace, label, unit, sizes, seed, warmup)
    return _frame({**place, "hits": hits, **derived}, sizes.size)


def estimate_table(
    trace: Trace, label: str, sizes: Counts, seed: int, warmup: int, rates: Rates, half_widths: Rates
) -> pd.DataFrame:
    """The table of a curve estimated from a sample, with a band of those half widths; arrays of shape (n_sizes,)."""
    estimated = {
        "hits": None,
        "hit_rate": np.clip(rates, 0, 1),
        "hit_rate_warm": NAN,
        "byte_hit_rate": NAN,
        "low": np.clip(rates - half_widths, 0, 1),
        "high": np.clip(rates + half_widths, 0, 1),
        "exact": False,
    }
    return _frame({**_place(trace, label, "items", sizes, seed, warmup), **estimated}, sizes.size)


def _place(trace: Trace, label: str, unit: str, sizes: Counts, seed: int, warmup: int) -> dict[str, Any]:
    """What a row says of its simulation beside the outcome."""
    return {
        "trace": trace.name,
        "policy": label,
        "capacity": sizes,
        "unit": unit,
        "fraction": sizes / everything(trace, unit),
        "seed": seed,
        "accesses": len(trace),
        "warmup": warmup,
        **(trace.source or {}),
    }


def _frame(values: dict[str, Any], n_rows: int) -> pd.DataFrame:
    sources = [name for name in values if name not in COLUMNS]
    frame = pd.DataFrame({name: values[name] for name in (*COLUMNS, *sources)}, index=pd.RangeIndex(n_rows))
    return frame.astype({"hits": "Int64", "seed": _seed_type(values["seed"])})


def _seed_type(largest: int) -> str:
    return "uint64" if largest > 2**63 - 1 else "int64"


def column(values: list[Any], name: str = "") -> "pd.Series[Any]":
    """Values of one column, None where one is missing; whole numbers with gaps stay whole."""
    if name == "hits":
        return pd.Series(values, dtype="Int64")
    if name == "seed":
        return pd.Series(values, dtype=_seed_type(max(values, default=0)))
    present = [v for v in values if v is not None]
    if len(present) < len(values):
        if all(isinstance(v, int) and not isinstance(v, bool) for v in present):
            return _gapped(values, present)
        values = [NAN if v is None else v for v in values]
    return pd.Series(values)


def _gapped(values: list[Any], present: list[int]) -> "pd.Series[Any]":
    """Whole numbers with some missing; Python's own where 64 bits do not hold them all."""
    if max(present, default=0) < 2**63:
        return pd.Series(values, dtype="Int64")
    return pd.Series(values, dtype="UInt64" if min(present) >= 0 else "object")


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several tables as one; what a table lacks is missing."""
    columns: dict[str, list[Any]] = {}
    for name in dict.fromkeys(str(name) for each in tables for name in each):
        values = [value for each in tables for value in (each[name] if name in each else [None] * len(each))]
        columns[name] = [None if value is pd.NA else value for value in values]
    return pd.DataFrame({name: column(values, name) for name, values in columns.items()})


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table in values that JSON has: `plain` ones."""
    columns = {str(name): [plain(value) for value in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plain(value: Any) -> Any:
    """A scalar as JSON (RFC 8259) can say it: a missing one is None, an infinite one the text inf or -inf."""
    if pd.isna(value):
        return None
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def default_capacities(most: int, points: int = 100, least: int = 1) -> list[int]:
    """About `points` distinct sizes, log-spaced from `least` to `most`."""
    exponents = np.linspace(math.log(least), math.log(most), points if most > least else 1)
    found = {max(least, min(most, round(size))) for size in np.exp(exponents).tolist()}
    return sorted(found | {least, most})
