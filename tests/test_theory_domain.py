"""Every form at the edges of its domain, quietly, and past them, with an error that says what must hold."""

import inspect
import warnings
from functools import partial

import numpy as np
import pytest

from simcache import theory
from simcache.trace import Trace

FORMS = {name: it for name, it in vars(theory).items() if inspect.isfunction(it)}
BY_FRACTION = [name for name, it in FORMS.items() if next(iter(inspect.signature(it).parameters)) == "fraction"]
BY_WEIGHTS = [name for name, it in FORMS.items() if next(iter(inspect.signature(it).parameters)) == "weights"]
BY_MATRIX = [name for name, it in FORMS.items() if list(inspect.signature(it).parameters)[:2] == ["matrix", "capacity"]]
SECOND = {"epoch": 3, "epochs": 4, "buffer": 0.3, "jump": 1, "epochs_ahead": 1}
CHAIN = [[0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]]


def by_weights(name):
    """The forms of weights and capacity: of bounds both ends, of others with some returns or lookahead."""
    if name == "opt_irm_bounds":
        return [lambda *given, end=end: theory.opt_irm_bounds(*given)[end] for end in (0, 1)]
    if name in ("opt_lookahead_irm", "qlru_irm"):
        return [partial(FORMS[name], **{"window": 3} if name == "opt_lookahead_irm" else {"q": 0.3})]
    return [partial(FORMS[name], returns=0.3)] if name.endswith("_clusters") else [FORMS[name]]


def call(name, fraction):
    """A form of `fraction` with something ordinary for what else it needs."""
    second = list(inspect.signature(FORMS[name]).parameters.values())[1:2]
    return FORMS[name](fraction, *(SECOND[it.name] for it in second if it.kind != it.KEYWORD_ONLY))


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_the_names():
    assert {
        *(f"{p}_shuffled" for p in ("opt", "lru", "fifo", "rr", "pin", "lfu")),
        *(f"{p}_irm" for p in ("opt", "lru", "fifo", "rr", "pin", "lfu")),
        *(f"{p}_irm_exact" for p in ("opt", "lru", "fifo")),
        *(f"{p}_zipf_limit" for p in ("opt", "lru", "fifo")),
        *(f"{p}_horizon" for p in ("opt", "lru", "fifo", "rr", "pin")),
        *("opt_loop", "lru_loop", "rr_loop", "opt_buffer", "lru_buffer", "lru_shuffled_exact"),
        *("return_law", "opt_markov", "lru_markov", "repeat_identity"),
        *("opt_lookahead", "opt_lookahead_irm", "qlru_irm"),
        *("opt_windows", "opt_histogram", "compulsory", "sleator_tarjan", "hazard", "working_set", "sized_bounds"),
        *("opt_markov_exact", "lru_markov_exact", "rr_markov_exact"),
        *("opt_irm_bounds", "opt_zipf_hits_limit", "opt_zipf_gap"),
        *(f"{p}_zipf_small" for p in ("opt", "lru", "lfu")),
        *(f"{p}_{of}" for p in ("opt", "lru") for of in ("restarts", "clusters")),
    } == set(FORMS)


@pytest.mark.parametrize("name", BY_FRACTION)
def test_fractions(name):
    edges = np.array([5e-324, 1e-300, 1e-12, 1e-3, 0.5, 1 - 1e-9, 1 - 2**-53, 1])
    rates = call(name, edges)
    assert rates.dtype == np.float64
    assert rates.shape == edges.shape
    assert ((rates >= 0) & (rates <= 1)).all()
    assert (np.diff(rates) >= -1e-9).all()
    assert rates[0] < 1e-9
    assert call(name, 0.5).shape == ()
    assert call(name, [[0.5]]).shape == (1, 1)
    assert call(name, np.array([])).shape == (0,)
    assert call(name, 1) == rates[-1]  # whole numbers are fractions too
    for bad in (0, -0.1, 1.1, np.nan, [0.5, np.inf]):
        with pytest.raises(ValueError, match=r"fraction must be numbers in \(0, 1\], got"):
            call(name, bad)
    for bad in ("0.5", 1j, None, True):
        with pytest.raises(TypeError, match=r"fraction must be numbers in \(0, 1\], got"):
            call(name, bad)


