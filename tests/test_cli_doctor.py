"""simcache doctor: what there is, whether policies work, and a line, never a crash, on what is missing or broken."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

import simcache
from simcache import policies
from simcache.cli import doctoring, main
from simcache.kept import Place, place

ROOT = Path(simcache.__file__).parents[1]


@pytest.fixture
def told(capsys):
    """The facts of `doctor --json`, its exit code known."""

    def go(code=0):
        assert main(["doctor", "--json"]) == code
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return go


def test_all_is_told_in_words_and_as_json(told, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(place().folder.parent))
    found = told()
    assert found["failed"] == []
    assert found["versions"] | {"simcache": simcache.__version__, "numba": version("numba")} == found["versions"]
    assert re.match(rf"{sys.version.split()[0]} \(", found["versions"]["python"])
    assert set(doctoring.CORE) < set(found["versions"])
    assert found["machine"]["kernels"] == f"kept in ~/{place().folder.name}"
    assert {"platform", "processors", "/dev/shm", "LaTeX"} < set(found["machine"])
    assert {"io", "torch", "torch version"} <= set(found["extras"])
    assert "dev" not in found["extras"]
    assert found["policies"] == dict.fromkeys(policies.names(), "OK")
    monkeypatch.setattr(policies, "names", lambda: ["lru"])
    assert main(["doctor"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == "all is well"
    assert f"  numpy {version('numpy')}" in [re.sub(" +", " ", line).replace(" ", "  ", 1) for line in lines]
    assert all(line.startswith("  ") for line in lines)


def test_the_tiny_trace_evicts_and_hits_under_every_policy():
    hits = {
        name: sum(policies.load(name).reference(doctoring.TINY, doctoring.CAPACITY, 1)) for name in policies.names()
    }
    assert all(0 < count < len(doctoring.TINY) - 11 for count in hits.values())
    assert len(set(hits.values())) > len(hits) / 2


def test_what_is_wrong_is_told_and_ends_with_1(told, monkeypatch, capsys):
    monkeypatch.setattr(policies, "names", lambda: ["fifo", "lru", "mine"])
    monkeypatch.setattr(policies.load("fifo"), "reference", lambda ids, capacity, seed: (False for _ in ids))
    monkeypatch.setitem(sys.modules, "seaborn", None)
    monkeypatch.setattr("simcache.kept.place", lambda: Place(None, "'/x' is not a folder"))
    monkeypatch.setattr(doctoring.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctoring.shutil, "disk_usage", no_file)
    found = told(1)
    assert found["failed"] == ["seaborn", "kernels", "fifo", "mine"]
    assert found["versions"]["seaborn"].startswith(f"{version('seaborn')}, cannot be loaded: ModuleNotFoundError: ")
    assert found["machine"]["kernels"] == "kept nowhere, so that each process compiles them; '/x' is not a folder"
    assert (found["machine"]["LaTeX"], found["machine"]["/dev/shm"]) == ("none", "none")
    assert re.fullmatch(r"wrong: \d+ of 200 accesses, the first at \d+", found["policies"]["fifo"])
    assert found["policies"]["lru"] == "OK"
    assert found["policies"]["mine"].startswith("fails: ")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "failed: seaborn, kernels, fifo, mine"
    assert [line.split()[1] for line in out if line.startswith("! ")] == ["seaborn", "kernels", "fifo", "mine"]


def test_a_torch_that_cannot_be_loaded_is_told(told, monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text('raise OSError("libcudart.so:\\n  cannot open")')
    monkeypatch.setattr(policies, "names", list)
    monkeypatch.setattr(doctoring, "_version", lambda name: "9.9")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    found = told(1)
    assert found["failed"] == ["torch version"]
    assert found["extras"]["torch version"] == "9.9, cannot be loaded: OSError: libcudart.so: cannot open"
    monkeypatch.setattr(doctoring, "_version", lambda name: None if name == "torch" else "9.9")
    assert told()["extras"]["torch version"] == "none"


def no_file(path):
    raise FileNotFoundError(path)


def test_a_folder_of_kernels_that_cannot_be_written_to(told, monkeypatch, tmp_path):
    monkeypatch.setattr(policies, "names", list)
    monkeypatch.setattr("simcache.kept.place", lambda: Place(tmp_path / "gone"))
    assert told(1)["machine"]["kernels"].endswith("which cannot be written to: No such file or directory")
    monkeypatch.setattr("simcache.kept.place", lambda: Place(tmp_path, "NUMBA_CACHE_DIR must be an absolute path"))
    assert told()["machine"]["kernels"].endswith(", since NUMBA_CACHE_DIR must be an absolute path")


def test_extras_are_those_that_are_declared(monkeypatch):
    lines = ["numpy>=2", 'nowhere-found>=1; extra == "own"', "rich; extra == 'own'", 'typer>=0.1 ; extra=="two"']
    monkeypatch.setattr("importlib.metadata.requires", lambda name: lines)
    assert doctoring._extras() == {"own": ["nowhere-found"], "two": []}
    monkeypatch.setattr("importlib.metadata.requires", lambda name: None)
    assert doctoring._extras() == {}


def test_no_home_and_the_root_as_home(monkeypatch):
    monkeypatch.setattr(doctoring, "Path", SimpleNamespace(home=no_home))
    assert doctoring._homeless("/elsewhere/x") == "/elsewhere/x"
    monkeypatch.setattr(doctoring, "Path", SimpleNamespace(home=lambda: "/"))
    assert doctoring._homeless("/a/b") == "/a/b"
    monkeypatch.setattr(doctoring, "Path", SimpleNamespace(home=lambda: "/people/ann"))
    assert doctoring._homeless("/people/ann/x:/people/anna '/people/ann'") == "~/x:/people/anna '~'"


def no_home():
    raise RuntimeError


BROKEN = """
import sys
for name in ("numba", "pandas"):
    sys.modules[name] = None
from simcache.__main__ import main
sys.exit(main())
"""


def test_without_numba_and_pandas_it_says_so():
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    found = json.loads(done.stdout)
    assert found["failed"] == [
        *(name for name in doctoring.CORE if name in found["failed"]), "kernels", *policies.names(),
    ]  # fmt: skip
    assert {"numba", "pandas"} <= set(found["failed"])
    assert found["versions"]["numpy"] == version("numpy")
