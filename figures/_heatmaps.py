"""One page of heatmaps: each policy's hit rate on one scale, then OPT's lead over three others on another."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from simcache import plot

POLICIES = ("opt", "lru", "lfu", "fifo", "rr", "pin")
RIVALS = ("lru", "lfu", "best")


def draw(script: str, y: str) -> None:
    """Draw the table of `script`'s stem over column `y` and cache size; write .pdf, .png and .svg beside the script."""
    here = Path(script)
    table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
    with plot.style("page", height=6.4):
        fig, axes = plt.subplots(3, 3, sharex=True, sharey=True)
        rates = [
            plot.heatmap(ax, table, x="fraction", y=y, policy=policy, bar=False)
            for ax, policy in zip(axes[:2].flat, POLICIES, strict=True)
        ]
        gaps = [
            plot.gap(ax, table, x="fraction", y=y, against=rival, bar=False)
            for ax, rival in zip(axes[2], RIVALS, strict=True)
        ]
        for ax in axes.flat:
            ax.label_outer()
        plot.colorbar(rates, aspect=40).set_label("hit rate (cold misses count)")
        plot.colorbar(gaps)
        plot.save(fig, here)
        plt.close(fig)
