"""record_loader(): what a loader fetches, iteration by iteration, and who fetches it."""

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..trace import LIMIT, Trace, whole
from .reaching import ITERATION, of_torch, reachable
from .recording import MOST, item_ids, length_of, size_of, source_of
from .unmoved import unmoved

MOST_STEPS = 1 << 16  # an epoch of a loader that does not say how many it has: more take `length`
AS_THEY_ARE = "dataloader must give out the batches of PyTorch's own iteration as they are"
LOADER = "utils.data.DataLoader"
OWN = ("dataset", "collate_fn", "worker_init_fn", "_iterator", "multiprocessing_context")


class Recorded(NamedTuple):
    """What a loader fetched, as `record_loader` gives it.

    Parameters
    ----------
    trace : Trace
        The items, in the order in which the loader gives them out.
    step : numpy.ndarray of int32, shape (n_accesses,)
        The step of its epoch that each access belongs to.
    worker : numpy.ndarray of int32, shape (n_accesses,)
        Who loads it; 0 where the loader's own process does.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from simcache import sampler
    >>> recorded = sampler.record_loader(DataLoader(range(5), batch_size=2))
    >>> recorded.trace.ids, recorded.step
    (array([0, 1, 2, 3, 4], dtype=int32), array([0, 0, 1, 1, 2], dtype=int32))
    """

    trace: Trace
    step: NDArray[np.int32]  # batch of the epoch, from 0 in each
    worker: NDArray[np.int32]  # 0 where the loader has no workers


def record_loader(
    dataloader: Any,
    epochs: int = 1,
    *,
    n_items: int | None = None,
    name: str | None = None,
    length: int | None = None,
) -> Recorded:
    """The item ids that a `torch.utils.data.DataLoader` fetches in its next `epochs` iterations, and who fetches them.

    Use it for whatever training with the loader will see; `record` is for a sampler by itself, and gives another order
    where the loader draws from the generator that its sampler draws from, as it does by default.

    A second loader with the same arguments, but a data set that knows its indices only, is run to the end, workers
    included. No item is loaded, ``collate_fn`` and ``worker_init_fn`` are not called, nothing is pinned. Afterwards
    everything that can be reached from the loader is as it was, as `record` says: the next ``iter(dataloader)`` gives
    the order recorded. Where a sampler has ``set_epoch``, it is called before each iteration with its present epoch,
    and then one more each time.

    What a data set draws from those generators itself is not seen; that moves later epochs of a loader without workers.
    With ``in_order=False`` it is the order in which this run's batches came; the next run's may differ.

    Parameters
    ----------
    dataloader : torch.utils.data.DataLoader
        Of any class derived from it, or that passes for it and holds one, such as Accelerate's; its data set is
        map-style, its indices are whole numbers. With ``batch_size=None`` a step is what one index of the sampler
        stands for.
    epochs : int
        Iterations, >= 1.
    n_items : int, optional
        Items in the data set; by default its length, or the largest id + 1 if it has none.
    name : str, optional
        By default the loader's class.
    length : int, optional
        Steps at which to stop each iteration, >= 1, for a loader that never ends; what its workers fetch ahead by then
        is not counted. By default an iteration is the loader's own; one that is more than twice as long as the
        loader's ``len`` is refused beyond 2^16 steps or 2^24 accesses.

    Returns
    -------
    Recorded
        The trace is what this loader fetches: deal it with ``world_size=1``.

    Raises
    ------
    TypeError
        When it is no such loader, its data set is iterable and so has no index, an index is no whole number, or its
        class loads by other means than PyTorch's own iteration: nothing has been loaded then.
    ValueError
        When an argument or an index is out of range, or an iteration does not end.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from simcache import sampler
    >>> loader = DataLoader(range(1_000), batch_size=64, shuffle=True)
    >>> recorded = sampler.record_loader(loader, epochs=3)
    >>> len(recorded.trace), int(recorded.step.max()) + 1  # accesses; steps an epoch
    (3000, 16)
    """
    name = type(dataloader).__name__ if name is None else name
    where = f" for trace {name!r}"
    if not of_torch(dataloader, LOADER):
        hint = (
            ": record the loader that it holds, or an order with sampler.record"
            if hasattr(dataloader, "__iter__")
            else ""
        )
        raise TypeError(f"dataloader must be a torch.utils.data.DataLoader{where}, got {dataloader!r}{hint}")
    if of_torch(dataloader.dataset, "utils.data.IterableDataset"):
        came = type(dataloader.dataset).__name__
        raise TypeError(f"dataloader must have a map-style dataset{where}: an iterable one has no index, got {came}")
    epochs = whole(epochs, "epochs", 1, LIMIT, where)
    if length is not None:
        length = whole(length, "length", 1, LIMIT, where)
    if n_items is None:
        n_items = size_of(dataloader)
    else:
        n_items = whole(n_items, "n_items", 1, LIMIT, where)

    twin, persistent = _twin(dataloader, where)
    batches = dataloader.batch_sampler
    drawing = (dataloader.sampler, batches, getattr(batches, "sampler", None))
    roots = {**_roots(dataloader), "sampler": drawing[0], "batch_sampler": drawing[1], "inner sampler": drawing[2]}
    counting: list[tuple[Any, int]] = [(it, getattr(it, "epoch", 0)) for it in drawing if hasattr(it, "set_epoch")]
    passes = []
    with unmoved("record_loader", roots):
        for loader in persistent:  # its workers are there, and will not be seeded again
            with unmoved("record_loader", roots):
                iter(loader)
        for epoch in range(epochs):
            for it, first in counting:
                it.set_epoch(first + epoch)
            passes.append(_pass(twin, length, where))
    ids, step, worker = (np.concatenate(column) for column in zip(*passes, strict=True))
    if n_items is None:
        n_items = int(ids.max(initial=0)) + 1
    source = source_of(batches if dataloader.batch_size is None and batches is not None else dataloader.sampler)
    source |= {"generator": "loader", "loader": type(dataloader).__name__, "num_workers": dataloader.num_workers}
    starts = np.cumsum([0, *(each[0].size for each in passes)])[:-1]
    return Recorded(Trace(ids, n_items, name, starts.tolist(), source), step, worker)


