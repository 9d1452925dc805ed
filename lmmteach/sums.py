"""The second way to the likelihood: sums per group, with V never written out.

For one grouping factor. In each group an orthonormal basis is chosen whose first k vectors span the
group's columns of Z. In the coordinates along these k vectors the observations carry random
effects; in all others they are independent with variance σ_ε². So the likelihood needs of a group
no more than k coordinates, however many rows it has, and of all the rest together one matrix of
cross products. Groups with the same columns of Z are added up beforehand.

Chapter 10 derives all this for a random intercept: there ``group_sums`` is the function of the same
name in ``henderson``, and ``evaluate`` is ``henderson.criterion_from_sums`` with its slope.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

# A group's column of Z that is this small beside its first is a combination of those before it.
ROUNDING = 1e-10
# The share of a column's variation within groups below which its sums are made from deviations.
CANCELS = 1e-5
# The sum over a group may be so many times as large as the entries of a column, before what
# other columns explain is taken off it.
LARGEST_SUM = 1e5
# With so many kinds of group, a scan takes larger steps.
MANY_KINDS = 2000


class Sums(NamedTuple):
    """What the likelihood needs of the data; u counts the different kinds of group.

    Parameters
    ----------
    R : (k, k, u), with RᵀR the cross products of a group's columns of Z
    count : (u,) groups of each kind
    K : (k, k, u, m, m), products of the coordinates of the columns of (X, y), added up over groups
    within : (m, m), cross products of what the groups' columns of Z leave over
    n : number of rows
    L, c : (k, k, q) and (k, m, q), the transposed R of each group, and its coordinates
    kind : (q,) the kind of each group
    """

    R: np.ndarray
    count: np.ndarray
    K: np.ndarray
    within: np.ndarray
    n: int
    L: np.ndarray
    c: np.ndarray
    kind: np.ndarray


def group_sums(codes, q, z, columns):
    """Add up a data set group by group.

    Parameters
    ----------
    codes : (n,) integers from 0 to q − 1, the group of each row
    q : number of groups
    z : k arrays (n,), the values of the random effects' columns; None for a column of ones
    columns : m arrays (n,), the columns of X and y; None for a column of ones

    Returns
    -------
    sums : Sums
    """
    sizes, L = _of_z(codes, q, z)
    columns, times = _with_ones_named(columns)
    c = solve_lower(L, _over_groups(codes, q, sizes, z, columns))
    within = _within(codes, z, columns, L, c) * np.outer(times, times)
    c *= times[:, np.newaxis]
    return _added_up(codes, sizes, z, L, c, within)


def group_sums_turned(codes, q, z, columns, A, squares):
    """The same for ``columns`` times A, which are at right angles; None where that costs digits.

    They are never made: their sums are those of ``columns``, times A.

    Parameters
    ----------
    codes, q, z, columns : as for ``group_sums``
    A : (m, m)
    squares : (m,) the sums of squares of the columns times A
    """
    sizes, L = _of_z(codes, q, z)
    columns, times = _with_ones_named(columns)
    A = times[:, np.newaxis] * A
    T = _over_groups(codes, q, sizes, z, columns)
    largest = np.abs(A).T @ np.abs(T).max(axis=2)[:, :, np.newaxis]
    if (largest[:, :, 0] > LARGEST_SUM * np.sqrt(squares / len(codes))).any():
        return None
    c = solve_lower(L, A.T @ T)
    coordinates = c.transpose(1, 0, 2).reshape(len(A), -1)
    within = np.diag(squares) - coordinates @ coordinates.T
    if any(values is None for values in z):
        # What is made of ones only does not vary within groups.
        constant = ~A[[column is not None for column in columns]].any(axis=0)
        within[constant] = within[:, constant] = 0.0
    else:
        constant = np.zeros(len(A), dtype=bool)
    if (~constant & (np.diag(within) <= CANCELS * squares)).any():
        return None
    return _added_up(codes, sizes, z, L, c, within)


def _of_z(codes, q, z):
    """The size of each group, and the Cholesky factor of its cross products of columns of Z."""
    sizes, k = np.bincount(codes, minlength=q), len(z)
    A = np.empty((k, k, q))
    for i in range(k):
        for j in range(i + 1):
            A[i, j] = A[j, i] = _added(codes, q, sizes, z[i], z[j])
    return sizes, cholesky_of_each(A, ROUNDING)


def _with_ones_named(columns):
    """The columns, None for each that is constant, and what these are; 1 for the others."""
    # What is constant is so many ones, and has quicker sums.
    times = np.array([value_of_all(column) for column in columns])
    named = [
        column if np.isnan(value) else None for column, value in zip(columns, times, strict=True)
    ]
    return named, np.where(np.isnan(times), 1.0, times)


def _over_groups(codes, q, sizes, z, columns):
    """The sums over each group of the columns of Z times others: (k, m, q)."""
    T = np.empty((len(z), len(columns), q))
    for i, values in enumerate(z):
        for j, column in enumerate(columns):
            T[i, j] = _added(codes, q, sizes, values, column)
    return T


def _added_up(codes, sizes, z, L, c, within):
    by_size = sizes if len(z) == 1 and z[0] is None else None
    R, count, K, kind = _by_kind(np.swapaxes(L, 0, 1), c, by_size)
    return Sums(R, count, K, within, len(codes), L, c, kind)


def recombined(sums, A):
    """The sums of (X, y) A, from those of (X, y)."""
    K = np.swapaxes(np.swapaxes(sums.K @ A, -1, -2) @ A, -1, -2)
    c = np.einsum("imu,ma->iau", sums.c, A)
    return sums._replace(K=K, within=A.T @ sums.within @ A, c=c)


def within_groups(sums, codes, z, columns):
    """Each group's share of ``within``: (q, m, m); ``columns`` are m arrays."""
    q, m = sums.c.shape[2], len(columns)
    left = [_left_over(codes, z, sums.L, sums.c[:, j], x) for j, x in enumerate(columns)]
    shares = np.empty((q, m, m))
    for a in range(m):
        for b in range(a + 1):
            shares[:, a, b] = shares[:, b, a] = np.bincount(codes, left[a] * left[b], minlength=q)
    return shares


