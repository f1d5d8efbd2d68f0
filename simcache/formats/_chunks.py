"""What the writers of all formats share."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..trace import Trace

CHUNK = 1 << 18  # accesses written together


def chunks(trace: Trace) -> Iterator[NDArray[np.int32]]:
    """The ids, some at a time."""
    for start in range(0, len(trace), CHUNK):
        yield np.asarray(trace.ids[start : start + CHUNK])


def sizes_of(trace: Trace, ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """The sizes of some accesses: 1 where items have none, in formats that cannot do without."""
    return np.ones(ids.size, np.int64) if trace.sizes is None else np.asarray(trace.sizes[ids])
