"""Requests by a Markov chain on the items: the next item depends on the last one only.

The law of the time between two requests of one item decides, for LRU and OPT alike: they differ in the threshold only.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from ._layers import Layers, long_run_hits, opt_moved, opt_start, per_capacity
from ._returns import reached, return_times, written_out


def return_law(matrix: ArrayLike) -> Floats:
    r"""Distribution function of the reuse time: F(x) = P(the same item comes again within x requests), stationary.

    .. math:: F(x) = \sum_i \pi_i\, P(\text{return time to } i \le x)

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.

    Returns
    -------
    ndarray of float64, shape (longest + 1,)
        F(0) = 0, F(1), … up to where what is left, sum of 1 - F beyond the end, is below 1e-9 of n_items.

    Raises
    ------
    TypeError, ValueError
        When `matrix` is not as stated, or the law has more than 2^24 entries (2^40 for `lru_markov` and `opt_markov`,
        which do not write it out).

    Notes
    -----
    For few items, or many of few kinds, by powers of the chain stopped at an item: O(log) of the law's length. Else
    from the chances to be back after x steps, until the law is geometric and its mean Kac's 1 / π_i. Hundreds of items
    take under a second where they are alike or the chain forgets within hundreds of steps, minutes where neither holds.
    For larger chains take the reuse times of a trace.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.return_law(walk)[:4].round(3)
    array([0.   , 0.6  , 0.68 , 0.744])
    """
    chain = _check.stochastic(matrix)
    left = written_out(return_times(chain), len(chain))
    law = np.clip(np.subtract(1, left, out=left), 0, 1, out=left)
    return np.asarray(np.maximum.accumulate(law, out=law))


def lru_markov(matrix: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of LRU under Markov requests, by the working set.

    .. math:: C = D(T) = \sum_{x < T} (1 - F(x)), \qquad h = F(T)

    D(w) is the mean number of distinct items among w requests, F the `return_law`; linear between whole T.

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.
    capacity : array_like of int
        C, at least 1, any shape; from n_items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Denning & Schwartz, Commun. ACM 15, 1972 (D' = 1 - F). Exact at C = 1. Takes D for what a window really holds, so
    errs where that fluctuates: 5e-4 for a ring walk of 1,000 items with jumps 0.2, 4e-3 with jumps 0.02 at C = 20.
    Exact for a few items: `lru_markov_exact`.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.lru_markov(walk, [1, 2, 3]).round(3)
    array([0.6, 0.8, 1. ])
    >>> theory.lru_markov_exact(walk, [1, 2, 3]).round(3)
    array([0.6, 0.8, 1. ])
    """
    size = _check.whole(capacity, "capacity")
    chain = _check.stochastic(matrix)
    return np.where(size >= len(chain), 1.0, reached(return_times(chain), size, opt=False))


def opt_markov(matrix: ArrayLike, capacity: ArrayLike) -> Floats:
    r"""Hit rate of OPT under Markov requests: the shortest reuse intervals that the space affords.

    .. math:: C = \sum_{x \le \theta} x f(x), \qquad h = F(\theta)

    with f the probabilities of `return_law`, the last one in part. An upper bound in the long run, tight where the
    number of distinct items in a window of theta hardly varies: many items, and a chain that mixes fast against theta.

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.
    capacity : array_like of int
        C, at least 1, any shape; from n_items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    As VMIN: Prieve & Fabry, Commun. ACM 19, 1976. Ring walk of 1,000 items, jumps 0.2: 0.513, 0.646, 0.799, 0.948 at
    C = 20, 100, 300, 700 against 0.492, 0.633, 0.792, 0.945 simulated. Derived for this package. Exact for a few
    items: `opt_markov_exact`.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.opt_markov(walk, [1, 2, 3]).round(3)
    array([0.756, 0.926, 1.   ])
    """
    size = _check.whole(capacity, "capacity")
    chain = _check.stochastic(matrix)
    return np.where(size >= len(chain), 1.0, reached(return_times(chain), size, opt=True))


