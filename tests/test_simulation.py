"""simulate() at the door: what a policy may be, and what is refused, with which words."""

import math
import types
from pathlib import Path

import numba
import numpy as np
import pytest

from simcache import Trace, policies, simulate
from simcache.simulation import choose

TRACE = Trace([0, 1, 2, 0, 1, 3, 0, 1, 2, 3], 4, "ten")


def always(ids, n_items, capacity, seed, share=0.5, label="x"):
    return np.full(ids.size, share > 0.25)


def marked(ids, n_items, capacity, seed, least=1):
    return ids >= least


def test_a_policy_may_be_a_name_a_pair_a_module_or_a_kernel():
    module = policies.load("opt")
    expected = simulate(TRACE, "opt", 2, bypass=True).tolist()
    for policy in (("opt", {"bypass": True}), ("opt", {"bypass": np.True_}), ("opt", {"bypass": 1})):
        assert simulate(TRACE, policy, 2).tolist() == expected
    assert simulate(TRACE, module, 2, bypass=True).tolist() == expected
    assert simulate(TRACE, module.kernel, 2, bypass=True).tolist() == expected
    assert simulate(TRACE, numba.njit(always), 2).all()


ONE = np.uint64(1)


def of_any(ids, n_items, capacity, seed, none=None, number=ONE, pair=(1, 2), nan=math.nan):
    return ids == number


def test_labels_name_what_differs_from_the_defaults():
    assert choose("opt").label == "opt"
    assert choose("opt", {"bypass": False}).label == "opt"
    assert choose("opt", {"bypass": True}).label == "opt(bypass=True)"
    assert choose(policies.load("lfu").kernel, {"perfect": True}).label == "lfu(perfect=True)"
    assert choose(numba.njit(always), {"share": 1, "label": "y"}).label == "always(label='y', share=1.0)"
    noted = choose(numba.njit(of_any), {"none": 3, "number": 2, "pair": (3, 4), "nan": 1})
    assert noted.label == "of_any(nan=1.0, none=3, number=2, pair=(3, 4))"
    assert type(noted.params["number"]) is np.uint64
    assert choose(numba.njit(of_any), {"none": None, "number": 1}).label == "of_any"
    assert choose("rr").random
    assert choose(policies.load("rr").kernel).random
    assert not choose("lru").random


def test_a_notebooks_kernel_goes_by_its_own_name(monkeypatch):
    def kernel(ids, n_items, capacity, seed):
        return ids == ids

    kernel.__module__ = "__main__"
    assert choose(numba.njit(kernel)).label == "kernel"
    kernel.__module__ = "my.policies.clever"
    assert choose(numba.njit(kernel)).label == "clever"


@pytest.mark.parametrize("capacity", [np.int32(2), np.uint64(2), True + 1])
def test_whole_numbers_of_any_kind_are_capacities(capacity):
    assert simulate(TRACE, "lru", capacity).tolist() == simulate(TRACE, "lru", 2).tolist()


@pytest.mark.parametrize("capacity", [0, -1, 2.5, 5.0, float("nan"), "5", None, True, np.True_, [2]])
def test_other_capacities_are_refused(capacity):
    with pytest.raises((TypeError, ValueError)) as refused:
        simulate(TRACE, "lru", capacity)
    assert str(refused.value) == f"capacity must be a whole number of items >= 1 for trace 'ten', got {capacity!r}"


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None])
def test_other_seeds_are_refused(seed):
    with pytest.raises((TypeError, ValueError), match="seed must be a whole number 0 … 18446744073709551615, got"):
        simulate(TRACE, "rr", 2, seed=seed)


