"""Check a function: call it as the reference is called, and compare what comes of it."""

import ast
import inspect
import linecache
import sys
import time
import traceback
from dataclasses import dataclass
from functools import cache, lru_cache
from numbers import Number
from pathlib import Path
from types import CodeType

import numpy as np
import pandas as pd

from lmmteach.exercises.feedback import NOT_ATTEMPTED
from lmmteach.exercises.results import Result, difference
from lmmteach.exercises.running import LIBRARIES, run
from lmmteach.exercises.values import with_article

OWN_FILES = str(Path(__file__).resolve().parent.parent)
SHOWN = 300


def diagnose_function(exercise, value, study, seconds):
    """Return outcome, text and, where it is known, the tag of the mistake."""
    if not callable(value):
        return "error", _not_a_function(exercise, value)
    if _is_stub(exercise, value):
        return "not attempted", NOT_ATTEMPTED
    known = known_results(exercise, study)
    problem = _wrong_parameters(exercise, value, known.cases[0])
    if problem:
        return "error", problem
    end = time.monotonic() + seconds
    results = []
    for arguments in known.cases:
        done = run(value, arguments, end - time.monotonic())
        if not results:
            sys.stdout.write(done.printed)
        if done.out_of_time:
            return "error", (
                f"Your function was stopped after {seconds:g} seconds. Is there a loop that does "
                "not end, or more work than is needed?"
            )
        if _holds_ellipsis(done.value):
            return "not attempted", NOT_ATTEMPTED
        results.append(Result.of(done))
    return verdict_on_function(exercise, results, known, study)


def verdict_on_function(exercise, results, known, study):
    """Return outcome, text and tag for what a function gave in each case."""
    problems = [
        difference(result, right, exercise.rtol)
        for result, right in zip(results, known.right, strict=True)
    ]
    if not any(problems):
        return "right", exercise.right
    for wrong, its_results in zip(exercise.wrong, known.wrong, strict=True):
        pairs = zip(results, its_results, strict=True)
        if not any(difference(mine, its, exercise.rtol) for mine, its in pairs):
            return "wrong", wrong.feedback, wrong.tag
    first = next(i for i, problem in enumerate(problems) if problem)
    if results[first].raised is not None:
        return "error", _tell_exception(results[first].raised)
    outcome, text = problems[first]
    on_cut = [is_on_cut(arguments, study) for arguments in known.cases]
    if any(on_cut) and not any(bad for bad, cut in zip(problems, on_cut, strict=True) if not cut):
        text += (
            " Where all women have as many measurements your function is right: it goes wrong on "
            "the unbalanced data. Where does it take the numbers n_i of measurements to be alike, "
            "or use a mean that weighs them all the same?"
        )
    call = _shown_call(exercise.name, known.cases[first])
    return outcome, f"{text}\nThe first call that shows it: `{call}`."


@dataclass(frozen=True)
class Known:
    """The calls that an exercise makes, and what the right and the wrong functions give there."""

    cases: tuple
    right: tuple
    wrong: tuple


@lru_cache(maxsize=64)
def known_results(exercise, study):
    """What comes of each case of a function exercise; computed once for each study."""
    cases = tuple(tuple(case) for case in exercise.cases(study))

    def results(function):
        # Copies are handed over, so that no function changes what the next one gets.
        return tuple(Result.of(run(function, case, seconds=60)) for case in cases)

    right = results(exercise.reference)
    for result in right:
        if result.raised is not None:
            raise result.raised
    return Known(cases, right, tuple(results(wrong.gives) for wrong in exercise.wrong))


def _tell_exception(error):
    text = f"Your code stopped with {type(error).__name__}"
    message = _message(error)
    text += f": {message}" if message else "."
    if isinstance(error, SystemExit):
        text += "\nA function should give its result back, and not end the program."
    if isinstance(error, RecursionError):
        text += "\nThe function calls itself again and again: what makes it stop?"
    if "ellipsis" in message:
        text += "\nThere is still a `...` to be replaced."
    line = _students_line(error)
    if line:
        number, code = line
        text += f"\nIt happened in line {number} of your code" + (f": `{code}`" if code else ".")
    return text


def _message(error):
    try:
        message = " ".join(str(error).split())
    except (Exception, SystemExit):
        return ""
    return message if len(message) <= SHOWN else message[:SHOWN] + " …"


def _students_line(error):
    """(number, text) of the last line that was run of what the student has written."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = frame.f_code.co_filename
        if not path.startswith((*LIBRARIES, OWN_FILES, "<frozen", "<__array_function__")):
            return number, linecache.getline(path, number, frame.f_globals).strip()
    return None


def _not_a_function(exercise, value):
    name = exercise.name
    if value is None:
        return f'This is None. Give the function itself: `check("{exercise.key}", {name})`.'
    if isinstance(value, str):
        return f"This is a text. Give the function itself, without quotes: `{name}`."
    return (
        f"This is {with_article(value)}. Give the function itself, without calling it: "
        f'`check("{exercise.key}", {name})`, with no parentheses after `{name}`.'
    )


def _wrong_parameters(exercise, value, arguments):
    """What is wrong with the parameters of the function, if they do not fit the call."""
    try:
        signature = inspect.signature(value)
    except Exception:
        return ""
    try:
        signature.bind(*arguments)
    except TypeError:
        return (
            f"Your function takes `{signature}`, and the exercise calls it with "
            f"{len(arguments)} argument{'s' * (len(arguments) != 1)}: "
            f"`{exercise.name}({', '.join(_stub_parameters(exercise))})`."
        )
    return ""


def _stub_parameters(exercise):
    for node in ast.walk(ast.parse(exercise.stub)):
        if isinstance(node, ast.FunctionDef) and node.name == exercise.name:
            return [argument.arg for argument in node.args.args]
    return []


def _is_stub(exercise, value):
    return inspect.isfunction(value) and _essence(value.__code__) == _stub_essence(exercise)


@cache
def _stub_essence(exercise):
    module = compile(exercise.stub, "stub", "exec")
    for code in module.co_consts:
        if isinstance(code, CodeType) and code.co_name == exercise.name:
            return _essence(code)
    return None


def _essence(code):
    """What a piece of code does, wherever it stands and whatever its variables were before."""
    constants = tuple(
        _essence(constant) if isinstance(constant, CodeType) else repr(constant)
        for constant in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, constants


def _holds_ellipsis(value):
    return value is ... or (isinstance(value, tuple) and any(part is ... for part in value))


def is_on_cut(arguments, study):
    """Whether a call of a function is about the unbalanced cut of the study."""
    cut = study.cut
    rows = len(cut.data)
    for argument in arguments:
        if argument is cut:
            return True
        shape = np.shape(argument) if isinstance(argument, (list, tuple, np.ndarray)) else ()
        if isinstance(argument, (pd.Series, pd.DataFrame)):
            shape = argument.shape
        if rows in shape or (shape == cut.n_i.shape and np.array_equal(argument, cut.n_i)):
            return True
    return False


def _shown_call(name, arguments):
    return f"{name}({', '.join(map(_shown_argument, arguments))})"


def _shown_argument(value):
    shape = getattr(value, "shape", None)
    if shape:
        return f"<array of shape {shape}>"
    if isinstance(value, Number):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 40 else f"<{type(value).__name__}>"
