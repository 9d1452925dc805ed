"""Chapter 6: two models compared, and the test whose null hypothesis lies on the edge."""

import numpy as np
import pytest
from conftest import CASES, closed_form, error_of_share, load_case
from scipy.stats import chi2, f, ks_2samp, kstest

from lmmteach import testing
from lmmteach.likelihood import sums_of_squares
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import P_matrix
from lmmteach.testing import (
    CHUNK,
    aic,
    bootstrap_lrt,
    boundary_lrt,
    boundary_pvalue,
    chi2_pvalue,
    exact_null,
    wald_z,
)

ML = (1.39546426004936, 0.32543575358303)
REML = (1.74941525871139, 0.32543575358303)
FORMULA = "logestrone ~ 1 + (1 | woman)"
EXACT = [name for name in CASES if load_case(name).golden.get("rlrt_sigma_b")]
METHODS = {"LRT": "ML", "RLRT": "REML"}
either = pytest.mark.parametrize("kind", METHODS)


@pytest.fixture(scope="module")
def trend(unbalanced):
    """X and Z of the unbalanced cut, with a covariate that varies within and between groups."""
    _, X, Z = unbalanced
    return np.column_stack([X, np.random.default_rng(2).normal(size=len(X))]), Z


@pytest.fixture(scope="module")
def dyestuff(oracle):
    fit = oracle("dyestuff").fit("ML")
    return fit.y, fit.X, fit.Z


def quantile_and_error(draws, p):
    """A quantile and its Monte Carlo standard error, from the density around it."""
    low, middle, high = np.quantile(draws, [p - 0.005, p, p + 0.005])
    return middle, np.sqrt(p * (1 - p) / len(draws)) * (high - low) / 0.01


@either
def test_aic_is_rs(case, kind):
    method = METHODS[kind]
    r, fit = case.golden[method.lower()], case.fit(method)
    # The lecture's k: the coefficients and the two variances.
    k = len(r["beta"]) + 2
    assert aic(r["loglik"], k) == pytest.approx(r["AIC"], rel=1e-12)
    assert aic(fit.loglik, k) == fit.aic == pytest.approx(r["AIC"], rel=1e-9)


def test_aic_charges_two_for_each_parameter_and_nothing_for_none():
    assert aic(-3.5, 0) == 7
    assert aic(np.float64(-3.5), np.int64(4)) == 15


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "loglik must be a number", ("-79.2", 3)),
        (TypeError, "loglik must be a number", ([-79.2], 3)),
        (ValueError, "loglik = nan is not finite", (np.nan, 3)),
        (TypeError, "k = 3.0 must be a whole number", (-79.2, 3.0)),
        (ValueError, "k = -1, but it must be at least 0", (-79.2, -1)),
    ],
)
def test_aic_refuses_what_is_no_loglikelihood_or_no_count(error, message, arguments):
    with pytest.raises(error, match=message):
        aic(*arguments)


@pytest.mark.parametrize("df", [1, 2, 5])
def test_chi2_pvalue_is_the_upper_tail(df):
    statistic = np.array([0, 0.01, 2.7, 3.84, 120])
    assert chi2_pvalue(statistic, df) == pytest.approx(chi2.sf(statistic, df), rel=1e-12, abs=0)
    assert chi2_pvalue(3.84, df) == pytest.approx(chi2.sf(3.84, df), rel=1e-12)
    assert np.ndim(chi2_pvalue(3.84, df)) == 0


def test_boundary_pvalue_is_half_that_of_chi2_but_1_at_0():
    statistic = np.array([0, 1e-9, 2.705543, 112.020628])
    expected = [1, *0.5 * chi2.sf(statistic[1:], 1)]
    assert boundary_pvalue(statistic) == pytest.approx(expected, rel=1e-12, abs=0)
    assert boundary_pvalue(statistic.reshape(2, 2)).shape == (2, 2)
    assert boundary_pvalue(2.705543) == pytest.approx(0.05, abs=1e-7)
    assert boundary_pvalue(0) == 1
    assert np.ndim(boundary_pvalue(0)) == 0


