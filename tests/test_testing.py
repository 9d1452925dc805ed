"""Chapter 6: two models compared, and the test whose null hypothesis lies on the edge."""

import numpy as np
import pytest
from conftest import CASES, load_case
from scipy.stats import chi2, f, ks_2samp, kstest

import lmmteach as lt
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
    lrt,
    wald_z,
)

ML = (1.39546426004936, 0.32543575358303)
REML = (1.74941525871139, 0.32543575358303)
FORMULA = "logestrone ~ 1 + (1 | woman)"
EXACT = [name for name in CASES if load_case(name).golden.get("rlrt_sigma_b")]
CHANGED_X = [name for name in CASES if load_case(name).golden.get("lrt_fixed")]
METHODS = {"LRT": "ML", "RLRT": "REML"}
either = pytest.mark.parametrize("kind", METHODS)


@pytest.fixture(scope="module")
def data():
    data = lt.load_data("estrone")
    return data.assign(order=data["measurement"] - 8.5, tens=10 * (data["measurement"] - 8.5))


@pytest.fixture(scope="module")
def scaled(data):
    """``scaled(c)``: the women's deviations from the mean of all are multiplied by c."""

    def scaled(c):
        y = data["logestrone"]
        of_woman = y.groupby(data["woman"]).transform("mean")
        return data.assign(logestrone=y.mean() + c * (of_woman - y.mean()) + y - of_woman)

    return scaled


@pytest.fixture(scope="module")
def trend(unbalanced):
    """X and Z of the unbalanced cut, with a covariate that varies within and between groups."""
    _, X, Z = unbalanced
    return np.column_stack([X, np.random.default_rng(2).normal(size=len(X))]), Z


@pytest.fixture(scope="module")
def dyestuff(oracle):
    fit = oracle("dyestuff").fit("ML")
    return fit.y, fit.X, fit.Z


def pair(formula, data, method):
    return lt.lmm(formula, data, method, sigma2_b=0), lt.lmm(formula, data, method)


def closed_form(F, groups, members, kind):
    """The statistic of balanced data, which the F of the analysis of variance decides."""
    d, n = groups - (kind == "RLRT"), groups * members
    m = n - (kind == "RLRT")
    ratio = (groups - 1) * np.asarray(F) / d
    value = m * np.log((d * ratio + n - groups) / m) - d * np.log(ratio)
    return np.where(ratio > 1, value, 0.0)


def quantile_and_error(draws, p):
    """A quantile and its Monte Carlo standard error, from the density around it."""
    low, middle, high = np.quantile(draws, [p - 0.005, p, p + 0.005])
    return middle, np.sqrt(p * (1 - p) / len(draws)) * (high - low) / 0.01


def error_of_share(p, *draws):
    return np.sqrt(p * (1 - p) * sum(1 / n for n in draws))


def test_aic_counts_coefficients_and_variances_twice(data):
    fit = lt.lmm("logestrone ~ order + (1 | woman)", data, "ML")
    assert aic(fit) == pytest.approx(-2 * fit.loglik + 2 * 4, rel=1e-14)
    assert aic(lt.lmm(FORMULA, data, "ML", sigma2_b=0)) == pytest.approx(
        2 * 135.22897936479 + 2 * 2, rel=1e-12
    )


@either
def test_aic_is_rs(case, kind):
    expected = case.golden[METHODS[kind].lower()]["AIC"]
    assert aic(case.fit(METHODS[kind])) == pytest.approx(expected, rel=1e-9)


def test_aic_refuses_what_is_no_fit():
    with pytest.raises(TypeError, match="aic wants the result of lmm, not float"):
        aic(157.75)


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
    with pytest.raises(ValueError, match="is there only one group"):
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
    with pytest.raises(ValueError, match="sigma2_b = -1 is a variance"):
        wald_z((-1, 1), estrone.X, estrone.Z)


@either
def test_lrt_of_the_variance_between_the_women(data, kind, oracle):
    test = lrt(*pair(FORMULA, data, METHODS[kind]), nsim=999)
    r = oracle("estrone").golden["rlrt_sigma_b"]
    assert test.statistic == pytest.approx(r[kind], rel=1e-9)
    assert test.df == 1
    assert test.pvalues["chi2"] == pytest.approx(r[f"p_chisq1_{kind}"], rel=1e-7, abs=0)
    assert test.pvalues["mixture"] == pytest.approx(r[f"p_mix_{kind}"], rel=1e-7, abs=0)
    assert test.pvalue == test.pvalues["exact"] == 1 / 1000


@pytest.mark.parametrize("name", CHANGED_X)
def test_lrt_of_a_fixed_effect_is_rs(name, oracle):
    case = oracle(name)
    r = case.golden["lrt_fixed"]
    test = lrt(case.fit("ML", formula=r["small"]), case.fit("ML"))
    assert test.statistic == pytest.approx(r["chisq"], rel=1e-8)
    assert test.pvalue == pytest.approx(r["p"], rel=1e-7, abs=0)
    assert test.df == r["df"]
    assert test.pvalues == {"chi2": test.pvalue}


