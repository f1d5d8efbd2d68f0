"""What every policy must hold: a rule each, that says what it saw where one run breaks it.

Here a run has given one bool for each access, left its inputs as they were, and gave the same hits once more;
`judging.py` sees to those three.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..counting import count_hits, count_row, has_one_pass, row_length
from ..generators import Accesses, Generator
from ..lanes import LANES
from ..policies import Hits
from ..simulation import Chosen, choose, replay
from .cases import LENGTH, Case, decoy, frozen, play


class Rule(NamedTuple):
    """Its name; what it saw in a run that breaks it, else None; and why it does not bind a policy, if it does not."""

    name: str
    fault: Callable[[Case, Hits], str | None]
    exempt: Callable[[Chosen], str | None] = lambda chosen: None


def drawn(hits: Any) -> str:
    """Hits as x, misses as dots; the last ones of many."""
    marks = "".join(".x"[bool(hit)] for hit in hits)
    return marks if len(marks) <= 60 else f"… {marks[-60:]}"


def differs(hits: Hits, other: Hits, words: str) -> str | None:
    """What both gave, where that differs."""
    return None if np.array_equal(hits, other) else f"{drawn(hits)}, {words} {drawn(other)}"


def _first_misses(case: Case, hits: Hits) -> str | None:
    firsts = np.unique(case.ids, return_index=True)[1]
    early = np.sort(firsts[hits[firsts]])
    return f"{drawn(hits)}, access {early[0]} is a first" if early.size else None


def _fits(case: Case, hits: Hits) -> str | None:
    """What hits was held ever since its last access."""
    weights = np.ones(case.n_items, np.int64) if case.sizes is None else case.sizes
    last = np.full(case.n_items, -1)
    held = np.zeros(hits.size + 1, np.int64)
    for t, (item, hit) in enumerate(zip(case.ids.tolist(), hits.tolist(), strict=True)):
        if hit and last[item] >= 0:
            held[last[item]] += weights[item]
            held[t] -= weights[item]
        last[item] = t
    full = held.cumsum()
    return None if full.max() <= case.capacity else f"{drawn(hits)}, {full.max()} held"


def _is_bound(case: Case, hits: Hits) -> str | None:
    most = replay(_opt(), case.ids, case.n_items, case.capacity, 0).sum()
    return None if hits.sum() <= most else f"{drawn(hits)}, OPT hits {most}"


@cache
def _opt() -> Chosen:
    return choose("opt", {"bypass": True})


def _holds_all(case: Case, hits: Hits) -> str | None:
    room = case.n_items if case.sizes is None else int(case.sizes.sum())
    if case.capacity < room:
        return None
    repeats = np.ones(hits.size, np.bool_)
    repeats[np.unique(case.ids, return_index=True)[1]] = False
    missed = np.flatnonzero(repeats & ~hits)
    return f"{drawn(hits)}, access {missed[0]} is a repeat" if missed.size else None


def _on_threads(case: Case, hits: Hits) -> str | None:
    if isinstance(kernel := case.chosen.kernel, Generator):
        return _in_turns(kernel, case, hits)
    if hits.size <= LENGTH:  # over before the other begins
        return None
    with ThreadPoolExecutor(2) as pool:
        for other in list(pool.map(play, (case, case))):
            if seen := differs(hits, other, "on a second thread"):
                return seen
    return None


def _in_turns(kernel: Generator, case: Case, hits: Hits) -> str | None:
    """Two runs of a generator, an access of each in turn: what two threads may do, and the same every time."""
    turns = (
        kernel.py_func(Accesses(each.ids), each.capacity, each.seed, **each.chosen.params)
        for each in (case, decoy(case))
    )
    beside = [hit for hit, _ in zip(*turns, strict=True)]
    return differs(hits, np.array(beside), "beside another run")


def _at_other_seeds(case: Case, hits: Hits) -> str | None:
    seed = case.seed ^ 1
    return differs(hits, play(case._replace(seed=seed)), f"with seed {seed}")


def _before_what_comes(case: Case, hits: Hits) -> str | None:
    for length in {case.ids.size // 2, case.ids.size - 1} - {0}:
        head = play(case._replace(ids=frozen(case.ids[:length])))
        if seen := differs(hits[:length], head, "without the rest"):
            return f"begins {seen}"
    return None


def _by_other_names(case: Case, hits: Hits) -> str | None:
    """Named the other way round, and with more items that never come."""
    more = case.n_items + 3
    sizes = None if case.sizes is None else frozen([1, 1, 1, *case.sizes[::-1]], np.int64)
    other = case._replace(ids=frozen(more - 1 - case.ids), n_items=more, sizes=sizes)
    return differs(hits, play(other), "named the other way round")


def _as_reference(case: Case, hits: Hits) -> str | None:
    module: Any = case.chosen.module
    ids, capacity, seed, params = case.ids.tolist(), case.capacity, case.seed, case.chosen.params
    if case.sizes is None:
        twin = module.reference(ids, capacity, seed, **params)
    else:
        twin = module.sized_reference(ids, case.sizes.tolist(), capacity, seed, **params)
    other = list(islice(twin, hits.size + 1))
    if len(other) != hits.size or not all(isinstance(hit, bool | np.bool_) for hit in other):
        return f"{drawn(hits)}, reference {other}"
    return differs(hits, np.array(other, np.bool_), "reference")


def _as_curve(case: Case, hits: Hits) -> str | None:
    if not has_one_pass(case.chosen, case.n_items, sizes_given=True):
        return None
    start = case.ids.size // 2
    sizes = np.array([case.capacity])
    (total,), (late,), _ = count_hits(case.chosen, case.ids, case.n_items, sizes, case.seed, start, True, "")
    if (total, late) == (hits.sum(), hits[start:].sum()):
        return None
    return f"{hits.sum()} hits, {hits[start:].sum()} from access {start} on, curve {total}, {late}"


def _as_many(case: Case, hits: Hits) -> str | None:
    """Among its next sizes, which are checked too: whichever lane is wrong, it is seen."""
    if row_length(case.chosen, LANES, 1) == 1:
        return None
    start = case.ids.size // 2
    least = max(1, case.capacity - case.ids.size % LANES)
    full = (case.ids.size + case.capacity) % 3 > 0
    sizes = range(least, max(least + LANES, case.capacity + 1) if full else case.capacity + 1)
    counts = count_row(case.chosen, case.ids, case.n_items, np.array(sizes), case.seed, start)
    for size, (total, late, _) in zip(sizes, counts, strict=True):
        if size <= case.n_items:  # there is no more room to any use
            hits = play(case._replace(capacity=size))
        if (total, late) != (hits.sum(), hits[start:].sum()):
            beside = "" if size == case.capacity else f"at {size}, beside it, "
            return f"{beside}{hits.sum()} hits, {hits[start:].sum()} from access {start} on, many {total}, {late}"
    return None


def _as_without_sizes(case: Case, hits: Hits) -> str | None:
    capacity = min(case.capacity, case.n_items)
    ones = play(case._replace(capacity=capacity, sizes=frozen(np.ones(case.n_items), np.int64)))
    module: Any = case.chosen.module
    plain = case._replace(chosen=case.chosen._replace(kernel=module.kernel), capacity=capacity, sizes=None)
    return differs(play(plain), ones, "with sizes of 1")


def _unless(word: str) -> Callable[[Chosen], str | None]:
    return lambda chosen: f"it says {word} = True" if getattr(chosen.module, word, False) else None


def _without(name: str) -> Callable[[Chosen], str | None]:
    def why(chosen: Chosen) -> str | None:
        if isinstance(chosen.kernel, Generator):
            return "there is no kernel"
        return None if chosen.is_of and hasattr(chosen.module, name) else f"there is no {name}"

    return why


def _shared(unit: str) -> tuple[Rule, ...]:
    return (
        Rule("a first access misses", _first_misses),
        Rule(f"no more {unit} than capacity", _fits),
        Rule("with room, all repeats hit", _holds_all, _unless("BYPASS")),
        Rule("same hits on two threads", _on_threads),
        Rule("same hits at any seed", _at_other_seeds, _unless("RANDOM")),
        Rule("same hits whatever follows", _before_what_comes, _unless("FORESEES")),
        Rule("same hits by other names", _by_other_names),
    )


RULES = (
    *_shared("items"),
    Rule("no more hits than OPT", _is_bound),
    Rule("kernel equals reference", _as_reference, _without("reference")),
    Rule("kernel equals curve", _as_curve, lambda chosen: _without("curve")(chosen) or _unless("RANDOM")(chosen)),
    Rule("kernel equals many", _as_many, _without("many")),
)
SIZED = (
    *_shared("bytes"),
    Rule("kernel equals reference", _as_reference, _without("sized_reference")),
    Rule("same hits with sizes of 1", _as_without_sizes),
)