@pytest.mark.parametrize("statistic", [-1e-6, [1.0, -2.0]])
@pytest.mark.parametrize(
    "pvalue", [lambda t: chi2_pvalue(t, 1), boundary_pvalue], ids=["chi2", "boundary"]
)
def test_pvalues_refuse_a_negative_statistic(pvalue, statistic):
    with pytest.raises(ValueError, match=r"cannot be negative.* REML .*wrong way round"):
        pvalue(statistic)


@either
@pytest.mark.parametrize("name", EXACT)
def test_boundary_lrt_is_rs_and_exactly_0_at_the_boundary(name, kind, oracle):
    fit, r = oracle(name).fit("ML"), oracle(name).golden["rlrt_sigma_b"][kind]
    statistic = boundary_lrt(fit.y, fit.X, fit.Z, reml=kind == "RLRT")
    # Where R means 0, it says 3e-14.
    assert statistic == pytest.approx(r if r > 1e-9 else 0, rel=1e-9, abs=0)


def test_boundary_lrt_is_that_of_ml_unless_reml_is_asked_for(estrone):
    assert boundary_lrt(*estrone) == pytest.approx(112.0206, abs=5e-5)
    assert boundary_lrt(*estrone, reml=True) == pytest.approx(114.6992, abs=5e-5)


@either
@pytest.mark.parametrize(("groups", "members"), [(2, 2), (2, 9), (5, 16), (7, 3)])
def test_boundary_lrt_of_balanced_data_is_a_function_of_F(groups, members, kind):
    rng = np.random.default_rng(4)
    Z = random_intercept_design(np.repeat(range(groups), members))
    X = np.ones((len(Z), 1))
    found, expected = [], []
    for sd in (0, 0, 0, 0.5, 0.5, 2, 20):
        y = sd * Z @ rng.normal(size=groups) + rng.normal(size=len(Z))
        SSB, SSW = sums_of_squares(y, Z)
        F = SSB / (groups - 1) / (SSW / (len(y) - groups))
        found.append(boundary_lrt(y, X, Z, reml=kind == "RLRT"))
        expected.append(float(closed_form(F, groups, members, kind)))
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-9)
    assert [value == 0 for value in found] == [value == 0 for value in expected]
    assert 0 in found
    assert max(found) > 3


@pytest.mark.parametrize("name", ["estrone", "rail", "dyestuff"])
def test_closed_form_of_these_tests_is_rs(name, oracle):
    r = oracle(name).golden["rlrt_sigma_b"]
    oneway = r["balanced_oneway"]
    for kind in METHODS:
        ours = closed_form(oneway["F"], oneway["I"], oneway["J"], kind)
        assert ours == pytest.approx(r[kind], rel=1e-10)
    assert r["RLRT"] == pytest.approx(oneway["RLRT_closed"], rel=1e-10)


class Squares:
    """In place of a Generator: the χ² draws are the sums of squares of data sets that we have."""

    def __init__(self, y, X, Z):
        Q = np.linalg.qr(X, mode="complete")[0][:, X.shape[1] :]
        mu, U = np.linalg.eigh(Q.T @ Z @ Z.T @ Q)
        mu = np.where(mu > 1e-9, mu, 0).round(9)
        w2 = (y @ Q @ U) ** 2
        self.sums = [w2[:, mu == value].sum(axis=1) for value in np.unique(mu)]
        self.counts = [np.sum(mu == value) for value in np.unique(mu)]

    def chisquare(self, df, size):
        if np.ndim(df) == 0:
            assert df == self.counts[0]
            return self.sums[0].reshape(size)
        assert np.ravel(df).tolist() == self.counts[1:]
        return np.array(self.sums[1:]).reshape(size)


@either
@pytest.mark.parametrize("design", ["balanced", "unbalanced", "trend", "between"])
def test_exact_null_is_the_statistic_of_data_with_the_same_sums_of_squares(
    design, kind, unbalanced, trend
):
    _, X, Z = unbalanced
    if design == "balanced":
        Z = random_intercept_design(np.repeat(range(6), 4))
        X = np.ones((24, 1))
    elif design == "trend":
        X, Z = trend
    elif design == "between":
        X = np.column_stack([X, Z @ [1.0, 2.0, 2.0, 5.0, 3.0]])
    rng = np.random.default_rng(3)
    sd = rng.choice([0, 0, 0.3, 1, 4], size=(30, 1))
    y = rng.normal(size=(30, len(X))) + sd * rng.normal(size=(30, Z.shape[1])) @ Z.T
    by_fit = [boundary_lrt(data_set, X, Z, reml=kind == "RLRT") for data_set in y]
    by_squares = exact_null(X, Z, 30, Squares(y, X, Z), reml=kind == "RLRT")
    assert by_squares == pytest.approx(by_fit, rel=1e-7, abs=1e-7)
    assert 3 < np.sum(by_squares == 0) < 27


