"""Independent requests: exact tables, the fluid laws against their sums, against each other, and against simulation.

A simulated mean over blocks must lie within 5 of its standard errors, plus the stated bias of the model.
"""

from fractions import Fraction as F
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from scipy.special import zeta

from simcache import synth, theory
from simcache.simulation import simulate
from simcache.theory import _check, _grid

FOUR = [12, 6, 4, 3]


def zipf(n, alpha=1.0):
    return np.arange(1, n + 1) ** -float(alpha)


def agrees(means, expected, bias=0.0):
    error = means.std(ddof=1) / means.size**0.5
    assert abs(means.mean() - float(expected)) <= 5 * error + bias + 1e-12, (means.mean(), float(expected), error)


def test_exact_rationals_of_four_items():
    lru = [F(41, 125), F(205081, 339625), F(1966117, 2377375), 1]
    fifo = [F(41, 125), F(103, 175), F(101, 125), 1]
    opt = [F(41, 125), F(2445077, 3429125), F(289317997, 322266625), 1]
    sizes = [1, 2, 3, 4]
    for form, exact in ((theory.lru_irm_exact, lru), (theory.fifo_irm_exact, fifo), (theory.opt_irm_exact, opt)):
        np.testing.assert_allclose(form(FOUR, sizes), [float(x) for x in exact], rtol=0, atol=1e-12)
        np.testing.assert_allclose(form(FOUR[::-1], sizes), form(np.array(FOUR) * 0.3, sizes), atol=1e-12)
    assert theory.lfu_irm(FOUR, sizes) == pytest.approx([12 / 25, 18 / 25, 22 / 25, 1], abs=1e-15)


def test_exact_opt_of_equal_items():
    table = {3: [F(1, 3), F(7, 9)], 4: [F(1, 4), F(11, 17), F(19, 22)]}
    table[5] = [F(1, 5), F(199, 355), F(1213, 1585), F(113, 125)]
    for n, exact in table.items():
        values = theory.opt_irm_exact(np.ones(n), np.arange(1, n))
        np.testing.assert_allclose(values, [float(x) for x in exact], rtol=0, atol=1e-12)
    for n in (2, 6, 9, 12):
        harmonic = (1 / np.arange(1, n)).sum()
        assert theory.opt_irm_exact(np.ones(n), n - 1) == pytest.approx(1 - 1 / (n * harmonic), abs=1e-12)


def test_exact_lru_is_the_mass_of_the_first_items_sampled_without_replacement():
    p = np.array([0.4, 0.25, 0.2, 0.1, 0.05])
    mass = np.zeros(5)
    for order in permutations(range(5)):
        chance, left = 1.0, 1.0
        for i in order:
            chance, left = chance * p[i] / left, left - p[i]
        mass += chance * np.cumsum(p[list(order)])
    np.testing.assert_allclose(theory.lru_irm_exact(p, np.arange(1, 6)), mass, atol=1e-12)


def test_exact_lru_against_sampled_orders():
    """Sort keys Exp(1) / p: the mass of the first C, unbiased for every C."""
    p = zipf(500) / zipf(500).sum()
    keys = np.random.default_rng(5).exponential(size=(4000, 500)) / p
    sizes = np.array([1, 10, 50, 250, 450])
    masses = np.cumsum(p[np.argsort(keys, axis=1)], axis=1)[:, sizes - 1]
    exact = theory.lru_irm_exact(p, sizes)
    for k in range(sizes.size):
        agrees(masses[:, k], exact[k])
    equal = np.arange(1, 301)
    np.testing.assert_allclose(theory.lru_irm_exact(np.ones(300), equal), equal / 300, rtol=0, atol=1e-12)


def test_reference_values_of_zipf():
    sizes = [1, 2, 5, 10, 15]
    lru = [0.12331555, 0.23149111, 0.48020607, 0.73255652, 0.89029696]
    fifo = [0.123315549, 0.222493372, 0.441012606, 0.682954308, 0.858180517]
    np.testing.assert_allclose(theory.lru_irm_exact(zipf(20), sizes), lru, atol=6e-9)
    np.testing.assert_allclose(theory.fifo_irm_exact(zipf(20), sizes), fifo, atol=6e-10)
    sizes = [10, 100, 500]
    np.testing.assert_allclose(theory.fifo_irm_exact(zipf(1000), sizes), [0.182208, 0.520813, 0.832504], atol=6e-7)


