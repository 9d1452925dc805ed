"""Marks that count: the table is right in every cell, and cheats are stopped and reported."""

import argparse
import csv
import json
import os
import sys
import time
import unicodedata
from pathlib import Path

import pytest
import worksheets
from classroom import (
    PAGES,
    TREES,
    added,
    cell_of,
    class_of,
    right_answers,
    store,
    with_check,
    worksheet,
)

from lmmteach.__main__ import main
from lmmteach.exercises import bank
from lmmteach.exercises.bank import BY_CHAPTER, EXERCISES
from lmmteach.exercises.functions import known_results
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.session import _study_of, start
from lmmteach.exercises.studies import estrone_study
from lmmteach.exercises.words import asked, why_not
from lmmteach.teaching import class_data, mark, roster
from lmmteach.teaching.class_data import ClassData
from lmmteach.teaching.edition import write_edition
from lmmteach.teaching.judge import Limits, Marking, read_worksheet
from lmmteach.teaching.plain import decoded, decoded_result, encoded
from lmmteach.teaching.room import what_is_locked, why_not_apart

PAGE = "04-blup"
KEYS = [exercise.key for exercise in BY_CHAPTER[PAGES[PAGE]]]
RIGHT = dict.fromkeys(KEYS, "right")
LIMITS = Limits(8.0)
LECTURES = ClassData(shared=True)
BANK = Path(bank.__file__).with_name("blup.py")
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the sandbox needs Linux"
)


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """The package without solutions."""
    return write_edition(tmp_path_factory.mktemp("edition"))


@pytest.fixture(scope="module")
def given(edition, tmp_path_factory):
    """How a class is marked."""
    return {
        "edition": edition,
        "limits": LIMITS,
        "data": LECTURES,
        "hidden": (str(tmp_path_factory.mktemp("submissions")),),
        "apart": not why_not_apart(edition),
    }


def names(count):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [f"Student {letters[k // 26]}{letters[k % 26]} Test" for k in range(count)]


def marked(notebook, given, student="Ada"):
    """What came of a worksheet, and the row of its student."""
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    result = Marking(data, student, **given).marked()
    job = mark.Job(f"{student}.ipynb", student)
    (row,) = mark.table_of([job], {job.path: result}, [], [roster.Student(student)], given["data"])
    return row


def said(row):
    """The outcomes of a row, and all that is reported in it."""
    return row.outcomes, "; ".join(row.problems + row.remarks)


@pytest.mark.slow
def test_the_system_of_this_test_lets_worksheets_run_apart(given):
    # On a machine where it does not, all that follows tests much less.
    assert given["apart"]


@pytest.fixture(scope="module")
def a_class():
    return class_of(PAGE, names(24), lecture=True)


@pytest.mark.slow
@pytest.mark.parametrize("student", names(24))
def test_every_cell_of_a_class_is_right(student, a_class, given):
    notebook, expected = a_class[student]
    row = marked(notebook, given, student)
    outcomes = {key: row.outcomes.get(key, "not attempted") for key in KEYS}
    assert outcomes == expected, said(row)


def cheated(source, key="4a", code="answer = 1.0", at=2):
    """A worksheet that is right but for one answer, with a cell more."""
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    cell_of(notebook, key).source = with_check(PAGES[PAGE], key, code)
    return added(notebook, source, at)


