"""How both fits find the top of their hill: steps that end exactly at σ_b² = 0 where it is best."""

import numpy as np

STEPS = 100
# How much of the variance is between groups, at the start: the hill can have two tops.
SHARES = (0.0, 0.1, 0.4, 0.75, 0.95, 0.995)


def ols_if_estimable(y, X, Z, held):
    """Return the β and residuals of OLS, once it is sure that the data can tell the parameters.

    A variance that is held (a number in ``held`` instead of None) need not be told.

    Raises
    ------
    ValueError
        saying which assumption of the fit the data break.
    """
    n, p = X.shape
    if p and np.linalg.matrix_rank(X) < p:
        raise ValueError(
            f"The {p} columns of X are linearly dependent (rank {np.linalg.matrix_rank(X)}): "
            "one of them repeats what the others say. Leave it out."
        )
    if n < p + 2:
        raise ValueError(
            f"{n} observations cannot tell {p} coefficients and 2 variances: "
            "there are fewer observations than parameters."
        )
    beta, residuals = least_squares(y, X)
    if negligible(residuals, y):
        raise ValueError(
            "X explains the response exactly (is it constant?): nothing is left that could vary."
        )
    if held == (None, None):
        _, beyond_X = least_squares(Z, X)
        if negligible(beyond_X, Z):
            raise ValueError(
                "The fixed part already explains the groups (is there only one group?): "
                "no variance between groups is left to estimate."
            )
        XZ = np.column_stack([X, Z])
        if np.linalg.matrix_rank(XZ) == n:
            raise ValueError(
                "There is one observation per group (or as good as): sigma2_b and sigma2_e "
                "cannot be told apart. Some groups need two observations."
            )
        _, within = least_squares(y, XZ)
        if negligible(within, y):
            raise ValueError(
                "The response does not vary within groups: sigma2_e would be 0 "
                "and the likelihood infinite."
            )
    return beta, residuals


def least_squares(y, X):
    """OLS coefficients and residuals; y may have several columns, X none at all."""
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    return beta, y - X @ beta


def negligible(residuals, y):
    """True where the residuals are only the rounding of y."""
    return np.max(np.abs(residuals)) <= 1e-12 * np.max(np.abs(y))


def climb(loglik, score, curvature, information, variance, p, held):
    """Maximise ``loglik(x)`` over x = (p coefficients, σ_b², σ_ε²) and return the x at the top.

    Parameters
    ----------
    loglik, score : functions of x: a number, and its slope
    curvature, information : functions of x: minus the second derivatives, and their expectation
    variance : the best σ_ε² if there were no groups; the starts share it out
    p : number of coefficients in x, each started at 0
    held : (σ_b², σ_ε²), a number where the variance is held, None where it is free

    Raises
    ------
    ValueError
        if no top is found.
    """
    starts = list(_starts(variance, p, held))
    free = np.array([True] * p + [value is None for value in held])

    def top_above(x):
        return _climb_from(x, free, loglik, score, curvature, information)

    at_zero, *_ = starts
    if free[-2] and score(at_zero)[-2] <= 0:
        # σ_b² = 0 is a top of its own; it need not be the highest.
        return max(map(top_above, starts), key=loglik)
    return top_above(max(starts, key=loglik))


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
        if distance < 1e-20 or previous <= distance < 1e-12:
            return x
        previous = distance
        x = _step_up(loglik, x, step)
        bend = curvature(x)
        if not _is_hilltop(bend):
            bend = information(x)
    raise ValueError(
        f"No maximum found in {STEPS} steps; the last was still {np.sqrt(distance):.1g} standard "
        "errors long. The data hardly tell the variances apart: plot the profile likelihood."
    )


def _starts(variance, p, held):
    for share in SHARES:
        guess = (share * variance, (1 - share) * variance)
        theta = [g if value is None else value for g, value in zip(guess, held, strict=True)]
        yield np.array([0.0] * p + theta)


def _is_hilltop(curvature):
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        return False
    return True


def _step_up(loglik, x, step):
    """Take the step, shortened until it does not lead downhill or out of the allowed variances."""
    here = loglik(x)
    # What a step may lose and still pass: the rounding of the log-likelihood.
    rounding = 1e-9 + 1e-13 * abs(here)
    for _ in range(60):
        there = x + step
        there[-2] = max(there[-2], 0.0)
        if there[-1] > 0 and loglik(there) >= here - rounding:
            return there
        step = step / 2
    return x
