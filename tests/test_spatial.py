"""Sampled curves: right on average for skewed and for shuffled traces, with a band that holds."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import shuffled_ids, traces

from simcache import Trace, hit_curve
from simcache.spatial import drawn, sampled, thinned
from simcache.stacks import lru, opt


def zipf_ids(n_items, n_accesses, seed):
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, n_items + 1)
    ranks = rng.choice(n_items, n_accesses, p=weights / weights.sum())
    return rng.permutation(n_items)[ranks].astype(np.int32)


def lru_at(ids, n_items, capacities):
    return lru.hits(ids, n_items, 0)[0, capacities]


def opt_at(ids, n_items, capacities):
    return opt.hits(ids, n_items, False, 0)[0, capacities]


SKEWED = zipf_ids(20_000, 200_000, 1)
SHUFFLED = shuffled_ids(5_000, 10, 2).astype(np.int32)


@pytest.mark.parametrize("hits_at", [lru_at, opt_at])
@pytest.mark.parametrize("ids", [SKEWED, SHUFFLED], ids=["zipf", "shuffled"])
def test_band_covers(ids, hits_at):
    n_items = int(ids.max()) + 1
    touched = np.unique(ids).size
    sizes = np.linspace(touched / 20, touched, 20).astype(int)
    exact = hits_at(ids, n_items, sizes) / ids.size
    covered = []
    for seed in range(200):
        estimate, width = sampled(ids, n_items, sizes, hits_at, 0.05, seed=seed)
        covered.append(np.abs(estimate - exact) <= width + 1e-12)
    assert np.mean(covered) >= 0.88
    assert np.mean(covered, axis=0).min() >= 0.8  # no size is left out


@pytest.mark.parametrize(("ids", "error"), [(SKEWED, 0.004), (SHUFFLED, 0.01)], ids=["zipf", "shuffled"])
def test_mean_error(ids, error):
    n_items = int(ids.max()) + 1
    sizes = np.linspace(500, np.unique(ids).size, 20).astype(int)
    exact = lru_at(ids, n_items, sizes) / ids.size
    errors = [sampled(ids, n_items, sizes, lru_at, 0.05, seed=seed)[0] - exact for seed in range(40)]
    assert np.abs(errors).mean() < error
    assert np.abs(np.mean(errors, axis=0)).max() < error / 2  # no bias to speak of


@given(trace=traces(), rate=st.floats(0.01, 1), parts=st.integers(2, 9), seed=st.integers(0, 2**64 - 1))
def test_sample_is_of_whole_items(trace, rate, parts, seed):
    part, held, touched = drawn(trace.ids, trace.n_items, rate, parts, np.uint64(seed))
    seen = np.unique(trace.ids)
    assert touched == seen.size
    assert held == min(touched, max(parts, round(rate * touched))) == (part >= 0).sum()
    assert set(np.flatnonzero(part >= 0)) <= set(seen)
    ids, owner = thinned(trace.ids, part, -1)
    mine = [i for i in trace.ids.tolist() if part[i] >= 0]
    first = list(dict.fromkeys(mine))
    assert [first[i] for i in ids] == mine
    assert owner.tolist() == [part[i] for i in first]
    for p in range(parts):
        assert len(thinned(ids, owner, p)[0]) == sum(part[i] == p for i in mine)


def test_neighbouring_strata_go_to_all_parts_in_any_order():
    part, held, _ = drawn(SHUFFLED, 5_000, 0.08, 4, np.uint64(1))  # equals stand in order of item
    turns = part[part >= 0].reshape(-1, 4)
    assert (np.sort(turns, axis=1) == np.arange(4)).all()
    places = np.array([np.bincount(column, minlength=4) for column in turns.T])
    assert ((places - held / 16) ** 2 / (held / 16)).sum() < 34  # chi-square of 9 degrees, one in ten thousand is above


@pytest.mark.parametrize("ids", [SKEWED, SHUFFLED], ids=["zipf", "shuffled"])
def test_all_items_are_the_trace_itself(ids):
    n_items = int(ids.max()) + 1
    sizes = np.array([1, 10, 1_000, n_items])
    estimate, _ = sampled(ids, n_items, sizes, lru_at, 1.0)
    assert estimate == pytest.approx(lru_at(ids, n_items, sizes) / ids.size, abs=1e-12)


def test_capacity_of_all_items_is_exact_at_any_rate():
    estimate, width = sampled(SKEWED, 20_000, [20_000], lru_at, 0.01)
    assert estimate[0] == pytest.approx(1 - np.unique(SKEWED).size / SKEWED.size, abs=1e-12)
    assert width[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n_items", range(1, 9))
@pytest.mark.parametrize("policy", ["lru", "opt", "fifo"])
def test_a_trace_of_few_items_is_counted(n_items, policy):
    trace = Trace(np.random.default_rng(n_items).integers(0, n_items, 100), n_items + 3)
    with warnings.catch_warnings(action="error"):
        table = hit_curve(trace, policy, range(1, n_items + 2), sample=0.01, repeats=2)
    want = hit_curve(trace, policy, range(1, n_items + 2))["hit_rate"]
    for rate in ("low", "hit_rate", "high"):
        assert table[rate].tolist() == pytest.approx(want.tolist(), abs=1e-12)


@given(traces(max_items=40), st.floats(0.01, 0.99), st.integers(1, 3), st.integers(0, 2**64 - 1))
def test_a_band_has_two_ends(trace, share, repeats, seed):
    assume(len(trace))
    with warnings.catch_warnings(action="error"):
        table = hit_curve(trace, "lru", sample=share, repeats=repeats, seed=seed)
    assert ((table["low"] >= 0) & (table["low"] <= table["hit_rate"])).all()
    assert ((table["hit_rate"] <= table["high"]) & (table["high"] <= 1)).all()


def evenly(ids, n_items, capacities):
    """A policy that hits in proportion to its size: parts of one size then differ by their accesses alone."""
    return ids.size * capacities / n_items


def test_the_band_is_students_over_the_parts():
    sizes, counts = np.array([1_000, 9_000]), np.bincount(SKEWED)
    part, held, touched = drawn(SKEWED, 20_000, 0.04, 8, np.uint64(5))
    assert held % 8 == 0
    share = np.bincount(part[part >= 0], counts[part >= 0]) / (held / 8) * touched / SKEWED.size  # of accesses, by part
    missed = share[:, None] * (1 - sizes / touched)
    estimate, width = sampled(SKEWED, 20_000, sizes, evenly, 0.04, seed=5)
    assert estimate == pytest.approx(1 - missed.mean(0))
    assert width == pytest.approx(2.3646242510 * missed.std(0, ddof=1) / 8**0.5)  # 95 % of Student's t, 7 degrees


def test_repeats_are_means_over_the_next_seeds():
    sizes, last = np.array([1_000, 9_000]), 2**64 - 1
    estimates, widths = zip(*(sampled(SKEWED, 20_000, sizes, evenly, 0.04, seed=s) for s in (last, 0, 1)), strict=True)
    estimate, width = sampled(SKEWED, 20_000, sizes, evenly, 0.04, seed=last, repeats=3)
    assert estimate == pytest.approx(np.mean(estimates, axis=0))
    assert width == pytest.approx((np.mean(np.square(widths), axis=0) / 3) ** 0.5)
