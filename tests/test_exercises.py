"""Every exercise of the bank, on the lecture's data and on those of fifty students."""

import re
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lmmteach import exercises
from lmmteach.exercises import session
from lmmteach.exercises.bank import BY_CHAPTER, EXERCISES
from lmmteach.exercises.cells import matches
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.functions import known_results, verdict_on_function
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.numeric import (
    ONE_OF_SEVERAL,
    ROUNDED,
    TOO_FEW,
    targets,
    tells_apart,
)
from lmmteach.exercises.record import Record
from lmmteach.exercises.studies import drawn_study, normal_name

# In the browser's Python, where each of them takes a second, a few have to do.
STUDENTS = tuple(f"student {n}" for n in range(5 if sys.platform == "emscripten" else 50))
FIRST_CELL = """
import numpy as np
import lmmteach as lt
from lmmteach.exercises import check, hint, progress, solution, start

study = start(student="{student}")
y, X, Z, woman = study.y, study.X, study.Z, study.woman
"""
MISCONCEPTIONS = """
b_is_parameter var_blup_is_sigma_b shrink_direction icc_as_shrinkage reml_for_fixed_lrt
reml_never_lrt reml_always_better ml_both_biased chi2_1_at_boundary wald_for_variance
zero_means_none five_levels_rule n_is_80 df_infinite new_group_b_hat predict_includes_b
cond_vs_marg_resid normal_b_check sd_var_se_mixup aic_df
"""


def of_kind(*kinds):
    """The exercises of these kinds, as parameters of a test."""
    chosen = [e for e in EXERCISES.values() if isinstance(e, kinds)]
    return pytest.mark.parametrize("exercise", chosen, ids=lambda exercise: exercise.key)


every = of_kind(Numeric, Choice, Function)


@pytest.fixture(autouse=True)
def _session_of_its_own(monkeypatch, tmp_path):
    own = session._Session(session._study_of(""), Record(tmp_path / "progress.json"))
    monkeypatch.setattr(session, "_session", own)


@cache
def estrone_study():
    return session._study_of("")


@cache
def all_studies():
    return (estrone_study(), *(session._study_of(name) for name in STUDENTS))


def mistakes(exercise):
    """(tag, feedback) of everything wrong that an exercise knows by name."""
    if isinstance(exercise, Choice):
        wrong = [o for i, o in enumerate(exercise.options) if i != exercise.answer]
    else:
        wrong = exercise.wrong
    return [(mistake.tag, mistake.feedback) for mistake in wrong]


def plain_texts(exercise):
    """All that is shown as plain text."""
    texts = [exercise.right, *exercise.hints, *(feedback for _, feedback in mistakes(exercise))]
    if isinstance(exercise, Numeric):
        texts += [also.remark for also in exercise.also]
    if isinstance(exercise, Choice):
        texts.append(exercise.options[exercise.answer].feedback)
    return texts


# Every answer ------------------------------------------------------------------------------------


@of_kind(Numeric)
def test_right_numbers_pass(exercise):
    for study in all_studies():
        right, *others = (t for t in targets(exercise, study) if t.outcome == "right")
        said = diagnose(exercise, right.value, study)
        assert (said.outcome, said.text) == ("right", exercise.right)
        for also in others:
            said = diagnose(exercise, also.value, study)
            assert (said.outcome, said.text) in {("right", also.text), ("right", exercise.right)}


@of_kind(Numeric)
def test_what_is_looked_at_is_what_the_bank_says(exercise):
    study = estrone_study()
    gives = [exercise.answer, *(entry.gives for entry in (*exercise.also, *exercise.wrong))]
    values = [target.value for target in targets(exercise, study)]
    assert sorted(values) == sorted(float(give(study)) for give in gives)


@of_kind(Numeric)
def test_numbers_are_right_within_atol_and_not_far_beyond(exercise):
    for study in all_studies()[:6]:
        answer = targets(exercise, study)[0].value
        for factor in (-0.99, 0.99):
            said = diagnose(exercise, answer + factor * exercise.atol, study)
            assert said.outcome == "right"
        for factor in (-1.3, 1.3):
            said = diagnose(exercise, answer + factor * exercise.atol, study)
            assert said.outcome == "wrong"


