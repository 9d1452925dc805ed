"""Intervals for the parameters of a fit, and the profile curves that they are read off."""

import numpy as np
import pandas as pd

from lmmteach._climb import orthonormal
from lmmteach.likelihood import fit_ml
from lmmteach.model import V_theta
from lmmteach.prediction import normal_interval
from lmmteach.profile import profile_interval, profile_loglik


def wald_intervals(fit, level=0.95):
    """Estimate ± quantile of N(0, 1) times standard error, a row for each coefficient."""
    lower, upper = normal_interval(fit.beta, fit.se**2, level)
    return pd.DataFrame({"estimate": fit.beta, "lower": lower, "upper": upper})


def profile_intervals(fit, level=0.95):
    """The ML profile-likelihood interval of each parameter that is not held, variances first."""
    frame = fit.frame
    beta, theta = fit_ml(frame.r, frame.Q, fit.Z, sigma2_b=_held_b(fit))
    beta = np.linalg.solve(frame.R, frame.beta_Q + beta)
    rows = []
    if not fit.holds_b:
        interval = profile_interval(curve_b(fit), theta[0], level, lower=0.0, scale=sum(theta))
        rows.append(("sigma2_b", fit.sigma2_b, *interval))
    # On the log scale, where the curve of σ_ε² is nearly a parabola; the ends are the same.
    interval = profile_interval(curve_log_e(fit), np.log(theta[1]), level, scale=0.5)
    rows.append(("sigma2_e", fit.sigma2_e, *np.exp(interval)))
    for j, name in enumerate(fit.beta.index):
        interval = profile_interval(curve_beta(fit, j), beta[j], level, scale=fit.se.iloc[j])
        rows.append((name, fit.beta.iloc[j], *interval))
    table = pd.DataFrame(rows, columns=["parameter", "estimate", "lower", "upper"])
    return table.set_index("parameter")


def curve_b(fit):
    """The ML profile of σ_b², a function of its value."""
    return lambda sigma2_b: _top(fit.y, fit.X, fit.Z, sigma2_b=sigma2_b)


def curve_log_e(fit):
    """The ML profile of σ_ε², a function of its logarithm."""
    held = _held_b(fit)
    return lambda log_e: _top(fit.y, fit.X, fit.Z, sigma2_b=held, sigma2_e=np.exp(log_e))


def curve_beta(fit, j):
    """The ML profile of the coefficient β_j, a function of its value."""
    x_j, others = fit.X[:, j], np.delete(fit.X, j, axis=1)
    return lambda beta_j: _top(fit.y - x_j * beta_j, others, fit.Z, sigma2_b=_held_b(fit))


def _held_b(fit):
    return fit.sigma2_b if fit.holds_b else None


def _top(y, X, Z, **held):
    """The highest log-likelihood that the parameters which are not held can give."""
    Q, _, _, r = orthonormal(X, y)
    _, theta = fit_ml(r, Q, Z, **held)
    return profile_loglik(V_theta(theta, Z), r, Q)
