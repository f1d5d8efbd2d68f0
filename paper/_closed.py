"""Numbers from closed forms alone: macro -> (how it is written, what it is)."""

import numpy as np
from _data import count, fine, given, percent, rate, ratio

from simcache import theory

HALF, QUARTER, RANKS = 0.5, 0.25, 4
ALPHA, ITEMS, CAPACITY = 1.2, 1_000_000, 1_000
CHE_ITEMS, CHE_ALPHA, TTL_ITEMS, TTL_ALPHA = 100, 1.2, 10_000, 1.0
SMALL, LARGE = 10, 1_000  # items, of LRU's finite-size error
SHORT = 10  # epochs


def zipf(n_items: int, alpha: float) -> np.ndarray:
    """Request rates."""
    return np.arange(1, n_items + 1.0) ** -alpha


def miss(form: str) -> float:
    """Miss rate on the large Zipf example."""
    return 1 - float(getattr(theory, f"{form}_irm")(zipf(ITEMS, ALPHA), CAPACITY))


def epoch_misses(form: str) -> float:
    """Misses on shuffled epochs over the fewest possible, half of the items cached."""
    return float((1 - getattr(theory, f"{form}_shuffled")(HALF)) / (1 - HALF))


def che_error() -> float:
    """Largest distance of the characteristic-time form from the exact LRU."""
    p, every = zipf(CHE_ITEMS, CHE_ALPHA), np.arange(1, CHE_ITEMS + 1)
    return float(np.abs(theory.lru_irm(p, every) - theory.lru_irm_exact(p, every)).max())


def ttl_error() -> float:
    """Largest distance of the FIFO form from the exact FIFO."""
    p, every = zipf(TTL_ITEMS, TTL_ALPHA), np.arange(1, TTL_ITEMS + 1)
    return float(np.abs(theory.fifo_irm(p, every) - theory.fifo_irm_exact(p, every)).max())


def finite_error(n_items: int) -> float:
    """Largest distance of LRU's limit on shuffled epochs from its exact value at N."""
    every = np.arange(1, n_items + 1)
    return float(np.abs(theory.lru_shuffled(every / n_items) - theory.lru_shuffled_exact(n_items, every)).max())


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
    "ExactSmall": (fine, lambda: finite_error(SMALL)),
    "ExactSmallItems": (count, lambda: SMALL),
    "ExactLarge": (fine, lambda: finite_error(LARGE)),
    "ExactLargeItems": (count, lambda: LARGE),
    "Ranks": (count, lambda: RANKS),
    "RankOpt": (rate, lambda: theory.opt_shuffled(QUARTER, ranks=RANKS)),
    "UniformOpt": (rate, lambda: theory.opt_shuffled(HALF, ranks=np.inf)),
    "UniformOptShort": (rate, lambda: theory.opt_horizon(HALF, SHORT)),
    "UniformLruShort": (rate, lambda: theory.lru_horizon(HALF, SHORT)),
    "UniformCeilingShort": (rate, lambda: theory.lru_horizon(1, SHORT)),
    "ZipfAlpha": (given, lambda: ALPHA),
    "ZipfItems": (count, lambda: ITEMS),
    "ZipfCapacity": (count, lambda: CAPACITY),
    "ZipfOptRatio": (rate, lambda: miss("opt") / miss("lfu")),
    "ZipfOptLimit": (rate, lambda: theory.opt_zipf_limit(ALPHA)),
    "ZipfOptSaves": (percent, lambda: 1 - miss("opt") / miss("lfu")),
    "LimitLeast": (rate, lambda: theory.opt_zipf_limit(np.inf)),
    "LimitMost": (percent, lambda: 1 - theory.opt_zipf_limit(np.inf)),
    "CheItems": (count, lambda: CHE_ITEMS),
    "CheAlpha": (given, lambda: CHE_ALPHA),
    "CheError": (fine, che_error),
    "TtlItems": (count, lambda: TTL_ITEMS),
    "TtlAlpha": (given, lambda: TTL_ALPHA),
    "TtlError": (fine, ttl_error),
    "HazardHalf": (rate, lambda: theory.hazard(HALF)),
}
