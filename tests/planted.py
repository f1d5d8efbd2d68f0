"""Policies with a fault each, and the rule that `check_policy` must find broken."""

import time
from collections import Counter, OrderedDict
from types import ModuleType

import numba
import numpy as np

from simcache import policies

LEFT = OrderedDict()


def lru(ids, capacity, seed, *, stays=False):
    """No fault; FIFO, where what is hit stays in its place."""
    held = OrderedDict()
    for i in ids:
        yield i in held
        if i in held and not stays:
            held.move_to_end(i)
        elif i not in held:
            if len(held) == capacity:
                held.popitem(last=False)
            held[i] = None


def holds_one_more(ids, capacity, seed):
    yield from lru(ids, capacity + 1, seed)


def holds_one_more_of_many(ids, capacity, seed):
    yield from lru(ids, capacity + (capacity > 4), seed)


def holds_one_more_with_a_switch(ids, capacity, seed, *, greedy=False):
    yield from lru(ids, capacity + greedy, seed)


def holds_one_less(ids, capacity, seed):
    yield from lru(ids, max(1, capacity - 1), seed)


def admits_before_it_looks(ids, capacity, seed):
    held = OrderedDict()
    for i in ids:
        if i not in held and len(held) == capacity:
            held.popitem(last=False)
        held[i] = None
        yield i in held


def leaves_its_items_behind(ids, capacity, seed):
    for i in ids:
        yield i in LEFT
        if i not in LEFT:
            while len(LEFT) >= capacity:
                LEFT.popitem(last=False)
            LEFT[i] = None


def shares_its_items(ids, capacity, seed):
    LEFT.clear()
    yield from leaves_its_items_behind(ids, capacity, seed)


def reads_ahead(ids, capacity, seed):
    held = OrderedDict()
    for t, i in enumerate(ids):
        yield i in held
        if i not in held and i in ids[t + 1 :]:
            if len(held) == capacity:
                held.popitem(last=False)
            held[i] = None


def _draws(ids, capacity, pick):
    held = []
    for i in ids:
        yield i in held
        if i not in held:
            if len(held) == capacity:
                held.pop(pick(capacity))
            held.append(i)


def draws_without_the_seed(ids, capacity, seed):
    yield from _draws(ids, capacity, np.random.default_rng().integers)


