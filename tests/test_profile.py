"""Chapter 3: β by generalised least squares, the profile likelihood and its intervals."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lmmteach.likelihood import balanced_theta, fit_ml, loglik, sums_of_squares
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import P_matrix, balanced_drop, gls, profile_interval, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik

ML = (1.39546426004936, 0.32543575358303)
THETA = (1.7494, 0.3254)


@pytest.fixture(scope="module")
def trend(unbalanced):
    """The unbalanced cut with a second column in X, and a V."""
    y, X, Z = unbalanced
    X = np.column_stack([X, np.random.default_rng(2).normal(size=len(y))])
    return V_theta(THETA, Z), y, X


def profile_of_sigma2_b(study, sigma2_b):
    """ℓ_p where σ_ε² has its best value too."""
    _, theta = fit_ml(*study, sigma2_b=sigma2_b)
    return profile_loglik(V_theta(theta, study.Z), study.y, study.X)


def restricted_profile_of_sigma2_b(study, sigma2_b):
    _, theta = fit_reml(*study, sigma2_b=sigma2_b)
    return restricted_loglik(V_theta(theta, study.Z), study.y, study.X)


def test_gls_is_ols_of_the_whitened_data(trend):
    V, y, X = trend
    root = np.linalg.cholesky(V)
    X_white, y_white = np.linalg.solve(root, X), np.linalg.solve(root, y)
    beta, covariance = gls(V, y, X)
    assert beta == pytest.approx(np.linalg.lstsq(X_white, y_white)[0], rel=1e-10)
    assert covariance == pytest.approx(np.linalg.inv(X_white.T @ X_white), rel=1e-10)


def test_gls_maximises_the_loglik_over_beta(trend):
    V, y, X = trend
    best = minimize(lambda beta: -loglik(beta, V, y, X), np.zeros(2), options={"gtol": 1e-9})
    assert gls(V, y, X)[0] == pytest.approx(best.x, rel=1e-5)


def test_gls_without_variance_between_groups_is_ols(trend):
    _, y, X = trend
    assert gls(2 * np.eye(len(y)), y, X)[0] == pytest.approx(np.linalg.lstsq(X, y)[0], rel=1e-10)


def test_gls_of_a_mean_weighs_the_group_means_by_their_precision(unbalanced):
    y, X, Z = unbalanced
    n_i = Z.sum(axis=0)
    means = Z.T @ y / n_i
    weights = 1 / (THETA[0] + THETA[1] / n_i)
    beta, covariance = gls(V_theta(THETA, Z), y, X)
    assert beta == pytest.approx([weights @ means / weights.sum()], rel=1e-12)
    assert covariance == pytest.approx(np.array([[1 / weights.sum()]]), rel=1e-12)


def test_unbalanced_data_tell_gls_from_ols_and_from_the_mean_of_means(unbalanced):
    y, X, Z = unbalanced
    beta, covariance = gls(V_theta(THETA, Z), y, X)
    assert beta == pytest.approx([14.3807], abs=5e-5)
    assert np.sqrt(covariance) == pytest.approx(np.array([[0.6114]]), abs=5e-5)
    assert y.mean() == pytest.approx(14.0204, abs=5e-5)
    assert np.mean(Z.T @ y / Z.sum(axis=0)) == pytest.approx(14.4174, abs=5e-5)


@pytest.mark.parametrize(("sigma2_b", "se"), [(1.74941525871139, 0.5949), (0.0, 0.0638)])
def test_in_balanced_data_the_mean_is_always_the_same_but_not_its_error(estrone, sigma2_b, se):
    beta, covariance = gls(V_theta((sigma2_b, ML[1]), estrone.Z), estrone.y, estrone.X)
    assert beta == pytest.approx([estrone.y.mean()], rel=1e-12)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(se, abs=5e-5)


def test_gls_refuses_dependent_columns(estrone):
    with pytest.raises(ValueError, match="linearly dependent"):
        gls(np.eye(80), estrone.y, np.ones((80, 2)))


def test_P_y_is_what_V_inverse_makes_of_the_residuals(trend):
    V, y, X = trend
    beta, _ = gls(V, y, X)
    assert P_matrix(V, X) @ y == pytest.approx(np.linalg.solve(V, y - X @ beta), abs=1e-10)


def test_P_removes_X_and_nothing_else(trend):
    V, y, X = trend
    P = P_matrix(V, X)
    assert np.abs(P @ X).max() < 1e-10
    assert np.abs(P @ V @ P - P).max() < 1e-10
    assert np.linalg.matrix_rank(P) == len(y) - 2


def test_profile_loglik_is_the_loglik_at_its_best_beta(trend):
    V, y, X = trend
    beta, _ = gls(V, y, X)
    assert profile_loglik(V, y, X) == loglik(beta, V, y, X)
    assert profile_loglik(V, y, X, constant=False) == loglik(beta, V, y, X, constant=False)
    for step in ([0.1, 0], [-0.1, 0], [0, 0.1], [0, -0.1]):
        assert loglik(beta + step, V, y, X) < profile_loglik(V, y, X)


@pytest.mark.parametrize(
    ("sigma2_b", "ml", "reml"),
    [
        (0, -135.2290, -136.2265),
        (0.1, -99.6535, -100.5851),
        (0.5, -81.0182, -81.2305),
        (1, -79.3687, -79.2444),
        (ML[0], -79.2187, -78.9306),
        (1.74941525871139, -79.2765, -78.8769),
        (3, -79.7847, -79.1178),
        (10, -81.9642, -80.6977),
    ],
)
def test_profile_of_sigma2_b_on_estrone(estrone, sigma2_b, ml, reml):
    assert profile_of_sigma2_b(estrone, sigma2_b) == pytest.approx(ml, abs=5e-5)
    assert restricted_profile_of_sigma2_b(estrone, sigma2_b) == pytest.approx(reml, abs=5e-5)


def test_the_profile_with_ols_in_it_would_have_its_top_elsewhere(unbalanced):
    y, X, Z = unbalanced
    ols = np.array([y.mean()])
    _, right = fit_ml(y, X, Z)
    wrong = np.array([2.9331, 0.2269])
    top = profile_loglik(V_theta(right, Z), y, X)
    assert top == pytest.approx(-30.8359, abs=5e-5)
    assert profile_loglik(V_theta(wrong, Z), y, X) < top
    assert loglik(ols, V_theta(wrong, Z), y, X) > loglik(ols, V_theta(right, Z), y, X)


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.959963984540054), (0.6826894921370859, 1.0)])
def test_interval_of_a_parabola_is_the_usual_one(level, z):
    low, high = profile_interval(lambda x: -0.5 * ((x - 3) / 2) ** 2, 3.0, level)
    assert [low, high] == pytest.approx([3 - 2 * z, 3 + 2 * z], rel=1e-9)


@pytest.mark.parametrize(("estimate", "scale"), [(0.0, None), (1e4, None), (0.0, 1e-6)])
def test_interval_does_not_depend_on_where_the_search_starts(estimate, scale):
    low, high = profile_interval(lambda x: -0.5 * (x - estimate) ** 2, estimate, scale=scale)
    assert [low - estimate, high - estimate] == pytest.approx([-1.9599640, 1.9599640], abs=1e-6)


def test_interval_ends_at_the_smallest_value_that_is_allowed():
    low, high = profile_interval(lambda x: -0.5 * (x - 1) ** 2, 1.0, lower=0.0)
    assert low == 0
    assert high == pytest.approx(2.9599640, abs=1e-6)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
def test_interval_refuses_a_level_outside_0_and_1(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        profile_interval(lambda x: -(x**2), 0.0, level)


def test_interval_says_when_the_curve_never_falls():
    with pytest.raises(ValueError, match="no end"):
        profile_interval(lambda x: 0.0, 1.0, lower=0.0)


@pytest.mark.parametrize(
    ("curve", "fitter", "ends"),
    [
        (profile_of_sigma2_b, fit_ml, (0.485843, 6.701502)),
        (restricted_profile_of_sigma2_b, fit_reml, (0.552758, 10.622916)),
    ],
)
def test_interval_of_sigma2_b_on_estrone(estrone, curve, fitter, ends):
    _, theta = fitter(*estrone)
    interval = profile_interval(lambda x: curve(estrone, x), theta[0], lower=0.0)
    assert interval == pytest.approx(ends, abs=1e-5)


def test_interval_of_sigma2_b_on_the_unbalanced_cut(unbalanced, anchors):
    _, theta = fit_ml(*unbalanced)
    interval = profile_interval(lambda x: profile_of_sigma2_b(unbalanced, x), theta[0], lower=0.0)
    assert interval == pytest.approx(anchors["unbalanced"]["ml"]["profile_ci_sigma2_b"], rel=1e-6)


def test_profile_falls_by_half_the_likelihood_ratio_at_0(estrone):
    drop = profile_of_sigma2_b(estrone, ML[0]) - profile_of_sigma2_b(estrone, 0)
    assert drop == pytest.approx(112.020628069485 / 2, rel=1e-9)


def moved(study, c):
    """A balanced study whose group means were moved closer together, or apart."""
    y, _, Z = study
    means = Z @ (Z.T @ y / Z.sum(axis=0))
    return study._replace(y=y.mean() + c * (means - y.mean()) + (y - means))


# With c = 0.1 the best σ_b² is 0.
@pytest.mark.parametrize("c", [1, 0.15, 0.1])
@pytest.mark.parametrize(("reml", "height"), [(False, profile_loglik), (True, restricted_loglik)])
def test_the_drop_in_closed_form_is_that_of_the_curve(estrone, c, reml, height):
    y, X, Z = moved(estrone, c)
    sums = sums_of_squares(y, Z)
    best, sigma2_e = balanced_theta(*sums, 5, 16, reml)
    assert (best == 0) == (c == 0.1)
    for value in (0, 0.01, 0.3, 2, 50):
        high, low = (height(V_theta((b, sigma2_e), Z), y, X) for b in (best, value))
        assert balanced_drop(value, *sums, 5, 16, reml) == pytest.approx(2 * (high - low), abs=1e-8)
    assert balanced_drop(best, *sums, 5, 16, reml) == 0


def test_the_drop_in_closed_form_for_few_groups_of_another_size():
    Z = random_intercept_design(np.repeat(np.arange(3), 4))
    y, X = np.random.default_rng(8).normal(size=12) + Z @ [0, 2, 5], np.ones((12, 1))
    sums = sums_of_squares(y, Z)
    best, sigma2_e = balanced_theta(*sums, 3, 4)
    high, low = (profile_loglik(V_theta((b, sigma2_e), Z), y, X) for b in (best, 0.7))
    assert balanced_drop(0.7, *sums, 3, 4) == pytest.approx(2 * (high - low), rel=1e-10)


@pytest.mark.parametrize(
    ("reml", "curve", "fitter"),
    [
        (False, profile_of_sigma2_b, fit_ml),
        (True, restricted_profile_of_sigma2_b, fit_reml),
    ],
)
def test_letting_sigma2_e_go_along_lifts_the_curve_by_next_to_nothing(estrone, reml, curve, fitter):
    sums = sums_of_squares(estrone.y, estrone.Z)
    _, (best, _) = fitter(*estrone)
    for value, lift in ((0.5, 1e-3), (1, 1e-4), (5, 1e-4), (20, 1e-4)):
        full = 2 * (curve(estrone, best) - curve(estrone, value))
        assert 0 <= balanced_drop(value, *sums, 5, 16, reml) - full < lift


def test_the_drop_of_many_studies_is_found_at_once():
    SSB, SSW = np.array([113.2643, 1.2, 40.0]), np.array([24.4077, 20.0, 30.0])
    at_once = balanced_drop(1.7, SSB, SSW, 5, 16)
    one_by_one = [balanced_drop(1.7, b, w, 5, 16) for b, w in zip(SSB, SSW, strict=True)]
    assert at_once == pytest.approx(one_by_one, rel=1e-14)
    assert balanced_drop(np.array([0.5, 1.7]), 113.2643, 24.4077, 5, 16).shape == (2,)


def test_the_drop_refuses_a_negative_variance():
    with pytest.raises(ValueError, match="must not be negative"):
        balanced_drop(-0.1, 113.0, 24.0, 5, 16)
