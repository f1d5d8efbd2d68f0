"""Policies of the user's own on the command line: files, modules, and the file that new-policy writes."""

import importlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from strategies import cases

from simcache import Trace, simulate, store, synth
from simcache.cli import main
from simcache.cli.options import policy
from simcache.simulation import choose

ROOT = Path(__file__).parent.parent
HELPER = "def most(capacity):\n    return 2 * capacity\n"
GENERATOR = """
from helper import most
RANDOM = True

def reference(ids, capacity, seed, *, least=1):
    for i in ids:
        yield least <= i < most(capacity)
"""
COMPILED = """
import numba

@numba.njit
def kernel(ids, n_items, capacity, seed, least=1):
    return (ids < 2 * capacity) & (ids >= least)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "path", [*sys.path])
    synth.zipf(50, 500, 1.0).save("zipf.npz")
    written(**{"mine.py": GENERATOR, "helper.py": HELPER, "compiled.py": COMPILED})
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def written(**files):
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.fixture
def table(capsys):
    """What a command prints as a table."""

    def go(line, code=0):
        capsys.readouterr()
        assert main(line.split()) == code
        out, err = capsys.readouterr()
        assert err == ""
        return pd.read_csv(io.StringIO(out))

    return go


@pytest.fixture
def refused(capsys):
    """The one line that a command says."""

    def go(*arguments):
        capsys.readouterr()
        assert main(list(arguments)) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        return err

    return go


def expected(least, capacity):
    ids = synth.zipf(50, 500, 1.0).ids
    return int(((ids >= least) & (ids < 2 * capacity)).sum())


FORMS = ["./mine.py", "mine.py", "{}/mine.py", "./compiled.py", "sub/../mine.py", "my.own", "own_too.inner"]


@pytest.mark.parametrize("form", FORMS)
def test_a_policy_may_be_a_file_or_a_module(form, folder, table):
    (folder / "sub").mkdir()
    written(**{"my/own.py": COMPILED, "own_too/__init__.py": "", "own_too/inner.py": GENERATOR})
    form = form.format(folder)
    name = form.rpartition("/")[2].removesuffix(".py").rpartition(".")[2]
    rows = table(f"simulate zipf.npz {form} {form}:least=3 lru --capacity 5")
    assert rows["policy"].tolist() == [name, f"{name}(least=3)", "lru"]
    assert rows["hits"].tolist()[:2] == [expected(1, 5), expected(3, 5)]
    assert table(f"simulate zipf.npz {form} --fraction .1")["hits"].tolist() == [expected(1, 5)]
    assert table(f"curve zipf.npz {form} --capacities 2,9")["hits"].tolist() == [expected(1, 2), expected(1, 9)]
    said = main(["explain", "zipf.npz", "--batch-size", "5", "--capacity", "5", "--policy", form, "-o", "why.md"])
    assert said == 0
    assert f"{name}" in Path("why.md").read_text()


def test_a_name_that_is_a_policy_s_is_that_policy_s(table, refused):
    written(**{"lru.py": COMPILED})
    own, theirs = (table(f"simulate zipf.npz {name} --capacity 5")["hits"][0] for name in ("./lru.py", "lru"))
    assert own == expected(1, 5) != theirs
    assert table("simulate zipf.npz lru.py --capacity 5")["hits"][0] == own
    assert "policies must differ, got 'lru' twice" in refused(*"simulate zipf.npz lru ./lru.py --capacity 5".split())
    assert "unknown policy 'mine'; did you mean './mine.py'?" in refused(*"simulate zipf.npz mine --capacity 5".split())


def test_a_folder_may_have_a_colon_and_a_parameter_a_file_s_name(folder):
    written(
        **{"a:b/mine.py": "def reference(ids, capacity, seed, *, of='x'):\n    yield from (of == 'c.py' for _ in ids)"}
    )
    found, params = policy("a:b/mine.py:of=c.py")
    assert (found.__file__, params) == (str(folder / "a:b" / "mine.py"), {"of": "c.py"})
    assert policy("lfu:perfect=./mine.py") == ("lfu", {"perfect": "./mine.py"})


def test_a_file_is_run_once_as_long_as_it_stays_as_it_is(table):
    written(**{"counts.py": "open('runs', 'a').write('x')\n" + COMPILED})
    table("simulate zipf.npz ./counts.py counts.py:least=2 ./counts.py:least=3 --capacity 5")
    assert Path("runs").read_text() == "x"
    written(**{"counts.py": "open('runs', 'a').write('y')\n" + COMPILED.replace("2 *", "3 *")})
    assert table("simulate zipf.npz ./counts.py --capacity 5")["hits"][0] == expected(1, 7.5)
    assert Path("runs").read_text() == "xy"


def test_each_file_has_what_lies_beside_it(table):
    """Two folders, each with a helper of that name; one imports it only as it runs."""
    late = "def reference(ids, capacity, seed):\n    from later import most\n    yield from (i < most(4) for i in ids)"
    written(**{"a/one.py": GENERATOR, "a/helper.py": HELPER, "b/two.py": GENERATOR})
    written(**{"b/helper.py": HELPER.replace("2 *", "3 *"), "b/late.py": late, "b/later.py": HELPER})
    rows = table("simulate zipf.npz a/one.py b/two.py a/one.py:least=0 b/late.py --capacity 4")
    assert rows["hits"].tolist() == [expected(1, 4), expected(1, 6), expected(0, 4), expected(0, 4)]


def test_no_file_hides_a_module_of_python_s(table):
    written(**{"random.py": GENERATOR, "numpy.py": COMPILED})
    before = sys.modules["random"], sys.modules["numpy"]
    table("simulate zipf.npz ./random.py ./numpy.py --capacity 5")
    assert (sys.modules["random"], sys.modules["numpy"]) == before
    assert importlib.import_module("random") is before[0]
    assert choose(policy("./random.py")).random


def test_a_grid_s_files_lie_beside_it(table):
    grid = 'policies = ["./mine.py", "{}", "lru"]\ncapacities = [5]\nseeds = [1, 2]\n[[traces]]\nfile = "../zipf.npz"'
    written(**{"sub/grid.toml": grid.format("mod.inner:least=2"), "sub/mod/inner.py": GENERATOR})
    written(**{"sub/mine.py": GENERATOR.replace("least <=", "least + 1 <="), "sub/helper.py": HELPER})
    rows = table("sweep sub/grid.toml --store kept")
    assert rows["policy"].tolist() == ["mine"] * 2 + ["inner(least=2)"] * 2 + ["lru"]  # RANDOM: each seed
    assert rows["hits"].tolist()[:4] == [expected(2, 5)] * 4
    again = table("sweep sub/grid.toml --store kept")
    pd.testing.assert_frame_equal(again, rows)
    assert len(store.read("kept")) == 5
    written(**{"sub/helper.py": HELPER.replace("2 *", "1 * 3 *")})
    del sys.modules["helper"]  # another process would not have it
    written(**{"sub/mine.py": GENERATOR + "# as it was but for a comment\n"})
    written(**{"sub/mod/inner.py": GENERATOR + "# and this\n"})
    for name in ("mod.inner", "mod"):
        del sys.modules[name]
    assert table("sweep sub/grid.toml --store kept")["hits"].tolist()[0] == expected(1, 7.5)


def test_plot_takes_the_policy_that_was_simulated():
    assert main("simulate zipf.npz ./mine.py:least=2 lru --capacity 5 -o t.csv".split()) == 0
    assert main("plot t.csv --x capacity --policy ./mine.py:least=2 -o f.svg".split()) == 0


BAD = {
    "./mime.py": "no such file: './mime.py'; did you mean './mine.py'?",
    "./dangling.py": "no such file: './dangling.py'; did you mean './plain.py'?",
    "./leaves.py": "SystemExit: 0, raised by policy 'leaves' at access 1",
    "./mine": "no such file: './mine'; did you mean './mine.py'?",
    "zzz/qqq.py": "no such file: 'zzz/qqq.py'",
    "./zipf.npz/x": "no such file: './zipf.npz/x'",
    "./": "a policy must be in a file ending in .py, got './'",
    "./notes.text": "a policy must be in a file ending in .py, got './notes.text'",
    "./folder.py": "is a directory",
    "./neither.py": "must have a compiled kernel, or a reference, got neither in './neither.py'",
    "./plain.py": "got 'plain', whose `kernel` numba.njit did not compile",
    "./listed.py": "got 'listed' and no generator `reference`",
    "./fails.py": "a policy './fails.py' must be Python that runs; line 3 of fails.py: ZeroDivisionError: division by",
    "./helped.py": "a policy './helped.py' must be Python that runs; line 2 of fails_too.py: NameError: name 'undef",
    "./syntax.py": "a policy './syntax.py' must be Python that runs; line 2 of syntax.py: ",
    "./nul.py": "a policy './nul.py' must be Python that runs; ",
    "./latin.py": "a policy './latin.py' must be Python that runs; ",
    "./missing.py": "./missing.py' needs the module 'no_such_helper', and there is none: line 1 of missing.py",
    "./relative.py": "line 1 of relative.py: ImportError: attempted relative import",
    "./ends.py": "a policy must be in a module that can be imported; './ends.py' ends with 3",
    "no.such": "a policy 'no.such' needs the module 'no', and there is none",
    "my.nothing": "a policy 'my.nothing' needs the module 'my.nothing', and there is none",
    "my.fails": "a policy 'my.fails' must be Python that runs; line 3 of fails.py: ZeroDivisionError",
    "os.path": "a policy module must have a compiled `kernel`, got 'posixpath' and no generator `reference`",
    "./mine.py:lest=2": "unknown parameter 'lest' of policy 'mine'; did you mean 'least'? known: least",
    "./mine.py:least=x": "parameter 'least' of policy 'mine' must be a int of 64 bits, got 'x'",
    "./mine.py:": "a policy must be NAME or NAME:PARAMETER=VALUE,…, got './mine.py:'",
    "./few.py": "policy 'few' must yield one bool for each of 500 accesses, got 0: none for access 0",
    "./raises.py": "KeyError: 'no room', raised by policy 'raises' at access 3",
    "./writes.py": "policy 'writes' must not write to ids, which are read-only: line 6 of writes.py; a copy",
    "./uncompiled.py": "policy 'uncompiled' must compile; Numba refuses line 6 of uncompiled.py: Unknown attribute",
    "./raised.py": "no room, raised by policy 'raised' at access 3",
    "./kinds.py": "a kernel must return one bool per access, 500 for policy 'kinds', got int64 of shape (500,)",
}
KERNEL = "import numba\n\n@numba.njit\ndef kernel(ids, n_items, capacity, seed):\n    {}\n    return ids == 1\n"
FAILS = "x = 1\ny = 2\nx / 0\n"
FILES = {
    "notes.text": "", "neither.py": "x = 1", "plain.py": "def kernel(ids, n_items, capacity, seed):\n    return 1",
    "listed.py": "reference = [1]", "fails.py": FAILS, "helped.py": "import fails_too",
    "fails_too.py": "x = 1\nundefined", "syntax.py": "x = 1\ndef f(:", "missing.py": "import no_such_helper",
    "relative.py": "from . import helper", "ends.py": "raise SystemExit(3)", "my/fails.py": FAILS, "nul.py": "x = '\0'",
    "few.py": "def reference(ids, capacity, seed):\n    yield from ()",
    "raises.py": "def reference(ids, capacity, seed):\n    yield from [False] * 3\n    raise KeyError('no room')",
    "leaves.py": "def reference(ids, capacity, seed):\n    yield False\n    raise SystemExit(0)",
    "writes.py": KERNEL.format("\n    ids[0] = 1"), "uncompiled.py": KERNEL.format("\n    ids.clever()"),
    "raised.py": KERNEL.format("if ids.size > 3:\n        raise ValueError('no room')"),
    "kinds.py": KERNEL.format("return ids + 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_policy_costs_one_line(name, folder, refused):
    written(**FILES)
    Path("latin.py").write_bytes("x = 'é'".encode("latin-1"))
    (folder / "folder.py").mkdir()
    Path("dangling.py").symlink_to("nothing")
    before = sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")
    for line in (["simulate", "zipf.npz", name, "--fraction", ".5"], ["curve", "zipf.npz", name, "-o", "t.csv"]):
        said = refused(*line)
        assert BAD[name] in said, said
        assert said.startswith("error: ")
        assert "Traceback" not in said
    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == before


# ---------------------------------------------------------------- new-policy


def test_a_new_policy_runs_at_once(capsys, table, folder):
    assert main(["new-policy", "sparing"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "wrote sparing.py: FIFO with a rule to replace, as a kernel and as its reference"
    assert [line.partition("simcache ")[2].split()[0] for line in said[1:]] == ["check-policy", "simulate"]
    assert all("./sparing.py" in line for line in said[1:])
    rows = table("simulate zipf.npz ./sparing.py ./sparing.py:spare=false fifo --capacity 5")
    assert rows["policy"].tolist() == ["sparing", "sparing(spare=False)", "fifo"]
    assert rows["hits"][0] > rows["hits"][1] == rows["hits"][2]
    (folder / "deep").mkdir()
    assert main(["new-policy", "other", "-o", "deep"]) == 0
    assert "simcache simulate TRACE deep/other.py lru opt" in capsys.readouterr().out
    assert Path("deep/other.py").read_text() == Path("sparing.py").read_text().replace("sparing", "other")
    text = Path("sparing.py").read_text()
    assert "simcache" not in text
    assert text.count("NAME") == 0
    for lint in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *lint, "--config", str(ROOT / "pyproject.toml"), "sparing.py"]
        assert subprocess.run(command, check=False).returncode == 0


@given(case=cases())
def test_a_new_policy_s_kernel_is_its_reference(case, tmp_path_factory):
    trace, capacity = case
    path = tmp_path_factory.getbasetemp() / "fresh.py"
    if not path.exists():
        assert main(["new-policy", "fresh", "--folder", str(path.parent)]) == 0
    module = policy(str(path))[0]
    for spare in (False, True):
        hits = simulate(trace, module, capacity, spare=spare)
        assert hits.tolist() == simulate(trace, module.reference, capacity, spare=spare).tolist()
    assert hits.sum() <= simulate(trace, "opt", capacity).sum()
    assert simulate(trace, module, trace.n_items).sum() == len(trace) - trace.n_touched if len(trace) else True
    assert simulate(trace, module, capacity, spare=False).tolist() == simulate(trace, "fifo", capacity).tolist()


def test_sparing_worked_by_hand():
    # a hits as the oldest: it is the newest now, so c evicts b; then a hits, and c. Of plain FIFO c evicts a.
    assert main(["new-policy", "sparing"]) == 0
    trace = Trace.of(list("abacac"))
    module = policy("./sparing.py")[0]
    assert simulate(trace, module, 2).tolist() == [False, False, True, False, True, True]
    assert simulate(trace, module, 2, spare=False).tolist() == [False, False, True, False, False, True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("lru", "a policy's name must be new, got 'lru', which simcache has"),
        ("my-policy", "must be letters, digits and _, and no word of Python's, got 'my-policy'"),
        ("mine.py", "got 'mine.py'"),
        ("9lives", "got '9lives'"),
        ("class", "and no word of Python's, got 'class'"),
        ("random", "a policy's name must hide no module, got 'random', which others import"),
        ("numba", "got 'numba', which others import"),
        ("pandas", "got 'pandas', which others import"),
        ("simcache", "got 'simcache', which others import"),
        ("__init__", "got '__init__', which others import"),
        ("mine", "a new policy must have a file of its own, got 'mine.py', which is there"),
        ("dangling", "got 'dangling.py', which is there"),
        ("other -o nowhere", "the folder to write to must exist, got 'nowhere'"),
        ("other -o mine.py", "the folder to write to must exist, got 'mine.py'"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(arguments, words, refused, folder):
    (folder / "dangling.py").symlink_to("nothing")
    before = {path: path.lstat().st_mtime_ns for path in folder.iterdir()}
    assert re.search(re.escape(words), refused("new-policy", *arguments.split()))
    assert {path: path.lstat().st_mtime_ns for path in folder.iterdir()} == before
