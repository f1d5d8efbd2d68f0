"""Epoch by epoch on shuffled epochs: which policies reach C/N, and when.

Hit rates within an epoch, over C/N: 1 is the most there can be, at any size. Points are simulations of 20,000 items
from an empty cache, means over 3 trace seeds (RR with a policy seed for each); lines are closed forms for many items,
from the second epoch on. Epoch 1 has cold misses alone. OPT (bypass) and pin coincide, and forced OPT with them, which
is not drawn. LFU counts within the cache, ties to the least recently used.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from _keys import OPEN, theory_and_simulation
from matplotlib.ticker import MaxNLocator

from simcache import plot
from simcache.plot.looks import looks
from simcache.plot.rows import policy_name

DRAWN = {"opt(bypass=True)": "opt", "lfu": "lfu", "rr": "rr", "fifo": "fifo", "lru": "lru"}  # and its form

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
look = looks(list(DRAWN))
with plot.style("page", height=2.5):
    fig, axes = plt.subplots(1, table["fraction"].nunique(), sharex=True, sharey=True)
    for ax, (fraction, rows) in zip(axes, table.groupby("fraction"), strict=True):
        for policy, form in DRAWN.items():
            style = look[policy]
            line = rows[(rows["kind"] == "theory") & (rows["policy"] == form) & (rows["epoch"] > 1)]
            ax.plot(line["epoch"], line["hit_rate"] / fraction, **style | {"marker": "", "linewidth": 0.9})
            found = rows[(rows["kind"] == "simulation") & (rows["policy"] == policy)]
            mean = found.groupby("epoch")["hit_rate"].mean() / fraction
            face = OPEN | {"markersize": 3.4}
            ax.plot(mean.index, mean, **style | face | {"linestyle": "none"})
            ax.plot([], [], **style | face | {"linewidth": 0.9}, label=policy_name(policy))
        ax.set(title=f"C/N = {fraction:g}", xlabel="epoch", xlim=(0.3, table["epoch"].max() + 0.7))
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes[0].set(ylabel="hit rate in the epoch / (C/N)", ylim=(-0.03, 1.06))
    theory_and_simulation(axes[-1])
    plot.legend(fig, columns=4)
    plot.save(fig, here)
    plt.close(fig)
