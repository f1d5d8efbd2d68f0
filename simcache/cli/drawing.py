"""plot: a figure from tables. Matplotlib is loaded only when the command runs."""

from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from ..simulation import choose
from . import options
from .input import read_table
from .output import checker

ACROSS = {"column": 1, "page": 3}  # panels side by side
MOST = 40  # panels: more are no figure


def plot(
    table: Annotated[list[Path], typer.Argument(metavar="TABLE", help=".csv, .parquet or .json; several are joined")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The figure: .pdf, .png or .svg; without a suffix, all three.",
            callback=checker("a figure", ".pdf", ".png", ".svg", ""),
        ),
    ],
    kind: Annotated[
        Literal["curves", "heatmap", "gap"],
        typer.Option(help="Rates over cache size, a panel per trace; a rate on a grid; OPT minus another on a grid."),
    ] = "curves",
    width: Annotated[Literal["column", "page"], typer.Option(help="3.35 or 7 inches.")] = "column",
    x: Annotated[
        str, typer.Option(metavar="COLUMN", help="What runs to the right: fraction or capacity.")
    ] = "fraction",
    y: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What runs up a grid; by default what the traces differ in.")
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option(metavar="POLICY", help="Draw only this one; may be given several times.")
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="POLICY", help="What a gap subtracts; best: the best other.")
    ] = "best",
    warm: Annotated[bool, typer.Option("--warm", help="Draw hit_rate_warm in place of hit_rate.")] = False,
    miss: Annotated[bool, typer.Option("--miss", help="Curves: draw misses.")] = False,
    log: Annotated[bool | None, typer.Option(help="Curves: logarithmic sizes; by default for capacities.")] = None,
) -> None:
    """Draw tables of simulate and curve as a figure for print.

    Examples
    --------
    simcache plot zipf.csv mild.csv --kind curves --width page -o curves.pdf
    simcache plot zipf.csv mild.csv --kind heatmap --policy lru -o lru.svg
    simcache plot zipf.csv mild.csv --kind gap --against lru -o gap.png
    """
    from .. import plot as drawing
    from ..plot.panels import panels
    from ..plot.rows import checked, labels

    value: Literal["hit_rate", "hit_rate_warm"] = "hit_rate_warm" if warm else "hit_rate"
    rows = pd.concat([read_table(path) for path in table], ignore_index=True)
    known = labels(checked(rows, ("trace", "policy", x, value)))
    chosen = [_label(text, known) for text in policy or ()]
    with drawing.style(width):
        if kind == "curves":
            fig, axes = panels(_count(rows[rows["policy"].isin(chosen or known)]), ACROSS[width])
            drawing.hit_curves(axes, rows, x=x, y=value, miss=miss, log=log, policies=chosen or None)  # type: ignore[arg-type]
            drawing.legend(fig)
        else:
            up = _differing(rows) if y is None else y
            chosen = chosen or (known if kind == "heatmap" else ["opt"])
            fig, axes = panels(len(chosen), ACROSS[width])
            for ax, label in zip(axes, chosen, strict=True):
                if kind == "heatmap":
                    drawing.heatmap(ax, rows, x=x, y=up, policy=label, value=value)
                else:
                    other = _label(against, known)
                    drawing.gap(ax, rows, x=x, y=up, policy=label, against=other, value=value)
        files = drawing.save(fig, output)
    typer.echo("wrote " + ", ".join(str(file) for file in files))


def _label(text: str, known: list[str]) -> str:
    """A policy as tables name it; ``opt:bypass=true`` means `opt(bypass=True)`."""
    return choose(options.policy(text)).label if text not in known and ":" in text else text


def _count(rows: pd.DataFrame) -> int:
    """How many panels the traces of these rows need."""
    from ..plot.rows import sources

    telling = ["trace", *sources(rows)]
    count = int(rows.groupby(telling, dropna=False).ngroups)
    if count > MOST:
        most = max(telling, key=lambda name: rows[name].nunique(dropna=False))
        raise ValueError(
            f"a figure must have at most {MOST} panels, one for each trace, got {count}: "
            f"the traces differ in column {most!r}, which has {rows[most].nunique(dropna=False)} values"
        )
    return max(1, count)


def _differing(rows: pd.DataFrame) -> str:
    """The one parameter that tells the traces apart."""
    from ..plot.rows import differing, sources

    told = [name for name in differing(rows, sources(rows)) if not name.endswith("seed")]
    found = [name for name in told if pd.api.types.is_numeric_dtype(rows[name].dtype)]
    if len(found) != 1:
        raise ValueError(
            f"a grid must have a column to run up it: give --y one of {', '.join(sources(rows)) or 'none'}; "
            f"the traces differ in {', '.join(found) or 'no parameter'}"
        )
    return found[0]
