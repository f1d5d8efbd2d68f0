"""Traces: from a law of `synth` and its parameters, or from what was given with the page."""

import inspect
from dataclasses import replace
from functools import lru_cache

from .. import synth
from ..checks import short
from ..loader import Loader
from ..trace import Trace
from .calls import Call, Name, call, value
from .state import EPOCHS, GIVEN, MOST, PARAMETERS, SEEDLESS, Given, State, parameters

SIDE = 64  # items of a matrix that is typed
KEYWORD = inspect.Parameter.KEYWORD_ONLY


def call_of(state: State) -> Call | Name:
    """What makes the trace, for a script; `given` is what was given."""
    made: Call | Name = Name("given") if state.workload == GIVEN else _phases(state)
    if state.probability:
        made = call("synth.repeat", made, state.probability, seed=state.trace_seed)
    return made


def trace_of(state: State, given: Given | None) -> Trace:
    """The trace of a state; the latest are kept.

    Raises
    ------
    ValueError
        When it would be too long, or cannot be made.
    """
    check(accesses(state))
    outside = None
    if state.workload == GIVEN:
        if given is None:
            raise ValueError("no trace and no loader was given with this page: simcache explore TRACE names one")
        outside = read(given, state.epochs if given.is_loader else 1)[0]
        check(len(outside), outside.n_items, len(outside.epochs))
    trace = _made(call_of(state), outside)
    check(len(trace), trace.n_items, len(trace.epochs))
    return trace


def accesses(state: State) -> int:
    """How many a law would make, as far as its parameters tell."""
    names = parameters(state)
    each = state.n_accesses if "n_accesses" in names else state.n_items * state.epochs
    return 0 if state.workload == GIVEN else each * (state.phases if "phases" in names else 1)


def check(n_accesses: int, n_items: int = 1, n_epochs: int = 1) -> None:
    """Refuse what would keep the page waiting for long."""
    for count, most, what in ((n_accesses, MOST, "accesses"), (n_items, MOST, "items"), (n_epochs, EPOCHS, "epochs")):
        if count > most:
            raise ValueError(
                f"the explorer takes at most {most:,} {what} a change, got {count:,}; for more, simcache curve and "
                "simcache explain have no such limit"
            )


@lru_cache(4)
def read(given: Given, epochs: int) -> tuple[Trace, Loader | None]:
    """What was given, read once.

    Raises
    ------
    ValueError
        With what its own code said, too.
    """
    try:
        return given.read(epochs)
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:  # a loader's own code may raise what it likes
        said = str(error) if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{given.name} cannot be read: {said}") from error


def matrix_of(text: str) -> tuple[tuple[float, ...], ...]:
    """The rows of a matrix that is typed: numbers between blanks, rows between semicolons.

    Raises
    ------
    ValueError
        When it is no such text.
    """
    rule = f"a matrix must be rows of numbers between ';', at most {SIDE} of as many each"
    try:
        rows = tuple(tuple(map(float, row.replace(",", " ").split())) for row in text.split(";"))
    except ValueError:
        raise ValueError(f"{rule}, got {short(text)}") from None
    if len(rows) > SIDE or {len(row) for row in rows} != {len(rows)}:
        raise ValueError(f"{rule}, got {len(rows)} rows of {', '.join(str(len(row)) for row in rows[:SIDE])}")
    return rows


def _phases(state: State) -> Call:
    if state.phases == 1 or state.workload in SEEDLESS:
        return _law(state)
    return call(
        "synth.phases", tuple(_law(replace(state, trace_seed=state.trace_seed + k)) for k in range(state.phases))
    )


def _law(state: State) -> Call:
    law, names = state.workload, PARAMETERS[state.workload]
    given = {name: matrix_of(state.matrix) if name == "matrix" else getattr(state, name) for name in names}
    signature = inspect.signature(getattr(synth, law)).parameters
    first = [given.pop(name) for name in names if signature[name].kind is not KEYWORD]
    return call(f"synth.{law}", *first, **given, **({} if law in SEEDLESS else {"seed": state.trace_seed}))


@lru_cache(4)
def _made(made: Call | Name, given: Trace | None) -> Trace:
    found: Trace = value(made, {"given": given})
    return found
