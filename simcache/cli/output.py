"""Tables out: for people on a terminal, as csv into a pipe, or as a file of the kind its suffix names."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from ..text import markdown, printable
from . import library
from .streams import put, say

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

Printed = Literal["csv", "json", "md"]

# What goes first when a terminal is narrow stands last.
WEIGHT = ("policy", "capacity", "fraction", "hit_rate", "hit_rate_warm", "trace", "hits", "seed")
LIGHT = ("accesses", "warmup", "low", "high", "exact", "unit", "byte_hit_rate")
OF_BYTES = ("policy", "capacity", "unit", "hit_rate", "byte_hit_rate")  # the first, where items have sizes


def write(table: "pd.DataFrame", path: Path | None, printed: Printed | None = None, *, wrap: bool = False) -> None:
    """Write a table where the user wants it: to `path`, on the terminal, or as csv, or what was asked for, into a pipe.

    On a terminal, long text is wrapped if `wrap`, else columns are left out until every cell is whole.
    """
    if path is not None:
        with library.files.replacing(path) as temporary:
            WRITERS[path.suffix.lower()](table, temporary)
        say(f"wrote {path}: {len(table)} rows")
    elif printed == "json":
        put(_json_text(table))
    elif printed == "md":
        cells = _cells(table).rename(columns=str).rename(columns=markdown).map(markdown)
        put(library.printing.markdown(cells, library.printing.sides(table)) + "\n")
    elif printed is None and sys.stdout.isatty():
        from rich.console import Console

        show(table, Console(highlight=False), wrap=wrap)
    else:
        put(library.printing.csv(table))


def show(table: "pd.DataFrame", console: "Console", *, wrap: bool = False) -> None:
    """Print a table, as many of its columns as fit; a note says what was left out."""
    from rich.measure import Measurement

    columns = [str(name) for name in table.columns]
    by_weight = [c for c in WEIGHT if c in columns]
    by_weight += [c for c in columns if c not in library.checks.COLUMNS] + [c for c in LIGHT if c in columns]
    if "byte_hit_rate" in columns and table["byte_hit_rate"].notna().any():
        by_weight.sort(key=lambda name: name not in OF_BYTES)
    kept, roomy = len(by_weight), console.options.update_width(10_000)
    while True:
        shown = [c for c in columns if c in by_weight[:kept]]
        drawn = library.printing.terminal(_cells(table[shown]), library.printing.sides(table[shown]))
        if wrap or kept == 1 or Measurement.get(console, roomy, drawn).maximum <= console.width:
            break
        kept -= 1
    console.print(drawn)
    if left := [c for c in columns if c not in shown]:
        console.print(f"not shown: {printable(', '.join(left))}; -o FILE has them all", style="dim", markup=False)


def _cells(table: "pd.DataFrame") -> "pd.DataFrame":
    return library.pd.DataFrame({name: [_cell(value, name) for value in table[name]] for name in table.columns})


def _cell(value: Any, name: str) -> str:
    if library.pd.isna(value):
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}" if name in library.seeds.RATES else f"{value:.4g}"
    return str(value)


class _Writable(Exception):
    """No error: it ends a rehearsal of writing, so that nothing is replaced."""


def checker(what: str, *suffixes: str) -> Callable[[typer.Context, Any], Any]:
    """A callback for an option that refuses, before any work is done, a path that could not be written."""

    def check(context: typer.Context, path: Any) -> Any:
        if path is None or context.resilient_parsing:  # a shell that completes asks: nothing is written
            return None
        check_one_place(path, context.params.get("printed"))
        target = Path(path)
        if target.suffix.lower() not in suffixes:
            known = ", ".join(suffix or "no suffix" for suffix in suffixes)
            raise ValueError(f"{what} must be written to a file ending in {known}; got {str(path)!r}")
        with suppress(_Writable), library.files.replacing(target):
            raise _Writable
        if target.suffix.lower() == ".parquet":
            need_pyarrow()
        return target

    return check


def check_one_place(path: Any, printed: Any) -> None:
    """Refuse a form for standard output where a file is to be written, which has its own."""
    if path is not None and printed is not None:
        raise ValueError(
            f"a form for standard output must be left out with -o FILE, whose suffix says its own; got {printed}"
        )


def need_pyarrow() -> None:
    """Refuse parquet where pyarrow is not installed."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise ValueError("a .parquet file needs pyarrow: pip install 'simcache[io]'") from None


def _csv(table: "pd.DataFrame", path: Path) -> None:
    path.write_text(library.printing.csv(table), encoding="utf-8", newline="\n")


def _parquet(table: "pd.DataFrame", path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except (OverflowError, TypeError, ValueError) as error:  # pyarrow's own are of these
        message = "a .parquet table must hold one kind of value in each column, whole numbers of 64 bits at most"
        raise ValueError(f"{message}; {error}") from error


def _json(table: "pd.DataFrame", path: Path) -> None:
    path.write_text(_json_text(table), encoding="utf-8")


def _json_text(table: "pd.DataFrame") -> str:
    # Not pandas' to_json: that rounds numbers to 15 digits.
    return json.dumps(library.tables.records(table), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


WRITERS: "dict[str, Callable[[pd.DataFrame, Path], None]]" = {".csv": _csv, ".parquet": _parquet, ".json": _json}
