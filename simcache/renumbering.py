"""A trace as kernels take it: ids, and sizes, of no more items than its accesses are worth."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .sums import Sizes
from .trace import Trace


def dense(trace: Trace) -> tuple[NDArray[np.int32], int]:
    """Ids as kernels take them, and how many items there are.

    Kernels keep arrays of `n_items`. Where the trace has far fewer accesses than that, its items are renumbered, so
    that a short trace over 2^31 possible items costs what a short trace should; no policy looks at an id's value.
    """
    return dense_sized(trace)[:2]


def dense_sized(trace: Trace) -> tuple[NDArray[np.int32], int, Sizes | None]:
    """As `dense`, and the size of each of these items, where the trace has sizes."""
    sizes = None if trace.sizes is None else np.asarray(trace.sizes)
    if trace.n_items <= 4 * len(trace) + 65536:
        return np.asarray(trace.ids), trace.n_items, sizes
    codes, uniques = pd.factorize(np.asarray(trace.ids))
    ids = codes.astype(np.int32)
    ids.flags.writeable = False  # a kernel compiles once, for read-only arrays
    if sizes is not None:
        sizes = sizes[uniques]
        sizes.flags.writeable = False
    return ids, len(uniques), sizes
