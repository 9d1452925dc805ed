"""The numbers that the chapters print, held against R's or against another way to compute them."""

import json
import re
from itertools import pairwise
from pathlib import Path

import benchmark_table
import notebooks
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import gamma
from scipy.stats import bartlett, chi2, f, ncf, norm, shapiro
from scipy.stats import t as student_t

import lmmteach as lt
from lmmteach.exercises.bank import EXERCISES

ROOT = Path(__file__).resolve().parent.parent
R = json.loads((ROOT / "tests" / "oracle" / "estrone.json").read_text(encoding="utf-8"))
SIGMA2_B, SIGMA2_E = R["reml"]["varcomp"]["vcov"]
SE = R["reml"]["se_beta"][0]
Y = np.array(R["reml"]["fitted"]) + np.array(R["reml"]["resid"])
BY_WOMAN = Y.reshape(5, 16)


def printed(chapter):
    """All that a chapter prints, as one text."""
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    outputs = [o for c in notebook["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    return "\n".join("".join(output.get("text", [])) for output in outputs)


def se_of_the_mean(women, times, sigma2_b=SIGMA2_B):
    return np.sqrt(sigma2_b / women + SIGMA2_E / (women * times))


MODEL = {
    r"standard deviation of the five means: (.+)": BY_WOMAN.mean(axis=1).std(ddof=1),
    r"standard deviations within a woman: (.+) to": BY_WOMAN.std(axis=1, ddof=1).min(),
    r"within a woman: .+ to (.+)": BY_WOMAN.std(axis=1, ddof=1).max(),
    r"standard error s/√n = (.+)": Y.std(ddof=1) / np.sqrt(80),
    r"ratio of the two standard errors: (.+)": SE / (Y.std(ddof=1) / np.sqrt(80)),
    r"one SD between women (.+?),": R["reml"]["varcomp"]["sdcor"][0],
    r"one SD between women .+ within a woman (.+)": R["reml"]["sigma"],
    r"same measurement (.+?),": SIGMA2_B + SIGMA2_E,
    r"same woman (.+?),": SIGMA2_B,
    r"from the formula (.+)": SIGMA2_B / (SIGMA2_B + SIGMA2_E),
    r"from V  +(.+)": SIGMA2_B / (SIGMA2_B + SIGMA2_E),
    r"from all of V: +(.+)": SE,
    r"from its diagonal only: +(.+)": np.sqrt((SIGMA2_B + SIGMA2_E) / 80),
    r"in the printout: +(.+)": SE,
    r" 5 women,   16 measurements of each: SE (.+)": SE,
    r" 5 women,   32 measurements of each: SE (.+)": se_of_the_mean(5, 32),
    r" 5 women, 1000 measurements of each: SE (.+)": se_of_the_mean(5, 1000),
    r"10 women,   16 measurements of each: SE (.+)": se_of_the_mean(10, 16),
    r"sigma2_b = 0\.1749: correlation .+, SE (.+)": se_of_the_mean(5, 16, SIGMA2_B / 10),
    r"sigma2_b = 0\.0000: correlation .+, SE (.+)": se_of_the_mean(5, 16, 0),
    r"span of the means in the data: (.+)": np.ptp(BY_WOMAN.mean(axis=1)),
}
PRINTOUT = {
    r"REML criterion: (.+)": R["reml"]["criterion"],
    r"woman +variance (.+?),": SIGMA2_B,
    r"Residual +variance (.+?),": SIGMA2_E,
    r"Residual +variance .+ deviation (.+)": R["reml"]["sigma"],
    r"estimate (.+?),": R["reml"]["beta"][0],
    r"standard error (.+?), t": SE,
    r"t value ([\d.]+)$": R["reml"]["t"][0],
    r"woman 4: b = (.+?),": R["reml"]["ranef"]["woman"]["values"][3][0],
    r"woman 4: .+ level (.+)": R["reml"]["beta"][0] + R["reml"]["ranef"]["woman"]["values"][3][0],
}

# The unbalanced cut: 16, 8, 4, 2 and 1 measurements of the five women.
CUT = [woman[:n] for woman, n in zip(BY_WOMAN, (16, 8, 4, 2, 1), strict=True)]
CUT_MEANS = np.array([values.mean() for values in CUT])
CUT_SIZES = np.array([len(values) for values in CUT])
MU, ML, TEST = R["reml"]["beta"][0], R["ml"], R["rlrt_sigma_b"]
LOGLIK_ML = ML["loglik"]
MEANS = BY_WOMAN.mean(axis=1)
RESIDUALS = np.array(R["reml"]["resid"]) / R["reml"]["sigma"]
SSB, SSW = 16 * np.sum((MEANS - MU) ** 2), np.sum((BY_WOMAN - MEANS[:, None]) ** 2)
ANCHORS = json.loads((ROOT / "tests" / "oracle" / "anchors.json").read_text(encoding="utf-8"))
UNBALANCED = ANCHORS["unbalanced_16_8_4_2_1"]
DYESTUFF2 = json.loads((ROOT / "tests" / "oracle" / "dyestuff2.json").read_text(encoding="utf-8"))[
    "rlrt_sigma_b"
]


def cut_gls(theta):
    return np.average(CUT_MEANS, weights=1 / (theta[0] + theta[1] / CUT_SIZES))


def cut_fit_around(mu):
    """The σ_b² that makes the cut most likely around a mean that is held, group by group."""

    def minus_twice(log_theta):
        b, e = np.exp(log_theta)
        eigen = e + CUT_SIZES * b
        within = sum(np.sum((values - values.mean()) ** 2) for values in CUT)
        between = np.sum(CUT_SIZES * (CUT_MEANS - mu) ** 2 / eigen)
        return np.log(eigen).sum() + (31 - 5) * np.log(e) + within / e + between

    best = minimize(minus_twice, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8})
    return np.exp(best.x[0])


def profile_height(sigma2_b):
    """ℓ_p(σ_b²) of the balanced data, maximised over σ_ε² on the closed form by golden sections."""

    def ell(log_e):
        e = np.exp(log_e)
        eigen = e + 16 * sigma2_b
        twice = 5 * np.log(eigen) + 75 * np.log(e) + SSB / eigen + SSW / e + 80 * np.log(2 * np.pi)
        return twice / 2

    return -minimize_scalar(ell, bounds=(-4, 2), options={"xatol": 1e-10}, method="bounded").fun


def held_drop(sigma2_b, ssb=SSB, d=5):
    """Twice the drop below the top with σ_ε² held, from −2ℓ at both places."""
    of_mean = SSW / 75 + 16 * np.array([sigma2_b, (ssb / d - SSW / 75) / 16])
    place, top = d * np.log(of_mean) + ssb / of_mean
    return place - top


def crossing(level, side, ssb=SSB):
    """Where ``held_drop`` meets the χ² point, by bisection on a logarithmic scale."""
    best = (ssb / 5 - SSW / 75) / 16
    end = {"low": best / 1e4, "high": best * 1e4}[side]
    return np.exp(
        brentq(
            lambda x: held_drop(np.exp(x), ssb) - chi2(1).ppf(level), *np.log(sorted((best, end)))
        )
    )


def wald_end(factor):
    """Lower end of the Wald interval once the women lie ``factor`` times as far apart."""
    nu = factor**2 * SSB / 5
    return (nu - SIGMA2_E) / 16 - 1.959964 * np.sqrt(2 / 256 * (nu**2 / 5 + SIGMA2_E**2 / 75))


def share_of_narrower_spans(span):
    """How often five numbers drawn from N(0, 1) span no more: one is the lowest, four follow."""

    def four_follow(x):
        return norm.pdf(x) * (norm.cdf(x + span) - norm.cdf(x)) ** 4

    return 5 * quad(four_follow, -10, 10)[0]


def shrink(n, theta=(SIGMA2_B, SIGMA2_E)):
    return n * theta[0] / (n * theta[0] + theta[1])


def joint_height_at_zero(sigma2_b):
    """log f(y, b) where b is as good as 0."""
    squares = SSB + SSW + 80 * np.log(2 * np.pi * SIGMA2_E) * SIGMA2_E
    return -(squares / SIGMA2_E + 5 * np.log(2 * np.pi * sigma2_b)) / 2


def known_sd():
    return np.sqrt(R["pred_variance_reml"]["var_fitted"][0] + SIGMA2_E)


def scaled_lrt(c):
    """The statistic of the study whose women were moved closer, from its F."""
    F = c**2 * (SSB / 4) / (SSW / 75)
    return max(0.0, 80 * np.log((4 * F + 75) / 80) - 5 * np.log(4 * F / 5)) if F > 5 / 4 else 0.0


def log_density(means, squares, sigma2_b, sigma2_e=0.33):
    """Of groups of 16, from the deviations of their means and the squares within them."""
    nu, groups = sigma2_e + 16 * sigma2_b, np.size(means)
    spread = groups * (np.log(nu) + 15 * np.log(sigma2_e) + 16 * np.log(2 * np.pi))
    return -(spread + 16 * np.sum((means - MU) ** 2) / nu + squares / sigma2_e) / 2


LIKELIHOOD = {
    r"first measurement of woman 4: (.+?),": BY_WOMAN[3, 0],
    r"which is (.+) from the mean": BY_WOMAN[3, 0] - MU,
    r"strip by strip: +(.+)": norm(MU, np.sqrt(1.73)).pdf(BY_WOMAN[3, 0]),
    r"variance 1\.4 \+ 0\.33: +(.+)": norm(MU, np.sqrt(1.73)).pdf(BY_WOMAN[3, 0]),
    r"all five: (.+?),": log_density(MEANS, SSW, 1.4),
    r"from MVN (.+)": log_density(MEANS, SSW, 1.4),
    r"^mu (.+?),": MU,
    r"^mu .+sigma2_b (.+?),": ML["varcomp"]["vcov"][0],
    r"equation \(1\): +(.+)": LOGLIK_ML + 40 * np.log(2 * np.pi),
    r"the constant: +(.+)": -40 * np.log(2 * np.pi),
    r"with the constant: +(.+)": LOGLIK_ML,
    r"from the fit: +(.+)": LOGLIK_ML,
    r"by hand (-.+?),": 5 * np.log(SIGMA2_E + 16 * ML["varcomp"]["vcov"][0])
    + 75 * np.log(SIGMA2_E),
    r"it ends at sigma2_b (.+?),": ML["varcomp"]["vcov"][0],
    r"best height at the edge (.+)": TEST["loglik_null_ml"],
    r"standard error of mu +: (.+)": ML["se_beta"][0],
    r"standard error of sigma2_b: (.+)": np.sqrt(2 / 256 * ((SSB / 5) ** 2 / 5 + SIGMA2_E**2 / 75)),
    r"standard error of sigma2_e: (.+)": SIGMA2_E * np.sqrt(2 / 75),
    r"between women (.+?),": 4 * TEST["balanced_oneway"]["MSB"],
    r"within women (\d.+)": 75 * TEST["balanced_oneway"]["MSE"],
    r"by hand:     (.+?) ": ML["varcomp"]["vcov"][0],
    r"variance of the five means +(.+)": MEANS.var(),
    r"part that comes from the errors +(.+)": SIGMA2_E / 16,
    r"difference, which is sigma2_b +(.+)": ML["varcomp"]["vcov"][0],
    r"Dyestuff2: MSB (.+?),": DYESTUFF2["balanced_oneway"]["MSB"],
    r"Dyestuff2: .+ MSW (.+?),": DYESTUFF2["balanced_oneway"]["MSE"],
    r"Dyestuff2: .+ ratio (.+)": DYESTUFF2["balanced_oneway"]["F"],
    r"ML gives 0 up to a ratio of (.+?),": 6 / 5,
}
LIKELIHOOD |= {
    rf"woman {i + 1}: log of the area (.+)": log_density(MEANS[i], 16 * own.var(), 1.4)
    for i, own in enumerate(BY_WOMAN)
}
LIKELIHOOD |= {
    rf"sigma2_b = +{value}: equation \(1\) gives (.+)": log_density(MEANS, SSW, value)
    + 40 * np.log(2 * np.pi)
    for value in (0.2, 1.4, 9.8)
}
LIKELIHOOD |= {
    rf"ratio {ratio:.2f}: .+ (.+) by {name}": max(0, ratio * (5 / d) - 1)
    * DYESTUFF2["balanced_oneway"]["MSE"]
    / 5
    for ratio in (DYESTUFF2["balanced_oneway"]["F"], 1.1, 1.3)
    for name, d in (("ML", 6), ("REML", 5))
}
PROFILE = {
    r"variances of the printout: (.+?),": SIGMA2_B,
    r"theta \(1.7494, 0.3254\): mu .+ SE (.+)": SE,
    r"mean of all measurements \(OLS\): (.+)": np.concatenate(CUT).mean(),
    r"mean of the five means: +(.+)": CUT_MEANS.mean(),
    r"GLS: +(\d.+)": cut_gls((1.7494, 0.3254)),
    r"GLS: mu .+ sigma2_b (.+?),": UNBALANCED["ml"]["sigma2_b"],
    r"OLS: mu .+ sigma2_b (.+?),": cut_fit_around(np.concatenate(CUT).mean()),
    r"sigma2_b =  0\.0000: (.+?),": TEST["loglik_null_ml"],
    r"sigma2_b =  0\.0000: .+ by (.+)": LOGLIK_ML - TEST["loglik_null_ml"],
    r"sigma2_b =  1\.3955: (.+?),": LOGLIK_ML,
    r"for sigma2_b: (.+?) to": R["ci_profile_exact"]["sigma_b"][0] ** 2,
    r"for sigma2_b: .+ to (.+)": R["ci_profile_exact"]["sigma_b"][1] ** 2,
    r"the same for sigma_b: +(.+?) to": R["ci_profile_exact"]["sigma_b"][0],
    r"the same for sigma_b: .+ to (.+)": R["ci_profile_exact"]["sigma_b"][1],
    r"Wald interval .+ to (.+)": ML["varcomp"]["vcov"][0]
    + 1.959964 * np.sqrt(2 / 256 * ((SSB / 5) ** 2 / 5 + SIGMA2_E**2 / 75)),
    r"Wald interval (.+?) to": ML["varcomp"]["vcov"][0]
    - 1.959964 * np.sqrt(2 / 256 * ((SSB / 5) ** 2 / 5 + SIGMA2_E**2 / 75)),
}
PROFILE |= {
    rf"sigma2_b = +{value:.4f}: (.+?),": profile_height(value) for value in (0.1, 0.5, 1, 3, 10)
}
PROFILE |= {
    rf"sigma2_b = +{value:.1f}: (.+) in closed form": held_drop(value)
    for value in (0.1, 0.5, 1, 3, 10)
}
PROFILE |= {
    rf"sigma2_b = +{value:.1f}: .+, (.+) by climbing": 2 * (LOGLIK_ML - profile_height(value))
    for value in (0.1, 0.5, 1, 3, 10)
}
PROFILE |= {
    rf"^{level}%: twice the drop is {pattern}": expected
    for level in (95, 99)
    for pattern, expected in (
        ("(.+?) at", chi2(1).ppf(level / 100)),
        ("[^;]+ at (.+?) and", crossing(level / 100, "low")),
        ("[^;]+ and (.+?);", crossing(level / 100, "high")),
    )
}
PROFILE |= {
    rf"^ *{groups} groups: 1 - 1.96 sqrt.+ = +(.+)": 1 - 1.959964 * np.sqrt(2 / groups)
    for groups in (3, 5, 7, 8, 20)
}
PROFILE |= {r"which is (7\..+)": 2 * 1.959964**2}
PROFILE |= {
    rf"^variance +{value}: {pattern}": expected
    for value in (0.1, 1.4, 10)
    for span in [np.ptp(MEANS) / np.sqrt(value + SIGMA2_E / 16)]
    for pattern, expected in (
        ("span (.+?) SDs", span),
        (".+ no wider in (.+?)%", 100 * share_of_narrower_spans(span)),
    )
}
PROFILE |= {
    rf"^a drop of +{drop}: {pattern}": expected
    for drop in (1, 1.92, 3)
    for pattern, expected in (
        (" *(.+?) to 1", np.exp(drop)),
        (".+ or (.+) heads in a row", np.log2(np.exp(drop))),
    )
}
PROFILE |= {
    rf"^sigma2_b = +{value}: .+ or (.+) heads": (LOGLIK_ML - height) / np.log(2)
    for value, height in (
        (0, TEST["loglik_null_ml"]),
        *((value, profile_height(value)) for value in (0.5, 3, 10)),
    )
}
PROFILE |= {
    r"the curve crosses the cut at (.+?) and": R["ci_profile_exact"]["sigma_b"][0] ** 2,
    r"the curve crosses the cut at .+? and (.+?),": R["ci_profile_exact"]["sigma_b"][1] ** 2,
}
PROFILE |= {
    rf"^ *{factor} times as far: {pattern}": expected
    for factor in (1, 10, 100)
    for pattern, expected in (
        ("estimate (.+?),", (factor**2 * SSB / 5 - SIGMA2_E) / 16),
        (".+ Wald from (.+?),", wald_end(factor)),
        (".+ profile from (.+)", crossing(0.95, "low", factor**2 * SSB)),
    )
}
BLUP = {
    r"her own mean (.+?),": MEANS[3],
    r"her own mean .+ level (.+?),": MU + R["reml"]["ranef"]["woman"]["values"][3][0],
    r"shrinkage factor: (.+)": shrink(16),
    r"mu by Henderson's equations: (.+)": UNBALANCED["reml"]["beta"],
    r"woman 4: mean - mu = (-\d\.\d\d)$": CUT_MEANS[3] - UNBALANCED["reml"]["beta"],
    r"woman 5: mean - mu = (\d\.\d\d)$": CUT_MEANS[4] - UNBALANCED["reml"]["beta"],
    r"SD of a difference (.+)": np.sqrt(
        2 * R["reml"]["ranef"]["woman"]["condVar"][0][0][0],
    ),
    r"with mu known: .+ ([\d.]+)$": np.sqrt(R["reml"]["ranef"]["woman"]["condVar"][0][0][0]),
    r"with mu estimated: .+ ([\d.]+)$": np.sqrt(R["pred_variance_reml"]["pev_diag"][0]),
    r"variance of the raw means: +(.+)": MEANS.var(ddof=1),
    r"variance of the BLUPs: +(.+)": np.var(R["reml"]["ranef"]["woman"]["values"], ddof=1),
    r"BLUPs \+ conditional: +(.+)": SIGMA2_B,
    r"conditional variance (.+?),": R["reml"]["ranef"]["woman"]["condVar"][0][0][0],
    r"^sigma2_b (3.+?),": UNBALANCED["reml"]["sigma2_b"],
    r"^sigma2_b 3.+ mu (.+)": UNBALANCED["reml"]["beta"],
    r"from the OLS mean, a mistake: +b = (.+)": shrink(
        1, (UNBALANCED["reml"]["sigma2_b"], UNBALANCED["reml"]["sigma2_e"])
    )
    * (CUT[4][0] - np.concatenate(CUT).mean()),
    r"measured (.+?);": CUT[4][0] - MU,
    r"after it: mean (.+?),": shrink(1) * (CUT[4][0] - MU),
    r"after it: .+ deviation (.+)": np.sqrt((1 - shrink(1)) * SIGMA2_B),
}
BLUP |= {
    rf"woman {i + 1}: .+ BLUP b = (.+)": b
    for i, (b,) in enumerate(R["reml"]["ranef"]["woman"]["values"])
}
BLUP |= {rf"woman {i + 1}: mean - mu = (.+?),": MEANS[i] - MU for i in range(5)}
BLUP |= {rf"first +{m}: .+ BLUP (.+)": shrink(m) * (BY_WOMAN[4, :m].mean() - MU)
         for m in (1, 2, 4, 8, 16)}  # fmt: skip
BLUP |= {rf"^ *{m} measurements: (.+)": shrink(m) for m in (1, 2, 4, 8, 16)}
BLUP |= {rf"sigma2_b = +{value:.0e}: joint log-density +(.+)": joint_height_at_zero(value)
         for value in (1e-16, 1e-32)}  # fmt: skip
BLUP |= {rf"sigma2_b = {value:.4f}: a woman keeps (.+?) of": shrink(16, (value, SIGMA2_E))
         for value in (0.001, 0.005, 0.0203, 0.1, 1)}  # fmt: skip
REML = {
    r"REML: sigma2_b (.+?),": SIGMA2_B,
    r"ML: +sigma2_b (.+?),": ML["varcomp"]["vcov"][0],
    r"sigma2_b of ML / sigma2_b of REML: (.+)": ML["varcomp"]["vcov"][0] / SIGMA2_B,
    r"^4/5 - sigma2_e / .+: +(.+)": ML["varcomp"]["vcov"][0] / SIGMA2_B,
    r"orthonormal  top (.+?) at": R["reml"]["loglik"] + np.log(80) / 2,
    r"successive   top (.+?) at": R["reml"]["loglik"],
    r"other units  top (.+?) at": R["reml"]["loglik"] - np.log(20),
    r"orthonormal K: (.+)": R["reml"]["loglik"] + np.log(80) / 2,
    r"restricted log-likelihood: (.+)": R["reml"]["loglik"],
    r"REML criterion (\d.+)": R["reml"]["criterion"],
    r"by hand, with d = 4: (.+?) ": SIGMA2_B,
    # Both likelihoods know SSB only through d log ν + SSB/ν, with a slope of 16 for ν in σ_b².
    r"slopes at the estimates of ML +: (.+?) ": 16 * 2.5 / SSB,
    r"slopes at the estimates of ML +: .+ (.+)": 2.5 / SSB,
    r"curvature in sigma2_b .+ of REML: (.+?),": 16**2 * 2 / (SSB / 4) ** 2,
    r"curvature in sigma2_b .+ of ML: (.+)": 16**2 * 2.5 / (SSB / 5) ** 2,
    r"^truth: .+ sigma_b (.+)": R["reml"]["varcomp"]["sdcor"][0],
    r"for comparison, from ML: (.+?) to": R["ci_profile_exact"]["sigma_b"][0] ** 2,
    r"for comparison, from ML: .+ to (.+)": R["ci_profile_exact"]["sigma_b"][1] ** 2,
    r"standard error of mu: ML (.+?),": ML["se_beta"][0],
    r"standard error of mu: .+ REML (.+)": SE,
    r"from the five means: (.+)": np.sqrt(SSB / 16 / 4 / 5),
}
TESTING = {
    r"^slope (.+?),": -0.0298578,
    r"with order: +log-likelihood (.+?),": LOGLIK_ML + 4.8077 / 2,
    r"LRT \(ML\): +(.+)": TEST["LRT"],
    r"RLRT \(REML\): +(.+)": TEST["RLRT"],
    r"^F = (8.+)": TEST["balanced_oneway"]["F"],
    r"b integrated out +(.+)": 4.8077,
    r"0 in closed form: (.+?) %,": 100 * TEST["balanced_oneway"]["P_LRT_zero"],
    r"0 in closed form: .+, (.+) %": 100 * TEST["balanced_oneway"]["P_RLRT_zero"],
    r"t is beyond (.+?),": np.sqrt(3 * (np.exp(chi2(1).ppf(0.95) / 5) - 1)),
    r"which has probability (.+?)%": 200
    * student_t(3).sf(np.sqrt(3 * (np.exp(chi2(1).ppf(0.95) / 5) - 1))),
    r"it should be beyond (.+)": student_t(3).ppf(0.975),
    r"Monte Carlo error of an exact p of 0.05: (.+)": np.sqrt(0.05 * 0.95 / 200_000),
    r"k = 3: AIC (.+)": ML["AIC"],
    r"^z = (.+)": SIGMA2_B / np.sqrt(2 / 256 * ((SSB / 4) ** 2 / 4 + SIGMA2_E**2 / 75)),
    r"root of \(I - 1\)/2: (.+)": np.sqrt(2),
}
TESTING |= {rf"^{c:.2f} +(\S+)": scaled_lrt(c) for c in (0.17, 0.19, 0.20, 0.22, 1)}
PREDICTION = {
    r"sixteen values from (.+?) to": BY_WOMAN[0].min(),
    r"sixteen values from .+ to (.+)": BY_WOMAN[0].max(),
    r"sixteen measurements alone: standard deviation (.+)": np.sqrt(SIGMA2_E / 16),
    r"mean of all women: (.+?),": MU,
    r"mean of all women: .+ error (.+)": SE,
    r"weight of that one measurement is (.+)": shrink(1),
    r"woman 1, next value: (.+?),": R["predict"]["reml_conditional_allow_new"][0],
    r"woman 1, next value: .+ deviation (.+)": known_sd(),
    r"new woman, first value: (\S+?),": R["predict"]["reml_conditional_allow_new"][5],
    r"new woman, first value: .+ deviation (.+)": np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E),
    r"because mu is estimated (.+?),": SE**2,
    r"woman 1  : (.+?) to": 10 ** ((R["reml"]["fitted"][0] - 1.959964 * known_sd()) / 10),
    r"new woman: .+ to (.+) pg/ml": 10
    ** ((MU + 1.959964 * np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E)) / 10),
    r"centre for a new woman: (.+) pg/ml": 10 ** (MU / 10),
    r"her level is put at (.+)": MU + shrink(1) * (10 * np.log10(30) - MU),
    r"^mu +: .+ t (.+?) to": MU - student_t(4).ppf(0.975) * SE,
    r"^new value: .+, t .+ to (.+)": MU
    + student_t(4).ppf(0.975) * np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E),
    r"14.1751 with standard deviation (.+)": np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E),
}
DIAGNOSTICS = {
    r"smallest: (.+?),": RESIDUALS.min(),
    r"largest: (.+?),": RESIDUALS.max(),
    r"among eighty normal numbers: in (.+) %": 100 * (1 - chi2(1).cdf(RESIDUALS.max() ** 2) ** 80),
    r"measurements  1 to  4: mean residual (.+)": (BY_WOMAN - MEANS[:, None])[:, :4].mean(),
    r"measurements 13 to 16: mean residual (.+)": (BY_WOMAN - MEANS[:, None])[:, 12:].mean(),
    r"without woman 4: mu .+ sigma2_b (.+)": np.delete(MEANS, 3).var(ddof=1)
    - np.delete(BY_WOMAN, 3, axis=0).var(axis=1, ddof=1).mean() / 16,
    r"without woman 3: mu .+ sigma2_b (.+)": np.delete(MEANS, 2).var(ddof=1)
    - np.delete(BY_WOMAN, 2, axis=0).var(axis=1, ddof=1).mean() / 16,
    r"^log scale: .+ Bartlett p = (.+)": bartlett(*BY_WOMAN).pvalue,
    r"pg/ml    : .+ Bartlett p = (.+)": bartlett(*10 ** (BY_WOMAN / 10)).pvalue,
}


