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


def _helpers(function):
    """The private functions beside a function that it names, in its order."""
    code = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = [node.id for node in ast.walk(code) if isinstance(node, ast.Name)]
    named = [function.__globals__.get(name) for name in dict.fromkeys(names) if name[0] == "_"]
    return [f for f in named if inspect.isfunction(f) and f.__module__ == function.__module__]


def show_source(function, helpers=False):
    """Show the code of a function of this package, without the details of its docstring.

    Parameters
    ----------
    function : a function of lmmteach, e.g. ``lt.model.V_matrix``; ``help(…)`` shows the rest
    helpers : True shows, below it, the functions beside it that it hands parts of its work to

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
    return Source(function, *(_helpers(function) if helpers else []))
