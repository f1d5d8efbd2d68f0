"""Times in which much is made that stays: Python need not look through it for garbage, again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsought() -> Iterator[None]:
    """No collection for as long as the block lasts, unless somebody switches it on."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@contextmanager
def for_good() -> Iterator[None]:
    """The same, and nothing that there is by the end of the block is ever looked through, nor when Python ends."""
    with unsought():
        try:
            yield
        finally:
            gc.freeze()
