"""Exercises of chapter 4: predicting the random effects."""

import numpy as np

from lmmteach.blup import shrinkage_factor
from lmmteach.exercises.bank._shortened import first_quarter, stops_early, theta_of_quarter
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def deviation(fit, mean):
    """How far the mean of a woman lies from mu."""
    return mean - fit.beta.iloc[0]


def wrong_factor(factor):
    """What another factor gives for the woman in the cut with few measurements, woman 4."""

    def gives(study):
        fit, at = study.cut.ml, study.cut.few
        n_i = study.cut.n_i
        return factor(fit.theta, n_i[at], n_i.mean()) * deviation(fit, study.cut.means[at])

    return gives


WOMAN_4 = Numeric(
    key="4a",
    title="Woman 4, measured twice",
    second_round=True,
    prompt=markdown(r"""
        Take the unbalanced study, which keeps the first 16, 8, 4, 2 and 1 measurements of the five
        women.
        Fit it by maximum likelihood, unlike the chapter, which uses REML.

        What is $\hat b_4$, the BLUP of the random effect of woman 4, who has two measurements?
        Give at least four decimals.
        """),
    in_code="The unbalanced study is `study.cut`, and `study.cut.ml` is its fit by maximum "
    "likelihood.",
    hints=(
        "You need three things: her own mean, μ̂ of this fit, and the factor λ₄.",
        "λ₄ = n₄ σ_b² / (n₄ σ_b² + σ_ε²), with her two measurements and the variances of this fit.",
        "Multiply her deviation ȳ₄ − μ̂ by λ₄. What you get is a deviation again, which is what "
        "the question asks for.",
    ),
    solution=markdown(r"""
        The formula of the chapter, with two measurements, is

        $$\hat b_4 = \lambda_4(\bar y_4 - \hat\mu), \qquad
        \lambda_4 = \frac{2\sigma_b^2}{2\sigma_b^2 + \sigma_\epsilon^2},$$

        in which $\hat\mu$ comes from GLS and the variances from the fit to these 31 rows.
        Each woman has a factor of her own, because each has a different number of measurements.
        """),
    code=markdown("""
        fit = study.cut.ml
        keeps = 2 * fit.sigma2_b / (2 * fit.sigma2_b + fit.sigma2_e)
        answer = keeps * (study.cut.means[3] - fit.beta.iloc[0])
        """),
    right="She keeps a larger share of her deviation than woman 5, who was measured once, and a "
    "smaller share than the three women who were measured more often.",
    answer=wrong_factor(lambda theta, n, _: shrinkage_factor(n, theta)),
    given=lambda study: {
        r"$\bar y_4$": study.cut.means[study.cut.few],
        r"$\hat\mu$": study.cut.ml.beta.iloc[0],
        r"$\hat\sigma_b^2$": study.cut.ml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.ml.sigma2_e,
    },
    atol=2e-4,
    unit="logestrone",
    elsewhere=(
        ("Woman 4, measured twice", "A woman with few measurements"),
        (
            "$\\hat b_4$, the BLUP of the random effect of woman 4, who has two measurements",
            r"$\hat b_i$, the BLUP of the random effect of <few>, of which there are <few_n> "
            r"measurements",
        ),
        (
            "λ₄ = n₄ σ_b² / (n₄ σ_b² + σ_ε²), with her two measurements and",
            "λᵢ = nᵢ σ_b² / (nᵢ σ_b² + σ_ε²), with its number of measurements and",
        ),
        ("the factor λ₄", "the factor λᵢ"),
        ("ȳ₄ − μ̂ by λ₄", "ȳᵢ − μ̂ by λᵢ"),
        ("The formula of the chapter, with two measurements, is", "The formula of the chapter is"),
        (
            r"\hat b_4 = \lambda_4(\bar y_4 - \hat\mu), \qquad \lambda_4 = "
            r"\frac{2\sigma_b^2}{2\sigma_b^2 + \sigma_\epsilon^2}",
            r"\hat b_i = \lambda_i(\bar y_i - \hat\mu), \qquad \lambda_i = "
            r"\frac{n_i\sigma_b^2}{n_i\sigma_b^2 + \sigma_\epsilon^2}",
        ),
        (
            "keeps = 2 * fit.sigma2_b / (2 * fit.sigma2_b + fit.sigma2_e)",
            "n = study.cut.n_i[<few_at>]\nkeeps = n * fit.sigma2_b / (n * fit.sigma2_b + "
            "fit.sigma2_e)",
        ),
        ("study.cut.means[3]", "study.cut.means[<few_at>]"),
        (
            "She keeps a larger share of her deviation than woman 5, who was measured once, "
            "and a smaller share than the three women who were measured more often.",
            "The more often a woman was measured, the larger is the share of its deviation "
            "that it keeps.",
        ),
        (
            "ȳ₄ − μ̂, which takes her two measurements at face value",
            "ȳᵢ − μ̂, which takes its measurements at face value",
        ),
        ("whereas woman 4 has two", "whereas here there are <few_n>"),
        (
            "is 1 − λ₄, the share that she loses. The share that she keeps is λ₄",
            "is 1 − λᵢ, the share that it loses. The share that it keeps is λᵢ",
        ),
        ("whereas λ₄ needs", "whereas λᵢ needs"),
        (
            "μ̂ + b̂₄, but the question is about b̂₄ alone",
            "μ̂ + b̂ᵢ, but the question is about b̂ᵢ alone",
        ),
        (
            "with all sixteen measurements, but in the unbalanced study she has only two of them",
            "from the whole study, but the question is about the unbalanced one",
        ),
        (
            "with all sixteen measurements, as in the chapter. In the unbalanced study she has "
            "two, and the variances",
            "from the whole study. The question is about the unbalanced one, and the variances",
        ),
        (
            "μ̂ + b̂₄, from the REML fit of the chapter. The question is about b̂₄ alone",
            "μ̂ + b̂ᵢ, from the REML fit. The question is about b̂ᵢ alone",
        ),
        ("from the chapter's μ̂, which belongs to the REML fit", "from the μ̂ of the REML fit"),
        ("$\\bar y_4$", "$\\bar y_i$"),
        ("as in the chapter, whereas here", "whereas here"),
    ),
    wrong=(
        Wrong(
            "forgot_shrink",
            wrong_factor(lambda *_: 1.0),
            "That is her raw deviation ȳ₄ − μ̂, which takes her two measurements at face value. "
            "Which share of it does BLUP keep?",
        ),
        Wrong(
            "icc_as_shrinkage",
            wrong_factor(lambda theta, *_: shrinkage_factor(1, theta)),
            "The factor here is the intraclass correlation, which is right for a woman with a "
            "single measurement, whereas woman 4 has two.",
        ),
        Wrong(
            "shrink_direction",
            wrong_factor(lambda theta, n, _: 1 - shrinkage_factor(n, theta)),
            "The factor here is 1 − λ₄, the share that she loses. The share that she keeps is λ₄, "
            "which is close to 1 if women differ widely.",
        ),
        Wrong(
            "sd_not_var",
            wrong_factor(lambda theta, n, _: shrinkage_factor(n, np.sqrt(theta))),
            "This factor was computed from standard deviations, whereas λ₄ needs variances.",
        ),
        Wrong(
            "mean_n",
            wrong_factor(lambda theta, _, mean_n: shrinkage_factor(mean_n, theta)),
            "This uses the average number of measurements, whereas each woman has a factor of her "
            "own, computed from her own count.",
        ),
        Wrong(
            "ols_residuals",
            lambda study: (
                shrinkage_factor(study.cut.n_i[study.cut.few], study.cut.ml.theta)
                * (study.cut.means[study.cut.few] - study.cut.y.mean())
            ),
            "The factor is right, but her deviation was measured from the plain mean of all rows. "
            "The formula needs the GLS estimate μ̂, which agrees with the plain mean on balanced "
            "data only.",
        ),
        Wrong(
            "used_REML",
            lambda study: study.cut.reml.b[study.cut.few],
            "That is the BLUP with the REML estimates, as in the chapter, whereas here the "
            "variances come from maximum likelihood.",
        ),
        Wrong(
            "reported_level",
            lambda study: study.cut.ml.beta.iloc[0] + study.cut.ml.b[study.cut.few],
            "That is her predicted level, μ̂ + b̂₄, but the question is about b̂₄ alone.",
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.ml.b[study.cut.few],
            "That is her BLUP with all sixteen measurements, but in the unbalanced study she has "
            "only two of them.",
        ),
        Wrong(
            "forgot_the_cut_used_REML",
            lambda study: study.reml.b[study.cut.few],
            "That is her BLUP with all sixteen measurements, as in the chapter. In the unbalanced "
            "study she has two, and the variances come from maximum likelihood.",
            always=False,
        ),
        Wrong(
            "reported_level_used_REML",
            lambda study: study.cut.reml.beta.iloc[0] + study.cut.reml.b[study.cut.few],
            "That is her level, μ̂ + b̂₄, from the REML fit of the chapter. The question is about "
            "b̂₄ alone, and about the fit by maximum likelihood.",
            always=False,
        ),
        Wrong(
            "forgot_shrink_used_REML",
            lambda study: study.cut.means[study.cut.few] - study.cut.reml.beta.iloc[0],
            "That is her raw deviation from the chapter's μ̂, which belongs to the REML fit. Two "
            "steps are missing: the fit by maximum likelihood, and then shrinkage.",
            always=False,
        ),
    ),
)


