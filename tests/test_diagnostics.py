"""Chapter 8: residuals, their plots against the normal law, and fits without one group."""

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats.mstats import plotting_positions

import lmmteach as lt
from lmmteach.diagnostics import (
    conditional_residuals,
    influence_by_group,
    marginal_residuals,
    pp_points,
    qq_points,
    scaled_residuals,
)

FORMULA = "logestrone ~ 1 + (1 | woman)"
methods = pytest.mark.parametrize("method", ["REML", "ML"])


@pytest.fixture(scope="module")
def data():
    return lt.load_data("estrone")


@pytest.fixture(scope="module")
def cut(data):
    """The rows that the fixture ``unbalanced`` has, with their names."""
    size = data["woman"].map({1: 16, 2: 8, 3: 4, 4: 2, 5: 1})
    return data[data.groupby("woman").cumcount() < size]


@methods
def test_conditional_residuals_are_those_of_r(case, method):
    fit, r = case.fit(method), case.golden[method.lower()]
    beta, (ranef,) = np.array(r["beta"]), r["ranef"].values()
    b = np.ravel(ranef["values"])
    residuals = conditional_residuals(fit.y, fit.X, beta, fit.Z, b)
    assert residuals == pytest.approx(np.array(r["resid"]), rel=0, abs=1e-8 * fit.y.std())


@methods
def test_marginal_residuals_are_those_of_r(case, method):
    fit, r = case.fit(method), case.golden[method.lower()]
    residuals = marginal_residuals(fit.y, fit.X, np.array(r["beta"]))
    expected = fit.y - np.array(r["fitted_population"])
    assert residuals == pytest.approx(expected, rel=0, abs=1e-8 * fit.y.std())


@methods
def test_scaled_residuals_have_the_quantiles_that_r_prints(case, method):
    r = case.golden[method.lower()]
    (sigma2_e,) = r["varcomp"]["vcov"][1:]
    quantiles = np.quantile(scaled_residuals(r["resid"], sigma2_e), [0, 0.25, 0.5, 0.75, 1])
    assert quantiles == pytest.approx(np.array(r["scaled_resid_quantiles"]), rel=0, abs=1e-8)


def test_residuals_of_one_woman_sum_to_what_shrinkage_leaves(unbalanced):
    y, X, Z = unbalanced
    b = np.array([0.1, -0.2, 0.3, -1.0, 2.0])
    sums = Z.T @ conditional_residuals(y, X, [14.0], Z, b)
    assert sums == pytest.approx(Z.T @ (y - 14.0) - Z.sum(axis=0) * b, rel=1e-10)
    assert Z.T @ marginal_residuals(y, X, [14.0]) == pytest.approx(Z.T @ (y - 14.0), rel=1e-10)


def test_largest_residual_of_estrone(data):
    fit = lt.lmm(FORMULA, data)
    beta, b = fit.beta.to_numpy(), fit.b
    scaled = scaled_residuals(conditional_residuals(fit.y, fit.X, beta, fit.Z, b), fit.sigma2_e)
    assert [scaled.min(), scaled.max()] == pytest.approx([-2.56578, 2.84352], abs=5e-6)
    assert data["estrone"].iloc[[scaled.argmin(), scaled.argmax()]].to_list() == [12, 46]


def test_scaling_is_by_the_sd():
    assert scaled_residuals([3.0, -1.5, 0.0], 2.25).tolist() == [2, -1, 0]


@pytest.mark.parametrize(
    ("sigma2_e", "message"),
    [
        (0, "sigma2_e = 0, so it cannot serve as the unit"),
        (-1, "sigma2_e = -1, but as a variance it must"),
        (np.nan, "sigma2_e = nan, but as a variance it must"),
    ],
)
def test_scaling_refuses_what_is_no_variance_above_0(sigma2_e, message):
    with pytest.raises(ValueError, match=message):
        scaled_residuals([1.0, 2.0], sigma2_e)


def test_residuals_refuse_arrays_that_do_not_fit_together(estrone):
    y, X, Z = estrone
    with pytest.raises(
        ValueError, match="beta has 2 entries, but going by X there should be p = 1"
    ):
        marginal_residuals(y, X, [1.0, 2.0])
    with pytest.raises(ValueError, match="b has 4 entries, but going by Z there should be q = 5"):
        conditional_residuals(y, X, [14.0], Z, np.zeros(4))
    with pytest.raises(ValueError, match="residuals has a missing or infinite value"):
        scaled_residuals([1.0, np.nan], 1.0)


# What R's qqnorm(1:5) and ppoints(5) give.
QQNORM_5 = [-1.17976112, -0.49720057, 0, 0.49720057, 1.17976112]


def test_qq_points_of_5_are_rs():
    theoretical, observed = qq_points([3.0, 1.0, 2.0, 5.0, 4.0])
    assert theoretical == pytest.approx(QQNORM_5, abs=1e-8)
    assert observed.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("n", "a"), [(1, 3 / 8), (5, 3 / 8), (10, 3 / 8), (11, 1 / 2), (80, 1 / 2)]
)
def test_qq_positions_are_those_of_ppoints(n, a):
    values = np.random.default_rng(n).normal(size=n)
    theoretical, observed = qq_points(values)
    positions = np.sort(plotting_positions(np.arange(n), a, a))
    assert norm.cdf(theoretical) == pytest.approx(positions, rel=1e-12)
    assert observed.tolist() == sorted(values)


