"""Which operations of a log are accesses."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..checks import near
from ._keys import Keys
from ._lines import Rows
from ._report import UNKNOWN

Ops = str | Iterable[str] | None
ACCESS, OTHER, NONE = 0, 1, 2


class Chosen:
    """The operations that count, in any case of letters."""

    def __init__(self, ops: Ops, default: Sequence[str], known: Sequence[str]) -> None:
        given = default if ops is None else ops.split(",") if isinstance(ops, str) else list(ops)
        self._wanted = [str(each).strip().lower() for each in given]
        for each in self._wanted:
            if each not in known:
                hint = near(each, known)
                raise ValueError(f"ops must be of {', '.join(known)}, got {each!r}{hint and ';'}{hint}")
        self._known = known
        self._seen = Keys()
        self._kinds = np.zeros(0, np.int8)  # of those seen: an access, left out, or unknown

    def left_out(self, found: Rows, name: str) -> NDArray[np.bool_]:
        """Which lines have another operation in the field of that name."""
        found.text(name)
        there = np.flatnonzero(found.faults == 0)
        begin, end = found.begin[name][there], found.end[name][there]
        which = self._seen.items(found.block, begin, end)
        new = [
            self._seen[k].strip().lower().decode("utf-8", "replace") for k in range(self._kinds.size, len(self._seen))
        ]
        kinds = [ACCESS if each in self._wanted else OTHER if each in self._known else NONE for each in new]
        self._kinds = np.append(self._kinds, np.array(kinds, np.int8))
        kind = np.zeros(found.faults.size, np.int8)
        kind[there] = self._kinds[which]
        found.blame(kind == NONE, UNKNOWN)
        return np.asarray(kind == OTHER)
