"""The second way for several grouping factors: the largest is eliminated group by group.

What remains are the cross products of the other factors' columns of Z, less what the largest factor
explains of them: one dense matrix as large as there are columns in those. V is never written out.

Chapter 10 explains why the largest goes first; what is left after it is ``henderson.eliminate``.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack, solve_triangular

from lmmteach.sums import ROUNDING, Evaluation, best_of, cholesky_of_each, solve_lower

# So many products of two entries of one group are kept; more are made anew each time.
MOST_PAIRS = 30_000_000
# So many entries of a dense matrix of the first factor's groups are held at once.
MOST_ENTRIES = 4_000_000
# The share of a sum of squares that must remain when a group is taken out of it.
KEPT = 1e-4


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
    """Cross products of the first factor's columns of Z, of the others', and of (X, y).

    Parameters
    ----------
    A11 : (k, k, q) within each of the first factor's groups
    A12 : k sparse matrices (q, q₂)
    A22 : (q₂, q₂), its lower triangle
    T1, T2, C : of the columns with (X, y): (k, q, m), (q₂, m), (m, m)
    others : the other factors
    pairs : Pairs, None where they were not asked for
    n : number of rows
    """

    A11: np.ndarray
    A12: list
    A22: np.ndarray
    T1: np.ndarray
    T2: np.ndarray
    C: np.ndarray
    others: list
    pairs: object
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
    n = len(columns)
    k, q = len(first.z), first.q
    A11 = np.empty((k, k, q))
    for i in range(k):
        for j in range(i + 1):
            A11[i, j] = A11[j, i] = _added(first.codes, q, first.z[i], first.z[j])
    T1 = np.stack([_with_columns(first, z, columns) for z in first.z])
    T2 = np.concatenate([_with_columns(f, z, columns) for f in others for z in f.z])
    A12 = [
        sparse.hstack(
            [_met(n, first, z1, factor, z2) for factor in others for z2 in factor.z], format="csr"
        )
        for z1 in first.z
    ]
    A22 = _among(n, others)
    return Products(A11, A12, A22, T1, T2, columns.T @ columns, others, None, n)


def with_pairs(products):
    """The same with all pairs, which a likelihood needs."""
    return products._replace(pairs=Pairs(products.A12))


def _product(a, b):
    return b if a is None else a if b is None else a * b


def _added(codes, q, a, b):
    return np.bincount(codes, _product(a, b), minlength=q).astype(float)


def _with_columns(factor, z, columns):
    return np.stack([_added(factor.codes, factor.q, z, x) for x in columns.T], axis=1)


def _met(n, one, z1, other, z2):
    """The sums of z1 z2 over the rows in which two groups meet, sparse."""
    values = np.ones(n) if z1 is None and z2 is None else _product(z1, z2)
    return sparse.csr_matrix((values, (one.codes, other.codes)), shape=(one.q, other.q))


def _among(n, factors):
    """The lower triangle of the cross products of these factors' columns of Z."""
    columns = [(factor, z) for factor in factors for z in factor.z]
    ends = np.cumsum([factor.q for factor, _ in columns])
    A = np.zeros((ends[-1], ends[-1]))
    for i, (one, z1) in enumerate(columns):
        for j, (other, z2) in enumerate(columns[: i + 1]):
            block = A[ends[i] - one.q : ends[i], ends[j] - other.q : ends[j]]
            if one is other:
                np.fill_diagonal(block, _added(one.codes, one.q, z1, z2))
            else:
                block[:] = _met(n, one, z1, other, z2).toarray()
    return A


