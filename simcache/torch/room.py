"""How much memory or disk there is, and sizes as people write them."""

import os
import re
from pathlib import Path

UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
SIZE = re.compile(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([KMGTP]?)(i?)B\s*", re.IGNORECASE)


def parsed(size: str, what: str) -> int:
    """Bytes that a string like ``"25 GB"`` or ``"512 MiB"`` says.

    Raises
    ------
    ValueError
        When it says none, or 0.
    """
    found = SIZE.fullmatch(size)
    count = 0
    if found and not (found[3] and not found[2]):
        count = int(float(found[1]) * (1024 if found[3] else 1000) ** UNITS[found[2].upper()])
    if count < 1:
        raise ValueError(f"{what} in bytes must be written like '25 GB' or '512 MiB', got {size!r}")
    return count


def written(count: int) -> str:
    """Bytes for people."""
    power = max(p for p in range(5) if count >= 1000**p or p == 0)
    return f"{count / 1000**power:,.4g} {'KMGT'[power - 1]}B" if power else f"{count} B"


def memory(root: Path = Path("/")) -> int:
    """Bytes of memory that this process may still fill: the least of what the machine and its control groups have."""
    least = 2**63 - 1
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                least = int(line.split()[1]) * 1024
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return least
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            base, names = root / "sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        # A container may see its own group as the root, whatever its path is called outside: the root is looked at too.
        folder = base / path.strip("/")
        for group in (folder, *folder.parents):
            least = min(least, _left(group, *names))
            if group == base:
                break
    return least


def _left(group: Path, limit: str, used: str) -> int:
    """What one control group has left, file pages that it can drop included."""
    try:
        left = int((group / limit).read_text()) - int((group / used).read_text())  # "max" is no number
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 2**63 - 1
    return max(0, left) + int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))


def in_memory(handle: int) -> bool:
    """Whether an open file lies in memory, as /dev/shm does."""
    device = os.fstat(handle).st_dev
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return True
    for fields in map(str.split, mounts):
        if fields[2] == f"{os.major(device)}:{os.minor(device)}":
            return fields[fields.index("-") + 1] in ("tmpfs", "ramfs")
    return True  # of no mount: an anonymous file


def check_memory(needed: int, remedy: str) -> None:
    """Refuse a cache that would end in the kernel's out-of-memory killer."""
    if needed > (available := memory()):
        raise MemoryError(
            f"a cache must fit in memory: {written(needed)} needed, {written(available)} available; {remedy}"
        )
