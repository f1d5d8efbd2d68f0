"""Recording real loaders: what is recorded is what the next iteration fetches, and nothing has moved."""

import pickle
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from torch.utils import data  # noqa: E402
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

from simcache.loader import Loader, deal  # noqa: E402
from simcache.sampler import record_loader  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N = 37


class WhoAndWhat(data.Dataset):
    """An item is the worker that fetched it and its own index."""

    def __len__(self):
        return N

    def __getitem__(self, index):
        info = data.get_worker_info()
        return 0 if info is None else info.id, index


class Closed(data.Dataset):
    """A data set that no recording may touch."""

    def __len__(self):
        return N

    def __getitem__(self, index):
        raise AssertionError("an item was loaded")


class Batches:
    """Batches of unlike sizes, drawn with Python's and NumPy's global generators."""

    def __init__(self):
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        for size in (3, 1, 4, 0, 5):
            yield [self.epoch, random.randrange(N), *np.random.randint(0, N, size).tolist()]  # noqa: NPY002

    def __len__(self):
        return 5


def generator():
    return torch.Generator().manual_seed(6)


def seen(dataloader, epochs, first=0):
    """(epoch, step, worker, index) of every access, as a training loop meets them."""
    rows = []
    for epoch in range(epochs):
        for it in (dataloader.sampler, dataloader.batch_sampler):
            if hasattr(it, "set_epoch"):
                it.set_epoch(first + epoch)
        for step, (workers, indices) in enumerate(dataloader):
            rows += [(epoch, step, w, i) for w, i in zip(workers.tolist(), indices.tolist(), strict=True)]
    return rows


def rows_of(recorded):
    epoch = np.searchsorted(recorded.trace.epochs, np.arange(len(recorded.trace)), side="right") - 1
    columns = (epoch, recorded.step, recorded.worker, recorded.trace.ids)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def states(dataloader):
    found = [torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())]  # noqa: NPY002
    for it in (dataloader, dataloader.sampler):
        if getattr(it, "generator", None) is not None:
            found.append(it.generator.get_state().tolist())
    return [*found, getattr(dataloader.sampler, "epoch", None)]


