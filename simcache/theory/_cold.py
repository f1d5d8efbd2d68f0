"""Shuffled epochs from an empty cache: the fluid, epoch by epoch."""

from collections.abc import Callable

import numpy as np

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
    # Epochs before the one in which the cache fills: k of them have seen the share 1 - (1-q)^k.
    some, few = np.where(share < 1, share, 0.5), np.where(c < 1, c, 0.5)
    before = np.where(share < 1, np.floor(np.log1p(-few) / np.log1p(-some)), 0)
    before = np.minimum(epochs, np.where(c == 1, np.inf, before))
    left = np.where(share < 1, np.exp(before * np.log1p(-some)), before == 0)
    held = np.where(share < 1, np.minimum(c, -np.expm1(before * np.log1p(-some))), before > 0)
    hits = np.where(share < 1, reuses(some, before), np.maximum(before - 1, 0))
    filling = np.minimum(share, np.divide(np.maximum(c - held, 0), left, out=np.zeros_like(left), where=left > 0))
    hits = hits + np.where(before < epochs, held * filling + full(c, held, share - filling), 0)
    hits = hits + np.maximum(epochs - before - 1, 0) * steady
    return np.asarray(np.where(q > 0, np.clip(hits / (share * epochs), 0, 1), 0.0))


def reuses(q: Floats, epochs: Floats) -> Floats:
    """Accesses, in units of N, whose item came before in this many epochs: q epochs - (1 - (1-q)^epochs), 0 < q < 1."""
    y = -epochs * np.log1p(-q)
    small, less = np.minimum(y, 1e-4), np.minimum(q, 1e-4)
    inside = np.where(y < 1e-4, small**2 / 2 * (1 - small / 3), y + np.expm1(-y))
    return np.asarray(inside - epochs * np.where(q < 1e-4, less**2 / 2 * (1 + less / 1.5), -np.log1p(-q) - q))
