"""Looking into a .npz file before reading it: what each array would be, and that the file can hold it.

What a hostile file says of itself is compared before any of it is unpacked: the directory of the archive with the size
of the file, and the header of the array with the directory.
"""

import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

PACKED = 1032  # deflate makes at most so many bytes of one


class Header(NamedTuple):
    """What an archive says of one of its arrays."""

    info: ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int  # bytes before the data

    @property
    def size(self) -> int:
        """Entries."""
        return math.prod(self.shape)


def header(archive: ZipFile, name: str) -> Header:
    """The header of the array `name`, its data unread.

    Raises
    ------
    Exception
        Of many kinds, when there is no such array, or what the file says of it cannot be so.
    """
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or info.flag_bits & 1:
        raise ValueError(f"{name} is packed in a way that NumPy does not use")
    assert archive.fp is not None
    there = archive.fp.seek(0, os.SEEK_END)
    if info.compress_size > there or info.file_size > PACKED * (info.compress_size + 1):
        raise ValueError(f"{name} says that it is {info.file_size} bytes, which its file cannot hold")
    with archive.open(info) as stream:
        if npy.read_magic(stream) != (1, 0):  # the others may have headers of 4 GB
            raise ValueError(f"{name} has a header that NumPy gives to structures only")
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
        start = stream.tell()
    if dtype.hasobject or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(f"{name} must hold plain numbers or text, says {dtype} of shape {shape}")
    if start + math.prod(shape) * dtype.itemsize != info.file_size:
        raise ValueError(f"{name} says {dtype} of shape {shape}, which is not what {info.file_size} bytes hold")
    return Header(info, shape, dtype, fortran, start)


def read(archive: ZipFile, found: Header) -> NDArray[Any]:
    """The array of a header, all of it."""
    flat = np.concatenate([np.empty(0, found.dtype), *chunks(archive, found, max(1, found.size))])
    return flat.reshape(found.shape, order="F" if found.fortran else "C")


def chunks(archive: ZipFile, found: Header, length: int) -> Iterator[NDArray[Any]]:
    """Its entries in the order of the file, at most `length` at a time."""
    with archive.open(found.info) as stream:
        stream.read(found.start)
        for at in range(0, found.size, length):
            some = min(length, found.size - at)
            yield np.frombuffer(stream.read(some * found.dtype.itemsize), found.dtype, some)
        stream.read(1)  # the end, where the sum of all is checked
