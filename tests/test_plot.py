"""What plot draws is what the table says, in files that never change, and nothing is left behind."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from threading import Thread

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PatchCollection, PolyCollection
from scipy import stats

from simcache import hit_curve, plot, policies, sweep, synth
from simcache.plot.looks import DRAWING, OTHERS, POLICIES, looks, power, scale
from simcache.tables import default_capacities
from simcache.trace import COLUMNS


@pytest.fixture
def ax():
    with plot.style("column"):
        fig, ax = plt.subplots()
        yield ax
        plt.close(fig)


def simulation(policy="lru", rate=0.5, *, trace="t", fraction=0.1, seed=0, **more):
    given = {
        "trace": trace, "policy": policy, "capacity": round(100 * fraction), "unit": "items",
        "fraction": fraction, "seed": seed, "accesses": 1000, "hits": round(1000 * rate), "hit_rate": rate,
        "warmup": 0, "hit_rate_warm": rate, "byte_hit_rate": np.nan, "low": rate, "high": rate, "exact": True,
    }  # fmt: skip
    assert tuple(given) == COLUMNS
    return given | more


def frame(*rows):
    return pd.DataFrame(list(rows))


@pytest.fixture(scope="module")
def swept():
    traces = [synth.zipf(50, 2000, alpha, seed=k) for k, alpha in enumerate((0.0, 0.5, 1.0))]
    return sweep(traces, ["opt", ("opt", {"bypass": True}), "lru", "rr"], [0.1, 0.4, 0.9], seeds=(0, 1, 2))


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


# ---------------------------------------------------------------- curves


@pytest.mark.parametrize("miss", [False, True])
@pytest.mark.parametrize("x", ["fraction", "capacity"])
def test_lines_are_the_tables_numbers(swept, x, miss):
    names = swept["trace"].unique()
    fig, axes = plt.subplots(1, 3)
    plot.hit_curves(axes, swept.sample(frac=1, random_state=0).sort_values("trace", kind="stable"), x=x, miss=miss)
    for ax, trace in zip(axes, sorted(names), strict=True):
        drawn = lines(ax)
        assert ax.get_title() == trace
        assert list(drawn) == ["OPT", "OPT (bypass)", "LRU", "RR"]
        for label, policy in (("OPT", "opt"), ("LRU", "lru"), ("RR", "rr")):
            rows = swept[(swept["trace"] == trace) & (swept["policy"] == policy)]
            want = rows.groupby(x)["hit_rate"].mean()
            np.testing.assert_array_equal(drawn[label].get_xdata(), want.index)
            np.testing.assert_allclose(drawn[label].get_ydata(), 1 - want if miss else want, rtol=1e-12)
    plt.close(fig)


@pytest.mark.parametrize("seed", ["seed", "trace_seed", "repeat_seed"])
@pytest.mark.parametrize("miss", [False, True])
def test_seeds_are_averaged_within_a_band_of_the_means_interval(ax, seed, miss):
    rates = (0.4, 0.5, 0.45)
    table = frame(*(simulation("rr", r, fraction=f) | {seed: s} for f in (0.1, 0.2) for s, r in enumerate(rates)))
    plot.hit_curves(ax, table, miss=miss)
    mean = 0.55 if miss else 0.45
    np.testing.assert_allclose(lines(ax)["RR"].get_ydata(), [mean, mean])
    [band] = [artist for artist in ax.collections if isinstance(artist, PolyCollection)]
    heights = band.get_paths()[0].vertices[:, 1]
    want = stats.t.interval(0.95, 2, mean, stats.sem(rates))
    np.testing.assert_allclose((heights.min(), heights.max()), want)


def test_traces_that_differ_by_seed_alone_share_a_panel(ax):
    traces = [synth.repeat(synth.zipf(50, 500, 1.0, seed=s), 0.2, seed=s + 7) for s in range(4)]
    table = sweep(traces, ["lru", "rr"], [0.1, 0.5], seeds=(0, 1))
    plot.hit_curves(ax, table)
    for label, policy in (("LRU", "lru"), ("RR", "rr")):
        want = table[table["policy"] == policy].groupby("fraction")["hit_rate"].mean()
        np.testing.assert_allclose(lines(ax)[label].get_ydata(), want)


def test_a_table_of_ones_own_means_is_enough(ax, swept):
    means = swept.groupby(["policy", "alpha", "fraction"])["hit_rate"].mean().reset_index()
    fig, axes = plt.subplots(1, 3)
    plot.hit_curves(axes, means)
    assert [ax.get_title() for ax in axes] == ["alpha 0.0", "alpha 0.5", "alpha 1.0"]
    for kind in ({"policy": "rr"}, {"policy": "rr", "value": "hit_rate"}):
        drawn = [plot.heatmap(ax, table, x="fraction", y="alpha", **kind) for table in (means, swept)]
        np.testing.assert_allclose(*(mesh.get_array() for mesh in drawn))
        ax.clear()
    drawn = [plot.gap(ax, table, x="fraction", y="alpha") for table in (means, swept)]
    np.testing.assert_allclose(*(mesh.get_array() for mesh in drawn), atol=1e-12)
    ax.clear()
    plot.hit_curves(ax, means.loc[means["alpha"] == 0.5, ["policy", "fraction", "hit_rate"]])
    assert ax.get_title() == ""
    assert ax.get_ylabel() == "hit rate (cold misses count)"
    plt.close(fig)


@pytest.mark.parametrize(("miss", "want"), [(False, (0.3, 0.6)), (True, (0.4, 0.7))])
def test_bounds_are_shown_where_a_row_is_not_exact(ax, miss, want):
    bounded = {"low": 0.3, "high": 0.6, "exact": False, "hits": pd.NA}
    plot.hit_curves(ax, frame(simulation(), simulation(fraction=0.2, **bounded)), miss=miss)
    [band] = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose((heights.min(), heights.max()), want)


def test_no_band_where_all_is_exact(ax):
    plot.hit_curves(ax, frame(simulation(), simulation(fraction=0.2)))
    assert not ax.collections


def test_labels_say_what_is_drawn_and_whether_cold_misses_count(ax):
    warm = frame(simulation(warmup=100))
    plot.hit_curves(ax, warm)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("cache size / items", "hit rate (cold misses count)")
    plot.hit_curves(ax, warm, x="capacity", y="hit_rate_warm", miss=True)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("cache size (items)", "miss ratio (after warm-up)")
    plot.hit_curves(ax, frame(simulation(warmup=0)), y="hit_rate_warm")  # no warm-up: nothing was left out
    assert ax.get_ylabel() == "hit rate (cold misses count)"


def test_size_is_logarithmic_for_capacities_unless_told(ax):
    table = frame(simulation())
    for x, log, kind in (
        ("fraction", None, "linear"),
        ("capacity", None, "log"),
        ("fraction", True, "log"),
        ("capacity", False, "linear"),
    ):
        plot.hit_curves(ax, table, x=x, log=log)
        assert ax.get_xscale() == kind


def test_thousands_have_a_letter():
    labels = {0.01: "0.01", 1: "1", 999: "999", 1e3: "1k", 25e3: "25k", 1e6: "1M", 1e9: "1G", 1e12: "1e+12"}
    assert [power(value, None) for value in labels] == [*labels.values()]


def test_labels_between_powers_are_written_as_those(ax):
    scale(ax, "x", "log")
    ax.set_xlim(20, 60)
    ticks = zip(ax.get_xticks(minor=True), ax.get_xticklabels(which="minor"), strict=True)  # some of them out of view
    labels = [label.get_text() for x, label in ticks if 20 <= x <= 60 and label.get_text()]
    assert {"20", "30", "40"} <= set(labels)
    assert all(text.isdecimal() for text in labels)


def test_settings_are_of_one_thread_at_a_time():
    """Else each of two would take the other's for the user's own, and bring them back."""
    free = []

    def look():
        free.append(DRAWING.acquire(blocking=False))
        if free[-1]:
            DRAWING.release()

    def looked():
        thread = Thread(target=look)
        thread.start()
        thread.join()

    with plot.style("page"), plot.style("column"):  # of one thread any number
        looked()
    looked()
    with pytest.raises(ZeroDivisionError), plot.style():
        1 / 0  # noqa: B018
    looked()
    assert free == [False, True, True]


def test_policies_are_chosen_in_the_order_named(ax):
    plot.hit_curves(ax, frame(simulation("lru"), simulation("opt"), simulation("fifo")), policies=["fifo", "opt"])
    assert list(lines(ax)) == ["FIFO", "OPT"]


def test_traces_of_one_name_are_told_apart_by_their_source():
    fig, axes = plt.subplots(2)
    plot.hit_curves(axes, frame(simulation(jump=0.5, trace_seed=0), simulation(jump=0.1, trace_seed=0)))
    assert [ax.get_title() for ax in axes] == ["t, jump 0.5", "t, jump 0.1"]
    plt.close(fig)


def test_few_sizes_are_all_marked_and_each_marker_shows_around_the_next(ax):
    table = frame(*(simulation(p, fraction=f) for p in ("opt", "pin", "lru") for f in (0.1, 0.25, 0.5, 0.75, 0.9)))
    plot.hit_curves(ax, table)
    marked = list(lines(ax).values())
    assert all(line.get_markevery() is None for line in marked)
    assert all(line.get_markerfacecolor() == "none" and line.get_markeredgewidth() > 0 for line in marked)
    sizes = [line.get_markersize() for line in marked]
    assert sizes == sorted(set(sizes), reverse=True)
    ax.clear()
    plot.hit_curves(ax, frame(*(simulation(fraction=f) for f in np.linspace(0.05, 1, 13))))
    assert lines(ax)["LRU"].get_markevery() is not None


def test_two_fractions_of_one_capacity_are_one_point(ax):
    plot.hit_curves(
        ax, frame(simulation(capacity=1, fraction=0.1), simulation(capacity=1, fraction=0.11)), x="capacity"
    )
    assert lines(ax)["LRU"].get_xdata().tolist() == [1]


def test_rows_given_twice_are_drawn_once(ax):
    table = frame(simulation(fraction=0.1), simulation(fraction=0.2))
    plot.hit_curves(ax, pd.concat([table, table]))
    assert lines(ax)["LRU"].get_xdata().tolist() == [0.1, 0.2]


def test_a_curve_and_a_table_read_back_from_csv_draw_the_same(ax, tmp_path):
    table = hit_curve(synth.zipf(50, 1000, 1.0), "lru")
    table.to_csv(tmp_path / "t.csv", index=False)
    plot.hit_curves(ax, table)
    plot.hit_curves(ax, pd.read_csv(tmp_path / "t.csv"))
    one, other = ax.get_lines()
    np.testing.assert_allclose(one.get_xydata(), other.get_xydata())


# ---------------------------------------------------------------- looks


def test_every_policy_is_told_by_dash_and_by_marker_alone():
    labels = [*POLICIES, "lfu(perfect=True)", "mine", "yours", "sieve"]
    found = looks(labels)
    assert len({str(look["linestyle"]) for look in found.values()}) == len(labels)
    assert len({look["marker"] for look in found.values()}) == len(labels)


def test_a_policy_has_one_colour_whatever_its_parameters_and_nothing_else_has_it():
    found = looks([*POLICIES, "lfu(perfect=True)", "opt(bypass=True)"])
    for label, look in found.items():
        assert look["color"] == found[label.partition("(")[0]]["color"]
    colours = {look["color"] for look in found.values()}
    assert len(colours) == len({label.partition("(")[0] for label in found})
    assert not colours & set(OTHERS)
    assert len(set(OTHERS)) == len(OTHERS)


def test_every_policy_of_the_package_has_a_look_of_its_own():
    labels = sorted({*policies.names(), *POLICIES})
    found = looks(labels)
    for told_by in ("linestyle", "marker"):
        assert len({str(look[told_by]) for look in found.values()}) == len(labels)
    for label in labels:
        assert looks([label])[label] == looks([label, "mine", "yours"])[label] == found[label]
        strokes = [(str(look["linestyle"]), look["marker"]) for look in looks([label, "mine", "yours"]).values()]
        assert len(set(strokes)) == 3


def test_a_look_does_not_depend_on_its_company():
    assert looks(["mine", "lru"])["lru"] == looks(["opt", "lru"])["lru"]
    assert looks(["mine"]) == {"mine": looks(["lru", "mine", "opt"])["mine"]}
    assert looks(["lfu(perfect=True)"])["lfu(perfect=True)"]["color"] == looks(["lfu"])["lfu"]["color"]
    assert len(looks([f"policy{k}" for k in range(40)])) == 40
    many = ["arc", "clock", "lecar", "mru", "s3fifo", "sieve", "slru", "twoq"]  # of eight strokes, so that some meet
    assert looks(many) == looks(many[::-1])


def test_one_legend_names_each_policy_once(swept):
    with plot.style("page"):
        fig, axes = plt.subplots(1, 3)
        plot.hit_curves(axes, swept)
        texts = [text.get_text() for text in plot.legend(fig).get_texts()]
        plt.close(fig)
    assert texts == ["OPT", "OPT (bypass)", "LRU", "RR"]


def test_style_sets_the_width_and_leaves_no_setting_behind():
    before = dict(mpl.rcParams)
    for width, inches in (("column", 3.35), ("page", 7.0)):
        with plot.style(width) as size:
            fig = plt.figure()
            assert size[0] == fig.get_figwidth() == inches
            assert mpl.rcParams["font.size"] == 8
            plt.close(fig)
    with pytest.raises(RuntimeError), plot.style():
        raise RuntimeError
    assert dict(mpl.rcParams) == before


def test_a_backend_loaded_within_a_style_goes_on_showing_figures():
    """As a notebook's does, at the first figure: it turns on what shows each figure as its cell ends."""
    assert not mpl.is_interactive()
    with mpl.rc_context():
        with plot.style():
            mpl.interactive(True)
        assert mpl.is_interactive()


