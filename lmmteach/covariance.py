"""Any covariance that is a sum of known matrices, each with an unknown number before it."""

import numpy as np

from lmmteach._shapes import shaped


def V_sum(theta, G):
    """Covariance of the data for any random part: a sum of known matrices.

        V(θ) = θ₁ G₁ + … + θ_m G_m,   so that G_k = ∂V/∂θ_k

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

        Z stands for (Z Zᵀ, I), the derivatives of V by σ_b² and by σ_ε²

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
