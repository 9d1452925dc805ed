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
FORMULA_MODULES = tuple(module for chapter in CHAPTERS for module in chapter.modules)

_EQUATION = re.compile(r"\$\$\n?(?P<tex>.+?)\n?\$\$ \((?P<label>eq-[\w-]+)\)", re.DOTALL)
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
    """The public functions of the formula modules, ``{"profile.gls": function, …}``."""
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


def tests_of(function_name):
    """The tests that call a function: ``["test_profile.py::test_…", …]``."""
    return [test for test, called in _names_in_tests().items() if function_name in called]


@cache
def _names_in_tests():
    """``{"test_profile.py::test_…": names that it uses}``."""
    found = {}
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                used = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
                used |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                found[f"{path.name}::{node.name}"] = used
    return found
