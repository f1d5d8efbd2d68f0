"""Independent accesses: uniform and Zipf, the independent reference model."""

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..trace import Scalar, Trace
from .checks import generator, real, sized
from .draws import independent, laws
from .elementary import exp, log


def uniform(n_items: int, n_accesses: int, *, seed: int = 0) -> Trace:
    """Every access to an item drawn uniformly, independently of all others.

    Parameters
    ----------
    n_items, n_accesses : int
        Items to draw from, 1 … 2^31 - 1; accesses to draw, 0 … 2^31 - 1.
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
    >>> synth.uniform(5, 8, seed=0).ids
    array([4, 3, 2, 1, 1, 0, 0, 0], dtype=int32)
    """
    where = "synth.uniform"
    n_items, n_accesses, seed = sized(n_items, n_accesses, seed, where)
    ids = generator(seed).integers(0, n_items, n_accesses, np.int32)
    return Trace(ids, n_items, f"uniform-{n_items}", source={"generator": "uniform", "trace_seed": seed})


def zipf(n_items: int, n_accesses: int, alpha: float, *, seed: int = 0) -> Trace:
    r"""Independent accesses where the k-th most popular item has a share proportional to :math:`k^{-\alpha}`.

    Which item is the k-th is drawn too, so that popularity does not follow the id.

    Parameters
    ----------
    n_items, n_accesses : int
        Items to draw from, 1 … 2^31 - 1; accesses to draw, 0 … 2^31 - 1.
    alpha : float
        Finite, >= 0; 0 is uniform. Shares below 2^-54 round to none.
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
    >>> import numpy as np
    >>> from simcache import synth
    >>> trace = synth.zipf(1_000, 100_000, 1.0)
    >>> np.sort(np.bincount(trace.ids))[::-1][:4] / len(trace)  # about 0.134 / rank
    array([0.13594, 0.06582, 0.04316, 0.03279])
    """
    where = "synth.zipf"
    n_items, n_accesses, seed = sized(n_items, n_accesses, seed, where)
    alpha = real(alpha, "alpha", where)
    rng = generator(seed)
    items = rng.permutation(n_items).astype(np.int32)
    law = laws(_powers(n_items, alpha), np.array([0, n_items]))
    ids = independent(law, items, n_accesses, rng)
    source: dict[str, Scalar] = {"generator": "zipf", "alpha": alpha, "trace_seed": seed}
    return Trace(ids, n_items, f"zipf-{alpha}", source=source)


@compiled
def _powers(n: int, alpha: float) -> NDArray[np.float64]:
    """k^-alpha for k = 1 … n, the same bits on every machine."""
    powers = np.empty(n, np.float64)
    for k in range(n):
        powers[k] = exp(-alpha * log(k + 1.0))  # below 2^-100 of the largest: even 2^31 of them round to none
    return powers
