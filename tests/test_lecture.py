"""The way from the lecture into the book: each slide leads to a section, a function, a number."""

import re

import equation_values
import numpy as np
import pytest
import register
from slides import SLIDES

NAMING = register.function_of()
VALUES = equation_values.estrone_values()
STEPS = [(slide.title, *step) for slide in SLIDES for step in slide.leads_to]
# The slides of the lecture that say something, by their titles.
TITLES = [
    "Linear Mixed Effect Models",
    "Motivation",
    "Notation",
    "Maximum-Likelihood Estimation",
    "Estimation of the Random Effects",
    "Restricted Maximum Likelihood Estimation (REML)",
    "Model Comparison for Fixed Effects",
    "Model Comparison for Random Effects",
    "Prediction",
    "Diagnostics",
]
# What the lecture's formulas must be called, so that readers find them.
FUNCTIONS = [
    "model.random_intercept_design",
    "model.simulate",
    "model.D_matrix",
    "model.Sigma_matrix",
    "model.V_matrix",
    "model.V_theta",
    "likelihood.loglik",
    "profile.gls",
    "profile.profile_loglik",
    "profile.profile_interval",
    "blup.joint_loglik",
    "blup.joint_score_b",
    "blup.blup_joint",
    "blup.blup",
    "reml.error_contrasts",
    "reml.restricted_loglik",
    "reml.reml_criterion",
    "compare.lrt",
    "testing.aic",
    "testing.boundary_lrt",
    "testing.exact_null",
    "testing.bootstrap_lrt",
    "prediction.predict_known",
    "prediction.predict_new",
    "diagnostics.conditional_residuals",
    "diagnostics.marginal_residuals",
    "diagnostics.qq_points",
    "diagnostics.pp_points",
]


def test_every_slide_is_there_in_the_lectures_order():
    assert [slide.title for slide in SLIDES] == TITLES


@pytest.mark.parametrize(("title", "label", "page", "heading"), STEPS)
def test_a_formula_of_a_slide_stands_in_its_section(title, label, page, heading):
    assert heading in register.headings(page)
    text = register.pages()[f"chapters/{page}"]
    section = text.split(f"# {heading}\n", 1)[1].split("\n## ", 1)[0]
    assert f"({label})" in section
    assert re.search(rf"show_source\({NAMING[label]}[,)]", text)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_lectures_functions_are_reached_from_a_slide(name):
    assert name in {NAMING[label] for _, label, _, _ in STEPS}


@pytest.mark.parametrize("label", sorted({label for _, label, _, _ in STEPS} - {"eq-model"}))
def test_a_formula_of_a_slide_has_its_number(label):
    what, value, _ = VALUES[label]
    assert what
    assert np.isfinite(np.asarray(value, dtype=float)).all()


def test_the_model_itself_draws_random_data_and_says_so():
    assert VALUES["eq-model"][0].startswith("a simulated")
