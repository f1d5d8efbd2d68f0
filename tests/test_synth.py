"""Made traces: their laws, their structure, their bits, and what they refuse."""

import dataclasses
from fractions import Fraction
from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, special
from strategies import SEEDS, traces

from simcache import Trace, synth
from simcache.synth import draws
from simcache.synth.independent import _powers

CHAIN = np.array([[0.5, 0.25, 0.25, 0], [0, 0, 1, 0], [0.1, 0.2, 0.3, 0.4], [0.7, 0, 0, 0.3]])


def chi_square(counts, shares):
    """The statistic less its mean, in standard deviations: about normal when `counts` follow `shares`."""
    expected = shares * counts.sum()
    return (((counts - expected) ** 2 / expected).sum() - (counts.size - 1)) / np.sqrt(2 * (counts.size - 1))


# The same bits on every machine. A change of one of these is a change of every result made with it.
GOLDEN = {
    "uniform": (lambda: synth.uniform(1000, 5000, seed=1), "b5718c8f29d7f05e"),
    "zipf": (lambda: synth.zipf(1000, 5000, 0.9, seed=1), "69ac49de5d5c8528"),
    "zipf, steep": (lambda: synth.zipf(100_000, 5000, 1.7, seed=2**64 - 1), "db7c068221d7098e"),
    "loop": (lambda: synth.loop(7, 5000), "b4be397edf0e081f"),
    "shuffled": (lambda: synth.shuffled(1000, 5, seed=1), "34a407148101fab6"),
    "shuffle_buffer": (lambda: synth.shuffle_buffer(1000, 5, 50, seed=1), "7c2573ec1b7a6afb"),
    "shuffle_buffer, endless": (lambda: synth.shuffle_buffer(1000, 5, 50, drain=False, seed=1), "33889096fe236726"),
    "markov": (lambda: synth.markov(CHAIN, 5000, seed=1), "8ce6a89968164aac"),
    "ring": (lambda: synth.ring(1000, 5000, 0.1, seed=1), "af5e0d880b34b511"),
    "ring, directed": (lambda: synth.ring(1000, 5000, 0.1, directed=True, seed=1), "8a0232dadff818a2"),
    "repeat": (lambda: synth.repeat(synth.loop(7, 5000), 0.3, seed=1), "018d2bfb6c8f5217"),
}


SIZES = {
    "usual": (lambda: synth.lognormal_sizes(5000, 4096, 1.5, seed=1), "0e17f326ea8498f4"),
    "wide": (lambda: synth.lognormal_sizes(5000, 2.0**30, 4, seed=2**64 - 1), "33a3c23303f638bd"),
}


@pytest.mark.parametrize("made", SIZES)
def test_bits_of_sizes(made):
    make, digest = SIZES[made]
    assert sha256(make().astype("<i8").tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("made", GOLDEN)
def test_bits(made):
    make, digest = GOLDEN[made]
    assert sha256(make().ids.astype("<i4").tobytes()).hexdigest()[:16] == digest


def test_sources_name_what_made_them():
    zipf = synth.zipf(10, 5, 1, seed=3)
    assert zipf.source == {"generator": "zipf", "alpha": 1.0, "trace_seed": 3}
    assert zipf.name == "zipf-1.0"
    assert synth.uniform(10, 5, seed=3).source == {"generator": "uniform", "trace_seed": 3}
    assert synth.loop(10, 5).source == {"generator": "loop"}
    assert synth.shuffled(50, 3).source == {"generator": "shuffled", "trace_seed": 0}
    assert synth.shuffled(50, 3).name == "shuffled-50x3"
    buffered = synth.shuffle_buffer(10, 2, 3).source
    assert buffered == {"generator": "shuffle_buffer", "buffer": 3, "drain": True, "trace_seed": 0}
    assert synth.ring(9, 5, 0.5).source == {"generator": "ring", "jump": 0.5, "directed": False, "trace_seed": 0}
    repeated = synth.repeat(zipf, 0.25, seed=4).source
    assert repeated == {**zipf.source, "generator": "repeat(zipf)", "probability": 0.25, "repeat_seed": 4}


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40).filter(any), st.integers(0, 99), SEEDS)
def test_draws_follow_the_cumulative_weights(weights, n, seed):
    law = draws.laws(np.array(weights), np.array([0, len(weights)]))
    outcomes = np.arange(len(weights), dtype=np.int32)
    drawn = draws.independent(law, outcomes, n, np.random.Generator(np.random.PCG64(seed)))

    whole = (np.random.Generator(np.random.PCG64(seed)).random(n) * 2**53).astype(np.int64)
    assert drawn.tolist() == np.searchsorted(law.edges, whole, "right").tolist()
    shares = np.diff(law.edges, prepend=0) / 2**53
    assert shares == pytest.approx(np.array(weights) / sum(weights), abs=1e-13)
    assert law.edges[-1] == 2**53


