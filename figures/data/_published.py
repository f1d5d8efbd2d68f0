"""Hit rates that benchmarks of other caches publish, and the laws that they draw from; no number here is ours.

foyer: github.com/foyer-rs/foyer, foyer-memory/benches/bench_hit_ratio.rs, the first table of the file of 2026 (its
second and earlier files' have FIFO up to .1 points higher). go-cache-benchmark: github.com/scalalang2/
go-cache-benchmark, README.md at 5fdb844, both of its LRUs. cachekit: github.com/OxidizeLabs/cachekit,
docs/benchmarks/v0.4.0/index.md.
"""

import numpy as np
from numpy.typing import NDArray

# N, draws from an empty cache; then, by exponent, percent at each share of the items.
FOYER_ITEMS, FOYER_DRAWS = 10_000, 5_000_000
FOYER_SHARES = (0.005, 0.01, 0.05, 0.1, 0.25)
FOYER = {
    "fifo": {
        0.9: (16.18, 22.47, 41.03, 50.97, 66.83),
        1.0: (26.46, 34.28, 53.96, 63.05, 76.15),
        1.05: (32.56, 40.82, 60.35, 68.85, 80.33),
        1.1: (38.87, 47.51, 66.50, 74.22, 84.14),
        1.5: (80.98, 86.80, 94.72, 96.64, 98.34),
    },
    "lru": {
        0.9: (18.76, 25.74, 45.10, 55.18, 70.82),
        1.0: (30.45, 38.60, 58.26, 67.14, 79.63),
        1.05: (37.10, 45.50, 64.60, 72.70, 83.44),
        1.1: (43.84, 52.38, 70.51, 77.74, 86.86),
        1.5: (84.81, 89.58, 95.93, 97.45, 98.78),
    },
}

# LRU by exponent .99 "of Zipf"; its generator draws from 0 to 500,000, both included.
GO_ITEMS, GO_DRAWS, GO_ALPHA = 500_001, 2_500_000, 0.99
GO = {500: 36.60, 5_000: 55.36, 50_000: 75.52}

# By workload; Random is our RR. MRU on a scan keeps what came first, as pin does.
KIT_ITEMS, KIT_CAPACITY, KIT_DRAWS = 16_384, 4_096, 200_000
KIT = {
    "uniform": {"lru": 24.62, "fifo": 24.64, "rr": 24.66},
    "zipf": {"lru": 80.17, "fifo": 76.77, "rr": 76.98, "lfu": 82.57},
    "scan": {"lru": 0.0, "rr": 1.82, "pin": 24.22},
}


def zipf(n_items: int, alpha: float) -> NDArray[np.float64]:
    """Probabilities by rank."""
    p = np.arange(1, n_items + 1.0) ** -alpha
    return p / p.sum()


def ycsb(n_items: int, alpha: float) -> NDArray[np.float64]:
    """Probabilities by rank of the approximation of Zipf, alpha < 1, that YCSB and many after it draw from.

    Gray, Sundaresan, Englert, Baclawski & Weinberger, SIGMOD 1994: u uniform, the first two items exactly, of the
    others floor(N (1 + eta (u - 1))^(1 / (1 - alpha))).
    """
    true = zipf(n_items, alpha)
    two = true[0] + true[1]
    eta = (1 - (2 / n_items) ** (1 - alpha)) / (1 - two)
    ends = 1 + ((np.arange(n_items + 1) / n_items) ** (1 - alpha) - 1) / eta
    p = np.diff(np.maximum(ends, two))
    p[:2] += true[:2]
    return np.asarray(p)
