"""Degrees of freedom: the formulas of chapter 11, and the tests of a fit that are made of them."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from conftest import CASES, load_case
from general_cases import GENERAL, ORACLE, data_of, fit_of, golden
from scipy.stats import f as f_distribution
from scipy.stats import norm, ttest_1samp
from scipy.stats import t as student

import lmmteach as lt
from lmmteach import _shapes, covariance, degrees, profile, reml
from lmmteach.fit import RefitWarning

SINGULAR = {"dyestuff2", "sim_boundary"}


def fitted(name, method="REML"):
    """A fit of one of the models that R has fitted, and what R says of it."""
    if name in GENERAL:
        return fit_of(name, method), golden(name)
    case = load_case(name)
    return case.fit(method), case.golden


# The formulas -------------------------------------------------------------------------------------


def test_t_and_p_of_finite_and_infinite_degrees_of_freedom():
    t, p = degrees.t_test(3.0, 4.0, np.array([3, np.inf]), null=-1.0)
    assert t == pytest.approx(2.0)
    assert p == pytest.approx([2 * student(3).sf(2), 2 * norm.sf(2)], rel=1e-12)
    assert degrees.t_test(-3.0, 4.0, 3, null=1.0)[1] == pytest.approx(p[0], rel=1e-12)


@pytest.mark.parametrize(("variance", "df"), [(0.0, 3), (-1.0, 3), (1.0, 0), (1.0, np.nan)])
def test_there_is_no_t_without_a_variance_and_its_degrees_of_freedom(variance, df):
    with pytest.raises(ValueError, match="greater than 0"):
        degrees.t_test(1.0, variance, df)


def test_the_mean_of_a_balanced_study_is_tested_by_five_means(estrone):
    SSB, _ = lt.likelihood.sums_of_squares(estrone.y, estrone.Z)
    variance, df = degrees.mean_variance(SSB, 5, 16)
    t, p = degrees.t_test(estrone.y.mean(), variance, df, null=13.0)
    expected = ttest_1samp(estrone.y.reshape(5, 16).mean(axis=1), 13.0)
    assert (t, p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)


@pytest.mark.parametrize(("SSB", "I", "J"), [(1.0, 1, 4), (1.0, 3, 0), (-1.0, 3, 4)])
def test_a_mean_of_one_group_has_no_standard_error(SSB, I, J):
    with pytest.raises(ValueError, match=r"fewer than two|negative"):
        degrees.mean_variance(SSB, I, J)


@pytest.fixture(scope="module")
def parts():
    """V, y, X, G and θ of a model with slopes, children missing at random."""
    data = lt.load_data("orthodont").sample(90, random_state=4).sort_index()
    fit = lt.lmm("distance ~ age * Sex + (age | Subject)", data)
    return fit.V, fit.y, fit.X, fit.G, fit.theta


def test_the_G_of_a_fit_add_up_to_its_V(parts):
    V, _, _, G, theta = parts
    np.testing.assert_allclose(covariance.V_sum(theta, G), V, rtol=1e-12, atol=1e-12)


def test_slopes_of_the_covariance_are_its_derivatives(parts, slope):
    V, y, X, G, theta = parts
    expected = slope(lambda x: profile.gls(covariance.V_sum(x, G), y, X)[1], theta).T
    np.testing.assert_allclose(degrees.covariance_slopes(V, X, G), expected, rtol=1e-6, atol=1e-9)


def test_covariance_of_theta_is_the_inverse_of_the_curvature(parts, slope):
    V, y, X, G, theta = parts
    H = -slope(lambda x: reml.restricted_score(covariance.V_sum(x, G), y, X, G), theta)
    C = degrees.theta_covariance(V, y, X, G)
    np.testing.assert_allclose(C @ H, np.eye(len(G)), atol=1e-5)


def test_where_the_likelihood_has_no_top_theta_has_no_covariance():
    fit = lt.lmm("Yield ~ 1 + (1 | Batch)", lt.load_data("dyestuff2"))
    with pytest.raises(ValueError, match="no top"):
        degrees.theta_covariance(100 * fit.V, fit.y, fit.X, fit.Z)


def test_expected_covariance_is_the_mean_curvature_inverted(parts, representative):
    V, _, X, G, _ = parts
    draws = representative(X @ np.arange(4.0), V)
    mean = np.mean([reml.restricted_curvature(V, y, X, G) for y in draws], axis=0)
    W = degrees.expected_theta_covariance(V, X, G)
    np.testing.assert_allclose(W @ mean, np.eye(len(G)), atol=1e-8)


def test_what_a_design_cannot_tell_apart_has_no_expected_covariance():
    G = np.stack([np.eye(6), np.eye(6)])
    with pytest.raises(ValueError, match="cannot tell"):
        degrees.expected_theta_covariance(np.eye(6), np.ones((6, 1)), G)


def test_kenward_and_rogers_covariance_as_their_paper_writes_it(parts):
    """With the P_k and Q_kl of the paper, which the book's formula does without."""
    V, _, X, G, _ = parts
    Vi = np.linalg.inv(V)
    Phi = np.linalg.inv(X.T @ Vi @ X)
    P = [-X.T @ Vi @ G_k @ Vi @ X for G_k in G]
    W = degrees.expected_theta_covariance(V, X, G)
    inner = sum(
        W[k, m] * (X.T @ Vi @ G[k] @ Vi @ G[m] @ Vi @ X - P[k] @ Phi @ P[m])
        for k in range(len(G))
        for m in range(len(G))
    )
    adjusted = degrees.kenward_roger_covariance(V, X, G)
    np.testing.assert_allclose(adjusted, Phi + 2 * Phi @ inner @ Phi, rtol=1e-8)


