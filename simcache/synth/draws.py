"""Draws from discrete laws, in whole-number arithmetic and O(1) expected time each.

The cumulative weights of a law are rounded to integers of 2^53, and a draw is a 53-bit integer, so that no comparison
depends on a machine's floating point. A guide table (Chen & Asau 1974; Devroye, Non-Uniform Random Variate Generation,
1986, section III.2.4) sends the draw's leading bits to the first candidate; less than one step more is expected.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled

UNIT = 1 << 53
CHUNK = 1 << 20  # random numbers held at a time


class Laws(NamedTuple):
    """One law per row; rows lie one after the other in `edges` and in `guide`."""

    edges: NDArray[np.int64]  # cumulative weights, each row ends at 2^53
    guide: NDArray[np.int64]
    starts: NDArray[np.int64]  # row r is edges[starts[r]:starts[r + 1]]
    guide_starts: NDArray[np.int64]
    shifts: NDArray[np.int64]


def laws(weights: NDArray[np.float64], starts: NDArray[np.int64]) -> Laws:
    """Tables of the laws whose finite weights >= 0 are ``weights[starts[r]:starts[r + 1]]``; no row sums to 0."""
    return Laws(*_tables(weights, starts))


def independent(law: Laws, items: NDArray[np.int32], n_accesses: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """`n_accesses` draws from the first law; outcome k stands for ``items[k]``."""
    out = np.empty(n_accesses, np.int32)
    for at in range(0, n_accesses, CHUNK):
        part = out[at : at + CHUNK]
        _follow(rng.random(part.size), *law, items, 0, False, part)
    return out


def chained(law: Laws, items: NDArray[np.int32], n_accesses: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """A walk: the first item uniform, each next one drawn from its predecessor's law; edge k leads to ``items[k]``."""
    out = np.empty(n_accesses, np.int32)
    item = int(rng.integers(0, law.starts.size - 1))
    out[:1] = item
    for at in range(1, n_accesses, CHUNK):
        part = out[at : at + CHUNK]
        item = _follow(rng.random(part.size), *law, items, item, True, part)
    return out


@compiled
def _follow(
    uniforms: NDArray[np.float64],
    edges: NDArray[np.int64],
    guide: NDArray[np.int64],
    starts: NDArray[np.int64],
    guide_starts: NDArray[np.int64],
    shifts: NDArray[np.int64],
    items: NDArray[np.int32],
    row: int,
    chain: bool,
    out: NDArray[np.int32],
) -> int:
    for t in range(out.size):
        u = np.int64(uniforms[t] * UNIT)  # exact: NumPy's doubles are multiples of 2^-53
        k = guide[guide_starts[row] + (u >> shifts[row])]
        while edges[k] <= u:
            k += 1
        out[t] = items[k]
        if chain:
            row = np.int64(items[k])  # type: ignore[assignment]
    return row


@compiled
def _tables(
    weights: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    rows = starts.size - 1
    guide_starts = np.zeros(rows + 1, np.int64)
    shifts = np.empty(rows, np.int64)
    for r in range(rows):
        bits = 0
        while (1 << bits) < starts[r + 1] - starts[r]:
            bits += 1
        shifts[r] = 53 - bits
        guide_starts[r + 1] = guide_starts[r] + (1 << bits)

    edges = np.empty(weights.size, np.int64)
    guide = np.empty(guide_starts[rows], np.int64)
    for r in range(rows):
        total = 0.0
        for k in range(starts[r], starts[r + 1]):
            total += weights[k]
        running = 0.0
        for k in range(starts[r], starts[r + 1]):
            running += weights[k]
            edges[k] = np.int64(math.floor(running / total * UNIT + 0.5))
        k = starts[r]
        for j in range(guide_starts[r + 1] - guide_starts[r]):
            while edges[k] <= j << shifts[r]:
                k += 1
            guide[guide_starts[r] + j] = k
    return edges, guide, starts, guide_starts, shifts
