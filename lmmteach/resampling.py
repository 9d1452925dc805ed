"""A fit tried again and again: on responses drawn from it, and without one group at a time."""

import contextlib
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._nested import by_size, difference, require_comparable, require_same_data
from lmmteach._parallel import in_parallel, without_failures
from lmmteach._regression import Regression
from lmmteach._shapes import count, generator
from lmmteach.crossed import Factor
from lmmteach.diagnostics import Influence
from lmmteach.engines import added_effects, bend_at, best, engine_for, places
from lmmteach.testing import Bootstrap, _simulated_pvalue

# Without a group that is so small a share of the rows the best variances are near those with it.
SMALL_SHARE = 0.01
# XᵀV⁻¹X, of orthonormal X, with smaller eigenvalues than this has lost digits; and so has what is
# left for the errors, with a smaller share of all variation.
DOUBT = 1e-7


class Law(NamedTuple):
    """What new responses are drawn from.

    Parameters
    ----------
    mean : (n,) Xβ̂
    factors : Factors
    roots : for each factor (k, k), the Cholesky factor of its covariance
    sigma_e : (n,) SDs of the errors
    """

    mean: np.ndarray
    factors: list
    roots: list
    sigma_e: np.ndarray

    @classmethod
    def of(cls, fit):
        """The law of a fit, its estimates taken as the truth."""
        factors, sigma_e = fit.frame.random.factors, np.sqrt(fit.sigma2_e)
        root = np.sqrt(fit.covariance) if fit.holds_b else sigma_e * fit.Lambda
        roots = [root[at, at] for at in places(factors)]
        mean = (fit.y - fit.marginal_residuals).to_numpy()
        return cls(mean, factors, roots, sigma_e / np.sqrt(fit.weights.to_numpy()))

    def draw(self, rng):
        """(n,) responses with new random effects and new errors."""
        b = [
            root @ rng.standard_normal((len(root), factor.q))
            for root, factor in zip(self.roots, self.factors, strict=True)
        ]
        z, codes = [f.z for f in self.factors], [f.codes for f in self.factors]
        errors = self.sigma_e * rng.standard_normal(len(self.mean))
        return self.mean + added_effects(b, z, codes) + errors


def simulate(fit, nsim, rng):
    """(n, nsim) responses drawn from a fit, a DataFrame with a column for each draw."""
    rng, nsim = generator(rng), count("nsim", nsim)
    law = Law.of(fit)
    draws = {f"sim_{i + 1}": law.draw(rng) for i in range(nsim)}
    return pd.DataFrame(draws, index=fit.frame.index)


def bootstrap_lrt(small, large, nsim, rng, n_jobs=1, progress=True):
    """Parametric bootstrap of a likelihood ratio test: draw from the smaller fit, fit both.

        p = (1 + #{ t*_k ≥ t }) / (1 + B),   t*_k from data drawn at β̂, θ̂ of the smaller model

    It needs no theory of what happens on the edge, and serves where ``lrt`` knows no mixture.

    Parameters
    ----------
    small, large : results of ``lmm``, as ``lrt`` takes them
    nsim : B, how many data sets to draw
    rng : numpy Generator; the result does not depend on n_jobs
    n_jobs : how many processes share the work; −1 uses one for each core
    progress : True shows a progress bar for what takes more than two seconds

    Returns
    -------
    bootstrap : with ``statistic``, ``pvalue``, ``null`` (the draws that could be fitted) and
        ``failures`` (how many could not, which the p-value leaves out)

    Raises
    ------
    ValueError
        as ``lrt``, or if no simulated data set could be fitted.

    Source: Faraway (2016), on the likelihood ratio test of random effects.
    """
    rng, nsim = generator(rng), count("nsim", nsim)
    small, large = by_size(small, large)
    require_same_data(small, large)
    require_comparable(small, large, difference(small, large))
    statistic = max(0.0, 2 * (large.loglik - small.loglik))
    draw = _Draw(Law.of(small), _Refit.of(small), _Refit.of(large))
    jobs = [(stream,) for stream in rng.spawn(nsim)]
    null = without_failures(in_parallel(draw, jobs, n_jobs, progress, delay=2))
    return Bootstrap(statistic, _simulated_pvalue(statistic, null), null, nsim - len(null))


class _Refit(NamedTuple):
    """What it takes to fit a model to another response."""

    engine: object
    frame: object
    root_weights: np.ndarray
    offset: np.ndarray
    reml: bool
    held_b: float | None

    @classmethod
    def of(cls, fit):
        root = np.sqrt(fit.weights.to_numpy())
        reml = fit.method == "REML"
        return cls(fit.engine, fit.frame, root, fit.offset.to_numpy(), reml, fit.held_b)

    def loglik(self, y):
        """The highest (restricted) log-likelihood, with all its constants."""
        frame, own = self.frame, self.root_weights * (y - self.offset)
        engine = self.engine.with_response(own - frame.Q @ (frame.Q.T @ own))
        _, evaluation = best(engine, frame.weighted, self.reml, self.held_b, y)
        constant = np.log(self.root_weights).sum()
        if self.reml:
            constant -= np.linalg.slogdet(frame.R)[1]
        return constant - evaluation.criterion / 2


class _Draw(NamedTuple):
    """The statistic of a data set drawn from the smaller model."""

    law: Law
    small: _Refit
    large: _Refit

    def __call__(self, rng):
        """The statistic; nan where a model could not be fitted."""
        y = self.law.draw(rng)
        try:
            return max(0.0, 2 * (self.large.loglik(y) - self.small.loglik(y)))
        except (ValueError, np.linalg.LinAlgError):
            return np.nan


