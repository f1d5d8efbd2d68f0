"""OPT, live: fed bit by bit, it tells what `simulate` tells of the whole."""

import copy
import pickle
import sys
from functools import partial
from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import traces

from simcache import Hindsight, Trace, hindsight, numbering, simulate, synth

KINDS = {
    "integers": lambda ids: ids.astype(np.int64) * (2**61 // 50) - 2**60,
    "bytes": lambda ids: ids.astype(np.uint8),
    "large": lambda ids: ids.astype(np.uint64) + np.uint64(2**64 - 1000),
    "list": lambda ids: ids.tolist(),
    "texts": lambda ids: [f"item {i}" for i in ids],
    "pairs": lambda ids: [(int(i) // 2, f"{i % 2}") for i in ids],
    "floats": lambda ids: ids / 2,
    "dates": lambda ids: np.datetime64("2026-01-01") + ids,
    "series": lambda ids: pd.Series(ids),
    "iterator": lambda ids: iter(ids.tolist()),
}


def fed(opt, keys, cuts):
    return np.concatenate([opt.feed(part) for part in np.split(keys, cuts)])


@given(
    trace=traces(),
    capacity=st.integers(1, 12) | st.just(2**40),
    bypass=st.booleans(),
    cuts=st.lists(st.integers(0, 60), max_size=8).map(sorted),
    renewed=st.booleans(),
)
def test_however_it_is_cut_it_tells_what_simulate_tells(trace, capacity, bypass, cuts, renewed):
    opt = Hindsight(capacity, bypass=bypass)
    expected = simulate(trace, "opt", capacity, bypass=bypass)
    hits = []
    for part in np.split(trace.ids, cuts):
        hits += opt.feed(part).tolist()
        if renewed:
            opt._renew(0, 0)
    assert hits == expected.tolist()
    assert (opt.accesses, opt.hits) == (len(trace), expected.sum())
    assert np.isnan(opt.hit_rate) if not len(trace) else opt.hit_rate == expected.mean()


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("capacity", [1, 2, 100, 9000, 10**6])
@pytest.mark.parametrize(
    "trace",
    [
        synth.zipf(10**5, 300_000, 0.9, seed=3),
        synth.shuffled(10_000, 8, seed=3),
        synth.ring(12_000, 100_000, 0.1, seed=3),
        synth.repeat(synth.loop(9_001, 60_000), 0.3, seed=3),
    ],
    ids=lambda trace: trace.source["generator"],
)
def test_a_long_stream_is_told_alike(trace, capacity, bypass):
    """So long that the axis fills up, items are forgotten, and more are known than there was room for at first."""
    opt = Hindsight(capacity, bypass=bypass)
    cuts = np.cumsum(np.random.default_rng(1).integers(0, 30_000, 60))
    hits = fed(opt, trace.ids.astype(np.int64) * 977 - 5, cuts)
    assert (hits == simulate(trace, "opt", capacity, bypass=bypass)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bypass", [False, True])
def test_keys_of_any_kind(kind, bypass):
    ids = (50 * np.random.default_rng(5).random(3000) ** 2).astype(np.int32)
    opt = Hindsight(7, bypass=bypass)
    hits = np.concatenate([opt.feed(KINDS[kind](part)) for part in np.split(ids, [1, 1, 700, 701, 2500])])
    assert (hits == simulate(Trace(ids, 50), "opt", 7, bypass=bypass)).all()


def test_equal_keys_are_one_item_in_whichever_call_they_come():
    opt = Hindsight(10)
    assert opt.feed(np.array([2**64 - 1], np.uint64)).tolist() == [False]
    assert opt.feed(np.array([-1])).tolist() == [False]
    opt = Hindsight(10)
    assert opt.feed(np.array([3, 1, -4])).tolist() == [False] * 3
    assert opt.feed([1.0, True, "a", (2, 3)]).tolist() == [True, True, False, False]
    assert opt.feed(np.array([3, -4, 2**40], np.int64)).tolist() == [True, True, False]
    assert opt.feed(np.array([2**40, 2**63], np.uint64)).tolist() == [True, False]
    assert opt.feed([np.int8(3), "a", (2.0, 3), 2**63]).tolist() == [True] * 4
    dated = Hindsight(10)
    assert dated.feed(np.array([5, 6], "M8[D]")).tolist() == [False, False]
    assert dated.feed(np.array([5, 6])).tolist() == [False, False]
    assert dated.feed(np.array(["1970-01-06T00", "1970-01-06T01"], "M8[h]")).tolist() == [True, False]


def test_room_for_a_long_call_is_given_back():
    opt = Hindsight(10**6)
    assert opt.feed(np.arange(60_000) % 20)[20:].all()
    long = bytes_of(opt)
    assert all(opt.feed(np.arange(1000) % 20).all() for _ in range(200))
    assert bytes_of(opt) < long / 2
    assert opt.feed(np.arange(40)).tolist() == [True] * 20 + [False] * 20


def bytes_of(opt):
    arrays = [*opt._axis, opt._numbering._keys, opt._numbering._table]
    return sum(array.nbytes for array in arrays)


def test_memory_is_that_of_items_that_can_still_hit():
    """Items change for good every 50,000 accesses: 2 million of them, of which few can still hit at any time."""
    rng = np.random.default_rng(2)
    opt = Hindsight(500)
    most = []
    for epoch in range(40):
        for _ in range(5):
            opt.feed(rng.zipf(1.2, 10_000).clip(0, 50_000) + 50_000 * epoch)
            most.append(bytes_of(opt))
    assert opt.accesses == 2_000_000
    assert 0.5 < opt.hit_rate < 0.9
    assert opt._numbering.size < 30_000
    assert max(most) < 1e6  # 24 bytes and more for each of 2 million items would be 48 MB
    texts = Hindsight(500)
    for k in range(300):
        texts.feed([str(key) for key in rng.integers(0, 1000, 1000) + 1000 * (k // 10)])
    assert len(texts._numbering._known) == texts._numbering.size < 10_000 < 30_000


def test_a_stream_in_which_nothing_comes_back_is_remembered_whole():
    opt = Hindsight(1, bypass=True)
    assert not opt.feed(np.arange(100_000)).any()
    assert opt.feed([0]).tolist() == [True]  # the one place was free for any of them
    assert not opt.feed(np.arange(1, 100_000)).any()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda opt: pickle.loads(pickle.dumps(opt))])
@pytest.mark.parametrize("kind", ["integers", "texts"])
def test_a_copy_carries_on(again, kind):
    ids = np.random.default_rng(6).integers(0, 40, 900)
    expected = simulate(Trace(ids, 40), "opt", 9)
    opt = Hindsight(9)
    first = opt.feed(KINDS[kind](ids[:300]))
    other = again(opt)
    for each in (opt, other):
        assert (np.append(first, each.feed(KINDS[kind](ids[300:]))) == expected).all()
    assert repr(opt) == repr(other) == f"<Hindsight: OPT of 9 items, {expected.sum()} hits of 900 accesses>"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"capacity": 0}, ValueError, "capacity must be a whole number of items >= 1 for Hindsight, got 0"),
        ({"capacity": 2.0}, TypeError, "capacity must be a whole number of items >= 1 for Hindsight, got 2.0"),
        ({"capacity": "1 GB"}, TypeError, "capacity must be a whole number of items"),
        ({"capacity": 2, "bypass": 1}, TypeError, "bypass must be True or False for Hindsight, got 1"),
    ],
)
def test_what_it_is_made_with_is_checked(given, error, says):
    with pytest.raises(error, match=says):
        Hindsight(**given)


@pytest.mark.parametrize(
    ("keys", "error", "says"),
    [
        ("ab", TypeError, "keys must be a list, an array or another iterable for Hindsight, in order of access"),
        (7, TypeError, "keys must be a list, an array or another iterable for Hindsight, got 7"),
        ({1, 2}, TypeError, "a set has each key once"),
        ([1, 2, [3]], TypeError, r"keys must be hashable for Hindsight, got \[3\] at position 2"),
        ([1, None], TypeError, "keys must not be None for Hindsight, got None at position 1"),
        ([1, 2.5, float("nan")], ValueError, "keys must not be NaN for Hindsight, got nan at position 2"),
        (np.zeros((2, 2), int), ValueError, r"keys must be one-dimensional for Hindsight, got shape \(2, 2\)"),
        (np.array([1, np.nan]), ValueError, "keys must not be NaN for Hindsight"),
    ],
)
def test_what_is_refused_was_not_taken(keys, error, says):
    opt = Hindsight(3)
    opt.feed([1, 2])
    with pytest.raises(error, match=says):
        opt.feed(keys)
    assert (opt.accesses, opt.hits) == (2, 0)
    assert opt.feed([2, 1, 3]).tolist() == [True, True, False]


def test_its_numbers_are_read_alone():
    opt = Hindsight(np.int64(5), bypass=np.True_)
    assert (opt.capacity, opt.bypass, opt.accesses, opt.hits) == (5, True, 0, 0)
    assert opt.feed([]).shape == (0,)
    assert hindsight.Hindsight is Hindsight
    with pytest.raises(AttributeError):
        opt.capacity = 6


def stopped_at(line, call, error):
    """Whether `call` ended before so many lines of what tells hits and numbers keys had begun; there it is stopped."""
    files = {hindsight.__file__, numbering.__file__}
    left = line

    def tracer(frame, event, argument):
        nonlocal left
        left -= event == "line" and frame.f_code.co_filename in files
        if left < 0:
            raise error
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        call()
    except error:
        return False
    finally:
        sys.settrace(before)
    return True


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("kind", ["integers", "texts"])
def test_wherever_a_call_is_stopped_the_counts_say_what_was_taken(kind, error, monkeypatch):
    """As a call does that finds the axis full; what was not taken comes again."""

    def call(opt):
        opt._renew(0, 0)
        opt.feed(KINDS[kind](ids[200:220]))

    monkeypatch.setattr(hindsight, "SPARE", 4)
    monkeypatch.setattr(hindsight, "PIECE", 8)
    ids = np.repeat((60 * np.random.default_rng(4).random(200) ** 2).astype(np.int64), 2)
    expected = simulate(Trace(ids, 60), "opt", 3)
    for line in count():
        opt = Hindsight(3)
        opt.feed(KINDS[kind](ids[:200]))
        ended = stopped_at(line, partial(call, opt), error)
        assert opt.accesses == 220 if ended else opt.accesses in {200, 208, 216, 220}
        assert opt.hits == expected[: opt.accesses].sum()
        rest = expected[opt.accesses :].tolist()
        assert (
            np.concatenate([opt.feed(KINDS[kind](part)) for part in np.split(ids[-len(rest) :], [3, 50])]).tolist()
            == rest
        )
        if ended:
            break
    assert line > 20


def test_a_call_may_have_many_more_accesses_than_items():
    opt = Hindsight(2)
    assert opt.feed(["a", "b"] * 20_000)[2:].all()


def test_an_axis_that_shrinks_keeps_every_place_on_it():
    """An item that came last, for the first time, before room for a long call is given back, and then again."""
    opt = Hindsight(10**6)
    opt.feed(np.zeros(hindsight.PIECE, int))
    while opt._axis[3][hindsight.NEWEST] > 1000:
        opt.feed(np.arange(1000) % 2)
    long = opt._axis[0].size
    opt.feed([5])
    opt.feed(np.full(1001, 5))
    assert opt._axis[0].size < long / 2
    last, _, _, now = opt._axis
    assert (last[: opt._numbering.size] <= now[hindsight.FIRST]).all()
    assert opt.feed([5, 0, 1, 2, 5]).tolist() == [True, True, True, False, True]
