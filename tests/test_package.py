"""How the package is built: what imports what, what is documented, which data it ships."""

import ast
import graphlib
import inspect
import subprocess
import sys
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
    ("_shapes", "_climb", "_rformat", "_typeset"),
    ("model", "likelihood"),
    ("profile",),
    ("blup", "reml"),
    ("testing", "prediction", "diagnostics"),
    ("_frame", "data", "summary", "fit", "source"),
    ("plots", "widgets", "exercises"),
    ("__init__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def imports():
    """``{module: names of the modules that it imports}``, wherever in it the import stands."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        names = found.setdefault(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module == "lmmteach":
                names.update(f"lmmteach.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module)
    return found


IMPORTS = imports()
WITHIN = {
    module: {name.split(".")[1] for name in names if name.startswith("lmmteach.")} - {module}
    for module, names in IMPORTS.items()
}


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


def test_import_brings_nothing_that_a_formula_does_not_need():
    heavy = ["matplotlib", "formulae", "ipywidgets", "IPython", "scipy.stats", "scipy.optimize"]
    code = f"import sys, lmmteach; print([m for m in {heavy} if m in sys.modules])"
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


def test_what_is_public_is_there():
    for name in lt.__all__:
        assert getattr(lt, name) is not None


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'lmer'"):
        lt.lmer  # noqa: B018


ROWS = {
    "estrone": 80,
    "dyestuff": 30,
    "dyestuff2": 30,
    "rail": 18,
    "sleepstudy": 180,
    "penicillin": 144,
    "pastes": 60,
    "orthodont": 108,
}


def test_the_list_of_data_is_the_folder():
    assert set(lt.list_data()) == set(ROWS)
    assert {path.stem for path in (ROOT / "data").glob("*.csv")} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_data_are_complete(name):
    data = lt.load_data(name)
    assert len(data) == ROWS[name]
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
