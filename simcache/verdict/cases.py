"""One simulation of a loader: what it is given, what it measures, and the call that measures it again."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from ..loader import Costs, Deal, Loader, Timing, deal, timing
from ..loader.replay import Lives, Shared, lives_of, replayed
from ..policies import Hits
from ..pool import run_all
from ..simulation import Chosen, Policy, choose
from ..trace import Trace

Made = TypeVar("Made")
FEW = 50_000  # accesses
OPT: Policy = ("opt", {"bypass": True})


@dataclass(frozen=True, eq=False)
class Case:
    """A trace through a loader's caches under one policy; simulated once, in `measure` or when first asked."""

    trace: Trace
    loader: Loader
    policy: Policy
    capacity: int
    shared: Shared
    costs: Costs | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the loader that was given
    known: dict[Any, Any] = field(default_factory=dict)  # what was made for any case of one verdict: one dict for all

    def once(self, what: str, of: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of that for any case, or is now."""
        if (what, of) not in self.known:
            self.known[what, of] = make()
        return self.known[what, of]  # type: ignore[no-any-return]

    def but(self, policy: Policy | None = None, capacity: int | None = None, shared: Shared | None = None) -> "Case":
        """The same with another policy, capacity or sharing."""
        return replace(
            self,
            policy=self.policy if policy is None else policy,
            capacity=self.capacity if capacity is None else capacity,
            shared=shared or self.shared,
        )

    def loading(self, **changes: Any) -> "Case":
        """The same with other arguments of the loader."""
        return replace(self, loader=replace(self.loader, **changes), changes={**self.changes, **changes})

    @cached_property
    def chosen(self) -> Chosen:
        """The policy."""
        return choose(self.policy)

    @property
    def label(self) -> str:
        """The policy as tables name it."""
        return self.chosen.label

    @property
    def dying(self) -> bool:
        """Whether caches start empty in every epoch."""
        return self.shared == "worker" and self.loader.num_workers > 0 and not self.loader.persistent_workers

    @property
    def caches(self) -> int:
        """Caches there are at a time."""
        workers = self.loader.world_size * self.loader.processes
        return {"worker": workers, "rank": self.loader.world_size, "node": 1}[self.shared]

    @property
    def dealing(self) -> Loader:
        """A loader that deals as this one does."""
        return replace(self.loader, persistent_workers=False, prefetch_factor=1)

    @property
    def living(self) -> tuple[Loader, Shared, bool]:
        """What decides who sees what."""
        return self.dealing, self.shared, self.dying

    @property
    def hitting(self) -> tuple[Hashable, ...]:
        """What decides what is hit."""
        return self.label, min(self.capacity, self.trace.n_items), *self.living

    @property
    def dealt(self) -> Deal:
        """Who serves what."""
        return self.once("dealt", self.dealing, lambda: deal(self.trace, self.loader))

    @property
    def lives(self) -> Lives:
        """What each cache sees."""
        made = partial(lives_of, self.dealt, self.loader, self.trace.n_items, self.shared)
        return self.once("lives", self.living, made)

    @property
    def hits(self) -> Hits:
        """Which accesses hit."""
        return self.once("hits", self.hitting, lambda: replayed(self.chosen, self.lives, self.capacity))

    @property
    def rate(self) -> float:
        """Hit rate of all accesses."""
        return share(self.hits)

    @property
    def later(self) -> float:
        """Hit rate after the first epoch that fetched something; NaN where there is one only."""
        first = np.searchsorted(self.dealt.epoch, self.dealt.epoch[0], "right")
        return share(self.hits[first:])

    @property
    def epochs(self) -> int:
        """Epochs that fetched something."""
        return self.once("epochs", self.dealing, lambda: 1 + int(np.count_nonzero(np.diff(self.dealt.epoch))))

    @property
    def timing(self) -> Timing:
        """How long the run takes, costs given."""
        assert self.costs is not None
        made = partial(timing, self.dealt, self.loader, self.hits, self.costs)
        return self.once("timing", (self.hitting, self.loader), made)

    @property
    def seconds(self) -> float:
        """Seconds an epoch; NaN without costs."""
        return math.nan if self.costs is None else self.timing.total / self.epochs

    # ------------------------------------------------------------ the same as calls

    @property
    def loader_call(self) -> str:
        """The loader."""
        changes = ", ".join(f"{name}={value!r}" for name, value in self.changes.items())
        return f"replace(loader, {changes})" if changes else "loader"

    @property
    def policy_call(self) -> str:
        """The policy, where it has a name; else what was given."""
        named = self.policy[0] if isinstance(self.policy, tuple) else self.policy
        return repr(self.policy) if isinstance(named, str) else "policy"

    @property
    def hits_call(self) -> str:
        """`hits`."""
        shared = "" if self.shared == "worker" else f", shared={self.shared!r}"
        return f"simulate_loader(trace, {self.loader_call}, {self.policy_call}, {self.capacity}{shared})"

    @property
    def rate_call(self) -> str:
        """`rate`."""
        return f"{self.hits_call}.mean()"

    @property
    def timing_call(self) -> str:
        """`timing`."""
        return f"timing(deal(trace, {self.loader_call}), {self.loader_call}, {self.hits_call}, costs)"

    @property
    def live_call(self) -> str:
        """What brings these caches to training; nothing where each worker has its own, or the loader is another."""
        private = self.shared == "worker" and (self.loader.processes > 1 or self.dying)
        if private or self.changes:
            return ""
        arguments = [str(self.capacity), str(len(self.trace.epochs))]
        if self.label != choose(OPT).label:
            arguments.append(f"policy={self.policy_call}")
        if self.shared == "node" and self.loader.world_size > 1:
            arguments.append("name='run'")
        return f"cached_loader(dataloader, {', '.join(arguments)})"

    @property
    def seconds_call(self) -> str:
        """`seconds`; nothing without costs."""
        return "" if self.costs is None else f"{self.timing_call}.total / {self.epochs}"


def share(hits: Hits) -> float:
    """Share of accesses that hit; NaN of none."""
    return int(np.count_nonzero(hits)) / hits.size if hits.size else math.nan


def measure(cases: Iterable[Case]) -> None:
    """Simulate every case, and time it where there are costs: each once, on all cores."""
    several = list(cases)
    if len(several[0].trace) < FEW:
        return  # threads cost more than they save: measured when first asked
    stages: list[tuple[str, Callable[[Case], Hashable]]] = [
        ("dealt", lambda case: case.dealing),
        ("lives", lambda case: case.living),
        ("hits", lambda case: case.hitting),
        *([("timing", lambda case: (case.hitting, case.loader))] if several[0].costs is not None else []),
    ]
    for what, key in stages:
        once = {key(case): case for case in several}
        run_all([partial(getattr, case, what) for case in once.values()], "explain", progress=False)
