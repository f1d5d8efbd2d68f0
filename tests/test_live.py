"""The live cache: right samples and the simulated hits, in front of real loaders."""

import copy
import gc
import pickle
import re
import threading
import warnings
from contextlib import nullcontext
from itertools import islice, zip_longest

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from live import Batched, Items, as_list, fetched, item_of  # noqa: E402
from strategies import variants  # noqa: E402
from torch.utils import data  # noqa: E402

from simcache import Trace, order, simulate  # noqa: E402
from simcache.loader import Loader, plan  # noqa: E402
from simcache.torch import CachedDataset, seen  # noqa: E402
from simcache.torch.describing import laid  # noqa: E402
from simcache.torch.protocol import EVICTED, REFUSED, STORED, gather  # noqa: E402
from simcache.torch.slots import Slots  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:This DataLoader will create")]
N, EPOCHS = 60, 5
BATCH = 8
ORDERS = {replacement: order.random(N, EPOCHS, seed=3, replacement=replacement) for replacement in (False, True)}


def dataloader(cached, sampler, workers=0, persistent=False, method="fork", batch_size=BATCH, **arguments):
    context = method if workers else None
    return data.DataLoader(
        cached,
        batch_size,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=persistent,
        multiprocessing_context=context,
        collate_fn=as_list,
        **arguments,
    )


def run(loader, trace, epochs=EPOCHS):
    """Some epochs, each batch with the items that the order says."""
    for epoch in range(epochs):
        start, end = [*trace.epochs, len(trace)][epoch : epoch + 2]
        assert [item for batch in fetched(loader) for item in batch] == trace.ids[start:end].tolist()


SHAPES = [(0, False), (1, False), (1, True), (2, False), (2, True), (4, False), (4, True)]  # workers, persistent
POLICIES = list(variants())
EVERY = [(*shape, policy, replacement) for shape in SHAPES for policy in POLICIES for replacement in (False, True)]


