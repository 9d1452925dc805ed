"""Chapter 4: the random effects b, predicted from the data."""

import numpy as np

from lmmteach._shapes import shaped, solve, variances
from lmmteach.likelihood import log_determinant
from lmmteach.model import V_matrix
from lmmteach.profile import P_matrix, gls


def joint_loglik(b, beta, D, Sigma, Z, y, X):
    """Log of the joint density of the data and the random effects.

        log f(y, b) = log f(y | b) + log f(b)                            {eq}`eq-joint`
        = −½ { n log 2π + log |Σ| + eᵀ Σ⁻¹ e } − ½ { q log 2π + log |𝒟| + bᵀ 𝒟⁻¹ b },
        e = y − Xβ − Zb

    Parameters
    ----------
    b : (q,) random effects, in units of y
    beta : (p,) regression coefficients
    D : (q, q) covariance of the random effects; its variances must be greater than 0
    Sigma : (n, n) covariance of the errors
    Z : (n, q) design of the random effects
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    loglik : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D or Sigma has no inverse.

    Source: lecture 15, "Estimation of the Random Effects".
    """
    b, beta, D, Sigma, Z, y, X = shaped(_JOINT, b, beta, D, Sigma, Z, y, X)
    e = y - X @ beta - Z @ b
    log_f_y_given_b = -0.5 * (log_determinant(Sigma) + e @ solve(Sigma, e))
    log_f_b = -0.5 * (_log_determinant_D(D) + b @ np.linalg.solve(D, b))
    return float(log_f_y_given_b + log_f_b - 0.5 * (len(y) + len(b)) * np.log(2 * np.pi))


def joint_score_b(b, beta, D, Sigma, Z, y, X):
    """Slope of the joint log-density in b, which is 0 at the best predictor.

        ∂ℓ/∂b = Zᵀ Σ⁻¹ (y − Xβ − Zb) − 𝒟⁻¹ b                             {eq}`eq-joint-score`

    Parameters
    ----------
    b, beta, D, Sigma, Z, y, X : as in ``joint_loglik``

    Returns
    -------
    score : (q,)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D has no inverse.

    Source: lecture 15, "Estimation of the Random Effects".
    """
    b, beta, D, Sigma, Z, y, X = shaped(_JOINT, b, beta, D, Sigma, Z, y, X)
    _log_determinant_D(D)
    return Z.T @ solve(Sigma, y - X @ beta - Z @ b) - np.linalg.solve(D, b)


def blup_joint(D, Sigma, Z, y, X):
    """Best linear unbiased predictor, as the solution to the lecture's linear system.

        (Zᵀ Σ⁻¹ Z + 𝒟⁻¹) b̂ = Zᵀ Σ⁻¹ (y − Xβ̂)                            {eq}`eq-blup-joint`

    Parameters
    ----------
    D : (q, q) covariance of the random effects; its variances must be greater than 0
    Sigma : (n, n) covariance of the errors
    Z : (n, q) design of the random effects
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    b : (q,) in units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D has no inverse; in that case use ``blup``.

    Source: lecture 15, "Estimation of the Random Effects".
    """
    D, Sigma, Z, y, X = shaped(_PIECES, D, Sigma, Z, y, X)
    _log_determinant_D(D)
    beta, _ = gls(V_matrix(Z, D, Sigma), y, X)
    Sigmainv_Z = solve(Sigma, Z)
    right_side = Sigmainv_Z.T @ (y - X @ beta)
    return np.linalg.solve(Z.T @ Sigmainv_Z + np.linalg.inv(D), right_side)


def henderson(D, Sigma, Z, y, X):
    """Henderson's mixed model equations: one system for β̂ and b̂, without V.

        [ XᵀΣ⁻¹X   XᵀΣ⁻¹Z        ] [ β̂ ]   [ XᵀΣ⁻¹y ]
        [ ZᵀΣ⁻¹X   ZᵀΣ⁻¹Z + 𝒟⁻¹ ] [ b̂ ] = [ ZᵀΣ⁻¹y ]                    {eq}`eq-henderson`

    Parameters
    ----------
    D, Sigma, Z, y, X : as in ``blup_joint``

    Returns
    -------
    beta : (p,)
    b : (q,)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D has no inverse.

    Source: Henderson (1975); lecture 15, "Estimation of the Random Effects", with β not yet known.
    """
    D, Sigma, Z, y, X = shaped(_PIECES, D, Sigma, Z, y, X)
    _log_determinant_D(D)
    p = X.shape[1]
    XZ = np.column_stack([X, Z])
    Sigmainv_XZ = solve(Sigma, XZ)
    system = XZ.T @ Sigmainv_XZ
    system[p:, p:] += np.linalg.inv(D)
    solution = np.linalg.solve(system, Sigmainv_XZ.T @ y)
    return solution[:p], solution[p:]


