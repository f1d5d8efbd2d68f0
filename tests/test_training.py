"""The experiments at their smallest: all of it runs, goes on where it was killed, and tells what it measured right."""

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"

sys.path.insert(0, str(ROOT / "benchmarks"))
cases, networks, jpegs, cifar, sources, loading, running, measuring, tables, report, reasons = (
    import_module(f"training.{name}")
    for name in "cases networks jpegs cifar sources loading running measuring table report reasons".split()
)
experiments = import_module("experiments")

pytestmark = pytest.mark.torch
TINY = cases.SIZES["tiny"]


def started(folder):
    command = [sys.executable, str(ROOT / "benchmarks/experiments.py"), "--size", "tiny"]
    command += ["--out", str(folder / "out"), "--kept", str(folder / "kept")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def written(folder):
    return {path.name: path.read_bytes() for path in (folder / "kept/tiny-cpu").glob("[!.]*.json")}


def test_all_of_it_and_half_of_it_and_the_rest(tmp_path):
    first = started(tmp_path)
    told = [first.stdout.readline() for _ in range(9)]
    os.killpg(first.pid, signal.SIGKILL)
    _, errors = first.communicate()
    before = written(tmp_path)
    assert len(before) >= len(told), errors

    rest = started(tmp_path)
    said, errors = rest.communicate()
    assert rest.returncode == 0, errors
    after = written(tmp_path)
    assert len(said.splitlines()) == len(after) - len(before)  # what was there is not measured again
    assert {name: after[name] for name in before} == before
    assert not set(told) & set(said.splitlines(keepends=True))

    table = pd.read_parquet(tmp_path / "out/training-time.parquet")
    every = [case for group in cases.groups(TINY, TINY.networks) for case in group]
    assert list(map(tuple, table[list(cases.Case._fields)].to_numpy())) == [tuple(case) for case in every]
    assert (table["hits"] + table["late"] == table["simulated_hits"]).all()
    assert (table.loc[table["sharing"] == "private", "late"] == 0).all()
    cached = table[table["method"] != "none"]
    assert (cached["hits"] > 0).any()
    best = table[table["method"] == "opt"].groupby(["data", "fraction"])["simulated_hits"].first()
    for (data, fraction), rows in table[table["sharing"] == "shared"].groupby(["data", "fraction"]):
        assert rows["simulated_hits"].max() == best[data, fraction]
    for column in ("epoch_s", "predicted_s", "t_miss_s", "t_step_s", "t_prep_s"):
        assert (table[column] > 0).all(), column
    assert (tmp_path / "out/training-time.md").read_text() == report.page(table)
    assert len(pd.read_csv(tmp_path / "out/training-time.csv")) == len(table)
    assert (tmp_path / "out/training-time.png").stat().st_size


def test_what_a_piece_depends_on_is_in_it(tmp_path):
    measured = []

    def piece(value, **depends):
        return measuring.piece(tmp_path, "a, piece", depends, lambda: (measured.append(value), value)[1])

    assert [piece(1, code="a"), piece(2, code="a"), piece(3, code="b"), piece(4, code="b")] == [1, 1, 3, 3]
    assert measured == [1, 3]
    (tmp_path / "a-piece.json").write_text('{"depends": {"code": "b"}, "meas')  # as no run leaves it
    assert piece(5, code="b") == 5
    assert json.loads((tmp_path / "a-piece.json").read_text())["measured"] == 5


def asked(tmp_path, **given):
    usual = {"size": "tiny", "device": "cpu", "network": None, "cifar": None, "kept": tmp_path, "out": tmp_path / "out"}
    return Namespace(**{**usual, **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "cuda"}, "DEVICE=cuda needs a GPU that PyTorch sees, and it sees none"),
        ({"device": "tpu"}, "DEVICE must be cpu or cuda, got 'tpu'"),
        ({"network": "nonet"}, "NETWORK must be mlp, cnn, resnet or a network of torchvision or timm, .*got 'nonet'"),
        ({"cifar": Path("/nowhere")}, "CIFAR must be a folder with CIFAR-10's binary files, .*got '/nowhere'"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_line(given, message, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=message) as caught:
        experiments.main(asked(tmp_path, **given))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_refusal_is_one_line_of_the_command():
    command = [sys.executable, str(ROOT / "benchmarks/experiments.py"), "--size", "tiny", "--device", "tpu"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "error: DEVICE must be cpu or cuda, got 'tpu'\n")


@pytest.mark.parametrize("name", cases.NETWORKS)
def test_networks_take_both_kinds_of_images(name):
    for side in (jpegs.SIDE, cifar.SIDE):
        network = networks.built(name, side)
        assert network(torch.zeros(2, 3, side, side)).shape == (2, networks.CLASSES)
        again = networks.built(name, side)
        assert all(torch.equal(one, two) for one, two in zip(network.parameters(), again.parameters(), strict=True))


def test_a_network_of_others(monkeypatch):
    def create_model(name, num_classes):
        if name != "theirs":
            raise RuntimeError(f"Unknown model ({name})")
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, num_classes))

    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model))
    assert networks.built("theirs", 32)(torch.zeros(1, 3, 32, 32)).shape == (1, networks.CLASSES)
    with pytest.raises(ValueError, match="torchvision or timm, got 'other'"):
        networks.built("other", 32)
    with pytest.raises(ValueError, match="NETWORK must take images of 64 × 64, got 'theirs'"):
        experiments.check("theirs")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match="and neither is installed, got 'theirs'"):
        networks.built("theirs", 32)


