"""What may come next where a policy, a column, a format or a loader stands; files the shell finds itself."""

import ast
import csv
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from pkgutil import iter_modules

import typer

from .. import policies

TYPED = (".py", ".npz", ".trace")  # files that may stand among policies
LONGEST = 1 << 16  # bytes of a table's beginning that names its columns
MOST = 1 << 20  # bytes of a file that is read for the names in it


def policy_names(incomplete: str) -> list[str]:
    """Policies, and files that may stand for one or for a trace; after a colon, parameters."""
    if parameters := re.fullmatch(r"(.+?\.py|\w+):((?:.*,)?)([^,]*)", incomplete):
        name, before, last = parameters.groups()
        file = name if name.endswith(".py") else os.path.join(policies.__path__[0], f"{name}.py")
        return [f"{name}:{before}{each}" for each in _parameters(file) if each.startswith(last)]
    return [*_beginning(policies.names(), incomplete), *_files(incomplete, TYPED)]


def targets(incomplete: str) -> list[str]:
    """Traces; and modules in the current folder, of which, after a colon, the objects that may be or make a loader."""
    module, colon, name = incomplete.partition(":")
    if colon:
        return [f"{module}:{each}" for each in _beginning(_objects(f"{module.replace('.', os.sep)}.py"), name)]
    modules = [f"{file[:-3]}:" for file in _files(incomplete, (".py",)) if file[:-3].isidentifier()]
    return [*_files(incomplete, (".npz", ".trace")), *modules]


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


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Columns of the tables named before, .csv or .json; of several between commas, the last is completed."""
    before, comma, last = incomplete.rpartition(",")
    tables = [*(context.params.get("table") or ()), *context.args]  # the rest, where an option lacks its value
    known = [each for path in tables for each in _columns(os.path.expanduser(path))]
    new = dict.fromkeys(each for each in known if each not in before.split(","))
    return [before + comma + each for each in _beginning(new, last)]


def _columns(path: str) -> list[str]:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in (".csv", ".json") or not os.path.isfile(path):
        return []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if suffix == ".csv":
                return next(csv.reader([file.readline(LONGEST)]), [])
            row, _ = json.JSONDecoder().raw_decode(file.read(LONGEST).lstrip("[ \t\r\n"))
            return list(row) if isinstance(row, dict) else []
    except (OSError, ValueError, csv.Error, RecursionError):
        return []


def _files(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files of those suffixes, and folders, where they may be."""
    folder, name = os.path.split(incomplete)
    try:
        found = sorted(os.scandir(folder or "."), key=lambda each: each.name)
    except OSError:
        return []
    names = [
        each.name if each.name.endswith(suffixes) else f"{each.name}{os.sep}"
        for each in found
        if each.name.startswith(name) and not each.name.startswith((".", "_"))
        if each.name.endswith(suffixes) or each.is_dir()
    ]
    return [os.path.join(folder, each) for each in names]


def _parsed(path: str) -> list[ast.stmt]:
    """What stands in a file of Python, which is not run."""
    try:
        if os.path.isfile(path) and os.path.getsize(path) <= MOST:
            return ast.parse(Path(path).read_bytes()).body
    except (OSError, ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    return []


def _parameters(path: str) -> list[str]:
    """What a policy takes; of one that is true or false, the other value too."""
    made = {each.name: each.args for each in _parsed(path) if isinstance(each, ast.FunctionDef)}
    if kernel := made.get("kernel"):
        defaults = kernel.defaults
        names = kernel.args[len(kernel.args) - len(defaults) :]
    elif reference := made.get("reference"):
        names, defaults = reference.kwonlyargs, [each for each in reference.kw_defaults if each is not None]
    else:
        return []
    values = [default.value if isinstance(default, ast.Constant) else None for default in defaults]
    return [
        f"{name.arg}={str(not value).lower() if isinstance(value, bool) else ''}"
        for name, value in zip(names, values, strict=False)
    ]


def _objects(path: str) -> list[str]:
    found: list[str] = []
    for each in _parsed(path):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.append(each.name)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return list(dict.fromkeys(found))


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [each for each in names if each.startswith(incomplete) and not each.startswith("_")]
