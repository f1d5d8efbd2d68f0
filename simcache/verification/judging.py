"""One run judged by all rules, those first that say whether there is anything to judge."""

from collections.abc import Iterable

import numpy as np

from ..policies import Hits
from .cases import Case, frozen, play
from .rules import Rule, differs

RUNS = "one bool for each access"
INPUTS = "inputs stay as they were"
AGAIN = "run again: the same hits"
AGAIN_RUNS = 3


def judged(case: Case, rules: Iterable[Rule]) -> dict[str, str | None]:
    """For each rule that this run can tell about, what breaks it, or None.

    Of a policy that does not run, writes to its inputs, or gives other hits each time, no more can be told.
    """
    before = case.ids.copy()
    try:
        play(_decoy(case))
        hits = play(case)
    except Exception as error:
        written = _writes(case)
        return {INPUTS: written} if written else {RUNS: reason(error)}
    if not np.array_equal(before, case.ids):
        return {RUNS: None, INPUTS: f"ids are {case.ids.tolist()} after the run"}
    found: dict[str, str | None] = {RUNS: None, INPUTS: None, AGAIN: _differs_again(case, hits)}
    for rule in () if found[AGAIN] else rules:
        try:
            found[rule.name] = rule.fault(case, hits)
        except Exception as error:
            found[rule.name] = reason(error)
    return found


def reason(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _decoy(case: Case) -> Case:
    """A run of other items. What it leaves behind, if a policy forgets to begin afresh, is not what this one would."""
    sizes = None if case.sizes is None else frozen([*case.sizes, *case.sizes], np.int64)
    return case._replace(ids=frozen(case.ids + case.n_items), n_items=2 * case.n_items, sizes=sizes)


def _differs_again(case: Case, hits: Hits) -> str | None:
    for _ in range(AGAIN_RUNS):
        if seen := differs(hits, play(case), "then"):
            return seen
    return None


def _writes(case: Case) -> str | None:
    """Whether the kernel runs where it may write to ids, and does: Numba refuses it read-only ones."""
    ids = case.ids.copy()
    try:
        play(case._replace(ids=ids))
    except Exception:
        return None
    return None if np.array_equal(ids, case.ids) else f"it writes to ids, {ids.tolist()} after the run"
