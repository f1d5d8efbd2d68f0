"""Working-set curves of three workloads, and what LRU and OPT do on the same traces."""

import numpy as np
import pandas as pd
from _grid import write

from simcache import simulate, synth, theory

N_ITEMS, EPOCHS, STEP = 10_000, 50, 20
REACH = 3 * N_ITEMS  # longest window kept

rows = []
for panel, trace, fraction in (
    ("uniform draws", synth.uniform(N_ITEMS, EPOCHS * N_ITEMS, seed=0), 0.5),
    ("Zipf draws", synth.zipf(N_ITEMS, EPOCHS * N_ITEMS, 1.0, seed=0), 0.2),
    ("shuffled epochs", synth.shuffled(N_ITEMS, EPOCHS, seed=0), 0.5),
):
    capacity, warm = round(fraction * N_ITEMS), len(trace) // 2
    windows = np.arange(0, REACH + 1, STEP)
    misses = {
        "lru": 1 - simulate(trace, "lru", capacity)[warm:].mean(),
        "opt": 1 - simulate(trace, "opt", capacity, bypass=True)[warm:].mean(),
    }
    rows.append(
        pd.DataFrame({"window": windows, "distinct": theory.working_set(trace)[windows]}).assign(
            panel=panel,
            trace=trace.name,
            n_items=N_ITEMS,
            accesses=len(trace),
            capacity=capacity,
            warmup=warm,
            trace_seed=0,
            lru_misses=misses["lru"],
            opt_misses=misses["opt"],
        )
    )
write(pd.concat(rows, ignore_index=True), __file__)
