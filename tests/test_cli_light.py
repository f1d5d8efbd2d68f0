"""What help and completion cost, and what a shell is told may come next; near misses of commands and options."""

import os
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
    Path("sub").mkdir()
    Path("sub/my own.py").write_text("def reference(ids, capacity, seed, *, spare=True, share=0.5): ...\n")
    Path("a b.csv").write_text("of words,of_words\n1,2\n")
    Path("t.json").write_text('[{"loss": 1, "of words": "x"}, {"loss": 2}]')
    Path("train.py").write_text("import os\nraise SystemExit\ndef loader(): ...\nlater: int = 3\n_hidden = lost = 1\n")
    return tmp_path


@pytest.fixture
def shown(monkeypatch, capsys):
    """What a shell is told after a line."""

    def go(line, shell="bash"):
        monkeypatch.setenv("_SIMCACHE_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDBREAKS", " \t\n\"'><=;|&(:")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        assert main([]) == 0
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
    assert "lirs\nlru\n" in done.stdout.decode()


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
    "simcache simulate z.npz ./": ["./mine.py", "./sub/", "./train.py", "./z.npz"],
    "simcache simulate z.npz opt:": ["bypass=true", "window=", "every="],
    "simcache simulate z.npz opt:window=5,by": ["5,bypass=true"],  # as bash parts words
    "simcache simulate z.npz 'opt:by": ["opt:bypass=true"],  # no word of bash's ends in a quote
    "simcache simulate z.npz lru lruk:": ["k="],
    "simcache simulate z.npz lru:": [],
    "simcache simulate z.npz none.py:": [],
    "simcache simulate z.npz sub/": ["sub/my\\ own.py"],
    "simcache simulate z.npz 'sub/": ["sub/my own.py"],
    "simcache simulate z.npz sub/my\\ own.py:s": ["spare=false", "share="],
    "simcache simulate z.npz --unit=": ["items", "bytes"],
    "simcache simulate z.npz --unit=b": ["bytes"],
    "simcache simulate z.npz --unit=bytes --fr": ["--fraction"],
    "simcache simulate --capacity 5 z.npz lr": ["lru", "lruk"],
    "simcache frob ": [],
    "simcache make-trace frob ": [],
    "simcache explain train:l": ["loader", "later", "lost"],
    "simcache explain tr": ["train:"],
    "simcache explore z": ["z.npz"],
    "simcache explain none:l": [],
    "simcache plot 'a b.csv' --by of": ["of\\ words", "of_words"],
    "simcache plot a\\ b.csv --x 5 --by 'of": ["of words", "of_words"],
    "simcache plot t.json --by ": ["loss", "of\\ words"],
    "simcache table t.csv --columns capacity,ca": [],
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
    assert shown("simcache curve z.npz ") == [*POLICIES, "mine.py", "sub/", "train.py", "z.npz"]
    assert shown("simcache ") == [*typer.main.get_command(app).commands]


def test_each_shell_is_answered_in_its_own_way(shown):
    help = "Cache sizes: items, or bytes as in 1GB,2GB; by default about 100, to all."
    assert shown("simcache curve z.npz --capa", "zsh") == [f"--capacities:{help}"]
    assert shown("simcache curve z.npz --capa", "fish") == [f"--capacities\t{help}"]
    assert shown("simcache curve z.npz opt:by", "zsh") == [r"opt\:bypass=true"]
    for shell in ("zsh", "fish"):
        assert shown("simcache curve z.npz lr", shell) == ["lru", "lruk"]
        assert shown("simcache curve z.npz --unit=b", shell) == ["--unit=bytes"]
        assert shown("simcache info ", shell) == []
        assert len(shown("simcache curve z.npz --out", shell)) == 1  # of more than 80 columns
        assert shown("simcache simulate z.npz sub/", shell) == ["sub/my own.py"]


def test_a_name_that_would_break_the_answer_is_not_told(shown):
    Path("m\nlru.py").touch()
    assert shown("simcache curve z.npz m") == ["mru", "mine.py"]


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


# ---------------------------------------------------------------- real shells

