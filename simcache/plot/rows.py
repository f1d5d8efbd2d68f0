"""What is drawn from a table: its rows checked, chosen, named, and put into panels."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..checks import near
from ..seeds import is_seed, listed, means, names
from ..trace import COLUMNS

WORDS = {
    "alpha": "Zipf exponent α",
    "jump": "jump probability",
    "locality": "locality (1 − jump)",
}
CLASSIC = ("opt", "lru", "lfu", "fifo", "rr")  # written in capitals by everyone


def checked(table: object, columns: Sequence[str]) -> pd.DataFrame:
    """`table` itself, or an error that says what a table to draw must have."""
    if not isinstance(table, pd.DataFrame):
        hint = ": reset_index() makes one" if isinstance(table, pd.Series) else ""
        raise TypeError(f"a table to draw must be a DataFrame, got {type(table).__name__}{hint}")
    given = [str(column) for column in table.columns]
    if missing := [column for column in columns if column not in given]:
        inside = [name for name in missing if name in table.index.names]  # as groupby leaves them
        hint = near(missing[0], given)
        if inside:
            hint = f" with {', '.join(inside)} in its index (reset_index() makes columns of it),"
        raise ValueError(
            f"a table to draw must have the columns {', '.join(columns)}; without {', '.join(missing)},{hint} "
            f"got {', '.join(given) or 'none'}"
        )
    if table.empty:
        raise ValueError("a table to draw must have at least one row, got none")
    return table


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


def units_of(table: pd.DataFrame) -> list[str]:
    """The units of a table's cache sizes, each once; rows that name none count items."""
    return [str(unit) for unit in table["unit"].fillna("items").unique()] if "unit" in table else ["items"]


def axis_name(column: str, table: pd.DataFrame) -> str:
    """What an axis or a colour bar calls a column; a cache's size by the unit that the table's rows count it in.

    Raises
    ------
    ValueError
        When these count it in several.
    """
    if column not in ("fraction", "capacity"):
        return WORDS.get(column, column.replace("_", " "))
    units = units_of(table)
    if len(units) > 1:
        rule = "cache sizes of one picture must be of one unit (draw some of the rows, or by='unit')"
        raise ValueError(f"{rule}, got {' and '.join(units)}")
    shares = {"items": "cache size / items", "bytes": "cache size / all bytes"}
    return f"cache size ({units[0]})" if column == "capacity" else shares.get(units[0], "cache size / all")


def rate_name(table: pd.DataFrame, column: str, miss: bool = False) -> str:
    """What an axis calls a rate: which one, and whether the first sight of an item counts as a miss."""
    rate = "byte " * (column == "byte_hit_rate") + ("miss ratio" if miss else "hit rate")
    if column != "hit_rate_warm" or ("warmup" in table and (table["warmup"] == 0).all()):
        return f"{rate} (cold misses count)"
    return f"{rate} (after warm-up)"


def sources(table: pd.DataFrame) -> list[str]:
    """The columns that tell traces of one name apart, but for seeds."""
    return [str(column) for column in table.columns if column not in COLUMNS and not is_seed(column)]


def differing(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those columns that hold more than one value."""
    return [column for column in columns if rows[column].nunique(dropna=False) > 1]


def panels(table: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    """A title and rows for each value of column `by`, numbers in order; or for each trace, whatever its seeds."""
    if by is not None:
        numeric = pd.api.types.is_numeric_dtype(checked(table, (by,))[by].dtype)
        table = table.assign(unit=table[by].fillna("items")) if by == "unit" else table
        groups = table.groupby(by, sort=numeric, dropna=False)
        return [(_title(by, value, rows), rows) for value, rows in groups]
    if "trace" in table:
        table = table.assign(trace=names(table))
    keys = [column for column in ("trace", *sources(table)) if column in table]
    found = [rows for _, rows in table.groupby(keys, sort=False, dropna=False)] if keys else [table]
    return [(", ".join(_telling(table, rows)), rows) for rows in found]


def _title(by: str, value: Any, rows: pd.DataFrame) -> str:
    if by in ("trace", "policy"):
        return policy_name(str(value)) if by == "policy" else str(value)
    return f"{axis_name(by, rows)} = {f'{value:.4g}' if isinstance(value, float) else value}"


def _telling(table: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """A trace's name, and what tells it from others of that name."""
    named = "trace" in table
    rivals = table[table["trace"] == rows["trace"].iloc[0]] if named else table
    values = [f"{c.replace('_', ' ')} {rows[c].iloc[0]}" for c in differing(rivals, sources(table))]
    return [*([str(rows["trace"].iloc[0])] if named else []), *values]


def cells(table: pd.DataFrame, x: str, y: str, policy: str, value: str) -> pd.DataFrame:
    """One policy's values on the grid y by x, averaged over seeds.

    Rows without x or y (of another kind of trace) have no place on the grid and are left out.
    """
    rows = table[table["policy"] == choice(policy, "policy", labels(table))].dropna(subset=[x, y])
    if rows.empty:
        raise ValueError(f"policy {policy!r} must have rows with {x} and {y}, got none")
    if not pd.api.types.is_numeric_dtype(rows[value].dtype) or rows[value].isna().all():
        raise ValueError(f"column {value!r} must hold numbers for policy {policy!r}, got {listed(rows[value])}")
    grid = means(rows, (y, x), value, f"policy {policy!r}")["mean"].unstack()
    return grid.sort_index(axis=0).sort_index(axis=1)
