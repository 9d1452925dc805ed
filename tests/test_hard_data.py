"""Data and calls that once broke something: each gets the right number, or words that help."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution

import lmmteach as lt
from lmmteach import _climb, diagnostics, likelihood, model, prediction, profile, reml, testing

ORTHODONT = lt.load_data("orthodont")
ESTRONE = lt.load_data("estrone")
FORMULA = "logestrone ~ 1 + (1 | woman)"
HERE = Path(__file__).parent


def same_fit(one, other, rel=1e-7):
    assert one.theta == pytest.approx(other.theta, rel=rel)
    assert one.loglik == pytest.approx(other.loglik, rel=rel)
    assert one.fitted.to_numpy() == pytest.approx(other.fitted.to_numpy(), rel=rel)


# Integers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "Int8"])
def test_small_integers_do_not_overflow(kind):
    formula = "distance ~ age + I(age**2) + (1 | Subject)"
    right = lt.lmm(formula, ORTHODONT.assign(age=ORTHODONT["age"].astype(float)))
    found = lt.lmm(formula, ORTHODONT.assign(age=ORTHODONT["age"].astype(kind)))
    same_fit(found, right)
    newdata = pd.DataFrame({"age": np.array([14, 20], dtype="int8"), "Subject": "M01"})
    assert found.predict(newdata).to_numpy() == pytest.approx(
        right.predict(newdata.astype({"age": float})).to_numpy()
    )


def test_levels_made_of_integers_keep_their_names():
    data = ORTHODONT.assign(age=ORTHODONT["age"].astype("int8"))
    fit = lt.lmm("distance ~ C(age) + (1 | Subject)", data)
    assert list(fit.beta.index) == ["(Intercept)", "C(age)10", "C(age)12", "C(age)14"]


# Columns far from 0 -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("shift", [2000.0, 1e5, 1e7])
def test_a_covariate_far_from_0_gives_the_same_fit(method, shift):
    shifted = ORTHODONT.assign(time=ORTHODONT["age"] + shift)
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT, method)
    found = lt.lmm("distance ~ time + (1 | Subject)", shifted, method)
    same_fit(found, right)
    assert found.beta["time"] == pytest.approx(right.beta["age"], rel=1e-6)
    assert found.se["time"] == pytest.approx(right.se["age"], rel=1e-6)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_a_square_of_years_gives_the_same_fit(method):
    years = ORTHODONT.assign(year=ORTHODONT["age"] + 2000)
    right = lt.lmm("distance ~ age + I(age**2) + (1 | Subject)", ORTHODONT, method)
    found = lt.lmm("distance ~ year + I(year**2) + (1 | Subject)", years, method)
    assert found.theta == pytest.approx(right.theta, rel=1e-7)
    # The parabola is the same: its curvature, and what it says.
    assert found.beta.iloc[2] == pytest.approx(right.beta.iloc[2], rel=1e-5)
    assert found.fitted.to_numpy() == pytest.approx(right.fitted.to_numpy(), rel=1e-7)
    newdata = years.iloc[:3]
    assert found.prediction_interval(newdata)["se"].to_numpy() == pytest.approx(
        right.prediction_interval(ORTHODONT.iloc[:3])["se"].to_numpy(), rel=1e-5
    )


def test_units_of_a_covariate_do_not_make_it_dependent():
    seconds = ORTHODONT.assign(age=ORTHODONT["age"] * 3.15e16)
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT)
    found = lt.lmm("distance ~ age + (1 | Subject)", seconds)
    assert found.theta == pytest.approx(right.theta, rel=1e-9)


def test_a_response_far_from_0_keeps_its_slope():
    far = ORTHODONT.assign(distance=ORTHODONT["distance"] + 1e10)
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT)
    found = lt.lmm("distance ~ age + (1 | Subject)", far)
    # A number of this size has five decimals left.
    assert found.beta["age"] == pytest.approx(right.beta["age"], abs=1e-6)


# Hills --------------------------------------------------------------------------------------------


def test_of_two_tops_close_to_each_other_the_higher_one_is_found():
    data = pd.read_csv(HERE / "data" / "two-tops.csv")
    fit = lt.lmm("y ~ x + (1 | g)", data, method="ML")
    heights = []
    for share in np.linspace(0, 0.4, 81):
        V = model.V_theta((share, 1 - share), fit.Z)
        beta, _ = profile.gls(V, fit.y, fit.X)
        r = fit.y - fit.X @ beta
        scale = r @ np.linalg.solve(V, r) / len(r)
        heights.append(likelihood.loglik(beta, scale * V, fit.y, fit.X))
    assert fit.loglik >= max(heights)
    assert fit.theta == pytest.approx([0.1846, 0.8905], abs=5e-4)


def few_unequal_groups():
    x = [
        1.6,
        0.5,
        -0.1,
        -2.2,
        1,
        2.5,
        2.5,
        0.5,
        -0.6,
        0.9,
        -2,
        -0.5,
        0.6,
        0.5,
        0.4,
        -1.5,
        -1.9,
        0.3,
    ]
    y = [0.8, -0.2, 2.7, 0.8, -0.5, -0.3, -1.1, 0.5, -1.6, -2.1, -1, 1.4, -4.2, -2.3, 1.2, 0.7, 0.5]
    return pd.DataFrame({"y": [*y, 1.2], "x": x, "g": [0] * 3 + [1] * 4 + [2] * 7 + [3] * 3 + [4]})


def test_a_profile_interval_of_few_unequal_groups_is_found():
    data = few_unequal_groups()
    fit = lt.lmm("y ~ x + (1 | g)", data, method="ML")
    table = fit.profile_interval()
    upper = table.loc["sigma2_b", "upper"]
    _, theta = likelihood.fit_ml(fit.y, fit.X, fit.Z, sigma2_b=upper)
    height = profile.profile_loglik(model.V_theta(theta, fit.Z), fit.y, fit.X)
    assert 2 * (fit.loglik - height) == pytest.approx(3.841459, abs=1e-5)


@pytest.mark.parametrize("sigma2_b", [2, 3, 5, 10, 30, 100])
def test_a_held_variance_does_not_slow_the_climb_of_the_others(sigma2_b, monkeypatch):
    fit = lt.lmm("y ~ x + (1 | g)", few_unequal_groups(), method="ML")
    steps, step_up = [], _climb._step_up
    monkeypatch.setattr(_climb, "_step_up", lambda *a, **k: steps.append(1) or step_up(*a, **k))
    likelihood.fit_ml(fit.y, fit.X, fit.Z, sigma2_b=sigma2_b)
    assert len(steps) <= 5


@pytest.mark.parametrize("ratio", [1e-4, 1e3, 1e4, 1e5])
@pytest.mark.parametrize("is_reml", [False, True])
def test_a_large_ratio_of_the_standard_deviations_is_fitted(ratio, is_reml):
    rng = np.random.default_rng(4)
    Z = model.random_intercept_design(np.repeat(np.arange(6), 5))
    y = Z @ rng.normal(0, ratio, 6) + rng.normal(0, 1, 30)
    _, theta = (reml.fit_reml if is_reml else likelihood.fit_ml)(y, np.ones((30, 1)), Z)
    SSB, SSW = likelihood.sums_of_squares(y, Z)
    right = likelihood.balanced_theta(SSB, SSW, I=6, J=5, reml=is_reml)
    assert theta == pytest.approx(right, rel=1e-4 if ratio == 1e5 else 1e-6)


def test_the_exact_null_reaches_far_out_in_a_tiny_design():
    y, sizes = np.array([-1.0, 1.0, 1000.0]), [0, 0, 1]
    X, Z = np.ones((3, 1)), model.random_intercept_design(sizes)
    statistic = testing.boundary_lrt(y, X, Z)
    draws = testing.exact_null(X, Z, 100_000, np.random.default_rng(1))
    SSB, SSW = likelihood.sums_of_squares(y, Z)
    exact = f_distribution(1, 1).sf(SSB / SSW)
    assert np.mean(draws >= statistic) == pytest.approx(exact, abs=4 * np.sqrt(exact / 100_000))


# Names --------------------------------------------------------------------------------------------


def test_a_covariate_may_have_the_name_of_a_variance():
    data = ORTHODONT.rename(columns={"age": "sigma2_b"})
    fit = lt.lmm("distance ~ sigma2_b + (1 | Subject)", data)
    table = fit.profile_interval()
    assert list(table.index) == ["sigma2_b", "sigma2_e", "(Intercept)", "sigma2_b"]
    assert table["estimate"].to_numpy() == pytest.approx([*fit.theta, *fit.beta])


def doubled(data):
    return pd.concat([data, data[["measurement"]]], axis=1)


def of(column, values):
    return ESTRONE.assign(**{column: values})


DATES = pd.Timestamp("2024-03-26") + pd.to_timedelta(np.arange(80), unit="D")
REFUSED = [
    ("logestrone ~ measurement + (1 | woman)", doubled(ESTRONE), "more than one column"),
    ("logestrone ~ x + (1 | woman)", of("x", DATES), "'x' of data holds datetime64 values.*days"),
    ("x ~ 1 + (1 | woman)", of("x", np.arange(80) * 1j), "holds complex values.*real part"),
    (
        "logestrone ~ x + (1 | woman)",
        of("x", np.arange(80).astype(object)),
        r"holds integer values.*astype\(float\)",
    ),
    (
        "logestrone ~ x + (1 | woman)",
        of("x", [1, "two"] * 40),
        "holds mixed-integer values.*all of them numbers, or all of them texts",
    ),
    ("logestrone ~ x + (1 | woman)", of("x", "same"), "'x' of data has only one level"),
    ("logestrone ~ Intercept + (1 | woman)", of("Intercept", 1.5), "a different name"),
    ("~ 1 + (1 | woman)", ESTRONE, "names no response"),
    ("logestrone ~ 2 + measurement + (1 | woman)", ESTRONE, "neither 0 nor 1"),
    ("logestrone ~ measurement^2 + (1 | woman)", ESTRONE, r"I\(x\*\*2\)"),
    ("-logestrone ~ 1 + (1 | woman)", ESTRONE, "cannot be (read|computed)|one column of numbers"),
    (
        "logestrone ~ np.foo(measurement) + (1 | woman)",
        ESTRONE,
        "uses 'np.foo', which is not known",
    ),
    ("logestrone ~ exp(measurement*100) + (1 | woman)", ESTRONE, "too large for a computer"),
]


@pytest.mark.parametrize(("formula", "data", "words"), REFUSED)
def test_what_cannot_be_used_is_refused_in_words(formula, data, words):
    with pytest.raises(ValueError, match=words):
        lt.lmm(formula, data)


def test_a_word_that_is_reserved_may_stand_in_a_call():
    fit = lt.lmm("distance ~ poly(age, 2, raw=True) + (1 | Subject)", ORTHODONT)
    right = lt.lmm("distance ~ age + I(age**2) + (1 | Subject)", ORTHODONT)
    same_fit(fit, right)


def test_what_is_computed_from_all_rows_is_remembered():
    fit = lt.lmm("distance ~ I(age - np.mean(age)) + (1 | Subject)", ORTHODONT)
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT)
    newdata = ORTHODONT.iloc[[3, 7]]
    assert fit.predict(newdata).to_numpy() == pytest.approx(right.predict(newdata).to_numpy())


@pytest.mark.parametrize("age", [0.0, -1.0])
def test_new_data_without_a_finite_number_are_refused(age):
    fit = lt.lmm("distance ~ log(age) + (1 | Subject)", ORTHODONT)
    with pytest.raises(ValueError, match="no finite number for row 3 of newdata"):
        fit.predict(ORTHODONT.assign(age=age).iloc[3:5])


def test_new_data_of_another_kind_are_refused():
    fit = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT)
    with pytest.raises(ValueError, match="'age' holds texts, but in the data of the fit"):
        fit.predict(ORTHODONT.assign(age="ten").iloc[:2])


# Arrays -------------------------------------------------------------------------------------------


Y, X, Z = (getattr(lt.lmm(FORMULA, ESTRONE), name) for name in "yXZ")
V = model.V_theta((1.7, 0.3), Z)
RNG = np.random.default_rng(1)
CALLS = [
    (ValueError, "positive definite", lambda: likelihood.log_determinant(np.diag([-1.0, -1.0]))),
    (ValueError, "positive definite", lambda: likelihood.loglik([1.0], -1.1 * np.eye(80), Y, X)),
    (ValueError, "complex", lambda: profile.gls(V, Y * 1j, X)),
    (ValueError, "dates", lambda: profile.gls(V, DATES.to_numpy(), X)),
    (ValueError, "masked", lambda: profile.gls(V, np.ma.masked_greater(Y, 15), X)),
    (ValueError, "linearly dependent", lambda: profile.P_matrix(V, np.ones((80, 2)))),
    (ValueError, "shape", lambda: model.V_theta((1, 1), np.ones(3))),
    (ValueError, "missing label", lambda: model.random_intercept_design([1, pd.NA])),
    (ValueError, "must be a number", lambda: lt.lmm(FORMULA, ESTRONE, sigma2_b="0")),
    (ValueError, "must be a number", lambda: lt.lmm(FORMULA, ESTRONE, sigma2_b=[0])),
    (ValueError, "between 0 and 1", lambda: prediction.normal_interval(1.0, 1.0, level="0.95")),
    (ValueError, "cannot be negative", lambda: prediction.normal_interval(1.0, -1.0)),
    (ValueError, "cannot be negative", lambda: prediction.t_interval(1.0, -1.0, df=4)),
    (ValueError, "NaN", lambda: testing.chi2_pvalue(np.nan, 1)),
    (ValueError, "linearly dependent", lambda: testing.exact_null(np.ones((80, 2)), Z, 9, RNG)),
    (ValueError, "at least 1", lambda: testing.bootstrap_lrt(Y, X, Z, 0, RNG)),
    (TypeError, "whole number", lambda: testing.exact_null(X, Z, 1.5, RNG)),
    (TypeError, "whole number", lambda: testing.exact_null(X, Z, None, RNG)),
    (TypeError, "default_rng", lambda: testing.exact_null(X, Z, 9, 15)),
    (TypeError, "default_rng", lambda: testing.bootstrap_lrt(Y, X, Z, 9, 15)),
    (TypeError, "default_rng", lambda: model.simulate([1.0], X, Z, np.eye(5), np.eye(80), 15)),
    (TypeError, "two results of lmm", lambda: lt.lrt(3, lt.lmm(FORMULA, ESTRONE))),
    (ValueError, "no finite value", lambda: profile.profile_interval(lambda x: -np.inf, 1.0)),
    (ValueError, "no finite value", lambda: profile.profile_interval(lambda x: -x, 1.0, lower=2.0)),
    (ValueError, "to exactly one group", lambda: diagnostics.influence_by_group(Y, X, 2 * Z)),
]


@pytest.mark.parametrize(("error", "words", "call"), CALLS)
def test_what_a_function_cannot_use_it_refuses_in_words(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_the_group_without_which_nothing_can_be_fitted_is_named():
    only_in_group_2 = np.column_stack([np.ones(80), Z[:, 1] * np.arange(80)])
    with pytest.raises(ValueError, match="Without group 2: "):
        diagnostics.influence_by_group(Y, only_in_group_2, Z)


@pytest.mark.parametrize("engine", ["fast", "literal"])
def test_a_response_that_is_nearly_constant_has_the_fit_of_one_that_is_not(engine):
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(20), 6), rng.normal(size=120)
    y = x + rng.normal(size=20)[g] + 0.4 * rng.normal(size=20)[g] * x + rng.normal(size=120)
    data = pd.DataFrame({"y": y, "near": 100 + 1e-6 * y, "small": 1e-9 * y, "x": x, "g": g})
    expected = lt.lmm("y ~ x + (x | g)", data, engine=engine)
    for name, unit, digits in (("near", 1e-6, 1e-5), ("small", 1e-9, 1e-8)):
        fit = lt.lmm(f"{name} ~ x + (x | g)", data, engine=engine)
        assert fit.theta / unit**2 == pytest.approx(expected.theta, rel=digits)
