"""Profile intervals of every model: SDs, correlations, σ_ε and coefficients, as R's confint."""

import numpy as np
import pandas as pd
import pytest
from general_cases import GENERAL, data_of, fit_of, golden
from scipy.optimize import minimize
from scipy.stats import chi2

import lmmteach as lt
from lmmteach.intervals import Deviance, Profile, parameters_of, profile_intervals

FIRST = "sd_(Intercept)|Subject"
# lme4's splines are off at these ends; the literal likelihood decides below.
SPLINES_MISS = {("orthodont_slope", "sigma", "upper"), ("orthodont_slope", FIRST, "lower")}


@pytest.mark.parametrize("name", GENERAL)
def test_intervals_are_rs(name):
    r = golden(name)["ci_profile_lme4"]
    table = fit_of(name, "ML").profile_interval()
    assert list(table.index) == r["names"]
    for side in ("lower", "upper"):
        for row, theirs in zip(r["names"], r[side], strict=True):
            if (name, row, side) not in SPLINES_MISS:
                assert table.loc[row, side] == pytest.approx(theirs, rel=1e-3, abs=1e-9)


def literal_deviance(fit, sd0, correlation, sd1, sigma):
    """Minus twice the log-likelihood with V written out, β at its best."""
    covariance = correlation * sd0 * sd1
    block = np.array([[sd0**2, covariance], [covariance, sd1**2]])
    D = np.kron(np.eye(fit.Z.shape[1] // 2), block)
    V = lt.model.V_matrix(fit.Z, D, lt.model.Sigma_matrix(sigma**2, fit.nobs))
    return -2 * lt.profile.profile_loglik(V, fit.y, fit.X)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "side", "start"),
    [("sigma", "upper", (1.8, -0.3, 0.05)), (FIRST, "lower", (0.0, 0.2, 1.4))],
)
def test_where_splines_miss_an_end_the_literal_likelihood_has_fallen_far_enough(row, side, start):
    fit = fit_of("orthodont_slope", "ML")
    end = fit.profile_interval(progress=False).loc[row, side]

    def deviance(others):
        if row == "sigma":
            sd0, z, sd1 = others
            return literal_deviance(fit, sd0, np.tanh(z), sd1, end)
        z, sd1, sigma = others
        return literal_deviance(fit, end, np.tanh(z), sd1, sigma)

    options = {"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}
    found = minimize(deviance, start, method="Nelder-Mead", options=options).fun
    assert found - fit.criterion == pytest.approx(chi2.ppf(0.95, 1), abs=1e-5)


def crossed_slopes():
    """Two crossed factors, of which the smaller one has a slope."""
    rng = np.random.default_rng(3)
    g, h, x = rng.integers(0, 14, 90), rng.integers(0, 8, 90), rng.normal(size=90)
    b = rng.multivariate_normal([0, 0], [[1, -0.4], [-0.4, 0.5]], 8)
    y = 1 + x + 0.8 * rng.normal(size=14)[g] + b[h, 0] + b[h, 1] * x + rng.normal(size=90)
    return pd.DataFrame({"y": y, "x": x, "g": g, "h": h})


@pytest.mark.parametrize(
    ("formula", "data"),
    [
        (golden("pastes")["formula"], data_of("pastes")),
        ("Yield ~ 1 + (1 | Batch)", lt.load_data("dyestuff2")),
        ("y ~ x + (1 | g) + (x | h)", crossed_slopes()),
    ],
    ids=["pastes", "dyestuff2", "slopes"],
)
def test_both_engines_give_the_same_intervals(formula, data):
    fast, literal = (
        lt.lmm(formula, data, engine=engine).profile_interval() for engine in ("fast", "literal")
    )
    np.testing.assert_allclose(fast, literal, rtol=1e-7, atol=1e-7)


def test_estimates_are_the_fits_own_and_ends_those_of_ml():
    reml, ml = (fit_of("sleepstudy_slope", m).profile_interval() for m in ("REML", "ML"))
    varcomp = fit_of("sleepstudy_slope").varcomp["sdcor"]
    assert reml["estimate"].to_list()[:4] == pytest.approx(varcomp[[0, 2, 1, 3]].to_list())
    np.testing.assert_allclose(reml[["lower", "upper"]], ml[["lower", "upper"]], rtol=1e-7)


def test_uncorrelated_effects_have_no_row_for_a_correlation():
    formula = "Reaction ~ Days + (Days || Subject)"
    table = fit_of("sleepstudy_slope", "ML", formula=formula).profile_interval(level=0.5)
    names = ["sd_(Intercept)|Subject", "sd_Days|Subject", "sigma", "(Intercept)", "Days"]
    assert list(table.index) == names
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()


@pytest.mark.parametrize(
    ("row", "value"),
    [(FIRST, 20.0), ("cor_Days.(Intercept)|Subject", 0.4), ("sd_Days|Subject", 4.0)],
)
def test_a_held_parameter_has_its_value_and_the_others_are_at_their_best(row, value):
    fit = fit_of("sleepstudy_slope", "ML")
    names = golden("sleepstudy_slope")["ci_profile_lme4"]["names"][:3]

    def deviance(others):
        sd0, correlation, sd1 = np.insert(others[:2], names.index(row), value)
        if abs(correlation) >= 1:
            return np.inf
        return literal_deviance(fit, sd0, correlation, sd1, others[2])

    start = np.append(np.delete([23.0, 0.1, 5.5], names.index(row)), 25.0)
    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000}
    best = minimize(deviance, start, method="Nelder-Mead", options=options).fun
    profile = _profile(fit, row)
    assert profile.root(value) ** 2 == pytest.approx(best - fit.criterion, abs=1e-7)


