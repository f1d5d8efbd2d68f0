"""A user's kernel that does not compile, writes to the ids or raises: one line says whose it is, where, and why."""

import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from strategies import cases

from simcache import Trace, hit_curve, simulate, sweep
from simcache.simulation import choose

TRACE = Trace([0, 1, 2, 0, 1, 3, 0, 1, 2, 3], 4, "ten")
TABLE = np.zeros(4)


@numba.njit
def set_first(array):
    array[0] = 1


def sets(ids, n_items, capacity, seed):
    ids[0] = 1  # here
    return ids == 1


def sets_all(ids, n_items, capacity, seed):
    for t in range(ids.size):
        ids[t] += 1  # here
    return ids == 1


def adds(ids, n_items, capacity, seed):  # here
    ids += 1
    return ids == 1


def fills(ids, n_items, capacity, seed):
    ids.fill(1)  # here
    return ids == 1


def has_it_set(ids, n_items, capacity, seed):
    set_first(ids)
    return ids == 1


def sets_a_constant(ids, n_items, capacity, seed):
    TABLE[0] = 1  # here
    return ids == 1


def asks_the_unknown(ids, n_items, capacity, seed):
    hits = np.zeros(ids.size, np.bool_)
    hits[unknown] = True  # noqa: F821  # here
    return hits


def of_no_attribute(ids, n_items, capacity, seed):
    hits = np.zeros(ids.size, np.bool_)
    return hits.clever()  # here


def of_two_kinds(ids, n_items, capacity, seed):
    cached = "none"
    if n_items > 3:
        cached = 3
    return cached + ids  # here


def has_a_class(ids, n_items, capacity, seed):
    class Cache:  # here
        pass

    return ids == 1


def of_no_such_call(ids, n_items, capacity, seed):
    return np.full(ids.size, "a", bool, 3, 4, 5)  # here


def of_a_dict(ids, n_items, capacity, seed, table={}):  # noqa: B006  # here
    return ids == 1


def line_of(function, mark="# here"):
    code = Path(__file__).read_text().splitlines()
    start = function.__code__.co_firstlineno
    return next(start + k for k, line in enumerate(code[start - 1 :]) if mark in line)


WRITES = "must not write to ids, which are read-only: line {}; a copy may be written to"
UNCOMPILED = "must compile; Numba refuses line {}: "
REFUSED = [
    (sets, WRITES),
    (sets_all, WRITES),
    (adds, WRITES),
    (fills, WRITES),
    (sets_a_constant, UNCOMPILED + "NumbaTypeError: Cannot modify readonly array of type: "),
    (asks_the_unknown, UNCOMPILED + "NameError: name 'unknown' is not defined"),
    (of_no_attribute, UNCOMPILED + "Unknown attribute 'clever' of type array(bool, 1d, C)"),
    (of_two_kinds, UNCOMPILED + "Cannot unify Literal[str](none) and Literal[int](3) for 'cached"),
    (has_a_class, UNCOMPILED + "Use of unsupported opcode (LOAD_BUILD_CLASS) found"),
    (of_no_such_call, UNCOMPILED + "No implementation of function Function(<function full at "),
    (of_a_dict, UNCOMPILED),
]


@pytest.mark.parametrize(("function", "words"), REFUSED, ids=[function.__name__ for function, _ in REFUSED])
def test_what_numba_refuses_is_told_by_its_line(function, words):
    with pytest.raises(TypeError) as refused:
        simulate(TRACE, numba.njit(function), 2)
    said = str(refused.value)
    assert said.startswith(f"policy {function.__name__!r} " + words.format(f"{line_of(function)} of test_faults.py"))
    assert "\n" not in said
    assert "numba/core" not in "".join(traceback.format_exception(refused.value))


def test_a_helper_that_writes_is_told_by_its_own_line():
    line = f"{set_first.py_func.__code__.co_firstlineno + 2} of test_faults.py"
    with pytest.raises(TypeError, match=f"policy 'has_it_set' {WRITES.format(line)}"):
        simulate(TRACE, numba.njit(has_it_set), 2)


def test_a_kernel_of_one_signature_may_not_ask_for_ids_to_write_to():
    kernel = numba.njit("boolean[::1](int32[::1], int64, int64, uint64)")(lambda ids, n_items, capacity, seed: ids == 1)
    with pytest.raises(TypeError, match=r"must compile; .* No matching definition for argument type"):
        simulate(TRACE, kernel, 2)


