"""The order that training will follow, in a file: what `OPTCacheDecorator` plans for."""

import os
from pathlib import Path
from typing import Any

from .. import order
from ..files import replacing
from ..trace import LIMIT, Trace, whole


def generate_precomputed_file(
    dataset_size: int,
    total_iterations: int,
    persist_path: str | os.PathLike[str],
    random_seed: int = 0,
    replacement: bool = True,
    maxsize: int | None = None,
) -> None:
    """Write what one pass over a seeded ``torch.utils.data.RandomSampler`` yields to a file.

    That sampler is ``RandomSampler(dataset, replacement, num_samples=total_iterations, generator=…)`` with
    ``torch.Generator().manual_seed(random_seed)``, in front of any data set of `dataset_size` items. With replacement,
    several passes of fewer samples draw the same. For any other order, save its trace: `simcache.order` has PyTorch's
    samplers, `simcache.sampler` records the rest, and `Trace.save` writes such a file too.

    Parameters
    ----------
    dataset_size : int
        Items, 1 … 2^31 - 1.
    total_iterations : int
        Accesses of the whole training, 1 … 2^31 - 1.
    persist_path : path
        The file, a saved `Trace` whatever its name; its folder is made. An old one is replaced once all is written.
    random_seed : int
        0 … 2^64 - 1.
    replacement : bool
        Whether an item may be drawn again before all were; if not, one permutation follows another.
    maxsize : int, optional
        Without effect: one file serves all sizes, as the plan is made where the cache is.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> from simcache import Trace
    >>> from simcache.torch import generate_precomputed_file
    >>> generate_precomputed_file(100, 300, "order.npz", random_seed=1)
    >>> Trace.load("order.npz")
    <Trace 'RandomSampler': accesses 300, items touched 94 of 100, epochs 1, repeats 68.67%>
    """
    where = " for generate_precomputed_file"
    size = whole(dataset_size, "dataset_size", 1, LIMIT, where)
    total = whole(total_iterations, "total_iterations", 1, LIMIT, where)
    seed = whole(random_seed, "random_seed", 0, 2**64 - 1, where)
    if not isinstance(replacement, bool):
        raise TypeError(f"replacement must be True or False{where}, got {replacement!r}")
    target = checked(persist_path, "persist_path")
    write(order.random(size, seed=seed, replacement=replacement, num_samples=total), target)


def write(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Save a trace to a file of any name, its folder made."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, ".npz") as temporary:
        trace.save(temporary)


def read(path: str | os.PathLike[str]) -> Trace:
    """The trace in a file of any name.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is another: pickles too are refused, unopened.
    """
    file = checked(path, "precomputed_path")
    try:
        return Trace.load(file)
    except ValueError:
        raise ValueError(
            f"precomputed_path must be a file of generate_precomputed_file, opt4torch-precompute or Trace.save, got "
            f"{str(file)!r}, which is none, or not whole (pickles are never opened, since that can run code); make it "
            f"anew: opt4torch-precompute --total-iter N --output {file}"
        ) from None


def checked(path: Any, what: str) -> Path:
    """The path of a file."""
    try:
        return Path(os.fsdecode(path))
    except TypeError:
        raise TypeError(f"{what} must be a path, got {path!r}") from None
