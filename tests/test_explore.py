"""The explorer: what it shows is what the library says, a link is data, and its script draws the same figure."""

import asyncio
import importlib.util
import inspect
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from simcache import Trace, explain, hit_curve, synth
from simcache.cli import exploring, main
from simcache.cli.exploring import PORT
from simcache.loader import Costs, Loader

pytest.importorskip("panel", reason="needs Panel, the extra explore", exc_type=ImportError)

from simcache.explore import computing, pages, serving, workloads
from simcache.explore.controls import LABELS, SAID, state_of
from simcache.explore.controls import text as pane_of
from simcache.explore.looks import FILE
from simcache.explore.newest import Newest
from simcache.explore.state import (
    BYPASS,
    DEFAULT,
    EXACT,
    GIVEN,
    KINDS,
    LAWS,
    LIMITS,
    PARAMETERS,
    POLICIES,
    SEEDLESS,
    WORDS,
    Given,
    State,
    from_query,
    parameters,
    to_query,
)  # fmt: skip

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
browsing = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None, reason="needs Chromium and playwright"
)
SMALL = replace(DEFAULT, n_items=60, n_accesses=900, epochs=5, buffer=7, batch_size=5)


@pytest.fixture(autouse=True)
def no_thread_goes_on(monkeypatch):
    """What a page draws after its test would change Matplotlib's settings under others: they are of the process."""
    made, begin = [], Newest.__init__

    def begun(self):
        begin(self)
        made.append(self)

    monkeypatch.setattr(Newest, "__init__", begun)
    yield
    for each in made:
        each.end()
        each.thread.join(60)
    assert not [each for each in made if each.thread.is_alive()]


# Everything that a law, a figure and a loader can be asked for, some at a time.
VARIED = {
    "a buffer, endless": {"workload": "shuffle_buffer", "drain": False, "warmup": 80, "x": "capacity"},
    "a loop": {"workload": "loop", "policies": ("lru", "rr", "lfu")},
    "uniform phases": {"workload": "uniform", "phases": 3, "trace_seed": 5},
    "zipf, warm": {"workload": "zipf", "alpha": 0.8, "warmup": 200, "used": "sieve"},
    "a ring": {"workload": "ring", "jump": 0.2, "probability": 0.3, "warmup": 100},
    "a directed ring": {"workload": "ring", "directed": True, "warmup": 100},
    "a chain": {"workload": "markov", "warmup": 10, "seed": 3},
    "ranks and times": {"world_size": 2, "shared": "node", "num_workers": 0, "t_miss": 0.01, "t_step": 0.02},
    "its lead on a law": {"workload": "zipf", "view": "gap"},
    "its lead, repeated": {"view": "gap", "policies": (BYPASS, "lru"), "x": "capacity"},
}


# ---------------------------------------------------------------- the address


def values(name):
    kind = KINDS[name]
    if name in WORDS:
        return st.sampled_from(WORDS[name])
    if kind is tuple:
        return st.sets(st.sampled_from(POLICIES)).map(lambda some: tuple(sorted(some, key=POLICIES.index)))
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(*LIMITS[name])
    if name == "size":
        return st.floats(0, 1, exclude_min=True)
    return st.floats(allow_nan=False, allow_infinity=False) if kind is float else st.text(max_size=50)


@drawn(st.builds(State, **{name: values(name) for name in KINDS}))
def test_an_address_holds_all_of_a_state(state):
    assert from_query(f"?{to_query(state)}") == state


