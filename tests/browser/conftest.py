"""One headless Chromium for all tests of the built book; those of one page stay together."""

import shutil

import pytest
from pages import PAGE_OF_EXPLORER
from playwright.sync_api import sync_playwright

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give what a file asks of one page to one process, which then opens that page only once.

    Files as they are cannot be shared out evenly: the few tests of some take longest.
    """
    for item in items:
        page = page_of(item.callspec.params) if hasattr(item, "callspec") else ""
        # Who reads files only has read them all for the first test.
        group = f"{item.path.stem} {page}" if "browser" in item.fixturenames else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


def page_of(parameters):
    """The page that a test with these parameters looks at."""
    if "name" in parameters:
        return parameters["name"]
    if "explorer" in parameters:
        return PAGE_OF_EXPLORER[parameters["explorer"].name]
    exercise = parameters.get("exercise") or EXERCISES.get(parameters.get("key"))
    return f"chapters/{CHAPTERS[exercise.chapter - 1].page}.html" if exercise else ""


@pytest.fixture(scope="session")
def browser():
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield chromium
        chromium.close()
