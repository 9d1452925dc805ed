"""The numbers that the chapters print, held against R's or against another way to compute them."""

import json
import re
from pathlib import Path

import notebooks
import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import bartlett, chi2, f
from scipy.stats import t as student_t

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


LIKELIHOOD = {
    r"^mu (.+?),": MU,
    r"^mu .+sigma2_b (.+?),": ML["varcomp"]["vcov"][0],
    r"equation \(1\): +(.+)": LOGLIK_ML + 40 * np.log(2 * np.pi),
    r"the constant: +(.+)": -40 * np.log(2 * np.pi),
    r"with the constant: +(.+)": LOGLIK_ML,
    r"what software says: +(.+)": LOGLIK_ML,
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
    r"of that from the measurements +(.+)": SIGMA2_E / 16,
    r"the rest is sigma2_b +(.+)": ML["varcomp"]["vcov"][0],
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
    r"orthonormal  top (.+?) at": R["reml"]["loglik"] + np.log(80) / 2,
    r"successive   top (.+?) at": R["reml"]["loglik"],
    r"other units  top (.+?) at": R["reml"]["loglik"] - np.log(20),
    r"orthonormal K: (.+)": R["reml"]["loglik"] + np.log(80) / 2,
    r"restricted log-likelihood: (.+)": R["reml"]["loglik"],
    r"REML criterion (\d.+)": R["reml"]["criterion"],
    r"by hand, with d = 4: (.+?) ": SIGMA2_B,
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
    r"in closed form: (.+?),": TEST["balanced_oneway"]["P_LRT_zero"],
    r"in closed form: .+, (.+)": TEST["balanced_oneway"]["P_RLRT_zero"],
    r"k = 3: AIC (.+)": ML["AIC"],
    r"^z = (.+)": SIGMA2_B / np.sqrt(2 / 256 * ((SSB / 4) ** 2 / 4 + SIGMA2_E**2 / 75)),
    r"root of \(I - 1\)/2: (.+)": np.sqrt(2),
}
TESTING |= {rf"^{c:.2f} +(\S+)": scaled_lrt(c) for c in (0.17, 0.19, 0.20, 0.22, 1)}
PREDICTION = {
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
    r"measurements  1 to  4: mean residual (.+)": (BY_WOMAN - MEANS[:, None])[:, :4].mean(),
    r"measurements 13 to 16: mean residual (.+)": (BY_WOMAN - MEANS[:, None])[:, 12:].mean(),
    r"without woman 4: mu .+ sigma2_b (.+)": np.delete(MEANS, 3).var(ddof=1)
    - np.delete(BY_WOMAN, 3, axis=0).var(axis=1, ddof=1).mean() / 16,
    r"without woman 3: mu .+ sigma2_b (.+)": np.delete(MEANS, 2).var(ddof=1)
    - np.delete(BY_WOMAN, 2, axis=0).var(axis=1, ddof=1).mean() / 16,
    r"^log scale: .+ Bartlett p = (.+)": bartlett(*BY_WOMAN).pvalue,
    r"pg/ml    : .+ Bartlett p = (.+)": bartlett(*10 ** (BY_WOMAN / 10)).pvalue,
}
PENCIL = {
    r"b integrated out +(.+)": TEST["LRT"],
    r"equation \(1\): +(.+)": LOGLIK_ML + 40 * np.log(2 * np.pi),
    r"software's number: (.+)": LOGLIK_ML,
    r"next value of woman 1: +(.+)": known_sd(),
    r"first value of a new woman: +(.+)": np.sqrt(SE**2 + SIGMA2_B + SIGMA2_E),
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
    "printout": PRINTOUT,
    "sharp-pencil": PENCIL,
}
CASES = [(chapter, *item) for chapter, items in BY_CHAPTER.items() for item in items.items()]


@pytest.mark.parametrize(("chapter", "pattern", "expected"), CASES)
def test_a_printed_number_is_right_to_its_last_digit(chapter, pattern, expected):
    text = re.search(pattern, printed(chapter), re.MULTILINE)[1]
    decimals = len(text.partition(".")[2])
    assert float(text) == pytest.approx(expected, abs=0.5001 * 10**-decimals)


