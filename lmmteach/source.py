"""Show a function of the package where its formula stands."""

import ast
import inspect
import re
import textwrap

from lmmteach import _shapes


class Source:
    """The code of functions, their docstrings cut to the first line.

    Parameters
    ----------
    functions : the functions, in the order in which they are shown
    checks : whether the lines that only check the input are shown too
    """

    def __init__(self, *functions, checks=False):
        self.code = "\n\n\n".join(_code(function, checks) for function in functions)

    def __repr__(self):
        return self.code

    def _repr_markdown_(self):
        return f"```python\n{self.code}\n```"


def _code(function, checks):
    code = textwrap.dedent(inspect.getsource(function))
    docstring, *body = ast.parse(code).body[0].body
    lines = code.splitlines()
    first_line = lines[docstring.lineno - 1].rstrip().removesuffix('"""')
    for statement in [] if checks else _checking(body, function):
        first = statement.lineno - 1
        while (lines[first - 1] or "").lstrip().startswith("#"):
            first -= 1
        lines[first : statement.end_lineno] = [None] * (statement.end_lineno - first)
    lines[docstring.lineno - 1 : docstring.end_lineno] = [
        first_line + '"""',
        *[None] * (docstring.end_lineno - docstring.lineno),
    ]
    shown = "\n".join(line for line in lines if line is not None)
    return re.sub(r'\n{3,}|(?<="""\n)\n+', lambda gap: "\n" * min(len(gap[0]), 2), shown)


def _checking(body, function):
    """The statements of a function that look at its input and leave the formula as it is."""
    found = [statement for statement in body if _only_checks(statement, function)]
    kept = [statement for statement in body if statement not in found]
    # A name that only a check has read says nothing once the check is gone.
    read = _names(kept, ast.Load)
    return found + [s for s in kept if (stored := _names([s], ast.Store)) and not stored & read]


def _only_checks(statement, function):
    match statement:
        case ast.Expr():
            return True
        case ast.If(body=[ast.Raise()], orelse=[]):
            return True
        case ast.Try(body=body, handlers=handlers):
            return _all(ast.Expr, body) and all(_all(ast.Raise, h.body) for h in handlers)
        case ast.Assign(value=value):
            calls = value.elts if isinstance(value, ast.Tuple) else [value]
            stored = _names([statement], ast.Store)
            is_same = stored and stored <= _names([value], ast.Load)
            return is_same and all(_is_check(call, function) for call in calls)
    return False


def _all(kind, statements):
    return all(isinstance(statement, kind) for statement in statements)


def _is_check(node, function):
    """Whether a node calls a function that hands back its input once it has looked at it."""
    if not isinstance(node, ast.Call):
        return False
    called = function.__globals__.get(ast.unparse(node.func))
    is_from_shapes = getattr(called, "__module__", None) == _shapes.__name__
    return is_from_shapes or ast.unparse(node.func) == "np.asarray"


def _names(nodes, context):
    return {
        name.id
        for node in nodes
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, context)
    }


def _helpers(function, checks):
    """The private functions beside a function that its shown lines name, in their order."""
    code = ast.parse(_code(function, checks))
    names = [node.id for node in ast.walk(code) if isinstance(node, ast.Name)]
    named = [function.__globals__.get(name) for name in dict.fromkeys(names) if name[0] == "_"]
    return [f for f in named if inspect.isfunction(f) and f.__module__ == function.__module__]


def show_source(function, helpers=False, checks=False):
    """Show the formula in a function of this package: its code, and what its docstring begins with.

    Parameters
    ----------
    function : a function of lmmteach, e.g. ``lt.model.V_matrix``; ``help(…)`` shows the rest
    helpers : True also shows the functions beside it to which it hands parts of its work
    checks : True shows the lines that only check the input as well

    Returns
    -------
    source : the code, highlighted in a notebook and in plain text elsewhere

    Raises
    ------
    TypeError
        if it is given something other than a function.
    """
    if not inspect.isfunction(function):
        raise TypeError(f"show_source wants a function, not {function!r}.")
    return Source(function, *(_helpers(function, checks) if helpers else []), checks=checks)
