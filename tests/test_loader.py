"""Who serves what, and what their caches hit: against a plain-Python loader, and simulate() stream by stream."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import traces

from simcache import Trace, simulate, synth
from simcache.bits import splitmix
from simcache.loader import Loader, deal, per_cache, per_epoch, simulate_loader, streams
from simcache.loader.reading import of
from simcache.sampler import Recorded
from simcache.trace import LIMIT


@st.composite
def loaders(draw):
    workers = draw(st.integers(0, 4))
    return Loader(
        draw(st.integers(1, 7)),
        workers,
        draw(st.integers(1, 5)),
        drop_last=draw(st.booleans()),
        persistent_workers=draw(st.booleans()) if workers else False,
    )


@st.composite
def epochal(draw):
    """A trace of several epochs, some of them empty, and its loader."""
    trace = draw(traces())
    cuts = sorted(draw(st.lists(st.integers(0, len(trace)), max_size=4)))
    return Trace(trace.ids, trace.n_items, "epochal", (0, *cuts)), draw(loaders())


def plainly_dealt(trace, loader):
    """The deal as PyTorch's own code makes it: pad by repeating, stride, cut into batches, send them round."""
    rows = []
    for epoch, (start, end) in enumerate(zip(trace.epochs, (*trace.epochs[1:], len(trace)), strict=True)):
        places = list(range(start, end))
        if not places:
            continue
        each = -(-len(places) // loader.world_size)
        padded = (places * (loader.world_size + 1))[: each * loader.world_size]
        batches = []
        for rank in range(loader.world_size):
            mine = padded[rank :: loader.world_size]
            cut = [mine[k : k + loader.batch_size] for k in range(0, len(mine), loader.batch_size)]
            batches.append([b for b in cut if not loader.drop_last or len(b) == loader.batch_size])
        for step in range(len(batches[0])):
            for rank in range(loader.world_size):
                worker = step % loader.num_workers if loader.num_workers else 0
                rows += [(epoch, step, rank, worker, p, int(trace.ids[p])) for p in batches[rank][step]]
    return rows


SPARSE = Trace([3, 1], 5, "sparse", (0, 0, 2, 2))


@given(epochal())
@example((SPARSE, Loader(1, 4, 5)))  # more ranks than items, more workers than batches, empty epochs
@example((Trace([0, 0, 0], 1), Loader(2, 2, drop_last=True)))  # a data set of one item
@example((Trace([], 3, "nothing", (0, 0)), Loader(4, 2, 3)))
def test_deal_is_pytorchs(case):
    trace, loader = case
    dealt = deal(trace, loader)
    assert all(column.dtype == np.int32 for column in dealt)
    assert list(zip(*(column.tolist() for column in dealt), strict=True)) == plainly_dealt(trace, loader)

    seen = streams(trace, loader)
    assert list(seen) == [(r, w) for r in range(loader.world_size) for w in range(max(1, loader.num_workers))]
    for (rank, worker), stream in seen.items():
        mine = (dealt.rank == rank) & (dealt.worker == worker)
        assert (stream.ids == dealt.ids[mine]).all()
        assert stream.epochs == tuple(np.count_nonzero(dealt.epoch[mine] < k) for k in range(len(trace.epochs)))
        assert stream.n_items == trace.n_items


def test_streams_say_whose_they_are():
    trace = synth.shuffled(10, 2, seed=1)
    assert streams(trace, Loader(2))[0, 0].source == trace.source
    stream = streams(trace, Loader(2, 3, 2))[1, 2]
    assert dict(stream.source) == {**trace.source, "rank": 1, "worker": 2}
    assert stream.name == "shuffled-10x2-rank1-worker2"
    assert stream.source["generator"] == "shuffled"
    idle = streams(trace, Loader(5, 16))[0, 9]
    assert (len(idle), idle.epochs) == (0, (0, 0))


def caches_of(trace, loader, shared):
    """Where each cache's accesses stand in the deal: in one group for a cache that lives for ever."""
    dealt = deal(trace, loader)
    rank = dealt.rank if shared != "node" else np.zeros_like(dealt.rank)
    worker = dealt.worker if shared == "worker" else np.zeros_like(dealt.worker)
    dies = shared == "worker" and loader.num_workers and not loader.persistent_workers
    epoch = dealt.epoch if dies else np.zeros_like(dealt.epoch)
    frame = pd.DataFrame({"epoch": epoch, "rank": rank, "worker": worker})
    return dealt, [np.sort(places) for places in frame.groupby(["epoch", "rank", "worker"]).indices.values()]


@settings(max_examples=40)
@given(epochal(), st.sampled_from(["worker", "rank", "node"]), st.integers(1, 6))
@example((SPARSE, Loader(1, 4, 5)), "worker", 1)
def test_each_cache_is_simulated_alone(case, shared, capacity):
    trace, loader = case
    dealt, caches = caches_of(trace, loader, shared)
    for policy in ("lru", ("opt", {"bypass": True}), "lfu"):
        hits = simulate_loader(trace, loader, policy, capacity, shared=shared)
        assert hits.shape == dealt.ids.shape
        for places in caches:
            assert (hits[places] == simulate(Trace(dealt.ids[places], trace.n_items), policy, capacity)).all()

    hits = simulate_loader(trace, loader, "lru", capacity, shared=shared)
    table = per_cache(dealt, loader, hits, capacity, shared=shared)
    assert len(table) == len(caches)
    assert table["accesses"].tolist() == [places.size for places in caches]
    assert table["distinct"].tolist() == [np.unique(dealt.ids[places]).size for places in caches]
    assert table["hits"].tolist() == [hits[places].sum() for places in caches]
    inside = [len(set(evicted(dealt.ids[places].tolist(), capacity))) for places in caches]
    assert table["evictions"].tolist() == inside
    assert per_epoch(dealt, hits)["accesses"].sum() == hits.size
    assert per_epoch(dealt, hits)["hits"].sum() == hits.sum()


def evicted(ids, capacity):
    """LRU, counting evictions one by one: (time, victim)."""
    stack = []
    for t, i in enumerate(ids):
        if i in stack:
            stack.remove(i)
        elif len(stack) == capacity:
            yield t, stack.pop(0)
        stack.append(i)


def test_caches_draw_from_streams_of_their_own():
    trace = Trace(np.tile(np.arange(40), 20), 40)  # both workers see the same order
    loader = Loader(1, 2, persistent_workers=True)
    twins = Trace(np.repeat(trace.ids, 2), 40)
    hits = simulate_loader(twins, loader, "rr", 20, seed=3)
    assert (hits[::2] == simulate(trace, "rr", 20, seed=3)).all()
    assert (hits[1::2] == simulate(trace, "rr", 20, seed=int(splitmix(np.uint64(3), 1)))).all()
    assert (hits[::2] != hits[1::2]).any()
    assert (hits == simulate_loader(twins, loader, "rr", 20, seed=3)).all()
    assert (hits != simulate_loader(twins, loader, "rr", 20, seed=4)).any()


def test_life_and_death_of_private_caches():
    trace = synth.loop(12, 36)
    trace = Trace(trace.ids, 12, "thrice", (0, 12, 24))
    alive = Loader(2, 3, persistent_workers=True)
    dying = Loader(2, 3)
    rates = {
        (name, shared): per_epoch(deal(trace, it), simulate_loader(trace, it, "lru", 12, shared=shared))[
            "hit_rate"
        ].tolist()
        for name, it in (("alive", alive), ("dying", dying), ("none", Loader(2)))
        for shared in ("worker", "rank", "node")
    }
    assert rates.pop(("dying", "worker")) == [0, 0, 0]
    assert set(map(tuple, rates.values())) == {(0, 1, 1)}

    dealt, hits = deal(trace, dying), simulate_loader(trace, dying, "fifo", 3)
    table = per_cache(dealt, dying, hits, 3)
    assert table["epoch"].tolist() == np.repeat([0, 1, 2], 3).tolist()
    assert table["evictions"].tolist() == [1] * 9
    lasting = per_cache(deal(trace, alive), alive, hits, 3, shared="rank")
    assert lasting["epoch"].isna().all()
    assert lasting["worker"].isna().all()
    assert lasting["rank"].tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": None}, TypeError, "batch_size must be a whole number >= 1 for Loader, got None"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number 1 .* for Loader, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be a whole number"),
        ({"num_workers": -1}, ValueError, "num_workers must be a whole number 0 .* for Loader, got -1"),
        ({"world_size": 0}, ValueError, "world_size must be a whole number 1"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "prefetch_factor must be a whole number 1"),
        ({"drop_last": 1}, TypeError, "drop_last must be True or False for Loader, got 1"),
        ({"persistent_workers": True}, ValueError, "persistent_workers needs num_workers >= 1"),
    ],
)
def test_loaders_that_cannot_be(arguments, error, message):
    with pytest.raises(error, match=message):
        Loader(**{"batch_size": 4, **arguments})


