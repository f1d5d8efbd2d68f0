"""Small traces for property tests, and every policy with every setting of its switches."""

import inspect
import itertools

import numpy as np
from hypothesis import strategies as st

from simcache import Trace, policies

SEEDS = st.integers(0, 2**64 - 1)


@st.composite
def traces(draw, max_items=12, max_accesses=120):
    """Traces of few items, some never accessed: short ones item by item, long ones from a seed, even or skewed."""
    n_items = draw(st.integers(1, max_items))
    touched = draw(st.integers(1, n_items))
    if draw(st.booleans()):
        return Trace(draw(st.lists(st.integers(0, touched - 1), max_size=20)), n_items)
    length, skew, seed = draw(st.integers(0, max_accesses)), draw(st.sampled_from([1, 2, 4])), draw(st.integers(0, 999))
    ids = (touched * np.random.default_rng(seed).random(length) ** skew).astype(np.int32)
    return Trace(ids, n_items)


@st.composite
def cases(draw, **sizes):
    """A trace and a capacity, from 1 to a little more than there are items."""
    trace = draw(traces(**sizes))
    return trace, draw(st.integers(1, trace.n_items + 2))


def variants():
    """(name, parameters) for each policy and each combination of its boolean parameters."""
    for name in policies.names():
        defaults = list(inspect.signature(policies.load(name).kernel.py_func).parameters.values())[4:]
        switches = [p.name for p in defaults if isinstance(p.default, bool)]
        for values in itertools.product([False, True], repeat=len(switches)):
            yield name, dict(zip(switches, values, strict=True))


def shuffled_ids(n_items, epochs, seed):
    """Epochs that visit every item once, made without the package."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(n_items) for _ in range(epochs)])
