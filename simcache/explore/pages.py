"""The page of one reader: its controls, what they show, and the one thread that computes it."""

import threading
from collections.abc import Callable
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
from .state import DEFAULT, GIVEN, SHAPE, Given, State, checked, from_query, to_query

BUSY = "Computing …"
FIRST = "Compiling what counts, which takes half a minute or so the first time …"
DEAF = (
    "<p>If a change brings no answer: pip install pyviz_comms where Jupyter itself runs, and start it again; "
    "or run simcache explore in a terminal.</p>"
)
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
        self.changes, self.done, self.busy, self.lock = 0, 0, BUSY, threading.RLock()
        self.worker = Newest()
        self.location = pn.state.location
        self.widgets = controls(self.state, given)
        self.told, self.figure, self.rest = text(), text(), text()
        self.saves = [
            pn.widgets.FileDownload(
                callback=partial(self.saved, name), filename=f"{FILE}.{end}", label=f"Save the {name}", width=130,
                disabled=True,
            )
            for name, end in ENDINGS.items()
        ]  # fmt: skip
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
        with self.lock:
            self.loaded.set()
            if self.done < self.changes:
                self.say([], self.busy)

    def layout(self) -> Any:
        """All of it."""
        title, link = "<h1>simcache explore</h1>", pn.widgets.Button(label="Copy the link", width=130)
        link.js_on_click(code=COPY)
        served = self.location is not None  # a notebook's address is its own
        parts = {
            "head": [text(title + (BACK if served else DEAF))],
            "picture": [self.told, self.figure, pn.FlexBox(*self.saves, *[link] * served)],
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
        with self.lock:
            if self.placing:
                return
            try:
                state = checked(state_of(self.widgets))
            except ValueError as error:
                self.changes += 1  # what is computed now is no more what the controls say
                self.done = self.changes
                self.say([str(error)])
                return
            show(self.widgets, state, self.given)
            same = all(getattr(state, name) == getattr(self.state, name) for name in ("workload", *SHAPE))
            self.adopting = self.adopting and same  # else the loader's shape is not known yet, and nobody chose another
            self.state, self.refused = state, ""
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
                self.say([], self.busy)

    def compile(self) -> None:
        """Say that kernels are compiled, and go on saying it until something is shown."""
        with self.lock:
            if self.done < self.changes:
                self.busy = FIRST
                if self.loaded.is_set():
                    self.say([], FIRST)

    def compute(self, state: State, number: int) -> None:
        """Show what a state asks for, or what went wrong."""
        try:
            if self.ready is not None:
                self.ready.result()
            from .compiling import told

            with told(self.compile):
                self.compute_all(state, number)
        except Exception as error:  # else the thread would end, and the page wait for ever
            self.loaded.wait()
            with self.lock:
                if number == self.changes:
                    self.finish(number, [_sentence(error)])

    def compute_all(self, state: State, number: int) -> None:
        """Show the picture of a state, then the rest, each as soon as it is there."""
        from . import computing, showing

        def wanted() -> bool:
            return number == self.changes

        wrong = [self.refused] if self.refused else []
        try:
            if self.adopting and wanted():
                state = self.adopt(computing.adopted(state, self.given), wanted)
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
            for each in self.saves:
                each.disabled = picture is None
        try:
            verdict = showing.verdict(computing.verdict(state, self.given))
        except Exception as error:
            verdict = ""
            wrong.append(_sentence(error))
        with self.lock:
            if wanted():
                self.rest.object = showing.marked(state, verdict + table)
                self.finish(number, wrong)

    def adopt(self, state: State, wanted: Callable[[], bool]) -> State:
        """Have the controls and the address say what was read of the loader that was given, unless a newer change came.

        It gives what they say then.
        """
        self.loaded.wait()
        with self.lock:
            if wanted():
                self.placing = True
                try:
                    place({name: self.widgets[name] for name in SHAPE}, state)
                finally:
                    self.placing = False
                self.state, self.adopting = state, False
                self._write()
        return state

    def finish(self, number: int, wrong: list[str]) -> None:
        """Say what is wrong with a change that is done."""
        self.done, self.busy = number, BUSY
        self.say(list(dict.fromkeys(wrong)))

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
        from ..printing import csv

        found = getattr(self.picture, name)
        return BytesIO(found if name == "figure" else (csv(found) if name == "table" else found).encode())

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
