"""What can be said of a loader's caches: each reason one number, what proves it, and the call that gives it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import theory
from ..loader.replay import each_cache, epoch_items
from .cases import Case

WINDOWS = "a cache of C misses at least d - C of a window's d distinct items (theory.opt_windows)"
EPOCHS = f"{WINDOWS}; windows = epochs: each cache hits at most C an epoch"
PINNING = f"{EPOCHS}, which pin attains without foresight"
RANKS = "an item skips a private cache for several epochs; OPT keeps what returns soonest (theory.opt_shuffled, ranks)"
REPEATS = "items that may come back within an epoch: OPT keeps the soonest (theory.opt_horizon, theory.opt_irm)"
COMPULSORY = "without evictions only first sights miss (theory.compulsory), whatever the policy"
FEW = "misses beyond first sights (theory.compulsory) are of items evicted before, so at most as many as evictions"
DYING = "a cache hits only what it has seen since it was last empty (theory.compulsory, for each life)"
SKEW = "of independent accesses no policy without foresight hits more (theory.lfu_irm); OPT may (theory.opt_zipf_limit)"
PIPELINE = "loading and stepping overlap: an epoch lasts as long as the slower of them (loader.timing)"
MISSES = "time bound by loading misses goes as the misses, 1 - hit rate"
COUNT = "hits counted by simulation, access by access"


@dataclass(frozen=True)
class Reason:
    """One fact behind a verdict.

    Parameters
    ----------
    code : str
        What it is about; the verdict itself, in the reason that decided it.
    number : float
    theorem : str
        Why it is so, and the function of the package that says it in general.
    text : str
        The fact in words. It quotes `number`, and no other that was measured.
    call : str
        The expression that gives `number`: see `simcache.verdict`.

    Examples
    --------
    >>> from simcache import explain, synth
    >>> from simcache.loader import Loader
    >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
    >>> reason = found.reasons[0]
    >>> reason.code
    'epochs'
    >>> print(reason.text)
    Each cache sees an item once an epoch: no policy hits more than 0.160 of all accesses.
    """

    code: str
    number: float
    theorem: str
    text: str
    call: str


def gain(opt: Case, rival: Case, code: str = "gain") -> Reason:
    """By how much OPT leads."""
    number = opt.rate - rival.rate
    text = f"OPT (bypass) hits {_rate(number)} more of all accesses than {rival.label}."
    return Reason(code, number, COUNT, text, f"{opt.rate_call} - {rival.rate_call}")


def misses(opt: Case, rival: Case, code: str = "misses") -> Reason:
    """By how much OPT's misses are fewer, as a share of them."""
    missed = 1 - rival.rate
    number = (opt.rate - rival.rate) / missed if missed else 0.0
    call = f"1 - (1 - {opt.rate_call}) / (1 - {rival.rate_call})" if missed else "0.0"
    return Reason(code, number, MISSES, f"OPT (bypass) has {_share(number)} fewer misses than {rival.label}.", call)


def no_evictions(used: Case, least: float) -> Iterator[Reason]:
    """That no cache ever fills, or that less than `least` of LRU's misses evict; what is hit then."""
    lru = used.but("lru")
    caches = each_cache(lru.lives, lru.dealt, lru.hits, lru.capacity, lru.shared)
    counted = f"per_cache(deal(trace, loader), loader, {lru.hits_call}, {lru.capacity}, shared={lru.shared!r})"
    seen, evictions, missed = int(caches["distinct"].max()), int(caches["evictions"].sum()), int((~lru.hits).sum())
    if seen <= used.capacity:
        text = f"No cache sees more than {seen:,} distinct items in its life, and each has room for {used.capacity:,}"
        call = f"{counted}['distinct'].max()"
        yield Reason("no_evictions", seen, COMPULSORY, f"{text}: nothing is ever evicted.", call)
        text = f"Every policy that lets all items in hits {_rate(lru.rate)} of all accesses: all that any can."
        yield Reason("compulsory", lru.rate, COMPULSORY, text, lru.rate_call)
    elif evictions < least * missed:
        text = f"Only {evictions / missed:.2%} of lru's misses evict an item; the others find room."
        call = f"{counted}['evictions'].sum() / (~{lru.hits_call}).sum()"
        yield Reason("no_evictions", evictions / missed, FEW, text, call)
        most = used.but("fifo", used.trace.n_items)
        text = f"Caches of everything would hit {_rate(most.rate)} of all accesses, and no policy hits more."
        yield Reason("compulsory", most.rate, COMPULSORY, text, most.rate_call)


