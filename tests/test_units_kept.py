"""Sizes in bytes outside of memory: in stores, on the command line and in figures; and what is refused."""

import io
import json
from functools import partial
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import numba
import numpy as np
import pandas as pd
import pytest
import sized_lru
from swept import counted, lines, weighed

from simcache import Trace, hit_curve, plot, policies, simulate, store, sweep, sweeps, synth
from simcache.cli import main

WEB = weighed(1)
PLAIN = Trace(WEB.ids, 40, "plain")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


# ---------------------------------------------------------------- stores


def test_a_store_keeps_both_units_apart():
    grid = ([WEB, partial(weighed, 2)], [sized_lru], [0.5, 0.1])
    for unit in ("items", "bytes", "bytes", "items"):
        table = sweep(*grid, unit=unit, store="s")
        pd.testing.assert_frame_equal(table, sweep(*grid, unit=unit))
        assert table["byte_hit_rate"].notna().all()
    assert len(counted(Path("s"))) == 8
    assert set(counted(Path("s")).values()) == {1}
    sweep(*grid[:2], capacities=["1 kB", 20], unit="bytes", store="s")
    sweep(*grid[:2], capacities=[20], store="s")
    read = store.read("s")
    assert len(read) == 8 + 4 + 2 - 2  # half of the items, asked for in two ways
    key = ["trace_seed", "unit", "capacity"]
    assert (
        read.sort_values(["unit"], ascending=False, kind="stable").groupby("trace_seed")["unit"].nunique().eq(2).all()
    )
    for unit in ("items", "bytes"):
        expected = sweep(*grid, unit=unit).sort_values(key, ignore_index=True)
        found = read[read["unit"] == unit].merge(expected[key])[expected.columns]
        pd.testing.assert_frame_equal(found.sort_values(key, ignore_index=True), expected)


def test_only_what_is_new_in_bytes_is_run():
    assert sweeps.tally([WEB], [sized_lru], [0.1, 0.2], unit="bytes", store="s").to_run == 2
    sweep([WEB], [sized_lru], [0.1], unit="bytes", store="s")
    assert sweeps.tally([WEB], [sized_lru], [0.1, 0.2], unit="bytes", store="s")[:2] == (2, 1)
    assert sweeps.tally([WEB], [sized_lru], [0.1, 0.2], store="s")[:2] == (2, 0)


def test_lines_of_traces_without_sizes_are_as_they_ever_were():
    """A store of before sizes: the same keys, no word of bytes; and none of bytes is read as one of items."""
    table = sweep([PLAIN], ["lru"], [0.1], store="s")
    (line,) = lines(Path("s"))
    assert set(line) == {"key", "trace", "policy", "code", "seed", "draws", "fractions", "capacity", "hits", "warm"}
    assert set(line["trace"]) == {"name", "n_items", "accesses", "warmup", "source", "call"}
    pd.testing.assert_frame_equal(store.read("s"), table)
    sweep([WEB], [sized_lru], [0.1], unit="bytes", store="t")
    (line,) = lines(Path("t"))
    assert line["trace"]["n_bytes"] == WEB.n_bytes
    assert line["trace"]["accessed"] == WEB.bytes_accessed
    assert "byte_fractions" in line
    assert not {"fractions", "capacities"} & set(line)  # which a simcache of before would read


@pytest.mark.parametrize("change", [[-1], [0.5], [1, 2], [2**94], None])
def test_a_line_with_other_bytes_is_passed_over(change):
    table = sweep([WEB], [sized_lru], [0.1], unit="bytes", store="s")
    (journal,) = Path("s").glob("*.jsonl")
    first, line = journal.read_text().splitlines()
    journal.write_text("\n".join([first, json.dumps(json.loads(line) | {"bytes": change}), line, ""]))
    with pytest.warns(RuntimeWarning, match="line 2 of .* cannot be read and is passed over"):
        pd.testing.assert_frame_equal(store.read("s"), table)


def test_vast_bytes_come_back():
    trace = Trace([0, 1, 0, 1, 0], 2, sizes=[2**62, 2**62 - 1])
    table = sweep([trace], [sized_lru], capacities=["8 EiB"], unit="bytes", store="s")
    assert json.dumps(lines(Path("s"))[0]["bytes"]) == f"[{3 * 2**62 - 1}]"
    pd.testing.assert_frame_equal(sweep([trace], [sized_lru], capacities=["8 EiB"], unit="bytes", store="s"), table)
    pd.testing.assert_frame_equal(store.read("s"), table)


