"""Chapter 11: how well a standard error is known, and what that does to a p-value."""

import numpy as np

from lmmteach._shapes import not_negative, shaped, solve
from lmmteach.covariance import derivatives
from lmmteach.likelihood import half_traces
from lmmteach.profile import P_matrix, _covariance_of_beta
from lmmteach.reml import restricted_curvature

NO_TOP = (
    "The restricted likelihood has no top here: it does not fall in every direction. Take the V of "
    "a REML fit, and one that is not singular."
)
NOT_TOLD_APART = "This design cannot tell the variance parameters apart. Leave one of them out."


def t_test(estimate, variance, df, null=0.0):
    """How many standard errors an estimate is away from a value, and how rare that is.

        t = (β̂ − β₀) / SE,   p = P(|T| ≥ |t|) with T ~ t_ν               {eq}`eq-t-test`

    Parameters
    ----------
    estimate : a number, or (m,), in units of y
    variance : of the estimate, SE², in squared units of y
    df : ν, the degrees of freedom of the variance; np.inf for the normal distribution
    null : β₀, the value of the null hypothesis

    Returns
    -------
    t, p : in the shape of the estimate

    Raises
    ------
    ValueError
        if a variance or df is not greater than 0.

    Source: Student's t; its df are what this chapter is about.
    """
    from scipy.special import ndtr, stdtr

    _require_positive(variance, df)
    t = (np.asarray(estimate) - null) / np.sqrt(variance)
    finite = np.where(np.isinf(df), 1.0, df)
    return t, 2 * np.where(np.isinf(df), ndtr(-np.abs(t)), stdtr(finite, -np.abs(t)))


def _require_positive(variance, df):
    if not np.all(np.asarray(variance) > 0):
        raise ValueError("A variance must be greater than 0, or there is nothing to divide by.")
    if not np.all(np.asarray(df) > 0):
        raise ValueError(f"df = {df}, but degrees of freedom must be greater than 0.")


def mean_variance(SSB, I, J):
    """The squared standard error of a balanced study's mean, and its degrees of freedom.

        SE² = MSB / (IJ),   (I − 1) MSB / (σ_ε² + J σ_b²) ~ χ² with I − 1 df
                                                                     {eq}`eq-mean-variance`

    Parameters
    ----------
    SSB : sum of squares between groups, in squared units of y; a number, or one for each study
    I, J : number of groups, and of observations in each

    Returns
    -------
    variance : SE², in the shape of SSB
    df : I − 1

    Raises
    ------
    ValueError
        if SSB is negative, or there are fewer than two groups.

    Source: Searle, Casella and McCulloch (1992), chapter 3.
    """
    if I < 2 or J < 1:
        raise ValueError(f"I = {I}, J = {J}: with fewer than two groups nothing can be compared.")
    not_negative("the smallest SSB", np.min(SSB))
    MSB = np.asarray(SSB) / (I - 1)
    return MSB / (I * J), I - 1


def covariance_slopes(V, X, Z):
    """How the covariance of β̂ moves with each of the variance parameters.

        ∂Φ/∂θ_k = Φ Xᵀ V⁻¹ G_k V⁻¹ X Φ,   Φ = (Xᵀ V⁻¹ X)⁻¹           {eq}`eq-covariance-slopes`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    X : (n, p) design of the regression, columns linearly independent
    Z : (n, q) design of the random effects; or any G_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    slopes : (2, p, p), for σ_b² and σ_ε²; or (m, p, p)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the columns of X are linearly dependent.

    Source: derivative of Φ; Fai and Cornelius (1996).
    """
    V, X, Z = shaped("V: n n, X: n p, Z: n q or m n n", V, X, Z)
    Vinv_X = solve(V, X)
    Phi = _covariance_of_beta(X, Vinv_X)
    return np.array([Phi @ Vinv_X.T @ G_k @ Vinv_X @ Phi for G_k in derivatives(Z)])


