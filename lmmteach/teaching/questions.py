"""The text of an exercise, as worksheets have it."""

from string import ascii_lowercase

from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.typed import IMPORTS

FIRST_CELL = f"""{IMPORTS}
study = start(student="")
y, X, Z, woman = study.y, study.X, study.Z, study.woman"""


def question(exercise):
    """Heading, prompt, options and unit of an exercise, in Markdown with TeX."""
    lines = [f"## {exercise.key}: {exercise.title}", "", exercise.prompt.strip()]
    if isinstance(exercise, Choice):
        lines.append("")
        for letter, option in zip(ascii_lowercase, exercise.options, strict=False):
            lines.append(f"- ({letter}) {option.text}")
    if isinstance(exercise, Numeric) and exercise.unit:
        lines += ["", f"Unit of the answer: {exercise.unit}."]
    if exercise.in_code:
        lines += ["", exercise.in_code]
    return "\n".join(lines)


def begun(exercise):
    """What the cell of an answer begins with, and the name that is checked."""
    if isinstance(exercise, Function):
        return exercise.stub.strip(), exercise.name
    return "answer = ...", "answer"
