"""OPT, live: what the best cache would have hit so far, told as the accesses come.

The kernel of `policies.opt` looks at no access to come, so it can be fed. When its time axis is full, only the places
of the boundaries are kept: there are no more of them than the cache has items, and all that matters of an item's last
access is how many are at or before it. Of an item where that is none, nothing matters any more.
"""

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .allocation import empty
from .bits import popcount
from .checks import short
from .coding import opened, told
from .jit import compiled
from .numbering import Numbering
from .policies import Counts, Hits, Ids
from .policies.opt import FIRST, NEWEST, PREVIOUS, Axis, axis, follow
from .units import check_capacity

WHERE = " for Hindsight"
PIECE = 2**15  # accesses of integers taken at a time, so that memory is bounded by it and not by a call
SPARE = 4096  # places for hits, and numbers for items, of the smallest axis


@compiled
def _older(last: NDArray[np.uint32], bits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many boundaries are at each place or before it."""
    before = np.zeros(bits.size + 1, np.int64)
    for w in range(bits.size - 1, -1, -1):
        before[w] = before[w + 1] + popcount(bits[w])
    found = np.empty(last.size, np.int64)
    for k in range(last.size):
        w = last[k] >> 6
        found[k] = before[w + 1] + popcount(bits[w] >> np.uint64(last[k] & 63))
    return found


@compiled
def _followed(ids: Ids, bypass: bool, places: Axis, counts: Counts) -> Hits:
    """`follow`, counted in the same call: Ctrl-C comes before or after, not between."""
    hits = empty(ids.size, np.bool_)
    last, bits, beyond, now = places
    follow(ids, bypass, last, bits, beyond, now, hits)
    counts[0] += hits.size
    for hit in hits:
        counts[1] += hit
    return hits


class Hindsight:
    """What OPT would have hit so far, of accesses that come bit by bit: exactly what `simulate` tells of them all.

    Parameters
    ----------
    capacity : int
        Items the cache holds, at least 1.
    bypass : bool
        Whether a missed item may be refused, which never hits less; else it must enter.

    Attributes
    ----------
    accesses, hits : int
        So far. Of a call that Ctrl-C stopped they say how much was taken: of an array of integers a part, else nothing.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Notes
    -----
    OPT keeps what is used soonest, so which items it holds now depends on the future; which accesses have hit does not.
    Memory does not grow with the stream. It is about 60 bytes for each item that could still hit (more for keys that
    are no integers: theirs, and a dict), and a quarter of a byte for each of `capacity`, or of these items if there are
    fewer; and it must hold twice what one call brings. An item can still hit if it was accessed since OPT's oldest
    free place, and then no item that was accessed before can: it is forgotten, within as many hits as there are items.
    Only while fewer items came back than the cache has places, as in a stream in which nothing does, none can be.
    Integers go fastest as an array. Pickle and copies carry on from where it is. One thread at a time.

    Examples
    --------
    >>> from simcache import Hindsight
    >>> opt = Hindsight(capacity=2)
    >>> opt.feed(["a", "b", "c", "a"]).tolist()
    [False, False, False, True]
    >>> opt.feed(["b"]).tolist()
    [False]
    >>> opt.hits, opt.accesses
    (1, 5)
    """

    def __init__(self, capacity: int, *, bypass: bool = False) -> None:
        self._capacity = check_capacity(capacity, "items", WHERE)
        if not isinstance(bypass, bool | np.bool_):
            raise TypeError(f"bypass must be True or False{WHERE}, got {short(bypass)}")
        self._bypass = bool(bypass)
        self._counts = np.zeros(2, np.int64)
        self._numbering = Numbering()
        self._room = self._limit(SPARE)
        self._axis: Axis = axis(self._room, SPARE, SPARE)

    @property
    def capacity(self) -> int:
        """Items the cache holds.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> Hindsight(capacity=50).capacity
        50
        """
        return self._capacity

    @property
    def bypass(self) -> bool:
        """Whether a missed item may be refused.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> Hindsight(capacity=50).bypass
        False
        """
        return self._bypass

    @property
    def accesses(self) -> int:
        """Accesses so far.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> Hindsight(capacity=50).accesses
        0
        """
        return int(self._counts[0])

    @property
    def hits(self) -> int:
        """Hits so far.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> Hindsight(capacity=50).hits
        0
        """
        return int(self._counts[1])

    @property
    def hit_rate(self) -> float:
        """Hits / accesses so far, NaN before the first access.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> opt = Hindsight(capacity=1)
        >>> hits = opt.feed([7, 7, 8, 8])
        >>> opt.hit_rate
        0.5
        """
        return self.hits / self.accesses if self.accesses else float("nan")

    def feed(self, keys: Iterable[Hashable] | ArrayLike) -> Hits:
        """Take the accesses that come next.

        Parameters
        ----------
        keys : iterable of hashable, or array_like, shape (n_accesses,)
            The key of each, in order, as `Trace.of` takes them; equal keys are one item, in whichever call they come.

        Returns
        -------
        numpy.ndarray of bool, shape (n_accesses,)
            Which of them hit.

        Raises
        ------
        TypeError, ValueError
            As `Trace.of`; then nothing was taken.

        Examples
        --------
        >>> from simcache import Hindsight
        >>> opt = Hindsight(capacity=2, bypass=True)
        >>> opt.feed([1, 2, 3]).tolist(), opt.feed([1, 2, 3]).tolist()
        ([False, False, False], [True, True, False])
        """
        opened_keys = opened(keys, WHERE)
        if not self._numbering.takes(opened_keys):
            codes, distinct = told(opened_keys, WHERE)
            self._make_room(len(distinct), codes.size)
            return self._follow(self._numbering.of(distinct)[codes])
        hits = np.empty(opened_keys.size, np.bool_)
        for start in range(0, hits.size, PIECE):
            part = opened_keys[start : start + PIECE]
            self._make_room(part.size, part.size)
            hits[start : start + PIECE] = self._follow(self._numbering.of_integers(part))
        return hits

    def __repr__(self) -> str:
        kind = "OPT with bypass" if self._bypass else "OPT"
        return f"<Hindsight: {kind} of {self._capacity:,} items, {self.hits:,} hits of {self.accesses:,} accesses>"

    def _limit(self, items: int) -> int:
        """Boundaries for so many items: more would stay at the start for good."""
        return min(self._capacity - (not self._bypass), items)

    def _follow(self, ids: NDArray[np.int32]) -> Hits:
        ids.flags.writeable = False  # a kernel compiles once, for read-only arrays
        return _followed(ids, self._bypass, self._axis, self._counts)

    def _make_room(self, new_items: int, new_accesses: int) -> None:
        """See that there are places for so many hits and numbers more."""
        if new_accesses > self._axis[3][NEWEST] or self._numbering.size + new_items >= self._axis[0].size:
            self._renew(new_items, new_accesses)

    def _renew(self, new_items: int, new_accesses: int) -> None:
        """An axis of what still matters, with room for more items and accesses; until it stands, all is as it was."""
        last, bits, _, now = self._axis
        size, previous = self._numbering.size, int(now[PREVIOUS])
        last[previous] = now[NEWEST]  # where forced it is not noted before the next access, see `follow`
        kept = last[:size] <= now[FIRST]
        kept[previous : previous + 1] = True  # the last item of a cache of one place, which has no boundaries
        older = _older(last[:size][kept], bits)
        numbering = self._numbering.only(kept)
        items = max(SPARE, 2 * (numbering.size + new_items))
        room = self._limit(items)
        renewed = axis(room, new_accesses + items + room // 8, items)
        renewed[0][: older.size] = renewed[3][FIRST] + 1 - (older + (room - self._room))
        if previous < size:
            renewed[3][PREVIOUS] = np.count_nonzero(kept[:previous])
        self._axis, self._numbering, self._room = renewed, numbering, room
