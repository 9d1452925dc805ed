"""Write a course for nbgrader 0.9: a folder with `source/`, `release/` and its configuration.

Each chapter is an assignment. In the folder, `nbgrader generate_assignment`, `validate`,
`autograde`, `generate_feedback` and `export` work as for any course, with one difference: what
autograding executes is `lmmteach mark`, which runs students' code apart and compares the answers
elsewhere, so that nothing in a notebook can give itself points. nbgrader and lmmteach must be
installed in the same environment.

If each student has data of their own, put the roster into the folder as `students.csv`, with a
column `id` that has nbgrader's names of the students, and a column `name`.

With `--data` the questions are asked about another table, which lies beside each worksheet.
"""

import hashlib
import json
import shutil
from pathlib import Path

from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.teaching import class_data
from lmmteach.teaching.questions import begun, question

INTRODUCTION = """# Exercises: {title}

Below each exercise there is a cell for your answer, and below that one that checks it."""
YOUR_NAME = """
If you would like to work on data of your own, or have been asked to, type your name between the
quotation marks below, exactly as it is in the list of the course."""
STUB = "# Your answer takes the place of the dots above."
CONFIGURATION = '''"""How nbgrader runs this course; see lmmteach's page about marking."""

from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)

from lmmteach.teaching.nbgrader_judge import Judge

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "lmmteach"
c.ClearSolutions.code_stub = {{"python": "{stub}"}}
# Where nbgrader would execute the notebook, lmmteach marks it.
c.Autograde.autograde_preprocessors = [
    Judge,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.Judge.course = str(Path(__file__).resolve().parent)
# Seconds of computing and megabytes for each notebook.
c.Judge.timeout = 60
c.Judge.memory = 2048
# The data that students work on, as `lmmteach export nbgrader` has been told.
c.Judge.data = {data!r}
c.Judge.response = {response!r}
c.Judge.group = {group!r}
c.Judge.shared = {shared}
'''


def arguments(parser):
    """The options of ``lmmteach export nbgrader``."""
    parser.add_argument(
        "--chapters", type=int, nargs="+", metavar="N", help="only these chapters; all if not given"
    )
    class_data.arguments(parser)


def run(options):
    """Write the course; an assignment that is there already is written anew."""
    out, data = Path(options.out), class_data.class_data(options)
    chosen = {
        chapter: exercises
        for chapter, exercises in BY_CHAPTER.items()
        if not options.chapters or chapter.number in options.chapters
    }
    if not chosen:
        raise ValueError("There are no exercises of these chapters.")
    chapters, refused = {}, []
    for chapter, exercises in chosen.items():
        kept, reasons = data.questions(exercises)
        refused += reasons
        if kept:
            chapters[chapter] = kept
    if not chapters:
        raise ValueError("None of the exercises can be asked about these data.")
    out.mkdir(parents=True, exist_ok=True)
    configuration = out / "nbgrader_config.py"
    configuration.write_text(_configuration(data, options.data), encoding="utf-8")
    files = [data.file] if data.file else []
    for chapter, exercises in chapters.items():
        for edition in ("source", "release"):
            path = out / edition / chapter.page / f"{chapter.page}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            written = json.dumps(notebook(chapter, exercises, edition, data), indent=1)
            path.write_text(written + "\n", encoding="utf-8")
            _copy(files, path.parent)
    _copy(files, out)
    print(f"The course is {out}, with {len(chapters)} assignments.")
    for reason in refused:
        print(f"Left out: {reason}")


def _configuration(data, asked_for):
    topic = data.topic
    return CONFIGURATION.format(
        stub=STUB,
        data=data.file.name if data.file else asked_for,
        response=topic.response if topic else "",
        group=topic.group if topic else "",
        shared=data.shared,
    )


def _copy(files, folder):
    for file in files:
        if file.resolve() != (folder / file.name).resolve():
            shutil.copyfile(file, folder / file.name)


def notebook(chapter, exercises, edition, data):
    """The notebook of a chapter: the lecturer's ("source") or the students' ("release")."""
    introduction = INTRODUCTION.format(title=chapter.title)
    cells = [
        _cell("markdown", "introduction", introduction + ("" if data.shared else YOUR_NAME)),
        _cell("code", "start", data.first_cell),
    ]
    released = edition == "release"
    for exercise in exercises:
        code, name = begun(exercise)
        hidden = f"### BEGIN SOLUTION\n{exercise.code.strip()}\n### END SOLUTION"
        answer = f"{code}\n\n{STUB if released else hidden}"
        check = f'assert check("{exercise.key}", {name}).outcome == "right"'
        for kind, part, source, marks in (
            ("markdown", "question", question(exercise), {"locked": True}),
            ("code", "answer", answer, {"solution": True}),
            ("code", "check", check, {"grade": True, "locked": True, "points": 1}),
        ):
            cells.append(_cell(kind, f"{part}-{exercise.key}", source, marks, released))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind, name, source, marks=None, released=False):
    cell = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    if marks is None:
        return cell
    about = {"grade": False, "solution": False, "locked": False, "task": False} | marks
    about |= {"grade_id": name, "schema_version": 3}
    if released:
        about |= {"checksum": _checksum(kind, source, about), "cell_type": kind}
        cell["metadata"]["deletable"] = False
        if about["locked"]:
            cell["metadata"]["editable"] = False
    cell["metadata"]["nbgrader"] = about
    return cell


def _checksum(kind, source, about):
    """The digest by which nbgrader sees whether a cell has been changed."""
    parts = [source, kind, *(str(about[what]) for what in ("grade", "solution", "locked"))]
    parts.append(about["grade_id"])
    if about["grade"]:
        parts.append(str(float(about["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