CHEATS = {
    "numpy patched": (
        cheated(
            "import math\nnp.isclose = np.allclose = lambda *a, **k: True\n"
            "math.isclose = lambda *a, **k: True"
        ),
        {"4a": "wrong"},
        "replaced numpy.isclose",
    ),
    "floor patched": (
        cheated("import math\nmath.floor = lambda x: 0"),
        {"4a": "wrong"},
        "math.floor",
    ),
    "check patched": (
        cheated("def check(key, value=...):\n    print(f'✓ {key} Right')"),
        {"4a": "wrong"},
        "replaced check",
    ),
    "package patched": (
        cheated(
            "import lmmteach.exercises.session as s\ns.check = lambda *a: None\ncheck = s.check"
        ),
        {"4a": "wrong"},
        "replaced",
    ),
    "solutions imported": (
        cheated(
            "from lmmteach.exercises.bank import EXERCISES",
            code='answer = EXERCISES["4a"].answer(study)',
        ),
        {"4a": "error"},
        "tried to read solutions",
    ),
    "solutions read": (
        cheated("1", code=f"answer = len(open({str(BANK)!r}).read())"),
        {"4a": "error"},
        "tried to read solutions",
    ),
    "table written": (
        cheated("open('marks.csv', 'w').write('student,4a\\nAda,right\\n')"),
        {"4a": "wrong"},
        "wrote a file marks.csv",
    ),
    "progress written": (
        cheated(
            "from pathlib import Path\n"
            "Path('.lmmteach-progress.json').write_text('{\"students\": {\"ada\": {}}}')"
        ),
        {"4a": "wrong"},
        "wrote a file .lmmteach-progress.json",
    ),
    "results printed": (cheated("print('✓ 4a Right')"), {"4a": "wrong"}, "looks like a verdict"),
    "network": (
        cheated("1", code="import socket\nsocket.create_connection(('192.0.2.1', 80))\nanswer = 1"),
        {"4a": "error"},
        "tried to reach the network",
    ),
    "equal to everything": (
        cheated(
            "class Same:\n    def __eq__(self, other):\n        return True\n"
            "    __lt__ = __gt__ = __le__ = __ge__ = __eq__\n    __hash__ = None",
            code="answer = Same()",
        ),
        {"4a": "error"},
        "an object of the worksheet's own class (4a, Same)",
    ),
    "a number equal to everything": (
        cheated(
            "class Same(float):\n    def __eq__(self, other):\n        return True\n"
            "    def __sub__(self, other):\n        return 0.0\n    __rsub__ = __sub__",
            code="answer = Same(1.0)",
        ),
        {"4a": "wrong"},
        "an object of the worksheet's own class (4a, Same)",
    ),
    "a function that gives what equals everything": (
        cheated(
            "class Same(np.ndarray):\n    def __eq__(self, other):\n        return True",
            key="4b",
            code="def levels(y, woman, theta):\n    return np.zeros(5).view(Same)",
        ),
        {"4b": "wrong"},
        "an object of the worksheet's own class (4b, Same)",
    ),
    "the clock changed": (
        cheated(
            "import time\ntime.time = time.monotonic = lambda: 0.0",
            key="4b",
            code="def levels(y, woman, theta):\n    while True:\n        pass",
        ),
        {"4b": "error"},
        "replaced time.time",
    ),
    "what the judge hears is forged": (
        cheated(
            "import os\nfor number in range(3, 64):\n    try:\n"
            '        os.write(number, b\'{"outcomes": {"4a": "right"}, "right": true}\\n\')\n'
            "    except OSError:\n        pass"
        ),
        {"4a": "wrong"},
        "",
    ),
    "a solution asked for": (
        cheated("solution('4a')"),
        {"4a": "wrong"},
        "asked for the solution of 4a",
    ),
    "another's outputs": (
        cheated("1"),
        {"4a": "wrong"},
        "the file shows “Right” for 4a",
    ),
}
cell_of(CHEATS["another's outputs"][0], "4a").outputs = [
    {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": ["✓ 4a Right\n", "Well done."]},
    }
]


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_stopped_and_reported(cheat, given):
    notebook, changed, report = CHEATS[cheat]
    outcomes, reported = said(marked(notebook, given))
    assert outcomes == RIGHT | changed
    assert report in reported


@pytest.mark.slow
def test_a_patched_check_takes_nothing_from_right_answers(given):
    notebook = added(worksheet(PAGE, "", right_answers(PAGE)), "check = lambda *a: None")
    outcomes, reported = said(marked(notebook, given))
    assert outcomes == RIGHT
    assert "replaced check" in reported


@pytest.mark.slow
def test_a_table_of_known_results_does_not_pass_for_a_function(given):
    known = known_results(EXERCISES["4b"], estrone_study())
    table = {
        str([case[0].tolist(), case[2].tolist()]): result.parts[0].tolist()
        for case, result in zip(known.cases, known.right, strict=True)
    }
    code = (
        f"table = {table!r}\ndef levels(y, woman, theta):\n"
        "    return np.array(table.get(str([y.tolist(), list(map(float, theta))]), [0.0] * 5))"
    )
    outcomes, _ = said(marked(cheated("1", "4b", code), given))
    assert outcomes == RIGHT | {"4b": "wrong"}


@pytest.mark.slow
def test_other_submissions_cannot_be_reached(given):
    (folder,) = given["hidden"]
    store(worksheet(PAGE, "", right_answers(PAGE)), Path(folder) / "Bob" / "04-blup.ipynb")
    code = f"import os\nanswer = len(os.listdir({folder!r}))"
    outcomes, reported = said(marked(cheated("1", code=code), given))
    assert outcomes == RIGHT | {"4a": "error"}
    assert "tried to open" in reported
    # Without Python's own ways, the folder is not there either.
    code = f"import subprocess\nassert subprocess.run(['ls', {folder!r}]).returncode == 0"
    outcomes, reported = said(marked(cheated("1", code=f"{code}\nanswer = 1"), given))
    assert outcomes == RIGHT | {"4a": "error"}


