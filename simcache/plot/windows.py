"""working_set: one concave curve on which the hit rates of LRU and of OPT can both be read."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from .looks import BLACK, BLUE
from .rows import policy_name

Floats = NDArray[np.float64]
TIP = 0.35  # a tangent goes on beyond what it touches by this share of the picture


def working_set(
    ax: Axes,
    distinct: ArrayLike,
    capacity: float,
    *,
    windows: ArrayLike | None = None,
    n_items: int | None = None,
) -> tuple[float, float]:
    """Draw the working-set curve D(w), LRU's tangent where D = C, and OPT's tangent from (0, C).

    A tangent's slope is a miss rate: LRU keeps every item for the time T with D(T) = C and misses at the rate at which
    new items then come, D'(T); OPT keeps an item iff its next use comes within θ, which takes the space D(θ) - θD'(θ),
    the height at which the tangent at θ starts: C.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets axis labels and the labels "LRU: slope …" and "OPT: slope …".
    distinct : array_like, shape (n_windows,)
        D(w), as `theory.working_set` gives it: mean number of distinct items in a window of w accesses.
    capacity : float
        C, in items, above 0 and below the largest D.
    windows : array_like, shape (n_windows,), optional
        w, ascending from 0; by default 0, 1, 2, …
    n_items : int, optional
        Show windows and items as shares of this number.

    Returns
    -------
    tuple of float
        The slopes: the miss rates of LRU and OPT read from the curve.

    Raises
    ------
    ValueError
        When an argument is not as stated, or OPT's tangent touches only at the end of the curve: more windows are
        needed then.

    Notes
    -----
    LRU: Denning, Commun. ACM 11, 1968; Denning & Schwartz, 15, 1972. Both hold for requests that are stationary and
    many; not for shuffled epochs, whose reuses all cross an epoch's end.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, synth, theory
    >>> distinct = theory.working_set(synth.uniform(200, 4_000))
    >>> fig, ax = plt.subplots()
    >>> [round(float(slope), 2) for slope in plot.working_set(ax, distinct, 50)]
    [0.75, 0.38]
    """
    d = np.asarray(distinct, np.float64)
    w = np.arange(d.size, dtype=np.float64) if windows is None else np.asarray(windows, np.float64)
    _check(d, w, capacity)
    scale = 1.0 if n_items is None else float(n_items)
    past = int(np.argmax(d > capacity))  # the first window with more than C
    lru = (d[past] - d[past - 1]) / (w[past] - w[past - 1])
    meets = w[past - 1] + (capacity - d[past - 1]) / lru
    steep = (d[1:] - capacity) / w[1:]
    touch = int(np.argmax(steep)) + 1
    opt = steep[touch - 1]
    if touch == d.size - 1:
        raise ValueError(
            f"windows must reach beyond the point where OPT's tangent touches, got none longer than {w[-1]:g}"
        )
    wide = w[-1]
    ax.plot(w / scale, d / scale, color="0.55", linewidth=2.2, zorder=1, solid_capstyle="round")
    ax.axhline(capacity / scale, color="0.6", linewidth=0.7, linestyle=(0, (1, 1.5)), zorder=0)
    ends = np.array([max(0.0, meets - TIP * wide), min(meets + TIP * wide, meets + (d[-1] * 1.05 - capacity) / lru)])
    ax.plot(
        ends / scale, (capacity + lru * (ends - meets)) / scale, color=BLUE, linewidth=1.1, linestyle=(0, (6, 1.5)),
        label=f"{policy_name('lru')}: slope {lru:.3g}",
    )  # fmt: skip
    ends = np.array([0.0, min(w[touch] + TIP * wide, wide)])
    ax.plot(
        ends / scale, (capacity + opt * ends) / scale, color=BLACK, linewidth=1.1,
        label=f"{policy_name('opt')}: slope {opt:.3g}",
    )  # fmt: skip
    for x, y, marker, colour, name in (
        (meets, capacity, "^", BLUE, "T"),
        (w[touch], d[touch], "o", BLACK, "θ"),
    ):
        ax.plot(x / scale, y / scale, marker, color=colour, markersize=4.5, zorder=3)
        ax.annotate(name, (x / scale, y / scale), (3, -9), textcoords="offset points", color=colour)
    ax.annotate("C", (1, capacity / scale), (2, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                va="center", color="0.4")  # fmt: skip
    ax.set_xlim(0, wide / scale)
    ax.set_ylim(0, 1.08 * max(d[-1], capacity) / scale)
    per = "" if n_items is None else " / items"
    ax.set_xlabel(f"window w{per or ' (accesses)'}")
    ax.set_ylabel(f"distinct items D(w){per}")
    return float(lru), float(opt)


def _check(d: Floats, w: Floats, capacity: float) -> None:
    if d.ndim != 1 or d.shape != w.shape or d.size < 3:
        raise ValueError(
            f"distinct and windows must be one-dimensional, as many, and at least 3; got shapes {d.shape} and {w.shape}"
        )
    if not (w[0] == 0 and d[0] == 0 and (np.diff(w) > 0).all() and (np.diff(d) >= -1e-9 * d[-1]).all()):
        raise ValueError("windows must ascend from 0, and distinct with them, got some that do not")
    if not 0 < capacity < d[-1]:
        raise ValueError(f"capacity must be above 0 and below the largest of distinct, {d[-1]:g}, got {capacity:g}")
