"""What OPT is worth under independent requests: at most 1/e, and within bounds at every finite size."""

import numpy as np
import pytest
from scipy.optimize import brentq

from simcache import synth, theory
from simcache.simulation import simulate
from simcache.trace import Trace


def laws(seed, number, most):
    """Random request rates of five kinds."""
    rng = np.random.default_rng(seed)
    for k in range(number):
        n = most if number < 100 else int(rng.integers(2, most))
        yield (
            lambda n: np.ones(n),
            lambda n: rng.random(n) ** rng.integers(1, 20),
            lambda n: np.arange(1, n + 1) ** -(2.5 * rng.random()),
            lambda n: rng.pareto(0.5 + 2 * rng.random(), n) + 1e-3,
            lambda n: np.where(np.arange(n) < n * rng.random(), 1, 10 ** -(4 * rng.random())),
        )[k % 5](n)


def test_no_law_gives_opt_a_lead_of_more_than_1_over_e():
    """3,000 laws, every capacity; none below what needs no future either."""
    lead = [
        theory.opt_irm(w, sizes) - theory.lfu_irm(w, sizes)
        for w in laws(41, 3000, 60)
        for sizes in [np.arange(1, w.size + 1)]
    ]
    assert max(each.max() for each in lead) <= np.exp(-1) + 1e-6
    assert min(each.min() for each in lead) >= -1e-6


def test_equal_items_reach_it():
    sizes = np.arange(1, 10**5)
    lead = theory.opt_irm(np.ones(10**5), sizes) - theory.lfu_irm(np.ones(10**5), sizes)
    assert lead.max() == pytest.approx(np.exp(-1), abs=1e-6)
    assert sizes[lead.argmax()] / 10**5 == pytest.approx(1 - 2 / np.e, abs=1e-3)


def fluid(p, c):
    """θ and hit rate of the fluid law at a size that need not be whole, by its sums."""
    theta = brentq(lambda t: (1 - (1 + p * t) * np.exp(-p * t)).sum() - c, 1e-9, 1e9)
    return theta, float(p @ (1 - np.exp(-p * theta)))


def test_bounds_are_those_stated():
    """No C' does better than the best of those tried by more than 1e-3."""
    for w in (np.ones(300), np.arange(1, 301) ** -0.8, np.random.default_rng(5).random(300) ** 3):
        p = w / w.sum()
        for c in (20, 100, 250):
            low, high = theory.opt_irm_bounds(w, c)
            assert high == pytest.approx(fluid(p, c)[1], abs=1e-6)
            tried = [
                fluid(p, less)[1] * (1 - np.exp(-((c - less) ** 2) / (2 * c))) for less in np.linspace(1, c, 200)[:-1]
            ]
            best = max(*tried, np.sort(p)[::-1][:c].sum())
            assert best - 1e-3 <= low <= best + 2e-3


def test_bounds_on_few_items():
    """Against exact numbers of forced OPT, which hits no more than OPT with bypass, and no less than that at C - 1."""
    for w in np.random.default_rng(43).random((5, 5)) ** 3 + 0.01:
        exact = theory.opt_irm_exact(w, [2, 3, 4])
        low, high = theory.opt_irm_bounds(w, [1, 2, 3, 4])
        assert (exact <= high[1:] + 1e-6).all()
        assert (exact >= low[:3] - 1e-6).all()
    for w in (np.ones(8), np.arange(1, 9) ** -1.0):
        low, high = theory.opt_irm_bounds(w, [1, 7, 8, 2**40])
        assert low[0] == theory.lfu_irm(w, 1)
        assert (low[:2] < high[:2]).all()
        assert low[2:].tolist() == high[2:].tolist() == [1, 1]


def test_bounds_hold_on_simulated_laws():
    """50 laws of 10,000 items, three sizes each, but those that need a longer warm-up; the noise is that of blocks."""
    rng, n, warm = np.random.default_rng(47), 10**4, 100_000
    tried = told = 0
    for w in laws(48, 50, n):
        p = w / w.sum()
        ids = np.minimum(np.searchsorted(np.cumsum(p), rng.random(warm + 180_000), side="right"), n - 1)
        trace = Trace(ids.astype(np.int32), n)
        most = (1 - (1 + p * warm) * np.exp(-p * warm)).sum()  # of which θ is the warm-up
        sizes = [c for c in (n ** rng.uniform(0.2, 0.9, 3)).astype(int) if c < most]
        for capacity, low, high in zip(sizes, *theory.opt_irm_bounds(w, sizes), strict=True):
            rates = simulate(trace, "opt", int(capacity), bypass=True)[warm:-20_000].reshape(40, -1).mean(1)
            noise = rates.std(ddof=1) / 40**0.5
            assert low - 5 * noise <= rates.mean() <= high + 5 * noise, (capacity, low, rates.mean(), high, noise)
            tried += 1
            told += low + 3 * noise < rates.mean() < high - 3 * noise
    assert tried > 120
    assert told > 75  # the others lie too close to a bound for their noise to tell


def test_bounds_of_a_hundred_thousand_items():
    """The numbers of the docstring."""
    for w, stated in ((np.ones(10**5), (0.405, 0.412)), (np.arange(1, 10**5 + 1) ** -0.8, (0.686, 0.691))):
        np.testing.assert_allclose(theory.opt_irm_bounds(w, 10**4), stated, atol=5.1e-4)


@pytest.mark.parametrize(
    ("alpha", "capacity", "stated"), [(0, 1000, 0.0034), (0.8, 100, 0.0063), (0.8, 1000, 0.0022), (1.2, 100, 0.0036)]
)
def test_what_the_fluid_law_leaves_out(alpha, capacity, stated):
    """The remark on bounds: within 10 % of simulation, and its noise."""
    w = np.arange(1, 10_001) ** -float(alpha)
    p = w / w.sum()
    theta, high = fluid(p, capacity)
    gone = p * np.exp(-p * theta)
    spread, curvature = (2 * (gone - gone * np.exp(-p * theta)).sum()) ** 0.5, (p * gone).sum()
    length = (spread / curvature) ** (2 / 3)
    remark = (0.555 + 0.257 * np.log(theta / length)) * spread ** (4 / 3) * curvature ** (-1 / 3) / theta
    assert remark == pytest.approx(stated, abs=5.1e-5)
    traces = [synth.zipf(10_000, 2_000_000, alpha, seed=seed) for seed in range(51, 59)]
    below = high - np.array([simulate(it, "opt", capacity, bypass=True)[500_000:-200_000].mean() for it in traces])
    assert below.mean() == pytest.approx(remark, abs=0.1 * remark + 4 * below.std(ddof=1) / 8**0.5)
