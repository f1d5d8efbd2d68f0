"""The command line: every command from end to end, every example of every --help, and one line for every bad input."""

import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from rich.console import Console
from scipy import sparse

import simcache
from simcache import Trace, hit_curve, simulate, sweep, synth
from simcache.cli import input, main, making, matrices, options, output, theorising

COMMANDS = [("make-trace", kind.__name__.replace("_", "-")) for kind in making.KINDS]
COMMANDS += [("theory", workload.__name__.replace("_", "-")) for workload in theorising.WORKLOADS]
COMMANDS += [("record",), ("convert",), ("info",), ("policies",), ("simulate",), ("curve",), ("sweep",), ("results",)]
COMMANDS += [("plot",), ("table",), ("explain",), ("new-policy",), ("check-policy",), ("doctor",)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test in a folder of its own, with a small trace, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    synth.zipf(50, 2000, 1.0).save("zipf.npz")
    return tmp_path


@pytest.fixture
def run(capsys):
    """A command's standard output; it must end well, and say nothing else."""

    def go(*arguments):
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    return go


@pytest.fixture
def fail(capsys):
    """The one line that a command says when it refuses."""

    def go(*arguments, code=2):
        before = files()
        assert main([str(each) for each in arguments]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        assert err.endswith("\n")
        assert files() == before
        return err

    return go


def files():
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}


def examples(run, command):
    text = run(*command, "--help").partition("Examples:")[2]
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def process(*arguments, code="import sys; from simcache.cli import main; sys.exit(main())", **options):
    environment = {**os.environ, "PYTHONPATH": str(Path(simcache.__file__).parents[1]), "TERM": "dumb"}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment, **options)


# ---------------------------------------------------------------- help


def test_every_command_has_help_that_fits_and_its_examples_work(run):
    np.savetxt("chain.csv", [[0.5, 0.5], [0.25, 0.75]], delimiter=",")
    np.savetxt("weights.csv", [5, 2, 1])
    Path("grid.toml").write_text('policies = ["lru"]\nfractions = [0.1]\n[[traces]]\nfile = "zipf.npz"')
    for command in COMMANDS:
        found = examples(run, command)
        assert found, command
        for example in found:  # whole lines: a line broken by the terminal's width could not be pasted
            first, *arguments = shlex.split(example)
            assert (first, *arguments[: len(command)]) == ("simcache", *command)
            if command == ("record",):
                continue  # needs torch: below
            out = run(*arguments)
            for place, word in enumerate(arguments):
                if word == "-o":
                    assert os.path.getsize(arguments[place + 1])
                    assert f"wrote {arguments[place + 1]}" in out


@pytest.mark.torch
def test_record_examples_work(run):
    for example in examples(run, ("record",)):
        arguments = shlex.split(example)[1:]
        run(*arguments)
        trace = Trace.load(arguments[-1])
        assert trace.n_items == 1000
        assert len(trace) == 1000 * len(trace.epochs)


def test_help_and_version(run):
    assert run("--version") == f"simcache {simcache.__version__}\n"
    assert run() == run("--help") == run("-h")
    assert run("make-trace") == run("make-trace", "--help")
    assert run("theory") == run("theory", "--help")
    for command, *_ in COMMANDS:
        assert command in run()


