"""Theory drawn over simulations, and the working-set picture: what is drawn is what the arrays say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from simcache import plot, simulate, sweep, synth, theory

SIZES = [0.2, 0.4, 0.6, 0.8]


@pytest.fixture
def axes():
    with plot.style("column"):
        fig, axes = plt.subplots(2, 1)
        yield axes
        plt.close(fig)


@pytest.fixture(scope="module")
def swept():
    traces = [synth.shuffled(300, 5, seed=seed) for seed in range(3)]
    return sweep(traces, ["lru", "rr", "pin"], SIZES, seeds=(0, 1))


@pytest.fixture
def curves():
    fine = np.linspace(0.1, 0.9, 17)
    return {name: (fine, getattr(theory, f"{name}_shuffled")(fine)) for name in ("lru", "rr")}


def drawn(ax):
    """Lines in order: (colour, dashes or none, x, y)."""
    return [(line.get_color(), line.get_linestyle(), line.get_xdata(), line.get_ydata()) for line in ax.get_lines()]


# ---------------------------------------------------------------- overlay


def test_points_are_means_over_seeds_and_lines_are_the_curves(axes, swept, curves):
    plot.overlay(axes[0], swept.sample(frac=1, random_state=0), curves, y="hit_rate_warm")
    found = drawn(axes[0])
    points = {colour: (x, y) for colour, dash, x, y in found if dash == "None"}
    lines = {colour: (x, y) for colour, dash, x, y in found if dash != "None"}
    colours = {name: plot.looks.POLICIES[name][0] for name in ("lru", "rr", "pin")}
    for policy, colour in colours.items():
        want = swept[swept["policy"] == policy].groupby("fraction")["hit_rate_warm"].mean()
        np.testing.assert_array_equal(points[colour][0], want.index)
        np.testing.assert_allclose(points[colour][1], want)
    assert lines.keys() == {colours["lru"], colours["rr"]}  # pin has no curve: points alone
    for policy, curve in curves.items():
        np.testing.assert_array_equal(lines[colours[policy]], curve)
    assert sorted(axes[0].get_legend_handles_labels()[1]) == ["LRU", "RR", "pin"]
    assert axes[0].get_ylabel() == "hit rate (after warm-up)"


def test_bars_reach_from_the_lowest_to_the_highest_seed(axes, swept, curves):
    plot.overlay(axes[0], swept[swept["policy"] == "rr"], {"rr": curves["rr"]})
    [bars] = axes[0].collections
    spread = swept[swept["policy"] == "rr"].groupby("fraction")["hit_rate"].agg(["min", "max"])
    np.testing.assert_allclose([segment[:, 1] for segment in bars.get_segments()], spread)


def test_residuals_are_simulation_minus_theory_at_the_simulated_sizes(axes, swept, curves):
    plot.overlay(axes[0], swept, curves, y="hit_rate_warm", residual=axes[1])
    found = [(colour, y) for colour, dash, _, y in drawn(axes[1]) if dash == "None"]
    assert len(found) == 2
    for policy, (colour, residual) in zip(("lru", "rr"), found, strict=True):
        assert colour == plot.looks.POLICIES[policy][0]
        mean = swept[swept["policy"] == policy].groupby("fraction")["hit_rate_warm"].mean()
        np.testing.assert_allclose(residual, mean - getattr(theory, f"{policy}_shuffled")(SIZES), atol=1e-12)
    low, high = axes[1].get_ylim()
    assert low == -high
    assert max(np.abs(residual).max() for _, residual in found) < high
    axes[1].clear()
    plot.overlay(axes[0], swept, {"lru": (SIZES, np.ones(len(SIZES)))}, y="hit_rate_warm", residual=axes[1])
    low, high = axes[1].get_ylim()  # all residuals are below 0
    assert low == -high
    assert high > 0.5


def test_capacities_are_logarithmic_and_curves_need_no_order(axes, swept):
    backwards = np.array([250, 60, 120])
    plot.overlay(axes[0], swept, {"lru": (backwards, backwards / 1000)}, x="capacity")
    assert axes[0].get_xscale() == "log"
    [(x, y)] = [(x, y) for _, dash, x, y in drawn(axes[0]) if dash != "None"]
    np.testing.assert_array_equal((x, y), [[60, 120, 250], [0.06, 0.12, 0.25]])


def test_overlay_refuses(axes, swept, curves):
    ax = axes[0]
    with pytest.raises(ValueError, match="policy must be one of lru, rr, pin; did you mean 'lru'"):
        plot.overlay(ax, swept, {"lruu": curves["lru"]})
    with pytest.raises(ValueError, match=r"for policy 'lru'; got shapes \(2,\) and \(3,\)"):
        plot.overlay(ax, swept, {"lru": ([0.1, 0.2], [0, 0, 0])})
    with pytest.raises(ValueError, match="include those simulated, for its residual, for policy 'lru'; got none at f"):
        plot.overlay(ax, swept, {"lru": ([0.2, 0.4, 0.8], [0, 0, 0])}, residual=axes[1])
    with pytest.raises(ValueError, match="several seeds of one; got traces differing in"):
        plot.overlay(ax, pd.concat([swept, swept.assign(n_items=7)]), curves)
    with pytest.raises(ValueError, match="hit_rate_warm must have values at every size for policy 'pin'"):
        plot.overlay(ax, swept.assign(hit_rate_warm=np.nan), curves, y="hit_rate_warm")
    with pytest.raises(ValueError, match="without policy"):
        plot.overlay(ax, swept.drop(columns="policy"), curves)


# ---------------------------------------------------------------- working set


def test_slopes_of_a_curve_that_is_known(axes):
    w = np.arange(6001.0)
    n = 1000  # uniform draws: D = N (1 - e^(-w/N)), LRU misses 1 - c, OPT by theory.opt_shuffled(ranks=inf)
    lru, opt = plot.working_set(axes[0], n * -np.expm1(-w / n), 500, n_items=n)
    assert lru == pytest.approx(0.5, abs=1e-3)  # slopes are chords: 1 / N
    assert opt == pytest.approx(1 - float(theory.opt_shuffled(0.5, ranks=np.inf)), abs=1e-5)
    assert axes[0].get_legend_handles_labels()[1] == [f"LRU: slope {lru:.3g}", f"OPT: slope {opt:.3g}"]
    curve, _, lru_line, opt_line = axes[0].get_lines()[:4]
    np.testing.assert_allclose(curve.get_xdata(), w / n)
    x, y = opt_line.get_data()
    assert (x[0], y[0]) == (0, 0.5)
    assert np.diff(y) / np.diff(x) == pytest.approx(opt)
    assert (np.interp(x[0], x, y) + opt * w / n >= curve.get_ydata() - 1e-12).all()  # a tangent: nowhere below D
    x, y = lru_line.get_data()
    assert np.diff(y) / np.diff(x) == pytest.approx(lru)
    assert np.interp(np.log(2), x, y) == pytest.approx(0.5, abs=1e-3)  # through (T, C)


def test_points_lie_on_the_curve_between_its_windows_too(axes):
    plot.working_set(axes[0], [0, 2, 3, 3.4, 3.5], 2.5, windows=[0, 2, 4, 8, 16])
    points = [line.get_xydata().tolist() for line in axes[0].get_lines()[-2:]]
    assert points == [[[3, 2.5]], [[4, 3]]]  # D(3) = 2.5, halfway; and where the tangent from (0, 2.5) touches


def test_it_reads_both_policies_off_a_trace(axes):
    trace = synth.zipf(500, 50_000, 0.8, seed=3)
    windows = np.arange(0, 3000, 5)
    lru, opt = plot.working_set(axes[0], theory.working_set(trace)[windows], 100, windows=windows)
    # 25,000 accesses give rates to 0.003; the fluid's own error for OPT at 500 items is 0.015
    assert lru == pytest.approx(1 - simulate(trace, "lru", 100)[25_000:].mean(), abs=0.01)
    assert opt == pytest.approx(1 - simulate(trace, "opt", 100)[25_000:].mean(), abs=0.03)
    assert axes[0].get_xlabel() == "window w (accesses)"


def test_working_set_refuses(axes):
    d = np.array([0, 1, 1.8, 2.4, 2.6, 2.7])
    for capacity in (0, 2.7, -1, np.nan):
        with pytest.raises(ValueError, match=r"above 0 and below the largest of distinct, 2\.7, got"):
            plot.working_set(axes[0], d, capacity)
    with pytest.raises(ValueError, match="must ascend from 0"):
        plot.working_set(axes[0], d[::-1], 1)
    with pytest.raises(ValueError, match="must ascend from 0"):
        plot.working_set(axes[0], d, 1, windows=[0, 1, 2, 2, 3, 4])
    with pytest.raises(ValueError, match=r"got shapes \(6,\) and \(2,\)"):
        plot.working_set(axes[0], d, 1, windows=[0, 1])
    with pytest.raises(ValueError, match="got none longer than 3"):
        plot.working_set(axes[0], d[:4], 2)
