"""Chapter 10: the same likelihood without V, by small matrices and by sums per group."""

import numpy as np

from lmmteach._shapes import labels, not_negative, positive, shaped, solve
from lmmteach.likelihood import log_determinant

NO_INVERSE = (
    "D has no inverse, as happens when sigma2_b = 0. Use the function pls_criterion instead: it "
    "needs no inverse of D, because its Λ may be 0."
)


def woodbury(D, sigma2_e, Z, right):
    """V⁻¹ times a vector or matrix, from a system as small as there are random effects.

        V⁻¹ = { I − Z (ZᵀZ + σ_ε² 𝒟⁻¹)⁻¹ Zᵀ } / σ_ε²                     {eq}`eq-woodbury`

    Parameters
    ----------
    D : (q, q) covariance of the random effects; its variances must be greater than 0
    sigma2_e : variance of the errors, greater than 0
    Z : (n, q) design of the random effects
    right : (n,) or (n, m), what V⁻¹ is multiplied by

    Returns
    -------
    product : V⁻¹ right, in the shape of ``right``

    Raises
    ------
    ValueError
        if the shapes do not fit together, sigma2_e is not positive, or D has no inverse.

    Source: Woodbury (1950); Henderson and Searle (1981).
    """
    D, Z, right = shaped("D: q q, Z: n q, right: n or n m", D, Z, right)
    M = _small_matrix(D, sigma2_e, Z)
    return (right - Z @ solve(M, Z.T @ right)) / sigma2_e


def log_determinant_V(D, sigma2_e, Z):
    """The log-determinant of V, from two matrices as small as there are random effects.

        log |V| = (n − q) log σ_ε² + log |𝒟| + log |ZᵀZ + σ_ε² 𝒟⁻¹|      {eq}`eq-determinant`

    Parameters
    ----------
    D, sigma2_e, Z : as in ``woodbury``

    Returns
    -------
    logdet : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together, sigma2_e is not positive, or D has no inverse.

    Source: Henderson and Searle (1981); Searle, Casella and McCulloch (1992).
    """
    D, Z = shaped("D: q q, Z: n q", D, Z)
    M = _small_matrix(D, sigma2_e, Z)
    n, q = Z.shape
    return (n - q) * np.log(sigma2_e) + log_determinant(D) + log_determinant(M)


def _small_matrix(D, sigma2_e, Z):
    """The matrix ZᵀZ + σ_ε² 𝒟⁻¹ that both identities share."""
    positive("sigma2_e", sigma2_e)
    return Z.T @ Z + sigma2_e * _inverse_of_D(D)


def _inverse_of_D(D):
    try:
        np.linalg.cholesky(D)  # exists for positive definite D only
    except np.linalg.LinAlgError:
        raise ValueError(NO_INVERSE) from None
    return np.linalg.inv(D)


def henderson_inverse(D, Sigma, Z, X):
    """The inverse of Henderson's matrix: the covariance of all errors of prediction.

        [ XᵀΣ⁻¹X  XᵀΣ⁻¹Z       ]⁻¹   [ Φ   C          ]
        [ ZᵀΣ⁻¹X  ZᵀΣ⁻¹Z + 𝒟⁻¹ ]   = [ Cᵀ  Var(b̂ − b) ]           {eq}`eq-henderson-inverse`

    Parameters
    ----------
    D : (q, q) covariance of the random effects; its variances must be greater than 0
    Sigma : (n, n) covariance of the errors
    Z : (n, q) design of the random effects
    X : (n, p) design of the regression

    Returns
    -------
    covariance : (p + q, p + q), of β̂ and b̂ − b together, in squared units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together, or D or Sigma has no inverse.

    Source: Henderson (1975).
    """
    D, Sigma, Z, X = shaped("D: q q, Sigma: n n, Z: n q, X: n p", D, Sigma, Z, X)
    p = X.shape[1]
    XZ = np.column_stack([X, Z])
    system = XZ.T @ solve(Sigma, XZ)
    system[p:, p:] += _inverse_of_D(D)
    return np.linalg.inv(system)


