"""cached_loader(): a `DataLoader`'s batches again, from a cache planned for its order."""

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils import data

from .. import order
from ..loader.accesses import Access, PlannedSampler
from ..loader.dealing import Loader
from ..loader.planning import OPT, Plan, plan, sharing_ranks
from ..sampler import record_loader
from ..simulation import Policy
from ..trace import LIMIT, Trace, whole
from .dataset import CachedDataset, check_dataset, in_items

WHERE = " for cached_loader"


def cached_loader(
    loader: Any,
    capacity: int | float | str,
    epochs: int,
    *,
    policy: Policy = OPT,
    transform: Callable[[Any], Any] | None = None,
    ranks: Iterable[int] | None = None,
    seed: int = 0,
    slot_bytes: int | None = None,
    name: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    verify: float = 0.0,
) -> Any:
    """A loader of the same arguments, and so the same batches, whose data set is cached.

    The order is that of the loader's next `epochs` iterations: read off its arguments where that can be done
    (`simcache.order.of`), else recorded (`simcache.sampler.record_loader`, which runs a loader of bare indices), and in
    either case nothing is drawn: until something else draws from its generators, the loader given yields the same. What
    comes back does not draw for its order any more, so random numbers that `transform` draws are not those of before.
    Its ``sampler`` counts the epochs, with ``set_epoch`` and ``state_dict`` to go elsewhere, and has the plan. Epochs
    of a `DistributedSampler` are planned from 0 on, and counted from where it stands, even if no one sets them.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        Of a map-style data set, or of a class derived from it.
    capacity : int, float or str
        Items that are cached, or their share (a float in (0, 1]), or bytes like ``"25 GB"``, spare slots included. For
        bytes without `slot_bytes`, one sample is loaded here; otherwise none is.
    epochs : int
        Iterations that are planned, >= 1.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python; by default
        OPT with bypass.
    transform : callable, optional
        Called with each sample after the cache, on hits too: random augmentation belongs here.
    ranks : iterable of int, optional
        With a `DistributedSampler`: those that share this cache, on this node and under this `name`; by default all,
        or without a name this rank alone.
    seed : int
        For policies that draw.
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

    Returns
    -------
    torch.utils.data.DataLoader
        Its ``dataset`` is a `CachedDataset`, with ``cache_info()``; its ``sampler`` has the ``plan``.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, RandomSampler
    >>> from simcache.torch import cached_loader
    >>> slow = [torch.full((3, 8, 8), float(index)) for index in range(100)]
    >>> sampler = RandomSampler(slow, replacement=True, generator=torch.Generator().manual_seed(0))
    >>> cached = cached_loader(DataLoader(slow, batch_size=10, sampler=sampler), capacity=25, epochs=3)
    >>> epochs = [batch for _ in range(3) for batch in cached]
    >>> cached.dataset.cache_info().hits, int(cached.sampler.plan.hits.sum())
    (162, 162)
    """
    if not isinstance(loader, data.DataLoader):
        raise TypeError(f"loader must be a torch.utils.data.DataLoader{WHERE}, got {loader!r}")
    check_dataset(loader.dataset, WHERE)
    epochs = whole(epochs, "epochs", 1, LIMIT, WHERE)
    batches = loader.batch_sampler
    size, drop_last = loader.batch_size, loader.drop_last
    if size is None and type(batches) is data.BatchSampler:
        size, drop_last = batches.batch_size, batches.drop_last
    sampler = batches.sampler if isinstance(batches, data.BatchSampler) else loader.sampler
    rank, ranks_there, last = 0, 1, None
    if type(sampler) is data.DistributedSampler and size is not None:
        rank, ranks_there = sampler.rank, sampler.num_replicas
        trace = order.distributed(
            len(sampler.dataset), epochs, num_replicas=ranks_there, shuffle=sampler.shuffle, seed=sampler.seed,
            drop_last=sampler.drop_last,
        )  # fmt: skip
        ranks = ranks if ranks is not None else [rank] if name is None else None
    else:
        if ranks is not None:
            raise ValueError(f"ranks must come with a DistributedSampler{WHERE}, got one of {type(sampler).__name__}")
        try:
            trace = order.of(loader, epochs)
        except ValueError:  # it cannot be predicted
            recorded = record_loader(loader, epochs)
            trace, drop_last = recorded.trace, False
            starts = np.diff(recorded.step, prepend=-1) != 0  # whether an access begins a step
            starts[[start for start in trace.epochs if start < len(trace)]] = True
            if batches is None and (isinstance(sampler, data.BatchSampler) or not starts.all()):
                raise TypeError(
                    f"loader must ask its data set for one item an index{WHERE}, got batches from its sampler "
                    f"{type(sampler).__name__}: give it as batch_sampler="
                ) from None
            if size is None and batches is not None:
                last = np.append(starts[1:], True)
                size = int(np.diff(np.flatnonzero(np.append(starts, True))).max(initial=1))
    items = len(loader.dataset)
    trace = Trace(trace.ids, items, trace.name, trace.epochs, trace.source)
    planned = Loader(
        size or 1,
        loader.num_workers,
        ranks_there,
        drop_last=bool(drop_last),
        persistent_workers=loader.persistent_workers,
        prefetch_factor=loader.prefetch_factor or 2,
    )
    made, slot_bytes = _plan(trace, planned, capacity, policy, ranks, seed, loader.dataset, slot_bytes)
    cached = CachedDataset(
        loader.dataset, made, transform=transform, slot_bytes=slot_bytes, name=name, folder=folder, verify=verify
    )
    accesses = made.sampler(rank)
    if type(sampler) is data.DistributedSampler:  # its epochs are planned from 0 on, and it may stand at another
        accesses.set_epoch(sampler.epoch)
    return _again(loader, cached, accesses, last)


