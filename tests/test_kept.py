"""Where compiled kernels are kept, and what is done and said when they cannot be."""

import os
import pickle
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from simcache import jit, kept
from simcache.jit import compiled
from simcache.kept import Place

ROOT = Path(__file__).parent.parent
NAME = kept._name()
posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs owners and modes as POSIX has them")
root = pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root can give a folder away")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that kernels compiled in this test are kept in, in a process that has said nothing yet."""
    monkeypatch.setattr(jit, "place", lambda: Place(tmp_path))
    monkeypatch.setattr(jit, "_said", {})
    monkeypatch.setattr(jit, "_fault", cache(jit._fault.__wrapped__))
    return tmp_path


def kernel():
    """Compiled as if it stood in the package."""

    def plus(x):
        return x + 1

    plus.__module__ = "simcache.policies.plus"
    return compiled(plus)


def called(capfd):
    """What the disk cache gave, and the lines said, when the kernel is called in a process that has said nothing."""
    jit._said.clear()
    function = kernel()
    assert function(1) == 2
    return sum(function.stats.cache_hits.values()), capfd.readouterr().err.splitlines()


# ---------------------------------------------------------------- said once


def test_the_first_compilation_is_told_with_where_it_is_kept(folder, capfd):
    line = f"simcache: compiling kernels, each once, when it is first used; they are kept in {str(folder)!r}"
    assert called(capfd) == (0, [line])
    assert called(capfd) == (1, [])
    function = kernel()
    assert function(1.5) == 2.5  # another type is compiled too, but where something lies already nothing is said
    assert capfd.readouterr().err == ""


def test_it_is_told_once_and_not_by_workers(folder, capfd, monkeypatch):
    monkeypatch.setattr(jit, "parent_process", lambda: "another")
    assert called(capfd) == (0, [])
    monkeypatch.undo()
    jit._say("load", "one")
    jit._say("load", "two")
    assert len(capfd.readouterr().err.splitlines()) <= 1


@pytest.mark.parametrize("stream", ["none", "closed", "narrow"])
def test_without_a_stream_it_works_all_the_same(folder, stream, monkeypatch, tmp_path):
    file = open(tmp_path / "err", "w", encoding="ascii")  # noqa: SIM115
    if stream == "closed":
        file.close()
    monkeypatch.setattr(jit, "place", lambda: Place(folder / "é"))
    monkeypatch.setattr(sys, "stderr", None if stream == "none" else file)
    assert kernel()(1) == 2
    file.close()


# ---------------------------------------------------------------- damaged, full

DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "random": lambda path: path.write_bytes(bytes(range(255, 0, -1)) * 9),
    "text": lambda path: path.write_bytes(b"cnowhere\nnothing\n."),
    "another pickle": lambda path: path.write_bytes(pickle.dumps(7) + pickle.dumps(8)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a folder of files": lambda path: (path.unlink(), path.mkdir(), (path / "file").touch()),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path)),
}


# An index that is whole and another version's is old, not damaged.
CASES = [(kind, damage) for damage in DAMAGE for kind in ("nbi", "nbc") if (kind, damage) != ("nbi", "another pickle")]


@pytest.mark.parametrize(("kind", "damage"), CASES)
def test_what_cannot_be_loaded_is_compiled_anew(folder, capfd, kind, damage):
    called(capfd)
    (path,) = folder.rglob(f"*.{kind}")
    DAMAGE[damage](path)
    given, lines = called(capfd)
    assert given == 0
    assert len(lines) == 1
    assert lines[0].startswith(
        f"simcache: compiled kernels in {str(folder)!r} cannot be loaded and are compiled anew ("
    )
    assert called(capfd) == (1, [])


