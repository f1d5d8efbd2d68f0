"""All that a table needs, piece by piece: what is there already is left, what is missing is measured and kept."""

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import _machine
import torch
from tqdm import tqdm

from . import table
from .cases import HALF, Case, Size, groups
from .costs import costs
from .loading import Machine
from .records import code, keep, kept
from .running import run
from .sources import Source

VERSIONS = ("simcache", "numpy", "numba", "torch", "pillow", "cachetools")


def rows(
    size: Size, networks: Sequence[str], found: dict[str, Source], machine: Machine, folder: Path
) -> list[dict[str, Any]]:
    """The table's lines; one training run a record, and the runs of cases to compare in turns."""
    common = dependencies(size, machine)
    folder.mkdir(parents=True, exist_ok=True)
    every = [(group, 1 if group[0].fraction != HALF else size.repeats) for group in groups(size, networks)]
    lines = []
    with tqdm(total=sum(repeats * len(group) for group, repeats in every), unit="run", smoothing=0.05) as bar:
        for group, repeats in every:
            data, network = group[0].data, group[0].network
            source = found[data]
            depends = {**common, "data": source.mark}
            bar.set_description(f"{data}, {network}")
            paid: list[dict[str, float]] = []
            runs: dict[Case, list[Any]] = {case: [] for case in group}
            for repeat in range(1, 1 + repeats):
                title = f"{data}, {group[0].order}, {network}, {group[0].fraction:g}, costs, run {repeat}"
                paid.append(piece(folder, title, depends, partial(costs, network, source, machine)))
                for case in group:
                    measure = partial(run, case, source, machine, size.epochs)
                    runs[case].append(piece(folder, f"{case}, run {repeat}", depends, measure))
                    bar.update()
            typical = {name: median(each[name] for each in paid) for name in paid[0]}
            lines += [table.row(case, source, machine, cores(), typical, runs[case]) for case in group]
    return lines


def piece(folder: Path, title: str, depends: dict[str, Any], measure: Callable[[], Any]) -> Any:
    """What was measured under that title, or is now; said once it is written."""
    path, depends = folder / (re.sub(r"[^\w.]+", "-", title) + ".json"), {**depends, "what": title}
    if (done := kept(path, depends)) is None:
        done = measure()
        keep(path, depends, done)
        tqdm.write(f"measured {title}")
    return done


def dependencies(size: Size, machine: Machine) -> dict[str, Any]:
    """What every piece depends on, as JSON has it."""
    about = _machine.described(VERSIONS)
    part = {name: about[name] for name in ("processor", "memory_gb", "system", "python", "versions")}
    gpu = torch.cuda.get_device_name() if machine.device == "cuda" else ""
    scale = {"items": size.items, "batch": size.batch, "shrunk": size.shrunk, "epochs": size.epochs}
    return {**part, "cores": cores(), "gpu": gpu, **machine._asdict(), **scale, "code": code()}


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def measured_on(machine: Machine) -> str:
    """A sentence for the table."""
    about = _machine.described(VERSIONS)
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    gpu = f", {torch.cuda.get_device_name()}" if machine.device == "cuda" else ""
    return (
        f"Measured on {about['processor']}, {cores()} cores, {about['memory_gb']} GB{gpu}, {about['system']}; training "
        f"on one thread, {machine.workers} workers; Python {about['python']}, {versions}; commit {about['commit']}, "
        f"{about['date']}."
    )
