"""Show a function of the package where its formula stands."""

import ast
import inspect
import textwrap


class Source:
    """The code of a function, its docstring cut to the first line."""

    def __init__(self, function):
        code = textwrap.dedent(inspect.getsource(function))
        docstring = ast.parse(code).body[0].body[0]
        lines = code.splitlines()
        first_line = lines[docstring.lineno - 1].rstrip().removesuffix('"""')
        lines[docstring.lineno - 1 : docstring.end_lineno] = [first_line + '"""']
        self.code = "\n".join(lines)

    def __repr__(self):
        return self.code

    def _repr_markdown_(self):
        return f"```python\n{self.code}\n```"


def show_source(function):
    """Show the code of a function of this package, without the details of its docstring.

    Parameters
    ----------
    function : a function of lmmteach, e.g. ``lt.model.V_matrix``; ``help(…)`` shows the rest

    Returns
    -------
    source : the code, highlighted in a notebook, plain text elsewhere

    Raises
    ------
    TypeError
        for something that is not a function.
    """
    if not inspect.isfunction(function):
        raise TypeError(f"show_source wants a function, not {function!r}.")
    return Source(function)
