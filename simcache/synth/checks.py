"""What every generator of this package asks of its arguments."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import LIMIT, whole


def size(value: Any, what: str, where: str, low: int = 1) -> int:
    """`value` as a count `low` … 2^31 - 1; `where` names the caller in the message."""
    return whole(value, what, low, LIMIT, f" for {where}")


def sized(n_items: Any, n_accesses: Any, seed: Any, where: str) -> tuple[int, int, int]:
    """Items to draw from, how many accesses to draw, and the seed."""
    return size(n_items, "n_items", where), size(n_accesses, "n_accesses", where, 0), whole_seed(seed, where)


def passes(n_items: Any, epochs: Any, seed: Any, where: str) -> tuple[int, int, NDArray[np.int32]]:
    """Items, the seed, and room for an access to each in every epoch, if a trace can hold as many."""
    n_items, epochs, seed = size(n_items, "n_items", where), size(epochs, "epochs", where), whole_seed(seed, where)
    if n_items * epochs > LIMIT:
        raise ValueError(f"n_items * epochs must be at most {LIMIT} accesses for {where}, got {n_items} * {epochs}")
    return n_items, seed, np.empty(n_items * epochs, np.int32)


def real(value: Any, what: str, where: str, high: float = math.inf, low: float = 0) -> float:
    """`value` as a finite float in `low` … `high`."""
    bounds = f"a finite number >= {low:g}" if high == math.inf else f"a number {low:g} … {high:g}"
    message = f"{what} must be {bounds} for {where}, got {value!r}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(message)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        raise ValueError(message) from None
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(message)
    return number


def flag(value: Any, what: str, where: str) -> bool:
    """`value` as a bool, if it is one."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} must be True or False for {where}, got {value!r}")
    return bool(value)


def whole_seed(value: Any, where: str) -> int:
    """`value` as a seed 0 … 2^64 - 1."""
    return whole(value, "seed", 0, 2**64 - 1, f" for {where}")


def generator(seed: int, *stream: int) -> np.random.Generator:
    """A stream of `seed`, each number another. PCG64 by name: NumPy may change which one `default_rng` means."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream)))