def influence(fit, group=None, n_jobs=1, progress=True):
    """Fit a model again without each group of one of its grouping factors."""
    group = fit.group if group is None else group
    if group not in fit.groups:
        raise ValueError(f"{group!r} is no grouping factor of this fit. It has {[*fit.groups]}.")
    factor = [*fit.groups].index(group)
    grouping = fit.frame.random.groupings[factor]
    reml, q = fit.method == "REML", len(grouping.levels)
    is_near = np.bincount(grouping.codes) <= SMALL_SHARE * fit.nobs
    # With a few groups one of them may hide a second top, for which only other starts can look.
    is_near &= SMALL_SHARE * q >= 1
    bend = None
    if is_near.any() and not fit.holds_b:
        bend = bend_at(fit.engine, fit.frame.weighted, reml, fit.Lambda)
    known = (fit.Lambda, bend, is_near)
    without = _Without(fit.frame, fit.engine, reml, fit.held_b, factor, grouping, *known)
    found = in_parallel(without, [(u,) for u in range(q)], n_jobs, progress, 2)
    index = pd.Index(grouping.levels, name=group)
    p = len(fit.beta)
    beta = pd.DataFrame(found[:, :p], index=index, columns=fit.beta.index)
    return Influence(beta, pd.DataFrame(found[:, p:], index=index, columns=theta_names(fit)))


def theta_names(fit):
    """Names of the variances and covariances in θ."""
    return names_of_theta(fit.frame.random)


def names_of_theta(random):
    """The same, of a random part that need not be fitted."""
    (first, *others) = random.bars
    if not others and first.effects == ["(Intercept)"]:
        return ["sigma2_b", "sigma2_e"]
    names = []
    for bar in random.bars:
        label = random.groupings[bar.factor].label
        for i, one in enumerate(bar.effects):
            names.append(f"var_{one}|{label}")
            names += [f"cov_{other}.{one}|{label}" for other in bar.effects[i + 1 :]]
    return [*names, "sigma2_e"]


class _Without(NamedTuple):
    """The estimates from the rows that are not in some group.

    Where ``is_near`` has True for it they are looked for near those of the fit, ``Lambda``.
    """

    frame: object
    engine: object
    reml: bool
    held_b: float | None
    factor: int
    grouping: object
    Lambda: np.ndarray
    bend: np.ndarray | None
    is_near: np.ndarray

    def __call__(self, u):
        """β̂ and θ̂ without group u, end to end."""
        if self.engine.name == "fast":
            # What the sums do not determine well, the rows are asked for.
            with contextlib.suppress(ValueError, np.linalg.LinAlgError):
                return self._from_sums(u)
        try:
            return self._from_rows(u)
        except (ValueError, np.linalg.LinAlgError) as error:
            name = f"{self.grouping.label} {self.grouping.levels[u]}"
            raise ValueError(f"Without {name}: {error}") from None

    def _from_sums(self, u):
        """From the sums of the fit, without those of the group."""
        engine = self.engine.without(u, self.factor)
        Lambda, found = self._best(u, engine, self.frame.weighted, self.bend)
        if np.linalg.eigvalsh(found.S[:-1, :-1])[0] < DOUBT:
            raise ValueError("the columns of X are as good as dependent.")
        if found.sigma2_e <= DOUBT * engine.square / engine.shape[0]:
            raise ValueError("as good as nothing is left for the errors.")
        return self._estimates(self.frame.beta_Q + found.beta, Lambda, found)

    def _from_rows(self, u):
        """From the rows that remain."""
        frame, rows = self.frame, self.grouping.codes != u
        remaining = Regression(frame.Q[rows], frame.r[rows])
        if np.linalg.matrix_rank(remaining.R) < len(remaining.R):
            raise ValueError("the columns of X are linearly dependent in what remains.")
        factors = [_of_rows(factor, rows) for factor in frame.weighted.factors]
        engine = engine_for(self.engine.name, factors, remaining)
        Lambda, found = self._best(u, engine, replace(frame.weighted, factors=factors))
        beta = np.linalg.solve(remaining.R, remaining.beta_Q + found.beta)
        return self._estimates(frame.beta_Q + beta, Lambda, found)

    def _best(self, u, engine, random, bend=None):
        if not self.is_near[u]:
            return best(engine, random, self.reml, self.held_b)
        return best(engine, random, self.reml, self.held_b, start=self.Lambda, bend=bend)

    def _estimates(self, beta_Q, Lambda, found):
        covariance = found.sigma2_e * Lambda @ Lambda.T
        if self.held_b is not None:
            covariance = np.array([[float(self.held_b)]])
        theta = theta_of(covariance, self.frame.random.bars)
        return np.array([*np.linalg.solve(self.frame.R, beta_Q), *theta, found.sigma2_e])


def theta_of(covariance, bars):
    """Variances and covariances bar by bar, from those of one group of each factor."""
    return np.concatenate(
        [
            covariance[np.ix_(bar.places, bar.places)].T[np.triu_indices(len(bar.places))]
            for bar in bars
        ]
    )


def _of_rows(factor, rows):
    used, codes = np.unique(factor.codes[rows], return_inverse=True)
    z = tuple(None if values is None else values[rows] for values in factor.z)
    return Factor(codes, len(used), z)