def levels(y, woman, theta):
    """Predicted level of each woman, in the order of the sorted labels."""
    sigma2_b, sigma2_e = theta
    names, n_i = np.unique(woman, return_counts=True)
    means = np.array([y[woman == name].mean() for name in names])
    mu = np.average(means, weights=1 / (sigma2_b + sigma2_e / n_i))
    keeps = n_i * sigma2_b / (n_i * sigma2_b + sigma2_e)
    return keeps * means + (1 - keeps) * mu


def pieces(y, woman, theta):
    """Counts, means, the GLS mean and the factors."""
    names, n_i = np.unique(woman, return_counts=True)
    means = np.array([y[woman == name].mean() for name in names])
    mu = np.average(means, weights=1 / (theta[0] + theta[1] / n_i))
    return n_i, means, mu, shrinkage_factor(n_i, theta)


def levels_ols(y, woman, theta):
    """Shrunk towards the plain mean of all rows."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means + (1 - keeps) * y.mean()


def levels_mean_of_means(y, woman, theta):
    """Shrunk towards the plain mean of the women's means."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means + (1 - keeps) * means.mean()


def levels_mean_n(y, woman, theta):
    """With one factor for all."""
    n_i, means, mu, _ = pieces(y, woman, theta)
    keeps = shrinkage_factor(n_i.mean(), theta)
    return keeps * means + (1 - keeps) * mu


