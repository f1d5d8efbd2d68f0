"""The order and the shape of a real PyTorch loader, as `deal` and all that builds on it take them."""

from typing import Any

import numpy as np

from ..sampler import Recorded, record_loader
from ..trace import Trace
from .dealing import Loader, deal


def of(dataloader: Any, epochs: int = 1, *, length: int | None = None) -> tuple[Trace, Loader]:
    """What the next iterations of a `torch.utils.data.DataLoader` fetch, and the `Loader` that deals it out so.

    Nothing is loaded and nothing moves: see `sampler.record_loader`. The batch size is that of the steps recorded,
    whatever the loader calls it, so ``batch_size=None`` is batches of 1, or of what the sampler's indices stand for.

    Parameters
    ----------
    dataloader : torch.utils.data.DataLoader
        Of a distributed run: one rank's, of which this is then all.
    epochs : int
        Iterations, >= 1.
    length : int, optional
        Steps at which to stop each iteration, for a loader that never ends.

    Returns
    -------
    trace : Trace
        What is fetched, epoch by epoch.
    loader : Loader
        Who loads it.

    Raises
    ------
    TypeError
        When it is no loader that can be recorded.
    ValueError
        When an argument is out of range, the loader does not end, a step but the last of an iteration holds fewer
        items than another, or batches do not go to the workers in turn.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from simcache import loader
    >>> trace, shape = loader.of(DataLoader(range(100), batch_size=8, shuffle=True), epochs=2)
    >>> len(trace), shape.batch_size
    (200, 8)
    """
    recorded = record_loader(dataloader, epochs, length=length)
    loader = Loader(
        max(1, int(_sizes(recorded).max(initial=0))),
        dataloader.num_workers,
        persistent_workers=dataloader.persistent_workers,
        prefetch_factor=dataloader.prefetch_factor or 2,
    )
    dealt = deal(recorded.trace, loader)
    where = f"for trace {recorded.trace.name!r}"
    if not np.array_equal(dealt.step, recorded.step):
        few = ", ".join(map(str, _sizes(recorded)[:8]))
        raise ValueError(
            f"a loader's steps must hold as many items each, but the last of an iteration fewer, {where}, got {few}, …"
        )
    if not np.array_equal(dealt.worker, recorded.worker):
        raise ValueError(f"a loader must deal its batches to its workers in turn {where}, got {recorded.worker[:8]}, …")
    return recorded.trace, loader


def _sizes(recorded: Recorded) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Items of each step that holds any."""
    epoch = np.searchsorted(recorded.trace.epochs, np.arange(len(recorded.trace)), side="right")
    begins = np.flatnonzero(np.diff(epoch, prepend=0) | np.diff(recorded.step, prepend=-1))
    return np.diff(begins, append=len(recorded.trace))
