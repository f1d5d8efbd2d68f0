"""Outside witnesses: hits as cachetools and libcachesim count them, where they define the same policy."""

import struct
import sys
from importlib import import_module
from pathlib import Path

import cachetools
import libcachesim
import numpy as np
import pytest

from simcache import Trace, policies, simulate, synth

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
peers = import_module("_peers")

CAPACITIES = [1, 2, 3, 4, 10, 20, 100, 200, 450]


def make_traces():
    """Nine traces of unlike shape: skewed, uniform, epochs, cyclic, local, recorded from a sampler, tiny."""
    rng = np.random.default_rng(11)
    zipf = synth.zipf(1000, 20_000, 0.9, seed=1)
    return [
        zipf,
        synth.zipf(300, 20_000, 1.4, seed=2),
        synth.uniform(500, 20_000, seed=3),
        synth.shuffled(500, 20, seed=4),
        synth.loop(500, 10_000),
        synth.ring(800, 20_000, 0.1, seed=5),
        synth.repeat(zipf, 0.5, seed=6),
        Trace.of(Trace.load(ROOT / "traces/weighted-replacement.npz").ids[:20_000], "recorded"),
        Trace.of(rng.integers(0, 7, 50), "tiny"),
    ]


TRACES = make_traces()
NAMES = [trace.name for trace in TRACES]


def through_cachetools(cache, trace):
    hits = np.zeros(len(trace), np.bool_)
    for t, i in enumerate(trace.ids.tolist()):
        if i in cache:
            hits[t] = cache[i]  # a lookup, which moves the item up
        else:
            cache[i] = True
    return hits


# RR draws its victims in another way, so only its mean can agree: test_exact.py.
@pytest.mark.parametrize("name", ["lru", "lfu", "fifo"])
@pytest.mark.parametrize("trace", TRACES, ids=NAMES)
def test_cachetools_hits_the_same_accesses(name, trace):
    for capacity in CAPACITIES:
        cache = getattr(cachetools, f"{name.upper()}Cache")(capacity)
        assert (simulate(trace, name, capacity) == through_cachetools(cache, trace)).all()


def write_oracle_general(trace, path, sizes=None):
    """The trace as libcachesim reads it: time, id, size, and the position of the next access, from 1; -1: never."""
    after, seen = [], {}
    for t in range(len(trace) - 1, -1, -1):
        i = int(trace.ids[t])
        after.append(seen.get(i, -1))
        seen[i] = t + 1
    records = zip(range(len(trace)), trace.ids.tolist(), reversed(after), strict=True)
    path.write_bytes(b"".join(struct.pack("<IQIq", t, i, 1 if sizes is None else sizes[i], u) for t, i, u in records))


@pytest.mark.parametrize("trace", TRACES, ids=NAMES)
def test_libcachesim_counts_the_same_hits(trace, tmp_path):
    path = tmp_path / "trace.oracleGeneral.bin"
    write_oracle_general(trace, path)
    for name in sorted(peers.EQUAL["libcachesim"]):
        for capacity in (size for size in CAPACITIES if peers.means_the_same(name, size)):
            _, found = peers.through_libcachesim(path, len(trace), name, capacity, hashpower=14)
            assert found == simulate(trace, name, capacity).sum(), (name, capacity)


@pytest.mark.parametrize("trace", [TRACES[0], TRACES[4], TRACES[6]], ids=lambda trace: trace.name)
def test_libcachesim_counts_the_same_hits_and_bytes_of_items_with_sizes(trace, tmp_path):
    path = tmp_path / "trace.oracleGeneral.bin"
    sizes = np.random.default_rng(5).lognormal(6, 1.5, trace.n_items).astype(np.int64) + 1
    sizes.flags.writeable = False
    write_oracle_general(trace, path, sizes)
    of_access = sizes[trace.ids]
    for name in ("lru", "fifo", "lfu", "gdsf"):
        for share in (0.001, 0.01, 0.03, 0.1, 0.3, 0.7):  # the least is of less bytes than the largest items
            capacity = int(share * sizes.sum())
            hits = policies.load(name).sized(trace.ids, sizes, trace.n_items, capacity, np.uint64(0))
            reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
            cache = getattr(libcachesim, peers.LIBCACHESIM[name])(capacity, hashpower=14)
            missed, bytes_missed = cache.process_trace(reader)  # as shares
            assert round((1 - missed) * len(trace)) == hits.sum(), (name, capacity)
            assert round((1 - bytes_missed) * of_access.sum()) == of_access[hits].sum(), (name, capacity)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_qlru_is_an_lru_behind_a_probabilistic_door_in_law(q, tmp_path):
    trace = synth.zipf(1000, 20_000, 0.9, seed=1)
    path = tmp_path / "trace.oracleGeneral.bin"
    write_oracle_general(trace, path)
    means = np.array([simulate(trace, "qlru", 100, seed=seed, q=q).mean() for seed in range(40)])
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    door = libcachesim.ProbAdmissioner(q)  # kept: the cache does not
    miss_rate, _ = libcachesim.LRU(100, hashpower=14, admissioner=door).process_trace(reader)
    assert abs(1 - miss_rate - means.mean()) <= 4.5 * means.std(ddof=1) * (1 + 1 / 40) ** 0.5
