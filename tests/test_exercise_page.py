"""The exercises as the page has them: the same verdicts as in a worksheet, and no answer in sight.

``look_up`` does what ``tools/static/exercises.js`` does; the browser test runs the script itself.
"""

import base64
import json
import math
import re
from dataclasses import replace
from statistics import mean, stdev

import exercises_page
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmmteach.exercises.bank import BY_CHAPTER, EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.kinds import Also, Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.page import given_text, hash32, page_data, page_html
from lmmteach.exercises.studies import estrone_study

STUDY = estrone_study()
NUMERIC = [exercise for exercise in EXERCISES.values() if isinstance(exercise, Numeric)]
CHOICE = [exercise for exercise in EXERCISES.values() if isinstance(exercise, Choice)]
ATOL = 1e-3
SMALL = Numeric(
    key="0a",
    title="A made-up one",
    prompt="What is $x$?",
    hints=("Look at `x`.", "Is x < 0?"),
    solution="It is so.",
    code="answer = -1.9196",
    right="That is the level of a woman: μ̂ + b̂₄.",
    answer=lambda study: -1.9196,
    atol=ATOL,
    unit="pg/ml",
    also=(Also(lambda study: -1.9142, "This is right, too."),),
    wrong=(
        Wrong("first", lambda study: -1.9419, "The first mistake: `x` is not shrunk."),
        Wrong("close_by", lambda study: -1.9246, "Near the right answer, but with a name."),
        Wrong("at_zero", lambda study: 0.0, "Nothing is left."),
    ),
)
LETTERS = Choice(
    key="0b",
    title="Which?",
    prompt="Which?",
    hints=("Not the first.", "Not the last."),
    solution="The second.",
    right="Only this one is left.",
    options=(
        Option("one with $x$", "Too few.", "few"),
        Option("two", "Just so."),
        Option("a lot", "Too many.", "many"),
    ),
    answer=1,
)


def opened(data, answer):
    """``[outcome, key of the solution, text]`` of the page for a cell or a letter."""
    found = data["cells"].get(hash32(f"{data['salt']}/name/{answer}"))
    if found is None:
        outcome, text = data["other"]
        return [outcome, "", text]
    which, sealed = found
    key = sealed ^ hash32(f"{data['salt']}/lock/{answer}")
    return read(data["texts"][which], key).split("\n", 2)


def read(cipher, key):
    masked = base64.b64decode(cipher)
    return bytes(byte ^ hash32(f"{key}/{k}") & 0xFF for k, byte in enumerate(masked)).decode()


def look_up(data, answer):
    """``[outcome, text]`` of the page for a cell or a letter."""
    outcome, _, text = opened(data, answer)
    return [outcome, text]


def of_number(data, number):
    return look_up(data, math.floor(number / data["step"] + 0.5))


def of_diagnose(exercise, answer):
    feedback = diagnose(exercise, answer, STUDY)
    return [feedback.outcome, inline_html(feedback.text)]


@pytest.fixture(scope="module")
def tables():
    """The tables of all numeric exercises, made once."""
    return {exercise.key: page_data(exercise, STUDY) for exercise in [SMALL, *NUMERIC]}


@pytest.mark.parametrize("exercise", [SMALL, *NUMERIC], ids=lambda e: e.key)
def test_the_page_says_of_a_number_what_check_says(exercise, tables):
    known = [target.value for target in targets(exercise, STUDY)]
    centres = [*known, -known[0], 100 * known[0], 0.0, 1e6, -1e300]

    @given(st.sampled_from(centres), st.floats(-70, 70))
    def agree(centre, cells):
        number = centre + cells * exercise.atol / 5
        assert of_number(tables[exercise.key], number) == of_diagnose(exercise, number)

    agree()


@pytest.mark.parametrize("exercise", [SMALL, *NUMERIC], ids=lambda e: e.key)
def test_the_page_knows_each_target_and_the_last_digit_that_counts(exercise, tables):
    data = tables[exercise.key]
    for target in targets(exercise, STUDY):
        for tenths in (-10.5, -10, 0, 10, 10.5):
            number = target.value + tenths * exercise.atol / 10
            assert of_number(data, number) == of_diagnose(exercise, number)
        assert of_number(data, target.value) == [target.outcome, inline_html(target.text)]


