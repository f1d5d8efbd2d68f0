r"""Step and epoch time from hits: the exact recursion of a loader that prefetches and delivers in order.

With W workers, K batches prefetched by each, load L[j] of batch j, and the accelerator's step s:

.. math:: fin[j] = \max(fin[j - W], con[j - KW]) + L[j], \qquad con[j] = \max(fin[j], con[j - 1] + s)

con[j] is when batch j is delivered, which starts the worker on the batch KW later, and the step on batch j. An epoch
starts when the last step of the one before ends, with nothing prefetched, and ends with its own last step. What a
loader costs beside its items (starting workers, collating, pinning memory) is not in it. Ranks step together, as
gradients are exchanged in each: it ends on all of them when it ends on the slowest, and none starts its next before.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..bits import draw
from ..jit import compiled
from ..policies import Hits
from ..simulation import Policy, check_seed, choose
from ..trace import Trace
from ..units import MOST
from .dealing import Deal, Loader, check_loader, deal
from .replay import Shared, check_aligned, simulate_loader

# Where in a seed's stream the costs are drawn: far from what a policy draws with the same seed.
ITEM_DRAWS = 1 << 40
STEP_DRAWS = 1 << 41


@dataclass(frozen=True)
class Costs:
    """Seconds that things take, each a number, or an array of measured samples to draw from.

    Parameters
    ----------
    t_hit, t_miss : float or array_like, seconds an item
        Fetching an item that is cached, and one that is not.
    t_prep : float or array_like, seconds an item
        What else its worker does with every item: decode, augment.
    t_step : float or array_like, seconds a batch
        The accelerator's step, on each rank.

    Raises
    ------
    TypeError, ValueError
        When a cost is not a finite number >= 0, or one or more of them in a row.

    Examples
    --------
    >>> from simcache.loader import Costs
    >>> Costs(t_hit=0.0001, t_miss=[0.004, 0.005, 0.009], t_prep=0.001, t_step=0.02)
    Costs(t_hit=0.0001, t_miss=(0.004, 0.005, 0.009), t_prep=0.001, t_step=0.02)
    """

    t_hit: ArrayLike
    t_miss: ArrayLike
    t_prep: ArrayLike
    t_step: ArrayLike

    def __post_init__(self) -> None:
        for field in ("t_hit", "t_miss", "t_prep", "t_step"):
            given: Any = getattr(self, field)
            rule = f"{field} must be a number of seconds >= 0, or samples of them in a row, for Costs, got {given!r}"
            try:
                samples = np.atleast_1d(np.asarray(given, np.float64))
            except (TypeError, ValueError, OverflowError):
                raise TypeError(rule) from None
            if samples.ndim != 1 or not samples.size or not (np.isfinite(samples).all() and (samples >= 0).all()):
                raise ValueError(rule)
            object.__setattr__(self, field, float(samples[0]) if np.ndim(given) == 0 else tuple(samples.tolist()))

    def samples(self, field: str) -> NDArray[np.float64]:
        """Samples of one cost in ascending order, shape (n_samples,): one where it is a constant.

        A draw picks the same quantile of every cost, so where hits are cheaper at every quantile each hit saves time.

        Parameters
        ----------
        field : str
            Which cost: its name.

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            Seconds.

        Examples
        --------
        >>> from simcache.loader import Costs
        >>> Costs(t_hit=0, t_miss=[0.009, 0.004], t_prep=0, t_step=0).samples("t_miss")
        array([0.004, 0.009])
        """
        return np.sort(np.atleast_1d(np.asarray(getattr(self, field), np.float64)))


class Timing(NamedTuple):
    """How long a run takes, in seconds, as `timing` finds it.

    Parameters
    ----------
    total : float
        All epochs together.
    epochs : ndarray of float64, shape (n_epochs,)
        Each epoch, up to the last that fetched something; 0 for one that fetched nothing.
    steps : int
        Batches of a rank, all epochs together.
    step : float
        ``total / steps``; NaN without steps.
    roofline : float
        A bound below `total`: each epoch lasts at least its steps, and at least its busiest worker.
    stall : float
        Share of `total` in which the accelerators wait for data; NaN without steps.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace = synth.shuffled(1_000, epochs=3)
    >>> shape = loader.Loader(batch_size=50, num_workers=2, persistent_workers=True)
    >>> hits = loader.simulate_loader(trace, shape, "pin", 250)
    >>> costs = loader.Costs(t_hit=0.0001, t_miss=0.005, t_prep=0.001, t_step=0.02)
    >>> found = loader.timing(loader.deal(trace, shape), shape, hits, costs)
    >>> found.epochs.round(2), found.steps, round(found.stall, 2)
    (array([3.04, 2.39, 2.48]), 60, 0.85)
    """

    total: float
    epochs: NDArray[np.float64]  # each epoch, up to the last that fetched something; 0 for one that fetched nothing
    steps: int
    step: float  # total / steps; NaN without steps
    roofline: float  # a bound below `total`: each epoch lasts at least its steps, and at least its busiest worker
    stall: float  # share of `total` in which the accelerators wait for data; NaN without steps


def timing(dealt: Deal, loader: Loader, hits: Hits, costs: Costs, *, seed: int = 0) -> Timing:
    """How long the epochs of a loader take, from which of its accesses hit.

    Parameters
    ----------
    dealt : Deal
        What `deal` gave.
    loader : Loader
        What `deal` was given.
    hits : ndarray of bool
        What `simulate_loader` gave: which of the accesses of `dealt` hit.
    costs : Costs
        What things take.
    seed : int
        0 … 2^64 - 1: what costs given as samples are drawn with. What is drawn for an access or a step depends on its
        place alone, so that two policies timed with one seed meet the same luck.

    Returns
    -------
    Timing
        Seconds, in all, by epoch and by step.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or `hits` is not aligned with `dealt`.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace = synth.shuffled(1_000, epochs=3)
    >>> shape = loader.Loader(batch_size=50, num_workers=2, persistent_workers=True)
    >>> hits = loader.simulate_loader(trace, shape, "pin", 250)
    >>> costs = loader.Costs(t_hit=0.0001, t_miss=0.005, t_prep=0.001, t_step=0.02)
    >>> round(loader.timing(loader.deal(trace, shape), shape, hits, costs).total, 2)
    7.9
    """
    check_loader(loader)
    check_aligned(dealt, hits)
    if not isinstance(costs, Costs):
        raise TypeError(f"costs must be a simcache.loader.Costs, got {costs!r}")
    stream = np.uint64(check_seed(seed))
    hit, miss, prep = (costs.samples(field) for field in ("t_hit", "t_miss", "t_prep"))
    loads, counts = _loads(dealt.epoch, dealt.step, dealt.rank, hits, hit, miss, prep, stream)
    batches = loads.size // loader.world_size
    steps = _steps(batches, loader.world_size, costs.samples("t_step"), stream)
    epochs, floor = _recursion(
        loads.reshape(batches, loader.world_size), steps, counts, loader.num_workers, loader.prefetch_factor
    )
    total = float(epochs.sum())
    return Timing(
        total=total,
        epochs=epochs,
        steps=batches,
        step=total / batches if batches else math.nan,
        roofline=float(floor.sum()),
        stall=max(0.0, 1 - float(steps.max(1).sum()) / total) if total else math.nan,
    )


def speedups(
    trace: Trace,
    loader: Loader,
    policy: Policy,
    capacity: int,
    costs: Costs,
    *,
    shared: Shared = "worker",
    seed: int = 0,
    **params: Any,
) -> pd.DataFrame:
    """What a better policy could gain: the time with the policy in use, with OPT, and with caches of everything.

    While hits are no dearer than misses, no policy is faster than caches of everything, at any capacity. OPT, with
    bypass, hits the most at this capacity; it need not hit where that saves most time, so it is a target, not a bound.

    Parameters
    ----------
    trace : Trace
        The order of the whole data set, before ranks.
    loader : Loader
        Who loads what.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        The policy in use: a name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain
        Python.
    capacity : int
        Items that each cache holds, >= 1.
    costs : Costs
        What things take.
    shared : "worker", "rank" or "node"
        Who shares a cache: nobody, the workers of a rank, or all ranks.
    seed : int
        0 … 2^64 - 1, for policies that draw, and for costs given as samples.
    **params
        The policy's own parameters.

    Returns
    -------
    pandas.DataFrame
        One row each for the policy, OPT and ``"everything"``. Columns policy, capacity, hit_rate, seconds, step
        (seconds a step), roofline (seconds), stall (share of seconds), speedup (over the policy in use).

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Examples
    --------
    >>> from simcache import loader, synth
    >>> trace, shape = synth.uniform(1_000, 5_000), loader.Loader(batch_size=50)
    >>> costs = loader.Costs(t_hit=0.0001, t_miss=0.005, t_prep=0.001, t_step=0.02)
    >>> loader.speedups(trace, shape, "lru", 250, costs)[["policy", "hit_rate", "seconds", "speedup"]].round(2)
                 policy  hit_rate  seconds  speedup
    0               lru      0.25    25.91     1.00
    1  opt(bypass=True)      0.56    18.24     1.42
    2        everything      0.80    12.37     2.09
    """
    dealt = deal(trace, loader)
    rows = []
    label = choose(policy, params).label
    best: Policy = ("opt", {"bypass": True})
    settings: list[tuple[str, Policy, int, dict[str, Any]]] = [
        (label, policy, capacity, params),
        (choose(best).label, best, capacity, {}),
        ("everything", "fifo", trace.n_items, {}),
    ]
    for name, candidate, size, own in settings:
        hits = simulate_loader(trace, loader, candidate, size, shared=shared, seed=seed, **own)
        time = timing(dealt, loader, hits, costs, seed=seed)
        rows.append(
            {
                "policy": name,
                "capacity": min(size, MOST),
                "hit_rate": hits.mean() if hits.size else math.nan,
                "seconds": time.total,
                "step": time.step,
                "roofline": time.roofline,
                "stall": time.stall,
            }
        )
    table = pd.DataFrame(rows)
    table["speedup"] = table["seconds"].iloc[0] / table["seconds"]
    return table


@compiled
def _loads(
    epoch: NDArray[np.int32],
    step: NDArray[np.int32],
    rank: NDArray[np.int32],
    hits: Hits,
    t_hit: NDArray[np.float64],
    t_miss: NDArray[np.float64],
    t_prep: NDArray[np.float64],
    seed: np.uint64,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Seconds to load each batch, in the deal's order, and how many batches rank 0 has in each epoch."""
    loads = np.empty(hits.size, np.float64)
    counts = np.zeros(epoch[-1] + 1 if epoch.size else 0, np.int64)
    batch = -1
    for t in range(hits.size):
        if t == 0 or step[t] != step[t - 1] or rank[t] != rank[t - 1] or epoch[t] != epoch[t - 1]:
            batch += 1
            loads[batch] = 0.0
            counts[epoch[t]] += rank[t] == 0
        fetch = t_hit if hits[t] else t_miss
        loads[batch] += fetch[0 if fetch.size == 1 else draw(seed, ITEM_DRAWS + 2 * t, fetch.size)]
        loads[batch] += t_prep[0 if t_prep.size == 1 else draw(seed, ITEM_DRAWS + 2 * t + 1, t_prep.size)]
    return loads[: batch + 1], counts


