"""Exercises of chapter 7: prediction."""

import numpy as np

from lmmteach import blup, prediction
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _mu(study):
    return float(study.cut.ml.beta.iloc[0])


WOMAN_5 = Numeric(
    key="7a",
    title="The next value of a woman measured once",
    prompt=markdown(r"""
        In the unbalanced study (16, 8, 4, 2 and 1 measurements) woman 5 was measured only once.
        Predict her next value, in units of `logestrone`, from the fit by maximum likelihood (the
        chapters use REML).
        Give at least four decimals.
        """),
    in_code="The unbalanced study is `study.cut`; of its fit `study.cut.ml`, `beta` has μ̂, and `b` "
    "has the five b̂ᵢ, counted from 0.",
    answer=lambda study: float(_mu(study) + study.cut.ml.b[4]),
    given=lambda study: {
        "her value": study.cut.means[4],
        r"$\hat\mu$": _mu(study),
        r"$\hat\sigma_b^2$": study.cut.ml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.ml.sigma2_e,
    },
    atol=2e-4,
    wrong=(
        Wrong(
            "forgot_shrink",
            lambda study: float(study.cut.means[4]),
            "That is her own value. It is partly chance: the prediction lies between it and μ̂. "
            "How much does one measurement weigh?",
        ),
        Wrong(
            "predict_includes_b",
            _mu,
            "That is μ̂, the value for somebody of whom nothing is known. A `predict` does not "
            "always include b̂: statsmodels leaves it out, and so does "
            "`include_random=False` here. Woman 5 is in the study.",
        ),
        Wrong(
            "only_b",
            lambda study: float(study.cut.ml.b[4]),
            "That is b̂₅, how far she lies from the others. The question is about her value.",
        ),
        Wrong(
            "shrink_direction",
            lambda study: float(study.cut.means[4] - study.cut.ml.b[4]),
            "You gave her value the weight 1 − λ, and μ̂ the weight λ. Turn the two round: λ is "
            "the weight of what was measured.",
        ),
        Wrong(
            "all_rows",
            lambda study: float(study.ml.beta.iloc[0] + study.ml.b[4]),
            "That is the prediction from the whole study, where she was measured sixteen times. "
            "Use the fit of the unbalanced study.",
        ),
        Wrong(
            "mean_of_means",
            lambda study: float(
                study.cut.means.mean()
                + blup.shrinkage_factor(1, study.cut.ml.theta)
                * (study.cut.means[4] - study.cut.means.mean())
            ),
            "You shrank her value towards the plain mean of the five means. Which mean does the "
            "fit use in groups of different size?",
        ),
        Wrong(
            "used_REML",
            lambda study: float(study.cut.reml.beta.iloc[0] + study.cut.reml.b[4]),
            "That is the prediction from the REML fit. Here maximum likelihood is asked for.",
        ),
        Wrong(
            "all_rows_used_REML",
            lambda study: float(study.reml.beta.iloc[0] + study.reml.b[4]),
            "That is the prediction of the chapter, from all sixteen measurements of her. Use the "
            "fit of the unbalanced study by maximum likelihood.",
            always=False,
        ),
        Wrong(
            "predict_includes_b_used_REML",
            lambda study: float(study.cut.reml.beta.iloc[0]),
            "That is μ̂ of the REML fit, the value for somebody of whom nothing is known. Woman 5 "
            "is in the study, and maximum likelihood is asked for.",
            always=False,
        ),
        Wrong(
            "mean_of_all_rows",
            lambda study: float(study.y.mean()),
            "That is the mean of all eighty rows, the prediction for a new woman. Woman 5 is in "
            "the study: what does her own value add?",
            always=False,
        ),
    ),
    hints=(
        "The prediction for a woman of the study is μ̂ + b̂ᵢ.",
        "b̂₅ is λ times the distance of her value from μ̂, with λ = σ_b²/(σ_b² + σ_ε²) for a "
        "single measurement.",
        "Compute λ from the two variances, multiply her distance from μ̂ by it, and add μ̂ again.",
    ),
    solution=markdown(r"""
        $\hat\mu_5 = \hat\mu + \hat b_5$ with $\hat b_5 = \lambda\,(y_{51} - \hat\mu)$ and
        $\lambda = \sigma_b^2/(\sigma_b^2 + \sigma_\epsilon^2)$, since she was measured once.
        The error of her next measurement has mean 0, so it does not change the point; it only
        makes its interval wider.
        """),
    code=("fit = study.cut.ml\nanswer = fit.beta.iloc[0] + fit.b[4]"),
    right="It lies between μ̂ and her only value: one measurement counts, but not in full.",
)


