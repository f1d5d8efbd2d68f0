"""Simulation against exact tables: rational hit rates of tiny caches, and closed forms of random replacement.

The rationals are stationary solutions of the Markov chain on cache states (King 1971; Gelenbe 1973; theory by hand for
the epochs). A simulated mean must lie within 4.5 standard errors, from the means of 40 stretches of the trace, or of
seeds, plus what the cold start can cost: `capacity` first misses.
"""

from fractions import Fraction as F
from itertools import permutations
from math import comb, exp, log

import numpy as np
import pytest

from simcache import simulate, synth

STRETCHES = 40
FOUR_ITEMS = np.array([12, 6, 4, 3]) / 25  # Zipf with alpha 1
CHAIN = np.array([[0, 1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 2, 1 / 4, 1 / 8], [1 / 2, 1 / 4, 0, 1 / 4], [1 / 4] * 4])


def agrees(hits, expected, cold=0):
    means = hits.reshape(STRETCHES, -1).mean(1)
    error = means.std(ddof=1) / STRETCHES**0.5
    assert abs(means.mean() - float(expected)) <= 4.5 * error + cold / hits.size + 1e-12, (
        means.mean(),
        float(expected),
        error,
    )


INDEPENDENT = {
    1: dict.fromkeys(["lru", "fifo", "rr", "opt"], F(41, 125)),
    2: {"lru": F(205081, 339625), "fifo": F(103, 175), "rr": F(103, 175), "opt": F(2445077, 3429125)},
    3: {"lru": F(1966117, 2377375), "fifo": F(101, 125), "rr": F(101, 125), "opt": F(289317997, 322266625)},
}


@pytest.mark.parametrize(("capacity", "name"), [(c, name) for c, row in INDEPENDENT.items() for name in row])
def test_independent_requests_of_four_items(capacity, name):
    trace = synth.markov(np.tile(FOUR_ITEMS, (4, 1)), 400_000, seed=101)
    agrees(simulate(trace, name, capacity, seed=7), INDEPENDENT[capacity][name], cold=capacity)


@pytest.mark.parametrize(("capacity", "expected"), [(2, F(217, 325)), (3, F(151, 175))])
def test_perfect_lfu_settles_on_keeping_the_most_popular(capacity, expected):
    """A0 of Aho, Denning & Ullman: pins capacity - 1 and churns one slot. The first fifth of the trace is learning."""
    trace = synth.markov(np.tile(FOUR_ITEMS, (4, 1)), 500_000, seed=102)
    agrees(simulate(trace, "lfu", capacity, perfect=True)[100_000:], expected)


MARKOV = {
    1: dict.fromkeys(["lru", "fifo", "rr", "opt"], F(1, 4)),
    2: {"lru": F(39, 80), "fifo": F(184, 375), "rr": F(137, 275), "opt": F(468847, 727180)},
    3: {"lru": F(4637, 6160), "rr": F(94, 125), "opt": F(268117, 310060)},  # FIFO's depends on where it starts
}


@pytest.mark.parametrize(("capacity", "name"), [(c, name) for c, row in MARKOV.items() for name in row])
def test_a_markov_chain_of_four_items(capacity, name):
    trace = synth.markov(CHAIN, 400_000, seed=103)
    agrees(simulate(trace, name, capacity, seed=7), MARKOV[capacity][name], cold=capacity)


BYPASS = ("opt", {"bypass": True})
EPOCHS = {  # capacity 1, 2, 3
    "lru": [F(1, 16), F(5, 24), F(23, 48)],
    "fifo": [F(1, 16), F(11, 48), F(55, 96)],
    "rr": [F(1, 16), F(13, 48), F(257, 432)],
    "opt": [F(1, 16), F(287, 628), F(197, 264)],
    "pin": [F(1, 4), F(2, 4), F(3, 4)],
    BYPASS[0] + " that may bypass": [F(1, 4), F(2, 4), F(3, 4)],
}


