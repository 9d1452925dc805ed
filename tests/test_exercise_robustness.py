"""The checker with small exercises of its own: whatever students hand in, and whatever breaks."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmmteach as lt
from lmmteach import exercises
from lmmteach.chapters import CHAPTERS, Chapter
from lmmteach.exercises import cells, functions, record, running, session
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import Feedback, Solution
from lmmteach.exercises.functions import is_balanced, known_results
from lmmteach.exercises.kinds import Also, Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.numeric import targets, tells_apart
from lmmteach.exercises.record import Record
from lmmteach.exercises.running import OutOfTime, run
from lmmteach.exercises.studies import Study, drawn_study

TEXTS = {
    "title": "A title",
    "prompt": "What?",
    "hints": ("First.", "Second."),
    "solution": "So.",
    "right": "That is it.",
}
STUDY = session._study_of("")

NUMBER = Numeric(
    **TEXTS,
    key="1a",
    code="answer = 0.1234",
    answer=lambda study: 0.1234,
    share=True,
    atol=1e-4,
    wrong=(
        Wrong("one", lambda study: 1.0, "It is not one."),
        Wrong("minus", lambda study: -2.0, "It is not minus two."),
    ),
    also=(Also(lambda study: 0.5, "One may say so."),),
)
CHOICE = Choice(
    **TEXTS,
    key="1b",
    options=(Option("A", "Not A.", "a_tag"), Option("B", "B it is."), Option("C", "Not C.")),
    answer=1,
)


def means(y, Z):
    return Z.T @ y / Z.sum(axis=0)


def means_of_sixteen(y, Z):
    return Z.T @ y / 16


def no_means(y, Z):
    raise KeyError("no means here")


MEANS = Function(
    **TEXTS,
    key="1c",
    code="",
    name="means",
    stub="def means(y, Z):\n    return ...\n",
    reference=means,
    cases=lambda study: [(study.y, study.Z), (study.cut.y, study.cut.Z)],
    wrong=(
        Wrong("sixteen", means_of_sixteen, "Not all have sixteen."),
        Wrong("raises", no_means, "Means there are."),
    ),
)
PAIR = replace(
    MEANS,
    key="1d",
    reference=lambda y, Z: (y.sum(), Z.T @ y),
    wrong=(Wrong("nothing", lambda y, Z: (0.0, 0 * Z.T @ y), "Not nothing."),),
)
MATRIX = replace(
    MEANS,
    key="1e",
    reference=lambda y, Z: Z * y[:, np.newaxis],
    wrong=(Wrong("nothing", lambda y, Z: 0 * Z, "Not nothing."),),
)
NUMBER_OF = replace(
    MEANS,
    key="1f",
    reference=lambda y, Z: y.sum(),
    wrong=(Wrong("nothing", lambda y, Z: 0.0, "Not nothing."),),
)


def said_of(function, exercise=MEANS, **more):
    return diagnose(exercise, function, STUDY, **more)


@pytest.fixture(autouse=True)
def begun(monkeypatch, tmp_path):
    """A session that begins, with the small exercises and a file of its own."""
    bank = {e.key: e for e in (NUMBER, CHOICE, MEANS, PAIR, MATRIX, NUMBER_OF)}
    monkeypatch.setattr(session, "EXERCISES", bank)
    begun = session._Session(STUDY, Record(tmp_path / record.FILE_NAME))
    monkeypatch.setattr(session, "_session", begun)
    return begun


# The cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [0.0, 1.7494, -1.9196, 112.021, -0.0005, 3e5])
def test_a_number_matches_within_atol_and_a_tenth(target):
    for atol in (1e-4, 1e-3, 0.05):
        for share in (-1, -0.5, 0, 0.5, 1):
            assert cells.matches(target + 0.999 * share * atol, target, atol)
        for share in (-1.21, 1.21):
            assert not cells.matches(target + share * atol, target, atol)
            assert cells.close_to(target + share * atol, target, atol)
        assert not cells.close_to(target + 10.21 * atol, target, atol)


def test_a_cell_has_its_middle_where_the_page_puts_it():
    atol = 1e-3
    for number in (-8000, -1, 0, 7, 12345):
        assert cells.cell(number * cells.grid_step(atol), atol) == number


def test_numbers_beyond_all_cells_match_nothing():
    assert not cells.matches(1e308, 1.0, 1e-4)
    assert not cells.close_to(-1e308, 1.0, 1e-4)


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        0.1234,
        np.float32(0.1234),
        np.float64(0.1234),
        Fraction(1234, 10000),
        np.array(0.1234),
        np.array([0.1234]),
        np.array([[0.1234]]),
        [0.1234],
        (0.1234,),
        [[np.array(0.1234)]],
        pd.Series([0.1234], index=["a"]),
        pd.DataFrame({"a": [0.1234]}),
        np.array([0.1234], dtype=object),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_number_in_whatever_box(value):
    assert diagnose(NUMBER, value, STUDY).outcome == "right"


@pytest.mark.parametrize(
    ("value", "outcome", "tag", "words"),
    [
        (0.1234, "right", "", "That is it."),
        (0.5, "right", "", "One may say so."),
        (1, "wrong", "one", "It is not one."),
        (-2.00005, "wrong", "minus", "It is not minus two."),
        (0.1238, "wrong", "close", "digits"),
        (-0.1234, "wrong", "sign", "sign"),
        (12.34, "wrong", "percent", "percentage"),
        (12.3, "wrong", "percent", "percentage"),
        (12, "wrong", "percent", "percentage"),
        (0.12, "wrong", "rounded", "too few digits"),
        (0.1, "wrong", "", "any of the mistakes"),
        (7, "wrong", "", "any of the mistakes"),
        (1e300, "wrong", "", "any of the mistakes"),
        (10**400, "wrong", "", "too large"),
        (-np.inf, "wrong", "", "infinite"),
        (np.nan, "wrong", "", "NaN"),
        (pd.Series([np.nan]), "wrong", "", "NaN"),
        (None, "error", "", "a `return` is missing"),
        (True, "error", "", "yes or no"),
        (np.bool_(False), "error", "", "yes or no"),
        ("0,1234", "right", "", "That is it."),
        ("12.34 %", "right", "", "That is it."),
        ("a tenth", "error", "", "cannot be read as a single number"),
        (b"0.1234", "error", "", "without quotes"),
        ((0, 1234), "error", "", "decimal comma"),
        ((0.5, 1), "error", "", "a tuple, with 2 entries"),
        (0.1234 + 0j, "error", "", "complex"),
        (np.complex64(1j), "error", "", "complex"),
        (np.zeros(5), "error", "", "shape (5,), with 5 entries"),
        (np.broadcast_to(1.0, (10**6, 10**6)), "error", "", "1000000000000 entries"),
        (pd.DataFrame({"a": [1, 2]}), "error", "", "a DataFrame of shape (2, 1)"),
        (list(range(10**6)), "error", "", "a list, with 1000000 entries"),
        ([], "error", "", "empty"),
        (np.array([]), "error", "", "empty"),
        ([None], "error", "", "a `return` is missing"),
        ([...], "error", "", "`...`"),
        ({"a": 1}, "error", "", "a dict"),
        (np.mean, "error", "", "Call it, with parentheses"),
        (STUDY.ml.summary, "error", "", "Call it, with parentheses"),
        (lt.lmm, "error", "", "Call it, with parentheses"),
        (np, "error", "", "a module"),
        (np.ma.masked, "error", "", "masked"),
        (pd.NA, "error", "", "NAType"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_numbers_are_told(value, outcome, tag, words):
    said = diagnose(NUMBER, value, STUDY)
    assert (said.outcome, said.tag) == (outcome, tag)
    assert words in said.text
    assert len(said.text) < 300


def test_a_fit_is_no_number():
    said = diagnose(NUMBER, STUDY.reml, STUDY)
    assert said.outcome == "error"
    assert "LinearMixedModel" in said.text


def test_a_list_that_holds_itself():
    endless = []
    endless.append(endless)
    assert diagnose(NUMBER, endless, STUDY).outcome == "error"


class Hostile:
    """Everything that can be asked of it raises."""

    def _fail(self, *arguments):
        raise ZeroDivisionError("hostile")

    __repr__ = __str__ = __float__ = __len__ = __array__ = __iter__ = __eq__ = __bool__ = _fail
    __hash__ = None


class Leaving(Hostile):
    """Ends the program where a number is asked."""

    def __float__(self):
        raise SystemExit


HOSTILE = (Hostile(), Leaving(), [Hostile()])


@pytest.mark.parametrize("exercise", [NUMBER, CHOICE, MEANS], ids=lambda e: e.key)
@pytest.mark.parametrize("value", HOSTILE, ids=["all", "float", "in a list"])
def test_hostile_objects(exercise, value):
    said = diagnose(exercise, value, STUDY)
    assert said.outcome == "error"
    assert "hostile" not in said.text


@pytest.mark.parametrize("result", [Hostile(), Leaving(), [Hostile(), Hostile()], (Hostile(), 1)])
def test_hostile_results(result):
    assert said_of(lambda y, Z: result).outcome in ("error", "wrong")


def test_numbers_that_cannot_be_told_apart():
    assert tells_apart(NUMBER, STUDY)
    near = Wrong("near", lambda study: 0.1234 + 2.9e-4, "Near.")
    assert not tells_apart(replace(NUMBER, wrong=(*NUMBER.wrong, near)), STUDY)
    twin = Wrong("twin", lambda study: 1.0002, "Like one.")
    assert not tells_apart(replace(NUMBER, wrong=(*NUMBER.wrong, twin)), STUDY)
    lost = Wrong("lost", lambda study: np.nan, "Lost.")
    assert not tells_apart(replace(NUMBER, wrong=(*NUMBER.wrong, lost)), STUDY)
    same = (Also(lambda study: 0.1234, "The same here."),)
    assert tells_apart(replace(NUMBER, also=same), STUDY)


def test_a_mistake_that_came_later_is_passed_over_where_it_cannot_be_told_apart():
    later = [
        Wrong("like_the_right_one", lambda study: 0.1234 + 2.9e-4, "Near.", always=False),
        Wrong("like_one", lambda study: 1.00019, "Like one.", always=False),
        Wrong("near_one", lambda study: 1.00021, "Near one.", always=False),
        Wrong("lost", lambda study: np.nan, "Lost.", always=False),
    ]
    exercise = replace(NUMBER, wrong=(*NUMBER.wrong, *later))
    assert tells_apart(exercise, STUDY)
    tags = [target.tag for target in targets(exercise, STUDY)]
    assert tags == ["", "", "one", "minus", "near_one"]
    assert diagnose(exercise, 1.00012, STUDY).tag == "near_one"
    assert diagnose(exercise, 1.00009, STUDY).tag == "one"


# Choices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["b", "B", " b ", "(b)", "b)", "B.", "b:\n"])
def test_a_letter_however_written(value):
    said = diagnose(CHOICE, value, STUDY)
    assert (said.outcome, said.text) == ("right", "B it is. That is it.")


def test_a_wrong_option():
    said = diagnose(CHOICE, "a", STUDY)
    assert (said.outcome, said.text, said.tag) == ("wrong", "Not A.", "a_tag")


@pytest.mark.parametrize("value", ["d", "bb", "", "the second", 2, None, ["b"], b"b", np.nan, "é"])
def test_no_letter(value):
    said = diagnose(CHOICE, value, STUDY)
    assert said.outcome == "error"
    assert '"a", "b" or "c"' in said.text


# Functions ----------------------------------------------------------------------------------------


def test_right_and_wrong_functions():
    assert said_of(means).outcome == "right"
    assert said_of(lambda y, Z: list(means(y, Z))).outcome == "right"
    assert said_of(lambda y, Z: tuple(means(y, Z))).outcome == "right"
    assert said_of(lambda y, Z: pd.Series(means(y, Z))).outcome == "right"
    assert said_of(lambda y, Z: means(y, Z) * (1 + 1e-8)).outcome == "right"
    said = said_of(means_of_sixteen)
    assert (said.outcome, said.tag, said.text) == ("wrong", "sixteen", "Not all have sixteen.")


def test_the_same_exception_as_a_wrong_one():
    assert said_of(no_means).tag == "raises"

    def another(y, Z):
        return {}["no means here"]

    assert said_of(another).tag == "raises"


def test_right_on_balanced_data_only():
    def with_a_mistake(y, Z):
        return Z.T @ y / (len(y) / 5)

    said = said_of(with_a_mistake)
    assert (said.outcome, said.tag) == ("wrong", "")
    assert "goes wrong only on the unbalanced data" in said.text
    assert "means(study.cut.y, study.cut.Z)" in said.text
    assert 'hint("1c")' in said.text


CHANGED = {
    "sign": (lambda right: -right, "its sign is the wrong way round"),
    "twice": (lambda right: 2 * right, "twice what it should be"),
    "half": (lambda right: right / 2, "half of what it should be"),
    "square": (lambda right: right**2, "a variance where a standard deviation"),
    "root": (lambda right: right**0.5, "a standard deviation where a variance"),
    "zero": (lambda right: 0 * right, "returns 0 in every case"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_has_happened_to_all_numbers_alike_is_said(name):
    change, words = CHANGED[name]
    said = said_of(lambda y, Z: change(means(y, Z)))
    assert (said.outcome, said.tag) == ("wrong", "")
    assert words in said.text
    assert "unbalanced" not in said.text


def test_what_is_taken_from_the_notebook_is_named():
    namespace = {"y": STUDY.y, "np": np}
    exec("def means(values, Z):\n    return Z.T @ y[:len(Z)] / 16", namespace)
    said = said_of(namespace["means"])
    assert "uses `y` from the notebook" in said.text
    assert "alone: y, Z." in said.text
    # A function that is right may do as it likes.
    assert "notebook" not in said_of(means).text


def test_the_balanced_cases_are_told_by_the_sizes_of_the_groups():
    cases = known_results(MEANS, STUDY).cases
    assert [is_balanced(MEANS, case) for case in cases] == [True, False]
    by_count = replace(MEANS, stub="def means(n_i):\n    return ...\n")
    assert is_balanced(by_count, (np.array([3, 3]),))
    assert not is_balanced(by_count, (np.array([3, 2]),))
    by_label = replace(MEANS, stub="def means(y, woman):\n    return ...\n")
    assert is_balanced(by_label, (np.zeros(4), np.array(["a", "b", "a", "b"])))
    assert not is_balanced(by_label, (np.zeros(3), np.array(["a", "b", "a"])))
    by_V = replace(MEANS, stub="def means(y, V):\n    return ...\n")
    assert is_balanced(by_V, (STUDY.y, STUDY.reml.V))
    assert not is_balanced(by_V, (STUDY.cut.y, STUDY.cut.reml.V))


def test_a_small_argument_is_written_out():
    exercise = replace(
        MEANS, cases=lambda study: [(np.array([1.5, 2.0]), np.array([[1.0], [1.0]]))]
    )
    said = said_of(lambda y, Z: 7.0 * Z.T @ y, exercise)
    assert "means(np.array([1.5, 2. ]), np.array([[1.], [1.]]))" in said.text.replace("\n ", " ")


def test_the_call_that_stops_is_shown():
    said = said_of(lambda y, Z: np.linalg.inv(Z))
    assert "LinAlgError" in said.text
    assert "means(study.y, study.Z)" in said.text


def test_an_asynchronous_function_is_told_so():
    async def means(y, Z):
        return y

    assert "without `async`" in said_of(means).text


def test_a_function_that_only_has_a_docstring_is_not_attempted():
    def means(y, Z):
        """The means of the women."""

    assert said_of(means).outcome == "not attempted"


def test_a_forgotten_sum_is_named():
    exercise = replace(MEANS, reference=lambda y, Z: float(y.sum()), wrong=())
    assert "still have to be added up" in said_of(lambda y, Z: y, exercise).text


def test_dots_that_are_left_are_named_beside_the_error():
    def means(y, Z):
        sizes = ...
        return Z.T @ y / sizes

    assert "still a `...` in your function" in said_of(means).text


@pytest.mark.parametrize(
    ("exercise", "function", "outcome", "words"),
    [
        (MEANS, lambda y, Z: None, "error", "returned None. Perhaps a `return` is missing"),
        (MEANS, lambda y, Z: "text", "error", "returned a text"),
        (MEANS, lambda y, Z: means, "error", "still has to be called"),
        (MEANS, lambda y, Z: means(y, Z) + 0j, "error", "complex"),
        (MEANS, lambda y, Z: {"a": 1}, "error", "a dict"),
        (MEANS, lambda y, Z: means(y, Z) * np.nan, "wrong", "NaN"),
        (MEANS, lambda y, Z: means(y, Z)[:4], "wrong", "(4,), but it should be (5,)."),
        (
            MEANS,
            lambda y, Z: means(y, Z)[:, None],
            "wrong",
            "(5, 1), but it should be (5,). You have",
        ),
        (MEANS, lambda y, Z: 3.0, "wrong", "(), but it should be (5,)"),
        (
            MEANS,
            lambda y, Z: means(y, Z) + np.eye(5)[2],
            "wrong",
            "Of the 5 numbers in your result, 1 should",
        ),
        (MEANS, lambda y, Z: means(y, Z) + np.eye(5)[2], "wrong", "first of these is at [2]"),
        (MEANS, lambda y, Z: np.array(["a"] * 5), "error", "texts"),
        (
            MEANS,
            lambda y, Z: [[1], [1, 2], 3],
            "wrong",
            "3 results, but the exercise asks for one result",
        ),
        (
            MEANS,
            lambda y, Z: (means(y, Z), y),
            "wrong",
            "2 results, but the exercise asks for one result",
        ),
        (MATRIX, lambda y, Z: (Z * y[:, None]).T, "wrong", "(80, 5). Has it been transposed?"),
        (MATRIX, lambda y, Z: np.broadcast_to(0, (10**6, 10**5)), "wrong", "(1000000, 100000), "),
        (PAIR, lambda y, Z: y.sum(), "wrong", "one result, but the exercise asks for 2 results"),
        (PAIR, lambda y, Z: (y.sum(), y), "wrong", "2 results, look at number 2. The shape"),
        (NUMBER_OF, lambda y, Z: y.sum() + 1, "wrong", "a number, but not the right one"),
    ],
)
def test_what_functions_are_told(exercise, function, outcome, words):
    said = said_of(function, exercise)
    assert said.outcome == outcome
    assert words in said.text


@pytest.mark.parametrize("function", [lambda y, Z: [[y.sum()]], lambda y, Z: y.sum(keepdims=True)])
def test_a_number_in_a_box_of_one(function):
    assert said_of(function, NUMBER_OF).outcome == "right"


def test_two_results_in_a_list():
    assert said_of(lambda y, Z: [y.sum(), Z.T @ y], PAIR).outcome == "right"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (means(STUDY.y, STUDY.Z), '`check("1c", means)`, where no parentheses'),
        (3.5, "without calling it"),
        (None, "Give the function itself"),
        ("means", "without the quotes"),
    ],
)
def test_no_function(value, words):
    said = said_of(value)
    assert said.outcome == "error"
    assert words in said.text


def test_the_untouched_stub_is_no_attempt():
    names = {}
    exec("def means(y, Z):\n    # to do\n    return (\n        ...\n    )\n", names)
    assert said_of(names["means"]).outcome == "not attempted"
    exec("def means(y, Z):\n    result = ...\n    return result", names)
    assert said_of(names["means"]).outcome == "not attempted"
    assert said_of(lambda y, Z: (1, ...)).outcome == "not attempted"


def test_a_bug_that_is_still_there_is_no_attempt():
    stub = "def means(y, Z):\n    total = [v + 1 for v in Z.T @ y]\n    return total\n"
    spot = replace(MEANS, stub=stub)
    names = {}
    exec(stub, names)
    assert said_of(names["means"], spot).outcome == "not attempted"
    exec(stub.replace("v + 1", "v + 2"), names)
    assert said_of(names["means"], spot).outcome == "wrong"


def test_a_blank_that_is_left():
    def half_done(y, Z):
        total = ...
        return total / Z.sum(axis=0)

    said = said_of(half_done)
    assert said.outcome == "error"
    assert "still a `...` in it that you need to replace" in said.text


@pytest.mark.parametrize("function", [lambda y: y, lambda: 0, lambda y, Z, V: y])
def test_the_number_of_parameters(function):
    said = said_of(function)
    assert said.outcome == "error"
    assert "calls it with 2 arguments: `means(y, Z)`" in said.text


def test_builtins_and_classes_are_functions_too():
    assert said_of(max).outcome == "error"
    assert said_of(np.add).outcome in ("error", "wrong")
    assert said_of(Feedback).outcome in ("error", "wrong")


def test_an_exception_comes_with_its_line():
    def fails(y, Z):
        total = Z.T @ y
        return helper(total)

    def helper(total):
        return np.linalg.inv(total)

    said = said_of(fails)
    assert said.outcome == "error"
    assert "LinAlgError" in said.text
    assert "`return np.linalg.inv(total)`" in said.text
    assert f"line {helper.__code__.co_firstlineno + 1} " in said.text
    assert "functions.py" not in repr(said)
    assert "running.py" not in repr(said)


def test_an_exception_inside_the_package_shows_the_students_line():
    said = said_of(lambda y, Z: lt.profile.gls(np.eye(3), y, Z))
    assert "ValueError" in said.text
    assert "lambda y, Z: lt.profile.gls" in said.text


def test_code_whose_text_is_not_known():
    names = {}
    exec("def means(y, Z):\n\n    return y / nothing\n", names)
    said = said_of(names["means"])
    assert "NameError: name 'nothing' is not defined" in said.text
    assert "line 3 of your code." in said.text


def test_more_ways_to_stop():
    def again(y, Z):
        return again(y, Z)

    def leaves(y, Z):
        sys.exit("bye")

    class SpeechlessError(Exception):
        def __str__(self):
            raise ValueError

    def speechless(y, Z):
        raise SpeechlessError

    def talkative(y, Z):
        raise ValueError("no " * 10000)

    assert "keeps calling itself" in said_of(again).text
    assert "SystemExit: bye" in said_of(leaves).text
    assert "SpeechlessError." in said_of(speechless).text
    assert len(said_of(talkative).text) < 600


def test_the_stop_button_goes_through():
    def stopped(y, Z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        said_of(stopped)


def test_changed_arguments_do_no_harm():
    def greedy(y, Z):
        result = means(y, Z)
        y -= y.mean()
        Z[:] = 0
        return result

    before = STUDY.y.copy()
    assert said_of(greedy).outcome == "right"
    assert said_of(means).outcome == "right"
    np.testing.assert_array_equal(STUDY.y, before)


def test_one_buffer_for_all_results():
    buffer = np.zeros(5)

    def reusing(y, Z):
        buffer[:] = means(y, Z)
        return buffer

    assert said_of(reusing).outcome == "right"


def test_printing_is_passed_on_once_and_not_without_end(capsys):
    def prints(y, Z):
        print("rows:", len(y))
        return means(y, Z)

    assert said_of(prints).outcome == "right"
    assert capsys.readouterr().out == "rows: 80\n"

    def prints_much(y, Z):
        for _ in range(1000):
            print("x" * 100)
        return means(y, Z)

    assert said_of(prints_much).outcome == "right"
    assert len(capsys.readouterr().out) == running.PRINTED


def test_warnings_of_the_students_code_are_no_errors():
    def warns(y, Z):
        np.log(np.zeros(2))
        warnings.warn("careful", stacklevel=1)
        np.seterr(all="raise")
        return means(y, Z)

    before = np.geterr()
    assert said_of(warns).outcome == "right"
    assert np.geterr() == before


# Time ---------------------------------------------------------------------------------------------


def endless(*_):
    while True:
        pass


def endless_catching(*_):
    while True:
        try:  # noqa: SIM105
            sum(range(100))
        except Exception:
            pass


def endless_catching_all(*_):
    while True:
        try:  # noqa: SIM105
            sum(range(100))
        except:  # noqa: E722
            pass


def sleeping(*_):
    time.sleep(60)


def napping_and_catching_all(*_):
    # Every ring of the timer comes in the nap.
    while True:
        try:  # noqa: SIM105
            time.sleep(0.05)
        except:  # noqa: E722
            pass


# A loop without a second line, which a formatter would not leave.
one_line = {}
exec("def endless_on_one_line(*_):\n    while True: pass\n", one_line)


needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")


@needs_timer
@pytest.mark.parametrize(
    "function",
    [endless, endless_catching, endless_catching_all, sleeping],
)
def test_the_timer_cuts_off(function):
    handler, tracer = signal.getsignal(signal.SIGALRM), sys.gettrace()
    start = time.monotonic()
    said = said_of(function, replace(MEANS, stub="def means(*_):\n    ...\n"), seconds=0.1)
    assert time.monotonic() - start < 30
    assert said.outcome == "error"
    assert "stopped after 0.1 seconds" in said.text
    assert signal.getsignal(signal.SIGALRM) is handler
    assert sys.gettrace() is tracer
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@needs_timer
def test_the_timer_cuts_off_what_naps_and_catches_all():
    # In a Python of its own: what measures coverage is a tracer, and tracers are left alone.
    code = (
        "import sys, test_exercise_robustness as t; from lmmteach.exercises.running import run; "
        "done = run(t.napping_and_catching_all, (), seconds=0.2); "
        "print(done.out_of_time, sys.gettrace())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "True None\n"


@needs_timer
def test_another_timer_goes_on():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        assert run(len, ([1],)).value == 1
        assert 20 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == []


def in_thread(work):
    """What ``work()`` returns in another thread, where a timer cannot ring."""
    results = []

    def target():
        # A tracer that measures coverage would be taken for a debugger.
        sys.settrace(None)
        results.append(work())

    thread = threading.Thread(target=target)
    thread.start()
    thread.join(60)
    return results[0]


@pytest.mark.parametrize("function", [endless, endless_catching, one_line["endless_on_one_line"]])
def test_where_there_is_no_timer_each_line_looks_at_the_clock(function):
    done = in_thread(lambda: run(function, (), seconds=0.1))
    assert done.out_of_time
    assert isinstance(done.raised, OutOfTime)
    assert in_thread(lambda: run(means, (STUDY.y, STUDY.Z))).value.shape == (5,)


def test_a_debugger_is_left_alone():
    def work():
        def tracer(*_):
            return None

        sys.settrace(tracer)
        value = run(len, ([1],)).value
        return value, sys.gettrace() is tracer

    assert in_thread(work) == (1, True)


def test_what_is_printed_goes_into_something_that_is_like_a_file():
    def printing(y, Z):
        sys.stdout.writelines(["one\n", "two\n"])
        sys.stderr.write("three\n")
        assert not sys.stdout.isatty()
        assert sys.stdout.encoding == "utf-8"
        return means(y, Z)

    done = run(printing, (STUDY.y, STUDY.Z))
    assert done.raised is None
    assert done.printed == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("path", "students"),
    [
        ("/home/ada/work/functions.py", True),
        ("/tmp/ipykernel_1/123.py", True),
        ("<ipython-input-3>", True),
        (np.__file__, False),
        (json.__file__, False),
        (running.__file__, False),
        ("/home/ada/.local/lib/python3.12/site-packages/tool.py", False),
        ("/usr/lib/python3/dist-packages/tool.py", False),
    ],
)
def test_whose_a_line_of_code_is(path, students):
    assert running.is_students(path) is students


# What is shown ------------------------------------------------------------------------------------


def test_feedback_in_words_and_in_html():
    said = Feedback("4a", "wrong", "Is `a < b`?\nNot <b>quite</b>.", "tag", "Not stored.")
    assert repr(said) == "✗ 4a Not right yet\nIs `a < b`?\nNot <b>quite</b>.\n(Not stored.)"
    shown = said._repr_html_()
    assert "<code>a &lt; b</code>" in shown
    assert "&lt;b&gt;quite" in shown
    assert "✗ 4a Not right yet" in shown
    assert "<small>Not stored.</small>" in shown
    assert "color" not in shown


def test_a_solution_in_markdown():
    shown = Solution("Solution", "As $x$.", "answer = 1")
    assert "```python\nanswer = 1\n```" in shown._repr_markdown_()
    assert repr(shown).endswith("answer = 1")


# The session --------------------------------------------------------------------------------------


def test_check_keeps_the_record(begun):
    assert repr(exercises.check("1a")).startswith("… 1a Not attempted yet")
    assert not begun.record.path.exists()
    assert exercises.check("1a", 7).outcome == "wrong"
    assert exercises.check(" 1B ", "b").outcome == "right"
    assert exercises.check("1b", "a").outcome == "wrong"
    shown = repr(exercises.progress())
    assert "1 of 6 exercises done, 1 tried, 4 open" in shown
    assert "1 The model: done 1b; tried 1a; open 1c, 1d, 1e, 1f" in shown
    html = exercises.progress()._repr_html_()
    assert '<th scope="row" style="text-align: left">1 The model</th>' in html


def test_hints_come_one_by_one_and_then_all():
    assert repr(exercises.hint("1a")) == "Hint 1 of 2 for 1a\nFirst."
    assert "Hint 1 of 2 for 1b" in repr(exercises.hint("1b"))
    assert "Hint 2 of 2" in exercises.hint("1a")._repr_html_()
    for _ in range(2):
        last = repr(exercises.hint("1a"))
        assert "You have seen all hints for 1a" in last
        assert "1. First.\n2. Second." in last
        assert 'solution("1a")' in last


def test_the_solution_is_shown_on_request():
    assert repr(exercises.solution("1a")) == "Solution of 1a: A title\n\nSo.\n\nanswer = 0.1234"


@pytest.mark.parametrize("ask", [exercises.check, exercises.hint, exercises.solution])
def test_unknown_keys(ask):
    said = ask("1z")
    assert said.outcome == "error"
    assert "There is no exercise “1z”. The exercises of chapter 1 are:\n1a A title\n1b" in said.text
    assert "Did you mean 1a" in ask("a1").text or "The exercises are 1a" in ask("a1").text
    for key in (4, None, CHOICE, ["1a"]):
        assert "key of the exercise comes first, in quotes" in ask(key).text
    assert len(ask("x" * 10**6).text) < 500


@pytest.mark.parametrize("asked", ["10a", "10 A", "Exercise 10a)", "010a", "\u0661\u0660a"])
def test_the_key_of_a_chapter_with_two_digits_is_taken_whole(monkeypatch, asked):
    bank = {key: replace(NUMBER, key=key) for key in ("1a", "10a", "12c2")}
    monkeypatch.setattr(session, "EXERCISES", bank)
    assert exercises.check(asked, 0.1234).key == "10a"
    assert "chapter 10 are:\n10a A title" in exercises.hint("10z").text
    assert "chapter 12 are:\n12c2 A title" in exercises.hint("12c").text
    # Chapter 2 has none here, and is not the first digit of anything.
    assert (
        exercises.hint("2a").text == "There is no exercise “2a”. The exercises are 1a, 10a, 12c2."
    )


def test_progress_lists_chapters_in_the_order_of_the_book(monkeypatch):
    more = (Chapter(9, "ninth", "Nine: with a colon"), Chapter(10, "tenth", "Ten"))
    bank = {key: replace(NUMBER, key=key) for key in ("1a", "10a")}
    monkeypatch.setattr(session, "CHAPTERS", (*CHAPTERS[:8], *more))
    monkeypatch.setattr(session, "EXERCISES", bank)
    exercises.check("10a", 0.1234)
    lines = repr(exercises.progress()).splitlines()
    assert lines[1:] == ["  1 The model: open 1a", "  10 Ten: done 10a"]


@pytest.mark.parametrize("key", ["1a", "1A", " 1a ", "1 a", "1a)", "Exercise 1a", "\uff11\uff41"])
def test_a_key_that_cannot_be_mistaken_is_taken(key):
    assert exercises.check(key, 0.1234).outcome == "right"


def test_what_was_overwritten_is_said(monkeypatch):
    monkeypatch.setattr(session, "diagnose", lambda *_: np.nothing)
    said = exercises.check("1a", 0.1234)
    assert said.outcome == "error"
    assert "AttributeError" in said.text
    assert "Restart the kernel" in said.text


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        (None, TypeError, "must be a text"),
        (5, TypeError, "not of type int"),
        ("  ", ValueError, "blank"),
        ("x" * 101, ValueError, "at most 100"),
        ("\ud800", ValueError, "cannot be stored"),
        ("\u200b", ValueError, "blank"),
        (" . .. ", ValueError, "blank"),
    ],
)
def test_names_that_are_none(name, error, words, begun):
    with pytest.raises(error, match=words):
        exercises.start(student=name)
    assert begun.study is STUDY


def test_a_student_may_change_the_study():
    mine = exercises.start("Ada")
    before = mine.y.copy()
    mine.y[:] = 0
    mine.data.loc[:, "logestrone"] = 0.0
    np.testing.assert_array_equal(exercises.start("ada").y, before)
    np.testing.assert_array_equal(session._session.study.y, before)
    assert exercises.start().student == ""
    assert len(exercises.start().y) == 80


def without_variation_between(student, attempt):
    """A study whose women do not differ."""
    study = drawn_study(student, attempt)
    level = study.data["measurement"] % 4
    data = study.data.assign(logestrone=14.0 + level)
    return Study(student, data)


def test_a_degenerate_draw_is_drawn_again(monkeypatch):
    asked = []

    def draws(student, attempt=0):
        asked.append(attempt)
        make = without_variation_between if attempt == 0 else drawn_study
        return make(student, attempt)

    def first_mean(study):
        return study.means[0]

    third = drawn_study("Eve", 2).means[0]
    picky = replace(
        NUMBER,
        answer=first_mean,
        also=(),
        wrong=(
            Wrong("far", lambda study: study.means[0] + (study.means[0] == third), "Far."),
            Wrong("other", lambda study: -1.0, "Other."),
        ),
    )
    monkeypatch.setattr(session, "drawn_study", draws)
    monkeypatch.setattr(session, "EXERCISES", {"1a": picky})
    monkeypatch.setattr(session, "_studies", {"": STUDY})
    mine = exercises.start("Eve")
    assert asked == [0, 1, 2]
    pd.testing.assert_frame_equal(mine.data, drawn_study("Eve", 2).data)
    exercises.start("Eve")
    assert asked == [0, 1, 2]


def test_a_name_without_a_usable_study(monkeypatch):
    monkeypatch.setattr(session, "drawn_study", without_variation_between)
    monkeypatch.setattr(session, "_studies", {"": STUDY})
    monkeypatch.setattr(session, "ATTEMPTS", 3)
    with pytest.raises(ValueError, match="None of the 3 studies drawn for 'Eve'"):
        exercises.start("Eve")


def test_the_session_begins_by_itself(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "_session", None)
    assert exercises.check("1a", 0.1234).outcome == "right"
    assert (tmp_path / record.FILE_NAME).exists()
    os.makedirs(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert exercises.check("1b", "b").outcome == "right"
    assert not (tmp_path / "elsewhere" / record.FILE_NAME).exists()


def test_exercises_come_with_the_package_but_not_at_its_import():
    code = (
        "import sys, lmmteach\n"
        "assert 'lmmteach.exercises' not in sys.modules\n"
        "lmmteach.exercises.check\n"
        "print('matplotlib' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_what_the_first_check_needs_is_loaded_before_it(tmp_path):
    code = (
        "import sys; from lmmteach.exercises import check\n"
        "loaded = set(sys.modules); check('1a', 0.5)\n"
        "print('formulae' in set(sys.modules) - loaded)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["False"]


# The record ---------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.json"


def test_a_record_survives_a_restart(path):
    assert Record(path).add("ada", "1a", right=False) == ""
    assert Record(path).add("ada", "1b", right=True) == ""
    assert Record(path).states("ada") == {"1a": "tried", "1b": "done"}
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_is_done_stays_done(path):
    kept = Record(path)
    kept.add("ada", "1a", right=True)
    kept.add("ada", "1a", right=False)
    assert Record(path).states("ada") == {"1a": "done"}


def test_two_students_and_two_worksheets(path):
    one, two = Record(path), Record(path)
    one.add("ada", "1a", right=True)
    two.add("bea", "1a", right=False)
    one.add("ada", "2a", right=True)
    two.add("ada", "3a", right=True)
    assert one.states("ada") == {"1a": "done", "2a": "done", "3a": "done"}
    assert one.states("bea") == {"1a": "tried"}
    assert one.states("eve") == {}


def test_a_crash_while_writing_leaves_the_old_file(path, monkeypatch):
    Record(path).add("ada", "1a", right=True)
    before = path.read_text()

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(record.os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            Record(path).add("ada", "1b", right=True)
    assert path.read_text() == before
    assert Record(path).add("ada", "1c", right=True) == ""
    assert Record(path).states("ada") == {"1a": "done", "1c": "done"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{not json",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"version": 99, "students": {}}',
        b'{"version": 1, "students": []}',
        b'{"version": 1, "students": {"ada": []}}',
        b'{"version": 1, "students": {"ada": {"1a": ["done"]}}}',
        b'{"version": 1, "students": {"ada": {"1a": "finished"}}}',
        b"[" * 100000,
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_a_file_that_makes_no_sense_is_kept_aside(path, content):
    path.write_bytes(content)
    kept = Record(path)
    remark = kept.add("ada", "1a", right=True)
    assert "kept as `record.json.bak`" in remark
    assert path.with_name("record.json.bak").read_bytes() == content
    assert Record(path).states("ada") == {"1a": "done"}
    assert kept.add("ada", "1b", right=True) == ""
    assert kept.remarks == (remark,)
    path.write_bytes(b"once more")
    assert "`record.json.bak1`" in kept.add("ada", "1c", right=True)
    assert Record(path).states("ada") == {"1a": "done", "1b": "done", "1c": "done"}


def test_where_nothing_can_be_stored_it_goes_on(monkeypatch, begun):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(record.os, "replace", refuse)
    said = exercises.check("1a", 0.1234)
    assert said.outcome == "right"
    assert "could not be saved in this folder (Permission denied)" in said.note
    assert exercises.check("1b", "b").note == ""
    shown = repr(exercises.progress())
    assert "2 of 6 exercises done" in shown
    assert "could not be saved" in shown
    assert "could not be saved" in exercises.progress()._repr_html_()
    assert list(begun.record.path.parent.iterdir()) == []
    monkeypatch.undo()
    begun.record.add("", "1c", right=False)
    assert begun.record.remarks == ()
    assert Record(begun.record.path).states("") == {"1a": "done", "1b": "done", "1c": "tried"}


def test_a_folder_in_the_place_of_the_file(path):
    path.mkdir()
    kept = Record(path)
    assert "could not be saved" in kept.add("ada", "1a", right=True)
    assert kept.states("ada") == {"1a": "done"}


def test_a_folder_that_is_gone(tmp_path):
    kept = Record(tmp_path / "gone" / "record.json")
    assert "could not be saved" in kept.add("ada", "1a", right=True)
    assert kept.add("ada", "1a", right=True) == ""


def test_a_bad_file_that_cannot_be_moved_is_left(path, monkeypatch):
    path.write_text("not json")
    monkeypatch.setattr(record.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    kept = Record(path)
    assert "could not be saved in this folder (OSError)" in kept.add("ada", "1a", right=True)
    assert path.read_text() == "not json"


def test_what_was_done_under_another_spelling_is_not_lost(path):
    Record(path).add("ada", "1a", right=True)
    stored = path.read_text(encoding="utf-8").replace('"ada"', '"dr. ada"')
    path.write_text(stored, encoding="utf-8")
    later = Record(path)
    later.add("dr ada", "1b", right=False)
    assert later.states("dr ada") == {"1a": "done", "1b": "tried"}
    assert "dr. ada" not in path.read_text(encoding="utf-8")


def test_a_name_on_two_lines_is_one_name():
    assert exercises.start("Ada\nLovelace").student == "Ada Lovelace"


def test_a_file_with_a_mark_of_the_byte_order_is_read(path):
    path.write_bytes(b'\xef\xbb\xbf{"version": 1, "students": {"ada": {"1a": "done"}}}')
    assert Record(path).states("ada") == {"1a": "done"}


def test_half_a_character_in_the_file_does_not_stop_the_work(path):
    path.write_text('{"version": 1, "students": {"\\ud800": {"1a": "done"}}}')
    kept = Record(path)
    assert "could not be saved" in kept.add("ada", "1b", right=True)
    assert kept.states("ada") == {"1b": "done"}


def test_what_another_worksheet_writes_at_the_same_moment_is_not_lost(path, monkeypatch):
    other = Record(path)
    replace_file, calls = os.replace, []

    def at_the_same_moment(source, target):
        replace_file(source, target)
        if not calls:
            calls.append(1)
            # The other one had read the file before, and puts its own in the place of ours.
            path.write_text('{"version": 1, "students": {"ada": {"2a": "done"}}}')

    monkeypatch.setattr(record.os, "replace", at_the_same_moment)
    Record(path).add("ada", "1a", right=True)
    assert other.states("ada") == {"1a": "done", "2a": "done"}


def test_the_file_is_plain_json(path):
    Record(path).add("åda", "1a", right=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content == {"version": 1, "students": {"åda": {"1a": "done"}}}


def test_results_are_computed_once_for_a_study(monkeypatch):
    calls = []

    def cases(study):
        calls.append(1)
        return [(study.y, study.Z)]

    counted = replace(MEANS, cases=cases, wrong=())
    for _ in range(3):
        assert said_of(means, counted).outcome == "right"
    assert len(calls) == 1
    assert functions.known_results.cache_info().hits >= 2
