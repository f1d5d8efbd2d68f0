"""simcache explain: the verdict of the library, from flags, a trace or a real DataLoader; one line for bad input."""

import json
import sys

import pytest

from simcache import explain, order, synth
from simcache.cli import main
from simcache.loader import Costs, Loader

OWN = """
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler
class Untouched(Dataset):
    def __len__(self):
        return 200
    def __getitem__(self, index):
        raise AssertionError("no item may be loaded")
data = Untouched()
def build(**extra):
    return DataLoader(data, 20, shuffle=True, generator=torch.Generator().manual_seed(3), **extra)
loader = build(num_workers=2, persistent_workers=True)
def make():
    return build()
batched = DataLoader(data, batch_sampler=BatchSampler(RandomSampler(data), 20, True))
unbatched = DataLoader(data, batch_size=None)
bulk = DataLoader(data, batch_size=None, sampler=BatchSampler(RandomSampler(data), 20, False))
class Endless(list):
    def __iter__(self):
        while True:
            yield from super().__iter__()
endless = DataLoader(data, batch_sampler=Endless([[1, 2]]))
class Odd(list):
    batch_size = 20
odd = DataLoader(data, batch_sampler=Odd([[1, 2], [3], [4, 5]]))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "100")
    synth.zipf(50, 2000, 1.0).save("zipf.npz")
    (tmp_path / "own_loaders.py").write_text(OWN)
    yield tmp_path
    sys.modules.pop("own_loaders", None)


def run(capsys, *arguments):
    code = main(["explain", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


FLAGS = {
    "--n-items 200 --epochs 3 --batch-size 20 --fraction .25": lambda: explain(order.random(200, 3), Loader(20), 50),
    "--n-items 200 --batch-size 20 --capacity 9 --sampler replacement --num-samples 900 --seed 5 --drop-last": (
        lambda: explain(order.random(200, seed=5, replacement=True, num_samples=900), Loader(20, drop_last=True), 9)
    ),
    "--n-items 200 --epochs 3 --batch-size 20 --capacity 9 --sampler sequential --policy opt:bypass=true": (
        lambda: explain(
            order.distributed(200, 3, num_replicas=1, shuffle=False), Loader(20), 9, policy=("opt", {"bypass": True})
        )
    ),
    "--n-items 200 --epochs 3 --batch-size 20 --capacity 9 --sampler distributed --no-set-epoch --ranks 2 --workers 2 "
    "--persistent --prefetch 3 --shared rank --t-hit .1 --t-miss 2 --t-prep .2 --t-step .5": (
        lambda: explain(
            order.distributed(200, 3, num_replicas=2, set_epoch=False),
            Loader(20, 2, 2, persistent_workers=True, prefetch_factor=3),
            9,
            shared="rank",
            costs=Costs(0.1, 2, 0.2, 0.5),
        )
    ),
    "zipf.npz --batch-size 20 --workers 2 --capacity 9 --policy rr": (
        lambda: explain(synth.zipf(50, 2000, 1.0), Loader(20, 2), 9, policy="rr")
    ),
}


@pytest.mark.parametrize("flags", FLAGS)
def test_flags_say_what_the_library_says(flags, capsys):
    expected = FLAGS[flags]()
    assert run(capsys, *flags.split()) == f"{expected}\n"
    assert run(capsys, *flags.split(), "-o", "why.json") == f"wrote why.json: {expected.verdict}\n"
    with open("why.json", encoding="utf-8") as file:
        assert json.load(file) == json.loads(expected.to_json())


def test_files(folder, capsys):
    flags = "--n-items 200 --epochs 3 --batch-size 20 --fraction .25".split()
    expected = explain(order.random(200, 3), Loader(20), 50)
    for name, text in (("why.md", expected.to_markdown()), ("why.html", expected._repr_html_())):
        run(capsys, *flags, "-o", name)
        assert (folder / name).read_text(encoding="utf-8") == f"{text}\n"


@pytest.mark.torch
def test_a_real_loader(capsys):
    pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)
    trace = order.shuffled(200, 4, seed=3, generator=True, persistent_workers=True)
    flags = "--epochs 4 --capacity 50 -o why.json".split()
    for target, epochs, loader in (
        ("own_loaders:loader", trace, Loader(20, 2, persistent_workers=True)),
        ("own_loaders:make", order.shuffled(200, 4, seed=3, generator=True), Loader(20)),
    ):
        run(capsys, target, *flags)
        expected = explain(epochs, loader, 50)
        with open("why.json", encoding="utf-8") as file:
            found = json.load(file)
        assert found["verdict"] == expected.verdict
        assert [row["hit_rate"] for row in found["table"]] == expected.table["hit_rate"].tolist()
        assert found["setting"]["num_workers"] == loader.num_workers
    for target, size in (("batched", 20), ("unbatched", 1), ("bulk", 20)):
        assert f"batches of {size};" in run(capsys, f"own_loaders:{target}", "--fraction", ".5")
    assert "6 accesses to 200 items" in run(capsys, "own_loaders:endless", "--capacity", "3", "--length", "3")


@pytest.mark.torch
@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "odd",
            "the last of an iteration fewer, for trace 'DataLoader', got 2, 1, 2, …",
        ),
        ("endless", "a loader must end each iteration, or `length` say where to stop it"),
    ],
)
def test_a_loader_unlike_pytorchs_own_is_refused(target, message, capsys, monkeypatch):
    monkeypatch.setattr("simcache.sampler.loading.MOST_STEPS", 50)
    pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)
    assert main(["explain", f"own_loaders:{target}", "--capacity", "3"]) == 2
    assert message in capsys.readouterr().err


LOADER = "--n-items 9 --batch-size 2 --capacity 3"
BAD = {
    "--n-items 9 --batch-size 2": "explain must be given one of --capacity and --fraction",
    f"{LOADER} --fraction .5": "explain must be given one of --capacity and --fraction",
    "--n-items 9 --batch-size 2 --fraction 1.5": "fraction must be in (0, 1], got 1.5",
    "--n-items 9 --batch-size 2 --fraction nan": "fraction must be in (0, 1], got nan",
    "--capacity 3 --batch-size 2": "as --n-items and --batch-size, or as TARGET, got no --n-items",
    "--capacity 3 --n-items 9": "got no --batch-size",
    "--capacity 3 --n-items 9 --batch-size none": "must be a whole number, got 'none'",
    "--capacity 0 --n-items 9 --batch-size 2": "capacity must be a whole number of items >= 1",
    f"{LOADER} --policy luru": "unknown policy 'luru'; did you mean 'lru'?",
    f"{LOADER} --policy lru:depth=2": "unknown parameter 'depth'",
    f"{LOADER} --persistent": "persistent_workers needs num_workers >= 1",
    f"{LOADER} --shared rack": "'rack' is not one of 'worker', 'rank', 'node'; did you mean 'rank'? (see simcache expl",
    f"{LOADER} --shared xyz": "'xyz' is not one of 'worker', 'rank', 'node' (see simcache explain",
    f"{LOADER} --format {'x' * 9}": "is not one of 'json', 'md', 'html' (see simcache explain --help)",
    f"{LOADER} --sampler distributed --num-samples 3": "num_samples must be left out for a distributed sampler, got 3",
    f"{LOADER} --t-miss 1": "times must be given with both --t-miss and --t-step",
    f"{LOADER} --t-prep 1": "times must be given with both --t-miss and --t-step",
    f"{LOADER} --t-miss -1 --t-step 1": "t_miss must be a number of seconds >= 0",
    f"{LOADER} --drop-last --ranks 9": "must fetch at least one access to be explained",
    f"{LOADER} -o why.pdf": "an explanation must be written to a file ending in .md, .json, .html; got 'why.pdf'",
    f"{LOADER} --length 3": "length is of a DataLoader, module:loader, alone: --length must be left out",
    "zipf.npz --capacity 3 --batch-size 2 --length 3": "--length must be left out",
    "zipf.npz --capacity 3": "got no --batch-size",
    "zipf.npz --capacity 3 --batch-size 2 --epochs 3": "'zipf.npz' has epochs of its own",
    "zipf.npz --capacity 3 --batch-size 2 --n-items 3": "'zipf.npz' has an order of its own",
    "none.npz --capacity 3 --batch-size 2": "no such file or directory: 'none.npz'",
    "loader --capacity 3": "a loader must be module:loader, e.g. train:loader, or a trace's .npz, got 'loader'",
    "no_such_module:loader --capacity 3": "needs the module 'no_such_module', and there is none",
    "math:no_such --capacity 3": "has no attribute 'no_such'\n",
    "math:flor --capacity 3": "has no attribute 'flor'; did you mean 'floor'?",
    "json:dumps --capacity 3": "must need no arguments; 'json:dumps': missing a required argument: 'obj'",
    "math:pi --capacity 3 --workers 2": "'math:pi' has a shape of its own: num_workers must be left out",
    "math:pi --capacity 3": "dataloader must be a torch.utils.data.DataLoader",
}


@pytest.mark.parametrize("arguments", BAD)
def test_bad_input_is_one_line(arguments, capsys):
    assert main(["explain", *arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert BAD[arguments] in err
