"""Where in a planned order a process of a loader is, told by the items it asks for and by nothing else."""

from typing import NamedTuple

import numpy as np

from ..policies import Ids

TRIES = 3  # beginnings in a row that may come to nothing: an epoch's end is one, a sample that someone looks at another


class Way(NamedTuple):
    """A place where a process could be: at the end of what it has fetched so far of one batch."""

    start: int
    length: int
    batch: int  # length of all batches, 0: not known yet

    @property
    def place(self) -> int:
        """That of the access before."""
        return self.start + self.length - 1


class Walk:
    """The way of one process through a planned order.

    It sees batches. Each is a run of consecutive accesses, and its next one starts `workers` times the batch's length
    on. All ways that fit what was asked for so far are kept; where they agree on the place of an access, that is its
    place. Where none is left (an epoch has ended, its last batch short, or its next batch another worker's), every
    later place of the item is a way again; where that comes to nothing again and again, the order is another.

    So an access is given another's place only where an epoch ends and chance has the same item there, one in as many as
    there are items.

    Parameters
    ----------
    ids : numpy.ndarray of int32
        The planned order.
    workers : int
        Of the loader. 0: this one process fetches all, from the first access on; 1: it does for an epoch or more.
    who : str
        What errors call it.
    """

    def __init__(self, ids: Ids, workers: int, who: str = "the process") -> None:
        self._ids, self._workers, self._who = ids, max(1, workers), who
        self._alone = workers == 0
        self._ways: list[Way] = []
        self._asked = 0  # accesses so far
        self._last = -1  # the place of the access before, -1 if it is not known
        self._after = self._since = 0  # where all that comes is planned; accesses since that was so
        self._tries = 0

    def place(self, item: int) -> int:
        """The place of the process's next access, which is to this item; -1 where it is not known yet.

        Raises
        ------
        ValueError
            When the accesses are not those planned.
        """
        ways = self._on(item)
        if not ways:
            ways = self._anew(item)
        elif self._last >= 0:  # it led on to here; alone, it may be where nobody was
            self._after, self._since, self._tries = self._last + 1, 1, 0
        self._ways = ways
        self._asked += 1
        self._since += 1
        self._last = ways[0].place if ways and all(way.place == ways[0].place for way in ways) else -1
        return self._last

    def _on(self, item: int) -> list[Way]:
        """The ways on which the next access is to this item."""
        ways = []
        for start, length, batch in self._ways:
            if (not batch or length < batch) and self._is(start + length, item):
                ways.append(Way(start, length + 1, batch))
            if self._workers > 1 and (not batch or length == batch):
                start += self._workers * length
                if self._is(start, item):
                    ways.append(Way(start, 1, length))
        return ways if len(ways) <= 4 * self._ids.size else ways[: self._ids.size]  # an item over and over

    def _is(self, place: int, item: int) -> bool:
        return place < self._ids.size and bool(self._ids[place] == item)

    def _anew(self, item: int) -> list[Way]:
        self._tries += 1
        if self._tries > TRIES:
            raise ValueError(
                f"accesses must be those planned, in their order, got item {item} as access {self._asked} of "
                f"{self._who} where {self._planned()}: the sampler, its seed and its arguments must be the plan's"
            )
        if self._alone and not self._after and self._is(0, item):
            return [Way(0, 1, 0)]
        return [Way(self._after + int(k), 1, 0) for k in np.flatnonzero(self._ids[self._after :] == item)]

    def _planned(self) -> str:
        """What would have been right, as far as that is known."""
        place = self._after + self._since
        if self._workers > 1 and self._ways:  # which may be anywhere, so: what follows the access before
            place = self._ways[0].place + 1
        if place < self._ids.size:
            return f"item {self._ids[place]} was planned"
        return f"none was planned after all {self._ids.size}"
