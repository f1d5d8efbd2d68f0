"""Hits of the caches in a loader's processes: private to a worker, shared by a rank's workers, or by a node's ranks."""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..allocation import filled
from ..bits import splitmix
from ..jit import compiled
from ..policies import Hits
from ..simulation import SEED_LIMIT, Chosen, Policy, check_seed, choose, dense, run
from ..trace import LIMIT, Trace, whole
from .dealing import Deal, Loader, check_loader, deal, grouped

Shared = Literal["worker", "rank", "node"]


def simulate_loader(
    trace: Trace,
    loader: Loader,
    policy: Policy,
    capacity: int,
    *,
    shared: Shared = "worker",
    seed: int = 0,
    **params: Any,
) -> Hits:
    """Replay a loader's accesses through the caches of its processes.

    A private cache sees the accesses of its worker, and dies with it: without persistent workers it starts empty in
    every epoch. A cache in the rank's own process (``num_workers=0``), or shared, lives for ever, and sees accesses in
    the order of `deal`, as if every process loaded its batches in turn: real ones overlap, so a shared cache may see
    neighbouring batches in another order.

    Parameters
    ----------
    trace : Trace
        The order of the whole data set, before ranks.
    loader : Loader
        Who loads what.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python. OPT knows
        the future of each cache, and of nothing else; its window counts that cache's accesses.
    capacity : int
        Items that each cache holds, >= 1.
    shared : "worker", "rank" or "node"
        Who shares a cache: nobody, the workers of a rank, or all ranks.
    seed : int
        0 … 2^64 - 1. Where there are several caches each draws from a stream of its own.
    **params
        The policy's own parameters.

    Returns
    -------
    numpy.ndarray of bool
        Which accesses hit, aligned with ``deal(trace, loader)``.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace = synth.shuffled(1_000, epochs=10)
    >>> workers = loader.Loader(batch_size=10, num_workers=4, persistent_workers=True)
    >>> for shared, capacity in [("worker", 100), ("rank", 400)]:  # the same memory in all
    ...     print(shared, loader.simulate_loader(trace, workers, "pin", capacity, shared=shared).mean().round(3))
    worker 0.089
    rank 0.36
    """
    dealt = deal(trace, loader)
    chosen = choose(policy, params)
    items = whole(capacity, "capacity", 1, where=f" for trace {trace.name!r}", unit=" of items")
    seed = check_seed(seed)
    return replayed(chosen, lives_of(dealt, loader, trace.n_items, shared), items, seed)


def replayed(chosen: Chosen, lives: "Lives", capacity: int, seed: int = 0) -> Hits:
    """`simulate_loader` with its arguments checked, and its caches' lives known."""
    hits = np.empty(lives.order.size, np.bool_)
    for life, (mine, seen) in lives.seen.items():
        own = int(splitmix(np.uint64(seed), life)) & SEED_LIMIT if life else seed
        hits[mine] = run(chosen, seen, capacity, own)
    return hits


def per_epoch(dealt: Deal, hits: Hits) -> pd.DataFrame:
    """Hits of each epoch, all caches together.

    Parameters
    ----------
    dealt : Deal
        What `deal` gave.
    hits : ndarray of bool
        What `simulate_loader` gave: which of the accesses of `dealt` hit.

    Returns
    -------
    pandas.DataFrame
        Columns epoch, accesses, hits, hit_rate (NaN for an epoch that fetched nothing), up to the last epoch that
        fetched something.

    Raises
    ------
    ValueError
        When `hits` is not aligned with `dealt`.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace = synth.shuffled(100, epochs=3)
    >>> shape = loader.Loader(batch_size=10, num_workers=2, persistent_workers=True)
    >>> dealt, hits = loader.deal(trace, shape), loader.simulate_loader(trace, shape, "pin", 25)
    >>> loader.per_epoch(dealt, hits)
       epoch  accesses  hits  hit_rate
    0      0       100     0      0.00
    1      1       100    26      0.26
    2      2       100    22      0.22
    """
    check_aligned(dealt, hits)
    accesses = np.bincount(dealt.epoch)
    hit = np.bincount(dealt.epoch[hits], minlength=accesses.size)
    return pd.DataFrame(
        {"epoch": np.arange(accesses.size), "accesses": accesses, "hits": hit, "hit_rate": _rate(hit, accesses)}
    )


