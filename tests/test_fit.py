"""The fitted model as its user meets it: names, orders, types, predictions."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import lmmteach as lt
from lmmteach.fit import NewGroupWarning

FORMULA = "logestrone ~ 1 + (1 | woman)"


@pytest.fixture(scope="module")
def data():
    return lt.load_data("estrone")


@pytest.fixture(scope="module")
def fit(data):
    return lt.lmm(FORMULA, data)


@pytest.fixture(scope="module")
def shuffled(data):
    """The same study with its rows in another order, under other row names."""
    rows = np.random.default_rng(3).permutation(80)
    return data.iloc[rows].set_index(pd.Index([f"row {i}" for i in rows]))


def test_reml_is_the_default(fit, data):
    assert fit.method == "REML"
    assert fit.loglik == lt.lmm(FORMULA, data, method="REML").loglik


def test_numbers_of_the_lectures_printout(fit):
    assert fit.criterion == pytest.approx(157.7538, abs=5e-5)
    assert fit.theta == pytest.approx([1.7494, 0.3254], abs=5e-5)
    assert fit.beta["(Intercept)"] == pytest.approx(14.1751, abs=5e-5)
    assert fit.se["(Intercept)"] == pytest.approx(0.5949, abs=5e-5)
    assert [fit.scaled_residuals.min(), fit.scaled_residuals.max()] == pytest.approx(
        [-2.56578, 2.84352], abs=5e-6
    )


def test_criteria_count_three_parameters_and_all_observations(fit):
    assert (fit.n_parameters, fit.nobs) == (3, 80)
    assert fit.aic == pytest.approx(157.753768 + 2 * 3, abs=1e-6)
    assert fit.bic == pytest.approx(157.753768 + 3 * np.log(80), abs=1e-6)


def test_what_stands_in_rows_keeps_the_order_and_the_names_of_the_data(fit, shuffled):
    again = lt.lmm(FORMULA, shuffled)
    for name in ("fitted", "residuals", "marginal_residuals", "scaled_residuals"):
        values = getattr(again, name)
        assert values.index.equals(shuffled.index)
        assert values.name == name
        back = values.rename(lambda row: int(row.removeprefix("row "))).sort_index()
        assert back.to_numpy() == pytest.approx(getattr(fit, name).to_numpy(), abs=1e-10)


def test_residuals_are_what_the_fitted_values_leave(fit):
    assert (fit.fitted + fit.residuals).to_numpy() == pytest.approx(fit.y, rel=1e-12)
    b_of_row = fit.ranef["woman"]["(Intercept)"].to_numpy().repeat(16)
    assert (fit.marginal_residuals - fit.residuals).to_numpy() == pytest.approx(b_of_row, rel=1e-10)


def test_levels_come_in_the_order_of_their_labels_or_of_the_categorical(data):
    names = data["woman"].map({1: "Eva", 2: "Ada", 3: "Mia", 4: "Zoe", 5: "Ann"})
    order = ["Zoe", "Mia", "Eva", "Ann", "Ada"]
    by_label = lt.lmm(FORMULA, data.assign(woman=names)).ranef["woman"]
    by_category = lt.lmm(FORMULA, data.assign(woman=pd.Categorical(names, order))).ranef["woman"]
    assert by_label.index.to_list() == ["Ada", "Ann", "Eva", "Mia", "Zoe"]
    assert by_category.index.to_list() == order
    assert by_label.loc["Zoe", "(Intercept)"] == pytest.approx(-1.9196, abs=5e-5)
    assert by_category.loc["Zoe", "(Intercept)"] == pytest.approx(-1.9196, abs=5e-5)


def test_names_of_coefficients_are_rs():
    fit = lt.lmm("distance ~ age * Sex + (1 | Subject)", lt.load_data("orthodont"))
    names = ["(Intercept)", "age", "SexMale", "age:SexMale"]
    assert fit.beta.index.to_list() == names
    assert fit.vcov_beta.columns.to_list() == names


def test_functions_in_formulas(data, fit):
    by_formula = lt.lmm("log10(estrone) ~ 1 + (1 | woman)", data)
    assert 100 * by_formula.theta == pytest.approx(fit.theta, rel=1e-10)


@pytest.mark.parametrize("term", ["I(measurement ** 2)", "poly(measurement, 2)"])
def test_numbers_in_formulas_are_no_columns(term, data):
    fit = lt.lmm(f"logestrone ~ {term} + (1 | woman)", data)
    assert len(fit.beta) == fit.X.shape[1] > 1


def test_repr_says_what_was_fitted_to_what(fit):
    assert repr(fit) == (
        "logestrone ~ 1 + (1 | woman), fitted by REML to estrone: "
        "sigma2_b = 1.7494, sigma2_e = 0.32544; summary() prints the whole fit. "
        "The fast engine fitted it, without writing V out."
    )


@pytest.mark.parametrize(
    ("engine", "how"), [("literal", "with V written out"), ("fast", "without writing V out")]
)
def test_a_fit_says_which_engine_was_used(engine, how, data):
    fit = lt.lmm(FORMULA, data, engine=engine)
    assert fit.engine_used == engine
    assert repr(fit).endswith(f"The {engine} engine fitted it, {how}.")


def test_without_newdata_prediction_is_the_fitted_value(fit):
    assert fit.predict().to_numpy() == pytest.approx(fit.fitted.to_numpy(), rel=1e-14)
    assert fit.predict(include_random=False).to_numpy() == pytest.approx(
        np.full(80, 14.1751), abs=5e-5
    )


def test_predictions_keep_the_rows_of_newdata(fit):
    newdata = pd.DataFrame({"woman": [4, 1]}, index=["last", "first"])
    expected = pd.Series([12.2555, 13.5522], index=["last", "first"], name="prediction")
    pd.testing.assert_series_equal(fit.predict(newdata), expected, atol=5e-5, rtol=0)


@pytest.mark.filterwarnings("ignore::lmmteach.fit.NewGroupWarning")
def test_a_new_woman_is_predicted_by_the_mean(fit):
    assert fit.predict(pd.DataFrame({"woman": [6]}))[0] == fit.beta["(Intercept)"]


def test_prediction_intervals_of_a_known_and_a_new_woman(fit):
    with pytest.warns(NewGroupWarning, match=r"1 row\(s\) belong to a woman .* not in the data"):
        table = fit.prediction_interval(pd.DataFrame({"woman": [1, 6]}))
    assert table.loc[0].to_list() == pytest.approx([13.5522, 0.5879, 12.400, 14.704], abs=5e-4)
    assert table.loc[1].to_list() == pytest.approx([14.1751, 1.5585, 11.1206, 17.2296], abs=5e-4)


def test_a_lower_level_gives_a_narrower_interval(fit):
    wide, narrow = fit.prediction_interval(), fit.prediction_interval(level=0.5)
    assert wide["se"].equals(narrow["se"])
    ratio = (narrow["upper"] - narrow["lower"]) / (wide["upper"] - wide["lower"])
    assert ratio.to_numpy() == pytest.approx(0.6744898 / 1.9599640, rel=1e-6)


def test_profile_intervals_stand_beside_the_estimates_of_the_fit(fit):
    table = fit.profile_interval(level=0.5)
    assert table.index.to_list() == ["sigma2_b", "sigma2_e", "(Intercept)"]
    assert table["estimate"].to_list() == [*fit.theta, fit.beta.iloc[0]]
    assert (table["lower"] < table["upper"]).all()


def test_profile_interval_refuses_a_level_outside_0_and_1(fit):
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit.profile_interval(level=95)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_a_fit_with_sigma2_b_held_at_0_is_a_regression_with_two_parameters(method, data):
    fit = lt.lmm(FORMULA, data, method, sigma2_b=0)
    assert fit.holds_b
    assert fit.n_parameters == 2
    assert fit.sigma2_b == 0
    assert fit.sigma2_e == pytest.approx(np.var(fit.y, ddof=method == "REML"), rel=1e-10)
    assert fit.ranef["woman"]["(Intercept)"].to_list() == [0] * 5
    expected = norm(fit.y.mean(), np.sqrt(fit.sigma2_e)).logpdf(fit.y).sum()
    if method == "REML":
        expected += 0.5 * np.log(2 * np.pi * fit.sigma2_e / 80)
    assert fit.loglik == pytest.approx(expected, rel=1e-12)
    assert fit.loglik == pytest.approx({"ML": -135.2290, "REML": -136.2265}[method], abs=5e-5)
    assert fit.aic == pytest.approx(4 - 2 * fit.loglik, rel=1e-14)
    assert fit.bic == pytest.approx(2 * np.log(80) - 2 * fit.loglik, rel=1e-14)


def test_a_fit_whose_variance_is_estimated_as_0_still_has_it_as_a_parameter():
    fit = lt.lmm("Yield ~ 1 + (1 | Batch)", lt.load_data("dyestuff2"))
    assert fit.is_singular
    assert not fit.holds_b
    assert fit.n_parameters == 3


@pytest.mark.parametrize(("method", "d"), [("REML", 4), ("ML", 5)])
def test_a_variance_held_elsewhere_stays_there(method, d, data):
    fit = lt.lmm(FORMULA, data, method, sigma2_b=0.5)
    assert (fit.sigma2_b, fit.n_parameters, fit.holds_b) == (0.5, 2, True)
    # The slope of the likelihood along σ_ε², from the sums of squares of balanced data.
    means = 16 * 0.5 + fit.sigma2_e
    slope = 113.2643195716 / means**2 - d / means
    slope += 24.4076815187 / fit.sigma2_e**2 - 75 / fit.sigma2_e
    assert slope == pytest.approx(0, abs=1e-3)


def test_a_held_variance_must_be_one(data):
    with pytest.raises(ValueError, match="sigma2_b = -1, but as a variance it must"):
        lt.lmm(FORMULA, data, sigma2_b=-1)


def test_wald_intervals_are_rs(case):
    fit, r = case.fit("REML"), case.golden["ci_wald_beta"]
    table = fit.wald_interval()
    assert table[["lower", "upper"]].to_numpy() == pytest.approx(np.array(r), rel=1e-8)
    assert table.index.to_list() == fit.beta.index.to_list()
    assert table.columns.to_list() == ["estimate", "lower", "upper"]
    assert table["estimate"].to_list() == fit.beta.to_list()


def test_wald_interval_of_the_mean_of_the_women(fit):
    table = fit.wald_interval()
    assert table.loc["(Intercept)"].to_list() == pytest.approx(
        [14.1751, 13.0091, 15.3412], abs=5e-5
    )
    narrow = fit.wald_interval(level=0.5).loc["(Intercept)"]
    assert narrow["upper"] - narrow["lower"] == pytest.approx(2 * 0.6744898 * 0.5949, abs=1e-4)


def test_wald_interval_refuses_a_level_outside_0_and_1(fit):
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit.wald_interval(level=95)


def test_profile_intervals_of_a_fit_with_a_held_variance_hold_it_too(data):
    table = lt.lmm(FORMULA, data, "ML", sigma2_b=0).profile_interval()
    assert list(table.index) == ["sigma2_e", "(Intercept)"]
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()


# Any random part ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("random", "as_in_R"),
    [
        ("(t || a/b)", "b.a t, b.a.1 (Intercept), a t, a.1 (Intercept)"),
        ("(1 | b) + (t || a)", "b (Intercept), a (Intercept), a.1 t"),
        ("(t || b) + (1 | a) + (1 | b:a)", "b.a (Intercept), b t, b.1 (Intercept), a (Intercept)"),
        ("(t | a/b)", "b:a (Intercept), b:a t, b:a (Intercept), a (Intercept), a t, a (Intercept)"),
    ],
)
def test_bars_have_the_order_and_the_names_that_lme4_gives_them(random, as_in_R):
    rng = np.random.default_rng(1)
    data = pd.DataFrame(list(product(range(4), range(5), range(4))), columns=["a", "b", "row"])
    a, b = rng.normal(size=4)[data["a"]], rng.normal(size=5)[data["b"]]
    data = data.assign(t=rng.normal(size=80), y=a + b + rng.normal(size=80))
    table = lt.lmm(f"y ~ t + {random}", data).varcomp[:-1]
    assert ", ".join(table["grp"] + " " + table["var1"]) == as_in_R


def test_theta_has_each_variance_and_covariance_once():
    fit = lt.lmm("Reaction ~ Days + (Days | Subject)", lt.load_data("sleepstudy"))
    D = fit.covariance
    assert D.shape == (2, 2)
    assert D[0, 1] == D[1, 0]
    assert fit.theta.tolist() == [D[0, 0], D[1, 0], D[1, 1], fit.sigma2_e]
    table = fit.varcomp
    assert table["vcov"].to_list() == [D[0, 0], D[1, 1], D[1, 0], fit.sigma2_e]
    assert table["sdcor"][2] == pytest.approx(D[1, 0] / np.sqrt(D[0, 0] * D[1, 1]), rel=1e-12)
    assert fit.n_parameters == 6


def test_the_random_part_is_laid_out_bar_by_bar_and_group_by_group():
    data = lt.load_data("pastes")
    fit = lt.lmm("strength ~ 1 + (1 | batch/cask)", data)
    assert fit.groups == {"cask:batch": 30, "batch": 10}
    assert fit.Z.shape == (60, 40)
    assert (fit.Z[:, :30].sum(axis=1) == 1).all()
    assert fit.b == pytest.approx(
        np.concatenate([values["(Intercept)"].to_numpy() for values in fit.ranef.values()])
    )
    assert fit.fitted.to_numpy() == pytest.approx(fit.beta.iloc[0] + fit.Z @ fit.b, rel=1e-12)
    assert np.diag(fit.D) == pytest.approx(np.repeat(fit.theta[:2], [30, 10]), rel=1e-12)
    assert fit.ranef["cask:batch"].index[:3].to_list() == ["a:A", "a:B", "a:C"]


def test_there_is_no_one_sigma2_b_of_several_effects():
    fit = lt.lmm("Reaction ~ Days + (Days | Subject)", lt.load_data("sleepstudy"))
    assert not fit.is_random_intercept
    with pytest.raises(AttributeError, match="no one sigma2_b: see varcomp"):
        _ = fit.sigma2_b


def test_two_bars_of_one_factor_are_named_as_in_lme4():
    data = lt.load_data("sleepstudy")
    double = lt.lmm("Reaction ~ Days + (Days || Subject)", data)
    single = lt.lmm("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", data)
    assert double.varcomp["grp"].to_list() == ["Subject", "Subject.1", "Residual"]
    assert double.formula == "Reaction ~ Days + ((1 | Subject) + (0 + Days | Subject))"
    assert double.theta.tolist() == single.theta.tolist()
    assert list(double.ranef["Subject"].columns) == ["(Intercept)", "Days"]


def test_groups_may_have_names_that_need_backticks():
    data = lt.load_data("rail")
    fit = lt.lmm("travel ~ 1 + (1 | `the rail`)", data.rename(columns={"Rail": "the rail"}))
    assert fit.theta.tolist() == lt.lmm("travel ~ 1 + (1 | Rail)", data).theta.tolist()
    assert fit.groups == {"the rail": 6}
