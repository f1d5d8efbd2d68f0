"""The site as `make docs` built it: no dead link within, and in a browser nothing fetched, broken or too wide."""

import functools
import http.server
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

SITE = Path(__file__).parent.parent / "docs" / "_build" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
built = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="the site is not built (make docs)")
PAGES = [page.relative_to(SITE).as_posix() for page in sorted(SITE.glob("**/*.html")) if "_static" not in page.parts]
MIGHT_LACK = {"genindex.html", "search.html"}  # pages that the theme makes


class Links(HTMLParser):
    """What a page refers to, what of it its browser loads by itself, and the places in it that can be led to."""

    def __init__(self, text):
        super().__init__()
        self.led, self.loaded, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.led.append(given["href"])
        if tag == "link" and given.get("href") and given.get("rel") not in ("canonical", "author"):
            self.loaded.append(given["href"])
        if given.get("src"):
            self.loaded.append(given["src"])


@functools.cache
def links(page):
    return Links((SITE / page).read_text(encoding="utf-8"))


def dead(page):
    """The references of a page within the site that lead nowhere."""
    for link in [*links(page).led, *links(page).loaded]:
        path, anchor = urldefrag(link)
        if ":" in path.partition("/")[0]:
            continue
        target = (SITE / page).parent.joinpath(unquote(path.partition("?")[0])) if path else SITE / page
        if not target.exists():
            yield f"{page}: {link}"
        elif anchor and target.suffix == ".html":
            name = target.resolve().relative_to(SITE.resolve()).as_posix()
            if unquote(anchor) not in links(name).anchors:
                yield f"{page}: {link}"


@built
def test_no_link_within_is_dead():
    assert len(PAGES) > 30
    assert not [link for page in PAGES for link in dead(page)]


@built
def test_nothing_is_loaded_from_elsewhere():
    outside = ("http:", "https:", "//")
    assert not [f"{page}: {it}" for page in PAGES for it in links(page).loaded if it.startswith(outside)]


@built
def test_every_page_and_public_name_is_there():
    """What stands in the repository is reached from the front page by the site's own links."""
    seen, waiting = set(), ["index.html"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in links(page).led:
            path = urldefrag(link)[0]
            if path.endswith(".html") and "://" not in path:
                waiting.append((SITE / page).parent.joinpath(path).resolve().relative_to(SITE.resolve()).as_posix())
    assert set(PAGES) - MIGHT_LACK <= seen
    anchors = set().union(*(links(page).anchors for page in PAGES))
    assert {
        "simcache.simulate",
        "simcache.theory.lru_irm",
        "simcache.torch.CachedDataset",
        "simcache.Trace.of",
    } <= anchors


@pytest.fixture(scope="module")
def address():
    """The site, served on this machine alone."""
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """One that writes no log."""

    def log_message(self, *_):
        pass


@built
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_in_a_browser(width, scheme, address):
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    wrong = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(300_000)  # a busy machine may take its time; what is measured is not how long
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda told: told.type == "error" and wrong.append(f"{page.url}: {told.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        for name in PAGES:
            page.goto(address + name, wait_until="load")
            if page.locator(".math").count():
                page.evaluate("MathJax.startup.promise")
            wide, room = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
            if wide > room:
                wrong.append(f"{name} is {wide} wide")
            if page.evaluate("document.documentElement.dataset.theme") != scheme:
                wrong.append(f"{name} is not {scheme}")
        browser.close()
    wrong += [f"asked for {url}" for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert len(asked) > len(PAGES)
    assert not wrong
