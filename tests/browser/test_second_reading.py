"""Sections for a second reading on the built pages: folded, opened by keyboard, link and print."""

import pytest
from pages import CHAPTERS, HTML, emulate, without_formulas

FOLDED = "details.second-reading"


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    yield without_formulas(context.new_page())
    context.close()


def visit(page, name, fragment=""):
    # Another address, so that the browser goes there as from another page.
    page.goto("about:blank")
    page.goto((HTML / name).as_uri() + fragment)
    return page.locator(FOLDED)


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_a_heading_calls_a_second_reading_is_folded_below_it(page, name):
    folded = visit(page, name)
    headings = page.locator("h2, h3").filter(has_text="Second reading: ")
    assert folded.count() == headings.count()
    assert not folded.evaluate_all("(found) => found.some((details) => details.open)")
    assert headings.evaluate_all("(found) => found.every((heading) => heading.checkVisibility())")


def with_a_second_reading(page):
    return next(name for name in CHAPTERS if visit(page, name).count())


def test_it_says_how_long_it_takes_and_opens_by_keyboard(page):
    with_a_second_reading(page)
    summary = page.locator(f"{FOLDED} > summary").first
    assert "minutes" in summary.inner_text()
    summary.focus()
    page.keyboard.press("Space")
    assert page.locator(FOLDED).first.evaluate("(details) => details.open")


def test_a_link_to_what_is_folded_opens_it(page):
    name = with_a_second_reading(page)
    inside = page.locator(f"{FOLDED} [id]:not(svg *):not(mjx-container *)").first
    visit(page, name, f"#{inside.get_attribute('id')}")
    assert page.locator(f"{FOLDED}[open]").count() == 1


def test_paper_shows_it(page):
    with_a_second_reading(page)
    emulate(page, "media", "print")
    inside = page.locator(f"{FOLDED} p").first
    assert inside.evaluate("(p) => p.checkVisibility({ contentVisibilityAuto: true })")