# Chapter 9, on data of its own.


def golden(name):
    return json.loads((ROOT / "tests" / "oracle" / f"{name}.json").read_text(encoding="utf-8"))


SLEEP = golden("sleepstudy_slope")["reml"]
VAR_0, VAR_1, COV_01, VAR_E = SLEEP["varcomp"]["vcov"]
ALONE = golden("sleepstudy_ri")["reml"]
PASTES, PENICILLIN = (golden(name)["reml"] for name in ("pastes", "penicillin"))
REACTION = (np.array(SLEEP["fitted"]) + np.array(SLEEP["resid"])).reshape(18, 10)
DAYS = np.arange(10)
OWN = np.array([np.polyfit(DAYS, row, 1)[::-1] for row in REACTION])
OWN_ERROR = np.linalg.inv([[10, 45], [45, 285]])
D_SLEEP = np.array([[VAR_0, COV_01], [COV_01, VAR_1]])


def cov_of_days(one, other):
    return VAR_0 + COV_01 * (one + other) + VAR_1 * one * other


def correlation_at(c):
    return (COV_01 + c * VAR_1) / np.sqrt((VAR_0 + 2 * c * COV_01 + c**2 * VAR_1) * VAR_1)


def strata_criterion(strata, logdet_information):
    """REML criterion of independent mean squares, each at its own variance: [(SS, df), …]."""
    df = sum(one for _, one in strata)
    heights = sum(one * (np.log(SS / one) + 1) for SS, one in strata)
    return heights + df * np.log(2 * np.pi) + logdet_information


