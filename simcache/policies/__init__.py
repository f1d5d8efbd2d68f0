"""The policies: this folder is the registry. One file each, found by its name; none knows another.

A policy file holds ``kernel(ids, n_items, capacity, seed, …)``, compiled, one bool per access, and ``reference(ids,
capacity, seed, *, …)``, the same policy in plain Python, bit for bit. Parameters after `seed` have defaults. A policy
that draws random numbers says ``RANDOM = True``; one that may leave an item out though there is room for it ``BYPASS =
True``; one that knows of accesses to come ``FORESEES = True``.

It may also hold ``curve(ids, n_items, seed, start, …)``: the hits at every capacity 0 … n_items from one pass, shape
(2, n_items + 1), row 0 of all accesses, row 1 of those at positions >= `start`; and ``CURVE_FROM``, the number of sizes
from which that is cheaper than a run for each. A parameter that `curve` does not take is at its default there.
``many(ids, n_items, capacities, seed, start, …)`` counts the same at 2 … 16 named sizes, rising and at most `n_items`,
shape (2, n_capacities): the hits of `kernel` at each, draws included. It is used from ``MANY_FROM`` sizes on.
``sized(ids, sizes, n_items, capacity, seed, …)`` and ``sized_reference(ids, sizes, capacity, seed, *, …)`` are the
policy with `sizes` bytes an item, the capacity in bytes: a missed item enters once enough have gone for it to fit, and
one larger than the cache never does. With all sizes 1 they hit what `kernel` hits.

``ACCESSES`` names the parameters that count accesses, each with the least it may be; a sample of the items scales them.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..text import near

if TYPE_CHECKING:
    from ..arrays import Counts as Counts
    from ..arrays import Hits as Hits
    from ..arrays import Ids as Ids
    from ..arrays import Sizes as Sizes

__all__ = ["load", "names"]

SizeOf = Sequence[int] | Mapping[int, int]  # of each item, for a `sized_reference`


def __getattr__(name: str) -> Any:
    """The types of arrays, for which NumPy is loaded when a policy asks for one: names can be listed without it."""
    if name not in ("Counts", "Hits", "Ids", "Sizes"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("..arrays", __name__), name)


def names() -> list[str]:
    """Names of the policies, sorted.

    Returns
    -------
    list of str
        What `simulate` takes.

    Examples
    --------
    >>> from simcache import policies
    >>> [name for name in policies.names() if name.startswith("l")]
    ['lfu', 'lirs', 'lru', 'lruk']
    """
    return sorted(module.name for module in iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The policy module of that name.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    module
        With its `kernel`, its `reference`, and what else it has.

    Raises
    ------
    ValueError
        When there is none; the message names the nearest and all known.

    Examples
    --------
    >>> from simcache import policies
    >>> policies.load("lru").__doc__.splitlines()[0]
    'LRU: evict the item whose last access is the oldest.'
    """
    home = f"{__name__}.{name}"
    if home in sys.modules:  # to list the folder takes longer than a simulation of 10^5 accesses
        return import_module(home)  # which waits where another thread has but begun to load it
    if name in (known := names()):
        return import_module(home)
    raise ValueError(f"unknown policy {name!r};{_meant(name, known)} known: {', '.join(known)}")


def _meant(name: str, known: list[str]) -> str:
    """A hint at the policy that was perhaps meant, or nothing; parameters as the command line and tables write them."""
    base, given = written.groups() if (written := re.fullmatch(r"(\w+)[:(](.*?)\)?", name)) else ("", "")
    if base not in known:
        return near(name, known)
    words = {"true": "True", "false": "False"}
    parts = (part.partition("=") for part in given.split(",") if "=" in part)
    pairs = ", ".join(f'"{key.strip()}": {words.get(value.lower(), value)}' for key, _, value in parts)
    return f' did you mean ("{base}", {{{pairs}}})?' if pairs else f" did you mean {base!r}?"