def test_an_edited_kernel_for_sizes_is_another(monkeypatch):
    grid = {"traces": [WEB], "policies": [sized_lru], "fractions": [0.1], "unit": "bytes", "store": "s"}
    sweep(**grid)

    @numba.njit
    def sized(ids, sizes, n_items, capacity, seed, patient=False):
        return ids < 0

    with monkeypatch.context() as edited:
        edited.setattr(sized_lru, "sized", sized)
        assert sweep(**grid)["hits"].tolist() == [0]
        assert store.read("s")["hits"].tolist() == [0]
    sweep([WEB], ["lru"], [0.1], store="s")
    sweep([WEB], [sized_lru], [0.1], store="s")  # of another code than that for bytes
    assert store.read("s")[["policy", "unit"]].to_numpy().tolist() == [
        ["lru", "items"], ["sized_lru", "bytes"], ["sized_lru", "items"],
    ]  # fmt: skip


# ---------------------------------------------------------------- the command line


@pytest.fixture
def run(capsys):
    """What a command prints, once it has ended with that exit code."""

    def go(*arguments, code=0):
        capsys.readouterr()
        assert main([str(each) for each in arguments]) == code
        return capsys.readouterr()

    return go


@pytest.fixture
def able(monkeypatch):
    """A policy of the command line's that takes sizes, whatever others do."""
    monkeypatch.setattr(policies.load("lru"), "kernel", sized_lru.kernel)
    monkeypatch.setattr(policies.load("lru"), "sized", sized_lru.sized, raising=False)
    monkeypatch.delattr(policies.load("lru"), "curve")
    return "lru"


GRID = """
policies = ["lru"]
{}
[[traces]]
file = "web.npz"
"""


def test_every_command_takes_bytes(run, able):
    WEB.save("web.npz")
    read = partial(pd.read_csv, dtype={"hits": "Int64"})
    out = run("simulate", "web.npz", able, "--capacity", "1.5 kB", "--unit", "bytes").out
    expected = hit_curve(WEB, able, [1500], unit="bytes")
    pd.testing.assert_frame_equal(read(io.StringIO(out)), expected)
    out = run("curve", "web.npz", able, "--capacities", "1kB,900,2 KiB", "--unit", "bytes").out
    pd.testing.assert_frame_equal(read(io.StringIO(out)), hit_curve(WEB, able, [1000, 900, 2048], unit="bytes"))
    out = run("curve", "web.npz", able, "--fractions", ".1,.5", "--unit", "bytes").out
    pd.testing.assert_frame_equal(read(io.StringIO(out)), sweep([WEB], [able], [0.1, 0.5], unit="bytes"))
    for sizes, given in (
        ("capacities = ['1 kB', 900]", {"capacities": [1000, 900]}),
        ("fractions = [0.1]", {"fractions": [0.1]}),
    ):
        Path("grid.toml").write_text(GRID.format(f"unit = 'bytes'\n{sizes}"))
        out = run("sweep", "grid.toml", "--store", "s").out
        pd.testing.assert_frame_equal(read(io.StringIO(out)), sweep([WEB], [able], unit="bytes", **given))
    for suffix in (".csv", ".json", ".parquet"):
        run("curve", "web.npz", able, "--unit", "bytes", "-o", f"t{suffix}")
        run("table", f"t{suffix}", "--columns", "capacity,unit,byte_hit_rate", "-o", f"t{suffix}.md")
        run("table", f"t{suffix}", "-o", f"usual{suffix}.md")
    assert len({Path(f"t{suffix}.md").read_text() for suffix in (".csv", ".json", ".parquet")}) == 1
    head = Path("usual.csv.md").read_text().splitlines()[0]
    assert [each.strip() for each in head.strip("|").split("|")][-6:] == [
        "policy", "capacity", "unit", "fraction", "hit rate", "byte hit rate",
    ]  # fmt: skip
    run("plot", "t.csv", "--x", "capacity", "--bytes", "-o", "f.svg")
    assert "wrote" in run("table", "t.csv", "-o", "t.tex").out


def test_a_narrow_terminal_shows_bytes_first():
    from test_cli import shown

    told, _, left = shown(sweep([WEB], [sized_lru], [0.1], unit="bytes"), 65).partition("not shown")
    assert all(name in told for name in ("policy", "capacity", "unit", "hit_rate", "byte_hit_rate"))
    assert "trace" in left
    told, _, left = shown(sweep([PLAIN], [sized_lru], [0.1]), 65).partition("not shown")
    assert "unit" not in told
    assert "unit, " in left