def _new_upper(variance_of, quantile=0.9, times=None):
    """Function of the study to the upper end of an interval around μ̂ with another variance."""

    def upper(study):
        from scipy.special import ndtri

        fit = study.reml
        variance = variance_of(fit.se.iloc[0] ** 2, fit.sigma2_b, fit.sigma2_e)
        times_sd = ndtri(quantile) if times is None else times
        return float(fit.beta.iloc[0] + times_sd * np.sqrt(variance))

    return upper


def _known_variance(study):
    fit = study.reml
    _, variance = prediction.predict_known(fit.X[:1], fit.Z[:1], fit.D, fit.Z, fit.V, fit.y, fit.X)
    return float(variance[0]) + fit.sigma2_e


NEW_WOMAN = Numeric(
    key="7b",
    title="An interval for somebody new",
    prompt=markdown(r"""
        A woman comes in who is not in the study.
        Take the REML fit of the study, and its variances as known.
        What is the *upper end* of the **80 %** interval for her first value, in units of
        `logestrone`?
        Give at least three decimals; the 90 % point of $N(0, 1)$ is 1.28155, and the 80 % point is
        0.84162.
        """),
    in_code="The fit is `study.reml`, and the standard error of $\\hat\\mu$ is "
    "`study.reml.se.iloc[0]`.",
    answer=_new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e),
    atol=2e-3,
    wrong=(
        Wrong(
            "lower_end",
            lambda study: float(
                2 * study.reml.beta.iloc[0] - _new_upper(lambda *parts: sum(parts))(study)
            ),
            "That is the lower end of the interval. The question is about its upper end.",
        ),
        Wrong(
            "new_group_b_hat",
            lambda study: _new_upper(lambda *_: _known_variance(study))(study),
            "Your interval is as narrow as that of a woman who was measured sixteen times. "
            "Of a new one nothing is known but that she comes from the same population. "
            "Which variance says how much women differ?",
        ),
        Wrong(
            "forgot_sigma_b",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2e),
            "You have the error of μ̂ and that of a measurement. But she is not the average woman: "
            "a third part is missing.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _new_upper(lambda var_mu, s2b, s2e: s2b + s2e),
            "That would be right if μ were known. It was estimated from five women.",
        ),
        Wrong(
            "level_only",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b),
            "That is the interval for her level. Her first value has an error of its own.",
        ),
        Wrong(
            "mean_only",
            _new_upper(lambda var_mu, s2b, s2e: var_mu),
            "That is an interval for μ, the mean of all women. One woman's value varies much more.",
        ),
        Wrong(
            "t_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, times=1.533206),
            "You took Student's t with 4 degrees of freedom. With five women that is a good "
            "instinct, but here the variances are taken as known: which quantile belongs then?",
        ),
        Wrong(
            "wrong_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.8),
            "With this quantile 20 % of new values lie above the upper end, and as many below the "
            "lower one. How much may each side leave out?",
        ),
        Wrong(
            "wrong_level",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.975),
            "That is the upper end of the 95 % interval, which 1.96 belongs to. How much does an "
            "80 % interval leave out on each side?",
            always=False,
        ),
        Wrong(
            "level_of_90",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.95),
            "That is the upper end of the 90 % interval, which 1.645 belongs to. How much does an "
            "80 % interval leave out on each side?",
            always=False,
        ),
        Wrong(
            "wrong_level_t_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, times=2.776445),
            "That is the upper end of the 95 % interval with Student's t. Here an 80 % interval is "
            "asked for, with the variances taken as known.",
            always=False,
        ),
        Wrong(
            "mean_only_wrong_level",
            _new_upper(lambda var_mu, s2b, s2e: var_mu, quantile=0.975),
            "That is the upper end of the 95 % interval for μ. The question is about one woman's "
            "value, which varies much more, and about 80 %.",
            always=False,
        ),
        Wrong(
            "variance_not_sd",
            _new_upper(lambda var_mu, s2b, s2e: (var_mu + s2b + s2e) ** 2),
            "You multiplied the variance by the quantile. A quantile counts standard deviations: "
            "take the root first.",
            always=False,
        ),
        Wrong(
            "sds_add_up",
            _new_upper(lambda *variances: np.sum(np.sqrt(variances)) ** 2),
            "You added three standard deviations. For independent errors it is the variances that "
            "add up.",
            always=False,
        ),
    ),
    hints=(
        "Three things are uncertain: where μ is, how this woman differs from it, and the error of "
        "the measurement. Their variances add up.",
        "The printout has all three: the square of the Std. Error of μ̂, and the two variances "
        "under `Random effects`.",
        "An 80 % interval leaves 10 % on each side, so the quantile is the 90 % point.",
    ),
    solution=markdown(r"""
        The prediction is $\hat\mu$, and the variance of its error is
        $\mathrm{SE}^2 + \sigma_b^2 + \sigma_\epsilon^2$.
        The 80 % interval leaves 10 % on each side: $\hat\mu + 1.2816\sqrt{\text{variance}}$.
        `prediction_interval` does the same for a label that is not in the data.
        """),
    code=(
        "fit = study.reml\n"
        "variance = fit.se.iloc[0] ** 2 + fit.sigma2_b + fit.sigma2_e\n"
        "_, answer = lt.prediction.normal_interval(fit.beta.iloc[0], variance, level=0.8)"
    ),
    right=(
        "Three parts make the variance: the error of μ̂, the difference between women, and the "
        "error of the measurement. More data about other women make only the first smaller."
    ),
)


