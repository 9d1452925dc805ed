"""Chapter 10: the same likelihood without V, by small matrices and by sums per group."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from general_cases import ORACLE, golden
from scipy.optimize import minimize

import lmmteach as lt
from lmmteach import blup, henderson, likelihood, model, prediction, profile, reml
from lmmteach.henderson import (
    cholesky,
    criterion_from_sums,
    effective_df,
    eliminate,
    group_sums,
    henderson_inverse,
    log_determinant_V,
    penalised_least_squares,
    pls_criterion,
    relative_factor,
    woodbury,
)

SEVERAL = ("estrone", "sleepstudy_slope", "orthodont_slope", "penicillin", "pastes")
INTERCEPTS = ("estrone", "dyestuff", "rail", "sleepstudy_ri", "orthodont_ri", "sim_unbal_ri")


@cache
def fit_of(name, method):
    r = golden(name)
    if name.startswith("sim_"):
        data = pd.read_csv(ORACLE / "data" / r["dataset"])
    else:
        data = lt.load_data(r["dataset"].removesuffix(".csv"))
    return lt.lmm(r["formula"], data, method)


@pytest.fixture(scope="module")
def slopes():
    """Groups of 4, 2 and 3 rows in mixed order, with correlated intercepts and slopes."""
    rng = np.random.default_rng(10)
    group, time = np.array([2, 0, 0, 1, 2, 0, 1, 2, 0]), np.array([0, 1, 2, 3, 0, 2, 0, 1, 5.0])
    Z = np.zeros((9, 6))
    for row, (i, t) in enumerate(zip(group, time, strict=True)):
        Z[row, 2 * i : 2 * i + 2] = 1, t
    D = np.kron(np.eye(3), [[2.0, -0.8], [-0.8, 1.0]])
    X = np.column_stack([np.ones(9), time])
    y = rng.multivariate_normal(X @ [5.0, 1.0], Z @ D @ Z.T + 0.7 * np.eye(9))
    return D, 0.7, Z, y, X


def V_of(D, sigma2_e, Z):
    return Z @ D @ Z.T + sigma2_e * np.eye(len(Z))


def fits(names, method="REML"):
    """Fits of R's models, and what R says."""
    for name in names:
        yield fit_of(name, method), golden(name)[method.lower()]


def test_woodbury_gives_the_inverse_of_V_times_a_vector_or_a_matrix(slopes):
    D, sigma2_e, Z, y, X = slopes
    inverse = np.linalg.inv(V_of(D, sigma2_e, Z))
    for right in (y, X, np.eye(9)):
        np.testing.assert_allclose(woodbury(D, sigma2_e, Z, right), inverse @ right, atol=1e-12)


def test_the_inverse_of_V_leaves_conditional_residuals(slopes):
    D, sigma2_e, Z, y, X = slopes
    V = V_of(D, sigma2_e, Z)
    beta, _ = profile.gls(V, y, X)
    expected = y - X @ beta - Z @ blup.blup(D, Z, V, y, X)
    np.testing.assert_allclose(sigma2_e * woodbury(D, sigma2_e, Z, y - X @ beta), expected)


def test_the_determinant_lemma(slopes):
    D, sigma2_e, Z, *_ = slopes
    expected = np.linalg.slogdet(V_of(D, sigma2_e, Z)).logabsdet
    assert log_determinant_V(D, sigma2_e, Z) == pytest.approx(expected, rel=1e-12)
    assert log_determinant_V(4 * D, 4 * sigma2_e, Z) == pytest.approx(expected + 9 * np.log(4))


@pytest.mark.parametrize("call", [woodbury, log_determinant_V])
def test_where_D_has_no_inverse_another_function_is_named(call, slopes):
    _, sigma2_e, Z, y, _ = slopes
    more = (y,) if call is woodbury else ()
    with pytest.raises(ValueError, match=r"sigma2_b = 0.*pls_criterion"):
        call(np.zeros((6, 6)), sigma2_e, Z, *more)
    for bad in (0.0, -1.0, np.nan, "1"):
        with pytest.raises(ValueError, match="sigma2_e"):
            call(np.eye(6), bad, Z, *more)


