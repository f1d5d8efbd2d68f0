"""Hits of one policy at many sizes: one pass for all where the policy has one, else threads over rows of sizes."""

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .faults import call
from .lanes import LANES
from .policies import Counts, Ids
from .pool import run_all, threads
from .simulation import Chosen, defaults_of, replay, replay_sized
from .sums import Sizes, of_accesses

Count = tuple[int, int, int | None]  # hits, those after the warm-up, and the bytes of all hits; None without sizes
MOST_ITEMS = 2**22  # of whom rows are laid out: a cache line each, 256 MB in all


class Counted(NamedTuple):
    """Hits at each size: of all accesses, of those after the warm-up, and the bytes of all, None without sizes."""

    hits: Counts
    warm: Counts
    bytes: Sequence[int] | None


def count_hits(
    chosen: Chosen,
    ids: Ids,
    n_items: int,
    capacities: Counts,
    seed: int,
    start: int,
    one_pass: bool,
    label: str,
    sizes: Sizes | None = None,
) -> Counted:
    """Hits at each capacity, `warm` those at positions >= `start`.

    Parameters
    ----------
    ids, n_items, sizes
        As `simulation.dense_sized` gives them.
    capacities : array of int64, shape (n_capacities,)
        In the policy's unit, at least 1.
    one_pass : bool
        As `has_one_pass` says.
    label : str
        What the progress bar says.
    """
    if one_pass and (curve := chosen.curve) is not None:
        everywhere = _several(chosen, curve, "curve", n_items + 1, ids, n_items, seed, start)
        hits, warm = everywhere[:, np.minimum(capacities, n_items)]
        return Counted(hits, warm, None)
    length = row_length(chosen, capacities.size, threads(), sizes is not None)
    cut = rows(capacities, length, n_items, ids.size)
    jobs = [partial(count_row, chosen, ids, n_items, capacities[row], seed, start, sizes) for row in cut]
    try:
        return gathered(_in_place(dict(enumerate(run_all(jobs, label))), cut))
    except KeyboardInterrupt as stop:
        stop.done = _in_place(getattr(stop, "done", {}), cut)  # type: ignore[attr-defined]
        raise


def _several(chosen: Chosen, counted: Callable[..., Any], name: str, n_sizes: int, ids: Ids, *rest: Any) -> Counts:
    """What a policy's `curve` or `many` counts, if that is of the right shape."""
    params = {own: chosen.params[own] for own in _taken(chosen, counted)}
    of = f"the {name} of policy {chosen.label!r}"
    found = call(counted, of, ids, *rest, **params)
    kind, shape = getattr(found, "dtype", type(found)), getattr(found, "shape", ())
    if not (shape == (2, n_sizes) and np.issubdtype(kind, np.integer)):
        raise TypeError(f"{of} must return whole numbers of shape {(2, n_sizes)}, got {kind} of shape {shape}")
    return found  # type: ignore[no-any-return]


def _in_place(found: dict[int, list[Count]], cut: Sequence[Counts]) -> dict[int, Count]:
    """What was counted for some rows, by the places of their sizes, in order."""
    return dict(sorted(pair for row, counts in found.items() for pair in zip(cut[row].tolist(), counts, strict=True)))


def gathered(counts: dict[int, Count]) -> Counted:
    """What was counted at several sizes, in order."""
    hits, warm, weight = zip(*counts.values(), strict=True) if counts else ((), (), ())
    return Counted(np.array(hits, np.int64), np.array(warm, np.int64), None if None in weight else weight)


def has_one_pass(chosen: Chosen, n_sizes: int, sizes_given: bool, weighed: bool = False) -> bool:
    """Whether one pass is the way: the policy has one, it tells all, and it is cheaper than `n_sizes` runs.

    A curve holds for those parameters that it takes, and for the defaults of the others.
    A policy that draws random numbers draws others in its one pass, so there the hits would depend on how many sizes
    are asked for: sizes that are named get a run each, as `simulate` makes it. One pass counts hits and no bytes, so
    where items are `weighed`, which have sizes, it would not tell all.
    """
    if chosen.curve is None or weighed or not holds(chosen, chosen.curve):
        return False
    return not sizes_given if chosen.random else n_sizes >= getattr(chosen.module, "CURVE_FROM", 1)


def row_length(chosen: Chosen, n_sizes: int, workers: int, weighed: bool = False) -> int:
    """How many of `n_sizes` sizes are best counted in one pass: 1 where each is a run of its own.

    As many as fill the lanes of a row, but, as long as half of it is filled, not so many that workers have nothing to
    do: a pass over fewer saves little.
    """
    least = getattr(chosen.module, "MANY_FROM", 2)
    if chosen.many is None or weighed or n_sizes < least or not holds(chosen, chosen.many):
        return 1
    return math.ceil(n_sizes / max(math.ceil(n_sizes / LANES), min(workers, n_sizes // max(least, LANES // 2))))


def holds(chosen: Chosen, counted: Callable[..., Any]) -> bool:
    """Whether a policy's `curve` or `many` is about its parameters: those that it does not take are at defaults."""
    taken = _taken(chosen, counted)
    return all(chosen.params[name] == at for name, at in defaults_of(chosen.kernel).items() if name not in taken)


def _taken(chosen: Chosen, counted: Callable[..., Any]) -> Collection[str]:
    """The policy's own parameters that its `curve` takes after ids, n_items, seed, start; `many` has capacities too."""
    return defaults_of(counted, 5 if counted is chosen.many else 4)


def rows(capacities: Counts, length: int, n_items: int, n_accesses: int) -> list[Counts]:
    """Places of sizes that are counted together, `length` at most: similar sizes, whose hits are similar too.

    Where items come hardly twice, or are very many, each size is alone: to lay out their rows would cost more.
    """
    if length == 1 or n_items > min(MOST_ITEMS, n_accesses // 2):
        return [np.array([place]) for place in range(capacities.size)]
    return np.array_split(np.argsort(capacities, kind="stable"), math.ceil(capacities.size / length))


def count_row(
    chosen: Chosen, ids: Ids, n_items: int, capacities: Counts, seed: int, start: int, sizes: Sizes | None = None
) -> list[Count]:
    """Hits at a few capacities, in one pass where they are several; of one, as `count`."""
    if capacities.size == 1 or chosen.many is None:
        return [count(chosen, ids, n_items, int(capacity), seed, start, sizes) for capacity in capacities]
    held = np.minimum(capacities, n_items)
    counts = _several(chosen, chosen.many, "`many`", held.size, ids, n_items, held, np.uint64(seed), start)
    return [(int(hits), int(warm), None) for hits, warm in counts.T]


def count(
    chosen: Chosen, ids: Ids, n_items: int, capacity: int, seed: int, start: int, sizes: Sizes | None = None
) -> Count:
    """Hits at one capacity: of all accesses, of those at positions >= `start`, and the bytes of all."""
    if chosen.unit == "items" or sizes is None:
        hits = replay(chosen, ids, n_items, capacity, seed)
    else:
        hits = replay_sized(chosen, ids, sizes, n_items, capacity, seed)
    total, warm = int(np.count_nonzero(hits)), int(np.count_nonzero(hits[start:]))
    return total, warm, None if sizes is None else of_accesses(ids, sizes, hits)
