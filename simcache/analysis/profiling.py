"""profile: a trace in numbers and tables."""

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..stacks import lru
from ..trace import Trace, whole
from . import bins, popularity, recurrence, resemblance

TOP = 10


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """What a trace looks like, as `profile` found.

    Parameters
    ----------
    name : str
        The trace's.
    accesses, n_items, items : int
        Accesses; items there are, and items accessed.
    bytes : int or None
        Of all items, where they have sizes.
    one_hit : float
        Share of the items accessed that are accessed once.
    top : DataFrame
        The ten most accessed: item, accesses, share.
    popularity : array of int, shape (items,)
        Accesses to each item, the most accessed first.
    zipf_exponent, zipf_distance : float
        Exponent of Zipf's law by maximum likelihood, 0 … 8, over all `n_items`; and the Kolmogorov distance between the
        accesses that items have and those that the law would give: above some .05 the trace follows another law.
    reuse_times : DataFrame
        Positions from an access to the next of the same item, in bins: low, high, accesses, share.
    stack_distances : DataFrame
        Distinct items from an access, itself included, to the next of the same item, in bins.
    stack_counts : array of int, shape (items + 1,)
        Accesses at each stack distance; LRU hits those at distances up to its capacity.
    working_set : DataFrame
        Mean number of distinct items in a window, over all windows of so many accesses: window, items.
    overlap : array of float, shape (10, 10)
        Share of the most accessed items of each tenth of the trace that are so in each other one; by chance alone about
        `overlap_shuffled`, the mean over different tenths of the trace in a random order.
    overlap_shuffled : float
        What chance alone gives, as `overlap` says.
    kind : {"epochs", "loop", "independent", "drifting", "other"}
        What it looks like: passes over the items; the same order over and over; draws from one law, or from one that
        changes; or none of these.
    reason : str
        What decided.
    numbers : analysis.resemblance.Numbers
        All that could have.

    Examples
    --------
    >>> from simcache import analysis, synth
    >>> found = analysis.profile(synth.zipf(500, 20_000, 1.0))
    >>> found.kind, round(found.zipf_exponent, 2)
    ('independent', 1.0)
    >>> found.top.head(2).round(3)
       item  accesses  share
    0   221      2923  0.146
    1   434      1400  0.070
    """

    name: str
    accesses: int
    n_items: int
    items: int
    bytes: int | None
    one_hit: float
    top: pd.DataFrame
    popularity: NDArray[np.int64]
    zipf_exponent: float
    zipf_distance: float
    reuse_times: pd.DataFrame
    stack_distances: pd.DataFrame
    stack_counts: NDArray[np.int64]
    working_set: pd.DataFrame
    overlap: NDArray[np.float64]
    overlap_shuffled: float
    kind: str
    reason: str
    numbers: resemblance.Numbers

    def lru_hits(self, capacities: ArrayLike) -> NDArray[np.int64]:
        """Hits of LRU at each capacity, exactly: the accesses at stack distances up to it.

        Parameters
        ----------
        capacities : array_like of int
            In items, at least 0.

        Returns
        -------
        ndarray of int64, the shape of `capacities`
            Hits of all accesses, from an empty cache.

        Examples
        --------
        >>> from simcache import analysis, synth
        >>> found = analysis.profile(synth.zipf(500, 20_000, 1.0))
        >>> found.lru_hits([10, 100, 500])
        array([ 4907, 13247, 19500])
        """
        places = np.minimum(np.asarray(capacities, np.int64), self.items)
        return np.asarray(np.cumsum(self.stack_counts)[places])

    def zipf_counts(self, ranks: ArrayLike) -> NDArray[np.float64]:
        """Accesses that Zipf's law as fitted gives to the items of these ranks, from 1.

        Parameters
        ----------
        ranks : array_like of int
            1 is the most accessed item.

        Returns
        -------
        ndarray of float64, the shape of `ranks`
            Accesses; not whole.

        Examples
        --------
        >>> from simcache import analysis, synth
        >>> found = analysis.profile(synth.zipf(500, 20_000, 1.0))
        >>> found.zipf_counts([1, 2, 3]).round()
        array([2937., 1469.,  980.])
        >>> found.popularity[:3]
        array([2923, 1400,  956])
        """
        return popularity.due(np.asarray(ranks, np.int64), self.zipf_exponent, self.accesses, self.n_items)

    def facts(self) -> dict[str, str]:
        """The profile in words, a line each.

        Returns
        -------
        dict of str to str
            What each line is about, and the line.

        Examples
        --------
        >>> from simcache import analysis, synth
        >>> found = analysis.profile(synth.zipf(500, 20_000, 1.0))
        >>> found.facts()["looks like"]
        "independent: LRU's hit rates differ by 0.007 at most from those in a random order"
        """
        different = ~np.eye(len(self.overlap), dtype=bool)
        most = self.top.iloc[0]
        return {
            "accesses": f"{self.accesses:,}",
            "items": f"{self.items:,} of {self.n_items:,}",
            **({} if self.bytes is None else {"bytes of all items": f"{self.bytes:,}"}),
            "accessed once": f"{self.one_hit:.2%} of items",
            "most accessed": f"item {most['item']:.0f}, {most['share']:.2%} of accesses",
            "Zipf exponent": f"{self.zipf_exponent:.3f} (Kolmogorov distance {self.zipf_distance:.3f})",
            "median reuse time": _median(self.reuse_times),
            "median stack distance": _median(self.stack_distances),
            "top items kept between tenths": (
                f"{self.overlap[different].mean():.0%} (in a random order {self.overlap_shuffled:.0%})"
            ),
            "looks like": f"{self.kind}: {self.reason}",
        }

    def __repr__(self) -> str:
        lines = (f"{name}: {value}" for name, value in self.facts().items())
        return "\n".join([f"<Profile of trace {self.name!r}>", *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(fact)}</td></tr>" for name, fact in self.facts().items()
        )
        return f"<table><caption>Trace {escape(self.name)}</caption>{rows}</table>"


