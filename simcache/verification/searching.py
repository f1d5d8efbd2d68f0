"""The shortest run that breaks a rule: the first of the short ones, else a longer one cut down."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from .cases import LENGTH, Case, frozen
from .judging import AGAIN, INPUTS, RUNS, judged
from .rules import Rule

PATIENCE = 4  # runs, two items at capacity 2 the last: if none came to an end, there is nothing to look for
MOST_TRIES = 1000  # runs on the way to a short one


class Finding(NamedTuple):
    """What a search says of a rule: the runs that could have broken it, and the one that did."""

    runs: int
    fault: str | None = None
    case: Case | None = None


def search(cases: Iterable[Case], rules: Iterable[Rule]) -> dict[str, Finding]:
    """A finding for each rule, by its name."""
    broken: dict[str, Finding] = {}
    runs: Counter[str] = Counter()
    unbroken = {rule.name: rule for rule in rules}
    names = (RUNS, INPUTS, AGAIN, *unbroken)
    for number, case in enumerate(cases):
        if number == PATIENCE and not runs[AGAIN]:
            break
        for name, fault in judged(case, unbroken.values()).items():
            runs[name] += 1
            if fault and name not in broken:
                rule = [unbroken.pop(name)] if name in unbroken else []
                broken[name] = Finding(runs[name], *_shortest(case, fault, name, rule))
        if AGAIN in broken:  # then hits say nothing about what they are hits of
            for rest in unbroken:
                del runs[rest]
            break
    return {name: broken.get(name, Finding(runs[name])) for name in names}


def _shortest(case: Case, fault: str, name: str, rule: list[Rule]) -> tuple[str, Case]:
    """The fault, and the run cut down for as long as it still has one."""
    faults = [fault]

    def breaks(smaller: Case) -> bool:
        if len(tried) == MOST_TRIES:
            return False
        tried.append(smaller)
        seen = judged(smaller, rule).get(name)
        faults.extend([seen] if seen else [])
        return seen is not None

    tried: list[Case] = []
    shortest = cut(case, breaks) if case.ids.size > LENGTH else case
    return faults[-1], shortest


def cut(case: Case, breaks: Callable[[Case], bool]) -> Case:
    """A run that breaks a rule, made as small as it gets."""
    smaller: Case | None = next(filter(breaks, _with_less_room(case)), case)
    while smaller is not None:
        case = _with_fewer_accesses(smaller, breaks)
        smaller = next(filter(breaks, chain(_with_less_room(case), _with_fewer_items(case), _with_smaller(case))), None)
    return next(filter(breaks, _tidied(case)), case)


def _with_less_room(case: Case) -> Iterator[Case]:
    for capacity in range(1, min(case.capacity, MOST_TRIES // 10)):
        yield case._replace(capacity=capacity)


def _with_fewer_accesses(case: Case, breaks: Callable[[Case], bool]) -> Case:
    step = case.ids.size
    while True:
        before, step = case.ids.size, max(step // 2, 1)
        for start in range((before - 1) // step * step, -1, -step):
            smaller = case._replace(ids=frozen(np.delete(case.ids, slice(start, start + step))))
            if smaller.ids.size and breaks(smaller):
                case = smaller
        if step == 1 and case.ids.size == before:
            return case


def _with_fewer_items(case: Case) -> Iterator[Case]:
    """Without one of its items, and without the room for it."""
    for item in np.unique(case.ids)[::-1]:
        ids = case.ids[case.ids != item]
        capacity = case.capacity - (1 if case.sizes is None else int(case.sizes[item]))
        if ids.size and capacity > 0:
            yield case._replace(ids=frozen(ids), capacity=capacity)


def _with_smaller(case: Case) -> Iterator[Case]:
    """With smaller sizes, if it has any: all and the capacity by half, or one."""
    if case.sizes is None:
        return
    if case.capacity > 1 and case.sizes.max() > 1:
        halves = np.maximum(case.sizes // 2, 1)
        yield case._replace(sizes=frozen(halves, np.int64), capacity=case.capacity // 2)
    for item in np.unique(case.ids):
        for less in {1, int(case.sizes[item]) - 1} - {0, int(case.sizes[item])}:
            sizes = case.sizes.copy()
            sizes[item] = less
            yield case._replace(sizes=frozen(sizes, np.int64))


def _tidied(case: Case) -> Iterator[Case]:
    """Items named in the order in which they come, no others, and no seed."""
    codes, items = pd.factorize(case.ids)
    sizes = None if case.sizes is None else frozen(case.sizes[items], np.int64)
    room = items.size if sizes is None else int(sizes.sum())
    tidy = case._replace(ids=frozen(codes), n_items=items.size, sizes=sizes, capacity=min(case.capacity, room))
    yield tidy._replace(seed=0)
    yield tidy
    yield case._replace(seed=0)
