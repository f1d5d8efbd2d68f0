"""Accesses that carry what a cache is to do with them, and the sampler that yields them epoch by epoch."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..trace import whole

if TYPE_CHECKING:
    from .planning import Plan

HIT, KEEP, SLOT = 2, 1, 2  # an order: two bits, and the slot from bit SLOT on. Neither bit: loaded, and not stored
NUMBERS = 2**32 - 1  # numbers there are: a slot's word holds one more than them
CHUNK = 1 << 14


class Access(int):
    """An item, for anyone who takes an index, with its `number` and its `order` for the cache that was planned.

    So the plan stays where the sampler is, and nothing that hands indices on (batches, workers, ranks) can give an
    order to another access. Arithmetic, arrays and tensors make it a plain number again.

    Parameters
    ----------
    item : int
        What it is as a number.
    number : int
        Its place among all accesses of the run.
    order : int
        What the cache is to do with it: ``slot << 2 | hit << 1 | keep``.

    Examples
    --------
    >>> from simcache.loader import Access
    >>> access = Access(7, number=3, order=6)
    >>> access, access.number, [10, 11, 12, 13, 14, 15, 16, 17][access]
    (7, 3, 17)
    """

    number: int
    order: int

    def __new__(cls, item: int, number: int, order: int) -> "Access":
        """Make the access: an item, its place among all accesses of the run, and what to do with it."""
        self = int.__new__(cls, item)
        self.number = number
        self.order = order
        return self

    def __reduce__(self) -> "tuple[type[Access], tuple[int, int, int]]":
        return Access, (int(self), self.number, self.order)


class PlannedSampler:
    """The accesses of one rank, one epoch a pass: what `Plan.sampler` gives.

    Each pass is the epoch after the one before, or that given to `set_epoch`; one that broke off is not taken up
    again, unless by `load_state_dict`.

    Parameters
    ----------
    plan : Plan
        What was planned.
    rank : int
        Whose accesses.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
    >>> sampler = made.sampler()
    >>> len(sampler), list(sampler)[:4]
    (400, [85, 63, 51, 26])
    """

    def __init__(self, plan: "Plan", rank: int) -> None:
        self.epoch = 0  # of the pass that has begun, or of the next
        self._begun = False
        self._place = 0  # accesses of it drawn so far
        self._passes = 0  # so that one that was left, and is drawn from again, knows it
        self.plan, self._rank = plan, rank
        self._where = f" for the plan of trace {plan.trace.name!r}"

    @property
    def places(self) -> NDArray[np.int64]:
        """Places in the plan of the accesses of this epoch.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> sampler = made.sampler()
        >>> sampler.places[:4]
        array([0, 1, 2, 3])
        """
        return self.plan.places(min(self.epoch, self.plan.epochs - 1), self._rank)

    def __len__(self) -> int:
        return int(self.places.size)

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be that epoch; where a state amid it was loaded, the rest of it.

        Parameters
        ----------
        epoch : int
            From 0. Beyond the last planned, the last is planned again.

        Raises
        ------
        TypeError, ValueError
            When it is no whole number >= 0.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> sampler = made.sampler()
        >>> sampler.set_epoch(0)
        >>> next(iter(sampler))
        85
        """
        epoch = whole(epoch, "epoch", 0, None, self._where)
        if self._begun or epoch != self.epoch:
            self._go(epoch, 0)

    def _go(self, epoch: int, place: int) -> None:
        self.epoch, self._place, self._begun = epoch, place, False
        self._passes += 1

    def state_dict(self) -> dict[str, int]:
        """The epoch, and how many of its accesses were drawn: workers draw ahead of what they deliver.

        Returns
        -------
        dict of str to int
            ``epoch`` and ``place``.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> sampler = made.sampler()
        >>> _ = next(iter(sampler))
        >>> sampler.state_dict()
        {'epoch': 0, 'place': 1}
        """
        return {"epoch": self.epoch, "place": self._place}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Let the next pass go on from there.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> sampler = made.sampler()
        >>> sampler.load_state_dict({"epoch": 0, "place": 390})
        >>> len(list(sampler))  # the rest of the epoch
        10
        """
        try:
            epoch, place = state["epoch"], state["place"]
        except (KeyError, IndexError, TypeError):
            raise ValueError(f"state must be what state_dict gave{self._where}, got {state!r}") from None
        epoch = whole(epoch, "epoch", 0, None, self._where)
        most = self.plan.places(epoch, self._rank).size if epoch < self.plan.epochs else 0
        place = whole(place, "place", 0, most, f" of epoch {epoch}{self._where}")
        self._go(epoch, place)

    def __iter__(self) -> Iterator[Access]:
        plan = self.plan
        if self._begun:
            self.epoch, self._place = self.epoch + 1, 0
        epoch, first, self._begun = self.epoch, self._place, True
        self._passes += 1
        this = self._passes
        if epoch >= plan.epochs:
            raise ValueError(
                f"epoch must be one of the {plan.epochs} planned, counted from 0,{self._where}, got {epoch}; "
                f"set_epoch(0) begins again"
            )
        mine = plan.places(epoch, self._rank)
        base = plan.first_number(epoch, self._rank)
        for start in range(first, mine.size, CHUNK):
            part = mine[start : start + CHUNK]
            each = plan.trace.ids[part].tolist(), (part + base).tolist(), plan.orders[part].tolist()
            for place, access in enumerate(map(Access, *each), start + 1):
                if self._passes == this:
                    self._place = place
                yield access
        if self._passes == this:
            self._go(epoch + 1, 0)