@pytest.mark.parametrize("name", ["opt", "lru", "fifo", "rr", "pin"])
def test_ranks_and_epochs(name):
    form = FORMS[f"{name}_shuffled"]
    fractions = np.array([1e-300, 1e-12, 0.01, 0.5, 1 - 2**-53, 1])[:, None, None]
    ranks = np.array([1, 1 + 2**-52, 1 + 1e-9, 1.5, 2, 64, 1e6, 1e12, 1e300, np.inf])[:, None]
    steady = form(fractions, ranks=ranks)
    assert steady.shape == (6, 10, 1)
    cold = form(fractions, ranks=ranks, epochs=[1, 2, 7])
    assert cold.shape == (6, 10, 3)
    for rates in (steady, cold):
        assert ((rates >= 0) & (rates <= 1)).all()
    assert (cold[..., 0] <= 1e-15).all()
    assert (steady[-1] >= 1 - 1e-15).all()
    np.testing.assert_allclose(steady[:, 1], steady[:, 0], atol=1e-9)  # continuous at one rank
    np.testing.assert_allclose(steady[:, 8], steady[:, 9], atol=1e-9)  # and at infinitely many
    for bad in (0.5, 0, -1, np.nan):
        with pytest.raises(ValueError, match=r"ranks must be numbers in"):
            form(0.5, ranks=bad)
    with pytest.raises(ValueError, match="epochs must be whole numbers >= 1, got 0"):
        form(0.5, epochs=0)
    with pytest.raises(TypeError, match=r"epochs must be whole numbers >= 1, got 2\.0"):
        form(0.5, epochs=2.0)


@pytest.mark.parametrize(("name", "form"), [(name, form) for name in BY_WEIGHTS for form in by_weights(name)])
def test_weights(name, form):
    sizes = [1, 2, 3, 4, 5, 9]
    for weights in (
        [1, 1, 1, 1],
        [1e-300, 1, 1e300, 3],
        [5e-324] * 4,
        [1e308] * 4,
        [9, 0, 3, 0, 1, 2],
        [4, 3, 2, 1 + 1e-15],
    ):
        rates = form(weights, sizes)
        assert rates.dtype == np.float64
        assert ((rates >= 0) & (rates <= 1)).all()
        assert (np.diff(rates) >= -1e-9).all()
        assert (rates[3:] == 1).all()  # four items are ever asked for
    for weights in (
        [1, 5e-324],
        [1, 1, 5e-324, 1e-320],
        [1e-300, 1e300, 1, 1],
        [1, 1e-17, 1e-18, 1e-25],
        [2**62, 1, 3],
    ):
        rates = form(weights, [1, 2, 3, 2**63 - 1])
        assert ((rates >= 0) & (rates <= 1)).all()
        assert (np.diff(rates) >= -1e-9).all()
    assert form([7.0], [1, 2]).tolist() == [1, 1]
    assert form([3, 1], 1).shape == ()
    np.testing.assert_allclose(form([1, 2, 3], 2), form([30, 10, 20], 2), atol=1e-12)
    for bad, what in ((-1, "-1"), (np.nan, "nan"), (np.inf, "inf")):
        with pytest.raises(ValueError, match=f"weights must be .* positive sum, got {what}"):
            form([1, bad, 2], 1)
    for bad, what in (([0, 0], "a sum of 0"), ([], "none"), ([[1, 2]], r"shape \(1, 2\)")):
        with pytest.raises(ValueError, match=f"weights must be .* positive sum, got {what}"):
            form(bad, 1)
    with pytest.raises(TypeError, match="weights must be"):
        form(["1"], 1)