def test_cumulative_weights_are_rounded():
    assert draws.laws(np.array([1.0, 2]), np.array([0, 2])).edges.tolist() == [round(Fraction(2**53, 3)), 2**53]


def test_a_draw_at_an_edge_is_the_next_outcome():
    law = draws.laws(np.array([5.0, 0, 6, 5, 0]), np.array([0, 5]))  # 5/16 is within a cell of the guide, of 1/8
    edges = SimpleNamespace(
        random=lambda n: np.array([0, 5 / 16, 11 / 16, np.nextafter(5 / 16, 0), np.nextafter(1, 0)])
    )
    assert draws.independent(law, np.arange(5, dtype=np.int32), 5, edges).tolist() == [0, 2, 3, 0, 3]


def test_draws_do_not_depend_on_the_chunk(monkeypatch):
    def both():
        return [*synth.zipf(50, 300, 0.7).ids, *synth.markov(CHAIN, 300).ids]

    whole = both()
    monkeypatch.setattr(draws, "CHUNK", 7)
    assert both() == whole


@pytest.mark.parametrize("alpha", [0, 1e-9, 0.5, 1, 3.7, 50])
def test_powers(alpha):
    ranks = np.arange(1.0, 100_001)
    # To the last bits: an error of the logarithm counts alpha times. What is below 2^-100 counts as nothing.
    few = 1e-15 * (1 + alpha * np.log(ranks))
    assert (np.abs(_powers(ranks.size, alpha) - ranks**-alpha) <= few * ranks**-alpha + 2.0**-100).all()


@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.5])
def test_zipf_frequencies(alpha):
    counts = np.sort(np.bincount(synth.zipf(20, 1_000_000, alpha).ids, minlength=20))[::-1]
    shares = np.arange(1, 21) ** -alpha
    assert abs(chi_square(counts, shares / shares.sum())) < 4


def test_uniform_frequencies():
    for trace in (synth.zipf(500, 200_000, 0), synth.zipf(500, 200_000, 1e-9), synth.uniform(500, 200_000)):
        assert abs(chi_square(np.bincount(trace.ids, minlength=500), np.full(500, 1 / 500))) < 4


def test_zipf_popularity_does_not_follow_the_id():
    popular = [np.bincount(synth.zipf(1000, 5000, 1.2, seed=seed).ids).argmax() for seed in range(8)]
    assert len(set(popular)) == 8
    assert np.mean(popular) > 100


@pytest.mark.parametrize("alpha", [50, 1e6, 1e308])
def test_zipf_of_a_steep_law_is_one_item(alpha):
    assert synth.zipf(1000, 1000, alpha).n_touched == 1


def test_loop():
    trace = synth.loop(4, 10)
    assert trace.ids.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert trace.epochs == (0, 4, 8)
    assert synth.loop(4, 8).epochs == (0, 4)
    assert synth.loop(10, 3).ids.tolist() == [0, 1, 2]
    assert synth.loop(10, 3).n_items == 10


def epochs_of(trace):
    return np.split(trace.ids, trace.epochs[1:])


@given(st.integers(1, 30), st.integers(1, 5), SEEDS)
def test_shuffled_has_each_item_once_an_epoch(n_items, epochs, seed):
    trace = synth.shuffled(n_items, epochs, seed=seed)
    assert len(trace.epochs) == epochs
    assert all(sorted(epoch) == list(range(n_items)) for epoch in epochs_of(trace))


