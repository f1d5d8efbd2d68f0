"""The experiment that this package began with, simulated: hit rates by setting and policy, and what time makes of them.

Rows of kind "hits" are simulations, one for each setting, sampling, policy and trace seed; "measured" the published
times; "model" the time model's, over the accelerator's step, for what each cache hits.
"""

import math

import numpy as np
import pandas as pd
from _grid import write
from _mission import seconds

from simcache import explain, order, policies
from simcache.loader import Costs, Loader, deal, per_cache, simulate_loader, timing

N_ITEMS, ACCESSES, BATCH, WORKERS, CAPACITY, SEEDS = 50_000, 500_000, 512, 16, 25_000, 5
OPT = ("opt", {"bypass": True})
POLICIES = [OPT, *(name for name in policies.names() if name != "opt")]
DYING, LASTING = Loader(BATCH, WORKERS), Loader(BATCH, WORKERS, persistent_workers=True)
ONE_PASS = {"epochs": 1, "num_samples": ACCESSES}
TEN_EPOCHS = {"epochs": 10}
SETTINGS = {  # name: the sampler, the loader, who shares a cache
    "one pass, private": (ONE_PASS, DYING, "worker"),
    "ten epochs, private, persistent": (TEN_EPOCHS, LASTING, "worker"),
    "ten epochs, private, not persistent": (TEN_EPOCHS, DYING, "worker"),
    "ten epochs, one shared": (TEN_EPOCHS, DYING, "rank"),
}

rows = []
for setting, (sampling, loader, shared) in SETTINGS.items():
    for replacement in (True, False):
        for seed in range(SEEDS):
            trace = order.random(N_ITEMS, seed=seed, replacement=replacement, **sampling)
            dealt = deal(trace, loader)
            common = {"kind": "hits", "setting": setting, "replacement": replacement, "trace_seed": seed}
            common["verdict"] = explain(trace, loader, CAPACITY, shared=shared).verdict if seed == 0 else None
            for policy in POLICIES:
                hits = simulate_loader(trace, loader, policy, CAPACITY, shared=shared)
                caches = per_cache(dealt, loader, hits, CAPACITY, shared=shared)
                name = policy if isinstance(policy, str) else "opt(bypass=True)"
                forced = name not in ("pin", "opt(bypass=True)")  # the others may refuse, so evict fewer
                rows.append(
                    {
                        **common,
                        "policy": name,
                        "hit_rate": hits.mean(),
                        "evictions": float(caches["evictions"].sum()) if forced else math.nan,
                        "distinct": int(caches["distinct"].max()),  # in the cache that sees most
                    }
                )

for network, times in seconds().items():
    rows += [
        {"kind": "measured", "network": network, "policy": name, "seconds": time, "ratio": time / times["none"]}
        for name, time in times.items()
    ]

# Seconds a step, in units of what 16 workers take to load a batch without a cache. Hits cost nothing: the best case.
trace = order.random(N_ITEMS, seed=0, replacement=True, **ONE_PASS)
dealt = deal(trace, DYING)
caches = {
    "no cache": np.zeros(ACCESSES, np.bool_),
    "private, any policy": simulate_loader(trace, DYING, "lru", CAPACITY),
    "one shared, LRU": simulate_loader(trace, DYING, "lru", CAPACITY, shared="rank"),
    "one shared, OPT": simulate_loader(trace, DYING, OPT, CAPACITY, shared="rank"),
}
for cache, hits in caches.items():
    for step in np.linspace(0, 1.5, 61):
        spent = timing(dealt, DYING, hits, Costs(0.0, WORKERS / BATCH, 0.0, float(step)))
        rows.append({"kind": "model", "cache": cache, "step": step, "seconds": spent.step, "hit_rate": hits.mean()})

write(pd.DataFrame(rows), __file__)
