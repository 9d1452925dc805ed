"""Chapter 3: put the best β into the likelihood, and look at the profile that is left."""

import numpy as np

from lmmteach._shapes import between_0_and_1, inverse, shaped, solve
from lmmteach.likelihood import balanced_theta, loglik


def gls(V, y, X):
    """Generalised least squares: the β that maximises the likelihood when V is known.

        β̂_θ = (Xᵀ V⁻¹ X)⁻¹ Xᵀ V⁻¹ y,   Var(β̂_θ) = (Xᵀ V⁻¹ X)⁻¹           {eq}`eq-gls`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression, columns linearly independent

    Returns
    -------
    beta : (p,) in units of y per unit of the column of X
    covariance : (p, p) of beta

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the columns of X are linearly dependent.

    Source: lecture 15, "Maximum-Likelihood Estimation".
    """
    V, y, X = shaped("V: n n, y: n, X: n p", V, y, X)
    Vinv_X = solve(V, X)
    covariance = _covariance_of_beta(X, Vinv_X)
    return covariance @ (Vinv_X.T @ y), covariance


def _covariance_of_beta(X, Vinv_X):
    """(Xᵀ V⁻¹ X)⁻¹, with words for an X that has none."""
    try:
        return np.linalg.inv(X.T @ Vinv_X)
    except np.linalg.LinAlgError:
        raise ValueError(
            "The columns of X are linearly dependent. Leave one of them out."
        ) from None


def P_matrix(V, X):
    """What remains of V⁻¹ when β has to be estimated.

        P = V⁻¹ − V⁻¹ X (Xᵀ V⁻¹ X)⁻¹ Xᵀ V⁻¹,   so P y = V⁻¹ (y − Xβ̂_θ)   {eq}`eq-P`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    X : (n, p) design of the regression, columns linearly independent

    Returns
    -------
    P : (n, n), of rank n − p, with P X = 0

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the columns of X are linearly dependent.

    Source: Searle, Casella and McCulloch (1992), section 6.6 and appendix M.4.
    """
    V, X = shaped("V: n n, X: n p", V, X)
    V_inverse = inverse(V)
    Vinv_X = V_inverse @ X
    return V_inverse - Vinv_X @ _covariance_of_beta(X, Vinv_X) @ Vinv_X.T


def profile_loglik(V, y, X, constant=True):
    """Profile log-likelihood: equation (1) with β replaced by the best β for this V.

        ℓ_p(θ) = ℓ(β̂_θ, θ)                                              {eq}`eq-profile`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression
    constant : as in ``loglik``

    Returns
    -------
    loglik : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together or V is not positive definite.

    Source: lecture 15, "Maximum-Likelihood Estimation" (profile likelihood).
    """
    beta_theta, _ = gls(V, y, X)
    return loglik(beta_theta, V, y, X, constant)


def profile_interval(curve, estimate, level=0.95, lower=-np.inf, scale=None):
    """Profile-likelihood interval: the values where the curve is not far below its top.

        { x : 2 [ℓ_p(x̂) − ℓ_p(x)] ≤ χ²₁(level) }                        {eq}`eq-profile-interval`

    Parameters
    ----------
    curve : function of one number, the profile log-likelihood ℓ_p of the parameter
    estimate : x̂, where the curve is highest
    level : confidence level, between 0 and 1
    lower : smallest value that the parameter may have: 0 for a variance
    scale : first step of the search, in units of x; |x̂| if not given

    Returns
    -------
    low, high : the ends of the interval; low is ``lower`` if the curve never falls far enough

    Raises
    ------
    ValueError
        if level is not between 0 and 1, or the curve never falls far enough above x̂.

    Source: lecture 15, "Maximum-Likelihood Estimation"; Pawitan (2001), section 3.4.
    """
    from scipy.special import chdtri

    between_0_and_1(level)
    if not np.isfinite(curve(estimate)) or estimate < lower:
        raise ValueError(f"The curve has no finite value at the estimate {estimate:g}.")
    cut = curve(estimate) - chdtri(1, 1 - level) / 2
    scale = scale or abs(estimate) or 1.0

    def height(x):
        return curve(x) - cut

    low = _crossing(height, estimate, -scale, lower)
    return low, _crossing(height, estimate, +scale, lower)


def _crossing(height, x, step, lower):
    """Where the height, followed from x in steps that double, falls below 0."""
    from scipy.optimize import brentq

    precision = 1e-12 * abs(step)
    for _ in range(60):
        outside = max(x + step, lower)
        if height(outside) < 0:
            return brentq(height, x, outside, xtol=precision, rtol=1e-12)
        if outside == lower:
            return lower
        x, step = outside, 2 * step
    raise ValueError("The likelihood never falls far enough, so the interval has no end.")


def balanced_drop(sigma2_b, SSB, SSW, I, J, reml=False):
    """Twice the drop of the curve below its top, for balanced data with σ_ε² held fixed.

        2 [ℓ_p(σ̂_b², σ̂_ε²) − ℓ_p(σ_b², σ̂_ε²)] = d {log(ν/ν̂) + ν̂/ν − 1}     {eq}`eq-balanced-drop`
        ν = σ̂_ε² + Jσ_b²,   ν̂ = SSB/d,   d = I for ML, d = I − 1 for REML
        where σ̂_b² = 0:   d log(ν/ν̂) + SSB/ν − SSB/ν̂   with   ν̂ = σ̂_ε²

    Parameters
    ----------
    sigma2_b : a variance between groups, or an array of them
    SSB, SSW : sums of squares between and within groups; numbers, or arrays with an entry for each
        study
    I, J : number of groups, and of observations in each
    reml : True for the restricted likelihood (chapter 5), False for the likelihood

    Returns
    -------
    drop : 0 at the estimate; in the common shape of sigma2_b and the sums

    Raises
    ------
    ValueError
        if a variance is negative, or there are fewer than two groups or observations in each.

    Source: Searle, Casella and McCulloch (1992), sections 3.7 and 3.8.
    """
    if np.any(np.asarray(sigma2_b) < 0):
        raise ValueError("sigma2_b is a variance, so it must not be negative.")
    estimate, sigma2_e = balanced_theta(SSB, SSW, I, J, reml)
    nu, top = sigma2_e + J * sigma2_b, sigma2_e + J * estimate
    d = I - 1 if reml else I
    return d * np.log(nu / top) + SSB / nu - SSB / top
