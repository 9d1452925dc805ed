"""What all chapters of the bank need."""

import inspect
import re

# A prompt is written as indented lines, one sentence each.
markdown = inspect.cleandoc


def source(function):
    """The code of a reference, as a student could have typed it, who has the package as ``lt``."""

    def as_typed(name):
        value = function.__globals__.get(name[0])
        ours = inspect.ismodule(value) and value.__name__.startswith("lmmteach.")
        return f"lt.{name[0]}" if ours else name[0]

    return re.sub(r"(?<![\w.])\w+(?=\.)", as_typed, inspect.getsource(function))
