"""Theory against simulation, for every workload that has a closed form.

Lines are theory, points simulations: means over 3 trace seeds (and, for RR, 3 policy seeds), bars from the lowest to
the highest. Below each panel, simulation minus theory, in thousandths, all on one scale, linear from -1 to 1 and
logarithmic beyond: for OPT in (e) to (h) what the fluid forms, limits of many items, neglect at these sizes; elsewhere
mostly noise. OPT may refuse items (bypass).
(a) 20,000 items, 10 epochs from an empty cache, cold misses count; LFU with in-cache counts. (b) A private cache that
sees a random quarter of 20,000 items in each of 40 epochs, from empty, cold misses count. (c) 20,000 items, epochs 11
to 20; one trace, no draws. (d, e) A shuffle buffer of a tenth of 20,000 items, emptied at each epoch's end or not;
epochs 2 to 10 and 2 to 40. (f) 200,000 draws of 20,000 items with replacement from an empty cache, cold misses count.
(g) Exponent 1, 10,000 items, the second half of 600,000 draws; LFU with perfect counts, still learning them, against
the mass of the most popular items. (h) 300 items, one step up or down with probability 0.8, else a jump to any item;
accesses 100,001 to 400,000. OPT's forms in (g) and (h) are upper bounds, reached as the items grow many.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from _keys import theory_and_simulation

from simcache import plot

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
table = table.drop(columns="hit_rate").rename(columns={"rate": "hit_rate"})  # the one that theory speaks of
panels = table["panel"].unique()
LOG = "Zipf draws"

with plot.style("page", height=5.6):
    fig, grid = plt.subplots(4, 4, height_ratios=(2.6, 1, 2.6, 1))
    for place, name in enumerate(panels):
        row, column = divmod(place, 4)
        above, below = grid[2 * row, column], grid[2 * row + 1, column]
        rows = table[table["panel"] == name]
        theory = rows[rows["kind"] == "theory"]
        curves = {policy: (own["fraction"], own["hit_rate"]) for policy, own in theory.groupby("policy", sort=False)}
        simulated = rows[rows["kind"] == "simulation"].dropna(axis="columns", how="all").drop(columns=["panel", "kind"])
        plot.overlay(above, simulated, curves, residual=below, log=name == LOG)
        above.set(title=f"({'abcdefgh'[place]}) {name}", ylim=(-0.03, 1.03), xlabel="")
        above.set_ylabel("hit rate" if column == 0 else "")
        below.set_ylabel("simulation −\ntheory (10⁻³)" if column == 0 else "")
        below.set_yscale("symlog", linthresh=1e-3)
        below.set(ylim=(-0.05, 0.05), yticks=[-0.01, 0, 0.01])
        below.set_yticks([-0.001, 0.001], minor=True)
        below.yaxis.set_major_formatter(lambda value, _: f"{1000 * value:g}".replace("-", "−"))
        above.tick_params(labelbottom=False, labelleft=column == 0)
        below.tick_params(labelleft=column == 0)
        if name != LOG:
            for ax in (above, below):
                ax.set_xlim(0, 1)
        below.set_xlabel("" if row == 0 else "cache size / items")
    theory_and_simulation(grid[3, 3])
    plot.legend(fig, columns=5)
    plot.save(fig, here)
    plt.close(fig)
