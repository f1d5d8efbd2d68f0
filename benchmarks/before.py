"""This tree beside another commit, one process of each taking turns: `make bench SUITES=before BEFORE=commit`.

`ratio` is how many times as fast as that commit a call now is, the median of all rounds; `ratio_low` and `ratio_high`
are the least and the most of one. Run only by name, as there must be a commit to be held against.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, PIPE
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import cold
import numpy as np
from _timing import Clocked, clocked
from _traces import MILLION, REPEATS, ROOT, recorded, shuffled, uniform, zipf

from simcache import Trace, synth

COMMIT = os.environ.get("BEFORE", "")
OPT = ("opt", {"bypass": True})
CLASSICAL = ("opt", OPT, "lru", "fifo", "lfu", "rr", "pin")
SEVERAL = ("fifo", "lfu", "rr", "clock", "sieve", "s3fifo", "twoq", "slru")  # policies without a stack
WORKER = Path(__file__).with_name("_before.py")


class Tree:
    """A process that imports simcache from that folder, and says how long the calls take that it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, str(WORKER)]
        self.process = subprocess.Popen(command, env=self.env, stdin=PIPE, stdout=PIPE, text=True)

    def ask(self, **job: Any) -> tuple[float, Any]:
        if "arguments" in job:  # of a process of its own
            command = [sys.executable, *job["arguments"]]
            run = partial(subprocess.run, command, check=True, stdout=DEVNULL, env=self.env)
            return clocked(lambda: run(cwd=self.folder).returncode)  # with -c, Python looks there first of all
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(job), file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        return told["seconds"], told["result"]


@contextmanager
def other_tree() -> Iterator[dict[str, Path]]:
    """Folders of both, this one's first; the commit is checked out for as long as the block lasts."""
    if not COMMIT:
        raise SystemExit("the suite `before` needs a commit: make bench SUITES=before BEFORE=commit")
    git = partial(subprocess.run, cwd=ROOT, check=True, stdout=DEVNULL)
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        other = Path(folder) / "tree"
        git(["git", "worktree", "add", "--quiet", "--detach", str(other), COMMIT])
        try:
            yield {"simcache": ROOT, COMMIT: other}
        finally:
            git(["git", "worktree", "remove", "--force", str(other)])


@contextmanager
def processes(folders: dict[str, Path]) -> Iterator[dict[str, Tree]]:
    both = {name: Tree(folder) for name, folder in folders.items()}
    try:
        yield both
    finally:
        for tree in both.values():
            tree.process.kill()
            tree.process.communicate()


def rows() -> Iterator[dict[str, Any]]:
    """Each round has processes of its own, the other one first: where memory lies, and what ran before, is luck too."""
    with other_tree() as folders, TemporaryDirectory(prefix="simcache-bench-") as folder:
        jobs = list(all_jobs(Path(folder)))
        taken: list[dict[str, list[float]]] = [{name: [] for name in folders} for _ in jobs]
        for turn in range(REPEATS):
            with processes(folders) as both:
                order = sorted(both, reverse=bool(turn % 2))
                for (job, _), seconds in zip(jobs, taken, strict=True):
                    answers = {name: both[name].ask(**job) for name in order}
                    for name, (took, _) in answers.items():
                        seconds[name].append(took)
                    (_, now), (_, then) = (answers[name] for name in folders)
                    if now != then:
                        raise AssertionError(f"{job['policy']} must answer as {COMMIT} does, {then}, got {now}")
        for (job, trace), seconds in zip(jobs, taken, strict=True):
            yield row(job, trace, *(Clocked(seconds[name], None) for name in folders))


def all_jobs(folder: Path) -> Iterator[tuple[dict[str, Any], Trace | None]]:
    """What is asked for, and of which trace."""
    for trace, capacities in single_sizes():
        path = saved(trace, folder)
        for policy in CLASSICAL:
            for capacity in capacities:
                yield {**path, "policy": policy, "capacities": [capacity]}, trace
    for trace in (zipf(), uniform(), shuffled()):
        path = saved(trace, folder)
        sizes = np.unique(np.geomspace(1, trace.n_items, 16).astype(int)).tolist()
        for policy in SEVERAL:
            yield {**path, "policy": policy, "capacities": sizes}, trace
    trace = synth.shuffled(100_000, 10, seed=0)
    path = saved(trace, folder)
    for costs in (False, True):
        yield {**path, "policy": "explain, costs" if costs else "explain", "costs": costs}, trace
    for setting, arguments in {**cold.CALLS, cold.COMPILED: cold.COMPILING}.items():
        yield {"policy": setting, "arguments": arguments}, None


def single_sizes() -> Iterator[tuple[Trace, list[int]]]:
    yield zipf(), [1_000, 10_000, 100_000, 500_000]
    for trace in (uniform(), shuffled()):
        yield trace, [500, 5_000, 25_000]
    yield synth.loop(50_000, len(uniform())), [5_000, 25_000]
    for name in ("random-replacement", "weighted-replacement"):
        yield recorded(name), [5_000]


def saved(trace: Trace, folder: Path) -> dict[str, Any]:
    path = folder / f"{uuid4()}.npy"
    np.save(path, trace.ids)
    return {"path": str(path), "n_items": trace.n_items}


def row(job: dict[str, Any], trace: Trace | None, now: Clocked, then: Clocked) -> dict[str, Any]:
    ratios = [old / new for new, old in zip(now.seconds, then.seconds, strict=True)]
    sizes = job.get("capacities", [])
    return {
        "suite": "before",
        "trace": trace and trace.name,
        "n_accesses": trace and len(trace),
        "n_items": trace and trace.n_items,
        "policy": "opt(bypass=True)" if job["policy"] == OPT else job["policy"],
        "capacity": sizes[0] if len(sizes) == 1 else None,
        "sizes": len(sizes) or None,
        "tool": "simcache",
        "setting": COMMIT,
        "threads": 1,
        **now.row(),
        "maccesses_per_s": len(sizes) * len(trace) / min(now.seconds) / MILLION if trace and sizes else None,
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
    }
