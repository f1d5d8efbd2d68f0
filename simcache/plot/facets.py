"""facets: a figure with one panel for each value of a column, or for each trace: shared axes, one legend or bar."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..seeds import listed
from ..trace import whole
from .lines import hit_curves, ordered
from .looks import legend
from .maps import colorbar, gap, heatmap
from .rows import checked, choice, panels, units_of

MOST = 12  # panels: more fit no page
WIDE = 2.2  # inches of a panel, about
Panel = tuple[str, str, pd.DataFrame]


def facets(
    table: pd.DataFrame,
    by: str | None = None,
    *,
    kind: Literal["curves", "heatmap", "gap"] = "curves",
    policies: Sequence[str] | None = None,
    columns: int | None = None,
    **options: Any,
) -> tuple[Figure, NDArray[Any]]:
    """Make a figure of small panels, one for each value of a column, with common axes and one legend or colour bar.

    Parameters
    ----------
    table : DataFrame
        Rows of `sweep` or `hit_curve`; of heatmaps and gaps, `sweep`'s with the columns x and y.
    by : str, optional
        The column: "alpha", "trace", …. By default a panel for each trace, whatever its seeds; of heatmaps and gaps,
        for each policy.
    kind : {"curves", "heatmap", "gap"}
        Drawn by `hit_curves`, `heatmap` or `gap`.
    policies : sequence of str, optional
        Labels to draw, in this order; by default all, of gaps OPT's. Heatmaps and gaps `by` a column are of one policy.
    columns : int, optional
        Panels side by side; by default each is about 2.2 inches wide.
    **options
        What that function takes besides: ``x="capacity"``, ``y="alpha"``, ``against="lru"``, ….

    Returns
    -------
    Figure, array of Axes
        The panels in order: numbers ascend, anything else is as it comes in the table. The figure is as wide as the
        `style` in force says, and pyplot's, as those of ``plt.subplots`` are.

    Raises
    ------
    TypeError, ValueError
        When there are more than 12 panels, or the function that draws them refuses what it is given.

    Examples
    --------
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.zipf(200, 2_000, alpha) for alpha in (0.6, 0.8, 1.0)], ["opt", "lru"], [0.1, 0.2, 0.3])
    >>> fig, axes = plot.facets(table, by="alpha")
    >>> [ax.get_title() for ax in axes]
    ['Zipf exponent α = 0.6', 'Zipf exponent α = 0.8', 'Zipf exponent α = 1']
    """
    choice(kind, "kind", ("curves", "heatmap", "gap"))
    checked(table, ("policy",))
    chosen = ["opt"] if kind == "gap" and policies is None else ordered(table, policies)
    found = _panels(table, by, kind, chosen)
    shared = len(units_of(table)) == 1 and (kind == "curves" or _one_grid(found, options))
    fig, axes = _grid(len(found), columns, shared)
    try:
        if kind == "curves":
            hit_curves(axes, table, policies=chosen, by=by, **options)
            legend(fig)
        else:
            _draw_maps(axes, found, heatmap if kind == "heatmap" else gap, options)
    except BaseException:
        plt.close(fig)
        raise
    if shared and len(axes) > 1:
        _label_outer(fig, axes)
    return fig, axes


def _panels(table: pd.DataFrame, by: str | None, kind: str, chosen: list[str]) -> list[Panel]:
    """Title (where it is not for the map to say), policy (of a map) and rows of each panel."""
    of = f"value of column {by!r}"
    if kind == "curves":
        found: list[Panel] = [(title, "", rows) for title, rows in panels(table[table["policy"].isin(chosen)], by)]
        of = of if by else "trace"
    elif by in (None, "policy"):
        found, of = [("", label, table) for label in chosen], "policy"
    elif len(chosen) > 1:
        raise ValueError(f"a {kind} by {by!r} must be of one policy, named in policies, got {listed(chosen)}")
    else:
        found = [(title, chosen[0], rows) for title, rows in panels(table, by)]
    if len(found) > MOST:
        titles = listed(title or label for title, label, _ in found)
        raise ValueError(
            f"a figure must have at most {MOST} panels, one for each {of}, got {len(found)}: {titles} "
            "(draw some of the rows, or by another column)"
        )
    return found


def _one_grid(found: list[Panel], options: dict[str, Any]) -> bool:
    """Whether all panels have the same cells, so that axes can be shared: cells may be numbered, not measured."""
    names = [options[name] for name in ("x", "y") if name in options]
    return len({tuple(frozenset(rows[name].dropna()) for name in names if name in rows) for *_, rows in found}) == 1


def _grid(count: int, columns: int | None, shared: bool) -> tuple[Figure, NDArray[Any]]:
    width = float(mpl.rcParams["figure.figsize"][0])
    most = max(1, round(width / WIDE)) if columns is None else whole(columns, "columns", 1)
    rows = -(-count // most)
    across = -(-count // rows) if columns is None else min(count, most)  # 4 of 3 across are 2 + 2, not 3 + 1
    height = 0.7 * width / across + 0.45
    if count == 1:
        fig, ax = plt.subplots(figsize=(width, height))
        return fig, np.array([ax])
    import seaborn  # over a second: not before there is a grid

    # seaborn lays its grid out tightly, and Matplotlib warns where a constrained layout was asked for before.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        grid = seaborn.FacetGrid(
            pd.DataFrame({"panel": range(count)}), col="panel", col_wrap=across, height=height,
            aspect=width / across / height, sharex=shared, sharey=shared, despine=False,
        )  # fmt: skip
    grid.figure.set_size_inches(width, rows * height + 0.4)  # and the legend
    grid.figure.set_layout_engine("constrained")
    return grid.figure, grid.axes


def _draw_maps(axes: NDArray[Any], found: list[Panel], draw: Callable[..., QuadMesh], options: dict[str, Any]) -> None:
    meshes = []
    for ax, (title, policy, rows) in zip(axes, found, strict=True):
        meshes.append(draw(ax, rows, policy=policy, bar=False, **options))
        ax.set_title(title or ax.get_title())
    colorbar(meshes)


def _label_outer(fig: Figure, axes: NDArray[Any]) -> None:
    """Numbers at the left and below alone, also where an incomplete last row leaves a gap; one label at the left."""
    across = axes[0].get_subplotspec().get_gridspec().ncols
    fig.supylabel(axes[0].get_ylabel(), fontsize=mpl.rcParams["axes.labelsize"])
    for place, ax in enumerate(axes):
        last = place >= len(axes) - across
        ax.set(ylabel="", xlabel=ax.get_xlabel() if last else "")
        ax.tick_params(labelleft=place % across == 0, labelbottom=last)


def close(fig: Figure) -> None:
    """Have pyplot forget a figure of `facets`, for a program that shows none."""
    plt.close(fig)
