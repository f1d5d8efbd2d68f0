"""A table shaped for print: columns chosen, seeds averaged, one column spread over another, numbers rounded."""

from typing import Any

import numpy as np
import pandas as pd

from .. import printing
from ..seeds import OUTCOMES, RATES, is_seed, means
from ..seeds import names as seedless
from ..text import latex, markdown, near
from .tabling import USUAL

IN_BYTES = ("trace", "policy", "capacity", "unit", "fraction", "hit_rate", "byte_hit_rate")


def printed(rows: pd.DataFrame, columns: str | None, across: str | None, digits: int, suffix: str) -> tuple[str, str]:
    """The text of a file with that suffix, and what it holds, in words."""
    names = _names(rows, columns, across)
    shown, halves = _means(rows, names) if across is None else _spread(rows, names, across)
    split = suffix == ".csv"  # numbers for programs, so each in a cell of its own, and none where there is none
    missing = "" if split else "–"
    texts = shown.map(lambda value: text(value, digits, missing))
    for name in set(shown) & {*RATES, "fraction"}:
        texts[name] = shown[name].map(lambda value: text(float(value), digits, missing))  # 1 of a json file is 1.000
    for name in reversed(halves.columns):
        half = halves[name].map(lambda value: text(float(value), digits, missing))
        if split:
            texts.insert(list(texts.columns).index(name) + 1, f"{name} ±", half)
        else:
            texts[name] = texts[name].where(halves[name].isna(), texts[name] + " ± " + half)
    note = "" if halves.empty else "; ±: half of the 95 % interval of a mean over seeds"
    told = f"{len(texts)} rows, {texts.shape[1]} columns{note}"
    if split:
        return printing.csv(texts), told
    return _set(texts, printing.sides(shown), suffix), told


def _set(texts: pd.DataFrame, sides: str, suffix: str) -> str:
    """As LaTeX or markdown, with columns and policies named as a reader knows them: `hit rate`, `OPT (bypass)`."""
    from ..plot.rows import policy_name  # it brings Matplotlib

    escaped = latex if suffix == ".tex" else markdown
    named = texts.assign(policy=texts["policy"].map(policy_name)) if "policy" in texts else texts
    cells = named.map(lambda cell: escaped(str(cell)))
    cells.columns = pd.Index([escaped(policy_name(str(name)).replace("_", " ")) for name in texts.columns])
    if suffix == ".tex":
        return "% needs \\usepackage{booktabs}\n" + printing.latex(cells, sides)
    return printing.markdown(cells, sides) + "\n"


def _names(rows: pd.DataFrame, columns: str | None, across: str | None) -> list[str]:
    known = [str(name) for name in rows.columns]
    usual = list(USUAL if "unit" not in known or (rows["unit"] != "bytes").all() else IN_BYTES)
    if across is not None:
        usual = usual[: usual.index("hit_rate") + 1]  # the last is spread
    names = [name for name in usual if name in known] or known
    if columns is not None:
        names = columns.split(",")
    for name in [*names, across or names[0]]:
        if name not in known:
            told = f"it has {', '.join(known)}"
            raise ValueError(f"columns must be of the table, got {name!r};{near(name, known)} {told}")
    if len(set(names)) < len(names):
        raise ValueError(f"columns must differ, got {','.join(names)}")
    return names


def _means(rows: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns shown, rows that differ by seeds alone made one; and what stands behind ± in those that need it."""
    keys = [name for name in rows.columns if name not in OUTCOMES and (name in names or not is_seed(name))]
    values = [name for name in names if name in OUTCOMES]
    over = [name for name in rows.columns if is_seed(name) and name not in names]
    told = rows.assign(trace=seedless(rows)) if "trace" in rows else rows
    if not values or not told.duplicated(keys).any() or rows.duplicated([*keys, *over]).any():
        return rows[names], pd.DataFrame()
    found = {name: means(rows, keys, name) for name in values}
    shown = found[values[0]].index.to_frame(index=False)
    for name, mean in found.items():
        shown[name] = mean["mean"].to_numpy()
    halves = {name: mean["half"].where(mean["n"] > 1).to_numpy() for name, mean in found.items()}
    return shown[names], pd.DataFrame(halves).dropna(axis=1, how="all")


def _spread(rows: pd.DataFrame, names: list[str], across: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """As `_means`, the last column spread over the values of `across`, in the order they came."""
    *left, value = [name for name in names if name != across]
    if not left or not pd.api.types.is_numeric_dtype(rows[value].dtype):
        raise ValueError(
            f"to spread, the last column shown must hold numbers and another one name the rows; got {','.join(names)} "
            f"across {across}"
        )
    found = means(rows, [*left, across], value)
    found["half"] = found["half"].where(found["n"] > 1)
    # By number, not by `unstack(sort=False)`, which before pandas 3.1 puts cells under others' names.
    keys = found.index.to_frame(index=False)
    heads = keys.drop_duplicates(left)[left].reset_index(drop=True)
    row = keys.groupby(left, sort=False, dropna=False).ngroup().to_numpy()
    column, labels = pd.factorize(keys[across], use_na_sentinel=False)
    wide = []
    for name in ("mean", "half"):
        cells = np.full((len(heads), len(labels)), np.nan)
        cells[row, column] = found[name]
        wide.append(pd.DataFrame(cells, columns=list(labels)))
    return pd.concat([heads, wide[0]], axis=1), wide[1].dropna(axis=1, how="all")


def text(value: Any, digits: int, missing: str = "–") -> str:
    """One cell: reals to `digits` decimals."""
    if pd.isna(value):
        return missing
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)