@pytest.mark.parametrize(
    ("workers", "persistent", "policy", "replacement"),
    [
        pytest.param(*case, id="-".join(map(str, case)), marks=[pytest.mark.torture] * (k // 2 % 2 == k % 2))
        for k, case in enumerate(EVERY)
    ],
)
def test_samples_are_right_and_hits_are_those_simulated(workers, persistent, policy, replacement):
    trace, dataset = ORDERS[replacement], Items(N)
    made = plan(trace, Loader(BATCH, workers, persistent_workers=persistent), 25, policy, seed=1)
    with CachedDataset(dataset, made) as cached:
        loader = dataloader(cached, made.sampler(), workers, persistent)
        run(loader, trace)
        info = cached.cache_info()
    simulated = np.count_nonzero(simulate(trace, policy[0], 25, seed=1, **policy[1]))
    assert info.hits + info.late == info.planned == simulated
    assert 0 < info.stored <= len(trace) - simulated
    if not workers:
        assert (info.late, info.healed, info.refused) == (0, 0, 0)
        batches = [range(t, t + BATCH) for e in trace.epochs for t in range(e, e + N, BATCH)]
        missed = [{int(trace.ids[t]) for t in batch if t < len(trace) and not made.hits[t]} for batch in batches]
        assert dataset.loads.sum() <= sum(map(len, missed))  # a batch loads an item once


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("workers", [0, 3])
def test_a_capacity_alone_pins_the_first_items_whatever_the_sampler(workers, replacement):
    trace, dataset = ORDERS[replacement], Items(N)
    with CachedDataset(dataset, capacity=25) as cached:
        run(dataloader(cached, Epochs(trace), workers), trace)
        info = cached.cache_info()
    simulated = np.count_nonzero(simulate(trace, "pin", 25))
    assert info.slots == info.stored == 25
    assert info.planned == info.hits + info.late
    if workers:  # who comes first is for the workers to say; the pinned ones come again in every epoch
        assert replacement or abs(info.planned - simulated) <= 2 * BATCH * workers
    else:
        assert (info.planned, info.late) == (simulated, 0)
        assert info.passed == len(trace) - simulated - 25


class Epochs:
    """A sampler that yields a trace, an epoch a pass."""

    def __init__(self, trace):
        self.trace, self.epoch = trace, 0

    def __len__(self):
        return N

    def __iter__(self):
        self.epoch += 1
        yield from self.trace.ids[N * (self.epoch - 1) : N * self.epoch].tolist()


@pytest.mark.parametrize(
    ("capacity", "slots"),
    [
        (7, 7),
        (600, 60),
        (0.5, 30),
        (0.99, 59),
        (0.995, 60),
        (1.0, 60),
        (1e-9, 1),
        (np.float32(0.25), 15),
        (np.int64(9), 9),
        ("6 kB", 13),
        ("1 GB", 60),
    ],
)
def test_a_capacity_is_items_or_a_share_or_bytes(capacity, slots):
    dataset = Items(N)
    with CachedDataset(dataset, capacity=capacity) as cached:
        assert cached.cache_info().slots == slots
        assert dataset.loads.sum() == isinstance(capacity, str)
    with CachedDataset(dataset, capacity="6 kB", slot_bytes=600) as cached:
        assert dataset.loads.sum() == isinstance(capacity, str)
        assert [item_of(cached[k % 5]) for k in range(10)] == [0, 1, 2, 3, 4] * 2
        info = cached.cache_info()
        assert (info.hits, info.slots) == (5, 6000 // (896 + 8))
        assert info.bytes - cached._slots._start == 6 * 896


# ---------------------------------------------------------------- a batch


def test_what_a_batch_misses_is_loaded_in_one_call_and_once():
    trace = Trace([1, 2, 1, 3, 3, 1, 2, 4, 2, 1, 5, 3], 6)
    dataset = Batched(6)
    made = plan(trace, Loader(6), 3, "lru")
    with CachedDataset(dataset, made) as cached:
        batches = list(data.BatchSampler(made.sampler(), 6, False))
        assert [[item_of(each) for each in cached.__getitems__(batch)] for batch in batches] == trace.ids.reshape(
            2, 6
        ).tolist()
        assert dataset.calls == [[1, 2, 3], [4, 5, 3]]
        info = cached.cache_info()
        assert (info.planned, info.hits, info.late) == (np.count_nonzero(simulate(trace, "lru", 3)),) * 2 + (0,)
        assert [item_of(cached[index]) for index in batches[0][:2]] == [1, 2]  # each alone: no call of a batch's
        assert len(dataset.calls) == 2
    assert dataset.loads.tolist()[3:] == [2, 1, 1]


def test_a_data_set_that_returns_no_sample_for_an_index():
    class Short(Batched):
        def __getitems__(self, indices):
            return super().__getitems__(indices)[1:]

    with (
        CachedDataset(Short(6), capacity=2) as cached,
        pytest.raises(ValueError, match="one sample for each of 2 indices, got 1"),
    ):
        cached.__getitems__([0, 1])


class Single(Items):
    """A sample that cannot be copied, and one that the copy module refuses."""

    def __getitem__(self, index):
        self.loads[index] += 1
        return index, threading.Lock() if index else torch.ones(2, requires_grad=True) * 3


def test_what_cannot_be_copied_is_loaded_again_where_it_is_twice_in_a_batch():
    trace = Trace([0, 0, 1, 1, 0, 1], 2)
    made = plan(trace, Loader(6), 2)
    for arguments, batch in (({"plan": made}, list(made.sampler())), ({"capacity": 2}, trace.ids.tolist())):
        dataset = Single(2)
        with CachedDataset(dataset, **arguments) as cached:
            with pytest.warns(UserWarning, match="got a lock, which pickle refuses"):
                got = cached.__getitems__(batch)
            assert [index for index, _ in got] == trace.ids.tolist()
            assert len({id(it) for _, it in got}) == 6
            assert all((it == 3).all() for index, it in got if not index)
        assert dataset.loads.tolist() == [1, 3]


def test_each_sample_is_a_copy_of_its_own():
    trace = Trace([1, 1, 1, 1, 1, 1, 1, 2, 2], 3)
    for arguments in ({"plan": plan(trace, Loader(3), 2)}, {"capacity": 1}):
        with CachedDataset(Batched(3), **arguments) as cached:
            accesses = list(arguments["plan"].sampler()) if "plan" in arguments else trace.ids.tolist()
            for start in range(0, 9, 3):
                batch = cached.__getitems__(accesses[start : start + 3])
                for each, item in zip(batch, trace.ids[start : start + 3].tolist(), strict=True):
                    assert item_of(each) == item
                    each["image"] += 1
                    each["pair"][0][:] = 9
                    each["pair"][1].clear()


def test_what_is_transformed_is_not_cached():
    made = plan(ORDERS[False], Loader(BATCH), N)
    seen = []

    def transform(each):
        seen.append(item_of(each))
        each["image"] += len(seen)
        return each["image"][0, 0, 0].item() - len(seen)

    with CachedDataset(Batched(N), made, transform=transform) as cached:
        sampler = made.sampler()
        assert [x for _ in range(EPOCHS) for b in dataloader(cached, sampler) for x in b] == ORDERS[False].ids.tolist()
        assert cached.cache_info().hits == 4 * N


class Noisy(Items):
    def __getitem__(self, index):
        return {**super().__getitem__(index), "image": torch.rand(3)}


def test_verified_hits_show_what_is_random():
    made = plan(ORDERS[False], Loader(BATCH), N)
    dataset = Items(N)
    with CachedDataset(dataset, made, verify=0.25) as cached:
        run(dataloader(cached, made.sampler()), ORDERS[False])
    assert dataset.loads.sum() == N + N  # a quarter of four epochs of hits
    with CachedDataset(Noisy(N), made, verify=1) as cached:
        sampler = made.sampler()
        cached.__getitems__(list(sampler))
        accesses = list(sampler)
        with pytest.raises(
            ValueError, match=f"must not be random, got another sample of item {accesses[3]}.*transform="
        ):
            cached[accesses[3]]


# ---------------------------------------------------------------- what has no order, no room or no place


def test_an_index_without_an_order_is_loaded_and_said_once():
    made = plan(ORDERS[False], Loader(BATCH), N)
    dataset = Items(N)
    with CachedDataset(dataset, made) as cached:
        with pytest.warns(UserWarning, match="without an order.*outermost"):
            assert item_of(cached[3]) == 3
        assert [item_of(each) for each in cached.__getitems__([4, 4])] == [4, 4]  # and no second warning
        run(dataloader(data.Subset(cached, range(N)), made.sampler()), ORDERS[False], 1)
        info = cached.cache_info()
        assert (info.unplanned, info.stored) == (3 + N, 0)
        with pytest.raises(IndexError, match="out of"):
            CachedDataset(data.TensorDataset(torch.arange(5)), capacity=2)[7]
    assert dataset.loads[4] == 3
    with CachedDataset(data.Subset(dataset, range(N)), made) as cached:
        run(dataloader(cached, made.sampler()), ORDERS[False])
        assert cached.cache_info().hits == made.hits.sum()


def test_indices_of_other_kinds():
    with CachedDataset([10, 11, 12, 13], capacity=4) as cached:
        assert (cached[-1], cached[np.int64(2)], cached[torch.tensor(2)], cached[1:3]) == (13, 12, 12, [11, 12])
        info = cached.cache_info()
        assert (info.stored, info.hits, info.passed, info.unplanned) == (1, 1, 2, 0)
    with CachedDataset(data.TensorDataset(torch.arange(8).reshape(4, 2)), capacity=4) as cached:
        for index in (torch.tensor([2]), np.array([2]), torch.tensor([[2]])):  # each a batch of one
            assert cached[index][0].tolist() == cached.dataset[index][0].tolist() != [4, 5]


class Growing(Items):
    def __getitem__(self, index):
        return torch.full((1 + 100 * index,), index)


def test_a_sample_too_large_for_its_slot_is_passed_on():
    trace = Trace([0, 1, 2, 0, 1, 2, 2], 3)
    made = plan(trace, Loader(1), 3)
    for slot_bytes, late in ((None, 5), (808, 3), (1608, 0)):
        with CachedDataset(Growing(3), made, slot_bytes=slot_bytes) as cached:
            if late:
                with pytest.warns(UserWarning, match=r"larger than a slot.*slot_bytes=\d+") as seen:
                    got = [cached[access] for access in made.sampler()]
                assert len(seen) == 1
            else:
                got = [cached[access] for access in made.sampler()]
            made.sampler().set_epoch(0)
            assert [(each.numel(), int(each[0])) for each in got] == [(1 + 100 * i, i) for i in trace.ids.tolist()]
            info = cached.cache_info()
            assert (info.planned, info.late) == (4, {5: 3, 3: 2, 0: 0}[late])
            assert info.too_big == {5: 3, 3: 2, 0: 0}[late]


class Wordy(Items):
    def __getitem__(self, index):
        return {f"a long key, number {key}": torch.full((8,), index) for key in range(100)}


def test_the_warning_says_what_is_enough_for_a_long_description():
    with (
        CachedDataset(Wordy(3), capacity=3, slot_bytes=8) as cached,
        pytest.warns(UserWarning, match="larger than a slot") as seen,
    ):
        _ = cached[0]
    enough = int(re.search(r"slot_bytes=(\d+)", str(seen[0].message))[1])
    for slot_bytes, hits in ((enough, 1), (enough - 64, 0)):
        with CachedDataset(Wordy(3), capacity=3, slot_bytes=slot_bytes) as cached, warnings.catch_warnings():
            warnings.simplefilter("error" if hits else "ignore")
            assert len({len(cached[0]), len(cached[0])}) == 1
            assert cached.cache_info().hits == hits


class Odd(Items):
    def __getitem__(self, index):
        kinds = [torch.eye(2).to_sparse(), torch.empty(2, device="meta"), lambda: 0, torch.ones(2)]
        return index, kinds[index]


def test_what_has_no_place_in_shared_memory_is_passed_on():
    with CachedDataset(Odd(4), capacity=4) as cached:
        with pytest.warns(UserWarning, match="to be cached, got a tensor of cpu, sparse_coo; loaded uncached") as seen:
            got = [cached[index] for index in (0, 1, 2, 3, 0, 1, 2, 3)][4:]
        assert len(seen) == 1
        assert [each[0] for each in got] == [0, 1, 2, 3]
        assert got[0][1].is_sparse
        assert got[1][1].device.type == "meta"
        info = cached.cache_info()
        assert (info.stored, info.passed, info.hits) == (1, 6, 1)


class Failing(Items):
    fails = True

    def __getitem__(self, index):
        if self.fails and index == 2:
            raise KeyError("no such sample")
        return super().__getitem__(index)


def test_a_data_set_that_raises_raises_its_own_and_the_cache_goes_on():
    dataset = Failing(4)
    trace = Trace([0, 1, 2, 3] * 3, 4, epochs=(0, 4, 8))
    made = plan(trace, Loader(2), 4)
    with CachedDataset(dataset, made) as cached:
        sampler = made.sampler()
        with pytest.raises(KeyError, match="no such sample"):
            fetched(dataloader(cached, sampler, batch_size=2))
        dataset.fails = False
        assert fetched(dataloader(cached, sampler, batch_size=2)) == [[0, 1], [2, 3]]
        info = cached.cache_info()
        assert (info.hits, info.late, info.healed) == (2, 2, 2)
        dataset.fails = True
        with pytest.raises(KeyError, match="no such sample"):
            cached.__getitems__([2])


# ---------------------------------------------------------------- orders keep to their accesses


class EveryOther:
    """The batches of one process of two, dealt by another library."""

    def __init__(self, batches, process):
        self.batches, self.process = batches, process

    def __iter__(self):
        yield from islice(self.batches, self.process, None, 2)


@pytest.mark.parametrize("by", ["batch", "access"])
def test_a_sampler_shared_out_by_another_keeps_its_orders(by):
    trace = ORDERS[True]
    made = plan(trace, Loader(BATCH), 25)
    seen = []
    with CachedDataset(Items(N), made) as cached:
        for epoch in range(EPOCHS):
            loaders = []
            for process in range(2):
                sampler = made.sampler()
                sampler.set_epoch(epoch)
                if by == "batch":
                    batches = EveryOther(data.BatchSampler(sampler, BATCH, False), process)
                    loaders.append(data.DataLoader(cached, batch_sampler=batches, collate_fn=as_list))
                else:
                    shard = data.DistributedSampler(list(sampler), 2, process, shuffle=False)
                    mine = [shard.dataset[k] for k in shard]
                    loaders.append(dataloader(cached, mine))
            for pair in zip_longest(*loaders, fillvalue=()):
                seen += [item_of(each) for batch in pair for each in batch]
        info = cached.cache_info()
    assert sorted(seen) == sorted(trace.ids.tolist())
    assert info.unplanned == 0
    assert info.hits + info.late == info.planned == made.hits.sum()
    assert info.late < 0.1 * info.planned  # two processes in step, half a round apart


# ---------------------------------------------------------------- runs that break off, resume, or begin again


def hit_shares(cached, loader, made, epochs):
    """The share of each epoch's planned hits that were hits."""
    shares = []
    for epoch in epochs:
        before = cached.cache_info()
        loader.sampler.set_epoch(epoch)
        fetched(loader)
        after = cached.cache_info()
        assert after.planned - before.planned == np.count_nonzero(made.hits[made.places(epoch, 0)])
        shares.append((after.hits - before.hits) / max(1, after.planned - before.planned))
    return shares


# With replacement, what stays although an epoch does not fetch it can be healed only later.
@pytest.mark.parametrize(
    ("policy", "replacement"), [("opt", False), ("opt", True), ("lru", True), ("pin", False), ("rr", False)]
)
@pytest.mark.parametrize("begin", ["at epoch 2", "after a break", "again", "from a state"])
def test_a_cache_that_missed_something_heals(begin, policy, replacement):
    trace = order.random(400, EPOCHS, seed=3, replacement=replacement)
    made = plan(trace, Loader(BATCH), 150, policy)
    with CachedDataset(Items(400), made) as cached:
        loader, epochs = dataloader(cached, made.sampler()), range(EPOCHS)
        if begin == "at epoch 2":
            epochs = range(2, EPOCHS)
        elif begin == "after a break":
            for _ in islice(loader, 10):
                pass
            epochs = range(1, EPOCHS)
        elif begin == "again":
            run(loader, trace)
        else:
            loader.sampler.load_state_dict({"epoch": 2, "place": 200})
            assert [item for batch in fetched(loader) for item in batch] == trace.ids[1000:1200].tolist()
            epochs = range(3, EPOCHS)
        shares = hit_shares(cached, loader, made, epochs)
    assert min(shares[1:]) >= 0.98


def test_without_healing_a_pinned_cache_would_never_hit():
    trace = order.random(N, EPOCHS, seed=3)
    made = plan(trace, Loader(BATCH), 30, "pin")
    with CachedDataset(Items(N), made) as cached:
        shares = hit_shares(cached, dataloader(cached, made.sampler()), made, range(2, EPOCHS))
        assert shares == [0, 1, 1]
        assert cached.cache_info().healed == 30
        assert cached.cache_info().stored == 0


def test_a_slot_takes_what_is_newer_only():
    slots, sample = Slots(1), laid(7)
    assert slots.fits(sample)
    answers = [slots.write(0, item, number, sample) for item, number in ((1, 5), (2, 5), (2, 4), (2, 6), (2, 7))]
    assert answers == [STORED, REFUSED, REFUSED, EVICTED, STORED]
    assert slots.read(np.array([0, 0]), np.array([1, 2])) == [None, [7]]


def test_what_is_described_otherwise_is_not_gathered():
    slots, whole, real = Slots(1), laid(np.arange(3)), laid(np.arange(3.0))  # of as many bytes
    assert slots.fits(whole)
    slots.write(0, 5, 0, whole)
    block, _, targets = whole.layout.block(1)  # the block must live while it is written to
    which, items, good = np.array([0]), np.array([5]), np.zeros(1, np.bool_)
    place = slots._words, slots._at, slots._size
    for layout, expected in ((whole.layout, True), (real.layout, False)):
        gather(*place, which, items, layout.key, whole.layout.head.size, whole.layout.sizes, targets, good)
        assert good[0] == expected
    assert len(block)


# ---------------------------------------------------------------- what a data set is besides


def test_it_is_the_data_set_but_for_the_cache():
    dataset = Items(N)
    dataset.classes = ["cat", "dog"]
    with CachedDataset(dataset, capacity=2) as cached:
        assert isinstance(cached, data.Dataset)
        assert len(cached) == N
        assert cached.classes is dataset.classes
        with pytest.raises(AttributeError, match="'Items' object has no attribute 'clases'"):
            _ = cached.clases
        assert (
            [item_of(each) for each in (cached + cached).__getitems__([1, N + 1])] == [1, 1]
            if hasattr(data.ConcatDataset, "__getitems__")
            else True
        )
    with pytest.raises(ValueError, match="must be open"):
        cached[0]
    with pytest.raises(ValueError, match="must be open"):
        cached.cache_info()
    cached.close()  # twice is once


@pytest.mark.parametrize("batched", [False, True])
def test_without_a_plan_it_says_what_opt_would_have_hit(batched, monkeypatch):
    monkeypatch.setattr(seen, "MOST", 70)  # so that OPT is told on the way too
    trace = ORDERS[True]
    with CachedDataset(Items(N), capacity=3) as cached:
        assert (cached.cache_info().opt_hits, cached.cache_info().opt_accesses) == (0, 0)
        for part in np.array_split(trace.ids, 40):
            _ = cached.__getitems__(part.tolist()) if batched else [cached[int(item)] for item in part]
        info = cached.cache_info()
        best, forced = (np.count_nonzero(simulate(trace, "opt", 3, bypass=bypass)) for bypass in (True, False))
        assert info.opt_hits == best > max(info.hits, forced)
        assert info.opt_accesses == len(trace)
        list(dataloader(cached, Epochs(trace), 2))
        assert cached.cache_info().opt_accesses == len(trace)  # workers note nothing
        other = pickle.loads(pickle.dumps(cached)).cache_info()
        assert other == cached.cache_info()._replace(opt_hits=0, opt_accesses=0)  # each process asks of its own
    with CachedDataset(Items(N), plan(trace, Loader(BATCH), 25)) as planned:
        assert (planned.cache_info().opt_hits, planned.cache_info().opt_accesses) == (None, None)


class Balking(Items):
    """Its item 1 cannot be read at first, nor at the second try."""

    def __getitem__(self, index):
        found = super().__getitem__(index)
        if index == 1 and self.loads[1] < 3:
            raise OSError("no such sample")
        return found


def test_opt_is_told_of_what_had_its_sample_and_of_nothing_else():
    """As all else is counted: else it would hit what no cache could hold."""
    with CachedDataset(Balking(N), capacity=3) as cached:
        for indices in ([0], [0, 1], [1]):
            with pytest.raises(OSError, match="no such") if 1 in indices else nullcontext():
                cached.__getitems__(indices)
        cached.__getitems__([1, 0, 1])
        cached.__getitems__([-1, -1])  # is nothing that is cached
        info = cached.cache_info()
        assert (info.opt_hits, info.opt_accesses) == (info.hits, 4) == (2, 4)


def test_a_forked_process_has_seen_nothing_and_waits_for_nobody(monkeypatch):
    own = seen.Seen(2)
    own.note([1, 2, 1])
    assert own.hits() == (1, 3)
    theirs = own._lock  # a thread of the parent's may hold it while it forks
    monkeypatch.setattr(seen.os, "getpid", lambda: -1)
    own.note([1, 1])
    assert own.hits() == (1, 2)
    assert own._lock is not theirs


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_shares_the_cache(again):
    made = plan(ORDERS[False], Loader(BATCH), N)
    cached = CachedDataset(Items(N), made)
    other = again(cached)
    sampler = made.sampler()
    run(dataloader(cached, sampler), ORDERS[False], 1)
    run(dataloader(other, sampler), Trace(ORDERS[False].ids[N:], N, epochs=(0, N)), 1)
    assert other.cache_info() == cached.cache_info()
    assert cached.cache_info().hits == N
    del cached
    gc.collect()
    assert other.cache_info().hits == N


def test_building_a_cache_loads_no_sample():
    dataset = Items(N)
    for arguments in ({"plan": plan(ORDERS[True], Loader(4), 9)}, {"capacity": 0.5}, {"capacity": 7, "slot_bytes": 64}):
        CachedDataset(dataset, **arguments).close()
    assert dataset.loads.sum() == 0


class Stream(data.IterableDataset):
    def __iter__(self):
        return iter(range(3))


class Endless(data.Dataset):
    def __getitem__(self, index):
        return index


MADE = plan(ORDERS[False], Loader(BATCH), 5)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({}, TypeError, "either plan or capacity must be given for CachedDataset, got neither"),
        ({"plan": MADE, "capacity": 5}, TypeError, "got both"),
        ({"capacity": 0}, ValueError, "capacity must be a whole number of items"),
        ({"capacity": -3}, ValueError, "got -3"),
        ({"capacity": True}, TypeError, "got True"),
        ({"capacity": 0.0}, ValueError, r"in \(0, 1\]"),
        ({"capacity": 1.5}, ValueError, r"in \(0, 1\]"),
        ({"capacity": float("nan")}, ValueError, r"in \(0, 1\]"),
        ({"capacity": "25 XB"}, ValueError, "like '25 GB' or '512 MiB', got '25 XB'"),
        ({"capacity": "10"}, ValueError, "got '10'"),
        ({"capacity": "0 GB"}, ValueError, "got '0 GB'"),
        ({"capacity": "100 B"}, ValueError, "room for a sample for CachedDataset, .* bytes, got '100 B'"),
        ({"capacity": [5]}, TypeError, r"got \[5\]"),
        ({"plan": ORDERS[False]}, TypeError, "plan must be a simcache.loader.Plan"),
        ({"plan": MADE, "dataset": Items(N + 1)}, ValueError, "the data set's 61 items .* got one for 60"),
        ({"capacity": 3, "dataset": Stream()}, TypeError, "map-style .* got Stream"),
        ({"capacity": 3, "dataset": 7}, TypeError, "map-style .* got int"),
        ({"capacity": 3, "dataset": Endless()}, TypeError, "must have a length"),
        ({"capacity": 3, "dataset": range(2**31)}, ValueError, "at most 2147483647 items .*, got 2147483648"),
        ({"capacity": 3, "transform": 3}, TypeError, "transform must be callable"),
        ({"capacity": 3, "slot_bytes": 0}, ValueError, "slot_bytes must be"),
        ({"capacity": 3, "verify": 2}, ValueError, "verify must be a share"),
        ({"capacity": 3, "verify": "0.5"}, TypeError, "verify must be a share .* got '0.5'"),
        ({"capacity": 3, "verify": None}, TypeError, "verify must be a share .* got None"),
        ({"capacity": 3, "verify": True}, TypeError, "verify must be a share .* got True"),
        ({"capacity": "9" * 400 + " GB"}, ValueError, "like '25 GB'"),
        ({"capacity": 3, "name": "a", "folder": 5}, TypeError, "folder must be a path, got 5"),
        ({"capacity": 3, "folder": "/tmp"}, ValueError, "folder must come with a name"),
        ({"capacity": 3, "name": "a/b"}, ValueError, "name must be"),
        ({"capacity": 3, "name": ""}, ValueError, "name must be"),
        ({"capacity": 3, "name": "a", "folder": "/nowhere"}, FileNotFoundError, "folder must exist, got '/nowhere'"),
        (
            {"capacity": "1 kB", "dataset": Odd(4)},
            ValueError,
            "needs slot_bytes for CachedDataset: the first sample is",
        ),
    ],
)
def test_bad_arguments(changes, error, message):
    with pytest.raises(error, match=message):
        CachedDataset(**{"dataset": Items(N), **changes})


@pytest.mark.parametrize("capacity", [3, 0.5, "1 kB"])
def test_a_data_set_of_nothing(capacity):
    with CachedDataset([], capacity=capacity) as cached:
        assert list(data.DataLoader(cached, 2)) == []


def test_accesses_of_another_plan_are_refused_or_right():
    other = plan(order.random(2 * N, 1, seed=1), Loader(4), 2 * N)
    with CachedDataset(Items(N), MADE) as cached:
        with pytest.raises(ValueError, match="accesses must come from the plan that the cache was made for"):
            cached.__getitems__(list(other.sampler()))
        run(dataloader(cached, plan(ORDERS[True], Loader(4), 5).sampler()), ORDERS[True])


def test_what_needs_no_warning_gets_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with CachedDataset(Items(N), MADE) as cached:
            run(dataloader(cached, MADE.sampler()), ORDERS[False])