ESTRONE = [("LRT", 0.7027262, 1.3731), ("RLRT", 0.5869622, 2.1046)]


@pytest.mark.parametrize(("kind", "zero", "point"), ESTRONE)
def test_share_of_zeros_and_5_percent_point_on_estrone(kind, zero, point, estrone):
    nsim = 200_000
    null = exact_null(estrone.X, estrone.Z, nsim, np.random.default_rng(6), reml=kind == "RLRT")
    assert np.mean(null == 0) == pytest.approx(zero, abs=4 * error_of_share(zero, nsim))
    found, error = quantile_and_error(null, 0.95)
    assert found == pytest.approx(point, abs=4 * error)
    assert error < 0.02


@either
@pytest.mark.parametrize(("groups", "members"), [(2, 3), (5, 16), (7, 3)])
def test_exact_null_of_balanced_data_has_the_law_of_its_F(groups, members, kind):
    Z = random_intercept_design(np.repeat(range(groups), members))
    rng = np.random.default_rng(7)
    null = exact_null(np.ones((len(Z), 1)), Z, 40_000, rng, reml=kind == "RLRT")
    law = f(groups - 1, groups * (members - 1))
    edge = groups / (groups - 1) if kind == "LRT" else 1
    share = law.sf(edge)
    assert np.mean(null > 0) == pytest.approx(share, abs=4 * error_of_share(share, 40_000))
    F = edge + np.geomspace(1e-6, 1e7, 100_000)
    F_of_null = np.interp(null[null > 0], closed_form(F, groups, members, kind), F)
    assert kstest(law.sf(F_of_null) / share, "uniform").pvalue > 0.01


@either
@pytest.mark.parametrize("name", EXACT)
def test_exact_null_is_that_of_rlrsim(name, kind, oracle):
    fit, runs = oracle(name).fit("ML"), oracle(name).golden["rlrt_sigma_b"]["RLRsim"]
    theirs, nsim = sum(run["nsim"] for run in runs), 40_000
    null = exact_null(fit.X, fit.Z, nsim, np.random.default_rng(8), reml=kind == "RLRT")
    zero = np.mean([run[f"P_{kind}_zero"] for run in runs])
    assert np.mean(null < 1e-8) == pytest.approx(zero, abs=4 * error_of_share(zero, nsim, theirs))
    point, error = quantile_and_error(null, 0.95)
    error *= np.sqrt(1 + nsim / theirs)
    assert point == pytest.approx(np.mean([run[f"{kind}_q95"] for run in runs]), abs=4 * error)


@either
def test_exact_pvalue_of_dyestuff_is_that_of_rlrsim_and_of_the_F_test(dyestuff, oracle, kind):
    r = oracle("dyestuff").golden["rlrt_sigma_b"]
    theirs, nsim = sum(run["nsim"] for run in r["RLRsim"]), 200_000
    y, X, Z = dyestuff
    reml = kind == "RLRT"
    null = exact_null(X, Z, nsim, np.random.default_rng(9), reml)
    p = np.mean(null >= boundary_lrt(y, X, Z, reml))
    expected = np.mean([run[f"p_{kind}"] for run in r["RLRsim"]])
    assert p == pytest.approx(expected, abs=4 * error_of_share(expected, nsim, theirs))
    expected = r["balanced_oneway"]["p_F"]
    assert p == pytest.approx(expected, abs=4 * error_of_share(expected, nsim))