ASKING = {
    "bash": r"""
        eval "$(_SIMCACHE_COMPLETE=source_bash simcache)"
        complete -p simcache | grep -qF -- "-F _simcache_completion simcache" || echo "not known"
        asked() { COMP_LINE=$1; COMP_POINT=${#1}; _simcache_completion simcache; printf '%s\n' "${COMPREPLY[@]}"; }
        """,
    "zsh": r"""
        compdef() { : }
        _files() { print files }
        _describe() { print -rl -- ${(P)2} ${(P)4} }
        eval "$(_SIMCACHE_COMPLETE=source_zsh simcache)"
        asked() { words=(${(Q)${(z)1}}); CURRENT=$#words; PREFIX=$words[-1]; _simcache }
        """,
    "fish": r"""
        _SIMCACHE_COMPLETE=source_fish simcache | source
        function asked; complete -C $argv[1]; end
        """,
}
ANSWERS = {
    "simcache curve z.npz lru": {"lru", "lruk"},
    "simcache curve z.npz opt:by": {"opt:bypass=true"},
    "simcache curve z.npz --unit=b": {"--unit=bytes"},
    "simcache info z": {"z.npz"},
}
CUT = {"opt:bypass=true": "bypass=true", "--unit=bytes": "bytes", "z.npz": ""}  # by bash, which knows files itself


@pytest.fixture
def path(folder, monkeypatch):
    """simcache on the path of shells."""
    bin = folder / "bin"
    bin.mkdir()
    (bin / "simcache").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simcache "$@"\n')
    (bin / "simcache").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PYTHONPATH", ROOT)
    monkeypatch.setenv("PATH", f"{bin}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(folder))


@pytest.mark.parametrize("shell", ASKING)
def test_a_shell_completes_by_the_script_that_is_shown(shell, path):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    lines = "\n".join(f"asked '{line}'; echo @" for line in ANSWERS)
    done = subprocess.run([shell, "-c", f"{ASKING[shell]}\n{lines}"], capture_output=True, text=True)
    assert done.stderr == ""
    told = [set(answer.split("\n")) - {""} for answer in done.stdout.split("@\n")[:-1]]
    expected = list(ANSWERS.values())
    if shell == "bash":
        expected = [{CUT.get(each, each) for each in answer} - {""} for answer in expected]
    if shell == "zsh":
        expected = [{each.replace(":", r"\:") for each in answer} for answer in expected[:-1]] + [{"files"}]
    assert told == expected


INSTALLED = {
    "bash": (".bash_completions/simcache.sh", ".bashrc"),
    "zsh": (".zfunc/_simcache", ".zshrc"),
    "fish": (".config/fish/completions/simcache.fish", ""),
}


@pytest.mark.parametrize("shell", INSTALLED)
def test_completion_is_shown_and_installed_once(shell, folder, monkeypatch, capsys):
    file, begun = INSTALLED[shell]
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: shell)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--show-completion"]) == 0
    script = capsys.readouterr().out
    assert f"_SIMCACHE_COMPLETE=complete_{shell}" in script
    if begun:
        (folder / begun).write_bytes(b"alias \xff=x")  # no end of its line, and no UTF-8
    for _ in range(2):
        assert main(["--install-completion"]) == 0
        assert (folder / file).read_text() == script
        if begun:
            held, line = (folder / begun).read_bytes().splitlines()
            assert held == b"alias \xff=x"
            assert line.startswith({"bash": f"source {folder / file}", "zsh": "fpath+=~/.zfunc"}[shell].encode())
    assert capsys.readouterr().err == ""


def test_a_shell_or_a_home_that_is_not_known_costs_one_line(monkeypatch, capsys):
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: None)
    for asked in ("--show-completion", "--install-completion"):
        assert main([asked]) == 2
        assert capsys.readouterr().err == "error: completion needs bash, zsh or fish, got no shell that is known\n"
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: "bash")
    monkeypatch.setenv("HOME", "")
    assert main(["--install-completion"]) == 2
    assert "and there is none: set HOME" in capsys.readouterr().err
    monkeypatch.setenv("HOME", "/proc")
    assert main(["--install-completion"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("shell", ["powershell", "pwsh"])
def test_powershell_is_left_to_typer(shell, shown, monkeypatch, capsys):
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: shell)
    assert main(["--show-completion"]) == 0
    assert f'_SIMCACHE_COMPLETE = "complete_{shell}"' in capsys.readouterr().out.replace("_powershell", f"_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", "lr")
    assert [line.strip() for line in shown("simcache curve z.npz lr", shell)] == ["lru:::", "lruk:::"]
