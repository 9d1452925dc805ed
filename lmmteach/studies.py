"""Simulation studies: draw data from a truth that is known, fit them, count; again and again."""

import inspect
from collections.abc import Mapping
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from lmmteach._columns import require_frame
from lmmteach._kept import digest, kept_in
from lmmteach._parallel import as_they_come, on_one_thread
from lmmteach._shapes import between_0_and_1, count, shaped
from lmmteach.engines import places
from lmmteach.fit import Prepared
from lmmteach.montecarlo import with_error
from lmmteach.resampling import Law, names_of_theta
from lmmteach.simulation import monte_carlo

# How often work goes on when a process that shared it has ended.
ATTEMPTS = 3


def design(**columns):
    """A row for each combination of the columns' values, the last column running fastest.

    Parameters
    ----------
    columns : for each column its values, or a number k for 1 to k: ``design(woman=20, day=4)``
        gives eighty rows

    Returns
    -------
    data : DataFrame; covariates are added with ``assign``

    Raises
    ------
    ValueError
        if there is no column, or one has no value.
    """
    values = {
        name: range(1, count(name, given) + 1) if isinstance(given, (int, np.integer)) else given
        for name, given in columns.items()
    }
    if not values or not all(map(len, values.values())):
        raise ValueError("A design needs columns with values, as in design(woman=20, day=4).")
    return pd.DataFrame(list(product(*values.values())), columns=list(values))


def study(
    formula,
    data,
    beta,
    theta,
    nsim=1000,
    seed=15,
    models=None,
    collect=None,
    level=0.95,
    df=None,
    keep=None,
    n_jobs=None,
    progress=True,
):
    """Simulate a design many times from a truth that you choose, fit it each time, and count.

    Parameters
    ----------
    formula : the truth, as ``lmm`` takes it; its response is the column that will be drawn
    data : DataFrame with the other columns of the formula, a row for each measurement
    beta : the true coefficients, in the order of the columns of X or as ``{name: value}``
    theta : the true variances and covariances, (σ_b², σ_ε²) or those of any random part in the
        order of ``fit.theta``, or as ``{name: value}``
    nsim : how many data sets to draw
    seed : a whole number; data set i has the random numbers of the i-th child of this seed,
        whatever the number of processes and wherever they are
    models : what is fitted to each data set: ``{name: formula}``, or ``{name: {...}}`` with
        arguments of ``lmm``, of which those left out are those of the truth. If None, the truth
    collect : function of the fits, given under the names of their models, or of one argument
        ``fit`` if models is None, that returns ``{name: number}``. If None, each estimate, and for
        the coefficients the standard error, whether the interval covers the truth, and the
        p-value of β_j = 0
    level : confidence level of these intervals
    df : degrees of freedom of these intervals and p-values; None for those of N(0, 1)
    keep : name of a file in which results are kept as they come; with the same name, a study that
        was stopped goes on where it was, and one with a larger nsim draws only what is new
    n_jobs : how many processes share the work, −1 for one for each core. If None, joblib decides:
        ``with joblib.parallel_config("dask"):`` sends the work to a cluster
    progress : True shows a progress bar for what takes more than two seconds

    Returns
    -------
    study : Study, with the DataFrames ``draws`` and ``failures``, and ``summary()``

    Raises
    ------
    ValueError, TypeError
        explaining what is wrong with the truth or the design, if the file holds something else,
        or if no data set could be fitted.

    Source: Morris, White and Crowther (2019).
    """
    nsim, seed = count("nsim", nsim), count("seed", seed, least=0)
    between_0_and_1(level)
    truth, arguments = Truth.of(formula, data, beta, theta), _arguments(formula, models)
    prepared = {name: truth.prepared(**given) for name, given in arguments.items()}
    usual = collect is None
    counted = _Usual(truth.values, level, _quantile(level, df), df) if usual else collect
    draw = _Replicate(seed, truth.response, truth.law, prepared, counted)
    about = {}
    if keep is not None:
        about = {"formula": formula, "beta": truth.beta, "theta": truth.theta, "seed": seed}
        about |= {"models": _said(arguments), "data": _digest_of_data(truth, prepared)}
        about |= {"collect": "the usual" if usual else _source(collect)}
        about |= {"level": level, "df": df} if usual else {}
    found = _all_results(draw, nsim, about, keep, n_jobs, progress)
    rows = _rows(truth.law, data)
    return Study(formula, seed, rows, list(prepared), usual, 1 - level, truth.values, *found)