class Pairs:
    """Where two columns of the other factors meet in a group of the first.

    Parameters
    ----------
    A : k sparse matrices (q, q₂), the cross products with each of the first factor's effects
    """

    def __init__(self, A):
        self.size, self.diagonal = A[0].shape[1], np.arange(A[0].shape[1]) * (A[0].shape[1] + 1)
        number = np.diff(A[0].indptr)
        self.A = A
        self.kept = np.sum(number * (number + 1) // 2) <= MOST_PAIRS
        if not self.kept:
            return
        # Groups with as many entries are treated at once, and so stand side by side.
        self.order = np.argsort(number, kind="stable")
        parts, begin = [], np.searchsorted(number[self.order], np.arange(number.max() + 2))
        for length in np.unique(number):
            groups = self.order[begin[length] : begin[length + 1]]
            row, column = np.tril_indices(length)
            at = A[0].indptr[groups][:, np.newaxis]
            parts.append(((at + row).ravel(), (at + column).ravel()))
        left, right = (np.concatenate(ends) for ends in zip(*parts, strict=True))
        place = A[0].indices[left].astype(np.int64) * self.size + A[0].indices[right]
        if self.size**2 < 2**31:
            place = place.astype(np.int32)
        ends = np.concatenate([[0], np.cumsum((number * (number + 1) // 2)[self.order])])
        self.P = {}
        for i in range(len(A)):
            for j in range(i + 1):
                product = A[i].data[left] * A[j].data[right]
                if i != j:
                    product += A[j].data[left] * A[i].data[right]
                self.P[i, j] = sparse.csc_matrix(
                    (product, place, ends), shape=(self.size**2, len(number))
                )

    def weighted(self, E):
        """The lower triangle of the sum over i and j of Aᵢᵀ diag(Eᵢⱼ) Aⱼ."""
        if self.kept:
            total = sum(P @ E[i, j][self.order] for (i, j), P in self.P.items())
            return total.reshape(self.size, self.size)
        k = len(self.A)
        both = [(i, j) for i in range(k) for j in range(k)]
        total = sum(self.A[i].T @ sparse.diags(E[i, j]) @ self.A[j] for i, j in both)
        return total.toarray()

    def quadratic(self, E):
        """For each group the numbers aᵢ E aⱼᵀ, (k, k, q), from the lower triangle of E."""
        k = len(self.A)
        found = np.empty((k, k, self.A[0].shape[0]))
        if not self.kept:
            E = np.tril(E) + np.tril(E, -1).T
            for i in range(k):
                for j in range(k):
                    found[i, j] = np.asarray(self.A[j].multiply(self.A[i] @ E).sum(axis=1)).ravel()
            return found
        # A pair off the diagonal stands for two; one of two effects already does.
        E = E.ravel()
        E[self.diagonal] /= 2
        for (i, j), P in self.P.items():
            found[i, j, self.order] = P.T @ E * (2 if i == j else 1)
            found[j, i] = found[i, j]
        E[self.diagonal] *= 2
        return found


class PairsWithout:
    """Pairs from which some groups of the first factor, or columns of the others, are taken."""

    def __init__(self, pairs, groups, columns):
        self.pairs, self.groups, self.columns = pairs, groups, columns

    def weighted(self, E):
        """As of ``Pairs``."""
        E = E.copy()
        E[:, :, self.groups] = 0.0
        return self._emptied(self.pairs.weighted(E))

    def quadratic(self, E):
        """As of ``Pairs``."""
        found = self.pairs.quadratic(self._emptied(E.copy()))
        found[:, :, self.groups] = 0.0
        return found

    def _emptied(self, matrix):
        matrix[self.columns] = matrix[:, self.columns] = 0.0
        return matrix


def without(products, factors, f, group, rows, columns):
    """The cross products without a group, from those of all rows.

    Parameters
    ----------
    products : Products
    factors : Factors, the one with the most groups first
    f, group : the factor, and its group
    rows : positions of the group's rows
    columns : (len(rows), m) their values of X and y

    Raises
    ------
    ValueError
        if what remains would have lost its digits, or rows of the group count in what cannot be
        taken apart: with three factors, where the group is not of the first.
    """
    if f > 0 and len(factors) > 2:
        raise ValueError("The other factors' groups lose single rows.")
    part = [
        factor._replace(
            codes=factor.codes[rows],
            z=tuple(None if values is None else values[rows] for values in factor.z),
        )
        for factor in factors
    ]
    own = cross_products(part, columns)
    C = products.C - own.C
    if (np.diag(C) <= KEPT * np.diag(products.C)).any():
        raise ValueError("Nearly all there is comes from this group.")
    groups = columns_of_group = np.arange(0)
    if f == 0:
        groups = np.array([group])
    else:
        columns_of_group = group + factors[f].q * np.arange(len(factors[f].z))
    A11, T1 = products.A11 - own.A11, products.T1 - own.T1
    A22, T2 = products.A22 - own.A22, products.T2 - own.T2
    # Nothing at all, where differences would leave rounding.
    A11[:, :, groups], T1[:, groups], T2[columns_of_group] = 0.0, 0.0, 0.0
    A22[columns_of_group] = A22[:, columns_of_group] = 0.0
    return products._replace(
        A11=A11,
        A12=[_emptied(A, groups, columns_of_group) for A in products.A12],
        A22=A22,
        T1=T1,
        T2=T2,
        C=C,
        pairs=PairsWithout(products.pairs, groups, columns_of_group),
        n=products.n - len(rows),
    )


def _emptied(A, rows, columns):
    """A sparse matrix with zeros in some rows and columns."""
    data = A.data.copy()
    for row in rows:
        data[A.indptr[row] : A.indptr[row + 1]] = 0.0
    data[np.isin(A.indices, columns)] = 0.0
    return sparse.csr_matrix((data, A.indices, A.indptr), shape=A.shape)


def rank(products):
    """How many of the columns of X and Z are independent."""
    A11, A12, A22, T1, T2, C, _, pairs, _ = products
    k, q = len(A11), A11.shape[2]
    L = cholesky_of_each(A11, ROUNDING)
    half = solve_lower(L, np.repeat(np.eye(k)[:, :, np.newaxis], q, axis=2))
    E = np.einsum("aiu,aju->iju", half, half)
    X1, X2, XX = T1[:, :, :-1], T2[:, :-1], C[:-1, :-1]
    E_X1 = np.einsum("iju,jum->ium", E, X1)
    rest22 = _symmetric(A22 - pairs.weighted(E))
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


class FirstOut(NamedTuple):
    """What is left of the cross products once the first factor's effects are taken out.

    Parameters
    ----------
    E1 : (k, k, q), V⁻¹ of the first factor alone is I − Z₁ E₁ Z₁ᵀ
    logdet : half of log |V| of the first factor alone
    rest22, rest2, rest : A22 (its lower triangle), T2 and C in its metric
    """

    E1: np.ndarray
    logdet: float
    rest22: np.ndarray
    rest2: np.ndarray
    rest: np.ndarray


def eliminate_first(products, L1):
    """Take the first factor's effects out, group by group; L1 is its block of Λ."""
    A11, A12, A22, T1, T2, C, _, pairs, _ = products
    k1, q1 = len(A11), A11.shape[2]
    H = np.einsum("ia,iju,jb->abu", L1, A11, L1)
    for i in range(k1):
        H[i, i] += 1.0
    chol = cholesky_of_each(H)
    half = solve_lower(chol, np.repeat(L1.T[:, :, np.newaxis], q1, axis=2))
    E1 = np.einsum("aiu,aju->iju", half, half)
    E1_T1 = np.einsum("iju,jum->ium", E1, T1)
    logdet = np.log(np.einsum("iiu->iu", chol)).sum()
    rest22 = A22 - pairs.weighted(E1)
    rest2 = T2 - sum(A12[i].T @ E1_T1[i] for i in range(k1))
    return FirstOut(E1, logdet, rest22, rest2, C - np.einsum("ium,iuk->mk", T1, E1_T1))


def eliminate(products, Lambda):
    """Take the random effects out: the first factor's group by group, then all others' at once."""
    A11, A12, _, T1, _, _, others, pairs, _ = products
    k1 = len(A11)
    E1, logdet1, rest22, rest2, rest = eliminate_first(products, Lambda[:k1, :k1])

    # The same for the others: E₂ in the place of E₁. Only lower triangles are computed.
    spread = Spread(Lambda[k1:, k1:], others)
    S22 = spread.around(rest22)
    S22[np.diag_indices_from(S22)] += 1.0
    # To LAPACK, which goes down the columns, this lower triangle is an upper one.
    chol22, _ = lapack.dpotrf(S22.T, lower=0, clean=0, overwrite_a=1)
    logdet22 = np.log(np.diag(chol22)).sum()
    solved, _ = lapack.dpotrs(chol22, spread.back(rest2), lower=0)
    E2_rest2 = spread.times(solved)
    along2 = rest2 - blas.dsymm(1.0, rest22.T, E2_rest2, lower=0)
    inner2 = _within_groups_directly(rest22, chol22, spread) if spread.is_singular(rest22) else None
    S22_inverse, _ = lapack.dpotri(chol22, lower=0, overwrite_c=1)
    S22_inverse = S22_inverse.T
    inner2 = inner2 or _within_groups(S22_inverse, spread)
    E2 = spread.around(S22_inverse, transposed=True)

    left = -np.einsum("iau,aju->iju", A11, E1)
    for i in range(k1):
        left[i, i] += 1.0
    inner1 = np.einsum("iau,aju->iju", left, A11)
    inner1 -= np.einsum("iau,abu,jbu->iju", left, pairs.quadratic(E2), left)
    along1 = np.einsum("iju,jum->ium", left, T1 - np.stack([A @ E2_rest2 for A in A12]))
    logdet = logdet1 + logdet22
    along = [along1, *(along2[columns] for columns in spread.columns)]
    return Eliminated(rest - rest2.T @ E2_rest2, 2 * logdet, [inner1, *inner2], along)


def _within_groups(S22_inverse, spread):
    """For each factor after the first Zᵀ V⁻¹ Z within its groups.

    Where Λ has an inverse, it is Λ⁻ᵀ (I − S₂₂⁻¹) Λ⁻¹.
    """
    inner = []
    for L, columns in zip(spread.Lambdas, spread.columns, strict=True):
        k, q = columns.shape
        M = np.empty((k, k, q))
        for i in range(k):
            for j in range(i + 1):
                M[i, j] = M[j, i] = (i == j) - S22_inverse[columns[i], columns[j]]
        L_inverse = np.linalg.inv(L)
        inner.append(np.einsum("ai,abu,bj->iju", L_inverse, M, L_inverse))
    return inner


def _within_groups_directly(rest22, chol22, spread):
    """The same for any Λ."""
    full = _symmetric(rest22)
    explained = solve_triangular(chol22, spread.back(full), trans=1, lower=False)
    inner = []
    for columns in spread.columns:
        k, q = columns.shape
        inner.append(np.empty((k, k, q)))
        for i, a in enumerate(columns):
            for j, b in enumerate(columns):
                inner[-1][i, j] = full[a, b] - np.sum(explained[:, a] * explained[:, b], axis=0)
    return inner


def _symmetric(lower):
    return np.tril(lower) + np.tril(lower, -1).T


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


def error_variance(products, Lambda, x, z, codes):
    """Var(x β̂ + z b̂ − (x β + z b)) over σ_ε², for rows of known groups.

    Of Henderson's equations the first factor's are eliminated. Its own share aside, a row counts
    by its other entries (z, x), less what its group of the first factor explains of them.

    Parameters
    ----------
    products : Products
    Lambda : (k, k), the factors in the order of ``products``
    x : (r, p)
    z, codes : for each factor k arrays (r,), and the group of each row, −1 for an unknown one
    """
    A11, A12, _, T1, _, _, others, _, _ = products
    (k1, q1), p = A11.shape[1:], x.shape[1]
    left = eliminate_first(products, Lambda[:k1, :k1])
    middle = _middle(left, Spread(Lambda[k1:, k1:], others), p)
    columns, values = _others_entries(others, z[1:], codes[1:])
    own = np.where(codes[0] < 0, 0.0, z[0])
    e = np.einsum("ijr,jr->ir", left.E1[:, :, codes[0]], own)
    variance = np.einsum("ir,ir->r", e, own) + _quadratic(middle, columns, values, x)

    met = [
        sparse.hstack([A, sparse.csr_matrix(T[:, :p])], format="csr")
        for A, T in zip(A12, T1, strict=True)
    ]
    order = np.argsort(codes[0], kind="stable")
    step = max(1, MOST_ENTRIES // len(middle))
    ends = np.searchsorted(codes[0][order], [*range(0, q1, step), q1])
    for at, (begin, end) in enumerate(pairwise(ends)):
        if begin == end:
            continue
        rows, groups = order[begin:end], slice(at * step, (at + 1) * step)
        place = codes[0][rows] - at * step
        near = [M[groups] @ middle for M in met]
        for i, N in enumerate(near):
            along = np.sum(N[place, -p:] * x[rows], axis=1)
            along += sum(v[rows] * N[place, c[rows]] for c, v in zip(columns, values, strict=True))
            variance[rows] -= 2 * e[i, rows] * along
            for j, M in enumerate(met):
                square = np.asarray(M[groups].multiply(N).sum(axis=1)).ravel()
                variance[rows] += e[i, rows] * e[j, rows] * square[place]
    return variance


def _middle(left, spread, p):
    """Λ S⁻¹ Λᵀ of the equations that remain for the other factors and β, where β has Λ = I."""
    q2 = len(left.rest22)
    S = np.empty((q2 + p, q2 + p))
    S[:q2, :q2] = spread.around(left.rest22)
    S[np.arange(q2), np.arange(q2)] += 1.0
    S[q2:, :q2] = spread.back(left.rest2[:, :p]).T
    S[q2:, q2:] = left.rest[:p, :p]
    chol, _ = lapack.dpotrf(S, lower=1, clean=0)
    inverse, _ = lapack.dpotri(chol, lower=1, overwrite_c=1)
    once = _symmetric(inverse)
    for _ in range(2):
        once = np.concatenate([spread.times(once[:q2]), once[q2:]]).T
    return np.ascontiguousarray(once)


def _others_entries(others, z, codes):
    """Where the rows of Z of the factors after the first have entries, and which."""
    columns, values, begin = [], [], 0
    for factor, effects, groups in zip(others, z, codes, strict=True):
        for value in effects:
            columns.append(begin + np.maximum(groups, 0))
            values.append(np.where(groups < 0, 0.0, value))
            begin += factor.q
    return columns, values


def _quadratic(middle, columns, values, x):
    """For each row h of the other factors' columns of Z and of X the number h middle hᵀ."""
    p = x.shape[1]
    total = np.sum(x @ middle[-p:, -p:] * x, axis=1)
    for a, (column, value) in enumerate(zip(columns, values, strict=True)):
        total += 2 * value * np.sum(middle[column, -p:] * x, axis=1)
        total += value**2 * middle[column, column]
        for b in range(a):
            total += 2 * value * values[b] * middle[column, columns[b]]
    return total


class Spread:
    """Λ of the factors after the first, as it multiplies all their columns of Z.

    Parameters
    ----------
    Lambda : (k, k), block diagonal over the factors
    others : the factors
    """

    def __init__(self, Lambda, others):
        self.Lambdas, self.columns, at, begin = [], [], 0, 0
        for factor in others:
            k, q = len(factor.z), factor.q
            self.Lambdas.append(Lambda[at : at + k, at : at + k])
            self.columns.append(begin + np.arange(k * q).reshape(k, q))
            at, begin = at + k, begin + k * q
        sizes = [np.repeat(np.diag(L), f.q) for L, f in zip(self.Lambdas, others, strict=True)]
        self.diagonal = np.concatenate(sizes)
        self.matrix = None
        if any(np.tril(L, -1).any() for L in self.Lambdas):
            blocks = [
                sparse.kron(L, sparse.eye(f.q)) for L, f in zip(self.Lambdas, others, strict=True)
            ]
            self.matrix = sparse.block_diag(blocks, format="csr")

    def is_singular(self, rest22):
        """Whether Λ has no inverse, or one that would cost digits."""
        explained = self.diagonal**2 * np.diag(rest22)
        return any(explained[columns].mean(axis=1).min() < 1e-5 for columns in self.columns)

    def times(self, B):
        """Λ B."""
        return self.diagonal[:, np.newaxis] * B if self.matrix is None else self.matrix @ B

    def back(self, B):
        """Λᵀ B."""
        return self.diagonal[:, np.newaxis] * B if self.matrix is None else self.matrix.T @ B

    def around(self, B, transposed=False):
        """The lower triangle of Λᵀ B Λ, or of Λ B Λᵀ, from that of B."""
        if self.matrix is None:
            return B * self.diagonal[:, np.newaxis] * self.diagonal
        L = self.matrix if transposed else self.matrix.T
        return np.ascontiguousarray(L @ (L @ _symmetric(B)).T)
