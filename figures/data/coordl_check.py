"""CoorDL's published page-cache measurements beside closed forms, and simulations of the same settings.

The assumption behind the forms: files of one size, read whole and in a fresh random order each epoch, the cache warm.
"""

import numpy as np
import pandas as pd
from _coordl import (
    DATA_GIB,
    MEMORY_GIB,
    NEVER_EVICT_GB,
    PAGE_CACHE_GB,
    RATIO_CACHED,
    READ,
    READ_GIB,
    SERVERS,
)
from _grid import write

from simcache import Trace, sweep, synth, theory

N_ITEMS, EPOCHS, SEEDS = 20_000, 20, (0, 1, 2)
POLICIES = ("opt", "pin", "lru", "fifo", "rr")
FORMS = {name: getattr(theory, f"{name}_shuffled") for name in POLICIES}

cached = np.linspace(0.005, 0.995, 199)
rows = [
    {"panel": "read", "kind": "theory", "policy": name, "fraction": c, "value": value}
    for name, form in FORMS.items()
    for c, value in zip(cached, 1 - form(cached), strict=True)
]
for name, fraction, value, order in READ:
    rows.append(
        {"panel": "read", "kind": "published", "setting": name, "order": order, "fraction": fraction, "value": value}
    )
rows.append({"panel": "ratio", "kind": "published", "fraction": RATIO_CACHED, "value": PAGE_CACHE_GB / NEVER_EVICT_GB})
rows.append({"panel": "servers", "kind": "published", "fraction": MEMORY_GIB / DATA_GIB, "value": READ_GIB})
for name, form in FORMS.items():
    ratio, servers = (1 - form(RATIO_CACHED)) / (1 - RATIO_CACHED), form(MEMORY_GIB / DATA_GIB, ranks=SERVERS)
    rows += [
        {"panel": "ratio", "kind": "theory", "policy": name, "fraction": RATIO_CACHED, "value": float(ratio)},
        {
            "panel": "servers", "kind": "theory", "policy": name, "fraction": MEMORY_GIB / DATA_GIB,
            "value": float(DATA_GIB / SERVERS * (1 - servers)),
        },
    ]  # fmt: skip

one = synth.shuffled(N_ITEMS, EPOCHS, seed=0)
halved = Trace(one.ids[::SERVERS], N_ITEMS, "half", [start // SERVERS for start in one.epochs], {"ranks": SERVERS})
shuffled = sorted({fraction for _, fraction, _, order in READ if order == "shuffled"})
for trace, fractions in ((one, shuffled), (halved, [MEMORY_GIB / DATA_GIB])):
    warmup = len(trace) // 2
    found = sweep([trace], ["rr"], fractions, seeds=SEEDS, warmup=warmup).assign(kind="simulation")
    found["value"] = 1 - found["hit_rate_warm"]
    panel = "read" if trace is one else "servers"
    if panel == "servers":
        found["value"] *= DATA_GIB / SERVERS
    rows += found.assign(panel=panel)[["panel", "kind", "policy", "fraction", "seed", "value"]].to_dict("records")

write(pd.DataFrame(rows), __file__)
