"""Why the table that this package began with could not tell policies apart, and what would have.

(a) Hit rates, simulated: 50,000 items, 500,000 accesses in batches of 512, 16 workers, caches of 25,000 items; means of
5 trace seeds. Above, as it was run: one pass of 977 batches, a private cache in each worker; nothing is evicted. Then
ten epochs of 98 batches, where counting workers from the first in every epoch gives two of them more than a cache
holds; workers that end with the epoch, and their caches with them; and one cache for all workers. Cold misses count.
OPT may refuse items (bypass). (b) Published training times (not ours; each measured once; the OPT is that of the
authors) over that without a cache. Shaded: what the time model allows for (a)'s first row, from loading that takes all
the time to none of it. Two networks gained more than hits alone can give, and policies that hit the same items differ:
scatter, and something else than the cache, is in these times. (c) The time model for (a)'s one pass, with replacement:
time of a step over the accelerator's own, both over the time in which 16 workers load a batch without a cache. Hits
cost nothing.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from simcache import plot
from simcache.plot.looks import OTHERS, looks
from simcache.plot.rows import policy_name

ROWS = {
    "one pass, private": "one pass\nprivate",
    "ten epochs, private, persistent": "ten epochs, private\npersistent",
    "ten epochs, private, not persistent": "ten epochs, private\nnot persistent",
    "ten epochs, one shared": "ten epochs\none shared",
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

with plot.style("page", height=3.1):
    fig, (rates, ratios, steps) = plt.subplots(1, 3, width_ratios=(1.25, 1.2, 1))
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
        rates.annotate(words, (0.99, at - 1.5), ha="right", va="center", fontsize=6.5, linespacing=0.95)
        rates.axhline(at - 0.5, color="0.85", linewidth=0.6, zorder=0)
    rates.set_yticks(*zip(*ticks, strict=True))
    rates.set(ylim=(at - 0.5, -0.5), xlim=(-0.03, 1), xlabel="hit rate", ylabel="replacement")
    rates.set_title("(a) what the caches hit")

    least = 1 - means["one pass, private", True, "lru"]
    networks = measured["network"].unique()
    ratios.axvspan(least, 1, color="0.9", linewidth=0, zorder=0)
    for row, network in enumerate(networks):
        times = measured[measured["network"] == network].set_index("policy")["ratio"]
        for place, policy in enumerate(MEASURED):
            style = {**look[policy], "linestyle": "", "markersize": 3.4}
            ratios.plot(times[policy], row + 0.12 * (place - 2), **style)
    names = [name.removesuffix("_224").replace("_patch", "/").replace("_window", "-w") for name in networks]
    short = [name.replace("_conv_small", " s").replace("_small", " s").replace("_tiny", " t") for name in names]
    ratios.set_yticks(range(len(networks)), [name.replace("_", " ") for name in short])
    ratios.set(ylim=(len(networks) - 0.5, -0.5), xlim=(0.55, 1.6), xlabel="training time / without a cache")
    words = "shaded: what the\nhits of (a), first\nrow, can change"
    ratios.annotate(words, (1.58, 3), ha="right", va="center", fontsize=6.5, linespacing=0.95)
    ratios.set_title("(b) what was published")

    for cache, style in CURVES.items():
        curve = model[model["cache"] == cache]
        label = f"{cache} ({curve['hit_rate'].iloc[0]:.2f})"
        steps.plot(curve["step"], curve["seconds"], **style, label=label)
    steps.set(xlim=(0, 1.5), ylim=(0, 2.45), xlabel="accelerator's step /\nloading a batch")
    steps.set_ylabel("time of a step / loading a batch")
    steps.set_yticks(np.arange(0, 2.1, 0.5))
    steps.set_title("(c) what time makes of it")
    steps.legend(loc="upper left", fontsize=6.5, title="cache (hit rate)", title_fontsize=6.5, handlelength=2.4)
    handles, labels = rates.get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=1, handletextpad=0.3)
    plot.save(fig, here)
    plt.close(fig)
