"""Chapter 9: any covariance that is a sum of known matrices, each with a number before it."""

import numpy as np

from lmmteach._shapes import shaped
from lmmteach.model import random_intercept_design


def V_sum(theta, G):
    """Covariance of the data for any random part: a sum of known matrices.

        V(θ) = θ₁ G₁ + … + θ_m G_m                                       {eq}`eq-V-sum`

    The variances of random effects have G = Zᵢ Zᵢᵀ, with Zᵢ the columns of Z of one effect;
    the covariance of two effects has G = Zᵢ Zⱼᵀ + Zⱼ Zᵢᵀ, and σ_ε² has G = I.

    Parameters
    ----------
    theta : (m,) variances and covariances, in squared units of y
    G : m matrices (n, n), what each of them is multiplied by

    Returns
    -------
    V : (n, n), in squared units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Searle, Casella and McCulloch (1992), section 6.1.
    """
    theta, G = shaped("theta: m, G: m n n", theta, G)
    return np.tensordot(theta, G, axes=1)


def derivatives(Z):
    """The matrices G_k = ∂V/∂θ_k: as they are given, or those of the lecture's model.

        G_k = ∂V/∂θ_k;   Z stands for (Z Zᵀ, I), by σ_b² and by σ_ε²     {eq}`eq-derivatives`

    Parameters
    ----------
    Z : (n, q) design of the random effects, or m matrices (n, n)

    Returns
    -------
    G : (m, n, n)

    Raises
    ------
    ValueError
        if it is neither.

    Source: follows from V(θ).
    """
    (Z,) = shaped("Z: n q or m n n", Z)
    return Z if Z.ndim == 3 else np.stack([Z @ Z.T, np.eye(len(Z))])


def slope_design(groups, x):
    """The matrix Z of a random intercept and slope: two columns for each group.

        Z[k, 2i−1] = 1,   Z[k, 2i] = x_k   if row k belongs to group i   {eq}`eq-slope-design`
        and 0 elsewhere

    Parameters
    ----------
    groups : n labels, one for each observation, in any order
    x : (n,) covariate of the slope

    Returns
    -------
    Z : (n, 2q), with the two columns of a group side by side, groups in sorted order

    Raises
    ------
    ValueError
        if a label is missing, or there is not one x for each label.

    Source: Laird and Ware (1982).
    """
    Z = random_intercept_design(groups)
    Z, x = shaped("Z: n q, x: n", Z, x)
    return np.stack([Z, x[:, np.newaxis] * Z], axis=2).reshape(len(x), -1)


def D_blocks(D_1, q):
    """Covariance of the random effects where each group has several: a block for each.

        𝒟 = I_q ⊗ 𝒟₁                                                     {eq}`eq-D-blocks`

    Parameters
    ----------
    D_1 : (k, k) covariance of the effects of one group: variances on its diagonal
    q : number of groups

    Returns
    -------
    D : (qk, qk), the effects of a group side by side

    Raises
    ------
    ValueError
        if D_1 is not square, or is not a covariance matrix.

    Source: Laird and Ware (1982).
    """
    (D_1,) = shaped("D_1: k k", D_1)
    _require_covariance(D_1)
    return np.kron(np.eye(q), D_1)


def _require_covariance(D_1):
    """Variances and covariances that random effects can have."""
    lowest = np.linalg.eigvalsh(D_1).min()
    if not np.allclose(D_1, D_1.T) or lowest < -1e-8 * np.abs(D_1).max():
        raise ValueError(
            "D_1 is not a covariance matrix, which is symmetric and has no negative eigenvalue. "
            "Perhaps a covariance is larger than the product of the two SDs, or is a correlation."
        )


def move_origin(D_1, c):
    """Covariance of intercepts and slopes once the intercept is taken at x = c.

        𝒟₁(c) = T 𝒟₁ Tᵀ,   T = (1 c; 0 1)                                {eq}`eq-move-origin`

    Parameters
    ----------
    D_1 : (2, 2) covariance of intercept and slope, the intercept at x = 0
    c : where the intercept is to be taken, in units of x

    Returns
    -------
    D_1 : (2, 2); the variance of the slopes stays as it was

    Raises
    ------
    ValueError
        if D_1 is not square.

    Source: the level at c is b₀ + c b₁.
    """
    (D_1,) = shaped("D_1: k k", D_1)
    T = np.array([[1.0, c], [0.0, 1.0]])
    return T @ D_1 @ T.T


def interaction_design(a, b):
    """The matrix Z of the groups that two factors form together, a:b in a formula.

        Z[k, (i, j)] = Z_a[k, i] · Z_b[k, j]                             {eq}`eq-interaction`
        with a column for each pair (i, j) that occurs

    Parameters
    ----------
    a, b : n labels each, one for each observation, in any order

    Returns
    -------
    Z : (n, q), with a column for each of the q pairs, sorted by a and then by b

    Raises
    ------
    ValueError
        if a label is missing, or the lists are not of the same length.

    Source: follows from the meaning of a:b; Pinheiro and Bates (2000), section 1.5.
    """
    Z_a, Z_b = random_intercept_design(a), random_intercept_design(b)
    Z_a, Z_b = shaped("a: n q, b: n r", Z_a, Z_b)
    pairs = np.einsum("ki,kj->kij", Z_a, Z_b).reshape(len(Z_a), -1)
    return pairs[:, pairs.any(axis=0)]


def shrinkage_matrix(Z_i, D_1, sigma2_e):
    """What a group keeps of the deviations of its own least-squares fit.

        b̂ᵢ = Sᵢ (β̃ᵢ − β̂),   Sᵢ = 𝒟₁ (𝒟₁ + σ_ε² (ZᵢᵀZᵢ)⁻¹)⁻¹              {eq}`eq-shrinkage-matrix`

    Here β̃ᵢ are the coefficients of the group's own fit, for the same columns as in β̂. With one
    column of ones, Sᵢ is the shrinkage factor λᵢ of chapter 4.

    Parameters
    ----------
    Z_i : (n_i, k) rows of the group, its own columns only, linearly independent
    D_1 : (k, k) covariance of its random effects, in squared units of y
    sigma2_e : variance within groups, in squared units of y

    Returns
    -------
    S : (k, k)

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Laird and Ware (1982); follows from b̂ = 𝒟 Zᵀ V⁻¹ (y − Xβ̂).
    """
    Z_i, D_1 = shaped("Z_i: n k, D_1: k k", Z_i, D_1)
    of_own_fit = sigma2_e * np.linalg.inv(Z_i.T @ Z_i)
    return D_1 @ np.linalg.inv(D_1 + of_own_fit)
