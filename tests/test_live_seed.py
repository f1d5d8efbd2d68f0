"""The seed's interface: its quick start, but for the import line, and what bad input gets."""

import copy
import pickle
import random
import sys
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from live import as_list  # noqa: E402
from seeded import CustomDataset, Decorated  # noqa: E402
from torch.utils import data  # noqa: E402

from simcache import Trace, order, simulate  # noqa: E402
from simcache.torch import (  # noqa: E402
    FIFOCacheDecorator,
    LFUCacheDecorator,
    LRUCacheDecorator,
    OPTCacheDecorator,
    RRCacheDecorator,
    generate_precomputed_file,
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:'pin_memory' argument is set"),
]
PRIVATE = {"lru": LRUCacheDecorator, "lfu": LFUCacheDecorator, "fifo": FIFOCacheDecorator, "rr": RRCacheDecorator}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "precomputed" / "opt_cache.pkl"
    generate_precomputed_file(dataset_size=1000, total_iterations=3000, persist_path=path, random_seed=42)
    return path


def training(path, seed=42, size=3000, **arguments):
    """The seed's data set and loader."""
    dataset = CustomDataset(list(range(1000)), cache_size=300, precomputed_path=path)
    generator = torch.Generator().manual_seed(seed)
    sampler = data.RandomSampler(dataset, replacement=True, num_samples=size, generator=generator)
    return dataset, data.DataLoader(dataset, batch_size=32, sampler=sampler, pin_memory=True, **arguments)


