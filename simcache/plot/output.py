"""save: figures as files, the same bytes on every run."""

import os
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from ..files import replacing

# No dates, no versions: what a figure shows decides its bytes.
METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
}
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "simcache",  # else ids are random
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
    "savefig.bbox": "standard",  # the width asked for, not that of the ink
}
DPI = 300


def save(fig: Figure, path: str | os.PathLike[str]) -> list[Path]:
    """Write a figure as .pdf, .png and .svg side by side, the same bytes on every run of the script that draws it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        What to write.
    path : path
        With suffix .pdf, .png or .svg, that one file is written. Otherwise all three, named after the path; a script's
        own path (.py) gives files beside it.

    Returns
    -------
    list of Path
        The files written, each whole or not at all.

    Raises
    ------
    TypeError
        When `fig` is no figure.
    ValueError
        When the suffix is that of another image format.
    OSError
        When the folder is missing or cannot be written to.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from simcache import plot
    >>> with plot.style("column"):
    ...     fig, ax = plt.subplots()
    ...     files = plot.save(fig, "empty")
    >>> [file.name for file in files]
    ['empty.pdf', 'empty.png', 'empty.svg']
    """
    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a matplotlib Figure, got {type(fig).__name__}")
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in METADATA:
        targets = [target]
    elif suffix[1:] in fig.canvas.get_supported_filetypes():
        raise ValueError(f"a figure must be written as .pdf, .png or .svg, got {str(target)!r}")
    else:
        stem = target.stem if suffix == ".py" else target.name
        targets = [target.with_name(stem + suffix) for suffix in METADATA]
    with matplotlib.rc_context(SETTINGS):
        # One layout for all files: each format would settle its own, a little different, and slowly.
        fig.draw_without_rendering()
        engine = fig.get_layout_engine()
        fig.set_layout_engine("none")
        try:
            for file in targets:
                kind = file.suffix.lower()
                with replacing(file) as temporary:
                    fig.savefig(temporary, format=kind[1:], dpi=DPI, metadata=METADATA[kind])
        finally:
            fig.set_layout_engine(engine)
    return targets
