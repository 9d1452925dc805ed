"""Chapter 8: what the model leaves over, and whether it looks as it should."""

from typing import NamedTuple

import numpy as np

from lmmteach._shapes import not_negative, shaped
from lmmteach.likelihood import fit_ml
from lmmteach.reml import fit_reml


def marginal_residuals(y, X, beta):
    """What the regression leaves over: the random effects together with the errors.

        y − Xβ̂                                              {eq}`eq-marginal-residuals`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    beta : (p,) estimated coefficients

    Returns
    -------
    residuals : (n,), in units of y; those of one group are correlated

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: Pinheiro and Bates (2000), section 4.3, "population" residuals.
    """
    y, X, beta = shaped("y: n, X: n p, beta: p", y, X, beta)
    return y - X @ beta


def conditional_residuals(y, X, beta, Z, b):
    """The lecture's observed residuals: what is left beyond the group's own level.

        ε̂ = y − Xβ̂ − Zb̂                                  {eq}`eq-conditional-residuals`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    beta : (p,) estimated coefficients
    Z : (n, q) design of the random effects
    b : (q,) predicted random effects

    Returns
    -------
    residuals : (n,), in units of y

    Raises
    ------
    ValueError
        if the shapes do not fit together.

    Source: lecture 15, "Diagnostics".
    """
    y, X, beta, Z, b = shaped("y: n, X: n p, beta: p, Z: n q, b: q", y, X, beta, Z, b)
    return y - X @ beta - Z @ b


def scaled_residuals(residuals, sigma2_e):
    """Conditional residuals in units of σ̂_ε, as the printout shows them.

        ε̂ / σ̂_ε                                               {eq}`eq-scaled-residuals`

    Parameters
    ----------
    residuals : (n,) conditional residuals, in units of y
    sigma2_e : variance within groups, in squared units of y

    Returns
    -------
    scaled : (n,), without units; roughly N(0, 1) if the model is right

    Raises
    ------
    ValueError
        if sigma2_e is not a variance greater than 0.

    Source: lecture 15, "Motivation" (the printout's "Scaled residuals").
    """
    (residuals,) = shaped("residuals: n", residuals)
    not_negative("sigma2_e", sigma2_e)
    if sigma2_e == 0:
        raise ValueError("sigma2_e = 0, so it cannot serve as the unit of the residuals.")
    return residuals / np.sqrt(sigma2_e)


def qq_points(values):
    """Points of a normal QQ plot: where each sorted value should be, and where it is.

        ( Φ⁻¹(p_k), r_(k) ),   p_k = (k − a) / (n + 1 − 2a)              {eq}`eq-qq`
        a = ½ for n > 10, a = ⅜ for n ≤ 10

    Parameters
    ----------
    values : (n,), e.g. scaled residuals

    Returns
    -------
    theoretical : (n,) quantiles of N(0, 1)
    observed : (n,) the values, sorted

    Raises
    ------
    ValueError
        if a value is missing.

    Source: lecture 15, "Diagnostics"; the p_k are those of R's ``qqnorm``.
    """
    from scipy.special import ndtri

    (values,) = shaped("values: n", values)
    n = len(values)
    a = 3 / 8 if n <= 10 else 1 / 2
    return ndtri((np.arange(1, n + 1) - a) / (n + 1 - 2 * a)), np.sort(values)


def pp_points(values):
    """Points of a normal PP plot: as ``qq_points``, with probabilities on both axes.

        ( p_k, Φ(r_(k)) ),   p_k = (k − ½) / n                           {eq}`eq-pp`

    Parameters
    ----------
    values : (n,), already scaled to be N(0, 1) if the model is right

    Returns
    -------
    theoretical : (n,) probabilities
    observed : (n,) probabilities that N(0, 1) gives to less than each value, sorted

    Raises
    ------
    ValueError
        if a value is missing.

    Source: lecture 15, "Diagnostics"; Wilk and Gnanadesikan (1968).
    """
    from scipy.special import ndtr

    (values,) = shaped("values: n", values)
    n = len(values)
    return (np.arange(1, n + 1) - 0.5) / n, ndtr(np.sort(values))


def _require_groups(Z):
    if not (np.isin(Z, (0, 1)).all() and (Z.sum(axis=1) == 1).all()):
        raise ValueError(
            "Z must assign each row to exactly one group, so each of its rows needs a single 1 and "
            "zeros elsewhere."
        )


class Influence(NamedTuple):
    """Estimates with one group left out at a time: ``beta`` is (q, p), ``theta`` is (q, 2)."""

    beta: np.ndarray
    theta: np.ndarray


def influence_by_group(y, X, Z, reml=True):
    """Fit the model again and again, each time without one of the groups.

        β̂₍₋ᵢ₎, θ̂₍₋ᵢ₎: the estimates from the rows with Z_ri = 0          {eq}`eq-influence`

    Parameters
    ----------
    y : (n,) responses
    X : (n, p) design of the regression
    Z : (n, q) design of the random effects, a row for each observation with a single 1
    reml : True for REML, False for ML

    Returns
    -------
    influence : with ``beta`` (q, p) and ``theta`` (q, 2), row i without group i

    Raises
    ------
    ValueError
        if the remaining data do not determine the parameters, or a row of Z lacks its single 1.

    Source: Demidenko and Stukel (2005).
    """
    y, X, Z = shaped("y: n, X: n p, Z: n q", y, X, Z)
    _require_groups(Z)
    fitter = fit_reml if reml else fit_ml
    estimates = [_fit_without(i, fitter, y, X, Z) for i in range(Z.shape[1])]
    betas, thetas = zip(*estimates, strict=True)
    return Influence(np.array(betas), np.array(thetas))


def _fit_without(i, fitter, y, X, Z):
    """The estimates without group i, or why there are none."""
    others = Z[:, i] == 0
    try:
        return fitter(y[others], X[others], np.delete(Z, i, axis=1)[others])
    except ValueError as error:
        raise ValueError(f"Without group {i + 1}: {error}") from None
