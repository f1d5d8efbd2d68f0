"""A policy in plain Python, run as a kernel is: ``mine(ids, capacity, seed, *, …)`` yields one bool an access."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import length_hint
from typing import Any, overload

import numpy as np

from .checks import short
from .faults import ENDS, reason
from .policies import Hits, Ids

CHUNK = 1 << 14  # accesses that are Python's objects at a time
BOOLS = {bool, np.bool_}


class Accesses(Sequence[int]):
    """Ids as Python's own numbers, in any order and as often as wanted; a trace is never one long list."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._given = 0
        self._part: Iterator[int] = iter(())

    def __len__(self) -> int:
        return self._ids.size

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: Any) -> Any:
        return self._ids[at].tolist()

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._parts())

    def _parts(self) -> Iterator[Iterator[int]]:
        for start in range(0, self._ids.size, CHUNK):
            part = self._ids[start : start + CHUNK].tolist()
            self._given, self._part = start + len(part), iter(part)
            yield self._part

    @property
    def taken(self) -> int:
        """How many the latest pass has given."""
        return self._given - length_hint(self._part)


@dataclass(frozen=True)
class Generator:
    """A generator as a kernel; errors name it by its label."""

    py_func: Callable[..., Iterable[bool]]
    label: str

    def __call__(self, ids: Ids, n_items: int, capacity: int, seed: int, **params: Any) -> Hits:
        """Run it.

        Raises
        ------
        TypeError, ValueError
            When it raises, or does not yield one bool an access; the message names the access.
        """
        accesses = Accesses(ids)
        hits = np.empty(ids.size, np.bool_)
        yields: Iterator[bool] | None = None
        done = 0
        while True:
            asked = min(CHUNK, ids.size - done + 1)  # in the end one too many, to hear that there is none
            part: list[bool] = []
            try:
                if yields is None:
                    made: Any = self.py_func(accesses, int(capacity), int(seed), **params)
                    yields = iter(made if isinstance(made, Iterable) else [made])
                part.extend(islice(yields, asked))  # keeps what came before an error
            except MemoryError:
                raise
            except (Exception, *ENDS) as error:
                at = min(done + len(part), (accesses.taken or ids.size) - 1)  # what follows a `yield` is of its access
                raise ValueError(f"{reason(error)}, raised by policy {self.label!r} at access {at}") from error
            if not BOOLS.issuperset(map(type, part)):
                self._refuse(ids, part, done)
            if done + len(part) > ids.size:
                raise ValueError(f"{self._rule(ids)}, got more after access {ids.size - 1}, the last")
            hits[done : done + len(part)] = np.fromiter(part, np.bool_, len(part))
            done += len(part)
            if len(part) < asked:
                break
        if done < ids.size:
            raise ValueError(f"{self._rule(ids)}, got {done}: none for access {done}")
        return hits

    def _refuse(self, ids: Ids, part: list[Any], done: int) -> None:
        at, came = next((at, came) for at, came in enumerate(part, done) if type(came) not in BOOLS)
        if at < ids.size:
            raise TypeError(f"{self._rule(ids)}, got {type(came).__name__} {short(came)} for access {at}")

    def _rule(self, ids: Ids) -> str:
        return f"policy {self.label!r} must yield one bool for each of {ids.size} accesses"
