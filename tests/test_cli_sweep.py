"""simcache sweep and results: grids in files, stores, exit codes, signals and clusters."""

import io
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from swept import ROOT, counted
from test_sweep_cluster import cluster

from simcache import Trace, store, sweep, synth
from simcache.cli import main
from simcache.cli.grids import markov, read_grid, repeat

GRID = """
policies = ["lru", "opt:bypass=true", "rr"]
fractions = [0.1, 0.5, 1]
seeds = [0, 3]

[[traces]]
zipf = {n_items = 50, n_accesses = 900, alpha = [0.5, 1], seed = [0, 1]}

[[traces]]
[traces.shuffled]
n_items = 30
epochs = 4

[[traces]]
file = "mine.npz"
"""


def traces():
    calls = [partial(synth.zipf, 50, 900, float(alpha), seed=seed) for alpha in (0.5, 1) for seed in (0, 1)]
    return [*calls, partial(synth.shuffled, 30, 4), Path("mine.npz")]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Trace.of(list("abracadabra"), "mine").save("mine.npz")
    Path("grid.toml").write_text(GRID)
    return tmp_path


@pytest.fixture
def run(capsys):
    """What a command prints on its two streams, once it has ended with that exit code."""

    def go(*arguments, code=0):
        capsys.readouterr()
        assert main([str(each) for each in arguments]) == code
        return capsys.readouterr()

    return go


def process(*arguments, code="import sys; from simcache.__main__ import main; sys.exit(main())"):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# ---------------------------------------------------------------- what there is


def test_a_grid_in_a_file_is_that_sweep(run):
    out, err = run("sweep", "grid.toml", "-o", "t.parquet")
    assert (out, err) == (f"wrote t.parquet: {6 * 3 * 4} rows\n", "")
    expected = sweep(traces(), ["lru", ("opt", {"bypass": True}), "rr"], [0.1, 0.5, 1], seeds=[0, 3])
    pd.testing.assert_frame_equal(pd.read_parquet("t.parquet"), expected)


def test_a_grid_of_capacities_and_every_law(run):
    np.savetxt("m.csv", [[0.5, 0.5], [0.25, 0.75]], delimiter=",")
    Path("sub").mkdir()
    Path("sub/g.toml").write_text("""
        policies = ["fifo"]
        capacities = [1, 20]
        warmup = 5
        traces = [
            {uniform = {n_items = 9, n_accesses = 99}},
            {loop = {n_items = 9, n_accesses = 99}},
            {shuffle_buffer = {n_items = 9, epochs = 4, buffer = 3, drain = [true, false]}},
            {ring = {n_items = 9, n_accesses = 99, jump = [0, 0.5], directed = true}},
            {markov = {matrix = "../m.csv", n_accesses = 50, seed = 7}},
            {repeat = {trace = "../mine.npz", probability = 0.5}},
            {file = ["../mine.npz"]},
        ]
    """)
    out, _ = run("sweep", "sub/g.toml")
    made = [synth.uniform(9, 99), synth.loop(9, 99)]
    made += [synth.shuffle_buffer(9, 4, 3, drain=drain) for drain in (True, False)]
    made += [synth.ring(9, 99, jump, directed=True) for jump in (0.0, 0.5)]
    made += [synth.markov(np.loadtxt("m.csv", delimiter=","), 50, seed=7)]
    made += [synth.repeat(Trace.load("mine.npz"), 0.5), Trace.load("mine.npz")]
    expected = sweep(made, ["fifo"], capacities=[1, 20], warmup=5)
    assert out == expected.to_csv(index=False)


def test_calls_and_files_are_made_where_they_are_used():
    Path("g.toml").write_text("""
        policies = ["fifo"]
        capacities = [1]
        traces = [
            {file = "mine.npz"},
            {zipf = {n_items = 9, n_accesses = 99, alpha = 1}},
            {repeat = {trace = "mine.npz", probability = 1}},
        ]
    """)
    file, law, again = read_grid(Path("g.toml"))["traces"]
    assert file == Path("mine.npz").absolute()
    assert law.func is synth.zipf
    assert again.keywords == {"trace": file, "probability": 1.0}
    assert again.func is repeat is not markov


