"""Where clairvoyance pays on a walk with jumps, by locality and cache size.

A walk on a ring of items goes one up or one down, equally likely, with the probability on the vertical axis, and else
jumps to any item. Hit rates of six policies, and how far OPT (forced admission) lies above LRU, LFU (in-cache counts)
and the best of the five others in each cell. 20,000 items, 10^6 accesses per trace (50 per item), from an empty cache:
cold misses count. One trace per locality, 0 to 0.999 (not evenly spaced), with trace seeds 0 to 15; 16 cache sizes,
0.01 to 0.9 of the items. RR is the mean of 3 policy seeds, taken before subtracting; the other policies draw nothing.
All hit rates share one colour scale, all gaps another, centred at 0.
Below, OPT less LRU along four rows and three columns of the maps: closed forms of many items (lines) and the same
simulations without the first fifth of each trace (points).
"""

import matplotlib.pyplot as plt
import pandas as pd
from _heatmaps import draw
from _keys import OPEN, theory_and_simulation

from simcache.plot.looks import OTHERS

LOOKS = tuple(zip(OTHERS, ("o", "s", "^", "D"), strict=False))
TITLES = {"row": "OPT − LRU, rows", "column": "OPT − LRU, columns"}


def lead(rows: pd.DataFrame, by: str, value: str) -> pd.Series:
    """OPT less LRU."""
    rates = rows.pivot(index=by, columns="policy", values=value)
    return rates["opt"] - rates["lru"]


def cuts(axes: list[plt.Axes], table: pd.DataFrame) -> None:
    """OPT less LRU along rows and columns of the maps, and a key."""
    theory = table[table["kind"] == "theory"]
    simulated = table[(table["kind"] == "simulation") & table["policy"].isin(("opt", "lru"))]
    along = (("row", "jump", "fraction", "jump {:g}"), ("column", "fraction", "jump", "cache size {:.2g}"))
    for ax, (cut, of, by, name) in zip(axes, along, strict=False):
        lines = theory[theory["cut"] == cut]
        for (colour, marker), (known, line) in zip(LOOKS, lines.groupby(of, sort=False), strict=False):
            form, found = lead(line, by, "hit_rate"), lead(simulated[simulated[of] == known], by, "hit_rate_warm")
            look = {"color": colour, "marker": marker, "markersize": 3, **OPEN}
            ax.plot(form.index, form, linewidth=0.9, label=name.format(known), markevery=[], **look)
            ax.plot(found.index, found, linestyle="none", **look)
        ax.set(xscale="log", ylim=(-0.012, 0.4), title=TITLES[cut])
        ax.set_xlabel({"fraction": "cache size / items", "jump": "jump"}[by])
        ax.xaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel("gap in hit rate")
    axes[1].set_yticklabels([])
    axes[2].set_axis_off()
    theory_and_simulation(axes[1])
    labels = [ax.get_legend_handles_labels() for ax in axes]
    handles, names = ([each for label in labels for each in label[k]] for k in (0, 1))
    axes[2].legend(handles, names, loc="center left")


draw(__file__, "locality", cuts)
