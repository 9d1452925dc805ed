"""A student at work: whose data are asked about, what was answered, which hints were shown."""

import difflib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# The first fit would load it, and most of the time of the first check would go there.
import formulae  # noqa: F401

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import Feedback, Hint, Solution
from lmmteach.exercises.kinds import Numeric
from lmmteach.exercises.numeric import tells_apart
from lmmteach.exercises.record import FILE_NAME, Progress, Record
from lmmteach.exercises.showing import shows
from lmmteach.exercises.studies import (
    Study,
    checked_name,
    drawn_study,
    estrone_study,
    normal_name,
)

ATTEMPTS = 100


@dataclass
class _Session:
    """What is known until the kernel stops: whose data, which hints were shown."""

    study: Study
    record: Record
    hints: Counter = field(default_factory=Counter)


_session = None
# The studies as they were drawn; students get copies, which they may change.
_studies = {}


def start(student=""):
    """Choose the data: the lecture's, or a study of your own.

    A name gives the same study on every computer. It has five women with sixteen measurements
    each, like the lecture's, and its ``cut`` is unbalanced.

    A name leads to a series of studies (attempt 0, 1, 2, …), and you get the first on which all
    exercises work. That means that the ML and REML estimates of σ_b² are above 0, both on the whole
    study and on the cut, and that for every number asked for, the right answer and all named wrong
    ones are more than three times the exercise's ``atol`` apart. A later edition of the exercises
    may therefore give the same name a different study.

    Parameters
    ----------
    student : your name, or any other text that is yours; leave it empty for the lecture's data

    Returns
    -------
    study : Study, with ``y``, ``X``, ``Z``, ``woman``, ``data``, ``cut``, ``ml`` and ``reml``

    Raises
    ------
    TypeError, ValueError
        if the name is not a text, is blank, or is too long.
    """
    student = checked_name(student)
    study = _study_of(student)
    # The numbers that are asked are worked out now, so that each check answers at once.
    _is_good(study)
    session = _current()
    session.study = study
    return Study(student, study.data.copy())


@shows
def check(key, value=...):
    """Find out whether an answer is right and, if it is not, which mistake it looks like.

    Parameters
    ----------
    key : the key of the exercise, such as ``"4a"``
    value : a number, the letter of an option (``"a"``), or the function that you wrote

    Returns
    -------
    feedback : Feedback; a notebook shows it wherever the call stands, and a script prints it
    """
    exercise = _find(key)
    if isinstance(exercise, Feedback):
        return exercise
    session = _current()
    try:
        said = diagnose(exercise, value, session.study)
    # The student's own errors have been told by now: this one is in what all share.
    except Exception as error:
        return Feedback(exercise.key, "error", _broken(error))
    if said.outcome == "not attempted":
        return said
    right = said.outcome == "right"
    note = session.record.add(_student(session), exercise.key, right)
    return Feedback(said.key, said.outcome, said.text, said.tag, note)


@shows
def hint(key):
    """Give the next hint for an exercise; each call gives a little more away."""
    exercise = _find(key)
    if isinstance(exercise, Feedback):
        return exercise
    hints, shown = exercise.hints, _current().hints
    shown[exercise.key] += 1
    number = shown[exercise.key]
    if number <= len(hints):
        return Hint(f"Hint {number} of {len(hints)} for {exercise.key}", hints[number - 1])
    again = "\n".join(f"{k}. {text}" for k, text in enumerate(hints, start=1))
    ending = f'If you are still stuck, `solution("{exercise.key}")` shows the worked solution.'
    return Hint(f"You have seen all hints for {exercise.key}", f"{again}\n{ending}")


@shows
def solution(key):
    """Show the worked solution of an exercise."""
    exercise = _find(key)
    if isinstance(exercise, Feedback):
        return exercise
    heading = f"Solution of {exercise.key}: {exercise.title}"
    return Solution(heading, exercise.solution, exercise.code.strip())


@shows
def progress():
    """Show which exercises you have done, which you have tried, and which are still open."""
    session = _current()
    states = session.record.states(_student(session))
    chapters = []
    for chapter in CHAPTERS:
        keys = [key for key, e in EXERCISES.items() if e.chapter == chapter.number]
        if keys:
            name = f"{chapter.number} {chapter.short_title}"
            chapters.append((name, {key: states.get(key, "open") for key in keys}))
    who = session.study.student or "The lecture's data"
    return Progress(who, chapters, session.record.remarks)


def _broken(error):
    return (
        f"The exercise could not work out its own answer ({type(error).__name__}: {error}). "
        "Perhaps something from numpy or lmmteach was overwritten in this notebook. Restart the "
        "kernel and run the cells again."
    )


def _current():
    global _session
    if _session is None:
        _session = _Session(_study_of(""), Record(_file()))
    return _session


def _file():
    try:
        return Path(FILE_NAME).absolute()
    # The folder that the kernel was started in is gone.
    except OSError:
        return Path(FILE_NAME)


def _student(session):
    return normal_name(session.study.student)


def _study_of(student):
    name = normal_name(student)
    if name not in _studies:
        _studies[name] = _first_good_study(student) if name else estrone_study()
    return _studies[name]


def study_and_attempt(student):
    """The study that a name leads to, and which of its series it is."""
    study = _study_of(student)
    attempts = range(ATTEMPTS) if normal_name(student) else (0,)
    values = study.data["estrone"].tolist()
    drawn = (k for k in attempts if drawn_study(student, k).data["estrone"].tolist() == values)
    return study, next(drawn, 0)


def _first_good_study(student):
    for attempt in range(ATTEMPTS):
        study = drawn_study(student, attempt)
        if _is_good(study):
            return study
    raise ValueError(
        f"None of the {ATTEMPTS} studies drawn for {student!r} can be used for the exercises. "
        "Please choose a different name."
    )


def _is_good(study):
    """Whether all exercises work on a study; the rule is explained in ``start``."""
    fits = (study.ml, study.reml, study.cut.ml, study.cut.reml)
    return all(fit.sigma2_b > 0 for fit in fits) and all(
        tells_apart(exercise, study)
        for exercise in EXERCISES.values()
        if isinstance(exercise, Numeric)
    )


def _find(key):
    """The exercise with this key, or what to say where there is none."""
    if not isinstance(key, str):
        return Feedback(
            "", "error", 'The key of the exercise comes first, in quotes: `check("1a", answer)`.'
        )
    plain = unicodedata.normalize("NFKC", key[:40]).strip().lower()
    # As "4a)", "4 a" or "Exercise 4a".
    found = re.search(r"(\d+)\s*([a-z]\d?)\W*$", plain)
    wanted = f"{int(found[1])}{found[2]}" if found else plain
    if wanted in EXERCISES:
        return EXERCISES[wanted]
    number = re.match(r"\d+", wanted)
    chapter = [e for e in EXERCISES.values() if number and e.chapter == int(number[0])]
    near = difflib.get_close_matches(wanted, EXERCISES, n=3) if not chapter else []
    text = f"There is no exercise “{wanted}”."
    if near:
        text += f" Did you mean {' or '.join(near)}?"
    if chapter:
        listed = "\n".join(f"{e.key} {e.title}" for e in chapter)
        text += f" The exercises of chapter {chapter[0].chapter} are:\n{listed}"
    else:
        text += f" The exercises are {', '.join(EXERCISES)}."
    return Feedback("", "error", text)
