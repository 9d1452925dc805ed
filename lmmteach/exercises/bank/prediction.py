"""Exercises of chapter 7: prediction."""

import numpy as np

from lmmteach import blup, prediction
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.studies import LECTURE


def _mu(study):
    return float(study.cut.ml.beta.iloc[0])


WOMAN_5 = Numeric(
    key="7a",
    title="The next value of a woman measured once",
    prompt=markdown(r"""
        In the unbalanced study (16, 8, 4, 2 and 1 measurements), woman 5 was measured only once.
        Predict her next value in units of `logestrone`, from the fit by maximum likelihood rather
        than the REML fit of the chapter, and give at least four decimals.
        """),
    in_code=(
        "The unbalanced study is `study.cut`; of its fit `study.cut.ml`, `beta` has μ̂, and `b` "
        "has the five b̂ᵢ, counted from 0."
    ),
    answer=lambda study: float(_mu(study) + study.cut.ml.b[study.cut.fewest]),
    given=lambda study: {
        "her value": study.cut.means[study.cut.fewest],
        r"$\hat\mu$": _mu(study),
        r"$\hat\sigma_b^2$": study.cut.ml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.ml.sigma2_e,
    },
    atol=2e-4,
    scale=1,
    elsewhere=(
        ("The next value of a woman measured once", "The next value of a woman"),
        ("woman 5 was measured only once", "<single> was measured <single_times>"),
        ("counted from 0", "counted from 0, of which you need number <single_at>"),
        ("whereas woman 5 is in the study", "whereas <single> is in the study"),
        ("Woman 5 is in the study", "<Single> is in the study"),
        ("b̂₅", "b̂ᵢ"),
        (
            "in which she was measured sixteen times. Here you should use the fit of the "
            "unbalanced study, which has a single value of hers.",
            "which is balanced. Here you should use the fit of the unbalanced study.",
        ),
        (
            "of the chapter, made from all sixteen of her measurements",
            "of the REML fit, made from all of the measurements",
        ),
        ("the mean of all eighty rows", "the mean of all <n> rows"),
        (
            "That is her measured value. Part of it is chance, so the prediction should lie "
            "between this value and μ̂. How much weight does a single measurement deserve?",
            "That is what was measured. Part of it is chance, so the prediction should lie "
            "between this value and μ̂. How much weight does it deserve?",
        ),
        (
            "whether she was measured sixteen times or only once",
            "whether it was measured often or rarely",
        ),
        (
            "For a single measurement, b̂₅ is the distance of her value from μ̂ multiplied by "
            "λ = σ_b²/(σ_b² + σ_ε²).",
            "With n measurements, b̂ᵢ is the distance of their mean from μ̂ multiplied by λ = "
            "nσ_b²/(nσ_b² + σ_ε²).",
        ),
        (
            r"$\hat\mu_5 = \hat\mu + \hat b_5$. Since she was measured only once, $\hat b_5 = "
            r"\lambda\,(y_{51} - \hat\mu)$ with $\lambda = \sigma_b^2/(\sigma_b^2 + "
            r"\sigma_\epsilon^2)$.",
            r"$\hat\mu_i = \hat\mu + \hat b_i$. Here $\hat b_i = \lambda\,(\bar y_i - "
            r"\hat\mu)$ with $\lambda = n_i\sigma_b^2/(n_i\sigma_b^2 + \sigma_\epsilon^2)$.",
        ),
        ("fit.b[4]", "fit.b[<single_at>]"),
        (
            "It lies between μ̂ and the only value that we have of her, because one "
            "measurement counts, though not in full.",
            "It lies between μ̂ and what was measured, because measurements count, though not "
            "in full.",
        ),
        ("for somebody about whom", "for a woman about which"),
        ("her value", "its mean"),
        ("than the REML fit of the chapter", "than the REML fit"),
    ),
    wrong=(
        Wrong(
            "forgot_shrink",
            lambda study: float(study.cut.means[study.cut.fewest]),
            "That is her measured value. Part of it is chance, so the prediction should lie "
            "between this value and μ̂. How much weight does a single measurement deserve?",
        ),
        Wrong(
            "predict_includes_b",
            _mu,
            "That is μ̂, which is right for somebody about whom nothing is known, whereas woman 5 "
            "is in the study. Note that not every `predict` includes b̂: statsmodels leaves "
            "it out, and so does `include_random=False` here.",
        ),
        Wrong(
            "only_b",
            lambda study: float(study.cut.ml.b[study.cut.fewest]),
            "That is b̂₅, the distance of her predicted level from μ̂. The question asks for a "
            "value on the scale of the measurements, so something has to be added.",
        ),
        Wrong(
            "shrink_direction",
            lambda study: float(
                study.cut.means[study.cut.fewest] - study.cut.ml.b[study.cut.fewest]
            ),
            "You gave her value the weight 1 − λ and μ̂ the weight λ. It should be the other way "
            "round, because λ is the weight of what was measured.",
        ),
        Wrong(
            "all_rows",
            lambda study: float(study.ml.beta.iloc[0] + study.ml.b[study.cut.fewest]),
            "That is the prediction from the whole study, in which she was measured sixteen "
            "times. Here you should use the fit of the unbalanced study, which has a single value "
            "of hers.",
        ),
        Wrong(
            "mean_of_means",
            lambda study: float(
                study.cut.means.mean()
                + blup.shrinkage_factor(study.cut.n_i[study.cut.fewest], study.cut.ml.theta)
                * (study.cut.means[study.cut.fewest] - study.cut.means.mean())
            ),
            "You shrank her value towards the plain mean of the five means. Some women were "
            "measured more often than others, so the fit weights their means, and her value should "
            "be shrunk towards the μ̂ that results.",
        ),
        Wrong(
            "used_REML",
            lambda study: float(study.cut.reml.beta.iloc[0] + study.cut.reml.b[study.cut.fewest]),
            "That is the prediction from the REML fit. Its variances are not those of "
            "maximum likelihood, which the question asks for.",
        ),
        Wrong(
            "all_rows_used_REML",
            lambda study: float(study.reml.beta.iloc[0] + study.reml.b[study.cut.fewest]),
            "That is the prediction of the chapter, made from all sixteen of her measurements. "
            "Here we want the fit of the unbalanced study, and by maximum likelihood.",
            always=False,
        ),
        Wrong(
            "predict_includes_b_used_REML",
            lambda study: float(study.cut.reml.beta.iloc[0]),
            "That is μ̂ of the REML fit, the value for somebody about whom nothing is known. "
            "Woman 5 is in the study, and the question asks for maximum likelihood.",
            always=False,
        ),
        Wrong(
            "mean_of_all_rows",
            lambda study: float(study.y.mean()),
            "That is the mean of all eighty rows, which is what you would predict for a new "
            "woman. Woman 5 is in the study, so what does her own value add?",
            always=False,
        ),
    ),
    hints=(
        "The prediction for a woman of the study is μ̂ + b̂ᵢ, whether she was measured sixteen "
        "times or only once.",
        "For a single measurement, b̂₅ is the distance of her value from μ̂ multiplied by λ = "
        "σ_b²/(σ_b² + σ_ε²).",
        "Compute λ from the two variances, multiply her distance from μ̂ by it, and add the "
        "result to μ̂.",
    ),
    solution=markdown(r"""
        The prediction is $\hat\mu_5 = \hat\mu + \hat b_5$.
        Since she was measured only once, $\hat b_5 = \lambda\,(y_{51} - \hat\mu)$ with $\lambda =
        \sigma_b^2/(\sigma_b^2 + \sigma_\epsilon^2)$.
        The error of her next measurement has mean 0, so it leaves the point where it is and only
        makes the interval around it wider.
        """),
    code=("fit = study.cut.ml\nanswer = fit.beta.iloc[0] + fit.b[4]"),
    right=(
        "It lies between μ̂ and the only value that we have of her, because one measurement "
        "counts, though not in full."
    ),
    second_round=True,
)


