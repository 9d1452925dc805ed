"""Chapter 7: what to expect of a known group and of a new one, and how far off that may be."""

import numpy as np
import pandas as pd
import pytest
from general_cases import GENERAL, data_of, fit_of, golden
from scipy.stats import norm, t

import lmmteach as lt
from lmmteach import crossed
from lmmteach.blup import shrinkage_factor
from lmmteach.fit import NewGroupWarning
from lmmteach.model import D_matrix, V_theta
from lmmteach.prediction import (
    normal_interval,
    predict_known,
    predict_measured,
    predict_new,
    t_interval,
)
from lmmteach.profile import P_matrix, gls

REML = (1.74941525871139, 0.32543575358303)
WOMEN = np.eye(5)
ONES = np.ones((5, 1))


@pytest.fixture(scope="module", params=["estrone", "unbalanced"])
def study(request):
    return request.getfixturevalue(request.param)


def parts(study, theta=REML):
    """𝒟, Z, V, y and X, as the functions want them."""
    y, X, Z = study
    return D_matrix(theta[0], Z.shape[1]), Z, V_theta(theta, Z), y, X


def test_level_and_next_value_of_woman_1(estrone):
    level, variance = predict_known(ONES, WOMEN, *parts(estrone))
    assert level[0] == pytest.approx(13.5522, abs=5e-5)
    assert variance[0] == pytest.approx(0.0201527, abs=5e-8)
    next_value = variance[0] + REML[1]
    assert np.sqrt(next_value) == pytest.approx(0.5879, abs=5e-5)
    assert normal_interval(level[0], next_value) == pytest.approx((12.400, 14.704), abs=5e-4)


def test_level_and_first_value_of_a_new_woman(estrone):
    _, _, V, y, X = parts(estrone)
    (level,), (variance,) = predict_new(ONES[:1], REML[0], V, y, X)
    assert level == pytest.approx(14.1751, abs=5e-5)
    first_value = variance + REML[1]
    assert first_value == pytest.approx(2.428802, abs=5e-7)
    assert np.sqrt(first_value) == pytest.approx(1.5585, abs=5e-5)
    assert normal_interval(level, first_value) == pytest.approx((11.12, 17.23), abs=5e-3)


def test_variance_for_a_known_group_in_balanced_data(estrone):
    factor = shrinkage_factor(16, REML)
    expected = REML[1] / 16 * (factor + (1 - factor) / 5)
    _, variance = predict_known(ONES, WOMEN, *parts(estrone))
    assert variance == pytest.approx(np.full(5, expected), rel=1e-9)


def test_prediction_is_the_shrunken_mean_of_the_group(study):
    n_i = study.Z.sum(axis=0)
    (mu,), _ = gls(V_theta(REML, study.Z), study.y, study.X)
    factor = shrinkage_factor(n_i, REML)
    expected = factor * (study.Z.T @ study.y / n_i) + (1 - factor) * mu
    prediction, _ = predict_known(ONES, WOMEN, *parts(study))
    assert prediction == pytest.approx(expected, rel=1e-12)


def test_variance_for_a_known_group_written_out_as_that_of_a_linear_function(study):
    x, z = np.array([[2.0]]), np.array([[0, 1.5, 0, -1, 0.5]])
    D, Z, V, y, X = parts(study)
    _, Phi = gls(V, y, X)
    # The prediction is weights · y, and what it predicts is xβ + zb.
    weights = x @ Phi @ X.T @ np.linalg.inv(V) + z @ D @ Z.T @ P_matrix(V, X)
    expected = weights @ V @ weights.T - 2 * weights @ Z @ D @ z.T + z @ D @ z.T
    prediction, variance = predict_known(x, z, D, Z, V, y, X)
    assert prediction == pytest.approx(weights @ y, rel=1e-10)
    assert variance == pytest.approx(expected.ravel(), rel=1e-9)


def test_a_prediction_without_random_effect_has_the_variance_of_x_beta(study):
    _, _, V, y, X = parts(study)
    beta, Phi = gls(V, y, X)
    prediction, variance = predict_known(ONES[:1], np.zeros((1, 5)), *parts(study))
    assert prediction == pytest.approx(beta, rel=1e-12)
    assert variance == pytest.approx(Phi[0], rel=1e-12)


def test_a_new_group_is_a_known_group_without_observations(study):
    _, _, V, y, X = parts(study)
    with_empty_group = study._replace(Z=np.column_stack([study.Z, np.zeros(len(y))]))
    prediction, variance = predict_new(ONES[:1], REML[0], V, y, X)
    expected = predict_known(ONES[:1], np.eye(6)[5:], *parts(with_empty_group))
    assert prediction == pytest.approx(expected[0], rel=1e-12)
    assert variance == pytest.approx(expected[1], rel=1e-12)


