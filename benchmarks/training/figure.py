"""The figure: time by method beside its prediction, all rows predicted and measured, and hit rates by cache size."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter

from simcache import plot
from simcache.plot.looks import OTHERS, looks, scale

from .cases import HALF, ORDERS
from .words import methods, network

ROOT = Path(__file__).resolve().parents[2]


def draw_times(ax: plt.Axes, mine: pd.DataFrame) -> None:
    """Each network's seconds, over all methods; a short line is the prediction."""
    names = list(dict.fromkeys(methods(mine)))
    for (name, rows), colour, marker in zip(mine.groupby("network", sort=False), OTHERS, "o^sdph", strict=False):
        places = methods(rows).map(names.index)
        ax.hlines(rows["predicted_s"], places - 0.4, places + 0.4, color=colour, linewidth=1.0, alpha=0.6)
        errors = [rows["epoch_s"] - rows["low_s"], rows["high_s"] - rows["epoch_s"]]
        ax.errorbar(
            places,
            rows["epoch_s"],
            errors,
            fmt=marker,
            color=colour,
            markersize=3.6,
            linewidth=1.0,
            label=network(name),
        )
    ax.set_xticks(range(len(names)), names, rotation=90)
    ax.set(ylabel="seconds an epoch", ylim=(0, None), title="JPEG files, with replacement")


def draw_errors(ax: plt.Axes, mine: pd.DataFrame) -> None:
    every = mine[["predicted_s", "epoch_s"]]
    ends = [0.8 * every.min().min(), 1.25 * every.max().max()]
    ax.plot(ends, ends, color="0.6", linewidth=0.8, zorder=0)
    for (name, rows), colour, marker in zip(mine.groupby("network", sort=False), OTHERS, "o^sdph", strict=False):
        ax.plot(
            rows["predicted_s"], rows["epoch_s"], marker, color=colour, markersize=2.6, alpha=0.7, label=network(name)
        )
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        scale(ax, name, "log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="predicted seconds", ylabel="measured seconds", title="Every row", xlim=ends, ylim=ends)


def draw_rates(ax: plt.Axes, mine: pd.DataFrame) -> None:
    """Lines are simulated, marks are live: filled those of the shared cache."""
    shown = mine[mine["method"] != "none"]
    styles = looks(list(dict.fromkeys(shown["method"])))
    for (method, sharing), rows in shown.groupby(["method", "sharing"], sort=False):
        rows, look = rows.sort_values("fraction"), styles[method]
        line = {name: look[name] for name in ("color", "linestyle")} | {"linewidth": 1.0}
        ax.plot(rows["fraction"], rows["simulated_hit_rate"], **line, alpha=1 if sharing == "shared" else 0.5)
        mark = {"color": look["color"], "marker": look["marker"], "linestyle": "", "markersize": 4}
        if sharing == "private":
            mark |= {"markerfacecolor": "none", "markeredgewidth": 0.8}
        ax.plot(rows["fraction"], rows["hit_rate"], **mark, label=methods(rows).iloc[0])
    ax.set(xlabel="cache size / items", ylabel="hit rate", title="Live on simulated", xlim=(0, 1), ylim=(0, None))


def draw(table: pd.DataFrame, folder: Path) -> None:
    """One for each device; the first that the table has gives its name to none."""
    for device, mine in table.groupby("device", sort=False):
        end = "" if device == table["device"].iloc[0] else f"-{device}"
        draw_device(mine, folder, f"training-time{end}")


def draw_device(mine: pd.DataFrame, folder: Path, name: str) -> None:
    replaced = mine[mine["order"] == ORDERS[0]]
    with plot.style("page", height=3.1):
        fig, (left, middle, right) = plt.subplots(1, 3, width_ratios=(1.5, 1, 1))
        draw_times(left, replaced[(replaced["data"] == "jpeg") & (replaced["fraction"] == HALF)])
        draw_errors(middle, mine)
        draw_rates(right, replaced[(replaced["data"] == "cifar") & (replaced["network"] == "mlp")])
        middle.legend(loc="upper left", fontsize=7, handlelength=1)  # of the left panel too
        close = {"ncols": 5, "fontsize": 7, "handlelength": 1, "columnspacing": 0.9, "handletextpad": 0.3}
        below = right.legend(loc="upper right", bbox_to_anchor=(1.05, -0.2), **close)
        below.set_in_layout(False)  # the names under the left panel make the room
        plot.save(fig, folder / f"{name}.pdf")
        plot.save(fig, (ROOT / "docs/images" if folder == ROOT / "results" else folder) / f"{name}.png")
        plt.close(fig)