def test_a_data_file_that_another_process_has_not_written_yet_is_no_damage(folder, capfd):
    called(capfd)
    next(folder.rglob("*.nbc")).unlink()
    assert called(capfd) == (0, [])
    assert called(capfd) == (1, [])


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from simcache import Trace, simulate
print(simulate(Trace([0, 1, 0], 2), "fifo", 2).tolist())
"""


@posix
def test_a_full_disk_stops_nothing(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", FULL], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[False, False, True]\n"), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"simcache: kernels are compiled for this process only: {str(tmp_path / NAME)!r} takes no file"
    )
    assert "File too large" in line
    assert list(tmp_path.rglob("*.nb?")) == []


def test_a_disk_that_fills_meanwhile_stops_nothing(folder, capfd, monkeypatch):
    monkeypatch.setattr(jit, "_fault", lambda: "")
    (folder / "taken").touch()
    monkeypatch.setattr(jit, "place", lambda: Place(folder / "taken"))
    given, lines = called(capfd)
    assert given == 0
    assert "a compiled kernel cannot be kept" in lines[-1]


# ---------------------------------------------------------------- ours alone


def test_a_refused_folder_is_told_each_time(folder, capfd, monkeypatch):
    line = f"simcache: refused; compiled kernels are kept in {str(folder)!r}"
    monkeypatch.setattr(jit, "place", lambda: Place(folder, "refused"))
    assert called(capfd) == (0, [line])
    assert called(capfd) == (1, [line])
    monkeypatch.setattr(jit, "place", lambda: Place(None, "refused"))
    assert called(capfd) == (0, ["simcache: kernels are compiled for this process only: refused"])


@pytest.fixture
def choose(monkeypatch, tmp_path):
    """The place that a new process would choose, given its environment and a package of ours."""
    package = tmp_path / "package"
    package.mkdir()

    def choice(**environment):
        for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
            monkeypatch.delenv(name, raising=False)
            if name in environment:
                monkeypatch.setenv(name, str(environment[name]))
        return kept.place.__wrapped__()

    monkeypatch.setattr(kept, "_name", lambda: "simcache-0")
    monkeypatch.setattr(kept, "PACKAGE", package)
    monkeypatch.setattr(kept, "_trusted", cache(kept._trusted.__wrapped__))
    return choice


def test_the_folder_is_made_for_us_alone(choose, tmp_path):
    before = os.umask(0)
    try:
        chosen = choose(NUMBA_CACHE_DIR=tmp_path / "some" / "where")
    finally:
        os.umask(before)
    assert chosen == (tmp_path / "some/where/simcache-0", "")
    assert [path.stat().st_mode & 0o777 for path in (chosen.folder, chosen.folder.parent)] == [0o700, 0o755]
    chosen.folder.chmod(0o755)
    assert choose(NUMBA_CACHE_DIR=tmp_path / "some" / "where") == chosen
    assert chosen.folder.stat().st_mode & 0o777 == 0o700


def planted_by(path, kind):
    """A folder, or one above it, that is not ours alone."""
    path.mkdir(parents=True)
    if kind == "link":
        path.rmdir()
        (path.parent / "elsewhere").mkdir(0o700)
        path.symlink_to("elsewhere")
    elif kind == "file":
        path.rmdir()
        path.touch()
    elif kind.startswith("mode"):
        path.chmod(int(kind[-4:], 8))
    elif kind.startswith("parent"):
        path.chmod(0o700)
        path.parent.chmod(int(kind[-4:], 8))
    else:
        path.chmod(0o700 if kind == "foreign" else 0o777)
        os.chown(path.parent if kind == "foreign parent" else path, 12345, -1)


PLANTED = {
    "link": "is not a folder but a link",
    "file": "is not a folder",
    "mode 0777": "may be written by others (mode 777)",
    "mode 1777": "may be written by others (mode 1777)",
    "mode 0720": "may be written by others (mode 720)",
    "parent 0777": "may be written by others (mode 777)",
    "parent 0757": "may be written by others (mode 757)",
    "foreign": "belongs to user 12345",
    "foreign parent": "belongs to user 12345",
    "foreign and open": "belongs to user 12345",
}


@posix
@pytest.mark.parametrize("kind", [pytest.param(it, marks=root) if it.startswith("foreign") else it for it in PLANTED])
def test_a_folder_that_is_not_ours_alone_is_refused(choose, tmp_path, kind):
    planted_by(tmp_path / "shared" / "simcache-0", kind)
    chosen = choose(NUMBA_CACHE_DIR=tmp_path / "shared", HOME=tmp_path)
    assert chosen.folder == tmp_path / "package/__pycache__/simcache-0"
    assert chosen.refused.endswith(PLANTED[kind])
    assert str(tmp_path / "shared") in chosen.refused


@posix
@root
def test_who_owns_the_package_may_own_what_is_above_the_folder_but_not_the_folder(choose, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_trusted", lambda: {os.getuid(), 12345})
    planted_by(tmp_path / "itself" / "simcache-0", "foreign")
    (tmp_path / "above").mkdir()
    os.chown(tmp_path / "above", 12345, -1)
    assert choose(NUMBA_CACHE_DIR=tmp_path / "above") == (tmp_path / "above/simcache-0", "")
    assert choose(NUMBA_CACHE_DIR=tmp_path / "itself").refused.endswith("belongs to user 12345")


def test_the_package_s_own_is_refused_without_a_word_and_the_user_s_comes_last(choose, tmp_path):
    planted_by(tmp_path / "package/__pycache__/simcache-0", "mode 0777")
    assert choose(HOME=tmp_path) == (tmp_path / ".cache/simcache/simcache-0", "")
    assert choose(HOME=tmp_path, XDG_CACHE_HOME=tmp_path / "xdg") == (tmp_path / "xdg/simcache/simcache-0", "")
    planted_by(tmp_path / "home/.cache/simcache/simcache-0", "mode 0777")
    nowhere = choose(HOME=tmp_path / "home")
    assert nowhere.folder is None
    assert "(mode 777)" in nowhere.refused


@posix
def test_users_of_one_shared_folder_do_not_meet(monkeypatch):
    names = {kept._name()}
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert len(names | {kept._name()}) == 2


def test_relative_paths_are_ignored(choose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "package/__pycache__/simcache-0"
    said = "NUMBA_CACHE_DIR must be an absolute path, got 'here'"
    assert choose(NUMBA_CACHE_DIR="here", HOME=tmp_path) == (own, said)
    shutil.rmtree(own.parent)
    own.parent.touch()
    assert choose(XDG_CACHE_HOME="here", HOME=tmp_path).folder == tmp_path / ".cache/simcache/simcache-0"
    assert choose(XDG_CACHE_HOME="here", HOME="there") == (None, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".cache", "package"]


@posix
def test_a_group_of_the_user_alone_is_no_other(choose, tmp_path, monkeypatch):
    # Where each user has a group of the same name, as on Debian and Fedora, folders are made with mode 775.
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    monkeypatch.setattr(kept, "_own_group", lambda gid: gid == shared.stat().st_gid)
    assert choose(NUMBA_CACHE_DIR=shared) == (shared / "simcache-0", "")
    monkeypatch.setattr(kept, "_own_group", lambda gid: False)
    assert choose(NUMBA_CACHE_DIR=shared).refused == f"{str(shared)!r} may be written by others (mode 775)"
    shared.chmod(0o1777)  # as /tmp: what is ours there only we can rename
    assert choose(NUMBA_CACHE_DIR=shared) == (shared / "simcache-0", "")


class Planted:
    """What a neighbour would have us unpickle."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


