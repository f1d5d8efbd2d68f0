"""A trace's folder: mapped, not read; whole or not at all; and refused with one line where it is damaged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_trace import SIZED, TRACE, same

import simcache
from simcache import Trace, files
from simcache.mapped import write

REFUSED = r"^a .trace folder must be one that was written whole; got '.*five.trace': "


def saved(folder, trace=SIZED):
    path = folder / "five.trace"
    trace.save(path)
    return path


@pytest.mark.parametrize("trace", [TRACE, SIZED, Trace([], 3, sizes=[1, 2, 3])], ids=["plain", "sized", "empty"])
def test_a_folder_is_the_trace(tmp_path, trace):
    loaded = Trace.load(saved(tmp_path, trace))
    assert same(loaded, trace)
    assert isinstance(loaded.ids, np.memmap) is bool(len(trace))
    assert loaded.sizes is None or isinstance(loaded.sizes, np.memmap)
    assert same(Trace.load(f"{tmp_path}/five.trace/"), trace)
    loaded.save(tmp_path / "five.npz")
    assert same(Trace.load(tmp_path / "five.npz"), trace)


def test_any_number_of_accesses_fits_the_header(tmp_path):
    for count in (0, 9, 10, 12_345):
        write(f"{tmp_path}/five.trace", [np.zeros(count, np.int32)], lambda: (1, "x", (0,), None, None))
        assert len(Trace.load(tmp_path / "five.trace")) == count
        assert np.load(tmp_path / "five.trace/ids.npy").size == count


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_a_folder_is_replaced_as_a_whole(tmp_path, monkeypatch, way):
    if way == "rename":
        monkeypatch.setattr(files.ctypes, "CDLL", lambda _: object())
    path = saved(tmp_path)
    path.chmod(0o750)
    old = Trace.load(path)
    TRACE.save(path)
    assert same(Trace.load(path), TRACE)
    assert same(old, SIZED)  # a map of what was there stays good
    assert path.stat().st_mode & 0o777 == 0o750
    assert os.listdir(tmp_path) == ["five.trace"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = saved(tmp_path)

    def broken():
        yield np.zeros(3, np.int32)
        raise KeyboardInterrupt

    for target in (path, tmp_path / "new.trace"):
        with pytest.raises(KeyboardInterrupt):
            write(str(target), broken(), None)
    assert os.listdir(tmp_path) == ["five.trace"]
    assert same(Trace.load(path), SIZED)


def test_what_a_killed_writer_left_is_swept_away(tmp_path):
    code = (
        "import os, sys; from simcache.mapped import write; import numpy as np\n"
        "def parts():\n    yield np.zeros(3, np.int32)\n    os.kill(os.getpid(), 9)\n"
        "write(sys.argv[1], parts(), None)"
    )
    root = str(Path(simcache.__file__).parent.parent)
    command = [sys.executable, "-c", code, str(tmp_path / "five.trace")]
    assert subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, check=False).returncode == -9
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".five.trace.")
    with files.replacing_folder(tmp_path / "five.trace", set()):  # its own is locked, so another's writer leaves it
        saved(tmp_path)
        assert len(os.listdir(tmp_path)) == 2
        (tmp_path / "five.trace/ids.npy").unlink()
        (tmp_path / "five.trace/sizes.npy").unlink()
        (tmp_path / "five.trace/about.json").unlink()
    assert os.listdir(tmp_path) == ["five.trace"]


def test_other_folders_are_let_be(tmp_path):
    (tmp_path / "five.trace").mkdir()
    (tmp_path / "five.trace/thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"holds about.json, ids.npy, sizes.npy alone, got 'thesis.tex'"):
        saved(tmp_path)
    assert (tmp_path / "five.trace/thesis.tex").read_text() == "years of work"
    (tmp_path / "a.trace").write_text("")
    with pytest.raises(NotADirectoryError, match=r"to a folder's path, got the file '.*a.trace'"):
        TRACE.save(tmp_path / "a.trace")
    with pytest.raises(FileNotFoundError, match=r"the folder to write to must exist, got '.*none'"):
        TRACE.save(tmp_path / "none/b.trace")
    with pytest.raises(NotADirectoryError):
        Trace.load(tmp_path / "a.trace")
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "c.trace")
    assert sorted(os.listdir(tmp_path)) == ["a.trace", "five.trace"]


def changed(path, **about):
    found = json.loads((path / "about.json").read_text())
    (path / "about.json").write_text(json.dumps({**found, **about}))


DAMAGED = {
    "nothing in it": (lambda path: [file.unlink() for file in path.iterdir()], "No such file"),
    "no ids": (lambda path: (path / "ids.npy").unlink(), "No such file"),
    "ids cut short": (lambda path: os.truncate(path / "ids.npy", 140), "ids.npy must be a row of int32, says int32"),
    "wide ids": (lambda path: np.save(path / "ids.npy", np.zeros(5, np.int64)), "must be a row of int32, says int64"),
    "ids out of range": (lambda path: np.save(path / "ids.npy", np.full(5, 6, np.int32)), "ids must lie in 0"),
    "objects": (lambda path: np.save(path / "ids.npy", np.array([None])), "ids.npy must be a row of int32, says obj"),
    "other sizes": (lambda path: np.save(path / "sizes.npy", np.ones(5, np.int64)), "sizes must be one for each of 6"),
    "no size": (lambda path: np.save(path / "sizes.npy", np.zeros(6, np.int64)), "sizes must be whole numbers 1"),
    "no JSON": (lambda path: (path / "about.json").write_text("{"), "Expecting property name"),
    "a list": (lambda path: (path / "about.json").write_text("[]"), "list indices"),
    "no items": (lambda path: changed(path, n_items=0), "n_items must be a whole number 1"),
    "items that are no number": (lambda path: changed(path, n_items="6"), "n_items must be a whole number 1"),
    "epochs past the end": (lambda path: changed(path, epochs=[0, 9]), "epochs must be start offsets"),
    "a name that is a number": (lambda path: changed(path, name=5), "name must be a string"),
    "a source in a list": (lambda path: changed(path, source=[1]), "source must be a mapping"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_folder_is_refused(tmp_path, kind):
    path = saved(tmp_path)
    damage, words = DAMAGED[kind]
    damage(path)
    with pytest.raises(ValueError, match=REFUSED + ".*" + words) as refused:
        Trace.load(path)
    assert "\n" not in str(refused.value)