def test_style_overrides_the_users_own_settings():
    with mpl.rc_context({"lines.linewidth": 9, "axes.grid": True}), plot.style():
        assert not mpl.rcParams["axes.grid"]


def test_drawing_opens_no_figure_and_keeps_no_setting(ax, swept, tmp_path):
    open_before, before = plt.get_fignums(), dict(mpl.rcParams)
    table = swept[swept["trace"] == swept["trace"].iloc[0]]
    plot.hit_curves(ax, table)
    plot.save(ax.figure, tmp_path / "f.png")
    ax.clear()
    plot.gap(ax, swept, x="fraction", y="alpha")
    assert plt.get_fignums() == open_before
    assert dict(mpl.rcParams) == before


# ---------------------------------------------------------------- heatmaps


def test_heatmap_cells_are_means_over_seeds(ax, swept):
    again = sweep([synth.zipf(50, 2000, 0.5, seed=9)], ["rr"], [0.1, 0.4, 0.9], seeds=(0, 1, 2))
    swept = pd.concat([swept, again])
    mesh = plot.heatmap(ax, swept, x="fraction", y="alpha", policy="rr")
    want = swept[swept["policy"] == "rr"].groupby(["alpha", "fraction"])["hit_rate"].mean().to_numpy()
    np.testing.assert_allclose(mesh.get_array().ravel(), want, rtol=1e-12)
    assert mesh.get_clim() == (0, 1)
    assert (ax.get_title(), ax.get_ylabel()) == ("RR", "Zipf exponent α")
    assert ax.figure.axes[-1].get_ylabel() == "hit rate"


