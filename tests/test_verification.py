"""check_policy: every policy of the package passes, each planted fault is found by its rule, on the shortest trace."""

import re

import numba
import numpy as np
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import PLANTED

from simcache import Trace, check_policy, policies, simulate
from simcache.simulation import choose
from simcache.verification import cases
from simcache.verification.cases import Case, frozen
from simcache.verification.judging import judged
from simcache.verification.rules import RULES
from simcache.verification.searching import cut

COLUMNS = ["rule", "passed", "seen"]


def broken(table):
    return table[~table["passed"]].set_index("rule")


def trace_of(seen):
    """The trace and the capacity that a row names."""
    ids, capacity = re.search(r"\[([\d, ]*)\], capacity (\d+)", seen).groups()
    return Trace.of([int(i) for i in ids.split(", ")]), int(capacity)


@pytest.fixture
def quick(monkeypatch):
    """Fewer traces: these find the fault, or it is not there."""
    monkeypatch.setattr(cases, "LENGTH", 5)
    monkeypatch.setattr(cases, "MEDIUM", 20)
    monkeypatch.setattr(cases, "LONG", 100)


@pytest.mark.parametrize("name", policies.names())
def test_every_policy_passes(name):
    table = check_policy(name)
    assert list(table) == COLUMNS
    assert table["passed"].dtype == bool
    assert not table["rule"].duplicated().any()
    assert broken(table).empty


@pytest.mark.parametrize(("policy", "rule", "accesses"), PLANTED, ids=[f"{choose(p).label}-{n}" for p, _, n in PLANTED])
def test_a_fault_is_found_by_its_rule_on_the_shortest_trace(policy, rule, accesses, request):
    if accesses < 7:
        request.getfixturevalue("quick")
    found = broken(check_policy(policy))
    trace, capacity = trace_of(found.loc[rule, "seen"])
    unseeded = policy in (planted.draws_without_the_seed, planted.draws_by_the_clock)
    assert len(trace) == accesses or (len(trace) < 7 and unseeded)
    assert capacity <= trace.n_items
    alone = {"same hits when run again", "one bool for each access", "same hits at any seed"}
    if rule in alone and not unseeded:  # one line to mend, and not a table of what follows from it
        assert set(found.drop(rule)["seen"]) <= {"no run could tell"}


def test_a_sound_generator_passes(quick):
    table = check_policy(planted.lru, stays=True)
    assert table["passed"].all()
    assert table["seen"].iloc[0].startswith("kept in ")
    assert table["seen"].iloc[-1] == "there is no kernel"


def test_the_case_and_what_was_seen_are_what_simulate_gives(quick):
    row = broken(check_policy(planted.holds_one_more)).loc["no more items than capacity"]
    trace, capacity = trace_of(row["seen"])
    hits = "".join(".x"[int(hit)] for hit in simulate(trace, planted.holds_one_more, capacity))
    assert row["seen"] == f"[0, 1, 0, 1], capacity 1: {hits}, 2 held"
    assert hits == "..xx"


def test_a_verdict_is_the_same_every_time_and_leaves_nothing_behind(quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_policy(planted.holds_one_less).equals(check_policy(planted.holds_one_less))
    assert list(tmp_path.iterdir()) == []


def test_parameters_are_as_given_and_each_switch_that_is_not_is_turned(quick):
    switched = planted.holds_one_more_with_a_switch
    row = broken(check_policy(switched)).loc["no more items than capacity", "seen"]
    assert row.startswith("holds_one_more_with_a_switch(greedy=True): [0, 1, 0, 1], capacity 1: ..xx")
    for kept in (check_policy(switched, greedy=False), check_policy((switched, {"greedy": False}))):
        assert kept["passed"].all()
    with pytest.raises(ValueError, match="unknown parameter 'greed' of policy 'holds_one_more_with_a_switch'"):
        check_policy(switched, greed=True)
    with pytest.raises(ValueError, match="unknown policy 'lur'; did you mean 'lru'"):
        check_policy("lur")
    with pytest.raises(TypeError, match=r"must be \(name, {parameter: value}\), got \(.lru.,\)"):
        check_policy(("lru",))


@pytest.mark.parametrize(
    ("word", "fault", "rule"),
    [
        ("RANDOM", planted.draws_and_does_not_say, "same hits at any seed"),
        ("BYPASS", planted.holds_one_less, "with room, all repeats hit"),
        ("FORESEES", planted.reads_ahead, "same hits whatever follows"),
    ],
)
def test_a_file_that_says_so_is_not_bound(quick, word, fault, rule):
    says = planted.module(**{word: True}, kernel=None, reference=fault)
    table = check_policy(says).set_index("rule")
    assert table["passed"].all()
    assert table.loc[rule, "seen"] == f"it says {word} = True"


# Rules that one run alone decides, and a policy that breaks each; the trace that was found has so many accesses.
DECIDED = [(policy, rule, size) for policy, rule, size in PLANTED if "again" not in rule and 1 < size <= 5]


@pytest.mark.parametrize(("policy", "rule", "accesses"), DECIDED, ids=[f"{choose(p).label}-{n}" for p, _, n in DECIDED])
@settings(max_examples=40)
@given(data=st.data())
def test_no_shorter_trace_shows_it(policy, rule, accesses, data):
    ids = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=accesses - 1))
    case = Case(choose(policy), frozen(ids), 3, data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2)))
    assert judged(case, RULES).get(rule) is None


