"""Responses drawn from a fit, the bootstrap of two fits, and fits without one group."""

import numpy as np
import pandas as pd
import pytest
from general_cases import data_of, fit_of, golden

import lmmteach as lt
from lmmteach import resampling
from lmmteach.resampling import Law, theta_names

RANDOM = "Reaction ~ Days + "


def rng():
    return np.random.default_rng(20)


@pytest.mark.parametrize("name", ["sleepstudy_slope", "orthodont_slope", "pastes", "penicillin"])
def test_simulated_responses_have_the_mean_and_covariance_of_the_fit(name):
    fit = fit_of(name)
    y = fit.simulate(20_000, rng()).to_numpy()
    sd = np.sqrt(np.diag(fit.V))
    mean = fit.X @ fit.beta
    assert np.max(np.abs(y.mean(axis=1) - mean) / sd) < 5 / np.sqrt(20_000)
    correlation = (np.cov(y) - fit.V) / np.outer(sd, sd)
    assert np.max(np.abs(correlation)) < 6 * np.sqrt(2 / 20_000)


def test_simulated_responses_stand_beside_the_rows_of_the_data():
    data = data_of("pastes").set_index(np.arange(100, 160))
    fit = lt.lmm("strength ~ 1 + (1 | batch / cask)", data)
    drawn = fit.simulate(3, rng())
    assert list(drawn) == ["sim_1", "sim_2", "sim_3"]
    assert drawn.index.equals(data.index)
    assert drawn.equals(fit.simulate(3, rng()))
    refit = lt.lmm("y ~ 1 + (1 | batch / cask)", data.assign(y=drawn["sim_1"]))
    assert np.isfinite(refit.loglik)


def test_a_held_variance_is_simulated_as_it_is_held():
    data = lt.load_data("estrone")
    fit = lt.lmm("logestrone ~ 1 + (1 | woman)", data, sigma2_b=9.0)
    assert Law.of(fit).roots[0] == pytest.approx(3.0)


def test_simulate_refuses_what_is_no_number_and_no_generator():
    with pytest.raises(ValueError, match="nsim"):
        fit_of("pastes").simulate(0, rng())
    with pytest.raises(TypeError, match="not a random generator"):
        fit_of("pastes").simulate(2, 15)


def weighted(formula, method="REML"):
    data = data_of("pastes").assign(w=np.tile([1.0, 2.0, 4.0], 20), at=np.linspace(0, 3, 60))
    return lt.lmm(formula, data, method, weights="w", offset="at"), data


def test_simulated_responses_have_weights_and_an_offset():
    fit, _ = weighted("strength ~ 1 + (1 | sample)")
    y = fit.simulate(20_000, rng()).to_numpy()
    sd = np.sqrt(np.diag(fit.V))
    mean = fit.X @ fit.beta + fit.offset
    assert np.max(np.abs(y.mean(axis=1) - mean) / sd) < 5 / np.sqrt(20_000)
    assert np.var(y, axis=1) == pytest.approx(sd**2, rel=0.06)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_a_draw_with_weights_and_an_offset_is_fitted_with_them(method):
    formulas = ["strength ~ 1 + (1 | sample)", "strength ~ 1 + (1 | batch) + (1 | sample)"]
    fits = [weighted(formula, method)[0] for formula in formulas]
    found = lt.bootstrap_lrt(*fits, 1, rng(), progress=False)
    (stream,) = rng().spawn(1)
    data = weighted(formulas[0])[1].assign(strength=fits[0].simulate(1, stream)["sim_1"])
    small, large = (
        lt.lmm(formula, data, method, weights="w", offset="at").loglik for formula in formulas
    )
    assert found.null[0] == pytest.approx(max(0, 2 * (large - small)), abs=1e-6)


