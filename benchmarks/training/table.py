"""The table: what was measured, simulated and predicted of each case, and whether OPT did what the model says."""

from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from simcache.loader import Costs, timing

from .cases import Case
from .loading import Machine, capacities, simulated
from .sources import Source

BINDS, HIDES = "loading binds", "loading hides"
WAITS = 0.05  # share of the time that is waited for data from which on loading binds
KEY = ["device", "data", "order", "network", "fraction"]  # what rows to compare have in common


def row(
    case: Case,
    source: Source,
    machine: Machine,
    cores: int,
    costs: dict[str, float],
    runs: list[dict[str, Any]],
) -> dict[str, Any]:
    """One line, all of it but what other lines decide; seconds and rates are of an epoch."""
    epochs = len(runs[0]["seconds"])
    each = [sum(run["seconds"]) / epochs for run in runs]
    dealt, shape, hits = simulated(case, source, machine, epochs)
    t_hit = costs["t_private" if case.sharing == "private" else "t_shared"]
    t_miss, t_prep, t_step = costs["t_miss"], costs["t_prep"], costs["t_step"]
    told = timing(dealt, shape, hits, Costs(t_hit, t_miss, t_prep, t_step))
    work = np.where(hits, t_hit, t_miss).sum() + hits.size * t_prep
    work += told.steps * t_step if machine.device == "cpu" else 0.0
    caches, capacity = capacities(case, source, machine)
    middle = sorted(runs, key=lambda run: run["hits"])[(len(runs) - 1) // 2]
    return {
        "device": machine.device,
        "data": case.data,
        "dataset": source.title,
        "items": len(source.dataset),
        "batch": source.batch,
        "workers": machine.workers,
        "order": case.order,
        "network": case.network,
        "method": case.method,
        "sharing": case.sharing,
        "fraction": case.fraction,
        "caches": caches,
        "capacity": capacity,
        "epochs": epochs,
        "repeats": len(runs),
        "epoch_s": median(each),
        "low_s": min(each),
        "high_s": max(each),
        "start_s": median(run["starting"] for run in runs),
        "accesses": hits.size,
        "hits": middle["hits"],
        "late": middle["late"],
        "hit_rate": middle["hits"] / hits.size,
        "simulated_hits": int(hits.sum()),
        "simulated_hit_rate": hits.mean(),
        "stall": median(run["waited"] / sum(run["seconds"]) for run in runs),
        "predicted_s": told.total / epochs,
        "predicted_stall": told.stall,
        "error": median(each) / (told.total / epochs) - 1,
        "cores": cores,
        "cores_s": work / cores / epochs,
        "t_hit_s": t_hit,
        "t_miss_s": t_miss,
        "t_prep_s": t_prep,
        "t_step_s": t_step,
        "says": BINDS if told.stall >= WAITS else HIDES,
    }


def held(table: pd.DataFrame) -> pd.DataFrame:
    """With a column `marked`: where OPT's time is not as the model has it, beside this row's.

    Where loading binds for this row, OPT's is to be at or below it, else equal; but for the larger of both spreads,
    and so only where a row was measured more than once.
    """
    marks = pd.Series("", index=table.index)
    for _, mine in table.groupby(KEY, sort=False):
        best = mine[mine["method"] == "opt"].iloc[0]
        if best["repeats"] < 2:
            continue
        slower = best["epoch_s"] - mine["epoch_s"]
        spread = (mine["high_s"] - mine["low_s"]).clip(lower=best["high_s"] - best["low_s"])
        marks[mine.index[slower > spread]] = "OPT is slower"
        marks[mine.index[(-slower > spread) & (mine["says"] == HIDES)]] = "OPT is faster"
    return table.assign(marked=marks)
