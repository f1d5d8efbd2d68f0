"""CPU seconds of compiling every kernel of every policy anew, one-pass curves and those that take sizes too.

And where they go, by Numba's own passes: each without what it starts in turn, LLVM apart from the pass that calls it.
"""

import json
import os
import sys
from collections import Counter
from functools import wraps
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

PASSES = {"nopython_type_inference": "type inference", "native_lowering": "lowering"}
CALLS = (
    ("CPUCodeLibrary", "add_ir_module"), ("CPUCodeLibrary", "finalize"), ("CPUCodeLibrary", "_get_compiled_object"),
    ("JitEngine", "finalize_object"),
)  # fmt: skip
LLVM, REST = "LLVM", "the rest of Numba"


def seconds() -> dict[str, float]:
    import numpy as np
    from numba.core import codegen
    from numba.core.event import Listener, register

    from simcache import Trace, hit_curve, policies, simulate

    spent: Counter[str] = Counter()
    under: list[tuple[str, float]] = []  # what runs, and since when, or since what it started ended

    def begin(name: str) -> None:
        now = process_time()
        if under:
            spent[under[-1][0]] += now - under[-1][1]
        under.append((name, now))

    def end() -> None:
        now = process_time()
        name, since = under.pop()
        spent[name] += now - since
        if under:
            under[-1] = (under[-1][0], now)

    class Passes(Listener):
        def on_start(self, event: Any) -> None:
            begin(PASSES.get(event.data["name"].split(" [")[0], REST))

        def on_end(self, event: Any) -> None:
            end()

    def apart(function: Any) -> Any:
        @wraps(function)
        def run(*arguments: Any) -> Any:
            begin(LLVM)
            try:
                return function(*arguments)
            finally:
                end()

        return run

    register("numba:run_pass", Passes())
    for of, name in CALLS:
        setattr(getattr(codegen, of), name, apart(getattr(getattr(codegen, of), name)))
    ids = np.random.default_rng(0).integers(0, 100, 1000)
    trace, weighed = Trace(ids, 100), Trace(ids, 100, sizes=np.arange(1, 101))
    begin(REST)
    for name in policies.names():
        simulate(trace, name, 10)
        hit_curve(trace, name)
        hit_curve(trace, name, range(1, 17))
        if hasattr(policies.load(name), "sized"):
            simulate(weighed, name, 100, unit="bytes")
    end()
    return dict(spent)


if __name__ == "__main__":
    with TemporaryDirectory(prefix="simcache-bench-") as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        sys.stdout.write(json.dumps(seconds()))