@dataclass(frozen=True, eq=False)
class Truth:
    """What data are drawn from.

    Parameters
    ----------
    response : the name of the column that is drawn
    data : DataFrame with that column too
    used : names of the columns that the formula uses
    law : Law
    beta, theta : the true coefficients, and the true variances and covariances, by name
    """

    response: str
    data: pd.DataFrame
    used: list
    law: Law
    beta: dict
    theta: dict

    @classmethod
    def of(cls, formula, data, beta, theta):
        """Read a formula and the parameters that belong to it."""
        require_frame(data, "data")
        response = _response(formula, data)
        # Any numbers do until the first are drawn.
        data = data.assign(**{response: np.random.default_rng(0).standard_normal(len(data))})
        frame = Prepared.read(formula, data).frame
        beta = _by_name("beta", beta, frame.beta_names)
        theta = _by_name("theta", theta, names_of_theta(frame.random))
        mean = frame.X @ np.array([*beta.values()])
        if frame.offset is not None:
            mean = mean + frame.offset
        roots, sigma2_e = _roots(theta, frame.random)
        sigma_e = np.full(len(mean), np.sqrt(sigma2_e))
        law = Law(mean, frame.random.factors, roots, sigma_e)
        return cls(response, data, list(frame.data), law, beta, theta)

    def prepared(self, formula, **arguments):
        """A model that is ready to be fitted to what is drawn."""
        if _response(formula, self.data) != self.response:
            raise ValueError(
                f"The response of the model {formula!r} must be {self.response!r}, which is drawn."
            )
        return Prepared.read(formula, self.data, **arguments)

    @property
    def values(self):
        """All true values, by name."""
        return self.beta | self.theta


def _response(formula, data):
    from lmmteach._formula import read_formula

    response = read_formula(formula, data.columns).response
    if response.endswith(")"):
        raise ValueError(
            f"The response of {formula!r} is a call, but it will be drawn, on the scale on which "
            "the model is linear. Give it a name of its own, such as 'logy ~ …'."
        )
    return response.strip("`")


def _by_name(what, given, names):
    """Parameters as ``{name: value}``, in the order of the model."""
    if isinstance(given, (Mapping, pd.Series)):
        given = dict(given.items())
        if set(given) != set(names):
            raise ValueError(f"{what} has {[*given]}, but this formula needs {[*names]}.")
        given = [given[name] for name in names]
    (values,) = shaped(f"{what}: p", np.atleast_1d(np.asarray(given, dtype=object)))
    if len(values) != len(names):
        raise ValueError(
            f"{what} has {len(values)} numbers, but this formula needs {len(names)}: "
            f"{', '.join(names)}."
        )
    return dict(zip(names, values.tolist(), strict=True))


def _roots(theta, random):
    """For each factor a root of the covariance of its effects, and σ_ε²."""
    *values, sigma2_e = theta.values()
    covariance, begin = np.zeros((len(random.scale), len(random.scale))), 0
    for bar in random.bars:
        k = len(bar.places)
        block, size = np.zeros((k, k)), k * (k + 1) // 2
        block[np.triu_indices(k)] = values[begin : begin + size]
        covariance[np.ix_(bar.places, bar.places)] = block + np.triu(block, 1).T
        begin += size
    lengths, axes = np.linalg.eigh(covariance)
    if sigma2_e <= 0 or lengths[0] < -1e-10 * lengths[-1]:
        raise ValueError(
            "theta is no set of variances and covariances: sigma2_e must be above 0, no variance "
            "below 0, and no covariance larger than its variances allow."
        )
    # Of all roots the symmetric one is unique, so that a seed gives the same data everywhere.
    root = (axes * np.sqrt(np.maximum(lengths, 0.0))) @ axes.T
    return [root[at, at] for at in places(random.factors)], sigma2_e


