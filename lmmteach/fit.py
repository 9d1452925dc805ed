"""Formula and DataFrame in, fitted model out: every number made by a formula of the chapters."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lmmteach._climb import require_unexplained
from lmmteach._frame import ModelFrame, read_model
from lmmteach.blup import blup, conditional_covariance
from lmmteach.diagnostics import conditional_residuals, marginal_residuals, scaled_residuals
from lmmteach.intervals import profile_intervals, wald_intervals
from lmmteach.likelihood import fit_ml, loglik
from lmmteach.model import D_matrix, V_theta
from lmmteach.prediction import normal_interval, predict_known, predict_new
from lmmteach.profile import gls
from lmmteach.reml import fit_reml, restricted_loglik
from lmmteach.summary import summarise
from lmmteach.testing import aic


class NewGroupWarning(UserWarning):
    """A prediction was requested for a group that is not in the data."""


def lmm(formula, data, method="REML", sigma2_b=None):
    """Fit a linear mixed model with one random intercept.

    Parameters
    ----------
    formula : text such as ``"logestrone ~ 1 + (1 | woman)"``: response, fixed part, and in
        parentheses the column of the groups
    data : DataFrame, a row for each observation
    method : ``"REML"`` (the default, as in lme4) or ``"ML"``
    sigma2_b : the variance between groups, if it should be held fixed and not estimated; 0 gives
        the smaller model in a test of σ_b² = 0

    Returns
    -------
    fit : LinearMixedModel, with the estimates, predictions and ``summary()``

    Raises
    ------
    ValueError, TypeError
        explaining what is wrong with the formula or the data, where, and what to do about it.
    NotImplementedError
        if the formula has a random part that this function does not fit yet.

    Source: lecture 15, "Motivation" (the call of lmer).
    """
    if method not in ("REML", "ML"):
        raise ValueError(f'method = {method!r} is unknown. Choose "REML" or "ML".')
    frame = read_model(formula, data)
    fitter = fit_reml if method == "REML" else fit_ml
    require_unexplained(frame.r, frame.y)
    _, theta = fitter(frame.r, frame.Q, frame.Z, sigma2_b=sigma2_b)
    return LinearMixedModel(frame, method, theta, holds_b=sigma2_b is not None)


@dataclass(frozen=True, eq=False, repr=False)
class LinearMixedModel:
    """A fitted model Y = Xβ + Zb + ε with one random intercept.

    ``fit.y``, ``fit.X``, ``fit.Z``, ``fit.D`` and ``fit.V`` are the arrays of the lecture, ready
    for the functions of the chapters; everything else here is made from them.
    """

    frame: ModelFrame
    method: str
    theta: np.ndarray
    holds_b: bool = False

    @property
    def formula(self):
        """The formula as R would print it."""
        return self.frame.formula

    @property
    def data_name(self):
        """The name of the data set."""
        return self.frame.data_name

    @property
    def group(self):
        """The column of the groups."""
        return self.frame.group

    @property
    def y(self):
        """(n,) responses."""
        return self.frame.y

    @property
    def X(self):
        """(n, p) design of the regression."""
        return self.frame.X

    @property
    def Z(self):
        """(n, q) design of the random effects."""
        return self.frame.Z

    @cached_property
    def D(self):
        """(q, q) estimated covariance of the random effects."""
        return D_matrix(self.theta[0], self.Z.shape[1])

    @cached_property
    def V(self):
        """(n, n) estimated covariance of y."""
        return V_theta(self.theta, self.Z)

    @cached_property
    def _gls(self):
        """β̂ and its covariance for the columns of Q and what OLS leaves over."""
        return gls(self.V, self.frame.r, self.frame.Q)

    @cached_property
    def beta(self):
        """β̂, a Series named as R names coefficients."""
        beta = np.linalg.solve(self.frame.R, self.frame.beta_Q + self._gls[0])
        return pd.Series(beta, index=self.frame.beta_names, name="beta")

    @cached_property
    def vcov_beta(self):
        """Estimated covariance of β̂, a DataFrame."""
        names = self.frame.beta_names
        R_inverse = np.linalg.inv(self.frame.R)
        covariance = R_inverse @ self._gls[1] @ R_inverse.T
        return pd.DataFrame(covariance, index=names, columns=names)

    @cached_property
    def se(self):
        """Standard errors of β̂, a Series."""
        return pd.Series(np.sqrt(np.diag(self.vcov_beta)), index=self.frame.beta_names, name="se")

    @property
    def sigma2_b(self):
        """Estimated variance between groups, σ̂_b²."""
        return float(self.theta[0])

    @property
    def sigma2_e(self):
        """Estimated variance within groups, σ̂_ε²."""
        return float(self.theta[1])

    @cached_property
    def varcomp(self):
        """Variances and SDs, a DataFrame laid out as lme4's ``as.data.frame(VarCorr(fit))``."""
        return pd.DataFrame(
            {
                "grp": [self.group, "Residual"],
                "var1": pd.Series(["(Intercept)", None], dtype=object),
                "var2": pd.Series([None, None], dtype=object),
                "vcov": self.theta,
                "sdcor": np.sqrt(self.theta),
            }
        )

    @property
    def is_singular(self):
        """True where σ̂_b² is exactly 0."""
        return self.theta[0] == 0

    @property
    def nobs(self):
        """Number of observations, n."""
        return len(self.y)

    @property
    def n_parameters(self):
        """Number of parameters: the coefficients and the estimated variances, but not b."""
        return self.X.shape[1] + len(self.theta) - self.holds_b

    @cached_property
    def loglik(self):
        """Log-likelihood at the estimates, with all its constants; restricted if REML."""
        Q, R, r = self.frame.Q, self.frame.R, self.frame.r
        if self.method == "REML":
            # log |XᵀV⁻¹X| = log |QᵀV⁻¹Q| + 2 log |R|
            return restricted_loglik(self.V, r, Q) - np.linalg.slogdet(R)[1]
        return loglik(self._gls[0], self.V, r, Q)

    @property
    def criterion(self):
        """−2 log-likelihood: lme4's deviance (ML) or REML criterion."""
        return -2 * self.loglik

    @property
    def aic(self):
        """Akaike's criterion; under REML comparable only between fits with the same X."""
        return aic(self.loglik, self.n_parameters)

    @property
    def bic(self):
        """Schwarz's criterion, with log n as in lme4; under REML as for ``aic``."""
        return self.criterion + np.log(self.nobs) * self.n_parameters

    @cached_property
    def b(self):
        """(q,) predicted random effects b̂, as an array in the order of the columns of Z."""
        return blup(self.D, self.Z, self.V, self.frame.r, self.frame.Q)

    @cached_property
    def ranef(self):
        """Predicted random effects: ``{group: DataFrame, a row a level, a column an effect}``."""
        return {self.group: self._by_level(self.b)}

    @cached_property
    def ranef_var(self):
        """Conditional variances Var(b | y) of the random effects, laid out as ``ranef``."""
        return {self.group: self._by_level(np.diag(conditional_covariance(self.D, self.Z, self.V)))}

    def _by_level(self, values):
        levels = pd.Index(self.frame.levels, name=self.group)
        return pd.DataFrame({"(Intercept)": values}, index=levels)

    @cached_property
    def fitted(self):
        """Fitted values Xβ̂ + Zb̂, in the order of the data."""
        return self._by_row(self.y - self.residuals.to_numpy(), "fitted")

    @cached_property
    def residuals(self):
        """Conditional residuals y − Xβ̂ − Zb̂, the lecture's ε̂."""
        r, Q = self.frame.r, self.frame.Q
        values = conditional_residuals(r, Q, self._gls[0], self.Z, self.b)
        return self._by_row(values, "residuals")

    @cached_property
    def marginal_residuals(self):
        """Marginal residuals y − Xβ̂."""
        values = marginal_residuals(self.frame.r, self.frame.Q, self._gls[0])
        return self._by_row(values, "marginal_residuals")

    @cached_property
    def scaled_residuals(self):
        """Conditional residuals divided by σ̂_ε, as in the printout."""
        return self._by_row(scaled_residuals(self.residuals, self.sigma2_e), "scaled_residuals")

    def _by_row(self, values, name):
        return pd.Series(values, index=self.frame.index, name=name)

    def predict(self, newdata=None, include_random=True):
        """Predict the level of each row.

        Parameters
        ----------
        newdata : DataFrame with the columns of the formula; the data of the fit if not given
        include_random : True adds the b̂ of the row's group; a group that is not in the data gets
            the population value, with a NewGroupWarning. False gives every row Xβ̂.

        Returns
        -------
        prediction : Series, in the units of y

        Raises
        ------
        ValueError
            if newdata lacks a column or has a missing value.
        """
        x, z, index, new, remark = self._rows(newdata, include_random)
        prediction = x @ self.beta.to_numpy()
        if include_random:
            prediction = prediction + z @ self.b
            self._say_new(new, remark)
        return pd.Series(prediction, index=index, name="prediction")

    def prediction_interval(self, newdata=None, level=0.95):
        """Interval for one further observation of each row, variances taken as known.

        Parameters
        ----------
        newdata : DataFrame with the columns of the formula; the data of the fit if not given
        level : confidence level, between 0 and 1

        Returns
        -------
        interval : DataFrame with prediction, se (of the prediction error), lower and upper

        Raises
        ------
        ValueError
            if newdata lacks a column or has a missing value, or level is not between 0 and 1.
        """
        x, z, index, new, remark = self._rows(newdata, include_random=True)
        Q, R, beta_Q, r = self.frame.Q, self.frame.R, self.frame.beta_Q, self.frame.r
        x = np.linalg.solve(R.T, x.T).T
        known, variance = predict_known(x, z, self.D, self.Z, self.V, r, Q)
        population, new_variance = predict_new(x, self.sigma2_b, self.V, r, Q)
        prediction = x @ beta_Q + np.where(new, population, known)
        variance = np.where(new, new_variance, variance) + self.sigma2_e
        lower, upper = normal_interval(prediction, variance, level)
        self._say_new(new, remark)
        return pd.DataFrame(
            {"prediction": prediction, "se": np.sqrt(variance), "lower": lower, "upper": upper},
            index=index,
        )

    def _rows(self, newdata, include_random):
        """x, z and index of the rows, which belong to a group not in the data, and a remark."""
        if newdata is None:
            return self.X, self.Z, self.frame.index, np.zeros(self.nobs, dtype=bool), ""
        x = self.frame.fixed_design(newdata)
        if not include_random:
            return x, None, newdata.index, np.zeros(len(newdata), dtype=bool), ""
        if self.group not in newdata.columns:
            raise ValueError(
                f"newdata has no column {self.group!r}. Add it, or request the population value "
                "with predict(newdata, include_random=False)."
            )
        position, remark = self.frame.positions(newdata)
        z = np.eye(len(self.frame.levels))[position]
        z[position < 0] = 0
        return x, z, newdata.index, position < 0, remark

    def _say_new(self, new, remark):
        if new.any():
            warnings.warn(
                f"{new.sum()} row(s) belong to a {self.group} that is not in the data, so they get "
                f"the population value Xβ̂, with b = 0.{remark}",
                NewGroupWarning,
                stacklevel=3,
            )

    def wald_interval(self, level=0.95):
        """Wald intervals of the coefficients: estimate ± quantile of N(0, 1) times SE.

        Parameters
        ----------
        level : confidence level, between 0 and 1

        Returns
        -------
        intervals : DataFrame with a row for each coefficient; columns estimate, lower and upper.
            The variances have none, since their likelihood is not a parabola: see profile_interval.

        Raises
        ------
        ValueError
            if level is not between 0 and 1.
        """
        return wald_intervals(self, level)

    def profile_interval(self, level=0.95):
        """Profile-likelihood intervals of every parameter, from the ML profile as in lme4.

        Parameters
        ----------
        level : confidence level, between 0 and 1

        Returns
        -------
        intervals : DataFrame with a row for σ_b² (unless it is held), σ_ε² and each coefficient;
            columns estimate (this fit's), lower and upper

        Raises
        ------
        ValueError
            if level is not between 0 and 1.

        Source: lecture 15, "Maximum-Likelihood Estimation" (profile likelihood).
        """
        return profile_intervals(self, level)

    def summary(self):
        """The printout of the fit, as lme4 writes it."""
        return summarise(self)

    def __repr__(self):
        return (
            f"{self.formula}, fitted by {self.method} to {self.data_name}: "
            f"sigma2_b = {self.sigma2_b:.5g}, sigma2_e = {self.sigma2_e:.5g}; "
            "summary() prints the whole fit"
        )
