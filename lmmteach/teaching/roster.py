"""Print each student's data and answers, from a table of students.

The table is a CSV file with a header and a row for each student. It needs a column `name` (or
`student`), or the two columns `first name` and `last name`; a column `id` (or `username`) helps to
recognise files. Data are drawn from the name, exactly as `start(student="…")` draws them, whatever
its capitals, accents, spaces and full stops look like. With `--data`, they are those of
`start(student="…", data="…")`.
"""

import csv
import io
import math
import sys
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from string import ascii_lowercase

from lmmteach._parallel import as_they_come
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.studies import checked_name, normal_name
from lmmteach.exercises.words import asked, why_not
from lmmteach.teaching import class_data

NAME = ("name", "student", "full name", "fullname")
FIRST = ("first name", "firstname", "first", "given name")
LAST = ("last name", "lastname", "last", "surname", "family name")
ID = ("id", "student id", "student_id", "id number", "username", "login", "matriculation number")


@dataclass(frozen=True)
class Student:
    """A line of the roster."""

    name: str
    id: str = ""


def read_roster(path):
    """The students of a roster, in its order.

    Parameters
    ----------
    path : of a CSV file, with commas, semicolons or tabs; UTF-8

    Returns
    -------
    students : list of Student

    Raises
    ------
    ValueError
        if there is no column of names, a name is missing or cannot be used, or two lines are the
        same student.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            f"{path.name} is not in UTF-8. Save it as “CSV UTF-8” in the spreadsheet."
        ) from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}).") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if not lines:
        raise ValueError(f"{path.name} is empty.")
    columns = {" ".join(cell.casefold().split()): k for k, cell in enumerate(lines[0][1])}
    students = [(number, _student(path.name, number, row, columns)) for number, row in lines[1:]]
    if not students:
        raise ValueError(f"{path.name} has a header but no students.")
    _no_collisions(path.name, students)
    return [student for _, student in students]


def _student(file, number, row, columns):
    def cell(names):
        at = next((columns[name] for name in names if name in columns), None)
        return None if at is None else " ".join(row[at].split()) if at < len(row) else ""

    name = cell(NAME)
    if name is None and cell(FIRST) is not None and cell(LAST) is not None:
        name = f"{cell(FIRST)} {cell(LAST)}".strip()
    if name is None:
        raise ValueError(
            f"{file} has no column of names. Call it “name”, or have “first name” and “last name”; "
            f"its first line is: {', '.join(columns)}."
        )
    try:
        checked_name(name)
    except ValueError as error:
        raise ValueError(f"{file}, line {number}: {error}") from None
    if not normal_name(name):
        raise ValueError(f"{file}, line {number}: there is no name.")
    return Student(name, cell(ID) or "")


def _no_collisions(file, students):
    """Raise if two lines would be one student: the same data, or the same id."""
    for what, of in (("name", lambda s: normal_name(s.name)), ("id", lambda s: s.id.casefold())):
        seen, problems = {}, []
        for number, student in students:
            form = of(student)
            if form and form in seen:
                before, other = seen[form]
                problems.append(
                    f"lines {before} ({getattr(other, what)}) and {number} "
                    f"({getattr(student, what)})"
                )
            seen.setdefault(form, (number, student))
        if problems:
            raise ValueError(
                f"{file}: the same {what} stands in {'; in '.join(problems)}. Capitals, accents "
                "typed in another way, spaces and full stops make no other student. Delete one of "
                "them, or add a middle name or a number."
            )


def arguments(parser):
    """The options of ``lmmteach roster``."""
    parser.add_argument("roster", metavar="students.csv", help="the table of students")
    parser.add_argument(
        "--chapters", type=int, nargs="+", metavar="N", help="only the exercises of these chapters"
    )
    class_data.arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="where to write it; the screen if not given")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="how many processes share the work"
    )


def run(options):
    """Write a line for each student: name, id, the data, and the right answers."""
    students = read_roster(options.roster)
    data = class_data.class_data(options)
    keys = data.asked(keys_of(options.chapters))
    lines, jobs = {}, list(enumerate(students))
    for at, cells in as_they_come(partial(_line, keys, data), jobs, options.jobs):
        lines[at] = cells
    about = f"{data.topic.response}, row by row" if data.topic else "estrone, woman by woman"
    header = ["student", "id", about, *keys]
    write_table(options.out, header, [lines[at] for at in range(len(students))])


def keys_of(chapters):
    """The exercises of chapters, given by their numbers; all, if none are given."""
    keys = [key for key, e in EXERCISES.items() if not chapters or e.chapter in chapters]
    if not keys:
        raise ValueError(f"There are no exercises of chapter {', '.join(map(str, chapters))}.")
    return keys


def _line(keys, data, job):
    at, student = job
    study = data.study(student.name)
    values = study.data[data.topic.response if data.topic else "estrone"].tolist()
    answers = (right_answer(key, study) for key in keys)
    return at, [student.name, student.id, " ".join(map(str, values)), *answers]


def right_answer(key, study):
    """The right answer to an exercise on a study, as a text."""
    if why_not(EXERCISES[key], study):
        return "not asked"
    exercise = asked(EXERCISES[key], study)
    if isinstance(exercise, Numeric):
        decimals = max(0, math.ceil(-math.log10(exercise.atol)))
        return f"{targets(exercise, study)[0].value:.{decimals}f}"
    if isinstance(exercise, Choice):
        return ascii_lowercase[exercise.answer]
    return f"{exercise.name}(…)"


def write_table(out, header, rows):
    """Write a table as CSV, to a file (whole or not at all) or to the screen if there is none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([list(map(_inert, row)) for row in [header, *rows]])
    if out is None:
        sys.stdout.write(text.getvalue())
        return
    out = Path(out)
    # A spreadsheet needs the mark of the byte order to see that it is UTF-8.
    beside = out.with_name(f"{out.name}.new")
    beside.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    beside.replace(out)


def _inert(cell):
    """A cell that no spreadsheet takes for a formula and no terminal for an order."""
    # What cannot be printed or stored, as names of files may have it.
    text = "".join(map(_printable, str(cell)))
    number = text.replace("-", "", 1).replace(".", "", 1).isdigit()
    return f"'{text}" if text[:1] in tuple("=+-@＝＋－＠") and not number else text


def _printable(mark):
    kind = unicodedata.category(mark)
    return " " if kind in ("Cc", "Zl", "Zp") else "\ufffd" if kind == "Cs" else mark
