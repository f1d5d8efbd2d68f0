"""Reading a store and writing parquet, in a process of its own, as JSON: `_stored.py folder repeats`."""

import json
import sys
from pathlib import Path
from time import process_time

from _worker import peak_mb

from simcache import store


def main(folder: Path, repeats: int) -> None:
    seconds = []
    for _ in range(repeats):
        start = process_time()
        store.read(folder).to_parquet(folder / "table.parquet")
        seconds.append(process_time() - start)
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": round(peak_mb(), 1)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
