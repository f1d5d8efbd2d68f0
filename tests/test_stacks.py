"""One-pass curves against one run per size, to the request."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import traces

from simcache import policies, simulate
from simcache.stacks import lru, opt, rr
from simcache.trace import Trace


def skewed(n_items, n_accesses, power, seed):
    rng = np.random.default_rng(seed)
    return rng.permutation(n_items)[(n_items * rng.random(n_accesses) ** power).astype(int)].astype(np.int32)


# Long enough that the timeline is closed up many times, and its trees are three rows high.
LONG = [
    skewed(3_000, 40_000, 1, 1),
    skewed(3_000, 40_000, 4, 2),
    np.concatenate([np.random.default_rng(3).permutation(2_500) for _ in range(12)]).astype(np.int32),
    np.tile(np.arange(2_000, dtype=np.int32), 15),
    np.repeat(skewed(700, 6_000, 2, 4), 3),
    np.concatenate([np.arange(4_000, dtype=np.int32), skewed(300, 30_000, 1, 5), np.arange(4_000, dtype=np.int32)]),
]


def per_size(trace, policy, capacity, start, **params):
    hits = simulate(trace, policy, capacity, **params)
    return [int(hits.sum()), int(hits[start:].sum())]


def mattson_lru(ids):
    """Stack distance of every access, 0 where there is none: the stack, naively."""
    stack, distances = [], []
    for i in ids:
        distances.append(stack.index(i) + 1 if i in stack else 0)
        if i in stack:
            stack.remove(i)
        stack.insert(0, i)
    return distances


def mattson_opt(ids):
    """The same for OPT, forced: carry down whatever is used later (Mattson et al. 1970)."""
    never = len(ids)
    after = [next((u for u in range(t + 1, never) if ids[u] == i), never + i) for t, i in enumerate(ids)]
    upcoming, stack, distances = {}, [], []
    for t, i in enumerate(ids):
        depth = stack.index(i) if i in stack else len(stack)
        distances.append(depth + 1 if i in stack else 0)
        upcoming[i] = after[t]
        if depth == len(stack):
            stack.append(i)
        carried, stack[0] = stack[0], i
        for level in range(1, depth + 1):
            if level == depth:
                stack[level] = carried
            elif upcoming[carried] < upcoming[stack[level]]:
                carried, stack[level] = stack[level], carried
    return distances


def curves_of(distances, n_items, start):
    distances = np.array(distances, int)
    return [np.cumsum(np.bincount(d[d > 0], minlength=n_items + 1)).tolist() for d in (distances, distances[start:])]


@given(trace=traces(), data=st.data())
def test_lru_and_opt_follow_mattsons_stack(trace, data):
    start = data.draw(st.integers(0, len(trace) + 1))
    ids = trace.ids.tolist()
    for mine, naive in (
        (lru.hits(trace.ids, trace.n_items, start), mattson_lru),
        (opt.hits(trace.ids, trace.n_items, False, start), mattson_opt),
    ):
        assert mine.dtype == np.int64
        assert mine.tolist() == curves_of(naive(ids), trace.n_items, start)


@given(trace=traces(max_items=40, max_accesses=400), data=st.data())
def test_every_size_is_that_of_its_own_run(trace, data):
    start = data.draw(st.integers(0, len(trace)))
    for policy, params, mine in (
        ("lru", {}, lru.hits(trace.ids, trace.n_items, start)),
        ("opt", {"bypass": False}, opt.hits(trace.ids, trace.n_items, False, start)),
        ("opt", {"bypass": True}, opt.hits(trace.ids, trace.n_items, True, start)),
    ):
        for capacity in range(1, trace.n_items + 1):
            assert mine[:, capacity].tolist() == per_size(trace, policy, capacity, start, **params), (policy, capacity)
        assert mine[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize("which", range(len(LONG)))
def test_long_traces(which):
    trace = Trace(LONG[which], 4_001)
    start = len(trace) // 3
    sizes = np.unique(np.geomspace(1, trace.n_items, 25).astype(int))
    for policy, params, mine in (
        ("lru", {}, lru.hits(trace.ids, trace.n_items, start)),
        ("opt", {"bypass": False}, opt.hits(trace.ids, trace.n_items, False, start)),
        ("opt", {"bypass": True}, opt.hits(trace.ids, trace.n_items, True, start)),
    ):
        for capacity in sizes:
            assert mine[:, capacity].tolist() == per_size(trace, policy, capacity, start, **params), (policy, capacity)


def test_trees_of_any_height():
    """Of 300,000 items the trees are four rows high, of one row's worth they are one."""
    for n_items in (15, 16, 1_000, 300_000):
        ids = skewed(n_items, 4 * n_items, 1.5, 7)
        for policy, params, mine in (
            ("lru", {}, lru.hits(ids, n_items, 0)),
            ("opt", {"bypass": False}, opt.hits(ids, n_items, False, 0)),
            ("opt", {"bypass": True}, opt.hits(ids, n_items, True, 0)),
        ):
            for capacity in (1, n_items // 100 + 1, n_items // 3, n_items // 3 * 2, n_items):
                expected = simulate(Trace(ids, n_items), policy, capacity, **params).sum()
                assert mine[0, capacity] == expected, (n_items, policy, capacity)


def test_opt_is_concave():
    # theory.md, T0: forced from capacity 1 only (`abab` hits 0, 0, 2), bypass from 0
    for ids in [*LONG, np.array([0, 1, 0, 1], np.int32)]:
        forced, bypass = (opt.hits(ids, 4_001, admission, 0)[0] for admission in (False, True))
        assert (np.diff(forced[1:], 2) <= 0).all()
        assert (np.diff(bypass, 2) <= 0).all()
        assert (forced <= bypass).all()
        assert (bypass[:-1] <= forced[1:]).all()  # the slot that forced admission wastes
    assert forced[:3].tolist() == [0, 0, 2]


@pytest.mark.parametrize(("n_items", "ids"), [(1, []), (5, []), (1, [0]), (3, [2, 2, 2]), (7, [6, 0, 6])])
def test_tiny(n_items, ids):
    trace = np.array(ids, np.int32)
    for mine in (
        lru.hits(trace, n_items, 0),
        opt.hits(trace, n_items, False, 0),
        rr.hits(trace, n_items, np.uint64(0), 0),
    ):
        assert mine.shape == (2, n_items + 1)
        assert mine[0, -1] == len(ids) - len(set(ids))


def rr_reference(ids, seed):
    """Stack distances of random replacement, 0 where there is none: `rr.hits` in plain Python."""
    mask, golden = 2**64 - 1, 0x9E3779B97F4A7C15
    stack, distances, draws = [], [], 0
    for i in ids:
        depth = stack.index(i) if i in stack else len(stack)
        distances.append(depth + 1 if i in stack else 0)
        if depth == len(stack):
            stack.append(i)
        carried, stack[0] = stack[0], i
        level = 0
        while level < depth:
            z = (seed + (draws + 1) * golden) & mask
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
            draws += 1
            level = min(depth, int((level + 1) / (((z >> 11) + 1) * 2.0**-53)))
            carried, stack[level] = stack[level], carried
    return distances


@given(trace=traces(), seed=st.integers(0, 2**64 - 1), data=st.data())
def test_rr_is_its_reference(trace, seed, data):
    start = data.draw(st.integers(0, len(trace)))
    mine = rr.hits(trace.ids, trace.n_items, np.uint64(seed), start)
    assert mine.tolist() == curves_of(rr_reference(trace.ids.tolist(), seed), trace.n_items, start)


def test_rr_takes_a_draw_of_nothing():
    ids = skewed(50, 500, 1, 8)
    seed = 2**64 - 0x9E3779B97F4A7C15  # whose first 64 bits are all 0: no share to divide by, but for the one added
    mine = rr.hits(ids, 50, np.uint64(seed), 0)
    assert mine.tolist() == curves_of(rr_reference(ids.tolist(), seed), 50, 0)


def test_rr_has_the_law_of_single_runs():
    trace = Trace(skewed(60, 4_000, 2, 6), 60)
    runs = 200
    stack = np.array([rr.hits(trace.ids, 60, np.uint64(seed), 0)[0] for seed in range(runs)])
    kernel = policies.load("rr").kernel
    for capacity in (1, 2, 3, 5, 8, 13, 21, 34, 50, 59, 60):
        single = np.array([kernel(trace.ids, 60, capacity, seed).sum() for seed in range(10_000, 10_000 + runs)])
        error = np.hypot(single.std(), stack[:, capacity].std()) / runs**0.5
        assert abs(single.mean() - stack[:, capacity].mean()) <= 4 * error + 1e-9, capacity
        # and its spread: the variance of a variance is about 2 / runs of it
        assert capacity in (1, 60) or 0.6 < single.std() / stack[:, capacity].std() < 1.6
