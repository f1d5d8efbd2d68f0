"""What each policy makes of the orders that PyTorch's samplers really yield.

Hit rate over cache size on seven recorded traces (traces/README.md), each 10 epochs of 10,000 accesses, from an empty
cache: cold misses count. Items: 10,000, but 20,000 for weighted sampling without replacement (which draws half of them
each epoch) and for the subset (which never leaves its half), and 40,000 for the distributed sampler (of which each of
4 ranks draws a quarter each epoch; rank 0 is shown). RR is the mean of 5 policy seeds, the band its 95 % interval
(thinner than the line); the other policies draw nothing. OPT is Belady's, with forced admission.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from simcache import plot

TITLES = {
    "random": "RandomSampler\nwithout replacement",
    "weighted": "WeightedRandomSampler\nwithout replacement",
    "sequential": "SequentialSampler\n",
    "distributed-rank0": "DistributedSampler\nrank 0 of 4",
    "random-replacement": "RandomSampler\nwith replacement",
    "weighted-replacement": "WeightedRandomSampler\nwith replacement",
    "subset": "SubsetRandomSampler\nhalf of the items",
}

here = Path(__file__)
table = pd.read_parquet(here.parent / "data" / f"{here.stem}.parquet")
with plot.style("page", height=4.3):
    fig, axes = plt.subplots(2, 4, sharex=True, sharey=True)
    *panels, spare = axes.flat
    plot.hit_curves(panels, table)
    for ax, trace in zip(panels, table["trace"].unique(), strict=True):
        ax.set_title(TITLES[trace])
        ax.label_outer()
    panels[3].xaxis.set_tick_params(labelbottom=True)  # nothing below it but the legend
    panels[3].set_xlabel(panels[4].get_xlabel())
    spare.set_axis_off()
    spare.legend(*panels[0].get_legend_handles_labels(), loc="center", labelspacing=0.9)
    plot.save(fig, here)
    plt.close(fig)
