"""policies, simulate, curve: what there is, one size, and many."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import policies as registry
from . import library
from .options import (
    Capacity,
    Fraction,
    Policies,
    Seed,
    Seeds,
    TableOutput,
    TablePrinted,
    TraceFile,
    Unit,
    Warmup,
    check_one,
    numbers,
    policy,
    real,
    seeds_of,
    size,
    whole,
)
from .output import write
from .streams import told_warnings
from .sweeping import finish

if TYPE_CHECKING:
    import pandas as pd


def policies(output: TableOutput = None, printed: TablePrinted = None) -> None:
    """List the policies: the idea of each, and its parameters with their defaults.

    Examples
    --------
    simcache policies
    simcache policies -o policies.csv
    """
    rows = []
    for name in registry.names():
        chosen = library.simulation.choose(name)
        first = " ".join((chosen.module.__doc__ or "").split("\n\n")[0].split()) if chosen.module else ""
        parameters = ", ".join(f"{key}={str(default).lower()}" for key, default in chosen.params.items())
        rows.append({"policy": name, "idea": first, "parameters": parameters})
    write(library.pd.DataFrame(rows), output, printed, wrap=True)


def simulate(
    trace: TraceFile,
    policy: Policies,
    capacity: Capacity = None,
    fraction: Fraction = None,
    unit: Unit = "items",
    seed: Seed = 0,
    seeds: Seeds = None,
    warmup: Warmup = None,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Replay a trace, or several, through one policy or several, from an empty cache of one size.

    Examples
    --------
    simcache simulate zipf.npz lru --capacity 50
    simcache simulate zipf.npz opt opt:bypass=true pin --fraction .1 -o sizes.json
    """
    check_one("simulate", capacity, fraction)
    capacities = None if capacity is None else [capacity]
    fractions = None if fraction is None else [fraction]
    finish(_table(trace, policy, capacities, fractions, unit, seeds_of(seed, seeds), warmup), output, printed)


def curve(
    trace: TraceFile,
    policy: Policies,
    capacities: Annotated[
        str | None,
        typer.Option(metavar="N,N,…", help="Cache sizes: items, or bytes as in 1GB,2GB; by default about 100, to all."),
    ] = None,
    fractions: Annotated[str | None, typer.Option(metavar="X,X,…", help="Or as shares of all, up to 1.")] = None,
    unit: Unit = "items",
    seed: Seed = 0,
    seeds: Seeds = None,
    warmup: Warmup = None,
    sample: Annotated[
        float | None,
        typer.Option(metavar="X", parser=real, help="Estimate, from this share of the items, drawn by the seed."),
    ] = None,
    repeats: Annotated[int, typer.Option(metavar="N", parser=whole, help="Samples to take, of which the mean.")] = 1,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rate of one policy or several over cache size, for a trace or several in one table.

    Examples
    --------
    simcache curve zipf.npz opt lru lfu --capacities 5,20,100,400 -o zipf.csv
    simcache curve mild.npz opt lru lfu --capacities 5,20,100,400 -o mild.csv
    simcache curve zipf.npz mild.npz opt lru lfu --fractions .01,.1 -o two.csv
    simcache curve shuffled.npz lru rr pin --fractions .1,.5,.9
    """
    if capacities is not None and fractions is not None:
        raise ValueError("curve must be given at most one of --capacities and --fractions")
    sizes = None if capacities is None else numbers(capacities, size, "capacities")
    shares = None if fractions is None else numbers(fractions, float, "fractions")
    sampling = {"sample": sample, "repeats": repeats}
    if fractions is not None and (sample is not None or repeats != 1):
        raise ValueError("a sample must be taken at --capacities, or at the default sizes; got --fractions")
    finish(_table(trace, policy, sizes, shares, unit, seeds_of(seed, seeds), warmup, **sampling), output, printed)


def _table(
    first: Path,
    others: Sequence[str],
    capacities: list[Any] | None,
    fractions: list[float] | None,
    unit: str,
    seeds: list[int],
    warmup: int | None,
    **sampling: Any,
) -> "pd.DataFrame":
    """Rows of each trace under each policy: `others` are names of policies, and more files of traces."""
    paths = [first, *(Path(text) for text in others if library.formats.is_own(Path(text)))]
    chosen = [policy(text) for text in others if not library.formats.is_own(Path(text))]
    if not chosen:
        raise ValueError(f"at least one policy must be named after the traces, got {', '.join(others)}")
    labels = [library.simulation.choose(each).label for each in chosen]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"policies must differ, got {twice!r} twice")
    traces = [library.input.read_trace(path) for path in paths]
    for path, trace in zip(paths, traces, strict=True):
        if not len(trace):
            raise ValueError(f"a trace to simulate must have accesses, got none in {str(path)!r}")
    if fractions is not None:
        with told_warnings():
            return library.sweeps.sweep(traces, chosen, fractions, unit=unit, seeds=seeds, warmup=warmup)
    library.sweeps.check_traces(traces)
    options: dict[str, Any] = {"unit": unit, "warmup": warmup, **sampling}
    rows = []
    for trace in traces:
        for each in chosen:
            drawn = seeds if library.simulation.choose(each).random or options.get("sample") else seeds[:1]
            rows += [library.curves.hit_curve(trace, each, capacities, seed=seed, **options) for seed in drawn]
    return library.tables.joined(rows)
