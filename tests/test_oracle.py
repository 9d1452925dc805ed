"""Every number that R has printed about the data sets, to nine digits.

R's numbers are zeros of analytic gradients (see oracle/README.md), so that even the variances
can be held to nine digits; a stock lme4 fit has four.
"""

import numpy as np
import pandas as pd
import pytest
from conftest import CASES, load_case

from lmmteach.blup import prediction_error_covariance
from lmmteach.likelihood import fit_ml
from lmmteach.model import V_theta
from lmmteach.prediction import predict_known
from lmmteach.profile import P_matrix, profile_loglik
from lmmteach.reml import fit_reml, reml_criterion


@pytest.fixture(scope="module", params=["reml", "ml"])
def method(request):
    return request.param


@pytest.fixture
def fit(case, method):
    return case.fit(method.upper())


@pytest.fixture
def r(case, method):
    return case.golden[method]


def where_r_was_asked(what):
    """The cases about which R was asked this."""
    cases = [name for name in CASES if load_case(name).golden.get(what) is not None]
    return pytest.mark.parametrize("case", cases, indirect=True)


def assert_agrees(ours, r, rel=1e-9):
    """Each entry agrees with R's, to so much of the largest one.

    An effect or residual near 0 is a difference of larger numbers and has their rounding, in R as
    here. Where R says 0 for all, only 0 agrees.
    """
    ours, r = np.asarray(ours, dtype=float), np.asarray(r, dtype=float)
    assert ours.shape == r.shape
    assert ours == pytest.approx(r, rel=0, abs=rel * np.max(np.abs(r)))


def test_beta(fit, r):
    assert fit.beta.to_list() == pytest.approx(r["beta"], rel=1e-9, abs=0)
    assert fit.beta.index.to_list() == r["beta_names"]


def test_standard_errors(fit, r):
    assert fit.se.to_list() == pytest.approx(r["se_beta"], rel=1e-9, abs=0)


def test_covariance_of_beta(fit, r):
    covariance = pd.DataFrame(r["vcov_beta"], index=fit.beta.index, columns=fit.beta.index)
    assert fit.vcov_beta.index.equals(fit.beta.index)
    # In standard errors: the covariances of a centred design are 0 but for rounding.
    scale = np.outer(r["se_beta"], r["se_beta"])
    assert_agrees(fit.vcov_beta / scale, covariance / scale)


def test_variances(fit, r):
    varcomp = fit.varcomp
    assert varcomp["vcov"].to_list() == pytest.approx(r["varcomp"]["vcov"], rel=1e-9, abs=0)
    assert varcomp["sdcor"].to_list() == pytest.approx(r["varcomp"]["sdcor"], rel=1e-9, abs=0)
    assert fit.theta.tolist() == varcomp["vcov"].to_list()
    for column in ("grp", "var1", "var2"):
        assert [None if pd.isna(v) else v for v in varcomp[column]] == r["varcomp"][column]


def test_theta_of_lme4_is_the_ratio_of_the_sds(fit, r):
    assert np.sqrt(fit.sigma2_b / fit.sigma2_e) == pytest.approx(r["theta"][0], rel=1e-9, abs=0)


def test_zero_variance_is_named_singular(fit, r):
    assert fit.is_singular == r["singular"]


def test_loglik_and_criteria(fit, r):
    assert fit.loglik == pytest.approx(r["loglik"], rel=1e-9)
    assert fit.criterion == pytest.approx(r["criterion"], rel=1e-9)
    assert fit.aic == pytest.approx(r["AIC"], rel=1e-9)
    assert fit.bic == pytest.approx(r["BIC"], rel=1e-9)
    assert (fit.n_parameters, fit.nobs) == (r["df_model"], r["nobs_loglik"])


def test_random_effects_and_their_conditional_variances(fit, r):
    (group,) = r["ranef"]
    expected = r["ranef"][group]
    assert_agrees(fit.ranef[group], expected["values"])
    assert_agrees(fit.ranef_var[group], np.squeeze(expected["condVar"], axis=2))
    for table in (fit.ranef[group], fit.ranef_var[group]):
        assert table.index.to_list() == expected["levels"]
        assert table.columns.to_list() == expected["effects"]


def test_fitted_values_and_residuals(fit, r):
    assert_agrees(fit.fitted, r["fitted"])
    assert_agrees(fit.residuals, r["resid"])
    assert_agrees(fit.y - fit.marginal_residuals, r["fitted_population"])


def test_quantiles_of_the_scaled_residuals(fit, r):
    quantiles = np.quantile(fit.scaled_residuals, [0, 0.25, 0.5, 0.75, 1])
    assert_agrees(quantiles, r["scaled_resid_quantiles"])