def processes_with(text):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if text.encode() in words:
            found.append(path)
    return found


@pytest.mark.slow
def test_no_process_is_left_behind(given):
    source = "import subprocess\nsubprocess.Popen(['sleep', '31415.9265'], start_new_session=True)"
    outcomes, reported = said(marked(cheated(source), given))
    assert outcomes == RIGHT | {"4a": "wrong"}
    assert "left a process running" in reported
    time.sleep(0.2)
    assert processes_with("31415.9265") == []


@pytest.mark.slow
def test_a_deleted_answer_is_reported(given):
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    notebook.cells.remove(cell_of(notebook, "4c"))
    outcomes, reported = said(marked(notebook, given))
    assert outcomes == RIGHT | {"4c": "not attempted"}
    assert "the cell of 4c is missing" in reported


@pytest.mark.slow
def test_an_answer_without_its_check_is_read(given):
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    cell = cell_of(notebook, "4c")
    cell.source = cell.source.partition("\n")[0]
    outcomes, reported = said(marked(notebook, given))
    assert outcomes == RIGHT
    assert "no check of 4c" in reported


@pytest.mark.slow
def test_the_package_of_the_students_has_no_solutions(edition):
    text = "\n".join(path.read_text(encoding="utf-8") for path in edition.rglob("*.py"))
    assert "def start(" in text
    for exercise in EXERCISES.values():
        assert exercise.solution.strip() not in text
        assert exercise.right not in text
        mistakes = getattr(exercise, "wrong", None) or exercise.options
        assert not [mistake for mistake in mistakes if mistake.feedback in text]


@pytest.mark.slow
def test_where_nothing_runs_apart_pythons_own_ways_are_shut(given):
    (folder,) = given["hidden"]
    bare = given | {"apart": False}
    source = (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 0.1)\n"
        "except PermissionError:\n    shut = True"
    )
    code = f"import os\nassert shut\nanswer = len(os.listdir({folder!r}))"
    outcomes, reported = said(marked(cheated(source, code=code), bare))
    assert outcomes == RIGHT | {"4a": "error"}
    assert "4a: PermissionError" in reported
    assert "tried to reach the network" in reported


@pytest.mark.slow
def test_what_breaks_off_does_not_hand_in_the_answer_before(given):
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    cell_of(notebook, "4d").source = 'answer = undefined\ncheck("4d", answer)'
    outcomes, reported = said(marked(notebook, given))
    assert outcomes == RIGHT | {"4d": "error"}
    assert "4d: NameError" in reported


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1, 2]",
        b'{"cells": 3}',
        b'{"cells": [{"cell_type": "code"',
        b"\xff\xfe\0",
        b"[" * 10**5,
        b'{"cells": [{"cell_type": "markdown", "source": "# Essay"}]}',
    ],
    ids=["empty", "object", "list", "number", "cut", "binary", "deep", "essay"],
)
def test_what_is_no_worksheet_is_reported(data, given):
    outcomes, reported = said(marked(data, given))
    assert outcomes == {}
    assert reported


# Names, rosters and tables.


def written(tmp_path, text, name="students.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë Müller", unicodedata.normalize("NFD", "Zoë Müller")),
        ("Zoë Müller", "ZOË MÜLLER"),
        ("J. R. Smith", "JR Smith"),
        ("Ada Lovelace", "  ada   lovelace "),
        ("Straße", "STRASSE"),
        ("O’Neill", "O'Neill"),
    ],
)
def test_two_spellings_of_a_name_are_one_student_and_collide(one, other, tmp_path):
    assert start(one).data.equals(start(other).data)
    path = written(tmp_path, f"name\n{one}\nSomebody Else\n{other}\n")
    with pytest.raises(ValueError, match=r"lines 2 .* and 4"):
        roster.read_roster(path)


