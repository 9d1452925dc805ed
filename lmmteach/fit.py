"""Formula and DataFrame in, fitted model out: every number made by a formula of the chapters."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._climb import require_unexplained
from lmmteach._estimable import require_told_apart
from lmmteach._frame import ModelFrame, read_model
from lmmteach._shapes import require_memory
from lmmteach.coefficients import coefficient_tests, require_method
from lmmteach.diagnostics import marginal_residuals, scaled_residuals
from lmmteach.engines import added_effects, best, engine_for, places
from lmmteach.intervals import profile_intervals, wald_intervals
from lmmteach.model import Sigma_matrix, V_matrix
from lmmteach.prediction import normal_interval
from lmmteach.resampling import influence, simulate
from lmmteach.summary import singular_bars, summarise
from lmmteach.sums import Evaluation
from lmmteach.tables import augment, glance, html, tidy
from lmmteach.testing import aic


class NewGroupWarning(UserWarning):
    """A prediction was requested for a group that is not in the data."""


class RefitWarning(UserWarning):
    """A fit by maximum likelihood was asked for what belongs to REML."""


def lmm(formula, data, method="REML", sigma2_b=None, engine="auto", weights=None, offset=None):
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : text such as ``"logestrone ~ 1 + (1 | woman)"``: response, fixed part, and random
        parts as in lme4: ``(1 | g)``, ``(x | g)``, ``(0 + x | g)``, ``(x || g)``, ``(1 | a/b)``,
        ``(1 | a:b)``, several of them, crossed or nested; ``offset(x)`` adds x with coefficient 1
    data : DataFrame, a row for each observation
    method : ``"REML"`` (the default, as in lme4) or ``"ML"``
    sigma2_b : the variance between groups of a single random intercept, if it should be held
        fixed and not estimated; 0 gives the smaller model in a test of σ_b² = 0
    engine : ``"literal"`` writes V out, ``"fast"`` does not; ``"auto"`` takes the quicker one
    weights : name of a column, or n numbers above 0: the error of row i has variance σ_ε² / w_i
    offset : name of a column, or n numbers that are added to Xβ, besides those of the formula

    Returns
    -------
    fit : LinearMixedModel, with the estimates, predictions and ``summary()``

    Raises
    ------
    ValueError, TypeError
        explaining what is wrong with the formula or the data, where, and what to do about it.
    NotImplementedError
        for what this function does not fit yet.

    Source: lecture 15, "Motivation" (the call of lmer).
    """
    return Prepared.read(formula, data, method, sigma2_b, engine, weights, offset).fit()


class Prepared(NamedTuple):
    """A model that is ready to be fitted, to one response after another if there are several.

    What does not depend on the response is made once; the arguments are those of ``lmm``.
    """

    frame: ModelFrame
    method: str
    engine: object
    held_b: float | None

    @classmethod
    def read(
        cls, formula, data, method="REML", sigma2_b=None, engine="auto", weights=None, offset=None
    ):
        """Read a formula, and refuse what cannot be fitted whatever the response is."""
        if method not in ("REML", "ML"):
            raise ValueError(f'method = {method!r} is unknown. Choose "REML" or "ML".')
        if engine not in ("auto", "literal", "fast"):
            raise ValueError(f'engine = {engine!r} is unknown. Choose "auto", "literal" or "fast".')
        frame = read_model(formula, data, weights, offset)
        chosen = engine_for(engine, frame.weighted.factors, frame.rows)
        return cls(frame, method, chosen, sigma2_b)

    def with_response(self, name, y):
        """The same model of another response, a column of this name."""
        frame = self.frame.with_response(name, y)
        return self._replace(frame=frame, engine=self.engine.with_response(frame.r))

    def fit(self):
        """A LinearMixedModel."""
        frame, reml = self.frame, self.method == "REML"
        if frame.rows.A is None:
            # Otherwise rᵀr is no small part of the sum of squares of y.
            require_unexplained(frame.r, frame.y)
        require_told_apart(self.engine, frame.weighted, frame.y, held=self.held_b is not None)
        Lambda, evaluation = best(self.engine, frame.weighted, reml, self.held_b, frame.y)
        return LinearMixedModel(frame, self.method, self.engine, Lambda, evaluation, self.held_b)


