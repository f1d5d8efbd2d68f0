"""convert and info: logs in, traces out, and what a file holds, in words."""

import os

import numpy as np
import pandas as pd
import pytest

from simcache import Trace, formats, synth
from simcache.cli import main

LOG = "time,url,bytes\n0,/a,10\n1,/b,0\n2,/a,11\n3,/c,many\n" + "4,/a,10\n" * 200


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path


def said(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main([*arguments]) == code
    out, err = capsys.readouterr()
    assert bool(err) is (code != 0)
    return out or err


def test_a_log_becomes_a_trace_and_what_is_odd_is_said(capsys):
    text = said(capsys, "convert", "log.csv", "log.trace", "--columns", "key=url,size=bytes,time=time")
    assert text.splitlines() == [
        "wrote log.trace: accesses 203, items 2",
        "skipped: 1 bad lines of 204: line 5: no number where there must be one",
        "items whose size changes, the first kept: 1",
        "items of size 0, counted as 1: 1",
    ]
    trace = Trace.load("log.trace")
    assert trace.sizes.tolist() == [10, 1]
    assert trace.name == "log"
    rows = pd.read_csv(pd.io.common.StringIO(said(capsys, "simulate", "log.trace", "lru", "--capacity", "1")))
    assert (rows["accesses"][0], rows["file"][0]) == (203, "log.csv")
    assert (
        len(pd.read_csv(pd.io.common.StringIO(said(capsys, "curve", "log.trace", "lru", "--capacities", "1,2")))) == 2
    )


def test_every_option_is_passed_on(capsys, folder):
    (folder / "hm").write_text("1,hm,0,Read,0,9000,1\n2,hm,0,Write,4096,1,1\n")
    said(capsys, "convert", "hm", "a.npz", "--format", "msr", "--block", "4096", "--ops", "read", "--name", "disk")
    trace = Trace.load("a.npz")
    assert (trace.ids.tolist(), trace.name) == ([0, 1, 2], "disk")
    said(capsys, "convert", "a.npz", "b", "--to", "txt")
    assert (folder / "b").read_text() == "0\n1\n2\n"
    (folder / "c.csv").write_text("key\nkey,\n,\n")
    assert "left out" not in said(
        capsys, "convert", "c.csv", "c.npz", "--no-header", "--allow-bad", "--columns", "key=1"
    )
    assert len(Trace.load("c.npz")) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("convert log.csv log.trace", "error: columns must say which holds the key"),
        ("convert log.csv log.trace --columns key=urls", "got key='urls'; did you mean 'url'? of 3: 'time', 'url'"),
        ("convert log.csv log.trace --columns key=url,size=bytes --format cvs", "error: unknown format 'cvs'; did"),
        ("convert log.csv log.foo --columns key=url", "error: a trace must end in .npz, .trace, .csv"),
        ("convert none.csv log.trace", "error: no such file or directory: 'none.csv'"),
        ("convert . log.trace", "error: is a directory: '.'"),
        ("convert log.csv none/log.trace --columns key=url", "error: the folder to write to must exist, got "),
        ("convert log.csv a.trace --columns key=url,size=2", "error: at most 1 line in 100 of a file may be bad"),
        ("convert log.csv a.trace --block 4k --format msr", "must be a whole number, got '4k'"),
        ("convert log.csv", "error: missing argument 'TARGET'"),
        ("info log.csv", "error: columns must say which holds the key"),
        ("info none.csv", "error: no such file or directory: 'none.csv'"),
        ("info log.csv --columns key=url --figure a.gif", "error: a figure must be written to a file ending in .pdf"),
        (
            "simulate log.csv lru --capacity 5",
            "error: a trace file must be one that Trace.save wrote, whole; got 'log.csv'; of a log, `simcache convert "
            "log.csv NAME.trace` makes one",
        ),
    ],
)
def test_bad_input_costs_one_line_and_leaves_nothing(arguments, words, capsys):
    before = sorted(os.listdir())
    text = said(capsys, *arguments.split(), code=2)
    assert words in text
    assert text.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_info_says_what_a_trace_looks_like(capsys, folder):
    formats.write(synth.loop(50, 1000), "loop.csv.zst")
    facts = dict(pd.read_csv(pd.io.common.StringIO(said(capsys, "info", "loop.csv.zst"))).to_numpy())
    assert facts["name"] == "loop"
    assert facts["items"] == "50 of 50"
    assert facts["looks like"].startswith("loop: after an item the same one follows")
    said(capsys, "info", "log.csv", "--columns", "key=2,size=3", "-o", "facts.json", "--figure", "log.svg")
    rows = pd.read_json("facts.json")
    assert (
        rows["value"][rows["fact"] == "of the file"].tolist()[0] == "the first line was taken for the names of columns"
    )
    assert (folder / "log.svg").read_text().startswith("<?xml")


def test_a_folder_is_a_trace_to_every_command(capsys):
    Trace(np.arange(20) % 5, 5, "five").save("five.trace")
    assert "repeat(five)-0.5" in said(
        capsys, "make-trace", "repeat", "five.trace", "--probability", ".5", "-o", "again.npz"
    )
    assert "lru" in said(capsys, "simulate", "again.npz", "five.trace", "lru", "--capacity", "2")
    assert "accesses" in said(capsys, "info", "five.trace")


def test_phases_join_traces(capsys):
    parts = [synth.zipf(20, 50, 1.0, seed=1), synth.loop(20, 40)]
    parts[0].save("a.npz")
    parts[1].save("b.trace")
    said(capsys, "make-trace", "phases", "a.npz", "b.trace", "-o", "c.npz")
    found, made = Trace.load("c.npz"), synth.phases(parts)
    assert (found.ids.tolist(), found.source, found.epochs) == (made.ids.tolist(), made.source, made.epochs)


def test_a_grid_may_name_a_folder(capsys, folder):
    synth.loop(20, 40).save("b.trace")
    (folder / "g.toml").write_text('policies = ["lru"]\ncapacities = [5]\ntraces = [{file = "b.trace"}]\n')
    assert main(["sweep", "g.toml", "-o", "t.csv"]) == 0
    assert pd.read_csv("t.csv")["hits"].tolist() == [0]
