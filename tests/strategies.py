"""Small traces for property tests, and every policy with every setting of its switches."""

import inspect
import itertools

import numpy as np
from hypothesis import strategies as st

from simcache import Trace, policies

SEEDS = st.integers(0, 2**64 - 1)


@st.composite
def traces(draw, max_items=12, max_accesses=120):
    """Traces of few items, some never accessed: short ones item by item, long ones from a seed, even or skewed.

    All of a long one comes from its seed: sizes drawn one by one are mostly too small for an eviction to matter.
    """
    if draw(st.integers(0, 3)) == 0:
        n_items = draw(st.integers(1, max_items))
        return Trace(draw(st.lists(st.integers(0, draw(st.integers(0, n_items - 1))), max_size=20)), n_items)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    touched = rng.integers(2, max_items + 1) if max_items > 1 else 1
    length, skew = rng.integers(max_accesses // 2, max_accesses + 1), rng.choice([1, 2, 4])
    return Trace((touched * rng.random(length) ** skew).astype(np.int32), rng.integers(touched, max_items + 1))


@st.composite
def cases(draw, **sizes):
    """A trace and a capacity, from 1 to a little more than there are items."""
    trace = draw(traces(**sizes))
    return trace, 1 + draw(st.integers(0, 2**16)) % (trace.n_items + 2)


def variants():
    """(name, parameters) for each policy and each combination of its boolean parameters."""
    for name in policies.names():
        defaults = list(inspect.signature(policies.load(name).kernel.py_func).parameters.values())[4:]
        switches = [p.name for p in defaults if isinstance(p.default, bool)]
        for values in itertools.product([False, True], repeat=len(switches)):
            yield name, dict(zip(switches, values, strict=True))


def lets_all_in(name):
    """Whether every missed item enters while there is room for it."""
    return not getattr(policies.load(name), "BYPASS", False)


def shuffled_ids(n_items, epochs, seed):
    """Epochs that visit every item once, made without the package."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(n_items) for _ in range(epochs)])
