"""heatmap and gap: one number per cell of a grid of simulations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from .rows import axis_name, base, cells, checked, choice, labels, policy_name
from .ticks import set_ticks

# As colour bars call them.
RATES = {"hit_rate": "hit rate", "hit_rate_warm": "warm hit rate", "byte_hit_rate": "byte hit rate"}
MISSING = "0.8"  # a grey: no simulation there


def heatmap(
    ax: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    policy: str | None = None,
    value: str = "hit_rate",
    limits: tuple[float, float] | None = None,
    bar: bool = True,
) -> QuadMesh:
    """Draw one policy's value over the grid of columns x by y, averaged over seeds.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets axis labels and ticks.
    table : DataFrame
        Rows of `sweep`, or any with columns `policy`, x, y and value. In a cell rows may differ by seeds alone. Rows
        without x or y are left out; a cell without a row is grey.
    x, y : str
        Columns, e.g. "fraction" and "alpha". Even steps get a linear axis, even ratios a logarithmic one, any other
        grid (and text) equal cells labelled with their values.
    policy : str, optional
        Label in the table; may be left out where it has one.
    value : str
        Column to show. Lighter is higher.
    limits : tuple of float, optional
        Values at the ends of the colours; by default 0 and 1 for rates, else the range of the values.
    bar : bool
        Add a labelled colour bar; without it, give what is returned to `colorbar`, for several panels at once.

    Returns
    -------
    QuadMesh
        What was drawn; `colorbar` takes it.

    Raises
    ------
    TypeError, ValueError
        When rows or columns are missing, the policy is unknown, or rows of a cell differ by more than seeds.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.zipf(200, 2_000, alpha) for alpha in (0.6, 0.8, 1.0)], ["opt", "lru"], [0.1, 0.2, 0.3])
    >>> fig, ax = plt.subplots()
    >>> mesh = plot.heatmap(ax, table, x="fraction", y="alpha", policy="lru")
    >>> mesh.get_array().round(2).tolist()[0]  # the lowest row
    [0.2, 0.35, 0.48]
    """
    checked(table, _columns(x, y, value))
    names = axis_name(x, table), axis_name(y, table)
    known = labels(table)
    chosen = known[0] if policy is None and len(known) == 1 else choice(policy, "policy", known)
    grid = cells(table, x, y, chosen, value)
    low, high = limits or ((0.0, 1.0) if value in RATES else (float(np.nanmin(grid)), float(np.nanmax(grid))))
    mesh = _draw(ax, grid, names, "cividis", Normalize(low, high))
    ax.set_title(policy_name(chosen))
    mesh.set_label("_" + (RATES.get(value) or axis_name(value, table)))  # for colorbar; legends skip an underscore
    if bar:
        colorbar([mesh], fraction=0.18)
    return mesh


def gap(
    ax: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    policy: str = "opt",
    against: str = "best",
    value: str = "hit_rate",
    limit: float | None = None,
    bar: bool = True,
) -> QuadMesh:
    """Draw how far a policy is above another over the grid of columns x by y.

    Each policy is averaged over seeds first, then the two are subtracted.

    Parameters
    ----------
    ax : matplotlib Axes
        Gets axis labels and ticks.
    table : DataFrame
        Rows of `sweep`, or any with columns `policy`, x, y and value. In a cell rows may differ by seeds alone. Rows
        without x or y are left out; a cell without a row is grey.
    x, y : str
        Columns, e.g. "fraction" and "alpha". Even steps get a linear axis, even ratios a logarithmic one, any other
        grid (and text) equal cells labelled with their values.
    policy : str
        The one subtracted from.
    against : str
        A label in the table, or "best": in each cell the highest of all policies that are not OPT.
    value : {"hit_rate", "hit_rate_warm", "byte_hit_rate"}
        The rate that is subtracted.
    limit : float, optional
        Gap at which the colours end, on both sides of 0; by default the largest in the table.
    bar : bool
        Add a labelled colour bar, which shows the part of the scale that the values use; without it, give what is
        returned to `colorbar`, for several panels at once.

    Returns
    -------
    QuadMesh
        What was drawn; `colorbar` takes it.

    Raises
    ------
    TypeError, ValueError
        When rows or columns are missing, a policy is unknown, or rows of a cell differ by more than seeds.

    Notes
    -----
    Cells below 0 are hatched, so that they stand out in grey print too.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.zipf(200, 2_000, alpha) for alpha in (0.6, 0.8, 1.0)], ["opt", "lru"], [0.1, 0.2, 0.3])
    >>> fig, ax = plt.subplots()
    >>> mesh = plot.gap(ax, table, x="fraction", y="alpha", against="lru")
    >>> mesh.get_array().round(2).tolist()[0]  # the lowest row
    [0.28, 0.28, 0.24]
    """
    choice(value, "value", tuple(RATES))
    checked(table, _columns(x, y, value))
    names = axis_name(x, table), axis_name(y, table)
    known = labels(table)
    choice(policy, "policy", known)
    others = [label for label in known if base(label) != "opt" and label != policy]
    if against == "best":
        if not others:
            raise ValueError(f"a gap to the best must have a policy besides OPT in the table, got {', '.join(known)}")
        # A policy without a row there might have been the best: leave the cell open.
        grids = [cells(table, x, y, label, value) for label in others]
        merged = pd.concat([grid.stack(future_stack=True) for grid in grids], axis=1)
        other = merged.max(axis=1, skipna=False).unstack()
    elif choice(against, "against", [*known, "best"]) == policy:
        raise ValueError(f"against must be another policy than {policy!r}, got the same")
    else:
        other = cells(table, x, y, against, value)
    grid = cells(table, x, y, policy, value) - other
    if grid.isna().all(axis=None):
        raise ValueError(f"policies {policy!r} and {against!r} must share a cell of {x} and {y}, got none")
    reach = float(np.nanmax(np.abs(grid))) if limit is None else limit
    mesh = _draw(ax, grid, names, "RdBu_r", CenteredNorm(0, reach or 1.0))
    name = "best other" if against == "best" else policy_name(against)
    ax.set_title(f"{policy_name(policy)} − {name}")
    mesh.set_label("_gap in " + RATES[value])
    if bar:
        colorbar([mesh], fraction=0.18)
    return mesh


def colorbar(
    meshes: Sequence[QuadMesh], *, location: str = "right", aspect: float = 20, fraction: float = 0.15
) -> Colorbar:
    """Give several heatmaps, or several gaps, of one figure one scale, and one bar beside them that shows it.

    Parameters
    ----------
    meshes : sequence of QuadMesh
        What `heatmap` or `gap` returned, drawn with ``bar=False``. Their scale becomes the widest of theirs.
    location : {"right", "left", "top", "bottom"}
        Side of the panels.
    aspect, fraction : float
        Length over thickness, and share of the panels' room, as in ``Figure.colorbar``.

    Returns
    -------
    Colorbar
        Of gaps, the part of the scale that the values use.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.zipf(200, 2_000, alpha) for alpha in (0.6, 0.8, 1.0)], ["opt", "lru"], [0.1, 0.2, 0.3])
    >>> fig, axes = plt.subplots(1, 2, layout="constrained")
    >>> meshes = [
    ...     plot.heatmap(ax, table, x="fraction", y="alpha", policy=policy, bar=False)
    ...     for ax, policy in zip(axes, ["opt", "lru"])
    ... ]
    >>> plot.colorbar(meshes).ax.get_ylabel()
    'hit rate'
    """
    ends = np.array([mesh.get_clim() for mesh in meshes], float)
    for mesh in meshes:
        mesh.set_clim(ends[:, 0].min(), ends[:, 1].max())
    axes: list[Any] = [mesh.axes for mesh in meshes]
    bar: Colorbar = axes[0].figure.colorbar(
        meshes[0],
        ax=axes,
        label=str(meshes[0].get_label()).removeprefix("_"),
        location=location,
        aspect=aspect,
        fraction=fraction,
    )
    bar.outline.set_linewidth(0.4)
    if bar.solids is not None:
        bar.solids.set_rasterized(True)
    if isinstance(meshes[0].norm, CenteredNorm):
        values = np.concatenate([np.ma.compressed(np.ma.asarray(mesh.get_array())) for mesh in meshes])
        low, high = np.clip([min(0.0, values.min()), max(0.0, values.max())], *meshes[0].get_clim())
        if low < high:
            bar.ax.set(**{f"{'xy'[location in ('left', 'right')]}lim": (low, high)})
    return bar


def _columns(x: str, y: str, value: str) -> tuple[str, ...]:
    if x == y:
        raise ValueError(f"x and y must be two columns, got {x!r} twice")
    return ("policy", x, y, value)


def _draw(ax: Axes, grid: pd.DataFrame, names: tuple[str, str], colours: str, norm: Normalize) -> QuadMesh:
    across, down = _axis(ax, "x", grid.columns), _axis(ax, "y", grid.index)
    values = np.ma.masked_invalid(grid.to_numpy(float))
    # Pixels also in a PDF: between areas viewers leave hairlines.
    mesh = ax.pcolormesh(across, down, values, cmap=colours, norm=norm, rasterized=True)
    mesh.set_cmap(mesh.get_cmap().with_extremes(bad=MISSING))
    if isinstance(norm, CenteredNorm) and (below := np.argwhere(values.filled(0) < -1e-9)).size:
        boxes = [
            Rectangle((across[i], down[j]), across[i + 1] - across[i], down[j + 1] - down[j]) for j, i in below.tolist()
        ]
        ax.add_collection(PatchCollection(boxes, facecolor="none", edgecolor="0.25", linewidth=0, hatch="/////"))
    ax.spines[:].set_visible(True)  # cells near 0 are nearly white
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    return mesh


def _axis(ax: Axes, which: str, keys: "pd.Index[Any]") -> NDArray[np.float64]:
    """Cell edges along one axis, whose scale and ticks are set to suit the grid."""
    edges, kind = _edges(keys)
    ax.set(**{f"{which}scale": "log" if kind == "log" else "linear"})
    set_ticks(ax.xaxis if which == "x" else ax.yaxis, keys, edges, kind)
    return edges


def _edges(keys: "pd.Index[Any]") -> tuple[NDArray[np.float64], str]:
    if len(keys) > 1 and pd.api.types.is_numeric_dtype(keys.dtype):
        values = keys.to_numpy(float)
        if _even(values):
            return _between(values), "linear"
        if values[0] > 0 and _even(np.log(values)):
            edges = np.exp(_between(np.log(values)))
            return (np.minimum(edges, 1.0) if keys.name == "fraction" else edges), "log"
    return np.arange(len(keys) + 1, dtype=np.float64), "equal"


def _even(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values)
    return bool(np.allclose(steps, steps.mean(), rtol=0.1, atol=0))


def _between(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Midpoints of neighbours, and as far again beyond both ends."""
    middle = (values[:-1] + values[1:]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
