"""cached_loader: the plain loader's batches, bit for bit."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from live import Items, as_list, item_of  # noqa: E402
from torch.utils import data  # noqa: E402

from simcache import simulate  # noqa: E402
from simcache.torch import CachedDataset, cached_loader  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N, EPOCHS = 47, 3


class Ragged:
    """A batch sampler of another class: batches of 1, 2, 3, … items, of an order it draws itself."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(5)

    def __len__(self):
        return 9

    def __iter__(self):
        order = torch.randperm(N, generator=self.generator).tolist()
        for size in range(1, 10):
            yield [order.pop() for _ in range(size)]


class Odd(data.Sampler):
    def __iter__(self):
        yield from range(1, N, 2)

    def __len__(self):
        return N // 2


def generator():
    return torch.Generator().manual_seed(11)


LOADERS = {
    "sequential": lambda ds, **more: data.DataLoader(ds, 5, **more),
    "shuffle": lambda ds, **more: data.DataLoader(ds, 5, shuffle=True, **more),
    "generator": lambda ds, **more: data.DataLoader(ds, 5, shuffle=True, generator=generator(), **more),
    "drop_last": lambda ds, **more: data.DataLoader(ds, 5, shuffle=True, drop_last=True, **more),
    "replacement": lambda ds, **more: data.DataLoader(
        ds, 5, sampler=data.RandomSampler(ds, True, 80, generator()), **more
    ),
    "weighted": lambda ds, **more: data.DataLoader(
        ds, 5, sampler=data.WeightedRandomSampler(torch.arange(N).double(), 60), **more
    ),
    "weighted, recorded": lambda ds, **more: data.DataLoader(
        ds, 5, sampler=data.WeightedRandomSampler(torch.arange(N).double(), 20, False), **more
    ),
    "recorded, drop_last": lambda ds, **more: data.DataLoader(ds, 5, sampler=Odd(), drop_last=True, **more),
    "subset": lambda ds, **more: data.DataLoader(ds, 5, sampler=data.SubsetRandomSampler(range(3, 30)), **more),
    "fewer items": lambda ds, **more: data.DataLoader(ds, 5, sampler=data.RandomSampler(range(20)), **more),
    "batch sampler": lambda ds, **more: data.DataLoader(
        ds, batch_sampler=data.BatchSampler(data.RandomSampler(ds), 6, True), **more
    ),
    "ragged": lambda ds, **more: data.DataLoader(ds, batch_sampler=Ragged(), **more),
    "listed": lambda ds, **more: data.DataLoader(ds, batch_sampler=[[1, 2], [3], [1, 4, 5]], **more),
    "no batches": lambda ds, **more: data.DataLoader(ds, None, shuffle=True, **more),
    "distributed": lambda ds, **more: data.DataLoader(
        ds, 5, sampler=data.DistributedSampler(ds, 3, 1, seed=4, drop_last=True), **more
    ),
}


def same_batches(one, two):
    for a, b in zip(one, two, strict=True):
        assert (a["name"], len(a["image"])) == (b["name"], len(b["image"]))
        assert torch.equal(a["image"], b["image"])
        assert torch.equal(torch.as_tensor(a["pair"][0]), torch.as_tensor(b["pair"][0]))
        assert all(
            torch.equal(torch.as_tensor(x), torch.as_tensor(y)) for x, y in zip(a["pair"][1], b["pair"][1], strict=True)
        )


def epochs(loader):
    for epoch in range(EPOCHS):
        if isinstance(loader.sampler, data.DistributedSampler):
            loader.sampler.set_epoch(epoch)
        yield list(loader)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", LOADERS)
def test_batches_are_the_plain_loaders(kind, workers):
    more = {"num_workers": workers, "multiprocessing_context": "fork" if workers else None}
    torch.manual_seed(7)
    plain = LOADERS[kind](Items(N), **more)
    cached = cached_loader(plain, 20, EPOCHS)
    assert type(cached) is type(plain)
    torch.manual_seed(7)
    expected = list(epochs(plain))
    for batches in expected:
        assert len(cached) == len(batches) or kind == "weighted, recorded"
        same_batches(cached, batches)
    info, made = cached.dataset.cache_info(), cached.sampler.plan
    assert info.hits + info.late == info.planned == made.hits.sum()
    if not workers:
        assert info.late == 0
        plainly = sum(len(batch["name"]) if kind != "no batches" else 1 for batches in expected for batch in batches)
        assert 0 < plain.dataset.loads.sum() - plainly <= len(made.trace) - info.hits
    with pytest.raises(ValueError, match="epoch must be one of the 3 planned"):
        next(iter(cached))


