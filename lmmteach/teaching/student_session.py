"""``start``, ``check``, ``hint``, ``progress`` and ``solution`` where a worksheet is marked.

This takes the place of ``lmmteach/exercises/session.py`` in the copy of the package in which the
students' code runs. It takes answers down and knows none. A text that says "Right" is therefore
none of its own.
"""

from pathlib import Path, PureWindowsPath

from lmmteach.exercises.feedback import Feedback, Hint, Solution
from lmmteach.exercises.given import digest, table_and_topic
from lmmteach.exercises.studies import (
    Study,
    checked_name,
    drawn_study,
    estrone_study,
    first_drawn_like,
    normal_name,
    study_of_table,
)

TAKEN = "Your answer has been taken down."


class Desk:
    """Where the session hands over what students ask for and give; ``runner.py`` fills it in."""

    take = staticmethod(lambda key, value: None)
    attempt = staticmethod(lambda name, table: 0)
    note = staticmethod(lambda what, detail: None)


def start(student="", data=None, response=None, group=None, unit="", words=()):
    """The study of a student, drawn as everywhere else."""
    student = checked_name(student)
    given = table_and_topic(_here(data), response, group, unit, words)
    if given is not None:
        study = study_of_table(*given)
        Desk.attempt(student, digest(study.data, study.topic))
        return first_drawn_like(study, student) if normal_name(student) else study
    attempt = Desk.attempt(student, "")
    if not normal_name(student):
        return estrone_study()
    return Study(student, drawn_study(student, attempt).data.copy())


def _here(data):
    """The name of a file as it is here, whatever folder it was in on the student's machine."""
    if not isinstance(data, str) or Path(data).is_file():
        return data
    name = PureWindowsPath(data).name
    return name if Path(name).is_file() else data


def check(key, value=...):
    """Take an answer down."""
    Desk.take(key, value)
    return Feedback(str(key), "not attempted", TAKEN)


def question(key):
    """There are no questions here: the worksheet has them."""
    return Hint(f"Exercise {key}", "Questions are not shown while worksheets are marked.")


def hint(key):
    """There are no hints here."""
    return Hint(f"Hint for {key}", "Hints are not shown while worksheets are marked.")


def solution(key):
    """There are no solutions here."""
    Desk.note("solution", str(key))
    return Solution(
        f"Solution of {key}", "Solutions are not there while worksheets are marked.", ""
    )


def progress():
    """Nothing is kept here."""
