"""What the tests of stored sweeps share: programs that are killed by what their traces' functions do, and stores."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from inspect import getsource
from pathlib import Path

import numba
import numpy as np

from simcache import Trace, synth

ROOT = Path(__file__).parent.parent


@numba.njit
def longest(n_items):
    return n_items // 2


@numba.njit
def own(ids, n_items, capacity, seed, share=1):
    hits = np.zeros(ids.size, np.bool_)
    for t in range(ids.size):
        hits[t] = ids[t] < min(capacity, longest(n_items)) * share
    return hits


def law(seed):
    return 0.5 + seed / 10


def make(folder, n_items, seed):
    """A trace; it notes that it was made, and does first what the file `do` says to that seed."""
    with open(os.path.join(folder, "made"), "a") as file:
        file.write(f"{seed}\n")
    with open(os.path.join(folder, "do")) as file:
        what = json.load(file).get(str(seed))
    if what == "once":
        try:
            os.remove(os.path.join(folder, "once"))
            what = "kill"
        except FileNotFoundError:
            pass
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "raise":
        raise ValueError(f"not {seed}\nat all")
    if isinstance(what, list):
        os.kill(*what)
    return synth.zipf(n_items, 2_000, law(seed), seed=seed)


def weighed(seed):
    """A trace with sizes of all orders."""
    trace = synth.zipf(40, 600, 0.8, seed=seed)
    sizes = np.random.default_rng(seed).lognormal(6, 2, 40).astype(np.int64) + 1
    return Trace(trace.ids, 40, "web", source=trace.source, sizes=sizes)


def traces(folder, n, n_items=100):
    return [partial(make, str(folder), n_items, seed) for seed in range(n)]


# A program that has these functions in its `__main__`.
IMPORTS = """
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import numba
import numpy as np

from simcache import Trace, store, sweep, synth

FOLDER = Path(os.environ["FOLDER"])
"""
PROGRAM = "\n".join(
    [IMPORTS, *(getsource(getattr(each, "py_func", each)) for each in (longest, own, law, make, traces))]
)


def prepared(folder, **what):
    """A folder for a program, and what its traces do, by their seeds: ``_3="kill"``."""
    folder.mkdir(exist_ok=True)
    tell(folder, **what)
    return folder


def tell(folder, **what):
    (folder / "do").write_text(json.dumps({seed[1:]: deed for seed, deed in what.items()}))


def made(folder):
    """The seeds of the traces that were made, in order."""
    return [int(line) for line in (folder / "made").read_text().split()] if (folder / "made").exists() else []


def started(folder, code, **environment):
    """A process of PROGRAM and `code`."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "FOLDER": str(folder), **environment}
    path = folder / "program.py"
    path.write_text(PROGRAM + code)
    return subprocess.Popen(
        [sys.executable, str(path)], env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ran(folder, code, status=0, **environment):
    """What PROGRAM and `code` print, once they have ended with that status."""
    process = started(folder, code, **environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    return out


def lines(store):
    """Every whole line in the journals of a store but the first of each, run by run."""
    texts = [text for path in sorted(store.glob("*.jsonl")) for text in path.read_text().split("\n")[1:-1]]
    return [json.loads(text) for text in texts]


def counted(store):
    """How many times each cell stands in a store with counts."""
    found = {}
    for line in lines(store):
        sizes = next(line[kind] for kind in line if kind.endswith(("fractions", "capacities")))
        for size in sizes if "error" not in line else ():
            cell = (line["key"], size)
            found[cell] = found.get(cell, 0) + 1
    return found