USE = "from simcache import Trace, simulate; print(simulate(Trace([0, 1, 0], 2), 'fifo', 2).tolist())"


@posix
def test_planted_code_is_not_run(tmp_path):
    shared = tmp_path / "shared"
    env = {**os.environ, "NUMBA_CACHE_DIR": str(shared), "PYTHONPATH": str(tmp_path)}
    shutil.copytree(ROOT / "simcache", tmp_path / "simcache", ignore=shutil.ignore_patterns("__pycache__"))

    def use():
        command = [sys.executable, "-c", USE]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "[False, False, True]\n"), done.stderr
        return done.stderr

    use()
    files = list(shared.glob(f"{NAME}/*/*.nb?"))
    for path in files:
        path.write_bytes(pickle.dumps(Planted(tmp_path / "run")))
    (shared / NAME).chmod(0o777)
    (line,) = use().splitlines()
    assert "(mode 777)" in line
    assert str(tmp_path / "simcache/__pycache__" / NAME) in line
    assert not (tmp_path / "run").exists()
    pickle.loads(files[0].read_bytes())
    assert (tmp_path / "run").is_dir()  # so the trap was one


def test_files_with_instructions_of_their_own_count(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "PACKAGE", tmp_path)
    names = set()
    for text in ("", "@compiled", "@inlined", "@intrinsic", "def compiled(", "@other"):
        (tmp_path / "code.py").write_text(text)
        names.add(kept.fingerprint.__wrapped__())
    assert len(names) == 5  # the first and the last hold no compiled code
