"""Ticks of a heatmap's axes: at the cells where they are few, else at round numbers, and no label meets another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axis import Axis, YAxis
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    Formatter,
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
    ScalarFormatter,
)
from numpy.typing import NDArray

from .looks import power

MOST = 8  # labels, however long the axis
LONG = 6  # characters that a round number on a logarithmic axis needs at most
BAR = 0.75  # of the width is left when a colour bar has taken its own
STEPS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,))  # of each power of ten, the finest that fits


def set_ticks(axis: Axis, keys: "pd.Index[Any]", edges: NDArray[np.float64], kind: str) -> None:
    """Set ticks and labels for cells of these keys and edges.

    `kind` is the axis' scale, "linear" or "log", or "equal" for cells numbered from 0.
    """
    minor: list[float] = []
    form: Formatter
    if kind == "equal":
        at, names = _equal(axis, keys)
        form = FixedFormatter(names)
    elif kind == "linear":
        at, form = _linear(axis, keys.to_numpy(float)), ScalarFormatter()
    else:
        at, minor = _logarithmic(axis, keys.to_numpy(float), edges)
        form = FuncFormatter(power)
    axis.set_major_locator(FixedLocator(at))
    axis.set_major_formatter(form)
    axis.set_minor_locator(FixedLocator(minor))
    axis.set_minor_formatter(NullFormatter())


def _fits(axis: Axis, names: Sequence[str]) -> bool:
    """Whether labels fit at the present size of the axes; Matplotlib counts room in labels of 3 em, or of 2 lines."""
    space = axis.get_tick_space()
    if isinstance(axis, YAxis):
        return len(names) <= min(MOST, 1.3 * space)
    return len(names) <= MOST and len(names) * (0.6 * max(map(len, names), default=0) + 0.7) <= 3 * BAR * space


def _logarithmic(
    axis: Axis, centres: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[list[float], list[float]]:
    """Labelled values, and those of small ticks without a label."""
    if max(map(len, names := _powers(centres.tolist()))) <= LONG and _fits(axis, names):
        return centres.tolist(), []
    low, high = edges[0], edges[-1] * (1 + 1e-9)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ladders = [[m * 10.0**k for k in decades for m in steps] for steps in STEPS]
    ladders = [[value for value in ladder if low <= value <= high] for ladder in ladders]
    every, coarse = ladders[0], ladders[-1]
    ladders += [coarse[::stride] for stride in range(2, len(coarse))]
    found = [ladder for ladder in ladders[1:] if len(ladder) > 1 and _fits(axis, _powers(ladder))]
    return (found[0] if found else _ends(centres)), (every if len(decades) <= 8 else coarse)


def _linear(axis: Axis, centres: NDArray[np.float64]) -> list[float]:
    if _fits(axis, _names(centres.tolist())):
        found: list[float] = centres.tolist()
        return found
    slack = 1e-6 * (centres[-1] - centres[0])
    for bins in range(MOST, 1, -1):
        ticks = MaxNLocator(bins, steps=[1, 2, 5, 10]).tick_values(centres[0], centres[-1])
        inside: list[float] = ticks[(ticks >= centres[0] - slack) & (ticks <= centres[-1] + slack)].tolist()
        if len(inside) > 1 and _fits(axis, _names(inside)):
            return inside
    return _ends(centres)


def _equal(axis: Axis, keys: "pd.Index[Any]") -> tuple[list[float], list[str]]:
    for step in range(1, len(keys) + 1):
        names = _names(keys[::step])
        if _fits(axis, names):
            break
    return [place + 0.5 for place in range(0, len(keys), step)], names


def _ends(centres: NDArray[np.float64]) -> list[float]:
    return [float(centres[0]), float(centres[-1])]


def _powers(values: Sequence[float]) -> list[str]:
    return [power(value, None) for value in values]


def _names(keys: "Sequence[object] | pd.Index[Any]") -> list[str]:
    """Numbers in as few digits as tell them apart, from three up; anything else as it is."""
    for digits in (3, 4, 6, 12):
        names = [f"{key:.{digits}g}" if isinstance(key, float) else str(key) for key in keys]
        if len(set(names)) == len(names):
            break
    return names