@pytest.mark.parametrize(
    ("alpha", "table"),
    [
        (
            1.0,
            {
                "lru": [0.403104, 0.585138, 0.779357],
                "fifo": [0.366832, 0.550174, 0.748837],
                "opt": [0.560157, 0.719795, 0.876618],
                "lfu": [0.520087, 0.680038, 0.840018],
            },
        ),
        (
            0.8,
            {
                "lru": [0.100021, 0.231905, 0.487113],
                "fifo": [0.086238, 0.207305, 0.448173],
                "opt": [0.253191, 0.433065, 0.702197],
                "lfu": [0.206796, 0.362407, 0.609066],
            },
        ),
    ],
)
def test_reference_values_of_a_million_items(alpha, table):
    for name, values in table.items():
        rates = getattr(theory, f"{name}_irm")(zipf(10**6, alpha), [10**3, 10**4, 10**5])
        np.testing.assert_allclose(rates, values, atol=1e-6, err_msg=name)


WEIGHTS = {
    "zipf": zipf(50_000),
    "steep": zipf(50_000, 2),
    "equal": np.ones(50_000),
    "two levels": np.repeat([1.0, 1e-3], [500, 49_500]),
    "scattered": np.random.default_rng(1).exponential(size=50_000),
    "uneven bins": np.repeat(1.019 ** -np.arange(1000), 50) * (1 - 1e-3 * np.random.default_rng(2).random(50_000) ** 9),
}


Q = {"qlru": 0.5, "qlru, rarely": 0.1, "qlru, hardly ever": 1e-6, "qlru, always": 1.0}


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", ["lru", "fifo", "opt", *Q])
def test_curves_lie_within_1e_6_of_the_sums_over_all_items(name, kind):
    p = _check.probabilities(WEIGHTS[kind])
    model = _grid.qlru(Q[name]) if name in Q else getattr(_grid, name)
    form = partial(theory.qlru_irm, q=Q[name]) if name in Q else getattr(theory, f"{name}_irm")
    sizes = np.unique(np.geomspace(1, p.size - 1, 25).astype(int))
    low, high = np.zeros(sizes.size), np.full(sizes.size, 100.0)  # log T, by bisection on the full sums
    for _ in range(50):
        middle = (low + high) / 2
        held = np.array([model(np.exp(t) * p)[0].sum() for t in middle])
        low, high = np.where(held < sizes, middle, low), np.where(held < sizes, high, middle)
    exact = np.array([p @ model(np.exp(t) * p)[1] for t in low])
    rates = form(WEIGHTS[kind], sizes)
    np.testing.assert_allclose(rates, exact, rtol=0, atol=3e-5 if Q.get(name, 1) < 0.1 else 1e-6)
    everywhere = form(WEIGHTS[kind], np.arange(1, p.size + 1))
    assert (np.diff(everywhere) >= -1e-15).all()
    assert everywhere[-1] == 1


def test_fluid_laws_against_exact_ones():
    """Errors stated in the docstrings."""
    stated = {20: (7.4e-4, 3.7e-3, 1.03e-2), 100: (2.2e-4, 1.7e-3, 7.7e-3), 300: (8.9e-5, 1.0e-3, 6.4e-3)}
    for n, worst in stated.items():
        for alpha, error in zip((0.4, 0.8, 1.2), worst, strict=True):
            gap = theory.lru_irm(zipf(n, alpha), np.arange(1, n)) - theory.lru_irm_exact(
                zipf(n, alpha), np.arange(1, n)
            )
            assert np.abs(gap).max() == pytest.approx(error, rel=0.03), (n, alpha)
    assert theory.fifo_irm(zipf(1000), 10) - theory.fifo_irm_exact(zipf(1000), 10) == pytest.approx(-3.3e-3, abs=1e-4)
    low = theory.fifo_irm(zipf(10_000), [100, 1000]) - theory.fifo_irm_exact(zipf(10_000), [100, 1000])
    np.testing.assert_allclose(low, [-4.6e-4, -4.5e-5], rtol=0.02)
    every = np.arange(1, 20)
    worst = np.abs(theory.fifo_irm(zipf(20, 1.2), every) - theory.fifo_irm_exact(zipf(20, 1.2), every))
    assert worst.max() == worst[1] == pytest.approx(2.1e-2, abs=5e-4)
    for n in (20, 1000):  # steep laws: beyond what the exponents above may suggest
        steep = zipf(n, 3)
        hits = ((steep / steep.sum()) ** 2).sum()
        assert theory.lru_irm_exact(zipf(20, 3), 1) == pytest.approx(((zipf(20, 3) / zipf(20, 3).sum()) ** 2).sum())
        assert abs(theory.lru_irm(steep, 1) - hits) == pytest.approx(0.07, abs=2e-3)
        assert theory.fifo_irm(steep, 1) - hits == pytest.approx(-0.13, abs=2e-3)
    few = np.arange(2, 12)
    assert (theory.opt_irm(np.ones(12), few) > theory.opt_irm_exact(np.ones(12), few)).all()


