"""A thread that runs the newest of the jobs it is given."""

import threading
from collections.abc import Callable

Job = Callable[[], None]


class Newest:
    """Runs one job at a time; one that waits is dropped when another comes. It keeps no process from ending."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._job: Job | None = None
        self._ended = False
        self.thread = threading.Thread(target=self._work, name="simcache-explore", daemon=True)
        self.thread.start()

    def run(self, job: Job) -> None:
        """Run this one next."""
        with self._news:
            self._job = job
            self._news.notify()

    def end(self) -> None:
        """Run no more."""
        with self._news:
            self._ended = True
            self._news.notify()

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._job is not None)
                job, self._job = self._job, None
            if self._ended or job is None:
                return
            job()