def test_a_fault_that_shows_late_is_cut_down():
    """Where six accesses are too few, none of those left can go."""
    row = broken(check_policy(planted.holds_one_more_of_many)).loc["no more items than capacity"]
    trace, capacity = trace_of(row["seen"])
    assert (len(trace), trace.n_items, capacity) == (12, 6, 5)
    assert row["seen"].endswith(", capacity 5: ......xxxxxx, 6 held")


@pytest.mark.parametrize("policy", [planted.compiled_byte, planted.compiled_hand])
def test_a_fault_of_many_items_or_of_much_room_is_found(policy):
    row = broken(check_policy(policy)).loc["no more items than capacity"]
    assert row["seen"].endswith("held")


@pytest.mark.parametrize(("sized", "rule", "accesses"), planted.SIZED, ids=range(len(planted.SIZED)))
def test_a_fault_with_sizes_is_found_by_its_rule(sized, rule, accesses, quick):
    mine = planted.module(sized=sized, sized_reference=planted.fifo_in_bytes_reference)
    found = broken(check_policy(mine))
    assert all(name.startswith("sized: ") for name in found.index)
    row = found.loc[f"sized: {rule}"]
    ids, sizes = re.search(r"^\[(.*?)\] of sizes \[(.*?)\], \d+ bytes: ", row["seen"]).groups()
    assert len(ids.split(", ")) == accesses
    assert len(sizes.split(", ")) == len(set(ids.split(", ")))


@pytest.mark.parametrize("sized", [planted.fifo_in_bytes().py_func, policies.load("fifo").kernel])
def test_sizes_that_simulate_would_refuse_are_told(sized, quick):
    found = broken(check_policy(planted.module(sized=sized)))
    assert found.index.tolist() == ["sized: one bool for each access"]
    assert (
        "`sized` must be compiled with numba.njit and take (ids, sizes, n_items, capacity, seed) for"
        in found["seen"].iloc[0]
    )


def test_a_policy_with_sizes_passes(quick):
    table = check_policy(planted.module(sized=planted.fifo_in_bytes(), sized_reference=planted.fifo_in_bytes_reference))
    assert broken(table).empty
    assert table["rule"].str.startswith("sized: ").sum() == 12
    assert not table["rule"].duplicated().any()


@settings(max_examples=40)
@given(data=st.data(), sized=st.booleans())
def test_a_run_is_cut_to_what_breaks_it(data, sized):
    """Here what needs so many accesses, to so many items, so much room, and so large an item."""
    items, room, large = (data.draw(st.integers(1, 5)) for _ in range(3))
    accesses = data.draw(st.integers(items, 9))

    def breaks(case):
        assert case.ids.size
        assert case.capacity > 0
        enough = case.ids.size >= accesses and len(set(case.ids.tolist())) >= items and case.capacity >= room
        return enough and (case.sizes is None or case.sizes[case.ids].max() >= large)

    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    sizes = frozen(rng.integers(5, 99, 12), np.int64) if sized else None
    ids = frozen([*range(12), *rng.integers(0, 12, 60)])
    case = cut(Case(choose("lru"), ids, 12, 12, 5, sizes), breaks)
    assert (case.ids.size, case.capacity, case.seed) == (accesses, room, 0)
    assert breaks(case)
    if sized:
        assert case.sizes[case.ids].max() == large


def test_what_cannot_be_told_has_not_passed():
    table = check_policy(planted.compiled_counter).set_index("rule")
    assert not table["passed"].drop([f"kernel equals {name}" for name in ("reference", "curve", "many")]).any()
    assert (table["seen"] == "no run could tell").sum() == 10
    assert "must return one bool per access" in table.loc["one bool for each access", "seen"]


def test_what_an_error_says_is_one_line():
    row = broken(check_policy(planted.raises_late)).loc["one bool for each access"]
    assert "\n" not in row["seen"]
    assert "KeyError" in row["seen"]
    assert "'raises_late' at access 4" in row["seen"]


def test_a_kernel_that_is_not_its_file_s_is_held_against_nothing_in_it(quick):
    other = numba.njit(policies.load("fifo").kernel.py_func)
    table = check_policy(other).set_index("rule")
    assert table["passed"].all()
    assert table.loc["kernel equals reference", "seen"] == "there is no reference"
