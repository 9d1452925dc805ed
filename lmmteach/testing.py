"""Chapter 6: which of two models, and is there any variance between groups at all?"""

from typing import NamedTuple

import numpy as np

from lmmteach._shapes import count, generator, shaped
from lmmteach.likelihood import fit_ml, half_traces, information
from lmmteach.model import V_theta
from lmmteach.profile import P_matrix, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik

# What the optimal ratio may be, times the mean eigenvalue: far beyond what a null draw needs.
RATIOS = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 29), np.geomspace(1e5, 1e13, 9)])
CHUNK = 4000


def aic(fit):
    """Akaike's criterion: how badly a model fits, plus 2 for each parameter it needs.

        AIC = −2 ℓ(β̂, θ̂) + 2 k                                          {eq}`eq-aic`

    Parameters
    ----------
    fit : the result of ``lmm``; k counts its coefficients and variances, not the entries of b

    Returns
    -------
    aic : a number, the smaller the better; under REML comparable only between fits with the same X

    Raises
    ------
    TypeError
        for something that is not a fit.

    Source: lecture 15, "Model Comparison for Fixed Effects"; Akaike (1974).
    """
    if not hasattr(fit, "criterion"):
        raise TypeError(f"aic wants the result of lmm, not {type(fit).__name__}.")
    return fit.criterion + 2 * fit.n_parameters


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
        if the statistic is negative: that of nested models, each fitted by ML, cannot be.

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
    p : in the shape of the statistic; right for very many groups, too large for few

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
    """Draw the statistic for σ_b² = 0 as this design distributes it when H₀ is true.

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
        if X explains the groups, so that there is no variance to test, its columns are linearly
        dependent, or nsim is not positive.
    TypeError
        if rng is no Generator or nsim no whole number.

    Source: Crainiceanu and Ruppert (2004), theorem 1.
    """
    X, Z = shaped("X: n p, Z: n q", X, Z)
    rng, nsim = generator(rng), count("nsim", nsim)
    n, p = X.shape
    if np.linalg.matrix_rank(X) < p:
        raise ValueError("The columns of X are linearly dependent: leave one out.")
    beyond_X = Z - X @ np.linalg.lstsq(X, Z, rcond=None)[0]
    kappa = np.linalg.eigvalsh(beyond_X.T @ beyond_X)
    if kappa[-1] < 1e-10 * n:
        raise ValueError("The fixed part explains the groups: no σ_b² is left to test.")
    kappa, kappa_counts = _distinct(kappa)
    xi = np.linalg.eigvalsh(Z.T @ Z)
    xi, xi_counts = (kappa, kappa_counts) if reml else _distinct(xi)
    m = n - p if reml else n
    kappa, kappa_counts = kappa[kappa > 0], kappa_counts[kappa > 0]
    rest = n - p - kappa_counts.sum()

    def draws(size):
        # Equal eigenvalues share one draw: the sum of k squares w_s² is a χ²_k.
        w2_s = rng.chisquare(kappa_counts[:, np.newaxis], size=(len(kappa), size))
        w2 = rng.chisquare(rest, size=size) if rest else np.zeros(size)
        W_0 = w2_s.sum(axis=0) + w2

        def curve(gamma):
            W = (w2_s / (1 + np.multiply.outer(kappa, gamma))).sum(axis=0) + w2
            return m * np.log(W_0 / W) - xi_counts @ np.log1p(np.multiply.outer(xi, gamma))

        return _highest(curve, RATIOS / kappa.mean())

    # A few thousand at a time stay in the processor's cache.
    sizes = [CHUNK] * (nsim // CHUNK) + [nsim % CHUNK]
    return np.concatenate([draws(size) for size in sizes if size])


def _distinct(eigenvalues):
    """The different eigenvalues, those lost in rounding as 0, and how often each occurs."""
    top = eigenvalues[-1]
    shares, counts = np.unique(np.round(np.maximum(eigenvalues / top, 0), 10), return_counts=True)
    return shares * top, counts


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
    n_jobs : how many processes share the work; −1 for one on each core
    progress : True shows a bar

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
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    y, X, Z = shaped("y: n, X: n p, Z: n q", y, X, Z)
    rng, nsim = generator(rng), count("nsim", nsim)
    statistic = boundary_lrt(y, X, Z, reml)
    beta, theta = (fit_reml if reml else fit_ml)(y, X, Z, sigma2_b=0)
    draw = delayed(_bootstrap_draw)
    jobs = (draw(stream, X @ beta, theta[1], X, Z, reml) for stream in rng.spawn(nsim))
    batch = 1 if n_jobs == 1 else 20
    done = Parallel(n_jobs=n_jobs, batch_size=batch, return_as="generator")(jobs)
    results = np.array(list(tqdm(done, total=nsim, disable=not progress, leave=False)))
    null = results[~np.isnan(results)]
    if len(null) == 0:
        raise ValueError(f"None of the {nsim} simulated data sets could be fitted.")
    pvalue = (1 + np.sum(null >= statistic)) / (1 + len(null))
    return Bootstrap(statistic, float(pvalue), null, nsim - len(null))


def _bootstrap_draw(rng, mean, sigma2_e, X, Z, reml):
    """The statistic of one data set drawn without variance between groups; nan if no fit."""
    y = mean + np.sqrt(sigma2_e) * rng.standard_normal(len(mean))
    try:
        return boundary_lrt(y, X, Z, reml)
    except ValueError:
        return np.nan


def wald_z(theta, X, Z, reml=True):
    """Wald statistic of σ_b²: the estimate over its standard error.

        z = σ̂_b² / SE(σ̂_b²),   SE² = [𝓘⁻¹]_bb                            {eq}`eq-wald`

    Parameters
    ----------
    theta : (σ̂_b², σ̂_ε²), in squared units of y
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    reml : True takes the information of the restricted likelihood, False that of the likelihood

    Returns
    -------
    z : a number; with I groups of equal size never above √((I − 1)/2), or √(I/2) for ML

    Raises
    ------
    ValueError
        if theta is not two variances or the shapes do not fit together.

    Source: Fears, Benichou and Gail (1996).
    """
    V = V_theta(theta, Z)
    info = half_traces(P_matrix(V, X), Z) if reml else information(V, X, Z)[-2:, -2:]
    return float(theta[0] / np.sqrt(np.linalg.inv(info)[0, 0]))


class LikelihoodRatioTest(NamedTuple):
    """What ``lrt`` found; printing it shows the whole test."""

    statistic: float
    df: int
    pvalue: float
    pvalues: dict
    text: str

    def __repr__(self):
        return self.text


def lrt(fit0, fit1, nsim=100_000, rng=None):
    """Likelihood ratio test of two nested fits; refuses comparisons that mean nothing.

        LRT = 2 { ℓ(β̂⁽²⁾, θ̂⁽²⁾) − ℓ(β̂⁽¹⁾, θ̂⁽¹⁾) }                       {eq}`eq-lrt`

    Parameters
    ----------
    fit0, fit1 : results of ``lmm`` for the same data, in any order; for a test of σ_b² = 0 the
        smaller one is fitted with ``sigma2_b=0``
    nsim, rng : draws from the exact null, and their Generator; only for a test of σ_b² = 0

    Returns
    -------
    test : with ``statistic``, ``df``, ``pvalue`` and ``pvalues``. For fixed effects the p-value is
        that of χ². For σ_b² = 0 there are three, and ``pvalue`` is the simulated exact one.

    Raises
    ------
    ValueError
        if the fits have different data, are not nested, differ in coefficients and variance at
        once, or were fitted by REML with different fixed effects.

    Source: lecture 15, "Model Comparison for Fixed Effects" and "… for Random Effects".
    """
    _require_fits(fit0, fit1)
    small, large = sorted((fit0, fit1), key=lambda fit: fit.n_parameters)
    _same_data(small, large)
    variance = small.holds_b and not large.holds_b
    df = large.n_parameters - small.n_parameters
    _comparable(small, large, variance, df)
    statistic = max(0.0, 2 * (large.loglik - small.loglik))
    pvalues = {"chi2": float(chi2_pvalue(statistic, df))}
    if variance:
        rng = np.random.default_rng(15) if rng is None else rng
        null = exact_null(large.X, large.Z, nsim, rng, reml=large.method == "REML")
        pvalues["mixture"] = float(boundary_pvalue(statistic))
        pvalues["exact"] = float((1 + np.sum(null >= statistic)) / (1 + nsim))
    text = _describe(small, large, statistic, df, pvalues, nsim)
    return LikelihoodRatioTest(statistic, df, list(pvalues.values())[-1], pvalues, text)


def _require_fits(*fits):
    for fit in fits:
        if not hasattr(fit, "n_parameters"):
            raise TypeError(f"lrt compares two results of lmm, and got {type(fit).__name__}.")


def _same_data(small, large):
    if len(small.y) != len(large.y) or not np.array_equal(small.y, large.y):
        raise ValueError(
            "The two models were fitted to different responses (did one of them lose rows, or are "
            "the rows in another order?). Likelihoods of different data cannot be compared."
        )
    if small.Z.shape != large.Z.shape or not np.array_equal(small.Z, large.Z):
        raise ValueError("The two models have different groups: neither is part of the other.")
    if small.method != large.method:
        raise ValueError(
            f"One model was fitted by {small.method}, the other by {large.method}. "
            'Fit both with method="ML", or both with method="REML" if only σ_b² differs.'
        )


def _comparable(small, large, variance, df):
    p_small, p_large = small.X.shape[1], large.X.shape[1]
    rank = np.linalg.matrix_rank(np.column_stack([small.X, large.X]))
    same_X = rank == p_small == p_large
    if variance and small.sigma2_b != 0:
        raise ValueError(
            f"The smaller model holds sigma2_b = {small.sigma2_b:g}. The test of a variance is the "
            "test against none: fit the smaller model with sigma2_b=0."
        )
    if small.holds_b and large.holds_b and small.sigma2_b != large.sigma2_b:
        raise ValueError("The models are not nested: they hold σ_b² at different values.")
    if same_X and not variance:
        raise ValueError("The two models are the same: there is nothing to test.")
    if rank > p_large or df == 0 or (large.holds_b and not small.holds_b):
        raise ValueError(
            "The models are not nested: the fixed part of one must be able to give all that the "
            'other gives. Such models can be compared by AIC (method="ML").'
        )
    if not same_X and variance:
        raise ValueError(
            "The models differ in their fixed effects and in σ_b² at once. "
            "Test one after the other: first one difference, then the other."
        )
    if not same_X and small.method == "REML":
        raise ValueError(
            "REML likelihoods of models with different fixed effects cannot be compared: each is "
            "the likelihood of its own error contrasts Kᵀy, so they are likelihoods of different "
            'data. Fit both models with method="ML" and compare those.'
        )
    if not np.array_equal(small.X, large.X) and variance and small.method == "REML":
        raise ValueError(
            "The fixed parts of the two models say the same in different columns, and a REML "
            'likelihood depends on them. Write both fixed parts alike, or use method="ML".'
        )


def _describe(small, large, statistic, df, pvalues, nsim):
    names = [
        fit.formula + (f", with σ_b² = {fit.sigma2_b:g}" if fit.holds_b else "")
        for fit in (small, large)
    ]
    width = max(map(len, names))
    lines = [f"Likelihood ratio test ({large.method})"]
    for which, name, fit in zip(("smaller", "larger"), names, (small, large), strict=True):
        about = f"{fit.n_parameters} parameters, ℓ = {fit.loglik:.4f}"
        lines.append(f"{which:8} {name:{width}}  {about}")
    p = {name: f"p = {value:.4g}" for name, value in pvalues.items()}
    if len(p) == 1:
        return "\n".join([*lines, f"statistic {statistic:.4f}, χ² with df = {df}: {p['chi2']}"])
    few = pvalues["exact"] <= 1 / (1 + nsim)
    lines += [
        f"statistic {statistic:.4f}; σ_b² = 0 is the edge of what a variance can be:",
        f"  χ² with df = 1          {p['chi2']}, mostly too large there",
        f"  mixture ½ χ²₀ + ½ χ²₁   {p['mixture']}, mostly still too large for few groups",
        f"  exact null, simulated   {p['exact']}, from {nsim:,} draws",
    ]
    if few:
        lines[-1] = (
            f"  exact null, simulated   p ≤ {pvalues['exact']:.4g}: "
            f"none of {nsim:,} draws is as large"
        )
    return "\n".join(lines)


def _statistic(statistic):
    statistic = np.asarray(statistic, dtype=float)
    if np.isnan(statistic).any():
        raise ValueError("The statistic is NaN, “not a number”: was a fit without result in it?")
    if not (statistic >= 0).all():
        raise ValueError(
            "A likelihood ratio statistic of nested models cannot be negative. Were the models "
            "fitted by REML with different fixed effects, or subtracted the wrong way round?"
        )
    return statistic
