"""The second way for several grouping factors: the largest is eliminated group by group.

What remains are the cross products of the other factors' columns of Z, less what the largest factor
explains of them: one dense matrix as large as there are columns in those. V is never written out.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import lapack, solve_triangular

from lmmteach.sums import ROUNDING, Evaluation, best_of, cholesky_of_each, solve_lower

# So many products of two entries of one group are kept; more are made anew each time.
MOST_PAIRS = 30_000_000


class Factor(NamedTuple):
    """A grouping factor: the group of each row, the number of groups, and the columns of Z.

    Parameters
    ----------
    codes : (n,) integers from 0 to q − 1
    q : number of groups
    z : k arrays (n,), None for a column of ones
    """

    codes: np.ndarray
    q: int
    z: tuple


class Products(NamedTuple):
    """Cross products of the first factor's columns of Z, of the others', and of (X, y)."""

    A11: np.ndarray
    A12: list
    A22: np.ndarray
    T1: np.ndarray
    T2: np.ndarray
    C: np.ndarray
    others: list
    pairs: dict
    n: int


def cross_products(factors, columns):
    """Add up a data set, the largest factor first.

    Parameters
    ----------
    factors : Factors, the one with the most groups first
    columns : (n, m), the columns of X and y

    Returns
    -------
    products : Products
    """
    first, *others = factors
    n, m = columns.shape
    rows = np.arange(n)
    ones = np.ones(n)

    def indicators(factor):
        return [
            sparse.csr_matrix((ones if z is None else z, (rows, factor.codes)), shape=(n, factor.q))
            for z in factor.z
        ]

    Z1 = indicators(first)
    Z2 = sparse.hstack([Z for factor in others for Z in indicators(factor)], format="csr")
    k, q = len(Z1), first.q
    A11, T1 = np.empty((k, k, q)), np.empty((k, q, m))
    for i in range(k):
        T1[i] = Z1[i].T @ columns
        for j in range(k):
            A11[i, j] = Z1[i].multiply(Z1[j]).sum(axis=0)
    A12 = [(Z.T @ Z2).tocsr() for Z in Z1]
    A22 = (Z2.T @ Z2).toarray()
    T2 = Z2.T @ columns
    pairs = {(i, j): _pairs(A12[i], A12[j]) for i in range(k) for j in range(k)}
    return Products(A11, A12, A22, T1, T2, columns.T @ columns, others, pairs, n)


def _pairs(A, B):
    """Where two entries of one row meet: their place in a square matrix, product, and row."""
    a, b = np.diff(A.indptr), np.diff(B.indptr)
    number = a * b
    if number.sum() > MOST_PAIRS:
        return None
    row = np.repeat(np.arange(len(number)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    left = A.indptr[row] + within // b[row]
    right = B.indptr[row] + within % b[row]
    place = A.indices[left].astype(np.int64) * A.shape[1] + B.indices[right]
    return place, A.data[left] * B.data[right], row


def _weighted(A, B, pairs, weights):
    """Aᵀ diag(weights) B, dense."""
    if pairs is None:
        return (A.T @ sparse.diags(weights) @ B).toarray()
    place, product, row = pairs
    size = A.shape[1]
    return np.bincount(place, product * weights[row], minlength=size**2).reshape(size, size)


def _quadratic(A, B, pairs, E):
    """For each row the number a E bᵀ, with a and b the rows of A and B."""
    if pairs is None:
        return np.asarray(B.multiply(A @ E).sum(axis=1)).ravel()
    place, product, row = pairs
    return np.bincount(row, product * E.ravel()[place], minlength=A.shape[0])


def rank(products):
    """How many of the columns of X and Z are independent."""
    A11, A12, A22, T1, T2, C, _, pairs, _ = products
    k, q = len(A11), A11.shape[2]
    both = [(i, j) for i in range(k) for j in range(k)]
    L = cholesky_of_each(A11, ROUNDING)
    half = solve_lower(L, np.repeat(np.eye(k)[:, :, np.newaxis], q, axis=2))
    E = np.einsum("aiu,aju->iju", half, half)
    X1, X2, XX = T1[:, :, :-1], T2[:, :-1], C[:-1, :-1]
    E_X1 = np.einsum("iju,jum->ium", E, X1)
    rest22 = A22 - sum(_weighted(A12[i], A12[j], pairs[i, j], E[i, j]) for i, j in both)
    rest2 = X2 - sum(A12[i].T @ E_X1[i] for i in range(k))
    rest = np.block([[rest22, rest2], [rest2.T, XX - np.einsum("ium,iuk->mk", X1, E_X1)]])
    size = np.sqrt(np.concatenate([np.diag(A22), np.diag(XX)]))
    size[size == 0] = 1.0
    left = np.linalg.eigvalsh(rest / np.outer(size, size))
    return np.count_nonzero(L[range(k), range(k)]) + np.count_nonzero(left > ROUNDING)


class Eliminated(NamedTuple):
    """What is left of the cross products once the random effects are taken out at some Λ.

    Parameters
    ----------
    S : (m, m), (X, y)ᵀ V⁻¹ (X, y), V in units of σ_ε²
    logdet : log |V|
    inner : for each factor Z_fᵀ V⁻¹ Z_f within its groups, (k, k, q)
    along : for each factor Z_fᵀ V⁻¹ (X, y), (k, q, m)
    """

    S: np.ndarray
    logdet: float
    inner: list
    along: list


def eliminate(products, Lambda):
    """Take the random effects out: the first factor's group by group, then all others' at once."""
    A11, A12, A22, T1, T2, C, others, pairs, _ = products
    k1, q1 = len(A11), A11.shape[2]
    both = [(i, j) for i in range(k1) for j in range(k1)]
    L1, L2 = Lambda[:k1, :k1], _spread_out(Lambda[k1:, k1:], others)

    # V⁻¹ of the first factor alone is I − Z₁ E₁ Z₁ᵀ.
    H = np.einsum("ia,iju,jb->abu", L1, A11, L1)
    for i in range(k1):
        H[i, i] += 1.0
    chol = cholesky_of_each(H)
    half = solve_lower(chol, np.repeat(L1.T[:, :, np.newaxis], q1, axis=2))
    E1 = np.einsum("aiu,aju->iju", half, half)
    E1_T1 = np.einsum("iju,jum->ium", E1, T1)
    rest22 = A22 - sum(_weighted(A12[i], A12[j], pairs[i, j], E1[i, j]) for i, j in both)
    rest2 = T2 - sum(A12[i].T @ E1_T1[i] for i in range(k1))
    rest = C - np.einsum("ium,iuk->mk", T1, E1_T1)

    # The same for the others: E₂ in the place of E₁.
    S22 = L2.T @ (L2.T @ rest22).T
    S22[np.diag_indices_from(S22)] += 1.0
    chol22, _ = lapack.dpotrf(S22, lower=1, clean=1)
    S22_inverse, _ = lapack.dpotri(chol22, lower=1)
    S22_inverse = np.tril(S22_inverse) + np.tril(S22_inverse, -1).T
    E2 = L2 @ (L2 @ S22_inverse).T
    E2_rest2 = E2 @ rest2

    left = -np.einsum("iau,aju->iju", A11, E1)
    for i in range(k1):
        left[i, i] += 1.0
    quadratic = np.empty_like(A11)
    for i, j in both:
        quadratic[i, j] = _quadratic(A12[i], A12[j], pairs[i, j], E2)
    inner1 = np.einsum("iau,aju->iju", left, A11)
    inner1 -= np.einsum("iau,abu,jbu->iju", left, quadratic, left)
    along1 = np.einsum("iju,jum->ium", left, T1 - np.stack([A @ E2_rest2 for A in A12]))
    explained = solve_triangular(chol22, L2.T @ rest22, lower=True)
    inner2, along2 = _by_factor(rest22, explained, rest2 - rest22 @ E2_rest2, others)
    logdet = np.log(np.einsum("iiu->iu", chol)).sum() + np.log(np.diag(chol22)).sum()
    return Eliminated(rest - rest2.T @ E2_rest2, 2 * logdet, [inner1, *inner2], [along1, *along2])


def _by_factor(rest22, explained, along, others):
    """The parts of the factors after the first: within each of their groups, and with (X, y)."""
    inner, parts, at = [], [], 0
    for factor in others:
        k, q = len(factor.z), factor.q
        columns = at + np.arange(k * q).reshape(k, q)
        inner.append(
            np.array(
                [
                    [
                        rest22[a, b] - np.sum(explained[:, a] * explained[:, b], axis=0)
                        for b in columns
                    ]
                    for a in columns
                ]
            )
        )
        parts.append(along[columns])
        at += k * q
    return inner, parts


def evaluate_crossed(products, Lambda, reml=True):
    """Minus twice the (restricted) log-likelihood at 𝒟 = σ_ε² Λ Λᵀ, the rest at its best.

    Parameters
    ----------
    products : Products
    Lambda : (k, k) block diagonal, the factors in the order of ``products``
    reml : True for REML, False for ML

    Returns
    -------
    evaluation : Evaluation
    """
    S, logdet, inner, along = eliminate(products, Lambda)
    best = best_of(S, logdet, products.n, reml)
    residual = np.append(-best.beta, 1.0)
    spread_slope, fit_slope = np.zeros_like(Lambda), np.zeros_like(Lambda)
    at = 0
    for within, part in zip(inner, along, strict=True):
        here = slice(at, at + len(within))
        spread_slope[here, here] = within.sum(axis=2)
        if reml:
            X = part[:, :, :-1]
            spread_slope[here, here] -= np.einsum("ium,mk,juk->ij", X, best.X_inverse, X)
        fit = part @ residual
        fit_slope[here, here] = -fit @ fit.T
        at = here.stop
    return Evaluation(*best[:3], S, *best[3:5], spread_slope, fit_slope)


def crossed_effects(products, Lambda, beta):
    """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
    _, _, inner, along = eliminate(products, Lambda)
    found, at = [], 0
    for within, part in zip(inner, along, strict=True):
        here = slice(at, at + len(within))
        D = Lambda[here, here] @ Lambda[here, here].T
        b = D @ (part @ np.append(-beta, 1.0))
        found.append((b, D[:, :, np.newaxis] - np.einsum("ia,abu,bj->iju", D, within, D)))
        at = here.stop
    return found


def _spread_out(Lambda, others):
    """Λ of the factors after the first, as the sparse matrix that multiplies all their columns."""
    blocks, at = [], 0
    for factor in others:
        k = len(factor.z)
        blocks.append(sparse.kron(Lambda[at : at + k, at : at + k], sparse.eye(factor.q)))
        at += k
    return sparse.block_diag(blocks, format="csr")
