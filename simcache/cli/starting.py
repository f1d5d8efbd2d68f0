"""new-policy: a file to start a policy of one's own from, which runs as it is."""

import os
import sys
from keyword import iskeyword
from pathlib import Path
from typing import Annotated

import typer

from .. import policies
from . import library
from .streams import say

TEMPLATE = '''"""NAME: FIFO that spares the oldest item if it hits just then. (Say here what yours does, in a line.)

Say here where the idea comes from, where this departs from it, and what it costs: this one keeps a queue of `capacity`
items, and needs a few steps for each access.

Below is one policy twice: `kernel`, compiled by Numba and fast, and `reference`, plain Python and easy to trust. Change
the rule in the reference first, then in the kernel. With the kernel left out the reference runs, slowly.
"""

import numpy as np
from numba import njit

# RANDOM = True  # where it draws random numbers: all from `seed`, so that the same seed gives the same hits
# BYPASS = True  # where an item may be left out though there is room for it


@njit(nogil=True)
def kernel(ids, n_items, capacity, seed, spare=True):
    """Tell the hits, one bool for each of `ids`: numbers 0 … n_items - 1, not to be written to. It begins empty.

    What follows `seed` are parameters of your own, with defaults: ./NAME.py:spare=false is plain FIFO.
    """
    hits = np.zeros(ids.size, np.bool_)
    cached = np.zeros(n_items, np.bool_)
    queue = np.zeros(capacity, np.int32)  # a ring: once it is full, the oldest item is at `hand`
    hand = used = 0
    for t in range(ids.size):
        i = ids[t]
        if cached[i]:
            hits[t] = True
            if spare and used == capacity and queue[hand] == i:  # the rule to replace: the oldest is the newest now
                hand = (hand + 1) % capacity
            continue
        if used == capacity:
            cached[queue[hand]] = False  # the oldest goes
        else:
            used += 1
        queue[hand] = i
        cached[i] = True
        hand = (hand + 1) % capacity
    return hits


def reference(ids, capacity, seed, *, spare=True):
    """Yield the same, bool for bool."""
    queue = []  # oldest first
    for i in ids:
        yield i in queue
        if i in queue:
            if spare and len(queue) == capacity and queue[0] == i:  # the rule to replace
                queue.append(queue.pop(0))
            continue
        if len(queue) == capacity:
            queue.pop(0)  # the oldest goes
        queue.append(i)
'''


def new_policy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What tables call it; the file is NAME.py.")],
    folder: Annotated[Path, typer.Option("--folder", "-o", metavar="DIR", help="Where the file goes.")] = Path(),
) -> None:
    """Write a file to start a policy of your own from: compiled, and again in plain Python.

    It runs at once, under every command that takes a POLICY: ./NAME.py.

    Examples
    --------
    simcache new-policy mine
    simcache new-policy another --folder .
    """
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"a policy's name must be letters, digits and _, and no word of Python's, got {name!r}")
    if name in policies.names():
        raise ValueError(f"a policy's name must be new, got {name!r}, which simcache has")
    if name.startswith("__") or name in sys.stdlib_module_names or library.finding.is_module(name):
        raise ValueError(f"a policy's name must hide no module, got {name!r}, which others import")
    path = folder / f"{name}.py"
    if os.path.lexists(path):
        raise ValueError(f"a new policy must have a file of its own, got {str(path)!r}, which is there")
    with library.files.replacing(path) as temporary:
        temporary.write_text(TEMPLATE.replace("NAME", name), encoding="utf-8")
    shown = str(path) if os.sep in str(path) else f"./{path}"
    say(f"wrote {path}: FIFO with a rule to replace, as a kernel and as its reference")
    say(f"next: simcache check-policy {shown}")
    say(f"then: simcache simulate TRACE {shown} lru opt --fraction .1")
