"""One batch through the slots: copies of what is there; the rest loaded once, and stored where that was ordered."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..loader.accesses import HIT, KEEP, SLOT
from .describing import Unfit, copied, laid
from .protocol import EVICTED, REFUSED
from .slots import COUNTED, Slots, sample_bytes

PLANNED, HITS, LATE, PASSED, STORED, HEALED, REFUSALS, TOO_BIG, EVICTIONS, UNPLANNED = range(len(COUNTED))
UNFIT = len(COUNTED)  # counted for its warning alone
LEVEL = 4  # of whoever asked the data set for the batch
ADMIT = -1 << SLOT | KEEP  # an order that leaves the slot to the table
NO_ORDER = (
    "an index came without an order, so it was loaded uncached: give the loader the plan's sampler, and put the cache "
    "outermost (Subset and ConcatDataset go inside it)"
)


class Asked(NamedTuple):
    """An access: the index as it came; an item, or of an index that is none a negative number of its own; its order."""

    index: Any
    item: int
    number: int = 0
    order: int | None = None  # None: there should be one


def served(
    slots: Slots,
    asked: list[Asked],
    load: Callable[[list[Any]], list[Any]],
    check: Callable[[Any, Any], None],
) -> list[Any]:
    """A sample of its own for each access of a batch.

    `load` is called once, with the indices of what is not there, each item once, and again only for what cannot be
    copied; `check` with each hit.
    """
    counts = [0] * (UNFIT + 1)
    said: dict[int, str] = {}
    boxes: list[list[Any] | None] = [None] * len(asked)
    there = [k for k, it in enumerate(asked) if it.order is not None and it.order & HIT]
    which = np.array([(asked[k].order or 0) >> SLOT for k in there], np.int64)
    for k, box in zip(there, slots.read(which, np.array([asked[k].item for k in there], np.int64)), strict=True):
        if box is not None:
            boxes[k] = box
            check(asked[k].index, box[0])
            counts[PLANNED] += 1
            counts[HITS] += 1

    missing = [k for k, box in enumerate(boxes) if box is None]
    leads: dict[int, int] = {}  # the first access to each item
    for k in missing:
        leads.setdefault(asked[k].item, k)
    loaded = dict(zip(leads, load([asked[k].index for k in leads.values()]) if leads else [], strict=True))
    kept: set[int] = set()  # in this batch, of those the table has no slot for yet
    for k in missing:
        it = asked[k]
        again = leads[it.item] != k
        boxes[k] = [_another(loaded[it.item], it.index, load) if again else loaded[it.item]]
        if it.order is None:
            counts[UNPLANNED] += 1
            said[UNPLANNED] = NO_ORDER
            continue
        late = bool(it.order & HIT)
        if again and (late or it.item in kept):
            counts[PLANNED] += 1
            counts[HITS] += 1
            continue
        if late:
            counts[PLANNED] += 1
            counts[LATE] += 1
        if it.order & KEEP:
            done = _stored(slots, it, it.order, loaded[it.item], said)
            for counter in done:
                counts[counter] += 1
            if it.order == ADMIT and STORED in done:
                kept.add(it.item)
        elif not late:
            counts[PASSED] += 1
    before = slots.add(counts)
    for kind, text in said.items():
        if not before[kind]:  # the first of all processes says it
            warnings.warn(text, stacklevel=LEVEL)
    return [box[0] for box in boxes if box is not None]


def _another(sample: Any, index: Any, load: Callable[[list[Any]], list[Any]]) -> Any:
    """The sample of an item that the batch has already."""
    try:
        return copied(sample)
    except Unfit:
        return load([index])[0]


def _stored(slots: Slots, it: Asked, order: int, sample: Any, said: dict[int, str]) -> tuple[int, ...]:
    """Store a sample; what to count."""
    slot = order >> SLOT
    if order == ADMIT and slots.full:
        return (PASSED,)
    try:
        data = laid(sample)
    except Unfit as why:
        said[UNFIT] = f"samples must be of the CPU and plain, or pickle, to be cached, got {why}; loaded uncached"
        return PASSED, UNFIT
    if not slots.fits(data):
        said[TOO_BIG] = (
            f"a sample of {data.layout.bytes} bytes is larger than a slot, so it was loaded uncached: set "
            f"slot_bytes={sample_bytes(data)}"
        )
        return (TOO_BIG,)
    if order == ADMIT and (slot := slots.admit(it.item)) < 0:
        return (PASSED,)
    outcome = slots.write(slot, it.item, it.number, data)
    if outcome == REFUSED:
        return (REFUSALS,)
    stored = HEALED if order & HIT else STORED
    return (stored, EVICTIONS) if outcome == EVICTED else (stored,)