def without(sums, group, within, size):
    """The sums without a group, whose share of ``within`` and number of rows are given."""
    kind, c = sums.kind[group], sums.c[:, :, group]
    count, K = sums.count.copy(), sums.K.copy()
    count[kind] -= 1
    K[:, :, kind] -= np.einsum("ia,jb->ijab", c, c)
    if count[kind] == 0:
        K[:, :, kind] = 0.0
    left = sums.within - within
    return sums._replace(count=count, K=K, within=left, n=sums.n - size)


def value_of_all(column):
    """The value that all of a column has, or NaN."""
    if column is None:
        return 1.0
    first = column[0]
    return first if (column[:64] == first).all() and (column == first).all() else np.nan


def _added(codes, q, sizes, a, b):
    """The sum over each group of a times b."""
    if a is None and b is None:
        return sizes
    weights = b if a is None else a if b is None else a * b
    return np.bincount(codes, weights, minlength=q)


def _within(codes, z, columns, L, c):
    """Cross products of what the groups' columns of Z leave of (X, y)."""
    n, m = len(codes), len(columns)
    total = np.empty((m, m))
    for a in range(m):
        for b in range(a + 1):
            total[a, b] = total[b, a] = _dot(columns[a], columns[b], n)
    coordinates = c.transpose(1, 0, 2).reshape(m, -1)
    within = total - coordinates @ coordinates.T
    for j in np.flatnonzero(np.diag(within) <= CANCELS * np.diag(total)):
        # The difference of large numbers has lost its digits; deviations keep theirs.
        if columns[j] is None and any(values is None for values in z):
            within[j] = within[:, j] = 0.0
            continue
        left = _left_over(codes, z, L, c[:, j], np.ones(n) if columns[j] is None else columns[j])
        within[j] = within[:, j] = [_dot(left, column, n) for column in columns]
        within[j, j] = left @ left
    return within


