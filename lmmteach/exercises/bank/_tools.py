"""What all chapters of the bank need."""

import inspect

# A prompt is written as indented lines, one sentence each.
markdown = inspect.cleandoc


def source(function):
    """The code of a reference, as a student could have typed it."""
    return inspect.getsource(function)
