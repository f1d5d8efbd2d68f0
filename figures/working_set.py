"""One curve explains LRU and OPT: D(w), the mean number of distinct items in a window of w accesses.

LRU misses at the slope of D where D reaches the cache size C (dashed); OPT at the slope of the tangent to D from (0, C)
(solid). Slopes are read off the curve of one trace of 10,000 items and 500,000 accesses (trace seed 0); beside it, the
miss rates simulated in the second half of that trace, OPT with bypass; cold misses of the first half do not count.
(a) Uniform draws with replacement, C/N =
0.5. (b) Zipf draws, exponent 1, C/N = 0.2. (c) Shuffled epochs, C/N = 0.5, where the picture fails: OPT cannot
choose short reuses, as all of them cross an epoch's end, and misses 1 - C/N.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

from simcache import plot
from simcache.plot.looks import looks

look = looks(["lru", "opt"])
here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
with plot.style("page", height=2.7):
    fig, axes = plt.subplots(1, 3, sharex=True)
    for ax, (name, rows) in zip(axes, table.groupby("panel", sort=False), strict=True):
        first = rows.iloc[0]
        lru, opt = plot.working_set(
            ax, rows["distinct"], first["capacity"], windows=rows["window"], n_items=first["n_items"]
        )
        handles, _ = ax.get_legend_handles_labels()
        found = [f"LRU  {lru:.3f} / {first['lru_misses']:.3f}", f"OPT  {opt:.3f} / {first['opt_misses']:.3f}"]
        ax.legend(handles, found, loc="lower right", handlelength=1.7, title="slope / simulated misses", fontsize=7)
        ax.get_legend().get_title().set_fontsize(7)
        ax.set_title(f"({'abc'[list(axes).index(ax)]}) {name}")
    keys = {
        "D(w)": {"color": "0.55", "linewidth": 2.2},
        "C: cache size": {"color": "0.6", "linewidth": 0.7, "linestyle": (0, (1, 1.5))},
        "T: how long LRU keeps an item": {"color": look["lru"]["color"], "marker": "^", "linestyle": "none"},
        "θ: OPT keeps what returns within it": {"color": look["opt"]["color"], "marker": "o", "linestyle": "none"},
    }
    handles = [Line2D([], [], **{"markersize": 4.5, **key}) for key in keys.values()]
    fig.legend(handles, list(keys), loc="outside lower center", ncols=len(keys), handlelength=1.5, columnspacing=1.8)
    plot.save(fig, here)
    plt.close(fig)
