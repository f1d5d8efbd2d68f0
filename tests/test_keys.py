"""keys: what a stored cell depends on changes its key, and nothing else does."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from simcache import Trace, policies, synth
from simcache.codes import code_key
from simcache.keys import part_key, policy_key, trace_key
from simcache.simulation import choose

PACKAGE = Path(policies.__file__).parent.parent
ALL = """
import json
from functools import partial
from simcache import policies, synth
from simcache.keys import policy_key, trace_key
from simcache.simulation import choose
found = {name: policy_key(choose(name)) for name in policies.names()}
calls = [partial(synth.zipf, 5, 9, 1.0), partial(synth.uniform, 5, 9), partial(synth.loop, 5, 9)]
print(json.dumps(found | {call.func.__name__: trace_key(call) for call in calls}))
"""


def keys_of(package, **environment):
    """The keys of every policy and of some calls, as another process with that package has them."""
    env = {**os.environ, "PYTHONPATH": str(package.parent), **environment}
    run = subprocess.run([sys.executable, "-c", ALL], env=env, cwd=package.parent, capture_output=True, check=True)
    return json.loads(run.stdout)


@pytest.fixture
def package(tmp_path):
    return shutil.copytree(PACKAGE, tmp_path / "simcache", ignore=shutil.ignore_patterns("__pycache__"))


def edit(package, file, *pairs):
    path = package / file
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


def test_an_edit_changes_the_keys_of_what_reaches_it_and_no_others(package):
    before = keys_of(package, PYTHONHASHSEED="1")
    assert before == {**before, **{name: policy_key(choose(name)) for name in policies.names()}}
    assert before["zipf"] == trace_key(partial(synth.zipf, 5, 9, 1.0))

    told = ('"""', '"""Another word. '), ("\nimport numpy as np", "\n\n\n# a comment\nimport numpy as np")
    for file in ("bits.py", "policies/lru.py", "policies/opt.py", "stacks/opt.py", "synth/independent.py"):
        edit(package, file, *told)
    edit(package, "bits.py", ('    """Count of leading zero bits of `x`, 64 when x is 0."""\n', "    # none\n"))
    assert keys_of(package, PYTHONHASHSEED="2") == before

    edit(package, "bits.py", ("0x9E3779B97F4A7C15", "0x9E3779B97F4A7C17"), ("AHEAD = 16", "AHEAD = 17"))
    edit(package, "synth/elementary.py", ("HALF = 0.7071067811865476", "HALF = 0.7071067811865475"))
    after = keys_of(package)
    reached = {*policies.names(), "zipf"} - {"pin"}  # pin alone looks at nothing ahead, and draws nothing
    assert {name for name in before if before[name] != after[name]} == reached

    edit(package, "bits.py", ("AHEAD = 17", "AHEAD = 16"))
    edit(package, "stacks/lru.py", ("+ 2 * BITS)", "+ 3 * BITS)"))
    edit(package, "policies/opt.py", ("bypass: bool = False)", "bypass: bool = True)"))
    after = keys_of(package)
    draws = {name for name in policies.names() if hasattr(policies.load(name), "draw")}
    assert {name for name in before if before[name] != after[name]} == {"lru", "opt", "zipf"} | draws


NOTEBOOK = '''
import collections
import numpy as np
from pathlib import Path

FACTOR = 3
WEIGHTS = np.arange(4)
NAMES = {"a": 1}
made, memo, count = [], {}, 0


class Law:
    """A law."""

    scale = 2

    def draw(self, seed):
        return seed * self.scale


LAW = Law()


def helper(seed, add=1):
    """Help."""
    return FACTOR * seed + add + (seed in {"x", "y", "z"})


def make(n, seed=0):
    """A docstring."""
    global count
    count += 1
    made.append(seed)
    memo[seed] = n
    return [helper(k, add=1) + WEIGHTS[0] + NAMES["a"] + LAW.draw(seed) + Law.scale for k in range(n)]


def other(n):
    return n
'''
EDITS = {
    "a helper's constant": ("FACTOR = 3", "FACTOR = 4"),
    "an array": ("np.arange(4)", "np.arange(5)"),
    "an entry": ('{"a": 1}', '{"a": 2}'),
    "a default of a helper": ("add=1):", "add=2):"),
    "a default": ("seed=0):", "seed=1):"),
    "a helper's code": ("FACTOR * seed", "FACTOR + seed"),
    "a set": ('"x", "y", "z"', '"x", "y"'),
    "a method": ("seed * self.scale", "seed + self.scale"),
    "an attribute of a class": ("    scale = 2", "    scale = 3"),
    "its own code": ("LAW.draw(seed)", "LAW.draw(seed + 1)"),
    "a keyword": ("helper(k, add=1)", "helper(k, add=2)"),
}
HARMLESS = {
    "a comment": ("    global count", "    # why\n    global count"),
    "a docstring": ('"""A docstring."""', '"""Another."""'),
    "no docstring": ('    """A docstring."""\n', ""),
    "no docstring of a helper": ('    """Help."""\n', ""),
    "no docstring of a class": ('    """A law."""\n', ""),
    "lines": ("def helper", "\n\n\ndef helper"),
    "what is not reached": ("    return n\n", "    return n + 1\n"),
    "what the code itself changes": ("made, memo, count = [], {}, 0", "made, memo, count = [1], {2: 3}, 4"),
}


def notebook(*pair):
    home = ModuleType("__main__")
    text = NOTEBOOK.replace(*pair) if pair else NOTEBOOK
    assert not pair or text != NOTEBOOK
    exec(compile(text, "<cell>", "exec"), vars(home))
    return home.make


@pytest.mark.parametrize("what", EDITS)
def test_what_a_notebook_s_function_reaches_is_in_its_key(what):
    assert code_key(notebook(*EDITS[what])) != code_key(notebook())


@pytest.mark.parametrize("what", HARMLESS)
def test_what_changes_nothing_is_not(what):
    assert code_key(notebook(*HARMLESS[what])) == code_key(notebook())


def test_running_a_function_does_not_change_its_key():
    make = notebook()
    before = code_key(make)
    make(3, seed=2)
    assert code_key(make) == before


def importing(x):
    import json

    import nothing
    from helping import help

    return help(json.dumps(nothing))


def test_what_a_function_imports_as_it_runs_is_looked_into(tmp_path, monkeypatch):
    keys = [code_key(importing)]
    for k, factor in enumerate(["FACTOR = 1", "FACTOR = 2", "FACTOR = 2  # why"]):
        (tmp_path / str(k)).mkdir()
        (tmp_path / str(k) / "helping.py").write_text(f"{factor}\n\n\ndef help(x):\n    return FACTOR * x\n")
        monkeypatch.syspath_prepend(tmp_path / str(k))
        monkeypatch.delitem(sys.modules, "helping", raising=False)
        keys.append(code_key(importing))
    monkeypatch.delitem(sys.modules, "helping")
    assert len(set(keys)) == 3
    assert keys[2] == keys[3]


# Programs whose `make` reaches X, and two X that are not the same.
REACHES = "def make():\n    return X\n"
OTHERS = {
    "builtins": ("X = min", "X = max"),
    "names of compiled functions": ("from math import sin as X", "from math import cos as X"),
    "ufuncs": ("from numpy import add as X", "from numpy import multiply as X"),
    "ranges": ("X = range(3)", "X = range(4)"),
    "dates": ("import datetime; X = datetime.date(2020, 1, 1)", "import datetime; X = datetime.date(2020, 1, 2)"),
    "fractions": ("import fractions; X = fractions.Fraction(1, 2)", "import fractions; X = fractions.Fraction(1)"),
    "patterns": ("import re; X = re.compile('a')", "import re; X = re.compile('b')"),
    "namespaces": ("import types; X = types.SimpleNamespace(a=1)", "import types; X = types.SimpleNamespace(a=2)"),
    "queues": ("import collections; X = collections.deque([1])", "import collections; X = collections.deque([2])"),
    "vectorized": ("X = np.vectorize(lambda x: x)", "X = np.vectorize(lambda x: 1)"),
    "frozen laws": ("from scipy import stats; X = stats.zipf(2)", "from scipy import stats; X = stats.zipf(3)"),
    "seeds of a generator": ("X = np.random.default_rng(1)", "X = np.random.default_rng(2)"),
    "masks": ("X = np.ma.array([1, 2], mask=[0, 1])", "X = np.ma.array([1, 2])"),
    "labels": ("X = pd.Series([1, 2])", "X = pd.Series([1, 2], [1, 0])"),
    "slots": (
        "class S:\n    __slots__ = ('a',)\nX = S()\nX.a = 1",
        "class S:\n    __slots__ = ('a',)\nX = S()\nX.a = 2",
    ),
    "properties that are kept": (
        "import functools\nclass X:\n    @functools.cached_property\n    def a(self):\n        return 1",
        "import functools\nclass X:\n    @functools.cached_property\n    def a(self):\n        return 2",
    ),
    "kinds of a tuple": (
        "from collections import namedtuple; X = namedtuple('P', 'x y')(1, 2)",
        "from collections import namedtuple; X = namedtuple('P', 'y x')(1, 2)",
    ),
}  # fmt: skip


def key_of(text):
    home = ModuleType("__main__")
    vars(home).update(np=np, pd=pd)
    exec(compile(text, "<cell>", "exec"), vars(home))
    return code_key(home.make)


@pytest.mark.parametrize("what", OTHERS)
def test_objects_count_by_what_they_hold(what):
    one, two = (f"{text}\n{REACHES}" for text in OTHERS[what])
    assert key_of(one) == key_of(one) != key_of(two)


@pytest.mark.parametrize(
    "text",
    [
        "import random; X = random.Random(1)",
        "import numpy as np; X = np.random.default_rng(1).random",
        "import itertools; X = itertools.count().__next__",
        "import functools\nclass C:\n    @functools.cached_property\n    def X(self):\n        return 1\n"
        "C = C()\nX = lambda: C.X",
    ],
)
def test_what_running_uses_up_is_no_constant(text):
    home = ModuleType("__main__")
    exec(f"{text}\n{REACHES}", vars(home))
    before = code_key(home.make)
    getattr(home.X, "random", home.X)()
    assert code_key(home.make) == before


def test_a_class_within_a_function_counts_without_its_docstring():
    text = "def make():\n    class C:\n        {}\n        a = {}\n    return C\n"
    assert (
        key_of(text.format("'A word.'", 1)) == key_of(text.format("'Another.'", 1)) == key_of(text.format("# None.", 1))
    )
    assert key_of(text.format("'A word.'", 1)) != key_of(text.format("'A word.'", 2))


@pytest.mark.parametrize(
    "text",
    [
        "import many.one as m\ndef helper():\n    return m.second()\ndef make():\n    return m.first() + helper()\n",
        "import many.one\ndef helper():\n    return many.one.second()\n"
        "def make():\n    return many.one.first() + helper()\n",
        "def make():\n    from many import one\n    return one.second()\n",
    ],
)
def test_a_module_counts_by_all_that_is_asked_of_it(text, tmp_path, monkeypatch):
    keys = []
    for k in range(3):
        (tmp_path / str(k) / "many").mkdir(parents=True)
        (tmp_path / str(k) / "many/__init__.py").write_text("")
        code = f"def first():\n    return 0\n\n\ndef second():\n    return {min(k, 1)}\n"
        (tmp_path / str(k) / "many/one.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path / str(k))
        for name in ("many", "many.one"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        keys.append(key_of(text))
    for name in ("many", "many.one"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert keys[0] != keys[1] == keys[2]


def test_closures_and_decorators_are_looked_through():
    def within(k):
        def inner():
            return k

        return inner

    assert code_key(within(1)) != code_key(within(2))
    assert code_key(within(within(1))) != code_key(within(within(2)))
    assert code_key(partial(within, 1)) != code_key(partial(within, 2))
    assert code_key(synth.zipf) != code_key(synth.uniform)


def test_what_is_installed_counts_by_its_name():
    assert code_key(np.asarray) != code_key(np.array_equal)
    assert code_key(json.dumps) == code_key(json.dumps)


def make(n_items, n_accesses=10, *more, seed=0, **rest):
    return Trace([0] * n_accesses, n_items)


def test_arguments_count_by_name_and_value():
    key = trace_key(partial(make, 5, 10, seed=3))
    assert trace_key(partial(make, n_accesses=10, n_items=5, seed=3)) == key
    assert trace_key(partial(make, np.int64(5), seed=np.uint8(3))) == key
    assert trace_key(lambda: make(5, 10, seed=3)) != key
    others = [
        partial(make, 6, seed=3), partial(make, 5), partial(make, 5, seed=True), partial(make, 5, seed="3"),
        partial(make, 5, seed=None), partial(make, 5, 10, 1, seed=3), partial(make, 5, seed=3, extra=1),
        partial(make, 5, seed=3, extra=2), partial(make, 5, seed=(3,)), partial(make, 5, seed=3.0),
        partial(make, 5, seed=b"3"),
    ]  # fmt: skip
    assert len({key, *map(trace_key, others)}) == len(others) + 1


def test_arrays_count_by_what_they_hold():
    values = np.array([[0, 1.0], [0.5, 0.5]])
    given = [
        values, values + 0.25, values.astype(np.float32), values.ravel(), sparse.csr_array(values),
        sparse.csr_array(values + 0.25), np.array(["a", "b"]), np.array([1, "b"], object),
        np.array(["2020-01-01"], "M8[D]"), np.array([], int),
    ]  # fmt: skip
    assert len({trace_key(partial(make, each)) for each in given}) == len(given)
    for same in (values.copy(), np.asfortranarray(values), values[:, ::-1][:, ::-1]):
        assert trace_key(partial(make, same)) == trace_key(partial(make, values))
    assert trace_key(partial(make, sparse.csc_array(values))) == trace_key(partial(make, sparse.csr_array(values)))


def test_a_trace_counts_by_all_its_parts():
    ids = [0, 1, 0, 2]
    traces = [
        Trace(ids, 3), Trace(ids[::-1], 3), Trace(ids, 4), Trace(ids, 3, "named"), Trace(ids, 3, epochs=(0, 2)),
        Trace(ids, 3, source={"k": 1}), Trace(ids, 3, source={"k": 1.0}), Trace(ids, 3, source={"k": "1"}),
    ]  # fmt: skip
    assert len({trace_key(trace) for trace in traces}) == len(traces)
    assert trace_key(traces[0]) == trace_key(Trace(np.array(ids), 3))
    nested = {trace_key(partial(synth.repeat, trace, 0.5)) for trace in traces}
    assert len(nested) == len(traces)


def test_a_file_counts_by_what_is_in_it(tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    one.write_bytes(b"1")
    two.write_bytes(b"1")
    assert trace_key(one) == trace_key(two)
    assert trace_key(partial(make, one)) == trace_key(partial(make, two))
    two.write_bytes(b"2")
    assert trace_key(one) != trace_key(two)
    assert trace_key(partial(make, one)) != trace_key(partial(make, two))
    with pytest.raises(FileNotFoundError, match="none"):
        trace_key(tmp_path / "none.npz")


@pytest.mark.parametrize("value", [[1], {1: 2}, {1}, object(), make, np.ma.array([1]), SimpleNamespace(), (1, [2])])
def test_other_arguments_are_refused(value):
    with pytest.raises(TypeError, match=r"arguments of a stored trace's call must be scalars, .* for seed of make"):
        trace_key(partial(make, 5, seed=value))


def test_a_policy_counts_by_its_parameters_too():
    given = ["opt", ("opt", {"bypass": True}), "lfu", ("lfu", {"perfect": True}), "lru"]
    assert len({policy_key(choose(policy)) for policy in given}) == len(given)
    assert policy_key(choose(("opt", {"bypass": False}))) == policy_key(choose("opt"))
    module = policies.load("opt")
    assert policy_key(choose(module)) == policy_key(choose(module.kernel)) == policy_key(choose("opt"))


def test_what_counts_many_sizes_counts():
    module = ModuleType("several")
    keys = []
    for more in ("", "\n    return ids", "\n    return -ids"):
        code = f"def many(ids, n_items, capacities, seed, start):{more}" if more else ""
        exec(
            f"import numba\n@numba.njit\ndef kernel(ids, n_items, capacity, seed):\n    return ids < 0\n{code}",
            vars(module),
        )
        keys.append(policy_key(choose(module)))
    assert len(set(keys)) == 3


def test_every_part_of_a_cell_counts():
    given = [("t", "p", "fractions", None, None)]
    given += [("u", *given[0][1:]), ("t", "q", *given[0][2:]), ("t", "p", "capacities", None, None)]
    given += [("t", "p", "fractions", 0, None), ("t", "p", "fractions", None, 0)]
    assert len({part_key(*each) for each in given}) == len(given)


def test_the_sizes_of_a_trace_are_in_its_key():
    bare, small, large = (Trace([0, 1, 0], 2, sizes=sizes) for sizes in (None, [1, 1], [1, 9]))
    assert len({trace_key(partial(synth.repeat, each, 0.5)) for each in (bare, small, large)}) == 3