BAD = {
    "simulate plain.npz lru --capacity 1GB --unit bytes": "bytes need the size of each item",
    "simulate web.npz lru --capacity 1GB": "got '1GB'; a size in bytes needs unit='bytes'",
    "simulate web.npz lru --capacity 1G --unit bytes": "did you mean '1 GB' or '1 GiB'? got '1G'",
    "simulate web.npz lru --capacity 0GB --unit bytes": "capacity must be a whole number of bytes >= 1",
    "simulate web.npz lru --capacity 0 --unit bytes": "capacity must be a whole number of bytes >= 1",
    "simulate web.npz lru --capacity -1GB --unit bytes": "or a text like '25 GB' or '1.5 GiB' (B, kB … EB",
    "simulate web.npz lru --capacity '1e3 B' --unit bytes": "or a text like '25 GB' or '1.5 GiB' (B, kB … EB",
    "simulate web.npz lru --capacity '\u0663 GB'": "got '\u0663 GB'; a size in bytes needs unit='bytes'",
    "curve web.npz lru --capacities 5,1e3B --unit bytes": "or a text like '25 GB' or '1.5 GiB' (B, kB … EB",
    "simulate web.npz lru --capacity many --unit bytes": "must be a whole number, got 'many'",
    "simulate web.npz lru --capacity 5 --unit byte": "'byte' is not one of 'items', 'bytes'",
    "simulate web.npz opt --capacity 5 --unit bytes -o o.csv": "a policy must have a kernel `sized` to count bytes",
    "simulate web.npz lru --fraction 2 --unit bytes": "fractions must be numbers in (0, 1], got 2.0",
    "simulate vast.npz lru --capacity 5 --unit bytes": "items must be of 2^63 - 1 bytes at most together",
    "curve web.npz lru --capacities 1GB,x --unit bytes": "capacities must be whole numbers",
    "curve web.npz lru --capacities 1GB -o o.csv": "a size in bytes needs unit='bytes'",
    "curve plain.npz lru --unit bytes": "bytes need the size of each item",
    "curve web.npz opt lru --unit bytes -o o.parquet": "to count bytes",
    "sweep unit.toml": "unit: unit must be 'items' or 'bytes'; did you mean 'bytes'? got 'byte'",
    "sweep text.toml": "capacities: capacity must be a whole number of items >= 1, got '1 GB'; a size in bytes",
    "sweep able.toml": "policies: a policy must have a kernel `sized` to count bytes",
    "sweep hint.toml -o o.csv": "capacities: a capacity in bytes must be a whole number or a text like",
    "plot both.csv -o o.pdf": "cache sizes of one picture must be of one unit",
    "plot bytes.csv --warm --bytes -o o.pdf": "plot must be given at most one of --warm and --bytes",
    "plot plain.csv --bytes -o o.pdf": "byte_hit_rate must have values",
}


def test_what_is_refused_costs_one_line_and_leaves_no_file(run, able):
    WEB.save("web.npz")
    PLAIN.save("plain.npz")
    Trace([0, 1], 2, sizes=[2**62, 2**62]).save("vast.npz")
    Path("unit.toml").write_text(GRID.format("unit = 'byte'\ncapacities = [5]"))
    Path("text.toml").write_text(GRID.format("capacities = ['1 GB']"))
    Path("hint.toml").write_text(GRID.format("unit = 'bytes'\ncapacities = ['1 gigabyte']"))
    Path("able.toml").write_text(GRID.format("unit = 'bytes'\ncapacities = [5]").replace("lru", "opt"))
    hit_curve(PLAIN, able).to_csv("plain.csv")
    hit_curve(WEB, able, unit="bytes").to_csv("bytes.csv")
    pd.concat([hit_curve(WEB, able, unit=unit) for unit in ("items", "bytes")]).to_csv("both.csv")
    before = sorted(Path().iterdir())
    for command, words in BAD.items():
        import shlex

        found = run(*shlex.split(command), code=2)
        assert words in found.err, (command, found.err)
        assert (found.out, found.err.count("\n")) == ("", 1), command
        assert sorted(Path().iterdir()) == before


# ---------------------------------------------------------------- refused by the library


def module(**parts):
    found = ModuleType("mine")
    vars(found).update(parts)
    return found


@numba.njit
def of_others(ids, sizes, n_items, capacity, seed):
    return ids < 0


@numba.njit
def writes(ids, sizes, n_items, capacity, seed, patient=False):
    sizes[0] = 1
    return ids < 0


@numba.njit
def raises(ids, sizes, n_items, capacity, seed, patient=False):
    if ids.size > 7:
        raise ValueError("enough")
    return ids < 0


@numba.njit
def counts(ids, sizes, n_items, capacity, seed, patient=False):
    return ids


