"""Write into a page what its blocks print, so that no number in it is typed: `python docs/refresh.py README.md`.

A ```text block right after a ```python block is what that block prints; python blocks of one page share their names,
as do ```python torch blocks, which need torch. In a ```console block each line after `$` is a command, run in the
page's folder, and what follows is its output. Between `<!-- include: FILE -->` and `<!-- end -->` stands that file,
from the same folder. Commands that write files write them where a copy of the page would: a temporary folder with
links to the checkout's traces.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"```(python(?: torch)?|console)\n(.*?)```\n(?:(\s*```text\n)(.*?)```\n)?", re.DOTALL)
INCLUDED = re.compile(r"(<!-- include: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def printed_by(code, names):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "page", "exec"), names)
    return out.getvalue()


def console(body):
    lines = []
    for command in re.findall(r"^\$ (.*(?:\n> .*)*)", body, re.MULTILINE):
        script = command.replace("\n> ", "\n")
        done = subprocess.run(["bash", "-c", script], text=True, stdout=-1, stderr=-2, check=False)
        lines.append(f"$ {command}\n{done.stdout}")
    return "".join(lines)


def refreshed(text, folder):
    names = {"__name__": "__main__"}

    def block(found):
        kind, body, opening, _ = found.groups()
        if kind == "console":
            return f"```console\n{console(body)}```\n"
        out = printed_by(body, names)
        return f"```{kind}\n{body}```\n" + (f"{opening}{out}```\n" if opening else "")

    text = BLOCK.sub(block, text)
    return INCLUDED.sub(lambda found: found[1] + (folder / found[2]).read_text() + found[3], text)


def main(pages):
    root = Path(__file__).resolve().parent.parent
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["COLUMNS"] = "100"
    for page in map(Path, pages):
        target = page.resolve()
        text = target.read_text()
        with tempfile.TemporaryDirectory() as temporary, contextlib.chdir(temporary):
            for name in ("traces", "results", "docs"):
                Path(name).symlink_to(root / name)
            text = refreshed(text, target.parent)
        target.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:] or ["README.md"])
