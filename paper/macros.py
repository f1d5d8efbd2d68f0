r"""Every number that the supplement's text, captions and tables show: ``python paper/macros.py``.

Writes paper/generated/numbers.tex, one macro a line with where it comes from, and the tables beside it. A macro is
written `\Name{}` in the text; a test compares the names used with those given here.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _closed import NUMBERS as CLOSED
from _data import PAPER
from _measured import NUMBERS as MEASURED
from _others import NUMBERS as OTHERS
from _tables import TABLES

from simcache.files import replacing

NUMBERS = {**CLOSED, **MEASURED, **OTHERS}
GENERATED = PAPER / "generated"


def source(function: Callable[[], Any]) -> str:
    """Where a number comes from: file and expression, or file and function."""
    place = Path(function.__code__.co_filename).name
    if function.__name__ != "<lambda>":
        return f"{place}: {function.__name__}()"
    line = inspect.getsource(function).strip().partition("lambda: ")[2]
    return f"{place}: {line.removesuffix(',').removesuffix(')')}"


def macros() -> str:
    """All macros, each with its source."""
    lines = ["% written by macros.py; edit _closed.py, _measured.py, _others.py or the scripts in figures/data instead"]
    for name, (write, number) in NUMBERS.items():
        lines.append(f"\\newcommand{{\\{name}}}{{{write(number())}}} % {source(number)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    GENERATED.mkdir(exist_ok=True)
    for name, text in {**TABLES, "numbers": macros}.items():
        with replacing(GENERATED / f"{name}.tex") as path:
            path.write_text(text(), encoding="utf-8")
