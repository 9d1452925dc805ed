"""Chapter 2: the log-likelihood, its slopes and curvatures, and its maximum."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from lmmteach.likelihood import (
    balanced_theta,
    curvature,
    fit_ml,
    half_traces,
    information,
    log_determinant,
    loglik,
    score,
    sums_of_squares,
)
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import gls, profile_loglik
from lmmteach.reml import fit_reml

ML = (1.39546426004936, 0.32543575358303)
REML = (1.74941525871139, 0.32543575358303)
MU = [14.1751155954417]


@pytest.fixture(scope="module")
def trend():
    """An unbalanced, unsorted study with a covariate, and a point that is no maximum."""
    rng = np.random.default_rng(8)
    Z = random_intercept_design(rng.permutation(np.repeat(["a", "b", "c", "d"], [6, 3, 2, 1])))
    X = np.column_stack([np.ones(12), rng.normal(size=12)])
    y = X @ [3.0, -1.0] + 2 * Z @ rng.normal(size=4) + rng.normal(size=12)
    return y, X, Z, np.array([2.5, -0.5, 0.7, 1.3])


def test_loglik_is_the_log_density_of_the_normal_law(trend):
    y, X, Z, x = trend
    V = V_theta(x[2:], Z)
    assert loglik(x[:2], V, y, X) == pytest.approx(
        multivariate_normal(X @ x[:2], V).logpdf(y), rel=1e-12
    )


def test_equation_1_and_what_software_prints_differ_by_the_constant(estrone):
    V = V_theta(ML, estrone.Z)
    assert loglik(MU, V, estrone.y, estrone.X) == pytest.approx(-79.2186653300, abs=1e-9)
    assert loglik(MU, V, estrone.y, estrone.X, constant=False) == pytest.approx(
        -5.7035826737, abs=1e-9
    )


def test_loglik_in_balanced_data_needs_only_sums_of_squares(estrone):
    sigma2_b, sigma2_e = 0.9, 0.4
    table = estrone.y.reshape(5, 16)
    means = table.mean(axis=1)
    within, between = np.sum((table - means[:, None]) ** 2), 16 * np.sum((means - 14.0) ** 2)
    mean_variance = sigma2_e + 16 * sigma2_b
    logdet = 5 * np.log(mean_variance) + 75 * np.log(sigma2_e)
    expected = -0.5 * (
        80 * np.log(2 * np.pi) + logdet + within / sigma2_e + between / mean_variance
    )
    V = V_theta((sigma2_b, sigma2_e), estrone.Z)
    assert loglik([14.0], V, estrone.y, estrone.X) == pytest.approx(expected, rel=1e-12)


def test_log_determinant_of_estrone(estrone):
    logdet = log_determinant(V_theta(REML, estrone.Z))
    assert logdet == pytest.approx(-67.4771, abs=5e-5)
    assert logdet == pytest.approx(
        5 * np.log(REML[1] + 16 * REML[0]) + 75 * np.log(REML[1]), rel=1e-12
    )


def test_log_determinant_where_the_determinant_is_0_to_a_computer():
    V = 1e-3 * np.eye(400)
    assert np.linalg.det(V) == 0
    assert log_determinant(V) == pytest.approx(400 * np.log(1e-3))


@pytest.mark.parametrize("V", [np.zeros((2, 2)), np.diag([1.0, -1.0])])
def test_log_determinant_refuses_a_V_that_is_not_positive_definite(V):
    with pytest.raises(ValueError, match="not positive definite"):
        log_determinant(V)


def test_score_is_the_slope_of_the_loglik(trend, slope):
    y, X, Z, x = trend
    expected = slope(lambda x: loglik(x[:2], V_theta(x[2:], Z), y, X), x)
    assert score(x[:2], V_theta(x[2:], Z), y, X, Z) == pytest.approx(expected, rel=1e-7)


def test_curvature_is_minus_the_slope_of_the_score(trend, slope):
    y, X, Z, x = trend
    expected = -slope(lambda x: score(x[:2], V_theta(x[2:], Z), y, X, Z), x)
    assert curvature(x[:2], V_theta(x[2:], Z), y, X, Z) == pytest.approx(
        expected, rel=1e-7, abs=1e-7
    )


def test_information_is_the_expected_curvature(trend, representative):
    _, X, Z, x = trend
    V = V_theta(x[2:], Z)
    data_sets = representative(X @ x[:2], V)
    mean = np.mean([curvature(x[:2], V, y, X, Z) for y in data_sets], axis=0)
    assert information(V, X, Z) == pytest.approx(mean, rel=1e-9, abs=1e-9)


def test_half_traces_written_out(trend):
    _, _, Z, x = trend
    W = np.linalg.inv(V_theta(x[2:], Z))
    parts = (Z @ Z.T, np.eye(len(Z)))
    expected = [[0.5 * np.trace(W @ k @ W @ m) for m in parts] for k in parts]
    assert half_traces(W, Z) == pytest.approx(np.array(expected), rel=1e-12)


def test_ml_in_balanced_data_has_a_closed_form(estrone):
    table = estrone.y.reshape(5, 16)
    within = table.var(axis=1, ddof=1).mean()
    beta, theta = fit_ml(*estrone)
    assert beta == pytest.approx([estrone.y.mean()], rel=1e-12)
    # The variance of the means around their mean, divided by 5, less what the errors put there.
    assert theta == pytest.approx([table.mean(axis=1).var() - within / 16, within], rel=1e-10)


def test_ml_of_the_unbalanced_cut(unbalanced, anchors):
    beta, theta = fit_ml(*unbalanced)
    expected = anchors["unbalanced"]["ml"]
    assert beta == pytest.approx([expected["beta"]], rel=1e-8)
    assert theta == pytest.approx([expected["sigma2_b"], expected["sigma2_e"]], rel=1e-6)
    assert theta == pytest.approx([2.7965, 0.2272], abs=5e-5)


def test_no_other_optimiser_climbs_higher_than_ml(trend):
    y, X, Z, start = trend

    def minus_loglik(x):
        return -loglik(x[:2], V_theta(np.exp(x[2:]), Z), y, X)

    start = np.concatenate([start[:2], np.log(start[2:])])
    other = minimize(minus_loglik, start, method="BFGS", options={"gtol": 1e-9})
    beta, theta = fit_ml(y, X, Z)
    top = loglik(beta, V_theta(theta, Z), y, X)
    assert top >= -other.fun - 1e-9
    assert np.concatenate([beta, theta]) == pytest.approx(
        np.concatenate([other.x[:2], np.exp(other.x[2:])]), rel=1e-4
    )


# Hills with two tops, of which the lower one is at σ_b² = 0.
TWO_TOPS = [
    ([7, 1], [4.8, 4.3, 2.7, 5.1, 4.3, 4.2, 4.6, 6.6], []),
    ([1, 1, 6], [7.5, 37.4, 22.7, 23.5, 22.7, 23.6, 22.8, 22.7], [1, 4, 3, 3, 1, 4, 4, 1]),
    ([1, 1, 3], [10.4, 7.9, 7.6, 8.2, 9.0], [4, 0, 4, 4, 1]),
]


@pytest.mark.parametrize(("sizes", "y", "x"), TWO_TOPS)
def test_ml_takes_the_higher_of_two_tops(sizes, y, x):
    Z = random_intercept_design(np.repeat(range(len(sizes)), sizes))
    X = np.column_stack([np.ones(len(y)), *([x] if x else [])])
    _, theta = fit_ml(y, X, Z)
    _, at_zero = fit_ml(y, X, Z, sigma2_b=0)
    gain = profile_loglik(V_theta(theta, Z), y, X) - profile_loglik(V_theta(at_zero, Z), y, X)
    assert theta[0] > 0
    assert gain > 0.3


def test_ml_at_the_boundary_is_exactly_0(oracle):
    fit = oracle("dyestuff2").fit("ML")
    beta, theta = fit_ml(fit.y, fit.X, fit.Z)
    assert theta[0] == 0
    assert theta[1] == pytest.approx(fit.y.var(), rel=1e-12)
    assert beta == pytest.approx([fit.y.mean()], rel=1e-12)


def test_ml_with_sigma2_b_held_at_0_is_ordinary_regression(trend):
    y, X, Z, _ = trend
    beta, theta = fit_ml(y, X, Z, sigma2_b=0)
    beta_ols, rss, *_ = np.linalg.lstsq(X, y)
    assert beta == pytest.approx(beta_ols, rel=1e-10)
    assert theta == pytest.approx([0, rss[0] / 12], rel=1e-10)


@pytest.mark.parametrize("held", [{"sigma2_b": 0.3}, {"sigma2_e": 0.3}])
def test_ml_with_one_variance_held_moves_the_other_to_its_best(trend, held):
    y, X, Z, _ = trend
    beta, theta = fit_ml(y, X, Z, **held)
    position = ("sigma2_b", "sigma2_e").index(*held)
    assert theta[position] == 0.3
    slopes = score(beta, V_theta(theta, Z), y, X, Z)
    assert np.delete(slopes, 2 + position) == pytest.approx(np.zeros(3), abs=1e-8)
    assert abs(slopes[2 + position]) > 0.1


def test_ml_with_both_variances_held_is_gls(unbalanced):
    y, X, Z = unbalanced
    beta, theta = fit_ml(y, X, Z, sigma2_b=1.7494, sigma2_e=0.3254)
    assert theta.tolist() == [1.7494, 0.3254]
    assert beta == pytest.approx(gls(V_theta(theta, Z), y, X)[0], rel=1e-12)


def test_a_large_mean_costs_no_digits(unbalanced):
    y, X, Z = unbalanced
    _, theta = fit_ml(y, X, Z)
    _, shifted = fit_ml(y + 1e6, X, Z)
    assert shifted == pytest.approx(theta, rel=1e-8)


def test_groups_that_differ_a_thousand_times_more_than_their_members_cost_no_digits():
    rng = np.random.default_rng(1)
    table = 1000 * rng.normal(size=(5, 1)) + rng.normal(size=(5, 4))
    within = table.var(axis=1, ddof=1).mean()
    Z = random_intercept_design(np.repeat(range(5), 4))
    _, theta = fit_ml(table.ravel(), np.ones((20, 1)), Z)
    assert theta == pytest.approx([table.mean(axis=1).var() - within / 4, within], rel=1e-7)


@pytest.mark.parametrize("fit", [fit_ml, fit_reml])
def test_groups_that_differ_ten_thousand_times_more_are_fitted_too(fit):
    groups = np.repeat(range(6), [5, 3, 2, 7, 1, 4])
    Z, X = random_intercept_design(groups), np.ones((22, 1))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = 1e4 * rng.normal(size=6)[groups] + rng.normal(size=22)
        _, SSW = sums_of_squares(y, Z)
        # Beside such groups what the errors put into their means is nothing.
        means = Z.T @ y / Z.sum(axis=0)
        _, theta = fit(y, X, Z)
        assert theta == pytest.approx([means.var(ddof=fit is fit_reml), SSW / 16], rel=1e-6)


def test_a_held_error_variance_far_below_the_data_lets_sigma2_b_find_its_best(unbalanced):
    y, X, Z = unbalanced
    beta, theta = fit_ml(y, X, Z, sigma2_e=1e-5)
    slopes = score(beta, V_theta(theta, Z), y, X, Z)
    assert theta[1] == 1e-5
    assert theta[0] == pytest.approx(2.9825388, rel=1e-7)
    assert theta[0] * slopes[1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("held", "best"),
    [
        ({"sigma2_e": 1e-5}, "sigma2_b"),
        ({"sigma2_e": 1e4}, "sigma2_b"),
        ({"sigma2_b": 1e-6}, "sigma2_e"),
        ({"sigma2_b": 1e6}, "sigma2_e"),
    ],
)
def test_a_variance_held_far_away_in_balanced_data_lets_the_other_find_its_best(
    held, best, estrone
):
    ((name, value),) = held.items()
    for fit, d in ((fit_ml, 5), (fit_reml, 4)):
        beta, theta = fit(*estrone, **held)
        assert theta[("sigma2_b", "sigma2_e").index(name)] == value
        assert beta == pytest.approx([estrone.y.mean()], rel=1e-10)
        sigma2_b, sigma2_e = theta
        SSB, SSW = sums_of_squares(estrone.y, estrone.Z)
        of_means = sigma2_e + 16 * sigma2_b
        if best == "sigma2_b":
            assert sigma2_b == pytest.approx(max(0.0, (SSB / d - value) / 16), rel=1e-7)
        else:
            slope_b = SSB / of_means**2 - d / of_means
            slope_e = slope_b + SSW / sigma2_e**2 - 75 / sigma2_e
            assert sigma2_e * slope_e == pytest.approx(0, abs=1e-6)


def test_sums_of_squares_of_estrone(estrone):
    sums = sums_of_squares(estrone.y, estrone.Z)
    assert sums == pytest.approx((113.2643, 24.4077), abs=5e-5)
    assert sum(sums) == pytest.approx(80 * estrone.y.var(), rel=1e-12)


def test_sums_of_squares_of_unequal_groups(unbalanced):
    y, _, Z = unbalanced
    groups = pd.Series(y).groupby(Z.argmax(axis=1))
    expected = (groups.size() * (groups.mean() - y.mean()) ** 2).sum()
    within = (groups.size() * groups.var(ddof=0)).sum()
    assert sums_of_squares(y, Z) == pytest.approx((expected, within), rel=1e-10)
    assert sums_of_squares(y + 1000, Z) == pytest.approx((expected, within), rel=1e-8)
    rows = np.random.default_rng(6).permutation(31)
    assert sums_of_squares(y[rows], Z[rows]) == pytest.approx((expected, within), rel=1e-10)


def test_sums_of_squares_refuse_arrays_that_do_not_fit_together(estrone):
    with pytest.raises(ValueError, match="Z has 79 rows, but going by y there should be n = 80"):
        sums_of_squares(estrone.y, estrone.Z[:79])


def test_balanced_theta_of_estrone(estrone):
    sums = sums_of_squares(estrone.y, estrone.Z)
    assert balanced_theta(*sums, 5, 16) == pytest.approx(ML, rel=1e-10)
    assert balanced_theta(*sums, 5, 16, reml=True) == pytest.approx(REML, rel=1e-10)


@pytest.mark.parametrize("fit", [fit_ml, fit_reml])
@pytest.mark.parametrize(("groups", "members"), [(2, 2), (3, 7), (8, 2), (5, 16)])
def test_balanced_theta_is_what_the_climb_finds(fit, groups, members):
    rng = np.random.default_rng(9)
    Z = random_intercept_design(np.repeat(range(groups), members))
    X = np.ones((len(Z), 1))
    sd = np.array([[0], [0], [0], [0], [0.5], [2], [30]])
    y = 5 + sd * rng.normal(size=(7, groups)) @ Z.T + rng.normal(size=(7, len(Z)))
    climbed = np.array([fit(data_set, X, Z)[1] for data_set in y])
    sums = np.array([sums_of_squares(data_set, Z) for data_set in y])
    closed = np.column_stack(balanced_theta(*sums.T, groups, members, reml=fit is fit_reml))
    assert closed == pytest.approx(climbed, rel=1e-6, abs=1e-12)
    assert np.array_equal(closed[:, 0] == 0, climbed[:, 0] == 0)
    assert 0 < np.sum(closed[:, 0] == 0) < 7


def test_balanced_theta_keeps_the_shape_of_the_sums():
    sigma2_b, sigma2_e = balanced_theta(np.full((2, 3), 8.0), np.full((2, 3), 6.0), 4, 3)
    assert sigma2_b.shape == sigma2_e.shape == (2, 3)
    assert np.ndim(balanced_theta(8.0, 6.0, 4, 3)[0]) == 0
    assert balanced_theta(8.0, 6.0, 4, 3) == pytest.approx(((8 / 4 - 6 / 8) / 3, 6 / 8))
    assert balanced_theta(1.0, 11.0, 4, 3) == (0, 1)


@pytest.mark.parametrize(("groups", "members"), [(1, 5), (5, 1)])
def test_balanced_theta_refuses_one_group_and_one_observation(groups, members):
    message = f"I = {groups}, J = {members}: you need at least 2 of each for both variances"
    with pytest.raises(ValueError, match=message):
        balanced_theta(1.0, 1.0, groups, members)


def test_sums_of_squares_refuse_an_empty_group(estrone):
    with pytest.raises(ValueError, match="one of the groups has no observations"):
        sums_of_squares(estrone.y, np.column_stack([estrone.Z, np.zeros(80)]))