def test_a_cell_without_a_simulation_stays_open(ax):
    rows = [simulation(fraction=f, alpha=a) for f in (0.1, 0.2) for a in (0.0, 1.0)][:-1]
    mesh = plot.heatmap(ax, frame(*rows, simulation(fraction=0.3)), x="fraction", y="alpha", policy="lru")
    assert mesh.get_array().mask.tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(
    ("values", "scale", "edges"),
    [
        ([0.2, 0.4, 0.6], "linear", [0.1, 0.3, 0.5, 0.7]),
        ([0.01, 0.1, 1.0], "log", [10**-2.5, 10**-1.5, 10**-0.5, 1.0]),  # no cache is larger than all items
        ([0.1, 0.2, 0.9], "linear", [0, 1, 2, 3]),
    ],
)
def test_the_axis_suits_the_grid(ax, values, scale, edges):
    mesh = plot.heatmap(
        ax, frame(*(simulation(fraction=f, alpha=1.0) for f in values)), x="fraction", y="alpha", policy="lru"
    )
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], edges)
    assert ax.get_xscale() == scale
    if edges[-1] == 3:
        assert [text.get_text() for text in ax.get_xticklabels()] == ["0.1", "0.2", "0.9"]


def shown(axis):
    """The boxes of an axis' labels, as drawn, in order."""
    drawn = [label.label1 for label in (*axis.get_major_ticks(), *axis.get_minor_ticks())]
    boxes = [text.get_window_extent() for text in drawn if text.get_visible() and text.get_text()]
    return sorted((box.x0, box.x1) if axis.axis_name == "x" else (box.y0, box.y1) for box in boxes)


