"""A NumPy array of keys: whole numbers, texts or bytes, in one dimension. It holds no sizes."""

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.lib import format as layout

from ..trace import Trace
from ._chunks import chunks
from ._gathering import Part, of_numbers
from ._packed import Broken, Stream, blocks
from ._report import Report

SUFFIXES = (".npy",)


def parts(stream: Stream, report: Report) -> Iterator[Part]:
    """The accesses of a file."""
    report.record = "key"
    file: IO[bytes] = _File(stream)  # type: ignore[assignment]
    try:
        version = layout.read_magic(file)
        read = layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0
        shape, _, dtype = read(file)
    except ValueError as error:
        raise ValueError(f"a .npy file must be one that NumPy wrote, got another: {str(error)[:100]}") from None
    if len(shape) != 1 or dtype.kind not in "iuSU" or not dtype.itemsize:
        raise ValueError(f"keys must be whole numbers or texts in one dimension, got {dtype} of shape {shape}")
    for block in blocks(stream, lambda data: len(data) // dtype.itemsize * dtype.itemsize):
        if len(block) % dtype.itemsize:
            break
        found = np.frombuffer(block, dtype)
        report.good += found.size
        yield of_numbers(found)
    if report.good != shape[0]:
        raise Broken(f"says that it has {shape[0]:,} keys, and ends")


class _File:
    """A stream as NumPy's reader of headers wants it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        return bytes(self._stream.read(size))


def write(trace: Trace, file: IO[bytes]) -> None:
    """Write the ids, as int32."""
    layout.write_array_header_1_0(file, {"descr": "<i4", "fortran_order": False, "shape": (len(trace),)})
    for ids in chunks(trace):
        file.write(ids.astype("<i4", copy=False).tobytes())