def test_influence_keeps_weights_and_the_offset():
    fit, data = weighted("strength ~ 1 + (1 | batch) + (1 | sample)")
    found = fit.influence("batch")
    others = data[data["batch"] != "C"]
    without = lt.lmm(fit.formula, others, weights="w", offset="at")
    assert found.beta.loc["C"].to_numpy() == pytest.approx(without.beta.to_numpy(), rel=1e-8)
    assert found.theta.loc["C"].to_numpy() == pytest.approx(without.theta, rel=1e-6)


def unbalanced(q=14, seed=3):
    """Groups of one row, and of many; a slope, weights, and an offset."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 12, q)
    sizes[0] = 60
    g = np.repeat(np.arange(q), sizes)
    n, b = len(g), rng.normal(size=(2, q))
    x = rng.normal(size=n)
    y = x + b[0, g] + b[1, g] * x + rng.normal(size=n)
    made = {"y": y, "x": x, "g": g, "w": rng.uniform(0.5, 4, n), "o": rng.normal(size=n)}
    return pd.DataFrame(made).sample(frac=1, random_state=seed)


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ x + (x || g)", "y ~ 1 + (0 + x | g)"]
)
@pytest.mark.parametrize("weights", [None, "w"])
def test_influence_is_that_of_literal_refits(formula, method, weights):
    data = unbalanced()
    fit = lt.lmm(formula, data, method, engine="fast", weights=weights, offset="o")
    found = fit.influence(progress=False)
    for level in found.beta.index:
        others = data[data["g"] != level]
        refit = lt.lmm(formula, others, method, engine="literal", weights=weights, offset="o")
        assert found.beta.loc[level].to_numpy() == pytest.approx(refit.beta.to_numpy(), abs=1e-8)
        assert found.theta.loc[level].to_numpy() == pytest.approx(
            refit.theta, rel=1e-7, abs=1e-7 * refit.sigma2_e
        )


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (x | g)"])
def test_influence_with_one_factor_asks_the_sums_and_not_the_rows(formula, monkeypatch):
    fit = lt.lmm(formula, unbalanced(150))
    by_rows = resampling._Without._from_rows
    monkeypatch.setattr(resampling._Without, "_from_rows", None)
    found = fit.influence(progress=False)
    monkeypatch.setattr(resampling._Without, "_from_rows", by_rows)
    monkeypatch.setattr(resampling._Without, "_from_sums", by_rows)
    again = fit.influence(progress=False)
    np.testing.assert_allclose(found.beta, again.beta, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.theta, again.theta, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("formula", "group"),
    [
        ("y ~ x + (1 | g) + (1 | h)", "g"),
        ("y ~ x + (1 | g) + (1 | h)", "h"),
        ("y ~ x + (x | g) + (x | h)", "h"),
        ("y ~ x + (1 | h / g)", "h"),
        ("y ~ x + (1 | g) + (1 | h) + (1 | k)", "g"),
    ],
)
def test_influence_with_several_factors_asks_the_sums_and_not_the_rows(formula, group, monkeypatch):
    data, draws = unbalanced(20 if group == "g" else 150), np.random.default_rng(4)
    data["h"], data["k"] = draws.integers(0, 6, len(data)), draws.integers(0, 4, len(data))
    data["y"] += draws.normal(size=6)[data["h"]] * (1 + 0.5 * data["x"])
    data["y"] += draws.normal(size=4)[data["k"]]
    fit = lt.lmm(formula, data, engine="fast")
    by_rows = resampling._Without._from_rows
    monkeypatch.setattr(resampling._Without, "_from_rows", None)
    found = fit.influence(group, progress=False)
    monkeypatch.setattr(resampling._Without, "_from_rows", by_rows)
    monkeypatch.setattr(resampling._Without, "_from_sums", by_rows)
    again = fit.influence(group, progress=False)
    np.testing.assert_allclose(found.beta, again.beta, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.theta, again.theta, rtol=0, atol=1e-7)


def test_influence_of_a_second_response_is_its_own():
    data = unbalanced()
    data["other"] = np.random.default_rng(2).normal(size=len(data))
    prepared = lt.fit.Prepared.read("y ~ x + (1 | g)", data, engine="fast")
    prepared.fit().influence(progress=False)
    found = prepared.with_response("y", data["other"].to_numpy()).fit().influence(progress=False)
    again = lt.lmm("other ~ x + (1 | g)", data, engine="fast").influence(progress=False)
    np.testing.assert_allclose(found.theta, again.theta, rtol=1e-6, atol=1e-8)


def test_influence_keeps_a_held_variance():
    data = unbalanced()
    fit = lt.lmm("y ~ x + (1 | g)", data, sigma2_b=0.7)
    found = fit.influence(progress=False)
    refit = lt.lmm("y ~ x + (1 | g)", data[data["g"] != 5], sigma2_b=0.7)
    assert found.theta.loc[5].to_numpy() == pytest.approx([0.7, refit.sigma2_e], rel=1e-8)
    assert found.beta.loc[5].to_numpy() == pytest.approx(refit.beta.to_numpy(), rel=1e-8)


SLOPE = (RANDOM + "(1 | Subject)", RANDOM + "(Days || Subject)")


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("engine", ["fast", "literal"])
@pytest.mark.parametrize(
    ("name", "formula", "larger"),
    [
        ("sleepstudy_slope", *SLOPE),
        ("pastes", "strength ~ 1 + (1 | sample)", "strength ~ 1 + (1 | batch) + (1 | sample)"),
    ],
)
def test_each_draw_is_the_lrt_of_fits_to_simulated_data(name, formula, larger, engine, method):
    fits = [fit_of(name, method, engine, f) for f in (formula, larger)]
    found = lt.bootstrap_lrt(*fits, 2, rng(), progress=False)
    response = formula.partition(" ~ ")[0]
    for stream, drawn in zip(rng().spawn(2), found.null, strict=True):
        data = data_of(name).assign(**{response: fits[0].simulate(1, stream)["sim_1"]})
        logliks = [lt.lmm(f, data, method).loglik for f in (formula, larger)]
        assert drawn == pytest.approx(max(0, 2 * (logliks[1] - logliks[0])), abs=1e-6)
    assert found.statistic == pytest.approx(2 * (fits[1].loglik - fits[0].loglik))
    assert found.pvalue == (1 + np.sum(found.null >= found.statistic)) / 3


def test_half_of_the_draws_of_a_slope_are_0():
    fits = [fit_of("sleepstudy_slope", "REML", formula=f) for f in SLOPE]
    found = lt.bootstrap_lrt(*fits[::-1], 200, rng(), progress=False)
    assert 0.4 < np.mean(found.null < 1e-8) < 0.7
    assert found.pvalue == 1 / 201
    assert found.failures == 0


@pytest.mark.slow
def test_the_bootstrap_of_a_fixed_effect_is_that_of_pbkrtest():
    r = golden("orthodont_slope")["lrt_fixed"]
    small, large = (fit_of("orthodont_slope", "ML", formula=f) for f in (r["small"], None))
    found = lt.bootstrap_lrt(small, large, 300, rng(), progress=False)
    theirs = r["param_boot"]
    assert found.statistic == pytest.approx(theirs["stat"], rel=1e-6)
    error = np.hypot(theirs["mc_se"], np.sqrt(0.04 * 0.96 / 300))
    assert found.pvalue == pytest.approx(theirs["p_PB"], abs=4 * error)


@pytest.mark.slow
def test_the_draws_do_not_depend_on_the_number_of_processes():
    fits = [fit_of("sleepstudy_slope", formula=f) for f in SLOPE]
    one, two = (
        lt.bootstrap_lrt(*fits, 5, rng(), n_jobs=jobs, progress=False).null for jobs in (1, 2)
    )
    assert (one == two).all()


def test_data_that_cannot_be_fitted_are_counted(monkeypatch):
    fits = [fit_of("sleepstudy_slope", formula=f) for f in SLOPE]
    calls = []

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) % 3 == 0:
            raise ValueError("No minimum found")
        return best(*arguments)

    best = resampling.best
    monkeypatch.setattr(resampling, "best", failing)
    found = lt.bootstrap_lrt(*fits, 6, rng(), progress=False)
    assert 0 < found.failures == 6 - len(found.null)
    assert found.pvalue == 1 / (1 + len(found.null))


def test_the_bootstrap_refuses_what_lrt_refuses():
    one, other = (
        fit_of("sleepstudy_slope", formula=RANDOM + random)
        for random in ("(1 | Subject)", "(0 + Days | Subject)")
    )
    with pytest.raises(ValueError, match="not nested"):
        lt.bootstrap_lrt(one, other, 5, rng())


@pytest.mark.parametrize(
    ("name", "group", "level"),
    [
        ("sleepstudy_slope", None, "309"),
        ("pastes", "batch", "B"),
        ("penicillin", "sample", "F"),
        ("penicillin", "plate", "a"),
    ],
)
@pytest.mark.parametrize("method", ["ML", "REML"])
def test_influence_is_what_a_fit_to_the_other_groups_gives(name, group, level, method):
    fit = fit_of(name, method)
    found = fit.influence(group, progress=False)
    group = group or "Subject"
    assert len(found.beta) == len(found.theta) == fit.groups[group]
    data = data_of(name)
    without = lt.lmm(fit.formula, data[data[group] != level], method)
    assert found.beta.loc[level].to_numpy() == pytest.approx(without.beta.to_numpy(), rel=1e-8)
    assert found.theta.loc[level].to_numpy() == pytest.approx(without.theta, rel=1e-6)


def test_influence_agrees_with_the_formula_of_the_chapter():
    fit = lt.lmm("logestrone ~ 1 + (1 | woman)", lt.load_data("estrone"))
    found = fit.influence()
    literal = lt.diagnostics.influence_by_group(fit.y, fit.X, fit.Z)
    assert list(found.theta) == ["sigma2_b", "sigma2_e"]
    assert found.theta.index.name == "woman"
    np.testing.assert_allclose(found.theta, literal.theta, rtol=1e-6)
    np.testing.assert_allclose(found.beta, literal.beta, rtol=1e-8)


def test_the_columns_of_theta_are_named():
    assert theta_names(fit_of("sleepstudy_slope")) == [
        "var_(Intercept)|Subject",
        "cov_Days.(Intercept)|Subject",
        "var_Days|Subject",
        "sigma2_e",
    ]


def test_influence_refuses_a_factor_that_is_not_in_the_model():
    with pytest.raises(ValueError, match=r"'woman' is no grouping factor.*'sample', 'batch'"):
        fit_of("pastes").influence("woman")


def test_influence_says_without_which_group_there_is_no_fit():
    data = pd.DataFrame(
        {
            "y": [1.0, 2.5, 2.0, 3.5, 4.5, 6.0, 1.5, 1.0, 2.5],
            "x": [0, 0, 0, 1, 2, 3, 0, 0, 0],
            "g": list("aaabbbccc"),
        }
    )
    fit = lt.lmm("y ~ x + (1 | g)", data)
    with pytest.raises(ValueError, match="Without g b: the columns of X are linearly dependent"):
        fit.influence()


@pytest.mark.parametrize("name", ["sleepstudy_slope", "orthodont_slope", "pastes", "penicillin"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_residuals_and_their_quantiles_are_rs(name, method):
    fit, r = fit_of(name, method), golden(name)[method.lower()]
    scale = np.max(np.abs(fit.y))
    np.testing.assert_allclose(fit.residuals, r["resid"], atol=1e-8 * scale, rtol=0)
    marginal = fit.y - np.array(r["fitted_population"])
    np.testing.assert_allclose(fit.marginal_residuals, marginal, atol=1e-8 * scale, rtol=0)
    quantiles = np.quantile(fit.scaled_residuals, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(quantiles, r["scaled_resid_quantiles"], rtol=1e-6, atol=1e-6)