def test_what_is_close_or_turned_round_is_known_too(tables):
    texts = {}
    for number in (-1.9196, -1.9142, -1.9246, -1.9216, 1.9196, 55.0):
        outcome, texts[number] = of_number(tables["0a"], number)
        assert outcome == ("right" if number in (-1.9196, -1.9142) else "wrong")
    assert len(set(texts.values())) == 6


@pytest.mark.parametrize("exercise", [LETTERS, *CHOICE], ids=lambda e: e.key)
def test_the_page_says_of_a_letter_what_check_says(exercise):
    data = page_data(exercise, STUDY)
    assert data["step"] is None
    for letter in "abcdefgh"[: len(exercise.options)]:
        assert look_up(data, letter) == of_diagnose(exercise, letter)


@pytest.mark.parametrize("exercise", [SMALL, LETTERS, *NUMERIC, *CHOICE], ids=lambda e: e.key)
def test_only_what_is_right_opens_the_solution(exercise):
    worked = "<p>σ<sub>b</sub> and the code</p>"
    data = page_data(exercise, STUDY, worked)
    if isinstance(exercise, Choice):
        answers = "abcdefgh"[: len(exercise.options)]
    else:
        known = [target.value for target in targets(exercise, STUDY)]
        answers = [math.floor(number / data["step"] + 0.5) for number in (*known, -known[0], 1e9)]
    said = [opened(data, answer) for answer in answers]
    assert {outcome for outcome, _, _ in said} == {"right", "wrong"}
    for outcome, key, _ in said:
        assert (outcome == "right") == bool(key)
        assert not key or read(data["solution"], key) == worked


def test_feedback_on_the_page_is_typeset():
    assert inline_html("`sigma2_b` < σ_b²") == "<code>sigma2_b</code> &lt; σ<sub>b</sub>²"


def test_what_is_no_answer_gets_a_sentence():
    data = page_data(SMALL, STUDY)
    assert data["empty"][0] == "not attempted"
    assert data["unreadable"][0] == "error"
    assert set(data["headings"]) == {"not attempted", "error", "wrong", "right"}


@pytest.mark.parametrize("exercise", [SMALL, LETTERS, *NUMERIC, *CHOICE], ids=lambda e: e.key)
def test_no_answer_and_no_verdict_stand_in_the_block(exercise):
    worked = f"<p>{inline_html(exercise.solution)}</p>"
    block = page_html(exercise, STUDY, worked)
    hints = "".join(exercise.hints)
    assert exercise.right not in block
    assert exercise.solution not in block
    assert worked not in block
    if isinstance(exercise, Choice):
        texts = [option.feedback for option in exercise.options]
    else:
        texts = [wrong.feedback for wrong in exercise.wrong]
        number = abs(exercise.answer(STUDY))
        texts += [f"{number:.{digits}f}" for digits in range(2, 9)]
    assert [text for text in texts if text in block and text not in hints] == []


def test_the_form_has_labels_and_says_what_it_is():
    block = page_html(SMALL, STUDY)
    assert '<label for="exercise-0a-answer">' in block
    assert 'aria-describedby="exercise-0a-prompt exercise-0a-unit"' in block
    assert 'role="status"' in block
    assert "<li hidden>Look at <code>x</code>.</li><li hidden>Is x &lt; 0?</li>" in block
    letters = page_html(LETTERS, STUDY)
    assert letters.count('<input type="radio" name="exercise-0b-answer"') == 3
    assert "<legend>" in letters
    assert '<span>(a) one with <span class="math notranslate nohighlight">' in letters


def test_the_data_cannot_end_the_script_element():
    sly = replace(LETTERS, key="</script>")
    payload = re.search(r"json\">(.*?)</script>", page_html(sly, STUDY))[1]
    assert json.loads(payload)["salt"] == "</script>"


