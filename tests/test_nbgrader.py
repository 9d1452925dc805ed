"""The course for nbgrader: what is in it, and that nbgrader generates, validates and grades it."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from classroom import PAGES, TREES

from lmmteach.__main__ import main
from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.session import study_and_attempt, table_and_topic
from lmmteach.exercises.words import asked

ROOT = Path(__file__).resolve().parent.parent
PAGE = "04-blup"
EXERCISES = BY_CHAPTER[PAGES[PAGE]]
EXERCISE = EXERCISES[0]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    out = tmp_path_factory.mktemp("course")
    assert main(["export", "nbgrader", str(out)]) == 0
    return out


def read(course, edition, page):
    return nbformat.read(course / edition / page / f"{page}.ipynb", as_version=4)


@pytest.mark.parametrize("page", PAGES)
def test_every_chapter_is_an_assignment_in_two_editions(page, course):
    keys = [exercise.key for exercise in BY_CHAPTER[PAGES[page]]]
    for edition in ("source", "release"):
        notebook = read(course, edition, page)
        nbformat.validate(notebook)
        about = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
        assert [a["grade_id"] for a in about if a.get("grade")] == [f"check-{k}" for k in keys]
        assert [a["grade_id"] for a in about if a.get("solution")] == [f"answer-{k}" for k in keys]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_released_has_no_solution(page, course):
    source, released = read(course, "source", page), read(course, "release", page)
    for exercise in BY_CHAPTER[PAGES[page]]:
        (mine,) = [c for c in source.cells if c.id == f"answer-{exercise.key}"]
        (theirs,) = [c for c in released.cells if c.id == mine.id]
        assert exercise.code.strip() in mine.source
        assert "SOLUTION" not in theirs.source
        assert exercise.code.strip() not in theirs.source
        assert mine.source.startswith(theirs.source.partition("\n# Your answer")[0])


def test_only_some_chapters(tmp_path):
    assert main(["export", "nbgrader", str(tmp_path), "--chapters", "4", "5"]) == 0
    assert sorted(path.name for path in (tmp_path / "source").iterdir()) == ["04-blup", "05-reml"]
    assert main(["export", "nbgrader", str(tmp_path), "--chapters", "99"]) == 2


@pytest.fixture(scope="module")
def course_on_trees(tmp_path_factory):
    place = tmp_path_factory.mktemp("trees")
    (place / "trees.csv").write_text(TREES, encoding="utf-8")
    named = ["--data", str(place / "trees.csv"), "--response", "leaf length", "--group", "tree"]
    assert main(["export", "nbgrader", str(place / "course"), *named, "--unit", "mm"]) == 0
    return place / "course"


def test_a_course_on_data_of_the_lecturer_asks_about_them(course_on_trees, tmp_path, capsys):
    for edition in ("source", "release"):
        folder = course_on_trees / edition / PAGE
        assert (folder / "trees.csv").read_text(encoding="utf-8") == TREES
        notebook = read(course_on_trees, edition, PAGE)
        text = "\n".join(cell.source for cell in notebook.cells)
        assert 'start(student="", data="trees.csv", response="leaf length"' in text
        assert 'words=("tree", "trees")' in text
        assert "Unit of the answer: mm" in text
        assert "woman" not in "".join(c.source for c in notebook.cells if c.id == "question-4a")
    # Their hidden solutions run, and each check of them says that it is right.
    source = read(course_on_trees, "source", PAGE)
    code = [cell.source for cell in source.cells if cell.cell_type == "code"]
    names = {}
    (tmp_path / "trees.csv").write_text(TREES, encoding="utf-8")
    # Here and not in the course: what is done is kept in a file.
    with contextlib.chdir(tmp_path):
        for cell in code:
            exec(cell, names)
    capsys.readouterr()
    # Again, from the table that lies in the course.
    named = ["--data", str(course_on_trees / "trees.csv"), "--response", "leaf length"]
    named += ["--group", "tree", "--unit", "mm"]
    assert main(["export", "nbgrader", str(course_on_trees), *named]) == 0
    assert "Left out: Exercise " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "expected"),
    [("woman", 'group="woman"'), ('a "so-called" tree', 'group="a \\"so-called\\" tree"')],
)
def test_a_column_of_any_name_begins_a_worksheet(name, expected, tmp_path):
    table = pd.read_csv(io.StringIO(TREES), sep=";", decimal=",").rename(columns={"tree": name})
    path = tmp_path / "trees.csv"
    table.to_csv(path, index=False)
    named = ["--data", str(path), "--response", "leaf length", "--group", name, "--shared"]
    assert main(["export", "nbgrader", str(tmp_path / "c"), *named, "--chapters", "4"]) == 0
    notebook = read(tmp_path / "c", "release", PAGE)
    begin = notebook.cells[1].source
    assert expected in begin
    assert "your name" not in notebook.cells[0].source
    with contextlib.chdir(tmp_path):
        exec(begin, names := {})
    assert names["study"].topic.group == name


def answered(released, answers, name):
    notebook = nbformat.from_dict(json.loads(json.dumps(released)))
    for cell in notebook.cells:
        cell.source = cell.source.replace('student=""', f"student={name!r}")
        key = cell.id.removeprefix("answer-")
        if key in answers and cell.id.startswith("answer-"):
            cell.source = answers[key]
    return notebook


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """nbgrader in an environment of its own, as a function of its arguments."""
    place = os.environ.get("NBGRADER_VENV")
    if place is None:
        place = tmp_path_factory.mktemp("nbgrader")
        # Where root marks, worksheets run as a user without rights, who has to read it.
        place.chmod(0o755)
        venv.create(place, with_pip=True)
        install = ["-m", "pip", "install", "--quiet", "nbgrader>=0.9,<0.10", "-e", str(ROOT)]
        subprocess.run([Path(place) / "bin" / "python", *install], check=True)

    def run(course, *arguments):
        command = [Path(place) / "bin" / "nbgrader", *arguments]
        # nbgrader calls programs that are beside it.
        path = os.pathsep.join([str(Path(place) / "bin"), os.environ["PATH"]])
        environment = os.environ | {"PATH": path}
        done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


def scores_of(submitted, course, nbgrader):
    """Hand in ``{student: notebook}``, and let nbgrader grade them."""
    for student, notebook in submitted.items():
        path = course / "submitted" / student / PAGE / f"{PAGE}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
    nbgrader(course, "autograde", PAGE)
    nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


@pytest.mark.outside
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment differ")
def test_nbgrader_generates_validates_and_grades_the_course(course, nbgrader):
    ours = read(course, "release", PAGE)
    (course / "students.csv").write_text(
        "id,name\nada,Ada Lovelace\nbob,Bob\neve,Eve\n", encoding="utf-8"
    )
    assert "Success" in nbgrader(course, "validate", f"source/{PAGE}/{PAGE}.ipynb")
    nbgrader(course, "generate_assignment", PAGE, "--force")
    theirs = read(course, "release", PAGE)
    # What nbgrader makes of the source is what the release has been all along.
    assert [(c.id, c.source, c.metadata) for c in theirs.cells] == [
        (c.id, c.source, c.metadata) for c in ours.cells
    ]
    right = {exercise.key: exercise.code for exercise in EXERCISES}
    study, _ = study_and_attempt("Ada Lovelace")
    copied = {
        key: f"answer = {targets(exercise, study)[0].value!r}"
        for exercise in EXERCISES
        if (key := exercise.key) in ("4a", "4d")
    }
    cheat = answered(theirs, right | {"4c": 'answer = "a"'}, "Eve")
    cheat.cells[1].source += (
        "\nimport numpy as np\nnp.isclose = np.allclose = lambda *a, **k: True\n"
        "class Right:\n    outcome = 'right'\ncheck = lambda *a: Right()"
    )
    submitted = {
        "ada": answered(theirs, right, "Ada Lovelace"),
        "bob": answered(theirs, right | copied, "Bob"),
        "eve": cheat,
    }
    scores = scores_of(submitted, course, nbgrader)
    assert scores == {"ada": 5.0, "bob": 3.0, "eve": 4.0}
    nbgrader(course, "generate_feedback", PAGE)
    assert (course / "feedback" / "eve" / PAGE / f"{PAGE}.html").exists()


@pytest.mark.outside
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the folders of an environment differ")
def test_nbgrader_grades_a_course_on_data_of_the_lecturer(course_on_trees, nbgrader):
    (course_on_trees / "students.csv").write_text(
        "id,name\nada,Ada Lovelace\nbob,Bob\n", encoding="utf-8"
    )
    assert "Success" in nbgrader(course_on_trees, "validate", f"source/{PAGE}/{PAGE}.ipynb")
    nbgrader(course_on_trees, "generate_assignment", PAGE, "--force")
    source, theirs = (read(course_on_trees, edition, PAGE) for edition in ("source", "release"))
    right = {
        cell.id.removeprefix("answer-"): cell.source
        for cell in source.cells
        if cell.id.startswith("answer-")
    }
    table = course_on_trees / "trees.csv"
    given = table_and_topic(table, "leaf length", "tree", "mm")
    adas, _ = study_and_attempt("Ada Lovelace", given)
    value = targets(asked(EXERCISE, adas), adas)[0].value
    submitted = {
        "ada": answered(theirs, right, "Ada Lovelace"),
        "bob": answered(theirs, right | {EXERCISE.key: f"answer = {value!r}"}, "Bob"),
    }
    scores = scores_of(submitted, course_on_trees, nbgrader)
    assert scores == {"ada": float(len(right)), "bob": len(right) - 1.0}
