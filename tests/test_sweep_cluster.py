"""Sweeps on a Dask cluster: schedulers and workers over loopback TCP, as processes that are killed for good."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import traceback
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module

import pandas as pd
import pytest
import sized_lru
from distributed import Client
from swept import ROOT, counted, made, own, prepared, ran, tell, traces, weighed

from simcache import Trace, __version__, policies, store, sweep, synth
from simcache.cli.options import policy as policy_of
from simcache.sweeps.cluster import _results

GIVEN = (["lru", "rr", own], [0.1, 0.5])
IN_BYTES = [name for name in policies.names() if hasattr(policies.load(name), "sized")]


@contextmanager
def process(folder, what, *arguments, package=ROOT):
    """A scheduler or a worker, killed at the end."""
    path = os.pathsep.join([str(package), str(ROOT / "tests")])
    # Dask's own default lets a task kill four workers before it is blamed.
    env = {**os.environ, "PYTHONPATH": path, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *arguments]
    with open(folder / f"{what}.log", "a") as log:
        running = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        yield running
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@contextmanager
def cluster(folder, n_workers, n_threads, package=ROOT):
    """A client of a new scheduler with workers, and the scheduler's process."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        address = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        scheduler = stack.enter_context(process(folder, "scheduler", *address))
        for _ in range(n_workers):
            options = ("--scheduler-file", str(file), "--nthreads", str(n_threads), "--nworkers", "1")
            local = ("--host", "127.0.0.1", "--local-directory", str(folder / "local"))
            stack.enter_context(process(folder, "worker", *options, *local, package=package))
        while not file.exists():
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"the scheduler ended with {scheduler.wait(0.05)}")
        client = stack.enter_context(Client(scheduler_file=str(file), set_as_default=False))
        client.wait_for_workers(n_workers, timeout=60)
        yield client, scheduler


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), n_workers=2, n_threads=4) as (found, _):
        yield found


@pytest.fixture
def folder(tmp_path):
    return prepared(tmp_path / "p")


SAME = """
from distributed import Client

grid = (["lru", own, "rr", ("opt", {"bypass": True})], np.linspace(0.01, 1, 40))
synth.uniform(50, 500).save("uniform.npz")
given = [*traces(FOLDER, 3), synth.loop(50, 500), lambda: synth.loop(60, 700), Path("uniform.npz")]
here = sweep(given, *grid, seeds=[1, 2])
(FOLDER / "made").unlink()
with Client(os.environ["SCHEDULER"]) as client:
    there = sweep(given, *grid, seeds=[1, 2], client=client, store=FOLDER / "store")
assert here.equals(there), (here, there)
n = sorted((FOLDER / "made").read_text().split())
assert n == ["0", "1", "2"], n
assert sweep(given, *grid, seeds=[1, 2], store=FOLDER / "store").equals(here)
assert len((FOLDER / "made").read_text().split()) == 3
print(len(there))
"""


def test_a_cluster_gives_what_threads_give(client, folder):
    assert ran(folder, SAME, SCHEDULER=client.scheduler.address) == f"{6 * 40 * 5}\n"
    assert set(counted(folder / "store").values()) == {1}


HELPER = """
import numba

@numba.njit
def most(capacity):
    return 2 * capacity
"""
BESIDE = """
import numba

import helps_there
from helps_there import most

@numba.njit
def kernel(ids, n_items, capacity, seed, least=1):
    return (ids < helps_there.most(capacity)) & (ids >= least)

def reference(ids, capacity, seed, *, least=1):
    for i in ids:
        yield i < most(capacity) and i >= least
"""