@pytest.mark.parametrize("name", BY_MATRIX)
def test_matrices(name):
    form = FORMS[name]
    assert form(CHAIN, [[1], [2], [3], [8]])[2:].tolist() == [[1], [1]]
    assert form([[1]], 1) == 1
    for bad, what in (
        ([[0.5, 0.4], [0.5, 0.5]], "0.9 in row 0"),
        ([[1.5, -0.5], [0.5, 0.5]], "the entry 1.5"),
        ([[np.nan, 1], [0, 1]], "the entry nan"),
        ([[0.5, 0.5]], r"shape \(1, 2\)"),
        ([], r"shape \(0,\)"),
    ):
        with pytest.raises(ValueError, match=f"matrix must be a square matrix .*, got {what}"):
            form(bad, 1)
    for reducible in (np.eye(2), [[1, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 1]]):
        with pytest.raises(ValueError, match="matrix must be irreducible"):
            form(reducible, 1)


@pytest.mark.parametrize("name", BY_WEIGHTS + BY_MATRIX)
def test_capacities(name):
    given = CHAIN if name in BY_MATRIX else [3, 2, 1]
    for form in by_weights(name):
        assert form(given, np.array([[1, 2]], np.uint8)).shape == (1, 2)
        assert form(given, 2**63 - 1) == 1
        for bad in (0, -3, [1, 0]):
            with pytest.raises(ValueError, match="capacity must be whole numbers >= 1, got"):
                form(given, bad)
        for bad in (2.0, 1.5, np.nan, True, "2", None):
            with pytest.raises(TypeError, match="capacity must be whole numbers >= 1, got"):
                form(given, bad)


def test_steps_however_rare():
    """A hit rate, or words: never a warning, a NaN, or a wait."""
    for e in (1e-8, 1e-12, 1e-16, 1e-20, 1e-100, 1e-160, 1e-200, 5e-324):
        for matrix in (
            [[1 - e, e], [e, 1 - e]],
            [[1 - e, e, 0], [0, 0, 1], [1, 0, 0]],
            [[0.5, 0.5 - e, e], [0.5, 0.5, 0], [1, 0, 0]],
            (1 - e) * np.eye(4) + e * np.roll(np.eye(4), 1, axis=1),
        ):
            for form in (*(FORMS[name] for name in BY_MATRIX), lambda m, _: theory.return_law(m)):
                said, rates = "matrix must", np.zeros(3)
                try:
                    rates = form(matrix, [1, 2, 3])
                except ValueError as error:
                    said = str(error)
                assert said.startswith("matrix must")
                assert ((rates >= 0) & (rates <= 1)).all()


def test_too_large_for_an_exact_answer():
    with pytest.raises(ValueError, match=r"at most 2000 positive items .* got 2001; use lru_irm"):
        theory.lru_irm_exact(np.ones(2001), 5)
    with pytest.raises(ValueError, match=r"at most 50000 positive items .* got 50001; use fifo_irm"):
        theory.fifo_irm_exact(np.ones(50_001), 5)
    with pytest.raises(ValueError, match=r"at most 10000 states, got more for 9 items at capacity 5; use opt_irm"):
        theory.opt_irm_exact(np.arange(1, 10), 5)


def test_zipf_limits():
    for name in ("opt", "lru", "fifo"):
        form = FORMS[f"{name}_zipf_limit"]
        alpha = np.array([1 + 2**-52, 1 + 1e-9, 1.1, 2, 1e3, 1e6, 1e7, 1e9, 1e300, np.inf])
        ratios = form(alpha)
        assert not np.isnan(ratios).any()
        assert ratios[0] == pytest.approx(1, abs=1e-9)
        assert (np.diff(ratios)[:-1] * (-1 if name == "opt" else 1) >= -1e-9).all()
        for bad in (1, 0.8, 0, -2, np.nan):
            with pytest.raises(ValueError, match=r"alpha must be numbers in \(1, inf\], got"):
                form(bad)
    assert theory.lru_zipf_limit(np.inf) == pytest.approx(np.exp(np.euler_gamma))
    assert theory.opt_zipf_limit(np.inf) == pytest.approx(np.exp(np.euler_gamma - 1))