def test_design(case):
    r = case.golden["reml"]
    assert case.fit("REML").X.tolist() == pytest.approx(np.array(r["X"]), rel=1e-12)


@where_r_was_asked("predict")
@pytest.mark.filterwarnings("ignore::lmmteach.fit.NewGroupWarning")
def test_predictions_for_known_and_new_groups(case, method):
    r, fit = case.golden["predict"], case.fit(method.upper())
    newdata = pd.DataFrame(r["newdata"])
    assert_agrees(fit.predict(newdata), r[f"{method}_conditional_allow_new"])
    assert_agrees(fit.predict(newdata, include_random=False), r[f"{method}_population"])


def test_variances_of_predictions_and_residuals(case, method):
    fit, r = case.fit(method.upper()), case.golden[f"pred_variance_{method}"]
    error = prediction_error_covariance(fit.D, fit.Z, fit.V, fit.X)
    _, fitted_variance = predict_known(fit.X, fit.Z, fit.D, fit.Z, fit.V, fit.y, fit.X)
    residual_variance = fit.sigma2_e**2 * np.diag(P_matrix(fit.V, fit.X))
    assert_agrees(np.diag(error), r["pev_diag"])
    assert_agrees(np.diag(fit.D - error), r["blup_var_diag"])
    assert_agrees(fitted_variance, r["var_fitted"])
    assert_agrees(residual_variance, r["resid_cond_var_diag"])


@where_r_was_asked("nlme_cross_check")
def test_nlme_says_the_same(case, method):
    r, fit = case.golden["nlme_cross_check"][method], case.fit(method.upper())
    assert fit.loglik == pytest.approx(r["loglik"], rel=1e-9)
    assert fit.beta.to_list() == pytest.approx(r["beta"], rel=1e-8)
    # nlme stops where the likelihood no longer changes; the variances then have six digits.
    assert np.sqrt(fit.sigma2_e) == pytest.approx(r["sigma"], rel=1e-6)


@where_r_was_asked("lrt_fixed")
def test_likelihood_ratio_of_a_fixed_effect(case):
    r = case.golden["lrt_fixed"]
    large, small = case.fit("ML"), case.fit("ML", formula=r["small"])
    assert small.loglik == pytest.approx(r["loglik_small"], rel=1e-9)
    assert 2 * (large.loglik - small.loglik) == pytest.approx(r["chisq"], rel=1e-8)
    assert large.n_parameters - small.n_parameters == r["df"]
    assert small.aic == pytest.approx(r["AIC_small"], rel=1e-9)


def test_likelihood_ratio_of_the_variance_between_groups(case):
    r, reml, ml = case.golden["rlrt_sigma_b"], case.fit("REML"), case.fit("ML")
    y, X, Z = ml.y, ml.X, ml.Z
    null_ml = profile_loglik(V_theta(fit_ml(y, X, Z, sigma2_b=0)[1], Z), y, X)
    null_criterion = reml_criterion(V_theta(fit_reml(y, X, Z, sigma2_b=0)[1], Z), y, X)
    assert null_ml == pytest.approx(r["loglik_null_ml"], rel=1e-9)
    assert null_criterion == pytest.approx(r["reml_criterion_null"], rel=1e-9)
    # Where R means 0, it says 6e-14.
    assert 2 * (ml.loglik - null_ml) == pytest.approx(r["LRT"], rel=1e-8, abs=1e-7)
    assert null_criterion - reml.criterion == pytest.approx(r["RLRT"], rel=1e-8, abs=1e-7)


@pytest.mark.parametrize(
    "name",
    [
        "estrone",
        "dyestuff",
        "dyestuff2",
        "rail",
        "sim_boundary",
        pytest.param("sleepstudy_ri", marks=pytest.mark.slow),
        pytest.param("orthodont_ri", marks=pytest.mark.slow),
    ],
)
def test_profile_intervals(name, oracle):
    fit, r = oracle(name).fit("ML"), oracle(name).golden["ci_profile_exact"]
    intervals = fit.profile_interval(r["level"])[["lower", "upper"]]
    assert np.sqrt(intervals.loc["sigma2_b"].to_list()) == pytest.approx(
        r["sigma_b"], rel=1e-7, abs=0
    )
    assert np.sqrt(intervals.loc["sigma2_e"].to_list()) == pytest.approx(r["sigma"], rel=1e-7)
    assert intervals.loc[r["beta_names"]].to_numpy() == pytest.approx(np.array(r["beta"]), rel=1e-7)
