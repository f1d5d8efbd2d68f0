"""convert, info: traces of others, as files and in words."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import library, opening
from .completing import formats
from .options import TableOutput, printed, whole, written
from .output import Printed, write
from .streams import say

if TYPE_CHECKING:
    from .. import analysis

Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        autocompletion=formats,
        help="Of the source, where its suffix does not say: twitter, msr, csv, …",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE=COLUMN,…",
        help="Of csv, tsv, parquet: key=2,size=4,time=1, numbers from 1 or names; by default those of these names.",
    ),
]
Header = Annotated[
    bool | None, typer.Option(help="Of csv, tsv: the first line names the columns, or not; by default as it looks.")
]
Ops = Annotated[
    str | None,
    typer.Option(metavar="NAME,…", help="Of twitter, msr: operations that are accesses; by default get,gets, and all."),
]
Block = Annotated[
    int | None,
    typer.Option(metavar="BYTES", parser=whole, help="Of msr: a request is an access to each block that it touches."),
]
AllowBad = Annotated[bool, typer.Option("--allow-bad", help="Take a file with more than 1 bad record in 100.")]


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A .csv, .tsv, .txt, .parquet, .npy or .oracleGeneral, and .gz or .zst of it; a trace.",
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(metavar="TARGET", help="The same; .npz, or a folder in .trace for what memory cannot hold."),
    ],
    format: Format = None,
    to: Annotated[
        str | None, typer.Option(metavar="NAME", autocompletion=formats, help="Format of the target.")
    ] = None,
    columns: Columns = None,
    header: Header = None,
    ops: Ops = None,
    block: Block = None,
    allow_bad: AllowBad = False,
    name: Annotated[str | None, typer.Option(help="What tables and figures call it; by default the file's.")] = None,
) -> None:
    """Make a trace of a log, or a log of a trace. Keys stay exact; what is skipped or odd is counted and named.

    Examples
    --------
    simcache convert zipf.npz zipf.csv.gz
    simcache convert zipf.csv.gz zipf.trace --columns key=1
    simcache convert zipf.trace zipf.oracleGeneral.zst
    """
    opening.check_trace(source)
    report = library.formats.convert(
        source, target, format, to=to, columns=columns, header=header, ops=ops, block=block, allow_bad=allow_bad,
        name=name,
    )  # fmt: skip
    say(f"wrote {target}: accesses {report.accesses:,}, items {report.items:,}")
    for line in report.lines():
        say(line)


def info(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace, or a log as `simcache convert` takes it.")],
    format: Format = None,
    columns: Columns = None,
    header: Header = None,
    ops: Ops = None,
    block: Block = None,
    allow_bad: AllowBad = False,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            metavar="FILE",
            help="Draw it: .pdf, .png or .svg.",
            callback=written("a figure", "", ".pdf", ".png", ".svg").callback,
        ),
    ] = None,
    output: TableOutput = None,
    printed: Annotated[
        Printed | None,
        typer.Option("--to", help="Of standard output, as --format of other commands.", callback=printed),
    ] = None,
) -> None:
    """Say what a trace looks like: sizes, popularity, reuse, drift, and which law it may follow.

    Examples
    --------
    simcache info zipf.npz
    simcache info zipf.csv.gz --figure zipf.pdf
    """  # fmt: skip
    opening.check_trace(file)
    trace, report = library.formats.reported(
        file, format, columns=columns, header=header, ops=ops, block=block, allow_bad=allow_bad
    )
    found = library.analysis.profile(trace)
    facts = {"name": found.name, **found.facts()}
    rows = [*facts.items(), *(("of the file", line) for line in report.lines())]
    write(library.pd.DataFrame(rows, columns=["fact", "value"]), output, printed, wrap=True)
    if figure is not None:
        _draw(found, figure)


def _draw(found: "analysis.Profile", path: Path) -> None:
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"
    plot = library.plot
    with plot.style("page"):
        plot.save(plot.profile(found)[0], path)
