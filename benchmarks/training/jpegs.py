"""JPEG files of the sizes that mini-imagenet's have, made once from a seed; what loads one decodes it and scales it."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils import data

from .networks import CLASSES

KEPT, SIDE = 72, 64  # the side of what is cached, and of what is cut from it
SHAPES = ((500, 375), (375, 500), (500, 333), (400, 300))
VERSION = 1  # of how they are made


class JPEGs(data.Dataset[tuple[torch.Tensor, int]]):
    """Images in files, and the class of each."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(map(str, folder.glob("*.jpg")))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as image:
            scaled = np.array(image.convert("RGB").resize((KEPT, KEPT), Image.Resampling.BILINEAR))
        return torch.from_numpy(scaled).permute(2, 0, 1).contiguous(), index % CLASSES


def made(home: Path, items: int, shrunk: int) -> Path:
    """The folder with so many of them; a folder that is there is whole."""
    folder = home / f"jpeg-{VERSION}-{items}-{shrunk}"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=home))
        rng = np.random.default_rng(VERSION)
        for index in range(items):
            width, height = (side // shrunk for side in SHAPES[index % len(SHAPES)])
            picture(rng, width, height).save(part / f"{index:06}.jpg", quality=90)
        part.rename(folder)
    return folder


def picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Soft blots with grain, so that it takes about as many bytes as a photograph."""
    blots = Image.fromarray(rng.integers(256, size=(-(-height // 8), -(-width // 8), 3), dtype=np.uint8))
    soft = np.asarray(blots.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    return Image.fromarray((soft + rng.normal(0, 12, soft.shape)).clip(0, 255).astype(np.uint8))
