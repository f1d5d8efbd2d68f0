"""Whatever a sampler draws from is as it was after recording, wherever it is kept; what cannot be is named."""

import collections
import ctypes
import functools
import itertools
import multiprocessing
import random
import statistics
import types

import numpy as np
import pytest

from simcache.sampler import record
from simcache.sampler.reaching import reachable

N = 12
SHARED = random.Random(5)
DRAWN = {"passes": 0}
PASSES = 0


def shuffled(generator):
    order = list(range(N))
    generator.shuffle(order)
    return order


def helper():
    return shuffled(SHARED)


class Attribute:
    def __init__(self, generator):
        self.anything = generator

    def __iter__(self):
        return iter(shuffled(self.anything))


class Nested:
    def __init__(self):
        self.deep = [{"here": (None, random.Random(1))}]

    def __iter__(self):
        return iter(shuffled(self.deep[0]["here"][1]))


class Slots:
    __slots__ = ("generator", "later", "passes")

    def __init__(self):
        self.generator, self.passes = random.Random(1), 0

    def __iter__(self):
        self.passes += 1
        self.later = getattr(self, "later", 0) + 2
        return iter([(i + self.passes + self.later) % N for i in shuffled(self.generator)])


class Calls:
    """Draws by calling what it was given: a closure, a bound method, a partial function."""

    def __init__(self, draw):
        self.draw = draw

    def __iter__(self):
        return iter([int(i) for i in self.draw()])


def counting():
    passes = 0

    def draw():
        nonlocal passes
        passes += 1
        return [(i + passes) % N for i in range(N)]

    return draw


def given(inner, lazily=False):
    return (lambda: (i for i in inner)) if lazily else (lambda: inner)


class OfClass:
    generator, passes = random.Random(8), 0

    def __iter__(self):
        OfClass.passes += 1
        type(self).last = self.passes
        return iter([(i + OfClass.passes) % N for i in shuffled(self.generator)])


class OfModule:
    def __iter__(self):
        global PASSES
        PASSES += 1
        DRAWN["passes"] += 1
        return ((i + PASSES + DRAWN["passes"]) % N for i in helper())


class Default:
    def __iter__(self, kept=[random.Random(2)]):  # noqa: B006, B008
        return iter(shuffled(kept[0]))


class InPlace:
    """Shuffles what it holds, and counts in every kind of container."""

    def __init__(self):
        self.order, self.array = list(range(N)), np.arange(N)
        self.objects = np.array([random.Random(1), None], object)
        self.turning, self.ordered = collections.deque(range(N)), collections.OrderedDict.fromkeys(range(N))
        self.seen, self.bytes, self.counts = {1}, bytearray(1), collections.Counter()
        self.raw, self.shared = ctypes.c_int(0), multiprocessing.Value("i", 0)
        self.space = types.SimpleNamespace(passes=0)

    def __iter__(self):
        random.Random(1).shuffle(self.order)
        np.random.default_rng(2).shuffle(self.array)
        self.turning.rotate(3)
        self.ordered.move_to_end(next(iter(self.ordered)))
        self.seen.add(len(self.seen) + 1)
        self.bytes.append(1)
        self.counts["passes"] += 1
        self.raw.value += 1
        self.shared.value += 1
        self.space.passes += 1
        by = len(self.seen) + len(self.bytes) + self.counts["passes"] + self.raw.value * self.shared.value
        order = [(i + by + self.space.passes) % N for i in shuffled(self.objects[0])]
        return iter(
            [sum(each) % N for each in zip(order, self.order, self.array, self.turning, self.ordered, strict=True)]
        )


class Lazy:
    """Makes what it draws from when first asked."""

    def __iter__(self):
        if not hasattr(self, "generator"):
            self.generator = np.random.default_rng(3)
        return iter(self.generator.permutation(N).tolist())


class Counter:
    """An iterator in plain Python."""

    def __init__(self):
        self.at = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.at += 1
        return self.at % N


class Both:
    def __init__(self):
        self.one, self.two, self.three = Attribute(random.Random(1)), Attribute(np.random.default_rng(1)), Counter()

    def __iter__(self):
        return itertools.chain(self.one, self.two, itertools.islice(self.three, 5))


class Endless(list):
    """A container that iterates as it likes; so do a deque, a dict and a set of its kind."""

    def __iter__(self):
        self[0] += 1
        while True:
            yield from super().__iter__()


class EndlessDeque(collections.deque):
    def __iter__(self):
        self[0] += 1
        while True:
            yield from super().__iter__()


class EndlessDict(dict):
    def __iter__(self):
        self[0] += 1
        while True:
            yield from self.values()

    items = __iter__


