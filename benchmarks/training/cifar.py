"""CIFAR-10's own binary files, or generated ones of the same format: records of a label and 3 × 32 × 32 bytes."""

from pathlib import Path

import numpy as np
import torch
from torch.utils import data

from simcache.files import replacing

from .networks import CLASSES

SIDE, PAD = 32, 4
RECORD = 1 + 3 * SIDE * SIDE
NAMES = [f"data_batch_{k}.bin" for k in range(1, 6)]


class Records(data.Dataset[tuple[torch.Tensor, int]]):
    """The first so many images, each read from its file when it is asked for."""

    def __init__(self, folder: Path, items: int) -> None:
        every = [(str(path), k) for path in files(folder) for k in range(path.stat().st_size // RECORD)]
        self.records = every[:items]

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, k = self.records[index]
        with open(path, "rb") as file:
            file.seek(k * RECORD)
            label, *_ = read = file.read(RECORD)
        image = torch.frombuffer(bytearray(read), dtype=torch.uint8, offset=1)
        return image.view(3, SIDE, SIDE), label


def files(folder: Path) -> list[Path]:
    """Those that are there.

    Raises
    ------
    ValueError
        When there are none, or one is of another format.
    """
    rule = f"CIFAR must be a folder with CIFAR-10's binary files, {NAMES[0]} and so on"
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if not found:
        raise ValueError(f"{rule}, got {str(folder)!r}")
    for path in found:
        if not (size := path.stat().st_size) or size % RECORD:
            raise ValueError(f"{rule}, of {RECORD} bytes a record, got {size} bytes in {str(path)!r}")
    return found


def generated(home: Path, items: int) -> Path:
    """A folder with one such file."""
    folder = home / f"cifar-{items}"
    if not (folder / NAMES[0]).exists():
        folder.mkdir(parents=True, exist_ok=True)
        records = np.random.default_rng(0).integers(256, size=(items, RECORD), dtype=np.uint8)
        records[:, 0] %= CLASSES
        with replacing(folder / NAMES[0]) as path:
            path.write_bytes(records.tobytes())
    return folder
