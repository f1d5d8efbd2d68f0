"""plot: a figure from tables. Matplotlib is loaded only when the command runs."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import completing, library, options
from .options import TableFiles, written
from .streams import say

if TYPE_CHECKING:
    import pandas as pd


def plot(
    table: TableFiles,
    output: Annotated[
        Path,
        written("a figure", "The figure: .pdf, .png or .svg; without a suffix, all three.", ".pdf", ".png", ".svg", ""),
    ],
    kind: Annotated[
        Literal["curves", "heatmap", "gap"],
        typer.Option(help="Rates over cache size; a rate on a grid; OPT minus another on a grid."),
    ] = "curves",
    width: Annotated[Literal["column", "page"], typer.Option(help="3.35 or 7 inches.")] = "column",
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            autocompletion=completing.columns,
            help="A panel for each of its values; by default for each trace, or policy.",
        ),
    ] = None,
    x: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", autocompletion=completing.columns, help="What runs to the right: fraction or capacity."
        ),
    ] = "fraction",
    y: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            autocompletion=completing.columns,
            help="What runs up a grid; by default what the traces differ in.",
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POLICY",
            autocompletion=completing.policy_names,
            help="Draw only this one; may be given several times.",
        ),
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            metavar="POLICY", autocompletion=completing.rivals, help="What a gap subtracts; best: the best other."
        ),
    ] = "best",
    warm: Annotated[bool, typer.Option("--warm", help="Draw hit_rate_warm in place of hit_rate.")] = False,
    weighed: Annotated[bool, typer.Option("--bytes", help="Draw byte_hit_rate in place of hit_rate.")] = False,
    miss: Annotated[bool, typer.Option("--miss", help="Curves: draw misses.")] = False,
    log: Annotated[bool | None, typer.Option(help="Curves: logarithmic sizes; by default for capacities.")] = None,
) -> None:
    """Draw tables of simulate and curve as a figure for print: means over seeds, with their 95 % intervals in curves.

    Examples
    --------
    simcache plot zipf.csv mild.csv --by alpha --width page -o curves.pdf
    simcache plot zipf.csv mild.csv --kind heatmap --policy lru -o lru.svg
    simcache plot zipf.csv mild.csv --kind gap --against lru -o gap.png
    """
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"  # files alone: no window, whatever the shell says
    drawing = library.plot
    from ..plot.facets import close
    from ..plot.rows import checked, labels

    if warm and weighed:
        raise ValueError("plot must be given at most one of --warm and --bytes")
    value: Literal["hit_rate", "hit_rate_warm", "byte_hit_rate"] = "hit_rate_warm" if warm else "hit_rate"
    value = "byte_hit_rate" if weighed else value
    rows = library.pd.concat([library.input.read_table(path) for path in table], ignore_index=True)
    known = labels(checked(rows, ("policy", x, value)))
    chosen = [_label(text, known) for text in policy or ()] or None
    options: dict[str, Any]
    if kind == "curves":
        options = {"x": x, "y": value, "miss": miss, "log": log}
    else:
        options = {"x": x, "y": _differing(rows, by) if y is None else y, "value": value}
        if kind == "gap":
            options["against"] = _label(against, known)
    with drawing.style(width):
        fig, _ = drawing.facets(rows, by, kind=kind, policies=chosen, **options)
        try:
            files = drawing.save(fig, output)
        finally:
            close(fig)
    say("wrote " + ", ".join(str(file) for file in files))


def _label(text: str, known: list[str]) -> str:
    """A policy as tables name it; ``opt:bypass=true`` means `opt(bypass=True)`, and a file its policy."""
    told = ":" in text or options.is_file(text)
    return library.simulation.choose(options.policy(text)).label if text not in known and told else text


def _differing(rows: "pd.DataFrame", by: str | None) -> str:
    """The one parameter that tells the traces apart, but for what panels tell."""
    from ..plot.rows import differing, sources

    told = [name for name in differing(rows, sources(rows)) if name != by]
    found = [name for name in told if library.pd.api.types.is_numeric_dtype(rows[name].dtype)]
    if len(found) != 1:
        raise ValueError(
            f"a grid must have a column to run up it: give --y one of {', '.join(sources(rows)) or 'none'}; "
            f"the traces differ in {', '.join(found) or 'no parameter'}"
        )
    return found[0]