def test_records_are_read_as_cifar_has_them(tmp_path):
    rows = np.random.default_rng(1).integers(256, size=(7, cifar.RECORD), dtype=np.uint8)
    rows[:, 0] %= 10
    (tmp_path / "data_batch_1.bin").write_bytes(rows[:4].tobytes())
    (tmp_path / "data_batch_3.bin").write_bytes(rows[4:].tobytes())
    found = cifar.Records(tmp_path, 6)
    assert len(found) == 6
    for row, (image, label) in zip(rows[:6], map(found.__getitem__, range(6)), strict=True):
        assert label == row[0]
        assert np.array_equal(image.numpy(), row[1:].reshape(3, 32, 32))
    (tmp_path / "data_batch_3.bin").write_bytes(b"short")
    with pytest.raises(ValueError, match="of 3073 bytes a record, got 5 bytes"):
        cifar.Records(tmp_path, 6)


def test_files_are_made_once_and_alike(tmp_path):
    folder = jpegs.made(tmp_path / "one", 5, 8)
    again = jpegs.made(tmp_path / "two", 5, 8)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [
        it.read_bytes() for it in sorted(again.iterdir())
    ]
    (folder / "000000.jpg").write_bytes(b"kept")
    assert (jpegs.made(tmp_path / "one", 5, 8) / "000000.jpg").read_bytes() == b"kept"
    assert {path.name for path in (tmp_path / "one").iterdir()} == {folder.name}
    dataset = jpegs.JPEGs(again)
    assert [label for _, label in map(dataset.__getitem__, range(5))] == [0, 1, 2, 3, 4]
    assert dataset[0][0].shape == (3, jpegs.KEPT, jpegs.KEPT)


def test_what_comes_after_the_cache_is_a_cut_of_the_image():
    image = torch.arange(1, 1 + 3 * 6 * 6, dtype=torch.uint8).view(3, 6, 6)
    torch.manual_seed(3)
    seen = set()
    for _ in range(200):
        cut, label = sources.augmented((image, 5), 6, 1)
        assert (cut.shape, label) == ((3, 6, 6), 5)
        flipped = torch.nn.functional.pad(image, (1,) * 4), torch.nn.functional.pad(image.flip(2), (1,) * 4)
        places = [(k, i, j) for k in range(2) for i in range(3) for j in range(3)]
        seen |= {(k, i, j) for k, i, j in places if torch.equal(cut, flipped[k][:, i : i + 6, j : j + 6])}
    assert len(seen) == 18


def source(items=8):
    dataset = [(torch.zeros(3, 32, 32, dtype=torch.uint8), 0)] * items
    return sources.Source("zeros", dataset, lambda sample: sample, 2, 32, "mark")


def ran(*seconds, hits=0, late=0):
    return {"seconds": list(seconds), "starting": 0.5, "waited": sum(seconds) / 4, "hits": hits, "late": late}


COSTS = {"t_miss": 0.3, "t_shared": 0.1, "t_private": 0.2, "t_prep": 0.01, "t_step": 0.001}


