"""sweep, results: a grid in a file, simulated on this machine or on a cluster; and all that a store has."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import library, opening
from .options import TableOutput, TablePrinted, numbers, size, whole
from .output import Printed, write
from .streams import complain, say, told_warnings

if TYPE_CHECKING:
    import pandas as pd

SCHEDULER = "a scheduler must be named by its tcp://… or by the scheduler.json it wrote"
MOST = 1 << 20  # bytes of a scheduler.json


def sweep(
    grid: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A grid, .toml: policies, fractions or capacities, unit, seeds, warmup, traces."
        ),
    ],
    fractions: Annotated[str | None, typer.Option(metavar="X,X,…", help="In place of FILE's.")] = None,
    capacities: Annotated[str | None, typer.Option(metavar="N,N,…", help="In place of FILE's.")] = None,
    unit: Annotated[Literal["items", "bytes"] | None, typer.Option(help="In place of FILE's.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar="N,N,…", help="In place of FILE's.")] = None,
    warmup: Annotated[int | None, typer.Option(metavar="N", parser=whole, help="In place of FILE's.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep there what has ended, and simulate nothing again that it has."),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run on a Dask cluster: its scheduler's tcp://… or scheduler.json."),
    ] = None,
    progress: Annotated[
        bool | None, typer.Option(help="Show a bar; by default on a terminal, for work over a second.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the cells, and simulate none.")] = False,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    r"""Simulate a grid of traces, policies, sizes and seeds; stopped or killed, the same command goes on.

    FILE lists policies = ["lru", "opt:bypass=true"], also files of your own beside it, "./mine.py", whose code is run,
    then fractions = [0.1, 0.5] or capacities = [10, 50], perhaps seeds = [0, 1], warmup = 99 and unit = "bytes", of
    which capacities may be ["25 GB"], and below \[[traces]] each file = "my.npz", or a law and its parameters, as in
    zipf = {n_items = 100, n_accesses = 999, alpha = [0.8, 1.0]}. A parameter may be a list: a trace for each of its
    values. Exit code 1 says that cells failed.

    Examples
    --------
    simcache sweep grid.toml -o rates.csv
    simcache sweep grid.toml --store runs --dry-run
    simcache sweep grid.toml --store runs -o rates.parquet
    """
    if fractions is not None and capacities is not None:
        raise ValueError("sweep must be given at most one of --fractions and --capacities")
    instead = {
        "fractions": None if fractions is None else numbers(fractions, float, "fractions"),
        "capacities": None if capacities is None else numbers(capacities, size, "capacities"),
        "unit": unit,
        "seeds": None if seeds is None else numbers(seeds, int, "seeds"),
        "warmup": warmup,
    }
    given = {name: value for name, value in instead.items() if value is not None}
    asked = {**library.grids.read_grid(grid, given), "store": store}
    with _heeding_sigterm(), told_warnings():
        if dry_run:
            n = library.sweeps.tally(**asked)
            say(f"{n.asked} cells asked for: {n.stored} stored, {n.failed} failed before, {n.to_run} to run")
            return
        with _client(dask) as client:
            table = _swept({**asked, "client": client, "progress": progress})
        finish(table, output, printed)


def results(
    store: Annotated[Path, typer.Argument(metavar="DIR", help="What sweep was given as its --store.")],
    failed: Annotated[bool, typer.Option("--failed", help="Those cells alone that failed.")] = False,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """All that a store has, at any time, also while sweeps write to it.

    Examples
    --------
    simcache results runs -o all.csv
    simcache results runs --failed
    """
    with told_warnings():
        table = library.store.read(store)
    if failed:
        table = table[table["error"].notna()] if "error" in table else table.iloc[:0]
    write(table, output, printed)


def finish(table: "pd.DataFrame", output: Path | None, printed: Printed | None = None) -> None:
    """Write the table of a sweep, and end with exit code 1 where cells failed."""
    write(table, output, printed)
    if "error" in table:
        raise typer.Exit(1)


def _swept(arguments: dict[str, Any]) -> "pd.DataFrame":
    """The table, also where every cell failed, which costs a line as well."""
    try:
        return library.sweeps.sweep(**arguments)
    except Exception as error:
        table: pd.DataFrame | None = getattr(error, "table", None)
        if table is None or "error" not in table or not table["error"].notna().all():
            raise
        complain(f"error: all of {len(table)} cells failed, the first of {table['error'].iloc[0]}")
        return table


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """Have SIGTERM, which batch systems send before they kill, stop a sweep as Ctrl-C does."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _client(address: str | None) -> Iterator[Any]:
    """A client of the Dask cluster whose scheduler is at that address, or has written that file."""
    if address is None:
        yield None
        return
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise ValueError("--dask needs Dask: pip install 'simcache[distributed]'") from None
    at = address if "://" in address else _address(Path(address))
    try:
        connected = distributed.Client(at, set_as_default=False)
    except ValueError as error:  # a scheme that Dask does not know
        raise ValueError(f"{SCHEDULER}, got {address!r}: {error}") from error
    import logging

    quiet = logging.root.manager.disable
    logging.disable(logging.ERROR)  # Dask's own words on workers and schedulers that go: rows and errors say it
    try:
        yield connected
    finally:
        connected.close(timeout=1)  # without a scheduler it would wait for one
        logging.disable(quiet)


def _address(path: Path) -> str:
    """The address in the file that a scheduler wrote."""
    opening.check(path, "a scheduler's file", MOST)
    try:
        return str(json.loads(path.read_bytes())["address"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"{SCHEDULER}, got {str(path)!r}") from None
