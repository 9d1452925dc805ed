"""Show a function of the package where its formula stands."""

import ast
import inspect
import textwrap


class Source:
    """The code of functions, their docstrings cut to the first line."""

    def __init__(self, *functions):
        self.code = "\n\n\n".join(map(_code, functions))

    def __repr__(self):
        return self.code

    def _repr_markdown_(self):
        return f"```python\n{self.code}\n```"


def _code(function):
    code = textwrap.dedent(inspect.getsource(function))
    docstring = ast.parse(code).body[0].body[0]
    lines = code.splitlines()
    first_line = lines[docstring.lineno - 1].rstrip().removesuffix('"""')
    lines[docstring.lineno - 1 : docstring.end_lineno] = [first_line + '"""']
    return "\n".join(lines)


def show_source(*functions):
    """Show the code of functions of this package, without the details of their docstrings.

    Parameters
    ----------
    functions : one or more of lmmteach, e.g. ``lt.model.V_matrix``; ``help(…)`` shows the rest

    Returns
    -------
    source : the code, highlighted in a notebook, plain text elsewhere

    Raises
    ------
    TypeError
        for something that is not a function.
    """
    for function in functions:
        if not inspect.isfunction(function):
            raise TypeError(f"show_source wants a function, not {function!r}.")
    return Source(*functions)
