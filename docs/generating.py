"""Pages that are made of what is elsewhere: the docstrings, the commands' help, the results, the notebooks."""

import contextlib
import importlib
import inspect
import io
import os
import re

from simcache import policies

TITLES = {
    "analysis": "what a trace looks like",
    "explore": "the page",
    "formats": "files of others",
    "loader": "what a DataLoader's processes see",
    "order": "PyTorch's order, predicted",
    "plot": "figures",
    "policies": "names and modules",
    "sampler": "recording samplers and loaders",
    "store": "what sweeps keep",
    "synth": "traces from a law and a seed",
    "theory": "closed forms and bounds",
    "torch": "the live cache",
    "verdict": "would OPT help?",
}


def write(folder, root):
    """All of them, each only if it has changed, so that a second build is quick."""
    pages = {"reference/root.rst": reference("simcache", "the package's own names")}
    pages |= {f"reference/{name}.rst": reference(f"simcache.{name}", title) for name, title in TITLES.items()}
    pages |= {"policies.rst": of_policies(), "cli.md": of_commands()}
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        pages[f"notebooks/{notebook.name}"] = leading_within(notebook.read_text(encoding="utf-8"))
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in pages:
            path.unlink()


def titled(text, line="="):
    return f"{text}\n{line * len(text)}\n\n"


def reference(space, title):
    """One page for a namespace: its docstring, then every public name in it."""
    module = importlib.import_module(space)
    parts = [titled(f"{space}: {title}"), f".. automodule:: {space}\n   :no-members:\n\n"]
    families = {}
    for name in module.__all__:
        thing = getattr(module, name)
        if callable(thing):
            families.setdefault(thing.__module__.removeprefix(space).strip("."), []).append((name, thing))
    for family in sorted(families, key=[*FAMILIES, *sorted(families)].index):
        if space == "simcache.theory":
            parts.append(titled(FAMILIES.get(family, family), "-"))
        for name, thing in sorted(families[family]):
            parts.append(entry(f"{space}.{name}", thing))
    return "".join(parts)


FAMILIES = {
    "shuffled": "Shuffled epochs",
    "loops": "One order, over and over",
    "buffers": "Shuffle buffers",
    "irm": "Independent requests",
    "_exact": "Independent requests, exact",
    "_layers": "Independent requests, OPT exact",
    "horizon": "Runs of so many epochs, with replacement",
    "zipf": "Limits by Zipf exponent",
    "lookahead": "A part of the future",
    "markov": "Markov chains",
    "restarts": "Walks that jump",
    "bounds": "Bounds for any trace",
    "packing": "Bounds where items have sizes",
}


def entry(name, thing):
    if not inspect.isclass(thing):
        return f".. autofunction:: {name}\n\n"
    fields = {*getattr(thing, "_fields", ()), *getattr(thing, "__dataclass_fields__", ())}
    members = [each for each in vars(thing) if not each.startswith("_") and each not in fields]
    shown = f"   :members: {', '.join(members)}\n" if members else ""
    return f".. autoclass:: {name}\n{shown}\n"


def of_policies():
    """Every policy by its module's docstring, with what its kernel takes."""
    parts = [titled("Policies, each in its own words"), "From the file of each.\n\n"]
    for name in policies.names():
        module = policies.load(name)
        kernel = module.kernel.py_func if hasattr(module.kernel, "py_func") else module.kernel
        given = [f"``{it}``" for it in list(inspect.signature(kernel).parameters.values())[4:]]
        parts.append(titled(name, "-"))
        text = inspect.cleandoc(module.__doc__)
        parts.append(re.sub(r"(?<![`:])`([^`\n]+)`(?!`)", r"``\1``", text).replace("|", r"\|") + "\n\n")
        parts.append(f"Parameters: {', '.join(given)}.\n\n" if given else "No parameters.\n\n")
        if hasattr(module, "sized"):
            parts.append("Takes sizes in bytes.\n\n")
    return "".join(parts)


def of_commands():
    """Every command by its own help."""
    parts = ["# Command line\n\nWhat `simcache --help` and each command's `--help` say.\n\n"]
    waiting = [()]
    while waiting:
        words = waiting.pop(0)
        text = said(words)
        title = " ".join(["simcache", *words])
        parts.append(f"{'#' * max(2, 1 + len(words))} {title}\n\n```text\n{text}\n```\n\n")
        if re.search(r"Usage:.* COMMAND", text):
            waiting[:0] = [(*words, name) for name in re.findall(r"^│ ([a-z][a-z0-9-]*) ", text, re.MULTILINE)]
    return "".join(parts)


def said(words):
    from simcache.cli import main

    before = {name: os.environ.get(name) for name in ("COLUMNS", "TERMINAL_WIDTH", "NO_COLOR", "FORCE_COLOR")}
    os.environ |= {"COLUMNS": "88", "TERMINAL_WIDTH": "88", "NO_COLOR": "1"}
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            code = main([*words, "--help"])
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    assert code == 0, words
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


LINKS = {
    "../results/training-time.md": "../../training-time.md",
    "../docs/clusters.md": "../../clusters.md",
}


def leading_within(text):
    """A notebook whose links lead to pages of the site; what has none is named, not linked."""

    def link(found):
        shown, target = found.groups()
        if target in LINKS:
            return f"[{shown}]({LINKS[target]})"
        return shown if target.startswith("../") else found[0]

    return re.sub(r"\[([^\]\[]*)\]\(([^)\s]*)\)", link, text)
