"""Every dependency that is declared is imported by the part that declares it, or is a tool that the Makefile runs."""

import ast
import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import release
from packaging.requirements import Requirement
from packaging.version import Version
from pandas.compat._optional import VERSIONS

ROOT = Path(__file__).parent.parent
CONFIGURED = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = CONFIGURED["project"]
REQUIRED = {"core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}

PACKAGE, TOOLS = ("simcache",), ("tests", "benchmarks", "docs", "notebooks")
PARTS = {
    "docs": ("docs",),
    "notebooks": ("notebooks",),
    "dev": TOOLS,
}  # who declares what; the other extras are the package's own
# Where a dependency is imported under another name, or through what it brings.
MODULES = {"dask-jobqueue": "dask_jobqueue", "jupyter": "nbformat", "myst-nb": "myst_nb", "pillow": "PIL"}
MODULES |= {"pydata-sphinx-theme": "pydata_sphinx_theme"}
# What is run, not imported: its trace in the Makefile, or in pyproject.toml.
RUN = {
    "build": r"-m build\b",
    "hatchling": r'build-backend = "hatchling\.',
    "import-linter": r"\blint-imports\b",
    "mypy": r"-m mypy\b",
    "nbmake": r"--nbmake\b",
    "pytest-cov": r"--cov\b",
    "pytest-xdist": r"--numprocesses\b",
    "ruff": r"-m ruff\b",
}


def sources(folder):
    for path in (ROOT / folder).rglob("*.py"):
        yield path.read_text()
    for path in (ROOT / folder).glob("*.ipynb"):  # those below are copies that the site's build makes
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                yield re.sub(r"^%.*$", "", "".join(cell["source"]), flags=re.MULTILINE)


@cache
def imported(folders):
    """The first names of all that is imported in these folders, by a statement or by `import_module("…")`.

    The command line names what it imports as "package.module:Name", and the site's configuration its extensions and
    its theme by name.
    """
    found = set()
    for source in (it for folder in folders for it in sources(folder)):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "pytest.importorskip"):
                found |= {it.value.partition(".")[0] for it in node.args if isinstance(it, ast.Constant)}
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("extensions", "html_theme"):
                found |= {it.value.partition(".")[0] for it in ast.walk(node) if isinstance(it, ast.Constant)}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"^(\w+)[\w.]*:[A-Z]\w*$", node.value))
    return found


@pytest.mark.parametrize("part", REQUIRED)
def test_what_is_declared_is_used(part):
    text = (ROOT / "Makefile").read_text() + (ROOT / "pyproject.toml").read_text()
    found = imported(PARTS.get(part, PACKAGE))
    names = [re.match(r"[\w-]+", it)[0] for it in REQUIRED[part]]
    assert names == sorted(names)
    unused = [
        name
        for name in names
        if not (re.search(RUN[name], text) if name in RUN else MODULES.get(name, name.removesuffix("-stubs")) in found)
    ]
    assert unused == [], f"{part} declares what nothing in {PARTS.get(part, PACKAGE)} imports"


def test_each_extra_is_used_once_before_a_release():
    assert set(PROJECT["optional-dependencies"]) <= set(release.USED)


def test_what_pandas_reads_and_writes_with_is_new_enough_for_it():
    """It looks when it needs it and refuses an older one, so what is allowed must be what it takes."""
    allowed = {it.name: next(iter(it.specifier)).version for it in map(Requirement, REQUIRED["io"])}
    old = {name for name in allowed if name in VERSIONS and Version(allowed[name]) < Version(VERSIONS[name])}
    assert old == set()
    assert {"jinja2", "pyarrow", "tabulate"} <= VERSIONS.keys()


def test_the_workflow_runs_make_targets_alone():
    """So that what fails there can be run anywhere."""
    told = (ROOT / ".github/workflows/ci.yml").read_text()
    runs = re.findall(r"^ +- run: (.*)$", told, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(runs) == told.count("run:") - told.count("defaults: {run:") > 2
    for command in runs:
        assert command == ".ci/run" or re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\w+)*", command)[1] in targets


def test_what_runs_on_other_systems_is_there():
    """Make drops a pattern that matches nothing, so a test that is renamed would be left out in silence."""
    (told,) = re.findall(r"^LIBRARY := .*addprefix (\S+?),([^)]*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    patterns = [told[0] + it for it in told[1].replace("\\\n", "").split()]
    assert patterns == sorted(patterns)
    assert [it for it in patterns if not list(ROOT.glob(it))] == []


def test_a_dependency_that_nothing_imports_is_noticed(monkeypatch):
    monkeypatch.setitem(REQUIRED, "io", ["openpyxl>=3"])
    with pytest.raises(AssertionError, match="io declares what nothing"):
        test_what_is_declared_is_used("io")


def test_an_extra_s_libraries_are_no_part_of_the_core():
    core = {re.match(r"[\w-]+", it)[0] for it in REQUIRED["core"]}
    assert not core & {re.match(r"[\w-]+", it)[0] for part in REQUIRED if part != "core" for it in REQUIRED[part]}
