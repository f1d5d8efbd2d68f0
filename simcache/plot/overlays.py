"""overlay: theory as lines over simulations as points, and what is left between them."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ..seeds import names
from .lines import ordered
from .looks import looks, scale
from .rows import axis_name, checked, choice, differing, labels, policy_name, rate_name, sources

Floats = NDArray[np.float64]


def overlay(
    ax: Axes,
    table: pd.DataFrame,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x: Literal["fraction", "capacity"] = "fraction",
    y: Literal["hit_rate", "hit_rate_warm", "byte_hit_rate"] = "hit_rate",
    residual: Axes | None = None,
    log: bool | None = None,
) -> None:
    """Draw simulated hit rates as points, each policy's theory as a line through them.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets axis labels; call `legend` for the policies.
    table : DataFrame
        Rows of `sweep` or `hit_curve` for one trace, or for several that differ by seeds alone.
    curves : mapping
        Policy label of the table -> (cache sizes, hit rates), both of shape (n_sizes,). Policies without a curve are
        points alone.
    x : {"fraction", "capacity"}
        Cache size as a share of the items, or in items; of bytes where the rows' unit says so; of the curves too.
    y : {"hit_rate", "hit_rate_warm", "byte_hit_rate"}
        Simulated rate: over all accesses, cold misses counted; over those after the warm-up; or over the bytes of all
        accesses.
    residual : matplotlib Axes, optional
        Gets simulation minus theory; the sizes of each curve must then include those simulated.
    log : bool, optional
        Logarithmic cache size; by default for capacities, and not for fractions.

    Raises
    ------
    TypeError, ValueError
        When the table lacks columns or values, holds several traces, or has no policy of a curve's name, or when a
        curve is not two arrays of one length or lacks a size that a residual needs.

    Notes
    -----
    Points are means over trace seeds and policy seeds; bars, where there are several, reach from the lowest to the
    highest.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import hit_curve, plot, synth, theory
    >>> table = hit_curve(synth.shuffled(1_000, epochs=10), "lru", range(50, 1_000, 50))
    >>> fig, ax = plt.subplots()
    >>> shares = table["fraction"]
    >>> plot.overlay(ax, table, {"lru": (shares, theory.lru_shuffled(shares))}, y="hit_rate_warm")
    >>> ax.get_xlabel()
    'cache size / items'
    """
    choice(x, "x", ("fraction", "capacity"))
    choice(y, "y", ("hit_rate", "hit_rate_warm", "byte_hit_rate"))
    checked(table, ("policy", x, y))
    size_name = axis_name(x, table)
    told = table.assign(trace=names(table)) if "trace" in table else table
    if several := differing(told, [c for c in told.columns if c == "trace" or c in sources(told)]):
        raise ValueError(f"an overlay must have one trace, or several seeds of one; got traces differing in {several}")
    lines = {choice(label, "policy", labels(table)): _curve(label, curve) for label, curve in curves.items()}
    policies = ordered(table, None)
    look = looks(policies)
    for policy in policies:
        style = look[policy] | {"markersize": 3.4}
        size, mean, low, high = _points(table[table["policy"] == policy], x, y)
        if policy in lines:
            # The legend shows the marker on the line; the axes show it where simulations are.
            ax.plot(*lines[policy], label=policy_name(policy), markevery=[], **_open(style))
        _mark(ax, size, mean, low, high, style, None if policy in lines else policy_name(policy))
        if residual is not None and policy in lines:
            theory = _at(policy, lines[policy], size, x)
            _mark(residual, size, mean - theory, low - theory, high - theory, style, None)
    for each, name in ((ax, rate_name(table, y)), (residual, "simulation − theory")):
        if each is not None:
            each.set(xlabel=size_name, ylabel=name)
            scale(each, "x", "log" if (x == "capacity" if log is None else log) else "linear")
    if residual is not None:
        residual.axhline(0, color="0.6", linewidth=0.6, zorder=0)
        reach = 1.15 * max(map(abs, residual.get_ylim()))
        residual.set_ylim(-reach, reach)


def _curve(label: str, curve: tuple[ArrayLike, ArrayLike]) -> tuple[Floats, Floats]:
    sizes, rates = (np.asarray(part, np.float64) for part in curve)
    if sizes.ndim != 1 or sizes.shape != rates.shape or not sizes.size:
        raise ValueError(
            f"a curve must be sizes and hit rates, one-dimensional and as many, for policy {label!r}; "
            f"got shapes {sizes.shape} and {rates.shape}"
        )
    order = np.argsort(sizes, kind="stable")
    return sizes[order], rates[order]


def _points(rows: pd.DataFrame, x: str, y: str) -> tuple[Floats, ...]:
    """Sizes in order, and at each the mean, the lowest and the highest rate over all seeds."""
    rates = rows.astype({x: float, y: float}).groupby(x)[y]
    if rates.mean().isna().any():
        raise ValueError(f"{y} must have values at every size for policy {rows['policy'].iloc[0]!r}, got some missing")
    found = rates.agg(["mean", "min", "max"])
    return found.index.to_numpy(float), *(found[name].to_numpy(float) for name in ("mean", "min", "max"))


def _at(policy: str, curve: tuple[Floats, Floats], size: Floats, x: str) -> Floats:
    near = np.abs(curve[0][:, None] - size).argmin(axis=0)
    if (far := ~np.isclose(curve[0][near], size, rtol=1e-9, atol=0)).any():
        raise ValueError(
            f"the sizes of a curve must include those simulated, for its residual, for policy {policy!r}; "
            f"got none at {x}={size[far][0]:g}"
        )
    return np.asarray(curve[1][near])


def _open(style: dict[str, Any]) -> dict[str, Any]:
    """The marker as an outline, so that the line can be seen in it, and the line thin, so that it can be missed."""
    return style | {"markerfacecolor": "white", "markeredgewidth": 0.7, "linewidth": 0.9}


def _mark(
    ax: Axes, size: Floats, mean: Floats, low: Floats, high: Floats, style: dict[str, Any], label: str | None
) -> None:
    if (high > low).any():
        ax.vlines(size, low, high, color=style["color"], linewidth=0.8)
    ax.plot(size, mean, **(_open(style) | {"linestyle": "none"}), label=label)
