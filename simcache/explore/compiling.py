"""Whether kernels are compiled now: Numba says so itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from numba.core import event


class _Begun(event.Listener):
    def __init__(self, say: Callable[[], None]) -> None:
        self.say = say

    def on_start(self, event: Any) -> None:
        self.say()

    def on_end(self, event: Any) -> None:
        pass


def told(say: Callable[[], None]) -> AbstractContextManager[Any]:
    """While it is open, `say` is called when any thread begins to compile; to load a kernel does not count."""
    found: AbstractContextManager[Any] = event.install_listener("numba:compile", _Begun(say))
    return found
