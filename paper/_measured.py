"""Numbers from the tables of figures/data: macro -> (how it is written, what it is)."""

from functools import partial

import numpy as np
import pandas as pd
from _closed import shortfall, zipf
from _data import (
    count,
    fine,
    given,
    items,
    most,
    one,
    rate,
    rate_most,
    ratio,
    rows,
    span,
)

from simcache import theory

OPT = "opt(bypass=True)"
FINITE_ALPHA = 1.2  # beyond, cold misses outweigh the shortfall
SIZE = 0.2  # share of the items in the table of samplers


def gaps(
    stem: str, by: str, against: str | None = None, value: str = "hit_rate", opt: str = "opt", **equal: object
) -> pd.Series:
    """OPT's hit rate less that of one policy, or of the best other, in each cell of a grid; over seeds the mean."""
    rates = rows(stem, **equal).groupby([by, "fraction", "policy"])[value].mean().unstack()
    rival = rates.drop(columns=opt).max(axis=1) if against is None else rates[against]
    return rates[opt] - rival


def seeds(found: pd.DataFrame, policy: str = "rr", column: str = "seed") -> int:
    """How many seeds a policy ran with."""
    return found.loc[found["policy"] == policy, column].nunique()


def sampler_gap(trace: str) -> float:
    """Largest distance, over all sizes, of forced OPT from pinning."""
    rates = rows("sampler_curves", trace=trace).groupby(["fraction", "policy"])["hit_rate"].mean().unstack()
    return float((rates["opt"] - rates["pin"]).abs().max())


def epochs_of(found: pd.DataFrame) -> int:
    """Accesses over items."""
    return one(found["accesses"] / items(found))


def warm_epochs(found: pd.DataFrame) -> int:
    """Accesses left out, over items."""
    return one(found["warmup"] / items(found))


def check(panel: str) -> pd.DataFrame:
    """Simulations of one panel of the check."""
    return rows("theory_check", panel=panel, kind="simulation")


def check_error(panel: str, policy: str | None = None) -> float:
    """Largest distance of simulation, the mean over seeds, from theory in a panel of the check."""
    both = rows("theory_check", panel=panel)
    rates = both.groupby(["kind", "policy", "fraction"])["rate"].mean().unstack("kind").dropna()
    found = (rates["simulation"] - rates["theory"]).abs()
    return float(found.max() if policy is None else found[policy].max())


def converged(**equal: object) -> pd.DataFrame:
    """Simulated epochs."""
    return rows("epoch_convergence", kind="simulation", **equal)


def epoch_error() -> float:
    """Largest distance of an epoch's hit rate, the mean over traces, from its form; the first epoch left out."""
    simulated = converged().groupby(["policy", "fraction", "epoch"])["hit_rate"].mean()
    closed = rows("epoch_convergence", kind="theory").set_index(["policy", "fraction", "epoch"])["hit_rate"]
    closed = closed.rename(index={"opt": OPT})
    return float((simulated - closed).dropna().abs().max())


def off_walk(policy: str) -> pd.Series:
    """Hit rate after the warm-up (mean over seeds) less its form, along the cuts of the map of walks."""
    rates = WALK().query("policy == @policy").groupby(["jump", "fraction"])["hit_rate_warm"].mean()
    cut = rows("markov_heatmaps", kind="theory").groupby("cut")
    jump, fraction = (rates.index.get_level_values(name) for name in ("jump", "fraction"))
    form = theory.opt_restarts if policy == "opt" else theory.lru_restarts
    drawn = jump.isin(cut.get_group("row")["jump"]) | fraction.isin(cut.get_group("column")["fraction"])
    return (rates - form(fraction.to_numpy(), jump.to_numpy()))[drawn]


def forced_loss() -> float:
    """Most hits that forced OPT loses on bypass in an epoch."""
    rates = converged().pivot(index=["fraction", "trace_seed", "epoch"], columns="policy", values="hit_rate")
    return float((rates[OPT] - rates["opt"]).max() * one(converged()["n_items"]))


def perfect_error() -> float:
    """Largest distance of LFU with perfect counts from LRU in any epoch, means over traces."""
    rates = converged().groupby(["policy", "fraction", "epoch"])["hit_rate"].mean()
    return float((rates["lfu(perfect=True)"] - rates["lru"]).abs().max())


def picture_share(panel: str) -> float:
    """Cache size over items."""
    found = rows("working_set", panel=panel)
    return one(found["capacity"]) / one(found["n_items"])


