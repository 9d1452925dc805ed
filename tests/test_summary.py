"""The printout, line by line as R prints it."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from printouts import MODELS, PRINTOUTS, fit_of

import lmmteach as lt
from lmmteach._rformat import abbreviate, deparse, fill, format_numbers, zap_small

# What print(summary(lmer(…))) of lme4 1.1 shows, without the blanks at the ends of lines.
DYESTUFF = """\
Linear mixed model fit by REML ['lmerMod']
Formula: Yield ~ 1 + (1 | Batch)
   Data: dyestuff

REML criterion at convergence: 319.7

Scaled residuals:
    Min      1Q  Median      3Q     Max
-1.4117 -0.7634  0.1418  0.7792  1.8296

Random effects:
 Groups   Name        Variance Std.Dev.
 Batch    (Intercept) 1764     42.00
 Residual             2451     49.51
Number of obs: 30, groups:  Batch, 6

Fixed effects:
            Estimate Std. Error t value
(Intercept)  1527.50      19.38    78.8
"""
DYESTUFF2 = """\
Linear mixed model fit by REML ['lmerMod']
Formula: Yield ~ 1 + (1 | Batch)
   Data: dyestuff2

REML criterion at convergence: 161.8

Scaled residuals:
    Min      1Q  Median      3Q     Max
-1.7648 -0.7806 -0.0809  0.6689  2.0907

Random effects:
 Groups   Name        Variance Std.Dev.
 Batch    (Intercept)  0.00    0.000
 Residual             13.81    3.716
Number of obs: 30, groups:  Batch, 6

Fixed effects:
            Estimate Std. Error t value
(Intercept)   5.6656     0.6784   8.352
"""
RAIL = """\
Linear mixed model fit by REML ['lmerMod']
Formula: travel ~ 1 + (1 | Rail)
   Data: rail

REML criterion at convergence: 122.2

Scaled residuals:
     Min       1Q   Median       3Q      Max
-1.61883 -0.28218  0.03569  0.21956  1.61438

Random effects:
 Groups   Name        Variance Std.Dev.
 Rail     (Intercept) 615.31   24.805
 Residual              16.17    4.021
Number of obs: 18, groups:  Rail, 6

Fixed effects:
            Estimate Std. Error t value
(Intercept)    66.50      10.17   6.538
"""
SLEEPSTUDY = """\
Linear mixed model fit by REML ['lmerMod']
Formula: Reaction ~ Days + (1 | Subject)
   Data: sleepstudy

REML criterion at convergence: 1786.5

Scaled residuals:
    Min      1Q  Median      3Q     Max
-3.2257 -0.5529  0.0109  0.5188  4.2506

Random effects:
 Groups   Name        Variance Std.Dev.
 Subject  (Intercept) 1378.2   37.12
 Residual              960.5   30.99
Number of obs: 180, groups:  Subject, 18

Fixed effects:
            Estimate Std. Error t value
(Intercept) 251.4051     9.7467   25.79
Days         10.4673     0.8042   13.02

Correlation of Fixed Effects:
     (Intr)
