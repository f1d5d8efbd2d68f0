"""PyTorch's order without PyTorch: golden sequences that PyTorch 2.13 gave, and its generator as NumPy has it."""

from hashlib import sha256

import numpy as np
import pytest

from simcache import order
from simcache.order import twister


@pytest.mark.parametrize("seed", [0, 1, 5489, 2**31, 2**32 - 1])
def test_generator_is_numpys_twister(seed):
    state, parts = twister.seeded(seed), []
    for size in (1, 622, 3, 0, 2000):  # across the edges of its 624 words
        parts.append(np.empty(size, np.uint32))
        twister.fill(state, parts[-1])
    witness = np.random.RandomState(seed).randint(0, 2**32, 2626, dtype=np.uint32)
    assert (np.concatenate(parts) == witness).all()


def test_only_the_low_half_of_a_seed_counts():
    assert (order.random(50, seed=7).ids == order.random(50, seed=7 + 2**32).ids).all()


# What PyTorch 2.13.0 yielded, e.g. list(RandomSampler(range(10), generator=torch.Generator().manual_seed(0))).
GOLDEN = {
    "random(10)": [4, 1, 7, 5, 3, 9, 0, 8, 6, 2],
    "random(5, 3, seed=3)": [1, 0, 3, 4, 2, 1, 4, 3, 0, 2, 0, 3, 4, 1, 2],
    "random(5, 3, seed=3, generator=False)": [2, 1, 0, 4, 3, 1, 4, 3, 0, 2, 2, 4, 0, 3, 1],
    "random(4, 2, seed=1, num_samples=6)": [1, 3, 2, 0, 0, 2, 3, 0, 1, 2, 0, 3],
    "random(4, 2, seed=1, num_samples=8)": [1, 3, 2, 0, 0, 2, 3, 1, 0, 3, 1, 2, 0, 3, 1, 2],
    "random(4, 2, seed=1, num_samples=8, generator=False)": [2, 1, 0, 3, 0, 1, 2, 3, 2, 0, 1, 3, 1, 2, 0, 3],
    "random(50_000, 3, seed=42)": "d417d316582e9f6c",
    "random(1000, seed=42, replacement=True, num_samples=10)": [542, 67, 876, 414, 26, 335, 620, 924, 950, 113],
    "random(50_000, 2, seed=42, replacement=True)": "1c7faa8b99018193",
    "random(2**28 - 1, seed=6, replacement=True, num_samples=3)": [76708760, 42846936, 83665128],
    "random(2**28, seed=6, replacement=True, num_samples=3)": [42846921, 94087124, 7535981],
    "shuffled(6, 2, seed=5)": [2, 3, 4, 5, 1, 0, 1, 3, 5, 2, 0, 4],
    "shuffled(6, 2, seed=5, generator=True)": [1, 0, 4, 2, 3, 5, 0, 4, 5, 3, 2, 1],
    "shuffled(6, 2, seed=5, generator=True, persistent_workers=True)": [1, 0, 4, 2, 3, 5, 5, 3, 4, 1, 0, 2],
    "weighted([1, 0, 2, 0.5], 8, 2, seed=9)": [0, 2, 2, 0, 0, 2, 0, 0, 0, 2, 2, 2, 2, 2, 2, 0],
    "weighted(1 / np.arange(1, 5001), 20_000, seed=9)": "396622398d17059a",
    "subset([7, 3, 3, 9], 2, seed=2)": [7, 3, 9, 3, 7, 9, 3, 3],
    "distributed(7, 2, num_replicas=3, rank=1, seed=4)": [1, 2, 3, 0, 6, 1],
    "distributed(2, num_replicas=5, rank=4)": [0],
    "distributed(7, num_replicas=3, rank=2, shuffle=False, drop_last=True)": [2, 5],
    "distributed(10, num_replicas=4, rank=0, seed=3)": [6, 8, 2],
    "distributed(10, num_replicas=4, rank=3, seed=3)": [7, 9, 0],
    "distributed(10, num_replicas=4, rank=0, seed=3, drop_last=True)": [6, 8],
    "distributed(10, num_replicas=4, rank=3, seed=3, drop_last=True)": [7, 9],
    "distributed(8, num_replicas=4, rank=1, seed=3, drop_last=True)": [4, 0],
    "distributed(11, num_replicas=4, rank=2, seed=3, drop_last=True)": [3, 2],
    "distributed(10, num_replicas=4, seed=3, drop_last=True)": [6, 0, 3, 7, 8, 5, 1, 9],
}


@pytest.mark.parametrize("call", GOLDEN)
def test_golden(call):
    trace = eval(f"order.{call}")
    expected = GOLDEN[call]
    if isinstance(expected, str):
        assert sha256(trace.ids.tobytes()).hexdigest()[:16] == expected
    else:
        assert trace.ids.tolist() == expected


