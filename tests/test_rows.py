"""Several sizes in one pass against a run for each, to the request; and where rows are used, and how they end."""

from types import ModuleType

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS, traces

from simcache import Trace, counting, hit_curve, policies, pool, simulate, sweep, synth
from simcache.simulation import choose
from simcache.sweeps import tasks

SEVERAL = [name for name in policies.names() if hasattr(policies.load(name), "many")]
TRACE = synth.zipf(300, 5_000, 0.8, seed=1)
SIZES = [200, 3, 1, 90, 299, 300, 3, 40, 17, 2**40, 5, 2, 8, 120, 60, 30, 250, 12, 70, 33]


def one_by_one(trace, name, capacities, seed, start=0):
    hits = [simulate(trace, name, int(capacity), seed=seed) for capacity in capacities]
    return [[int(each[begin:].sum()) for each in hits] for begin in (0, start)]


def test_the_policies_that_count_several_sizes():
    assert SEVERAL == ["fifo", "rr"]


@pytest.mark.parametrize("name", SEVERAL)
@given(trace=traces(max_items=40, max_accesses=300), seed=SEEDS, data=st.data())
def test_each_size_is_simulate(name, trace, seed, data):
    capacities = np.array(sorted(data.draw(st.lists(st.integers(1, trace.n_items), min_size=1, max_size=16))))
    start = data.draw(st.integers(0, len(trace) + 2))
    found = policies.load(name).many(trace.ids, trace.n_items, capacities, np.uint64(seed), start)
    assert (found.dtype, found.tolist()) == (np.int64, one_by_one(trace, name, capacities, seed, start))


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("trace", [TRACE, synth.shuffled(2_000, 6, seed=2)], ids=["skewed", "epochs"])
def test_a_curve_and_a_sweep_by_rows_have_the_rows_of_a_run_each(name, trace, monkeypatch):
    def tables():
        seeds = {"seeds": [5, 2**64 - 1]} if name == "rr" else {}
        yield hit_curve(trace, name, SIZES, seed=5, warmup=1_000)
        yield hit_curve(trace, name, SIZES[:16], seed=5)
        yield sweep([trace], [name, "clock"], capacities=sorted({*SIZES}), warmup=1_000, **seeds)
        yield sweep([trace], [name], [0.5, 0.001, 0.0015, 0.9, 1.0, 0.1, 0.2, 0.3], **seeds)

    by_rows = list(tables())
    lone = []
    count = counting.count
    monkeypatch.setattr(counting, "count", lambda chosen, *rest: lone.append(chosen.label) or count(chosen, *rest))
    for by, again in zip(by_rows, tables(), strict=True):
        pd.testing.assert_frame_equal(by, again)
    assert name not in lone
    monkeypatch.setattr(counting, "MOST_ITEMS", 1)
    for by, each in zip(by_rows, tables(), strict=True):
        pd.testing.assert_frame_equal(by, each)
    assert lone.count(name) >= len(SIZES) + 16 + 10


def test_rows_are_of_similar_sizes_and_leave_no_worker_idle():
    fifo, rr = choose("fifo"), choose("rr")
    given = [(100, 2), (16, 2), (100, 64), (8, 2), (5, 8), (3, 1)]
    assert [counting.row_length(fifo, *each) for each in given] == [15, 8, 9, 8, 5, 1]
    assert [counting.row_length(rr, *each) for each in given] == [15, 8, 9, 8, 1, 1]
    assert counting.row_length(choose("lru"), 100, 1) == counting.row_length(fifo, 100, 1, weighed=True) == 1
    places = counting.rows(np.array([9, 1, 8, 2, 7]), 3, 10, 20)
    assert [place.tolist() for place in places] == [[1, 3, 4], [2, 0]]
    assert len(counting.rows(np.array([9, 1, 8, 2, 7]), 3, 10, 19)) == 5


@numba.njit
def held_below(ids, n_items, capacity, seed, step=1, low=0):
    return (ids < step * capacity) & (ids >= low)


@numba.njit
def many_below(ids, n_items, capacities, seed, start, step=1):
    return np.full((2, capacities.size), step * 1000)


def test_a_count_of_many_takes_what_it_asks_for_and_knows_no_other_values():
    mine = ModuleType("below")
    mine.kernel, mine.many = held_below, many_below
    assert hit_curve(TRACE, mine, [1, 2], step=3)["hits"].tolist() == [3000, 3000]
    each = [int(((TRACE.ids < 3 * c) & (TRACE.ids >= 1)).sum()) for c in (1, 2)]
    assert hit_curve(TRACE, mine, [1, 2], step=3, low=1)["hits"].tolist() == each
    assert hit_curve(TRACE, mine, [1], step=3)["hits"].tolist() == [int((TRACE.ids < 3).sum())]


def test_a_sample_is_counted_by_rows(monkeypatch):
    big = synth.shuffled(5_000, 4, seed=3)
    by_rows = hit_curve(big, "fifo", [100, 500, 2_000, 3_000], sample=0.2)
    monkeypatch.setattr(counting, "MOST_ITEMS", 1)
    pd.testing.assert_frame_equal(by_rows, hit_curve(big, "fifo", [100, 500, 2_000, 3_000], sample=0.2))


def test_with_sizes_each_has_its_bytes():
    trace = Trace(TRACE.ids, TRACE.n_items, sizes=np.arange(1, 301))
    for table in (hit_curve(trace, "fifo", [5, 50, 100]), sweep([trace], ["fifo"], capacities=[5, 50, 100])):
        assert table["hits"].tolist() == one_by_one(TRACE, "fifo", [5, 50, 100], 0)[0]
        assert table["byte_hit_rate"].notna().all()


def test_an_interrupted_curve_keeps_the_rows_that_ended(monkeypatch):
    row = counting.count_row

    def until(chosen, ids, n_items, capacities, *rest):
        if capacities.max() > 100:
            raise KeyboardInterrupt
        return row(chosen, ids, n_items, capacities, *rest)

    monkeypatch.setattr(counting, "count_row", until)
    monkeypatch.setattr(counting, "threads", lambda: 4)
    with pytest.raises(KeyboardInterrupt) as stopped:
        hit_curve(TRACE, "fifo", SIZES)
    table = stopped.value.table
    small = [size for size in SIZES if size <= 33]
    assert table["capacity"].tolist() == small
    assert table["hits"].tolist() == one_by_one(TRACE, "fifo", small, 0)[0]


def test_a_stopped_sweep_keeps_the_rows_of_lanes_that_ended(monkeypatch):
    row = tasks.count_row
    done = []

    def once(chosen, ids, n_items, capacities, *rest):
        if done:
            raise KeyboardInterrupt
        done.extend(capacities.tolist())
        return row(chosen, ids, n_items, capacities, *rest)

    monkeypatch.setattr(tasks, "count_row", once)
    monkeypatch.setattr(pool, "threads", lambda: 1)
    with pytest.raises(KeyboardInterrupt) as stopped:
        sweep([TRACE], ["fifo"], capacities=range(1, 41))
    assert done == list(range(1, len(done) + 1))
    assert len(done) in (13, 14, 16)
    assert stopped.value.table["capacity"].tolist() == done
    assert stopped.value.table["hits"].tolist() == one_by_one(TRACE, "fifo", done, 0)[0]