Days -0.371
"""


def block(title):
    """A part of what R printed about estrone; the first has no title."""
    text = (ORACLE / "estrone_summary.txt").read_text(encoding="utf-8")
    parts = ("---- REML ----\n" + text).split("---- ")
    (lines,) = [part.splitlines()[1:] for part in parts if part.startswith(f"{title} ----")]
    return "\n".join(lines).strip("\n").splitlines()


def stripped(text):
    return [line.rstrip() for line in str(text).strip("\n").splitlines()]


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_printout_of_the_lecture_line_by_line_with_every_blank(method):
    fit = lt.lmm("logestrone ~ (1 | woman)", lt.load_data("estrone"), method)
    ours, r = str(fit.summary()).rstrip("\n").splitlines(), block(method)
    assert r[2] == "   Data: estroneacy"
    r[2] = "   Data: estrone"
    assert ours == r


def test_every_model_of_the_script_has_its_printouts():
    assert {name.rsplit("_", 1)[0] for name in PRINTOUTS} == {model[0] for model in MODELS}


@pytest.mark.parametrize("printout", PRINTOUTS)
def test_printouts_are_lme4s_line_by_line_with_every_blank(printout):
    r = (ORACLE / f"printouts/{printout}.txt").read_text(encoding="utf-8").rstrip("\n")
    ours = str(fit_of(printout).summary()).rstrip("\n")
    # What lme4 leaves to a message beside the printout.
    ours = re.split(r"\n\n(?:boundary|Correlation matrix not shown)", ours)[0]
    assert ours.splitlines() == r.splitlines()


def test_the_correlations_of_many_coefficients_are_not_printed():
    lines = stripped(fit_of("many_coefficients_REML").summary())
    assert lines[-1] == "Correlation matrix not shown, as p = 18 > 12: see vcov_beta."
    assert "Correlation of Fixed Effects:" in fit_of("twelve_coefficients_REML").summary()


def test_arrays_of_weights_are_named_by_their_size():
    data = lt.load_data("rail")
    summary = lt.lmm("travel ~ 1 + (1 | Rail)", data, weights=[1.0, 2.0, 3.0] * 6).summary()
    assert "   Data: rail\nWeights: an array of 18 numbers\n\n" in summary


def correlated(sign, rng_seed=3):
    """Rows whose slopes are exactly a multiple of their intercepts, but for noise within groups."""
    rng = np.random.default_rng(rng_seed)
    g = np.repeat(np.arange(12), 8)
    x = np.tile(np.arange(8.0), 12)
    b = rng.normal(size=12)
    y = 3 + b[g] * (4 + sign * x) + rng.normal(0, 1, 96)
    return pd.DataFrame({"y": y, "x": x, "u": np.tile([0.0, 1.0], 48), "g": g})


@pytest.mark.parametrize(("sign", "said"), [(1, "exactly 1"), (-1, "exactly −1")], ids=["1", "-1"])
@pytest.mark.parametrize("engine", ["literal", "fast"])
def test_a_correlation_of_1_is_exactly_so_and_explained(sign, said, engine):
    fit = lt.lmm("y ~ x + (x | g)", correlated(sign), engine=engine)
    assert fit.is_singular
    assert fit.varcomp["sdcor"][2] == sign
    ((bar, sentence),) = fit.singular_bars.items()
    assert bar == "g"
    assert f"correlation of (Intercept) and x between levels of g is estimated as {said}" in (
        sentence
    )
    assert stripped(fit.summary())[-1] == f"boundary (singular) fit: {sentence}"


def test_a_variance_of_0_in_a_larger_part_is_explained():
    fit = fit_of("singular_slope_REML")
    assert fit.is_singular == bool(fit.singular_bars)
    fit = fit_of("six_effects_REML")
    rank = np.linalg.matrix_rank(fit.covariance, tol=1e-10)
    assert f"has rank {rank} only" in fit.singular_bars["h"]


def test_the_effect_whose_variance_is_0_is_named():
    data = lt.load_data("dyestuff2")
    fit = lt.lmm("Yield ~ 1 + (1 | Batch) + (1 | h)", data.assign(h=np.tile(np.arange(5), 6)))
    assert list(fit.singular_bars) == ["Batch"]
    assert (
        "the variance of (Intercept) between levels of Batch is estimated as 0"
        in (fit.singular_bars["Batch"])
    )
    assert "leave this part out" in fit.singular_bars["Batch"]
    assert fit_of("pastes_REML").singular_bars == {}
    assert not fit_of("pastes_REML").is_singular


@pytest.mark.parametrize(
    ("formula", "name", "printout"),
    [
        ("Yield ~ 1 + (1 | Batch)", "dyestuff", DYESTUFF),
        ("travel ~ 1 + (1 | Rail)", "rail", RAIL),
        ("Reaction ~ Days + (1 | Subject)", "sleepstudy", SLEEPSTUDY),
    ],
)
def test_printouts_of_other_data(formula, name, printout):
    assert stripped(lt.lmm(formula, lt.load_data(name)).summary()) == stripped(printout)


def test_a_variance_of_0_is_explained_after_what_lme4_prints():
    lines = stripped(lt.lmm("Yield ~ 1 + (1 | Batch)", lt.load_data("dyestuff2")).summary())
    expected = stripped(DYESTUFF2)
    assert lines[: len(expected)] == expected
    explanation = " ".join(lines[len(expected) :])
    assert "boundary (singular) fit" in explanation
    assert "levels of Batch is estimated as 0" in explanation
    assert "does not prove that the levels are equal" in explanation


def test_a_variance_above_0_is_not_explained():
    summary = lt.lmm("logestrone ~ (1 | woman)", lt.load_data("estrone")).summary()
    assert "boundary" not in summary


@pytest.mark.parametrize("sigma2_b", [0, 1.5])
def test_a_variance_that_was_held_is_called_so(sigma2_b):
    data = lt.load_data("estrone")
    lines = stripped(lt.lmm("logestrone ~ (1 | woman)", data, sigma2_b=sigma2_b).summary())
    expected = "The variance between levels of woman was held fixed, not estimated."
    assert lines[-2:] == ["", expected]
    assert not any("boundary" in line for line in lines)


def test_a_variance_that_was_held_is_no_parameter_of_the_printout():
    data = lt.load_data("estrone")
    lines = stripped(lt.lmm("logestrone ~ (1 | woman)", data, "ML", sigma2_b=0).summary())
    names, numbers = (line.split() for line in lines[4:6])
    assert dict(zip(names, numbers, strict=True)) == {
        "AIC": "274.5",
        "BIC": "279.2",
        "logLik": "-135.2",
        "deviance": "270.5",
        "df.resid": "78",
    }


def test_correlations_of_several_coefficients_stand_below_the_diagonal():
    fit = lt.lmm("distance ~ age * Sex + (1 | Subject)", lt.load_data("orthodont"))
    assert stripped(fit.summary())[-5:] == [
        "Correlation of Fixed Effects:",
        "            (Intr) age    SexMal",
        "age         -0.869",
        "SexMale     -0.770  0.669",
        "age:SexMale  0.669 -0.770 -0.869",
    ]


def test_the_formula_is_tidied_as_r_prints_it():
    fit = lt.lmm("travel~1+( 1|Rail )", lt.load_data("rail"))
    assert "Formula: travel ~ 1 + (1 | Rail)\n" in fit.summary()


def test_data_without_a_name_are_called_by_their_size():
    data = lt.load_data("rail")
    data.attrs.clear()
    assert "   Data: a DataFrame of 18 rows\n" in lt.lmm("travel ~ 1 + (1 | Rail)", data).summary()


def test_a_summary_shows_itself_as_text_wherever_it_stands():
    summary = lt.lmm("travel ~ 1 + (1 | Rail)", lt.load_data("rail")).summary()
    shown = []
    printer = type("Printer", (), {"text": shown.append})
    summary._repr_pretty_(printer, cycle=False)
    assert shown == [str(summary)] == [repr(summary)]


@pytest.mark.parametrize(
    ("values", "digits", "texts"),
    [
        ([0.3254, 1.7494], 4, ["0.3254", "1.7494"]),
        ([1378.1785, 960.4566], 4, ["1378.2", " 960.5"]),
        ([0, 13.80631], 4, [" 0.00", "13.81"]),
        ([3.14159265], 3, ["3.14"]),
        ([1234.5678], 2, ["1235"]),
        ([9.99996], 4, ["10"]),
        ([-1, 1], 7, ["-1", " 1"]),
        ([0.1 + 0.2], 7, ["0.3"]),
        ([1.5, float("nan")], 7, ["1.5", " NA"]),
        ([100000], 7, ["1e+05"]),  # the shorter of two ways to write it …
        ([123456], 7, ["123456"]),  # … and the fixed one where both are as long
        ([0.0001], 7, ["1e-04"]),
        ([0.00012], 7, ["0.00012"]),
        ([1e-5, 123456], 7, ["1.00000e-05", "1.23456e+05"]),
        ([1e100], 7, ["1e+100"]),
    ],
)
def test_format_is_rs(values, digits, texts):
    assert format_numbers(values, digits) == texts


@pytest.mark.parametrize(
    ("values", "digits", "zapped"),
    [
        ([1, 1e-20], 7, [1, 0]),
        ([-2.5657773, 0.0807429], 5, [-2.56578, 0.08074]),  # log10 of the largest below one half
        ([-3.2257432, 0.0109412], 5, [-3.2257, 0.0109]),  # … and above
        ([123456.7, 0.4], 3, [123457, 0]),
        ([0, 0], 5, [0, 0]),
    ],
)
def test_zapsmall_is_rs(values, digits, zapped):
    assert zap_small(values, digits) == zapped


@pytest.mark.parametrize(
    ("name", "length", "short"),
    [
        ("(Intercept)", 6, "(Intr)"),
        ("SexMale", 6, "SexMal"),
        ("age:SexMale", 6, "ag:SxM"),
        ("age:SexFemale", 11, "age:SexFeml"),
        ("Days", 6, "Days"),
        ("Arkansas", 4, "Arkn"),
        ("California", 4, "Clfr"),
        ("NASA-TLX", 6, "NASA-T"),  # capitals go last
        ("a_b_c_d_e_f_g_h_i_j", 11, "a_b________"),
        ("poly(x, 3)1", 6, "p(,3)1"),
        ("I(x^2):fvery high indeed", 11, "I(x^2):fvhi"),
        ("np.log(weight_in_kg)", 6, "n.(__)"),
    ],
)
def test_abbreviate_is_rs(name, length, short):
    assert abbreviate([name], length) == [short]


def test_abbreviations_stay_different():
    assert abbreviate(["treatmentA", "treatmentB", "treatmentAB"], 6) == [
        "trtmnA",
        "trtmnB",
        "trtmAB",
    ]


def test_a_long_formula_is_broken_as_r_breaks_it():
    formula = "response ~ " + " + ".join(f"covariate{k}" for k in range(9)) + " + (1 | group)"
    assert deparse(formula) == [
        "response ~ covariate0 + covariate1 + covariate2 + covariate3 + ",
        "    covariate4 + covariate5 + covariate6 + covariate7 + covariate8 + ",
        "    (1 | group)",
    ]
    assert deparse("y ~ `a + b` + (1 | g)") == ["y ~ `a + b` + (1 | g)"]


def test_a_full_line_is_continued_on_the_next():
    assert fill(["a" * 40, "b" * 38]) == "a" * 40 + " " + "b" * 38
    assert fill(["a" * 40, "b" * 39]) == "a" * 40 + " \n" + "b" * 39
