"""One headless Chromium for all tests of the built book; those of one page stay together."""

import re
from collections import namedtuple
from functools import cache

import pytest
from chromium import how_to_start
from pages import HTML, PAGE_OF_EXPLORER, PAGES
from playwright.sync_api import sync_playwright
from pypdfium2 import PdfDocument
from xdist.scheduler import LoadScopeScheduling

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES


class ByPage(LoadScopeScheduling):
    """What is asked of one page is done by one process, which opens and prints it only once.

    Files as they are cannot be shared out evenly: the few tests of some take longest.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        # Who reads files only has read them all for the first test.
        return file if file.endswith("test_leaks.py") else page_of(nodeid) or file


def pytest_xdist_make_scheduler(config, log):
    return ByPage(config, log)


def page_of(nodeid):
    """The page that a test looks at: its parameters name it, an explorer or an exercise."""
    for parameter in re.split(r"[\[\]-]", nodeid)[1:]:
        if parameter in EXERCISES:
            return f"chapters/{CHAPTERS[EXERCISES[parameter].chapter - 1].page}.html"
    parameters = nodeid.partition("[")[2]
    named = [page for page in PAGES if page in parameters]
    own = [page for explorer, page in PAGE_OF_EXPLORER.items()
           if re.search(rf"(^|-){explorer}(-|\])", parameters)]  # fmt: skip
    return next(iter(named + own), "")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**how_to_start())
        yield chromium
        chromium.close()


Printout = namedtuple("Printout", "on_screen on_paper")


@pytest.fixture(scope="session")
def printed(browser):
    """``printed(name, is_opened)``: a page's text on the screen and on paper.

    As it opens, or with its explorers opened and moved. A page takes seconds to print.
    """

    @cache
    def printed(name, is_opened):
        page = browser.new_page()
        page.goto((HTML / name).as_uri())
        on_screen = page.locator("article").text_content()
        if is_opened:
            for section in page.locator("section.explorer").all():
                section.locator(".explorer-skip").click()
                for slider in section.locator("input[type=range]").all():
                    slider.press("Home")
        paper = PdfDocument(page.pdf(format="A4"))
        page.close()
        sheets = [sheet.get_textpage().get_text_range() for sheet in paper]
        return Printout(on_screen, "\n".join(sheets))

    return printed


@pytest.fixture(scope="session")
def window(browser):
    """A window that reaches files only, and notes what it was asked for and what went wrong."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    window = context.new_page()
    window.requests, window.complaints = [], []

    def allow(route):
        window.requests.append(route.request.url)
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    window.route("**/*", allow)
    window.on("pageerror", lambda error: window.complaints.append(str(error)))
    window.on(
        "console",
        lambda message: window.complaints.append(message.text) if message.type == "error" else None,
    )
    yield window
    context.close()


@pytest.fixture(scope="session")
def with_formulas(window):
    """``with_formulas(name)``: a page with all formulas drawn, which takes seconds.

    The next test that asks for the same page finds it as it was left.
    """

    def visit(name):
        address = (HTML / name).as_uri()
        if window.url != address:
            window.requests.clear()
            window.complaints.clear()
            window.goto(address)
            if window.locator(".math").count():
                window.wait_for_function("window.MathJax && MathJax.startup.promise")
                window.evaluate("MathJax.startup.promise.then(() => true)")
        window.set_viewport_size({"width": 1280, "height": 900})
        return window

    return visit