def levels_icc(y, woman, theta):
    """With the intraclass correlation for all."""
    _, means, mu, _ = pieces(y, woman, theta)
    keeps = shrinkage_factor(1, theta)
    return keeps * means + (1 - keeps) * mu


def levels_swapped(y, woman, theta):
    """With the two weights exchanged."""
    _, means, mu, keeps = pieces(y, woman, theta)
    return (1 - keeps) * means + keeps * mu


def levels_to_zero(y, woman, theta):
    """Shrunk towards a response of 0."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means


def levels_raw(y, woman, theta):
    """Not shrunk."""
    return pieces(y, woman, theta)[1]


def only_b(y, woman, theta):
    """The random effects, without mu."""
    _, means, mu, keeps = pieces(y, woman, theta)
    return keeps * (means - mu)


LEVELS = Function(
    key="4b",
    title="Levels without a matrix",
    prompt=markdown(r"""
        The predicted level of a woman, $\hat\mu + \hat b_i$, is a weighted mean of two things: her
        own mean $\bar y_i$, and $\hat\mu$.

        Write `levels(y, woman, theta)`, which returns the level of each woman, in the order of the
        sorted labels.
        `woman` is an array of labels in any order, and groups may have any size.
        The variances are given by `theta`, but $\hat\mu$ is not given, so your function has to find
        it, and it can do so without any matrix.
        """),
    hints=(
        "Two different weights occur: one that finds μ̂ from the women's means, and λ_i, which "
        "mixes ȳ_i with μ̂.",
        "For μ̂, weight each woman's mean by one over its variance, σ_b² + σ_ε²/n_i.",
        "λ_i = n_i σ_b² / (n_i σ_b² + σ_ε²) is the weight of a woman's own mean, and μ̂ gets the "
        "rest, 1 − λ_i.",
    ),
    solution=markdown(r"""
        The level is a weighted mean,

        $$\hat\mu + \hat b_i = \hat\mu + \lambda_i(\bar y_i - \hat\mu) = \lambda_i\bar y_i + (1 -
        \lambda_i)\hat\mu,$$

        and $\hat\mu$ is itself a weighted mean, of the $\bar y_i$ with weights
        $1/(\sigma_b^2 + \sigma_\epsilon^2/n_i)$, which is GLS.
        A woman's own mean gets the weight that her measurements deserve, and the common mean gets
        the rest.
        """),
    code=source(levels),
    right="BLUP for a random intercept turns out to be one weighted mean inside another, and your "
    "function needed no covariance matrix at all.",
    name="levels",
    stub=markdown('''
        def levels(y, woman, theta):
            """Predicted level of each woman, in the order of the sorted labels."""
            sigma2_b, sigma2_e = theta
            names, n_i = np.unique(woman, return_counts=True)
            means = np.array([y[woman == name].mean() for name in names])
            return ...
        '''),
    reference=levels,
    cases=lambda study: [
        (study.y, study.woman, np.array([0.02, 0.3])),
        (study.cut.y, study.cut.woman, np.array([1.5, 0.3])),
        (study.cut.y, study.cut.woman, np.array([0.1, 0.4])),
        (
            np.array([3.0, 1.0, 2.0, 7.5, 2.5, 4.0]),
            np.array(["Bea", "Ada", "Bea", "Cleo", "Ada", "Bea"]),
            np.array([2.0, 1.0]),
        ),
    ],
    wrong=(
        Wrong(
            "ols_residuals",
            levels_ols,
            "This shrinks towards the plain mean of all rows. On balanced data that is μ̂, but "
            "here "
            "a woman with many measurements pulls it towards her own.",
        ),
        Wrong(
            "mean_of_means",
            levels_mean_of_means,
            "This shrinks towards the plain mean of the women's means. On balanced data that "
            "is μ̂, "
            "but here a mean of one measurement counts in it as much as a mean of sixteen.",
        ),
        Wrong(
            "mean_n",
            levels_mean_n,
            "All women are shrunk by the same factor here. A woman with few measurements should "
            "keep less of her own mean than one with many.",
        ),
        Wrong(
            "icc_as_shrinkage",
            levels_icc,
            "The factor is the intraclass correlation, whatever n_i is. That is right only for a "
            "woman with a single measurement.",
        ),
        Wrong(
            "shrink_direction",
            levels_swapped,
            "The two weights are swapped, so that a woman with many measurements is pulled most. "
            "The weight λ_i belongs to her own mean.",
        ),
        Wrong(
            "shrink_to_zero",
            levels_to_zero,
            "This shrinks the level itself towards 0, but it is the deviation from μ̂ that should "
            "shrink. The weight that her own mean loses must go to μ̂.",
        ),
        Wrong(
            "forgot_shrink",
            levels_raw,
            "Those are the raw means, in which nothing has been shrunk. How far would you trust a "
            "mean that consists of one measurement?",
        ),
        Wrong(
            "only_b",
            only_b,
            "Those are the random effects b̂, which are deviations. To turn them into levels, add "
            "μ̂.",
        ),
    ),
)


WHERE_TO = Choice(
    key="4c",
    title="Where does she go?",
    prompt=markdown(r"""
        In some study $\hat\mu = 10$, and the two variances are estimated as equal,
        $\hat\sigma_b^2 = \hat\sigma_\epsilon^2$.
        One of the women has three measurements, whose mean is 18.

        What is her predicted level, $\hat\mu + \hat b_i$?
        """),
    hints=(
        "First find λ, which depends only on the number of measurements if the variances are "
        "equal.",
        "λ is the share that she keeps of her deviation, and her deviation is measured from μ̂.",
    ),
    solution=markdown(r"""
        With equal variances $\lambda = 3/(3 + 1) = 3/4$.
        Her deviation from $\hat\mu$ is 8, and she keeps three quarters of it, so that
        $\hat\mu + \hat b_i = 10 + 6 = 16$.
        Her level is between her own mean and the common one, and closer to her own.
        """),
    right="Her own mean prevails over the common one, but only by three to one, because three "
    "measurements are not many when women differ no more than measurements do.",
    options=(
        Option(
            "13.5",
            "That is three quarters of 18, so the level itself was shrunk towards 0, whereas it is "
            "her deviation from μ̂ that should shrink.",
            "shrink_direction",
        ),
        Option(
            "16",
            "Three measurements give λ = 3/4, which was applied to her deviation of 8.",
        ),
        Option(
            "14",
            "That is halfway, as if λ were the intraclass correlation, ½. With three measurements "
            "she deserves to keep more than half of her deviation.",
            "icc_as_shrinkage",
        ),
        Option(
            "12",
            "Here she keeps only one quarter, and three quarters go to μ̂. Her three measurements "
            "deserve more weight than that.",
            "swapped_weights",
        ),
    ),
    answer=1,
)


def _of_means(study, ddof=1):
    """Sample variance of the means of the first measurements."""
    return first_quarter(study)[0] / study.quarter / (len(study.n_i) - ddof)


def spread_of_blups(study, reml=True, ddof=1):
    """Sample variance of the BLUPs from the first measurements of each woman."""
    theta = np.array(theta_of_quarter(study, reml=reml))
    # In a balanced study all means are shrunk by the same factor, which comes out squared.
    return shrinkage_factor(study.quarter, theta) ** 2 * _of_means(study, ddof)


SPREAD = Numeric(
    key="4d",
    title="How much do the BLUPs vary?",
    second_round=True,
    prompt=markdown(r"""
        Suppose that the study had stopped after four measurements of each woman, with twenty rows
        in all.
        Fit the model to these rows by REML, and take the five BLUPs $\hat b_i$.

        What is their sample variance, with a divisor of 4 (as `ddof=1` gives it)?
        Give at least three decimals.
        Before you compute it, make a guess: will it be equal to $\hat\sigma_b^2$, larger, or
        smaller?
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 4.",
    hints=(
        "Keep the rows with `measurement` up to 4 and fit them with `lt.lmm`, which uses REML by "
        "default. By hand, find the REML estimates from SSB and SSW, with J = 4.",
        "`fit.b` holds the five BLUPs as an array. Note that `np.var` divides by 5 unless you tell "
        "it otherwise.",
        "By hand, start from the variance of the women's means. Each BLUP is λ times a deviation, "
        "so what happens to a variance if everything is multiplied by λ?",
    ),
    solution=markdown(r"""
        The BLUPs are the deviations of the means times $\lambda$, so their variance is $\lambda^2$
        times that of the means.
        The means vary more than $\hat\sigma_b^2$, because they carry errors of measurement, and the
        BLUPs vary less, because they have been shrunk.
        In balanced data their variance is exactly $\lambda\hat\sigma_b^2$.

        With four measurements the gap is wider than with sixteen.
        What is missing is the conditional variance $(1 - \lambda)\hat\sigma_b^2$, the part of each
        $b_i$ that we would not know even if $\mu$ were known.
        """),
    code=markdown("""
        four = study.data[study.data["measurement"] <= 4]
        fit = lt.lmm("logestrone ~ 1 + (1 | woman)", four)
        answer = np.var(fit.b, ddof=1)
        """),
    right="It is smaller than σ̂_b², because shrinkage has taken more from the variance of the raw "
    "means than errors of measurement had added to it.",
    answer=spread_of_blups,
    given=lambda study: dict(zip(("SSB", "SSW"), first_quarter(study), strict=True)),
    atol=5e-4,
    unit="logestrone²",
    needs=stops_early,
    elsewhere=(
        ("first four measurements of each woman", "first <k> measurements of each woman"),
        ("stopped after four measurements", "stopped after <k> measurements"),
        ("divisor of 4 (as `ddof=1` gives it)", "divisor of <q1#> (as `ddof=1` gives it)"),
        ("Keep the rows with `measurement` up to 4 and fit them", "Keep these rows and fit them"),
        ("with J = 4", "with J = <k#>"),
        ("divides by 5", "divides by <q#>"),
        (
            "With four measurements the gap is wider than with sixteen.",
            "With fewer measurements of each the gap is wider.",
        ),
        ("divisor here is 5", "divisor here is <q#>"),
        ("becomes 4.", "becomes <q1#>."),
        ("four =", "few ="),
        (", four)", ", few)"),
    ),
    wrong=(
        Wrong(
            "var_blup_is_sigma_b",
            lambda study: theta_of_quarter(study, reml=True)[0],
            "That is σ̂_b², which estimates the variance of the random effects b. The BLUPs are "
            "shrunken guesses at them, and such guesses vary less.",
        ),
        Wrong(
            "var_of_means",
            _of_means,
            "That is the variance of the raw means, which carry errors of measurement and have not "
            "been shrunk, whereas the question is about the BLUPs.",
        ),
        Wrong(
            "ddof_0",
            lambda study: spread_of_blups(study, ddof=0),
            "The divisor here is 5, which `np.var` uses by default, but with `ddof=1` it becomes "
            "4.",
        ),
        Wrong(
            "used_ML",
            lambda study: spread_of_blups(study, reml=False),
            "That is the variance of the BLUPs from the fit by maximum likelihood, but the "
            "question asks for REML, which `lt.lmm` uses if you do not name a method.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(spread_of_blups(study)),
            "That is the standard deviation of the BLUPs, but the question is about the variance.",
        ),
        Wrong(
            "forgot_to_select",
            lambda study: np.var(study.reml.b, ddof=1),
            "That is the variance of the BLUPs from all eighty rows, but the question is about the "
            "first four measurements of each woman.",
        ),
        Wrong(
            "sigma_b_of_all_rows",
            lambda study: study.reml.sigma2_b,
            "That is σ̂_b² from all eighty rows. Keep only the first four measurements of each "
            "woman, and then look at the BLUPs, which are shrunken guesses at the random effects.",
            always=False,
        ),
        Wrong(
            "means_of_all_rows",
            lambda study: np.var(study.means, ddof=1),
            "That is the variance of the raw means of all eighty rows. Keep only the first four "
            "measurements of each woman, and use the BLUPs instead of the means.",
            always=False,
        ),
    ),
)