@pytest.mark.parametrize("kind", ["column", "page", None])
@pytest.mark.parametrize("x", ["fraction", "capacity"])
@pytest.mark.parametrize(
    "sizes",
    [
        [50, 100, 200, 400],
        [40, 80, 150, 300, 600],
        [10, 20, 40, 80, 160, 320, 640],
        np.geomspace(1, 20_000, 16),
        np.geomspace(1, 1e9, 30),
        range(100, 3000, 100),
        default_capacities(20_000),
    ],
)
def test_labels_of_a_grid_never_meet(kind, x, sizes):
    table = frame(*(simulation(fraction=s / 20_000, alpha=a) for s in sizes for a in (0.0, 0.4, 0.8, 1.2)))
    table["capacity"] = (table["fraction"] * 20_000).round().astype(int)
    with plot.style(kind) if kind else mpl.rc_context():
        fig, axes = plt.subplots(1, 2, figsize=(9, 3)) if kind is None else plt.subplots(1, 3 if kind == "page" else 1)
        for ax in np.ravel(axes):
            plot.heatmap(ax, table, x=x, y="alpha", policy="lru")
        fig.draw_without_rendering()
        for axis in (it for ax in np.ravel(axes) for it in (ax.xaxis, ax.yaxis)):
            boxes = shown(axis)
            assert 2 <= len(boxes) <= 8
            assert all(one[1] < other[0] for one, other in pairwise(boxes))
        plt.close(fig)