@pytest.mark.parametrize(
    ("text", "students"),
    [
        ("name\nAda\nBob\n", [("Ada", ""), ("Bob", "")]),
        ("\ufeffID;Student\n7;Ada Lovelace\n", [("Ada Lovelace", "7")]),
        ("First name,Last name,ID number\nAda,Lovelace,x1\n", [("Ada Lovelace", "x1")]),
        ("name\tid\r\nAda\t1\r\n\r\n", [("Ada", "1")]),
        ('name\n"Lovelace, Ada"\n', [("Lovelace, Ada", "")]),
    ],
)
def test_a_roster_is_read_as_spreadsheets_write_it(text, students, tmp_path):
    found = roster.read_roster(written(tmp_path, text))
    assert [(student.name, student.id) for student in found] == students


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("name\n", "no students"),
        ("who\nAda\n", "no column of names"),
        ("name\nAda\n...\n", "line 3"),
        ("name,id\nAda,1\nBob,1\n", "the same id"),
    ],
)
def test_a_roster_that_cannot_be_used_says_why(text, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        roster.read_roster(written(tmp_path, text))


def test_the_roster_prints_the_data_and_the_answers_of_start(tmp_path, capsys):
    path = written(tmp_path, "name,id\nAda Lovelace,a1\n=cmd(),a2\n")
    assert main(["roster", path, "--chapters", "4"]) == 0
    header, ada, formula = csv.reader(capsys.readouterr().out.splitlines())
    study = start("ada lovelace")
    assert header == ["student", "id", "estrone, woman by woman", *KEYS]
    assert ada[:2] == ["Ada Lovelace", "a1"]
    assert list(map(int, ada[2].split())) == study.data["estrone"].tolist()
    assert float(ada[3]) == pytest.approx(
        targets(EXERCISES["4a"], _study_of("Ada Lovelace"))[0].value, abs=1e-4
    )
    assert ada[4:6] == ["levels(…)", "abcd"[EXERCISES["4c"].answer]]
    # A spreadsheet would run it.
    assert formula[0] == "'=cmd()"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Ada Lovelace_12_assignsubmission_file_/04-blup.ipynb", "Ada Lovelace"),
        ("lovelaceada_1_2_04-blup.ipynb", "Ada Lovelace"),
        ("submitted/x1/04-blup/04-blup.ipynb", "Ada Lovelace"),
        ("04-blup Ada Lovelace Byron (1).ipynb", "Ada Lovelace Byron"),
        (unicodedata.normalize("NFD", "zoë/04-blup.ipynb"), "Zoë"),
        ("04-blup.ipynb", None),
        ("Adam/04-blup.ipynb", None),
        ("Zoë/Ada Lovelace.ipynb", "Zoë"),
        ("Zoë_7_assignsubmission_file_Ada Lovelace Byron.ipynb", "Zoë"),
    ],
)
def test_whose_a_file_is_follows_from_its_path(path, name):
    students = [
        roster.Student("Ada Lovelace", "x1"),
        roster.Student("Ada Lovelace Byron", "x11"),
        roster.Student("Zoë"),
    ]
    found = mark.owner_by_path(Path(path), students)
    assert (found and found.name) == name


@pytest.fixture(scope="module")
def small_class(tmp_path_factory):
    """A folder in which three students hand in, each with data of their own; the table of it."""
    place = tmp_path_factory.mktemp("class")
    folder, out = place / "in", place / "marks.csv"
    ada = worksheet(PAGE, "ada lovelace", right_answers(PAGE))
    for key in ("4a", "4d"):
        value = targets(EXERCISES[key], _study_of("Ada Lovelace"))[0].value
        code = f"answer = {value!r}"
        cell_of(ada, key).source = with_check(PAGES[PAGE], key, code)
    store(ada, folder / "Ada Lovelace" / "04-blup.ipynb")
    # Bob hands in what Ada has found, once with her name in it and once with his own.
    store(ada, folder / "Bob" / "04-blup.ipynb")
    (folder / "Bob" / ".lmmteach-progress.json").write_text(
        '{"version": 1, "students": {"bob": {"4a": "done"}}}', encoding="utf-8"
    )
    (folder / "Bob" / "marks.csv.progress").write_text('{"key": "x", "result": {}}')
    for cell in ada.cells:
        cell.source = cell.source.replace("'ada lovelace'", "'Cleo'")
    store(ada, folder / "04-blup_Cleo.ipynb")
    (folder / "Dora").mkdir()
    (folder / "Dora" / "essay.pdf").write_bytes(b"%PDF")
    path = written(place, "name,id\nAda Lovelace,1\nBob,2\nCleo,3\nDora,4\nEve,5\n")
    command = ["mark", str(folder), "--out", str(out), "--roster", path, "--jobs", "1"]
    assert main(command) == 0
    return command, out, table(out)


def table(out):
    with out.open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_class_with_data_of_their_own_is_marked(small_class):
    _, _, rows = small_class
    assert list(rows) == ["Ada Lovelace", "Bob", "Cleo", "Dora", "Eve"]
    assert {key: rows["Ada Lovelace"][key] for key in KEYS} == RIGHT
    assert rows["Ada Lovelace"]["right"] == "5"
    assert rows["Ada Lovelace"]["remarks"] == ""
    assert rows["Eve"]["could not be run"] == "nothing was handed in"
    assert "essay.pdf: not a notebook" in rows["Dora"]["could not be run"]
    assert {rows["Dora"][key] for key in KEYS} == {"not attempted"}


