"""sweep(): the one call, from grid to table."""

import os
import signal
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Event, current_thread, main_thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from .. import pool
from ..journals import Journal
from ..simulation import Policy
from ..store import checked
from . import stored
from .afresh import afresh
from .grid import Grid, Source, asked
from .portable import portable
from .results import Results
from .tasks import Ended, split
from .threads import on_threads

if TYPE_CHECKING:
    from distributed import Client

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def sweep(
    traces: Iterable[Source],
    policies: Iterable[Policy],
    fractions: Iterable[float] | None = None,
    *,
    capacities: Iterable[int | str] | None = None,
    unit: str = "items",
    seeds: Iterable[int] = (0,),
    warmup: int | None = None,
    store: str | os.PathLike[str] | None = None,
    client: "Client | None" = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Simulate every combination of trace, policy, size and seed, on all cores of this process or on a Dask cluster.

    Parameters
    ----------
    traces : iterable of Trace, Path or callable
        Traces; paths of .npz files; or calls that make traces, ``functools.partial(synth.zipf, 10_000, 10**6, alpha,
        seed=s)``, which are made where they are used and dropped after that. No two of the same name and source, none
        empty.
    policies : iterable
        Each a name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python;
        parameters go with it in a pair: ``("opt", {"bypass": True})``.
    fractions : iterable of float, optional
        Sizes as shares of each trace's `n_items`, in (0, 1]; capacity is ``max(1, round(fraction * n_items))``. In
        bytes, shares of the bytes of all items.
    capacities : iterable of int or str, optional
        Or sizes in items, at least 1, or in bytes, also as texts: "25 GB", "25 GiB".
    unit : {"items", "bytes"}
        What sizes count. Bytes need traces with sizes, and policies that take them.
    seeds : iterable of int
        The policies' seeds. A policy that draws no random numbers runs once, with the first.
    warmup : int, optional
        Accesses left out of `hit_rate_warm`; by default each trace's first epoch, where it has two or more.
    store : path, optional
        A folder that keeps what has ended, made if it is not there: what it has is not simulated again, and nothing
        that ended is lost when this process is. Several runs, on several machines, may use it at once. `store.read`
        gives what is in it.
    client : distributed.Client, optional
        A Dask cluster to run on; needs the extra distributed.
    progress : bool, optional
        Whether to show a bar; by default on a terminal and in a notebook, for work over a second.

    Returns
    -------
    pandas.DataFrame
        One row per simulation. Columns: trace, policy, capacity, unit, fraction, seed, accesses, hits, hit_rate,
        warmup, hit_rate_warm, byte_hit_rate, low, high, exact, and what each trace's `source` says; `fraction` is the
        one asked for, or capacity / n_items, or / bytes of all items. The order of rows and every number are the same
        on any number of cores and machines. A cell that failed is a row too, its `hits` <NA>, its rates NaN; then a
        column ``error`` says why.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.
    OSError
        When the store cannot be read or written.
    ConnectionError
        When the cluster's scheduler is gone.
    Exception
        The first cell's error, when all cells fail; its attribute `table` has them.
    KeyboardInterrupt
        On Ctrl-C, once the simulations under way have ended. Its attribute `table` has the rows so far: ``except
        KeyboardInterrupt as stop: table = stop.table``, or, in a notebook, ``sys.last_value.table`` afterwards.

    Warns
    -----
    RuntimeWarning
        When some cells failed; a store has the others, and the same call tries again only those.

    Notes
    -----
    A policy that has a one-pass curve counts all sizes of a trace at once, and FIFO and RR up to 16, unless the trace
    has sizes: then each gets a run, for its bytes.

    In a store, a cell is known by the code of its policy and of its trace's call, with all that they reach in their
    package or notebook; by their arguments, which must be scalars, strings, arrays, Traces or paths; and by what is in
    files. Edit any, and it is another cell.

    Examples
    --------
    >>> from simcache import sweep, synth
    >>> traces = [synth.zipf(1_000, 20_000, alpha, seed=1) for alpha in (0.6, 1.0)]
    >>> table = sweep(traces, ["lru", ("opt", {"bypass": True})], [0.1])
    >>> table[["trace", "policy", "fraction", "hit_rate", "alpha"]]
          trace            policy  fraction  hit_rate  alpha
    0  zipf-0.6               lru       0.1   0.22610    0.6
    1  zipf-0.6  opt(bypass=True)       0.1   0.51445    0.6
    2  zipf-1.0               lru       0.1   0.57705    1.0
    3  zipf-1.0  opt(bypass=True)       0.1   0.75265    1.0
    """
    grid = asked(traces, policies, fractions, capacities, seeds, warmup, unit)
    if client is not None:
        _cluster().check_client(client)
    keys = None if store is None else stored.keys_of(grid)
    folder = None if store is None else checked(store, make=True)
    results = Results(grid)
    if folder is not None and keys is not None:
        _reuse(grid, results, keys, folder)
    if sum(map(len, results.missing().values())):
        journal = Journal(folder, stored.about(grid)) if folder is not None else nullcontext()
        with journal as opened:
            _run(grid if keys is None else afresh(grid, keys.policies), results, client, progress, keys, opened)
    table = results.table()
    if errors := results.errors():
        first = errors[0]
        if len(errors) == len(table):
            error = first.cause or RuntimeError(first.error)
            error.table = table  # type: ignore[attr-defined]
            raise error
        again = "" if store is None else "; the same call tries them again"
        told = f"{len(errors)} of {len(table)} cells failed, the first of {first.error}; see the column `error`{again}"
        warnings.warn(told, RuntimeWarning, stacklevel=2)
    return table


class Tally(NamedTuple):
    """Cells of a sweep: all, those that its store has, those that failed before, and those that would be simulated."""

    asked: int
    stored: int
    failed: int
    to_run: int


def tally(
    traces: Iterable[Source],
    policies: Iterable[Policy],
    fractions: Iterable[float] | None = None,
    *,
    capacities: Iterable[int | str] | None = None,
    unit: str = "items",
    seeds: Iterable[int] = (0,),
    warmup: int | None = None,
    store: str | os.PathLike[str] | None = None,
) -> Tally:
    """What `sweep` would have to do: nothing is simulated, no trace is made, and no store."""
    grid = asked(traces, policies, fractions, capacities, seeds, warmup, unit)
    results, failed = Results(grid), 0
    if store is not None and Path(store).exists():
        failed = _reuse(grid, results, stored.keys_of(grid), checked(store))
    to_run = sum(map(len, results.missing().values()))
    return Tally(results.n_cells, results.n_cells - to_run, failed, to_run)


def _reuse(grid: Grid, results: Results, keys: stored.Keys, folder: Path) -> int:
    """Take in the cells that a store has; how many of those asked for failed before, which are tried again."""
    failed = 0
    for i, facts, found in stored.known(grid, keys, folder):
        counted = {size: cell for size, cell in found.cells.items() if cell.error is None}
        failed += len((set(found.cells) - set(counted)) & set(grid.sizes))
        if counted:
            results.tell(i, facts)
            results.add(i, found._replace(cells=counted))
    return failed


def _run(
    grid: Grid,
    results: Results,
    client: "Client | None",
    progress: bool | None,
    keys: stored.Keys | None,
    journal: Journal | None,
) -> None:
    """Run what is missing, and write what ends to the journal."""
    stop = Event()
    missing = results.missing()
    done = results.n_cells - sum(map(len, missing.values()))
    if client is None:
        engine = on_threads(grid, split(grid, missing, pool.threads()), stop)
    else:
        grid, cluster = portable(grid), _cluster()
        engine = cluster.on_client(client, grid, split(grid, missing, cluster.n_threads(client)), stop)
    kept = "the same call goes on from what is stored" if journal is not None else "nothing was written"
    with (
        _heeding(stop),
        closing(engine),
        pool.ticking(results.n_cells, "sweep", progress, done, "cell") as tick,
    ):
        for ended in _saying(engine, kept):
            if journal is not None:
                journal.sync()
            if ended is None:
                continue
            task, outcome = ended
            for found in outcome.found:
                results.add(task.trace, found)
                done += len(found.cells)
                tick(len(found.cells))
                if journal is not None and keys is not None:
                    facts = outcome.facts or results.facts(task.trace)
                    for line in stored.lines_of(grid, keys, task.trace, facts, found):
                        journal.append(line)
            results.tell(task.trace, outcome.facts)
    if stop.is_set() or any(results.missing().values()):  # a worker may have been told to stop
        stopped = KeyboardInterrupt()
        stopped.table = results.table()  # type: ignore[attr-defined]
        stopped.add_note(f"sweep stopped after {done} of {results.n_cells} cells; {kept}")
        stopped.add_note("the rows so far are its `table`: sys.last_value.table")
        raise stopped


def _saying(engine: Iterator[Ended], kept: str) -> Iterator[Ended]:
    """What an engine gives; where its scheduler is gone, also what is kept."""
    try:
        yield from engine
    except ConnectionError as error:
        raise ConnectionError(f"{error}; {kept}") from None


def _cluster() -> ModuleType:
    """The engine that needs the extra distributed."""
    try:
        return import_module(".cluster", __package__)
    except ModuleNotFoundError as missing:
        if missing.name == "distributed":
            missing.msg = "a client needs Dask, the extra distributed: pip install 'simcache[distributed]'"
        raise


@contextmanager
def _heeding(stop: Event) -> Iterator[None]:
    """Have Ctrl-C set `stop`, so that nothing is cut short between two lines; a second one is as ever.

    So does any signal that is handled as Ctrl-C is by default: SIGTERM on the command line.
    """

    def heed(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    ours = [] if current_thread() is not main_thread() else [number for number in SIGNALS if _is_default(number)]
    for number in ours:
        signal.signal(number, heed)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.default_int_handler)


def _is_default(number: int) -> bool:
    return signal.getsignal(number) is signal.default_int_handler