# Two decimals: what a pencil gives from the four of the printout.
PENCIL = 5e-3


def _mu_upper(quantile, error=lambda study: study.reml.se.iloc[0]):
    """Function of the study to μ̂ plus a multiple of something taken for its standard error."""
    return lambda study: float(study.reml.beta.iloc[0] + quantile * error(study))


PRINTOUT = Numeric(
    key="7c",
    title="From the printout: an interval for μ",
    prompt=markdown(r"""
        Look at the printout of the REML fit.
        With a pencil and a table of quantiles only: what is the *upper end* of the **90 %**
        confidence interval for $\mu$?
        The study is balanced, with five women.
        Choose the quantile that makes the interval exact, and give two decimals.

        | | $z$ | $t_4$ | $t_5$ | $t_{79}$ |
        | --- | --- | --- | --- | --- |
        | 90 % point | 1.282 | 1.533 | 1.476 | 1.292 |
        | 95 % point | 1.645 | 2.132 | 2.015 | 1.664 |
        | 97.5 % point | 1.960 | 2.776 | 2.571 | 1.990 |
        """),
    in_code="The printout is `print(study.reml.summary())`.",
    answer=_mu_upper(2.131847),
    atol=PENCIL,
    apart=6e-3,
    wrong=(
        Wrong(
            "df_infinite",
            _mu_upper(1.644854),
            "You used the normal quantile. It would be right if the standard error were known, "
            "but it was estimated from five women. Which distribution allows for that?",
        ),
        Wrong(
            "lower_end",
            _mu_upper(-2.131847),
            "That is the lower end of the interval. The question is about its upper end.",
        ),
        Wrong(
            "wrong_level",
            _mu_upper(2.776445),
            "That is the upper end of the 95 % interval. How much does a 90 % interval leave out "
            "on each side?",
        ),
        Wrong(
            "one_sided",
            _mu_upper(1.533206),
            "You took the 90 % point, which leaves 10 % out above and 10 % below. "
            "That makes an 80 % interval.",
        ),
        Wrong(
            "sd_var_se_mixup",
            _mu_upper(2.131847, lambda study: np.sqrt(study.reml.sigma2_b)),
            "You took the column “Std.Dev.” of the random effects. That is σ̂_b, how much women "
            "differ. How far μ̂ may be off stands in another table of the printout.",
        ),
        Wrong(
            "n_is_80",
            _mu_upper(1.664371, lambda study: study.y.std(ddof=1) / np.sqrt(len(study.y))),
            "You took all rows as independent: their standard deviation over √80. "
            "Measurements of one woman are alike, so there is much less to know than that. "
            "The printout has the right standard error.",
        ),
        Wrong(
            "df_of_ml",
            _mu_upper(2.015048),
            "You used 5 degrees of freedom, one for each woman. One of them went into μ̂.",
        ),
        Wrong(
            "df_of_rows",
            _mu_upper(1.664371),
            "You used 79 degrees of freedom, as for eighty independent measurements. The standard "
            "error comes from five women: how many degrees of freedom do they leave?",
            always=False,
        ),
        Wrong(
            "df_infinite_wrong_level",
            _mu_upper(1.959964),
            "That is the normal quantile for 95 %. It is too small even for that, since the "
            "standard error was estimated from five women; and here 90 % are asked for.",
            always=False,
        ),
        Wrong(
            "variance_not_se",
            lambda study: float(study.reml.beta.iloc[0] + 2.131847 * study.reml.se.iloc[0] ** 2),
            "You squared the standard error. A quantile counts standard errors, and the printout "
            "has one already.",
            always=False,
        ),
    ),
    hints=(
        "You need three numbers: an estimate and its standard error from the last line of the "
        "printout, and a quantile.",
        "A 90 % interval leaves 5 % on each side. And five women leave how many degrees of "
        "freedom, when their mean is estimated?",
        "Estimate + 2.132 × Std. Error, both from the line “(Intercept)”.",
    ),
    solution=markdown(r"""
        The line `(Intercept)` under "Fixed effects" has $\hat\mu$ and its standard error.
        In a balanced study with five women, $\hat\mu \pm t_4 \cdot \mathrm{SE}$ is exact
        (as long as $\hat\sigma_b^2 > 0$), and 90 % need the 95 % point, 2.132.
        The normal quantile 1.645 would make the interval a quarter too short.
        """),
    code=(
        "print(study.reml.summary())\n"
        "answer = study.reml.beta.iloc[0] + 2.132 * study.reml.se.iloc[0]"
    ),
    right=(
        "You read the estimate and its standard error from the last line, and used Student's t "
        "with the four degrees of freedom that five women leave."
    ),
)