def test_simulated_spans_are_those_of_five_normal_means():
    low, high = map(float, re.search(r"studies: (.+) to (.+)", printed("01-model")).groups())
    means = np.random.default_rng(0).normal(scale=SE * np.sqrt(5), size=(100_000, 5))
    expected = np.quantile(np.ptp(means, axis=1), [0.05, 0.95])
    # A quantile of 200 draws is uncertain by about 0.12 (low) and 0.25 (high); three times that.
    assert low == pytest.approx(expected[0], abs=0.36)
    assert high == pytest.approx(expected[1], abs=0.75)


def number(chapter, pattern):
    """A number that a chapter prints; a percentage as a share."""
    text = re.search(pattern, printed(chapter), re.MULTILINE)[1]
    return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)


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
    assert number("06-testing", rf"^{name}: 0 with probability (.+?),") == pytest.approx(
        f(4, 75).cdf(zero), abs=0.0051 + 4 * 0.0011
    )


@pytest.mark.parametrize("c", [0.17, 0.19, 0.20, 0.22])
def test_exact_p_values_are_those_of_the_f_test(c):
    F = c**2 * (SSB / 4) / (SSW / 75)
    exact = number("06-testing", rf"^{c:.2f} .+ (\S+)$")
    assert exact == pytest.approx(f(4, 75).sf(F), abs=0.00051 + 4 * np.sqrt(0.05 / 200_000))


def simulated_estimates(divisor):
    """σ̂_b² of many balanced studies of five women, straight from the sums of squares."""
    rng = np.random.default_rng(99)
    between = (SIGMA2_E + 16 * SIGMA2_B) * rng.chisquare(4, 400_000) / divisor
    within = SIGMA2_E * rng.chisquare(75, 400_000) / 75
    return np.maximum(between - within, 0) / 16


@pytest.mark.parametrize(("name", "divisor"), [("ML  ", 5), ("REML", 4)])
def test_bias_and_error_of_both_methods(name, divisor):
    estimates = simulated_estimates(divisor)
    error = (estimates - SIGMA2_B) ** 2
    for pattern, expected in ((r"mean (.+?),", estimates), (r"MSE (.+?),", error)):
        # Both sides are simulated: 200,000 and 400,000 studies.
        tolerance = 0.0051 + 4 * expected.std() * np.sqrt(1 / 200_000 + 1 / 400_000)
        found = number("05-reml", rf"^{name} .*?{pattern}")
        assert found == pytest.approx(expected.mean(), abs=tolerance)


@pytest.mark.parametrize(
    ("chapter", "pattern", "divisor"),
    [
        ("03-profile", "contains the truth: profile (.+?)%", 5),
        ("05-reml", "contains the truth: (.+?)%", 4),
    ],
)
def test_coverage_of_the_profile_intervals(chapter, pattern, divisor):
    rng, studies = np.random.default_rng(3), 4000
    SSB_new = (SIGMA2_E + 16 * SIGMA2_B) * rng.chisquare(4, studies)
    SSW_new = SIGMA2_E * rng.chisquare(75, studies)

    def deviance(of_mean, within):
        spread = divisor * np.log(of_mean) + 75 * np.log(within)
        return spread + SSB_new / of_mean + SSW_new / within

    within = np.minimum(SSW_new / 75, (SSB_new + SSW_new) / (75 + divisor))
    best = deviance(np.maximum(SSB_new / divisor, within), within)
    grid = SIGMA2_E * np.linspace(0.4, 2, 400)
    held = np.min([deviance(value + 16 * SIGMA2_B, value) for value in grid], axis=0)
    share = np.mean(held - best <= 2 * 1.92)
    error = np.sqrt(share * (1 - share) * (1 / 200 + 1 / studies))
    assert number(chapter, pattern) / 100 == pytest.approx(share, abs=0.005 + 3 * error)


