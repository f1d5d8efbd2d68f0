"""Cold start: from nothing to a first curve, and to the command line's help, with the kernels already on disk."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from _timing import clocked, in_turns
from _traces import REPEATS

CALLS = {
    "import": ["-c", "import simcache"],
    "first curve": [
        "-c",
        "from simcache import hit_curve, synth; hit_curve(synth.shuffled(10_000, 10, seed=0), 'lru')",
    ],
    "simcache --help": ["-c", "from simcache.cli import main; main()", "--help"],
}


def rows() -> Iterator[dict[str, Any]]:
    runs = {setting: partial(process, arguments) for setting, arguments in CALLS.items()}
    in_turns(runs, 1)  # fills the kernels' cache on disk
    for setting, clock in in_turns(runs, REPEATS).items():
        yield {"suite": "cold", "tool": "simcache", "setting": setting, "threads": 1, **clock.row()}


def process(arguments: list[str]) -> tuple[float, None]:
    command = [sys.executable, *arguments]
    return clocked(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))[0], None
