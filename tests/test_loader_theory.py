"""What theory says of private and shared caches comes out of the simulated loader, each in its own setting.

A mean over seeds must lie within three standard deviations of the number expected: of the mean itself where that number
is exact, of a single run where it was measured once or is a limit of many items.
"""

import numpy as np
import pytest

from simcache import order, synth
from simcache.loader import Loader, deal, per_cache, simulate_loader

N, BATCH, WORKERS = 50_000, 512, 16
PERSISTENT = Loader(BATCH, WORKERS, persistent_workers=True)


def close(values, expected, exact=False):
    values = np.asarray(values, np.float64)
    deviation = values.std(ddof=1) / (np.sqrt(values.size) if exact else 1)
    return abs(values.mean() - expected) <= 3 * deviation


def rates(traces, loader, policy, capacity, **setting):
    return [simulate_loader(trace, loader, policy, capacity, **setting).mean() for trace in traces]


def test_ranks_with_caches_of_their_own():
    # R = 4, C / N = .1, in the fluid limit; steady epochs in the middle of a run.
    n_items, epochs, q = 20_000, 24, 1 / 4
    loader = Loader(50, world_size=4)
    traces = [order.distributed(n_items, epochs, num_replicas=4, seed=1000 * seed) for seed in range(5)]
    epoch = deal(traces[0], loader).epoch
    steady = (epoch >= 8) & (epoch < 16)
    fluid = {"lru": 0.0207, "fifo": 0.0214, "rr": 0.0385, "pin": 0.1, "opt": 0.325}
    for policy, expected in fluid.items():
        hits = [simulate_loader(trace, loader, policy, n_items // 10) for trace in traces]
        assert close([h[steady].mean() for h in hits], expected), policy

    # All epochs from empty caches: a gap of g epochs is as likely as it is in an endless run, times 1 - g / E.
    u, v = np.meshgrid(*2 * [(np.arange(500) + 0.5) / 500])  # places in the epochs of an item's two accesses
    lru = 0.0
    for gap in range(1, epochs):
        distinct = 1 - (1 - q * (1 - u)) * (1 - q) ** (gap - 1) * (1 - q * v)
        lru += (1 - gap / epochs) * q * (1 - q) ** (gap - 1) * np.mean(distinct <= 0.1)
    assert close(rates(traces, loader, "lru", n_items // 10), lru)
    everything = 1 - (1 - (1 - q) ** epochs) / (q * epochs)
    assert rates(traces, loader, "lru", n_items) == pytest.approx([everything] * 5, abs=2e-4)


@pytest.mark.parametrize(
    ("replacement", "private", "shared"),
    [
        (
            False,
            {"lru": 0.0071, "fifo": 0.0072, "rr": 0.0122, "opt": 0.1664},
            {"lru": 0.1381, "fifo": 0.1739, "rr": 0.2555},
        ),
        (
            True,
            {"lru": 0.0302, "fifo": 0.0302, "rr": 0.0303, "opt": 0.1898},
            {"lru": 0.4848, "fifo": 0.4847, "rr": 0.4845, "opt": 0.7632},
        ),
    ],
)
def test_one_cache_cut_into_sixteen(replacement, private, shared):
    # Ten epochs of 98 batches, 25,000 items in all: a sixteenth private to each worker, or one cache for all of them.
    traces = [order.random(N, 10, seed=200 + seed, replacement=replacement) for seed in range(5)]
    for policy, expected in private.items():
        assert close(rates(traces, PERSISTENT, policy, 25_000 // WORKERS), expected), policy
    for policy, expected in shared.items():
        assert close(rates(traces, PERSISTENT, policy, 25_000, shared="rank"), expected), policy
    if not replacement:  # nine of ten epochs hit half their items, by any order; dying caches never hit
        assert rates(traces, PERSISTENT, "opt", 25_000, shared="rank", bypass=True) == [0.45] * 5
        assert rates(traces, PERSISTENT, "pin", 25_000, shared="rank") == [0.45] * 5
        assert rates(traces, Loader(BATCH, WORKERS), "lru", 25_000) == [0] * 5


def compulsory(trace, loader, replacement):
    """Expected hit rate where nothing is ever evicted, exactly, from how many accesses each worker has."""
    dealt = deal(trace, loader)
    misses = 0.0
    for worker in range(loader.num_workers):
        positions = dealt.position[dealt.worker == worker]
        if replacement:
            misses += N * (1 - (1 - 1 / N) ** positions.size)
        else:  # every N accesses are a permutation, of which the worker sees a share
            shares = np.bincount(positions // N, minlength=10) / N
            misses += N * (1 - np.prod(1 - shares))
    return 1 - misses / len(trace)


@pytest.mark.parametrize(("replacement", "expected"), [(True, 0.2563), (False, 0.2390)])
def test_one_pass_of_977_batches_evicts_nothing(replacement, expected):
    loader = Loader(BATCH, WORKERS)
    traces = [order.random(N, seed=seed, replacement=replacement, num_samples=500_000) for seed in range(6)]
    exact = compulsory(traces[0], loader, replacement)
    assert exact == pytest.approx(expected, abs=2e-4)
    everything = rates(traces, loader, "lru", N)
    assert close(everything, exact, exact=True)
    for policy in ("lru", "fifo", "lfu", "rr", "pin", "opt"):
        assert rates(traces[:2], loader, policy, 25_000) == everything[:2], policy
    dealt = deal(traces[0], loader)
    assert dealt.step.max() == 976
    hits = simulate_loader(traces[0], loader, "lru", 25_000)
    assert per_cache(dealt, loader, hits, 25_000)["evictions"].sum() == 0


@pytest.mark.parametrize(
    ("replacement", "expected", "lru", "opt", "evictions"),
    [(True, 0.25676, 0.256416, 0.256442, 655), (False, 0.23948, 0.239174, 0.239220, 1617)],
)
def test_ten_epochs_of_98_batches_restart_and_evict_a_little(replacement, expected, lru, opt, evictions):
    traces = [order.random(N, 10, seed=100 + seed, replacement=replacement) for seed in range(6)]
    exact = compulsory(traces[0], PERSISTENT, replacement)
    assert exact == pytest.approx(expected, abs=1e-5)
    assert close(rates(traces, PERSISTENT, "lru", N), exact, exact=True)
    assert close(rates(traces, PERSISTENT, "lru", 25_000), lru)
    assert close(rates(traces, PERSISTENT, "opt", 25_000), opt)
    counts = []
    for trace in traces:
        dealt, hits = deal(trace, PERSISTENT), simulate_loader(trace, PERSISTENT, "lru", 25_000)
        table = per_cache(dealt, PERSISTENT, hits, 25_000)
        # Two workers load seven batches an epoch, the others six; one of the seven is short.
        assert table["accesses"].tolist() == [35_840, 34_080] + [30_720] * 14
        assert (table["evictions"][2:] == 0).all()
        counts.append(table["evictions"].sum())
    assert close(counts, evictions)


def test_a_shuffled_epoch_gives_no_policy_more_than_the_cache():
    trace = synth.shuffled(3000, 6, seed=1)
    for loader in (Loader(64), Loader(64, 3), Loader(64, 2, 2)):
        dealt = deal(trace, loader)
        hits = simulate_loader(trace, loader, "opt", 1000, shared="node", bypass=True)
        assert np.bincount(dealt.epoch[hits], minlength=6).tolist() == [0, 1000, 1000, 1000, 1000, 1000]
