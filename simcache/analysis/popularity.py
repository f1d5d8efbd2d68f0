"""How popular items are: the most accessed, how that changes along the trace, and Zipf's exponent."""

import numpy as np
import scipy
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
EXACT = 512  # counts that are told apart; larger ones to one in 256
RANKS = 60  # ranks that stand alone; others to one in 60
STEEPEST = 8.0
PARTS = 10
MOST = 100  # items at the top


def overlap(ids: NDArray[np.int32], n_items: int, rng: np.random.Generator) -> Floats:
    """The share of the top items of each tenth of a trace that are at the top of each other one too.

    The top is a tenth of the items, 1 … 100; between equal counts the draw decides.
    """
    top = min(MOST, max(1, n_items // PARTS))
    tops = []
    for part in np.array_split(ids, PARTS):
        counts = np.bincount(part, minlength=n_items)
        tops.append(np.lexsort((rng.random(n_items), -counts))[:top])
    return np.array([[np.intersect1d(a, b).size / top for b in tops] for a in tops])


def zipf(counts: Counts, n_items: int) -> tuple[float, float]:
    r"""Zipf's exponent by maximum likelihood, and the Kolmogorov distance of the counts of items from the fit.

    Which item has which rank is not known, and to sort by counts would take noise for skew. So every item is taken to
    have any rank, and its count to be Poisson's about the accesses due to that rank, :math:`\propto k^{-\alpha}`.
    Ranks are grouped; within a group, and within the first ones, the rate is smeared as over a continuous rank, which
    makes a count negative binomial.

    Parameters
    ----------
    counts : array of int, shape (n_touched,)
        Accesses to each item that has some.
    n_items : int
        Items there are.

    Returns
    -------
    tuple of float
        0 … 8; and the largest difference between the shares of items with at most so many accesses.
    """
    shift = np.maximum(np.frexp(counts.astype(np.float64))[1] - 9, 0)
    given, many = np.unique(counts >> shift << shift, return_counts=True)
    given, many = np.r_[0, given].astype(np.float64), np.r_[n_items - many.sum(), many].astype(np.float64)
    ranks, size = _groups(n_items)
    total = float(counts.sum())

    def law(alpha: float) -> tuple[Floats, Floats]:
        weights = ranks**-alpha
        shape = np.minimum(12 / np.maximum(alpha * size / ranks, 1e-9) ** 2, 1e8)
        return total * weights / (size * weights).sum(), shape

    def cost(alpha: float) -> float:
        rate, shape = law(alpha)
        k = given[:, None]
        terms = (
            scipy.special.gammaln(k + shape)
            - scipy.special.gammaln(shape)
            - scipy.special.gammaln(k + 1)
            + np.log(size / n_items)
        )
        terms += shape * np.log(shape / (shape + rate)) + k * np.log(rate / (shape + rate))
        return -float(many @ scipy.special.logsumexp(terms, axis=1))

    alpha = float(
        scipy.optimize.minimize_scalar(cost, bounds=(0, STEEPEST), method="bounded", options={"xatol": 1e-4}).x
    )
    rate, shape = law(alpha)
    expected = [float((size / n_items) @ scipy.special.betainc(shape, k + 1, shape / (shape + rate))) for k in given]
    return alpha, float(np.abs(np.cumsum(many) / n_items - expected).max())


def due(ranks: NDArray[np.int64], exponent: float, n_accesses: int, n_items: int) -> Floats:
    """The accesses that Zipf's law gives to ranks, of so many in all."""
    groups, size = _groups(n_items)
    return np.asarray(n_accesses * ranks.astype(np.float64) ** -exponent / (size @ groups**-exponent))


def _groups(n_items: int) -> tuple[Floats, Floats]:
    """Middles and sizes of groups of ranks 1 … n_items."""
    steps = np.arange(RANKS * max(0.0, np.log(n_items / RANKS)) + 2) / RANKS
    starts = np.unique(np.r_[np.arange(1, RANKS), np.round(RANKS * np.exp(steps))])
    edges = np.r_[starts[starts <= n_items], n_items + 1]
    size = np.diff(edges)
    return edges[:-1] + (size - 1) / 2, size
