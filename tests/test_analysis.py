"""What a trace looks like: every number against a plain count, and every law and recorded trace by its kind."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import traces

from simcache import Trace, analysis, hit_curve, synth, theory
from simcache.analysis import bins, popularity, profile

RECORDED = Path(__file__).parent.parent / "traces"


# -- numbers ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 2**40))
def test_bins_follow_each_other(most):
    edges = bins.lows(most)
    assert edges[:5].tolist() == [0, 1, 2, 3, 4][: edges.size]
    assert (np.diff(edges) > 0).all()
    assert edges[-2] <= most < edges[-1]
    assert (edges[10:] / edges[9:-1] <= 1.25).all()
    assert set(2 ** np.arange(int(math.log2(most)))) <= set(edges.tolist())


def in_bins(values, rows):
    return [int(((values >= row.low) & (values <= row.high)).sum()) for row in rows.itertuples()]


@settings(max_examples=60)
@given(traces(max_items=9))
def test_a_profile_is_what_a_plain_count_finds(trace):
    if not len(trace):
        with pytest.raises(ValueError, match="a trace to analyse must have accesses, got none in 'trace'"):
            profile(trace)
        return
    found = profile(trace)
    ids = trace.ids.tolist()
    counts = pd.Series(ids).value_counts()
    assert (found.accesses, found.items, found.n_items) == (len(ids), counts.size, trace.n_items)
    assert found.popularity.tolist() == counts.tolist()
    assert found.one_hit == (counts == 1).mean()
    assert found.top["accesses"].tolist() == counts.tolist()[:10]
    assert all(counts[row.item] == row.accesses for row in found.top.itertuples())

    times, distances, last = [], [], {}
    for t, i in enumerate(ids):
        if i in last:
            times.append(t - last[i])
            distances.append(len(set(ids[last[i] : t])))
        last[i] = t
    assert found.reuse_times["accesses"].tolist() == in_bins(np.array(times), found.reuse_times)
    assert found.stack_distances["accesses"].tolist() == in_bins(np.array(distances), found.stack_distances)
    assert found.stack_counts.tolist() == np.bincount(distances, minlength=counts.size + 1).tolist()
    assert found.reuse_times["share"].sum() == pytest.approx(1 if times else 0)
    for row in found.working_set.itertuples():
        windows = [len(set(ids[k : k + row.window])) for k in range(len(ids) - row.window + 1)]
        assert row.items == pytest.approx(np.mean(windows))
    assert found.working_set["window"].max() > len(ids) / 2


@pytest.mark.parametrize("trace", [synth.zipf(500, 9000, 0.8, seed=1), synth.ring(300, 5000, 0.1, seed=2)])
def test_stack_distances_are_lru_s_curve(trace):
    capacities = np.arange(1, trace.n_items + 1)
    curve = hit_curve(trace, "lru", capacities)
    assert profile(trace).lru_hits(capacities).tolist() == curve["hits"].tolist()


def test_the_working_set_is_that_of_theory():
    trace = synth.markov(np.full((40, 40), 1 / 40), 3000, seed=1)
    found = profile(trace).working_set
    assert found["items"].to_numpy() == pytest.approx(theory.working_set(trace)[found["window"]])


def test_sizes_are_added_up_exactly():
    assert profile(Trace([0], 2, sizes=[2**63 - 1, 2**63 - 1])).bytes == 2**64 - 2
    assert "bytes of all items: 18,446,744,073,709,551,614" in repr(profile(Trace([0], 2, sizes=[2**63 - 1] * 2)))
    assert profile(Trace([0], 2)).bytes is None


# -- Zipf's exponent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.6, 0.8, 1.0, 1.2])
def test_zipf_s_exponent(alpha):
    counts = np.bincount(synth.zipf(10_000, 1_000_000, alpha, seed=3).ids)
    exponent, distance = popularity.zipf(counts[counts > 0], 10_000)
    assert exponent == pytest.approx(alpha, abs=0.005)
    assert distance < 0.015


@pytest.mark.parametrize("alpha", [0, 0.4, 0.9, 1.5, 3])
@pytest.mark.parametrize(("n_items", "n_accesses"), [(10_000, 10_000), (100, 50_000), (30_000, 200_000)])
def test_neither_few_accesses_nor_few_items_move_it(alpha, n_items, n_accesses):
    counts = np.bincount(synth.zipf(n_items, n_accesses, alpha, seed=4).ids)
    exponent, distance = popularity.zipf(counts[counts > 0], n_items)
    assert exponent == pytest.approx(alpha, abs=0.05)
    assert distance < 0.02 + 1 / math.sqrt(n_items)


def test_the_distance_tells_another_law():
    squared = np.repeat(np.arange(1, 200), 3) ** 2
    assert popularity.zipf(squared, squared.size)[1] > 0.1
    assert popularity.zipf(np.full(500, 20), 500)[1] > 0.3  # more even than any draw
    assert popularity.zipf(np.array([5]), 1)[0] >= 0


def test_the_law_as_fitted_adds_up():
    for n_items in (1, 7, 5000):
        ids = synth.zipf(n_items, 5000, 0.7, seed=5).ids
        found = profile(Trace(ids, n_items))
        assert found.zipf_counts(np.arange(1, n_items + 1)).sum() == pytest.approx(5000, rel=1e-3)


# -- drift ------------------------------------------------------------------------------------------------------------


def test_overlap_of_the_top_items():
    one, other = synth.zipf(200, 5000, 1.2, seed=1), synth.zipf(200, 5000, 1.2, seed=2)
    found = profile(synth.phases([one, other]))
    same, apart = found.overlap[:5, :5], found.overlap[:5, 5:]
    assert found.overlap.shape == (10, 10)
    assert (np.diag(found.overlap) == 1).all()
    assert np.array_equal(found.overlap, found.overlap.T)
    assert same.mean() > 0.7
    assert apart.mean() < 0.3
    assert found.overlap_shuffled > 0.6


def test_equal_counts_have_no_top():
    found = profile(synth.shuffled(1000, 10, seed=1))
    assert found.overlap[~np.eye(10, dtype=bool)].mean() == pytest.approx(0.1, abs=0.03)


# -- what it looks like -----------------------------------------------------------------------------------------------

CHAIN = np.random.default_rng(1).dirichlet(np.ones(150), 150)
ZIPF = synth.zipf(1000, 40_000, 0.9, seed=1)
LAWS = {
    "independent": [
        ZIPF, synth.uniform(1000, 20_000, seed=2), synth.uniform(1000, 600, seed=3), synth.uniform(5, 300, seed=4),
        synth.zipf(50, 1000, 3.0, seed=5), synth.zipf(20_000, 20_000, 0.6, seed=6), synth.ring(500, 20_000, 1, seed=7),
        synth.repeat(ZIPF, 0), synth.markov(np.full((50, 50), 0.02), 20_000, seed=8), synth.uniform(2, 500, seed=9),
    ],
    "loop": [
        synth.loop(1000, 4500), synth.loop(2, 50), synth.loop(1, 50), synth.ring(300, 3000, 0, directed=True),
        synth.shuffle_buffer(500, 4, 1), synth.markov(np.roll(np.eye(7), 1, 1), 100),
    ],
    "epochs": [
        synth.shuffled(1000, 10, seed=1), synth.shuffled(1000, 2, seed=2), synth.shuffled(5, 20, seed=3),
        synth.shuffled(700, 1), *(synth.shuffle_buffer(1000, 8, b, seed=b) for b in (2, 30, 400, 2000)),
        *(synth.shuffle_buffer(1000, 8, b, drain=False, seed=b) for b in (2, 30, 200, 500, 1500)),
        synth.phases([synth.loop(400, 4000), synth.shuffled(400, 10)]),
    ],
    "drifting": [
        synth.phases([synth.zipf(1000, 9000, 0.9, seed=s) for s in range(k)]) for k in (2, 3, 7)
    ] + [synth.phases([ZIPF, synth.uniform(1000, 40_000)])],
    "other": [
        synth.markov(CHAIN, 15_000, seed=1), synth.markov([[0.9, 0.1], [0.1, 0.9]], 2000, seed=2),
        *(synth.ring(1000, 20_000, jump, seed=3) for jump in (0, 0.05, 0.5)), synth.repeat(ZIPF, 0.5, seed=4),
        *(synth.ring(1000, 20_000, jump, directed=True, seed=3) for jump in (0.1, 0.5)), synth.uniform(10**6, 100),
        synth.repeat(synth.shuffled(500, 9, seed=5), 0.3, seed=6), synth.repeat(synth.loop(500, 9000), 0.3, seed=7),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "at"), [(kind, at) for kind, found in LAWS.items() for at in range(len(found))])
def test_every_law_looks_like_what_it_is(kind, at):
    found = profile(LAWS[kind][at])
    assert found.kind == kind, (LAWS[kind][at], found.reason, found.numbers)
    assert found.reason


def test_every_law_of_synth_is_tried():
    made = {str((trace.source or {}).get("generator")).partition("(")[0] for kind in LAWS.values() for trace in kind}
    assert made == set(synth.__all__) - {"lognormal_sizes"}


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.npz")), ids=lambda path: path.stem)
def test_every_recorded_trace_looks_like_its_sampler(path):
    kind = {"sequential": "loop", "random-replacement": "independent", "weighted-replacement": "independent"}
    found = profile(Trace.load(path))
    assert found.kind == kind.get(path.stem, "epochs"), found
    if path.stem == "weighted-replacement":
        assert found.zipf_exponent == pytest.approx(1, abs=0.02)


def test_one_rank_of_many_looks_like_epochs():
    rng = np.random.default_rng(1)
    parts = [rng.permutation(8000)[:500] for _ in range(20)]
    assert profile(Trace(np.concatenate(parts), 8000)).kind == "epochs"


def test_chance_does_not_move_it():
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n, many = int(10 ** rng.uniform(0.5, 3.5)), int(10 ** rng.uniform(2.3, 4))
        assert profile(synth.zipf(n, many, 1.5 * rng.random(), seed=seed)).kind == "independent"
        assert profile(synth.shuffled(n, int(rng.integers(2, 9)), seed=seed)).kind == "epochs"


def test_a_profile_is_the_same_each_time_and_for_any_names_of_the_items():
    trace = synth.markov(CHAIN, 5000, seed=3)
    first, again = profile(trace), profile(trace)
    assert first.numbers == again.numbers
    assert np.array_equal(first.overlap, again.overlap)
    wide = profile(Trace(trace.ids * np.int32(7), 2**31 - 1))
    assert wide.numbers == first.numbers
    assert wide.top["item"].tolist() == (7 * first.top["item"]).tolist()
    assert profile(trace, seed=1).numbers != first.numbers


def test_words():
    found = profile(synth.loop(100, 1000))
    assert found.facts()["looks like"] == "loop: after an item the same one follows as before in 100.0% of repeats"
    assert repr(found).startswith("<Profile of trace 'loop-100'>\naccesses: 1,000\nitems: 100 of 100\n")
    assert found.facts()["median reuse time"] == "91 … 107"
    assert profile(Trace([0, 1], 2)).facts()["median reuse time"] == "none"
    html = profile(Trace([0, 0], 1, "<b>"))._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<th>Zipf exponent</th>" in html


@pytest.mark.parametrize("bad", [None, [0, 1], np.array([0]), "trace"])
def test_what_is_no_trace(bad):
    with pytest.raises(TypeError, match=r"trace must be a Trace for analysis.profile, got"):
        analysis.profile(bad)
    with pytest.raises(ValueError, match="seed must be a whole number 0"):
        analysis.profile(Trace([0], 1), seed=-1)
