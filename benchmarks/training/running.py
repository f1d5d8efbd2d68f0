"""One training run on the clock: seconds of each epoch, and how long it waited for data.

What starting the workers takes, once a run, is measured apart.
"""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from .cases import Case
from .loading import Machine, opened, simulated
from .networks import built
from .sources import Source, alike


class Training:
    """A network and what steps it."""

    def __init__(self, name: str, side: int, device: str) -> None:
        self.device = torch.device(device)
        self.network = built(name, side).to(self.device)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> float:
        """The loss of one batch: to read it is to wait until the accelerator has ended the step before."""
        images = images.to(self.device, non_blocking=True).float().div_(255)
        labels = labels.to(self.device, non_blocking=True)
        self.optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(self.network(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def settled(self) -> float:
        """The time, once all that was asked of the accelerator is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return perf_counter()


class Batches:
    """A loader's batches, but none until it has `begun`."""

    def __init__(self, batches: Any) -> None:
        self.batches, self.begun = batches, False

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches if self.begun else ())


def started(loader: Any) -> float:
    """Seconds until the workers of a loader stand, which is once all have answered, as a second pass begins."""
    start = perf_counter()
    batches = Batches(loader.batch_sampler)
    vars(loader).update(batch_sampler=batches)  # assigning to it raises
    for _ in range(2):
        assert not [*loader]
    batches.begun = True
    return perf_counter() - start


def run(case: Case, source: Source, machine: Machine, epochs: int) -> dict[str, Any]:
    """Train, and hold the hits against those simulated.

    Raises
    ------
    RuntimeError
        When the cache did otherwise than simulated.
    """
    expected = simulated(case, source, machine, epochs).hits
    training = Training(case.network, source.side, machine.device)
    training.step(*alike(source))  # what is set up once, here and for workers, is there before the clock starts
    loader, counted = opened(case, source, machine, epochs)
    starting, seconds, waited = started(loader), [], 0.0
    for _ in range(epochs):
        start = training.settled()
        batches = iter(loader)
        while True:
            asked = training.settled()
            batch = next(batches, None)
            waited += perf_counter() - asked
            if batch is None:
                break
            training.step(*batch)
        seconds.append(training.settled() - start)
    hits, late = counted()
    if hits + late != expected.sum():
        raise RuntimeError(
            f"hits and late ones must be the {expected.sum()} simulated for {case}, got {hits} and {late}"
        )
    return {
        "starting": starting,
        "seconds": seconds,
        "waited": waited,
        "accesses": expected.size,
        "hits": hits,
        "late": late,
        "simulated": int(expected.sum()),
    }