def test_df_of_one_contrast_are_satterthwaites_with_the_expected_curvature(parts):
    V, y, X, G, _ = parts
    _, Phi = profile.gls(V, y, X)
    slopes, W = degrees.covariance_slopes(V, X, G), degrees.expected_theta_covariance(V, X, G)
    for contrast in np.array([[0, 0, 0, 1], [1, 2, -1, 0.5]]):
        df, factor = degrees.kenward_roger_df(contrast[np.newaxis], Phi, slopes, W)
        assert df == pytest.approx(degrees.satterthwaite(contrast, Phi, slopes, W), rel=1e-9)
        assert factor == 1


@pytest.fixture(scope="module")
def wards():
    """Three treatments, four wards of each, five patients in each ward: balanced, F is exact."""
    rng = np.random.default_rng(8)
    ward = np.repeat(np.arange(12), 5)
    y = 0.8 * (ward % 3 == 1) + rng.standard_normal(12)[ward] + rng.standard_normal(60)
    return pd.DataFrame({"y": y, "ward": ward, "treatment": np.array(list("abc"))[ward % 3]})


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_F_of_several_coefficients_is_exact_where_an_exact_one_exists(wards, ddf):
    means = wards.groupby("ward")["y"].mean().to_numpy().reshape(4, 3)
    between = 4 * np.sum((means.mean(axis=0) - means.mean()) ** 2) / 2
    F = between / (np.sum((means - means.mean(axis=0)) ** 2) / 9)
    fit = lt.lmm("y ~ treatment + (1 | ward)", wards)
    (row,) = fit.tests(ddf, L=["treatmentb", "treatmentc"]).itertuples()
    assert (row.F, row.ndf, row.ddf) == pytest.approx((F, 2, 9), rel=1e-6)
    assert row.p == pytest.approx(f_distribution(2, 9).sf(F), rel=1e-6)


def test_kenward_and_rogers_F_does_not_depend_on_how_its_contrasts_are_written(wards):
    fit = lt.lmm("y ~ treatment + (1 | ward)", wards.drop(index=range(7, 24)))
    # Satterthwaite's does: the axes of LΦLᵀ are not those of another L.
    for ddf in ("kenward-roger", "z"):
        one = fit.tests(ddf, L=["treatmentb", "treatmentc"])
        other = fit.tests(ddf, L=[[0, 1, -1], [0, 2, 3]])
        np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=1e-7)


def test_F_of_one_contrast_is_t_squared(parts):
    data = lt.load_data("orthodont").sample(90, random_state=4).sort_index()
    fit = lt.lmm("distance ~ age * Sex + (age | Subject)", data)
    for ddf in ("satterthwaite", "kenward-roger", "z"):
        row = fit.tests(ddf, null=0.4).loc["age:SexMale"]
        (test,) = fit.tests(ddf, L="age:SexMale", null=0.4).itertuples()
        assert (test.F, test.ndf, test.p) == pytest.approx((row["t"] ** 2, 1, row["p"]), rel=1e-7)
        assert test.ddf == pytest.approx(row["df"], rel=1e-9)


