"""The explorer beside what it shows: a script of the same figure, and the calls behind a change; kernels on disk."""

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

from _timing import clocked, in_turns

from simcache.explore import computing
from simcache.explore.state import DEFAULT, from_query, to_query

REPEATS = 5
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PICTURE = "img[src^='data:image']"
# Playwright's own waiting looks again after as much as half a second; what is shown lies in shadow trees.
SHOWN = """selector => {
    const seen = root => root.querySelector(selector) !== null
        || [...root.querySelectorAll("*")].some(each => each.shadowRoot !== null && seen(each.shadowRoot));
    return seen(document);
}"""


def rows() -> Iterator[dict[str, Any]]:
    if CHROMIUM is None:
        raise SystemExit("the suite explore needs Chromium")
    with tempfile.TemporaryDirectory() as folder, browser() as opened, serving() as url:
        script = Path(folder, "script.py")
        script.write_text(computing.picture(DEFAULT, None).script)
        page = opened.new_page()
        page.goto(url)
        wait(page, PICTURE)
        runs = {
            "first picture": lambda: first(opened),
            "a script of the figure": lambda: clocked(
                lambda: subprocess.run([sys.executable, script], cwd=folder, check=True)
            ),
            "a change of the size": lambda: change(page),
            "the calls behind it": calls,
        }
        in_turns(runs, 1)
        for setting, clock in in_turns(runs, REPEATS).items():
            yield {"suite": "explore", "tool": "simcache", "setting": setting, "threads": 1, **clock.row()}


def first(opened: Any) -> tuple[float, None]:
    """From the start of the process to the picture in a browser that is open."""

    def run() -> None:
        with serving() as url:
            page = opened.new_page()
            page.goto(f"{url}?{to_query(DEFAULT)}")
            wait(page, PICTURE)
            page.close()

    return clocked(run)[0], None


def change(page: Any) -> tuple[float, None]:
    """A step of the slider, until the figure and the verdict are those of it."""
    page.get_by_role("slider").focus()
    before = from_query(urlsplit(page.url).query)
    after = to_query(replace(before, size=round(before.size + 0.01, 2)))

    def run() -> None:
        page.keyboard.press("ArrowRight")
        wait(page, f"[data-of='{after}']")

    return clocked(run)[0], None


def wait(page: Any, selector: str) -> None:
    """Until that is on the page, looked for at each frame."""
    page.wait_for_function(SHOWN, arg=selector)


def calls() -> tuple[float, None]:
    """What a change computes, in this process, from nothing."""
    computing._curve.cache_clear()

    def run() -> None:
        computing.picture(DEFAULT, None)
        computing.verdict(DEFAULT, None)

    return clocked(run)[0], None


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def serving() -> Iterator[str]:
    """The command in a process of its own, once it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simcache", "explore", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            sleep(0.01)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()
