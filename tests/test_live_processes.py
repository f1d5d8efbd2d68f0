"""The live cache across processes that share nothing else: start methods, ranks, and processes that are killed."""

import json
import multiprocessing
import os
import shutil
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
from simcache.torch import CachedDataset, cached_loader  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N, EPOCHS = 60, 3


# A fork server that has torch spares its workers a second each; of this process and simcache they know nothing still.
multiprocessing.set_forkserver_preload(["torch"])


def spawned(method, workers, persistent, replacement, policy):
    """Epochs of a loader whose workers begin without this process's memory."""
    epochs = EPOCHS if persistent else 2  # each epoch without persistent workers imports torch anew
    trace, dataset = order.random(N, epochs, seed=3, replacement=replacement), Items(N)
    made = plan(trace, Loader(8, workers, persistent_workers=persistent), 25, policy)
    with CachedDataset(dataset, made) as cached:
        loader = data.DataLoader(
            cached, 8, sampler=made.sampler(), num_workers=workers, persistent_workers=persistent,
            multiprocessing_context=method, collate_fn=as_list,
        )  # fmt: skip
        seen = [item_of(each) for _ in range(epochs) for batch in loader for each in batch]
        info = cached.cache_info()
    assert seen == trace.ids.tolist()
    assert info.hits + info.late == info.planned == made.hits.sum()
    assert info.hits > 0.5 * info.planned
    assert dataset.loads.sum() <= len(trace) - info.hits


METHODS = [
    ("spawn", 1, True, True, "lru"),
    ("spawn", 2, True, False, "opt"),
    ("spawn", 1, False, False, "pin"),
    ("forkserver", 1, True, False, "rr"),
    ("forkserver", 2, True, True, "opt"),
    ("forkserver", 1, False, True, "lfu"),
]
PAIRWISE = [  # each two values of two columns somewhere
    (method, workers, persistent, replacement, policy)
    for k, (workers, policy) in enumerate([(1, "opt"), (2, "lru"), (4, "pin"), (2, "opt"), (4, "lru"), (1, "pin")])
    for method, persistent, replacement in [("spawn", k % 2 == 0, k < 3), ("forkserver", k % 2 == 1, k >= 3)]
]


@pytest.mark.parametrize(
    ("method", "workers", "persistent", "replacement", "policy"),
    [*METHODS, *(pytest.param(*case, marks=pytest.mark.torture) for case in PAIRWISE)],
)
def test_start_methods(method, workers, persistent, replacement, policy):
    spawned(method, workers, persistent, replacement, policy)


FORK = multiprocessing.get_context("fork")


def one_rank(rank, workers, name, folder, orders):
    """A rank of two: it runs an epoch for every word it gets."""
    dataset = Items(N)
    plain = data.DataLoader(
        dataset, 4, sampler=data.DistributedSampler(dataset, 2, rank, seed=9), num_workers=workers,
        collate_fn=as_list, multiprocessing_context="fork" if workers else None, persistent_workers=workers > 0,
    )  # fmt: skip
    cached = cached_loader(plain, 0.5, EPOCHS, name=name, folder=folder)
    orders.send("ready")
    for epoch in iter(orders.recv, None):
        plain.sampler.set_epoch(epoch)
        assert [item_of(each) for batch in cached for each in batch] == list(plain.sampler)
        pids = [worker.pid for worker in cached._iterator._workers] if workers else []
        orders.send((cached.dataset.cache_info(), int(dataset.loads.sum()), pids))


class Rank:
    """The other end of `one_rank`."""

    def __init__(self, rank, workers, name, folder):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=one_rank, args=(rank, workers, name, folder, theirs))
        self.process.start()
        theirs.close()
        self.epoch = 0

    def tell(self):
        self.pipe.send(self.epoch)
        self.epoch += 1

    def end(self):
        self.pipe.send(None)
        self.process.join()
        assert self.process.exitcode == 0

    def kill(self):
        self.process.kill()
        self.process.join()


def epoch(*ranks):
    for rank in ranks:
        rank.tell()
    return [rank.pipe.recv() for rank in ranks]