def test_help_loads_no_heavy_library():
    code = (
        "import sys; from simcache.cli import main; main(['plot', '--help'])\n"
        "sys.exit(sorted({'torch', 'matplotlib', 'seaborn', 'dask', 'pyarrow.parquet'} & set(sys.modules)) or 0)"
    )
    running = process(code=code, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (running.communicate()[1], running.returncode) == (b"", 0)


# ---------------------------------------------------------------- traces

KINDS = {
    "uniform --n-items 9 --n-accesses 99 --seed 3": lambda: synth.uniform(9, 99, seed=3),
    "zipf --n-items 9 --n-accesses 99 --alpha 0.7 --seed 3": lambda: synth.zipf(9, 99, 0.7, seed=3),
    "loop --n-items 9 --n-accesses 99": lambda: synth.loop(9, 99),
    "shuffled --n-items 9 --epochs 4 --seed 18446744073709551615": lambda: synth.shuffled(9, 4, seed=2**64 - 1),
    "shuffle-buffer --n-items 9 --epochs 4 --buffer 3": lambda: synth.shuffle_buffer(9, 4, 3),
    "shuffle-buffer --n-items 9 --epochs 4 --buffer 3 --no-drain": lambda: synth.shuffle_buffer(9, 4, 3, drain=False),
    "ring --n-items 9 --n-accesses 99 --jump .2": lambda: synth.ring(9, 99, 0.2),
    "ring --n-items 9 --n-accesses 99 --jump .2 --directed": lambda: synth.ring(9, 99, 0.2, directed=True),
    "repeat zipf.npz --probability .5 --seed 3": lambda: synth.repeat(synth.zipf(50, 2000, 1.0), 0.5, seed=3),
}


def same(trace, expected):
    assert trace.ids.tolist() == expected.ids.tolist()
    assert (trace.n_items, trace.name, trace.epochs) == (expected.n_items, expected.name, expected.epochs)
    assert dict(trace.source) == dict(expected.source)


@pytest.mark.parametrize("arguments", KINDS)
def test_make_trace_makes_what_synth_makes(arguments, run):
    out = run("make-trace", *arguments.split(), "-o", "out.npz")
    same(Trace.load("out.npz"), KINDS[arguments]())
    assert out == f"wrote out.npz: {Trace.load('out.npz')!r}\n"
    run("make-trace", *arguments.split(), "--name", "mine", "-o", "out.npz")
    assert Trace.load("out.npz").name == "mine"


@pytest.mark.parametrize("arguments", KINDS)
def test_make_trace_gives_sizes(arguments, run):
    run("make-trace", *arguments.split(), "--sizes", "4096,1.5", "-o", "out.npz")
    found, expected = Trace.load("out.npz"), KINDS[arguments]()
    seed = int(arguments.partition("--seed ")[2] or 0)
    assert_array_equal(found.ids, expected.ids)
    assert_array_equal(found.sizes, synth.lognormal_sizes(expected.n_items, 4096, 1.5, seed=seed))
    assert found.source == {**expected.source, "size_median": 4096.0, "size_sigma": 1.5}


def test_make_trace_gives_sizes_to_phases(run):
    run("make-trace", "phases", "zipf.npz", "zipf.npz", "--sizes", "9,0", "-o", "out.npz")
    assert Trace.load("out.npz").sizes.tolist() == [9] * 50


def test_markov_reads_every_kind_of_matrix(run):
    matrix = np.array([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25], [0.1, 0.2, 0.7]])
    np.save("dense.npy", matrix)
    np.savez("dense.npz", matrix)
    np.savetxt("dense.csv", matrix, delimiter=",")
    formats = [f"{kind}.npz" for kind in ("csr", "csc", "coo", "bsr", "dia")]
    for file in formats:
        sparse.save_npz(file, sparse.coo_array(matrix).asformat(file[:3]))
        assert_array_equal(matrices.read_matrix(Path(file)).toarray(), matrix)
    sparse.save_npz("old.npz", sparse.csr_matrix(matrix.astype(np.float32)), compressed=False)
    assert matrices.read_matrix(Path("old.npz")).dtype == np.float32
    for file in ("dense.npy", "dense.npz", "dense.csv", *formats):
        run("make-trace", "markov", "--matrix", file, "--n-accesses", 500, "--seed", 7, "-o", "out.npz")
        same(Trace.load("out.npz"), synth.markov(matrix, 500, seed=7))


SAMPLER = """
import random
class Sampler:
    def __init__(self, data_source, *, factor=1, seed=None):
        self.data_source, self.factor, self.seed = data_source, factor, seed
    def __iter__(self):
        return iter([i * self.factor % len(self.data_source) for i in range(4)])
class Plain(list):
    rank = 2
class Endless:
    def __iter__(self):
        while True:
            yield from (2, 0, 1)
    def __len__(self):
        return 3
def drawn(length):
    return Plain(random.randrange(5) for _ in range(length))
def weighted(weights):
    return [int(weight) for weight in weights]
def open(**anything):
    return [anything["a"]]
THREE = 3
"""