def penalised_least_squares(penalty, Z, y, X):
    """β̂ and b̂ by least squares in which each step of b away from 0 has its price.

        (β̂, b̂) minimise ‖y − Xβ − Zb‖² + λ‖b‖²,   λ = σ_ε²/σ_b²                  {eq}`eq-pls`

    Parameters
    ----------
    penalty : λ, greater than 0
    Z : (n, q) design of the random effects
    y : (n,) responses
    X : (n, p) design of the regression

    Returns
    -------
    beta : (p,)
    b : (q,)

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the penalty is not positive.

    Source: Hoerl and Kennard (1970), for λ on all coefficients; Robinson (1991).
    """
    Z, y, X = shaped("Z: n q, y: n, X: n p", Z, y, X)
    positive("penalty", penalty)
    p, q = X.shape[1], Z.shape[1]
    # A row of its own for each b, with the value 0, adds λ b² to the sum of squares.
    added = np.column_stack([np.zeros((q, p)), np.sqrt(penalty) * np.eye(q)])
    rows = np.vstack([np.column_stack([X, Z]), added])
    solution = np.linalg.lstsq(rows, np.append(y, np.zeros(q)), rcond=None)[0]
    return solution[:p], solution[p:]


def effective_df(penalty, Z, X):
    """How many free coefficients a fit is worth: the trace of the matrix that fits y.

        tr H = tr { (AᵀA + λE)⁻¹ AᵀA },   A = [X Z],   E = diag(0, …, 0, 1, …, 1)    {eq}`eq-edf`

    Parameters
    ----------
    penalty : λ = σ_ε²/σ_b², greater than 0
    Z : (n, q) design of the random effects
    X : (n, p) design of the regression

    Returns
    -------
    df : between p, for an infinite penalty, and the rank of (X, Z), for none

    Raises
    ------
    ValueError
        if the shapes do not fit together, or the penalty is not positive.

    Source: Hodges and Sargent (2001).
    """
    Z, X = shaped("Z: n q, X: n p", Z, X)
    positive("penalty", penalty)
    A = np.column_stack([X, Z])
    E = np.diag(np.repeat([0.0, 1.0], [X.shape[1], Z.shape[1]]))
    return float(np.trace(solve(A.T @ A + penalty * E, A.T @ A)))


def relative_factor(D, sigma2_e):
    """lme4's Λ, whose entries are its θ: a root of the covariance of b in units of σ_ε².

        𝒟 = σ_ε² Λ Λᵀ,   Λ lower triangular                             {eq}`eq-relative-factor`

    Parameters
    ----------
    D : (k, k) covariance of the random effects of one group, or of all; variances of 0 are allowed
    sigma2_e : variance of the errors, greater than 0

    Returns
    -------
    Lambda : (k, k), without units; for a random intercept σ_b/σ_ε

    Raises
    ------
    ValueError
        if D is not square, or sigma2_e is not positive.

    Source: Bates, Mächler, Bolker and Walker (2015), section 1.
    """
    (D,) = shaped("D: k k", D)
    positive("sigma2_e", sigma2_e)
    return cholesky(D / sigma2_e)


def pls_criterion(Lambda, Z, y, X, reml=True):
    """What lme4 minimises: −2ℓ_R or −2ℓ of Λ, with β and σ_ε² at their best.

        log |L|² + log |R|² + (n − p) { 1 + log(2π s² / (n − p)) }         {eq}`eq-pls-criterion`

    Parameters
    ----------
    Lambda : (q, q), with 𝒟 = σ_ε² Λ Λᵀ; may be 0
    Z : (n, q) design of the random effects
    y : (n,) responses
    X : (n, p) design of the regression
    reml : True for REML; False for ML, which has no log |R|² and n for n − p

    Returns
    -------
    criterion : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together, X is rank-deficient, or the fit leaves no errors.

    Source: Bates, Mächler, Bolker and Walker (2015), section 3.
    """
    Lambda, Z, y, X = shaped("Lambda: q q, Z: n q, y: n, X: n p", Lambda, Z, y, X)
    n, q = Z.shape
    A = np.column_stack([Z @ Lambda, X, y])
    M = A.T @ A
    M[:q, :q] += np.eye(q)
    diagonal = _root(M)
    return _criterion(diagonal[q:], 2 * np.sum(np.log(diagonal[:q])), n, reml)


