"""What a shell is told may come next: policies, formats and columns by name; files it finds itself."""

import csv
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import typer
from typer import completion

from .. import policies

TYPED = (".py", ".npz", ".trace")  # files that may stand among policies
LONGEST = 1 << 16  # bytes of the line of a table that names its columns


def serve(commands: typer.Typer, program: str) -> int | None:
    """Answer the shell, if it is one that asks; the exit code then.

    The script that asks is typer's, ``simcache --install-completion``: it names the shell in a variable of the
    environment.
    """
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    action, _, shell = os.environ.get(variable, "").partition("_")
    if not action:
        return None
    command = typer.main.get_command(commands)  # which makes the shells known, too
    kind = completion.shell_completion.get_completion_class(shell)  # type: ignore[attr-defined]
    if kind is None or action not in ("complete", "source"):
        raise ValueError(f"{variable} must be complete_ or source_ and a shell: bash, zsh, fish, powershell or pwsh")
    asking = kind(command, {}, program, variable)
    if shell in SHOWN:
        asking.format_completion = SHOWN[shell]  # typer's loads all of Rich, and breaks lines at 80 columns
    try:
        sys.stdout.write(f"{asking.complete() if action == 'complete' else asking.source()}\n")
    except SystemExit as end:  # how fish is told whether there is anything
        return int(end.code or 0)
    return 0


def _zsh(item: Any) -> str:
    signs = str.maketrans({'"': '""', "'": "''", "$": r"\$", "`": r"\`", ":": r"\\:"})
    return ":".join(f'"{text.translate(signs)}"' for text in (item.value, item.help) if text)


def _fish(item: Any) -> str:
    return f"{item.value}\t{item.help}" if item.help else str(item.value)


SHOWN = {"zsh": _zsh, "fish": _fish}


def policy_names(incomplete: str) -> list[str]:
    """Policies, and files that may stand for one or for a trace."""
    folder, name = os.path.split(incomplete)
    try:
        found = sorted(each.name for each in os.scandir(folder or ".") if each.name.endswith(TYPED))
    except OSError:
        found = []
    files = [os.path.join(folder, each) for each in found if each.startswith(name) and not each.startswith(".")]
    return [*_beginning(policies.names(), incomplete), *files]


def rivals(incomplete: str) -> list[str]:
    """What `plot --against` takes."""
    return _beginning(["best", *policies.names()], incomplete)


def with_forms(incomplete: str) -> list[str]:
    """Policies that have closed forms, of one workload or another."""
    return _beginning(("opt", "pin", "lru", "lfu", "fifo", "rr"), incomplete)


def formats(incomplete: str) -> list[str]:
    """Formats of logs: the modules of their folder, of which none is loaded."""
    folder = Path(__file__).parents[1] / "formats"
    return _beginning((each.name for each in iter_modules([str(folder)])), incomplete)


def columns(incomplete: str) -> list[str]:
    """Columns of the tables named before, where those are .csv; of several between commas, the last is completed."""
    before, comma, last = incomplete.rpartition(",")
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split("\n") if "\n" in line else line.split()
    known = [each for word in dict.fromkeys(words) for each in _columns(word)]
    return [before + comma + each for each in _beginning(dict.fromkeys(known), last)]


def _columns(path: str) -> list[str]:
    if not path.lower().endswith(".csv") or not os.path.isfile(path):
        return []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return next(csv.reader([file.readline(LONGEST)]), [])
    except (OSError, ValueError, csv.Error):
        return []


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [each for each in names if each.startswith(incomplete) and not each.startswith("_")]
