"""The kernel cache on disk: never stale, never in the way."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import simcache
from simcache.jit import compiled
from simcache.kept import Place

# Random replacement calls a compiled helper of another file, which reads a constant there; so does its reference.
REPLAY = """
import numpy as np
from simcache import Trace, simulate
from simcache.policies import rr
trace = Trace(np.random.default_rng(0).integers(0, 100, 5000), 100)
hits = simulate(trace, "rr", 30, seed=7)
assert hits.tolist() == list(rr.reference(trace.ids.tolist(), 30, 7)), "the kernel is stale"
print(hits.sum(), sum(rr.kernel.stats.cache_hits.values()), sum(rr.kernel.stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package, to edit."""
    source = Path(simcache.__file__).parent
    return shutil.copytree(source, tmp_path / "simcache", ignore=shutil.ignore_patterns("__pycache__"))


def run(package, code, **environment):
    """What the code prints, and what it says on standard error, line by line."""
    env = {**os.environ, "PYTHONPATH": str(package.parent), **{key: str(value) for key, value in environment.items()}}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=package.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.splitlines()


def replay(package, **environment):
    """Hits, and how many kernels the disk cache gave and did not give."""
    return tuple(int(number) for number in run(package, REPLAY, **environment)[0].split())


def test_an_edited_helper_is_seen(package, tmp_path):
    cache = tmp_path / "cache"
    hits, given, made = replay(package, NUMBA_CACHE_DIR=cache)
    assert (given, made) == (0, 1)
    assert replay(package, NUMBA_CACHE_DIR=cache) == (hits, 1, 0)

    bits = package / "bits.py"
    edited = bits.read_text().replace("0x9E3779B97F4A7C15", "0x9E3779B97F4A7C17")
    assert edited != bits.read_text()
    bits.write_text(edited)
    other, given, made = replay(package, NUMBA_CACHE_DIR=cache)
    assert (given, made) == (0, 1)
    assert other != hits


def test_nowhere_to_write_still_works(package, tmp_path):
    # Beneath a regular file nothing can be made, not even by root.
    (tmp_path / "file").touch()
    (package / "__pycache__").touch()
    nowhere = tmp_path / "file" / "beneath"
    _, given, _ = replay(package, NUMBA_CACHE_DIR=nowhere, XDG_CACHE_HOME=nowhere, HOME=nowhere)
    assert given == 0
    assert not list(tmp_path.rglob("*.nbi"))


def test_the_first_writable_folder_is_used(package, tmp_path):
    (tmp_path / "file").touch()
    replay(package, NUMBA_CACHE_DIR=tmp_path / "file" / "beneath")
    assert list((package / "__pycache__").glob("simcache-*/*/rr.kernel-*.nbi"))


def test_numba_s_own_setting_is_left_alone(monkeypatch, tmp_path):
    def kernel(x):
        return x + 1

    monkeypatch.setattr("simcache.jit.place", lambda: Place(tmp_path))  # not among the real ones
    monkeypatch.setattr(numba.config, "CACHE_DIR", "somewhere")
    kernel.__module__ = "simcache.policies.kernel"
    assert compiled(kernel)(1) == 2
    assert list(tmp_path.rglob("*.nbi"))
    assert numba.config.CACHE_DIR == "somewhere"
    with pytest.raises(TypeError):
        compiled(compiled(kernel))
    assert numba.config.CACHE_DIR == "somewhere"


def test_functions_from_elsewhere_are_not_cached():
    @compiled
    def kernel(x):
        return x + 1

    assert kernel(1) == 2
    assert not kernel.stats.cache_path  # no folder: whoever edits its helpers is safe


@pytest.mark.parametrize("where", ["environment", "file"])
def test_a_compiler_that_is_switched_off_is_named(package, where):
    if where == "file":
        (package.parent / ".numba_config.yaml").write_text("disable_jit: 1\n")
    code = """
import subprocess, sys
from simcache.__main__ import main
sys.argv[1:] = ["policies"]
print(main())
from simcache import Trace, simulate
simulate(Trace([0], 1), 'fifo', 1)
"""
    env = {**os.environ, "PYTHONPATH": str(package.parent), **({"NUMBA_DISABLE_JIT": "1"} if where != "file" else {})}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=package.parent, capture_output=True, text=True)
    first, *_, last = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "2\n")
    assert first == last.replace("RuntimeError", "error")
    assert "NUMBA_DISABLE_JIT=1" in last
