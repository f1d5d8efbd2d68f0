"""The notebooks as committed: outputs of the code that stands beside them, and nothing of the machine that made them.

Nothing runs here; `make notebooks` executes them.
"""

import ast
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
AGAIN = "run notebooks/refresh.py and commit what it writes"
# Folders of a machine: /home/…, C:\…, and where packages are installed.
MACHINE = re.compile(r"/(?:home|root|work|tmp|usr|opt|var|mnt|Users)/|\b[A-Z]:\\|site-packages|\.venv\b")
# What a number in prose may be part of: code, a formula, the target of a link.
EXEMPT = re.compile(r"```.*?```|`[^`]*`|\$[^$]*\$|\]\([^)]*\)", re.DOTALL)

notebooks = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)


def read(path):
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    text = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    return notebook, code, text


def shows(source):
    """Whether a cell ends in an expression, or shows something before it ends."""
    tree = ast.parse(re.sub(r"^%.*$", "", source, flags=re.MULTILINE))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return bool(called & {"plt.show", "display"}) or bool(tree.body and isinstance(tree.body[-1], ast.Expr))


def test_there_are_notebooks():
    found = {path.stem for path in FOLDER.glob("*.ipynb")}
    assert {"01-first-curve", "02-sampler-traces", "03-why-opt-does-not-help", "04-figures-for-your-paper"} <= found


@notebooks
def test_ran_from_top_to_bottom(path):
    _, code, _ = read(path)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), AGAIN
    for cell in code:
        source = "".join(cell["source"])
        assert bool(cell["outputs"]) == shows(source), source
        for output in cell["outputs"]:
            assert output["output_type"] in ("display_data", "execute_result"), output  # no errors, no warnings


@notebooks
def test_outputs_are_those_of_the_code(path):
    notebook, code, _ = read(path)
    sources = "\0".join("".join(cell["source"]) for cell in code)
    assert notebook["metadata"]["code_sha256"] == sha256(sources.encode()).hexdigest(), AGAIN


@notebooks
def test_holds_nothing_of_a_machine_or_an_editor(path):
    notebook, code, _ = read(path)
    assert path.stat().st_size < 400_000
    assert notebook["metadata"].keys() == {"code_sha256", "kernelspec", "language_info"}, AGAIN
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}, AGAIN
    assert all(cell["metadata"] == {} for cell in notebook["cells"]), AGAIN
    for cell in code:
        for output in cell["outputs"]:
            output["data"].pop("image/png", None)  # any letters may follow each other in it
    assert MACHINE.findall(json.dumps(notebook)) == []


@notebooks
def test_prose_quotes_no_number_and_links_to_what_is_there(path):
    _, _, texts = read(path)
    for text in texts:
        assert re.findall(r"\d\S*", EXEMPT.sub("", text)) == [], text
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (path.parent / link).exists(), link