def test_record_builds_a_sampler_of_ones_own(run, folder, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (folder / "own.py").write_text(SAMPLER)
    run("record", "own:Sampler", "--arg", "factor=3", "--n-items", 5, "--epochs", 2, "--seed", 9, "-o", "out.npz")
    trace = Trace.load("out.npz")
    assert (trace.ids.tolist(), trace.n_items, trace.epochs) == ([0, 3, 1, 4] * 2, 5, (0, 4))
    assert dict(trace.source)["trace_seed"] == 9
    run("record", "own:weighted", "--arg", "weights=[1, 0, 2]", "--name", "mine", "-o", "out.npz")
    assert (Trace.load("out.npz").ids.tolist(), Trace.load("out.npz").name) == ([1, 0, 2], "mine")
    run("record", "own:Endless", "--length", 7, "--epochs", 2, "-o", "out.npz")
    assert Trace.load("out.npz").ids.tolist() == [2, 0, 1, 2, 0, 1, 2] * 2
    run("record", "own:open", "--arg", "a=3", "-o", "out.npz")
    assert Trace.load("out.npz").ids.tolist() == [3]
    ids = []
    for seed in (0, 0, 1):  # the global generators are seeded too
        run("record", "own:drawn", "--arg", "length=30", "--seed", seed, "-o", "out.npz")
        ids.append(Trace.load("out.npz").ids.tolist())
    assert ids[0] == ids[1] != ids[2]
    sys.modules.pop("own")


@pytest.mark.torch
def test_record_is_what_training_sees(run):
    import torch
    from torch.utils.data import RandomSampler

    run("record", "--arg", "replacement=true", "--arg", "num_samples=70", "--n-items", 50, "--seed", 4, "-o", "r.npz")
    expected = list(RandomSampler(range(50), True, 70, generator=torch.Generator().manual_seed(4)))
    assert Trace.load("r.npz").ids.tolist() == expected
    run("record", "torch.utils.data:DistributedSampler", "--arg", "num_replicas=4", "--arg", "rank=1",
        "--n-items", 50, "--epochs", 2, "--seed", 4, "-o", "d.npz")  # fmt: skip
    sampler = torch.utils.data.DistributedSampler(range(50), 4, 1, seed=4)
    assert Trace.load("d.npz").ids[:13].tolist() == list(sampler)
    assert dict(Trace.load("d.npz").source)["trace_seed"] == 4


def test_without_torch_one_line_names_the_extra(fail, monkeypatch):
    before = list(sys.modules)
    with monkeypatch.context() as patch:
        for module in ["torch", *(name for name in before if name.startswith("torch."))]:
            patch.setitem(sys.modules, module, None)
        assert "pip install 'simcache[torch]'" in fail("record", "--n-items", 5, "-o", "out.npz")
    # Modules are torn down in their order, newest first. Taken out and put back they stand in another, and at the end
    # each tensor that a worker of a loader sent meets a torch that is half gone: a traceback each.
    assert [name for name in sys.modules if name in before] == before


# ---------------------------------------------------------------- tables


def piped(text):
    return pd.read_csv(io.StringIO(text)).astype({"hits": "Int64"})


def test_simulate_is_simulate(run):
    trace = Trace.load("zipf.npz")
    table = piped(run("simulate", "zipf.npz", "opt", "opt:bypass=true", "--capacity", 7))
    hits = [simulate(trace, "opt", 7).sum(), simulate(trace, "opt", 7, bypass=True).sum()]
    assert table["hits"].tolist() == hits
    assert table["policy"].tolist() == ["opt", "opt(bypass=True)"]
    table = piped(run("simulate", "zipf.npz", "rr", "--fraction", 0.1, "--seed", 8, "--warmup", 100))
    assert_frame_equal(table, sweep([trace], ["rr"], [0.1], seeds=[8], warmup=100))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".CSV"])
def test_curve_files_read_back_equal(suffix, run):
    trace = Trace.load("zipf.npz")
    curves = [hit_curve(trace, policy, seed=2**64 - 1) for policy in ("lru", "rr")]
    out = run("curve", "zipf.npz", "lru", "rr", "--seed", 2**64 - 1, "-o", f"t{suffix}")
    table = pd.concat(curves, ignore_index=True)
    assert out == f"wrote t{suffix}: {len(table)} rows\n"
    assert_frame_equal(input.read_table(Path(f"t{suffix}")), table)
    some = piped(run("curve", "zipf.npz", "lru", "--capacities", "9,3,60"))
    assert_frame_equal(some, hit_curve(trace, "lru", [9, 3, 60]))
    some = piped(run("curve", "zipf.npz", "lru", "--fractions", ".5,.1"))
    assert_frame_equal(some, sweep([trace], ["lru"], [0.5, 0.1]))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_odd_values_survive_a_file(suffix, folder):
    table = hit_curve(Trace([0, 1, 0], 2, name="1.0"), "opt", [1, 2, 2])
    table = table.assign(policy=["NA", "null", 'a,"b"\né'], hit_rate=[0.1 + 0.2, 1 / 3, 2 / 3], hit_rate_warm=np.nan)
    table.loc[1, "hits"] = pd.NA
    path = folder / f"odd{suffix}"
    output.write(table, path)
    assert_frame_equal(input.read_table(path), table)


def test_a_table_saved_with_its_index_is_the_same_table(run, folder):
    table = sweep([Trace.load("zipf.npz")], ["lru", "opt"], [0.1, 0.5])
    table.to_csv("indexed.csv")
    assert_frame_equal(input.read_table(folder / "indexed.csv"), table)
    output.write(table, folder / "plain.csv")
    for name in ("indexed", "plain"):
        run("plot", f"{name}.csv", "-o", f"{name}.svg")
    assert Path("indexed.svg").read_bytes() == Path("plain.svg").read_bytes()


def test_several_traces_are_one_table(run):
    zipf, loop = Trace.load("zipf.npz"), synth.loop(9, 40)
    seeded = Trace(loop.ids, 9, "seeded", source={"generator": "own", "trace_seed": 2**64 - 1})
    loop.save("loop.npz")
    seeded.save("seeded.npz")
    files = ("zipf.npz", "loop.npz", "seeded.npz")
    run("curve", *files, "lru", "rr", "--capacities", "3,9", "-o", "t.json")
    found = input.read_table(Path("t.json"))
    each = [hit_curve(trace, name, [3, 9]) for trace in (zipf, loop, seeded) for name in ("lru", "rr")]
    assert found["hits"].tolist() == [hits for one in each for hits in one["hits"]]
    assert found["trace"].unique().tolist() == ["zipf-1.0", "loop-9", "seeded"]
    assert found["trace_seed"].dtype == "UInt64"  # exact, and whole where some have none
    assert found["trace_seed"].dropna().unique().tolist() == [0, 2**64 - 1]
    run("simulate", *files, "lru", "--fraction", ".5", "-o", "t.json")
    assert_frame_equal(input.read_table(Path("t.json")), sweep([zipf, loop, seeded], ["lru"], [0.5]))