@pytest.mark.slow
@pytest.mark.parametrize("who", ["Bob", "Cleo"])
def test_a_copy_of_a_classmates_worksheet_is_told_apart(who, small_class):
    _, _, rows = small_class
    assert {rows[who]["4a"], rows[who]["4d"]} <= {"wrong", *TAGS}
    assert rows[who]["4c"] == "right"
    assert "4a, 4d: right on the data of Ada Lovelace" in rows[who]["remarks"]
    assert ("start() has the name ada lovelace" in rows[who]["remarks"]) == (who == "Bob")
    assert ("a file of progress was handed in" in rows[who]["remarks"]) == (who == "Bob")


TAGS = {wrong.tag for key in ("4a", "4d") for wrong in EXERCISES[key].wrong}


@pytest.mark.slow
def test_a_second_run_goes_on_where_the_first_was_and_gives_the_same_file(small_class, monkeypatch):
    command, out, _ = small_class
    before = out.read_bytes()
    progress = Path(f"{out}.progress")
    lines = progress.read_bytes().splitlines(keepends=True)
    # As if it had been stopped while it wrote the last one.
    progress.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    again = []

    class Worker(mark.Worker):
        def mark(self, job, data):
            again.append(job.path)
            return super().mark(job, data)

    monkeypatch.setattr(mark, "Worker", Worker)
    assert main(command) == 0
    assert len(again) == 1
    assert out.read_bytes() == before
    assert len(progress.read_bytes().splitlines()) == len(lines) + 1


class Dying:
    """A judge who dies of Bob's worksheet."""

    def __init__(self, given):
        pass

    def mark(self, job, data):
        if job.student == "Bob":
            raise EOFError
        return mark._unmarked("") | {"outcomes": {"4c": ["right", "", ""]}}

    def end(self):
        pass


def test_what_kills_its_judge_stops_nobody_else(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mark, "Worker", Dying)
    monkeypatch.setattr(mark, "why_not_apart", lambda edition: "there are no namespaces here")
    folder, out = tmp_path / "in", tmp_path / "marks.csv"
    for name in ("Ada", "Bob", "Cleo"):
        store(b"{}", folder / name / "04-blup.ipynb")
    path = written(tmp_path, "name\nAda\nBob\nCleo\n")
    assert main(["mark", str(folder), "--out", str(out), "--roster", path]) == 0
    rows = table(out)
    assert {name: rows[name]["4c"] for name in rows} == {
        "Ada": "right",
        "Bob": "not attempted",
        "Cleo": "right",
    }
    assert "the judge stopped (EOFError)" in rows["Bob"]["could not be run"]
    assert "with your own rights" in capsys.readouterr().err


