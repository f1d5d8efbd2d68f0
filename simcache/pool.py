"""Many simulations on threads: kernels hold no lock, so threads are as good as processes, and share the traces."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tqdm import tqdm

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
        None: a bar where standard error is a terminal and the work lasts over a second.
    workers : int, optional
        Threads; by default the cores of this process.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: no further job starts, those running end, and a note says how many were done.
    """
    disable = None if progress is None else not progress
    bar = tqdm(total=len(jobs), desc=label, delay=0 if progress else 1, disable=disable, leave=False, unit="run")
    pool = ThreadPoolExecutor(max(1, min(workers or threads(), len(jobs))))
    done: list[Result] = []
    try:
        for future in [pool.submit(job) for job in jobs]:
            done.append(future.result())
            bar.update()
    except KeyboardInterrupt as stop:
        stop.add_note(f"{label} stopped after {len(done)} of {len(jobs)} runs; nothing was written")
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()
    return done
