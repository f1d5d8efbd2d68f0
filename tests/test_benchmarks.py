"""The benchmarks' own bookkeeping: peers that count right, turns in order, ratios right. No clock decides a test."""

import json
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from strategies import cases

from simcache import Trace, simulate, store, synth

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"
INCLUDE = "<!-- include: results/speed.md -->\n"

sys.path.insert(0, str(ROOT / "benchmarks"))
names = ("_peers", "_timing", "_traces", "before", "huge", "report", "single")
peers, timing, traces, before, huge, report, single = map(import_module, names)

TRACE = synth.zipf(500, 20_000, 0.9, seed=3)
CAPACITIES = (1, 7, 48, 50, 400)


def hits(policy, capacity, trace=TRACE):
    return int(np.count_nonzero(simulate(trace, policy, capacity)))


@given(cases())
def test_heap_is_optimal(case):
    trace, capacity = case
    assert peers.heap_opt(trace.ids.tolist(), capacity) == hits("opt", capacity, trace)


@pytest.mark.parametrize("policy", sorted(peers.EQUAL["libcachesim"]))
def test_libcachesim_hits_as_often(policy):
    with traces.annotated(TRACE) as path:
        for capacity in filter(partial(peers.means_the_same, policy), CAPACITIES):
            for power in (14, 17):
                _, found = peers.through_libcachesim(path, len(TRACE), policy, capacity, power)
                assert found == hits(policy, capacity), (capacity, power)


@pytest.mark.parametrize("tool", ["cachetools", "cachebox", "heap"])
def test_python_peers_hit_as_often(tool):
    for policy in peers.EQUAL[tool]:
        assert tool in peers.python_tools(policy)
        for capacity in CAPACITIES:
            _, found = peers.in_python(tool, TRACE.ids.tolist(), policy, capacity)
            assert found == hits(policy, capacity), (policy, capacity)


def test_wrong_answers_do_not_count():
    single.check("cachetools", "lru", 100, 100, 1000)
    single.check("libcachesim", "rr", 500, 100, 1000)  # biased: only its speed is compared
    single.check("cachebox", "rr", 105, 100, 1000)
    with pytest.raises(AssertionError, match="100 times, got 101"):
        single.check("libcachesim", "opt", 101, 100, 1000)
    with pytest.raises(AssertionError, match="about as often"):
        single.check("cachetools", "rr", 111, 100, 1000)


def test_contenders_take_turns_until_one_is_over_its_limit():
    order = []

    def contender(name, seconds):
        return lambda: (order.append(name), (seconds, name.upper()))[1]

    found = timing.in_turns({"quick": contender("quick", 1.0), "slow": contender("slow", 3.0)}, 4, limit_s=5.0)
    assert order == ["quick", "slow", "quick", "slow", "quick", "quick"]
    assert found["slow"].result == "SLOW"
    assert found["slow"].row() == {"best_s": 3.0, "median_s": 3.0, "repeats": 2}


@pytest.fixture
def table():
    """Two sizes: 60 and 20 M/s against 10 and 4 at libcachesim's best, 5 and 4 by default."""
    speeds = {("simcache", "simulate"): (60, 20), ("libcachesim", "hashpower=14"): (10, 2)}
    speeds |= {("libcachesim", "hashpower=24"): (5, 4), ("cachetools", "default"): (0.5, 0.5)}
    rows = [
        {"suite": "single", "trace": "zipf-1.0", "n_accesses": 100, "n_items": 9, "policy": "lru", "capacity": capacity}
        | {"sizes": 1, "tool": tool, "setting": setting, "threads": 1, "maccesses_per_s": speed, "best_s": 1e-4 / speed}
        for (tool, setting), pair in speeds.items()
        for capacity, speed in zip((2, 4), pair, strict=True)
    ]
    return pd.DataFrame(rows)


def test_ratios_are_best_against_best(table):
    assert report.ratios(table, "libcachesim").tolist() == [6, 5]
    assert report.ratios(table, "libcachesim", "hashpower=24").tolist() == [12, 5]
    assert report.over_sizes(report.ratios(table, "libcachesim")) == "5.0× / 5.5×"
    assert report.over_sizes(report.ratios(table, "cachetools")) == "40× / 69×"
    assert report.over_sizes(report.ratios(table, "heap")) == "–"


