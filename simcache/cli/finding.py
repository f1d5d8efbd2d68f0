"""Objects of the user's own: named as module:object, as a module, or as a file."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from ..codes import is_installed
from ..text import near
from . import opening

PACKAGE = __name__.partition(".")[0]
HOME = "policy_files"  # a package that is nowhere: the names of files are below it, so that none hides another module
MOST = 1 << 24  # bytes of a file


def find(target: str, what: str, form: str) -> Any:
    """The object that ``module:object`` names; the current folder is looked in too.

    Raises
    ------
    ValueError
        When there is none. The message says that `what` must be `form`, or which module is missing.
    """
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        raise ValueError(f"{what} must be {form}, got {target!r}")
    found: Any = load_module(module, what, target)
    try:
        for part in path.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        hint = near(part, dir(found))
        raise ValueError(
            f"{what} must be {form.partition(',')[0]}; {target!r}: {error}{f';{hint}' if hint else ''}"
        ) from None
    return found


def load_module(name: str, what: str, target: str = "", folder: Path | None = None) -> ModuleType:
    """The module of that name, looked for in the current folder, or in another, too.

    Raises
    ------
    ValueError
        When it, or a module that it needs, is not there, or it fails; of what is its own the message has the line.
    """
    place = os.getcwd() if folder is None else str(folder.absolute())
    if place not in sys.path:  # as `python -m` does, and a console script does not
        sys.path.insert(0, place)
    with _telling(what, target or name, name):
        return import_module(name)


def load_file(path: Path, shown: str, what: str) -> ModuleType:
    """The module that a file is; what lies beside it can be imported from it.

    Raises
    ------
    OSError, ValueError
        When there is none, it is no Python, or it fails; the message has the line.
    """
    if not path.exists():
        known = [other.name for other in path.parent.glob("*.py") if other.exists()]
        hint = "".join(
            f"; did you mean {shown[: len(shown) - len(path.name)] + name!r}?"
            for name in get_close_matches(path.name, known, 1)
        )
        raise ValueError(f"no such file: {shown!r}{hint}")
    if path.suffix != ".py":
        raise ValueError(f"{what} must be in a file ending in .py, got {shown!r}")
    opening.check(path, f"{what}'s file", MOST)
    with _telling(what, shown, ""):
        return _run(path.resolve(), path.read_bytes())


def is_module(name: str) -> bool:
    """Whether a file of that name, in the folder that a notebook is in, would hide what is installed."""
    file = getattr(find_spec(name), "origin", None)
    return name == PACKAGE or bool(file and is_installed(file))


@lru_cache(64)
def _run(path: Path, code: bytes) -> ModuleType:
    """What a file holds, run once as long as it stays as it is."""
    module = ModuleType(f"{HOME}.{path.stem}")
    module.__file__, module.__package__ = str(path), ""
    folder = str(path.parent)
    for beside in path.parent.glob("*.py"):  # of the same name, from another folder
        file = getattr(sys.modules.get(beside.stem), "__file__", None)
        if file and Path(file) != beside and not is_installed(file):
            del sys.modules[beside.stem]
    sys.modules[module.__name__] = module
    sys.path.insert(0, folder)
    try:
        exec(compile(code, str(path), "exec"), vars(module))
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)  # for what is imported later
    return module


@contextmanager
def _telling(what: str, target: str, module: str) -> Iterator[None]:
    """One line on what goes wrong in the user's own code as it is imported."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "torch":
            raise ValueError(f"{target} needs torch: pip install 'simcache[torch]'") from None
        if module == error.name or module.startswith(f"{error.name}.") or not (where := _where(error)):
            raise ValueError(f"{what} {target!r} needs the module {error.name!r}, and there is none") from None
        raise ValueError(f"{what} {target!r} needs the module {error.name!r}, and there is none: {where}") from None
    except SystemExit as end:
        raise ValueError(
            f"{what} must be in a module that can be imported; {module or target!r} ends with {end.code!r}"
        ) from None
    except SyntaxError as error:
        line = f"line {error.lineno} of {os.path.basename(error.filename or target)}"
        raise ValueError(f"{what} {target!r} must be Python that runs; {line}: {error.msg}") from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{what} {target!r} must be Python that runs; {_where(error) or 'it fails'}: {said}"
        ) from error


def _where(error: BaseException) -> str:
    """The last line of the user's own that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if not is_installed(each.filename) and not _is_ours(each.filename)]
    return f"line {own[-1].lineno} of {os.path.basename(own[-1].filename)}" if own else ""


def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(Path(__file__).parents[1])