def test_shuffled_epochs_are_fresh_and_uniform():
    trace = synth.shuffled(10, 20_000)
    orders = trace.ids.reshape(-1, 10)
    for place in range(10):
        assert abs(chi_square(np.bincount(orders[:, place], minlength=10), np.full(10, 0.1))) < 4
    assert len({tuple(order) for order in orders[:100]}) == 100


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 15), st.booleans(), SEEDS)
def test_shuffle_buffer_equals_its_description(n_items, epochs, buffer, drain, seed):
    trace = synth.shuffle_buffer(n_items, epochs, buffer, drain=drain, seed=seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    expected = []
    for _ in range(epochs if drain else 1):
        stream = iter(range(n_items)) if drain else iter(np.arange(n_items * epochs + buffer) % n_items)
        slots = [item for _, item in zip(range(buffer), stream, strict=False)]
        passes = n_items if drain else n_items * epochs
        filled = np.minimum(buffer, np.arange(n_items, 0, -1)) if drain else buffer
        for slot in rng.integers(0, filled, passes):
            expected.append(slots[slot])
            following = next(stream, None)
            if following is None:
                slots[slot] = slots[-1]
                slots.pop()
            else:
                slots[slot] = following
    assert trace.ids.tolist() == expected
    assert trace.epochs == tuple(range(0, n_items * epochs, n_items))
    if drain:
        assert all(sorted(epoch) == list(range(n_items)) for epoch in epochs_of(trace))


def test_shuffle_buffer_holds_items_back_no_further_than_it_reaches():
    order = synth.shuffle_buffer(1000, 1, 50).ids
    assert (np.arange(1000) >= order - 49).all()
    assert (order != np.arange(1000)).mean() > 0.9
    assert synth.shuffle_buffer(1000, 2, 1).ids.tolist() == synth.loop(1000, 2000).ids.tolist()


@pytest.mark.parametrize("buffer", [10, 99])
def test_a_large_shuffle_buffer_shuffles_fully(buffer):
    orders = synth.shuffle_buffer(10, 20_000, buffer).ids.reshape(-1, 10)
    for place in (0, 4, 9):
        assert abs(chi_square(np.bincount(orders[:, place], minlength=10), np.full(10, 0.1))) < 4


def test_markov_transition_frequencies():
    ids = synth.markov(CHAIN, 400_000).ids
    seen = np.zeros((4, 4))
    np.add.at(seen, (ids[:-1], ids[1:]), 1)
    assert (seen[CHAIN == 0] == 0).all()
    for counts, shares in zip(seen, CHAIN, strict=True):
        possible = shares > 0
        if possible.sum() > 1:
            assert abs(chi_square(counts[possible], shares[possible])) < 4


def test_markov_starts_anywhere():
    starts = [synth.markov(np.eye(5), 3, seed=seed).ids for seed in range(60)]
    assert all(len(set(ids.tolist())) == 1 for ids in starts)
    assert {int(ids[0]) for ids in starts} == set(range(5))


def test_markov_takes_any_matrix_of_one_law():
    trace = synth.markov(CHAIN, 500)
    rows, columns = np.nonzero(np.ones((4, 4)))
    halves = sparse.coo_array((np.tile(CHAIN.ravel() / 2, 2), (np.tile(rows, 2), np.tile(columns, 2))))
    before = halves.data.copy()
    # CSR with each entry in two halves, columns in no order: only those who ask SciPy for the canonical form see it.
    twice = np.concatenate([CHAIN[:, ::-1], CHAIN], axis=1).ravel() / 2
    doubled = sparse.csr_array((twice, np.tile([3, 2, 1, 0, 0, 1, 2, 3], 4), range(0, 33, 8)), shape=(4, 4))
    for matrix in (CHAIN.tolist(), sparse.csc_matrix(CHAIN), sparse.csr_array(CHAIN), halves, doubled):
        same = synth.markov(matrix, 500)
        assert same.ids.tolist() == trace.ids.tolist()
        assert same.source == trace.source
    assert halves.data.tolist() == before.tolist()
    other = synth.markov(CHAIN[::-1, ::-1], 500)
    assert other.source["matrix"] != trace.source["matrix"]  # else a sweep would take them for one trace


def test_ring():
    steps = np.diff(synth.ring(100, 50_000, 0.0).ids) % 100
    assert set(steps.tolist()) == {1, 99}
    assert abs(chi_square(np.bincount(steps)[[1, 99]], np.array([0.5, 0.5]))) < 4
    assert set((np.diff(synth.ring(100, 5000, 0.0, directed=True).ids) % 100).tolist()) == {1}

    jumps = (np.diff(synth.ring(100, 50_000, 0.3).ids) % 100).tolist()
    far = sum(step not in (1, 99) for step in jumps) / len(jumps)
    assert far == pytest.approx(0.3 * 0.98, abs=0.01)
    assert abs(chi_square(np.bincount(jumps)[[1, 99]], np.array([0.5, 0.5]))) < 4

    for directed in (False, True):
        counts = np.bincount(synth.ring(50, 100_000, 1.0, directed=directed).ids, minlength=50)
        assert abs(chi_square(counts, np.full(50, 0.02))) < 4
    assert synth.ring(1, 5, 0.5).ids.tolist() == [0] * 5


@given(traces(), st.sampled_from([0.0, 0.2, 0.5, 1.0]), SEEDS)
def test_repeat_equals_its_description(trace, probability, seed):
    marks = sorted({0, len(trace) // 3, len(trace) // 2, len(trace)})
    trace = Trace(trace.ids, trace.n_items, epochs=tuple(marks))
    repeated = synth.repeat(trace, probability, seed=seed)

    expected, epochs, used = [], [0], 0
    for t, u in enumerate(np.random.Generator(np.random.PCG64(seed)).random(len(trace))):
        if t > 0 and u < probability:
            expected.append(expected[-1])
            continue
        if used in trace.epochs[1:]:
            epochs.append(t)
        expected.append(int(trace.ids[used]))
        used += 1
    assert repeated.ids.tolist() == expected
    assert repeated.epochs == tuple(epochs)
    assert repeated.n_items == trace.n_items


def test_repeat_share_and_edges():
    inner = synth.shuffled(1000, 50)
    share = np.mean(np.diff(synth.repeat(inner, 0.3).ids) == 0)
    assert share == pytest.approx(0.3, abs=0.01)
    unchanged = synth.repeat(inner, 0)
    assert unchanged.ids.tolist() == inner.ids.tolist()
    assert unchanged.epochs == inner.epochs
    assert synth.repeat(inner, 1).n_touched == 1
    twice = synth.repeat(synth.repeat(inner, 0.5, seed=1), 0.25, seed=2).source
    assert twice["generator"] == "repeat(repeat(shuffled))"
    assert (twice["probability"], twice["probability_2"], twice["repeat_seed_2"]) == (0.5, 0.25, 2)
    assert synth.repeat(Trace.of(list("abca")), 0.5).source["generator"] == "repeat(trace)"


def test_phases_are_traces_one_after_the_other():
    sizes = list(range(1, 9))
    parts = [synth.zipf(8, 20, 1.0, seed=1), synth.shuffled(8, 3, seed=2), Trace([], 8, "nothing")]
    joined = synth.phases(dataclasses.replace(part, sizes=sizes) for part in parts)
    assert joined.ids.tolist() == [*parts[0].ids, *parts[1].ids]
    assert joined.epochs == (0, 20, 28, 36, 44)
    assert joined.sizes.tolist() == sizes
    assert joined.name == "phases(zipf-1.0, shuffled-8x3, nothing)-3"
    assert joined.source["generator"] == "phases(zipf, shuffled, nothing)"
    assert synth.phases(parts).sizes is None
    same = [synth.zipf(8, 20, 1.0, seed=seed) for seed in (1, 2)]
    one, other = synth.phases(same), synth.phases(same[::-1])
    assert (one.source["alpha"], one.source["phases"], "trace_seed" in one.source) == (1.0, 2, False)
    assert one.name == other.name == "phases(zipf-1.0)-2"
    assert one.source != other.source  # so that a sweep takes both
    assert one.source == synth.phases(same).source


@pytest.mark.parametrize(
    ("traces", "error", "message"),
    [
        ([], ValueError, "traces must be at least one for synth.phases, got none"),
        (Trace([0], 1), TypeError, "traces must be several in a list for synth.phases, got <Trace"),
        (5, TypeError, "traces must be several in a list for synth.phases, got 5"),
        ([[0, 1]], TypeError, r"traces must be Traces for synth.phases, got \[0, 1\]"),
        ([Trace([0], 1), Trace([0], 2)], ValueError, "traces must be of as many items each .*, got 1 and 2"),
        ([Trace([0], 1), Trace([0], 1, sizes=[5])], ValueError, "must have the same sizes, or none .*, got others in"),
        ([Trace([0], 1, sizes=[6]), Trace([0], 1, sizes=[5])], ValueError, "must have the same sizes, or none"),
    ],
)
def test_phases_of_unlike_traces_are_refused(traces, error, message):
    with pytest.raises(error, match=message):
        synth.phases(traces)


def test_a_repeat_keeps_the_sizes():
    assert synth.repeat(Trace([0, 1], 2, sizes=[5, 6]), 0.5).sizes.tolist() == [5, 6]


def test_no_accesses_are_a_trace():
    empty = [synth.uniform(3, 0), synth.zipf(3, 0, 1), synth.loop(3, 0), synth.markov(CHAIN, 0), synth.ring(3, 0, 0.1)]
    for trace in (*empty, synth.repeat(Trace([], 3), 0.5)):
        assert len(trace) == 0
        assert trace.epochs == (0,)


@pytest.mark.parametrize(("median", "sigma"), [(4096, 1.5), (1e9, 0.3), (1e12, 2)])
def test_lognormal_sizes_follow_their_law(median, sigma):
    """Kolmogorov's distance; ranks are far above the few sizes that rounding moves."""
    sizes = synth.lognormal_sizes(200_000, median, sigma, seed=3)
    assert (sizes.dtype, sizes.shape) == (np.int64, (200_000,))
    normal = np.sort(special.ndtr(np.log(sizes / median) / sigma))
    ranks = np.arange(200_001) / 200_000
    distance = max(np.abs(normal - ranks[1:]).max(), np.abs(normal - ranks[:-1]).max())
    assert distance * 200_000**0.5 < 1.95  # exceeded once in a thousand
    assert sizes.mean() == pytest.approx(median * np.exp(sigma**2 / 2), rel=0.03)
    pairs = np.log(sizes / median).reshape(-1, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.01  # two of one draw
    assert abs(np.corrcoef(pairs[:-1, 1], pairs[1:, 0])[0, 1]) < 0.01


def test_lognormal_sizes_at_the_edges():
    assert synth.lognormal_sizes(3, 1000.5, 0).tolist() == [1001] * 3  # half a byte goes up
    assert synth.lognormal_sizes(3, 2.0**62, 5e-324).tolist() == [2**62] * 3
    small = synth.lognormal_sizes(1000, 1, 3)
    assert small.min() == 1
    assert np.count_nonzero(small == 1) > 500
    many = synth.lognormal_sizes(2**20, 4096, 2, seed=5)
    for n in (1, 2, 3, 7000):
        assert synth.lognormal_sizes(n, 4096, 2, seed=5).tolist() == many[:n].tolist()
    assert (synth.lognormal_sizes(1000, 4096, 2, seed=6) != many[:1000]).mean() > 0.99


@pytest.mark.parametrize("sigma", [1e4, *np.geomspace(1e9, 1e11, 12), 1e19, 1e308])
def test_sizes_without_bound_are_refused(sigma):
    """Exponents beyond 32 bits, and beyond 64, are no small ones."""
    for seed in range(6):
        normal = np.log(synth.lognormal_sizes(1, 1e9, 1, seed=seed)[0] / 1e9)
        if normal < 0:
            assert synth.lognormal_sizes(1, 1e9, sigma, seed=seed).tolist() == [1]
        else:
            with pytest.raises(ValueError, match=r"sizes must be at most 2\^63 - 1 bytes"):
                synth.lognormal_sizes(1, 1e9, sigma, seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_sizes_do_not_go_by_what_a_trace_of_their_seed_holds(seed):
    n = 20_000
    popular = np.random.Generator(np.random.PCG64(seed)).permutation(n)  # synth.zipf's, most popular first
    assert np.bincount(synth.zipf(n, 100, 9, seed=seed).ids).argmax() == popular[0]
    sizes = np.log(synth.lognormal_sizes(n, 4096, 1, seed=seed)) - np.log(4096)
    uniform = synth.uniform(n, n, seed=seed).ids / n - 0.5
    for other in (popular, np.argsort(popular), uniform, np.abs(uniform)):
        assert abs(np.corrcoef(sizes, other)[0, 1]) < 4 / n**0.5
        assert abs(np.corrcoef(np.abs(sizes), other)[0, 1]) < 4 / n**0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synth.uniform(0, 10), r"n_items must be a whole number 1 … 2147483647 for synth.uniform, got 0"),
        (lambda: synth.uniform(2.0, 10), r"n_items must be a whole number .*, got 2.0"),
        (lambda: synth.uniform(True, 10), r"n_items must be a whole number .*, got True"),
        (lambda: synth.uniform(2, -1), r"n_accesses must be a whole number 0 … .*, got -1"),
        (lambda: synth.uniform(2, 2**31), r"n_accesses must .* 2147483647 for synth.uniform, got 2147483648"),
        (lambda: synth.uniform(2, 2, seed=-1), r"seed must be a whole number 0 … 18446744073709551615 for .*, got -1"),
        (lambda: synth.uniform(2, 2, seed=None), r"seed must be a whole number .*, got None"),
        (lambda: synth.zipf(2, 2, -0.1), r"alpha must be a finite number >= 0 for synth.zipf, got -0.1"),
        (lambda: synth.zipf(2, 2, float("nan")), r"alpha must be a finite number >= 0 .*, got nan"),
        (lambda: synth.zipf(2, 2, float("inf")), r"alpha must be a finite number >= 0 .*, got inf"),
        (lambda: synth.zipf(2, 2, 10**400), r"alpha must be a finite number >= 0 .*, got 1000"),
        (lambda: synth.zipf(2, 2, "1"), r"alpha must be a finite number >= 0 .*, got '1'"),
        (lambda: synth.zipf(2, 2, True), r"alpha must be a finite number >= 0 .*, got True"),
        (lambda: synth.lognormal_sizes(0, 9, 1), r"n_items must be a whole number 1 … .* synth.lognormal_sizes, got 0"),
        (lambda: synth.lognormal_sizes(2, 0.9, 1), r"median must be a finite number >= 1 for .*, got 0.9"),
        (lambda: synth.lognormal_sizes(2, float("inf"), 1), r"median must be a finite number >= 1 for .*, got inf"),
        (lambda: synth.lognormal_sizes(2, "9", 1), r"median must be a finite number >= 1 for .*, got '9'"),
        (lambda: synth.lognormal_sizes(2, 9, -1), r"sigma must be a finite number >= 0 for .*, got -1"),
        (lambda: synth.lognormal_sizes(2, 9, float("nan")), r"sigma must be a finite number >= 0 for .*, got nan"),
        (lambda: synth.lognormal_sizes(2, 9, 1, seed=-1), r"seed must be a whole number 0 … .*, got -1"),
        (
            lambda: synth.lognormal_sizes(2, 2**63, 0),
            r"at most 2\^63 - 1 bytes for .*, got one of 9.22e\+18 with",
        ),
        (lambda: synth.lognormal_sizes(9, 1, 1e308), r"at most 2\^63 - 1 bytes for .* median=1, sigma=1e\+308"),
        (lambda: synth.shuffled(10, 0), r"epochs must be a whole number 1 … .* for synth.shuffled, got 0"),
        (
            lambda: synth.shuffled(2**20, 2**11),
            r"n_items \* epochs must be at most 2147483647 .*, got 1048576 \* 2048",
        ),
        (lambda: synth.shuffle_buffer(10, 2, 0), r"buffer must be a whole number 1 … .*, got 0"),
        (
            lambda: synth.shuffle_buffer(10, 2, 3, drain=1),
            r"drain must be True or False .*, got 1",
        ),
        (lambda: synth.ring(10, 5, 1.1), r"jump must be a number 0 … 1 for synth.ring, got 1.1"),
        (lambda: synth.ring(10, 5, 0.1, directed="yes"), r"directed must be True or False .*, got 'yes'"),
        (
            lambda: synth.repeat(synth.loop(2, 2), -0.5),
            r"probability must be a number 0 … 1 .*, got -0.5",
        ),
        (lambda: synth.repeat([1, 2], 0.5), r"trace must be a Trace for synth.repeat, got \[1, 2\]"),
        (lambda: synth.markov(np.ones((2, 3)) / 3, 5), r"matrix must be square, .*, got shape \(2, 3\)"),
        (lambda: synth.markov([[0.5, 0.5], [1.0]], 5), r"matrix must be square, .*, got ragged rows"),
        (lambda: synth.markov([1.0], 5), r"matrix must be square, .*, got shape \(1,\)"),
        (lambda: synth.markov(np.empty((0, 0)), 5), r"matrix must be square, .*, got shape \(0, 0\)"),
        (lambda: synth.markov([["a"]], 5), r"matrix must hold numbers for synth.markov, got <U1"),
        (lambda: synth.markov([[1, 0], [1.5, -0.5]], 5), r"probabilities 0 … 1 .*, got 1.5 in row 1, column 0"),
        (lambda: synth.markov([[1, 0], [0.5, np.nan]], 5), r"probabilities 0 … 1 .*, got nan in row 1, column 1"),
        (lambda: synth.markov([[1, 0], [0.5, 0.4]], 5), r"each row of matrix must sum to 1 .*, got 0.9 in row 1"),
        (lambda: synth.markov(sparse.csr_array((3, 3)), 5), r"each row of matrix must sum to 1 .*, got 0.0 in row 0"),
    ],
)
def test_refusals(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
