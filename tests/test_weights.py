"""Weights and an offset: beside lme4, beside V written out, and what is refused."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from printouts import data_of, fit_of
from scipy.stats import multivariate_normal

import lmmteach as lt

R = json.loads((ORACLE / "odd.json").read_text(encoding="utf-8"))
FITS = [f"{name}_{method}" for name in R for method in R[name] if "we" in name or "off" in name]
FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture
def data():
    data = lt.load_data("sleepstudy")
    return data.assign(w=1.0 + data["Days"], o=np.sqrt(data["Days"]))


@pytest.mark.parametrize("engine", ["literal", "fast"])
@pytest.mark.parametrize("printout", FITS)
def test_fits_with_weights_or_an_offset_are_lme4s(printout, engine):
    fit = fit_of(printout, engine)
    r = R[printout.rsplit("_", 1)[0]][fit.method]
    assert fit.beta.to_list() == pytest.approx(r["beta"], rel=1e-7)
    assert fit.vcov_beta.to_numpy() == pytest.approx(np.array(r["vcov_beta"]), rel=1e-6)
    variances = fit.varcomp["vcov"].to_list()
    assert variances == pytest.approx(r["varcomp"], rel=1e-6)
    assert fit.loglik == pytest.approx(r["logLik"], rel=1e-10)
    assert (fit.aic, fit.bic) == pytest.approx((r["AIC"], r["BIC"]), rel=1e-10)
    assert fit.scaled_residuals.to_list()[:20] == pytest.approx(r["scaled"], rel=1e-5)


@pytest.mark.parametrize("printout", FITS)
def test_predictions_with_weights_or_an_offset_are_lme4s(printout):
    fit = fit_of(printout)
    r = R[printout.rsplit("_", 1)[0]][fit.method]
    new = data_of("odd").iloc[[0, 49, 99]]
    # lme4 forgets an offset that was given beside the formula when it predicts new rows.
    forgotten = fit.frame.given_offset.rows(new)
    predicted = (fit.predict(new) - forgotten).to_numpy()
    assert predicted == pytest.approx(np.array(r["predict"]), rel=1e-7)
    fixed = fit.predict(new, include_random=False) - forgotten
    assert fixed.to_numpy() == pytest.approx(np.array(r["predict_fixed"]), rel=1e-7)


@pytest.mark.parametrize("engine", ["literal", "fast"])
@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_likelihood_is_that_of_y_with_the_weights_in_V(method, engine, data):
    fit = lt.lmm(FORMULA, data, method, engine=engine, weights="w", offset="o")
    mean = fit.X @ fit.beta.to_numpy() + data["o"].to_numpy()
    assert np.diag(fit.V - fit.Z @ fit.D @ fit.Z.T) == pytest.approx(
        fit.sigma2_e / data["w"].to_numpy(), rel=1e-9
    )
    loglik = multivariate_normal(mean, fit.V).logpdf(data["Reaction"])
    if method == "REML":
        p = fit.X.shape[1]
        information = fit.X.T @ np.linalg.solve(fit.V, fit.X)
        loglik += p / 2 * np.log(2 * np.pi) - np.linalg.slogdet(information)[1] / 2
    assert fit.loglik == pytest.approx(loglik, rel=1e-10)
    u = np.linalg.solve(fit.V, data["Reaction"] - mean)
    assert fit.b == pytest.approx(fit.D @ fit.Z.T @ u, rel=1e-7, abs=1e-9)
    assert fit.fitted.to_numpy() == pytest.approx(mean + fit.Z @ fit.b, rel=1e-10)
    total = (fit.fitted + fit.residuals).to_numpy()
    assert total == pytest.approx(data["Reaction"].to_numpy(), rel=1e-12)


def test_weights_of_1_and_an_offset_of_0_change_nothing(data):
    fit, plain = (
        lt.lmm(FORMULA, data, weights=np.ones(180), offset=np.zeros(180)),
        lt.lmm(FORMULA, data),
    )
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-13)
    assert fit.theta == pytest.approx(plain.theta, rel=1e-8)
    pd.testing.assert_frame_equal(fit.prediction_interval(), plain.prediction_interval())


@pytest.mark.parametrize("factor", [1e-6, 100.0, 1e7])
def test_all_weights_in_another_unit_change_only_the_residual_variance(factor, data):
    one = lt.lmm(FORMULA, data, weights=data["w"])
    other = lt.lmm(FORMULA, data, weights=factor * data["w"])
    assert other.loglik == pytest.approx(one.loglik, rel=1e-11)
    assert other.theta[:3] == pytest.approx(one.theta[:3], rel=1e-6)
    assert other.sigma2_e == pytest.approx(factor * one.sigma2_e, rel=1e-8)
    assert other.residuals.to_numpy() == pytest.approx(one.residuals.to_numpy(), abs=1e-5)


def test_a_mean_of_m_values_has_the_weight_m():
    rng = np.random.default_rng(4)
    g, m = np.repeat(np.arange(9), 4), rng.integers(1, 6, 36)
    rows = np.repeat(np.arange(36), m)
    x = rng.normal(size=36)
    y = rng.normal(size=9)[g][rows] + x[rows] + rng.normal(size=len(rows))
    each = pd.DataFrame({"y": y, "x": x[rows], "g": g[rows], "row": rows})
    means = each.groupby("row").mean()
    fine = lt.lmm("y ~ x + (1 | g)", each, "ML")
    # At the variances of the fit to all values, the coefficients and b̂ are those of the means.
    held = lt.lmm("y ~ x + (1 | g)", means, "ML", sigma2_b=fine.sigma2_b, weights=m)
    V = held.V - np.diag(held.sigma2_e / m) + np.diag(fine.sigma2_e / m)
    X = held.X
    beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, means["y"]))
    assert beta == pytest.approx(fine.beta.to_numpy(), rel=1e-7)


def test_an_offset_is_subtracted_from_the_response(data):
    fit = lt.lmm("Reaction ~ Days + offset(2 * o) + offset(Days) + (1 | Subject)", data, offset="o")
    changed = data.assign(Reaction=data["Reaction"] - 3 * data["o"] - data["Days"])
    by_hand = lt.lmm("Reaction ~ Days + (1 | Subject)", changed)
    assert fit.beta.to_list() == pytest.approx(by_hand.beta.to_list(), rel=1e-9)
    assert fit.loglik == pytest.approx(by_hand.loglik, rel=1e-12)
    assert fit.offset.to_numpy() == pytest.approx((3 * data["o"] + data["Days"]).to_numpy())
    new = data.drop(columns="Reaction").sample(5, random_state=1)
    expected = by_hand.predict(new) + 3 * new["o"] + new["Days"]
    assert fit.predict(new).to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-10)


def test_a_constant_is_an_offset_too(data):
    fit = lt.lmm("Reaction ~ Days + offset(5) + (1 | Subject)", data)
    plain = lt.lmm("Reaction ~ Days + (1 | Subject)", data)
    assert fit.beta.iloc[0] == pytest.approx(plain.beta.iloc[0] - 5, rel=1e-10)
    assert fit.predict(data).to_numpy() == pytest.approx(plain.predict(data).to_numpy(), rel=1e-10)


def test_an_interval_for_a_further_observation_has_the_weight_of_its_row(data):
    fit = lt.lmm(FORMULA, data, weights="w")
    rows = data.iloc[[0, 9]]
    known = fit.prediction_interval().loc[rows.index]
    pd.testing.assert_frame_equal(fit.prediction_interval(rows), known)
    unweighted = fit.prediction_interval(rows.drop(columns="w"))
    expected = known["se"] ** 2 + fit.sigma2_e * (1 - 1 / rows["w"])
    assert unweighted["se"].to_numpy() ** 2 == pytest.approx(expected.to_numpy(), rel=1e-10)


def test_an_offset_that_was_an_array_has_no_values_for_new_rows(data):
    fit = lt.lmm(FORMULA, data, offset=data["o"].to_numpy())
    assert fit.predict().equals(fit.fitted.rename("prediction"))
    with pytest.raises(ValueError, match=r"given as an array.* write offset\(name\)"):
        fit.predict(data)
    with pytest.raises(ValueError, match="newdata has no column 'o'"):
        lt.lmm(FORMULA, data, offset="o").predict(data.drop(columns="o"))
    in_formula = lt.lmm("Reaction ~ offset(o) + (1 | Subject)", data)
    with pytest.raises(ValueError, match="newdata has no column 'o'"):
        in_formula.predict(data.drop(columns="o"))


@pytest.mark.parametrize("what", ["weights", "offset"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("days", "data has no column 'days'. Did you mean 'Days'"),
        ("label", "The column 'label' of data, the .*, must be numbers, one for each of the 180"),
        ("flag", "The column 'flag' of data, the .*, must be numbers, one for each of the 180"),
        ("gaps", "Column 'gaps' of data has a missing or infinite value in row 7"),
        (np.ones(179), "must be numbers, one for each of the 180 rows"),
        (np.ones((180, 1)), "must be numbers, one for each of the 180 rows"),
        (3.0, "must be numbers, one for each of the 180 rows"),
        (np.where(np.arange(180) == 5, np.nan, 1.0), "in row 5 it is nan"),
        (np.where(np.arange(180) == 5, np.inf, 1.0), "in row 5 it is inf"),
        (pd.Series(np.ones(180), index=np.arange(1, 181)), "index is not that of data"),
    ],
)
def test_weights_and_offsets_that_are_none(what, given, message, data):
    data = data.assign(label="a", flag=True, gaps=data["o"].where(data.index != 7))
    with pytest.raises(ValueError, match=message):
        lt.lmm(FORMULA, data, **{what: given})


@pytest.mark.parametrize("weight", [0.0, -1.0, 1e70])
def test_a_weight_is_above_0(weight, data):
    said = re.escape(f"in row 3 it is {weight:g}")
    with pytest.raises(ValueError, match=f"weights must be above 0 .*{said}"):
        lt.lmm(FORMULA, data, weights=np.where(np.arange(180) == 3, weight, 1.0))


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("offset(Subject_)", "offset"),
        ("offset(log(Days))", "The offset is not finite everywhere"),
        ("offset(poly(Days, 2))", "offset"),
    ],
)
def test_an_offset_of_the_formula_is_one_column_of_numbers(term, message, data):
    data = data.assign(Subject_=data["Subject"].astype(str))
    with pytest.raises(ValueError, match=message):
        lt.lmm(f"Reaction ~ Days + {term} + (1 | Subject)", data)
