"""The figure of the benchmarks: speed by policy and tool, and time as accesses and as items grow."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter
from report import geometric_mean, ordered

from simcache import plot
from simcache.plot.looks import BLUE, OTHERS, looks, scale
from simcache.plot.rows import policy_name

TOOLS = {  # their colours and markers are no policy's
    "simcache": (OTHERS[0], "*"),
    "libcachesim, best": (OTHERS[2], "<"),
    "libcachesim, default": (OTHERS[4], ">"),
    "cachebox": (OTHERS[1], "p"),
    "cachetools": (OTHERS[3], "h"),
    "plain-Python heap": (OTHERS[5], "d"),
}


def speeds(single: pd.DataFrame) -> pd.DataFrame:
    """Accesses per second, geometric mean over sizes, of every policy (rows) and tool (columns)."""
    long = single[single["trace"] == single["trace"].iloc[0]]
    name = {"heap": "plain-Python heap", "libcachesim": "libcachesim, best"}
    default = long[long["setting"] == "hashpower=24"].assign(tool="libcachesim, default")
    every = pd.concat([long.replace({"tool": name}), default])
    best = every.groupby(["policy", "tool", "capacity"])["maccesses_per_s"].max()
    means = best.groupby(["policy", "tool"]).agg(geometric_mean).unstack("tool")
    return means.reindex(index=ordered(long["policy"]), columns=[tool for tool in TOOLS if tool in means])


def draw_speeds(ax: plt.Axes, single: pd.DataFrame) -> None:
    table = speeds(single)
    for tool, values in table.items():
        colour, marker = TOOLS[tool]
        ax.plot(values, range(len(values)), marker, color=colour, markersize=5.5, label=tool)
    ax.hlines(range(len(table)), table.min(axis=1), table.max(axis=1), color="0.8", linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(table)), [policy_name(label) for label in table.index])
    ax.invert_yaxis()
    scale(ax, "x", "log")
    ax.set(xlabel="million accesses per second", title="One size, Zipf 1.0")


def draw_cost(ax: plt.Axes, cost: pd.DataFrame, setting: str, work: str, xlabel: str) -> None:
    mine = cost[cost["setting"] == setting]
    labels = [label for label in ordered(mine["policy"]) if not label.endswith("curve")]
    styles = {**looks(labels), "lru curve": {"color": BLUE, "linestyle": ":", "marker": "*", "linewidth": 1.2}}
    for policy in ordered(mine["policy"]):
        one = mine[mine["policy"] == policy].sort_values(work)
        name = "LRU, all sizes" if policy == "lru curve" else policy_name(policy)
        ax.plot(one[work], one["best_s"], **{**styles[policy], "linewidth": 1.2}, label=name)
    scale(ax, "x", "log")
    scale(ax, "y", "log")
    ax.set(xlabel=xlabel, ylabel="seconds")


def draw(folder: Path) -> None:
    table = pd.read_csv(folder / "benchmarks.csv")
    single, cost = (table[table["suite"] == suite] for suite in ("single", "cost"))
    if single.empty or cost.empty:
        return
    root = Path(__file__).resolve().parent.parent
    with plot.style("page", height=3.0):
        fig, (left, middle, right) = plt.subplots(1, 3, width_ratios=(1.5, 1, 1))
        draw_speeds(left, single)
        left.legend(loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=2, fontsize=7, handlelength=1)
        draw_cost(middle, cost, "n grows", "n_accesses", "accesses")
        draw_cost(right, cost, "m grows", "n_items", "items")
        middle.set_title("Time over accesses")
        right.set_title("Time over items")
        right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # little more than a decade
        right.yaxis.set_major_formatter("{x:g}")
        right.yaxis.set_minor_formatter(NullFormatter())
        handles, names = middle.get_legend_handles_labels()
        below = middle.legend(handles, names, loc="upper left", bbox_to_anchor=(0.1, -0.2), ncols=3, fontsize=7)
        below.set_in_layout(False)  # the left legend makes the room below; this one may reach under the right panel
        plot.save(fig, folder / "benchmarks.pdf")
        plot.save(fig, (root / "docs/images" if folder.name == "results" else folder) / "benchmarks.png")
        plt.close(fig)
