"""Numbers from tables that others published, and from what stands beside them: macro -> (how written, what it is)."""

import numpy as np
import pandas as pd
from _data import (
    constant,
    count,
    fine,
    given,
    most,
    one,
    percent,
    percent_most,
    points,
    points_most,
    rate,
    ratio,
    rows,
    span,
    tenth,
)
from _measured import OPT


def published(panel: str, **equal: object) -> float:
    """A measurement of others."""
    return one(rows("published_check", panel=panel, kind="published", **equal)["value"])


def form(panel: str, policy: str = "rr", at: float | None = None) -> float:
    """A closed form beside a measurement, at its cache size."""
    found = rows("published_check", panel=panel, kind="theory", policy=policy)
    if at is not None:
        found = found[np.isclose(found["fraction"], at)]
    return one(found["value"])


def cached(setting: str) -> float:
    """Share of the data that was cached in a published setting."""
    return one(rows("published_check", setting=setting)["fraction"])


def bench_gap(panel: str, against: str = "theory", **equal: object) -> pd.Series:
    """A benchmark's published hit rates less the form, or the mean simulated rate, in points."""
    keys = ["policy", "capacity", *(["alpha"] if panel == "foyer" else ["law"])]
    found = rows("published_check", panel=panel, **equal).groupby([*keys, "kind"])["value"].mean().unstack()
    return 100 * (found["published"] - found[against]).dropna()


def bench_outside() -> int:
    """How many of cachekit's published rates lie outside of those simulated; they have four decimals."""
    cells = rows("published_check", panel="cachekit").groupby(["kind", "law", "policy"])["value"]
    rates, low, high = cells.max()["published"], cells.min()["simulation"], cells.max()["simulation"]
    return int(((rates < low - 5e-5) | (rates > high + 5e-5)).sum())


def bench_noise(panel: str, **equal: object) -> float:
    """Largest distance of a simulated rate from the form, in points."""
    both = (
        rows("published_check", panel=panel, **equal).groupby(["alpha", "capacity", "kind"])["value"].mean().unstack()
    )
    return float(100 * (both["simulation"] - both["theory"]).abs().max())


def coordl_spread() -> float:
    """Largest distance of simulated random replacement from its form where data are read, in shares."""
    found = rows("published_check", panel="read", kind="simulation").groupby("fraction")["value"].mean()
    return max(abs(value - form("read", at=c)) for c, value in found.items())


def mission(setting: str, value: str = "hit_rate", policy: str = "lru", *, replacement: bool) -> float:
    """Mean over trace seeds."""
    found = rows("mission_table", kind="hits", setting=setting, policy=policy, replacement=replacement)
    return float(found[value].mean())


def mission_fullest(*, replacement: bool) -> int:
    """Distinct items in the cache that sees most, over all seeds."""
    return int(rows("mission_table", setting="one pass, private", replacement=replacement)["distinct"].max())


def mission_spread() -> float:
    """Largest distance between policies, means over seeds, where two workers evict a little."""
    found = rows("mission_table", setting="ten epochs, private, persistent")
    rates = found.groupby(["replacement", "policy"])["hit_rate"].mean().unstack()
    return float((rates.max(axis=1) - rates.min(axis=1)).max())


def mission_times() -> pd.DataFrame:
    """Published seconds by network and policy, without the one run that took half as long again as the others."""
    times = rows("mission_table", kind="measured", table="first").pivot(
        index="network", columns="policy", values="seconds"
    )
    others = times.drop(columns="none")
    return others.where(others.lt(1.4 * others.median(axis=1), axis=0))


def mission_scatter() -> float:
    """Pooled standard deviation of the times with caches, over their mean."""
    times = mission_times()
    return float(np.sqrt(times.div(times.mean(axis=1), axis=0).var(axis=1, ddof=1).mean()))


def mission_lead() -> pd.Series:
    """Share of the mean time of the other policies that OPT saves, by network."""
    times = mission_times()
    return 1 - times["opt"] / times.drop(columns="opt").mean(axis=1)


def mission_seconds(network: str, policy: str) -> float:
    """A published time."""
    return one(rows("mission_table", table="first", network=network, policy=policy)["seconds"])


