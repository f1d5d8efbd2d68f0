"""What a sweep is asked for: its arguments checked, and the traces told apart."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..checks import LIMIT, short, whole
from ..simulation import Chosen, Policy, check_seed, check_trace, choose, counting_in
from ..text import printable
from ..trace import Trace
from ..units import check_capacity as check_size
from ..units import check_unit, everything, of_unit

Value = TypeVar("Value")
Source = Trace | Path | Callable[[], Trace]


class Grid(NamedTuple):
    """The traces, policies, sizes (`of` fractions or capacities of a unit, as asked for) and seeds of a sweep."""

    sources: list[Source]
    policies: list[Chosen]
    of: str
    sizes: list[Any]
    seeds: list[int]
    warmup: int | None

    def seeds_of(self, chosen: Chosen) -> list[int]:
        """The seeds that a policy runs with: one that draws no random numbers runs once."""
        return self.seeds if chosen.random else self.seeds[:1]

    def rows(self) -> Iterator[tuple[int, int, list[tuple[Any, int]]]]:
        """For each trace and policy, by number, the size and seed of each of their rows, in order."""
        for i in range(len(self.sources)):
            for j, chosen in enumerate(self.policies):
                yield i, j, [(size, seed) for size in self.sizes for seed in self.seeds_of(chosen)]


def asked(
    traces: Iterable[Source],
    policies: Iterable[Policy],
    fractions: Iterable[float] | None,
    capacities: Iterable[int | str] | None,
    seeds: Iterable[int],
    warmup: int | None,
    unit: str,
) -> Grid:
    """The arguments of `sweep` as a grid; errors as it tells them."""
    sources = [_source(source) for source in _list(traces, "traces")]
    there = [source for source in sources if isinstance(source, Trace)]
    check_traces(there)
    check_unit(unit)
    for trace in there:
        everything(trace, unit)
    chosen = _distinct([counting_in(unit, choose(policy)) for policy in _list(policies, "policies")])
    if (fractions is None) == (capacities is None):
        came = "neither" if fractions is None else "both"
        raise ValueError(f"a sweep must be given either fractions or capacities, got {came}")
    if fractions is not None:
        of, sizes = "fractions", [check_fraction(fraction) for fraction in _list(fractions, "fractions")]
    else:
        of, sizes = "capacities", [check_capacity(capacity, unit) for capacity in _list(capacities, "capacities")]
    numbers = [check_seed(seed) for seed in _list(seeds, "seeds")]
    left_out = None if warmup is None else min(whole(warmup, "warmup", 0, unit=" of accesses"), LIMIT)
    return Grid(sources, chosen, of_unit(of, unit), sizes, numbers, left_out)


def made(source: Source) -> Trace:
    """The trace itself, made where it is not there yet; refused where it is none, or has no accesses."""
    if isinstance(source, Trace):
        return source
    try:
        trace: Any = Trace.load(source) if isinstance(source, Path) else source()
    except (SystemExit, KeyboardInterrupt) as error:  # its own: it would end a worker, and with it what runs there
        told = f"the call of a sweep's trace must return, got {short(error)} of {described(source)}"
        raise RuntimeError(told) from error
    if not isinstance(trace, Trace):
        came = f"{type(trace).__name__} {short(trace)}"
        raise TypeError(f"the call of a sweep's trace must return a Trace, got {came} of {described(source)}")
    if not len(trace):
        came = f"trace {trace.name!r} of {described(source)}"
        raise ValueError(f"a sweep's traces must have accesses, got none in {came}")
    return trace


def described(source: Source) -> str:
    """A trace's name, its path, or the call that makes it."""
    if isinstance(source, Trace):
        return source.name
    if isinstance(source, Path):
        return printable(str(source))
    call = source if isinstance(source, partial) else partial(source)
    given = [short(value) for value in call.args] + [f"{name}={short(value)}" for name, value in call.keywords.items()]
    text = printable(f"{getattr(call.func, '__qualname__', type(call.func).__name__)}({', '.join(given)})")
    return text if len(text) <= 400 else f"{text[:400]} …"


def check_traces(traces: list[Trace]) -> None:
    """Refuse empty traces, and two whose rows could not be told apart."""
    known: dict[Any, int] = {}
    for i, trace in enumerate(traces):
        check_trace(trace)
        if not len(trace):
            raise ValueError(f"a sweep's traces must have accesses, got none in trace {trace.name!r}")
        tell_apart(trace.name, trace.source, i, known)


def tell_apart(name: str, source: Any, i: int, known: dict[Any, int]) -> None:
    """Add trace `i` to those known by name and source; refuse it where another is the same."""
    if known.setdefault((name, tuple(sorted((source or {}).items()))), i) != i:
        rule = "traces must differ in name or source, or their rows could not be told apart"
        raise ValueError(f"{rule}, got {name!r} twice")


def _source(given: Any) -> Source:
    if isinstance(given, Path) or callable(given):
        return given  # type: ignore[no-any-return]
    if not isinstance(given, Trace):
        hint = f"; of a file, {_reader(given)}" if isinstance(given, str) else ""
        raise TypeError(
            "trace must be a simcache.Trace (see Trace and Trace.of), a Path to an .npz file, or a functools.partial "
            f"that makes one, got {type(given).__name__} {short(given)}{hint}"
        )
    return given


def _reader(name: str) -> str:
    """What takes a file of this name."""
    call = "Path" if name.lower().endswith((".npz", ".trace")) else "formats.read"
    return f"{call}({short(name)})"


def _list(values: Any, what: str) -> list[Any]:
    alone = isinstance(values, str) or (isinstance(values, tuple) and any(isinstance(v, dict) for v in values))
    if alone or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a list, got {short(values)} alone")
    if not (listed := list(values)):
        raise ValueError(f"{what} must name at least one, got none")
    return listed


def _distinct(chosen: list[Chosen]) -> list[Chosen]:
    labels = [c.label for c in chosen]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ValueError(f"policies must differ, got {twice!r} twice")
    return chosen


def check_fraction(value: object) -> float:
    """The size as a share of the items, or an error that says what came."""
    message = f"fractions must be numbers in (0, 1], got {short(value)}"
    if isinstance(value, bool | str) or value is np.ma.masked:
        raise TypeError(message)
    try:
        fraction = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise TypeError(message) from None
    if not 0 < fraction <= 1:  # NaN too
        raise ValueError(message)
    return fraction


def check_capacity(value: object, unit: str = "items") -> int:
    """The size in that unit, or an error that says what came."""
    return check_size(value, unit, hint="fractions are given as such")
