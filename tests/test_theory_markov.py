"""Markov requests: exact chains against rationals, the return law derived otherwise, forms against simulation."""

from fractions import Fraction as F

import numpy as np
import pytest

from simcache import synth, theory
from simcache.simulation import simulate

CHAIN = np.array([[0, 1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 2, 1 / 4, 1 / 8], [1 / 2, 1 / 4, 0, 1 / 4], [1 / 4] * 4])
P = np.array([12, 6, 4, 3]) / 25


def ring(n, jump):
    """A walk of ±1 steps on a ring, with uniform jumps."""
    right = np.roll(np.eye(n), 1, axis=1)
    return (1 - jump) * (right + right.T) / 2 + jump / n


def agrees(means, expected, bias=0.0):
    error = means.std(ddof=1) / means.size**0.5
    assert abs(means.mean() - float(expected)) <= 5 * error + bias, (means.mean(), float(expected), error)


def test_exact_rationals_of_four_items():
    tables = {
        theory.lru_markov_exact: [F(1, 4), F(39, 80), F(4637, 6160), 1],
        theory.rr_markov_exact: [F(1, 4), F(137, 275), F(94, 125), 1],
        theory.opt_markov_exact: [F(1, 4), F(468847, 727180), F(268117, 310060), 1],
    }
    for form, exact in tables.items():
        np.testing.assert_allclose(form(CHAIN, [1, 2, 3, 4]), [float(x) for x in exact], rtol=0, atol=1e-12)


def test_exact_chains_of_independent_requests():
    matrix, sizes = np.tile(P, (4, 1)), [1, 2, 3, 4]
    np.testing.assert_allclose(theory.lru_markov_exact(matrix, sizes), theory.lru_irm_exact(P, sizes), atol=1e-12)
    np.testing.assert_allclose(theory.rr_markov_exact(matrix, sizes), theory.fifo_irm_exact(P, sizes), atol=1e-12)
    np.testing.assert_allclose(theory.opt_markov_exact(matrix, sizes), theory.opt_irm_exact(P, sizes), atol=1e-12)


@pytest.mark.parametrize("name", ["lru", "rr", "opt"])
def test_exact_chains_against_simulation(name):
    rng = np.random.default_rng(8)
    matrix = rng.dirichlet(np.full(6, 0.5), size=6)
    trace = synth.markov(matrix, 400_000, seed=9)
    for capacity in (2, 4):
        hits = simulate(trace, name, capacity, seed=3).reshape(40, -1).mean(1)
        agrees(hits, getattr(theory, f"{name}_markov_exact")(matrix, capacity), bias=capacity / 400_000)


def test_return_law_of_independent_requests():
    law = theory.return_law(np.tile(P, (4, 1)))
    x = np.arange(law.size)
    np.testing.assert_allclose(law, 1 - (P * (1 - P) ** x[:, None]).sum(1), atol=1e-12)


def test_return_law_by_killing_the_chain_at_the_item():
    """P(no return to i within x) = sum of row i of P (the rest of P)^(x-1), one item at a time."""
    law = theory.return_law(CHAIN)
    pi = np.linalg.matrix_power(CHAIN, 300)[0]
    for x in (1, 2, 5, 20, 60):
        away = 0.0
        for i in range(4):
            rest = np.delete(np.arange(4), i)
            start = CHAIN[i, rest]
            away += pi[i] * (start @ np.linalg.matrix_power(CHAIN[np.ix_(rest, rest)], x - 1)).sum()
        assert law[x] == pytest.approx(1 - away, abs=1e-12)


def test_return_law_has_the_mean_of_kac():
    for matrix in (CHAIN, ring(40, 0.05), np.roll(np.eye(7), 1, axis=1)):
        assert (1 - theory.return_law(matrix)).sum() == pytest.approx(len(matrix), rel=2e-9)


def test_return_law_of_cycles_and_of_one_item():
    assert theory.return_law(np.roll(np.eye(5), 1, axis=1)).tolist() == [0, 0, 0, 0, 0, 1]
    assert theory.return_law([[0, 1], [1, 0]]).tolist() == [0, 0, 1]
    assert theory.return_law([[1]]).tolist() == [0, 1]


def test_return_law_of_a_trace():
    """The empirical law of reuse times, from a long run."""
    matrix = ring(30, 0.1)
    ids = synth.ring(30, 400_000, 0.1, seed=4).ids
    last, gaps = np.full(30, -1), []
    for t, i in enumerate(ids.tolist()):
        if last[i] >= 0:
            gaps.append(t - last[i])
        last[i] = t
    law = theory.return_law(matrix)
    for x in (1, 2, 4, 10, 40, 100):
        short = (np.array(gaps) <= x)[: len(gaps) // 40 * 40].reshape(40, -1).mean(1)
        agrees(short, law[x])


def test_a_cycle():
    """A directed ring is a scan: LRU hits nothing, OPT as many as fit."""
    matrix = np.roll(np.eye(8), 1, axis=1)
    np.testing.assert_allclose(theory.lru_markov(matrix, np.arange(1, 9)), [0] * 7 + [1], atol=1e-12)
    np.testing.assert_allclose(theory.opt_markov(matrix, np.arange(1, 9)), np.arange(1, 9) / 8, atol=1e-12)


def test_independent_requests():
    """The return laws of fluid and chain differ by geometric against exponential gaps: of order 1/N."""
    p = 1 / np.arange(1, 101)
    p /= p.sum()
    sizes = np.array([5, 20, 60, 90])
    matrix = np.tile(p, (100, 1))
    np.testing.assert_allclose(theory.lru_markov(matrix, sizes), theory.lru_irm(p, sizes), atol=8e-3)
    np.testing.assert_allclose(theory.opt_markov(matrix, sizes), theory.opt_irm(p, sizes), atol=8e-3)


def test_simulated_ring_walks():
    """LRU within 1e-3 once the cache exceeds the correlation length; OPT's law is a bound, here up to 0.035 high."""
    matrix = ring(200, 0.2)
    trace = synth.ring(200, 400_000, 0.2, seed=5)
    for capacity in (20, 60, 150):
        agrees(
            simulate(trace, "lru", capacity).reshape(40, -1).mean(1), theory.lru_markov(matrix, capacity), bias=1.2e-3
        )
        best = simulate(trace, "opt", capacity, bypass=True).reshape(40, -1).mean(1)
        bound = theory.opt_markov(matrix, capacity)
        assert bound - 0.035 < best.mean() < bound
    assert theory.lru_markov(matrix, 1) == pytest.approx(0.2 / 200, abs=1e-12)


def test_repeats():
    """One identity for each policy, hit by hit: the run without its repeats is the inner run."""
    inner = synth.zipf(300, 60_000, 0.8, seed=6)
    outer = synth.repeat(inner, 0.5, seed=7)
    for name in ("lru", "fifo", "opt"):
        blocks = simulate(outer, name, 30).reshape(40, -1).mean(1)
        agrees(blocks, theory.repeat_identity(simulate(inner, name, 30).mean(), 0.5), bias=5 * 0.5 / 60_000**0.5)
    assert theory.repeat_identity([0, 0.3, 1], [[0], [0.5], [1]]).tolist() == [[0, 0.3, 1], [0.5, 0.65, 1], [1, 1, 1]]
