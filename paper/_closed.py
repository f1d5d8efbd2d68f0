"""Numbers from closed forms alone: macro -> (how it is written, what it is)."""

import numpy as np
from _data import constant, count, fine, given, most, one, percent_most, rate, rate_least, rate_most, ratio
from scipy.optimize import brentq

import simcache
from simcache import theory

HALF, QUARTER, RANKS = 0.5, 0.25, 4
ALPHA, ITEMS, CAPACITY = 1.2, 1_000_000, 1_000
CHE_ITEMS, CHE_ALPHA = 100, 1.2  # of the errors of approximations
STEEP = 3.0
SMALL, LARGE = 10, 1_000  # items, of LRU's finite-size error
SHORT = 10  # epochs
WINDOW_EPOCHS, WINDOW_LARGE = 10, 0.9  # of a published experiment with a window of a fifth
HITS_ALPHA, GAP_ITEMS = 0.7, 1_000_000
FINITE_A, FINITE_B = 0.555, 0.257  # fitted to long runs of uniform draws, c from .02 to .9, of two sizes
FINITE_FEW, FINITE_MANY = 1_000, 10_000


def zipf(n_items: int, alpha: float) -> np.ndarray:
    """Request rates."""
    return np.arange(1, n_items + 1.0) ** -alpha


def miss(form: str) -> float:
    """Miss rate on the large Zipf example."""
    return 1 - float(getattr(theory, f"{form}_irm")(zipf(ITEMS, ALPHA), CAPACITY))


def epoch_misses(form: str) -> float:
    """Misses on shuffled epochs over the fewest possible, half of the items cached."""
    return float((1 - getattr(theory, f"{form}_shuffled")(HALF)) / (1 - HALF))


def che_error(alpha: float = CHE_ALPHA, form: str = "lru") -> float:
    """Largest distance of the characteristic-time form from the exact hit rate."""
    p, every = zipf(CHE_ITEMS, alpha), np.arange(1, CHE_ITEMS + 1)
    exact = getattr(theory, f"{form}_irm_exact")(p, every)
    return float(np.abs(getattr(theory, f"{form}_irm")(p, every) - exact).max())


def che_worst(form: str) -> float:
    """Capacity at which that distance is largest for the steep law."""
    p, every = zipf(CHE_ITEMS, STEEP), np.arange(1, CHE_ITEMS + 1)
    exact = getattr(theory, f"{form}_irm_exact")(p, every)
    return float(every[np.abs(getattr(theory, f"{form}_irm")(p, every) - exact).argmax()])


def finite_error(n_items: int) -> float:
    """Largest distance of LRU's limit on shuffled epochs from its exact value at N."""
    every = np.arange(1, n_items + 1)
    return float(np.abs(theory.lru_shuffled(every / n_items) - theory.lru_shuffled_exact(n_items, every)).max())


def prefetched() -> float:
    """Epochs that PyTorch's loader asks for ahead."""
    workers, factor, batch, images = (constant("lookahead", name) for name in ("WORKERS", "FACTOR", "BATCH", "IMAGES"))
    return workers * factor * batch / images


def lookahead_saves(share: float, ahead: float) -> float:
    """Share of a blind policy's misses that so much lookahead takes away, with replacement."""
    return float(1 - (1 - theory.opt_lookahead(share, ahead, ranks=np.inf)) / (1 - share))


def shortfall(p: np.ndarray, capacity: int) -> float:
    """How far OPT stays below the fluid law at a finite size: the heuristic law with two fitted constants."""
    p = p / p.sum()
    theta = np.exp(brentq(lambda t: (1 - (1 + p * np.exp(t)) * np.exp(-p * np.exp(t))).sum() - capacity, -2, 40))
    left = np.exp(-p * theta)
    variance, curvature = 2 * (p @ left - p @ left**2), p**2 @ left
    scale = (variance / curvature**2) ** (1 / 3)
    law = FINITE_A + FINITE_B * np.log(theta / scale)
    return float(law * variance ** (2 / 3) * curvature ** (-1 / 3) / theta)


