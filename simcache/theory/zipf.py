r"""Zipf requests, p_i proportional to i^-α, in limits: what of a policy's worth the exponent alone decides.

Above 1 misses have a limit however many items there are; below 1 only shares of the items matter, and small ones have
laws; at 1 OPT's lead hangs on the number of items alone. Finite laws: `irm.py`.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from . import _check
from ._check import Floats

EULER = float(np.euler_gamma)
LEAST, MOST = 1e-300, 0.1576183  # shares for which SciPy has the law at exponent 1/2: it ends at e^(-2 gamma) / 2


def _log_gamma_rate(x: Floats, base: int) -> Floats:
    """Ln Gamma(base - x) / x for base 1 or 2, exact as x -> 0."""
    zeta2, zeta3 = 1.6449340668482264, 1.2020569031595943
    first, second, third = (EULER, zeta2, zeta3) if base == 1 else (EULER - 1, zeta2 - 1, zeta3 - 1)
    small = first + second / 2 * x + third / 3 * x**2  # of ln Gamma(1 - x), and less -ln(1 - x) for base 2
    big = np.where(x > 1e-4, x, 0.5)
    return np.asarray(np.where(x > 1e-4, scipy.special.gammaln(base - big) / big, small))


def _inverse(alpha: ArrayLike) -> Floats:
    return np.asarray(1 / _check.real(alpha, "alpha", 1, open_low=True, finite=False))


def lru_zipf_limit(alpha: ArrayLike) -> Floats:
    r"""Miss rate of LRU over that of the C most popular items, for Zipf exponent α > 1, endless items, then C ->
    infinity.

    .. math:: (1 - 1/\alpha)\,\Gamma(1 - 1/\alpha)^\alpha

    Jelenkovic, Ann. Appl. Probab. 9, 1999. From 1 (α -> 1) to e^γ = 1.781 (α = inf).

    Parameters
    ----------
    alpha : array_like
        α, in (1, inf].

    Returns
    -------
    ndarray of float64, the shape of `alpha`
        The ratio of the miss rates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_zipf_limit([1.1, 2, float("inf")]).round(3)
    array([1.208, 1.571, 1.781])
    """
    x = _inverse(alpha)
    return np.asarray((1 - x) * np.exp(_log_gamma_rate(x, 1)))


def fifo_zipf_limit(alpha: ArrayLike) -> Floats:
    r"""Miss rate of FIFO, or random replacement, over that of the C most popular items, for Zipf exponent α > 1,
    endless items, then C -> infinity.

    .. math:: (\alpha - 1)\left(\frac{\pi/\alpha}{\sin(\pi/\alpha)}\right)^\alpha

    Gallo, Kauffmann, Muscariello, Simonian & Tanguy, SIGMETRICS 2012. Grows as α.

    Parameters
    ----------
    alpha : array_like
        α, in (1, inf].

    Returns
    -------
    ndarray of float64, the shape of `alpha`
        The ratio of the miss rates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.fifo_zipf_limit([1.1, 2, 4]).round(3)
    array([1.278, 2.467, 4.566])
    """
    x = _inverse(alpha)
    least = np.minimum(x, 1 - x)  # sin(pi x) = sin(pi (1 - x)), and keeps its digits near 1
    inner = np.where(x > 0, x, 0.5)
    rate = np.log(np.pi * inner / np.sin(np.pi * np.where(x > 0, least, 0.5))) / inner
    with np.errstate(divide="ignore"):
        return np.asarray((1 / x - 1) * np.exp(np.where(x > 0, rate, 0)))


def opt_zipf_limit(alpha: ArrayLike) -> Floats:
    r"""Miss rate of OPT over that of the C most popular items, for Zipf exponent α > 1, endless items, then C ->
    infinity.

    .. math:: \Gamma(2 - 1/\alpha)^\alpha

    The whole worth of knowing the future: from 1 (α -> 1) down to e^(γ-1) = 0.655 (α = inf). From the fluid law,
    `opt_irm`; derived for this package. For α near 1 the limit is slow: 0.885 at α = 1.2, N = 1e6, C = 1000 against
    0.914.

    Parameters
    ----------
    alpha : array_like
        α, in (1, inf].

    Returns
    -------
    ndarray of float64, the shape of `alpha`
        The ratio of the miss rates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_zipf_limit([1.1, 2, float("inf")]).round(3)
    array([0.951, 0.785, 0.655])
    """
    return np.exp(_log_gamma_rate(_inverse(alpha), 2))


def opt_zipf_hits_limit(alpha: ArrayLike) -> Floats:
    r"""Hit rate of OPT over that of the C most popular items, for Zipf exponent 1/2 < α <= 1, endless items, then
    C/N -> 0.

    .. math:: \Gamma(2 - 1/\alpha)^\alpha

    The constant of `opt_zipf_limit`, now of hits: from infinity (α -> 1/2) down to 1 (α = 1, where the lead is
    `opt_zipf_gap`). Below 1/2 the ratio grows without end as C/N falls: `opt_zipf_small`. From the fluid law,
    `opt_irm`; derived for this package.

    Parameters
    ----------
    alpha : array_like
        α, in (1/2, 1].

    Returns
    -------
    ndarray of float64, the shape of `alpha`
        The ratio of the hit rates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Slow towards both ends. By `opt_irm` at N = 10^6, C = 100, 1,000, 10,000: 1.82, 1.69, 1.57 for 1.81 at α = 0.6;
    1.45, 1.39, 1.34 for 1.36 at 0.7; 1.27, 1.22, 1.20 for 1.18 at 0.8; 1.17, 1.13, 1.11 for 1.07 at 0.9.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_zipf_hits_limit([0.6, 0.8, 1]).round(3)
    array([1.806, 1.177, 1.   ])
    """
    return np.exp(_log_gamma_rate(1 / _check.real(alpha, "alpha", 0.5, 1, open_low=True), 2))


def opt_zipf_gap(n_items: ArrayLike) -> Floats:
    r"""Hit rate of OPT less that of the C most popular items at Zipf exponent 1, whatever C, for 1 << C << N.

    .. math:: \gamma / H_N, \qquad H_N = \sum_{i \le N} 1/i

    From the fluid law, `opt_irm`; derived for this package.

    Parameters
    ----------
    n_items : array_like of int
        N, at least 1.

    Returns
    -------
    ndarray of float64, the shape of `n_items`
        The difference of the hit rates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    By `opt_irm` at N = 10^6, C = 10, 100, 1,000, 10,000: 0.0401, 0.0401, 0.0401, 0.0398 for 0.0401; 0.0366 at C = 10^5,
    where C is no longer small against N.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_zipf_gap([1_000, 1_000_000]).round(4)
    array([0.0771, 0.0401])
    """
    return np.asarray(EULER / (scipy.special.digamma(_check.whole(n_items, "n_items") + 1.0) + EULER))


def opt_zipf_small(alpha: ArrayLike, fraction: ArrayLike) -> Floats:
    r"""Hit rate of OPT for Zipf exponent α < 1, endless items, then a small share c of them cached.

    .. math::
        h \sim \begin{cases}
        (1 - \alpha)\sqrt{2c / (1 - 2\alpha)} & \alpha < 1/2\\
        \sqrt{c \ln(1/c) / 2} & \alpha = 1/2\\
        \Gamma(2 - 1/\alpha)^\alpha\, c^{1 - \alpha} & \alpha > 1/2
        \end{cases}

    The most popular items have c^(1-α), `lfu_zipf_small`: OPT's lead over them is a factor without end below 1/2, and a
    constant above. At 1/2 the next terms are kept as well, since the logarithm alone is slow.

    Parameters
    ----------
    alpha : array_like
        α, in [0, 1).
    fraction : array_like
        C / N, in (0, 1]. The law is that of c -> 0: cut off at 1, and at 1/2 it stands still from c = 0.158 on.

    Returns
    -------
    ndarray of float64, broadcast shape
        The hit rate.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    From the fluid law, `opt_irm`; derived for this package. Over `opt_irm` at N = 10^6, C = 100, 1,000, 10,000: 1.00,
    1.01, 1.03 at α = 0.2; 1.05, 1.08, 1.14 at 0.4; 1.03, 1.01, 1.00 at 0.5; 1.13, 1.12, 1.17 at 0.6; 1.17, 1.08, 1.06
    at 0.7; 1.35, 1.17, 1.08 at 0.8; 1.72, 1.37, 1.18 at 0.9. Slow near 1/2, where the share must be tiny, and near 1,
    where the number of items, which enters as N^(α-1), must be vast.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.opt_zipf_small([0.2, 0.4, 0.8], 0.01).round(3)
    array([0.146, 0.19 , 0.468])
    >>> theory.lfu_zipf_small([0.2, 0.4, 0.8], 0.01).round(3)
    array([0.025, 0.063, 0.398])
    """
    a, c = _below_one(alpha, fraction)
    few, many = np.where(a < 0.5, a, 0.25), np.where(a > 0.5, a, 0.75)
    # c = s^2 u / 2, h = s (u + 1) / 2 with u e^-u = 2 c e^(2 gamma - 1)
    held = np.clip(c, LEAST, MOST)
    u = -scipy.special.lambertw(-2 * held * np.exp(2 * EULER - 1), -1).real
    return _law(
        a,
        (1 - few) * np.sqrt(2 * c / (1 - 2 * few)),
        np.sqrt(2 * held / u) * (u + 1) / 2,
        np.exp(_log_gamma_rate(1 / many, 2)) * c ** (1 - many),
    )


def lru_zipf_small(alpha: ArrayLike, fraction: ArrayLike) -> Floats:
    r"""Hit rate of LRU for Zipf exponent α < 1, endless items, then a small share c of them cached.

    .. math::
        h \sim \begin{cases}
        (1 - \alpha)^2 c / (1 - 2\alpha) & \alpha < 1/2\\
        (\ln(2/c) + 1 - \gamma)\, c / 2 & \alpha = 1/2\\
        \Gamma(2 - 1/\alpha)\,((1 - \alpha) c)^{(1 - \alpha)/\alpha} & \alpha > 1/2
        \end{cases}

    Over the most popular items', `lfu_zipf_small`, this tends to 0 at every α.

    Parameters
    ----------
    alpha : array_like
        α, in [0, 1).
    fraction : array_like
        C / N, in (0, 1].

    Returns
    -------
    ndarray of float64, broadcast shape
        The hit rate.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    LRU at any exponent: Berthet, arXiv:1705.10738, 2017; here from the characteristic time, `lru_irm`. Over that at
    N = 10^6, C = 100, 1,000, 10,000: 1.00, 1.00, 1.00 at α = 0.2; 1.06, 1.06, 1.10 at 0.4. Not good from 1/2 on at
    sizes in use, as c N^α must be large too: 1.44, 1.16, 1.01 at 0.5; 2.39, 1.35, 1.16 at 0.6; 2.79, 1.34, 1.07 at 0.7;
    2.79, 1.46, 1.12 at 0.8; 3.08, 1.73, 1.27 at 0.9.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lru_zipf_small([0.2, 0.4, 0.8], 0.01).round(3)
    array([0.011, 0.018, 0.259])
    """
    a, c = _below_one(alpha, fraction)
    few, many = np.where(a < 0.5, a, 0.25), np.where(a > 0.5, a, 0.75)
    return _law(
        a,
        (1 - few) ** 2 / (1 - 2 * few) * c,
        (np.log(2) - np.log(c) + 1 - EULER) * c / 2,
        np.exp(scipy.special.gammaln(2 - 1 / many) + (1 / many - 1) * (np.log1p(-many) + np.log(c))),
    )


def lfu_zipf_small(alpha: ArrayLike, fraction: ArrayLike) -> Floats:
    r"""Hit rate of the C most popular items, kept for ever, for Zipf exponent α < 1 and endless items.

    .. math:: c^{1 - \alpha}

    In the limit for every c, small or not.

    Parameters
    ----------
    alpha : array_like
        α, in [0, 1).
    fraction : array_like
        C / N, in (0, 1].

    Returns
    -------
    ndarray of float64, broadcast shape
        The hit rate.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message says what must hold, and what came.

    Notes
    -----
    Over `lfu_irm` at N = 10^6, C = 100, 1,000, 10,000: 1.01, 1.00, 1.00 at α = 0.2; 1.25, 1.10, 1.04 at 0.7; 1.88,
    1.45, 1.22 at 0.9.

    Examples
    --------
    >>> from simcache import theory
    >>> theory.lfu_zipf_small([0, 0.5, 0.9], 0.01).round(3)
    array([0.01 , 0.1  , 0.631])
    """
    a, c = _below_one(alpha, fraction)
    return np.asarray(c ** (1 - a))


def _below_one(alpha: ArrayLike, fraction: ArrayLike) -> tuple[Floats, Floats]:
    a, c = np.broadcast_arrays(_check.real(alpha, "alpha", 0, 1, open_high=True), _check.fractions(fraction))
    return a, c


def _law(alpha: Floats, below: Floats, at: Floats, above: Floats) -> Floats:
    """By whether the exponent is below, at or above 1/2."""
    return np.asarray(np.clip(np.where(alpha < 0.5, below, np.where(alpha > 0.5, above, at)), 0, 1))
