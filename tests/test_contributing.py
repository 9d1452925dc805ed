"""CONTRIBUTING.md is enough: its own steps, followed in a copy of the project, pass the tests.

The page adds a chapter 14, with an explorer and an exercise, and a data set. Whatever number the
page gives it, here it gets the first that is free.
"""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lmmteach.chapters import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NUMBER = len(CHAPTERS) + 1
# Notebooks run in kernels, and a copy of pytest runs, before the first test is done.
pytestmark = pytest.mark.timeout(900)
NOT_COPIED = (
    ".git",
    ".venv",
    "_build",
    "__pycache__",
    ".*cache",
    ".ipynb_checkpoints",
    ".coverage*",
)
# A line for a file that exists goes below the last of these.
BELOW = {
    "lmmteach/chapters.py": r"    Chapter\(\d",
    "_toc.yml": r"      - file: chapters/\d",
    "chapters/index.md": r"\| \{doc\}`\d",
    "data/SOURCES.md": r"\| `",
    "lmmteach/exercises/bank/__init__.py": r"    \w+,",
    "lmmteach/widgets/__init__.py": r"    \w+,",
    "lmmteach/data.py": r'    "\w+": "',
    "lmmteach/exercises/studies.py": r'        Topic\("\w+", ',
}
# Exercises go above the tuple that names them.
ABOVE = {"lmmteach/exercises/bank/own_data.py": "EXERCISES = ("}
BLOCK = r"```(\w+)\n(.*?)^```\n"
STEP = rf"^`([\w./-]+)`[^\n]*:\n\n((?:{BLOCK}\n)+)"


def section(heading):
    """A section of the page, for chapter NUMBER in the place of chapter 14."""
    text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return text.replace("14-", f"{NUMBER:02d}-").replace("14", str(NUMBER))


def steps(text):
    """``(file, [(language, content), …])`` of the steps in a section."""
    for file, blocks, *_ in re.findall(STEP, text, re.MULTILINE | re.DOTALL):
        yield file, re.findall(BLOCK, blocks, re.MULTILINE | re.DOTALL)


def follow(text, folder):
    """Do what a section says; return the files that it names."""
    files = []
    for file, blocks in steps(text):
        path = folder / file
        if path.suffix == ".ipynb":
            add_cells(path, blocks)
        elif file in ABOVE:
            ((_, code),) = blocks
            add_exercises(path, code, ABOVE[file])
        elif path.exists():
            ((_, line),) = blocks
            add_line(path, line, BELOW[file])
        else:
            ((_, content),) = blocks
            path.write_text(content, encoding="utf-8")
        files.append(file)
    return files


def add_cells(path, blocks):
    notebook = nbformat.read(path, as_version=4) if path.exists() else new_notebook()
    for language, content in blocks:
        new_cell = new_code_cell if language == "python" else new_markdown_cell
        notebook.cells.append(new_cell(content.strip()))
    nbformat.write(notebook, path)


def add_line(path, line, kind):
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    last = max(k for k, other in enumerate(lines) if re.match(kind, other))
    path.write_text("".join([*lines[: last + 1], line, *lines[last + 1 :]]), encoding="utf-8")


def add_exercises(path, code, named):
    before, _, after = path.read_text(encoding="utf-8").partition(named)
    names = ", ".join(re.findall(r"^(\w+) = (?:Numeric|Choice|Function)\(", code, re.MULTILINE))
    listed, _, rest = after.partition(")")
    text = f"{before}{code}\n{named}{listed.rstrip(', ')}, {names}){rest}"
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """``run(*arguments)``: Python in a copy of the project in which the page was followed."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "PYTEST_"))}
    environment = kept | {"PYTHONPATH": str(folder)}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for heading in ("A chapter", "An explorer", "An exercise", "A data set"):
        assert follow(section(heading), folder)
    run("tools/worksheets.py", "13-own-data")
    commands = re.findall(r"^\.venv/bin/python (.+)$", section("An exercise"), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run(*command.split())
    return run


def test_what_was_added_is_there(run):
    code = """
        import lmmteach as lt
        from lmmteach import widgets
        from lmmteach.exercises import check, progress
        print(widgets.planning.name, len(lt.load_data("beans")), lt.list_data()["beans"])
        print(repr(progress()).splitlines()[-1])
        print(check("NUMBERa", "c").outcome)
        print(check("13g", 0.6764).outcome, check("13h", "b").outcome)
        study = lt.exercises.start(data="beans")
        print(study.topic.unit, check("13g", 0.6764).outcome, check("1c", 0.6764).outcome)
        drawn = lt.exercises.start("Ada", data="beans")
        print(check("13g", 0.6764).outcome, check("1c", 0.6764).outcome)
        lt.exercises.start(data="rail")
        print(check("13g", 0.6764).text)
        """
    said = run("-c", inspect.cleandoc(code).replace("NUMBER", str(NUMBER)))
    assert said.splitlines() == [
        "planning 4 2 plots of beans, 2 yields each; made up",
        f"  {NUMBER} Planning a study: open {NUMBER}a",
        "right",
        "right right",
        "kg right right",
        # The question quotes the yields of the file, whoever answers and whatever was drawn.
        "right wrong",
        "Exercise 13g is about the book's data set beans and nothing else, so it is not asked "
        'about rail. With `start(data="beans")`, you work on those data, and can answer it.',
    ]


def test_the_tests_pass_without_a_change(run):
    """All that look at lists, and of the others those that look at what was added."""
    lists = "chapter_list or list_of_data or in_step or has_its_worksheet or keys_are_in_order"
    added = f"planning or beans or {NUMBER}a or 13g or 13h"
    files = (
        "chapter_list chapters exercise_data exercise_page exercises notebooks package widgets "
        "worksheets"
    )
    tests = [f"tests/test_{name}.py" for name in files.split()]
    # The notebook has run in a kernel by now.
    chosen = f"({lists} or {added}) and not in_a_kernel"
    said = run("-m", "pytest", "-n", "0", "-rp", "-k", chosen, *tests)
    for name in files.split():
        assert f"PASSED tests/test_{name}.py::" in said
    for asked in (f"[{NUMBER}a]", f"[{NUMBER:02d}-planning]", "[planning]", "[beans]"):
        assert asked in said


def test_the_smallest_exercise_has_seven_lines():
    (_, ((_, code),)), *_ = steps(section("An exercise"))
    (exercise,) = [n for n in ast.parse(code).body if isinstance(getattr(n, "value", 0), ast.Call)]
    assert exercise.end_lineno - exercise.lineno + 1 == 7
    assert max(map(len, code.splitlines())) <= 100
