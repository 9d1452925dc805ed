"""Chapter 7: what to expect of a group in the study, and of a group that is not yet in it."""

import numpy as np

from lmmteach._shapes import not_negative, shaped, solve
from lmmteach.blup import blup, prediction_error_covariance
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
    covariance = x @ Phi @ x.T + x @ C @ z.T + (x @ C @ z.T).T
    covariance += z @ prediction_error_covariance(D, Z, V, X) @ z.T
    return x @ beta + z @ b, np.diag(covariance).copy()


def predict_new(x, sigma2_b, V, y, X):
    """The level of a group that is not in the study: its own b is unknown, its mean 0.

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
    return x @ beta, np.diag(x @ Phi @ x.T) + sigma2_b


def normal_interval(prediction, variance, level=0.95):
    """Interval around a prediction, taking its variance as known.

        μ̂ ± q √variance,   q the (1 + level)/2 quantile of N(0, 1)       {eq}`eq-interval`

    Parameters
    ----------
    prediction : (m,) in units of y
    variance : (m,) of the prediction error, in squared units of y
    level : confidence level, between 0 and 1

    Returns
    -------
    low, high : (m,) each, in units of y

    Raises
    ------
    ValueError
        if level is not between 0 and 1.

    Source: lecture 15, "Prediction", which gives the point only.
    """
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise ValueError(f"level = {level} must lie between 0 and 1, as 0.95.")
    half = ndtri((1 + level) / 2) * np.sqrt(variance)
    return prediction - half, prediction + half
