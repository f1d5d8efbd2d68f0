"""What a sweep finds in a store, and what it writes there."""

import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ..cells import Facts
from ..codes import code_key
from ..journals import Stored
from ..keys import call_key, part_key, policy_key, trace_key
from ..store import cells_of, load
from .grid import Grid, described
from .tasks import Found


class Keys(NamedTuple):
    """The key of each policy, of each trace's call, and of each part: cells of one trace, policy and seed."""

    policies: list[str]
    calls: list[str]
    parts: dict[tuple[int, int, int], str]


def keys_of(grid: Grid) -> Keys:
    """The keys of all that a grid asks for."""
    codes: dict[int, str] = {}  # for this grid: tomorrow a notebook's function may reach other code

    def code(function: Any) -> str:
        if id(function) not in codes:
            codes[id(function)] = code_key(function)
        return codes[id(function)]

    policies = [policy_key(chosen) for chosen in grid.policies]
    calls, parts = [], {}
    for i, source in enumerate(grid.sources):
        calls.append(call_key(source))
        trace = trace_key(source, code, calls[i])
        for j, chosen in enumerate(grid.policies):
            for seed in grid.seeds_of(chosen):
                drawn = seed if chosen.random else None
                parts[i, j, seed] = part_key(trace, policies[j], grid.of, grid.warmup, drawn)
    return Keys(policies, calls, parts)


def known(grid: Grid, keys: Keys, folder: Path) -> Iterator[tuple[int, Facts, Found]]:
    """What a store has of a grid, those cells that failed too: the number of the trace, what it is, and its cells."""
    lines = load(folder, set(keys.parts.values()))
    for (i, j, seed), key in keys.parts.items():
        if key in lines:
            yield i, lines[key][-1].facts, Found(j, seed, cells_of(lines[key]))


def lines_of(grid: Grid, keys: Keys, i: int, facts: Facts, found: Found) -> Iterator[Stored]:
    """What is written of cells of trace `i`: a line of those with counts, one of each error."""
    chosen, code = grid.policies[found.policy], keys.policies[found.policy]
    key = keys.parts[i, found.policy, found.seed]
    alike: dict[str | None, list[Any]] = {}
    for size, cell in found.cells.items():
        alike.setdefault(cell.error, []).append((size, *cell[:4]))
    for error, cells in alike.items():
        sizes, capacities, hits, warm, weight = map(list, zip(*cells, strict=True))
        about = key, facts, keys.calls[i], chosen.label, code, found.seed, chosen.random, grid.of
        yield Stored(*about, sizes, capacities, hits, warm, weight, error)


def about(grid: Grid) -> dict[str, Any]:
    """What runs: versions, the commit of the folder it runs in, the machine, the call."""
    versions = {name: sys.modules[name].__version__ for name in (__name__.partition(".")[0], "numba", "numpy")}
    commit = None
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "rev-parse", "HEAD"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        commit = said.stdout.strip()
    call = {
        "traces": len(grid.sources),
        "first": described(grid.sources[0]),
        "policies": [chosen.label for chosen in grid.policies],
        grid.of: grid.sizes[:1000],
        "seeds": grid.seeds[:1000],
        "warmup": grid.warmup,
    }
    return {"python": platform.python_version(), **versions, "commit": commit, "host": platform.node(), "call": call}
