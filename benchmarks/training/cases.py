"""What is measured: each network on each data set, in each order, by each method; the MLP at other cache sizes too."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

POLICIES: dict[str, Any] = {"opt": ("opt", {"bypass": True})} | {it: it for it in ("lru", "lfu", "fifo", "rr", "pin")}
PRIVATE = ("lru", "lfu", "fifo", "rr")  # what cachetools has
# How samples are kept: not at all, in one cache that was planned, or in a cache of each worker's own.
METHODS = (("none", ""), *((name, "shared") for name in POLICIES), *((name, "private") for name in PRIVATE))
DATA = ("jpeg", "cifar")
ORDERS = ("with replacement", "shuffled")
NETWORKS = ("mlp", "cnn", "resnet")
HALF = 0.5  # share of the items that all caches together hold


class Size(NamedTuple):
    """How much of it is measured."""

    name: str
    items: dict[str, int]
    batch: dict[str, int]
    shrunk: int  # sides of the JPEG files are divided by it
    epochs: int
    repeats: int
    orders: tuple[str, ...]
    networks: tuple[str, ...]
    fractions: tuple[float, ...]


SIZES = {
    "full": Size(
        "full",
        {"jpeg": 320, "cifar": 800},
        {"jpeg": 16, "cifar": 32},
        1,
        4,
        3,
        ORDERS,
        NETWORKS,
        (0.1, 0.25, 0.75, 0.9),
    ),
    "quick": Size("quick", {"jpeg": 48, "cifar": 192}, {"jpeg": 8, "cifar": 32}, 1, 3, 2, ORDERS, NETWORKS, (0.25,)),
    # For tests.
    "tiny": Size(
        "tiny", {"jpeg": 12, "cifar": 24}, {"jpeg": 3, "cifar": 8}, 8, 2, 1, ORDERS[:1], NETWORKS[:1], (0.25,)
    ),
}


class Case(NamedTuple):
    """One line of the table."""

    data: str
    order: str
    network: str
    method: str
    sharing: str
    fraction: float

    def __str__(self) -> str:
        method = f"{self.method}, {self.sharing}, {self.fraction:g}" if self.sharing else self.method
        return f"{self.data}, {self.order}, {self.network}, {method}"


def groups(size: Size, networks: Sequence[str]) -> Iterator[list[Case]]:
    """Cases to compare with each other, and so to measure in turns."""
    for data in DATA:
        for order in size.orders:
            for network in networks:
                yield [Case(data, order, network, *method, HALF) for method in METHODS]
    for order in size.orders:
        for fraction in size.fractions:
            yield [Case("cifar", order, "mlp", *method, fraction) for method in METHODS[1:]]