def inserted(text, docname="chapters/01-model"):
    """What Sphinx reads of a notebook whose last cell has this text."""
    first = {"cell_type": "markdown", "source": ["# A chapter\n", "\n", "Words."]}
    cells = [first, {"cell_type": "code", "source": "1 + 1"}]
    cells.append({"cell_type": "markdown", "source": text})
    source = [json.dumps({"cells": cells})]
    exercises_page.add_exercises(None, docname, source)
    *others, last = json.loads(source[0])["cells"]
    assert others == cells[:2]
    return last["source"]


FIRST, SECOND = (
    [key for key, e in EXERCISES.items() if e.chapter == 1 and e.second_round is later]
    for later in (False, True)
)


def test_exercises_stand_at_the_end_of_their_section():
    text = inserted("Words.\n\n## Exercises\n\nTry them.\n\n## Further reading\n\nBooks.")
    assert re.findall(r"^(?:#|```\{).*", text, re.MULTILINE) == [
        "## Exercises",
        *(f"```{{exercise}} {key}" for key in FIRST),
        "### Second reading: more practice",
        *(f"```{{exercise}} {key}" for key in SECOND),
        "## Further reading",
    ]
    assert text.startswith("Words.\n\n## Exercises\n\nTry them.\n\n```{exercise} 1b\n```\n")
    assert text.endswith("\n## Further reading\n\nBooks.")


def test_a_chapter_without_that_section_gets_one():
    text = inserted("Words.\n\n## Further reading\n\nBooks.")
    assert text.startswith("Words.\n\n## Exercises\n\n```{exercise} 1b\n```\n")
    assert text.endswith("## Further reading\n\nBooks.")
    assert inserted("Words.").endswith(f"```{{exercise}} {SECOND[-1]}\n```\n\n")


@pytest.mark.parametrize("chapter", BY_CHAPTER, ids=lambda chapter: chapter.page)
def test_a_page_gets_the_exercises_of_its_chapter(chapter):
    keys = re.findall(r"\{exercise\} (\w+)", inserted("Words.", f"chapters/{chapter.page}"))
    own = [e for e in EXERCISES.values() if e.chapter == chapter.number]
    assert keys == [e.key for e in sorted(own, key=lambda exercise: exercise.second_round)]


def test_other_pages_are_left_alone():
    assert inserted("Words.", "chapters/printout") == "Words."


def test_the_solution_has_the_number_the_reason_and_the_code():
    lines = exercises_page._solution(SMALL)
    assert "**−1.920** pg/ml" in lines
    assert SMALL.solution in lines
    assert SMALL.code in lines
    assert "**(b)** two" in exercises_page._solution(LETTERS)


def test_every_kind_has_its_word_in_the_table():
    assert set(exercises_page.KINDS) == {Numeric, Choice, Function}


def keeps(n, sigma2_b, sigma2_e):
    return n * sigma2_b / (n * sigma2_b + sigma2_e)


def balanced_reml(SSB, SSW, times):
    within = SSW / (5 * (times - 1))
    return (SSB / 4 - within) / times, within


def end_on_the_right(SSB, sigma2_e):
    r = 3.0
    for _ in range(50):
        r = math.exp(1 + 2.7055 / 5 - 1 / r)
    return (r * SSB / 5 - sigma2_e) / 16


def zero_in_spite_of_differences(sigma2_e):
    v = 1 / (1 + 16 * 0.02 / sigma2_e)
    w = 4 * v / (4 * v + 75)
    return 1 - (1 - w) ** 37.5 * (1 + 37.5 * w)


def borderline(SSW, text):
    """The statistic from SSB = 4; then the Φ that is given for its root."""
    statistic = 80 * math.log((4 + SSW) / 80) - 5 * math.log(4 / 5) - 75 * math.log(SSW / 75)
    given = dict(re.findall(r"Phi\(([\d.]+)\)\$ = ([\d.]+)", text))
    return 1 - float(given[f"{math.sqrt(statistic):.4f}"])