def uncorrelated_from_the_middle():
    """Means and slopes around the middle are independent, so three mean squares are all."""
    x = DAYS - 4.5
    means, slopes = REACTION.mean(axis=1), REACTION @ x / 82.5
    of_means, of_slopes = (
        17 * size * np.var(b, ddof=1) for size, b in ((10, means), (82.5, slopes))
    )
    left = REACTION - means[:, None] - np.outer(slopes, x)
    # log |XᵀX| is the constant by which lme4's criterion differs from that of unit contrasts.
    return strata_criterion(
        [(of_means, 17), (of_slopes, 17), (np.sum(left**2), 144)], np.log(180) + np.log(18 * 82.5)
    )


# A balanced crossed design has a stratum for women, one for blocks, and the rest.
SS_BLOCKS = 20 * np.sum((BY_WOMAN.reshape(5, 4, 4).mean(axis=(0, 2)) - Y.mean()) ** 2)
MS_BLOCKS, MS_REST = SS_BLOCKS / 3, (SSW - SS_BLOCKS) / 72


def rlrt_of_blocks():
    return 75 * np.log(SSW / 75) - 3 * np.log(MS_BLOCKS) - 72 * np.log(MS_REST)


def covariance_of_few(rows):
    """The 𝒟₁ that these subjects' own lines suggest: on the edge if it is not one."""
    left = REACTION[rows] - OWN[rows, :1] - np.outer(OWN[rows, 1], DAYS)
    return np.cov(OWN[rows].T) - np.sum(left**2) / (8 * len(left)) * OWN_ERROR


def correlation_of_few(rows):
    D = covariance_of_few(rows)
    return D[0, 1] / np.sqrt(D[0, 0] * D[1, 1])


def shrinkage_by_hand():
    """Λ from R's BLUPs: what turns deviations of the own lines into them."""
    b = np.array(SLEEP["ranef"]["Subject"]["values"])
    return np.linalg.lstsq(OWN - np.array(SLEEP["beta"]), b)[0].T


MORE = {
    r"own lines: from (.+?) to": OWN[:, 1].min(),
    r"own lines: from .+ to (.+) ms": OWN[:, 1].max(),
    r"^SD of intercepts (.+?) ms": SLEEP["varcomp"]["sdcor"][0],
    r"^SD of intercepts .+ of slopes (.+?) ms a day": SLEEP["varcomp"]["sdcor"][1],
    r"correlation (\S+), SD of errors": SLEEP["varcomp"]["sdcor"][2],
    r"SD of errors (.+) ms": SLEEP["sigma"],
    r"measurement on day 0: (.+?),": VAR_0 + VAR_E,
    r"measurement .+ on day 9: (.+?),": cov_of_days(9, 9) + VAR_E,
    r"ratio (.+?);": (cov_of_days(9, 9) + VAR_E) / (VAR_0 + VAR_E),
    r"random intercept alone: (.+) on both": sum(ALONE["varcomp"]["vcov"]),
    r"covariance of days 0 and 1: (.+?);": cov_of_days(0, 1),
    r"covariance of days 0 and 9: (.+?);": cov_of_days(0, 9),
    r"covariance of days 8 and 9: (.+?);": cov_of_days(8, 9),
    r"covariance of days 8 and 9: .+ alone: (.+)": ALONE["varcomp"]["vcov"][0],
    r"^REML criterion (.+?);": SLEEP["criterion"],
    r"^from the middle: criterion (.+?),": SLEEP["criterion"],
    r"^from the middle: .+ intercepts (.+?),": np.sqrt(VAR_0 + 9 * COV_01 + 4.5**2 * VAR_1),
    r"^from the middle: .+ correlation (.+)": correlation_at(4.5),
    r"^origin at day +-3: correlation +(.+)": correlation_at(-3),
    r"^origin at day +9: correlation +(.+)": correlation_at(9),
    r"counted from day 0: criterion (.+)": golden("sleepstudy_uncorr")["uncorrelated"]["criterion"],
    r"counted from the middle: criterion (.+)": uncorrelated_from_the_middle(),
    r"^S = \[\[(.+?),": shrinkage_by_hand()[0, 0],
    r"^S = .+?, (.+?)\]": shrinkage_by_hand()[0, 1],
    r"^S = .+, (.+?)\]\]": shrinkage_by_hand()[1, 1],
    r"variances: batch (.+?),": PASTES["varcomp"]["vcov"][1],
    r"variances: batch .+ cask (.+?),": PASTES["varcomp"]["vcov"][0],
    r"SE of the mean (.+?),": PASTES["se_beta"][0],
    r"variances: plate (.+?),": PENICILLIN["varcomp"]["vcov"][0],
    r"variances: plate .+ sample (.+?),": PENICILLIN["varcomp"]["vcov"][1],
    r"SE of the fit (.+)": PENICILLIN["se_beta"][0],
    r"^random intercept: .+ SE (.+?),": ALONE["se_beta"][1],
    r"^and slope +: .+ SE (.+?),": SLEEP["se_beta"][1],
    r"^and slope +: .+ t (.+)": SLEEP["t"][1],
    r"last three subjects instead: correlation (.+)": correlation_of_few(slice(-3, None)),
    r"^ +block (.+)": (MS_BLOCKS - MS_REST) / 20,
    r"^statistic (.+?);": rlrt_of_blocks(),
    r"^SE of the mean: .+ blocks (.+)": np.sqrt((SSB / 4 + MS_BLOCKS - MS_REST) / 80),
    r"mixture .+ p = (.+?),": chi2(1).sf(rlrt_of_blocks()) / 2,
}
ORACLE = ROOT / "tests" / "oracle"
BEYOND = {
    name: json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))["reml"]
    for name in ("sleepstudy_slope", "penicillin")
}
LOG_DET_V = 5 * np.log(SIGMA2_E + 16 * SIGMA2_B) + 75 * np.log(SIGMA2_E)
COMPUTATION = {
    r"^sigma2_b (.+?),": SIGMA2_B,
    r"^sigma2_b .+, criterion (.+)": R["reml"]["criterion"],
    r"from an 80 × 80 matrix: (.+)": LOG_DET_V,
    r"from two 5 × 5 matrices: +(.+)": LOG_DET_V,
    r"standard error of mu (.+)": SE,
    r"SD of each b-hat − b (.+?),": np.sqrt(R["pred_variance_reml"]["pev_diag"][0]),
    r"covariance with mu-hat (.+)": R["pred_variance_reml"]["cov_beta_pev"][0][0],
    r"^penalty (.+?),": SIGMA2_E / SIGMA2_B,
    r"^penalty .+, mu (.+)": MU,
    r"freedom at the penalty .+: (.+)": 1 + 4 * shrink(16),
    r"lme4's theta (.+?),": R["reml"]["theta"][0],
    r"^estrone +(.+?),": R["reml"]["criterion"],
    r"^sleepstudy +(.+?),": BEYOND["sleepstudy_slope"]["criterion"],
    r"^penicillin +(.+?),": BEYOND["penicillin"]["criterion"],
    r"^theta (.+?), criterion": R["reml"]["theta"][0],
    r"^theta .+, criterion (.+?);": R["reml"]["criterion"],
    # Nearly ML's of one study: it divides by the number of women less one.
    r"62,500 women: theta (.+)": np.sqrt((SSB / 16 * 12_500 / 62_499 / SIGMA2_E) - 1 / 16),
    r"one study: by REML (.+?),": R["reml"]["theta"][0],
    r"one study: .+, by ML (.+)": ML["theta"][0],
    r"plates first : (\d+) of": 24 + 24 * 6 + 21,
    r"samples first: (\d+) of": 6 + 24 * 6 + 300,
    r"samples first: .+, (\d+) in M": 30 + 24 * 6,
    r"log \|M\| from its parts: (.+?),": BEYOND["penicillin"]["logdet_L2"],
    r"log \|M\| .+ as a whole: (.+)": BEYOND["penicillin"]["logdet_L2"],
}
COMPUTATION |= {rf"^ *{n:,} rows: V takes +(.+?) MiB": 8 * n**2 / 2**20 for n in (80, 800, 8_000)}


