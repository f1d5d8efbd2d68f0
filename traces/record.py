"""Record the orders that PyTorch's samplers yield, and write them beside this file with their table in README.md.

Needs torch. Run from the repository's root: ``python traces/record.py``.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import torch
from torch.utils.data import (
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

from simcache import Trace, printing
from simcache.sampler import record

HERE = Path(__file__).parent
EPOCHS = 10
LENGTH = 10_000  # accesses per epoch, of each sampler
RANKS = 4
HEADS = ("file", "sampler", "parameters", "seed", "torch", "items", "epochs", "accesses", "sha256")
START, END = "<!-- table: written by record.py -->", "<!-- end of table -->"


def seeded(seed: int) -> torch.Generator:
    """A generator of its own, so that no trace depends on another."""
    return torch.Generator().manual_seed(seed)


def zipf_weights(n_items: int, seed: int) -> list[float]:
    """Weights 1/1 … 1/n_items in random order; division is exact on every machine."""
    ranks = torch.randperm(n_items, generator=seeded(seed))
    weights: list[float] = (1 / (ranks + 1).double()).tolist()
    return weights


def samplers() -> Iterator[tuple[str, Sampler[int], int, dict[str, int | float]]]:
    """Name, sampler, items in its data set, and the parameters that the sampler itself does not show."""
    data, wide, shared = range(LENGTH), range(2 * LENGTH), torch.arange(RANKS * LENGTH)
    law = {"alpha": 1.0, "weights_seed": 20}

    yield "sequential", SequentialSampler(data), len(data), {}
    yield "random", RandomSampler(data, generator=seeded(1)), len(data), {}
    yield "random-replacement", RandomSampler(data, replacement=True, generator=seeded(2)), len(data), {}
    weights = zipf_weights(len(data), 20)
    yield "weighted-replacement", WeightedRandomSampler(weights, LENGTH, True, seeded(3)), len(data), law
    weights = zipf_weights(len(wide), 20)
    yield "weighted", WeightedRandomSampler(weights, LENGTH, False, seeded(4)), len(wide), law
    subset = torch.randperm(len(wide), generator=seeded(50))[:LENGTH].tolist()
    yield "subset", SubsetRandomSampler(subset, seeded(5)), len(wide), {"subset_size": LENGTH, "subset_seed": 50}
    for rank in range(RANKS):
        yield f"distributed-rank{rank}", DistributedSampler(TensorDataset(shared), RANKS, rank, seed=6), len(shared), {}


def traces() -> Iterator[Trace]:
    """Every recorded trace, its parameters in its source."""
    for name, sampler, n_items, more in samplers():
        trace = record(sampler, EPOCHS, n_items=n_items, name=name)
        yield replace(trace, source={**(trace.source or {}), **more})


def row(trace: Trace, path: Path) -> dict[str, str]:
    """One line of the table."""
    source = dict(trace.source or {})
    sampler, seed, version = source.pop("sampler"), source.pop("trace_seed", ""), source.pop("torch")
    del source["generator"]
    parameters = ", ".join(f"{key}={value}" for key, value in source.items())
    digest = sha256(path.read_bytes()).hexdigest()
    sizes = trace.n_items, len(trace.epochs), len(trace)
    cells = (f"`{path.name}`", sampler, parameters, seed, version, *sizes, f"`{digest}`")
    return dict(zip(HEADS, map(str, cells), strict=True))


def main() -> None:
    """Write every trace, then the table."""
    rows = []
    for trace in traces():
        path = HERE / f"{trace.name}.npz"
        trace.save(path)
        rows.append(row(trace, path))
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(START)
    after = rest.split(END)[1]
    readme.write_text(
        before + "\n\n".join([START, printing.markdown(pd.DataFrame(rows), "l" * len(HEADS)), END]) + after
    )


if __name__ == "__main__":
    main()