def _arguments(formula, models):
    """For each model the arguments of ``lmm``, without the data."""
    if models is None:
        return {"fit": {"formula": formula}}
    if not isinstance(models, Mapping) or not models:
        raise TypeError('models must be a dict, such as {"small": "y ~ 1 + (1 | g)", …}.')
    return {
        name: {"formula": formula} | ({"formula": given} if isinstance(given, str) else dict(given))
        for name, given in models.items()
    }


def _quantile(level, df):
    return float(ndtri((1 + level) / 2) if df is None else stdtrit(df, (1 + level) / 2))


@dataclass(frozen=True, eq=False)
class _Usual:
    """What is collected of the fits if nobody says otherwise."""

    truth: dict
    level: float
    quantile: float
    df: float | None

    def __call__(self, **fits):
        found = {}
        for name, fit in fits.items():
            before = f"{name} " if len(fits) > 1 else ""
            found |= {f"{before}{key}": value for key, value in self._of(fit).items()}
        return found

    def _of(self, fit):
        found = {}
        for name, estimate, se in zip(fit.beta.index, fit.beta, fit.se, strict=True):
            # A coefficient that the truth does not have is 0.
            miss = abs(estimate - self.truth.get(name, 0.0))
            t = -abs(estimate / se)
            found[name] = estimate
            found[f"se {name}"] = se
            found[f"covers {name}"] = miss <= self.quantile * se
            found[f"p {name}"] = 2 * (ndtr(t) if self.df is None else stdtr(self.df, t))
        names = names_of_theta(fit.frame.random)
        return found | dict(zip(names, fit.theta, strict=True)) | {"singular": fit.is_singular}


# Without comparison, so that it has a hash, which Dask wants.
@dataclass(frozen=True, eq=False)
class _Replicate:
    """One data set: drawn, fitted, and what is to be kept of it."""

    seed: int
    response: str
    law: Law
    models: dict
    collect: object

    def __call__(self, i):
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        with on_one_thread():
            y = self.law.draw(rng)
            try:
                fits = {
                    name: model.with_response(self.response, y).fit()
                    for name, model in self.models.items()
                }
                return {"i": i, "draw": _plain(self.collect(**fits))}
            except (ValueError, ArithmeticError) as error:
                return {"i": i, "failed": f"{type(error).__name__}: {error}"}


def _plain(draw):
    """What was collected, in numbers that a file keeps to their last digit."""
    if not isinstance(draw, (Mapping, pd.Series)):
        raise TypeError(f"collect must return a dict such as {{'name': 1.5}}, not {draw!r}.")
    return {str(name): _plain_value(name, value) for name, value in draw.items()}


def _plain_value(name, value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (str, int, np.integer)):
        return value if isinstance(value, str) else int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    raise TypeError(f"collect gave {value!r} for {name!r}, but it must be a number.")


def _said(models):
    """The models as a file can say what they are."""
    return {
        model: {
            name: given if isinstance(given, (str, int, float)) else digest(repr(list(given)))
            for name, given in arguments.items()
            if given is not None
        }
        for model, arguments in models.items()
    }


def _source(collect):
    """What tells one function from another: its text, where Python can find that."""
    try:
        return digest(inspect.getsource(collect))
    except (OSError, TypeError):
        return getattr(collect, "__qualname__", type(collect).__qualname__)


def _digest_of_data(truth, prepared):
    used = {*truth.used, *(name for model in prepared.values() for name in model.frame.data)}
    used = [name for name in truth.data if name in used and name != truth.response]
    return digest(truth.data[used].to_csv(index=False))


