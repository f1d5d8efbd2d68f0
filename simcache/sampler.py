"""Record what a sampler yields or a loader fetches, without moving the order that training will see."""

import copy
import operator
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .trace import LIMIT, Scalar, Trace, whole

CHUNK = 1 << 16
# What PyTorch's samplers were made with; those that an object has become source columns.
PARAMETERS = ("replacement", "num_samples", "num_replicas", "rank", "shuffle", "drop_last")


def record(sampler: Iterable[int], epochs: int = 1, *, n_items: int | None = None, name: str | None = None) -> Trace:
    """The item ids that `sampler` yields in `epochs` passes, one after the other.

    Where the sampler has ``set_epoch``, it is called with 0, 1, … before each pass. Afterwards its epoch, its
    generator, and the global generators of Python, NumPy and (if loaded) PyTorch are as they were, so recording does
    not change what training will see.

    Parameters
    ----------
    sampler : iterable of int
        PyTorch's samplers, or any iterable of item ids that ends.
    epochs : int
        Passes, >= 1. An iterator has only one.
    n_items : int, optional
        Items in the data set; by default the length of the sampler's ``data_source``, ``dataset`` or ``weights``,
        else the largest id + 1.
    name : str, optional
        By default the sampler's class, and its rank if it has one.

    Returns
    -------
    Trace
        Its `source` holds the class, the parameters found on the sampler, PyTorch's version if loaded, and as
        ``trace_seed`` the seed that the sampler or its generator was made with, if any.

    Raises
    ------
    TypeError
        When the sampler cannot be iterated over or yields anything but whole numbers, such as batches.
    ValueError
        When an iterator is to be recorded for more than one epoch, or an id is out of range.
    """
    name = _name(sampler) if name is None else name
    where = f" for trace {name!r}"
    epochs = whole(epochs, "epochs", 1, LIMIT, where)
    if n_items is not None:
        n_items = whole(n_items, "n_items", 1, LIMIT, where)
    if not (hasattr(sampler, "__iter__") or hasattr(sampler, "__getitem__")):
        raise TypeError(f"sampler must be an iterable of item ids{where}, got {sampler!r}")

    starts, parts = [0], []
    with _unmoved(sampler):
        for epoch in range(epochs):
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
            accesses = iter(sampler)
            if accesses is sampler and epochs > 1:
                raise ValueError(
                    f"sampler must be iterable again for each of {epochs} epochs{where}, got an iterator: {sampler!r}"
                )
            parts.append(_ids(accesses, where))
            starts.append(starts[-1] + parts[-1].size)
    ids = np.concatenate(parts)
    if n_items is None:
        n_items = _length(sampler) or int(ids.max(initial=0)) + 1
    return Trace(ids, n_items, name, starts[:-1], _source(sampler))


class Recorded(NamedTuple):
    """What a loader fetched; `step` and `worker` are int32 arrays, one number for each access of the trace."""

    trace: Trace
    step: NDArray[np.int32]  # batch of the epoch, from 0 in each
    worker: NDArray[np.int32]  # 0 where the loader has no workers


def record_loader(dataloader: Any, epochs: int = 1, *, n_items: int | None = None, name: str | None = None) -> Recorded:
    """The item ids that a `torch.utils.data.DataLoader` fetches in its next `epochs` iterations, and who fetches them.

    A second loader with the same arguments, but a data set that knows its indices only, is run to the end, workers
    included. No item is loaded, ``collate_fn`` and ``worker_init_fn`` are not called, nothing is pinned. Afterwards the
    generators of the loader and its samplers, their epoch, and the global generators are as they were: the next
    ``iter(dataloader)`` gives the order recorded. Where a sampler has ``set_epoch``, it is called before each iteration
    with its present epoch, and then one more each time.

    What a data set draws from those generators itself is not seen; that moves later epochs of a loader without workers.
    With ``in_order=False`` it is the order in which this run's batches came; the next run's may differ.

    Parameters
    ----------
    dataloader : torch.utils.data.DataLoader
        Of any class derived from it; its data set is map-style, its indices are whole numbers. With ``batch_size=None``
        a step is what one index of the sampler stands for.
    epochs : int
        Iterations, >= 1.
    n_items : int, optional
        Items in the data set; by default its length, or the largest id + 1 if it has none.
    name : str, optional
        By default the loader's class.

    Returns
    -------
    Recorded
        The trace is what this loader fetches: deal it with ``world_size=1``.

    Raises
    ------
    TypeError
        When it is no such loader, its data set is iterable and so has no index, or an index is no whole number.
    ValueError
        When an argument or an index is out of range.
    """
    name = type(dataloader).__name__ if name is None else name
    where = f" for trace {name!r}"
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(dataloader, torch.utils.data.DataLoader):
        raise TypeError(f"dataloader must be a torch.utils.data.DataLoader{where}, got {dataloader!r}")
    if isinstance(dataloader.dataset, torch.utils.data.IterableDataset):
        came = type(dataloader.dataset).__name__
        raise TypeError(f"dataloader must have a map-style dataset{where}: an iterable one has no index, got {came}")
    epochs = whole(epochs, "epochs", 1, LIMIT, where)
    if n_items is None:
        n_items = _length(dataloader)
    else:
        n_items = whole(n_items, "n_items", 1, LIMIT, where)

    twin, parts, workers, steps, starts = _twin(dataloader), [np.empty(0, np.int64)], [0], [0], [0]
    batches = dataloader.batch_sampler
    drawing = (dataloader, dataloader.sampler, batches, getattr(batches, "sampler", None))
    if getattr(dataloader, "_iterator", None) is not None:  # its workers persist, and will not be seeded again
        with _unmoved(*drawing):
            iter(twin)
    counting: list[tuple[Any, int]] = [(it, getattr(it, "epoch", 0)) for it in drawing if hasattr(it, "set_epoch")]
    with _unmoved(*drawing):
        for epoch in range(epochs):
            for it, first in counting:
                it.set_epoch(first + epoch)
            for step, (worker, batch) in enumerate(twin):
                parts.append(_ids(iter(batch), where))
                workers.append(worker)
                steps.append(step)
            starts.append(sum(part.size for part in parts))
    ids, sizes = np.concatenate(parts), [part.size for part in parts]
    if n_items is None:
        n_items = int(ids.max(initial=0)) + 1
    source = _source(batches if dataloader.batch_size is None and batches is not None else dataloader.sampler)
    source |= {"generator": "loader", "loader": type(dataloader).__name__, "num_workers": dataloader.num_workers}
    return Recorded(
        Trace(ids, n_items, name, starts[:-1], source),
        np.repeat(np.array(steps, np.int32), sizes),
        np.repeat(np.array(workers, np.int32), sizes),
    )


