"""A trace's file: .npz without pickle, looked at before it is read, so that a small file cannot take much memory."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from . import npz
from .checks import CHUNK, EPOCHS_LIMIT, LIMIT, NAME_LIMIT, SOURCE_LIMIT, Scalar, source_of, source_text, whole
from .files import replacing

Made = TypeVar("Made")


def write(
    path: str,
    ids: NDArray[np.int32],
    n_items: int,
    name: str,
    epochs: tuple[int, ...],
    source: Mapping[str, Scalar] | None,
    sizes: NDArray[np.int64] | None,
) -> None:
    """Write the parts of a trace, each checked, to `path`."""
    more: dict[str, Any] = {} if sizes is None else {"sizes": sizes}
    with replacing(path, ".npz") as temporary:
        np.savez_compressed(
            temporary,
            **more,
            ids=ids.astype(_narrow(n_items)),
            n_items=np.int64(n_items),
            name=np.str_(name),
            epochs=np.asarray(epochs, np.int64),
            source=np.str_(source_text(source)),
        )


def read(path: str, make: Callable[..., Made]) -> Made:
    """What `make` makes of the parts of a trace, by name, in the file at `path`.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is none that `write` wrote, or `make` refuses.
    """
    with open(path, "rb") as file:
        array = file.read(6) == b"\x93NUMPY"
        try:
            with ZipFile(file) as archive:
                return make(**_parts(archive))
        except MemoryError:
            raise  # a large trace, not a broken one
        except Exception as error:  # a damaged archive fails in many ways
            hint = "; of an array, Trace(np.load(path), n_items) makes a trace" if array else ""
            reason = "" if array else f": {str(error).partition(chr(10))[0][:200]}"
            message = f"a trace file must be one that Trace.save wrote, whole; got {path!r}{hint}{reason}"
            raise ValueError(message) from error


def _parts(archive: ZipFile) -> dict[str, Any]:
    n_items = whole(_read(archive, "n_items", "iu", 0, 1).item(), "n_items", 1, LIMIT)
    found = _header(archive, "ids", "iu", 1, LIMIT)
    if found.dtype.newbyteorder("=") != (narrow := _narrow(n_items)):
        raise ValueError(f"ids of {n_items} items must be {np.dtype(narrow)}, got {found.dtype}")
    most = max(found.size, EPOCHS_LIMIT)
    return {
        "n_items": n_items,
        "name": str(_read(archive, "name", "U", 0, NAME_LIMIT)),
        "epochs": _read(archive, "epochs", "iu", 1, most).tolist(),
        "source": source_of(str(_read(archive, "source", "U", 0, SOURCE_LIMIT))),
        "ids": _within(archive, found, "ids", 0, n_items - 1),
        "sizes": _sizes(archive, n_items) if "sizes.npy" in archive.namelist() else None,
    }


def _sizes(archive: ZipFile, n_items: int) -> NDArray[Any]:
    found = _header(archive, "sizes", "i", 1, n_items)
    if found.dtype.newbyteorder("=") != np.int64 or found.size != n_items:
        raise ValueError(f"sizes of {n_items} items must be as many int64, got {found.size} {found.dtype}")
    return _within(archive, found, "sizes", 1, 2**63 - 1)


def _within(archive: ZipFile, found: npz.Header, name: str, low: int, high: int) -> NDArray[Any]:
    array = np.empty(found.size, found.dtype)
    at = 0
    for part in npz.chunks(
        archive, found, max(1, CHUNK // found.dtype.itemsize)
    ):  # refused at the first that is wrong, not after the last
        if part.min() < low or part.max() > high:
            bounds = f"0 … n_items - 1 = {high}" if low == 0 else f"{low} … {high}"
            raise ValueError(f"{name} must lie in {bounds}, got others after position {at - 1}")
        array[at : at + part.size] = part
        at += part.size
    return array


def _read(archive: ZipFile, name: str, kinds: str, ndim: int, most: int) -> NDArray[Any]:
    return npz.read(archive, _header(archive, name, kinds, ndim, most))


def _header(archive: ZipFile, name: str, kinds: str, ndim: int, most: int) -> npz.Header:
    """The header of an array of `ndim` dimensions with at most so many entries, or a text of so many characters."""
    found = npz.header(archive, name)
    size = found.dtype.itemsize // 4 if kinds == "U" else found.size
    if found.dtype.kind not in kinds or len(found.shape) != ndim or size > most:
        raise ValueError(f"{name} must not be {found.dtype} of shape {found.shape}")
    return found


def _narrow(n_items: int) -> type[np.integer[Any]]:
    """The narrowest type that holds every item."""
    return next(d for d in (np.uint8, np.uint16, np.int32) if n_items - 1 <= np.iinfo(d).max)
