"""doctor: what a report of a bug should say. Nothing here needs what it looks at, so that what is broken is told."""

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from .. import policies
from .streams import say

PACKAGE = __name__.partition(".")[0]
CORE = ("numpy", "numba", "llvmlite", "scipy", "pandas", "matplotlib", "seaborn", "rich", "tqdm", "typer")
CAPACITY, SEED = 4, 1
TINY = [k * k % 13 * (k % 3 + 1) % 11 for k in range(200)]  # 11 items


class Fact(NamedTuple):
    """One thing looked at, in words; bad is what a report is about."""

    part: str
    name: str
    value: str
    bad: bool = False


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Look at this installation, and say what a report of a bug should: versions, folders, and whether policies work.

    Each policy replays a tiny trace and is compared with its reference. Exit code 1 says that something is broken.

    Examples
    --------
    simcache doctor
    simcache doctor --json
    """
    found = [fact._replace(value=_homeless(fact.value)) for fact in facts()]
    bad = [fact.name for fact in found if fact.bad]
    if as_json:
        parts: dict[str, dict[str, str]] = {}
        for fact in found:
            parts.setdefault(fact.part, {})[fact.name] = fact.value
        sys.stdout.write(json.dumps({**parts, "failed": bad}, indent=1) + "\n")
    else:
        width = max(len(fact.name) for fact in found)
        for fact in found:
            say(f"{'!' if fact.bad else ' '} {fact.name:{width}}  {fact.value}")
        say(f"failed: {', '.join(bad)}" if bad else "all is well")
    if bad:
        raise typer.Exit(1)


def facts() -> Iterator[Fact]:
    """All that is looked at, in the order in which it is told."""
    yield _looked("versions", PACKAGE, lambda: str(getattr(sys.modules[PACKAGE], "__version__", "")))
    yield Fact("versions", "python", f"{platform.python_version()} ({platform.python_implementation()})")
    for name in CORE:
        yield _looked("versions", name, lambda name=name: _loaded(name))  # type: ignore[misc]
    yield _looked("machine", "platform", platform.platform)
    yield _looked("machine", "processors", lambda: f"{os.cpu_count()}, of which {_threads()} are used")
    yield _looked("machine", "/dev/shm", _shared_memory)
    yield Fact("machine", "LaTeX", shutil.which("pdflatex") or "none")
    for name in sorted(name for name in os.environ if name.startswith("NUMBA_")):
        yield Fact("machine", name, os.environ[name])
    yield _looked("machine", "kernels", _kernels)
    for name, missing in _extras().items():
        yield Fact("extras", name, f"not installed: {', '.join(missing)}" if missing else "installed")
    yield _looked("extras", "torch version", lambda: _loaded("torch") if _version("torch") else "none")
    for name in policies.names():
        yield _looked("policies", name, lambda name=name: _compared(name))  # type: ignore[misc]


def _looked(part: str, name: str, look: Callable[[], str]) -> Fact:
    """What `look` finds, or how it fails: of someone else's broken library that may be by any error."""
    try:
        return Fact(part, name, look())
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        return Fact(part, name, said if isinstance(error, _Bad) else f"fails: {type(error).__name__}: {said}", bad=True)


class _Bad(Exception):
    """What was found is bad; in words."""


def _loaded(name: str) -> str:
    found = _version(name)
    if found is None:
        raise _Bad("not installed")
    try:
        import_module(name)
    except (Exception, SystemExit) as error:
        raise _Bad(f"{found}, cannot be loaded: {type(error).__name__}: {error}") from error
    return found


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # as long to load as all of the command line

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _threads() -> int:
    from ..pool import threads

    return threads()


def _shared_memory() -> str:
    try:
        size = shutil.disk_usage("/dev/shm")
    except FileNotFoundError:
        return "none"
    return f"{size.total / 2**20:,.0f} MiB, {size.free / 2**20:,.0f} free"


def _kernels() -> str:
    """Where compiled kernels are kept, once something was written there."""
    import tempfile

    from ..kept import place

    folder, refused = place()
    if folder is None:
        raise _Bad(f"kept nowhere, so that each process compiles them; {refused or 'no folder can be written to'}")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _Bad(f"kept in {folder}, which cannot be written to: {error.strerror}") from error
    return f"kept in {folder}" + (f", since {refused}" if refused else "")


def _extras() -> dict[str, list[str]]:
    """Each extra, and what of it is not installed; none are known where the package itself is not installed."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        declared = requires(PACKAGE) or []
    except PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for line in declared:
        if each := re.match(r"([\w.-]+).*\bextra *== *['\"]([\w-]+)['\"]", line):
            missing = found.setdefault(each[2], [])
            if _version(each[1]) is None:
                missing.append(each[1])
    found.pop("dev", None)
    return found


def _compared(name: str) -> str:
    """A policy beside its reference; other hits are bad."""
    from ..simulation import simulate
    from ..trace import Trace

    hits = simulate(Trace(TINY, 11), name, CAPACITY, seed=SEED).tolist()
    expected = [bool(hit) for hit in policies.load(name).reference(TINY, CAPACITY, SEED)]
    wrong = [t for t, (hit, other) in enumerate(zip(hits, expected, strict=True)) if hit != other]
    if wrong:
        raise _Bad(f"wrong: {len(wrong)} of {len(hits)} accesses, the first at {wrong[0]}")
    return "OK"


def _homeless(text: str) -> str:
    """Without the name of the user, which the home folder's often has."""
    try:
        home = str(Path.home())
    except RuntimeError:  # there is none
        return text
    for each in {home, os.path.realpath(home)} - {os.sep}:
        text = re.sub(rf"{re.escape(each)}(?![\w.-])", "~", text)
    return text
