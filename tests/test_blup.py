"""Chapter 4: the random effects b̂, how they shrink, and how uncertain they are."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from lmmteach.blup import (
    blup,
    blup_joint,
    conditional_covariance,
    henderson,
    joint_loglik,
    joint_score_b,
    prediction_error_covariance,
    shrinkage_factor,
)
from lmmteach.model import D_matrix, Sigma_matrix, V_matrix, intraclass_correlation
from lmmteach.profile import gls

REML = (1.74941525871139, 0.32543575358303)


def matrices(theta, study):
    D, Sigma = D_matrix(theta[0], study.Z.shape[1]), Sigma_matrix(theta[1], len(study.y))
    return D, Sigma, V_matrix(study.Z, D, Sigma)


@pytest.fixture(scope="module")
def slopes():
    """Three groups with correlated intercepts and slopes: a D and a Sigma without symmetry."""
    rng = np.random.default_rng(4)
    n, time = 9, np.array([0, 1, 2, 3, 0, 2, 0, 1, 5.0])
    Z = np.zeros((n, 6))
    for i, group in enumerate([0, 0, 0, 0, 1, 1, 2, 2, 2]):
        Z[i, 2 * group : 2 * group + 2] = 1, time[i]
    D = np.kron(np.eye(3), [[2.0, -0.8], [-0.8, 1.0]])
    Sigma = np.diag(rng.uniform(0.5, 2, size=n))
    X = np.column_stack([np.ones(n), time])
    y = rng.multivariate_normal(X @ [5.0, 1.0], V_matrix(Z, D, Sigma))
    return D, Sigma, Z, y, X


def test_joint_density_is_that_of_b_times_that_of_y_given_b(slopes):
    D, Sigma, Z, y, X = slopes
    b, beta = np.arange(6) / 10, np.array([4.0, 2.0])
    expected = multivariate_normal(X @ beta + Z @ b, Sigma).logpdf(y)
    expected += multivariate_normal(np.zeros(6), D).logpdf(b)
    assert joint_loglik(b, beta, D, Sigma, Z, y, X) == pytest.approx(expected, rel=1e-12)


def test_joint_score_is_the_slope_of_the_joint_loglik(slopes, slope):
    D, Sigma, Z, y, X = slopes
    b, beta = np.arange(6) / 10, np.array([4.0, 2.0])
    expected = slope(lambda b: joint_loglik(b, beta, D, Sigma, Z, y, X), b)
    assert joint_score_b(b, beta, D, Sigma, Z, y, X) == pytest.approx(expected, rel=1e-7)


def test_the_blup_is_where_the_joint_score_is_0(slopes):
    D, Sigma, Z, y, X = slopes
    V = V_matrix(Z, D, Sigma)
    beta, _ = gls(V, y, X)
    b = blup(D, Z, V, y, X)
    assert joint_score_b(b, beta, D, Sigma, Z, y, X) == pytest.approx(np.zeros(6), abs=1e-10)


def test_three_ways_to_the_blup(slopes):
    D, Sigma, Z, y, X = slopes
    V = V_matrix(Z, D, Sigma)
    b = blup(D, Z, V, y, X)
    beta_henderson, b_henderson = henderson(D, Sigma, Z, y, X)
    assert blup_joint(D, Sigma, Z, y, X) == pytest.approx(b, rel=1e-9)
    assert b_henderson == pytest.approx(b, rel=1e-9)
    assert beta_henderson == pytest.approx(gls(V, y, X)[0], rel=1e-9)


def test_the_blup_is_the_shrunken_deviation_of_each_group(unbalanced):
    y, X, Z = unbalanced
    D, _, V = matrices(REML, unbalanced)
    n_i = Z.sum(axis=0)
    deviation = Z.T @ y / n_i - gls(V, y, X)[0]
    expected = shrinkage_factor(n_i, REML) * deviation
    assert blup(D, Z, V, y, X) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", ["estrone", "unbalanced"])
def test_blups_and_their_variances_on_estrone(name, method, anchors, request):
    study, expected = request.getfixturevalue(name), anchors[name][method]
    theta = expected["sigma2_b"], expected["sigma2_e"]
    D, _, V = matrices(theta, study)
    conditional = np.diag(conditional_covariance(D, study.Z, V))
    prediction_error = np.diag(prediction_error_covariance(D, study.Z, V, study.X))
    assert blup(D, study.Z, V, study.y, study.X) == pytest.approx(expected["blup"], rel=1e-9)
    assert conditional == pytest.approx(expected["condvar_b"], rel=1e-9)
    assert prediction_error == pytest.approx(expected["pev_b"], rel=1e-9)


def test_blups_of_the_lecture_and_the_deviations_that_they_shrink(estrone):
    D, _, V = matrices(REML, estrone)
    b = blup(D, estrone.Z, V, estrone.y, estrone.X)
    raw = estrone.y.reshape(5, 16).mean(axis=1) - estrone.y.mean()
    assert b == pytest.approx([-0.6229, 0.2691, 1.4431, -1.9196, 0.8303], abs=5e-5)
    assert raw == pytest.approx([-0.6301, 0.2722, 1.4599, -1.9419, 0.8400], abs=5e-5)


def test_variance_of_the_blups_and_conditional_variance_add_up_to_sigma2_b(estrone):
    D, _, V = matrices(REML, estrone)
    spread = blup(D, estrone.Z, V, estrone.y, estrone.X).var(ddof=1)
    left = conditional_covariance(D, estrone.Z, V)[0, 0]
    assert spread == pytest.approx(1.7293, abs=5e-5)
    assert spread + left == pytest.approx(REML[0], rel=1e-9)


def test_at_sigma2_b_0_the_blup_is_0(estrone):
    D, _, V = matrices((0.0, 0.3), estrone)
    assert np.array_equal(blup(D, estrone.Z, V, estrone.y, estrone.X), np.zeros(5))


@pytest.mark.parametrize("function", [blup_joint, henderson])
def test_at_sigma2_b_0_the_joint_forms_point_to_blup(function, estrone):
    D, Sigma, _ = matrices((0.0, 0.3), estrone)
    with pytest.raises(ValueError, match=r"D has no inverse.*function blup"):
        function(D, Sigma, estrone.Z, estrone.y, estrone.X)


@pytest.mark.parametrize("function", [joint_loglik, joint_score_b])
def test_at_sigma2_b_0_the_joint_density_points_to_blup(function, estrone):
    D, Sigma, _ = matrices((0.0, 0.3), estrone)
    with pytest.raises(ValueError, match=r"D has no inverse.*function blup"):
        function(np.zeros(5), [14.0], D, Sigma, estrone.Z, estrone.y, estrone.X)


@pytest.mark.parametrize(
    ("sigma2_b", "factor"),
    [(0.001, 0.047), (0.005, 0.197), (REML[1] / 16, 0.5), (0.1, 0.831), (1, 0.980), (0, 0)],
)
def test_shrinkage_of_16_measurements(sigma2_b, factor):
    assert shrinkage_factor(16, (sigma2_b, REML[1])) == pytest.approx(factor, abs=5e-4)


def test_shrinkage_of_1_to_16_measurements():
    factors = shrinkage_factor([0, 1, 2, 4, 8, 16], REML)
    assert factors == pytest.approx([0, 0.843, 0.915, 0.956, 0.977, 0.9885], abs=5e-4)


def test_shrinkage_is_the_intraclass_correlation_for_one_measurement_only():
    assert shrinkage_factor(1, REML) == pytest.approx(intraclass_correlation(REML))
    assert shrinkage_factor(16, REML) - intraclass_correlation(REML) > 0.1


@pytest.mark.parametrize(("n_i", "theta"), [(16, (1.0, 0.0)), ([3, -1], (1.0, 1.0))])
def test_shrinkage_refuses_errors_without_variance_and_negative_counts(n_i, theta):
    with pytest.raises(ValueError, match="sigma2_e greater than 0, and no n_i"):
        shrinkage_factor(n_i, theta)


def test_conditional_covariance_is_the_inverse_of_the_precision_of_b_given_y(slopes):
    D, Sigma, Z, _, _ = slopes
    V = V_matrix(Z, D, Sigma)
    precision = np.linalg.inv(D) + Z.T @ np.linalg.solve(Sigma, Z)
    assert conditional_covariance(D, Z, V) == pytest.approx(np.linalg.inv(precision), rel=1e-9)


def test_prediction_error_covariance_is_a_block_of_hendersons_inverse(slopes):
    D, Sigma, Z, _, X = slopes
    XZ = np.column_stack([X, Z])
    system = XZ.T @ np.linalg.solve(Sigma, XZ)
    system[2:, 2:] += np.linalg.inv(D)
    covariance = prediction_error_covariance(D, Z, V_matrix(Z, D, Sigma), X)
    assert covariance == pytest.approx(np.linalg.inv(system)[2:, 2:], rel=1e-8)


def test_standard_deviations_of_the_error_of_a_blup_on_estrone(estrone):
    D, _, V = matrices(REML, estrone)
    with_known_mean = conditional_covariance(D, estrone.Z, V)[0, 0]
    with_estimated_mean = prediction_error_covariance(D, estrone.Z, V, estrone.X)[0, 0]
    assert np.sqrt(with_known_mean) == pytest.approx(0.1418, abs=5e-5)
    assert np.sqrt(with_estimated_mean) == pytest.approx(0.6050, abs=5e-5)
    factor = shrinkage_factor(16, REML)
    expected = with_known_mean + factor**2 * (REML[1] + 16 * REML[0]) / 80
    assert with_estimated_mean == pytest.approx(expected, rel=1e-10)
