"""Words of 64 bits and draws by counter, against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import traces

from simcache import bits

WORDS = st.integers(0, 2**64 - 1) | st.integers(0, 63).map(lambda place: 1 << place)


@given(WORDS)
def test_counts_of_bits(x):
    word = np.uint64(x)
    assert bits.clz(word) == 64 - x.bit_length()
    assert bits.ctz(word) == (64 if x == 0 else (x & -x).bit_length() - 1)
    assert bits.popcount(word) == x.bit_count()


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_draw_equals_its_reference(seed):
    sizes = [1, 2, 3, 1000, 2**16 + 1, 2**31 - 1, 2**32 - 1]
    for d in [*range(200), 2**31, 2**32 + 5, 2**62]:
        for k in sizes:
            assert bits.draw(np.uint64(seed), d, k) == bits.draw_reference(seed, d, k)


@given(WORDS, st.integers(0, 2**62), st.integers(1, 2**32 - 1))
def test_draw_lies_in_range(seed, d, k):
    drawn = bits.draw(np.uint64(seed), d, k)
    assert 0 <= drawn < k
    assert drawn == bits.draw_reference(seed, d, k)


def test_splitmix_gives_the_published_stream():
    # The first outputs of SplitMix64 from state 1234567, as its users check theirs.
    stream = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [int(bits.splitmix(np.uint64(1234567), d)) for d in range(5)] == stream


def test_draws_are_spread_evenly():
    counts = np.bincount([bits.draw(np.uint64(3), d, 10) for d in range(20_000)], minlength=10)
    assert ((counts - 2000) ** 2 / 2000).sum() < 33.7  # chi-square of 9 degrees, one seed in ten thousand is above


@given(traces())
def test_next_use_equals_a_plain_search(trace):
    ids = trace.ids.tolist()
    expected = [ids.index(i, t + 1) if i in ids[t + 1 :] else len(ids) for t, i in enumerate(ids)]
    assert bits.next_use(trace.ids, trace.n_items).tolist() == expected


@given(st.sampled_from([1, 2, 63, 64, 65, 4096, 4097, 262_145]), st.integers(0, 2**32 - 1))
def test_tree_is_a_set(size, seed):
    tree, twin = bits.tree_empty(size), set()
    rng = np.random.default_rng(seed)
    few = [0, size - 1, *rng.integers(0, size, 6)]  # so that each comes and goes, and the set is empty in between
    for x in rng.choice(few, 60).tolist():
        if x in twin:
            bits.tree_clear(tree, size, x)
            twin.remove(x)
        else:
            bits.tree_set(tree, size, x)
            twin.add(x)
        assert not twin or bits.tree_lowest(tree, size) == min(twin)
        assert not twin or bits.tree_highest(tree, size) == max(twin)
    assert int(bits.tree_empty(size).size) == tree.size
    assert sum(int(word).bit_count() for word in tree[: (size + 63) >> 6]) == len(twin)


@given(st.sets(st.integers(0, 400), min_size=1), st.integers(0, 400))
def test_following_finds_the_next_bit(places, start):
    words = np.zeros(7, np.uint64)
    for place in places:
        words[place >> 6] |= np.uint64(1) << np.uint64(place & 63)
    assert bits.following(words, min(start, max(places))) == min(p for p in places if p >= min(start, max(places)))