NUMBERS = {
    "Half": (given, lambda: HALF),
    "Quarter": (given, lambda: QUARTER),
    "EpochLru": (rate, lambda: theory.lru_shuffled(HALF)),
    "EpochFifo": (rate, lambda: theory.fifo_shuffled(HALF)),
    "EpochRr": (rate, lambda: theory.rr_shuffled(HALF)),
    "EpochLruOver": (ratio, lambda: epoch_misses("lru")),
    "EpochFifoOver": (ratio, lambda: epoch_misses("fifo")),
    "EpochRrOver": (ratio, lambda: epoch_misses("rr")),
    "LfuSecond": (rate, lambda: theory.lfu_shuffled(HALF, 2)),
    "LfuTenth": (rate, lambda: theory.lfu_shuffled(HALF, SHORT)),
    "LfuEpoch": (count, lambda: SHORT),
    "ExactSmall": (most, lambda: finite_error(SMALL)),
    "ExactSmallItems": (count, lambda: SMALL),
    "ExactLarge": (most, lambda: finite_error(LARGE)),
    "ExactLargeItems": (count, lambda: LARGE),
    "Ranks": (count, lambda: RANKS),
    "RankOpt": (rate, lambda: theory.opt_shuffled(QUARTER, ranks=RANKS)),
    "UniformOpt": (rate, lambda: theory.opt_shuffled(HALF, ranks=np.inf)),
    "RankAhead": (rate, lambda: theory.opt_lookahead(QUARTER, 1, ranks=RANKS)),
    "PrefetchAhead": (fine, prefetched),
    "PrefetchSaves": (percent_most, lambda: lookahead_saves(HALF, prefetched())),
    "PrefetchWorkers": (count, lambda: constant("lookahead", "WORKERS")),
    "PrefetchFactor": (count, lambda: constant("lookahead", "FACTOR")),
    "PrefetchBatch": (count, lambda: constant("lookahead", "BATCH")),
    "PrefetchItems": (count, lambda: constant("lookahead", "IMAGES")),
    "UniformOptShort": (rate, lambda: theory.opt_horizon(HALF, SHORT)),
    "UniformLruShort": (rate, lambda: theory.lru_horizon(HALF, SHORT)),
    "UniformCeilingShort": (rate_most, lambda: theory.lru_horizon(1, SHORT)),
    "ZipfAlpha": (given, lambda: ALPHA),
    "ZipfItems": (count, lambda: ITEMS),
    "ZipfCapacity": (count, lambda: CAPACITY),
    "ZipfOptRatio": (rate, lambda: miss("opt") / miss("lfu")),
    "ZipfOptLimit": (rate, lambda: theory.opt_zipf_limit(ALPHA)),
    "ZipfOptSaves": (percent_most, lambda: 1 - miss("opt") / miss("lfu")),
    "LimitLeast": (rate_least, lambda: theory.opt_zipf_limit(np.inf)),
    "LimitMost": (percent_most, lambda: 1 - theory.opt_zipf_limit(np.inf)),
    "HitsAlpha": (given, lambda: HITS_ALPHA),
    "HitsLimit": (ratio, lambda: theory.opt_zipf_hits_limit(HITS_ALPHA)),
    "GapItems": (count, lambda: GAP_ITEMS),
    "Gap": (rate, lambda: theory.opt_zipf_gap(GAP_ITEMS)),
    "WindowEpochs": (count, lambda: WINDOW_EPOCHS),
    "WindowAhead": (given, lambda: WINDOW_EPOCHS / 5),
    "WindowReach": (ratio, lambda: -np.log1p(-theory.opt_shuffled(HALF, ranks=np.inf))),
    "WindowLarge": (given, lambda: WINDOW_LARGE),
    "WindowHits": (rate, lambda: theory.opt_lookahead(WINDOW_LARGE, WINDOW_EPOCHS / 5, ranks=np.inf)),
    "WindowAll": (rate, lambda: theory.opt_shuffled(WINDOW_LARGE, ranks=np.inf)),
    "FiniteA": (given, lambda: FINITE_A),
    "FiniteB": (given, lambda: FINITE_B),
    "FiniteFew": (count, lambda: FINITE_FEW),
    "FiniteMany": (count, lambda: FINITE_MANY),
    "CheItems": (count, lambda: CHE_ITEMS),
    "CheAlpha": (given, lambda: CHE_ALPHA),
    "CheError": (most, lambda: che_error()),
    "TtlError": (most, lambda: che_error(form="fifo")),
    "SteepAlpha": (given, lambda: STEEP),
    "SteepSize": (given, lambda: one([che_worst("lru"), che_worst("fifo")])),
    "CheSteep": (most, lambda: che_error(STEEP)),
    "TtlSteep": (most, lambda: che_error(STEEP, "fifo")),
    "Version": (str, lambda: simcache.__version__),
    "HazardHalf": (rate, lambda: theory.hazard(HALF)),
}
