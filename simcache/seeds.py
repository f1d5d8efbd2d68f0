"""Rows that differ by their seeds alone: which those are, and their mean with its 95 % interval.

A seed stands in the column ``seed`` (the policy's), in any whose name ends in ``_seed`` (``trace_seed``,
``repeat_seed``), and perhaps in a trace's name. Whatever else differs is a parameter: nothing is averaged over it.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

RATES = ("hit_rate", "hit_rate_warm", "byte_hit_rate", "low", "high")
OUTCOMES = ("hits", *RATES)  # what a simulation found
NAME = "trace name_seed"  # no trace has a source key of this name: it holds the names as they were
WORD = re.compile(r"(?i)(seed[\s_=:#-]?)\d+")  # in a name: `seed 3`, `seed=3`, `seed3`


def is_seed(column: object) -> bool:
    """Whether a column holds seeds."""
    return column == "seed" or str(column).endswith("_seed")


def names(table: pd.DataFrame) -> "pd.Series[str]":
    """Each row's trace name, a seed's number in it as ``*``, so that traces which differ by seed alone have one name.

    A number is a seed's where the name says so (`run-seed3`), or where the names of several traces differ by the
    numbers in their columns of seeds (`run-3` and `run-4`, of trace seeds 3 and 4).
    """
    own = [column for column in table.columns if is_seed(column) and column != "seed"]
    told = table[["trace", *own]].astype(object)
    kinds = list(told.where(told.notna(), None).itertuples(index=False, name=None))  # a NaN is not even itself
    forms = {(name, *seeds): _forms(str(name), seeds) for name, *seeds in dict.fromkeys(kinds)}
    served: dict[str, set[str]] = defaultdict(set)
    for (name, *_), found in forms.items():
        for form in found:
            served[form].add(name)
    best = {key: max(found, key=lambda form: len(served[form])) for key, found in forms.items()}
    named = [best[key] if len(served[best[key]]) > 1 else str(key[0]) for key in kinds]
    return pd.Series(named, table.index, dtype=object)


def _forms(name: str, seeds: Sequence[Any]) -> list[str]:
    found = [WORD.sub(r"\1*", name)]
    # Whole numbers are floats where a table of traces without them was joined.
    for seed in {f"{seed:.0f}" if isinstance(seed, float) else str(seed) for seed in seeds if seed is not None}:
        for at in re.finditer(rf"(?<!\d)(?<!\d\.){re.escape(seed)}(?!\d|\.\d)", name):
            found.append(f"{name[: at.start()]}*{name[at.end() :]}")
    return found


def means(rows: pd.DataFrame, keys: Sequence[str], value: str, what: str = "") -> pd.DataFrame:
    """Mean of `value` over the seeds of each combination of `keys`, in the order they came, indexed by the keys.

    Columns: ``mean``; ``half``, half the width of the 95 % interval of the mean, 0 where there is one row; ``n``, how
    many it is the mean of; ``low`` and ``high``, the ends of the interval, wide enough for the bounds of rows that are
    not exact. The interval is Student's, and takes seeds of one distribution: over traces where there are several, each
    with the mean over its policy seeds, else over policy seeds.

    Raises
    ------
    ValueError
        When rows of one combination differ by more than seeds, or by nothing; `what` says of what, e.g. "policy 'lru'".
    """
    table = rows.astype({value: float})
    if "trace" in table:
        table = table.assign(trace=names(table), **{NAME: table["trace"]})
    if "fraction" in table and "fraction" not in keys:
        # Two fractions may round to one capacity: the same simulation twice.
        table = table[~table.duplicated([c for c in table.columns if c != "fraction"]) | table.duplicated()]
    seeds = [c for c in table.columns if is_seed(c) and c not in keys]
    _check(table, list(keys), seeds, value, what)
    outer = [c for c in seeds if c != "seed"]
    found = _interval(table, keys, outer, value)
    found["low"], found["high"] = found["mean"] - found["half"], found["mean"] + found["half"]
    if value in RATES:
        found["low"], found["high"] = found["low"].clip(lower=0), found["high"].clip(upper=1)
    bounds = {"low", "high"} <= set(table.columns) and not (table["low"] == table["high"]).all()
    if value == "hit_rate" and bounds:
        for end, widest in (("low", np.fmin), ("high", np.fmax)):
            bound = _interval(table.astype({end: float}), keys, outer, end)["mean"]
            found[end] = widest(found[end], bound)
    return found


def _interval(table: pd.DataFrame, keys: Sequence[str], outer: Sequence[str], value: str) -> pd.DataFrame:
    options: dict[str, Any] = {"sort": False, "dropna": False}
    inner = table.groupby([*keys, *outer], **options)[value].agg(["mean", "std", "count"]).reset_index()
    found = inner.groupby(list(keys), **options)["mean"].agg(["mean", "std", "count"])
    alone = found["count"] == 1  # one trace: the policy's seeds are what is left
    policy = inner.groupby(list(keys), **options)[["std", "count"]].first()
    n = found["count"].where(~alone, policy["count"])
    std = found["std"].where(~alone, policy["std"])
    half = scipy.special.stdtrit(np.maximum(n - 1, 1), 0.975) * std / np.sqrt(np.maximum(n, 1))
    return pd.DataFrame({"mean": found["mean"], "half": half.fillna(0.0), "n": n})


def _check(table: pd.DataFrame, keys: list[str], seeds: list[str], value: str, what: str) -> None:
    setup = [c for c in table.columns if c not in (*keys, *seeds, value, *OUTCOMES)]
    counts = table.groupby(keys, sort=False, dropna=False)[setup].nunique(dropna=False) if setup else pd.DataFrame()
    several = (counts > 1).any(axis=1)
    again = table.duplicated([*keys, *seeds])
    if several.any():
        at, must = several.idxmax(), "by seeds alone"
    elif again.any():
        at, must = tuple(table.loc[again, keys].iloc[0]), "by their seeds"
    else:
        return
    places = dict(zip(keys, at if isinstance(at, tuple) else (at,), strict=True))
    cell = table
    for key, place in places.items():
        cell = cell[cell[key].isna() if pd.isna(place) else cell[key] == place]
    shown = [f"{c} {listed(cell[c].unique())}" for c in setup if cell[c].nunique(dropna=False) > 1]
    shown = shown or [f"{c} {listed(cell[c])}" for c in seeds if c != NAME] or ["no column of seeds"]
    spot = ", ".join(
        f"{key}={place!r}" if isinstance(place, str) else f"{key}={place}" for key, place in places.items()
    )
    where = f"{what} at {spot}" if what else spot
    raise ValueError(f"rows of one mean must differ {must}, for {where}; got {len(cell)} rows with {'; '.join(shown)}")


def listed(values: Any) -> str:
    """A few values for a message."""
    shown = [str(value) for value in values]
    return ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")
