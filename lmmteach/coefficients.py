"""Tests of the coefficients of a fit: t and F, with the degrees of freedom of chapter 11."""

import numpy as np
import pandas as pd

from lmmteach._shapes import between_0_and_1, require_memory
from lmmteach.degrees import (
    _require_independent,
    covariance_slopes,
    expected_theta_covariance,
    kenward_roger_covariance,
    kenward_roger_df,
    satterthwaite,
    satterthwaite_F,
    t_test,
)
from lmmteach.intervals import Deviance
from lmmteach.prediction import normal_interval, t_interval

METHODS = ("satterthwaite", "kenward-roger", "z")
# The step of the differences, beside the size that an entry can be expected to have.
STEP = 1e-5
# A direction in which the criterion bends less than this share of its most is one that no
# coefficient depends on, as that of a random effect whose variance is estimated as 0.
FLAT = 1e-9


def require_method(ddf):
    """Raise a ValueError unless this is a way to find degrees of freedom."""
    if ddf not in METHODS:
        raise ValueError(
            f"ddf = {ddf!r} is unknown. Choose one of {', '.join(map(repr, METHODS))}."
        )


def coefficient_tests(fit, ddf, L, null, level):
    """The table of ``LinearMixedModel.tests``."""
    between_0_and_1(level)
    if L is None:
        return _t_tests(fit, ddf, np.eye(len(fit.beta)), list(fit.beta.index), null, level)
    L, names = _contrasts(fit, L)
    return _F_test(fit, ddf, L, names, null)


def _contrasts(fit, L):
    """(q, p) rows of numbers, from these or from names of coefficients; and a name for them."""
    names = list(fit.beta.index)
    if isinstance(L, str):
        L = [L]
    if len(L) == 0:
        raise ValueError("L is empty, so there is nothing to test. Name one coefficient at least.")
    if all(isinstance(name, str) for name in L):
        unknown = [name for name in L if name not in names]
        if unknown:
            raise ValueError(
                f"The fit has no coefficient {unknown[0]!r}. It has {', '.join(map(repr, names))}."
            )
        return np.eye(len(names))[[names.index(name) for name in L]], ", ".join(L)
    L = np.atleast_2d(np.asarray(L, dtype=float))
    if L.ndim != 2 or L.shape[1] != len(names) or not np.isfinite(L).all():
        raise ValueError(
            f"L has shape {L.shape}, but it must have a row for each contrast, with a number for "
            f"each of the {len(names)} coefficients: {', '.join(names)}."
        )
    return L, "L"


def _t_tests(fit, ddf, L, names, null, level):
    estimates, own = L @ fit.beta.to_numpy(), _in_Q(fit, L)
    Phi, found = _method(fit, ddf)
    variances = np.sum(own @ Phi * own, axis=1)
    df = np.array([found.df(row) for row in own])
    null = _one_each(null, len(L))
    t, p = t_test(estimates, variances, df, null)
    if ddf == "z":
        low, high = normal_interval(estimates, variances, level)
    else:
        ends = [t_interval(*each, level) for each in zip(estimates, variances, df, strict=True)]
        low, high = np.transpose(ends)
    columns = {"estimate": estimates, "se": np.sqrt(variances), "df": df, "t": t, "p": p}
    return pd.DataFrame(columns | {"lower": low, "upper": high}, index=names)


def _F_test(fit, ddf, L, name, null):
    from scipy.special import chdtrc, fdtrc

    own = _in_Q(fit, L)
    Phi, found = _method(fit, ddf)
    # The coefficients of Q that make Lβ what it is beyond the null hypothesis.
    _require_independent(L)
    away = L @ fit.beta.to_numpy() - _one_each(null, len(L))
    F, df = found.F(own, np.linalg.pinv(own) @ away, Phi)
    p = chdtrc(len(L), len(L) * F) if np.isinf(df) else fdtrc(len(L), df, F)
    return pd.DataFrame({"F": [F], "ndf": [len(L)], "ddf": [df], "p": [float(p)]}, index=[name])


def _one_each(null, number):
    null = np.asarray(null, dtype=float)
    if null.shape not in ((), (1,), (number,)):
        raise ValueError(
            f"null has {null.size} values, but there are {number} tests: give one, or one for each."
        )
    return np.broadcast_to(null, number)


