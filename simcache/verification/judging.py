"""One run judged by all rules, those first that say whether there is anything to judge."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from ..faults import ENDS, reason
from ..generators import Generator
from ..policies import Hits
from .cases import Case, decoy, frozen, play
from .rules import Rule, differs

RUNS = "one bool for each access"
INPUTS = "inputs left as they were"
AGAIN = "same hits when run again"
AGAIN_RUNS = 3


def judged(case: Case, rules: Iterable[Rule]) -> dict[str, str | None]:
    """For each rule that this run can tell about, what breaks it, or None.

    Of a policy that does not run, writes to its inputs, or gives other hits each time, no more can be told.
    """
    own = case._replace(ids=frozen(case.ids))
    with suppress(Exception):
        play(decoy(own))
    try:
        hits = play(own)
    except Exception as error:
        written = _writes(case)
        return {INPUTS: written} if written else {RUNS: _told(error)}
    if not np.array_equal(own.ids, case.ids):
        return {RUNS: None, INPUTS: f"ids are {own.ids.tolist()} after it"}
    found: dict[str, str | None] = {RUNS: None, INPUTS: None, AGAIN: _differs_again(case, hits)}
    for rule in () if found[AGAIN] else rules:
        try:
            found[rule.name] = rule.fault(case, hits)
        except (Exception, *ENDS) as error:
            found[rule.name] = _told(error)
    return found


def _told(error: BaseException) -> str:
    """An error in one line; those of the package's own doors need no kind."""
    return " ".join(str(error).split()) if isinstance(error, TypeError | ValueError) else reason(error)


def _differs_again(case: Case, hits: Hits) -> str | None:
    for _ in range(AGAIN_RUNS):
        if seen := differs(hits, play(case), "then"):
            return seen
    return None


def _writes(case: Case) -> str | None:
    """Whether a policy that does not run does so where it may write to ids, and does."""
    ids, kernel = case.ids.copy(), case.chosen.kernel
    after: Any = ids
    try:
        if isinstance(kernel, Generator):
            after = ids.tolist()
            list(islice(kernel.py_func(after, case.capacity, case.seed, **case.chosen.params), ids.size + 1))
        else:
            play(case._replace(ids=ids))
    except (Exception, *ENDS):
        return None
    return None if np.array_equal(after, case.ids) else f"ids are {np.asarray(after).tolist()} after it"
