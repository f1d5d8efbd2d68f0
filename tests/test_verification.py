"""check_policy: every policy of the package passes, and each planted fault is found by its rule, on a short trace."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import PLANTED, holds_one_more, lru, module, shares_its_items

from simcache import Trace, check_policy, policies, simulate
from simcache.simulation import choose
from simcache.verification.cases import Case, frozen
from simcache.verification.judging import judged
from simcache.verification.rules import RULES

COLUMNS = ["rule", "passed", "seen", "case"]


def name_of(policy):
    return policy.__name__ if hasattr(policy, "__name__") else policy.py_func.__name__


@pytest.mark.parametrize("name", policies.names())
def test_every_policy_passes(name):
    table = check_policy(name)
    assert list(table) == COLUMNS
    assert table["passed"].dtype == bool
    assert table[~table["passed"]].empty


def test_a_generator_and_a_pair_pass():
    assert check_policy(lru)["passed"].all()
    assert check_policy(("lru", {}))["passed"].all()


@pytest.mark.parametrize(("policy", "rule", "accesses"), PLANTED, ids=[f"{name_of(p)}-{n}" for p, _, n in PLANTED])
def test_a_fault_is_found_by_its_rule_on_a_short_trace(policy, rule, accesses):
    table = check_policy(policy).set_index("rule")
    assert not table.loc[rule, "passed"]
    ids, n_items, capacity = re.search(r"Trace\(\[(.*?)\], (\d+)\), capacity (\d+)", table.loc[rule, "case"]).groups()
    found = [int(i) for i in ids.split(", ")]
    assert len(found) <= accesses
    assert int(capacity) <= int(n_items) == len(set(found))
