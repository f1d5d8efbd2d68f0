"""Every policy, found by its file, against its plain twin, the bounds that bind it, and cases worked by hand."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import SEEDS, cases, lets_all_in, shuffled_ids, traces, variants

from simcache import Trace, policies, simulate

FORCED = ["lru", "lfu", "fifo", "rr"]  # demand paging: a missed item always enters
VARIANTS = list(variants())
LABELS = [name + "".join(f"-{p}" for p, on in params.items() if on) for name, params in VARIANTS]


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@given(case=cases(), seed=SEEDS)
def test_a_kernel_is_its_reference(name, params, case, seed):
    trace, capacity = case
    hits = simulate(trace, name, capacity, seed=seed, **params)
    twin = policies.load(name).reference(trace.ids.tolist(), min(capacity, trace.n_items), seed, **params)
    assert hits.tolist() == list(twin)


@pytest.mark.parametrize("capacity", [1, 7, 60])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
def test_a_kernel_is_its_reference_over_many_words(name, params, capacity):
    """Bitmaps over positions have words of 64: thousands of accesses, so that many fill up and empty again."""
    ids = (100 * np.random.default_rng(8).random(3000) ** 1.5).astype(np.int32)
    twin = policies.load(name).reference(ids.tolist(), capacity, 9, **params)
    assert simulate(Trace(ids, 100), name, capacity, seed=9, **params).tolist() == list(twin)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@given(case=cases(), seed=SEEDS)
def test_no_policy_beats_opt_or_sees_the_unseen(name, params, case, seed):
    trace, capacity = case
    hits = simulate(trace, name, capacity, seed=seed, **params)
    assert hits.dtype == np.bool_
    assert hits.shape == trace.ids.shape
    assert not hits[np.unique(trace.ids, return_index=True)[1]].any()
    assert hits.sum() <= simulate(trace, "opt", capacity, bypass=True).sum()
    if name in FORCED:
        assert hits.sum() <= simulate(trace, "opt", capacity).sum()
    if not getattr(policies.load(name), "RANDOM", False):
        assert (hits == simulate(trace, name, capacity, seed=seed ^ 1, **params)).all()


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS)
def test_who_lets_every_missed_item_in_never_beats_opt_that_must(name, params, case, seed):
    """An item accessed twice in a row hits the second time, or it was not let in."""
    trace, capacity = case
    twice = Trace(np.repeat(trace.ids, 2), trace.n_items)
    hits = simulate(twice, name, capacity, seed=seed, **params)
    if name in FORCED:
        assert hits[1::2].all()
    if hits[1::2].all():
        assert hits.sum() <= simulate(twice, "opt", capacity).sum()


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS)
def test_what_is_kept_for_a_hit_fits_in(name, params, case, seed):
    """A hit is of an item held since its last access: at no time are more than `capacity` held."""
    trace, capacity = case
    hits = simulate(trace, name, capacity, seed=seed, **params)
    last, held = {}, np.zeros(len(trace) + 1, int)
    for t, i in enumerate(trace.ids.tolist()):
        if hits[t]:
            held[last[i]] += 1
            held[t] -= 1
        last[i] = t
    assert held.cumsum().max() <= capacity


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS)
def test_the_names_of_items_change_nothing(name, params, case, seed):
    trace, capacity = case
    renamed = np.random.default_rng(seed).permutation(trace.n_items)[trace.ids]
    hits = simulate(Trace(renamed, trace.n_items), name, capacity, seed=seed, **params)
    assert (hits == simulate(trace, name, capacity, seed=seed, **params)).all()


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@given(trace=traces())
def test_a_cache_of_everything_misses_first_sights_alone(name, params, trace):
    repeats = len(trace) - np.unique(trace.ids).size
    for capacity in (trace.n_items, trace.n_items + 2, 2**40):
        hits = simulate(trace, name, capacity, **params).sum()
        assert hits == repeats if lets_all_in(name) else hits <= repeats


@pytest.mark.parametrize("name", ["opt", "lru", "pin"])
@given(case=cases())
def test_more_room_never_hurts(name, case):
    trace, capacity = case
    assert not (simulate(trace, name, capacity) & ~simulate(trace, name, capacity + 1)).any()


def best_possible(ids, capacity, bypass):
    """The most hits that any sequence of evictions gives, by trying them all."""

    @cache
    def from_here(t, cached):
        if t == len(ids):
            return 0
        if ids[t] in cached:
            return 1 + from_here(t + 1, cached)
        entered = cached | {ids[t]}
        if len(entered) <= capacity:
            return from_here(t + 1, entered)
        keeps = [frozenset(kept) for kept in combinations(sorted(entered), capacity)]
        return max(from_here(t + 1, kept) for kept in keeps if bypass or ids[t] in kept)

    return from_here(0, frozenset())


@pytest.mark.parametrize("bypass", [False, True])
@given(case=cases(max_items=5, max_accesses=14))
def test_opt_is_the_best_of_all_ways_to_evict(bypass, case):
    trace, capacity = case
    assert simulate(trace, "opt", capacity, bypass=bypass).sum() == best_possible(
        tuple(trace.ids.tolist()), capacity, bypass
    )


@pytest.mark.parametrize(("n_items", "epochs", "capacity"), [(50, 3, 1), (50, 3, 20), (1000, 10, 500), (64, 5, 63)])
def test_on_shuffled_epochs_pin_is_opt(n_items, epochs, capacity):
    trace = Trace(shuffled_ids(n_items, epochs, seed=3), n_items)
    for policy in (("opt", {"bypass": True}), "pin"):
        by_epoch = simulate(trace, policy, capacity).reshape(epochs, n_items).sum(1)
        assert by_epoch.tolist() == [0] + [capacity] * (epochs - 1)


# Worked by hand at capacity 3; x marks a hit. When d first comes the cache holds a, b and c.
# opt:  d evicts c (used at 8; a at 6, b at 7); c then evicts a, which is done; d hits.
# lru:  d evicts c, the least recent; c evicts d, older than a and b by then; d evicts a.
# lfu:  d evicts c (one access, a and b have two); c evicts d (one access); d evicts c.
# fifo: d evicts a, a evicts b, b evicts c, c evicts d, d evicts a.
# pin:  d never enters; c stays.
HAND = "abcabdabcd"
WORKED = {
    "opt": "...xx.xx.x",
    "lru": "...xx.xx..",
    "lfu": "...xx.xx..",
    "fifo": "...xx.....",
    "pin": "...xx.xxx.",
}


@pytest.mark.parametrize("name", WORKED)
def test_a_case_worked_by_hand(name):
    assert drawn(HAND, name, 3) == WORKED[name]


def drawn(keys, name, capacity, **params):
    return "".join(".x"[int(hit)] for hit in simulate(Trace.of(list(keys)), name, capacity, **params))


def test_lfu_evicts_the_least_recently_used_of_equals():
    # a and b have two accesses each; b entered first, a was used longer ago. c evicts a, so b hits and then a does not.
    assert drawn("baabcba", "lfu", 2) == "..xx.x."


def test_lfu_counts_start_again_unless_perfect():
    # a, three accesses, leaves for c, and comes back as 1 or as 4 beside c's 4. Then d evicts a, or c, the older.
    assert drawn("aaabbbbccccada", "lfu", 2) == ".xx.xxx.xxx..."
    assert drawn("aaabbbbccccada", "lfu", 2, perfect=True) == ".xx.xxx.xxx..x"


@pytest.mark.parametrize("longest", [2, 4, 8, 30])
@pytest.mark.parametrize("capacity", [1, 3, 7])
def test_lfu_finds_a_victim_however_high_the_counts(capacity, longest):
    """Queues are lined up for twice as many counts at a time, and kept from then on."""
    rng = np.random.default_rng(5)
    ids = np.repeat(rng.integers(0, 12, 1000), rng.integers(1, longest + 1, 1000))
    twin = policies.load("lfu").reference(ids.tolist(), capacity, 0)
    assert simulate(Trace(ids, 12), "lfu", capacity).tolist() == list(twin)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@pytest.mark.parametrize("length", [2**12, 2**18, 2**24], ids=["2^12", "2^18", "2^24"])
def test_a_long_stretch_of_one_item_changes_nothing_else(name, params, length):
    """Trees of bits over positions and counts, each level 64 times coarser, are as high as they get."""
    rng = np.random.default_rng(7)
    before, after = rng.integers(0, 30, 200), rng.integers(0, 30, 200)
    short, long = (
        simulate(Trace(np.concatenate([before, np.full(stretch, 30), after]), 31), name, 5, **params)
        for stretch in (500, length)
    )
    assert (long[:201] == short[:201]).all()
    assert (long[-200:] == short[-200:]).all()
    assert long[201:-200].all() == short[201:-200].all() == (name != "pin")
    assert short[-200:].any()


@pytest.mark.parametrize("name", [name for name in policies.names() if getattr(policies.load(name), "RANDOM", False)])
def test_random_seeds_differ_and_repeat(name):
    trace = Trace(shuffled_ids(100, 5, seed=1), 100)
    one, two, again = (simulate(trace, name, 30, seed=seed) for seed in (1, 2, 1))
    assert (one != two).any()
    assert (one == again).all()