FIXED = Choice(
    key="7d",
    title="Too few women for a random effect?",
    prompt=markdown(r"""
        You want to predict the first value of a *new* woman.
        A colleague says: "Five women are too few for a random effect.
        Use five fixed effects, one mean for each woman."
        What is the best reply?
        """),
    options=(
        Option(
            "Agreed: below about six groups, random effects are not allowed.",
            "That is a rule of thumb, and no theorem. Ask what you want to know, and which of the "
            "two models can say it at all.",
            "five_levels_rule",
        ),
        Option(
            "It makes no difference: the five estimated levels are nearly the same either way.",
            "For these five women, yes. But what do five separate means say about a sixth woman?",
            "fixed_predicts_new",
        ),
        Option(
            "Only the random effect says something of a new woman, if roughly.",
            "Yes. Only the random effect says how women of the population differ. "
            "That five women tell this variance poorly belongs into the interval, "
            "not under the carpet.",
        ),
        Option(
            "Use fixed effects, and give a new woman the average of the five with its standard "
            "error √(σ̂_ε²/80).",
            "That standard error is about the average of just these five women. "
            "A new one differs from it as women differ.",
            "forgot_sigma_b",
        ),
    ),
    answer=2,
    hints=(
        "In the model with fixed effects, which parameter describes a woman who is not in the "
        "data?",
        "The chapter counts how often intervals are right when σ_b² is forgotten, and how often "
        "when it is estimated from five women. Compare.",
    ),
    solution=markdown(r"""
        Five fixed effects are five numbers about five women.
        Nothing in that model says how a sixth one differs from them.
        The random effect has a parameter for it, $\sigma_b^2$.
        Five women tell it only roughly, so use $t$ quantiles and say so; an interval without
        $\sigma_b^2$ is right far less often than it claims.
        "At least five or six groups" is a rule of thumb about how well a variance can be known.
        It does not forbid the question.
        """),
    right="What the groups are for decides, not their number: only σ_b² speaks about new ones.",
)


