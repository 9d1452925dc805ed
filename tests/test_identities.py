"""What must hold in every study: unbalanced, unsorted, with and without a covariate."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lmmteach.blup import (
    blup,
    blup_joint,
    conditional_covariance,
    henderson,
    prediction_error_covariance,
    shrinkage_factor,
)
from lmmteach.likelihood import fit_ml, loglik, score
from lmmteach.model import (
    D_matrix,
    Sigma_matrix,
    V_theta,
    intraclass_correlation,
    random_intercept_design,
)
from lmmteach.profile import gls, profile_loglik
from lmmteach.reml import (
    contrast_loglik,
    error_contrasts,
    fit_reml,
    restricted_loglik,
    restricted_score,
)


@dataclass
class Drawn:
    """A study, and a θ that has nothing to do with it."""

    y: np.ndarray
    X: np.ndarray
    groups: np.ndarray
    theta: tuple

    @property
    def Z(self):
        return random_intercept_design(self.groups)

    @property
    def D(self):
        return D_matrix(self.theta[0], self.Z.shape[1])

    @property
    def Sigma(self):
        return Sigma_matrix(self.theta[1], len(self.y))

    @property
    def V(self):
        return V_theta(self.theta, self.Z)

    def fit(self, method, **held):
        return {"ML": fit_ml, "REML": fit_reml}[method](self.y, self.X, self.Z, **held)

    def b(self, theta):
        D = D_matrix(theta[0], self.Z.shape[1])
        return blup(D, self.Z, V_theta(theta, self.Z), self.y, self.X)

    def top(self, method, theta):
        """The log-likelihood of θ, with its best β (ML) or without β (REML)."""
        function = {"ML": profile_loglik, "REML": restricted_loglik}[method]
        return function(V_theta(theta, self.Z), self.y, self.X)

    def __repr__(self):
        return f"y={self.y.tolist()}, X={self.X.tolist()}, groups={self.groups.tolist()}"


variances = st.floats(0.01, 100)
variances_or_0 = variances | st.just(0.0)
methods = st.sampled_from(["ML", "REML"])


@st.composite
def studies(draw, sigma2_b=variances_or_0, balanced=False):
    """2 to 8 groups of 1 to 7; sometimes a covariate; the truth from no effect to a large one."""
    if balanced:
        sizes, covariate = [draw(st.integers(2, 7))] * draw(st.integers(2, 8)), False
    else:
        sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=8))
        covariate = draw(st.booleans())
    # Something must be left of y when X and the groups have had their part of it.
    assume(sum(sizes) > len(sizes) + covariate)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    groups = rng.permutation(np.repeat(range(len(sizes)), sizes))
    n = len(groups)
    X = np.column_stack([np.ones(n), rng.normal(size=n)])[:, : 1 + covariate]
    sd_b = draw(st.sampled_from([0, 0.3, 1, 3, 10]))
    y = rng.normal(10, 5) + X.sum(axis=1) + sd_b * rng.normal(size=len(sizes))[groups]
    return Drawn(y + rng.normal(size=n), X, groups, (draw(sigma2_b), draw(variances)))


def at_its_best_scale(study, method, ratio):
    """The highest log-likelihood with σ_b²/σ_ε² = ratio: the scale has a closed form."""
    V = V_theta((ratio, 1), study.Z)
    residual = study.y - study.X @ gls(V, study.y, study.X)[0]
    n = len(study.y) - (study.X.shape[1] if method == "REML" else 0)
    scale = residual @ np.linalg.solve(V, residual) / n
    return study.top(method, (ratio * scale, scale))


@given(studies(), methods)
def test_a_fit_is_the_highest_top_of_its_hill(study, method):
    beta, theta = study.fit(method)
    V = V_theta(theta, study.Z)
    if method == "ML":
        slope = score(beta, V, study.y, study.X, study.Z)
    else:
        slope = restricted_score(V, study.y, study.X, study.Z)
    # In units of the slope's own size: σ_ε² times it is a pure number near n.
    flat = pytest.approx(0, abs=1e-6 * len(study.y))
    assert theta[1] * slope[-1] == flat
    if theta[0] > 0:
        assert theta[0] * slope[-2] == flat
    else:
        assert slope[-2] <= 0
    ratios = [0, *10 ** np.arange(-3, 5, 0.25)]
    best = max(at_its_best_scale(study, method, ratio) for ratio in ratios)
    assert study.top(method, theta) >= best - 1e-7


@given(studies(), methods, st.floats(-1e3, 1e3), st.sampled_from([0.01, 0.5, 40]))
def test_shift_and_scale_of_y_shift_and_scale_the_fit(study, method, shift, factor):
    beta, theta = study.fit(method)
    moved = Drawn(shift + factor * study.y, study.X, study.groups, study.theta)
    moved_beta, moved_theta = moved.fit(method)
    # A variance may be next to nothing beside the other: then its last digits are rounding.
    assert moved_theta == pytest.approx(
        factor**2 * theta, rel=1e-6, abs=1e-7 * factor**2 * theta.sum()
    )
    expected = factor * beta + [shift, *np.zeros(len(beta) - 1)]
    assert moved_beta == pytest.approx(expected, rel=1e-6, abs=1e-6 * factor)
    assert moved.b(moved_theta) == pytest.approx(
        factor * study.b(theta), rel=1e-5, abs=1e-6 * factor
    )
    assert intraclass_correlation(moved_theta) == pytest.approx(
        intraclass_correlation(theta), abs=1e-7
    )


@given(studies(), methods, st.randoms(use_true_random=False))
def test_order_of_rows_and_names_of_groups_do_not_matter(study, method, random):
    rows = random.sample(range(len(study.y)), len(study.y))
    names = np.array(random.sample("abcdefgh", 8))
    other = Drawn(study.y[rows], study.X[rows], names[study.groups[rows]], study.theta)
    for ours, others in zip(study.fit(method), other.fit(method), strict=True):
        assert others == pytest.approx(ours, rel=1e-7, abs=1e-9)


@given(studies(), st.integers(0, 2**32))
def test_another_K_moves_the_contrast_loglik_by_a_constant(study, seed):
    K = error_contrasts(study.X)
    m = K.shape[1]
    # Not a random matrix: near a singular one nothing could be compared.
    A = (
        np.diag(np.linspace(1, 2, m))
        + np.triu(np.random.default_rng(seed).normal(size=(m, m)), 1) / m
    )
    ones = Sigma_matrix(1.0, len(study.y))
    shift = contrast_loglik(K @ A, study.V, study.y) - contrast_loglik(K, study.V, study.y)
    assert shift == pytest.approx(
        contrast_loglik(K @ A, ones, study.y) - contrast_loglik(K, ones, study.y), abs=1e-7
    )
    assert shift == pytest.approx(-np.log(np.linspace(1, 2, m)).sum(), abs=1e-7)


@given(studies(sigma2_b=variances))
def test_all_roads_lead_to_the_same_b(study):
    beta, _ = gls(study.V, study.y, study.X)
    b = blup(study.D, study.Z, study.V, study.y, study.X)
    beta_henderson, b_henderson = henderson(study.D, study.Sigma, study.Z, study.y, study.X)
    same = {"rel": 1e-6, "abs": 1e-7}
    assert blup_joint(study.D, study.Sigma, study.Z, study.y, study.X) == pytest.approx(b, **same)
    assert b_henderson == pytest.approx(b, **same)
    assert beta_henderson == pytest.approx(beta, **same)
    n_i = study.Z.sum(axis=0)
    deviation = study.Z.T @ (study.y - study.X @ beta) / n_i
    assert b == pytest.approx(shrinkage_factor(n_i, study.theta) * deviation, **same)


@given(studies())
def test_random_effects_sum_to_0_beside_an_intercept(study):
    b = blup(study.D, study.Z, study.V, study.y, study.X)
    assert b.sum() == pytest.approx(0, abs=1e-8 * max(1, np.abs(b).max()))


@given(studies(), methods)
def test_a_variance_between_groups_never_lowers_the_likelihood(study, method):
    _, theta = study.fit(method)
    _, null = study.fit(method, sigma2_b=0)
    assert study.top(method, theta) >= study.top(method, null) - 1e-9


@given(studies())
def test_V_is_symmetric_and_positive_definite(study):
    assert np.array_equal(study.V, study.V.T)
    assert np.linalg.eigvalsh(study.V)[0] >= study.theta[1] * (1 - 1e-6)


@given(studies())
def test_an_estimated_mean_makes_the_error_of_b_no_smaller(study):
    conditional = conditional_covariance(study.D, study.Z, study.V)
    error = prediction_error_covariance(study.D, study.Z, study.V, study.X)
    tiny = 1e-9 * max(1, study.theta[0])
    assert np.linalg.eigvalsh(error - conditional)[0] >= -tiny
    assert np.linalg.eigvalsh(study.D - error)[0] >= -tiny


@given(st.tuples(variances, variances), st.integers(0, 50))
def test_shrinkage_grows_with_the_group_and_never_reaches_1(theta, n_i):
    here, larger = shrinkage_factor([n_i, n_i + 1], theta)
    assert 0 <= here < larger < 1


@given(studies(balanced=True))
def test_ml_is_below_reml_in_balanced_data(study):
    (_, ml), (_, reml) = study.fit("ML"), study.fit("REML")
    assert ml[0] <= reml[0] + 1e-9
    if ml[0] > 0:
        assert ml[1] == pytest.approx(reml[1], rel=1e-7)


@given(studies())
def test_gls_has_the_highest_likelihood_of_all_beta(study):
    beta, covariance = gls(study.V, study.y, study.X)
    best = loglik(beta, study.V, study.y, study.X)
    for step in np.linalg.cholesky(covariance).T:
        # One standard error away, a parabola has fallen by one half.
        for there in (beta + step, beta - step):
            assert loglik(there, study.V, study.y, study.X) == pytest.approx(best - 0.5, abs=1e-6)


@pytest.mark.parametrize(("method", "expected"), [("ML", 34.96004), ("REML", 37.65868)])
def test_the_likelihood_ratio_does_not_depend_on_the_units(method, expected, unbalanced):
    y, X, Z = unbalanced
    for in_units in (y, 7 * y - 3):
        study = Drawn(in_units, X, Z.argmax(axis=1), (1, 1))
        (_, theta), (_, null) = study.fit(method), study.fit(method, sigma2_b=0)
        ratio = 2 * (study.top(method, theta) - study.top(method, null))
        assert ratio == pytest.approx(expected, abs=1e-5)
