"""Cold start: from nothing to a first curve, and to the command line's help, with the kernels already on disk.

And what it costs to bring them there: the CPU time of compiling those of all policies into an empty folder.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from _timing import Clocked, clocked, in_turns
from _traces import REPEATS

CALLS = {
    "pandas and a kernel that does nothing": [str(Path(__file__).with_name("_nothing.py"))],
    "import": ["-c", "import simcache"],
    "first curve": [
        "-c",
        "from simcache import hit_curve, synth; hit_curve(synth.shuffled(10_000, 10, seed=0), 'lru')",
    ],
    "simcache --help": ["-c", "from simcache.cli import main; main()", "--help"],
}
COMPILING = [str(Path(__file__).with_name("_compiling.py"))]
COMPILED = "all kernels, compiled"


def rows() -> Iterator[dict[str, Any]]:
    runs = {setting: partial(process, arguments) for setting, arguments in CALLS.items()}
    in_turns(runs, 1)  # fills the kernels' cache on disk
    runs[COMPILED] = compiling
    for setting, clock in in_turns(runs, REPEATS).items():
        yield row(setting, clock)
        for part, seconds in (clock.result or {}).items():
            yield row(f"{COMPILED}: {part}", Clocked([seconds], None))


def row(setting: str, clock: Clocked) -> dict[str, Any]:
    return {"suite": "cold", "tool": "simcache", "setting": setting, "threads": 1, **clock.row()}


def process(arguments: list[str]) -> tuple[float, None]:
    command = [sys.executable, *arguments]
    return clocked(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))[0], None


def compiling() -> tuple[float, dict[str, float]]:
    """CPU seconds, since they are many, and where they went."""
    done = subprocess.run([sys.executable, *COMPILING], check=True, capture_output=True, text=True)
    parts = json.loads(done.stdout)
    return sum(parts.values()), parts
