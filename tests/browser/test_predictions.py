"""What follows "Predict first" on the built pages: hidden, opened by keyboard, printed, found."""

import re

import pytest
from pages import CHAPTERS, FORMULAS, HTML, emulate, without_formulas

CHAPTER = "chapters/03-profile.html"
BOXES = """() => [...document.querySelectorAll(".admonition")]
    .filter((box) => box.querySelector(".admonition-title")?.textContent.trim() === "Predict first")
    .length"""
SHOWN = """(shown) => [...shown.querySelectorAll("p, pre")].map((piece) => piece.checkVisibility({
    contentVisibilityAuto: true,
}))"""
# Their answers come in a later section, or in a box of their own that is closed as well.
HIDE_NOTHING = {"01-model": 1, "04-blup": 1}


@pytest.fixture
def page(browser):
    """A window of its own for each test, since they open what shall be closed at first."""
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    yield without_formulas(context.new_page())
    context.close()


def visit(page, name=CHAPTER, fragment=""):
    page.goto((HTML / name).as_uri() + fragment)
    return page.locator("details.prediction").first


def visible(page):
    """Whether each paragraph and each piece of code below a prediction is seen."""
    parts = page.locator(".prediction-shown").all()
    return [seen for part in parts for seen in part.evaluate(SHOWN)]


@pytest.mark.parametrize("name", [n for n in CHAPTERS if re.search(r"/\d", n)])
def test_every_box_hides_what_follows(page, name):
    visit(page, name)
    hidden = page.locator("details.prediction")
    number = re.search(r"/(.*)\.html", name)[1]
    assert hidden.count() == page.evaluate(BOXES) - HIDE_NOTHING.get(number, 0)
    assert hidden.count() > 0
    assert visible(page)
    assert not any(visible(page))


def test_enter_commits_and_what_was_typed_stays(page):
    details = visit(page)
    field = page.get_by_label("Your prediction").first
    field.fill("not at all")
    field.press("Enter")
    page.wait_for_function("document.querySelector('.prediction-field input').readOnly")
    assert details.evaluate("(element) => element.open")
    assert details.evaluate(f"(element) => ({SHOWN})(element).every(Boolean)")
    assert page.evaluate("document.activeElement.localName") == "summary"
    assert field.is_visible()
    assert field.input_value() == "not at all"


def test_who_asks_sees_the_answer_and_no_empty_line(page):
    details = visit(page)
    details.locator("summary").focus()
    page.keyboard.press("Space")
    page.wait_for_selector(".prediction-asked", state="hidden")
    assert details.evaluate("(element) => element.open")
    page.keyboard.press("Space")
    assert not details.evaluate("(element) => element.open")
    page.wait_for_selector(".prediction-field >> nth=0", state="visible")


def test_paper_shows_everything_and_has_room_to_write(page):
    details = visit(page)
    emulate(page, "media", "print")
    assert all(visible(page))
    assert not details.locator("summary").is_visible()
    assert page.locator(".prediction-field input").first.is_visible()


def test_other_browsers_open_everything_for_print(page):
    details = visit(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert details.evaluate("(element) => element.open")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not details.evaluate("(element) => element.open")


def test_it_works_without_scripts(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    details = visit(page)
    shown = details.locator(".prediction-shown")
    assert page.get_by_label("Your prediction").count() == 0
    assert not shown.is_visible()
    details.locator("summary").click()
    assert shown.is_visible()
    context.close()


@pytest.mark.parametrize("name", [n for n in CHAPTERS if re.search(r"/\d", n)])
def test_a_link_to_a_hidden_part_opens_it(page, name):
    visit(page, name)
    inside = page.locator(".prediction-shown [id]:not(svg *):not(mjx-container *)")
    names = inside.evaluate_all("(found) => found.map((element) => element.id)")
    for target in names[:2]:
        # Another address, so that the browser goes there as from another page.
        page.goto("about:blank")
        visit(page, name, f"#{target}")
        assert page.locator("details.prediction[open]").count() == 1


def test_formulas_in_a_hidden_part_have_the_size_of_the_others(page):
    page.unroute(FORMULAS)
    visit(page)
    page.wait_for_function("window.MathJax && MathJax.startup.promise")
    page.evaluate("MathJax.startup.promise.then(() => true)")
    size = "(found) => [...new Set(found.map((m) => getComputedStyle(m).fontSize))]"
    inside = page.locator(".prediction-shown p mjx-container")
    outside = page.locator("section > p mjx-container")
    assert inside.count() > 0
    assert inside.evaluate_all(size) == outside.evaluate_all(size)
