"""PyTorch's samplers as functions of a seed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..trace import LIMIT, Scalar, Trace, whole
from . import twister
from .passes import SEED_LIMIT, Draws, fits, flag, passes, trace, unpredictable


def random(
    n_items: int,
    epochs: int = 1,
    *,
    seed: int = 0,
    replacement: bool = False,
    num_samples: int | None = None,
    generator: bool = True,
    loader: Draws = None,
) -> Trace:
    """``RandomSampler(dataset, replacement, num_samples, generator)``.

    Parameters
    ----------
    n_items : int
        Items in the data set, 1 … 2^31 - 1.
    epochs : int
        Passes over the sampler, >= 1.
    seed : int
        What the generator was seeded with, 0 … 2^64 - 1.
    replacement : bool
        Whether an item may be drawn twice in an epoch.
    num_samples : int, optional
        Accesses an epoch, >= 1; by default `n_items`.
    generator : bool
        Whether the sampler was given a generator; if not, it seeds one of its own every epoch from the global one.
    loader : None, "fresh" or "persistent"
        Which base seeds a `DataLoader` draws from the same generator: none, one an epoch, or one in all.

    Returns
    -------
    Trace
        What the sampler yields, epoch by epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import order
    >>> order.random(6, 2, seed=0).ids  # RandomSampler(range(6), generator=torch.Generator().manual_seed(0))
    array([2, 5, 3, 0, 1, 4, 5, 2, 1, 3, 4, 0], dtype=int32)
    """
    n_items = whole(n_items, "n_items", 1, LIMIT, " for order.random")
    size = n_items if num_samples is None else whole(num_samples, "num_samples", 1, LIMIT, " for order.random")
    replacement = flag(replacement, "replacement", "random")
    generator = flag(generator, "generator", "random")

    def draw(state: twister.Generator, out: NDArray[np.int32]) -> None:
        own = state if generator else twister.seeded(twister.low_word(state))
        if replacement:
            twister.integers(own, n_items, out)
            return
        for start in range(0, size, n_items):
            part = out[start : start + n_items]
            items = part if part.size == n_items else np.empty(n_items, np.int32)
            twister.permute(own, items)
            if items is not part:
                part[:] = items[: part.size]
        if size % n_items == 0:
            twister.skip_permute(own, n_items)  # the sampler draws its tail even where it is empty

    ids = passes("random", draw, size, epochs, seed, loader)
    source: dict[str, Scalar] = {"replacement": replacement, "num_samples": size, "generator_given": generator}
    return trace("RandomSampler", ids, n_items, size, seed, loader, source)


def shuffled(
    n_items: int,
    epochs: int = 1,
    *,
    seed: int = 0,
    generator: bool = False,
    persistent_workers: bool = False,
    in_order: bool = True,
) -> Trace:
    """``DataLoader(dataset, shuffle=True, generator=…, persistent_workers=…)``; other arguments do not move its order.

    Parameters
    ----------
    n_items : int
        Items in the data set, 1 … 2^31 - 1.
    epochs : int
        Passes over the sampler, >= 1.
    seed : int
        What the generator was seeded with, 0 … 2^64 - 1.
    generator : bool
        Whether the loader was given a generator; if not, all draws are from the global one.
    persistent_workers : bool
        As given to the loader.
    in_order : bool
        Must be True: batches that come as workers finish them come in no order that can be predicted.

    Returns
    -------
    Trace
        What the loader fetches, epoch by epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import order
    >>> order.shuffled(6, 2, seed=0).ids  # torch.manual_seed(0), then DataLoader(range(6), shuffle=True)
    array([0, 4, 3, 5, 2, 1, 2, 3, 1, 5, 4, 0], dtype=int32)
    """
    if not flag(in_order, "in_order", "shuffled"):
        raise unpredictable("in_order must be True for order.shuffled, got False")
    loader: Draws = "persistent" if flag(persistent_workers, "persistent_workers", "shuffled") else "fresh"
    return random(n_items, epochs, seed=seed, generator=generator, loader=loader)


def weighted(
    weights: ArrayLike,
    num_samples: int,
    epochs: int = 1,
    *,
    seed: int = 0,
    replacement: bool = True,
    loader: Draws = None,
) -> Trace:
    """``WeightedRandomSampler(weights, num_samples, replacement, generator)``, with replacement.

    Parameters
    ----------
    weights : array_like of float, shape (n_items,)
        Finite, >= 0, not all 0; at most 2^24.
    num_samples : int
        Accesses an epoch, >= 2.
    epochs : int
        Passes over the sampler, >= 1.
    seed : int
        What the generator was seeded with, 0 … 2^64 - 1. Whether it was given or is the global one makes no difference.
    replacement : bool
        True: what is drawn without replacement cannot be predicted, nor can a single draw.
    loader : None, "fresh" or "persistent"
        Which base seeds a `DataLoader` draws from the same generator: none, one an epoch, or one in all.

    Returns
    -------
    Trace
        What the sampler yields, epoch by epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import order
    >>> order.weighted([1, 0, 3], 8).ids
    array([2, 2, 2, 2, 2, 2, 0, 2], dtype=int32)
    """
    where = " for order.weighted"
    size = whole(num_samples, "num_samples", 1, LIMIT, where)
    if not flag(replacement, "replacement", "weighted") or size == 1:
        came = "num_samples=1" if replacement else "replacement=False"
        raise unpredictable(f"weights must be drawn with replacement, two or more an epoch,{where}, got {came}")
    values = np.ascontiguousarray(weights, np.float64)
    if values.ndim != 1 or not 1 <= values.size <= twister.MAX_CATEGORIES:
        raise ValueError(f"weights must be 1 … 2^24 numbers in a row{where}, got shape {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0).all() and 0 < values.sum() < np.inf):
        raise ValueError(f"weights must be finite numbers >= 0 with a finite sum above 0{where}, got {values}")
    shares = twister.cumulative(values)

    def draw(state: twister.Generator, out: NDArray[np.int32]) -> None:
        twister.weighted(state, shares, out)

    ids = passes("weighted", draw, size, epochs, seed, loader)
    source: dict[str, Scalar] = {"replacement": True, "num_samples": size}
    return trace("WeightedRandomSampler", ids, values.size, size, seed, loader, source)


def subset(
    indices: ArrayLike, epochs: int = 1, *, n_items: int | None = None, seed: int = 0, loader: Draws = None
) -> Trace:
    """``SubsetRandomSampler(indices, generator)``.

    Parameters
    ----------
    indices : array_like of int
        Items to draw from, each as often an epoch as it stands there.
    epochs : int
        Passes over the sampler, >= 1.
    n_items : int, optional
        Items in the data set; by default the largest index + 1.
    seed : int
        What the generator was seeded with, 0 … 2^64 - 1. Whether it was given or is the global one makes no difference.
    loader : None, "fresh" or "persistent"
        Which base seeds a `DataLoader` draws from the same generator: none, one an epoch, or one in all.

    Returns
    -------
    Trace
        What the sampler yields, epoch by epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import order
    >>> order.subset([1, 3, 5, 7], n_items=8).ids
    array([1, 3, 7, 5], dtype=int32)
    """
    chosen = Trace(indices, LIMIT if n_items is None else n_items, "order.subset").ids  # checked as ids are
    items = int(chosen.max(initial=0)) + 1 if n_items is None else n_items

    def draw(state: twister.Generator, out: NDArray[np.int32]) -> None:
        out[:] = chosen
        twister.shuffle(state, out)

    ids = passes("subset", draw, chosen.size, epochs, seed, loader)
    return trace("SubsetRandomSampler", ids, items, chosen.size, seed, loader, {})


def distributed(
    n_items: int,
    epochs: int = 1,
    *,
    num_replicas: int,
    rank: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    drop_last: bool = False,
    set_epoch: bool = True,
) -> Trace:
    """``DistributedSampler(dataset, num_replicas, rank, shuffle, seed, drop_last)``.

    Parameters
    ----------
    n_items : int
        Items in the data set, 1 … 2^31 - 1.
    epochs : int
        Passes over the sampler, >= 1.
    num_replicas : int
        Ranks, >= 1.
    rank : int, optional
        0 … `num_replicas` - 1: what that rank sees, padded so that all see as many. None: the order of all ranks
        together, not padded, as `loader.deal` wants it.
    shuffle : bool
        As given to the sampler.
    seed : int
        As given to the sampler, 0 … 2^64 - 1; PyTorch's default is 0.
    drop_last : bool
        As given to the sampler: leaves out the items that do not go evenly into the ranks.
    set_epoch : bool
        Whether ``set_epoch`` is called with 0, 1, … before each pass; if not, all passes are the same.

    Returns
    -------
    Trace
        What the sampler yields, epoch by epoch.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import order
    >>> order.distributed(6, num_replicas=2, rank=0).ids
    array([2, 3, 1], dtype=int32)
    >>> order.distributed(6, num_replicas=2, rank=1).ids
    array([5, 0, 4], dtype=int32)
    """
    where = " for order.distributed"
    n_items = whole(n_items, "n_items", 1, LIMIT, where)
    epochs = whole(epochs, "epochs", 1, LIMIT, where)
    ranks = whole(num_replicas, "num_replicas", 1, LIMIT, where)
    if rank is not None:
        rank = whole(rank, "rank", 0, ranks - 1, where)
    seed = whole(seed, "seed", 0, SEED_LIMIT, where)
    flags = {"shuffle": shuffle, "drop_last": drop_last, "set_epoch": set_epoch}
    for what, value in flags.items():
        flag(value, what, "distributed")
    each = n_items // ranks if drop_last else -(-n_items // ranks)
    places = np.arange(min(n_items, each * ranks)) if rank is None else (rank + ranks * np.arange(each)) % n_items
    fits(places.size, epochs, where)

    items = np.arange(n_items, dtype=np.int32)
    ids = np.empty((epochs, places.size), np.int32)
    for epoch in range(epochs):
        number = (seed + (epoch if set_epoch else 0)) & 0xFFFFFFFF
        if shuffle:
            twister.permute(twister.seeded(number), items)
        ids[epoch] = items[places]
    source: dict[str, Scalar] = {"num_replicas": ranks, **flags}
    if rank is not None:
        source["rank"] = rank
    name = "DistributedSampler"
    return trace(name if rank is None else f"{name}-rank{rank}", ids, n_items, places.size, seed, None, source)
