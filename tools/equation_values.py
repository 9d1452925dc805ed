"""What each equation of the book gives on the estrone data, beside what R says."""

import json
from functools import cache
from pathlib import Path

import numpy as np

import lmmteach as lt
from lmmteach import (
    blup,
    compare,
    covariance,
    degrees,
    diagnostics,
    henderson,
    likelihood,
    model,
    posterior,
    prediction,
    profile,
    reml,
    simulation,
    testing,
)

ORACLE = Path(__file__).resolve().parent.parent / "tests" / "oracle" / "estrone.json"


@cache
def estrone_values():
    """``{label: (what, value, R's value)}`` at the lecture's REML fit, or at the ML fit.

    ``what`` says in a few words which number is shown; R's value is None where R prints none.
    """
    r = json.loads(ORACLE.read_text(encoding="utf-8"))
    r_reml, r_ml = r["reml"], r["ml"]
    r_theta = np.array(r_reml["varcomp"]["vcov"])
    r_beta, r_var_beta = r_reml["beta"][0], r_reml["vcov_beta"][0][0]
    r_b = np.ravel(r_reml["ranef"]["woman"]["values"])
    r_known = [r_reml["fitted"][0], r["pred_variance_reml"]["var_fitted"][0]]
    z = 1.959963984540054

    estrone = lt.load_data("estrone")
    fit = lt.lmm("logestrone ~ 1 + (1 | woman)", estrone)
    ml = lt.lmm("logestrone ~ 1 + (1 | woman)", estrone, method="ML")
    y, X, Z, D, V, theta = fit.y, fit.X, fit.Z, fit.D, fit.V, fit.theta
    Sigma = model.Sigma_matrix(fit.sigma2_e, fit.nobs)
    beta, var_beta = profile.gls(V, y, X)
    K = reml.error_contrasts(X)
    b = blup.blup(D, Z, V, y, X)
    known = prediction.predict_known(X[:1], Z[:1], D, Z, V, y, X)
    new = prediction.predict_new(X[:1], fit.sigma2_b, V, y, X)

    def profile_of_sigma2_b(sigma2_b):
        _, best = likelihood.fit_ml(y, X, Z, sigma2_b=sigma2_b)
        return profile.profile_loglik(model.V_theta(best, Z), y, X)

    interval = profile.profile_interval(profile_of_sigma2_b, ml.sigma2_b, lower=0.0)
    SSB, SSW = likelihood.sums_of_squares(y, Z)
    in_order = estrone.assign(order=estrone.groupby("woman").cumcount() - 7.5)
    with_order = lt.lmm("logestrone ~ order + (1 | woman)", in_order, method="ML")
    order_test = compare.lrt(ml, with_order)
    at_both = posterior.balanced_restricted_loglik(
        *np.transpose([fit.theta, ml.theta]), SSB, SSW, 5, 16
    )
    b_grid = np.linspace(-8, 8, 3201)
    off = y[Z[:, 3] == 1][:, np.newaxis] - beta[0] - b_grid
    b_shares = posterior.grid_posterior(
        -np.sum(off**2, axis=0) / (2 * fit.sigma2_e), np.exp(-(b_grid**2) / (2 * fit.sigma2_b))
    )
    r_test, rng = r["rlrt_sigma_b"], np.random.default_rng(15)
    bootstrap = testing.bootstrap_lrt(y, X, Z, 19, rng, progress=False)
    slopes, C = degrees.covariance_slopes(V, X, Z), degrees.theta_covariance(V, y, X, Z)
    W = degrees.expected_theta_covariance(V, X, Z)
    r_kr = r["kenward_roger"]
    draws = testing.exact_null(X, Z, 100_000, rng)
    theta_without_4 = diagnostics.influence_by_group(y, X, Z).theta[3]
    scaled = diagnostics.scaled_residuals(fit.residuals, fit.sigma2_e)
    marginal = diagnostics.marginal_residuals(y, X, beta)
    sloped = covariance.D_blocks([[theta[0], 0.0], [0.0, 0.01]], 5)
    r_variance = r["pred_variance_reml"]
    penalty = fit.sigma2_e / fit.sigma2_b
    Lambda = henderson.relative_factor(D, fit.sigma2_e)
    of_all = np.column_stack([Z @ Lambda, X, y])
    augmented = of_all.T @ of_all + np.diag([1.0] * 5 + [0.0] * 2)
    whole = henderson.henderson_inverse(D, Sigma, Z, X)
    group_sums = henderson.group_sums(y, X, estrone["woman"])
    planned = simulation.power(1, simulation.difference_variance(theta, 20, 4), 18)
    return {
        "eq-model": ("a simulated data set", None, None),
        "eq-design": ("measurements of each woman", Z.sum(axis=0), None),
        "eq-D": ("each diagonal entry", D[0, 0], r_theta[0]),
        "eq-Sigma": ("each diagonal entry", Sigma[0, 0], r_theta[1]),
        "eq-V": ("variance of one measurement", model.V_matrix(Z, D, Sigma)[0, 0], sum(r_theta)),
        "eq-V-theta": ("covariance, same woman", model.V_theta(theta, Z)[0, 1], r_theta[0]),
        "eq-icc": ("ρ", model.intraclass_correlation(theta), r_theta[0] / sum(r_theta)),
        "eq-logdet": ("log |V|", likelihood.log_determinant(V), None),
        "eq-loglik": (
            "ML, as it stands and with its constant",
            [likelihood.loglik(ml.beta, ml.V, y, X, constant) for constant in (False, True)],
            [r_ml["loglik"] + 40 * np.log(2 * np.pi), r_ml["loglik"]],
        ),
        "eq-score": ("at the ML fit", likelihood.score(ml.beta, ml.V, y, X, Z), np.zeros(3)),
        "eq-information": (
            "SE of σ̂_b² and σ̂_ε², ML",
            np.sqrt(np.diag(np.linalg.inv(likelihood.information(ml.V, X, Z))))[1:],
            None,
        ),
        "eq-half-traces": (
            "W = V⁻¹, σ_b² with itself",
            likelihood.half_traces(np.linalg.inv(V), Z)[0, 0],
            None,
        ),
        "eq-curvature": (
            "SE of σ̂_b² and σ̂_ε², ML",
            np.sqrt(np.diag(np.linalg.inv(likelihood.curvature(ml.beta, ml.V, y, X, Z))))[1:],
            None,
        ),
        "eq-sums": (
            "SSB and SSW",
            [SSB, SSW],
            [4 * r_test["balanced_oneway"]["MSB"], 75 * r_test["balanced_oneway"]["MSE"]],
        ),
        "eq-balanced": (
            "θ̂, ML",
            likelihood.balanced_theta(SSB, SSW, 5, 16),
            r_ml["varcomp"]["vcov"],
        ),
        "eq-mle": ("θ̂, ML", likelihood.fit_ml(y, X, Z)[1], r_ml["varcomp"]["vcov"]),
        "eq-gls": ("μ̂ and its variance", [beta[0], var_beta[0, 0]], [r_beta, r_var_beta]),
        "eq-P": ("trace of PV, which is n − p", np.trace(profile.P_matrix(V, X) @ V), 80 - 1),
        "eq-profile": ("at the ML fit", profile.profile_loglik(ml.V, y, X), r_ml["loglik"]),
        "eq-profile-interval": (
            "95 % for σ_b², ML",
            interval,
            np.square(r["ci_profile_exact"]["sigma_b"]),
        ),
        "eq-balanced-drop": (
            "at σ_b² = 0.5 and 5, ML",
            profile.balanced_drop(np.array([0.5, 5.0]), SSB, SSW, 5, 16),
            None,
        ),
        "eq-joint": ("at β̂ and b̂", blup.joint_loglik(b, beta, D, Sigma, Z, y, X), None),
        "eq-joint-score": (
            "at β̂ and b̂",
            blup.joint_score_b(b, beta, D, Sigma, Z, y, X),
            np.zeros(5),
        ),
        "eq-blup-joint": ("b̂", blup.blup_joint(D, Sigma, Z, y, X), r_b),
        "eq-henderson": ("b̂", blup.henderson(D, Sigma, Z, y, X)[1], r_b),
        "eq-blup": ("b̂", b, r_b),
        "eq-shrinkage": (
            "λ for 16 measurements",
            blup.shrinkage_factor(16, theta),
            16 * r_theta[0] / (16 * r_theta[0] + r_theta[1]),
        ),
        "eq-conditional-covariance": (
            "variance of each b, given y",
            blup.conditional_covariance(D, Z, V)[0, 0],
            r_reml["ranef"]["woman"]["condVar"][0][0][0],
        ),
        "eq-pev": (
            "variance of each b̂ − b",
            blup.prediction_error_covariance(D, Z, V, X)[0, 0],
            r["pred_variance_reml"]["pev_diag"][0],
        ),
        "eq-contrasts": ("columns of K", K.shape[1], 80 - 1),
        "eq-contrast-loglik": (
            "orthonormal K",
            reml.contrast_loglik(K, V, y),
            r_reml["loglik"] + r_reml["logdet_XtX"] / 2,
        ),
        "eq-restricted-loglik": ("ℓ_R", reml.restricted_loglik(V, y, X), r_reml["loglik"]),
        "eq-reml-criterion": ("criterion", reml.reml_criterion(V, y, X), r_reml["criterion"]),
        "eq-restricted-score": (
            "at the REML fit",
            reml.restricted_score(V, y, X, Z),
            np.zeros(2),
        ),
        "eq-restricted-curvature": (
            "SE of σ̂_b² and σ̂_ε², REML",
            np.sqrt(np.diag(np.linalg.inv(reml.restricted_curvature(V, y, X, Z)))),
            None,
        ),
        "eq-reml": ("θ̂, REML", reml.fit_reml(y, X, Z)[1], r_theta),
        "eq-aic": ("ML", testing.aic(ml.loglik, ml.n_parameters), r_ml["AIC"]),
        "eq-lrt": ("effect of the order of measurement", order_test.statistic, None),
        "eq-chi2": ("p-value of that", order_test.pvalue, None),
        "eq-boundary-lrt": (
            "ML and REML",
            [testing.boundary_lrt(y, X, Z), testing.boundary_lrt(y, X, Z, reml=True)],
            [r_test["LRT"], r_test["RLRT"]],
        ),
        "eq-mixture": ("p-value of a statistic of 2.71", testing.boundary_pvalue(2.71), None),
        "eq-exact-null": (
            "share of 0 and 95 % point of 100,000 draws, LRT",
            [np.mean(draws == 0), np.quantile(draws, 0.95)],
            None,
        ),
        "eq-bootstrap": ("p-value from 19 studies, as small as it can be", bootstrap.pvalue, None),
        "eq-wald": ("z, REML", testing.wald_z(theta, X, Z), None),
        "eq-predict-known": ("woman 1 and its variance", np.ravel(known), r_known),
        "eq-predict-new": (
            "a new woman and its variance",
            np.ravel(new),
            [r["predict"]["reml_conditional_allow_new"][5], r_var_beta + r_theta[0]],
        ),
        "eq-predict-measured": (
            "a new woman, measured once at 15, and its variance",
            prediction.predict_measured(X[0], [15.0], theta, V, y, X),
            None,
        ),
        "eq-t-interval": (
            "95 % for μ, df = 4",
            prediction.t_interval(beta[0], var_beta[0, 0], df=4),
            r_beta + np.array([-1, 1]) * 2.7764451051977987 * np.sqrt(r_var_beta),
        ),
        "eq-marginal-residuals": (
            "sum of squares",
            marginal @ marginal,
            np.sum((np.array(r_reml["fitted"]) + r_reml["resid"] - r_beta) ** 2),
        ),
        "eq-conditional-residuals": (
            "the first",
            diagnostics.conditional_residuals(y, X, beta, Z, b)[0],
            r_reml["resid"][0],
        ),
        "eq-scaled-residuals": (
            "smallest and largest",
            [scaled.min(), scaled.max()],
            [r_reml["scaled_resid_quantiles"][0], r_reml["scaled_resid_quantiles"][-1]],
        ),
        "eq-qq": ("last point", [axis[-1] for axis in diagnostics.qq_points(scaled)], None),
        "eq-pp": ("last point", [axis[-1] for axis in diagnostics.pp_points(scaled)], None),
        "eq-influence": ("θ̂ without woman 4", theta_without_4, None),
        "eq-monte-carlo": (
            "the eighty values as draws",
            simulation.monte_carlo(y),
            [r_beta, np.std(np.array(r_reml["fitted"]) + r_reml["resid"], ddof=1) / np.sqrt(80)],
        ),
        "eq-draws-needed": ("power near 0.8, error 0.01", simulation.draws_needed(0.8, 0.01), None),
        "eq-difference": (
            "SE with 20 women, 4 measurements each",
            np.sqrt(simulation.difference_variance(theta, 20, 4)),
            np.sqrt((r_theta[0] + r_theta[1] / 4) / 5),
        ),
        "eq-power": ("of that, for a difference of 1", planned, None),
        "eq-best-measurements": (
            "if a woman costs ten of them",
            simulation.best_measurements(theta, 10, 1),
            np.sqrt(10 * r_theta[1] / r_theta[0]),
        ),
        "eq-within-difference": (
            "SE with 6 women, 4 measurements each",
            np.sqrt(simulation.within_variance(theta, 6, 4)),
            np.sqrt(r_theta[1] / 6),
        ),
        "eq-balanced-restricted": (
            "twice its drop from the REML fit to the ML fit",
            2 * np.subtract(*at_both),
            None,
        ),
        "eq-grid-posterior": ("mean of b of woman 4, on a grid", b_shares @ b_grid, r_b[3]),
        "eq-half-t": ("at σ = 1, for s = 1 and d = 1", posterior.half_t(1.0, 1.0, df=1), None),
        "eq-credible": (
            "95 % for b of woman 4",
            posterior.credible_interval(b_grid, b_shares),
            None,
        ),
        "eq-interval": (
            "95 % for the next value of woman 1",
            np.ravel(prediction.normal_interval(known[0], known[1] + fit.sigma2_e)),
            r_known[0] + np.array([-z, z]) * np.sqrt(r_known[1] + r_theta[1]),
        ),
        "eq-slope-design": (
            "columns for a level and a slope of each woman",
            covariance.slope_design(estrone["woman"], in_order["order"]).shape[1],
            None,
        ),
        "eq-D-blocks": ("rows of 𝒟 if the women had slopes too", len(sloped), None),
        "eq-V-sum": (
            "variance of one measurement",
            covariance.V_sum(theta, [Z @ Z.T, np.eye(80)])[0, 0],
            sum(r_theta),
        ),
        "eq-move-origin": (
            "variance of the levels fifteen measurements on, if slopes had an SD of 0.1",
            covariance.move_origin(sloped[:2, :2], 15)[0, 0],
            None,
        ),
        "eq-shrinkage-matrix": (
            "with a level alone: λ for 16 measurements",
            covariance.shrinkage_matrix(np.ones((16, 1)), D[:1, :1], theta[1])[0, 0],
            16 * r_theta[0] / (16 * r_theta[0] + r_theta[1]),
        ),
        "eq-interaction": (
            "columns for the blocks of four of each woman",
            covariance.interaction_design(
                estrone["woman"], (estrone["measurement"] - 1) // 4
            ).shape[1],
            None,
        ),
        "eq-derivatives": (
            "trace of each",
            np.trace(covariance.derivatives(Z), axis1=1, axis2=2),
            None,
        ),
        "eq-woodbury": (
            "first entry of V⁻¹(y − Xβ̂)",
            henderson.woodbury(D, fit.sigma2_e, Z, marginal)[0],
            r_reml["resid"][0] / r_theta[1],
        ),
        "eq-determinant": (
            "log |V|",
            henderson.log_determinant_V(D, fit.sigma2_e, Z),
            r_reml["logdet_L2"] + 80 * np.log(r_theta[1]),
        ),
        "eq-henderson-inverse": (
            "variances of μ̂ and of b̂ − b, and their covariance",
            [whole[0, 0], whole[1, 1], whole[0, 1]],
            [r_var_beta, r_variance["pev_diag"][0], r_variance["cov_beta_pev"][0][0]],
        ),
        "eq-pls": ("b̂", henderson.penalised_least_squares(penalty, Z, y, X)[1], r_b),
        "eq-edf": (
            "at λ = σ̂_ε²/σ̂_b²",
            henderson.effective_df(penalty, Z, X),
            80 - sum(r_variance["resid_cond_var_diag"]) / r_theta[1],
        ),
        "eq-relative-factor": ("lme4's θ", Lambda[0, 0], r_reml["theta"][0]),
        "eq-pls-criterion": (
            "criterion",
            henderson.pls_criterion(Lambda, Z, y, X),
            r_reml["criterion"],
        ),
        "eq-group-sums": (
            "last entry of W, which is SSW",
            group_sums[2][1, 1],
            75 * r_test["balanced_oneway"]["MSE"],
        ),
        "eq-criterion-from-sums": (
            "criterion",
            henderson.criterion_from_sums(Lambda[0, 0], *group_sums),
            r_reml["criterion"],
        ),
        "eq-cholesky": (
            "log |L|² of the random effects",
            2 * np.sum(np.log(henderson.cholesky(augmented[:5, :5]).diagonal())),
            r_reml["logdet_L2"],
        ),
        "eq-schur": (
            "what is left of y: the penalised sum of squares",
            henderson.eliminate(augmented, 6)[0, 0],
            r_reml["pwrss"],
        ),
        "eq-t-test": (
            "t and p of μ = 0, df = 4",
            degrees.t_test(beta[0], var_beta[0, 0], 4),
            [r_kr["t"][0], r_kr["p"][0]],
        ),
        "eq-mean-variance": (
            "SE² and df",
            degrees.mean_variance(SSB, 5, 16),
            [r_kr["vcov_adj"][0][0], r_kr["df"][0]],
        ),
        "eq-covariance-slopes": ("by σ_b² and σ_ε²: 1/5 and 1/80", slopes.ravel(), None),
        "eq-theta-covariance": ("SE of σ̂_b² and σ̂_ε²", np.sqrt(np.diag(C)), None),
        "eq-satterthwaite": (
            "df of μ̂",
            degrees.satterthwaite([1.0], var_beta, slopes, C),
            r["satterthwaite"]["df"][0],
        ),
        "eq-expected-theta-covariance": ("SE of σ̂_b² and σ̂_ε²", np.sqrt(np.diag(W)), None),
        "eq-kenward-roger-covariance": (
            "the adjusted SE",
            np.sqrt(degrees.kenward_roger_covariance(V, X, Z)[0, 0]),
            r_kr["se"][0],
        ),
        "eq-satterthwaite-F": (
            "F of μ = 0, and its df",
            degrees.satterthwaite_F([[1.0]], beta, var_beta, slopes, C),
            [r["satterthwaite"]["t"][0] ** 2, r["satterthwaite"]["df"][0]],
        ),
        "eq-kenward-roger-df": (
            "df of μ̂, and the factor",
            degrees.kenward_roger_df([[1.0]], var_beta, slopes, W),
            [r_kr["df"][0], 1.0],
        ),
    }


def as_text(value):
    """A number or a few, with four decimals; none as a dash."""
    if value is None:
        return "—"
    numbers = np.ravel(np.asarray(value, dtype=float)) + 0.0
    whole = np.all(numbers == np.round(numbers))
    return (
        ", ".join(f"{number:.0f}" if whole else f"{number:.4f}" for number in numbers)
        .replace("-", "−")
        .replace("−0.0000", "0.0000")
    )
