"""Walks and chains that start again: closed forms within their stated errors of simulation."""

import numpy as np
import pytest

from simcache import synth, theory
from simcache.simulation import simulate

N = 20_000


def agrees(hits, form, below, above):
    """The mean of hits lies between form - below and form + above, within 4 errors of it by its 40 blocks."""
    blocks = hits[: hits.size // 40 * 40].reshape(40, -1).mean(1)
    noise = 4 * blocks.std(ddof=1) / 40**0.5
    assert form - below - noise < blocks.mean() < form + above + noise, (blocks.mean(), float(form), noise)


def best(trace, capacity, start, end):
    return simulate(trace, "opt", capacity, bypass=True)[start:-end]


@pytest.mark.parametrize("jump", [0.01, 0.1, 0.5])
def test_walks(jump):
    """Errors as stated."""
    trace = synth.ring(N, 60 * N, jump, seed=61)
    for capacity, opt in ((200, 5e-3), (1000, 3.5e-3), (5400, 2e-3), (14_000, 1e-3)):
        c = capacity / N
        for name, error in (("lru", 5e-4), ("fifo", 5e-4), ("rr", 3e-3)):
            agrees(simulate(trace, name, capacity, seed=3)[20 * N :], theory.lru_restarts(c, jump), error, error)
        agrees(best(trace, capacity, 20 * N, 6 * N), theory.opt_restarts(c, jump), opt, 0)


def test_a_walk_that_only_goes_up_is_as_independent_requests():
    trace = synth.ring(N, 60 * N, 0.1, directed=True, seed=62)
    for capacity, opt in ((1000, 0.014), (5400, 6e-3), (14_000, 3e-3)):
        c = capacity / N
        for name in ("lru", "fifo", "rr"):
            agrees(simulate(trace, name, capacity, seed=3)[20 * N :], c, 1e-3, 1e-3)
        agrees(best(trace, capacity, 20 * N, 6 * N), theory.opt_shuffled(c, ranks=np.inf), opt, 0)


def test_the_chance_to_be_back_before_a_jump():
    """r by its definition: 1 - 1 / (visits to the start before a jump), on a ring too long to go round."""
    n = 401
    up = np.roll(np.eye(n), 1, axis=1)
    for jump in (0.1, 0.5, 1):
        visits = np.linalg.inv(np.eye(n) - (1 - jump) * (up + up.T) / 2)[0, 0]
        assert theory.lru_restarts(1e-300, jump) == pytest.approx(1 - 1 / visits, abs=1e-12)
    assert theory.lru_restarts(0.3, [0, 1]).tolist() == [1, 0.3]
    lead = theory.opt_restarts(0.3, 0.2) - theory.lru_restarts(0.3, 0.2)
    assert lead == pytest.approx(0.6 * (float(theory.opt_shuffled(0.3, ranks=np.inf)) - 0.3), abs=1e-12)


def test_clusters_of_equal_items_are_the_walk():
    sizes = np.array([100, 2000, 9000])
    back = 1 - (0.2 * 1.8) ** 0.5
    for name in ("lru", "opt"):
        of_items = getattr(theory, f"{name}_clusters")(np.ones(10_000), sizes, back)
        np.testing.assert_allclose(of_items, getattr(theory, f"{name}_restarts")(sizes / 10_000, 0.2), atol=1e-6)


def chain(kind, jump, alpha, seed, n=2000):
    """A matrix, the stationary shares of requests, and the local returns."""
    rng = np.random.default_rng(seed)
    up, stay = np.roll(np.eye(n), 1, axis=1), (0.9 * rng.random(n))[:, None]
    local = {
        "walk": stay * np.eye(n) + (1 - stay) * (up + up.T) / 2,
        "drift": stay * np.eye(n) + (1 - stay) * (0.8 * up + 0.2 * up.T),
        "stay": stay * np.eye(n) + (1 - stay) * up,
        "blocks": np.kron(np.eye(n // 8), np.full((8, 8), 1 / 8)),
    }[kind]
    law = rng.permutation(np.arange(1, n + 1) ** -float(alpha))
    law /= law.sum()
    visits = np.linalg.inv(np.eye(n) - (1 - jump) * local)
    return (1 - jump) * local + jump * law, jump * law @ visits, 1 - 1 / np.diag(visits)


@pytest.mark.parametrize(
    ("kind", "jump", "alpha"), [("walk", 0.1, 0.8), ("drift", 0.3, 0.8), ("stay", 0.1, 0), ("blocks", 0.1, 0.8)]
)
def test_chains(kind, jump, alpha):
    matrix, weights, returns = chain(kind, jump, alpha, seed=63)
    assert weights.sum() == pytest.approx(1)
    trace = synth.markov(matrix, 400_000, seed=64)
    for capacity, below in ((40, 0.025), (100, 0.02), (400, 0.01), (1000, 5e-3), (1500, 5e-3)):
        lru, opt = (form(weights, capacity, returns) for form in (theory.lru_clusters, theory.opt_clusters))
        agrees(simulate(trace, "lru", capacity)[80_000:], lru, 3e-3, 3e-3)
        agrees(best(trace, capacity, 80_000, 20_000), opt, below, 0)
    fifo = theory.repeat_identity(theory.fifo_irm(weights * (1 - returns), 400), weights @ returns)
    agrees(simulate(trace, "fifo", 400)[80_000:], fifo, 3e-3, 3e-3)
