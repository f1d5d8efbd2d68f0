"""panels: a figure of equal axes, for a program that has none of its own."""

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..trace import whole


def panels(count: int, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure, as wide as the `style` in force says, and its axes row by row.

    It belongs to the caller alone: no window opens, and pyplot never hears of it.

    Parameters
    ----------
    count : int
        Axes, >= 1.
    columns : int
        Axes side by side, >= 1; each row is then as high as 0.7 of an axes' width, and a little more.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.
    """
    count, columns = whole(count, "count", 1), whole(columns, "columns", 1)
    columns = min(count, columns)
    rows = -(-count // columns)
    width = float(matplotlib.rcParams["figure.figsize"][0])
    fig = Figure(figsize=(width, rows * (0.7 * width / columns + 0.45)))
    return fig, [fig.add_subplot(rows, columns, place + 1) for place in range(count)]
