"""The built slides in a browser: what a lecturer projects, offline, straight from the files."""

import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.kinds import Choice

BUILT = Path(__file__).resolve().parents[2] / "_build"
SLIDES = BUILT / "slides"
NAMES = [chapter.page for chapter in CHAPTERS]
READY = "html[data-ready]"
# Pixels on a screen of 1280 x 720: what the last row of a lecture hall can still read.
SMALLEST_LETTERS = 15

MEASURE = """(numbers) => {
  const found = [];
  const shown = (node) => !node.closest(".notes, noscript") && node.checkVisibility();
  for (const number of numbers ?? Reveal.getSlides().keys()) {
    Reveal.slide(number);
    const slide = Reveal.getCurrentSlide();
    const box = slide.getBoundingClientRect();
    const add = (what, node) => found.push([number + 1, what, node.textContent.slice(0, 60)]);
    const all = (which) => [...slide.querySelectorAll(which)].filter(shown);
    for (const node of all("h1, h2, p, li, pre, table, .math, svg, button, .eqno")) {
      const own = node.getBoundingClientRect();
      if (!own.width) continue;
      if (own.left < box.left - 1 || own.right > box.right + 1) add("is too wide", node);
      if (own.top < box.top - 1 || own.bottom > box.bottom + 1) add("is too high", node);
    }
    for (const node of all(".body, pre, table, .formula > .math")) {
      if (node.scrollWidth > node.clientWidth + 1) add("bursts to the right", node);
    }
    for (const node of all(".body :is(p, li, pre, td, legend, output)")) {
      const isSmall = parseFloat(getComputedStyle(node).fontSize) < SMALLEST;
      if (isSmall && node.textContent.trim()) add("is too small", node);
    }
  }
  return found;
}""".replace("SMALLEST", str(SMALLEST_LETTERS))
EXPLORERS = """Reveal.getSlides().map((slide, k) => slide.querySelector(".explorer") ? k : -1)
    .filter((k) => k >= 0)"""

# Pixels for each point of a figure: its letters have eight points and more. A high figure with its
# words beside it has all the height that there is.
SMALLEST_FIGURE = 1.15
FIGURES = """Reveal.getSlides().map((slide, k) => {
  Reveal.slide(k);
  const drawn = slide.querySelector("figure svg.figure");
  if (!drawn) return null;
  const [box, view] = [drawn.getBoundingClientRect(), drawn.viewBox.baseVal];
  return [k + 1, Math.min(box.width / view.width, box.height / view.height),
    Boolean(drawn.closest(".beside")) && view.width < 1.25 * view.height];
}).filter((found) => found)"""


