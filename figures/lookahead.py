"""What lookahead is worth: OPT's hit rate over how far it knows what comes.

A cache of (a) a quarter and (b) half of the items. Lines are closed forms, of many items; on ranks they are meant for
whole epochs. Open points are simulations of OPT that is told whole epochs: at the start of each the orders of that one
and of as many more as the axis says, or, with replacement, of a window. Crosses are simulations on ranks of a window
that slides on with each access, which sees less of the next epoch: half of it on average. Each rank has a cache of its
own, and sees a random share of every epoch; epochs are those of its own order, or N draws. With one cache nothing helps
at any lookahead. 16,384 items, 24 times as many accesses of which the first half is left out, with its cold misses;
means over trace seeds 0 to 2. OPT may refuse items (bypass).
Dotted: what PyTorch's loader asks for ahead, 8 workers with 2 batches of 256 each, of 1,281,167 draws; and one epoch,
which the next epoch's seed tells.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _keys import OPEN

from simcache import plot
from simcache.plot.looks import OTHERS

LINES = (
    (np.inf, "with replacement", OTHERS[2], (0, (1, 1)), "d"),
    (16, "R = 16", OTHERS[0], (0, (6, 1.5)), "<"),
    (4, "R = 4", OTHERS[1], (0, (3, 1)), ">"),
    (1, "one cache", OTHERS[5], "-", "p"),
)
PREFETCH = 8 * 2 * 256 / 1_281_167
LEAST = 1e-3  # below, the axis is linear

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")

with plot.style("page", height=2.9):
    fig, axes = plt.subplots(1, 2)
    for ax, (share, rows) in zip(axes, table.groupby("fraction"), strict=True):
        for ranks, name, colour, dash, marker in LINES:
            own = rows[rows["ranks"] == ranks]
            line = own[own["kind"] == "theory"]
            look = {"color": colour, "marker": marker, "markersize": 4, **OPEN}
            ax.plot(line["ahead"], line["hit_rate"], linestyle=dash, linewidth=1, label=name, markevery=[], **look)
            means = own[own["kind"] == "simulation"].groupby(["told", "ahead"])["hit_rate_warm"].mean()
            points = means["window" if np.isinf(ranks) else "epochs"]
            ax.plot(points.index, points, linestyle="none", **look)
            if ranks in (4, 16):
                crosses = means["window"]
                ax.plot(crosses.index, crosses, "x", color=colour, markersize=3.4, markeredgewidth=0.8)
        ax.set_ylim(share - 0.02, rows["hit_rate"].max() + 0.06)
        for at, words, side in ((PREFETCH, "PyTorch's prefetch", "center"), (1, "next epoch's seed ", "right")):
            ax.axvline(at, ymax=0.9, color="0.5", linestyle=(0, (1, 2)), linewidth=0.8, zorder=0)
            ax.text(at, 0.98, words, transform=ax.get_xaxis_transform(), ha=side, va="top", fontsize=7, color="0.3")
        ax.set_xscale("symlog", linthresh=LEAST, linscale=0.5)
        ax.set(xlim=(-1e-4, 32), xlabel="epochs known ahead", ylabel="hit rate")
        ax.set_title(f"({'ab'[list(axes).index(ax)]}) cache of {share:g} of the items")
        ax.set_xticks([0, 0.001, 0.01, 0.1, 1, 10], labels=["0", "0.001", "0.01", "0.1", "1", "10"])
    axes[1].set_ylabel("")
    axes[0].plot([], [], color="0.3", linewidth=0.9, label="line: theory")
    axes[0].plot([], [], "o", color="0.3", markersize=3.6, **OPEN, label="point: simulation")
    axes[0].plot([], [], "x", color="0.3", markersize=3.4, markeredgewidth=0.8, label="cross: window that slides")
    plot.legend(fig, columns=4)
    plot.save(fig, here)
    plt.close(fig)
