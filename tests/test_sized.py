"""Every policy that knows sizes, found by its file, against its plain twin, its unit form, and what must hold."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SEEDS, cases, traces, variants

from simcache import policies, simulate

SIZED = [(name, params) for name, params in variants() if hasattr(policies.load(name), "sized")]
LABELS = [name + "".join(f"-{p}" for p, on in params.items() if on) for name, params in SIZED]
EQUAL = ["lru", "fifo", "lfu", "rr", "clock", "sieve"]  # whose parts, if any, do not depend on the unit
every = pytest.mark.parametrize(("name", "params"), SIZED, ids=LABELS)


def run(name, params, ids, sizes, capacity, seed=0):
    """Hits with sizes, as `simulate` would ask for them."""
    arrays = np.array(ids, np.int32), np.array(sizes, np.int64)
    for array in arrays:
        array.flags.writeable = False
    hits = policies.load(name).sized(*arrays, len(sizes), capacity, np.uint64(seed), **params)
    assert hits.dtype == np.bool_
    assert hits.shape == arrays[0].shape
    return hits


def twin(name, params, ids, sizes, capacity, seed=0):
    return list(policies.load(name).sized_reference(ids.tolist(), sizes, capacity, seed, **params))


@st.composite
def sized_cases(draw):
    """A trace, sizes of its items, alike or from 1 to 9 or with a few huge ones, a capacity from 1 to all bytes."""
    trace = draw(traces())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.integers(0, 3))
    sizes = rng.integers(1, 10, trace.n_items)
    if kind == 0:
        sizes[:] = sizes[0]
    elif kind == 1:
        sizes = np.exp(rng.normal(3, 2, trace.n_items)).astype(np.int64) + 1
    elif kind == 2:
        sizes <<= rng.integers(0, 57)
    capacity = 1 + int(rng.random() ** draw(st.sampled_from([1, 3])) * sum(sizes.tolist()))
    return trace, sizes.tolist(), min(capacity, sum(sizes.tolist()), 2**63 - 1)


def test_the_eight_that_know_sizes():
    assert {name for name, _ in SIZED} == {*EQUAL, "s3fifo", "gdsf"}


@every
def test_a_sized_form_takes_what_the_kernel_takes(name, params):
    module = policies.load(name)
    kernel, sized = (list(inspect.signature(f.py_func).parameters.values()) for f in (module.kernel, module.sized))
    assert [p.name for p in sized[:5]] == ["ids", "sizes", "n_items", "capacity", "seed"]
    assert sized[5:] == kernel[4:]


@every
@settings(max_examples=60)
@given(case=sized_cases(), seed=SEEDS)
def test_a_sized_kernel_is_its_reference(name, params, case, seed):
    trace, sizes, capacity = case
    hits = run(name, params, trace.ids, sizes, capacity, seed)
    assert hits.tolist() == twin(name, params, trace.ids, sizes, capacity, seed)


@every
@pytest.mark.parametrize("capacity", [1, 7, 40, 250])
def test_a_sized_kernel_is_its_reference_over_many_words(name, params, capacity):
    rng = np.random.default_rng(8)
    ids = (100 * rng.random(3000) ** 1.5).astype(np.int32)
    sizes = rng.integers(1, 10, 100).tolist()
    assert run(name, params, ids, sizes, capacity, 9).tolist() == twin(name, params, ids, sizes, capacity, 9)


@every
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS)
def test_items_of_one_byte_hit_as_items(name, params, case, seed):
    trace, capacity = case
    capacity = min(capacity, trace.n_items)
    hits = run(name, params, trace.ids, [1] * trace.n_items, capacity, seed)
    assert (hits == simulate(trace, name, capacity, seed=seed, **params)).all()


@pytest.mark.parametrize(("name", "params"), [it for it in SIZED if it[0] in EQUAL])
@settings(max_examples=30)
@given(case=cases(), seed=SEEDS, size=st.integers(1, 9) | st.just(2**58))
def test_items_of_one_size_hit_as_items(name, params, case, seed, size):
    trace, capacity = case
    capacity = min(capacity, trace.n_items)
    hits = run(name, params, trace.ids, [size] * trace.n_items, capacity * size, seed)
    assert (hits == simulate(trace, name, capacity, seed=seed, **params)).all()


@every
@settings(max_examples=30)
@given(case=sized_cases(), seed=SEEDS)
def test_what_is_kept_for_a_hit_fits_in_bytes(name, params, case, seed):
    """A hit is of an item held since its last access; at no time are more than `capacity` bytes held."""
    trace, sizes, capacity = case
    hits = run(name, params, trace.ids, sizes, capacity, seed)
    last, held = {}, [0] * (len(trace) + 1)
    for t, i in enumerate(trace.ids.tolist()):
        if hits[t]:
            assert i in last
            held[last[i]] += sizes[i]
            held[t] -= sizes[i]
        last[i] = t
    used = 0
    for change in held:
        used += change
        assert used <= capacity


@every
@settings(max_examples=20)
@given(trace=traces())
def test_room_for_all_bytes_misses_first_sights_alone(name, params, trace):
    sizes = [1 + i % 3 * 2**i for i in range(trace.n_items)]
    hits = run(name, params, trace.ids, sizes, sum(sizes))
    assert hits.sum() == len(trace) - np.unique(trace.ids).size


@every
def test_one_that_is_too_large_takes_no_room(name, params):
    ids, sizes = np.array([0, 1, 2, 2, 0, 1, 2, 0, 1]), [3, 4, 8]
    assert run(name, params, ids, sizes, 7).tolist() == [False] * 4 + [True, True, False, True, True]


@every
def test_sizes_near_the_largest_number(name, params):
    """Sums of two such sizes have no place in 63 bits."""
    rng = np.random.default_rng(3)
    ids = rng.integers(0, 6, 400)
    sizes = [2**62, 2**62 - 1, 2**62 - 3, 2**61, 5, 2**62 + 2]
    for capacity in (2**62 - 2, 2**62, 2**63 - 1):
        hits = run(name, params, ids, sizes, capacity, 1)
        assert hits.tolist() == twin(name, params, ids, sizes, capacity, 1)
        assert hits.any()