def oracle(name):
    return json.loads((ROOT / "tests" / "oracle" / f"{name}.json").read_text(encoding="utf-8"))


def df_of_the_cut():
    """Of the mean of the unbalanced cut, from its five means and SSW: no V, no package.

    SE, both numbers of degrees of freedom, the adjusted SE, and the SEs of σ̂_b².
    """
    n = np.array([16, 8, 4, 2, 1])
    means = np.array([w[:k].mean() for w, k in zip(BY_WOMAN, n, strict=True)])
    ssw = sum(np.sum((w[:k] - w[:k].mean()) ** 2) for w, k in zip(BY_WOMAN, n, strict=True))

    def minus_loglik(theta):
        v = theta[0] + theta[1] / n
        mu = np.average(means, weights=1 / v)
        inside = np.log(v).sum() + np.log(np.sum(1 / v)) + np.sum((means - mu) ** 2 / v)
        return (inside + 26 * np.log(theta[1]) + ssw / theta[1]) / 2

    theta = minimize(minus_loglik, [3.5, 0.2], method="Nelder-Mead", tol=1e-12).x
    steps = np.diag(2e-4 * theta)
    H = np.array(
        [
            [
                sum(
                    a * b * minus_loglik(theta + a * one + b * other)
                    for a in (-1, 1)
                    for b in (-1, 1)
                )
                / (4 * one.sum() * other.sum())
                for other in steps
            ]
            for one in steps
        ]
    )
    v = theta[0] + theta[1] / n
    phi = 1 / np.sum(1 / v)
    P = np.diag(1 / v) - phi * np.outer(1 / v, 1 / v)
    G = [np.eye(5), np.diag(1 / n)]
    information = np.array([[np.trace(P @ G_k @ P @ G_l) / 2 for G_l in G] for G_k in G])
    information[1, 1] += 26 / 2 / theta[1] ** 2
    A = [G_k @ (1 / v) * phi for G_k in G]
    g = np.array([phi**2 * np.sum(np.diag(G_k) / v**2) for G_k in G])
    C, W = np.linalg.inv(H), np.linalg.inv(information)
    more = 2 * sum(W[k, m] * A[k] @ P @ A[m] for k in range(2) for m in range(2))
    df = [2 * phi**2 / (g @ B @ g) for B in (C, W)]
    return np.sqrt(phi), df, np.sqrt(phi + more), np.sqrt([C[0, 0], W[0, 0]])


HANDBOOK = 10 * np.log10(19)
T = (MU - HANDBOOK) / SE
CUT_SE, CUT_DF, CUT_ADJUSTED, CUT_SE_OF_B = df_of_the_cut()
SE_OF_VARIANCES = [
    np.sqrt(2 * ((SIGMA2_E + 16 * SIGMA2_B) ** 2 / 4 + SIGMA2_E**2 / 75)) / 16,
    SIGMA2_E * np.sqrt(2 / 75),
]


def five_lines():
    """Intercept and slope of each of the first five subjects of the sleep study, and the rows."""
    data = pd.read_csv(ROOT / "data" / "sleepstudy.csv")
    y = data["Reaction"].to_numpy()[:50].reshape(5, 10)
    X = np.column_stack([np.ones(10), np.arange(10)])
    return np.linalg.lstsq(X, y.T, rcond=None)[0].T, y, X


def lrt_of_growth():
    """The likelihood ratio for a mean slope of 0 of five subjects, each of the two maximised."""
    _, y, X = five_lines()

    def deviance(theta, columns):
        L = np.array([[theta[0], 0], [theta[1], theta[2]]])
        V = np.exp(theta[3]) * (X @ L @ L.T @ X.T + np.eye(10))
        A = X[:, columns]
        beta = np.linalg.solve(A.T @ np.linalg.solve(V, A), A.T @ np.linalg.solve(V, y.mean(0)))
        r = y - A @ beta
        return 5 * np.linalg.slogdet(V)[1] + np.sum(r.T * np.linalg.solve(V, r.T))

    least = [
        minimize(deviance, [1.4, 0.0, 0.3, 6.5], (columns,), "BFGS").fun
        for columns in ([0], [0, 1])
    ]
    return chi2(1).sf(least[0] - least[1])


def hotelling():
    """Hotelling's F for the two coefficients of eighteen curves, and its p-value."""
    data = pd.read_csv(ROOT / "data" / "sleepstudy.csv")
    y = data["Reaction"].to_numpy().reshape(18, 10)
    X = np.vander(np.arange(10.0), 3, increasing=True)
    curves = np.linalg.lstsq(X, y.T, rcond=None)[0].T[:, 1:]
    mean = curves.mean(axis=0)
    T2 = 18 * mean @ np.linalg.solve(np.cov(curves.T), mean)
    return T2, T2 * 16 / (2 * 17)


LINES = five_lines()[0]
T_OF_FIVE = LINES[:, 1].mean() / (LINES[:, 1].std(ddof=1) / np.sqrt(5))
T2, HOTELLING = hotelling()
DEGREES = {
    r"^mean (\S+) \(": MU,
    r"handbook (\S+) \(": HANDBOOK,
    r"standard error (.+?), so": SE,
    r"so t = (.+)": T,
    r"inf degrees of freedom: .+ p = (.+)": 2 * norm.sf(T),
    r" 75 degrees of freedom: .+ p = (.+)": 2 * student_t(75).sf(T),
    r"  4 degrees of freedom: .+ p = (.+)": 2 * student_t(4).sf(T),
    r"^SE (.+?) with 4 degrees": SE,
    r"with 4 degrees of freedom, p = (.+)": 2 * student_t(4).sf(T),
    r"five means only: SE (.+?),": MEANS.std(ddof=1) / np.sqrt(5),
    r"five means only: .+ t = (.+)": T,
    r"balanced  : 80 rows, .+, (\S+) degrees": R["satterthwaite"]["df"][0],
    r"unbalanced: 31 rows, SE (.+?),": CUT_SE,
    r"unbalanced: 31 rows, .+, (\S+) degrees": CUT_DF[0],
    r"slopes of SE squared: (.+?) by": 1 / 5,
    r"slopes of SE squared: .+, (.+?) by": 1 / 80,
    r"standard errors: sigma2_b (.+?),": SE_OF_VARIANCES[0],
    r"standard errors: .+ sigma2_e (.+)": SE_OF_VARIANCES[1],
    r"^balanced  : SE .+ adjusted (.+?),": R["kenward_roger"]["se"][0],
    r"^balanced  : SE .+, (\S+) degrees": R["kenward_roger"]["df"][0],
    r"^unbalanced: SE .+ adjusted (.+?),": CUT_ADJUSTED,
    r"^unbalanced: SE .+, (\S+) degrees": CUT_DF[1],
    r"^unbalanced: SE of sigma2_b (.+?) observed": CUT_SE_OF_B[0],
    r"^unbalanced: SE of sigma2_b .+, (.+?) expected": CUT_SE_OF_B[1],
    r"^satterthwaite: df (.+?), t": 4,
    r"^kenward-roger: df 4.0000, .+ interval (.+?) to": MU - student_t(4).ppf(0.975) * SE,
    r"^z            : df inf, .+ to (.+)": MU + norm.ppf(0.975) * SE,
    **{
        rf"^{name} .+ df (.+?) and": oracle(case)["satterthwaite"]["df"][-1]
        for name, case in (
            ("sleepstudy", "sleepstudy_slope"),
            ("pastes", "pastes"),
            ("penicillin", "penicillin"),
        )
    },
    r"^penicillin .+ and (.+)": oracle("penicillin")["kenward_roger"]["df"][0],
    r"\(1 \| Subject\): SE (.+?),": oracle("sleepstudy_ri")["reml"]["se_beta"][1],
    r"\(1 \| Subject\): .+ df (.+)": oracle("sleepstudy_ri")["satterthwaite"]["df"][1],
    r"\(Days \| Subject\): SE (.+?),": oracle("sleepstudy_slope")["reml"]["se_beta"][1],
    r"^z  +: p = (.+)": 2 * norm.sf(T_OF_FIVE),
    r"^satterthwaite +: p = (.+)": 2 * student_t(4).sf(T_OF_FIVE),
    r"^kenward-roger +: p = (.+)": 2 * student_t(4).sf(T_OF_FIVE),
    r"likelihood ratio, chi2: p = (.+)": lrt_of_growth(),
    r"^satterthwaite: F (.+?) with 2 and 17.00 df": T2 / 2,
    r"^satterthwaite: F .+ with 2 and 17.00 df, p = (.+)": f(2, 17).sf(T2 / 2),
    r"^kenward-roger: F (.+?) with 2 and 16.00 df": HOTELLING,
    r"^kenward-roger: F .+ with 2 and 16.00 df, p = (.+)": f(2, 16).sf(HOTELLING),
    r"^z            : F .+ with 2 and inf df, p = (.+)": chi2(2).sf(T2),
    r"^satterthwaite: SE (.+?), df": oracle("dyestuff2")["reml"]["se_beta"][0],
    r"^satterthwaite: SE .+ df (.+)": oracle("dyestuff2")["satterthwaite"]["df"][0],
    r"^kenward-roger: SE .+ df (.+)": oracle("dyestuff2")["kenward_roger"]["df"][0],
}
PENCIL = {
    r"b integrated out +(.+)": TEST["LRT"],
    r"equation \(1\): +(.+)": LOGLIK_ML + 40 * np.log(2 * np.pi),
    r"software's number: (.+)": LOGLIK_ML,
    r"next value of woman 1: +(.+)": known_sd(),
    r"first value of a new woman: +(.+)": np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E),
}


