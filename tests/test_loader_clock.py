"""Seconds from hits: the recursion against a simulation of events, its bounds, its limits."""

import heapq
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simcache import Trace, synth
from simcache.bits import draw_reference
from simcache.loader import Costs, Loader, deal, simulate_loader, speedups, timing

CHEAP = Costs(1.0, 5.0, 2.0, 4.0)


def through_events(dealt, loader, hits, costs):
    """Seconds of each epoch, from processes that wait for one another: workers with queues, trainers, and a barrier.

    Written from PyTorch's iterator, not from the recursion: an index is sent when a batch is handed over.
    """
    load = defaultdict(float)
    for t in range(hits.size):
        batch = int(dealt.epoch[t]), int(dealt.rank[t]), int(dealt.step[t])
        load[batch] += costs.t_prep + (costs.t_hit if hits[t] else costs.t_miss)
    seconds = []
    for epoch in range(int(dealt.epoch.max(initial=-1)) + 1):
        steps = len({step for e, _, step in load if e == epoch})
        seconds.append(one_epoch(steps, loader, lambda r, s, e=epoch: load[e, r, s], costs.t_step))
    return seconds


def one_epoch(steps, loader, load, t_step):
    ranks, workers = range(loader.world_size), loader.num_workers
    queue = {(r, w): [] for r in ranks for w in range(workers)}  # indices sent, not yet begun
    idle = dict.fromkeys(queue, True)
    sent = dict.fromkeys(ranks, 0)
    ready, holding, events, clock = set(), {}, [], 0.0

    def send(rank):
        if sent[rank] < steps:
            queue[rank, sent[rank] % workers].append(sent[rank])
            sent[rank] += 1

    def begin():
        for (rank, worker), waiting in queue.items():
            if idle[rank, worker] and waiting:
                idle[rank, worker] = False
                step = waiting.pop(0)
                heapq.heappush(events, (clock + load(rank, step), "loaded", rank, step))

    def ask(step):  # every trainer wants its batch
        if step == steps:
            return
        for rank in ranks:
            if not workers:
                heapq.heappush(events, (clock + load(rank, step), "handed", rank, step))
            elif (rank, step) in ready:
                heapq.heappush(events, (clock, "handed", rank, step))
            else:
                holding[rank] = step

    for rank in ranks if workers else ():
        for _ in range(loader.prefetch_factor * workers):
            send(rank)
    begin()
    ask(0)
    done = defaultdict(int)
    while events:
        clock, what, rank, step = heapq.heappop(events)
        if what == "loaded":
            idle[rank, step % workers] = True
            ready.add((rank, step))
            if holding.get(rank) == step:
                del holding[rank]
                heapq.heappush(events, (clock, "handed", rank, step))
        elif what == "handed":
            if workers:
                send(rank)
            heapq.heappush(events, (clock + t_step, "stepped", rank, step))
        else:
            done[step] += 1
            if done[step] == loader.world_size:
                ask(step + 1)
        begin()
    return clock


@st.composite
def cases(draw):
    workers = draw(st.integers(0, 4))
    loader = Loader(draw(st.integers(1, 4)), workers, draw(st.integers(1, 3)), prefetch_factor=draw(st.integers(1, 3)))
    n = draw(st.integers(0, 60))
    cut = draw(st.integers(0, n))
    trace = Trace(np.arange(n), max(1, n), epochs=(0, cut, cut))
    hits = np.random.default_rng(draw(st.integers(0, 99))).random(deal(trace, loader).ids.size) < draw(
        st.sampled_from([0.0, 0.5, 1.0])
    )
    seconds = st.sampled_from([0.0, 0.25, 1.0, 3.0, 16.0])  # whole quarters: sums are exact in any order
    return trace, loader, hits, Costs(draw(seconds), draw(seconds), draw(seconds), draw(seconds))


@given(cases())
@example((Trace([0], 1), Loader(1, 3, 2), np.zeros(2, np.bool_), CHEAP))
def test_the_recursion_is_what_happens(case):
    trace, loader, hits, costs = case
    dealt = deal(trace, loader)
    time = timing(dealt, loader, hits, costs)
    assert time.epochs.tolist() == through_events(dealt, loader, hits, costs)
    assert time.total == time.epochs.sum()
    assert time.roofline <= time.total
    assert time.steps == len(set(zip(dealt.epoch.tolist(), dealt.step.tolist(), strict=True)))
    if time.total:
        assert time.stall == pytest.approx(1 - time.steps * costs.t_step / time.total, abs=1e-12)
        assert time.step == time.total / time.steps


