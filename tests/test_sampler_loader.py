"""Recording real loaders: what is recorded is what the next iteration fetches, and nothing has moved."""

import itertools
import pickle
import queue
import random
import sys
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from torch.utils import data  # noqa: E402
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

from simcache.loader import Loader, deal  # noqa: E402
from simcache.sampler import loading, record_loader  # noqa: E402

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
    monkeypatch.setattr(data.DataLoader, "_get_iterator", lambda self: sent.append(self) or iter([self.dataset[[1]]]))
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


def inner(**arguments):
    return data.DataLoader(Own(), batch_size=4, shuffle=True, **arguments)


class Own(WhoAndWhat):
    """A data set that says on standard error what it loads: a list would be put back."""

    def __getitem__(self, index):
        print("loaded", index, file=sys.stderr)
        return super().__getitem__(index)


class Through(data.DataLoader):
    def __iter__(self):
        return itertools.chain(super().__iter__())


class Ahead(data.DataLoader):
    """Fetches in a thread of its own."""

    def __iter__(self):
        batches = queue.Queue()
        threading.Thread(target=lambda: [*map(batches.put, super(Ahead, self).__iter__()), batches.put(None)]).start()
        yield from iter(batches.get, None)


class Epochs(data.DataLoader):
    """Sets its sampler's epoch itself."""

    passes = 0

    def __iter__(self):
        self.sampler.set_epoch(self.passes)
        self.passes += 1
        yield from super().__iter__()


class Around(data.DataLoader):
    def __init__(self, loader, **arguments):
        super().__init__(loader.dataset, **arguments)
        self.held = loader

    def __iter__(self):
        return iter(self.held)


class ByItself(data.DataLoader):
    def __init__(self, dataset, **arguments):
        super().__init__(dataset, **arguments)
        self.mine = dataset

    def __iter__(self):
        for index in self.sampler:
            yield self.mine[index]


class Passing:
    """Passes for a loader, as Accelerate's do."""

    def __init__(self, loader):
        self.base = loader

    @property
    def __class__(self):
        return self.base.__class__

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "base"), name)

    def __iter__(self):
        yield from self.base


LOADERS = {
    "through": lambda: Through(Own(), 4, True),
    "ahead": lambda: Ahead(Own(), 4, True, generator=generator()),
    "epochs": lambda: Epochs(Own(), 4, sampler=DistributedSampler(range(N), 3, 2)),
    "around": lambda: Around(inner()),
    "around, workers": lambda: Around(inner(num_workers=2, persistent_workers=True)),
    "around that": lambda: Around(Around(inner())),
    "passing": lambda: Passing(inner()),
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_with_an_iteration_of_its_own(name, capsys):
    torch.manual_seed(2)
    dataloader = LOADERS[name]()
    recorded = record_loader(dataloader, 2)
    assert capsys.readouterr().err == ""
    assert [row[-1] for row in rows_of(recorded)] == [row[-1] for row in seen(dataloader, 2)]
    again = record_loader(dataloader)
    assert again.trace.ids.tolist() == [i for _, indices in dataloader for i in indices.tolist()]


def test_a_batch_given_out_twice_was_fetched_once():
    class Twice(data.DataLoader):
        def __iter__(self):
            return (batch for batch in super().__iter__() for _ in range(2))

    assert record_loader(Twice(Closed(), 4)).trace.ids.tolist() == list(range(N))


class Moved(data.DataLoader):
    def __iter__(self):
        for workers, indices in super().__iter__():
            yield workers.to("cpu"), indices


class Listed(data.DataLoader):
    def __iter__(self):
        for batch in super().__iter__():
            yield [batch]


class UnderWay(data.DataLoader):
    """One iteration for ever, as in some training libraries."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.iterator = super().__iter__()

    def __iter__(self):
        for _ in range(len(self)):
            yield next(self.iterator)


class Closure(data.DataLoader):
    def __init__(self, loader):
        super().__init__(loader.dataset)
        self.batches = lambda: iter(loader)

    def __iter__(self):
        return self.batches()


class Duck:
    def __init__(self, loader):
        self.loader = loader

    def __iter__(self):
        return iter(self.loader)


REFUSED = {
    "moved": (lambda: Moved(Own(), 4), "as they are for trace 'Moved', got from Moved.__iter__ AttributeError"),
    "listed": (lambda: Listed(Own(), 4), "as they are for trace 'Listed', got a list from Listed.__iter__"),
    "under way": (lambda: UnderWay(Own(), 4, True), "it holds dataloader.iterator, a _SingleProcessDataLoaderIter"),
    "closure": (lambda: Closure(inner()), r"it holds dataloader.batches closure\[0\], a DataLoader"),
    "duck": (
        lambda: Duck(inner()),
        "must be a torch.utils.data.DataLoader .*: record the loader that it holds, or an order with sampler.record",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_loads_by_other_means_is_refused_before_it_loads(name, capsys):
    make, message = REFUSED[name]
    with pytest.raises(TypeError, match=message):
        record_loader(make())
    assert capsys.readouterr().err == ""


def test_a_loader_that_fetches_by_itself(capsys):
    recorded = record_loader(ByItself(Own(), batch_size=1, shuffle=True))
    assert sorted(recorded.trace.ids.tolist()) == list(range(N))
    assert capsys.readouterr().err == ""


class Endless:
    def __iter__(self):
        while True:
            yield [1, 2, 3]


class EndlessItems(data.Sampler):
    def __init__(self, length=None):
        self.length = length

    def __iter__(self):
        while True:
            yield from range(9)

    def __len__(self):
        return len([]) if self.length is None else self.length


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_sampler": Endless()},
        {"batch_sampler": Endless(), "num_workers": 2, "persistent_workers": True},
        {"sampler": EndlessItems(), "batch_size": 3},
        {"sampler": EndlessItems(9), "batch_size": 3},
        {"sampler": EndlessItems(), "batch_size": None},
    ],
)
def test_an_endless_loader_is_stopped_or_refused(arguments, monkeypatch):
    dataloader = data.DataLoader(Closed(), **arguments)
    recorded = record_loader(dataloader, 2, length=5)
    each = 5 if dataloader.batch_sampler is None else 15
    assert recorded.trace.epochs == (0, each)
    assert recorded.trace.ids.tolist() == recorded.trace.ids.tolist()[:each] * 2
    assert recorded.step.tolist() == [k * 5 // each for k in range(each)] * 2
    for steps, accesses in ((40, loading.MOST), (loading.MOST_STEPS, 40)):
        monkeypatch.setattr(loading, "MOST_STEPS", steps)
        monkeypatch.setattr(loading, "MOST", accesses)
        with pytest.raises(ValueError, match="`length` say where to stop it"):
            record_loader(dataloader)


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
