"""Stores: what is kept, what is read back, and what is refused with nothing changed."""

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pandas as pd
import pytest
from swept import counted, lines, prepared, ran, started

from simcache import Trace, policies, store, sweep, synth

TRACES = [synth.zipf(60, 900, 1.0, seed=1), synth.shuffled(40, 4, seed=2)]
POLICIES = [*policies.names(), ("opt", {"bypass": True}), ("lfu", {"perfect": True})]
SIZES = range(1, 31)  # more than any policy's one pass takes to be cheaper


def journals(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_one_call_is_many_calls_of_one_size_and_they_all_come_from_the_store(tmp_path):
    whole = sweep(TRACES, POLICIES, capacities=SIZES, seeds=[3, 4], store=tmp_path / "whole")
    before = journals(tmp_path / "whole")
    one_by_one = [sweep(TRACES, POLICIES, capacities=[size], seeds=[3, 4]) for size in SIZES]
    again = [sweep(TRACES, POLICIES, capacities=[size], seeds=[3, 4], store=tmp_path / "whole") for size in SIZES]
    assert journals(tmp_path / "whole") == before
    order = ["trace", "policy", "capacity", "seed"]
    for tables in (one_by_one, again):
        joined = pd.concat(tables).sort_values(order, ignore_index=True)
        pd.testing.assert_frame_equal(joined, whole.sort_values(order, ignore_index=True))


def test_only_what_is_new_is_run(tmp_path):
    def cells(*given, **more):
        sweep(*given, **more, store=tmp_path / "s")
        found = counted(tmp_path / "s")
        assert set(found.values()) == {1}
        return len(found)

    assert cells(TRACES[:1], ["lru", "rr"], [0.1, 0.2], seeds=[1, 2]) == 6
    assert cells(TRACES[:1], ["lru", "rr"], [0.1, 0.3, 0.2], seeds=[1, 2]) == 9
    assert cells(TRACES[:1], ["lru", "rr"], [0.1, 0.3, 0.2], seeds=[9, 1, 2]) == 12  # lru draws nothing
    assert cells(TRACES[:1], ["rr", "fifo", "lru"], [0.1, 0.3, 0.2], seeds=[9, 1, 2]) == 15
    assert cells(TRACES, ["rr", "fifo", "lru"], [0.1, 0.3, 0.2], seeds=[9, 1, 2]) == 30
    assert cells(TRACES, ["lru"], capacities=[6]) == 32  # asked for otherwise
    assert cells(TRACES, ["lru"], [0.1], warmup=5) == 34
    assert cells(TRACES, ["lru"], [0.1], warmup=5) == 34


def test_a_trace_is_an_object_a_file_or_a_call(tmp_path):
    path = tmp_path / "zipf.npz"
    TRACES[0].save(path)
    call = partial(synth.zipf, 60, 900, 1.0, seed=1)
    expected = sweep(TRACES[:1], ["lru", "rr"], [0.1, 0.5])
    for source in (path, call, lambda: call()):
        for kept in (None, tmp_path / "s", tmp_path / "s"):
            pd.testing.assert_frame_equal(sweep([source], ["lru", "rr"], [0.1, 0.5], store=kept), expected)
    assert len(counted(tmp_path / "s")) == 3 * 4
    pd.testing.assert_frame_equal(store.read(tmp_path / "s"), sweep(TRACES[:1], ["lru", "rr"], [0.1, 0.5]))


def test_capacities_are_those_of_a_curve():
    table = sweep(TRACES, ["lru"], capacities=[7, 1, 10**30])
    assert table["capacity"].tolist() == [7, 1, 2**63 - 1] * 2
    assert table["fraction"].tolist()[:2] == [7 / 60, 1 / 60]
    assert table["hits"].tolist()[2] == 900 - TRACES[0].n_touched


def test_what_is_stored_is_read_as_one_table(tmp_path):
    table = sweep(TRACES, ["lru", "rr"], [0.5, 0.1], seeds=[2, 1], store=tmp_path)
    order = ["trace", "policy", "seed", "fraction"]
    pd.testing.assert_frame_equal(store.read(tmp_path)[table.columns], table.sort_values(order, ignore_index=True))
    sweep(TRACES, ["lru", "rr"], capacities=[6, 4], seeds=[1], store=tmp_path)  # a tenth of the one, or of the other
    assert len(store.read(tmp_path)) == 12 + 2 * 2


def test_wide_and_odd_values_come_back(tmp_path):
    source = {"a": float("inf"), "b": float("nan"), "c": 2**64 - 1, "d": "é\n", "e": True, "f": -0.0}
    trace = Trace([0, 1, 0], 2**31 - 1, "naïve\n\u2028", source=source)
    for _ in range(2):
        table = sweep([trace], ["rr"], capacities=[1], seeds=[2**64 - 1], warmup=3, store=tmp_path)
        pd.testing.assert_frame_equal(table, sweep([trace], ["rr"], capacities=[1], seeds=[2**64 - 1], warmup=3))
    pd.testing.assert_frame_equal(store.read(tmp_path), table)
    (journal,) = tmp_path.glob("*.jsonl")
    shutil.copy(journal, tmp_path / f"z{journal.name}")
    pd.testing.assert_frame_equal(store.read(tmp_path), table)


def test_the_first_line_says_what_ran(tmp_path):
    sweep(TRACES[:1], ["lru"], [0.1], store=tmp_path)
    (journal,) = tmp_path.glob("*.jsonl")
    run = json.loads(journal.read_text().split("\n")[0])["run"]
    assert {"time", "python", "simcache", "numba", "numpy", "commit", "host", "call"} == set(run)
    assert run["call"]["policies"] == ["lru"]


def test_a_journal_cut_at_every_byte_reads_as_its_whole_lines(tmp_path):
    table = sweep(TRACES[:1], ["fifo"], [0.1, 0.5], store=tmp_path / "s")
    (journal,) = (tmp_path / "s").glob("*.jsonl")
    text = journal.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cut in range(len(text) + 1):
            journal.write_bytes(text[:cut])
            whole = sum(len(line["fractions"]) for line in lines(tmp_path / "s"))
            assert sum(len(each.cells()) for found in store.load(tmp_path / "s").values() for each in found) == whole
            if text[:cut].endswith(b"\n"):
                assert len(store.read(tmp_path / "s")) == whole
    assert whole == 2
    journal.write_bytes(text[:-1])
    pd.testing.assert_frame_equal(sweep(TRACES[:1], ["fifo"], [0.1, 0.5], store=tmp_path / "s"), table)
    assert set(counted(tmp_path / "s").values()) == {1}


@pytest.mark.parametrize("bad", [b"{", b"", b"\0\0", b"[]", b"7", b"{}", b'{"key": 1}', b"\xff", b"[" * 10**5])
def test_another_unreadable_line_is_passed_over_and_named(tmp_path, bad):
    sweep(TRACES[:1], ["lru", "fifo"], [0.1], store=tmp_path)
    (journal,) = tmp_path.glob("*.jsonl")
    texts = journal.read_bytes().split(b"\n")
    texts[1] = bad
    journal.write_bytes(b"\n".join(texts))
    with pytest.warns(RuntimeWarning, match=rf"line 2 of '.*{journal.name}' cannot be read") as told:
        assert len(store.read(tmp_path)) == 1
    assert len(told) == 1
    trace = json.loads(texts[2])["trace"]
    others = (
        ("hits", [1, 2]), ("capacity", []), ("trace", None), ("fractions", 3), ("hits", ["x"]), ("hits", [1.5]),
        ("warm", [-1]), ("capacity", [None]), ("capacity", [2**63]), ("fractions", [None]), ("fractions", [1]),
        ("key", {}), ("policy", 1), ("code", None), ("seed", 1.5), ("seed", 2**64), ("draws", 1), ("error", 1),
        ("trace", {**trace, "name": 1}), ("trace", {**trace, "source": None}), ("trace", {**trace, "accesses": "x"}),
        ("trace", {**trace, "call": []}), ("policy", "\ud800"),
    )  # fmt: skip
    for key, value in others:
        texts[1] = json.dumps({**json.loads(texts[2]), key: value}).encode()
        journal.write_bytes(b"\n".join(texts))
        with pytest.warns(RuntimeWarning, match="line 2 of"):
            assert len(store.read(tmp_path)) == 1


def test_two_records_that_differ_are_an_error_that_names_both(tmp_path):
    sweep(TRACES[:1], ["lru", "fifo"], [0.1, 0.5], store=tmp_path)
    (journal,) = tmp_path.glob("*.jsonl")
    copy = tmp_path / f"z{journal.name}"
    shutil.copy(journal, copy)
    assert len(store.read(tmp_path)) == 4  # what is there twice is once
    texts = copy.read_text().split("\n")
    line = json.loads(texts[2])
    line["hits"][0] += 1
    copy.write_text("\n".join([*texts[:2], json.dumps(line), ""]))
    names = rf"got others in line 3 of '.*/{journal.name}' and in line 3 of '.*{copy.name}'"
    for look in (lambda: store.read(tmp_path), lambda: sweep(TRACES[:1], ["lru", "fifo"], [0.1], store=tmp_path)):
        with pytest.raises(ValueError, match=names):
            look()


def policy(text, home):
    """A policy of a notebook, from its text."""
    names = {"__name__": "__main__"}
    exec(compile("import numba, numpy as np\n" + text, home, "exec"), names)
    return names["mine"]


MINE = "@numba.njit\ndef mine(ids, n_items, capacity, seed):\n    return ids < {}\n"


def test_of_several_codes_of_a_policy_the_newest_is_read(tmp_path):
    old, new = policy(MINE.format(3), "<1>"), policy(MINE.format(5), "<2>")
    sweep(TRACES[:1], [old, "lru"], [0.1, 0.5], store=tmp_path)
    table = sweep(TRACES[:1], [new], [0.1], store=tmp_path)
    read = store.read(tmp_path)
    assert read["policy"].tolist() == ["lru", "lru", "mine"]
    assert read["hits"].tolist()[2] == table["hits"].tolist()[0]


def test_two_sources_of_one_row_give_the_newest(tmp_path):
    for ids in ([0, 0, 1], [0, 0, 0]):
        sweep([lambda ids=tuple(ids): Trace(ids, 2, "same")], ["lru"], [0.5], store=tmp_path)
    assert len(lines(tmp_path)) == 2
    assert store.read(tmp_path)["hits"].tolist() == [2]


# ---------------------------------------------------------------- what is no store


def refused(kind, words, folder):
    before = journals(folder) if folder.is_dir() else None
    for look in (lambda: sweep(TRACES[:1], ["lru"], [0.1], store=folder), lambda: store.read(folder)):
        with pytest.raises(kind, match=words):
            look()
    assert (journals(folder) if folder.is_dir() else None) == before


def test_what_is_no_store_is_refused_and_left_as_it_was(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    refused(NotADirectoryError, r"a store must be a folder, got the file '.*/file'", file)
    refused(NotADirectoryError, "beneath", file / "beneath")
    assert file.read_text() == "mine"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    refused(ValueError, r"a store must be a folder that a sweep made.*, got '.*/foreign'", foreign)
    for text in ("", "{}", "[1]", '{"format": "1"}', "\0"):
        (foreign / "store.json").write_text(text)
        refused(ValueError, "a store must be a folder that a sweep made", foreign)
    (foreign / "store.json").write_text('{"format": 2}')
    refused(ValueError, r"must be of format 1, got 2 in '.*/foreign': a later simcache wrote it", foreign)


def test_there_must_be_a_store_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a store must be a folder that a sweep made, got '.*none'"):
        store.read(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with pytest.raises(ValueError, match="a store must be a folder that a sweep made, got"):
        store.read(tmp_path)


def test_bad_arguments_make_no_store(tmp_path):
    for call in (
        lambda folder: sweep(TRACES, ["lruu"], [0.1], store=folder),
        lambda folder: sweep([partial(synth.uniform, [1], 2)], ["lru"], [0.1], store=folder),
        lambda folder: sweep([tmp_path / "no.npz"], ["lru"], [0.1], store=folder),
    ):
        with pytest.raises((TypeError, ValueError, OSError)):
            call(tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.fixture
def nobody():
    """A folder that any user may read, and a way to be one who may not write to it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    os.seteuid(os.getuid())
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_to_is_one_error(nobody):
    held = nobody / "held"
    table = sweep(TRACES[:1], ["lru"], [0.1], store=held)
    before = journals(held)
    held.chmod(0o555)
    nobody.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)
    with pytest.raises(PermissionError, match=r"must be writable, got '.*/held'"):
        sweep(TRACES[:1], ["lru"], [0.1, 0.2], store=held)
    with pytest.raises(PermissionError, match="new"):
        sweep(TRACES[:1], ["lru"], [0.1], store=nobody / "new")
    pd.testing.assert_frame_equal(sweep(TRACES[:1], ["lru"], [0.1], store=held), table)  # nothing to write
    assert len(store.read(held)) == 1
    os.seteuid(os.getuid())
    held.chmod(0o755)
    assert journals(held) == before


# ---------------------------------------------------------------- other processes

RUN = """
table = sweep(traces(FOLDER, 10), ["lru", own, "rr"], [0.1, 0.5], seeds=[1, 2], store=FOLDER / "store", progress=False)
table.to_parquet(FOLDER / f"{sys.argv[0]}.{os.getpid()}.parquet")
print(len(table))
"""
LIMITED = """
import resource
from simcache import sweeps
sweep(traces(FOLDER, 1), ["lru"], [0.1], store=FOLDER / "store")  # and all that is written by the way
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
try:
    sweep(traces(FOLDER, 10), ["lru", own, "rr"], [0.1, 0.5], seeds=[1, 2], store=FOLDER / "store", progress=False)
except OSError as error:
    print(error.errno)
"""


def test_a_file_that_may_not_grow_is_an_error_and_what_was_written_stays(tmp_path):
    folder = prepared(tmp_path / "p")
    assert ran(folder, LIMITED) == "27\n"
    sizes = [path.stat().st_size for path in (folder / "store").glob("*.jsonl")]
    assert max(sizes) <= 4_000
    kept = counted(folder / "store")
    assert 1 < len(kept) < 80
    assert ran(folder, RUN) == "80\n"
    assert set(counted(folder / "store").values()) == {1}
    assert counted(folder / "store").keys() > kept.keys()


def test_two_sweeps_at_once_give_equal_tables_and_whole_rows_meanwhile(tmp_path):
    folder = prepared(tmp_path / "p")
    running = [started(folder, RUN) for _ in range(2)]
    seen = []
    while any(process.poll() is None for process in running):
        if (folder / "store/store.json").exists():
            seen.append(len(store.read(folder / "store")))
        with suppress(subprocess.TimeoutExpired):
            running[0].wait(0.1)
    for process in running:
        assert process.communicate()[0] == "80\n", process.stderr
    one, two = (pd.read_parquet(path) for path in folder.glob("*.parquet"))
    pd.testing.assert_frame_equal(one, two)
    assert seen == sorted(seen)
    assert len(store.read(folder / "store")) == 80


HELPED = """
import numba
import numpy as np

@numba.njit
def most(capacity):
    return capacity * FACTOR

@numba.njit
def own(ids, n_items, capacity, seed, depth=2):
    return ids < most(capacity) if depth < 2 else own(ids, n_items, capacity, seed, depth - 1)
"""


def test_what_a_kernel_reaches_may_change_after_it_was_compiled(tmp_path):
    """Numba holds to what was reached when it compiled; a store must not."""
    home = ModuleType("__main__")
    home.FACTOR = 1
    exec(HELPED, vars(home))
    trace = TRACES[0]
    plain = [np.count_nonzero(trace.ids < 10 * factor) for factor in (1, 2, 3)]
    assert sweep([trace], [home.own], capacities=[10])["hits"].tolist() == plain[:1]
    stored = {"capacities": [10], "store": tmp_path / "s"}
    assert sweep([trace], [home.own], **stored)["hits"].tolist() == plain[:1]
    home.FACTOR = 2
    assert sweep([trace], [home.own], **stored)["hits"].tolist() == plain[1:2]
    home.most = numba.njit(lambda capacity: capacity * 3)
    assert sweep([trace], [home.own], **stored)["hits"].tolist() == plain[2:]
    assert set(counted(tmp_path / "s").values()) == {1}
    assert len(counted(tmp_path / "s")) == 3
