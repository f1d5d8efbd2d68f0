"""OPT with a window: what is known ends some accesses ahead, and every part of the package takes it so."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cases, shuffled_ids, traces

from simcache import Trace, cli, explain, hit_curve, policies, simulate, sweep, synth
from simcache.loader import Loader, deal, plan, simulate_loader
from simcache.policies import opt

FORCED_AND_BYPASS = pytest.mark.parametrize("bypass", [False, True], ids=["forced", "bypass"])
WINDOWS = st.integers(0, 130)  # a little past the longest trace
EVERY = st.integers(1, 40)


@FORCED_AND_BYPASS
@given(case=cases(), window=WINDOWS, every=EVERY)
def test_the_kernel_is_its_reference(bypass, case, window, every):
    trace, capacity = case
    told = {"bypass": bypass, "window": window, "every": every}
    twin = opt.reference(trace.ids.tolist(), min(capacity, trace.n_items), 0, **told)
    assert simulate(trace, "opt", capacity, **told).tolist() == list(twin)


@FORCED_AND_BYPASS
@pytest.mark.parametrize("window", [0, 1, 20, 150, 2999])
def test_the_kernel_is_its_reference_over_many_words(bypass, window):
    ids = (100 * np.random.default_rng(8).random(3000) ** 1.5).astype(np.int32)
    for capacity, every in ((7, 1), (60, 1), (60, 500)):
        told = {"bypass": bypass, "window": window, "every": every}
        twin = opt.reference(ids.tolist(), capacity, 0, **told)
        assert simulate(Trace(ids, 100), "opt", capacity, **told).tolist() == list(twin)


def by_the_rule(ids, capacity, bypass, window):
    """The rule as it is stated, by looking ahead at each access and at no more than it may see."""
    cached, hits = [], []  # in the order they came
    for t, i in enumerate(ids):
        hits.append(i in cached)
        if hits[-1]:
            continue
        cached.append(i)
        if len(cached) <= capacity:
            continue
        ahead = ids[t + 1 : t + 1 + window]
        may_go = cached if bypass else cached[:-1]
        unseen = [item for item in may_go if item not in ahead]
        cached.remove(unseen[-1] if unseen else max(may_go, key=ahead.index))
    return hits


@FORCED_AND_BYPASS
@given(case=cases(), window=WINDOWS)
def test_no_seen_item_goes_while_an_unseen_one_is_there(bypass, case, window):
    trace, capacity = case
    hits = simulate(trace, "opt", capacity, bypass=bypass, window=window).tolist()
    assert hits == by_the_rule(trace.ids.tolist(), capacity, bypass, window)


@FORCED_AND_BYPASS
@given(case=cases(), beyond=st.integers(0, 2**62))
def test_a_window_of_the_whole_trace_is_opt(bypass, case, beyond):
    trace, capacity = case
    hits = simulate(trace, "opt", capacity, bypass=bypass)
    assert (hits == simulate(trace, "opt", capacity, bypass=bypass, window=len(trace) + beyond)).all()
    # and by the kernel for windows, which sees the end of the trace one access before it needs to
    if len(trace) > 1:
        assert (hits == simulate(trace, "opt", capacity, bypass=bypass, window=len(trace) - 1)).all()


@given(case=cases(), every=EVERY)
def test_no_window_is_blind(case, every):
    trace, capacity = case
    assert (simulate(trace, "opt", capacity, bypass=True, window=0) == simulate(trace, "pin", capacity)).all()
    # forced: what stands behind the access changes no hit up to it
    half = len(trace) // 2
    head = Trace(trace.ids[:half], trace.n_items)
    for bypass in (False, True):
        hits = simulate(trace, "opt", capacity, bypass=bypass, window=0, every=every)
        assert (hits[:half] == simulate(head, "opt", capacity, bypass=bypass, window=0)).all()


@FORCED_AND_BYPASS
@given(case=cases(), window=WINDOWS)
def test_nothing_beyond_the_window_matters(bypass, case, window):
    trace, capacity = case
    hits = simulate(trace, "opt", capacity, bypass=bypass, window=window)
    cut = len(trace) // 2
    other = np.concatenate([trace.ids[:cut], trace.ids[cut:][::-1]])
    also = simulate(Trace(other, trace.n_items), "opt", capacity, bypass=bypass, window=window)
    sure = max(0, cut - window)
    assert (hits[:sure] == also[:sure]).all()
    assert hits.sum() <= simulate(trace, "opt", capacity, bypass=bypass).sum()


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**32 - 1), st.data())
def test_on_whole_epochs_any_window_is_pinning(n_items, epochs, seed, data):
    capacity, window = data.draw(st.integers(1, n_items)), data.draw(st.integers(0, 3 * n_items))
    trace = Trace(shuffled_ids(n_items, epochs, seed), n_items)
    for every in (1, 7, n_items):
        hits = simulate(trace, "opt", capacity, bypass=True, window=window, every=every)
        assert hits.reshape(epochs, -1).sum(1).tolist() == [0] + [capacity] * (epochs - 1)


def test_a_case_worked_by_hand():
    # Capacity 2, the next 2 accesses known, forced. c puts out a, unseen, while b is seen for access 4; d puts out c; b
    # hits; for a goes d, unseen like b, but the last to come; c is not there.
    drawn = Trace.of(list("abcdbac"))
    assert "".join(".x"[int(hit)] for hit in simulate(drawn, "opt", 2, window=2)) == "....x.."
    # With bypass c is refused, the last to come of a and c, both unseen; d too; so a and b stay, and hit.
    assert "".join(".x"[int(hit)] for hit in simulate(drawn, "opt", 2, window=2, bypass=True)) == "....xx."


def test_more_of_the_future_helps_zipf_draws_a_little_more_each_time():
    trace = synth.zipf(2_000, 200_000, 0.8, seed=3)
    rates = [simulate(trace, "opt", 400, bypass=True, window=w).mean() for w in (0, 10, 100, 400, 1000, 2000, 10**5)]
    assert (np.diff(rates) > -1e-4).all()
    assert rates[-1] - rates[0] > 0.2
    assert rates[0] == simulate(trace, "pin", 400).mean()


# ---------------------------------------------------------------- the doors


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"window": -1}, "parameter 'window' of policy 'opt' must be a whole number of accesses >= 0, got -1"),
        ({"every": 0}, "parameter 'every' of policy 'opt' must be a whole number of accesses >= 1, got 0"),
        ({"window": 2.0}, "parameter 'window' of policy 'opt' must be a int of 64 bits, got 2.0"),
        ({"window": True}, "parameter 'window' of policy 'opt' must be a int of 64 bits, got True"),
        ({"window": None}, "parameter 'window' of policy 'opt' must be a int of 64 bits, got None"),
        ({"window": "9"}, "parameter 'window' of policy 'opt' must be a int of 64 bits, got '9'"),
        ({"window": 2**63}, f"parameter 'window' of policy 'opt' must be a int of 64 bits, got {2**63}"),
        ({"windows": 9}, "unknown parameter 'windows' of policy 'opt'; did you mean 'window'?"),
    ],
)
def test_a_window_that_is_none_is_refused_at_every_door(given_, said):
    trace = synth.shuffled(20, 3)
    for door in (
        lambda: simulate(trace, "opt", 5, **given_),
        lambda: hit_curve(trace, "opt", [5], **given_),
        lambda: sweep([trace], [("opt", given_)], [0.5]),
        lambda: plan(trace, Loader(4), 5, ("opt", given_)),
        lambda: simulate_loader(trace, Loader(4), "opt", 5, **given_),
        lambda: explain(trace, Loader(4), 5, policy=("opt", given_)),
    ):
        with pytest.raises((TypeError, ValueError), match=re.escape(said)):
            door()


def test_tables_name_the_window_where_there_is_one():
    trace = synth.shuffled(50, 3)
    table = sweep([trace], ["opt", ("opt", {"window": 9}), ("opt", {"window": 9, "bypass": True, "every": 3})], [0.5])
    assert table["policy"].tolist() == ["opt", "opt(window=9)", "opt(bypass=True, every=3, window=9)"]
    assert hit_curve(trace, "opt", [5], window=np.int64(9))["policy"].tolist() == ["opt(window=9)"]
    assert hit_curve(trace, "opt", [5], window=opt.ALL)["policy"].tolist() == ["opt"]


@FORCED_AND_BYPASS
@given(trace=traces(), window=WINDOWS)
def test_a_curve_with_a_window_is_a_run_for_each_size(bypass, trace, window):
    """One pass holds for the whole future only."""
    if len(trace):
        sizes = [*range(1, trace.n_items + 3)] * opt.CURVE_FROM
        found = hit_curve(trace, "opt", sizes, bypass=bypass, window=window)["hits"].tolist()[: trace.n_items + 2]
        runs = [simulate(trace, "opt", c, bypass=bypass, window=window).sum() for c in sizes[: trace.n_items + 2]]
        assert found == runs


def test_a_sample_of_the_items_sees_as_much_less_far():
    trace = synth.zipf(20_000, 400_000, 0.8, seed=2)
    for window in (0, 5_000, 20_000):
        exact = hit_curve(trace, "opt", [4_000], bypass=True, window=window)["hit_rate"].item()
        rough = hit_curve(trace, "opt", [4_000], bypass=True, window=window, sample=0.1, repeats=4)
        assert rough["hit_rate"].item() == pytest.approx(exact, abs=0.012), window  # unscaled: .10 off
        assert rough["policy"].item() == (f"opt(bypass=True, window={window})")
    whole = hit_curve(trace, "opt", [4_000], sample=0.1)
    pd.testing.assert_frame_equal(whole, hit_curve(trace, "opt", [4_000], sample=0.1, window=opt.ALL))


@FORCED_AND_BYPASS
@given(trace=traces(), window=WINDOWS, size=st.integers(1, 14))
def test_a_plan_carries_a_windows_hits_out(bypass, trace, window, size):
    """Keep an item after an access iff its next access hits: what was kept in vain is not, so what fits still does."""
    told = {"bypass": bypass, "window": window}
    made = plan(trace, Loader(3), size, ("opt", told), spare=0)
    assert made.hits.tolist() == simulate(trace, "opt", size, **told).tolist()
    assert made.slots <= size
    held = {}
    for item, order in zip(made.trace.ids.tolist(), made.orders.tolist(), strict=True):
        if order & 2:
            assert held.pop(order >> 2) == item
        if order & 1:
            assert order >> 2 not in held
            held[order >> 2] = item


def test_private_caches_know_their_own_accesses_ahead():
    trace = synth.shuffled(60, 6, seed=4)
    loader = Loader(5, 2, 3, persistent_workers=True)
    hits, dealt = simulate_loader(trace, loader, "opt", 5, bypass=True, window=25), deal(trace, loader)
    for rank in range(3):
        for worker in range(2):
            mine = (dealt.rank == rank) & (dealt.worker == worker)
            alone = simulate(Trace(dealt.ids[mine], 60), "opt", 5, bypass=True, window=25)
            assert hits[mine].tolist() == alone.tolist()


def test_a_window_in_use_is_what_opt_is_held_against():
    trace, loader = synth.uniform(400, 8_000, seed=2), Loader(10)
    near = explain(trace, loader, 100, policy=("opt", {"window": 40}))
    assert near.verdict == "helps"
    assert "more of all accesses than opt(window=40)." in near.reasons[0].text
    far = explain(trace, loader, 100, policy=("opt", {"window": 3_000, "bypass": True}))
    assert far.verdict != "helps"  # it has all that OPT has
    for sees_all in ("opt", ("opt", {"window": len(trace)})):
        whole = explain(trace, loader, 100, policy=sees_all)
        assert whole.verdict == "helps"
        assert "more of all accesses than pin." in whole.reasons[0].text


def test_the_command_line_takes_a_window(tmp_path):
    file, table = tmp_path / "trace.npz", tmp_path / "table.csv"
    trace = synth.shuffled(100, 3)
    trace.save(file)
    asked = ["opt:window=20", "opt:bypass=true,window=20"]
    assert cli.main(["simulate", str(file), *asked, "--capacity", "30", "-o", str(table)]) == 0
    rows = pd.read_csv(table)
    assert rows["policy"].tolist() == ["opt(window=20)", "opt(bypass=True, window=20)"]
    assert rows["hits"].tolist() == [simulate(trace, "opt", 30, window=20, bypass=b).sum() for b in (False, True)]


def test_the_policies_name_what_they_count_in_accesses():
    for name in policies.names():
        module = policies.load(name)
        least = getattr(module, "ACCESSES", {})
        signature = module.kernel.py_func.__code__.co_varnames[4 : module.kernel.py_func.__code__.co_argcount]
        assert set(least) <= set(signature)
