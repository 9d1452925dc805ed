"""The exercises on data of one's own: each answer follows, each mistake is known, no word is wrong.

The tables differ in all that matters: balanced or not, groups of one, labels that are texts or
numbers, columns with a space in their name, responses from hundredths to thousands.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import lmmteach as lt
from lmmteach import exercises
from lmmteach.exercises import session
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.numeric import EITHER, targets
from lmmteach.exercises.record import Record
from lmmteach.exercises.studies import (
    KNOWN,
    LECTURE,
    Topic,
    first_drawn_like,
    study_about,
    study_of_table,
)
from lmmteach.exercises.words import asked, in_words, why_not

NUMBERS = [e.key for e in EXERCISES.values() if isinstance(e, Numeric)]
# Those about a data set of their own are not asked about any other.
ANYWHERE = [e for e in EXERCISES.values() if e.about is None]
FUNCTIONS = [e.key for e in ANYWHERE if isinstance(e, Function)]
CHOICES = [e.key for e in ANYWHERE if isinstance(e, Choice)]
SIZES = (7, 5, 4, 3, 2, 1, 1, 6)


@cache
def trees(scale=1.0):
    """An unbalanced table in disorder, with groups of one and spaces in the names."""
    rng = np.random.default_rng(3)
    names = np.repeat(["oak", "ash", "elm", "fir", "yew", "box", "bay", "lime"], SIZES)
    level = np.repeat(rng.normal(0, 2, len(SIZES)), SIZES)
    length = scale * (20 + level + rng.normal(0, 1, len(names)))
    table = pd.DataFrame({"leaf length": length.round(4), "my tree": names})
    return table.sample(frac=1, random_state=1)


@cache
def study(name):
    if name.startswith("trees"):
        topic = Topic(name, "leaf length", "my tree", "cm", "tree", "trees")
        return study_of_table(trees(1000.0 if name == "trees in μm" else 1.0), topic)
    data, _, student = name.partition(" of ")
    whole = study_about(KNOWN[data])
    return first_drawn_like(whole, student) if student else whole


DATA = (
    "sleepstudy", "orthodont", "dyestuff", "pastes", "rail", "trees", "trees in μm",
    "sleepstudy of Ada", "pastes of Ben",
)  # fmt: skip
on_each = pytest.mark.parametrize("name", DATA)
# What only some tables allow; everything else must be asked on all of them.
NEED_THREE = {"2a", "4d", "5a", "10d"}


@pytest.fixture(autouse=True)
def _session_of_its_own(monkeypatch, tmp_path):
    own = session._Session(session._study_of(""), Record(tmp_path / "progress.json"))
    monkeypatch.setattr(session, "_session", own)


def is_asked(key, name):
    return not why_not(EXERCISES[key], study(name))


@on_each
def test_all_but_the_lectures_own_are_asked(name):
    refused = {key for key in EXERCISES if not is_asked(key, name)}
    of_lecture = {key for key, exercise in EXERCISES.items() if exercise.about is not None}
    # One of each of the trees would not do for the exercises on the first measurements.
    assert refused - of_lecture <= (NEED_THREE if name.startswith("trees") else set())
    assert of_lecture <= refused


@on_each
@pytest.mark.parametrize("key", NUMBERS)
def test_answers_follow_from_the_data(name, key):
    if not is_asked(key, name):
        return
    exercise, own = EXERCISES[key], study(name)
    right = targets(asked(exercise, own), own)[0].value
    atol = asked(exercise, own).atol
    for off in (-0.99, 0, 0.99):
        assert diagnose(exercise, right + off * atol, own).outcome == "right"
    # The answer to the lecture's data is none here, unless it has nothing to do with data.
    of_lecture = exercise.answer(study_about(LECTURE))
    assert key == "12b" or diagnose(exercise, of_lecture, own).outcome == "wrong"


@on_each
@pytest.mark.parametrize("key", NUMBERS)
def test_the_solution_code_finds_the_answer(name, key):
    if not is_asked(key, name):
        return
    own = study(name)
    names = {"np": np, "lt": lt, "study": own, "y": own.y, "X": own.X, "Z": own.Z}
    exec(asked(EXERCISES[key], own).code, names)
    assert diagnose(EXERCISES[key], names["answer"], own).outcome == "right"


@on_each
@pytest.mark.parametrize("key", NUMBERS)
def test_each_mistake_is_told_as_what_it_is(name, key):
    """Its own words; or those of both where two coincide; never "wrong" for the right number."""
    if not is_asked(key, name):
        return
    exercise, own = EXERCISES[key], study(name)
    here = asked(exercise, own)
    right = targets(here, own)[0].value
    known = 0
    for wrong in here.wrong:
        value = float(wrong.gives(own))
        if not np.isfinite(value):
            continue
        said = diagnose(exercise, value, own)
        if abs(value - right) <= here.atol:
            assert said.outcome == "right"
        elif abs(value - right) > 3.1 * here.atol:
            assert said.outcome == "wrong"
            assert wrong.tag in said.tag.split(" or ")
            assert wrong.feedback in said.text
            assert (EITHER in said.text) == (" or " in said.tag)
            known += 1
    assert known >= 2


@on_each
@pytest.mark.parametrize("key", FUNCTIONS)
def test_functions_are_tried_on_the_data(name, key):
    exercise, own = EXERCISES[key], study(name)
    assert diagnose(exercise, exercise.reference, own, seconds=60).outcome == "right"
    for wrong in exercise.wrong:
        assert diagnose(exercise, wrong.gives, own, seconds=60).tag == wrong.tag


@on_each
@pytest.mark.parametrize("key", CHOICES)
def test_a_choice_about_the_lectures_women_says_so(name, key):
    exercise, own = EXERCISES[key], study(name)
    text = exercise.prompt + " ".join(option.text for option in exercise.options)
    about_women = re.search(r"\bwom[ae]n\b|\bher\b|estrone", text)
    assert asked(exercise, own).prompt.startswith("*This question") == bool(about_women)
    assert diagnose(exercise, "abcdef"[exercise.answer], own).outcome == "right"


def texts_of(exercise):
    yield from (exercise.title, exercise.prompt, exercise.solution, exercise.right)
    yield from (exercise.in_code, exercise.code, *exercise.hints)
    yield from (wrong.feedback for wrong in exercise.wrong)


LECTURES_WORDS = (
    r"\bwom[ae]n\b|\bshe\b|\bhers?\b|estrone|hormone|\bpg/ml\b|<\w+[#^]?>|measurement\"\]"
)
LECTURES_NUMBERS = (
    r"\beighty (?!errors)|√80(?!, which)|\bfive\b(?! of them treated)|\b31\b|\bforty\b"
)


@on_each
@pytest.mark.parametrize("key", NUMBERS)
def test_no_word_and_no_number_of_the_lecture_is_left(name, key):
    if not is_asked(key, name):
        return
    own = study(name)
    for text in texts_of(asked(EXERCISES[key], own)):
        assert not re.search(LECTURES_WORDS, text, re.IGNORECASE), text
        for found in re.findall(LECTURES_NUMBERS, text):
            # A table may have these numbers itself.
            mine = {in_words(k) for k in (*own.n_i, *own.cut.n_i, own.quarter, own.half)}
            mine |= {in_words(len(own.n_i) + k) for k in (-1, 0, 1)}
            mine |= {str(len(own.y)), str(len(own.cut.y)), in_words(len(own.y))}
            assert found in mine, (found, text)


@pytest.mark.parametrize("key", NUMBERS)
def test_each_phrase_that_is_replaced_is_there(key):
    exercise = EXERCISES[key]
    texts = " ¶ ".join(" ".join(text.split()) for text in texts_of(exercise))
    names = " ".join(exercise.given(study_about(LECTURE))) if exercise.given else ""
    for phrase, _ in exercise.elsewhere:
        first, *_ = phrase.split("…")
        assert " ".join(first.split()) in f"{texts} {names}", phrase


@on_each
@pytest.mark.parametrize("key", NUMBERS)
def test_as_many_decimals_as_are_asked_for_are_enough(name, key):
    if not is_asked(key, name):
        return
    own = study(name)
    exercise = asked(EXERCISES[key], own)
    words = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
    found = re.search(r"\b(\w+)\s+decimals?\b(?! point)", exercise.prompt)
    decimals = words[found[1]] if found else 0
    assert found or "all digits before the decimal point" in exercise.prompt
    right = targets(exercise, own)[0].value
    assert diagnose(exercise, round(right, decimals), own).outcome == "right"


# Independent computations -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sleepstudy", "pastes", "trees"])
def test_some_answers_are_those_of_statsmodels(name):
    own = study(name)
    table = pd.DataFrame({"y": own.y, "g": own.group})

    def fit(rows, reml):
        return smf.mixedlm("y ~ 1", rows, groups=rows["g"]).fit(reml=reml)

    whole = fit(table, True)
    b, e = float(whole.cov_re.iloc[0, 0]), float(whole.scale)
    cut = pd.DataFrame({"y": own.cut.y, "g": own.cut.group})
    ml = fit(cut, False)
    one = own.cut.labels[own.cut.fewest]
    level = float(ml.fe_params.iloc[0] + ml.random_effects[one].iloc[0])
    for key, value in {
        "1a": b / (b + e / 2),
        "1c": np.sqrt(b),
        "1e": np.sqrt(b / 20 + e / 80),
        "7a": level,
        "12a": np.sqrt((b + e / 3) / 6),
    }.items():
        assert EXERCISES[key].answer(own) == pytest.approx(value, rel=2e-4)


# What start takes ---------------------------------------------------------------------------------


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "trees.csv"
    trees().to_csv(path, index=False, sep=";")
    own = exercises.start(
        data=str(path), response="leaf length", group="my tree", unit="cm", words=("tree", "trees")
    )
    assert own.reml.theta == pytest.approx(study("trees").reml.theta)
    assert "how much trees differ" in repr(exercises.hint("1c"))
    assert "cm" in repr(exercises.question("1c"))
    assert "`leaf length` ~ 1 + (1 | `my tree`)" in own.topic.formula
    assert exercises.check("1c", np.sqrt(own.reml.sigma2_b)).outcome == "right"
    assert repr(exercises.progress()).startswith("The data trees: 1 of ")


def test_the_lectures_data_by_name_are_the_lectures():
    pd.testing.assert_frame_equal(exercises.start(data="estrone").data, exercises.start().data)
    assert exercises.start(data="estrone", student="Ada").topic is LECTURE


def test_a_student_gets_a_response_of_their_own_in_the_same_rows():
    given = lt.load_data("sleepstudy")
    ada, again, ben = (exercises.start(s, data="sleepstudy").data for s in ("Ada", "ada ", "Ben"))
    pd.testing.assert_frame_equal(ada, again)
    assert not np.allclose(ada["Reaction"], ben["Reaction"])
    pd.testing.assert_frame_equal(ada.drop(columns="Reaction"), given.drop(columns="Reaction"))
    # As many decimals as the data have, and about as large.
    assert np.allclose(ada["Reaction"], ada["Reaction"].round(4), atol=1e-12)
    assert 200 < ada["Reaction"].mean() < 400


@pytest.mark.parametrize("name", ["sleepstudy", "rail", "pastes", "trees"])
def test_a_worksheet_asks_all_students_the_same(name):
    whole = study(name)
    for student in ("Ada", "Ben", "Cleo"):
        drawn = first_drawn_like(whole, student)
        for exercise in ANYWHERE:
            if not why_not(exercise, whole):
                one, other = asked(exercise, whole), asked(exercise, drawn)
                assert (one.prompt, one.hints) == (other.prompt, other.hints), exercise.key
                assert getattr(one, "atol", 0) == getattr(other, "atol", 0)


def test_what_was_done_on_other_data_is_kept_apart():
    exercises.start(data="dyestuff")
    exercises.check("2d", "a")
    exercises.start()
    assert ", 0 tried, " in repr(exercises.progress())


def test_the_lectures_own_exercises_say_so():
    exercises.start(data="dyestuff")
    for ask in (exercises.question, lambda key: exercises.check(key, 1.0)):
        said = ask("2b")
        assert said.outcome == "error"
        assert "is about the lecture's data, estrone" in said.text
    assert ", 0 tried, " in repr(exercises.progress())


def test_the_page_counts_the_exercises_that_are_about_the_lecture():
    page = Path(__file__).parent.parent / "chapters" / "exercises.md"
    count = sum(exercise.about == LECTURE for exercise in EXERCISES.values())
    words = f"{in_words(count).capitalize()} exercises are about the lecture's data"
    assert words in page.read_text(encoding="utf-8")


def test_data_without_differences_are_refused_where_nothing_is_left_to_ask():
    own = study("dyestuff2")
    assert own.reml.sigma2_b == 0
    said = {key: why_not(EXERCISES[key], own) for key in NUMBERS}
    assert "an estimate of σ_b² is 0" in said["1a"]
    assert "an estimate of σ_b² is 0" in said["12d"]
    assert "first 2 measurements of each is 0" in said["2a"]
    assert not said["12b"]


with_nan = pd.DataFrame({"y": [1.0, 2.0, np.nan, 4.0], "g": list("aabb")})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"data": with_nan, "response": "y", "group": "g"}, "'y' of data has a missing"),
        ({"data": with_nan.fillna(3), "response": "y"}, "Say which column"),
        ({"data": with_nan.fillna(3), "response": "y", "group": "h"}, "no column 'h'"),
        ({"data": with_nan.fillna(3), "response": "g", "group": "y"}, "must be a number"),
        ({"data": with_nan.fillna(3), "response": "y", "group": "y"}, "cannot be both"),
        ({"data": "sleepstudy", "response": "Reacton"}, "Did you mean 'Reaction'"),
        ({"data": "no such file.csv"}, "There is no file"),
        ({"response": "y"}, "give the data as well"),
        ({"unit": "ms"}, "give the data as well"),
        ({"words": ("child", "children")}, "give the data as well"),
        ({"data": "rail", "words": ("rail",)}, "words must be two texts"),
    ],
)
def test_a_table_that_cannot_be_used_gets_a_clear_message(given, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        exercises.start(**given)


def test_a_file_with_gaps_says_in_which_row_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = trees().reset_index(drop=True)
    table.loc[[3, 7], "leaf length"] = np.nan
    table.to_csv("trees.csv", index=False)
    given = {"response": "leaf length", "group": "my tree"}
    for file in (Path("trees.csv"), "trees.csv"):
        with pytest.raises(ValueError, match="no value of 'leaf length' in row 4 below") as refused:
            exercises.start(data=file, **given)
    assert "the first of 2 rows with gaps" in str(refused.value)
    code = re.search(r"data = (.*), and then (start.*)\.$", str(refused.value))
    data = eval(code[1], {"lt": lt})
    study = eval(code[2], {"start": exercises.start, "data": data})
    assert len(study.y) == len(table) - 2


@pytest.mark.parametrize("kind", ["categories", "logical", "two groups", "one big", "two each"])
def test_whatever_the_groups_are_an_exercise_is_asked_or_says_why_not(kind):
    sizes = {"two groups": [8, 8], "one big": [40, 1, 1, 1, 1, 1], "two each": [2] * 12}
    sizes = sizes.get(kind, [6, 4] if kind == "logical" else [3, 4, 5, 6])
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    y = rng.normal(0, 3, len(sizes))[codes] + rng.normal(5, 1, len(codes))
    table = pd.DataFrame({"y": y, "g": codes})
    if kind == "categories":
        table["g"] = pd.Categorical(["dcba"[k] for k in codes], categories=list("dcba"))
    if kind == "logical":
        table["g"] = table["g"] == 1
    table.index = [0] * len(table)
    own = exercises.start(data=table, response="y", group="g")
    some = 0
    for key in NUMBERS:
        refused = why_not(EXERCISES[key], own)
        if not refused:
            right = targets(asked(EXERCISES[key], own), own)[0].value
            assert exercises.check(key, right).outcome == "right"
            some += 1
        assert not refused or refused.startswith(f"Exercise {key} ")
    assert some >= 10


def test_words_are_made_from_the_name_of_the_column():
    many = {name: Topic("d", "y", name).many for name in ("Batch", "Subject", "city", "day", "box")}
    assert many == {
        "Batch": "batches", "Subject": "subjects", "city": "cities", "day": "days", "box": "boxes",
    }  # fmt: skip


def test_the_cut_of_the_lecture_is_the_lectures():
    whole = study_about(LECTURE)
    assert whole.cut.n_i.tolist() == [16, 8, 4, 2, 1]
    assert (whole.cut.few, whole.cut.fewest) == (3, 4)
    assert (whole.quarter, whole.half, whole.round_mean) == (4, 8, 10)
    assert whole.part is whole
    assert study("trees").cut is study("trees")
