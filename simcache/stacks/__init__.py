"""Whole curves in one pass: for policies whose cache of one size always lies inside that of the next."""

import numpy as np
from numpy.typing import NDArray

from ..allocation import zeros
from ..jit import compiled
from ..lanes import LANES


@compiled
def curves(found: NDArray[np.int32]) -> NDArray[np.int64]:
    """Hits at every capacity from the accesses at every stack distance.

    Parameters
    ----------
    found : array of int32, shape (2, n_items + 1)
        Accesses at each distance: row 0 before the start of counting, row 1 from there on.

    Returns
    -------
    array of int64, shape (2, n_items + 1)
        Hits at each capacity: row 0 all, row 1 from the start of counting.
    """
    hits = zeros(found.shape, np.int64)
    for c in range(1, found.shape[1]):
        hits[0, c] = hits[0, c - 1] + found[0, c] + found[1, c]
        hits[1, c] = hits[1, c - 1] + found[1, c]
    return hits


@compiled
def levels(n: int) -> NDArray[np.int64]:
    """Where each level of a tree of rows over `n` entries starts, up to the level of one row; then the size of all."""
    starts = zeros(16, np.int64)
    k = 0
    while True:
        n = (n + LANES - 1) // LANES
        starts[k + 1] = starts[k] + n * LANES
        k += 1
        if n == 1:
            return starts[: k + 1]
