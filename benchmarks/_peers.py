"""The peers, each as a function from a trace to seconds and hits, every one given what suits it best.

libcachesim gets its trace as an annotated file: neither writing that, nor opening it, nor building the cache counts.
cachetools, cachebox and the heap get a plain list of Python integers, since indexing an array would slow them down.
"""

import heapq
from collections.abc import Callable
from pathlib import Path

import cachebox
import cachetools
import libcachesim
import numpy as np
from _timing import clocked

from simcache import Trace
from simcache.bits import next_use

# simcache's name of a policy -> the peer's. libcachesim's LFU, like ours, starts counting anew when an item enters.
LIBCACHESIM = {
    "opt": "Belady", "lru": "LRU", "fifo": "FIFO", "lfu": "LFU", "rr": "Random",
    "clock": "Clock", "sieve": "Sieve", "s3fifo": "S3FIFO", "twoq": "TwoQ", "slru": "SLRU", "arc": "ARC",
    "lruk": "LRUK", "lirs": "LIRS", "wtinylfu": "WTinyLFU", "gdsf": "GDSF",
}  # fmt: skip
LOOKUPS = {"lru": "LRUCache", "fifo": "FIFOCache", "lfu": "LFUCache", "rr": "RRCache"}
HASHPOWERS = (14, 17, 20, 24)  # 24 is the default; the others start with a smaller table, which often is faster

# Where hits must be equal. cachebox breaks ties in LFU otherwise, RR draws otherwise, and libcachesim's Random draws
# buckets, not items: it favours items that stand alone in theirs. Its LIRS is another (lirs.py), its WTinyLFU too.
EQUAL = {
    "libcachesim": {"opt", "lru", "fifo", "lfu", "clock", "sieve", "s3fifo", "twoq", "slru", "arc", "lruk", "gdsf"},
    "cachetools": {"lru", "fifo", "lfu"},
    "cachebox": {"lru", "fifo"},
    "heap": {"opt"},
}


# libcachesim's parts of a cache hold something from so many items on, and make up the whole at multiples of so many.
WHOLE = {"s3fifo": (20, 1), "twoq": (4, 1), "slru": (4, 4)}


def means_the_same(policy: str, capacity: int) -> bool:
    """Whether libcachesim must hit as often at that capacity."""
    least, multiple = WHOLE.get(policy, (1, 1))
    return policy in EQUAL["libcachesim"] and capacity >= least and capacity % multiple == 0


def write_oracle_general(trace: Trace, path: Path) -> None:
    """The trace as libcachesim reads it: time, id, size (1 if it has none), and the next access, from 1; -1: never."""
    n = len(trace)
    records = np.empty(n, np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")]))
    after = next_use(np.asarray(trace.ids), trace.n_items)
    records["time"], records["id"] = np.arange(n), trace.ids
    records["size"] = 1 if trace.sizes is None else trace.sizes[trace.ids]
    records["next"] = np.where(after == n, -1, after.astype(np.int64) + 1)
    records.tofile(path)


def through_libcachesim(path: Path, n_accesses: int, policy: str, capacity: int, hashpower: int) -> tuple[float, int]:
    """Seconds of `process_trace` alone, and hits."""
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    cache = getattr(libcachesim, LIBCACHESIM[policy])(capacity, hashpower=hashpower)
    seconds, (miss_rate, _) = clocked(lambda: cache.process_trace(reader))
    return seconds, round((1 - miss_rate) * n_accesses)


def through_cachetools(ids: list[int], policy: str, capacity: int) -> tuple[float, int]:
    cache = getattr(cachetools, LOOKUPS[policy])(capacity)

    def run() -> int:
        hits = 0
        for i in ids:
            if i in cache:
                cache[i]  # the lookup that moves an item up
                hits += 1
            else:
                cache[i] = True
        return hits

    return clocked(run)


def through_cachebox(ids: list[int], policy: str, capacity: int) -> tuple[float, int]:
    cache = getattr(cachebox, LOOKUPS[policy])(capacity)

    def run() -> int:
        hits = 0
        for i in ids:
            if cache.get(i) is None:
                cache[i] = True
            else:
                hits += 1
        return hits

    return clocked(run)


def heap_opt(ids: list[int], capacity: int) -> int:
    """Hits of Belady's OPT as one writes it by hand: a pass for next uses, a set, a heap with stale entries."""
    never = len(ids)
    after = [never] * never
    upcoming: dict[int, int] = {}
    for t in range(never - 1, -1, -1):
        after[t] = upcoming.get(ids[t], never)
        upcoming[ids[t]] = t
    due: dict[int, int] = {}  # cached item -> its next use
    heap: list[tuple[int, int]] = []
    hits = 0
    for i, later in zip(ids, after, strict=True):
        if i in due:
            hits += 1
        elif len(due) == capacity:
            while True:
                use, victim = heapq.heappop(heap)
                if due.get(victim) == -use:  # else the item has been used, or evicted, since
                    break
            del due[victim]
        due[i] = later
        heapq.heappush(heap, (-later, i))
    return hits


def in_python(tool: str, ids: list[int], policy: str, capacity: int) -> tuple[float, int]:
    """Seconds and hits of one of the peers that see one access at a time."""
    if tool == "heap":
        return clocked(lambda: heap_opt(ids, capacity))
    run: Callable[..., tuple[float, int]] = {"cachetools": through_cachetools, "cachebox": through_cachebox}[tool]
    return run(ids, policy, capacity)


def python_tools(policy: str) -> list[str]:
    """Which of those peers have the policy."""
    return ["heap"] if policy == "opt" else ["cachetools", "cachebox"] if policy in LOOKUPS else []
