"""Chapter 5: error contrasts, the restricted likelihood and its maximum."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from lmmteach.likelihood import half_traces, loglik
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import P_matrix, gls
from lmmteach.reml import (
    contrast_loglik,
    error_contrasts,
    fit_reml,
    reml_criterion,
    restricted_curvature,
    restricted_loglik,
    restricted_score,
)

REML = (1.74941525871139, 0.32543575358303)
KINDS = ["orthonormal", "successive", "first"]


@pytest.fixture(scope="module")
def trend(unbalanced):
    """The unbalanced cut with two more columns in X, and a θ that is no maximum."""
    y, X, Z = unbalanced
    X = np.column_stack([X, np.random.default_rng(2).normal(size=(len(y), 2))])
    return y, X, Z, np.array([0.9, 0.4])


def logdet(matrix):
    return np.linalg.slogdet(matrix)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_contrasts_are_n_minus_p_independent_columns_that_remove_X(kind, estrone):
    K = error_contrasts(estrone.X, kind)
    assert K.shape == (80, 79)
    assert np.linalg.matrix_rank(K) == 79
    assert np.abs(K.T @ estrone.X).max() < 1e-12


def test_orthonormal_contrasts_exist_for_every_X(trend):
    _, X, _, _ = trend
    K = error_contrasts(X)
    assert K.shape == (31, 28)
    assert np.abs(K.T @ X).max() < 1e-12
    assert np.abs(K.T @ K - np.eye(28)).max() < 1e-12


def test_differences_are_those_of_neighbours_or_of_the_first():
    y, X = np.array([1.0, 3.0, 7.0]), np.ones((3, 1))
    assert (error_contrasts(X, "successive").T @ y).tolist() == [2, 4]
    assert (error_contrasts(X, "first").T @ y).tolist() == [2, 6]


@pytest.mark.parametrize("kind", ["successive", "first"])
@pytest.mark.parametrize(
    "X", [np.arange(4.0)[:, None], np.column_stack([np.ones(4), np.arange(4)])]
)
def test_differences_remove_a_common_mean_only(kind, X):
    with pytest.raises(ValueError, match="common mean and nothing else"):
        error_contrasts(X, kind)


def test_contrasts_refuse_an_unknown_kind_and_dependent_columns():
    with pytest.raises(ValueError, match=r"'random' is unknown\. Choose one of orthonormal"):
        error_contrasts(np.ones((4, 1)), "random")
    with pytest.raises(ValueError, match="linearly dependent"):
        error_contrasts(np.ones((4, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_contrast_loglik_is_the_log_density_of_the_contrasts(kind, unbalanced):
    y, X, Z = unbalanced
    K, V = error_contrasts(X, kind), V_theta(REML, Z)
    density = multivariate_normal(np.zeros(30), K.T @ V @ K)
    assert contrast_loglik(K, V, y) == pytest.approx(density.logpdf(K.T @ y), rel=1e-11)


def test_contrast_loglik_refuses_the_n_columns_of_the_residual_matrix(estrone):
    residual_matrix = np.eye(80) - 1 / 80
    with pytest.raises(ValueError, match=r"80 columns but rank 79.*only n − p"):
        contrast_loglik(residual_matrix, V_theta(REML, estrone.Z), estrone.y)


@pytest.mark.parametrize("theta", [REML, (0.02, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_K_gives_the_restricted_loglik_but_for_a_constant(kind, theta, unbalanced):
    y, X, Z = unbalanced
    K, V = error_contrasts(X, kind), V_theta(theta, Z)
    constant = 0.5 * (logdet(K.T @ K) - logdet(X.T @ X))
    assert contrast_loglik(K, V, y) + constant == pytest.approx(
        restricted_loglik(V, y, X), rel=1e-11
    )


def test_with_several_columns_in_X_too(trend):
    y, X, Z, theta = trend
    V = V_theta(theta, Z)
    residuals_of_28 = (np.eye(31) - X @ np.linalg.pinv(X))[:, :28]
    for K in (error_contrasts(X), residuals_of_28):
        constant = 0.5 * (logdet(K.T @ K) - logdet(X.T @ X))
        assert contrast_loglik(K, V, y) + constant == pytest.approx(
            restricted_loglik(V, y, X), rel=1e-9
        )


@pytest.mark.parametrize(
    ("kind", "value"), [("orthonormal", -76.6859), ("successive", -78.8769), ("first", -78.8769)]
)
def test_contrast_logliks_of_estrone(kind, value, estrone):
    K = error_contrasts(estrone.X, kind)
    assert contrast_loglik(K, V_theta(REML, estrone.Z), estrone.y) == pytest.approx(value, abs=5e-5)


def test_restricted_likelihood_is_the_likelihood_integrated_over_beta(unbalanced):
    y, X, Z = unbalanced
    V = V_theta((0.9, 0.4), Z)
    (centre,), covariance = gls(V, y, X)
    reach = 12 * np.sqrt(covariance[0, 0])
    integral, _ = quad(
        lambda mu: np.exp(loglik([mu], V, y, X)), centre - reach, centre + reach, epsabs=0
    )
    assert restricted_loglik(V, y, X) == pytest.approx(np.log(integral), rel=1e-10)


def test_reml_criterion_is_the_sum_that_lme4_prints(trend):
    y, X, Z, theta = trend
    V = V_theta(theta, Z)
    r = y - X @ gls(V, y, X)[0]
    information = X.T @ np.linalg.inv(V) @ X
    expected = 28 * np.log(2 * np.pi) + logdet(V) + logdet(information) + r @ np.linalg.solve(V, r)
    assert reml_criterion(V, y, X) == pytest.approx(expected, rel=1e-12)


def test_reml_criterion_of_the_lecture(estrone):
    criterion = reml_criterion(V_theta(REML, estrone.Z), estrone.y, estrone.X)
    assert criterion == pytest.approx(157.753768147545, rel=1e-12)


def test_restricted_score_is_the_slope_of_the_restricted_loglik(trend, slope):
    y, X, Z, theta = trend
    expected = slope(lambda theta: restricted_loglik(V_theta(theta, Z), y, X), theta)
    assert restricted_score(V_theta(theta, Z), y, X, Z) == pytest.approx(expected, rel=1e-7)


def test_restricted_curvature_is_minus_the_slope_of_the_restricted_score(trend, slope):
    y, X, Z, theta = trend
    expected = -slope(lambda theta: restricted_score(V_theta(theta, Z), y, X, Z), theta)
    assert restricted_curvature(V_theta(theta, Z), y, X, Z) == pytest.approx(expected, rel=1e-7)


def test_restricted_curvature_is_on_average_the_half_traces_of_P(trend, representative):
    _, X, Z, theta = trend
    V = V_theta(theta, Z)
    data_sets = representative(X @ [14.0, 1.0, -1.0], V)
    mean = np.mean([restricted_curvature(V, y, X, Z) for y in data_sets], axis=0)
    assert half_traces(P_matrix(V, X), Z) == pytest.approx(mean, rel=1e-9)


def test_reml_in_balanced_data_is_the_analysis_of_variance(estrone):
    table = estrone.y.reshape(5, 16)
    within = table.var(axis=1, ddof=1).mean()
    between = 16 * table.mean(axis=1).var(ddof=1)
    beta, theta = fit_reml(*estrone)
    assert theta == pytest.approx([(between - within) / 16, within], rel=1e-10)
    assert beta == pytest.approx([estrone.y.mean()], rel=1e-12)


def test_reml_of_the_unbalanced_cut(unbalanced, anchors):
    beta, theta = fit_reml(*unbalanced)
    expected = anchors["unbalanced"]["reml"]
    assert beta == pytest.approx([expected["beta"]], rel=1e-7)
    assert theta == pytest.approx([expected["sigma2_b"], expected["sigma2_e"]], rel=1e-6)
    assert theta == pytest.approx([3.5426, 0.2269], abs=5e-5)
    assert beta == pytest.approx([14.4033], abs=5e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_K_its_likelihood_is_highest_at_the_reml_estimate(kind, unbalanced):
    y, X, Z = unbalanced
    K = error_contrasts(X, kind)
    best = minimize(
        lambda x: -contrast_loglik(K, V_theta(np.exp(x), Z), y), [0.0, 0.0], method="BFGS"
    )
    assert np.exp(best.x) == pytest.approx(fit_reml(*unbalanced)[1], rel=1e-4)


def test_reml_beta_is_gls_at_its_variances(trend):
    y, X, Z, _ = trend
    beta, theta = fit_reml(y, X, Z)
    assert beta == pytest.approx(gls(V_theta(theta, Z), y, X)[0], rel=1e-10)


def test_reml_with_sigma2_b_held_at_0_is_ordinary_regression(trend):
    y, X, Z, _ = trend
    beta, theta = fit_reml(y, X, Z, sigma2_b=0)
    beta_ols, rss, *_ = np.linalg.lstsq(X, y)
    assert beta == pytest.approx(beta_ols, rel=1e-10)
    assert theta == pytest.approx([0, rss[0] / 28], rel=1e-10)


def test_reml_with_sigma2_e_held_moves_sigma2_b_to_its_best(trend):
    y, X, Z, _ = trend
    _, theta = fit_reml(y, X, Z, sigma2_e=0.5)
    assert theta[1] == 0.5
    assert restricted_score(V_theta(theta, Z), y, X, Z)[0] == pytest.approx(0, abs=1e-9)


def test_reml_at_the_boundary_is_exactly_0(oracle):
    fit = oracle("dyestuff2").fit("REML")
    _, theta = fit_reml(fit.y, fit.X, fit.Z)
    assert theta[0] == 0
    assert theta[1] == pytest.approx(fit.y.var(ddof=1), rel=1e-12)


def test_reml_takes_the_higher_of_two_tops():
    sizes = [3, 4, 1, 5]
    y = np.array([9.6, 8.3, 10.0, 9.2, 11.3, 9.5, 9.7, 13.3, 8.5, 9.4, 9.0, 11.4, 10.6])
    X, Z = np.ones((13, 1)), random_intercept_design(np.repeat(range(4), sizes))
    _, theta = fit_reml(y, X, Z)
    _, at_zero = fit_reml(y, X, Z, sigma2_b=0)
    gain = restricted_loglik(V_theta(theta, Z), y, X) - restricted_loglik(V_theta(at_zero, Z), y, X)
    assert theta[0] > 0
    assert gain > 0.2
