"""Shuffled epochs from an empty cache: the fluid, epoch by epoch."""

from collections.abc import Callable

import numpy as np

from ..jit import compiled
from ._check import Floats

Epoch = Callable[[Floats, Floats, Floats], Floats]


def fill(c: Floats, q: Floats, epochs: Floats | None, full: Epoch, at_zero: Floats) -> Floats:
    """Hit rate of a policy whose full cache, holding the share `held` since earlier epochs, makes ``full(c, held,
    time)`` hits.

    Steady state without `epochs`; with them the mean of a run from an empty cache. Until the cache is full, an access
    hits what earlier epochs left, and a miss adds to it. `at_zero` is the steady state's limit as q -> 0.
    """
    share = np.where(q > 0, q, 0.5)
    steady = full(c, c, share)
    if epochs is None:
        return np.asarray(np.where(q > 0, np.clip(steady / share, 0, 1), at_zero))
    held, hits, done = np.zeros_like(c), np.zeros_like(c), 0
    while done < epochs.max(initial=0) and (held < c).any():
        filling = np.minimum(share, (c - held) / np.where(held < 1, 1 - held, 1.0))
        here = held * filling + full(c, held, share - filling)
        hits = hits + np.where(done < epochs, here, 0)
        held, done = np.minimum(c, held + share * (1 - held)), done + 1
    hits = hits + np.maximum(epochs - done, 0) * steady
    return np.asarray(np.where(q > 0, np.clip(hits / (share * epochs), 0, 1), 0.0))


@compiled
def opt_kept(c: float, q: float, epochs: int) -> float:
    """Hits of OPT, in units of N, in a run of `epochs` from an empty cache: Belady's rule on the fluid.

    Epoch b ends with intervals of mass q^2 (1-q)^(g-1) on to epoch b + g; when more than c would cross the
    boundary, those that end last are dropped.
    """
    ends = np.zeros(epochs + 1)  # mass kept, by the epoch in which it will be hit
    total = 0.0
    hits = 0.0
    for b in range(1, epochs):
        mass = q * q
        for end in range(b + 1, epochs + 1):
            ends[end] += mass
            total += mass
            mass *= 1 - q
        far = epochs
        while total > c and far > b:
            drop = min(ends[far], total - c)
            ends[far] -= drop
            total -= drop
            far -= 1
        hits += ends[b + 1]
        total -= ends[b + 1]
        ends[b + 1] = 0.0
    return hits
