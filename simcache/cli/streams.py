"""Standard streams as they come: missing, closed at the other end, full, or in an encoding that lacks a sign."""

import codecs
import json
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..text import printable

ALIKE = str.maketrans({"…": "...", "–": "-", "−": "-", "×": "x", "•": "*", "’": "'", "≥": ">=", "≤": "<="})
MOST = 2000  # characters of a line that complains
NARROWEST, WIDEST = 20, 1000  # columns: outside these Rich draws nothing, or pads each line to the end of memory


def prepare() -> None:
    """Make the standard streams such that whatever is printed comes out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # started with it closed; opening takes its number, which no file may get
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    codecs.register_error("alike", _alike)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not what a notebook or a test put there
            stream.reconfigure(errors="alike")
    columns = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    if os.environ.get("COLUMNS", "") != str(columns) and ("COLUMNS" in os.environ or columns in (NARROWEST, WIDEST)):
        os.environ["COLUMNS"] = str(columns)


def say(line: str, stream: TextIO | None = None) -> None:
    """Print one line, whatever is in it."""
    print(printable(line), file=stream, flush=True)


def put(text: str) -> None:
    """Print lines as they are; on a terminal, with escapes, as in JSON, for what it would obey."""
    if sys.stdout.isatty():
        signs: dict[str, str | int | None] = {
            each: json.dumps(each)[1:-1] for each in set(text) if not each.isprintable() and each != "\n"
        }
        text = text.translate(str.maketrans(signs))
    sys.stdout.write(text)


def complain(line: str) -> None:
    """Print one line on standard error, if that can be written to."""
    with suppress(OSError):
        said = " ".join(line.split())
        say(said if len(said) <= MOST else f"{said[:MOST]}…", sys.stderr)


@contextmanager
def told_warnings() -> Iterator[None]:
    """Each warning as one line on standard error, in the end."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            yield
        finally:
            for warning in found:
                complain(f"warning: {warning.message}")


def settle() -> None:
    """Let go of what could not be written, or Python would fail once more at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _alike(error: UnicodeError) -> tuple[str, int]:
    """What stands for signs that an encoding lacks: others that look alike, or escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(ALIKE)
    return signs.encode("ascii", "backslashreplace").decode(), error.end