def profile(trace: Trace, *, seed: int = 0) -> Profile:
    """Measure what a trace looks like.

    Parameters
    ----------
    trace : Trace
        Of at least one access. Several times the memory of its ids is needed.
    seed : int
        Of the random orders that it is compared with, 0 … 2^64 - 1.

    Returns
    -------
    Profile
        Printed, it says all of it in words.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated.

    Notes
    -----
    Working sets: Denning & Schwartz, Commun. ACM 15, 1972. Stack distances: Mattson et al., IBM Syst. J. 9, 1970.

    Examples
    --------
    >>> from simcache import analysis, synth
    >>> analysis.profile(synth.shuffled(500, epochs=10))
    <Profile of trace 'shuffled-500x10'>
    accesses: 5,000
    items: 500 of 500
    accessed once: 0.00% of items
    most accessed: item 221, 0.20% of accesses
    Zipf exponent: 0.000 (Kolmogorov distance 0.417)
    median reuse time: 431 … 511
    median stack distance: 363 … 430
    top items kept between tenths: 10% (in a random order 6%)
    looks like: epochs: no item repeats for 500 accesses on average, in a random order for 29
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"trace must be a Trace for analysis.profile, got {type(trace).__name__}")
    if not len(trace):
        raise ValueError(f"a trace to analyse must have accesses, got none in {trace.name!r}")
    rng = np.random.default_rng(whole(seed, "seed", 0, 2**64 - 1, " for analysis.profile"))
    codes, known = pd.factorize(np.asarray(trace.ids))
    ids, n = codes.astype(np.int32), known.size
    counts = np.bincount(ids, minlength=n)
    edges = bins.lows(max(ids.size, n) + 1)
    reuses, every, sums = recurrence.gaps(ids, n, edges)
    stack = np.diff(lru.hits(ids, n, 0)[0], prepend=0)
    found = resemblance.numbers(ids, n, rng)
    kind, reason = resemblance.kind(found, ids.size, n, trace.n_items)
    exponent, distance = popularity.zipf(counts, trace.n_items)
    mixed = popularity.overlap(rng.permutation(ids), n, rng)
    order = np.argsort(-counts, kind="stable")
    first = order[:TOP]
    return Profile(
        name=trace.name,
        accesses=ids.size,
        n_items=trace.n_items,
        items=n,
        bytes=None if trace.sizes is None else sum(trace.sizes.tolist()),
        one_hit=float((counts == 1).mean()),
        top=pd.DataFrame({"item": known[first], "accesses": counts[first], "share": counts[first] / ids.size}),
        popularity=counts[order],
        zipf_exponent=exponent,
        zipf_distance=distance,
        reuse_times=recurrence.binned(reuses, edges),
        stack_distances=recurrence.binned(_grouped(stack, edges), edges),
        stack_counts=stack,
        working_set=recurrence.working_set(every, sums, edges, ids.size, n),
        overlap=popularity.overlap(ids, n, rng),
        overlap_shuffled=float(mixed[~np.eye(len(mixed), dtype=bool)].mean()),
        kind=kind,
        reason=reason,
        numbers=found,
    )


def _grouped(counts: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts at 0, 1, 2, … in bins."""
    ends = np.r_[0, np.cumsum(counts)]
    at = ends[np.minimum(edges, counts.size)]
    return np.asarray(np.diff(at))


def _median(rows: pd.DataFrame) -> str:
    """The bin in which half of the reuses are reached."""
    if not rows["accesses"].sum():
        return "none"
    low, high = rows.loc[rows["share"].cumsum().searchsorted(0.5), ["low", "high"]].astype(int)
    return f"{low:,}" if low == high else f"{low:,} … {high:,}"
