"""hit_curve() and sweep(): the rows they promise, the order, the threads, and what they refuse."""

import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tqdm
from strategies import shuffled_ids

from simcache import Trace, counting, hit_curve, pool, simulate, sweep
from simcache.tables import default_capacities
from simcache.trace import COLUMNS

EPOCHS = Trace(shuffled_ids(40, 4, 0), 40, "epochs", range(0, 160, 40), {"generator": "shuffled", "trace_seed": 0})
PLAIN = Trace(shuffled_ids(30, 2, 1), 30, "plain", source={"generator": "plain", "alpha": 0.5})
GRID = ([EPOCHS, PLAIN], ["lru", "rr", ("opt", {"bypass": True})], [0.1, 0.5, 1.0])


def test_a_row_holds_what_the_simulation_says():
    table = sweep(*GRID, seeds=[5, 6])
    assert list(table.columns) == [*COLUMNS, "generator", "trace_seed", "alpha"]
    assert len(table) == 2 * 3 * (1 + 2 + 1)
    for row in table.itertuples():
        trace = {"epochs": EPOCHS, "plain": PLAIN}[row.trace]
        policy = {"opt(bypass=True)": ("opt", {"bypass": True})}.get(row.policy, row.policy)
        hits = simulate(trace, policy, row.capacity, seed=row.seed)
        warmup = 40 if trace is EPOCHS else 0
        assert (row.capacity, row.accesses) == (max(1, round(row.fraction * trace.n_items)), len(trace))
        assert (row.hits, row.hit_rate, row.warmup) == (hits.sum(), hits.mean(), warmup)
        assert row.hit_rate_warm == hits[warmup:].mean()
        assert (row.low, row.high, row.exact) == (row.hit_rate, row.hit_rate, True)
        assert row.generator == trace.source["generator"]
    assert table["hits"].dtype == "Int64"
    assert table["trace_seed"].dtype == "Int64"
    assert table["trace_seed"].isna().sum() == table["alpha"].notna().sum() == 12
    assert table.loc[table["policy"] == "lru", "seed"].unique().tolist() == [5]


def test_any_number_of_threads_gives_the_same_table(monkeypatch):
    tables = []
    for workers in (1, 8):
        monkeypatch.setattr(pool, "threads", lambda workers=workers: workers)
        tables.append(sweep(*GRID, seeds=range(5)))
    pd.testing.assert_frame_equal(*tables)


def test_a_curve_is_simulate_at_each_size():
    table = hit_curve(EPOCHS, "rr", [7, 1, 60], seed=3, warmup=10)
    assert table["capacity"].tolist() == [7, 1, 60]
    assert table["fraction"].tolist() == [7 / 40, 1 / 40, 60 / 40]
    for row in table.itertuples():
        hits = simulate(EPOCHS, "rr", row.capacity, seed=3)
        assert (row.hits, row.hit_rate_warm) == (hits.sum(), hits[10:].mean())


def test_default_sizes_run_from_one_to_all():
    assert hit_curve(PLAIN, "lru")["capacity"].tolist() == default_capacities(30)
    for n_items in (1, 2, 3, 100, 12_345, 2**31 - 1):
        sizes = default_capacities(n_items)
        assert sizes == sorted(set(sizes))
        assert (sizes[0], sizes[-1]) == (1, n_items)
        assert len(sizes) <= 100
    assert len(default_capacities(10**6)) > 85


@pytest.mark.parametrize(("given", "warmup"), [(None, 40), (0, 0), (159, 159), (160, 160), (500, 500)])
def test_warm_rates_leave_out_the_warmup(given, warmup):
    row = hit_curve(EPOCHS, "opt", [20], warmup=given).iloc[0]
    assert row["warmup"] == warmup
    tail = simulate(EPOCHS, "opt", 20)[warmup:]
    assert row["hit_rate_warm"] == tail.mean() if tail.size else np.isnan(row["hit_rate_warm"])


def test_traces_of_one_name_are_told_apart_by_their_source():
    table = sweep([Trace(EPOCHS.ids, 40, "same", source={"trace_seed": seed}) for seed in (1, 2)], ["lru"], [0.5])
    assert table["trace_seed"].tolist() == [1, 2]


def test_the_first_of_two_epochs_is_the_warmup():
    two = Trace(EPOCHS.ids, 40, "two", (0, 80))
    assert hit_curve(two, "lru", [20])["warmup"].tolist() == [80]
    assert sweep([two], ["lru"], [0.5])["warmup"].tolist() == [80]


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63, 2**64 - 1])
def test_large_seeds_survive_the_table(seed):
    assert hit_curve(EPOCHS, "rr", [3], seed=seed)["seed"].tolist() == [seed]
    assert sweep([EPOCHS], ["rr"], [0.1], seeds=[0, seed])["seed"].tolist() == [0, seed]


