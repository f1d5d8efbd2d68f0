"""table: a table as authors print it, in LaTeX, markdown or csv."""

from pathlib import Path
from typing import Annotated

import typer

from . import library
from .completing import columns as columns_of
from .options import TableFiles, whole, written
from .streams import say

USUAL = ("trace", "policy", "capacity", "fraction", "hit_rate")


def table(
    table: TableFiles,
    output: Annotated[
        Path, written("a table to print", "Where it goes: .tex (for booktabs), .md or .csv.", ".tex", ".md", ".csv")
    ],
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,…",
            autocompletion=columns_of,
            help=f"What to show, in this order; by default {', '.join(USUAL)}, where there are any.",
        ),
    ] = None,
    across: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            autocompletion=columns_of,
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
    rows = library.pd.concat([library.input.read_table(path) for path in table], ignore_index=True)
    printed, note = library.shaping.printed(rows, columns, across, digits, output.suffix.lower())
    with library.files.replacing(output) as path:
        path.write_text(printed, encoding="utf-8")
    say(f"wrote {output}: {note}")