def untempered(word):
    """The word of state that a generator gives out as `word`."""
    word ^= word >> 18
    word ^= (word << 15) & 0xEFC60000
    low = word
    for _ in range(4):
        low = word ^ ((low << 7) & 0x9D2C5680)
    high = low
    for _ in range(2):
        high = low ^ (high >> 11)
    return high & 0xFFFFFFFF


@pytest.mark.parametrize("u", [0.0, 2.0**-53, 0.25, 0.5, 0.625, 0.75, 1 - 2.0**-53])
@pytest.mark.parametrize(
    "shares",
    [[1.0], [0.0, 1.0], [0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 0.5, 0.5, 0.5, 1.0], [0.5, 1.0, 1.0], [1e-300, 0.625, 1.0]],
)
def test_a_draw_that_falls_on_a_share_is_the_first_item_to_reach_it(u, shares):
    bits = int(u * 2**53)
    state = np.zeros(625, np.uint32)
    state[:2] = untempered(bits >> 32), untempered(bits & 0xFFFFFFFF)
    out = np.empty(1, np.int32)
    twister.weighted(state, np.array(shares), out)
    assert out[0] == np.searchsorted(shares, u, "left")


def test_traces_say_what_made_them():
    trace = order.random(10, 3, seed=4, num_samples=25)
    assert trace.epochs == (0, 25, 50)
    assert trace.n_items == 10
    assert dict(trace.source) == {
        "generator": "order",
        "sampler": "RandomSampler",
        "replacement": False,
        "num_samples": 25,
        "generator_given": True,
        "trace_seed": 4,
    }
    assert order.shuffled(10, persistent_workers=True).source["loader"] == "persistent"
    assert order.subset([4, 8]).n_items == 9
    assert order.subset([4, 8], n_items=20).n_items == 20
    assert order.subset([], 3).epochs == (0, 0, 0)
    rank = order.distributed(10, num_replicas=3, rank=2)
    assert (rank.name, len(rank), rank.source["rank"]) == ("DistributedSampler-rank2", 4, 2)


def test_ranks_together_are_the_whole_order():
    for n, ranks, drop_last in [(10, 3, False), (10, 3, True), (12, 4, False), (2, 5, False), (2, 5, True)]:
        whole = order.distributed(n, 2, num_replicas=ranks, drop_last=drop_last).ids.reshape(2, -1)
        parts = [
            order.distributed(n, 2, num_replicas=ranks, rank=r, drop_last=drop_last).ids.reshape(2, -1)
            for r in range(ranks)
        ]
        woven = np.stack(parts, axis=2).reshape(2, -1)  # padded by wrapping
        assert (woven == whole[:, np.arange(woven.shape[1]) % max(1, whole.shape[1])]).all()
    same = order.distributed(10, 2, num_replicas=3, set_epoch=False).ids.reshape(2, -1)
    assert (same[0] == same[1]).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("weighted([1, 2], 5, replacement=False)", ValueError, "got replacement=False: .* record it"),
        ("weighted([1, 2], 1)", ValueError, "got num_samples=1: .* record it"),
        ("weighted([1, -2], 5)", ValueError, r"weights must be finite numbers >= 0 .* got \[ 1. -2.\]"),
        ("weighted([0, 0], 5)", ValueError, "a finite sum above 0"),
        ("weighted([], 5)", ValueError, r"1 … 2\^24 numbers in a row for order.weighted, got shape \(0,\)"),
        ("shuffled(10, in_order=False)", ValueError, "in_order must be True .* record it"),
        ("random(0)", ValueError, "n_items must be a whole number 1 .* for order.random, got 0"),
        ("random(10, 0)", ValueError, "epochs must be a whole number 1"),
        ("random(10, num_samples=0)", ValueError, "num_samples must be a whole number 1"),
        ("random(10, seed=-1)", ValueError, "seed must be a whole number 0"),
        ("random(10, replacement=1)", TypeError, "replacement must be True or False for order.random, got 1"),
        ("random(10, loader='other')", ValueError, "loader must be one of None, 'fresh', 'persistent'"),
        ("random(2**20, 2**12)", ValueError, "at most 2147483647 accesses"),
        ("subset([3, 4], n_items=4)", ValueError, "n_items - 1 = 3 for trace 'order.subset', got 4"),
        ("distributed(10, num_replicas=2, rank=2)", ValueError, "rank must be a whole number 0 … 1"),
        ("of(3)", TypeError, "dataloader must be a torch.utils.data.DataLoader for order.of, got 3"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        eval(f"order.{call}")
