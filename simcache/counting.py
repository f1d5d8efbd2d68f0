"""Hits of one policy at many sizes: one pass for all where the policy has one, else threads over sizes."""

from functools import partial

import numpy as np

from .faults import call
from .policies import Counts, Ids
from .pool import run_all
from .simulation import Chosen, defaults_of, replay


def count_hits(
    chosen: Chosen, ids: Ids, n_items: int, sizes: Counts, seed: int, start: int, one_pass: bool, label: str
) -> Counts:
    """Hits at each size, shape (2, n_sizes): row 0 of all accesses, row 1 of those at positions >= `start`.

    Parameters
    ----------
    ids, n_items
        As `simulation.dense` gives them.
    sizes : array of int64, shape (n_sizes,)
        Capacities in items, at least 1.
    one_pass : bool
        As `has_one_pass` says.
    label : str
        What the progress bar says.
    """
    if one_pass and (curve := chosen.curve) is not None:
        params = {name: chosen.params[name] for name in defaults_of(curve)}
        everywhere = call(curve, f"the curve of policy {chosen.label!r}", ids, n_items, seed, start, **params)
        return np.asarray(everywhere[:, np.minimum(sizes, n_items)])
    jobs = [partial(count, chosen, ids, n_items, int(size), seed, start) for size in sizes]
    return np.array(run_all(jobs, label), np.int64).reshape(-1, 2).T


def has_one_pass(chosen: Chosen, n_sizes: int, sizes_given: bool) -> bool:
    """Whether one pass is the way: the policy has one, and it is cheaper than `n_sizes` runs.

    A curve holds for those parameters that it takes, and for the defaults of the others.
    A policy that draws random numbers draws others in its one pass, so there the hits would depend on how many sizes
    are asked for: sizes that are named get a run each, as `simulate` makes it.
    """
    if chosen.curve is None:
        return False
    taken = defaults_of(chosen.curve)
    if any(chosen.params[name] != at for name, at in defaults_of(chosen.kernel).items() if name not in taken):
        return False
    return not sizes_given if chosen.random else n_sizes >= getattr(chosen.module, "CURVE_FROM", 1)


def count(chosen: Chosen, ids: Ids, n_items: int, size: int, seed: int, start: int) -> tuple[int, int]:
    """Hits at one size: of all accesses, and of those at positions >= `start`."""
    hits = replay(chosen, ids, n_items, size, seed)
    return int(np.count_nonzero(hits)), int(np.count_nonzero(hits[start:]))
