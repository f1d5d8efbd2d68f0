"""One simulation of a loader: what it is given, what it measures, and the call that measures it again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..loader import Costs, Deal, Loader, Timing, deal, simulate_loader, timing
from ..loader.replay import Shared
from ..policies import Hits
from ..simulation import Policy, choose
from ..trace import Trace

OPT: Policy = ("opt", {"bypass": True})


@dataclass(frozen=True, eq=False)
class Case:
    """A trace through a loader's caches under one policy; simulated once, when first asked."""

    trace: Trace
    loader: Loader
    policy: Policy
    capacity: int
    shared: Shared
    costs: Costs | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the loader that was given

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

    @property
    def label(self) -> str:
        """The policy as tables name it."""
        return choose(self.policy).label

    @property
    def dying(self) -> bool:
        """Whether caches start empty in every epoch."""
        return self.shared == "worker" and self.loader.num_workers > 0 and not self.loader.persistent_workers

    @property
    def caches(self) -> int:
        """Caches there are at a time."""
        workers = self.loader.world_size * self.loader.processes
        return {"worker": workers, "rank": self.loader.world_size, "node": 1}[self.shared]

    @cached_property
    def dealt(self) -> Deal:
        """Who serves what."""
        return deal(self.trace, self.loader)

    @cached_property
    def hits(self) -> Hits:
        """Which accesses hit."""
        return simulate_loader(self.trace, self.loader, self.policy, self.capacity, shared=self.shared)

    @property
    def rate(self) -> float:
        """Hit rate of all accesses."""
        return float(self.hits.mean())

    @property
    def later(self) -> float:
        """Hit rate after the first epoch that fetched something; NaN where there is one only."""
        after = self.dealt.epoch > self.dealt.epoch[0]
        return float(self.hits[after].mean()) if after.any() else math.nan

    @cached_property
    def epochs(self) -> int:
        """Epochs that fetched something."""
        return int(np.unique(self.dealt.epoch).size)

    @cached_property
    def timing(self) -> Timing:
        """How long the run takes, costs given."""
        assert self.costs is not None
        return timing(self.dealt, self.loader, self.hits, self.costs)

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
        if choose(self.policy).label != choose(OPT).label:
            arguments.append(f"policy={self.policy_call}")
        if self.shared == "node" and self.loader.world_size > 1:
            arguments.append("name='run'")
        return f"cached_loader(dataloader, {', '.join(arguments)})"

    @property
    def seconds_call(self) -> str:
        """`seconds`; nothing without costs."""
        return "" if self.costs is None else f"{self.timing_call}.total / {self.epochs}"
