"""Exercises of chapter 6: testing."""

from functools import lru_cache

import numpy as np

from lmmteach import likelihood, model, profile, testing
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Also, Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.studies import LECTURE
from lmmteach.reml import fit_reml, restricted_loglik


@lru_cache(maxsize=64)
def _height(study, covariate="", reml=False):
    """The top of the (restricted) log-likelihood, with days or the order as a covariate."""
    X, measurement = study.X, study.data["measurement"].to_numpy()
    if covariate == "days":
        X = np.column_stack([X, model.random_intercept_design((measurement - 1) // 4)[:, 1:]])
    elif covariate == "day as a number":
        X = np.column_stack([X, (measurement - 1) // 4])
    elif covariate == "order":
        X = np.column_stack([X, measurement])
    fit, height = (
        (fit_reml, restricted_loglik) if reml else (likelihood.fit_ml, profile.profile_loglik)
    )
    _, theta = fit(study.y, X, study.Z)
    return height(model.V_theta(theta, study.Z), study.y, X)


def _gain(study, small_reml=False, large_reml=False, covariate="days"):
    """Twice the gain in log-likelihood by the days, each model fitted as asked."""
    return 2 * (_height(study, covariate, large_reml) - _height(study, "", small_reml))


DAYS = Numeric(
    key="6a",
    about=LECTURE,
    title="Do the days differ?",
    prompt=markdown(r"""
        Suppose that each woman was measured four times on each of four days: measurements 1 to 4
        on the first day, 5 to 8 on the second, and so on.
        Let every day have a mean of its own, with three fixed effects in addition to $\mu$.

        What is the likelihood ratio statistic of the model with days against the model
        `logestrone ~ 1 + (1 | woman)`?
        Give at least three decimals.
        """),
    in_code='Use `data = study.data.assign(day=(study.data["measurement"] - 1) // 4)`, and '
    "`C(day)` in the formula.",
    answer=_gain,
    given=lambda study: {
        "ML log-likelihood without days": _height(study),
        "with days": _height(study, "days"),
        "REML log-likelihood without days": _height(study, reml=True),
        "with days, by REML": _height(study, "days", reml=True),
    },
    atol=1e-3,
    wrong=(
        Wrong(
            "reml_for_fixed_lrt",
            lambda study: _gain(study, small_reml=True, large_reml=True),
            "This compares REML likelihoods, because `lmm` uses REML unless it is told otherwise. "
            "The two models have different X, so these are likelihoods of different data Kᵀy, and "
            "both fits should be ML fits.",
        ),
        Wrong(
            "mixed_methods",
            lambda study: _gain(study, small_reml=True),
            "Here the model without days was fitted by REML and the other one by ML, so the two "
            "likelihoods are of different data. Which method do both fits need?",
        ),
        Wrong(
            "mixed_methods_turned",
            lambda study: _gain(study, large_reml=True),
            "Here the model with days was fitted by REML and the other one by ML, so the two "
            "likelihoods are of different data. Which method do both fits need?",
        ),
        Wrong(
            "pvalue_not_statistic",
            lambda study: float(testing.chi2_pvalue(_gain(study), 3)),
            "This is the p-value that belongs to the statistic, and the question is about the "
            "statistic itself.",
        ),
        Wrong(
            "day_as_number",
            lambda study: _gain(study, covariate="day as a number"),
            "This fits a straight line over the days, with a single slope. Since every day should "
            "have a mean of its own, write `C(day)` in the formula.",
        ),
        Wrong(
            "forgot_2",
            lambda study: _gain(study) / 2,
            "This is the gain in log-likelihood itself, and the statistic that follows χ² is a "
            "multiple of it.",
        ),
        Wrong(
            "aic_not_lrt",
            lambda study: _gain(study) - 6,
            "This is the difference between the two AIC values, which contain the price of three "
            "more parameters, whereas the statistic of the test contains no such price.",
        ),
        Wrong(
            "order_not_days",
            lambda study: _gain(study, covariate="order"),
            "This is the statistic of the chapter, for a straight line over all sixteen "
            "measurements, but in this exercise every day has a mean of its own.",
            always=False,
        ),
    ),
    hints=(
        "Does a comparison of fixed effects need ML or REML, and which of the two does `lt.lmm` "
        "use unless you tell it otherwise?",
        'Fit both models with `method="ML"`; the statistic is then twice the difference between '
        "their `loglik`.",
        "Each day gets a mean of its own if the formula has `C(day)`, where `day` is "
        "`(measurement - 1) // 4`.",
    ),
    solution=markdown(r"""
        Both fits must be ML fits, since $\mathbf X$ differs, and the statistic is
        $\mathrm{LRT} = 2\{\ell^{(2)} - \ell^{(1)}\}$.
        If days make no difference, it follows approximately a $\chi^2$ distribution with three
        degrees of freedom, one for each additional coefficient.
        With REML likelihoods the number would depend on the units in which the columns of
        $\mathbf X$ are measured.
        """),
    code=(
        'data = study.data.assign(day=(study.data["measurement"] - 1) // 4)\n'
        'small = lt.lmm("logestrone ~ 1 + (1 | woman)", data, method="ML")\n'
        'large = lt.lmm("logestrone ~ C(day) + (1 | woman)", data, method="ML")\n'
        "answer = 2 * (large.loglik - small.loglik)"
    ),
    right=(
        "Both models were fitted by ML, so this is a genuine likelihood ratio, and χ² with three "
        "degrees of freedom gives its p-value."
    ),
)


AIC_OF_DRIFT = Numeric(
    key="6b",
    about=LECTURE,
    second_round=True,
    title="What AIC counts",
    prompt=markdown(r"""
        Take the unbalanced study (16, 8, 4, 2 and 1 measurements), and let the level drift with
        the order of the measurements, as in `logestrone ~ measurement + (1 | woman)`.

        You want to compare this model with the one without the drift.
        What is the AIC of the model with the drift?
        Give at least three decimals, which is more than a printout shows.
        """),
    in_code="The rows of the unbalanced study are `study.cut.data`.",
    answer=lambda study: -2 * _height(study.cut, "order") + 2 * 4,
    given=lambda study: {
        "ML log-likelihood": _height(study.cut, "order"),
        "REML log-likelihood": _height(study.cut, "order", reml=True),
    },
    atol=1e-3,
    wrong=(
        Wrong(
            "aic_df",
            lambda study: -2 * _height(study.cut, "order") + 2 * 9,
            "Here the five b_i were counted as well, but they are not parameters: they have been "
            "integrated out of the likelihood, and a single variance describes them.",
        ),
        Wrong(
            "aic_from_REML",
            lambda study: -2 * _height(study.cut, "order", reml=True) + 2 * 4,
            "This comes from the REML likelihood. The model without the drift has a different X, "
            "so the two numbers could not be compared: which kind of fit do you need?",
        ),
        Wrong(
            "forgot_variances",
            lambda study: -2 * _height(study.cut, "order") + 2 * 2,
            "This counts the coefficients only, although the variances were estimated from the "
            "data too.",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda study: -2 * _height(study.cut, "order") + 2 * 3,
            "One parameter is missing from the count, which should include the coefficients and "
            "both of the variances.",
        ),
        Wrong(
            "forgot_2",
            lambda study: -_height(study.cut, "order") + 4,
            "This is −ℓ + k, which is half of what you want, because Akaike's criterion is on the "
            "scale of −2 ℓ.",
        ),
        Wrong(
            "without_the_drift",
            lambda study: -2 * _height(study.cut) + 2 * 3,
            "This is the AIC of the model without the drift, and the question is about the model "
            "with it.",
            always=False,
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: -2 * _height(study, "order") + 2 * 4,
            "This is the AIC for all eighty rows, as in the chapter, and the question is about the "
            "unbalanced study.",
            always=False,
        ),
    ),
    hints=(
        "Since AIC = −2 ℓ + 2 k, there are two things to decide: which log-likelihood ℓ is meant, "
        "and which number k.",
        "The two models differ in their fixed effects, so ℓ comes from ML. "
        "For k, name the parameters one by one: what would you have to know to simulate such a "
        "study?",
        "Here k counts μ, the slope, σ_b² and σ_ε², and `fit.aic` of an ML fit does this for you.",
    ),
    solution=markdown(r"""
        The model has four parameters: $\mu$, the slope, $\sigma_b^2$ and $\sigma_\epsilon^2$.
        The five $b_i$ are not among them, because they are drawn anew in every study, from a
        distribution that $\sigma_b^2$ describes.
        With the log-likelihood of the ML fit, we get $\mathrm{AIC} = -2\,\ell + 2\cdot 4$.
        """),
    code=(
        'fit = lt.lmm("logestrone ~ measurement + (1 | woman)", study.cut.data, method="ML")\n'
        "answer = -2 * fit.loglik + 2 * 4"
    ),
    right=(
        "The log-likelihood is that of an ML fit, and the price is that of two coefficients and "
        "two variances."
    ),
)


def _inflation(study):
    """What σ_b² = 0.02 makes of the mean square between women, as a factor."""
    return 1 + 16 * 0.02 / study.reml.sigma2_e


def _at_most(ratio):
    """The probability that F with 4 and 75 degrees of freedom is at most this ratio."""
    from scipy.special import fdtr

    return float(fdtr(4, 75, ratio))


ZERO = Numeric(
    key="6c",
    about=LECTURE,
    second_round=True,
    title="How often is the estimate 0, although women differ?",
    prompt=markdown(r"""
        Suppose that women do differ, but only a little, with $\sigma_b^2 = 0.02$, and that the
        true $\sigma_\epsilon^2$ is equal to the REML estimate of the study.

        In what share of studies with five women and sixteen measurements of each will the REML
        estimate $\hat\sigma_b^2$ be exactly 0?
        Give at least two decimals; if you simulate, you need at least 100,000 studies for them.

        The estimate is 0 exactly when $F$, the ratio of the mean squares between and within
        women, is at most 1.
        A variable with the F distribution with 4 and 75 degrees of freedom is at most $v$ with
        probability

        $$P(F_{4,75} \le v) = 1 - (1 - w)^{37.5}\,(1 + 37.5\,w), \qquad w = \frac{4v}{4v + 75}.$$
        """),
    in_code="The estimate is `study.reml.sigma2_e`.",
    given=lambda study: {r"$\hat\sigma_\epsilon^2$": study.reml.sigma2_e},
    answer=lambda study: _at_most(1 / _inflation(study)),
    atol=5e-3,
    share=True,
    wrong=(
        Wrong(
            "zero_means_none",
            lambda study: 0.0,
            "This would mean that it never happens. But the estimate is 0 whenever the means "
            "differ no more than chance alone would make them, and that can hide a small σ_b².",
        ),
        Wrong(
            "under_null",
            lambda study: _at_most(1),
            "This is the share when women do not differ at all. Here σ_b² is 0.02, so the mean "
            "square between women is larger on average, and the question is by which factor.",
        ),
        Wrong(
            "used_ML",
            lambda study: _at_most(5 / 4 / _inflation(study)),
            "This is the share for the ML estimate, which is 0 as long as F is at most 5/4, "
            "whereas that of REML is 0 as long as F is at most 1.",
        ),
        Wrong(
            "factor_turned",
            lambda study: _at_most(_inflation(study)),
            "The factor is right, but it is in the wrong place. Differences between women make F "
            "larger, so values up to 1 become rarer, not more frequent.",
        ),
        Wrong(
            "forgot_J",
            lambda study: _at_most(1 / (1 + 0.02 / study.reml.sigma2_e)),
            "Here σ_b² was compared with the variance of a single measurement. But each woman "
            "enters with a mean of sixteen, whose error has a much smaller variance.",
        ),
        Wrong(
            "under_null_used_ML",
            lambda study: _at_most(5 / 4),
            "This is the share for the ML estimate when women do not differ at all. Here σ_b² is "
            "0.02, and the question is about the estimate of REML.",
            always=False,
        ),
        Wrong(
            "complement",
            lambda study: 1 - _at_most(1 / _inflation(study)),
            "This is the share of studies in which the estimate is above 0, and the question is "
            "about all the others.",
            always=False,
        ),
    ),
    hints=(
        "On average the mean square between women is σ_ε² + 16 σ_b², and the one within women is "
        "σ_ε², which is how chapter 5 simulates its studies.",
        "So F is (1 + 16 σ_b²/σ_ε²) times a variable with the F distribution with 4 and 75 "
        "degrees of freedom. When is this product at most 1?",
        "Divide the limit, 1, by the factor, and put the result into the formula as v; or simulate "
        "many studies and count.",
    ),
    solution=markdown(r"""
        Under the model $\mathrm{SSB}/(\sigma_\epsilon^2 + 16\,\sigma_b^2)$ is a $\chi^2_4$
        variable, and $\mathrm{SSW}/\sigma_\epsilon^2$ is a $\chi^2_{75}$ variable.
        So $F$ is $(1 + 16\,\sigma_b^2/\sigma_\epsilon^2)$ times an $F_{4,75}$ variable, and

        $$P(\hat\sigma_b^2 = 0) =
        P\left(F_{4,75} \le \frac{1}{1 + 16\,\sigma_b^2/\sigma_\epsilon^2}\right).$$

        With more women, or with more measurements of each, this share would be smaller.
        """),
    code=(
        "from scipy.stats import f\n\n"
        "factor = 1 + 16 * 0.02 / study.reml.sigma2_e\n"
        "answer = f(4, 75).cdf(1 / factor)"
    ),
    right=(
        "Women differ in every one of these studies, and yet the estimate is 0 in so large a "
        "share of them, which means that an estimate of 0 is no proof that women are alike."
    ),
)


def _closer(study, ddof=1):
    """The responses of 6d: the same women, their means moved together to an SD of 0.25."""
    own = study.Z @ study.means
    c = 0.25 / study.means.std(ddof=ddof)
    return study.y.mean() + c * (own - study.y.mean()) + (study.y - own)


def _borderline(study, reml=False, ddof=1):
    return testing.boundary_lrt(_closer(study, ddof), study.X, study.Z, reml)


def _normal_cdf(z):
    from scipy.special import ndtr

    return float(ndtr(z))


def _roots(study):
    """Where Φ is wanted in 6d: at the root of the statistic, and of what mistakes make of it."""
    right = _borderline(study)
    squares = (right / 2, right, _borderline(study, reml=True), _borderline(study, ddof=0))
    return [float(round(np.sqrt(square), 4)) for square in squares]


def _with_c(study, c):
    """The mixture's p-value with another factor by which the women are moved."""
    own = study.Z @ study.means
    y = study.y.mean() + c * (own - study.y.mean()) + (study.y - own)
    return float(testing.boundary_pvalue(testing.boundary_lrt(y, study.X, study.Z)))


def _exact_pvalue(study):
    SSB, SSW = likelihood.sums_of_squares(_closer(study), study.Z)
    return 1 - _at_most((SSB / 4) / (SSW / 75))


BORDERLINE = Numeric(
    key="6d",
    about=LECTURE,
    second_round=True,
    title="A borderline study of your own",
    prompt=markdown(r"""
        Move the five women closer together, until their means have a standard deviation of 0.25
        (with divisor 4), while the deviations from each woman's own mean stay as they are.
        They are then a little closer together than in study A of the chapter, where this standard
        deviation is 0.253.

        If you test $\sigma_b^2 = 0$ for these data with the likelihood ratio (ML) and the
        half-and-half mixture, what is the p-value?
        Give at least four decimals, because it is a small number.

        In a balanced study with $F > I/(I-1)$ and $n = IJ$ measurements, the statistic is

        $$\mathrm{LRT} = n\log\frac{\mathrm{SSB} + \mathrm{SSW}}{n} - I\log\frac{\mathrm{SSB}}{I} -
        (n - I)\log\frac{\mathrm{SSW}}{n - I},$$

        and a $\chi^2_1$ variable is larger than $t$ with probability $2\{1 - \Phi(\sqrt t)\}$.
        """),
    in_code="""The moved responses are `moved`:

```python
own = Z @ study.means
c = 0.25 / study.means.std(ddof=1)
moved = y.mean() + c * (own - y.mean()) + (y - own)
```

`lt.testing.boundary_lrt` and `lt.testing.boundary_pvalue` have the statistic and the mixture.""",
    given=lambda study: {
        "SSW": likelihood.sums_of_squares(study.y, study.Z)[1],
        **{rf"$\Phi({z:.4f})$": _normal_cdf(z) for z in _roots(study)},
    },
    answer=lambda study: float(testing.boundary_pvalue(_borderline(study))),
    atol=5e-5,
    share=True,
    also=(
        Also(
            _exact_pvalue,
            "This is the exact p-value, from the F test, and it is better than the one we asked "
            "for, because with five women the mixture is still too cautious. Compare the two.",
        ),
    ),
    wrong=(
        Wrong(
            "chi2_1_at_boundary",
            lambda study: float(testing.chi2_pvalue(_borderline(study), 1)),
            "This is the p-value of χ²₁, which takes it for granted that the estimate can miss the "
            "truth in both directions. A variance cannot be below 0, so what does the mixture "
            "change?",
        ),
        Wrong(
            "forgot_2",
            lambda study: float(testing.boundary_pvalue(_borderline(study) / 2)),
            "This is the p-value for the gain in log-likelihood, and the statistic is a multiple "
            "of that gain.",
        ),
        Wrong(
            "used_REML",
            lambda study: float(testing.boundary_pvalue(_borderline(study, reml=True))),
            "This is the p-value of the mixture for the RLRT. REML would be allowed, since X is "
            "the same in both models, but the question is about the statistic from ML.",
        ),
        Wrong(
            "ddof_0",
            lambda study: float(testing.boundary_pvalue(_borderline(study, ddof=0))),
            "Here the five means do not quite have the standard deviation that was asked for, "
            "because it was computed with the divisor 5. Use the divisor 4, with `ddof=1`.",
        ),
        Wrong(
            "cdf_not_sf",
            lambda study: 1 - float(testing.boundary_pvalue(_borderline(study))),
            "This is the probability of a smaller statistic, whereas a p-value is the probability "
            "of one that is at least as large.",
        ),
        Wrong(
            "c_of_the_chapter",
            lambda study: _with_c(study, 0.19),
            "This is the p-value of the chapter, where all deviations are multiplied by 0.19. Here "
            "the factor is different: it gives the five means the standard deviation asked for.",
            always=False,
        ),
        Wrong(
            "chi2_1_with_REML",
            lambda study: float(testing.chi2_pvalue(_borderline(study, reml=True), 1)),
            "This is the p-value of χ²₁ for the RLRT, and the question is about the mixture and "
            "the statistic from ML.",
            always=False,
        ),
    ),
    hints=(
        "Begin with the statistic: SSW has not changed, and SSB is 16 times the sum of the squared "
        "deviations of five means, whose standard deviation you know.",
        "With probability one half each, the mixture is χ²₀, which is always 0, or χ²₁. "
        "For a statistic above 0, which part of the p-value of χ²₁ remains?",
        "What remains is half of 2{1 − Φ(√t)}, and so 1 − Φ(√t), where t is the statistic. In "
        "Python, use `lt.testing.boundary_pvalue(lt.testing.boundary_lrt(moved, X, Z))`, where "
        "`moved` is the array of the moved responses.",
    ),
    solution=markdown(r"""
        If there are many groups, then under $H_0$ the estimate is pushed to the edge about half
        of the time, and in those studies the statistic is 0.
        So for $t > 0$ the p-value is half of that of $\chi^2_1$.
        By hand, $\mathrm{SSB} = 16 \cdot 4 \cdot 0.25^2 = 4$ and SSW give the statistic $t$, and
        the p-value is $1 - \Phi(\sqrt t)$.
        With five women the estimate is pushed to the edge more often, in 70 % of studies, so the
        true p-value, which the F test gives, is smaller still.
        """),
    code=(
        "own = Z @ study.means\n"
        "c = 0.25 / study.means.std(ddof=1)\n"
        "moved = y.mean() + c * (own - y.mean()) + (y - own)\n"
        "answer = lt.testing.boundary_pvalue(lt.testing.boundary_lrt(moved, X, Z))"
    ),
    right=(
        "This is half of what χ²₁ would have given, and it still exceeds the exact value, because "
        "with so few groups the statistic is 0 in more than half of all studies under H₀."
    ),
)


def null_statistics(y, X, Z, u, e):
    """Statistics of σ_b² = 0 for simulated studies, one for each row of the draws."""
    beta, theta = likelihood.fit_ml(y, X, Z, sigma2_b=0)
    statistics = []
    for e_k in e:
        y_k = X @ beta + np.sqrt(theta[1]) * e_k
        statistics.append(testing.boundary_lrt(y_k, X, Z))
    return np.array(statistics)


def colleague_statistics(y, X, Z, u, e):
    """Statistics of σ_b² = 0 for simulated studies, one for each row of the draws."""
    beta, theta = likelihood.fit_ml(y, X, Z)
    sd_b, sd_e = np.sqrt(theta)
    statistics = []
    for u_k, e_k in zip(u, e, strict=True):
        y_k = X @ beta + Z @ (sd_b * u_k) + sd_e * e_k
        statistics.append(testing.boundary_lrt(y_k, X, Z))
    return np.array(statistics)


def _null_not_refitted(y, X, Z, u, e):
    beta, theta_0 = likelihood.fit_ml(y, X, Z, sigma2_b=0)
    V_0 = model.V_theta(theta_0, Z)
    statistics = []
    for y_k in X @ beta + np.sqrt(theta_0[1]) * e:
        _, theta = likelihood.fit_ml(y_k, X, Z)
        top = profile.profile_loglik(model.V_theta(theta, Z), y_k, X)
        statistics.append(2 * (top - likelihood.loglik(beta, V_0, y_k, X)))
    return np.array(statistics)


def _with_reml(y, X, Z, u, e):
    return np.array([testing.boundary_lrt(e_k, X, Z, reml=True) for e_k in e])


def _not_simulated(y, X, Z, u, e):
    return np.full(len(e), testing.boundary_lrt(y, X, Z))


def _bootstrap_cases(study):
    study = study.part
    rng, q = np.random.default_rng(8), len(study.n_i)
    cases = []
    for part, draws in ((study, 2), (study.cut, 4)):
        u, between, e = (rng.standard_normal((draws, size)) for size in (q, q, len(part.y)))
        # Pure noise would give 0 most of the time, and 0 tells few mistakes apart.
        cases.append((part.y, part.X, part.Z, u, e + 0.5 * between @ part.Z.T))
    return cases


SPOT_THE_BUG = Function(
    key="6e",
    title="Spot the bug: a test that never rejects",
    prompt=markdown(r"""
        A colleague wrote this parametric bootstrap, which is meant to simulate how the statistic
        for $\sigma_b^2 = 0$ is distributed when $H_0$ is true.
        The random numbers are arguments: each study uses one row of `u` for its women and one row
        of `e` for its measurements, all drawn from $N(0, 1)$.
        """)
    + f"\n\n```python\n{source(colleague_statistics)}```\n\n"
    + markdown(r"""
        The p-values that it gives are never small.
        The women of the estrone data could hardly differ more, and yet about three in ten of the
        simulated statistics are larger than the observed one, while hardly any of them is 0.

        Find the bug, and write a function `null_statistics(y, X, Z, u, e)` that does not have it.
        """),
    name="null_statistics",
    stub=markdown('''
        def null_statistics(y, X, Z, u, e):
            """Statistics of σ_b² = 0 for simulated studies, one for each row of the draws."""
            statistics = []
            ...
            return np.array(statistics)
        '''),
    reference=null_statistics,
    cases=_bootstrap_cases,
    wrong=(
        Wrong(
            "wrong_null",
            colleague_statistics,
            "These studies are still drawn from the fitted model with differences between women, "
            "whereas a p-value is about what happens when there are none. From which fit should "
            "they be simulated?",
        ),
        Wrong(
            "null_not_refitted",
            _null_not_refitted,
            "Here the simulated studies are compared with the null model that was fitted to the "
            "real data. Each simulated study must be treated as the real one was, with both models "
            "fitted to it.",
        ),
        Wrong(
            "used_REML",
            _with_reml,
            "These are restricted statistics, RLRT, whereas the code above compares ML fits, and "
            "so should yours.",
        ),
        Wrong(
            "not_simulated",
            _not_simulated,
            "This returns the statistic of the observed data again and again, instead of that of "
            "each simulated study.",
        ),
    ),
    hints=(
        "Before you read the loop, look at the fit at the beginning: to which of the two "
        "hypotheses does it belong?",
        "Under H₀ there is no variance between women, so which of the three terms of y_k are left?",
        "To fit the model without variance between women, use "
        "`lt.likelihood.fit_ml(y, X, Z, sigma2_b=0)`.",
    ),
    rtol=1e-5,
    solution=markdown(r"""
        The code simulates from the fitted *alternative*, so its studies contain women who differ
        as much as the real ones.
        A bootstrap of a test should simulate from the fitted *null* model, $\mathbf
        X\boldsymbol\beta + \boldsymbol\epsilon$ with the estimates of the model without
        $\mathbf b$.

        For this statistic it would even be enough to drop the term with $\mathbf Z$.
        Under $H_0$ its distribution depends neither on $\boldsymbol\beta$ nor on
        $\sigma_\epsilon^2$, which only shift and stretch the data.
        """),
    code=source(null_statistics),
    right=(
        "Your studies come from the model without variance between women, so they show what "
        "chance alone can do, and many of their statistics are exactly 0."
    ),
)

# With six groups of ten, F = 40 comes with σ̂_b² = (40 − 1)/10, in units of σ̂_ε².
_SIX_GROUPS = model.random_intercept_design(np.repeat(np.arange(6), 10))
_Z = testing.wald_z(((40 - 1) / 10, 1.0), np.ones((60, 1)), _SIX_GROUPS)

WALD = Choice(
    key="6f",
    second_round=True,
    title="z or F?",
    prompt=markdown(rf"""
        For the variance between six groups of ten, a program prints the REML estimate over its
        standard error, $z = {_Z:.2f}$.
        The analysis of variance of the same data gives $F = 40$ with 5 and 54 degrees of freedom.
        Which of the two do you report, and why?
        """),
    options=(
        Option(
            "I report F, because z is not a test here.",
            "Yes: the standard error of a variance grows along with it, which keeps the Wald "
            "statistic of six groups below 1.96 in any data, whereas the analysis of variance "
            "has no such ceiling and is exact.",
        ),
        Option(
            "I report z, whose p-value is above 5 %, so that no difference has been shown.",
            "Work out how large z can become with six groups, however much they differ. "
            "What can you learn from a test that never rejects?",
            "wald_for_variance",
        ),
        Option(
            "I report both, because the evidence is mixed and the truth is in between.",
            "The evidence only seems to be mixed, because one of the two numbers cannot become "
            "large: multiply σ_b² by 1000, and look at both again.",
            "evidence_is_mixed",
        ),
        Option(
            "I report z, but with t quantiles instead of normal ones, since there are few groups.",
            "Quantiles of t are larger than normal ones while z keeps its ceiling, so this makes "
            "it even harder to reject.",
            "t_for_wald",
        ),
    ),
    answer=0,
    hints=(
        "The chapter multiplies σ_b² by numbers from 0.01 to 1000. By how much does z change when "
        "σ_b² is large already?",
        "With REML z never passes √((I − 1)/2), so compute this for I = 6, and compare it with "
        "1.96.",
    ),
    solution=markdown(r"""
        The standard error of $\hat\sigma_b^2$ is nearly proportional to $\hat\sigma_b^2$ itself,
        so $z$ approaches $\sqrt{(I-1)/2} = \sqrt{2.5} \approx 1.58$ and never passes it.
        With six groups it cannot reach 1.96, whatever the data are.
        The F test, and the likelihood ratio with its own null distribution, can detect
        differences that $z$ cannot.
        """),
    right=(
        "Since z stays below its ceiling however much the groups differ, a small z does not count "
        "as evidence that they are alike."
    ),
)

EXERCISES = (DAYS, AIC_OF_DRIFT, ZERO, BORDERLINE, SPOT_THE_BUG, WALD)