def beyond_groups(sums, codes, z, column):
    """What the groups' columns of Z leave of a column; twice, as once leaves its own rounding."""
    q = sums.c.shape[2]
    for _ in range(2):
        T = np.stack(
            [np.bincount(codes, column if v is None else v * column, minlength=q) for v in z]
        )
        column = _left_over(codes, z, sums.L, solve_lower(sums.L, T), column)
    return column


def _left_over(codes, z, L, c, column):
    """A column less what the groups' columns of Z explain, from its coordinates c."""
    coefficients = solve_upper(np.swapaxes(L, 0, 1), c)
    left = column
    for values, per_group in zip(z, coefficients, strict=True):
        fitted = per_group[codes]
        left = left - (fitted if values is None else fitted * values)
    return left


def rank(sums):
    """How many of the columns of X and Z are independent."""
    within = sums.within[:-1, :-1]
    size = np.sqrt(np.diag(within))
    size = np.where(size > ROUNDING, size, np.inf)
    left = np.linalg.eigvalsh(within / np.outer(size, size))
    diagonal = sums.L[range(len(sums.L)), range(len(sums.L))]
    return np.count_nonzero(diagonal) + np.count_nonzero(left > ROUNDING)


def _dot(a, b, n):
    if a is None and b is None:
        return float(n)
    if a is None or b is None:
        return (b if a is None else a).sum()
    return a @ b


def _by_kind(R, c, sizes=None):
    """Add up the groups that have the same R; of a column of ones these are those of one size."""
    k, m, q = c.shape
    if sizes is None:
        kind, first = _kinds(R.reshape(k * k, q))
    else:
        count = np.bincount(sizes)
        first = np.flatnonzero(count)
        kind = (np.cumsum(count > 0) - 1)[sizes]
    u = len(first)
    if 2 * u > q:
        return R, np.ones(q), np.einsum("iaq,jbq->ijqab", c, c), np.arange(q)
    K = np.empty((k, k, u, m, m))
    for i in range(k):
        for j in range(i + 1):
            for a in range(m):
                for b in range(a + 1 if i == j else m):
                    added = np.bincount(kind, c[i, a] * c[j, b], minlength=u)
                    K[i, j, :, a, b] = K[j, i, :, b, a] = added
                    if i == j:
                        K[i, i, :, b, a] = added
    R = np.sqrt(first.astype(float)).reshape(1, 1, -1) if sizes is not None else R[:, :, first]
    return R, np.bincount(kind, minlength=u).astype(float), K, kind


def _kinds(rows):
    """Which of the different columns each column of an array is, and where the first of each is."""
    # One number that tells them apart, unless by chance two have the same.
    key = sum(np.cos(i) * row for i, row in enumerate(rows))
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    if 2 * len(first) <= len(key) and not np.array_equal(rows[:, first[kind]], rows):
        _, first, kind = np.unique(rows, axis=1, return_index=True, return_inverse=True)
    return kind.ravel(), first


def cholesky_of_each(A, rounding=0.0):
    """L with L Lᵀ = A for many symmetric matrices at once, the last axis counting them."""
    L = np.zeros(A.shape)
    for j in range(len(A)):
        pivot = A[j, j] - np.sum(L[j, :j] ** 2, axis=0) if j else A[j, j]
        # A column that repeats the others gets a row of zeros.
        is_new = pivot > rounding * A[j, j]
        np.sqrt(pivot, out=L[j, j], where=is_new)
        for i in range(j + 1, len(A)):
            rest = A[i, j] - np.sum(L[i, :j] * L[j, :j], axis=0) if j else A[i, j]
            np.divide(rest, L[j, j], out=L[i, j], where=is_new)
    return L


def solve_lower(L, B):
    """X with L X = B for many lower triangular L at once; 0 where L has a row of zeros."""
    X = np.zeros_like(B)
    for i in range(len(L)):
        rest = B[i] - sum(L[i, j] * X[j] for j in range(i)) if i else B[i]
        np.divide(rest, L[i, i], out=X[i], where=L[i, i] > 0)
    return X


def solve_upper(U, B):
    """X with U X = B for many upper triangular U at once; 0 where U has a row of zeros."""
    return solve_lower(U[::-1, ::-1], B[::-1])[::-1]


