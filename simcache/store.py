"""A store: a folder that keeps the finished parts of sweeps, for any number of runs on any number of machines.

It holds ``store.json``, which says its format, and journals: a file for each run that wrote, never opened by another
writer. So nothing is locked, and a folder on a network will do.
"""

import json
import os
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from .cells import Block, Cell, block, blocks_table
from .checks import short
from .files import replacing
from .journals import Stored, lines
from .units import of_shares, of_unit, unit_of

__all__ = ["read"]

FORMAT = 1
MARK = "store.json"


def read(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """All that a store holds as one table, at any time, also while sweeps write to it.

    Parameters
    ----------
    folder : path
        What `sweep` was given as its `store`.

    Returns
    -------
    pandas.DataFrame
        Columns as `sweep` gives them, in order of trace, policy, seed and size. Of a policy whose code has changed, the
        rows of the newest code; of what else would give the same row twice, the newest.

    Raises
    ------
    OSError, ValueError
        When there is no store, or one that a later simcache wrote, or two of its records contradict each other.

    Examples
    --------
    >>> from simcache import store, sweep, synth
    >>> table = sweep([synth.zipf(100, 1_000, 1.0)], ["lru", "fifo"], [0.1, 0.5], store="runs")
    >>> store.read("runs")[["policy", "capacity", "hits"]]
      policy  capacity  hits
    0   fifo        10   321
    1   fifo        50   742
    2    lru        10   363
    3    lru        50   785
    """
    codes: dict[Any, str] = {}
    found = load(checked(folder), codes=codes)
    made = {line.call for each in found.values() for line in each if line.facts.is_made}
    shown: dict[Any, list[Stored]] = {}
    for each in found.values():
        for line in each:
            if line.code == codes[_coded(line)] and (line.facts.is_made or line.call not in made):
                name, *numbers, source, n_bytes, accessed = line.facts
                of = unit_of(line.of) if line.facts.is_made else line.of + line.call
                seed = line.seed if line.draws else -1
                numbers += [n_bytes, accessed]
                row = (name, str(source), *(number or 0 for number in numbers), line.label, of, seed)
                shown.setdefault(row, []).append(line)
    return blocks_table(_block(shown[row]) for row in sorted(shown))


def load(
    folder: Path, wanted: Collection[str] | None = None, codes: dict[Any, str] | None = None
) -> dict[str, list[Stored]]:
    """The lines of a store by their keys, those written last at the end; of the wanted keys, or all.

    `codes` is told the newest code of each policy, in each unit.

    Raises
    ------
    ValueError
        When two records of a cell differ.
    """
    found: dict[str, list[Stored]] = {}
    places: dict[str, str] = {}
    counted: dict[str, dict[Any, tuple[Any, str]]] = {}  # of keys with several lines: each cell's counts, and where
    for place, line in lines(folder):
        if codes is not None:
            codes[_coded(line)] = line.code
        if wanted is not None and line.key not in wanted:
            continue
        if earlier := found.pop(line.key, []):
            if line.key not in counted:
                counted[line.key] = _counts(earlier[0], places[line.key])
            for size, (counts, where) in _counts(line, place).items():
                before, there = counted[line.key].setdefault(size, (counts, where))
                if before != counts:
                    raise ValueError(f"two records of a cell must be the same, got others in {there} and in {where}")
        found[line.key] = [*earlier, line]
        places[line.key] = place
    return found


def _coded(line: Stored) -> tuple[str, str]:
    """What a code is of: a policy has another for bytes."""
    return line.label, unit_of(line.of)


def _counts(line: Stored, place: str) -> dict[Any, tuple[Any, str]]:
    if line.error is not None:
        return {}
    facts = str(line.facts)  # as text: a NaN among the sources is itself then
    return {size: ((facts, cell), place) for size, cell in line.cells().items()}


def cells_of(lines: Sequence[Stored]) -> dict[Any, Cell]:
    """The cells of several lines by their sizes: the later in place of the earlier, but what was counted stays."""
    found: dict[Any, Cell] = {}
    for line in sorted(lines, key=lambda line: line.error is None):
        found |= line.cells()
    return found


def _block(lines: list[Stored]) -> Block:
    """The rows of one trace, policy and seed, in order of size; capacities are the fractions that they are."""
    parts = [line if of_shares(line.of) or not line.facts.is_made else _by_fraction(line) for line in lines]
    facts, label, of, seed = parts[-1].facts, parts[-1].label, parts[-1].of, parts[-1].seed
    if len(parts) == 1 and parts[0].error is None and all(a < b for a, b in pairwise(parts[0].sizes)):
        *_, sizes, capacities, hits, warm, weight, _ = parts[0]
        return Block(facts, label, of, sizes, [seed] * len(sizes), capacities, hits, warm, weight)
    cells = cells_of(parts)
    sizes = sorted(cells)
    return block(facts, label, of, sizes, [seed] * len(sizes), [cells[size] for size in sizes])


def _by_fraction(line: Stored) -> Stored:
    unit = unit_of(line.of)
    every = line.facts.all_of(unit) or 1
    return line._replace(of=of_unit("fractions", unit), sizes=[size / every for size in line.sizes])


def checked(folder: str | os.PathLike[str], make: bool = False) -> Path:
    """The folder of a store; one that is not there, or is empty, is made into one where that is asked for.

    Raises
    ------
    OSError, ValueError
        When it is no folder, not a store's, or of a later format; nothing is changed then.
    """
    try:
        name = os.fsdecode(folder)
    except TypeError:
        name = ""
    if not name:
        raise TypeError(f"a store must be the path of a folder, got {short(folder)}")
    path = Path(name)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"a store must be a folder, got the file {str(path)!r}")
    form = _format(path)
    if form is None and make:
        others = [name for name in os.listdir(path) if not name.startswith(f".{MARK}.")] if path.exists() else []
        form = _format(path) if others else _made(path)  # another run may have made it in between
    if form is None:
        rule = "a store must be a folder that a sweep made" + ", or an empty one" * make
        raise (ValueError if path.exists() else FileNotFoundError)(f"{rule}, got {str(path)!r}")
    if form > FORMAT:
        raise ValueError(f"a store must be of format {FORMAT}, got {form} in {str(path)!r}: a later simcache wrote it")
    return path


def _format(path: Path) -> int | None:
    """The number of a store's format; None where there is no store."""
    try:
        form = json.loads((path / MARK).read_bytes())["format"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return form if type(form) is int else None


def _made(path: Path) -> int:
    path.mkdir(parents=True, exist_ok=True)
    with replacing(path / MARK) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT}) + "\n")
    return FORMAT
