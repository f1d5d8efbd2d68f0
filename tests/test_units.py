"""Sizes in bytes: the same hits from every call, bytes of hits as plain Python counts them, and what is refused."""

from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sized_lru
from hypothesis import given
from hypothesis import strategies as st
from strategies import traces
from swept import weighed

from simcache import Trace, counting, hit_curve, policies, pool, simulate, sums, sweep, units
from simcache.simulation import dense, dense_sized
from simcache.tables import default_capacities

IN_BYTES = [name for name in policies.names() if hasattr(policies.load(name), "sized")] + [sized_lru]


def with_sizes(trace, sizes, **changed):
    about = {"n_items": trace.n_items, "name": trace.name, "epochs": trace.epochs, "source": trace.source} | changed
    return Trace(trace.ids, sizes=sizes, **about)


WEB = weighed(1)
ZIPF = Trace(WEB.ids, 40, "web", source=WEB.source)


@st.composite
def sized_traces(draw, largest=40):
    """Small traces in two epochs, with sizes of all kinds."""
    trace = draw(traces())
    sizes = draw(st.lists(st.integers(1, largest), min_size=trace.n_items, max_size=trace.n_items))
    return with_sizes(trace, sizes, epochs=(0, len(trace) // 2))


# ---------------------------------------------------------------- what a text says

TEXTS = {
    "1B": 1, "25 GB": 25 * 10**9, "25GiB": 25 * 2**30, " 25\t GB ": 25 * 10**9, "7 kB": 7000, "7 KiB": 7168,
    "2MB": 2 * 10**6, "2 MiB": 2**21, "3 TB": 3 * 10**12, "3 TiB": 3 * 2**40, "1 PB": 10**15, "1 PiB": 2**50,
    "1 EB": 10**18, "1 EiB": 2**60, "1.5 GiB": 3 * 2**29, "0.3 GB": 3 * 10**8, "0.1 GiB": 107_374_182, "0.0005 kB": 0,
    "0.0006 kB": 1, "025 MB": 25 * 10**6, "8 EiB": 2**63 - 1, "10 EB": 2**63 - 1, np.str_("5 MB"): 5 * 10**6,
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_number_of_bytes(text):
    if TEXTS[text]:
        assert units.check_capacity(text, "bytes") == TEXTS[text]
        assert type(units.check_capacity(text, "bytes")) is int
    else:
        with pytest.raises(ValueError, match=f"capacity must be a whole number of bytes >= 1, got '{text}'"):
            units.check_capacity(text, "bytes")


@given(st.integers(0, 10**6), st.integers(0, 999), st.sampled_from(list(units.STEPS)))
def test_decimals_mean_the_nearest_byte(whole, thousandths, step):
    text = f"{whole}.{thousandths:03} {step}"
    exact = Fraction(1000 * whole + thousandths, 1000) * units.STEPS[step]
    if step == "B":
        with pytest.raises(ValueError, match="must be a whole number or a text like"):
            units.check_capacity(text, "bytes")
    elif round(exact):
        assert units.check_capacity(text, "bytes") == min(round(exact), 2**63 - 1)


HINTS = {
    "25 G": "did you mean '25 GB' or '25 GiB'?", "25g": "did you mean '25 GB' or '25 GiB'?",
    "25 gb": "did you mean '25 GB' or '25 GiB'?", "1 KB": "did you mean '1 kB' or '1 KiB'?",
    "1.5 mib": "did you mean '1.5 MB' or '1.5 MiB'?", "25": "did you mean '25 B'?", "25 b": "did you mean '25 B'?",
    "": "got ''", "GB": "got 'GB'", "-1 GB": "got '-1 GB'", "1e3 MB": "got '1e3 MB'", "1,5 GB": "got '1,5 GB'",
    "1_0 GB": "got '1_0 GB'", "1.5 B": "; got '1.5 B'", "1.5": "; got '1.5'", "1.5 b": "; got '1.5 b'",
    "5 GB/s": "got '5 GB/s'", "5 apples": "; got '5 apples'",
    "\u0661 GB": "got '\u0661 GB'", "1" * 50 + " B": "got '111",
    "0 GB": "capacity must be a whole number of bytes >= 1",
}  # fmt: skip


@pytest.mark.parametrize("text", HINTS)
def test_a_text_that_says_something_else_is_refused(text):
    with pytest.raises(ValueError, match="must be a whole number") as refused:
        simulate(WEB, sized_lru, text, unit="bytes")
    assert HINTS[text] in str(refused.value)
    assert "for trace 'web'" in str(refused.value)
    assert "\n" not in str(refused.value)


# ---------------------------------------------------------------- the same from every call


@given(sized_traces(), st.data())
def test_a_kernel_that_takes_sizes_is_its_reference(trace, data):
    capacity = data.draw(st.integers(1, int(trace.sizes.sum()) + 2))
    found = simulate(trace, sized_lru, capacity, unit="bytes", seed=3)
    assert found.tolist() == list(sized_lru.sized_reference(trace.ids.tolist(), trace.sizes.tolist(), capacity, 3))


def share(trace, hits):
    """The share of all bytes that hit, as anybody would count it."""
    sizes = [int(trace.sizes[i]) for i in trace.ids]
    return sum(size for size, hit in zip(sizes, hits, strict=True) if hit) / sum(sizes)


@given(sized_traces(), st.sampled_from(["items", "bytes"]), st.integers(0, 9), st.data())
def test_a_row_is_what_the_hits_say(trace, unit, seed, data):
    if not len(trace):
        return
    able = IN_BYTES if unit == "bytes" else ["lru", "opt", "rr", "pin", sized_lru]
    most = int(trace.sizes.sum()) if unit == "bytes" else trace.n_items
    capacities = data.draw(st.lists(st.integers(1, most + 1), min_size=1, max_size=8))
    table = sweep([trace], able, capacities=capacities, unit=unit, seeds=[seed])
    rows = table.itertuples()
    for policy in able:
        curve = hit_curve(trace, policy, capacities, unit=unit, seed=seed)
        for capacity, drawn in zip(capacities, curve.itertuples(), strict=True):
            row, hits = next(rows), simulate(trace, policy, capacity, unit=unit, seed=seed)
            assert row[1:] == drawn[1:]
            assert (row.capacity, row.unit, row.fraction) == (capacity, unit, capacity / most)
            assert (row.hits, row.hit_rate, row.exact) == (hits.sum(), hits.mean(), True)
            assert row.hit_rate_warm == hits[trace.epochs[1] :].mean()
            assert row.byte_hit_rate == share(trace, hits)


def test_without_sizes_there_is_no_rate_of_bytes():
    for table in (hit_curve(ZIPF, "lru"), sweep([ZIPF], ["lru"], [0.5]), hit_curve(ZIPF, "lru", [5], sample=0.5)):
        assert table["byte_hit_rate"].isna().all()
        assert set(table["unit"]) == {"items"}
    estimate = hit_curve(WEB, "lru", [5], sample=0.5)
    assert estimate["byte_hit_rate"].isna().all()


def test_a_curve_with_sizes_has_the_hits_of_one_without():
    for policy in ("lru", "opt"):
        plain, sized = hit_curve(ZIPF, policy), hit_curve(WEB, policy)
        assert sized["byte_hit_rate"].notna().all()
        pd.testing.assert_frame_equal(sized.drop(columns="byte_hit_rate"), plain.drop(columns="byte_hit_rate"))
    several = sweep([partial(weighed, 1)], ["lru"], capacities=range(1, 41))  # known to have sizes once it is made
    pd.testing.assert_frame_equal(several, sweep([WEB], ["lru"], capacities=range(1, 41)))
    assert several["byte_hit_rate"].is_monotonic_increasing


def test_all_fits_in_from_all_bytes_on():
    total = int(WEB.sizes.sum())
    for policy in IN_BYTES:
        for capacity in (total, total + 1, 2**63 - 1, 10**30, "9 EB"):
            assert simulate(WEB, policy, capacity, unit="bytes").mean() == pytest.approx(WEB.repeats)


@given(st.floats(0, 1, exclude_min=True), st.integers(1, 2**63 - 1))
def test_a_fraction_is_exact(fraction, all_there_is):
    found = units.capacity_of(fraction, "byte_fractions", all_there_is)
    assert 1 <= found <= all_there_is
    off = abs(found - Fraction(fraction) * all_there_is)
    assert found == 1 or off <= (Fraction(1, 2) if all_there_is > 2**53 else 1)
    assert units.capacity_of(1.0, "byte_fractions", all_there_is) == all_there_is
    if all_there_is <= 2**53:
        assert found == units.capacity_of(fraction, "fractions", all_there_is) == max(1, round(fraction * all_there_is))


def test_fractions_are_of_all_bytes():
    trace = with_sizes(ZIPF, [*WEB.sizes.tolist(), 10**6], n_items=41)  # one that nobody accesses
    total = int(trace.sizes.sum())
    table = sweep([trace], [sized_lru], [1e-9, 0.1, 1], unit="bytes")
    assert table["capacity"].tolist() == [1, round(0.1 * total), total]
    assert table["fraction"].tolist() == [1e-9, 0.1, 1]
    assert table["hits"].tolist()[0] == 0


def test_default_sizes_in_bytes_run_from_the_smallest_item_to_all():
    table = hit_curve(WEB, sized_lru, unit="bytes")
    sizes = table["capacity"].tolist()
    assert (sizes[0], sizes[-1]) == (WEB.sizes.min(), WEB.sizes.sum())
    assert sizes == sorted(set(sizes))
    assert 90 < len(sizes) <= 100
    assert table["fraction"].iloc[-1] == 1
    for least, most in ((1, 2**63 - 1), (5, 5), (7, 2**53 + 1), (2**62, 2**62 + 1), (2**63 - 1,) * 2):
        found = default_capacities(most, least=least)
        assert (found[0], found[-1]) == (least, most)


def test_items_that_are_renumbered_take_their_sizes_along():
    ids = [100_000, 5, 100_000, 70_000, 5, 100_000]
    sizes = np.ones(200_000, np.int64)
    sizes[[100_000, 5, 70_000]] = 30, 7, 11
    trace = Trace(ids, 200_000, sizes=sizes)
    found, n_items, held = dense_sized(trace)
    assert (found.tolist(), n_items, held.tolist()) == ([0, 1, 0, 2, 1, 0], 3, [30, 7, 11])
    assert not held.flags.writeable
    assert dense(trace)[1] == 3
    assert simulate(trace, sized_lru, 37, unit="bytes").tolist() == [0, 0, 1, 0, 0, 0]
    assert simulate(trace, sized_lru, 48, unit="bytes").tolist() == [0, 0, 1, 0, 1, 1]
    row = sweep([trace], ["lru"], capacities=[3]).iloc[0]
    assert row["byte_hit_rate"] == share(trace, [0, 0, 1, 0, 1, 1])
    assert sweep([trace], [sized_lru], [0.5], unit="bytes")["capacity"].tolist() == [round(0.5 * sizes.sum())]


def test_mapped_sizes_count_too(tmp_path):
    WEB.save(tmp_path / "web.trace")
    mapped = Trace.load(tmp_path / "web.trace")
    pd.testing.assert_frame_equal(*(sweep([each], [sized_lru], [0.1, 0.5], unit="bytes") for each in (WEB, mapped)))


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=9), st.lists(st.integers(0, 8), max_size=30))
def test_sums_are_exact_beyond_64_bits(sizes, ids):
    trace = Trace([i % len(sizes) for i in ids], len(sizes), sizes=sizes)
    assert trace.n_bytes == sum(sizes)
    assert trace.bytes_accessed == sum(sizes[i] for i in trace.ids)
    hits = np.arange(len(ids)) % 2 == 0
    assert sums.of_accesses(trace.ids, trace.sizes, hits) == sum(sizes[i] for i in trace.ids[hits])


def test_what_is_more_than_64_bits_can_count_is_refused_in_bytes_alone():
    trace = Trace([0, 1, 0, 1], 2, "vast", sizes=[2**62, 2**62])
    with pytest.raises(ValueError, match=r"2\^63 - 1 bytes at most together, got 9223372036854775808 .*'vast'"):
        simulate(trace, sized_lru, 5, unit="bytes")
    assert hit_curve(trace, "lru", [1, 2])["byte_hit_rate"].tolist() == [0, 0.5]
    almost = Trace([0, 1, 0, 1, 0, 0], 2, sizes=[2**62, 2**62 - 1])  # its accesses are of more
    assert hit_curve(almost, sized_lru, [2**63 - 1], unit="bytes")["byte_hit_rate"].tolist() == [4 / 6]


def test_seeds_and_warmup_are_as_ever():
    table = sweep([WEB], [sized_lru], [0.1], unit="bytes", seeds=[5, 6], warmup=100)
    hits = simulate(WEB, sized_lru, int(table["capacity"][0]), unit="bytes")
    assert table["seed"].tolist() == [5]
    assert table["hit_rate_warm"].tolist() == [hits[100:].mean()]
    assert table["byte_hit_rate"].tolist() == [share(WEB, hits)]
    assert sweep([WEB], [sized_lru], [0.1], unit="bytes", warmup=600)["hit_rate_warm"].isna().all()


def test_a_stopped_curve_in_bytes_keeps_the_rows_so_far(monkeypatch):
    whole, run_all = hit_curve(WEB, sized_lru, [300, 900, 4000], unit="bytes"), pool.run_all

    def stopping(jobs, label):
        stop = KeyboardInterrupt()
        stop.done = dict(enumerate(run_all(jobs[:2], label)))
        raise stop

    monkeypatch.setattr(counting, "run_all", stopping)
    with pytest.raises(KeyboardInterrupt) as stopped:
        hit_curve(WEB, sized_lru, [300, 900, 4000], unit="bytes")
    pd.testing.assert_frame_equal(stopped.value.table, whole[:2])