@pytest.mark.parametrize("n", [5, 80])
def test_pp_positions_cut_0_to_1_into_equal_parts(n):
    values = np.random.default_rng(n).normal(size=n)
    theoretical, observed = pp_points(values)
    assert theoretical == pytest.approx(np.linspace(1 / (2 * n), 1 - 1 / (2 * n), n), rel=1e-12)
    assert observed == pytest.approx(norm.cdf(np.sort(values)), rel=1e-12)


@pytest.mark.parametrize("points", [qq_points, pp_points])
@pytest.mark.parametrize("n", [5, 12])
def test_points_rise_and_theirs_are_symmetric(points, n):
    values = np.random.default_rng(n).normal(size=n)
    theoretical, observed = points(values)
    middle = norm.cdf(0) if points is pp_points else 0
    assert np.all(np.diff(theoretical) > 0)
    assert np.all(np.diff(observed) > 0)
    assert theoretical + theoretical[::-1] == pytest.approx(np.full(n, 2 * middle), abs=1e-12)
    mirrored, mirrored_observed = points(-values)
    assert np.array_equal(mirrored, theoretical)
    assert mirrored_observed == pytest.approx(2 * middle - observed[::-1], abs=1e-12)


def test_values_that_lie_where_they_should_make_a_straight_line():
    quantiles, _ = qq_points(np.arange(20.0))
    theoretical, observed = qq_points(quantiles[::-1])
    assert observed == pytest.approx(theoretical, abs=1e-14)
    theoretical, observed = pp_points(quantiles[::-1])
    assert observed == pytest.approx(theoretical, abs=1e-14)


@pytest.mark.parametrize("points", [qq_points, pp_points])
def test_points_refuse_missing_values_and_tables(points):
    with pytest.raises(ValueError, match="values has a missing or infinite value"):
        points([1.0, np.nan])
    with pytest.raises(ValueError, match=r"values has shape \(2, 2\), but it must be flat"):
        points(np.ones((2, 2)))


def test_the_values_themselves_stay_in_their_order():
    values = np.array([3.0, 1.0, 2.0])
    qq_points(values), pp_points(values)
    assert values.tolist() == [3, 1, 2]


@pytest.mark.parametrize("study", ["data", "cut"])
@methods
def test_influence_is_what_a_fit_to_the_other_women_gives(study, method, request):
    data = request.getfixturevalue(study)
    fit = lt.lmm(FORMULA, data, method)
    influence = influence_by_group(fit.y, fit.X, fit.Z, reml=method == "REML")
    assert influence.beta.shape == (5, 1)
    assert influence.theta.shape == (5, 2)
    for i, woman in enumerate(fit.ranef["woman"].index):
        without = lt.lmm(FORMULA, data[data["woman"] != woman], method)
        assert influence.beta[i] == pytest.approx(without.beta.to_numpy(), rel=1e-8)
        assert influence.theta[i] == pytest.approx(without.theta, rel=1e-6)


def test_influence_with_a_covariate_and_shuffled_rows(cut):
    rows = np.random.default_rng(5).permutation(len(cut))
    shuffled = cut.iloc[rows]
    formula = "logestrone ~ measurement + (1 | woman)"
    fit = lt.lmm(formula, shuffled)
    influence = influence_by_group(fit.y, fit.X, fit.Z)
    assert influence.beta.shape == (5, 2)
    for i in range(5):
        without = lt.lmm(formula, shuffled[shuffled["woman"] != i + 1])
        assert influence.beta[i] == pytest.approx(without.beta.to_numpy(), rel=1e-7)
        assert influence.theta[i] == pytest.approx(without.theta, rel=1e-6)


def test_woman_4_makes_half_of_the_variance_between_women(estrone):
    sigma2_b = influence_by_group(*estrone).theta[:, 0]
    assert sigma2_b[[3, 2, 0]] == pytest.approx([0.771, 1.450, 2.172], abs=5e-4)


def test_influence_is_of_reml_unless_ml_is_asked_for(estrone):
    reml, ml = influence_by_group(*estrone), influence_by_group(*estrone, reml=False)
    # Balanced data: without a woman the SSB of the others is divided by 3, or by 4.
    ratio = (ml.theta[:, 0] + ml.theta[:, 1] / 16) / (reml.theta[:, 0] + reml.theta[:, 1] / 16)
    assert ratio == pytest.approx(np.full(5, 3 / 4), rel=1e-8)


def test_influence_refuses_to_leave_out_one_of_two_groups():
    y, Z = [1.0, 2.0, 2.5, 4.0, 3.0, 5.5], np.repeat(np.eye(2), 3, axis=0)
    with pytest.raises(ValueError, match="more than one group"):
        influence_by_group(y, np.ones((6, 1)), Z)


def test_influence_refuses_arrays_that_do_not_fit_together(estrone):
    y, X, Z = estrone
    with pytest.raises(ValueError, match="Z has 79 rows, but going by y there should be n = 80"):
        influence_by_group(y, X, Z[:79])
