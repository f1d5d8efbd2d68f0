"""facets: one panel for each value of a column, laid out by seaborn; one scale, one legend, no warning."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from simcache import plot, sweep, synth


@pytest.fixture(scope="module")
def swept():
    alphas = [(alpha, seed) for alpha in (0.0, 0.5, 0.8, 1.0, 1.2) for seed in range(3)]
    traces = [synth.zipf(40, 600, alpha, seed=seed) for alpha, seed in alphas]
    return sweep(traces, ["opt", "lru", "pin"], [0.1, 0.4, 0.7])


@pytest.fixture(autouse=True)
def _styled():
    with plot.style("page"):
        yield
    plt.close("all")


def titles(axes):
    return [ax.get_title() for ax in axes]


@pytest.mark.filterwarnings("error")
def test_curves_by_a_column_share_axes_and_one_legend(swept, tmp_path):
    fig, axes = plot.facets(swept.sample(frac=1, random_state=0), by="alpha")
    plot.save(fig, tmp_path / "f.svg")
    assert titles(axes) == [f"Zipf exponent α = {alpha}" for alpha in ("0", "0.5", "0.8", "1", "1.2")]
    assert all(ax.get_shared_x_axes().joined(ax, axes[0]) and ax.get_ylim() == axes[0].get_ylim() for ax in axes)
    [legend] = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["OPT", "pin", "LRU"]
    for ax, alpha in zip(axes, (0.0, 0.5, 0.8, 1.0, 1.2), strict=True):
        for policy, line in zip(("opt", "pin", "lru"), ax.get_lines(), strict=True):
            rows = swept[(swept["alpha"] == alpha) & (swept["policy"] == policy)]
            np.testing.assert_allclose(line.get_ydata(), rows.groupby("fraction")["hit_rate"].mean())
    assert [ax.get_xlabel() != "" for ax in axes] == [False, False, True, True, True]  # nothing below the third
    assert fig.get_figwidth() == 7.0


def test_the_default_is_a_panel_per_trace_whatever_its_seeds(swept):
    _, axes = plot.facets(swept)
    assert titles(axes) == ["zipf-0.0", "zipf-0.5", "zipf-0.8", "zipf-1.0", "zipf-1.2"]
    one = swept[swept["alpha"] == 0.5]
    _, axes = plot.facets(one, by="policy", policies=["pin", "lru"], columns=1)
    assert titles(axes) == ["pin", "LRU"]
    assert axes[0].get_subplotspec().get_gridspec().ncols == 1


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 3), (7, 3, 3), (12, 4, 3)]
)
def test_panels_are_laid_out_evenly(count, rows, columns):
    table = pd.DataFrame({"policy": "lru", "fraction": 0.5, "hit_rate": 0.5, "kind": range(count)})
    _, axes = plot.facets(table, by="kind")
    assert axes[0].get_subplotspec().get_gridspec().get_geometry() == (rows, columns)


@pytest.mark.filterwarnings("error")
def test_maps_have_one_scale_and_one_bar(swept, tmp_path):
    grid = {"x": "fraction", "y": "alpha"}
    fig, axes = plot.facets(swept, kind="heatmap", **grid)
    assert titles(axes) == ["OPT", "pin", "LRU"]
    assert len(fig.axes) == 4
    fig, axes = plot.facets(swept, kind="gap", policies=["opt", "pin"], against="lru", **grid)
    plot.save(fig, tmp_path / "f.pdf")
    assert titles(axes) == ["OPT − LRU", "pin − LRU"]
    meshes = [ax.collections[0] for ax in axes]
    assert meshes[0].get_clim() == meshes[1].get_clim()
    largest = max(np.abs(mesh.get_array()).max() for mesh in meshes)
    np.testing.assert_allclose(meshes[0].get_clim(), (-largest, largest))
    bar = fig.axes[-1].get_ylim()
    np.testing.assert_allclose(
        bar, (min(m.get_array().min() for m in meshes), max(m.get_array().max() for m in meshes))
    )
    _, axes = plot.facets(swept, kind="heatmap", by="fraction", policies=["lru"], x="trace_seed", y="alpha")
    assert titles(axes) == ["cache size / items = 0.1", "cache size / items = 0.4", "cache size / items = 0.7"]


def test_panels_of_other_cells_have_axes_of_their_own():
    rows = [("a", f) for f in (0.1, 0.2, 0.9)] + [("b", f) for f in (0.3, 0.35, 0.9)]
    table = pd.DataFrame(rows, columns=["trace", "fraction"]).assign(policy="lru", alpha=1.0, hit_rate=0.5)
    _, axes = plot.facets(table, kind="heatmap", by="trace", x="fraction", y="alpha")
    assert [[label.get_text() for label in ax.get_xticklabels()] for ax in axes] == [
        ["0.1", "0.2", "0.9"],
        ["0.3", "0.35", "0.9"],
    ]


def test_refusals_are_one_line_and_leave_no_figure(swept):
    many = pd.concat([swept[:3].assign(run=k) for k in range(25)])
    for table, options, message in (
        (many, {"by": "run"}, r"at most 12 panels, one for each value of column 'run', got 25: run = 0, .*, … \("),
        (many, {}, "at most 12 panels, one for each trace, got 25"),
        (swept, {"by": "alfa"}, "without alfa, did you mean 'alpha'"),
        (swept, {"by": "generator"}, "one trace, whatever its seeds, for generator = zipf; got several alpha"),
        (swept, {"kind": "curve"}, "kind must be one of curves, heatmap, gap; did you mean 'curves'. got 'curve'"),
        (swept, {"kind": "gap", "by": "alpha", "policies": ["lru", "opt"]}, "must be of one policy, .*, got lru, opt"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            plot.facets(table, **options)
    with pytest.raises(TypeError, match="unexpected keyword argument 'lgo'"):
        plot.facets(swept, lgo=True)
    assert plt.get_fignums() == []


def test_seaborn_is_loaded_for_a_grid_and_for_nothing_else():
    code = """
import sys
import pandas as pd
from simcache import plot
table = pd.DataFrame({"policy": "lru", "fraction": 0.5, "hit_rate": 0.5, "kind": [1, 2]})
plot.facets(table[:1])
assert "seaborn" not in sys.modules
plot.facets(table, by="kind")
assert "seaborn" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