def test_equal_items():
    sizes = np.array([1, 10, 333, 999])
    for name in ("lru", "fifo", "rr", "lfu", "pin"):
        np.testing.assert_allclose(getattr(theory, f"{name}_irm")(np.ones(1000), sizes), sizes / 1000, atol=1e-9)
    fractions = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.9])
    values = theory.opt_irm(np.ones(10**5), (fractions * 10**5).astype(int))
    np.testing.assert_allclose(values, [0.138047, 0.412460, 0.617596, 0.813318, 0.932298, 0.979549], atol=1e-6)


def test_no_policy_beats_opt_and_no_causal_one_the_most_popular():
    sizes = np.unique(np.geomspace(1, 9_999, 40).astype(int))
    for alpha in (0.3, 0.8, 1.3):
        w = zipf(10_000, alpha)
        fifo, lru, lfu, opt = (getattr(theory, f"{name}_irm")(w, sizes) for name in ("fifo", "lru", "lfu", "opt"))
        assert (fifo <= lru + 1e-9).all()
        assert (lru <= lfu + 1e-9).all()
        assert (lfu <= opt + 1e-9).all()


@pytest.mark.parametrize("alpha", [0.8, 1.2])
def test_simulated(alpha):
    """Bias: 5e-4 for LRU and FIFO at 100 of 10,000 items; OPT's fluid lies above, by up to 8e-3 at 100 of them."""
    trace, w = synth.zipf(10_000, 1_000_000, alpha, seed=3), zipf(10_000, alpha)
    opt = {100: 8e-3, 1000: 3e-3, 5000: 1e-3}
    for capacity, above in opt.items():
        for name, bias in (("lru", 5e-4), ("fifo", 5e-4), ("rr", 5e-4), ("opt", above)):
            hits = simulate(trace, name, capacity, seed=5)[200_000:-100_000]
            agrees(hits.reshape(35, -1).mean(1), getattr(theory, f"{name}_irm")(w, capacity), bias)
    perfect = simulate(trace, "lfu", 1000, perfect=True)[-500_000:]
    agrees(perfect.reshape(25, -1).mean(1), theory.lfu_irm(w, 1000), bias=5e-4)  # still learning


def test_pinning_is_lru_in_the_mean():
    w = zipf(200)
    rates = [simulate(synth.zipf(200, 4_000, 1.0, seed=seed), "pin", 20)[2_000:].mean() for seed in range(400)]
    expected = theory.lru_irm_exact(w, 20)
    agrees(np.array(rates), expected)
    assert theory.pin_irm(w, 20) == pytest.approx(float(expected), abs=2e-3)


def test_zipf_limits():
    alpha = [1.1, 1.2, 1.5, 2, 3]
    np.testing.assert_allclose(theory.lru_zipf_limit(alpha), [1.2083, 1.3078, 1.4616, 1.5708, 1.6553], atol=6e-5)
    np.testing.assert_allclose(theory.fifo_zipf_limit(alpha), [1.2779, 1.4582, 1.8805, 2.4674, 3.5361], atol=6e-5)
    np.testing.assert_allclose(theory.opt_zipf_limit(alpha), [0.9507, 0.9139, 0.8438, 0.7854, 0.7357], atol=6e-5)
    w, capacity = zipf(10**5, 2), 100
    static = 1 - theory.lfu_irm(w, capacity)
    for name in ("lru", "fifo", "opt"):
        ratio = (1 - getattr(theory, f"{name}_irm")(w, capacity)) / static
        assert ratio == pytest.approx(float(getattr(theory, f"{name}_zipf_limit")(2)), rel=0.01), name