def test_an_axis_with_two_df_or_fewer_leaves_two():
    Phi, slopes, C = np.eye(2), np.array([np.diag([1.0, 0.1])]), np.ones((1, 1))
    F, df = degrees.satterthwaite_F(np.eye(2), [1.0, 3.0], Phi, slopes, C)
    assert (F, df) == (pytest.approx(5.0), 2.0)


def test_dependent_contrasts_are_refused(parts):
    V, y, X, G, _ = parts
    beta, Phi = profile.gls(V, y, X)
    slopes, W = degrees.covariance_slopes(V, X, G), degrees.expected_theta_covariance(V, X, G)
    L = np.array([[0, 1, 0, 0], [0, 2, 0, 0.0]])
    with pytest.raises(ValueError, match="dependent"):
        degrees.satterthwaite_F(L, beta, Phi, slopes, W)
    with pytest.raises(ValueError, match="dependent"):
        degrees.kenward_roger_df(L, Phi, slopes, W)


# What R says --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CASES, *GENERAL])
def test_satterthwaites_tests_are_those_of_lmertest(name):
    fit, r = fitted(name)
    said, table = r["satterthwaite"], fit.tests()
    assert list(table.index) == said["names"]
    np.testing.assert_allclose(table["df"], said["df"], rtol=2e-5)
    np.testing.assert_allclose(table["t"], said["t"], rtol=1e-6)
    np.testing.assert_allclose(table["p"], said["p"], rtol=1e-3)


@pytest.mark.parametrize("name", [*CASES, *GENERAL])
def test_kenward_and_rogers_tests_are_those_of_pbkrtest(name):
    fit, r = fitted(name)
    said, table = r["kenward_roger"], fit.tests("kenward-roger")
    np.testing.assert_allclose(table["se"], said["se"], rtol=1e-6)
    np.testing.assert_allclose(table["df"], said["df"], rtol=1e-6)
    np.testing.assert_allclose(table["t"], said["t"], rtol=1e-6)
    np.testing.assert_allclose(table["p"], said["p"], rtol=1e-4)
    adjusted = degrees.kenward_roger_covariance(fit.V, fit.X, fit.G)
    np.testing.assert_allclose(adjusted, said["vcov_adj"], rtol=1e-5, atol=1e-9)


WITH_F = [n for n in (*CASES, *GENERAL) if "KRmodcomp" in golden(n).get("lrt_fixed", {})]


@pytest.mark.parametrize("name", WITH_F)
def test_the_F_of_one_coefficient_is_that_of_pbkrtest(name):
    fit, r = fitted(name)
    said = r["lrt_fixed"]["KRmodcomp"]
    (row,) = fit.tests("kenward-roger", L=fit.beta.index[-1]).itertuples()
    expected = (said["Fstat"], said["ndf"], said["ddf"])
    assert (row.F, row.ndf, row.ddf) == pytest.approx(expected, rel=1e-6)
    assert row.p == pytest.approx(said["p"], rel=1e-4)


@pytest.mark.parametrize("name", sorted({*CASES, *GENERAL} - SINGULAR))
def test_the_formulas_and_the_differences_agree(name):
    """V written out, and in the parameters σ_k²; without V, and in the entries of L."""
    fit, _ = fitted(name)
    slopes = degrees.covariance_slopes(fit.V, fit.X, fit.G)
    C = degrees.theta_covariance(fit.V, fit.y, fit.X, fit.G)
    contrasts = np.eye(len(fit.beta))
    df = [degrees.satterthwaite(row, fit.vcov_beta, slopes, C) for row in contrasts]
    np.testing.assert_allclose(fit.tests()["df"], df, rtol=1e-5)


THINNED = json.loads((ORACLE / "degrees.json").read_text(encoding="utf-8"))


