"""Arguments and options that several commands share, and how their text becomes values."""

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import typer

from .. import policies
from . import completing, library, output

SIZES = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"


def whole(text: str) -> int:
    """A whole number. Typer's own parser takes 5.0 for one, and does not say what came."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"must be a whole number, got {text!r}") from None


def size(text: str) -> int | str:
    """A cache's size: a whole number, or a text of bytes, which the library reads."""
    return text if not text.isdecimal() and library.units.is_bytes(text) else whole(text)


def real(text: str) -> float:
    """A number; what is finite, or large enough, is for the library to say."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"must be a number, got {text!r}") from None


def written(what: str, help: str, *suffixes: str) -> Any:
    """The option that names the file to write, of one of those suffixes."""
    check = output.checker(what, *suffixes)
    return typer.Option("--output", "-o", metavar="FILE", help=help, callback=check)


def printed(context: typer.Context, form: Any) -> Any:
    """The callback of an option that says how standard output is written: with a file to write there is no such."""
    output.check_one_place(context.params.get("output"), form)
    return form


TraceFile = Annotated[
    Path, typer.Argument(metavar="TRACE", help="A trace, .npz or .trace: from make-trace, record or convert.")
]
TraceOutput = Annotated[Path, written("a trace", "Where the trace goes, .npz.", ".npz")]
TableFiles = Annotated[list[Path], typer.Argument(metavar="TABLE", help=".csv, .parquet or .json; several are joined")]
TableOutput = Annotated[
    Path | None,
    written(
        "a table",
        "Write the table there: .csv, .parquet or .json. Without it, a table on a terminal, csv to a pipe.",
        *output.WRITERS,
    ),
]
TablePrinted = Annotated[
    output.Printed | None,
    typer.Option(
        "--format",
        help="Of standard output: csv, json, or md for markdown; by default a table on a terminal, csv to a pipe.",
        callback=printed,
    ),
]
Capacity = Annotated[
    Any, typer.Option(metavar="N", parser=size, help="What a cache holds, 1 or more: items, or bytes as in '25 GB'.")
]
Fraction = Annotated[float | None, typer.Option(metavar="X", parser=real, help="Or as a share of all, up to 1.")]
Unit = Annotated[
    Literal["items", "bytes"], typer.Option(help="What sizes count; bytes need a trace with the size of each item.")
]
Policies = Annotated[
    list[str],
    typer.Argument(
        metavar="POLICY",
        autocompletion=completing.policy_names,
        help="Names as `simcache policies` lists them, or files or modules of your own, ./mine.py or my.module, whose "
        "code is run; parameters after a colon: opt:bypass=true. What ends in .npz or .trace is one more trace.",
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", parser=whole, help="Seed of policies that draw, 0 … 2^64-1.")]
Seeds = Annotated[
    str | None, typer.Option(metavar="N,N,…", help="Or several seeds; policies that draw nothing run with the first.")
]
Warmup = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=whole, help="Accesses left out of hit_rate_warm. By default the first epoch of several."
    ),
]


def policy(text: str, folder: Path | None = None) -> tuple[str | ModuleType, dict[str, Any]]:
    """``opt:bypass=true`` as ("opt", {"bypass": True}); several parameters are separated by commas.

    A file, ``./clock.py``, or a module, ``my.clock``, is run for what it holds: from `folder`, the current one unless
    given.
    """
    name, colon, rest = text.partition(":")
    if name not in policies.names() and (file := re.fullmatch(r"(.+?\.py)(?:(:)(.*))?", text, re.DOTALL)):
        name, colon, rest = (part or "" for part in file.groups())  # a folder's name may have a colon
    if "," in name and set(filter(None, name.split(","))) <= set(policies.names()):
        raise ValueError(f"policies must be separated by spaces, got {text!r}")
    message = f"a policy must be NAME or NAME:PARAMETER=VALUE,…, got {text!r}"
    params = pairs(re.split(r",(?![^()\[\]]*[)\]])", rest), message) if colon else {}  # (1, 2) is one value
    return _policy(name, folder), params


def _policy(name: str, folder: Path | None) -> str | ModuleType:
    """A name of `policies.names()`, or any other that may be one; or a module of the user's own."""
    if is_file(name):
        found = library.finding.load_file((folder or Path()) / name, name, "a policy")
        if not (hasattr(found, "kernel") or hasattr(found, "reference")):
            raise ValueError(f"a policy's file must have a compiled kernel, or a reference, got neither in {name!r}")
        return found
    if "." in name and all(map(str.isidentifier, name.split("."))):
        return library.finding.load_module(name, "a policy", folder=folder)
    if name not in policies.names() and name.isidentifier() and ((folder or Path()) / f"{name}.py").exists():
        raise ValueError(f"unknown policy {name!r}; did you mean './{name}.py'?")  # no file is run by chance
    return name


def is_file(name: str) -> bool:
    """Whether a policy is named by its file."""
    return name.endswith(".py") or os.sep in name


def pairs(texts: list[str], message: str) -> dict[str, Any]:
    """``name=value`` texts as a dict, or an error of that message."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, given = text.partition("=")
        if not equals or not name.isidentifier() or name in found:
            raise ValueError(message)
        found[name] = value(given)
    return found


def value(text: str) -> Any:
    """A Python literal (``true``, ``false``, ``none`` in any case too), or the text itself."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def numbers(text: str, kind: Callable[[str], Any], what: str) -> list[Any]:
    """Numbers, or sizes, between commas."""
    try:
        return [kind(part) for part in text.split(",")]
    except (ValueError, typer.BadParameter):
        words = "numbers" if kind is float else "whole numbers"
        raise ValueError(f"{what} must be {words} separated by commas, got {text!r}") from None


def seeds_of(seed: int, seeds: str | None) -> list[int]:
    """One seed, or several that differ."""
    if seeds is None:
        return [seed]
    if seed != 0:
        raise ValueError("seeds must be given by at most one of --seed and --seeds")
    found = numbers(seeds, int, "seeds")
    if len(set(found)) < len(found):
        raise ValueError(f"seeds must differ, got {seeds}")
    return found


def check_one(command: str, capacity: int | str | None, fraction: float | None) -> None:
    """Refuse no size, and two."""
    if (capacity is None) == (fraction is None):
        raise ValueError(f"{command} must be given one of --capacity and --fraction")
