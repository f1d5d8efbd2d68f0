"""A data set as it is trained on: its samples, which are cached, and the random changes that come after the cache."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn.functional import pad
from torch.utils import data

from . import cifar, jpegs
from .cases import Size

Sample = tuple[torch.Tensor, int]


class Source(NamedTuple):
    """One of them."""

    title: str
    dataset: Any
    augment: Callable[[Sample], Sample]
    batch: int
    side: int
    mark: str  # of the bytes that are read


def sources(size: Size, home: Path, folder: Path | None) -> dict[str, Source]:
    """Both, by name; generated ones are made below `home` where they are not there yet."""
    generated = folder is None
    pictures = jpegs.JPEGs(jpegs.made(home, size.items["jpeg"], size.shrunk))
    records = cifar.Records(folder or cifar.generated(home, size.items["cifar"]), size.items["cifar"])
    title = "generated records of CIFAR-10's format" if generated else "CIFAR-10"
    return {
        "jpeg": Source(
            "generated JPEG files",
            pictures,
            partial(augmented, side=jpegs.SIDE, edge=0),
            size.batch["jpeg"],
            jpegs.SIDE,
            f"{jpegs.VERSION}",
        ),
        "cifar": Source(
            title,
            records,
            partial(augmented, side=cifar.SIDE, edge=cifar.PAD),
            size.batch["cifar"],
            cifar.SIDE,
            _mark(records),
        ),
    }


def augmented(sample: Sample, side: int, edge: int) -> Sample:
    """A random cut, and its mirror image every other time: never cached."""
    image, label = sample
    if edge:
        image = pad(image, (edge,) * 4)
    top, left, mirrored = torch.randint(1 << 30, (3,)).tolist()
    top, left = top % (image.shape[1] - side + 1), left % (image.shape[2] - side + 1)
    image = image[:, top : top + side, left : left + side]
    return image.flip(2) if mirrored % 2 else image, label


class Augmented(data.Dataset[Sample]):
    """A data set without a cache."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.dataset)

    def __getitem__(self, index: int) -> Sample:
        return self.source.augment(self.source.dataset[index])


def alike(source: Source) -> list[torch.Tensor]:
    """A batch of one sample again and again."""
    return data.default_collate([Augmented(source)[0]] * source.batch)


def _mark(records: cifar.Records) -> str:
    read = sha256()
    for image, label in map(records.__getitem__, range(len(records))):
        read.update(bytes([label]) + image.numpy().tobytes())
    return read.hexdigest()[:16]