@cache
def thinned(name, method):
    """A fit to the rows that R was given: of most data sets a part, so that they are unbalanced."""
    source = {"cut": "estrone", "sleep": "sleepstudy", "weights": "sleepstudy"}
    stem = name.partition("_")[0]
    data = lt.load_data(source.get(stem, stem))
    if name == "cut":
        size = data["woman"].map({1: 16, 2: 8, 3: 4, 4: 2, 5: 1})
        data = data[data.groupby("woman").cumcount() < size]
    elif name == "sleep_edge":
        data = data[np.arange(1, 181) % 4 != 1]
        data = data[data["Subject"].isin([309, 310, 330, 331, 332])]
    elif name != "orthodont_full":
        data = data[~np.isin(7 * np.arange(len(data)) % 11, [0, 3, 5])]
    if name == "sleep_few":
        data = data[data["Subject"].isin([308, 309, 310, 330, 331, 332])]
    weights = 1 + np.arange(len(data)) % 4 if name == "weights" else None
    (formula,) = THINNED[name]["formula"]
    if name == "sleep_factor":
        data, formula = (
            data.assign(Days=data["Days"].astype(str)),
            "Reaction ~ Days + (1 | Subject)",
        )
    return lt.lmm(formula, data, method, weights=weights)


def test_one_of_these_fits_is_on_the_edge():
    on_edge = [name for name in THINNED if thinned(name, "REML").is_singular]
    assert on_edge == ["sleep_edge"]


def assert_F(table, expected, rtol=1e-4):
    """One row, as lmerTest's contestMD and pbkrtest's KRmodcomp give it."""
    F, ndf, ddf, p = expected[:4]
    assert table.iloc[0, :3].tolist() == pytest.approx([F, ndf, ddf], rel=rtol)
    assert table.iloc[0, 3] == pytest.approx(p, rel=0.01)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("name", THINNED)
def test_satterthwaites_tests_of_unbalanced_data_are_those_of_lmertest(name, method):
    fit, said = thinned(name, method), THINNED[name][method.lower()]
    table = fit.tests()
    np.testing.assert_allclose(table["se"], said["se"], rtol=2e-5)
    np.testing.assert_allclose(table["df"], said["df"], rtol=1e-4)
    np.testing.assert_allclose(table["p"], said["p"], rtol=0.01)
    if "F" in said:
        assert_F(fit.tests(L=np.eye(len(table))[1:]), said["F"])
    if "F34" in said:
        assert_F(fit.tests(L=["SexMale", "age:SexMale"]), said["F34"])


@pytest.mark.parametrize("name", [name for name in THINNED if "kr" in THINNED[name]["reml"]])
def test_kenward_and_rogers_tests_of_unbalanced_data_are_those_of_pbkrtest(name):
    fit, said = thinned(name, "REML"), THINNED[name]["reml"]["kr"]
    table = fit.tests("kenward-roger")
    for column in ("se", "df", "t"):
        np.testing.assert_allclose(table[column], said[column], rtol=2e-5)
    np.testing.assert_allclose(table["p"], said["p"], rtol=0.005)
    if "F" in said:
        assert_F(fit.tests("kenward-roger", L=np.eye(len(table))[1:]), said["F"], rtol=5e-5)
    if "F34" in said:
        both = ["SexMale", "age:SexMale"]
        assert_F(fit.tests("kenward-roger", L=both), said["F34"], rtol=5e-5)


# Tests of a fit -----------------------------------------------------------------------------------


def test_a_table_of_tests_is_laid_out_as_one_expects():
    fit, _ = fitted("sleepstudy_ri")
    table = fit.tests(level=0.9, null=[250.0, 0.0])
    assert list(table.columns) == ["estimate", "se", "df", "t", "p", "lower", "upper"]
    first = table.iloc[0]
    assert first["t"] == pytest.approx((fit.beta.iloc[0] - 250) / fit.se.iloc[0])
    half = student(first["df"]).ppf(0.95) * first["se"]
    ends = fit.beta.iloc[0] - half, fit.beta.iloc[0] + half
    assert (first["lower"], first["upper"]) == pytest.approx(ends, rel=1e-9)
    plain = fit.tests("z")
    assert np.isinf(plain["df"]).all()
    assert plain["p"].to_numpy() == pytest.approx(2 * norm.sf(np.abs(fit.tvalues)), rel=1e-9)