def slope_hits(panel: str, tangent: bool) -> float:
    """Hit rate read off the working-set curve: by the tangent from (0, C), or by the slope where D = C."""
    found = rows("working_set", panel=panel)
    window, distinct, c = found["window"].to_numpy(float), found["distinct"].to_numpy(), one(found["capacity"])
    if tangent:
        return 1 - float(((distinct[1:] - c) / window[1:]).max())
    return 1 - float(np.interp(c, distinct, np.gradient(distinct, window)))


def of_map(panel: str) -> pd.DataFrame:
    """Simulations of one map of the regimes."""
    return rows("regimes", panel=panel, kind="simulation")


def gains(panel: str, by: str) -> pd.Series:
    """OPT less the best other in each cell of a map, after the warm-up."""
    return gaps("regimes", by, value="hit_rate_warm", opt=OPT, panel=panel, kind="simulation")


def rank_error() -> float:
    """Largest distance of OPT's hit rate, after the warm-up, from its form in the map of ranks."""
    rates = of_map("ranks").query("policy == @OPT").groupby(["ranks", "fraction"])["hit_rate_warm"].mean()
    ranks, fraction = (rates.index.get_level_values(name).to_numpy() for name in ("ranks", "fraction"))
    return float(np.abs(rates - theory.opt_shuffled(fraction, ranks=ranks)).max())


def known(told: str, **equal: object) -> pd.DataFrame:
    """Simulations of OPT with lookahead: told whole epochs, or by a window."""
    return rows("lookahead", kind="simulation", told=told, **equal)


def lookahead_error() -> float:
    """Largest distance of OPT with lookahead, the mean over trace seeds, from its form, on ranks told whole epochs."""
    found = pd.concat([known("epochs"), known("window", ranks=np.inf)])
    rates = found.groupby(["fraction", "ahead", "ranks"])["hit_rate_warm"].mean()
    fraction, ahead, ranks = (rates.index.get_level_values(name).to_numpy() for name in rates.index.names)
    return float(np.abs(rates - theory.opt_lookahead(fraction, ahead, ranks=ranks)).max())


def finite(correct: bool) -> float:
    """Mean distance of OPT's simulated hit rate from the fluid law, or that less its shortfall, on the map of Zipf."""
    found = of_map("zipf").query("policy == @OPT and alpha <= @FINITE_ALPHA")
    far = []
    for alpha, own in found.groupby("alpha"):
        p = zipf(items(own), alpha)
        law = theory.opt_irm(p, own["capacity"].to_numpy(int))
        less = [shortfall(p, c) if correct else 0.0 for c in own["capacity"]]
        far.append(np.abs(law - less - own["hit_rate_warm"]))
    return float(np.mean(far))


def walk_bound() -> float:
    """How much OPT may lead at the strongest locality of the map, by the restarts of the walk."""
    jump = 1 - WALK()["locality"].max()
    return float((jump * (2 - jump)) ** 0.5 / np.e)


ZIPF, WALK = (lambda: rows("zipf_heatmaps")), (lambda: rows("markov_heatmaps", kind="simulation"))
walk_gaps = partial(gaps, "markov_heatmaps", "locality", kind="simulation")
RECORDED, PICTURE = (lambda: rows("sampler_curves")), (lambda: rows("working_set"))

