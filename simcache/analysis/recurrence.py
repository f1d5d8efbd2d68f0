"""When items come back: reuse times, stack distances, and how many items a window holds."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..jit import compiled

Ids = NDArray[np.int32]
Counts = NDArray[np.int64]


@compiled
def gaps(ids: Ids, n_items: int, edges: Counts) -> tuple[Counts, Counts, Counts]:
    """Gaps between the accesses to each item, in bins: reuses; all, the first and last too; and the sum of these.

    A gap is the positions from one access to the next; before the first and after the last stands one more.
    """
    n_bins = edges.size - 1
    reuses, every, sums = np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64)
    last = np.full(n_items, -1, np.int64)
    for t in range(ids.size):
        gap = t - last[ids[t]]
        b = np.searchsorted(edges, gap, "right") - 1
        reuses[b] += last[ids[t]] >= 0
        every[b] += 1
        sums[b] += gap
        last[ids[t]] = t
    for i in range(n_items):
        gap = ids.size - last[i]
        b = np.searchsorted(edges, gap, "right") - 1
        every[b] += 1
        sums[b] += gap
    return reuses, every, sums


def binned(counts: Counts, edges: Counts) -> pd.DataFrame:
    """A row for each bin: its least and its greatest number, the accesses in it, and their share of all reuses."""
    rows = pd.DataFrame({"low": edges[:-1], "high": edges[1:] - 1, "accesses": counts}).iloc[1:]
    rows["share"] = rows["accesses"] / max(1, int(counts.sum()))
    return rows.reset_index(drop=True)


def working_set(every: Counts, sums: Counts, edges: Counts, n_accesses: int, n_items: int) -> pd.DataFrame:
    """The mean number of distinct items in a window, over all windows of a length that the trace holds, exactly.

    An item is in all windows but those that fit into one of its gaps.
    """
    windows = edges[1:-1]
    missed = np.cumsum(sums[::-1])[::-1][1:] - windows * np.cumsum(every[::-1])[::-1][1:]
    fits = windows <= n_accesses
    found = pd.DataFrame({"window": windows[fits]})
    found["items"] = n_items - missed[fits] / (n_accesses - windows[fits] + 1)
    return found