@cache
def page_of(folder, name):
    text = (folder / name / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.requests, context.complaints = [], []
    context.on("request", lambda request: context.requests.append(request.url))
    context.on("requestfailed", lambda request: context.complaints.append(request.url))
    context.on("weberror", lambda error: context.complaints.append(str(error.error)))
    context.on("console", lambda m: m.type == "error" and context.complaints.append(m.text))
    yield context
    context.close()


def opened(context, name, query=""):
    page = context.new_page()
    page.goto((SLIDES / name / "index.html").as_uri() + query)
    page.wait_for_selector(READY, state="attached")
    return page


@pytest.mark.parametrize("name", NAMES)
def test_a_lecture_of_fifty_minutes_has_20_to_30_slides(name):
    assert 20 <= len(page_of(SLIDES, name).select(".slides > section")) <= 30


@pytest.mark.parametrize("name", NAMES)
def test_no_slide_bursts_or_is_too_small_to_read_and_nothing_comes_from_elsewhere(context, name):
    page = opened(context, name)
    assert page.evaluate(MEASURE) == []
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert "\\(" not in page.locator(".slides").inner_text()
    assert context.complaints == []
    assert context.requests
    assert [url for url in context.requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_equations_have_the_numbers_of_the_page(name):
    book = page_of_book(name)
    on_page = {
        "".join(math.get_text().partition("#")[2].split()): math.select_one(".eqno").get_text()
        for math in book.select("div.math:has(.eqno)")
    }
    shown = page_of(SLIDES, name).select(".formula")
    assert shown or name == "12-simulation"
    for formula in shown:
        tex = "".join(formula.select_one(".math").get_text().split())
        assert on_page[tex].rstrip("#") == formula.select_one(".eqno").get_text()


@cache
def page_of_book(name):
    text = (BUILT / "html" / "chapters" / f"{name}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


@pytest.mark.parametrize("name", NAMES)
def test_every_decimal_stands_on_the_page(name):
    decimals = r"(?<![\d.])\d+\.\d+(?!\d)"
    on_page = set(re.findall(decimals, page_of_book(name).get_text()))
    slides = page_of(SLIDES, name)
    text = " ".join(part.get_text() for part in slides.select(".body, .notes"))
    assert set(re.findall(decimals, text)) <= on_page


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_the_markup_of_the_notebooks(name):
    slides = page_of(SLIDES, name)
    text = " ".join(part.get_text() for part in slides.select("h1, h2, .body, .notes"))
    assert not re.search(
        r"\{(eq|doc|ref|numref|admonition|cite)[^}]*\}|:::|```|(?<!\w)\[\[?\w+\]\(", text
    )
    assert not slides.select(".slides a")


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_parted_from_its_per_cent_sign(name):
    for words in page_of(SLIDES, name).select(".body :is(p, li, .asked)"):
        assert words.find_parent(class_="explorer") or not re.search(r"\d %", words.get_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_printout_leaves_no_sign_alone_in_a_line(name):
    for printed in page_of(SLIDES, name).select(".body pre"):
        assert [line for line in printed.get_text().splitlines() if len(line.strip()) == 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_large_enough_for_its_letters(context, name):
    page = opened(context, name)
    widths = page.evaluate(FIGURES)
    assert widths
    assert [found for found in widths if found[1] < SMALLEST_FIGURE and not found[2]] == []


def test_a_chapter_that_is_named_is_seen_to_be_a_title():
    named = page_of(SLIDES, "10-computation").select(".body cite")
    assert "More than one random effect" in [title.get_text() for title in named]


def test_the_answer_to_a_prediction_is_not_on_its_slide():
    slides = page_of(SLIDES, "04-blup").select(".slides > section")
    asked = [k for k, slide in enumerate(slides) if slide.select_one(".asked-title")]
    assert len(asked) == 4
    halfway = next(k for k in asked if "halfway, or nearly" in slides[k].get_text())
    assert "They are pulled halfway" not in slides[halfway].get_text()
    assert "They are pulled halfway" in slides[halfway + 1].select_one(".body").get_text()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=NAMES)
def test_votes_are_choices_of_the_bank_and_say_nothing_of_the_answer(chapter):
    votes = page_of(SLIDES, chapter.page).select("section.shows-vote")
    choices = {e.title: e for e in BY_CHAPTER[chapter] if isinstance(e, Choice)}
    assert 1 <= len(votes) <= 2
    assert not page_of(SLIDES, chapter.page).select(".answer, .right")
    for vote in votes:
        exercise = choices[vote.select_one("h2").get_text().removeprefix("Vote: ")]
        assert len(vote.select(".options li")) == len(exercise.options)


def test_an_explorer_asks_first_and_then_moves(context):
    page = opened(context, "01-model")
    number = page.evaluate(EXPLORERS)[0]
    page.evaluate(f"Reveal.slide({number})")
    explorer = page.locator("section.present .explorer")
    slider = explorer.locator("input[type=range]")
    assert slider.is_disabled()
    explorer.locator("input[type=radio]").first.check()
    explorer.locator(".explorer-commit").click()
    before = explorer.locator(".explorer-marks").first.inner_html()
    readout = explorer.locator(".explorer-readout").inner_text()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(400)
    assert explorer.locator(".explorer-readout").inner_text() != readout
    assert explorer.locator(".explorer-marks").first.inner_html() != before
    # The arrow moved the slider, not the lecture.
    assert page.evaluate("Reveal.getIndices().h") == number


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_that_is_open_still_fits(context, name):
    page = opened(context, name)
    for number in page.evaluate(EXPLORERS):
        page.evaluate(f"Reveal.slide({number})")
        page.locator("section.present .explorer-skip").click()
        # The slide is measured anew in the next frame.
        page.evaluate("new Promise((after) => requestAnimationFrame(() => setTimeout(after)))")
        assert page.evaluate(MEASURE, [number]) == []


def test_the_speakers_window_has_the_notes_with_their_formulas(context):
    page = opened(context, "04-blup", "#/5")
    with context.expect_page() as window:
        page.keyboard.press("s")
    notes = window.value.locator(".speaker-controls-notes .value")
    notes.locator("mjx-container svg path").first.wait_for()
    assert "GLS estimate" in notes.inner_text()
    assert not re.search(r"\\\(|\\mathbf", notes.inner_text())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_stand_out_from_the_ground(context, theme):
    page = opened(context, "04-blup", f"?theme={theme}")
    ink, ground = page.evaluate(
        "[getComputedStyle(document.querySelector('h2')).color,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert contrast(ink, ground) > 10
    page.keyboard.press("d")
    assert page.locator("html").get_attribute("data-theme") != theme


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_on_paper_each_slide_has_a_page(context):
    page = opened(context, "04-blup", "?print-pdf")
    page.wait_for_selector(".pdf-page")
    slides = page_of(SLIDES, "04-blup").select(".slides > section")
    assert page.locator(".pdf-page").count() == len(slides)
    body = page.locator(".pdf-page section .body").nth(4).bounding_box()
    assert (body["x"], body["width"]) == (60, 1160)


def test_the_index_leads_to_every_deck():
    text = (SLIDES / "index.html").read_text(encoding="utf-8")
    links = [link["href"] for link in BeautifulSoup(text, "html.parser").select("a")]
    assert links == [f"{name}/index.html" for name in NAMES]
