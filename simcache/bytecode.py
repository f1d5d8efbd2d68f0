"""Bytecode as text that stays the same while the code does what it did: without docstrings and line numbers."""

import dis
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse",
    "setdefault", "sort", "update",
}  # fmt: skip
TOLD = ("__doc__", "__firstlineno__")  # names in a class that say nothing of what it does
DOCSTRING = 0x4000000  # a flag of code, from Python 3.13 on


class Read(NamedTuple):
    """What a function's code says, and what it asks for: globals, attributes; and which names it changes."""

    text: str
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    imports: tuple[str, ...]
    changed: frozenset[str]


@lru_cache(4096)
def read(code: CodeType) -> Read:
    """What a function's bytecode says, without docstrings and line numbers."""
    text = [f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount} {code.co_flags & ~DOCSTRING}"]
    names: dict[str, None] = {}
    attributes: dict[str, None] = {}
    imports: dict[str, None] = {}
    imported = ""
    before: list[Any] = [0, 0]
    loads: list[tuple[Any, str]] = []
    changes: set[Any] = set()
    changed: set[str] = set()
    for step in _steps(code):
        spot = step.positions and (step.positions.lineno, step.positions.col_offset)
        if isinstance(step.argval, CodeType):
            inner = read(step.argval)
            names.update(dict.fromkeys(inner.names))
            attributes.update(dict.fromkeys(inner.attributes))
            imports.update(dict.fromkeys(inner.imports))
            changed |= inner.changed
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names[step.argval] = None
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            attributes[step.argval] = None
            if step.opname == "IMPORT_FROM":  # perhaps a module of a package
                imports[f"{imported}{'' if imported.endswith('.') else '.'}{step.argval}"] = None
        elif step.opname in ("STORE_GLOBAL", "STORE_DEREF"):
            changed.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            imported = "." * before[-2] + step.argval  # the level, and what is taken from it, came first
            imports[imported] = None
        before.append(step.argval)
        # Where an item or an attribute is set, or a container is told to change, the position is that of its name.
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"):
            loads.append((spot, step.argval))
        elif step.opname in ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_ATTR", "DELETE_ATTR") or (
            step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval in CHANGING
        ):
            changes.add(spot)
        text.append(f"{step.opname} {as_text(step.argval)}")
    changed |= {name for spot, name in loads if spot and spot != (None, None) and spot in changes}
    exceptions = getattr(code, "co_exceptiontable", b"").hex()
    return Read("\n".join([*text, exceptions]), tuple(names), tuple(attributes), tuple(imports), frozenset(changed))


def _steps(code: CodeType) -> list[dis.Instruction]:
    """Instructions, without those that give a class its docstring and its line."""
    steps = list(dis.get_instructions(code))
    told = [k for k, step in enumerate(steps) if step.opname == "STORE_NAME" and step.argval in TOLD]
    left_out = {*told, *(k - 1 for k in told)}
    return [step for k, step in enumerate(steps) if k not in left_out]


def as_text(value: Any) -> str:
    """A constant of code as text, whatever the order of a set."""
    if isinstance(value, CodeType):
        return f"({read(value).text})"
    if isinstance(value, tuple):
        return f"({', '.join(map(as_text, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(as_text, value)))}}}"
    return f"{type(value).__name__} {hex(value) if type(value) is int else repr(value)}"
