"""A policy's own parameters: those after the ones that every policy takes, all with defaults, and what is given."""

import inspect
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .checks import near, short
from .generators import Generator

RESERVED = ("seed", "warmup", "sample", "repeats", "unit")  # parameters of simulate, hit_curve and sweep
KERNEL, GENERATOR = ["ids", "n_items", "capacity", "seed"], ["ids", "capacity", "seed"]  # how each form begins


def defaults_of(function: Callable[..., Any], first: int = len(KERNEL)) -> dict[str, Any]:
    """A policy's own parameters, as its kernel, curve or `many` takes them after the `first`; a generator, three."""
    plain = getattr(function, "py_func", function)
    first = len(GENERATOR) if isinstance(function, Generator) else first
    return {name: it.default for name, it in list(inspect.signature(plain).parameters.items())[first:]}


def bound(
    kernel: Callable[..., Any], name: str, given: Mapping[str, Any], least: Mapping[str, int]
) -> tuple[dict[str, Any], str]:
    """All parameters of the kernel, and the policy's label: its name and what differs from the defaults."""
    kind, first = ("generator", GENERATOR) if isinstance(kernel, Generator) else ("kernel", KERNEL)
    names = list(inspect.signature(getattr(kernel, "py_func", kernel)).parameters)
    if names[: len(first)] != first:
        raise TypeError(f"a {kind} must begin ({', '.join(first)}), got {name}({', '.join(names)})")
    defaults = defaults_of(kernel)
    for parameter, default in defaults.items():
        if parameter in RESERVED or default is inspect.Parameter.empty:
            raise TypeError(
                f"a {kind}'s parameters must have defaults and not be named {', '.join(RESERVED)}, "
                f"got {parameter!r} of policy {name!r}"
            )
        if isinstance(default, np.ndarray):  # is it another than that? It says so of each entry
            raise TypeError(f"a {kind}'s defaults must not be arrays, got one of {parameter!r} of policy {name!r}")
    for parameter in given:
        if parameter not in defaults:
            known = ", ".join(defaults) or "none"
            hint = near(parameter, defaults)
            raise ValueError(f"unknown parameter {parameter!r} of policy {name!r};{hint} known: {known}")
    params = {p: _cast(given[p], d, p, name) if p in given else d for p, d in defaults.items()}
    for parameter in given:
        if parameter in least and params[parameter] < least[parameter]:
            must = f"a whole number of accesses >= {least[parameter]}"
            raise ValueError(
                f"parameter {parameter!r} of policy {name!r} must be {must}, got {short(given[parameter])}"
            )
    other = {p: params[p] for p in sorted(given) if params[p] != defaults[p]}
    changed = ", ".join(f"{p}={it.item() if isinstance(it, np.generic) else it!r}" for p, it in other.items())
    return params, f"{name}({changed})" if changed else name


def _cast(value: Any, default: Any, parameter: str, name: str) -> Any:
    """`value` as the default's type, without losing any of it; where that is None, any number or text."""
    kind = type(default)
    if isinstance(value, np.generic):
        value = value.item()
    try:
        if isinstance(default, np.generic):
            return kind(_cast(value, default.item(), parameter, name))
        if default is None and isinstance(value, bool | int | float | str):
            return value
        if kind is bool and value in (True, False) and not isinstance(value, float):
            return bool(value)
        if kind is int and not isinstance(value, bool) and -(2**63) <= (number := operator.index(value)) < 2**63:
            return number
        if kind is float and not isinstance(value, bool | str) and value is not np.ma.masked:
            return float(value)
        if kind not in (bool, int, float) and isinstance(value, kind):
            return value
    except (TypeError, ValueError, OverflowError):
        pass
    size = " of 64 bits" if kind is int else ""
    must = "number or a text" if default is None else f"{kind.__name__}{size}"
    raise TypeError(f"parameter {parameter!r} of policy {name!r} must be a {must}, got {short(value)}")
