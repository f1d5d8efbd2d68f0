"""Bounds where items have sizes: against exhaustive search, the plain algorithm in fractions, OPT of unit sizes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cases

from simcache import Trace, simulate, synth, theory
from simcache.theory.packing import _by_product

HUGE = 2**63 - 1


def best(trace, capacity, worth):
    """The most that hits can be worth, by trying after each access every content there could be."""
    sizes = trace.sizes.tolist()
    room = [sum(size for i, size in enumerate(sizes) if held >> i & 1) for held in range(1 << trace.n_items)]
    reached = {0: 0}
    for i in trace.ids.tolist():
        after = {}
        for held, value in reached.items():
            value += worth[i] * (held >> i & 1)
            some = most = held | 1 << i
            while True:
                if room[some] <= capacity:
                    after[some] = max(after.get(some, 0), value)
                if not some:
                    break
                some = (some - 1) & most
        reached = after
    return max(reached.values())


def check_bracket(trace, capacity):
    lower, upper = theory.sized_bounds(trace, capacity)
    assert lower.hits <= best(trace, capacity, [1] * trace.n_items) <= upper.hits
    assert lower.byte_hits <= best(trace, capacity, trace.sizes.tolist()) <= upper.byte_hits


def tiny(rng):
    """A few items of sizes small, alike, far apart or hardly to be added up, and a capacity to choose by."""
    n_items = int(rng.integers(1, 6))
    ids = rng.integers(0, n_items, int(15 * rng.random() ** 0.3))
    sizes = [
        rng.integers(1, 10, n_items),
        rng.integers(1, 3, n_items) * 7,
        10 ** rng.integers(0, 18, n_items),
        HUGE - rng.integers(0, 2**62, n_items),
    ][int(rng.integers(4))]
    total = sum(sizes.tolist())
    return Trace(ids, n_items, sizes=sizes), max(1, int(total * rng.choice([0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 9])))


def test_the_best_lies_between_in_500_cases():
    rng = np.random.default_rng(7)
    apart = 0
    for _ in range(500):
        trace, capacity = tiny(rng)
        check_bracket(trace, capacity)
        lower, upper = theory.sized_bounds(trace, capacity)
        apart += lower != upper
    assert 100 < apart < 400  # else the cases would be too easy, or the bounds no use


@given(seed=st.integers(0, 2**32 - 1))
def test_the_best_lies_between(seed):
    check_bracket(*tiny(np.random.default_rng(seed)))


def plain(trace, capacity, by_bytes):
    """Both bounds, gap by gap, in fractions."""
    last, reuses = {}, []
    for t, i in enumerate(trace.ids.tolist()):
        size = int(trace.sizes[i])
        if i in last and size <= capacity:
            reuses.append((size, range(last[i], t)))
        last[i] = t
    reuses.sort(key=lambda it: it[1].start)
    held = [sum(size for size, gaps in reuses if gap in gaps) for gap in range(len(trace))]
    full = {gap for gap in range(len(trace)) if held[gap] > capacity}
    reuses = [(size, full & set(gaps), size if by_bytes else 1) for size, gaps in reuses]
    reuses.sort(key=lambda it: Fraction(it[0] * len(it[1]), it[2]))  # stable: of one price the earlier goes first
    free, budget = dict.fromkeys(full, capacity), Fraction(capacity * len(full))
    lower, upper = 0, Fraction(0)
    for size, gaps, worth in reuses:
        if all(free[gap] >= size for gap in gaps):
            free |= {gap: free[gap] - size for gap in gaps}
            lower += worth
        price = size * len(gaps)
        share = min(Fraction(1), budget / price) if price else Fraction(1)
        upper += share * worth
        budget -= share * price
    return lower, int(upper)


@st.composite
def sized(draw):
    """A longer trace of items with sizes from 1 up, and a capacity."""
    trace, _ = draw(cases(max_items=12, max_accesses=120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = rng.integers(1, 2 ** rng.integers(1, 12), trace.n_items)
    return Trace(trace.ids, trace.n_items, sizes=sizes), max(1, int(rng.random() ** 2 * sizes.sum()))


@given(case=sized(), most=st.booleans())
def test_bounds_equal_the_plain_algorithm(case, most):
    """Of sizes so large too that their sum just fits 64 bits, and products do not."""
    trace, capacity = case
    scale = 2**61 // int(trace.sizes.sum()) if most else 1
    big = Trace(trace.ids, trace.n_items, sizes=trace.sizes * scale)
    lower, upper = theory.sized_bounds(big, capacity * scale)
    hits, byte_hits = plain(trace, capacity, False), plain(big, capacity * scale, True)
    assert (lower.hits, upper.hits) == hits
    assert (lower.byte_hits, upper.byte_hits) == byte_hits
    assert all(type(each) is int for each in (*lower, *upper))


def test_an_order_by_long_products():
    rng = np.random.default_rng(5)
    near = 2**40 + rng.integers(-3, 4, 300) * 2**32 // rng.integers(1, 9, 300)
    for a in (near, HUGE - near, rng.integers(1, HUGE, 300), near << 20):
        for b in (rng.integers(1, 2**31, 300), rng.integers(1, 4, 300), np.full(300, 2**31 - 1)):
            products = [int(x) * int(y) for x, y in zip(a, b, strict=True)]
            assert _by_product(a, b).tolist() == sorted(range(300), key=products.__getitem__)


@given(case=cases(max_items=10, max_accesses=80))
def test_opt_of_unit_sizes_lies_between(case):
    trace, capacity = case
    lower, upper = theory.sized_bounds(Trace(trace.ids, trace.n_items, sizes=np.ones(trace.n_items, int)), capacity)
    hits = simulate(trace, "opt", capacity, bypass=True).sum() if len(trace) else 0
    assert lower.hits == lower.byte_hits <= hits <= upper.hits == upper.byte_hits
    if len(trace):
        assert upper.hits <= round(float(theory.opt_histogram(trace, capacity)) * len(trace))


def test_a_cache_with_room_for_all_hits_every_reuse():
    trace = Trace([0, 1, 2, 0, 1, 2, 2], 4, sizes=[5, 7, 11, 10**9])
    assert theory.sized_bounds(trace, 23) == ((4, 34), (4, 34))
    assert theory.sized_bounds(trace, 10**400) == ((4, 34), (4, 34))
    assert theory.sized_bounds(trace, 4) == ((0, 0), (0, 0))  # smaller than every item
    assert theory.sized_bounds(trace, 5) == ((1, 5), (1, 5))  # the others are larger
    assert theory.sized_bounds(Trace([], 1, sizes=[3]), 3) == ((0, 0), (0, 0))
    assert theory.sized_bounds(Trace([0], 1, sizes=[3]), 3) == ((0, 0), (0, 0))


def test_the_last_reuse_is_bought_in_part():
    """Of three gaps only the middle one, with room for 7 bytes, is short of room: for 5 and 4."""
    lower, upper = theory.sized_bounds(Trace([0, 1, 1, 0], 2, sizes=[5, 4]), 7)
    assert lower == (1, 5)
    assert upper == (1, 7)  # a hit of 4 bytes and 3/5 of one, or 5 bytes and half of the 4


def test_sizes_that_hardly_add_up():
    ids = [0, 1, 2, 0, 1, 2, 0, 1, 2]
    trace = Trace(ids, 3, sizes=[HUGE, HUGE, HUGE - 1])
    lower, upper = theory.sized_bounds(trace, HUGE)
    assert lower.hits == upper.hits == 2
    assert lower.byte_hits == 2 * HUGE
    for capacity in (2 * HUGE, 3 * HUGE, 10**400):
        lower, upper = theory.sized_bounds(trace, capacity)
        assert lower.hits <= best(trace, capacity, [1, 1, 1]) <= upper.hits
        assert lower.byte_hits <= best(trace, capacity, trace.sizes.tolist()) <= upper.byte_hits
    assert upper == (6, 6 * HUGE - 2)


def test_few_items_of_many():
    """Items are renumbered where few of them occur; their sizes are not."""
    sizes = np.full(70_000, 9)
    sizes[[3, 69_999]] = 2, 5
    far = theory.sized_bounds(Trace([69_999, 3, 69_999, 3], 70_000, sizes=sizes), 5)
    assert far == theory.sized_bounds(Trace([1, 0, 1, 0], 2, sizes=[2, 5]), 5) == ((1, 5), (1, 5))


def test_the_bounds_are_close_where_items_are_many():
    n = 1_000_000
    trace = synth.zipf(n // 10, n, 0.9, seed=1)
    trace = Trace(trace.ids, trace.n_items, sizes=synth.lognormal_sizes(trace.n_items, 4096, 1.5, seed=1))
    for fraction in (0.01, 0.1, 0.3):
        lower, upper = theory.sized_bounds(trace, round(fraction * trace.sizes.sum()))
        assert 0 <= upper.hits - lower.hits < 0.01 * n
        assert 0 <= upper.byte_hits - lower.byte_hits < 0.01 * trace.sizes[trace.ids].sum()


def test_refusals():
    trace = Trace([0, 0], 1, "bare")
    with pytest.raises(ValueError, match=r"bytes need the size of each item, .* got none for trace 'bare'"):
        theory.sized_bounds(trace, 1)
    with pytest.raises(TypeError, match=r"trace must be a simcache\.Trace"):
        theory.sized_bounds([0, 0], 1)
    for bad in (0, -1):
        with pytest.raises(ValueError, match=f"capacity must be a whole number >= 1, got {bad}"):
            theory.sized_bounds(trace, bad)
    for bad in (2.0, True, None):
        with pytest.raises(TypeError, match=f"capacity must be a whole number >= 1, got {bad!r}"):
            theory.sized_bounds(trace, bad)


def test_a_capacity_may_be_a_text():
    trace = Trace([0, 1, 0, 1, 2, 0], 3, sizes=[600, 700, 800])
    assert theory.sized_bounds(trace, "1.5 kB") == theory.sized_bounds(trace, 1500)
    for bad, hint in (("1 G", "did you mean '1 GB' or '1 GiB'"), ("3", "did you mean '3 B'")):
        with pytest.raises(ValueError, match=hint):
            theory.sized_bounds(trace, bad)
