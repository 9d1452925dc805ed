"""Chapter 13: a prior for the variances, and what the data make of it, on a grid of values."""

import numpy as np

from lmmteach._shapes import between_0_and_1, not_negative, number, shaped


def balanced_restricted_loglik(sigma2_b, sigma2_e, SSB, SSW, I, J):
    """The restricted log-likelihood of a balanced study, up to a constant.

        ℓ_R(θ) = −½ { (I − 1) log ν + SSB / ν + I(J − 1) log σ_ε² + SSW / σ_ε² } + const,
        ν = σ_ε² + J σ_b²                                    {eq}`eq-balanced-restricted`

    Parameters
    ----------
    sigma2_b : variance between groups, or an array of such; in squared units of y
    sigma2_e : variance within groups, an array that fits to the other, each above 0
    SSB, SSW : sums of squares between and within groups
    I : number of groups, two at least
    J : number of observations of each

    Returns
    -------
    loglik : a number, or an array of them

    Raises
    ------
    ValueError
        if a σ_b² is negative, a σ_ε² is not above 0, or there is one group only.

    Source: Searle, Casella and McCulloch (1992), section 3.8, without the constant.
    """
    sigma2_b, sigma2_e = np.asarray(sigma2_b, float), np.asarray(sigma2_e, float)
    _require_variances(sigma2_b, sigma2_e, I)
    nu = sigma2_e + J * sigma2_b
    between = (I - 1) * np.log(nu) + SSB / nu
    within = I * (J - 1) * np.log(sigma2_e) + SSW / sigma2_e
    return -0.5 * (between + within)


def grid_posterior(loglik, prior):
    """Bayes' rule on a grid: what each value was worth, times its likelihood.

        p_k = exp(ℓ_k) π_k / Σ_l exp(ℓ_l) π_l                            {eq}`eq-grid-posterior`

    Parameters
    ----------
    loglik : log-likelihood at each value of the grid, up to a constant; of any shape
    prior : what each value is worth before the data, up to a factor; of the same shape

    Returns
    -------
    shares : of the same shape, adding up to 1

    Raises
    ------
    ValueError
        if the shapes differ, a prior is negative, or all of them are 0.

    Source: Bayes' rule; Gelman and others (2013), section 3.7, for a grid.
    """
    loglik, prior = np.asarray(loglik, float), np.asarray(prior, float)
    _require_prior(loglik, prior)
    joint = np.exp(loglik - np.max(loglik)) * prior
    return joint / np.sum(joint)


def half_t(sd, scale, df=3):
    """A prior for a standard deviation: the half of Student's t above 0.

        π(σ) = 2 Γ((d + 1)/2) / { Γ(d/2) √(dπ) s } · { 1 + (σ/s)² / d }^(−(d + 1)/2)
                                                                         {eq}`eq-half-t`

    Parameters
    ----------
    sd : standard deviations, a number or an array; none is negative
    scale : s, in units of y: a good half of the prior lies below it
    df : d, its degrees of freedom; 1 gives the half-Cauchy

    Returns
    -------
    density : in the shape of sd

    Raises
    ------
    ValueError
        if an SD is negative, or scale or df is not above 0.

    Source: Gelman (2006), on priors for few groups.
    """
    from scipy.special import gammaln

    sd = np.asarray(sd, float)
    _require_half_t(sd, scale, df)
    log_constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    log_tail = -(df + 1) / 2 * np.log1p((sd / scale) ** 2 / df)
    return 2 / scale * np.exp(log_constant + log_tail)


def credible_interval(values, shares, level=0.95):
    """The interval that leaves out as much of the posterior below as above.

        Σ_{σ_k < low} p_k = Σ_{σ_k > high} p_k = ½ (1 − c)               {eq}`eq-credible`

    Parameters
    ----------
    values : (g,) the values of the grid, in increasing order
    shares : (g,) what each is worth, adding up to 1
    level : c, how much of the posterior the interval contains; between 0 and 1

    Returns
    -------
    low, high : between neighbouring values by a straight line

    Raises
    ------
    ValueError
        if the shapes differ, the values do not increase, or level is not between 0 and 1.

    Source: Gelman and others (2013), section 2.3.
    """
    values, shares = shaped("values: g, shares: g", values, shares)
    _require_grid(values, level)
    below = np.cumsum(shares) - shares / 2
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], below, values)
    return float(low), float(high)


def _require_variances(sigma2_b, sigma2_e, I):
    if (sigma2_b < 0).any() or (sigma2_e <= 0).any() or I < 2:
        raise ValueError(
            "No sigma2_b may be negative, every sigma2_e must be above 0, and I at least 2."
        )


def _require_prior(loglik, prior):
    if loglik.shape != prior.shape:
        raise ValueError(
            f"loglik has shape {loglik.shape} and prior {prior.shape}, but both belong to the same "
            "grid."
        )
    if (prior < 0).any() or not (prior > 0).any():
        raise ValueError("No prior may be negative, and one at least must be above 0.")


def _require_half_t(sd, scale, df):
    if (sd < 0).any():
        raise ValueError("A standard deviation cannot be negative, and one of sd is.")
    for name, value in (("scale", scale), ("df", df)):
        not_negative(name, number(name, value))
        if value == 0:
            raise ValueError(f"{name} = 0, but it must be above 0.")


def _require_grid(values, level):
    between_0_and_1(level)
    if (np.diff(values) <= 0).any():
        raise ValueError("The values of the grid must increase.")
