"""The built book in headless Chromium: opened from file://, it needs nothing else."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
HTML = ROOT / "_build" / "html"
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
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))


@pytest.fixture(scope="module")
def chromium():
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open a page of the book; what it requests and complains about is recorded on the way."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.requests, page.complaints = [], []

    def allow(route):
        url = route.request.url
        page.requests.append(url)
        if url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    page.route("**/*", allow)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if message.type == "error" else None,
    )

    def open_page(name):
        page.goto((HTML / name).as_uri())
        page.wait_for_load_state("load")
        # MathJax is loaded on pages with formulas only, and says itself when it has finished.
        if page.evaluate("document.querySelector('.math') !== null"):
            page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
            page.evaluate("MathJax.startup.promise.then(() => true)")
        return page

    yield open_page
    context.close()


def test_every_page_of_the_contents_was_built():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    wanted = [contents["root"]]
    wanted += [page["file"] for part in contents["parts"] for page in part["chapters"]]
    assert {f"{name}.html" for name in wanted} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_from_outside_and_complains_about_nothing(visit, name):
    page = visit(name)
    page.wait_for_timeout(300)
    outside = [url for url in page.requests if not url.startswith("file:")]
    missing = [url for url in page.requests if url.startswith("file:") and not _exists(url)]
    assert (outside, missing, page.complaints) == ([], [], [])


def _exists(url):
    from urllib.parse import unquote, urlparse

    return Path(unquote(urlparse(url).path)).exists()


@pytest.mark.parametrize("name", PAGES)
def test_the_formulas_of_a_page_are_typeset(visit, name):
    page = visit(name)
    formulas = page.locator(".math").count()
    typeset = page.locator(".math mjx-container").count()
    errors = page.locator("mjx-merror, [data-mjx-error]").count()
    assert (typeset, errors) == (formulas, 0)


@pytest.mark.parametrize("name", PAGES)
def test_no_raw_markup_is_left_on_a_page(visit, name):
    page = visit(name)
    # Code and its output may contain anything; formulas are drawn, their source is not text.
    text = page.evaluate(
        """() => {
            const copy = document.body.cloneNode(true);
            const drawn = "pre, code, script, mjx-container, .math";
            copy.querySelectorAll(drawn).forEach(e => e.remove());
            return copy.textContent;
        }"""
    )
    assert re.findall(r"\$[^$\n]+\$|\\[a-z]+\{|\{[a-z:-]+\}`|:::|```", text) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("chapters/")])
def test_every_picture_of_a_page_has_a_description(visit, name):
    page = visit(name)
    images = page.locator("article img")
    descriptions = [images.nth(i).get_attribute("alt") or "" for i in range(images.count())]
    # The build gives a picture without alt text its file name.
    assert [text for text in descriptions if len(text) < 30 or text.endswith(".png")] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("chapters/")])
def test_no_page_is_wider_than_the_window(visit, name, width):
    page = visit(name)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_search_finds_a_word_offline(visit):
    page = visit("search.html?q=intraclass")
    page.wait_for_selector("#search-results li")
    titles = page.locator("#search-results li a").all_text_contents()
    assert any("model" in title for title in titles)
