"""Set-up installs what is locked, also when newer releases have appeared since, with the oldest and the newest pip."""

import ensurepip
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent

# What Python brings, and what `make test` has put beside it.
BUNDLED = Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).parent / "_bundled")
PIPS = {
    "oldest": next(iter(BUNDLED.glob(f"pip-{ensurepip.version()}-*.whl")), None),
    "newest": next((Path(sys.prefix) / "pips").glob("pip-*.whl"), None),
}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Each pip that is at hand, out of its wheel: from inside one, Python would compile it at each start."""
    folders = {}
    for name, wheel in PIPS.items():
        if wheel is not None:
            folders[name] = tmp_path_factory.mktemp(name)
            shutil.unpack_archive(wheel, folders[name], "zip")
    return folders


def make_wheel(folder, name, version, *needs):
    """A wheel that holds nothing but what it needs; its sha256."""
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {it}" for it in needs)]
    if any("extra ==" in it for it in needs):
        metadata.insert(1, "Provides-Extra: toml")
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "\n".join(metadata) + "\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "".join(f"{info}/{it},,\n" for it in ("METADATA", "WHEEL", "RECORD")))
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def clone(tmp_path):
    """A fresh clone with a lock of three packages, each of which has a newer release by now."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    lock = []
    for name, extra, needs in (
        ("plugin", "", ["measure[toml]>=1"]),
        ("measure", "[toml]", ['parser>=1; extra == "toml"']),
        ("parser", "", []),
    ):
        lock.append(f"{name}{extra}==1.0 \\\n    --hash=sha256:{make_wheel(wheels, name, '1.0', *needs)}\n")
        make_wheel(wheels, name, "2.0", *needs)
    (tmp_path / "requirements.lock").write_text("".join(lock))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    return tmp_path


@pytest.fixture
def run(clone, unpacked):
    """Run a command with the oldest or the newest pip, which sees no index but the folder of wheels."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone / "wheels"), "PIP_CONFIG_FILE": os.devnull}
    env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(pip, command):
        if pip not in unpacked:
            pytest.skip(f"the {pip} pip is not at hand as a wheel: `make test` puts the newest into .venv/pips")
        env["PYTHONPATH"] = str(unpacked[pip])
        return subprocess.run(shlex.split(command), cwd=clone, env=env, capture_output=True, text=True, check=False)

    return run


def commands(clone):
    """What `make setup` would have pip do: install the lock, and check."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--always-make", "--dry-run", "setup", f"PYTHON={sys.executable}"]
    recipe = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=True).stdout
    (install,) = re.findall(r"^\.venv/bin/python -m pip install .*-r requirements\.lock$", recipe, re.MULTILINE)
    (check,) = re.findall(r"^\.venv/bin/python -m pip check$", recipe, re.MULTILINE)
    assert recipe.index(install) < recipe.index(check)
    return install, check


def installed(clone):
    return sorted(path.name.removesuffix(".dist-info") for path in (clone / ".venv").rglob("*.dist-info"))


pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.mark.parametrize("pip", PIPS)
def test_a_newer_release_is_never_looked_at(clone, run, pip):
    for command in commands(clone):
        done = run(pip, command)
        assert done.returncode == 0, done.stderr
    assert installed(clone) == ["measure-1.0", "parser-1.0", "plugin-1.0"]


def test_the_newer_releases_are_within_reach_and_would_break_it(clone, run):
    lock = clone / "requirements.lock"
    lock.write_text(lock.read_text().replace("[toml]", ""))  # as it was once: `plugin` asks for measure[toml]
    install, check = commands(clone)
    resolving = install.replace(" --no-deps", "")
    assert resolving != install
    done = run("oldest", resolving)
    assert done.returncode != 0
    assert "2.0" in done.stderr
    assert installed(clone) == []

    done = run("oldest", install.replace(" --require-hashes", "").replace("-r requirements.lock", "plugin"))
    assert (done.returncode, installed(clone)) == (0, ["plugin-2.0"])
    assert run("oldest", check).returncode != 0  # and a lock that is not whole is noticed


def test_what_is_changed_in_a_locked_package_is_refused(clone, run):
    make_wheel(clone / "wheels", "parser", "1.0", "measure")
    done = run("oldest", commands(clone)[0])
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()


def test_the_lock_is_whole():
    lines = re.findall(r"^[\w.-]+.*?==[^\\\n]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    pinned = [it for it in map(Requirement, lines) if it.marker is None or it.marker.evaluate()]
    lock = {canonicalize_name(it.name): it for it in pinned}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [it for name, extra in project["optional-dependencies"].items() if name != "torch" for it in extra]
    wanted = [Requirement(it) for it in project["dependencies"] + asked]
    for name, locked in lock.items():
        try:
            needs = map(Requirement, distribution(name).requires or ())
        except PackageNotFoundError:  # for another system
            continue
        extras = ["", *locked.extras]
        wanted += [it for it in needs if it.marker is None or any(it.marker.evaluate({"extra": e}) for e in extras)]
    assert len(wanted) > len(lock)
    for want in wanted:
        locked = lock[canonicalize_name(want.name)]
        assert want.extras <= locked.extras, f"{want} is locked as {locked}; `make lock` keeps extras"
        (pin,) = locked.specifier
        assert want.specifier.contains(pin.version, prereleases=True), f"{want} is locked as {locked}"
