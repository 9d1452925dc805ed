"""Hold an answer against the right one and against the mistakes that have a name."""

import ast
import inspect
import linecache
import re
import sys
import time
import traceback
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from numbers import Number
from pathlib import Path
from string import ascii_lowercase
from types import CodeType

import numpy as np
import pandas as pd

from lmmteach.exercises.compare import close_to, matches
from lmmteach.exercises.feedback import Feedback
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.exercises.running import LIBRARIES, SECONDS, run

NOT_ATTEMPTED = "Put your answer in the place of `...` and run the cell again."
CLOSE = (
    "Close, but not close enough: some digits were lost on the way. Compute with all digits, "
    "and round at the end if at all."
)
SIGN_TURNED = "The size is right, but the sign is turned. What is subtracted from what?"
IN_PERCENT = "This is a percentage. Give it as a share, a number between 0 and 1."
UNKNOWN = (
    "This is not it, and it is none of the mistakes that this exercise knows by name. "
    "Write down the formula first, then see which number stands for which letter."
)
NO_RETURN = "Did you forget `return`, or write `print` where `return` was meant?"
OWN_FILES = str(Path(__file__).resolve().parent.parent)
SHOWN = 300
LARGEST_RESULT = 10**6


def diagnose(exercise, value, study, seconds=SECONDS):
    """Say what an answer is: right, one of the named mistakes, or something else.

    Parameters
    ----------
    exercise : Numeric, Choice or Function
    value : what the student gives, of whatever type; Ellipsis is no attempt
    study : the data that the exercise asks about
    seconds : after how long a student's function is cut off

    Returns
    -------
    feedback : Feedback, which never contains the right answer
    """
    if value is ...:
        return Feedback(exercise.key, "not attempted", NOT_ATTEMPTED)
    if isinstance(exercise, Numeric):
        verdict = _diagnose_number(exercise, value, study)
    elif isinstance(exercise, Choice):
        verdict = _diagnose_choice(exercise, value)
    else:
        verdict = _diagnose_function(exercise, value, study, seconds)
    return Feedback(exercise.key, *verdict)


# Numbers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """A number that the exercise knows, and what to say to whoever gives it."""

    value: float
    outcome: str
    text: str
    tag: str = ""


@lru_cache(maxsize=4096)
def targets(exercise, study):
    """The numbers that a numeric exercise knows, in the order in which they are looked at."""
    right = [Target(_plain(exercise.answer(study)), "right", exercise.right)]
    also = [Target(_plain(also.gives(study)), "right", also.remark) for also in exercise.also]
    wrong = [
        Target(_plain(wrong.gives(study)), "wrong", wrong.feedback, wrong.tag)
        for wrong in exercise.wrong
    ]
    return tuple(right + also + wrong)


def tells_apart(exercise, study):
    """Whether the right and the named wrong answers lie more than 3 ``atol`` from each other.

    A number that is right in two ways may of course be the same twice.
    """
    known = targets(exercise, study)
    if not np.isfinite([target.value for target in known]).all():
        return False
    return all(
        abs(one.value - other.value) > 3 * exercise.atol
        for i, one in enumerate(known)
        for other in known[:i]
        if "wrong" in (one.outcome, other.outcome)
    )


def _diagnose_number(exercise, value, study):
    number, problem = read_number(value)
    if problem:
        return "error", problem
    if not np.isfinite(number):
        return "wrong", _not_finite(number)
    known = targets(exercise, study)
    for target in known:
        if matches(number, target.value, exercise.atol):
            return target.outcome, target.text, target.tag
    right = known[0].value
    if close_to(number, right, exercise.atol):
        return "wrong", CLOSE, "close"
    if close_to(number, -right, exercise.atol):
        return "wrong", SIGN_TURNED, "sign"
    if abs(right) <= 1 and close_to(number, 100 * right, exercise.atol):
        return "wrong", IN_PERCENT, "percent"
    return "wrong", UNKNOWN


def read_number(value, depth=0):
    """Return (number, "") or (None, what is wrong with the value as a number)."""
    try:
        return _read_number(value, depth)
    # Anything may happen in the methods of an object that somebody else has made.
    except (Exception, SystemExit):
        return None, f"One number is asked, and {_a(value)} is none that can be read."