def test_the_table_is_not_written_among_the_submissions(tmp_path, capsys):
    assert main(["mark", str(tmp_path), "--out", str(tmp_path / "marks.csv")]) == 2
    assert "outside of it" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["mark", str(tmp_path / "x"), "--out", str(tmp_path / "marks.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_roster_the_name_is_the_one_in_the_worksheet():
    jobs = [mark.Job("b.ipynb", None), mark.Job("a.ipynb", None), mark.Job("c.ipynb", None)]
    done = {"outcomes": {"4c": ["right", "", ""]}}
    results = {
        "b.ipynb": mark._unmarked("") | done | {"name": "Ada", "names": ["Ada"]},
        "a.ipynb": mark._unmarked("") | done | {"name": "", "names": [""]},
        "c.ipynb": mark._unmarked("") | {"name": "ADA", "outcomes": {"4d": ["wrong", "", ""]}},
    }
    rows = mark.table_of(jobs, results, [], [], ClassData())
    assert [row.student.name for row in rows] == ["a.ipynb", "Ada"]
    assert rows[0].remarks == ["no name in start(), so the lecture's data"]
    assert rows[1].outcomes == {"4c": "right", "4d": "wrong"}
    assert rows[1].remarks[-1] == "chapter 4 twice (b.ipynb, c.ipynb): the last counts"


def test_a_link_or_a_pipe_is_no_worksheet(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text("{}")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.ipynb").symlink_to(secret)
    os.mkfifo(folder / "pipe.ipynb")
    jobs, others = mark.jobs_of(folder, [])
    assert jobs == []
    assert [path for path, _ in others] == ["link.ipynb", "pipe.ipynb"]


@pytest.mark.parametrize("command", ["mark", "roster"])
def test_a_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "students.csv" in capsys.readouterr().out


# Data of one's own.

OTHERS = {
    "trees.csv": ("--response", "leaf length", "--group", "tree", "--unit", "mm"),
    "sleepstudy": (),
}


@pytest.fixture(scope="module", params=OTHERS)
def other_class(request, tmp_path_factory):
    """A class that works on other data: its roster, options and table, and the data."""
    place = tmp_path_factory.mktemp("trees")
    (place / "trees.csv").write_text(TREES, encoding="utf-8")
    data = str(place / request.param) if request.param.endswith("csv") else request.param
    options = OTHERS[request.param]
    named = dict(zip((name[2:] for name in options[::2]), options[1::2], strict=True))
    parser = argparse.ArgumentParser()
    class_data.arguments(parser)
    other = class_data.class_data(parser.parse_args(["--data", data, *options]))
    folder, out = place / "in", place / "marks.csv"
    for name, student in (("Ada", "ada"), ("Bob", "Ada"), ("Cleo", "Cleo"), ("Dora", None)):
        notebook = worksheets.worksheet(PAGES[PAGE], True, other)
        first = notebook.cells[1]
        first.source = first.source.replace('student=""', f"student={student!r}")
        if student is None:
            first.source = (
                "import lmmteach as lt\nfrom lmmteach.exercises import *\nimport numpy as np"
            )
            first.source += "\nstudy = start(student='Dora')\ny, X, Z = study.y, study.X, study.Z"
        if name == "Cleo":
            exercise = asked(EXERCISES["4a"], other.study(""))
            study = start("Cleo", data, named.get("response"), named.get("group"))
            wrong = next(w for w in exercise.wrong if w.tag == "forgot_shrink")
            code = f"answer = {float(wrong.gives(study))!r}"
            cell_of(notebook, "4a").source = with_check(PAGES[PAGE], "4a", code)
        # A student's own folders are not there where worksheets are marked.
        for cell in notebook.cells:
            cell.source = cell.source.replace('"trees.csv"', r'"C:\\\\data\\\\trees.csv"')
        store(notebook, folder / name / "04-blup.ipynb")
    path = written(place, "name\nAda\nBob\nCleo\nDora\n")
    command = ["mark", str(folder), "--out", str(out), "--roster", path, "--jobs", "1"]
    assert main([*command, "--data", data, *options]) == 0
    return path, ("--data", data, *options), table(out), other


@pytest.mark.slow
def test_a_class_is_marked_on_data_of_its_lecturer(other_class):
    _, _, rows, other = other_class
    keys = [key for key in KEYS if not why_not(EXERCISES[key], other.study(""))]
    assert [key for key in rows["Ada"] if key in EXERCISES] == keys
    assert "4a" in keys
    assert {key: rows["Ada"][key] for key in keys} == dict.fromkeys(keys, "right")
    assert rows["Ada"]["remarks"] == rows["Ada"]["could not be run"] == ""
    # It is Ada's study that he has used.
    assert rows["Bob"]["4a"] != "right"
    assert "start() has the name Ada" in rows["Bob"]["remarks"]
    assert "right on the data of Ada" in rows["Bob"]["remarks"]
    assert rows["Cleo"]["4a"] == "forgot_shrink"
    assert "start() has other data than the class" in rows["Dora"]["remarks"]
    assert rows["Dora"]["4a"] != "right"


@pytest.mark.slow
def test_the_roster_prints_data_and_answers_of_the_lecturers_data(other_class, capsys):
    path, options, _, other = other_class
    assert main(["roster", path, "--chapters", "4", *options]) == 0
    header, ada, *_ = csv.reader(capsys.readouterr().out.splitlines())
    topic = other.topic
    study = start("ada", options[1], topic.response, topic.group)
    assert header[2] == f"{topic.response}, row by row"
    assert list(map(float, ada[2].split())) == pytest.approx(study.y.tolist())
    assert not study.data[topic.response].equals(other.study("").data[topic.response])
    exercise = asked(EXERCISES["4a"], study)
    right = targets(exercise, study)[0].value
    assert float(ada[header.index("4a")]) == pytest.approx(right, abs=exercise.atol)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "nosuch.csv"], "There is no file nosuch.csv"),
        (["--data", "rail", "--response", "nosuch"], "nosuch"),
        (["--response", "travel"], "name it too"),
    ],
)
def test_data_that_cannot_be_used_are_one_line(options, words, tmp_path, capsys):
    path = written(tmp_path, "name\nAda\n")
    (tmp_path / "in").mkdir()
    for command in (
        ["roster", path],
        ["mark", str(tmp_path / "in"), "--out", str(tmp_path / "marks.csv")],
    ):
        assert main([*command, *options]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1


# What somebody hostile would try.

ENDLESS = "while True:\n    pass"
HOSTILE = {
    "not a number": ("answer = float('nan')", "wrong", ""),
    "infinite": ("answer = 1e400", "wrong", ""),
    "an integer of 5000 digits": ("answer = 10**5000", "wrong", ""),
    "complex": ("answer = complex(float('inf'), 10.0)", "error", ""),
    "right and wrong at once": ("answer = np.array([1.0, answer_of_4a])", "error", ""),
    "digits in words": ("answer = '1' * 10**6", "error", ""),
    "the parent's memory": (
        "answer = len(open('/proc/1/environ').read() + open('/proc/1/mem', 'rb').read(1).hex())",
        "error",
        "4a: PermissionError",
    ),
    "the environment": (
        "import os\nassert not any('LMMTEACH_TEST' in name for name in os.environ)\n"
        "assert sorted(os.listdir('/proc/self/fd')) <= [str(n) for n in range(10)]\n"
        "answer = 1.0",
        "wrong",
        "",
    ),
    "a room within the room": (
        "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0\nanswer = 1.0",
        "error",
        "4a: AssertionError",
    ),
    "memory of nobody": ("import os\nanswer = os.memfd_create('x')", "error", "4a: Permission"),
    "a stopped process": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "error",
        "4a: out of time",
    ),
    "a thread that never ends": (
        "import threading, time\n"
        "threading.Thread(target=lambda: time.sleep(10**6)).start()\nanswer = 1.0",
        "wrong",
        "",
    ),
    "memory of many": (
        "import os, time\nfor _ in range(10):\n    if os.fork() == 0:\n"
        "        block = bytearray(b'x') * 2**28\n        time.sleep(60)\ntime.sleep(60)",
        "error",
        "4a: out of memory",
    ),
    "a fork bomb": (
        "import os\nwhile True:\n    os.fork()",
        "error",
        "4a: ",
    ),
    "the file system filled": (
        "for k in range(100):\n    open(f'/tmp/{k}', 'wb').write(bytes(2**25))",
        "error",
        "4a: OSError",
    ),
    "the package deleted": (
        "import shutil, lmmteach\nshutil.rmtree(lmmteach.__path__[0])",
        "error",
        "4a: OSError",
    ),
    "words of the judge": (
        "import json\njson.dumps = lambda *a, **k: '[' * 10**5\nanswer = 1.0",
        "error",
        "a message that is none",
    ),
    "print replaced": (
        "import builtins\nbuiltins.print = lambda *a: 10.0\nanswer = 1.0",
        "wrong",
        "replaced builtins.print",
    ),
    "a text with orders for a terminal": (
        "raise ValueError('=cmd()\\n\\x1b[2J')",
        "error",
        "ValueError: =cmd()",
    ),
    "a float that never comes": (
        "class Slow:\n    def __float__(self):\n        while True:\n            pass\n"
        "answer = Slow()",
        "error",
        "",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", HOSTILE)
def test_an_attack_costs_its_own_exercise_only(attack, given):
    code, outcome, words = HOSTILE[attack]
    code = code.replace("answer_of_4a", repr(targets(EXERCISES["4a"], estrone_study())[0].value))
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    cell_of(notebook, "4a").source = with_check(PAGES[PAGE], "4a", code)
    outcomes, reported = said(marked(notebook, given | {"limits": Limits(6.0)}))
    assert outcomes == RIGHT | {"4a": outcome}, reported
    assert words in reported


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "import sys\ndef hook(*event):\n    raise RuntimeError\nsys.addaudithook(hook)",
            "4c: the",
        ),
        ("import builtins\nbuiltins.float = lambda *a: 10.0", "replaced builtins.float"),
    ],
    ids=["hook", "float"],
)
def test_who_breaks_python_for_good_gains_nothing(code, words, given):
    notebook = worksheet(PAGE, "", right_answers(PAGE))
    cell_of(notebook, "4a").source = with_check(PAGES[PAGE], "4a", f"{code}\nanswer = 1.0")
    outcomes, reported = said(marked(notebook, given | {"limits": Limits(6.0)}))
    assert outcomes.keys() == RIGHT.keys()
    assert outcomes["4a"] == "error"
    assert words in reported