def test_a_file_elsewhere_with_the_same_content_is_the_same_cell(run, folder):
    run("sweep", "grid.toml", "--store", "runs", "-o", "t.csv")
    other = folder / "other"
    other.mkdir()
    for name in ("mine.npz", "grid.toml"):
        (folder / name).rename(other / name)
    assert run("sweep", "other/grid.toml", "--store", "runs", "--dry-run").out.endswith(" 0 to run\n")


# ---------------------------------------------------------------- stored


def test_what_is_stored_is_not_run_again_and_results_show_it(run):
    cells = 6 * 3 * 4
    assert run("sweep", "grid.toml", "--store", "runs", "--dry-run").out == (
        f"{cells} cells asked for: 0 stored, 0 failed before, {cells} to run\n"
    )
    assert not Path("runs").exists()
    first = run("sweep", "grid.toml", "--store", "runs").out
    Path("grid.toml").write_text(GRID.replace("[0, 3]", "[0, 3, 4]").replace("0.5, 1]\nseeds", "0.5, 0.7, 1]\nseeds"))
    more, new = 6 * 4 * 5, 6 * 4 * 5 - cells
    assert run("sweep", "grid.toml", "--store", "runs", "--dry-run", "-o", "t.csv").out == (
        f"{more} cells asked for: {cells} stored, 0 failed before, {new} to run\n"
    )
    assert not Path("t.csv").exists()
    run("sweep", "grid.toml", "--store", "runs")
    assert list(counted(Path("runs")).values()) == [1] * more
    Path("grid.toml").write_text(GRID)
    assert run("sweep", "grid.toml", "--store", "runs").out == first
    assert run("results", "runs").out == store.read("runs").to_csv(index=False)
    assert run("results", "runs", "--failed").out == run("results", "runs").out.partition("\n")[0] + "\n"


FAILING = GRID.replace("[0.5, 1], seed = [0, 1]", "[0.5, -1]")


def test_cells_that_fail_cost_a_line_and_exit_code_1(run):
    Path("grid.toml").write_text(FAILING)
    for kept in ((), ("--store", "runs"), ("--store", "runs")):
        out, err = run("sweep", "grid.toml", *kept, code=1)
        again = "; the same call tries them again" if kept else ""
        assert err == (
            "warning: 12 of 48 cells failed, the first of ValueError: alpha must be a finite number >= 0 for "
            f"synth.zipf, got -1.0; see the column `error`{again}\n"
        )
        assert len(pd.read_csv(io.StringIO(out))) == 48
    said = run("sweep", "grid.toml", "--store", "runs", "--dry-run").out
    assert said == "48 cells asked for: 36 stored, 12 failed before, 12 to run\n"
    failed = pd.read_csv(io.StringIO(run("results", "runs", "--failed").out))
    assert len(failed) == 12
    assert failed["error"].str.startswith("ValueError: alpha must be").all()
    assert len(pd.read_csv(io.StringIO(run("results", "runs").out))) == 48


def test_where_all_cells_fail_it_is_exit_code_1_too(run):
    Path("grid.toml").write_text(FAILING.partition("[[traces]]\n[traces.shuffled]")[0].replace("[0.5, -1]", "-1"))
    out, err = run("sweep", "grid.toml", code=1)
    assert err.startswith("error: all of 12 cells failed, the first of ValueError: alpha must be")
    assert err.count("\n") == 1
    assert out.count("\n") == 13


def test_curves_of_fractions_say_what_failed_too(run, monkeypatch):
    from simcache import counting

    replay = counting.replay

    def failing(chosen, ids, n_items, capacity, seed):
        if capacity == 3:
            raise MemoryError
        return replay(chosen, ids, n_items, capacity, seed)

    monkeypatch.setattr(counting, "replay", failing)
    out, err = run("curve", "mine.npz", "fifo", "--fractions", "0.2,0.6,1", code=1)
    assert err == "warning: 1 of 3 cells failed, the first of MemoryError: ; see the column `error`\n"
    assert len(pd.read_csv(io.StringIO(out))) == 3
    monkeypatch.setattr(counting, "replay", lambda *given: failing(*given[:3], 3, 0))
    assert run("simulate", "mine.npz", "fifo", "--fraction", "0.6", code=2).err == "error: not enough memory\n"


