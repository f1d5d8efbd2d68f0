"""What goes wrong in a policy, in one line: whose it is, where in its code or at which access, and why."""

import re
from collections.abc import Callable
from os.path import basename
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from .policies import Ids
from .text import printable

# What Numba says before and after its reason.
AROUND = ("Failed in ", "- Resolution failure", "During: ", "Overload", "There are ")
MOST = 400  # characters of a reason
ENDS = (SystemExit, GeneratorExit)  # what would end all, or pass for the end of a policy, and is a fault of it


def call(function: Callable[..., Any], of: str, ids: Ids, *rest: Any, **params: Any) -> Any:
    """Call a kernel, or what else a policy's file holds, `of` whom errors tell.

    Raises
    ------
    TypeError
        When Numba does not compile it, as where it writes to the ids.
    ValueError
        When it raises; of a kernel the message names the access.
    """
    try:
        return function(ids, *rest, **params)
    except MemoryError:
        raise
    except (Exception, *ENDS) as error:
        found = error
    if isinstance(found, NumbaError) or not _is_compiled(function, (ids, *rest, *params.values())):
        raise TypeError(_uncompiled(function, of, found, (ids, *rest, *params.values()))) from None
    at = _first(function, ids, rest, params) if isinstance(function, Dispatcher) else -1
    where = f" at access {at}" if at >= 0 else ""
    raise ValueError(f"{reason(found)}, raised by {of}{where}") from found


def reason(error: BaseException) -> str:
    """What an error of the user's own says, in one line."""
    said = printable(" ".join(str(error).split()))[:MOST]
    if isinstance(error, ValueError) and said:
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _is_compiled(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether what failed ran: it is compiled for those arguments, or is plain Python."""
    return not isinstance(function, Dispatcher) or _types(arguments) in function.signatures


def _types(arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    try:
        return tuple(numba.typeof(value) for value in arguments)  # type: ignore[no-untyped-call]
    except ValueError:  # of a type that Numba does not know
        return None


def _uncompiled(function: Callable[..., Any], of: str, error: BaseException, arguments: tuple[Any, ...]) -> str:
    text = str(error)
    line = _line(function, error, text)
    if "modify readonly" in text or not isinstance(error, NumbaError):
        ids, *rest = arguments
        if isinstance(function, Dispatcher) and "No matching" not in text and _compiles(function, (ids.copy(), *rest)):
            return f"{of} must not write to ids, which are read-only: {line}; a copy may be written to"
        text = next((said for said in text.splitlines() if "modify readonly" in said), text)
    lines = [said.strip() for said in text.splitlines()]
    told = [said for said in lines if said and not said.startswith(AROUND)] or [type(error).__name__]
    asked = next((said[4:] for said in told if said.startswith(">>> ")), "")
    why = f"{told[0]} {asked}" if told[0].startswith("No implementation of function") else told[0]
    why = re.sub(r"\.* *Raised from .*|, defined at .*| *$", "", why)
    return f"{of} must compile; Numba refuses {line}: {printable(why)[:MOST]}"


def _compiles(function: "Dispatcher[Any]", arguments: tuple[Any, ...]) -> bool:
    try:
        numba.njit(function.py_func).compile(_types(arguments))
    except Exception:
        return False
    return True


def _line(function: Callable[..., Any], error: BaseException, text: str) -> str:
    """The line of the user's own at which Numba stopped; where it does not say, that of the function."""
    told = re.findall(r'File "(.+?)", line (\d+)', text) + re.findall(r"Raised from (\S.*) \((\d+)\)", text)
    if loc := getattr(error, "loc", None):
        told.append((loc.filename, loc.line))
    if code := getattr(getattr(function, "py_func", function), "__code__", None):
        told.append((code.co_filename, code.co_firstlineno))
    file, line = next(((file, line) for file, line in told if "numba/" not in file), ("?", "?"))
    return f"line {line} of {basename(file)}"


def _first(kernel: "Dispatcher[Any]", ids: Ids, rest: tuple[Any, ...], params: dict[str, Any]) -> int:
    """The access at which a kernel raises: the last of the shortest trace on which it does; -1: it does without any."""
    low, high = -1, ids.size
    while high - low > 1:
        middle = (low + high) // 2
        try:
            kernel(ids[:middle], *rest, **params)
        except (Exception, *ENDS):
            high = middle
        else:
            low = middle
    return high - 1
