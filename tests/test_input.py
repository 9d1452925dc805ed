"""What is refused, and whether the message says where the mistake is and what to do."""

import warnings

import numpy as np
import pandas as pd
import pytest

import lmmteach as lt
from lmmteach.fit import NewGroupWarning
from lmmteach.likelihood import fit_ml, loglik, score
from lmmteach.model import D_matrix, V_theta
from lmmteach.profile import gls, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik

FORMULA = "logestrone ~ 1 + (1 | woman)"


@pytest.fixture
def data():
    return lt.load_data("estrone")


def with_value(data, row, column, value):
    changed = data.copy()
    changed[column] = changed[column].astype(object if isinstance(value, str | None) else float)
    changed.loc[row, column] = value
    return changed


@pytest.mark.parametrize("column", ["logestrone", "measurement", "woman"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_or_infinite_value_is_named_by_column_and_row(column, value, data):
    bad = with_value(data, 7, column, value)
    message = rf"Column '{column}' .* missing or infinite value in row 7\..*dropna"
    with pytest.raises(ValueError, match=message):
        lt.lmm("logestrone ~ measurement + (1 | woman)", bad)


def test_row_is_named_as_the_data_name_it(data):
    bad = with_value(data, 7, "logestrone", np.nan)
    # Rows that were left out before make a plain index of numbers.
    with pytest.raises(ValueError, match=r"in row 7\."):
        lt.lmm(FORMULA, bad.drop(index=3))
    named = bad.set_index(pd.Index([f"r{i}" for i in range(80)]))
    with pytest.raises(ValueError, match=r"in row 'r7'\."):
        lt.lmm(FORMULA, named)


def test_all_missing_values_are_counted(data):
    bad = with_value(with_value(data, 7, "logestrone", np.nan), 30, "logestrone", np.nan)
    with pytest.raises(ValueError, match="row 7 and 1 more"):
        lt.lmm(FORMULA, bad)


def test_missing_label_of_text(data):
    labels = data["woman"].map("woman {}".format).where(data.index != 3)
    with pytest.raises(ValueError, match=r"Column 'woman' .* in row 3"):
        lt.lmm(FORMULA, data.assign(woman=labels))


def test_missing_values_where_the_formula_does_not_look_do_not_matter(data):
    holes = with_value(data, 7, "estrone", np.nan)
    assert lt.lmm(FORMULA, holes).loglik == lt.lmm(FORMULA, data).loglik


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[d["woman"] == 1], "column 'woman' has only one level, 1, .* two groups"),
        (lambda d: d.groupby("woman").head(1), "'woman' has one observation per group"),
        (lambda d: d.assign(logestrone=3.0), "is constant: every value is 3"),
        (lambda d: d.assign(logestrone=d["woman"] * 1.0), "does not vary within groups"),
        (lambda d: d.assign(logestrone="high"), "must be one column of numbers.*: logestrone"),
        (lambda d: d.assign(logestrone=d["logestrone"].astype(str)), "one column of numbers"),
        (lambda d: d.iloc[:0], "data has no rows"),
    ],
)
def test_data_that_cannot_tell_the_parameters(change, message, data):
    with pytest.raises(ValueError, match=message):
        lt.lmm(FORMULA, change(data))


def test_fewer_observations_than_parameters(data):
    with pytest.raises(
        ValueError, match="3 observations cannot determine 2 coefficients and 2 var"
    ):
        lt.lmm("logestrone ~ measurement + (1 | woman)", data.iloc[[0, 1, 16]])


def test_rank_deficient_X_names_the_column_that_is_too_much(data):
    twice = data.assign(again=2 * data["measurement"], one=1.0)
    with pytest.raises(ValueError, match=r"rank deficient: its column 'again' .*measurement"):
        lt.lmm("logestrone ~ measurement + again + (1 | woman)", twice)
    with pytest.raises(ValueError, match=r"rank deficient: its column 'one' .*\(Intercept\)"):
        lt.lmm("logestrone ~ one + (1 | woman)", twice)
    with pytest.raises(ValueError, match=r"'none' is 0 in every row\. Leave it out of the formula"):
        lt.lmm("logestrone ~ none + (1 | woman)", twice.assign(none=0))


def test_groups_that_are_in_the_fixed_part_too(data):
    with pytest.raises(ValueError, match="fixed part already explains the groups"):
        lt.lmm("logestrone ~ C(woman) + (1 | woman)", data)