def theta_covariance(V, y, X, Z):
    """How well these data pin down the variances: the inverse of the hill's curvature.

        C = H⁻¹,   H the curvature of ℓ_R at its top                  {eq}`eq-theta-covariance`

    Parameters
    ----------
    V : (n, n) covariance of y at the REML estimates, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects; or any G_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    C : (2, 2), for σ_b² and σ_ε²; or (m, m)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or V is not that of a top of ℓ_R.

    Source: Kuznetsova, Brockhoff and Christensen (2017).
    """
    H = restricted_curvature(V, y, X, Z)
    _require_bent(H, NO_TOP)
    return np.linalg.inv(H)


def _require_bent(H, words):
    """Raise a ValueError unless a curvature is positive in every direction, whatever its units."""
    size = np.sqrt(np.abs(np.diag(H)))
    if not (np.diag(H) > 0).all() or np.linalg.eigvalsh(H / np.outer(size, size))[0] < 1e-10:
        raise ValueError(words)


def satterthwaite(contrast, Phi, slopes, C):
    """Degrees of freedom of a contrast: those of the χ² that its SE² resembles.

        ν = 2 (ℓᵀΦℓ)² / gᵀCg,   g_k = ℓᵀ (∂Φ/∂θ_k) ℓ                     {eq}`eq-satterthwaite`

    Parameters
    ----------
    contrast : (p,) ℓ; with a 1 for one coefficient and 0 for all others, it is that coefficient
    Phi : (p, p) covariance of β̂
    slopes : (m, p, p) its derivatives by the m variance parameters
    C : (m, m) covariance of the estimates of these parameters

    Returns
    -------
    df : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Satterthwaite (1946); Kuznetsova, Brockhoff and Christensen (2017).
    """
    contrast, Phi, slopes, C = shaped(
        "contrast: p, Phi: p p, slopes: m p p, C: m m", contrast, Phi, slopes, C
    )
    variance = contrast @ Phi @ contrast
    gradient = slopes @ contrast @ contrast
    return float(2 * variance**2 / (gradient @ C @ gradient))


def expected_theta_covariance(V, X, Z):
    """How well data like these pin down the variances, on average over all y.

        W = 𝓘⁻¹,   𝓘_kl = ½ tr(P G_k P G_l)                  {eq}`eq-expected-theta-covariance`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects; or any G_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    W : (2, 2), for σ_b² and σ_ε²; or (m, m)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the design cannot tell the parameters apart.

    Source: Searle, Casella and McCulloch (1992), section 6.6.
    """
    information = half_traces(P_matrix(V, X), Z)
    _require_bent(information, NOT_TOLD_APART)
    return np.linalg.inv(information)


def kenward_roger_covariance(V, X, Z):
    """The covariance of β̂, enlarged by what it costs that the variances were estimated.

        Φ_A = Φ + 2 Σ_k Σ_l W_kl A_kᵀ P A_l,   A_k = G_k V⁻¹ X Φ
                                                              {eq}`eq-kenward-roger-covariance`

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    X : (n, p) design of the regression, columns linearly independent
    Z : (n, q) design of the random effects; or any G_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    covariance : (p, p)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the design cannot tell the parameters apart.

    Source: Kenward and Roger (1997); Halekoh and Højsgaard (2014).
    """
    V, X, Z = shaped("V: n n, X: n p, Z: n q or m n n", V, X, Z)
    P, W = P_matrix(V, X), expected_theta_covariance(V, X, Z)
    Vinv_X = solve(V, X)
    Phi = _covariance_of_beta(X, Vinv_X)
    A = [G_k @ Vinv_X @ Phi for G_k in derivatives(Z)]
    return Phi + 2 * sum(
        W[k, j] * A_k.T @ P @ A_j for k, A_k in enumerate(A) for j, A_j in enumerate(A)
    )