def planned_variance(women, times, sigma2_b=SIGMA2_B):
    """Of the difference between two halves of the women."""
    return (sigma2_b + SIGMA2_E / times) * 2 / (women / 2)


def planned_power(variance, df, critical=None):
    """Per cent of studies that find a difference of 1."""
    critical = student_t(df).ppf(0.975) if critical is None else critical
    return 100 * ncf(1, df, 1 / variance).sf(critical**2)


def own_controls(women):
    """Power in per cent, with two measurements of each woman with treatment and two without."""
    return planned_power(2 * SIGMA2_E / (2 * women), 3 * women - 1)


ENOUGH = next(n for n in range(4, 400, 2) if planned_power(planned_variance(n, 2), n - 2) >= 80)
SIMULATION = {
    r"^standard error (.+?): power": np.sqrt(planned_variance(20, 4)),
    r"^standard error .+ power (.+?) %": planned_power(planned_variance(20, 4), 18),
    r"^estrone: best J = (.+)": np.sqrt(10 * SIGMA2_E / SIGMA2_B),
    r"^twice the error SD: best J = (.+)": np.sqrt(10 * 1.3 / 1.75),
    r"^80 % needs (\d+) women": ENOUGH,
    r"^ 4 women, their own controls: power (.+?) %": own_controls(4),
    r"^ 6 women, their own controls: power (.+?) %": own_controls(6),
    r"^20 women, their own controls: power (.+?) %": own_controls(20),
    r"^N\(0, 1\) .+ exactly (.+?) %": 100 * (1 - 2 * student_t(18).sf(norm.ppf(0.975))),
    r"^t with 18 df .+ exactly (.+?) %": 95,
    r"^t with 18 df ± (.+?) standard": student_t(18).ppf(0.975),
    r"^power near 80 %, error 1.0 points: +(.+?) data": 1600,
    r"^coverage near 95 %, error 1.0 points: +(.+?) data": 475,
}
SIMULATION |= {
    rf"^a share near 35 % from +{B} studies: ± (.+?) %": 100 * np.sqrt(0.35 * 0.65 / B)
    for B in (100, 1000, 10_000, 100_000)
}
SIMULATION |= {
    rf"^{women} women, +{days} times: (.+?) %": planned_power(
        planned_variance(women, days), women - 2
    )
    for women, days in ((20, 4), (20, 16), (38, 4), (44, 2))
}
SIMULATION |= {
    rf"^if sigma2_b is +{value:.3f}, their power is (.+?) %": planned_power(
        planned_variance(ENOUGH, 2, value), ENOUGH - 2
    )
    for value in (0.553, SIGMA2_B, 10.62)
}
SIMULATION |= {
    rf"^ *{times} measurements of each of .+ women: power (.+?) %": planned_power(
        planned_variance(520 / (10 + times), times), 520 / (10 + times) - 2
    )
    for times in (1, 2, 3, 4, 8, 16)
}


JAWS = json.loads((ROOT / "tests/oracle/orthodont_slope.json").read_text(encoding="utf-8"))
JAWS_ALONE = json.loads((ROOT / "tests/oracle/orthodont_ri.json").read_text(encoding="utf-8"))
JAWS_DATA = pd.read_csv(ROOT / "data" / "orthodont.csv")


def jaws_at_11(of_intercept, of_age):
    """A coefficient of R, whose age counts from birth, as it is at the age of 11."""
    beta = JAWS["reml"]["beta"]
    return beta[of_intercept] + 11 * beta[of_age]


def jaws_profile(k, end):
    return JAWS["ci_profile_lme4"][end][k]


def slope_by_sex(sex, without=()):
    """Slope, SE and residual SD of balanced data: each child's own line is left over from."""
    rows = JAWS_DATA[(JAWS_DATA["Sex"] == sex) & ~JAWS_DATA["Subject"].isin(without)]
    y = rows["distance"].to_numpy().reshape(-1, 4)
    t = np.array([-3, -1, 1, 3])
    within = y - y.mean(axis=1, keepdims=True)
    slope = (within @ t).mean() / (t @ t)
    rest = np.sum((within - slope * t) ** 2) / (3 * len(y) - 1)
    return slope, np.sqrt(rest / (len(y) * t @ t)), np.sqrt(rest)


def slope_difference(without):
    """The difference without some boys: in balanced data that of the mean slopes."""
    return slope_by_sex("Male", without)[0] - slope_by_sex("Female")[0]


def posterior_of_five_women(scale, power):
    """Moments of σ_b by adaptive integration, σ_ε integrated in closed form beforehand."""
    e = np.linspace(0.4, 0.8, 41)

    def height(sd):
        nu = e**2 + 16 * sd**2
        ell = -0.5 * (4 * np.log(nu) + SSB / nu + 150 * np.log(e) + SSW / e**2)
        prior = 1 if scale is None else student_t(3, scale=scale).pdf(sd)
        return np.sum(np.exp(ell - 32)) * prior * sd**power

    return quad(height, 0, 5, limit=300)[0] + quad(height, 5, 40, limit=300)[0]


RESTRICTED_ENDS = [
    brentq(lambda s2: held_drop(s2, d=4) - chi2(1).ppf(0.95), *sorted((SIGMA2_B, far)))
    for far in (SIGMA2_B / 100, SIGMA2_B * 100)
]
OWN_DATA = {
    r"^\(Intercept\) +(\S+) ": jaws_at_11(0, 1),
    r"^years  +(\S+) ": JAWS["reml"]["beta"][1],
    r"^SexMale  +(\S+) ": jaws_at_11(2, 3),
    r"^years:SexMale +(\S+) ": JAWS["reml"]["beta"][3],
    r"^years:SexMale +\S+ +(\S+) ": JAWS["reml"]["se_beta"][3],
    r"^ +years +\S+ +(\S+) ": JAWS["reml"]["varcomp"]["sdcor"][1],
    r"^ Residual +\S+ +(\S+) ": JAWS["reml"]["sigma"],
    r"^statistic (.+?);": 2 * (JAWS["reml"]["loglik"] - JAWS_ALONE["reml"]["loglik"]),
    r"SE of the difference: (.+?),": JAWS["reml"]["se_beta"][3],
    r"without random slopes (.+)": JAWS_ALONE["reml"]["se_beta"][3],
    r"^sd_years\|Subject +\S+ +(\S+) ": jaws_profile(2, "lower"),
    r"^sd_years\|Subject .+ (\S+)$": jaws_profile(2, "upper"),
    r"^sigma +\S+ +(\S+) ": jaws_profile(3, "lower"),
    r"^years +0.48 +(\S+) ": jaws_profile(5, "lower"),
    r"^years +0.48 .+ (\S+)$": jaws_profile(5, "upper"),
    r"^years:SexMale +0.30 +(\S+) ": jaws_profile(7, "lower"),
    r"^years:SexMale +0.30 .+ (\S+)$": jaws_profile(7, "upper"),
    r"Wald interval of years:SexMale: (.+) to": JAWS["ci_wald_beta"][3][0],
    r"Wald interval of years:SexMale: .+ to (.+)": JAWS["ci_wald_beta"][3][1],
    r"without M09 .+ difference (.+?),": slope_difference(["M09"]),
    r"without M13 .+ difference (.+?),": slope_difference(["M13"]),
    r"without M09 and M13 difference (.+?),": slope_difference(["M09", "M13"]),
    r"^Female: slope (\S+) ": slope_by_sex("Female")[0],
    r"^Female: .+SE (.+)\)": slope_by_sex("Female")[1],
    r"^Female: .+SD (.+)": slope_by_sex("Female")[2],
    r"^Male: slope (\S+) ": slope_by_sex("Male")[0],
    r"^Male: .+SE (.+)\)": slope_by_sex("Male")[1],
    r"^Male: .+SD (.+)": slope_by_sex("Male")[2],
    r"^Male, without .+SD (.+)": slope_by_sex("Male", ["M09", "M13"])[2],
    r"^difference .+SE (.+)\)": np.hypot(slope_by_sex("Female")[1], slope_by_sex("Male")[1]),
    r"^mean of girls: (.+) mm at age 8": jaws_at_11(0, 1) - 3 * JAWS["reml"]["beta"][1],
    r"^mean of boys: .+, (.+) mm at age 14": jaws_at_11(0, 1)
    + jaws_at_11(2, 3)
    + 3 * (JAWS["reml"]["beta"][1] + JAWS["reml"]["beta"][3]),
    r"^posterior mean (.+?),": R["reml"]["ranef"]["woman"]["values"][3][0],
    r"^posterior mean .+ variance (.+)": (1 - shrink(16)) * SIGMA2_B,
    r"^half-t, scale 1 mean (.+?),": posterior_of_five_women(1, 1) / posterior_of_five_women(1, 0),
    r"^half-t, scale 4 mean (.+?),": posterior_of_five_women(4, 1) / posterior_of_five_women(4, 0),
    r"^flat +mean (.+?),": posterior_of_five_women(None, 1) / posterior_of_five_women(None, 0),
    r"^restricted likelihood alone: (.+) to": np.sqrt(RESTRICTED_ENDS[0]),
    r"^restricted likelihood alone: .+ to (.+)": np.sqrt(RESTRICTED_ENDS[1]),
    r"^by the t distribution with .+: (.+) to": JAWS["reml"]["beta"][3]
    - student_t(25).ppf(0.975) * JAWS["reml"]["se_beta"][3],
    r"^by the t distribution with .+ to (.+)": JAWS["reml"]["beta"][3]
    + student_t(25).ppf(0.975) * JAWS["reml"]["se_beta"][3],
}
BY_CHAPTER = {
    "01-model": MODEL,
    "02-likelihood": LIKELIHOOD,
    "03-profile": PROFILE,
    "04-blup": BLUP,
    "05-reml": REML,
    "06-testing": TESTING,
    "07-prediction": PREDICTION,
    "08-diagnostics": DIAGNOSTICS,
    "09-more-effects": MORE,
    "10-computation": COMPUTATION,
    "11-degrees-of-freedom": DEGREES,
    "12-simulation": SIMULATION,
    "13-own-data": OWN_DATA,
    "printout": PRINTOUT,
    "sharp-pencil": PENCIL,
}
CASES = [(chapter, *item) for chapter, items in BY_CHAPTER.items() for item in items.items()]


@pytest.mark.parametrize(("chapter", "pattern", "expected"), CASES)
def test_a_printed_number_is_right_to_its_last_digit(chapter, pattern, expected):
    text = re.search(pattern, printed(chapter), re.MULTILINE)[1]
    decimals = len(text.partition(".")[2])
    assert float(text) == pytest.approx(expected, abs=0.5001 * 10**-decimals)


def number(chapter, pattern):
    """A number that a chapter prints; a percentage as a share."""
    text = re.search(pattern, printed(chapter), re.MULTILINE)[1]
    return float(text.rstrip(" %")) / (100 if text.endswith("%") else 1)


def simulated(chapter, pattern):
    """A simulated figure and the Monte Carlo error printed beside it; shares as numbers."""
    text = re.search(pattern + r"(\S+(?: %)? ± \S+(?: %)?)", printed(chapter), re.MULTILINE)[1]
    figure, error = (part.split() for part in text.split(" ± "))
    unit = 100 if "%" in text else 1
    return float(figure[0].strip(",;")) / unit, float(error[0].strip(",;")) / unit


def assert_simulated(chapter, pattern, expected, own_error=0.0):
    """A simulated figure is the expected one, up to four of its errors and of the test's own."""
    figure, error = simulated(chapter, pattern)
    assert figure == pytest.approx(expected, abs=4.5 * np.hypot(error, own_error))
    assert error > 0


