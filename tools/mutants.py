"""Plant known mistakes, one at a time, and see whether the tests notice.

Each mutant is one of the mistakes that students and packages make. It is planted in a copy of the
package. First runs the test that noticed it last time, as mutants.json remembers; if that one
passes, the tests of the changed module, then all the others, until one fails. A mutant that no
test notices is a test that is missing. In the end the tests that failed run without any mistake,
where they must pass. With --record, what was found is written down for the next time.
"""

import contextlib
import io
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RECORD = Path(__file__).resolve().parent / "mutants.json"
# A mistake can make a loop endless; then this ends, and says so.
PATIENCE = 900
# The quick ones first.
TESTS = (
    "test_climb.py",
    "test_model.py",
    "test_blup.py",
    "test_prediction.py",
    "test_diagnostics.py",
    "test_likelihood.py",
    "test_reml.py",
    "test_summary.py",
    "test_fit.py",
    "test_profile.py",
    "test_testing.py",
    "test_oracle.py",
    "test_hard_data.py",
    "test_input.py",
    "test_identities.py",
)


class Mutant(NamedTuple):
    """A mistake: its name, the module, what stands there once, and what shall stand there."""

    name: str
    module: str
    old: str
    new: str


MUTANTS = [
    # Chapter 1: the model.
    Mutant(
        "Z takes the rows to be sorted in blocks",
        "model",
        "return (groups[:, np.newaxis] == np.unique(groups)).astype(float)",
        "return np.repeat(np.eye(len(set(groups))), np.unique(groups, return_counts=True)[1], 0)",
    ),
    Mutant(
        "Z leaves out the first group, as for a fixed factor",
        "model",
        "== np.unique(groups))",
        "== np.unique(groups)[1:])",
    ),
    Mutant("ZᵀZ instead of ZZᵀ in V", "model", "Sigma + Z @ D @ Z.T", "Sigma + Z.T @ D @ Z"),
    Mutant("no errors in V", "model", "return Sigma + Z @ D @ Z.T", "return Z @ D @ Z.T"),
    Mutant(
        "no D in V",
        "model",
        "return Sigma + Z @ D @ Z.T",
        "return Sigma + D[0, 0] * Z @ Z.T",
    ),
    Mutant(
        "SDs for variances in V(θ)",
        "model",
        "sigma2_b, sigma2_e = variances(theta)\n    (Z,)",
        "sigma2_b, sigma2_e = np.sqrt(variances(theta))\n    (Z,)",
    ),
    Mutant(
        "θ the other way round in V(θ)",
        "model",
        "sigma2_b, sigma2_e = variances(theta)\n    (Z,)",
        "sigma2_e, sigma2_b = variances(theta)\n    (Z,)",
    ),
    Mutant(
        "intraclass correlation with the variance within on top",
        "model",
        "return sigma2_b / (sigma2_b + sigma2_e)",
        "return sigma2_e / (sigma2_b + sigma2_e)",
    ),
    Mutant(
        "intraclass correlation from SDs",
        "model",
        "return sigma2_b / (sigma2_b + sigma2_e)",
        "return sigma2_b**0.5 / (sigma2_b**0.5 + sigma2_e**0.5)",
    ),
    Mutant(
        "simulated data without b",
        "model",
        "return X @ beta + Z @ b + epsilon",
        "return X @ beta + epsilon",
    ),
    Mutant(
        "variances for SDs in simulated data",
        "model",
        "np.sqrt(np.maximum(eigenvalues, 0.0))",
        "np.maximum(eigenvalues, 0.0)",
    ),
    # Chapter 2: the likelihood.
    Mutant(
        "½ missing before log|V|",
        "likelihood",
        "-0.5 * (log_determinant(V) + r",
        "-0.5 * (2 * log_determinant(V) + r",
    ),
    Mutant(
        "log|V| with the other sign",
        "likelihood",
        "-0.5 * (log_determinant(V) + r",
        "-0.5 * (-log_determinant(V) + r",
    ),
    Mutant("constant of the likelihood dropped", "likelihood", "if constant:", "if not constant:"),
    Mutant(
        "constant of the likelihood with the other sign",
        "likelihood",
        "value -= 0.5 * len(y)",
        "value += 0.5 * len(y)",
    ),
    Mutant(
        "the determinant itself, which underflows",
        "likelihood",
        "return float(np.linalg.slogdet(V).logabsdet)",
        "return float(np.log(np.linalg.det(V)))",
    ),
    Mutant(
        "½ missing before the trace in the score",
        "likelihood",
        "score_e = -0.5 * (np.trace(V_inverse) - u @ u)",
        "score_e = -np.trace(V_inverse) + 0.5 * u @ u",
    ),
    Mutant(
        "the two variances taken to be independent",
        "likelihood",
        "np.array([[bb, be], [be, ee]])",
        "np.array([[bb, 0], [0, ee]])",
    ),
    Mutant(
        "traces added to the curvature",
        "likelihood",
        "V_k_u.T @ V_inverse @ V_k_u - half_traces",
        "V_k_u.T @ V_inverse @ V_k_u + half_traces",
    ),
    Mutant(
        "ML kept a little above 0",
        "likelihood",
        "return beta_ols + x[:p], x[p:]",
        "return beta_ols + x[:p], np.maximum(x[p:], 1e-8)",
    ),
    Mutant(
        "the climb starts at σ_b² = 0 only",
        "_climb",
        "SHARES = (0.0,",
        "SHARES = (0.0,)\nUNUSED = (0.0,",
    ),
    Mutant(
        "the lower one of two tops",
        "_climb",
        "return max(tops, key=loglik)",
        "return min(tops, key=loglik)",
    ),
    Mutant(
        "steps past the top and down",
        "_climb",
        "if there[-1] > 0 and loglik(there) >= here - rounding:",
        "if there[-1] > 0:",
    ),
    Mutant(
        "balanced estimates below 0",
        "likelihood",
        "inside = between > 0",
        "inside = between > -np.inf",
    ),
    Mutant(
        "σ̂_ε² within groups kept where σ̂_b² is 0",
        "likelihood",
        "np.where(inside, within, pooled)",
        "np.where(inside, within, within)",
    ),
    Mutant("I − 1 for I in balanced ML", "likelihood", "d = I - 1 if reml else I", "d = I - 1"),
    Mutant("I for I − 1 in balanced REML", "likelihood", "d = I - 1 if reml else I", "d = I"),
    Mutant(
        "sum of squares between groups around the mean of means",
        "likelihood",
        "np.sum((group_means - y.mean()) ** 2)",
        "np.sum((group_means - np.unique(group_means).mean()) ** 2)",
    ),
    Mutant(
        "the scan stops far below the largest ratios",
        "_climb",
        "np.linspace(-9, 18, 40)",
        "np.linspace(-9, 7, 40)",
    ),
    Mutant(
        "the scale of the start forgets the held σ_ε²",
        "_climb",
        "(share, sigma2_e / (1 - share)) for share",
        "(share, None) for share",
    ),
    # Chapter 3: the profile.
    Mutant(
        "GLS returns OLS",
        "profile",
        "return covariance @ (Vinv_X.T @ y), covariance",
        "return np.linalg.lstsq(X, y, rcond=None)[0], covariance",
    ),
    Mutant(
        "standard errors as for independent data",
        "profile",
        "return covariance @ (Vinv_X.T @ y), covariance",
        "return covariance @ (Vinv_X.T @ y), V[0, 0] * np.linalg.inv(X.T @ X)",
    ),
    Mutant(
        "OLS β in the profile",
        "profile",
        "beta_theta, _ = gls(V, y, X)",
        "beta_theta, _ = gls(np.eye(len(y)), y, X)",
    ),
    Mutant(
        "3.84 instead of 1.92 below the top of the profile",
        "profile",
        "chdtri(1, 1 - level) / 2",
        "chdtri(1, 1 - level)",
    ),
    Mutant(
        "profile interval of the wrong level",
        "profile",
        "chdtri(1, 1 - level) / 2",
        "chdtri(1, (1 - level) / 2) / 2",
    ),
    Mutant(
        "P that forgets to estimate β",
        "profile",
        "return V_inverse - Vinv_X @ _covariance_of_beta(X, Vinv_X) @ Vinv_X.T",
        "return V_inverse",
    ),
    # Chapter 4: the random effects.
    Mutant(
        "BLUP from the residuals of OLS",
        "blup",
        "beta, _ = gls(V, y, X)\n    return D @ Z.T",
        "beta, _ = gls(np.eye(len(y)), y, X)\n    return D @ Z.T",
    ),
    Mutant(
        "BLUP that does not shrink",
        "blup",
        "return D @ Z.T @ solve(V, y - X @ beta)",
        "return np.linalg.pinv(Z) @ (y - X @ beta)",
    ),
    Mutant(
        "shrinkage from SDs",
        "blup",
        "sigma2_b, sigma2_e = variances(theta)",
        "sigma2_b, sigma2_e = np.sqrt(variances(theta))",
    ),
    Mutant(
        "intraclass correlation for shrinkage",
        "blup",
        "return n_i * sigma2_b / (n_i * sigma2_b + sigma2_e)",
        "return sigma2_b / (sigma2_b + sigma2_e) + 0 * n_i",
    ),
    Mutant(
        "one shrinkage for all, from the mean size of the groups",
        "blup",
        "n_i = np.asarray(n_i, dtype=float)",
        "n_i = np.full(np.shape(n_i), np.mean(n_i))",
    ),
    Mutant(
        "shrinkage the other way round",
        "blup",
        "return n_i * sigma2_b / (n_i",
        "return sigma2_e / (n_i",
    ),
    Mutant(
        "density of b forgotten in the joint score",
        "blup",
        " - np.linalg.solve(D, b)",
        "",
    ),
    Mutant(
        "𝒟⁻¹ forgotten in Henderson's equations",
        "blup",
        "system[p:, p:] += np.linalg.inv(D)",
        "system[p:, p:] += 1e-6 * np.linalg.inv(D)",
    ),
    Mutant(
        "conditional variance for the prediction error",
        "blup",
        "return D - D @ Z.T @ P_matrix(V, X) @ Z @ D",
        "return D - D @ Z.T @ solve(V, Z @ D)",
    ),
    # Chapter 5: REML.
    Mutant(
        "log|XᵀX| for log|XᵀV⁻¹X|",
        "reml",
        "log_determinant(X.T @ solve(V, X))",
        "log_determinant(X.T @ X)",
    ),
    Mutant(
        "log|XᵀV⁻¹X| with the other sign",
        "reml",
        "- 0.5 * logdet_information",
        "+ 0.5 * logdet_information",
    ),
    Mutant(
        "n instead of n − p in the constant of REML",
        "reml",
        " + 0.5 * p * np.log(2 * np.pi)",
        "",
    ),
    Mutant(
        "score of ML in REML",
        "reml",
        "np.trace(Z.T @ P @ Z)",
        "np.trace(Z.T @ solve(V, Z))",
    ),
    Mutant(
        "β of OLS after REML",
        "reml",
        "return beta_ols + beta, theta",
        "return beta_ols, theta",
    ),
    Mutant(
        "REML kept a little above 0",
        "reml",
        "return beta_ols + beta, theta",
        "return beta_ols + beta, np.maximum(theta, 1e-8)",
    ),
    Mutant("K is all of I − H", "reml", "return Q[:, p:]", "return Q[:, p:] @ Q[:, p:].T"),
    Mutant("K keeps a column of X", "reml", "return Q[:, p:]", "return Q[:, p - 1 :]"),
    # Chapter 6: tests.
    Mutant(
        "factor 2 forgotten in the LRT",
        "testing",
        "statistic = max(0.0, 2 * (large.loglik - small.loglik))",
        "statistic = max(0.0, large.loglik - small.loglik)",
    ),
    Mutant(
        "χ² with a degree of freedom too many",
        "testing",
        "return chdtrc(df, _statistic(statistic))",
        "return chdtrc(df + 1, _statistic(statistic))",
    ),
    Mutant(
        "lower tail of χ²",
        "testing",
        "return chdtrc(df, _statistic(statistic))",
        "return 1 - chdtrc(df, _statistic(statistic))",
    ),
    Mutant(
        "mixture not halved",
        "testing",
        "0.5 * chi2_pvalue(statistic, 1), 1.0)",
        "chi2_pvalue(statistic, 1), 1.0)",
    ),
    Mutant(
        "p-value of ½ for a statistic of 0",
        "testing",
        "np.where(statistic > 0, 0.5",
        "np.where(statistic >= 0, 0.5",
    ),
    Mutant(
        "AIC without the variances",
        "testing",
        "fit.criterion + 2 * fit.n_parameters",
        "fit.criterion + 2 * fit.X.shape[1]",
    ),
    Mutant(
        "likelihood of ML at the estimates of REML in the RLRT",
        "testing",
        "(fit_reml, restricted_loglik) if reml",
        "(fit_reml, profile_loglik) if reml",
    ),
    Mutant(
        "larger model not fitted under the null: σ̂_ε² of the alternative",
        "testing",
        "height(V_theta(theta_0, Z), y, X))",
        "height(V_theta((0, theta[1]), Z), y, X))",
    ),
    Mutant("n for n − p in the RLRT", "testing", "m = n - p if reml else n", "m = n"),
    Mutant(
        "μ for ξ in the LRT",
        "testing",
        "xi, xi_counts = (kappa, kappa_counts) if reml else",
        "xi, xi_counts = (kappa, kappa_counts) if True else",
    ),
    Mutant(
        "W without what lies outside the groups",
        "testing",
        "sum(axis=0) + w2\n            return m",
        "sum(axis=0)\n            return m",
    ),
    Mutant(
        "degrees of freedom of the rest without p",
        "testing",
        "rest = n - p - kappa_counts.sum()",
        "rest = n - kappa_counts.sum()",
    ),
    Mutant(
        "one χ²₁ for all equal eigenvalues",
        "testing",
        "rng.chisquare(kappa_counts[:, np.newaxis]",
        "rng.chisquare(np.ones_like(kappa_counts)[:, np.newaxis]",
    ),
    Mutant(
        "top of the null statistic on the grid only",
        "testing",
        "return np.maximum(np.maximum(at_left, at_right), heights.max(axis=0))",
        "return heights.max(axis=0)",
    ),
    Mutant(
        "bootstrap simulates with variance between groups",
        "testing",
        "* rng.standard_normal(len(mean))",
        "* (rng.standard_normal(len(mean)) + Z @ rng.standard_normal(Z.shape[1]))",
    ),
    Mutant(
        "bootstrap from the ML fit under REML",
        "testing",
        "beta, theta = (fit_reml if reml else fit_ml)(",
        "beta, theta = fit_ml(",
    ),
    Mutant(
        "bootstrap by ML whatever is asked for",
        "testing",
        "return boundary_lrt(y, X, Z, reml)\n    except",
        "return boundary_lrt(y, X, Z)\n    except",
    ),
    Mutant(
        "bootstrap compares with the likelihood of the data under H₀",
        "testing",
        "return boundary_lrt(y, X, Z, reml)\n    except",
        "V = V_theta((0, sigma2_e), Z)\n"
        "        height = restricted_loglik if reml else profile_loglik\n"
        "        top = height(V_theta((fit_reml if reml else fit_ml)(y, X, Z)[1], Z), y, X)\n"
        "        return max(0.0, 2 * (top - height(V, y, X)))\n    except",
    ),
    Mutant(
        "variance for SD in the bootstrap",
        "testing",
        "mean + np.sqrt(sigma2_e) *",
        "mean + sigma2_e *",
    ),
    Mutant(
        "bootstrap p-value that can be 0",
        "testing",
        "(1 + np.sum(null >= statistic)) / (1 + len(null))",
        "np.mean(null >= statistic)",
    ),
    Mutant(
        "draws equal to the statistic not counted",
        "testing",
        "(1 + np.sum(null >= statistic)) / (1 + len(null))",
        "(1 + np.sum(null > statistic)) / (1 + len(null))",
    ),
    Mutant(
        "failures of the bootstrap dropped in silence",
        "testing",
        "null, nsim - len(null))",
        "null, 0)",
    ),
    Mutant(
        "failures of the bootstrap taken for statistics of 0",
        "testing",
        "return np.nan",
        "return 0.0",
    ),
    Mutant(
        "exact p-value that can be 0",
        "testing",
        "(1 + np.sum(null >= statistic)) / (1 + nsim)",
        "np.mean(null >= statistic)",
    ),
    Mutant(
        "exact null of the LRT for the RLRT",
        "testing",
        'reml=large.method == "REML")',
        "reml=False)",
    ),
    Mutant(
        "Wald's z from the information of ML under REML",
        "testing",
        "half_traces(P_matrix(V, X), Z) if reml",
        "half_traces(np.linalg.inv(V), Z) if reml",
    ),
    Mutant(
        "Wald's z as if σ_ε² were known",
        "testing",
        "np.sqrt(np.linalg.inv(info)[0, 0])",
        "np.sqrt(1 / info[0, 0])",
    ),
    Mutant(
        "REML likelihoods of different X compared",
        "testing",
        'if not same_X and small.method == "REML":',
        "if False:",
    ),
    Mutant(
        "models compared that are not nested",
        "testing",
        "if rank > p_large or",
        "if",
    ),
    # Chapter 7: prediction.
    Mutant(
        "new group without the variance between groups",
        "prediction",
        "np.diag(x @ Phi @ x.T) + sigma2_b",
        "np.diag(x @ Phi @ x.T)",
    ),
    Mutant(
        "β̂ and b̂ taken to be independent",
        "prediction",
        " + x @ C @ z.T + (x @ C @ z.T).T",
        "",
    ),
    Mutant(
        "interval from the variance instead of its root",
        "prediction",
        "half = ndtri((1 + level) / 2) * np.sqrt(variance)",
        "half = ndtri((1 + level) / 2) * variance",
    ),
    Mutant("interval with one tail", "prediction", "ndtri((1 + level) / 2)", "ndtri(level)"),
    Mutant(
        "normal quantile in the t interval",
        "prediction",
        "half = stdtrit(df, (1 + level) / 2)",
        "half = stdtrit(1e9, (1 + level) / 2)",
    ),
    Mutant(
        "intraclass correlation for the weight of several measurements",
        "prediction",
        "shrinkage_factor(len(measurements), theta)",
        "shrinkage_factor(1, theta)",
    ),
    Mutant(
        "the new group's mean replaces the prediction",
        "prediction",
        "prediction = level + factor * (",
        "prediction = level + (",
    ),
    Mutant(
        "variance of the mean kept in full beside measurements",
        "prediction",
        "return prediction, (1 - factor) ** 2 * var_mean",
        "return prediction, var_mean",
    ),
    Mutant(
        "variance between groups kept in full beside measurements",
        "prediction",
        "+ (1 - factor) * theta[0]",
        "+ theta[0]",
    ),
    # Chapter 8: diagnostics.
    Mutant(
        "marginal residuals for conditional ones of arrays",
        "diagnostics",
        "return y - X @ beta - Z @ b",
        "return y - X @ beta",
    ),
    Mutant(
        "residuals scaled by the variance",
        "diagnostics",
        "return residuals / np.sqrt(sigma2_e)",
        "return residuals / sigma2_e",
    ),
    Mutant(
        "QQ positions of large samples for small ones",
        "diagnostics",
        "a = 3 / 8 if n <= 10 else 1 / 2",
        "a = 1 / 2",
    ),
    Mutant(
        "k/n in the PP plot", "diagnostics", "(np.arange(1, n + 1) - 0.5) / n", "np.arange(n) / n"
    ),
    Mutant(
        "QQ plot of unsorted values",
        "diagnostics",
        "(n + 1 - 2 * a)), np.sort(values)",
        "(n + 1 - 2 * a)), values",
    ),
    Mutant(
        "rows of the left-out group stay in",
        "diagnostics",
        "others = Z[:, i] == 0",
        "others = Z[:, i] >= 0",
    ),
    Mutant(
        "influence by REML whatever is asked for",
        "diagnostics",
        "fitter = fit_reml if reml else fit_ml",
        "fitter = fit_reml",
    ),
    # The fit and its printout.
    Mutant(
        "REML falls back to ML",
        "fit",
        'fitter = fit_reml if method == "REML" else fit_ml',
        "fitter = fit_ml",
    ),
    Mutant(
        "a held variance counted as a parameter",
        "fit",
        "len(self.theta) - self.holds_b",
        "len(self.theta)",
    ),
    Mutant(
        "Wald interval from the variance instead of the SE",
        "fit",
        "normal_interval(self.beta, self.se**2, level)",
        "normal_interval(self.beta, self.se**4, level)",
    ),
    Mutant(
        "REML likelihood of other columns than those of X",
        "fit",
        "restricted_loglik(self.V, r, Q) - np.linalg.slogdet(R)[1]",
        "restricted_loglik(self.V, r, Q)",
    ),
    Mutant(
        "small integers overflow in a formula",
        "_frame",
        'if column in levels else "float64"',
        "if column in levels else data[column].dtype",
    ),
    Mutant(
        "a held variance counts as a direction to climb in",
        "_climb",
        "_is_hilltop(bend[np.ix_(free, free)])",
        "_is_hilltop(bend)",
    ),
    Mutant(
        "V with an even number of negative eigenvalues passes",
        "likelihood",
        "np.linalg.cholesky(V)  # exists for positive definite V only",
        "pass",
    ),
    Mutant(
        "REML estimates with the likelihood of ML",
        "fit",
        'if self.method == "REML":\n            # log',
        'if self.method == "":\n            # log',
    ),
    Mutant(
        "b counted as parameters", "fit", "+ len(self.theta)", "+ len(self.theta) + len(self.b)"
    ),
    Mutant("BIC with n − p", "fit", "np.log(self.nobs)", "np.log(self.nobs - self.X.shape[1])"),
    Mutant(
        "fitted values without b̂",
        "fit",
        "self.y - self.residuals.to_numpy()",
        "self.y - self.marginal_residuals.to_numpy()",
    ),
    Mutant(
        "marginal residuals for conditional ones",
        "fit",
        "conditional_residuals(r, Q, self._gls[0], self.Z, self.b)",
        "marginal_residuals(r, Q, self._gls[0])",
    ),
    Mutant(
        "residuals scaled by the whole SD",
        "fit",
        "scaled_residuals(self.residuals, self.sigma2_e)",
        "scaled_residuals(self.residuals, self.theta.sum())",
    ),
    Mutant(
        "a new group gets the b̂ of the last one",
        "fit",
        "z[position < 0] = 0",
        "z[position < 0] += 0",
    ),
    Mutant(
        "interval of a mean for that of an observation",
        "fit",
        "np.where(new, new_variance, variance) + self.sigma2_e",
        "np.where(new, new_variance, variance)",
    ),
    Mutant(
        "groups in the order in which they appear",
        "_frame",
        "pd.factorize(column, sort=True)",
        "pd.factorize(column, sort=False)",
    ),
    Mutant(
        "variances printed as SDs",
        "summary",
        'format_numbers(table["sdcor"], DIGITS)',
        'format_numbers(table["vcov"], DIGITS)',
    ),
]


