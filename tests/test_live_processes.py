"""The live cache across processes that share nothing else: start methods, ranks, and processes that are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from live import Items, as_list, files, item_of  # noqa: E402
from torch.utils import data  # noqa: E402

from simcache import order  # noqa: E402
from simcache.loader import Loader, plan  # noqa: E402
from simcache.torch import CachedDataset  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N, EPOCHS = 60, 3


def spawned(method, workers, persistent, replacement, policy):
    """Epochs of a loader whose workers begin without this process's memory."""
    trace, dataset = order.random(N, EPOCHS, seed=3, replacement=replacement), Items(N)
    made = plan(trace, Loader(8, workers, persistent_workers=persistent), 25, policy)
    with CachedDataset(dataset, made) as cached:
        loader = data.DataLoader(
            cached, 8, sampler=made.sampler(), num_workers=workers, persistent_workers=persistent,
            multiprocessing_context=method, collate_fn=as_list,
        )  # fmt: skip
        seen = [item_of(each) for _ in range(EPOCHS) for batch in loader for each in batch]
        info = cached.cache_info()
    assert seen == trace.ids.tolist()
    assert info.hits + info.late == info.planned == made.hits.sum()
    assert info.hits > 0.5 * info.planned
    assert dataset.loads.sum() <= len(trace) - info.hits


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize(
    ("workers", "persistent", "replacement", "policy"),
    [(1, True, True, "lru"), (2, True, False, "opt"), (2, True, True, "pin")],
)
def test_start_methods(method, workers, persistent, replacement, policy):
    spawned(method, workers, persistent, replacement, policy)


RANK = """
import json, os, sys
from live import Items, as_list, item_of
from torch.utils import data
from simcache.torch import cached_loader

if __name__ == "__main__":
    rank, workers, epochs, name, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    dataset = Items(60)
    plain = data.DataLoader(dataset, 4, sampler=data.DistributedSampler(dataset, 2, rank, seed=9), num_workers=workers,
        collate_fn=as_list, multiprocessing_context="fork" if workers else None, persistent_workers=workers > 0)
    cached = cached_loader(plain, 0.5, epochs, name=name, folder=folder)
    print("ready", flush=True)
    for epoch in range(epochs):
        sys.stdin.readline()
        plain.sampler.set_epoch(epoch)
        items = [item_of(each) for batch in cached for each in batch]
        assert items == list(plain.sampler)
        workers_there = [w.pid for w in cached._iterator._workers] if workers else []
        print(json.dumps([*cached.dataset.cache_info(), workers_there, int(dataset.loads.sum())]), flush=True)
    sys.stdin.readline()
"""


class Rank:
    """A process that is one rank of two, and runs an epoch when it is told to."""

    def __init__(self, rank, workers, epochs, name, folder):
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)]),
        }
        arguments = [sys.executable, "-W", "ignore", "-c", RANK, *map(str, (rank, workers, epochs, name, folder))]
        self.process = subprocess.Popen(arguments, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self):
        return self.process.stdout.readline()

    def tell(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0
        self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def epoch(*ranks):
    for rank in ranks:
        rank.tell()
    return [json.loads(rank.answer()) for rank in ranks]


def test_two_ranks_share_what_is_named(tmp_path):
    ranks = [Rank(rank, 0, 3, "run7", tmp_path) for rank in range(2)]
    assert [rank.answer() for rank in ranks] == ["ready\n"] * 2
    assert files(tmp_path) == ["simcache-run7"]
    for number in range(3):
        one = epoch(ranks[0])[0]
        two = epoch(ranks[1])[0]
        assert two[0] == two[1] + two[2] == 30 * number
    assert one[-1] + two[-1] == 180 - two[1]
    assert two[1] > 0.7 * two[0]
    ranks[0].end()
    assert files(tmp_path) == ["simcache-run7"]
    ranks[1].end()
    assert files(tmp_path) == []


@pytest.mark.parametrize("killed", ["worker", "rank", "rank and workers", "all"])
def test_who_is_killed_harms_nobody_else(killed, tmp_path):
    ranks = [Rank(rank, 2, 3, "run7", tmp_path) for rank in range(2)]
    assert [rank.answer() for rank in ranks] == ["ready\n"] * 2
    _, two = epoch(*ranks)
    one = epoch(ranks[0])[0]
    workers = one[-2]
    if killed == "worker":
        os.kill(workers[0], signal.SIGKILL)
        ranks[0].tell()
        assert ranks[0].process.wait() != 0  # torch says so, of its own
    if killed in ("rank and workers", "all"):
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    ranks[0].kill()
    if killed == "all":
        for pid in two[-2]:
            os.kill(pid, signal.SIGKILL)
        ranks[1].kill()
        gone(workers + two[-2])
        assert files(tmp_path) == ["simcache-run7"]
        CachedDataset(Items(3), capacity=1, name="other", folder=tmp_path).close()
    else:
        for _ in range(2):
            epoch(ranks[1])
        ranks[1].end()
        gone(workers)
    assert files(tmp_path) == []


def gone(pids):
    """Wait until processes have ended: orphaned workers look for their parent every few seconds."""
    while any(alive(pid) for pid in pids):
        time.sleep(0.01)


def alive(pid):
    """Whether any thread of a process still is, which may hold what the process had open."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