def two_ranks(workers, folder):
    ranks = [Rank(rank, workers, "run7", folder) for rank in range(2)]
    assert [rank.pipe.recv() for rank in ranks] == ["ready"] * 2
    assert files(folder) == ["simcache-run7"]
    return ranks


def test_two_ranks_share_what_is_named(tmp_path):
    ranks = two_ranks(0, tmp_path)
    for number in range(EPOCHS):
        [(_, loads, _)], [(info, others, _)] = epoch(ranks[0]), epoch(ranks[1])
        assert info.planned == info.hits + info.late == 30 * number
    assert loads + others == EPOCHS * N - info.hits
    assert info.hits > 0.7 * info.planned
    ranks[0].end()
    assert files(tmp_path) == ["simcache-run7"]
    ranks[1].end()
    assert files(tmp_path) == []


@pytest.mark.parametrize("killed", ["worker", "rank", "rank and workers", "all"])
def test_who_is_killed_harms_nobody_else(killed, tmp_path):
    ranks = two_ranks(2, tmp_path)
    (_, _, ours), (_, _, theirs) = epoch(*ranks)
    if killed == "worker":
        os.kill(ours[0], signal.SIGKILL)
        ranks[0].tell()
        ranks[0].process.join()
        assert ranks[0].process.exitcode != 0  # torch says so, of its own
    if killed in ("rank and workers", "all"):
        for pid in ours:
            os.kill(pid, signal.SIGKILL)
    ranks[0].kill()
    if killed == "all":
        for pid in theirs:
            os.kill(pid, signal.SIGKILL)
        ranks[1].kill()
        gone(ours + theirs)
        assert files(tmp_path) == ["simcache-run7"]
        CachedDataset(Items(3), capacity=1, name="other", folder=tmp_path).close()
    else:
        for _ in range(2):
            epoch(ranks[1])
        ranks[1].end()
        gone(ours)
    assert files(tmp_path) == []


# ---------------------------------------------------------------- the protocol, tortured


def tortured(*arguments):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    script = Path(__file__).parent / "torture.py"
    done = subprocess.run([sys.executable, script, *map(str, arguments)], env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.parametrize("reads", [100_000, pytest.param(10_000_000, marks=pytest.mark.torture)])
def test_no_read_that_is_accepted_is_wrong(reads):
    counted = tortured(reads)
    assert counted["read"] >= reads
    assert counted["wrong"] == 0
    assert counted["stored"] > 0


@pytest.mark.torture
@pytest.mark.parametrize("left_out", ["claim", "look"])
def test_without_a_part_of_the_protocol_some_are(left_out):
    assert tortured(10_000_000, left_out)["wrong"] > 0


# ---------------------------------------------------------------- a small /dev/shm

SMALL = """
import errno, torch
from torch.utils import data
from simcache.torch import CachedDataset

dataset = data.TensorDataset(torch.zeros(30, 1_000_000))
with CachedDataset(dataset, capacity=30) as cached:
    for _ in range(2):
        for batch in data.DataLoader(cached, 4, num_workers=1, collate_fn=len):
            pass
    assert cached.cache_info().hits == 30
    assert cached.cache_info().bytes > 1e8
try:
    with CachedDataset(dataset, capacity=30, name="run7") as cached:
        cached[0]
except OSError as error:
    assert error.errno == errno.ENOSPC
    print(error)
"""


def own_shm(size, script):
    """Run a script in a mount namespace with a /dev/shm of its own; None where that is not allowed."""
    inner = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$0" -W ignore -c "$1"'
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    allowed = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"], capture_output=True, check=False
    )
    if allowed.returncode:
        return None
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", inner, sys.executable, script],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_a_small_dev_shm_bounds_named_caches_alone():
    done = own_shm("64m", SMALL)
    if done is None:
        pytest.skip("mount namespaces are not allowed here")
    assert done.returncode == 0, done.stderr
    assert "must fit in its folder: 120" in done.stdout
    assert "MB needed, 67.1 MB available" in done.stdout


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
