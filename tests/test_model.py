"""Chapter 1: the design Z, the covariance V, and data drawn from the model."""

import numpy as np
import pytest

from lmmteach.model import (
    D_matrix,
    Sigma_matrix,
    V_matrix,
    V_theta,
    intraclass_correlation,
    random_intercept_design,
    simulate,
)

REML = (1.74941525871139, 0.32543575358303)


@pytest.mark.parametrize(
    "groups",
    [
        ["b", "a", "b", "c", "a", "b"],  # neither sorted nor in blocks
        [1, 1, 1, 2, 3, 3],
        [10, 9, 10, 8],  # as text, "10" would come before "8"
        ["only"],
    ],
)
def test_each_row_of_Z_has_its_1_in_the_column_of_its_own_group(groups):
    Z = random_intercept_design(groups)
    labels = sorted(set(groups))
    assert Z.shape == (len(groups), len(labels))
    for i, group in enumerate(groups):
        for j, label in enumerate(labels):
            assert Z[i, j] == (1 if group == label else 0)


def test_columns_of_Z_count_the_observations_of_the_groups():
    Z = random_intercept_design(np.repeat(["x", "y", "z"], [4, 1, 2]))
    assert Z.sum(axis=0).tolist() == [4, 1, 2]


@pytest.mark.parametrize(
    "groups", [["a", None], [1.0, float("nan")], ["a", float("nan")], [], [["a"], ["b"]]]
)
def test_design_refuses_what_is_not_a_flat_complete_list(groups):
    with pytest.raises(ValueError, match=r"missing label|flat list"):
        random_intercept_design(groups)


def test_design_refuses_labels_that_have_no_order():
    with pytest.raises(ValueError, match="mixes texts and numbers"):
        random_intercept_design(np.array(["a", 1, "b"], dtype=object))


def test_D_and_Sigma_are_a_variance_on_the_diagonal_and_nothing_beside_it():
    assert np.array_equal(D_matrix(2.5, 3), np.diag([2.5, 2.5, 2.5]))
    assert np.array_equal(Sigma_matrix(0.5, 4), np.diag([0.5] * 4))


def test_V_of_a_random_intercept_entry_by_entry():
    groups = ["b", "a", "b", "c", "a", "b"]
    V = V_theta((3.0, 0.5), random_intercept_design(groups))
    for i, one in enumerate(groups):
        for j, other in enumerate(groups):
            assert V[i, j] == pytest.approx(3.0 * (one == other) + 0.5 * (i == j))


def test_V_of_any_D_is_a_sum_over_pairs_of_random_effects():
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(7, 4))
    D = np.cov(rng.normal(size=(4, 9)))
    Sigma = np.cov(rng.normal(size=(7, 20)))
    expected = Sigma + np.einsum("ik,kl,jl->ij", Z, D, Z)
    assert V_matrix(Z, D, Sigma) == pytest.approx(expected)


def test_V_theta_is_V_matrix_with_D_and_Sigma_of_chapter_1(unbalanced):
    n, q = unbalanced.Z.shape
    expected = V_matrix(unbalanced.Z, D_matrix(1.7494, q), Sigma_matrix(0.3254, n))
    assert np.array_equal(V_theta((1.7494, 0.3254), unbalanced.Z), expected)


def test_intraclass_correlation_is_the_correlation_of_two_values_of_one_woman(estrone):
    V = V_theta(REML, estrone.Z)
    assert intraclass_correlation(REML) == pytest.approx(V[0, 1] / np.sqrt(V[0, 0] * V[1, 1]))
    assert intraclass_correlation(REML) == pytest.approx(0.8432, abs=5e-5)


@pytest.mark.parametrize(("theta", "rho"), [((0, 1), 0), ((1, 0), 1), ((2, 2), 0.5)])
def test_intraclass_correlation_runs_from_0_to_1(theta, rho):
    assert intraclass_correlation(theta) == rho


def test_intraclass_correlation_of_data_that_do_not_vary_does_not_exist():
    with pytest.raises(ValueError, match="do not vary"):
        intraclass_correlation((0, 0))


# A design with correlated intercepts and slopes, so that no symmetry hides a mistake.
BETA = np.array([10.0, -2.0])
TIME = np.array([0.0, 1.0, 2.0, 0.0, 3.0])
DESIGN_X = np.column_stack([np.ones(5), TIME])
DESIGN_Z = np.zeros((5, 4))
DESIGN_Z[:3, 0], DESIGN_Z[:3, 1] = 1, TIME[:3]
DESIGN_Z[3:, 2], DESIGN_Z[3:, 3] = 1, TIME[3:]
DESIGN_D = np.kron(np.eye(2), [[2.0, -0.8], [-0.8, 1.0]])
DESIGN_SIGMA = np.diag([1.0, 0.5, 0.25, 1.0, 2.0])


def _draws(how_many, rng):
    model = (BETA, DESIGN_X, DESIGN_Z, DESIGN_D, DESIGN_SIGMA)
    return np.array([simulate(*model, rng) for _ in range(how_many)])


def test_simulated_data_have_the_mean_and_covariance_of_the_model():
    draws = _draws(2000, np.random.default_rng(15))
    V = DESIGN_SIGMA + DESIGN_Z @ DESIGN_D @ DESIGN_Z.T
    variances = np.diag(V)
    # Standard errors of a mean and of a covariance of normal data; 4 of them, for 30 numbers.
    se_mean = np.sqrt(variances / len(draws))
    se_covariance = np.sqrt((V**2 + np.outer(variances, variances)) / len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - DESIGN_X @ BETA) < 4 * se_mean)
    assert np.all(np.abs(np.cov(draws.T) - V) < 4 * se_covariance)


def test_same_seed_same_data_and_another_seed_other_data():
    once, again = _draws(2, np.random.default_rng(1)), _draws(2, np.random.default_rng(1))
    assert np.array_equal(once, again)
    assert not np.any(once == _draws(2, np.random.default_rng(2)))


def test_simulate_without_variances_gives_the_mean():
    zeros = np.zeros((4, 4)), np.zeros((5, 5))
    y = simulate(BETA, DESIGN_X, DESIGN_Z, *zeros, np.random.default_rng(1))
    assert y == pytest.approx(DESIGN_X @ BETA)


def test_simulate_without_errors_gives_all_of_a_group_the_same_b():
    Z = random_intercept_design(["b", "a", "b", "a", "a"])
    X = np.zeros((5, 1))
    y = simulate([0], X, Z, D_matrix(4.0, 2), np.zeros((5, 5)), np.random.default_rng(1))
    assert y == pytest.approx(Z @ [y[1], y[0]])
    assert y[0] != y[1]


@pytest.mark.parametrize("name", ["D", "Sigma"])
@pytest.mark.parametrize("bad", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]]])
def test_simulate_refuses_what_is_not_a_covariance(name, bad):
    covariances = {"D": np.eye(2), "Sigma": np.eye(2), name: np.array(bad)}
    with pytest.raises(ValueError, match=f"{name} is not a covariance matrix"):
        simulate([0], np.ones((2, 1)), np.eye(2), **covariances, rng=np.random.default_rng(1))
