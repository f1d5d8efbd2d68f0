"""Training epochs: the same order again, a fresh shuffle each time, or a shuffle through a small buffer."""

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..trace import Scalar, Trace
from .checks import flag, generator, passes, size, sized


def loop(n_items: int, n_accesses: int) -> Trace:
    """Items 0, 1, … `n_items` - 1, over and over: a sequential sampler. Each pass is an epoch.

    Parameters
    ----------
    n_items, n_accesses : int
        Items in a pass, 1 … 2^31 - 1; accesses in all, 0 … 2^31 - 1; the last pass may be cut short.

    Returns
    -------
    Trace
        Named after its law, with the pass's starts as its epochs.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.loop(3, 7).ids
    array([0, 1, 2, 0, 1, 2, 0], dtype=int32)
    """
    where = "synth.loop"
    n_items, n_accesses, _ = sized(n_items, n_accesses, 0, where)
    ids = np.resize(np.arange(min(n_items, n_accesses), dtype=np.int32), n_accesses)
    return Trace(ids, n_items, f"loop-{n_items}", (0, *range(n_items, n_accesses, n_items)), {"generator": "loop"})


def shuffled(n_items: int, epochs: int, *, seed: int = 0) -> Trace:
    """Every epoch a fresh uniform permutation of all items: a random sampler without replacement.

    Parameters
    ----------
    n_items, epochs : int
        Whole numbers >= 1 with a product of at most 2^31 - 1 accesses.
    seed : int
        0 … 2^64 - 1.

    Returns
    -------
    Trace
        Of `n_items` times `epochs` accesses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> trace = synth.shuffled(4, epochs=2, seed=1)
    >>> trace.ids, trace.epochs
    (array([0, 1, 2, 3, 3, 0, 2, 1], dtype=int32), (0, 4))
    """
    where = "synth.shuffled"
    n_items, seed, ids = passes(n_items, epochs, seed, where)
    rng = generator(seed)
    for start in range(0, ids.size, n_items):
        ids[start : start + n_items] = rng.permutation(n_items)
    source: dict[str, Scalar] = {"generator": "shuffled", "trace_seed": seed}
    return Trace(ids, n_items, f"shuffled-{n_items}x{epochs}", tuple(range(0, ids.size, n_items)), source)


def shuffle_buffer(n_items: int, epochs: int, buffer: int, *, drain: bool = True, seed: int = 0) -> Trace:
    """A sequential stream shuffled through a buffer, as tf.data and WebDataset do.

    The buffer takes the stream's first `buffer` items. Each access draws one of its slots, uniformly, and the stream's
    next item takes that slot.

    Parameters
    ----------
    n_items, epochs : int
        Whole numbers >= 1 with a product of at most 2^31 - 1 accesses.
    buffer : int
        Slots, 1 … 2^31 - 1; 1 keeps the order, `n_items` or more (with `drain`) shuffles fully.
    drain : bool
        True: the buffer empties at the end of each epoch and is filled anew (``shuffle().repeat()``), so that an epoch
        has each item once. False: the stream is endless (``repeat().shuffle()``), cut after `epochs` times `n_items`
        accesses; epochs then overlap, and the offsets are where each would start if they did not.
    seed : int
        0 … 2^64 - 1.

    Returns
    -------
    Trace
        Of `n_items` times `epochs` accesses.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.shuffle_buffer(8, 1, buffer=3).ids  # no item comes more than two places early
    array([2, 1, 4, 0, 6, 7, 3, 5], dtype=int32)
    """
    where = "synth.shuffle_buffer"
    n_items, seed, ids = passes(n_items, epochs, seed, where)
    buffer, drain = size(buffer, "buffer", where), flag(drain, "drain", where)
    rng = generator(seed)
    if drain:
        filled = np.minimum(buffer, np.arange(n_items, 0, -1))
        for start in range(0, ids.size, n_items):
            ids[start : start + n_items] = _through(rng.integers(0, filled), min(buffer, n_items), n_items, n_items)
    else:
        ids = _through(rng.integers(0, buffer, ids.size), buffer, n_items, ids.size + buffer)
    source: dict[str, Scalar] = {"generator": "shuffle_buffer", "buffer": buffer, "drain": drain, "trace_seed": seed}
    name = f"shuffle_buffer-{n_items}x{epochs}-{buffer}" + ("" if drain else "-endless")
    return Trace(ids, n_items, name, tuple(range(0, ids.size, n_items)), source)


@compiled
def _through(slots: NDArray[np.int64], buffer: int, n_items: int, end: int) -> NDArray[np.int32]:
    """One access per slot drawn; the stream 0, 1, … modulo `n_items` has `end` items, then the buffer empties."""
    held = np.empty(buffer, np.int32)
    for k in range(buffer):
        held[k] = k % n_items
    ids = np.empty(slots.size, np.int32)
    for t in range(slots.size):
        slot = slots[t]
        ids[t] = held[slot]
        # Past the end of the stream the last item still held moves into the hole.
        held[slot] = (buffer + t) % n_items if buffer + t < end else held[end - t - 1]
    return ids
