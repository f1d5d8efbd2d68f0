"""Logarithmic bins of whole numbers: four to each doubling, where there are as many."""

import numpy as np
from numpy.typing import NDArray

FINE = 4


def lows(most: int) -> NDArray[np.int64]:
    """The least number of each bin, from 0 and 1 on, up to that of `most` and of one more."""
    doublings = int(most).bit_length() + 1
    found = np.unique(np.r_[0, np.ceil(2 ** (np.arange(FINE * doublings) / FINE))]).astype(np.int64)
    return np.asarray(found[: np.searchsorted(found, most, "right") + 1])
