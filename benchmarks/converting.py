"""Logs into traces, against pandas, which only reads them: a csv of text keys, and oracleGeneral packed by zstd."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from _timing import clocked, in_turns
from _traces import QUICK, REPEATS

from simcache import Trace, formats, synth

N_ITEMS, N_LINES = 100_000, 100_000 if QUICK else 5_000_000


def rows() -> Iterator[dict[str, Any]]:
    zipf = synth.zipf(N_ITEMS, N_LINES, 1.0, seed=0)
    distinct = Trace(np.random.default_rng(0).permutation(N_LINES), N_LINES, "distinct")
    with TemporaryDirectory(prefix="simcache-bench-") as name:
        folder = Path(name)
        for trace in (zipf, distinct):
            lines = "".join(f"user/{key:07d}/photo.jpg,{100 + key % 7}\n" for key in trace.ids.tolist())
            (path := folder / f"{trace.name}.csv").write_text("key,size\n" + lines)
            formats.write(trace, packed := folder / f"{trace.name}.oracleGeneral.zst")
            runs = {
                ("pandas", "read_csv"): partial(clocked, partial(pd.read_csv, path)),
                ("simcache", "csv"): partial(clocked, partial(formats.convert, path, folder / "a.trace")),
                ("simcache", "oracleGeneral.zst"): partial(
                    clocked, partial(formats.convert, packed, folder / "b.trace")
                ),
            }
            in_turns(runs, 1)
            for (tool, setting), clock in in_turns(runs, REPEATS).items():
                row = clock.row()
                yield {
                    "suite": "formats", "trace": trace.name, "n_accesses": len(trace), "n_items": trace.n_items,
                    "tool": tool, "setting": setting, "threads": 1, **row,
                    "maccesses_per_s": len(trace) / row["best_s"] / 1e6,
                }  # fmt: skip
