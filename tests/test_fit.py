"""The fitted model as its user meets it: names, orders, types, predictions."""

import numpy as np
import pandas as pd
import pytest

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
        "sigma2_b = 1.7494, sigma2_e = 0.3254; summary() prints the whole fit"
    )


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