def test_policies_lists_all_with_ideas_and_defaults(run):
    table = pd.read_csv(io.StringIO(run("policies")), keep_default_na=False).set_index("policy")
    assert table.index.tolist() == simcache.policies.names()
    assert table["parameters"]["opt"] == "bypass=false, window=2147483648, every=1"
    assert table["parameters"]["lru"] == ""
    assert table["idea"]["lru"] == "LRU: evict the item whose last access is the oldest."
    assert table["idea"].str.endswith(".").all()


@pytest.mark.parametrize(("width", "whole"), [(80, False), (400, True)])
def test_a_terminal_shows_whole_columns(width, whole):
    trace = synth.shuffle_buffer(1000, 10, 50)
    table = sweep([trace], ["lru", ("opt", {"bypass": True})], [0.01, 0.5])
    table.loc[0, "hits"] = pd.NA
    screen = io.StringIO()
    output.show(table, Console(file=screen, width=width, highlight=False))
    text = screen.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert ("not shown:" not in text) is whole
    for column in ("policy", "capacity", "fraction", "hit_rate"):
        assert re.search(rf"\b{column}\b", text)
    for value in ("opt(bypass=True)", f"{table['hit_rate'][3]:.4f}", "0.01", "500"):
        assert value in text
    if whole:
        assert all(str(column) in text for column in table.columns)
        assert "–" in text


def shown(table, width, **options):
    screen = io.StringIO()
    output.show(table, Console(file=screen, width=width, highlight=False), **options)
    return screen.getvalue()


def test_a_narrow_terminal_drops_columns_from_the_least_and_says_which():
    row = {"trace": "a", "policy": "rr", "capacity": 5, "fraction": 0.05, "seed": 0, "accesses": 99, "hits": 50}
    row |= {
        "hit_rate": 0.50505,
        "warmup": 9,
        "hit_rate_warm": 0.123456,
        "low": 0.41237,
        "high": 0.59876,
        "exact": False,
    }
    table = pd.DataFrame([{**row, "alpha": 0.123456, "n_items": 12}])
    order = [
        "policy", "capacity", "fraction", "hit_rate", "hit_rate_warm", "trace", "hits", "seed", "alpha", "n_items",
        "accesses", "warmup", "low", "high", "exact",
    ]  # fmt: skip
    text = shown(table, 300)
    assert "not shown" not in text
    for value in ("0.5050", "0.1235", "0.4124", "0.5988", "0.05", "False"):  # rates to four decimals, also low and high
        assert re.search(rf"(?<!\S){re.escape(value)}(?!\S)", text)
    for width in range(160, 19, -7):
        text = shown(table, width)
        head, left = text.splitlines()[1].split(), " ".join(text.partition("not shown: ")[2].partition(";")[0].split())
        gone = left.split(", ") if left else []
        kept = len(order) - len(gone)
        assert set(gone) == set(order[kept:])
        assert kept == 1 or (
            sorted(head, key=order.index) == order[:kept] and max(map(len, text.splitlines())) <= width
        )
    assert "not shown" not in shown(table, 60, wrap=True)
    assert shown(pd.DataFrame({"hits": pd.array([None], "Int64"), "hit_rate": [float("nan")]}), 80).count("–") == 2


def test_numbers_stand_to_the_right_and_text_to_the_left():
    text = shown(pd.DataFrame({"policy": ["opt", "rr"], "capacity": [5, 1000]}), 80)
    assert [line.strip() for line in text.splitlines()][3:5] == ["opt             5", "rr           1000"]