@drawn(st.text(max_size=80) | st.dictionaries(st.sampled_from(list(KINDS)), st.text(max_size=20)).map(str))
def test_an_address_is_a_state_or_refused(text):
    try:
        state = from_query(text)
    except ValueError as error:
        told = str(error)
        state = DEFAULT
    else:
        told = ""
    assert "\n" not in told
    assert from_query(to_query(state)) == state


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("worklod=zipf", "did you mean 'workload'"),
        ("workload=/etc/passwd", "workload must be one of"),
        ("workload=os:getcwd", "workload must be one of"),
        ("policies=lru,./mine.py", "unknown policy './mine.py'"),
        ("used=my.module", "used must be one of"),
        ("epochs=3&epochs=4", "epochs must be given once"),
        ("epochs=3.5", "epochs must be a whole number"),
        ("epochs=0", "epochs must be a whole number 1 … 10,000"),
        ("size=0", "size must be a share"),
        ("alpha=nan", "alpha must be a finite number"),
        ("drain=yes", "drain must be true or false"),
        ("matrix=" + "1" * 9000, "at most 8000 characters"),
        (f"seed={2**60}", f"seed must be a whole number 0 … {EXACT:,}"),
    ],
)
def test_a_broken_address_says_what_is_wrong(query, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        from_query(query)


def test_an_address_that_asks_for_what_was_not_given_opens_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(Trace, "load", lambda *_: pytest.fail("a file was opened"))
    with pytest.raises(ValueError, match="no trace and no loader was given"):
        workloads.trace_of(replace(SMALL, workload=GIVEN), None)


@pytest.mark.parametrize("notebook", ["03-why-opt-does-not-help", "05-data-loader"])
def test_the_links_of_notebooks_open_their_question(notebook):
    text = (ROOT / f"notebooks/{notebook}.ipynb").read_text()
    (link,) = re.findall(r"\]\((http://127\.0\.0\.1:\d+/[^)]*)\)", text)
    assert urlsplit(link).port == PORT
    state = from_query(urlsplit(link).query)
    assert f"n_items, epochs = {state.n_items:_}, {state.epochs}\\n" in text
    assert computing.verdict(state, None).verdict == ("epochs" if notebook.startswith("03") else "dying")


@pytest.mark.parametrize("law", LAWS)
def test_parameters_are_those_of_synth(law):
    names = tuple(inspect.signature(getattr(synth, law)).parameters)
    assert names == (*PARAMETERS[law], *(() if law in SEEDLESS else ("seed",)))


def test_the_page_begins_without_what_computes():
    heavy = ("numba", "matplotlib", "simcache.synth")
    code = f"import sys, simcache.explore; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}) == b"[]\n"


# ---------------------------------------------------------------- what is computed


@pytest.mark.parametrize("case", VARIED)
def test_numbers_are_the_library_s(case):
    state = replace(SMALL, **VARIED[case])
    picture, found = computing.picture(state, None), computing.verdict(state, None)
    trace = workloads.trace_of(state, None)
    shape = Loader(5, state.num_workers, state.world_size, persistent_workers=state.num_workers > 0)
    costs = Costs(0, state.t_miss, 0, state.t_step) if state.t_miss else None
    same = explain(
        trace, shape, round(60 / 4) if trace.n_items == 60 else 1, policy=state.used, shared=state.shared, costs=costs
    )
    assert found.to_json() == same.to_json()
    if state.view == "curves":
        for label, rows in picture.table.groupby("policy", sort=False):
            policy = ("opt", {"bypass": True}) if label == BYPASS else label
            expected = hit_curve(trace, policy, rows["capacity"], seed=state.seed, warmup=state.warmup)
            pd.testing.assert_frame_equal(rows.drop(columns="theory").reset_index(drop=True), expected)
    assert picture.figure.startswith(b"<?xml")


@pytest.mark.parametrize("law", LAWS)
def test_forms_lie_on_simulations(law):
    """In the long run, of many items; one that counts something else would be far off."""
    long = {"n_items": 500, "n_accesses": 100_000, "epochs": 60, "buffer": 100, "alpha": 0.8, "warmup": 20_000}
    state = replace(DEFAULT, workload=law, policies=(BYPASS, "lru", "fifo", "rr", "lfu"), **long)
    if law == "markov":
        side = 64
        rows = [[0.5 / side + (0.5 if j == (i * 5 + 1) % side else 0) for j in range(side)] for i in range(side)]
        state = replace(state, matrix=";".join(",".join(map(str, row)) for row in rows))
    for warmup in (20_000, 0):
        table = computing.picture(replace(state, warmup=warmup), None).table
        told = table[table["theory"].notna() & (table["fraction"] >= 0.1)]
        if warmup:
            assert ({"lru"} if law == "markov" else {"lru", BYPASS}) <= set(told["policy"])
        off = (told["theory"] - told["hit_rate_warm" if warmup else "hit_rate"]).abs()
        assert off.empty or off.max() < 0.03, told.assign(off=off).nlargest(3, "off")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policies": ()}, "choose at least one policy"),
        ({"view": "gap", "policies": (BYPASS, "opt")}, "choose a policy besides OPT"),
        ({"n_items": 2000, "epochs": 1001}, "at most 2,000,000 accesses a change, got 2,002,000"),
        ({"workload": "zipf", "n_accesses": 1_000_000, "phases": 3}, "at most 2,000,000 accesses"),
        ({"workload": "loop", "n_items": 1, "n_accesses": 20_000}, "at most 10,000 epochs"),
        ({"view": "gap", "n_items": 1000, "epochs": 300}, "at most 2,000,000 accesses"),
        ({"workload": "zipf", "alpha": -1.0}, "alpha must be"),
        ({"workload": "markov", "matrix": "1,2;x"}, "a matrix must be rows of numbers"),
        ({"workload": "markov", "matrix": "1,0;1"}, "a matrix must be rows of numbers"),
        ({"probability": 2.0}, "probability must be"),
        ({"warmup": 2_000_000}, "must have values"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_sentence(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        computing.picture(replace(SMALL, **change), None)
    assert "\n" not in str(caught.value)


def test_what_was_given_and_fails_is_told_in_a_sentence(tmp_path):
    def fails(epochs):
        raise RuntimeError("no data here")

    given = replace(SMALL, workload=GIVEN)
    with pytest.raises(ValueError, match="train:loader cannot be read: RuntimeError: no data here"):
        computing.picture(given, Given("train:loader", fails, str, is_loader=True))
    (tmp_path / "bad.npz").write_text("no zip")
    for path in (tmp_path / "bad.npz", tmp_path / "none.npz"):
        with pytest.raises(ValueError, match=f"{path.name} cannot be read: "):
            computing.picture(given, exploring._trace(path, Given))


@pytest.mark.torch
def test_a_real_loader_gives_its_order_and_shape(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)
    text = "from torch.utils.data import DataLoader\ndef make():\n    return DataLoader(range(60), 7, shuffle=True)\n"
    (tmp_path / "explored.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    given = exploring._loader("explored:make", Given)
    state = computing.adopted(replace(SMALL, workload=GIVEN), given)
    assert (state.batch_size, state.num_workers, state.persistent_workers) == (7, 0, False)
    assert computing.verdict(state, given).setting["accesses"] == 60 * SMALL.epochs
    assert "given, _ = of(explored.make(), 5)" in computing.picture(state, given).script


def test_a_newer_change_stops_an_older():
    with pytest.raises(computing.Stale):
        computing.picture(replace(SMALL, trace_seed=99), None, wanted=lambda: False)


# ---------------------------------------------------------------- the page, without a browser


def awaited(pane, holds):
    """An event that is set once what the pane says holds."""
    found = threading.Event()
    pane.param.watch(lambda _: found.set() if holds(pane.object) else None, "object")
    if holds(pane.object):
        found.set()
    return found


def test_a_change_while_a_loader_is_read_stays_and_its_shape_is_taken():
    reading, go = threading.Event(), threading.Event()

    def read(epochs):
        reading.set()
        assert go.wait(60)
        return synth.shuffled(30, epochs), Loader(7, 3)

    page = pages.Page(Given("slow", read, str, is_loader=True), "")
    assert all(each.disabled for each in page.saves)  # there is nothing to save yet
    shown = awaited(page.rest, lambda html: "epochs=4" in html)
    assert reading.wait(60)
    page.widgets["epochs"].value = 4
    go.set()
    assert shown.wait(60)
    assert state_of(page.widgets) == page.state == replace(page.state, epochs=4, batch_size=7, num_workers=3)
    assert not any(each.disabled for each in page.saves)
    page.end()


def test_it_says_that_kernels_are_compiled_until_something_is_shown(monkeypatch):
    import numba

    said, picture = [], computing.picture

    def compiling(*arguments):
        numba.njit(lambda number: number + 1)(1)
        page.still(page.changes)  # the clock's word, which may come at any time
        said.append(page.told.object)
        return picture(*arguments)

    monkeypatch.setattr(computing, "picture", compiling)
    page = pages.Page(None, to_query(SMALL))
    assert awaited(page.rest, bool).wait(60)
    page.end()
    assert pages.FIRST in said[0]


def test_what_cannot_be_loaded_is_told_too():
    from concurrent.futures import Future

    ready = Future()
    ready.set_exception(ImportError("no such library"))
    page = pages.Page(None, to_query(SMALL), ready)
    told = awaited(page.told, lambda html: "ImportError: no such library" in html)
    assert told.wait(60)
    page.end()


def test_in_a_notebook_it_says_what_carries_answers():
    """And has no link to copy: the address is the notebook's."""
    page = pages.Page(None, to_query(SMALL))
    said = [f"{getattr(it, 'object', '')} {getattr(it, 'label', '')}" for it in page.layout().select()]
    page.end()
    assert any("Save the script" in each for each in said)
    assert not any("Copy the link" in each for each in said)
    assert any("pip install pyviz_comms" in each for each in said)


def test_a_change_of_text_links_no_style_sheet_anew():
    """Where there is no server of Panel's, its links lead to its CDN."""
    pane = pane_of("before")
    shown = pane.get_root()
    shown.stylesheets = []
    pane.object = "after"
    assert (shown.text, shown.stylesheets) == ("after", [])


# ---------------------------------------------------------------- the script


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A trace in a file, and as it is given to a page."""
    path = tmp_path_factory.mktemp("given") / "zipf.npz"
    trace = synth.zipf(40, 800, 1.0)
    trace.save(path)
    return Given("zipf.npz", lambda _: (Trace.load(path), None), lambda _: f"given = Trace.load({str(path)!r})")


def test_scripts_draw_the_same_bytes(tmp_path, outside):
    """All in one process, as starting one takes seconds; the browser's download is run in one of its own."""
    some = ("a buffer, endless", "uniform phases", "a ring", "a chain", "its lead, repeated")
    states = [replace(SMALL, **VARIED[name]) for name in some]
    states += [replace(SMALL, workload=GIVEN, view="gap")]
    pictures = [computing.picture(state, outside) for state in states]
    for number, picture in enumerate(pictures):
        (tmp_path / f"s{number}").mkdir()
        (tmp_path / f"s{number}/script.py").write_text(picture.script)
    each = "os.chdir(f's{k}'); runpy.run_path('script.py'); os.chdir('..')"
    run = f"import os, runpy\nfor k in range({len(states)}): {each}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-W", "error", "-c", run], cwd=tmp_path, env=environment, check=True)
    for number, picture in enumerate(pictures):
        assert (tmp_path / f"s{number}/{FILE}.svg").read_bytes() == picture.figure, states[number]


# ---------------------------------------------------------------- the command


def run(capsys, *arguments):
    code = main(["explore", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_port_that_is_taken_costs_a_line(capsys):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run(capsys, "--no-browser", "--port", str(port))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"the port must be free, got {port}" in err


def test_a_port_that_is_not_ours_to_take_is_not_said_to_be_taken(monkeypatch):
    import errno
    import socket

    def refused(*_):
        raise PermissionError(errno.EACCES, "permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(ValueError, match="the port must be free, got 80: it is kept for the administrator"):
        serving.serve(port=80)


@pytest.mark.parametrize(("port", "error"), [(70_000, ValueError), ("80", TypeError), (True, TypeError)])
def test_what_is_no_port_is_refused(port, error):
    with pytest.raises(error, match="port must be a whole number 0 … 65535, got"):
        serving.serve(port=port)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--port", "70000"], "port must be a whole number 0 … 65535"), (["lru"], "what to explore must be a trace")],
)
def test_bad_arguments_cost_a_line(capsys, arguments, message):
    code, out, err = run(capsys, "--no-browser", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_without_panel_the_command_says_how_to_install_it():
    code = "import sys; sys.modules['panel'] = None; from simcache.cli import main; sys.exit(main(['explore']))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: explore needs Panel: pip install 'simcache[explore]'\n"


def test_a_page_for_a_notebook_is_of_the_trace():
    trace = synth.zipf(30, 400, 1.0)
    assert "zipf-1.0" in str(serving.page(trace))
    with pytest.raises(TypeError, match="trace must be a Trace or None, got list"):
        serving.page([1, 2])


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def served(outside):
    """A server in this process, whose loop runs in a thread."""
    made, up = [], threading.Event()

    def work():
        asyncio.set_event_loop(asyncio.new_event_loop())
        server = serving.started(outside)
        made.append(server)
        server.io_loop.add_callback(up.set)
        server.io_loop.start()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    up.wait()
    yield f"http://127.0.0.1:{made[0].port}/"
    made[0].io_loop.add_callback(made[0].io_loop.stop)
    thread.join()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium, served):
    """Opens pages that may ask nobody but the server, nor complain."""
    context = chromium.new_context(accept_downloads=True, viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(120_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    wrong = []

    def opened(query=""):
        page = context.new_page()
        page.on(
            "request",
            lambda it: (
                wrong.append(it.url) if urlsplit(it.url).scheme == "http" and not it.url.startswith(served) else None
            ),
        )
        page.on("console", lambda it: wrong.append(it.text) if it.type in ("error", "warning") else None)
        page.on("pageerror", lambda it: wrong.append(str(it)))
        page.goto(f"{served}?{query}" if query else served)
        return page

    yield opened
    context.close()
    assert wrong == []


def settled(page):
    """The state that the page is at, once all of it is shown."""
    page.wait_for_url("**?workload=*")
    state = from_query(urlsplit(page.url).query)
    page.locator(f"[data-of='{to_query(state)}']").wait_for(state="attached")
    page.locator("p.busy").wait_for(state="detached")
    return state


def cells(page, css):
    """A table that is shown, as text."""
    return page.locator(css).evaluate(
        "it => Array.from(it.tBodies[0].rows, row => Array.from(row.cells, cell => cell.textContent))"
    )


def agrees(page, state, given=None):
    """Whether the figure and the numbers on the page are the library's for that state."""
    trace = workloads.trace_of(state, given)
    page.locator("details").evaluate("it => it.open = true")  # else its text is not shown
    policies = {label: ("opt", {"bypass": True}) if label == BYPASS else label for label in state.policies}
    sizes = computing.sizes_of(trace.n_items)
    rows = cells(page, "details table")
    assert [int(row[0].replace(",", "")) for row in rows] == list(sizes)
    for column, policy in enumerate(policies.values(), 2):
        curve = hit_curve(trace, policy, sizes, seed=state.seed, warmup=state.warmup)[state.y]
        assert [row[column] for row in rows] == [f"{rate:.4f}" for rate in curve]
    shape = Loader(
        state.batch_size, state.num_workers, state.world_size, drop_last=state.drop_last,
        persistent_workers=state.persistent_workers and state.num_workers > 0, prefetch_factor=state.prefetch_factor,
    )  # fmt: skip
    times = (state.t_hit, state.t_miss, state.t_prep, state.t_step)
    used = ("opt", {"bypass": True}) if state.used == BYPASS else state.used
    found = explain(
        trace, shape, state.capacity(trace.n_items), policy=used, shared=state.shared,
        costs=Costs(*times) if any(times) else None,
    )  # fmt: skip
    shown = page.locator(".reasons").inner_text()
    assert found.headline in shown
    assert all(reason.text in shown for reason in found.reasons)
    rates = {row[0]: row[1] for row in cells(page, ".reasons table >> nth=0")}
    assert rates == {row["policy"]: f"{row['hit_rate']:.3f}" for row in found.table.to_dict("records")}
    changes = [row[0] for row in cells(page, ".reasons table >> nth=1")]
    assert changes == found.advice["change"].tolist()


TYPED = {
    "n_items": "70", "epochs": "6", "buffer": "9", "n_accesses": "800", "alpha": "0.7", "jump": "0.3",
    "matrix": "0,1;.5,.5", "trace_seed": "4", "phases": "2", "probability": "0.25", "seed": "8", "warmup": "90",
    "num_workers": "3", "world_size": "2", "batch_size": "7", "prefetch_factor": "3", "t_hit": "0.001",
    "t_miss": "0.02", "t_prep": "0.003", "t_step": "0.05",
}  # fmt: skip
CHOSEN = {"used": "fifo", "shared": "rank", "x": "capacity", "view": "gap"}
TICKED = ("drain", "directed", "persistent_workers", "drop_last")


def test_it_listens_to_this_machine_alone(served):
    listening = [it.laddr for it in psutil.Process().net_connections() if it.status == psutil.CONN_LISTEN]
    assert ("127.0.0.1", urlsplit(served).port) in listening
    assert {it.ip for it in listening if it.port == urlsplit(served).port} == {"127.0.0.1"}


@browsing
def test_every_control_by_keyboard_too(tab):
    page = tab(to_query(SMALL))
    assert settled(page) == SMALL
    agrees(page, SMALL)
    state, done = SMALL, {"workload"}

    def typed(names):
        for name in names:
            page.get_by_label(LABELS[name], exact=True).fill(TYPED[name])
            page.keyboard.press("Enter")
        return {name: KINDS[name](TYPED[name]) for name in names}

    def ticked(names):
        for name in names:
            page.get_by_label(LABELS[name], exact=True).focus()
            page.keyboard.press("Space")
        return {name: not getattr(state, name) for name in names}

    def changed(**change):
        nonlocal state
        state = replace(state, **change)
        done.update(change)
        page.wait_for_url(lambda url: from_query(urlsplit(url).query) == state)
        assert settled(page) == state
        if state.view == "curves":
            agrees(page, state)

    for law in [*LAWS[1:], LAWS[0]]:
        page.get_by_label(LABELS["workload"], exact=True).focus()
        page.keyboard.type(SAID["workload"][law])  # a list is searched by what is typed
        page.keyboard.press("Tab")
        own = set(parameters(replace(state, workload=law))) - done
        changed(workload=law, **typed(sorted(own & set(TYPED))), **ticked(sorted(own & set(TICKED))))
    page.get_by_label("clock", exact=True).focus()
    page.keyboard.press("Space")
    policies = tuple(it for it in POLICIES if it in (*state.policies, "clock"))
    page.get_by_role("slider").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    changed(policies=policies, size=0.28, **typed(sorted(set(TYPED) - done)), **ticked(sorted(set(TICKED) - done)))
    for name, word in CHOSEN.items():
        page.get_by_label(LABELS[name], exact=True).select_option(SAID[name][word] if name in SAID else word)
        changed(**{name: word})
    assert done == set(KINDS)
    assert page.get_by_role("img").get_attribute("alt").startswith("OPT's lead over the best of")
    gap = computing.picture(state, None).table.sort_values(["probability", "capacity", "fraction"])
    last = gap[gap["policy"] == state.policies[-1]]
    assert [row[-1] for row in cells(page, "details table")] == [f"{rate:.4f}" for rate in last[state.y]]


@browsing
def test_what_is_saved_and_the_link(tab, tmp_path, served):
    page = tab(to_query(replace(SMALL, workload="zipf", trace_seed=7)))
    state = settled(page)
    for name in ("table", "figure", "script"):
        button = page.get_by_role("link", name=f"Save the {name}").or_(
            page.get_by_role("button", name=f"Save the {name}")
        )
        with page.expect_download() as saved:
            button.click()
        saved.value.save_as(tmp_path / saved.value.suggested_filename)
    (tmp_path / "again").mkdir()
    subprocess.run(
        [sys.executable, tmp_path / f"{FILE}.py"], cwd=tmp_path / "again", check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    figure = (tmp_path / f"{FILE}.svg").read_bytes()
    assert (tmp_path / f"again/{FILE}.svg").read_bytes() == figure == computing.picture(state, None).figure
    table = pd.read_csv(tmp_path / f"{FILE}.csv")
    assert np.allclose(table["hit_rate"], computing.picture(state, None).table["hit_rate"])

    page.get_by_role("button", name="Copy the link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    other = tab(urlsplit(link).query)  # in a second tab
    assert settled(other) == state
    agrees(other, state)
    other.get_by_label(LABELS["alpha"], exact=True).fill("0.4")
    other.keyboard.press("Enter")
    other.wait_for_url("**alpha=0.4**")
    assert settled(other) == replace(state, alpha=0.4)
    agrees(other, replace(state, alpha=0.4))
    assert settled(page) == state
    agrees(page, state)


@browsing
def test_of_two_quick_changes_the_second_is_shown(tab, monkeypatch):
    page = tab(to_query(SMALL))
    settled(page)
    begun, go, seen = threading.Event(), threading.Event(), []
    curve = computing._curve

    def slow(trace, *rest):
        if trace.n_items == 41:
            begun.set()
            go.wait(60)
        return curve(trace, *rest)

    drawn_ = computing._drawn
    monkeypatch.setattr(computing, "_curve", slow)
    monkeypatch.setattr(
        computing, "_drawn", lambda draw, **it: (seen.append(it["table"]["trace"].iloc[0]), drawn_(draw, **it))[1]
    )
    items = page.get_by_label(LABELS["n_items"], exact=True)
    items.fill("41")
    page.keyboard.press("Enter")
    assert begun.wait(60)
    items.fill("43")
    page.keyboard.press("Enter")
    page.wait_for_url("**n_items=43**")
    go.set()
    assert settled(page) == replace(SMALL, n_items=43)
    agrees(page, replace(SMALL, n_items=43))
    assert seen == ["shuffled-43x5"]


@browsing
def test_what_is_wrong_is_a_sentence_and_the_page_stays_usable(tab, outside):
    page = tab("workload=zipf&alpha=oops")
    assert "The address is broken" in page.get_by_role("alert").inner_text()
    assert settled(page).workload == GIVEN  # where a page with a trace begins
    page.get_by_label(LABELS["workload"], exact=True).select_option("shuffled epochs")
    page.wait_for_url("**workload=shuffled**")
    settled(page)
    for text, message in (
        ("3000000", "n_items must be a whole number 1 … 2,000,000"),
        ("900000", "at most 2,000,000 accesses"),
    ):
        page.get_by_label(LABELS["n_items"], exact=True).fill(text)
        page.keyboard.press("Enter")
        page.get_by_role("alert").filter(has_text=message).wait_for()
    page.get_by_label(LABELS["n_items"], exact=True).fill("50")
    page.keyboard.press("Enter")
    page.wait_for_url("**n_items=50**")
    page.get_by_role("alert").wait_for(state="detached")
    state = settled(page)
    agrees(page, state)
    for label in state.policies:
        page.get_by_label(label, exact=True).uncheck()
    page.get_by_role("alert").filter(has_text="choose at least one policy").wait_for()
