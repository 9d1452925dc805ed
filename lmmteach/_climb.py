"""How both fits find the top of their hill: steps that end exactly at σ_b² = 0 where it is best."""

from typing import NamedTuple

import numpy as np

from lmmteach._shapes import NOT_POSITIVE_DEFINITE, not_negative

STEPS = 100
# From so many rows on, it matters how X = QR is found.
MANY_ROWS = 2000
# Cross products of columns, in units of their lengths, keep enough digits if their smallest
# eigenvalue is above the first; above the second they keep nearly all.
WELL_CONDITIONED, NEARLY_ORTHOGONAL = 1e-6, 1e-2
# The shares of the variance between groups that the scan looks at.
SHARES = (0.0, *(1 / (1 + np.exp(-np.linspace(-9, 18, 40)))))
# Squared distances to the top, in standard errors: so near to it that rounding makes the
# heights of single steps a matter of chance; and where steps that no longer get shorter may end.
NEAR, NOISE = 1e-6, 1e-8

GROUPS_EXPLAINED = (
    "The fixed part already explains {}, so no variance between groups is left to estimate. Check "
    "also that there is more than one group."
)
ONE_EACH = (
    "There is one observation per group, or as good as, so sigma2_b and sigma2_e cannot be told "
    "apart. Some groups need at least two observations."
)
NOTHING_WITHIN = (
    "The response does not vary within groups, so sigma2_e would be 0 and the likelihood infinite."
)


class Hill(NamedTuple):
    """What is climbed, as functions of x, which ends in (σ_b², σ_ε²)."""

    loglik: object
    score: object
    # Minus the second derivatives, and their expectation.
    curvature: object
    information: object


def climb_from_ols(hill, y, X, Z, held, reml):
    """Climb the hill of what OLS leaves of y, which keeps the digits that a large mean would cost.

    Parameters
    ----------
    hill : function of (y, X, Z) that gives a Hill, for REML one of θ alone, otherwise of (β, θ)
    y, X, Z : the data
    held : (σ_b², σ_ε²), a number where the variance is held, None where it is free
    reml : True for REML, False for ML

    Returns
    -------
    beta, residuals : of OLS
    x : the top of the hill of the residuals

    Raises
    ------
    ValueError
        if the data break an assumption of the fit, or no top is found.
    """
    beta, residuals = ols_if_estimable(y, X, Z, held)
    n, p = X.shape
    starts = starting_values(residuals, X, Z, df=n - p if reml else n, held=held)
    if reml:
        starts = [x[-2:] for x in starts]
    return beta, residuals, climb(*hill(residuals, X, Z), starts, held)


def ols_if_estimable(y, X, Z, held):
    """Return the β and residuals of OLS, once it is sure that the data can tell the parameters.

    A variance that is held (a number in ``held`` instead of None) need not be told.

    Raises
    ------
    ValueError
        saying which assumption of the fit the data break.
    """
    for name, value in zip(("sigma2_b", "sigma2_e"), held, strict=True):
        if value is not None:
            not_negative(name, value)
    if held[1] == 0:
        raise ValueError(NOT_POSITIVE_DEFINITE)
    n, p = X.shape
    if p and np.linalg.matrix_rank(X) < p:
        raise ValueError(
            f"The {p} columns of X are linearly dependent (rank {np.linalg.matrix_rank(X)}), so "
            "one of them repeats what the others contain. Leave it out."
        )
    require_rows(n, p, 2)
    beta, residuals = least_squares(y, X)
    require_unexplained(residuals, y)
    if held == (None, None):
        require_told_apart(y, X, Z)
    return beta, residuals


def require_rows(n, p, variances, covariances=0):
    """Raise a ValueError if there are fewer observations than parameters."""
    if n < p + variances + covariances:
        estimated = f"{p} coefficient{'s' * (p != 1)} and {variances} variances"
        if covariances:
            estimated += f" with {covariances} covariance{'s' * (covariances != 1)}"
        raise ValueError(
            f"{n} observations cannot determine {estimated}, because there are fewer observations "
            "than parameters."
        )


