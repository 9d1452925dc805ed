"""Chapter 1: the model Y = Xβ + Zb + ε and the covariance V that it gives to the data."""

import numpy as np

from lmmteach._shapes import generator, labels, not_negative, shaped, variances


def random_intercept_design(groups):
    """The matrix Z that assigns to each observation the effect of its own group.

        Z[k, i] = 1 if observation k belongs to group i, else 0          {eq}`eq-design`

    Parameters
    ----------
    groups : n labels, one for each observation, in any order

    Returns
    -------
    Z : (n, q), with a column for each of the q different labels, in sorted order

    Raises
    ------
    ValueError
        if groups is not a flat list of labels, or a label is missing.

    Source: lecture 15, "Linear Mixed Effect Models" (Z) and "Notation" (q random effects).
    """
    groups = labels(groups)
    return (groups[:, np.newaxis] == np.unique(groups)).astype(float)


def D_matrix(sigma2_b, q):
    """Covariance of the random effects: all independent, all with variance σ_b².

        𝒟 = σ_b² I_q                                                     {eq}`eq-D`

    Parameters
    ----------
    sigma2_b : variance between groups, in squared units of y
    q : number of random effects (groups)

    Returns
    -------
    D : (q, q)

    Raises
    ------
    ValueError
        if sigma2_b is negative.

    Source: lecture 15, "Notation".
    """
    not_negative("sigma2_b", sigma2_b)
    return sigma2_b * np.eye(q)


def Sigma_matrix(sigma2_e, n):
    """Covariance of the errors: all independent, all with variance σ_ε².

        Σ = σ_ε² I_n                                                     {eq}`eq-Sigma`

    Parameters
    ----------
    sigma2_e : variance within groups, in squared units of y
    n : number of observations

    Returns
    -------
    Sigma : (n, n)

    Raises
    ------
    ValueError
        if sigma2_e is negative.

    Source: lecture 15, "Notation".
    """
    not_negative("sigma2_e", sigma2_e)
    return sigma2_e * np.eye(n)


def V_matrix(Z, D, Sigma):
    """Covariance of the data: what the errors contribute, plus what the groups do.

        V = Σ + Z 𝒟 Zᵀ                                                   {eq}`eq-V`

    Parameters
    ----------
    Z : (n, q) design of the random effects
    D : (q, q) covariance of the random effects, in squared units of y
    Sigma : (n, n) covariance of the errors, in squared units of y

    Returns
    -------
    V : (n, n), in squared units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: lecture 15, "Notation".
    """
    Z, D, Sigma = shaped("Z: n q, D: q q, Sigma: n n", Z, D, Sigma)
    return Sigma + Z @ D @ Z.T


def V_theta(theta, Z):
    """Covariance of the data as a function of θ = (σ_b², σ_ε²).

        V(θ) = σ_b² Z Zᵀ + σ_ε² I_n                                      {eq}`eq-V-theta`

    Parameters
    ----------
    theta : (σ_b², σ_ε²), in squared units of y
    Z : (n, q) design of the random effects

    Returns
    -------
    V : (n, n), in squared units of y

    Raises
    ------
    ValueError
        if theta is not two variances.

    Source: lecture 15, "Maximum-Likelihood Estimation".
    """
    sigma2_b, sigma2_e = variances(theta)
    (Z,) = shaped("Z: n q", Z)
    n, q = Z.shape
    return V_matrix(Z, D_matrix(sigma2_b, q), Sigma_matrix(sigma2_e, n))


def intraclass_correlation(theta):
    """Correlation between two observations of the same group.

        ρ = σ_b² / (σ_b² + σ_ε²)                                         {eq}`eq-icc`

    Parameters
    ----------
    theta : (σ_b², σ_ε²), in squared units of y

    Returns
    -------
    rho : a number from 0 to 1, without units

    Raises
    ------
    ValueError
        if theta is not two variances, or both are 0.

    Source: follows from V(θ); Pinheiro and Bates (2000), section 1.1.
    """
    sigma2_b, sigma2_e = variances(theta)
    if sigma2_b + sigma2_e == 0:
        raise ValueError("theta = (0, 0), so the data do not vary at all and have no correlation.")
    return sigma2_b / (sigma2_b + sigma2_e)


def simulate(beta, X, Z, D, Sigma, rng):
    """Draw one data set from the model: first the groups, then the errors.

        Y = Xβ + Zb + ε,   b ~ MVN(0, 𝒟),   ε ~ MVN(0, Σ)                {eq}`eq-model`

    Parameters
    ----------
    beta : (p,) regression coefficients
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects
    D : (q, q) covariance of the random effects, in squared units of y
    Sigma : (n, n) covariance of the errors, in squared units of y
    rng : numpy Generator, e.g. np.random.default_rng(15); the same seed gives the same data

    Returns
    -------
    y : (n,)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D or Sigma is not a covariance matrix.

    Source: lecture 15, "Linear Mixed Effect Models".
    """
    beta, X, Z, D, Sigma = shaped(
        "beta: p, X: n p, Z: n q, D: q q, Sigma: n n", beta, X, Z, D, Sigma
    )
    b = _draw_normal("D", D, generator(rng))
    epsilon = _draw_normal("Sigma", Sigma, rng)
    return X @ beta + Z @ b + epsilon


def _draw_normal(name, covariance, rng):
    # The symmetric root: unlike Cholesky it allows a variance of exactly 0, and unlike other roots
    # it is unique, so that a seed gives the same data on every machine.
    # A diagonal matrix, the usual case, is decomposed already.
    if np.array_equal(covariance, np.diag(np.diagonal(covariance))):
        eigenvalues, vectors = np.diagonal(covariance), None
    else:
        eigenvalues, vectors = np.linalg.eigh(covariance)
    if not np.allclose(covariance, covariance.T) or min(eigenvalues) < -1e-8 * max(eigenvalues):
        raise ValueError(
            f"{name} is not a covariance matrix, which is symmetric and has no negative eigenvalue."
        )
    sds = np.sqrt(np.maximum(eigenvalues, 0.0))
    standard = rng.standard_normal(len(covariance))
    return sds * standard if vectors is None else (vectors * sds) @ (vectors.T @ standard)
