"""Bounds for any trace: the window certificate against brute force and a linear programme; others against counting."""

import heapq
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies import cases

from simcache import policies, synth, theory
from simcache.simulation import simulate
from simcache.trace import Trace


def belady(ids, capacity):
    """Hits of OPT with bypass: after each access keep the `capacity` items used soonest."""
    uses = {}
    for t, i in enumerate(ids):
        uses.setdefault(i, []).append(t)
    kept, hits = {}, 0
    for i in ids:
        hits += i in kept
        uses[i].pop(0)
        kept.pop(i, None)
        if uses[i]:
            kept[i] = uses[i][0]
        kept = {item: kept[item] for item in heapq.nsmallest(capacity, kept, key=kept.get)}
    return hits


def windows(trace, cuts):
    ids = trace.ids.tolist()
    edges = [0, *cuts.tolist(), len(ids)]
    return [ids[a:b] for a, b in pairwise(edges)]


@settings(deadline=None, max_examples=300)
@given(case=cases(max_items=10, max_accesses=80))
def test_windows_prove_opt(case):
    trace, capacity = case
    cuts, hits = theory.opt_windows(trace, capacity)
    assert hits == belady(trace.ids.tolist(), capacity) == simulate(trace, "opt", capacity, bypass=True).sum()
    first, *others = (len(set(window)) for window in windows(trace, cuts))
    assert len(trace) - hits == first + sum(distinct - capacity for distinct in others)
    assert all(0 < cut < len(trace) for cut in cuts)
    assert (np.diff(cuts) > 0).all()


@settings(deadline=None, max_examples=100)
@given(case=cases(max_items=10, max_accesses=80), cuts=st.sets(st.integers(1, 79)))
def test_any_windows_bound_every_policy(case, cuts):
    """The proof itself: at least distinct - C misses in each window, whatever the cuts and whoever decides."""
    trace, capacity = case
    cuts = np.array(sorted(cut for cut in cuts if cut < len(trace)), int)
    first, *others = (len(set(window)) for window in windows(trace, cuts))
    least = first + sum(distinct - capacity for distinct in others)
    for name in policies.names():
        assert len(trace) - simulate(trace, name, capacity).sum() >= least, name


def test_opt_is_the_linear_programme_of_intervals():
    rng = np.random.default_rng(3)
    for _ in range(25):
        ids, capacity = rng.integers(0, rng.integers(2, 9), rng.integers(5, 40)), int(rng.integers(1, 6))
        last, spans = {}, []
        for t, i in enumerate(ids.tolist()):
            if i in last:
                spans.append((last[i], t))
            last[i] = t
        if not spans:
            continue
        crosses = np.array([[a <= gap < b for a, b in spans] for gap in range(ids.size - 1)], float)
        best = linprog(-np.ones(len(spans)), crosses, np.full(ids.size - 1, capacity), bounds=(0, 1))
        assert theory.opt_windows(Trace(ids, 9), capacity)[1] == pytest.approx(-best.fun, abs=1e-6)


