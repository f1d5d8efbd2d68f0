"""A trace's folder: arrays that are mapped, not read, so that a trace may be longer than memory.

``NAME.trace`` holds ids.npy (int32), sizes.npy (int64; not where items have no sizes) and about.json (the rest).
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .checks import LIMIT, Scalar, source_of, source_text, whole
from .files import replacing_folder

Made = TypeVar("Made")
Rest = tuple[int, str, tuple[int, ...], Mapping[str, Scalar] | None, NDArray[np.int64] | None]
IDS, SIZES, ABOUT = "ids.npy", "sizes.npy", "about.json"


def named(path: str) -> bool:
    """Whether a path is that of such a folder, by its suffix."""
    return path.rstrip(os.sep).lower().endswith(".trace")


def write(path: str, ids: Iterable[NDArray[np.int32]], rest: Callable[[], Rest]) -> None:
    """Write a trace's ids part by part; once all are in, `rest` gives n_items, name, epochs, source and sizes.

    Raises
    ------
    OSError
        When it cannot be written, or the folder that is there holds anything else.
    """
    with replacing_folder(path, {IDS, SIZES, ABOUT}) as folder:
        with (folder / IDS).open("wb") as file:
            count = 0
            _head(file, count)
            for part in ids:
                count += part.size
                if count > LIMIT:
                    raise ValueError(f"a trace must have at most {LIMIT} accesses, got more")
                part.astype("<i4", copy=False).tofile(file)
            file.seek(0)
            _head(file, count)  # as long as before: NumPy leaves room for any number
        n_items, name, epochs, source, sizes = rest()
        if sizes is not None:
            np.save(folder / SIZES, sizes.astype("<i8", copy=False))
        about = {"n_items": n_items, "name": name, "epochs": epochs, "source": json.loads(source_text(source))}
        (folder / ABOUT).write_text(json.dumps(about, allow_nan=False) + "\n", encoding="utf-8")


def _head(file: IO[bytes], count: int) -> None:
    npy.write_array_header_1_0(file, {"descr": "<i4", "fortran_order": False, "shape": (count,)})


def read(path: str, make: Callable[..., Made]) -> Made:
    """What `make` makes of the parts of a trace, by name, in the folder at `path`.

    Raises
    ------
    OSError
        When there is no such folder, or it cannot be read.
    ValueError
        When it is none that `write` wrote, or `make` refuses.
    """
    folder = Path(path)
    os.listdir(folder)  # the system's own words for what is missing, or no folder
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return make(
            n_items=whole(about["n_items"], "n_items", 1, LIMIT),
            name=about["name"],
            epochs=about["epochs"],
            source=source_of(json.dumps(about["source"])),
            ids=_array(folder / IDS, np.int32),
            sizes=_array(folder / SIZES, np.int64) if (folder / SIZES).exists() else None,
        )
    except MemoryError:
        raise
    except Exception as error:  # a damaged folder fails in many ways
        reason = str(error).partition("\n")[0][:200]
        raise ValueError(f"a .trace folder must be one that was written whole; got {path!r}: {reason}") from error


def _array(path: Path, kind: type[np.integer[Any]]) -> NDArray[Any]:
    with path.open("rb") as file:
        if npy.read_magic(file) != (1, 0):
            raise ValueError(f"{path.name} has a header that NumPy gives to structures only")
        shape, _, dtype = npy.read_array_header_1_0(file)
        start = file.tell()
    if dtype.newbyteorder("=") != kind or len(shape) != 1 or start + shape[0] * dtype.itemsize != path.stat().st_size:
        raise ValueError(f"{path.name} must be a row of {np.dtype(kind)}, says {dtype} of shape {shape}")
    return np.memmap(path, dtype, "r", start, shape) if shape[0] else np.empty(0, kind)
