"""A student at work: whose data are asked about, what was answered, which hints were shown."""

import difflib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase

# The first fit would load it, and most of the time of the first check would go there.
import formulae  # noqa: F401

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import Feedback, Hint, Question, Solution
from lmmteach.exercises.given import table_and_topic
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.exercises.numeric import is_firm, tells_apart
from lmmteach.exercises.record import FILE_NAME, Progress, Record
from lmmteach.exercises.showing import shows
from lmmteach.exercises.studies import (
    ATTEMPTS,
    Study,
    checked_name,
    drawn_study,
    estrone_study,
    first_drawn_like,
    no_study,
    normal_name,
    study_of_table,
    varies,
)
from lmmteach.exercises.words import asked, why_not


@dataclass
class _Session:
    """What is known until the kernel stops: whose data, which hints were shown."""

    study: Study
    record: Record
    hints: Counter = field(default_factory=Counter)


_session = None
# The studies as they were drawn; students get copies, which they may change.
_studies = {}


def start(student="", data=None, response=None, group=None, unit="", words=()):
    """Choose the data: the lecture's, a study of your own, or any table with groups.

    A name gives the same study on every computer. It has five women with sixteen measurements
    each, like the lecture's, and its ``cut`` is unbalanced.

    A name leads to a series of studies (attempt 0, 1, 2, …), and you get the first on which all
    exercises work. That means that the ML and REML estimates of σ_b² are above 0, both on the whole
    study and on the cut, and that for every number asked for, the right answer and all named wrong
    ones are more than three times the exercise's ``atol`` apart. A later edition of the exercises
    may therefore give the same name a different study.

    With ``data``, the exercises ask about these, in the words of their columns: ``question("1a")``
    shows how. With a name too, the response is drawn for that name, from the model that was fitted
    to the data, and all other columns stay as they are. Exercises that are about the lecture's data
    and nothing else say so when they are checked, and so does one that the data cannot answer.

    Parameters
    ----------
    student : your name, or any other text that is yours; leave it empty for the data as they are
    data : DataFrame, name of a CSV file, or one of the names in ``list_data()``; if None, the
        lecture's data
    response, group : the names of two columns; needed for tables that the package does not bring
    unit : what the response is measured in, such as ``"ms"``
    words : a group and groups in words, such as ``("child", "children")``

    Returns
    -------
    study : Study, with ``y``, ``X``, ``Z``, ``group``, ``data``, ``cut``, ``ml`` and ``reml``; for
        the lecture's data the group is also called ``woman``

    Raises
    ------
    TypeError, ValueError
        if the name is not a text, is blank, or is too long; if the table lacks a column or has a
        missing value, or no model can be fitted to it.
    """
    student = checked_name(student)
    study = _study_of(student, table_and_topic(data, response, group, unit, words))
    if study.topic.is_lectures:
        # The numbers that are asked are worked out now, so that each check answers at once.
        _is_good(study)
    session = _current()
    session.study = study
    return Study(student, study.data.copy(), study.topic, study.origin)


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
        if refused := why_not(exercise, session.study):
            return Feedback(exercise.key, "error", refused)
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
def question(key):
    """Show an exercise in the words of the data that you work on."""
    exercise = _find(key)
    if isinstance(exercise, Feedback):
        return exercise
    study = _current().study
    refused = why_not(exercise, study)
    if refused:
        return Feedback(exercise.key, "error", refused)
    exercise = asked(exercise, study)
    heading = f"{exercise.key}: {exercise.title}"
    return Question(
        heading, "\n\n".join(filter(None, [exercise.prompt.strip(), *_below(exercise)]))
    )


def _below(exercise):
    """What stands below a prompt: the options, the unit, and where the data are."""
    if isinstance(exercise, Choice):
        yield "\n".join(
            f"- ({letter}) {option.text}"
            for letter, option in zip(ascii_lowercase, exercise.options, strict=False)
        )
    if isinstance(exercise, Numeric) and exercise.unit:
        yield f"Unit of the answer: {exercise.unit}."
    yield exercise.in_code


@shows
def hint(key):
    """Give the next hint for an exercise; each call gives a little more away."""
    exercise = _find(key)
    if isinstance(exercise, Feedback):
        return exercise
    hints, shown = asked(exercise, _current().study).hints, _current().hints
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
    exercise = asked(exercise, _current().study)
    heading = f"Solution of {exercise.key}: {exercise.title}"
    return Solution(heading, exercise.solution, exercise.code.strip())


@shows
def progress():
    """Show which exercises you have done, which you have tried, and which are still open."""
    session = _current()
    states = session.record.states(_student(session))
    chapters = []
    for chapter in CHAPTERS:
        topics = (None, session.study.topic)
        keys = [
            key
            for key, exercise in EXERCISES.items()
            if exercise.chapter == chapter.number
            and (session.study.topic.is_lectures or exercise.about in topics)
        ]
        if keys:
            name = f"{chapter.number} {chapter.short_title}"
            chapters.append((name, {key: states.get(key, "open") for key in keys}))
    who = _who(session.study)
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
    """Under which name the record keeps what was done: one for each table and student."""
    study = session.study
    return normal_name(study.student if study.topic.is_lectures else _who(study))


def _who(study):
    if study.topic.is_lectures:
        return study.student or "The lecture's data"
    of = f" of {study.student}" if study.student else ""
    return f"The data {study.topic.data}{of}"


def _study_of(student, given=None):
    """The study of a student; ``given`` is what ``table_and_topic`` returns."""
    name = normal_name(student)
    about = name if given is None else (name, given[1], given[0].to_csv())
    if about not in _studies:
        if given is None:
            _studies[about] = _first_good_study(student) if name else estrone_study()
        else:
            study = study_of_table(*given)
            _studies[about] = first_drawn_like(study, student) if name else study
    return _studies[about]


def study_and_attempt(student, given=None):
    """The study that a name leads to, and which of its series it is, of the lecture's studies."""
    study = _study_of(student, given)
    if given is not None:
        return study, 0
    attempts = range(ATTEMPTS) if normal_name(student) else (0,)
    values = study.data["estrone"].tolist()
    drawn = (k for k in attempts if drawn_study(student, k).data["estrone"].tolist() == values)
    return study, next(drawn, 0)


def _first_good_study(student):
    for attempt in range(ATTEMPTS):
        study = drawn_study(student, attempt)
        if _is_good(study):
            return study
    raise no_study(student, ATTEMPTS)


def _is_good(study):
    """Whether all exercises work on a study; the rule is explained in ``start``."""
    return varies(study) and all(
        tells_apart(exercise, study)
        for exercise in EXERCISES.values()
        if isinstance(exercise, Numeric) and is_firm(exercise, study)
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
