"""Closed forms for the curves of a state, where theory has one: from empty caches, or in the steady state."""

from ..trace import Trace
from ..verdict.predicting import FEW, family
from .calls import Call, Name, call
from .state import BYPASS, GIVEN, State
from .workloads import matrix_of

CAPACITIES, FRACTIONS = Name("capacities"), Name("fractions")
NAMES = {BYPASS: "opt", "lru": "lru", "fifo": "fifo", "rr": "rr", "pin": "pin", "lfu": "lfu"}  # as theory calls them
ALIKE = ("lru", "fifo", "rr")  # a repeat hits, and changes nothing in them
LINES = "Lines are simulations of one cache that sees every access"


def forms(state: State, trace: Trace) -> dict[str, Call]:
    """The form of each policy that has one; `trace` is the workload before any repeats."""
    steady = state.warmup >= trace.n_items
    if state.warmup and not steady:
        return {}
    labels = [label for label in state.policies if label in NAMES]
    found = {label: _form(state, trace, NAMES[label], steady) for label in labels}
    told = {label: form for label, form in found.items() if form is not None}
    if not state.probability:
        return told
    # From empty caches repeats leave less of the sequence itself: the identity is of the long run.
    again = {label: form for label, form in told.items() if steady and label in ALIKE}
    return {label: call("theory.repeat_identity", form, state.probability) for label, form in again.items()}


def said(state: State, trace: Trace, found: dict[str, Call]) -> str:
    """What the figure shows, and where its forms hold."""
    if found:
        where = "in the steady state" if state.warmup else "of runs from empty caches"
        return f"{LINES}; rings are closed forms, {where}, in the limit of many items."
    if state.warmup < trace.n_items:
        long = f"a warm-up of {trace.n_items:,} accesses or more"
        return f"{LINES}. Here closed forms, if any, are of the steady state: leave out {long}."
    return f"{LINES}. Theory has no closed form for these policies on this workload."


def _form(state: State, trace: Trace, policy: str, steady: bool) -> Call | None:
    kind = family(trace) if state.workload == GIVEN else state.workload
    apart = state.phases > 1 and (kind == "zipf" or (kind == "shuffle_buffer" and not state.drain))
    if apart:  # each phase is another law
        return None
    if kind == "shuffled":
        return _shuffled(policy, len(trace.epochs), steady)
    if kind == "loop":
        return _loop(policy, trace, steady)
    if kind == "uniform" and not steady:
        return None if policy == "lfu" else call(f"theory.{policy}_horizon", FRACTIONS, len(trace) / trace.n_items)
    if kind in ("uniform", "zipf"):
        few = trace.n_touched <= FEW * len(trace)  # first sights, that the steady state leaves out
        return _independent(policy, trace, 0.0 if kind == "uniform" else _alpha(trace)) if steady or few else None
    if not steady:
        return None
    if kind == "shuffle_buffer" and policy in ("opt", "lru"):
        return call(f"theory.{policy}_buffer", FRACTIONS, min(1.0, state.buffer / trace.n_items), drain=state.drain)
    if kind == "ring" and (policy in ALIKE or (policy == "opt" and not state.directed)):
        form = "opt" if policy == "opt" else "lru"
        return call(f"theory.{form}_restarts", FRACTIONS, 1.0 if state.directed else state.jump)
    if kind == "markov" and policy == "lru":  # OPT's is for many more items than one types
        return call("theory.lru_markov", matrix_of(state.matrix), CAPACITIES)
    return None


def _shuffled(policy: str, epochs: int, steady: bool) -> Call | None:
    if policy != "lfu":
        return call(f"theory.{policy}_shuffled", FRACTIONS, **({} if steady else {"epochs": epochs}))
    if steady:
        return None
    column = call("np.reshape", FRACTIONS, (-1, 1))
    return call("np.mean", call("theory.lfu_shuffled", column, call("np.arange", 1, epochs + 1)), axis=1)


def _loop(policy: str, trace: Trace, steady: bool) -> Call | None:
    form = {"lru": "lru", "fifo": "lru", "rr": "rr", "pin": "opt", "opt": "opt"}.get(policy)
    epochs = len(trace.epochs)
    if form is None or len(trace) != epochs * trace.n_items:
        return None
    found = call(f"theory.{form}_loop", FRACTIONS)
    return found if steady else call("np.multiply", found, 1 - 1 / epochs)


def _independent(policy: str, trace: Trace, alpha: float) -> Call | None:
    if policy == "lfu":  # the form is of perfect counts
        return None
    return call(f"theory.{policy}_irm", call("np.power", call("np.arange", 1.0, trace.n_items + 1), -alpha), CAPACITIES)


def _alpha(trace: Trace) -> float:
    return float((trace.source or {})["alpha"])