def trained(path, epochs=1, **arguments):
    """What the cache did in the seed's training."""
    dataset, loader = training(path, size=3000 // epochs, **arguments)
    got = [item for _ in range(epochs) for batch in loader for item in batch.tolist()]
    assert got == order.random(1000, seed=42, replacement=True, num_samples=3000).ids.tolist()
    return dataset._cached_getitem.cache_info()


def opts_hits(path):
    trace = Trace.load(path)
    return int(np.count_nonzero(simulate(trace, "opt", 300, bypass=True)))


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_quick_start_without_workers_has_opts_hits(path, epochs):
    info = trained(path, epochs=epochs)
    assert (info.hits, info.late, info.unplanned) == (opts_hits(path), 0, 0)


@pytest.mark.parametrize("kind", ["random", "sequential"])
def test_what_the_plan_says_is_hit_and_the_rest_loaded(tmp_path, kind):
    trace = order.random(60, 5, seed=3) if kind == "random" else order.distributed(60, 5, num_replicas=1, shuffle=False)
    trace.save(tmp_path / "it.npz")
    decorator = OPTCacheDecorator(tmp_path / "it.npz", 25)
    dataset = Decorated(60, decorator)
    loader = data.DataLoader(dataset, 7, sampler=trace.ids.tolist(), collate_fn=as_list)
    assert [sample for batch in loader for sample in batch] == [[item] for item in trace.ids.tolist()]
    info = dataset.cached.cache_info()
    hits = np.count_nonzero(simulate(trace, "opt", 25, bypass=True))
    assert (info.hits, info.late, info.unplanned) == (hits, 0, 0)
    assert np.count_nonzero(decorator.plan.hits) == decorator.plan.opt_hits == hits
    assert dataset.loaded == len(trace) - hits


@pytest.mark.parametrize(
    ("epochs", "arguments"),
    [
        (1, {}),
        (3, {}),
        (3, {"persistent_workers": True}),
        (1, {"multiprocessing_context": "spawn"}),
    ],
    ids=["one pass", "epochs", "persistent", "spawn"],
)
def test_the_quick_start_with_workers_shares_opts_hits(path, epochs, arguments):
    workers = 2 if "multiprocessing_context" in arguments else 4
    info = trained(path, epochs=epochs, num_workers=workers, **arguments)
    assert info.hits + info.late + info.unplanned >= opts_hits(path)
    assert info.unplanned < 30
    assert info.hits > 0.5 * opts_hits(path)


@pytest.mark.parametrize("workers", [0, 4])
def test_another_seed_raises_and_says_what_was_planned(path, workers):
    batches = iter(training(path, seed=43, num_workers=workers)[1])
    with pytest.raises(ValueError, match=r"got item \d+ as access 3 of (the process|worker 0) where item \d+ was"):
        next(batches)
    if workers:
        batches._shutdown_workers()  # when garbage is collected, PyTorch waits five seconds for each


def test_samples_are_copies_and_another_copy_of_the_data_set_has_the_same_cache(tmp_path):
    generate_precomputed_file(20, 200, tmp_path / "it", replacement=False)
    dataset = Decorated(20, OPTCacheDecorator(tmp_path / "it", 20))
    ids = Trace.load(tmp_path / "it").ids.tolist()
    other = copy.deepcopy(dataset)
    assert other.cached.function.__self__ is other
    for half, there in ((ids[:100], dataset), (ids[100:], other)):
        for item in half:
            sample = there[item]
            assert sample == [item]
            sample.append("changed")
    assert dataset.loaded + other.loaded < 40
    assert dataset.cached.cache_info() == other.cached.cache_info()
    dataset.cached.cache.close()
    with pytest.raises(ValueError, match="must be open"):
        dataset[ids[0]]


def test_a_loader_that_raises_shows_its_own_error_and_the_cache_goes_on(tmp_path):
    generate_precomputed_file(100, 1000, tmp_path / "it", random_seed=5)
    ids = Trace.load(tmp_path / "it").ids.tolist()
    decorator, broken = OPTCacheDecorator(tmp_path / "it", 50), []
    misses = np.flatnonzero(~decorator.plan.hits)[::40]

    @decorator
    def load(obj, index):
        if broken:
            raise KeyError(broken.pop())
        return index

    for access, item in enumerate(ids):
        if access in misses:
            broken.append(access)
            with pytest.raises(KeyError, match=f"^{access}$"):
                load(None, item)
        else:
            assert load(None, item) == item
    assert load.__name__ == "load"
    info = load.cache_info()
    assert info.planned == np.count_nonzero(decorator.plan.hits)
    assert 0 < info.late <= misses.size


def test_in_a_class_body_it_is_a_method(tmp_path):
    generate_precomputed_file(30, 300, tmp_path / "it")

    class Items:
        @OPTCacheDecorator(tmp_path / "it", 10)
        def __getitem__(self, index):
            """One."""
            return {"index": index, "mine": self.mine}

    items = Items()
    items.mine = 5
    for item in Trace.load(tmp_path / "it").ids.tolist():
        assert items[item] == {"index": item, "mine": 5}
    assert Items.__getitem__.__doc__ == "One."
    assert Items.__getitem__.cache_info().hits > 0


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(("replacement", "total"), [(True, 90), (False, 30), (False, 90), (False, 75)])
def test_the_file_is_what_torchs_sampler_yields(tmp_path, replacement, total):
    path = tmp_path / "new" / "folder" / "it.safetensors"
    for seed in (0, 2**64 - 1):  # the second time over the first
        generate_precomputed_file(30, total, path, seed, replacement, maxsize=7)
        generator = torch.Generator().manual_seed(seed if seed < 2**63 else seed - 2**64)
        sampler = data.RandomSampler(range(30), replacement, total, generator)
        trace = Trace.load(path)
        assert (trace.ids.tolist(), trace.n_items) == (list(sampler), 30)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"dataset_size": 0}, ValueError, "dataset_size must be a whole number 1 … 2147483647"),
        ({"total_iterations": 2.0}, TypeError, "total_iterations must be a whole number 1 … 2147483647"),
        ({"random_seed": -1}, ValueError, "random_seed must be a whole number 0 …"),
        ({"replacement": "yes"}, TypeError, "replacement must be True or False"),
        ({"persist_path": 3}, TypeError, "persist_path must be a path, got 3"),
    ],
)
def test_bad_arguments_of_the_file(tmp_path, given, error, message):
    arguments = {"dataset_size": 3, "total_iterations": 9, "persist_path": tmp_path / "it", **given}
    with pytest.raises(error, match=message):
        generate_precomputed_file(**arguments)
    assert list(tmp_path.iterdir()) == []