def test_the_inverse_of_hendersons_matrix_has_every_variance(slopes):
    D, _, Z, y, X = slopes
    Sigma = np.diag(np.linspace(0.5, 1.5, 9))
    V = model.V_matrix(Z, D, Sigma)
    covariance = henderson_inverse(D, Sigma, Z, X)
    _, Phi = profile.gls(V, y, X)
    np.testing.assert_allclose(covariance[:2, :2], Phi, rtol=1e-10)
    pev = blup.prediction_error_covariance(D, Z, V, X)
    np.testing.assert_allclose(covariance[2:, 2:], pev, atol=1e-12)
    np.testing.assert_allclose(
        covariance[:2, 2:], -Phi @ X.T @ np.linalg.solve(V, Z @ D), atol=1e-12
    )
    # The level of each row: all four blocks together.
    _, variance = prediction.predict_known(X, Z, D, Z, V, y, X)
    XZ = np.column_stack([X, Z])
    np.testing.assert_allclose(np.diag(XZ @ covariance @ XZ.T), variance, rtol=1e-10)


@pytest.mark.parametrize("name", ["estrone", "pastes", "sleepstudy_slope"])
def test_the_variances_of_hendersons_inverse_are_rs(name):
    for fit, r in fits([name]):
        expected = golden(name)["pred_variance_reml"]
        Sigma = fit.sigma2_e * np.eye(fit.nobs)
        covariance = henderson_inverse(fit.D, Sigma, fit.Z, fit.X)
        p = fit.X.shape[1]
        np.testing.assert_allclose(
            np.sort(np.diag(covariance)[p:]), np.sort(expected["pev_diag"]), rtol=1e-6
        )
        np.testing.assert_allclose(covariance[:p, :p], r["vcov_beta"], rtol=1e-6)


def test_ridge_regression_gives_the_blups_and_beta():
    for fit, r in fits(INTERCEPTS):
        beta, b = penalised_least_squares(fit.sigma2_e / fit.sigma2_b, fit.Z, fit.y, fit.X)
        np.testing.assert_allclose(beta, r["beta"], rtol=1e-6)
        (of_groups,) = r["ranef"].values()
        expected = dict(zip(of_groups["levels"], of_groups["values"], strict=True))
        names = fit.ranef[next(iter(fit.ranef))].index
        np.testing.assert_allclose(b, [expected[str(n)][0] for n in names], rtol=1e-5, atol=1e-7)


def test_ridge_regression_minimises_the_penalised_sum(slopes):
    _, _, Z, y, X = slopes

    def price(both):
        e = y - X @ both[:2] - Z @ both[2:]
        return e @ e + 0.3 * both[2:] @ both[2:]

    beta, b = penalised_least_squares(0.3, Z, y, X)
    found = minimize(price, np.zeros(8), tol=1e-12)
    np.testing.assert_allclose(np.concatenate([beta, b]), found.x, atol=1e-5)


def test_a_low_price_gives_means_and_a_high_one_a_common_mean(estrone):
    means = estrone.Z.T @ estrone.y / 16
    beta, b = penalised_least_squares(1e-7, estrone.Z, estrone.y, estrone.X)
    np.testing.assert_allclose(beta + b, means, atol=1e-6)
    beta, b = penalised_least_squares(1e9, estrone.Z, estrone.y, estrone.X)
    np.testing.assert_allclose(b, 0, atol=1e-6)
    with pytest.raises(ValueError, match="penalty"):
        penalised_least_squares(0.0, estrone.Z, estrone.y, estrone.X)


def test_effective_df_are_the_trace_of_the_matrix_that_fits(slopes):
    _, _, Z, _, X = slopes
    fitted = []
    for k in range(9):
        beta, b = penalised_least_squares(0.3, Z, np.eye(9)[k], X)
        fitted.append((X @ beta + Z @ b)[k])
    assert effective_df(0.3, Z, X) == pytest.approx(sum(fitted), rel=1e-10)


def test_effective_df_run_from_the_rank_to_the_number_of_fixed_effects(slopes, estrone):
    _, _, Z, _, X = slopes
    assert effective_df(1e-9, Z, X) == pytest.approx(np.linalg.matrix_rank(np.hstack([X, Z])))
    assert effective_df(1e9, Z, X) == pytest.approx(2)
    # Balanced data: the mean, and the share of each of four differences.
    for penalty in (0.01, 1.0, 100.0):
        assert effective_df(penalty, estrone.Z, estrone.X) == pytest.approx(1 + 64 / (16 + penalty))


def test_effective_df_are_what_the_residuals_of_r_leave():
    ((fit, r),) = fits(["estrone"])
    left = sum(golden("estrone")["pred_variance_reml"]["resid_cond_var_diag"]) / r["sigma2"]
    found = effective_df(fit.sigma2_e / fit.sigma2_b, fit.Z, fit.X)
    assert found == pytest.approx(80 - left, rel=1e-6)