def _new_upper(variance_of, quantile=0.9, student=False):
    """Function of the study to the upper end of an interval around μ̂ with another variance."""

    def upper(study):
        from scipy.special import ndtri, stdtrit

        fit, df = study.reml, len(study.n_i) - 1
        variance = variance_of(fit.se.iloc[0] ** 2, fit.sigma2_b, fit.sigma2_e)
        times_sd = stdtrit(df, quantile) if student else ndtri(quantile)
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
        Take the REML fit of the study, treat its variances as known, and work out the *upper end*
        of the **80 %** interval for her first value, in units of `logestrone`.
        The 90 % point of $N(0, 1)$ is 1.28155 and its 80 % point is 0.84162; give at least three
        decimals.
        """),
    in_code="The fit is `study.reml`, and the standard error of $\\hat\\mu$ is "
    "`study.reml.se.iloc[0]`.",
    answer=_new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e),
    atol=2e-3,
    scale=1,
    elsewhere=(
        ("An interval for somebody new", "An interval for a new woman"),
        ("A woman comes in who is not in the study", "A woman comes in that is not in the study"),
        ("as that of a woman who was measured sixteen times", "as that of a woman of the study"),
        (
            "with 4 degrees of freedom, which is a good instinct with five women",
            "with <q1> degrees of freedom, which is a good instinct with <q> women",
        ),
        (
            "further data about other people can reduce only",
            "further data about other women can reduce only",
        ),
    ),
    wrong=(
        Wrong(
            "lower_end",
            lambda study: float(
                2 * study.reml.beta.iloc[0] - _new_upper(lambda *parts: sum(parts))(study)
            ),
            "That is the lower end of the interval, as far below μ̂ as the upper end is above it. "
            "The question asks for the upper one.",
        ),
        Wrong(
            "new_group_b_hat",
            lambda study: _new_upper(lambda *_: _known_variance(study))(study),
            "Your interval is as narrow as that of a woman who was measured sixteen times. About "
            "a new woman you know only that she comes from the same population, so which variance "
            "describes how much women differ?",
        ),
        Wrong(
            "forgot_sigma_b",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2e),
            "You have the error of μ̂ and that of a measurement. But she need not be an average "
            "woman, so a third part is missing.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _new_upper(lambda var_mu, s2b, s2e: s2b + s2e),
            "That would be right if μ were known. It was estimated from five women, and the "
            "uncertainty of that estimate should be part of the variance.",
        ),
        Wrong(
            "level_only",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b),
            "That is the upper end for her level. Her first value scatters around this level, "
            "with an error of its own.",
        ),
        Wrong(
            "mean_only",
            _new_upper(lambda var_mu, s2b, s2e: var_mu),
            "That is the upper end for μ, the mean of all women, whereas the value of a single "
            "woman varies a great deal more.",
        ),
        Wrong(
            "t_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, student=True),
            "You took Student's t with 4 degrees of freedom, which is a good instinct with five "
            "women. Here, however, the variances are taken as known, so which distribution should "
            "the quantile come from?",
        ),
        Wrong(
            "wrong_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.8),
            "With this quantile, 20 % of all new values lie above the upper end, and just as many "
            "below the lower one. How much may an 80 % interval leave out on each side?",
        ),
        Wrong(
            "wrong_level",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.975),
            "That is the upper end of the 95 % interval, to which 1.96 belongs. How much does an "
            "80 % interval leave out on each side?",
            always=False,
        ),
        Wrong(
            "level_of_90",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.95),
            "That is the upper end of the 90 % interval, to which 1.645 belongs. How much does an "
            "80 % interval leave out on each side?",
            always=False,
        ),
        Wrong(
            "wrong_level_t_quantile",
            _new_upper(lambda var_mu, s2b, s2e: var_mu + s2b + s2e, quantile=0.975, student=True),
            "That is the upper end of the 95 % interval with Student's t. The question is about "
            "an 80 % interval, and it takes the variances as known.",
            always=False,
        ),
        Wrong(
            "mean_only_wrong_level",
            _new_upper(lambda var_mu, s2b, s2e: var_mu, quantile=0.975),
            "That is the upper end of the 95 % interval for μ. Here we want an 80 % interval for "
            "the value of one woman, which varies much more than μ̂ does.",
            always=False,
        ),
        Wrong(
            "variance_not_sd",
            _new_upper(lambda var_mu, s2b, s2e: (var_mu + s2b + s2e) ** 2),
            "You multiplied the variance by the quantile. A quantile counts standard deviations, "
            "so you have to take the square root first.",
            always=False,
        ),
        Wrong(
            "sds_add_up",
            _new_upper(lambda *variances: np.sum(np.sqrt(variances)) ** 2),
            "You added three standard deviations. When errors are independent it is their "
            "variances that add, and the square root comes at the end.",
            always=False,
        ),
    ),
    hints=(
        "Three things are uncertain, namely where μ is, how far this woman lies from it, and the "
        "error of the measurement, and their variances add.",
        "The printout has all three: the Std. Error of μ̂, which you have to square, and the two "
        "variances under `Random effects`.",
        "An 80 % interval leaves 10 % of the values on each side, so the quantile that you need "
        "is the 90 % point.",
    ),
    solution=markdown(r"""
        The prediction is $\hat\mu$, and its error has the variance $\mathrm{SE}^2 + \sigma_b^2 +
        \sigma_\epsilon^2$.
        Since an 80 % interval leaves 10 % on each side, its upper end is $\hat\mu +
        1.2816\sqrt{\text{variance}}$.
        `prediction_interval` does the same for a label that is not in the data.
        """),
    code=(
        "fit = study.reml\n"
        "variance = fit.se.iloc[0] ** 2 + fit.sigma2_b + fit.sigma2_e\n"
        "_, answer = lt.prediction.normal_interval(fit.beta.iloc[0], variance, level=0.8)"
    ),
    right=(
        "Three parts make up the variance, and further data about other people can reduce only "
        "the one that belongs to μ̂."
    ),
)


# Two decimals: what a pencil gives from the four of the printout.
PENCIL = 5e-3


def _mu_upper(quantile, error=lambda study: study.reml.se.iloc[0]):
    """Function of the study to μ̂ plus a multiple of something taken for its standard error."""
    return lambda study: float(study.reml.beta.iloc[0] + quantile * error(study))


PRINTOUT = Numeric(
    key="7c",
    about=LECTURE,
    title="From the printout: an interval for μ",
    prompt=markdown(r"""
        Look at the printout of the REML fit, and suppose that you have nothing but a pencil and
        this table of quantiles.

        | | $z$ | $t_4$ | $t_5$ | $t_{79}$ |
        | --- | --- | --- | --- | --- |
        | 90 % point | 1.282 | 1.533 | 1.476 | 1.292 |
        | 95 % point | 1.645 | 2.132 | 2.015 | 1.664 |
        | 97.5 % point | 1.960 | 2.776 | 2.571 | 1.990 |

        What is the *upper end* of the **90 %** confidence interval for $\mu$?
        The study is balanced and has five women; choose the quantile that makes the interval
        exact, and give two decimals.
        """),
    in_code="The printout is `print(study.reml.summary())`.",
    answer=_mu_upper(2.131847),
    atol=PENCIL,
    apart=6e-3,
    wrong=(
        Wrong(
            "df_infinite",
            _mu_upper(1.644854),
            "You used the normal quantile, which would be right if the standard error were known. "
            "It was estimated from five women, so which distribution allows for that?",
        ),
        Wrong(
            "lower_end",
            _mu_upper(-2.131847),
            "That is the lower end of the interval, as far below μ̂ as the upper end is above it. "
            "The question asks for the upper one.",
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
            "You took the 90 % point, which leaves out 10 % above and another 10 % below. That "
            "makes an 80 % interval.",
        ),
        Wrong(
            "sd_var_se_mixup",
            _mu_upper(2.131847, lambda study: np.sqrt(study.reml.sigma2_b)),
            "You took the column “Std.Dev.” of the random effects, which is σ̂_b and describes "
            "how much women differ. How far μ̂ may be off is in a different table of the "
            "printout.",
        ),
        Wrong(
            "n_is_80",
            _mu_upper(1.664371, lambda study: study.y.std(ddof=1) / np.sqrt(len(study.y))),
            "You treated all rows as independent, and divided their standard deviation by √80. "
            "The measurements of one woman are alike, so they carry much less information than "
            "that; the printout has the right standard error.",
        ),
        Wrong(
            "df_of_ml",
            _mu_upper(2.015048),
            "You used 5 degrees of freedom, one for each woman. One of these was spent on "
            "estimating μ.",
        ),
        Wrong(
            "df_of_rows",
            _mu_upper(1.664371),
            "You used 79 degrees of freedom, as if there were eighty independent measurements. "
            "The standard error rests on five women, so how many degrees of freedom do they "
            "leave?",
            always=False,
        ),
        Wrong(
            "df_infinite_wrong_level",
            _mu_upper(1.959964),
            "You used 1.96, the normal quantile for a 95 % interval. It is too small even for "
            "that, since the standard error was estimated from five women, and the question is "
            "about 90 %.",
            always=False,
        ),
        Wrong(
            "variance_not_se",
            lambda study: float(study.reml.beta.iloc[0] + 2.131847 * study.reml.se.iloc[0] ** 2),
            "You squared the standard error. A quantile counts standard errors, and the printout "
            "has one ready for you.",
            always=False,
        ),
    ),
    hints=(
        "You need three numbers: an estimate and its standard error, which are both in the last "
        "line of the printout, and a quantile.",
        "A 90 % interval leaves 5 % on each side. As for the degrees of freedom, how many do five "
        "women leave once their mean has been estimated?",
        "The answer is the estimate plus 2.132 times the Std. Error, both taken from the line "
        "“(Intercept)”.",
    ),
    solution=markdown(r"""
        The line `(Intercept)` under "Fixed effects" has $\hat\mu$ and its standard error.
        In a balanced study with five women, $\hat\mu \pm t_4 \cdot \mathrm{SE}$ is exact as long
        as $\hat\sigma_b^2 > 0$, and a 90 % interval needs the 95 % point, which is 2.132.
        With the normal quantile, 1.645, the interval would come out about a quarter too short.
        """),
    code=(
        "print(study.reml.summary())\n"
        "answer = study.reml.beta.iloc[0] + 2.132 * study.reml.se.iloc[0]"
    ),
    right=(
        "You combined two entries of the last line with Student's t, which has four degrees of "
        "freedom here, one fewer than there are women."
    ),
    second_round=True,
)

FIXED = Choice(
    key="7d",
    title="Too few women for a random effect?",
    prompt=markdown(r"""
        You want to predict the first value of a *new* woman.
        A colleague objects: "Five women are too few for a random effect, so you had better use
        five fixed effects, one mean for each woman."
        What is the best reply?
        """),
    options=(
        Option(
            "I agree, since random effects are not allowed below about six groups.",
            "That is a rule of thumb and not a theorem. Ask yourself what you want to know, and "
            "which of the two models has a parameter for it.",
            "five_levels_rule",
        ),
        Option(
            "It makes no difference, because the five estimated levels are nearly the same either "
            "way.",
            "For these five women that is true. But what do five separate means imply about a "
            "sixth woman?",
            "fixed_predicts_new",
        ),
        Option(
            "A random effect is what lets us predict a new woman at all, even if only roughly.",
            "Yes. Its variance describes how people in the population differ. That five of them "
            "are too few to pin it down should show up as a wider interval rather than be hidden.",
        ),
        Option(
            "Let us use fixed effects, and give a new woman the average of the five with its "
            "standard error √(σ̂_ε²/80).",
            "That standard error is about the average of just these five women. A new woman "
            "differs from that average as much as women differ from each other.",
            "forgot_sigma_b",
        ),
    ),
    answer=2,
    hints=(
        "In the model with fixed effects, which of the parameters describes a woman who is not in "
        "the data?",
        "The chapter counts how often intervals are right when σ_b² is left out, and how often "
        "when it is estimated from five women. Compare the two.",
    ),
    solution=markdown(r"""
        Five fixed effects are five numbers about five women, and nothing in that model describes
        how a sixth woman differs from them.
        The random effect has a parameter for exactly this, $\sigma_b^2$.
        Five women are too few to estimate it well, so use $t$ quantiles and say so; an interval
        that leaves out $\sigma_b^2$ is right far less often than it claims to be.
        "At least five or six groups" is a rule of thumb about how well a variance can be
        estimated, and no reason to give up the question.
        """),
    right=(
        "Whether to use fixed or random effects depends on the question: for somebody not yet seen "
        "you need a variance between women, which a model of five separate means lacks."
    ),
    second_round=True,
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
        For somebody who is not in the study, the prediction error is a sum of independent errors,
        whose variances add.
        For the *first value of a new woman* there are three of them: $\hat\mu$ is off, the woman
        differs from $\mu$, and the measurement has an error of its own.

        ```python
        def sd_first_value(n_i, theta):
            sigma2_b, sigma2_e = theta
            var_mu = 1 / np.sum(1 / (sigma2_b + sigma2_e / n_i))  # μ̂ is off
            var_value = sigma2_b + sigma2_e  # her value around μ
            return np.sqrt(var_mu + var_value)  # independent: variances add
        ```

        Here `n_i` holds the number of measurements of each woman in the study, and these numbers
        may differ.

        Now *two* new women come in, who are measured once each, and we ask how far apart their
        values will be.
        The prediction of the difference is $\hat\mu - \hat\mu = 0$.
        Write the last line, which gives the standard deviation of its error.
        Which of the errors above are part of the difference, and how many times?
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
            "You added the variance of μ̂. But both predictions contain the same μ̂, so what "
            "becomes of its error when you subtract one from the other?",
        ),
        Wrong(
            "mu_twice",
            _sd(lambda var_mu, s2b, s2e: 2 * (var_mu + s2b + s2e)),
            "You treated the two prediction errors as independent. They have one part in common, "
            "the error of μ̂, which is the same for both women.",
        ),
        Wrong(
            "copied_example",
            _sd(lambda var_mu, s2b, s2e: var_mu + s2b + s2e),
            "That is the last line of the example, in which the value of one woman is predicted "
            "by μ̂. Here two women are compared, so write down their difference and look at what "
            "it contains.",
        ),
        Wrong(
            "one_woman_only",
            _sd(lambda var_mu, s2b, s2e: s2b + s2e),
            "That is how much the value of one woman varies. Here there are two of them, who vary "
            "independently of each other.",
        ),
        Wrong(
            "sds_add_up",
            _sd(lambda var_mu, s2b, s2e: 4 * (s2b + s2e)),
            "You added two standard deviations. When errors are independent it is their variances "
            "that add, and the square root comes at the end.",
        ),
        Wrong(
            "variances_cancel",
            _sd(lambda var_mu, s2b, s2e: 0 * var_mu),
            "Your SD is 0, as if two women never differed. Perhaps you subtracted the variances: "
            "the errors are subtracted, but the variance of a difference of independent errors is "
            "still a sum.",
        ),
    ),
    hints=(
        "Write down the difference, (μ + b₆ + ε₆) − (μ + b₇ + ε₇). Does it still contain μ, and "
        "does its prediction contain μ̂?",
        "Since μ cancels, and μ̂ as well, there remain two independent values around μ, each with "
        "the variance `var_value`. You do not need every line that is given.",
    ),
    solution=markdown(r"""
        The difference of the two values is $(\mu + b_6 + \epsilon_6) - (\mu + b_7 + \epsilon_7)$.
        It does not contain $\mu$, and its prediction does not contain $\hat\mu$, so the error of
        $\hat\mu$ plays no part.
        What remains are the values of two independent women, and therefore the variance is
        $2(\sigma_b^2 + \sigma_\epsilon^2)$.
        """),
    code=source(sd_difference),
    right=(
        "Whatever is shared by both cancels when you subtract, and what each woman brings with "
        "her counts twice."
    ),
    series=SERIES,
)

OF_VALUES = Function(
    key="7e2",
    title="Where uncertainty comes from: the last two lines",
    prompt=markdown(r"""
        We keep the same three errors and turn to a different prediction: a new woman will be
        measured $k$ times, and we predict the *mean of her $k$ values* before any of them is
        known.
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
            "You divided both variances by k. But it is the same woman each time, so her b does "
            "not average out; only the errors of her measurements do.",
        ),
        Wrong(
            "copied_example",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2b + s2e),
            "That is right for a single value. The mean of k values has a smaller error of "
            "measurement than one of them.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _sd(lambda var_mu, s2b, s2e, k: s2b + s2e / k),
            "The error of μ̂ is missing. It does not cancel here, because the prediction is μ̂ "
            "itself.",
        ),
        Wrong(
            "forgot_sigma_b",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2e / k),
            "You left out how much women differ. However often she is measured, a new woman need "
            "not be an average woman.",
        ),
        Wrong(
            "level_only",
            _sd(lambda var_mu, s2b, s2e, k: var_mu + s2b),
            "That is the error for her true level. The mean of her k values still has an error of "
            "measurement on top.",
        ),
        Wrong(
            "sd_not_var",
            _sd(lambda var_mu, s2b, s2e, k: (var_mu + s2b + s2e / k) ** 2),
            "That is the variance, while the question asks for the standard deviation. What is "
            "missing is the square root.",
        ),
    ),
    hints=(
        "Her mean is μ + b + (ε₁ + … + ε_k)/k. Which of these three parts depends on k?",
        "The mean of k independent errors has the variance σ_ε²/k, whereas there is only one b, "
        "however large k is.",
        "`var_mean` is `sigma2_b + sigma2_e / k`. Then add the variance of μ̂, and take the root "
        "of the sum.",
    ),
    solution=markdown(r"""
        Her mean is $\mu + b + \bar\epsilon$, where $\operatorname{Var}(\bar\epsilon) =
        \sigma_\epsilon^2/k$.
        There is just one $b$ and one $\hat\mu$, whatever $k$ is.
        Measuring a woman more often is therefore a remedy against $\sigma_\epsilon^2$ only.
        """),
    code=source(sd_mean_of_values),
    right=(
        "Repeated measurements average out their own errors, but her distance from μ stays as it "
        "is."
    ),
    series=SERIES,
    second_round=True,
)

