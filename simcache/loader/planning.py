"""From hits to what each access does: taken from a slot, loaded and stored in one, or loaded and passed on.

A plan needs a policy's hits, and nothing else of it: an item stays after an access exactly where its next access hits.
So no more than `capacity` items stay, and fewer where the policy keeps what it will not need.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from ..policies import Hits, Ids
from ..simulation import Policy, check_seed, check_trace, choose, dense, run
from ..trace import Trace, whole
from .accesses import HIT, KEEP, NUMBERS, SLOT, PlannedSampler
from .dealing import Loader, check_loader, deal

OPT: Policy = ("opt", {"bypass": True})
SLOTS = 1 << 30  # what an order has room for


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What each access does: made by `plan`. Printed, it says the hits, OPT's hits, and the slots.

    Parameters
    ----------
    trace : Trace
        What is fetched, by all that share the cache, in the order of `deal`: an access's number is its place here.
    rank : numpy.ndarray of int32, shape (n_accesses,)
        Who fetches it.
    hits : numpy.ndarray of bool, shape (n_accesses,)
        Of ``simulate(plan.trace, policy, capacity)``.
    orders : numpy.ndarray of uint32, shape (n_accesses,)
        ``slot << 2 | hit << 1 | keep``; keep: the next access to the item hits. 0 where it passes.
    slots : int
        Slots of the cache: the most in use at once, and `spare`.
    policy : str
        The policy's label.
    capacity, spare : int
        Items that the cache holds, and slots beyond what the policy needs.
    ranks : tuple of int
        Those that share the cache.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
    >>> print(made)
    uniform-100: 400 accesses, 1 epochs, capacity 20
    opt(bypass=True)             195 hits  48.75%
    OPT                          195 hits  48.75%
    slots                         20, 0 of them spare
    """

    trace: Trace
    rank: NDArray[np.int32]
    hits: Hits
    orders: NDArray[np.uint32]
    slots: int
    policy: str
    capacity: int
    spare: int
    ranks: tuple[int, ...]
    # Of each rank, how often it has begun again, and the epoch it began last.
    _runs: dict[int, tuple[int, int]] = field(default_factory=dict, init=False)

    @property
    def epochs(self) -> int:
        """Epochs planned.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> made.epochs
        1
        """
        return len(self.trace.epochs)

    @cached_property
    def opt_hits(self) -> int:
        """Hits of OPT with bypass in the same capacity: no policy has more.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> made.opt_hits, int(made.hits.sum())  # OPT's own plan
        (195, 195)
        """
        return int(np.count_nonzero(run(choose(OPT), self.trace, self.capacity, 0)))

    def sampler(self, rank: int = 0) -> PlannedSampler:
        """What that rank's `DataLoader` takes as its sampler.

        Parameters
        ----------
        rank : int
            One of `ranks`.

        Returns
        -------
        PlannedSampler
            Give it to the `DataLoader` as ``sampler=``.

        Raises
        ------
        TypeError, ValueError
            When the rank is not one of those planned.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> len(made.sampler(0))
        400
        """
        where = f" for the plan of trace {self.trace.name!r}"
        if (rank := whole(rank, "rank", 0, where=where)) not in self.ranks:
            raise ValueError(f"rank must be one of {', '.join(map(str, self.ranks))}{where}, got {rank}")
        return PlannedSampler(self, rank)

    def places(self, epoch: int, rank: int) -> NDArray[np.int64]:
        """Places in `trace` of what one rank fetches in one epoch.

        Parameters
        ----------
        epoch : int
            From 0.
        rank : int
            Whose accesses.

        Returns
        -------
        ndarray of int64
            Ascending.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> made.places(0, 0)[:4]
        array([0, 1, 2, 3])
        """
        first, end = [*self.trace.epochs, len(self.trace)][epoch : epoch + 2]
        return first + np.flatnonzero(self.rank[first:end] == rank)

    def first_number(self, epoch: int, rank: int) -> int:
        """What to add to places for numbers, as that rank begins the epoch: they go on where epochs run again.

        Parameters
        ----------
        epoch : int
            The epoch that begins.
        rank : int
            Whose epoch.

        Returns
        -------
        int
            A multiple of the trace's accesses.

        Raises
        ------
        OverflowError
            When there are more than 2^32 - 1 accesses, epochs run again included.

        Examples
        --------
        >>> from simcache import loader, synth
        >>> made = loader.plan(synth.uniform(100, 400), loader.Loader(batch_size=10), capacity=20)
        >>> made.first_number(0, 0), made.first_number(0, 0)  # begun, and begun again
        (0, 400)
        """
        runs, last = self._runs.get(rank, (0, -1))
        runs += epoch <= last
        if (runs + 1) * len(self.trace) > NUMBERS:
            raise OverflowError(
                f"accesses must be at most {NUMBERS}, epochs run again included, for the plan of trace "
                f"{self.trace.name!r}, got {runs + 1} runs of {len(self.trace)}: make it, and its cache, anew"
            )
        self._runs[rank] = runs, epoch
        return runs * len(self.trace)

    def __repr__(self) -> str:
        hits = np.count_nonzero(self.hits)
        return (
            f"<Plan for {self.trace.name!r}, {self.policy}, capacity {self.capacity:,}: {hits:,} hits in "
            f"{len(self.trace):,} accesses, {self.slots:,} slots, {self.spare:,} of them spare>"
        )

    def __str__(self) -> str:
        counts = {self.policy: int(np.count_nonzero(self.hits)), "OPT": self.opt_hits}
        lines = [f"{self.trace.name}: {len(self.trace):,} accesses, {self.epochs} epochs, capacity {self.capacity:,}"]
        lines += [f"{name:<18}{hits:>14,} hits {hits / max(1, len(self.trace)):7.2%}" for name, hits in counts.items()]
        return "\n".join([*lines, f"{'slots':<18}{self.slots:>14,}, {self.spare:,} of them spare"])


