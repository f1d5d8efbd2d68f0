"""Eight workloads, each simulated and by its closed forms, at the same cache sizes.

`rate` is what the panel compares: over all accesses where the form has cold misses, after the warm-up where it is of
the steady state.
"""

from functools import partial

import numpy as np
import pandas as pd
from _grid import write
from _theory import Form, beside

from simcache import Trace, sweep, synth, theory

BYPASS = ("opt", {"bypass": True})
PERFECT = ("lfu", {"perfect": True})
SEEDS = (0, 1, 2)  # of traces, and of random replacement
SIZES = np.arange(1, 20, 2) / 20  # even fractions, …
SMALL = np.round(np.geomspace(0.01, 0.9, 10), 3)  # … or even ratios where popularity makes small caches matter
EPOCHS, RANKS, BUFFER, ALPHA, JUMP = 10, 4, 0.1, 1.0, 0.2
LONG = 40  # epochs where a short run's end would show: epochs that run into each other
N_EPOCHS, N_DRAWS, N_CHAIN = 20_000, 10_000, 300  # items: of the epochs, the independent draws, the chain

fine = np.linspace(0.01, 0.99, 99)
tables: list[pd.DataFrame] = []


def panel(name: str, traces: list[Trace], policies: list, forms: dict[str, Form], sizes=SIZES, **options) -> None:
    curve = np.geomspace(sizes[0], sizes[-1], 99) if sizes is SMALL else fine
    simulated = sweep(traces, policies, sizes, seeds=SEEDS, **options)
    rate = "hit_rate" if options.get("warmup") == 0 else "hit_rate_warm"
    table = beside(simulated.assign(rate=simulated[rate]), name, forms, curve)
    table.loc[table["kind"] == "theory", "rate"] = table["hit_rate"]
    tables.append(table)


def of_rank(seed: int) -> Trace:
    """What rank 0 of several sees: a random share of every epoch."""
    whole = synth.shuffled(N_EPOCHS, EPOCHS * RANKS, seed=seed)
    source = {"generator": "rank of shuffled", "ranks": RANKS, "trace_seed": seed}
    starts = [start // RANKS for start in whole.epochs]
    return Trace(whole.ids[::RANKS], N_EPOCHS, "rank", starts, source)


shuffled = {name: getattr(theory, f"{name}_shuffled") for name in ("pin", "lru", "fifo", "rr")}
epochs = {name: partial(form, epochs=EPOCHS) for name, form in shuffled.items()}
epochs["opt(bypass=True)"] = partial(theory.opt_shuffled, epochs=EPOCHS)
epochs["lfu"] = lambda c: np.mean([theory.lfu_shuffled(c, k + 1) for k in range(EPOCHS)], axis=0)
panel(
    "shuffled epochs",
    [synth.shuffled(N_EPOCHS, EPOCHS, seed=seed) for seed in SEEDS],
    [BYPASS, "pin", "lru", "lfu", "fifo", "rr"],
    epochs,
    warmup=0,
)

ranks = {name: partial(form, ranks=RANKS, epochs=EPOCHS * RANKS) for name, form in shuffled.items()}
ranks["opt(bypass=True)"] = partial(theory.opt_shuffled, ranks=RANKS, epochs=EPOCHS * RANKS)
panel("one rank of four", [of_rank(seed) for seed in SEEDS], [BYPASS, "pin", "lru", "fifo", "rr"], ranks, warmup=0)

panel(
    "same order every epoch",
    [synth.loop(N_EPOCHS, 2 * EPOCHS * N_EPOCHS)],
    [BYPASS, "lru", "rr"],
    {"opt(bypass=True)": theory.opt_loop, "lru": theory.lru_loop, "rr": theory.rr_loop},
    warmup=EPOCHS * N_EPOCHS,
)

for name, drain, length in (("buffer, drained", True, EPOCHS), ("buffer, not drained", False, LONG)):
    panel(
        name,
        [synth.shuffle_buffer(N_EPOCHS, length, round(BUFFER * N_EPOCHS), drain=drain, seed=seed) for seed in SEEDS],
        [BYPASS, "lru"],
        {
            "opt(bypass=True)": lambda c, drain=drain: theory.opt_buffer(c, BUFFER, drain=drain),
            "lru": lambda c, drain=drain: theory.lru_buffer(c, BUFFER, drain=drain),
        },
        warmup=N_EPOCHS,
    )

panel(
    "uniform draws",
    [synth.uniform(N_EPOCHS, EPOCHS * N_EPOCHS, seed=seed) for seed in SEEDS],
    [BYPASS, "pin", "lru", "fifo", "rr"],
    {
        "opt(bypass=True)": lambda c: theory.opt_horizon(c, EPOCHS),
        **{name: lambda c: theory.lru_horizon(c, EPOCHS) for name in ("pin", "lru", "fifo", "rr")},
    },
    warmup=0,
)

weights = np.arange(1, N_DRAWS + 1) ** -ALPHA
n_draws = 60 * N_DRAWS


def of_items(form, law, n_items: int) -> Form:
    """A form of capacities as one of fractions, linear between whole capacities."""
    every = np.arange(1, n_items + 1)
    rates = form(law, every)
    return lambda c: np.interp(c * n_items, every, rates)


panel(
    "Zipf draws",
    [synth.zipf(N_DRAWS, n_draws, ALPHA, seed=seed) for seed in SEEDS],
    [BYPASS, PERFECT, "lru", "fifo", "rr"],
    {
        "opt(bypass=True)": of_items(theory.opt_irm, weights, N_DRAWS),
        "lfu(perfect=True)": of_items(theory.lfu_irm, weights, N_DRAWS),
        "lru": of_items(theory.lru_irm, weights, N_DRAWS),
        "fifo": of_items(theory.fifo_irm_exact, weights, N_DRAWS),
        "rr": of_items(theory.fifo_irm_exact, weights, N_DRAWS),
    },
    sizes=SMALL,
    warmup=n_draws // 2,
)

step = np.eye(N_CHAIN)
chain = (1 - JUMP) * (np.roll(step, 1, axis=1) + np.roll(step, -1, axis=1)) / 2 + JUMP / N_CHAIN
panel(
    "walk with jumps",
    [synth.ring(N_CHAIN, 400_000, JUMP, seed=seed) for seed in SEEDS],
    [BYPASS, "lru"],
    {
        "opt(bypass=True)": of_items(theory.opt_markov, chain, N_CHAIN),
        "lru": of_items(theory.lru_markov, chain, N_CHAIN),
    },
    warmup=100_000,
)

write(pd.concat(tables, ignore_index=True), __file__)
