"""Pass after pass over a sampler: what every function of this package does with its draws and its arguments."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..trace import LIMIT, Scalar, Trace, whole
from . import twister

SEED_LIMIT = 2**64 - 1
Draws = Literal["fresh", "persistent"] | None
LOADERS = (None, "fresh", "persistent")


def passes(
    what: str,
    draw: Callable[[twister.Generator, NDArray[np.int32]], None],
    size: int,
    epochs: int,
    seed: int,
    loader: Draws,
) -> NDArray[np.int32]:
    """What `epochs` passes draw from one generator, shape (epochs, size), base seeds in between."""
    where = f" for order.{what}"
    epochs, seed = whole(epochs, "epochs", 1, LIMIT, where), whole(seed, "seed", 0, SEED_LIMIT, where)
    if loader not in LOADERS:
        raise ValueError(f"loader must be one of {', '.join(map(repr, LOADERS))}{where}, got {loader!r}")
    fits(size, epochs, where)
    state = twister.seeded(seed & 0xFFFFFFFF)
    ids = np.empty((epochs, size), np.int32)
    for epoch in range(epochs):
        if loader == "fresh" or (loader == "persistent" and epoch == 0):
            twister.low_word(state)
        draw(state, ids[epoch])
    return ids


def fits(size: int, epochs: int, where: str) -> None:
    """Refuse more accesses than a trace can hold."""
    if size * epochs > LIMIT:
        raise ValueError(f"a trace must have at most {LIMIT} accesses{where}, got {size} in each of {epochs} epochs")


def trace(
    name: str,
    ids: NDArray[np.int32],
    n_items: int,
    size: int,
    seed: int,
    loader: Draws,
    source: dict[str, Scalar],
) -> Trace:
    """The trace of a sampler: `ids` of shape (epochs, size), and where it came from."""
    known: dict[str, Scalar] = {"generator": "order", "sampler": name.partition("-")[0], **source}
    if loader:
        known["loader"] = loader
    epochs = (epoch * size for epoch in range(ids.shape[0]))
    return Trace(ids.ravel(), n_items, name, epochs, {**known, "trace_seed": seed})


def flag(value: Any, what: str, function: str) -> bool:
    """`value` as a bool, if it is one."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} must be True or False for order.{function}, got {value!r}")
    return bool(value)


def unpredictable(message: str) -> ValueError:
    """The error of an order that must be recorded instead."""
    return ValueError(f"{message}: its order cannot be predicted, record it (sampler.record, sampler.record_loader)")
