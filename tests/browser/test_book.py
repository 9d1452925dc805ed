"""The built book in headless Chromium: opened from file://, it needs nothing else."""

import contextlib
import gzip
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
import yaml
from pages import CHAPTERS, HTML, PAGES, ROOT
from playwright.sync_api import TimeoutError as WaitedTooLong

from lmmteach._typeset import SYMBOL

WIDTHS = (1280, 390)

# Code and its output may contain anything, and formulas are drawn: what is left is prose.
PROSE = """() => {
    const copy = document.body.cloneNode(true);
    const drawn = "pre, code, textarea, script, style, mjx-container, .math, .sig";
    copy.querySelectorAll(drawn).forEach(element => element.remove());
    return copy.textContent;
}"""

# What stands outside the window, or outside a box that does not scroll, cannot be seen. What is
# inside a formula or a picture has its own coordinates.
CUT = r"""() => {
    const overflow = (element) => getComputedStyle(element).overflowX;
    const parts = "article *:not(svg *):not(mjx-container *), article mjx-math";
    const cut = [];
    for (const element of document.querySelectorAll(parts)) {
        const box = element.getBoundingClientRect();
        if (box.width <= 1 || box.height <= 1 || !element.checkVisibility()) continue;
        let around = element.parentElement;
        while (around.localName !== "article" && overflow(around) === "visible")
            around = around.parentElement;
        if (/auto|scroll/.test(overflow(around))) continue;
        const edge = around.localName === "article"
            ? { left: 0, right: window.innerWidth } : around.getBoundingClientRect();
        if (box.right > edge.right + 1 || box.left < edge.left - 1)
            cut.push(`${element.localName}: ${element.textContent.trim().slice(0, 40)}`);
    }
    return cut;
}"""
# Punctuation that begins a line, because the formula that it belongs to ended the one before.
TORN = r"""() => {
    const torn = [];
    for (const formula of document.querySelectorAll("article span.math")) {
        const behind = formula.nextSibling;
        if (behind?.nodeType !== Node.TEXT_NODE || !/^[.,;:!?)\]’”]/.test(behind.data)) continue;
        const range = document.createRange();
        range.setStart(behind, 0);
        range.setEnd(behind, 1);
        const mark = range.getBoundingClientRect(), box = formula.getBoundingClientRect();
        if (mark.width && mark.left < box.right - 3)
            torn.push(formula.parentElement.textContent.trim().slice(0, 60));
    }
    return torn;
}"""
WIDTH = "document.documentElement.scrollWidth"
OPEN_ALL = """(open) => {
    for (const details of document.querySelectorAll("details")) details.open = open;
}"""


def when_settled(page, is_well, look):
    """What is seen once formulas and side bars have taken their places."""
    with contextlib.suppress(WaitedTooLong):
        page.wait_for_function(is_well, timeout=5000)
    return page.evaluate(look)


@pytest.fixture(scope="module")
def facts(with_formulas):
    """All that the tests ask about a page, from one visit to it."""
    visited = {}

    def visit(name):
        if name not in visited:
            page = with_formulas(name)
            images = page.locator("article svg.figure")
            found = {
                "formulas": page.locator(".math").count(),
                "typeset": page.locator(".math mjx-container").count(),
                "math errors": page.locator("mjx-merror, [data-mjx-error]").count(),
                "prose": page.evaluate(PROSE),
                "alt": images.evaluate_all("(all) => all.map((one) => one.ariaLabel)"),
                "files": page.locator("article img").count(),
                "widths": {},
                "cut": {},
                "torn": {},
            }
            for width in reversed(WIDTHS):
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_function(f"window.innerWidth === {width}")
                page.evaluate(OPEN_ALL, True)
                found["widths"][width] = when_settled(page, f"{WIDTH} <= {width}", WIDTH)
                found["cut"][width] = when_settled(page, f"({CUT})().length === 0", CUT)
                found["torn"][width] = page.evaluate(TORN)
            found["requests"] = list(page.requests)
            found["complaints"] = list(page.complaints)
            visited[name] = found
        return visited[name]

    return visit


def test_every_page_of_the_contents_was_built():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    wanted = [contents["root"]]
    wanted += [page["file"] for part in contents["parts"] for page in part["chapters"]]
    assert {f"{name}.html" for name in wanted} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_requests_files_of_the_book_only(facts, name):
    requests = facts(name)["requests"]
    assert requests
    assert [url for url in requests if not url.startswith("file:")] == []
    assert [url for url in requests if not Path(unquote(urlparse(url).path)).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_its_scripts_and_styles_weighs_at_most_1_MB(facts, name):
    files = {Path(unquote(urlparse(url).path)) for url in facts(name)["requests"]}
    needed = [file for file in files if file.suffix in (".html", ".js", ".css")]
    # The theme's icons are as heavy as all the rest, and no explorer needs them.
    needed = [file for file in needed if file.name != "fontawesome.js"]
    assert HTML / name in needed
    assert sum(len(gzip.compress(file.read_bytes())) for file in needed) <= 1_000_000


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_javascript_error(facts, name):
    assert facts(name)["complaints"] == []


@pytest.mark.parametrize("name", PAGES)
def test_the_formulas_of_a_page_are_typeset(facts, name):
    found = facts(name)
    assert (found["typeset"], found["math errors"]) == (found["formulas"], 0)


@pytest.mark.parametrize("name", PAGES)
def test_no_raw_markup_is_left_on_a_page(facts, name):
    raw = r"\$[^$\n]+\$|\\[a-z]+\{|\{[a-z:-]+\}`|:::|```"
    assert re.findall(raw, facts(name)["prose"]) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_picture_has_a_description(facts, name):
    # The build gives a picture without alt text its file name.
    assert [alt for alt in facts(name)["alt"] if len(alt or "") < 40 or ".svg" in alt] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_picture_is_a_file_that_knows_nothing_of_the_page_s_colours(facts, name):
    assert facts(name)["files"] == 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_line_begins_with_the_punctuation_behind_a_formula(facts, name, width):
    assert facts(name)["torn"][width] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_window(facts, name, width):
    assert facts(name)["widths"][width] <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_is_cut(facts, name, width):
    assert facts(name)["cut"][width] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_symbol_is_left_with_its_underscore(facts, name):
    assert SYMBOL.findall(facts(name)["prose"]) == []


def test_there_are_formulas_and_pictures_to_look_at(facts):
    assert facts("chapters/01-model.html")["formulas"] > 30
    assert len(facts("chapters/01-model.html")["alt"]) == 3


def test_the_start_page_leads_to_the_front_page(window):
    window.goto((HTML / "index.html").as_uri())
    window.wait_for_url("**/chapters/index.html")


def test_the_search_finds_a_word_offline(window):
    window.goto((HTML / "search.html").as_uri() + "?q=intraclass")
    window.wait_for_selector("#search-results li")
    titles = window.locator("#search-results li a").all_text_contents()
    assert any("model" in title for title in titles)


def test_a_search_in_files_asks_for_nothing_that_the_browser_refuses(window):
    window.complaints.clear()
    window.goto((HTML / "search.html").as_uri() + "?q=variance")
    window.wait_for_function("document.querySelectorAll('#search-results li').length > 5")
    window.wait_for_function("/found/.test(document.querySelector('.search-summary').textContent)")
    assert window.complaints == []