def _all_results(draw, nsim, about, keep, n_jobs, progress):
    """The draws and the failures, DataFrames; those that the file does not have are made."""
    # As text: a bar that is a widget would make a page of the book ask another site for scripts.
    from tqdm import tqdm

    store = nullcontext(([], lambda result: None)) if keep is None else kept_in(keep, about)
    with store as (results, add):
        found = {result["i"]: result for result in results if result["i"] < nsim}
        bar = tqdm(total=nsim, initial=len(found), delay=2, leave=False, disable=not progress)
        for attempt in range(1, ATTEMPTS + 1):
            missing = [i for i in range(nsim) if i not in found]
            try:
                for result in as_they_come(draw, missing, n_jobs):
                    found[result["i"]] = result
                    add(result)
                    bar.update()
                break
            except BrokenExecutor:
                if attempt == ATTEMPTS:
                    raise
        bar.close()
    return _as_tables([found[i] for i in range(nsim)])


def _as_tables(results):
    fitted = [result for result in results if "draw" in result]
    failed = [result for result in results if "failed" in result]
    if not fitted:
        raise ValueError(
            f"None of the {len(results)} data sets could be fitted. The first of them said: "
            f"{failed[0]['failed']}"
        )
    draws = pd.DataFrame(
        [result["draw"] for result in fitted], index=_replicates(result["i"] for result in fitted)
    )
    failures = pd.DataFrame(
        {"why": [result["failed"] for result in failed]},
        index=_replicates(result["i"] for result in failed),
        dtype=object,
    )
    return draws, failures


def _replicates(numbers):
    return pd.Index(list(numbers), name="replicate", dtype="int64")


def _rows(law, data):
    numbers = ", ".join(str(factor.q) for factor in law.factors)
    return f"{len(data):,} rows in {numbers} groups"


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """The results of a simulation study.

    Parameters
    ----------
    formula, seed : of the truth
    rows : the size of the design, in words
    models : names of the fitted models
    is_usual : whether the usual things were collected
    alpha : a p-value below it rejects
    truth : the true values, by name
    draws : DataFrame with a row for each data set that could be fitted
    failures : DataFrame with a row for each that could not, and why
    """

    formula: str
    seed: int
    rows: str
    models: list
    is_usual: bool
    alpha: float
    truth: dict
    draws: pd.DataFrame
    failures: pd.DataFrame

    @property
    def nsim(self):
        """How many data sets were drawn."""
        return len(self.draws) + len(self.failures)

    def summary(self):
        """The figures with their Monte Carlo errors.

        Returns
        -------
        table : DataFrame. Of the usual results a row for each parameter (of each model, if there
            are several), with truth, mean, bias, sd, coverage and rejects, the share of data sets
            in which the test of β_j = 0 rejects: its power, or where the truth is 0, its size.
            Of what ``collect`` gave a row for each column, with its mean. What ends in ``_error``
            is the Monte Carlo error of the figure before it
        """
        if not self.is_usual:
            rows = {name: dict(_figure("mean", self.draws[name])) for name in self._numbers}
            return pd.DataFrame.from_dict(rows, orient="index")
        rows = {place: self._row(*columns) for place, columns in self._parameters.items()}
        table = pd.DataFrame.from_dict(rows, orient="index")
        if len(self.models) > 1:
            table.index = pd.MultiIndex.from_tuples(rows, names=["model", "parameter"])
        return table

    @property
    def _numbers(self):
        return [name for name in self.draws if self.draws[name].dtype.kind in "bif"]

    @property
    def _parameters(self):
        """For each row of the table what stands before its columns' names, and the parameter."""
        found = {}
        for model in self.models:
            before = f"{model} " if len(self.models) > 1 else ""
            own = [name.removeprefix(before) for name in self.draws if name.startswith(before)]
            skipped = tuple(f"{what} " for what in ("se", "covers", "p"))
            for name in own:
                if name != "singular" and not name.startswith(skipped):
                    found[(model, name) if before else name] = (before, name)
        return found

    def _true(self, name, before):
        is_coefficient = f"{before}se {name}" in self.draws
        return self.truth.get(name, 0.0 if is_coefficient else np.nan)

    def _row(self, before, name):
        draws, truth = self.draws[before + name], self._true(name, before)
        row = {"truth": truth, "mean": draws.mean(), **dict(_figure("bias", draws - truth))}
        row["sd"] = draws.std()
        if f"{before}se {name}" in self.draws:
            row |= dict(_figure("coverage", self.draws[f"{before}covers {name}"]))
            row |= dict(_figure("rejects", self.draws[f"{before}p {name}"] < self.alpha))
        return row

    def __repr__(self):
        lines = [
            f"{self.nsim:,} data sets drawn from {self.formula} ({self.rows}; seed {self.seed})",
            self._table().to_string(),
        ]
        for model in self.models if self.is_usual else ():
            before = f"{model} " if len(self.models) > 1 else ""
            share = with_error(self.draws[f"{before}singular"].to_numpy())
            lines.append(f"singular fits{f' of {model}' if before else ''}: {share}")
        if len(self.failures):
            reasons = self.failures["why"].value_counts()
            said = "; ".join(f"{number}: {why}" for why, number in reasons.items())
            lines.append(f"{len(self.failures)} could not be fitted and are left out. {said}")
        return "\n".join(lines)

    def _table(self):
        """The summary as text, each figure with its Monte Carlo error."""
        if not self.is_usual:
            rows = {name: {"mean": with_error(self.draws[name])} for name in self._numbers}
            return pd.DataFrame.from_dict(rows, orient="index")
        rows = {}
        for place, (before, name) in self._parameters.items():
            draws, truth = self.draws[before + name], self._true(name, before)
            row = {"truth": f"{truth:g}", "mean": with_error(draws), "bias": "", "coverage": ""}
            row["rejects 0"] = ""
            if np.isfinite(truth):
                row["bias"] = with_error(draws - truth)
            if f"{before}se {name}" in self.draws:
                row["coverage"] = with_error(self.draws[f"{before}covers {name}"])
                row["rejects 0"] = with_error(self.draws[f"{before}p {name}"] < self.alpha)
            rows[": ".join(place) if before else place] = row
        return pd.DataFrame.from_dict(rows, orient="index")