def require_told_apart(y, X, Z):
    """Raise a ValueError if X explains the groups, or the groups all that X leaves of y."""
    _, beyond_X = least_squares(Z, X)
    if negligible(beyond_X, Z):
        raise ValueError(GROUPS_EXPLAINED.format("the groups"))
    XZ = np.column_stack([X, Z])
    if np.linalg.matrix_rank(XZ) == len(y):
        raise ValueError(ONE_EACH)
    _, within = least_squares(y, XZ)
    if negligible(within, y):
        raise ValueError(NOTHING_WITHIN)


def orthonormal(X, y):
    """X = QR with orthonormal Q, the OLS coefficients of y on Q, and what they leave over.

    The same model in other columns: with years or times in X, and far from 0, the formulas would
    lose their digits.
    """
    Q, R = _triangular(X)
    beta_Q = Q.T @ y
    return Q, R, beta_Q, y - Q @ beta_Q


def _triangular(X):
    """X = QR, by the cross products of X where they keep all digits, which is quicker."""
    if len(X) < MANY_ROWS:
        return np.linalg.qr(X)
    products = _cross_products(X)
    independence = _independence(products)
    if independence <= WELL_CONDITIONED:
        return np.linalg.qr(X)
    L = np.linalg.cholesky(products)
    Q, R = np.linalg.solve(L, np.eye(len(L))) @ X.T, L.T
    if independence < NEARLY_ORTHOGONAL:
        # The second time takes away what the first has left of rounding.
        L = np.linalg.cholesky(Q @ Q.T)
        Q, R = np.linalg.solve(L, np.eye(len(L))) @ Q, L.T @ R
    # The columns of Q, not its rows, lie together in memory.
    return Q.T, R


def is_well_conditioned(X):
    """Whether the columns of X, in units of their lengths, are far from dependent."""
    return _independence(_cross_products(X)) > WELL_CONDITIONED


def _cross_products(X):
    """XᵀX; column by column where they are long, since BLAS is slow for a few long ones."""
    if len(X) < MANY_ROWS:
        return X.T @ X
    p = X.shape[1]
    products = np.empty((p, p))
    for i in range(p):
        for j in range(i + 1):
            products[i, j] = products[j, i] = X[:, i] @ X[:, j]
    return products


def _independence(products):
    """The smallest eigenvalue of XᵀX for columns of length 1: 1 at right angles, 0 if dependent."""
    lengths = np.sqrt(np.diag(products))
    if not lengths.all():
        return 0.0
    return np.linalg.eigvalsh(products / np.outer(lengths, lengths)).min(initial=1.0)


def least_squares(y, X):
    """OLS coefficients and residuals; y may have several columns, X none at all."""
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    return beta, y - X @ beta


def require_unexplained(residuals, y):
    """Raise a ValueError if X leaves nothing of y over."""
    if negligible(residuals, y):
        raise ValueError(
            "X explains the response exactly, so nothing is left that could vary. Check whether "
            "the response is constant."
        )


def negligible(residuals, y):
    """True where the residuals are only the rounding of y."""
    return _largest(residuals) <= 1e-12 * _largest(y)


def _largest(values):
    """The largest size of any of the values, with no copy of them all."""
    return max(values.max(), -values.min())


def climb(loglik, score, curvature, information, starts, held):
    """Maximise ``loglik(x)`` over x, which ends in (σ_b², σ_ε²), and return the x at the top.

    Parameters
    ----------
    loglik, score : functions of x: a number, and its slope
    curvature, information : functions of x: minus the second derivatives, and their expectation
    starts : values of x to climb from, the best first
    held : (σ_b², σ_ε²), a number where the variance is held, None where it is free

    Raises
    ------
    ValueError
        if no top is found.
    """
    free = np.array([True] * (len(starts[0]) - 2) + [value is None for value in held])
    tops = [_climb_from(x, free, loglik, score, curvature, information) for x in starts]
    return max(tops, key=loglik)