def test_a_run_worked_by_hand():
    # Two workers, one batch ahead each; loads 3 (miss) and 1 (hit), step 1. Worker 0: 3, then waits until 3: 3 more.
    # Batches are ready at 3, 3, 6, 5; steps end at 4, 5, 7, 8.
    loader = Loader(1, 2, prefetch_factor=1)
    dealt = deal(Trace([0, 1, 2, 3], 4), loader)
    time = timing(dealt, loader, np.array([False, False, False, True]), Costs(1, 3, 0, 1))
    assert time.epochs.tolist() == [8]
    assert time.roofline == 6
    assert time.stall == 0.5


def test_without_accesses_there_is_no_time():
    loader = Loader(2, 2)
    time = timing(deal(Trace([], 3), loader), loader, np.empty(0, np.bool_), CHEAP)
    assert (time.total, time.epochs.tolist(), time.steps, time.roofline) == (0, [], 0, 0)
    assert math.isnan(time.step)
    assert math.isnan(time.stall)
    table = speedups(Trace([], 3), loader, "lru", 1, CHEAP)
    assert table["speedup"].isna().all()


def test_limits():
    trace = synth.shuffled(600, 3, seed=1)
    for loader in (Loader(10, 4), Loader(10, 4, 2, persistent_workers=True)):
        dealt = deal(trace, loader)
        hits = simulate_loader(trace, loader, "lru", 200)
        hidden = timing(dealt, loader, hits, Costs(1e-3, 1e-2, 1e-3, 1e3))
        assert hidden.total == pytest.approx(hidden.steps * 1e3, rel=1e-3)
        assert hidden.stall < 1e-3
        bound = timing(dealt, loader, hits, Costs(1e-3, 1e-2, 1e-3, 0))
        assert bound.stall == 1
        assert bound.total == pytest.approx(bound.roofline, rel=0.02)
    serial = Loader(10)
    hits = simulate_loader(trace, serial, "lru", 200)
    time = timing(deal(trace, serial), serial, hits, Costs(1, 10, 2, 7))
    assert time.total == 3 * 600 * 2 + hits.sum() + 10 * (~hits).sum() + 7 * 180
    assert time.roofline == time.total


def test_more_workers_and_more_prefetch_are_never_slower():
    trace, costs = synth.zipf(500, 20_000, 0.8, seed=2), Costs(0.5, 8, 0.25, 30)
    rng = np.random.default_rng(3)
    hits = rng.random(20_000) < 0.5
    totals = []
    for workers, prefetch in [(0, 2), (1, 1), (1, 4), (2, 4), (4, 4), (4, 16)]:
        loader = Loader(16, workers, prefetch_factor=prefetch)
        totals.append(timing(deal(trace, loader), loader, hits, costs).total)
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > 1.5 * totals[-1]


def test_samples_are_drawn_fairly_and_by_place():
    trace, loader = synth.shuffled(5000, 4, seed=4), Loader(50)
    dealt, hits = deal(trace, loader), np.tile([True, False], 10_000)
    rng = np.random.default_rng(5)
    samples = {field: rng.exponential(size=37) for field in ("t_hit", "t_miss", "t_prep", "t_step")}
    costs = Costs(**samples)
    time = timing(dealt, loader, hits, costs, seed=1)
    mean = {field: values.mean() for field, values in samples.items()}
    spread = math.sqrt(sum(values.var() for values in samples.values()) * 20_000)
    expected = 10_000 * (mean["t_hit"] + mean["t_miss"]) + 20_000 * mean["t_prep"] + 400 * mean["t_step"]
    assert abs(time.total - expected) < 4 * spread
    assert timing(dealt, loader, hits, costs, seed=1).total == time.total
    assert timing(dealt, loader, hits, costs, seed=2).total != time.total
    # A constant given as samples is a constant.
    plain, many = Costs(1, 2, 3, 4), Costs([1] * 5, (2, 2), np.full(3, 3), [4])
    assert timing(dealt, loader, hits, plain).total == timing(dealt, loader, hits, many).total
    # More hits are never slower while hits are cheaper at every quantile, access by access.
    cheaper = Costs(samples["t_miss"] / 2, samples["t_miss"], samples["t_prep"], samples["t_step"])
    times = [timing(dealt, loader, more, cheaper).total for more in (hits & (dealt.ids % 3 > 0), hits, hits | True)]
    assert times == sorted(times, reverse=True)