@of_kind(Numeric)
def test_each_wrong_number_gets_its_own_tag_and_text(exercise):
    for study in all_studies():
        wrong = [t for t in targets(exercise, study) if t.outcome == "wrong"]
        always = {mistake.tag for mistake in exercise.wrong if mistake.always}
        assert always <= {target.tag for target in wrong}
        for target in wrong:
            said = diagnose(exercise, target.value, study)
            assert (said.outcome, said.tag, said.text) == ("wrong", target.tag, target.text)


@of_kind(Numeric)
def test_the_numbers_can_be_told_apart(exercise):
    assert all(tells_apart(exercise, study) for study in all_studies())


@of_kind(Numeric)
def test_a_named_mistake_has_its_text_all_around_it(exercise):
    for study in all_studies()[:6]:
        for wrong in (t for t in targets(exercise, study) if t.outcome == "wrong"):
            for off in (-0.99, 0.99):
                said = diagnose(exercise, wrong.value + off * exercise.atol, study)
                assert said.tag == wrong.tag


def roundings(value, digits=1):
    """The number with 0 to 6 decimals and 2 to 6 significant digits, where so many are left."""
    texts = [f"{value:.{k}f}" for k in range(7)] + [f"{value:.{k}e}" for k in range(1, 6)]
    shown = {text: len(re.sub(r"e.*|\D", "", text).lstrip("0")) for text in texts}
    return {float(text) for text in texts if shown[text] >= digits}


def expected_of_rounding(number, known, atol):
    """What the stated rule says: a known number first, then who alone has this rounding."""
    matching = [target for target in known if matches(number, target.value, atol)]
    if matching:
        rights = [target for target in matching if target.outcome == "right"]
        return min(rights or matching, key=lambda target: abs(number - target.value)).text
    if not any(number in roundings(target.value, digits=2) for target in known):
        return None
    sharing = [target for target in known if number in roundings(target.value)]
    outcomes = {target.outcome for target in sharing}
    if outcomes == {"right"}:
        return ROUNDED
    if outcomes == {"right", "wrong"}:
        return TOO_FEW
    return sharing[0].text if len(sharing) == 1 else ONE_OF_SEVERAL


@of_kind(Numeric)
def test_what_is_known_is_known_however_it_is_rounded(exercise):
    """One digit names nobody; what two known numbers share asks for more digits."""
    alone = 0
    for study in all_studies():
        known = targets(exercise, study)
        for target in known:
            for number in roundings(target.value):
                said = diagnose(exercise, number, study)
                expected = expected_of_rounding(number, known, exercise.atol)
                if expected is None:
                    assert said.tag in ("", "close", "sign", "percent"), (study.student, number)
                else:
                    assert said.text == expected, (study.student, number)
                alone += expected == target.text
    assert alone > 0


@pytest.mark.parametrize(
    ("key", "number", "tag"),
    [
        ("4a", -2.57, "used_REML"),
        ("4a", -2.6, "rounded"),
        ("3a", 14.02, "ols"),
        ("3a", 14.0204, "ols"),
        ("3a", 14.3807, "variances_of_the_printout"),
        ("3a", 14.38, "variances_of_the_printout"),
        ("3a", 14.4, "rounded"),
        ("2b", 26, "upside_down"),
        ("8a", 2.09, "rounded"),
    ],
)
def test_what_a_student_copies_from_the_chapter(key, number, tag):
    assert diagnose(EXERCISES[key], number, estrone_study()).tag == tag


@of_kind(Choice)
def test_each_option_gets_its_own_text(exercise):
    for position, option in enumerate(exercise.options):
        said = diagnose(exercise, "abcdefgh"[position], estrone_study())
        right = position == exercise.answer
        assert said.outcome == ("right" if right else "wrong")
        assert said.text.startswith(option.feedback)
        assert said.tag == option.tag


