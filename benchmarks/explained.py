"""The verdict on a million accesses, as a user calls it: two persistent workers, with costs and without."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from _timing import clocked, in_turns
from _traces import REPEATS

from simcache import explain, synth
from simcache.loader import Costs, Loader

LOADER = Loader(256, num_workers=2, persistent_workers=True)


def rows() -> Iterator[dict[str, Any]]:
    trace = synth.shuffled(100_000, 10, seed=0)
    costs = {"without costs": None, "with costs": Costs(t_hit=1e-5, t_miss=1e-3, t_prep=1e-4, t_step=0.1)}
    runs = {name: partial(clocked, partial(explain, trace, LOADER, 25_000, costs=it)) for name, it in costs.items()}
    in_turns(runs, 1)
    for name, clock in in_turns(runs, REPEATS).items():
        yield {
            "suite": "explain", "trace": "shuffled", "n_accesses": len(trace), "n_items": trace.n_items,
            "capacity": 25_000, "tool": "simcache", "setting": name, "threads": 1, **clock.row(),
        }  # fmt: skip
