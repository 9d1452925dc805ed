"""Check a function: call it as the reference is called, and compare the results."""

import ast
import dis
import inspect
import linecache
import sys
import time
import traceback
from dataclasses import dataclass
from functools import cache, lru_cache
from numbers import Number
from types import CodeType

import numpy as np

from lmmteach.exercises.feedback import NOT_ATTEMPTED
from lmmteach.exercises.reading import with_article
from lmmteach.exercises.results import Result, difference
from lmmteach.exercises.running import is_students, run

SHOWN = 300
# Arrays up to this size are written out in a call.
SMALL = 6
# What a notebook has, and what a function must not take from there.
NOTEBOOK_NAMES = ("study", "y", "X", "Z", "woman", "lecture")
# What may have happened to all numbers alike.
CHANGES = (
    (
        lambda right: -right,
        "The size of your result is right, but its sign is the wrong way round.",
    ),
    (
        lambda right: 2 * right,
        "In every case your result is twice what it should be, so look for a factor of 2 too many.",
    ),
    (
        lambda right: right / 2,
        "In every case your result is half of what it should be, so look for a factor of 2 that "
        "has gone missing.",
    ),
    (
        lambda right: right**2,
        "In every case your result is the square of what it should be. Have you returned a "
        "variance where a standard deviation is asked for?",
    ),
    (
        lambda right: np.sqrt(np.abs(right)),
        "In every case your result is the root of what it should be. Have you returned a standard "
        "deviation where a variance is asked for?",
    ),
    (lambda right: 0 * right, "Your function returns 0 in every case, whatever it is given."),
)


def diagnose_function(exercise, value, study, seconds):
    """Return outcome, text and, where it is known, the tag of the mistake."""
    if not callable(value):
        return "error", _not_a_function(exercise, value)
    if inspect.iscoroutinefunction(value):
        return "error", "Your function is asynchronous. Write it with `def` alone, without `async`."
    if _is_stub(exercise, value) or _is_empty(value):
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
            return "error", stopped(seconds)
        if _holds_ellipsis(done.value):
            return "not attempted", NOT_ATTEMPTED
        results.append(Result.of(done))
    outcome, text, *tag = verdict_on_function(exercise, results, known, study)
    if outcome != "right" and not tag:
        text += _what_the_code_tells(value, exercise)
    return outcome, text, *tag


def stopped(seconds):
    """What is said of a function that was cut off."""
    return (
        f"Your function was stopped after {seconds:g} seconds. Perhaps a loop in it never ends, or "
        "it does more work than it needs to."
    )


