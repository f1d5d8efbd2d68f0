"""`simcache theory`: the numbers of simcache.theory, as tables, and one line for every bad input."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from simcache import theory
from simcache.cli import main
from simcache.cli.input import read_table

CHAIN = np.array([[0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [0.1, 0.2, 0.7]])
WEIGHTS = np.array([5.0, 1.0, 3.0, 2.0])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("chain.csv", CHAIN, delimiter=",")
    sparse.save_npz("chain.npz", sparse.csr_array(CHAIN))
    np.savetxt("weights.csv", WEIGHTS)
    np.save("scalar.npy", np.float64(3))


@pytest.fixture
def table(capsys):
    """The table that a command gives: one row per policy and size."""

    def go(line):
        assert main(["theory", *line.split()]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return pd.read_csv(io.StringIO(out))

    return go


SIZES = np.array([0.1, 0.5, 1.0])
RATES = {
    "shuffled": {name: getattr(theory, f"{name}_shuffled")(SIZES) for name in ("opt", "pin", "lru", "fifo", "rr")},
    "shuffled lru --ranks 4 --epochs 9": {"lru": theory.lru_shuffled(SIZES, ranks=4, epochs=9)},
    "shuffled rr --ranks inf": {"rr": SIZES},
    "shuffled opt lru --ranks 4 --epochs-ahead 2": {
        "opt": theory.opt_lookahead(SIZES, 2, ranks=4),
        "lru": theory.lru_shuffled(SIZES, ranks=4),
    },
    "shuffled opt --ranks inf --epochs-ahead .5": {"opt": theory.opt_lookahead(SIZES, 0.5, ranks=np.inf)},
    "loop rr fifo": {"rr": theory.rr_loop(SIZES), "fifo": theory.lru_loop(SIZES)},
    "shuffle-buffer --buffer .1": {name: getattr(theory, f"{name}_buffer")(SIZES, 0.1) for name in ("opt", "lru")},
    "shuffle-buffer lru --buffer .1 --no-drain": {"lru": theory.lru_buffer(SIZES, 0.1, drain=False)},
    "uniform pin opt": {"pin": SIZES, "opt": theory.opt_shuffled(SIZES, ranks=np.inf)},
    "restarts --jump .2": {
        "opt": theory.opt_restarts(SIZES, 0.2),
        **dict.fromkeys(("lru", "fifo", "rr"), theory.lru_restarts(SIZES, 0.2)),
    },
    "uniform opt --epochs 5": {"opt": theory.opt_horizon(SIZES, 5)},
}


@pytest.mark.parametrize("line", RATES)
def test_shares_of_the_items(line, table):
    found = table(f"{line} --fractions .1,.5,1")
    assert found["policy"].unique().tolist() == list(RATES[line])
    for policy, rates in RATES[line].items():
        own = found[found["policy"] == policy]
        np.testing.assert_array_equal(own["fraction"], SIZES)
        np.testing.assert_allclose(own["hit_rate"], rates, rtol=1e-14)
    assert (found["workload"] == line.split()[0]).all()


def test_every_default_policy_and_size_has_a_rate(table):
    for line in (
        "shuffled",
        "loop",
        "uniform --epochs 3",
        "zipf --n-items 100 --alpha .7",
        "markov --matrix chain.csv",
    ):
        found = table(line)
        assert len(found) == 9 * found["policy"].nunique()
        assert found["hit_rate"].between(0, 1).all()


def test_zipf_sizes_are_items_or_shares(table):
    found = table("zipf lru lfu fifo rr pin opt --n-items 50 --alpha 1 --capacities 5,20")
    weights = 1 / np.arange(1, 51)
    for policy in ("lru", "lfu", "fifo", "rr", "pin", "opt"):
        own = found[found["policy"] == policy]
        assert own["capacity"].tolist() == [5, 20]
        assert own["fraction"].tolist() == [0.1, 0.4]
        np.testing.assert_allclose(own["hit_rate"], getattr(theory, f"{policy}_irm")(weights, [5, 20]), rtol=1e-14)
    assert (found[["n_items", "alpha"]] == [50, 1]).all(axis=None)
    pd.testing.assert_frame_equal(found, table("zipf lru lfu fifo rr pin opt --n-items 50 --alpha 1 --fractions .1,.4"))


def test_exact_tables(table):
    found = table("zipf --n-items 4 --alpha 1 --capacities 2 --exact").set_index("policy")["hit_rate"]
    expected = {"opt": 2445077 / 3429125, "lfu": 18 / 25, "lru": 205081 / 339625, "fifo": 103 / 175, "rr": 103 / 175}
    for policy, rate in expected.items():
        assert found[policy] == pytest.approx(rate, abs=1e-9)
    assert found["pin"] == found["lru"]


def test_files_of_weights_and_chains(table):
    found = table("weighted opt --weights weights.csv --capacities 1,2 --window 2")
    np.testing.assert_allclose(found["hit_rate"], theory.opt_lookahead_irm(WEIGHTS, [1, 2], 2))
    assert (found["window"] == 2).all()
    found = table("weighted lru --weights weights.csv --capacities 1,2 --exact")
    np.testing.assert_allclose(found["hit_rate"], theory.lru_irm_exact(WEIGHTS, [1, 2]))
    for file in ("chain.csv", "chain.npz"):
        found = table(f"markov --matrix {file} --capacities 1,2")
        assert (found["matrix"] == file).all()
        np.testing.assert_allclose(found.loc[found["policy"] == "lru", "hit_rate"], theory.lru_markov(CHAIN, [1, 2]))
        np.testing.assert_allclose(found.loc[found["policy"] == "opt", "hit_rate"], theory.opt_markov(CHAIN, [1, 2]))
    found = table("markov rr --matrix chain.csv --capacities 2 --exact")
    assert found["hit_rate"].item() == pytest.approx(float(theory.rr_markov_exact(CHAIN, 2)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_a_file_reads_back_equal(suffix, table, capsys):
    expected = table("shuffled lru rr --ranks 3 --fractions .1,.35")
    assert main(f"theory shuffled lru rr --ranks 3 --fractions .1,.35 -o t{suffix}".split()) == 0
    assert capsys.readouterr().out == f"wrote t{suffix}: 4 rows\n"
    pd.testing.assert_frame_equal(read_table(Path(f"t{suffix}")), expected)


REFUSED = {
    "shuffle": "no such command 'shuffle'; did you mean 'shuffled'",
    "shuffled lruu": "no closed form for policy 'lruu'; did you mean 'lru'? known: opt, pin, lru, fifo, rr",
    "shuffled --fractions 0": "fraction must be numbers in (0, 1], got 0.0",
    "shuffled --fractions .5,nan": "fraction must be numbers in (0, 1], got nan",
    "shuffled --fractions half": "fractions must be numbers separated by commas, got 'half'",
    "shuffled --ranks .5": "ranks must be numbers in [1, inf], got 0.5",
    "shuffled --epochs 0": "epochs must be whole numbers >= 1, got 0",
    "shuffled --epochs 2 --epochs-ahead 1": "at most one of --epochs and --epochs-ahead",
    "shuffled --epochs-ahead -1": "epochs_ahead must be numbers in [0, inf], got -1.0",
    "zipf --n-items 9 --alpha 1 --window -1": "window must be whole numbers >= 0, got -1",
    "zipf --n-items 9 --alpha 1 --window 1 --exact": "at most one of --exact and --window",
    "shuffled --epochs 2.5": "must be a whole number, got '2.5'",
    "shuffled --alpha 1": "no such option: --alpha",
    "shuffled -o t.txt": "a table must be written to a file ending in .csv, .parquet, .json; got 't.txt'",
    "loop pin": "loop has no closed form for policy 'pin'",
    "shuffle-buffer": "missing option '--buffer'",
    "shuffle-buffer --buffer 9": "buffer must be numbers in (0, 1], got 9.0",
    "restarts": "missing option '--jump'",
    "restarts pin --jump .2": "restarts has no closed form for policy 'pin'",
    "restarts --jump 2": "jump must be numbers in [0, 1], got 2.0",
    "zipf --n-items 0 --alpha 1": "n_items must be a whole number 1 … 2147483647, got 0",
    "zipf --n-items 9 --alpha -1": "alpha must be a finite number >= 0, got -1.0",
    "zipf --n-items 9 --alpha nan": "alpha must be a finite number >= 0, got nan",
    "zipf --n-items 9 --alpha 1 --capacities 0": "capacity must be whole numbers >= 1, got 0",
    "zipf --n-items 9 --alpha 1 --capacities 2.5": "capacities must be whole numbers separated by commas, got '2.5'",
    "zipf --n-items 9 --alpha 1 --fractions 2": "fractions must be numbers in (0, 1], got 2.0",
    "zipf --n-items 9 --alpha 1 --fractions nan": "fractions must be numbers in (0, 1], got nan",
    "zipf --n-items 9 --alpha 1 --fractions .5 --capacities 2": "at most one of --capacities and --fractions",
    "zipf lru --n-items 3000 --alpha 1 --exact": "at most 2000 positive items for the exact LRU, got 3000; use lru_irm",
    "weighted --weights none.csv": "no such file or directory: 'none.csv'",
    "weighted --weights chain.csv": "weights must be a one-dimensional array",
    "weighted --weights chain.txt": "a matrix must be a file ending in .npy, .npz, .csv",
    "markov --matrix weights.csv --capacities 1": "matrix must be a square matrix",
    "markov --matrix scalar.npy --capacities 1": "matrix must be a square matrix",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refusals_take_one_line(line, capsys):
    before = sorted(Path().iterdir())
    assert main(["theory", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert REFUSED[line] in err
    assert sorted(Path().iterdir()) == before
