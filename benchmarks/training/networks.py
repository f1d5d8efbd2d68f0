"""The networks: three in plain torch, and what torchvision or timm calls by a name."""

from importlib import import_module
from typing import Any

import torch
from torch import nn

CLASSES = 10


def built(name: str, side: int) -> nn.Module:
    """A new network for images of 3 × side × side, the same each time."""
    torch.manual_seed(0)
    return BUILT[name](side) if name in BUILT else named(name)


def mlp(side: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def cnn(side: int) -> nn.Module:
    layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()]
    return nn.Sequential(*layers, *_head(32))


def resnet(side: int) -> nn.Module:
    stem = [nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*stem, Block(8, 8, 1), Block(8, 16, 2), Block(16, 32, 2), *_head(32))


BUILT = {"mlp": mlp, "cnn": cnn, "resnet": resnet}


class Block(nn.Module):
    """Two convolutions, and what goes past them."""

    def __init__(self, width: int, wider: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            *(nn.Conv2d(width, wider, 3, stride, 1, bias=False), nn.BatchNorm2d(wider), nn.ReLU()),
            *(nn.Conv2d(wider, wider, 3, 1, 1, bias=False), nn.BatchNorm2d(wider)),
        )
        past = nn.Sequential(nn.Conv2d(width, wider, 1, stride, bias=False), nn.BatchNorm2d(wider))
        self.past = nn.Identity() if (width, stride) == (wider, 1) else past

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.inner(images) + self.past(images))


def _head(width: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, CLASSES)]


def named(name: str) -> nn.Module:
    """An untrained network of torchvision's or timm's.

    Raises
    ------
    ValueError
        When neither has it.
    """
    rule = f"NETWORK must be {', '.join(BUILT)} or a network of torchvision or timm"
    makers: list[Any] = []
    for module, maker in (("torchvision.models", "get_model"), ("timm", "create_model")):
        try:
            makers.append(getattr(import_module(module), maker))
        except ImportError:
            continue
    if not makers:
        raise ValueError(f"{rule}, and neither is installed, got {name!r}")
    for maker in makers:
        try:
            return maker(name, num_classes=CLASSES)
        except (ValueError, RuntimeError, KeyError):  # how they say that they do not know it
            continue
    raise ValueError(f"{rule}, got {name!r}")
