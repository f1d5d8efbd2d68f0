"""Plans: hits that are simulate's, orders that a plain cache of slots can carry out, the sampler that yields them."""

import pickle
import re
import subprocess
import sys
from collections import Counter
from itertools import islice

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import traces, variants

from simcache import Trace, simulate, synth
from simcache.loader import Access, Loader, deal, plan
from simcache.loader.accesses import NUMBERS

VARIANTS = list(variants())
SHUFFLED = synth.shuffled(20, 3, seed=1)


@st.composite
def planned(draw):
    """The arguments of a plan."""
    trace, workers = draw(traces()), draw(st.integers(0, 2))
    cuts = sorted(draw(st.lists(st.integers(0, len(trace)), max_size=3)))
    trace = Trace(trace.ids, trace.n_items, "epochal", (0, *cuts))
    loader = Loader(draw(st.integers(1, 5)), workers, draw(st.integers(1, 3)), drop_last=draw(st.booleans()))
    ranks = draw(st.none() | st.sets(st.integers(0, loader.world_size - 1), min_size=1))
    spare = draw(st.none() | st.integers(0, 5))
    return trace, loader, draw(st.integers(1, trace.n_items + 2)), draw(st.sampled_from(VARIANTS)), ranks, spare


def mine(trace, loader, ranks):
    dealt = deal(trace, loader)
    chosen = np.isin(dealt.rank, range(loader.world_size) if ranks is None else list(ranks))
    return dealt.ids[chosen], dealt.rank[chosen], dealt.epoch[chosen]


@given(planned(), st.integers(0, 99))
@example((Trace([], 3), Loader(2), 1, ("lru", {}), None, None), 0)
def test_hits_are_those_simulated_and_orders_carry_them_out(case, seed):
    trace, loader, capacity, policy, ranks, spare = case
    made = plan(trace, loader, capacity, policy, ranks=ranks, spare=spare, seed=seed)
    ids, rank, epoch = mine(trace, loader, ranks)
    assert made.trace.ids.tolist() == ids.tolist()
    assert made.rank.tolist() == rank.tolist()
    assert (np.searchsorted(made.trace.epochs, np.arange(ids.size), "right") - 1).tolist() == epoch.tolist()
    name, parameters = policy
    hits = simulate(Trace(ids, trace.n_items), name, capacity, seed=seed, **parameters)
    assert made.hits.tolist() == hits.tolist()

    upcoming, keeps = {}, []
    for item, hit in zip(ids[::-1].tolist(), hits[::-1].tolist(), strict=True):
        keeps.insert(0, upcoming.get(item, False))
        upcoming[item] = hit
    slots, most, used = {}, 0, set()
    for t, (item, order) in enumerate(zip(ids.tolist(), made.orders.tolist(), strict=True)):
        slot, hit, keep = order >> 2, bool(order & 2), keeps[t]
        assert (hit, bool(order & 1)) == (hits[t], keep)
        if hit:
            assert slots[slot] == item
        elif keep:
            assert slot not in used
            slots[slot] = item
            used.add(slot)
        else:
            assert order == 0
        most = max(most, len(used))
        if hit and not keep:
            used.remove(slot)
    assert most <= capacity
    assert made.slots == most + made.spare
    assert all(0 <= slot < made.slots for slot in slots)


@given(planned())
def test_freed_slots_wait_for_as_many_as_are_spare(case):
    trace, loader, capacity, policy, ranks, spare = case
    made = plan(trace, loader, capacity, policy, ranks=ranks, spare=spare)
    if spare is None:
        sharing = loader.world_size if ranks is None else len(ranks)
        assert made.spare == min(capacity, 2 * loader.num_workers * loader.batch_size * sharing)
    freed, new = [], 0
    for order in made.orders.tolist():
        if order & 3 == 1:
            if len(freed) > made.spare:
                assert order >> 2 == freed.pop(0)
            else:
                assert order >> 2 == new
                new += 1
        elif order & 3 == 2:
            freed.append(order >> 2)


