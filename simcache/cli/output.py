"""Tables out: for people on a terminal, as csv into a pipe, or as a file of the kind its suffix names."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..files import replacing
from ..seeds import RATES
from ..tables import records
from ..text import printable
from ..trace import COLUMNS
from .streams import say

# What goes first when a terminal is narrow stands last.
WEIGHT = ("policy", "capacity", "fraction", "hit_rate", "hit_rate_warm", "trace", "hits", "seed")
LIGHT = ("accesses", "warmup", "low", "high", "exact", "unit", "byte_hit_rate")
OF_BYTES = ("policy", "capacity", "unit", "hit_rate", "byte_hit_rate")  # the first, where items have sizes


def write(table: pd.DataFrame, path: Path | None, *, wrap: bool = False) -> None:
    """Write a table where the user wants it: to `path`, on the terminal, or as csv into the pipe.

    On a terminal, long text is wrapped if `wrap`, else columns are left out until every cell is whole.
    """
    if path is not None:
        with replacing(path) as temporary:
            WRITERS[path.suffix.lower()](table, temporary)
        say(f"wrote {path}: {len(table)} rows")
    elif sys.stdout.isatty():
        show(table, Console(highlight=False), wrap=wrap)
    else:
        table.to_csv(sys.stdout, index=False)


def show(table: pd.DataFrame, console: Console, *, wrap: bool = False) -> None:
    """Print a table, as many of its columns as fit; a note says what was left out."""
    columns = [str(name) for name in table.columns]
    by_weight = [c for c in WEIGHT if c in columns]
    by_weight += [c for c in columns if c not in COLUMNS] + [c for c in LIGHT if c in columns]
    if "byte_hit_rate" in columns and table["byte_hit_rate"].notna().any():
        by_weight.sort(key=lambda name: name not in OF_BYTES)
    kept, roomy = len(by_weight), console.options.update_width(10_000)
    while True:
        shown = [c for c in columns if c in by_weight[:kept]]
        drawn = _drawn(table[shown])
        if wrap or kept == 1 or Measurement.get(console, roomy, drawn).maximum <= console.width:
            break
        kept -= 1
    console.print(drawn)
    if left := [c for c in columns if c not in shown]:
        console.print(Text(printable(f"not shown: {', '.join(left)}; -o FILE has them all"), "dim"))


def _drawn(table: pd.DataFrame) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in table.columns:
        number = pd.api.types.is_numeric_dtype(table[name].dtype)
        drawn.add_column(Text(printable(str(name))), justify="right" if number else "left", overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*(Text(printable(_cell(value, name))) for value, name in zip(row, table.columns, strict=True)))
    return drawn


def _cell(value: Any, name: str) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}" if name in RATES else f"{value:.4g}"
    return str(value)


class _Writable(Exception):
    """No error: it ends a rehearsal of writing, so that nothing is replaced."""


def checker(what: str, *suffixes: str) -> Callable[[Any], Any]:
    """A callback for an option that refuses, before any work is done, a path that could not be written."""

    def check(path: Any) -> Any:
        if path is None:
            return None
        target = Path(path)
        if target.suffix.lower() not in suffixes:
            known = ", ".join(suffix or "no suffix" for suffix in suffixes)
            raise ValueError(f"{what} must be written to a file ending in {known}; got {str(path)!r}")
        with suppress(_Writable), replacing(target):
            raise _Writable
        if target.suffix.lower() == ".parquet":
            need_pyarrow()
        return target

    return check


def need_pyarrow() -> None:
    """Refuse parquet where pyarrow is not installed."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise ValueError("a .parquet file needs pyarrow: pip install 'simcache[io]'") from None


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except (OverflowError, TypeError, ValueError) as error:  # pyarrow's own are of these
        message = "a .parquet table must hold one kind of value in each column, whole numbers of 64 bits at most"
        raise ValueError(f"{message}; {error}") from error


def _json(table: pd.DataFrame, path: Path) -> None:
    # Not pandas' to_json: that rounds numbers to 15 digits.
    text = json.dumps(records(table), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {".csv": _csv, ".parquet": _parquet, ".json": _json}
