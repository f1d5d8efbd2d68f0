"""What a policy is tried on: every short trace at every capacity, the shortest first; then longer ones, from seeds."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations, islice, product
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from .. import synth
from ..checks import short
from ..policies import Hits, Ids
from ..simulation import Chosen, replay, replay_sized
from ..trace import Trace

PACKAGE = __name__.partition(".")[0]
LENGTH = 6  # every trace of at most so many accesses is tried
LENGTH_SIZED = 4
MEDIUM, LONG = 200, 1500  # traces of up to 120 accesses, and accesses of the long ones
MOST_SETTINGS = 16


class Case(NamedTuple):
    """One run: a policy with its parameters, and all that its kernel is given; `sizes` where capacity is in bytes."""

    chosen: Chosen
    ids: Ids
    n_items: int
    capacity: int
    seed: int = 0
    sizes: NDArray[np.int64] | None = None

    def __str__(self) -> str:
        """What makes the run, without what is as one expects: no parameters, no further items, seed 0."""
        label = f"{self.chosen.label}: " if self.chosen.label.endswith(")") else ""
        n_items = f", n_items {self.n_items}" if self.n_items != len(set(self.ids.tolist())) else ""
        capacity = f", capacity {self.capacity}" if self.sizes is None else f", {self.capacity} bytes"
        sizes = "" if self.sizes is None else f" of sizes {short(self.sizes.tolist())}"
        seed = f", seed {self.seed}" if self.seed else ""
        return f"{label}{short(self.ids.tolist())}{sizes}{n_items}{capacity}{seed}"


def play(case: Case) -> Hits:
    """The hits of one run."""
    chosen = case.chosen._replace(kernel=_guarded(case.chosen.kernel))
    if case.sizes is None:
        return replay(chosen, case.ids, case.n_items, case.capacity, case.seed)
    return replay_sized(chosen, case.ids, case.sizes, case.n_items, case.capacity, case.seed)


@lru_cache(8)
def _guarded(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A user's kernel compiled so that an index outside of its array is an error, not whatever lies there."""
    if not isinstance(kernel, Dispatcher) or kernel.py_func.__module__.partition(".")[0] == PACKAGE:
        return kernel
    free = getattr(kernel, "_can_compile", True)  # else it takes what it was compiled for, and nothing more
    only = None if free else [*kernel.nopython_signatures]
    guarded: Callable[..., Any] = numba.jit(only, **{**kernel.targetoptions, "boundscheck": True})(kernel.py_func)
    return guarded


def decoy(case: Case) -> Case:
    """A run of other items. What it leaves behind, if a policy forgets to begin afresh, is not what this one would."""
    sizes = None if case.sizes is None else frozen([*case.sizes, *case.sizes], np.int64)
    return case._replace(ids=frozen(case.ids + case.n_items), n_items=2 * case.n_items, sizes=sizes)


def frozen(values: Any, kind: type[np.integer[Any]] = np.int32) -> NDArray[Any]:
    """Ids, or sizes, as every kernel gets them."""
    array = np.array(values, kind)
    array.flags.writeable = False
    return array


def settings(params: Mapping[str, Any], given: Container[str]) -> Iterator[dict[str, Any]]:
    """Switches to turn: none, then each that is not given, then two, …; no more than there is time for."""
    switches = [name for name, value in params.items() if isinstance(value, bool) and name not in given]
    turned = chain.from_iterable(combinations(switches, count) for count in range(len(switches) + 1))
    for names in islice(turned, MOST_SETTINGS):
        yield {name: not params[name] for name in names}


def cases(chosen: Sequence[Chosen]) -> Iterator[Case]:
    """All that a policy, in each of its settings, is tried on."""
    seeds = (0, 1, 2) if chosen[0].random else (0,)
    for pattern in chain.from_iterable(map(_patterns, range(1, LENGTH + 1))):
        n_items = max(pattern) + 1
        for capacity, each, seed in product(range(1, n_items + 1), chosen, seeds):
            yield Case(each, frozen(pattern), n_items, capacity, seed)
    for number in range(MEDIUM):
        rng = np.random.default_rng(number)
        ids, n_items = _medium(rng)
        capacity, seed = int(rng.integers(1, n_items + 1)), int(rng.integers(2**63))
        yield Case(chosen[number % len(chosen)], ids, n_items, capacity, seed)
    for number, trace in enumerate(_long()):
        for capacity, each in product((1, 2, 7, 20, 64, 150, trace.n_items - 1, trace.n_items), chosen):
            yield Case(each, trace.ids, trace.n_items, capacity, seed=2**64 - 1 - number)


def sized_cases(chosen: Sequence[Chosen]) -> Iterator[Case]:
    """The same for a policy that takes sizes."""
    for pattern in chain.from_iterable(map(_patterns, range(1, LENGTH_SIZED + 1))):
        n_items = max(pattern) + 1
        for sizes in (frozen(given, np.int64) for given in product((1, 2), repeat=n_items)):
            for capacity, each in product(range(1, int(sizes.sum()) + 1), chosen):
                yield Case(each, frozen(pattern), n_items, capacity, 0, sizes)
    for number in range(MEDIUM):
        rng = np.random.default_rng(number)
        ids, n_items = _medium(rng)
        sizes = frozen(rng.integers(1, 9, n_items) ** rng.integers(1, 4), np.int64)
        capacity, seed = int(rng.integers(1, sizes.sum() + 1)), int(rng.integers(2**63))
        yield Case(chosen[number % len(chosen)], ids, n_items, capacity, seed, sizes)
    for number, trace in enumerate(_long()):
        sizes = frozen(np.random.default_rng(number).integers(1, 1000, trace.n_items), np.int64)
        for share, each in product((0.01, 0.1, 0.5), chosen):
            capacity = int(share * sizes.sum())
            yield Case(each, trace.ids, trace.n_items, capacity, 2**64 - 1 - number, sizes)


def _medium(rng: np.random.Generator) -> tuple[Ids, int]:
    """A trace of up to 120 accesses to up to 12 items, even or skewed, and a number of items; some never come."""
    touched = int(rng.integers(2, 13))
    ids = touched * rng.random(rng.integers(20, 121)) ** rng.choice([1, 2, 4])
    return frozen(ids), touched + int(rng.integers(3))


def _patterns(length: int) -> Iterator[tuple[int, ...]]:
    """Every trace of that length, but for the names of its items: a new one takes the next number."""
    if length == 0:
        yield ()
        return
    for head in _patterns(length - 1):
        for item in range(max(head, default=-1) + 2):
            yield (*head, item)


def _long() -> Iterator[Trace]:
    n_items = 300  # more than a byte has numbers for
    yield synth.zipf(n_items, LONG, 0.9, seed=0)
    yield synth.loop(n_items, LONG)
    yield synth.shuffled(n_items, max(1, LONG // n_items), seed=0)
