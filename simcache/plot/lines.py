"""hit_curves: rates over cache size, one panel per trace, or per value of a column."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..seeds import OUTCOMES, is_seed, listed, means
from .looks import POLICIES, looks, scale
from .rows import axis_name, checked, choice, differing, labels, panels, policy_name, rate_name, sources

FEW = 12  # sizes, at most, that all have markers


def hit_curves(
    axes: Axes | Iterable[Axes] | NDArray[Any],
    table: pd.DataFrame,
    *,
    x: Literal["fraction", "capacity"] = "fraction",
    y: Literal["hit_rate", "hit_rate_warm", "byte_hit_rate"] = "hit_rate",
    miss: bool = False,
    log: bool | None = None,
    policies: Sequence[str] | None = None,
    by: str | None = None,
) -> None:
    """Draw each policy's hit rate over cache size, one panel per trace, in the table's order.

    Parameters
    ----------
    axes : matplotlib Axes, or array of them
        As many as the table has traces. Each gets a title and axis labels; call `legend` for the policies. `facets`
        makes them.
    table : DataFrame
        Rows of `sweep` or `hit_curve`, or any with columns `policy`, `x` and `y`. Traces are told apart by name and
        source columns; those that differ by seeds alone are one.
    x : {"fraction", "capacity"}
        Cache size as a share of the items, or in items; of bytes where the rows' unit says so.
    y : {"hit_rate", "hit_rate_warm", "byte_hit_rate"}
        Rate over all accesses, cold misses counted; over those after the warm-up; or over the bytes of all accesses.
    miss : bool
        Draw one minus the rate.
    log : bool, optional
        Logarithmic cache size; by default for capacities, as caching papers do, and not for fractions.
    policies : sequence of str, optional
        Labels to draw, in this order; by default all.
    by : str, optional
        A panel for each value of this column, in place of each trace: "alpha", "policy", "trace_seed", ….

    Raises
    ------
    TypeError, ValueError
        When axes and traces do not match, or the table lacks rows, columns, values or a policy.

    Notes
    -----
    Lines are means over seeds, of traces (`trace_seed`, `repeat_seed`, …) and of policies (`seed`). A band is the 95 %
    interval of the mean by Student's t over the traces, each with the mean over its policy seeds, or over policy seeds
    where there is one trace; it reaches over the bounds of rows that are not exact too.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.shuffled(200, epochs=5)], ["opt", "lru"], [0.1, 0.5, 0.9])
    >>> fig, ax = plt.subplots()
    >>> plot.hit_curves(ax, table)
    >>> [line.get_label() for line in ax.legend().get_lines()]
    ['OPT', 'LRU']
    """
    choice(x, "x", ("fraction", "capacity"))
    choice(y, "y", ("hit_rate", "hit_rate_warm", "byte_hit_rate"))
    checked(table, ("policy", x, y))
    chosen = ordered(table, policies)
    drawn = table[table["policy"].isin(chosen)]
    if by == "policy":
        drawn = drawn.sort_values("policy", key=lambda labels: labels.map(chosen.index), kind="stable")
    found = panels(drawn, by)
    for ax, (title, rows) in zip(_owned(axes, found, drawn, by), found, strict=True):
        if by is not None and (several := differing(rows, [c for c in sources(rows) if c != by])):
            raise ValueError(
                f"a panel must show one trace, whatever its seeds, for {title}; got several {listed(several)}"
            )
        ax.set_xlabel(axis_name(x, rows))
        _draw(ax, rows, x, y, miss, chosen)
        ax.set_title(title)
        ax.set_ylabel(rate_name(rows, y, miss))
        ax.set_ylim(-0.03, 1.03)
        logarithmic = x == "capacity" if log is None else log
        scale(ax, "x", "log" if logarithmic else "linear")
        if not logarithmic:
            ax.set_xlim(left=0)


def ordered(table: pd.DataFrame, policies: Sequence[str] | None) -> list[str]:
    """The policies to draw: as named, or all of the table, the package's own first."""
    known = labels(table)
    if policies is None:
        order = list(POLICIES)
        return sorted(known, key=lambda label: (order.index(label) if label in order else len(order), label))
    chosen = [policies] if isinstance(policies, str) else list(dict.fromkeys(policies))
    if not chosen:
        raise ValueError("policies must name at least one policy of the table, got none")
    return [choice(label, "policy", known) for label in chosen]


def _owned(
    axes: Axes | Iterable[Axes] | NDArray[Any],
    found: list[tuple[str, pd.DataFrame]],
    table: pd.DataFrame,
    by: str | None,
) -> list[Axes]:
    owned: list[Any] = [axes] if isinstance(axes, Axes) else np.ravel(np.asarray(axes, object)).tolist()
    if wrong := [ax for ax in owned if not isinstance(ax, Axes)]:
        raise TypeError(f"axes must be matplotlib Axes, or an array of them, got {type(wrong[0]).__name__}")
    if len(owned) != len(found):
        telling = differing(table, [c for c in ("trace", *sources(table)) if c in table]) if by is None else []
        apart = f" (they differ in {', '.join(telling)})" if telling else ""
        of = "traces of the table" if by is None else f"values of column {by!r}"
        raise ValueError(
            f"axes must be as many as the {of}: {len(found)}{apart}; "
            f"got {len(owned)} for {listed(title for title, _ in found)}"
        )
    return owned


def _draw(ax: Axes, rows: pd.DataFrame, x: str, y: str, miss: bool, policies: Sequence[str]) -> None:
    look, found = looks(policies), _over_seeds(rows, x, y)
    for place, policy in enumerate(policies):
        if policy not in found.index:
            continue
        own = found.loc[policy].sort_index()
        sizes, mean, low, high = own.index.to_numpy(float), *(own[name].to_numpy() for name in ("mean", "low", "high"))
        if miss:
            mean, low, high = 1 - mean, 1 - high, 1 - low
        style = {**look[policy], **_markers(place / len(policies), sizes.size, look[policy]["color"])}
        ax.plot(sizes, mean, label=policy_name(policy), **style)
        if (high > low).any():
            ax.fill_between(sizes, low, high, color=look[policy]["color"], alpha=0.25, linewidth=0)


def _markers(place: float, n_sizes: int, colour: str) -> dict[str, Any]:
    """Which points of the policy at `place`, 0 … 1 among all, have markers, and of which kind."""
    if n_sizes > FEW:
        # At equal distances along the line, each policy's a little further on, so that they do not pile up.
        return {"markevery": (0.03 + 0.2 * place, 0.2)}
    # On every point: the sizes that were simulated. Later ones are smaller, so that those below show around them.
    return {
        "markersize": 7.5 - 4.5 * place,
        "markerfacecolor": "none",
        "markeredgecolor": colour,
        "markeredgewidth": 0.9,
    }


def _over_seeds(rows: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """At each policy and size, the mean rate over seeds and the ends of its band."""
    where = f"trace {rows['trace'].iloc[0]!r}" if "trace" in rows else ""
    # What would be drawn twice, as two fractions that round to one capacity, is drawn once.
    drawn = [c for c in rows.columns if is_seed(c) or c in ("trace", "policy", x, *OUTCOMES, *sources(rows))]
    points = rows.astype({x: float, y: float}).drop_duplicates(drawn)
    if (without := points[y].isna().groupby(points["policy"]).all()).any():
        raise ValueError(
            f"{y} must have values for {' on '.join(filter(None, [f'policy {without.idxmax()!r}', where]))}, got none "
            "(rows that are not exact, and warm-ups as long as the trace, have no warm rate; without sizes there is no "
            "byte rate)"
        )
    return means(points, ["policy", x], y, where)