@of_kind(Function)
def test_functions_right_and_wrong_on_the_lectures_data(exercise):
    study = estrone_study()
    assert diagnose(exercise, exercise.reference, study).outcome == "right"
    for wrong in exercise.wrong:
        said = diagnose(exercise, wrong.gives, study)
        assert (said.outcome, said.tag, said.text) == ("wrong", wrong.tag, wrong.feedback)


@of_kind(Function)
def test_functions_right_and_wrong_on_the_data_of_students(exercise):
    for study in all_studies()[1:]:
        known = known_results(exercise, study)
        assert verdict_on_function(exercise, known.right, known, study)[0] == "right"
        for wrong, results in zip(exercise.wrong, known.wrong, strict=True):
            said = verdict_on_function(exercise, results, known, study)
            assert said == ("wrong", wrong.feedback, wrong.tag)


@of_kind(Function)
def test_functions_are_tried_on_the_unbalanced_cut(exercise):
    study = estrone_study()
    cases = exercise.cases(study)
    takes_data = any(80 in np.shape(argument) for case in cases for argument in case)
    rows = len(study.cut.data)
    on_cut = any(rows in np.shape(argument) for case in cases for argument in case)
    assert not takes_data or on_cut


@of_kind(Function)
def test_the_cases_leave_the_study_as_it_was(exercise):
    study = estrone_study()
    before = study.data.copy()

    def greedy(*arguments):
        for argument in arguments:
            if isinstance(argument, np.ndarray) and argument.dtype == float:
                argument[...] = -1

    diagnose(exercise, greedy, study)
    pd.testing.assert_frame_equal(study.data, before)
    assert diagnose(exercise, exercise.reference, study).outcome == "right"


@every
@pytest.mark.parametrize("student", ["", "student 0"])
def test_the_solutions_code_is_right_in_a_worksheet(exercise, student):
    names = {}
    exec(FIRST_CELL.format(student=student), names)
    exec(exercise.code, names)
    answer = names[exercise.name if isinstance(exercise, Function) else "answer"]
    said = names["check"](exercise.key, answer)
    assert said.outcome == "right", said


@every
def test_untouched_exercises_are_not_attempted(exercise):
    assert exercises.check(exercise.key).outcome == "not attempted"
    assert exercises.check(exercise.key, ...).outcome == "not attempted"
    assert ", 0 tried, " in repr(exercises.progress())


@of_kind(Function)
def test_untouched_stubs_are_not_attempted(exercise):
    names = {}
    exec(FIRST_CELL.format(student=""), names)
    exec(exercise.stub, names)
    assert names["check"](exercise.key, names[exercise.name]).outcome == "not attempted"


JUNK = {
    "None": None,
    "nan": float("nan"),
    "infinite": np.inf,
    "text": "1.75",
    "no": False,
    "complex": 1 + 2j,
    "vector": np.zeros(5),
    "matrix": np.zeros((80, 80)),
    "empty": [],
    "zero-d": np.array(-777.125),
    "frame": pd.DataFrame({"a": [1.0, 2.0]}),
    "one entry": pd.Series([-777.125]),
    # As large as numpy can count to, on a machine of 64 bits, and on one of 32 as in a browser.
    "huge": np.broadcast_to(0.0, (10**6, 10**6) if sys.maxsize > 2**32 else (10**4, 10**4)),
    "dict": {"a": 1},
    "module": np,
    "function": np.mean,
    "type": int,
    "too large": 10**400,
}


@every
def test_junk_gets_a_sentence(exercise):
    for name, junk in JUNK.items():
        said = diagnose(exercise, junk, estrone_study())
        assert said.outcome in ("error", "wrong"), name
        assert 20 < len(said.text) < 600, name
        assert "Traceback" not in said.text, name


# The bank as a whole ------------------------------------------------------------------------------


def test_there_are_enough_of_each_kind():
    kinds = Counter(type(exercise).__name__ for exercise in EXERCISES.values())
    assert sum(kinds.values()) >= 36
    assert kinds["Numeric"] >= 12
    assert kinds["Function"] >= 10
    assert kinds["Choice"] >= 10


@pytest.mark.parametrize("chapter", BY_CHAPTER, ids=lambda chapter: chapter.page)
def test_the_exercises_of_a_chapter_have_its_number(chapter):
    assert {exercise.chapter for exercise in BY_CHAPTER[chapter]} == {chapter.number}


