"""table: a table as authors print it, in LaTeX, markdown or csv."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from ..files import replacing
from ..seeds import OUTCOMES, RATES, is_seed, means
from ..seeds import names as seedless
from ..text import latex as escaped
from ..text import markdown as marked
from .input import read_table
from .options import TableFiles, whole, written
from .streams import say

USUAL = ("trace", "policy", "capacity", "fraction", "hit_rate")
IN_BYTES = ("trace", "policy", "capacity", "unit", "fraction", "hit_rate", "byte_hit_rate")


def table(
    table: TableFiles,
    output: Annotated[
        Path, written("a table to print", "Where it goes: .tex (for booktabs), .md or .csv.", ".tex", ".md", ".csv")
    ],
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,…",
            help=f"What to show, in this order; by default {', '.join(USUAL)}, where there are any.",
        ),
    ] = None,
    across: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Spread the last column shown: a column for each of these.",
        ),
    ] = None,
    digits: Annotated[int, typer.Option(metavar="N", parser=whole, help="Decimals of rates and shares.")] = 3,
) -> None:
    """Print tables of simulate and curve for a paper: columns chosen, spread and rounded.

    Rows that differ by seeds alone are one, with their mean and ± half of its 95 % interval (Student's t), unless a
    column of seeds is shown.

    Examples
    --------
    simcache table zipf.csv mild.csv --across policy -o rates.tex
    simcache table zipf.csv --columns policy,capacity,hit_rate -o rates.md
    simcache table zipf.csv --digits 2 -o rates.csv
    """
    if not 0 <= digits <= 15:
        raise ValueError(f"digits must be a whole number 0 … 15, got {digits}")
    rows = pd.concat([read_table(path) for path in table], ignore_index=True)
    names = _names(rows, columns, across)
    shown, halves = _means(rows, names) if across is None else _spread(rows, names, across)
    texts = shown.map(lambda value: text(value, digits))
    for name in set(shown) & {*RATES, "fraction"}:
        texts[name] = shown[name].map(lambda value: text(float(value), digits))  # 1 of a json file is 1.000
    split = output.suffix.lower() == ".csv"  # numbers for programs, so each in a cell of its own
    for name in reversed(halves.columns):
        half = halves[name].map(lambda value: text(float(value), digits))
        if split:
            texts.insert(list(texts.columns).index(name) + 1, f"{name} ±", half)
        else:
            texts[name] = texts[name].where(halves[name].isna(), texts[name] + " ± " + half)
    with replacing(output) as path:
        path.write_text(PRINTERS[output.suffix.lower()](texts, _numeric(shown)), encoding="utf-8")
    note = "" if halves.empty else "; ±: half of the 95 % interval of a mean over seeds"
    say(f"wrote {output}: {len(texts)} rows, {texts.shape[1]} columns{note}")


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
            raise ValueError(f"columns must be of the table, got {name!r}; it has {', '.join(known)}")
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
    wide = [
        found[name].unstack(across, sort=False).rename_axis(columns=None).reset_index() for name in ("mean", "half")
    ]
    return wide[0], wide[1].drop(columns=left).dropna(axis=1, how="all")


def _numeric(shown: pd.DataFrame) -> list[bool]:
    return [pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype) for dtype in shown.dtypes]


def text(value: Any, digits: int) -> str:
    """One cell: reals to `digits` decimals, a missing one as a dash."""
    if pd.isna(value):
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def _heads(texts: pd.DataFrame) -> list[str]:
    """Names of columns, and policies, as a reader knows them: `hit rate`, `OPT (bypass)`."""
    from ..plot.rows import policy_name

    return [policy_name(str(name)).replace("_", " ") for name in texts.columns]


def _named(texts: pd.DataFrame) -> pd.DataFrame:
    from ..plot.rows import policy_name

    return texts.assign(policy=texts["policy"].map(policy_name)) if "policy" in texts else texts


def latex(texts: pd.DataFrame, numeric: Sequence[bool]) -> str:
    """A booktabs tabular; numbers stand at the right."""
    rows = [_heads(texts), *_named(texts).to_numpy().tolist()]
    head, *body = [" & ".join(escaped(str(cell)) for cell in row) + r" \\" for row in rows]
    letters = "".join("r" if each else "l" for each in numeric)
    top = ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{{letters}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*top, *body, r"\bottomrule", r"\end{tabular}"]) + "\n"


def markdown(texts: pd.DataFrame, numeric: Sequence[bool]) -> str:
    """A table of pipes; numbers stand at the right."""
    rows = [_heads(texts), *_named(texts).to_numpy().tolist()]
    head, *body = ["| " + " | ".join(marked(str(cell)) for cell in row) + " |" for row in rows]
    rule = "|" + "|".join("---:" if each else "---" for each in numeric) + "|"
    return "\n".join([head, rule, *body]) + "\n"


def _csv(texts: pd.DataFrame, numeric: Sequence[bool]) -> str:
    return texts.replace("–", "").to_csv(index=False, lineterminator="\n")


PRINTERS: dict[str, Callable[[pd.DataFrame, Sequence[bool]], str]] = {".tex": latex, ".md": markdown, ".csv": _csv}
