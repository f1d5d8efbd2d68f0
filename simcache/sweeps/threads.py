"""Tasks on the threads of this process, in order, so that few traces are there at a time."""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Event, Lock

from .. import pool
from ..trace import Trace
from .grid import Grid, Source, made
from .tasks import Ended, Outcome, Task, work


class Shared:
    """A trace that several tasks use: made by the first of them, dropped by the last."""

    def __init__(self, source: Source, uses: int) -> None:
        self._source, self._uses = source, uses
        self._lock = Lock()
        self._made: Trace | Exception | None = None

    def take(self) -> Trace:
        """The trace, or the error that making it ended in, for every task alike."""
        with self._lock:
            if self._made is None:
                try:
                    self._made = made(self._source)
                except Exception as error:
                    self._made = error
            if isinstance(self._made, Exception):
                raise self._made
            return self._made

    def leave(self) -> None:
        """Say that a task has ended."""
        with self._lock:
            self._uses -= 1
            if not self._uses:
                self._made = None


def on_threads(grid: Grid, tasks: list[Task], stop: Event) -> Generator[Ended, None, None]:
    """Each task and its outcome as they end, and None where none did for a second.

    Once `stop` is set, the replays under way end, and all that follows them are empty outcomes.
    """
    uses: dict[int, int] = {}
    for task in tasks:
        uses[task.trace] = uses.get(task.trace, 0) + 1
    shared = {i: Shared(grid.sources[i], count) for i, count in uses.items()}
    policies = dict(enumerate(grid.policies))
    ended: SimpleQueue[tuple[Task, Future[Outcome]]] = SimpleQueue()

    def job(task: Task) -> Outcome:
        held = shared[task.trace]
        try:
            return work(held.take, task, policies, grid.of, grid.warmup, stop)
        finally:
            held.leave()

    executor = ThreadPoolExecutor(max(1, min(pool.threads(), len(tasks))))
    try:
        for task in tasks:
            executor.submit(job, task).add_done_callback(lambda future, task=task: ended.put((task, future)))  # type: ignore[misc]
        for _ in tasks:
            while True:
                try:
                    task, future = ended.get(timeout=1)
                    break
                except Empty:
                    yield None
            yield task, future.result()
    except BaseException:
        stop.set()
        raise
    finally:
        executor.shutdown(wait=True)
