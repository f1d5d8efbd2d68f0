"""explain(): the verdict on one loader and its caches."""

from typing import Any, overload

import pandas as pd

from .. import policies
from ..loader import Costs, Loader, of
from ..loader.dealing import check_loader
from ..loader.replay import Shared, check_shared
from ..simulation import Policy, choose
from ..trace import Trace, whole
from . import reasons
from .advising import advice, changed
from .cases import OPT, Case, measure
from .explanation import Explanation
from .predicting import predicted
from .reasons import Reason

VERDICTS = ("no_evictions", "dying", "epochs", "skew", "hidden", "helps")
COMPARED = ("fifo", "lfu", "lru", "opt", "pin", "rr")  # beside the policy in use: each costs a replay
LEAST_RATE, LEAST_TIME = 0.01, 0.02  # below these OPT does not help


@overload
def explain(
    trace: Trace,
    loader: Loader,
    capacity: int,
    *,
    policy: Policy = "lru",
    shared: Shared = "worker",
    costs: Costs | None = None,
) -> Explanation: ...
@overload
def explain(
    trace: Any,  # a torch.utils.data.DataLoader
    loader: int,  # its capacity
    *,
    epochs: int = 1,
    length: int | None = None,
    policy: Policy = "lru",
    shared: Shared = "worker",
    costs: Costs | None = None,
) -> Explanation: ...
@overload
def explain(
    trace: Any,
    *,
    capacity: int,
    epochs: int = 1,
    length: int | None = None,
    policy: Policy = "lru",
    shared: Shared = "worker",
    costs: Costs | None = None,
) -> Explanation: ...
def explain(
    trace: Any,
    loader: Any = None,
    capacity: int | None = None,
    *,
    epochs: int | None = None,
    length: int | None = None,
    policy: Policy = "lru",
    shared: Shared = "worker",
    costs: Costs | None = None,
) -> Explanation:
    """Whether OPT would help a loader, why, and what else would: of those changes the best comes first.

    ``explain(dataloader, capacity)`` reads a real loader's order and shape with `simcache.loader.of`, and
    ``explain(trace, loader, capacity)`` takes them as they are given.

    OPT, with bypass, *helps* when it beats the better of the policy in use and pin by 0.01 of hit rate or more and,
    with costs given, by 2 % of the time or more. If it does not, the verdict is the first of these that holds:

    - ``hidden``: it hits more, but the run is hardly shorter;
    - ``dying``: caches die with their workers every epoch, and with them all that they could hit;
    - ``no_evictions``: no cache ever fills, or less than 1 % of LRU's misses evict, so all policies hit alike;
    - ``epochs``: each cache sees an item once an epoch, and knowing their order keeps no more of them;
    - ``skew``: the policy in use, or pin, hits nearly as often, for any other cause.

    Parameters
    ----------
    trace : Trace, or torch.utils.data.DataLoader
        The order of the whole data set, epoch by epoch, before ranks. A real loader stands for both trace and loader.
    loader : Loader
        Who loads what, of a trace.
    capacity : int
        Items that each cache holds, >= 1.
    epochs, length : int, optional
        Of a real loader: iterations (1), and steps at which to stop each if it never ends.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        The policy in use. Where that is OPT itself, it is compared with the best of the others shown.
    shared : "worker", "rank" or "node"
        Who shares a cache: nobody, the workers of a rank, or all ranks.
    costs : Costs, optional
        What things take, for seconds.

    Returns
    -------
    Explanation
        The verdict, its reasons, every policy, and what would change it.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated, or the loader fetches nothing.

    Examples
    --------
    >>> from simcache import explain, synth
    >>> from simcache.loader import Loader
    >>> loader = Loader(batch_size=10, num_workers=2, persistent_workers=True)
    >>> found = explain(synth.shuffled(1_000, epochs=5), loader, capacity=200)
    >>> found.verdict
    'helps'
    >>> print(found.headline)
    What helps most: plan with OPT (hit rate 0.034 to 0.320). OPT helps.
    """
    if not isinstance(trace, Trace) and (loader is None or capacity is None):
        if loader is not None:
            loader, capacity = None, loader
        items = _checked(capacity, type(trace).__name__)  # before a long recording
        trace, loader = of(trace, 1 if epochs is None else epochs, length=length)
    elif epochs is not None or length is not None:
        raise TypeError("epochs and length are of a real loader for explain, got them with a trace that has its own")
    else:
        check_loader(loader)  # first: explain(trace, 10) has its capacity in the loader's place
        items = _checked(capacity, getattr(trace, "name", ""))
    if costs is not None and not isinstance(costs, Costs):
        raise TypeError(f"costs must be a simcache.loader.Costs or None, got {costs!r}")
    check_shared(shared)
    used = Case(trace, loader, policy, items, shared, costs)
    if not used.dealt.ids.size:
        raise ValueError(
            f"a loader must fetch at least one access to be explained, got none for trace {trace.name!r} "
            f"({len(trace)} accesses, batch_size={loader.batch_size}, drop_last={loader.drop_last})"
        )
    _check_name(policy)
    cases = _each_policy(used)
    changes = changed(used)
    measure([*cases.values(), *(case for _, case in changes)])
    found = _reasons(cases, used.label, _foresees(policy, len(trace)))
    return Explanation(
        verdict=found[0].code,
        reasons=tuple(found),
        table=_table(list(cases.values())),
        advice=advice(changes),
        setting={
            "trace": trace.name,
            "n_items": trace.n_items,
            "accesses": int(used.dealt.ids.size),
            "epochs": used.epochs,
            "batch_size": loader.batch_size,
            "num_workers": loader.num_workers,
            "persistent_workers": loader.persistent_workers,
            "world_size": loader.world_size,
            "caches": used.caches,
            "shared": shared,
            "capacity": items,
            "policy": used.label,
        },
    )


