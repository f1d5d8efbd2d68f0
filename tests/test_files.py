"""Atomic writes: through links, with the mode that was there, and nothing left behind."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import simcache
from simcache.files import replacing


def write(path, text, suffix=""):
    with replacing(path, suffix) as temporary:
        temporary.write_text(text)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def mask():
    """Sets the mask of new files for one test."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail(error):
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    for error in (KeyboardInterrupt, OSError(28, "No space left on device")):
        with pytest.raises((KeyboardInterrupt, OSError)):
            fail(error)
        assert path.read_text() == "old"
        assert names(tmp_path) == ["table.csv"]


def test_a_folder_that_is_not_writable(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)  # a real one would not stop root
    with pytest.raises(PermissionError, match=r"the folder to write to must be writable, got '.*'"):
        write(tmp_path / "made.csv", "")


def test_a_folder_that_may_be_written_and_not_listed(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.listdir", refuse)
    write(tmp_path / "made.csv", "new")
    assert (tmp_path / "made.csv").read_text() == "new"


@pytest.mark.parametrize(("given", "mode"), [(0o027, 0o640), (0o077, 0o600), (0o000, 0o666)])
def test_a_new_file_has_the_mode_of_any_other(tmp_path, mask, given, mode):
    mask(given)
    write(tmp_path / "made.csv", "")
    assert (tmp_path / "made.csv").stat().st_mode & 0o777 == mode
    assert os.umask(given) == given  # nor is it changed on the way, which other threads would see


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o444])
def test_a_file_that_was_there_keeps_its_mode(tmp_path, mask, mode):
    mask(0o022)
    path = tmp_path / "old.csv"
    path.write_text("old")
    path.chmod(mode)
    with replacing(path) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600  # nobody reads it earlier who may not
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == mode


def test_the_temporary_has_the_suffix_that_writers_go_by(tmp_path):
    for name, suffix, seen in (("a.csv", "", ".csv"), ("a.NPZ", ".npz", ".npz")):
        with replacing(tmp_path / name, suffix) as temporary:
            assert temporary.suffix == seen
            assert temporary.parent == tmp_path


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_chain_of_links_is_followed(tmp_path):
    (tmp_path / "far").mkdir()
    real = tmp_path / "far" / "real.csv"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "second.csv").symlink_to(Path("far", "real.csv"))
    (tmp_path / "first.csv").symlink_to("second.csv")
    write(tmp_path / "first.csv", "new")
    assert (tmp_path / "first.csv").is_symlink()
    assert (tmp_path / "second.csv").is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["far", "first.csv", "second.csv"]
    assert names(tmp_path / "far") == ["real.csv"]


def test_a_dangling_link_makes_the_file_it_points_to(tmp_path):
    (tmp_path / "link.csv").symlink_to("made.csv")
    write(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "made.csv").read_text() == "new"
    (tmp_path / "lost.csv").symlink_to(tmp_path / "none" / "made.csv")
    with pytest.raises(FileNotFoundError, match=r"the folder to write to must exist, got '.*none'"):
        write(tmp_path / "lost.csv", "new")


def test_what_is_no_file_is_refused_and_left(tmp_path):
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "null.csv").symlink_to("/dev/null")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "to_folder.csv").symlink_to("folder.csv")
    before = names(tmp_path)
    for name in before:
        with pytest.raises(OSError, match=r"symbolic links|must be written to a file's path"):
            write(tmp_path / name, "new")
    assert names(tmp_path) == before
    assert not Path("/dev/null").is_file()


# -- what killed writers leave ----------------------------------------------------------------------------------------

KILLED = """
import sys
from simcache.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["table.csv", "d" * 251 + ".csv"])
def test_the_next_write_removes_what_a_killed_one_left(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")
    neighbour = tmp_path / ".table.csv.backup.csv"  # of the user's
    neighbour.write_text("kept")
    (tmp_path / ".other.csv.0123456789abcdef.csv").write_text("another target's")
    before = names(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(simcache.__file__).parent.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, path], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"written\n"
        write(path, "while the other writes")
        assert len(names(tmp_path)) == len(before) + 1  # a live writer's is left
        writer.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == len(before) + 1
    write(path, "new")
    assert names(tmp_path) == before
    assert path.read_text() == "new"


def test_a_temporary_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    lock, swept = fcntl.flock, []

    def sweep_first(handle, how):
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].unlink()
        lock(handle, how)

    monkeypatch.setattr("fcntl.flock", sweep_first)
    with replacing(tmp_path / "made.csv") as temporary:
        assert temporary.exists()
        temporary.write_text("new")
    assert len(swept) == 1
    assert names(tmp_path) == ["made.csv"]


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    left = tmp_path / ".made.csv.0123456789abcdef.csv"
    left.write_text("perhaps in use")
    write(tmp_path / "made.csv", "new")
    assert names(tmp_path) == [left.name, "made.csv"]


# -- long names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a" * 251 + ".csv", "ä" * 125 + ".csv", "a" * 255, "a." + "b" * 253])
def test_names_as_long_as_the_file_system_takes(tmp_path, name):
    assert 254 <= len(os.fsencode(name)) <= 255
    for text in ("new", "newer"):
        write(tmp_path / name, text)
        assert (tmp_path / name).read_text() == text
    assert names(tmp_path) == [name]


def test_a_name_too_long_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(OSError, match="too long"), replacing(tmp_path / ("a" * 256)):
        pytest.fail("must not get here")
    assert names(tmp_path) == []
