"""Chapter 6: which of two models, and is there any variance between groups at all?"""

from typing import NamedTuple

import numpy as np

from lmmteach._parallel import in_parallel, without_failures
from lmmteach._shapes import count, generator, number, shaped
from lmmteach.likelihood import fit_ml, half_traces, information
from lmmteach.model import V_theta
from lmmteach.profile import P_matrix, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik

# What the optimal ratio may be, times the mean eigenvalue: far beyond what a null draw needs.
RATIOS = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 29), np.geomspace(1e5, 1e13, 9)])
CHUNK = 4000


def aic(loglik, k):
    """Akaike's criterion: how badly a model fits, plus 2 for each parameter it needs.

        AIC = −2 ℓ(β̂, θ̂) + 2 k                                          {eq}`eq-aic`

    Parameters
    ----------
    loglik : ℓ at the estimates, a number
    k : how many parameters were estimated: coefficients and variances, not the entries of b

    Returns
    -------
    aic : a number, the smaller the better; under REML comparable only between fits with the same X

    Raises
    ------
    ValueError, TypeError
        if the log-likelihood is not a finite number, or k is not a whole number of at least 0.

    Source: lecture 15, "Model Comparison for Fixed Effects"; Akaike (1974).
    """
    return -2 * number("loglik", loglik) + 2 * count("k", k, least=0)


def chi2_pvalue(statistic, df):
    """Probability that a χ² variable is at least as large as the statistic.

        p = P(χ²_df ≥ t)                                                 {eq}`eq-chi2`

    Parameters
    ----------
    statistic : t, a number of at least 0, or an array of them
    df : degrees of freedom, the difference in the number of parameters

    Returns
    -------
    p : in the shape of the statistic

    Raises
    ------
    ValueError
        if the statistic is negative, which that of nested models, both fitted by ML, cannot be.

    Source: lecture 15, "Model Comparison for Fixed Effects".
    """
    from scipy.special import chdtrc

    return chdtrc(df, _statistic(statistic))


def boundary_pvalue(statistic):
    """P-value for σ_b² = 0 from the half-and-half mixture of χ²₀ (always 0) and χ²₁.

        p = ½ P(χ²₀ ≥ t) + ½ P(χ²₁ ≥ t): half of χ²₁'s for t > 0, and 1 for t = 0
                                                                         {eq}`eq-mixture`

    Parameters
    ----------
    statistic : t, a number of at least 0, or an array of them

    Returns
    -------
    p : in the shape of the statistic; correct for very many groups, too large for few

    Raises
    ------
    ValueError
        if the statistic is negative.

    Source: Self and Liang (1987); Stram and Lee (1994).
    """
    statistic = _statistic(statistic)
    return np.where(statistic > 0, 0.5 * chi2_pvalue(statistic, 1), 1.0)[()]


def boundary_lrt(y, X, Z, reml=False):
    """Likelihood ratio statistic for σ_b² = 0, with both models fitted here.

        LRT = 2 { max ℓ(β, θ) − max ℓ(β, θ | σ_b² = 0) }             {eq}`eq-boundary-lrt`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    reml : True uses the restricted likelihood, whose statistic is called RLRT

    Returns
    -------
    statistic : a number, 0 where σ̂_b² = 0

    Raises
    ------
    ValueError
        as ``fit_ml`` and ``fit_reml``.

    Source: lecture 15, "Model Comparison for Random Effects".
    """
    fitter, height = (fit_reml, restricted_loglik) if reml else (fit_ml, profile_loglik)
    (_, theta), (_, theta_0) = fitter(y, X, Z), fitter(y, X, Z, sigma2_b=0)
    if theta[0] == 0:
        return 0.0
    return 2 * (height(V_theta(theta, Z), y, X) - height(V_theta(theta_0, Z), y, X))