def _read_number(value, depth):
    if value is None:
        return None, f"The answer is None: there is no number in it. {NO_RETURN}"
    if value is ...:
        return None, "There is still a `...` in the answer: put a number in its place."
    if isinstance(value, (bool, np.bool_)):
        return None, f"The answer is {bool(value)}: that is a yes or no, and a number is asked."
    if isinstance(value, (str, bytes)):
        return None, "The answer is a text. Give the number itself, without quotes."
    if isinstance(value, (complex, np.complexfloating)):
        return None, (
            "The answer is a complex number. Was there a square root or a power of something "
            "negative?"
        )
    if isinstance(value, (list, tuple, set, frozenset)):
        return _read_only_entry(list(value)[:1], len(value), _a(value), depth)
    if isinstance(value, (np.ndarray, pd.Series, pd.DataFrame, pd.Index)):
        if np.ma.is_masked(value):
            return None, "The answer is a masked value: there is no number in it."
        what = f"{_a(value)} of shape {value.shape}"
        first = np.asarray(value).ravel()[:1].tolist() if value.size == 1 else []
        return _read_only_entry(first, value.size, what, depth)
    if callable(value) and not isinstance(value, Number):
        return None, (
            f"The answer is {_a(value)}, not what it gives. Did you forget to call it, "
            "with parentheses and what belongs in them?"
        )
    if not isinstance(value, (Number, Decimal)) and not hasattr(value, "__float__"):
        return None, (
            f"The answer is {_a(value)}, and one number is asked. Take from it the number that "
            "you mean."
        )
    try:
        return float(value), ""
    except OverflowError:
        return float("inf"), ""


def _read_only_entry(first, size, what, depth):
    if size == 1 and depth < 4:
        return read_number(first[0], depth + 1)
    if size == 0:
        return None, f"The answer is {what}, and it is empty. One number is asked."
    return None, f"The answer is {what}, with {size} entries. One number is asked: which of them?"


def _not_finite(number):
    if np.isnan(number):
        return (
            "The answer is NaN, “not a number”. Somewhere 0/0, a root or a log of something "
            "negative, or a missing value came in. Print the steps one by one."
        )
    return (
        "The answer is infinite, or too large for a computer. Was there a division by 0, or a log "
        "of 0?"
    )


def _plain(number):
    return float(np.asarray(number, dtype=float).reshape(()))


def _a(value):
    """ "a list", "an ndarray": the type with its article; never the repr, which may be huge."""
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


# Choices ------------------------------------------------------------------------------------------


def _diagnose_choice(exercise, value):
    letters = ascii_lowercase[: len(exercise.options)]
    found = isinstance(value, str) and re.fullmatch(r"\W*(\w)\W*", value)
    letter = found[1].lower() if found else ""
    if letter == "" or letter not in letters:
        listed = ", ".join(f'"{letter}"' for letter in letters[:-1]) + f' or "{letters[-1]}"'
        return "error", f"Answer with the letter of one of the options, in quotes: {listed}."
    position = letters.index(letter)
    option = exercise.options[position]
    if position != exercise.answer:
        return "wrong", option.feedback, option.tag
    text = option.feedback
    if exercise.right and exercise.right not in text:
        text = f"{text} {exercise.right}".strip()
    return "right", text, option.tag


# Functions ----------------------------------------------------------------------------------------


def _diagnose_function(exercise, value, study, seconds):
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
    return _verdict_on_function(exercise, results, known, study)


def _verdict_on_function(exercise, results, known, study):
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


@dataclass(frozen=True)
class Result:
    """What came of one call, copied: arrays of numbers where it can be read as such."""

    parts: tuple = ()
    several: bool = False
    unreadable: str = ""
    raised: BaseException | None = None

    @classmethod
    def of(cls, done):
        """The result of a Run."""
        if done.raised is not None:
            return cls(raised=done.raised)
        try:
            several = isinstance(done.value, tuple) or _is_ragged(done.value)
            parts = tuple(_as_array(part) for part in (done.value if several else (done.value,)))
            return cls(parts, several)
        except _UnreadableError as error:
            return cls(unreadable=str(error))
        except (Exception, SystemExit):
            return cls(
                unreadable=f"Your function returned {_a(done.value)}, and numbers are asked."
            )


