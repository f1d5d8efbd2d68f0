"""The page of one reader: its controls, what they show, and the one thread that computes it."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any

import panel as pn

from ..text import html
from .controls import controls, place, sections, show, state_of, text
from .looks import FILE, GRID, area
from .newest import Newest
from .state import DEFAULT, GIVEN, Given, State, checked, from_query, to_query

BUSY = "Computing …"
FIRST = "Compiling what counts, once: it is kept, and this takes half a minute or so the first time …"
PATIENCE = 0.4  # seconds
COPY = "navigator.clipboard.writeText(window.location.href)"
BACK = "<script>addEventListener('popstate', () => location.search ? location.reload() : history.back())</script>"
ENDINGS = {"table": "csv", "figure": "svg", "script": "py"}


class Page:
    """Widgets and panes of one reader. A newer change replaces the one that is still computed."""

    def __init__(self, given: Given | None, query: str, ready: "Future[Any] | None" = None) -> None:
        self.given, self.ready = given, ready
        self.state, self.refused = _begun(given, query)
        self.adopting = given is not None and given.is_loader and not query.strip("?")
        self.placing = False
        self.picture: Any = None
        self.changes, self.done, self.lock = 0, 0, threading.Lock()
        self.worker = Newest()
        self.location = pn.state.location
        self.widgets = controls(self.state, given)
        self.told, self.figure, self.rest = text(), text(), text()
        for name, widget in self.widgets.items():
            widget.param.watch(self.change, "value_throttled" if name == "size" else "value")
        self.loaded = threading.Event()  # before it, what is shown might be lost on its way
        if pn.state.curdoc is None:
            self.load()
        else:
            pn.state.onload(self.load)
        self.begin()

    def load(self) -> None:
        """Begin to show: there is a page to show it on."""
        self._write()
        self.loaded.set()

    def layout(self) -> Any:
        """All of it."""
        saves = [
            pn.widgets.FileDownload(
                callback=partial(self.saved, name), filename=f"{FILE}.{end}", label=f"Save the {name}", width=130
            )
            for name, end in ENDINGS.items()
        ]
        link = pn.widgets.Button(label="Copy the link", width=130)
        link.js_on_click(code=COPY)
        back = "" if self.location is None else BACK
        parts = {
            "head": [text(f"<h1>simcache explore</h1>{back}")],
            "picture": [self.told, self.figure, pn.FlexBox(*saves, link)],
            "choices": sections(self.widgets),
            "verdict": [self.rest],
        }
        return pn.Column(
            *(pn.Column(*each, sizing_mode="stretch_width", stylesheets=[area(name)]) for name, each in parts.items()),
            sizing_mode="stretch_width",
            stylesheets=[GRID],
        )

    def change(self, *_: Any) -> None:
        """Take what the controls say, and compute it in place of what is computed now."""
        if self.placing:
            return
        try:
            state = checked(state_of(self.widgets))
        except ValueError as error:
            with self.lock:
                self.changes += 1  # what is computed now is no more what the controls say
                self.say([str(error)])
            return
        show(self.widgets, state, self.given)
        self.state, self.refused, self.adopting = state, "", False
        self.begin()

    def begin(self) -> None:
        """Write the state to the address, and have it computed unless a newer one comes first."""
        if self.loaded.is_set():
            self._write()
        with self.lock:
            self.changes += 1
            if not self.loaded.is_set():
                self.say([], BUSY)
            self.worker.run(partial(self.compute, self.state, self.changes))
            patient = threading.Timer(PATIENCE, self.still, [self.changes])  # what is quick need not be announced
        patient.daemon = True
        patient.start()

    def still(self, number: int) -> None:
        """Say that a change is still computed, if it is."""
        with self.lock:
            if self.done < number == self.changes and self.loaded.is_set():
                self.say([], BUSY)

    def compute(self, state: State, number: int) -> None:
        """Show the picture of a state, then the rest, each as soon as it is there."""

        def wanted() -> bool:
            return number == self.changes

        if self.ready is not None:
            self.ready.result()
        self.announce(number)
        from . import computing, showing

        wrong = [self.refused] if self.refused else []
        try:
            if self.adopting and wanted():
                state = computing.adopted(state, self.given)
                self.loaded.wait()
                self.adopt(state)
            picture = computing.picture(state, self.given, wanted)
            figure, table = showing.figure(picture), showing.table(picture, state)
        except computing.Stale:
            return
        except Exception as error:
            picture, figure, table = None, "", ""
            wrong.append(_sentence(error))
        self.loaded.wait()
        with self.lock:
            if not wanted():
                return
            self.picture, self.figure.object = picture, figure
        try:
            verdict = showing.verdict(computing.verdict(state, self.given))
        except Exception as error:
            verdict = ""
            wrong.append(_sentence(error))
        with self.lock:
            if wanted():
                self.done = number
                self.rest.object = showing.marked(state, verdict + table)
                self.say(list(dict.fromkeys(wrong)))

    def announce(self, number: int) -> None:
        """Say that kernels are compiled first, where none are kept."""
        from ..kept import place as kept

        folder = kept().folder
        if folder is None or not any(folder.glob("*/*.nbi")):
            self.loaded.wait()
            with self.lock:
                if number == self.changes:
                    self.say([], FIRST)

    def adopt(self, state: State) -> None:
        """Have the controls and the address say what was read of the loader that was given."""
        self.placing = True
        try:
            place(self.widgets, state)
        finally:
            self.placing = False
        self.state, self.adopting = state, False
        self._write()

    def _write(self) -> None:
        if self.location is not None:
            self.location.search = f"?{to_query(self.state)}"

    def say(self, wrong: list[str], busy: str = "") -> None:
        """What is wrong, and whether more is to come, above the figure."""
        lines = [f'<p class="wrong" role="alert">{html(each)}</p>' for each in wrong]
        self.told.object = "".join([*lines, f'<p class="busy" role="status">{busy}</p>' if busy else ""])

    def saved(self, name: str) -> BytesIO:
        """What is shown now, as the file of that name."""
        if self.picture is None:  # nor is it on the page
            return BytesIO()
        found = getattr(self.picture, name)
        return BytesIO(
            found if name == "figure" else (found.to_csv(index=False) if name == "table" else found).encode()
        )

    def end(self, *_: Any) -> None:
        """Compute no more."""
        self.changes += 1
        self.loaded.set()
        self.worker.end()


def _begun(given: Given | None, query: str) -> tuple[State, str]:
    """The state that an address asks for, or the first one and what is wrong with the address."""
    start = DEFAULT if given is None else replace(DEFAULT, workload=GIVEN)
    try:
        state = from_query(query, start)
        if state.workload == GIVEN and given is None:
            raise ValueError("it asks for a trace or a loader that this page was not given")
    except ValueError as error:
        return start, f"The address is broken, so this is where the page begins: {error}"
    return state, ""


def _sentence(error: Exception) -> str:
    """An error as the page says it."""
    if isinstance(error, ValueError | TypeError | OSError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}"
