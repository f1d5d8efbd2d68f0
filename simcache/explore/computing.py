"""What a state shows: the picture with its table and its script, and the verdict."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from ..curves import hit_curve
from ..loader import Costs, Loader
from ..loader.replay import Shared
from ..plot.facets import close
from ..plot.looks import DRAWING
from ..simulation import Policy
from ..sweeps import sweep
from ..trace import Trace
from ..verdict import Explanation, explain
from . import drawing, scripts
from .calls import Call, Name, call, value
from .forms import forms, said
from .state import BYPASS, GIVEN, SHAPE, Given, State
from .workloads import call_of, check, read, trace_of

FRACTIONS = tuple(k / 20 for k in range(1, 20, 2))
STEPS = 8  # of the heatmap, up
Wanted = Callable[[], bool]


class Stale(Exception):
    """A newer change has come."""


class Picture(NamedTuple):
    """A figure (SVG), its table, the script that makes it, what it shows in words, and what runs up a heatmap."""

    figure: bytes
    table: pd.DataFrame
    script: str
    title: str
    note: str
    over: str = ""


def picture(state: State, given: Given | None, wanted: Wanted = lambda: True) -> Picture:
    """The figure that a state asks for.

    Raises
    ------
    ValueError
        When it cannot be drawn; the message is for the page.
    Stale
        When it is not wanted any more.
    """
    if not state.policies:
        raise ValueError("choose at least one policy to draw")
    return (_curves if state.view == "curves" else _gap)(state, given, wanted)


def verdict(state: State, given: Given | None) -> Explanation:
    """Whether OPT would help the loader of a state.

    Raises
    ------
    TypeError, ValueError
        As `explain`, and when the workload cannot be made.
    """
    trace = trace_of(state, given)
    loader = Loader(
        state.batch_size,
        state.num_workers,
        state.world_size,
        drop_last=state.drop_last,
        persistent_workers=state.persistent_workers and state.num_workers > 0,
        prefetch_factor=state.prefetch_factor,
    )
    times = (state.t_hit, state.t_miss, state.t_prep, state.t_step)
    return explain(
        trace,
        loader,
        state.capacity(trace.n_items),
        policy=named(state.used),
        shared=cast(Shared, state.shared),
        costs=Costs(*times) if any(times) else None,
    )


def adopted(state: State, given: Given | None) -> State:
    """`state` with the shape of the loader that was given, where one was."""
    loader = read(given, state.epochs)[1] if given is not None and state.workload == GIVEN else None
    if loader is None:
        return state
    return replace(state, **{name: getattr(loader, name) for name in SHAPE})


def named(label: str) -> Policy:
    """A policy as `hit_curve` takes it."""
    return ("opt", {"bypass": True}) if label == BYPASS else label


def sizes_of(n_items: int) -> tuple[int, ...]:
    """Where curves are simulated: at even steps, and closer for small caches."""
    close_by, even = np.geomspace(1, n_items, 15), np.linspace(n_items / 20, n_items, 20)
    return tuple(np.unique(np.concatenate([close_by, even]).round().clip(1)).astype(int).tolist())


def _curves(state: State, given: Given | None, wanted: Wanted) -> Picture:
    trace = trace_of(state, given)
    sizes, tables = sizes_of(trace.n_items), []
    for label in state.policies:
        if not wanted():
            raise Stale
        tables.append(_curve(trace, label, sizes, state.seed, state.warmup))
    table = pd.concat(tables, ignore_index=True)
    inner = trace_of(replace(state, probability=0.0), given)
    calls = forms(state, inner)
    capacities = np.array(sizes)
    variables = {"capacities": capacities, "fractions": capacities / trace.n_items}
    rates = {label: value(each, variables) for label, each in calls.items()}
    size = state.size if state.x == "fraction" else state.capacity(trace.n_items)
    shown = {"x": state.x, "y": state.y, "size": size}
    if not wanted():
        raise Stale
    figure = _drawn(drawing.draw_curves, table=table, forms=rates, **shown)
    theory = [float(rate) for label in state.policies for rate in rates.get(label, [np.nan] * len(sizes))]
    lines = scripts.curves(state, given, [named(label) for label in state.policies], sizes, calls)
    return Picture(
        figure,
        table.assign(theory=theory),
        scripts.whole(state, lines, drawing.draw_curves, shown),
        f"Hit rate over cache size of {', '.join(state.policies)} on {trace.name}",
        said(state, inner, calls),
    )


def _gap(state: State, given: Given | None, wanted: Wanted) -> Picture:
    others = [label for label in state.policies if label not in ("opt", BYPASS)]
    if not others:
        raise ValueError("choose a policy besides OPT: the heatmap is of OPT's lead over the best of the others")
    base = trace_of(state, given)
    check(STEPS * len(base), base.n_items)
    over, made = _varied(state, base.n_items)
    policies, tables = (BYPASS, *others), []
    outside = read(given, state.epochs if given.is_loader else 1)[0] if given and state.workload == GIVEN else None
    for each in made:
        if not wanted():
            raise Stale
        tables.append(_swept(each, outside, policies, state.seed, state.warmup))
    table = pd.concat(tables, ignore_index=True)
    shown = {"policy": BYPASS, "x": state.x, "over": over, "y": state.y}
    figure = _drawn(drawing.draw_gap, table=table, **shown)
    lines = scripts.gap(state, given, [named(label) for label in policies], FRACTIONS, made)
    return Picture(
        figure,
        table,
        scripts.whole(state, lines, drawing.draw_gap, shown),
        f"OPT's lead over the best of {', '.join(others)}, over cache size and {over}",
        "One cache that sees every access; OPT may refuse an item (bypass).",
        over,
    )


def _varied(state: State, n_items: int) -> tuple[str, list[Call | Name]]:
    """What runs up the heatmap: the parameter that gives the law its shape, or else the share of repeats."""
    values: list[Any]
    steps = range(STEPS)
    if state.workload == "zipf":
        over, values = "alpha", [k / 5 for k in steps]
    elif state.workload == "ring":
        over, values = "jump", [2.0**-k for k in reversed(steps)]
    elif state.workload == "shuffle_buffer":
        over, values = "buffer", sorted({max(1, n_items >> k) for k in steps})
    else:
        plain = call_of(replace(state, probability=0.0))
        return "probability", [call("synth.repeat", plain, k / 10, seed=state.trace_seed) for k in steps]
    return over, [call_of(replace(state, **{over: each})) for each in values]


@lru_cache(64)
def _curve(trace: Trace, label: str, sizes: tuple[int, ...], seed: int, warmup: int) -> pd.DataFrame:
    return hit_curve(trace, named(label), sizes, seed=seed, warmup=warmup)


@lru_cache(32)
def _swept(made: Call | Name, outside: Trace | None, policies: tuple[str, ...], seed: int, warmup: int) -> pd.DataFrame:
    trace = value(made, {"given": outside})
    return sweep([trace], map(named, policies), FRACTIONS, seeds=[seed], warmup=warmup, progress=False)


def _drawn(draw: Callable[..., Any], **arguments: Any) -> bytes:
    with DRAWING, tempfile.TemporaryDirectory(prefix="simcache-") as folder:
        path = Path(folder, "figure.svg")
        close(draw(**arguments, path=path))
        return path.read_bytes()