NUMBERS = {
    # heatmaps
    "ZipfMapItems": (count, lambda: items(ZIPF())),
    "ZipfMapAccesses": (count, lambda: one(ZIPF()["accesses"])),
    "ZipfMapAlphas": (span, lambda: ZIPF()["alpha"]),
    "ZipfMapRows": (count, lambda: ZIPF()["alpha"].nunique()),
    "ZipfMapTraceSeeds": (span, lambda: ZIPF()["trace_seed"]),
    "ZipfMapSizes": (count, lambda: ZIPF()["fraction"].nunique()),
    "ZipfMapShares": (span, lambda: ZIPF()["fraction"]),
    "ZipfMapSeeds": (count, lambda: seeds(ZIPF())),
    "ZipfMapBest": (rate, lambda: gaps("zipf_heatmaps", "alpha").max()),
    "ZipfMapBestAlpha": (given, lambda: gaps("zipf_heatmaps", "alpha").idxmax()[0]),
    "ZipfMapBestShare": (ratio, lambda: gaps("zipf_heatmaps", "alpha").idxmax()[1]),
    "ZipfMapLru": (rate_most, lambda: gaps("zipf_heatmaps", "alpha", "lru").max()),
    "ZipfMapLfu": (rate_most, lambda: gaps("zipf_heatmaps", "alpha", "lfu").max()),
    "WalkMapItems": (count, lambda: items(WALK())),
    "WalkMapAccesses": (count, lambda: one(WALK()["accesses"])),
    "WalkMapLocalities": (span, lambda: WALK()["locality"]),
    "WalkMapTraceSeeds": (span, lambda: WALK()["trace_seed"]),
    "WalkMapSizes": (count, lambda: WALK()["fraction"].nunique()),
    "WalkMapShares": (span, lambda: WALK()["fraction"]),
    "WalkMapSeeds": (count, lambda: seeds(WALK())),
    "WalkMapBest": (rate_most, lambda: walk_gaps().max()),
    "WalkMapBestLocality": (given, lambda: walk_gaps().idxmax()[0]),
    "WalkMapLfu": (rate_most, lambda: walk_gaps("lfu").max()),
    "WalkMapLast": (rate_most, lambda: walk_gaps()[WALK()["locality"].max()].max()),
    "WalkMapWarm": (count, lambda: one(WALK()["warmup"])),
    "WalkMapCutError": (most, lambda: (off_walk("opt") - off_walk("lru")).abs().max()),
    "WalkMapLastBound": (rate, walk_bound),
    # lookahead
    "LookaheadItems": (count, lambda: items(known("epochs"))),
    "LookaheadPasses": (count, lambda: epochs_of(known("epochs"))),
    "LookaheadSeeds": (span, lambda: known("epochs")["trace_seed"]),
    "LookaheadLess": (given, lambda: known("epochs")["fraction"].min()),
    "LookaheadMore": (given, lambda: known("epochs")["fraction"].max()),
    "LookaheadError": (most, lookahead_error),
    # recorded samplers
    "SamplerEpochs": (count, lambda: one(RECORDED()["accesses"] / RECORDED()["warmup"])),
    "SamplerEpochLength": (count, lambda: one(RECORDED()["warmup"])),
    "SamplerTraces": (count, lambda: RECORDED()["trace"].nunique()),
    "SamplerShare": (given, lambda: SIZE),
    "SamplerSeeds": (count, lambda: seeds(RECORDED())),
    "SamplerItems": (count, lambda: items(rows("sampler_curves", trace="random"))),
    "SamplerItemsHalved": (count, lambda: items(rows("sampler_curves", trace="subset"))),
    "SamplerItemsRanks": (count, lambda: items(rows("sampler_curves", trace="distributed-rank0"))),
    "SamplerRanks": (count, lambda: one(rows("sampler_curves", trace="distributed-rank0")["num_replicas"])),
    "SamplerTorch": (str, lambda: one(RECORDED()["torch"]).partition("+")[0]),
    "SamplerGapShuffled": (most, lambda: sampler_gap("random")),
    "SamplerGapSequential": (most, lambda: sampler_gap("sequential")),
    "SamplerGapSubset": (most, lambda: sampler_gap("subset")),
    # epoch by epoch
    "ConvergeItems": (count, lambda: one(converged()["n_items"])),
    "ConvergeEpochs": (count, lambda: one(converged()["epochs"])),
    "ConvergeTraces": (count, lambda: converged()["trace_seed"].nunique()),
    "ConvergeTraceSeeds": (span, lambda: converged()["trace_seed"]),
    "ConvergeError": (most, epoch_error),
    "ConvergeForcedLoss": (given, forced_loss),
    "ConvergePerfect": (most, perfect_error),
    # theory check
    "CheckItems": (count, lambda: items(check("shuffled epochs"))),
    "CheckEpochs": (count, lambda: epochs_of(check("shuffled epochs"))),
    "CheckTraces": (count, lambda: seeds(check("shuffled epochs"), column="trace_seed")),
    "CheckSeeds": (count, lambda: seeds(check("shuffled epochs"))),
    "CheckRanks": (count, lambda: one(check("one rank of four")["ranks"])),
    "CheckRankEpochs": (count, lambda: one(check("one rank of four")["ranks"]) * epochs_of(check("one rank of four"))),
    "CheckLoopWarm": (count, lambda: warm_epochs(check("same order every epoch"))),
    "CheckLoopEpochs": (count, lambda: epochs_of(check("same order every epoch"))),
    "CheckBuffer": (count, lambda: one(check("buffer, drained")["buffer"])),
    "CheckBufferEpochs": (count, lambda: epochs_of(check("buffer, drained"))),
    "CheckFlowEpochs": (count, lambda: epochs_of(check("buffer, not drained"))),
    "CheckUniformDraws": (count, lambda: one(check("uniform draws")["accesses"])),
    "CheckZipfAlpha": (given, lambda: one(check("Zipf draws")["alpha"])),
    "CheckZipfItems": (count, lambda: items(check("Zipf draws"))),
    "CheckZipfAccesses": (count, lambda: one(check("Zipf draws")["accesses"])),
    "CheckWalkItems": (count, lambda: items(check("walk with jumps"))),
    "CheckWalkStep": (given, lambda: 1 - one(check("walk with jumps")["jump"])),
    "CheckWalkWarm": (count, lambda: one(check("walk with jumps")["warmup"])),
    "CheckWalkAccesses": (count, lambda: one(check("walk with jumps")["accesses"])),
    "CheckRankError": (most, lambda: check_error("one rank of four")),
    "CheckZipfOptError": (most, lambda: check_error("Zipf draws", OPT)),
    "CheckWalkOptError": (most, lambda: check_error("walk with jumps", OPT)),
    "CheckWalkLruError": (most, lambda: check_error("walk with jumps", "lru")),
    "CheckUniformError": (most, lambda: check_error("uniform draws")),
    # working set
    "PictureItems": (count, lambda: one(PICTURE()["n_items"])),
    "PictureAccesses": (count, lambda: one(PICTURE()["accesses"])),
    "PictureWarm": (count, lambda: one(PICTURE()["warmup"])),
    "PictureSeed": (count, lambda: one(PICTURE()["trace_seed"])),
    "PictureUniformShare": (given, lambda: picture_share("uniform draws")),
    "PictureZipfShare": (given, lambda: picture_share("Zipf draws")),
    "PictureEpochShare": (given, lambda: picture_share("shuffled epochs")),
    "PictureEpochTangent": (rate, lambda: slope_hits("shuffled epochs", tangent=True)),
    "PictureEpochSlope": (rate, lambda: slope_hits("shuffled epochs", tangent=False)),
    "PictureEpochOpt": (rate, lambda: 1 - one(rows("working_set", panel="shuffled epochs")["opt_misses"])),
    "PictureEpochLru": (rate, lambda: 1 - one(rows("working_set", panel="shuffled epochs")["lru_misses"])),
    # regimes
    "RegimeItems": (count, lambda: items(of_map("ranks"))),
    "RegimePasses": (count, lambda: epochs_of(of_map("ranks"))),
    "RegimeWarm": (count, lambda: warm_epochs(of_map("ranks"))),
    "RegimeZipfItems": (count, lambda: items(of_map("zipf"))),
    "RegimeZipfPasses": (count, lambda: epochs_of(of_map("zipf"))),
    "RegimeZipfWarm": (count, lambda: warm_epochs(of_map("zipf"))),
    "RegimeSeeds": (count, lambda: seeds(of_map("ranks"))),
    "RegimeRankSeeds": (span, lambda: of_map("ranks")["trace_seed"]),
    "RegimeZipfSeeds": (span, lambda: of_map("zipf")["trace_seed"]),
    "RegimeOne": (most, lambda: gains("ranks", "ranks")[1].max()),
    "RegimeRanks": (rate, lambda: gains("ranks", "ranks").max()),
    "RegimeRanksWhere": (count, lambda: gains("ranks", "ranks").idxmax()[0]),
    "RegimeRanksShare": (given, lambda: round(gains("ranks", "ranks").idxmax()[1], 2)),
    "RegimeRanksError": (most, rank_error),
    "RegimeRanksMost": (count, lambda: of_map("ranks")["ranks"].max()),
    "RegimeRanksLeast": (given, lambda: round(of_map("ranks")["fraction"].min(), 2)),
    "RegimeZipf": (rate_most, lambda: gains("zipf", "alpha").max()),
    "FiniteAlpha": (given, lambda: FINITE_ALPHA),
    "FiniteGap": (fine, lambda: finite(correct=False)),
    "FiniteLeft": (fine, lambda: finite(correct=True)),
    "RegimeZipfWhere": (given, lambda: gains("zipf", "alpha").idxmax()[0]),
}
