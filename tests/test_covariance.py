"""Any covariance as a sum of known matrices: V, and how the hill slopes and bends with it."""

import numpy as np
import pytest

from lmmteach.covariance import V_sum, derivatives
from lmmteach.likelihood import curvature, half_traces, information, loglik, score
from lmmteach.model import V_matrix, V_theta, random_intercept_design
from lmmteach.profile import P_matrix
from lmmteach.reml import restricted_curvature, restricted_loglik, restricted_score


@pytest.fixture
def slopes():
    """A random slope in unbalanced groups: y, X, G, β and θ = (D₁₁, D₂₁, D₂₂, σ_ε²)."""
    rng = np.random.default_rng(12)
    Z = random_intercept_design(np.repeat(np.arange(4), [2, 3, 4, 5]))
    x = rng.normal(size=14)
    one, two = Z, Z * x[:, np.newaxis]
    G = [one @ one.T, one @ two.T + two @ one.T, two @ two.T, np.eye(14)]
    X = np.column_stack([np.ones(14), x])
    return rng.normal(size=14), X, G, np.array([0.3, -0.2]), np.array([1.5, 0.4, 0.7, 0.9])


def test_V_of_a_random_slope_is_that_of_the_lecture(slopes):
    _, X, G, _, theta = slopes
    Z = random_intercept_design(np.repeat(np.arange(4), [2, 3, 4, 5]))
    D = np.kron([[1.5, 0.4], [0.4, 0.7]], np.eye(4))
    V = V_matrix(np.column_stack([Z, Z * X[:, 1:]]), D, 0.9 * np.eye(14))
    assert V_sum(theta, G) == pytest.approx(V, rel=1e-14)


def test_Z_stands_for_the_derivatives_of_the_lectures_V(estrone):
    y, X, Z = estrone
    theta = (1.7, 0.3)
    G = [Z @ Z.T, np.eye(80)]
    assert np.array_equal(derivatives(Z), G)
    V = V_theta(theta, Z)
    assert V_sum(theta, G) == pytest.approx(V, rel=1e-15)
    assert np.array_equal(score([14], V, y, X, Z), score([14], V, y, X, G))
    assert np.array_equal(curvature([14], V, y, X, Z), curvature([14], V, y, X, G))
    assert np.array_equal(information(V, X, Z), information(V, X, G))
    assert np.array_equal(restricted_score(V, y, X, Z), restricted_score(V, y, X, G))
    assert np.array_equal(restricted_curvature(V, y, X, Z), restricted_curvature(V, y, X, G))


def test_score_and_curvature_are_slopes(slopes, slope):
    y, X, G, beta, theta = slopes
    x = np.concatenate([beta, theta])
    heights = slope(lambda x: loglik(x[:2], V_sum(x[2:], G), y, X), x)
    assert score(beta, V_sum(theta, G), y, X, G) == pytest.approx(heights, rel=1e-7)
    bends = -slope(lambda x: score(x[:2], V_sum(x[2:], G), y, X, G), x)
    found = curvature(beta, V_sum(theta, G), y, X, G)
    assert found == pytest.approx(bends, rel=1e-7, abs=1e-7)


def test_restricted_score_and_curvature_are_slopes(slopes, slope):
    y, X, G, _, theta = slopes
    heights = slope(lambda theta: restricted_loglik(V_sum(theta, G), y, X), theta)
    assert restricted_score(V_sum(theta, G), y, X, G) == pytest.approx(heights, rel=1e-7)
    bends = -slope(lambda theta: restricted_score(V_sum(theta, G), y, X, G), theta)
    found = restricted_curvature(V_sum(theta, G), y, X, G)
    assert found == pytest.approx(bends, rel=1e-7, abs=1e-8)


def test_information_is_the_expected_curvature(slopes, representative):
    _, X, G, beta, theta = slopes
    V = V_sum(theta, G)
    data_sets = representative(X @ beta, V)
    mean = np.mean([curvature(beta, V, y, X, G) for y in data_sets], axis=0)
    assert information(V, X, G) == pytest.approx(mean, rel=1e-9, abs=1e-9)
    mean = np.mean([restricted_curvature(V, y, X, G) for y in data_sets], axis=0)
    assert half_traces(P_matrix(V, X), G) == pytest.approx(mean, rel=1e-9)


def test_matrices_that_do_not_fit(slopes):
    y, X, G, beta, theta = slopes
    with pytest.raises(ValueError, match=r"G has 4 matrices, but going by theta .* m = 3"):
        V_sum(theta[:3], G)
    with pytest.raises(ValueError, match="Z has 13 rows, but going by V there should be n = 14"):
        score(beta, V_sum(theta, G), y, X, [g[1:, 1:] for g in G])