def test_no_tick_lies_outside_the_cells_centres(ax):
    for rows in ((0.0, 0.4, 0.8, 1.2), tuple(np.arange(0.05, 1.5, 0.1))):
        ax.clear()
        table = frame(*(simulation(fraction=f, alpha=a) for f in (0.1, 0.2) for a in rows))
        plot.heatmap(ax, table, x="fraction", y="alpha", policy="lru", bar=False)
        ticks = ax.get_yticks()
        assert len(ticks) >= 4
        assert rows[0] - 1e-9 <= min(ticks) <= max(ticks) <= rows[-1] + 1e-9


def test_two_grids_side_by_side_have_room_for_their_bars():
    table = frame(*(simulation(p, fraction=f, alpha=a) for p in ("opt", "lru") for f in (0.1, 0.2) for a in (0.0, 1.0)))
    fig, axes = plt.subplots(1, 2, figsize=(9, 3))
    plot.heatmap(axes[0], table, x="fraction", y="alpha", policy="lru")
    plot.gap(axes[1], table, x="fraction", y="alpha")
    fig.draw_without_rendering()
    bars = fig.axes[2:]
    assert [bar.get_ylabel() for bar in bars] == ["hit rate", "gap in hit rate"]
    assert bars[0].get_tightbbox().x1 < axes[1].get_tightbbox().x0
    plt.close(fig)