ARGUMENTS = {
    "default shuffle": lambda: {"batch_size": 4, "shuffle": True},
    "own generator": lambda: {"batch_size": 4, "shuffle": True, "generator": generator(), "num_workers": 2},
    "persistent": lambda: {
        "batch_size": 5,
        "shuffle": True,
        "generator": generator(),
        "num_workers": 2,
        "persistent_workers": True,
        "drop_last": True,
    },
    "weighted, once each": lambda: {
        "batch_size": 3,
        "sampler": data.WeightedRandomSampler(np.arange(1, N + 1), 20, False, generator()),
        "num_workers": 3,
        "prefetch_factor": 1,
    },
    "distributed": lambda: {"batch_size": 4, "sampler": DistributedSampler(range(N), 3, 2), "num_workers": 1},
    "own batches": lambda: {"batch_sampler": Batches(), "num_workers": 2},
    "batches around a sampler": lambda: {
        "batch_sampler": data.BatchSampler(data.RandomSampler(range(N), generator=generator()), 8, False)
    },
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_recorded_is_what_is_then_fetched(name):
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    dataloader = data.DataLoader(WhoAndWhat(), **ARGUMENTS[name]())
    before = states(dataloader)
    recorded = record_loader(dataloader, 2)
    assert states(dataloader) == before
    assert rows_of(recorded) == seen(dataloader, 2)
    assert recorded.trace.n_items == N

    if dataloader.batch_size is not None:  # the trace dealt out again is the record
        loader = Loader(dataloader.batch_size, dataloader.num_workers)
        dealt = deal(recorded.trace, loader)
        assert (dealt.worker == recorded.worker).all()
        assert (dealt.step == recorded.step).all()

    # The loader has been used; what comes next can be recorded as well, also where its workers are still alive.
    again = record_loader(dataloader, 1, name="again")
    assert rows_of(again) == seen(dataloader, 1, first=1)
    assert again.trace.name == "again"


def test_no_item_is_loaded_and_no_function_of_the_users_called():
    def never(*_):
        raise AssertionError("called")

    dataloader = data.DataLoader(Closed(), 4, num_workers=1, collate_fn=never, worker_init_fn=never)
    recorded = record_loader(dataloader)
    assert recorded.trace.ids.tolist() == list(range(N))
    assert dict(recorded.trace.source) == {
        "generator": "loader",
        "loader": "DataLoader",
        "num_workers": 1,
        "sampler": "SequentialSampler",
        "torch": str(torch.__version__),
    }
    assert dataloader.dataset.__class__ is Closed
    assert dataloader.collate_fn is never


def test_a_loader_of_another_class_and_one_out_of_order():
    class Odd(data.DataLoader):
        def __init__(self, something, else_entirely):
            super().__init__(Closed(), batch_size=4, num_workers=2, in_order=False)

    recorded = record_loader(Odd(1, 2))
    assert recorded.trace.name == "Odd"
    assert sorted(recorded.trace.ids.tolist()) == list(range(N))
    assert set(recorded.worker.tolist()) == {0, 1}


def test_without_batches():
    plain = record_loader(data.DataLoader(Closed(), batch_size=None, num_workers=2))
    assert plain.trace.ids.tolist() == list(range(N))
    assert plain.step.tolist() == list(range(N))
    batches = data.BatchSampler(data.SequentialSampler(range(N)), 10, True)
    several = record_loader(data.DataLoader(Closed(), batch_size=None, sampler=batches))
    assert several.trace.ids.tolist() == list(range(30))
    assert several.step.tolist() == [k // 10 for k in range(30)]


def test_what_spawned_workers_are_sent_can_be_pickled(monkeypatch):
    sent = []
    monkeypatch.setattr(data.DataLoader, "_get_iterator", lambda self: sent.append(self) or iter([(0, [1])]))
    record_loader(data.DataLoader(Closed(), 2, num_workers=1, worker_init_fn=lambda worker: None))
    dataset, collate, start = pickle.loads(pickle.dumps((sent[0].dataset, sent[0].collate_fn, sent[0].worker_init_fn)))
    assert collate(dataset.__getitems__([4, 2])) == (0, [4, 2])
    assert start is None


def test_nothing_moves_when_recording_fails():
    class Broken(data.RandomSampler):
        def __iter__(self):
            yield from list(super().__iter__())[:3]
            raise RuntimeError("no more")

    dataloader = data.DataLoader(Closed(), 2, sampler=Broken(range(N), generator=generator()))
    before = states(dataloader)
    with pytest.raises(RuntimeError, match="no more"):
        record_loader(dataloader)
    assert states(dataloader) == before


class Stream(data.IterableDataset):
    def __iter__(self):
        return iter(range(N))


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        (lambda: [1, 2], {}, TypeError, r"must be a torch.utils.data.DataLoader for trace 'list', got \[1, 2\]"),
        (lambda: data.DataLoader(Stream()), {}, TypeError, "an iterable one has no index, got Stream"),
        (lambda: data.DataLoader(range(N)), {"epochs": 0}, ValueError, "epochs must be a whole number 1"),
        (lambda: data.DataLoader(range(N)), {"n_items": 0}, ValueError, "n_items must be a whole number 1"),
        (
            lambda: data.DataLoader(range(N)),
            {"n_items": 9},
            ValueError,
            "n_items - 1 = 8 for trace 'DataLoader', got 36",
        ),
        (
            lambda: data.DataLoader({"a": 1}, sampler=["a"]),
            {},
            TypeError,
            "must yield item ids, whole numbers, for trace 'DataLoader', got 'a'",
        ),
    ],
)
def test_what_is_refused(make, arguments, error, message):
    with pytest.raises(error, match=message):
        record_loader(make(), **arguments)
