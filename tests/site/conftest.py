"""The built site on a server of its own, below a sub-path, in a browser that reaches nothing else.

Each worker has one server and one browser, whose cache stays: only its first page is cold.
"""

import gzip
import io
import re
import threading
from collections import Counter
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from live_pages import EXPLORER_PAGES, SITE, SUB_PATH, Site, how_to_start_here
from playwright.sync_api import sync_playwright
from xdist.scheduler import LoadScopeScheduling

from lmmteach.exercises.bank import EXERCISES

# What the tests of a page call it: an exercise or an explorer.
NAME = re.compile(r"::test_(a_function_is_told|between_its_frames)\w*\[(.*)\]")
# What any host compresses; wheels are compressed already.
COMPRESSED = {".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".svg", ".wasm"}


@cache
def compressed(path):
    return gzip.compress(Path(path).read_bytes(), 6)


class ByPage(LoadScopeScheduling):
    """Tests of one page are done by one worker, which loads Python for it only once."""

    def _split_scope(self, nodeid):
        if named := NAME.search(nodeid):
            page = (
                EXERCISES[named[2]].chapter if named[2] in EXERCISES else EXPLORER_PAGES[named[2]]
            )
            return f"page {page}"
        # These are as long as a test can be; all others of a file stay together.
        is_long = "test_a_chapter_runs" in nodeid or "its_own_tests" in nodeid
        return nodeid if is_long else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config, log):
    return ByPage(config, log)


class Handler(SimpleHTTPRequestHandler):
    """Files, as any static host serves them, compressed where that helps; it counts the bytes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def send_head(self):
        path = self.translate_path(self.path)
        if Path(path).suffix not in COMPRESSED or not Path(path).is_file():
            return super().send_head()
        changed = self.date_time_string(Path(path).stat().st_mtime)
        if self.headers.get("If-Modified-Since") == changed:
            self.send_response(304)
            self.end_headers()
            return None
        content = compressed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", changed)
        self.end_headers()
        return io.BytesIO(content)

    def copyfile(self, source, outputfile):
        content = source.read()
        with self.server.lock:
            self.server.sent[self.path] += len(content)
        outputfile.write(content)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    if not (SITE / "live").is_dir():
        pytest.fail("There is no site yet; `make site` builds it.")
    folder = tmp_path_factory.mktemp("host")
    place = folder / SUB_PATH
    place.parent.mkdir()
    place.symlink_to(SITE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.sent, server.lock = Counter(), threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def new_browser(playwright, tmp_path_factory):
    """``new_browser()``: one that was never used before, with a place for its cache."""
    started = []

    def start():
        started.append(
            playwright.chromium.launch_persistent_context(
                tmp_path_factory.mktemp("profile"),
                **how_to_start_here(),
                viewport={"width": 1280, "height": 1000},
                accept_downloads=True,
            )
        )
        return started[-1]

    yield start
    for context in started:
        context.close()


@pytest.fixture(scope="session")
def browser(new_browser):
    return new_browser()


@pytest.fixture
def site(server, browser):
    """A new tab that remembers nothing.

    A request to any other place comes to nothing, and fails the test.
    """
    site = Site(server, browser)
    site.forget()
    yield site
    site.close()
    assert site.outside == []


def pytest_terminal_summary(terminalreporter):
    """What was measured on each page."""
    reports = [r for r in terminalreporter.getreports("passed") if r.when == "call"]
    measured = [(r.nodeid.partition("::")[2], dict(r.user_properties)) for r in reports]
    if any(properties for _, properties in measured):
        terminalreporter.section("measured in the browser")
    for name, properties in measured:
        if properties:
            numbers = ", ".join(f"{what} {number}" for what, number in properties.items())
            terminalreporter.write_line(f"{name}: {numbers}")