def test_doors_are_checked():
    trace, loader = synth.loop(4, 8), Loader(2)
    dealt = deal(trace, loader)
    with pytest.raises(TypeError, match=r"trace must be a simcache\.Trace"):
        deal([1, 2], loader)
    with pytest.raises(TypeError, match=r"loader must be a simcache\.loader\.Loader, got int 4"):
        deal(trace, 4)
    with pytest.raises(
        ValueError, match=f"at most {LIMIT} accesses, got 4294967288 for trace 'one' on 1073741822 ranks"
    ):
        deal(Trace([0] * 4, 1, "one", (0, 1, 2, 3)), Loader(1, world_size=2**30 - 2))
    with pytest.raises(ValueError, match="capacity must be a whole number of items >= 1 for trace 'loop-4', got 0"):
        simulate_loader(trace, loader, "lru", 0)
    with pytest.raises(ValueError, match="shared must be one of 'worker', 'rank', 'node', got 'all'"):
        simulate_loader(trace, loader, "lru", 1, shared="all")
    with pytest.raises(ValueError, match="unknown parameter 'bypas' of policy 'opt'; did you mean 'bypass'"):
        simulate_loader(trace, loader, "opt", 1, bypas=True)
    with pytest.raises(ValueError, match=r"one bool per access dealt, 8 of them, got bool of shape \(3,\)"):
        per_epoch(dealt, np.zeros(3, np.bool_))
    with pytest.raises(ValueError, match="got list"):
        per_cache(dealt, loader, [True] * 8, 1)


@pytest.mark.parametrize("worker", [[0, 1, 0, 1], [0, 0, 1, 1]])
def test_a_real_loader_is_one_that_deals_to_its_workers_in_turn(monkeypatch, worker):
    recorded = Recorded(Trace([2, 0, 3, 1], 4), np.arange(4, dtype=np.int32), np.array(worker, np.int32))
    monkeypatch.setattr("simcache.loader.reading.record_loader", lambda *_, **__: recorded)
    real = SimpleNamespace(num_workers=2, persistent_workers=True, prefetch_factor=None)
    if worker == [0, 1, 0, 1]:
        assert of(real) == (recorded.trace, Loader(1, 2, persistent_workers=True))
        return
    with pytest.raises(ValueError, match=r"must deal its batches to its workers in turn .*, got \[0 0 1 1\]"):
        of(real)
