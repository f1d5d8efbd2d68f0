"""Markov requests: exact chains against rationals, the return law derived otherwise, forms against simulation."""

from fractions import Fraction as F
from itertools import permutations

import numpy as np
import pytest

from simcache import synth, theory
from simcache.simulation import simulate
from simcache.theory import _returns

CHAIN = np.array([[0, 1 / 2, 1 / 4, 1 / 4], [1 / 8, 1 / 2, 1 / 4, 1 / 8], [1 / 2, 1 / 4, 0, 1 / 4], [1 / 4] * 4])
P = np.array([12, 6, 4, 3]) / 25
BY_MATRIX = [getattr(theory, f"{name}_markov{kind}") for name, kind in (
    ("lru", ""), ("opt", ""), ("lru", "_exact"), ("rr", "_exact"), ("opt", "_exact"),
)]  # fmt: skip


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


def stack_law(matrix, capacity):
    """LRU's hit rate in rational numbers: the law of (first, second, …) by elimination without a subtraction."""
    n = len(matrix)
    stacks = list(permutations(range(n), capacity))
    flow = {a: {} for a in stacks}
    for stack in stacks:
        for i in range(n):
            if matrix[stack[0]][i]:
                after = (i, *(k for k in stack if k != i))[:capacity]
                flow[stack][after] = flow[stack].get(after, 0) + matrix[stack[0]][i]
    order, taken = list(stacks), []
    while len(order) > 1:
        last = order.pop()
        out = sum((flow[last].get(a, 0) for a in order), F(0))
        if out == 0:  # nothing leads away from the last of the states that are left: they lead to it
            order.insert(0, last)
            continue
        share = {a: flow[last].get(a, 0) / out for a in order}
        into = {a: flow[a].pop(last, F(0)) for a in order}
        for a in order:
            for b in order:
                if into[a] and share[b]:
                    flow[a][b] = flow[a].get(b, F(0)) + into[a] * share[b]
        taken.append((last, out, into))
    law = {order[0]: F(1)}
    for last, out, into in reversed(taken):
        law[last] = sum((law[a] * into[a] for a in into), F(0)) / out
    hits = sum(law[s] * sum(matrix[s[0]][i] for i in s) for s in stacks)
    return hits / sum(law.values())


RARE = 10**-12
NEARLY = [[0.5, 0, 0.5, 0], [RARE, 0, 0, 1 - RARE], [1 - RARE, RARE, 0, 0], [0.4, 0, 0, 0.6]]


def test_steps_so_rare_that_a_solver_finds_no_answer():
    rational = [[F(x) for x in row] for row in NEARLY]
    for capacity in (1, 2, 3):
        exact = stack_law([[x / sum(row) for x in row] for row in rational], capacity)
        found = theory.lru_markov_exact(NEARLY, capacity)
        assert found == pytest.approx(float(exact), rel=1e-13)
        if capacity > 1:
            assert 1 - found == pytest.approx(float(1 - exact), rel=1e-3)
    for form in (theory.rr_markov_exact, theory.opt_markov_exact):
        assert form(NEARLY, 1) == pytest.approx(float(theory.lru_markov_exact(NEARLY, 1)), rel=1e-13)
        assert ((form(NEARLY, [2, 3]) > 1 - 1e-11) & (form(NEARLY, [2, 3]) <= 1)).all()


def test_two_groups_of_items_hardly_joined():
    """Each group for itself, half of the time: for more states than one array, exact or refused, never wrong."""
    group = np.random.default_rng(6).dirichlet(np.ones(4), 4)
    alone = float(theory.lru_markov_exact(group, 3))
    for rare in (1e-4, 1e-8, 1e-12):
        matrix = np.kron(np.eye(2), group) * (1 - rare) + rare / 8
        assert theory.lru_markov_exact(matrix, 3) == pytest.approx(alone, abs=2 * rare + 1e-9)
    with pytest.raises(ValueError, match="no steps so rare that they are lost in rounding, got such for 8 items"):
        theory.lru_markov_exact(np.kron(np.eye(2), group) * (1 - 1e-12) + 1e-12 / 8, 4)
    assert theory.lru_markov_exact(np.kron(np.eye(2), group) * (1 - 1e-4) + 1e-4 / 8, 4) == pytest.approx(1, abs=1e-3)


def test_a_start_to_which_the_chain_never_returns():
    """On a cycle 0 1 2 … the stack (0, 1) is left for good, as are contents and layers that OPT begins with."""
    for n in (3, 5):
        matrix, sizes = np.roll(np.eye(n), 1, axis=1), np.arange(1, n)
        assert theory.lru_markov_exact(matrix, sizes).tolist() == [0] * (n - 1)
        np.testing.assert_allclose(theory.opt_markov_exact(matrix, sizes), (sizes - 1) / (n - 1), atol=1e-13)


