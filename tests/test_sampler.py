"""Recording samplers that know nothing of torch."""

import itertools
import random
import subprocess
import sys

import numpy as np
import pytest

from simcache.sampler import record, recording


class Shuffler:
    """A sampler in plain Python that draws from wherever it is told to."""

    def __init__(self, n, shuffle=random.shuffle, generator=None):
        self.data_source, self.mix, self.generator = range(n), shuffle, generator

    def __iter__(self):
        order = list(self.data_source)
        self.mix(order)
        return iter(order)


class PerEpoch:
    """Its order follows from `set_epoch` alone, as a DistributedSampler's does."""

    seed, rank, num_replicas, shuffle = 5, 1, 2, True

    def __init__(self, dataset):
        self.dataset, self.epoch = dataset, 7

    def set_epoch(self, epoch):
        self.epoch = epoch
        print("epoch", epoch)  # a list of calls would be put back too

    def __iter__(self):
        return iter([(i + self.epoch) % 10 for i in range(4)])


def test_epochs_follow_each_other():
    trace = record([3, 1, 1], 2)
    assert trace.ids.tolist() == [3, 1, 1, 3, 1, 1]
    assert trace.epochs == (0, 3)
    assert trace.n_items == 4
    assert trace.name == "list"
    assert trace.source["generator"] == "sampler"
    assert trace.source["sampler"] == "list"


def test_set_epoch_is_called_and_undone(capsys):
    sampler = PerEpoch(range(12))
    trace = record(sampler, 3)
    assert trace.ids.tolist() == [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5]
    assert trace.epochs == (0, 4, 8)
    assert trace.n_items == 12
    assert trace.name == "PerEpoch-rank1"
    assert capsys.readouterr().out.split() == "epoch 0 epoch 1 epoch 2 epoch 7".split()
    assert sampler.epoch == 7
    source = dict(trace.source)
    source.pop("torch", None)  # there when another test has loaded it
    assert source == {
        "generator": "sampler", "sampler": "PerEpoch", "num_replicas": 2, "rank": 1, "shuffle": True, "trace_seed": 5
    }  # fmt: skip


def shufflers():
    own, generator = random.Random(1), np.random.default_rng(1)
    yield Shuffler(50)
    yield Shuffler(50, np.random.shuffle)
    yield Shuffler(50, own.shuffle, own)
    yield Shuffler(50, generator.shuffle, generator)


@pytest.mark.parametrize("sampler", list(shufflers()))
def test_recording_does_not_move_the_order(sampler):
    trace = record(sampler, 3)
    again = [i for _ in range(3) for i in sampler]
    assert trace.ids.tolist() == again
    assert trace.ids[:50].tolist() != trace.ids[50:100].tolist()


def test_state_is_restored_when_a_pass_fails():
    class Broken(PerEpoch):
        def __iter__(self):
            yield random.randrange(10)
            raise RuntimeError("no more")

    sampler, before = Broken(range(10)), random.getstate()
    with pytest.raises(RuntimeError, match="no more"):
        record(sampler)
    assert random.getstate() == before
    assert sampler.epoch == 7


class Weighted:
    weights = np.ones(9)

    def __iter__(self):
        return iter([1, 2])


@pytest.mark.parametrize(
    ("sampler", "n_items"),
    [(Shuffler(5), 5), (Weighted(), 9), (PerEpoch(iter(range(99))), 4), ([], 1), (np.array([4, 2], np.uint8), 5)],
)
def test_n_items(sampler, n_items):
    assert record(sampler).n_items == n_items
    assert record(sampler, n_items=100).n_items == 100


def test_long_and_numpy_passes():
    ids = np.arange(200_001) % 1000
    assert np.array_equal(record(ids).ids, ids)
    assert record(range(200_000), 2).epochs == (0, 200_000)
    assert record(iter([1, 2])).ids.tolist() == [1, 2]
    assert record([], 3).epochs == (0, 0, 0)
    assert record([0], name="mine").name == "mine"


class Endless:
    def __iter__(self):
        while True:
            yield from (2, 0, 1)


class Says(Endless):
    def __init__(self, length):
        self.length = length

    def __len__(self):
        if self.length is None:
            raise ValueError("unknown")
        return self.length


@pytest.mark.parametrize("sampler", [Endless(), Says(3), Says(0), Says(2**62), Says(10**30), Says(-1), Says(None)])
def test_an_endless_sampler_is_stopped_or_refused(sampler, monkeypatch):
    trace = record(sampler, 2, length=4)
    assert (trace.ids.tolist(), trace.epochs, trace.n_items) == ([2, 0, 1, 2] * 2, (0, 4), 3)
    monkeypatch.setattr(recording, "MOST", 100_000)
    with pytest.raises(
        ValueError, match=r"`length` say where to stop it, for trace .*, got more than 100,000 accesses"
    ):
        record(sampler)


def test_a_length_does_not_stop_what_ends_sooner(monkeypatch):
    assert record([1, 2], 2, length=5).ids.tolist() == [1, 2, 1, 2]
    monkeypatch.setattr(recording, "MOST", 10)
    assert len(record(range(300))) == 300  # as long as it says
    assert len(record(itertools.islice(range(300), 10))) == 10
    with pytest.raises(ValueError, match="got more than 10 accesses"):
        record(itertools.islice(range(300), 11))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: record([1], length=0), r"length must be a whole number 1 … 2147483647 for trace 'list', got 0"),
        (lambda: record([1], length=2.5), r"length must be a whole number .*, got 2.5"),
        (
            lambda: record(iter([1, 2]), 2),
            r"again for each of 2 epochs for trace 'list_iterator', got an iterator",
        ),
        (
            lambda: record([[1, 2], [3]]),
            r"must yield item ids, .*, got \[1, 2\] \(a batch",
        ),
        (lambda: record([1, 2.0]), r"must yield item ids, whole numbers, for trace 'list', got 2.0"),
        (lambda: record([1, float("nan")]), r"must yield item ids.*, got nan"),
        (lambda: record([1, None]), r"must yield item ids.*, got None"),
        (lambda: record([1, 2**70]), r"must yield item ids.*, got 1180591620717411303424"),
        (lambda: record([1, 2**63]), r"must yield item ids.*, got 9223372036854775808"),
        (lambda: record(5), r"sampler must be an iterable of item ids for trace 'int', got 5"),
        (lambda: record([1], 0), r"epochs must be a whole number 1 … 2147483647 for trace 'list', got 0"),
        (lambda: record([1], n_items=0), r"n_items must be a whole number 1 … 2147483647 for trace 'list', got 0"),
        (lambda: record([-1]), r"ids must lie in 0 … n_items - 1 = 0 for trace 'list', got -1 at position 0"),
        (lambda: record([1, 7], n_items=5), r"ids must lie in 0 … n_items - 1 = 4 .*, got 7 at position 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_a_type_error_of_the_sampler_is_its_own():
    def broken():
        yield 1
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        record(broken())


def test_recording_does_not_load_torch():
    code = "import sys; from simcache.sampler import record; record([1]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