@pytest.mark.parametrize("term", ["order", "tens", "measurement"])
def test_lrt_of_the_order_of_measurement_does_not_depend_on_its_units(term, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (1, term)]
    for test in (lrt(*fits), lrt(*fits[::-1])):
        assert test.statistic == pytest.approx(4.8077, abs=5e-5)
        assert test.pvalue == pytest.approx(0.0283, abs=5e-5)
        assert test.df == 1


def test_lrt_of_two_coefficients_has_two_degrees_of_freedom(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in ("1", "poly(order, 2)")]
    test = lrt(*fits)
    assert test.df == 2
    assert test.pvalue == pytest.approx(np.exp(-test.statistic / 2), rel=1e-10)


def test_lrt_without_variance_between_the_women_is_that_of_regression(data):
    small, large = (
        lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML", sigma2_b=0) for x in (1, "order")
    )
    rss = [np.linalg.lstsq(fit.X, fit.y)[1][0] for fit in (small, large)]
    assert lrt(small, large).statistic == pytest.approx(80 * np.log(rss[0] / rss[1]), rel=1e-9)


BORDERLINE = [
    (0.17, "LRT", 1.410, (0.235, 0.118)),
    (0.19, "LRT", 2.621, (0.1055, 0.0527)),
    (0.20, "LRT", 3.338, (0.068, 0.034)),
    (0.22, "LRT", 4.973, (0.026, 0.013)),
    (0.18, "RLRT", 2.815, (0.093, 0.047)),
]


@pytest.mark.parametrize(("c", "kind", "statistic", "pvalues"), BORDERLINE)
def test_three_pvalues_at_the_boundary_of_which_the_exact_one_is_the_F_tests(
    c, kind, statistic, pvalues, scaled
):
    test = lrt(*pair(FORMULA, scaled(c), METHODS[kind]))
    assert test.statistic == pytest.approx(statistic, abs=5e-4)
    assert test.pvalues["chi2"] == pytest.approx(pvalues[0], abs=5e-4)
    assert test.pvalues["mixture"] == pytest.approx(pvalues[1], abs=5e-4)
    assert test.pvalues["chi2"] > test.pvalues["mixture"] > test.pvalues["exact"] > 0
    F = c**2 * 87.0097387309409
    expected = f.sf(F, 4, 75)
    assert test.pvalue == test.pvalues["exact"]
    assert test.pvalue == pytest.approx(expected, abs=4 * error_of_share(expected, 100_000))


def test_the_F_test_of_the_scaled_study(scaled):
    y = scaled(0.19)["logestrone"].to_numpy()
    SSB, SSW = sums_of_squares(y, random_intercept_design(np.repeat(range(5), 16)))
    ratio = SSB / 4 / (SSW / 75)
    assert ratio == pytest.approx(0.19**2 * 87.0097387309409, rel=1e-10)
    assert f.sf(ratio, 4, 75) == pytest.approx(0.0192, abs=5e-5)
    assert float(closed_form(ratio, 5, 16, "LRT")) == pytest.approx(2.621, abs=5e-4)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_at_the_boundary_every_pvalue_is_1(method, oracle):
    test = lrt(*pair("Yield ~ 1 + (1 | Batch)", oracle("dyestuff2").data, method), nsim=50)
    assert test.statistic == 0
    assert test.pvalues == {"chi2": 1, "mixture": 1, "exact": 1}


def test_lrt_draws_as_many_as_asked_for_from_the_generator_given(scaled):
    fits = pair(FORMULA, scaled(0.19), "REML")
    test = lrt(*fits, nsim=300, rng=np.random.default_rng(4))
    null = exact_null(fits[1].X, fits[1].Z, 300, np.random.default_rng(4), reml=True)
    assert test.pvalue == (1 + np.sum(null >= test.statistic)) / 301
    assert lrt(*fits, nsim=300).pvalue == lrt(*fits, nsim=300).pvalue


def test_the_larger_model_may_come_first(scaled):
    small, large = pair(FORMULA, scaled(0.19), "ML")
    assert repr(lrt(large, small, nsim=100)) == repr(lrt(small, large, nsim=100))


def test_printout_at_the_boundary(scaled):
    test = lrt(*pair(FORMULA, scaled(0.19), "ML"), nsim=5000)
    exact = f"{test.pvalue:.4g}"
    assert str(test).splitlines() == [
        "Likelihood ratio test (ML)",
        "smaller  logestrone ~ 1 + (1 | woman), with σ_b² = 0  2 parameters, ℓ = -72.2253",
        "larger   logestrone ~ 1 + (1 | woman)                 3 parameters, ℓ = -70.9150",
        "statistic 2.6206; σ_b² = 0 is the edge of what a variance can be:",
        "  χ² with df = 1          p = 0.1055, mostly too large there",
        "  mixture ½ χ²₀ + ½ χ²₁   p = 0.05274, mostly still too large for few groups",
        f"  exact null, simulated   p = {exact}, from 5,000 draws",
    ]


