"""The role of `name` in docstrings: a link where the name is public, else code, such as an argument's."""

import importlib

from docutils import nodes
from sphinx.addnodes import pending_xref

import simcache

SPACES = ["simcache", *(f"simcache.{name}" for name in simcache._NAMESPACES)]
HOMES = {}  # what a docstring may call it -> where the reference has it
for space in SPACES:
    HOMES[space] = HOMES[space.removeprefix("simcache.")] = ("mod", space)
    for name in importlib.import_module(space).__all__:
        if callable(getattr(importlib.import_module(space), name)):
            full = f"{space}.{name}"
            for short in (full, full.removeprefix("simcache."), name):
                HOMES.setdefault(short, ("obj", full))
    for short in ("Plan.sampler", "Trace.load", "Trace.save", "Trace.of"):
        HOMES[short] = ("obj", f"simcache.{'' if short.startswith('Trace') else 'loader.'}{short}")


def role(name, rawtext, text, lineno, inliner, options=None, content=None):
    """A link to a public name, with or without parentheses behind it, or literal text."""
    shown = nodes.literal(rawtext, text)
    space = getattr(inliner.document.settings.env, "ref_context", {}).get("py:module", "")
    bare = text.removesuffix("()")
    kind, full = HOMES.get(f"{space}.{bare}") or HOMES.get(bare) or (None, None)
    if full is None or inliner.document.settings.env.docname.startswith("generated/policies"):
        return [shown], []
    link = pending_xref(rawtext, shown, refdomain="py", reftype=kind, reftarget=full, refexplicit=True, refwarn=True)
    link["refdoc"] = inliner.document.settings.env.docname
    return [link], []
