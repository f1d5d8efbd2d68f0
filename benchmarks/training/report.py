"""training-time.md from the table: times laid out as those that the mission began with, and what stands behind them."""

from collections.abc import Iterator

import pandas as pd

from .cases import HALF
from .reasons import failures
from .table import BINDS, HIDES, WAITS
from .words import markdown, methods, network

LEGEND = (
    "Seconds an epoch, the median ± half the spread; below it what `loader.timing` predicts from the costs, and the "
    "share of the time in which training waits for data, measured / predicted. * marks where OPT's time is not as the "
    f"model has it: at or below this row's where it says that loading binds ({WAITS:.0%} or more of the time are "
    "waited for data), equal where it says that it hides, both within the larger of the two spreads. The clock starts "
    "once the workers stand."
)


def page(table: pd.DataFrame) -> str:
    """The whole page, in markdown."""
    parts = [*dict.fromkeys(table["measured_on"]), LEGEND]
    for _, mine in table[table["fraction"] == HALF].groupby(["device", "data", "order"], sort=False):
        parts += [*times(mine)]
    for _, mine in table.groupby("device", sort=False):
        parts += [*sizes(mine), *costs(mine), *errors(mine)]
    return "\n\n".join([*parts, *failures(table)]) + "\n"


def times(mine: pd.DataFrame) -> Iterator[str]:
    """Networks by methods."""
    one = mine.iloc[-1]
    yield (
        f"**{one['dataset'][0].upper()}{one['dataset'][1:]}, {one['order']}, {one['device']}**: {one['items']:,} "
        f"items, {one['epochs']} epochs, batches of {one['batch']}, {one['workers']} workers; room for half of the "
        "items, in one cache that was planned, or (private) in one of each worker's own, of cachetools. Runs of each: "
        f"{mine['repeats'].max()}."
    )
    lines = {}
    for name, rows in mine.groupby("network", sort=False):
        rows = rows.set_index(methods(rows))
        lines[network(name)] = [
            f"{it.epoch_s:.3f} ± {(it.high_s - it.low_s) / 2:.3f}{' *' if it.marked else ''}"
            for it in rows.itertuples()
        ]
        lines[f"{network(name)}, predicted"] = [f"{seconds:.3f}" for seconds in rows["predicted_s"]]
        lines[f"{network(name)}, waits"] = [f"{it.stall:.0%} / {it.predicted_stall:.0%}" for it in rows.itertuples()]
    lines["hit rate"] = [f"{rate:.3f}" for rate in rows["hit_rate"]]
    lines["hit rate, late ones too"] = [f"{rate:.3f}" for rate in (rows["hits"] + rows["late"]) / rows["accesses"]]
    lines["hit rate, simulated"] = [f"{rate:.3f}" for rate in rows["simulated_hit_rate"]]
    yield markdown(pd.DataFrame.from_dict(lines, orient="index", columns=rows.index))


def sizes(mine: pd.DataFrame) -> Iterator[str]:
    """The MLP's hit rates by cache size, live beside simulated."""
    for (title, order), rows in mine[mine["network"] == "mlp"].groupby(["dataset", "order"], sort=False):
        if rows["fraction"].nunique() > 1:
            yield (
                f"**Hit rates of the MLP by cache size, {title}, {order}, {rows['device'].iloc[0]}**: live / "
                "simulated; they differ by the hits that came late."
            )
            rows = rows[rows["method"] != "none"]
            cells = rows["hit_rate"].map("{:.3f}".format) + " / " + rows["simulated_hit_rate"].map("{:.3f}".format)
            grid = (
                cells.groupby([rows["fraction"], methods(rows)]).first().unstack()[list(dict.fromkeys(methods(rows)))]
            )
            yield markdown(grid.rename(index="{:.0%} of the items".format))


def costs(mine: pd.DataFrame) -> Iterator[str]:
    """What the predictions were made of."""
    yield (
        f"**Costs**, {mine['device'].iloc[0]}, measured: µs an item that misses, that hits in the shared cache and in "
        "a private one, and that is made ready; ms a step. Each group of runs has its own, measured in turns with "
        "them; these are the medians."
    )
    lines = {}
    for title, rows in mine.groupby("dataset", sort=False):
        hits = rows.groupby("sharing")["t_hit_s"].median()
        one = {"miss": rows["t_miss_s"].median(), "hit, shared": hits["shared"], "hit, private": hits["private"]}
        one |= {"made ready": rows["t_prep_s"].median()}
        steps = rows.groupby("network", sort=False)["t_step_s"].median()
        lines[title] = {f"{name}, µs": f"{1e6 * seconds:,.0f}" for name, seconds in one.items()} | {
            f"{network(name)}'s step, ms": f"{1e3 * seconds:.2f}" for name, seconds in steps.items()
        }
    yield markdown(pd.DataFrame.from_dict(lines, orient="index"))


def errors(mine: pd.DataFrame) -> Iterator[str]:
    """Predicted against measured."""
    bounded = mine["epoch_s"] / mine[["predicted_s", "cores_s"]].max(axis=1) - 1
    yield (
        f"**Predicted against measured**, {mine['device'].iloc[0]}: measured over predicted, less 1. `loader.timing` "
        "gives each process a core of its own; beside it, no epoch is taken to be shorter than the work of all its "
        f"processes over the {mine['cores'].iloc[0]} cores that there are."
    )
    lines = {}
    for title, rows in (("all rows", mine), *mine.groupby(["dataset", "network"], sort=False)):
        name = title if isinstance(title, str) else f"{title[0]}, {network(title[1])}"
        told = {
            "rows": len(rows),
            "loading binds": f"{(rows['says'] == BINDS).sum()}",
            "hides": f"{(rows['says'] == HIDES).sum()}",
        }
        for which, values in (("loader.timing", rows["error"]), ("and cores", bounded[rows.index])):
            told[f"{which}: mean error"] = f"{values.mean():+.1%}"
            told[f"{which}: mean size of it"] = f"{values.abs().mean():.1%}"
        lines[name] = told
    yield markdown(pd.DataFrame.from_dict(lines, orient="index"))
