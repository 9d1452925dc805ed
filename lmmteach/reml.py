"""Chapter 5: REML, the likelihood of what is left of the data once β is taken out."""

import numpy as np

from lmmteach._climb import Hill, climb_from_ols
from lmmteach._shapes import shaped, solve
from lmmteach.likelihood import (
    _curvature_in_theta,
    _score_in_theta,
    half_traces,
    log_determinant,
    loglik,
)
from lmmteach.model import V_theta
from lmmteach.profile import P_matrix, gls, profile_loglik

CONTRASTS = ("orthonormal", "successive", "first")


def error_contrasts(X, kind="orthonormal"):
    """A matrix K whose columns are error contrasts: Kᵀy no longer contains β.

        K is n × (n − p), of full rank, with Kᵀ X = 0                    {eq}`eq-contrasts`

    Parameters
    ----------
    X : (n, p) design of the regression, columns linearly independent
    kind : "orthonormal" for any X (columns of length 1 at right angles); for X a single constant
        column also "successive" (y₂ − y₁, y₃ − y₂, …) and "first" (y₂ − y₁, y₃ − y₁, …)

    Returns
    -------
    K : (n, n − p)

    Raises
    ------
    ValueError
        if the kind is unknown, columns are dependent, or differences are requested for an X that is
        not a single constant column.

    Source: lecture 15, "Restricted Maximum Likelihood Estimation", step 1.
    """
    (X,) = shaped("X: n p", X)
    p = X.shape[1]
    if kind not in CONTRASTS:
        raise ValueError(f"kind = {kind!r} is unknown. Choose one of {', '.join(CONTRASTS)}.")
    if kind != "orthonormal":
        return _differences(X, kind)
    if np.linalg.matrix_rank(X) < p:
        raise ValueError("The columns of X are linearly dependent. Leave one of them out.")
    Q, _ = np.linalg.qr(X, mode="complete")
    return Q[:, p:]


def _differences(X, kind):
    """Contrasts that subtract one observation from another, and so a common mean."""
    n, p = X.shape
    if p != 1 or np.ptp(X) != 0:
        raise ValueError(
            f"Differences remove a common mean and nothing else, but X has {p} column(s), not a "
            'single constant one. Use kind="orthonormal".'
        )
    plus = np.eye(n)[:, 1:]
    minus = np.eye(n)[:, :-1] if kind == "successive" else np.eye(n)[:, :1]
    return plus - minus


def contrast_loglik(K, V, y):
    """Log-likelihood of the error contrasts Kᵀy, with all its constants.

        KᵀY ~ MVN_{n−p}(0, KᵀVK)                                         {eq}`eq-contrast-loglik`
        ℓ_K(θ) = −½ { (n−p) log 2π + log |KᵀVK| + yᵀK (KᵀVK)⁻¹ Kᵀy }

    Parameters
    ----------
    K : (n, n − p) error contrasts
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses

    Returns
    -------
    loglik : a number; a different K shifts the curve by a constant and leaves its shape alone

    Raises
    ------
    ValueError
        if the shapes do not fit together, or K has too many columns or dependent ones.

    Source: lecture 15, "Restricted Maximum Likelihood Estimation", step 2 (n − p, not n).
    """
    K, V, y = shaped("K: n m, V: n n, y: n", K, V, y)
    rank = np.linalg.matrix_rank(K)
    if rank < K.shape[1]:
        raise ValueError(
            f"K has {K.shape[1]} columns but rank {rank}, so KᵀVK has no inverse. If you took all "
            "n columns of I − H, remember that only n − p of them are independent."
        )
    # Kᵀy is data with mean 0: the likelihood of chapter 2 with no β at all.
    return loglik(np.zeros(0), K.T @ V @ K, K.T @ y, np.zeros((K.shape[1], 0)))


def restricted_loglik(V, y, X):
    """Restricted log-likelihood: that of the error contrasts, written without K.

        ℓ_R(θ) = ℓ_p(θ) − ½ log |Xᵀ V⁻¹ X| + (p/2) log 2π                {eq}`eq-restricted-loglik`

    It is ℓ_K(θ) plus the constant ½ (log |KᵀK| − log |XᵀX|).

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    loglik : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together or V is not positive definite.

    Source: Harville (1974); lecture 15, "Restricted Maximum Likelihood Estimation".
    """
    V, y, X = shaped("V: n n, y: n, X: n p", V, y, X)
    logdet_information = log_determinant(X.T @ solve(V, X))
    p = X.shape[1]
    return profile_loglik(V, y, X) - 0.5 * logdet_information + 0.5 * p * np.log(2 * np.pi)


