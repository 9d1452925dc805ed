"""Chapter 2: the likelihood of β and θ = (σ_b², σ_ε²), and the climb to its top."""

import numpy as np

from lmmteach._climb import Hill, climb_from_ols
from lmmteach._shapes import NOT_POSITIVE_DEFINITE, inverse, shaped, solve
from lmmteach.covariance import derivatives
from lmmteach.model import V_theta


def log_determinant(V):
    """log |V|, found without |V| itself, which can be too large or small for a computer.

        log |V| = log ν₁ + … + log ν_n,   ν the eigenvalues of V         {eq}`eq-logdet`

    Parameters
    ----------
    V : (n, n) covariance matrix

    Returns
    -------
    logdet : a number

    Raises
    ------
    ValueError
        if V is not positive definite, as when σ_ε² = 0.

    Source: lecture 15, "Maximum-Likelihood Estimation" (the determinant of V(θ)).
    """
    (V,) = shaped("V: n n", V)
    try:
        np.linalg.cholesky(V)  # exists for positive definite V only
    except np.linalg.LinAlgError:
        raise ValueError(NOT_POSITIVE_DEFINITE) from None
    return float(np.linalg.slogdet(V).logabsdet)


def loglik(beta, V, y, X, constant=True):
    """Log-likelihood of β and V given the data y: equation (1), with its constant.

        ℓ(β, θ) = −½ { log |V| + (y − Xβ)ᵀ V⁻¹ (y − Xβ) }                {eq}`eq-loglik`

    Parameters
    ----------
    beta : (p,) regression coefficients
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression
    constant : True adds −(n/2) log 2π, as software does; False gives equation (1) as printed

    Returns
    -------
    loglik : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together or V is not positive definite.

    Source: lecture 15, "Maximum-Likelihood Estimation", (1).
    """
    beta, V, y, X = shaped("beta: p, V: n n, y: n, X: n p", beta, V, y, X)
    r = y - X @ beta
    value = -0.5 * (log_determinant(V) + r @ solve(V, r))
    if constant:
        value -= 0.5 * len(y) * np.log(2 * np.pi)
    return float(value)


def score(beta, V, y, X, Z):
    """Slope of the log-likelihood: how it changes with β, with σ_b² and with σ_ε².

        ∂ℓ/∂β = Xᵀ u,   ∂ℓ/∂σ_k² = −½ { tr(V⁻¹ V_k) − uᵀ V_k u }         {eq}`eq-score`
        with u = V⁻¹ (y − Xβ),   V_b = Z Zᵀ,   V_ε = I

    Parameters
    ----------
    beta : (p,) regression coefficients
    V : (n, n) covariance of y, in squared units of y
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects; or any V_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    score : (p + 2,), first for β, then for σ_b² and σ_ε²; all 0 at the top of the hill. (p + m,)
        where V_k are given.

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: derivative of the lecture's (1); Searle, Casella and McCulloch (1992), section 6.2.
    """
    beta, V, y, X, Z = shaped("beta: p, V: n n, y: n, X: n p, Z: n q or m n n", beta, V, y, X, Z)
    V_inverse = inverse(V)
    u = V_inverse @ (y - X @ beta)
    return np.concatenate([X.T @ u, _score_in_theta(V_inverse, u, Z)])


def information(V, X, Z):
    """Expected curvature of the hill: how sharply such data pin down β and θ.

        𝓘_ββ = Xᵀ V⁻¹ X,   𝓘_kl = ½ tr(V⁻¹ V_k V⁻¹ V_l),   𝓘_βk = 0      {eq}`eq-information`
        with V_b = Z Zᵀ,   V_ε = I

    Parameters
    ----------
    V : (n, n) covariance of y, in squared units of y
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects; or any V_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    information : (p + 2, p + 2), or (p + m, p + m), ordered as the score

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Searle, Casella and McCulloch (1992), section 6.2.
    """
    V, X, Z = shaped("V: n n, X: n p, Z: n q or m n n", V, X, Z)
    V_inverse = inverse(V)
    in_theta = half_traces(V_inverse, Z)
    p = X.shape[1]
    result = np.zeros((p + len(in_theta), p + len(in_theta)))
    result[:p, :p] = X.T @ V_inverse @ X
    result[p:, p:] = in_theta
    return result


def curvature(beta, V, y, X, Z):
    """Observed curvature of the hill at (β, θ): minus the second derivatives of ℓ.

        H_ββ = Xᵀ V⁻¹ X,   H_βk = Xᵀ V⁻¹ V_k u                           {eq}`eq-curvature`
        H_kl = uᵀ V_k V⁻¹ V_l u − ½ tr(V⁻¹ V_k V⁻¹ V_l),   u = V⁻¹ (y − Xβ)

    Parameters
    ----------
    beta, V, y, X, Z : as in ``score``

    Returns
    -------
    curvature : shaped and ordered as ``information``; its mean over all y is ``information``

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: second derivative of the lecture's (1); Searle, Casella and McCulloch (1992), 6.2.
    """
    beta, V, y, X, Z = shaped("beta: p, V: n n, y: n, X: n p, Z: n q or m n n", beta, V, y, X, Z)
    V_inverse = inverse(V)
    u = V_inverse @ (y - X @ beta)
    between = X.T @ V_inverse @ _V_k_times(u, Z)
    in_beta, in_theta = X.T @ V_inverse @ X, _curvature_in_theta(V_inverse, u, Z)
    return np.block([[in_beta, between], [between.T, in_theta]])


