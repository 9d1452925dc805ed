"""What a screen reader hears: the name of each control, from the browser's accessibility tree.

A checker of rules is content with any label; whether it says what the control is, it cannot tell.
"""

import html
import re
from functools import cache

import pytest
from pages import CHAPTERS, HTML, UNFOLD, without_formulas

from lmmteach._typeset import as_html, as_spoken
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.widgets import EXPLORERS

CONTROLS = {"slider", "radio", "button", "textbox", "checkbox", "combobox"}
NUMBER_ONLY = re.compile(r"[−\-\d.,\s%]*")


@pytest.fixture(scope="module")
def tree(browser):
    """``tree(page)``: role and name of all that is heard on a page."""
    context = browser.new_context()
    page = without_formulas(context.new_page())
    session = context.new_cdp_session(page)
    heard = {}

    def listen(name):
        if name in heard:
            return heard[name]
        page.goto((HTML / name).as_uri())
        page.evaluate(UNFOLD)
        # What is locked is named as well, but only what can be used is heard by everybody.
        for skip in page.locator(".explorer-skip").all():
            skip.click()
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        heard[name] = [
            (node["role"]["value"], node.get("name", {}).get("value", "").strip())
            for node in nodes
            if not node["ignored"]
        ]
        return heard[name]

    yield listen
    context.close()


def named(nodes, role):
    return [name for kind, name in nodes if kind == role]


def in_one_line(text):
    """A text as it stands on the page, subscripts and all, without its tags."""
    return html.unescape(re.sub("<[^>]*>", "", as_html(text)))


@cache
def text_of(name):
    return (HTML / name).read_text(encoding="utf-8")


def page_of(mark):
    (name,) = [name for name in CHAPTERS if mark in text_of(name)]
    return name


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_control_of_a_chapter_has_a_name_that_is_more_than_a_number(tree, name):
    nodes = tree(name)
    controls = [node for node in nodes if node[0] in CONTROLS]
    assert controls
    assert [control for control in controls if NUMBER_ONLY.fullmatch(control[1])] == []


@pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
def test_the_controls_of_an_explorer_are_heard_as_they_are_seen(tree, explorer):
    nodes = tree(page_of(f'name="{explorer.name}-option"'))
    assert {as_spoken(control.label) for control in explorer.controls} <= set(
        named(nodes, "slider")
    )
    options = {in_one_line(option) for option in explorer.question.options}
    assert options <= set(named(nodes, "radio"))
    buttons = named(nodes, "button")
    for label, _ in explorer.presets:
        assert label in buttons
    assert "This is my prediction" in buttons
    question = in_one_line(f"Predict first: {explorer.question.text}")
    assert question in named(nodes, "group")


@pytest.mark.parametrize(
    "exercise",
    [e for e in EXERCISES.values() if isinstance(e, Numeric | Choice)],
    ids=lambda exercise: exercise.key,
)
def test_the_field_of_an_exercise_says_which_exercise_it_is(tree, exercise):
    name = page_of(f'id="exercise-{exercise.key}-form"')
    is_choice = isinstance(exercise, Choice)
    heard = named(tree(name), "group" if is_choice else "textbox")
    assert f"Your answer to {exercise.key}" in heard
    if is_choice:
        letters = [said[:3] for said in named(tree(name), "radio")]
        assert letters.count("(a)") >= 1
