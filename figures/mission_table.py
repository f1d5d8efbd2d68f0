"""Two published tables of training times: why one could not tell policies apart, and why the other could.

(a) Hit rates, simulated. The first four: 50,000 items, 500,000 accesses in batches of 512, 16 workers, caches of 25,000
items. Above, as it was run: one pass of 977 batches, a private cache in each worker; nothing is evicted. Then ten
epochs of 98 batches, where counting workers from the first in every epoch gives two of them more than a cache holds;
workers that end with the epoch, and their caches with them; and one cache for all workers. The fifth is the later
experiment: one process, 10,000 items, a cache of 3,000, five epochs in one pass. Means of 5 trace seeds; cold misses
count. OPT may refuse items (bypass). (b) The time model for the one pass, with replacement: time of a step over the
accelerator's own, both over the time in which 16 workers load a batch without a cache. Hits cost nothing. (c, d)
Published training times (not ours; each measured once; the OPT is that of the authors) over that without a cache; in
(d) also a second run without a cache. Shaded: from what is left when all the time is loading, to one. (e) All of them
over the share of accesses that miss, by the forms: 1 - h. Only between the diagonal and one can hits alone have made
them.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _keys import OPEN

from simcache import plot
from simcache.plot.looks import OTHERS, looks
from simcache.plot.rows import policy_name

ROWS = {
    "one pass, private": "one pass\nprivate",
    "ten epochs, private, persistent": "ten epochs, private\npersistent",
    "ten epochs, private, not persistent": "ten epochs, private\nnot persistent",
    "ten epochs, one shared": "ten epochs\none shared",
    "five epochs, one process": "later: five epochs\none process",
}
POLICIES = ("opt(bypass=True)", "pin", "lru", "lfu", "fifo", "rr")
MEASURED = ("opt", "lru", "lfu", "fifo", "rr")
CURVES = {
    "no cache": {"color": "0.6", "linestyle": (0, (1, 1))},
    "private, any policy": {"color": OTHERS[0], "linestyle": "-"},
    "one shared, LRU": {name: looks(["lru"])["lru"][name] for name in ("color", "linestyle")},
    "one shared, OPT": {name: looks(POLICIES)["opt(bypass=True)"][name] for name in ("color", "linestyle")},
}

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
look = looks(POLICIES)
look["opt"] = look["opt(bypass=True)"]  # one look for the policy, and its name below says what it may do
hits, measured, model = (table[table["kind"] == kind] for kind in ("hits", "measured", "model"))


def short(name: str) -> str:
    """A network's name, as much as tells it from the others."""
    for part in ("_224", "_patch16", "_patch8", "_patch4", "_window7", "_conv_small", "_small_100", "_small", "_tiny"):
        name = name.replace(part, "")
    return name.replace("_base", "").replace("_", " ")


