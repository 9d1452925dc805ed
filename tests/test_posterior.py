"""Chapter 13: priors and posteriors on a grid, held against integrals and closed forms."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm
from scipy.stats import t as student_t

import lmmteach as lt
from lmmteach import blup, model, reml
from lmmteach.posterior import (
    balanced_restricted_loglik,
    credible_interval,
    grid_posterior,
    half_t,
)

THETAS = ((1.75, 0.33), (0.0, 0.33), (4.0, 1.2), (0.02, 0.05))


@pytest.mark.parametrize("groups", [2, 5, 9])
def test_the_closed_form_is_the_restricted_likelihood_but_for_a_constant(groups):
    rng = np.random.default_rng(groups)
    Z = model.random_intercept_design(np.repeat(np.arange(groups), 4))
    y, X = rng.normal(3, 2, len(Z)), np.ones((len(Z), 1))
    means = y.reshape(groups, 4).mean(axis=1)
    SSB = 4 * np.sum((means - y.mean()) ** 2)
    SSW = np.sum((y.reshape(groups, 4) - means[:, np.newaxis]) ** 2)
    closed = [balanced_restricted_loglik(b, e, SSB, SSW, groups, 4) for b, e in THETAS]
    literal = [reml.restricted_loglik(model.V_theta(theta, Z), y, X) for theta in THETAS]
    differences = np.subtract(closed, literal)
    assert differences == pytest.approx(np.full(4, differences[0]), abs=1e-9)


def test_its_top_is_the_reml_estimate():
    e = np.linspace(0.2, 0.5, 301)
    b = np.linspace(0.5, 4, 351)
    ell = balanced_restricted_loglik(b[:, np.newaxis], e, 113.2643196, 24.4076815, 5, 16)
    assert ell.shape == (351, 301)
    i, j = np.unravel_index(ell.argmax(), ell.shape)
    assert b[i] == pytest.approx(1.7494, abs=0.006)
    assert e[j] == pytest.approx(0.3254, abs=0.0006)


def test_a_grid_of_b_has_the_blup_as_its_mean_and_the_conditional_variance():
    """Unbalanced, so that each woman is shrunk by a factor of her own."""
    data = lt.load_data("estrone").groupby("woman").head(16)
    keep = data["measurement"] <= data["woman"].map({1: 16, 2: 8, 3: 4, 4: 2, 5: 1})
    data = data[keep]
    fit = lt.lmm("logestrone ~ 1 + (1 | woman)", data)
    b = np.linspace(-12, 12, 8001)
    variances = np.diag(blup.conditional_covariance(fit.D, fit.Z, fit.V))
    for i, woman in enumerate(sorted(data["woman"].unique())):
        e = data.loc[data["woman"] == woman, "logestrone"].to_numpy()[:, np.newaxis]
        loglik = norm.logpdf(e - fit.beta.iloc[0] - b, scale=np.sqrt(fit.sigma2_e)).sum(axis=0)
        shares = grid_posterior(loglik, norm.pdf(b, scale=np.sqrt(fit.sigma2_b)))
        assert shares.sum() == pytest.approx(1)
        assert shares @ b == pytest.approx(fit.b[i], abs=1e-8)
        assert shares @ (b - fit.b[i]) ** 2 == pytest.approx(variances[i], abs=1e-8)


def test_neither_a_constant_nor_a_factor_changes_a_posterior():
    loglik, prior = np.array([-3.0, -1, 0]), np.array([1.0, 4, 2])
    expected = np.exp(loglik) * prior / np.sum(np.exp(loglik) * prior)
    for shift in (0, -5000, 5000):
        np.testing.assert_allclose(grid_posterior(loglik + shift, 7 * prior), expected, rtol=1e-12)


def test_what_the_prior_rules_out_stays_out():
    assert grid_posterior([0, 0, 0], [1, 0, 1]).tolist() == [0.5, 0, 0.5]


@pytest.mark.parametrize("df", [1, 3, 30])
@pytest.mark.parametrize("scale", [0.5, 2])
def test_half_t_is_twice_students_density(df, scale):
    sd = np.array([0, 0.1, 1, 10])
    np.testing.assert_allclose(half_t(sd, scale, df), 2 * student_t(df, scale=scale).pdf(sd))
    assert quad(half_t, 0, np.inf, args=(scale, df))[0] == pytest.approx(1)


def test_an_interval_leaves_out_the_same_on_both_sides():
    values = np.linspace(0, 40, 80_001)
    shares = chi2(3).pdf(values)
    for level in (0.5, 0.95):
        ends = credible_interval(values, shares / shares.sum(), level)
        assert ends == pytest.approx(chi2(3).interval(level), abs=1e-4)


def test_the_posterior_of_five_women_is_an_integral():
    """The grid against adaptive integration, over σ_ε inside and σ_b outside."""
    SSB, SSW = 113.26431957186503, 24.407681518727195
    b, e = np.linspace(0.005, 20, 4000), np.linspace(0.35, 0.9, 111)
    ell = balanced_restricted_loglik(b[:, np.newaxis] ** 2, e**2, SSB, SSW, 5, 16)
    shares = grid_posterior(ell, np.outer(half_t(b, 1), np.ones(len(e)))).sum(axis=1)
    top = ell.max()

    def height(sd):
        def inside(sd_e):
            return np.exp(balanced_restricted_loglik(sd**2, sd_e**2, SSB, SSW, 5, 16) - top)

        return quad(inside, 0.35, 0.9)[0] * half_t(sd, 1)

    whole = quad(height, 0, 20, limit=200)[0]
    low, high = credible_interval(b, shares)
    assert quad(height, 0, low)[0] / whole == pytest.approx(0.025, abs=2e-4)
    assert quad(height, 0, high, limit=200)[0] / whole == pytest.approx(0.975, abs=2e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: balanced_restricted_loglik(-1, 1, 2, 3, 4, 5), "sigma2_b may be negative"),
        (lambda: balanced_restricted_loglik(1, 0, 2, 3, 4, 5), "must be above 0"),
        (lambda: balanced_restricted_loglik(1, 1, 2, 3, 1, 5), "at least 2"),
        (lambda: grid_posterior([1, 2], [1, 2, 3]), "same grid"),
        (lambda: grid_posterior([1, 2], [1, -2]), "No prior may be negative"),
        (lambda: grid_posterior([1, 2], [0, 0]), "above 0"),
        (lambda: half_t(-1, 1), "cannot be negative"),
        (lambda: half_t(1, 0), "scale = 0"),
        (lambda: half_t(1, 1, df=-3), "must be finite and not negative"),
        (lambda: credible_interval([1, 1], [0.5, 0.5]), "must increase"),
        (lambda: credible_interval([1, 2], [0.5, 0.5], level=95), "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