def sd_difference(n_i, theta):
    """SD of the error for the difference of two new women's first values."""
    sigma2_b, sigma2_e = theta
    var_value = sigma2_b + sigma2_e
    return np.sqrt(2 * var_value)


def sd_mean_of_values(n_i, theta, k):
    """SD of the error for the mean of k values of one new woman."""
    sigma2_b, sigma2_e = theta
    var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))
    var_mean = sigma2_b + sigma2_e / k
    return np.sqrt(var_mu + var_mean)


def sd_mean_of_women(n_i, theta, w, k):
    """SD of the error for the mean of w new women, k values of each."""
    sigma2_b, sigma2_e = theta
    var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))
    var_mean = (sigma2_b + sigma2_e / k) / w
    return np.sqrt(var_mu + var_mean)


def _sd(variance):
    """A function like those above, from a formula for the variance of the prediction error."""

    def sd(n_i, theta, *counts):
        var_mu = 1 / np.sum(1 / (theta[0] + theta[1] / n_i))
        return np.sqrt(variance(var_mu, *theta, *counts))

    return sd


def _mean_of_women_if_balanced(n_i, theta, w, k):
    var_mu = theta[0] / len(n_i) + theta[1] / n_i.sum()
    return np.sqrt(var_mu + (theta[0] + theta[1] / k) / w)


def _designs(study):
    """Numbers of measurements, and variances: the study, its cut and two made up."""
    few = np.array([3.0, 1.0, 2.0])
    return [
        (study.n_i, study.reml.theta),
        (study.cut.n_i, study.cut.reml.theta),
        (few, np.array([2.0, 1.0])),
        (few, np.array([0.5, 3.0])),
    ]


SERIES = "the SD of a prediction error"

