"""Every policy on a walk with jumps, over locality and cache size; row k of the grid has trace seed k.

Locality is the probability of a step to a neighbour: the next item is one up or one down on a ring of all items,
equally likely, or else any item. At 0 the accesses are independent and uniform. Then the closed forms of OPT and LRU
along some rows and some columns of the grid.
"""

import numpy as np
import pandas as pd
from _grid import FRACTIONS, N_ACCESSES, N_ITEMS, simulate, write

from simcache import synth, theory

LOCALITIES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
ROWS, COLUMNS = (0, 0.8, 0.95, 0.99), (2, 7, 11)  # localities; places in FRACTIONS

jumps = [round(1 - locality, 3) for locality in LOCALITIES]
table = simulate([synth.ring(N_ITEMS, N_ACCESSES, jump, seed=k) for k, jump in enumerate(jumps)], N_ACCESSES // 5)
lines = [
    pd.DataFrame({"policy": name, "cut": cut, "fraction": c, "jump": j, "hit_rate": form(c, j)})
    for name, form in (("opt", theory.opt_restarts), ("lru", theory.lru_restarts))
    for cut, c, j in (
        *(("row", np.geomspace(0.01, 1, 100), round(1 - locality, 3)) for locality in ROWS),
        *(("column", FRACTIONS[place], np.geomspace(min(jumps), 1, 100)) for place in COLUMNS),
    )
]
write(
    pd.concat(
        [
            table.assign(locality=table["jump"].map(dict(zip(jumps, LOCALITIES, strict=True))), kind="simulation"),
            pd.concat(lines).assign(kind="theory"),
        ],
        ignore_index=True,
    ),
    __file__,
)