class Failures:
    """A pytest plugin that remembers which tests failed."""

    def __init__(self):
        self.names = []

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.names.append(report.nodeid.rpartition("/")[2])


def sources_of(mutant):
    """The text of the module, without the mistake and with it."""
    text = (ROOT / "lmmteach" / f"{mutant.module}.py").read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.name!r}: {mutant.old!r} stands {text.count(mutant.old)} times in "
            f"{mutant.module}.py, not once. Bring tools/mutants.py up to date."
        )
    changed = text.replace(mutant.old, mutant.new)
    compile(changed, f"{mutant.module}.py", "exec")
    return text, changed


def run_tests(folder, files):
    """Run the quick tests of some files against the copy; exit code and names of failures."""
    import pytest

    failures = Failures()
    options = ["-x", "--tb=no", "-p", "no:cacheprovider", "-o", "addopts=", "-m", "not slow"]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main([*options, *(str(ROOT / "tests" / f) for f in files)], [failures])
    import lmmteach

    if Path(lmmteach.__file__).resolve().parent != folder / "lmmteach":
        raise RuntimeError(f"The tests imported {lmmteach.__file__}, not the copy.")
    if code == pytest.ExitCode.USAGE_ERROR and "::" in files[0]:
        return True, []  # The remembered test has another name now.
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"pytest could not run the tests:\n{output.getvalue()}")
    return code == pytest.ExitCode.OK, failures.names


