"""record(): what a sampler yields, pass by pass."""

import operator
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trace import LIMIT, Scalar, Trace, whole
from .unmoved import unmoved

CHUNK = 1 << 16
MOST = 1 << 24  # accesses an epoch of a sampler that does not say how many it has: more take `length`
# What PyTorch's samplers were made with; those that an object has become source columns.
PARAMETERS = ("replacement", "num_samples", "num_replicas", "rank", "shuffle", "drop_last")


def record(
    sampler: Iterable[int],
    epochs: int = 1,
    *,
    n_items: int | None = None,
    name: str | None = None,
    length: int | None = None,
) -> Trace:
    """The item ids that `sampler` yields in `epochs` passes, one after the other.

    Use it for a sampler by itself, or one whose order follows from a seed of its own. What training with a
    `torch.utils.data.DataLoader` will see is recorded by `record_loader`: the loader draws a number before each pass,
    so unless its sampler has a generator of its own, ``record(dataloader.sampler)`` gives another order.

    Where the sampler has ``set_epoch``, it is called with 0, 1, … before each pass. Afterwards the global generators
    of Python, NumPy and (if loaded) PyTorch are as they were, and so is whatever can be reached from the sampler:
    generators, counters, lists, arrays and tensors, in attributes of any name, in samplers that it wraps, in closures,
    in its class, and in globals that its methods name. So recording does not change what training will see. Data sets
    and models are not looked into. What cannot be put back, such as an iterator that the sampler holds, is named in a
    warning.

    Parameters
    ----------
    sampler : iterable of int
        PyTorch's samplers, or any iterable of item ids.
    epochs : int
        Passes, >= 1. An iterator has only one, and it is used up.
    n_items : int, optional
        Items in the data set; by default the length of the sampler's ``data_source``, ``dataset`` or ``weights``,
        else the largest id + 1.
    name : str, optional
        By default the sampler's class, and its rank if it has one.
    length : int, optional
        Accesses at which to stop each pass, >= 1, for a sampler that never ends. By default a pass is the sampler's
        own; one beyond both 2^24 accesses and twice the sampler's ``len`` is refused.

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
        When an iterator is to be recorded for more than one epoch, an id is out of range, or a pass does not end.

    Examples
    --------
    >>> from simcache import sampler
    >>> sampler.record([3, 1, 2, 0], epochs=2)  # anything that yields item ids
    <Trace 'list': accesses 8, items touched 4 of 4, epochs 2, repeats 50.00%>
    """
    name = _name(sampler) if name is None else name
    where = f" for trace {name!r}"
    epochs = whole(epochs, "epochs", 1, LIMIT, where)
    if n_items is not None:
        n_items = whole(n_items, "n_items", 1, LIMIT, where)
    if length is not None:
        length = whole(length, "length", 1, LIMIT, where)
    if not (hasattr(sampler, "__iter__") or hasattr(sampler, "__getitem__")):
        raise TypeError(f"sampler must be an iterable of item ids{where}, got {sampler!r}")

    starts, parts = [0], []
    with unmoved("record", {"sampler": sampler}, spent=sampler):
        for epoch in range(epochs):
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
            parts.append(_pass(sampler, epochs, length, where))
            starts.append(starts[-1] + parts[-1].size)
    ids = np.concatenate(parts)
    if n_items is None:
        n_items = size_of(sampler) or int(ids.max(initial=0)) + 1
    return Trace(ids, n_items, name, starts[:-1], source_of(sampler))


def _pass(sampler: Iterable[int], epochs: int, length: int | None, where: str) -> NDArray[np.int64]:
    """One pass; its iterator is gone when this returns."""
    accesses = iter(sampler)
    if accesses is sampler and epochs > 1:
        raise ValueError(
            f"sampler must be iterable again for each of {epochs} epochs{where}, got an iterator: {sampler!r}"
        )
    if length is not None:
        return item_ids(islice(accesses, length), where)
    most = max(MOST, 2 * length_of(sampler))
    ids = item_ids(islice(accesses, most + 1), where)
    if ids.size > most:
        raise ValueError(
            f"sampler must end each pass, or `length` say where to stop it,{where}, got more than {most:,} accesses"
        )
    return ids


def length_of(it: Any) -> int:
    """Its length; 0 where it has none, or one that no trace can have."""
    try:
        found = len(it)
    except (TypeError, ValueError, OverflowError, AttributeError, NotImplementedError):
        return 0
    return found if found <= LIMIT else 0


def item_ids(accesses: Iterator[Any], where: str) -> NDArray[np.int64]:
    """All that an iterator yields, as whole numbers."""
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


def size_of(sampler: Any) -> int | None:
    """Items in the data set of a sampler or loader, if it says."""
    for attribute in ("data_source", "dataset", "weights"):
        try:
            return max(1, len(getattr(sampler, attribute)))
        except (AttributeError, TypeError):  # none, or one without a length
            continue
    return None


def _name(sampler: Any) -> str:
    rank = getattr(sampler, "rank", None)
    return type(sampler).__name__ + (f"-rank{rank}" if isinstance(rank, int) else "")


def source_of(sampler: Any) -> dict[str, Scalar]:
    """Where a sampler's order came from."""
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
