"""check_policy(): whether a policy keeps the rules, and the shortest trace on which it does not."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from ..simulation import Chosen, Policy, choose, counting_in
from .cases import Case, cases, settings, sized_cases
from .judging import AGAIN, INPUTS, RUNS
from .rules import RULES, SIZED, Rule
from .searching import Finding, search


def check_policy(policy: Policy, **params: Any) -> pd.DataFrame:
    """Try whether a policy keeps the rules that every policy must keep.

    It runs every trace of at most six accesses at every capacity, then hundreds of longer ones, always the same, with
    its parameters as given and each combination of the switches that are not.

    Parameters
    ----------
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`), a module, a kernel compiled with Numba, or a generator in plain Python; a pair has
        its parameters too.
    **params
        The policy's own parameters.

    Returns
    -------
    pandas.DataFrame
        One row per rule: ``rule``, ``passed`` and ``seen``. Of a rule that is broken, `seen` has the shortest run that
        breaks it, the shortest of all where six accesses are enough, and what it gave: ``[0, 1, 0, 1], capacity 1:
        ..xx, 2 held``, where x is a hit and a dot a miss. Its trace is `Trace.of` that list, unless more
        items are named. Of a rule that is kept, `seen` says in how many runs, or why it does not bind this policy. A
        rule that no run could tell about, since the policy does not run, has not passed.

    Raises
    ------
    TypeError, ValueError
        When there is no such policy or parameter. What a policy does wrong is a row, not an error; but one that never
        ends is not stopped.

    See Also
    --------
    simulate : Runs a policy over a trace.

    Notes
    -----
    The rules: one bool for each access; inputs stay as they were; run again, and on two threads at once, the policy
    gives the same hits; another seed changes nothing unless its file says ``RANDOM = True``; the first access to an
    item misses; never are more than `capacity` items held between an access and their next hit, which is how an
    overfull cache shows; never more hits than OPT with bypass; with room for all items every repeat hits, unless the
    file says ``BYPASS = True``; hits do not depend on what is to come, unless it says ``FORESEES = True``, nor on the
    names of items; and the kernel agrees with its file's `reference`, `curve` and `many`.
    Where the file has a kernel `sized`, the rules are tried on it too, with capacities in bytes; it agrees with
    `sized_reference`, and with `kernel` where all sizes are 1.

    A compiled kernel of your own runs with its indices checked: one outside of its array is an error here. The checks
    of a policy take a second or two, and as long as Numba needs to compile it.

    A policy that keeps the rules need not be the one that you meant: of two that are sound only a `reference` tells
    which it is. Nothing is seen of what goes wrong later than 1500 accesses, above 300 items, or at other values of
    its parameters than those given and of switches, such as counters of 16 bits that overflow: for these, compare
    `simulate` with the reference on a trace of your own.

    Examples
    --------
    >>> from simcache import check_policy
    >>> def hopeful(ids, capacity, seed):
    ...     for i in ids:
    ...         yield True  # each access hits, even the first
    >>> told = check_policy(hopeful).set_index("rule")
    >>> told.loc["a first access misses", "seen"]  # one access, to item 0, that was told to hit
    '[0], capacity 1: x, access 0 is a first'
    """
    first = choose(policy, params)
    own = policy[1] if isinstance(policy, tuple) else {}
    chosen = [choose(policy, {**params, **turned}) for turned in settings(first.params, {*own, *params})]
    rows = list(_rows("", RULES, first, cases(chosen)))
    if (sized := first.sized) is not None:
        try:
            counting_in("bytes", first)
        except TypeError as error:
            rows.append({"rule": f"sized: {RUNS}", "passed": False, "seen": str(error)})
        else:
            rows += _rows("sized: ", SIZED, first, sized_cases([each._replace(kernel=sized) for each in chosen]))
    return pd.DataFrame(rows)


def _rows(kind: str, rules: Sequence[Rule], chosen: Chosen, runs: Iterable[Case]) -> Iterator[dict[str, Any]]:
    exempt = {rule.name: why for rule in rules if (why := rule.exempt(chosen))}
    found = search(runs, [rule for rule in rules if rule.name not in exempt])
    for name in (RUNS, INPUTS, AGAIN, *(rule.name for rule in rules)):
        it = found.get(name, Finding(0))
        told = f"kept in {it.runs} runs" if it.runs else exempt.get(name, "no run could tell")
        passed = it.fault is None and (it.runs > 0 or name in exempt)
        yield {"rule": kind + name, "passed": passed, "seen": f"{it.case}: {it.fault}" if it.fault else told}
