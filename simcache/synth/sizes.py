"""Sizes of items: lognormal, as files and web objects about are."""

import math

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .checks import generator, real, size, whole_seed
from .draws import CHUNK
from .elementary import exp, log

LARGEST = 100.0  # e^100 is beyond every size


def lognormal_sizes(n_items: int, median: float, sigma: float, *, seed: int = 0) -> NDArray[np.int64]:
    r"""Sizes whose logarithms are normal: half the items lie below the median, a few far above.

    For the ``sizes`` of a `Trace`. The mean is :math:`e^{\sigma^2/2}` medians: 1.65 at sigma 1, 7.4 at sigma 2. They
    are independent of the traces made with the same seed, and the first sizes of more items are those of fewer.

    Parameters
    ----------
    n_items : int
        1 … 2^31 - 1.
    median : float
        Bytes, finite, >= 1.
    sigma : float
        Standard deviation of the natural logarithm, finite, >= 0; 0 makes all sizes the median.
    seed : int
        0 … 2^64 - 1.

    Returns
    -------
    ndarray of int64, shape (n_items,)
        Whole bytes, at least 1.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or a size would be more than 2^63 - 1 bytes.

    Notes
    -----
    The polar method of Marsaglia & Bray, SIAM Review 6, 1964. ``dataclasses.replace(trace, sizes=sizes)`` gives a trace
    sizes; a sweep takes ``functools.partial`` of a function that does so.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from simcache import synth
    >>> sizes = synth.lognormal_sizes(1_000, median=100_000, sigma=1.0)
    >>> replace(synth.zipf(1_000, 10_000, 0.8), sizes=sizes).n_bytes
    158963009
    """
    where = "synth.lognormal_sizes"
    n_items, seed = size(n_items, "n_items", where), whole_seed(seed, where)
    median, sigma = real(median, "median", where, low=1), real(sigma, "sigma", where)
    rng = generator(seed, 1)  # a stream of its own: with a trace's, popular items would have sizes of their own
    sizes = np.empty(n_items)
    done = 0
    while done < n_items:
        done = _fill(rng.random(min(CHUNK, 4 * n_items)), median, sigma, sizes, done)
    if (most := float(sizes.max())) >= 2**63:
        came = f"one of {most:.3g} with median={median:g}, sigma={sigma:g}"
        raise ValueError(f"sizes must be at most 2^63 - 1 bytes for {where}, got {came}")
    return np.maximum(np.floor(sizes + 0.5), 1).astype(np.int64)


@compiled
def _fill(uniforms: NDArray[np.float64], median: float, sigma: float, sizes: NDArray[np.float64], done: int) -> int:
    """Draw sizes from where it is done; up to where, until the uniforms are used up."""
    for k in range(0, uniforms.size, 2):
        x, y = 2 * uniforms[k] - 1, 2 * uniforms[k + 1] - 1
        s = x * x + y * y
        if 0 < s < 1:
            scale = sigma * math.sqrt(-2 * log(s) / s)
            for normal in (x, y):
                if done < sizes.size:
                    sizes[done] = median * exp(min(normal * scale, LARGEST))
                    done += 1
    return done
