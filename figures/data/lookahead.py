"""OPT that knows only part of the future, on private caches' epochs and on draws with replacement, beside its forms.

`ahead` is what it knows beyond the current epoch, in epochs of the cache's own order, or of N draws: told epoch by
epoch, as by seeds, or by a window that slides on with each access.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from _grid import write

from simcache import Trace, sweep, synth, theory

N_ITEMS, PASSES = 16_384, 24  # passes by each cache over all items, of which the first half is left out
RANKS = (1, 4, 16)
SHARES = (0.25, 0.5)
SEEDS = (0, 1, 2)  # of traces
WHOLE = (0, 1, 2, 4, 8, 16)  # epochs told at once
PARTS = (0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16)  # epochs that a window slides over
# What PyTorch's loader asks for ahead of the step: its default prefetch factor, workers and batches as they often are.
WORKERS, FACTOR, BATCH, IMAGES = 8, 2, 256, 1_281_167


def of_rank(ranks: int, seed: int) -> Trace:
    """What one rank sees of epochs shuffled over all ranks."""
    epochs, own = PASSES * ranks, N_ITEMS // ranks
    rng = np.random.default_rng([ranks, seed])
    ids = np.concatenate([rng.permutation(N_ITEMS)[:own] for _ in range(epochs)])
    source = {"generator": "rank of shuffled", "ranks": float(ranks), "trace_seed": seed}
    return Trace(ids.astype(np.int32), N_ITEMS, "rank", np.arange(epochs) * own, source)


def drawn(seed: int) -> Trace:
    """Uniform draws with replacement: infinitely many ranks."""
    ids = synth.uniform(N_ITEMS, PASSES * N_ITEMS, seed=seed).ids
    return Trace(ids, N_ITEMS, "uniform", source={"generator": "uniform", "ranks": np.inf, "trace_seed": seed})


def simulated(traces: list[Trace], own: int, epochs_told: bool) -> Iterator[pd.DataFrame]:
    for ahead in PARTS if not epochs_told else WHOLE:
        told = {"window": round((ahead + 1) * own) - 1, "every": own} if epochs_told else {"window": round(ahead * own)}
        table = sweep(traces, [("opt", {"bypass": True, **told})], SHARES, warmup=PASSES * N_ITEMS // 2)
        yield table.assign(kind="simulation", told="epochs" if epochs_told else "window", ahead=float(ahead))


tables: list[pd.DataFrame] = []
fine = np.union1d(np.append(0, np.geomspace(1e-4, 32, 300)), [*WHOLE, *PARTS])
for ranks in (*RANKS, np.inf):
    if np.isinf(ranks):
        tables += simulated([drawn(seed) for seed in SEEDS], N_ITEMS, epochs_told=False)
    else:
        traces = [of_rank(int(ranks), seed) for seed in SEEDS]
        for epochs_told in (True, False):
            tables += simulated(traces, N_ITEMS // int(ranks), epochs_told)
    for share in SHARES:
        rates = theory.opt_lookahead(share, fine, ranks=ranks)
        known = {"kind": "theory", "ranks": float(ranks), "fraction": share, "ahead": fine, "hit_rate": rates}
        tables.append(pd.DataFrame(known))

write(pd.concat(tables, ignore_index=True), __file__)