def _what_the_code_tells(function, exercise):
    """What the code of a function that goes wrong contains, and should not."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    told = ""
    if ... in code.co_consts:
        told += "\nThere is still a `...` in your function, which is waiting for code of yours."
    names = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    taken = [name for name in NOTEBOOK_NAMES if name in names]
    if taken:
        parameters = ", ".join(stub_parameters(exercise))
        told += (
            f"\nYour function uses `{taken[0]}` from the notebook. The check calls it with other "
            f"data too, so it has to work from its own parameters alone: {parameters}."
        )
    return told


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
    call = f"You can see it with this call: `{_shown_call(exercise, known.cases[first], study)}`."
    if results[first].raised is not None:
        return "error", f"{tell_exception(results[first].raised)}\n{call}"
    outcome, text = problems[first]
    changed = _changed_alike(exercise, results, known)
    balanced = [is_balanced(exercise, arguments) for arguments in known.cases]
    if changed:
        text = changed
    elif any(balanced) and not any(
        bad for bad, alike in zip(problems, balanced, strict=True) if alike
    ):
        text += (
            " Where all women have the same number of measurements your function is right, and it "
            "goes wrong only on the unbalanced data. Look for a place where it takes the numbers "
            "n_i of measurements to be equal, or uses a mean in which all of them count the same."
        )
    return outcome, f"{text}\n{call}\n{way_to_hint(exercise)}"


def way_to_hint(exercise):
    """How a notebook gives a hint; on a page there is a button."""
    return f'For a hint, run `hint("{exercise.key}")`.'


def _changed_alike(exercise, results, known):
    """What has happened to the right results in all cases alike, in words; "" if nothing has."""
    for change, words in CHANGES:
        pairs = zip(results, known.right, strict=True)
        if all(
            not difference(mine, right.changed(change), exercise.rtol)
            and difference(mine, right, exercise.rtol)
            for mine, right in pairs
        ):
            return words
    return ""


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


def tell_exception(error):
    text = f"Your code stopped with {type(error).__name__}"
    message = _message(error)
    text += f": {message}" if message else "."
    if isinstance(error, SystemExit):
        text += "\nA function should return its result rather than end the program."
    if isinstance(error, RecursionError):
        text += "\nThe function keeps calling itself. What is supposed to make it stop?"
    if "ellipsis" in message:
        text += "\nThere is still a `...` in it that you need to replace."
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
    run = [
        (frame, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if is_students(frame.f_code.co_filename)
    ]
    if isinstance(error, RecursionError):
        # A call too many may end where the function is entered; what called it says more.
        run = [(f, number) for f, number in run if number != f.f_code.co_firstlineno] or run
    if not run:
        return None
    frame, number = run[-1]
    line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals)
    return number, line.strip()


def _not_a_function(exercise, value):
    name = exercise.name
    if value is None:
        return f'This is None. Give the function itself, as in `check("{exercise.key}", {name})`.'
    if isinstance(value, str):
        return f"This is a text. Give the function itself, without the quotes: `{name}`."
    return (
        f"This is {with_article(value)}. Give the function itself, without calling it, as in "
        f'`check("{exercise.key}", {name})`, where no parentheses follow `{name}`.'
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
            f"Your function takes `({', '.join(signature.parameters)})`, but the exercise calls "
            f"it with {len(arguments)} argument{'s' * (len(arguments) != 1)}: "
            f"`{exercise.name}({', '.join(stub_parameters(exercise))})`."
        )
    return ""


def stub_parameters(exercise):
    for node in ast.walk(ast.parse(exercise.stub)):
        if isinstance(node, ast.FunctionDef) and node.name == exercise.name:
            return [argument.arg for argument in node.args.args]
    return []


def _is_stub(exercise, value):
    return inspect.isfunction(value) and _essence(value.__code__) == _stub_essence(exercise)


def _is_empty(value):
    """Whether a function does nothing at all, whatever its docstring says."""
    if not inspect.isfunction(value) or value.__name__ == "<lambda>":
        return False
    steps = [step.opname for step in dis.get_instructions(value.__code__)]
    idle = ("RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST")
    returns_none = all(
        step.argval is None
        for step in dis.get_instructions(value.__code__)
        if step.opname in ("LOAD_CONST", "RETURN_CONST")
    )
    return returns_none and set(steps) <= set(idle)


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


def is_balanced(exercise, arguments):
    """Whether a call is about groups of equal size; also False where that cannot be seen."""
    for name, value in zip(stub_parameters(exercise), arguments, strict=False):
        if name == "n_i":
            return bool(np.ptp(value) == 0)
        if name == "woman":
            return bool(np.ptp(np.unique(value, return_counts=True)[1]) == 0)
        if name == "Z":
            return bool(np.ptp(np.sum(value, axis=0)) == 0)
        if name == "V":
            return bool(np.ptp(np.count_nonzero(value, axis=1)) == 0)
    return False


def _shown_call(exercise, arguments, study):
    return f"{exercise.name}({', '.join(_shown_argument(value, study) for value in arguments)})"


def _shown_argument(value, study):
    """An argument as one can type it, where that is short enough."""
    for name, part in (("study", study), ("study.cut", study.cut)):
        for attribute in ("y", "X", "Z", "woman", "means", "n_i"):
            if value is getattr(part, attribute):
                return f"{name}.{attribute}"
    shape = getattr(value, "shape", None)
    if shape and np.size(value) <= SMALL:
        return f"np.array({np.array2string(np.asarray(value), separator=', ', precision=6)})"
    if shape:
        return f"<array of shape {shape}>"
    if isinstance(value, Number):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 40 else f"<{type(value).__name__}>"