def _is_ragged(value):
    """Whether a list holds things of different shapes, as ``[beta, covariance]`` does."""
    try:
        return isinstance(value, list) and len({np.shape(part) for part in value}) > 1
    except ValueError:
        return True


class _UnreadableError(Exception):
    """A result that holds no numbers, and why."""


def _as_array(value):
    if value is None:
        raise _UnreadableError(f"Your function returned None. {NO_RETURN}")
    if isinstance(value, (str, bytes)):
        raise _UnreadableError("Your function returned a text, and numbers are asked.")
    if callable(value):
        raise _UnreadableError(
            f"Your function returned {_a(value)}. Did you forget to call it, with parentheses?"
        )
    if hasattr(value, "toarray"):
        value = value.toarray()
    try:
        array = np.asarray(value)
    except ValueError:
        raise _UnreadableError(
            f"Your function returned {_a(value)} with rows of different lengths."
        ) from None
    if array.dtype.kind == "c":
        raise _UnreadableError(
            "Your function returned complex numbers. Was there a square root or a power of "
            "something negative?"
        )
    if array.dtype.kind in "USMm":
        raise _UnreadableError("Your function returned texts or dates, and numbers are asked.")
    # So large a result has the wrong shape anyway, and a copy of it might not fit.
    return array if array.size > LARGEST_RESULT else np.array(array, dtype=float)


def difference(result, expected, rtol):
    """Return what sets a result apart from the expected one: (outcome, text), or () if nothing."""
    if result.raised is not None or expected.raised is not None:
        alike = type(result.raised) is type(expected.raised)
        return () if alike else ("error", "Your function raised an exception.")
    if result.unreadable or expected.unreadable:
        alike = result.unreadable == expected.unreadable
        return () if alike else ("error", result.unreadable)
    found, asked = result.parts, expected.parts
    # A list in the place of a tuple, or a tuple in the place of a vector, says the same.
    if not result.several and found[0].ndim == 1 and len(found[0]) == len(asked) > 1:
        found = tuple(found[0])
    if result.several and len(asked) == 1 and all(part.ndim == 0 for part in found):
        found = (np.array(found),)
    if len(found) != len(asked):
        verb = "is" if len(asked) == 1 else "are"
        return "wrong", (
            f"Your function returned {_results(len(found))}, and {_results(len(asked))} {verb} "
            "asked."
        )
    for position, (one, other) in enumerate(zip(found, asked, strict=True)):
        problem = _array_difference(np.asarray(one), other, rtol)
        if problem:
            where = f"Of the {len(asked)} results, number {position + 1}: " * (len(asked) > 1)
            return "wrong", where + problem
    return ()


def _results(n):
    return "one result" if n == 1 else f"{n} results"


def _array_difference(found, asked, rtol):
    if asked.ndim == 0 and found.size == 1:
        found = found.reshape(())
    if found.shape != asked.shape:
        return f"The shape is {found.shape}, expected {asked.shape}{_why_shape(found, asked)}"
    scale = np.max(np.abs(asked[np.isfinite(asked)]), initial=1e-6)
    with np.errstate(all="ignore"):
        same = np.isclose(found, asked, rtol=rtol, atol=rtol * scale, equal_nan=True)
    if same.all():
        return ""
    if np.isnan(found).any() and not np.isnan(asked).any():
        return "There is a NaN, “not a number”: a 0/0, or a root or log of something negative."
    if found.ndim == 0:
        return "Your function returns another number than the right one."
    first = np.argwhere(~same)[0].tolist()
    return (
        f"{np.sum(~same)} of {same.size} numbers differ from the right ones, the first at "
        f"[{', '.join(map(str, first))}]."
    )


def _why_shape(found, asked):
    if found.ndim == asked.ndim == 2 and found.shape == asked.shape[::-1]:
        return ": transposed?"
    if found.size == asked.size:
        return ": the numbers are as many as they should be; did you keep a dimension too many?"
    return "."


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
        f"This is {_a(value)}. Give the function itself, without calling it: "
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