def _in_Q(fit, L):
    """The contrasts of the coefficients of Q, in which X keeps its digits: X = QR."""
    return np.linalg.solve(fit.frame.R.T, L.T).T


def _method(fit, ddf):
    """The covariance of the coefficients of Q, and the way to their degrees of freedom."""
    if ddf == "kenward-roger":
        found = KenwardRoger(fit)
        return found.adjusted, found
    Phi = fit.sigma2_e * np.linalg.inv(fit.evaluation.S[:-1, :-1])
    return Phi, Satterthwaite(fit, Phi) if ddf == "satterthwaite" else Normal()


class Normal:
    """The variances taken as known."""

    def df(self, contrast):
        """Those of the normal distribution."""
        return np.inf

    def F(self, L, beta, Phi):
        """The statistic and its df, so that q F is compared with χ²."""
        away = L @ beta
        return float(away @ np.linalg.solve(L @ Phi @ L.T, away) / len(L)), np.inf


class Satterthwaite:
    """Slopes of Φ and curvature of the criterion by differences, so that V is not written out.

    The parameters are log σ_ε and the entries of L, with 𝒟 = L Lᵀ: on the edge, where a variance
    is 0, Φ does not move with its L, which so drops out, as in lmerTest.
    """

    def __init__(self, fit, Phi):
        held = np.sqrt(fit.held_b) if fit.holds_b else None
        random, reml = fit.frame.weighted, fit.method == "REML"
        surface = Deviance(fit.engine, random.blocks, random.scale, held, reml)
        x = surface.exact_x(fit.Lambda, fit.sigma2_e)
        sizes = surface.sizes(fit.sigma2_e)
        steps = STEP * np.diag(sizes)
        bend = np.array([(surface(x + h)[1] - surface(x - h)[1]) / (2 * h.sum()) for h in steps])
        self.Phi, self.C = Phi, _inverse((bend + bend.T) / 4, sizes)
        self.slopes = np.array(
            [
                (surface.covariance_of_beta(x + h) - surface.covariance_of_beta(x - h))
                / (2 * h.sum())
                for h in steps
            ]
        )

    def df(self, contrast):
        """Of one contrast."""
        return satterthwaite(contrast, self.Phi, self.slopes, self.C)

    def F(self, L, beta, Phi):
        """The statistic and its df."""
        return satterthwaite_F(L, beta, Phi, self.slopes, self.C)


def _inverse(H, sizes):
    """The inverse of a curvature in the directions that it bends in."""
    values, vectors = np.linalg.eigh(sizes[:, np.newaxis] * H * sizes)
    bent = values > FLAT * values.max()
    vectors = sizes[:, np.newaxis] * vectors[:, bent]
    return vectors / values[bent] @ vectors.T


class KenwardRoger:
    """From V and its derivatives, written out."""

    def __init__(self, fit):
        n, m = fit.nobs, len(fit.theta)
        require_memory(
            (m + 1) * n**2,
            f"Kenward and Roger's formulas need V and its {m} derivatives written out, and "
            f'ddf="satterthwaite" needs neither. V would be {n:,} × {n:,}, and there would be '
            f"{m + 1} such matrices",
        )
        V, X = fit.V, np.linalg.solve(fit.frame.R.T, fit.X.T).T
        G = fit.G[-1:] if fit.holds_b else fit.G
        self.adjusted = kenward_roger_covariance(V, X, G)
        self.Phi = fit.sigma2_e * np.linalg.inv(fit.evaluation.S[:-1, :-1])
        self.slopes, self.W = covariance_slopes(V, X, G), expected_theta_covariance(V, X, G)

    def df(self, contrast):
        """Of one contrast."""
        return kenward_roger_df(contrast[np.newaxis], self.Phi, self.slopes, self.W)[0]

    def F(self, L, beta, Phi):
        """The statistic, with its factor, and its df."""
        df, factor = kenward_roger_df(L, self.Phi, self.slopes, self.W)
        away = L @ beta
        return float(factor * away @ np.linalg.solve(L @ Phi @ L.T, away) / len(L)), df
