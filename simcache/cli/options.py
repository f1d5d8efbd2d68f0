"""Arguments and options that several commands share, and how their text becomes values."""

import ast
from pathlib import Path
from typing import Annotated, Any

import typer

from . import output


def whole(text: str) -> int:
    """A whole number. Typer's own parser takes 5.0 for one, and does not say what came."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"must be a whole number, got {text!r}") from None


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
Capacity = Annotated[int | None, typer.Option(metavar="N", parser=whole, help="Items that a cache holds, 1 or more.")]
Fraction = Annotated[float | None, typer.Option(metavar="X", parser=real, help="Or as a share of the items, up to 1.")]
Policies = Annotated[
    list[str],
    typer.Argument(
        metavar="POLICY",
        help="Names as `simcache policies` lists them; parameters after a colon: opt:bypass=true. What ends in .npz or "
        ".trace is one more trace.",
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", parser=whole, help="Seed of policies that draw, 0 … 2^64-1.")]
Warmup = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=whole, help="Accesses left out of hit_rate_warm. By default the first epoch of several."
    ),
]


def policy(text: str) -> tuple[str, dict[str, Any]]:
    """``opt:bypass=true`` as ("opt", {"bypass": True}); several parameters are separated by commas."""
    name, colon, rest = text.partition(":")
    message = f"a policy must be NAME or NAME:PARAMETER=VALUE,…, got {text!r}"
    return name, pairs(rest.split(","), message) if colon else {}


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


def numbers(text: str, kind: type[int] | type[float], what: str) -> list[Any]:
    """Numbers between commas."""
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        words = "whole numbers" if kind is int else "numbers"
        raise ValueError(f"{what} must be {words} separated by commas, got {text!r}") from None


def check_one(command: str, capacity: int | None, fraction: float | None) -> None:
    """Refuse no size, and two."""
    if (capacity is None) == (fraction is None):
        raise ValueError(f"{command} must be given one of --capacity and --fraction")
