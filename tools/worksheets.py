"""Write the worksheets from the bank of exercises.

    python tools/worksheets.py              what students get, into exercises/
    python tools/worksheets.py 01-model     only this one
    python tools/worksheets.py --check      nothing is written; fails if they are out of step
    python tools/worksheets.py --solutions  solved, with reasons, into _build/exercises-solutions/
    python tools/worksheets.py --data rail  about other data, into _build/exercises-rail/
    python tools/worksheets.py --data trees.csv --response "leaf length" --group tree --unit cm

Worksheets are run and stored in the canonical form of ``notebooks.py``, so that nbval can compare
a fresh run with what is stored. They run in a folder of their own: progress that a student, or
whoever writes exercises, has made elsewhere is neither shown nor touched.
"""

import argparse
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import ROOT, canonical, execute
from prose import listed

from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.feedback import LABELS
from lmmteach.exercises.kinds import Function
from lmmteach.teaching import class_data
from lmmteach.teaching.questions import begun, question

PAGES = {chapter.page: chapter for chapter in BY_CHAPTER}
LECTURES = class_data.ClassData()
STUDENTS = ROOT / "exercises"
LECTURERS = ROOT / "_build" / "exercises-solutions"

HOW_IT_WORKS = """# Exercises: {title}

Below each exercise there is a cell for your answer.
When you run it, `check` tells you if the answer is right and, if not, what may have gone wrong.
If you get stuck, `hint("{key}")` gives you one hint after the other.
The whole solution is always there too, with `solution("{key}")`."""
YOUR_NAME = """\
If you would like to work on data of your own, type your name between the quotation marks below."""
ROUNDS = """
Begin with {first}, which carry the point of the chapter.
The others can wait for a second round."""
LEFT_OUT = "## Not asked here"
PROGRESS = "## What you have done"


def worksheet(chapter, solved=False, data=LECTURES):
    """The worksheet of a chapter about the data of a class, not yet run; None if it is empty."""
    exercises, refused = data.questions(BY_CHAPTER[chapter])
    if not exercises:
        return None
    introduction = HOW_IT_WORKS.format(title=chapter.title, key=exercises[0].key)
    if not data.shared:
        introduction += "\n" + YOUR_NAME
    if any(exercise.second_round for exercise in exercises):
        first = [exercise.key for exercise in exercises if not exercise.second_round]
        introduction += "\n" + ROUNDS.format(first=listed(first))
    cells = [new_markdown_cell(introduction), new_code_cell(data.first_cell)]
    for exercise in exercises:
        cells.append(new_markdown_cell(question(exercise)))
        cells.append(new_code_cell(_answer(exercise, solved)))
        if solved:
            cells.append(new_markdown_cell(f"**Solution.** {exercise.solution.strip()}"))
    if refused:
        listed_reasons = "\n".join(f"- {reason}" for reason in refused)
        cells.append(new_markdown_cell(f"{LEFT_OUT}\n\n{listed_reasons}"))
    # Solved worksheets that stand beside each other see what was done in the others.
    metadata = {"tags": ["nbval-ignore-output"]} if solved else {}
    cells += [new_markdown_cell(PROGRESS), new_code_cell("progress()", metadata=metadata)]
    return new_notebook(cells=cells)


def worksheets(solved=False):
    """``{name of the file: worksheet}`` of all chapters that have exercises."""
    return {f"{page}.ipynb": worksheet(chapter, solved) for page, chapter in PAGES.items()}


def _answer(exercise, solved):
    code, name = begun(exercise)
    gap = "\n\n\n" if isinstance(exercise, Function) else "\n"
    given = exercise.code if solved else code
    return f'{given.strip()}{gap}check("{exercise.key}", {name})'


def outcomes(notebook):
    """``{key: outcome}`` of the checks in a worksheet that was run, as it shows them."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            first = "".join(output.get("data", {}).get("text/plain", "")).partition("\n")[0]
            for outcome, (sign, words) in LABELS.items():
                if first.startswith(sign) and first.endswith(words):
                    found[first.removeprefix(sign).removesuffix(words).strip()] = outcome
    return found


def out_of_step():
    """The names of the stored worksheets that are not what the bank says."""
    wanted = {name: _sources(notebook) for name, notebook in worksheets().items()}
    stored = {path.name: _sources(nbformat.read(path, 4)) for path in STUDENTS.glob("*.ipynb")}
    names = wanted.keys() | stored.keys()
    return sorted(name for name in names if wanted.get(name) != stored.get(name))


def _sources(notebook):
    """What is written in the cells, without what came of running them."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def write(folder, solved, pages=(), data=LECTURES):
    """Run the worksheets and store them; stop at a check that does not say what it should."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.ipynb"):
        if path.stem not in PAGES:
            path.unlink()
    # Most of the time goes into starting kernels, each of which waits for nobody.
    with ProcessPoolExecutor(2) as pool:
        pages = pages or list(PAGES)
        texts = pool.map(partial(run, solved=solved, data=data), pages)
        for page, text in zip(pages, texts, strict=True):
            if text is None:
                continue
            (folder / f"{page}.ipynb").write_text(text, encoding="utf-8")
            print(f"wrote {folder.relative_to(ROOT)}/{page}.ipynb", flush=True)


def run(page, solved, data=LECTURES):
    """What a worksheet is stored as, after a run in which every check has said what it should.

    None if none of its exercises can be asked about the data.
    """
    notebook = worksheet(PAGES[page], solved, data)
    if notebook is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        if data.file:
            shutil.copy(data.file, place)
        execute(notebook, place)
    expected = "right" if solved else "not attempted"
    keys = data.asked([exercise.key for exercise in BY_CHAPTER[PAGES[page]]])
    found = outcomes(notebook)
    unexpected = {key: found.get(key) for key in keys if found.get(key) != expected}
    if unexpected:
        raise SystemExit(f"{page}: every check should say {expected!r}, but {unexpected}")
    return canonical(notebook)


def main(arguments):
    """Write one of the editions, or compare the stored one with the bank."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    edition = parser.add_mutually_exclusive_group()
    edition.add_argument("--check", action="store_true", help="write nothing, compare only")
    edition.add_argument("--solutions", action="store_true", help="the edition for lecturers")
    class_data.arguments(parser)
    # With choices=PAGES, none at all would be refused too.
    parser.add_argument("pages", nargs="*", metavar="page", help="as 01-model; all, if none")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.pages) - PAGES.keys():
        parser.error(f"no chapter with exercises: {', '.join(sorted(unknown))}")
    if chosen.check:
        if stale := out_of_step():
            raise SystemExit(f"Not what the bank says (run `make exercises`): {', '.join(stale)}")
        return
    try:
        data = class_data.class_data(chosen)
    except ValueError as error:
        parser.error(str(error))
    if data.table is None:
        if chosen.data != class_data.OWN or chosen.shared:
            parser.error("the worksheets are about the lecture's data: no --data, no --shared")
        write(LECTURERS if chosen.solutions else STUDENTS, chosen.solutions, chosen.pages)
        return
    folder = ROOT / "_build" / f"exercises-{data.topic.data}"
    folder = folder / "solutions" if chosen.solutions else folder
    write(folder, chosen.solutions, chosen.pages, data)
    if data.file:
        shutil.copy(data.file, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
