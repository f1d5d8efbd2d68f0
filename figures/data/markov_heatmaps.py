"""Every policy on a walk with jumps, over locality and cache size; row k of the grid has trace seed k.

Locality is the probability of a step to a neighbour: the next item is one up or one down on a ring of all items,
equally likely, or else any item. At 0 the accesses are independent and uniform.
"""

from _grid import N_ACCESSES, N_ITEMS, simulate, write

from simcache import synth

LOCALITIES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)

jumps = [round(1 - locality, 3) for locality in LOCALITIES]
table = simulate([synth.ring(N_ITEMS, N_ACCESSES, jump, seed=k) for k, jump in enumerate(jumps)])
write(table.assign(locality=table["jump"].map(dict(zip(jumps, LOCALITIES, strict=True)))), __file__)
