"""The text of an exercise, as worksheets have it."""

import json
from string import ascii_lowercase

from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.typed import IMPORTS

FIRST_CELL = f"""{IMPORTS}
study = start(student="")
y, X, Z, woman = study.y, study.X, study.Z, study.woman"""


def first_cell(topic=None, file=None):
    """What a worksheet begins with, for the lecture's data or for those of a Topic.

    Parameters
    ----------
    topic : of the data; None for the lecture's
    file : the path of the table, if it is a file that lies beside the worksheet
    """
    if topic is None:
        return FIRST_CELL
    given = ", ".join(['student=""', *given_to_start(topic, file)])
    return FIRST_CELL.replace("woman", "group").replace('student=""', given)


def given_to_start(topic, file=None):
    """What is typed into ``start(…)`` besides a name, so that it uses the data of a Topic."""
    named = {"data": topic.data if file is None else file.name}
    named |= {"response": topic.response, "group": topic.group}
    named |= {"unit": topic.unit} if topic.unit else {}
    arguments = [f"{name}={typed(value)}" for name, value in named.items()]
    return [*arguments, f"words=({typed(topic.one)}, {typed(topic.many)})"]


def typed(text):
    """A text as Python code, in double quotes whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


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
