"""Worksheets as students hand them in: right ones, mistaken ones, and worse."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from string import ascii_lowercase

import nbformat
import worksheets
from nbformat.v4 import new_code_cell

from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.session import study_and_attempt

PAGES = {chapter.page: chapter for chapter in BY_CHAPTER}
NOTHING = ("{name} = ...", "not attempted")
BROKEN = ("{name} = 1 / 0", "error")
BAD_TYPE = {Numeric: "answer = [1.0, 2.0]", Choice: 'answer = "z"', Function: "{name} = 3"}
# A table of a lecturer's: unbalanced, with semicolons, commas, and a name of two words.
TREES = (
    "tree;leaf length;note\n"
    + "\n".join(
        f"{tree};{level + 0.37 * ((7 * k + 3 * at) % 11) - 0.05 * k * k:.2f};x".replace(".", ",")
        for at, (tree, level, count) in enumerate(
            (
                ("oak", 41.0, 9),
                ("elm", 37.5, 6),
                ("ash", 44.2, 4),
                ("fir", 35.1, 2),
                ("yew", 39.9, 7),
            )
        )
        for k in range(count)
    )
    + "\n"
)


@cache
def packed():
    """``{key: {tag: text}}``: the mistaken functions, which cannot be typed; others are inside."""
    script = Path(__file__).with_name("packed_mistakes.py")
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def typed(exercise, wrong):
    """Code that defines a mistaken function."""
    return (
        "import base64\nimport cloudpickle\n"
        f"{exercise.name} = cloudpickle.loads("
        f'base64.b64decode("{packed()[exercise.key][wrong.tag]}"))'
    )


def variants(exercise, study):
    """(code, what the table should say) for each way to answer an exercise."""
    name = exercise.name if isinstance(exercise, Function) else "answer"
    yield exercise.code, "right"
    if isinstance(exercise, Choice):
        for letter, option in zip(ascii_lowercase, exercise.options, strict=False):
            if letter != ascii_lowercase[exercise.answer]:
                yield f'answer = "{letter}"', option.tag or "wrong"
    elif isinstance(exercise, Numeric):
        for wrong in exercise.wrong:
            value = float(wrong.gives(study))
            said = diagnose(exercise, value, study)
            # One that need not be there always may be too near to another.
            if wrong.always or said.tag == wrong.tag:
                yield f"answer = {value!r}", wrong.tag
        yield "answer = 123456.789", "wrong"
        yield 'answer = float("nan")', "wrong"
    else:
        for wrong in exercise.wrong:
            yield typed(exercise, wrong), wrong.tag
        yield f"def {name}(*arguments):\n    return 1 / 0", "error"
        yield f"def {name}(*arguments):\n    while True:\n        pass", "error"
        yield exercise.stub, "not attempted"
    yield BAD_TYPE[type(exercise)].format(name=name), "error"
    yield NOTHING[0].format(name=name), NOTHING[1]
    yield BROKEN[0].format(name=name), BROKEN[1]


def worksheet(page, student, answers):
    """A worksheet with these answers, ``{key: code}``, and with the name of the student."""
    notebook = worksheets.worksheet(PAGES[page])
    for cell in notebook.cells:
        cell.source = cell.source.replace('student=""', f"student={student!r}")
    for key, code in answers.items():
        cell_of(notebook, key).source = with_check(PAGES[page], key, code)
    return notebook


def with_check(chapter, key, code):
    """An answer, and the line that checks it."""
    (exercise,) = [e for e in BY_CHAPTER[chapter] if e.key == key]
    name = exercise.name if isinstance(exercise, Function) else "answer"
    return f'{code.strip()}\n\n\ncheck("{key}", {name})'


def cell_of(notebook, key):
    """The cell in which an exercise is answered."""
    (cell,) = [c for c in notebook.cells if f'check("{key}"' in c.source and c.cell_type == "code"]
    return cell


def right_answers(page):
    """All answers of a worksheet, as the bank has them."""
    return {exercise.key: exercise.code for exercise in BY_CHAPTER[PAGES[page]]}


def added(notebook, source, at=2):
    """The worksheet with a cell more."""
    notebook.cells.insert(at, new_code_cell(source))
    return notebook


def store(notebook, path):
    """Write a worksheet to where a student would have handed it in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        nbformat.write(notebook, path)


ENDS = {
    "loops": ("while True:\n    pass", "error"),
    "loops for ever": (
        "import itertools\nanswer = sum(itertools.repeat(0))",
        "error",
    ),
    "eats memory": ("answer = [bytearray(2**27) for _ in range(2**10)]", "error"),
    "exits": ("import os\nos._exit(0)", "error"),
    "quits": ("import sys\nsys.exit()", "error"),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "error"),
}


def class_of(page, students, lecture=False):
    """``{student: (worksheet, {key: what the table should say})}`` with everything that happens."""
    exercises = BY_CHAPTER[PAGES[page]]
    made = {}
    for at, student in enumerate(students):
        answers, expected = {}, {}
        name = "" if lecture else student
        study, _ = study_and_attempt(name)
        for place, exercise in enumerate(exercises):
            ways = list(variants(exercise, study))
            code, said = ways[0 if at == 0 else (at + place) % len(ways)]
            answers[exercise.key], expected[exercise.key] = code, said
        made[student] = (worksheet(page, name, answers), expected)
    special = students[-len(ENDS) - 2 :]
    for student, (code, said) in zip(special, ENDS.values(), strict=False):
        # The second exercise breaks everything; the others are answered.
        notebook = worksheet(page, "" if lecture else student, right_answers(page))
        key = exercises[1].key
        cell_of(notebook, key).source = with_check(PAGES[page], key, code)
        made[student] = (notebook, dict.fromkeys((e.key for e in exercises), "right") | {key: said})
    nothing = dict.fromkeys((e.key for e in exercises), "not attempted")
    made[students[-2]] = (worksheets.worksheet(PAGES[page]), nothing)
    made[students[-1]] = (b"%PDF-1.7 no notebook", nothing)
    return made
