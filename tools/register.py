"""The register of law 1: which equation is which function, where it is tested, what it gives.

The chapters label equations, the docstrings name the labels, the tests use the functions; this
module only reads what stands there. ``equation_values.py`` adds what each gives on the estrone
data.
"""

import ast
import importlib
import inspect
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lmmteach.chapters import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
FORMULA_MODULES = tuple(module for chapter in CHAPTERS for module in chapter.modules)

# A display without a number may stand before one that has it.
_EQUATION = re.compile(
    r"\$\$\n?(?P<tex>(?:(?!\$\$).)+?)\n?\$\$ \((?P<label>eq-[\w-]+)\)", re.DOTALL
)
_NAMED = re.compile(r"\{eq\}`(eq-[\w-]+)`")


@dataclass(frozen=True)
class Equation:
    """A numbered equation: its label, its TeX, its page and the text of the page after it."""

    label: str
    tex: str
    page: str
    following: str


def pages():
    """Every page of the book, in the order of the table of contents: name and text."""
    import yaml

    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [contents["root"]]
    for part in contents.get("parts", []):
        names += [chapter["file"] for chapter in part["chapters"]]
    return {name: _text(ROOT / name) for name in names}


def _text(stem):
    notebook = stem.with_name(stem.name + ".ipynb")
    if not notebook.exists():
        return stem.with_name(stem.name + ".md").read_text(encoding="utf-8")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def equations():
    """The numbered equations of the book, in its order."""
    found = []
    for page, text in pages().items():
        for match in _EQUATION.finditer(text):
            following = text[match.end() :]
            found.append(Equation(match["label"], match["tex"].strip(), page, following))
    return found


def functions():
    """The public functions that are equations, ``{"profile.gls": function, …}``."""
    found = {}
    for name in FORMULA_MODULES:
        module = importlib.import_module(f"lmmteach.{name}")
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not function_name.startswith("_"):
                found[f"{name}.{function_name}"] = function
    return dict(sorted(found.items(), key=_by_place))


def _by_place(item):
    name, function = item
    return FORMULA_MODULES.index(name.partition(".")[0]), function.__code__.co_firstlineno


def labels_named_by(function):
    """The equation labels that a function's docstring names, in its order."""
    return list(dict.fromkeys(_NAMED.findall(inspect.getdoc(function) or "")))


def function_of():
    """Which function each equation is: ``{"eq-gls": "profile.gls", …}``."""
    return {label: name for name, f in functions().items() for label in labels_named_by(f)}


def slug(heading):
    """The anchor of a heading, as the book makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def headings(page):
    """The headings of a page of ``chapters/``."""
    return re.findall(r"^#+ (.+)$", pages()[f"chapters/{page}"], re.MULTILINE)


def tests_of(name):
    """The tests that use a function, such as "profile.gls": ``["test_profile.py::test_…", …]``."""
    function = functions()[name]
    return [test for test, used in _objects_in_tests(TESTS).items() if id(function) in used]


@cache
def _objects_in_tests(folder):
    """``{"test_profile.py::test_…": ids of what it uses of the package}``."""
    found = {}
    for path in sorted(folder.glob("test_*.py")):
        for test, dotted in names_in_tests(path.read_text(encoding="utf-8")).items():
            found[f"{path.name}::{test}"] = {id(_object(name)) for name in dotted}
    return found


def names_in_tests(source):
    """``{test: dotted names from the package that it uses}`` for the text of a test file.

    A name counts as what the file imported under it, and not where an argument, such as a fixture,
    or an assignment has given it another meaning. A function whose code is only shown is not used.
    """
    module = ast.parse(source)
    scope, found = _bindings(module.body, {}), {}
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            uses = _Uses(scope)
            uses.visit(node)
            found[node.name] = uses.found
    return found


def _object(dotted):
    """What a dotted name of the package stands for, or None if there is no such thing.

    A function that is known by several names, as ``lt.lrt``, is the same object under each.
    """
    found, path = None, ""
    for name in dotted.split("."):
        path = f"{path}.{name}".strip(".")
        try:
            found = getattr(found, name) if hasattr(found, name) else importlib.import_module(path)
        except ImportError:
            return None
    return found


class _Uses(ast.NodeVisitor):
    """Collects the dotted names of the package that a piece of code uses."""

    def __init__(self, scope):
        self.scope, self.found = scope, set()

    def visit_Name(self, node):
        self._add(node)

    def visit_Attribute(self, node):
        if not self._add(node):
            self.generic_visit(node)

    def _add(self, node):
        dotted = _dotted(node, self.scope)
        if dotted:
            self.found.add(dotted)
        return dotted

    def visit_Call(self, node):
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        if name not in ("show_source", "getsource"):
            self.generic_visit(node)

    def visit_FunctionDef(self, node):
        for outside in (*node.decorator_list, node.args):
            self.visit(outside)
        self._visit_inside(node.body, _arguments(node.args))

    def visit_Lambda(self, node):
        self.visit(node.args)
        self._visit_inside([node.body], _arguments(node.args))

    def _comprehension(self, node):
        targets = [target for part in node.generators for target in ast.walk(part.target)]
        hidden = {target.id for target in targets if isinstance(target, ast.Name)}
        self._visit_inside(list(ast.iter_child_nodes(node)), hidden)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _visit_inside(self, body, hidden):
        outside, self.scope = self.scope, self.scope | dict.fromkeys(hidden)
        self.scope |= _bindings(body, self.scope)
        for node in body:
            self.visit(node)
        self.scope = outside


def _dotted(node, scope):
    """The dotted name of the package that a name or attribute stands for, or None."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, scope)
        return base and f"{base}.{node.attr}"
    return None


def _arguments(args):
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return {argument.arg for argument in every if argument}


def _bindings(body, scope):
    """What the statements of one scope bind, ``{name: dotted name of the package, or None}``.

    A name that is given two meanings counts as neither.
    """
    meanings, so_far = {}, dict(scope)
    for name, dotted in _bound(body, so_far):
        meanings.setdefault(name, set()).add(dotted)
        so_far[name] = dotted
    return {name: found.pop() if len(found) == 1 else None for name, found in meanings.items()}


def _bound(nodes, scope):
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imported(node)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, None
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, _dotted(node.value, scope)
            yield from _bound([*node.targets[1:], node.value], scope)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, None
        elif not isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            yield from _bound(ast.iter_child_nodes(node), scope)


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _imported(node):
    """The names that an import binds; None for what is not of the package."""
    origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        whole = origin + alias.name
        # "import a.b" binds a, "import a.b as c" binds a.b.
        bound = whole if origin or alias.asname else alias.name.partition(".")[0]
        name = alias.asname or (alias.name if origin else bound)
        yield name, bound if whole.partition(".")[0] == "lmmteach" else None
