"""What the supplement's page claims beyond min-max and epochs, attacked in cases small enough to try everything."""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq

from simcache import Trace, simulate, synth, theory


def fluid(p, capacity):
    """Equation 1, for a capacity that need not be whole."""

    def over(u):
        x = p * np.exp(u)
        return (1 - (1 + x) * np.exp(-x)).sum() - capacity

    return float(p @ -np.expm1(-p * np.exp(brentq(over, -20, 60))))


def laws(count, most=7):
    rng = np.random.default_rng(7)
    for _ in range(count):
        p = np.maximum(rng.dirichlet(np.full(int(rng.integers(2, most)), rng.choice([0.5, 1, 5]))), 1e-3)
        yield p / p.sum()


def test_independent_requests_on_two_sides():
    """Theorem 2, against the exact hit rates of few items, at many C'; its upper half is near where lead is large."""
    for p in laws(20, 6):
        for c in range(1, p.size):
            exact, less = float(theory.opt_irm_exact(p, c)), np.linspace(0.05, c - 0.01, 20)
            assert exact <= fluid(p, c) + 1e-9
            assert exact >= max(fluid(p, at) * (1 - np.exp(-((c - at) ** 2) / 2 / c)) for at in less)


def test_at_most_one_over_e():
    """Theorem 3, for the fluid law, and so for OPT; nearly reached by uniform requests at c = 1 - 2/e."""
    for p in (*laws(60, 40), *(np.arange(1, 2001.0) ** -a for a in (0, 0.3, 0.8, 1.2))):
        c = np.arange(1, p.size)
        assert (theory.opt_irm(p, c) - theory.lfu_irm(p, c)).max() < np.exp(-1)
    even, c = np.ones(10_000), round(10_000 * (1 - 2 / np.e))
    assert theory.opt_irm(even, c) - theory.lfu_irm(even, c) == pytest.approx(np.exp(-1), abs=1e-6)
    hits = simulate(synth.uniform(10_000, 300_000, seed=3), "opt", c, bypass=True)[100_000:-100_000]
    assert 0.36 < hits.mean() - c / 10_000 < np.exp(-1)


def test_how_near_the_law_is():
    """The text's loss for every law, C^(-1/3) + e^(-C^(1/3)/2), by its own lower bound."""
    p = np.arange(1, 20_001.0) ** -0.7
    p /= p.sum()
    for c in (30, 1000, 5000):
        near = c - c ** (2 / 3)
        low = fluid(p, near) * (1 - np.exp(-((c - near) ** 2) / 2 / c))
        assert 1 - low / fluid(p, c) <= c ** (-1 / 3) + np.exp(-(c ** (1 / 3)) / 2)


def best_of_rank(n_items, own, capacity, ahead):
    """The best long-run hit rate of a rank's cache that knows this epoch's order and the next `ahead`: every state.

    Relative value iteration over what is held as an epoch begins and the orders known; bypass.
    """
    orders = list(itertools.permutations(range(n_items), own))
    held = [frozenset(c) for k in range(capacity + 1) for c in itertools.combinations(range(n_items), k)]
    most = np.full((len(orders), len(held), len(held)), -np.inf)  # hits in an epoch, from what is held to what is then
    for o, order in enumerate(orders):
        for start, first in enumerate(held):
            reached = {first: 0}
            for x in order:
                then = {}
                for now, hits in reached.items():
                    enter = [now | {x}] if len(now) < capacity else [(now - {y}) | {x} for y in now]
                    for after in [now] if x in now else [now, *enter]:
                        then[after] = max(then.get(after, 0), hits + (x in now))
                reached = then
            for now, hits in reached.items():
                most[o, start, held.index(now)] = hits
    value = np.zeros((len(held),) + (len(orders),) * (ahead + 1))
    for _ in range(2000):
        later = value.mean(-1).reshape(len(held), -1)
        better = np.stack([(each[:, :, None] + later[None]).max(1) for each in most], 1).reshape(value.shape)
        gain = better - value
        value = (value + better) / 2 - value.flat[0]
        if np.ptp(gain) < 1e-8:
            return float(gain.mean()) / own
    raise AssertionError("not converged")


