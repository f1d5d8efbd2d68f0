"""A sweep that is stopped, killed, or fails in part: what it keeps, what it says, and how it goes on."""

import os
import signal
import sys
import threading
from functools import partial
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import tqdm
from scipy import sparse
from swept import counted, lines, made, prepared, ran, tell

from simcache import Trace, counting, hit_curve, pool, store, sweep, synth
from simcache.sweeps import sweeping, tally, threads
from simcache.trace import COLUMNS

GRID = """
table = sweep(traces(FOLDER, 8), ["lru", own, "rr"], [0.1, 0.5], seeds=[1, 2], store=FOLDER / "store", progress=False)
table.to_parquet(FOLDER / "table.parquet")
"""


def test_sizes_of_a_policy_with_a_curve_are_counted_in_one_pass(monkeypatch):
    replays = []
    replay = counting.replay
    monkeypatch.setattr(
        counting, "replay", lambda chosen, *given: replays.append(chosen.label) or replay(chosen, *given)
    )
    trace = synth.zipf(100, 500, 1.0)
    sweep([trace], ["lru", "opt", "rr", "fifo", "clock"], capacities=range(1, 26))
    assert {label: replays.count(label) for label in replays} == {"clock": 25}
    replays.clear()
    sweep([trace], ["lru", "opt"], capacities=[1, 2])
    assert len(replays) == 4


def test_a_curve_counts_where_it_is_the_kernel_s_own(monkeypatch):
    module = ModuleType("notebook")
    exec("import numba\n@numba.njit\ndef mine(ids, n_items, capacity, seed):\n    return ids < capacity", vars(module))
    module.mine.py_func.__module__ = "notebook"
    module.curve = "a table of the user's"
    monkeypatch.setitem(sys.modules, "notebook", module)
    trace = synth.zipf(100, 500, 1.0)
    counts = [int((trace.ids < size).sum()) for size in (1, 5)]
    for table in (sweep([trace], [module.mine], capacities=[1, 5]), hit_curve(trace, module.mine, [1, 5])):
        assert table["hits"].tolist() == counts


# ---------------------------------------------------------------- killed


def test_a_killed_sweep_goes_on_where_it_was(tmp_path):
    whole = prepared(tmp_path / "whole")
    ran(whole, GRID)
    folder = prepared(tmp_path / "killed", _5="kill")
    ran(folder, GRID, status=-signal.SIGKILL)
    kept = counted(folder / "store")
    assert 0 < len(kept) < 64
    assert not (folder / "table.parquet").exists()
    tell(folder)
    ran(folder, GRID)
    again = counted(folder / "store")
    assert len(again) == 64
    assert again.keys() > kept.keys()
    assert set(again.values()) == {1}
    tables = [pd.read_parquet(each / "table.parquet") for each in (whole, folder)]
    pd.testing.assert_frame_equal(*tables)
    n = len(made(folder))
    ran(folder, GRID)
    assert len(made(folder)) == n  # all stored: no trace is made


# ---------------------------------------------------------------- stopped


@pytest.fixture
def stop(monkeypatch):
    """The event that says that a sweep is to stop, and Ctrl-C as Python has it."""
    event = threading.Event()
    monkeypatch.setattr(sweeping, "Event", lambda: event)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield event
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("workers", [1, 3])
def test_ctrl_c_waits_for_the_replays_under_way_and_no_more(tmp_path, monkeypatch, stop, workers):
    monkeypatch.setattr(pool, "threads", lambda: workers)
    replay, begun, after = counting.replay, [], []

    def stopping(*given):
        (after if stop.is_set() else begun).append(given)
        if len(begun) == 5 and not after:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.wait(30)
        return replay(*given)

    trace, sizes = synth.zipf(1_000, 20_000, 1.0), range(1, 65)
    whole = sweep([trace], ["clock"], capacities=sizes)
    monkeypatch.setattr(counting, "replay", stopping)
    with pytest.raises(KeyboardInterrupt) as stopped:
        sweep([trace], ["clock"], capacities=sizes, store=tmp_path)
    monkeypatch.setattr(counting, "replay", replay)
    assert len(after) <= workers - 1
    ended = len(begun) + len(after)
    note, hint = stopped.value.__notes__
    assert note == f"sweep stopped after {ended} of 64 cells; the same call goes on from what is stored"
    assert "sys.last_value.table" in hint
    assert len(stopped.value.table) == len(counted(tmp_path)) == ended
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    stop.clear()
    pd.testing.assert_frame_equal(sweep([trace], ["clock"], capacities=sizes, store=tmp_path), whole)
    assert set(counted(tmp_path).values()) == {1}


