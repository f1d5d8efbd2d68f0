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

COLUMNS = ["rule", "passed", "seen", "case"]


def broken(table):
    return table[~table["passed"]].set_index("rule")


def trace_of(case):
    """The trace and the capacity that a row's case names."""
    ids, n_items, capacity = re.search(r"Trace\(\[(.*?)\], (\d+)\), capacity (\d+)", case).groups()
    return Trace([int(i) for i in ids.split(", ")], int(n_items)), int(capacity)


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
    assert (table["case"] == "").all()


@pytest.mark.parametrize(("policy", "rule", "accesses"), PLANTED, ids=[f"{choose(p).label}-{n}" for p, _, n in PLANTED])
def test_a_fault_is_found_by_its_rule_on_the_shortest_trace(policy, rule, accesses, request):
    if accesses < 7:
        request.getfixturevalue("quick")
    found = broken(check_policy(policy))
    trace, capacity = trace_of(found.loc[rule, "case"])
    assert len(trace) == accesses or (len(trace) < 7 and "draws" in choose(policy).label)
    assert capacity <= trace.n_items == np.unique(trace.ids).size
    alone = {"run again: the same hits", "one bool for each access", "another seed changes nothing"}
    if rule in alone:  # one line to mend, and not a table of what follows from it
        assert (found.drop(rule)["case"] == "").all()


def test_a_sound_generator_passes(quick):
    table = check_policy(planted.lru, stays=True)
    assert table["passed"].all()
    assert table["seen"].iloc[0].startswith("kept in ")


def test_the_case_and_what_was_seen_are_what_simulate_gives(quick):
    row = broken(check_policy(planted.holds_one_more)).loc["no more items are held than capacity"]
    trace, capacity = trace_of(row["case"])
    hits = "".join(".x"[int(hit)] for hit in simulate(trace, planted.holds_one_more, capacity))
    assert (hits, row["seen"]) == ("..xx", "hits ..xx: 2 items are held after access 1")


def test_a_verdict_is_the_same_every_time_and_leaves_nothing_behind(quick, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_policy(planted.holds_one_less).equals(check_policy(planted.holds_one_less))
    assert list(tmp_path.iterdir()) == []


def test_parameters_are_as_given_and_each_switch_that_is_not_is_turned(quick):
    switched = planted.holds_one_more_with_a_switch
    (row,) = broken(check_policy(switched))["case"].filter(regex="held")
    assert row.startswith("holds_one_more_with_a_switch(greedy=True): Trace([0, 1, 0, 1], 2)")
    for kept in (check_policy(switched, greedy=False), check_policy((switched, {"greedy": False}))):
        assert kept["passed"].all()
    with pytest.raises(ValueError, match="unknown parameter 'greed' of policy 'holds_one_more_with_a_switch'"):
        check_policy(switched, greed=True)
    with pytest.raises(ValueError, match="unknown policy 'lur'; did you mean 'lru'"):
        check_policy("lur")


@pytest.mark.parametrize(
    ("word", "fault", "rule"),
    [
        ("RANDOM", planted.draws_and_does_not_say, "another seed changes nothing"),
        ("BYPASS", planted.holds_one_less, "with room for all, every repeat hits"),
        ("FORESEES", planted.reads_ahead, "what is to come changes nothing"),
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
    row = broken(check_policy(planted.holds_one_more_of_many)).loc["no more items are held than capacity"]
    trace, capacity = trace_of(row["case"])
    assert (len(trace), trace.n_items, capacity) == (12, 6, 5)
    assert row["seen"] == "hits ......xxxxxx: 6 items are held after access 5"


@pytest.mark.parametrize(("sized", "rule", "accesses"), planted.SIZED, ids=range(len(planted.SIZED)))
def test_a_fault_with_sizes_is_found_by_its_rule(sized, rule, accesses, quick):
    mine = planted.module(sized=sized, sized_reference=planted.fifo_in_bytes_reference)
    found = broken(check_policy(mine))
    assert all(name.startswith("sized: ") for name in found.index)
    row = found.loc[f"sized: {rule}"]
    ids, n_items, sizes = re.search(
        r"Trace\(\[(.*?)\], (\d+), sizes=\[(.*?)\]\), capacity \d+ bytes", row["case"]
    ).groups()
    assert len(ids.split(", ")) == accesses
    assert len(sizes.split(", ")) == int(n_items) == len(set(ids.split(", ")))


def test_a_policy_with_sizes_passes(quick):
    table = check_policy(planted.module(sized=planted.fifo_in_bytes(), sized_reference=planted.fifo_in_bytes_reference))
    assert broken(table).empty
    assert table["rule"].str.startswith("sized: ").sum() == 12
    assert not table["rule"].duplicated().any()


def test_what_cannot_be_told_has_not_passed():
    table = check_policy(planted.compiled_counter).set_index("rule")
    assert not table["passed"].drop("kernel and reference agree").drop("kernel and curve agree").any()
    assert (table["seen"] == "no run could tell").sum() == 10
    assert (table["case"] != "").sum() == 1


def test_what_an_error_says_is_one_line():
    row = broken(check_policy(planted.raises_late)).loc["one bool for each access"]
    assert "\n" not in row["seen"]
    assert "KeyError" in row["seen"]
    assert "'raises_late' at access 4" in row["seen"]


def test_a_kernel_that_is_not_its_file_s_is_held_against_nothing_in_it(quick):
    other = numba.njit(policies.load("fifo").kernel.py_func)
    table = check_policy(other).set_index("rule")
    assert table["passed"].all()
    assert table.loc["kernel and reference agree", "seen"] == "there is no reference"
