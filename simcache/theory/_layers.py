"""Exact hit rates of small caches: the Markov chain of (last item, content), built state by state and solved.

OPT has one too, though it looks ahead: its hits follow from the past alone. Between requests it keeps one of several
contents open: an item in layer L_1, …, L_C may still turn out to be cached (one item of L_1, two of L_1 and L_2, …
are), one in L_0 cannot. A request in L_i hits, and L_i less the item joins L_(i-1); a request in L_0 misses, and the
last two layers join; either way the item alone becomes the last layer.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._check import Floats
from ._returns import stationary

MOST_STATES = 10_000
DENSE = 600  # states up to which the law is exact to rounding, however rare a step
LEAST = 1e-30  # of a weight: smaller ones could change no digit, but their products are 0
EPSILON, PRECISION = 2.0**-53, 1e-9  # beyond, the law may be wrong by so much

State = TypeVar("State", bound=Hashable)


def long_run_hits(start: State, step: Callable[[State], Iterable[tuple[float, State, float]]], what: str) -> float:
    """Long-run hit rate of the chain from `start`; `step` gives (probability, next state, hit probability)."""
    known: dict[State, int] = {start: 0}
    states = [start]
    rows: list[int] = []
    columns: list[int] = []
    chances: list[float] = []
    hit: list[float] = []
    for row, state in enumerate(states):  # grows as it is walked
        hit.append(0.0)
        for chance, after, hits in step(state):
            if after not in known:
                known[after] = len(states)
                states.append(after)
                if len(states) > MOST_STATES:
                    raise ValueError(f"an exact chain must have at most {MOST_STATES} states, got more for {what}")
            rows.append(known[after])
            columns.append(row)
            chances.append(chance)
            hit[row] += chance * hits
    flow = scipy.sparse.coo_array((chances, (rows, columns)), shape=(len(states),) * 2).tocsc()
    kept = _recurrent(flow)
    law = _law(flow[kept][:, kept].tocsc(), what)
    return float(np.clip(law @ np.array(hit)[kept], 0, 1))


def _recurrent(flow: Any) -> NDArray[np.intp]:
    """The states that are visited for ever: the strongly connected ones that no step leaves."""
    _, part = scipy.sparse.csgraph.connected_components(flow, connection="strong")
    into, out = flow.nonzero()
    leaving = np.unique(part[out[part[into] != part[out]]])
    return np.flatnonzero(~np.isin(part, leaving))


def _law(flow: Any, what: str) -> Floats:
    """The stationary law; `flow` holds in column j where state j goes."""
    n = flow.shape[0]
    if n <= DENSE:
        return stationary(flow.toarray().T)
    # Balance, with the mass of one frequent state set to 1: a row of ones instead would fill the factors.
    law = np.ones(n) / n
    for _ in range(300):
        law = (law + flow @ law) / 2
    one = int(np.argmax(law))
    rest = np.flatnonzero(np.arange(n) != one)
    still = (scipy.sparse.eye_array(n, format="csc") - flow)[rest][:, rest].tocsc()
    try:
        factors: Any = scipy.sparse.linalg.splu(still)
        inverse = scipy.sparse.linalg.LinearOperator(
            still.shape, factors.solve, rmatvec=lambda x: factors.solve(x, "T"), dtype=np.float64
        )
        doubt = EPSILON * float(scipy.sparse.linalg.onenormest(inverse))
    except RuntimeError:  # "Factor is exactly singular"
        doubt = np.inf
    if not doubt < PRECISION:
        raise ValueError(f"matrix must have no steps so rare that they are lost in rounding, got such for {what}")
    law = np.ones(n)
    law[rest] = factors.solve((flow @ np.eye(1, n, one)[0])[rest])
    return np.asarray(law / law.sum())


Layers = tuple[tuple[int, ...], ...]  # L_0, …, L_C; each how many items of each class it holds


def opt_moved(layers: Layers, at: int, item: int) -> Layers:
    """Layers after a request for an `item` (or one of a class) of layer `at`."""
    rest = [list(layer) for layer in layers]
    rest[at][item] -= 1
    joined = max(at, 1) if at else len(rest) - 1
    rest[joined - 1] = [a + b for a, b in zip(rest[joined - 1], rest[joined], strict=True)]
    del rest[joined]
    alone = [0] * len(layers[0])
    alone[item] = 1
    return (*map(tuple, rest), tuple(alone))


def opt_start(counts: list[int], capacity: int) -> Layers:
    """Layers with some `capacity` items cached for certain, one in each layer."""
    order = [k for k, count in enumerate(counts) for _ in range(count)]
    sure = [tuple(int(k == own) for k in range(len(counts))) for own in order[:capacity]]
    others = tuple(order[capacity:].count(k) for k in range(len(counts)))
    return (others, *sure)


def opt_irm_exact(weights: ArrayLike, capacity: ArrayLike) -> Floats:
    """Hit rate of OPT (forced admission: Belady's) under independent requests, exact, for a few items.

    The stationary law of the layers above; items of equal weight count as one class, so uniform requests need only the
    layers' sizes. For N equal items: 1/N at C = 1, and 1 - 1/(N H_(N-1)) at C = N - 1.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1, any shape.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the chain would have more than 10,000 states (about 7 distinct weights, or
        15 equal items); use `opt_irm`.

    Notes
    -----
    Layers: Koutsoupias & Papadimitriou, SIAM J. Comput. 30, 2000, for paging's work functions. May lie below
    `lfu_irm`, which need not admit.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_irm_exact([1, 1, 1, 1], [1, 2, 3]).round(4)
    array([0.25  , 0.6471, 0.8636])
    """
    size = _check.whole(capacity, "capacity")
    p = np.maximum(_check.probabilities(weights), LEAST)
    values: list[float] = []
    counts: list[int] = []
    for value in p.tolist():
        if values and values[-1] - value <= 1e-12 * value:
            counts[-1] += 1
        else:
            values.append(value)
            counts.append(1)

    def step(layers: Layers) -> Iterable[tuple[float, Layers, float]]:
        for at, layer in enumerate(layers):
            for item, count in enumerate(layer):
                if count:
                    yield count * values[item], opt_moved(layers, at, item), float(at > 0)

    def rate(c: int) -> float:
        if c >= p.size:
            return 1.0
        return long_run_hits(opt_start(counts, c), step, f"{p.size} items at capacity {c}; use opt_irm")

    return per_capacity(size, rate)


def per_capacity(size: _check.Whole, rate: Callable[[int], float]) -> Floats:
    """`rate` of each capacity, each computed once."""
    different, where = np.unique(size, return_inverse=True)
    return np.asarray(np.array([rate(int(c)) for c in different], np.float64)[where].reshape(size.shape))