def test_response_that_stands_on_both_sides(data):
    with pytest.raises(ValueError, match="X explains the response exactly"):
        lt.lmm("logestrone ~ logestrone + (1 | woman)", data)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_log_of_0(data):
    zeros = data.assign(estrone=data["estrone"].where(data.index != 5, 0))
    with pytest.raises(ValueError, match=r"log\(estrone\) is not finite .* log of 0"):
        lt.lmm("log(estrone) ~ 1 + (1 | woman)", zeros)
    with pytest.raises(ValueError, match=r"fixed part is not finite .* log of 0"):
        lt.lmm("logestrone ~ log(estrone) + (1 | woman)", zeros)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("logestron ~ 1 + (1 | woman)", "no column 'logestron'. Did you mean 'logestrone'"),
        ("logestrone ~ 1 + (1 | women)", "no column 'women'. Did you mean 'woman'"),
        (
            "logestrone ~ 1 + (1 | subject)",
            "no column 'subject'. Its columns are woman, measurement",
        ),
        ("logestrone ~ 1", r"no random part. Add one in parentheses, such as '\(1 \| g\)'"),
        ("logestrone ~ 1 | woman", r"random part goes in parentheses: \(1 \| g\)"),
        ("logestrone ~ 0 + (1 | woman)", "no fixed part. Keep at least the mean"),
        ("1 + (1 | woman)", "names no response"),
        ("logestrone ~ ((1 | woman)", "cannot be read.*It should look like"),
        ("logestrone ~~ (1 | woman)", "cannot be read.*It should look like"),
        ("logestrone ~ 1 $ (1 | woman)", "cannot be read.*It should look like"),
        ("logestrone + estrone ~ 1 + (1 | woman)", "cannot be read.*It should look like"),
        ("", "cannot be read.*It should look like"),
        ("ln(estrone) ~ 1 + (1 | woman)", "uses 'ln', which is not known"),
    ],
)
def test_formulas_that_say_something_else(formula, message, data):
    with pytest.raises(ValueError, match=message):
        lt.lmm(formula, data)


@pytest.mark.parametrize(
    ("random_part", "message"),
    [
        ("(1 | C(woman))", r"columns to the right of the bar, but found 'C\(woman\)'"),
        ("(1 | woman / C(measurement))", r"right of the bar, but found 'C\(measurement\)'"),
    ],
)
def test_models_that_are_not_fitted_yet(random_part, message, data):
    with pytest.raises(NotImplementedError, match=message):
        lt.lmm(f"logestrone ~ 1 + {random_part}", data)


def test_unknown_method(data):
    with pytest.raises(ValueError, match=r'\'reml\' is unknown\. Choose "REML" or "ML"'):
        lt.lmm(FORMULA, data, method="reml")


def test_data_and_formula_of_another_kind(data):
    with pytest.raises(TypeError, match="data must be a pandas DataFrame, not a dict"):
        lt.lmm(FORMULA, data.to_dict())
    with pytest.raises(TypeError, match="formula must be a text such as"):
        lt.lmm(3, data)


def test_unknown_data_set_is_answered_with_the_nearest_name():
    with pytest.raises(ValueError, match=r"no data set 'estrogen'. Did you mean 'estrone'"):
        lt.load_data("estrogen")
    with pytest.raises(ValueError, match=r"no data set 3. The data sets are estrone, dyestuff"):
        lt.load_data(3)


@pytest.fixture(scope="module")
def jaws():
    return lt.lmm("distance ~ age * Sex + (1 | Subject)", lt.load_data("orthodont"))


CHILD = {"age": [8.0], "Sex": ["Male"], "Subject": ["M01"]}


@pytest.mark.parametrize("ask", ["predict", "prediction_interval"])
@pytest.mark.parametrize(
    ("newdata", "message"),
    [
        ({"age": [8.0], "Sex": ["Male"]}, "no column 'Subject'. .*include_random=False"),
        (
            {"age": [8.0], "Subject": ["M01"]},
            "newdata has no column 'Sex'. Its columns are age, Subject",
        ),
        (CHILD | {"age": [np.nan]}, "Column 'age' of newdata .* in row 0"),
        (CHILD | {"Sex": ["Other"]}, r"newdata does not fit .*'Sex', the level 'Other' is not in"),
        (CHILD | {"Subject": [None]}, "Column 'Subject' of newdata .* in row 0"),
    ],
)
def test_newdata_that_do_not_fit(ask, newdata, message, jaws):
    with pytest.raises(ValueError, match=message):
        getattr(jaws, ask)(pd.DataFrame(newdata))


def test_newdata_of_another_kind(jaws):
    with pytest.raises(TypeError, match="newdata must be a pandas DataFrame, not a dict"):
        jaws.predict(CHILD)


def test_a_new_group_gets_the_population_value_and_says_so(jaws):
    newdata = pd.DataFrame({"age": [8.0, 8.0], "Sex": ["Male"] * 2, "Subject": ["M01", "M99"]})
    message = r"1 row\(s\) belong to a Subject that is not in the data, .* population value"
    with pytest.warns(NewGroupWarning, match=message):
        prediction = jaws.predict(newdata)
    population = jaws.predict(newdata, include_random=False)
    assert prediction[1] == population[1]
    assert prediction[0] != population[0]


