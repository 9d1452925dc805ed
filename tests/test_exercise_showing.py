"""What a check says is seen once in each cell, wherever the call stands: asked of a real kernel."""

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

START = "from lmmteach.exercises import check, hint, progress, solution, start"
SAID = "✗ 1a Not right yet"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Cells that were run one after the other in one kernel."""
    cells = {
        "start": START,
        "last line": 'check("1a", 7)',
        "not the last line": 'check("1a", 7)\nx = 3',
        "with a semicolon": 'check("1a", 7);',
        "in a loop": 'for k in (1, 2):\n    print(k)\n    check("1a", 6 + k)',
        "assigned": 'said = check("1a", 7)',
        "assigned and shown": 'said = check("1a", 7)\nsaid',
        "shown later": "said",
        "two checks": 'check("1a", 7)\ncheck("1d", "a")',
        "in a function": 'def ask():\n    check("1a", 7)\n\n\nask()',
        "before an error": 'check("1a", 7)\n1 / 0',
        "hints": 'hint("1a")\nhint("1a")\nprint("end")',
        "others": 'solution("1d")\nprogress()\nNone',
        "truth": 'print(check("1a", 7) is True)',
    }
    made = new_notebook(
        cells=[
            new_code_cell(source, metadata={"tags": ["raises-exception"]})
            for source in cells.values()
        ]
    )
    place = tmp_path_factory.mktemp("kernel")
    NotebookClient(made, timeout=300, resources={"metadata": {"path": str(place)}}).execute()
    assert nbformat.validate(made) is None
    return dict(zip(cells, (cell.outputs for cell in made.cells), strict=True))


def first_lines(outputs):
    """The first line of each output, in order: what a reader sees."""
    texts = (o.get("text") or o.get("ename") or o.data["text/plain"] for o in outputs)
    return [text.splitlines()[0] for text in texts]


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("start", []),
        ("last line", [SAID]),
        ("not the last line", [SAID]),
        ("with a semicolon", [SAID]),
        ("in a loop", ["1", SAID, "2", SAID]),
        ("assigned", [SAID]),
        ("assigned and shown", [SAID]),
        ("shown later", [SAID]),
        ("two checks", [SAID, "✗ 1d Not right yet"]),
        ("in a function", [SAID]),
        ("before an error", [SAID, "ZeroDivisionError"]),
        ("hints", ["Hint 1 of 3 for 1a", "Hint 2 of 3 for 1a", "end"]),
        ("truth", [SAID, "False"]),
    ],
)
def test_what_a_cell_shows(notebook, cell, seen):
    assert first_lines(notebook[cell]) == seen


def test_solutions_and_progress_are_shown_too(notebook):
    solution, progress = notebook["others"]
    assert "text/markdown" in solution.data
    assert "text/html" in progress.data
    assert progress.data["text/plain"].startswith("The lecture's data: ")


def test_each_output_has_a_text_and_a_box(notebook):
    (output,) = notebook["last line"]
    assert output.data["text/plain"].startswith(SAID)
    assert '<div role="status"' in output.data["text/html"]


def test_a_script_prints_what_is_said(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f'{START}\ncheck("1a", 7)\nsaid = hint("1a")\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", script.name],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.startswith(SAID)
    assert "\nHint 1 of 3 for 1a\n" in done.stdout


def test_a_prompt_shows_once_what_it_is_given(tmp_path):
    lines = f'{START}\ncheck("1a", 7)\n'
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-i", "-q"],
        input=lines,
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.count(SAID) == 1