@numba.njit
def fails(ids, n_items, capacity, seed, at=0):
    for t in range(ids.size):
        if t == at:
            raise KeyError("no room")
    return ids < 0


@settings(max_examples=50)
@given(case=cases())
def test_a_kernel_that_raises_is_told_by_its_access(case):
    trace, capacity = case
    for at in {0, len(trace) // 2, len(trace) - 1} if len(trace) else ():
        label = f"fails(at={at})" if at else "fails"
        with pytest.raises(ValueError, match="raised by") as raised:
            simulate(trace, fails, capacity, at=at)
        told = f"KeyError: 'no room', raised by policy {label!r} at access {at}"
        assert str(raised.value) == told
        assert isinstance(raised.value.__cause__, KeyError)
    assert not simulate(trace, fails, capacity, at=len(trace)).any()


def test_what_the_machine_lacks_is_not_the_kernel_s_fault():
    @numba.njit
    def large(ids, n_items, capacity, seed):
        return np.zeros(2**60, np.bool_)

    with pytest.raises(MemoryError):
        simulate(TRACE, large, 2)


CURVED = """
import numba
import numpy as np

@numba.njit
def kernel(ids, n_items, capacity, seed):
    return ids < 0

@numba.njit
def curve(ids, n_items, seed, start):
    {code}
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "return ids.clever()",
            "the curve of policy 'curved' must compile; Numba refuses line 11 of <string>: U",
        ),
        ("raise ValueError('no room')", "no room, raised by the curve of policy 'curved'"),
        (
            "return np.zeros((2, n_items), np.int64)",
            "must return whole numbers of shape (2, {more}), got int64 of shape (2, {items})",
        ),
        (
            "return np.zeros((2, n_items + 1))",
            "must return whole numbers of shape (2, {more}), got float64 of shape (2,",
        ),
        ("return 3", "must return whole numbers of shape (2, {more}), got <class 'int'> of shape ()"),
    ],
)
def test_a_curve_is_told_as_a_kernel_is(code, words, monkeypatch):
    words = words.replace("{more}", str(TRACE.n_items + 1)).replace("{items}", str(TRACE.n_items))
    module = ModuleType("curved")
    exec(CURVED.format(code=code), vars(module))
    monkeypatch.setitem(sys.modules, "curved", module)
    assert choose(module).curve is module.curve
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        hit_curve(TRACE, module, [1, 2])
    with pytest.raises((TypeError, ValueError), match=re.escape(words)) as raised:
        sweep([TRACE], [module], capacities=[1, 2])
    assert raised.value.table["error"].notna().all()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return ids.clever()", "the `many` of policy 'severally' must compile; Numba refuses line 11 of <string>: U"),
        ("raise ValueError('no room')", "no room, raised by the `many` of policy 'severally'"),
        ("return np.zeros(3, np.int64)", "must return whole numbers of shape (2, 3), got int64 of shape (3,)"),
        ("return np.zeros((2, 16), np.int64)", "must return whole numbers of shape (2, 3), got int64 of shape (2, 16)"),
        ("return np.zeros((2, 3))", "must return whole numbers of shape (2, 3), got float64 of shape (2, 3)"),
        ("return 3", "must return whole numbers of shape (2, 3), got <class 'int'> of shape ()"),
    ],
)
def test_a_count_of_many_sizes_is_told_as_a_curve_is(code, words, monkeypatch):
    module = ModuleType("severally")
    exec(CURVED.replace("curve(ids, n_items,", "many(ids, n_items, capacities,").format(code=code), vars(module))
    module.MANY_FROM = 3
    monkeypatch.setitem(sys.modules, "severally", module)
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        hit_curve(TRACE, module, [1, 2, 3])
    with pytest.raises((TypeError, ValueError), match=re.escape(words)) as raised:
        sweep([TRACE], [module], capacities=[3, 1, 2])
    assert raised.value.table["error"].notna().all()
    assert hit_curve(TRACE, module, [1, 2])["hits"].tolist() == [0, 0]


def test_what_is_wrong_whatever_is_accessed_is_of_no_access():
    with pytest.raises(ValueError, match=r"from 0 to 1, raised by policy 'qlru\(q=2\.0\)'$"):
        simulate(Trace([0, 1, 0], 2), "qlru", 1, q=2.0)