SAMPLERS = {
    "shuffled": synth.shuffled(60, 7, seed=1),
    "loop": synth.loop(60, 420),
    "buffer": synth.shuffle_buffer(60, 7, 13, seed=2),
    "blocks": Trace(
        np.concatenate([np.random.default_rng(e).permutation(60).reshape(6, 10).T.ravel() for e in range(7)]), 60
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_policy_exceeds_the_fraction_when_every_epoch_visits_each_item_once(name):
    trace = SAMPLERS[name]
    assert all(np.unique(epoch).size == 60 for epoch in trace.ids.reshape(7, 60))
    for capacity in (1, 17, 30, 59):
        for policy in policies.names():
            assert (simulate(trace, policy, capacity).reshape(7, 60).sum(1) <= capacity).all(), policy
        pinned = simulate(trace, "pin", capacity).reshape(7, 60).sum(1)
        assert pinned.tolist() == [0] + [capacity] * 6
        best = theory.opt_windows(trace, capacity)[1]
        assert best == 6 * capacity
        assert best / 420 == pytest.approx(float(theory.opt_shuffled(capacity / 60, epochs=7)))


def test_large_traces_against_the_simulated_opt():
    for trace in (synth.zipf(5_000, 200_000, 0.9, seed=1), synth.shuffle_buffer(5_000, 30, 800, drain=False, seed=2)):
        for capacity in (1, 50, 1_000, 4_999):
            cuts, hits = theory.opt_windows(trace, capacity)
            assert hits == simulate(trace, "opt", capacity, bypass=True).sum()
            edges = [0, *cuts.tolist(), len(trace)]
            counts = [np.unique(trace.ids[a:b]).size for a, b in pairwise(edges)]
            assert len(trace) - hits == sum(counts) - capacity * (len(counts) - 1)


@settings(deadline=None, max_examples=200)
@given(case=cases(max_items=10, max_accesses=80))
def test_histogram_bounds_opt(case):
    trace, capacity = case
    if not len(trace):
        with pytest.raises(ValueError, match="at least one access"):
            theory.opt_histogram(trace, capacity)
        return
    n = len(trace)
    bound = theory.opt_histogram(trace, capacity)
    assert bound >= theory.opt_windows(trace, capacity)[1] / n
    assert bound <= theory.compulsory(trace) == (n - len(set(trace.ids.tolist()))) / n
    last, lengths = {}, []
    for t, i in enumerate(trace.ids.tolist()):
        if i in last:
            lengths.append(t - last[i])
        last[i] = t
    direct = (np.cumsum(sorted(lengths)) <= min(capacity, trace.n_items) * (n - 1)).sum()
    assert bound == direct / n


def test_histogram_is_tight_for_independent_requests_and_not_for_epochs():
    trace = synth.uniform(20_000, 400_000, seed=1)
    bound = theory.opt_histogram(trace, [2_000, 10_000])
    best = np.array([theory.opt_windows(trace, c)[1] for c in (2_000, 10_000)]) / 400_000
    assert (bound - best < 0.02).all()
    epochs = synth.shuffled(2_000, 100, seed=2)
    assert theory.opt_histogram(epochs, 1_000) == pytest.approx(0.654, abs=0.01)


@settings(deadline=None, max_examples=100)
@given(case=cases(max_items=10, max_accesses=40))
def test_working_set_counts_windows_and_bounds_misses(case):
    trace, capacity = case
    n, ids = len(trace), trace.ids.tolist()
    d = theory.working_set(trace)
    direct = [np.mean([len(set(ids[s : s + w])) for s in range(n - w + 1)]) for w in range(n + 1)]
    np.testing.assert_allclose(d, direct, atol=1e-12)
    misses = n - theory.opt_windows(trace, capacity)[1]
    w = np.arange(1, n + 1)
    assert (misses >= (n - w + 1) * (d[1:] - capacity) / w - 1e-9).all()


def test_working_set_of_uniform_requests():
    d = theory.working_set(synth.uniform(100, 200_000, seed=1))
    w = np.array([1, 10, 100, 500])
    # a window of 100 has deviation 3.1; windows a few hundred apart are independent: 5 * 3.1 / 700**0.5
    np.testing.assert_allclose(d[w], 100 * (1 - 0.99**w), atol=0.6)


@settings(deadline=None, max_examples=100)
@given(case=cases(max_items=10, max_accesses=80), smaller=st.integers(1, 10))
def test_sleator_and_tarjan(case, smaller):
    trace, capacity = case
    smaller = min(smaller, capacity)
    factor = theory.sleator_tarjan(capacity, smaller)
    best = len(trace) - simulate(trace, "opt", smaller).sum()
    for name in ("lru", "fifo"):
        assert len(trace) - simulate(trace, name, capacity).sum() <= factor * best + smaller + 1e-9


def test_sleator_tarjan_values():
    assert theory.sleator_tarjan(8, [1, 4, 8]).tolist() == [1, 1.6, 8]


def test_hazard_counts_the_likeliest_items():
    """Of the N - j items still to come in an epoch, C count as hits."""
    n = 10_000
    for c in (0.1, 0.5, 0.9):
        counted = np.minimum(1, round(c * n) / (n - np.arange(n))).mean()
        assert theory.hazard(c) == pytest.approx(counted, abs=2 / n)
    assert theory.hazard(0.5) == pytest.approx(0.8466, abs=5e-5)
    grid = np.linspace(0.01, 1, 100)
    assert (theory.hazard(grid) >= theory.opt_shuffled(grid)).all()
