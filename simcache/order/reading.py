"""The order of a real PyTorch loader, read off its arguments and seeds instead of off its items."""

import sys
from typing import Any

import numpy as np

from ..trace import Trace
from .passes import Draws, unpredictable
from .samplers import distributed, random, subset, weighted

HOME = "torch.utils.data"


def of(dataloader: Any, epochs: int = 1) -> Trace:
    """What the next `epochs` iterations of a `torch.utils.data.DataLoader` fetch, without drawing anything.

    Its generators must be as they were seeded: not one number drawn. A `DistributedSampler` gets ``set_epoch`` with
    0, 1, …, and the trace is its rank's. Accesses that ``drop_last`` leaves out are in the trace: `loader.deal` drops
    them.

    Parameters
    ----------
    dataloader : torch.utils.data.DataLoader
        Of a map-style data set, with a sampler of PyTorch's own.
    epochs : int
        Iterations, >= 1.

    Returns
    -------
    Trace
        What the loader will fetch, epoch by epoch.

    Raises
    ------
    TypeError
        When it is no loader, or one of an iterable data set, which has no index.
    ValueError
        When the order cannot be predicted: a loader or sampler of another class than PyTorch's own, ``in_order=False``,
        weights drawn without replacement, a generator that has drawn already. The message says what to do instead.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader
    >>> from simcache import order
    >>> loader = DataLoader(range(6), shuffle=True, generator=torch.Generator().manual_seed(0))
    >>> order.of(loader, epochs=2).ids
    array([5, 1, 0, 3, 2, 4, 4, 2, 1, 3, 0, 5], dtype=int32)
    >>> torch.cat(list(loader))  # the first epoch, drawn in earnest
    tensor([5, 1, 0, 3, 2, 4])
    """
    torch = sys.modules.get("torch")  # a loader of torch's has loaded it; nothing else may
    if torch is None or not isinstance(dataloader, torch.utils.data.DataLoader):
        raise TypeError(f"dataloader must be a torch.utils.data.DataLoader for order.of, got {dataloader!r}")
    if isinstance(dataloader.dataset, torch.utils.data.IterableDataset):
        raise TypeError(
            f"dataloader must have a map-style dataset for order.of: an iterable one has no index, got "
            f"{type(dataloader.dataset).__name__}"
        )
    for what, it in (("dataloader", dataloader), ("batch_sampler", dataloader.batch_sampler)):
        if it is not None and not (type(it).__module__.startswith(HOME)):
            raise unpredictable(f"{what} must be of PyTorch's own class for order.of, got {type(it)!r}")
    if not getattr(dataloader, "in_order", True):
        raise unpredictable("in_order must be True for order.of, got False")
    if dataloader.batch_sampler is not None and dataloader.batch_size is None:
        sampler = dataloader.batch_sampler.sampler
    else:
        sampler = dataloader.sampler
    if not type(sampler).__module__.startswith(HOME):
        raise unpredictable(f"sampler must be one of PyTorch's own for order.of, got {type(sampler)!r}")
    return _order(sampler, dataloader, epochs, torch.default_generator)


def _order(sampler: Any, dataloader: Any, epochs: int, common: Any) -> Trace:
    kind = type(sampler).__name__
    if kind == "SequentialSampler":
        return distributed(len(sampler.data_source), epochs, num_replicas=1, shuffle=False)
    if kind == "DistributedSampler":
        return distributed(
            len(sampler.dataset),
            epochs,
            num_replicas=sampler.num_replicas,
            rank=sampler.rank,
            shuffle=sampler.shuffle,
            seed=sampler.seed,
            drop_last=sampler.drop_last,
        )
    if kind == "WeightedRandomSampler" and not sampler.replacement:
        raise unpredictable("weights must be drawn with replacement for order.of, got replacement=False")
    own = getattr(sampler, "generator", None)
    seed = _seed(common if own is None else own)
    loader: Draws = None
    if (dataloader.generator if dataloader.generator is not None else common) is (common if own is None else own):
        loader = "persistent" if dataloader.persistent_workers else "fresh"
    if kind == "RandomSampler":
        return random(
            len(sampler.data_source),
            epochs,
            seed=seed,
            replacement=sampler.replacement,
            num_samples=sampler.num_samples,
            generator=own is not None,
            loader=loader,
        )
    if kind == "WeightedRandomSampler":
        return weighted(np.asarray(sampler.weights), sampler.num_samples, epochs, seed=seed, loader=loader)
    if kind == "SubsetRandomSampler":
        indices = np.asarray(sampler.indices)
        return subset(indices, epochs, n_items=len(dataloader.dataset), seed=seed, loader=loader)
    raise unpredictable(f"sampler must be one that order has a function for, got {kind}")


def _seed(generator: Any) -> int:
    """The seed of a generator that has drawn nothing yet."""
    seed = int(generator.initial_seed())
    fresh = type(generator)().manual_seed(seed)
    if not np.array_equal(np.asarray(fresh.get_state()), np.asarray(generator.get_state())):
        raise unpredictable(f"generators must not have drawn yet for order.of, got one that did, seeded with {seed}")
    return seed & (2**64 - 1)
