"""Run every notebook from top to bottom and write it back with its outputs: ``python notebooks/refresh.py``.

What an editor or a clock adds to a file is left out, so that it changes only when code, text or outputs do. A digest
of the code says which code the outputs came from; a test compares it.
"""

import os
import sys
from hashlib import sha256
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from simcache import Trace, simulate

HERE = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def digest(notebook: NotebookNode) -> str:
    """Of all code, in order."""
    return sha256("\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code").encode()).hexdigest()


def refresh(path: Path) -> None:
    """Execute one notebook in its own folder and write it; one that fails stays as it was."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
    NotebookClient(
        notebook, kernel_name=KERNEL["name"], record_timing=False, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    language = {"name": "python"}
    notebook.metadata = nbformat.from_dict(
        {"code_sha256": digest(notebook), "kernelspec": KERNEL, "language_info": language}
    )
    nbformat.write(notebook, path)


if __name__ == "__main__":
    os.environ["TQDM_DISABLE"] = "1"  # how long a sweep takes is no output
    simulate(Trace([0], 1), "fifo", 1)  # else an empty kernel cache is told of in the first output
    for given in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(HERE.glob("*.ipynb")):
        refresh(given)