def lru_markov_exact(matrix: ArrayLike, capacity: ArrayLike) -> Floats:
    """Hit rate of LRU under Markov requests, exact: the chain of stacks, n_items! / (n_items - C)! states, at most
    10,000.

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.
    capacity : array_like of int
        C, at least 1, any shape; from n_items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the chain would have too many states.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.lru_markov_exact(walk, [1, 2, 3])
    array([0.6, 0.8, 1. ])
    """
    size = _check.whole(capacity, "capacity")
    chain = _check.stochastic(matrix)

    def step(stack: tuple[int, ...]) -> Iterable[tuple[float, tuple[int, ...], float]]:
        for i, chance in enumerate(chain[stack[0]].tolist()):
            if chance:
                kept = tuple(other for other in stack if other != i)
                yield chance, (i, *kept)[: len(stack)], float(i in stack)

    def rate(c: int) -> float:
        return 1.0 if c >= len(chain) else long_run_hits(tuple(range(c)), step, f"{len(chain)} items at capacity {c}")

    return per_capacity(size, rate)


def rr_markov_exact(matrix: ArrayLike, capacity: ArrayLike) -> Floats:
    """Hit rate of random replacement under Markov requests, exact: the chain of (content, last item), at most 10,000
    states.

    FIFO has no such number: with C = n_items - 1 its cyclic order never changes, so its hit rate depends on how it
    began.

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.
    capacity : array_like of int
        C, at least 1, any shape; from n_items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the chain would have too many states.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.rr_markov_exact(walk, [1, 2, 3]).round(4)
    array([0.6, 0.8, 1. ])
    """
    size = _check.whole(capacity, "capacity")
    chain = _check.stochastic(matrix)

    def step(state: tuple[frozenset[int], int]) -> Iterable[tuple[float, tuple[frozenset[int], int], float]]:
        content, last = state
        for i, chance in enumerate(chain[last].tolist()):
            if chance and i in content:
                yield chance, (content, i), 1.0
            elif chance:
                for victim in content:
                    yield chance / len(content), (content - {victim} | {i}, i), 0.0

    def rate(c: int) -> float:
        start = (frozenset(range(min(c, len(chain)))), 0)
        return 1.0 if c >= len(chain) else long_run_hits(start, step, f"{len(chain)} items at capacity {c}")

    return per_capacity(size, rate)


def opt_markov_exact(matrix: ArrayLike, capacity: ArrayLike) -> Floats:
    """Hit rate of OPT (forced admission: Belady's) under Markov requests, exact: the chain of layers, at most 10,000
    states.

    The method is that of `opt_irm_exact`, and so is the source.

    Parameters
    ----------
    matrix : array_like, shape (n_items, n_items)
        Transition probabilities, row to column: rows sum to 1, irreducible; may be periodic.
    capacity : array_like of int
        C, at least 1, any shape; from n_items on, the hit rate is 1.

    Returns
    -------
    ndarray of float64, the shape of `capacity`
        Share of all requests that hit, in the long run.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the chain would have too many states.

    Examples
    --------
    >>> from simcache import theory
    >>> walk = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]  # each item is likely to come again
    >>> theory.opt_markov_exact(walk, [1, 2, 3]).round(4)
    array([0.6   , 0.8667, 1.    ])
    """
    size = _check.whole(capacity, "capacity")
    chain = _check.stochastic(matrix)

    def step(layers: Layers) -> Iterable[tuple[float, Layers, float]]:
        for i, chance in enumerate(chain[layers[-1].index(1)].tolist()):
            if chance:
                at = next(place for place, layer in enumerate(layers) if layer[i])
                yield chance, opt_moved(layers, at, i), float(at > 0)

    def rate(c: int) -> float:
        start = opt_start([1] * len(chain), c)
        return 1.0 if c >= len(chain) else long_run_hits(start, step, f"{len(chain)} items at capacity {c}")

    return per_capacity(size, rate)


def repeat_identity(hit_rate: ArrayLike, probability: ArrayLike) -> Floats:
    """Hit rate after "repeat the previous item with this probability, else the next of the sequence": a + (1 - a) h.

    A repeat always hits and changes no content, for LRU, FIFO, random replacement and forced OPT, so each access of the
    sequence keeps its fate, and the rate is that in the long run. Not for LFU (it counts), nor for pinning and OPT with
    bypass (which may have refused the item).

    Parameters
    ----------
    hit_rate : array_like
        h, the hit rate of the sequence alone, in [0, 1].
    probability : array_like
        a, that of a repeat, in [0, 1].

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.repeat_identity(theory.lru_shuffled([0.1, 0.5]), 0.3).round(3)
    array([0.304, 0.407])
    """
    h, a = _check.real(hit_rate, "hit_rate", 0, 1), _check.real(probability, "probability", 0, 1)
    return np.asarray(a + (1 - a) * h)
