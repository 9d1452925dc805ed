"""Chapter 12: how exact a simulation is, and the variance, the power and the cost of a design."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

import lmmteach as lt
from lmmteach import simulation
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import gls

THETA = (1.7494, 0.3254)


def test_the_monte_carlo_error_is_how_much_simulated_means_vary():
    rng = np.random.default_rng(12)
    means, errors = np.transpose([simulation.monte_carlo(rng.exponential(size=50))
                                  for _ in range(4000)])  # fmt: skip
    assert means.std() == pytest.approx(1 / np.sqrt(50), rel=0.04)
    assert np.mean(errors**2) == pytest.approx(1 / 50, rel=0.04)


def test_of_true_and_false_it_is_that_of_a_share():
    draws = np.arange(400) < 380
    share, error = simulation.monte_carlo(draws)
    assert share == 0.95
    assert error == pytest.approx(np.sqrt(0.95 * 0.05 / 399))


@pytest.mark.parametrize("draws", [[], [1.0]])
def test_one_draw_has_no_error(draws):
    with pytest.raises(ValueError, match="at least 2"):
        simulation.monte_carlo(draws)


@pytest.mark.parametrize(
    ("share", "error", "B"),
    [(0.8, 0.01, 1600), (0.95, 0.01, 475), (0.914, 0.005, 3145), (0.5, 0.5, 1)],
)
def test_so_many_draws_have_this_error_and_one_fewer_a_larger_one(share, error, B):
    assert simulation.draws_needed(share, error) == B
    assert np.sqrt(share * (1 - share) / B) <= error * (1 + 1e-9)
    assert B == 1 or np.sqrt(share * (1 - share) / (B - 1)) > error


@pytest.mark.parametrize(("share", "error"), [(80, 0.01), (0.8, 0), (1, 0.1), (0.5, 5)])
def test_draws_needed_refuses_what_is_no_share(share, error):
    with pytest.raises(ValueError, match="between 0 and 1"):
        simulation.draws_needed(share, error)


def of_gls(I, J, treated, theta):
    Z = random_intercept_design(np.repeat(np.arange(I), J))
    X = np.column_stack([np.ones(I * J), treated])
    _, covariance = gls(V_theta(theta, Z), np.zeros(I * J), X)
    return covariance[1, 1]


@pytest.mark.parametrize(("I", "J"), [(4, 2), (20, 4), (10, 1)])
@pytest.mark.parametrize("theta", [THETA, (0.2, 3.0), (0.0, 1.0)])
def test_the_variance_of_a_difference_between_groups_is_that_of_gls(I, J, theta):
    treated = np.repeat(np.arange(I) % 2, J)
    expected = of_gls(I, J, treated, theta)
    assert simulation.difference_variance(theta, I, J) == pytest.approx(expected)


@pytest.mark.parametrize(("I", "J"), [(4, 2), (5, 4)])
@pytest.mark.parametrize("theta", [THETA, (0.2, 3.0)])
def test_the_variance_of_a_difference_within_groups_is_that_of_gls(I, J, theta):
    treated = np.tile(np.arange(J) % 2, I)
    expected = of_gls(I, J, treated, theta)
    assert simulation.within_variance(theta, I, J) == pytest.approx(expected)


def test_formulas_take_arrays_of_sizes():
    sizes = np.array([4, 20])
    for formula in (simulation.difference_variance, simulation.within_variance):
        each = [formula(THETA, size, 4) for size in sizes]
        np.testing.assert_allclose(formula(THETA, sizes, 4), each)


def test_the_power_is_how_often_a_t_test_rejects():
    rng, B, effect, variance, df = np.random.default_rng(12), 400_000, 1.0, 0.4, 6
    t = rng.normal(effect, np.sqrt(variance), B) / np.sqrt(variance * rng.chisquare(df, B) / df)
    rejects = np.abs(t) > stats.t(df).ppf(0.975)
    found = simulation.power(effect, variance, df)
    assert found == pytest.approx(rejects.mean(), abs=4 * rejects.std() / np.sqrt(B))
    two_tails = stats.nct(df, effect / np.sqrt(variance))
    critical = stats.t(df).ppf(0.975)
    assert found == pytest.approx(two_tails.sf(critical) + two_tails.cdf(-critical), rel=1e-6)


def test_the_power_without_an_effect_is_alpha_and_grows_with_it():
    assert simulation.power(0.0, 0.4, 18, alpha=0.1) == pytest.approx(0.1)
    powers = simulation.power(np.linspace(0, 3, 31), 0.4, 18)
    assert (np.diff(powers) > 0).all()
    np.testing.assert_allclose(simulation.power(-1.0, 0.4, 18), simulation.power(1.0, 0.4, 18))
    with pytest.raises(ValueError, match="between 0 and 1"):
        simulation.power(1.0, 0.4, 18, alpha=5)


@pytest.mark.parametrize("theta", [THETA, (0.2, 3.0)])
@pytest.mark.parametrize("per_group", [1.0, 10.0, 50.0])
def test_the_best_number_of_measurements_has_the_smallest_variance_for_a_budget(theta, per_group):
    def variance(J):
        groups = 1000 / (per_group + 2.0 * J)
        return simulation.difference_variance(theta, groups, J)

    found = minimize_scalar(variance, bounds=(1e-3, 100), options={"xatol": 1e-8}, method="bounded")
    best = simulation.best_measurements(theta, per_group, 2.0)
    assert best == pytest.approx(found.x, rel=1e-4)


@pytest.mark.parametrize(("theta", "price"), [((0.0, 1.0), 1), (THETA, 0)])
def test_where_more_measurements_always_pay_no_number_is_the_best(theta, price):
    with pytest.raises(ValueError, match="always pay"):
        simulation.best_measurements(theta, 10, price)


def test_the_power_of_the_formula_is_that_of_fits():
    """The t test with I − 2 degrees of freedom, in fits by REML."""
    data = lt.design(woman=8, day=3).assign(treated=lambda d: (d["woman"] > 4) * 1.0)
    study = lt.study("y ~ treated + (1 | woman)", data, [14, 2], THETA, nsim=1500, df=6)
    exact = simulation.power(2, simulation.difference_variance(THETA, 8, 3), 6)
    figure, error = simulation.monte_carlo(study.draws["p treated"] < 0.05)
    assert figure == pytest.approx(exact, abs=4 * error)