def test_rows_are_normalised():
    """Rows that sum to 1 within 1e-9 stand for those that do exactly."""
    off = np.array(CHAIN) * (1 + np.array([9e-10, -9e-10, 5e-10, 0]))[:, None]
    for form in (theory.return_law, *(lambda m, f=f: f(m, [1, 2, 3]) for f in BY_MATRIX)):
        np.testing.assert_allclose(form(off), form(CHAIN), rtol=0, atol=1e-13)


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


def by_steps(matrix, longest):
    """1 - F, one request after the other, for all items at once."""
    matrix = np.asarray(matrix, float)
    n = len(matrix)
    pi = np.linalg.lstsq(np.vstack([matrix.T - np.eye(n), np.ones(n)]), np.eye(n + 1)[n], rcond=None)[0]
    alive, left = np.eye(n), [1.0]
    for _ in range(longest):
        alive = alive @ matrix
        np.fill_diagonal(alive, 0)
        left.append(pi @ alive.sum(1))
    return np.array(left)


STEPS = np.eye(24)
RANDOM = np.random.default_rng(3)
CHAINS = {
    "ring": ring(40, 0.05),
    "slow ring": ring(40, 0.0005),
    "one way": 0.95 * np.roll(np.eye(30), 1, axis=1) + 0.05 / 30,
    "one way, all different": 0.99 * np.roll(np.eye(20), 1, axis=1) + 0.01 * RANDOM.dirichlet(np.ones(20), 20),
    "any": RANDOM.dirichlet(np.full(30, 0.2), 30),
    "sticky": 0.9 * np.eye(5) + 0.1 * RANDOM.dirichlet(np.ones(5), 5),
    "of period 2": (np.roll(STEPS, 1, axis=1) + np.roll(STEPS, -1, axis=1)) / 2,
    "cycle": np.roll(np.eye(16), 1, axis=1),
}


@pytest.mark.parametrize("way", ["powers", "series", "blocks"])
@pytest.mark.parametrize("name", CHAINS)
def test_return_law_step_by_step(name, way, monkeypatch):
    """The three ways to the law, each taken by chains of a certain size, give what single steps give."""
    if way != "powers":
        monkeypatch.setattr(_returns, "FEW", 500)
        monkeypatch.setattr(_returns, "MIXING", 1 << 15 if way == "series" else 0)
    matrix = CHAINS[name]
    n, law = len(matrix), theory.return_law(matrix)
    left = by_steps(matrix, min(law.size - 1, 1000))
    np.testing.assert_allclose(1 - law[: left.size], left, rtol=0, atol=1e-9)
    assert (1 - law).sum() == pytest.approx(n, rel=2e-9)
    # and the two policies where their sums reach C
    law = np.append(law, 1.0)
    distinct = np.append(0, np.cumsum(1 - law[:-1]))
    sizes = np.arange(1, n)
    np.testing.assert_allclose(theory.lru_markov(matrix, sizes), np.interp(sizes, distinct, law), atol=1e-9)
    space = np.maximum.accumulate(distinct - np.arange(law.size) * (1 - law))
    np.testing.assert_allclose(theory.opt_markov(matrix, sizes), np.interp(sizes, space, law), atol=1e-9)


def test_return_law_of_a_long_ring_with_rare_jumps():
    matrix = ring(300, 0.002)
    law = theory.return_law(matrix)
    np.testing.assert_allclose(1 - law[:41], by_steps(matrix, 40), rtol=0, atol=1e-10)
    assert (1 - law).sum() == pytest.approx(300, rel=2e-9)


@pytest.mark.parametrize("leave", [1e-4, 1e-5, 1e-9])
def test_items_that_stay(leave):
    """A change of item is a uniform draw of the other three, so the returns are geometric, and none is stepped through:
    D(x) = 1 + 3 (1 - e^-y) after y / 3 changes, y = leave x.
    """
    matrix = (1 - leave) * np.eye(4) + leave * (1 - np.eye(4)) / 3
    y = -np.log1p(-np.array([1, 2]) / 3)
    np.testing.assert_allclose(
        (1 - theory.lru_markov(matrix, [2, 3])) / leave, np.exp(-y), rtol=1e-4 + 1e-16 / leave * 4
    )
    assert theory.lru_markov(matrix, 1) == pytest.approx(1 - leave, abs=1e-15)
    assert (theory.opt_markov(matrix, [1, 2, 3]) >= theory.lru_markov(matrix, [1, 2, 3])).all()
    if leave == 1e-4:
        law = theory.return_law(matrix)
        np.testing.assert_allclose(1 - law[1:], leave * (1 - leave / 3) ** np.arange(law.size - 1), atol=1e-12)
    elif leave < 1e-8:
        with pytest.raises(ValueError, match="bring every item back within 16777216 requests"):
            theory.return_law(matrix)


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