def test_each_row_is_predicted_on_its_own(study):
    together = predict_known(ONES, WOMEN, *parts(study))
    for i in range(5):
        alone = predict_known(ONES[i : i + 1], WOMEN[i : i + 1], *parts(study))
        assert np.ravel(alone) == pytest.approx([together[0][i], together[1][i]], rel=1e-12)


def test_new_group_refuses_a_negative_variance(estrone):
    with pytest.raises(ValueError, match="sigma2_b = -1, but as a variance it must"):
        predict_new(ONES, -1.0, np.eye(80), estrone.y, estrone.X)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_normal_interval_covers_as_much_as_it_says(level):
    low, high = normal_interval(np.array([3.0, 5.0]), np.array([4.0, 1.0]), level)
    assert norm(3, 2).cdf(high[0]) - norm(3, 2).cdf(low[0]) == pytest.approx(level)
    assert (low + high) / 2 == pytest.approx([3, 5])


@pytest.mark.parametrize("level", [0, 1, 95])
def test_normal_interval_refuses_a_level_outside_0_and_1(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        normal_interval(1.0, 1.0, level)


def test_before_any_measurement_a_new_woman_is_predicted_as_new(study):
    _, _, V, y, X = parts(study)
    (level,), (variance,) = predict_new([[2.0]], REML[0], V, y, X)
    assert predict_measured([2.0], [], REML, V, y, X) == pytest.approx((level, variance), rel=1e-14)


def test_one_value_of_30_pg_per_ml_moves_the_prediction_by_the_intraclass_correlation(estrone):
    _, _, V, y, X = parts(estrone)
    value = 10 * np.log10(30)
    level, variance = predict_measured([1.0], [value], REML, V, y, X)
    assert level == pytest.approx(14.6777, abs=5e-5)
    assert (level - y.mean()) / (value - y.mean()) == pytest.approx(0.843, abs=5e-4)
    left, var_mean = 1 - shrinkage_factor(1, REML), (REML[0] + REML[1] / 16) / 5
    assert variance == pytest.approx(left**2 * var_mean + left * REML[0], rel=1e-10)
    assert variance == pytest.approx(0.2831, abs=5e-5)


@pytest.mark.parametrize("measurements", [[15.5], [13.0, 15.5], [13.0, 15.5, 16.0, 12.5, 14.1]])
@pytest.mark.parametrize("theta", [REML, (0.2, 0.9)])
def test_prediction_of_a_measured_group_is_that_of_the_joint_normal_law(
    measurements, theta, unbalanced
):
    y, Z = unbalanced.y, unbalanced.Z
    X = np.column_stack([np.ones(31), np.linspace(-1, 1, 31)])
    x, m = np.array([1.0, 0.7]), len(measurements)
    V = V_theta(theta, Z)
    beta, Phi = gls(V, y, X)
    # Given β: b of the new group and its measurements are normal together.
    cov_b_values = np.full(m, theta[0])
    cov_values = theta[0] * np.ones((m, m)) + theta[1] * np.eye(m)
    weights = np.linalg.solve(cov_values, cov_b_values)
    expected = x @ beta + weights @ (np.array(measurements) - x @ beta)
    # The error is linear in the error of xβ̂, in b and in the new errors, which are independent.
    from_b, from_level = weights.sum() - 1, 1 - weights.sum()
    expected_variance = (
        from_level**2 * (x @ Phi @ x) + from_b**2 * theta[0] + weights @ weights * theta[1]
    )
    level, variance = predict_measured(x, measurements, theta, V, y, X)
    assert level == pytest.approx(expected, rel=1e-12)
    assert variance == pytest.approx(expected_variance, rel=1e-10)


def test_measurements_make_a_new_woman_known(estrone):
    _, _, V, y, X = parts(estrone)
    values = np.tile([12.0, 13.0], 50_000)
    variances = [predict_measured([1.0], values[:m], REML, V, y, X)[1] for m in (0, 1, 2, 16, 100)]
    assert np.all(np.diff(variances) < 0)
    level, variance = predict_measured([1.0], values, REML, V, y, X)
    assert level == pytest.approx(12.5, abs=1e-4)
    assert variance == pytest.approx(REML[1] / 100_000, rel=1e-4)


def test_without_variance_between_women_her_own_values_do_not_count(estrone):
    theta = (0.0, 1.7427)
    y, X, Z = estrone
    level, variance = predict_measured([1.0], [20.0, 21.0], theta, V_theta(theta, Z), y, X)
    assert level == pytest.approx(y.mean(), rel=1e-12)
    assert variance == pytest.approx(1.7427 / 80, rel=1e-10)


def test_measured_group_refuses_what_does_not_fit(estrone):
    _, _, V, y, X = parts(estrone)
    with pytest.raises(ValueError, match="sigma2_b = -1, but as a variance it must"):
        predict_measured([1.0], [14.0], (-1, 1), V, y, X)
    with pytest.raises(ValueError, match="sigma2_e = -1, but as a variance it must"):
        predict_measured([1.0], [14.0], (1, -1), V, y, X)
    with pytest.raises(ValueError, match="X has 1 columns, but going by x there should be p = 2"):
        predict_measured([1.0, 2.0], [14.0], REML, V, y, X)


def test_measured_group_refuses_a_missing_measurement(estrone):
    _, _, V, y, X = parts(estrone)
    with pytest.raises(ValueError, match="measurements has a missing or infinite value"):
        predict_measured([1.0], [14.0, np.nan], REML, V, y, X)


def test_a_group_without_measurements_refuses_a_negative_variance_too(estrone):
    _, _, V, y, X = parts(estrone)
    with pytest.raises(ValueError, match="sigma2_e = -1, but as a variance it must"):
        predict_measured([1.0], [], (1, -1), V, y, X)


def test_t_intervals_of_estrone(estrone):
    _, _, V, y, X = parts(estrone)
    (level,), (variance,) = predict_new(ONES[:1], REML[0], V, y, X)
    assert t_interval(level, variance + REML[1], 4) == pytest.approx((9.85, 18.50), abs=5e-3)
    _, covariance = gls(V, y, X)
    assert t_interval(level, covariance[0, 0], 4) == pytest.approx((12.523, 15.827), abs=5e-4)


@pytest.mark.parametrize("df", [1, 4, 30.5])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_t_interval_covers_as_much_as_it_says(level, df):
    low, high = t_interval(np.array([3.0, 5.0]), np.array([4.0, 1.0]), df, level)
    tail, mean, sd = (1 - level) / 2, [3, 5], [2, 1]
    assert low == pytest.approx(t.ppf(tail, df, mean, sd), rel=1e-9)
    assert high == pytest.approx(t.isf(tail, df, mean, sd), rel=1e-9)


def test_t_interval_of_many_groups_is_the_normal_one():
    assert t_interval(3.0, 4.0, 1e9) == pytest.approx(normal_interval(3.0, 4.0), rel=1e-7)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_t_interval_refuses_a_level_outside_0_and_1(level):
    with pytest.raises(ValueError, match=f"level = {level}, but it must be between 0 and 1"):
        t_interval(1.0, 1.0, 4, level)


@pytest.mark.parametrize("df", [0, -1])
def test_t_interval_refuses_no_degrees_of_freedom(df):
    with pytest.raises(ValueError, match=f"df = {df}, but .+ must be greater than 0"):
        t_interval(1.0, 1.0, df)


# Every model ----------------------------------------------------------------------------------

either_method = pytest.mark.parametrize("method", ["REML", "ML"])
either_engine = pytest.mark.parametrize("engine", ["fast", "literal"])
WITH_NEW = ("sleepstudy_slope", "pastes", "penicillin")


@either_method
@either_engine
@pytest.mark.parametrize("name", GENERAL)
def test_prediction_errors_of_the_data_are_rs(name, engine, method):
    fit = fit_of(name, method, engine)
    r = golden(name)[f"pred_variance_{method.lower()}"]
    expected = np.array(r["var_fitted"]) + fit.sigma2_e
    for newdata in (None, data_of(name)):
        table = fit.prediction_interval(newdata)
        np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-7)
        np.testing.assert_allclose(
            table["prediction"], golden(name)[method.lower()]["fitted"], rtol=1e-8
        )