class Evaluation(NamedTuple):
    """The criterion at one Λ, with β and σ_ε² at their best, and how it changes.

    With σ_ε² held at some value instead, minus twice the log-likelihood is
    ``spread + df log(2π σ_ε²) + pwrss / σ_ε²``, where pwrss is df times the best σ_ε².

    Parameters
    ----------
    criterion : minus twice the (restricted) log-likelihood
    beta, sigma2_e : the best ones
    S : (m, m), (X, y)ᵀ V⁻¹ (X, y), with V in units of σ_ε²
    spread : log |V|, and for REML log |Xᵀ V⁻¹ X| too
    df : n, for REML n − p
    spread_slope, fit_slope : (k, k), the derivatives of spread and of pwrss by Λ Λᵀ
    """

    criterion: float
    beta: np.ndarray
    sigma2_e: float
    S: np.ndarray
    spread: float
    df: int
    spread_slope: np.ndarray
    fit_slope: np.ndarray

    @property
    def slope(self):
        """(k, k), the derivative of the criterion by Λ Λᵀ."""
        return self.spread_slope + self.fit_slope / self.sigma2_e


class Best(NamedTuple):
    """What follows from the cross products S: see ``Evaluation``; and the inverse of its X part."""

    criterion: float
    beta: np.ndarray
    sigma2_e: float
    spread: float
    df: int
    X_inverse: np.ndarray


def best_of(S, logdet, n, reml):
    """β and σ_ε² at their best, from cross products in the metric of V: see chapter 10.

    Parameters
    ----------
    S : (m, m), (X, y)ᵀ V⁻¹ (X, y), with V in units of σ_ε²
    logdet : log |V|
    n : number of rows
    reml : True for REML, False for ML
    """
    p = len(S) - 1
    df = n - p if reml else n
    if p == 0:
        criterion = logdet + df * (1 + np.log(2 * np.pi * S[0, 0] / df))
        return Best(float(criterion), np.empty(0), float(S[0, 0] / df), logdet, df, S[:0, :0])
    L, _ = lapack.dpotrf(S[:p, :p], lower=1, clean=1)
    beta, _ = lapack.dpotrs(L, S[:p, p], lower=1)
    half, _ = lapack.dtrtri(L, lower=1)
    pwrss = float(S[p, p] - S[p, :p] @ beta)
    spread = float(logdet)
    if reml:
        spread += 2 * float(np.log(L.diagonal()).sum())
    # Where rounding is all that is left, there is no best σ_ε², and the criterion has no minimum.
    log_sigma2_e = math.log(pwrss / df) if pwrss > 0 else -math.inf
    criterion = spread + df * (1 + math.log(2 * math.pi) + log_sigma2_e)
    return Best(criterion, beta, pwrss / df, spread, df, half.T @ half)


def evaluate(sums, Lambda, reml=True):
    """Minus twice the (restricted) log-likelihood at 𝒟 = σ_ε² Λ Λᵀ, the rest at its best.

    Parameters
    ----------
    sums : Sums
    Lambda : (k, k)
    reml : True for REML, False for ML

    Returns
    -------
    evaluation : Evaluation
    """
    R, count, K, within, n = sums[:5]
    k, m = len(R), len(within)
    L, H_inverse = _inverse_of_each(R, Lambda)
    flat = K.reshape(-1, m * m)
    S = within + (H_inverse.ravel() @ flat).reshape(m, m)
    logdet = 2 * sum(count @ np.log(L[i, i]) for i in range(k))
    best = best_of(S, logdet, n, reml)
    weights = np.zeros((m, m, 2))
    if reml:
        weights[:-1, :-1, 0] = best.X_inverse
    residual = np.append(-best.beta, 1.0)
    weights[..., 1] = residual[:, np.newaxis] * residual
    N = (flat @ weights.reshape(-1, 2)).T.reshape(2, k, k, -1)
    if k == 1:
        R, H_inverse = R.ravel(), H_inverse.ravel()
        HR = H_inverse * R
        spread_slope = np.array([[(count * R) @ HR - HR**2 @ N[0, 0, 0]]])
        fit_slope = np.array([[-(HR**2) @ N[1, 0, 0]]])
    else:
        HR = np.einsum("iju,jlu->ilu", H_inverse, R)
        spread_slope = _added_products(R * count, HR)
        if reml:
            spread_slope -= _added_products(np.einsum("iju,jau->iau", N[0], HR), HR)
        fit_slope = -_added_products(np.einsum("iju,jau->iau", N[1], HR), HR)
    return Evaluation(*best[:3], S, *best[3:5], spread_slope, fit_slope)


