"""OPT and every policy that does not know the future, where sampling is skewed and where caches are private.

The tables of two maps (ranks by cache size, Zipf exponent by cache size), and the closed forms of OPT's gain along the
rows that the curves show.
"""

import numpy as np
import pandas as pd
from _grid import write

from simcache import Trace, sweep, synth, theory

N_ITEMS, PASSES = 16_384, 16  # of private caches; passes by each over all items, of which the first half is left out
N_DRAWN, DRAWS = 4_096, 100  # of draws by popularity: fewer items, longer, so that counts come to tell them apart
RANKS = (1, 2, 4, 8, 16, 32, 64)
ALPHAS = np.arange(0, 16, 2) / 10
FRACTIONS = np.arange(1, 20) / 20
POLICIES = [("opt", {"bypass": True}), "lru", "lfu", ("lfu", {"perfect": True}), "fifo", "rr", "pin"]
INDEPENDENT = [("opt", {"bypass": True}), "lru", "lfu", ("lfu", {"perfect": True}), "pin"]  # FIFO = RR <= LRU there
SEEDS = (0, 1)  # of random replacement


def of_rank(ranks: int) -> Trace:
    """What one rank sees of epochs shuffled over all ranks: PASSES times as many accesses as there are items."""
    epochs, own = PASSES * ranks, N_ITEMS // ranks
    rng = np.random.default_rng(RANKS.index(ranks))
    # The first `own` of a permutation, drawn from the whole: no other rank's share is needed.
    ids = np.concatenate([rng.permutation(N_ITEMS)[:own] for _ in range(epochs)])
    source = {"generator": "rank of shuffled", "ranks": ranks, "trace_seed": RANKS.index(ranks)}
    return Trace(ids.astype(np.int32), N_ITEMS, "rank", np.arange(epochs) * own, source)


ranks = sweep([of_rank(r) for r in RANKS], POLICIES, FRACTIONS, seeds=SEEDS, warmup=PASSES * N_ITEMS // 2)
skewed = [synth.zipf(N_DRAWN, DRAWS * N_DRAWN, float(alpha), seed=k) for k, alpha in enumerate(ALPHAS)]
zipf = sweep(skewed, INDEPENDENT, FRACTIONS, warmup=DRAWS * N_DRAWN // 2)

fine = np.linspace(0.005, 0.995, 199)
capacities = np.round(fine * N_DRAWN).astype(int)
lines = []
for panel, of, known, clairvoyant, blind in (
    *(("ranks", "ranks", r, theory.opt_shuffled(fine, ranks=r), theory.pin_shuffled(fine, ranks=r)) for r in RANKS),
    *(
        ("zipf", "alpha", a, theory.opt_irm(weights, capacities), theory.lfu_irm(weights, capacities))
        for a in ALPHAS
        for weights in [np.arange(1, N_DRAWN + 1.0) ** -a]
    ),
):
    lines.append(pd.DataFrame({"panel": panel, of: known, "fraction": fine, "gain": clairvoyant - blind}))

write(
    pd.concat(
        [
            ranks.assign(panel="ranks", kind="simulation"),
            zipf.assign(panel="zipf", kind="simulation"),
            pd.concat(lines).assign(kind="theory"),
        ],
        ignore_index=True,
    ),
    __file__,
)
