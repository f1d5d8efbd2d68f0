"""How bash, zsh and fish ask what may come next, how they are answered, and the scripts that have them ask.

Typer's own lose what stands after a colon or an equals sign in bash, words with spaces, and what zsh asks first.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer
from typer import completion

from . import library
from .streams import say

LINE = "_TYPER_COMPLETE_ARGS"  # the variable that holds the line up to the cursor, as typer names it

BASH = r"""%(function)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(env %(variable)s=complete_bash %(line)s="${COMP_LINE:0:COMP_POINT}" \
        COMP_WORDBREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}

complete -o default -F %(function)s %(program)s"""
ZSH = r"""#compdef %(program)s

_%(program)s() {
    local told="$(env %(variable)s=complete_zsh %(line)s="${(j: :)words[1,CURRENT-1]} $PREFIX" %(program)s 2>/dev/null)"
    if [[ -z $told ]]; then
        _files
        return
    fi
    local -a lines=("${(@f)told}")
    local -a open=("${(@M)lines:#*[/:=]}") whole=("${(@)lines:#*[/:=]}")
    _describe %(program)s whole -- open -S ''
}

if [[ $funcstack[1] == _%(program)s ]]; then
    _%(program)s "$@"
else
    compdef _%(program)s %(program)s
fi"""
FISH = r"""function %(function)s
    set --local line (commandline --cut-at-cursor --current-process | string collect)
    set --local told (env %(variable)s=complete_fish %(line)s="$line" %(program)s 2>/dev/null)
    if test (count $told) -gt 0
        printf '%%s\n' $told
    else
        set --local word (commandline --cut-at-cursor --current-token)
        set --local option (string match --regex -- '^--[^=]*=' $word)
        printf '%%s\n' "$option"(__fish_complete_path (string replace -- "$option" '' $word))
    end
end

complete --command %(program)s --no-files --arguments '(%(function)s)'"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
OTHERS = ("powershell", "pwsh")  # as typer has them


def variable(program: str) -> str:
    """The variable of the environment that says a shell asks, and which."""
    return f"_{program.replace('-', '_').upper()}_COMPLETE"


def script(program: str, shell: str) -> str:
    """What has a shell ask."""
    function = f"_{program.replace('-', '_')}_completion"
    words = {"function": function, "variable": variable(program), "line": LINE, "program": program}
    return SCRIPTS[shell] % words


def serve(command: Any, program: str) -> int | None:
    """Answer the shell, if it is one that asks; the exit code then."""
    action, _, shell = os.environ.get(variable(program), "").partition("_")
    if not action:
        return None
    kind = completion.shell_completion.get_completion_class(shell)  # type: ignore[attr-defined]
    if kind is None or action not in ("complete", "source"):
        raise ValueError(
            f"{variable(program)} must be complete_ or source_ and a shell: bash, zsh, fish, powershell or pwsh"
        )
    asking = kind(command, {}, program, variable(program))
    if shell in OTHERS:
        text = asking.complete() if action == "complete" else asking.source()
    else:
        text = _answer(asking, shell) if action == "complete" else script(program, shell)
    sys.stdout.write(f"{text}\n" if text else "")
    return 0


def _answer(asking: Any, shell: str) -> str:
    words, quote = split(os.environ.get(LINE, ""))
    before, word = words[1:-1], words[-1]
    option = "" if "--" in before or not re.match(r"--[\w-]+=", word) else word[: word.index("=") + 1]
    found = [
        (option + str(item.value), " ".join((item.help or "").split()))
        for item in asking.get_completions(before, word)
        if str(item.value).isprintable()
    ]
    if shell == "bash":
        breaks = set(os.environ.get("COMP_WORDBREAKS", "")) - set("\"'") if not quote else set()
        kept = max((at + 1 for at, sign in enumerate(word) if sign in breaks), default=0)  # of it bash asks not
        return "\n".join(value[kept:] if quote else _escaped(value[kept:]) for value, _ in found)
    shown = (value.replace("\\", r"\\").replace(":", r"\:") if shell == "zsh" else value for value, _ in found)
    mark = ":" if shell == "zsh" else "\t"
    return "\n".join(f"{value}{mark}{help}" if help else value for value, (_, help) in zip(shown, found, strict=True))


def split(line: str) -> tuple[list[str], str]:
    """A line's words, the last as far as it is typed, and the quote that is open in that."""
    lexer = shlex.shlex(line + "\0", posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    quote = ""
    try:
        words.extend(lexer)
    except ValueError:  # no closing quotation
        quote = str(lexer.state)  # type: ignore[attr-defined]
        words.append(lexer.token)
    return [word.rstrip("\0") for word in words], quote


def _escaped(word: str) -> str:
    return re.sub(r"[^\w@%+=:,./~-]", r"\\\g<0>", word)


def offer(command: Any) -> None:
    """Put our scripts in place of typer's behind --install-completion and --show-completion."""
    for param in command.params:
        act = {"install_completion": _install, "show_completion": _show}.get(param.name)
        if act is not None:
            param.callback = partial(_asked, act, param.callback)


def _asked(act: Callable[[str, str], None], typers: Any, context: Any, param: Any, value: Any) -> None:
    if not value or context.resilient_parsing:
        return
    shell = completion._get_shell_name()  # type: ignore[attr-defined]
    if shell in OTHERS:
        typers(context, param, value)
    if shell not in SCRIPTS:
        raise ValueError(f"completion needs bash, zsh or fish, got {shell or 'no shell that is known'}")
    act(str(context.find_root().info_name), shell)
    raise typer.Exit


def _show(program: str, shell: str) -> None:
    sys.stdout.write(script(program, shell) + "\n")


def _install(program: str, shell: str) -> None:
    try:
        home: Path | None = Path.home()
    except RuntimeError:
        home = None
    if home is None or os.environ.get("HOME") == "":  # which Path.home takes for the root
        raise ValueError("completion is installed in the home folder, and there is none: set HOME")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    path = {
        "bash": home / ".bash_completions" / f"{program}.sh",
        "zsh": home / ".zfunc" / f"_{program}",
        "fish": settings / "fish" / "completions" / f"{program}.fish",
    }[shell]
    path.parent.mkdir(parents=True, exist_ok=True)
    with library.files.replacing(path) as temporary:
        temporary.write_text(script(program, shell) + "\n", encoding="utf-8")
    if shell == "bash":
        _append(home / ".bashrc", f"source {shlex.quote(str(path))}")
    elif shell == "zsh":
        _append(Path(os.environ.get("ZDOTDIR") or home) / ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit")
    say(f"wrote {path}: a new {shell} completes {program}")


def _append(path: Path, line: str) -> None:
    """Have a file end with a line, unless it has it; what it holds is not written again."""
    with path.open("ab+") as file:
        file.seek(0)
        held = file.read()
        if line.encode() not in held.splitlines():
            file.write(b"\n" * (held[-1:] not in (b"", b"\n")) + line.encode() + b"\n")
