"""Policies in plain Python: a generator is a policy wherever one is named; one that breaks the form is told where."""

import sys
from collections import OrderedDict
from functools import partial, wraps
from itertools import repeat
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SEEDS, cases, variants

from simcache import Trace, explain, generators, hit_curve, policies, simulate, sweep, synth
from simcache.keys import policy_key
from simcache.loader import Loader, plan, simulate_loader
from simcache.simulation import choose

TRACE = Trace([0, 1, 2, 0, 1, 3, 0, 1, 2, 3], 4, "ten")
VARIANTS = list(variants())
LABELS = [name + "".join(f"-{p}" for p, on in params.items() if on) for name, params in VARIANTS]


def recent(ids, capacity, seed, *, stays=False):
    """LRU; or FIFO, where what is hit stays in its place."""
    held = OrderedDict()
    for i in ids:
        hit = i in held
        if hit and not stays:
            held.move_to_end(i)
        if not hit:
            if len(held) == capacity:
                held.popitem(last=False)
            held[i] = None
        yield hit


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=LABELS)
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS, chunk=st.integers(1, 130))
def test_every_reference_is_a_policy_equal_to_its_kernel(name, params, case, seed, chunk):
    trace, capacity = case
    module = policies.load(name)
    before, generators.CHUNK = generators.CHUNK, chunk
    try:
        hits = simulate(trace, module.reference, capacity, seed=seed, **params)
    finally:
        generators.CHUNK = before
    assert hits.dtype == np.bool_
    assert hits.tolist() == simulate(trace, module, capacity, seed=seed, **params).tolist()
    assert choose(module.reference, params).label == choose(name, params).label


def test_a_generator_is_a_policy_wherever_one_is_named():
    trace = synth.shuffled(40, 3, seed=1)
    loader = Loader(4, num_workers=2, persistent_workers=True)
    for mine, name in ((recent, "lru"), ((recent, {"stays": True}), "fifo")):
        label = {"lru": "recent", "fifo": "recent(stays=True)"}[name]
        assert simulate(trace, mine, 10).tolist() == simulate(trace, name, 10).tolist()
        assert simulate_loader(trace, loader, mine, 7).tolist() == simulate_loader(trace, loader, name, 7).tolist()
        assert plan(trace, loader, 7, mine).hits.tolist() == plan(trace, loader, 7, name).hits.tolist()
        for table in (
            partial(hit_curve, trace, capacities=[3, 9, 30]),
            partial(hit_curve, trace, sample=0.5, seed=3),
            lambda policy: sweep([trace], [policy], [0.1, 0.5]),
            lambda policy: explain(trace, loader, 7, policy=policy).table,
        ):
            expected, found = table(policy=name), table(policy=mine)
            rates = ["hit_rate", "hit_rate_warm"]
            assert found[found["policy"] == label][rates].equals(
                expected[expected["policy"] == name][rates].set_axis(found.index[found["policy"] == label])
            )
    assert simulate(trace, recent, 10, stays=True).tolist() == simulate(trace, "fifo", 10).tolist()
    assert "'policy'" not in str(explain(trace, loader, 7, policy=(recent, {"stays": True})).table["call"].iloc[0])


def test_explain_takes_no_other_policy_by_a_name_that_it_compares():
    def pin(ids, capacity, seed):
        yield from (False for _ in ids)

    trace, loader = synth.shuffled(40, 3, seed=1), Loader(4)
    with pytest.raises(ValueError, match="a policy to explain must have a name of its own, got another 'pin'"):
        explain(trace, loader, 7, policy=pin)
    own = policies.load("pin").reference
    assert str(explain(trace, loader, 7, policy=own)) == str(explain(trace, loader, 7, policy="pin"))


