"""The page on this machine alone, and in a notebook."""

import errno
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import panel as pn

from ..checks import whole
from .looks import PAGE
from .pages import Page
from .state import Given

if TYPE_CHECKING:
    from ..trace import Trace

ADDRESS = "127.0.0.1"  # nobody else's
TITLE = "simcache explore"


def page(trace: "Trace | Given | None" = None) -> Any:
    """The explorer in a notebook: the page of `simcache explore`, below the cell.

    Parameters
    ----------
    trace : Trace, optional
        A trace of your own, to begin with; any law of `synth` can be chosen in its place.

    Returns
    -------
    panel.viewable.Viewable
        What a notebook shows.

    Raises
    ------
    TypeError
        When it is no trace.

    Examples
    --------
    >>> from simcache import explore, synth
    >>> shown = explore.page(synth.loop(3, 9))
    """
    from ..trace import Trace  # here: the page of a server begins before what computes

    if isinstance(trace, Trace):
        trace = _as_given(trace)
    elif trace is not None and not isinstance(trace, Given):
        raise TypeError(f"trace must be a Trace or None, got {type(trace).__name__}")
    if "ipykernel" in sys.modules and pn.state.curdoc is None:
        pn.extension(inline=True)  # with all that it needs: nothing is fetched
    return Page(trace, "").layout()


def serve(given: Given | None = None, *, port: int = 0, show: bool = True, say: Callable[[str], None] = print) -> None:
    """Serve the page, to this machine alone, until Ctrl-C; what ``simcache explore`` runs.

    Parameters
    ----------
    given : Given, optional
        A trace or a loader to begin with.
    port : int
        0 takes any that is free.
    show : bool
        Open it in a browser.
    say : callable
        Is told where the page is.

    Raises
    ------
    TypeError
        When the port is no whole number.
    ValueError
        When it is none of 0 … 65535, or is taken.

    Examples
    --------
    >>> from simcache import explore
    >>> explore.serve(port=8000)  # doctest: +SKIP
    simcache explore: http://127.0.0.1:8000/ (Ctrl-C ends it)
    """
    server = started(given, port)
    say(f"{TITLE}: http://{ADDRESS}:{server.port}/ (Ctrl-C ends it)")
    if show:
        server.io_loop.add_callback(server.show, "/")
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


def _as_given(trace: "Trace") -> Given:
    """A trace that is there already; its script asks for a file of it."""
    name = f"{trace.name}.npz"
    lines = f"given = Trace.load({name!r})  # write it first: trace.save({name!r})"
    return Given(trace.name, lambda _: (trace, None), lambda _: lines)


def started(given: Given | None = None, port: int = 0) -> Any:
    """A server that answers once its `io_loop` runs.

    Raises
    ------
    TypeError, ValueError
        When the port is no whole number 0 … 65535, or is taken.
    """
    free = _free(whole(port, "port", 0, 65535))
    warm = ThreadPoolExecutor(1, "simcache-load")
    ready = warm.submit(_load)

    def one() -> Any:
        pn.config.raw_css = [PAGE]
        query = pn.state.location.search if pn.state.location is not None else ""
        each = Page(given, query or "", ready)
        pn.state.on_session_destroyed(each.end)
        return each.layout()

    origins = [f"{ADDRESS}:{free}", f"localhost:{free}"]
    server = pn.serve(one, free, ADDRESS, websocket_origin=origins, show=False, start=False, verbose=False, title=TITLE)
    server.start()
    return server


def _load() -> None:
    """What draws and computes, while the browser still loads the page."""
    import os

    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"  # files alone: no window, whatever the shell says
    from . import computing, showing

    _ = computing, showing


def _free(port: int) -> int:
    """That port, or any free one for 0."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((ADDRESS, port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "another program has it" if error.errno == errno.EADDRINUSE else "it is kept for the administrator"
            raise ValueError(f"the port must be free, got {port}: {why}; --port 0 takes any") from None
        return int(trial.getsockname()[1])