def gap_table():
    """Two cells; three seeds of rr straddle lru, so the best other is lru or rr's mean, never rr's luckiest seed."""
    return frame(
        *(simulation("opt", r, fraction=f, alpha=0.0) for f, r in ((0.1, 0.5), (0.2, 0.8))),
        *(simulation("opt(bypass=True)", 0.9, fraction=f, alpha=0.0) for f in (0.1, 0.2)),
        *(simulation("lru", r, fraction=f, alpha=0.0) for f, r in ((0.1, 0.4), (0.2, 0.3))),
        *(simulation("rr", r, seed=s, fraction=0.1, alpha=0.0) for s, r in enumerate((0.1, 0.2, 0.6))),
        *(simulation("rr", r, seed=s, fraction=0.2, alpha=0.0) for s, r in enumerate((0.8, 0.85, 0.9))),
    )


@pytest.mark.parametrize(
    ("against", "want", "title"),
    [("lru", [0.1, 0.5], "OPT − LRU"), ("rr", [0.2, -0.05], "OPT − RR"), ("best", [0.1, -0.05], "OPT − best other")],
)
def test_gap_averages_over_seeds_before_it_subtracts(ax, against, want, title):
    mesh = plot.gap(ax, gap_table(), x="fraction", y="alpha", against=against)
    np.testing.assert_allclose(mesh.get_array().ravel(), want)
    low, high = mesh.get_clim()
    np.testing.assert_allclose((low, high), (-max(map(abs, want)), max(map(abs, want))))
    assert mesh.norm(0.0) == 0.5
    assert ax.get_title() == title
    hatched = [artist for artist in ax.collections if isinstance(artist, PatchCollection)]
    assert len(hatched) == (min(want) < 0)


def test_gap_is_open_where_a_policy_lacks_a_row(ax):
    table = gap_table().query("not (policy == 'rr' and fraction == 0.2)")
    mesh = plot.gap(ax, table, x="fraction", y="alpha")
    assert mesh.get_array().mask.tolist() == [[False, True]]


def test_gap_of_nothing_but_zeros_is_drawn(ax):
    table = frame(*(simulation(p, fraction=f, alpha=0.0) for p in ("opt", "lru") for f in (0.1, 0.2)))
    assert plot.gap(ax, table, x="fraction", y="alpha").get_array().tolist() == [[0, 0]]


def test_a_map_and_its_bar_are_pixels_so_that_no_viewer_shows_seams(ax):
    mesh = plot.heatmap(ax, gap_table(), x="fraction", y="alpha", policy="lru", bar=False)
    bar = plot.colorbar([mesh], location="bottom")
    assert mesh.get_rasterized()
    assert bar.solids.get_rasterized()
    assert bar.ax.get_xlabel() == "hit rate"


def test_maps_of_one_bar_have_one_scale(ax):
    table = gap_table()
    meshes = [plot.gap(ax, table, x="fraction", y="alpha", against=it, bar=False) for it in ("lru", "rr")]
    plot.colorbar(meshes)
    np.testing.assert_allclose([mesh.get_clim() for mesh in meshes], [(-0.5, 0.5)] * 2)
    assert [mesh.norm(0.0) for mesh in meshes] == [0.5, 0.5]


def lightness(colours):
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_maps_are_monotone_in_grey(ax):
    table = gap_table()
    rates = plot.heatmap(ax, table, x="fraction", y="alpha", policy="lru", bar=False).get_cmap()
    gaps = plot.gap(ax, table, x="fraction", y="alpha", bar=False).get_cmap()
    assert (np.diff(lightness(rates(np.linspace(0, 1, 64))[:, :3])) > 0).all()
    assert (np.diff(lightness(gaps(np.linspace(0.5, 1, 64))[:, :3])) < 0).all()


