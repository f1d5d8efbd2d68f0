"""Keys that several figures share."""

import matplotlib.pyplot as plt

OPEN = {"markerfacecolor": "white", "markeredgewidth": 0.7}


def theory_and_simulation(ax: plt.Axes) -> None:
    """Name, for a legend, what lines are and what points are."""
    ax.plot([], [], color="0.3", linewidth=0.9, label="line: theory")
    ax.plot([], [], "o", color="0.3", markersize=3.6, **OPEN, label="point: simulation")
