"""Spatial sampling: a few items standing for all, their accesses replayed in a cache as much smaller.

SHARDS (Waldspurger, Park, Garthwaite & Ahmad, FAST 2015) keeps the items whose hash is low. Here the sample is
stratified: items in order of their number of accesses, one drawn from every 1 / rate neighbours, so that head and
tail are both there in proportion. With K of M items sampled, capacity C is simulated as C K / M, and misses are
scaled up by M / K:

    miss rate(C) = misses(C K / M) M / (K n)

which is SHARDS-adj (what the sample has of accesses too few or too many counts as hits) with the rate that was drawn,
not the one asked for. So it is right for shuffled epochs too, where every item has the same number of accesses, and
exact at capacity M. Parts of the sample, replayed on their own, tell the spread.
"""

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from .bits import draw
from .jit import compiled

HitsAt = Callable[[NDArray[np.int32], int, NDArray[np.int64]], NDArray[np.int64]]


@compiled
def _strata(ids: NDArray[np.int32], n_items: int) -> NDArray[np.int32]:
    """Items accessed, by their number of accesses, most first; equals in order of item."""
    counts = np.zeros(n_items, np.int32)
    for t in range(ids.size):
        counts[ids[t]] += 1
    most = min(counts.max(), 1 << 16)  # all above are one stratum's neighbours anyway
    starts = np.zeros(most + 2, np.int64)
    for i in range(n_items):
        starts[most - min(most, counts[i]) + 1] += 1
    touched = starts[: most + 1].sum()
    for c in range(1, most + 2):
        starts[c] += starts[c - 1]
    order = np.empty(touched, np.int32)
    for i in range(n_items):
        if counts[i]:
            c = most - min(most, counts[i])
            order[starts[c]] = i
            starts[c] += 1
    return order


@compiled
def drawn(
    ids: NDArray[np.int32], n_items: int, rate: float, parts: int, seed: np.uint64
) -> tuple[NDArray[np.int8], int, int]:
    """The part each item is in, 0 ... parts - 1, or -1 when not sampled; how many are sampled; how many there are."""
    order = _strata(ids, n_items)
    n_strata = min(order.size, max(parts, round(rate * order.size)))
    part = np.full(n_items, -1, np.int8)
    turn = np.arange(parts)
    draws = 0
    for k in range(n_strata):
        if k % parts == 0:  # neighbouring strata go to all parts, in any order
            for j in range(parts - 1, 0, -1):
                other = draw(seed, draws, j + 1)
                turn[j], turn[other] = turn[other], turn[j]
                draws += 1
        low, high = k * order.size // n_strata, (k + 1) * order.size // n_strata
        lift = draw(seed, draws, high - low)
        draws += 1
        part[order[low + lift]] = turn[k % parts]
    return part, n_strata, order.size


@compiled
def thinned(ids: NDArray[np.int32], part: NDArray[np.int8], wanted: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """The accesses to items of part `wanted` (-1: of any), items renumbered by first access; the parts of these."""
    renamed = np.full(part.size, -1, np.int32)
    parts = np.empty(part.size, np.int8)
    kept = np.empty(1024, np.int32)
    n_kept = n_items = 0
    for t in range(ids.size):
        i = ids[t]
        if part[i] < 0 or (wanted >= 0 and part[i] != wanted):
            continue
        if renamed[i] < 0:
            renamed[i] = n_items
            parts[n_items] = part[i]
            n_items += 1
        if n_kept == kept.size:
            grown = np.empty(2 * n_kept, np.int32)
            grown[:n_kept] = kept
            kept = grown
        kept[n_kept] = renamed[i]
        n_kept += 1
    return kept[:n_kept].copy(), parts[:n_items].copy()


def sampled(
    ids: NDArray[np.int32],
    n_items: int,
    capacities: ArrayLike,
    hits_at: HitsAt,
    rate: float,
    *,
    parts: int = 8,
    seed: int = 0,
    repeats: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimated hit rates of a policy and the half widths of a 95 % band, pointwise.

    Parameters
    ----------
    ids : array of int32, shape (n_accesses,)
    n_items : int
    capacities : array_like of int, shape (k,)
        Sizes, in items of the whole trace.
    hits_at : callable
        ``hits_at(ids, n_items, capacities)`` gives the policy's hits at each of some capacities >= 1, ascending.
    rate : float
        Share of the items to sample, in (0, 1].
    parts : int
        Parts of the sample that are also replayed alone, 2 ... 127.
    seed : int
        What is sampled; 0 ... 2^64 - 1.
    repeats : int
        Samples to average, of seeds `seed`, `seed` + 1, …

    Returns
    -------
    hit_rate, half_width : arrays of float64, shape (k,)
        The band is Student's t over the parts, widened by how far their mean lies from the whole sample: smaller
        caches do differ, and this is how much when the sample shrinks by a factor of `parts`. 0 where every item is
        in the sample, as where the trace has no more than `parts`: then the hits are counted, not estimated.
    """
    wanted = np.asarray(capacities, np.int64)
    runs = [_one(ids, n_items, wanted, hits_at, rate, parts, (seed + r) % 2**64) for r in range(repeats)]
    estimates, spreads, biases = (np.array(column) for column in zip(*runs, strict=True))
    spread = (spreads**2).mean(0) ** 0.5 / repeats**0.5
    return estimates.mean(0), np.hypot(spread, biases.mean(0))


def _one(
    ids: NDArray[np.int32],
    n_items: int,
    wanted: NDArray[np.int64],
    hits_at: HitsAt,
    rate: float,
    parts: int,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """One sample: the estimate, the half width of its band, and how far the parts' mean lies from the estimate."""
    part, _, touched = drawn(ids, n_items, rate, parts, np.uint64(seed))
    whole, owner = thinned(ids, part, -1)

    def missed(some: NDArray[np.int32], held: int) -> NDArray[np.float64]:
        scaled = wanted * (held / touched)  # beyond `held` is as good as that
        sizes = np.unique(np.clip(np.concatenate([np.floor(scaled), np.ceil(scaled)]), 1, held)).astype(np.int64)
        hits = hits_at(some, held, sizes)
        misses = some.size - np.interp(scaled, np.concatenate([[0], sizes]), np.concatenate([[0], hits]))
        return np.asarray(misses * touched / (held * ids.size), np.float64)

    estimate = missed(whole, owner.size)
    if owner.size == touched:
        return 1 - estimate, np.zeros(wanted.shape), np.zeros(wanted.shape)
    alone = []
    for p in range(parts):  # each of one item or more: a sample of fewer is of all items
        some, held = thinned(whole, owner, p)
        alone.append(missed(some, held.size))
    spread = scipy.special.stdtrit(len(alone) - 1, 0.975) * np.std(alone, axis=0, ddof=1) / len(alone) ** 0.5
    return 1 - estimate, spread, np.mean(alone, axis=0) - estimate
