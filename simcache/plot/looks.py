"""How figures look: one fixed colour, dash and marker per policy, print sizes, and one legend for several panels."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any
from zlib import crc32

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogFormatter

from .. import policies
from .rows import base, choice

WIDTHS = {"column": 3.35, "page": 7.0}  # inches

# Okabe & Ito's colours for all kinds of vision, without their yellow: too pale for a line on white.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
# For what is no policy: other tools, workloads. Tol's muted colours, none of them a policy's.
OTHERS = ("#332288", "#44AA99", "#882255", "#999933", "#CC6677", "#7F7F7F")
Dash = tuple[float, tuple[float, ...] | None]
Marker = str | tuple[int, int, float]
Look = tuple[str, Dash, Marker]
SOLID: Dash = (0, None)
DRAWING = RLock()  # Matplotlib's settings are of the whole process: of two threads' each would bring the other's back
POLICIES: dict[str, Look] = {
    "opt": (BLACK, SOLID, "o"),
    "opt(bypass=True)": (BLACK, (0, (6, 1)), "D"),  # a policy and its variants have one colour
    "pin": (ORANGE, (0, (2.5, 1.2)), "s"),
    "lru": (BLUE, (0, (6, 1.5)), "^"),
    "lfu": (VERMILLION, (0, (6, 1.5, 1, 1.5)), "v"),
    "fifo": (GREEN, (0, (3.5, 1.2, 1, 1.2, 1, 1.2)), "P"),
    "rr": (PURPLE, (0, (1, 1)), "X"),
}
CODED = 60  # looks there are for the other policies, each with a dash and a marker of its own
SPARE_COLOURS = (SKY, PURPLE, GREEN, BLUE, VERMILLION, ORANGE)
SPARE_STROKES: tuple[tuple[Dash, str], ...] = (
    ((0, (9, 2)), "<"),
    ((0, (1, 2)), ">"),
    ((0, (9, 2, 1, 2)), "p"),
    ((0, (4, 4)), "d"),
    ((0, (9, 2, 3, 2)), "h"),
    ((0, (1, 1, 1, 3)), "*"),
    ((0, (5, 1, 5, 3)), "8"),
    ((0, (9, 1, 1, 1, 1, 1, 1, 1)), "H"),
)


def looks(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Line properties for each label.

    A policy of the package looks the same in every figure, those without a look above by a hash of their names
    (`_coded`). Any other label takes a spare dash and marker by a hash of
    its text, so it too keeps its look, unless two labels of one figure meet on the same: then the later in the
    alphabet takes the next that is free. `lfu(perfect=True)` keeps the colour of `lfu`.
    """
    given = {**_coded(), **POLICIES}
    found = {label: given[label] for label in labels if label in given}
    taken: set[int] = set()
    for label in sorted(set(labels) - set(found)):
        if len(taken) == len(SPARE_STROKES):
            taken.clear()
        code = crc32(label.encode())
        at = code % len(SPARE_STROKES)
        while at in taken:
            at = (at + 1) % len(SPARE_STROKES)
        taken.add(at)
        known = given.get(base(label))
        colour = known[0] if known else SPARE_COLOURS[code // len(SPARE_STROKES) % len(SPARE_COLOURS)]
        found[label] = (colour, *SPARE_STROKES[at])
    return {
        label: {
            "color": colour,
            "linestyle": dash,
            "marker": marker,
            # Where policies agree, OPT shows as a broad line beneath the others.
            "linewidth": 1.9 if label == "opt" else 1.2,
            "markersize": 4.2 if label == "opt" else 3.6,
            "markeredgewidth": 0.0,
        }
        for label in labels
        for colour, dash, marker in [found[label]]
    }


def _coded() -> dict[str, Look]:
    """The look of each policy of the package that has none above, by a hash of its name; no two are alike.

    Dashes and dots, 2 to 4 and 1 to 5, dashes of one of four lengths; a polygon or star of 3 to 6 points, turned.
    """
    found: dict[str, Look] = {}
    taken: set[int] = set()
    for name in sorted(set(policies.names()) - set(POLICIES)):
        code = crc32(name.encode())
        slot = next((s for k in range(CODED) if (s := (code + k) % CODED) not in taken), code % CODED)
        taken.add(slot)
        dashes, dots, width = 2 + slot % 3, 1 + slot // 3 % 5, 3 + slot // 15
        dash: Dash = (0, (float(width), 1.0) * dashes + (1.0, 1.0) * dots)
        points, star, turn = 3 + slot % 4, slot // 4 % 2, slot // 8 + 0.5
        marker: Marker = (points, star, turn * 360 / points / 8)
        found[name] = (SPARE_COLOURS[slot % len(SPARE_COLOURS)], dash, marker)
    return found


@contextmanager
def style(width: str = "column", height: float | None = None) -> Iterator[tuple[float, float]]:
    """Settings for print within the block, whatever the user's own are; the settings from before come back after it.

    Parameters
    ----------
    width : {"column", "page"}
        Figure width: 3.35 or 7.0 inches. Text is 8 points at that width, 7 on ticks.
    height : float, optional
        Figure height in inches; by default 0.7 of a column's width.

    Yields
    ------
    tuple of float
        The default figure size, (width, height) in inches.

    Raises
    ------
    ValueError
        When `width` is neither.

    Notes
    -----
    Matplotlib makes ticks only as it draws, so `save` belongs inside the block too. Its settings are of the whole
    process, so the block of another thread begins when this one has ended.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot
    >>> with plot.style("column") as size:
    ...     fig, ax = plt.subplots()
    >>> [round(side, 2) for side in size], plt.rcParams["font.size"]  # the user's own size again
    ([3.35, 2.34], 10.0)
    """
    size = (WIDTHS[choice(width, "width", tuple(WIDTHS))], 0.7 * WIDTHS["column"] if height is None else height)
    own: dict[str, Any] = {
        "figure.figsize": size,
        "figure.constrained_layout.use": True,
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "legend.handlelength": 3.2,  # long enough to show a whole dash pattern
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "ytick.minor.size": 1.5,
        "hatch.linewidth": 0.5,
    }
    with DRAWING:
        shows = matplotlib.is_interactive()
        try:
            with matplotlib.style.context(["default", own]):
                yield size
                shows = matplotlib.is_interactive()
        finally:
            # A notebook's backend, loaded by the first figure, shows this and those after it.
            matplotlib.interactive(shows)


def scale(ax: Axes, which: str, kind: str) -> None:
    """Give one axis a scale; a logarithmic one is labelled 0.01, 0.1, 1, 10, 100, 1k, 10k, 100k, 1M."""
    ax.set(**{f"{which}scale": kind})
    if kind == "log":
        axis = ax.xaxis if which == "x" else ax.yaxis
        axis.set_major_formatter(FuncFormatter(power))
        axis.set_minor_formatter(_Between())


class _Between(LogFormatter):
    """Labels between powers of ten, where Matplotlib has some, written as those are."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return power(x, pos) if super().__call__(x, pos) else ""


def power(value: float, _: object) -> str:
    """A number as a logarithmic axis labels it."""
    if 1e3 <= value < 1e12:
        size, letter = next((size, letter) for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if value >= size)
        return f"{value / size:g}{letter}"
    return f"{value:g}"


def legend(fig: Figure, columns: int | None = None) -> Legend:
    """One legend below all panels of a figure, each label once.

    The figure needs a constrained layout (as within `style`), which makes the room.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        With labelled lines in its panels.
    columns : int, optional
        Labels side by side; by default as many as surely fit.

    Returns
    -------
    Legend
        What was added.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot, sweep, synth
    >>> table = sweep([synth.shuffled(200, epochs=5)], ["opt", "lru"], [0.1, 0.5, 0.9])
    >>> with plot.style("page"):
    ...     fig, ax = plt.subplots()
    ...     plot.hit_curves(ax, table)
    ...     labels = [text.get_text() for text in plot.legend(fig).get_texts()]
    >>> labels
    ['OPT', 'LRU']
    """
    handles = {label: handle for ax in fig.axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    entry = 0.75 + 0.065 * max(map(len, handles), default=0)  # inches, at 8 points
    columns = columns or max(1, min(len(handles), int(fig.get_figwidth() / entry)))
    return fig.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=columns)