def test_arguments_stay():
    plain = data.DataLoader(
        Items(N), 5, shuffle=True, num_workers=2, collate_fn=as_list, drop_last=True, timeout=60, prefetch_factor=3,
        persistent_workers=True, multiprocessing_context="fork", worker_init_fn=id, generator=generator(),
    )  # fmt: skip
    cached = cached_loader(plain, 10, 2, policy="lru", transform=item_of)
    changed = {name for name, value in vars(cached).items() if value is not vars(plain)[name]}
    assert changed <= {"dataset", "sampler", "batch_sampler"}
    assert cached.batch_sampler.drop_last
    torch.manual_seed(0)
    batches = list(cached)
    assert sorted(item for batch in batches for item in batch) == sorted(cached.sampler.plan.trace.ids[:45].tolist())
    made = cached.sampler.plan
    assert made.spare == 10
    assert made.hits.tolist() == simulate(made.trace, "lru", 10).tolist()
    assert isinstance(cached.dataset, CachedDataset)


def test_ranks_of_a_distributed_sampler_have_parts_of_one_plan():
    seen = []
    for rank in range(3):
        plain = data.DataLoader(
            Items(N), 5, sampler=data.DistributedSampler(range(N), 3, rank, seed=4), collate_fn=as_list
        )
        alone = cached_loader(plain, 10, EPOCHS)
        assert alone.sampler.plan.ranks == (rank,)
        some = cached_loader(plain, 10, EPOCHS, ranks=[rank, 2])
        assert some.sampler.plan.ranks == tuple(sorted({rank, 2}))
        shared = cached_loader(plain, 10, EPOCHS, name=f"rank-{rank}")
        assert shared.sampler.plan.ranks == (0, 1, 2)
        seen.append(shared.sampler.plan.orders)
        assert [item_of(each) for batch in shared for each in batch] == list(plain.sampler)
        shared.dataset.close()
    assert all(np.array_equal(seen[0], orders) for orders in seen)


def test_a_distributed_sampler_goes_on_from_its_epoch():
    sampler = data.DistributedSampler(range(N), 3, 1, seed=4)
    sampler.set_epoch(2)
    cached = cached_loader(data.DataLoader(Items(N), 5, sampler=sampler, collate_fn=as_list), 10, EPOCHS)
    for epoch in (2, 0, 1):
        if epoch != 2:
            sampler.set_epoch(epoch)
            cached.sampler.set_epoch(epoch)
        assert [item_of(each) for batch in cached for each in batch] == list(sampler)


@pytest.mark.parametrize(("capacity", "slots"), [(0.5, 24), ("6 kB", 13), ("1 MB", 47 + 20), (500, 47 + 20)])
def test_capacities(capacity, slots):
    dataset = Items(N)
    plain = data.DataLoader(dataset, 5, shuffle=True, num_workers=2, multiprocessing_context="fork")
    cached = cached_loader(plain, capacity, 2)
    assert dataset.loads.sum() == isinstance(capacity, str)
    made = cached.sampler.plan
    assert made.slots == cached.dataset.cache_info().slots == (slots if capacity != 0.5 else made.capacity + 20)
    if capacity == "6 kB":
        assert (made.capacity, made.spare) == (7, 6)


def distributed():
    return data.DataLoader(Items(N), 5, sampler=data.DistributedSampler(range(N), 3, 1))


def test_epochs_of_one_access():
    cached = cached_loader(data.DataLoader(Items(N), None, sampler=[3], collate_fn=as_list), 5, 2)
    assert [item_of(each) for _ in range(2) for each in cached] == [3, 3]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"loader": [1, 2]},
            TypeError,
            r"loader must be a torch.utils.data.DataLoader for cached_loader, got \[1, 2\]",
        ),
        ({"epochs": 0}, ValueError, "epochs must be a whole number 1"),
        ({"capacity": 0}, ValueError, "capacity must be"),
        ({"capacity": "25 XB"}, ValueError, "got '25 XB'"),
        ({"ranks": [0]}, ValueError, "ranks must come with a DistributedSampler for cached_loader, got one of Seq"),
        ({"policy": "optt"}, ValueError, "unknown policy"),
        ({"loader": distributed(), "ranks": 1}, TypeError, "ranks must be whole numbers in a row, or None .* got 1"),
        ({"loader": distributed(), "ranks": 1, "capacity": "6 kB"}, TypeError, "ranks must be whole numbers in a row"),
        (
            {"loader": data.DataLoader(Items(N), None, sampler=data.BatchSampler(range(N), 1, False))},
            TypeError,
            "one item an index for cached_loader, got batches from its sampler BatchSampler: give it as batch_sampler=",
        ),
        ({"loader": data.DataLoader(Items(N), None, sampler=[[1, 2], [3]])}, TypeError, "got batches .* list"),
    ],
)
def test_bad_arguments(changes, error, message):
    with pytest.raises(error, match=message):
        cached_loader(**{"loader": data.DataLoader(Items(N), 5), "capacity": 5, "epochs": 2, **changes})
