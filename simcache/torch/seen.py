"""What OPT would have made of the accesses that a process made itself."""

import os
import threading
from typing import Any

import numpy as np
from torch.utils import data

from ..hindsight import Hindsight

MOST = 2**15  # accesses noted before OPT is told: one at a time would cost as much as a fetch of a small sample


class Seen:
    """The accesses of one process to a cache, and OPT's hits among them; a copy, as in another process, has seen none.

    A loader's workers note nothing: each sees a share of the accesses, of which nobody could ask it.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pid = os.getpid()
        self._opt = Hindsight(capacity, bypass=True)
        self._noted: list[int] = []
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Seen, (self._capacity,)

    def note(self, items: list[int]) -> None:
        """The items accessed next."""
        if data.get_worker_info() is not None:
            return
        self._begin_anew_where_forked()
        with self._lock:
            self._noted.extend(items)
            if len(self._noted) >= MOST:
                self._tell()

    def hits(self) -> tuple[int, int]:
        """OPT's hits, and the accesses."""
        self._begin_anew_where_forked()
        with self._lock:
            self._tell()
            return self._opt.hits, self._opt.accesses

    def _tell(self) -> None:
        noted, self._noted = self._noted, []
        self._opt.feed(np.array(noted, np.int64))

    def _begin_anew_where_forked(self) -> None:
        """A forked process has its parent's accesses, and the lock as it was."""
        if os.getpid() != self._pid:
            Seen.__init__(self, self._capacity)