def _added_products(A, B):
    """The sum over i and u of A[i, a, u] B[i, b, u]."""
    return np.matmul(A, B.transpose(0, 2, 1)).sum(axis=0)


def starts(sums, reml=True):
    """Where to begin for a single random effect: the summits of a scan, the highest first.

    The likelihood can have two tops, one of them at 0.

    Returns
    -------
    starts : values of Λ
    """
    R, count, K, within, n = sums[:5]
    m = len(within)
    shares = np.linspace(-9, 18, 40 if R.size < MANY_KINDS else 12)
    ratios = np.append(0.0, np.exp(shares) / np.mean(R**2))
    H = 1.0 + np.outer(ratios, R[0, 0] ** 2)
    S = within + ((1 / H) @ K.reshape(-1, m * m)).reshape(-1, m, m)
    spread = np.log(H) @ count
    df = n - m + 1 if reml else n
    half = np.linalg.solve(S[:, :-1, :-1], S[:, :-1, -1:])[..., 0]
    pwrss = S[:, -1, -1] - np.sum(S[:, :-1, -1] * half, axis=1)
    if reml:
        spread += np.linalg.slogdet(S[:, :-1, :-1])[1]
    heights = spread + df * np.log(np.maximum(pwrss, np.finfo(float).tiny))
    around = np.concatenate([[np.inf], heights, [np.inf]])
    summits = np.flatnonzero((heights <= around[:-2]) & (heights < around[2:]))
    inside = summits[(summits > 1) & (summits < len(ratios) - 1)]
    # The lowest point of the parabola through a summit and its neighbours.
    before, after = heights[inside - 1] - heights[inside], heights[inside + 1] - heights[inside]
    ratios[inside] *= np.exp((shares[1] - shares[0]) * (before - after) / (before + after) / 2)
    return np.sqrt(ratios[summits[np.argsort(heights[summits])]])


def _inverse_of_each(R, Lambda):
    """The Cholesky factor and the inverse of H = I + R Λ Λᵀ Rᵀ for each kind of group."""
    k = len(R)
    if k == 1:
        H = 1.0 + (Lambda[0, 0] * R) ** 2
        return np.sqrt(H), 1.0 / H
    RL = np.einsum("iju,jl->ilu", R, Lambda)
    H = np.einsum("ilu,jlu->iju", RL, RL)
    for i in range(k):
        H[i, i] += 1.0
    L = cholesky_of_each(H)
    L_inverse = solve_lower(L, np.repeat(np.eye(k)[:, :, np.newaxis], H.shape[2], axis=2))
    return L, np.einsum("liu,lju->iju", L_inverse, L_inverse)


def effects(sums, Lambda, beta):
    """What is known of the random effects of each group, in units of σ_ε.

    Parameters
    ----------
    sums : Sums
    Lambda : (k, k)
    beta : (p,) coefficients of X

    Returns
    -------
    b : (k, q) predicted random effects
    variance : (k, k, q) their conditional covariances, divided by σ_ε²
    """
    D = Lambda @ Lambda.T
    R = np.swapaxes(sums.L, 0, 1)
    chol, _ = _inverse_of_each(R, Lambda)
    half = solve_lower(chol, np.einsum("iju,jl->ilu", R, D))
    along = solve_lower(chol, sums.c[:, -1] - np.einsum("iau,a->iu", sums.c[:, :-1], beta))
    b = np.einsum("iju,iu->ju", half, along)
    return b, D[:, :, np.newaxis] - np.einsum("iju,ilu->jlu", half, half)
