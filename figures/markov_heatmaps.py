"""Where clairvoyance pays on a walk with jumps, by locality and cache size.

A walk on a ring of items goes one up or one down, equally likely, with the probability on the vertical axis, and else
jumps to any item. Hit rates of six policies, and how far OPT (forced admission) lies above LRU, LFU (in-cache counts)
and the best of the five others in each cell. 20,000 items, 10^6 accesses per trace (50 per item), from an empty cache:
cold misses count. One trace per locality, 0 to 0.999 (not evenly spaced), with trace seeds 0 to 15; 16 cache sizes,
0.01 to 0.9 of the items. RR is the mean of 3 policy seeds, taken before subtracting; the other policies draw nothing.
All hit rates share one colour scale, all gaps another, centred at 0.
"""

from _heatmaps import draw

draw(__file__, "locality")
