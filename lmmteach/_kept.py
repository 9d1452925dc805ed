"""Results in a file, a line for each: only ever added to, so that a study can be stopped and go on.

The first line says which study it is; each further line is one result, and is complete only with
the end of the line. Whoever is stopped in the middle of one loses that one.
"""

import hashlib
import json
from contextlib import contextmanager

# How a line begins that says which study a file holds.
KEY = "study"
# How a text begins that stands for a longer one, and that nobody wants to read.
DIGEST = "sha256:"


@contextmanager
def kept_in(path, about):
    """A file of results: those that it has, and a function that adds one.

    Parameters
    ----------
    path : where it is; it is made where there is none
    about : what the study is, ``{name: text or number}``

    Yields
    ------
    results : dicts, in the order in which they came
    add : function of a dict

    Raises
    ------
    ValueError
        if the file holds something else.
    """
    text = _text(path)
    head, results = _read(text, path)
    if head is not None:
        _require_same(about, head, path)
    with open(path, "a", encoding="utf-8", newline="\n") as file:

        def add(result):
            # As one piece, and out of this process: it may be ended at any moment.
            file.write(json.dumps(result) + "\n")
            file.flush()

        if text and not text.endswith("\n"):
            file.write("\n")
        if head is None:
            add({KEY: about})
        yield results, add


def _text(path):
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ValueError(_no_study(path)) from None


def _read(text, path):
    """What a file says of its study, None if it says nothing yet, and its results."""
    lines = [found for line in text.split("\n") if (found := _parsed(line)) is not None]
    if lines and KEY in lines[0]:
        return lines[0][KEY], [line for line in lines[1:] if KEY not in line]
    # A study that was stopped in its very first line has written no more than its beginning.
    begin = f'{{"{KEY}": '
    if lines or not all(begin.startswith(line[: len(begin)]) for line in text.split("\n")):
        raise ValueError(_no_study(path))
    return None, []


def _parsed(line):
    """The dict that a line holds; None of a line that was not finished."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _require_same(about, head, path):
    # As the file has it: texts and numbers survive, tuples do not.
    about = json.loads(json.dumps(about))
    other = [name for name in about if about[name] != head.get(name)]
    if other:
        name = other[0]
        said = f"its {name} is different"
        shown = [str(each.get(name)) for each in (about, head)]
        if not any(len(text) > 80 or text.startswith(DIGEST) for text in shown):
            said = f"its {name} is {head.get(name)!r} and not {about[name]!r}"
        raise ValueError(
            f"The file {str(path)!r} holds the results of a different study: {said}. Give this "
            "study a file of its own, or delete that one if you no longer need it."
        )


def _no_study(path):
    return (
        f"The file {str(path)!r} holds something other than the results of a study, so nothing was "
        "added to it. Choose another name."
    )


def digest(text):
    """A short text that stands for a long one."""
    return DIGEST + hashlib.sha256(text.encode()).hexdigest()[:16]