@pytest.mark.skipif(not hasattr(pty, "openpty"), reason="needs pseudo-terminals")
def test_a_table_on_a_terminal_and_one_line_for_an_error(folder):
    ours, theirs = pty.openpty()
    running = process("simulate", "zipf.npz", "lru", "--capacity", "5", stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert running.wait() == 0
    assert "hit_rate_warm" in text.decode()
    assert "zipf-1.0" in text.decode()
    assert "," not in text.decode().partition("not shown")[0]

    running = process("simulate", "none.npz", "lru", "--capacity", "5", stdout=-1, stderr=-1)
    out, err = running.communicate()
    assert (running.returncode, out, err) == (2, b"", b"error: no such file or directory: 'none.npz'\n")


def test_a_reader_that_leaves_is_no_error():
    running = process("curve", "zipf.npz", "lru", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait() == 0
    running.stderr.close()


# ---------------------------------------------------------------- figures


def test_plot_draws_each_kind(run, folder):
    for alpha in (0, 1):
        run(
            "make-trace", "zipf", "--n-items", 50, "--n-accesses", 900, "--alpha", alpha, "--seed", alpha, "-o", "z.npz"
        )
        for suffix in (".csv", ".json"):
            policies = ("opt", "opt:bypass=true", "lru", "rr")
            run("curve", "z.npz", *policies, "--fractions", ".1,.5", "-o", f"{alpha}{suffix}")
    for name, arguments in {
        "curves.svg": "0.csv 1.json --kind curves --width page --miss --log --warm --x capacity",
        "heatmap.png": "0.csv 1.json --kind heatmap --width page",
        "gap.svg": "0.csv 1.csv --kind gap --policy opt:bypass=true --against lru --y alpha",
    }.items():
        assert run("plot", *arguments.split(), "-o", name) == f"wrote {name}\n"
    assert "OPT (bypass) − LRU" in re.sub(r"<!-- | -->", "", (folder / "gap.svg").read_text())
    assert "miss ratio" in (folder / "curves.svg").read_text()
    run("plot", "1.csv", "--policy", "lru", "-o", "all")
    assert {"all.pdf", "all.png", "all.svg"} <= set(os.listdir())


def test_plot_has_a_panel_for_each_value_of_a_column(run, folder):
    rows = [
        {"policy": policy, "alpha": alpha, "fraction": size, "hit_rate": size * rate}
        for policy, rate in (("lru", 0.5), ("opt", 0.9)) for alpha in (0.0, 0.5, 1.0) for size in (0.1, 0.5)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv("means.csv", index=False)
    run("plot", "means.csv", "--by", "alpha", "-o", "curves.svg")
    run("plot", "means.csv", "--kind", "gap", "--y", "alpha", "--by", "policy", "-o", "gap.svg")
    texts = {name: re.findall(r"<!-- (.*) -->", (folder / name).read_text()) for name in ("curves.svg", "gap.svg")}
    assert [text for text in texts["curves.svg"] if "=" in text] == [
        f"Zipf exponent α = {a}" for a in ("0", "0.5", "1")
    ]
    assert texts["curves.svg"].count("LRU") == 1
    assert "OPT − best other" in texts["gap.svg"]


# ---------------------------------------------------------------- refusals

SIMULATE = "simulate zipf.npz lru --capacity"
MAKE = "make-trace zipf -o o.npz --n-items 9 --n-accesses 9 --alpha"
RECORD = "record -o o.npz --n-items 5"
REFUSED = {
    "curv": "no such command 'curv'; did you mean 'curve'? (see simcache --help)",
    "--frob": "error: no such option: --frob (see simcache --help)",
    "curve zipf.npz lru --capacties 5": "no such option: --capacties; did you mean '--capacities'? (see simcache curve",
    "curve zipf.npz lru --cap 5": "no such option: --cap; did you mean '--capacities'? (see simcache curve --help)",
    "curve zipf.npz lru -capacities 5": "no such option: -capacities; did you mean '--capacities'? (see",
    "curve zipf.npz lru --zap 5": "no such option: --zap (see simcache curve --help)",
    "curve zipf.npz lru -z5": "no such option: -z (see simcache curve --help)",
    "check ./own.py": "no such command 'check'; did you mean 'check-policy'? (see simcache --help)",
    "simulate zipf.npz lru": "one of --capacity and --fraction",
    "simulate zipf.npz lru --capacity 5 --fraction .5": "one of --capacity and --fraction",
    "simulate zipf.npz --capacity 5": "missing argument 'POLICY' (see simcache simulate --help)",
    "curve zipf.npz t.npz": "at least one policy must be named after the traces, got t.npz",
    "curve zipf.npz zipf.npz lru": "traces must differ in name or source, or their rows could not be told apart",
    "simulate zipf.npz lruu --capacity 5": "unknown policy 'lruu'; did you mean 'lru'? known: ",
    "simulate zipf.npz opt,lru --capacity 5": "policies must be separated by spaces, got 'opt,lru'",
    "curve zipf.npz opt, lru": "policies must be separated by spaces, got 'opt,'",
    "simulate zipf.npz opt,lruu --capacity 5": "unknown policy 'opt,lruu'",
    "simulate zipf.npz opt:bypas=true --capacity 5": "did you mean 'bypass'?",
    "simulate zipf.npz opt:bypass --capacity 5": "NAME:PARAMETER=VALUE,…, got 'opt:bypass'",
    "simulate zipf.npz opt: --capacity 5": "NAME:PARAMETER=VALUE,…, got 'opt:'",
    "simulate zipf.npz opt:bypass=true,bypass=true --capacity 5": "NAME:PARAMETER=VALUE,…",
    "simulate zipf.npz opt:bypass=7 --capacity 5": "must be a bool, got 7",
    "simulate zipf.npz lru lru --capacity 5": "policies must differ, got 'lru' twice",
    f"{SIMULATE} 0": "capacity must be a whole number of items >= 1 for trace 'zipf-1.0', got 0",
    f"{SIMULATE} -1": "capacity must be a whole number of items >= 1 for trace 'zipf-1.0', got -1",
    f"{SIMULATE} 2.5": "must be a whole number, got '2.5' (see simcache simulate --help)",
    f"{SIMULATE} 5.0": "must be a whole number, got '5.0'",
    f"{SIMULATE} many": "invalid value for '--capacity': must be a whole number, got 'many'",
    f"{SIMULATE} nan": "must be a whole number, got 'nan'",
    f"{SIMULATE} ''": "must be a whole number, got ''",
    f"{SIMULATE} 5 --seed -1": "seed must be a whole number 0 … 18446744073709551615, got -1",
    f"{SIMULATE} 5 --warmup -1": "warmup must be a whole number of accesses >= 0",
    f"{SIMULATE} 5 -o none/t.csv": "the folder to write to must exist, got 'none'",
    f"{SIMULATE} 5 -o t.txt": "a table must be written to a file ending in .csv, .parquet, .json; got 't.txt'",
    f"{SIMULATE} 5 -o folder.csv": "got the folder 'folder.csv'",
    "simulate zipf.npz lru --fraction 0": "fractions must be numbers in (0, 1], got 0.0",
    "simulate zipf.npz lru --fraction 1.5": "fractions must be numbers in (0, 1], got 1.5",
    "simulate zipf.npz lru --fraction nan": "fractions must be numbers in (0, 1], got nan",
    "simulate none.npz lru --capacity 5": "no such file or directory: 'none.npz'",
    "simulate . lru --capacity 5": "is a directory: '.'",
    "simulate cut.npz lru --capacity 5": "one that Trace.save wrote, whole; got 'cut.npz'",
    "simulate foreign.npz lru --capacity 5": "one that Trace.save wrote, whole; got 'foreign.npz'",
    "simulate ids.npy lru --capacity 5": "Trace(np.load(path), n_items) makes a trace",
    "simulate text.csv lru --capacity 5": "one that Trace.save wrote, whole; got 'text.csv'",
    "simulate empty.npz lru --capacity 5": "must have accesses, got none in 'empty.npz'",
    "curve zipf.npz lru --capacities 5,two": "whole numbers separated by commas, got '5,two'",
    "curve zipf.npz lru --capacities ''": "whole numbers separated by commas, got ''",
    "curve zipf.npz lru --capacities 5,0": "capacity must be a whole number of items >= 1",
    "curve zipf.npz lru --capacities 5 --fractions .5": "at most one of --capacities and --fractions",
    "curve zipf.npz lru --fractions .5,x": "numbers separated by commas, got '.5,x'",
    f"{MAKE} -1": "alpha must be a finite number >= 0 for synth.zipf, got -1.0",
    f"{MAKE} inf": "alpha must be a finite number >= 0 for synth.zipf, got inf",
    f"{MAKE} steep": "must be a number, got 'steep'",
    "make-trace zipf -o o.npz --n-items 9 --n-accesses 9": "missing option '--alpha'",
    "make-trace uniform -o o.npz --n-items 0 --n-accesses 9": "n_items must be a whole number 1 … 2147483647",
    "make-trace uniform -o o.txt --n-items 9 --n-accesses 9": "a trace must be written to a file ending in .npz",
    "make-trace uniform -o no/o.npz --n-items 9 --n-accesses 9": "the folder to write to must exist, got 'no'",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes 4096": "sizes must be MEDIAN,SIGMA, got '4096'",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes 1,2,3": "sizes must be MEDIAN,SIGMA, got '1,2,3'",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes a,b": "sizes must be numbers separated by commas",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes 0,1": "median must be a finite number >= 1 for synth",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes 1,-1": "sigma must be a finite number >= 0 for synth",
    "make-trace loop -o o.npz --n-items 9 --n-accesses 9 --sizes 1e19,0": "sizes must be at most 2^63 - 1 bytes",
    "make-trace repeat sized.npz -o o.npz --probability .5 --sizes 9,1": "no sizes yet for --sizes, got 'repeat(sized)",
    "make-trace shuffled -o o.npz --n-items 2147483647 --epochs 2": "at most 2147483647 accesses",
    "make-trace zipff": "did you mean 'zipf'?",
    "make-trace ring -o o.npz --n-items 9 --n-accesses 9 --jump 1.1": "jump must be a number 0 … 1",
    "make-trace repeat cut.npz -o o.npz --probability .5": "one that Trace.save wrote, whole; got 'cut.npz'",
    "make-trace markov -o o.npz --n-accesses 9 --matrix half.csv": "must sum to 1 for synth.markov, got 0.5 in row 1",
    "make-trace markov -o o.npz --n-accesses 9 --matrix text.csv": "must be a whole .csv file of numbers",
    "make-trace markov -o o.npz --n-accesses 9 --matrix nothing.csv": "matrix must be square",
    "make-trace markov -o o.npz --n-accesses 9 --matrix cut.npz": "must be a whole .npz file of numbers",
    "make-trace markov -o o.npz --n-accesses 9 --matrix zipf.npz": "must be a whole .npz file of numbers",
    "make-trace markov -o o.npz --n-accesses 9 --matrix none.npy": "no such file or directory: 'none.npy'",
    "make-trace markov -o o.npz --n-accesses 9 --matrix cut.txt": "must be a file ending in .npy, .npz, .csv",
    f"{RECORD} random": "a sampler must be module:callable",
    f"{RECORD} no_such_module:thing": "needs the module 'no_such_module', and there is none",
    f"{RECORD} random:no_such": "has no attribute 'no_such'",
    f"{RECORD} ends:sampler": "a sampler must be in a module that can be imported; 'ends' ends with 3",
    f"{RECORD} math:pi": "a sampler must be module:callable, got 'math:pi', a float",
    f"{RECORD} own:Sampler --arg factr=2": "unknown argument 'factr' of own:Sampler; did you mean 'factor'?",
    f"{RECORD} own:Sampler --arg factor": "arguments must be NAME=VALUE, each name once, got 'factor'",
    f"{RECORD} own:drawn": "own:drawn must be given length: --arg length=…",
    "record -o o.npz own:Sampler": "own:Sampler must be given data_source: --n-items",
    f"{RECORD} own:Endless --length 0": "length must be a whole number 1 …",
    f"{RECORD} own:Sampler --epochs 0": "epochs must be a whole number 1 …",
    f"{RECORD} own:Sampler --seed -1": "seed must be a whole number 0 …",
    f"{RECORD} own:weighted --arg weights=[7]": "ids must lie in 0 … n_items - 1 = 4",
    "record -o o.npz --n-items 0": "n_items must be a whole number >= 1, got 0",
    "plot none.csv -o f.pdf": "no such file or directory: 'none.csv'",
    "plot zipf.npz -o f.pdf": "a table must be a file ending in .csv, .parquet, .json; got 'zipf.npz'",
    "plot nothing.csv -o f.pdf": "a table must be a whole .csv file with rows",
    "plot text.csv -o f.pdf": "a table to draw must have the columns",
    "plot cut.json -o f.pdf": "a table must be a whole .json file with rows",
    "plot number.json -o f.pdf": "a table must be a whole .json file with rows",
    "plot cut.parquet -o f.pdf": "a table must be a whole .parquet file with rows",
    "plot words.csv -o f.pdf": "must be numbers in table 'words.csv'",
    "plot t.csv -o f.gif": "a figure must be written to a file ending in .pdf, .png, .svg, no suffix; got 'f.gif'",
    "plot t.csv -o none/f.pdf": "the folder to write to must exist, got 'none'",
    "plot t.csv --kind pie -o f.pdf": "error: invalid value for '--kind': 'pie' is not one of 'curves'",
    "plot many.csv -o f.pdf": "at most 12 panels, one for each trace, got 41: zipf-1.0, run 0, zipf-1.0, run 1,",
    "plot many.csv --by run -o f.pdf": "at most 12 panels, one for each value of column 'run', got 41: run = 0",
    "plot t.csv --by alfa -o f.pdf": "did you mean 'alpha'?",
    "plot t.csv --width poster -o f.pdf": "'poster' is not one of",
    "plot t.csv --x fractoin -o f.pdf": "did you mean 'fraction'?",
    "plot t.csv --policy lruu -o f.pdf": "did you mean 'lru'?",
    "plot t.csv --kind heatmap -o f.pdf": "a grid must have a column to run up it: give --y one of",
    "plot t.csv --kind heatmap --y alpa -o f.pdf": "did you mean 'alpha'?",
    "plot t.csv --kind gap --y alpha -o f.pdf": "policy must be one of lru",
    "plot t.csv --kind gap --y alpha --policy opt:bypas=1 -o f.pdf": "did you mean 'bypass'?",
}


@pytest.fixture
def broken(folder, monkeypatch):
    """Files of every kind that no command should take."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    whole = (folder / "zipf.npz").read_bytes()
    (folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    Trace([0, 1], 2, "sized", sizes=[3, 4]).save("sized.npz")
    np.savez("foreign.npz", a=np.arange(3), b=np.arange(3))
    (folder / "text.csv").write_text("to be,or not to be\nthat,is\n")
    (folder / "half.csv").write_text("1,0\n.25,.25\n")
    (folder / "nothing.csv").write_text("")
    (folder / "folder.csv").mkdir()
    Trace([], 3).save("empty.npz")
    table = hit_curve(Trace.load("zipf.npz"), "lru", [5])
    output.write(table, folder / "t.csv")
    table.assign(hit_rate="high").to_csv("words.csv")
    output.write(pd.concat([table.assign(run=k) for k in range(41)]), folder / "many.csv")
    np.save("ids.npy", np.arange(3))
    table.to_parquet("cut.parquet")
    (folder / "cut.parquet").write_bytes((folder / "cut.parquet").read_bytes()[:-9])
    (folder / "cut.json").write_text(json.dumps([{"trace": "a"}])[:-4])
    (folder / "number.json").write_text("3")
    (folder / "own.py").write_text(SAMPLER)
    (folder / "ends.py").write_text("raise SystemExit(3)")
    yield
    sys.modules.pop("own", None)


def test_bad_input_costs_one_line(broken, fail, capsys):
    capsys.readouterr()
    lines = {arguments: fail(*shlex.split(arguments)) for arguments in REFUSED}
    assert {each: line for each, line in lines.items() if not line.startswith("error: ")} == {}
    assert {each: line for each, line in lines.items() if REFUSED[each] not in line} == {}


def test_a_trace_cut_anywhere_is_refused(fail, folder):
    whole = (folder / "zipf.npz").read_bytes()
    for length in range(0, len(whole), 37):
        (folder / "cut.npz").write_bytes(whole[:length])
        assert "whole; got 'cut.npz'" in fail("simulate", "cut.npz", "lru", "--capacity", 5)


def test_a_folder_that_is_not_writable(fail, monkeypatch):
    def refuse(*arguments, **named):  # as the system does, unless root asks
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("simcache.files.os.open", refuse)
    monkeypatch.setattr("simcache.curves.hit_curve", None)  # refused before any work is done
    assert "the folder to write to must be writable, got '.'" in fail("curve", "zipf.npz", "lru", "-o", "t.csv")


def test_without_pyarrow_one_line_names_the_extra(fail, monkeypatch, folder):
    (folder / "t.parquet").write_bytes(b"old")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'simcache[io]'" in fail("curve", "zipf.npz", "lru", "-o", "t.parquet")
    assert "pip install 'simcache[io]'" in fail("plot", "t.parquet", "-o", "f.pdf")


def test_no_memory_is_one_line(fail, monkeypatch):
    def loaded(path):
        raise MemoryError

    monkeypatch.setattr(Trace, "load", loaded)
    assert fail("curve", "zipf.npz", "lru") == "error: not enough memory\n"


def test_errors_of_our_own_keep_their_trace(monkeypatch):
    monkeypatch.setattr(Trace, "load", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["curve", "zipf.npz", "lru"])


# ---------------------------------------------------------------- Ctrl-C


def interrupt(*arguments, **named):
    raise KeyboardInterrupt


INTERRUPTED = """
import sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "{module}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
from simcache.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("module", ["numba", "typer", "simcache.plot"])
def test_ctrl_c_while_modules_load_costs_one_line(module):
    output.write(hit_curve(Trace.load("zipf.npz"), "lru", [5]), Path("t.csv"))
    running = process("plot", "t.csv", "-o", "f.png", code=INTERRUPTED.format(module=module), stdout=-1, stderr=-1)
    out, err = running.communicate()
    assert (running.returncode, out) == (130, b"")
    assert re.fullmatch(rb"stopped; [^\n]*\n", err), err


def test_ctrl_c_while_simulating_leaves_the_old_file(fail, monkeypatch, folder):
    (folder / "t.csv").write_text("old")
    monkeypatch.setattr("simcache.counting.replay", interrupt)
    line = fail("curve", "zipf.npz", "lru", "--capacities", "1,2,3", "-o", "t.csv", code=130)
    assert line == "lru on zipf-1.0 stopped after 0 of 3 runs; nothing was written\n"


def test_ctrl_c_while_writing_leaves_the_old_file(fail, monkeypatch, folder):
    def half(table, path):
        path.write_text("half")
        raise KeyboardInterrupt

    (folder / "t.csv").write_text("old")
    monkeypatch.setitem(output.WRITERS, ".csv", half)
    assert fail("curve", "zipf.npz", "lru", "-o", "t.csv", code=130).startswith("stopped;")
    (folder / "o.npz").write_text("old")
    monkeypatch.setattr(np, "savez_compressed", interrupt)
    arguments = ["make-trace", "uniform", "--n-items", "9", "--n-accesses", "9", "-o", "o.npz"]
    assert fail(*arguments, code=130).startswith("stopped;")


# ---------------------------------------------------------------- text to values


def test_texts_become_values():
    assert options.policy("lru") == ("lru", {})
    assert options.policy("x:a=true,b=False,c=3,d=0.5,e=word,f=none,g=") == (
        "x", {"a": True, "b": False, "c": 3, "d": 0.5, "e": "word", "f": None, "g": ""},
    )  # fmt: skip
    assert options.value("[1, (2, 'x')]") == [1, (2, "x")]
    assert options.value("__import__('os')") == "__import__('os')"
