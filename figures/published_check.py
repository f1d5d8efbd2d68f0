"""What others measured beside closed forms: a page cache that behaves like random replacement, and three benchmarks.

Measurements are those of others, not ours. Above (stars, dashed lines), Mohan, Phanishayee, Raniwala & Chidambaram,
PVLDB 14(5), 2021. (a) Share of the data set read from storage in an epoch: theory for one cache and files read in
random order (lines), RR simulated (crosses). Open stars: loaders that read record files, or in sequence, to which these
forms do not apply; shown for completeness. (b) OpenImages, 65 % cached: data read through the page cache over that of a
cache that never evicts. (c) Two servers with 75 GiB of memory each, sharing 146 GiB of data afresh every epoch: GiB
that each reads from storage in an epoch. Steady state: cold misses do not count. Theory is for many files of one size.
Simulations: 20,000 items, 20 epochs of which the last 10 count, one trace, 3 policy seeds.

Below, published hit rates less the form, in points; cold misses count. Grey: our simulations, from lowest to highest.
(d) foyer, 10,000 items, 5,000,000 Zipf draws, exponents 0.9 to 1.5, five sizes; one seed. Its LRU is not the plain one.
(e) go-cache-benchmark, LRU, 500,001 items, 2,500,000 draws: less the form for Zipf 0.99, which it names, and for the
approximation that its generator draws from; 10 seeds. (f) cachekit, 16,384 items, 25 % cached, 200,000 accesses; LFU
less the mean simulated rate; 10 seeds.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from simcache import plot
from simcache.plot.looks import looks, scale
from simcache.plot.rows import policy_name

LINES = ("pin", "rr", "fifo", "lru")
OPT = "opt(bypass=True)"
BARS = (OPT, "pin", "rr", "fifo", "lru")
KIT = {"uniform": ("lru", "fifo", "rr"), "zipf": ("lru", "fifo", "rr", "lfu"), "scan": ("lru", "rr", "pin")}
LABELS = {  # where a measurement's name stands
    "ImageNet-1k": (0.04, 0.6),
    "OpenImages, DALI-shuffle": (0.28, 0.45),
    "OpenImages, DALI-seq": (0.74, 0.8),
    "TFRecord": (0.56, 0.97),
}
BENCHMARKS = {  # panel: what tells its cells apart
    "foyer": ["policy", "alpha", "capacity"],
    "go-cache": ["law", "capacity", "fraction"],
    "cachekit": ["law", "policy"],
}
HALO = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
look = looks([*BARS, "lfu"])


def less(panel: str) -> pd.DataFrame:
    """Each cell of a benchmark: the form (or the mean simulated), and less it, in points, published and simulated."""
    found = table[table["panel"] == panel]
    rates = found.pivot_table("value", BENCHMARKS[panel], "kind", ["mean", "min", "max"]) * 100
    form = rates["mean"]["theory"].fillna(rates["mean"]["simulation"])
    return pd.DataFrame(
        {
            "form": form,
            "published": rates["mean"]["published"] - form,
            "low": rates["min"]["simulation"] - form,
            "high": rates["max"]["simulation"] - form,
        }
    ).reset_index()


with plot.style("page", height=5.0):
    fig = plt.figure()
    above, below = fig.subfigures(2, height_ratios=(2.75, 2.25))
    left, *right = above.subplots(1, 3, width_ratios=(1.7, 1, 1))
    cells, laws, kit = below.subplots(1, 3, width_ratios=(1.2, 1, 1.2))
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
    plot.legend(above, columns=4)

    grey = {"color": "0.65", "linewidth": 3, "solid_capstyle": "butt", "zorder": 1}
    found = less("foyer")
    for policy in ("fifo", "lru"):
        own = found[found["policy"] == policy]
        cells.plot(own["form"], own["low"], "o", color="0.65", markersize=2.5, zorder=1)
        cells.plot(own["form"], own["published"], **{**look[policy], "linestyle": ""}, label=policy_name(policy))
    cells.set(xlabel="hit rate by the form (%)", ylabel="published less form (points)", ylim=(-0.6, 1.9))
    cells.legend(loc="upper left", fontsize=7, handletextpad=0.1, handlelength=1.5)
    cells.set_title("(d) foyer")

    found = less("go-cache")
    for law, name, face in (("zipf", "Zipf 0.99, as named", "white"), ("ycsb", "as its generator draws", None)):
        own = found[found["law"] == law]
        style = {**look["lru"], "linestyle": "", "markersize": 4.5, "markeredgewidth": 0.8}
        laws.vlines(own["fraction"], own["low"], own["high"], colors="0.65", linewidth=3, zorder=1)
        laws.plot(own["fraction"], own["published"], **style, markerfacecolor=face or style["color"], label=name)
    laws.set(xlabel="share of the items cached", ylim=(-0.6, 1.9), xlim=(5e-4, 0.2))
    scale(laws, "x", "log")
    laws.legend(loc="upper right", fontsize=7, handletextpad=0.1, handlelength=1.5)
    laws.set_title("(e) go-cache-benchmark, LRU")

    found = less("cachekit").set_index(["law", "policy"])
    shown = [(law, policy) for law in ("uniform", "zipf", "scan") for policy in KIT[law]]
    for place, cell in enumerate(shown):
        kit.plot(found.loc[cell, ["low", "high"]], [place, place], **grey)
        kit.plot(found.loc[cell, "published"], place, **{**look[cell[1]], "markersize": 5})
    kit.set_yticks(
        range(len(shown)), [f"{law.replace('zipf', 'Zipf')}, {policy_name(policy)}" for law, policy in shown]
    )
    kit.set(xlabel="published less form (points)", xlim=(-0.35, 0.35), ylim=(len(shown) - 0.4, -0.6))
    kit.set_title("(f) cachekit")
    for line in (cells.axhline, laws.axhline, kit.axvline):
        line(0, color="0.3", linewidth=0.6, zorder=0)
    plot.save(fig, here)
    plt.close(fig)
