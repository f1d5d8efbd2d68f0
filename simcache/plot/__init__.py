"""Figures from tables, on axes that the caller owns: curves over cache size, theory over simulations, the
working-set picture, heatmaps, gaps to OPT, what a trace looks like, and files to print.

The one place in the package that imports matplotlib and seaborn. Nothing here shows a figure, `facets` and `profile`
alone make one, and no setting outlives the `style` block that made it::

    with plot.style("column"):
        fig, ax = plt.subplots()
        plot.hit_curves(ax, table)
        ax.legend()
        plot.save(fig, "curves")  # curves.pdf, curves.png and curves.svg
"""

from .facets import facets as facets
from .lines import hit_curves as hit_curves
from .looks import legend as legend
from .looks import style as style
from .maps import colorbar as colorbar
from .maps import gap as gap
from .maps import heatmap as heatmap
from .output import save as save
from .overlays import overlay as overlay
from .profiles import profile as profile
from .windows import working_set as working_set

__all__ = [
    "colorbar",
    "facets",
    "gap",
    "heatmap",
    "hit_curves",
    "legend",
    "overlay",
    "profile",
    "save",
    "style",
    "working_set",
]