def blup_by_ols(r, Z, theta):
    """Random effects from ordinary least squares with made-up rows."""
    sigma2_b, sigma2_e = theta
    q = Z.shape[1]
    rows = np.vstack([Z, np.sqrt(sigma2_e / sigma2_b) * np.eye(q)])
    values = np.concatenate([r, np.zeros(q)])
    return np.linalg.lstsq(rows, values, rcond=None)[0]


def penalised(penalty):
    """Least squares with another penalty."""

    def solve(r, Z, theta):
        return np.linalg.solve(Z.T @ Z + penalty(*theta) * np.eye(Z.shape[1]), Z.T @ r)

    return solve


RIDGE = Function(
    key="4e",
    title="BLUP from ordinary least squares",
    second_round=True,
    prompt=markdown(r"""
        For given $\hat{\boldsymbol\beta}$ and a random intercept, $\hat{\mathbf b}$ is the value
        of $\mathbf b$ at which

        $$\lVert\mathbf r - \mathbf Z\mathbf b\rVert^2 +
        \frac{\sigma_\epsilon^2}{\sigma_b^2}\lVert\mathbf b\rVert^2, \qquad
        \mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta},$$

        is smallest: $\mathbf b$ should follow the data, but every step away from 0 is penalised.
        Up to a constant, this is $-2\sigma_\epsilon^2$ times the logarithm of the chapter's joint
        density, so it is smallest where that density is highest.

        A program that can do nothing but ordinary least squares will find it if you append
        $q$ made-up rows to $\mathbf Z$, one for each woman, and $q$ made-up values to $\mathbf r$.

        Complete `blup_by_ols(r, Z, theta)`, which returns $\hat{\mathbf b}$: what belongs in the
        made-up rows, and what in the made-up values?
        """),
    hints=(
        "Least squares adds up the squares of all rows. The made-up row of woman j must add "
        "(σ_ε²/σ_b²) b_j² to that sum.",
        "A row with c in column j, 0 elsewhere, and the value 0 adds (0 − c b_j)² to the sum. So "
        "what must c be?",
        "Put the rows c · `np.eye(q)` below Z with `np.vstack`, and q zeros behind r with "
        "`np.concatenate`. The answer is `np.linalg.lstsq(rows, values, rcond=None)[0]`.",
    ),
    solution=markdown(r"""
        A row with $c$ in column $j$ and the value 0 adds $c^2b_j^2$ to the sum of squares.
        It has to add $(\sigma_\epsilon^2/\sigma_b^2)\,b_j^2$, so $c = \sigma_\epsilon/\sigma_b$.

        In other words, shrinkage does what a few made-up observations of 0 would do, and they get
        more weight the smaller $\sigma_b^2$ is.
        Setting the derivative of the sum to zero gives
        $(\mathbf Z^{\mathsf T}\mathbf Z + \tfrac{\sigma_\epsilon^2}{\sigma_b^2}\mathbf I)\,
        \hat{\mathbf b} = \mathbf Z^{\mathsf T}\mathbf r$,
        which is the lecture's system multiplied by $\sigma_\epsilon^2$.
        """),
    code=source(blup_by_ols),
    right="One invented measurement of 0 for each woman does the work of the random effects' "
    "distribution. Least squares with such a penalty is known as ridge regression.",
    name="blup_by_ols",
    stub=markdown('''
        def blup_by_ols(r, Z, theta):
            """Random effects from ordinary least squares with made-up rows."""
            sigma2_b, sigma2_e = theta
            q = Z.shape[1]
            rows = ...  # Z, and the made-up rows below it
            values = ...  # r, and the made-up values behind it
            return ...
        '''),
    reference=blup_by_ols,
    cases=lambda study: [
        (study.y - study.y.mean(), study.Z, np.array([1.5, 0.3])),
        (study.cut.y - study.cut.means.mean(), study.cut.Z, np.array([0.7, 0.5])),
        (study.cut.y - study.cut.y.mean(), study.cut.Z, np.array([0.05, 0.4])),
        (
            np.array([1.0, -2.0, 0.5, 3.0]),
            np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
            np.array([3.0, 2.0]),
        ),
    ],
    wrong=(
        Wrong(
            "no_root",
            penalised(lambda sigma2_b, sigma2_e: (sigma2_e / sigma2_b) ** 2),
            "The method squares whatever is in the rows, and here the rows contain the factor "
            "of the penalty itself, so it is squared once too often.",
        ),
        Wrong(
            "upside_down",
            penalised(lambda sigma2_b, sigma2_e: sigma2_b / sigma2_e),
            "The penalty is upside down: if women differ widely, a b far from 0 should add little.",
        ),
        Wrong(
            "forgot_shrink",
            penalised(lambda sigma2_b, sigma2_e: 0.0),
            "Those are the raw deviations of the means, so the made-up rows have no effect, "
            "although they should penalise every step away from 0.",
        ),
        Wrong(
            "one_for_all",
            penalised(lambda sigma2_b, sigma2_e: 1.0),
            "These made-up rows count as much as a measurement, whatever the variances are, but "
            "their weight has to depend on θ.",
        ),
    ),
)


EXERCISES = (WOMAN_4, LEVELS, WHERE_TO, SPREAD, RIDGE)
