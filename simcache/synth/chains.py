"""Accesses that depend on the one before: Markov chains, walks on a ring, and repeats."""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..trace import Scalar, Trace
from .checks import flag, generator, real, size, sized, whole_seed
from .draws import CHUNK, chained, laws
from .sparse import transitions


def markov(matrix: Any, n_accesses: int, *, seed: int = 0) -> Trace:
    """A Markov chain over items: after item i comes item j with probability ``matrix[i, j]``.

    The first item is drawn uniformly.

    Parameters
    ----------
    matrix : array_like or scipy sparse, shape (n_items, n_items)
        Transition probabilities >= 0; each row sums to 1: within 1e-9, or, of numbers in float32 and float16, what
        rounding them leaves. What is given twice in a sparse matrix is added.
    n_accesses : int
        0 … 2^31 - 1.
    seed : int
        0 … 2^64 - 1.

    Returns
    -------
    Trace
        One epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; of rows that do not sum to 1 the first is named.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.markov([[0, 1, 0], [0, 0.5, 0.5], [1, 0, 0]], 10).ids
    array([2, 0, 1, 1, 2, 0, 1, 2, 0, 1], dtype=int32)
    """
    where = "synth.markov"
    rows = transitions(matrix, where)
    n_items = rows.shape[0]
    n_accesses, seed = size(n_accesses, "n_accesses", where, 0), whole_seed(seed, where)
    law, items = laws(rows.data, rows.indptr.astype(np.int64)), rows.indices.astype(np.int32)
    ids = chained(law, items, n_accesses, generator(seed))
    # A matrix is no scalar; its digest keeps two chains of one size and seed apart.
    digest = sha256(law.starts.tobytes() + items.tobytes() + law.edges.tobytes()).hexdigest()[:16]
    source: dict[str, Scalar] = {"generator": "markov", "matrix": digest, "trace_seed": seed}
    return Trace(ids, n_items, f"markov-{n_items}", source=source)


def ring(n_items: int, n_accesses: int, jump: float, *, directed: bool = False, seed: int = 0) -> Trace:
    """A walk on a ring of items: one step up or down, equally likely, or with probability `jump` to any item.

    The first item is drawn uniformly, and so is each jump's goal, from all items. The smaller `jump`, the stronger the
    locality; 1 is the uniform law.

    Parameters
    ----------
    n_items, n_accesses : int
        Items on the ring, 1 … 2^31 - 1; accesses, 0 … 2^31 - 1.
    jump : float
        Probability, 0 … 1.
    directed : bool
        Whether every step goes up.
    seed : int
        0 … 2^64 - 1.

    Returns
    -------
    Trace
        One epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.ring(100, 10, jump=0.1).ids
    array([85, 84, 83, 82, 83, 82, 81,  1,  0, 81], dtype=int32)
    """
    where = "synth.ring"
    n_items, n_accesses, seed = sized(n_items, n_accesses, seed, where)
    jump, directed = real(jump, "jump", where, 1.0), flag(directed, "directed", where)
    rng = generator(seed)
    ids = np.empty(n_accesses, np.int32)
    item = int(rng.integers(0, n_items))
    ids[:1] = item
    up = 1.0 if directed else jump + (1 - jump) / 2
    for at in range(1, n_accesses, CHUNK):
        part = ids[at : at + CHUNK]
        goals = rng.integers(0, n_items, part.size, np.int32)
        item = _walk(rng.random(part.size), goals, jump, up, n_items, item, part)
    source: dict[str, Scalar] = {"generator": "ring", "jump": jump, "directed": directed, "trace_seed": seed}
    return Trace(ids, n_items, f"ring-{jump}" + ("-directed" if directed else ""), source=source)


def repeat(trace: Trace, probability: float, *, seed: int = 0) -> Trace:
    """Of as many accesses as `trace`: each is the item before again with `probability`, else the trace's next item.

    Epochs start where those of `trace` do in the longer sequence; those it does not reach are dropped.

    Parameters
    ----------
    trace : Trace
        What to draw the items from; its tail stays unused.
    probability : float
        0 … 1.
    seed : int
        0 … 2^64 - 1; the column ``repeat_seed``.

    Returns
    -------
    Trace
        The source of `trace` with the probability beside it.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.repeat(synth.loop(5, 10), 0.5).ids
    array([0, 0, 0, 0, 1, 2, 3, 4, 0, 1], dtype=int32)
    """
    where = "synth.repeat"
    if not isinstance(trace, Trace):
        raise TypeError(f"trace must be a Trace for {where}, got {trace!r}")
    probability, seed = real(probability, "probability", where, 1.0), whole_seed(seed, where)
    fresh = generator(seed).random(len(trace)) >= probability
    fresh[:1] = True
    ids = trace.ids[np.cumsum(fresh) - 1]
    starts = np.flatnonzero(fresh)
    epochs = (0, *(int(starts[start]) for start in trace.epochs[1:] if start < starts.size))

    source: dict[str, Scalar] = dict(trace.source or {})
    source["generator"] = f"repeat({source.get('generator', trace.name)})"
    again = ""
    while f"probability{again}" in source or f"repeat_seed{again}" in source:  # a repeat of a repeat keeps both
        again = f"_{int(again[1:] or 1) + 1}"
    source |= {f"probability{again}": probability, f"repeat_seed{again}": seed}
    return Trace(ids, trace.n_items, f"repeat({trace.name})-{probability}", epochs, source, trace.sizes)


@compiled
def _walk(
    uniforms: NDArray[np.float64],
    goals: NDArray[np.int32],
    jump: float,
    up: float,
    n_items: int,
    item: int,
    out: NDArray[np.int32],
) -> int:
    for t in range(out.size):
        if uniforms[t] < jump:
            item = np.int64(goals[t])  # type: ignore[assignment]
        elif uniforms[t] < up:
            item = item + 1 if item + 1 < n_items else 0
        else:
            item = item - 1 if item > 0 else n_items - 1
        out[t] = item
    return item