DIFFERENCE = Function(
    key="7e1",
    title="Where uncertainty comes from: the last line",
    prompt=markdown(r"""
        A prediction error is a sum of independent errors, and their variances add up.
        For the *first value of a new woman* there are three: $\hat\mu$ is off, the woman differs
        from $\mu$, and the measurement has an error of its own.

        ```python
        def sd_first_value(n_i, theta):
            sigma2_b, sigma2_e = theta
            var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))  # μ̂ is off
            var_value = sigma2_b + sigma2_e  # her value around μ
            return np.sqrt(var_mu + var_value)  # independent: variances add up
        ```

        `n_i` says how often each woman of the study was measured; the numbers may differ.

        Now *two* new women come in, and are measured once each.
        How far apart will their values be?
        The prediction of the difference is $\hat\mu - \hat\mu = 0$.
        Write the last line: the standard deviation of its error.
        Which of the errors above are in the difference, and how often?
        """),
    name="sd_difference",
    stub=markdown('''
        def sd_difference(n_i, theta):
            """SD of the error for the difference of two new women's first values."""
            sigma2_b, sigma2_e = theta
            var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))
            var_value = sigma2_b + sigma2_e
            return ...
        '''),
    reference=sd_difference,
    cases=_designs,
    wrong=(
        Wrong(
            "mu_does_not_cancel",
            _sd(lambda var_mu, s2b, s2e: var_mu + 2 * (s2b + s2e)),
            "You added the variance of μ̂. But both predictions contain the same μ̂: "
            "what becomes of its error in their difference?",
        ),
        Wrong(
            "mu_twice",
            _sd(lambda var_mu, s2b, s2e: 2 * (var_mu + s2b + s2e)),
            "You took the two prediction errors as independent. They share one part: the error of "
            "μ̂. It is the same for both women.",
        ),
        Wrong(
            "copied_example",
            _sd(lambda var_mu, s2b, s2e: var_mu + s2b + s2e),
            "That is the last line of the example: one woman, whose value is predicted by μ̂. "
            "Here two women are compared. Write their difference down, and look what is in it.",
        ),
        Wrong(
            "one_woman_only",
            _sd(lambda var_mu, s2b, s2e: s2b + s2e),
            "That is how much the value of one woman varies. Two women vary here, independently "
            "of each other.",
        ),
        Wrong(
            "sds_add_up",
            _sd(lambda var_mu, s2b, s2e: 4 * (s2b + s2e)),
            "You added two standard deviations. For independent errors it is the variances that "
            "add up.",
        ),
        Wrong(
            "variances_cancel",
            _sd(lambda var_mu, s2b, s2e: 0 * var_mu),
            "Your SD is 0, as if two women never differed. Were variances subtracted? Errors are, "
            "but the variance of a difference of independent errors is a sum.",
        ),
    ),
    hints=(
        "Write the difference down: (μ + b₆ + ε₆) − (μ + b₇ + ε₇). Is μ still in it? "
        "Is μ̂ in its prediction?",
        "μ cancels, and so does μ̂. What is left are two independent values around μ, each with "
        "the variance `var_value`. You do not need every line that is given.",
    ),
    solution=markdown(r"""
        The difference is $(\mu + b_6 + \epsilon_6) - (\mu + b_7 + \epsilon_7)$.
        $\mu$ is not in it, and $\hat\mu$ is not in its prediction, so its error plays no part.
        The two women are independent, so the variance is $2(\sigma_b^2 + \sigma_\epsilon^2)$.
        """),
    code=source(sd_difference),
    right="The error of μ̂ is the same for both women and cancels; the rest counts twice.",
    series=SERIES,
)

OF_VALUES = Function(
    key="7e2",
    title="Where uncertainty comes from: the last two lines",
    prompt=markdown(r"""
        The same three errors, another prediction: a new woman will be measured $k$ times, and we
        predict the *mean of her $k$ values*.
        (None of them is known yet.)
        Write the last two lines.
        Which of the errors become smaller when one woman is measured more often?
        """),
    name="sd_mean_of_values",
    stub=markdown('''
        def sd_mean_of_values(n_i, theta, k):
            """SD of the error for the mean of k values of one new woman."""
            sigma2_b, sigma2_e = theta
            var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))
            var_mean = ...
            return ...
        '''),
    reference=sd_mean_of_values,
    cases=lambda study: [
        (*design, k) for design, k in zip(_designs(study), (4, 16, 3, 1), strict=True)
    ],
    wrong=(
        Wrong(
            "sigma_b_divided",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + (s2b + s2e) / k),
            "You divided both variances by k. But she is the same woman each time: her b does not "
            "average out, only the errors of her measurements do.",
        ),
        Wrong(
            "copied_example",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2b + s2e),
            "That is right for a single value. A mean of k values has a smaller error of "
            "measurement.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _sd(lambda var_mu, s2b, s2e, k: s2b + s2e / k),
            "The error of μ̂ is missing. Here it does not cancel: the prediction is μ̂.",
        ),
        Wrong(
            "forgot_sigma_b",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2e / k),
            "You left out how much women differ. A new woman is not the average woman, "
            "however often she is measured.",
        ),
        Wrong(
            "level_only",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2b),
            "That is the error for her true level. The mean of k values still has an error of "
            "measurement.",
        ),
        Wrong(
            "sd_not_var",
            _sd(lambda var_mu, s2b, s2e, k: (var_mu + s2b + s2e / k) ** 2),
            "That is the variance. The standard deviation is asked for: take the root.",
        ),
    ),
    hints=(
        "Her mean is μ + b + (ε₁ + … + ε_k)/k. Which of the three parts depends on k?",
        "The variance of a mean of k independent errors is σ_ε²/k. There is only one b.",
        "`var_mean` is `sigma2_b + sigma2_e / k`. Then add the variance of μ̂ and take the root.",
    ),
    solution=markdown(r"""
        Her mean is $\mu + b + \bar\epsilon$, with
        $\operatorname{Var}(\bar\epsilon) = \sigma_\epsilon^2/k$.
        There is one $b$, whatever $k$ is, and one $\hat\mu$.
        So measuring a woman more often helps against $\sigma_\epsilon^2$ only.
        """),
    code=source(sd_mean_of_values),
    right="Only the errors of measurement average out; she stays the same woman.",
    series=SERIES,
)