EMPTY = Trace([], 5, "empty")
REFUSED = [
    (lambda: hit_curve(EPOCHS, "lru", []), "capacities must name at least one size for trace 'epochs', got none"),
    (lambda: hit_curve(EMPTY, "lru"), "a curve must have accesses to count, got none in trace 'empty'"),
    (
        lambda: hit_curve(EPOCHS, "lru", 5),
        "capacities must be a list of whole numbers of items for trace 'epochs', got 5 alone",
    ),
    (lambda: hit_curve(EPOCHS, "lru", "5"), "capacities must be a list of whole numbers of items"),
    (
        lambda: hit_curve(EPOCHS, "lru", [1, 2.5]),
        "capacity must be a whole number of items >= 1 for trace 'epochs', got 2.5",
    ),
    (
        lambda: hit_curve(EPOCHS, "lru", [0.1, 0.2]),
        "must be a whole number of items >= 1 for trace 'epochs', got 0.1; sweep takes fractions",
    ),
    (lambda: hit_curve(EPOCHS, "lru", np.array([0.5])), "got np.float64(0.5); sweep takes fractions"),
    (lambda: hit_curve(EPOCHS, "lru", [1], warmup=-1), "warmup must be a whole number of accesses >= 0"),
    (lambda: hit_curve(EPOCHS, "lru", [1], bypass=True), "unknown parameter 'bypass' of policy 'lru'"),
    (lambda: hit_curve([0], "lru", [1]), "trace must be a simcache.Trace"),
    (lambda: hit_curve("log.csv", "lru"), "got str 'log.csv'; of a file, formats.read('log.csv')"),
    (lambda: hit_curve(EPOCHS, ["opt", "lru"]), "got list ['opt', 'lru']; sweep takes several"),
    (lambda: sweep(["log.csv"], ["lru"], [0.5]), "got str 'log.csv'; of a file, formats.read('log.csv')"),
    (lambda: sweep(["log.npz"], ["lru"], [0.5]), "got str 'log.npz'; of a file, Path('log.npz')"),
    (lambda: sweep([EPOCHS, EMPTY], ["lru"], [0.5]), "a sweep's traces must have accesses, got none in trace 'empty'"),
    (lambda: sweep([EPOCHS, EPOCHS], ["lru"], [0.5]), "traces must differ in name or source"),
    (lambda: sweep(EPOCHS, ["lru"], [0.5]), "traces must be a list, got <Trace 'epochs'"),
    (lambda: sweep([], ["lru"], [0.5]), "traces must name at least one, got none"),
    (lambda: sweep([EPOCHS], "lru", [0.5]), "policies must be a list, got 'lru' alone"),
    (lambda: sweep([EPOCHS], ("opt", {"bypass": True}), [0.5]), "policies must be a list"),
    (lambda: sweep([EPOCHS], ["lru", "lru"], [0.5]), "policies must differ, got 'lru' twice"),
    (lambda: sweep([EPOCHS], ["lru"], 0.5), "fractions must be a list, got 0.5 alone"),
    (lambda: sweep([EPOCHS], ["lru"], [0.0]), "fractions must be numbers in (0, 1], got 0.0"),
    (lambda: sweep([EPOCHS], ["lru"], [1.01]), "fractions must be numbers in (0, 1], got 1.01"),
    (lambda: sweep([EPOCHS], ["lru"], [float("nan")]), "fractions must be numbers in (0, 1], got nan"),
    (lambda: sweep([EPOCHS], ["lru"], [True]), "fractions must be numbers in (0, 1], got True"),
    (lambda: sweep([EPOCHS], ["lru"], [np.ma.masked]), "fractions must be numbers in (0, 1], got masked"),
    (lambda: sweep([EPOCHS], ["lru"], ["half"]), "fractions must be numbers in (0, 1], got 'half'"),
    (lambda: sweep([EPOCHS], ["lru"], [0.5], seeds=[]), "seeds must name at least one, got none"),
    (lambda: sweep([EPOCHS], ["lru"], [0.5], seeds=[-1]), "seed must be a whole number 0"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_bad_input_is_refused(call, words):
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert words in str(refused.value)


def test_ctrl_c_stops_what_has_not_begun(monkeypatch):
    monkeypatch.setattr(pool, "threads", lambda: 1)
    begun, release = [], threading.Event()

    def first():
        begun.append("first")
        raise KeyboardInterrupt

    def later():
        release.wait(10)
        begun.append("later")

    class Releasing(ThreadPoolExecutor):
        """Lets the job under way end once the others are cancelled, so that nothing here waits for a clock."""

        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            release.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(pool, "ThreadPoolExecutor", Releasing)
    jobs = [first] + [later] * 50
    with pytest.raises(KeyboardInterrupt) as stopped:
        pool.run_all(jobs, "sweep")
    ended = begun.count("later")  # the one under way, if it had begun: its result is kept
    assert stopped.value.__notes__ == [f"sweep stopped after {ended} of 51 runs; nothing was written"]
    assert stopped.value.done == dict.fromkeys(range(1, 1 + ended))
    assert len(begun) <= 2


@pytest.fixture
def stop_after(monkeypatch):
    """Ctrl-C in the run after so many, one run at a time."""
    monkeypatch.setattr(pool, "threads", lambda: 1)

    def arrange(where, count):
        made, run = [], getattr(where[0], where[1])

        def stopping(*arguments):
            made.append(arguments)
            if len(made) == count + 1:
                raise KeyboardInterrupt
            if len(made) > count + 1:
                raise ZeroDivisionError("a run that fails is no row")
            return run(*arguments)

        monkeypatch.setattr(*where, stopping)

    return arrange


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_stopped_sweep_keeps_the_rows_so_far(stop_after, count):
    grid = GRID[0], ["lru", "qlru", ("opt", {"bypass": True})], GRID[2]  # a run for each cell
    whole = sweep(*grid, seeds=[5, 6])
    stop_after((counting, "replay"), count)
    with pytest.raises(KeyboardInterrupt) as stopped:
        sweep(*grid, seeds=[5, 6])
    kept = stopped.value.table
    assert len(kept) == count
    assert "sys.last_value.table" in stopped.value.__notes__[1]
    if count:
        columns = list(kept.columns)
        pd.testing.assert_frame_equal(kept, whole.loc[: count - 1, columns], check_dtype=False)


@pytest.mark.parametrize("count", [0, 2])
def test_a_stopped_curve_keeps_the_rows_so_far(stop_after, count):
    whole = hit_curve(EPOCHS, "lfu", [3, 9, 30, 40])
    stop_after((counting, "replay"), count)
    with pytest.raises(KeyboardInterrupt) as stopped:
        hit_curve(EPOCHS, "lfu", [3, 9, 30, 40])
    pd.testing.assert_frame_equal(stopped.value.table, whole[:count])


def test_no_jobs_have_no_results():
    assert pool.run_all([], "nothing") == []


def test_an_error_in_a_job_is_the_callers():
    with pytest.raises(ZeroDivisionError):
        pool.run_all([lambda: 1, lambda: 1 // 0, lambda: 2], "jobs")


def test_the_bar_is_silent_where_there_is_no_terminal(capfd):
    pool.run_all([lambda: 1] * 3, "quiet")
    assert capfd.readouterr().err == ""
    pool.run_all([lambda: 1] * 3, "loud", progress=True)
    assert "loud" in capfd.readouterr().err


class Stream(io.StringIO):
    """A standard error; `tty` is what it says of itself."""

    def __init__(self, tty=False, fails=None):
        super().__init__()
        self.tty, self.fails = tty, fails

    def isatty(self):
        return self.tty

    def write(self, text):
        if self.fails:
            raise self.fails
        return super().write(text)


def ten(monkeypatch, stream, progress=None):
    """What ten runs show on that standard error, however short they are."""
    monkeypatch.setattr(tqdm, "tqdm", partial(tqdm.tqdm, mininterval=0))
    monkeypatch.setattr("sys.stderr", stream)
    assert pool.run_all([lambda: 1] * 10, "ten", progress) == [1] * 10


def test_a_notebook_gets_a_plain_bar_and_a_pipe_none(monkeypatch):
    shown = []
    monkeypatch.setattr(pool, "_bar", lambda total, label, progress: shown.append(pool._shows(sys.stderr, progress)))
    for stream in (Stream(), Stream(tty=True)):
        ten(monkeypatch, stream)
    monkeypatch.setitem(sys.modules, "ipykernel.iostream", SimpleNamespace(OutStream=Stream))
    ten(monkeypatch, Stream())
    ten(monkeypatch, io.StringIO())
    assert shown == [False, True, True, False]


def test_a_bar_counts_every_run(monkeypatch):
    stream = Stream()
    ten(monkeypatch, stream, progress=True)
    assert "10/10" in stream.getvalue()


@pytest.mark.parametrize("fails", [OSError(28, "full"), BrokenPipeError(), ValueError("closed")])
def test_a_bar_that_cannot_be_written_costs_nothing(monkeypatch, fails):
    ten(monkeypatch, Stream(tty=True, fails=fails), progress=True)


def test_standard_error_may_be_missing_or_closed(monkeypatch):
    closed = Stream(tty=True)
    closed.close()
    for stream in (None, closed, object()):
        for progress in (None, True, False):
            ten(monkeypatch, stream, progress)


def test_capacity_is_the_nearest_whole_number():
    trace = Trace(range(7), 7, "seven")
    shares = [0.05, 0.2, 0.5, 0.95]  # 0.35, 1.4, 3.5 and 6.65 items; round() takes halves to even
    assert sweep([trace], ["lru"], shares)["capacity"].tolist() == [1, 1, 4, 7]
