"""Chapter 12: how exact a simulated figure is, and what a planned study can be expected to show."""

import numpy as np
from scipy.special import fdtri, ncfdtr

from lmmteach._shapes import between_0_and_1, shaped, variances


def monte_carlo(draws):
    """A simulated figure, the mean of its draws, and the standard error of this mean.

        x̄ ± s / √B                                              {eq}`eq-monte-carlo`

    Parameters
    ----------
    draws : (B,) what each simulated study gave: a number, or true and false, whose mean is a share

    Returns
    -------
    figure, error : the mean, and its Monte Carlo error

    Raises
    ------
    ValueError
        if there are fewer than two draws, or one is missing.

    Source: Morris, White and Crowther (2019).
    """
    (draws,) = shaped("draws: B", draws)
    if len(draws) < 2:
        raise ValueError(f"There are {len(draws)} draw(s), and the error needs at least 2.")
    return draws.mean(), draws.std(ddof=1) / np.sqrt(len(draws))


def draws_needed(share, error):
    """How many data sets to draw, so that a share has this Monte Carlo error.

        B = p (1 − p) / error²                                  {eq}`eq-draws-needed`

    Parameters
    ----------
    share : p, about what the share will be, between 0 and 1
    error : the Monte Carlo error that is wanted, as a share too

    Returns
    -------
    B : a whole number

    Raises
    ------
    ValueError
        if one of them is not between 0 and 1.

    Source: Morris, White and Crowther (2019).
    """
    _between("share", share)
    _between("error", error)
    # Rounding must not make 1601 of 1600.
    return int(np.ceil(round(share * (1 - share) / error**2, 6)))


def difference_variance(theta, I, J):
    """Variance of the estimated difference between two halves of the groups.

        Var(δ̂) = 4 (σ_b² + σ_ε² / J) / I                        {eq}`eq-difference`

    Parameters
    ----------
    theta : (σ_b², σ_ε²), in squared units of y
    I : number of groups, half of them treated; a number or an array
    J : number of measurements of each group; a number or an array

    Returns
    -------
    variance : in squared units of y

    Raises
    ------
    ValueError
        if theta is not two variances.

    Source: Snijders and Bosker (1993).
    """
    sigma2_b, sigma2_e = variances(theta)
    return 4 * (sigma2_b + sigma2_e / J) / I


def within_variance(theta, I, J):
    """Variance of a difference between two halves of each group's measurements.

        Var(δ̂) = 4 σ_ε² / (I J)                                 {eq}`eq-within-difference`

    Parameters
    ----------
    theta : (σ_b², σ_ε²), in squared units of y
    I : number of groups; a number or an array
    J : number of measurements of each group, half of them under treatment; a number or an array

    Returns
    -------
    variance : in squared units of y

    Raises
    ------
    ValueError
        if theta is not two variances.

    Source: follows from V(θ), since the effect of a group cancels in its difference.
    """
    _, sigma2_e = variances(theta)
    return 4 * sigma2_e / (I * J)


def power(effect, variance, df, alpha=0.05):
    """How often a t test finds an effect whose estimate has this variance.

        P(F > f_{1−α}),   F ~ F_{1,df}(δ² / Var(δ̂))             {eq}`eq-power`

    Parameters
    ----------
    effect : δ, the true effect, in units of y; a number or an array
    variance : Var(δ̂), the true variance of its estimate, in squared units of y
    df : degrees of freedom with which a study estimates this variance
    alpha : α, how often the test may reject if there is no effect

    Returns
    -------
    power : between α and 1

    Raises
    ------
    ValueError
        if alpha is not between 0 and 1.

    Source: Searle, Casella and McCulloch (1992), on the noncentral F distribution.
    """
    between_0_and_1(alpha)
    critical = fdtri(1, df, 1 - alpha)
    return 1 - ncfdtr(1, df, effect**2 / variance, critical)


def best_measurements(theta, per_group, per_measurement):
    """The number of measurements of each group that makes the most of a budget.

        J* = √( (c_g / c_m) (σ_ε² / σ_b²) )                     {eq}`eq-best-measurements`

    Parameters
    ----------
    theta : (σ_b², σ_ε²), in squared units of y
    per_group : c_g, what it costs to win a group
    per_measurement : c_m, what each of its measurements costs

    Returns
    -------
    J : a number that need not be whole

    Raises
    ------
    ValueError
        if theta is not two variances, or σ_b² or the cost of a measurement is 0.

    Source: Snijders and Bosker (1993).
    """
    sigma2_b, sigma2_e = variances(theta)
    if sigma2_b == 0 or per_measurement == 0:
        raise ValueError("Where sigma2_b or per_measurement is 0, more measurements always pay.")
    return np.sqrt(per_group / per_measurement * sigma2_e / sigma2_b)


def _between(name, value):
    if not 0 < value < 1:
        raise ValueError(f"{name} = {value:g}, but it must be between 0 and 1: 80 % is 0.8.")