def exact_null(X, Z, nsim, rng, reml=False):
    """Draw the statistic for σ_b² = 0 from its exact null distribution for this design.

        LRT = sup_{γ ≥ 0} { m log (W(0) / W(γ)) − Σ_s log (1 + γ ξ_s) }  {eq}`eq-exact-null`
        W(γ) = Σ_s w_s² / (1 + γ κ_s) + w²,   w_s² ~ χ²₁,   w² ~ χ²_{n−p−r}
        γ = σ_b²/σ_ε²,   κ_s the r eigenvalues > 0 of Zᵀ(I − H)Z,   ξ_s those of ZᵀZ
        LRT: m = n.   RLRT: m = n − p, and κ_s in place of ξ_s.

    Parameters
    ----------
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    nsim : how many draws
    rng : numpy Generator, e.g. np.random.default_rng(6)
    reml : True for the restricted statistic, RLRT

    Returns
    -------
    statistic : (nsim,) draws; many are exactly 0

    Raises
    ------
    ValueError
        if X explains the groups, so that there is no variance left to test, if its columns are
        linearly dependent, or if nsim is not positive.
    TypeError
        if rng is not a Generator, or nsim is not a whole number.

    Source: Crainiceanu and Ruppert (2004), theorem 1.
    """
    X, Z = shaped("X: n p, Z: n q", X, Z)
    rng, nsim = generator(rng), count("nsim", nsim)
    kappa, xi = _eigenvalues(X, Z)
    n, p = X.shape
    m, xi = (n - p, kappa) if reml else (n, xi)
    # A few thousand at a time stay in the processor's cache.
    sizes = [CHUNK] * (nsim // CHUNK) + [nsim % CHUNK]
    draws = [_null_draws(size, n - p, m, kappa, xi, rng) for size in sizes if size]
    return np.concatenate(draws)


def _null_draws(size, df, m, kappa, xi, rng):
    """Draws of sup { m log (W(0) / W(γ)) − Σ_s log (1 + γ ξ_s) }; df is n − p."""
    (kappa, kappa_counts), (xi, xi_counts) = _distinct(kappa), _distinct(xi)
    rest = df - kappa_counts.sum()
    # Equal eigenvalues share one draw: the sum of k squares w_s² is a χ²_k.
    w2_s = rng.chisquare(kappa_counts[:, np.newaxis], size=(len(kappa), size))
    w2 = rng.chisquare(rest, size=size) if rest else np.zeros(size)
    W_0 = w2_s.sum(axis=0) + w2

    def curve(gamma):
        W = (w2_s / (1 + np.multiply.outer(kappa, gamma))).sum(axis=0) + w2
        return m * np.log(W_0 / W) - xi_counts @ np.log1p(np.multiply.outer(xi, gamma))

    return _highest(curve, RATIOS / kappa.mean())


def _eigenvalues(X, Z):
    """The κ and the ξ of a design, those of κ that are 0 included."""
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError("The columns of X are linearly dependent. Leave one of them out.")
    beyond_X = Z - X @ np.linalg.lstsq(X, Z, rcond=None)[0]
    kappa = np.linalg.eigvalsh(beyond_X.T @ beyond_X)
    if kappa[-1] < 1e-10 * len(X):
        raise ValueError("The fixed part already explains the groups, so no σ_b² is left to test.")
    return kappa, np.linalg.eigvalsh(Z.T @ Z)


def _distinct(eigenvalues):
    """The different eigenvalues > 0, without those lost in rounding, and how often each occurs."""
    top = eigenvalues[-1]
    shares, counts = np.unique(np.round(np.maximum(eigenvalues / top, 0), 10), return_counts=True)
    return shares[shares > 0] * top, counts[shares > 0]


def _highest(curve, grid):
    """Each draw's highest value of ``curve(γ)``: on a grid first, then by golden sections."""
    heights = np.array([curve(np.full(1, gamma)) for gamma in grid])
    best = heights.argmax(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    golden = (np.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = curve(left), curve(right)
    for _ in range(24):
        rising = at_left < at_right
        low, high = np.where(rising, left, low), np.where(rising, high, right)
        kept, at_kept = np.where(rising, right, left), np.where(rising, at_right, at_left)
        fresh = low + high - kept
        at_fresh = curve(fresh)
        swap = kept < fresh
        left, right = np.where(swap, kept, fresh), np.where(swap, fresh, kept)
        at_left, at_right = np.where(swap, at_kept, at_fresh), np.where(swap, at_fresh, at_kept)
    return np.maximum(np.maximum(at_left, at_right), heights.max(axis=0))


class Bootstrap(NamedTuple):
    """What ``bootstrap_lrt`` found."""

    statistic: float
    pvalue: float
    null: np.ndarray
    failures: int


def bootstrap_lrt(y, X, Z, nsim, rng, reml=False, n_jobs=1, progress=True):
    """Parametric bootstrap for σ_b² = 0: simulate without it, fit both models, compare.

        p = (1 + #{ t*_k ≥ t }) / (1 + B),   t*_k from data drawn at β̂, θ̂ of H₀
                                                                         {eq}`eq-bootstrap`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    nsim : B, how many data sets to draw
    rng : numpy Generator; the result does not depend on n_jobs
    reml : True uses the restricted likelihood for both fits
    n_jobs : how many processes share the work; −1 uses one for each core
    progress : True shows a progress bar

    Returns
    -------
    bootstrap : with ``statistic``, ``pvalue``, ``null`` (the draws that could be fitted) and
        ``failures`` (how many could not, which the p-value leaves out)

    Raises
    ------
    ValueError
        as ``fit_ml`` and ``fit_reml`` for y itself, or if no simulated data set could be fitted.

    Source: Faraway (2016), on the likelihood ratio test of random effects.
    """
    y, X, Z = shaped("y: n, X: n p, Z: n q", y, X, Z)
    rng, nsim = generator(rng), count("nsim", nsim)
    statistic = boundary_lrt(y, X, Z, reml)
    beta, theta = (fit_reml if reml else fit_ml)(y, X, Z, sigma2_b=0)
    mean = X @ beta
    jobs = [(stream, mean, theta[1], X, Z, reml) for stream in rng.spawn(nsim)]
    null = without_failures(in_parallel(_bootstrap_draw, jobs, n_jobs, progress))
    return Bootstrap(statistic, _simulated_pvalue(statistic, null), null, nsim - len(null))


def _simulated_pvalue(statistic, null):
    """(1 + #{ t*_k ≥ t }) / (1 + B): the data count among the draws."""
    return float((1 + np.sum(null >= statistic)) / (1 + len(null)))


def _bootstrap_draw(rng, mean, sigma2_e, X, Z, reml):
    """The statistic of a data set that was drawn with σ_b² = 0; nan if no fit."""
    y = mean + np.sqrt(sigma2_e) * rng.standard_normal(len(mean))
    try:
        return boundary_lrt(y, X, Z, reml)
    except ValueError:
        return np.nan


def wald_z(theta, X, Z, reml=True):
    """Wald statistic of σ_b²: the estimate divided by its standard error.

        z = σ̂_b² / SE(σ̂_b²),   SE² = [𝓘⁻¹]_bb                            {eq}`eq-wald`

    Parameters
    ----------
    theta : (σ̂_b², σ̂_ε²), in squared units of y
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    reml : True takes the information of the restricted likelihood, False that of the likelihood

    Returns
    -------
    z : a number; for I groups of equal size it never exceeds √((I − 1)/2), or √(I/2) with ML

    Raises
    ------
    ValueError
        if theta is not two variances or the shapes do not fit together.

    Source: Fears, Benichou and Gail (1996).
    """
    V = V_theta(theta, Z)
    info = half_traces(P_matrix(V, X), Z) if reml else information(V, X, Z)[-2:, -2:]
    return float(theta[0] / np.sqrt(np.linalg.inv(info)[0, 0]))


def _statistic(statistic):
    statistic = np.asarray(statistic, dtype=float)
    if np.isnan(statistic).any():
        raise ValueError(
            "The statistic is NaN, “not a number”. Perhaps one of the fits had no result."
        )
    if not (statistic >= 0).all():
        raise ValueError(
            "The likelihood ratio statistic of nested models cannot be negative. Perhaps the "
            "models were fitted by REML with different fixed effects, or subtracted the wrong way "
            "round."
        )
    return statistic
