"""Hits of one policy at many sizes: one pass for all where the policy has one, else threads over sizes."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from .faults import call
from .policies import Counts, Ids
from .pool import run_all
from .simulation import Chosen, defaults_of, replay, replay_sized
from .sums import Sizes, of_accesses

Count = tuple[int, int, int | None]  # hits, those after the warm-up, and the bytes of all hits; None without sizes


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
        params = {name: chosen.params[name] for name in defaults_of(curve)}
        of = f"the curve of policy {chosen.label!r}"
        everywhere = call(curve, of, ids, n_items, seed, start, **params)
        kind, shape = getattr(everywhere, "dtype", type(everywhere)), getattr(everywhere, "shape", ())
        if not (shape == (2, n_items + 1) and np.issubdtype(kind, np.integer)):
            raise TypeError(f"{of} must return whole numbers of shape {(2, n_items + 1)}, got {kind} of shape {shape}")
        hits, warm = everywhere[:, np.minimum(capacities, n_items)]
        return Counted(hits, warm, None)
    jobs = [partial(count, chosen, ids, n_items, int(capacity), seed, start, sizes) for capacity in capacities]
    return gathered(run_all(jobs, label))


def gathered(counts: Sequence[Count]) -> Counted:
    """What was counted at several sizes."""
    hits, warm, weight = zip(*counts, strict=True) if counts else ((), (), ())
    return Counted(np.array(hits, np.int64), np.array(warm, np.int64), None if None in weight else weight)


def has_one_pass(chosen: Chosen, n_sizes: int, sizes_given: bool, weighed: bool = False) -> bool:
    """Whether one pass is the way: the policy has one, it tells all, and it is cheaper than `n_sizes` runs.

    A curve holds for those parameters that it takes, and for the defaults of the others.
    A policy that draws random numbers draws others in its one pass, so there the hits would depend on how many sizes
    are asked for: sizes that are named get a run each, as `simulate` makes it. One pass counts hits and no bytes, so
    where items are `weighed`, which have sizes, it would not tell all.
    """
    if chosen.curve is None or weighed:
        return False
    taken = defaults_of(chosen.curve)
    if any(chosen.params[name] != at for name, at in defaults_of(chosen.kernel).items() if name not in taken):
        return False
    return not sizes_given if chosen.random else n_sizes >= getattr(chosen.module, "CURVE_FROM", 1)


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