def _checked(capacity: Any, name: str) -> int:
    return whole(capacity, "capacity", 1, where=f" for trace {name!r}", unit=" of items")


def _check_name(policy: Policy) -> None:
    """Refuse a policy of the user's own that is named as one that it is held against, or that theory speaks of."""
    chosen = choose(policy)
    name = chosen.label.partition("(")[0]
    if name in policies.names() and chosen.module is not policies.load(name):
        raise ValueError(f"a policy to explain must have a name of its own, got another {name!r}")


def _foresees(policy: Policy, n_accesses: int) -> bool:
    """Whether it knows all the future: OPT does, but not through a window."""
    chosen = choose(policy)
    return bool(getattr(chosen.module, "FORESEES", False)) and chosen.params.get("window", n_accesses) >= n_accesses


def _each_policy(used: Case) -> dict[str, Case]:
    """The policy in use, and those that it is held against, by label."""
    several = [used, used.but(OPT), *(used.but(name) for name in COMPARED)]
    found: dict[str, Case] = {}
    for case in several:
        found.setdefault(case.label, case)
    return found


def _table(cases: list[Case]) -> pd.DataFrame:
    rows = []
    for case in cases:
        form = predicted(case)
        rows.append(
            {
                "policy": case.label,
                "hit_rate": case.rate,
                "hit_rate_warm": case.later,
                "predicted": float("nan") if form is None else form.rate,
                "epoch_seconds": case.seconds,
                "call": case.rate_call,
                "predicted_call": "" if form is None else form.call,
                "seconds_call": case.seconds_call,
            }
        )
    return pd.DataFrame(rows)


def _reasons(cases: dict[str, Case], label: str, foresees: bool) -> list[Reason]:
    """What can be said, the reason that decides first; its code is the verdict."""
    used, opt = cases[label], cases[choose(OPT).label]
    causal = [case for case in cases.values() if not getattr(choose(case.policy).module, "FORESEES", False)]
    rivals = causal if foresees else [used, cases["pin"]]
    rival = max(rivals, key=lambda case: case.rate)
    lead, fewer = reasons.gain(opt, rival), reasons.misses(opt, rival)
    timed = [] if used.costs is None else list(reasons.times(used))
    dying = list(reasons.dying(used, LEAST_RATE))
    rest = [each for each in (reasons.later(used),) if each is not None]
    if lead.number >= LEAST_RATE:
        again = reasons.within(used)
        why = [again] if again.number >= LEAST_RATE else []
        why += [reasons.private(used)] if used.caches > 1 else []
        helps = reasons.gain(opt, rival, "helps")
        if used.costs is None:
            return [helps, fewer, *why, *dying, *rest]
        quick = min(rivals, key=lambda case: case.seconds)
        short = reasons.saved(opt, quick) >= LEAST_TIME
        time = reasons.shorter(opt, quick, "time" if short else "hidden")
        first = [helps, fewer, time] if short else [time, lead, fewer]
        return [*first, *timed, *why, *dying, *rest]
    if dying:
        return [*dying, lead, *timed, *rest]
    if full := list(reasons.no_evictions(used, LEAST_RATE)):
        return [*full, *timed, *rest]
    if once := reasons.epochs(used, LEAST_RATE):
        return [once, lead, fewer, *timed, *rest]
    best = max(causal, key=lambda case: case.rate)
    than_best = [] if best.label == rival.label else [reasons.misses(opt, best, "misses_best")]
    return [reasons.skew(used), lead, fewer, *than_best, *timed, *rest]