def test_coverage_of_the_intervals_for_the_mean():
    # (mean)² / variance is 5/4 of an F(1, 4): the share is exact, but for σ̂_b² = 0.
    z = student_t(4).cdf(1.959964) - student_t(4).cdf(-1.959964)
    root = np.sqrt(5 / 4)
    z_ml = student_t(4).cdf(1.959964 / root) - student_t(4).cdf(-1.959964 / root)
    found = printed("07-prediction")
    for pattern, expected in (
        (r"REML, normal quantile: (.+)", z),
        (r"ML, normal quantile:   (.+)", z_ml),
        (r"REML, t with 4 df: +(.+)", 0.95),
    ):
        share = float(re.search(pattern, found)[1].rstrip("%")) / 100
        assert share == pytest.approx(expected, abs=0.003)


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
        share = number("07-prediction", rf"new value, {name}: +(.+)")
        assert share == pytest.approx(np.mean(miss**2 <= quantile**2 * variance), abs=0.004)


def test_coverage_of_the_interval_for_a_woman_of_the_study():
    rng, studies = np.random.default_rng(6), 200_000
    b = rng.normal(0, np.sqrt(SIGMA2_B), (5, studies))
    means = b + rng.normal(0, np.sqrt(SIGMA2_E / 16), (5, studies))
    within = SIGMA2_E * rng.chisquare(75, studies) / 75
    between = np.maximum(means.var(axis=0, ddof=1) - within / 16, 0)
    # E(b | y) and its variance one by one, with the general formula of a common mean estimated.
    lam = between / (between + within / 16)
    level = lam * means[2] + (1 - lam) * means.mean(axis=0)
    variance = lam * within / 16 + (1 - lam) ** 2 * (between + within / 16) / 5 + within
    miss = b[2] + rng.normal(0, np.sqrt(SIGMA2_E), studies) - level
    found = number("07-prediction", r"woman of the study, normal quantile: (.+)")
    assert found == pytest.approx(np.mean(miss**2 <= 1.959964**2 * variance), abs=0.003)


def test_chi2_rejects_too_often_for_a_covariate_between_five_women():
    rng, studies = np.random.default_rng(7), 100_000
    age = np.array([-1.2, -0.4, 0.1, 0.3, 1.2])
    means = rng.normal(0, np.sqrt(SIGMA2_B + SIGMA2_E / 16), (studies, 5))
    means -= means.mean(axis=1, keepdims=True)
    rest = means - np.outer(means @ age / (age @ age), age)
    within = SIGMA2_E * rng.chisquare(75, studies)

    def deviance(ssb):
        nu, e = ssb / 5, within / 75
        inside = 5 * np.log(np.maximum(nu, 1e-300)) + 75 * np.log(e)
        return np.where(nu > e, inside, 80 * np.log((ssb + within) / 80))

    lrt = deviance(16 * np.sum(means**2, axis=1)) - deviance(16 * np.sum(rest**2, axis=1))
    found = number("06-testing", r"^it rejects when .+ in (.+) of studies")
    assert found == pytest.approx(np.mean(lrt > 3.841459), abs=0.01)


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


def test_five_groups_hardly_show_a_skewed_distribution():
    # The 15 % is that of Shapiro and Wilk's test for n = 5; a thousand samples are good to 3 %.
    assert number("08-diagnostics", r"^ 5 groups: noticed (.+?) ") == pytest.approx(0.15, abs=0.035)
    assert number("08-diagnostics", r"^50 groups: noticed (.+?) ") > 0.95


# Quantiles of N(0, 1), t and χ² that every reader knows.
KNOWN = {"1.96", "1.92", "3.84", "0.05", "0.95", "0.5"}


@pytest.mark.parametrize("chapter", [path.stem for path in notebooks.chapters()])
def test_no_decimal_in_the_prose_that_no_cell_prints(chapter):
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    prose = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] != "code")
    # Options to choose from, section numbers of books, and versions of software are no results.
    prose = re.sub(r":::\{admonition\} Predict first.*?:::", "", prose, flags=re.DOTALL)
    prose = re.sub(r"^\|.*$", "", prose.partition("## Further reading")[0], flags=re.MULTILINE)
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
