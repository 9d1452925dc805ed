"""Any covariance as a sum of known matrices: V, and how the hill slopes and bends with it."""

import numpy as np
import pytest

import lmmteach as lt
from lmmteach.blup import blup, shrinkage_factor
from lmmteach.covariance import (
    D_blocks,
    V_sum,
    derivatives,
    interaction_design,
    move_origin,
    shrinkage_matrix,
    slope_design,
)
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


# The pieces of V for slopes, nested and crossed groups.

D_1 = np.array([[1.5, 0.4], [0.4, 0.7]])


def test_Z_of_a_slope_has_two_columns_side_by_side_for_each_group():
    Z = slope_design(["b", "a", "b"], [2.0, 3.0, 5.0])
    assert Z.tolist() == [[0, 0, 1, 2], [1, 3, 0, 0], [0, 0, 1, 5]]


def test_D_has_a_block_for_each_group():
    D = D_blocks(D_1, 3)
    assert D.shape == (6, 6)
    for i in range(3):
        for j in range(3):
            block = D[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            assert np.array_equal(block, D_1 if i == j else np.zeros((2, 2)))


def test_a_D_on_the_edge_is_one_and_a_D_beyond_is_none():
    assert D_blocks([[4.0, 2.0], [2.0, 1.0]], 1).tolist() == [[4, 2], [2, 1]]
    assert D_blocks(np.zeros((2, 2)), 2).shape == (4, 4)
    for wrong in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.1], [0.3, 1.0]], [[-1.0, 0], [0, 1.0]]):
        with pytest.raises(ValueError, match="D_1 is not a covariance matrix"):
            D_blocks(wrong, 2)


def test_the_pieces_of_a_slope_are_those_of_the_fit():
    sleep = lt.load_data("sleepstudy").sample(frac=0.7, random_state=1)
    fit = lt.lmm("Reaction ~ Days + (Days | Subject)", sleep)
    Z = slope_design(sleep["Subject"], sleep["Days"])
    assert np.array_equal(Z, fit.Z)
    D = D_blocks(fit.covariance, Z.shape[1] // 2)
    assert pytest.approx(fit.V, rel=1e-12) == V_matrix(Z, D, fit.sigma2_e * np.eye(len(sleep)))


def test_a_level_at_c_is_intercept_plus_c_slopes():
    rng = np.random.default_rng(2)
    b = rng.normal(size=(40, 2)) @ np.linalg.cholesky(D_1).T
    moved = np.column_stack([b[:, 0] + 3.5 * b[:, 1], b[:, 1]])
    expected = np.cov(moved.T)
    assert move_origin(np.cov(b.T), 3.5) == pytest.approx(expected, rel=1e-12)
    assert move_origin(move_origin(D_1, 2.0), -2.0) == pytest.approx(D_1)


@pytest.mark.parametrize("c", [-2.0, 4.5])
def test_moving_the_origin_leaves_V_alone(c):
    groups, x = np.repeat([1, 2, 3], [2, 3, 4]), np.arange(9.0) ** 1.5
    at_0 = V_matrix(slope_design(groups, x), D_blocks(D_1, 3), np.eye(9))
    at_c = V_matrix(slope_design(groups, x - c), D_blocks(move_origin(D_1, c), 3), np.eye(9))
    assert at_c == pytest.approx(at_0, rel=1e-10)


def test_pairs_of_labels_have_a_column_each():
    a, b = list("BAABB"), [1, 1, 2, 2, 1]
    # A1, A2, B1, B2
    assert interaction_design(a, b).tolist() == [
        [0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]
    ]  # fmt: skip
    # A pair that does not occur has none.
    assert interaction_design(["A", "A", "B"], [1, 2, 1]).shape == (3, 3)


def test_pairs_are_what_lmm_makes_of_a_slash():
    pastes = lt.load_data("pastes").sample(frac=0.8, random_state=3)
    fit = lt.lmm("strength ~ 1 + (1 | batch/cask)", pastes)
    cask = interaction_design(pastes["batch"], pastes["cask"])
    batch = random_intercept_design(pastes["batch"])
    s2_cask, s2_batch, s2_e = fit.theta
    V = V_sum([s2_batch, s2_cask, s2_e], [batch @ batch.T, cask @ cask.T, np.eye(len(pastes))])
    assert pytest.approx(fit.V, rel=1e-12) == V


@pytest.mark.parametrize("make", [slope_design, interaction_design])
def test_two_lists_of_different_length(make):
    with pytest.raises(ValueError, match="going by"):
        make([1, 1, 2], [1, 2])


def test_shrinkage_by_a_matrix_gives_the_blups():
    rng = np.random.default_rng(4)
    groups, x = np.repeat([1, 2, 3], [3, 4, 6]), rng.normal(size=13)
    Z, D = slope_design(groups, x), D_blocks(D_1, 3)
    y, X = rng.normal(size=13), np.column_stack([np.ones(13), x])
    V = V_matrix(Z, D, 0.9 * np.eye(13))
    beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y))
    b = blup(D, Z, V, y, X).reshape(3, 2)
    for i, rows in enumerate(groups == g for g in (1, 2, 3)):
        own = np.linalg.lstsq(X[rows], y[rows])[0]
        S = shrinkage_matrix(X[rows], D_1, 0.9)
        assert S @ (own - beta) == pytest.approx(b[i], rel=1e-9)


def test_a_matrix_of_one_number_is_the_shrinkage_factor():
    S = shrinkage_matrix(np.ones((7, 1)), [[1.7]], 0.4)
    assert pytest.approx(np.array([[shrinkage_factor(7, (1.7, 0.4))]])) == S