def try_out(mutant, stages):
    """Plant the mistake (or none) in a copy; the first test that fails, or None.

    Runs in a fresh process, whose first import of the package is that of the copy.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        shutil.copytree(
            ROOT / "lmmteach", folder / "lmmteach", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(ROOT / "data", folder / "data")
        if mutant:
            _, changed = sources_of(mutant)
            (folder / "lmmteach" / f"{mutant.module}.py").write_text(changed, encoding="utf-8")
        sys.path.insert(0, str(folder))
        for files in stages:
            passed, failures = run_tests(folder, files)
            if not passed:
                return failures[0]
    return None


def stages_of(mutant, remembered):
    """The test that noticed it last time, those of the mutant's own module, then the others."""
    own = [f"test_{mutant.module.strip('_')}.py"]
    own = [file for file in own if (ROOT / "tests" / file).exists()]
    stages = (remembered, own, [file for file in TESTS if file not in own])
    return [files for files in stages if files]


def main():
    """Print a line for each mutant; exit with 1 if one of them survives."""
    for mutant in MUTANTS:
        sources_of(mutant)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    # The only plugin needed is the one above, and loading the others takes longer than most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # A server imports the large libraries once, and each mutant runs in a fork of it.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(
            ["formulae", "hypothesis", "pandas", "pytest", "scipy.optimize", "scipy.stats"]
        )
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    found = {}
    with context.Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        jobs = {}
        for mutant in MUTANTS:
            stages = stages_of(mutant, [record[mutant.name]] if mutant.name in record else [])
            jobs[mutant.name] = pool.apply_async(try_out, (mutant, stages))
        for name, job in jobs.items():
            test = job.get(timeout=PATIENCE)
            if test:
                found[name] = test
            print(f"{'caught  ' if test else 'SURVIVED'} {name:58} {test or ''}", flush=True)
        failing = pool.apply(try_out, (None, [sorted(set(found.values()))]))
        if failing:
            raise SystemExit(f"Without any mutant there fails: {failing}")
    if "--record" in sys.argv[1:]:
        RECORD.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    caught = len(found)
    print(f"{caught} passed, {len(MUTANTS) - caught} failed")
    raise SystemExit(caught < len(MUTANTS))


if __name__ == "__main__":
    main()