def test_zipf_laws_of_small_shares():
    """Every exponent below 1, up to the poles at 1/2 and 1."""
    alpha = np.array([0, 1e-300, 0.3, 0.5 - 2**-54, 0.5, 0.5 + 2**-53, 0.7, 1 - 2**-53])[:, None]
    fractions = np.array([5e-324, 1e-300, 1e-12, 1e-3, 0.1, 0.1576, 0.158, 0.5, 1])
    for name in ("opt", "lru", "lfu"):
        form = FORMS[f"{name}_zipf_small"]
        rates = form(alpha, fractions)
        assert rates.dtype == np.float64
        assert rates.shape == (8, 9)
        assert ((rates >= 0) & (rates <= 1)).all()
        assert (np.diff(rates) >= 0).all()
        assert form(0.5, [0.2]).shape == (1,)
        for bad in (1, -0.1, np.nan, np.inf):
            with pytest.raises(ValueError, match=r"alpha must be numbers in \[0, 1\), got"):
                form(bad, 0.1)
        with pytest.raises(ValueError, match=r"fraction must be numbers in \(0, 1\], got 0"):
            form(0.5, 0)
    ratios = theory.opt_zipf_hits_limit([0.5 + 2**-53, 0.5 + 1e-9, 0.6, 0.9, 1])
    assert np.isfinite(ratios).all()
    assert (np.diff(ratios) < 0).all()
    assert ratios[-1] == 1
    for bad in (0.5, 0.3, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"alpha must be numbers in \(0\.5, 1\], got"):
            theory.opt_zipf_hits_limit(bad)
    gaps = theory.opt_zipf_gap([1, 2, 10**6, 2**63 - 1])
    assert gaps[0] == pytest.approx(np.euler_gamma)
    assert (np.diff(gaps) < 0).all()
    with pytest.raises(ValueError, match="n_items must be whole numbers >= 1, got 0"):
        theory.opt_zipf_gap(0)


def test_jumps_and_returns():
    for name in ("opt", "lru"):
        form = FORMS[f"{name}_restarts"]
        rates = form([[5e-324], [0.3], [1]], [0, 5e-324, 1e-300, 1e-9, 0.5, 1 - 2**-53, 1])
        assert ((rates >= 0) & (rates <= 1)).all()
        assert (np.diff(rates) <= 0).all()
        assert (rates[-1] == 1).all()
        for bad in (-0.1, 1.1, np.nan):
            with pytest.raises(ValueError, match=r"jump must be numbers in \[0, 1\], got"):
                form(0.5, bad)
        clusters = FORMS[f"{name}_clusters"]
        extreme = clusters([1e308, 1e308, 5e-324], [1, 2, 3], [0, 1 - 2**-53, 0.5])
        assert ((extreme >= 0) & (extreme <= 1)).all()
        assert clusters([3, 2, 1], 1, [0.5, 0.5, 0.5]) == clusters([3, 2, 1], 1, 0.5)
        for bad in (1, -0.1, np.nan):
            with pytest.raises(ValueError, match=r"returns must be numbers in \[0, 1\), got"):
                clusters([1, 2], 1, bad)
        for bad in ([0.5], [0.5] * 3, [[0.5, 0.5]]):
            with pytest.raises(ValueError, match="returns must be one number, or one for each of 2 items, got shape"):
                clusters([1, 2], 1, bad)