def cells(page):
    """The rows of tables of pipes, without the rules below their heads."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    return [row for row in rows if not row[0].startswith(":-")]


def test_page_from_a_table(table, tmp_path):
    curves = {"suite": "curve", "policy": "opt", "threads": 1, "sizes": 100, "mean_error": np.nan}
    curves |= {key: table[key].iloc[0] for key in ("trace", "n_accesses", "n_items")}
    rows = [
        {"tool": "simcache", "setting": "all sizes, one pass", "best_s": 0.5},
        {"tool": "simcache", "setting": "hit_curve, tolerance=0.01", "best_s": 0.25},
        {"tool": "libcachesim", "setting": "hashpower=17, 100 sizes", "best_s": 20.0},
    ]
    pd.concat([table, pd.DataFrame([curves | row for row in rows])]).to_csv(tmp_path / "benchmarks.csv", index=False)
    machine = {"processor": "P", "cores": 2, "caches": {"L1": "1K"}, "memory_gb": 3, "system": "S", "python": "3"}
    about = {"single": machine | {"versions": {"numba": "1"}, "commit": "c"}}
    (tmp_path / "benchmarks.json").write_text(json.dumps(about))
    page = report.page(tmp_path)
    assert ["`lru`", "60, 20", "5.0× / 5.5×", "5.0× / 7.7×", "–", "40× / 69×", "–"] in cells(page)
    assert ["`opt`", "libcachesim: hashpower=17, 100 sizes", "1", "20 (40×)"] in cells(page)
    assert "Measured on P, 2 cores (L1 1K), 3 GB, S; Python 3, numba 1; commit c (single)." in page


def test_what_a_sweep_costs_on_a_page():
    seconds = {"a: threads, store": 0.5, "a: Dask": 2.0, "b: threads, store": 1.0, "b: Dask": 30.0}
    rows = [{"setting": name, "sizes": 10_000, "best_s": best} for name, best in seconds.items()]
    rows += [{"setting": "sweep, 100 sizes", "policy": "lru", "best_s": 1.1, "sizes": 100}]
    rows += [{"setting": "hit_curve, 100 sizes", "policy": "lru", "best_s": 1.0, "sizes": 100}]
    rows += [{"setting": "store.read to parquet", "sizes": 10**6, "best_s": 2.345, "peak_mb": 612.3}]
    text, table, rest = report.sweep_sections(pd.DataFrame(rows))
    assert "of `hit_curve` at them, `lru` 1.10×. CPU" in text
    assert cells(table) == [
        ["grid", "cells", "threads, store", "Dask"],
        ["a", "10,000", "0.05 ms", "0.2 ms"],
        ["b", "10,000", "0.1 ms", "3 ms"],
    ]
    assert rest.startswith("1,000,000 stored rows as a table and as parquet take 2.35 s of CPU, and 612 MB at most.")


def test_a_store_for_the_bench_is_a_store(tmp_path, monkeypatch):
    sweeping = import_module("sweeping")
    monkeypatch.setattr(sweeping, "STORED", 300)
    sweeping.fill(tmp_path)
    assert len(store.read(tmp_path)) == 300


def test_slope_of_a_power_law():
    work = np.array([1e3, 1e4, 1e6])
    assert report.slope(work, 3 * work**1.25) == pytest.approx(1.25)


def test_a_huge_trace_is_the_same_however_it_is_cut(tmp_path, monkeypatch):
    whole = np.concatenate(list(huge.parts(5000, 100)))
    monkeypatch.setattr(huge, "PART", 777)
    assert [part.size for part in huge.parts(5000, 100)] == [777] * 6 + [338]
    huge.main(str(tmp_path / "it.trace"), 5000, 100)
    trace = Trace.load(tmp_path / "it.trace")
    np.testing.assert_array_equal(trace.ids, whole)
    shares = np.sort(np.bincount(trace.ids, minlength=100))[::-1] / 5000
    assert np.abs(shares - 1 / np.arange(1, 101) / (1 / np.arange(1, 101)).sum()).max() < 0.03


def test_no_speed_is_shown_that_was_not_measured(table, tmp_path):
    table.assign(suite="curve").to_csv(tmp_path / "benchmarks.csv", index=False)
    assert report.speed(tmp_path) == ""


def test_what_a_huge_trace_takes_on_a_page():
    row = {"suite": "huge", "n_items": 10, "setting": "n grows", "policy": "lru", "peak_mb": 512.0}
    rows = [
        row | {"n_accesses": n, "best_s": n**1.01, "median_s": n**1.01, "maccesses_per_s": 3.0} for n in (10, 100, 1000)
    ]
    rows.append(rows[-1] | {"policy": "opt curve", "setting": "whole", "best_s": 120.0, "peak_mb": 2048.0})
    text, table = report.huge_sections(pd.DataFrame(rows))
    assert text.startswith("**1,000 accesses** to 10 items")
    assert "from 10 accesses on" in text
    assert cells(table)[1:] == [["`lru`", "1,072", "3.0", "0.5", "1.010"], ["`opt`, curve", "120", "3.0", "2.0", ""]]


def test_cold_starts_on_a_page():
    rows = pd.DataFrame({"setting": ["import", "all kernels, compiled"], "median_s": [0.5, 17.0], "repeats": [5, 3]})
    (text,) = report.cold_sections(rows)
    assert text.endswith("median of 5: import 0.50 s. All kernels compile anew in 17.0 s of CPU.")
    assert "anew" not in report.cold_sections(rows[:1])[0]
    parts = pd.DataFrame({"setting": [f"all kernels, compiled: {name}" for name in "ab"], "median_s": [4.0, 12.0]})
    assert report.cold_sections(pd.concat([rows, parts], ignore_index=True))[0].endswith(
        "17.0 s of CPU (b 75%, a 25%)."
    )


@pytest.mark.skipif(not (RESULTS / "benchmarks.csv").exists(), reason="no full run is committed")
def test_pages_show_the_committed_results():
    page = report.page(RESULTS)
    assert (RESULTS / "benchmarks.md").read_text() == page
    assert "```{include} ../results/benchmarks.md\n```" in (ROOT / "docs/benchmarks.md").read_text()
    speed = report.speed(RESULTS)
    assert (RESULTS / "speed.md").read_text() == speed
    assert (ROOT / "README.md").read_text().partition(INCLUDE)[2].startswith(speed + "<!-- end -->")


@pytest.mark.torch
def test_a_row_of_the_live_cache():
    pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)
    row = import_module("live_cache").row
    found = row("what", "unit", "<= 3", [2.0, 4.0, 9.0], [1.0, 4.0, 3.0])
    assert found == {"what": "what", "unit": "unit", "bound": "<= 3"} | {
        "best": 2.0, "median": 4 / 3, "low": 1.5, "high": 2.5, "rounds": 3,
    }  # fmt: skip
    alone = row("what", "ms", "<= 10", [5.0, 1.0])
    assert (alone["best"], alone["median"], alone["low"], alone["high"], alone["rounds"]) == (1, 3, 2, 4, 2)


def test_ratios_to_another_commit_are_shown_by_trace_and_policy():
    said = {"setting": "abc", "repeats": 5, "best_s": 1.0, "ratio": 1.5, "ratio_low": 1.25, "ratio_high": 2.0}
    zipf, loop = ({"trace": name, "n_accesses": 1000, **said} for name in ("zipf", "loop"))
    rows = [
        {**zipf, "policy": "opt", "capacity": 10, "sizes": 1},
        {**loop, "policy": "lru", "capacity": 20, "sizes": 1, "ratio": 0.5},
        {**zipf, "policy": "fifo", "sizes": 16, "ratio": 2.25},
        {**said, "policy": "first curve", "ratio_low": 1.5, "ratio_high": 1.5},
    ]
    head, single, several, rest = report.before_sections(pd.DataFrame(rows))
    assert "**Beside commit abc**" in head
    assert "5 rounds" in head
    assert ["zipf, 1,000", "10", "1.50× (1.25 … 2.00)", "–"] in cells(single)
    assert ["loop, 1,000", "20", "–", "0.50× (1.25 … 2.00)"] in cells(single)
    assert several.startswith("`hit_curve` at 16 sizes")
    assert ["`fifo`", "2.25× (1.25 … 2.00)"] in cells(several)
    assert rest == "first curve: 1.00 s, 1.50×."


def test_no_other_commit_is_guessed():
    with pytest.raises(SystemExit, match="BEFORE=commit"):
        next(before.rows())
