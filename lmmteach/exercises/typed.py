"""A function that is typed into the page: the code is run, and ``diagnose`` says what it is worth.

The page brings the code to a Python of its own, in the browser. What a worksheet has above the
exercise is there too, and after the answer a line that only shows something does so.
"""

import ast
import io
import json
import linecache
from contextlib import redirect_stdout

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import Feedback, inline_html
from lmmteach.exercises.functions import (
    known_results,
    stopped,
    stub_parameters,
    tell_exception,
    way_to_hint,
)
from lmmteach.exercises.page import function_solution_key
from lmmteach.exercises.running import SECONDS, run
from lmmteach.exercises.studies import Study, estrone_study

# What a worksheet begins with.
IMPORTS = """import numpy as np
import lmmteach as lt
from lmmteach.exercises import check, hint, progress, solution, start
"""


def answer(key, code, begin=lambda: None, seconds=SECONDS):
    """Run what was typed below a function exercise, and check the function in it.

    Parameters
    ----------
    key : of a function exercise
    code : what was typed
    begin : called whenever the student's code is about to run, and ``seconds`` begin; whoever can
        end this process knows by it when a call has run too long that Python could not cut off
    seconds : after how long the code, and then the function, is cut off

    Returns
    -------
    said : dict with the outcome and the text (HTML) of the feedback, the name of the mistake, what
        the code has printed, the key to the solution, and whether Python is damaged
    """
    exercise, study = EXERCISES[key], estrone_study()
    printed, value = "", None
    try:
        known_results(exercise, study)
        begin()
        ran, value = _run(exercise, code, seconds)
        printed = ran.printed
        if ran.raised is not None:
            feedback = Feedback(key, "error", _what_was_raised(ran, _file(exercise), seconds))
        elif value is None:
            feedback = Feedback(key, "error", _no_function(exercise))
        else:
            begin()
            with redirect_stdout(io.StringIO()) as output:
                feedback = diagnose(exercise, value, study, seconds)
            printed += output.getvalue()
    # Nobody has pressed a stop button: the code itself has raised it.
    except KeyboardInterrupt as error:
        feedback = Feedback(key, "error", tell_exception(error))
    # The student's other errors have been told by now: this one is in what all share.
    except Exception as error:
        return _said(Feedback(key, "error", _broken(error)), exercise, printed, is_broken=True)
    return _said(feedback, exercise, printed)


def answer_json(key, code, begin=lambda: None):
    """``answer`` for the page, as JSON."""
    return json.dumps(answer(key, code, begin), ensure_ascii=False)


def cut_off_json(key):
    """What the page says after it has ended a Python that did not come back, as JSON."""
    feedback = Feedback(key, "error", stopped(SECONDS))
    return json.dumps(_said(feedback, EXERCISES[key], ""), ensure_ascii=False)


def worksheet_names():
    """The names that a worksheet has above its first exercise."""
    study = Study("", estrone_study().data.copy())
    names = {"study": study, **{name: getattr(study, name) for name in ("y", "X", "Z", "woman")}}
    exec(IMPORTS, names)
    return names


def _file(exercise):
    """The name under which Python knows the code; no file has it."""
    return f"<your answer to {exercise.key}>"


def _run(exercise, code, seconds):
    """What came of running the code, and what then has the name of the function."""
    file = _file(exercise)
    # So that an error can be shown with its line.
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    names = {"__name__": "__main__", **worksheet_names()}
    ran = run(lambda: _execute(code, file, names), (), seconds)
    return ran, names.get(exercise.name)


def _execute(code, file, names):
    """Run code as a notebook does: a last line that is an expression shows its value."""
    tree = ast.parse(code, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), file, "eval"), names)
        if value is not None:
            print(repr(value))


def _what_was_raised(ran, file, seconds):
    error = ran.raised
    if ran.out_of_time:
        return stopped(seconds)
    if isinstance(error, SyntaxError) and error.filename == file:
        line = (error.text or "").strip()
        text = f"Python cannot read your code: {error.msg.rstrip('.?')}."
        return f"{text}\nThe trouble is in line {error.lineno}" + (f": `{line}`" if line else ".")
    return tell_exception(error)


def _no_function(exercise):
    call = f"{exercise.name}({', '.join(stub_parameters(exercise))})"
    return f"There is no `{exercise.name}` in your code. It has to begin with `def {call}:`."


def _broken(error):
    return (
        f"The exercise could not work out its own answer ({type(error).__name__}: {error}). "
        "Perhaps your code has overwritten something in numpy or lmmteach. Python is started again "
        "now. Mend your code, and check it once more."
    )


def _said(feedback, exercise, printed, is_broken=False):
    text = feedback.text.removesuffix(f"\n{way_to_hint(exercise)}")
    is_right = feedback.outcome == "right"
    return {
        "outcome": feedback.outcome,
        "text": inline_html(text),
        "tag": feedback.tag,
        "printed": printed,
        "solution": function_solution_key(exercise) if is_right else None,
        "broken": is_broken,
    }
