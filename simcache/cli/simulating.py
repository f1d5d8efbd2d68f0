"""policies, simulate, curve: what there is, one size, and many."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from .. import formats
from .. import policies as registry
from ..curves import hit_curve
from ..simulation import choose
from ..sweeps import check_traces, sweep
from ..tables import joined
from .input import read_trace
from .options import (
    Capacity,
    Fraction,
    Policies,
    Seed,
    TableOutput,
    TraceFile,
    Unit,
    Warmup,
    check_one,
    numbers,
    policy,
    size,
)
from .output import write
from .streams import told_warnings
from .sweeping import finish


def policies(output: TableOutput = None) -> None:
    """List the policies: the idea of each, and its parameters with their defaults.

    Examples
    --------
    simcache policies
    simcache policies -o policies.csv
    """
    rows = []
    for name in registry.names():
        chosen = choose(name)
        first = " ".join((chosen.module.__doc__ or "").split("\n\n")[0].split()) if chosen.module else ""
        parameters = ", ".join(f"{key}={str(default).lower()}" for key, default in chosen.params.items())
        rows.append({"policy": name, "idea": first, "parameters": parameters})
    write(pd.DataFrame(rows), output, wrap=True)


def simulate(
    trace: TraceFile,
    policy: Policies,
    capacity: Capacity = None,
    fraction: Fraction = None,
    unit: Unit = "items",
    seed: Seed = 0,
    warmup: Warmup = None,
    output: TableOutput = None,
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
    finish(_table(trace, policy, capacities, fractions, unit, seed, warmup), output)


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
    warmup: Warmup = None,
    output: TableOutput = None,
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
    finish(_table(trace, policy, sizes, shares, unit, seed, warmup), output)


def _table(
    first: Path,
    others: Sequence[str],
    capacities: list[Any] | None,
    fractions: list[float] | None,
    unit: str,
    seed: int,
    warmup: int | None,
) -> pd.DataFrame:
    """Rows of each trace under each policy: `others` are names of policies, and more files of traces."""
    paths = [first, *(Path(text) for text in others if formats.is_own(Path(text)))]
    chosen = [policy(text) for text in others if not formats.is_own(Path(text))]
    if not chosen:
        raise ValueError(f"at least one policy must be named after the traces, got {', '.join(others)}")
    labels = [choose(each).label for each in chosen]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"policies must differ, got {twice!r} twice")
    traces = [read_trace(path) for path in paths]
    for path, trace in zip(paths, traces, strict=True):
        if not len(trace):
            raise ValueError(f"a trace to simulate must have accesses, got none in {str(path)!r}")
    if fractions is not None:
        with told_warnings():
            return sweep(traces, chosen, fractions, unit=unit, seeds=[seed], warmup=warmup)
    check_traces(traces)
    options: dict[str, Any] = {"unit": unit, "seed": seed, "warmup": warmup}
    return joined([hit_curve(trace, each, capacities, **options) for trace in traces for each in chosen])