def plan(
    trace: Trace,
    loader: Loader,
    capacity: int,
    policy: Policy = OPT,
    *,
    ranks: Iterable[int] | None = None,
    spare: int | None = None,
    seed: int = 0,
) -> Plan:
    """Plan a cache that a loader's processes share, so that it hits exactly what the policy does in simulation.

    Parameters
    ----------
    trace : Trace
        The order of the whole data set, epoch by epoch, before ranks.
    loader : Loader
        Who loads what.
    capacity : int
        Items that the cache holds, >= 1; above the number of items, all fit.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python; by default
        OPT with bypass, which loads the least.
    ranks : iterable of int, optional
        Those that share this cache; by default all.
    spare : int, optional
        Slots beyond those the policy needs. A freed slot is used again after as many others were freed, so an access
        that comes late, since workers run ahead of each other, still finds its item. By default what the workers
        prefetch: ``prefetch_factor * num_workers * batch_size * ranks``, at most `capacity`.
    seed : int
        0 … 2^64 - 1, for policies that draw.

    Returns
    -------
    Plan
        Its `sampler` goes into a `DataLoader`, and it into `simcache.torch.CachedDataset`.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the policy hits what a cache of that capacity cannot hold.

    Examples
    --------
    >>> from simcache import loader, simulate, synth
    >>> trace = synth.uniform(100, 400)
    >>> made = loader.plan(trace, loader.Loader(batch_size=10), capacity=20)
    >>> int(made.hits.sum()), int(simulate(trace, "opt", 20, bypass=True).sum())
    (195, 195)
    """
    check_trace(trace)
    check_loader(loader)
    where = f" for trace {trace.name!r}"
    capacity = whole(capacity, "capacity", 1, where=where, unit=" of items")
    chosen, seed = choose(policy), check_seed(seed)
    sharing = sharing_ranks(ranks, loader.world_size)
    if spare is None:
        spare = min(capacity, loader.prefetch_factor * loader.num_workers * loader.batch_size * len(sharing))
    spare = whole(spare, "spare", 0, SLOTS, where, " of slots")
    fetched, rank = _fetched(trace, loader, sharing)
    hits = run(chosen, fetched, capacity, seed)
    most = min(capacity, trace.n_items, len(fetched))
    orders, used = _ordered(*dense(fetched), hits, most, spare)
    if used < 0:
        raise ValueError(f"a policy must hit only what it holds, at most {capacity} items{where}, got {chosen.label!r}")
    if used + spare > SLOTS:
        raise ValueError(f"slots must be at most {SLOTS}{where}, got {used} in use and {spare} spare")
    return Plan(fetched, rank, hits, orders, used + spare, chosen.label, capacity, spare, tuple(sharing))


def _fetched(trace: Trace, loader: Loader, sharing: list[int]) -> tuple[Trace, NDArray[np.int32]]:
    """What ranks fetch together, in the order of `deal`, and which of them does."""
    if loader.world_size == 1 and not loader.drop_last:  # dealt as it stands: no need to write all of a deal down
        return trace, np.zeros(len(trace), np.int32)
    dealt = deal(trace, loader)
    mine = np.isin(dealt.rank, sharing) if len(sharing) < loader.world_size else slice(None)
    starts = np.searchsorted(dealt.epoch[mine], np.arange(len(trace.epochs), dtype=np.int32)).tolist()
    return Trace(dealt.ids[mine], trace.n_items, trace.name, starts, trace.source), dealt.rank[mine]


def sharing_ranks(ranks: Iterable[int] | None, world_size: int) -> list[int]:
    """Those that share a cache, in order; None: all."""
    if ranks is None:
        return list(range(world_size))
    try:
        given = list(ranks)
    except TypeError:
        raise TypeError(f"ranks must be whole numbers in a row, or None for all, got {ranks!r}") from None
    sharing = sorted({whole(rank, "ranks", 0, world_size - 1, " for Loader") for rank in given})
    if not sharing:
        raise ValueError("ranks must be one or more, or None for all, got none")
    return sharing


@compiled
def _ordered(ids: Ids, n_items: int, hits: Hits, most: int, spare: int) -> tuple[NDArray[np.uint32], int]:
    """The order of each access, and the most slots in use at once; -1 where the hits are of no cache of that size.

    A freed slot waits until `spare` others are free, and of those free the one that is for longest is taken.
    """
    n = ids.size
    orders = np.empty(n, np.uint32)
    next_hits = np.zeros(n_items, np.bool_)
    for t in range(n - 1, -1, -1):
        orders[t] = next_hits[ids[t]]
        next_hits[ids[t]] = hits[t]
    slot_of = np.full(n_items, -1, np.int32)
    room = most + min(spare, n) + 1
    free = np.empty(room, np.int32)  # a ring: freed at `tail`, taken at `head`
    head, tail, made, used, peak = 0, 0, 0, 0, 0
    for t in range(n):
        i = ids[t]
        keep = orders[t] != 0
        slot = slot_of[i]
        if hits[t]:
            if slot < 0:
                return orders, -1
        elif not keep:
            continue
        else:
            if used == most:
                return orders, -1
            if made - used > spare:
                slot = free[head]
                head = (head + 1) % room
            else:
                slot = np.int32(made)
                made += 1
            slot_of[i] = slot
            used += 1
            peak = max(peak, used)
        if not keep:
            slot_of[i] = -1
            used -= 1
            free[tail] = slot
            tail = (tail + 1) % room
        orders[t] = slot << SLOT | (HIT if hits[t] else 0) | (KEEP if keep else 0)
    return orders, peak
