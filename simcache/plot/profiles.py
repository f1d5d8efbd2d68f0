"""profile: a trace in four panels: popularity, recurrence, working set, and drift."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..analysis import Profile
from .looks import BLUE, VERMILLION, scale

GREY = "0.4"


def profile(found: Profile) -> tuple[Figure, NDArray[Any]]:
    """Make a figure of what a trace looks like.

    Parameters
    ----------
    found : analysis.Profile
        What `analysis.profile` gave.

    Returns
    -------
    Figure, array of Axes, shape (4,)
        Accesses by rank, with Zipf's law as fitted; reuse times and stack distances; mean distinct items in a window;
        and the share of top items that tenths of the trace have in common. The figure is as wide as the `style` in
        force says, and pyplot's, as those of ``plt.subplots`` are.

    Raises
    ------
    TypeError
        When `found` is no Profile.

    Examples
    --------
    >>> from simcache import analysis, plot, synth
    >>> fig, axes = plot.profile(analysis.profile(synth.zipf(500, 10_000, 0.8)))
    >>> axes.shape
    (4,)
    """
    if not isinstance(found, Profile):
        raise TypeError(f"found must be a Profile of analysis.profile, got {type(found).__name__}")
    width = float(mpl.rcParams["figure.figsize"][0])
    across = 2 if width > 4 else 1
    fig, grid = plt.subplots(4 // across, across, figsize=(width, 0.62 * width * 4 / across**2), squeeze=False)
    axes = grid.ravel()
    try:
        _popularity(axes[0], found)
        _recurrence(axes[1], found)
        _window(axes[2], found)
        _overlap(axes[3], found)
        fig.suptitle(f"{found.name[:60]}: {found.kind}", fontsize=mpl.rcParams["axes.titlesize"])
    except BaseException:
        plt.close(fig)
        raise
    return fig, axes


def _popularity(ax: Axes, found: Profile) -> None:
    # Steps, drawn where they are: a rank for each item would be a point for each.
    ranks = np.unique(np.geomspace(1, found.items, 400).round().astype(np.int64))
    ax.plot(ranks, found.popularity[ranks - 1], color=BLUE, linewidth=1.2, label="items")
    due = found.zipf_counts(ranks)
    label = f"Zipf α = {found.zipf_exponent:.2f}"
    ax.plot(ranks, due, color=GREY, linewidth=0.9, linestyle=(0, (4, 2)), label=label)
    for which in "xy":
        scale(ax, which, "log")
    ax.set(xlabel="rank of item", ylabel="accesses", ylim=(0.7 * min(due.min(), 1), None))
    ax.legend()


def _recurrence(ax: Axes, found: Profile) -> None:
    import seaborn  # over a second: not before there is something to draw

    tables = {"reuse time": found.reuse_times, "stack distance": found.stack_distances}
    rows = pd.concat([table.assign(of=name) for name, table in tables.items()], ignore_index=True)
    rows = rows[rows["share"] > 0]
    if rows.empty:
        ax.text(0.5, 0.5, "no item comes again", ha="center", va="center", transform=ax.transAxes, color=GREY)
        ax.set_axis_off()
        return
    # Doublings: finer bins hold now three whole numbers, now two, and the bars jump.
    edges = 2.0 ** np.arange(np.frexp(rows["high"].max())[1] + 1)
    seaborn.histplot(
        rows, x="low", hue="of", weights="share", bins=edges.tolist(), element="step", palette=[BLUE, VERMILLION],
        alpha=0.25, linewidth=1, ax=ax,
    )  # fmt: skip
    if drawn := ax.get_legend():
        drawn.set_title("")
        drawn.set_loc("upper right")
    scale(ax, "x", "log")
    ax.set(
        xlabel="accesses, or distinct items, to the next use",
        ylabel="share of reuses",
        ylim=(0, 1.35 * ax.get_ylim()[1]),
    )


def _window(ax: Axes, found: Profile) -> None:
    ax.plot(found.working_set["window"], found.working_set["items"], color=BLUE, linewidth=1.2)
    for which in "xy":
        scale(ax, which, "log")
    ax.set(xlabel="window (accesses)", ylabel="distinct items")


def _overlap(ax: Axes, found: Profile) -> None:
    edges = np.arange(len(found.overlap) + 1) + 0.5
    mesh = ax.pcolormesh(edges, edges, found.overlap, cmap="cividis", vmin=0, vmax=1)
    bar = ax.figure.colorbar(mesh, ax=ax)
    bar.set_label("top items in common")
    ax.set_title(f"in a random order {found.overlap_shuffled:.2f} in common")
    ax.set(xlabel="tenth of the trace", ylabel="tenth of the trace", xticks=[1, 5, 10], yticks=[1, 5, 10])
