"""Which module reads a file: the folder is the registry."""

import inspect
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from ..checks import near
from ._packed import PACKINGS, packing

OWN = (".npz", ".trace")  # what Trace.save writes


def names() -> list[str]:
    """The formats there are, without those of `Trace.save`.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> from simcache import formats
    >>> formats.names()
    ['csv', 'msr', 'npy', 'oracleGeneral', 'parquet', 'tsv', 'twitter', 'txt']
    """
    return sorted(each.name for each in iter_modules([str(Path(__file__).parent)]) if not each.name.startswith("_"))


def load(name: Any) -> ModuleType:
    """The module of one of `names`, in any case of letters.

    Raises
    ------
    ValueError
        When there is none.
    """
    known = {each.lower(): each for each in names()}
    if not isinstance(name, str) or name.lower() not in known:
        raise ValueError(f"unknown format {name!r};{near(name, names())} known: {', '.join(names())}")
    return import_module(f".{known[name.lower()]}", __package__)


def is_own(path: Path) -> bool:
    """Whether a path is of a trace that `Trace.load` reads.

    Parameters
    ----------
    path : Path
        Need not be there.

    Returns
    -------
    bool
        True for .npz and .trace.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simcache import formats
    >>> formats.is_own(Path("zipf.npz")), formats.is_own(Path("log.csv"))
    (True, False)
    """
    return path.suffix.lower() in OWN


def found(path: Path, format: str | None) -> ModuleType:
    """The module for a file, by the name of a format or else by its suffix.

    Raises
    ------
    ValueError
        When there is none.
    """
    if format is not None:
        return load(format)
    name = path.name.lower()
    name = name.removesuffix(packing(path))
    modules = {suffix: module for module in map(load, names()) for suffix in module.SUFFIXES}
    for suffix, module in modules.items():
        if name.endswith(suffix):
            return module
    ends = f"{', '.join([*OWN, *sorted(modules)])}, with {' or '.join(PACKINGS)} behind all but the first two"
    raise ValueError(f"a trace must end in {ends}, or have `format` named: {', '.join(names())}; got {str(path)!r}")


def known(path: str | os.PathLike[str]) -> bool:
    """Whether a path ends as that of a trace or a log does that can be read.

    Parameters
    ----------
    path : path
        Need not be there.

    Returns
    -------
    bool
        True where `read` finds the format by the suffix.

    Examples
    --------
    >>> from simcache import formats
    >>> formats.known("log.csv.gz"), formats.known("log.docx")
    (True, False)
    """
    try:
        return is_own(Path(path)) or bool(found(Path(path), None))
    except ValueError:
        return False


def stem(path: Path) -> str:
    """A file's name without the suffixes that say what it is."""
    name = path.name.removesuffix(path.suffix) if packing(path) else path.name
    suffixes = [suffix for module in map(load, names()) for suffix in module.SUFFIXES] + list(OWN)
    for suffix in sorted(suffixes, key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def options_of(module: ModuleType, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, each one that the format takes.

    Raises
    ------
    ValueError
        When it does not take one.
    """
    name = module.__name__.rpartition(".")[2]
    takes = [
        each.name for each in inspect.signature(module.parts).parameters.values() if each.kind is each.KEYWORD_ONLY
    ]
    given = {key: value for key, value in options.items() if value is not None}
    for key in given:
        if key not in takes:
            raise ValueError(f"format {name} takes {', '.join(takes) or 'no options'}; got {key}")
    return given