class _Indices:
    """A data set that knows its indices only: who was asked, and for what."""

    def __getitem__(self, index: Any) -> tuple[int, Any]:
        several = isinstance(index, list | tuple) or getattr(index, "ndim", 0) > 0
        return self.__getitems__(index if several else [index])

    def __getitems__(self, indices: Any) -> tuple[int, Any]:
        info = sys.modules["torch"].utils.data.get_worker_info()
        return 0 if info is None else info.id, indices


def _as_it_is(batch: Any) -> Any:
    return batch


def _twin(dataloader: Any) -> Any:
    """The loader again, its samplers shared, around `_Indices`. Assigning a data set raises: hence its dict."""
    twin = copy.copy(dataloader)
    vars(twin).update(dataset=_Indices(), collate_fn=_as_it_is, worker_init_fn=None, pin_memory=False, _iterator=None)
    return twin


def _ids(accesses: Iterator[Any], where: str) -> NDArray[np.int64]:
    parts = [np.empty(0, np.int64)]
    while chunk := list(islice(accesses, CHUNK)):
        try:
            parts.append(np.fromiter(map(operator.index, chunk), np.int64, len(chunk)))
        except (TypeError, OverflowError):
            bad = next(value for value in chunk if not _is_id(value))
            hint = " (a batch: record what its sampler yields, `.sampler`)" if hasattr(bad, "__len__") else ""
            raise TypeError(f"sampler must yield item ids, whole numbers,{where}, got {bad!r}{hint}") from None
    return np.concatenate(parts)


def _is_id(value: Any) -> bool:
    try:
        return -(2**63) <= operator.index(value) < 2**63
    except TypeError:
        return False


@contextmanager
def _unmoved(*samplers: Any) -> Iterator[None]:
    """Whatever a pass over samplers, or a loader, draws or sets is put back, also when the pass fails."""
    with ExitStack() as undo:
        for sampler in samplers:
            for get, put in _states(sampler):
                undo.callback(put, get())
        yield


def _states(sampler: Any) -> Iterator[tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """Pairs of functions that read and restore one piece of state each."""
    yield random.getstate, random.setstate
    yield np.random.get_state, np.random.set_state
    if torch := sys.modules.get("torch"):  # a sampler of torch's has loaded it; nothing else may
        yield torch.get_rng_state, torch.set_rng_state
    own: Any = getattr(sampler, "generator", None)
    for get, put in ("get_state", "set_state"), ("getstate", "setstate"):  # torch.Generator, random.Random
        if hasattr(own, get) and hasattr(own, put):
            yield getattr(own, get), getattr(own, put)
    if isinstance(own, np.random.Generator):
        bits = own.bit_generator
        yield lambda: bits.state, lambda state: setattr(bits, "state", state)
    if hasattr(sampler, "set_epoch") and hasattr(sampler, "epoch"):
        yield lambda: sampler.epoch, sampler.set_epoch


def _length(sampler: Any) -> int | None:
    for attribute in ("data_source", "dataset", "weights"):
        try:
            return max(1, len(getattr(sampler, attribute)))
        except (AttributeError, TypeError):  # none, or one without a length
            continue
    return None


def _name(sampler: Any) -> str:
    rank = getattr(sampler, "rank", None)
    return type(sampler).__name__ + (f"-rank{rank}" if isinstance(rank, int) else "")


def _source(sampler: Any) -> dict[str, Scalar]:
    source: dict[str, Scalar] = {"generator": "sampler", "sampler": type(sampler).__name__}
    for parameter in PARAMETERS:
        if isinstance(value := getattr(sampler, parameter, None), bool | int):
            source[parameter] = value
    if torch := sys.modules.get("torch"):
        source["torch"] = str(torch.__version__)
    own: Any = getattr(sampler, "generator", None)
    seed = own.initial_seed() if hasattr(own, "initial_seed") else getattr(sampler, "seed", None)
    if isinstance(seed, int):
        source["trace_seed"] = seed
    return source
