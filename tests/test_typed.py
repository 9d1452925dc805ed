"""Functions typed into the page: run, checked as a worksheet checks them, and never harmful."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lmmteach.exercises import checking, typed
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.functions import stopped
from lmmteach.exercises.kinds import Function
from lmmteach.exercises.page import function_html, function_solution_key
from lmmteach.exercises.running import SECONDS
from lmmteach.exercises.studies import estrone_study
from lmmteach.teaching.questions import first_cell

FUNCTIONS = [exercise for exercise in EXERCISES.values() if isinstance(exercise, Function)]
STUDY = estrone_study()
each = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.key)


def typed_in(code, key="4b", **named):
    return typed.answer(key, code, **named)


@each
def test_the_stub_is_no_attempt_and_the_solution_is_right(exercise):
    assert typed_in(exercise.stub, exercise.key)["outcome"] == "not attempted"
    said = typed_in(exercise.code, exercise.key)
    assert (said["outcome"], said["text"]) == ("right", inline_html(exercise.right))
    assert said["solution"] == function_solution_key(exercise)


@each
def test_each_mistake_is_told_as_in_a_worksheet(exercise):
    for wrong in exercise.wrong:
        code = (
            "from lmmteach.exercises.bank import EXERCISES\n"
            f"known = {{wrong.tag: wrong.gives for wrong in EXERCISES[{exercise.key!r}].wrong}}\n"
            f"{exercise.name} = known[{wrong.tag!r}]"
        )
        said, feedback = typed_in(code, exercise.key), diagnose(exercise, wrong.gives, STUDY)
        assert (said["outcome"], said["tag"]) == (feedback.outcome, wrong.tag)
        assert said["text"] == inline_html(feedback.text)
        assert said["solution"] is None


def test_a_mistake_without_a_name_asks_for_no_call_that_the_page_has_a_button_for():
    feedback = diagnose(EXERCISES["4b"], lambda y, woman, theta: 1.0, STUDY)
    said = typed_in("def levels(y, woman, theta):\n    return 1.0")
    assert 'hint("4b")' in feedback.text
    assert "hint(" not in said["text"]
    assert inline_html(feedback.text).startswith(said["text"])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def levels(y, woman, theta):\n    return y +", ["line 2", "return y +"]),
        ("levels = [", ["never closed", "line 1"]),
        ("\tx = 1", ["unexpected indent", "line 1"]),
        ("x = 1\ny = 1 / 0\n", ["ZeroDivisionError", "line 2", "y = 1 / 0"]),
        ("eval('1 +')", ["SyntaxError", "line 1 of your code", "eval("]),
        ("x = '\0'", ["null bytes"]),
        ("exit()", ["SystemExit", "return its result"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt", "line 1"]),
        ("def level(y):\n    return y", ["no <code>levels</code>", "levels(y, woman, theta)"]),
        ("levels = 3", ["This is an int"]),
        ("def levels(y):\n    return y", ["takes <code>(y)</code>", "3 arguments"]),
        (
            "def levels(y, woman, theta):\n    n = 1\n    return n.size",
            ["AttributeError", "line 3", "return n.size", "levels(study.y"],
        ),
        (
            "def levels(y, woman, theta):\n    return levels(y, woman, theta)",
            ["keeps calling itself", "line 2"],
        ),
    ],
)
def test_an_error_is_told_with_its_line(code, told):
    said = typed_in(code)
    assert said["outcome"] == "error"
    assert not said["broken"]
    plain = said["text"].replace("&#x27;", "'")
    assert [part for part in told if part not in plain] == []


def test_a_function_that_calls_itself_is_told_its_own_line_without_a_timer_too():
    # In another thread as in the browser time is looked at before each step, and a call too many
    # ends when the function is entered.
    code = "def levels(*given):\n    return levels(*given)"
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(typed_in, code).result()
    assert "line 2 of your code: <code>return levels(*given)</code>" in said["text"]


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    pass",
        "def levels(y, woman, theta):\n    while True:\n        pass",
        "while True:\n    try:\n        pass\n    except BaseException:\n        pass",
    ],
)
def test_an_endless_loop_is_cut_off_in_the_words_of_the_notebook(code):
    said = typed_in(code, seconds=0.3)
    assert said["text"] == inline_html(stopped(0.3))


def test_what_the_page_says_after_a_call_that_never_came_back():
    said = json.loads(typed.cut_off_json("4b"))
    assert (said["outcome"], said["text"]) == ("error", inline_html(stopped(SECONDS)))


def test_the_clock_starts_with_the_students_code_and_again_with_the_check():
    began = []
    typed_in(EXERCISES["4b"].code, begin=lambda: began.append(1))
    assert len(began) == 2
    typed_in("1 / 0", begin=lambda: began.append(1))
    assert len(began) == 3


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("print('a')\nx = 2\nx + 1", "a\n3\n"),
        ("x = 2", ""),
        ("None", ""),
        ("study.n_i", "array([16, 16, 16, 16, 16])\n"),
        ("def levels(y, woman, theta):\n    print(len(y))\n    return y", "80\n"),
        ("print('x' * 5000)", "x" * 2000),
    ],
)
def test_what_is_printed_and_what_a_last_line_shows(code, printed, capsys):
    assert typed_in(code)["printed"] == printed
    assert capsys.readouterr().out == ""


def test_the_page_has_the_names_of_a_worksheet():
    names = {}
    exec(first_cell(), names)
    assert typed.worksheet_names().keys() == names.keys()


def test_code_that_spoils_its_data_spoils_nothing_else():
    before = estrone_study().y.copy()
    typed_in("study.y[:] = 0\ny[:] = 0\nstudy.data.iloc[:, :] = 0")
    assert (estrone_study().y == before).all()
    assert typed_in(EXERCISES["4b"].code)["outcome"] == "right"
    assert typed_in("bool(study.y.sum() == 0)")["printed"] == "False\n"


def test_a_python_that_is_damaged_says_so(monkeypatch):
    def damaged(*_):
        raise TypeError("'NoneType' object is not callable")

    monkeypatch.setattr(typed, "diagnose", damaged)
    said = typed_in(EXERCISES["4b"].code)
    assert (said["outcome"], said["broken"]) == ("error", True)
    assert "overwritten" in said["text"]
    assert typed.diagnose is not checking.diagnose


@each
def test_the_form_gives_away_neither_solution_nor_key(exercise):
    form = function_html(exercise, "<p>the solution</p>")
    assert "the solution" not in form
    assert str(function_solution_key(exercise)) not in form
    assert 'hidden id="exercise-' in form
