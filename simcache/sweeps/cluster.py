"""Tasks on an existing Dask cluster, whatever its workers do: leave, come, die of a cell, or lose their scheduler."""

from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, get_worker

from ..cells import Cell
from ..checks import short
from ..simulation import Chosen
from ..trace import Trace
from .carrying import Coded, arrived, carried, coded, decoded, packed
from .grid import Grid, Source, made
from .portable import Named, called, shipped
from .tasks import Ended, Outcome, Task, failed, failed_cell, unmade, work

WINDOW = 2_000  # tasks at the scheduler at a time
BURST = 256  # tasks handed over before looking at what has ended
STOPPED = "simcache_stopped"  # an attribute of workers: the sweeps that are to stop

Submitted = tuple[Task, Future]


def check_client(client: object) -> None:
    """Refuse what is no client that can be waited for, and one that has lost its scheduler."""
    if not isinstance(client, Client) or client.asynchronous:
        came = "an asynchronous one" if isinstance(client, Client) else f"{type(client).__name__} {short(client)}"
        raise TypeError(f"client must be a distributed.Client that is not asynchronous, got {came}")
    _check_there(client)


def n_threads(client: Client) -> int:
    """Threads of a cluster's workers, those that are there now."""
    return sum(client.nthreads().values())


def on_client(client: Client, grid: Grid, tasks: list[Task], stop: Event) -> Generator[Ended, None, None]:
    """Each task and its outcome as they end, and None where none did for a while; else as `on_threads`.

    Dask blames a worker's death on all that ran there. So what it blames runs again at the end, with nothing of this
    sweep beside it: the making of the trace, then part by part.

    Raises
    ------
    ConnectionError
        When the scheduler is gone.
    """
    policies = [coded(shipped(chosen)) for chosen in grid.policies]
    sources = {i: called(grid.sources[i]) for i in dict.fromkeys(task.trace for task in tasks)}
    token = uuid4().hex
    blamed: dict[int, list[Task]] = {}

    def submitted(task: Task, source: Source | Future) -> Submitted:
        needed = {part.policy: policies[part.policy] for part in task.parts}
        order = {"pure": False, "priority": -task.trace}  # an earlier trace's tasks before a later trace is made
        return task, client.submit(_worked, source, task, needed, grid.of, grid.warmup, token, **order)

    def in_order() -> Iterator[Submitted]:
        shared: tuple[int, Any] = (-1, None)
        for task in tasks:
            if not task.alone and shared[0] != task.trace:
                one = client.submit(_made, sources[task.trace], pure=False, priority=-task.trace)
                shared = (task.trace, one)
            yield submitted(task, sources[task.trace] if task.alone else shared[1])

    def alone(task: Task) -> Iterator[Submitted]:
        yield submitted(task, sources[task.trace])

    for ended in _collected(client, in_order(), stop, token):
        if ended is not None and isinstance(ended[1], KilledWorker):
            blamed.setdefault(ended[0].trace, []).append(ended[0])
        else:
            yield _told(ended)
    for i, each in blamed.items():
        killed = None
        for ended in _collected(client, alone(Task(i, [], alone=True)), stop, token):
            killed = ended[1] if ended is not None and isinstance(ended[1], KilledWorker) else killed
        for part in (part for task in each for part in task.parts):
            task = Task(i, [part], alone=True)
            if killed is not None:
                yield task, failed(task, killed)
                continue
            for ended in _collected(client, alone(task), stop, token):
                yield _told(ended)


def _told(ended: tuple[Task, Outcome | Exception] | None) -> Ended:
    """What has ended, an error as the outcome of its task."""
    if ended is None:
        return None
    task, result = ended
    return task, arrived(result) if isinstance(result, Outcome) else failed(task, result)


def _collected(
    client: Client, submissions: Iterator[Submitted], stop: Event, token: str
) -> Generator[tuple[Task, Outcome | Exception] | None, None, None]:
    """Tasks as they are handed over and end; once `stop` is set, those alone that workers had begun."""
    waiting: dict[str, Submitted] = {}
    ended: SimpleQueue[str] = SimpleQueue()
    more, told = True, False
    try:
        while more or waiting:
            _check_there(client)
            if stop.is_set() and not told:
                more, told = False, True
                _halt(client, token, waiting)
            if more and len(waiting) < WINDOW:
                some = list(islice(submissions, BURST))
                more = len(some) == BURST
                for task, future in some:
                    waiting[future.key] = (task, future)
                    future.add_done_callback(lambda future: ended.put(future.key))
            batch = [waiting.pop(key) for key in _drained(ended, wait=not more or len(waiting) >= WINDOW)]
            yield from _results(client, batch, told)
            if not batch:
                yield None
    except BaseException as error:
        if client.status == "running" and waiting:
            _halt(client, token, waiting)
        if client.status != "running" and isinstance(error, OSError | RuntimeError | TimeoutError):  # its many words
            raise _gone(client) from None
        raise


def _drained(queue: SimpleQueue[str], wait: bool) -> list[str]:
    """All that is in the queue; waiting a little for the first."""
    found = []
    try:
        found.append(queue.get(wait, 0.2))
        while True:
            found.append(queue.get_nowait())
    except Empty:
        return found


def _results(client: Client, batch: list[Submitted], told: bool) -> Iterator[tuple[Task, Outcome | Exception]]:
    """The results of tasks that have ended, or their errors; of those that were called off, none."""
    finished = [future for _, future in batch if future.status == "finished"]
    results: dict[str, Any] = {}
    _check_there(client)  # to ask a scheduler that is gone takes until the client gives it up
    try:
        results = dict(zip([future.key for future in finished], client.gather(finished), strict=True))
    except Exception:  # one by one below
        results = {}
    for task, future in batch:
        try:
            yield task, results[future.key] if future.key in results else future.result()
        except CancelledError:
            if not told:
                raise _gone(client) from None
        except Exception as error:
            # With the worker's frames alone: to clear this generator's own would close it, and lose what comes after.
            yield task, error.with_traceback(future.traceback() if future.status == "error" else None)


def _halt(client: Client, token: str, waiting: dict[str, Submitted]) -> None:
    """Have workers stop between two replays, and call off what they have not begun."""
    client.run(_stop_here, token, on_error="ignore")
    begun = {key for keys in client.processing().values() for key in keys}
    client.cancel([future for key, (_, future) in waiting.items() if key not in begun])


def _check_there(client: Client) -> None:
    if client.status != "running":
        raise _gone(client)


def _gone(client: Client) -> ConnectionError:
    address = getattr(client.scheduler, "address", "") or "Dask"
    return ConnectionError(f"the scheduler {address} is gone")


# ---------------------------------------------------------------- on a worker


class _Stop:
    """Whether the sweep of a token was told to stop, on this worker."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._worker = get_worker()

    def is_set(self) -> bool:
        return self._token in getattr(self._worker, STOPPED, ())

    def set(self) -> None:
        _stop_here(self._token, self._worker)


def _stop_here(token: str, dask_worker: Any) -> None:
    setattr(dask_worker, STOPPED, {*getattr(dask_worker, STOPPED, ()), token})


def _made(source: Source) -> Trace | Cell:
    try:
        return made(source)
    except Exception as error:
        return packed(failed_cell(error))


def _worked(
    source: Source | Cell,
    task: Task,
    policies: dict[int, Chosen | Named | Coded],
    of: str,
    warmup: int | None,
    token: str,
) -> Outcome:
    if isinstance(source, Cell):
        return unmade(task, source)
    ready = {j: decoded(policy) for j, policy in policies.items()}
    return carried(work(source, task, ready, of, warmup, _Stop(token)))