@pytest.mark.parametrize(("key", "number"), [("4a", 4), ("10a", 10), ("12c2", 12)])
def test_the_chapter_of_a_key_may_have_two_digits(key, number):
    assert replace(EXERCISES["1a"], key=key).chapter == number


def test_two_series_fade():
    series = Counter(e.series for e in EXERCISES.values() if getattr(e, "series", ""))
    assert len(series) >= 2
    assert min(series.values()) >= 3


def test_keys_are_in_order_and_no_key_is_twice():
    keys = [exercise.key for exercises in BY_CHAPTER.values() for exercise in exercises]
    assert len(keys) == len(set(keys))
    assert keys == sorted(keys, key=lambda key: (EXERCISES[key].chapter, key))
    assert all(re.fullmatch(r"[1-9]\d?[a-z]\d?", key) for key in keys)


def test_every_misconception_is_somebodys_named_mistake():
    tags = {tag for exercise in EXERCISES.values() for tag, _ in mistakes(exercise)}
    assert set(MISCONCEPTIONS.split()) - tags == set()


@every
def test_each_exercise_is_complete(exercise):
    assert 2 <= len(exercise.hints) <= 3
    least = {Numeric: 3, Function: 2, Choice: 2}[type(exercise)]
    assert len(mistakes(exercise)) >= least
    assert all(feedback for _, feedback in mistakes(exercise))
    tags = [tag for tag, _ in mistakes(exercise) if tag]
    assert len(tags) == len(set(tags))
    if not isinstance(exercise, Choice):
        assert len(tags) == len(exercise.wrong)
    for text in (exercise.title, exercise.prompt, exercise.solution, exercise.code):
        assert text.strip()
    for text in plain_texts(exercise):
        assert text.strip()
        assert text.count("`") % 2 == 0
        # TeX belongs into the prompt and the solution.
        assert not re.search(r"\\[a-z]|\$", re.sub("`.*?`", "", text))


IN_WORDS = {"two": 2, "three": 3, "four": 4}


@of_kind(Numeric)
def test_the_prompt_says_how_many_decimals_and_they_are_enough(exercise):
    (word,) = re.findall(r"\b(two|three|four)\s+decimals", exercise.prompt)
    for study in all_studies():
        for right in (t for t in targets(exercise, study) if t.outcome == "right"):
            number = round(right.value, IN_WORDS[word])
            assert diagnose(exercise, number, study).outcome == "right"


@of_kind(Numeric, Choice)
def test_a_reader_of_the_page_needs_no_study(exercise):
    """The page has no variable of that name; where a worksheet has it, ``in_code`` says."""
    texts = [exercise.prompt, exercise.solution, *plain_texts(exercise)]
    if isinstance(exercise, Choice):
        texts += [option.text for option in exercise.options]
    code = [piece for text in texts for piece in re.findall(r"`+([^`]+)`+", text)]
    assert [piece for piece in code if re.search(r"\bstudy\b", piece)] == []
    assert not any(re.search(r"\bstudy\.[a-z]", text) for text in texts)


@of_kind(Function)
def test_the_prompt_of_a_function_needs_no_study(exercise):
    assert not re.search(r"\bstudy\.[a-z]", exercise.prompt)


FILLERS = (
    "about after again also another because been before being between both cannot does each even "
    "every from have here into itself just more most much never nothing only other same should so "
    "than that the their them then there these they this those together under very were what when "
    "where which while will with without would your"
)


def content_words(text):
    """The words that carry a text, by their first six letters."""
    words = re.findall(r"[^\W\d_]{4,}", text.lower())
    return {word[:6] for word in words if word not in FILLERS.split()}


def shared_part(text, other):
    """Which part of a text's words stand in another already."""
    words = content_words(text)
    return len(words & content_words(other)) / max(len(words), 1)