def test_a_plan_says_what_it_hits():
    made = plan(SHUFFLED, Loader(4, 2), 10, "lru")
    lru = np.count_nonzero(simulate(SHUFFLED, "lru", 10))
    opt = np.count_nonzero(simulate(SHUFFLED, "opt", 10, bypass=True))
    assert made.opt_hits == opt
    text = str(made)
    assert re.search(rf"^lru +{lru} hits +{lru / 60:.2%}$", text, re.MULTILINE)
    assert re.search(rf"^OPT +{opt} hits ", text, re.MULTILINE)
    assert re.search(rf"^slots +{made.slots}, {made.spare} of them spare$", text, re.MULTILINE)
    assert f"{lru:,} hits in 60 accesses" in repr(made)
    assert "0.00%" in str(plan(Trace([], 1), Loader(1), 1))


def test_policies_with_a_seed():
    assert any(
        (plan(SHUFFLED, Loader(4), 10, "rr", seed=seed).hits != plan(SHUFFLED, Loader(4), 10, "rr").hits).any()
        for seed in range(1, 5)
    )


@numba.njit
def everything(ids, n_items, capacity, seed):
    return np.ones(ids.size, np.bool_)


@numba.njit
def limitless(ids, n_items, capacity, seed):
    seen, hits = np.zeros(n_items, np.bool_), np.empty(ids.size, np.bool_)
    for t, i in enumerate(ids):
        hits[t], seen[i] = seen[i], True
    return hits


@pytest.mark.parametrize("policy", [everything, limitless])
def test_hits_that_no_cache_can_have_are_refused(policy):
    with pytest.raises(ValueError, match=rf"hit only what it holds, at most 5 items for trace .*'{policy.__name__}'"):
        plan(SHUFFLED, Loader(4), 5, policy)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"capacity": 0}, ValueError, "capacity must be a whole number of items >= 1"),
        ({"capacity": True}, TypeError, "capacity must be"),
        ({"capacity": "25 GB"}, TypeError, "capacity must be"),
        ({"spare": -1}, ValueError, "spare must be a whole number of slots 0 … 1073741824"),
        ({"ranks": [2]}, ValueError, "ranks must be a whole number 0 … 1 for Loader, got 2"),
        ({"ranks": []}, ValueError, "one or more"),
        ({"ranks": 0}, TypeError, "in a row"),
        ({"trace": [1, 2]}, TypeError, "trace must be a simcache.Trace"),
        ({"loader": 4}, TypeError, "loader must be a simcache.loader.Loader"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"policy": "lruu"}, ValueError, "did you mean 'lru'"),
    ],
)
def test_bad_arguments(changes, error, message):
    with pytest.raises(error, match=message):
        plan(**{"trace": SHUFFLED, "loader": Loader(4, world_size=2), "capacity": 5, **changes})


# ---------------------------------------------------------------- the sampler


@given(planned())
def test_each_rank_draws_its_accesses_epoch_by_epoch(case):
    trace, loader, capacity, policy, ranks, spare = case
    made = plan(trace, loader, capacity, policy, ranks=ranks, spare=spare)
    ids, rank, epoch = mine(trace, loader, ranks)
    seen = []
    for r in made.ranks:
        sampler = made.sampler(r)
        for e in range(len(trace.epochs)):
            size = len(sampler)
            accesses = list(sampler)
            seen += [access.number for access in accesses]
            assert size == len(accesses)
            assert accesses == ids[(epoch == e) & (rank == r)].tolist()
            assert all(access == ids[access.number] for access in accesses)
            assert all(access.order == made.orders[access.number] for access in accesses)
        with pytest.raises(ValueError, match="epoch must be one of"):
            next(iter(sampler))
    assert made.ranks == tuple(range(loader.world_size) if ranks is None else sorted(ranks))
    assert sorted(seen) == list(range(ids.size))


def numbers(accesses):
    return [access.number for access in accesses]


