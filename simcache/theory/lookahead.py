"""What part of the future is worth: OPT that knows some accesses ahead, and no more.

For every policy that does not know more these are the most hits in the long run, and reached by many items: keep what
is seen to come again, hold the rest of the cache in what is pinned unseen.
"""

import numpy as np
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats
from .irm import opt_irm
from .shuffled import opt_shuffled


def opt_lookahead(fraction: ArrayLike, epochs_ahead: ArrayLike, *, ranks: ArrayLike = 1) -> Floats:
    r"""Hit rate of OPT (bypass) that knows the current epoch's order and that of the next L, on shuffled epochs.

    .. math:: h = \min\Bigl(1 - \frac{1-c}{1+L/R},\ h_\text{OPT}\Bigr)

    A cache of R private ones hits, blind, c of its accesses. An interval over g <= L epochs is seen when it begins, and
    costs g ends of an epoch a hit; a longer one is held unseen for R epochs on average until it is seen, then for L
    more. So all short intervals come first and the rest is pinned, until the short ones alone take more than the cache:
    from there on more lookahead is worth nothing, and h is OPT's own, `opt_shuffled`. For one cache that is c, at
    L = 0.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    epochs_ahead : array_like
        L, in [0, inf]. For finite `ranks` epochs of the cache's own order, N / R accesses each, and meant to be whole:
        what is known changes where an epoch begins. For infinite `ranks`, uniform draws with replacement, any
        number of epochs of N draws, known from each access on.
    ranks : array_like
        R, in [1, inf].

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    The policy is ``("opt", {"bypass": True, "window": (L + 1) * n - 1, "every": n})`` for epochs of n accesses, and
    ``"window": L * N`` for draws with replacement. A window that slides on with every access sees less of the next
    epochs: for R >= 4 and L >= 1 it is worth what L - 1/2 is here, within 0.01 (N = 8,000), and half an epoch adds
    0.02 (R = 4, c = 0.25). R = 1 is exact at every N. Against simulation at N = 20,000 and c from 0.05 on the error is
    below 5e-3 for R = 2 to 16 and 2e-3 with replacement, and where h is OPT's own, simulation lies lower by up to 8e-3;
    at N = 2,000 all are below 2e-2. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_lookahead(0.1, [0, 1, 2, 100], ranks=8).round(3)
    array([0.1  , 0.2  , 0.28 , 0.372])
    >>> theory.opt_shuffled(0.1, ranks=8).round(3)  # that knows all
    np.float64(0.372)
    """
    c, ahead = _check.fractions(fraction), _check.real(epochs_ahead, "epochs_ahead", 0, finite=False)
    q = 1 / _check.real(ranks, "ranks", 1, finite=False)
    more = np.minimum(ahead * np.where(q > 0, q, 1), 1e300)
    return np.asarray(np.minimum(c + (1 - c) * (more / (1 + more)), opt_shuffled(c, ranks=ranks)))


def opt_lookahead_irm(weights: ArrayLike, capacity: ArrayLike, window: ArrayLike) -> Floats:
    r"""Hit rate of OPT (bypass) that knows the law of independent requests, and the next L of them.

    .. math::

        C = k + \sum_{i>k} \bigl(1 - (1 + p_iL)e^{-p_iL}\bigr), \qquad
        h = \sum_{i \le k} p_i + \sum_{i>k} p_i (1 - e^{-p_iL})

    Pin the k most popular items, keep of the others what comes again within L requests: a hit on what is held unseen
    costs 1 / p_i + L of space and time, more than any that is seen. The last of the k is pinned in part. Where k would
    be negative, the lookahead is more than OPT needs, and h is OPT's own, `opt_irm`; for L = 0 it is `lfu_irm`.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        Request rates, in any order and scale; not negative, sum positive. Items of weight 0 are never requested.
    capacity : array_like of int
        C, at least 1; from the number of requested items on, the hit rate is 1.
    window : array_like of int
        L, at least 0, in requests.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    The policy `opt` with ``window`` is blind to popularity: it pins what came first, and has 0.568 in place of 0.667
    (Zipf exponent 0.8, N = 2,000, C = 400, L = 100). After one access to each item, the most popular first, it keeps to
    this: for exponents 0.4 to 1.2 and L up to N within 8e-3 at N = 2,000, C = 400, and 6e-3 at N = 20,000, C = 2,000.
    Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> weights = [1 / rank for rank in range(1, 1001)]
    >>> theory.opt_lookahead_irm(weights, 100, [0, 10, 100, 10_000]).round(3)  # from LFU's to OPT's
    array([0.693, 0.695, 0.708, 0.763])
    """
    size, ahead = _check.whole(capacity, "capacity"), _check.whole(window, "window", 0)
    p = _check.probabilities(weights)
    size, ahead = np.broadcast_arrays(size, ahead)
    h = opt_irm(p, size)
    for length in np.unique(ahead):
        x = p * float(length)
        missed = np.exp(-x)
        # Space and hits with the k most popular pinned, k = 0 … n: each pinned adds what it takes more than unpinned.
        space = np.append(0, np.cumsum((1 + x) * missed)) + (p.size - ((1 + x) * missed).sum())
        hits = np.append(0, np.cumsum(p * missed)) + (1 - (p * missed).sum())
        here = (ahead == length) & (size >= space[0]) & (size < p.size)
        h[here] = np.interp(size[here], space, hits)
    return np.asarray(np.clip(h, 0, 1))
