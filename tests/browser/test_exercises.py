"""Every question on the built pages, answered by keyboard: right, wrong in each way, and nonsense.

A chapter is visited once; all its questions are answered there, and the tests read the answers.
"""

import html
import math
import re
from string import ascii_lowercase

import pytest
from pages import HTML, UNFOLD, emulate

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.page import EMPTY, UNREADABLE
from lmmteach.exercises.studies import estrone_study
from lmmteach.exercises.written import number_in

STUDY = estrone_study()
NUMERIC = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Numeric)]
CHOICE = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Choice)]
FUNCTION = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Function)]
STATUS = """form => {
    const status = form.querySelector("[role=status]");
    const worked = form.querySelector(".exercise-worked");
    return [status.dataset.outcome, status.textContent, worked.hidden ? "" : worked.textContent];
}"""
ACTIVE = "document.activeElement.className || document.activeElement.type"


@pytest.fixture(scope="module")
def visit(browser):
    """``visit(key)``: the chapter of an exercise, its page and what was said to each answer."""
    visited = {}

    def to_chapter_of(key):
        chapter = EXERCISES[key].chapter
        if chapter not in visited:
            visited[chapter] = Visit(browser, chapter)
        return visited[chapter]

    yield to_chapter_of
    for one in visited.values():
        one.page.context.close()


class Visit:
    """One visit to a chapter: each question answered, everything that was said noted."""

    def __init__(self, browser, chapter):
        (page,) = [c.page for c in CHAPTERS if c.number == chapter]
        # Each key press draws the window anew: a small one answers faster.
        self.page = browser.new_context(viewport={"width": 400, "height": 300}).new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        # Formulas are not looked at here, and take longest to draw.
        self.page.route(re.compile("/mathjax/|^(?!file:)"), lambda route: route.abort())
        self.page.goto((HTML / "chapters" / f"{page}.html").as_uri())
        self.page.evaluate(UNFOLD)
        self.said, self.path_of_focus, self.hints, self.worked = {}, {}, {}, {}
        for key, exercise in EXERCISES.items():
            if exercise.chapter == chapter and key in NUMERIC:
                self.said[key] = self._type_answers(exercise)
            elif exercise.chapter == chapter and key in CHOICE:
                self.said[key] = self._choose_answers(exercise)
            if key in self.said:
                self.path_of_focus[key], self.hints[key] = self._ask_for_hints(exercise)

    def form(self, key):
        return self.page.locator(f"#exercise-{key}-form")

    def _type_answers(self, exercise):
        field = self.page.get_by_label(f"Your answer to {exercise.key}", exact=True)
        field.focus()
        said = {}
        for typed in ["", *numbers(exercise), *nonsense(exercise)]:
            self.page.keyboard.press("Control+A")
            # Each key takes its time, so all but the last come at once, as if pasted.
            self.page.keyboard.insert_text(typed[:-1])
            self.page.keyboard.type(typed[-1:])
            self.page.keyboard.press("Enter")
            said[typed] = self._feedback(exercise.key)
        return said

    def _choose_answers(self, exercise):
        group = self.page.get_by_role("group", name=f"Your answer to {exercise.key}")
        group.get_by_role("radio").first.focus()
        self.page.keyboard.press("Enter")
        said = {"": self._feedback(exercise.key)}
        for letter in ascii_lowercase[: len(exercise.options)]:
            self.page.keyboard.press("Space" if letter == "a" else "ArrowDown")
            self.page.keyboard.press("Enter")
            said[letter] = self._feedback(exercise.key)
        return said

    def _ask_for_hints(self, exercise):
        stations = []
        for _ in range(2):
            self.page.keyboard.press("Tab")
            stations.append(self.page.evaluate(ACTIVE))
        shown = self.form(exercise.key).locator(".exercise-hints li:visible")
        numbers_of_hints = [shown.count()]
        for _ in range(len(exercise.hints) + 1):
            self.page.keyboard.press("Space")
            numbers_of_hints.append(shown.count())
        return stations, (numbers_of_hints, shown.all_text_contents())

    def _feedback(self, key):
        outcome, text, worked = self.form(key).evaluate(STATUS)
        self.worked.setdefault(key, {}).setdefault(outcome, set()).add(worked)
        return outcome, text


def numbers(exercise):
    """What to type: each number that the exercise knows, and some in its neighbourhood."""
    known = [target.value for target in targets(exercise, STUDY)]
    right, atol = known[0], exercise.atol
    near = [right + 4 * atol, right - 9 * atol, -right, 100 * right, 7 * right + 1234]
    digits = 2 + max(0, math.ceil(-math.log10(atol)))
    typed = [f"{value:.{digits}f}" for value in (*known, *near)]
    if exercise.key == NUMERIC[0]:
        # A decimal comma, a typographic minus sign, a plus sign, spaces around, a power of ten.
        typed += [typed[0].replace(".", ","), f"−{typed[0]}", f" +{typed[0]} ", f"{right:.9e}"]
    return typed


def nonsense(exercise):
    """What is no number; the script reads all fields alike, so the first gets the whole list."""
    further = ["1 2", "--1", "1,234.5", "∞", "1e999"] if exercise.key == NUMERIC[0] else []
    return ["abc", "1,234,5", *further]


def shown(feedback):
    """What a reader sees of a feedback: code without its backticks."""
    html_text = inline_html(f"{feedback.heading} {feedback.text}")
    return feedback.outcome, html.unescape(re.sub("<[^<>]*>", "", html_text))


