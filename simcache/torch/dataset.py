"""A data set with a cache in front of it, which all workers, and the ranks of a node, share."""

import operator
import os
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch.utils import data

from ..loader.accesses import HIT, SLOT, Access
from ..loader.planning import Plan
from ..trace import LIMIT, whole
from .describing import Unfit, laid, same
from .fetching import ADMIT, Asked, served
from .room import parsed
from .seen import Seen
from .sharing import named
from .slots import CacheInfo, Slots, sample_bytes, slot_size

WHERE = " for CachedDataset"


class CachedDataset(data.Dataset):  # type: ignore[misc]
    """A map-style data set, cached as planned.

    Samples come back as the data set made them, each a copy of its own: right whatever other processes do, and at worst
    loaded again. Tensors, arrays, int and float, in nested tuples, lists and dicts with keys of str, are kept as they
    are; other things go through pickle. What has no place in shared memory (tensors of an accelerator, sparse ones,
    what pickle refuses) is passed on, with one warning. The samples of one batch lie in one piece of memory, which is
    free when the last of them is.

    Parameters
    ----------
    dataset : torch.utils.data.Dataset
        Has ``__getitem__``, and ``__getitems__`` if a batch is to be loaded in one call. Each item is always the same:
        what is random belongs into `transform`.
    plan : Plan, optional
        From `simcache.loader.plan`; its ``sampler`` then says what is fetched. An index without an order is loaded
        uncached, with one warning: a `Subset` of a cached data set takes the order off, a cached `Subset` does not.
    capacity : int, float or str, optional
        Instead of a plan: the first so many distinct items stay for good, whatever the sampler, and for epochs that are
        shuffled nothing hits more often. Items, or a share of them (a float in (0, 1]), or bytes like ``"25 GB"``. For
        bytes without `slot_bytes`, one sample is loaded here; otherwise none is.
    transform : callable, optional
        Called with each sample after the cache, on hits too: random augmentation belongs here.
    slot_bytes : int, optional
        Bytes that a sample takes at most, 8 for each number among its parts; by default what the first one stored
        takes. Larger samples are passed on, with one warning.
    name : str, optional
        What processes of one user on one machine that share the cache call it, ranks for instance; all must give the
        same plan. By default the cache is this process's and its workers'.
    folder : path, optional
        Where a named cache lies, by default /dev/shm. The last process to end removes it.
    verify : float
        Share of the hits that is loaded again, and compared: 0 … 1.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.
    MemoryError, OSError
        When there is too little room, here or as the first sample is stored; or the name stands for something else.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from simcache import loader
    >>> from simcache.torch import CachedDataset
    >>> slow = [index**2 for index in range(100)]  # any map-style data set
    >>> trace, shape = loader.of(DataLoader(slow, batch_size=10, shuffle=True), epochs=3)
    >>> plan = loader.plan(trace, shape, capacity=25)
    >>> cached = DataLoader(CachedDataset(slow, plan), batch_size=10, sampler=plan.sampler())
    >>> epochs = [batch for _ in range(3) for batch in cached]
    >>> cached.dataset.cache_info().hits, int(plan.hits.sum())
    (50, 50)
    """

    def __init__(
        self,
        dataset: Any,
        plan: Plan | None = None,
        *,
        capacity: int | float | str | None = None,
        transform: Callable[[Any], Any] | None = None,
        slot_bytes: int | None = None,
        name: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        verify: float = 0.0,
    ) -> None:
        check_dataset(dataset, WHERE)
        if (plan is None) == (capacity is None):
            raise TypeError(
                f"either plan or capacity must be given{WHERE}, got {'neither' if plan is None else 'both'}"
            )
        if transform is not None and not callable(transform):
            raise TypeError(f"transform must be callable{WHERE}, got {transform!r}")
        if slot_bytes is not None:
            slot_bytes = whole(slot_bytes, "slot_bytes", 1, LIMIT, WHERE)
        if isinstance(verify, bool) or not isinstance(verify, int | float | np.number):
            raise TypeError(f"verify must be a share of hits, 0 … 1,{WHERE}, got {verify!r}")
        if not 0 <= verify <= 1:
            raise ValueError(f"verify must be a share of hits, 0 … 1,{WHERE}, got {verify!r}")
        if folder is not None and name is None:
            raise ValueError(f"folder must come with a name{WHERE}, got {folder!r} without one")
        path = None if name is None else named(name, folder)
        self.dataset = dataset
        self.transform = transform
        self._planned = plan is not None
        self._verify, self._due = float(verify), 0.0
        self._items = _length(dataset)
        if plan is None:
            count, slot_bytes = in_items(capacity, self._items, dataset, slot_bytes, WHERE)
            count, table, mark = min(count, self._items), self._items, 0
        elif not isinstance(plan, Plan):
            raise TypeError(f"plan must be a simcache.loader.Plan{WHERE}, got {plan!r}")
        elif plan.trace.n_items != self._items:
            raise ValueError(
                f"plan must be for the data set's {self._items} items{WHERE}, got one for {plan.trace.n_items} "
                f"({plan.trace.name!r})"
            )
        else:
            count, table, mark = plan.slots, 0, 0
            if name is not None:  # the plan's accesses and their orders, as a number
                mark = zlib.crc32(np.asarray(plan.trace.ids).data) << 32 | zlib.crc32(plan.orders.data)
        self._slots = Slots(max(1, count), table, mark, slot_bytes, path)
        self._seen = Seen(max(1, count)) if plan is None else None

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "dataset" not in self.__dict__:  # the latter while it is unpickled
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.dataset, name)

    def __enter__(self) -> "CachedDataset":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the memory. Without it, that happens when the data set is forgotten or the process ends.

        Examples
        --------
        >>> from simcache.torch import CachedDataset
        >>> cached = CachedDataset(["cat", "dog"], capacity=1)
        >>> cached.close()
        """
        self._slots.close()

    def cache_info(self) -> CacheInfo:
        """What all processes of this cache did together; without a plan, also what OPT would have hit in this one.

        Returns
        -------
        CacheInfo
            Counts, and the room there is.

        Examples
        --------
        >>> from simcache.torch import CachedDataset
        >>> cached = CachedDataset(["cat", "dog"], capacity=1)
        >>> [cached[index] for index in (0, 1, 0)]
        ['cat', 'dog', 'cat']
        >>> cached.cache_info().hits
        1
        """
        info = self._slots.info()
        if self._seen is None:
            return info
        hits, accesses = self._seen.hits()
        return info._replace(opt_hits=hits, opt_accesses=accesses)

    def __getitem__(self, index: Any) -> Any:
        return self._transformed(self._fetched([index], lambda indices: [self.dataset[i] for i in indices]))[0]

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """The samples of a batch; what is not cached is loaded in one call, if the data set has ``__getitems__``."""
        return self._transformed(self._fetched(list(indices), self._load))

    def _transformed(self, samples: list[Any]) -> list[Any]:
        return samples if self.transform is None else [self.transform(sample) for sample in samples]

    def _load(self, indices: list[Any]) -> list[Any]:
        many = getattr(self.dataset, "__getitems__", None)
        if not many:
            return [self.dataset[i] for i in indices]
        samples = list(many(indices))
        if len(samples) != len(indices):
            raise ValueError(
                f"__getitems__ must give one sample for each of {len(indices)} indices, got {len(samples)} from "
                f"{type(self.dataset).__name__}"
            )
        return samples

    def _fetched(self, indices: list[Any], load: Callable[[list[Any]], list[Any]]) -> list[Any]:
        asked = self._planned_orders(indices) if self._planned else self._pinned_orders(indices)
        samples = served(self._slots, asked, load, self._check)
        if self._seen is not None:
            self._seen.note([it.item for it in asked if it.item >= 0])
        return samples

    def _planned_orders(self, indices: list[Any]) -> list[Asked]:
        asked = []
        for k, index in enumerate(indices):
            if type(index) is not Access:
                asked.append(Asked(index, ~k))
                continue
            item = int(index)
            if not (0 <= item < self._items and index.order >> SLOT < self._slots.count):
                raise ValueError(
                    f"accesses must come from the plan that the cache was made for, got item {item} of {self._items}, "
                    f"slot {index.order >> SLOT} of {self._slots.count}"
                )
            asked.append(Asked(item, item, index.number, index.order))
        return asked

    def _pinned_orders(self, indices: list[Any]) -> list[Asked]:
        items = [_item(index, self._items) for index in indices]
        known = [item for item in items if item >= 0]
        slots = dict(zip(known, self._slots.find(np.array(known, np.int64)).tolist(), strict=True))
        return [
            Asked(item, item, 0, slots[item] << SLOT | HIT if slots[item] >= 0 else ADMIT)
            if item >= 0
            else Asked(index, ~k, 0, 0)  # passes
            for k, (index, item) in enumerate(zip(indices, items, strict=True))
        ]

    def _check(self, index: Any, sample: Any) -> None:
        self._due += self._verify
        if self._due >= 1:
            self._due -= 1
            if not same(sample, self.dataset[index]):
                raise ValueError(
                    f"what is cached must not be random, got another sample of item {index} when it was loaded again: "
                    f"random augmentation belongs into transform="
                )


def in_items(capacity: Any, items: int, dataset: Any, slot_bytes: int | None, where: str) -> tuple[int, int | None]:
    """A capacity as a number of items, and the bytes of a sample if that took one to be loaded.

    Raises
    ------
    TypeError, ValueError
        When it is no number of items, share of them or size.
    """
    if isinstance(capacity, str):
        budget = parsed(capacity, "capacity")
        if slot_bytes is None and not items:
            return 1, None
        if slot_bytes is None:
            try:
                slot_bytes = sample_bytes(laid(dataset[0]))
            except Unfit as why:
                raise ValueError(f"capacity in bytes needs slot_bytes{where}: the first sample is {why}") from None
        if (count := budget // (slot_size(slot_bytes) + 8)) < 1:
            raise ValueError(
                f"capacity must have room for a sample{where}, {slot_size(slot_bytes)} bytes, got {capacity!r}"
            )
        return count, slot_bytes
    if isinstance(capacity, float | np.floating):
        if not 0 < capacity <= 1:
            raise ValueError(f"capacity as a share of the items must be in (0, 1]{where}, got {capacity!r}")
        return max(1, round(float(capacity) * items)), slot_bytes
    return whole(capacity, "capacity", 1, None, where, " of items, a share of them or a size"), slot_bytes


def _item(index: Any, items: int) -> int:
    """The item that an index stands for, -1 if it is none of them."""
    try:
        item = operator.index(index)
    except TypeError:
        return -1
    if getattr(index, "ndim", 0):  # tensors of one element pass for numbers, and select a batch of one
        return -1
    return item if 0 <= item < items else -1


def check_dataset(dataset: Any, where: str) -> None:
    """Refuse what has no index."""
    if isinstance(dataset, data.IterableDataset) or not hasattr(dataset, "__getitem__"):
        raise TypeError(f"dataset must be map-style{where}: an iterable one has no index, got {type(dataset).__name__}")


def _length(dataset: Any) -> int:
    try:
        items = len(dataset)
    except TypeError:
        raise TypeError(f"dataset must have a length{WHERE}, got {type(dataset).__name__}") from None
    if items > LIMIT:
        raise ValueError(f"dataset must have at most {LIMIT} items{WHERE}, got {items}")
    return items
