"""A policy of one's own: a compiled kernel beside the same one built in, a generator beside libcachesim's plug-in.

Both of the latter are LRU on an OrderedDict, on the first 10^6 accesses; libcachesim's is the example of its README.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import libcachesim
import numpy as np
from _timing import Clocked, clocked, in_turns
from _traces import MILLION, REPEATS, annotated, zipf
from numba import njit

from simcache import Trace, policies, simulate

KERNELS = ("fifo", "lru", "sieve")
CAPACITIES = (1_000, 10_000, 100_000)


def mine(ids: Iterable[int], capacity: int, seed: int) -> Iterator[bool]:
    cached: OrderedDict[int, None] = OrderedDict()
    for i in ids:
        hit = i in cached
        yield hit
        if hit:
            cached.move_to_end(i)
        else:
            if len(cached) == capacity:
                cached.popitem(last=False)
            cached[i] = None


def rows() -> Iterator[dict[str, Any]]:
    trace = zipf()
    head = Trace(trace.ids[:MILLION], trace.n_items, trace.name)
    for name in KERNELS:
        kernel = njit(nogil=True)(policies.load(name).kernel.py_func)
        for capacity in CAPACITIES:
            contenders = {
                ("simcache", "built in"): partial(replayed, trace, name, capacity),
                ("simcache", "a user's kernel"): partial(replayed, trace, kernel, capacity),
            }
            yield from timed(trace, name, capacity, contenders)
    with annotated(head) as file:
        for capacity in CAPACITIES:
            contenders = {
                ("simcache", "generator"): partial(replayed, head, mine, capacity),
                ("libcachesim", "PluginCache"): partial(plugged_in, file, len(head), capacity),
            }
            yield from timed(head, "lru", capacity, contenders)


def replayed(trace: Trace, policy: Any, capacity: int) -> tuple[float, int]:
    seconds, hits = clocked(lambda: simulate(trace, policy, capacity))
    return seconds, int(np.count_nonzero(hits))


def plugged_in(path: Any, n_accesses: int, capacity: int) -> tuple[float, int]:
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    cache = libcachesim.PluginCache(
        cache_size=capacity,
        cache_init_hook=lambda parameters: OrderedDict(),
        cache_hit_hook=lambda cached, request: cached.move_to_end(request.obj_id),
        cache_miss_hook=lambda cached, request: cached.__setitem__(request.obj_id, request.obj_size),
        cache_eviction_hook=lambda cached, request: cached.popitem(last=False)[0],
        cache_remove_hook=lambda cached, item: cached.pop(item, None),
        cache_free_hook=lambda cached: cached.clear(),
        hashpower=17,
    )
    seconds, (miss_rate, _) = clocked(lambda: cache.process_trace(reader))
    return seconds, round((1 - miss_rate) * n_accesses)


def timed(trace: Trace, label: str, capacity: int, contenders: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    in_turns(contenders, 1)  # a kernel of one's own is compiled in each process
    measured: dict[Any, Clocked] = in_turns(contenders, REPEATS)
    if len({clock.result for clock in measured.values()}) > 1:
        raise AssertionError(f"all must hit equally often under {label} at {capacity}, got {measured}")
    for (tool, setting), clock in measured.items():
        yield {
            "suite": "own", "trace": trace.name, "n_accesses": len(trace), "n_items": trace.n_items, "policy": label,
            "capacity": capacity, "sizes": 1, "tool": tool, "setting": setting, "threads": 1, **clock.row(),
            "maccesses_per_s": len(trace) / min(clock.seconds) / MILLION, "hit_rate": clock.result / len(trace),
        }  # fmt: skip