def first_and_last(sigma2_b, sigma2_e):
    """The correlation of b₀ + ε and b₀ + 15 b₁ + ε′, with b₁ = −½ · 0.05 z₀ + … in SDs of b₀."""
    sd, slope = math.sqrt(sigma2_b), 0.05 * 15
    covariance = sd * (sd - slope / 2)
    last = (sd - slope / 2) ** 2 + 0.75 * slope**2
    return covariance / math.sqrt((sigma2_b + sigma2_e) * (last + sigma2_e))


# What a reader with a calculator does with the numbers that the page gives.
BY_HAND = {
    "2a": lambda SSB, SSW: (SSB / 5 - SSW / 15) / 4,
    "3c": end_on_the_right,
    "4a": lambda mean, mu, s2b, s2e: keeps(2, s2b, s2e) * (mean - mu),
    "4d": lambda SSB, SSW: keeps(4, *balanced_reml(SSB, SSW, 4)) ** 2 * SSB / 16,
    "5a": lambda SSB, SSW: balanced_reml(SSB, SSW, 8)[0],
    "5c": lambda ell, n: -2 * ell - math.log(n),
    "6a": lambda small, large, *by_reml: 2 * (large - small),
    "6b": lambda ml, reml: -2 * ml + 2 * 4,
    "6c": zero_in_spite_of_differences,
    "7a": lambda value, mu, s2b, s2e: mu + keeps(1, s2b, s2e) * (value - mu),
    "8a": lambda low, high, s2b, s2e: max(-low, high) / math.sqrt(s2e),
    "8f": lambda n, high, s2e, *quantiles: high / math.sqrt(s2e) - quantiles[0],
    "9a": first_and_last,
    "9d": lambda s2b, s2e: math.sqrt((12 * s2b + 4 * 0.5 + s2e) / 120),
    "10a": lambda s2b, s2e: math.sqrt(s2b / s2e),
    "10d": lambda s2b, s2e: 1 + 4 * keeps(4, s2b, s2e),
    "11b": lambda *means: (mean(means) - 10) / (stdev(means) / math.sqrt(5)),
    "11d": lambda se2, gb, ge, cbb, cbe, cee: (
        2 * se2**2 / (gb**2 * cbb + 2 * gb * ge * cbe + ge**2 * cee)
    ),
    "12a": lambda s2b, s2e: math.sqrt(4 * (s2b + s2e / 3) / 24),
    "12d": lambda s2b, s2e: math.sqrt(50 / 2 * s2e / s2b),
    "13b": lambda value, mu, s2b, s2e: (
        keeps(1, s2b, s2e) * (value - mu) + 1.96 * math.sqrt((1 - keeps(1, s2b, s2e)) * s2b)
    ),
}


@pytest.mark.parametrize("key", BY_HAND)
def test_with_what_is_given_a_calculator_is_enough(key):
    text = given_text(EXERCISES[key], STUDY).removesuffix(".")
    numbers = [float(n.replace("−", "-")) for n in re.findall(r" = (−?[\d.]+)", text)]
    assert diagnose(EXERCISES[key], BY_HAND[key](*numbers), STUDY).outcome == "right"


def test_the_borderline_study_needs_a_calculator_only():
    text = given_text(EXERCISES["6d"], STUDY).removesuffix(".")
    answer = borderline(float(re.search(r"SSW = ([\d.]+)", text)[1]), text)
    assert diagnose(EXERCISES["6d"], answer, STUDY).text == EXERCISES["6d"].right


def test_every_number_that_is_given_is_tried():
    assert {exercise.key for exercise in NUMERIC if exercise.given} == {*BY_HAND, "6d"}


@pytest.mark.parametrize("exercise", [e for e in NUMERIC if e.given], ids=lambda e: e.key)
def test_what_is_given_is_not_the_answer(exercise):
    right = exercise.answer(STUDY)
    for value in exercise.given(STUDY).values():
        assert abs(value - right) > 10 * exercise.atol
    assert given_text(exercise, STUDY).startswith("For the lecture's data")


def test_where_nothing_is_given_nothing_is_said():
    assert given_text(SMALL, STUDY) == ""
