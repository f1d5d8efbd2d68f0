"""The experiment that this package began with, and a later one, simulated: hit rates, and what time makes of them.

Rows of kind "hits" are simulations, one for each setting, sampling, policy and trace seed; "measured" the published
times, with what the caches of their setting can hit; "model" the time model's, over the accelerator's step, for what
each cache hits.
"""

import math

import numpy as np
import pandas as pd
from _grid import write
from _mission import later, seconds

from simcache import explain, order, theory
from simcache.loader import Costs, Loader, deal, per_cache, simulate_loader, timing

N_ITEMS, ACCESSES, BATCH, WORKERS, CAPACITY, SEEDS = 50_000, 500_000, 512, 16, 25_000, 5
LATER_ITEMS, LATER_EPOCHS, LATER_BATCH, LATER_CAPACITY = 10_000, 5, 16, 3_000  # of the later experiment
OPT = ("opt", {"bypass": True})
POLICIES = [OPT, "fifo", "lfu", "lru", "pin", "rr"]  # those of the experiment, and pin
DYING, LASTING = Loader(BATCH, WORKERS), Loader(BATCH, WORKERS, persistent_workers=True)
ONE_PASS = {"epochs": 1, "num_samples": ACCESSES}
TEN_EPOCHS = {"epochs": 10}
LATER = {"epochs": 1, "num_samples": LATER_EPOCHS * LATER_ITEMS}
SETTINGS = {  # name: items, the sampler, the loader, a cache's capacity, who shares it
    "one pass, private": (N_ITEMS, ONE_PASS, DYING, CAPACITY, "worker"),
    "ten epochs, private, persistent": (N_ITEMS, TEN_EPOCHS, LASTING, CAPACITY, "worker"),
    "ten epochs, private, not persistent": (N_ITEMS, TEN_EPOCHS, DYING, CAPACITY, "worker"),
    "ten epochs, one shared": (N_ITEMS, TEN_EPOCHS, DYING, CAPACITY, "rank"),
    "five epochs, one process": (LATER_ITEMS, LATER, Loader(LATER_BATCH), LATER_CAPACITY, "worker"),
}

rows = []
for setting, (n_items, sampling, loader, capacity, shared) in SETTINGS.items():
    for replacement in (True, False):
        for seed in range(SEEDS):
            trace = order.random(n_items, seed=seed, replacement=replacement, **sampling)
            dealt = deal(trace, loader)
            common = {"kind": "hits", "setting": setting, "replacement": replacement, "trace_seed": seed}
            common["verdict"] = explain(trace, loader, capacity, shared=shared).verdict if seed == 0 else None
            for policy in POLICIES:
                hits = simulate_loader(trace, loader, policy, capacity, shared=shared)
                caches = per_cache(dealt, loader, hits, capacity, shared=shared)
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

# In the first experiment nothing is evicted: all policies hit what was drawn before. In the later, one cache evicts.
draws = ACCESSES / WORKERS
first = 1 - N_ITEMS * -math.expm1(draws * math.log1p(-1 / N_ITEMS)) / draws
share = LATER_CAPACITY / LATER_ITEMS
blind, clairvoyant = (float(form(share, LATER_EPOCHS)) for form in (theory.lru_horizon, theory.opt_horizon))
for table, tables in (("first", seconds()), ("later", later())):
    for network, times in tables.items():
        for name, time in times.items():
            hit = {"none": 0.0, "warm-up": 0.0}.get(name, first if table == "first" else blind)
            hit = clairvoyant if (table, name) == ("later", "opt") else hit
            row = {"kind": "measured", "table": table, "network": network, "policy": name, "hit_rate": hit}
            rows.append({**row, "seconds": float(time), "ratio": time / times["none"]})

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
