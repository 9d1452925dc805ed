"""Law 1: one formula, one function, one test, and all three know each other."""

import json
import re
from pathlib import Path

import equation_values
import numpy as np
import pytest
import register

ROOT = Path(__file__).resolve().parent.parent
EQUATIONS = register.equations()
FUNCTIONS = register.functions()
VALUES = equation_values.estrone_values()


def test_every_label_is_given_once():
    labels = [equation.label for equation in EQUATIONS]
    assert len(labels) == len(set(labels)) > 0


def test_the_tex_of_an_equation_is_its_own_display():
    assert all("$$" not in equation.tex and "\n\n" not in equation.tex for equation in EQUATIONS)


@pytest.mark.parametrize("equation", EQUATIONS, ids=lambda equation: equation.label)
def test_the_page_shows_after_an_equation_the_one_function_that_names_it(equation):
    shown = re.findall(r"(?:show_source\(|`lmmteach\.)(\w+\.\w+)", equation.following)
    naming = [n for n, f in FUNCTIONS.items() if equation.label in register.labels_named_by(f)]
    assert len(naming) == 1
    assert naming[0] in shown


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_names_one_equation_of_the_book(name):
    labels = register.labels_named_by(FUNCTIONS[name])
    assert len(labels) == 1
    assert labels[0] in {equation.label for equation in EQUATIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_called_by_a_test(name):
    assert register.tests_of(name)


GLS = {"lmmteach.profile.gls"}
NOTHING = set()


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("from lmmteach.profile import gls\ndef test_a(): gls(V, y, X)", GLS),
        ("from lmmteach.profile import gls as best\ndef test_a(): best(V, y, X)", GLS),
        ("from lmmteach import profile\ndef test_a(): profile.gls(V, y, X)", GLS),
        ("from lmmteach import profile as third\ndef test_a(): third.gls(V, y, X)", GLS),
        ("import lmmteach as lt\ndef test_a(): lt.profile.gls(V, y, X)", GLS),
        ("import lmmteach.profile\ndef test_a(): lmmteach.profile.gls(V, y, X)", GLS),
        ("import lmmteach.profile as third\ndef test_a(): third.gls(V, y, X)", GLS),
        ("import lmmteach as lt\nbest = lt.profile.gls\ndef test_a(): best(V, y, X)", GLS),
        ("import lmmteach as lt\ndef test_a():\n p = lt.profile\n p.gls(V, y, X)", GLS),
        ("def test_a():\n from lmmteach.profile import gls\n gls(V, y, X)", GLS),
        ("from lmmteach.profile import gls\ndef test_a(): [f(V) for f in (gls,)]", GLS),
        ("from lmmteach.profile import gls\ndef test_a(): run(lambda V: gls(V, y, X))", GLS),
        ("from lmmteach.profile import gls\n@mark(gls)\ndef test_a(gls): gls(V)", GLS),
        ("from lmmteach.profile import gls\ndef test_a():\n def go(x=gls): x(V)\n go()", GLS),
        # Another thing of the same name.
        ("def test_a(fit): fit.gls(V, y, X)", NOTHING),
        ("from other.profile import gls\ndef test_a(): gls(V, y, X)", NOTHING),
        ("import lmmteach as lt\ndef test_a(): lt.lmm(f, d).gls", {"lmmteach.lmm"}),
        ("from lmmteach.profile import gls\ndef test_a(gls): gls(V, y, X)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a(*, gls): gls(V, y, X)", NOTHING),
        ("from lmmteach import profile\ndef test_a(profile): profile.gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n gls = fit.gls\n gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n gls, V = fit\n gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n for gls in fits: gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n with x as gls: gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n def gls(): 1\n gls()", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a(): [gls(V) for gls in fits]", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a(): run(lambda gls: gls(V))", NOTHING),
        ("from lmmteach.profile import gls\ndef test_a():\n if (gls := f()): gls(V)", NOTHING),
        ("from lmmteach.profile import gls\ndef gls(): 1\ndef test_a(): gls()", NOTHING),
        ("from lmmteach.profile import gls\ndef helper(): gls(V)\ndef test_a(): 1", NOTHING),
        ("import lmmteach as lt\ndef test_a(): lt.show_source(lt.profile.gls)", NOTHING),
    ],
)
def test_a_test_uses_what_it_imported_under_that_name(source, used):
    names = register.names_in_tests(source)["test_a"]
    assert {name for name in names if name not in ("lmmteach", "lmmteach.profile")} == used


def test_a_function_under_another_name_is_the_same_function(tmp_path, monkeypatch):
    monkeypatch.setattr(register, "TESTS", tmp_path)
    (tmp_path / "test_face.py").write_text(
        "import lmmteach as lt\n"
        "from lmmteach.reml import profile_loglik\n"
        "def test_a(): lt.lrt(*fits)\n"
        "def test_b(): profile_loglik(V, y, X)\n"
        "def test_c(): lt.nothing.lrt(*fits)\n"
    )
    assert register.tests_of("compare.lrt") == ["test_face.py::test_a"]
    assert register.tests_of("profile.profile_loglik") == ["test_face.py::test_b"]


def test_every_equation_has_its_value_and_every_value_its_equation():
    assert set(VALUES) == {equation.label for equation in EQUATIONS}


@pytest.mark.parametrize("label", VALUES)
def test_the_value_on_the_estrone_data_is_rs(label):
    _, value, r_value = VALUES[label]
    if r_value is None:
        # R prints no such number: the formula's own test compares it with another computation.
        assert value is None or np.isfinite(value).all()
    else:
        np.testing.assert_allclose(value, r_value, rtol=1e-7, atol=1e-7)


def test_every_reference_to_an_equation_leads_to_one():
    labels = {equation.label for equation in EQUATIONS}
    for page, text in register.pages().items():
        used = set(re.findall(r"\{eq\}`(eq-[\w-]+)`", text))
        assert used <= labels, page


def test_the_oracle_behind_the_values_is_rs():
    software = json.loads(equation_values.ORACLE.read_text(encoding="utf-8"))["software"]
    assert software["R"].startswith("R version")
