"""Chapter 6: two fits side by side, unless they cannot be compared."""

from typing import NamedTuple

import numpy as np

from lmmteach.montecarlo import rounded
from lmmteach.testing import boundary_pvalue, chi2_pvalue, exact_null


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
    """Likelihood ratio test of two nested fits; meaningless comparisons are refused.

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
    small, large = _by_size(fit0, fit1)
    _same_data(small, large)
    variance = small.holds_b and not large.holds_b
    df = large.n_parameters - small.n_parameters
    _comparable(small, large, variance, df)
    statistic = max(0.0, 2 * (large.loglik - small.loglik))
    pvalues = {"chi2": float(chi2_pvalue(statistic, df))}
    pvalues |= _boundary_pvalues(statistic, large, nsim, rng) if variance else {}
    text = _describe(small, large, statistic, df, pvalues, nsim)
    return LikelihoodRatioTest(statistic, df, list(pvalues.values())[-1], pvalues, text)


def _by_size(*fits):
    for fit in fits:
        if not hasattr(fit, "n_parameters"):
            raise TypeError(f"lrt compares two results of lmm, but got a {type(fit).__name__}.")
    return sorted(fits, key=lambda fit: fit.n_parameters)


def _boundary_pvalues(statistic, large, nsim, rng):
    rng = np.random.default_rng(15) if rng is None else rng
    null = exact_null(large.X, large.Z, nsim, rng, reml=large.method == "REML")
    exact = (1 + np.sum(null >= statistic)) / (1 + nsim)
    return {"mixture": float(boundary_pvalue(statistic)), "exact": float(exact)}


def _same_data(small, large):
    if len(small.y) != len(large.y) or not np.array_equal(small.y, large.y):
        raise ValueError(
            "The two models were fitted to different responses, and likelihoods of different data "
            "cannot be compared. Check whether one of them lost rows, or has them in another order."
        )
    if small.Z.shape != large.Z.shape or not np.array_equal(small.Z, large.Z):
        raise ValueError(
            "The two models have different groups, so neither is a special case of the other."
        )
    if small.method != large.method:
        raise ValueError(
            f"One model was fitted by {small.method} and the other by {large.method}. "
            'Fit both with method="ML", or both with method="REML" if only σ_b² differs.'
        )


def _comparable(small, large, variance, df):
    p_small, p_large = small.X.shape[1], large.X.shape[1]
    rank = np.linalg.matrix_rank(np.column_stack([small.X, large.X]))
    same_X = rank == p_small == p_large
    if variance and small.sigma2_b != 0:
        raise ValueError(
            f"The smaller model holds sigma2_b = {small.sigma2_b:g}, but a variance is tested "
            "against 0. Fit the smaller model with sigma2_b=0."
        )
    if small.holds_b and large.holds_b and small.sigma2_b != large.sigma2_b:
        raise ValueError("The models are not nested: they hold σ_b² at different values.")
    if same_X and not variance:
        raise ValueError("The two models are the same, so there is nothing to test.")
    if rank > p_large or df == 0 or (large.holds_b and not small.holds_b):
        raise ValueError(
            "The models are not nested: the fixed part of the larger must include everything that "
            'the smaller one can give. You can still compare them by AIC (method="ML").'
        )
    if not same_X and variance:
        raise ValueError(
            "The models differ in their fixed effects and in σ_b² at once. Test the two "
            "differences one after the other."
        )
    if not same_X and small.method == "REML":
        raise ValueError(
            "REML likelihoods of models with different fixed effects cannot be compared, because "
            "each belongs to error contrasts Kᵀy of its own, and so to different data. Fit both "
            'models with method="ML" instead.'
        )
    if not np.array_equal(small.X, large.X) and variance and small.method == "REML":
        raise ValueError(
            "The fixed parts of the two models are equivalent, but have different columns, and a "
            "REML likelihood depends on the columns. Write both fixed parts in the same way, or "
            "use "
            'method="ML".'
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
    exact = pvalues["exact"]
    few = exact <= 1 / (1 + nsim)
    # A draw is as large with probability p: by so much the share of draws may miss it.
    error = np.sqrt(exact * (1 - exact) / nsim)
    simulated = f"p = {rounded(exact, error)}" if error > 0 else "p = 1"
    lines += [
        f"statistic {statistic:.4f}; σ_b² = 0 is on the edge of what a variance can be:",
        f"  χ² with df = 1          {p['chi2']}, usually too large here",
        f"  mixture ½ χ²₀ + ½ χ²₁   {p['mixture']}, usually still too large with few groups",
        f"  exact null, simulated   {simulated}, from {nsim:,} draws",
    ]
    if few:
        lines[-1] = f"  exact null, simulated   p ≤ {exact:.4g}: none of {nsim:,} draws is as large"
    return "\n".join(lines)