def satterthwaite_F(L, beta, Phi, slopes, C):
    """F of several contrasts at once: t² along each axis, and one number of df for all.

        F = (1/q) Σ_m t_m²,   ν = 2E / (E − q)                       {eq}`eq-satterthwaite-F`
        E = Σ_m ν_m / (ν_m − 2),   t_m and ν_m of the q main axes of LΦLᵀ

    Parameters
    ----------
    L : (q, p) contrasts, rows linearly independent
    beta : (p,) β̂
    Phi : (p, p) its covariance
    slopes : (m, p, p) the derivatives of that by the m variance parameters
    C : (m, m) covariance of the estimates of these parameters

    Returns
    -------
    F : a number; under the null hypothesis Lβ = 0 about that of an F with q and ν df
    df : ν; 2 where one of the axes has no more than 2 df

    Raises
    ------
    ValueError
        if the shapes do not fit together, or rows of L are linearly dependent.

    Source: Fai and Cornelius (1996); Kuznetsova, Brockhoff and Christensen (2017).
    """
    L, beta, Phi = shaped("L: q p, beta: p, Phi: p p", L, beta, Phi)
    _require_independent(L)
    variances, axes = np.linalg.eigh(L @ Phi @ L.T)
    contrasts = axes.T @ L
    F = np.mean((contrasts @ beta) ** 2 / variances)
    nu = np.array([satterthwaite(contrast, Phi, slopes, C) for contrast in contrasts])
    return float(F), _df_of_F(nu)


def _df_of_F(nu):
    """The df of an F whose t² have these: so that the means agree."""
    if np.ptp(nu) < 1e-8 * nu.max():
        return float(nu.mean())
    if nu.min() <= 2:
        return 2.0
    E = np.sum(nu / (nu - 2))
    return float(2 * E / (E - len(nu)))


def _require_independent(L):
    if np.linalg.matrix_rank(L) < len(L):
        raise ValueError(
            f"The {len(L)} rows of L are linearly dependent, so one of them asks nothing new. "
            "Leave it out."
        )


def kenward_roger_df(L, Phi, slopes, W):
    """Degrees of freedom of an F of several contrasts, and a factor for it.

        A₁ = Σ_kl W_kl tr(U_k) tr(U_l),   A₂ = Σ_kl W_kl tr(U_k U_l)
        U_k = Lᵀ (LΦLᵀ)⁻¹ L ∂Φ/∂θ_k                                  {eq}`eq-kenward-roger-df`
        for a single contrast ν = 2 / A₂, and the factor is 1

    Parameters
    ----------
    L : (q, p) contrasts, rows linearly independent
    Phi : (p, p) covariance of β̂
    slopes : (m, p, p) its derivatives by the m variance parameters
    W : (m, m) expected covariance of the estimates of these parameters

    Returns
    -------
    df : ν
    factor : by which (Lβ̂)ᵀ(LΦ_A Lᵀ)⁻¹Lβ̂ / q is multiplied to be compared with F with q and ν df

    Raises
    ------
    ValueError
        if the shapes do not fit together, or rows of L are linearly dependent.

    Source: Kenward and Roger (1997); Halekoh and Højsgaard (2014).
    """
    L, Phi, slopes, W = shaped("L: q p, Phi: p p, slopes: m p p, W: m m", L, Phi, slopes, W)
    _require_independent(L)
    U = [L.T @ np.linalg.solve(L @ Phi @ L.T, L) @ slope for slope in slopes]
    traces = np.array([np.trace(U_k) for U_k in U])
    A1 = traces @ W @ traces
    A2 = np.sum(W * [[np.trace(U_k @ U_l) for U_l in U] for U_k in U])
    return _match_F(len(L), A1, A2)


def _match_F(q, A1, A2):
    """The df and the factor that give the statistic the mean and variance of an F."""
    if q == 1:
        return float(2 / A2), 1.0
    B, g = (A1 + 6 * A2) / (2 * q), ((q + 1) * A1 - (q + 4) * A2) / ((q + 2) * A2)
    c = np.array([g, q - g, q + 2 - g]) / (3 * q + 2 * (1 - g))
    mean = 1 / (1 - A2 / q)
    variance = 2 / q * (1 + c[0] * B) / ((1 - c[1] * B) ** 2 * (1 - c[2] * B))
    df = 4 + (q + 2) / (q * variance / (2 * mean**2) - 1)
    return float(df), float(df / (mean * (df - 2)))