def draws_by_the_clock(ids, capacity, seed):
    yield from _draws(ids, capacity, lambda k: time.perf_counter_ns() // 100 % k)


def draws_and_does_not_say(ids, capacity, seed):
    yield from _draws(ids, capacity, np.random.default_rng(seed).integers)


def yields_numbers(ids, capacity, seed):
    yield from map(int, lru(ids, capacity, seed))


def stops_early(ids, capacity, seed):
    yield from list(lru(ids, capacity, seed))[:-1]


def raises_late(ids, capacity, seed):
    for t, hit in enumerate(lru(ids, capacity, seed)):
        yield hit
        if t == 4:
            raise KeyError("no such\nitem")


def leaves(ids, capacity, seed):
    yield False
    raise SystemExit(0)


def writes_to_ids(ids, capacity, seed):
    for t, hit in enumerate(lru(ids, capacity, seed)):
        yield hit
        ids[t] = 7


def writes_to_ids_by_force(ids, capacity, seed):
    ids._ids.flags.writeable = True
    yield from lru(list(ids), capacity, seed)
    ids._ids[:] = 7


def prefers_small_names(ids, capacity, seed):
    held = set()
    for i in ids:
        yield i in held
        if i not in held and len(held) == capacity:
            held.remove(max(held))
        held.add(i)


@numba.njit
def compiled_writer(ids, n_items, capacity, seed):
    hits = np.zeros(ids.size, np.bool_)
    for t in range(ids.size):
        ids[t] = 7
    return hits


@numba.njit
def compiled_outsider(ids, n_items, capacity, seed):
    hits, held = np.zeros(ids.size, np.bool_), np.zeros(n_items, np.bool_)
    for t in range(ids.size):
        hits[t] = held[ids[t]]
        held[ids[t]] = capacity == n_items
        held[ids[t] + 1] &= True  # item n_items is none; where its bit would be lies something else
    return hits


@numba.njit
def compiled_byte(ids, n_items, capacity, seed):
    """FIFO, whose queue has room for small numbers alone."""
    hits, held = np.zeros(ids.size, np.bool_), np.zeros(n_items, np.bool_)
    queue, hand = np.full(capacity, -1, np.int8), 0
    for t in range(ids.size):
        hits[t] = held[ids[t]]
        if not hits[t]:
            if queue[hand] != -1:
                held[queue[hand]] = False
            queue[hand], held[ids[t]] = ids[t], True
            hand = (hand + 1) % capacity
    return hits


@numba.njit
def compiled_hand(ids, n_items, capacity, seed):
    """FIFO, whose hand goes round in one step too many where the queue is long."""
    hits, held = np.zeros(ids.size, np.bool_), np.zeros(n_items, np.bool_)
    queue, hand = np.full(capacity, -1), 0
    for t in range(ids.size):
        hits[t] = held[ids[t]]
        if not hits[t]:
            if queue[hand] >= 0 and hand < 127:
                held[queue[hand]] = False
            queue[hand], held[ids[t]] = ids[t], True
            hand = (hand + 1) % capacity
    return hits


@numba.njit("boolean[:](int32[:], int64, int64, uint64)")  # ids are read-only, which that does not take
def compiled_for_others(ids, n_items, capacity, seed):
    return np.zeros(ids.size, np.bool_)


@numba.njit
def compiled_counter(ids, n_items, capacity, seed):
    return np.zeros(ids.size, np.int64)


@numba.njit
def compiled_refuser(ids, n_items, capacity, seed):
    return np.zeros(ids.size, np.bool_)


def module(**parts):
    """A policy file of these parts; FIFO where it is not said otherwise."""
    made = ModuleType("mine")
    vars(made).update({"kernel": policies.load("fifo").kernel, **parts})
    return made


def counts_one_lane_of_a_row_wrong(ids, n_items, capacities, seed, start):
    """One that only sixteen sizes reach."""
    counts = policies.load("fifo").many(ids, n_items, capacities, seed, start)
    counts[:, 13:14] += 1
    return counts


def lfu_with_other_ties(ids, capacity, seed, *, perfect=False):
    """LFU, in both its settings, that evicts the most recently used of equals."""
    held = OrderedDict()
    seen = Counter()
    for i in ids:
        yield i in held
        seen[i] += 1
        if i not in held and len(held) == capacity:
            victim = min(reversed(held), key=seen.get)
            del held[victim]
            seen[victim] *= perfect
        held[i] = None
        held.move_to_end(i)


def fifo_in_bytes(more=0, least=0, evicts_for_all=False):
    """FIFO with sizes; its faults: room for more bytes, no entry to the smallest, evicting for what does not enter."""

    @numba.njit
    def sized(ids, sizes, n_items, capacity, seed):
        held, queue = np.zeros(n_items, np.bool_), np.empty(ids.size, ids.dtype)
        hits = np.empty(ids.size, np.bool_)
        first = last = used = 0
        for t in range(ids.size):
            i = ids[t]
            hits[t] = held[i]
            if held[i] or sizes[i] < least or (sizes[i] > capacity + more and not evicts_for_all):
                continue
            while first < last and used + sizes[i] > capacity + more:
                held[queue[first]] = False
                used -= sizes[queue[first]]
                first += 1
            if sizes[i] <= capacity + more:
                held[i], queue[last] = True, i
                used += sizes[i]
                last += 1
        return hits

    return sized


def fifo_in_bytes_reference(ids, sizes, capacity, seed):
    held = OrderedDict()
    for i in ids:
        yield i in held
        if i not in held and sizes[i] <= capacity:
            while sum(map(sizes.__getitem__, held)) + sizes[i] > capacity:
                held.popitem(last=False)
            held[i] = None


# What is broken, the rule, and the accesses of the shortest trace that shows it.
PLANTED = [
    (holds_one_more, "no more items than capacity", 4),
    (holds_one_more_of_many, "no more items than capacity", 12),
    (holds_one_more_with_a_switch, "no more items than capacity", 4),
    (holds_one_less, "with room, all repeats hit", 3),
    (admits_before_it_looks, "a first access misses", 1),
    (leaves_its_items_behind, "same hits when run again", 1),
    (shares_its_items, "same hits on two threads", 3),
    (reads_ahead, "same hits whatever follows", 4),
    (draws_without_the_seed, "same hits when run again", 6),
    (draws_by_the_clock, "same hits when run again", 6),
    (draws_and_does_not_say, "same hits at any seed", 4),
    (yields_numbers, "one bool for each access", 1),
    (stops_early, "one bool for each access", 1),
    (leaves, "one bool for each access", 1),
    (raises_late, "one bool for each access", 5),
    (writes_to_ids, "inputs left as they were", 1),
    (writes_to_ids_by_force, "inputs left as they were", 1),
    (prefers_small_names, "same hits by other names", 4),
    (compiled_writer, "inputs left as they were", 1),
    (compiled_outsider, "one bool for each access", 1),
    (compiled_for_others, "one bool for each access", 1),
    (compiled_counter, "one bool for each access", 1),
    (compiled_refuser, "with room, all repeats hit", 2),
    (module(reference=lru), "kernel equals reference", 5),
    (module(kernel=policies.load("lfu").kernel, reference=lfu_with_other_ties), "kernel equals reference", 4),
    (module(curve=policies.load("lru").curve), "kernel equals curve", 5),
    (module(kernel=policies.load("lru").kernel, many=policies.load("fifo").many), "kernel equals many", 5),
    (module(many=counts_one_lane_of_a_row_wrong), "kernel equals many", 1),
]
SIZED = [
    (fifo_in_bytes(more=1), "no more bytes than capacity", 2),
    (fifo_in_bytes(least=2), "same hits with sizes of 1", 2),
    (fifo_in_bytes(least=3), "with room, all repeats hit", 2),
    (fifo_in_bytes(evicts_for_all=True), "kernel equals reference", 3),
]