@either_method
@pytest.mark.parametrize("name", GENERAL)
def test_prediction_errors_of_random_effects_are_rs(name, method):
    fit = fit_of(name, method)
    r = golden(name)[f"pred_variance_{method.lower()}"]
    covariance = lt.blup.prediction_error_covariance(fit.D, fit.Z, fit.V, fit.X)
    np.testing.assert_allclose(np.sort(np.diag(covariance)), np.sort(r["pev_diag"]), rtol=1e-6)


@either_method
@either_engine
@pytest.mark.parametrize("name", WITH_NEW)
def test_predictions_with_new_levels_of_some_factors_are_rs(name, engine, method):
    r = golden(name)["predict"]
    fit, newdata = fit_of(name, method, engine), pd.DataFrame(r["newdata"])
    with pytest.warns(NewGroupWarning):
        found = fit.predict(newdata)
    kind = method.lower()
    np.testing.assert_allclose(found, r[f"{kind}_conditional_allow_new"], rtol=1e-8)
    population = fit.predict(newdata, include_random=False)
    np.testing.assert_allclose(population, r[f"{kind}_population"], rtol=1e-8)


@either_engine
@pytest.mark.parametrize("name", WITH_NEW)
def test_a_new_group_may_have_any_effects(name, engine):
    fit, newdata = fit_of(name, engine=engine), pd.DataFrame(golden(name)["predict"]["newdata"])
    with pytest.warns(NewGroupWarning):
        table = fit.prediction_interval(newdata)
    # The model with its new groups as columns of Z, of which there are no data.
    both = pd.concat([data_of(name), newdata.assign(**{_response(name): 0.0})], ignore_index=True)
    frame = lt.lmm(golden(name)["formula"], both).frame
    n = fit.nobs
    D = frame.random.D(fit.covariance)
    V = frame.Z[:n] @ D @ frame.Z[:n].T + fit.sigma2_e * np.eye(n)
    prediction, variance = predict_known(
        frame.X[n:], frame.Z[n:], D, frame.Z[:n], V, fit.y, frame.X[:n]
    )
    np.testing.assert_allclose(table["prediction"], prediction, rtol=1e-8)
    np.testing.assert_allclose(table["se"] ** 2, variance + fit.sigma2_e, rtol=1e-7)


