"""Grids in: a .toml file that says what to sweep over, each fault in it told by its key."""

import inspect
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .. import synth
from ..checks import near, short, whole
from ..simulation import check_seed, choose, counting_in
from ..sweeps import check_capacity, check_fraction
from ..trace import Trace
from ..units import check_unit
from . import opening
from .input import read_trace
from .matrices import read_matrix
from .options import policy

MOST = 1 << 24  # bytes
KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "Path": "the name of a file"}


def markov(matrix: Path, n_accesses: int, *, seed: int = 0) -> Trace:
    """`synth.markov` of a matrix in a file."""
    return synth.markov(read_matrix(matrix), n_accesses, seed=seed)


def repeat(trace: Path, probability: float, *, seed: int = 0) -> Trace:
    """`synth.repeat` of a trace in a file."""
    return synth.repeat(read_trace(trace), probability, seed=seed)


LAWS: dict[str, Callable[..., Trace]] = {name: getattr(synth, name) for name in synth.__all__}
del LAWS["phases"], LAWS["lognormal_sizes"]  # of traces and for them; make-trace has both
LAWS |= {"markov": markov, "repeat": repeat}


def read_grid(path: Path, instead: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The arguments of `sweeps.sweep` that a file names. Files in it are looked for from its own folder.

    What stands in `instead` is taken in place of the file's; sizes of either kind in place of those of both.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is no grid. The message names the key that is wrong.
    """
    opening.check(path, "a grid", MOST)
    try:
        given = tomllib.loads(path.read_text(encoding=opening.encoding(path)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a grid must be a whole .toml file, got {str(path)!r}: {error}") from error
    with _telling(str(path)):
        sizes = ("fractions", "capacities")
        dropped = sizes if any(name in instead for name in sizes) else ()
        kept = {name: value for name, value in given.items() if name not in dropped}
        return _arguments({**kept, **instead}, path.absolute().parent)


def _arguments(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    with _telling("unit"):
        unit = check_unit(given.get("unit", "items"))
    checks: dict[str, Callable[[Any], Any]] = {
        "policies": partial(_policy, folder=folder, unit=unit),
        "fractions": check_fraction,
        "capacities": lambda value: check_capacity(value, unit),
        "seeds": check_seed,
    }
    _check_known(given, [*checks, "unit", "warmup", "traces"])
    for key in ("policies", "traces"):
        if key not in given:
            raise ValueError(f"{key} must be given")
    if ("fractions" in given) == ("capacities" in given):
        came = "both" if "fractions" in given else "neither"
        raise ValueError(f"either fractions or capacities must be given, got {came}")
    found: dict[str, Any] = {}
    for key in given:
        with _telling(key):
            if key == "warmup":
                found[key] = whole(given[key], key, 0, unit=" of accesses")
            elif key == "unit":
                found[key] = unit
            elif key == "traces":
                found[key] = _traces(given[key], folder)
            else:
                found[key] = [checks[key](value) for value in _listed(given[key])]
    return found


def _policy(text: Any, folder: Path, unit: str) -> tuple[Any, dict[str, Any]]:
    if not isinstance(text, str):
        raise TypeError(f"a policy must be a text, got {short(text)}")
    chosen = policy(text, folder)
    counting_in(unit, choose(chosen))
    return chosen


def _traces(tables: Any, folder: Path) -> list[Any]:
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"must be tables, each under [[traces]], got {short(tables)}")
    found: list[Any] = []
    for number, table in enumerate(tables, 1):
        with _telling(f"number {number}"):
            _check_known(table, ["file", *LAWS])
            if len(table) != 1:
                raise ValueError(f"must have either file or one of {', '.join(LAWS)}, got {', '.join(table) or 'none'}")
            ((name, given),) = table.items()
            with _telling(name):
                found += _files(given, folder) if name == "file" else _calls(LAWS[name], given, folder)
    return found


def _files(given: Any, folder: Path) -> list[Path]:
    return [_value(name, Path, folder) for name in _axis(given)]


def _calls(law: Callable[..., Trace], given: Any, folder: Path) -> Iterator[Callable[[], Trace]]:
    """A call for each combination of the values given."""
    if not isinstance(given, dict):
        raise TypeError(f"must be a table of parameters, got {short(given)}")
    parameters = inspect.signature(law).parameters
    _check_known(given, parameters)
    if missing := [name for name, it in parameters.items() if it.default is it.empty and name not in given]:
        raise ValueError(f"{', '.join(missing)} must be given")
    axes = []
    for name, values in given.items():
        with _telling(name):
            axes.append([_value(value, parameters[name].annotation, folder) for value in _axis(values)])
    return (partial(law, **dict(zip(given, values, strict=True))) for values in product(*axes))


def _value(value: Any, kind: type, folder: Path) -> Any:
    """A parameter as its function takes it: a whole number may stand for any, and a name for a file."""
    came = float(value) if kind is float and type(value) is int else value
    if type(came) is not (str if kind is Path else kind):
        raise TypeError(f"must be {KINDS[kind.__name__]}, got {short(value)}")
    if kind is not Path:
        return came
    path = folder / str(came)
    opening.check_trace(path, "it")
    return path


def _axis(given: Any) -> list[Any]:
    """The values of a parameter: one, or a list."""
    values = _listed(given) if isinstance(given, list) else [given]
    if twice := [value for at, value in enumerate(values) if value in values[:at]]:
        raise ValueError(f"must differ, got {short(twice[0])} twice")
    return values


def _listed(given: Any) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise ValueError(f"must be a list of at least one, got {short(given)}")
    return given


def _check_known(given: Mapping[str, Any], known: Iterable[str]) -> None:
    names = list(known)
    for key in given:
        if key not in names:
            raise ValueError(f"unknown key {short(key)};{near(key, names)} known: {', '.join(names)}")


@contextmanager
def _telling(key: str) -> Iterator[None]:
    """Errors that begin with the key they are of."""
    try:
        yield
    except OSError as error:
        reason = f"{(error.strerror or '').lower()}: {str(error.filename)!r}" if error.strerror else str(error)
        raise ValueError(f"{key}: {reason}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key}: {error}") from error
