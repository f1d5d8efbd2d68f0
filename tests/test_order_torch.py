"""PyTorch's order, predicted and then seen: every access, and which worker fetched it, of real loaders."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from torch.utils import data  # noqa: E402
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

from simcache import order  # noqa: E402
from simcache.loader import Loader, deal  # noqa: E402

pytestmark = pytest.mark.torch
N = 41
EPOCHS = 2


class WhoAndWhat(data.Dataset):
    """An item is the worker that fetched it and its own index."""

    def __len__(self):
        return N

    def __getitem__(self, index):
        info = data.get_worker_info()
        return 0 if info is None else info.id, index


SAMPLERS = {
    "default": lambda g: None,
    "random": lambda g: data.RandomSampler(range(N), generator=g),
    "replacement": lambda g: data.RandomSampler(range(N), True, 50, g),
    "twice over": lambda g: data.RandomSampler(range(N), False, 2 * N + 7, g),
    "exactly twice": lambda g: data.RandomSampler(range(N), False, 2 * N, g),
    "weighted": lambda g: data.WeightedRandomSampler(1 / np.arange(1, N + 1), 60, True, g),
    "subset": lambda g: data.SubsetRandomSampler(range(1, N, 3), g),
    "distributed": lambda g: DistributedSampler(range(N), 3, 1, seed=11),
    "sequential": lambda g: data.SequentialSampler(range(N)),
}
# (workers, prefetch, persistent, drop_last)
SETTINGS = [(0, None, False, False), (1, 2, True, True), (2, 3, False, True), (3, 1, True, False)]
GIVEN = {"none": (False, False), "the loader": (True, False), "the sampler": (False, True), "both": (True, True)}
CASES = [
    (name, setting, given)
    for name, setting, given in itertools.product(SAMPLERS, SETTINGS, GIVEN)
    if not (name in ("distributed", "sequential") and given != "none")
    and not (name == "default" and given in ("the sampler", "both"))
]
assert len(CASES) >= 48


def make_loader(name, setting, given):
    workers, prefetch, persistent, drop_last = setting
    torch.manual_seed(77)
    for_loader, for_sampler = GIVEN[given]
    generator = torch.Generator().manual_seed(5 + 2**40) if for_loader or for_sampler else None
    sampler = SAMPLERS[name](generator if for_sampler else None)
    return data.DataLoader(
        WhoAndWhat(),
        4,
        shuffle=sampler is None,
        sampler=sampler,
        num_workers=workers,
        prefetch_factor=prefetch,
        persistent_workers=persistent,
        drop_last=drop_last,
        generator=generator if for_loader else None,
        multiprocessing_context="fork" if workers else None,
    )


def seen(dataloader, epochs):
    """(epoch, step, worker, index) of every access."""
    rows = []
    for epoch in range(epochs):
        if hasattr(dataloader.sampler, "set_epoch"):
            dataloader.sampler.set_epoch(epoch)
        for step, (workers, indices) in enumerate(dataloader):
            rows += [(epoch, step, *pair) for pair in zip(workers.tolist(), indices.tolist(), strict=True)]
    return rows


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(("name", "setting", "given"), CASES)
def test_predicted_is_what_is_then_fetched(name, setting, given):
    dataloader = make_loader(name, setting, given)
    before = torch.get_rng_state()
    trace = order.of(dataloader, EPOCHS)
    assert torch.equal(torch.get_rng_state(), before)

    workers, prefetch, persistent, drop_last = setting
    loader = Loader(4, workers, drop_last=drop_last, persistent_workers=persistent, prefetch_factor=prefetch or 2)
    dealt = deal(trace, loader)
    expected = list(
        zip(*(column.tolist() for column in (dealt.epoch, dealt.step, dealt.worker, dealt.ids)), strict=True)
    )
    assert seen(dataloader, EPOCHS) == expected
    assert trace.n_items == N


def test_the_default_shuffle_from_its_seed():
    for generator, persistent in itertools.product([True, False], repeat=2):
        setting = (1 if persistent else 0, None, persistent, False)
        dataloader = make_loader("default", setting, "the loader" if generator else "none")
        seed = 5 + 2**40 if generator else 77
        trace = order.shuffled(N, 2, seed=seed, generator=generator, persistent_workers=persistent)
        assert [row[-1] for row in seen(dataloader, 2)] == trace.ids.tolist()


@pytest.mark.parametrize("n", [1, 2, 625, 70_001])
@pytest.mark.parametrize("num_samples", [None, 1, 1000])
def test_bare_samplers_of_many_sizes(n, num_samples):
    for replacement in (False, True):
        sampler = data.RandomSampler(range(n), replacement, num_samples, torch.Generator().manual_seed(3))
        trace = order.random(n, 2, seed=3, replacement=replacement, num_samples=num_samples)
        assert [*sampler, *sampler] == trace.ids.tolist()


@pytest.mark.parametrize("drop_last", [False, True])
def test_every_rank_of_a_distributed_sampler(drop_last):
    for n, ranks in itertools.product((1, 3, 8, 9, 10, 11), (1, 2, 4, 5)):
        for rank in range(ranks):
            sampler = DistributedSampler(range(n), ranks, rank, seed=3, drop_last=drop_last)
            trace = order.distributed(n, num_replicas=ranks, rank=rank, seed=3, drop_last=drop_last)
            assert list(sampler) == trace.ids.tolist()


def test_weights_of_every_kind():
    rng = np.random.default_rng(1)
    for weights in (
        [3],
        [0, 0, 1],
        [1, 0],
        rng.random(3000) ** 20,
        np.r_[1e-300, rng.random(5), 1e15],
        [1e-320, 1e-310],
    ):
        sampler = data.WeightedRandomSampler(weights, 5000, True, torch.Generator().manual_seed(8))
        assert list(sampler) == order.weighted(weights, 5000, seed=8).ids.tolist()


class Own(data.Sampler):
    def __iter__(self):
        return iter(range(N))

    def __len__(self):
        return N


class Odd(data.DataLoader):
    pass


class Stream(data.IterableDataset):
    def __iter__(self):
        return iter(range(N))


def used():
    generator = torch.Generator().manual_seed(3)
    torch.rand(1, generator=generator)
    return generator


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: data.DataLoader(range(N), sampler=data.WeightedRandomSampler([1] * N, 5, False)),
            ValueError,
            "got replacement=False: .* record it",
        ),
        (lambda: data.DataLoader(range(N), num_workers=1, in_order=False), ValueError, "in_order .* record it"),
        (lambda: Odd(range(N)), ValueError, "dataloader must be of PyTorch's own class .*Odd.* record it"),
        (
            lambda: data.DataLoader(range(N), sampler=Own()),
            ValueError,
            "sampler must be one of PyTorch's .*Own.* record",
        ),
        (
            lambda: data.DataLoader(range(N), batch_sampler=[[1, 2], [3]]),
            ValueError,
            "batch_sampler must be of PyTorch's own class .*list.* record it",
        ),
        (
            lambda: data.DataLoader(range(N), shuffle=True, generator=used()),
            ValueError,
            "generators must not have drawn yet .* seeded with 3: .* record it",
        ),
        (
            lambda: data.DataLoader(Stream()),
            TypeError,
            "map-style dataset .*: an iterable one has no index, got Stream",
        ),
    ],
)
def test_what_cannot_be_predicted_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        order.of(make())


def test_batches_made_by_hand_from_pytorchs_own_samplers():
    batches = data.BatchSampler(data.RandomSampler(range(N), generator=torch.Generator().manual_seed(2)), 7, False)
    dataloader = data.DataLoader(WhoAndWhat(), batch_sampler=batches)
    trace = order.of(dataloader, 2)
    assert [row[-1] for row in seen(dataloader, 2)] == trace.ids.tolist()