# A single draw shows what a study may look like; it estimates nothing.
ILLUSTRATIONS = ("simulated_studies(", "two_observations(", "lineup(", "geomspace")
DRAWS = re.compile(
    r"rng\.(?:normal|chisquare|exponential|standard_\w+)\(|exact_null\(|bootstrap_lrt\("
    r"|model\.simulate\("
)


@pytest.mark.parametrize("chapter", BY_CHAPTER)
def test_a_simulated_figure_has_its_error_beside_it(chapter):
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell, following in pairwise([*code, {"outputs": []}]):
        source = "".join(cell["source"])
        if DRAWS.search(source) and not any(name in source for name in ILLUSTRATIONS):
            outputs = cell["outputs"] + following["outputs"]
            assert " ± " in "".join("".join(output.get("text", [])) for output in outputs), source


def test_simulated_spans_are_those_of_five_normal_means():
    rng, sd = np.random.default_rng(17), SE * np.sqrt(5)
    spans = np.ptp(rng.normal(scale=sd, size=(400_000, 5)), axis=1)
    assert_simulated("01-model", "simulated, on average: ", spans.mean(), spans.std() / 632)
    for pattern, share in (("spans are below ", 0.05), ("of them are above +", 0.95)):
        batches = [np.quantile(batch, share) for batch in np.split(spans, 40)]
        error = np.std(batches) / np.sqrt(40)
        assert_simulated("01-model", pattern, np.mean(batches), error)
    # The mean span of five standard normal numbers, in the tables of quality control.
    assert_simulated("01-model", "which is ", 2.32593)
    deviations = np.sqrt(chi2(4).ppf([0.05, 0.95]))
    average = np.sqrt(2) * gamma(2.5) / gamma(2)
    for name, low, high in (
        ("span", *np.quantile(spans, [0.05, 0.95]) / spans.mean()),
        ("standard deviation", *deviations / average),
    ):
        own_error = 0.002 if name == "span" else 0
        assert_simulated("01-model", rf"^{name}: 5 % are below ", low, own_error)
        assert_simulated("01-model", rf"^{name}: .+ and 5 % above ", high, own_error)


def test_the_fixed_effect_is_that_of_ordinary_algebra():
    # In balanced data with a covariate within women, ML has a closed form too.
    x = np.arange(16) - 7.5
    slope = np.mean([np.polyfit(x, woman, 1)[0] for woman in BY_WOMAN])
    rest = BY_WOMAN - MEANS[:, None] - slope * x
    e, b = np.sum(rest**2) / 75, SSB / 5
    gain = -5 * np.log(b) - 75 * np.log(e) - 80 - 80 * np.log(2 * np.pi)
    lrt = gain - 2 * LOGLIK_ML
    assert number("06-testing", r"^slope (.+?),") == pytest.approx(slope, abs=5e-5)
    assert number("06-testing", r"^statistic (4.+?), p") == pytest.approx(lrt, abs=5e-5)
    assert number("06-testing", r"^statistic 4.+, p = (.+)") == pytest.approx(
        chi2(1).sf(lrt), abs=5e-5
    )


def test_reml_likelihoods_of_different_designs_shift_with_the_units():
    as_order = number("06-testing", r"REML: order (.+?),")
    in_tenths = number("06-testing", r"REML: order .+ tenths (.+)")
    assert as_order < 0
    assert in_tenths == pytest.approx(as_order - 2 * np.log(10), abs=2e-3)


@pytest.mark.parametrize(("name", "zero"), [("LRT ", 5 / 4), ("RLRT", 1.0)])
def test_the_simulated_null_has_the_closed_form_of_balanced_data(name, zero):
    assert_simulated("06-testing", rf"^{name}: 0 with probability ", f(4, 75).cdf(zero))


@pytest.mark.parametrize("c", [0.17, 0.19, 0.20, 0.22])
def test_exact_p_values_are_those_of_the_f_test(c):
    F = c**2 * (SSB / 4) / (SSW / 75)
    exact = number("06-testing", rf"^{c:.2f} .+ (\S+)$")
    assert exact == pytest.approx(f(4, 75).sf(F), abs=0.00051 + 4 * np.sqrt(0.05 / 200_000))


def simulated_sums(studies=1_000_000):
    """SSB and SSW of many balanced studies like the estrone study."""
    rng = np.random.default_rng(99)
    between = (SIGMA2_E + 16 * SIGMA2_B) * rng.chisquare(4, studies)
    return between, SIGMA2_E * rng.chisquare(75, studies)


def estimates(ssb, ssw, divisor):
    return np.maximum(ssb / divisor - ssw / 75, 0) / 16


@pytest.mark.parametrize(("name", "divisor"), [("ML", 5), ("REML", 4)])
def test_bias_and_error_of_both_methods(name, divisor):
    found = estimates(*simulated_sums(), divisor)
    of_error = (found - SIGMA2_B) ** 2
    line = rf"^{name} +mean [^\n]+\n +mean squared error "
    for pattern, values in (
        (rf"^{name} +mean ", found),
        (rf"^{name} +mean [^\n]+ mean of sigma_b ", np.sqrt(found)),
        (line, of_error),
    ):
        assert_simulated("05-reml", pattern, values.mean(), values.std() / 1000)
    assert_simulated("05-reml", rf"^{name} +mean [^\n]+ median ", np.median(found), 0.0015)
    closed = number("05-reml", line + r".+ in closed form (.+)")
    assert closed == pytest.approx(of_error.mean(), abs=0.0005 + 4 * of_error.std() / 1000)


def test_the_first_average_of_ml_and_its_share_of_the_truth():
    ssb, ssw = simulated_sums()
    found = estimates(ssb, ssw, 5)
    within = np.where(found > 0, ssw / 75, (ssb + ssw) / 80)
    assert_simulated("05-reml", "on average: sigma2_b ", found.mean(), found.std() / 1000)
    assert_simulated("05-reml", "on average.+ sigma2_e ", within.mean(), within.std() / 1000)
    for chapter, pattern in (
        ("05-reml", "estimate / truth for sigma2_b: "),
        ("05-reml", "^ 5 women: mean / truth "),
        ("sharp-pencil", "mean / truth: sigma2_b "),
    ):
        share = found / SIGMA2_B
        assert_simulated(chapter, pattern, share.mean(), share.std() / 1000)


@pytest.mark.parametrize("women", [3, 5, 10, 20, 50])
def test_the_bias_falls_as_the_number_of_women_grows(women):
    # Below 0 an estimate is cut off at 0; that lifts the mean of three women by a hair.
    ratio = SIGMA2_E / (SIGMA2_E + 16 * SIGMA2_B)
    for name, d in (("ML", women), ("REML", women - 1)):
        cut = 0.0015 if women == 3 else 2e-4
        expected = ((women - 1) / d - ratio) / (1 - ratio)
        pattern = rf"^ *{women} women: mean / truth " + ("" if name == "ML" else ".+ML.,? ")
        assert_simulated("05-reml", pattern, expected, cut)


@pytest.mark.parametrize(
    ("chapter", "pattern", "divisor"),
    [
        ("03-profile", "contains sigma2_b: profile ", 5),
        ("05-reml", "^ML   contains the truth: ", 5),
        ("05-reml", "^REML contains the truth: ", 4),
    ],
)
def test_coverage_of_the_profile_intervals(chapter, pattern, divisor):
    """With σ_ε² at its best anew, not held: the difference is lost in the Monte Carlo error."""
    studies = 20_000
    ssb, ssw = simulated_sums(studies)

    def deviance(of_mean, within):
        return divisor * np.log(of_mean) + 75 * np.log(within) + ssb / of_mean + ssw / within

    within = np.minimum(ssw / 75, (ssb + ssw) / (75 + divisor))
    best = deviance(np.maximum(ssb / divisor, within), within)
    grid = SIGMA2_E * np.geomspace(0.4, 2.2, 400)
    held = np.min([deviance(value + 16 * SIGMA2_B, value) for value in grid], axis=0)
    share = np.mean(held - best <= chi2(1).ppf(0.95))
    assert_simulated(chapter, pattern, share, np.sqrt(share * (1 - share) / studies))


def test_coverage_of_the_wald_interval_of_the_variance():
    ssb, ssw = simulated_sums()
    found = estimates(ssb, ssw, 5)
    within = np.where(found > 0, ssw / 75, (ssb + ssw) / 80)
    se = np.sqrt(2 / 256 * ((within + 16 * found) ** 2 / 5 + within**2 / 75))
    contains = np.abs(found - SIGMA2_B) <= 1.959964 * se
    assert_simulated("03-profile", "contains sigma2_b: .+ Wald ", contains.mean(), 0.0005)
    assert (found[~contains] < SIGMA2_B / 2).all()
    assert number("03-profile", "the estimate is below half of it: (.+? %) in all") == 1


def test_coverage_of_both_intervals_of_the_mean_in_the_third_chapter():
    # Both are exact shares of Student's t with 4 degrees of freedom, but for σ̂_b² = 0.
    t4 = student_t(4)
    profile = 1 - 2 * t4.sf(np.sqrt(4 * (np.exp(chi2(1).ppf(0.95) / 5) - 1)))
    wald = 1 - 2 * t4.sf(1.959964 * np.sqrt(4 / 5))
    assert_simulated("03-profile", "contains mu: +profile ", profile, 2e-4)
    assert_simulated("03-profile", "contains mu: .+ Wald ", wald, 2e-4)


@pytest.mark.parametrize(("name", "divisor"), [("ML", 5), ("REML", 4)])
def test_where_a_profile_interval_misses_it_mostly_ends_below(name, divisor):
    ssb, ssw = simulated_sums()
    nu, top = ssw / 75 + 16 * SIGMA2_B, np.maximum(ssb / divisor, ssw / 75)
    drop = divisor * np.log(nu / top) + ssb / nu - ssb / top
    below = (top < nu)[drop > chi2(1).ppf(0.95)]
    error = below.std() / np.sqrt(len(below))
    assert_simulated("05-reml", rf"^{name} .+ it ends below: ", below.mean(), error)


def test_coverage_of_the_intervals_for_the_mean():
    # (mean)² / variance is 5/4 of an F(1, 4): the share is exact, but for σ̂_b² = 0.
    z = student_t(4).cdf(1.959964) - student_t(4).cdf(-1.959964)
    root = np.sqrt(5 / 4)
    z_ml = student_t(4).cdf(1.959964 / root) - student_t(4).cdf(-1.959964 / root)
    for pattern, expected in (
        (r"REML, normal quantile: +", z),
        (r"ML, normal quantile:   +", z_ml),
        (r"REML, t with 4 df: +", 0.95),
    ):
        assert_simulated("07-prediction", pattern, expected, 2e-4)


def test_sizes_of_the_tests_of_a_mean_are_shares_of_students_t():
    t4 = student_t(4)
    for name, limit in (("z", 1.959964), ("t, 75 df", student_t(75).ppf(0.975)), ("t, 4 df", None)):
        expected = 0.05 if limit is None else 2 * t4.sf(limit)
        assert_simulated(
            "11-degrees-of-freedom", rf"^{name} *: rejects a true mean in ", expected, 2e-4
        )
    beyond = np.sqrt(4 * np.expm1(chi2(1).ppf(0.95) / 5))
    pattern = "likelihood ratio, by chi2 with 1 df: rejects in "
    assert_simulated("11-degrees-of-freedom", pattern, 2 * t4.sf(beyond), 2e-4)
    limit = 5 * np.log1p(t4.ppf(0.975) ** 2 / 4)
    assert_simulated("11-degrees-of-freedom", "limit from the first half: ", limit, 0.002)
    assert_simulated("11-degrees-of-freedom", "in the second half it rejects in ", 0.05, 5e-4)
    assert 0.05 < 2 * student_t(49).sf(1.959964) < 0.06, "with fifty women, fewer than 6 of 100"


