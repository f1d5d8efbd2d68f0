"""What others published beside closed forms, and simulations of the same settings.

CoorDL's measurements of the page cache, and the hit rates that benchmarks of three other caches print.

The assumption behind CoorDL's forms: files of one size, read whole and in a fresh random order each epoch, the cache
warm. The benchmarks draw at random from an empty cache: cold misses count.
"""

from collections.abc import Iterator

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
from _published import (
    FOYER,
    FOYER_DRAWS,
    FOYER_ITEMS,
    FOYER_SHARES,
    GO,
    GO_ALPHA,
    GO_DRAWS,
    GO_ITEMS,
    KIT,
    KIT_CAPACITY,
    KIT_DRAWS,
    KIT_ITEMS,
    ycsb,
    zipf,
)
from scipy.optimize import brentq

from simcache import Trace, simulate, sweep, synth, theory

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

# ---------------------------------------------------------------- benchmarks of others

DRAWN = range(10)  # seeds of the draws, and of random replacement
STEADY = {"lru": theory.lru_irm, "fifo": theory.fifo_irm_exact, "rr": theory.fifo_irm_exact}


def from_empty(policy: str, p: np.ndarray, capacity: int, draws: int) -> float:
    """The steady form after a start in which the cache fills: in T draws, C of them misses."""
    filling = brentq(lambda t: -np.expm1(-p * t).sum() - capacity, 1, draws)
    return float((1 - filling / draws) * STEADY[policy](p, capacity) + (filling - capacity) / draws)


def beside(
    panel: str, percent: float, traces: list[Trace], policy: str, capacity: int, **known: object
) -> Iterator[dict]:
    """A published rate, and simulations of what was run there."""
    row = {"panel": panel, "policy": policy, "capacity": capacity, "fraction": capacity / traces[0].n_items, **known}
    yield {**row, "kind": "published", "value": percent / 100}
    for seed, trace in enumerate(traces):
        yield {**row, "kind": "simulation", "seed": seed, "value": simulate(trace, policy, capacity, seed=seed).mean()}


def drawn(p: np.ndarray, draws: int, seed: int) -> Trace:
    """Independent draws by these probabilities."""
    ids = np.searchsorted(np.cumsum(p)[:-1], np.random.default_rng(seed).random(draws), side="right")
    return Trace(ids.astype(np.int32), p.size)


for alpha in FOYER["fifo"]:
    p, traces = zipf(FOYER_ITEMS, alpha), [synth.zipf(FOYER_ITEMS, FOYER_DRAWS, alpha, seed=0)]
    for policy, table in FOYER.items():
        for share, percent in zip(FOYER_SHARES, table[alpha], strict=True):
            c = round(share * FOYER_ITEMS)
            rows += beside("foyer", percent, traces, policy, c, alpha=alpha)
            common = {"panel": "foyer", "kind": "theory", "policy": policy, "alpha": alpha, "capacity": c}
            rows.append({**common, "value": from_empty(policy, p, c, FOYER_DRAWS)})

for law, p in (("zipf", zipf(GO_ITEMS, GO_ALPHA)), ("ycsb", ycsb(GO_ITEMS, GO_ALPHA))):
    traces = [drawn(p, GO_DRAWS, seed) for seed in DRAWN]
    for c, percent in GO.items():
        rows += beside("go-cache", percent, traces, "lru", c, law=law)
        common = {"panel": "go-cache", "policy": "lru", "law": law, "capacity": c, "fraction": c / GO_ITEMS}
        rows.append({**common, "kind": "theory", "value": from_empty("lru", p, c, GO_DRAWS)})
        rows.append({**common, "kind": "steady", "value": float(theory.lru_irm(p, c))})

made = {
    "uniform": [synth.uniform(KIT_ITEMS, KIT_DRAWS, seed=seed) for seed in DRAWN],
    "zipf": [synth.zipf(KIT_ITEMS, KIT_DRAWS, 1.0, seed=seed) for seed in DRAWN],
    "scan": [synth.loop(KIT_ITEMS, KIT_DRAWS)] * len(DRAWN),
}
share, passes = KIT_CAPACITY / KIT_ITEMS, KIT_DRAWS / KIT_ITEMS
whole, part = divmod(KIT_DRAWS, KIT_ITEMS)
scanned = {  # the first pass hits nothing; the last, which pin hits at its start, is not whole
    "lru": 0.0,
    "rr": float(theory.rr_loop(share)) * (1 - 1 / passes),
    "pin": ((whole - 1) * KIT_CAPACITY + min(part, KIT_CAPACITY)) / KIT_DRAWS,
}
for law, table in KIT.items():
    for policy, percent in table.items():
        rows += beside("cachekit", percent, made[law], policy, KIT_CAPACITY, law=law)
        if law == "scan":
            value = scanned[policy]
        elif law == "uniform":
            value = float(theory.lru_horizon(share, passes))
        elif policy in STEADY:
            value = from_empty(policy, zipf(KIT_ITEMS, 1.0), KIT_CAPACITY, KIT_DRAWS)
        else:
            continue  # LFU that counts within the cache has no form
        common = {"panel": "cachekit", "kind": "theory", "policy": policy, "law": law, "capacity": KIT_CAPACITY}
        rows.append({**common, "value": value})

write(pd.DataFrame(rows), __file__)