def test_nothing_is_said_where_every_group_is_known_or_none_is_asked_for(jaws):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = jaws.predict(pd.DataFrame(CHILD))
        population = jaws.predict(pd.DataFrame(CHILD | {"Subject": ["M99"]}), include_random=False)
        without_group = jaws.predict(pd.DataFrame(CHILD)[["age", "Sex"]], include_random=False)
    assert len(known) == len(population) == len(without_group) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.ones((6, 1))}, r"y has shape \(6, 1\), but it must be flat.*y\.ravel\(\)"),
        ({"X": np.ones((2, 6))}, "X has 2 rows, but going by V there should be n = 6"),
        ({"X": np.ones(6)}, r"X has shape \(6,\).*X\.reshape\(-1, 1\)"),
        ({"V": np.eye(5)}, "y has 6 entries, but going by V there should be n = 5"),
        ({"V": np.ones((6, 2))}, "V has 2 columns, but going by its rows there should be n = 6"),
        ({"y": ["a"] * 6}, "y must hold numbers only"),
        ({"y": [1, 2, 3, 4, 5, np.nan]}, "y has a missing or infinite value"),
        ({"y": 3.0}, r"y has shape \(\), but it must be flat, with n entries"),
    ],
)
def test_arrays_that_do_not_fit_together(arguments, message):
    fitting = {"V": np.eye(6), "y": np.arange(6.0), "X": np.ones((6, 2))}
    with pytest.raises(ValueError, match=message):
        gls(**(fitting | arguments))


def test_beta_that_does_not_fit_X():
    with pytest.raises(
        ValueError, match="X has 2 columns, but going by beta there should be p = 3"
    ):
        loglik(np.zeros(3), np.eye(6), np.arange(6.0), np.ones((6, 2)))


def test_Z_that_does_not_fit_y():
    with pytest.raises(ValueError, match="Z has 5 rows, but going by V there should be n = 6"):
        score([0], np.eye(6), np.arange(6.0), np.ones((6, 1)), np.ones((5, 2)))


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ((-1, 1), "sigma2_b = -1, but as a variance it must"),
        ((1, -0.5), "sigma2_e = -0.5, but as a variance it must"),
        ((1, np.nan), "theta has a missing or infinite value"),
        (("large", 1), "theta must hold numbers only"),
        ((1, 2, 3), r"theta has shape \(3,\), but it must be two numbers"),
        (1.5, r"theta has shape \(\), but it must be two numbers"),
    ],
)
def test_theta_that_is_not_two_variances(theta, message):
    with pytest.raises(ValueError, match=message):
        V_theta(theta, np.ones((3, 1)))


def test_a_variance_that_is_infinite():
    with pytest.raises(ValueError, match="sigma2_b = inf, but as a variance it must"):
        D_matrix(np.inf, 3)


@pytest.mark.parametrize("function", [gls, profile_loglik, restricted_loglik])
def test_V_without_errors_has_no_inverse(function, estrone):
    with pytest.raises(ValueError, match="V is not positive definite"):
        function(V_theta((1.0, 0.0), estrone.Z), estrone.y, estrone.X)


@pytest.mark.parametrize("fit", [fit_ml, fit_reml])
@pytest.mark.parametrize(
    ("y", "X", "groups", "message"),
    [
        ([1, 2, 3, 4, 6], [[1, 1]] * 5, [0, 0, 1, 1, 1], "2 columns of X are linearly dependent"),
        (
            [1, 2],
            [[1]] * 2,
            [0, 0],
            "2 observations cannot determine 1 coefficient and 2 variances",
        ),
        ([5, 5, 5, 5], [[1]] * 4, [0, 0, 1, 1], "explains the response exactly"),
        ([1, 2, 3, 5], [[1]] * 4, [0, 0, 0, 0], "more than one group"),
        ([1, 2, 3, 5], [[1]] * 4, [0, 1, 2, 3], "one observation per group"),
        ([1, 1, 3, 3], [[1]] * 4, [0, 0, 1, 1], "does not vary within groups"),
    ],
)
def test_arrays_that_cannot_tell_the_parameters(fit, y, X, groups, message):
    Z = np.eye(max(groups) + 1)[groups]
    with pytest.raises(ValueError, match=message):
        fit(y, X, Z)


@pytest.mark.parametrize("fit", [fit_ml, fit_reml])
def test_held_variances_must_be_variances(fit, estrone):
    with pytest.raises(ValueError, match="sigma2_b = -1, but as a variance it must"):
        fit(*estrone, sigma2_b=-1)
    with pytest.raises(ValueError, match="V is not positive definite"):
        fit(*estrone, sigma2_e=0)


@pytest.mark.parametrize("fit", [fit_ml, fit_reml])
def test_a_fit_that_does_not_arrive_says_so(fit, estrone, monkeypatch):
    monkeypatch.setattr("lmmteach._climb.STEPS", 1)
    with pytest.raises(ValueError, match=r"No maximum was found in 1 steps.*plot the profile"):
        fit(*estrone._replace(Z=estrone.Z * [1, 2, 3, 4, 5]))