def test_the_bootstrap_of_five_slopes_finds_what_the_exact_test_says():
    exact = 2 * student_t(4).sf(T_OF_FIVE)
    assert_simulated("11-degrees-of-freedom", "likelihood ratio, bootstrap: in ", exact)


def test_coverage_of_the_intervals_for_a_new_value():
    rng, studies = np.random.default_rng(5), 400_000
    var_mean = (SIGMA2_E + 16 * SIGMA2_B) * rng.chisquare(4, studies) / 4 / 80
    within = SIGMA2_E * rng.chisquare(75, studies) / 75
    between = np.maximum(var_mean * 5 - within / 16, 0)
    miss = rng.normal(0, np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E), studies)
    for name, variance, quantile in (
        ("normal quantile", var_mean + between + within, 1.959964),
        ("t with 4 df", var_mean + between + within, student_t(4).ppf(0.975)),
        ("sigma2_b forgotten", var_mean + within, 1.959964),
    ):
        share = np.mean(miss**2 <= quantile**2 * variance)
        assert_simulated("07-prediction", rf"new value, {name}: +", share, 0.0008)


def test_coverage_of_the_interval_for_a_woman_of_the_study():
    rng, studies = np.random.default_rng(6), 400_000
    b = rng.normal(0, np.sqrt(SIGMA2_B), (5, studies))
    means = b + rng.normal(0, np.sqrt(SIGMA2_E / 16), (5, studies))
    within = SIGMA2_E * rng.chisquare(75, studies) / 75
    between = np.maximum(means.var(axis=0, ddof=1) - within / 16, 0)
    # E(b | y) and its variance one by one, with the general formula of a common mean estimated.
    lam = between / (between + within / 16)
    level = lam * means[2] + (1 - lam) * means.mean(axis=0)
    variance = lam * within / 16 + (1 - lam) ** 2 * (between + within / 16) / 5 + within
    miss = b[2] + rng.normal(0, np.sqrt(SIGMA2_E), studies) - level
    share = np.mean(miss**2 <= 1.959964**2 * variance)
    assert_simulated("07-prediction", "woman of the study, normal quantile: ", share, 0.0004)


def test_median_and_mean_of_new_women_in_pg_per_ml():
    # On the log scale the values are normal, so both are known.
    log, variance = MU * np.log(10) / 10, (SIGMA2_B + SIGMA2_E) * (np.log(10) / 10) ** 2
    assert_simulated("07-prediction", "simulated: median ", np.exp(log))
    assert_simulated("07-prediction", "simulated: .+, mean ", np.exp(log + variance / 2))


@pytest.mark.parametrize("ratio", [SIGMA2_B / SIGMA2_E, 0.1, 0])
def test_chi2_rejects_too_often_for_a_covariate_between_women_who_differ(ratio):
    rng, studies = np.random.default_rng(7), 400_000
    age = np.array([-1.2, -0.4, 0.1, 0.3, 1.2])
    means = rng.normal(0, np.sqrt(ratio + 1 / 16), (studies, 5))
    means -= means.mean(axis=1, keepdims=True)
    rest = means - np.outer(means @ age / (age @ age), age)
    within = rng.chisquare(75, studies)

    def deviance(ssb):
        nu, e = ssb / 5, within / 75
        inside = 5 * np.log(np.maximum(nu, 1e-300)) + 75 * np.log(e)
        return np.where(nu > e, inside, 80 * np.log((ssb + within) / 80))

    lrt = deviance(16 * np.sum(means**2, axis=1)) - deviance(16 * np.sum(rest**2, axis=1))
    pattern = rf"^sigma2_b / sigma2_e = {ratio:.2f}: rejects in "
    assert_simulated("06-testing", pattern, np.mean(lrt > 3.841459), 0.0006)


@pytest.mark.parametrize(("name", "d", "n"), [("LRT ", 5, 80), ("RLRT", 4, 79)])
def test_sizes_of_the_tests_of_a_variance(name, d, n):
    """The statistic of balanced data is a function of an F, so its tail is one of F."""

    def statistic(F):
        return n * np.log((4 * F + 75) / n) - d * np.log(4 * F / d)

    for test, p in (("chi2", 0.05), ("the mixture", 0.1)):
        limit = brentq(lambda F: statistic(F) - chi2(1).isf(p), d / 4, 100)  # noqa: B023
        share = f(4, 75).sf(limit)
        assert_simulated("06-testing", rf"^{name}: .*by {test} ", share)
        if test == "the mixture":
            assert_simulated("sharp-pencil", rf"^{name}: .+ rejects in ", share)
    limit = statistic(f(4, 75).isf(0.05))
    assert_simulated("06-testing", rf"^{name}: .+ 95 % point ", limit)


def test_slopes_of_the_five_women():
    x = np.arange(16) - 7.5
    slopes = BY_WOMAN @ x / (x @ x)
    statistic = slopes.mean() / (slopes.std(ddof=1) / np.sqrt(5))
    assert number("08-diagnostics", r"differ from 0\? t = (.+?),") == pytest.approx(
        statistic, abs=0.005
    )
    assert number("08-diagnostics", r"differ from 0\? t = .+ p = (.+)") == pytest.approx(
        2 * student_t(4).cdf(statistic), abs=0.005
    )


def test_no_simulated_sample_has_a_lower_quartile_so_near_to_0():
    highest = number("08-diagnostics", r"^1Q +in the simulated samples: .+ to (.+)")
    assert highest < np.quantile(RESIDUALS, 0.25)


# Critical values of Shapiro and Wilk's test at 5 %, from their table of 1965; for 50 values it was
# extrapolated, so there the p-value of other samples must do.
CRITICAL_W = {5: 0.762, 20: 0.905}


@pytest.mark.parametrize("groups", [5, 20, 50])
def test_five_groups_hardly_show_a_skewed_distribution(groups):
    rng = np.random.default_rng(31)
    for pattern, draws in (
        ("", rng.exponential(size=(4000, groups))),
        (r".+\), ", rng.standard_t(3, size=(4000, groups))),
    ):
        tests = [shapiro(sample) for sample in draws]
        if groups in CRITICAL_W:
            power = np.mean([test.statistic < CRITICAL_W[groups] for test in tests])
        else:
            power = np.mean([test.pvalue < 0.05 for test in tests])
        pattern = rf"^ *{groups} groups: noticed {pattern}"
        assert_simulated("08-diagnostics", pattern, power, np.sqrt(power * (1 - power) / 4000))


@pytest.mark.parametrize("subjects", [4, 6, 10, 18])
def test_how_often_slopes_are_singular(subjects):
    """The same share from Wishart matrices, drawn by the decomposition of Bartlett."""
    rng, studies = np.random.default_rng(90), 100_000
    df = subjects - 1
    A = np.zeros((studies, 2, 2))
    A[:, 0, 0] = np.sqrt(rng.chisquare(df, studies))
    A[:, 1, 1] = np.sqrt(rng.chisquare(df - 1, studies))
    A[:, 1, 0] = rng.normal(size=studies)
    root = np.linalg.cholesky(D_SLEEP + VAR_E * OWN_ERROR) @ A
    within = VAR_E * rng.chisquare(8 * subjects, studies) / (8 * subjects)
    # Singular where the difference has a determinant below 0; it has rarely two such eigenvalues.
    difference = root @ np.swapaxes(root, 1, 2) / df - within[:, None, None] * OWN_ERROR
    a, d = difference[:, 0, 0], difference[:, 1, 1]
    share = np.mean((np.linalg.det(difference) <= 0) | (a + d <= 0))
    pattern = rf"^ *{subjects} subjects: singular in "
    assert_simulated("09-more-effects", pattern, share, np.sqrt(share * (1 - share) / studies))


def sizes_of_three_rules(effect, sd):
    """The rules of the chapter on studies that are drawn through their sums of squares."""
    rng, studies = np.random.default_rng(91), 200_000
    nu = 82.5 * sd**2 + VAR_E
    mean = rng.normal(effect * np.sqrt(8 * 82.5), np.sqrt(nu), studies) ** 2
    between, within = nu * rng.chisquare(7, studies), VAR_E * rng.chisquare(64, studies)
    always = student_t(7).ppf(0.975) ** 2 < mean / (between / 7)
    never = student_t(71).ppf(0.975) ** 2 < mean / ((between + within) / 71)
    is_needed = f(7, 64).sf((between / 7) / (within / 64)) < 0.2
    return always.mean(), never.mean(), np.where(is_needed, always, never).mean()


@pytest.mark.parametrize("effect", [0, 3])
@pytest.mark.parametrize("sd", [0, 2, SLEEP["varcomp"]["sdcor"][1]])
def test_what_random_slopes_cost_and_what_they_save(effect, sd):
    block = re.search(
        rf"true slope {effect} ms a day.+\n((?:  SD .+\n)+)", printed("09-more-effects")
    )[1]
    (line,) = re.findall(rf"SD of slopes {sd:.2f}: (.+)", block)
    found = [tuple(map(float, re.findall(r"([\d.]+) %", one))) for one in line.split(", ")]
    for (share, error), expected in zip(found, sizes_of_three_rules(effect, sd), strict=True):
        own = np.sqrt(expected * (1 - expected) / 200_000)
        assert share / 100 == pytest.approx(expected, abs=4.5 * np.hypot(error / 100, own))


def test_standard_errors_of_the_slopes_variances_are_those_of_a_numerical_curvature():
    def criterion(theta):
        """−2ℓ_R of the sleep study from the two-dimensional own lines."""
        M = np.array([[theta[0], theta[1]], [theta[1], theta[2]]]) + theta[3] * OWN_ERROR
        away = OWN - OWN.mean(axis=0)
        rest = np.sum((REACTION - OWN[:, :1] - np.outer(OWN[:, 1], DAYS)) ** 2)
        form = np.trace(np.linalg.solve(M, away.T @ away))
        return 17 * np.linalg.slogdet(M)[1] + form + 144 * np.log(theta[3]) + rest / theta[3]

    at, steps = np.array([VAR_0, COV_01, VAR_1, VAR_E]), np.array([1.0, 0.3, 0.05, 1.0])
    H = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            moves = [(a, b, a * b) for a in (-1, 1) for b in (-1, 1)]
            H[i, j] = sum(
                sign * criterion(at + a * steps * np.eye(4)[i] + b * steps * np.eye(4)[j])
                for a, b, sign in moves
            ) / (8 * steps[i] * steps[j])
    expected = np.sqrt(np.diag(np.linalg.inv(H)))
    for name, value, se in zip(
        ("sigma2_0", "sigma_01", "sigma2_1", "sigma2_e"), at, expected, strict=True
    ):
        assert number("09-more-effects", rf"^{name}: +(.+?),") == pytest.approx(value, abs=0.006)
        assert number("09-more-effects", rf"^{name}: .+ SE +(.+)") == pytest.approx(se, rel=2e-3)


def test_three_subjects_are_too_few_for_a_correlation_inside():
    assert np.linalg.eigvalsh(covariance_of_few(slice(0, 3))).min() < 0
    assert number("09-more-effects", r"^ Subject (?:Days )?\(Intercept\) Days +(.+)") == 1


