"""Hit rates from closed forms, where the trace is of a kind that has one: what to expect without simulating."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import theory
from ..trace import Trace
from .cases import Case

Family = Literal["shuffled", "loop", "uniform", "zipf"]
FORMS: dict[Family, tuple[str, ...]] = {
    "shuffled": ("opt(bypass=True)", "lru", "lfu", "fifo", "rr", "pin"),
    "loop": ("opt(bypass=True)", "lru", "fifo", "rr", "pin"),
    "uniform": ("opt(bypass=True)", "lru", "fifo", "rr", "pin"),
    "zipf": ("opt(bypass=True)", "lru", "fifo", "rr", "pin"),
}
FEW = 0.001  # of the accesses: first sights that a steady state may leave out
SIGMAS = 6.0  # by which the order of one epoch may resemble the next one's, and still be a fresh shuffle


class Prediction(NamedTuple):
    """A hit rate, and the call that gives it."""

    rate: float
    call: str


def predicted(case: Case) -> Prediction | None:
    """What theory says of a case; None where it has no form for it.

    Shuffled epochs and loops are recognised by the items themselves (each once an epoch; orders that do not resemble
    each other, or are the same), independent draws by what the trace says of its source. For draws by a Zipf law there
    is only the steady state, so only where first sights are few; all else is from empty caches. Private caches count
    as ranks of equal share.
    """
    kind, label = case.once("family", (), lambda: family(case.trace)), case.label
    capacity = min(case.capacity, case.trace.n_items)
    if kind is None or label not in FORMS[kind]:
        return None
    epochs = 1 if case.dying else case.epochs
    fraction = capacity / case.trace.n_items
    if kind == "shuffled":
        return _shuffled(label, fraction, case.caches, epochs)
    if kind == "loop":
        return _loop(label, min(1.0, fraction * case.caches), epochs)
    name = label.partition("(")[0]
    if kind == "uniform":
        draws = len(case.trace) / case.trace.n_items / case.caches / (case.epochs if case.dying else 1)
        rate = getattr(theory, f"{name}_horizon")(fraction, draws)
        return Prediction(float(rate), f"theory.{name}_horizon({fraction!r}, {draws!r})")
    if case.dying or case.caches * case.trace.n_touched > FEW * len(case.trace):
        return None
    alpha = float((case.trace.source or {})["alpha"])
    weights = np.arange(1.0, case.trace.n_items + 1) ** -alpha
    rate = getattr(theory, f"{name}_irm")(weights, capacity)
    call = f"theory.{name}_irm(np.arange(1.0, {case.trace.n_items + 1}) ** -{alpha!r}, {capacity})"
    return Prediction(float(rate), call)


def _shuffled(label: str, fraction: float, ranks: int, epochs: int) -> Prediction | None:
    name = label.partition("(")[0]
    if name == "lfu":
        if ranks > 1:
            return None
        rates = theory.lfu_shuffled(fraction, np.arange(1, epochs + 1))
        return Prediction(float(rates.mean()), f"theory.lfu_shuffled({fraction!r}, np.arange(1, {epochs + 1})).mean()")
    rate = getattr(theory, f"{name}_shuffled")(fraction, ranks=ranks, epochs=epochs)
    return Prediction(float(rate), f"theory.{name}_shuffled({fraction!r}, ranks={ranks}, epochs={epochs})")


def _loop(label: str, fraction: float, epochs: int) -> Prediction:
    form = {"lru": "lru_loop", "fifo": "lru_loop", "rr": "rr_loop"}.get(label, "opt_loop")
    rate = getattr(theory, form)(fraction)
    return Prediction(float(rate * (1 - 1 / epochs)), f"theory.{form}({fraction!r}) * (1 - 1 / {epochs})")


def family(trace: Trace) -> Family | None:
    """The kind of a trace, if theory knows it."""
    source = trace.source or {}
    if source.get("sampler") == "RandomSampler" and source.get("replacement") is True:
        return "uniform"
    if source.get("generator") in ("uniform", "zipf"):
        return "uniform" if source["generator"] == "uniform" else "zipf"
    starts = np.array([*trace.epochs, len(trace)])
    if (np.diff(starts) != trace.n_items).any():
        return None
    return _of_epochs(np.asarray(trace.ids).reshape(-1, trace.n_items))


def _of_epochs(ids: NDArray[np.int32]) -> Family | None:
    n = ids.shape[1]
    before = np.empty(n, np.int64)  # place of each item in the epoch before
    same = False
    for k, items in enumerate(ids):
        places = np.full(n, -1, np.int64)
        places[items] = np.arange(n)
        if (places < 0).any():
            return None
        if k == 1:
            same = bool((places == before).all())
        if k >= 1:
            if same != bool((places == before).all()):
                return None
            likeness = np.corrcoef(places, before)[0, 1] if n > 2 and not same else 0.0
            if abs(likeness) > SIGMAS / np.sqrt(n):
                return None
        before = places
    return "loop" if same else "shuffled"