def test_curves_of_fractions_are_counted_in_one_pass(run, monkeypatch):
    from simcache import counting

    monkeypatch.setattr(counting, "replay", None)
    run("curve", "mine.npz", "lru", "opt", "--fractions", ",".join(str(k / 40) for k in range(1, 41)))


def test_a_line_that_cannot_be_read_is_told_of(run):
    run("sweep", "grid.toml", "--store", "runs", "-o", "t.csv")
    (journal,) = Path("runs").glob("*.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], b"{}\n", *lines[4:]]))
    _, err = run("results", "runs")
    assert err == f"warning: line 4 of '{journal}' cannot be read and is passed over\n"


# ---------------------------------------------------------------- bad input

GOOD = {
    "policies": 'policies = ["lru"]',
    "fractions": "fractions = [0.1]",
    "traces": "[[traces]]\nzipf = {n_items = 9, n_accesses = 99, alpha = 1}",
}
BAD = [  # a line of the grid in place of another's, and what the one line says
    ("policies", 'polices = ["lru"]', "unknown key 'polices'; did you mean 'policies'? known: policies, fractions"),
    ("policies", "", "policies must be given"),
    ("policies", "policies = []", "policies: must be a list of at least one, got []"),
    ("policies", 'policies = "lru"', "policies: must be a list of at least one, got 'lru'"),
    ("policies", "policies = [1]", "policies: a policy must be a text, got 1"),
    ("policies", 'policies = ["lruu"]', "policies: unknown policy 'lruu'; did you mean 'lru'?"),
    ("policies", 'policies = ["opt:bypas=true"]', "policies: "),
    ("policies", 'policies = ["lru", "lru"]', "policies must differ, got 'lru' twice"),
    ("fractions", "", "either fractions or capacities must be given, got neither"),
    ("fractions", "fractions = [0.1]\ncapacities = [1]", "either fractions or capacities must be given, got both"),
    ("fractions", "fractions = []", "fractions: must be a list of at least one"),
    ("fractions", "fractions = [0.1, 1.5]", "fractions: fractions must be numbers in (0, 1], got 1.5"),
    ("fractions", "fractions = [2026-01-01]", "fractions: fractions must be numbers in (0, 1], got "),
    ("fractions", "capacities = [0]", "capacities: capacity must be a whole number of items >= 1, got 0"),
    ("fractions", "capacities = 5", "capacities: must be a list of at least one, got 5"),
    ("policies", 'policies = ["lru"]\nseeds = [-1]', "seeds: seed must be a whole number"),
    ("policies", 'policies = ["lru"]\nseeds = []', "seeds: must be a list of at least one"),
    ("policies", 'policies = ["lru"]\nwarmup = 0.5', "warmup: warmup must be a whole number of accesses >= 0, got 0.5"),
    ("traces", "", "traces must be given"),
    ("traces", "traces = []", "traces: must be tables, each under [[traces]], got []"),
    ("traces", "traces = ['mine.npz']", "traces: must be tables, each under [[traces]], got ['mine.npz']"),
    ("traces", "[traces]\nfile = 'mine.npz'", "traces: must be tables, each under [[traces]], got {'file'"),
    ("traces", "[[traces]]", "traces: number 1: must have either file or one of loop, markov"),
    (
        "traces",
        "[[traces]]\nfile = 'mine.npz'\n[[traces]]\nfiles = ['x']",
        "number 2: unknown key 'files'; did",
    ),
    ("traces", "[[traces]]\nfile = 'no.npz'", "traces: number 1: file: no such file or directory: "),
    ("traces", "[[traces]]\nfile = []", "traces: number 1: file: must be a list of at least one, got []"),
    ("traces", "[[traces]]\nfile = 3", "traces: number 1: file: must be the name of a file, got 3"),
    ("traces", "[[traces]]\nfile = '.'", "traces: number 1: file: is a directory: "),
    ("traces", "[[traces]]\nfile = 'mine.npz'\nloop = {n_items = 1}", "must have either file or one of"),
    ("traces", "[[traces]]\nzipff = {}", "traces: number 1: unknown key 'zipff'; did you mean 'zipf'?"),
    ("traces", "[[traces]]\nzipf = 3", "traces: number 1: zipf: must be a table of parameters, got 3"),
    ("traces", "[[traces]]\nzipf = {n_items = 9, alpha = 1}", "traces: number 1: zipf: n_accesses must be given"),
    (
        "traces",
        "[[traces]]\nloop = {n_item = 9}",
        "loop: unknown key 'n_item'; did you mean 'n_items'? known: n_items,",
    ),
    ("traces", "[[traces]]\nloop = {n_items = 9, n_accesses = []}", "loop: n_accesses: must be a list of at least one"),
    ("traces", "[[traces]]\nloop = {n_items = 9.0, n_accesses = 9}", "loop: n_items: must be a whole number, got 9.0"),
    ("traces", "[[traces]]\nloop = {n_items = true, n_accesses = 9}", "n_items: must be a whole number, got True"),
    ("traces", "[[traces]]\nloop = {n_items = [9, 9], n_accesses = 9}", "n_items: must differ, got 9 twice"),
    (
        "traces",
        "[[traces]]\nzipf = {n_items = 9, n_accesses = 9, alpha = 'a'}",
        "alpha: must be a number, got 'a'",
    ),
    (
        "traces",
        "[[traces]]\nring = {n_items = 9, n_accesses = 9, jump = 1, directed = 1}",
        "must be true or false",
    ),
    ("traces", "[[traces]]\nmarkov = {matrix = 'no.csv', n_accesses = 9}", "markov: matrix: no such file"),
    ("traces", "[[traces]]\nfile = 'mine.npz'\n[[traces]]\nfile = 'mine.npz'", "got 'mine' twice"),
    ("traces", "[[traces]", "a grid must be a whole .toml file, got 'bad.toml': "),
    ("traces", "x = " + "[" * 5000, "a grid must be a whole .toml file, got 'bad.toml': "),
    ("traces", "x = 'ä'", "a grid must be a whole .toml file, got 'bad.toml': "),
]


def test_a_bad_grid_costs_one_line_that_names_the_key(run):
    wrong = []
    for key, line, words in BAD:
        Path("bad.toml").write_text("\n".join((GOOD | {key: line}).values()), encoding="latin-1")
        out, err = run("sweep", "bad.toml", "-o", "t.csv", code=2)
        if out or err.count("\n") != 1 or not err.startswith("error: ") or words not in err or Path("t.csv").exists():
            wrong.append((line, words, err))
    assert wrong == []


def test_a_good_grid_is_none_of_those(run):
    Path("good.toml").write_text("\n".join(GOOD.values()))
    run("sweep", "good.toml")


def test_bad_arguments_cost_one_line(run):
    before = sorted(Path().rglob("*"))
    for arguments, words in {
        "sweep no.toml": "no such file or directory: 'no.toml'",
        "sweep .": "is a directory: '.'",
        "sweep grid.toml --store mine.npz": "a store must be a folder, got the file 'mine.npz'",
        "sweep grid.toml --store .": "a store must be a folder that a sweep made, or an empty one",
        "sweep grid.toml --dask no.json": "no such file or directory: 'no.json'",
        "sweep grid.toml --dask mine.npz": "a scheduler must be named by its tcp://… or by the scheduler.json it wrote",
        "sweep grid.toml --dask nonsense://x": "a scheduler must be named by its tcp://… or by the scheduler.json it",
        "sweep grid.toml -o t.txt": "a table must be written to a file ending in",
        "results no": "a store must be a folder that a sweep made, got 'no'",
        "results .": "a store must be a folder that a sweep made, got '.'",
    }.items():
        out, err = run(*arguments.split(), code=2)
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith(f"error: {words}")
    assert sorted(Path().rglob("*")) == before


def test_without_dask_one_line_names_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    err = run("sweep", "grid.toml", "--dask", "tcp://127.0.0.1:1", code=2).err
    assert err == "error: --dask needs Dask: pip install 'simcache[distributed]'\n"


# ---------------------------------------------------------------- signals, several at once, a cluster

# It gets a signal in its fifth replay, and says in the end how many began once it had heeded that.
STOPPED = """
import os, signal, sys, threading
from simcache import counting, pool
from simcache.__main__ import main
from simcache.sweeps import sweeping

number, code = int(sys.argv.pop()), 1
stop, replay, begun, after = threading.Event(), counting.replay, [], []
sweeping.Event = lambda: stop
pool.threads = lambda: 3

def stopping(*given):
    (after if stop.is_set() else begun).append(given)
    if len(begun) == 5 and not after:
        os.kill(os.getpid(), number)
        assert stop.wait(30)
    return replay(*given)

counting.replay = stopping
code = main()
print(len(begun) + len(after), len(after))
sys.exit(code)
"""
LONG = """
policies = ["clock"]
capacities = [{}]
[[traces]]
uniform = {{n_items = 1000, n_accesses = 300_000}}
""".format(", ".join(map(str, range(1, 65))))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_for_the_replays_under_way_and_no_more(run, number):
    Path("long.toml").write_text(LONG)
    running = process("sweep", "long.toml", "--store", "runs", "-o", "t.parquet", int(number), code=STOPPED)
    out, err = running.communicate(timeout=120)
    ended, after = map(int, out.split())
    assert running.returncode == 130, err
    assert after <= 2
    assert err == f"sweep stopped after {ended} of 64 cells; the same call goes on from what is stored\n"
    assert len(counted(Path("runs"))) == ended
    assert not Path("t.parquet").exists()
    run("sweep", "long.toml", "--store", "runs", "-o", "t.parquet")
    assert list(counted(Path("runs")).values()) == [1] * 64
    pd.testing.assert_frame_equal(pd.read_parquet("t.parquet"), sweep(**read_grid(Path("long.toml"))))


def test_sigterm_is_as_before_once_a_sweep_has_ended(run):
    before = signal.getsignal(signal.SIGTERM)
    run("sweep", "grid.toml")
    assert signal.getsignal(signal.SIGTERM) is before


def test_two_at_once_and_results_meanwhile(run):
    Path("long.toml").write_text(LONG.replace("300_000", "1_000_000"))
    both = [process("sweep", "long.toml", "--store", "runs", "-o", f"{k}.csv") for k in range(2)]
    seen = [0]
    while any(each.poll() is None for each in both):
        with suppress(subprocess.TimeoutExpired):
            both[0].wait(0.2)
        if Path("runs/store.json").exists():
            table = pd.read_csv(io.StringIO(run("results", "runs").out))
            assert table.drop(columns="byte_hit_rate").notna().all().all()
            seen.append(len(table))
    for each in both:
        _, err = each.communicate()
        assert (each.returncode, err) == (0, "")
    assert seen == sorted(seen)
    assert Path("0.csv").read_bytes() == Path("1.csv").read_bytes()
    assert len(pd.read_csv("0.csv")) == len(pd.read_csv(io.StringIO(run("results", "runs").out))) == 64


def test_on_a_cluster_by_address_and_by_file(run):
    from distributed import LocalCluster

    here = run("sweep", "grid.toml").out
    with LocalCluster(2, 1, processes=False, protocol="tcp", dashboard_address=":0") as cluster:
        Path("scheduler.json").write_text(f'{{"address": "{cluster.scheduler_address}"}}')
        assert re.match(r"tcp://", cluster.scheduler_address)
        for address in (cluster.scheduler_address, "scheduler.json"):
            assert run("sweep", "grid.toml", "--dask", address, "--store", "runs") == (here, "")
    assert len(counted(Path("runs"))) == 6 * 3 * 4


def test_a_scheduler_that_goes_costs_one_line(run, folder):
    Path("long.toml").write_text(LONG.replace("300_000", "10_000_000").replace("fifo", "lfu"))
    with cluster(folder, n_workers=1, n_threads=1) as (_, scheduler):
        running = process("sweep", "long.toml", "--store", "runs", "--dask", "scheduler.json")
        while not (Path("runs/store.json").exists() and counted(Path("runs"))):
            with suppress(subprocess.TimeoutExpired):
                running.wait(0.1)
            assert running.poll() is None
        scheduler.kill()
        out, err = running.communicate(timeout=120)
    assert (running.returncode, out) == (2, "")
    assert re.fullmatch(r"error: the scheduler tcp://\S+ is gone; the same call goes on from what is stored\n", err), (
        err
    )
    kept = counted(Path("runs"))
    assert run("sweep", "long.toml", "--store", "runs", "--dry-run").out == (
        f"64 cells asked for: {len(kept)} stored, 0 failed before, {64 - len(kept)} to run\n"
    )
