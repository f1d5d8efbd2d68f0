"""What is drawn from a table: its rows checked, chosen, named, and averaged over policy seeds."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import pandas as pd

from ..trace import COLUMNS

# What a simulation found, and the policy seed it ran with; every other column says what was simulated.
FOUND = ("seed", "hits", "hit_rate", "hit_rate_warm", "low", "high", "exact")
WORDS = {
    "fraction": "cache size / items",
    "capacity": "cache size (items)",
    "alpha": "Zipf exponent α",
    "jump": "jump probability",
    "locality": "locality (1 − jump)",
}
CLASSIC = ("opt", "lru", "lfu", "fifo", "rr")  # written in capitals by everyone


def checked(table: object, columns: Sequence[str]) -> pd.DataFrame:
    """`table` itself, or an error that says what a table to draw must have."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"a table to draw must be a DataFrame, got {type(table).__name__}")
    given = [str(column) for column in table.columns]
    if missing := [column for column in columns if column not in given]:
        hint = near(missing[0], given)
        raise ValueError(
            f"a table to draw must have the columns {', '.join(columns)}; without {', '.join(missing)},{hint} "
            f"got {', '.join(given) or 'none'}"
        )
    if table.empty:
        raise ValueError("a table to draw must have at least one row, got none")
    return table


def near(word: object, known: Sequence[str]) -> str:
    """A hint at the known word that was perhaps meant, or nothing."""
    lower = {each.lower(): each for each in known}
    return "".join(f" did you mean {lower[match]!r}?" for match in get_close_matches(str(word).lower(), lower, 1))


def choice(value: object, what: str, known: Sequence[str]) -> str:
    """`value` if it is one of the known words, else an error that names the nearest."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)};{near(value, known)} got {value!r}")
    return value


def labels(table: pd.DataFrame) -> list[str]:
    """The policies of a table, each once, in the order they came."""
    return [str(label) for label in table["policy"].unique()]


def base(label: str) -> str:
    """The policy of a label, its parameters dropped: `lfu` for `lfu(perfect=True)`."""
    return label.partition("(")[0]


def policy_name(label: str) -> str:
    """A policy as a reader knows it: `OPT (bypass)` for `opt(bypass=True)`."""
    name, _, parameters = label.partition("(")
    name = name.upper() if name in CLASSIC else name
    return f"{name} ({parameters.removesuffix(')').replace('=True', '')})" if parameters else name


def axis_name(column: str) -> str:
    """What an axis or a colour bar calls a column."""
    return WORDS.get(column, column.replace("_", " "))


def rate_name(table: pd.DataFrame, column: str, miss: bool = False) -> str:
    """What an axis calls a rate: which one, and whether the first sight of an item counts as a miss."""
    rate = "miss ratio" if miss else "hit rate"
    if column == "hit_rate" or (table["warmup"] == 0).all():
        return f"{rate} (cold misses count)"
    return f"{rate} (after warm-up)"


def sources(table: pd.DataFrame) -> list[str]:
    """The columns that tell traces of one name apart."""
    return [str(column) for column in table.columns if column not in COLUMNS]


def differing(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those columns that hold more than one value."""
    return [column for column in columns if rows[column].nunique(dropna=False) > 1]


def cells(table: pd.DataFrame, x: str, y: str, policy: str, value: str) -> pd.DataFrame:
    """One policy's values on the grid y by x, averaged over policy seeds.

    Rows without x or y (of another kind of trace) have no place on the grid and are left out.
    """
    rows = table[table["policy"] == choice(policy, "policy", labels(table))].dropna(subset=[x, y])
    if rows.empty:
        raise ValueError(f"policy {policy!r} must have rows with {x} and {y}, got none")
    setup = [column for column in rows.columns if column not in (*FOUND, "policy", x, y)]
    for place, cell in rows.groupby([y, x], sort=False):
        if len(cell) > 1:
            _check_cell(cell, setup, f"policy {policy!r} at {y}={place[0]}, {x}={place[1]}")
    if not pd.api.types.is_numeric_dtype(rows[value].dtype) or rows[value].isna().all():
        raise ValueError(f"column {value!r} must hold numbers for policy {policy!r}, got {listed(rows[value])}")
    means = rows.astype({value: float}).groupby([y, x])[value].mean()
    return means.unstack()


def _check_cell(cell: pd.DataFrame, setup: Sequence[str], where: str) -> None:
    if several := differing(cell, setup):
        values = "; ".join(f"{column} {listed(cell[column].unique())}" for column in several)
        raise ValueError(f"each cell must show one trace and size, for {where}; got {len(cell)} rows with {values}")
    if cell["seed"].duplicated().any():
        raise ValueError(f"each cell must have one row per policy seed, for {where}; got seeds {listed(cell['seed'])}")


def listed(values: Any) -> str:
    """A few values for a message."""
    shown = [str(value) for value in values]
    return ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")
