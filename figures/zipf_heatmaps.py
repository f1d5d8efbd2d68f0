"""Where clairvoyance pays on independent Zipf accesses, by exponent and cache size.

Hit rates of six policies, and how far OPT (forced admission) lies above LRU, LFU (in-cache counts) and the best of the
five others in each cell. 20,000 items, 10^6 accesses per trace (50 per item), from an empty cache: cold misses count.
One trace per exponent, 0 to 1.5 by 0.1, with trace seeds 0 to 15; 16 cache sizes, 0.01 to 0.9 of the items. RR is the
mean of 3 policy seeds, taken before subtracting; the other policies draw nothing.
All hit rates share one colour scale, all gaps another, centred at 0.
"""

from _heatmaps import draw

draw(__file__, "alpha")
