"""Traces one after the other: a law that changes."""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import LIMIT, short, source_text
from ..trace import Scalar, Trace

Sizes = NDArray[np.int64]


def phases(traces: Iterable[Trace]) -> Trace:
    """Traces of one universe of items, one after the other.

    Each phase begins an epoch, as do the epochs within it; `source` keeps what all of them have in common.

    Parameters
    ----------
    traces : iterable of Trace
        At least one, of as many items each, with the same sizes or none, and 2^31 - 1 accesses in all.

    Returns
    -------
    Trace
        As many items as each, the accesses of all.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import synth
    >>> synth.phases([synth.loop(3, 6), synth.uniform(3, 4)]).epochs
    (0, 3, 6)
    """
    where = " for synth.phases"
    if isinstance(traces, Trace) or not isinstance(traces, Iterable):
        raise TypeError(f"traces must be several in a list{where}, got {short(traces)}")
    parts: list[Trace] = []
    given: Iterable[Any] = traces
    for each in given:
        if not isinstance(each, Trace):
            raise TypeError(f"traces must be Traces{where}, got {short(each)}")
        parts.append(each)
    if not parts:
        raise ValueError(f"traces must be at least one{where}, got none")
    first = parts[0]
    for each in parts:
        if each.n_items != first.n_items:
            raise ValueError(f"traces must be of as many items each{where}, got {first.n_items} and {each.n_items}")
        if not _alike(each.sizes, first.sizes):
            raise ValueError(f"traces must have the same sizes, or none{where}, got others in {each.name!r}")
    ends = np.cumsum([0, *map(len, parts)])
    if ends[-1] > LIMIT:
        raise ValueError(f"traces must have at most {LIMIT} accesses in all{where}, got {ends[-1]}")
    epochs = [int(at) + start for at, each in zip(ends[:-1], parts, strict=True) for start in each.epochs]
    sources = [dict(each.source or {}) for each in parts]
    common: dict[str, Scalar] = {
        key: value for key, value in sources[0].items() if all(key in each and each[key] == value for each in sources)
    }
    laws = dict.fromkeys(str(source.get("generator", each.name)) for source, each in zip(sources, parts, strict=True))
    # Sources are no scalar; their digest tells phases of the same laws and other seeds apart.
    told = json.dumps([[len(each), each.name, source_text(each.source)] for each in parts])
    common |= {
        "generator": f"phases({', '.join(laws)})"[:200],
        "phases": len(parts),
        "joined": sha256(told.encode()).hexdigest()[:16],
    }
    names = ", ".join(dict.fromkeys(each.name for each in parts))
    ids = np.concatenate([each.ids for each in parts])
    return Trace(ids, first.n_items, f"phases({names[:200]})-{len(parts)}", epochs, common, first.sizes)


def _alike(a: Sizes | None, b: Sizes | None) -> bool:
    return a is b is None or (a is not None and b is not None and np.array_equal(a, b))
