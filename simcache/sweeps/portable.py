"""What of a grid travels to other machines: names of what they have themselves, and a check that it is the same.

The package's policies, and calls of its functions, travel by name: there they are compiled already. Others travel as
their code.
"""

import platform
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from .. import policies
from ..codes import code_key
from ..keys import policy_key
from ..simulation import Chosen, choose, counting_in
from .grid import Grid, Source

PACKAGE = __name__.partition(".")[0]


class Named(NamedTuple):
    """A policy of this package, the key it has here, and what `here` is."""

    name: str
    params: dict[str, Any]
    unit: str
    key: str
    here: str


class Called(NamedTuple):
    """The call of a function of this package, the key that the function has here, and what `here` is."""

    call: partial[Any]
    key: str
    here: str

    def __call__(self) -> Any:
        """Make the trace."""
        _check(f"the function {self.call.func.__qualname__!r}", _code(self.call.func), self.key, self.here)
        return self.call()


def portable(grid: Grid) -> Grid:
    """The grid as it runs elsewhere: a policy that is not the package's leaves its module, and its curve, behind."""
    return grid._replace(policies=[c if _is_ours(c) else c._replace(module=None) for c in grid.policies])


def shipped(chosen: Chosen) -> Chosen | Named:
    """A policy as it travels."""
    if not _is_ours(chosen) or chosen.module is None:
        return chosen._replace(module=None)
    name = chosen.module.__name__.rpartition(".")[2]
    return Named(name, chosen.params, chosen.unit, policy_key(chosen), _versions())


def unpacked(policy: Chosen | Named) -> Chosen | Exception:
    """A policy where it has arrived, or why it is refused."""
    if isinstance(policy, Chosen):
        return policy
    try:
        chosen, key = _own(policy.name, tuple(policy.params.items()), policy.unit)
        _check(f"policy {policy.name!r}", key, policy.key, policy.here)
    except Exception as error:
        return error
    return chosen


def called(source: Source) -> Source | Called:
    """A trace, a path or a call as it travels."""
    if isinstance(source, Path):
        return source.absolute()  # a worker's folder is another
    ours = isinstance(source, partial) and _root(source.func) == PACKAGE
    return Called(source, _code(source.func), _versions()) if ours and isinstance(source, partial) else source


def _check(what: str, key: str, expected: str, here: str) -> None:
    if key != expected:
        from distributed import get_worker

        there = f"{_versions()} on worker {get_worker().address}"
        raise RuntimeError(f"{what} must have one code on all machines, got another with {there} than with {here}")


@lru_cache(64)
def _own(name: str, params: tuple[tuple[str, Any], ...], unit: str) -> tuple[Chosen, str]:
    chosen = counting_in(unit, choose((name, dict(params))))
    return chosen, policy_key(chosen)


@lru_cache(64)
def _code(function: Callable[..., Any]) -> str:
    return code_key(function)


def _is_ours(chosen: Chosen) -> bool:
    name = getattr(chosen.module, "__name__", "")
    return name.startswith(f"{policies.__name__}.") and chosen.is_of


def _root(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]


def _versions() -> str:
    return f"Python {platform.python_version()} and {PACKAGE} {sys.modules[PACKAGE].__version__}"