def test_epochs_run_again_keep_counting():
    made = plan(SHUFFLED, Loader(4), 10)
    sampler = made.sampler()
    assert [numbers(sampler)[0] for _ in range(3)] == [0, 20, 40]
    sampler.set_epoch(1)
    assert numbers(sampler) == list(range(80, 100))
    assert numbers(made.sampler())[0] == 120  # of the same plan, so of the same cache
    sampler.set_epoch(0)
    assert [int(access) for access in sampler] == SHUFFLED.ids[:20].tolist()
    made._runs[0] = NUMBERS // 60 - 2, 5
    assert numbers(made.sampler())[0] == (NUMBERS // 60 - 1) * 60
    with pytest.raises(OverflowError, match="make it, and its cache, anew"):
        list(made.sampler())


def test_a_pass_that_breaks_off_is_over():
    sampler = plan(SHUFFLED, Loader(4), 10).sampler()
    iter(sampler)  # one that draws nothing is none
    assert numbers(islice(sampler, 7)) == list(range(7))
    assert len(sampler) == 20
    assert numbers(sampler)[0] == 20


def test_states_are_taken_up_again():
    made = plan(SHUFFLED, Loader(4), 10)
    first = made.sampler()
    assert first.state_dict() == {"epoch": 0, "place": 0}
    list(first)
    assert first.state_dict() == {"epoch": 1, "place": 0}
    rest = iter(first)
    for _ in range(7):
        next(rest)
    state = first.state_dict()
    assert state == {"epoch": 1, "place": 7}
    for epoch in (None, 1):
        second = plan(SHUFFLED, Loader(4), 10).sampler()
        second.load_state_dict(state)
        if epoch is not None:
            second.set_epoch(epoch)  # as trainers do, whatever was loaded
        assert numbers(second) == list(range(27, 40))
        assert numbers(second)[0] == 40
    second.load_state_dict(state)
    second.set_epoch(0)
    assert len(numbers(second)) == 20


@pytest.mark.parametrize("turn", ["another pass", "set_epoch", "a state"])
def test_a_pass_that_was_left_moves_nothing(turn):
    sampler = plan(SHUFFLED, Loader(4), 10).sampler()
    left = iter(sampler)
    next(left)
    if turn == "another pass":
        assert len(list(sampler)) == 20
    elif turn == "set_epoch":
        sampler.set_epoch(1)
    else:
        sampler.load_state_dict({"epoch": 1, "place": 5})
    before = sampler.state_dict()
    assert len(list(left)) == 19
    assert sampler.state_dict() == before
    assert len(list(sampler)) == 20 - before["place"]


def test_epochs_and_ranks_that_are_not_planned():
    made = plan(SHUFFLED, Loader(4, world_size=3), 10, ranks=[1, 2])
    with pytest.raises(ValueError, match=r"rank must be one of 1, 2 for the plan of trace .*, got 0"):
        made.sampler()
    sampler = made.sampler(2)
    sampler.set_epoch(3)
    assert len(sampler) == 7  # what PyTorch asks for before it iterates
    with pytest.raises(ValueError, match=r"one of the 3 planned, counted from 0, for the plan of trace .*, got 3"):
        next(iter(sampler))
    with pytest.raises(ValueError, match="epoch must be a whole number >= 0"):
        sampler.set_epoch(-1)
    with pytest.raises(TypeError, match="place must be"):
        sampler.load_state_dict({"epoch": 0, "place": 1.0})
    sampler.load_state_dict({"epoch": 1, "place": 2})
    for state in ({}, {"epoch": 0}, None, {"epoch": 0, "place": 8}, {"epoch": -1, "place": 0}):
        with pytest.raises(ValueError, match=r"must be .* for the plan of trace .*, got "):
            sampler.load_state_dict(state)
    assert sampler.state_dict() == {"epoch": 1, "place": 2}  # as it was


def test_an_access_is_an_item_that_travels_light():
    access = Access(7, 2**32 - 2, 5)
    again = pickle.loads(pickle.dumps(access))
    assert (again, again.number, again.order) == (7, 2**32 - 2, 5)
    assert type(access + 0) is int
    assert Counter([access, 7]) == {7: 2}
    batch = [Access(i, 1000 * i, 4 * i + 3) for i in range(64)]
    assert len(pickle.dumps(batch)) < 1200
    code = "import sys, pickle; pickle.loads(bytes.fromhex(sys.argv[1])); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, pickle.dumps(batch).hex()], check=True)


def test_without_torch_its_rooms_say_what_they_need():
    code = (
        "import sys\n"
        "class No:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError('no torch', name='torch')\n"
        "sys.meta_path.insert(0, No)\n"
        "import simcache, simcache.loader\n"
        "try: simcache.torch\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "simcache.torch needs PyTorch" in done.stdout


def test_an_order_has_room_for_so_many_slots():
    trace = Trace([0, 1, 0], 2)
    assert plan(trace, Loader(1), 1, spare=2**29).slots == 2**29 + 1
    for spare in (2**30, 2**63, -1):
        with pytest.raises(ValueError, match=r"at most 1073741824 for|slots 0 … 1073741824 for trace"):
            plan(trace, Loader(1), 1, spare=spare)
