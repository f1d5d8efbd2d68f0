"""Clocks: contenders take turns, so that what else the machine does falls on all of them alike."""

import gc
from collections.abc import Callable, Hashable, Mapping
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Clocked(NamedTuple):
    """What a contender's runs took, in seconds, and what the last one returned."""

    seconds: list[float]
    result: Any

    def row(self) -> dict[str, float | int]:
        return {"best_s": min(self.seconds), "median_s": median(self.seconds), "repeats": len(self.seconds)}


def clocked(function: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that one call takes, and what it returns."""
    start = perf_counter()
    result = function()
    return perf_counter() - start, result


def in_turns(
    contenders: Mapping[Key, Callable[[], tuple[float, Any]]], repeats: int, limit_s: float = 60.0
) -> dict[Key, Clocked]:
    """Run every contender once a round, `repeats` rounds; each returns its own seconds and its result.

    A contender whose runs have taken `limit_s` seconds together sits out the rounds that are left.
    """
    seconds: dict[Key, list[float]] = {key: [] for key in contenders}
    results: dict[Key, Any] = {}
    gc.collect()
    for _ in range(repeats):
        for key, run in contenders.items():
            if sum(seconds[key]) < limit_s:
                took, results[key] = run()
                seconds[key].append(took)
    return {key: Clocked(seconds[key], results[key]) for key in contenders}
