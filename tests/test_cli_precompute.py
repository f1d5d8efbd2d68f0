"""opt4torch-precompute: the files that it writes, and one line for every bad input."""

import pickle
import re
import shlex
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from simcache import Trace, order, simulate  # noqa: E402
from simcache.__main__ import precompute  # noqa: E402
from simcache.cli import main_precompute  # noqa: E402
from simcache.torch import OPTCacheDecorator, generate_precomputed_file  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys):
    """What the command said, and whether all is well."""

    def go(line, code=0):
        assert main_precompute(shlex.split(line)) == code
        out, err = capsys.readouterr()
        assert (err if code else out) != (out if code else err) == ""
        return err if code else out

    return go


def test_its_help_has_examples_that_work(run):
    text = run("--help")
    found = [line.strip() for line in text.partition("Examples:")[2].splitlines() if line.strip()]
    assert len(found) == 2
    for example in found:
        program, _, line = example.partition(" ")
        assert program == "opt4torch-precompute"
        said = run(line)
        path = shlex.split(line)[-1]
        assert f"wrote {path}: 3000 accesses to" in said
        OPTCacheDecorator(path, 300, 10_000, 3000)
    assert "to 3000 items, as many as --total-iter since --dataset-size is not given" in said
    hits = int(simulate(Trace.load("s.pkl"), "opt", 300, bypass=True).sum())
    assert f"OPT hits {hits} of them ({hits / 3000:.2%}) with 300 items cached" in said


@pytest.mark.parametrize("flag", ["", " --no-replacement"])
def test_it_writes_what_the_function_does(run, flag):
    said = run(f"--total-iter 75 --dataset-size 30 --seed 42 --output new/folder/it{flag}")
    assert said == "wrote new/folder/it: 75 accesses to 30 items\n"
    generate_precomputed_file(30, 75, "other", 42, not flag)
    one, two = Trace.load("new/folder/it"), Trace.load("other")
    assert (one.ids.tolist(), one.n_items) == (two.ids.tolist(), 30)
    assert one.source["trace_seed"] == 42


def test_another_sampler_is_told_what_it_has_parameters_for(run):
    run("--total-iter 60 --dataset-size 20 -o a --sampler torch.utils.data:SequentialSampler")
    assert Trace.load("a").ids.tolist() == [*range(20)] * 3
    run("--total-iter 60 --dataset-size 3 -o b --sampler torch.utils.data:WeightedRandomSampler --arg weights=[1,2,3]")
    assert (Trace.load("b").ids == order.weighted([1, 2, 3], 60).ids).all()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-o it", "missing option '--total-iter'"),
        ("--total-iter 9", "missing option '--output'"),
        ("--total-iter 0 -o it", "--total-iter must be a whole number >= 1, got 0"),
        ("--total-iter 9.0 -o it", "must be a whole number, got '9.0'"),
        ("--total-iter 9 --dataset-size -1 -o it", "--dataset-size must be a whole number >= 1, got -1"),
        ("--total-iter 9 --maxsize 0 -o it", "--maxsize must be a whole number >= 1, got 0"),
        ("--total-iter 9 --seed -1 -o it", "--seed must be a whole number 0 …"),
        ("--total-iter 9 --sampler nowhere -o it", "a sampler must be module:callable"),
        ("--total-iter 9 --sampler nowhere:It -o it", "needs the module 'nowhere', and there is none"),
        ("--total-iter 9 --sampler math:pi -o it", "a sampler must be module:callable"),
        ("--total-iter 9 --dataset-size 4 --sampler torch.utils.data:SequentialSampler -o it", "a multiple of 4"),
        ("--total-iter 9 --no-replacement --sampler torch.utils.data:SequentialSampler -o it", "parameter replacement"),
        ("--total-iter 9 --sampler torch.utils.data:WeightedRandomSampler -o it", "--arg weights=…"),
        ("--total-iter 9 -o .", "got the folder"),
        ("--total-iter 9 --unknown 3 -o it", "no such option"),
    ],
)
def test_bad_input_costs_a_line(run, line, message):
    said = run(line, 2)
    assert message in said
    assert said.count("\n") == 1
    assert not Path("it").exists()


def test_an_old_file_is_replaced_and_a_broken_run_leaves_it(run):
    Path("it.pkl").write_bytes(pickle.dumps({"future_index": [0]}))
    run("--total-iter 9 --maxsize 0 -o it.pkl", 2)
    with pytest.raises(ValueError, match=re.escape("opt4torch-precompute --total-iter N --output it.pkl")):
        OPTCacheDecorator("it.pkl", 5)
    run("--total-iter 9 -o it.pkl")
    assert len(OPTCacheDecorator("it.pkl", 5).plan.trace) == 9


def test_the_console_script_begins_like_simcache(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["opt4torch-precompute", "--total-iter", "9", "-o", "it"])
    assert precompute() == 0
    assert capsys.readouterr().out.startswith("wrote it: 9 accesses")
