"""Chapter 7: what to expect of a group in the study, and of a group that is not yet in it."""

import numpy as np

from lmmteach._shapes import between_0_and_1, not_negative, row_products, shaped, solve, variances
from lmmteach.blup import blup, prediction_error_covariance, shrinkage_factor
from lmmteach.profile import gls


def predict_known(x, z, D, Z, V, y, X):
    """The level of a group that is in the study, and how far the prediction may be off.

        μ̂ = x β̂ + z b̂                                                   {eq}`eq-predict-known`
        Var(μ̂ − μ) = x Φ xᵀ + 2 x C zᵀ + z Var(b̂ − b) zᵀ,
        Φ = (XᵀV⁻¹X)⁻¹,   C = Cov(β̂, b̂ − b) = −Φ XᵀV⁻¹ Z 𝒟

    Parameters
    ----------
    x : (m, p), a row of X for each of m predictions
    z : (m, q), a row of Z for each of them
    D, Z, V, y, X : as in ``blup``

    Returns
    -------
    prediction : (m,) in units of y
    variance : (m,) in squared units of y; add σ_ε² for the next single observation

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: lecture 15, "Prediction" (the point); Henderson (1975) (the variance).
    """
    x, z, D, Z, V, y, X = shaped(
        "x: m p, z: m q, D: q q, Z: n q, V: n n, y: n, X: n p", x, z, D, Z, V, y, X
    )
    beta, Phi = gls(V, y, X)
    b = blup(D, Z, V, y, X)
    C = -Phi @ X.T @ solve(V, Z @ D)
    variance = row_products(x @ Phi, x) + 2 * row_products(x @ C, z)
    variance += row_products(z @ prediction_error_covariance(D, Z, V, X), z)
    return x @ beta + z @ b, variance


def predict_new(x, sigma2_b, V, y, X):
    """The level of a group that is not in the study, whose b is unknown and has mean 0.

        μ̂ = x β̂,   Var(μ̂ − μ) = x Φ xᵀ + σ_b²,   Φ = (XᵀV⁻¹X)⁻¹          {eq}`eq-predict-new`

    Parameters
    ----------
    x : (m, p), a row of X for each of m predictions
    sigma2_b : variance between groups, in squared units of y
    V : (n, n) covariance of y
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    prediction : (m,) in units of y
    variance : (m,) in squared units of y; add σ_ε² for a single observation

    Raises
    ------
    ValueError
        if the shapes do not fit together or sigma2_b is negative.

    Source: lecture 15, "Prediction" (the point).
    """
    x, V, y, X = shaped("x: m p, V: n n, y: n, X: n p", x, V, y, X)
    not_negative("sigma2_b", sigma2_b)
    beta, Phi = gls(V, y, X)
    return x @ beta, row_products(x @ Phi, x) + sigma2_b


def predict_measured(x, measurements, theta, V, y, X):
    """The level of a new group, once we have a few measurements of it.

        μ̂ = x β̂ + λ (m̄ − x β̂),   λ = m σ_b² / (m σ_b² + σ_ε²)        {eq}`eq-predict-measured`
        Var(μ̂ − μ) = (1 − λ)² x Φ xᵀ + (1 − λ) σ_b²

    There are m measurements with mean m̄, and β̂ and Φ come from the study alone.

    Parameters
    ----------
    x : (p,) the row of X of the new group, the same for each of its measurements
    measurements : (m,) in units of y; empty for none yet
    theta : (σ_b², σ_ε²), in squared units of y
    V, y, X : of the study, as in ``predict_new``

    Returns
    -------
    prediction : a number in units of y
    variance : a number in squared units of y; add σ_ε² for the next single observation

    Raises
    ------
    ValueError
        if the shapes do not fit together or theta is not two variances.

    Source: between the two cases of lecture 15, "Prediction". For m = 0 it is ``predict_new``.
    """
    x, measurements = shaped("x: p, measurements: m", x, measurements)
    theta = variances(theta)
    (level,), (variance,) = predict_new(x[np.newaxis], theta[0], V, y, X)
    if not len(measurements):
        return level, variance
    factor = shrinkage_factor(len(measurements), theta)
    var_mean = variance - theta[0]
    prediction = level + factor * (measurements.mean() - level)
    return prediction, (1 - factor) ** 2 * var_mean + (1 - factor) * theta[0]


def _require_variances(variance):
    if np.any(np.asarray(variance) < 0):
        raise ValueError(
            "A variance cannot be negative. Check whether something was subtracted from it."
        )


def normal_interval(prediction, variance, level=0.95):
    """Interval around a prediction, taking its variance as known.

        μ̂ ± z_c √variance,   z_c the (1 + c)/2 quantile of N(0, 1)       {eq}`eq-interval`

    Parameters
    ----------
    prediction : (m,) in units of y
    variance : (m,) of the prediction error, in squared units of y
    level : the confidence c, between 0 and 1

    Returns
    -------
    low, high : (m,) each, in units of y

    Raises
    ------
    ValueError
        if level is not between 0 and 1, or a variance is negative.

    Source: lecture 15, "Prediction", which gives the point only.
    """
    from scipy.special import ndtri

    between_0_and_1(level)
    _require_variances(variance)
    half = ndtri((1 + level) / 2) * np.sqrt(variance)
    return prediction - half, prediction + half


def t_interval(prediction, variance, df, level=0.95):
    """Interval around a prediction whose variance was estimated from few groups.

        μ̂ ± t_c √variance,   t_c the (1 + c)/2 quantile of Student's t_df  {eq}`eq-t-interval`

    Parameters
    ----------
    prediction : (m,) in units of y
    variance : (m,) of the prediction error, in squared units of y
    df : degrees of freedom; I − 1 for the mean of I groups of equal size
    level : the confidence c, between 0 and 1

    Returns
    -------
    low, high : (m,) each, in units of y

    Raises
    ------
    ValueError
        if level is not between 0 and 1, df is not greater than 0, or a variance is negative.

    Source: exact for the mean of balanced data; Searle, Casella and McCulloch (1992), chapter 3.
    """
    from scipy.special import stdtrit

    between_0_and_1(level)
    if not df > 0:
        raise ValueError(f"df = {df}, but degrees of freedom must be greater than 0.")
    _require_variances(variance)
    half = stdtrit(df, (1 + level) / 2) * np.sqrt(variance)
    return prediction - half, prediction + half