def test_a_second_ctrl_c_does_not_wait(stop):
    with sweeping._heeding(stop):
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_not_ours_is_left_alone(stop):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with sweeping._heeding(stop):
        signal.raise_signal(signal.SIGINT)
    assert not stop.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_sweep_may_run_on_any_thread():
    tables = []
    thread = threading.Thread(target=lambda: tables.append(sweep([synth.loop(5, 9)], ["lru"], [0.5])))
    thread.start()
    thread.join()
    assert len(tables[0]) == 1


# ---------------------------------------------------------------- failed

BROKEN = [3]  # what does not work yet


def make(seed):
    if seed in BROKEN:
        raise ValueError(f"no {seed}\nfor reasons")
    if seed == 8:
        return Trace([], 5, "empty")
    return 8 if seed == 9 else synth.zipf(50, 500, 1.0, seed=seed)


def test_what_fails_is_a_row_and_is_tried_again(tmp_path, monkeypatch):
    traces, given = [partial(make, seed) for seed in range(5)], (["lru", "rr"], [0.1, 0.5])
    whole = sweep([trace for trace in traces if trace.args != (3,)], *given)
    for kept in (None, tmp_path, tmp_path):
        again = "" if kept is None else "; the same call tries them again"
        words = rf"^4 of 20 cells failed, the first of ValueError: no 3; see the column `error`{again}$"
        with pytest.warns(RuntimeWarning, match=words):
            table = sweep(traces, *given, store=kept)
        assert list(table.columns) == [*COLUMNS, "generator", "alpha", "trace_seed", "error"]
        failed = table[table["error"].notna()]
        assert failed["error"].unique().tolist() == ["ValueError: no 3"]
        assert failed["trace"].unique().tolist() == ["make(3)"]
        assert failed["fraction"].tolist() == [0.1, 0.1, 0.5, 0.5][::2] * 2
        assert failed["policy"].tolist() == ["lru", "lru", "rr", "rr"]
        assert failed[["hits", "capacity", "accesses", "hit_rate", "hit_rate_warm", "low", "high"]].isna().all().all()
        assert not failed["exact"].any()
        rest = table[table["error"].isna()].drop(columns="error").reset_index(drop=True)
        pd.testing.assert_frame_equal(rest, whole, check_dtype=False)
    assert {line["error"] for line in lines(tmp_path) if "error" in line} == {"ValueError: no 3"}
    read = store.read(tmp_path)
    assert read["error"].notna().sum() == 4
    assert tally(traces, *given, store=tmp_path) == (20, 16, 4, 4)


def test_a_kernel_may_fail_at_some_sizes(tmp_path):
    import numba

    @numba.njit
    def picky(ids, n_items, capacity, seed):
        if capacity > 3:
            raise ValueError("too many")
        return ids < capacity

    trace = synth.zipf(50, 500, 1.0)
    with pytest.warns(RuntimeWarning, match="2 of 8 cells failed, the first of ValueError: too many"):
        table = sweep([trace], [picky, "lru"], capacities=[4, 1, 2, 5], store=tmp_path)
    assert table["error"].notna().tolist() == [True, False, False, True] + [False] * 4
    assert table["capacity"].tolist() == [4, 1, 2, 5] * 2
    assert table["accesses"].tolist() == [500] * 8
    assert table["hits"].isna().tolist() == table["error"].notna().tolist()
    assert len(counted(tmp_path)) == 6
    assert store.read(tmp_path)["error"].notna().sum() == 2


def test_a_trace_that_fails_is_made_once(monkeypatch):
    monkeypatch.setattr(pool, "threads", lambda: 3)
    calls = []

    def failing():
        calls.append(1)
        raise OSError("gone")

    with pytest.warns(RuntimeWarning, match="30 of 60 cells"):
        sweep([failing, partial(make, 1)], ["fifo"], capacities=range(1, 31))
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("seeds", "error", "words"),
    [
        ([3], ValueError, "^no 3\nfor reasons$"),
        ([3, 9], ValueError, "^no 3"),
        ([9, 3], TypeError, r"must return a Trace, got int 8 of make\(9\)"),
        ([8], ValueError, r"must have accesses, got none in trace 'empty' of make\(8\)"),
    ],
)
def test_where_all_fail_the_first_error_is_raised(tmp_path, seeds, error, words):
    with pytest.raises(error, match=words):
        sweep([partial(make, seed) for seed in seeds], ["lru", "rr"], [0.1, 0.5], store=tmp_path)
    assert store.read(tmp_path)["error"].notna().sum() == 4 * len(seeds)


def test_two_calls_of_one_name_and_source_are_refused(tmp_path):
    for kept in (None, tmp_path):
        with pytest.raises(ValueError, match=r"traces must differ in name or source, .* got 'zipf-1.0' twice"):
            sweep([partial(make, 1), partial(make, seed=1)], ["lru"], [0.1], store=kept)
    with pytest.raises(ValueError, match=r"got 'zipf-1.0' twice"):
        sweep([partial(make, 1), make(1)], ["lru"], [0.1])