def test_a_line_of_the_table():
    machine = loading.Machine("cpu", 2)
    case = cases.Case("cifar", "shuffled", "mlp", "pin", "shared", 0.5)
    line = tables.row(
        case, source(), machine, 2, COSTS, [ran(1, 3, hits=3, late=1), ran(2, 4, hits=4), ran(3, 9, hits=2, late=2)]
    )
    assert (line["epoch_s"], line["low_s"], line["high_s"], line["stall"]) == (3, 2, 6, 0.25)
    assert (line["simulated_hits"], line["hits"], line["late"]) == (4, 3, 1)  # half of the items in the second epoch
    assert line["cores_s"] == pytest.approx((4 * 0.1 + 12 * 0.3 + 16 * 0.01 + 8 * 0.001) / 2 / 2)
    none = tables.row(case._replace(method="none", sharing=""), source(), machine, 2, COSTS, [ran(1, 3)])
    assert none["predicted_s"] == pytest.approx(4 * (0.3 + 0.01) + 2 * 0.001)  # two batches of two by each worker
    assert (none["says"], none["simulated_hits"], none["caches"]) == (tables.BINDS, 0, 0)
    hidden = tables.row(case, source(), machine, 2, {**COSTS, "t_step": 100.0}, [ran(1, 3, hits=4)])
    assert hidden["says"] == tables.HIDES
    private = case._replace(method="lru", sharing="private")
    assert loading.capacities(private, source(), machine) == (2, 2)
    assert tables.row(private, source(), machine, 2, COSTS, [ran(1, 3)])["t_hit_s"] == 0.2


def test_an_accelerator_is_waited_for_and_fed_from_pinned_memory(monkeypatch):
    case = cases.Case("cifar", "shuffled", "mlp", "opt", "shared", 0.5)
    for method, sharing in cases.METHODS:
        each = case._replace(method=method, sharing=sharing)
        pinned = [running.opened(each, source(), loading.Machine(it, 2), 1).loader.pin_memory for it in ("cuda", "cpu")]
        assert pinned == [True, False]
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    training = running.Training("mlp", 32, "cpu")
    training.settled()
    assert waited == []
    training.device = torch.device("cuda")
    training.settled()
    assert waited == [training.device]


def compared(says, *seconds, t_hit=0.1, cores_s=0.0):
    """A table of OPT and others, each measured at a time and 0.1 more and less."""
    methods = ["opt", "lru", "lfu", "fifo", "rr", "pin"][: len(seconds)]
    shared = {
        "device": "cpu",
        "data": "cifar",
        "dataset": "zeros",
        "order": "shuffled",
        "network": "mlp",
        "fraction": 0.5,
    }
    shared |= {"sharing": "shared", "repeats": 3, "says": says, "cores": 2, "t_hit_s": t_hit, "t_miss_s": 0.3}
    shared |= {"t_prep_s": 0.0, "cores_s": cores_s}
    lines = [{"epoch_s": it, "low_s": it - 0.1, "high_s": it + 0.1} for it in seconds]
    return pd.DataFrame([shared | {"method": name} | line for name, line in zip(methods, lines, strict=True)])


def test_marks_are_where_opt_is_not_as_the_model_has_it():
    binds = tables.held(compared(tables.BINDS, 2.0, 1.9, 1.7, 5.0))
    assert binds["marked"].tolist() == ["", "", "OPT is slower", ""]
    hides = tables.held(compared(tables.HIDES, 2.0, 1.9, 1.7, 2.3))
    assert hides["marked"].tolist() == ["", "", "OPT is slower", "OPT is faster"]
    once = compared(tables.HIDES, 2.0, 9.0).assign(repeats=1)
    assert tables.held(once)["marked"].tolist() == ["", ""]


def test_failures_are_told_with_their_reason():
    text = "\n".join(reasons.failures(tables.held(compared(tables.BINDS, 2.0, 1.9, 1.6, 5.0))))
    assert "at or below the other's, within the larger spread of 3 runs, in 2 of 3 rows" in text
    assert "- MLP, zeros, shuffled, cpu: LFU (OPT is slower, by 25%)" in text
    assert "Nothing in the costs says why" in text
    dear = tables.held(compared(tables.BINDS, 2.0, 1.0, t_hit=0.29))
    assert "A hit (290000 µs) is not much cheaper than a miss (300000 µs)" in "\n".join(reasons.failures(dear))
    busy = tables.held(compared(tables.HIDES, 2.0, 3.0, cores_s=2.9))
    assert "keep the 2 cores busy" in "\n".join(reasons.failures(busy))
    fine = tables.held(compared(tables.BINDS, 2.0, 3.0))
    assert [*reasons.failures(fine)][1:] == ["No row is marked."]


@pytest.mark.skipif(not (RESULTS / "training-time.parquet").exists(), reason="no full run is committed")
def test_the_committed_page_is_that_of_the_committed_table():
    table = pd.read_parquet(RESULTS / "training-time.parquet")
    assert (RESULTS / "training-time.md").read_text() == report.page(table)
    pd.testing.assert_frame_equal(
        pd.read_csv(RESULTS / "training-time.csv", keep_default_na=False), table, check_dtype=False, rtol=1e-5
    )
    assert (table["hits"] + table["late"] == table["simulated_hits"]).all()