def test_the_correlations_that_an_exercise_quotes():
    prompt = EXERCISES["9c"].prompt
    first, other = re.findall(r"0\.\d\d", prompt)
    assert (first, other) == (f"{correlation_at(0):.2f}", f"{correlation_at(4.5):.2f}")


def test_lambda_of_the_slopes_is_lme4s():
    text = printed("10-computation")
    rows = re.search(r"\[\[(.+?)\]\n \[(.+?)\]\]", text).groups()
    (a, zero), (b, c) = ([float(entry) for entry in row.split()] for row in rows)
    assert zero == 0
    assert [a, b, c] == pytest.approx(BEYOND["sleepstudy_slope"]["theta"], abs=5.1e-5)


def seconds_of(entrant):
    """From a table to a fitted random intercept: rows and seconds, as the book has them."""
    calls = lt.load_data("benchmark").query("model == 'random intercept' and what == 'call'")
    own = calls[calls["entrant"] == entrant]
    return own["rows"].to_numpy(), own["seconds"].to_numpy()


def test_what_the_tenth_chapter_says_of_the_benchmark_is_in_the_table():
    rows, times = seconds_of("lmmteach, literal")
    assert rows[-1] == 4000
    assert 40 < times[-1] < 80, "a minute"
    steps = np.log(times[-1] / times[-2]) / np.log(rows[-1] / rows[-2])
    assert 2 < steps < 3
    assert 450 < times[-1] * (10_000 / rows[-1]) ** steps < 750, "ten minutes"
    table = lt.load_data("benchmark")
    of_estrone = table.query("model == 'estrone' and entrant == 'lmmteach, literal'")["seconds"]
    assert (of_estrone.between(0.005, 0.015)).all(), "a hundredth of a second"
    entrants = set(table["entrant"])
    last = {}
    for name in entrants - {"lmmteach, literal"}:
        rows, times = seconds_of(name)
        x, y = np.log(rows[rows >= 100_000]), np.log(times[rows >= 100_000])
        assert 0.8 < (y[-1] - y[0]) / (x[-1] - x[0]) < 1.4, name
        last[name] = dict(zip(rows, times, strict=True))
    for rows in (10**6, 10**7):
        others = [times[rows] for name, times in last.items() if rows in times]
        assert last["lmmteach, fast"][rows] == min(others)


def test_the_times_in_the_book_are_those_of_the_last_benchmark():
    stored = benchmark_table.TABLE.read_text(encoding="utf-8")
    assert len(stored.splitlines()) > 40
    if benchmark_table.RESULTS.exists():
        assert benchmark_table.as_text() == stored


FIGURE = r"\S+(?: %)? ± \S+(?: %)? +"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^treated +1 +", 1.0),
        (rf"^treated +1 +{FIGURE}", 0.0),
        (rf"^treated +1 +{FIGURE}{FIGURE}", 1 - 2 * student_t(18).sf(norm.ppf(0.975))),
        (
            rf"^treated +1 +{FIGURE}{FIGURE}{FIGURE}",
            planned_power(planned_variance(20, 4), 18, norm.ppf(0.975)) / 100,
        ),
        (r"^\(Intercept\) +14 +", 14.0),
        (r"^sigma2_b +\S+ +", SIGMA2_B),
        (r"^sigma2_e +\S+ +", SIGMA2_E),
        (r"^ML +bias of sigma2_b: ", -2 / 20 * (SIGMA2_B + SIGMA2_E / 4)),
        (r"^REML +bias of sigma2_b: ", 0.0),
        (r"relative to the truth: ", 1 - 2 / 20 * (1 + SIGMA2_E / 4 / SIGMA2_B)),
        (r"study by study: ", 2 / 20 * (SIGMA2_B + SIGMA2_E / 4)),
        (r"^N\(0, 1\) .+ truth in ", 1 - 2 * student_t(18).sf(norm.ppf(0.975))),
        (r"^t with 18 df .+ truth in ", 0.95),
        (r"^standard error .+ simulated ", planned_power(planned_variance(20, 4), 18) / 100),
        (r"^six women, simulated: ", own_controls(6) / 100),
    ],
)
def test_a_thousand_planned_studies_agree_with_the_exact_laws(pattern, expected):
    assert_simulated("12-simulation", pattern, expected)


def rows_of_a_curve(first_columns):
    """Power and its error of the rows of a printed table, by groups and measurements."""
    text = printed("12-simulation").split(first_columns, 1)[1]
    rows = re.findall(r"^\d+ +(\d+) +(\d+) +\d+ +(\S+) +(\S+) +0$", text, re.MULTILINE)
    return {(int(I), int(J)): (float(p), float(error)) for I, J, p, error in rows}


def test_the_simulated_curve_of_power_is_the_exact_one():
    curve = rows_of_a_curve("power  power_error")
    for women, times in ((20, 4), (20, 16), (38, 4), (44, 2)):
        power, error = curve[women, times]
        exact = planned_power(planned_variance(women, times), women - 2) / 100
        assert power == pytest.approx(exact, abs=4.5 * error)


def test_effects_that_vary_deceive_a_test_without_a_slope_and_no_other():
    rng, B, ratio = np.random.default_rng(3), 200_000, 1 + 0.25 * 12 / 4 / SIGMA2_E
    between, within = ratio * rng.chisquare(5, B), rng.chisquare(60, B)
    t = np.sqrt(ratio) * rng.normal(size=B) / np.sqrt((between + within) / 65)
    rejects = (np.abs(t) > student_t(65).ppf(0.975)).mean()
    assert_simulated("12-simulation", r"^same effect: rejects in ", rejects, 0.001)
    # Where the variance of the slopes is estimated as 0, the test is a little cautious.
    assert_simulated("12-simulation", r"^own effects: rejects in ", 0.05, 0.004)


def test_the_power_with_dropouts_lies_between_those_of_fewer_and_of_complete_people():
    sleep = json.loads((ROOT / "tests" / "oracle" / "sleepstudy_slope.json").read_text("utf-8"))
    of_slopes, sigma2_e = sleep["reml"]["varcomp"]["vcov"][1], sleep["reml"]["sigma"] ** 2
    of_one = of_slopes + sigma2_e / 82.5
    curve = rows_of_a_curve("power  power_error")
    for people in (6, 12, 18, 24):
        power, error = curve[people, 10]
        complete = [ncf(1, n - 1, 25 / (of_one / n)).sf(student_t(people - 1).ppf(0.975) ** 2)
                    for n in (people * 2 // 3, people)]  # fmt: skip
        assert complete[0] - 4.5 * error <= power <= complete[1] + 4.5 * error


def test_the_likelihood_ratio_test_of_six_women_is_as_bold_as_theory_says():
    bound = np.sqrt(4 * (np.exp(chi2(1).ppf(0.95) / 6) - 1))
    assert_simulated("12-simulation", r"^rejects +", 2 * student_t(4).sf(bound), 0.003)


def children_who_leave(own, children=400_000):
    """Each value one by one: who is still there at each age, and the moments of who is."""
    rng = np.random.default_rng(99)
    level = 17 + 1.8 * rng.standard_normal(children)
    there, previous = np.ones(children, bool), None
    values, stays = [], []
    for age in (8, 10, 12, 14):
        value = level + 0.66 * age + 1.4 * rng.standard_normal(children)
        if previous is not None:
            deciding = value if own else previous
            there = there & (rng.random(children) > 1 / (1 + np.exp(25 - deciding)))
        values.append(value)
        stays.append(there)
        previous = value
    return np.array(values), np.array(stays)


@pytest.mark.parametrize(("rule", "own"), [("the last value ", False), ("the value itself ", True)])
def test_growth_where_children_leave(rule, own):
    """OLS from sums over the recorded values; the mixed model by its own normal equations."""
    values, there = children_who_leave(own)
    age = np.array([8, 10, 12, 14])[:, np.newaxis] * np.ones_like(values)
    mean_age = age[there].mean()
    plain = np.mean((age[there] - mean_age) * values[there]) / np.var(age[there])
    pattern = rf"^decided by {rule} +mixed .+ OLS "
    assert_simulated("13-own-data", pattern, plain, 0.001)
    # The mixed model gives each child's mean the weight of its shrinkage factor; ML of θ on a line.
    n = there.sum(axis=0)
    child_age = np.sum(age * there, axis=0) / n
    child_value = np.sum(values * there, axis=0) / n

    def fitted(ratio):
        w = n / (1 + n * ratio)
        A = np.zeros((2, 2))
        c = np.zeros(2)
        A[0, 0], A[0, 1] = w.sum(), w @ child_age
        A[1, 0] = A[0, 1]
        within_age = (age - child_age) * there
        A[1, 1] = w @ child_age**2 + np.sum(within_age**2)
        c[0], c[1] = w @ child_value, (w * child_age) @ child_value + np.sum(within_age * values)
        beta = np.linalg.solve(A, c)
        r = child_value - beta[0] - beta[1] * child_age
        rest = (values - child_value - beta[1] * (age - child_age)) * there
        rss = w @ r**2 + np.sum(rest**2)
        return beta, n.sum() * np.log(rss) + np.sum(np.log1p(n * ratio))

    ratio = minimize_scalar(lambda ratio: fitted(ratio)[1], bounds=(0.05, 20), method="bounded").x
    assert_simulated("13-own-data", rf"^decided by {rule} +mixed ", fitted(ratio)[0][1], 0.001)
    share = int(
        re.search(rf"^decided by {rule}.+, (\d+) % recorded", printed("13-own-data"), re.M)[1]
    )
    assert share == pytest.approx(100 * there.mean(), abs=1)


# Quantiles of N(0, 1), t and χ² that every reader knows.
KNOWN = {"1.96", "1.92", "3.84", "0.05", "0.95", "0.5"}


@pytest.mark.parametrize("chapter", [path.stem for path in notebooks.chapters()])
def test_no_decimal_in_the_prose_that_no_cell_prints(chapter):
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    prose = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] != "code")
    # Options to choose from, section numbers of books, and versions of software are no results.
    prose = re.sub(r":::\{admonition\} Predict first.*?:::", "", prose, flags=re.DOTALL)
    prose = re.sub(r"^\|.*$", "", prose.partition("## Further reading")[0], flags=re.MULTILINE)
    prose = re.sub(r"version \d+\.\d+-\d+", "", prose)
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    shown = re.findall(r"\d+\.\d+", printed(chapter) + code)
    for text in set(re.findall(r"\d+\.\d+", prose)) - KNOWN:
        decimals = len(text.partition(".")[2])
        assert any(
            len(s.partition(".")[2]) >= decimals
            and abs(float(s) - float(text)) <= 0.5 / 10**decimals
            for s in shown
        ), f"{text} stands in the text, but no cell shows it"


def test_degrees_of_freedom_of_other_software_are_those_that_it_gave():
    text = (ROOT / "chapters" / "software.md").read_text(encoding="utf-8")
    nlme, others = re.search(r"nlme takes (\d+) degrees .+ pbkrtest (\d+)\.", text).groups()
    assert int(nlme) == R["nlme_cross_check"]["reml"]["df_fixed"][0]
    for name in ("satterthwaite", "kenward_roger"):
        assert int(others) == pytest.approx(R[name]["df"][0], rel=1e-5)


def test_the_version_of_lme4_is_the_one_that_the_oracle_used():
    text = (ROOT / "chapters" / "software.md").read_text(encoding="utf-8")
    major, minor, patch = R["software"]["lme4"].split(".")
    version = f"{major}.{minor}-{patch}"
    assert f"checked against lme4 {version}." in text
    assert f"Version {version}, with which this book was checked, does not have it" in text