def taking(function):
    """A policy with that kernel for sizes."""
    return module(kernel=sized_lru.kernel, sized=function)


def plainly(ids, capacity, seed):
    for _ in ids:
        yield False


IN = {"unit": "bytes"}
REFUSED = [
    (lambda: simulate(WEB, sized_lru, 5, unit="byte"), "must be 'items' or 'bytes'; did you mean 'bytes'? got 'byte'"),
    (lambda: hit_curve(WEB, sized_lru, unit=None), "unit must be 'items' or 'bytes'; got None"),
    (lambda: sweep([WEB], [sized_lru], [0.1], unit=["bytes"]), "unit must be 'items' or 'bytes'; got ['bytes']"),
    (lambda: simulate(PLAIN, sized_lru, 5, **IN), "bytes need the size of each item, as Trace(…, sizes=…)"),
    (lambda: hit_curve(PLAIN, sized_lru, **IN), "got none for trace 'plain'"),
    (lambda: sweep([WEB, PLAIN], [sized_lru], [0.1], **IN), "got none for trace 'plain'"),
    (lambda: sweep([partial(synth.loop, 5, 9)], [sized_lru], [0.1], **IN), "got none for trace"),
    (lambda: simulate(WEB, "opt", 5, **IN), "got 'opt'"),
    (lambda: hit_curve(WEB, ("opt", {"bypass": True}), **IN), "to count bytes"),
    (lambda: sweep([WEB], [sized_lru, "pin"], [0.1], **IN), "must have a kernel `sized` to count bytes"),
    (lambda: simulate(WEB, "25 GB", 5, **IN), "unknown policy '25 GB'"),
    (lambda: simulate(WEB, sized_lru, "25 GB"), "got '25 GB'; a size in bytes needs unit='bytes'"),
    (lambda: sweep([WEB], [sized_lru], capacities=["25 GB"]), "items >= 1, got '25 GB'; a size in bytes"),
    (lambda: hit_curve(WEB, sized_lru, "25 GB", **IN), "must be a list of whole numbers of bytes"),
    (lambda: sweep([WEB], [sized_lru], capacities="25 GB", **IN), "must be a list, got '25 GB' alone"),
    (lambda: sweep([WEB], [sized_lru], ["25 GB"], **IN), "fractions must be numbers in (0, 1], got '25 GB'"),
    (lambda: simulate(WEB, sized_lru, 0, **IN), "whole number of bytes >= 1 for trace 'web'"),
    (lambda: simulate(WEB, sized_lru, 2.5, **IN), "capacity must be a whole number of bytes >= 1"),
    (lambda: hit_curve(WEB, sized_lru, [0.5], **IN), "got 0.5; sweep takes fractions"),
    (lambda: hit_curve(WEB, sized_lru, [5, -1], **IN), "capacity must be a whole number of bytes >= 1"),
    (lambda: hit_curve(WEB, sized_lru, sample=0.5, **IN), "a sample is one of items: unit must be 'items'"),
    (lambda: simulate(WEB, taking(True), 5, **IN), "numba.njit and take (ids"),
    (lambda: simulate(WEB, taking(sized_lru.sized_reference), 5, **IN), "compiled"),
    (lambda: simulate(WEB, taking(of_others), 5, **IN), "seed, patient) for policy"),
    (lambda: simulate(WEB, taking(writes), 5, **IN), "policy 'mine' must compile; Numba refuses line"),
    (lambda: simulate(WEB, taking(raises), 5, **IN), "enough, raised by policy 'mine' at access 7"),
    (lambda: simulate(WEB, taking(counts), 5, **IN), "a kernel must return one bool per access, 600 for policy 'mine'"),
    (lambda: simulate(WEB, plainly, 5, **IN), "a policy must have a kernel `sized` to count bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_who_can_count_bytes_is_found_by_loading(monkeypatch):
    monkeypatch.setattr(policies.load("wtinylfu"), "sized", sized_lru.sized, raising=False)
    with pytest.raises(ValueError, match=r"\(.*\bwtinylfu do\), got 'opt\(bypass=True\)'"):
        simulate(WEB, "opt", 5, unit="bytes", bypass=True)


def test_unit_is_no_parameter_of_a_policys():
    @numba.njit
    def kernel(ids, n_items, capacity, seed, unit=1):
        return ids < 0

    with pytest.raises(TypeError, match="not be named seed, warmup, sample, repeats, unit, got 'unit'"):
        simulate(WEB, kernel, 5)


# ---------------------------------------------------------------- figures


@pytest.fixture
def axes():
    with plot.style("page"):
        fig, found = plt.subplots(1, 2)
        yield found
        plt.close(fig)


def test_axes_say_what_sizes_count(axes):
    table = hit_curve(WEB, sized_lru, unit="bytes")
    plot.hit_curves(axes[0], table, x="capacity", y="byte_hit_rate", miss=True)
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == ("cache size (bytes)", "byte miss ratio (cold misses count)")
    plot.hit_curves(axes[1], table)
    assert axes[1].get_xlabel() == "cache size / all bytes"
    np.testing.assert_array_equal(axes[1].lines[0].get_ydata(), table["hit_rate"])
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), 1 - table["byte_hit_rate"])