# ---------------------------------------------------------------- files

DRAW = """
import sys
import matplotlib.pyplot as plt
import pandas as pd
from simcache import plot
table = pd.read_csv(sys.argv[1])
with plot.style("column"):
    fig, axes = plt.subplots(1, 2)
    plot.hit_curves(axes[0], table)
    plot.gap(axes[1], table, x="fraction", y="alpha", policy="lru", against="opt")
    plot.legend(fig)
    plot.save(fig, sys.argv[2])
"""


def test_files_are_the_same_bytes_in_every_process(tmp_path):
    gap_table().to_csv(tmp_path / "t.csv", index=False)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    folders, running = [tmp_path / "one", tmp_path / "other"], []
    for seed, folder in enumerate(folders):
        folder.mkdir()
        command = [sys.executable, "-c", DRAW, str(tmp_path / "t.csv"), str(folder / "f")]
        running.append(subprocess.Popen(command, env={**environment, "PYTHONHASHSEED": str(seed), "MPLBACKEND": "Agg"}))
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert sorted(one) == ["f.pdf", "f.png", "f.svg"]
    assert one == other
    assert b"/Type3" not in one["f.pdf"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("f.svg", ["f.svg"]),
        ("script.py", ["script.pdf", "script.png", "script.svg"]),
        ("alpha-0.5", ["alpha-0.5.pdf", "alpha-0.5.png", "alpha-0.5.svg"]),
    ],
)
def test_the_path_says_which_files(ax, tmp_path, path, names):
    written = plot.save(ax.figure, tmp_path / path)
    assert [file.name for file in written] == names == sorted(os.listdir(tmp_path))


def test_saving_keeps_the_figure_as_it_was(ax, tmp_path):
    engine = ax.figure.get_layout_engine()
    plot.save(ax.figure, tmp_path / "f.pdf")
    assert ax.figure.get_layout_engine() is engine


def test_a_failed_save_leaves_the_old_file(ax, tmp_path, monkeypatch):
    old = tmp_path / "f.pdf"
    old.write_text("old")

    def fails(file, **_):
        Path(file).write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(ax.figure, "savefig", fails)
    with pytest.raises(OSError, match="disk full"):
        plot.save(ax.figure, old)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


# ---------------------------------------------------------------- refusals


def test_curves_refuse_with_one_clear_line(ax, swept):
    two = frame(simulation(jump=0.5), simulation(jump=0.1))
    good = frame(simulation())
    for table, options, message in (
        (good.drop(columns="hit_rate"), {}, "must have the columns .*; without hit_rate, did you mean 'hit_rate_warm'"),
        (good[:0], {}, "at least one row"),
        (two, {}, r"as many as the traces of the table: 2 \(they differ in jump\); got 1 for t, jump 0.5, t, jump 0.1"),
        (good, {"policies": ["lruu"]}, "policy must be one of lru; did you mean 'lru'. got 'lruu'"),
        (good, {"policies": ["LRU"]}, "policy must be one of lru; did you mean 'lru'. got 'LRU'"),
        (good, {"policies": []}, "at least one policy"),
        (good, {"x": "size"}, "x must be one of fraction, capacity; got 'size'"),
        (good, {"y": "hits"}, "y must be one of hit_rate, hit_rate_warm, byte_hit_rate; got 'hits'"),
        (
            frame(simulation(rate=0.1), simulation(rate=0.2)),
            {},
            "must differ by their seeds, for trace 't' at policy='lru', fraction=0.1; got 2 rows with seed 0, 0",
        ),
        (two.assign(hit_rate=[0.1, 0.2])[["policy", "fraction", "hit_rate"]], {}, "got 2 rows with no column of seeds"),
        (two.assign(policy=["lru", "opt"]), {"by": "trace"}, "one trace, whatever its seeds, for t; got several jump"),
        (good, {"by": "alpha"}, "must have the columns alpha"),
        (two, {"by": "jump"}, "axes must be as many as the values of column 'jump': 2; got 1 for jump proba"),
        (good.assign(hit_rate_warm=np.nan), {"y": "hit_rate_warm"}, "hit_rate_warm must have values for policy 'lru'"),
    ):
        with pytest.raises(ValueError, match=message):
            plot.hit_curves(ax, table, **options)
    with pytest.raises(TypeError, match="DataFrame, got dict"):
        plot.hit_curves(ax, {})
    means = good.groupby(["policy", "fraction"])
    with pytest.raises(TypeError, match=r"DataFrame, got Series: reset_index\(\) makes one$"):
        plot.hit_curves(ax, means["hit_rate"].mean())
    with pytest.raises(ValueError, match=r"without policy, fraction, with policy, fraction in its index \(reset_index"):
        plot.hit_curves(ax, means[["hit_rate"]].mean())
    with pytest.raises(TypeError, match="must be matplotlib Axes, or an array of them, got Figure"):
        plot.hit_curves(ax.figure, good)
    with pytest.raises(ValueError, match=r"3 .*got 2"):
        plot.hit_curves([ax, ax], swept)