def test_every_draw_is_where_it_was_said_to_be():
    # Items at 2^40 + 2 t (fetching) and the next (preparing), steps at 2^41 + batch x ranks + rank; of sorted samples.
    trace, seed = synth.shuffled(60, 2, seed=4), 9
    fetch, miss, prep, step = [5.0, 1.0, 3.0, 64.0], [7.0, 2.0, 9.0], [0.5, 16.0, 0.25, 8.0, 1.0], [4.0, 0.0, 32.0]
    for loader in (Loader(7), Loader(7, 2, 2)):
        dealt = deal(trace, loader)
        hits = np.arange(dealt.ids.size) % 3 > 0
        loads, steps = defaultdict(float), {}
        for t in range(hits.size):
            batch = int(dealt.epoch[t]), int(dealt.rank[t]), int(dealt.step[t])
            own = sorted(fetch if hits[t] else miss)
            loads[batch] += own[draw_reference(seed, 2**40 + 2 * t, len(own))]
            loads[batch] += sorted(prep)[draw_reference(seed, 2**40 + 2 * t + 1, len(prep))]
        order = sorted(loads, key=lambda batch: (batch[0], batch[2], batch[1]))
        for j, batch in enumerate(order):
            steps[batch] = sorted(step)[draw_reference(seed, 2**41 + j, len(step))]
        time = timing(dealt, loader, hits, Costs(fetch, miss, prep, step), seed=seed)
        if not loader.num_workers:
            assert time.total == sum(loads.values()) + sum(steps.values())
        busy, stepping = defaultdict(float), defaultdict(float)  # of a worker in an epoch; of a step, its slowest rank
        for epoch, rank, s in order:
            alone = 0 if loader.num_workers else steps[epoch, rank, s]
            busy[epoch, rank, s % loader.processes] += loads[epoch, rank, s] + alone
            stepping[epoch, s] = max(stepping[epoch, s], steps[epoch, rank, s])
        floors = [max(seconds for (e, *_), seconds in busy.items() if e == epoch) for epoch in (0, 1)]
        rooms = [sum(seconds for (e, _), seconds in stepping.items() if e == epoch) for epoch in (0, 1)]
        assert time.roofline == sum(map(max, floors, rooms))
        assert time.stall == pytest.approx(1 - sum(stepping.values()) / time.total)


def test_ranks_wait_for_the_slowest():
    loader = Loader(1, 1, 2, prefetch_factor=1)
    trace = Trace([0, 1] * 4, 2)
    dealt = deal(trace, loader)
    slow = dealt.rank == 1  # rank 0 always hits, rank 1 never
    time = timing(dealt, loader, ~slow, Costs(0, 5, 0, 1))
    alone = timing(
        deal(Trace([1] * 4, 2), Loader(1, 1, prefetch_factor=1)),
        Loader(1, 1, prefetch_factor=1),
        np.zeros(4, np.bool_),
        Costs(0, 5, 0, 1),
    )
    assert time.total == alone.total == 21


def test_speedups():
    trace, loader = synth.shuffled(1000, 5, seed=6), Loader(20, 2, persistent_workers=True)
    costs = Costs(0.001, 0.1, 0.01, 0.5)
    table = speedups(trace, loader, "lru", 300, costs)
    assert table["policy"].tolist() == ["lru", "opt(bypass=True)", "everything"]
    assert table["capacity"].tolist() == [300, 300, 1000]
    assert table["speedup"].tolist() == (table["seconds"][0] / table["seconds"]).tolist()
    assert table["speedup"].is_monotonic_increasing
    assert table["hit_rate"].is_monotonic_increasing
    opt = simulate_loader(trace, loader, "opt", 300, bypass=True)
    assert table["hit_rate"][1] == opt.mean()
    assert table["seconds"][1] == timing(deal(trace, loader), loader, opt, costs).total
    shared = speedups(trace, loader, "opt", 300, costs, shared="rank", bypass=False)
    assert shared["policy"][0] == "opt"
    assert shared["hit_rate"][2] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("costs", "error", "message"),
    [
        ((-1, 1, 1, 1), ValueError, "t_hit must be a number of seconds >= 0, or samples .*, got -1"),
        ((1, math.nan, 1, 1), ValueError, "t_miss must be a number .* got nan"),
        ((1, 1, [], 1), ValueError, r"t_prep must be .* got \[\]"),
        ((1, 1, 1, [[1]]), ValueError, r"t_step must be .* got \[\[1\]\]"),
        ((1, 1, 1, "fast"), TypeError, "t_step must be .* got 'fast'"),
    ],
)
def test_costs_that_cannot_be(costs, error, message):
    with pytest.raises(error, match=message):
        Costs(*costs)


def test_doors_are_checked():
    trace, loader = synth.loop(4, 8), Loader(2)
    with pytest.raises(TypeError, match=r"costs must be a simcache\.loader\.Costs, got 3"):
        timing(deal(trace, loader), loader, np.zeros(8, np.bool_), 3)
    with pytest.raises(ValueError, match="8 of them, got int64"):
        timing(deal(trace, loader), loader, np.zeros(8, np.int64), CHEAP)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        timing(deal(trace, loader), loader, np.zeros(8, np.bool_), CHEAP, seed=-1)