OF_WOMEN = Function(
    key="7e3",
    title="Where uncertainty comes from: on your own",
    prompt=markdown(r"""
        Now without help.
        $w$ new women will come, and each will be measured $k$ times.
        We predict the *mean of all their values*.
        Write the function that gives the standard deviation of the prediction error, for a study
        whose women were measured `n_i` times.
        Go through the three errors: which are shared by all new women, which average out over
        women, which over women and measurements?
        """),
    name="sd_mean_of_women",
    stub=markdown('''
        def sd_mean_of_women(n_i, theta, w, k):
            """SD of the error for the mean of w new women, k values of each."""
            return ...
        '''),
    reference=sd_mean_of_women,
    cases=lambda study: [
        (*design, w, k)
        for design, w, k in zip(_designs(study), (3, 10, 2, 6), (4, 2, 5, 1), strict=True)
    ],
    wrong=(
        Wrong(
            "sigma_b_not_divided",
            _sd(lambda var_mu, s2b, s2e, w, k: var_mu + s2b + s2e / (w * k)),
            "You let σ_b² count in full, as for one woman. The w women differ from μ "
            "independently, so their b average out as well.",
        ),
        Wrong(
            "mu_divided",
            _sd(lambda var_mu, s2b, s2e, w, k: (var_mu + s2b + s2e / k) / w),
            "You divided everything by w. But all w women are predicted with the same μ̂. "
            "Its error does not average out.",
        ),
        Wrong(
            "rows_as_independent",
            _sd(lambda var_mu, s2b, s2e, w, k: var_mu + (s2b + s2e) / (w * k)),
            "You took all w·k values as independent. Those of one woman share her b: "
            "there are only w different b.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _sd(lambda var_mu, s2b, s2e, w, k: (s2b + s2e / k) / w),
            "The error of μ̂ is missing. However many women come, it stays.",
        ),
        Wrong(
            "assumes_balance",
            _mean_of_women_if_balanced,
            "Your variance of μ̂ is that of a balanced study. When the women were measured "
            "unequally often, each mean has a variance of its own. Look at the worked example.",
        ),
    ),
    hints=(
        "Start from the worked example of 7e1. Its line for the variance of μ̂ stays as it is.",
        "Exercise 7e2 has the variance of one woman's mean around μ. What happens to it when w "
        "independent women are averaged?",
        "The variance of the new women's mean around μ is (σ_b² + σ_ε²/k)/w. "
        "Add that of μ̂, and take the root.",
    ),
    solution=markdown(r"""
        One woman's mean varies around $\mu$ with $\sigma_b^2 + \sigma_\epsilon^2/k$.
        The mean of $w$ independent women varies with one $w$-th of that.
        $\hat\mu$ is the same for all of them, so its variance is not divided: with very many new
        women it is all that remains.
        """),
    code=source(sd_mean_of_women),
    right="However many women come, the prediction is never better than μ̂ itself is known.",
    series=SERIES,
)

EXERCISES = (WOMAN_5, NEW_WOMAN, PRINTOUT, FIXED, DIFFERENCE, OF_VALUES, OF_WOMEN)
