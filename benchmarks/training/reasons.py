"""In words: whether OPT stands to the others as the model has it, and where not, what of the costs may say why."""

from collections.abc import Iterator

import pandas as pd

from .table import BINDS, KEY
from .words import methods, network

LIKE = 0.8  # share of a miss's cost from which on a hit costs about as much
FULL = 0.9  # share of the time from which on all cores are at work


def failures(table: pd.DataFrame) -> Iterator[str]:
    """How many rows are as the model has it, and each group of those that are not."""
    judged = table[(table["method"] != "opt") & (table["repeats"] > 1)]
    if judged.empty:
        return
    binds, right = judged["says"] == BINDS, judged["marked"] == ""
    yield (
        f"**Does OPT stand to the others as the model says?** Where loading binds, OPT's time is at or below the "
        f"other's, within the larger spread of {judged['repeats'].max()} runs, in {(binds & right).sum()} of "
        f"{binds.sum()} rows; where loading hides, it is equal in {(~binds & right).sum()} of {(~binds).sum()}."
    )
    lines = []
    for (device, *_), mine in judged[~right].groupby(KEY, sort=False):
        one = mine.iloc[0]
        each = "; ".join(
            f"{name} ({it.marked}, by {abs(1 - best_of(table, it) / it.epoch_s):.0%})"
            for name, it in zip(methods(mine), mine.itertuples(), strict=True)
        )
        lines.append(f"- {network(one['network'])}, {one['dataset']}, {one['order']}, {device}: {each}. {why(mine)}")
    yield "\n".join(lines) if lines else "No row is marked."


def best_of(table: pd.DataFrame, row: tuple) -> float:
    """OPT's seconds beside a row's."""
    same = (table[KEY] == [getattr(row, name) for name in KEY]).all(axis=1) & (table["method"] == "opt")
    return float(table.loc[same, "epoch_s"].iloc[0])


def why(mine: pd.DataFrame) -> str:
    """What the costs say of rows that were marked."""
    one = mine.iloc[0]
    if one["t_hit_s"] + one["t_prep_s"] > LIKE * (one["t_miss_s"] + one["t_prep_s"]):
        return (
            f"A hit ({1e6 * one['t_hit_s']:.0f} µs) is not much cheaper than a miss ({1e6 * one['t_miss_s']:.0f} "
            "µs): no cache can make this much faster, and storing samples costs too."
        )
    if (mine["cores_s"] > FULL * mine["epoch_s"]).any():
        return (
            f"Loading and training together keep the {one['cores']} cores busy, so what is not loaded makes training "
            "faster too, where the model has a core for each."
        )
    return "Nothing in the costs says why; the spreads of so few runs are themselves uncertain."
