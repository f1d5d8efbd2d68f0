"""The house itself: what an import costs, what the metadata says, and that one touched script redraws only its own."""

import ast
import os
import pydoc
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import simcache

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def python(*arguments, **environment):
    """Run this Python on the tree under test; what it printed."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_light():
    heavy = (
        "torch",
        "matplotlib",
        "seaborn",
        "distributed",
        "dask",
        "IPython",
        "scipy.stats",
        "tqdm",
        "typer",
        "simcache.plot",
        "simcache.cli",
        "simcache.explore",
        "panel",
    )
    assert (
        python("-c", f"import sys; from simcache import *; print([name for name in {heavy} if name in sys.modules])")
        == "[]\n"
    )


def test_a_curve_loads_no_more_than_it_needs():
    """Numba looks for SciPy's linear algebra when it loads, and so would load it; for the rest see `pool`, `seeds`."""
    code = """
import gc, sys
from simcache import explain, hit_curve, simulate, synth
assert gc.isenabled()
trace = synth.shuffled(100, 3)
hit_curve(trace, "lru"), simulate(trace, "opt", 10)
assert gc.isenabled()
print(*sorted(set(sys.modules) & {"scipy.linalg", "scipy.special", "numpy.f2py", "tqdm", "concurrent.futures.process"}))
import numba, numpy
row = numpy.ones(3)
print(numba.njit(lambda a, b: numpy.dot(a, b))(row, row), "scipy.linalg.cython_blas" in sys.modules)
print(numba.njit(lambda a: numpy.linalg.det(a))(numpy.eye(3)))
"""
    assert python("-c", code).splitlines() == ["", "3.0 True", "1.0"]


def test_the_command_begins_with_nothing_heavy():
    heavy = ("numba", "numpy", "pandas", "typer")
    code = f"import sys, simcache.__main__; print([name for name in {heavy} if name in sys.modules])"
    assert python("-c", code) == "[]\n"
    begins = {"simcache": "simcache.__main__:main", "opt4torch-precompute": "simcache.__main__:precompute"}
    assert PROJECT["scripts"] == begins


def test_public_names():
    assert simcache.__all__ == ["Hindsight", "Trace", "check_policy", "explain", "hit_curve", "simulate", "sweep"]
    spaces = [
        "analysis",
        "explore",
        "formats",
        "loader",
        "order",
        "plot",
        "policies",
        "sampler",
        "store",
        "synth",
        "theory",
    ]
    spaces += ["torch", "verdict"]
    assert dir(simcache) == ["Hindsight", "Trace", "__version__", *sorted([*simcache.__all__[2:], *spaces])]
    text = pydoc.plain(pydoc.render_doc(simcache))
    assert all(re.search(rf"^ +(class )?{name}\(", text, re.MULTILINE) for name in simcache.__all__)


@pytest.mark.parametrize("name", ["analysis", "formats", "loader", "order", "plot", "synth", "theory", "verdict"])
def test_help_lists_what_a_namespace_offers(name):
    space = getattr(simcache, name)
    tree = ast.parse(Path(space.__file__).read_text())
    imported = {it.asname for node in tree.body if isinstance(node, ast.ImportFrom) for it in node.names}
    assert set(space.__all__) == imported - {None}


def test_namespaces_load_when_asked_for():
    names = ["analysis", "formats", "plot", "policies", "sampler", "store", "synth", "theory", "verdict"]
    loaded = python("-c", f"import simcache; print(*(getattr(simcache, name).__name__ for name in {names}))")
    assert loaded.split() == [f"simcache.{name}" for name in names]
    with pytest.raises(AttributeError, match="'simcache' has no attribute 'simulat'"):
        _ = simcache.simulat


def test_the_command_line_starts_without_what_few_commands_need():
    """SciPy loads a part when `scipy.part` is first asked for; `from scipy.part import …` would load it at once."""
    slow = ["scipy.special", "scipy.sparse", "scipy.optimize", "scipy.interpolate", "matplotlib.pyplot", "distributed"]
    loaded = python("-c", f"import sys, simcache.cli; print(*sorted(set(sys.modules) & {set(slow)}))")
    assert loaded.split() == []


