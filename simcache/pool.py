"""Many simulations on threads: kernels hold no lock, so threads are as good as processes, and share the traces."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .text import printable

if TYPE_CHECKING:
    import tqdm

Result = TypeVar("Result")


def threads() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    jobs: Sequence[Callable[[], Result]], label: str, progress: bool | None = None, workers: int | None = None
) -> list[Result]:
    """Results of the jobs, in their order, whatever the number of threads.

    Parameters
    ----------
    jobs : sequence of callables without arguments
    label : str
        What the progress bar says.
    progress : bool, optional
        None: a bar where standard error is a terminal or a notebook's, and the work lasts over a second.
    workers : int, optional
        Threads; by default the cores of this process.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: no further job starts, those running end, and a note says how many were done. Its attribute ``done``
        maps the places of those jobs to their results.
    """
    pool = ThreadPoolExecutor(max(1, min(workers or threads(), len(jobs))))
    futures: list[Future[Result]] = []
    try:
        with ticking(len(jobs), label, progress) as tick:
            futures += [pool.submit(job) for job in jobs]
            return [_ticked(future.result(), tick) for future in futures]
    except KeyboardInterrupt as stop:
        pool.shutdown(wait=True, cancel_futures=True)
        ended = {place: it for place, it in enumerate(futures) if it.done() and not it.cancelled()}
        done = {place: it.result() for place, it in ended.items() if it.exception() is None}
        stop.done = done  # type: ignore[attr-defined]
        stop.add_note(f"{label} stopped after {len(done)} of {len(jobs)} runs; nothing was written")
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def ticking(
    total: int, label: str, progress: bool | None = None, begun: int = 0, unit: str = "run"
) -> Iterator[Callable[[int], None]]:
    """A progress bar for as long as the block lasts, as for `run_all`; what is given says how many more have ended."""
    bar = _bar(total, label, progress, **({} if unit == "run" else {"unit": unit, "initial": begun}))

    def tick(count: int) -> None:
        if bar is not None:
            with suppress(OSError, ValueError):  # nobody reads any more: no reason to lose what was simulated
                bar.update(count)

    try:
        yield tick
    finally:
        if bar is not None:
            with suppress(OSError, ValueError):
                bar.close()


def _bar(total: int, label: str, progress: bool | None, **more: Any) -> "tqdm.tqdm[Any] | None":
    """A plain bar, where there is anybody to see it: one of widgets stands still where no front end is attached."""
    if progress is False or not _shows(sys.stderr, progress):
        return None
    with suppress(OSError, ValueError):
        import tqdm  # only where there is a bar to be seen

        told = {"desc": printable(label), "delay": 0 if progress else 1, "leave": False, "unit": "run", **more}
        return tqdm.tqdm(total=total, **told)
    return None


def _shows(stream: Any, asked: bool | None) -> bool:
    """Whether a bar is to be written to `stream`, which may be missing, closed, a terminal, or a notebook's."""
    if getattr(stream, "closed", False) or not hasattr(stream, "write"):
        return False
    try:
        notebooks = sys.modules.get("ipykernel.iostream")
        return bool(asked or stream.isatty() or (notebooks and isinstance(stream, notebooks.OutStream)))
    except (AttributeError, OSError, ValueError):
        return False


def _ticked(result: Result, tick: Callable[[int], None]) -> Result:
    tick(1)
    return result
