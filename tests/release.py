"""Whether a release is whole: `make release-check [EXTRAS="io docs"]`; not a test, since it installs for minutes.

Wheel and source archive hold what git does, and say one version; the wheel rebuilt from the archive is the same, byte
for byte; and each extra, installed from the wheel into an environment that has nothing else, is used once.
"""

import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
TORCH = re.search(r"^TORCH_VERSION := (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
run = partial(subprocess.run, check=True)

TABLE = """
from simcache import hit_curve, synth
table = hit_curve(synth.zipf(100, 1000, 1.0, seed=0), "lru", [10, 50])
assert table["hits"].is_monotonic_increasing
"""
SERVED = """
import re, subprocess, sys, urllib.request
command = [sys.executable, "-m", "simcache", "explore", "--no-browser", "--port", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
    try:
        address = next(found[0] for line in server.stdout if (found := re.search(r"http://127[^ ]*", line)))
        assert b"simcache" in urllib.request.urlopen(address).read()
    finally:
        server.kill()
"""
PAGE = """
import os, subprocess, sys
os.mkdir("docs")
with open("docs/conf.py", "w") as conf:
    conf.write("extensions = ['myst_nb', 'numpydoc']; html_theme = 'pydata_sphinx_theme'")
with open("docs/index.md", "w") as page:
    page.write("# A page\\n\\n```{eval-rst}\\n.. autofunction:: simcache.hit_curve\\n```\\n")
subprocess.run([sys.executable, "-m", "sphinx", "-q", "docs", "built"], check=True)
assert "Hit rate of a policy" in open("built/index.html").read()
"""
NOTEBOOK = """
import nbformat
from nbclient import NotebookClient
cell = nbformat.v4.new_code_cell("from simcache import hit_curve, synth; hit_curve(synth.loop(5, 20), 'lru')")
NotebookClient(nbformat.v4.new_notebook(cells=[cell])).execute()
assert "hit_rate" in next(it.data["text/html"] for it in cell.outputs if "data" in it)  # after the note on compiling
"""
CLUSTER = """
if __name__ == "__main__":
    from distributed import Client
    from simcache import sweep, synth
    with Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        table = sweep([synth.loop(5, 20)], ["lru"], [0.2, 1.0], client=client)
    assert len(table) == 2
"""
FILES = """
from pathlib import Path
from simcache.cli import main
assert main("make-trace zipf --n-items 100 --n-accesses 1000 --alpha 1.0 -o zipf.npz".split()) == 0
assert main("curve zipf.npz opt lru --capacities 10,50 -o curve.parquet".split()) == 0
assert main("table curve.parquet -o curve.tex".split()) == 0
assert main("table curve.parquet -o curve.md".split()) == 0
"""
LOADER = """
import torch
from torch.utils.data import DataLoader, TensorDataset
from simcache.torch import cached_loader
loader = DataLoader(TensorDataset(torch.arange(20)), batch_size=5, shuffle=True)
seen = [batch for epoch in range(2) for batch in cached_loader(loader, 10, 2)]
assert len(seen) == 8
"""
TOOLS = """
import subprocess, sys
for tool in ("pytest", "ruff", "mypy", "build"):
    subprocess.run([sys.executable, "-m", tool, "--version"], check=True)
"""
USED = {
    "": TABLE,
    "dev": TOOLS,
    "distributed": CLUSTER,
    "docs": PAGE,
    "explore": SERVED,
    "io": FILES,
    "notebooks": NOTEBOOK,
    "torch": LOADER,
}


def main(extras):
    if unknown := sorted(set(extras) - set(USED)):
        raise SystemExit(f"extras must be of {', '.join(filter(None, USED))}, got {', '.join(unknown)}")
    with TemporaryDirectory(prefix="simcache-release-") as folder:
        wheel = archives(Path(folder))
        for extra in extras or [extra for extra in USED if not extra or extra in EXTRAS]:
            installed(wheel, extra, Path(folder) / f"env-{extra}")
            print(f"simcache[{extra}]: installed from the wheel, and works" if extra else "simcache: works by itself")


def archives(folder):
    """Build both, check them, and return the wheel."""
    build = partial(run, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": "0"})
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    build([*command, folder / "here", "--sdist", "--wheel", ROOT])
    (archive,), (wheel,) = (folder / "here").glob("*.tar.gz"), (folder / "here").glob("*.whl")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    build([*command, folder / "again", "--wheel", unpacked])
    if (folder / "again" / wheel.name).read_bytes() != wheel.read_bytes():
        raise SystemExit(f"{wheel.name} built from {archive.name} must equal the one built here, and does not")
    tracked = run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.split()
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    same(archive.name, there - {"PKG-INFO"}, set(tracked))
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(packed.read(about))
    ours = {name for name in names if ".dist-info/" not in name}
    same(wheel.name, ours, {name for name in tracked if name.startswith("simcache/")})
    same("Provides-Extra", set(metadata.get_all("Provides-Extra")), set(EXTRAS))
    same("Classifier", set(metadata.get_all("Classifier")), set(PROJECT["classifiers"]))
    same("the licence", {metadata["License-Expression"]}, {PROJECT["license"]})
    same("the version", versions(wheel, metadata), {PROJECT["version"]})
    print(f"{wheel.name} and {archive.name}: whole, equal, and of version {PROJECT['version']} everywhere")
    return wheel


def versions(wheel, metadata):
    """Every version that is said anywhere."""
    texts = {
        "simcache/__init__.py": r'^__version__ = "(.*)"',
        "CITATION.cff": r"^version: (.*)",
        "CHANGELOG.md": r"^## \[(\d[^\]]*)\]",
    }
    said = {re.search(form, (ROOT / name).read_text(), re.MULTILINE)[1] for name, form in texts.items()}
    return {metadata["Version"], wheel.name.split("-")[1], *said}


def same(what, found, wanted):
    if found != wanted:
        missing, more = sorted(wanted - found)[:5], sorted(found - wanted)[:5]
        raise SystemExit(f"{what} must hold what the repository says; missing: {missing}, too much: {more}")


def installed(wheel, extra, folder):
    """Install it with that extra, at the locked versions, into a bare environment; use it far from the checkout.

    What is kept in the checkout of compiled kernels is not for it: it compiles its own.
    """
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    lock = re.sub(r" *\\\n +--hash=\S+|\[[^]]*\]", "", (ROOT / "requirements.lock").read_text())
    constraints = folder / "constraints.txt"
    constraints.write_text(f"{lock}\ntorch=={TORCH}\n")
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    run([python, "-m", "pip", "install", "--quiet", "--no-compile", "-c", constraints, wanted])
    program = folder / "used.py"
    program.write_text(USED[extra])
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NUMBA"))}
    run([python, program], cwd=folder, env={**env, "MPLBACKEND": "Agg"}, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(sys.argv[1:])
