"""What single policies promise beside what all do: hits that others counted, parameters, where they are the best."""

import pytest
from hypothesis import given
from strategies import SEEDS, cases

from simcache import Trace, policies, simulate, synth

# Hits of synth.zipf(300, 6000, 0.9, seed=0) at capacities 24 and 100, as plain Python and libcachesim count them;
# libcachesim's LIRS is another and has 2774 at 24.
COUNTED = {
    "clock": (2320, 4156),
    "sieve": (2919, 4401),
    "s3fifo": (2926, 4314),
    "twoq": (2679, 4209),
    "slru": (2813, 4346),
    "arc": (2716, 4223),
    "lruk": (2969, 4400),
    "lirs": (2702, 4324),
}


@pytest.mark.parametrize("name", COUNTED)
def test_hits_that_others_counted(name):
    trace = synth.zipf(300, 6000, 0.9, seed=0)
    assert tuple(int(simulate(trace, name, capacity).sum()) for capacity in (24, 100)) == COUNTED[name]


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@given(case=cases())
def test_lruk_of_any_k_is_its_reference(k, case):
    trace, capacity = case
    hits = simulate(trace, "lruk", capacity, k=k)
    assert hits.tolist() == list(policies.load("lruk").reference(trace.ids.tolist(), capacity, 0, k=k))
    if k == 1:
        assert (hits == simulate(trace, "lru", capacity)).all()


@given(case=cases(), seed=SEEDS)
def test_qlru_that_lets_all_in_or_none(case, seed):
    trace, capacity = case
    assert (simulate(trace, "qlru", capacity, seed=seed, q=1) == simulate(trace, "lru", capacity)).all()
    assert not simulate(trace, "qlru", capacity, seed=seed, q=0).any()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (("qlru", {"q": 1.5}), "parameter 'q' of policy 'qlru' must be a probability, from 0 to 1"),
        (("qlru", {"q": -0.1}), "parameter 'q' of policy 'qlru' must be a probability, from 0 to 1"),
        (("qlru", {"q": float("nan")}), "parameter 'q' of policy 'qlru' must be a probability, from 0 to 1"),
        (("lruk", {"k": 0}), "parameter 'k' of policy 'lruk' must be a whole number of accesses >= 1"),
    ],
)
def test_parameters_out_of_range_are_refused(policy, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        simulate(Trace([0, 1, 0], 2), policy, 1)


@pytest.mark.parametrize("capacity", [1, 2, 5, 9, 10])
def test_mru_is_opt_on_a_loop(capacity):
    trace = synth.loop(10, 200)
    assert simulate(trace, "mru", capacity).sum() == simulate(trace, "opt", capacity).sum()


def test_static_keeps_of_equals_those_that_come_first():
    def drawn(keys):
        return "".join(".x"[int(hit)] for hit in simulate(Trace.of(list(keys)), "static", 2))

    assert drawn("abcabcd") == "...xx.."
    assert drawn("dabcabcc") == "....x.xx"
