"""A table in parquet: a column of keys, whole numbers or texts, and one of sizes where there is one.

Unless columns are named, those called key and size are used, or the only one.
"""

import tempfile
from collections.abc import Iterator
from importlib import import_module
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..trace import Trace
from ._chunks import CHUNK, chunks
from ._columns import Columns, asked, placed
from ._gathering import Part, of_numbers
from ._packed import Broken, Stream
from ._report import MISSING, NEGATIVE, Report

SUFFIXES = (".parquet",)


def parts(stream: Stream, report: Report, *, columns: Columns = None) -> Iterator[Part]:
    """The accesses of a file."""
    report.record = "row"
    arrow = _arrow()
    wanted = asked(columns)
    with tempfile.TemporaryFile() as whole:  # unpacked: a table is read from its end
        while some := stream.read(1 << 20):
            whole.write(some)
        if stream.broken:
            raise Broken(stream.broken)
        try:
            file = import_module("pyarrow.parquet").ParquetFile(whole)
            places = placed(wanted, list(file.schema_arrow.names))
            kinds = {role: file.schema_arrow.types[place] for role, place in places.items()}
            _check(arrow, kinds)
            names = [file.schema_arrow.names[place] for place in places.values()]
            if twice := [name for name in names if file.schema_arrow.names.count(name) > 1]:
                raise ValueError(f"columns must be of one name each, got {twice[0]!r} twice")
            first = 1
            for batch in file.iter_batches(CHUNK, columns=list(dict.fromkeys(names))):
                found = dict(zip(places, (batch.column(batch.schema.names.index(name)) for name in names), strict=True))
                yield _part(arrow, found, report, first)
                first += batch.num_rows
        except (arrow.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise ValueError(f"a .parquet file must be whole, got one that is not: {reason}") from error


def _check(arrow: Any, kinds: dict[str, Any]) -> None:
    """Refuse columns that hold something else."""
    types = arrow.types
    inner = kinds["key"].value_type if types.is_dictionary(kinds["key"]) else kinds["key"]
    texts = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary)
    if not types.is_integer(inner) and not any(is_text(inner) for is_text in texts):
        raise ValueError(f"keys must be whole numbers or texts, got a column of {kinds['key']}")
    if "size" in kinds and not types.is_integer(kinds["size"]):
        raise ValueError(f"sizes must be whole numbers, got a column of {kinds['size']}")
    if "time" in kinds and not (types.is_integer(kinds["time"]) or types.is_floating(kinds["time"])):
        raise ValueError(f"times must be numbers, got a column of {kinds['time']}")


def _part(arrow: Any, found: dict[str, Any], report: Report, first: int) -> Part:
    faults = np.zeros(len(found["key"]), np.uint8)
    for values in found.values():
        faults[values.is_null().to_numpy(zero_copy_only=False)] = MISSING
    sizes = None
    if "size" in found:
        sizes = _numbers(found["size"])
        faults[(sizes < 0) & (faults == 0)] = NEGATIVE
        sizes = np.minimum(sizes, 2**63 - 1).astype(np.int64)
    report.note(faults, first)
    good = faults == 0
    report.good += int(np.count_nonzero(good))
    if "time" in found:
        report.note_times(_numbers(found["time"])[good].astype(np.float64))
    sizes = None if sizes is None else sizes[good]
    keys = found["key"]
    if arrow.types.is_dictionary(keys.type):
        keys = keys.dictionary_decode()
    if arrow.types.is_integer(keys.type):
        return of_numbers(_numbers(keys)[good], sizes)
    text = keys.cast(arrow.large_binary())
    edges = np.frombuffer(text.buffers()[1], np.int64)[text.offset : text.offset + len(text) + 1]
    data = text.buffers()[2]
    letters = np.empty(0, np.uint8) if data is None else np.array(np.frombuffer(data, np.uint8))
    return Part(letters, edges[:-1][good], edges[1:][good], sizes)


def _numbers(values: Any) -> NDArray[Any]:
    found: NDArray[Any] = values.fill_null(0).to_numpy(zero_copy_only=False)
    return found


def _arrow() -> Any:
    try:
        return import_module("pyarrow")
    except ImportError:
        raise ValueError("a .parquet file needs pyarrow: pip install 'simcache[io]'") from None


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write a column of ids, the keys, and one of sizes where items have some."""
    arrow = _arrow()
    fields = [("key", arrow.int32()), *([] if trace.sizes is None else [("size", arrow.int64())])]
    schema = arrow.schema(fields)
    with import_module("pyarrow.parquet").ParquetWriter(file, schema) as writer:
        for ids in chunks(trace):
            columns = [ids, *([] if trace.sizes is None else [trace.sizes[ids]])]
            writer.write_batch(arrow.record_batch([arrow.array(each) for each in columns], schema=schema))
