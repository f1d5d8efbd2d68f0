"""Which kind of law a trace may follow, from how it differs from itself in a random order.

Independent accesses are as good in any order. So whatever tells a trace from its own accesses shuffled, all of them or
within short parts, is structure: what follows what, how long no item repeats, and LRU's hits at every size.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..stacks import lru

Ids = NDArray[np.int32]
LOOPS = 0.9  # of what chance leaves, that the same item follows
WHOLE = 0.9  # of the items, in a stretch without a repeat
EVENLY = 0.05  # by which LRU hits less than by chance
LONG, EVEN = 2.0, 0.3  # times as long as by chance; spread of their lengths over the mean
SURE = 6.0  # standard deviations
PAIRS = 0.1  # by which pairs repeat more often
FEW = 10  # repeats
PIECE = 1 << 16  # accesses of which pairs are counted
ORDERS = 19  # random ones, to see how the pairs vary


class Numbers(NamedTuple):
    """What decides on the kind of a trace; `shuffled` is of its own accesses in a random order.

    Attributes
    ----------
    repeats : int
        Accesses to an item accessed before.
    followed, followed_shuffled : float
        Share of repeats after which the same item follows as the time before.
    stretch, stretch_shuffled, stretch_spread : float
        Mean accesses until some item repeats within a stretch, where the next one begins; and the standard deviation
        of their lengths over the mean.
    locality, evenness : float
        The most by which LRU's hit rate at any size is above that of the shuffled trace, and below it.
    within : float
        The most by which it differs from that of the trace shuffled within parts of 200 accesses or a hundredth.
    pairs, pairs_within : float
        By what share an item follows the same other one again more often than in the shuffled trace, and than in the
        one shuffled within parts; 0 where that may be chance.
    tolerance : float
        By how much LRU's rates may differ by chance.
    """

    repeats: int
    followed: float
    followed_shuffled: float
    stretch: float
    stretch_shuffled: float
    stretch_spread: float
    locality: float
    evenness: float
    within: float
    pairs: float
    pairs_within: float
    tolerance: float


def kind(found: Numbers, n_accesses: int, n_touched: int, n_items: int) -> tuple[str, str]:
    """The kind that a trace looks like, and why."""
    if not found.repeats and n_accesses == n_items:
        return "epochs", "every item comes once"
    if n_touched == 1:
        return "loop", "one item alone comes, again and again"
    if found.repeats < min(FEW, n_touched / 10):
        return "other", f"too few items come again to say: {found.repeats}"
    if 1 - found.followed <= (1 - LOOPS) * (1 - found.followed_shuffled):
        return "loop", f"after an item the same one follows as before in {found.followed:.1%} of repeats"
    regular = found.stretch >= LONG * found.stretch_shuffled and found.stretch_spread <= EVEN
    if found.stretch >= WHOLE * n_touched or regular:
        return "epochs", (
            f"no item repeats for {found.stretch:,.0f} accesses on average, in a random order for "
            f"{found.stretch_shuffled:,.0f}"
        )
    apart = max(found.locality, found.evenness)
    regular = found.evenness > max(EVENLY, found.tolerance) and found.locality <= found.tolerance
    if regular and found.followed <= found.followed_shuffled + EVENLY:
        return "epochs", f"items come back more evenly than by chance: LRU never hits more, and {apart:.3f} less"
    if apart <= found.tolerance and found.pairs <= PAIRS:
        return "independent", f"LRU's hit rates differ by {apart:.3f} at most from those in a random order"
    if found.within <= found.tolerance < found.locality and found.pairs_within <= PAIRS:
        return "drifting", (
            f"LRU hits {found.locality:.3f} more than in a random order, and differs by {found.within:.3f} from one "
            "that is random within short parts"
        )
    what = f"LRU's hit rates differ by {found.within:.3f} from those in an order that is random within short parts"
    if found.within <= found.tolerance:
        what = f"items follow each other {1 + found.pairs_within:.1f} times as often as by chance"
    return "other", what


def numbers(ids: Ids, n_items: int, rng: np.random.Generator) -> Numbers:
    """Measure a trace of `n_items` items, all of which are accessed, against itself shuffled."""
    repeats = ids.size - n_items
    shuffled = rng.permutation(ids)
    length = max(200, -(-ids.size // 100))
    parts = _mixed(ids, length, rng)
    rates, mixed, within = (lru.hits(each, n_items, 0)[0] / ids.size for each in (ids, shuffled, parts))
    lengths = _stretches(ids, n_items)
    return Numbers(
        repeats=repeats,
        followed=_followed(ids, n_items),
        followed_shuffled=_followed(shuffled, n_items),
        stretch=float(lengths.mean()),
        stretch_shuffled=float(_stretches(shuffled, n_items).mean()),
        stretch_spread=float(lengths.std() / lengths.mean()),
        locality=float((rates - mixed).max()),
        evenness=float((mixed - rates).max()),
        within=float(np.abs(rates - within).max()),
        pairs=_pairs(ids[:PIECE], n_items, ids.size, rng),
        pairs_within=_pairs(ids[:PIECE], n_items, length, rng),
        tolerance=0.01 + 2 / math.sqrt(max(1, repeats)),
    )


def _mixed(ids: Ids, length: int, rng: np.random.Generator) -> Ids:
    """The trace with each part of some length in a random order."""
    found = ids.copy()
    for start in range(0, ids.size, length):
        rng.shuffle(found[start : start + length])
    return found


def _pairs(ids: Ids, n_items: int, length: int, rng: np.random.Generator) -> float:
    """By what share pairs of neighbours repeat more often than in random orders of parts so long; 0 if by chance.

    A pair that comes n times counts n (n - 1), over the times that it is due where these are more than one.
    """
    counts = np.bincount(ids, minlength=n_items)

    def repeated(order: Ids) -> float:
        keys, many = np.unique(order[:-1] * np.int64(n_items) + order[1:], return_counts=True)
        due = counts[keys // n_items] * counts[keys % n_items] / max(1, ids.size)
        return float((many * (many - 1.0) / np.maximum(due, 1)).sum())

    by_chance = [repeated(_mixed(ids, length, rng)) for _ in range(ORDERS)]
    mean, deviation = float(np.mean(by_chance)), max(float(np.std(by_chance, ddof=1)), 1.0)
    more = repeated(ids) - mean
    return more / max(mean, 1.0) if more > SURE * deviation else 0.0


@compiled
def _followed(ids: Ids, n_items: int) -> float:
    """The share of repeats after which the same item follows as the last time."""
    after = np.full(n_items, -1, np.int32)
    repeats, same = 0, 0
    for t in range(ids.size - 1):
        i, following = ids[t], ids[t + 1]
        if after[i] >= 0:
            repeats += 1
            same += after[i] == following
        after[i] = following
    return same / max(1, repeats)


@compiled
def _stretches(ids: Ids, n_items: int) -> NDArray[np.int64]:
    """Lengths of the stretches in which no item repeats, each as long as can be; the last, if it is alone."""
    last = np.full(n_items, -1, np.int64)
    lengths = np.empty(ids.size, np.int64)
    count, start = 0, 0
    for t in range(ids.size):
        if last[ids[t]] >= start:
            lengths[count] = t - start
            count += 1
            start = t
        last[ids[t]] = t
    if count == 0:
        lengths[0] = ids.size
        count = 1
    return lengths[:count]