@pytest.mark.parametrize("name", EPOCHS)
@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_shuffled_epochs_of_four_items(capacity, name):
    epochs = 40_000
    trace = synth.shuffled(4, epochs + 1, seed=104)
    hits = simulate(trace, name if name in ("lru", "fifo", "rr", "opt", "pin") else BYPASS, capacity, seed=7)
    agrees(hits[4:], EPOCHS[name][capacity - 1], cold=capacity)


def product_form(weights, capacity):
    """FIFO and RR under independent requests: 1 - (C + 1) e_{C+1} / e_C, e the elementary symmetric sums."""
    sums = np.zeros(capacity + 2)
    sums[0] = 1
    for p in weights:
        sums[1:] += p * sums[:-1]
    return 1 - (capacity + 1) * sums[-1] / sums[-2]


def over_seeds(trace, capacity, start, seeds=50):
    means = np.array([simulate(trace(seed), "rr", capacity, seed=seed)[start:].mean() for seed in range(seeds)])
    return means.mean(), means.std(ddof=1) / seeds**0.5


@pytest.mark.parametrize(("alpha", "capacity"), [(1.0, 10), (1.0, 100), (0.6, 50), (0.0, 30)])
def test_rr_has_the_product_form_of_fifo_under_independent_requests(alpha, capacity):
    weights = np.arange(1, 201) ** -alpha
    mean, error = over_seeds(lambda seed: synth.zipf(200, 30_000, alpha, seed=seed), capacity, start=10_000)
    assert abs(mean - product_form(weights / weights.sum(), capacity)) <= 4 * error


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_rr_on_shuffled_epochs_has_its_closed_form(fraction):
    """h = 1 - c ln(c + (1 - c) e^{1/c}) as n_items grows; at 20,000 items the finite-size error is below the noise."""
    n_items = 20_000
    mean, error = over_seeds(lambda seed: synth.shuffled(n_items, 3, seed=seed), round(fraction * n_items), n_items)
    assert abs(mean - (1 - fraction * log(fraction + (1 - fraction) * exp(1 / fraction)))) <= 4 * error


@pytest.mark.parametrize(("n_items", "capacity"), [(10, 5), (10, 8), (20, 10)])
def test_lru_on_shuffled_epochs_is_exact_at_any_size(n_items, capacity):
    """h = N^-2 sum_{i,j} P(N - i + Hypergeometric(N - 1, i - 1, j - 1) <= C - 1)."""
    n, total = n_items, 0.0
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            ways = [comb(i - 1, k) * comb(n - i, j - 1 - k) for k in range(j)]
            total += sum(w for k, w in enumerate(ways) if n - i + k <= capacity - 1) / comb(n - 1, j - 1)
    trace = synth.shuffled(n, 10_001, seed=105)
    agrees(simulate(trace, "lru", capacity)[n:], total / n**2)


def qlru_exact(p, capacity, q):
    """Hit rate of q-LRU under independent requests: the chain on ordered caches, solved."""
    states = list(permutations(range(len(p)), capacity))  # most recent first
    at = {state: k for k, state in enumerate(states)}
    moves = np.zeros((len(states), len(states)))
    for state in states:
        for i, chance in enumerate(p):
            if i in state:
                moves[at[state], at[(i, *(j for j in state if j != i))]] += chance
            else:
                moves[at[state], at[(i, *state[:-1])]] += chance * q
                moves[at[state], at[state]] += chance * (1 - q)
    balance = np.vstack([moves.T - np.eye(len(states)), np.ones(len(states))])
    law = np.linalg.lstsq(balance, np.append(np.zeros(len(states)), 1), rcond=None)[0]
    return sum(chance * sum(p[i] for i in state) for state, chance in zip(states, law, strict=True))


@pytest.mark.parametrize("q", [1, 0.5, 0.1])
@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_qlru_of_four_items(capacity, q):
    trace = synth.markov(np.tile(FOUR_ITEMS, (4, 1)), 400_000, seed=101)
    expected = qlru_exact(FOUR_ITEMS, capacity, q)
    if q == 1:
        assert expected == pytest.approx(float(INDEPENDENT[capacity]["lru"]), abs=1e-12)
    agrees(simulate(trace, "qlru", capacity, seed=7, q=q), expected, cold=capacity / q)