def per_cache(dealt: Deal, loader: Loader, hits: Hits, capacity: int, *, shared: Shared = "worker") -> pd.DataFrame:
    """What each cache saw in its life, one row per cache that saw anything.

    Parameters
    ----------
    dealt : Deal
        What `deal` gave.
    loader : Loader
        What `deal` was given.
    hits : ndarray of bool
        What `simulate_loader` gave: which of the accesses of `dealt` hit.
    capacity : int
        Items that each cache holds, as `simulate_loader` was told.
    shared : "worker", "rank" or "node"
        Who shares a cache, as `simulate_loader` was told.

    Returns
    -------
    pandas.DataFrame
        Columns epoch, rank, worker, accesses, distinct (items seen), hits, hit_rate, evictions. Epoch, rank or worker
        is missing for a cache that lives through all epochs, or that all ranks or workers share. ``evictions`` is
        max(0, misses - capacity): right for every policy that admits what it misses; one that bypasses (pin, OPT with
        ``bypass=True``) evicts fewer.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or `hits` is not aligned with `dealt`.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace = synth.shuffled(100, epochs=3)
    >>> shape = loader.Loader(batch_size=10, num_workers=2, persistent_workers=True)
    >>> dealt, hits = loader.deal(trace, shape), loader.simulate_loader(trace, shape, "pin", 25)
    >>> loader.per_cache(dealt, shape, hits, 25)[["worker", "accesses", "distinct", "hits"]]
       worker  accesses  distinct  hits
    0       0       150        90    23
    1       1       150        87    25
    """
    check_loader(loader)
    check_aligned(dealt, hits)
    items = whole(capacity, "capacity", 1, unit=" of items")
    n_items = int(dealt.ids.max()) + 1 if dealt.ids.size else 1
    return each_cache(lives_of(dealt, loader, n_items, shared), dealt, hits, items, shared)


def each_cache(lives: "Lives", dealt: Deal, hits: Hits, capacity: int, shared: Shared) -> pd.DataFrame:
    """`per_cache` with its arguments checked, and its caches' lives known."""
    groups = [mine for mine, _ in lives.seen.values()]
    accesses = np.array([mine.size for mine in groups], np.int64)
    hit = np.array([np.count_nonzero(hits[mine]) for mine in groups], np.int64)
    first = np.array([mine[0] for mine in groups], np.int64)
    none = pd.array([pd.NA] * first.size, dtype="Int64")
    return pd.DataFrame(
        {
            "epoch": pd.array(dealt.epoch[first], dtype="Int64") if lives.dying else none,
            "rank": none if shared == "node" else pd.array(dealt.rank[first], dtype="Int64"),
            "worker": pd.array(dealt.worker[first], dtype="Int64") if shared == "worker" else none,
            "accesses": accesses,
            "distinct": np.array([seen.n_touched for _, seen in lives.seen.values()], np.int64),
            "hits": hit,
            "hit_rate": _rate(hit, accesses),
            "evictions": np.maximum(0, accesses - hit - min(capacity, LIMIT)),  # no trace has as many
        }
    )


class Lives(NamedTuple):
    """The accesses of each cache in its life."""

    order: NDArray[np.int64]  # of all accesses dealt, life by life
    seen: dict[int, tuple[NDArray[np.int64], Trace]]  # of each life that saw anything: its part of `order`, its items
    dying: bool  # whether caches start anew every epoch


def lives_of(dealt: Deal, loader: Loader, n_items: int, shared: Shared) -> Lives:
    """Who sees what: all that `simulate_loader` needs of a loader, whatever the policy and its capacity."""
    check_shared(shared)
    dying = shared == "worker" and loader.num_workers > 0 and not loader.persistent_workers
    caches = {"worker": loader.world_size * loader.processes, "rank": loader.world_size, "node": 1}[shared]
    if shared == "node":
        life = np.zeros(dealt.ids.size, np.int64)
    else:
        life = dealt.rank.astype(np.int64)
        if shared == "worker":
            life = life * loader.processes + dealt.worker
    if dying:
        life += dealt.epoch * np.int64(caches)
        caches *= int(dealt.epoch[-1]) + 1 if dealt.epoch.size else 1
    starts, order = grouped(life, caches)
    ids = dealt.ids[order]
    ids.flags.writeable = False
    seen = {}
    for which in np.flatnonzero(np.diff(starts)).tolist():
        part = slice(starts[which], starts[which + 1])
        seen[which] = order[part], Trace(*dense(Trace(ids[part], n_items)))
    return Lives(order, seen, dying)


def epoch_items(lives: Lives, epoch: NDArray[np.int32]) -> list[int]:
    """Distinct items of each cache, counted anew in every epoch."""
    return [int(_fresh(seen.ids, seen.n_items, epoch, mine)) for mine, seen in lives.seen.values()]


@compiled
def _fresh(ids: NDArray[np.int32], n_items: int, epoch: NDArray[np.int32], places: NDArray[np.int64]) -> int:
    """Accesses that are the first to their item in their epoch; epochs never fall."""
    latest = filled(n_items, -1, np.int32)
    count = 0
    for t in range(ids.size):
        now = epoch[places[t]]
        count += latest[ids[t]] != now
        latest[ids[t]] = now
    return count


def check_shared(shared: object) -> None:
    """Refuse what is no way to share a cache."""
    if shared not in get_args(Shared):
        raise ValueError(f"shared must be one of {', '.join(map(repr, get_args(Shared)))}, got {shared!r}")


def check_aligned(dealt: Deal, hits: Hits) -> None:
    """Refuse hits of something else than this deal."""
    given: Any = hits
    if not (isinstance(given, np.ndarray) and given.dtype == np.bool_ and given.shape == dealt.ids.shape):
        came = f"{given.dtype} of shape {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        raise ValueError(f"hits must be one bool per access dealt, {dealt.ids.size} of them, got {came}")


def _rate(hits: NDArray[np.int64], accesses: NDArray[np.int64]) -> NDArray[np.float64]:
    rates = np.full(hits.size, np.nan)
    np.divide(hits, accesses, out=rates, where=accesses > 0)
    return rates
