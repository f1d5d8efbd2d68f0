"""What a cell's result depends on, as one sha256: its trace, its policy's code and parameters, the warm-up, the seed.

Nothing is run to know it, and no trace made. A cell is its part's key and its size as asked for.
"""

import hashlib
import inspect
import json
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
import scipy

from .checks import short
from .codes import code_key, value_key
from .simulation import Chosen
from .trace import Trace

PLAIN = (bool, int, float, complex, str, bytes, np.ndarray, Trace)


def part_key(trace: str, policy: str, of: str, warmup: int | None, seed: int | None) -> str:
    """The key of cells that differ by size alone, and are `of` one kind (see `units`); no seed where none is drawn."""
    return _hash(trace, policy, of, warmup, seed)


def policy_key(chosen: Chosen) -> str:
    """The key of a policy: the code of its kernel, of its curve and `many` where those count, and its parameters."""
    params = [[name, value_key(value)] for name, value in sorted(chosen.params.items())]
    several = [code_key(chosen.many)] if chosen.many else []
    return _hash(code_key(chosen.kernel), chosen.curve and code_key(chosen.curve), params, *several)


def trace_key(source: Any, code: Callable[[Any], str] = code_key, call: str | None = None) -> str:
    """The key of a trace, of a file by what is in it, or of a call by its code and arguments.

    Parameters
    ----------
    source : Trace, path, or callable without arguments
    code : callable
        `code_key`, or one that remembers what it said of a function.
    call : str, optional
        The source's `call_key`, where it is known.

    Raises
    ------
    TypeError
        When an argument of a call is not a scalar, a text, an array, a Trace, a path, or a tuple of them.
    OSError
        When a file cannot be read.
    """
    if isinstance(source, PurePath):
        return _argument(source, "")
    call = call or call_key(source)
    if isinstance(source, Trace):
        return call
    return _hash(code(source.func if isinstance(source, partial) else source), call)


def call_key(source: Any) -> str:
    """The key of a file's path, or of a call's name and arguments: the same before its code is mended and after."""
    if isinstance(source, Trace):
        return _argument(source, "")
    if isinstance(source, PurePath):
        return str(source)
    call = source if isinstance(source, partial) else partial(source)
    try:
        bound = inspect.signature(call.func).bind(*call.args, **call.keywords)
    except (TypeError, ValueError):  # it will not run, or has no signature
        given = {"*": call.args, **call.keywords}
    else:
        bound.apply_defaults()
        given = dict(bound.arguments)
        for name, parameter in bound.signature.parameters.items():
            if parameter.kind == parameter.VAR_KEYWORD:
                given |= given.pop(name)
    named = getattr(call.func, "__qualname__", type(call.func).__name__)
    return _hash(named, *([name, _argument(given[name], f"{name} of {named}")] for name in sorted(given)))


def _argument(value: Any, what: str) -> str:
    if isinstance(value, PurePath):
        with open(value, "rb") as file:
            return "file " + hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(value, tuple):
        return _hash(*(_argument(part, what) for part in value))
    if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
        value = value.item()
    masked = isinstance(value, np.ma.MaskedArray)
    if not masked and (value is None or scipy.sparse.issparse(value) or isinstance(value, PLAIN)):
        return value_key(value)
    rule = "the arguments of a stored trace's call must be scalars, strings, arrays, Traces and paths"
    raise TypeError(f"{rule}, got {type(value).__name__} {short(value)} for {what}")


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
