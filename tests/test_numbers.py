"""Whole numbers of any width, in any holder: what is legal runs, what is not is refused, nothing wraps."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from strategies import lets_all_in

from simcache import Trace, explain, hit_curve, policies, simulate, sweep, synth, theory
from simcache.arrays import saturated, whole_numbers
from simcache.loader import Costs, Loader, deal, per_cache, simulate_loader, speedups

TRACE = Trace([0, 1, 2, 3, 0, 1, 2, 3], 4, epochs=(0, 4))
LOADER = Loader(2)
WIDE = (2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**400)


def test_whole_numbers_in_any_holder():
    for given, want in (
        ([1, 2], [1, 2]),
        ([], []),
        (np.empty(0), []),
        (np.array([1, 2], np.uint8), [1, 2]),
        ([2**63, -1], [2**63, -1]),
        ([np.uint64(2**64 - 1), np.int64(5)], [2**64 - 1, 5]),
        ([[2**70, 1]], [[2**70, 1]]),
        (5, 5),
    ):
        assert whole_numbers(given).tolist() == want
    for given in ([1.0], np.array([1.0]), [True], np.array([2, True], object), ["1"], [None], [2**70, 1.5]):
        assert whole_numbers(given) is None


def test_saturated():
    for kind in "bBhHiIlLqQ":
        most = np.iinfo(kind).max
        assert saturated(np.array([0, most], kind)).tolist() == [0, min(int(most), 2**63 - 1)]
    assert saturated(np.array([3, 2**70], object)).tolist() == [3, 2**63 - 1]


@pytest.mark.parametrize("capacity", WIDE)
@pytest.mark.parametrize("name", policies.names())
def test_a_cache_of_any_size_holds_everything(name, capacity):
    every = 4 if lets_all_in(name) else simulate(TRACE, name, 4).sum()
    assert simulate(TRACE, name, capacity).sum() == every
    assert simulate_loader(TRACE, LOADER, name, capacity).sum() == every
    given = [[capacity], (capacity, 1)]
    given += [np.array([capacity], np.uint64), np.array([1, capacity], np.uint64)] if capacity < 2**64 else []
    for sizes in given:
        table = hit_curve(TRACE, name, sizes)
        assert table["hits"].max() == every
        assert table["capacity"].max() == min(capacity, 2**63 - 1)
        if lets_all_in(name):
            assert hit_curve(TRACE, name, sizes, sample=0.5)["hit_rate"].max() == 0.5


@pytest.mark.parametrize("capacity", WIDE)
def test_a_loader_with_caches_of_any_size(capacity):
    dealt = deal(TRACE, LOADER)
    hits = simulate_loader(TRACE, LOADER, "lru", capacity)
    assert per_cache(dealt, LOADER, hits, capacity)["evictions"].tolist() == [0]
    table = speedups(TRACE, LOADER, "lru", capacity, Costs(0, 1, 0, 1))
    assert table["capacity"].tolist() == [min(capacity, 2**63 - 1)] * 2 + [TRACE.n_items]
    for loader, trace in (
        (LOADER, TRACE),
        (Loader(2, 2), TRACE),
        (LOADER, synth.uniform(5, 50)),
        (LOADER, synth.zipf(5, 50, 1)),
    ):
        found = explain(trace, loader, capacity, costs=Costs(0, 1, 0, 1))
        assert found.verdict in ("no_evictions", "dying")
        assert found.setting["capacity"] == capacity
        assert str(found)
        assert found.to_json()


@pytest.mark.parametrize("capacity", WIDE)
def test_theory_of_any_size(capacity):
    weights, chain = [3.0, 2.0, 1.0], np.full((3, 3), 1 / 3)
    for form in (theory.lru_irm, theory.lfu_irm, theory.opt_irm, theory.fifo_irm, theory.pin_irm, theory.rr_irm):
        assert form(weights, [1, capacity])[1] == 1
    for form in (theory.lru_markov, theory.opt_markov, theory.lru_markov_exact, theory.rr_markov_exact):
        assert form(chain, [np.int64(1), capacity])[1] == 1


def test_capacities_in_any_holder():
    want = hit_curve(TRACE, "lru", [1, 4])
    for given in (
        pd.Series([1, 4], index=[4, 5]),
        np.array([1, 4], ">i8"),
        np.array([1, 4], object),
        (1, np.uint64(4)),
    ):
        assert_frame_equal(hit_curve(TRACE, "lru", given), want)
    for given, message in (
        (np.ma.array([1, 4], mask=[0, 1]), "capacities must not be masked for trace 'trace'"),
        (np.array([1.0, 4.0]), r"capacity must be a whole number .*, got np.float64\(1.0\)"),
        (pd.DataFrame({"a": [1], "b": [2]}), "capacities must be one column"),
        (np.array([0, 2**64 - 1], np.uint64), r"capacity must be a whole number of items >= 1 .*, got np.uint64\(0\)"),
        ([2**64, -(2**64)], "capacity must be a whole number of items >= 1 .*, got -18446744073709551616"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            hit_curve(TRACE, "lru", given)


def test_a_warm_up_of_any_length_leaves_nothing():
    for warmup in (8, *WIDE):
        for name in policies.names():
            for row in (
                hit_curve(TRACE, name, [2], warmup=warmup).iloc[0],
                hit_curve(TRACE, name, warmup=warmup).iloc[0],
                sweep([TRACE], [name], [0.5], warmup=warmup).iloc[0],
            ):
                assert np.isnan(row["hit_rate_warm"])
                assert row["warmup"] == min(warmup, 2**31 - 1)


def test_wide_numbers_of_the_source_in_one_table():
    traces = [synth.shuffled(5, 2, seed=2**64 - 1), synth.loop(5, 10)]
    seeds = sweep(traces, ["lru"], [0.5])["trace_seed"]
    assert seeds.dtype == "UInt64"
    assert seeds[0] == 2**64 - 1
    assert seeds.isna().tolist() == [False, True]
    mixed = [Trace([0], 1, str(k), source={} if k is None else {"k": k}) for k in (None, -1, 2**64 - 1)]
    assert sweep(mixed, ["lru"], [1.0])["k"].tolist()[1:] == [-1, 2**64 - 1]


@pytest.mark.parametrize("wide", [2**63, 2**64, 10**400])
@pytest.mark.parametrize(
    "call",
    [
        lambda wide: hit_curve(TRACE, "lru", sample=0.5, repeats=wide),
        lambda wide: hit_curve(TRACE, "lru", sample=wide),
        lambda wide: sweep([TRACE], ["lru"], [wide]),
        lambda wide: simulate(TRACE, "opt", 2, bypass=wide),
        lambda wide: Costs(0, wide, 0, 0) if wide > 2**64 else Costs(0, -wide, 0, 0),
        lambda wide: Trace([0], wide),
        lambda wide: Trace([wide], 2),
        lambda wide: Trace([0], 1, epochs=[0, wide]),
        lambda wide: Trace([0], 1, source={"k": 2 * wide}),
        lambda wide: synth.uniform(wide, 1),
        lambda wide: synth.uniform(1, wide),
        lambda wide: synth.shuffled(2, wide),
        lambda wide: synth.zipf(2, 2, 1, seed=2 * wide),
        lambda wide: synth.shuffle_buffer(2, 2, wide),
        lambda wide: synth.ring(2, 2, wide),
        lambda wide: Loader(wide),
        lambda wide: simulate(TRACE, "lru", 1, seed=2 * wide),
        lambda wide: simulate(TRACE, "lru", -wide),
    ],
)
def test_what_no_number_so_wide_can_be(call, wide):
    with pytest.raises((TypeError, ValueError)) as refused:
        call(wide)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700
