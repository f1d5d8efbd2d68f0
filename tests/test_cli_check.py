"""`simcache check-policy`, and a policy that is one more file of the package: found everywhere by its name."""

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import simcache
from simcache.cli import main

# Second chance with two chances: what was hit twice is spared twice.
POLICY = '''"""Third chance."""

import numpy as np

from ..jit import compiled


@compiled
def kernel(ids, n_items, capacity, seed, chances=2, first=False):
    state = np.zeros(n_items, np.int64)  # 0: not cached, else 1 + the rounds it is spared
    ring = np.zeros(capacity, np.int32)
    hits = np.zeros(ids.size, np.bool_)
    hand = used = 0
    for t, i in enumerate(ids):
        if state[i]:
            hits[t] = True
            state[i] = min(state[i] + 1, 1 + chances)
            continue
        if used == capacity:
            while state[ring[hand]] > 1:
                state[ring[hand]] -= 1
                hand = (hand + 1) % capacity
            state[ring[hand]] = 0
        else:
            used += 1
        ring[hand], state[i] = i, 1 + first
        hand = (hand + 1) % capacity
    return hits


def reference(ids, capacity, seed, *, chances=2, first=False):
    queue = []
    for i in ids:
        place = next((at for at, (item, _) in enumerate(queue) if item == i), None)
        yield place is not None
        if place is not None:
            queue[place][1] = min(queue[place][1] + 1, chances)
            continue
        if len(queue) == capacity:
            while queue[0][1]:
                queue[0][1] -= 1
                queue.append(queue.pop(0))
            queue.pop(0)
        queue.append([i, int(first)])
'''
EVERYWHERE = """
from simcache import Trace, check_policy, hit_curve, policies, simulate, sweep
from simcache.cli import main

assert "thirdchance" in policies.names()
trace = Trace(list(range(9)) * 4, 9)
trace.save("loop.npz")
params = {"first": True}
assert len(sweep([trace], ["thirdchance", ("thirdchance", params)], [0.5])) == 2
curve = hit_curve(trace, "thirdchance", [1, 5, 9])
assert curve["hits"].tolist() == [simulate(trace, "thirdchance", size).sum() for size in (1, 5, 9)]
table = check_policy("thirdchance")
assert table["passed"].all(), table.to_string()
for line in ("policies -o p.csv", "simulate loop.npz thirdchance --capacity 4 -o s.csv",
             "curve loop.npz thirdchance:first=true -o c.csv"):
    assert main(line.split()) == 0, line
assert "thirdchance" in open("p.csv").read()
"""


def test_a_file_among_the_policies_is_a_policy_everywhere(tmp_path):
    package = Path(simcache.__file__).parent
    copy = shutil.copytree(package, tmp_path / "simcache", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "policies/thirdchance.py").write_text(POLICY)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", EVERYWHERE], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_policy_that_keeps_the_rules(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check-policy", "fifo"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "rule,passed,seen"
    assert all(",True," in line for line in out[1:])
    assert main(["check-policy", "pin", "-o", "rules.json"]) == 0
    assert pd.read_json("rules.json")["passed"].all()
    assert [path.name for path in tmp_path.iterdir()] == ["rules.json"]


OVERFULL = """
def reference(ids, capacity, seed, *, more=0):
    held = []
    for i in ids:
        yield i in held
        if i not in held:
            held = [*held, i][-capacity - more:]
"""


def test_a_policy_of_a_file_of_its_own(tmp_path, monkeypatch, capsys):
    """The file that new-policy writes keeps the rules, with its switch on and off; one that holds too much does not."""
    monkeypatch.chdir(tmp_path)
    assert main(["new-policy", "fresh"]) == 0
    assert main(["check-policy", "./fresh.py", "-o", "rules.csv"]) == 0
    Path("mine.py").write_text(OVERFULL)
    assert main(["check-policy", "./mine.py"]) == 0
    capsys.readouterr()
    assert main(["check-policy", "./mine.py:more=1"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    table = pd.read_csv(StringIO(out)).set_index("rule")
    row = table.loc["no more items than capacity"]
    assert row.tolist() == [False, "mine(more=1): [0, 1, 0, 1], capacity 1: ..xx, 2 held"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("./none.py", "no such file"),
        ("lur", "unknown policy 'lur'; did you mean 'lru'?"),
        ("opt:bypas=true", "unknown parameter 'bypas' of policy 'opt'; did you mean 'bypass'?"),
        ("lru:", "a policy must be NAME or NAME:PARAMETER=VALUE,…, got 'lru:'"),
    ],
)
def test_bad_input_is_one_line(given, said, capsys):
    assert main(["check-policy", given]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