def test_a_module_in_the_making_has_a_reference_alone(monkeypatch):
    module = ModuleType("my.draws")
    code = "RANDOM = True\ndef reference(ids, capacity, seed, *, least=2):\n    yield from (i >= least for i in ids)"
    exec(code, vars(module))
    monkeypatch.setitem(sys.modules, "my.draws", module)
    for each in (module, module.reference):
        chosen = choose(each, {"least": 1})
        assert (chosen.label, chosen.random, chosen.module) == ("draws(least=1)", True, module)
        assert simulate(TRACE, each, 1, least=1).tolist() == (TRACE.ids >= 1).tolist()
    module.kernel = module.reference
    with pytest.raises(TypeError, match=r"compiled `kernel`, got 'draws', whose `kernel` numba.njit did not compile"):
        choose(module)


def test_a_generator_sees_plain_numbers_in_any_order_as_often_as_it_likes(monkeypatch):
    monkeypatch.setattr(generators, "CHUNK", 3)
    seen = []

    def looks(ids, capacity, seed):
        kinds = {type(i) for i in [*ids, *ids[1:3], ids[-1], capacity, seed, len(ids)]}
        seen.append((kinds, list(ids) == [ids[t] for t in range(len(ids))], ids[2:5], ids.count(0)))
        last = {i: t for t, i in enumerate(ids)}
        for t, i in enumerate(ids):
            yield np.bool_(t == last[i] and t > 3)

    hits = simulate(TRACE, looks, np.int64(2), seed=np.uint64(5))
    assert seen == [({int}, True, [2, 0, 1], 3)]
    assert np.flatnonzero(hits).tolist() == [6, 7, 8, 9]