def test_zipf_limits_to_the_last_digits_where_alpha_is_large():
    """By the series of ln Gamma(1 - x) in powers of x = 1/α, zeta(k) / k each."""
    x = np.geomspace(1e-12, 0.05, 400)
    k = np.arange(2, 40)[:, None]
    series = np.euler_gamma * x + (zeta(k) / k * x**k).sum(0)
    np.testing.assert_allclose(theory.lru_zipf_limit(1 / x), (1 - x) * np.exp(series / x), rtol=1e-11)
    np.testing.assert_allclose(theory.opt_zipf_limit(1 / x), np.exp((series + np.log1p(-x)) / x), rtol=1e-11)


def test_horizons_against_simulation():
    """Bias of the fluid at 20,000 items: of order 1/N, and for OPT N^-0.6."""
    traces = [synth.uniform(20_000, 120_000, seed=seed) for seed in range(10)]
    for c in (0.1, 0.5, 0.9):
        for name, bias in (("lru", 1e-4), ("fifo", 1e-4), ("rr", 1e-4), ("pin", 1e-4), ("opt", 20_000**-0.6)):
            rates = np.array([simulate(trace, name, round(c * 20_000), seed=7).mean() for trace in traces])
            agrees(rates, getattr(theory, f"{name}_horizon")(c, 6), bias)


def test_horizons():
    assert theory.lru_horizon(1, 10) == pytest.approx(1 - (1 - np.exp(-10)) / 10)
    np.testing.assert_allclose(theory.opt_horizon(1, [1, 10]), theory.lru_horizon(1, [1, 10]), rtol=1e-12)
    # libCacheSim's Belady, one run of 500,000 draws: standard error below 7e-4
    fractions = [0.1, 0.25, 0.5, 0.9]
    np.testing.assert_allclose(theory.opt_horizon(fractions, 10), [0.4020, 0.5930, 0.7638, 0.8908], atol=1e-3)
    steady = theory.opt_shuffled(fractions, ranks=np.inf)
    np.testing.assert_allclose(theory.opt_horizon(fractions, 1e6), steady, atol=1e-5)


def test_opt_horizon_at_a_million_items_whatever_the_size_of_the_cache():
    """Within .002 of simulation, from ten places on; a run of .1 epochs has noise of .0007."""
    n = 10**6
    fractions = np.array([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 0.6, 1])
    for epochs in (0.1, 0.7, 3, 12):
        trace = synth.uniform(n, round(epochs * n), seed=1)
        rates = [simulate(trace, "opt", round(c * n), bypass=True).mean() for c in fractions]
        np.testing.assert_allclose(theory.opt_horizon(fractions, epochs), rates, rtol=0, atol=2e-3)


def test_opt_horizon_is_the_least_over_windows():
    """The minimum over window numbers, written out; any unequal cut is worse."""
    rng = np.random.default_rng(1)

    def bound(c, windows):
        return ((len(windows) - 1) * c + (windows + np.expm1(-windows)).sum()) / windows.sum()

    for c, epochs in ((1e-4, 0.3), (0.01, 2.0), (0.2, 5.0), (0.5, 0.1), (0.5, 50.0), (1, 3.0)):
        h = float(theory.opt_horizon(c, epochs))
        equal = [bound(c, np.full(m, epochs / m)) for m in range(1, 1000)]
        assert h == pytest.approx(min(equal), rel=1e-9)
        best = int(np.argmin(equal)) + 1
        for _ in range(20):
            assert bound(c, epochs * rng.dirichlet(np.ones(max(best, 2)))) >= h - 1e-12


def test_opt_horizon_grows_with_cache_and_run_up_to_the_steady_law():
    fractions = np.concatenate([[5e-324, 1e-300, 1e-40], np.geomspace(1e-30, 1, 200), [1 - 2**-53]])
    fractions.sort()
    epochs = np.concatenate([[1e-300, 1e-9], np.geomspace(1e-4, 1e4, 700), [1e30, 1e300]])
    rates = theory.opt_horizon(fractions[:, None], epochs)
    assert (np.diff(rates, axis=0) >= -1e-15).all()
    assert (np.diff(rates, axis=1) >= -1e-15).all()
    np.testing.assert_allclose(rates[:, -1], theory.opt_shuffled(fractions, ranks=np.inf), atol=1e-12)
    assert (rates >= theory.lru_horizon(fractions[:, None], epochs) - 1e-15).all()


