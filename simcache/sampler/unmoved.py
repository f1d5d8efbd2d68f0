"""Leave what a sampler reaches as it was, or say what could not be put back."""

import array
import collections
import ctypes
import io
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from operator import length_hint
from typing import Any

import numpy as np

from .reaching import ITERATION, MISSING, contents, is_iterator, known, members, named, of_torch, reachable, slots

Undo = Callable[[], object]


@contextmanager
def unmoved(what: str, roots: dict[str, Any], spent: Any = None) -> Iterator[None]:
    """Whatever is drawn from or set meanwhile is put back, also on failure; but for `spent`, an iterator to use up.

    Objects are put back in place, not copied beforehand: a copy would part a generator from others that draw from it,
    and no copy reaches closures, classes and globals. What has moved and cannot be put back is named in a warning.
    """
    common: dict[str, Any] = {"random": random.random.__self__, "numpy.random": np.random.random.__self__}  # type: ignore[attr-defined]
    if torch := sys.modules.get("torch"):  # a sampler of torch's has loaded it; nothing else may
        common["torch"] = torch.default_generator
    held: dict[str, tuple[Any, int]] = {}
    with ExitStack() as undo:
        for where, it in reachable({**roots, **common}):
            for step in _undoing(it):
                if step is not None:
                    undo.callback(step)
                elif not is_iterator(spent):  # with it goes all that it draws on
                    held.setdefault(where, (it, length_hint(it, -1)))
        for it in roots.values():  # undone first: an epoch may be kept where nothing above looks
            if hasattr(it, "set_epoch") and hasattr(it, "epoch"):
                undo.callback(it.set_epoch, it.epoch)
        try:
            yield
        finally:
            moved = {where: it for where, (it, left) in held.items() if not 0 <= left == length_hint(it, -1)}
            if moved:
                lost = "; ".join(f"{where}, a {type(it).__name__}" for where, it in moved.items())
                warnings.warn(f"{what} moved what training will see: it cannot put back {lost}", stacklevel=4)


def _undoing(it: Any) -> Iterator[Undo | None]:
    """What puts an object back as it is now, in pieces; None for a piece that cannot be."""
    if isinstance(it, random.Random):
        yield None if isinstance(it, random.SystemRandom) else partial(it.setstate, it.getstate())
    elif isinstance(it, np.random.RandomState):
        yield partial(it.set_state, it.get_state(legacy=False))
    elif isinstance(it, np.random.BitGenerator):
        yield partial(setattr, it, "state", it.state)
    elif of_torch(it, "Generator"):
        yield partial(it.set_state, it.get_state())
    elif of_torch(it, "Tensor"):
        yield from _tensor(it)
    elif isinstance(it, np.ndarray):
        if it.flags.writeable:
            plain = it.view(np.ndarray)
            yield partial(np.copyto, plain, plain.copy())
    elif isinstance(it, ctypes.Array | ctypes.Structure | ctypes._SimpleCData):
        yield partial(ctypes.memmove, ctypes.addressof(it), bytes(it), ctypes.sizeof(it))
    elif isinstance(it, io.IOBase):
        yield from _file(it)
    elif is_iterator(it) or of_torch(it, ITERATION):
        yield None
    elif isinstance(it, list):
        yield partial(list.__setitem__, it, slice(None), members(it))
    elif isinstance(it, bytearray | array.array):
        yield partial(type(it).__setitem__, it, slice(None), it[:])
    elif isinstance(it, set | collections.deque):
        yield partial(_refill, it, members(it))
    elif isinstance(it, dict):
        yield partial(_redo, it, members(it))
    elif isinstance(it, types.CellType):
        yield partial(_fill_cell, it, contents(it))
    elif isinstance(it, types.FunctionType):
        for space, name in named(it):
            yield partial(space.__setitem__, name, space[name])
    elif isinstance(it, type):
        yield partial(_restore_class, it, dict(vars(it)))
    if not known(type(it)):
        for slot, value in slots(it):
            yield partial(_fill_slot, slot, it, value)


def _fill_slot(slot: types.MemberDescriptorType, it: Any, value: Any) -> None:
    if value is not MISSING:
        slot.__set__(it, value)
    elif hasattr(it, slot.__name__):
        slot.__delete__(it)


def _fill_cell(cell: types.CellType, value: Any) -> None:
    if value is not MISSING:
        cell.cell_contents = value
    else:
        del cell.cell_contents


def _refill(it: Any, kept: list[Any]) -> None:
    base: Any = set if isinstance(it, set) else collections.deque
    base.clear(it)
    (base.update if base is set else base.extend)(it, kept)


def _redo(it: dict[Any, Any], kept: list[Any]) -> None:
    now = members(it)
    if len(now) == len(kept) and all(k is j and v is w for (k, v), (j, w) in zip(now, kept, strict=True)):
        return  # an object's attributes are not taken away for a moment without need
    base = collections.OrderedDict if isinstance(it, collections.OrderedDict) else dict
    base.clear(it)
    base.update(it, kept)


def _restore_class(it: type, kept: dict[str, Any]) -> None:
    for name in {*kept, *vars(it)}:
        if not name.startswith("__") and vars(it).get(name, MISSING) is not kept.get(name, MISSING):
            if name in kept:
                type.__setattr__(it, name, kept[name])
            else:
                type.__delattr__(it, name)


def _tensor(it: Any) -> Iterator[Undo]:
    """A tensor that is as it was is left alone: writing into it would end what autograd knows of it."""
    torch = sys.modules["torch"]
    if it.layout == torch.strided and it.device.type != "meta":
        values, it = it.detach().clone(), it.detach()
        yield lambda: None if torch.equal(it, values) else it.copy_(values)


def _file(it: io.IOBase) -> Iterator[Undo | None]:
    if not it.closed and it.readable() and not it.writable():
        try:
            yield partial(it.seek, it.tell())
        except OSError:  # not one on disk, or read line by line just now
            yield None
