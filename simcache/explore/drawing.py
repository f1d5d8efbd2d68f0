"""The figure of a table: functions whose own text stands in the script, so that both draw the same."""

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .. import plot


def draw_curves(
    table: pd.DataFrame, forms: Mapping[str, Any], x: str, y: str, size: float, path: str | os.PathLike[str]
) -> Any:
    """A line for each policy, rings where theory has a form, and the size in question."""
    with plot.style("page"):
        fig, axes = plot.facets(table, x=x, y=y)
        for rates in forms.values():
            sizes = table[x].unique()
            axes[0].plot(sizes, rates, "o", color="black", markerfacecolor="none", markersize=3, markeredgewidth=0.6)
        axes[0].axvline(size, color="0.6", linewidth=0.8, linestyle=":")
        plot.save(fig, path)
    return fig


def draw_gap(table: pd.DataFrame, policy: str, x: str, over: str, y: str, path: str | os.PathLike[str]) -> Any:
    """How far a policy is above the best of those that are not OPT."""
    with plot.style("page"):
        fig, _ = plot.facets(table, kind="gap", policies=[policy], x=x, y=over, value=y)
        plot.save(fig, path)
    return fig
