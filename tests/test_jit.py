"""The kernel cache on disk: never stale, never in the way."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
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


def of_the_package(function):
    """As if it stood in the package, and in memory alone."""
    function.__module__ = "simcache.policies.kernel"
    return compiled(function)


def test_a_helper_compiles_once_for_all_whole_numbers(monkeypatch):
    monkeypatch.setattr("simcache.jit.place", lambda: Place(None, "no folder here"))

    @of_the_package
    def helper(row, x):
        return row[0] + x

    @of_the_package
    def kernel(row, small, seed):
        x = -1
        for _ in range(2):
            x = helper(row, x) + helper(row, 0) + helper(row, small)
        return x + helper(row, seed)

    assert kernel(np.ones(1, np.int64), np.int32(1), np.uint64(2)) == 10
    assert [[str(kind) for kind in kinds[1:]] for kinds in helper.signatures] == [["int64"], ["uint64"]]
    assert gc.isenabled()


def test_garbage_is_not_looked_for_while_a_kernel_compiles(monkeypatch):
    monkeypatch.setattr("simcache.jit.place", lambda: Place(None, "no folder here"))
    seen = []

    @of_the_package
    def kernel(x):
        return x + 1

    monkeypatch.setattr(kernel, "_cache", SimpleNamespace(load_overload=lambda *_: seen.append(gc.isenabled())))
    monkeypatch.setattr(kernel._cache, "save_overload", lambda *_: seen.append(gc.isenabled()), raising=False)
    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            assert kernel(1 if on else 1.0) == 2
            assert gc.isenabled() == on
        finally:
            gc.enable()
    assert seen == [False] * 4


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
