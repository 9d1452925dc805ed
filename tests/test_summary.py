"""The printout, line by line as R prints it."""

import pytest
from conftest import ORACLE

import lmmteach as lt
from lmmteach._rformat import abbreviate, format_numbers, zap_small

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
        ("NASA-TLX", 6, "NASA-TLX"),  # capitals stay, even where the name stays too long
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