def times(ax: plt.Axes, which: str, title: str, far: float) -> None:
    """One published table: a row for each network, times beyond `far` as a number at the edge."""
    own = measured[measured["table"] == which]
    least = 1 - own.groupby("policy")["hit_rate"].first()
    ax.axvspan(least["lru"], 1, color="0.9", linewidth=0, zorder=0)
    ax.axvline(least["opt"], color="0.3", linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
    networks = own["network"].unique()
    for row, network in enumerate(networks):
        ratios = own[own["network"] == network].set_index("policy")["ratio"]
        for place, policy in enumerate(MEASURED):
            style = {**look[policy], "linestyle": "", "markersize": 3.4}
            ax.plot(min(ratios[policy], far), row + 0.12 * (place - 2), **style, clip_on=False)
            if ratios[policy] > far:
                where = {"textcoords": "offset points", "ha": "right", "va": "center", "fontsize": 6.5}
                ax.annotate(f"{ratios[policy]:.1f}", (far, row + 0.12 * (place - 2)), (-4, 0), **where)
        if "warm-up" in ratios:
            ax.plot(ratios["warm-up"], row, "o", color="0.4", markersize=3.4, **OPEN)
    ax.set_yticks(range(len(networks)), [short(name) for name in networks])
    ax.set(ylim=(len(networks) - 0.5, -0.5), xlim=(0.35, far), xlabel="training time / without a cache", title=title)


with plot.style("page", height=5.6):
    fig = plt.figure()
    above, below = fig.subfigures(2, height_ratios=(2.9, 2.7))
    rates, steps = above.subplots(1, 2, width_ratios=(1.35, 1))
    first, later, both = below.subplots(1, 3, width_ratios=(1, 1, 1.1))
    means = hits.groupby(["setting", "replacement", "policy"])["hit_rate"].mean()
    at, ticks = 0.0, []
    for setting, words in ROWS.items():
        for replacement in (True, False):
            for place, policy in enumerate(POLICIES):
                style = {**look[policy], "linestyle": "", "markersize": 3.4}
                y = at + 0.11 * (place - 2.5)  # apart, so that equal rates do not hide each other
                name = policy_name(policy) if at == 0 else None
                rates.plot(means[setting, replacement, policy], y, **style, label=name)
            ticks.append((at, "with" if replacement else "without"))
            at += 1
        rates.annotate(words, (0.99, at - 1.5), ha="right", va="center", fontsize=6.5, linespacing=1.1)
        rates.axhline(at - 0.5, color="0.85", linewidth=0.6, zorder=0)
    rates.set_yticks(*zip(*ticks, strict=True))
    rates.set(ylim=(at - 0.5, -0.5), xlim=(-0.03, 1), xlabel="hit rate", ylabel="replacement")
    rates.set_title("(a) what the caches hit")

    for cache, style in CURVES.items():
        curve = model[model["cache"] == cache]
        label = f"{cache} ({curve['hit_rate'].iloc[0]:.2f})"
        steps.plot(curve["step"], curve["seconds"], **style, label=label)
    steps.set(xlim=(0, 1.5), ylim=(0, 2.45), xlabel="accelerator's step / loading a batch")
    steps.set_ylabel("time of a step / loading a batch")
    steps.set_yticks(np.arange(0, 2.1, 0.5))
    steps.set_title("(b) what time makes of it: the one pass")
    steps.legend(loc="upper left", fontsize=6.5, title="cache (hit rate)", title_fontsize=6.5, handlelength=2.4)
    handles, labels = rates.get_legend_handles_labels()

    times(first, "first", "(c) first table: nothing is evicted", 1.6)
    times(later, "later", "(d) later table: one cache evicts", 1.6)
    both.fill([0, 1, 0], [0, 1, 1], color="0.9", linewidth=0, zorder=0)
    both.plot([0, 1], [0, 1], color="0.3", linewidth=0.8, zorder=1)
    for which, open_or_not in (("first", OPEN), ("later", {})):
        for place, policy in enumerate(MEASURED):
            own = measured[(measured["table"] == which) & (measured["policy"] == policy)]
            style = {**look[policy], "linestyle": "", "markersize": 3.4, **open_or_not}
            both.plot(1 - own["hit_rate"] + 0.0065 * (place - 2), own["ratio"], **style)
    both.annotate("more than\nhits can save", (0.84, 0.42), ha="right", va="center", fontsize=6.5)
    both.annotate("open: first table\nfilled: later table", (0.36, 1.47), va="center", fontsize=6.5)
    both.set(xlim=(0.34, 0.85), ylim=(0.35, 1.6), xlabel="share that misses, 1 - h", ylabel="time / without a cache")
    both.set_title("(e) both, beside the forms")
    second = plt.Line2D([], [], marker="o", linestyle="", color="0.4", markersize=3.4, **OPEN)
    handles, labels = [*handles, second], [*labels, "no cache, again"]
    below.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=1, handletextpad=0.3)
    plot.save(fig, here)
    plt.close(fig)
