"""Where knowing the future helps, and where it cannot: OPT's hit rate less that of the best policy blind to the future.

(a) Curves are closed forms, of many items: OPT less pinning for private caches of R ranks, OPT less the most popular
items for Zipf draws. Points are simulations: OPT less the best of LRU, LFU (in-cache and perfect counts) and pin, and
of FIFO and RR too for ranks. (b, c) The same simulations as maps on one colour scale. With R = 1, one cache sees every
shuffled epoch whole, and OPT gains nothing at any size. With more ranks each private cache sees a random share 1/R of
every epoch, without replacement; as R grows this tends to sampling with replacement, which is exponent 0 in (c).
(b) 16,384 items, each cache making 16 times as many accesses. (c) 4,096 items, 100 times as many. All rates leave out
the first half of the trace, with its cold misses. One trace per row, with trace seeds 0 to 6 and 0 to 7; RR is the mean
of 2 policy seeds. OPT may refuse items (bypass).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from _keys import OPEN, theory_and_simulation

from simcache import plot
from simcache.plot.looks import OTHERS

OPT = "opt(bypass=True)"
LINES = (
    ("ranks", 1, "one cache", OTHERS[5], "-", "p"),
    ("ranks", 2, "R = 2", OTHERS[0], (0, (6, 1.5)), "<"),
    ("ranks", 4, "R = 4", OTHERS[1], (0, (3, 1)), ">"),
    ("alpha", 0.0, "with replacement", OTHERS[2], (0, (1, 1)), "d"),
    ("alpha", 0.8, "Zipf 0.8", OTHERS[3], (0, (6, 1.5, 1, 1.5)), "h"),
    ("alpha", 1.0, "Zipf 1.0", OTHERS[4], (0, (3, 1, 1, 1, 1, 1)), "*"),
)

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
simulated, theory = table[table["kind"] == "simulation"], table[table["kind"] == "theory"]
maps = {of: simulated[simulated["panel"] == name] for name, of in (("ranks", "ranks"), ("zipf", "alpha"))}


def gains(of: str, known: float) -> pd.Series:
    rows = maps[of][maps[of][of] == known]
    rates = rows.groupby(["fraction", "policy"])["hit_rate_warm"].mean().unstack()
    return rates[OPT] - rates.drop(columns=OPT).max(axis=1)


with plot.style("page", height=3.0):
    fig, (left, *right) = plt.subplots(1, 3, width_ratios=(1.25, 1, 1))
    for of, known, name, colour, dash, marker in LINES:
        line = theory[theory[of] == known]
        look = {"color": colour, "marker": marker, "markersize": 3.4, **OPEN}
        left.plot(line["fraction"], line["gain"], linestyle=dash, linewidth=1, label=name, markevery=[], **look)
        found = gains(of, known).iloc[1::2]
        left.plot(found.index, found, linestyle="none", **look)
    left.set(xlabel="cache size / items", ylabel="OPT − best other, hit rate", xlim=(0, 1), title="(a) OPT's gain")
    left.set_ylim(-0.012, 0.4)
    theory_and_simulation(left)
    meshes = []
    for ax, (of, rows), title in zip(right, maps.items(), ("(b) private caches", "(c) independent draws"), strict=True):
        meshes.append(plot.gap(ax, rows, x="fraction", y=of, policy=OPT, value="hit_rate_warm", bar=False))
        ax.set_title(title)
    right[0].set_yticks(sorted(maps["ranks"]["ranks"].unique()), labels=[f"{r:g}" for r in (1, 2, 4, 8, 16, 32, 64)])
    right[0].set_yticks([], minor=True)
    right[0].set_ylabel("ranks R, a cache each")
    plot.colorbar(meshes, aspect=28).set_label("OPT − best other, hit rate")
    right[0].text(0.5, 1, "no gain at any size", ha="center", va="center", fontsize=7)
    plot.legend(fig, columns=4)
    plot.save(fig, here)
    plt.close(fig)
