"""How the package is built: what imports what, what is documented, which data it ships."""

import ast
import graphlib
import inspect
import re
import subprocess
import sys
import textwrap
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import register

import lmmteach as lt

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(lt.__file__).resolve().parent
FUNCTIONS = register.functions()

# Each imports only from its own line and from those above.
LAYERS = (
    (
        "_browser",
        "_shapes",
        "_climb",
        "_rformat",
        "_typeset",
        "_habits",
        "_parallel",
        "chapters",
        "montecarlo",
        "_kept",
    ),
    ("covariance", "model", "likelihood"),
    ("profile",),
    ("blup", "reml"),
    ("testing", "prediction", "diagnostics"),
    ("_descend", "_turned", "sums"),
    ("_regression",),
    ("crossed",),
    ("_estimable", "engines"),
    ("_formula", "_terms", "_columns", "data", "source"),
    ("_random",),
    ("_frame", "summary", "tables", "intervals", "resampling", "_nested"),
    ("coefficients",),
    ("fit",),
    ("compare", "studies", "reading"),
    ("reporting",),
    ("plots", "widgets", "exercises"),
    ("teaching",),
    ("__init__",),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# The face is `lmmteach` itself: whoever imports it imports all that it shows.
FACE = "lmmteach.__init__"
# The formulas of a later chapter stand beside those of chapters 6 to 8.
RANK = dict.fromkeys(register.FORMULA_MODULES, RANK["testing"]) | RANK


def imports(source, package="lmmteach"):
    """Names of the modules that a module's text imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
            # Without a name of its own, "import lmmteach.x" binds the face.
            found.update(alias.name.partition(".")[0] for alias in node.names if not alias.asname)
        elif isinstance(node, ast.ImportFrom):
            found.update(_from(node, package))
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            name = node.args[0] if node.args else None
            # A name that is made when the program runs could be any module, the face too.
            found.add(name.value if isinstance(name, ast.Constant) else "lmmteach")
    return {FACE if name == "lmmteach" else name for name in found}


def _from(node, package):
    origin = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        origin = ".".join([*above, *filter(None, [node.module])])
    if origin != "lmmteach":
        return {origin}
    # What is no module of the package is something that the face shows.
    return {f"lmmteach.{a.name}" if a.name in RANK else "lmmteach" for a in node.names}


def _called(node):
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def imports_of_each():
    found = {}
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        package = ".".join(["lmmteach", *inside.parts[:-1]])
        names = found.setdefault(inside.parts[0].removesuffix(".py"), set())
        names |= imports(path.read_text(encoding="utf-8"), package)
    return found


IMPORTS = imports_of_each()
WITHIN = {
    module: {name.split(".")[1] for name in names if name.startswith("lmmteach.")} - {module}
    for module, names in IMPORTS.items()
}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import lmmteach", {FACE}),
        ("import lmmteach as lt", {FACE}),
        ("from lmmteach import lmm", {FACE}),
        ("from lmmteach import model, lrt as test", {"lmmteach.model", FACE}),
        ("from lmmteach import *", {FACE}),
        ("import lmmteach.fit", {"lmmteach.fit", FACE}),
        ("import lmmteach.fit as fit", {"lmmteach.fit"}),
        ("from lmmteach.fit import lmm", {"lmmteach.fit"}),
        ("def f():\n    if x:\n        import lmmteach as lt", {FACE}),
        ("def f():\n    from lmmteach import load_data", {FACE}),
        ("from . import model", {"lmmteach.model"}),
        ("from . import lmm", {FACE}),
        ("from .fit import lmm", {"lmmteach.fit"}),
        ("import importlib\nimportlib.import_module('lmmteach')", {"importlib", FACE}),
        ("def f(): return import_module('lmmteach.fit')", {"lmmteach.fit"}),
        ("def f(name): return import_module(f'lmmteach.{name}')", {FACE}),
        ("__import__('lmmteach')", {FACE}),
        ("from numpy import linalg", {"numpy"}),
    ],
)
def test_no_way_to_import_is_unseen(source, found):
    assert imports(source) == found


def test_a_relative_import_is_seen_from_deep_inside():
    assert imports("from ..kinds import Wrong", "lmmteach.exercises.bank") == {
        "lmmteach.exercises.kinds"
    }
    assert imports("from ... import lmm", "lmmteach.exercises.bank") == {FACE}


@pytest.mark.parametrize("module", sorted(WITHIN))
def test_imports_run_downwards_only(module):
    assert module in RANK, "give the new module its place in LAYERS"
    assert {name for name in WITHIN[module] if RANK[name] > RANK[module]} == set()


def test_no_two_modules_need_each_other():
    order = list(graphlib.TopologicalSorter(WITHIN).static_order())
    assert order.index("model") < order.index("reml") < order.index("fit")


@pytest.mark.parametrize("module", [*register.FORMULA_MODULES, "_shapes", "_climb"])
def test_formulas_need_numpy_and_scipy_only(module):
    outside = {name.split(".")[0] for name in IMPORTS[module]} - {"lmmteach", "typing"}
    # The bootstrap shares its work among processes and shows how far it is.
    assert outside <= {"numpy", "scipy"} | ({"joblib", "tqdm"} if module == "testing" else set())


HEAVY = ("matplotlib", "formulae", "ipywidgets", "IPython", "scipy.stats", "scipy.optimize")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("lmmteach", HEAVY),
        # A page in the browser loads matplotlib for its first picture, and the others never.
        ("lmmteach.widgets", ("matplotlib", "ipywidgets", "anywidget")),
        ("lmmteach.exercises.typed", ("matplotlib", "ipywidgets", "anywidget")),
    ],
)
def test_import_brings_nothing_that_is_not_needed_yet(module, heavy):
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_has_its_formula_its_equation_and_all_its_sections(name):
    lines = inspect.getdoc(FUNCTIONS[name]).splitlines()
    assert lines[0].endswith((".", ":"))
    assert lines[1] == ""
    assert "{eq}`eq-" in lines[2] + lines[3]
    headings = [line for line, under in pairwise(lines) if under[:3] == "---"]
    assert headings == ["Parameters", "Returns", "Raises"]
    assert any(line.startswith("Source: ") for line in lines)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_names_every_parameter(name):
    text = inspect.getdoc(FUNCTIONS[name])
    parameters = text[text.index("Parameters\n") : text.index("Returns\n")]
    for parameter in inspect.signature(FUNCTIONS[name]).parameters:
        assert parameter in parameters.replace(",", " ").split()


# Formulas that are longer than ten lines because they read best in one piece, and why.
LONGEST = 10
LONGER = {}


def lines_of_body(code):
    """How many lines of a function are neither its signature, nor docstring, nor blank."""
    code = textwrap.dedent(code)
    function = ast.parse(code).body[0]
    first, documented = function.body[0], ast.get_docstring(function) is not None
    start = first.end_lineno if documented else first.lineno - 1
    lines = code.splitlines()[start : function.end_lineno]
    return sum(bool(line.strip()) for line in lines)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("def f(x): return x", 1),
        ('def f(x):\n    """Say.\n\n    More.\n    """\n    return x', 1),
        ('def f(\n    x,\n    y,\n):\n    """Say."""\n\n    # why\n    x += 1\n    return x', 3),
        ("def f(x):\n    return g(\n        x,\n    )", 3),
        ('def f(x):\n    """Say."""', 0),
        ("    def f(x):\n        def g(y):\n            return y\n\n        return g(x)", 3),
    ],
)
def test_lines_of_a_body_are_counted_without_signature_docstring_and_blanks(code, lines):
    assert lines_of_body(code) == lines


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_formula_has_ten_lines_at_most_unless_a_reason_is_given(name):
    longer = lines_of_body(inspect.getsource(FUNCTIONS[name])) > LONGEST
    assert longer == (name in LONGER)


def test_every_exception_is_a_formula_and_has_its_reason():
    assert set(LONGER) <= set(FUNCTIONS)
    assert all(len(reason.split()) > 3 for reason in LONGER.values())


def test_the_modules_of_formulas_are_public():
    assert set(register.FORMULA_MODULES) <= set(lt.__all__)


def test_what_is_public_is_there():
    for name in lt.__all__:
        assert getattr(lt, name) is not None


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'lmer'"):
        lt.lmer  # noqa: B018


SOURCES = {
    name: (int(rows), columns, *origin)
    for name, rows, columns, *origin in re.findall(
        r"^\| `(\w+)\.csv` \| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$",
        (ROOT / "data" / "SOURCES.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def test_the_list_of_data_is_the_folder_and_has_its_sources():
    assert set(lt.list_data()) == set(SOURCES)
    assert {path.stem for path in (ROOT / "data").glob("*.csv")} == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_data_are_complete(name):
    data = lt.load_data(name)
    rows, columns, *_ = SOURCES[name]
    assert len(data) == rows
    assert set(data.columns) <= set(re.findall(r"`(\w+)`", columns))
    assert not data.isna().any(axis=None)
    assert data.attrs["name"] == name
    assert len(lt.list_data()[name]) > 20


def test_whoever_changes_the_list_or_the_data_changes_their_own_copy():
    lt.list_data().clear()
    mine = lt.load_data("rail")
    mine["travel"] = 0
    assert "rail" in lt.list_data()
    assert lt.load_data("rail")["travel"].sum() > 0


def test_the_wheel_ships_the_data_beside_the_modules():
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["lmmteach"]
    assert wheel["force-include"]["data"] == "lmmteach/_data"


def test_an_installed_package_reads_its_own_data(tmp_path, monkeypatch):
    shipped = tmp_path / "lmmteach" / "_data"
    shipped.mkdir(parents=True)
    (shipped / "rail.csv").write_text("Rail,travel\n1,55\n", encoding="utf-8")
    monkeypatch.setattr("lmmteach.data.__file__", str(shipped.parent / "data.py"))
    assert len(lt.load_data("rail")) == 1
