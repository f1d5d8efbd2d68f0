"""Means over seeds and their intervals: what is averaged, what is refused, and the numbers against SciPy's own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simcache import Trace, sweep, synth
from simcache.seeds import is_seed, means, names


def test_what_a_seed_is():
    assert [c for c in ("seed", "trace_seed", "repeat_seed", "seeds", "alpha", "reseed") if is_seed(c)] == [
        "seed", "trace_seed", "repeat_seed",
    ]  # fmt: skip


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_is_students(rates):
    table = pd.DataFrame({"fraction": 0.5, "trace_seed": range(len(rates)), "hit_rate": rates})
    [found] = means(table, ["fraction"], "hit_rate").itertuples()
    assert found.n == len(rates)
    assert found.mean == pytest.approx(np.mean(rates))
    if (error := stats.sem(rates)) > 1e-9:
        low, high = stats.t.interval(0.95, len(rates) - 1, np.mean(rates), error)
        assert found.half == pytest.approx((high - low) / 2)
        assert (found.low, found.high) == pytest.approx((max(low, 0), min(high, 1)))


def test_traces_are_the_sample_and_policy_seeds_are_within_them():
    rates = {(0, 0): 0.1, (0, 1): 0.3, (1, 0): 0.4, (1, 1): 0.6, (2, 0): 0.8}  # one trace has one policy seed only
    rows = [{"size": 1, "trace_seed": t, "seed": s, "hit_rate": rate} for (t, s), rate in rates.items()]
    [found] = means(pd.DataFrame(rows), ["size"], "hit_rate").itertuples()
    each = [0.2, 0.5, 0.8]
    assert (found.mean, found.n) == (pytest.approx(0.5), 3)
    assert found.half == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(each))
    [one] = means(pd.DataFrame(rows[:2]), ["size"], "hit_rate").itertuples()  # one trace: its policy seeds
    assert (one.mean, one.n) == (pytest.approx(0.2), 2)
    assert one.half == pytest.approx(stats.t.ppf(0.975, 1) * stats.sem([0.1, 0.3]))


def test_one_row_has_no_interval_but_its_own_bounds():
    table = pd.DataFrame({"size": [1, 2], "hit_rate": [0.5, 0.6], "low": [0.4, 0.6], "high": [0.7, 0.6]})
    found = means(table, ["size"], "hit_rate")
    assert found["half"].tolist() == [0, 0]
    assert found[["low", "high"]].to_numpy().tolist() == [[0.4, 0.7], [0.6, 0.6]]


@pytest.mark.parametrize(("half", "wide"), [(0.001, stats.t.ppf(0.975, 1) * 0.01), (0.3, 0.3)])
def test_the_band_is_the_wider_of_interval_and_bounds(half, wide):
    rates = np.array([0.49, 0.51])
    table = pd.DataFrame({"size": 1, "seed": [0, 1], "hit_rate": rates, "low": rates - half, "high": rates + half})
    found = means(table, ["size"], "hit_rate").iloc[0]
    assert (found.low, found.high) == (pytest.approx(0.5 - wide), pytest.approx(0.5 + wide))


@pytest.mark.parametrize(
    "called", [lambda s: "t", lambda s: f"run-{s}", lambda s: f"run seed={s}", lambda s: f"1.0-s{s}.npz", str]
)
def test_traces_whose_names_differ_by_seed_only_are_one(called):
    ids = synth.zipf(50, 500, 1.0, seed=1).ids
    traces = [Trace(ids[k:], 50, called(k), source={"trace_seed": k}) for k in range(3)]
    table = sweep(traces, ["lru"], [0.1, 0.5]).assign(accesses=500)
    found = means(table, ["policy", "fraction"], "hit_rate")
    assert found["n"].tolist() == [3, 3]
    np.testing.assert_allclose(found["mean"], table.groupby("fraction")["hit_rate"].mean())


def test_traces_without_a_seed_may_stand_beside_those_with_one():
    with_one = pd.DataFrame({"trace": ["run-3", "run-4"], "trace_seed": [3, 4]})
    joined = pd.concat([with_one, pd.DataFrame({"trace": ["loop", "loop"]})])  # whose seeds are NaN, and others floats
    assert names(joined).tolist() == ["run-*", "run-*", "loop", "loop"]


def test_a_name_that_says_seed_needs_no_column():
    table = pd.DataFrame({"trace": ["mine-seed0", "mine-seed1", "other"], "size": 1, "hit_rate": [0.2, 0.4, 0.9]})
    assert names(table).tolist() == ["mine-seed*", "mine-seed*", "other"]
    assert means(table[:2], ["size"], "hit_rate")["mean"].tolist() == [pytest.approx(0.3)]


@pytest.mark.parametrize(
    "given",
    [
        (["zipf-0.1", "zipf-0.2"], [1, 2]),  # a parameter's digits are no seed
        (["zipf-1.5", "zipf-2.5"], [1, 2]),
        (["a", "b"], [0, 1]),
        (["run-10", "run-20"], [0, 0]),
        (["run-1", "walk-2"], [1, 2]),
    ],
)
def test_other_names_stay_apart(given):
    table = pd.DataFrame({"trace": given[0], "trace_seed": given[1], "size": 1, "hit_rate": 0.5})
    assert names(table).tolist() == given[0]
    with pytest.raises(ValueError, match="must differ by seeds alone, for size=1; got 2 rows with trace "):
        means(table, ["size"], "hit_rate")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"alpha": [0, 1], "trace_seed": [0, 1]}, "alone, for policy 'lru' at size=1; got 2 rows with alpha 0, 1"),
        ({"accesses": [10, 20], "trace_seed": [0, 1]}, "2 rows with accesses 10, 20"),
        ({"capacity": [5, 6], "trace_seed": [0, 1]}, "2 rows with capacity 5, 6"),
        ({"exact": [True, False], "seed": [0, 1]}, "2 rows with exact True, False"),
        ({"jump": [np.nan, 0.5], "trace_seed": [0, 1]}, "2 rows with jump nan, 0.5"),
        ({"seed": [3, 3]}, "by their seeds, for policy 'lru' at size=1; got 2 rows with seed 3, 3"),
        ({}, "by their seeds, for policy 'lru' at size=1; got 2 rows with no column of seeds"),
    ],
)  # fmt: skip
def test_nothing_is_averaged_over_a_parameter(more, said):
    table = pd.DataFrame({"size": [1, 1], "hit_rate": [0.4, 0.6], **more})
    with pytest.raises(ValueError, match=said):
        means(table, ["size"], "hit_rate", "policy 'lru'")


def test_two_fractions_of_one_capacity_count_once():
    table = pd.DataFrame(
        {"capacity": 1, "fraction": [0.1, 0.11] * 2, "trace_seed": [0, 0, 1, 1], "hit_rate": [0.2, 0.2, 0.4, 0.4]}
    )
    [found] = means(table, ["capacity"], "hit_rate").itertuples()
    assert (found.n, found.mean) == (2, pytest.approx(0.3))


def test_a_column_of_seeds_among_the_keys_is_not_averaged():
    table = pd.DataFrame({"size": 1, "trace_seed": [0, 1], "hit_rate": [0.2, 0.4]})
    assert means(table, ["size", "trace_seed"], "hit_rate")["mean"].tolist() == [0.2, 0.4]
