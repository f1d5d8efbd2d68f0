"""The recorded traces: their files, their structure and, with torch, their ids."""

import re
import runpy
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from simcache import Trace

FOLDER = Path(__file__).parents[1] / "traces"
FILES = sorted(FOLDER.glob("*.npz"))


def epochs_of(name):
    trace = Trace.load(FOLDER / f"{name}.npz")
    return trace, np.split(trace.ids, trace.epochs[1:])


def test_the_table_lists_the_files_as_they_are():
    rows = re.findall(
        r"^\| `(\S+)` .* \| (\d+) +\| (\d+) +\| (\d+) +\| `([0-9a-f]{64})` +\|$",
        (FOLDER / "README.md").read_text(),
        re.M,
    )
    assert sorted(row[0] for row in rows) == [path.name for path in FILES]
    for name, n_items, epochs, accesses, digest in rows:
        assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest
        trace = Trace.load(FOLDER / name)
        assert (trace.n_items, len(trace.epochs), len(trace)) == (int(n_items), int(epochs), int(accesses))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ten_epochs_of_ten_thousand(path):
    trace = Trace.load(path)
    assert trace.name == path.stem
    assert trace.epochs == tuple(range(0, 100_000, 10_000))
    assert len(trace) == 100_000
    assert trace.source["generator"] == "sampler"
    assert trace.source["torch"].startswith("2.")


def test_sequential():
    _, epochs = epochs_of("sequential")
    assert all(np.array_equal(epoch, np.arange(10_000)) for epoch in epochs)


def test_random_has_each_item_once_an_epoch():
    _, epochs = epochs_of("random")
    assert all(np.array_equal(np.sort(epoch), np.arange(10_000)) for epoch in epochs)
    assert len({epoch.tobytes() for epoch in epochs}) == 10


def test_replacement_leaves_out_one_in_e():
    _, epochs = epochs_of("random-replacement")
    for epoch in epochs:
        assert np.unique(epoch).size == pytest.approx(10_000 * (1 - np.exp(-1)), abs=250)


def test_subset_is_the_same_half_every_epoch():
    trace, epochs = epochs_of("subset")
    subset = np.unique(epochs[0])
    assert (trace.n_items, subset.size) == (20_000, 10_000)
    assert all(np.array_equal(np.sort(epoch), subset) for epoch in epochs)


def test_weighted_without_replacement_has_no_item_twice_an_epoch():
    trace, epochs = epochs_of("weighted")
    assert all(np.unique(epoch).size == 10_000 for epoch in epochs)
    assert trace.n_touched > 10_000


def test_weighted_with_replacement_follows_its_weights():
    trace, _ = epochs_of("weighted-replacement")
    counts = np.sort(np.bincount(trace.ids))[::-1]
    shares = 1 / np.arange(1, 10_001)
    assert counts[:20] / len(trace) == pytest.approx(shares[:20] / shares.sum(), rel=0.15)


def test_ranks_share_each_epoch_between_them():
    ranks = [epochs_of(f"distributed-rank{rank}")[1] for rank in range(4)]
    for parts in zip(*ranks, strict=True):
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(40_000))


@pytest.mark.torch
def test_torch_yields_them_again():
    pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)
    again = {trace.name: trace for trace in runpy.run_path(str(FOLDER / "record.py"))["traces"]()}
    assert sorted(again) == sorted(path.stem for path in FILES)
    for name, trace in again.items():
        recorded = Trace.load(FOLDER / f"{name}.npz")
        assert np.array_equal(trace.ids, recorded.ids), name
        assert (trace.epochs, trace.n_items) == (recorded.epochs, recorded.n_items)
        left = {key: value for key, value in recorded.source.items() if key != "torch"}
        assert {key: value for key, value in trace.source.items() if key != "torch"} == left