def _profile(fit, row):
    return Profile(next(one for one in parameters_of(fit) if one.name == row))


def test_the_slope_of_the_deviance_is_its_derivative(slope):
    fit = fit_of("sleepstudy_slope")
    blocks = [np.array([1, 0])]
    deviance = Deviance(fit.engine, blocks, fit.frame.random.scale)
    x = np.array([3.2, 5.0, 3.0, 20.0])
    expected = slope(lambda x: deviance(x)[0], x)
    np.testing.assert_allclose(deviance(x)[1], expected, rtol=1e-6)


def test_a_singular_slope_is_free_to_be_anything_below_its_upper_end():
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(12), 6), np.tile(np.arange(6.0), 12)
    data = pd.DataFrame({"g": g, "x": x, "y": rng.normal(size=12)[g] + rng.normal(size=72)})
    table = lt.lmm("y ~ x + (x || g)", data).profile_interval()
    assert table.loc["sd_x|g", "lower"] == 0
    assert table.loc["sd_x|g", "upper"] > 0
    correlated = lt.lmm("y ~ x + (x | g)", data).profile_interval()
    assert correlated.loc["cor_x.(Intercept)|g", ["lower", "upper"]].to_list() == [-1, 1]


def test_units_of_the_slope_do_not_matter():
    data = data_of("sleepstudy_slope")
    days = fit_of("sleepstudy_slope").profile_interval()
    seconds = lt.lmm("Reaction ~ t + (t | Subject)", data.assign(t=data["Days"] * 86400.0))
    table = seconds.profile_interval()
    np.testing.assert_allclose(table.iloc[:2], days.iloc[:2], rtol=1e-6)
    np.testing.assert_allclose(table.iloc[2] * 86400, days.iloc[2], rtol=1e-6)


@pytest.mark.parametrize("far", [2000.0, 1e4])
def test_intervals_of_a_slope_on_what_is_far_from_0(far):
    data = data_of("sleepstudy_slope")
    near = fit_of("sleepstudy_slope").profile_interval()
    moved = lt.lmm("Reaction ~ t + (t | Subject)", data.assign(t=data["Days"] + far))
    table = moved.profile_interval().rename({"sd_t|Subject": "sd_Days|Subject", "t": "Days"})
    for row in ("sd_Days|Subject", "sigma", "Days"):
        np.testing.assert_allclose(table.loc[row], near.loc[row], rtol=1e-6)
    # So far away 1 + ρ is half the squared ratio of an SD of the lines, at the mean, to far.
    estimate, *ends = table.loc["cor_t.(Intercept)|Subject"] + 1
    assert 0 < ends[0] < estimate < ends[1] < 30 / far**2
    assert estimate == pytest.approx(1 + moved.varcomp["sdcor"][2], rel=1e-9)


def weighted(name="pastes"):
    data = data_of(name).assign(w=np.tile([1.0, 2.0, 4.0], 20), at=np.linspace(0, 3, 60))
    formula = "strength ~ 1 + (1 | batch) + (1 | sample)"
    return lt.lmm(formula, data, "ML", weights="w", offset="at")


@pytest.mark.parametrize("row", ["sd_(Intercept)|sample", "sigma", "(Intercept)"])
def test_with_weights_and_an_offset_the_likelihood_falls_as_far_at_an_end(row):
    fit = weighted()
    end = fit.profile_interval().loc[row, "upper"]
    y, X, w = fit.y - fit.offset.to_numpy(), fit.X, fit.weights.to_numpy()
    Z = fit.Z
    q = fit.groups["sample"]

    def deviance(others):
        parts = np.exp(others)
        if row == "(Intercept)":
            between, sample, sigma = parts[0], parts[1], parts[2]
        elif row == "sigma":
            between, sample, sigma = parts[0], parts[1], end
        else:
            between, sample, sigma = parts[0], end, parts[1]
        variances = np.where(np.arange(Z.shape[1]) < q, sample**2, between**2)
        V = Z @ (variances[:, np.newaxis] * Z.T) + np.diag(sigma**2 / w)
        if row == "(Intercept)":
            return -2 * lt.likelihood.loglik([end], V, y, X)
        return -2 * lt.profile.profile_loglik(V, y, X)

    start = np.log([1.2, 2.5, 0.8]) if row == "(Intercept)" else np.log([1.2, 2.0])
    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000}
    best = minimize(deviance, start, method="Nelder-Mead", options=options).fun
    assert best - fit.criterion == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)


def test_many_rows_take_no_V():
    rng = np.random.default_rng(2)
    n, q = 100_000, 5_000
    g, x = rng.integers(0, q, n), rng.normal(size=n)
    data = pd.DataFrame({"y": 1 + x + rng.normal(size=q)[g] + rng.normal(size=n), "x": x, "g": g})
    fit = lt.lmm("y ~ x + (1 | g)", data)
    table = fit.profile_interval(progress=False)
    # So many groups leave next to a parabola.
    wald = fit.wald_interval()
    np.testing.assert_allclose(table.loc[wald.index], wald, rtol=1e-3)
    assert table.loc["sigma2_b", "lower"] < 1 < table.loc["sigma2_b", "upper"]
    with pytest.raises(ValueError, match="V would be 100,000 × 100,000"):
        _ = fit.V


def test_a_progress_bar_is_shown_only_for_what_takes_long(capsys):
    profile_intervals(fit_of("pastes"), progress=False)
    assert capsys.readouterr().err == ""


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_of("pastes").profile_interval(level=95)
