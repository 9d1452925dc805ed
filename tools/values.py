"""What each equation of the book gives on the estrone data, beside what R says."""

import json
from pathlib import Path

import numpy as np

import lmmteach as lt
from lmmteach import blup, likelihood, model, prediction, profile, reml

ORACLE = Path(__file__).resolve().parent.parent / "tests" / "oracle" / "estrone.json"


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
    return {
        "eq-model": ("random: another data set with each seed", None, None),
        "eq-design": ("measurements of each woman", Z.sum(axis=0), None),
        "eq-D": ("each diagonal entry", D[0, 0], r_theta[0]),
        "eq-Sigma": ("each diagonal entry", Sigma[0, 0], r_theta[1]),
        "eq-V": ("variance of one measurement", model.V_matrix(Z, D, Sigma)[0, 0], sum(r_theta)),
        "eq-V-theta": ("covariance, same woman", model.V_theta(theta, Z)[0, 1], r_theta[0]),
        "eq-icc": ("ρ", model.intraclass_correlation(theta), r_theta[0] / sum(r_theta)),
        "eq-logdet": ("log |V|", likelihood.log_determinant(V), None),
        "eq-loglik": ("with constant, ML", likelihood.loglik(ml.beta, ml.V, y, X), r_ml["loglik"]),
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
        "eq-mle": ("θ̂, ML", likelihood.fit_ml(y, X, Z)[1], r_ml["varcomp"]["vcov"]),
        "eq-gls": ("μ̂ and its variance", [beta[0], var_beta[0, 0]], [r_beta, r_var_beta]),
        "eq-P": ("trace of PV, which is n − p", np.trace(profile.P_matrix(V, X) @ V), 80 - 1),
        "eq-profile": ("at the ML fit", profile.profile_loglik(ml.V, y, X), r_ml["loglik"]),
        "eq-profile-interval": (
            "95 % for σ_b², ML",
            interval,
            np.square(r["ci_profile_exact"]["sigma_b"]),
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
        "eq-predict-known": ("woman 1 and its variance", np.ravel(known), r_known),
        "eq-predict-new": (
            "a new woman and its variance",
            np.ravel(new),
            [r["predict"]["reml_conditional_allow_new"][5], r_var_beta + r_theta[0]],
        ),
        "eq-interval": (
            "95 % for the level of woman 1",
            np.ravel(prediction.normal_interval(*known)),
            r_known[0] + np.array([-z, z]) * np.sqrt(r_known[1]),
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