def test_the_relative_factor_is_a_triangular_root(slopes):
    D, sigma2_e, *_ = slopes
    Lambda = relative_factor(D[:2, :2], sigma2_e)
    np.testing.assert_allclose(sigma2_e * Lambda @ Lambda.T, D[:2, :2])
    assert Lambda[0, 1] == 0
    assert relative_factor([[0.0]], 2.0) == 0
    # A correlation of 1: the second effect is a multiple of the first.
    np.testing.assert_allclose(relative_factor([[4.0, 2.0], [2.0, 1.0]], 1.0), [[2, 0], [1, 0]])
    with pytest.raises(ValueError, match="sigma2_e"):
        relative_factor(D, 0.0)


def test_its_entries_are_what_lme4_calls_theta():
    for fit, r in fits(("estrone", "sleepstudy_slope", "rail")):
        Lambda = relative_factor(fit.covariance, fit.sigma2_e)
        entries = Lambda.T[np.triu_indices(len(Lambda))]
        np.testing.assert_allclose(entries, r["theta"], rtol=1e-5)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_criterion_is_lme4s_for_every_structure(method):
    for fit, r in fits(SEVERAL, method):
        Lambda = relative_factor(fit.D, fit.sigma2_e)
        criterion = pls_criterion(Lambda, fit.Z, fit.y, fit.X, reml=method == "REML")
        assert criterion == pytest.approx(r["criterion"], rel=1e-9)


def test_the_criterion_is_that_of_V_with_sigma2_e_at_its_best(slopes):
    D, _, Z, y, X = slopes
    for reml_, height, df in (
        (True, reml.restricted_loglik, 7),
        (False, profile.profile_loglik, 9),
    ):
        relative = V_of(D, 1.0, Z)
        beta, _ = profile.gls(relative, y, X)
        r = y - X @ beta
        best = r @ np.linalg.solve(relative, r) / df
        expected = -2 * height(best * relative, y, X)
        found = pls_criterion(relative_factor(D, 1.0), Z, y, X, reml=reml_)
        assert found == pytest.approx(expected, rel=1e-10)


def test_the_criterion_exists_where_the_variance_is_0(estrone):
    expected = golden("estrone")["rlrt_sigma_b"]["reml_criterion_null"]
    sums = group_sums(estrone.y, estrone.X, np.repeat(range(5), 16))
    assert pls_criterion(np.zeros((5, 5)), estrone.Z, estrone.y, estrone.X) == pytest.approx(
        expected, rel=1e-10
    )
    assert criterion_from_sums(0.0, *sums) == pytest.approx(expected, rel=1e-10)


def test_without_errors_there_is_no_criterion(estrone):
    y = np.repeat([1.0, 2.0, 4.0, 8.0, 9.0], 16)
    with pytest.raises(ValueError, match="nothing is left for sigma2_e"):
        pls_criterion(np.eye(5), estrone.Z, 0 * y, estrone.X)
    with pytest.raises(ValueError, match="rank-deficient"):
        criterion_from_sums(1.0, *group_sums(y, np.zeros((80, 1)), np.repeat(range(5), 16)))


def test_sums_are_those_of_each_group_in_any_order(slopes):
    *_, y, X = slopes
    groups = np.array(list("caabcabca"))
    sizes, means, within = group_sums(y, X, groups)
    A = np.column_stack([X, y])
    assert sizes.tolist() == [4, 2, 3]
    expected = 0
    for i, name in enumerate("abc"):
        own = A[groups == name]
        np.testing.assert_allclose(means[i], own.mean(axis=0))
        expected = expected + (len(own) - 1) * np.cov(own.T)
    np.testing.assert_allclose(within, expected, atol=1e-12)
    with pytest.raises(ValueError, match="missing label"):
        group_sums(y, X, [None, *groups[1:]])


def test_within_and_means_have_the_sums_of_squares(estrone):
    sizes, means, within = group_sums(estrone.y, estrone.X, np.repeat(range(5), 16))
    SSB, SSW = likelihood.sums_of_squares(estrone.y, estrone.Z)
    assert within[1, 1] == pytest.approx(SSW)
    assert np.sum(sizes * (means[:, 1] - estrone.y.mean()) ** 2) == pytest.approx(SSB)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_criterion_from_sums_is_lme4s(method):
    for fit, r in fits(INTERCEPTS, method):
        sums = group_sums(fit.y, fit.X, fit.Z.argmax(axis=1))
        found = criterion_from_sums(r["theta"][0], *sums, reml=method == "REML")
        assert found == pytest.approx(r["criterion"], rel=1e-9)


