"""Measure, and write results/benchmarks.csv, .json, .md and the figure: `make bench [SUITES="single cold"]`.

With QUICK=1 on shorter traces, into results/quick/. Suites not named keep the rows of the run before.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import _machine
import before
import cold
import converting
import cost
import curve
import explained
import exploring
import figure
import forms
import huge
import modern
import own
import pandas as pd
import report
import single
import sizes
import sweeping
import threads
from _traces import QUICK, ROOT

from simcache.files import replacing

SUITES = {
    "cold": cold,
    "single": single,
    "modern": modern,
    "curve": curve,
    "threads": threads,
    "cost": cost,
    "forms": forms,
    "explain": explained,
    "explore": exploring,
    "sweeps": sweeping,
    "formats": converting,
    "own": own,
    "sizes": sizes,
    "before": before,
    "huge": huge,
}
BY_NAME = ("before", "explore", "huge")  # suites that only run where they are named: they need more than others do
COLUMNS = (
    "suite", "trace", "n_accesses", "n_items", "policy", "capacity", "sizes", "tool", "setting", "threads",
    "best_s", "median_s", "repeats", "maccesses_per_s", "hit_rate", "mean_error", "peak_mb",
    "ratio", "ratio_low", "ratio_high",
)  # fmt: skip
FOLDER = ROOT / "results" / ("quick" if QUICK else "")


def main(names: list[str]) -> None:
    if unknown := sorted(set(names) - set(SUITES)):
        raise SystemExit(f"suites must be of {', '.join(SUITES)}; got {', '.join(unknown)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    table, provenance = FOLDER / "benchmarks.csv", FOLDER / "benchmarks.json"
    kept = pd.read_csv(table) if table.exists() else pd.DataFrame(columns=COLUMNS)
    about = json.loads(provenance.read_text()) if provenance.exists() else {}
    for name in names or [name for name in SUITES if name not in BY_NAME]:
        machine, start = _machine.described(), perf_counter()
        rows = []
        for row in SUITES[name].rows():
            rows.append({column: row.get(column) for column in COLUMNS})
            print(said(row), flush=True)
        kept = pd.concat([frame for frame in (kept[kept["suite"] != name], pd.DataFrame(rows)) if len(frame)])
        about[name] = {**machine, "took_s": round(perf_counter() - start)}
        with replacing(table) as path:  # after every suite: hours of work do not hang on the last of them
            kept.to_csv(path, index=False, float_format="%.6g")
        with replacing(provenance) as path:
            Path(path).write_text(json.dumps(about, indent=1) + "\n")
    write_pages()


def write_pages() -> None:
    """The tables and the figure, from what stands in the results folder."""
    with replacing(FOLDER / "benchmarks.md") as path:
        Path(path).write_text(report.page(FOLDER))
    with replacing(FOLDER / "speed.md") as path:
        Path(path).write_text(report.speed(FOLDER))
    figure.draw(FOLDER)


def said(row: dict) -> str:
    speed = f"{row['maccesses_per_s']:9.2f} M/s" if row.get("maccesses_per_s") else " " * 13
    what = f"{row['suite']:8}{row.get('trace') or '':22}{row.get('policy') or '':17}{row.get('capacity') or '':<9}"
    return f"{what}{row['tool']:12}{row['setting']:28}{row['best_s']:9.4f} s {speed}"


if __name__ == "__main__":
    main(sys.argv[1:])