def test_the_other_arguments():
    assert theory.lru_shuffled_exact([[3], [8]], [1, 2, 3, 9]).shape == (2, 4)
    assert theory.lru_shuffled_exact(1, 1) == 1
    for bad in ((0, 1), (4, 0)):
        with pytest.raises(ValueError, match="must be whole numbers >= 1, got 0"):
            theory.lru_shuffled_exact(*bad)
    with pytest.raises(TypeError, match="n_items must be whole numbers"):
        theory.lru_shuffled_exact(4.0, 1)
    with pytest.raises(ValueError, match="epoch must be whole numbers >= 1, got 0"):
        theory.lfu_shuffled(0.5, 0)
    for drain in (True, False):
        rates = theory.lru_buffer([[0.2], [1]], [5e-324, 1e-300, 1e-6, 1e-3, 0.3, 1], drain=drain)
        assert rates.shape == (2, 6)
        assert ((rates >= 0) & (rates <= 1)).all()
        for form in (theory.lru_buffer, theory.opt_buffer):
            with pytest.raises(ValueError, match=r"buffer must be numbers in \(0, 1\], got 0"):
                form(0.5, 0, drain=drain)
    for form in (theory.opt_horizon, theory.lru_horizon):
        tiny_to_huge = form([[5e-324], [0.3], [1]], [5e-324, 1e-310, 1e-9, 0.1, 3, 1e6, 1e300, 1.7e308])
        assert (np.diff(tiny_to_huge) >= 0).all()
        for bad in (0, -1, np.inf, np.nan):
            with pytest.raises(ValueError, match="epochs must be numbers in"):
                form(0.5, bad)
    for bad in ((1.1, 0.5), (0.5, -0.1), (np.nan, 0)):
        with pytest.raises(ValueError, match=r"must be numbers in \[0, 1\], got"):
            theory.repeat_identity(*bad)
    with pytest.raises(ValueError, match="optimal_capacity must be at most capacity, got 5 for 4"):
        theory.sleator_tarjan([4, 9], 5)


def test_traces():
    empty, one = Trace([], 3, "nothing"), Trace([2], 3)
    cuts, hits = theory.opt_windows(empty, 2)
    assert (cuts.tolist(), cuts.dtype, hits) == ([], np.int64, 0)
    assert theory.working_set(empty).tolist() == [0]
    assert theory.working_set(one).tolist() == [0, 1]
    assert theory.opt_histogram(one, [1, 5]).tolist() == [0, 0]
    assert theory.compulsory(one) == 0
    for form in (theory.compulsory, lambda trace: theory.opt_histogram(trace, 1)):
        with pytest.raises(ValueError, match=r"at least one access .* got none in 'nothing'"):
            form(empty)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="capacity must be a whole number >= 1, got"):
            theory.opt_windows(one, bad)
    for bad in (2.0, True, None, "3"):
        with pytest.raises(TypeError, match="capacity must be a whole number >= 1, got"):
            theory.opt_windows(one, bad)


def test_a_universe_far_larger_than_the_trace():
    few, same = Trace([0, 1, 0, 2**31 - 2, 1], 2**31 - 1), Trace([0, 1, 0, 2, 1], 3)
    for form in (theory.working_set, theory.compulsory, lambda it: theory.opt_histogram(it, [1, 2])):
        assert form(few).tolist() == form(same).tolist()
    assert [it if isinstance(it, int) else it.tolist() for it in theory.opt_windows(few, 1)] == [[2], 1]


@pytest.mark.parametrize("form", ["working_set", "compulsory", "opt_histogram", "opt_windows"])
def test_a_trace_is_a_trace(form):
    for bad in ([0, 1], np.array([0, 1]), None, "ab"):
        with pytest.raises(TypeError, match=r"trace must be a simcache\.Trace"):
            FORMS[form](bad, *([1] if form.startswith("opt") else []))


def test_epochs_without_end():
    far, x = 5000, 1.0
    for _ in range(1, far):
        x = np.log1p(x)
    np.testing.assert_allclose(theory.lfu_shuffled(0.5, far), 0.5 - 0.5 * x, atol=1e-10)
    rates = theory.lfu_shuffled(0.5, [1000, 1001, 1002, 10**6, 2**63 - 1])
    assert (np.diff(rates) > 0).all()
    assert rates[-1] == pytest.approx(0.5)