def test_private_workers_of_the_mission():
    """50,000 items, 10 epochs, 16 workers with 25,000 each: nothing is evicted, so all policies have one hit rate."""
    draws = 31_250 / 50_000
    exact = 1 - 50_000 * (1 - (1 - 1 / 50_000) ** 31_250) / 31_250
    assert exact == pytest.approx(0.2564129, abs=5e-8)
    for name in ("opt", "lru", "fifo", "rr", "pin"):
        assert getattr(theory, f"{name}_horizon")(0.5, draws) == pytest.approx(exact, abs=2e-5), name
        shuffled = getattr(theory, f"{name}_shuffled")(0.5, ranks=16, epochs=10)
        assert shuffled == pytest.approx(0.2391368, abs=5e-8), name


def test_curves_of_a_million_items_touch_a_thousandth_of_them():
    """What makes them fast; the time itself is benchmarked, not tested."""
    points, number = _grid.binned(_check.probabilities(zipf(10**6)))
    assert points.size < 1000
    assert number.sum() == 10**6
    assert points @ number == pytest.approx(1, abs=1e-12)


def test_qlru_that_lets_all_in_is_lru_and_that_hardly_any_the_most_popular():
    sizes = np.array([1, 3, 10, 60, 99, 100])
    for w in (zipf(100, 0.8), zipf(100, 2), np.repeat([3.0, 1.0], 50)):
        np.testing.assert_allclose(theory.qlru_irm(w, sizes, 1), theory.lru_irm(w, sizes), rtol=0, atol=1e-12)
        rates = theory.qlru_irm(w, sizes, [[1], [0.5], [0.1], [1e-3], [2**-31]])
        assert rates.shape == (5, 6)
        assert (np.diff(rates, axis=0) >= -1e-12).all()
        assert (rates <= theory.lfu_irm(w, sizes) + 1e-9).all()
    assert theory.lfu_irm(zipf(100, 2), 10) - theory.qlru_irm(zipf(100, 2), 10, 2**-31) < 2e-4
    for bad in (0, 1.1, np.nan, -1):
        with pytest.raises(ValueError, match="q must be numbers in"):
            theory.qlru_irm([1, 2], 1, bad)


# (items, exponent, capacity): how far above simulation the form is at q = 1/2, 1/10, 1/100, as the docstring says
ABOVE = {
    (1000, 0.8, 10): (1e-3, 7e-3, 1.6e-2),
    (1000, 0.8, 100): (1e-3, 2e-3, 4e-3),
    (1000, 1.2, 10): (4e-3, 1e-2, 2.2e-2),
    (1000, 1.2, 100): (1e-3, 1e-3, 3e-3),
    (10_000, 0.8, 100): (1e-3, 1e-3, 2e-3),
    (10_000, 0.8, 1000): (1e-3, 1e-3, 2e-3),
}


@pytest.mark.parametrize("case", ABOVE, ids=str)
def test_qlru_against_simulation(case):
    n, alpha, size = case
    trace = synth.zipf(n, 2_000_000, alpha, seed=71)
    for q, above in zip((0.5, 0.1, 0.01), ABOVE[case], strict=True):
        hits = simulate(trace, "qlru", size, seed=7, q=q)[len(trace) // 2 :]
        means, form = hits.reshape(40, -1).mean(1), float(theory.qlru_irm(zipf(n, alpha), size, q))
        error = 5 * means.std(ddof=1) / means.size**0.5
        assert means.mean() - error <= form <= means.mean() + above + error, (q, means.mean(), form)


@pytest.mark.parametrize(("n", "alpha", "size"), [(100, 0.8, 10), (1000, 1.2, 50), (20, 0, 7)])
def test_static_tends_to_the_most_popular_items(n, alpha, size):
    """Choosing by the counts of the run itself gains on the law, the less the longer the run."""
    expected = float(theory.lfu_irm(zipf(n, alpha), size))
    gaps = []
    for length in (10**4, 10**6):
        rate = simulate(synth.zipf(n, length, alpha, seed=72), "static", size).mean()
        assert -size / length - 5 * (expected / length) ** 0.5 <= rate - expected <= 4 * (n / length) ** 0.5
        gaps.append(abs(rate - expected))
    assert gaps[1] < 2e-3
