"""Who takes part: this package's engines and the other packages, each fitted in its usual way.

An entrant has two functions to time. ``call`` is what a person writes: a formula and a DataFrame
in, a fitted model out. ``fit`` begins with arrays and integer codes and ends at the optimum;
whatever comes after, such as degrees of freedom, is left out of it where that can be done.
"""

import importlib
import importlib.util
import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np

# The literal engine holds about a dozen matrices of the size of V.
MOST_ROWS_LITERAL = 4000
R_SCRIPT = Path(__file__).resolve().parent / "lme4.R"


class Entrant:
    """A package that fits the models.

    Parameters
    ----------
    name : in the tables
    module : what is imported
    package : what is installed; the same as the module if not given
    """

    def __init__(self, name, module, package=""):
        self.name, self.module, self.package = name, module, package or module

    def missing(self):
        """Why it cannot take part, "" if it can."""
        return "" if importlib.util.find_spec(self.module) else "not installed"

    def version(self):
        """The version that takes part."""
        return metadata.version(self.package)

    def refuses(self, case):
        """Why it does not fit this model, "" if it does."""
        return ""

    def imported(self):
        """The module."""
        return importlib.import_module(self.module)

    def call(self, case, data):
        """From formula and DataFrame to a fitted model."""
        raise NotImplementedError

    def fit(self, case, data):
        """A function from arrays to the optimum, None if the package has no such thing."""
        raise NotImplementedError

    def covariances(self, case, result):
        """For each grouping column the covariance of its effects, over the error variance."""
        raise NotImplementedError


class Engine(Entrant):
    """This package, by one of its engines."""

    def __init__(self, engine):
        super().__init__(f"lmmteach, {engine}", "lmmteach")
        self.engine = engine

    def refuses(self, case):
        if self.engine == "literal" and case.rows > MOST_ROWS_LITERAL:
            return f"V would be {case.rows:,} × {case.rows:,}"
        return ""

    def call(self, case, data):
        return self.imported().lmm(case.formula, data, engine=self.engine)

    def fit(self, case, data):
        from lmmteach._frame import read_model
        from lmmteach._regression import Regression
        from lmmteach.engines import best, engine_for

        frame = read_model(case.formula, data)

        def run():
            rows = Regression(frame.X, frame.y)
            return best(engine_for(self.engine, frame.random.factors, rows), frame.random, True)

        return run

    def covariances(self, case, result):
        # One bar for each factor, in the models that take part.
        bars = result.frame.random.bars
        covariance = result.covariance / result.sigma2_e
        return {bar.name: covariance[np.ix_(bar.places, bar.places)] for bar in bars}


class Statsmodels(Entrant):
    """MixedLM, and whatever has its interface."""

    def refuses(self, case):
        if len(case.random) > 1:
            return "one grouping factor only"
        return ""

    def model(self, case, data):
        """The model before it is fitted."""
        ((group, slope),) = case.random
        maker = importlib.import_module("statsmodels.formula.api").mixedlm
        return maker(
            case.fixed_formula, data, groups=group, re_formula=f"~{slope}" if slope else None
        )

    def call(self, case, data):
        return self.model(case, data).fit()

    def fit(self, case, data):
        model = self.model(case, data)
        maker = importlib.import_module("statsmodels.api").MixedLM
        arrays = model.endog, model.exog, np.asarray(model.groups), model.exog_re
        return lambda: maker(*arrays).fit()

    def covariances(self, case, result):
        ((group, _),) = case.random
        return {group: np.asarray(result.cov_re) / result.scale}


class MixedlmRs(Statsmodels):
    """mixedlm-rs, with the interface of statsmodels and a core in Rust."""

    def model(self, case, data):
        ((group, slope),) = case.random
        return self.imported().mixedlm(
            case.fixed_formula, data, groups=group, re_formula=f"~{slope}" if slope else None
        )

    def fit(self, case, data):
        model, maker = self.model(case, data), self.imported().MixedLM
        codes = np.unique(model.groups, return_inverse=True)[1]
        return lambda: maker(model.endog, model.exog, codes, model.exog_re).fit()


class Glmm(Entrant):
    """glmm, with a core in Rust."""

    def call(self, case, data):
        return self.imported().fit(data, case.formula)

    def fit(self, case, data):
        import pandas as pd

        groups = {group for group, _ in case.random}
        # A column with known levels is the quickest that it takes.
        arrays = {
            name: pd.Categorical(data[name]) if name in groups else data[name].to_numpy()
            for name in case.columns
        }
        return lambda: self.imported().fit(arrays, case.formula, satterthwaite=False)

    def covariances(self, case, result):
        found = {}
        for (group, _), packed in zip(result.re_groups, result.varcorr, strict=True):
            k = int(np.sqrt(2 * len(packed)))
            matrix = np.zeros((k, k))
            # The lower triangle, column by column.
            matrix.T[np.triu_indices(k)] = packed
            found[group] = (matrix + np.tril(matrix, -1).T) / result.dispersion
        return found


class Mixedlm(Entrant):
    """mixedlm, after lme4, with a core in Rust."""

    def call(self, case, data):
        return self.imported().lmer(case.formula, data)

    def fit(self, case, data):
        mixedlm = self.imported()
        parsed = mixedlm.lFormula(case.formula, data)
        return lambda: mixedlm.optimizeLmer(mixedlm.mkLmerDevfun(parsed))

    def covariances(self, case, result):
        variances = result.VarCorr()
        return {group: variances.get_cov(group) / result.sigma**2 for group, _ in case.random}


class Lme4(Entrant):
    """lme4, in R: a script of its own does what ``worker.run`` does for the others."""

    def __init__(self):
        super().__init__("lme4", "")

    def missing(self):
        if shutil.which("Rscript") is None:
            return "R is not installed"
        return "" if self._ask().returncode == 0 else "not installed in R"

    def version(self):
        return self._ask().stdout.strip()

    def _ask(self):
        code = 'cat(as.character(packageVersion("lme4")))'
        return subprocess.run(["Rscript", "-e", code], capture_output=True, text=True)

    def command(self, case, folder, seconds, out):
        """What to run."""
        return ["Rscript", os.fspath(R_SCRIPT), case.formula, folder, str(seconds), out]


class Counting(Entrant):
    """Three sums per group: the least that anyone must do who reads the data."""

    def __init__(self):
        super().__init__("three np.bincount", "numpy")

    def refuses(self, case):
        return "one grouping factor only" if len(case.random) > 1 else ""

    def call(self, case, data):
        return None

    def fit(self, case, data):
        ((group, _),) = case.random
        codes = np.unique(data[group], return_inverse=True)[1]
        y = data[case.response].to_numpy()
        x = data[case.fixed[0]].to_numpy() if case.fixed else y
        return lambda: (np.bincount(codes), np.bincount(codes, x), np.bincount(codes, y))

    def covariances(self, case, result):
        return {}


ENTRANTS = (
    Engine("fast"),
    Engine("literal"),
    Engine("auto"),
    Statsmodels("statsmodels", "statsmodels"),
    MixedlmRs("mixedlm-rs", "mixedlm_rs", "mixedlm-rs"),
    Glmm("glmm", "glmm"),
    Mixedlm("mixedlm", "mixedlm"),
    Lme4(),
    Counting(),
)