def _pass(twin: Any, length: int | None, where: str) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Ids, steps and workers of one iteration, which is gone when this returns."""
    parts, workers, accesses, last = [np.empty(0, np.int64)], [0], 0, None
    usual = 2 * length_of(twin)
    for batch in islice(_batches(twin, where), length):
        if batch is last:  # given out again, not fetched again
            continue
        last = batch
        if not isinstance(batch, _Fetched):
            raise TypeError(f"{AS_THEY_ARE}{where}, got a {type(batch).__name__} from {type(twin).__name__}.__iter__")
        parts.append(item_ids(iter(batch.indices), where))
        workers.append(batch.worker)
        accesses += parts[-1].size
        if length is None and len(workers) > usual and (len(workers) > MOST_STEPS or accesses > MOST):
            came = f"more than {len(workers) - 2:,} steps"
            raise ValueError(f"a loader must end each iteration, or `length` say where to stop it,{where}, got {came}")
    sizes, steps = [part.size for part in parts], np.arange(-1, len(parts) - 1, dtype=np.int32)
    return np.concatenate(parts), np.repeat(steps, sizes), np.repeat(np.array(workers, np.int32), sizes)


def _batches(twin: Any, where: str) -> Iterator[Any]:
    """What a twin gives out. Its data set gives no items, so a class that works on its batches fails."""
    try:
        yield from twin
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if not _iterates(type(twin)):
            raise
        came = f"from {type(twin).__name__}.__iter__ {type(error).__name__}: {error}"
        raise TypeError(f"{AS_THEY_ARE}{where}, got {came}") from error


def _iterates(kind: type) -> bool:
    """Whether a class has an iteration of its own."""
    home = next(vars(each)["__iter__"] for each in kind.__mro__ if "__iter__" in vars(each))
    return not str(getattr(home, "__module__", "")).startswith(("torch.", "torchdata."))


def _twin(dataloader: Any, where: str) -> tuple[Any, list[Any]]:
    """The loader again, its samplers shared, around `_Indices`; and of those in it the ones whose workers persist.

    A loader that it holds, and runs, is made again too. Assigning a data set raises: hence their dicts.
    """
    persistent: list[Any] = []
    known: set[int] = set()

    def again(loader: Any) -> Any:
        known.add(id(loader))
        twin = object.__new__(type(loader))
        own = {key: again(it) if of_torch(it, LOADER) else it for key, it in vars(loader).items()}
        new = {"collate_fn": _as_it_is, "worker_init_fn": None, "pin_memory": False, "_iterator": None}
        new |= {key: _Indices() for key, it in own.items() if it is dataloader.dataset}
        vars(twin).update(own | {key: it for key, it in new.items() if key in own})
        if own.get("_initial_iter_for_state_dict"):
            raise TypeError(f"dataloader must not have begun its next iteration{where}: state_dict() did")
        if own.get("_iterator") is not None and own.get("persistent_workers"):
            persistent.append(twin)
        return twin

    twin = again(dataloader)
    if not isinstance(twin.dataset, _Indices):
        raise TypeError(f"dataloader must hold a data set, or the loader that it runs{where}, got {dataloader!r}")
    if _iterates(type(dataloader)):
        for found, it in reachable(_roots(dataloader)):
            if of_torch(it, ITERATION) or (of_torch(it, LOADER) and id(it) not in known):
                came = f"{found}, a {type(it).__name__}"
                raise TypeError(f"dataloader must load by its own iteration only{where}, and it holds {came}")
    return twin, persistent


def _roots(dataloader: Any) -> dict[str, Any]:
    """All that it may draw from."""
    held = {f"dataloader.{key}": it for key, it in vars(dataloader).items() if key not in OWN}
    return {**held, type(dataloader).__name__: type(dataloader)}


class _Fetched(NamedTuple):
    """What a twin's data set gives for a batch."""

    worker: int
    indices: Any


class _Indices:
    """A data set that knows its indices only: who was asked, and for what."""

    def __getitem__(self, index: Any) -> _Fetched:
        several = isinstance(index, list | tuple) or getattr(index, "ndim", 0) > 0
        return self.__getitems__(index if several else [index])

    def __getitems__(self, indices: Any) -> _Fetched:
        info = sys.modules["torch"].utils.data.get_worker_info()
        return _Fetched(0 if info is None else info.id, indices)


def _as_it_is(batch: Any) -> Any:
    return batch
