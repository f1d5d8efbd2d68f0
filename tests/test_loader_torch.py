"""Simulated hits against those counted inside real DataLoaders, whose workers hold caches of cachetools', one each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from cached import Cached, counted  # noqa: E402
from torch.utils import data  # noqa: E402

from simcache import order  # noqa: E402
from simcache.loader import Loader, deal, simulate_loader  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N = 60
EPOCHS = 3


SETTINGS = {
    "no workers": Loader(7),
    "one worker": Loader(7, 1, persistent_workers=True, prefetch_factor=1),
    "two, dying": Loader(7, 2, drop_last=True),
    "three, persistent": Loader(4, 3, persistent_workers=True, drop_last=True),
    "idle workers": Loader(25, 4, persistent_workers=True),
}


@pytest.mark.parametrize("policy", ["lru", "fifo", "lfu"])
@pytest.mark.parametrize("name", SETTINGS)
def test_hits_equal_those_of_a_real_loader(name, policy):
    loader = SETTINGS[name]
    torch.manual_seed(2)
    with_replacement = data.RandomSampler(range(N), True, 2 * N, torch.Generator().manual_seed(4))
    arguments = {
        "batch_size": loader.batch_size,
        "num_workers": loader.num_workers,
        "drop_last": loader.drop_last,
        "persistent_workers": loader.persistent_workers,
        "prefetch_factor": loader.prefetch_factor if loader.num_workers else None,
        "multiprocessing_context": "fork" if loader.num_workers else None,
    }
    for sampler, capacity in ((None, 33), (with_replacement, 9)):
        dataset = Cached(N, policy, capacity)
        dataloader = data.DataLoader(dataset, shuffle=sampler is None, sampler=sampler, **arguments)
        trace = order.of(dataloader, EPOCHS)
        dealt = deal(trace, loader)
        hits = simulate_loader(trace, loader, policy, capacity)
        columns = (dealt.epoch, dealt.step, hits, dealt.ids)
        assert counted(dataloader, EPOCHS) == list(zip(*(column.tolist() for column in columns), strict=True))
        assert hits.any() == (name != "two, dying" or sampler is not None)


RANK = """
import json, sys
from cached import Cached, counted
from torch.utils import data
from torch.utils.data.distributed import DistributedSampler

rank, n_items, epochs = map(int, sys.argv[1:])
sampler = DistributedSampler(range(n_items), 2, rank, seed=9)
dataset = Cached(n_items, "lru", 12)
dataloader = data.DataLoader(dataset, 4, sampler=sampler, num_workers=2, persistent_workers=True)
print(json.dumps([[rank, *row] for row in counted(dataloader, epochs)]))
"""


def test_hits_equal_those_of_two_ranks_in_processes_of_their_own():
    n_items = N + 1  # an odd number: one access is padding
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(n_items), str(EPOCHS)], env=env, stdout=subprocess.PIPE
        )
        for rank in range(2)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    rows = [row for output in outputs for row in json.loads(output)]

    trace = order.distributed(n_items, EPOCHS, num_replicas=2, seed=9)
    loader = Loader(4, 2, 2, persistent_workers=True)
    dealt = deal(trace, loader)
    hits = simulate_loader(trace, loader, "lru", 12)
    columns = (dealt.rank, dealt.epoch, dealt.step, hits, dealt.ids)
    expected = [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    assert rows == sorted(expected, key=lambda row: row[:3])  # places in a batch keep their order
    assert hits.any()
