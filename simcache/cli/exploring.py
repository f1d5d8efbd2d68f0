"""explore: a local page to choose a workload, policies and a loader, and see curves, theory and the verdict."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .completing import targets
from .options import whole
from .streams import say

if TYPE_CHECKING:
    from ..explore import Given

FORM = "a trace, .npz or .trace, or a loader as module:loader, e.g. train:loader"
PORT = 5010


def explore(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[TRACE | module:loader]",
            autocompletion=targets,
            help="What to begin with; without it, shuffled epochs.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(metavar="N", parser=whole, help="Where it listens; 0: any that is free.")] = PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Open a page to explore: curves with theory over them, OPT's lead, and the verdict, as you choose.

    It listens on this machine alone. Its address holds all that is chosen, so a link brings it back; a link never names
    files or code: those are the ones named here. It needs the extra explore.

    Examples
    --------
    simcache explore
    simcache explore zipf.npz --port 8000 --no-browser
    """
    if not 0 <= port < 1 << 16:
        raise ValueError(f"port must be a whole number 0 … 65535, got {port}")
    if target is not None and not (Path(target).suffix.lower() in (".npz", ".trace") or ":" in target):
        raise ValueError(f"what to explore must be {FORM}; got {target!r}")
    try:
        from ..explore import Given, serve
    except ModuleNotFoundError as error:
        if "simcache[explore]" not in str(error):
            raise
        raise ValueError("explore needs Panel: pip install 'simcache[explore]'") from None
    given = None if target is None else _loader(target, Given) if ":" in target else _trace(Path(target), Given)
    serve(given, port=port, show=browser, say=say)


def _trace(path: Path, given: "type[Given]") -> "Given":
    from .input import read_trace

    lines = f"given = Trace.load({str(path.absolute())!r})"
    return given(path.name, lambda _: (read_trace(path), None), lambda _: lines)


def _loader(target: str, given: "type[Given]") -> "Given":
    """A loader of the user's own: imported, and called where it is a function, when the page first asks for it."""
    made: list[str] = []

    def read(epochs: int) -> tuple[Any, Any]:
        from ..loader import of
        from .finding import find

        found = find(target, "what to explore", FORM)
        calls = callable(found) and not hasattr(found, "dataset")
        made[:] = ["()" if calls else ""]
        return of(found() if calls else found, epochs)

    def lines(epochs: int) -> str:
        module, _, name = target.partition(":")
        return (
            f"import sys\n\nsys.path.insert(0, {sys.path[0]!r})\nimport {module}\nfrom simcache.loader import of\n\n"
            f"given, _ = of({module}.{name}{''.join(made)}, {epochs})"
        )

    return given(target, read, lines, is_loader=True)
