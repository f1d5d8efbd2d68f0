"""The script that makes a figure: the calls that the page made, as text."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .calls import Call, Name
from .looks import FILE
from .state import GIVEN, Given, State, to_query
from .workloads import call_of

HEAD = '''"""A figure of simcache explore: run this, and {file}.svg is written where you run it.

The page with every choice: simcache explore{named}, then add to its address
?{query}
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simcache import Trace, hit_curve, plot, sweep, synth, theory

'''


def whole(state: State, lines: str, draw: Callable[..., Any], shown: Mapping[str, Any]) -> str:
    """All of it; `lines` leave in a table, and in forms, what `draw` takes besides what is `shown`."""
    head = HEAD.format(file=FILE, query=to_query(state), named=" TRACE" if state.workload == GIVEN else "")
    names = [name for name in ("table", "forms") if name in inspect.signature(draw).parameters]
    given = [*(f"{name}={name}" for name in names), *(f"{name}={each!r}" for name, each in shown.items())]
    return f'{head}{lines}\n\n\n{inspect.getsource(draw)}\n\n{draw.__name__}({", ".join(given)}, path="{FILE}.svg")\n'


def curves(
    state: State, given: Given | None, policies: Sequence[Any], sizes: Sequence[int], forms: Mapping[str, Call]
) -> str:
    """A table of curves, and the forms over them."""
    theory = "".join(f"    {label!r}: {each!r},\n" for label, each in forms.items())
    return (
        f"{_given(state, given)}trace = {call_of(state)!r}\n"
        f"capacities = np.array({list(sizes)!r})\n"
        "fractions = capacities / trace.n_items\n"
        f"policies = {list(policies)!r}\n"
        f"forms: dict[str, Any] = {{\n{theory}}}\n"
        f"options: dict[str, Any] = {{'seed': {state.seed}, 'warmup': {state.warmup}}}\n"
        "table = pd.concat([hit_curve(trace, policy, capacities, **options) for policy in policies], ignore_index=True)"
    )


def gap(
    state: State, given: Given | None, policies: Sequence[Any], fractions: Sequence[float], made: Sequence[Call | Name]
) -> str:
    """A table over a grid."""
    traces = "".join(f"    {each!r},\n" for each in made)
    return (
        f"{_given(state, given)}traces = [\n{traces}]\n"
        f"policies = {list(policies)!r}\n"
        f"fractions = {list(fractions)!r}\n"
        "parts = [\n"
        f"    sweep([trace], policies, fractions, seeds=[{state.seed}], warmup={state.warmup}) for trace in traces\n"
        "]\n"
        "table = pd.concat(parts, ignore_index=True)"
    )


def _given(state: State, given: Given | None) -> str:
    return given.lines(state.epochs) + "\n" if given is not None and state.workload == GIVEN else ""