def group_sums(y, X, groups):
    """All that the likelihood needs: sizes and means of the groups, and one matrix.

        aᵢⱼ = (xᵢⱼ, yᵢⱼ),   āᵢ = Σⱼ aᵢⱼ / nᵢ,   W = Σᵢⱼ (aᵢⱼ − āᵢ)(aᵢⱼ − āᵢ)ᵀ    {eq}`eq-group-sums`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    groups : (n,) the label of each row's group, in any order

    Returns
    -------
    sizes : (q,) numbers of rows, the groups in the order of their sorted labels
    means : (q, p + 1) of the columns of X and of y
    within : (p + 1, p + 1) W, the squares and products that are left within groups

    Raises
    ------
    ValueError
        if the shapes do not fit together, or a label is missing.

    Source: Searle, Casella and McCulloch (1992), chapter 3.
    """
    y, X = shaped("y: n, X: n p", y, X)
    groups = labels(groups)
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    A = np.column_stack([X, y])
    totals = np.column_stack([np.bincount(codes, column) for column in A.T])
    means = totals / sizes[:, np.newaxis]
    deviations = A - means[codes]
    return sizes, means, deviations.T @ deviations


def criterion_from_sums(ratio, sizes, means, within, reml=True):
    """The same criterion for a random intercept, from sums per group.

        S = W + Σᵢ nᵢ (1 − λᵢ) āᵢ āᵢᵀ,   log |V/σ_ε²| = −Σᵢ log(1 − λᵢ),
        1 − λᵢ = 1 / (1 + nᵢ σ_b²/σ_ε²)                              {eq}`eq-criterion-from-sums`

    Parameters
    ----------
    ratio : σ_b/σ_ε, which is lme4's θ; may be 0
    sizes, means, within : from ``group_sums``
    reml : True for REML, False for ML

    Returns
    -------
    criterion : a number

    Raises
    ------
    ValueError
        if the shapes do not fit together, the ratio is negative, or the fit leaves no errors.

    Source: follows from V⁻¹ of a random intercept; Searle, Casella and McCulloch (1992), chapter 3.
    """
    sizes, means, within = shaped("sizes: q, means: q m, within: m m", sizes, means, within)
    not_negative("ratio", ratio)
    lost = 1 / (1 + sizes * ratio**2)
    S = within + (means.T * (sizes * lost)) @ means
    return _criterion(_root(S), -np.sum(np.log(lost)), sizes.sum(), reml)


def _root(M):
    """The diagonal of the Cholesky factor."""
    try:
        np.linalg.cholesky(M)  # exists for positive definite M only
    except np.linalg.LinAlgError:
        raise ValueError(
            "The criterion has no value here: X is rank-deficient, or X and Z explain y without "
            "any error, so that nothing is left for sigma2_e."
        ) from None
    return np.linalg.cholesky(M).diagonal()


def _criterion(diagonal, log_det, n, reml):
    """From the Cholesky factor of what is left of (X, y), and log |V/σ_ε²|."""
    *of_X, of_y = diagonal
    df = n - len(of_X) if reml else n
    if reml:
        log_det += 2 * np.sum(np.log(of_X))
    return float(log_det + df * (1 + np.log(2 * np.pi * of_y**2 / df)))


def cholesky(M):
    """The lower triangular L with L Lᵀ = M, one column after the other.

        L_jj = √(M_jj − Σ_k<j L_jk²),   L_ij = (M_ij − Σ_k<j L_ik L_jk) / L_jj   {eq}`eq-cholesky`

    Parameters
    ----------
    M : (m, m) symmetric, without negative eigenvalues

    Returns
    -------
    L : (m, m); a column that the ones before it explain is 0

    Raises
    ------
    ValueError
        if M is not square.

    Source: Davis (2006), on the factorisation of sparse matrices.
    """
    (M,) = shaped("M: m m", M)
    L = np.zeros_like(M)
    for j in range(len(M)):
        L[j, j] = np.sqrt(max(0.0, M[j, j] - L[j, :j] @ L[j, :j]))
        if L[j, j] > 0:
            L[j + 1 :, j] = (M[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    return L


def eliminate(M, first):
    """What is left of a matrix once its first rows and columns are eliminated.

        M₂₂ − M₂₁ M₁₁⁻¹ M₁₂,   log |M| = log |M₁₁| + log |M₂₂ − M₂₁ M₁₁⁻¹ M₁₂|      {eq}`eq-schur`

    Parameters
    ----------
    M : (m, m) symmetric and positive definite
    first : how many rows and columns to eliminate

    Returns
    -------
    rest : (m − first, m − first), known as the Schur complement

    Raises
    ------
    ValueError
        if M is not square, or its first part has no inverse.

    Source: Davis (2006); Searle, Casella and McCulloch (1992).
    """
    (M,) = shaped("M: m m", M)
    M11, M12, M22 = M[:first, :first], M[:first, first:], M[first:, first:]
    return M22 - M12.T @ solve(M11, M12)