@either_method
@pytest.mark.parametrize("most", [1, 100, 10**6])
@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (1 | a) + (1 | b)",
        "y ~ x + (x | a) + (1 | b)",
        "y ~ x + (1 | a) + (x | b)",
        "y ~ x + (x || a) + (x | b) + (1 | c)",
        "y ~ x + (x | b/c)",
    ],
)
def test_prediction_errors_of_several_factors_are_those_with_V(formula, most, method, monkeypatch):
    rng = np.random.default_rng(8)
    n = 150
    x, w = 5 + rng.normal(size=n), rng.uniform(0.5, 3, n)
    a, b, c = rng.integers(0, 15, n), rng.integers(0, 6, n), rng.integers(0, 4, n)
    y = x + rng.normal(size=15)[a] * x + rng.normal(size=6)[b] + rng.normal(size=4)[c]
    data = pd.DataFrame({"y": y + rng.normal(size=n), "x": x, "a": a, "b": b, "c": c, "w": w})
    monkeypatch.setattr(crossed, "MOST_ENTRIES", most)
    fast, literal = (
        lt.lmm(formula, data, method, engine=e, weights="w") for e in ("fast", "literal")
    )
    np.testing.assert_allclose(fast.leverage, literal.leverage, rtol=1e-6)
    new = data.iloc[:6].assign(a=[-1, 3, 4, -1, 5, 6], b=[-1, -1, 2, 3, 4, 5])
    with pytest.warns(NewGroupWarning):
        found, right = fast.prediction_interval(new), literal.prediction_interval(new)
    np.testing.assert_allclose(found, right, rtol=1e-6)


def _response(name):
    return golden(name)["formula"].partition(" ~ ")[0]


@pytest.mark.parametrize("name", GENERAL)
def test_wald_intervals_of_every_model_are_rs(name):
    np.testing.assert_allclose(
        fit_of(name).wald_interval()[["lower", "upper"]], golden(name)["ci_wald_beta"], rtol=1e-7
    )


@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ x + (1 | g) + (1 | h)"]
)
def test_predictions_for_many_rows_take_no_V(formula):
    rng = np.random.default_rng(6)
    n, q = 100_000, 5_000
    g, h, x = rng.integers(0, q, n), rng.integers(0, 50, n), rng.normal(size=n)
    y = x + rng.normal(size=q)[g] + rng.normal(size=50)[h] + rng.normal(size=q)[g] * x
    data = pd.DataFrame({"y": y + rng.normal(size=n), "x": x, "g": g, "h": h})
    fit = lt.lmm(formula, data)
    few = data.iloc[:5].assign(g=[g[0], g[1], -1, g[3], -1])
    with pytest.warns(NewGroupWarning):
        table = fit.prediction_interval(few)
    assert len(fit.prediction_interval()) == len(fit.augment()) == n
    assert table["se"].iloc[[2, 4]].min() > table["se"].iloc[[0, 1, 3]].max()
    assert fit.predict(data.iloc[:3]).to_numpy() == pytest.approx(fit.fitted.to_numpy()[:3])
