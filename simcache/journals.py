"""The journal of a run: a file of lines, the first of which says what ran, each other being one finished part.

A line is one write, in whole numbers; rates are derived from them. What a killed run left of its last line is no line.
"""

import json
import os
import re
import secrets
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from .cells import Cell, Facts
from .checks import checked_name, checked_source, source_plain, source_read
from .units import KINDS, UNITS, of_shares, of_unit

BINARY = getattr(os, "O_BINARY", 0)  # Windows would write two bytes for the end of a line


class Stored(NamedTuple):
    """A line: cells of one trace, policy and seed that ended alike, with counts or with one error.

    `key` is that of their part; `call` that of the trace's call, whatever its code; a policy that draws nothing does
    the same at every seed; `sizes` are what they are `of`, fractions or capacities, as they were asked for.
    """

    key: str
    facts: Facts
    call: str
    label: str
    code: str
    seed: int
    draws: bool
    of: str
    sizes: list[Any]
    capacities: list[int | None]
    hits: list[int | None]
    warm: list[int | None]
    bytes: list[int | None]
    error: str | None = None

    def cells(self) -> dict[Any, Cell]:
        """The cells by their sizes."""
        errors = [self.error] * len(self.sizes)
        counts = self.capacities, self.hits, self.warm, self.bytes
        return dict(zip(self.sizes, map(Cell, *counts, errors), strict=True))


class Journal:
    """The file that one run writes to a folder, opened with ``with``."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        host = re.sub(r"[^\w.-]", "-", str(about.get("host", "")))[:64]
        now = datetime.now(UTC)
        path = folder / f"{now:%Y%m%dT%H%M%S.%f}Z-{host}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | BINARY, 0o666)
        except PermissionError:
            raise PermissionError(f"the folder of a store must be writable, got {str(folder)!r}") from None
        self._end, self._dirty, self._due = 0, False, 0.0
        try:
            self._write({"run": {"time": now.isoformat(), **about}})
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)

    def append(self, line: Stored) -> None:
        """Write a line."""
        self._write(_record(line))
        self.sync()

    def sync(self) -> None:
        """See that what is written is on the disk, once a second."""
        if self._dirty and time.monotonic() >= self._due:
            os.fsync(self._file)
            self._dirty, self._due = False, time.monotonic() + 1

    def _write(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except BaseException:
            with suppress(OSError):  # what cannot be written whole is taken back
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(line)
        self._dirty = True


def lines(folder: Path) -> Iterator[tuple[str, Stored]]:
    """Every line in the journals of a folder, run by run as they began, and the file and line it stands in."""
    for journal in sorted(folder.glob("*.jsonl")):
        with open(journal, "rb") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith(b"\n"):  # not written whole, perhaps not yet
                    break
                try:
                    record = json.loads(text)
                    line = None if "run" in record else _stored(record)
                except (AttributeError, KeyError, RecursionError, StopIteration, TypeError, ValueError):
                    told = f"line {number} of {str(journal)!r} cannot be read and is passed over"
                    warnings.warn(told, RuntimeWarning, stacklevel=2)
                    continue
                if line is not None:
                    yield f"line {number} of {str(journal)!r}", line


def _record(line: Stored) -> dict[str, Any]:
    facts = {**line.facts._asdict(), "source": source_plain(line.facts.source), "call": line.call}
    if line.facts.accessed is None:
        del facts["n_bytes"], facts["accessed"]
    about = {"key": line.key, "trace": facts, "policy": line.label, "code": line.code, "seed": line.seed}
    about["draws"] = line.draws
    counts: dict[str, Any] = {"hits": line.hits, "warm": line.warm} if line.error is None else {"error": line.error}
    if line.error is None and line.facts.accessed is not None:
        counts["bytes"] = line.bytes
    return {**about, line.of: line.sizes, "capacity": line.capacities, **counts}


def _stored(record: dict[str, Any]) -> Stored:
    """What `_record` wrote; an error of some kind where it is none."""
    trace, error = record["trace"], record.get("error")
    facts = Facts(trace["name"], trace["n_items"], trace["accesses"], trace["warmup"], source_read(trace["source"]))
    if "accessed" in trace:
        facts = facts._replace(n_bytes=trace["n_bytes"], accessed=trace["accessed"])
    of = next(of_unit(of, unit) for unit in UNITS for of in KINDS if of_unit(of, unit) in record)
    sizes, capacities = record[of], record["capacity"]
    none: list[int | None] = [None] * len(sizes)
    hits: list[int | None] = none if error else record["hits"]
    warm: list[int | None] = none if error else record["warm"]
    weight: list[int | None] = none if error or facts.accessed is None else record["bytes"]
    if not len(sizes) == len(capacities) == len(hits) == len(warm) == len(weight):
        raise ValueError("counts must be as many as sizes")
    about = record["key"], facts, trace["call"], record["policy"], record["code"]
    line = Stored(*about, record["seed"], record["draws"], of, sizes, capacities, hits, warm, weight, error)
    _check(line)
    return line


def _check(line: Stored) -> None:
    """Refuse values of other kinds than were written."""
    name, *about, source, n_bytes, accessed = line.facts
    if checked_source(source, checked_name(name)) is None:
        raise TypeError("a source must be a mapping")
    texts = [line.key, line.call, line.label, line.code]
    "".join(texts if line.error is None else [*texts, line.error]).encode()
    shares = line.sizes if of_shares(line.of) else ()
    counts = [*about, *line.capacities, *line.hits, *line.warm, *(() if of_shares(line.of) else line.sizes)]
    sums: list[Any] = [] if accessed is None else [n_bytes, accessed, *line.bytes]
    if line.error is not None:
        counts, sums = ([count for count in each if count is not None] for each in (counts, sums))
    kinds = {type(line.draws)}, {float, *map(type, shares)}, {type(line.seed), *map(type, counts), *map(type, sums)}
    if kinds != ({bool}, {float}, {int}):
        raise TypeError("counts must be whole numbers, fractions numbers")
    if not (min(counts, default=0) >= 0 and max(counts, default=0) < 2**63 and 0 <= line.seed < 2**64):
        raise ValueError("counts must be those of 64 bits")
    if not (min(sums, default=0) >= 0 and max(sums, default=0) < 2**94):  # 2^31 accesses of 2^63 bytes
        raise ValueError("bytes must be those of a trace")