class Trap:
    def __reduce__(self):
        return sys.exit, ("a pickle was opened",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_unopened(tmp_path, protocol):
    path = tmp_path / "opt_cache.pkl"
    path.write_bytes(pickle.dumps({"future_index": [0, 1], "future_map": Trap()}, protocol))
    with pytest.raises(ValueError, match=r"never opened.*opt4torch-precompute --total-iter N --output") as raised:
        OPTCacheDecorator(path, 5)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_such_file_and_one_cut_short(tmp_path, path):
    with pytest.raises(FileNotFoundError):
        OPTCacheDecorator(tmp_path / "none.pkl", 5)
    (tmp_path / "short").write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="which is none, or not whole"):
        OPTCacheDecorator(tmp_path / "short", 5)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            {"total_iter": 2999},
            ValueError,
            r"total_iter must be the number of accesses in the file.* 3000 in .*got 2999",
        ),
        ({"total_iter": 3001}, ValueError, "got 3001"),
        ({"total_iter": True}, TypeError, "total_iter must be a whole number"),
        ({"maxsize": 0}, ValueError, "maxsize must be a whole number of items >= 1 for OPTCacheDecorator, got 0"),
        ({"maxsize": -1}, ValueError, "maxsize must be a whole number of items >= 1"),
        ({"maxsize": True}, TypeError, "maxsize must be a whole number of items >= 1"),
        ({"maxsize": "25 GB"}, TypeError, "maxsize must be a whole number of items >= 1"),
        ({"prediction_window": "far"}, TypeError, "prediction_window must be a whole number"),
        ({"spare": -1}, ValueError, "spare must be a whole number of slots"),
        ({"slot_bytes": 0}, ValueError, "slot_bytes must be a whole number >= 1"),
        ({"precomputed_path": None}, TypeError, "precomputed_path must be a path, got None"),
    ],
)
def test_bad_arguments_of_the_decorator(path, given, error, message):
    with pytest.raises(error, match=message):
        OPTCacheDecorator(**{"precomputed_path": path, "maxsize": 300, **given})


def test_what_is_decorated_must_take_an_index(path):
    decorator = OPTCacheDecorator(path, 10**9)  # more than there are: all fit
    with pytest.raises(TypeError, match="what is decorated must be a function, got 3"):
        decorator(3)
    load = decorator(lambda index: index)
    for wrong in ((), ("a",), (1.0,), (True,), (torch.tensor([2]),), (np.array([2]),)):
        with pytest.raises(TypeError, match="the last argument of a cached function must be an index"):
            load(*wrong)
    ids = Trace.load(path).ids.tolist()
    assert [load(np.int64(item)) for item in ids] == ids
    assert load.cache_info().late == 0


# ---------------------------------------------------------------- without a plan


@pytest.mark.parametrize("policy", ["lru", "fifo"])
def test_a_private_cache_hits_what_is_simulated(policy):
    trace = order.random(50, seed=3, replacement=True, num_samples=1000)
    dataset = Decorated(50, PRIVATE[policy](20))
    loader = data.DataLoader(dataset, 8, sampler=trace.ids.tolist(), collate_fn=as_list)
    assert [sample for batch in loader for sample in batch] == [[item] for item in trace.ids.tolist()]
    hits = np.count_nonzero(simulate(trace, policy, 20))
    assert dataset.cached.cache_info() == (hits, 1000 - hits, 20, 20)
    assert dataset.loaded == 1000 - hits


@pytest.mark.parametrize("policy", PRIVATE)
def test_a_private_cache_gives_copies_in_every_process(policy):
    random.seed(1)
    dataset = Decorated(40, PRIVATE[policy](30))
    loader = data.DataLoader(dataset, 8, shuffle=True, num_workers=2, persistent_workers=True, collate_fn=as_list)
    for _ in range(3):
        assert sorted(sample for batch in loader for sample in batch) == [[item] for item in range(40)]
    for _ in range(2):
        for item in range(30):
            sample = dataset[item]
            assert sample == [item]
            sample.append("changed")
    assert dataset.cached.cache_info() == (30, 30, 30, 30)


def test_a_private_cache_keeps_of_a_view_its_own_part_and_nothing_that_cannot_be_copied():
    held = torch.arange(10_000.0).reshape(100, 100)
    cached = LRUCacheDecorator(5)(lambda index: held[index])
    cached(3)
    assert torch.equal(cached(3), held[3])
    assert cached(3).untyped_storage().nbytes() == 400
    locks = LRUCacheDecorator(5)(lambda index: threading.Lock())
    assert locks(3) is not locks(3)
    assert locks.cache_info() == (0, 2, 5, 0)


@pytest.mark.parametrize("policy", PRIVATE)
def test_a_private_cache_says_across_which_epochs_it_hits(policy):
    assert "without persistent workers it hits nothing across epochs" in PRIVATE[policy].__doc__.lower() or (
        policy == "lru" and "nothing of one\n    epoch is a hit in the next" in PRIVATE[policy].__doc__
    )
    with pytest.raises(ValueError, match=f"maxsize must be .* for {PRIVATE[policy].__name__}, got 0"):
        PRIVATE[policy](0)


def test_where_cachetools_is_missing_its_decorators_say_so(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cachetools", None)
    OPTCacheDecorator(path, 3)
    with pytest.raises(ImportError, match=r"RRCacheDecorator needs cachetools: pip install 'simcache\[torch\]'"):
        RRCacheDecorator(3)
