"""What a sweep costs beside its kernels: CPU seconds of one pass, of grids of 10,000 cells, and of reading a store.

A grid's kernels are its calls and counts in one loop, without keys, store, threads or cluster; `best_s` is the CPU of
all processes above that, the cluster's scheduler and workers included. Its traces are short, so that little of the CPU
is the kernels'. Column `sizes` counts cells; `setting` says what was measured.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import psutil
from _timing import Clocked, in_turns
from _traces import QUICK, REPEATS, zipf
from distributed import Client, LocalCluster

from simcache import hit_curve, sweep, synth
from simcache.cells import Facts
from simcache.counting import count, count_hits
from simcache.journals import Journal, Stored
from simcache.simulation import choose, dense
from simcache.store import checked

SIZES = range(1, 101)
N_TRACES = 4 if QUICK else 100  # of 100 sizes each
N_SINGLE = 50 if QUICK else 2_500  # of one size and four policies each
POLICIES = ("lru", "opt", "fifo", "rr")
STORED = 10**4 if QUICK else 10**6
WORKER = Path(__file__).with_name("_stored.py")
GRIDS = {
    "100 sizes a trace": (N_TRACES, ("lru",), SIZES),
    "one size, 4 policies": (N_SINGLE, POLICIES, range(10, 11)),
}


def rows() -> Iterator[dict[str, Any]]:
    yield from one_pass()
    for name, (n, policies, sizes) in GRIDS.items():
        traces = [partial(synth.uniform, 200, 1_000, seed=seed) for seed in range(n)]
        grid = partial(sweep, traces, policies, capacities=sizes, progress=False)
        yield from above(name, n * len(policies) * len(sizes), grid, partial(kernels, traces, policies, sizes))
    yield reading()


def one_pass() -> Iterator[dict[str, Any]]:
    """`sweep` and `hit_curve` over the same 100 sizes."""
    trace = zipf()
    sizes = [trace.n_items * k // 100 for k in SIZES]
    for policy in ("lru", "opt"):
        calls = {
            "sweep, 100 sizes": partial(sweep, [trace], [policy], capacities=sizes, progress=False),
            "hit_curve, 100 sizes": partial(hit_curve, trace, policy, sizes),
        }
        runs = {name: partial(cpu, call) for name, call in calls.items()}
        in_turns(runs, 1)
        for name, clock in in_turns(runs, REPEATS).items():
            yield {
                "suite": "sweeps", "trace": trace.name, "n_accesses": len(trace), "n_items": trace.n_items,
                "policy": policy, "sizes": len(sizes), "tool": "simcache", "setting": name, **clock.row(),
            }  # fmt: skip


def above(name: str, cells: int, grid: Callable[..., Any], alone: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """One grid on threads with a store, all stored, and on a cluster."""
    with (
        TemporaryDirectory(prefix="simcache-bench-") as folder,
        LocalCluster(2, 1, processes=True, protocol="tcp://", dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        workers = psutil.Process().children(recursive=True)
        fresh = iter(range(10**6))

        def threads() -> Any:
            return grid(store=Path(folder) / str(next(fresh)))

        runs = {
            "kernels": partial(cpu, alone),
            "threads, store": partial(cpu, threads),
            "Dask": partial(cpu, partial(grid, client=client), workers),
            "all stored": partial(cpu, partial(grid, store=Path(folder) / "0")),
        }
        in_turns({key: run for key, run in runs.items() if key != "all stored"}, 1)
        clocks = in_turns(runs, REPEATS)
    least = min(clocks["kernels"].seconds)
    for setting in ("threads, store", "Dask", "all stored"):
        own = 0 if setting == "all stored" else least
        clock = Clocked([max(0.0, seconds - own) for seconds in clocks[setting].seconds], None)
        yield {"suite": "sweeps", "sizes": cells, "tool": "simcache", "setting": f"{name}: {setting}", **clock.row()}


def kernels(traces: list[Callable[[], Any]], policies: tuple[str, ...], sizes: range) -> None:
    """Make and count what a grid asks for, and nothing else."""
    chosen = [choose(policy) for policy in policies]
    for make in traces:
        ids, n_items = dense(make())
        for each in chosen:
            if len(sizes) > 1:
                count_hits(each, ids, n_items, np.array(sizes), 0, 0, True, each.label)
            else:
                count(each, ids, n_items, sizes[0], 0, 0)


def reading() -> dict[str, Any]:
    """A store's rows as a table, and that as parquet, in a process of its own."""
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        fill(Path(folder))
        command = [sys.executable, str(WORKER), folder, str(REPEATS)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {
        "suite": "sweeps", "sizes": STORED, "tool": "simcache", "setting": "store.read to parquet",
        **Clocked(told["seconds"], None).row(), "peak_mb": told["peak_mb"],
    }  # fmt: skip


def fill(folder: Path) -> None:
    """A store of STORED rows, 100 sizes a line, as a sweep over traces of many seeds writes it."""
    hits = [9 * size for size in SIZES]
    with Journal(checked(folder, make=True), {"host": "bench"}) as journal:
        for seed in range(STORED // len(SIZES)):
            facts = Facts("uniform", 200, 1_000, 0, {"generator": "uniform", "trace_seed": seed})
            about = f"{seed:064x}", facts, f"uniform(200, 1000, seed={seed})", "lru", "0" * 64, 0, False, "capacities"
            journal.append(Stored(*about, [*SIZES], [*SIZES], hits, hits, [None] * len(SIZES)))


def cpu(call: Callable[[], Any], others: list[psutil.Process] | tuple[()] = ()) -> tuple[float, Any]:
    """Seconds of CPU that a call takes, in this process and in others."""
    start = process_time() + spent(others)
    result = call()
    return process_time() + spent(others) - start, result


def spent(others: list[psutil.Process] | tuple[()]) -> float:
    times = [each.cpu_times() for each in others]
    return sum(each.user + each.system for each in times)
