"""Decorators for a function that loads one sample: OPT's cache, which all workers share."""

import operator
import os
from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any, Protocol

from torch.utils import data

from ..loader.dealing import Loader
from ..loader.locating import Walk
from ..loader.planning import Plan, plan
from ..trace import whole
from .fetching import UNPLANNED, Asked, served
from .precomputed import read
from .slots import CacheInfo, Slots

WHERE = " for OPTCacheDecorator"
SPARE = 256  # what four workers prefetch of batches of 32


class Cache(Protocol):
    """What stands behind a decorated function."""

    def fetched(self, item: int, load: Callable[[], Any]) -> Any:
        """The sample of an item, loaded if it is not there."""

    def cache_info(self) -> Any:
        """What it did."""


class Decorated:
    """A function of an index, its last argument, with a `cache`: what a decorator gives. In a class body, a method."""

    def __init__(self, function: Callable[..., Any], cache: Cache) -> None:
        if not callable(function):
            raise TypeError(f"what is decorated must be a function, got {function!r}")
        update_wrapper(self, function, ("__name__", "__qualname__", "__doc__"), ())
        self.function, self.cache = function, cache

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *arguments: Any) -> Any:
        """The sample of the last argument, from the cache if it is there."""
        try:
            if getattr(arguments[-1], "ndim", 0) or isinstance(arguments[-1], bool):  # a mask, or a batch of one
                raise TypeError
            item = operator.index(arguments[-1])
        except (IndexError, TypeError):
            raise TypeError(
                f"the last argument of a cached function must be an index, a whole number, got {arguments!r}"
            ) from None
        return self.cache.fetched(item, lambda: self.function(*arguments))

    def cache_info(self) -> Any:
        """What the cache did."""
        return self.cache.cache_info()


class OPTCacheDecorator:
    """Cache what a function loads as OPT does for an order known beforehand; all workers of a loader share the cache.

    The plan is made here, and ``print(decorator.plan)`` says its hits; its memory is made as the first function is
    decorated. A decorated ``function(obj, index)`` takes the sample of `index` from the cache, always a copy of its
    own, or calls the function. Decorate in the data set, ``self._cached = decorator(self._load_data)``: that goes to
    spawned workers with it, where what is decorated in a class body is made anew.

    Each process finds out by the items it is asked for at which planned access it is, whatever the batch size, the
    number of workers and their epochs. Until it knows, for the first access or two of a worker, it loads uncached; that
    is counted. Epochs that repeat each other, as a sequential sampler's do, workers cannot tell apart, so they cache
    nothing of them; `CachedDataset`, whose sampler says which access each index is, has no such bounds.

    Parameters
    ----------
    precomputed_path : path
        From `generate_precomputed_file`, ``opt4torch-precompute`` or `Trace.save`.
    maxsize : int
        Items that the cache holds, >= 1.
    prediction_window : int, optional
        Without effect: OPT looks ahead to the end.
    total_iter : int, optional
        Accesses of the whole training, all epochs together: those in the file, or the file is another's.
    spare : int, optional
        Slots beyond those that OPT needs, for items asked for late by a worker that is behind others: by default 256,
        at most `maxsize`.
    slot_bytes : int, optional
        Bytes that a sample takes at most, 8 for each number among its parts; by default what the first
        one stored takes. Larger samples are passed on, with one warning.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the file is none of those; a pickle is refused unopened. What is decorated
        raises ValueError where it is asked for other items than those planned.
    OSError
        When the file cannot be read.

    Examples
    --------
    >>> from simcache import Trace
    >>> from simcache.torch import OPTCacheDecorator
    >>> Trace([0, 1, 2, 0, 2, 1], n_items=3).save("order.npz")
    >>> decorator = OPTCacheDecorator("order.npz", maxsize=1)
    >>> load = decorator(lambda data, index: data[index])
    >>> [load("abc", index) for index in (0, 1, 2, 0, 2, 1)]
    ['a', 'b', 'c', 'a', 'c', 'b']
    >>> int(decorator.plan.hits.sum())
    1
    """

    def __init__(
        self,
        precomputed_path: str | os.PathLike[str],
        maxsize: int,
        prediction_window: int | None = None,
        total_iter: int | None = None,
        *,
        spare: int | None = None,
        slot_bytes: int | None = None,
    ) -> None:
        capacity = whole(maxsize, "maxsize", 1, None, WHERE, " of items")
        if prediction_window is not None:
            whole(prediction_window, "prediction_window", 0, None, WHERE)
        if total_iter is not None:
            total_iter = whole(total_iter, "total_iter", 0, None, WHERE)
        self._slot_bytes = None if slot_bytes is None else whole(slot_bytes, "slot_bytes", 1, None, WHERE)
        trace = read(precomputed_path)
        if total_iter not in (None, len(trace)):
            raise ValueError(
                f"total_iter must be the number of accesses in the file{WHERE}, {len(trace)} in "
                f"{os.fsdecode(precomputed_path)!r}, got {total_iter}"
            )
        self.plan = plan(trace, Loader(1), capacity, spare=min(capacity, SPARE) if spare is None else spare)

    def __call__(self, function: Callable[..., Any]) -> Decorated:
        """The function, cached."""
        return Decorated(function, OPTCache(self.plan, self._slot_bytes))


class OPTCache:
    """What `OPTCacheDecorator` puts behind a function."""

    def __init__(self, plan: Plan, slot_bytes: int | None) -> None:
        self._ids, self._orders = plan.trace.ids, plan.orders
        self._slots = Slots(max(1, plan.slots), slot_bytes=slot_bytes)
        self._who: tuple[int, int] | None = None

    def fetched(self, item: int, load: Callable[[], Any]) -> Any:
        """The sample of an item, loaded if it is not there."""
        place = self._walk().place(item)
        if place < 0:
            sample = load()
            self._slots.add([0] * UNPLANNED + [1])
            return sample
        asked = Asked(item, item, place, int(self._orders[place]))
        return served(self._slots, [asked], lambda indices: [load()], _trusted)[0]

    def cache_info(self) -> CacheInfo:
        """What all processes did together; `unplanned` are accesses whose place was not known yet."""
        return self._slots.info()

    def close(self) -> None:
        """Let go of the memory. Without it, that happens when the function is forgotten or the process ends."""
        self._slots.close()

    def _walk(self) -> Walk:
        """The way of this process, and not of the parent that it was forked from."""
        worker = data.get_worker_info()
        who = os.getpid(), -1 if worker is None else worker.id
        if self._who != who:
            called = "the process" if worker is None else f"worker {worker.id}"
            self._who, self._way = who, Walk(self._ids, 0 if worker is None else worker.num_workers, called)
        return self._way


def _trusted(index: Any, sample: Any) -> None:
    pass
