"""Closed forms: LRU's, FIFO's and OPT's whole curves for 10^6 items, and how far they are from the unbinned sums."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from _timing import clocked, in_turns
from _traces import REPEATS
from scipy.optimize import brentq

from simcache import theory

N_ITEMS = 10**6
CAPACITIES = np.unique(np.geomspace(10, 0.9 * N_ITEMS, 200).round().astype(int))
# Share of the time that an item of weight p is cached, at characteristic time t; and its hit rate.
OCCUPIED = {
    "lru": lambda p, t: -np.expm1(-p * t),
    "fifo": lambda p, t: p * t / (1 + p * t),
    "opt": lambda p, t: 1 - (1 + p * t) * np.exp(-p * t),
}
HITS = {**OCCUPIED, "opt": OCCUPIED["lru"]}


def rows() -> Iterator[dict[str, Any]]:
    weights = 1 / np.arange(1, N_ITEMS + 1)
    weights /= weights.sum()
    forms = {policy: getattr(theory, f"{policy}_irm") for policy in OCCUPIED}
    runs = {policy: partial(clocked, partial(form, weights, CAPACITIES)) for policy, form in forms.items()}
    runs["lru + fifo + opt"] = partial(clocked, lambda: [form(weights, CAPACITIES) for form in forms.values()])
    in_turns(runs, 1)
    for policy, clock in in_turns(runs, REPEATS).items():
        names = [policy] if policy in forms else list(forms)
        curves = [clock.result] if policy in forms else clock.result
        error = max(unbinned_error(name, weights, curve) for name, curve in zip(names, curves, strict=True))
        yield {
            "suite": "forms", "n_items": N_ITEMS, "policy": policy, "sizes": CAPACITIES.size, "tool": "simcache",
            "setting": "zipf-1.0", "threads": 1, "mean_error": error, **clock.row(),
        }  # fmt: skip


def unbinned_error(policy: str, weights: Any, curve: Any) -> float:
    """The largest error of a curve at every 40th capacity, against sums over all items and a root to 12 digits."""
    errors = []
    for k in range(0, CAPACITIES.size, 40):

        def excess(log_t: float, capacity: float = CAPACITIES[k]) -> float:
            return float(OCCUPIED[policy](weights, np.exp(log_t)).sum() - capacity)

        t = np.exp(brentq(excess, -5, 40, xtol=1e-12))
        errors.append(abs(float((weights * HITS[policy](weights, t)).sum()) - curve[k]))
    return max(errors)