KNOWN = ", ".join(policies.names())
REFUSED = [
    ("lruu", {}, "unknown policy 'lruu'; did you mean 'lru'? known: " + KNOWN),
    ("", {}, "unknown policy ''; known: " + KNOWN),
    ("LRU", {}, "unknown policy 'LRU'; did you mean 'lru'? known: " + KNOWN),
    (
        "opt:bypass=true",
        {},
        """unknown policy 'opt:bypass=true'; did you mean ("opt", {"bypass": True})? known: """ + KNOWN,
    ),
    ("opt(bypass=True)", {}, """did you mean ("opt", {"bypass": True})? known: """ + KNOWN),
    ("lfu:", {}, "unknown policy 'lfu:'; did you mean 'lfu'? known: " + KNOWN),
    ("opt", {"bypas": True}, "unknown parameter 'bypas' of policy 'opt'; did you mean 'bypass'? known: bypass"),
    ("lru", {"perfect": True}, "unknown parameter 'perfect' of policy 'lru'; known: none"),
    ("opt", {"bypass": 2}, "parameter 'bypass' of policy 'opt' must be a bool, got 2"),
    ("opt", {"bypass": "yes"}, "parameter 'bypass' of policy 'opt' must be a bool, got 'yes'"),
    ("opt", {"bypass": 1.0}, "parameter 'bypass' of policy 'opt' must be a bool, got 1.0"),
    (("opt", {"bypass": True}), {"bypass": False}, "must be given once, got bypass twice for 'opt'"),
    (("opt",), {}, "a policy with parameters must be (name, {parameter: value}), got ('opt',)"),
    (None, {}, f"policy must be a name ({KNOWN}), (name, parameters), a module"),
    (always, {}, "or a kernel compiled with numba.njit, got function <function always"),
    (types, {}, "a policy module must have a compiled `kernel`, got 'types'"),
    (numba.njit(always), {"share": "much"}, "parameter 'share' of policy 'always' must be a float, got 'much'"),
    (
        numba.njit(marked),
        {"least": True},
        "parameter 'least' of policy 'marked' must be a int of 64 bits, got True",
    ),
    (numba.njit(marked), {"least": 2.0}, "parameter 'least' of policy 'marked' must be a int of 64 bits, got 2.0"),
    (numba.njit(always), {"label": 3}, "parameter 'label' of policy 'always' must be a str, got 3"),
]


@pytest.mark.parametrize(("policy", "params", "words"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_unknown_policies_and_parameters_are_refused(policy, params, words):
    with pytest.raises((TypeError, ValueError)) as refused:
        simulate(TRACE, policy, 2, **params)
    assert words in str(refused.value)


def no_default(ids, n_items, capacity, seed, share):
    return ids == share


def named_sample(ids, n_items, capacity, seed, sample=1):
    return ids == sample


def other_order(ids, capacity, n_items, seed):
    return ids == ids


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_default, "a kernel's parameters must have defaults and not be named seed, warmup"),
        (named_sample, "got 'sample' of policy 'named_sample'"),
        (
            other_order,
            "a kernel must begin (ids, n_items, capacity, seed), got other_order(ids, capacity, n_items, seed)",
        ),
        (lambda ids, n_items, capacity, seed: ids, "a kernel must return one bool per access, 10 for policy"),
        (lambda ids, n_items, capacity, seed: ids[1:] > 0, "got bool of shape (9,)"),
        (lambda ids, n_items, capacity, seed: 7, "got int 7"),
    ],
)
def test_kernels_that_break_the_contract_are_refused(function, words):
    with pytest.raises(TypeError) as refused:
        simulate(TRACE, numba.njit(function), 2)
    assert words in str(refused.value)


@pytest.mark.parametrize("trace", [[1, 2, 3], np.array([1, 2]), None, "trace"])
def test_what_is_not_a_trace_is_refused(trace):
    with pytest.raises(TypeError, match=r"trace must be a simcache.Trace \(see Trace and Trace.of\), got"):
        simulate(trace, "lru", 2)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("log.csv", "; of a file, formats.read('log.csv')"),
        (Path("log.csv"), "; of a file, formats.read('log.csv')"),
        (["a", "b", "a"], "; of keys in order of access, Trace.of"),
        (np.array([1, 2]), "; of keys in order of access, Trace.of"),
        (None, "got NoneType None"),
        (7, "got int 7"),
    ],
)
def test_what_makes_a_trace_is_named(given, hint):
    with pytest.raises(TypeError) as refused:
        simulate(given, "lru", 2)
    assert str(refused.value).endswith(hint)


def test_an_empty_trace_has_no_hits():
    hits = simulate(Trace([], 3), "opt", 1)
    assert hits.shape == (0,)
    assert hits.dtype == np.bool_


def test_a_short_trace_over_very_many_items_costs_little():
    sparse = Trace(TRACE.ids * 600_000_000, 2**31 - 1)
    for name in policies.names():
        assert simulate(sparse, name, 3).tolist() == simulate(TRACE, name, 3).tolist()


def test_one_compilation_serves_every_kind_of_caller(tmp_path):
    kernel = numba.njit(always)
    np.save(tmp_path / "ids.npy", TRACE.ids)
    simulate(TRACE, kernel, 2)
    simulate(Trace(np.load(tmp_path / "ids.npy", mmap_mode="r"), 4), kernel, np.int64(3), seed=np.uint64(2**64 - 1))
    simulate(Trace(np.arange(20)[::2], 20), kernel, 2, seed=1, share=1)
    simulate(Trace(TRACE.ids * 600_000_000, 2**31 - 1), kernel, 2)
    assert len(kernel.signatures) == 1