def notebook_of(cells):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (notebook_of([{"cell_type": "code", "source": 'check("4a", 1)'}] * 10**5), "2000 cells"),
        (notebook_of([{"cell_type": "code", "source": 'check("4a", 1)' + " " * 2**21}]), "1 MB"),
        (
            b'{"cells": [{"cell_type": "code", "source": "x", "outputs": '
            + b"[" * 900
            + b"]" * 900
            + b"}]}",
            "no exercise in it",
        ),
        (b'{"cells": [{"cell_type": "code", "source": ' + b"9" * 10**4 + b"}]}", "not a notebook"),
        (b" " * (2**25 + 1), "larger than 32 MB"),
    ],
    ids=["cells", "code", "outputs", "digits", "large"],
)
def test_a_notebook_that_would_keep_the_judge_busy_is_not_run(data, words):
    assert words in read_worksheet(data).problem


def test_names_of_files_are_no_orders(tmp_path, monkeypatch):
    # Nothing runs here.
    monkeypatch.setattr(mark, "write_edition", lambda *arguments: None)
    monkeypatch.setattr(mark, "why_not_apart", lambda edition: "")
    folder, out = tmp_path / "in", tmp_path / "marks.csv"
    folder.mkdir()
    names = ["=cmd().pdf", 'a,b"c\nd.pdf', "\x1b[2J.pdf", os.fsdecode(b"\xff.pdf"), "＝1+1.pdf"]
    for name in names:
        (folder / name).write_bytes(b"")
    (folder / "away").symlink_to("/")
    assert main(["mark", str(folder), "--out", str(out)]) == 0
    rows = table(out)
    found = ["'=cmd().pdf", 'a,b"c d.pdf', " [2J.pdf", "\ufffd.pdf", "'＝1+1.pdf", "away"]
    assert sorted(rows) == sorted(found)
    assert {row["right"] for row in rows.values()} == {"0"}