@pytest.mark.parametrize("stored", [False, True])
def test_workers_need_none_of_the_files_of_a_policy(client, folder, tmp_path, monkeypatch, stored):
    (tmp_path / "helps_there.py").write_text(HELPER)
    (tmp_path / "is_only_here.py").write_text(BESIDE)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("helps_there", "is_only_here"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = import_module("is_only_here")
    trace = synth.zipf(50, 500, 1.0)
    named = policy_of(f"{tmp_path}/is_only_here.py:least=2")
    for policy in (module, module.reference, (module.reference, {"least": 3}), named):
        given = {"capacities": [1, 4], "store": tmp_path / "s" if stored else None}
        there, here = sweep([trace], [policy], client=client, **given), sweep([trace], [policy], capacities=[1, 4])
        pd.testing.assert_frame_equal(there, here)
        assert "error" not in there


def test_a_cluster_counts_bytes_as_threads_do(client, tmp_path):
    able = [*IN_BYTES[:2], sized_lru]
    given = ([weighed(1), partial(weighed, 2)], able, [0.01, 0.1, 0.5])
    here = sweep(*given, unit="bytes")
    for _ in range(2):
        there = sweep(*given, unit="bytes", client=client, store=tmp_path / "s")
        pd.testing.assert_frame_equal(there, here)
    assert set(counted(tmp_path / "s").values()) == {1}
    with pytest.warns(RuntimeWarning, match="3 of 6 cells failed, the first of ValueError: bytes need the size"):
        sweep([weighed(1), partial(synth.loop, 5, 9)], [sized_lru], [0.01, 0.1, 0.5], unit="bytes", client=client)


KILLED = """
from distributed import Client

(FOLDER / "do").write_text(json.dumps({"6": [os.getpid(), 9]} if sys.argv[1:] else {}))
with Client(os.environ["SCHEDULER"]) as client:
    sweep(traces(FOLDER, 8), ["lru", own, "rr"], [0.1, 0.5], client=client, store=FOLDER / "store")
"""


def test_a_killed_coordinator_goes_on_where_it_was(client, folder):
    address = client.scheduler.address
    ran(folder, KILLED.replace("sys.argv[1:]", "True"), status=-signal.SIGKILL, SCHEDULER=address)
    kept = counted(folder / "store")
    assert len(kept) < 48
    ran(folder, KILLED, SCHEDULER=address)
    assert counted(folder / "store").keys() >= kept.keys()
    assert list(counted(folder / "store").values()) == [1] * 48
    table = sweep(traces(folder, 8), *GIVEN)
    order = ["trace", "trace_seed", "policy", "fraction"]
    read = store.read(folder / "store")[table.columns].sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(read, table.sort_values(order, ignore_index=True))


def test_a_killed_worker_costs_no_row(client, folder):
    tell(folder, _3="once")
    (folder / "once").touch()
    table = sweep(traces(folder, 12), *GIVEN, client=client)
    assert not (folder / "once").exists()
    pd.testing.assert_frame_equal(table, sweep(traces(folder, 12), *GIVEN))


def test_what_kills_its_worker_and_what_raises_fail_alone(client, folder, tmp_path):
    tell(folder, _7="kill", _11="raise")
    with pytest.warns(RuntimeWarning, match="12 of 180 cells failed, the first of KilledWorker: "):
        table = sweep(traces(folder, 30), *GIVEN, client=client, store=tmp_path / "s")
    failed = table[table["error"].notna()]
    named = failed["error"].str.partition(":")[0].groupby(failed["trace"]).unique().map(list).to_dict()
    call = f"make({str(folder)!r}, 100, {{}})"
    assert named == {call.format(7): ["KilledWorker"], call.format(11): ["ValueError"]}
    assert len(failed) == 12
    tell(folder)
    n = len(made(folder))
    mended = sweep(traces(folder, 30), *GIVEN, client=client, store=tmp_path / "s")
    assert sorted(made(folder)[n:]) == [7, 11]
    assert set(counted(tmp_path / "s").values()) == {1}
    pd.testing.assert_frame_equal(mended, sweep(traces(folder, 30), *GIVEN))


CARRIED = """
from distributed import Client

class Two(Exception):
    def __init__(self, one, two):
        super().__init__(one)

class Locked(Exception):
    def __init__(self, one):
        super().__init__(one)
        self.file = sys.stdout

def failing(kind):
    raise kind("one", "two") if kind is Two else kind("one")

given = [*traces(FOLDER, 2), *(partial(failing, kind) for kind in (Two, Locked, StopIteration, KeyboardInterrupt))]
tables = []
with Client(os.environ["SCHEDULER"]) as client:
    for policies, seeds in ((["lru"], [0]), (["lru", "rr"], range(30))):
        tables += [sweep(given, policies, [0.1, 0.5], seeds=seeds, client=each) for each in (client, None)]
    for each in (client, None):
        try:
            sweep(given[-1:], ["lru"], [0.1], client=each)
        except RuntimeError as error:
            print(error)
for i in (0, 2):
    assert tables[i].equals(tables[i + 1]), tables[i : i + 2]
    assert tables[i]["error"].isna().sum() == len(tables[i]) / 3
"""


def test_errors_that_do_not_travel_take_nothing_with_them(client, folder):
    came = "KeyboardInterrupt('one') of failing(<class 'KeyboardInterrupt'>)"
    told = f"the call of a sweep's trace must return, got {came}\n"
    assert ran(folder, CARRIED, SCHEDULER=client.scheduler.address) == 2 * told


STOPPED = """
from distributed import Client

@numba.njit(nogil=True)
def slow(ids, n_items, capacity, seed):
    x = 0
    for k in range(100_000_000):
        x ^= k * capacity
    return ids < (x & 1)

(FOLDER / "do").write_text(json.dumps({"1": [os.getpid(), 2]}))
with Client(os.environ["SCHEDULER"]) as client:
    try:
        sweep(traces(FOLDER, 2)[1:], [slow], capacities=range(1, 257), client=client, store=FOLDER / "store")
    except KeyboardInterrupt as stop:
        print(stop.__notes__[0])
        print(len(stop.table))
"""


def test_ctrl_c_stops_workers_between_two_replays(client, folder):
    note, rows = ran(folder, STOPPED, SCHEDULER=client.scheduler.address).splitlines()
    n = len(counted(folder / "store"))
    assert note == f"sweep stopped after {n} of 256 cells; the same call goes on from what is stored"
    assert int(rows) == n < 256
    # nothing is left at the workers
    assert sweep(traces(folder, 1), ["lru"], [0.1], client=client)["hits"].notna().all()


def test_a_worker_with_other_code_refuses_it_and_a_lost_scheduler_is_an_error(tmp_path):
    package = shutil.copytree(ROOT / "simcache", tmp_path / "other/simcache")
    for file, old, new in (
        ("policies/lru.py", "before >= tail", "before > tail"),
        ("synth/elementary.py", "LN2 = 0.6931471805599453", "LN2 = 0.6931471805599454"),
        ("__init__.py", '__version__ = "', '__version__ = "9'),
    ):
        text = (package / file).read_text()
        assert old in text
        (package / file).write_text(text.replace(old, new))
    calls = [partial(synth.uniform, 50, 900, seed=seed) for seed in range(3)]
    with cluster(tmp_path, 1, 2, package=package.parent) as (client, scheduler):
        with pytest.warns(RuntimeWarning, match="6 of 12 cells failed, the first of RuntimeError: policy 'lru' must"):
            table = sweep(calls, ["lru", "fifo"], [0.1, 0.5], client=client)
        refused = table[table["error"].notna()]
        assert refused["policy"].unique().tolist() == ["lru"]
        python = rf"Python {platform.python_version()} and simcache"
        there, here = f"{python} 9{__version__} on worker tcp://\\S+", f"{python} {__version__}"
        words = f"RuntimeError: policy 'lru' must have one code .* {there} than with {here}"
        assert refused["error"].str.fullmatch(words).all(), refused["error"].iloc[0]
        rest = table[table["error"].isna()].drop(columns="error").reset_index(drop=True)
        pd.testing.assert_frame_equal(rest, sweep(calls, ["fifo"], [0.1, 0.5]))

        with pytest.raises(RuntimeError, match="the function 'zipf' must have one code on all machines"):
            sweep([partial(synth.zipf, 50, 900, 1.0)], ["fifo"], [0.1], client=client)

        folder = prepared(tmp_path / "p", _5=[scheduler.pid, 9])
        with pytest.raises(ConnectionError, match=r"the scheduler tcp://\S+ is gone; the same call goes on"):
            sweep(traces(folder, 8), ["fifo"], [0.1, 0.5], client=client, store=tmp_path / "s")
        kept = len(counted(tmp_path / "s"))
        with pytest.raises(ConnectionError, match="is gone"):
            sweep(traces(folder, 8), ["fifo"], [0.1, 0.5], client=client, store=tmp_path / "s")
        tell(folder)
        assert len(sweep(traces(folder, 8), ["fifo"], [0.1, 0.5], store=tmp_path / "s")) == 16
        assert kept < len(counted(tmp_path / "s")) == 16


def test_a_scheduler_that_is_gone_is_not_asked_for_results():
    class Gone:  # it would answer once the client has given it up
        status, scheduler = "connecting", None

    with pytest.raises(ConnectionError, match="the scheduler Dask is gone"):
        list(_results(Gone(), [], told=False))


def test_errors_that_end_together_are_all_told():
    class Failed:  # a future
        status, key = "error", "k"

        def result(self):
            raise ValueError("no")

        def traceback(self):
            return None

    class There:  # a client
        status = "running"

        def gather(self, futures):
            return []

    told = []
    for task, error in _results(There(), [(k, Failed()) for k in range(3)], told=False):
        traceback.clear_frames(error.__traceback__)  # as who keeps an error does, which would hold the trace
        told.append((task, str(error)))
    assert told == [(0, "no"), (1, "no"), (2, "no")]


def test_a_client_must_be_one():
    for given in (5, "tcp://127.0.0.1:8786", object()):
        with pytest.raises(TypeError, match=r"client must be a distributed\.Client"):
            sweep([synth.loop(5, 9)], ["lru"], [0.5], client=given)


def test_a_trace_says_how_large_it_is():
    assert sys.getsizeof(Trace(range(10_000), 10_000)) > 40_000