def reml_criterion(V, y, X):
    """The number that lme4 prints as "REML criterion at convergence".

        −2 ℓ_R = (n−p) log 2π + log |V| + log |XᵀV⁻¹X| + rᵀV⁻¹r          {eq}`eq-reml-criterion`
        with r = y − Xβ̂_θ

    Parameters
    ----------
    V, y, X : as in ``restricted_loglik``

    Returns
    -------
    criterion : a number; REML makes it as small as possible

    Raises
    ------
    ValueError
        if the shapes do not fit together or V is not positive definite.

    Source: lecture 15, "Motivation" (the printout); Bates, Mächler, Bolker and Walker (2015).
    """
    return -2 * restricted_loglik(V, y, X)


def restricted_score(V, y, X, Z):
    """Slope of the restricted log-likelihood in σ_b² and σ_ε².

        ∂ℓ_R/∂σ_k² = −½ { tr(P V_k) − (Py)ᵀ V_k Py }                     {eq}`eq-restricted-score`
        with V_b = Z Zᵀ,   V_ε = I

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects; or any V_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    score : (2,), for σ_b² and σ_ε², or (m,); the score of chapter 2 with P for V⁻¹ in the trace

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Searle, Casella and McCulloch (1992), section 6.6.
    """
    V, y, X, Z = shaped("V: n n, y: n, X: n p, Z: n q or m n n", V, y, X, Z)
    P = P_matrix(V, X)
    return _score_in_theta(P, P @ y, Z)


def restricted_curvature(V, y, X, Z):
    """Curvature of the restricted hill: minus the second derivatives of ℓ_R.

        H_kl = (Py)ᵀ V_k P V_l Py − ½ tr(P V_k P V_l)                  {eq}`eq-restricted-curvature`

    Parameters
    ----------
    V, y, X, Z : as in ``restricted_score``

    Returns
    -------
    curvature : (2, 2), or (m, m), ordered as the score

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Searle, Casella and McCulloch (1992), section 6.6.
    """
    V, y, X, Z = shaped("V: n n, y: n, X: n p, Z: n q or m n n", V, y, X, Z)
    P = P_matrix(V, X)
    return _curvature_in_theta(P, P @ y, Z)


def fit_reml(y, X, Z, sigma2_b=None, sigma2_e=None):
    """REML: the variances that make the error contrasts most likely, then β by GLS.

        θ̂ = argmax ℓ_R(θ) over σ_b² ≥ 0, σ_ε² > 0,   β̂ = β̂_θ̂             {eq}`eq-reml`

    The climb is that of ``fit_ml``. If the best value of σ_b² is 0, it comes out as exactly 0.

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression, columns linearly independent
    Z : (n, q) design of the random effects
    sigma2_b, sigma2_e : a variance given here is held at that value instead of being estimated

    Returns
    -------
    beta : (p,)
    theta : (2,), (σ_b², σ_ε²) in squared units of y

    Raises
    ------
    ValueError
        if the data do not determine the parameters; the message explains why.

    Source: lecture 15, "Restricted Maximum Likelihood Estimation".
    """
    y, X, Z = shaped("y: n, X: n p, Z: n q", y, X, Z)
    held = (sigma2_b, sigma2_e)
    beta_ols, r, theta = climb_from_ols(_restricted_hill, y, X, Z, held, reml=True)
    beta, _ = gls(V_theta(theta, Z), r, X)
    return beta_ols + beta, theta


def _restricted_hill(y, X, Z):
    """The height, slope and curvatures of ℓ_R as functions of θ."""
    return Hill(
        loglik=lambda theta: restricted_loglik(V_theta(theta, Z), y, X),
        score=lambda theta: restricted_score(V_theta(theta, Z), y, X, Z),
        curvature=lambda theta: restricted_curvature(V_theta(theta, Z), y, X, Z),
        information=lambda theta: half_traces(P_matrix(V_theta(theta, Z), X), Z),
    )