def _score_in_theta(W, u, Z):
    """−½ { tr(W V_k) − uᵀ V_k u }, with u = W r, and W = V⁻¹ for ML and P for REML."""
    # tr(A B) of two symmetric matrices is the sum of their products, entry by entry.
    traces = np.array([np.sum(W * V_k) for V_k in derivatives(Z)])
    return -0.5 * (traces - u @ _V_k_times(u, Z))


def _curvature_in_theta(W, u, Z):
    """uᵀ V_k W V_l u − ½ tr(W V_k W V_l), with W and u as in the score."""
    V_k_u = _V_k_times(u, Z)
    return V_k_u.T @ W @ V_k_u - half_traces(W, Z)


def _V_k_times(u, Z):
    """The columns V_k u; where V is the lecture's, V_b = Z Zᵀ and V_ε = I."""
    return np.column_stack([V_k @ u for V_k in derivatives(Z)])


def half_traces(W, Z):
    """The traces in the curvature and information of σ_b² and σ_ε².

        ½ tr(W V_k W V_l),   V_b = Z Zᵀ,   V_ε = I                       {eq}`eq-half-traces`

    Parameters
    ----------
    W : (n, n) symmetric: V⁻¹ for maximum likelihood, P for REML
    Z : (n, q) design of the random effects; or any V_k = ∂V/∂θ_k, m matrices (n, n)

    Returns
    -------
    traces : (2, 2); (m, m) where V_k are given

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Searle, Casella and McCulloch (1992), sections 6.2 and 6.6.
    """
    W, Z = shaped("W: n n, Z: n q or m n n", W, Z)
    WV = [W @ V_k for V_k in derivatives(Z)]
    return 0.5 * np.array([[np.sum(WV_k * WV_l.T) for WV_l in WV] for WV_k in WV])


def fit_ml(y, X, Z, sigma2_b=None, sigma2_e=None):
    """Maximum likelihood: the β and θ under which the data are most likely.

        (β̂, θ̂) = argmax ℓ(β, θ) over all β, σ_b² ≥ 0, σ_ε² > 0           {eq}`eq-mle`

    The climb takes steps (β, θ) ← (β, θ) + H⁻¹ · score, where H is first the information (Fisher)
    and later the curvature (Newton), until the steps are lost in rounding. If the best value of
    σ_b² is 0, it comes out as exactly 0.

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

    Source: lecture 15, "Maximum-Likelihood Estimation".
    """
    y, X, Z = shaped("y: n, X: n p, Z: n q", y, X, Z)
    held = (sigma2_b, sigma2_e)
    beta_ols, _, top = climb_from_ols(_hill, y, X, Z, held, reml=False)
    return beta_ols + top[:-2], top[-2:]


def _hill(y, X, Z):
    """The height, slope and curvatures of ℓ as functions of x = (β, σ_b², σ_ε²)."""
    p = X.shape[1]
    return Hill(
        loglik=lambda x: loglik(x[:p], V_theta(x[p:], Z), y, X),
        score=lambda x: score(x[:p], V_theta(x[p:], Z), y, X, Z),
        curvature=lambda x: curvature(x[:p], V_theta(x[p:], Z), y, X, Z),
        information=lambda x: information(V_theta(x[p:], Z), X, Z),
    )


def sums_of_squares(y, Z):
    """Split the variation of y into a part between group means and a part within groups.

        SSB = Σ_i n_i (ȳ_i − ȳ)²,   SSW = Σ_i Σ_j (y_ij − ȳ_i)²           {eq}`eq-sums`

    Parameters
    ----------
    y : (n,) responses
    Z : (n, q) design of a random intercept, a row for each observation with a single 1

    Returns
    -------
    SSB, SSW : two numbers, in squared units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together, or a group has no observation.

    Source: analysis of variance; Searle, Casella and McCulloch (1992), section 3.1.
    """
    y, Z = shaped("y: n, Z: n q", y, Z)
    if not Z.any(axis=0).all():
        raise ValueError("Z has a column without a 1, so one of the groups has no observations.")
    group_means = Z @ (Z.T @ y / Z.sum(axis=0))
    SSB, SSW = np.sum((group_means - y.mean()) ** 2), np.sum((y - group_means) ** 2)
    return float(SSB), float(SSW)


def balanced_theta(SSB, SSW, I, J, reml=False):
    """The top of the hill without a climb: I groups of J observations, one common mean.

        σ̂_ε² = SSW / (I(J − 1)),   σ̂_b² = (SSB/d − σ̂_ε²) / J                {eq}`eq-balanced`
        d = I for ML, d = I − 1 for REML
        where that is negative:   σ̂_b² = 0,   σ̂_ε² = (SSB + SSW) / (I(J − 1) + d)

    Parameters
    ----------
    SSB, SSW : sums of squares between and within groups; numbers, or arrays with an entry for each
        study
    I, J : number of groups, and of observations in each
    reml : True for REML (chapter 5), False for maximum likelihood

    Returns
    -------
    sigma2_b, sigma2_e : in the shape of the sums

    Raises
    ------
    ValueError
        if there are fewer than two groups, or fewer than two observations in each.

    Source: Searle, Casella and McCulloch (1992), sections 3.7 and 3.8.
    """
    if I < 2 or J < 2:
        raise ValueError(f"I = {I}, J = {J}: you need at least 2 of each for both variances.")
    SSB, SSW = np.asarray(SSB, dtype=float), np.asarray(SSW, dtype=float)
    d = I - 1 if reml else I
    within = SSW / (I * (J - 1))
    between = (SSB / d - within) / J
    pooled = (SSB + SSW) / (I * (J - 1) + d)
    inside = between > 0
    return np.where(inside, between, 0.0)[()], np.where(inside, within, pooled)[()]