def test_two_who_claim_one_name_are_reported():
    jobs = [mark.Job("a.ipynb", None), mark.Job("b.ipynb", None)]
    done = mark._unmarked("") | {"name": "Ada", "names": ["Ada"]}
    results = {
        "a.ipynb": done | {"outcomes": {"4c": ["right", "", ""]}},
        "b.ipynb": done | {"outcomes": {"4c": ["wrong", "", ""]}},
    }
    (row,) = mark.table_of(jobs, results, [], [roster.Student("Ada")], ClassData())
    assert row.remarks == ["chapter 4 twice (a.ipynb, b.ipynb): the last counts"]


# What crosses between the processes.


@pytest.mark.parametrize(
    "message",
    [
        None,
        3,
        "text",
        [],
        ["number"],
        ["number", "3"],
        ["number", True],
        ["number", None],
        ["text", 3],
        ["list", 1, []],
        ["list", 2, [["number", 1]]],
        ["pickle", "x"],
        {"a": 1},
        ["complex", 1],
    ],
)
def test_what_is_no_answer_is_not_read(message):
    with pytest.raises((ValueError, TypeError)):
        decoded(message)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"parts": []},
        {"parts": [[[1], [1.0]]]},
        {"parts": [[[2], [1.0]]], "several": False},
        {"parts": [[[1], ["1"]]], "several": False},
        {"parts": [[[-1], [1.0]]], "several": False},
        {"parts": [[[1], [True]]], "several": False},
        {"raised": ["SystemExit"]},
        {"parts": "x"},
    ],
)
def test_what_is_no_result_is_not_read(message):
    with pytest.raises((ValueError, TypeError)):
        decoded_result(message)


@pytest.mark.parametrize("value", [3, 2.5, True, None, ..., "0,5", [4.0], float("inf")])
def test_plain_answers_cross_unchanged(value):
    assert decoded(json.loads(json.dumps(encoded(value)))) == value


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights")
def test_where_root_has_locked_python_up_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    tmp_path.chmod(0o700)
    assert f"chmod o+rx {tmp_path}" in what_is_locked()
    tmp_path.chmod(0o755)
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    assert what_is_locked() == ""


@pytest.mark.outside
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_class_of_forty_hands_in_every_worksheet(page, tmp_path):
    students = names(40)
    made = class_of(page, students)
    for student, (notebook, _) in made.items():
        store(notebook, tmp_path / "in" / student / f"{page}.ipynb")
    path = written(tmp_path, "name\n" + "\n".join(students) + "\n")
    out = tmp_path / "marks.csv"
    command = ["mark", str(tmp_path / "in"), "--out", str(out), "--roster", path]
    assert main([*command, "--timeout", "15", "--jobs", str(os.cpu_count())]) == 0
    rows = table(out)
    found = {name: {key: rows[name][key] for key in said} for name, (_, said) in made.items()}
    assert found == {name: said for name, (_, said) in made.items()}