OF_WOMEN = Function(
    key="7e3",
    title="Where uncertainty comes from: on your own",
    prompt=markdown(r"""
        This time you are on your own.
        There will be $w$ new women, each of them measured $k$ times, and we predict the *mean of
        all their values*.
        Write the function that gives the standard deviation of the prediction error, for a study
        whose women were measured `n_i` times.
        Go through the three errors one by one: which is shared by all new women, which averages
        out over women, and which over women and measurements?
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
            "You let σ_b² count in full, as you would for one woman. The w women differ from μ "
            "independently of each other, so their b average out as well.",
        ),
        Wrong(
            "mu_divided",
            _sd(lambda var_mu, s2b, s2e, w, k: (var_mu + s2b + s2e / k) / w),
            "You divided everything by w. But all w women are predicted with the same μ̂, and its "
            "error does not average out.",
        ),
        Wrong(
            "rows_as_independent",
            _sd(lambda var_mu, s2b, s2e, w, k: var_mu + (s2b + s2e) / (w * k)),
            "You treated all w·k values as independent. Those of one woman share her b, so there "
            "are only w different b to average over.",
        ),
        Wrong(
            "forgot_mu_uncertainty",
            _sd(lambda var_mu, s2b, s2e, w, k: (s2b + s2e / k) / w),
            "The error of μ̂ is missing. It stays, however many women there are to come.",
        ),
        Wrong(
            "assumes_balance",
            _mean_of_women_if_balanced,
            "Your variance of μ̂ is that of a balanced study. If some women were measured more "
            "often than others, their means have different variances, as you can see in the worked "
            "example.",
        ),
    ),
    hints=(
        "Start from the worked example of 7e1, whose line for the variance of μ̂ stays as it is.",
        "Exercise 7e2 has the variance of one woman's mean around μ. What happens to it when you "
        "average over w independent women?",
        "The mean of all the new women varies around μ with the variance (σ_b² + σ_ε²/k)/w. Add "
        "that of μ̂, and take the root.",
    ),
    solution=markdown(r"""
        One woman's mean varies around $\mu$ with the variance $\sigma_b^2 + \sigma_\epsilon^2/k$,
        and the mean of $w$ independent women with that variance divided by $w$.
        The same $\hat\mu$ serves as the prediction for all of them, so its variance is not divided.
        When very many new women come, it is all that remains.
        """),
    code=source(sd_mean_of_women),
    right="However many of them come, you can never predict their average better than you know μ.",
    series=SERIES,
    second_round=True,
)

EXERCISES = (WOMAN_5, NEW_WOMAN, PRINTOUT, FIXED, DIFFERENCE, OF_VALUES, OF_WOMEN)