def _plan(
    trace: Trace,
    loader: Loader,
    capacity: int | float | str,
    policy: Policy,
    ranks: Iterable[int] | None,
    seed: int,
    dataset: Any,
    slot_bytes: int | None,
) -> tuple[Plan, int | None]:
    sharing = sharing_ranks(ranks, loader.world_size)
    count, slot_bytes = in_items(capacity, trace.n_items, dataset, slot_bytes, WHERE)
    spare = None
    if isinstance(capacity, str):  # all slots together
        window = loader.prefetch_factor * loader.num_workers * loader.batch_size * len(sharing)
        spare = min(window, count // 2)
        count -= spare
    return plan(trace, loader, count, policy, ranks=sharing, spare=spare, seed=seed), slot_bytes


def _again(loader: Any, dataset: CachedDataset, sampler: PlannedSampler, last: NDArray[np.bool_] | None) -> Any:
    """The loader with another data set and sampler. Assigning these raises, hence its dict."""
    batches = loader.batch_sampler
    if last is not None:
        batches = PlannedBatches(sampler, last)
    elif batches is not None:
        batches = type(batches)(sampler, batches.batch_size, batches.drop_last)
    again = copy.copy(loader)
    vars(again).update(dataset=dataset, sampler=sampler, batch_sampler=batches, _iterator=None)
    return again


class PlannedBatches:
    """The batches of a batch sampler of another class, as it was recorded."""

    def __init__(self, sampler: PlannedSampler, last: NDArray[np.bool_]) -> None:
        self.sampler = sampler
        self._last = last  # whether an access ends its batch

    def __len__(self) -> int:
        places = self.sampler.places
        return int(np.count_nonzero(self._last[places]))

    def __iter__(self) -> Iterator[list[Access]]:
        batch = []
        for access in self.sampler:
            batch.append(access)
            if self._last[access.number % self._last.size]:
                yield batch
                batch = []

    def set_epoch(self, epoch: int) -> None:
        """Let the next pass be that epoch."""
        self.sampler.set_epoch(epoch)
