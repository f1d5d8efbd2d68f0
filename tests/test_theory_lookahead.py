"""The value of lookahead: the forms at their ends, and against the policy with a window, within the printed errors."""

import numpy as np
import pytest

from simcache import Trace, simulate, synth, theory

INF = np.inf
SHARES = (0.05, 0.1, 0.25, 0.5, 0.9)
EPOCHS_AHEAD = (0, 1, 2, 4, 8, 16)


def of_rank(ranks, n_items, seed):
    """One of several private caches' own accesses, and how many of them are an epoch."""
    epochs = max(24, 10 * ranks)  # of its own, longer than it remembers
    own = n_items // ranks
    ids = synth.shuffled(n_items, epochs, seed=seed).ids[::ranks]
    return Trace(ids[: ids.size // own * own], n_items), own


def by_epoch(trace, share, window, own, every=1):
    """Mean hit rate by epoch, a quarter left out at each end."""
    hits = simulate(trace, "opt", round(share * trace.n_items), bypass=True, window=window, every=every)
    epochs = hits.reshape(-1, own).mean(1)
    quarter = max(1, epochs.size // 4)
    return epochs[quarter:-quarter].mean()


def saturated(share, ahead, ranks):
    return theory.opt_lookahead(share, ahead, ranks=ranks) >= theory.opt_shuffled(share, ranks=ranks) - 1e-12


@pytest.mark.parametrize(
    ("n_items", "below", "further"),
    [(20_000, 5e-3, 8e-3), (2_000, 2e-2, 2e-2)],  # the errors that the docstring prints
)
@pytest.mark.parametrize("ranks", [2, 4, 8, 16])
def test_private_caches_that_know_whole_epochs(ranks, n_items, below, further):
    trace, own = of_rank(ranks, n_items, seed=23)
    for share in SHARES:
        for ahead in EPOCHS_AHEAD:
            found = by_epoch(trace, share, (ahead + 1) * own - 1, own, every=own)
            form = float(theory.opt_lookahead(share, ahead, ranks=ranks))
            bound = further if saturated(share, ahead, ranks) else below
            assert found == pytest.approx(form, abs=bound), (share, ahead)


@pytest.mark.parametrize(("n_items", "below", "further"), [(20_000, 2e-3, 8e-3), (2_000, 2e-2, 2e-2)])
def test_draws_with_replacement(n_items, below, further):
    trace = synth.uniform(n_items, 40 * n_items, seed=24)
    for share in SHARES:
        for ahead in (0.0032, 0.05, 0.2, 0.5, 1, 2, 4):
            found = by_epoch(trace, share, round(ahead * n_items), n_items)
            form = float(theory.opt_lookahead(share, ahead, ranks=INF))
            assert found == pytest.approx(form, abs=further if saturated(share, ahead, INF) else below), (share, ahead)


def test_one_cache_learns_nothing_from_any_lookahead():
    trace = synth.shuffled(500, 8, seed=25)
    for share in (0.1, 0.5):
        for window, every in ((0, 1), (100, 1), (500, 1), (1200, 1), (499, 500), (1499, 500)):
            hits = simulate(trace, "opt", round(share * 500), bypass=True, window=window, every=every)
            assert (hits.reshape(8, -1)[1:].mean(1) == share).all()
    assert (theory.opt_lookahead([0.1, 0.5], [[0], [0.3], [7], [INF]]) == [0.1, 0.5]).all()


@pytest.mark.parametrize("ranks", [4, 16])
def test_a_window_that_slides_is_worth_half_an_epoch_less_and_less_below_one(ranks):
    trace, own = of_rank(ranks, 8_000, seed=26)
    for share in (0.1, 0.25, 0.5):
        for ahead in (0.1, 0.5):
            found = by_epoch(trace, share, round(ahead * own), own)
            assert found <= theory.opt_lookahead(share, ahead, ranks=ranks)
        for ahead in (1, 1.5, 2, 4, 8):
            found = by_epoch(trace, share, round(ahead * own), own)
            assert found == pytest.approx(float(theory.opt_lookahead(share, ahead - 0.5, ranks=ranks)), abs=0.01)
    if ranks == 4:
        assert by_epoch(trace, 0.25, own // 2, own) - by_epoch(trace, 0.25, 0, own) == pytest.approx(0.02, abs=3e-3)


def test_a_window_of_two_epochs_of_ten_with_replacement():
    """Published as `a 20 % window is as good as 100 %`: so at half the items, where OPT looks 1.68 epochs ahead; not at
    nine tenths."""
    assert theory.opt_lookahead(0.5, 1.68, ranks=INF) == pytest.approx(
        float(theory.opt_shuffled(0.5, ranks=INF)), abs=1e-4
    )
    assert theory.opt_lookahead(0.5, 2, ranks=INF) == theory.opt_shuffled(0.5, ranks=INF)
    assert theory.opt_lookahead(0.9, 2, ranks=INF) == pytest.approx(0.9667, abs=5e-5)
    assert theory.opt_shuffled(0.9, ranks=INF) == pytest.approx(0.9795, abs=5e-5)
    ten, long = synth.uniform(20_000, 200_000, seed=27), synth.uniform(20_000, 600_000, seed=27)
    for share, lost in ((0.5, 0.0), (0.9, 0.0128)):
        whole, part = (by_epoch(long, share, window, 20_000) for window in (600_000, 40_000))
        assert whole - part == pytest.approx(lost, abs=1e-3)
        whole, part = (simulate(ten, "opt", round(share * 20_000), window=w).mean() for w in (200_000, 40_000))
        assert whole - part == pytest.approx(0.65 * lost, abs=1e-3)  # from an empty cache


def test_the_ends_of_lookahead():
    c = np.array([1e-300, 0.01, 0.3, 0.5, 0.99, 1])
    for ranks in (1, 1.5, 2, 16, 1e300, INF):
        assert theory.opt_lookahead(c, 0, ranks=ranks) == pytest.approx(c, rel=1e-15)
        whole = theory.opt_shuffled(c, ranks=ranks)
        assert (theory.opt_lookahead(c, INF, ranks=ranks) == whole).all()
        rates = theory.opt_lookahead(c, np.array([0, 1e-9, 0.1, 1, 2, 5, 50, 1e9])[:, None], ranks=ranks)
        assert (np.diff(rates, axis=0) >= -1e-12).all()
        assert (rates <= whole).all()
    # the condition of the theorem: where the short intervals take all of the cache, pinning has ended
    for ranks, ahead in ((2, 1), (4, 3), (16, 9)):
        q = 1 / ranks
        edge = 1 - (1 + q * ahead) * (1 - q) ** ahead
        assert theory.opt_shuffled(edge, ranks=ranks) == pytest.approx(1 - (1 - edge) / (1 + q * ahead), abs=1e-12)
        for share, seen in ((0.98 * edge, False), (1.02 * edge, True)):
            limited = theory.opt_lookahead(share, ahead, ranks=ranks) < theory.opt_shuffled(share, ranks=ranks) - 1e-9
            assert limited == seen
    assert theory.opt_lookahead(0.25, [0, 1, 2], ranks=4) == pytest.approx([0.25, 0.4, 0.5], abs=1e-12)
    assert theory.opt_lookahead([[0.5]], [0.2, 0.5, 1], ranks=INF) == pytest.approx(
        np.array([[0.5833, 0.6667, 0.75]]), abs=5e-5
    )
    for bad in (-1, np.nan, -INF):
        with pytest.raises(ValueError, match=r"epochs_ahead must be numbers in \[0, inf\], got"):
            theory.opt_lookahead(0.5, bad)
    with pytest.raises(ValueError, match=r"ranks must be numbers in \[1, inf\], got 0.5"):
        theory.opt_lookahead(0.5, 1, ranks=0.5)


# ---------------------------------------------------------------- independent requests


def zipf(n, alpha):
    return np.arange(1, n + 1) ** -float(alpha)


def primed(n_items, alpha, n_accesses, seed):
    """Zipf draws of which item 0 is the most popular, after one access to each in that order."""
    p = zipf(n_items, alpha)
    drawn = np.random.default_rng(seed).choice(n_items, n_accesses, p=p / p.sum())
    return Trace(np.concatenate([np.arange(n_items), drawn]), n_items)


@pytest.mark.parametrize(("n_items", "capacity", "error"), [(2_000, 400, 8e-3), (20_000, 2_000, 6e-3)])
@pytest.mark.parametrize("alpha", [0.4, 0.8, 1.2])
def test_zipf_draws_with_the_most_popular_pinned(alpha, n_items, capacity, error):
    trace = primed(n_items, alpha, 400_000 + 60 * n_items, seed=28)
    for window in (0, n_items // 20, n_items // 4, n_items):
        hits = simulate(trace, "opt", capacity, bypass=True, window=window)[5 * n_items : -2 * n_items]
        form = float(theory.opt_lookahead_irm(zipf(n_items, alpha), capacity, window))
        assert hits.mean() == pytest.approx(form, abs=error), window


def test_zipf_draws_blind():
    trace = synth.zipf(2_000, 600_000, 0.8, seed=29)
    hits = simulate(trace, "opt", 400, bypass=True, window=100)[100_000:].mean()
    assert hits == pytest.approx(0.568, abs=0.02)  # what is pinned is one draw
    assert theory.opt_lookahead_irm(zipf(2_000, 0.8), 400, 100) == pytest.approx(0.667, abs=5e-4)


def test_the_space_equation_and_its_ends():
    p = zipf(3_000, 0.8)
    p /= p.sum()
    sizes = np.array([1, 10, 300, 2_999, 3_000, 9_000])
    assert theory.opt_lookahead_irm(p, sizes, 0) == pytest.approx(theory.lfu_irm(p, sizes), abs=1e-12)
    assert (theory.opt_lookahead_irm(p, sizes, 2**63 - 1) == theory.opt_irm(p, sizes)).all()
    for window in (20, 300):
        x = p * window
        for size in (600, 1_000, 2_500):
            space, rate = (  # with the k most popular pinned, k = 0 … n
                np.array([sure[:k].sum() + own[k:].sum() for k in range(3_001)])
                for sure, own in ((np.ones(3_000), 1 - (1 + x) * np.exp(-x)), (p, -p * np.expm1(-x)))
            )
            k = np.flatnonzero(space <= size)[-1]
            part = (size - space[k]) / (space[k + 1] - space[k])
            expected = rate[k] + part * (rate[k + 1] - rate[k])
            assert theory.opt_lookahead_irm(p, size, window) == pytest.approx(expected, abs=1e-12)
    windows = np.array([0, 3, 50, 400, 3_000, 10**9])
    rates = theory.opt_lookahead_irm(p, sizes[:, None], windows)
    assert rates.shape == (6, 6)
    assert (np.diff(rates, axis=1) >= -2e-6).all()
    assert (rates <= theory.opt_irm(p, sizes)[:, None] + 2e-6).all()
    uniform = theory.opt_lookahead_irm(np.ones(10**5), [10_000, 50_000], 20_000)
    assert uniform == pytest.approx(theory.opt_lookahead([0.1, 0.5], 0.2, ranks=INF), abs=2e-6)
    for bad in (-1, [0, -3]):
        with pytest.raises(ValueError, match="window must be whole numbers >= 0, got"):
            theory.opt_lookahead_irm([1, 2], 1, bad)
    with pytest.raises(TypeError, match=r"window must be whole numbers >= 0, got 2\.0"):
        theory.opt_lookahead_irm([1, 2], 1, 2.0)