@pytest.mark.parametrize(
    ("n_items", "own", "capacity", "ahead"),
    [(2, 1, 1, 0), (2, 1, 1, 1), (2, 1, 1, 2), (3, 1, 1, 1), (3, 1, 2, 2), (4, 2, 1, 1), (4, 2, 3, 1), (3, 3, 2, 1)],
)
def test_lookahead(n_items, own, capacity, ahead):
    """Theorem 5 at finite size: no policy that knows so much and no more has fewer misses; some have no more."""
    ranks, c = n_items / own, capacity / n_items
    bound = 1 - (1 - c) / (1 + ahead / ranks)
    best = best_of_rank(n_items, own, capacity, ahead)
    assert best <= bound + 1e-6
    assert best <= theory.opt_shuffled(c, ranks=ranks) + 1e-6
    if ahead == 0 or (n_items, own, capacity, ahead) in {(2, 1, 1, 1), (3, 1, 1, 1), (3, 1, 2, 2), (4, 2, 3, 1)}:
        assert best == pytest.approx(bound, abs=1e-6)
    if own == n_items:  # one cache that sees all: nothing is gained
        assert best == pytest.approx(c, abs=1e-6)


def best_of_draws(p, capacity, ahead):
    """The best long-run hit rate that knows the law of independent draws and the next `ahead` of them: every state."""
    seen = list(itertools.product(range(len(p)), repeat=ahead + 1))
    then = np.array([[seen.index((*q[1:], i)) for i in range(len(p))] for q in seen])
    held = [frozenset(c) for k in range(capacity + 1) for c in itertools.combinations(range(len(p)), k)]

    def after(now, x):
        enter = [now | {x}] if len(now) < capacity else [(now - {y}) | {x} for y in now]
        return [held.index(each) for each in (now, *(enter if x not in now else []))]

    moves = [[after(now, q[0]) for q in seen] for now in held]
    hit = np.array([[q[0] in now for q in seen] for now in held], float)
    value = np.zeros(hit.shape)
    for _ in range(2000):
        later = value[:, then] @ p
        better = hit + [[later[m, q].max() for q, m in enumerate(row)] for row in moves]
        gain = better - value
        value = (value + better) / 2 - value.flat[0]
        if np.ptp(gain) < 1e-7:
            return float(gain.mean())
    raise AssertionError("not converged")


@pytest.mark.parametrize(
    ("law", "capacity", "ahead"),
    [((1, 1, 1), 1, 1), ((1, 1, 1), 2, 2), ((1, 1, 1, 1), 2, 2), ((5, 3, 2), 1, 2), ((5, 3, 2), 2, 3)],
)
def test_lookahead_on_draws(law, capacity, ahead):
    """Theorem 5 for draws, and Section 4's for any law, at finite size; uniform draws may reach it."""
    p = np.array(law) / sum(law)
    best, bound = best_of_draws(p, capacity, ahead), float(theory.opt_lookahead_irm(p, capacity, ahead))
    assert best <= bound + 1e-6
    if len(set(law)) == 1:
        assert 1 - bound == pytest.approx((1 - capacity / len(law)) / (1 + ahead / len(law)))
        assert best == pytest.approx(bound, abs=1e-6)


@pytest.mark.parametrize(("ranks", "share", "ahead"), [(4, 0.25, 1), (4, 0.5, 2), (16, 0.5, 8)])
def test_lookahead_is_reached(ranks, share, ahead):
    """Theorem 5 with many items: OPT that is told each epoch's order `ahead` epochs before it begins."""
    n_items, epochs = 4_000, 30 * ranks
    own = n_items // ranks
    trace = Trace(synth.shuffled(n_items, epochs, seed=8).ids[::ranks], n_items)
    knows = {"window": (ahead + 1) * own - 1, "every": own}
    hits = simulate(trace, "opt", round(share * n_items), bypass=True, **knows).reshape(-1, own)
    rate = hits[epochs // 3 : -epochs // 3].mean()
    assert rate == pytest.approx(1 - (1 - share) / (1 + ahead / ranks), abs=6e-3)


@pytest.mark.parametrize(("jump", "directed"), [(0.2, False), (0.05, False), (0.2, True)])
def test_walks_with_restarts(jump, directed):
    """Theorem 8: LRU, FIFO and RR reach r + (1 - r)c, which pin does not pass; OPT's form is reached as items grow."""
    n_items, c = 20_000, 0.27
    trace = synth.ring(n_items, 500_000, jump, directed=directed, seed=5)
    back = 0.0 if directed else 1 - (jump * (2 - jump)) ** 0.5
    size = round(c * n_items)
    for policy in ("lru", "fifo", "rr", "pin"):
        rate = simulate(trace, policy, size)[200_000:].mean()
        assert rate <= back + (1 - back) * c + 0.012, policy
        if policy != "pin":
            assert rate == pytest.approx(back + (1 - back) * c, abs=0.012), policy
    rate = simulate(trace, "opt", size, bypass=True)[200_000:-200_000].mean()
    assert rate == pytest.approx(back + (1 - back) * float(theory.opt_shuffled(c, ranks=np.inf)), abs=0.012)
    if not directed:
        assert theory.opt_restarts(c, jump) - theory.lru_restarts(c, jump) <= (jump * (2 - jump)) ** 0.5 / np.e
