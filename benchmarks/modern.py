"""Policies in use today: all that libcachesim has beside the classical ones, at single sizes, on Zipf.

As in single.py; of libcachesim's hash table sizes the two that are the fastest, the faster of which counts.
"""

from collections.abc import Iterator
from typing import Any

from _traces import annotated, zipf
from single import CLASSICAL, POLICIES, side_by_side

from simcache import Trace, simulate

POWERS, LIMIT_S = (17, 20), 10.0
CAPACITIES = (1_000, 10_000, 100_000)


def rows() -> Iterator[dict[str, Any]]:
    trace = zipf()
    warm = Trace(trace.ids[:1000], trace.n_items, "warm-up")
    with annotated(trace) as file:
        for label in (name for name in POLICIES if name not in CLASSICAL):
            simulate(warm, POLICIES[label], 100)
            for capacity in CAPACITIES:
                for row in side_by_side(trace, file, label, capacity, POWERS, LIMIT_S):
                    yield {**row, "suite": "modern"}