def starting_values(y, X, Z, df, held):
    """Places to climb from: the summits of a coarse scan over the share between groups.

    The hill can have two tops, one of them at σ_b² = 0. Along one share the best β is known, and
    so is the scale of θ: from a variance that is held, otherwise the best one.

    Parameters
    ----------
    y, X, Z : the data
    df : what the weighted sum of squares is divided by: n for ML, n − p for REML
    held : (σ_b², σ_ε²), a number where the variance is held, None where it is free

    Returns
    -------
    starts : a list of arrays (β, σ_b², σ_ε²), the highest first
    """
    # Along the eigenvectors of ZZᵀ the observations are independent, so that the scan takes one
    # decomposition and not one for each share.
    n = len(y)
    U, s, _ = np.linalg.svd(Z, full_matrices=False)
    yX = np.column_stack([y, X])
    along = U.T @ yX
    across = yX - U @ along
    across = across.T @ across
    heights, starts = [], []
    for share, scale in _shares_and_scales(*held):
        between, within = share * s**2, 1 - share
        products = across / within + along.T @ (along / (between + within)[:, np.newaxis])
        beta = np.linalg.solve(products[1:, 1:], products[1:, 0])
        best_scale = (products[0, 0] - products[0, 1:] @ beta) / df
        scale = best_scale if scale is None else scale
        spread = np.log(between + within).sum() + (n - len(s)) * np.log(within)
        if df < n:
            spread += np.linalg.slogdet(products[1:, 1:])[1]
        heights.append(-(df * (np.log(scale) + best_scale / scale) + spread) / 2)
        theta = [share * scale, within * scale]
        theta = [x if h is None else h for x, h in zip(theta, held, strict=True)]
        starts.append(np.concatenate([beta, theta]))
    around = np.array([-np.inf, *heights, -np.inf])
    summits = (around[1:-1] >= around[:-2]) & (around[1:-1] > around[2:])
    return [starts[i] for i in np.argsort(heights)[::-1] if summits[i]]


def _shares_and_scales(sigma2_b, sigma2_e):
    """The shares to look at, each with the σ_b² + σ_ε² that the held variances leave, or None."""
    if sigma2_b is not None and sigma2_e is not None:
        return [(sigma2_b / (sigma2_b + sigma2_e), sigma2_b + sigma2_e)]
    if sigma2_b == 0:
        return [(0.0, None)]
    if sigma2_b is not None:
        return [(share, sigma2_b / share) for share in SHARES if share > 0]
    if sigma2_e is not None:
        return [(share, sigma2_e / (1 - share)) for share in SHARES]
    return [(share, None) for share in SHARES]


def _climb_from(x, free, loglik, score, curvature, information):
    previous = np.inf
    # Fisher's step (information) leads straight to the top in balanced data; near any top Newton's
    # step (curvature) is the faster one.
    bend = information(x)
    for _ in range(STEPS):
        slope = score(x)
        moving = free.copy()
        moving[-2] &= x[-2] > 0 or slope[-2] > 0
        step = np.zeros_like(x)
        step[moving] = np.linalg.solve(bend[np.ix_(moving, moving)], slope[moving])
        # The squared distance to the top in standard errors: free of the units of y and X.
        distance = slope @ step
        if distance < 1e-20 or previous <= distance < NOISE:
            return x
        previous = distance
        x = _step_up(loglik, x, step, near=distance < NEAR)
        bend = curvature(x)
        # A variance that is held is no direction to climb in.
        if not _is_hilltop(bend[np.ix_(free, free)]):
            bend = information(x)
    raise ValueError(
        f"No maximum was found in {STEPS} steps; the last was still {np.sqrt(distance):.1g} "
        "standard errors long. The data can hardly tell the variances apart, so plot the profile "
        "likelihood."
    )


def _is_hilltop(curvature):
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        return False
    return True


def _step_up(loglik, x, step, near=False):
    """Take the step, shortened until it does not lead downhill or out of the allowed variances.

    Near the top the height is not asked: rounding has more to say about it than the step.
    """
    here = -np.inf if near else loglik(x)
    # What a step may lose and still pass: the rounding of the log-likelihood.
    rounding = 0.0 if near else 1e-9 + 1e-13 * abs(here)
    for _ in range(60):
        there = x + step
        there[-2] = max(there[-2], 0.0)
        if there[-1] > 0 and loglik(there) >= here - rounding:
            return there
        step = step / 2
    return x