@compiled
def _steps(batches: int, ranks: int, t_step: NDArray[np.float64], seed: np.uint64) -> NDArray[np.float64]:
    """Seconds of each step on each rank, shape (batches, ranks)."""
    steps = np.empty((batches, ranks), np.float64)
    for j in range(batches):
        for rank in range(ranks):
            steps[j, rank] = t_step[draw(seed, STEP_DRAWS + j * ranks + rank, t_step.size)]
    return steps


@compiled
def _recursion(
    loads: NDArray[np.float64], steps: NDArray[np.float64], counts: NDArray[np.int64], workers: int, prefetch: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of each epoch, and its roofline; loads and steps have shape (batches, ranks), counts (epochs,)."""
    ranks = loads.shape[1]
    lasts, floors = np.zeros(counts.size, np.float64), np.zeros(counts.size, np.float64)
    loaded, delivered = np.empty(loads.shape, np.float64), np.empty(loads.shape, np.float64)
    busy = np.empty((max(1, workers), ranks), np.float64)  # of each worker; without workers, of each rank, steps too
    first = 0
    for epoch in range(counts.size):
        busy[:] = 0.0
        ended, stepping = 0.0, 0.0
        for j in range(counts[epoch]):
            now = first + j
            end, longest = 0.0, 0.0
            for rank in range(ranks):
                if workers == 0:
                    ready = ended + loads[now, rank]
                    busy[0, rank] += loads[now, rank] + steps[now, rank]
                else:
                    start = loaded[now - workers, rank] if j >= workers else 0.0
                    if j >= prefetch * workers:
                        start = max(start, delivered[now - prefetch * workers, rank])
                    loaded[now, rank] = start + loads[now, rank]
                    ready = max(loaded[now, rank], ended)
                    delivered[now, rank] = ready
                    busy[j % workers, rank] += loads[now, rank]
                end = max(end, ready + steps[now, rank])
                longest = max(longest, steps[now, rank])
            ended = end
            stepping += longest
        lasts[epoch] = ended
        floors[epoch] = max(stepping, busy.max())
        first += counts[epoch]
    return lasts, floors