def test_a_table_of_before_still_draws(axes):
    table = hit_curve(PLAIN, "lru").drop(columns=["unit", "byte_hit_rate"])
    plot.hit_curves(axes[0], table, x="capacity")
    plot.overlay(axes[1], table, {})
    assert (axes[0].get_xlabel(), axes[1].get_xlabel()) == ("cache size (items)", "cache size / items")
    joined = pd.concat([table, hit_curve(PLAIN, "fifo")], ignore_index=True)
    plot.hit_curves(axes[0], joined)
    in_bytes = hit_curve(Trace(WEB.ids, 40, "plain", sizes=WEB.sizes), sized_lru, unit="bytes")
    with pytest.raises(ValueError, match="of one unit"):  # what says no unit counts items
        plot.hit_curves(axes[0], pd.concat([table, in_bytes]))
    unnamed = pd.concat([table, hit_curve(PLAIN, "fifo"), in_bytes], ignore_index=True)
    plot.hit_curves(axes, unnamed, x="capacity", by="unit")
    assert [ax.get_title() for ax in axes] == ["unit = items", "unit = bytes"]
    other = in_bytes.assign(trace="other")
    fig, panels = plot.facets(pd.concat([table, other], ignore_index=True), x="capacity")
    plt.close(fig)
    assert [ax.get_xlabel() for ax in panels] == ["cache size (items)", "cache size (bytes)"]
    assert panels[0].get_xlim()[1] < 100 < other["capacity"].max() <= panels[1].get_xlim()[1]  # axes of their own


def test_units_are_not_mixed_but_stand_side_by_side(axes):
    table = pd.concat([sweep([WEB], [sized_lru], [0.1, 0.5], unit=unit) for unit in ("items", "bytes")])
    for draw in (
        lambda: plot.hit_curves(axes[0], table),
        lambda: plot.overlay(axes[0], table, {}),
        lambda: plot.heatmap(axes[0], table, x="fraction", y="alpha"),
        lambda: plot.gap(axes[0], table, x="fraction", y="alpha"),
    ):
        with pytest.raises(ValueError, match=r"of one unit .*by='unit'.*, got items and bytes"):
            draw()
    plot.hit_curves(axes, table, x="capacity", by="unit")
    assert [ax.get_title() for ax in axes] == ["unit = items", "unit = bytes"]
    assert [ax.get_xlabel() for ax in axes] == ["cache size (items)", "cache size (bytes)"]
    for x, names in (
        ("fraction", ["cache size / items", "cache size / all bytes"]),
        ("capacity", ["cache size (items)", "cache size (bytes)"]),
    ):
        fig, panels = plot.facets(table, by="unit", x=x, columns=1)
        plt.close(fig)
        assert [ax.get_xlabel() for ax in panels] == names


def test_across_policies_hit_rates_are_spread_in_bytes_too(run):
    table = sweep([WEB], [sized_lru, "gdsf"], [0.1, 0.5], unit="bytes")
    table.to_csv("t.csv", index=False)
    run("table", "t.csv", "--across", "policy", "-o", "m.csv")
    found = pd.read_csv("m.csv")
    assert found.columns.tolist() == ["trace", "capacity", "unit", "fraction", "sized_lru", "gdsf"]
    for policy in ("sized_lru", "gdsf"):
        rates = table[table["policy"] == policy]["hit_rate"].to_numpy()
        np.testing.assert_array_equal(found[policy], rates.round(3))


def test_a_mean_over_seeds_has_its_byte_rate(run):
    pd.concat([sweep([weighed(seed)], [sized_lru], [0.1]) for seed in (1, 2)]).to_csv("t.csv", index=False)
    run("table", "t.csv", "--columns", "policy,byte_hit_rate", "-o", "m.csv")
    found = pd.read_csv("m.csv")
    rates = [sweep([weighed(seed)], [sized_lru], [0.1])["byte_hit_rate"][0] for seed in (1, 2)]
    assert found["byte_hit_rate"].tolist() == [round(np.mean(rates), 3)]
    assert found["byte_hit_rate ±"][0] > 0
