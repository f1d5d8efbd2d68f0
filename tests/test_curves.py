"""hit_curve(): whichever way the hits are counted, the rows are the same; and what bounds and estimates promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy import sparse
from strategies import traces, variants

from simcache import Trace, curves, hit_curve, simulate, synth
from simcache.tables import estimate_table
from simcache.theory import lru_shuffled

SKEWED = synth.zipf(3_000, 60_000, 0.9, seed=1)
EPOCHS = synth.shuffled(2_000, 10, seed=2)
ONE_PASS = [(name, params) for name, params in variants() if name in ("lru", "opt")]


@pytest.mark.parametrize(("name", "params"), ONE_PASS)
@pytest.mark.parametrize("trace", [SKEWED, EPOCHS], ids=["skewed", "epochs"])
def test_one_pass_gives_the_rows_of_a_run_each(name, params, trace, monkeypatch):
    sizes = [*range(1, 200), 777, trace.n_items - 1, trace.n_items, trace.n_items + 5, 2**40]
    whole = hit_curve(trace, name, sizes, **params)
    monkeypatch.setattr(curves, "has_one_pass", lambda *_: False)
    pd.testing.assert_frame_equal(whole, hit_curve(trace, name, sizes, **params))


@pytest.mark.parametrize(("name", "params"), ONE_PASS)
@given(trace=traces())
def test_every_size_of_any_trace(name, params, trace):
    if not len(trace):
        return
    sizes = range(1, trace.n_items + 3)
    assert hit_curve(trace, name, [*sizes] * 30, **params)["hits"].tolist()[: len(sizes)] == [
        simulate(trace, name, c, **params).sum() for c in sizes
    ]


@given(trace=traces())
def test_opts_curve_is_concave_from_one_and_with_bypass_from_none(trace):
    if not len(trace):
        return
    sizes = [*range(1, trace.n_items + 3)] * 30
    forced = hit_curve(trace, "opt", sizes)["hits"].to_numpy(int)[: trace.n_items + 2]
    bypass = hit_curve(trace, "opt", sizes, bypass=True)["hits"].to_numpy(int)[: trace.n_items + 2]
    assert (np.diff(forced, 2) <= 0).all()
    assert (np.diff(np.concatenate([[0], bypass]), 2) <= 0).all()


def test_rr_at_named_sizes_is_simulate_and_at_default_sizes_one_draw():
    named = hit_curve(EPOCHS, "rr", [100, 1000], seed=5)["hits"].tolist()
    assert named == [simulate(EPOCHS, "rr", c, seed=5).sum() for c in (100, 1000)]
    default = hit_curve(EPOCHS, "rr", seed=5)
    assert default["hits"].is_monotonic_increasing
    assert not default.equals(hit_curve(EPOCHS, "rr", seed=6))
    pd.testing.assert_frame_equal(default, hit_curve(EPOCHS, "rr", seed=5))


def test_a_sample_estimates_any_policy():
    big = synth.shuffled(50_000, 5, seed=3)
    sizes = [5_000, 25_000, 45_000]
    for policy, expected in (("lru", 0.8 * lru_shuffled([0.1, 0.5, 0.9])), ("pin", 0.8 * np.array([0.1, 0.5, 0.9]))):
        table = hit_curve(big, policy, sizes, sample=0.05, repeats=3)
        assert table["capacity"].tolist() == sizes
        assert not table["exact"].any()
        assert table["hits"].isna().all()
        assert table["hit_rate_warm"].isna().all()
        assert (table["low"] <= table["hit_rate"]).all()
        assert (table["hit_rate"] <= table["high"]).all()
        np.testing.assert_allclose(table["hit_rate"], expected, atol=0.012)  # 4 se of the three samples, measured
    again = hit_curve(big, "pin", sizes, sample=0.05, repeats=3)
    pd.testing.assert_frame_equal(again, table)
    assert not hit_curve(big, "lru", sizes, sample=0.05, seed=1).equals(hit_curve(big, "lru", sizes, sample=0.05))


def test_a_sample_of_all_items_is_the_curve_with_the_policys_own_seed():
    whole = hit_curve(EPOCHS, "rr", seed=5)
    sample = hit_curve(EPOCHS, "rr", seed=5, sample=0.9999)
    np.testing.assert_allclose(sample["hit_rate"], whole["hit_rate"], atol=1e-12)


def test_a_band_ends_at_none_and_at_all():
    sizes, rates = np.array([1, 2]), np.array([0.01, 0.98])
    table = estimate_table(EPOCHS, "lru", sizes, 0, 0, rates, np.array([0.04, 0.05]))
    assert table["low"].tolist() == [0, 0.98 - 0.05]
    assert table["high"].tolist() == [0.01 + 0.04, 1]


REFUSED = [
    ({"sample": 1.5}, "sample must be a share of the items in (0, 1), got 1.5"),
    ({"sample": 1}, "sample must be a share of the items in (0, 1), got 1"),
    ({"sample": 0.0}, "sample must be a share of the items in (0, 1), got 0.0"),
    ({"sample": True}, "sample must be a share of the items in (0, 1), got True"),
    ({"sample": 0.1, "repeats": 0}, "repeats must be a whole number >= 1, got 0"),
    ({"repeats": 3}, "repeats must be 1 without a sample, got 3"),
    ({"repeats": sparse.csr_array([[1]])}, "repeats must be a whole number >= 1, got <"),
    ({"capacities": np.array([3, 0])}, "capacity must be a whole number of items >= 1"),
    ({"capacities": np.array([1.5])}, "capacity must be a whole number of items >= 1"),
    ({"capacities": np.array([], int)}, "capacities must name at least one size"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_bad_input_is_refused(given, words):
    with pytest.raises((TypeError, ValueError)) as refused:
        hit_curve(EPOCHS, **{"policy": "opt", **given})
    assert words in str(refused.value)


def test_a_memory_map_is_read_where_it_lies(tmp_path):
    np.save(tmp_path / "ids.npy", SKEWED.ids)
    ids = np.load(tmp_path / "ids.npy", mmap_mode="r")
    trace = Trace(ids, SKEWED.n_items, SKEWED.name, source=SKEWED.source)
    assert np.shares_memory(trace.ids, ids)
    for policy in ("lru", "opt", "lfu"):
        pd.testing.assert_frame_equal(hit_curve(trace, policy, [10, 500]), hit_curve(SKEWED, policy, [10, 500]))