def test_an_error_in_the_store_s_trace_is_superseded_once_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "BROKEN", [1, 2])
    with pytest.warns(RuntimeWarning):
        sweep([partial(make, 1), partial(make, 4)], ["lru"], [0.1], store=tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "BROKEN", [2])
    sweep([partial(make, 1), partial(make, 4)], ["lru"], [0.1], store=tmp_path)
    read = store.read(tmp_path)
    assert len(read) == 2
    assert "error" not in read


def test_failed_traces_of_one_description_stay_apart(tmp_path):
    def shifted(matrix):
        if matrix[0, 0] != 1:
            raise ValueError(f"no {matrix[0, 0]}")
        return synth.loop(5, 9)

    traces = [partial(shifted, sparse.csr_array(np.eye(3) * k)) for k in (1, 2, 3)]
    with pytest.warns(RuntimeWarning, match="2 of 3 cells failed"):
        sweep(traces, ["lru"], [0.5], store=tmp_path)
    assert sorted(store.read(tmp_path)["error"].dropna()) == ["ValueError: no 2.0", "ValueError: no 3.0"]


# ---------------------------------------------------------------- traces, bars, counts


def test_few_traces_are_there_at_a_time(monkeypatch):
    monkeypatch.setattr(pool, "threads", lambda: 2)
    alive, most, lock = [0], [0], threading.Lock()

    class Counted(Trace):
        def __init__(self, seed):
            super().__init__(np.arange(100) % (seed + 2), 200, f"t{seed}")
            with lock:
                alive[0] += 1
                most[0] = max(most[0], alive[0])

        def __del__(self):
            with lock:
                alive[0] -= 1

    table = sweep([partial(Counted, seed) for seed in range(20)], ["fifo"], capacities=range(1, 41))
    assert len(table) == 800
    assert most[0] <= 4
    assert alive[0] == 0


def test_the_bar_begins_at_what_is_stored(tmp_path, monkeypatch):
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            bars.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    sweep([make(1)], ["lru", "rr"], [0.1, 0.5], seeds=[1, 2], store=tmp_path)
    sweep([make(1), make(2)], ["lru", "rr"], [0.1, 0.5, 0.5], seeds=[1, 2], store=tmp_path, progress=True)
    (bar,) = bars
    assert (bar.initial, bar.n, bar.total, bar.unit) == (6, 12, 12, "cell")


def test_a_tally_says_what_would_be_done_and_does_nothing(tmp_path):
    traces, more = [partial(make, 1)], {"fractions": [0.1, 0.5], "seeds": [1, 2], "store": tmp_path / "s"}
    assert tally(traces, ["lru", "rr"], **more) == (6, 0, 0, 6)
    assert not (tmp_path / "s").exists()
    sweep(traces, ["lru"], **more)
    assert tally(traces, ["lru", "rr"], **more) == (6, 2, 0, 4)
    with pytest.raises(ValueError, match="unknown policy"):
        tally(traces, ["lruu"], [0.1])


def test_a_thread_s_own_error_ends_the_sweep(monkeypatch):
    monkeypatch.setattr(threads, "work", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sweep([make(1)], ["lru"], [0.1])


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError


def raising(error):
    raise {"none": Wordless(), "odd": ValueError("a\udcffb\0"), "exit": SystemExit(3), "stop": KeyboardInterrupt()}[
        error
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("none", "Wordless: it has no words"),
        ("odd", r"ValueError: a\udcffb\x00"),
        ("exit", "RuntimeError: the call of a sweep's trace must return, got SystemExit(3) of raising('exit')"),
        ("stop", "RuntimeError: the call of a sweep's trace must return, got KeyboardInterrupt() of raising('stop')"),
        (1, "KeyError: 1"),
    ],
)
def test_whatever_a_call_raises_is_a_row(tmp_path, error, words):
    given = [partial(synth.uniform, 50, 500), partial(raising, error)]
    with pytest.warns(RuntimeWarning, match="1 of 2 cells failed"):
        table = sweep(given, ["lru"], [0.1], store=tmp_path / "s")
    assert table["error"].tolist()[1] == words
    assert store.read(tmp_path / "s")["error"].dropna().tolist() == [words]


@pytest.mark.parametrize("call", [partial(synth.uniform, 50, 500, nothing=1), partial(synth.uniform, 50), dict])
def test_a_call_that_does_not_fit_is_a_row_with_a_store_and_without(tmp_path, call):
    tables = []
    for kept in (tmp_path / "s", None):
        with pytest.warns(RuntimeWarning, match="1 of 2 cells failed, the first of TypeError"):
            tables.append(sweep([synth.loop(9, 99), call], ["lru"], [0.1], store=kept))
    pd.testing.assert_frame_equal(*tables)
