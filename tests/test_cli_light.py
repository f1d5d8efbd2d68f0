"""What help and completion cost, and what a shell is told may come next; near misses of commands and options."""

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer

import simcache
from simcache import policies
from simcache.cli import app, library, main

ROOT = str(Path(simcache.__file__).parents[1])
HEAVY = ("numba", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "pydantic", "torch")
POLICIES = policies.names()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a table, a trace's file and a policy's."""
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"trace": ["a"], "policy": ["lru"], "capacity": [1], "hit_rate": [0.5]}).to_csv("t.csv", index=False)
    for name in ("z.npz", "mine.py", ".hidden.py", "notes.txt"):
        Path(name).touch()
    return tmp_path


@pytest.fixture
def shown(monkeypatch, capsys):
    """What a shell is told after a line."""

    def go(line, shell="bash", code=0):
        words = shlex.split(line) + [""] * line.endswith(" ")
        monkeypatch.setenv("_SIMCACHE_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        if shell != "bash":
            monkeypatch.delenv("COMP_WORDS")
        assert main([]) == code
        return capsys.readouterr().out.splitlines()

    return go


# ---------------------------------------------------------------- costs

ASKED = """
import os, sys
from simcache.cli import main
lines = "--help", "curve --help", "make-trace zipf --help", "theory --help", "explain -h"
codes = [main(line.split()) for line in lines]
os.environ.update(_SIMCACHE_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="simcache curve z.npz --capacities 5 l")
codes.append(main([]))
os.environ.update(_TYPER_COMPLETE_ARGS="simcache simulate z.npz lru --capacity 5 --output t.csv --unit ")
codes.append(main([]))
print(codes, [name for name in HEAVY if name in sys.modules], file=sys.stderr)
"""


def test_help_and_completion_load_nothing_heavy():
    code = ASKED.replace("HEAVY", repr(HEAVY))
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True)
    assert done.stderr.decode() == f"{[0] * 7} []\n"
    assert done.stdout.decode().count("Usage: ") == 5
    assert '"lirs"\n"lru"' in done.stdout.decode()


def test_a_library_that_is_missing_or_broken_costs_one_line(monkeypatch, capsys):
    monkeypatch.delitem(vars(library), "theory", raising=False)
    monkeypatch.setitem(sys.modules, "simcache.theory", None)
    assert main(["theory", "loop", "lru"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.endswith("; simcache doctor says what there is\n")
    with pytest.raises(AttributeError, match="has no attribute 'theories'"):
        _ = library.theories


def test_every_part_that_commands_call_is_there():
    assert {name: getattr(library, name).__name__.rpartition(".")[2] for name in library.__all__} == {
        name: library.HOMES.get(name, name).rpartition(".")[2] for name in library.__all__
    }


# ---------------------------------------------------------------- completion

TOLD = {
    "simcache cur": ["curve"],
    "simcache make-trace z": ["zipf"],
    "simcache theory loop r": ["rr"],
    "simcache curve z.npz --cap": ["--capacities"],
    "simcache simulate z.npz lr": ["lru", "lruk"],
    "simcache simulate z.npz m": ["mru", "mine.py"],
    "simcache simulate z.npz ./": ["./mine.py", "./z.npz"],
    "simcache simulate z.npz none/": [],
    "simcache check-policy opt": ["opt"],
    "simcache explain --policy fi": ["fifo"],
    "simcache simulate z.npz lru --capacity 5 --unit ": ["items", "bytes"],
    "simcache policies --format ": ["csv", "json", "md"],
    "simcache convert a.log --format m": ["msr"],
    "simcache plot t.csv --kind h": ["heatmap"],
    "simcache plot t.csv --by h": ["hit_rate"],
    "simcache plot t.csv --against b": ["best"],
    "simcache plot none.csv --by h": [],
    "simcache table t.csv --columns policy,ca": ["policy,capacity"],
    "simcache table t.csv --across po": ["policy"],
    "simcache info ": [],  # the shell knows files
}


@pytest.mark.parametrize("line", TOLD)
def test_a_shell_is_told_what_may_come_next(line, shown):
    assert [each for each in shown(line) if each] == TOLD[line]


def test_all_policies_and_commands_are_told(shown):
    assert shown("simcache curve z.npz ") == [*POLICIES, "mine.py", "z.npz"]
    assert shown("simcache ") == [*typer.main.get_command(app).commands]


def test_each_shell_is_answered_in_its_own_way(shown):
    (line,) = shown("simcache curve z.npz --capa", "zsh")
    help = "Cache sizes\\\\: items, or bytes as in 1GB,2GB; by default about 100, to all."
    assert line == f'_arguments \'*: :(("--capacities":"{help}"))\''
    assert shown("simcache curve z.npz lr", "zsh") == ['_arguments \'*: :(("lru"', '"lruk"))\'']
    assert shown("simcache info ", "zsh") == ["_files"]
    assert len(shown("simcache curve z.npz --out", "zsh")) == 1  # of more than 80 columns
    os.environ["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    try:
        assert shown("simcache curve z.npz lr", "fish") == ["lru", "lruk"]
        assert shown("simcache curve z.npz --war", "fish") == [
            "--warmup\tAccesses left out of hit_rate_warm. By default the first epoch of several."
        ]
        os.environ["_TYPER_COMPLETE_FISH_ACTION"] = "is-args"
        assert shown("simcache curve z.npz lr", "fish") == []
        assert shown("simcache info ", "fish", code=1) == []
    finally:
        del os.environ["_TYPER_COMPLETE_FISH_ACTION"]


def test_nothing_is_written_where_a_shell_only_asks(shown, monkeypatch):
    monkeypatch.setattr("simcache.files.replacing", None)
    assert shown("simcache simulate z.npz lru --output t.csv --warm") == ["--warmup"]
    assert shown("simcache simulate z.npz lru --output t.csv --format js") == ["json"]


@pytest.mark.parametrize("asked", ["complete_tcsh", "frob_bash", "complete"])
def test_what_no_shell_asks_costs_one_line(asked, monkeypatch, capsys):
    monkeypatch.setenv("_SIMCACHE_COMPLETE", asked)
    assert main([]) == 2
    assert capsys.readouterr().err.startswith(
        "error: _SIMCACHE_COMPLETE must be complete_ or source_ and a shell: bash,"
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_by_the_script_that_is_shown(folder):
    bin = folder / "bin"
    bin.mkdir()
    (bin / "simcache").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simcache "$@"\n')
    (bin / "simcache").chmod(stat.S_IRWXU)
    script = """
    eval "$(_SIMCACHE_COMPLETE=source_bash simcache)"
    complete -p simcache
    COMP_WORDS=(simcache curve z.npz lru); COMP_CWORD=3
    _simcache_completion simcache
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PYTHONPATH": ROOT, "PATH": f"{bin}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["lru", "lruk"]
    assert "-F _simcache_completion simcache" in done.stdout


@pytest.mark.parametrize(("shell", "file"), [("bash", ".bash_completions/simcache.sh"), ("zsh", ".zfunc/_simcache")])
def test_completion_is_shown_and_installed(shell, file, folder, monkeypatch, capsys):
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: shell)
    monkeypatch.setattr("typer._completion_shared._get_shell_name", lambda: shell)
    monkeypatch.setenv("HOME", str(folder))
    assert main(["--show-completion"]) == 0
    script = capsys.readouterr().out
    assert f"_SIMCACHE_COMPLETE=complete_{shell}" in script
    assert main(["--install-completion"]) == 0
    assert (folder / file).read_text().strip() == script.strip()