def test_printout_says_where_no_draw_was_as_large(data):
    test = lrt(*pair(FORMULA, data, "REML"), nsim=200)
    assert repr(test).endswith("p ≤ 0.004975: none of 200 draws is as large")


def test_printout_of_a_fixed_effect(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (1, "order")]
    assert repr(lrt(*fits)).splitlines() == [
        "Likelihood ratio test (ML)",
        "smaller  logestrone ~ 1 + (1 | woman)      3 parameters, ℓ = -79.2187",
        "larger   logestrone ~ order + (1 | woman)  4 parameters, ℓ = -76.8148",
        "statistic 4.8077, χ² with df = 1: p = 0.02833",
    ]


def refused(message):
    return pytest.raises(ValueError, match=message)


def test_lrt_refuses_reml_with_different_fixed_effects_and_offers_ml(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data) for x in (1, "order")]
    with refused(r'REML.* its own error contrasts Kᵀy.*Fit both models with method="ML"'):
        lrt(*fits)


@pytest.mark.parametrize(
    "rows", [lambda d: d.iloc[:79], lambda d: d.iloc[::-1]], ids=["fewer", "reversed"]
)
def test_lrt_refuses_other_rows_and_another_order(rows, data):
    fits = [
        lt.lmm("logestrone ~ 1 + (1 | woman)", data, "ML"),
        lt.lmm("logestrone ~ order + (1 | woman)", rows(data), "ML"),
    ]
    with refused(r"different responses.*lose rows.*another order.*cannot be compared"):
        lrt(*fits)


@pytest.mark.parametrize("others", [lambda w: w % 2, lambda w: 6 - w], ids=["fewer", "renamed"])
def test_lrt_refuses_other_groups(others, data):
    other = data.assign(woman=others(data["woman"]))
    with refused("different groups: neither is part of the other"):
        lrt(lt.lmm(FORMULA, data), lt.lmm(FORMULA, other, sigma2_b=0))


def test_lrt_refuses_reml_against_ml(data):
    with refused('by ML, the other by REML.*both with method="ML".* if only σ_b² differs'):
        lrt(lt.lmm(FORMULA, data, "ML", sigma2_b=0), lt.lmm(FORMULA, data, "REML"))


@pytest.mark.parametrize("held", [None, 0])
def test_lrt_refuses_the_same_model_twice(held, data):
    fits = [lt.lmm(FORMULA, data, "ML", sigma2_b=held) for _ in range(2)]
    with refused("models are the same: there is nothing to test"):
        lrt(*fits)


@pytest.mark.parametrize(
    ("one", "other"),
    [("order", "estrone"), ("order", "estrone + np.sin(order)")],
)
def test_lrt_refuses_models_that_are_not_nested(one, other, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (one, other)]
    for pair_of_fits in (fits, fits[::-1]):
        with refused(r'not nested.*compared by AIC \(method="ML"\)'):
            lrt(*pair_of_fits)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_lrt_knows_the_same_model_in_other_units(method, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, method) for x in ("order", "tens")]
    with refused("models are the same"):
        lrt(*fits)


def test_lrt_refuses_reml_with_the_same_fixed_part_in_other_units(data):
    small = lt.lmm("logestrone ~ tens + (1 | woman)", data, sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data)
    with refused("the same in different columns"):
        lrt(small, large)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_lrt_refuses_two_differences_at_once(method, data):
    small = lt.lmm(FORMULA, data, method, sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data, method)
    with refused(r"fixed effects and in σ_b² at once. Test one after the other"):
        lrt(small, large)


@pytest.mark.parametrize("term", ["order", "poly(order, 2)"])
def test_lrt_refuses_a_model_that_is_smaller_here_and_larger_there(term, data):
    without_variance = lt.lmm(f"logestrone ~ {term} + (1 | woman)", data, "ML", sigma2_b=0)
    for fits in (
        (without_variance, lt.lmm(FORMULA, data, "ML")),
        (lt.lmm(FORMULA, data, "ML"), without_variance),
    ):
        with refused("not nested"):
            lrt(*fits)


def test_lrt_refuses_a_variance_held_elsewhere_than_at_0(data):
    with refused("sigma2_b=0"):
        lrt(lt.lmm(FORMULA, data, "ML", sigma2_b=1.5), lt.lmm(FORMULA, data, "ML"), nsim=10)


def test_lrt_refuses_variances_held_at_different_values(data):
    small = lt.lmm(FORMULA, data, "ML", sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data, "ML", sigma2_b=5.0)
    with refused("hold σ_b² at different values"):
        lrt(small, large)


def test_exact_null_wants_a_draw(estrone):
    with pytest.raises(ValueError, match="nsim = 0: at least 1 is needed"):
        exact_null(estrone.X, estrone.Z, 0, np.random.default_rng(1))


def test_lrt_names_the_value_at_which_both_variances_are_held(data):
    fits = [
        lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML", sigma2_b=1.5) for x in ("1", "order")
    ]
    text = str(lrt(*fits))
    assert text.count("with σ_b² = 1.5") == 2
    assert "with σ_b² = 0" not in text