def test_same_seed_same_draws_and_another_seed_others(trend):
    first, again, other = (exact_null(*trend, 50, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_draws_come_in_chunks_and_every_one_is_new(trend, monkeypatch):
    assert exact_null(*trend, CHUNK + 7, np.random.default_rng(1)).shape == (CHUNK + 7,)
    monkeypatch.setattr(testing, "CHUNK", 10)
    for nsim in (7, 10, 34):
        null = exact_null(*trend, nsim, np.random.default_rng(1))
        assert null.shape == (nsim,)
        assert len(set(null[null > 0])) == np.sum(null > 0) > 0


def test_exact_null_refuses_a_fixed_part_that_explains_the_groups(estrone):
    with pytest.raises(ValueError, match=r"explains the groups.* no σ_b² is left to test"):
        exact_null(estrone.Z, estrone.Z, 10, np.random.default_rng(1))


def test_with_one_observation_in_each_group_the_restricted_statistic_is_always_0():
    null = exact_null(np.ones((6, 1)), np.eye(6), 20, np.random.default_rng(1), reml=True)
    assert null == pytest.approx(np.zeros(20), abs=1e-9)


def test_bootstrap_draws_are_statistics_of_pure_noise_whatever_the_data(unbalanced, trend):
    y, (X, Z) = unbalanced.y, trend
    for reml in (False, True):
        null = bootstrap_lrt(y, X, Z, 8, np.random.default_rng(5), reml, progress=False).null
        noise = [stream.standard_normal(31) for stream in np.random.default_rng(5).spawn(8)]
        expected = [boundary_lrt(draw, X, Z, reml) for draw in noise]
        assert null == pytest.approx(expected, rel=1e-7, abs=1e-9)
        assert 0 < np.sum(null == 0) < 8


def test_bootstrap_simulates_the_mean_and_variance_of_the_smaller_model(
    unbalanced, trend, monkeypatch
):
    y, (X, Z) = unbalanced.y, trend
    seen = []
    monkeypatch.setattr(testing, "boundary_lrt", lambda y, X, Z, reml: seen.append((y, reml)) or 0)
    for reml in (False, True):
        seen.clear()
        bootstrap_lrt(y, X, Z, 2, np.random.default_rng(5), reml, progress=False)
        beta, rss, *_ = np.linalg.lstsq(X, y)
        sd = np.sqrt(rss[0] / (29 if reml else 31))
        noise = [stream.standard_normal(31) for stream in np.random.default_rng(5).spawn(2)]
        assert np.array([y for y, _ in seen]) == pytest.approx(
            np.array([y, *(X @ beta + sd * draw for draw in noise)]), rel=1e-9
        )
        assert {asked for _, asked in seen} == {reml}


def test_bootstrap_agrees_with_the_exact_null(dyestuff, oracle):
    y, X, Z = dyestuff
    bootstrap = bootstrap_lrt(y, X, Z, 250, np.random.default_rng(11), progress=False)
    assert bootstrap.statistic == pytest.approx(5.4028260936459, rel=1e-10)
    assert bootstrap.failures == 0
    zero = oracle("dyestuff").golden["rlrt_sigma_b"]["balanced_oneway"]["P_LRT_zero"]
    assert np.mean(bootstrap.null == 0) == pytest.approx(zero, abs=4 * error_of_share(zero, 250))
    exact = exact_null(X, Z, 20_000, np.random.default_rng(12))
    assert ks_2samp(bootstrap.null, exact).pvalue > 0.01
    assert bootstrap.pvalue == (1 + np.sum(bootstrap.null >= bootstrap.statistic)) / 251 < 0.03


@pytest.mark.slow
def test_bootstrap_does_not_depend_on_the_number_of_processes(dyestuff):
    one, two = (
        bootstrap_lrt(*dyestuff, 45, np.random.default_rng(13), n_jobs=jobs, progress=False)
        for jobs in (1, 2)
    )
    assert np.array_equal(one.null, two.null)
    assert (one.pvalue, one.failures) == (two.pvalue, two.failures)


def test_bootstrap_is_seeded(dyestuff):
    first, again, other = (
        bootstrap_lrt(*dyestuff, 9, np.random.default_rng(seed), progress=False).null
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def with_draws(monkeypatch, statistic, draws):
    """Put these in place of the statistic and of the simulated ones."""
    draws = iter(draws)
    monkeypatch.setattr(testing, "boundary_lrt", lambda *study: statistic)
    monkeypatch.setattr(testing, "_bootstrap_draw", lambda *study: next(draws))


@pytest.mark.parametrize(
    ("statistic", "pvalue"), [(2.0, 3 / 5), (0.0, 1), (3.5, 1 / 5), (3.0, 2 / 5)]
)
def test_bootstrap_pvalue_counts_the_data_among_the_draws(statistic, pvalue, dyestuff, monkeypatch):
    with_draws(monkeypatch, statistic, [0.0, 3.0, 1.0, 2.0])
    assert bootstrap_lrt(*dyestuff, 4, np.random.default_rng(1), progress=False).pvalue == pvalue


def test_a_simulated_data_set_that_cannot_be_fitted_is_counted(dyestuff, monkeypatch):
    fits = iter([5.0, 1.0, None, 6.0, None, 0.0])

    def fit(y, X, Z, reml):
        statistic = next(fits)
        if statistic is None:
            raise ValueError("No maximum found")
        return statistic

    monkeypatch.setattr(testing, "boundary_lrt", fit)
    bootstrap = bootstrap_lrt(*dyestuff, 5, np.random.default_rng(1), progress=False)
    assert bootstrap.failures == 2
    assert bootstrap.null.tolist() == [1, 6, 0]
    assert bootstrap.pvalue == 2 / 4


def test_bootstrap_without_any_fit_is_refused(dyestuff, monkeypatch):
    with_draws(monkeypatch, 1.0, [np.nan] * 3)
    with pytest.raises(ValueError, match="None of the 3 simulated data sets could be fitted"):
        bootstrap_lrt(*dyestuff, 3, np.random.default_rng(1), progress=False)


def test_bootstrap_hides_no_mistake_in_the_data(dyestuff):
    y, X, _ = dyestuff
    with pytest.raises(ValueError, match="more than one group"):
        bootstrap_lrt(y, X, np.ones((30, 1)), 3, np.random.default_rng(1), progress=False)


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_if_asked_for(progress, dyestuff, monkeypatch, capsys):
    with_draws(monkeypatch, 1.0, [0.0] * 3)
    bootstrap_lrt(*dyestuff, 3, np.random.default_rng(1), progress=progress)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("/3" in shown.err) == progress
    assert progress or shown.err == ""


@pytest.mark.parametrize(
    ("theta", "reml", "z"), [(REML, True, 1.3979551), (ML, False, 1.5584131)], ids=METHODS.values()
)
def test_wald_z_of_estrone_is_next_to_its_ceiling(theta, reml, z, estrone):
    assert wald_z(theta, estrone.X, estrone.Z, reml) == pytest.approx(z, abs=1e-7)
    ceiling = np.sqrt(4 / 2) if reml else np.sqrt(5 / 2)
    of_larger = [
        wald_z((factor * theta[0], theta[1]), estrone.X, estrone.Z, reml)
        for factor in (0, 0.01, 0.1, 1, 10, 1000)
    ]
    assert of_larger[0] == 0
    assert np.all(np.diff(of_larger) > 0)
    assert of_larger[-1] == pytest.approx(ceiling, rel=1e-4)
    assert of_larger[-1] < ceiling


def test_wald_z_is_that_of_reml_unless_ml_is_asked_for(estrone):
    assert wald_z(REML, estrone.X, estrone.Z) == wald_z(REML, estrone.X, estrone.Z, reml=True)


@pytest.mark.parametrize("reml", [True, False])
def test_wald_z_written_out(reml, trend):
    X, Z = trend
    theta = (0.7, 1.3)
    V = V_theta(theta, Z)
    W = P_matrix(V, X) if reml else np.linalg.inv(V)
    parts = (Z @ Z.T, np.eye(31))
    bb, be, _, ee = (0.5 * np.trace(W @ k @ W @ m) for k in parts for m in parts)
    variance = ee / (bb * ee - be**2)
    assert wald_z(theta, X, Z, reml) == pytest.approx(0.7 / np.sqrt(variance), rel=1e-10)


def test_wald_z_refuses_what_are_no_variances(estrone):
    with pytest.raises(ValueError, match="sigma2_b = -1, but as a variance it must"):
        wald_z((-1, 1), estrone.X, estrone.Z)


def test_exact_null_wants_a_draw(estrone):
    with pytest.raises(ValueError, match="nsim = 0, but it must be at least 1"):
        exact_null(estrone.X, estrone.Z, 0, np.random.default_rng(1))