def savings(table: str = "later") -> pd.DataFrame:
    """Share of the time without a cache that each run of a published table saved, by network and policy."""
    return 1 - rows("mission_table", table=table).pivot(index="network", columns="policy", values="ratio")


def later_hits(policy: str) -> float:
    """Hit rate by the form in the later experiment."""
    return one(rows("mission_table", table="later", policy=policy)["hit_rate"])


def later_saved() -> pd.DataFrame:
    """What the policies blind to the future saved in the later experiment."""
    return savings()[["lru", "lfu", "fifo", "rr"]]


def later_excess(network: str | None = None) -> int:
    """Runs that saved more than their hits, of all networks or one."""
    found = later_saved() if network is None else later_saved().loc[[network]]
    return int((found > later_hits("lru")).to_numpy().sum())


def later_fastest() -> int:
    """Networks for which OPT's run was the fastest of those with a cache."""
    return int((savings()["opt"] > later_saved().max(axis=1)).sum())


ONE_PASS, RESTART, SHARED = "one pass, private", "ten epochs, private, persistent", "ten epochs, one shared"

NUMBERS = {
    # published measurements
    "PageShare": (percent, lambda: cached("ImageNet-1k")),
    "PageRead": (percent, lambda: published("read", setting="ImageNet-1k")),
    "PageForm": (percent, lambda: form("read", at=cached("ImageNet-1k"))),
    "PageLruForm": (percent, lambda: form("read", "lru", cached("ImageNet-1k"))),
    "OpenShare": (percent, lambda: cached("OpenImages, DALI-shuffle")),
    "OpenRead": (percent, lambda: published("read", setting="OpenImages, DALI-shuffle")),
    "OpenRatio": (ratio, lambda: published("ratio")),
    "OpenRatioForm": (ratio, lambda: form("ratio")),
    "ServerRead": (given, lambda: published("servers")),
    "ServerForm": (tenth, lambda: form("servers")),
    "ServerOpt": (tenth, lambda: form("servers", "opt")),
    "PageSimulated": (most, coordl_spread),
    "PageItems": (count, lambda: constant("published_check", "N_ITEMS")),
    "PageEpochs": (count, lambda: constant("published_check", "EPOCHS")),
    "PageSeeds": (count, lambda: rows("published_check", panel="read", kind="simulation")["seed"].nunique()),
    "ServerMemory": (count, lambda: constant("_coordl", "MEMORY_GIB")),
    "ServerData": (count, lambda: constant("_coordl", "DATA_GIB")),
    # benchmarks of other caches
    "FoyerCells": (count, lambda: bench_gap("foyer", policy="fifo").size),
    "FoyerItems": (count, lambda: constant("_published", "FOYER_ITEMS")),
    "FoyerDraws": (count, lambda: constant("_published", "FOYER_DRAWS")),
    "FoyerAlphas": (span, lambda: rows("published_check", panel="foyer")["alpha"]),
    "FoyerFifo": (points_most, lambda: bench_gap("foyer", policy="fifo").abs().max()),
    "FoyerLru": (points, lambda: -bench_gap("foyer", policy="lru").mean()),
    "FoyerLruMost": (points_most, lambda: -bench_gap("foyer", policy="lru").min()),
    "FoyerLruOurs": (points_most, lambda: bench_noise("foyer", policy="lru")),
    "GoItems": (count, lambda: constant("_published", "GO_ITEMS")),
    "GoDraws": (count, lambda: constant("_published", "GO_DRAWS")),
    "GoAlpha": (given, lambda: constant("_published", "GO_ALPHA")),
    "GoNamedLeast": (points, lambda: bench_gap("go-cache", law="zipf").min()),
    "GoNamedMost": (points, lambda: bench_gap("go-cache", law="zipf").max()),
    "GoSteady": (points_most, lambda: bench_gap("go-cache", "steady", law="zipf").abs().min()),
    "GoDrawn": (points_most, lambda: bench_gap("go-cache", law="ycsb").abs().max()),
    "KitItems": (count, lambda: constant("_published", "KIT_ITEMS")),
    "KitCapacity": (count, lambda: constant("_published", "KIT_CAPACITY")),
    "KitDraws": (count, lambda: constant("_published", "KIT_DRAWS")),
    "KitCells": (count, lambda: rows("published_check", panel="cachekit", kind="published")["value"].size),
    "KitOutside": (count, bench_outside),
    "BenchSeeds": (count, lambda: rows("published_check", panel="cachekit")["seed"].nunique()),
    # tables of training times
    "MissionItems": (count, lambda: constant("mission_table", "N_ITEMS")),
    "MissionAccesses": (count, lambda: constant("mission_table", "ACCESSES")),
    "MissionBatch": (count, lambda: constant("mission_table", "BATCH")),
    "MissionWorkers": (count, lambda: constant("mission_table", "WORKERS")),
    "MissionCapacity": (count, lambda: constant("mission_table", "CAPACITY")),
    "MissionSeeds": (count, lambda: constant("mission_table", "SEEDS")),
    "MissionBatches": (count, lambda: -(-constant("mission_table", "ACCESSES") // constant("mission_table", "BATCH"))),
    "MissionFullest": (count, lambda: mission_fullest(replacement=True)),
    "MissionFullestShuffled": (count, lambda: mission_fullest(replacement=False)),
    "MissionRate": (fine, lambda: mission(ONE_PASS, replacement=True)),
    "MissionRateShuffled": (fine, lambda: mission(ONE_PASS, replacement=False)),
    "MissionRatio": (fine, lambda: 1 - mission(ONE_PASS, replacement=True)),
    "MissionEvictions": (count, lambda: round(mission(RESTART, "evictions", replacement=True))),
    "MissionEvictionsShuffled": (count, lambda: round(mission(RESTART, "evictions", replacement=False))),
    "MissionSpread": (most, lambda: mission_spread()),
    "MissionSharedOpt": (rate, lambda: mission(SHARED, policy=OPT, replacement=True)),
    "MissionSharedLru": (rate, lambda: mission(SHARED, replacement=True)),
    "MissionSharedOptShuffled": (rate, lambda: mission(SHARED, policy=OPT, replacement=False)),
    "MissionSharedLruShuffled": (rate, lambda: mission(SHARED, replacement=False)),
    "MissionMost": (percent_most, lambda: savings("first").drop(columns="none").max().max()),
    "MissionSwin": (count, lambda: mission_seconds("swin_tiny_patch4_window7_224", "none")),
    "MissionMobilenet": (count, lambda: mission_seconds("mobilenetv4_conv_small", "none")),
    "MissionMobilenetLru": (count, lambda: mission_seconds("mobilenetv4_conv_small", "lru")),
    "MissionScatter": (tenth, lambda: 100 * mission_scatter()),
    "MissionLead": (tenth, lambda: 100 * mission_lead().mean()),
    "MissionLeadError": (tenth, lambda: 100 * mission_lead().std(ddof=1) / len(mission_lead()) ** 0.5),
    "LaterNetworks": (count, lambda: len(savings())),
    "LaterItems": (count, lambda: constant("mission_table", "LATER_ITEMS")),
    "LaterCapacity": (count, lambda: constant("mission_table", "LATER_CAPACITY")),
    "LaterShare": (
        percent,
        lambda: constant("mission_table", "LATER_CAPACITY") / constant("mission_table", "LATER_ITEMS"),
    ),
    "LaterEpochs": (count, lambda: constant("mission_table", "LATER_EPOCHS")),
    "LaterBatch": (count, lambda: constant("mission_table", "LATER_BATCH")),
    "LaterOpt": (rate, lambda: later_hits("opt")),
    "LaterBlind": (rate, lambda: later_hits("lru")),
    "LaterFastest": (count, later_fastest),
    "LaterLeast": (percent, lambda: savings()["opt"].min()),
    "LaterMost": (percent, lambda: savings()["opt"].max()),
    "LaterMean": (percent, lambda: savings()["opt"].mean()),
    "LaterOthers": (percent, lambda: later_saved().median(axis=1).mean()),
    "LaterAgain": (percent_most, lambda: savings()["warm-up"].abs().max()),
    "LaterRuns": (count, lambda: later_saved().size),
    "LaterExcess": (count, later_excess),
    "LaterExcessDino": (count, lambda: later_excess("vit_base_patch16_dinov3")),
    "LaterDinoMost": (percent, lambda: later_saved().loc["vit_base_patch16_dinov3"].max()),
    "LaterOutlier": (tenth, lambda: 1 - later_saved().min().min()),
}