class SamplerAsData:
    """A data set that draws from a sampler, as the wrappers of distributed training have it."""

    def __init__(self, sampler):
        self.sampler, self.rows = sampler, [object()] * 3

    def __len__(self):
        return N

    def __getitem__(self, index):
        return list(self.sampler)[index]


class OverData:
    def __init__(self):
        self.dataset = SamplerAsData(Attribute(random.Random(1)))

    def __iter__(self):
        return iter([self.dataset[i] for i in range(N)])


KINDS = {
    "random": lambda: Attribute(random.Random(1)),
    "numpy": lambda: Attribute(np.random.default_rng(1)),
    "legacy": lambda: Attribute(np.random.RandomState(1)),
    "legacy, other bits": lambda: Attribute(np.random.RandomState(np.random.PCG64(4))),
    "the module": lambda: Attribute(random),
    "nested": Nested,
    "slots": Slots,
    "closure": lambda: Calls(functools.partial(shuffled, random.Random(4))),
    "keyword": lambda: Calls(functools.partial(shuffled, generator=random.Random(4))),
    "nonlocal": lambda: Calls(counting()),
    "lambda": lambda: Calls(given(Nested())),
    "bound": lambda: Calls(functools.partial(np.random.default_rng(1).permutation, N)),
    "bound iter": lambda: Calls(Slots().__iter__),
    "class": OfClass,
    "module": OfModule,
    "default": Default,
    "in place": InPlace,
    "lazy": Lazy,
    "both": Both,
    "over data": OverData,
    "generator": lambda: Calls(given(Nested(), lazily=True)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_recording_leaves_it_where_it_was(kind):
    sampler = KINDS[kind]()
    recorded = [record(sampler, 3).ids.tolist() for _ in range(2)]
    seen = [i for _ in range(3) for i in sampler]
    assert recorded == [seen, seen]
    size = len(seen) // 3
    assert seen[:size] != seen[size : 2 * size]  # so that it would show


@pytest.mark.parametrize("sampler", [Endless([1, 2, 3]), EndlessDeque([1, 2, 3]), EndlessDict({0: 1, 1: 4})])
def test_containers_that_iterate_as_they_like(sampler):
    assert record(sampler, 2, length=2).ids.tolist()[:1] == [2]
    assert list(itertools.islice(sampler, 1)) == [2]


def test_an_iterator_of_ones_own_is_not_used_up():
    sampler = Counter()
    assert record(itertools.islice(sampler, 4)).ids.tolist() == record(itertools.islice(sampler, 4)).ids.tolist()


class Holds:
    def __init__(self, stream):
        self.deep = [{"stream": stream}]

    def __iter__(self):
        return itertools.islice(self.deep[0]["stream"], N)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (lambda: (i for i in range(99)), "generator"),
        (lambda: iter(list(range(99))), "list_iterator"),
        (lambda: map(int, "123"), "map"),
        (itertools.count, "count"),
    ],
)
def test_an_iterator_that_it_holds_is_named(stream, kind):
    with pytest.warns(UserWarning, match=rf"cannot put back sampler.deep\[0\]\['stream'\], a {kind}(;|$)") as caught:
        record(Holds(stream()))
    assert caught[0].filename == __file__


def test_what_no_one_can_put_back_is_named():
    with pytest.warns(UserWarning, match="record moved .* cannot put back sampler.anything, a SystemRandom"):
        record(Attribute(random.SystemRandom()))


def test_an_iterator_that_stays_put_is_not_spoken_of():
    class Aside(Nested):
        untouched = iter([1, 2])

    record(Aside())


def test_a_file_is_read_again(tmp_path):
    (tmp_path / "ids").write_text("3\n1\n2\n")

    class File:
        def __init__(self):
            self.file = open(tmp_path / "ids")  # noqa: SIM115

        def __iter__(self):
            return iter([int(self.file.readline())])

    sampler = File()
    assert record(sampler, 2).ids.tolist() == record(sampler, 2).ids.tolist() == [3, 1]
    sampler.file.close()


def test_items_of_data_sets_are_not_looked_at():
    sampler = OverData()
    rows = sampler.dataset.rows
    found = [it for _, it in reachable({"sampler": sampler})]
    assert any(it is sampler.dataset.sampler for it in found)
    assert not any(it is rows or it is rows[0] for it in found)


def test_code_of_the_library_is_left_alone():
    class Named:
        def __iter__(self):
            return iter(np.argsort(statistics.fmean([1]) * np.ones(3)))

    found = [it for _, it in reachable({"sampler": Named()})]
    code = [it for it in found if isinstance(it, type | types.FunctionType)]
    assert {it.__module__ for it in code} == {__name__}
    assert len(found) < 60
