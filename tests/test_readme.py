"""README and docs are code: their blocks run, in order, in a copy of the checkout's small folders.

``python`` blocks of one file share their names, and a ``text`` block right below one shows what it prints. ``sh``
blocks run under ``bash -e``. In a ``console`` block a line after ``$`` is a command (a line after ``>`` continues it),
and what follows shows what it prints; it fails if that is an ``error:``, and only then. In what is shown ``…`` stands
for anything. ``python torch``, ``sh torch`` and ``console torch`` run where torch is. ``sh no-run`` blocks are not run:
each line of them must be a set-up command.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SITE = [page for page in sorted((ROOT / "docs").glob("**/*.md")) if not {"_build", "generated"} & {*page.parts}]
# Pages with directives run when the site is built; the rest run here.
PAGES = [ROOT / "README.md", *(page for page in SITE if "```{" not in page.read_text())]
PAGES, SITE = ([page.relative_to(ROOT).as_posix() for page in pages] for pages in (PAGES, SITE))
LINKED = ["README.md", *SITE, "CONTRIBUTING.md", "CHANGELOG.md", "traces/README.md"]
RUN = {"python", "sh", "console"}
RUN |= {f"{kind} torch" for kind in RUN}
SHOWN = {"text", "csv", "json", "bibtex", "latex", "toml", "markdown"}
SET_UP = re.compile(
    r"(git clone|cd|make|pip install|python3? -m (pip|venv)|(\.|source) \.venv/|apt-get install)\b[^;&|]*"
)


class Block(NamedTuple):
    line: int
    kind: str
    text: str
    shown: list[str]  # the lines of a text block right below


def blocks(text):
    """The fenced blocks of a page, with the line each starts at."""
    fence = re.compile(r"^(?P<indent> *)```(?P<kind>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
    found = list(fence.finditer(text))
    bodies = [re.sub(f"^{it['indent']}", "", it["text"], flags=re.MULTILINE) for it in found]
    for i, (it, body) in enumerate(zip(found, bodies, strict=True)):
        below = (
            i + 1 < len(found) and found[i + 1]["kind"] == "text" and not text[it.end() : found[i + 1].start()].strip()
        )
        shown = bodies[i + 1].splitlines() if below else []
        yield Block(text.count("\n", 0, it.start()) + 2, it["kind"].strip(), body, shown)


def commands(text):
    """The commands of a console block, each with the output lines that are shown."""
    pairs = []
    for line in text.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], []))
        elif line.startswith("> ") and not pairs[-1][1]:
            pairs[-1] = (pairs[-1][0] + "\n" + line[2:], [])
        else:
            pairs[-1][1].append(line)
    return pairs


def matches(shown, printed):
    """Whether what a page shows is what was printed, but for `…` and space at the ends of lines."""
    pattern = "\n".join(re.escape(line.rstrip()).replace("…", ".*?") for line in shown).strip("\n")
    plain = "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")
    return not pattern or re.fullmatch(pattern, plain, re.DOTALL) is not None


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A copy of what pages refer to, as working directory, with this tree's `simcache` command first in the path."""
    for name in ("traces", "docs", "figures", "notebooks", "results"):
        ignored = shutil.ignore_patterns("*.parquet", "*.pdf", "__pycache__", "_build", "_static", "generated")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=ignored)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "simcache"
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; from simcache.cli import main; sys.exit(main())" "$@"\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


def run(script, fails=False):
    """What the script prints, messages included."""
    done = subprocess.run(
        ["bash", "-e", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert (done.returncode != 0) == fails, f"{script}\n{done.stdout}"
    return done.stdout


def has_torch():
    try:
        return find_spec("torch") is not None
    except ModuleNotFoundError:  # TORCH=0
        return False


def execute(page, text):
    names = {"__name__": "__main__"}
    for block in blocks(text):
        kind, _, need = block.kind.partition(" ")
        if need == "no-run" or (need == "torch" and not has_torch()):
            continue
        pairs = []
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                # Empty lines in front, so that a traceback names the page's own line.
                exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
            pairs = [(out.getvalue(), block.shown)]
        elif kind == "sh":
            run(block.text)
        elif kind == "console":
            pairs = [
                (run(command, fails=any(line.startswith("error: ") for line in shown)), shown)
                for command, shown in commands(block.text)
            ]
        for printed, shown in pairs:
            assert matches(shown, printed), f"{page}:{block.line} shows otherwise; it printed\n{printed}"


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run(page, checkout):
    execute(page, (ROOT / page).read_text())


@pytest.mark.parametrize("page", PAGES)
def test_only_set_up_is_left_out(page):
    for block in blocks((ROOT / page).read_text()):
        assert block.kind in RUN | SHOWN | {"sh no-run"}, (
            f"{page}:{block.line}: a block of kind {block.kind!r} is neither run nor shown"
        )
        if block.kind == "sh no-run":
            for line in filter(None, (line.partition("#")[0].strip() for line in block.text.splitlines())):
                assert SET_UP.fullmatch(line), f"{page}:{block.line}: {line!r} is no set-up command, so it must run"


@pytest.mark.parametrize("page", LINKED)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]* src=\"([^\"]+)\"", text):
        link = target[0] or target[1]
        if "://" not in link and not link.startswith("mailto:") and "generated/" not in link:  # made with the site
            assert (ROOT / page).parent.joinpath(link).exists(), f"{page} links to {link}"


PAGE = """
```python
there = 1
print("here and", there)
```

```text
here … 1
```

1. In a list:

   ```console
   $ echo one; echo two 3.14159
   one
   two 3.…
   $ echo quiet
   $ echo error: told; exit 2
   error: told
   ```

```python
assert there == 1
open("made", "w").write("by python")
```

```sh
grep -q python made
```
"""


def test_the_runner_runs(checkout):
    execute("page", PAGE)
    assert [block.kind for block in blocks(PAGE)] == ["python", "text", "console", "python", "sh"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("there == 1", "there == 2"),
        ("here … 1", "here … 2"),
        ("two 3.…", "two 4.…"),
        ("one\n   two", "two\n   one"),
        ("echo quiet", "exit 1"),
        ("exit 2", "exit 0"),
        ("grep -q python", "grep -q ruby"),
    ],
)
def test_the_runner_fails(right, wrong, checkout):
    assert right in PAGE
    with pytest.raises(AssertionError):
        execute("page", PAGE.replace(right, wrong))
