"""What is explored: every choice of the page in one place, written to its address and read from it.

An address is data from anywhere. It names no file and no code: a key that is not here, or a value of another kind, is
refused, and what stands for a workload from outside, `GIVEN`, is the one that the command line or a notebook named.
"""

import re
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from .. import policies
from ..checks import short
from ..text import near

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..loader import Loader
    from ..trace import Trace

GIVEN = "given"
# The parameters of each law of `synth` as they stand there, but for its seed: the page begins before it is loaded.
PARAMETERS = {
    "shuffled": ("n_items", "epochs"),
    "shuffle_buffer": ("n_items", "epochs", "buffer", "drain"),
    "loop": ("n_items", "n_accesses"),
    "uniform": ("n_items", "n_accesses"),
    "zipf": ("n_items", "n_accesses", "alpha"),
    "ring": ("n_items", "n_accesses", "jump", "directed"),
    "markov": ("matrix", "n_accesses"),
}
LAWS = tuple(PARAMETERS)
SEEDLESS = ("loop",)
BYPASS = "opt(bypass=True)"
POLICIES = (BYPASS, *policies.names())
WORDS = {
    "workload": (*LAWS, GIVEN),
    "used": POLICIES,
    "shared": ("worker", "rank", "node"),
    "x": ("fraction", "capacity"),
    "view": ("curves", "gap"),
}
SHAPE = ("batch_size", "num_workers", "persistent_workers", "prefetch_factor")  # what is read of a loader
MOST = 2_000_000  # accesses that one change may take
EPOCHS = 10_000
EXACT = 2**53 - 1  # a browser's numbers are exact up to this
LIMITS = {
    "n_items": (1, MOST), "n_accesses": (1, MOST), "epochs": (1, EPOCHS), "buffer": (1, MOST), "trace_seed": (0, EXACT),
    "phases": (1, 100), "seed": (0, EXACT), "warmup": (0, MOST), "batch_size": (1, MOST), "num_workers": (0, 256),
    "prefetch_factor": (1, 1000), "world_size": (1, 256),
}  # fmt: skip
LONGEST = 8000  # characters of an address


@dataclass(frozen=True)
class State:
    """Every choice, by the name that the library gives it where it has one."""

    workload: str = "shuffled"
    n_items: int = 2000
    n_accesses: int = 40_000
    epochs: int = 10
    buffer: int = 200
    drain: bool = True
    alpha: float = 1.0
    jump: float = 0.1
    directed: bool = False
    matrix: str = "0,.9,.1;.1,0,.9;.9,.1,0"
    trace_seed: int = 0
    phases: int = 1
    probability: float = 0.0
    policies: tuple[str, ...] = (BYPASS, "fifo", "lru", "pin", "rr")
    seed: int = 0
    size: float = 0.25
    warmup: int = 0
    used: str = "lru"
    shared: str = "worker"
    batch_size: int = 64
    num_workers: int = 2
    persistent_workers: bool = True
    prefetch_factor: int = 2
    world_size: int = 1
    drop_last: bool = False
    t_hit: float = 0.0
    t_miss: float = 0.0
    t_prep: float = 0.0
    t_step: float = 0.0
    x: str = "fraction"
    view: str = "curves"

    @property
    def y(self) -> str:
        """The rate that figures show."""
        return "hit_rate_warm" if self.warmup else "hit_rate"

    def capacity(self, n_items: int) -> int:
        """Items that a cache holds, of so many."""
        return max(1, round(self.size * n_items))


@dataclass(frozen=True, eq=False)
class Given:
    """A trace or a loader from outside: its name, what reads it, and the lines of a script that do.

    Parameters
    ----------
    name : str
        What the page calls it.
    read : callable
        Takes the number of epochs of a loader (a trace has its own) and returns the trace and its loader, or None.
    lines : callable
        Takes the same and returns the lines of a script that leave the trace in the variable `given`.
    is_loader : bool
        Whether it has epochs to choose.

    Examples
    --------
    >>> from simcache import synth
    >>> from simcache.explore import Given
    >>> given = Given("mine", lambda epochs: (synth.loop(3, 9), None), lambda epochs: "given = synth.loop(3, 9)")
    >>> given.read(1)[0]
    <Trace 'loop-3': accesses 9, items touched 3 of 3, epochs 3, repeats 66.67%>
    """

    name: str
    read: "Callable[[int], tuple[Trace, Loader | None]]"
    lines: "Callable[[int], str]"
    is_loader: bool = False


def parameters(state: State) -> tuple[str, ...]:
    """The names of the choices that the workload has besides those that all have."""
    if state.workload == GIVEN:
        return ("epochs",)
    return (*PARAMETERS[state.workload], *(() if state.workload in SEEDLESS else ("trace_seed", "phases")))


DEFAULT = State()
KINDS: dict[str, type] = {field.name: type(getattr(DEFAULT, field.name)) for field in fields(State)}


def to_query(state: State) -> str:
    """All of a state, as the part of an address after the question mark."""
    return urlencode({name: _text(getattr(state, name)) for name in KINDS}, safe="(),;")


def from_query(query: str, start: State = DEFAULT) -> State:
    """The state that an address names; what it leaves out is as at the start.

    Raises
    ------
    ValueError
        When it names what there is not, or a value of another kind.
    """
    if len(query) > LONGEST:
        raise ValueError(f"an address must have at most {LONGEST} characters, got {len(query)}")
    found: dict[str, Any] = {}
    for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name not in KINDS:
            raise ValueError(f"unknown {short(name)} in the address;{near(name, KINDS)} known: {', '.join(KINDS)}")
        if name in found:
            raise ValueError(f"{name} must be given once in the address, got it twice")
        found[name] = _value(name, text)
    return checked(State(**{**vars(start), **found}))


def checked(state: State) -> State:
    """`state`, its policies in their usual order, if it says only what may be said.

    Raises
    ------
    ValueError
        When it does not.
    """
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(state, name) <= most:
            raise ValueError(f"{name} must be a whole number {least:,} … {most:,}, got {getattr(state, name):,}")
    for name, known in WORDS.items():
        if getattr(state, name) not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {short(getattr(state, name))}")
    for name in state.policies:
        if name not in POLICIES:
            raise ValueError(f"unknown policy {short(name)};{near(name, POLICIES)} known: {', '.join(POLICIES)}")
    for name, kind in KINDS.items():
        if kind is float and not isfinite(getattr(state, name)):
            raise ValueError(f"{name} must be a finite number, got {getattr(state, name)}")
    if not 0 < state.size <= 1:
        raise ValueError(f"size must be a share of the items in (0, 1], got {state.size}")
    return replace(state, policies=tuple(name for name in POLICIES if name in state.policies))  # in whatever order


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(name: str, text: str) -> Any:
    kind = KINDS[name]
    if kind is tuple:
        return tuple(text.split(",")) if text else ()
    if kind is str:
        return text
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(f"{name} must be true or false in the address, got {short(text)}")
        return text == "true"
    if kind is int:
        if not re.fullmatch(r"-?[0-9]{1,20}", text):
            raise ValueError(f"{name} must be a whole number in the address, got {short(text)}")
        return int(text)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number in the address, got {short(text)}") from None