def test_a_warning_from_the_package_is_an_error():
    code = compile("import warnings; warnings.warn('careless', stacklevel=1)", "careless.py", "exec")
    with pytest.raises(UserWarning, match="careless"):
        exec(code, {"__name__": "simcache.careless"})
    with warnings.catch_warnings(record=True) as seen:
        exec(code, {"__name__": "elsewhere"})
    assert len(seen) == 1


def test_versions_agree():
    changelog = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert simcache.__version__ == PROJECT["version"] == changelog[0] == citation[1]


def test_lock_pins_every_dependency():
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(it for name, extra in extras.items() if name != "torch" for it in extra)]
    assert {re.match(r"[\w.-]+", it)[0] for it in wanted} <= pinned
    assert "torch" not in pinned  # its CPU and CUDA builds have different hashes
    assert "://" not in lock  # no address of anybody's machine


@pytest.fixture
def workshop(tmp_path):
    """The Makefile with two toy figures, and a `.venv` that counts as set up."""
    for folder in ("figures/data", "simcache", "traces", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    for file in ("simcache/kernels.py", "simcache/plot.py", "traces/recorded.npz"):
        (tmp_path / file).touch()
    write = "from pathlib import Path\nfor end in {}: Path(__file__).with_suffix(end).write_text('made')\n"
    for stem in ("one", "two"):
        (tmp_path / f"figures/data/{stem}.py").write_text(write.format((".parquet", ".csv")))
        (tmp_path / f"figures/{stem}.py").write_text(write.format((".pdf", ".png", ".svg")))
    fake = tmp_path / ".venv/bin/python"
    fake.write_text(f'#!/bin/sh\necho "$1" >> log\nexec "{sys.executable}" "$@"\n')
    fake.chmod(0o755)
    settle(tmp_path)
    (tmp_path / ".venv/.ready").touch()
    return tmp_path


def settle(folder):
    """Date every file to a time long ago, so that only what a test touches is new."""
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))


def ran(folder, *arguments):
    """The scripts that `make` ran."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "TORCH"))}
    (folder / "log").write_text("")
    done = subprocess.run(["make", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted((folder / "log").read_text().split())


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_redraws_what_changed_and_no_more(workshop):
    one = ["figures/data/one.py", "figures/one.py"]
    two = ["figures/data/two.py", "figures/two.py"]
    assert ran(workshop) == sorted(one + two)
    assert ran(workshop) == []
    for touched, expected in (
        ("figures/data/one.py", one),
        ("figures/two.py", two[1:]),
        ("simcache/kernels.py", sorted(one + two)),
        ("simcache/plot.py", [one[1], two[1]]),
        ("traces/recorded.npz", sorted(one + two)),
    ):
        settle(workshop)
        (workshop / touched).touch()
        assert ran(workshop) == expected, touched
    (workshop / "figures/one.pdf").unlink()
    assert ran(workshop) == one[1:]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_bench_says_what_is_missing(workshop):
    done = subprocess.run(["make", "bench"], cwd=workshop, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "benchmarks/run.py" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_refuses_an_old_or_missing_python(workshop):
    (workshop / ".venv/.ready").unlink()
    old = workshop / "python-old"
    old.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\necho 3.9\nexit 1\n')
    old.chmod(0o755)
    bare = workshop / "python-bare"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\necho 3.11\n')
    bare.chmod(0o755)
    for given, message in (
        (old, "needs Python 3.11 or newer, got"),
        (bare, "python3-venv"),
        ("no-such", "does not run"),
    ):
        done = subprocess.run(["make", f"PYTHON={given}"], cwd=workshop, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert message in done.stderr


def test_no_clock_fails_a_property():
    given = settings()
    assert (given.deadline, HealthCheck.too_slow in given.suppress_health_check) == (None, True)


def test_names_of_tests_are_the_same_in_every_process(request):
    assert [it.nodeid for it in request.session.items if " at 0x" in it.nodeid] == []