def test_both_criteria_are_the_same_everywhere(slopes):
    *_, y, X = slopes
    groups = np.array([2, 0, 0, 1, 2, 0, 1, 2, 0])
    Z, sums = model.random_intercept_design(groups), group_sums(y, X, groups)
    for ratio in (0.0, 0.2, 1.0, 30.0):
        for method in (True, False):
            expected = pls_criterion(ratio * np.eye(3), Z, y, X, method)
            assert criterion_from_sums(ratio, *sums, method) == pytest.approx(expected, rel=1e-10)
    with pytest.raises(ValueError, match="ratio"):
        criterion_from_sums(-1.0, *sums)


def test_the_cholesky_factor_is_numpys():
    rng = np.random.default_rng(3)
    A = rng.normal(size=(9, 6))
    np.testing.assert_allclose(cholesky(A.T @ A), np.linalg.cholesky(A.T @ A), atol=1e-12)


def test_zeros_that_nothing_ties_stay_exactly_0():
    M = 3 * np.eye(4)
    M[3] = M[:, 3] = [1, 1, 1, 3]
    assert np.count_nonzero(cholesky(M)) == 7
    # The level that meets all others first: everything is filled in.
    assert np.count_nonzero(cholesky(M[::-1, ::-1])) == 10


def test_what_is_left_after_elimination_is_the_inverse_of_a_block_of_the_inverse():
    rng = np.random.default_rng(4)
    A = rng.normal(size=(9, 6))
    M = A.T @ A
    rest = eliminate(M, 4)
    np.testing.assert_allclose(np.linalg.inv(rest), np.linalg.inv(M)[4:, 4:])
    # And what the Cholesky factor goes on with.
    L = cholesky(M)[4:, 4:]
    np.testing.assert_allclose(rest, L @ L.T)
    parts = np.linalg.slogdet(M[:4, :4]).logabsdet + np.linalg.slogdet(rest).logabsdet
    assert parts == pytest.approx(np.linalg.slogdet(M).logabsdet)


def test_elimination_of_all_but_y_leaves_lme4s_penalised_sum_of_squares():
    for fit, r in fits(SEVERAL):
        Lambda = relative_factor(fit.D, fit.sigma2_e)
        A = np.column_stack([fit.Z @ Lambda, fit.X, fit.y])
        q = fit.Z.shape[1]
        M = A.T @ A + np.diag(np.repeat([1.0, 0.0], [q, A.shape[1] - q]))
        assert eliminate(M, len(M) - 1)[0, 0] == pytest.approx(r["pwrss"], rel=1e-6)
        of_Z = np.log(cholesky(M[:q, :q]).diagonal())
        assert 2 * of_Z.sum() == pytest.approx(r["logdet_L2"], rel=1e-6)
        of_X = np.linalg.slogdet(eliminate(M[:-1, :-1], q)).logabsdet
        assert of_X == pytest.approx(r["logdet_RX2"], rel=1e-6, abs=1e-6)


def test_shapes_are_held_against_each_other(slopes):
    D, sigma2_e, Z, y, X = slopes
    for call in (
        lambda: woodbury(D[:5, :5], sigma2_e, Z, y),
        lambda: woodbury(D, sigma2_e, Z, y[1:]),
        lambda: log_determinant_V(D, sigma2_e, Z.T),
        lambda: henderson_inverse(D, np.eye(8), Z, X),
        lambda: penalised_least_squares(1.0, Z, y[1:], X),
        lambda: effective_df(1.0, Z[1:], X),
        lambda: relative_factor(Z, 1.0),
        lambda: pls_criterion(D[:5, :5], Z, y, X),
        lambda: group_sums(y[1:], X, range(9)),
        lambda: criterion_from_sums(1.0, [1, 2], np.ones((3, 2)), np.eye(2)),
        lambda: cholesky(Z),
        lambda: eliminate(Z, 2),
    ):
        with pytest.raises(ValueError, match=r"shape|going by"):
            call()


def test_nothing_large_is_made_for_many_rows():
    """A million rows in a second: nothing as large as the square of their number."""
    n = 1_000_000
    groups = np.arange(n) % 1000
    y = np.sin(np.arange(n)) + np.cos(groups)
    sums = henderson.group_sums(y, np.ones((n, 1)), groups)
    assert sums[1].shape == (1000, 2)
    assert np.isfinite(henderson.criterion_from_sums(1.0, *sums))