@pytest.mark.parametrize("engine", ["literal", "fast"])
def test_both_engines_lead_to_the_same_degrees_of_freedom(engine):
    data = data_of("penicillin").iloc[np.r_[:30, 45:90]]
    fit = lt.lmm(golden("penicillin")["formula"], data, engine=engine)
    expected = lt.lmm(golden("penicillin")["formula"], data).tests()["df"].iloc[0]
    assert fit.tests()["df"].iloc[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_tests_do_not_depend_on_units_nor_on_the_origin_of_a_covariate(ddf):
    data = load_case("sim_unbal_ri").data
    response, group = "y", load_case("sim_unbal_ri").group
    before = lt.lmm(f"{response} ~ x + (1 | {group})", data).tests(ddf)
    moved = data.assign(**{response: 1e4 * data[response], "x": 1e3 * data["x"] + 2e5})
    after = lt.lmm(f"{response} ~ x + (1 | {group})", moved).tests(ddf)
    for column in ("df", "t"):
        assert after.loc["x", column] == pytest.approx(before.loc["x", column], rel=1e-5)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_weights_are_those_of_rows_divided_by_their_errors(ddf, unbalanced):
    rng = np.random.default_rng(6)
    w = rng.uniform(0.5, 3, len(unbalanced.y))
    group = unbalanced.Z.argmax(axis=1)
    data = pd.DataFrame({"y": unbalanced.y, "x": rng.standard_normal(len(w)), "g": group, "w": w})
    fit = lt.lmm("y ~ x + (1 | g)", data, weights="w")
    root = np.sqrt(w)[:, np.newaxis]
    # As a model without weights of rows times √w, with its own V and G.
    V, X, y, G = root * fit.V * root.T, root * fit.X, root[:, 0] * fit.y, root * fit.G * root.T
    _, Phi = profile.gls(V, y, X)
    slopes = degrees.covariance_slopes(V, X, G)
    if ddf == "satterthwaite":
        C, SE2 = degrees.theta_covariance(V, y, X, G), np.diag(Phi)
    else:
        C, SE2 = (
            degrees.expected_theta_covariance(V, X, G),
            np.diag(degrees.kenward_roger_covariance(V, X, G)),
        )
    df = [degrees.satterthwaite(row, Phi, slopes, C) for row in np.eye(2)]
    table = fit.tests(ddf)
    np.testing.assert_allclose(table["df"], df, rtol=1e-5)
    np.testing.assert_allclose(table["se"], np.sqrt(SE2), rtol=1e-7)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_a_variance_held_at_0_leaves_the_regression(ddf):
    data = lt.load_data("sleepstudy")
    fit = lt.lmm("Reaction ~ Days + (1 | Subject)", data, sigma2_b=0)
    np.testing.assert_allclose(fit.tests(ddf)["df"], 178, rtol=1e-6)


def test_kenward_and_roger_fit_by_reml_and_say_so():
    ml, r = fitted("sim_unbal_ri", "ML")
    with pytest.warns(RefitWarning, match="belong to REML"):
        table = ml.tests("kenward-roger")
    np.testing.assert_allclose(table["df"], r["kenward_roger"]["df"], rtol=1e-6)
    assert ml.method == "ML"


def test_satterthwaite_of_a_fit_by_maximum_likelihood_uses_its_own_curvature():
    # In a balanced study the ML estimate of ν = σ_ε² + Jσ_b² has variance 2ν²/I.
    fit, _ = fitted("estrone", "ML")
    assert fit.tests()["df"].iloc[0] == pytest.approx(5, rel=1e-6)


def test_satterthwaite_needs_no_V_and_kenward_and_roger_say_how_large_it_would_be(monkeypatch):
    fit, _ = fitted("sleepstudy_slope")
    before = fit.tests()["df"].to_numpy()
    monkeypatch.setattr(_shapes, "LARGEST_V_BYTES", 8 * 180 * 180)
    assert fit.tests()["df"].to_numpy() == pytest.approx(before)
    with pytest.raises(ValueError, match=r"V would be 180 × 180.*without"):
        fit.tests("kenward-roger")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ddf": "kr"}, "ddf = 'kr' is unknown. Choose one of 'satterthwaite'"),
        ({"level": 95}, "level"),
        ({"L": ["days"]}, "no coefficient 'days'. It has '\\(Intercept\\)', 'Days'"),
        ({"L": []}, "L is empty"),
        ({"L": [[1.0, 0.0, 0.0]]}, "L has shape \\(1, 3\\)"),
        ({"L": [[0.0, 1.0], [0.0, 2.0]]}, "dependent"),
        ({"null": [1.0, 2.0, 3.0]}, "null has 3 values"),
    ],
)
def test_what_cannot_be_tested_is_said_in_words(arguments, words):
    fit, _ = fitted("sleepstudy_ri")
    with pytest.raises(ValueError, match=words):
        fit.tests(**arguments)