@dataclass(frozen=True, eq=False, repr=False)
class LinearMixedModel:
    """A fitted model Y = Xβ + Zb + ε.

    ``fit.y``, ``fit.X``, ``fit.Z``, ``fit.D`` and ``fit.V`` are the arrays of the lecture, ready
    for the functions of the chapters; everything else here is made from them.
    """

    frame: ModelFrame
    method: str
    engine: object
    Lambda: np.ndarray
    evaluation: Evaluation
    held_b: float | None = None

    @property
    def holds_b(self):
        """Whether the variance between groups was held, not estimated."""
        return self.held_b is not None

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
        """The grouping factor; of several the one with the most groups."""
        return self.frame.random.groupings[0].label

    @property
    def groups(self):
        """The grouping factors, each with its number of groups."""
        return {grouping.label: len(grouping.levels) for grouping in self.frame.random.groupings}

    @property
    def is_random_intercept(self):
        """Whether the random part is the lecture's: one random intercept."""
        (first, *others) = self.frame.random.bars
        return not others and first.effects == ["(Intercept)"]

    @cached_property
    def theta(self):
        """Variances and covariances as in V = Σ θ_k G_k: bar by bar, σ_ε² at the end."""
        covariance = self.covariance
        parts = [
            covariance[np.ix_(bar.places, bar.places)].T[np.triu_indices(len(bar.places))]
            for bar in self.frame.random.bars
        ]
        return np.concatenate([*parts, [self.sigma2_e]])

    @cached_property
    def covariance(self):
        """(k, k) covariance of the random effects of one group of each factor."""
        if self.holds_b:
            return np.array([[float(self.held_b)]])
        # Scaled rows times unscaled ones would not be symmetric to the last bit.
        return self.sigma2_e * (self.Lambda @ self.Lambda.T)

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
        q = self.frame.random.q
        require_memory(q**2, f"D would be {q:,} × {q:,}")
        return self.frame.random.D(self.covariance)

    @cached_property
    def V(self):
        """(n, n) estimated covariance of y."""
        n, q = self.nobs, self.frame.random.q
        require_memory(n**2, f"V would be {n:,} × {n:,}")
        root = np.sqrt(self.covariance) if self.holds_b else np.sqrt(self.sigma2_e) * self.Lambda
        # Z times a root of 𝒟 keeps the digits that a slope far from 0 would cost Z 𝒟 Zᵀ.
        Z = self.Z @ self.frame.random.D(root)
        return V_matrix(Z, np.eye(q), Sigma_matrix(self.sigma2_e, n) / self.weights.to_numpy())

    @cached_property
    def G(self):
        """(m, n, n) the matrices of V = Σ θ_k G_k, in the order of ``theta``."""
        n, m = self.nobs, len(self.theta)
        require_memory(m * n**2, f"G would be {m} matrices of {n:,} × {n:,}")
        errors = np.diag(1 / self.weights.to_numpy())
        return np.concatenate([self.frame.random.G(n), errors[np.newaxis]])

    @cached_property
    def _gls(self):
        """β̂ and its covariance for the columns of Q and what OLS leaves over."""
        return self.evaluation.beta, self.sigma2_e * np.linalg.inv(self.evaluation.S[:-1, :-1])

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
        """Estimated variance between groups, σ̂_b², where there is one random intercept."""
        if not self.is_random_intercept:
            raise AttributeError(
                "This model has more than one random effect, so that there is no one sigma2_b: "
                "see varcomp, or theta."
            )
        return float(self.theta[0])

    @property
    def sigma2_e(self):
        """Estimated variance within groups, σ̂_ε²."""
        return float(self.evaluation.sigma2_e)

    @cached_property
    def varcomp(self):
        """Variances and SDs, a DataFrame laid out as lme4's ``as.data.frame(VarCorr(fit))``."""
        rows = []
        for bar in self.frame.random.bars:
            D = self.covariance[np.ix_(bar.places, bar.places)]
            sd = np.sqrt(np.diag(D))
            rows += [(bar.name, e, None, D[i, i], sd[i]) for i, e in enumerate(bar.effects)]
            for i, one in enumerate(bar.effects):
                for j in range(i + 1, len(bar.effects)):
                    correlation = _correlation(D, i, j)
                    rows.append((bar.name, one, bar.effects[j], D[i, j], correlation))
        rows.append(("Residual", None, None, self.sigma2_e, np.sqrt(self.sigma2_e)))
        columns = dict(
            zip(("grp", "var1", "var2", "vcov", "sdcor"), zip(*rows, strict=True), strict=True)
        )
        # As objects, so that a None stays one.
        columns |= {name: pd.Series(columns[name], dtype=object) for name in ("var1", "var2")}
        return pd.DataFrame(columns)

    @cached_property
    def is_singular(self):
        """True where the covariance of some random effects is exactly singular."""
        return bool((np.diag(self.Lambda) == 0).any())

    @cached_property
    def singular_bars(self):
        """What each singular bar means and what one may do: ``{name: sentence}``, {} if none is."""
        return singular_bars(self)

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
        loglik = -self.evaluation.criterion / 2
        if self.frame.weights is not None:
            # The density of y from that of √w y.
            loglik += np.log(self.frame.weights).sum() / 2
        if self.method == "REML":
            # log |XᵀV⁻¹X| = log |QᵀV⁻¹Q| + 2 log |R|
            loglik -= np.linalg.slogdet(self.frame.R)[1]
        return float(loglik)

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
    def _effects(self):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q)."""
        found = self.engine.effects(self.Lambda, self.evaluation)
        return [(b, self.sigma2_e * variance) for b, variance in found]

    @cached_property
    def b(self):
        """(q,) predicted random effects b̂, as an array in the order of the columns of Z."""
        return self.frame.random.b([b for b, _ in self._effects])

    @cached_property
    def ranef(self):
        """Predicted random effects: ``{group: DataFrame, a row a level, a column an effect}``."""
        return self._by_level([b for b, _ in self._effects])

    @cached_property
    def ranef_var(self):
        """Conditional variances Var(b | y) of the random effects, laid out as ``ranef``."""
        return self._by_level([np.einsum("iiu->iu", variance) for _, variance in self._effects])

    @cached_property
    def ranef_cov(self):
        """Conditional covariances Var(b | y): ``{group: (q, k, k), a matrix for each level}``."""
        covariances = [np.moveaxis(variance, -1, 0) for _, variance in self._effects]
        return dict(zip(self.groups, covariances, strict=True))

    def _by_level(self, values):
        random, found = self.frame.random, {}
        for f, grouping in enumerate(random.groupings):
            names = [name for bar in random.bars if bar.factor == f for name in bar.effects]
            index = pd.Index(grouping.levels, name=grouping.label)
            found[grouping.label] = pd.DataFrame(values[f].T, index=index, columns=names)
        return found

    @cached_property
    def fitted(self):
        """Fitted values Xβ̂ + Zb̂, and the offset, in the order of the data."""
        return self._by_row(self.y - self.residuals.to_numpy(), "fitted")

    @cached_property
    def residuals(self):
        """Conditional residuals y − Xβ̂ − Zb̂, the lecture's ε̂."""
        factors = self.frame.random.factors
        values = self.marginal_residuals.to_numpy() - added_effects(
            [b for b, _ in self._effects],
            [factor.z for factor in factors],
            [factor.codes for factor in factors],
        )
        return self._by_row(values, "residuals")

    @cached_property
    def marginal_residuals(self):
        """Marginal residuals y − Xβ̂."""
        values = marginal_residuals(self.frame.r, self.frame.Q, self._gls[0])
        return self._by_row(values / self._root_weights, "marginal_residuals")

    @cached_property
    def scaled_residuals(self):
        """Conditional residuals divided by σ̂_ε / √w, as in the printout."""
        residuals = self.residuals * self._root_weights
        return self._by_row(scaled_residuals(residuals, self.sigma2_e), "scaled_residuals")

    @cached_property
    def weights(self):
        """The weight of each row: its error has variance σ_ε² / w."""
        values = self.frame.weights
        return self._by_row(np.ones(self.nobs) if values is None else values, "weights")

    @cached_property
    def offset(self):
        """What is added to Xβ in each row with no coefficient."""
        values = self.frame.offset
        return self._by_row(np.zeros(self.nobs) if values is None else values, "offset")

    @property
    def _root_weights(self):
        return 1.0 if self.frame.weights is None else np.sqrt(self.frame.weights)

    def _by_row(self, values, name):
        return pd.Series(values, index=self.frame.index, name=name)

    def predict(self, newdata=None, include_random=True):
        """Predict the level of each row.

        Parameters
        ----------
        newdata : DataFrame with the columns of the formula; the data of the fit if not given
        include_random : True adds the b̂ of the row's group; a group that is not in the data gets
            the population value, with a NewGroupWarning. False gives every row Xβ̂. Both with the
            offset of the row.

        Returns
        -------
        prediction : Series, in the units of y

        Raises
        ------
        ValueError
            if newdata lacks a column or has a missing value.
        """
        if newdata is None and include_random:
            return self.fitted.rename("prediction")
        if newdata is None:
            return self._by_row(self.y - self.marginal_residuals.to_numpy(), "prediction")
        prediction = self.frame.fixed_design(newdata) @ self.beta.to_numpy()
        prediction = prediction + self.frame.new_offset(newdata)
        if include_random:
            z, codes = self._random_rows(newdata)
            prediction = prediction + added_effects([b for b, _ in self._effects], z, codes)
        return pd.Series(prediction, index=newdata.index, name="prediction")

    def prediction_interval(self, newdata=None, level=0.95):
        """Interval for one further observation of each row, variances taken as known.

        Parameters
        ----------
        newdata : DataFrame with the columns of the formula; the data of the fit if not given. The
            further observation has the weight of its row; 1 if newdata has no such column
        level : confidence level, between 0 and 1

        Returns
        -------
        interval : DataFrame with prediction, se (of the prediction error), lower and upper

        Raises
        ------
        ValueError
            if newdata lacks a column or has a missing value, or level is not between 0 and 1.
        """
        if newdata is None:
            factors = self.frame.random.factors
            x, index = self.X, self.frame.index
            z, codes = [f.z for f in factors], [f.codes for f in factors]
            z = [[_ones_if_none(v, self.nobs) for v in values] for values in z]
            weights, offset = self.weights.to_numpy(), self.offset.to_numpy()
        else:
            x, index = self.frame.fixed_design(newdata), newdata.index
            weights, offset = self.frame.given_weights.rows(newdata), self.frame.new_offset(newdata)
            z, codes = self._random_rows(newdata)
        z = [np.array(values) for values in z]
        x = np.linalg.solve(self.frame.R.T, x.T).T
        beta, b = self._gls[0], [b for b, _ in self._effects]
        prediction = x @ (self.frame.beta_Q + beta) + added_effects(b, z, codes) + offset
        variance = self.engine.error_variance(self.Lambda, x, z, codes) + 1.0 / weights
        # A group that is not in the data may have any b.
        for place, values, rows in zip(places(self.frame.random.factors), z, codes, strict=True):
            D = self.Lambda[place, place] @ self.Lambda[place, place].T
            variance += np.where(rows < 0, np.einsum("im,ij,jm->m", values, D, values), 0.0)
        variance = self.sigma2_e * variance
        lower, upper = normal_interval(prediction, variance, level)
        return pd.DataFrame(
            {"prediction": prediction, "se": np.sqrt(variance), "lower": lower, "upper": upper},
            index=index,
        )

    def _random_rows(self, newdata):
        """For each factor the columns of Z and the group of each row of new data, −1 if unknown."""
        z, codes = self.frame.random_design(newdata), []
        for grouping in self.frame.random.groupings:
            missing = [name for name in grouping.columns if name not in newdata.columns]
            if missing:
                raise ValueError(
                    f"newdata has no column {missing[0]!r}. Add it, or request the population "
                    "value with predict(newdata, include_random=False)."
                )
            positions = grouping.positions(newdata)
            codes.append(positions.codes)
            self._say_new(grouping.label, positions)
        return z, codes

    def _say_new(self, label, positions):
        new = positions.codes < 0
        if new.any():
            several = len(self.groups) > 1
            instead = f"b = 0 for {label}" if several else "the population value Xβ̂, with b = 0"
            warnings.warn(
                f"{new.sum()} row(s) belong to a {label} that is not in the data, so they "
                f"get {instead}.{positions.remark}",
                NewGroupWarning,
                stacklevel=4,
            )

    @cached_property
    def leverage(self):
        """The diagonal of the hat matrix, which turns y into the fitted values: a Series."""
        factors, x = self.frame.random.factors, np.linalg.solve(self.frame.R.T, self.X.T).T
        z = [
            np.array([_ones_if_none(values, self.nobs) for values in factor.z])
            for factor in factors
        ]
        codes = [factor.codes for factor in factors]
        share = self.engine.error_variance(self.Lambda, x, z, codes)
        return self._by_row(self.weights.to_numpy() * share, "leverage")

    def tidy(self, effects=None, conf_int=False, conf_level=0.95):
        """The estimates as one table, a row for each, as broom.mixed's ``tidy``.

        Parameters
        ----------
        effects : one or several of ``"fixed"``, ``"ran_pars"`` (SDs and correlations),
            ``"ran_vals"`` (b̂) and ``"ran_coefs"`` (β̂ + b̂ of each group); the first two if None
        conf_int : whether to add the columns conf.low and conf.high: Wald intervals of what has a
            standard error
        conf_level : confidence level, between 0 and 1

        Returns
        -------
        table : DataFrame

        Raises
        ------
        ValueError
            if effects has something else, or conf_level is not between 0 and 1.
        """
        return tidy(self, effects, conf_int, conf_level)

    def glance(self):
        """The fit in one row, as broom.mixed's ``glance``: a DataFrame."""
        return glance(self)

    def augment(self, newdata=None):
        """The data with what the fit says of each row, as broom.mixed's ``augment``.

        Parameters
        ----------
        newdata : DataFrame with the columns of the formula; the data of the fit if not given

        Returns
        -------
        table : DataFrame; for the data of the fit with the columns .fitted, .resid, .hat, .cooksd,
            .fixed (Xβ̂ and the offset), .mu, .offset, .sqrtXwt, .sqrtrwt, .weights and .wtres
            (√w times .resid); for new data with those that need no response

        Raises
        ------
        ValueError
            if newdata lacks a column or has a missing value.
        """
        return augment(self, newdata)

    # The names of statsmodels ---------------------------------------------------------------------

    @property
    def params(self):
        """β̂, as ``beta``."""
        return self.beta

    @property
    def bse(self):
        """Standard errors of β̂, as ``se``."""
        return self.se

    @property
    def tvalues(self):
        """β̂ divided by its standard errors."""
        return (self.beta / self.se).rename("tvalues")

    def cov_params(self):
        """Estimated covariance of β̂, as ``vcov_beta``."""
        return self.vcov_beta

    def conf_int(self, alpha=0.05):
        """Wald intervals of the coefficients at the level 1 − alpha; columns 0 and 1."""
        table = wald_intervals(self, 1 - alpha)
        return table[["lower", "upper"]].set_axis([0, 1], axis=1)

    @property
    def llf(self):
        """Log-likelihood, as ``loglik``."""
        return self.loglik

    @property
    def fittedvalues(self):
        """Fitted values, as ``fitted``."""
        return self.fitted

    @property
    def resid(self):
        """Conditional residuals, as ``residuals``."""
        return self.residuals

    @property
    def scale(self):
        """Estimated variance within groups, as ``sigma2_e``."""
        return self.sigma2_e

    @property
    def df_resid(self):
        """n − p, as statsmodels counts; lme4's n − all parameters is in ``glance()``."""
        return self.nobs - self.X.shape[1]

    # ----------------------------------------------------------------------------------------------

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

    def tests(self, ddf="satterthwaite", L=None, null=0.0, level=0.95):
        """Test the coefficients: t and p for each of them, or one F test for several at once.

        Parameters
        ----------
        ddf : where the degrees of freedom come from: ``"satterthwaite"`` (as lmerTest has them),
            ``"kenward-roger"`` (as pbkrtest, with adjusted standard errors too; needs V written
            out), or ``"z"``, which takes the variances as known
        L : what is tested at once by one F test: names of coefficients, or (q, p) numbers with a
            row for each contrast; if not given, each coefficient has a t test of its own
        null : what each coefficient, or contrast, is under the null hypothesis
        level : confidence level of the intervals

        Returns
        -------
        tests : DataFrame with a row for each coefficient, and columns estimate, se, df, t, p, lower
            and upper; for an F test one row, with F, ndf, ddf and p

        Raises
        ------
        ValueError
            if ddf is unknown, L or level makes no sense, or V would be too large.

        Warns
        -----
        RefitWarning
            if Kenward and Roger's tests are asked of a fit by maximum likelihood: the model is
            fitted by REML for them, as pbkrtest does.

        Source: Kuznetsova, Brockhoff and Christensen (2017); Halekoh and Højsgaard (2014).
        """
        require_method(ddf)
        fit = self
        if ddf == "kenward-roger" and self.method == "ML":
            warnings.warn(
                "Kenward and Roger's formulas belong to REML. The model was fitted again, by REML, "
                "and the table has the estimates of that fit.",
                RefitWarning,
                stacklevel=2,
            )
            fit = self._by_reml()
        return coefficient_tests(fit, ddf, L, null, level)

    def _by_reml(self):
        Lambda, evaluation = best(self.engine, self.frame.weighted, True, self.held_b, self.y)
        return replace(self, method="REML", Lambda=Lambda, evaluation=evaluation)

    def profile_interval(self, level=0.95, progress=True):
        """Profile-likelihood intervals of every parameter, from the ML profile as in lme4.

        Parameters
        ----------
        level : confidence level, between 0 and 1
        progress : True shows a progress bar for what takes more than two seconds

        Returns
        -------
        intervals : DataFrame with columns estimate (this fit's), lower and upper. In a model of one
            random intercept it has a row for σ_b² (unless it is held), σ_ε² and each coefficient;
            in others for the SDs and correlations of the random effects, named as in lme4, σ_ε and
            each coefficient. Where the profile never falls far enough, an interval ends at 0, or
            at −1 or 1

        Raises
        ------
        ValueError
            if level is not between 0 and 1.

        Source: lecture 15, "Maximum-Likelihood Estimation" (profile likelihood).
        """
        return profile_intervals(self, level, progress)

    def simulate(self, nsim, rng):
        """Draw new responses from the fitted model: new random effects, and new errors.

        Parameters
        ----------
        nsim : how many responses to draw for each row
        rng : numpy Generator, e.g. np.random.default_rng(6)

        Returns
        -------
        responses : DataFrame with a row for each observation, and columns sim_1, sim_2, …

        Raises
        ------
        ValueError, TypeError
            if nsim is no positive whole number, or rng is no Generator.
        """
        return simulate(self, nsim, rng)

    def influence(self, group=None, n_jobs=1, progress=True):
        """Fit the model again and again, each time without one group.

        Parameters
        ----------
        group : which grouping factor's groups are left out; the one with the most groups if not
            given
        n_jobs : how many processes share the work; −1 uses one for each core
        progress : True shows a progress bar for what takes more than two seconds

        Returns
        -------
        influence : with the DataFrames ``beta`` (a row for each group, a column for each
            coefficient) and ``theta`` (a column for each variance and covariance)

        Raises
        ------
        ValueError
            if there is no such grouping factor, or the rows that remain without some group do not
            determine the parameters.

        Source: Demidenko and Stukel (2005).
        """
        return influence(self, group, n_jobs, progress)

    def summary(self):
        """The printout of the fit, as lme4 writes it."""
        return summarise(self)

    def __repr__(self):
        variances = "; ".join(
            f"{row.grp} {row.var1}: SD {row.sdcor:.5g}"
            if row.var1
            else f"residual SD {row.sdcor:.5g}"
            for row in self.varcomp.itertuples()
            if row.var2 is None
        )
        if self.is_random_intercept:
            variances = f"sigma2_b = {self.sigma2_b:.5g}, sigma2_e = {self.sigma2_e:.5g}"
        return (
            f"{self.formula}, fitted by {self.method} to {self.data_name}: {variances}; "
            f"summary() prints the whole fit. {self._about_engine}"
        )

    @property
    def engine_used(self):
        """Which engine fitted the model: "literal" or "fast"."""
        return self.engine.name

    @property
    def _about_engine(self):
        how = {"literal": "with V written out", "fast": "without writing V out"}[self.engine_used]
        return f"The {self.engine_used} engine fitted it, {how}."

    def _repr_html_(self):
        return html(self)

    def __reduce__(self):
        # What a fit is made of, and not what was made of it: V takes more room than the data.
        frame = self.frame
        given = (frame.given_weights.given, frame.given_offset.given)
        found = (self.method, self.engine_used, self.Lambda, self.evaluation, self.held_b)
        return _fit_of, (frame.formula, frame.data, *given, *found)


def _fit_of(formula, data, weights, offset, method, engine, Lambda, evaluation, held_b):
    """A fit, from its parts."""
    frame = read_model(formula, data, weights, offset)
    made = engine_for(engine, frame.weighted.factors, frame.rows)
    return LinearMixedModel(frame, method, made, Lambda, evaluation, held_b)


def _ones_if_none(values, n):
    return np.ones(n) if values is None else values


def _correlation(D, i, j):
    """A correlation; of a singular covariance exactly 1 or −1 where it is so."""
    size = np.sqrt(D[i, i] * D[j, j])
    if size == 0:
        return np.nan
    correlation = D[i, j] / size
    return (
        float(np.clip(correlation, -1, 1)) if abs(correlation) < 1 - 1e-14 else np.sign(correlation)
    )
