"""One page of heatmaps: each policy's hit rate on one scale, then OPT's lead over three others on another.

Below them, where a figure asks for it, a row of plain panels.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from simcache import plot

POLICIES = ("opt", "lru", "lfu", "fifo", "rr", "pin")
RIVALS = ("lru", "lfu", "best")


def draw(script: str, y: str, below: Callable[[list[plt.Axes], pd.DataFrame], None] | None = None) -> None:
    """Draw the table of `script`'s stem over column `y` and cache size; write .pdf, .png and .svg beside the script.

    `below` draws on three panels under the maps. Maps are of simulations, where the table tells them apart by `kind`.
    """
    here = Path(script)
    table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
    mapped = table[table["kind"] == "simulation"] if "kind" in table else table
    with plot.style("page", height=7.1 if below else 6.4):
        fig = plt.figure()
        rows = fig.add_gridspec(2 if below else 1, 1, height_ratios=(3.2, 1)[: 2 if below else 1])
        axes = rows[0].subgridspec(3, 3).subplots(sharex=True, sharey=True)
        rates = [
            plot.heatmap(ax, mapped, x="fraction", y=y, policy=policy, bar=False)
            for ax, policy in zip(axes[:2].flat, POLICIES, strict=True)
        ]
        gaps = [
            plot.gap(ax, mapped, x="fraction", y=y, against=rival, bar=False)
            for ax, rival in zip(axes[2], RIVALS, strict=True)
        ]
        for ax in axes.flat:
            ax.label_outer()
        plot.colorbar(rates, aspect=40).set_label("hit rate (cold misses count)")
        plot.colorbar(gaps)
        if below:
            below(list(rows[1].subgridspec(1, 3).subplots()), table)
        plot.save(fig, here)
        plt.close(fig)