@of_kind(Choice)
def test_what_is_said_to_the_right_option_does_not_say_it_twice(exercise):
    option = exercise.options[exercise.answer]
    assert exercise.right not in option.feedback
    assert shared_part(exercise.right, option.feedback) < 0.3
    assert shared_part(exercise.right, option.text) < 0.3
    assert shared_part(option.feedback, option.text) <= 0.5


@every
def test_what_is_right_is_read_in_words_of_its_own(exercise):
    for sentence in re.split(r"(?<=[.?!:;])\s+", exercise.prompt):
        assert len(content_words(sentence) - content_words(exercise.right)) > 1 or (
            shared_part(exercise.right, sentence) < 0.5
        )
    assert shared_part(exercise.right, exercise.prompt) <= 0.7


@of_kind(Numeric)
def test_no_text_gives_the_number_away(exercise):
    right = abs(exercise.answer(estrone_study()))
    for text in plain_texts(exercise):
        for number in re.findall(r"\d+(?:\.\d+)?", text):
            digits = number.replace(".", "").lstrip("0")
            decimals = len(number.partition(".")[2])
            assert len(digits) < 3 or round(right, decimals) != float(number), (number, text)


# Data of one's own --------------------------------------------------------------------------------


def test_a_name_gives_the_same_study_everywhere():
    study = drawn_study("Ada")
    assert study.data.shape == (80, 4)
    assert study.data["estrone"].tolist()[:6] == [28, 41, 32, 39, 33, 30]
    assert study.data["estrone"].tolist()[-3:] == [25, 30, 20]
    assert drawn_study("Ada", 1).data["estrone"].tolist()[:4] == [53, 50, 49, 45]


@pytest.mark.parametrize(
    ("name", "same"),
    [
        (
            "Ada Lövelace",
            ["ada lövelace", " Ada  Lövelace\n", "ADA LO\u0308VELACE"],
        ),
        ("A Lovelace", ["A. Lovelace", "A.Lovelace", "a lovelace.", "A\uff0e Lovelace"]),
        (
            "Sean O'Neil",
            ["Sean O\u2019Neil", "sean o\u02bcneil", "SEAN O\u00b4NEIL"],
        ),
        (
            "Anne-Marie",
            ["Anne\u2010Marie", "anne\u2011marie", "ANNE\u2013MARIE"],
        ),
        ("Strauß", ["STRAUSS", "strauß", "Strau\u00adß", "\ufeffStrauß"]),
        ("J. R. Tolkien", ["J.R. Tolkien", "JR Tolkien", "j r tolkien", "J.R.Tolkien"]),
        ("Ada", ["\uff21\uff44\uff41", "Ada\u200b"]),
    ],
)
def test_the_spelling_of_a_name_does_not_matter(name, same):
    assert {normal_name(spelling) for spelling in same} == {normal_name(name)}
    one = exercises.start(name)
    for spelling in same:
        pd.testing.assert_frame_equal(exercises.start(spelling).data, one.data)


def test_different_names_stay_different():
    names = ["Ada", "Adam", "A Da", "Anne Marie", "Anne-Marie", "Annemarie", "O'Neil", "Oneil"]
    assert len({normal_name(name) for name in names}) == len(names)


def test_a_plain_name_counts_as_it_always_has():
    for name in (*STUDENTS, "Ada Lovelace", "Anne-Marie O'Neil", "Jörg Strauß", "李 明", "İnci"):
        plain = unicodedata.normalize("NFC", name).casefold()
        assert unicodedata.normalize("NFC", plain) == normal_name(name)


def test_each_name_has_its_own_study():
    drawn = {tuple(study.data["estrone"]) for study in all_studies()}
    assert len(drawn) == 1 + len(STUDENTS)


def test_a_study_has_the_structure_of_the_lectures():
    for study in all_studies():
        assert study.data.columns.tolist() == ["woman", "measurement", "estrone", "logestrone"]
        assert study.n_i.tolist() == [16] * 5
        assert study.cut.n_i.tolist() == [16, 8, 4, 2, 1]
        np.testing.assert_allclose(study.y, 10 * np.log10(study.data["estrone"]), atol=1e-12)
        for fit in (study.ml, study.reml, study.cut.ml, study.cut.reml):
            assert fit.sigma2_b > 0
