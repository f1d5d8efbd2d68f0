"""Calls as data: what the page evaluates is what its script says, word for word."""

from collections.abc import Mapping
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from .. import synth, theory

ROOTS: dict[str, Any] = {"np": np, "synth": synth, "theory": theory}


class Name(str):
    """A variable of the script."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Call(NamedTuple):
    """A function of `ROOTS` by its name there, and what it is given: numbers, texts, names, calls, tuples of them."""

    function: str
    arguments: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...]

    def __repr__(self) -> str:
        named = (f"{name}={value!r}" for name, value in self.options)
        return f"{self.function}({', '.join([*map(repr, self.arguments), *named])})"


def call(function: str, *arguments: Any, **options: Any) -> Call:
    """A call, written as it will read."""
    return Call(function, arguments, tuple(options.items()))


def value(of: Any, variables: Mapping[str, Any]) -> Any:
    """What a call gives."""
    if isinstance(of, Call):
        root, *path = of.function.split(".")
        function = reduce(getattr, path, ROOTS[root])
        options = {name: value(each, variables) for name, each in of.options}
        return function(*(value(each, variables) for each in of.arguments), **options)
    if isinstance(of, Name):
        return variables[of]
    return tuple(value(each, variables) for each in of) if isinstance(of, tuple) else of