def test_a_long_trace_is_never_one_list():
    import tracemalloc

    trace = synth.uniform(100, 2_000_000)
    tracemalloc.start()
    simulate(trace, lambda ids, capacity, seed: map(bool, ids), 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * len(trace)


def test_what_begins_as_one_may_return_any_bools():
    @wraps(recent)
    def wrapped(*given, **params):
        return recent(*given, **params)

    expected = simulate(TRACE, "lru", 2).tolist()
    assert simulate(TRACE, wrapped, 2).tolist() == expected
    assert simulate(TRACE, lambda ids, capacity, seed: list(recent(ids, capacity, seed)), 2).tolist() == expected
    assert simulate(TRACE, lambda ids, capacity, seed: np.array([*recent(ids, capacity, seed)]), 2).tolist() == expected


def test_an_empty_trace_asks_no_generator():
    assert simulate(Trace([], 3), recent, 1).tolist() == []


# ---------------------------------------------------------------- refused


def few(ids, capacity, seed):
    for i in list(ids)[:7]:
        yield i > 9


def none(ids, capacity, seed):
    yield from ()


def many(ids, capacity, seed):
    yield from map(bool, ids)
    yield False


def endless(ids, capacity, seed):
    yield from repeat(True)


def ones(ids, capacity, seed):
    for t, _ in enumerate(ids):
        yield t if t in (0, 5) else False


def nothing(ids, capacity, seed):
    for t, _ in enumerate(ids):
        yield None if t == 9 else True


def raises(ids, capacity, seed, *, at=5):
    for t in range(len(ids)):
        if t == at:
            raise ValueError("no\nroom")
        yield True


def late(ids, capacity, seed):
    """What it does after it has answered, for the access it answered, fails."""
    counts = {}
    for i in ids:
        yield False
        if i == 3:
            counts[i] += 1


def bare(ids, capacity, seed):
    next(iter([]))
    yield True


def returns_none(ids, capacity, seed):
    return None


def reserved(ids, capacity, seed, *, sample=1):
    yield True


def no_default(ids, capacity, seed, *, share):
    yield True


def takes_all(ids, capacity, seed, **params):
    yield True


def as_a_kernel(ids, n_items, capacity, seed):
    yield True


def leaves(ids, capacity, seed):
    yield False
    raise SystemExit(0)


def closes(ids, capacity, seed):
    yield False
    raise GeneratorExit


TABLE = np.arange(3)


def array_default(ids, capacity, seed, *, of=TABLE):
    yield from (i in of for i in ids)


def any_default(ids, capacity, seed, *, of=None):
    yield from (i == of for i in ids)


EACH = "must yield one bool for each of 10 accesses, got"
REFUSED = [
    (few, {}, ValueError, f"policy 'few' {EACH} 7: none for access 7"),
    (none, {}, ValueError, f"policy 'none' {EACH} 0: none for access 0"),
    (many, {}, ValueError, f"policy 'many' {EACH} more after access 9, the last"),
    (endless, {}, ValueError, f"policy 'endless' {EACH} more after access 9, the last"),
    (ones, {}, TypeError, f"policy 'ones' {EACH} int 0 for access 0"),
    (nothing, {}, TypeError, f"policy 'nothing' {EACH} NoneType None for access 9"),
    (raises, {}, ValueError, "no room, raised by policy 'raises' at access 5"),
    (raises, {"at": 0}, ValueError, "no room, raised by policy 'raises(at=0)' at access 0"),
    (late, {}, ValueError, "KeyError: 3, raised by policy 'late' at access 5"),
    (leaves, {}, ValueError, "SystemExit: 0, raised by policy 'leaves' at access 1"),
    (closes, {}, ValueError, "GeneratorExit, raised by policy 'closes' at access 1"),
    (array_default, {}, TypeError, "a generator's defaults must not be arrays, got one of 'of' of policy 'array"),
    (any_default, {"of": [3]}, TypeError, "parameter 'of' of policy 'any_default' must be a number or a text, got [3]"),
    (
        bare,
        {},
        ValueError,
        "RuntimeError: generator raised StopIteration, raised by policy 'bare' at access 0",
    ),
    (returns_none, {}, TypeError, f"policy 'returns_none' {EACH} NoneType None"),
    (reserved, {}, TypeError, "a generator's parameters must have defaults and not be named seed, warmup, sample"),
    (no_default, {}, TypeError, "got 'share' of policy 'no_default'"),
    (takes_all, {}, TypeError, "got 'params' of policy 'takes_all'"),
    (
        as_a_kernel,
        {},
        TypeError,
        "a generator must begin (ids, capacity, seed), got as_a_kernel(ids, n_items, capacity, seed)",
    ),
    (recent, {"stay": True}, ValueError, "unknown parameter 'stay' of policy 'recent'; did you mean 'stays'?"),
    (recent, {"stays": "yes"}, TypeError, "parameter 'stays' of policy 'recent' must be a bool, got 'yes'"),
    ((recent, {"stays": True}), {"stays": True}, ValueError, "must be given once, got stays twice"),
    (partial(recent, stays=True), {}, TypeError, "a generator function (ids, capacity, seed, *, …), or a kernel"),
    (((recent, {}), {}), {}, TypeError, "a policy with parameters must be (name, {parameter: value}), got"),
]


@pytest.mark.parametrize("chunk", [1, 3, 10, 11, 1 << 14])
@pytest.mark.parametrize(("policy", "params", "kind", "words"), REFUSED, ids=[str(k) for k in range(len(REFUSED))])
def test_generators_that_break_the_contract_are_refused(policy, params, kind, words, chunk, monkeypatch):
    monkeypatch.setattr(generators, "CHUNK", chunk)
    with pytest.raises((TypeError, ValueError)) as refused:
        simulate(TRACE, policy, 2, **params)
    assert type(refused.value) is kind
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@given(case=cases(), at=st.integers(0, 130), chunk=st.integers(1, 130))
def test_the_access_that_is_named_is_the_one(case, at, chunk):
    trace, _ = case
    at %= max(1, len(trace))

    def fails(ids, capacity, seed, *, after=False):
        for t, _ in enumerate(ids):
            if t == at and not after:
                raise ZeroDivisionError
            yield False
            if t == at:
                raise ZeroDivisionError

    before, generators.CHUNK = generators.CHUNK, chunk
    try:
        for after in (False, True) if len(trace) else ():
            with pytest.raises(ValueError, match=rf"at access {at}$") as raised:
                simulate(trace, fails, 1, after=after)
            assert isinstance(raised.value.__cause__, ZeroDivisionError)
    finally:
        generators.CHUNK = before


def test_what_stops_a_person_or_a_machine_is_not_the_policy_s():
    for error in (KeyboardInterrupt(), MemoryError()):
        with pytest.raises(type(error)):
            simulate(TRACE, thrower(error), 2)


def thrower(error):
    def throws(ids, capacity, seed):
        yield True
        raise error

    return throws


def test_a_generator_that_fails_at_some_sizes_is_told_in_its_rows():
    def picky(ids, capacity, seed):
        for i in ids:
            if i == 2 and capacity > 1:
                raise KeyError(i)
            yield False

    with pytest.warns(RuntimeWarning, match=r"1 of 2 cells failed, the first of ValueError: KeyError: 2, raised by"):
        table = sweep([TRACE], [picky], capacities=[1, 2])
    assert table["error"].iloc[1] == "ValueError: KeyError: 2, raised by policy 'picky' at access 2"


# ---------------------------------------------------------------- stored

STORED = """
def helps(i, capacity):
    return i % 3 < capacity{helper}

def mine(ids, capacity, seed, *, least=1):
    {said}
    for i in ids:
        yield helps(i, capacity) and i >= least{code}
"""


def stored(name="mine", **parts):
    home = ModuleType("notebook_of_generators")
    exec(STORED.format(**{"helper": "", "said": "", "code": ""} | parts), vars(home))
    return getattr(home, name)


def test_a_generator_counts_by_what_it_does_and_reaches(tmp_path):
    trace = synth.zipf(50, 500, 1.0)
    keys = [policy_key(choose(stored(**parts))) for parts in ({}, {"helper": " - 1"}, {"code": " + 1"})]
    keys.append(policy_key(choose((stored(), {"least": 2}))))
    assert len(set(keys)) == 4
    assert policy_key(choose(stored(said="'''A docstring.'''"))) == keys[0]
    given = {"capacities": [1, 2], "store": tmp_path}
    sweep([trace], [stored()], **given)
    asked = []

    def counting(ids, capacity, seed):
        asked.append(capacity)
        return stored()(ids, capacity, seed)

    one, two = stored(), stored(helper=" - 1")
    first, again, other = (sweep([trace], [each], **given)["hits"].tolist() for each in (one, one, two))
    assert first == again != other
    assert other == [simulate(trace, two, size).sum() for size in (1, 2)]
    counted = [sweep([trace], [counting], **given)["hits"].tolist() for _ in range(2)]
    assert counted == [first, first]
    assert sorted(asked) == [1, 2]


def test_every_parameter_of_a_reference_is_its_kernel_s():
    for name in policies.names():
        module = policies.load(name)
        assert choose(module.reference).params == choose(module).params, name


HELPED = """
import numba

FACTOR = 1

@numba.njit
def most(capacity):
    return capacity * FACTOR

def below(i, capacity):
    return i < most(capacity)

def mine(ids, capacity, seed):
    for i in ids:
        yield bool(below(i, capacity))
"""


def test_what_a_generator_s_compiled_helpers_reach_may_change_after_they_were_compiled(tmp_path):
    """Numba holds to what was reached when it compiled; a store must not."""
    home = ModuleType("__main__")
    exec(HELPED, vars(home))
    trace = synth.uniform(100, 500)
    for factor in (1, 2):
        home.FACTOR = factor
        for _ in range(2):
            hits = sweep([trace], [home.mine], capacities=[10], store=tmp_path)["hits"].tolist()
            assert hits == [np.count_nonzero(trace.ids < 10 * factor)]
    assert choose(home.mine).kernel.py_func is home.mine
