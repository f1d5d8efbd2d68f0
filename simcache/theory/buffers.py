"""Shuffle buffers (tf.data, WebDataset): the order between a cyclic scan and a full shuffle.

A buffer of B = beta N items takes items in order and gives one at random for each it takes. Drained at each epoch's
end, every epoch holds each item once; not drained (repeat before shuffle), epochs run into each other.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats

REACH = 40.0  # buffer delays, in units of beta, beyond which e^-x is nothing
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def opt_buffer(fraction: ArrayLike, buffer: ArrayLike, *, drain: bool = True) -> Floats:
    r"""Hit rate of OPT (bypass) behind a shuffle buffer.

    Drained: c for every buffer, since every epoch holds each item once (see `opt_shuffled`). Not drained: the
    shortest reuse intervals that the space affords, :math:`c = E[X; X \le \theta],\ h = P(X \le \theta)`, X the time
    in N accesses from an item's use to its next. The k-th copy of an item comes out after k + beta E_k, E_k
    exponential.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    buffer : array_like
        beta = B / N, in (0, 1].
    drain : bool
        Whether the buffer is emptied at each epoch's end.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N. Copies that overtake each other are counted in the order they come out. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_buffer(0.2, [0.01, 0.1, 1])
    array([0.2, 0.2, 0.2])
    >>> theory.opt_buffer(0.2, [0.1, 1], drain=False).round(3)
    array([0.242, 0.473])
    """
    c, beta = _arguments(fraction, buffer)
    return c.copy() if drain else _by_law(c, beta, opt=True)


def lru_buffer(fraction: ArrayLike, buffer: ArrayLike, *, drain: bool = True) -> Floats:
    r"""Hit rate of LRU behind a shuffle buffer.

    Drained: an item at place u of one epoch and v of the next has been overtaken by all but the share
    :math:`A(u,v) = \frac1N\sum_j F_j(u)(1 - F_j(v))`, F_j the law of item j's place, so
    :math:`h = P(A(u,v) \ge 1 - c)`. Not drained: the working set, :math:`c = \int_0^T (1 - F),\ h = F(T)`, F the law of
    the time between uses.

    Parameters
    ----------
    fraction : array_like
        C / N, in (0, 1].
    buffer : array_like
        beta = B / N, in (0, 1].
    drain : bool
        Whether the buffer is emptied at each epoch's end.

    Returns
    -------
    ndarray of float64, broadcast shape
        Share of the accesses that hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Limit of large N, integrated numerically to 1e-6 (drained) and 1e-4 (not); simulation agrees within 4e-3 at N =
    4,000. Derived for this package.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_buffer(0.5, [0.01, 0.1, 1]).round(3)
    array([0.   , 0.002, 0.153])
    >>> theory.lru_shuffled(0.5).round(3)  # a buffer that holds all shuffles fully
    np.float64(0.153)
    """
    c, beta = _arguments(fraction, buffer)
    return np.asarray(_drained(c, beta), np.float64) if drain else _by_law(c, beta, opt=False)


def _arguments(fraction: ArrayLike, buffer: ArrayLike) -> tuple[Floats, Floats]:
    beta = np.maximum(_check.real(buffer, "buffer", 0, 1, open_low=True), 1e-300)  # of which the inverse is a number
    c, beta = np.broadcast_arrays(_check.fractions(fraction), beta)
    return c, beta


@np.vectorize(otypes=[np.float64])
def _drained(c: float, beta: float) -> float:
    """Integral over u of P(u, v <= v*(u)), where A(u, v*) = 1 - c: A falls in v."""
    if c == 1:
        return 1.0
    stop = 1 - beta  # the last item has been taken in: what is left comes out in random order
    marks = [1 - c, stop, 1.0]
    marks += [edge + side * k * beta for edge, side in ((1 - c, 1), (stop, -1)) for k in (0.5, 1, 2, 4, 8, 16)]
    marks += [(1 - c) * 2**k for k in range(int(-np.log2(1 - c)) + 1)]  # near its start the integrand is like 1 / u
    edges = np.unique(np.clip(marks, 1 - c, 1))
    half = np.diff(edges)[:, None] / 2
    u = (edges[:-1, None] + half + half * NODES).ravel()
    low, high = np.zeros_like(u), np.ones_like(u)
    for _ in range(50):
        middle = (low + high) / 2
        ahead = _neither(u, middle, beta) >= 1 - c
        low, high = np.where(ahead, middle, low), np.where(ahead, high, middle)
    return float(np.clip((half * WEIGHTS).ravel() @ _both(u, low, beta), 0, 1))


def _late(w: Floats, beta: float) -> tuple[Floats, Floats]:
    """P(place > w | taken in at a) as late * exp(-(w' - a)+ / beta): w', late."""
    return np.minimum(w, 1 - beta), np.where(w > 1 - beta, (1 - w) / beta, 1.0)


def _neither(u: Floats, v: Floats, beta: float) -> Floats:
    """A(u, v): the share of items before u in one epoch and after v in the next. The first beta N are taken in at 0."""
    stop = 1 - beta
    (x, late_x), (y, late_y) = _late(u, beta), _late(v, beta)
    first = beta * (1 - late_x * np.exp(-x / beta)) * late_y * np.exp(-y / beta)
    after = stop - y - beta * np.expm1(-y / beta)
    low, high = np.minimum(x, y), np.maximum(x, y)
    apart = np.exp(-(high - low) / beta)
    both = beta / 2 * (apart - np.exp(-(high + low) / beta)) + beta * (1 - apart) + stop - high
    return np.asarray(first + late_y * after - late_x * late_y * both)


def _both(u: Floats, v: Floats, beta: float) -> Floats:
    """Density at u of an item's place in one epoch, with its place in the next at most v."""
    (x, _), (y, late_y) = _late(u, beta), _late(v, beta)
    apart = np.exp(-np.abs(x - y) / beta)
    later = (apart - np.exp(-(x + y) / beta)) / 2 + np.where(x > y, 1 - apart, 0)
    return np.asarray(1 - late_y * (np.exp(-(x + y) / beta) + later))


def _by_law(c: Floats, beta: Floats, *, opt: bool) -> Floats:
    """Hit rates from the law of the time between uses, one law for each buffer."""
    h = np.empty(c.shape)
    for b in np.unique(beta):
        x, law = _reuse_law(float(b))
        area = scipy.interpolate.PchipInterpolator(x, law).antiderivative()(x)
        space = x * law - area if opt else x - area
        most = np.maximum.accumulate(space)
        here = beta == b
        rises = np.diff(most, prepend=-1) > 0
        h[here] = scipy.interpolate.PchipInterpolator(most[rises], law[rises])(np.minimum(c[here], most[rises][-1]))
    return np.asarray(np.where(c == 1, 1.0, np.clip(h, 0, 1)))


def _reuse_law(beta: float) -> tuple[Floats, Floats]:
    """P(an item comes again within x N accesses), not drained: given one copy out at 0 + beta s, all others are
    independent.
    """
    z = np.concatenate(
        [-(np.linspace(min(1 / beta, REACH) ** 0.5, 0, 201) ** 2), np.linspace(0, REACH**0.5, 201)[1:] ** 2]
    )
    x = np.maximum(1 + beta * z, 0)
    edges = np.concatenate([np.linspace(0, 12, 25), np.linspace(16, REACH, 7)])
    half = np.diff(edges)[:, None] / 2
    s = (edges[:-1, None] + half + half * NODES[None, :]).ravel()[:, None]
    weight = (half * WEIGHTS).ravel() * np.exp(-s.ravel())
    none = np.ones((s.size, x.size))
    y = x / beta
    for k in range(-int(np.ceil(REACH * beta)), int(np.ceil(2 * REACH * beta)) + 2):
        if k:
            start = s - k / beta  # time since copy k went in, in units of beta
            inside = np.exp(-np.maximum(start, 0)) - np.exp(-np.maximum(start + y, 0))
            none *= 1 - inside
    law = np.clip(1 - weight @ none, 0, 1)
    keep = np.concatenate([[True], np.diff(x) > 0])
    x, law = x[keep], np.maximum.accumulate(law[keep])
    return (x, law) if x[0] == 0 else (np.concatenate([[0.0], x]), np.concatenate([[0.0], law]))