def dying(used: Case, least: float) -> Iterator[Reason]:
    """What caches lose that die with their workers, where it is `least` or more."""
    if not used.dying or used.epochs < 2:
        return
    most = used.but("fifo", used.trace.n_items)
    living = most.loading(persistent_workers=True)
    if living.rate - most.rate < least:
        return
    text = "Workers are not persistent, so their caches start every epoch empty: even caches of everything would hit"
    yield Reason("dying", most.rate, DYING, f"{text} {_rate(most.rate)} of all accesses.", most.rate_call)
    text = f"Were they persistent, caches of everything would hit {_rate(living.rate)}."
    yield Reason("persistent", living.rate, COMPULSORY, text, living.rate_call)


def epochs(used: Case, least: float) -> Reason | None:
    """That items come once an epoch, if next to all do: what any policy can hit then."""
    if within(used).number >= least:
        return None
    kept, accesses = used.capacity * used.caches, used.dealt.ids.size
    number = min(1.0, kept * (used.epochs - 1) / accesses)
    text = f"Each cache sees an item once an epoch: no policy hits more than {_rate(number)} of all accesses."
    call = f"min(1.0, {used.capacity} * {used.caches} * {used.epochs - 1} / {accesses})"
    return Reason("epochs", number, PINNING if used.caches == 1 else EPOCHS, text, call)


def within(used: Case) -> Reason:
    """Accesses to an item that the same cache has seen in the same epoch, as a share of all."""
    columns = ["epoch", *{"node": [], "rank": ["rank"], "worker": ["rank", "worker"]}[used.shared], "ids"]
    size = used.dealt.ids.size
    number = 1 - sum(epoch_items(used.lives, used.dealt.epoch)) / size
    call = f"1 - len(pd.DataFrame(deal(trace, loader)._asdict())[{columns}].drop_duplicates()) / {size}"
    text = f"{_share(number)} of all accesses are to an item that the same cache has seen in the same epoch."
    return Reason("repeats", number, REPEATS, text, call)


def private(used: Case) -> Reason:
    """That each cache sees a part of every epoch."""
    text = f"There are {used.caches} caches, and each sees its own part of every epoch."
    call = {"worker": "loader.world_size * loader.processes", "rank": "loader.world_size", "node": "1"}[used.shared]
    return Reason("private", used.caches, RANKS, text, call)


def skew(used: Case) -> Reason:
    """How much of the accesses the most popular items take."""
    counts = np.bincount(used.trace.ids, minlength=used.trace.n_items)
    capacity = min(used.capacity, used.trace.n_items)
    number = float(theory.lfu_irm(counts, capacity))
    text = f"The {capacity:,} items accessed most take {_rate(number)} of all accesses."
    call = f"theory.lfu_irm(np.bincount(trace.ids, minlength=trace.n_items), {capacity})"
    return Reason("skew", number, SKEW, text, call)


def later(used: Case) -> Reason | None:
    """The hit rate after the first epoch, if there are others."""
    if math.isnan(used.later):
        return None
    text = f"After the first epoch {used.label} hits {_rate(used.later)} of the accesses."
    call = f"{used.hits_call}[deal(trace, loader).epoch > {int(used.dealt.epoch[0])}].mean()"
    return Reason("later", used.later, COUNT, text, call)


def shorter(opt: Case, rival: Case, code: str) -> Reason:
    """By how much OPT shortens the run, as a share."""
    text = f"OPT (bypass) saves {_share(saved(opt, rival))} of the time that {rival.label} takes."
    return Reason(code, saved(opt, rival), PIPELINE, text, _saved_call(opt, rival))


def times(used: Case) -> Iterator[Reason]:
    """What hits can do for time at all."""
    if used.seconds:
        text = f"The accelerators wait for data {_share(used.timing.stall)} of the time under {used.label}."
        yield Reason("stall", used.timing.stall, PIPELINE, text, f"{used.timing_call}.stall")
    most = used.but("fifo", used.trace.n_items)
    text = f"Caches of everything would save {_share(saved(most, used))} of the time that {used.label} takes."
    yield Reason("everything", saved(most, used), PIPELINE, text, _saved_call(most, used))


def saved(case: Case, rival: Case) -> float:
    """Share of the rival's time that a case saves."""
    return 1 - case.seconds / rival.seconds if rival.seconds else 0.0


def _saved_call(case: Case, rival: Case) -> str:
    return f"1 - ({case.seconds_call}) / ({rival.seconds_call})" if rival.seconds else "0.0"


def _rate(number: float) -> str:
    return f"{number:.3f}"


def _share(number: float) -> str:
    return f"{number:.1%}"
