"""Hit rate in each epoch of shuffled epochs, from an empty cache, simulated and by the closed forms."""

import numpy as np
import pandas as pd
from _grid import write

from simcache import simulate, synth, theory

N_ITEMS, EPOCHS = 20_000, 20
FRACTIONS = (0.25, 0.5, 0.9)
TRACE_SEEDS = (0, 1, 2)
POLICIES = (
    ("pin", {}), ("opt", {"bypass": True}), ("opt", {}), ("rr", {}), ("fifo", {}), ("lru", {}),
    ("lfu", {}), ("lfu", {"perfect": True}),
)  # fmt: skip

epoch = np.arange(1, EPOCHS + 1)
steady = {name: getattr(theory, f"{name}_shuffled") for name in ("opt", "rr", "fifo", "lru")}

rows = []
for seed in TRACE_SEEDS:
    trace = synth.shuffled(N_ITEMS, EPOCHS, seed=seed)
    for fraction in FRACTIONS:
        for name, parameters in POLICIES:
            hits = simulate(trace, name, round(fraction * N_ITEMS), seed=seed, **parameters)
            label = name + "".join(f"({key}={value})" for key, value in parameters.items())
            rates = hits.reshape(EPOCHS, N_ITEMS).mean(axis=1)
            rows.append(pd.DataFrame({"policy": label, "fraction": fraction, "trace_seed": seed, "hit_rate": rates}))
simulated = pd.concat([row.assign(epoch=epoch, kind="simulation") for row in rows])

closed = []
for fraction in FRACTIONS:
    rates = {name: np.where(epoch > 1, form(fraction), 0.0) for name, form in steady.items()}
    rates["lfu"] = theory.lfu_shuffled(fraction, epoch)
    closed += [
        pd.DataFrame({"policy": name, "fraction": fraction, "epoch": epoch, "hit_rate": rate, "kind": "theory"})
        for name, rate in rates.items()
    ]
table = pd.concat([simulated, *closed], ignore_index=True).assign(n_items=N_ITEMS, epochs=EPOCHS)
write(table, __file__)
