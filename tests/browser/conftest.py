"""One headless Chromium for all tests of the built book; those of one page stay together."""

import re

import pytest
from chromium import how_to_start
from pages import PAGE_OF_EXPLORER, PAGES
from playwright.sync_api import sync_playwright
from xdist.scheduler import LoadScopeScheduling

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES


class ByPage(LoadScopeScheduling):
    """What a file asks of one page is done by one process, which opens that page only once.

    Files as they are cannot be shared out evenly: the few tests of some take longest.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        # Who reads files only has read them all for the first test.
        return file if file.endswith("test_leaks.py") else f"{file} {page_of(nodeid)}"


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
