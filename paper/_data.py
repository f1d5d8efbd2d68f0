"""What numbers and tables read: the tables of figures/data, and how values are written in LaTeX."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PAPER = Path(__file__).parent
DATA = PAPER.parent / "figures" / "data"


@cache
def _table(stem: str) -> pd.DataFrame:
    return pd.read_parquet(DATA / f"{stem}.parquet")


def rows(stem: str, **equal: Any) -> pd.DataFrame:
    """The rows of figures/data/<stem>.parquet in which each column named has that value; there must be some."""
    found = _table(stem)
    for column, value in equal.items():
        found = found[found[column] == value]
    if found.empty:
        raise ValueError(f"{stem}.parquet must have rows with {equal}, got none")
    return found


def one(values: Iterable[Any]) -> Any:
    """The value that all are: a caption that names one parameter must not hide several."""
    distinct = set(pd.Series(list(values)).dropna())
    if len(distinct) != 1:
        raise ValueError(f"values must all be one, got {sorted(distinct)}")
    return distinct.pop()


def items(found: pd.DataFrame) -> int:
    """How many items the traces of these rows have."""
    c, share = found["capacity"], found["fraction"]
    n_items = round((c * share).sum() / (share * share).sum())  # capacities are rounded, so shares are not exact
    if ((share * n_items - c).abs() > 0.5 + 1e-6).any():
        raise ValueError(f"traces must have as many items each, got several numbers, one near {n_items}")
    return n_items


def constant(stem: str, name: str) -> Any:
    """A number that a data script fixes and its table does not show; the script is read, not run."""
    for node in ast.parse((DATA / f"{stem}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = zip(target.elts, value.elts, strict=True) if isinstance(target, ast.Tuple) else [(target, value)]
            for each, number in pairs:
                if isinstance(each, ast.Name) and each.id == name:
                    return ast.literal_eval(number)
    raise ValueError(f"{stem}.py must set {name} to a number")


# ---------------------------------------------------------------- as text


def rate(value: float) -> str:
    """A hit rate: three decimals."""
    return f"{value:.3f}"


def fine(value: float) -> str:
    """A small difference: four decimals, and 0 for none at all."""
    return f"{value:.4f}" if value else "0"


def _up(value: float, digits: int) -> float:
    """Rounded up to so many decimals; a value that is there but for rounding stays."""
    return float(np.ceil(round(float(value) * 10**digits, 6))) / 10**digits


def most(value: float) -> str:
    """What a small difference does not exceed: four decimals, and 0 for none at all."""
    return fine(_up(value, 4))


def rate_most(value: float) -> str:
    """What a hit rate or a difference does not exceed: three decimals."""
    return rate(_up(value, 3))


def rate_least(value: float) -> str:
    """What a rate does not fall below: three decimals."""
    return rate(-_up(-value, 3))


def points(value: float) -> str:
    """A difference of hit rates in points, two decimals."""
    return f"{value:.2f}"


def points_most(value: float) -> str:
    """What a difference in points does not exceed: two decimals, and 0 for none at all."""
    return points(_up(value, 2)) if value else "0"


def percent_most(value: float) -> str:
    """What a share does not exceed, in percent, one decimal."""
    return f"{100 * _up(value, 3):.1f}\\%"


def tenth(value: float) -> str:
    """One decimal."""
    return f"{value:.1f}"


def ratio(value: float) -> str:
    """Two decimals."""
    return f"{value:.2f}"


def given(value: float) -> str:
    """A parameter, as short as it can be written."""
    return f"{value:g}"


def percent(value: float) -> str:
    """A share in percent, no decimals."""
    return f"{100 * value:.0f}\\%"


def count(value: float) -> str:
    """A whole number, thousands apart."""
    if value != round(value):
        raise ValueError(f"a count must be whole, got {value}")
    return f"{round(value):,}".replace(",", "{,}")


def span(values: Iterable[float]) -> str:
    """From the least to the greatest."""
    known = sorted(set(values))
    return f"{known[0]:g} to {known[-1]:g}"


def thousandths(value: float) -> str:
    """What a difference does not exceed, in units of 1/1000, one decimal."""
    return f"{1000 * _up(value, 4):.1f}"
