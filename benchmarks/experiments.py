"""Training time and hit rates with the live cache, beside those simulated: `make experiments [DEVICE=cuda] [QUICK=1]`.

NETWORK=resnet18 adds a network of torchvision's or timm's, CIFAR=folder takes CIFAR-10's own files. Writes
results/training-time.parquet, .csv, .md and the figure; with QUICK=1 less of it, into results/quick/. What a run that
was broken off has measured is not measured again. Rows of another device stay.
"""

import argparse
import os
import warnings
from pathlib import Path

import pandas as pd
import torch
from training import cifar, figure, jpegs, report
from training.cases import SIZES
from training.loading import Machine
from training.measuring import cores, measured_on, rows
from training.networks import built
from training.records import ROOT
from training.sources import sources
from training.table import held

from simcache.files import replacing


def main(given: argparse.Namespace) -> None:
    size = SIZES[given.size]
    if given.device not in ("cpu", "cuda"):
        raise ValueError(f"DEVICE must be cpu or cuda, got {given.device!r}")
    if given.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("DEVICE=cuda needs a GPU that PyTorch sees, and it sees none")
    networks = [*dict.fromkeys([*size.networks, *([given.network] if given.network else [])])]
    for network in networks:
        check(network)
    found = sources(size, given.kept, given.cifar)
    torch.set_num_threads(1)  # the other cores are for the workers
    machine = Machine(given.device, 2 if given.device == "cpu" else max(2, min(8, cores() - 1)))
    lines = rows(size, networks, found, machine, given.kept / f"{size.name}-{given.device}")
    write(held(pd.DataFrame(lines).assign(measured_on=measured_on(machine))), given.out)


def check(network: str) -> None:
    """Refuse a network that does not take the images, before anything is measured."""
    for side in (jpegs.SIDE, cifar.SIDE):
        it = built(network, side).eval()
        try:
            it(torch.zeros(1, 3, side, side))
        except Exception as error:  # whatever networks of others raise
            reason = str(error).partition("\n")[0]
            raise ValueError(f"NETWORK must take images of {side} × {side}, got {network!r}: {reason}") from None


def write(table: pd.DataFrame, folder: Path) -> None:
    """The table, where rows of another device stay, and what is made of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "training-time.parquet"
    if path.exists():
        before = pd.read_parquet(path)
        others = before[before["device"] != table["device"].iloc[0]]
        table = pd.concat([table, others], ignore_index=True).sort_values("device", kind="stable", ignore_index=True)
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)
    with replacing(folder / "training-time.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    pages(folder)


def pages(folder: Path) -> None:
    """The page and the figure, from the table that stands in the folder."""
    table = pd.read_parquet(folder / "training-time.parquet")
    with replacing(folder / "training-time.md") as temporary:
        temporary.write_text(report.page(table))
    figure.draw(table, folder)


def parsed() -> argparse.Namespace:
    quick = os.environ.get("QUICK", "0") not in ("", "0")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="quick" if quick else "full")
    parser.add_argument("--device", default=os.environ.get("DEVICE") or "cpu")
    parser.add_argument("--network", default=os.environ.get("NETWORK"))
    parser.add_argument("--cifar", type=Path, default=os.environ.get("CIFAR") or None)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--kept", type=Path, default=ROOT / ".cache" / "experiments")
    given = parser.parse_args()
    given.out = given.out or ROOT / "results" / ("" if given.size == "full" else given.size)
    return given


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "This DataLoader will create")  # fewer cores than workers is a case like others
    try:
        main(parsed())
    except ValueError as error:  # what was asked for cannot be had
        raise SystemExit(f"error: {error}") from None
