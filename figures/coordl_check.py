"""A page cache on shuffled files behaves like random replacement: published measurements beside closed forms.

Measurements (stars, dashed lines) are those of Mohan, Phanishayee, Raniwala & Chidambaram, PVLDB 14(5), 2021, not
ours. (a) Share of the data set read from
storage in an epoch: theory for one cache and files read in random order (lines), RR simulated (crosses). Open stars:
loaders that read record files, or in sequence, to which these forms do not apply; shown for completeness. (b)
OpenImages, 65 % cached: data read through the page cache over that of a cache that never evicts. (c) Two servers with
75 GiB of memory each, sharing 146 GiB of data afresh every epoch: GiB that each reads from storage in an epoch.
Steady state: cold misses do not count. Theory is for many files of one size. Simulations: 20,000 items, 20 epochs of
which the last 10 count, one trace, 3 policy seeds.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from simcache import plot
from simcache.plot.looks import looks
from simcache.plot.rows import policy_name

LINES = ("pin", "rr", "fifo", "lru")
OPT = "opt(bypass=True)"
BARS = (OPT, "pin", "rr", "fifo", "lru")
LABELS = {  # where a measurement's name stands
    "ImageNet-1k": (0.04, 0.6),
    "OpenImages, DALI-shuffle": (0.28, 0.45),
    "OpenImages, DALI-seq": (0.74, 0.8),
    "TFRecord": (0.56, 0.97),
}
HALO = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
look = looks(BARS)
with plot.style("page", height=2.9):
    fig, (left, *right) = plt.subplots(1, 3, width_ratios=(1.7, 1, 1))
    rows = table[table["panel"] == "read"]
    for policy in LINES:
        line = rows[(rows["kind"] == "theory") & (rows["policy"] == policy)]
        left.plot(line["fraction"], line["value"], **{**look[policy], "marker": ""}, label=policy_name(policy))
    simulated = rows[rows["kind"] == "simulation"].groupby("fraction")["value"].mean()
    left.plot(simulated.index, simulated, "X", color=look["rr"]["color"], markersize=5.5, label="RR, simulated")
    for order, face, words in (("shuffled", "black", "files in random order"), ("sequential", "white", "in sequence")):
        found = rows[(rows["kind"] == "published") & (rows["order"] == order)]
        left.plot(
            found["fraction"], found["value"], "*", color="black", markerfacecolor=face, markersize=5,
            markeredgewidth=0.6, zorder=4, label=f"measured, {words}",
        )  # fmt: skip
        for _, each in found.drop_duplicates("setting").iterrows():
            name, at = each["setting"].removeprefix("OpenImages, "), LABELS[each["setting"]]
            line = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
            left.annotate(
                name, (each["fraction"], each["value"]), at, va="center", fontsize=7, bbox=HALO, arrowprops=line
            )
    left.set(xlabel="share of the data that fits", ylabel="share read from storage", xlim=(0, 1), ylim=(0, 1.03))
    left.set_title("(a) one server")
    for ax, panel, title, name, form in (
        (right[0], "ratio", "(b) OpenImages, 65 %", "read / least possible", ".2f"),
        (right[1], "servers", "(c) two servers", "GiB read per server", ".1f"),
    ):
        rows = table[table["panel"] == panel]
        measured = rows.loc[rows["kind"] == "published", "value"].item()
        values = rows[rows["kind"] == "theory"].set_index("policy")["value"].rename({"opt": OPT})
        for place, policy in enumerate(BARS):
            ax.plot([0, values[policy]], [place, place], color="0.85", linewidth=0.8, zorder=1)
            ax.plot(values[policy], place, **{**look[policy], "markersize": 5})
            offset, side = ((-6, 0), "right") if values[policy] < measured else ((6, 0), "left")
            ax.annotate(
                f"{values[policy]:{form}}", (values[policy], place), offset, textcoords="offset points", va="center",
                ha=side, fontsize=7, bbox=HALO,
            )  # fmt: skip
        ax.axvline(measured, color="black", linewidth=0.9, linestyle=(0, (4, 2)), zorder=0)
        ax.annotate(
            f"measured {measured:.3g}", (measured, len(BARS) - 0.45), (-3, 0), textcoords="offset points", ha="right",
            va="center", fontsize=7,
        )  # fmt: skip
        ax.set_yticks(range(len(BARS)), [policy_name(policy).replace(" ", "\n") for policy in BARS])
        ax.set(title=title, xlabel=name, xlim=(0, 1.25 * values.max()), ylim=(-0.6, len(BARS) - 0.1))
    plot.legend(fig, columns=4)
    plot.save(fig, here)
    plt.close(fig)
