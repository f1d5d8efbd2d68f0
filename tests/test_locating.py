"""Locating by content: which planned access a process is at, told by its items, for loaders of any shape."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcache import Trace, order
from simcache.loader import Loader, deal
from simcache.loader.locating import Walk


def walked(trace, loader):
    """Of every access that a loader fetches: its place in the trace, and the one that its process takes it for."""
    dealt, walks, found = deal(trace, loader), {}, []
    for epoch, worker, place, item in zip(dealt.epoch, dealt.worker, dealt.position, dealt.ids, strict=True):
        lives = loader.persistent_workers or not loader.num_workers
        key = (worker, 0 if lives else epoch)
        if key not in walks:
            walks[key] = Walk(trace.ids, loader.num_workers)
        found.append((place, walks[key].place(int(item))))
    return np.array(found).T


def follow(walk, ids):
    for item in ids.tolist():
        walk.place(item)


@st.composite
def loads(draw):
    """An order of some epochs, and a loader."""
    size, epochs = draw(st.integers(3_000, 6_000)), draw(st.integers(1, 3))
    replacement, seed = draw(st.booleans()), draw(st.integers(0, 2**32))
    items = draw(st.integers(1_000, 10_000)) if replacement else size
    trace = order.random(items, epochs, seed=seed, replacement=replacement, num_samples=size)
    workers = draw(st.integers(0, 4))
    persistent = workers > 0 and draw(st.booleans())
    return trace, Loader(
        draw(st.integers(1, 300)), workers, drop_last=draw(st.booleans()), persistent_workers=persistent
    )


# The same examples every time: where an epoch ends, one time in as many as there are items, chance has the item that
# comes next where the epoch would have gone on.
@settings(max_examples=60, derandomize=True)
@given(loads())
def test_nearly_every_access_is_located_and_none_elsewhere(load):
    place, found = walked(*load)
    located = found >= 0
    assert (found[located] == place[located]).all()
    assert located.mean() > 0.99


@given(loads())
@settings(max_examples=15)
def test_what_is_located_is_the_item_asked_for(load):
    place, found = walked(*load)
    ids = load[0].ids
    located = found >= 0
    assert (ids[found[located]] == ids[place[located]]).all()


@given(st.integers(2, 12), st.integers(1, 9), st.integers(0, 3), st.booleans(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_few_items_are_located_right_within_an_epoch(items, batch, workers, drop_last, seed):
    trace = order.random(items, seed=seed, replacement=True, num_samples=200)
    place, found = walked(trace, Loader(batch, workers, drop_last=drop_last))
    located = found >= 0
    assert (found[located] == place[located]).all()
    assert located.mean() > 0.5


def test_one_item_over_and_over_is_not_located_and_ends():
    trace = Trace(np.zeros(300, np.int32), 1)
    place, found = walked(trace, Loader(4, 3))
    assert (found[: place.size // 2] == -1).all()


@pytest.mark.parametrize("workers", [0, 1, 4])
@pytest.mark.parametrize("items", [100, 1000, 10_000])
def test_another_order_raises_within_20_accesses(workers, items):
    planned, other = (order.random(items, seed=seed, replacement=True, num_samples=3 * items) for seed in (42, 43))
    walk = Walk(planned.ids, workers, "worker 2")
    with pytest.raises(ValueError, match="must be those planned") as raised:
        follow(walk, other.ids[:20])
    found = re.search(r"got item (\d+) as access (\d+) of worker 2 where item (\d+) was planned", str(raised.value))
    item, access, instead = map(int, found.groups())
    assert item == other.ids[access]
    if workers < 2:
        assert instead == planned.ids[access]


@pytest.mark.parametrize("looks", [1, 2])
def test_a_look_at_a_sample_in_between_does_no_harm(looks):
    trace = order.random(1000, seed=2, replacement=True, num_samples=2000)
    walk, found = Walk(trace.ids, 0), []
    for access, item in enumerate(trace.ids.tolist()):
        if access % 500 == 0:
            for look in range(looks):
                walk.place((item + 3 + look) % 1000)
        found.append(walk.place(item))
    found = np.array(found)
    assert ((found == np.arange(2000)) | (found == -1)).all()
    assert (found >= 0).mean() > 0.99


def test_one_process_for_all_is_located_from_the_first_access_on():
    trace = order.distributed(50, 3, num_replicas=1, shuffle=False)  # all epochs alike
    place, found = walked(trace, Loader(8))
    assert (found == place).all()
    place, found = walked(trace, Loader(8, 2))
    assert (found == -1).all()


def test_a_run_that_goes_on_after_the_plan_raises():
    trace = order.random(50, seed=1, replacement=True, num_samples=200)
    walk = Walk(trace.ids, 0)
    follow(walk, trace.ids)
    with pytest.raises(ValueError, match=r"as access 203 of the process where none was planned after all 200:"):
        follow(walk, trace.ids[:4])