def _figure(name, draws):
    """A figure and its Monte Carlo error, as entries of a row; nan where a draw is missing."""
    draws = np.asarray(draws, dtype=float)
    known = len(draws) > 1 and np.isfinite(draws).all()
    figure, error = monte_carlo(draws) if known else (np.nan, np.nan)
    return [(name, figure), (f"{name}_error", error)]


def power_curve(
    formula,
    design,
    sizes,
    beta,
    theta,
    coefficient,
    nsim=1000,
    seed=15,
    per_group=0,
    per_measurement=1,
    keep=None,
    **options,
):
    """The power of designs of several sizes, by simulation, and what each of them costs.

    Parameters
    ----------
    formula, beta, theta : the truth, as ``study`` takes it
    design : function of the number of groups and the number of measurements of each, that gives
        a DataFrame
    sizes : list of pairs (groups, measurements)
    coefficient : name of the coefficient whose test should reject
    nsim : data sets for each size
    seed : of the first size; each further one has the next number
    per_group, per_measurement : costs
    keep : name of a file; each size has its own, with the size in its name
    options : further arguments of ``study``; ``df`` may be a function of both numbers

    Returns
    -------
    table : DataFrame with a row for each size: groups, measurements, cost, power, power_error,
        failures

    Raises
    ------
    ValueError, TypeError
        as ``study``, or if the model has no such coefficient.
    """
    rows, df = [], options.pop("df", None)
    for k, (groups, measurements) in enumerate(sizes):
        options["df"] = df(groups, measurements) if callable(df) else df
        if keep is not None:
            path = Path(keep)
            options["keep"] = path.with_stem(f"{path.stem}-{groups}x{measurements}")
        data = design(groups, measurements)
        found = study(formula, data, beta, theta, nsim, seed + k, **options)
        if f"p {coefficient}" not in found.draws:
            names = [name.removeprefix("p ") for name in found.draws if name.startswith("p ")]
            raise ValueError(f"There is no coefficient {coefficient!r}, only {names}.")
        power, error = monte_carlo(found.draws[f"p {coefficient}"] < found.alpha)
        cost = groups * (per_group + per_measurement * measurements)
        rows.append((groups, measurements, cost, power, error, len(found.failures)))
    names = ["groups", "measurements", "cost", "power", "power_error", "failures"]
    return pd.DataFrame(rows, columns=names)
