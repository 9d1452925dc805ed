"""Chapter 6: two fits side by side, unless they cannot be compared."""

from typing import NamedTuple

import numpy as np

from lmmteach._nested import (
    CORRELATIONS,
    ONE_VARIANCE,
    ONLY_VARIANCE,
    SAME,
    UNKNOWN,
    by_size,
    difference,
    require_comparable,
    require_same_data,
)
from lmmteach.montecarlo import rounded
from lmmteach.testing import _simulated_pvalue, boundary_pvalue, chi2_pvalue, exact_null

# The exact null takes the eigenvalues of a matrix with so many rows at most, made from a Z with so
# many entries; with more groups the mixture is right.
MOST_GROUPS, LARGEST_Z = 1000, 30_000_000


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
    fit0, fit1 : results of ``lmm`` for the same data, in any order, which differ either in their
        fixed effects or in their random parts; for a test of the only variance between groups the
        smaller one is fitted with ``sigma2_b=0``
    nsim, rng : draws from the exact null, and their Generator; only for a test of σ_b² = 0

    Returns
    -------
    test : with ``statistic``, ``df``, ``pvalue`` and ``pvalues``. For fixed effects, and for
        correlations, the p-value is that of χ². Where one variance is tested, it is that of a
        mixture of two χ², or for σ_b² = 0 the simulated exact one. Where no mixture is known, it is
        that of χ², which is too large: see ``bootstrap_lrt``.

    Raises
    ------
    ValueError
        if the fits have different data, are not nested, differ in fixed effects and random parts at
        once, or were fitted by REML with different fixed effects.

    Source: lecture 15, "Model Comparison for Fixed Effects" and "… for Random Effects"; Stram and
    Lee (1994).
    """
    small, large = by_size(fit0, fit1)
    require_same_data(small, large)
    tested = difference(small, large)
    require_comparable(small, large, tested)
    statistic = max(0.0, 2 * (large.loglik - small.loglik))
    df = large.n_parameters - small.n_parameters
    pvalues = {"chi2": float(chi2_pvalue(statistic, df))}
    pvalues |= _boundary_pvalues(statistic, large, df, tested, nsim, rng)
    text = "\n".join(_models(small, large) + _outcome(statistic, df, pvalues, tested, nsim))
    return LikelihoodRatioTest(statistic, df, list(pvalues.values())[-1], pvalues, text)


def _boundary_pvalues(statistic, large, df, tested, nsim, rng):
    """The p-values of a variance that may be 0: of the mixture, and of the exact null."""
    if tested not in (ONLY_VARIANCE, ONE_VARIANCE):
        return {}
    pvalues = {"mixture": _mixture_pvalue(statistic, df)}
    groups = large.frame.random.factors[0].q
    if tested == ONLY_VARIANCE and groups <= MOST_GROUPS and groups * large.nobs <= LARGEST_Z:
        rng = np.random.default_rng(15) if rng is None else rng
        # With weights the rows are as the fit takes them: those of X and Z times √w.
        root = np.sqrt(large.weights.to_numpy())[:, np.newaxis]
        null = exact_null(root * large.X, root * large.Z, nsim, rng, reml=large.method == "REML")
        pvalues["exact"] = _simulated_pvalue(statistic, null)
    return pvalues


def _mixture_pvalue(statistic, df):
    """½ χ²_{df−1} + ½ χ²_df, for one variance and its df − 1 covariances."""
    if df == 1:
        return float(boundary_pvalue(statistic))
    return float(chi2_pvalue(statistic, df - 1) + chi2_pvalue(statistic, df)) / 2


def _models(small, large):
    """The lines of the printout that say what is compared."""
    names = [
        fit.formula + (f", with σ_b² = {fit.sigma2_b:g}" if fit.holds_b else "")
        for fit in (small, large)
    ]
    width = max(map(len, names))
    lines = [f"Likelihood ratio test ({large.method})"]
    for which, name, fit in zip(("smaller", "larger"), names, (small, large), strict=True):
        about = f"{fit.n_parameters} parameters, ℓ = {fit.loglik:.4f}"
        lines.append(f"{which:8} {name:{width}}  {about}")
    return lines


def _outcome(statistic, df, pvalues, tested, nsim):
    """The lines of the printout that say what was found."""
    p = {name: f"p = {value:.4g}" for name, value in pvalues.items()}
    if tested == SAME:
        return [f"statistic {statistic:.4f}, χ² with df = {df}: {p['chi2']}"]
    if tested == CORRELATIONS:
        return [
            f"statistic {statistic:.4f}, χ² with df = {df}: {p['chi2']}",
            "Only correlations are tested, and 0 is not on the edge of what they can be.",
        ]
    if tested == UNKNOWN:
        return [
            f"statistic {statistic:.4f}; variances of 0 are on the edge of what a variance can be,",
            "and for these models no mixture of χ² distributions is known:",
            f"  χ² with df = {df}          {p['chi2']}, usually too large here",
            "  bootstrap              lt.bootstrap_lrt(small, large, nsim, rng) finds its p-value",
        ]
    edge = "σ_b² = 0 is" if tested == ONLY_VARIANCE else "a variance of 0 is"
    mixture = f"½ χ²{_low(df - 1)} + ½ χ²{_low(df)}"
    lines = [
        f"statistic {statistic:.4f}; {edge} on the edge of what a variance can be:",
        f"  χ² with df = {df}          {p['chi2']}, usually too large here",
        f"  mixture {mixture}   {p['mixture']}, usually still too large with few groups",
    ]
    if "exact" not in p:
        return lines
    exact = pvalues["exact"]
    if exact <= 1 / (1 + nsim):
        found = f"p ≤ {exact:.4g}: none of {nsim:,} draws is as large"
    else:
        # A draw is as large with probability p: by so much the share of draws may miss it.
        error = np.sqrt(exact * (1 - exact) / nsim)
        found = f"p = {rounded(exact, error)}" if error > 0 else "p = 1"
        found += f", from {nsim:,} draws"
    return [*lines, f"  exact null, simulated   {found}"]


def _low(number):
    """A number as a subscript."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))