def blup(D, Z, V, y, X):
    """Best linear unbiased predictor of the random effects.

        b̂ = 𝒟 Zᵀ V⁻¹ (y − Xβ̂)                                           {eq}`eq-blup`

    Parameters
    ----------
    D : (q, q) covariance of the random effects; variances of 0 are allowed
    Z : (n, q) design of the random effects
    V : (n, n) covariance of y
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    b : (q,) in units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: lecture 15, "Estimation of the Random Effects".
    """
    D, Z, V, y, X = shaped("D: q q, Z: n q, V: n n, y: n, X: n p", D, Z, V, y, X)
    beta, _ = gls(V, y, X)
    return D @ Z.T @ solve(V, y - X @ beta)


def shrinkage_factor(n_i, theta):
    """The share of a group's own deviation from μ̂ that its BLUP keeps.

        λ_i = n_i σ_b² / (n_i σ_b² + σ_ε²),   b̂_i = λ_i (ȳ_i − μ̂)        {eq}`eq-shrinkage`

    Parameters
    ----------
    n_i : number of observations of the group, or an array of such numbers
    theta : (σ_b², σ_ε²), in squared units of y

    Returns
    -------
    factor : between 0 (only μ̂ counts) and 1 (only the group counts), in the shape of n_i

    Raises
    ------
    ValueError
        if theta is not two variances, σ_ε² is 0, or an n_i is negative.

    Source: lecture 15, "Estimation of the Random Effects", for Z of a random intercept.
    """
    sigma2_b, sigma2_e = variances(theta)
    n_i = np.asarray(n_i, dtype=float)
    if sigma2_e == 0 or (n_i < 0).any():
        raise ValueError(
            "shrinkage_factor needs a sigma2_e greater than 0, and no n_i may be negative."
        )
    return n_i * sigma2_b / (n_i * sigma2_b + sigma2_e)


def conditional_covariance(D, Z, V):
    """The uncertainty about b that remains once we have the data, if β were known.

        Var(b | y) = 𝒟 − 𝒟 Zᵀ V⁻¹ Z 𝒟                       {eq}`eq-conditional-covariance`

    Parameters
    ----------
    D : (q, q) covariance of the random effects
    Z : (n, q) design of the random effects
    V : (n, n) covariance of y

    Returns
    -------
    covariance : (q, q), in squared units of y; lme4 calls its diagonal ``condVar``

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: follows from the joint normal law of (y, b); Searle, Casella and McCulloch (1992), 7.4.
    """
    D, Z, V = shaped("D: q q, Z: n q, V: n n", D, Z, V)
    return D - D @ Z.T @ solve(V, Z @ D)


def prediction_error_covariance(D, Z, V, X):
    """Covariance of the prediction error b̂ − b when β is estimated as well.

        Var(b̂ − b) = 𝒟 − 𝒟 Zᵀ P Z 𝒟                                    {eq}`eq-pev`

    Parameters
    ----------
    D : (q, q) covariance of the random effects
    Z : (n, q) design of the random effects
    V : (n, n) covariance of y
    X : (n, p) design of the regression

    Returns
    -------
    covariance : (q, q), in squared units of y; never smaller than ``conditional_covariance``

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Henderson (1975); Searle, Casella and McCulloch (1992), section 7.4.
    """
    D, Z, V, X = shaped("D: q q, Z: n q, V: n n, X: n p", D, Z, V, X)
    return D - D @ Z.T @ P_matrix(V, X) @ Z @ D


_PIECES = "D: q q, Sigma: n n, Z: n q, y: n, X: n p"
_JOINT = "b: q, beta: p, D: q q, Sigma: n n, Z: n q, y: n, X: n p"


def _log_determinant_D(D):
    try:
        return log_determinant(D)
    except ValueError:
        raise ValueError(
            "D has no inverse, as happens when sigma2_b = 0. Use the function blup instead: its "
            "form D Zᵀ V⁻¹ (y − Xβ) needs no inverse of D, and gives b = 0 there."
        ) from None
