"""What was measured already, each piece in a file of its own with all that it depends on; what differs is done anew."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from simcache.files import replacing

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
DRAWS = ("simcache/plot", "simcache/cli")
TELLS = ("table", "report", "figure")  # made of records, and not measured by


def code() -> str:
    """A digest of the code that measures and of what it measures."""
    package = [path for path in (ROOT / "simcache").rglob("*.py") if not _within(path, DRAWS)]
    read = sha256()
    for path in sorted([*package, *(path for path in HERE.glob("*.py") if path.stem not in TELLS)]):
        read.update(path.read_bytes())
    return read.hexdigest()[:16]


def kept(path: Path, depends: dict[str, Any]) -> Any:
    """What was measured and written to a file, where all it depends on is the same; else None."""
    try:
        record = json.loads(path.read_text())
        return record["measured"] if record["depends"] == depends else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(path: Path, depends: dict[str, Any], measured: Any) -> None:
    """Write it there, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"depends": depends, "measured": measured}, indent=1) + "\n")


def _within(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(ROOT / folder) for folder in folders)
