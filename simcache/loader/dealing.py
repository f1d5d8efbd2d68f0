"""Who serves what, in what order: the one definition, after PyTorch's DataLoader and DistributedSampler.

Batch j of an epoch goes to worker j mod `num_workers`, counted from worker 0 again in every epoch, and batches are
delivered in order; so what each process sees follows from the order alone, whatever the timing.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..simulation import check_trace
from ..trace import LIMIT, Scalar, Trace, whole


@dataclass(frozen=True)
class Loader:
    """The arguments of a `torch.utils.data.DataLoader`, one on each of `world_size` ranks of one node.

    Parameters
    ----------
    batch_size : int
        Items in a batch, >= 1. None, which turns batching off, is refused: say 1.
    num_workers : int
        Processes that load, on each rank; 0: the rank's own process does.
    world_size : int
        Ranks, >= 1. With more than one, rank r takes positions r, r + world_size, … of every epoch, which is first
        padded from its own start, as `DistributedSampler` does.
    drop_last : bool
        Whether a last batch that is not full is left out, on each rank.
    persistent_workers : bool
        Whether workers outlive an epoch, and with them their private caches. Needs workers.
    prefetch_factor : int
        Batches that each worker loads ahead, >= 1; matters to the clock only, and not without workers.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache.loader import Loader
    >>> Loader(batch_size=64, num_workers=4, persistent_workers=True)
    Loader(batch_size=64, num_workers=4, world_size=1, drop_last=False, persistent_workers=True, prefetch_factor=2)
    """

    batch_size: int
    num_workers: int = 0
    world_size: int = 1
    drop_last: bool = False
    persistent_workers: bool = False
    prefetch_factor: int = 2

    def __post_init__(self) -> None:
        if self.batch_size is None:
            raise TypeError(
                "batch_size must be a whole number >= 1 for Loader, got None (without batching every item is a batch: "
                "batch_size=1)"
            )
        for field, low in (("batch_size", 1), ("num_workers", 0), ("world_size", 1), ("prefetch_factor", 1)):
            object.__setattr__(self, field, whole(getattr(self, field), field, low, LIMIT, " for Loader"))
        for field in ("drop_last", "persistent_workers"):
            value: Any = getattr(self, field)
            if not isinstance(value, bool | np.bool_):
                raise TypeError(f"{field} must be True or False for Loader, got {value!r}")
            object.__setattr__(self, field, bool(value))
        if self.persistent_workers and not self.num_workers:
            raise ValueError("persistent_workers needs num_workers >= 1 for Loader, got num_workers=0")

    @property
    def processes(self) -> int:
        """Processes that load on each rank: its workers, or itself.

        Examples
        --------
        >>> from simcache.loader import Loader
        >>> Loader(64, num_workers=4).processes, Loader(64).processes
        (4, 1)
        """
        return max(1, self.num_workers)


class Deal(NamedTuple):
    """Every access fetched, in global order: by epoch, step, rank, place in the batch. int32 arrays of one length.

    Parameters
    ----------
    epoch : ndarray of int32, shape (n_accesses,)
        From 0.
    step : ndarray of int32, shape (n_accesses,)
        The batch of the epoch, from 0 in each.
    rank : ndarray of int32, shape (n_accesses,)
        Whose batch.
    worker : ndarray of int32, shape (n_accesses,)
        Who loads it on that rank; 0 where the rank's own process does.
    position : ndarray of int32, shape (n_accesses,)
        Where the access stands in ``trace.ids``; padding repeats some.
    ids : ndarray of int32, shape (n_accesses,)
        The items.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> dealt = loader.deal(synth.loop(6, 6), loader.Loader(batch_size=2, num_workers=2))
    >>> dealt.step, dealt.worker
    (array([0, 0, 1, 1, 2, 2], dtype=int32), array([0, 0, 1, 1, 0, 0], dtype=int32))
    """

    epoch: NDArray[np.int32]
    step: NDArray[np.int32]  # batch of the epoch, from 0 in each
    rank: NDArray[np.int32]
    worker: NDArray[np.int32]  # 0 where the rank's own process loads
    position: NDArray[np.int32]  # in trace.ids; padding repeats some
    ids: NDArray[np.int32]


def deal(trace: Trace, loader: Loader) -> Deal:
    """Deal a trace out to the processes of a loader.

    Parameters
    ----------
    trace : Trace
        The order of the whole data set, epoch by epoch, before it is split over ranks. An order recorded on one rank
        is dealt with ``world_size=1``.
    loader : Loader
        Who loads what.

    Returns
    -------
    Deal
        One entry per access fetched. An empty epoch deals nothing; with more ranks than items, items repeat until
        every rank has one.

    Raises
    ------
    TypeError
        When an argument is of another type.
    ValueError
        When padding makes more than 2^31 - 1 accesses.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> dealt = loader.deal(synth.loop(6, 6), loader.Loader(batch_size=2, world_size=2))
    >>> dealt.rank, dealt.ids
    (array([0, 0, 1, 1, 0, 1], dtype=int32), array([0, 2, 1, 3, 4, 5], dtype=int32))
    """
    check_trace(trace)
    check_loader(loader)
    bounds = np.array([*trace.epochs, len(trace)], np.int64)
    each = -(-np.diff(bounds) // loader.world_size)
    if loader.drop_last:
        each -= each % loader.batch_size
    if (total := int(each.sum()) * loader.world_size) > LIMIT:
        raise ValueError(
            f"a loader must fetch at most {LIMIT} accesses, got {total} for trace {trace.name!r} on "
            f"{loader.world_size} ranks"
        )
    ids = np.asarray(trace.ids)
    return Deal(*_dealt(ids, bounds, each, loader.batch_size, loader.processes, loader.world_size, total))


def streams(trace: Trace, loader: Loader) -> dict[tuple[int, int], Trace]:
    """What each process sees, by (rank, worker), with the epochs' starts; empty where a worker is idle.

    With several ranks or workers the source says which one it is.

    Parameters
    ----------
    trace : Trace
        The order of the whole data set, epoch by epoch, before it is split over ranks. An order recorded on one rank
        is dealt with ``world_size=1``.
    loader : Loader
        Who loads what.

    Returns
    -------
    dict of (int, int) to Trace
        Every rank and worker there is.

    Raises
    ------
    TypeError
        When an argument is of another type.
    ValueError
        When padding makes more than 2^31 - 1 accesses.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> seen = loader.streams(synth.loop(6, 6), loader.Loader(batch_size=2, num_workers=2))
    >>> seen[0, 0].ids, seen[0, 1].ids
    (array([0, 1, 4, 5], dtype=int32), array([2, 3], dtype=int32))
    """
    dealt = deal(trace, loader)
    of_process = dealt.rank * np.int64(loader.processes) + dealt.worker
    starts, order = grouped(of_process, loader.world_size * loader.processes)
    seen: dict[tuple[int, int], Trace] = {}
    for process, (rank, worker) in enumerate(np.ndindex(loader.world_size, loader.processes)):
        mine = order[starts[process] : starts[process + 1]]
        epochs = np.searchsorted(dealt.epoch[mine], np.arange(len(trace.epochs)))
        source: dict[str, Scalar] = dict(trace.source or {})
        source |= {"rank": rank} if loader.world_size > 1 else {}
        source |= {"worker": worker} if loader.num_workers else {}
        name = f"{trace.name}-rank{rank}-worker{worker}"
        seen[rank, worker] = Trace(dealt.ids[mine], trace.n_items, name, epochs.tolist(), source or None)
    return seen


def check_loader(loader: object) -> None:
    """Refuse what is not a Loader."""
    if not isinstance(loader, Loader):
        raise TypeError(f"loader must be a simcache.loader.Loader, got {type(loader).__name__} {loader!r}")


@compiled
def grouped(group: NDArray[np.int64], n_groups: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of each group's members, in their order: ``order[starts[g]:starts[g + 1]]`` for group g."""
    starts = np.zeros(n_groups + 1, np.int64)
    for g in group:
        starts[g + 1] += 1
    for k in range(n_groups):
        starts[k + 1] += starts[k]
    free = starts[:-1].copy()
    order = np.empty(group.size, np.int64)
    for t in range(group.size):
        g = group[t]
        order[free[g]] = t
        free[g] += 1
    return starts, order


@compiled
def _dealt(
    ids: NDArray[np.int32],
    bounds: NDArray[np.int64],
    each: NDArray[np.int64],
    batch_size: int,
    processes: int,
    world_size: int,
    total: int,
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]
]:
    epochs, steps, ranks = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    workers, positions, items = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    at = 0
    for epoch in range(each.size):
        start, length = bounds[epoch], bounds[epoch + 1] - bounds[epoch]
        for first in range(0, each[epoch], batch_size):
            step = first // batch_size
            last = min(first + batch_size, each[epoch])
            worker = step % processes
            for rank in range(world_size):
                place = (first * world_size + rank) % length
                for _ in range(first, last):
                    epochs[at], steps[at], ranks[at], workers[at] = epoch, step, rank, worker
                    positions[at] = start + place
                    items[at] = ids[start + place]
                    at += 1
                    place += world_size
                    if place >= length:
                        place %= length
    return epochs, steps, ranks, workers, positions, items