@pytest.mark.parametrize("key", NUMERIC)
def test_a_number_gets_the_feedback_of_check(visit, key):
    said = visit(key).said[key]
    for typed in numbers(EXERCISES[key]):
        assert said[typed] == shown(diagnose(EXERCISES[key], number_in(typed), STUDY)), typed


@pytest.mark.parametrize("key", NUMERIC)
def test_what_is_no_number_is_told_so(visit, key):
    said = visit(key).said[key]
    assert said[""] == ("not attempted", f"… {key} Not attempted yet {EMPTY}")
    for typed in nonsense(EXERCISES[key]):
        assert said[typed] == ("error", f"! {key} Could not be checked {UNREADABLE}"), typed


@pytest.mark.parametrize("key", CHOICE)
def test_an_option_gets_the_feedback_of_check(visit, key):
    said = visit(key).said[key]
    letters = ascii_lowercase[: len(EXERCISES[key].options)]
    assert [letter for letter in letters if said[letter][0] == "right"] == [
        letters[EXERCISES[key].answer]
    ]
    for letter in letters:
        assert said[letter] == shown(diagnose(EXERCISES[key], letter, STUDY))
    assert said[""] == ("not attempted", f"… {key} Not attempted yet {EMPTY}")


@pytest.mark.parametrize("key", NUMERIC + CHOICE)
def test_the_hints_come_one_by_one_and_the_focus_stays(visit, key):
    page = visit(key)
    hints = [html.unescape(re.sub("<[^<>]*>", "", inline_html(h))) for h in EXERCISES[key].hints]
    assert page.path_of_focus[key] == ["submit", "exercise-hint"]
    assert page.hints[key] == ([*range(len(hints) + 1), len(hints)], hints)


@pytest.mark.parametrize("key", NUMERIC + CHOICE)
def test_a_changed_answer_is_no_longer_judged(visit, key):
    page = visit(key).page
    field = visit(key).form(key).locator("input").first
    field.focus()
    page.keyboard.press("ArrowDown" if key in CHOICE else "1")
    assert visit(key).form(key).get_by_role("status").text_content() == ""


@pytest.mark.parametrize("key", NUMERIC + CHOICE)
def test_the_solution_is_shown_after_right_only(visit, key):
    worked = visit(key).worked[key]
    (shown_when_right,) = worked.pop("right")
    assert {text for texts in worked.values() for text in texts} == {""}
    code = "".join(EXERCISES[key].code.split())
    assert code in "".join(shown_when_right.split())
    assert shown_when_right.startswith(f"Solution of {key}")


def test_the_formulas_of_a_solution_are_typeset(browser):
    key = next(k for k in CHOICE if "$" in EXERCISES[k].solution)
    (path,) = (HTML / "chapters").glob(f"{EXERCISES[key].chapter:02d}-*.html")
    page = browser.new_page(viewport={"width": 800, "height": 600})
    page.goto(path.as_uri())
    page.wait_for_function("window.MathJax && MathJax.startup.promise")
    page.evaluate("MathJax.startup.promise.then(() => true)")
    page.evaluate(UNFOLD)
    form = page.locator(f"#exercise-{key}-form")
    form.get_by_role("radio").nth(EXERCISES[key].answer).check()
    form.get_by_role("button", name="Check").click()
    form.locator(".exercise-worked summary").click()
    form.locator(".exercise-worked mjx-container").first.wait_for()
    formulas = form.locator(".exercise-worked .math")
    assert formulas.locator("mjx-container").count() == formulas.count()
    emulate(page, "media", "print")
    assert not form.locator(".exercise-worked").is_visible()
    page.close()


@pytest.mark.parametrize("key", FUNCTION)
def test_a_function_says_where_to_write_it(visit, key):
    page = visit(key).page
    worksheet = f"exercises/{EXERCISES[key].chapter:02d}-"
    block = page.locator(".exercise-block", has=page.locator(f"#exercise-{key}-prompt"))
    assert worksheet in block.text_content()
    code = block.locator(".exercise-elsewhere pre")
    assert f"def {EXERCISES[key].name}(" in code.text_content()
    # Nothing on a page of the book alone could run what is written there.
    assert visit(key).form(key).is_hidden()


@pytest.mark.parametrize("key", NUMERIC + CHOICE)
def test_a_question_has_a_heading_and_a_description(visit, key):
    page, form = visit(key).page, visit(key).form(key)
    heading = page.get_by_role("heading", name=f"{key}: {EXERCISES[key].title}", exact=True)
    assert heading.count() == 1
    described = form.locator("[aria-describedby]").first.get_attribute("aria-describedby")
    for name in described.split():
        assert page.locator(f'[id="{name}"]').text_content().strip()


@pytest.mark.parametrize("key", {e.chapter: key for key, e in EXERCISES.items()}.values())
def test_a_chapter_has_no_javascript_error(visit, key):
    assert visit(key).errors == []


@pytest.mark.parametrize("key", NUMERIC[:1])
def test_in_print_there_is_a_line_to_write_on_and_no_button(visit, key):
    page, form = visit(key).page, visit(key).form(key)
    page.set_viewport_size({"width": 800, "height": 600})
    emulate(page, "media", "print")
    assert form.locator("button:visible").count() == 0
    assert form.locator(".exercise-feedback:visible, .exercise-hints:visible").count() == 0
    assert form.locator("input").bounding_box()["width"] > 300