def test_maps_refuse_with_one_clear_line(ax):
    table = gap_table()
    grid = {"x": "fraction", "y": "alpha"}
    twice = frame(simulation(alpha=1.0, jump=0.1), simulation(alpha=1.0, jump=0.5))
    for rows, options, message in (
        (table, {"x": "fraction", "y": "alfa"}, "without alfa, did you mean 'alpha'"),
        (table, {"x": "alpha", "y": "alpha"}, "x and y must be two columns, got 'alpha' twice"),
        (table, {**grid, "policy": "lur"}, "policy must be one of opt, .*; did you mean 'lru'. got 'lur'"),
        (table, {**grid, "value": "trace"}, "'trace' must hold numbers"),
        (table[:0], grid, "at least one row"),
        (
            twice,
            grid,
            "by seeds alone, for policy 'lru' at alpha=1.0, fraction=0.1; got 2 rows with jump 0.1, 0.5",
        ),
        (pd.concat([table, table]), grid, "by their seeds, for policy 'lru' .*; got 2 rows with seed 0, 0"),
        (frame(simulation(alpha=np.nan)), grid, "must have rows with fraction and alpha, got none"),
    ):
        with pytest.raises(ValueError, match=message):
            plot.heatmap(ax, rows, **{"policy": "lru", **options})
    for options, message in (
        ({"against": "fif"}, "against must be one of opt, .*, best; got 'fif'"),
        ({"against": "opt"}, "another policy than 'opt'"),
        ({"value": "hits"}, "value must be one of hit_rate"),
    ):
        with pytest.raises(ValueError, match=message):
            plot.gap(ax, table, **grid, **options)
    with pytest.raises(ValueError, match="besides OPT in the table, got opt"):
        plot.gap(ax, table[table["policy"].str.startswith("opt")], **grid)
    with pytest.raises(ValueError, match="must share a cell"):
        plot.gap(ax, frame(simulation("opt", alpha=0.0), simulation("lru", alpha=1.0)), **grid)


def test_files_are_refused_with_one_clear_line(ax, tmp_path):
    with pytest.raises(ValueError, match=r"must be written as \.pdf, \.png or \.svg, got .*f\.jpg"):
        plot.save(ax.figure, tmp_path / "f.jpg")
    with pytest.raises(TypeError, match="fig must be a matplotlib Figure, got str"):
        plot.save("f.pdf", ax.figure)
    with pytest.raises(OSError, match="folder to write to must exist"):
        plot.save(ax.figure, tmp_path / "none" / "f")
    with pytest.raises(ValueError, match=r"width must be one of column, page; did you mean 'column'\? got"):
        plot.style("columns").__enter__()
